// Reading and adding by index. Each reading op has an adding op as its gradient, and the other way round.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { NUMBER, INTEGER, DIM } from '../../base/kinds';
import { argument, signature, taking, takingNamed, withoutEffect } from '../../base/signature';
import { TENSOR, INPUT } from '../../core/kinds';
import type { IndexOptions } from '../../device/contract';
import { isFloat, type DType } from '../../base/dtype';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { defineOp } from '../../core/op';
import { axisOf, broadcastShapes, formatShape, sameShape, wrapDim } from '../../base/shape';
import { checkTensor, type Tensor } from '../../core/tensor';
import { contiguous, queueCopy, to } from '../shape/copy';
import { arange, fromArray, onesLike, zeros } from '../shape/creation';
import { logicalNot, lt, maskedFill, where } from '../pointwise/compare';
import { expand, narrow, reshape, unsqueeze } from '../shape/view';
import { add, mul, reciprocal } from '../pointwise/arithmetic';
import { all } from '../reduce/reduce';

const INDEX_DTYPES: readonly DType[] = ['int64', 'int32', 'uint8'];

/** @throws DTypeError unless index is of a dtype that kernels take as indices. */
export function checkIndex(op: string, index: Tensor): void {
  checkTensor(op, index);
  if (!INDEX_DTYPES.includes(index.dtype)) {
    throw new DTypeError(op, `index must be int64, int32 or uint8, got ${index.dtype}. Convert it with .long().`, {
      dtype: index.dtype,
    });
  }
}

/** An index with a place for each element must be int64, as in PyTorch. @throws DTypeError */
export function checkPlaces(op: string, index: Tensor): void {
  if (index.dtype === 'int64') return;
  throw new DTypeError(op, `index must be int64, got ${index.dtype}. Convert it with .long().`, {
    dtype: index.dtype,
  });
}

/** An index vector on the device of `like`. */
export const indexVector = (values: readonly number[], { device }: Pick<Tensor, 'device'>): Tensor =>
  to(fromArray(Int32Array.from(values), [values.length], { device }), 'int64');

/** Indices that may count from the end, counted from the front. */
export const fromFront = (index: Tensor, n: number): Tensor => where(lt(index, 0), add(index, n), index);

/** How an indexing op reports what the data tells, and which rows its gradient passes over. */
export interface IndexParams {
  readonly dim: number;
  readonly options: IndexOptions;
  /** Index whose row gets no gradient; null for none. */
  readonly ignoreInGradient: number | null;
  /** Whether the gradient is divided by how often its index occurs. */
  readonly byFrequency?: boolean;
}

/** The same for the adding ops, which also need the size of the dimension they add into. */
interface AddParams extends IndexParams {
  readonly n: number;
}

const adding = (n: number, { dim, options, ignoreInGradient }: IndexParams): AddParams => ({
  n,
  dim,
  ignoreInGradient,
  options: { ...options, ignore: ignoreInGradient },
});

export const withSize = (shape: readonly number[], dim: number, n: number): number[] =>
  shape.map((size, d) => (d === dim ? n : size));

const GATHER: (x: Tensor, index: Tensor, params: IndexParams) => Tensor = defineOp<
  [x: Tensor, index: Tensor],
  IndexParams
>({
  name: 'gather',
  shape: ([x, index]) => ({ shape: index.shape, dtype: x.dtype }),
  forward: (device, [x, index], out, { dim, options }) => {
    device.run('gather', [x, index], [out], { axis: axisOf(x.shape, dim), options });
  },
  saves: { inputs: [1] },
  backward: (grad, { inputs: [, index], params, shapes }) => [
    () => SCATTER(contiguous(grad), index, adding(shapes[0][params.dim], params)),
    null,
  ],
});

/** Zeros of size n along the dimension, with `grad` added where the index says. */
export const SCATTER: (grad: Tensor, index: Tensor, params: AddParams) => Tensor = defineOp<
  [grad: Tensor, index: Tensor],
  AddParams
