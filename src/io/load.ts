// Loading checkpoints: PyTorch's two formats and safetensors, told apart by their bytes. What the formats hold becomes
// tensors and JavaScript's containers here.
import { LoadError } from '../base/errors';
import { Pauses } from '../core/pace';
import { unscoped } from '../core/scope';
import { Parameter, Tensor } from '../core/tensor';
import { uploaded, uploadedInParts } from '../ops/shape/creation';
import type { StateDict } from '../nn/module/stateDict';
import { clipped, type Bytes } from './bytes';
import { elementsOf, type FileDType } from './fileDtypes';
import { Foreign } from './foreign';
import { loadOptions, type Located, type LoadArguments } from './loadOptions';
import { isModule, notTensors } from './names';
import { NumpyArray, NumpyDType } from './numpy';
import { hasIntegerKeys } from './pickle';
import {
  Dict,
  Global,
  hideMetadata,
  MAX_DEPTH,
  METADATA,
  StorageReference,
  TensorLayout,
  Tuple,
  type StorageRecord,
} from './pickled';
import { decode, type Metadata } from './safetensors';
import { sniff } from './sniff';
import { addressOf, readBytes, type LoadSource, type ReadOptions } from './source';
import { withinTime } from './time';
import { readTorchLegacy, readTorchZip, type TorchFile } from './torchFile';

/**
 * What a file holds: for a saved state dict its tensors by name, in an object without prototype. The format is told from
 * the bytes. Nothing in a file is executed: a pickle may name what tensors and containers are made of, and nothing else.
 *
 * What has no counterpart here, such as an `argparse.Namespace`, is a `Foreign`; numbers and arrays of NumPy are numbers and
 * tensors. With `weightsOnly` the file is refused instead.
 *
 * Dicts become plain objects, or Maps where their keys are not texts; lists and tuples arrays; integers beyond 2^53
 * bigints. Dicts of whole numbers whose values are no tensors are objects too, so that `checkpoint.optimizer.state[0]`
 * reads as in PyTorch. Tensors that share memory in the file share it here.
 * @example net.loadStateDict(await load('net.pt', { onProgress: (loaded) => bar.value = loaded }))
 * @example const { model, epoch } = await load<{ model: nn.StateDict; epoch: number }>(file)
 * @throws LoadError if the address cannot be read, the file is not sound, or wants what is not allowed: it says which
 * @throws DTypeError for a file that is a complex tensor
 * @see torch.load
 */
// The caller knows what is in the file; without saying so it is a state dict.
export async function load<T = StateDict>(source: LoadSource, ...args: LoadArguments): Promise<T> {
  const { located, weightsOnly, ...reading } = loadOptions('load', args);
  return reader('load', source, reading, async (file, signal) => {
    const format = sniff(file, addressOf(source));
    const uploads = new Uploads(located, signal);
    if (format === 'safetensors') return (await fromSafetensors(file, uploads)) as T;
    const torch = format === 'zip' ? await readTorchZip(file, weightsOnly) : readTorchLegacy(file, weightsOnly);
    return (await fromTorch(torch, uploads)) as T;
  });
}

/** The metadata of a safetensors file, such as { format: 'pt' }. @throws LoadError for a file of another format */
export async function loadMetadata(source: LoadSource, ...args: LoadArguments): Promise<Metadata> {
  const reading = loadOptions('loadMetadata', args);
  return reader('loadMetadata', source, reading, (file) => {
    const format = sniff(file, addressOf(source));
    if (format === 'safetensors') return decode(file).metadata;
    throw new LoadError('loadMetadata', `only safetensors have metadata, got a file of torch.save.`);
  });
}

