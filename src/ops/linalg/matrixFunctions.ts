// Powers, the exponential and products of matrices, and matrices seen as maps between tensors.
import { intercepting } from '../../base/intercept';
import { INTEGER, COUNT, DIM, listOf } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, TENSORS, INPUT, OTHER } from '../../core/kinds';
import { composed } from '../../base/errorText';
import { ShapeError, ValueError } from '../../base/errors';
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
import type { Arguments } from '../../base/arguments';

const MATRIX_POWER = signature('linalg.matrixPower', [INPUT, argument('n', INTEGER)]);

/** Aⁿ for a whole n; a negative one of the inverse. @see torch.linalg.matrix_power */
export function matrixPower(a: Tensor, ...args: [n: number] | [named: { n: number }]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('matrixPower', matrixPower, [a, ...args]);
  const { n: exponent } = MATRIX_POWER.take([a, ...args]);
  if (exponent < 0) return matrixPower(inv(a), -exponent);
  if (a.ndim < 2 || a.shape[a.ndim - 1] !== a.shape[a.ndim - 2]) {
    throw new ShapeError('linalg.matrixPower', `expected square matrices, got ${formatShape(a.shape)}.`);
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
export const matrixExp: (a: Tensor) => Tensor = taking(signature('linalg.matrixExp', [INPUT]), (a) => {
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
});

/** The product of several matrices; the first and the last may be vectors. @see torch.linalg.multi_dot */
export const multiDot: (tensors: readonly Tensor[]) => Tensor = taking(
  signature('linalg.multiDot', [argument('tensors', TENSORS)]),
  (tensors) => {
    if (tensors.length < 2)
      throw new ValueError('linalg.multiDot', `expected two matrices at least, got ${tensors.length}.`);
    tensors.forEach((x, i) => {
      const isEnd = i === 0 || i === tensors.length - 1;
      if (x.ndim !== 2 && !(isEnd && x.ndim === 1)) {
        throw new ShapeError(
          'linalg.multiDot',
          `expected matrices (vectors first and last), got ${formatShape(x.shape)}.`,
        );
      }
    });
    return composed('linalg.multiDot', () => tensors.reduce((a, b) => product(a, b)));
  },
);

/** Σ x y along a dimension. @see torch.linalg.vecdot */
export const vecdot: (
  x: Tensor,
  ...args: Arguments<[y: Tensor], [dim?: number], { y: Tensor; dim?: number }>
) => Tensor = takingNamed(
  signature('linalg.vecdot', [argument('x', TENSOR), argument('y', TENSOR), argument('dim', DIM, undefined)]),
  (x: Tensor, { y, dim = -1 }: { y: Tensor; dim?: number }): Tensor => sum(mul(x, y), dim),
);

/** The cross product of vectors of 3 along a dimension; others broadcast. @see torch.linalg.cross */
export const cross: (
  x: Tensor,
  ...args: Arguments<[other: Tensor], [dim?: number], { other: Tensor; dim?: number }>
) => Tensor = takingNamed(
  signature('linalg.cross', [INPUT, OTHER, argument('dim', DIM, undefined)]),
  (a: Tensor, { other, dim = -1 }: { other: Tensor; dim?: number }): Tensor =>
    crossAlong('linalg.cross', a, other, dim),
);

/** Diagonals of matrices. @see torch.linalg.diagonal */
export const diagonal: (
  x: Tensor,
  ...args: Arguments<
    [],
    [offset?: number, dim1?: number, dim2?: number],
    { offset?: number; dim1?: number; dim2?: number }
  >
) => Tensor = takingNamed(
  signature('linalg.diagonal', [
    INPUT,
    argument('offset', INTEGER, undefined),
    argument('dim1', DIM, undefined),
    argument('dim2', DIM, undefined),
  ]),
  (a: Tensor, { offset = 0, dim1 = -2, dim2 = -1 }: { offset?: number; dim1?: number; dim2?: number }): Tensor =>
    diagonalOf(a, offset, dim1, dim2),
);

/** Powers 0 to N - 1 of each element, along a new last dimension. @see torch.linalg.vander */
export const vander: (x: Tensor, ...args: Arguments<[], [N?: number | null], { N?: number | null }>) => Tensor =
  takingNamed(
    signature('linalg.vander', [argument('x', TENSOR), argument('N', COUNT, null)]),
    (x: Tensor, { N }: { N?: number | null }): Tensor => {
      const vectors = x.ndim === 0 ? unsqueeze(x, 0) : x;
      const n = N ?? vectors.shape[vectors.ndim - 1];
      return pow(unsqueeze(vectors, -1), arange(n, { device: x.device }));
    },
  );

/** The inverse of a as a map from its last dimensions to its first `ind`. @see torch.linalg.tensorinv */
export const tensorinv: (x: Tensor, ...args: Arguments<[], [ind?: number], { ind?: number }>) => Tensor = takingNamed(
  signature('linalg.tensorinv', [INPUT, argument('ind', INTEGER, undefined)]),
  (a: Tensor, { ind = 2 }: { ind?: number }): Tensor => {
    if (!(ind > 0)) throw new ValueError('linalg.tensorinv', `ind must be positive, got ${ind}.`);
    const [first, last] = [a.shape.slice(0, ind), a.shape.slice(ind)];
    if (numelOf(first) !== numelOf(last)) {
      throw new ShapeError(
        'linalg.tensorinv',
        `${formatShape(first)} and ${formatShape(last)} must have as many elements.`,
      );
    }
    return reshape(inv(reshape(a, numelOf(first), numelOf(last))), [...last, ...first]);
  },
);

/** X with the sum over its dimensions of a X equal to b. @see torch.linalg.tensorsolve */
export const tensorsolve: (
  x: Tensor,
  ...args: Arguments<[b: Tensor], [dims?: readonly number[] | null], { b: Tensor; dims?: readonly number[] | null }>
) => Tensor = takingNamed(
  signature('linalg.tensorsolve', [INPUT, argument('b', TENSOR), argument('dims', listOf(INTEGER), null)]),
  (a: Tensor, { b, dims = null }: { b: Tensor; dims?: readonly number[] | null }): Tensor => {
    const last = dims === null ? [] : wrapDims('linalg.tensorsolve', dims, a.ndim);
    const order = [...a.shape.map((_, d) => d).filter((d) => !last.includes(d)), ...last];
    const moved = permute(a, order);
    const shape = moved.shape.slice(b.ndim);
    if (numelOf(shape) !== b.numel()) {
      throw new ShapeError(
        'linalg.tensorsolve',
        `${formatShape(shape)} must have as many elements as b, got ${formatShape(b.shape)}.`,
      );
    }
    return reshape(solve(reshape(moved, b.numel(), b.numel()), reshape(b, -1)), shape);
  },
);