>({
  name: 'scatterAdd',
  shape: ([grad], { dim, n }) => ({ shape: withSize(grad.shape, dim, n), dtype: grad.dtype }),
  forward: (device, [grad, index], out, { dim, options }) => {
    device.run('scatterAdd', [grad, index], [out], { axis: axisOf(out.shape, dim), options });
  },
  saves: { inputs: [1] },
  backward: (grad, { inputs: [, index], params }) => [() => GATHER(contiguous(grad), index, params), null],
});

const INDEX_SELECT: (x: Tensor, index: Tensor, params: IndexParams) => Tensor = defineOp<
  [x: Tensor, index: Tensor],
  IndexParams
>({
  name: 'indexSelect',
  shape: ([x, index], { dim }) => ({ shape: withSize(x.shape, dim, index.numel()), dtype: x.dtype }),
  forward: (device, [x, index], out, { dim, options }) => {
    device.run('indexSelect', [x, index], [out], { axis: axisOf(x.shape, dim), options });
  },
  saves: { inputs: [1] },
  backward: (grad, { inputs: [, index], params, shapes }) => [
    () => {
      const n = shapes[0][params.dim];
      const { dim, byFrequency = false } = params;
      const share = (): Tensor =>
        mul(
          grad,
          reshape(
            inverseFrequency(index, n, grad, params),
            withSize(
              grad.shape.map(() => 1),
              dim,
              -1,
            ),
          ),
        );
      return INDEX_ADD(contiguous(byFrequency ? share() : grad), index, adding(n, params));
    },
    null,
  ],
});

/** Zeros of size n along the dimension, with the slices of `grad` added where the index says. */
const INDEX_ADD: (grad: Tensor, index: Tensor, params: AddParams) => Tensor = defineOp<
  [grad: Tensor, index: Tensor],
  AddParams
>({
  name: 'indexAdd',
  shape: ([grad], { dim, n }) => ({ shape: withSize(grad.shape, dim, n), dtype: grad.dtype }),
  forward: (device, [grad, index], out, { dim, options }) => {
    device.run('indexAdd', [grad, index], [out], { axis: axisOf(out.shape, dim), options });
  },
  saves: { inputs: [1] },
  backward: (grad, { inputs: [, index], params }) => [() => INDEX_SELECT(contiguous(grad), index, params), null],
});

interface AddOntoParams extends IndexParams {
  readonly wholeRows: boolean;
}

/**
 * x with `source` added where the index says, one element after the other: another order of sums would lose the signs of
 * zeros. Floats; all dense. The index is [m] with `wholeRows`.
 */
const ADD_ONTO: (x: Tensor, source: Tensor, index: Tensor, params: AddOntoParams) => Tensor = defineOp<
  [x: Tensor, source: Tensor, index: Tensor],
  AddOntoParams
>({
  name: 'addByIndex',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [x, source, index], out, { dim, options, wholeRows }) => {
    queueCopy(device, x, out);
    device.run('scatter', [source, index], [out], { kind: 'add', wholeRows, axis: axisOf(out.shape, dim), options });
  },
  saves: { inputs: [2] },
  backward: (grad, { inputs: [, , index], params }) => [
    () => grad,
    () => (params.wholeRows ? INDEX_SELECT : GATHER)(contiguous(grad), index, params),
    null,
  ],
});

/** x with `source` added where the index says, at each element or, with `wholeRows`, at slices. */
export function addOnto(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor, wholeRows: boolean): Tensor {
  const params = plainly(op, dim);
  const [values, places] = [contiguous(source), contiguous(index)];
  if (isFloat(x.dtype)) return ADD_ONTO(x, values, places, { ...params, wholeRows });
  return add(x, (wholeRows ? INDEX_ADD : SCATTER)(values, places, { ...params, n: x.shape[dim] }));
}

export const plainly = (op: string, dim: number): IndexParams => ({
  dim,
  options: { op, what: 'index', ignore: null },
  ignoreInGradient: null,
});

/** @throws ShapeError unless index has as many dimensions as x, and outside `dim` no larger ones. */
export function checkWithin(op: string, x: Tensor, index: Tensor, dim: number): void {
  const fits = index.ndim === x.ndim && index.shape.every((size, d) => d === dim || size <= x.shape[d]);
  if (!fits) {
    throw new ShapeError(
      op,
      `index must have the dimensions of the tensor and, except along dimension ${dim}, no larger sizes, ` +
        `got index ${formatShape(index.shape)} and tensor ${formatShape(x.shape)}.`,
      { index: index.shape, tensor: x.shape },
    );
  }
  if (x.shape[dim] === 0 && index.numel() > 0) {
    throw new ValueError(op, `there is nothing to index along dimension ${dim} of ${formatShape(x.shape)}.`);
  }
}

