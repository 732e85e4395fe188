// Sorting, and what follows from an order: the greatest k, medians, quantiles, modes, places in sorted sequences. The
// kernel gives the order; values are gathered by it, which makes them differentiable.
import { NUMBER, FLAG, INTEGER, DIM, oneOf, either } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, OPERAND, INPUT } from '../../core/kinds';
import { isFloat, resultType } from '../../base/dtype';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { defineOp } from '../../core/op';
import { axisOf, formatShape, numelOf, sameShape, wrapDim } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { eq, isnan, lt, ne, where } from '../pointwise/compare';
import { clone, contiguous, queueCopy, to } from '../shape/copy';
import { arange, full, fromArray } from '../shape/creation';
import type { Extremum } from '../reduce/argReduce';
import { gather } from './gather';
import { cat } from '../shape/cat';
import { expand, movedim, narrow, reshape, select, squeeze, unsqueeze } from '../shape/view';
import { ceil, div, floor, floorDivide, lerp, mul, round, rsub, sub } from '../pointwise/arithmetic';
import { joinedTo } from '../reduce/joined';
import { all, any, sum } from '../reduce/reduce';
import { cummax } from '../reduce/scan';
import type { AlongOptions, Arguments, KeepdimOption } from '../../base/arguments';

interface SortParams {
  readonly dim: number;
  readonly descending: boolean;
}

const ORDER: (x: Tensor, params: SortParams) => Tensor = defineOp<[x: Tensor], SortParams>({
  name: 'sort',
  shape: ([x]) => ({ shape: x.shape, dtype: 'int64' }),
  forward: (device, [x], out, { dim, descending }) => {
    device.run('sort', [x], [out], { axis: axisOf(x.shape, dim), descending });
  },
});

/** Values and their places under both names. */
const named = (values: Tensor, indices: Tensor): Extremum =>
  Object.assign([values, indices] as [Tensor, Tensor], { values, indices });

/** The order of x along `dim`, counted from the front. */
function orderOf(op: string, x: Tensor, dim: number, descending: boolean): [order: Tensor, dim: number] {
  const d = wrapDim(op, dim, x.ndim);
  return [ORDER(contiguous(x.detach()), { dim: d, descending }), d];
}

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** Default -1. */
  dim?: number;
  descending?: boolean;
  /** Taken and ignored: the sort is always stable. */
  stable?: boolean | null;
}

/** Places (int64) that put x in order along a dimension; NaN is the greatest. @see torch.argsort */
export const argsort: (
  x: Tensor,
  ...args: Arguments<[], [dim?: number, descending?: boolean, stable?: boolean | null], SortOptions>
) => Tensor = takingNamed(
  signature('argsort', [
    INPUT,
    argument('dim', DIM, undefined),
    argument('descending', FLAG, undefined),
    argument('stable', FLAG, undefined),
  ]),
  (x: Tensor, { dim = -1, descending = false }: SortOptions): Tensor => {
    return orderOf('argsort', x, dim, descending)[0];
  },
);

/** Sorted along a dimension, with the places the values came from. @see torch.sort */
export const sort: (
  x: Tensor,
  ...args: Arguments<[], [dim?: number, descending?: boolean, stable?: boolean | null], SortOptions>
) => Extremum = takingNamed(
  signature('sort', [
    INPUT,
    argument('dim', DIM, undefined),
    argument('descending', FLAG, undefined),
    argument('stable', FLAG, undefined),
  ]),
  (x: Tensor, { dim = -1, descending = false }: SortOptions): Extremum => {
    const [order, d] = orderOf('sort', x, dim, descending);
    return named(gather(x, d, order), order);
  },
);

/** Sorted along dimension 0. @see torch.msort */
export const msort: (x: Tensor) => Tensor = taking(signature('msort', [INPUT]), (x) => sort(x, 0).values);

/** Options of `topk`. */
export interface TopkOptions {
  k: number;
  dim?: number;
  /** Default true. */
  largest?: boolean;
  sorted?: boolean;
}

/** The k greatest (or least) along a dimension in order, with their places. @see torch.topk */
export const topk: (
  x: Tensor,
  ...args: Arguments<[k: number], [dim?: number, largest?: boolean, sorted?: boolean], TopkOptions>
) => Extremum = takingNamed(
  signature('topk', [
    INPUT,
    argument('k', INTEGER),
    argument('dim', DIM, undefined),
    argument('largest', FLAG, undefined),
    argument('sorted', FLAG, undefined),
  ]),
  (x: Tensor, { k, dim = -1, largest = true }: TopkOptions): Extremum => {
    const d = wrapDim('topk', dim, x.ndim);
    const n = x.shape[d] ?? 1;
    if (!Number.isInteger(k) || k < 0 || k > n) {
      throw new ValueError('topk', `k must be in [0, ${n}], the size of dimension ${d}, got ${k}.`);
    }
    const [order] = orderOf('topk', x, d, largest);
    const places = x.ndim === 0 ? order : clone(narrow(order, d, 0, k));
    return named(gather(x, d, places), places);
  },
);

