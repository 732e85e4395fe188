// What a pickle is read into: Python's values that JavaScript does not have, and the list of all that a pickle may
// name. Nothing on it runs code of the file; what is not on it is refused by name.
import { DTypeError, LoadError } from '../base/errors';
import { formatShape } from '../base/shape';
import { BY_NAME, BY_STORAGE, type FileDType } from './fileDtypes';
import { Foreign } from './foreign';

/** Containers in containers, of what is read and of what is written; more would overflow the stack. */
export const MAX_DEPTH = 500;

/** Where PyTorch keeps the versions of modules with a state dict. */
export const METADATA = '_metadata';

/** Puts versions with a state dict, out of sight of what lists its entries. */
export function hideMetadata(object: object, versions: unknown): void {
  Object.defineProperty(object, METADATA, { value: versions, configurable: true, writable: true, enumerable: false });
}

/** A tuple, as opposed to a list, which is an array. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A dict of any kind; `attributes` are those of an OrderedDict, such as `_metadata`. */
export class Dict {
  readonly entries = new Map<unknown, unknown>();
  attributes: Dict | null = null;
}

/** Elements that tensors view, by the key under which the file keeps them. */
export interface StorageRecord {
  readonly key: string;
  readonly dtype: FileDType;
  readonly numel: number;
  /** Where it was when it was saved: 'cpu', 'cuda:0'. */
  readonly location: string;
}

/** A storage as a pickle refers to it: a record, or from `offset` on a part of one. */
export class StorageReference {
  constructor(
    readonly record: StorageRecord,
    readonly offset: number,
    readonly numel: number,
  ) {}
}

/** A tensor whose layout has been checked against its storage. */
export class TensorLayout {
  constructor(
    readonly record: StorageRecord,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly requiresGrad: boolean,
    readonly isParameter = false,
  ) {}
}

/** Something that a pickle names: a value, or what makes one. */
export class Global {
  constructor(
    readonly name: string,
    /** What calling it gives; absent if it is never called. */
    readonly call?: (args: readonly unknown[]) => unknown,
    /** What stands for it as a value. */
    readonly value: unknown = null,
  ) {}
}

const STORAGE = /^torch(?:\.storage)?\.(\w+)Storage$/;

/** The element type of storages of a class. */
export function storageDType(owner: Global): FileDType | null {
  const kind = STORAGE.exec(owner.name)?.[1] ?? '';
  return kind === 'Untyped' ? (BY_NAME.get('uint8') ?? null) : (BY_STORAGE.get(kind) ?? null);
}

/** What tensors and containers are made of. */
export const GLOBALS = new Map<string, Global>();
const allow = (name: string, call?: (args: readonly unknown[]) => unknown, value?: unknown): void => {
  GLOBALS.set(name, new Global(name, call, value));
};

const COMPLEX = /^torch(\.storage)?\.Complex(Float|Double)Storage$|^torch\.complex/;

