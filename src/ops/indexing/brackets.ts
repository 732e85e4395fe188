// Indexing as PyTorch's brackets do it. What x[...] is in Python is here:
//
//   x[0], x[-1]            x.at(0), x.at(-1)             x[1:3], x[::2]       x.at('1:3'), x.at('::2')
//   x[..., 0]              x.at('...', 0)                x[:, None]           x.at(':', null)
//   x[[0, 2]], x[index]    x.at([0, 2]), x.at(index)     x[0:2, index, 1]     x.at('0:2', index, 1)
//   x[mask]                await x.maskedAt(mask)        x[i, j] = v          x.setAt([i, j], v)
//   x[mask] = v            x.setAt(mask, v)              x[1:3] += v          x.at('1:3').add_(v)
//
// Numbers, slices, '...' and null give views, index tensors and arrays copies; both are differentiable.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { FLAG, listOf, kind } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { TENSOR, OPERAND, INPUT } from '../../core/kinds';
import { KindError, DTypeError, ShapeError, ValueError } from '../../base/errors';
import { broadcastShapes, formatShape, numelOf, sameShape, type Shape } from '../../base/shape';
import { checkTensor, Tensor } from '../../core/tensor';
import { describe } from '../../base/errorText';
import { eq, ge, logicalAnd, lt, where } from '../pointwise/compare';
import { sum } from '../reduce/reduce';
import { copy_, numberOf, to } from '../shape/copy';
import { fromArray, zerosLike } from '../shape/creation';
import { checkIndex, fromFront, indexSelect, requireAll } from './gather';
import { nonzero } from './nonzero';
import { expand, permute, reshape, select, slice, unsqueeze, wholeView } from '../shape/view';
import { add, mul } from '../pointwise/arithmetic';
import { maskedScatter, putAt } from './scatter';

/** `start:end` or `start:end:step`, each part a whole number or left out. */
export type SliceText = `${Bound}:${Bound}` | `${Bound}:${Bound}:${Bound}`;
/** A part of a slice, in the forms that templates have: `${-n}` and `-${n}`. */
type Bound = number | `-${number}` | '';
/** An array of indices, nested for more dimensions; or one boolean for each place, saying which are wanted. */
export type IndexList = readonly (number | IndexList)[] | readonly boolean[];
/** One entry of an index. */
export type Index = number | SliceText | '...' | null | boolean | Tensor | IndexList;

const SLICE = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;

/** The tensor of nested arrays of indices; of booleans, one for each of `size` places, those where they are true. */
function indexTensor(list: IndexList, device: Tensor['device'], size = 0): Tensor {
  if (list.length > 0 && list.every((value) => typeof value === 'boolean')) {
    if (list.length !== size) {
      throw new ValueError('at', `there must be one boolean for each of ${size} places, got ${list.length}.`);
    }
    return indexTensor(
      list.flatMap((holds, i) => (holds === true ? [i] : [])),
      device,
    );
  }
  const shape: number[] = [];
  for (let at: unknown = list; Array.isArray(at); at = (at as readonly unknown[])[0]) shape.push(at.length);
  const values = (list as readonly unknown[]).flat(Infinity) as number[];
  if (values.length !== numelOf(shape)) throw new ShapeError('at', 'arrays of indices must have equal lengths.');
  if (!values.every((value) => Number.isInteger(value))) {
    throw new KindError('at', 'an array must hold whole numbers; a mask is made with tensor([true, ...]).');
  }
  return to(fromArray(Int32Array.from(values), shape, { device }), 'int64');
}

/** What may stand between the brackets. */
const isIndex = (value: unknown): value is Index =>
  value === null ||
  typeof value === 'number' ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  value instanceof Tensor ||
  Array.isArray(value);
const isIndexOrList = (value: unknown): boolean => isIndex(value);

/** What an index makes of x: a view, and for each of its dimensions the index tensor that picks from it, if any. */
interface Plan {
  readonly view: Tensor;
  readonly indices: readonly (Tensor | null)[];
}

const isMask = (entry: Index): entry is Tensor => entry instanceof Tensor && entry.dtype === 'bool';

