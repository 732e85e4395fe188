// Writing by index into copies: scatter and its relatives. Each is a copy of x that the kernel then joins with the
// source; the in-place forms write the result back (shape/inPlace.ts).
import { FLAG, DIM, oneOf } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, SCALAR, OPERAND, INPUT } from '../../core/kinds';
import type { ScatterKind } from '../../device/contract';
import { isFloat } from '../../base/dtype';
import { KindError, DTypeError, ShapeError } from '../../base/errors';
import { defineOp } from '../../core/op';
import { axisOf, broadcastShapes, formatShape, numelOf, sameShape, wrapDim, type Shape } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { eq, logicalAnd, maskedFill, where } from '../pointwise/compare';
import { clone, contiguous, copy_, queueCopy, to } from '../shape/copy';
import { full, onesLike, zerosLike } from '../shape/creation';
import { addOnto, checkPlaces, checkVector, checkWithin, fromFront, gather, reached, withSize } from './gather';
import { expand, narrow, reshape } from '../shape/view';
import { add, div, floorDivide, mul } from '../pointwise/arithmetic';
import { joinedTo } from '../reduce/joined';
import { cumsum } from '../reduce/scan';
import type { Arguments } from '../../base/arguments';

interface JoinParams {
  readonly op: string;
  readonly dim: number;
  readonly kind: ScatterKind;
}

/** x joined with source at the places of index; all dense, of equal shapes outside `dim`. */
const JOIN: (x: Tensor, source: Tensor, index: Tensor, params: JoinParams) => Tensor = defineOp<
  [x: Tensor, source: Tensor, index: Tensor],
  JoinParams
>({
  name: 'scatter',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [x, source, index], out, { op, dim, kind }) => {
    queueCopy(device, x, out);
    const options = { op, what: 'index', ignore: null };
    device.run('scatter', [source, index], [out], { kind, axis: axisOf(x.shape, dim), options });
  },
  saves: { inputs: [2] },
  // What was written over has no gradient. Only 'set' is differentiated here; the others are composed below.
  backward: (grad, { inputs: [, , index], params }) => [
    () => JOIN(grad, zerosLike(index, { dtype: grad.dtype }), index, params),
    () => gather(grad, params.dim, index),
    null,
  ],
});

/** @throws ShapeError unless there is an element of source for each index. */
function checkCovers(op: string, source: Tensor, index: Tensor): void {
  if (index.ndim === source.ndim && index.shape.every((size, d) => size <= source.shape[d])) return;
  throw new ShapeError(
    op,
    `source must have an element for each index, got source ${formatShape(source.shape)} and index ${formatShape(index.shape)}.`,
    { source: source.shape, index: index.shape },
  );
}

/** The corner of source that index covers. */
const covered = (source: Tensor, shape: Shape): Tensor =>
  shape.reduce((view, size, d) => (size < view.shape[d] ? narrow(view, d, 0, size) : view), source);