/** Options of functions that choose one element along a dimension. */
export interface ChoiceOptions {
  dim?: number;
  keepdim?: boolean;
}

/** Elements at `places`, which has size 1 along `dim`. */
function chosen(x: Tensor, dim: number, places: Tensor, keepdim: boolean): Extremum {
  const values = gather(x, dim, places);
  const whole = keepdim || x.ndim === 0;
  return named(whole ? values : squeeze(values, dim), whole ? places : squeeze(places, dim));
}

/** Options of `kthvalue`. */
export interface KthvalueOptions extends ChoiceOptions {
  k: number;
}

/** The k-th least along a dimension (k counts from 1), with its place. @see torch.kthvalue */
export const kthvalue: (
  x: Tensor,
  ...args: Arguments<[k: number], [dim?: number, keepdim?: boolean], KthvalueOptions>
) => Extremum = takingNamed(
  signature('kthvalue', [
    INPUT,
    argument('k', INTEGER),
    argument('dim', DIM, undefined),
    argument('keepdim', FLAG, undefined),
  ]),
  (x: Tensor, { k, dim = -1, keepdim = false }: KthvalueOptions): Extremum => {
    const d = wrapDim('kthvalue', dim, x.ndim);
    const n = x.shape[d] ?? 1;
    if (!Number.isInteger(k) || k < 1 || k > n) throw new ValueError('kthvalue', `k must be in [1, ${n}], got ${k}.`);
    const [order] = orderOf('kthvalue', x, d, false);
    return chosen(x, d, x.ndim === 0 ? order : clone(narrow(order, d, k - 1, 1)), keepdim);
  },
);

/** The median `middle` of all elements of x, in its graph: all that equal it share the gradient. */
const OF_ALL: (x: Tensor, middle: Tensor) => Tensor = defineOp<[x: Tensor, middle: Tensor]>({
  name: 'median',
  shape: ([, middle]) => ({ shape: middle.shape, dtype: middle.dtype }),
  forward: (device, [, middle], out) => queueCopy(device, middle, out),
  saves: { inputs: [0, 1] },
  backward: (grad, { inputs: [x, middle] }) => [
    () => {
      const isMiddle = where(isnan(middle), isnan(x), eq(x, middle));
      return where(isMiddle, div(grad, sum(isMiddle)), 0);
    },
    null,
  ],
});

/** The lower median along a dimension with its place, or, without one, of all elements. */
function medianWith(
  op: string,
  skipsNaN: boolean,
  x: Tensor,
  { dim, keepdim = false }: ChoiceOptions,
): Tensor | Extremum {
  if (dim === undefined) {
    const middle = medianAlong(op, skipsNaN, reshape(x.detach(), -1), 0, false).values;
    if (!x.requiresGrad) return middle;
    if (x.numel() === 0) return joinedTo(middle, x);
    return OF_ALL(x, middle);
  }
  return medianAlong(op, skipsNaN, x, wrapDim(op, dim, x.ndim), keepdim);
}

function medianAlong(op: string, skipsNaN: boolean, x: Tensor, d: number, keepdim: boolean): Extremum {
  const n = x.shape[d] ?? 1;
  if (n === 0) {
    if (x.ndim === 1) return named(full([], NaN, { dtype: x.dtype, device: x.device }), full([], 0, { dtype: 'int64', device: x.device })); // prettier-ignore
    throw new ShapeError(op, `dimension ${d} must not be empty, got shape ${formatShape(x.shape)}.`);
  }
  const [order] = orderOf(op, x, d, false);
  if (x.ndim === 0) return chosen(x, d, order, keepdim);
  const middle = Math.floor((n - 1) / 2);
  if (!isFloat(x.dtype)) return chosen(x, d, clone(narrow(order, d, middle, 1)), keepdim);
  const missing = sum(to(isnan(x.detach()), 'int64'), d, true);
  // NaN stands last: the first one is the median if there is any, or the median is among the rest.
  const numbers = rsub(missing, n);
  const place = skipsNaN
    ? where(eq(numbers, 0), 0, floorDivide(sub(numbers, 1), 2))
    : where(eq(missing, 0), middle, numbers);
  return chosen(x, d, gather(order, d, place), keepdim);
}

