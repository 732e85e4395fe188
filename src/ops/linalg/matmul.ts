// Matrix products in all their forms. Two primitives, mm and bmm, and linear, which adds a bias in the same kernel;
// the rest are views and reshapes around them. Transposed operands are views: the kernel takes any strides.
import type { Arguments } from '../../base/arguments';
import { NUMBER } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { TENSOR, INPUT, OTHER } from '../../core/kinds';
import { composed } from '../../base/errorText';
import type { Device, View } from '../../device/contract';
import { isFloat, promoteTypes, resultType, type DType } from '../../base/dtype';
import { DTypeError, ShapeError } from '../../base/errors';
import { defineOp, type Saves } from '../../core/op';
import { broadcastShapes, formatShape, numelOf, sameShape, viewStrides, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { contiguous } from '../shape/copy';
import { zerosLike } from '../shape/creation';
import { joinedTo } from '../reduce/joined';
import { expand, mT, reshape, squeeze, unsqueeze } from '../shape/view';
import { add, mul } from '../pointwise/arithmetic';

/** @throws DTypeError unless all dtypes are equal and numeric */
function checkDTypes(op: string, ...tensors: readonly (Tensor | null)[]): void {
  const dtypes = tensors.flatMap((x) => (x === null ? [] : [x.dtype]));
  if (dtypes.some((dtype) => dtype !== dtypes[0])) {
    throw new DTypeError(
      op,
      `dtypes must match, got ${dtypes.join(' and ')}. Convert with .to('${dtypes.reduce(promoteTypes)}').`,
      { dtypes },
    );
  }
  if (dtypes[0] === 'bool') {
    throw new DTypeError(op, `bool has no product. Convert with .to('float32').`, { dtypes });
  }
}

/** @throws ShapeError unless x has `ndim` dimensions */
function checkDimensions(op: string, what: string, x: Tensor, ndim: number): void {
  if (x.ndim === ndim) return;
  throw new ShapeError(
    op,
    `${what} must have ${ndim} dimension${ndim === 1 ? '' : 's'}, got shape ${formatShape(x.shape)}.${ndim > 1 ? ' matmul takes any.' : ''}`,
    { shape: x.shape },
  );
}

/** @throws ShapeError unless the last dimension of `a` is the one of `b` that is summed over */
function checkInner(op: string, a: Shape, b: Shape): void {
  const [left, right] = [a[a.length - 1], b[b.length === 1 ? 0 : b.length - 2]];
  if (left === right) return;
  throw new ShapeError(
    op,
    `inner dimensions must match, got ${formatShape(a)} and ${formatShape(b)} (${left} and ${right}). ` +
      'Transpose one of them, or check the layer sizes.',
    { shapes: [a, b] },
  );
}

/** The gradient of one factor takes the other one only. */
const ofTheOther = ([a, b]: readonly boolean[]): Saves => ({ inputs: [...(b ? [0] : []), ...(a ? [1] : [])] });

/** A matrix as the kernel sees it: a batch of one. */
const single = ({ buffer, dtype, shape, strides, offset }: View): View => ({
  buffer,
  dtype,
  shape: [1, ...shape],
  strides: [0, ...strides],
  offset,
});

/**
 * Product of two matrices. Shape: [m, k] and [k, n] -> [m, n].
 * @throws ShapeError, DTypeError
 * @see torch.mm
 */
const MM: (a: Tensor, b: Tensor) => Tensor = defineOp<[a: Tensor, b: Tensor]>({
  name: 'mm',
  shape: ([a, b]) => {
    checkDimensions('mm', 'the first matrix', a, 2);
    checkDimensions('mm', 'the second matrix', b, 2);
    checkInner('mm', a.shape, b.shape);
    checkDTypes('mm', a, b);
    return { shape: [a.shape[0], b.shape[1]], dtype: a.dtype };
  },
  forward: (device, [a, b], out) => {
    device.run('gemm', [single(a), single(b), null], [single(out)], null);
  },
  saves: ofTheOther,
  // C = AB:  dA = dC Bᵀ,  dB = Aᵀ dC
  backward: (grad, { inputs: [a, b] }) => [() => MM(grad, mT(b)), () => MM(mT(a), grad)],
});

/**
 * Products of two batches of matrices. Shape: [batch, m, k] and [batch, k, n] -> [batch, m, n].
 * @throws ShapeError, DTypeError
 * @see torch.bmm
 */
const BMM: (a: Tensor, b: Tensor) => Tensor = defineOp<[a: Tensor, b: Tensor]>({
  name: 'bmm',
  shape: ([a, b]) => {
    checkDimensions('bmm', 'the first batch', a, 3);
    checkDimensions('bmm', 'the second batch', b, 3);
    if (a.shape[0] !== b.shape[0]) {
      throw new ShapeError(
        'bmm',
        `batch sizes must match, got ${formatShape(a.shape)} and ${formatShape(b.shape)} (${a.shape[0]} and ${b.shape[0]}). matmul broadcasts.`,
        { shapes: [a.shape, b.shape] },
      );
    }
    checkInner('bmm', a.shape, b.shape);
    checkDTypes('bmm', a, b);
    return { shape: [a.shape[0], a.shape[1], b.shape[2]], dtype: a.dtype };
  },
  forward: (device, [a, b], out) => {
    device.run('gemm', [a, b, null], [out], null);
  },
  saves: ofTheOther,
  backward: (grad, { inputs: [a, b] }) => [() => BMM(grad, mT(b)), () => BMM(mT(a), grad)],
});

const WITH_MAT2 = [INPUT, argument('mat2', TENSOR)] as const;

/**
 * Product of two matrices. Shape: [m, k] and [k, n] -> [m, n].
 * @throws ShapeError, DTypeError
 * @see torch.mm
 */
export const mm: (a: Tensor, ...args: Arguments<[mat2: Tensor], [], { mat2: Tensor }>) => Tensor = taking(
  signature('mm', WITH_MAT2),
  MM,
);
/**
 * Products of two batches of matrices. Shape: [batch, m, k] and [batch, k, n] -> [batch, m, n].
 * @throws ShapeError, DTypeError
 * @see torch.bmm
 */
export const bmm: (a: Tensor, ...args: Arguments<[mat2: Tensor], [], { mat2: Tensor }>) => Tensor = taking(
  signature('bmm', WITH_MAT2),
  BMM,
);

const rowsOf = (shape: Shape): number => numelOf(shape.slice(0, -1));

/** Queues x Wᵀ + b, where the leading dimensions of x are one row index. */
export function queueLinear(device: Device, x: Tensor, weight: Tensor, bias: Tensor | null, out: Tensor): void {
  const rows = rowsOf(x.shape);
  const [outFeatures, inFeatures] = weight.shape;
  const { buffer, dtype, offset } = x;
  const shape = [1, rows, inFeatures];
  const strides = viewStrides(x.shape, x.strides, shape);
  if (strides === null) throw new Error('internal: the input of linear is not a matrix');
  const transposed: View = {
    buffer: weight.buffer,
    dtype,
    shape: [1, inFeatures, outFeatures],
    strides: [0, weight.strides[1], weight.strides[0]],
    offset: weight.offset,
  };
  const result: View = {
    buffer: out.buffer,
    dtype,
    shape: [1, rows, outFeatures],
    strides: [rows * outFeatures, outFeatures, 1],
    offset: out.offset,
  };
  device.run('gemm', [{ buffer, dtype, shape, strides, offset }, transposed, bias], [result], null);
}

/** A primitive for speed: the bias is added where the sums end, and any number of leading dimensions is one matrix. */
const affine: (x: Tensor, weight: Tensor, bias: Tensor | null) => Tensor = defineOp<
  [x: Tensor, weight: Tensor, bias: Tensor | null]
>({
  name: 'linear',
  shape: ([x, weight, bias]) => {
    checkDimensions('linear', 'weight', weight, 2);
    const [outFeatures, inFeatures] = weight.shape;
    if (x.shape[x.ndim - 1] !== inFeatures) {
      throw new ShapeError(
        'linear',
        `the last dimension of the input must be the weight's second, got ${formatShape(x.shape)} and ${formatShape(weight.shape)} ` +
          `(${x.ndim === 0 ? 'none' : x.shape[x.ndim - 1]} and ${inFeatures}). Check inFeatures, or flatten the input first.`,
        { shapes: [x.shape, weight.shape] },
      );
    }
    checkDTypes('linear', x, weight, bias);
    return { shape: [...x.shape.slice(0, -1), outFeatures], dtype: x.dtype };
  },
  forward: (device, [x, weight, bias], out) => {
    queueLinear(device, x, weight, bias, out);
  },
  saves: ofTheOther,
  // Y = X Wᵀ + b:  dX = dY W,  dW = dYᵀ X,  db = dY summed over its rows (which is how a broadcast is undone)
  backward: (grad, { inputs: [x, weight], shapes: [, [outFeatures, inFeatures]] }) => [
    () => linear(grad, mT(weight)),
    () => {
      const rows = rowsOf(x.shape);
      return MM(mT(reshape(grad, [rows, outFeatures])), reshape(x, [rows, inFeatures]));
    },
    () => grad,
  ],
});

/** Whether `shape` broadcasts to `to`. */
const broadcasts = (shape: Shape, to: Shape): boolean =>
  shape.length <= to.length && shape.every((size, i) => size === 1 || size === to[to.length - shape.length + i]);

/** Dense unless its leading dimensions are one row index anyway. */
function asRows(x: Tensor): Tensor {
  if (x.ndim <= 2) return x;
  const matrix = [rowsOf(x.shape), x.shape[x.ndim - 1]];
  return viewStrides(x.shape, x.strides, matrix) === null ? contiguous(x) : x;
}

/**
 * x Wᵀ + b on the last dimension.
 *
 * Shape: input [*, inFeatures], weight [outFeatures, inFeatures], bias [outFeatures], or what broadcasts to the result
 * -> [*, outFeatures]; with a weight [inFeatures] -> [*].
 * @throws ShapeError, DTypeError
 * @see torch.nn.functional.linear
 */
export const linear: (
  input: Tensor,
  ...args: Arguments<[weight: Tensor], [bias?: Tensor | null], { weight: Tensor; bias?: Tensor | null }>
) => Tensor = taking(
  signature('linear', [INPUT, argument('weight', TENSOR), argument('bias', TENSOR, null)]),
  (input, weight, bias) => {
    if (weight.ndim === 1) {
      const product = squeeze(linear(input, unsqueeze(weight, 0)), -1);
      return bias === null ? product : add(product, bias);
    }
    const x = asRows(input);
    const isRow = bias === null || weight.ndim !== 2 || sameShape(bias.shape, [weight.shape[0]]);
    if (isRow) return affine(x, weight, bias === null ? null : contiguous(bias));
    const product = affine(x, weight, null);
    // What broadcasts to the product of matrices; of more dimensions, one number.
    const fits = product.ndim <= 2 ? broadcasts(bias.shape, product.shape) : bias.ndim <= 1 && bias.numel() === 1;
    if (fits) {
      checkDTypes('linear', x, weight, bias);
      return add(product, bias);
    }
    throw new ShapeError(
      'linear',
      `bias must have the shape [${weight.shape[0]}] (the weight's first dimension), got ${formatShape(bias.shape)}.`,
      { shapes: [weight.shape, bias.shape] },
    );
  },
);

/** Product of a matrix and a vector. Shape: [m, k] and [k] -> [m]. @throws ShapeError, DTypeError @see torch.mv */
export const mv: (matrix: Tensor, ...args: Arguments<[vec: Tensor], [], { vec: Tensor }>) => Tensor = taking(
  signature('mv', [INPUT, argument('vec', TENSOR)]),
  (matrix, vector) => {
    checkDimensions('mv', 'the matrix', matrix, 2);
    checkDimensions('mv', 'the vector', vector, 1);
    checkInner('mv', matrix.shape, vector.shape);
    return squeeze(MM(matrix, unsqueeze(vector, 1)), 1);
  },
);

/** Sum of the products of two vectors. Shape: [n] and [n] -> []. @throws ShapeError, DTypeError @see torch.dot */
export const dot: (a: Tensor, ...args: Arguments<[tensor: Tensor], [], { tensor: Tensor }>) => Tensor = taking(
  signature('dot', [INPUT, argument('tensor', TENSOR)]),
  (a, b) => {
    checkDimensions('dot', 'the first vector', a, 1);
    checkDimensions('dot', 'the second vector', b, 1);
    checkInner('dot', a.shape, b.shape);
    return reshape(MM(unsqueeze(a, 0), unsqueeze(b, 1)), []);
  },
);

/** All products of two vectors' elements. Shape: [m] and [n] -> [m, n]. @throws ShapeError, DTypeError @see torch.outer */
export const outer: (a: Tensor, ...args: Arguments<[vec2: Tensor], [], { vec2: Tensor }>) => Tensor = taking(
  signature('outer', [INPUT, argument('vec2', TENSOR)]),
  (a, b) => {
    checkDimensions('outer', 'the first vector', a, 1);
    checkDimensions('outer', 'the second vector', b, 1);
    return mul(unsqueeze(a, 1), unsqueeze(b, 0));
  },
);

/**
 * Matrix product of tensors of any rank: vectors give dot products and matrix-vector products, leading dimensions are
 * batches and broadcast.
 *
 * Shape: [*, m, k] and [*, k, n] -> [*, m, n]; a vector stands for a row on the left, a column on the right.
 * @throws ShapeError, DTypeError
 * @see torch.matmul
 */
export const matmul: (a: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Tensor = taking(
  signature('matmul', [INPUT, OTHER]),
  product,
);

function product(a: Tensor, b: Tensor): Tensor {
  if (a.ndim === 0 || b.ndim === 0) {
    throw new ShapeError(
      'matmul',
      `both tensors must have a dimension, got ${formatShape(a.shape)} and ${formatShape(b.shape)}. Use mul for scalars.`,
      { shapes: [a.shape, b.shape] },
    );
  }
  checkInner('matmul', a.shape, b.shape);
  checkDTypes('matmul', a, b);
  if (a.ndim === 1) return b.ndim === 1 ? dot(a, b) : squeeze(product(unsqueeze(a, 0), b), -2);
  if (b.ndim === 1) return a.ndim === 2 ? mv(a, b) : squeeze(product(a, unsqueeze(b, 1)), -1);
  if (a.ndim === 2 && b.ndim === 2) return MM(a, b);
  // A matrix on the right serves all rows of the left, whatever their batch: one product.
  if (b.ndim === 2) return linear(a, mT(b));
  return matmulBatches(a, b);
}

function matmulBatches(a: Tensor, b: Tensor): Tensor {
  const [m, k, n] = [a.shape[a.ndim - 2], a.shape[a.ndim - 1], b.shape[b.ndim - 1]];
  const [left, right] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcastShapes('matmul', left, right);
  const count = numelOf(batch);
  const flat = (x: Tensor, rows: number, columns: number): Tensor => {
    const shape = [...batch, rows, columns];
    const expanded = sameShape(x.shape, shape) ? x : expand(x, shape);
    return expanded.ndim === 3 ? expanded : reshape(expanded, [count, rows, columns]);
  };
  const products = BMM(flat(a, m, k), flat(b, k, n));
  return batch.length === 1 ? products : reshape(products, [...batch, m, n]);
}

/** Factors of addmm and baddbmm: beta for the tensor that is added (0 leaves it out, NaN and all), alpha for the product. */
export interface AddOptions {
  readonly beta?: number;
  readonly alpha?: number;
}

/** The factor in the dtype of the result: PyTorch cuts fractions off for integers; of booleans all but 0 is true. */
const factor = (value: number, dtype: DType): number | boolean =>
  isFloat(dtype) ? value : dtype === 'bool' ? Boolean(value) : Math.trunc(value);

/** Of which the tensor that is added must have the dtype of the product; where alpha is 0 they pass over the product, NaN and all. */
const BY_MATRICES = ['addmm', 'addbmm'];
const PASSING_OVER = [...BY_MATRICES, 'addmv'];

function addProduct(op: string, input: Tensor, multiply: () => Tensor, options: AddOptions): Tensor {
  const given = composed(op, multiply);
  if (BY_MATRICES.includes(op) && input.dtype !== given.dtype) {
    throw new DTypeError(
      op,
      `the tensor that is added must be of the dtype of the matrices, got ${input.dtype} and ${given.dtype}. Convert it with .to('${given.dtype}').`,
      { dtype: input.dtype },
    );
  }
  const isPassedOver = options.alpha === 0 && isFloat(given.dtype) && PASSING_OVER.includes(op);
  const product = isPassedOver ? joinedTo(zerosLike(given), given) : given;
  const dtype = resultType(input, product);
  const beta = factor(options.beta ?? 1, dtype);
  const alpha = factor(options.alpha ?? 1, dtype);
  if (!sameShape(broadcastShapes(op, input.shape, product.shape), product.shape)) {
    throw new ShapeError(
      op,
      `the tensor that is added must broadcast to the product, got ${formatShape(input.shape)} and ${formatShape(product.shape)}.`,
      { shapes: [input.shape, product.shape] },
    );
  }
  if (Number(beta) === 0) return joinedTo(mul(product, alpha), input);
  const kept = Number(beta) === 1 ? input : mul(input, beta);
  return typeof alpha === 'boolean' ? add(kept, mul(product, alpha)) : add(kept, product, { alpha });
}

type AddingProduct = (
  input: Tensor,
  a: Tensor,
  b: Tensor,
  ...args: Arguments<[], [beta?: number, alpha?: number], AddOptions>
) => Tensor;

/** Such a function, whose factors PyTorch calls `first` and `second`. */
const adding = (
  name: string,
  first: string,
  second: string,
  f: (input: Tensor, a: Tensor, b: Tensor, factors: Required<AddOptions>) => Tensor,
): AddingProduct =>
  taking(
    signature(name, [
      INPUT, argument(first, TENSOR), argument(second, TENSOR), argument('beta', NUMBER, 1), argument('alpha', NUMBER, 1),
    ]), // prettier-ignore
    (input, a, b, beta, alpha) => f(input, a, b, { beta, alpha }),
  );

/**
 * beta input + alpha a b. Shape: input broadcast to [m, n], a [m, k], b [k, n] -> [m, n].
 * @throws ShapeError, DTypeError
 * @see torch.addmm
 */
export const addmm: AddingProduct = adding('addmm', 'mat1', 'mat2', (input, a, b, { beta, alpha }) => {
  const fits = a.ndim === 2 && b.ndim === 2 && a.shape[1] === b.shape[0];
  const isBias = beta === 1 && alpha === 1 && fits && sameShape(input.shape, [b.shape[1]]);
  return isBias ? linear(a, mT(b), input) : addProduct('addmm', input, () => MM(a, b), { beta, alpha });
});

/**
 * beta input + alpha a b, by batches. Shape: input broadcast to [batch, m, n], a [batch, m, k], b [batch, k, n].
 * @throws ShapeError, DTypeError
 * @see torch.baddbmm
 */
export const baddbmm: AddingProduct = adding('baddbmm', 'batch1', 'batch2', (input, a, b, options) =>
  addProduct('baddbmm', input, () => BMM(a, b), options),
);

/** beta input + alpha matrix vector. Shape: input broadcast to [m], matrix [m, k], vector [k]. @see torch.addmv */
export const addmv: AddingProduct = adding('addmv', 'mat', 'vec', (input, matrix, vector, options) =>
  addProduct('addmv', input, () => mv(matrix, vector), options),
);

/** beta input + alpha a bᵀ of vectors. Shape: input broadcast to [m, n], a [m], b [n]. @see torch.addr */
export const addr: AddingProduct = adding('addr', 'vec1', 'vec2', (input, a, b, options) =>
  addProduct('addr', input, () => outer(a, b), options),
);

/** beta input + alpha Σ of the batch of products. Shape: input broadcast to [m, n], a [batch, m, k], b [batch, k, n]. @see torch.addbmm */
export const addbmm: AddingProduct = adding('addbmm', 'batch1', 'batch2', (input, a, b, options) =>
  addProduct('addbmm', input, () => BMM(a, b).sum(0, { dtype: a.dtype }), options),
);