/** How many dimensions of x an entry takes. */
const taken = (entry: Index): number => {
  if (entry === null || entry === '...' || typeof entry === 'boolean') return 0;
  return isMask(entry) ? entry.ndim : 1;
};

function plan(x: Tensor, entries: readonly Index[]): Plan {
  checkTensor('at', x);
  // Not with `every` alone, which passes over holes.
  const wrong = Array.from<unknown>(entries).findIndex((entry) => !isIndex(entry));
  if (wrong >= 0) {
    throw new KindError(
      'at',
      `an index must be a number, 'start:end', '...', null, a boolean, a tensor or an array of numbers, got ${describe(entries[wrong])}.`,
    );
  }
  const total = entries.reduce((n: number, entry) => n + taken(entry), 0);
  if (entries.filter((entry) => entry === '...').length > 1) throw new ValueError('at', "'...' may appear once.");
  if (total > x.ndim) {
    throw new ValueError('at', `too many indices for ${x.ndim} dimensions of ${formatShape(x.shape)}, got ${total}.`);
  }
  const full = entries.includes('...') ? entries : [...entries, '...' as const];
  let view = x;
  let d = 0;
  const indices: (Tensor | null)[] = [];
  for (const entry of full) {
    if (entry === '...') {
      for (let i = 0; i < x.ndim - total; i++, d++) indices.push(null);
    } else if (entry === null) {
      view = unsqueeze(view, d++);
      indices.push(null);
    } else if (typeof entry === 'number') {
      view = select(view, d, entry);
    } else if (typeof entry === 'string') {
      view = sliced(view, d++, entry);
      indices.push(null);
    } else if (typeof entry === 'boolean') {
      view = unsqueeze(view, d++);
      indices.push(indexTensor(entry ? [0] : [], x.device));
    } else {
      const index = entry instanceof Tensor ? entry : indexTensor(entry, x.device, view.shape[d]);
      if (isMask(index)) {
        throw new KindError(
          'at',
          'how many elements a mask picks is known only from its data. Use await x.maskedAt(mask), or where(mask, ...).',
        );
      }
      checkIndex('at', index);
      indices.push(index);
      d++;
    }
  }
  return { view, indices };
}

function sliced(x: Tensor, dim: number, text: string): Tensor {
  const match = SLICE.exec(text);
  if (match === null) {
    throw new KindError('at', `a slice must look like 'start:end' or 'start:end:step', got '${text}'.`);
  }
  const [start, end, step] = match
    .slice(1)
    .map((part: string | undefined) => (part === undefined ? null : Number(part)));
  return slice(x, dim, start, end, step ?? 1);
}

/**
 * x indexed as by PyTorch's brackets: a number takes one index of a dimension, `'start:end:step'` a slice, `'...'` all
 * dimensions that are left, `null` makes a new one; tensors and arrays of indices (negative ones count from the end)
 * are broadcast against each other and pick elements. An index out of range in a tensor is a fault.
 * @example x.at(0); x.at(':', '1:3'); x.at('...', null); x.at([0, 2], index)
 * @throws TypeError for a mask, whose result has a shape that only the data tells: use maskedAt
 * @see torch.Tensor.__getitem__
 */
export function at(x: Tensor, ...entries: Index[]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('at', at, [x, ...entries]);
  const { view, indices } = plan(x, entries);
  if (indices.every((index) => index === null)) return view === x ? wholeView(x) : view;
  const only = indices.filter((index) => index !== null);
  const dim = indices.findIndex((index) => index !== null);
  if (only.length === 1 && only[0].ndim === 1) {
    const rows = fromFront(to(only[0], 'int64'), view.shape[dim]);
    return indexSelect(view, dim, named(rows, view.shape.toSpliced(dim, 1)));
  }
  const { moved, places, shape, rest, lead } = flattened(view, indices);
  const rows = reshape(moved, [numelOf(moved.shape.slice(0, only.length)), ...rest]);
  const picked = reshape(indexSelect(rows, 0, named(reshape(places, -1), rest)), [...shape, ...rest]);
  return moveBack(picked, shape.length, lead);
}

