// Saving checkpoints, in PyTorch's two formats and in safetensors. What tensors and containers become is here; the formats
// are in torchFile.ts and safetensors.ts. Whatever is written here can be read again; what could not is refused by its path.
import { isPlainObject, type Arguments } from '../base/arguments';
import { ANYTHING, kind, oneOf } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { describe } from '../base/errorText';
import { KindError, ValueError } from '../base/errors';
import type { Storage } from '../core/storage';
import { Parameter, Tensor } from '../core/tensor';
import type { Bytes } from './bytes';
import { fileDType } from './fileDtypes';
import { PickledTensor, PickledTuple, type Pickled } from './pickle';
import { MAX_DEPTH, METADATA, hideMetadata } from './pickled';
import { encode, type Metadata, type TensorBytes } from './safetensors';
import { writeTorchLegacy, writeTorchZip } from './torchFile';

/** A format of files: torch.save's, torch.save's before PyTorch 1.6, or safetensors. */
export type Format = 'torch' | 'legacy' | 'safetensors';

/** How a checkpoint is written. */
export interface SaveOptions {
  /** 'torch' by default. */
  format?: Format;
  /** Text that safetensors keep with the tensors. */
  metadata?: Metadata;
}
/** The value and the metadata are looked into below. */
const CHECKPOINT = { ...kind<unknown>('a checkpoint', () => true), takesObject: true };
const TAKES = signature('save', [
  argument('value', CHECKPOINT), argument('format', oneOf('torch', 'legacy', 'safetensors'), 'torch'),
  argument('metadata', ANYTHING, undefined),
]); // prettier-ignore

/** What can be saved: tensors, plain values, and arrays, plain objects, Maps and Sets of these. */
export type Checkpoint = unknown;

/**
 * The bytes of a file that torch.load, or safetensors, can read. Values are those at the call: changes that are queued
 * later, such as further training steps, do not show. Tensors that share memory share it in the file.
 *
 * Plain objects become dicts, arrays lists. Names of an object that are all whole numbers become numbers, as in the
 * state of optimizers, unless its values are tensors; a Map keeps its keys as they are.
 * @example download('net.pt', await save({ epoch, model: net.stateDict(), optimizer: optimizer.stateDict() }))
 * @throws TypeError for what a checkpoint cannot hold, with the path to it, and for metadata that is no text
 * @throws RangeError for another format, containers that are too deep, numbers that are too long
 * @throws FaultError if an operation that a value depends on met bad data
 * @see torch.save
 */
export async function save(
  value: Checkpoint,
  ...args: Arguments<[], [format?: Format, metadata?: Metadata], SaveOptions>
): Promise<ArrayBuffer> {
  const { format, metadata } = TAKES.takeRest([value], args);
  checkMetadata(format, metadata);
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

/** @throws TypeError unless it is text by name, for a format that keeps it */
function checkMetadata(format: Format, metadata: unknown): asserts metadata is Metadata | undefined {
  if (metadata === undefined) return;
  if (format !== 'safetensors') {
    throw new KindError('save', `metadata is kept by the format 'safetensors' alone, got it for '${format}'. Put it into the checkpoint.`); // prettier-ignore
  }
  if (!isPlainObject(metadata)) {
    throw new KindError('save', `metadata must be an object of text, got ${describe(metadata)}.`);
  }
  for (const [name, text] of Object.entries(metadata)) {
    if (typeof text !== 'string') {
      throw new KindError('save', `metadata must be text, got ${describe(text)} for '${name}'. Write it as text.`);
    }
    checkText(`metadata.${name}`, name);
    checkText(`metadata.${name}`, text);
  }
}

/** @throws RangeError for half a surrogate pair, which no file can hold */
function checkText(path: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new ValueError('save', `text must be well-formed Unicode, got half a surrogate pair at ${clip(path)}.`);
  }
}