/** The corner of x that an index of `shape` reaches: narrowed in all dimensions but `dim`. */
export function reached(x: Tensor, shape: readonly number[], dim: number): Tensor {
  return shape.reduce((view, size, d) => (d === dim || size === view.shape[d] ? view : narrow(view, d, 0, size)), x);
}

/** gather, for an op that names itself in faults and may pass over an index: results there are 0 and have no gradient. */
export function gatherWith(x: Tensor, dim: number, index: Tensor, options: IndexOptions): Tensor {
  const { op } = options;
  const d = wrapDim(op, dim, x.ndim);
  // Nothing is read, whatever the other sizes and the dtype.
  if (index.numel() === 0) return reshape(narrow(reshape(x, -1), 0, 0, 0).clone(), index.shape);
  checkIndex(op, index);
  // A scalar stands for a vector of one element.
  if ((x.ndim === 0 || index.ndim === 0) && x.ndim <= 1 && index.ndim <= 1) {
    return reshape(gatherWith(reshape(x, -1), 0, reshape(index, -1), options), index.shape);
  }
  checkWithin(op, x, index, d);
  return GATHER(contiguous(reached(x, index.shape, d)), contiguous(index), {
    dim: d,
    options,
    ignoreInGradient: options.ignore,
  });
}

/** Of functions that pick what an index names along a dimension. */
type PickArguments = Arguments<
  [dim: number, index: Tensor],
  [],
  { dim: number; index: Tensor },
  [dim: number, options: { index: Tensor }]
>;

/**
 * out[i][j][k] = x[i][index[i][j][k]][k] for dim 1, and so on. Shape: that of index.
 * An index out of range is a fault: reads of what depends on it reject.
 * @throws ShapeError if index has other dimensions than x, or larger ones outside `dim`
 * @see torch.gather
 */
export const gather: (x: Tensor, ...args: PickArguments) => Tensor = taking(
  signature('gather', [INPUT, argument('dim', DIM), argument('index', TENSOR), withoutEffect('sparseGrad')]),
  (x, dim, index) => {
    return gatherWith(x, dim, index, { op: 'gather', what: 'index', ignore: null });
  },
);

/** @throws ShapeError unless index is a vector. */
export function checkVector(op: string, index: Tensor): void {
  checkIndex(op, index);
  if (index.ndim > 1) {
    throw new ShapeError(op, `index must be a vector, got ${formatShape(index.shape)}.`, { index: index.shape });
  }
}

/** The slices of x along `dim` that index [m] names. Shape: x with size m there. @see torch.index_select */
export const indexSelect: (x: Tensor, ...args: PickArguments) => Tensor = taking(
  signature('indexSelect', [INPUT, argument('dim', DIM), argument('index', TENSOR)]),
  (x, dim, index) => {
    checkVector('indexSelect', index);
    if (x.ndim === 0 && index.numel() !== 1) {
      throw new ShapeError('indexSelect', `the index of a scalar must have one element, got ${index.numel()}.`, {
        index: index.shape,
      });
    }
    if (x.ndim === 0) return reshape(indexSelect(reshape(x, 1), dim, index), []);
    return INDEX_SELECT(contiguous(x), contiguous(index), plainly('indexSelect', wrapDim('indexSelect', dim, x.ndim)));
  },
);

/** Zeros of size n along `dim`, with the slices of `source` added where index [m] says. */
export const addAlong = (source: Tensor, dim: number, index: Tensor, n: number): Tensor =>
  INDEX_ADD(contiguous(source), contiguous(index), { ...plainly('indexAdd', dim), n });

/** What ops made of indexSelect and indexAdd may ask for. */
export interface SelectOptions extends IndexOptions {
  /** An index whose slices have no gradient; `ignore` by default. */
  readonly ignoreInGradient?: number | null;
  /** Whether gradients are divided by how often their index occurs. */
  readonly byFrequency?: boolean;
}