/** The rows of shape `rest` to read: of rows without elements nothing is, so that none is out of range, as in PyTorch. */
const named = (rows: Tensor, rest: Shape): Tensor => (numelOf(rest) === 0 ? zerosLike(rows) : rows);

/** An advanced index as places along the flattened dimensions that it picks from. */
interface Flattened {
  /** The view with the picked dimensions first. */
  readonly moved: Tensor;
  /** Shape `shape`: the places in the product of the picked dimensions. */
  readonly places: Tensor;
  /** What the index tensors broadcast to. */
  readonly shape: Shape;
  /** Sizes of the other dimensions. */
  readonly rest: Shape;
  /** Before how many of these the result has the dimensions of the index: where it stood, or first if indices are apart. */
  readonly lead: number;
}

function flattened(view: Tensor, indices: readonly (Tensor | null)[]): Flattened {
  const picked = indices.flatMap((index, d) => (index === null ? [] : [d]));
  const others = view.shape.map((_, d) => d).filter((d) => !picked.includes(d));
  const tensors = picked.map((d) => to(indices[d] as Tensor, 'int64'));
  const shape = broadcastShapes('at', ...tensors.map((t) => t.shape));
  const sizes = picked.map((d) => view.shape[d]);
  const count = numelOf(sizes);
  // An index out of its own dimension must not become a place in another row: it is moved out of all.
  let places: Tensor | null = null;
  let valid: Tensor | null = null;
  tensors.forEach((index, i) => {
    const front = fromFront(index, sizes[i]);
    if (tensors.length > 1) {
      const inside = logicalAnd(ge(front, 0), lt(front, sizes[i]));
      valid = valid === null ? inside : logicalAnd(valid, inside);
    }
    places = places === null ? front : add(mul(places, sizes[i]), front);
  });
  let all = places as Tensor | null as Tensor;
  if (valid !== null) all = where(valid, all, count);
  if (!sameShape(all.shape, shape)) all = expand(all, shape);
  const adjacent = picked.every((d, i) => i === 0 || d === picked[i - 1] + 1);
  return {
    moved: permute(view, [...picked, ...others]),
    places: all,
    shape,
    rest: others.map((d) => view.shape[d]),
    lead: adjacent ? others.filter((d) => d < picked[0]).length : 0,
  };
}

/** Moves the first `count` dimensions behind the next `lead`. */
function moveBack(x: Tensor, count: number, lead: number): Tensor {
  if (lead === 0) return x;
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  return permute(x, [...range(count, count + lead), ...range(0, count), ...range(count + lead, x.ndim)]);
}

/** The inverse of moveBack. */
function moveForward(x: Tensor, count: number, lead: number): Tensor {
  if (lead === 0) return x;
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  return permute(x, [...range(lead, lead + count), ...range(0, lead), ...range(lead + count, x.ndim)]);
}

/** Masks as the indices of where they hold. */
async function withoutMasks(entries: readonly Index[]): Promise<Index[]> {
  const parts = await Promise.all(
    entries.map(async (entry): Promise<Index[]> => (isMask(entry) ? nonzero(entry, { asTuple: true }) : [entry])),
  );
  return parts.flat();
}

/** How many dimensions an entry takes, but for '...'. */
const dimsTaken = (entry: Index): number =>
  entry === null || typeof entry === 'boolean' || entry === '...' ? 0 : isMask(entry) ? entry.ndim : 1;

/** @throws ShapeError unless each mask has the sizes of the dimensions that it takes */
function checkMasks(x: Tensor, entries: readonly Index[]): void {
  const total = entries.reduce((sum: number, entry) => sum + dimsTaken(entry), 0);
  let d = 0;
  for (const entry of entries) {
    if (isMask(entry) && !sameShape(entry.shape, x.shape.slice(d, d + entry.ndim))) {
      throw new ShapeError(
        'maskedAt',
        `a mask must have the sizes of the dimensions that it picks from, got ${formatShape(entry.shape)} at dimension ${d} of ${formatShape(x.shape)}.`,
        { mask: entry.shape, tensor: x.shape },
      );
    }
    d += entry === '...' ? Math.max(x.ndim - total, 0) : dimsTaken(entry);
  }
}

