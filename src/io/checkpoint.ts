// Saving and loading checkpoints: PyTorch's two formats and safetensors, told apart by their first bytes. What tensors
// and containers become is here; the formats are in torchFile.ts and safetensors.ts.
import { LoadError } from '../base/errors';
import { isPlainObject } from '../base/arguments';
import { unscoped, type Storage } from '../core/storage';
import { uploaded } from '../ops/shape/creation';
import type { StateDict } from '../nn/module/stateDict';
import { Parameter, Tensor } from '../core/tensor';
import type { Bytes } from './bytes';
import { elementsOf, fileDType, type FileDType } from './fileDtypes';
import { hasIntegerKeys, PickledTensor, type Pickled } from './pickle';
import { Dict, Global, TensorLayout, Tuple, type StorageRecord } from './pickled';
import { decode, encode, type Metadata, type TensorBytes } from './safetensors';
import { readBytes, type LoadSource, type ReadOptions } from './source';
import { readTorchLegacy, readTorchZip, writeTorchLegacy, writeTorchZip, type TorchFile } from './torchFile';
import { isZip } from './zip';

/** A format of files: torch.save's, torch.save's before PyTorch 1.6, or safetensors. */
export type Format = 'torch' | 'legacy' | 'safetensors';

export interface SaveOptions {
  /** 'torch' by default. */
  format?: Format;
  /** Text that safetensors keep with the tensors. */
  metadata?: Metadata;
}

export interface LoadOptions extends ReadOptions {
  /** Where the tensors are put; by default the device that `init` chose. */
  device?: DeviceName;
}

/** Where tensors are put. */
type DeviceName = Tensor['device'];

/** What can be saved: tensors, plain values, and arrays, plain objects, Maps and Sets of these. */
export type Checkpoint = unknown;

// ---- saving -----------------------------------------------------------------------------------

/**
 * The bytes of a file that torch.load, or safetensors, can read. Values are those at the call: changes that are queued
 * later, such as further training steps, do not show. Tensors that share memory share it in the file.
 *
 * Plain objects become dicts, arrays lists. Names of an object that are all whole numbers become numbers, as in the
 * state of optimizers, unless its values are tensors; a Map keeps its keys as they are.
 * @example download('net.pt', await save({ epoch, model: net.stateDict(), optimizer: optimizer.stateDict() }))
 * @throws TypeError for what a checkpoint cannot hold, with the path to it
 * @throws FaultError if an operation that a value depends on met bad data
 * @see torch.save
 */
export async function save(value: Checkpoint, { format = 'torch', metadata }: SaveOptions = {}): Promise<ArrayBuffer> {
  if (format === 'safetensors') return saveSafetensors(value, metadata);
  const places = new Map<Storage, Place>();
  collect(value, (tensor) => notePlace(places, tensor));
  // All reads are queued before the first await.
  const reads = [...places.values()].map(readPlace);
  const pickled = toPickled(value, places);
  const storages = await Promise.all(reads);
  if (format === 'torch') return writeTorchZip(pickled, storages);
  return writeTorchLegacy(
    pickled,
    storages,
    [...places.values()].map(({ begin, end }) => end - begin),
  );
}

async function saveSafetensors(value: Checkpoint, metadata?: Metadata): Promise<ArrayBuffer> {
  const entries = isPlainObject(value) ? Object.entries(value) : [];
  if (!isPlainObject(value) || !entries.every(([, tensor]) => tensor instanceof Tensor)) {
    throw new TypeError("save: safetensors hold an object of tensors, got other values. Use format 'torch'.");
  }
  const reads = (entries as [string, Tensor][]).map(async ([name, tensor]): Promise<[string, TensorBytes]> => {
    const { dtype, shape } = tensor;
    return [name, { dtype: fileDType(dtype), shape, bytes: new Uint8Array(await tensor.bytes()) }];
  });
  return encode(new Map(await Promise.all(reads)), metadata);
}

/** The elements of a storage that are saved: those between the first and the last that a saved tensor sees. */
interface Place {
  readonly index: number;
  readonly tensor: Tensor;
  begin: number;
  end: number;
}

function notePlace(places: Map<Storage, Place>, tensor: Tensor): void {
  const { storage, offset, shape, strides } = tensor;
  const last = shape.reduce((sum, size, d) => sum + (size - 1) * strides[d], offset);
  const end = tensor.numel() === 0 ? offset : last + 1;
  const place = places.get(storage);
  if (place === undefined) {
    places.set(storage, { index: places.size, tensor, begin: offset, end });
  } else {
    place.begin = Math.min(place.begin, offset);
    place.end = Math.max(place.end, end);
  }
}