/** Checked and cut to what the index reaches: `join` gets dense tensors that agree outside `dim`. */
function onReached(
  op: string,
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor | number,
  join: (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor,
): Tensor {
  if (index.numel() > 0) checkPlaces(op, index);
  const d = wrapDim(op, dim, x.ndim);
  if (source instanceof Tensor && source.dtype !== x.dtype) {
    throw new DTypeError(op, `source and tensor must be of one dtype, got ${source.dtype} and ${x.dtype}.`);
  }
  if (index.numel() > 0 && x.ndim <= 1 && index.ndim <= 1 && (x.ndim === 0 || index.ndim === 0)) {
    const flat = (t: Tensor): Tensor => reshape(t, -1);
    const from = source instanceof Tensor ? flat(source) : source;
    return reshape(onReached(op, flat(x), 0, flat(index), from, join), x.shape);
  }
  if (index.numel() === 0) {
    // Nothing is written, yet the source has a gradient: of zeros.
    return source instanceof Tensor && source.requiresGrad ? joinedTo(x, source) : clone(x);
  }
  checkWithin(op, x, index, d);
  if (source instanceof Tensor) checkCovers(op, source, index);
  const values =
    source instanceof Tensor
      ? covered(source, index.shape)
      : full(index.shape, source, { dtype: x.dtype, device: x.device });
  const corner = reached(x, index.shape, d);
  const joined = join(contiguous(corner), d, contiguous(index), contiguous(values));
  if (sameShape(corner.shape, x.shape)) return joined;
  const out = clone(x);
  copy_(reached(out, index.shape, d), joined);
  return out;
}

const setting =
  (op: string) =>
  (x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor =>
    JOIN(x, source, index, { op, dim, kind: 'set' });

const adding =
  (op: string) =>
  (x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor =>
    addOnto(op, x, dim, index, source, false);

// ---- scatter --------------------------------------------------------------------------------------------

/** Options of `scatter`. */
export interface ScatterOptions {
  dim: number;
  index: Tensor;
  /** What is written: elements of a tensor, or one number. */
  src: Tensor | number;
  value?: number;
  /** Joins with what is there instead: 'add' or 'multiply'. */
  reduce?: 'add' | 'multiply' | null;
}

/**
 * A copy of x in which x[index[i][j]][j] = src[i][j] (for dim 0), and so on. Where an index occurs twice the last one
 * wins; negative indices are faults.
 * @throws DTypeError unless index is int64 and src of the dtype of x; ShapeError if they do not fit
 * @see torch.scatter
 */
export const scatter: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: Tensor],
    [src?: Tensor | number, reduce?: 'add' | 'multiply' | null, value?: number],
    Partial<ScatterOptions> & Pick<ScatterOptions, 'dim' | 'index'>,
    [dim: number, options: Omit<Partial<ScatterOptions> & Pick<ScatterOptions, 'dim' | 'index'>, 'dim'>]
  >
) => Tensor = takingNamed(
  signature('scatter', [
    INPUT,
    argument('dim', DIM),
    argument('index', TENSOR),
    argument('src', OPERAND, undefined),
    argument('reduce', oneOf('add', 'multiply'), null),
    argument('value', SCALAR, undefined),
  ]),
  (
    x: Tensor,
    { dim, index, src, value, reduce = null }: Partial<ScatterOptions> & Pick<ScatterOptions, 'dim' | 'index'>,
  ): Tensor => {
    const source = typeof (value ?? src) === 'boolean' ? Number(value ?? src) : (value ?? src);
    if (source === undefined || (src !== undefined && value !== undefined)) {
      throw new KindError(
        'scatter',
        `one of src and value must be given, got ${source === undefined ? 'neither' : 'both'}.`,
      );
    }
    if (reduce === null) return onReached('scatter', x, dim, index, source, setting('scatter'));
    if (reduce === 'add') return onReached('scatter', x, dim, index, source, adding('scatter'));
    return onReached('scatter', x, dim, index, source, reducing('prod'));
  },
);

/** A copy of x with the elements of `src` added at the places that index names along `dim`. @see torch.scatter_add */
export const scatterAdd: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: Tensor, src: Tensor],
    [],
    { dim: number; index: Tensor; src: Tensor },
    [dim: number, index: Tensor, options: Omit<{ dim: number; index: Tensor; src: Tensor }, 'dim' | 'index'>]
  >
) => Tensor = takingNamed(
  signature('scatterAdd', [INPUT, argument('dim', DIM), argument('index', TENSOR), argument('src', TENSOR)]),
  (x: Tensor, { dim, index, src }: { dim: number; index: Tensor; src: Tensor }): Tensor =>
    onReached('scatterAdd', x, dim, index, src, adding('scatterAdd')),
);

// ---- reductions by index ----------------------------------------------------------------------------------

/** How elements that meet at one place are joined. */
export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

type Reducer = (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor;

interface ReduceParams {
  readonly dim: number;
  readonly kind: 'mul' | 'amax' | 'amin';
}

const REDUCE: (x: Tensor, source: Tensor, index: Tensor, params: ReduceParams) => Tensor = defineOp<
  [x: Tensor, source: Tensor, index: Tensor],
  ReduceParams
>({
  name: 'scatterReduce',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [x, source, index], out, { dim, kind }) => {
    queueCopy(device, x, out);
    const options = { op: 'scatterReduce', what: 'index', ignore: null };
    device.run('scatter', [source, index], [out], { kind, axis: axisOf(x.shape, dim), options });
  },
  saves: { inputs: [0, 1, 2], outputs: [0] },
  backward: (grad, { inputs: [x, source, index], output, params: { dim, kind } }) => {
    const at = (t: Tensor): Tensor => gather(t, dim, index);
    if (kind === 'mul') return productGradients(grad, x, source, index, dim);
    // Those that equal the result share its gradient.
    const own = to(eq(x, output), grad.dtype);
    const theirs = to(eq(source, at(output)), grad.dtype);
    const shared = (): Tensor => div(grad, adding('scatterReduce')(own, dim, index, theirs));
    return [() => mul(own, shared()), () => mul(theirs, at(shared())), null];
  },
});