/** indexSelect, for an op that names itself in faults and may pass over an index: slices there are 0 and have no gradient. */
export const indexSelectWith = (x: Tensor, dim: number, index: Tensor, options: SelectOptions): Tensor => {
  const { ignoreInGradient = options.ignore, byFrequency = false } = options;
  return INDEX_SELECT(contiguous(x), contiguous(index), { dim, options, ignoreInGradient, byFrequency });
};

/** Zeros of size n along `dim`, with the slices of `source` added where index says, for an op that names itself in faults. */
export const indexAddWith = (source: Tensor, dim: number, index: Tensor, n: number, options: IndexOptions): Tensor =>
  INDEX_ADD(contiguous(source), contiguous(index), { dim, n, options, ignoreInGradient: options.ignore });

/** 1 over how often the index at each place occurs among the indices [m] of n slices. */
function inverseFrequency(index: Tensor, n: number, like: Tensor, { options }: IndexParams): Tensor {
  const ones = onesLike(index, { dtype: like.dtype });
  const counts = indexAddWith(ones, 0, index, n, options);
  return reciprocal(indexSelectWith(counts, 0, index, options));
}

/** Arguments of `indexAdd`. */
export interface IndexAddOptions {
  dim: number;
  index: Tensor;
  source: Tensor;
  /** 1 by default. */
  alpha?: number;
}
const INDEX_ADD_ARGUMENTS = signature('indexAdd', [
  INPUT, argument('dim', DIM), argument('index', TENSOR), argument('source', TENSOR), argument('alpha', NUMBER, 1),
]); // prettier-ignore

/** `x` with alpha times the slices of `source` added where index [m] says along `dim`. @see torch.index_add */
export function indexAdd(
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: Tensor, source: Tensor],
    [alpha?: number],
    IndexAddOptions,
    [dim: number, index: Tensor, options: Omit<IndexAddOptions, 'dim' | 'index'>]
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('indexAdd', indexAdd, [x, ...args]);
  const { dim, index, source, alpha } = INDEX_ADD_ARGUMENTS.take([x, ...args]);
  checkVector('indexAdd', index);
  if (source.dtype !== x.dtype) {
    throw new DTypeError(
      'indexAdd',
      `source must have the dtype of the tensor, got ${source.dtype} and ${x.dtype}. Convert it with .to('${x.dtype}').`,
      { dtype: source.dtype },
    );
  }
  // A scalar stands for a vector of one element.
  if (x.ndim === 0) {
    return reshape(indexAdd(reshape(x, 1), dim, index, reshape(source, -1), alpha), []);
  }
  if (source.ndim === 0) return indexAdd(x, dim, index, reshape(source, 1), alpha);
  const d = wrapDim('indexAdd', dim, x.ndim);
  if (!sameShape(source.shape, withSize(x.shape, d, index.numel()))) {
    throw new ShapeError(
      'indexAdd',
      `source must have the shape ${formatShape(withSize(x.shape, d, index.numel()))}, got ${formatShape(source.shape)}.`,
      { source: source.shape, tensor: x.shape },
    );
  }
  // Also where a number would make another dtype of it.
  const scaled = alpha === 1 ? source : to(mul(source, alpha), source.dtype);
  return addOnto('indexAdd', x, d, index, scaled, true);
}

/**
 * 1 at the class of each element, else 0. Shape: [*] -> [*, numClasses], int64.
 * The number of classes must be given: it cannot be told without waiting for the data.
 * @see torch.nn.functional.one_hot
 */
export function oneHot(classes: Tensor, numClasses: number): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('oneHot', oneHot, [classes, numClasses]);
  if (!Number.isInteger(numClasses) || numClasses < 1) {
    throw new ValueError(
      'oneHot',
      `numClasses must be a whole number >= 1, got ${String(numClasses)}. To use the greatest class, read it first: 1 + await classes.max().item().`,
    );
  }
  checkIndex('oneHot', classes);
  const index = contiguous(unsqueeze(classes, -1));
  const params: AddParams = {
    dim: classes.ndim,
    n: numClasses,
    options: { op: 'oneHot', what: 'label', ignore: null },
    ignoreInGradient: null,
  };
  return SCATTER(onesLike(index, { dtype: 'int64' }), index, params);
}

