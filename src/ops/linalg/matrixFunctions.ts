// Powers, the exponential and products of matrices, and matrices seen as maps between tensors.
import { taking } from '../../base/arguments';
import { composed } from '../../base/errorText';
import { ShapeError } from '../../base/errors';
import { formatShape, numelOf, wrapDims } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { gt, where } from '../pointwise/compare';
import { crossAlong } from './contraction';
import { arange, zeros } from '../shape/creation';
import { checkMatrix, identityLike, lifted } from './decomposition';
import { matmul as product } from './matmul';
import { diagonal as diagonalOf, permute, reshape, unsqueeze } from '../shape/view';
import { abs, add, div, exp2, log2, mul, neg, pow } from '../pointwise/arithmetic';
import { amax, sum } from '../reduce/reduce';
import { inv, solve } from './solve';

/** Aⁿ for a whole n; a negative one of the inverse. @see torch.linalg.matrix_power */
export function matrixPower(a: Tensor, n: number | { n: number }): Tensor {
  const exponent = typeof n === 'number' ? n : n.n;
  if (!Number.isInteger(exponent))
    throw new RangeError(`linalg.matrixPower: n must be a whole number, got ${exponent}.`);
  if (exponent < 0) return matrixPower(inv(a), -exponent);
  if (a.ndim < 2 || a.shape[a.ndim - 1] !== a.shape[a.ndim - 2]) {
    throw new ShapeError(`linalg.matrixPower: expected square matrices, got ${formatShape(a.shape)}.`);
  }
  // The gradient of a constant is zero, but there is one.
  if (exponent === 0) return where(zeros([], { dtype: 'bool', device: a.device }), a, identityLike(a));
  if (exponent === 1) return a.clone();
  const root = matrixPower(a, Math.floor(exponent / 2));
  const square = product(root, root);
  return exponent % 2 === 0 ? square : product(square, a);
}

/** Terms of the series and squarings: e^A is taken of A / 2^s with a norm below 1/2. */
const EXPONENTIAL_TERMS = 18;
const MAX_SQUARINGS = 24;

/** e^A by its series and repeated squaring. @see torch.linalg.matrix_exp */
export function matrixExp(a: Tensor): Tensor {
  checkMatrix('linalg.matrixExp', a, true);
  if (a.numel() === 0) return a.clone();
  // How often a matrix is halved depends on its data, so all squarings are computed and those that count are chosen.
  const size = lifted(amax(sum(abs(a.detach()), -2), -1));
  const halvings = add(log2(size.clamp(2 ** -30)), 1)
    .ceil()
    .clamp(0, MAX_SQUARINGS);
  const small = mul(a, exp2(neg(halvings)));
  const one = identityLike(a);
  let power = add(div(small, EXPONENTIAL_TERMS), one);
  for (let k = EXPONENTIAL_TERMS - 1; k >= 1; k--) power = add(div(product(small, power), k), one);
  for (let k = 0; k < MAX_SQUARINGS; k++) power = where(gt(halvings, k), product(power, power), power);
  return power;
}

/** The product of several matrices; the first and the last may be vectors. @see torch.linalg.multi_dot */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  if (tensors.length < 2)
    throw new RangeError(`linalg.multiDot: expected two matrices at least, got ${tensors.length}.`);
  tensors.forEach((x, i) => {
    const isEnd = i === 0 || i === tensors.length - 1;
    if (x.ndim !== 2 && !(isEnd && x.ndim === 1)) {
      throw new ShapeError(`linalg.multiDot: expected matrices (vectors first and last), got ${formatShape(x.shape)}.`);
    }
  });
  return composed('linalg.multiDot', () => tensors.reduce((a, b) => product(a, b)));
}

/** Σ x y along a dimension. @see torch.linalg.vecdot */
export const vecdot = taking(
  'linalg.vecdot',
  ['y', 'dim'],
  (x: Tensor, { y, dim = -1 }: { y: Tensor; dim?: number }): Tensor => sum(mul(x, y), dim),
);

/** The cross product of vectors of 3 along a dimension; others broadcast. @see torch.linalg.cross */
export const cross = taking(
  'linalg.cross',
  ['other', 'dim'],
  (a: Tensor, { other, dim = -1 }: { other: Tensor; dim?: number }): Tensor =>
    crossAlong('linalg.cross', a, other, dim),
);

/** Diagonals of matrices. @see torch.linalg.diagonal */
export const diagonal = taking(
  'linalg.diagonal',
  ['offset', 'dim1', 'dim2'],
  (a: Tensor, { offset = 0, dim1 = -2, dim2 = -1 }: { offset?: number; dim1?: number; dim2?: number }): Tensor =>
    diagonalOf(a, offset, dim1, dim2),
);

/** Powers 0 to N - 1 of each element, along a new last dimension. @see torch.linalg.vander */
export const vander = taking('linalg.vander', ['N'], (x: Tensor, { N }: { N?: number | null }): Tensor => {
  const vectors = x.ndim === 0 ? unsqueeze(x, 0) : x;
  const n = N ?? vectors.shape[vectors.ndim - 1];
  return pow(unsqueeze(vectors, -1), arange(n, { device: x.device }));
});

/** The inverse of a as a map from its last dimensions to its first `ind`. @see torch.linalg.tensorinv */
export const tensorinv = taking('linalg.tensorinv', ['ind'], (a: Tensor, { ind = 2 }: { ind?: number }): Tensor => {
  if (!(ind > 0)) throw new RangeError(`linalg.tensorinv: ind must be positive, got ${ind}.`);
  const [first, last] = [a.shape.slice(0, ind), a.shape.slice(ind)];
  if (numelOf(first) !== numelOf(last)) {
    throw new ShapeError(
      `linalg.tensorinv: ${formatShape(first)} and ${formatShape(last)} must have as many elements.`,
    );
  }
  return reshape(inv(reshape(a, numelOf(first), numelOf(last))), [...last, ...first]);
});

/** X with the sum over its dimensions of a X equal to b. @see torch.linalg.tensorsolve */
export const tensorsolve = taking(
  'linalg.tensorsolve',
  ['b', 'dims'],
  (a: Tensor, { b, dims = null }: { b: Tensor; dims?: readonly number[] | null }): Tensor => {
    const last = dims === null ? [] : wrapDims('linalg.tensorsolve', dims, a.ndim);
    const order = [...a.shape.map((_, d) => d).filter((d) => !last.includes(d)), ...last];
    const moved = permute(a, order);
    const shape = moved.shape.slice(b.ndim);
    if (numelOf(shape) !== b.numel()) {
      throw new ShapeError(
        `linalg.tensorsolve: ${formatShape(shape)} must have as many elements as b, got ${formatShape(b.shape)}.`,
      );
    }
    return reshape(solve(reshape(moved, b.numel(), b.numel()), reshape(b, -1)), shape);
  },
);