/**
 * `at` for indices with masks (bool tensors): a promise, as only the data tells how many elements a mask picks.
 * @example await x.maskedAt(x.gt(0)); await x.maskedAt(':', mask)
 * @see torch.Tensor.__getitem__
 */
export async function maskedAt(x: Tensor, ...entries: Index[]): Promise<Tensor> {
  if (intercepting.current !== null) return intercepting.current.call('maskedAt', maskedAt, [x, ...entries]);
  checkMasks(x, entries);
  return at(x, ...(await withoutMasks(entries)));
}

/** The value as a tensor that can be written into x. */
const asValue = (x: Tensor, value: Tensor | number | boolean): Tensor =>
  value instanceof Tensor ? to(value, x.dtype) : fromArray(Float64Array.of(numberOf('setAt', value)), [], { device: x.device, dtype: x.dtype }); // prettier-ignore

/** Elements written by index are not converted, as in PyTorch; those of slices are. @throws DTypeError */
function checkSameDType(op: string, x: Tensor, value: Tensor | number | boolean): void {
  if (!(value instanceof Tensor) || value.dtype === x.dtype) return;
  throw new DTypeError(
    op,
    `values at an index must be of the dtype of the tensor, got ${value.dtype} and ${x.dtype}. Convert them with .to('${x.dtype}').`,
    { dtype: value.dtype },
  );
}

/** `value` broadcast to `shape`; leading dimensions of size 1 that are too many are dropped. */
function fitted(op: string, value: Tensor, shape: Shape): Tensor {
  const source = withoutLeading1s(value, shape.length);
  if (!sameShape(broadcastShapes(op, source.shape, shape), shape)) {
    throw new ShapeError(op, `the value must broadcast to ${formatShape(shape)}, got ${formatShape(value.shape)}.`, {
      shapes: [shape, value.shape],
    });
  }
  return sameShape(source.shape, shape) ? source : expand(source, shape);
}

const SET_AT = signature('setAt', [
  INPUT,
  argument('index', kind<Index | readonly Index[]>('an index as at() takes it, or a list of them', isIndexOrList)),
  argument('value', OPERAND),
]);

/**
 * x[index] = value, in place: `index` is one entry as `at` takes it, or an array of several; `value` is broadcast and
 * converted, but where there are index tensors: these take a number or a tensor of their own dtype. A mask may stand alone: then a value of one element, or of the mask's shape, is written where it holds, or
 * else the elements of value one after the other. Where an index tensor names a place twice, the last one wins.
 * @example x.setAt([0, '1:3'], 5); x.setAt(mask, 0); x.setAt([index], rows)
 * @see torch.Tensor.__setitem__
 */
export function setAt(x: Tensor, ...args: [index: Index | readonly Index[], value: Tensor | number | boolean]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('setAt', setAt, [x, ...args]);
  const { index, value } = SET_AT.take([x, ...args]);
  const entries = Array.isArray(index) ? (index as readonly Index[]) : [index as Index];
  const source = asValue(x, value);
  const [first] = entries;
  if (entries.length === 1 && isMask(first)) {
    if (!(value instanceof Tensor && value.numel() === 1)) checkSameDType('setAt', x, value);
    copy_(x, overMask(x, first, source));
    return x;
  }
  const { view, indices } = plan(x, entries);
  if (indices.every((entry) => entry === null)) {
    copy_(view, fitted('setAt', source, view.shape));
    return x;
  }
  checkSameDType('setAt', x, value);
  copy_(view, putPlanned('setAt', view, indices, source, false));
  return x;
}