async function saveSafetensors(value: Checkpoint, metadata?: Metadata): Promise<ArrayBuffer> {
  const entries = isPlainObject(value) ? Object.entries(value) : [];
  if (!isPlainObject(value) || !entries.every(([, tensor]) => tensor instanceof Tensor)) {
    throw new KindError('save', "safetensors hold an object of tensors, got other values. Use format 'torch'.");
  }
  for (const [name] of entries) checkText(`value.${name}`, name);
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

/** The longest integer that is read back, in bits with its sign. */
const MAX_INTEGER_BITS = 512n;
/** The most dimensions that are read back. */
const MAX_DIMENSIONS = 64;

/**
 * Calls `visit` with every tensor in a value.
 * @throws TypeError for what cannot be saved, RangeError for what could not be read again
 */
function collect(value: unknown, visit: (tensor: Tensor) => void, path = 'value', depth = 0, seen = new Set()): void {
  if (value === null || typeof value !== 'object') return checkPlain(value, path);
  if (seen.has(value) || value instanceof Uint8Array) return;
  seen.add(value);
  if (depth > MAX_DEPTH) {
    throw new ValueError('save', `containers must be at most ${MAX_DEPTH} deep, got more at ${clip(path)}.`);
  }
  if (value instanceof Tensor) {
    if (value.ndim > MAX_DIMENSIONS) {
      throw new ValueError('save', `a tensor must have at most ${MAX_DIMENSIONS} dimensions, got ${value.ndim} at ${clip(path)}.`); // prettier-ignore
    }
    return visit(value);
  }
  const inside = (item: unknown, name: string): void => collect(item, visit, `${path}.${name}`, depth + 1, seen); // prettier-ignore
  if (value instanceof Map || value instanceof Set) {
    const keys = new Set<unknown>();
    for (const key of value.keys()) {
      const same = checkKey(key, path);
      if (keys.has(same)) {
        throw new ValueError('save', `keys must differ in Python too, got two that are ${clip(String(same))} at ${clip(path)}.`); // prettier-ignore
      }
      keys.add(same);
      inside(key, 'key');
      if (value instanceof Map) inside(value.get(key), clip(keyText(key)));
    }
    return;
  }
  if (!Array.isArray(value) && !isPlainObject(value)) throw unsaved(path, value);
  for (const [name, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    if (typeof name === 'string') checkText(path, name);
    inside(item, String(name));
  }
  const versions = Object.getOwnPropertyDescriptor(value, METADATA);
  if (versions?.enumerable === false) inside(versions.value, METADATA);
}

/** @throws for a value that is no container and cannot be saved */
function checkPlain(value: unknown, path: string): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw unsaved(path, value);
  if (typeof value === 'string') checkText(path, value);
  if (typeof value === 'bigint' && BigInt.asIntN(Number(MAX_INTEGER_BITS), value) !== value) {
    throw new ValueError('save', `integers must have at most ${MAX_INTEGER_BITS} bits, got more at ${clip(path)}.`);
  }
}

const keyText = (key: unknown): string => (typeof key === 'string' || typeof key === 'number' ? String(key) : 'key');

/** What is the same for keys that are one in Python: 1, 1n and true. @throws TypeError for what cannot be a key there */
function checkKey(key: unknown, path: string): unknown {
  if (key === null || key === undefined) return 'None';
  if (typeof key === 'boolean' || typeof key === 'bigint') return `number ${BigInt(key)}`;
  if (typeof key === 'number') return `number ${Number.isInteger(key) ? BigInt(key) : key}`;
  if (typeof key === 'string') return `text '${key}'`;
  if (Array.isArray(key)) for (const item of key as unknown[]) checkKey(item, path);
  else if (!(key instanceof Tensor || key instanceof Uint8Array)) {
    throw new KindError(
      'save',
      `keys and items of Sets must be text, numbers, booleans, null, tensors or arrays of them, ` +
        `got ${describe(key)} at ${clip(path)}.`,
    );
  }
  return key;
}

/** A path or a key for a message, which has an end. */
const clip = (text: string): string => (text.length <= 120 ? text : `${text.slice(0, 60)}…${text.slice(-50)}`);

function unsaved(path: string, value: unknown): TypeError {
  const kind = typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
  const isModule = typeof value === 'function' && 'stateDict' in value;
  return new KindError(
    'save',
    `a checkpoint holds tensors, numbers, text, booleans, null, and arrays, plain objects, Maps and Sets of them, ` +
      `got a ${kind} at ${clip(path)}.${isModule ? ' Save its stateDict() instead.' : ''}`,
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
    // Keys that are arrays are tuples in Python, where lists cannot be keys.
    const convertKey = (key: unknown): Pickled =>
      Array.isArray(key) ? new PickledTuple((key as unknown[]).map(convertKey)) : convert(key);
    if (x instanceof Set) return note(new Set([...(x as Set<unknown>)].map(convertKey)));
    if (x instanceof Map) {
      const map = note(new Map<Pickled, Pickled>());
      for (const [key, item] of x as Map<unknown, unknown>) map.set(convertKey(key), convert(item));
      return map;
    }
    const object = note(Object.create(null) as Record<string, Pickled>);
    for (const [key, item] of Object.entries(x)) object[key] = convert(item);
    const versions = Object.getOwnPropertyDescriptor(x, METADATA);
    if (versions?.enumerable === false) hideMetadata(object, convert(versions.value));
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