/** Gradients of a product: the result divided by the factor; a factor that is the only 0 gets the product of the others. */
function productGradients(grad: Tensor, x: Tensor, source: Tensor, index: Tensor, dim: number): (() => Tensor)[] {
  const product = (a: Tensor, b: Tensor): Tensor => REDUCE(contiguous(a), contiguous(b), index, { dim, kind: 'mul' });
  const at = (t: Tensor): Tensor => gather(t, dim, index);
  return [
    () => {
      const nonzero = maskedFill(x, eq(x, 0), 1);
      return div(mul(grad, product(nonzero, source)), nonzero);
    },
    () => {
      const isZero = eq(source, 0);
      const zeros = at(adding('scatterReduce')(zerosLike(x), dim, index, to(isZero, x.dtype)));
      const isOnlyZero = logicalAnd(isZero, eq(zeros, 1));
      const others = at(mul(grad, product(x, maskedFill(source, isOnlyZero, 1))));
      const quotient = div(at(mul(grad, product(x, source))), maskedFill(source, isZero, 1));
      return where(isOnlyZero, others, quotient);
    },
  ];
}

/**
 * What stands in the place of x where it is not to count: a number that changes nothing; of whole numbers, which have no
 * infinity (and whose least int64 not every device stores), one of the elements that meet there.
 */
function startOf(kind: ReduceParams['kind'], index: Tensor, source: Tensor): Tensor {
  const { dtype, device } = source;
  if (kind !== 'mul' && !isFloat(dtype)) return source;
  const value = kind === 'mul' ? 1 : kind === 'amax' ? -Infinity : Infinity;
  return full(index.shape, value, { dtype, device });
}

function reducing(reduction: ScatterReduction, includeSelf = true): Reducer {
  return (x, dim, index, source) => {
    const without = (start: () => Tensor): Tensor =>
      includeSelf ? x : setting('scatterReduce')(x, dim, index, start());
    const sum = (): Tensor =>
      adding('scatterReduce')(
        without(() => zerosLike(source)),
        dim,
        index,
        source,
      );
    if (reduction === 'sum') return sum();
    if (reduction === 'mean') {
      const start = includeSelf ? onesLike(x) : setting('scatterReduce')(onesLike(x), dim, index, zerosLike(source));
      const count = adding('scatterReduce')(start, dim, index, onesLike(source));
      return isFloat(x.dtype) ? div(sum(), count) : floorDivide(sum(), count);
    }
    const kind = reduction === 'prod' ? 'mul' : reduction;
    return REDUCE(contiguous(without(() => startOf(kind, index, source))), source, index, { dim, kind });
  };
}

const REDUCTION = oneOf('sum', 'prod', 'mean', 'amax', 'amin');
/** What `indexReduce` has of these. */
const INDEX_REDUCTION = oneOf('prod', 'mean', 'amax', 'amin');

/** Options of `scatterReduce`. */
export interface ScatterReduceOptions {
  dim: number;
  index: Tensor;
  src: Tensor;
  reduce: ScatterReduction;
  /** Whether what x holds is joined too; default true. */
  includeSelf?: boolean;
}