async function readPlace({ tensor, begin, end }: Place): Promise<Bytes> {
  return new Uint8Array(await new Tensor(tensor.storage, tensor.dtype, [end - begin], [1], begin).bytes());
}

/** Calls `visit` with every tensor in a value. @throws TypeError for what cannot be saved */
function collect(value: unknown, visit: (tensor: Tensor) => void, path = 'value', seen = new Set()): void {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'function' || typeof value === 'symbol') throw unsaved(path, value);
    return;
  }
  if (seen.has(value)) return;
  seen.add(value);
  if (value instanceof Tensor) return visit(value);
  if (value instanceof Uint8Array) return;
  if (!Array.isArray(value) && !(value instanceof Map) && !(value instanceof Set) && !isPlainObject(value)) {
    throw unsaved(path, value);
  }
  for (const [key, item] of value instanceof Set ? [...value].entries() : entriesOf(value)) {
    if (value instanceof Map) collect(key, visit, `a key of ${path}`, seen);
    collect(item, visit, `${path}.${String(key)}`, seen);
  }
}

const entriesOf = (value: object): [unknown, unknown][] =>
  value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value);

function unsaved(path: string, value: unknown): TypeError {
  const kind = typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
  const isModule = typeof value === 'function' && 'stateDict' in value;
  return new TypeError(
    `save: a checkpoint holds tensors, numbers, text, booleans, null, and arrays, plain objects, Maps and Sets of them, ` +
      `got a ${kind} at ${path}.${isModule ? ' Save its stateDict() instead.' : ''}`,
  );
}

/** The value with places for tensors. Containers that occur twice stay one. */
function toPickled(value: unknown, places: ReadonlyMap<Storage, Place>): Pickled {
  const known = new Map<unknown, Pickled>();
  const convert = (x: unknown): Pickled => {
    if (x === null || typeof x !== 'object' || x instanceof Uint8Array) return x as Pickled;
    const before = known.get(x);
    if (before !== undefined) return before;
    const note = <T extends Pickled>(made: T): T => {
      known.set(x, made);
      return made;
    };
    if (x instanceof Tensor) return note(pickledTensor(x, places));
    if (Array.isArray(x)) {
      const list = note<Pickled[]>([]);
      for (const item of x as unknown[]) list.push(convert(item));
      return list;
    }
    if (x instanceof Set) return note(new Set([...(x as Set<unknown>)].map(convert)));
    if (x instanceof Map) {
      const map = note(new Map<Pickled, Pickled>());
      for (const [key, item] of x as Map<unknown, unknown>) map.set(convert(key), convert(item));
      return map;
    }
    const object = note(Object.create(null) as Record<string, Pickled>);
    for (const [key, item] of Object.entries(x)) object[key] = convert(item);
    const versions = Object.getOwnPropertyDescriptor(x, METADATA);
    if (versions?.enumerable === false) hide(object, convert(versions.value));
    return object;
  };
  return convert(value);
}

function pickledTensor(tensor: Tensor, places: ReadonlyMap<Storage, Place>): PickledTensor {
  const place = places.get(tensor.storage);
  if (place === undefined) throw new Error('internal: a tensor without a place');
  const { index, begin, end } = place;
  const { dtype, shape, strides, offset, requiresGrad } = tensor;
  const isParameter = tensor instanceof Parameter;
  return new PickledTensor(
    index, fileDType(dtype), end - begin, offset - begin, shape, strides, requiresGrad, isParameter,
  ); // prettier-ignore
}

/** Where PyTorch keeps the versions of modules with a state dict. */
const METADATA = '_metadata';

/** Puts versions with a state dict, out of sight of what lists its entries. */
function hide(object: object, versions: unknown): void {
  Object.defineProperty(object, METADATA, { value: versions, configurable: true, writable: true, enumerable: false });
}

// ---- loading ----------------------------------------------------------------------------------

/**
 * What a file holds: for a saved state dict its tensors by name, in an object without prototype. The format is told from
 * the bytes. Nothing in a file is executed: a pickle may name what tensors and containers are made of, and nothing else.
 *
 * Dicts become plain objects, or Maps where their keys are not texts; lists and tuples arrays; integers beyond 2^53
 * bigints. Dicts of whole numbers whose values are no tensors are objects too, so that `checkpoint.optimizer.state[0]`
 * reads as in PyTorch. Tensors that share memory in the file share it here.
 * @example net.loadStateDict(await load('net.pt', { onProgress: (loaded) => bar.value = loaded }))
 * @example const { model, epoch } = await load<{ model: nn.StateDict; epoch: number }>(file)
 * @throws LoadError if the address cannot be read, the file is not sound, or wants what is not allowed: it says which
 * @throws DTypeError for complex numbers
 * @see torch.load
 */