/** `median` as a method. */
export interface MedianMethod {
  (): Tensor;
  (dim: number, keepdim?: boolean | KeepdimOption): Extremum;
  (options: AlongOptions): Extremum;
}

/** The forms of `median`. */
export interface MedianFunction {
  /** Of all elements. */
  (x: Tensor): Tensor;
  /** Along a dimension, with its place. */
  (x: Tensor, dim: number, keepdim?: boolean | KeepdimOption): Extremum;
  (x: Tensor, options: AlongOptions): Extremum;
}

/** The median, of two middle ones the lower; NaN if there is one. @see torch.median */
export const median: MedianFunction = takingNamed(
  signature('median', [INPUT, argument('dim', DIM, undefined), argument('keepdim', FLAG, undefined)]),
  (x: Tensor, options: ChoiceOptions) => medianWith('median', false, x, options),
) as MedianFunction;

/** The median of what is not NaN. @see torch.nanmedian */
export const nanmedian: MedianFunction = takingNamed(
  signature('nanmedian', [INPUT, argument('dim', DIM, undefined), argument('keepdim', FLAG, undefined)]),
  (x: Tensor, options: ChoiceOptions) => medianWith('nanmedian', true, x, options),
) as MedianFunction;

/** The most frequent value along a dimension (of equals the least), with the last of its places. @see torch.mode */
export const mode: (x: Tensor, ...args: Arguments<[], [dim?: number, keepdim?: boolean], ChoiceOptions>) => Extremum =
  takingNamed(
    signature('mode', [INPUT, argument('dim', DIM, undefined), argument('keepdim', FLAG, undefined)]),
    (x: Tensor, { dim = -1, keepdim = false }: ChoiceOptions): Extremum => {
      const [order, d] = orderOf('mode', x, dim, false);
      if (x.ndim === 0) return chosen(x, d, order, keepdim);
      const n = x.shape[d];
      if (n === 0) throw new ShapeError('mode', `dimension ${d} must not be empty, got shape ${formatShape(x.shape)}.`);
      const sorted = gather(x.detach(), d, order);
      // Runs of equal values: how many elements of the run lie at or before each place; its last place has the count.
      const starts = n === 1 ? full(sorted.shape, true) : cat([full(narrow(sorted, d, 0, 1).shape, true, { device: x.device }), ne(narrow(sorted, d, 1, n - 1), narrow(sorted, d, 0, n - 1))], d); // prettier-ignore
      const places = to(expand(reshape(arange(n, { device: x.device }), x.shape.map((_, i) => (i === d ? n : 1))), x.shape), 'int64'); // prettier-ignore
      const lengths = sub(places, startOfRun(starts, places, d));
      const best = lengths.argmax(d, true);
      return chosen(x, d, gather(order, d, best), keepdim);
    },
  );

/** For each place, where its run started. */
function startOfRun(starts: Tensor, places: Tensor, dim: number): Tensor {
  // Starts ascend, so the greatest so far is that of the own run.
  return cummax(where(starts, places, 0), dim).values;
}

// ---- quantiles ----------------------------------------------------------------------------------------------

/** How a quantile between two elements is made of them. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';

/** Options of `quantile`. */
export interface QuantileOptions {
  /** In [0, 1]; a vector gives a first dimension. */
  q: number | Tensor;
  dim?: number | null;
  keepdim?: boolean;
  interpolation?: Interpolation;
}
const INTERPOLATION = oneOf('linear', 'lower', 'higher', 'midpoint', 'nearest');

/** The quantiles along the last dimension. */
function quantileOf(op: string, skipsNaN: boolean, x: Tensor, options: QuantileOptions): Tensor {
  const { q, dim = null, keepdim = false, interpolation = 'linear' } = options;
  if (!isFloat(x.dtype)) throw new DTypeError(op, `the input must be float32 or float64, got ${x.dtype}.`);
  if (x.numel() === 0) throw new ShapeError(op, `the input must not be empty, got ${formatShape(x.shape)}.`);
  if (q instanceof Tensor ? q.ndim > 1 || q.dtype !== x.dtype : !(q >= 0 && q <= 1)) {
    throw new ValueError(op, `q must be in [0, 1], a number or a vector of the dtype of the input, got ${String(q)}.`);
  }
  const share = q instanceof Tensor ? q : fromArray(Float64Array.of(q), [], { device: x.device, dtype: x.dtype });
  const last = dim === null ? reshape(x, -1) : x.ndim === 0 ? reshape(x, 1) : movedim(x, wrapDim(op, dim, x.ndim), -1);
  const n = last.shape[last.ndim - 1];
  const sorted = sort(last, -1).values;
  const missing = to(isnan(last.detach()).sum(-1, true), x.dtype);
  const flatShare = reshape(share, -1);
  const count = skipsNaN ? rsub(missing, n - 1) : full(missing.shape, n - 1, { dtype: x.dtype, device: x.device });
  let rank = mul(count, flatShare);
  if (skipsNaN) rank = where(lt(count, 0), 0, rank);
  else rank = where(ne(missing, 0), n - 1, rank);
  const at = (place: Tensor): Tensor => gather(sorted, sorted.ndim - 1, to(place, 'int64'));
  const values = interpolated(interpolation, op, rank, at);
  return arranged(values, x, share.ndim, dim === null ? null : wrapDim(op, dim, x.ndim), keepdim);
}