/** A copy of x joined with the elements of `src` at the places of index. Ties of extremes share the gradient. @see torch.scatter_reduce */
export const scatterReduce: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: Tensor, src: Tensor, reduce: ScatterReduction],
    [includeSelf?: boolean],
    ScatterReduceOptions,
    [dim: number, index: Tensor, src: Tensor, options: Omit<ScatterReduceOptions, 'dim' | 'index' | 'src'>]
  >
) => Tensor = takingNamed(
  signature('scatterReduce', [
    INPUT,
    argument('dim', DIM),
    argument('index', TENSOR),
    argument('src', TENSOR),
    argument('reduce', REDUCTION),
    argument('includeSelf', FLAG, undefined),
  ]),
  (x: Tensor, { dim, index, src, reduce, includeSelf = true }: ScatterReduceOptions): Tensor => {
    return onReached('scatterReduce', x, dim, index, src, reducing(reduce, includeSelf));
  },
);

// ---- whole slices ---------------------------------------------------------------------------------------------

/** An index vector as an index for each element of slices of x along `dim`. */
function spread(op: string, x: Tensor, dim: number, index: Tensor): [dim: number, places: Tensor] {
  checkVector(op, index);
  const d = wrapDim(op, dim, x.ndim);
  const column = x.shape.map((_, i) => (i === d ? index.numel() : 1));
  const shape = withSize(x.shape, d, index.numel());
  return [d, expand(reshape(to(index, 'int64'), x.ndim === 0 ? [1] : column), x.ndim === 0 ? [1] : shape)];
}

function checkSlices(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor): void {
  const d = wrapDim(op, dim, x.ndim);
  const shape = withSize(x.shape, d, index.numel());
  // A scalar stands for a vector of one element.
  if (
    sameShape(source.shape.length === 0 ? [1] : source.shape, shape) ||
    (x.ndim === 0 && source.numel() === index.numel())
  )
    return;
  throw new ShapeError(op, `source must have the shape ${formatShape(shape)}, got ${formatShape(source.shape)}.`, {
    source: source.shape,
    tensor: x.shape,
  });
}

/** Arguments of functions that write slices. */
export interface IndexSourceOptions {
  dim: number;
  index: Tensor;
  source: Tensor;
}

/** A copy of x with slices of `source` where index [m] says along `dim`. @see torch.index_copy */
export const indexCopy: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: Tensor, source: Tensor],
    [],
    IndexSourceOptions,
    [dim: number, index: Tensor, options: Omit<IndexSourceOptions, 'dim' | 'index'>]
  >
) => Tensor = takingNamed(
  signature('indexCopy', [INPUT, argument('dim', DIM), argument('index', TENSOR), argument('source', TENSOR)]),
  (x: Tensor, { dim, index, source }: IndexSourceOptions): Tensor => {
    checkPlaces('indexCopy', index);
    checkSlices('indexCopy', x, dim, index, source);
    const [d, places] = spread('indexCopy', x, dim, fromFront(index, x.shape[wrapDim('indexCopy', dim, x.ndim)] ?? 1));
    const rows = source.ndim === 0 ? reshape(source, 1) : source;
    return onReached('indexCopy', x, d, places, rows, setting('indexCopy'));
  },
);

/** Options of `indexReduce`. */
export interface IndexReduceOptions extends IndexSourceOptions {
  reduce: Exclude<ScatterReduction, 'sum'>;
  includeSelf?: boolean;
}

/** A copy of x joined with slices of `source` where index [m] says along `dim`. @see torch.Tensor.index_reduce */
export const indexReduce: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: Tensor, source: Tensor, reduce: Exclude<ScatterReduction, 'sum'>],
    [includeSelf?: boolean],
    IndexReduceOptions,
    [dim: number, index: Tensor, source: Tensor, options: Omit<IndexReduceOptions, 'dim' | 'index' | 'source'>]
  >
) => Tensor = takingNamed(
  signature('indexReduce', [
    INPUT,
    argument('dim', DIM),
    argument('index', TENSOR),
    argument('source', TENSOR),
    argument('reduce', INDEX_REDUCTION),
    argument('includeSelf', FLAG, undefined),
  ]),
  (x: Tensor, { dim, index, source, reduce, includeSelf = true }: IndexReduceOptions): Tensor => {
    checkSlices('indexReduce', x, dim, index, source);
    const [d, places] = spread('indexReduce', x, dim, index);
    return onReached('indexReduce', x, d, places, source, reducing(reduce, includeSelf));
  },
);

/** Options of `indexFill`. */
export interface IndexFillOptions {
  dim: number;
  index: Tensor;
  value: number | boolean | Tensor;
}