// The caller knows what is in the file; without saying so it is a state dict.
export async function load<T = StateDict>(source: LoadSource, options: LoadOptions = {}): Promise<T> {
  const file = await readBytes(source, options);
  const { device } = options;
  if (isZip(file)) return fromTorch(await readTorchZip(file), device) as T;
  if (isPickle(file)) return fromTorch(readTorchLegacy(file), device) as T;
  return fromSafetensors(file, device) as T;
}

/** The metadata of a safetensors file, such as { format: 'pt' }. */
export async function loadMetadata(source: LoadSource, options: LoadOptions = {}): Promise<Metadata> {
  return decode(await readBytes(source, options)).metadata;
}

/** Opcodes that a pickle without a protocol begins with: names, marks, containers. */
const FIRST_OPCODES = new Set(Array.from('c(]}iN)', (code) => code.charCodeAt(0)));

/** Whether a file begins like a pickle. Safetensors begin with a number of less than five bytes, then have a brace. */
function isPickle(file: Bytes): boolean {
  if (file.length > 8 && (file[8] === '{'.charCodeAt(0) || file.subarray(4, 8).every((byte) => byte === 0)))
    return false;
  return file[0] === 0x80 || FIRST_OPCODES.has(file[0]);
}

function fromSafetensors(file: Bytes, device: DeviceName | undefined): StateDict {
  const { tensors } = decode(file);
  const stateDict = Object.create(null) as StateDict;
  unscoped(() => {
    for (const [name, { dtype, shape, bytes }] of tensors) stateDict[name] = upload(dtype, shape, bytes, device);
  });
  return stateDict;
}

function upload(
  fileType: FileDType,
  shape: readonly number[],
  fileBytes: Bytes,
  device: DeviceName | undefined,
): Tensor {
  return uploaded(device, shape, fileType.name, elementsOf(fileType, fileBytes));
}

/** Containers in containers; more would overflow the stack. */
const MAX_DEPTH = 500;

/** The values of a pickle as JavaScript has them, tensors on the device. */
function fromTorch({ root, storages }: TorchFile, device: DeviceName | undefined): unknown {
  const bases = new Map<StorageRecord, Tensor>();
  const known = new Map<unknown, unknown>();

  const base = (record: StorageRecord): Tensor => {
    let found = bases.get(record);
    if (found === undefined) {
      found = upload(record.dtype, [record.numel], storages.get(record) ?? new Uint8Array(), device);
      bases.set(record, found);
    }
    return found;
  };
  const tensor = ({ record, offset, shape, strides, requiresGrad, isParameter }: TensorLayout): Tensor => {
    const { storage, dtype } = base(record);
    const view = new Tensor(storage, dtype, shape, strides, offset);
    return isParameter ? new Parameter(view, requiresGrad) : view.requiresGrad_(requiresGrad);
  };
  const convert = (x: unknown, depth: number): unknown => {
    if (x instanceof Global) {
      if (x.value === null) throw new LoadError(`load: a checkpoint must hold values, got ${x.name} itself.`);
      return x.value;
    }
    if (x === null || typeof x !== 'object' || x instanceof Uint8Array) return x;
    if (known.has(x)) return known.get(x);
    if (depth > MAX_DEPTH) throw new LoadError(`load: containers must be at most ${MAX_DEPTH} deep, got more.`);
    const note = <T>(made: T): T => {
      known.set(x, made);
      return made;
    };
    const all = (items: Iterable<unknown>): unknown[] => [...items].map((item) => convert(item, depth + 1));
    if (x instanceof TensorLayout) return note(tensor(x));
    if (x instanceof Dict) return dict(x, note, (item) => convert(item, depth + 1));
    if (x instanceof Set) return note(new Set(all(x as Set<unknown>)));
    const items = x instanceof Tuple ? x.items : x;
    if (!Array.isArray(items)) throw new LoadError('load: a checkpoint must hold tensors, got a storage by itself.');
    const list = note<unknown[]>([]);
    for (const item of items as unknown[]) list.push(convert(item, depth + 1));
    return list;
  };
  return unscoped(() => convert(root, 0));
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
  if (versions instanceof Dict) hide(object, convert(versions));
  return object;
}