function interpolated(interpolation: Interpolation, op: string, rank: Tensor, at: (place: Tensor) => Tensor): Tensor {
  switch (interpolation) {
    case 'lower':
      return at(floor(rank));
    case 'higher':
      return at(ceil(rank));
    case 'nearest':
      return at(round(rank));
    case 'midpoint':
      return lerp(at(floor(rank)), at(ceil(rank)), 0.5);
    case 'linear':
      return lerp(at(floor(rank)), at(ceil(rank)), sub(rank, floor(rank)));
    default:
      throw new ValueError(
        op,
        `interpolation must be 'linear', 'lower', 'higher', 'midpoint' or 'nearest', got '${String(interpolation)}'.`,
      );
  }
}

/** values [*, count of q] in the shape of the result: q first, reduced dimensions kept or not. */
function arranged(values: Tensor, x: Tensor, qDims: number, dim: number | null, keepdim: boolean): Tensor {
  let result = values;
  if (keepdim && x.ndim > 0) {
    result = dim === null ? reshape(result, [...x.shape.map(() => 1), -1]) : unsqueeze(result, dim);
  }
  if (dim !== null && x.ndim === 0) result = reshape(result, -1);
  return qDims === 0 ? select(result, result.ndim - 1, 0) : movedim(result, -1, 0);
}

type QuantileArguments = Arguments<
  [q: number | Tensor],
  [dim?: number | null, keepdim?: boolean, interpolation?: Interpolation],
  QuantileOptions
>;
const QUANTILE = signature('quantile', [
  INPUT,
  argument('q', either(NUMBER, TENSOR)),
  argument('dim', DIM, null),
  argument('keepdim', FLAG, undefined),
  argument('interpolation', INTERPOLATION, undefined),
]);

/** The value below which a share q of the elements lies; NaN if there is one. @see torch.quantile */
export const quantile: (x: Tensor, ...args: QuantileArguments) => Tensor = takingNamed(
  QUANTILE,
  (x: Tensor, options: QuantileOptions): Tensor => quantileOf('quantile', false, x, options),
);
/** The quantile of what is not NaN. @see torch.nanquantile */
export const nanquantile: (x: Tensor, ...args: QuantileArguments) => Tensor = takingNamed(
  QUANTILE.as('nanquantile'),
  (x: Tensor, options: QuantileOptions): Tensor => quantileOf('nanquantile', true, x, options),
);

// ---- places in sorted sequences -------------------------------------------------------------------------------

/** Options of `searchsorted`. */
export interface SearchsortedOptions {
  values: Tensor | number;
  /** int32 places instead of int64. */
  outInt32?: boolean;
  /** Behind equal elements instead of before them. */
  right?: boolean;
  /** 'right' is the same as right: true. */
  side?: 'left' | 'right' | null;
  /** An order that sorts the sequence, if it is not sorted. */
  sorter?: Tensor | null;
}

const PLACES: (sorted: Tensor, values: Tensor, params: { right: boolean }) => Tensor = defineOp<
  [sorted: Tensor, values: Tensor],
  { right: boolean }
>({
  name: 'searchsorted',
  shape: ([, values]) => ({ shape: values.shape, dtype: 'int64' }),
  forward: (device, [sorted, values], out, { right }) => {
    device.run('searchSorted', [sorted, values], [out], { right });
  },
});

/**
 * Where each value would have to stand in an ascending sequence [*, n]: how many elements are below it (with `right`:
 * not above). NaN is behind everything. Shape: values [*, m], or any for a vector as sequence; a number gives [].
 * @throws ShapeError unless the dimensions before the last match, RangeError for contradicting sides
 * @see torch.searchsorted
 */