/** Why a name is not taken, or what it made. `isModule` tells of one of the user's own. */
export function refusal(path: string, isModule = path.startsWith('torch.nn.modules')): LoadError | DTypeError {
  if (COMPLEX.test(path)) {
    return new DTypeError('load', `kindling holds no complex numbers, got ${path}.`, { dtype: path });
  }
  const hint = isModule
    ? ' Save the state_dict() of the module instead. In Python: torch.save(model.state_dict(), path).'
    : '';
  return new LoadError(
    'load',
    `a checkpoint may only name what tensors and containers are made of, got ${path}. ` + `Nothing was called.${hint}`,
    { name: path },
  );
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The items of a tuple or list of sizes of `owner`. */
export function sizesOf(owner: string, what: string, value: unknown): readonly number[] {
  const items = value instanceof Tuple ? value.items : value;
  if (!Array.isArray(items) || !items.every(isSize) || items.length > 64) {
    throw new LoadError('load', `${owner}'s ${what} must be whole numbers of at least 0, got ${preview(items)}.`);
  }
  return items;
}

/** A value in a message; never what is in a container, which may hold itself. */
const describe = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value;
const preview = (value: unknown): string =>
  Array.isArray(value) ? `[${value.slice(0, 8).map(describe).join(', ')}]` : describe(value);

/** _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, ...): a tensor, if it lies within its storage. */
function rebuildTensor([storage, offset, size, stride, requiresGrad]: readonly unknown[]): TensorLayout | Foreign {
  if (storage instanceof Foreign) return new Foreign(storage.type, [size, stride]);
  if (!(storage instanceof StorageReference)) throw new LoadError('load', 'a tensor must have a storage, got none.');
  const [shape, strides] = [sizesOf('a tensor', 'size', size), sizesOf('a tensor', 'stride', stride)];
  if (!isSize(offset)) throw new LoadError('load', `a tensor's offset must be at least 0, got ${describe(offset)}.`);
  if (shape.length !== strides.length) {
    throw new LoadError('load', `a tensor needs a stride per dimension, got ${shape.length} and ${strides.length}.`);
  }
  const count = shape.reduce((product, n) => product * n, 1);
  const last = shape.reduce((sum, n, d) => sum + (n - 1) * strides[d], offset);
  if (count > Number.MAX_SAFE_INTEGER || (count > 0 ? last >= storage.numel : offset > storage.numel)) {
    throw new LoadError(
      'load',
      `a tensor of shape ${formatShape(shape)} must lie within its storage of ${storage.numel} elements, ` +
        `got strides ${formatShape(strides)} from ${offset}.`,
    );
  }
  return new TensorLayout(storage.record, storage.offset + offset, shape, strides, requiresGrad === true);
}

function rebuildParameter([data, requiresGrad]: readonly unknown[]): TensorLayout | Foreign {
  if (data instanceof Foreign) return data;
  if (!(data instanceof TensorLayout)) throw new LoadError('load', 'a parameter must have a tensor, got none.');
  const { record, offset, shape, strides } = data;
  return new TensorLayout(record, offset, shape, strides, requiresGrad !== false, true);
}

/** A dict of another dict or of pairs; classes of dicts that are made empty take what else they are given as no items. */
function makeDict([source]: readonly unknown[]): Dict {
  const dict = new Dict();
  if (source instanceof Dict) for (const [key, value] of source.entries) dict.entries.set(key, value);
  const pairs = source instanceof Tuple ? source.items : source;
  if (Array.isArray(pairs)) {
    for (const pair of pairs as unknown[]) {
      const items = pair instanceof Tuple ? pair.items : pair;
      if (!Array.isArray(items) || items.length !== 2) throw new LoadError('load', 'a dict must be made of pairs.');
      dict.entries.set(items[0], items[1]);
    }
  }
  return dict;
}

const listOf = ([items = []]: readonly unknown[]): unknown[] => {
  const list = items instanceof Tuple ? items.items : items;
  if (!Array.isArray(list)) throw new LoadError('load', `a collection must be made of a list, got ${typeof list}.`);
  return list as unknown[];
};

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new LoadError('load', `the pickle must have text here, got ${typeof value}.`);
  return value;
}

allow('collections.OrderedDict', makeDict);
allow('collections.Counter', makeDict);
allow('collections.defaultdict', () => new Dict());
allow('collections.deque', (args) => [...listOf(args)]);
for (const module of ['builtins', '__builtin__']) {
  allow(`${module}.dict`, makeDict);
  allow(`${module}.list`, (args) => [...listOf(args)]);
  allow(`${module}.tuple`, (args) => new Tuple(listOf(args)));
  allow(`${module}.set`, (args) => new Set(listOf(args)));
  allow(`${module}.frozenset`, (args) => new Set(listOf(args)));
  for (const type of ['int', 'float', 'bool', 'str', 'bytes']) allow(`${module}.${type}`);
}
allow('_codecs.encode', ([text]) => Uint8Array.from(textOf(text), (character) => character.charCodeAt(0)));
allow('torch.Size', (args) => new Tuple(listOf(args)));
allow('torch.device', ([type, index]) => textOf(type) + (typeof index === 'number' ? `:${index}` : ''));
allow('torch._utils._rebuild_tensor', rebuildTensor);
allow('torch._utils._rebuild_tensor_v2', rebuildTensor);
allow('torch._utils._rebuild_parameter', rebuildParameter);
allow('torch._utils._rebuild_parameter_with_state', rebuildParameter);
allow('torch.nn.parameter.Parameter', ([data, requiresGrad]) => rebuildParameter([data, requiresGrad]));
for (const type of ['torch.Tensor', 'torch._tensor.Tensor', 'torch.nn.parameter.Buffer']) allow(type);
// Tensors with attributes of their own: (function, class, arguments, state). The attributes are dropped.
allow('torch._tensor._rebuild_from_type_v2', ([rebuild, , args]) => {
  if (!(rebuild instanceof Global) || rebuild.call === undefined || !(args instanceof Tuple)) {
    throw new LoadError('load', 'a tensor with attributes must say how it is made.');
  }
  return rebuild.call(args.items);
});
for (const [name] of BY_NAME) allow(`torch.${name}`, undefined, name);
for (const kind of [...BY_STORAGE.keys(), 'Untyped']) {
  allow(`torch.${kind}Storage`);
  allow(`torch.storage.${kind}Storage`);
}