/** A copy of x with `value` (a number or a tensor of one) in the slices that index [m] names. @see torch.index_fill */
export const indexFill: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: Tensor, value: number | boolean | Tensor],
    [],
    IndexFillOptions,
    [dim: number, index: Tensor, options: Omit<IndexFillOptions, 'dim' | 'index'>]
  >
) => Tensor = takingNamed(
  signature('indexFill', [INPUT, argument('dim', DIM), argument('index', TENSOR), argument('value', OPERAND)]),
  (x: Tensor, { dim, index, value }: IndexFillOptions): Tensor => {
    checkPlaces('indexFill', index);
    if (value instanceof Tensor && value.ndim > 0) {
      throw new ShapeError('indexFill', `value must be a number or a scalar, got ${formatShape(value.shape)}.`);
    }
    const size = x.shape[wrapDim('indexFill', dim, x.ndim)] ?? 1;
    const [d, places] = spread('indexFill', x, dim, fromFront(index, size));
    const source = value instanceof Tensor ? expand(to(value, x.dtype), places.shape) : Number(value);
    return onReached('indexFill', x, d, places, source, setting('indexFill'));
  },
);

// ---- places of the flattened tensor ---------------------------------------------------------------------------

/** `values` (broadcast) at places of the flattened x, which is returned in its shape. */
export function putAt(op: string, x: Tensor, places: Tensor, values: Tensor, accumulate: boolean): Tensor {
  const join = accumulate ? adding(op) : setting(op);
  const flat = onReached(op, reshape(x, -1), 0, reshape(places, -1), reshape(values, -1), join);
  return reshape(flat, x.shape);
}

/** Options of `put`. */
export interface PutOptions {
  index: Tensor;
  source: Tensor;
  /** Adds to what is there. */
  accumulate?: boolean;
}

/** A copy of x, taken as a vector, with the elements of `source` at the places of index. @see torch.Tensor.put_ */
export const put: (
  x: Tensor,
  ...args: Arguments<
    [index: Tensor, source: Tensor],
    [accumulate?: boolean],
    PutOptions,
    [index: Tensor, options: Omit<PutOptions, 'index'>]
  >
) => Tensor = takingNamed(
  signature('put', [
    INPUT,
    argument('index', TENSOR),
    argument('source', TENSOR),
    argument('accumulate', FLAG, undefined),
  ]),
  (x: Tensor, { index, source, accumulate = false }: PutOptions): Tensor => {
    checkPlaces('put', index);
    if (source.numel() !== index.numel()) {
      throw new ShapeError(
        'put',
        `source must have ${index.numel()} elements, one for each index, got ${source.numel()}.`,
      );
    }
    return putAt('put', x, fromFront(index, x.numel()), source, accumulate);
  },
);

/**
 * A copy of x with elements of `source`, one after the other, where the mask (broadcast) holds.
 * A source with too few elements is a fault.
 * @see torch.Tensor.masked_scatter
 */
export const maskedScatter: (
  x: Tensor,
  ...args: Arguments<
    [mask: Tensor, source: Tensor],
    [],
    { mask: Tensor; source: Tensor },
    [mask: Tensor, options: { source: Tensor }]
  >
) => Tensor = taking(
  signature('maskedScatter', [INPUT, argument('mask', TENSOR), argument('source', TENSOR)]),
  (x, mask, source) => {
    if (mask.dtype !== 'bool') throw new DTypeError('maskedScatter', `mask must be bool, got ${mask.dtype}.`);
    if (source.dtype !== x.dtype) {
      throw new DTypeError(
        'maskedScatter',
        `source must be of the dtype of the tensor, got ${source.dtype} and ${x.dtype}.`,
      );
    }
    const shape = broadcastShapes('maskedScatter', x.shape, mask.shape);
    const whole = sameShape(mask.shape, shape) ? mask : expand(mask, shape);
    if (numelOf(shape) === 0 || source.numel() === 0) return joinedTo(clone(expand(x, shape)), source);
    const order = add(cumsum(reshape(whole, -1), 0), -1);
    const places = reshape(where(whole, reshape(order, shape), 0), -1);
    const taken = reshape(gather(reshape(source, -1), 0, places), shape);
    return where(whole, taken, x);
  },
);