export const searchsorted: (
  x: Tensor,
  ...args: Arguments<
    [values: Tensor | number],
    [outInt32?: boolean, right?: boolean, side?: 'left' | 'right' | null, sorter?: Tensor | null],
    SearchsortedOptions
  >
) => Tensor = takingNamed(
  signature('searchsorted', [
    argument('sortedSequence', TENSOR),
    argument('values', OPERAND),
    argument('outInt32', FLAG, undefined),
    argument('right', FLAG, undefined),
    argument('side', oneOf('left', 'right'), null),
    argument('sorter', TENSOR, null),
  ]),
  (
    sequence: Tensor,
    { values, outInt32 = false, right = false, side = null, sorter = null }: SearchsortedOptions,
  ): Tensor => {
    if (side !== null && side !== 'left' && side !== 'right') {
      throw new ValueError('searchsorted', `side must be 'left' or 'right', got '${String(side)}'.`);
    }
    if (side === 'left' && right) throw new ValueError('searchsorted', "side 'left' contradicts right: true.");
    const { device, shape } = sequence;
    const dtype = resultType(sequence, values);
    const wanted = values instanceof Tensor ? values : full([], values, { dtype, device });
    if (shape.length !== 1 && (shape.length === 0 || !sameShape(shape.slice(0, -1), wanted.shape.slice(0, -1)))) {
      throw new ShapeError(
        'searchsorted',
        `all but the last dimension must match, got ${formatShape(shape)} and ${formatShape(wanted.shape)}.`,
        { shapes: [shape, wanted.shape] },
      );
    }
    if (sorter !== null && !sameShape(sorter.shape, shape)) {
      throw new ShapeError(
        'searchsorted',
        `sorter must have the sequence's shape ${formatShape(shape)}, got ${formatShape(sorter.shape)}.`,
      );
    }
    const rows = numelOf(shape.slice(0, -1));
    const inRows = (x: Tensor, width: number): Tensor => contiguous(reshape(to(x.detach(), dtype), [rows, width]));
    const ordered = sorter === null ? sequence : gather(sequence, -1, sorter);
    const m = shape.length === 1 ? wanted.numel() : wanted.size(-1);
    const places = PLACES(inRows(ordered, sequence.size(-1)), inRows(wanted, m), { right: right || side === 'right' });
    return to(reshape(places, wanted.shape), outInt32 ? 'int32' : 'int64');
  },
);

/** Options of `bucketize`. */
export interface BucketizeOptions {
  boundaries: Tensor;
  outInt32?: boolean;
  right?: boolean;
}

/** The number of the bucket between ascending boundaries that each element falls into. @see torch.bucketize */
export const bucketize: (
  x: number | Tensor,
  ...args: Arguments<[boundaries: Tensor], [outInt32?: boolean, right?: boolean], BucketizeOptions>
) => Tensor = takingNamed(
  signature('bucketize', [
    argument('input', OPERAND),
    argument('boundaries', TENSOR),
    argument('outInt32', FLAG, undefined),
    argument('right', FLAG, undefined),
  ]),
  (x: Tensor | number, { boundaries, outInt32 = false, right = false }: BucketizeOptions): Tensor => {
    if (boundaries.ndim !== 1) {
      throw new ShapeError('bucketize', `boundaries must be a vector, got ${formatShape(boundaries.shape)}.`);
    }
    return searchsorted(boundaries, x, outInt32, right);
  },
);

/** Options of `isin`. */
export interface IsinOptions {
  testElements: Tensor | number;
  assumeUnique?: boolean;
  /** Whether it is not there. */
  invert?: boolean;
}

/** Whether each element is one of `testElements`. @see torch.isin */
export const isin: (
  x: number | Tensor,
  ...args: Arguments<[testElements: Tensor | number], [assumeUnique?: boolean, invert?: boolean], IsinOptions>
) => Tensor = takingNamed(
  signature('isin', [
    argument('elements', OPERAND),
    argument('testElements', OPERAND),
    argument('assumeUnique', FLAG, undefined),
    argument('invert', FLAG, undefined),
  ]),
  (x: Tensor | number, { testElements, invert = false }: IsinOptions): Tensor => {
    const scalar = (value: number): Tensor => fromArray(Float64Array.of(value), []);
    const elements = x instanceof Tensor ? x : scalar(x);
    const tests = testElements instanceof Tensor ? reshape(testElements, -1) : reshape(scalar(testElements), -1);
    return invert ? all(ne(unsqueeze(elements, -1), tests), -1) : any(eq(unsqueeze(elements, -1), tests), -1);
  },
);