/**
 * 0 of the dtype of `like`, which is a fault unless `holds` is true everywhere: added to a result, it lets whoever reads that
 * know. `what` names the element that must not be there.
 */
export function requireAll(op: string, what: string, holds: Tensor, { dtype, device }: Tensor): Tensor {
  // The only row there is, or the one behind it.
  const row = reshape(to(logicalNot(all(holds)), 'int32'), [1]);
  const none = zeros([1], { dtype, device });
  return reshape(indexSelectWith(none, 0, row, { op, what, ignore: null }), []);
}

/** Elements of x, taken as a vector, by index; negative ones count from the end. Shape: that of index. @see torch.take */
export const take: (x: Tensor, ...args: Arguments<[index: Tensor], [], { index: Tensor }>) => Tensor = taking(
  signature('take', [INPUT, argument('index', TENSOR)]),
  (x, index) => {
    checkPlaces('take', index);
    const places = contiguous(reshape(fromFront(index, x.numel()), -1));
    return reshape(INDEX_SELECT(contiguous(reshape(x, -1)), places, plainly('take', 0)), index.shape);
  },
);

/** Zero without a promotion. */
const zeroOf = ({ dtype }: Tensor): number | boolean => (dtype === 'bool' ? false : 0);

/** Whether column - row of a matrix [n, m] is above `diagonal`. */
function above(op: string, x: Tensor, diagonal: number): Tensor {
  if (x.ndim < 2) throw new ShapeError(op, `expected at least 2 dimensions, got ${formatShape(x.shape)}.`);
  const [n, m] = x.shape.slice(-2);
  const { device } = x;
  return arange(m, { device }).gt(arange(n, { device }).unsqueeze(1).add(diagonal));
}

/** Which diagonal `tril` and `triu` keep last; default 0, the main one. */
export interface TriangleOptions {
  diagonal?: number;
}
type TriangleArguments = Arguments<[], [diagonal?: number], TriangleOptions>;

const TRIL = signature('tril', [INPUT, argument('diagonal', INTEGER, undefined)]);

/** Matrices with zeros above a diagonal. @see torch.tril */
export function tril(x: Tensor, ...args: TriangleArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('tril', tril, [x, ...args]);
  const { diagonal = 0 } = TRIL.take([x, ...args]);
  return maskedFill(x, above('tril', x, diagonal), zeroOf(x));
}

const TRIU = signature('triu', [INPUT, argument('diagonal', INTEGER, undefined)]);

/** Matrices with zeros below a diagonal. @see torch.triu */
export function triu(x: Tensor, ...args: TriangleArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('triu', triu, [x, ...args]);
  const { diagonal = 0 } = TRIU.take([x, ...args]);
  return maskedFill(x, above('triu', x, diagonal - 1).logicalNot(), zeroOf(x));
}

/** Options of `takeAlongDim`. */
export interface TakeAlongDimOptions {
  indices: Tensor;
  dim?: number | null;
}

/** `gather` with x and indices broadcast against each other outside `dim`; without a dim from the flattened x. @see torch.take_along_dim */
export const takeAlongDim: (
  x: Tensor,
  ...args: Arguments<[indices: Tensor], [dim?: number | null], TakeAlongDimOptions>
) => Tensor = takingNamed(
  signature('takeAlongDim', [INPUT, argument('indices', TENSOR), argument('dim', DIM, null)]),
  (x: Tensor, { indices, dim = null }: TakeAlongDimOptions): Tensor => {
    checkPlaces('takeAlongDim', indices);
    if (dim === null) return gather(reshape(x, -1), 0, reshape(indices, -1));
    if (x.ndim !== indices.ndim) {
      throw new ShapeError(
        'takeAlongDim',
        `indices must have ${x.ndim} dimensions, got ${formatShape(indices.shape)} for ${formatShape(x.shape)}.`,
      );
    }
    const d = wrapDim('takeAlongDim', dim, x.ndim);
    const shape = broadcastShapes('takeAlongDim', withSize(x.shape, d, 1), withSize(indices.shape, d, 1));
    return gather(expand(x, withSize(shape, d, x.shape[d])), d, expand(indices, withSize(shape, d, indices.shape[d])));
  },
);