/** What `use` makes of the bytes of a source, within the time that there is; messages have an end. */
async function reader<T>(
  op: string,
  source: LoadSource,
  { onProgress, signal, timeout }: ReadOptions,
  use: (file: Bytes, signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  try {
    return await withinTime(`${op}: ${addressOf(source)}`, { signal, timeout }, async (ending) =>
      use(await readBytes(op, source, onProgress, ending), ending),
    );
  } catch (error) {
    throw clipped(error);
  }
}

/** Where files are from that do not say. */
const ON_CPU = { location: 'cpu' };

/** Puts what a file holds on the device, piece by piece. */
class Uploads {
  private readonly pauses = new Pauses();

  constructor(
    private readonly located: Located,
    private readonly signal: AbortSignal,
  ) {}

  /** The tensor of these bytes of a file; `from` says where it was. @throws the signal's reason, if it was given up */
  tensor(dtype: FileDType, shape: readonly number[], bytes: Bytes, from: { location: string }): Promise<Tensor> {
    const part = (begin: number, end: number): Bytes => {
      // Nothing is put on the device for one who has left.
      this.signal.throwIfAborted();
      return elementsOf(dtype, bytes.subarray(begin, end));
    };
    return uploadedInParts(this.located(from), shape, dtype.name, part, this.pauses);
  }

  /** The same for an array among the values of a pickle, which is small: at once. */
  array(dtype: FileDType, shape: readonly number[], bytes: Bytes): Tensor {
    return uploaded(this.located(ON_CPU), shape, dtype.name, () => elementsOf(dtype, bytes));
  }
}

async function fromSafetensors(file: Bytes, uploads: Uploads): Promise<StateDict> {
  const { tensors } = decode(file);
  const stateDict = Object.create(null) as Record<string, Tensor | Foreign>;
  for (const [name, value] of tensors) {
    stateDict[name] =
      value instanceof Foreign ? value : await uploads.tensor(value.dtype, value.shape, value.bytes, ON_CPU);
  }
  // What kindling does not hold is found by whoever looks for a tensor in its place.
  return stateDict as StateDict;
}

/** The values of a pickle as JavaScript has them, tensors on the device. */
async function fromTorch({ root, storages }: TorchFile, uploads: Uploads): Promise<unknown> {
  if (root instanceof Foreign) throw notTensors(root, isModule(root, hasKey));
  if (root instanceof Global && root.value === null) throw notTensors(new Foreign(root.name), false);
  const bases = new Map<StorageRecord, Tensor>();
  for (const [record, bytes] of storages) {
    bases.set(record, await uploads.tensor(record.dtype, [record.numel], bytes, record));
  }
  const known = new Map<unknown, unknown>();

  const tensor = ({ record, offset, shape, strides, requiresGrad, isParameter }: TensorLayout): Tensor => {
    const base = bases.get(record);
    if (base === undefined) throw new Error(`internal: storage '${record.key}' was not read`);
    const { storage, dtype } = base;
    const view = new Tensor(storage, dtype, shape, strides, offset);
    return isParameter ? new Parameter(view, requiresGrad) : view.requiresGrad_(requiresGrad);
  };
  const array = ({ foreign: instead, dtype, shape, bytes, isColumnMajor }: NumpyArray): Tensor | Foreign => {
    if (instead !== null || dtype === null) return instead ?? new Foreign('numpy.ndarray');
    const made = uploads.array(dtype, isColumnMajor ? [...shape].reverse() : shape, bytes);
    return isColumnMajor ? made.permute(shape.map((_, d) => shape.length - 1 - d)) : made;
  };
  const convert = (x: unknown, depth: number): unknown => {
    // A class or a function by itself.
    if (x instanceof Global) return x.value ?? new Foreign(x.name);
    if (x instanceof NumpyDType) return new Foreign('numpy.dtype', [x.code]);
    if (x instanceof StorageReference) return new Foreign('torch.storage', [x.record.dtype.name, x.numel]);
    if (x === null || typeof x !== 'object' || x instanceof Uint8Array) return x;
    if (known.has(x)) return known.get(x);
    if (depth > MAX_DEPTH) throw new LoadError('load', `containers must be at most ${MAX_DEPTH} deep, got more.`);
    const note = <T>(made: T): T => {
      known.set(x, made);
      return made;
    };
    const all = (items: Iterable<unknown>): unknown[] => [...items].map((item) => convert(item, depth + 1));
    if (x instanceof TensorLayout) return note(tensor(x));
    if (x instanceof NumpyArray) return note(array(x));
    if (x instanceof Foreign) return foreign(x, note, (item) => convert(item, depth + 1));
    if (x instanceof Dict) return dict(x, note, (item) => convert(item, depth + 1));
    if (x instanceof Set) return note(new Set(all(x as Set<unknown>)));
    const items = x instanceof Tuple ? x.items : x;
    if (!Array.isArray(items)) throw new LoadError('load', 'a checkpoint must hold tensors, got something else.');
    const list = note<unknown[]>([]);
    for (const item of items as unknown[]) list.push(convert(item, depth + 1));
    return list;
  };
  return unscoped(() => convert(root, 0));
}

const hasKey = (state: unknown, name: string): boolean => state instanceof Dict && state.entries.has(name);

/** A stand-in, what it is made of read too. */
function foreign(from: Foreign, note: <T>(made: T) => T, convert: (item: unknown) => unknown): Foreign {
  const made = note(new Foreign(from.type));
  made.args = from.args.map(convert);
  made.items = from.items.map(convert);
  made.entries = from.entries.map(([key, value]) => [convert(key), convert(value)]);
  made.state = convert(from.state);
  return made;
}

const nameOf = (key: unknown): string => (typeof key === 'string' || typeof key === 'number' ? String(key) : '');

/** A plain object where it says all that the dict says and `save` would write the same dict again, else a Map. */
function dict(
  { entries, attributes }: Dict,
  note: <T>(made: T) => T,
  convert: (item: unknown) => unknown,
): Map<unknown, unknown> | Record<string, unknown> {
  const keys = [...entries.keys()];
  const named = [...entries].map(([key, item]): [string, unknown] => [nameOf(key), item]);
  const texts = keys.every((key) => typeof key === 'string');
  const ascending = keys.every((key, i) => typeof key === 'number' && (i === 0 || key > Number(keys[i - 1])));
  const asNumbers = hasIntegerKeys(named) && ![...entries.values()].some((item) => item instanceof TensorLayout);
  if (!(texts && !asNumbers) && !(ascending && asNumbers) && keys.length > 0) {
    const map = note(new Map<unknown, unknown>());
    for (const [key, item] of entries) map.set(convert(key), convert(item));
    return map;
  }
  const object = note(Object.create(null) as Record<string, unknown>);
  for (const [key, item] of named) object[key] = convert(item);
  const versions = attributes?.entries.get(METADATA);
  if (versions instanceof Dict) hideMetadata(object, convert(versions));
  return object;
}