/** x with value where the mask, which covers its first dimensions, holds. */
function overMask(x: Tensor, mask: Tensor, value: Tensor): Tensor {
  if (!sameShape(mask.shape, x.shape.slice(0, mask.ndim))) {
    throw new ShapeError(
      'setAt',
      `the mask must have the first dimensions of ${formatShape(x.shape)}, got ${formatShape(mask.shape)}.`,
      { mask: mask.shape, tensor: x.shape },
    );
  }
  const rest = x.shape.slice(mask.ndim);
  const whole = expand(reshape(mask, [...mask.shape, ...rest.map(() => 1)]), x.shape);
  const rows = withoutLeading1s(value, rest.length + 1);
  // A value without a dimension for the elements picked is the same for all of them.
  if (rows.ndim <= rest.length || (rows.shape[0] === 1 && rows.ndim === rest.length + 1)) {
    return where(whole, fitted('setAt', rows, x.shape), x);
  }
  const source = fitted('setAt', rows, [rows.shape[0], ...rest]);
  const isAll = eq(sum(mask), rows.shape[0]);
  return add(
    maskedScatter(x, whole, source),
    requireAll('setAt', 'a mask of another number of elements than values', isAll, x),
  );
}

/** `value` without leading dimensions of size 1 beyond `most`. */
function withoutLeading1s(value: Tensor, most: number): Tensor {
  const extra = value.ndim - most;
  const dropped = extra > 0 && value.shape.slice(0, extra).every((size) => size === 1);
  return dropped ? reshape(value, value.shape.slice(extra)) : value;
}

/** A copy of `view` with `value` at an advanced index. */
function putPlanned(
  op: string,
  view: Tensor,
  indices: readonly (Tensor | null)[],
  value: Tensor,
  accumulate: boolean,
): Tensor {
  const { moved, places, shape, rest, lead } = flattened(view, indices);
  const width = numelOf(rest);
  const result = [...rest.slice(0, lead), ...shape, ...rest.slice(lead)];
  const values = moveForward(fitted(op, value, result), shape.length, lead);
  // Each place stands for a row of `width` elements.
  const offsets = fromArray(
    Int32Array.from({ length: width }, (_, i) => i),
    [width],
    { device: view.device },
  );
  const elements = add(mul(unsqueeze(reshape(places, -1), 1), width), to(offsets, 'int64'));
  const written = putAt(op, moved, elements, values, accumulate);
  const picked = indices.flatMap((entry, d) => (entry === null ? [] : [d]));
  const others = view.shape.map((_, d) => d).filter((d) => indices[d] === null || indices[d] === undefined);
  const order = [...picked, ...others];
  return permute(
    reshape(written, moved.shape),
    view.shape.map((_, d) => order.indexOf(d)),
  );
}

/** Options of `indexPut`. */
export interface IndexPutOptions {
  /** Adds to what is there. */
  accumulate?: boolean;
}

const INDICES = listOf(kind<Tensor | null>('a tensor or null', (value) => value === null || TENSOR.accepts(value)));
const INDEX_PUT = signature('indexPut', [
  INPUT, argument('indices', INDICES), argument('values', TENSOR), argument('accumulate', FLAG, false),
]); // prettier-ignore

/**
 * A copy of x with `values` at index tensors, one for each of the first dimensions.
 * @see torch.index_put
 */
export function indexPut(
  x: Tensor,
  ...args: Arguments<
    [indices: readonly (Tensor | null)[], values: Tensor],
    [accumulate?: boolean],
    IndexPutOptions & { indices: readonly (Tensor | null)[]; values: Tensor },
    [
      indices: readonly (Tensor | null)[],
      options: Omit<IndexPutOptions & { indices: readonly (Tensor | null)[]; values: Tensor }, 'indices'>,
    ]
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('indexPut', indexPut, [x, ...args]);
  const { indices, values, accumulate: adds } = INDEX_PUT.take([x, ...args]);
  const [first] = indices;
  if (indices.length === 1 && first?.dtype === 'bool') {
    if (values.numel() !== 1) checkSameDType('indexPut', x, values);
    const source = to(values, x.dtype);
    return adds ? add(x, overMask(zerosLike(x), first, source)) : overMask(x, first, source);
  }
  checkSameDType('indexPut', x, values);
  const { view, indices: planned } = plan(
    x,
    indices.map((index) => index ?? ':'),
  );
  return putPlanned('indexPut', view, planned, values, adds);
}
