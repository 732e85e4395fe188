// Norms of vectors and matrices, and the condition number.
import { NUMBER, FLAG, INTEGER, DTYPE, DIMS, oneOf, listOf, either } from '../../base/kinds';
import { argument, signature, takingNamed } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import type { DType } from '../../base/dtype';
import { ShapeError, ValueError } from '../../base/errors';
import { formatShape, wrapDims } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { to } from '../shape/copy';
import { checkMatrix, identityLike, solveBatch, svdOf } from './decomposition';
import { movedim, reshape, select } from '../shape/view';
import { abs, div, mul } from '../pointwise/arithmetic';
import { amax, amin, sum } from '../reduce/reduce';
import { norm as anyNorm } from '../reduce/statistics';
import type { Arguments } from '../../base/arguments';

/** Options of `vectorNorm`. */
export interface VectorNormOptions {
  /** Default 2. */
  ord?: number;
  /** Default: all dimensions. */
  dim?: number | readonly number[] | null;
  keepdim?: boolean;
  dtype?: DType | null;
}

/** (Σ |x|^ord)^(1/ord) over some dimensions or all. @see torch.linalg.vector_norm */
export const vectorNorm: (
  x: Tensor,
  ...args: Arguments<
    [],
    [ord?: number, dim?: number | readonly number[] | null, keepdim?: boolean, dtype?: DType | null],
    VectorNormOptions
  >
) => Tensor = takingNamed(
  signature('linalg.vectorNorm', [
    INPUT,
    argument('ord', NUMBER, undefined),
    argument('dim', DIMS, null),
    argument('keepdim', FLAG, undefined),
    argument('dtype', DTYPE, null),
  ]),
  (x: Tensor, { ord = 2, dim = null, keepdim = false, dtype = null }: VectorNormOptions): Tensor =>
    anyNorm(x, { p: ord, dim, keepdim, dtype }),
);

/** 'fro': as a vector; 'nuc': sum of singular values; ±2: the greatest or least; ±1, ±Infinity: of column or row sums. */
export type MatrixOrder = 'fro' | 'nuc' | number;

const ORDER = either(NUMBER, oneOf('fro', 'nuc'));

/** Options of `matrixNorm`. */
export interface MatrixNormOptions {
  /** Default 'fro'. */
  ord?: MatrixOrder;
  /** Rows and columns; default [-2, -1]. */
  dim?: readonly number[];
  keepdim?: boolean;
  dtype?: DType | null;
}

/** A norm of matrices. @see torch.linalg.matrix_norm */
export const matrixNorm: (
  x: Tensor,
  ...args: Arguments<
    [],
    [ord?: MatrixOrder, dim?: readonly number[], keepdim?: boolean, dtype?: DType | null],
    MatrixNormOptions
  >
) => Tensor = takingNamed(
  signature('linalg.matrixNorm', [
    INPUT,
    argument('ord', ORDER, undefined),
    argument('dim', listOf(INTEGER), undefined),
    argument('keepdim', FLAG, undefined),
    argument('dtype', DTYPE, null),
  ]),
  (a: Tensor, { ord = 'fro', dim = [-2, -1], keepdim = false, dtype = null }: MatrixNormOptions): Tensor => {
    if (a.ndim < 2 || dim.length !== 2) {
      throw new ShapeError(
        'linalg.matrixNorm',
        `expected matrices and two dimensions, got ${formatShape(a.shape)} and ${formatShape(dim)}.`,
      );
    }
    const dims = wrapDims('linalg.matrixNorm', dim, a.ndim);
    const x = dtype === null ? a : to(a, dtype);
    checkMatrix('linalg.matrixNorm', x);
    const back = (norm: Tensor): Tensor =>
      keepdim ? reshape(norm, x.shape.map((size, d) => (dims.includes(d) ? 1 : size))) : norm; // prettier-ignore
    const moved = movedim(x, dims, [-2, -1]);
    const singular = (): Tensor => svdOf('linalg.matrixNorm', moved)[1];
    if (ord === 'fro') return back(anyNorm(moved, 2, [-2, -1]));
    if (ord === 'nuc') return back(sum(singular(), -1));
    const choose = ord > 0 ? amax : amin;
    switch (Math.abs(ord)) {
      case 1:
        return back(choose(sum(abs(moved), -2), -1));
      case 2:
        return back(choose(singular(), -1));
      case Infinity:
        return back(choose(sum(abs(moved), -1), -1));
      default:
        throw new ValueError('linalg.matrixNorm', `ord must be 'fro', 'nuc', ±1, ±2 or ±Infinity, got ${String(ord)}.`);
    }
  },
);

/** Options of `norm`. */
export interface LinalgNormOptions {
  ord?: MatrixOrder | null;
  dim?: number | readonly number[] | null;
  keepdim?: boolean;
  dtype?: DType | null;
}

/** The vector norm over one dimension or, without `ord`, all; the matrix norm over two. @see torch.linalg.norm */
export const norm: (
  x: Tensor,
  ...args: Arguments<
    [],
    [ord?: MatrixOrder | null, dim?: number | readonly number[] | null, keepdim?: boolean, dtype?: DType | null],
    LinalgNormOptions
  >
) => Tensor = takingNamed(
  signature('linalg.norm', [
    INPUT,
    argument('ord', ORDER, null),
    argument('dim', DIMS, null),
    argument('keepdim', FLAG, undefined),
    argument('dtype', DTYPE, null),
  ]),
  (x: Tensor, { ord = null, dim = null, keepdim = false, dtype = null }: LinalgNormOptions): Tensor => {
    const two = dim === null ? x.ndim === 2 : typeof dim === 'object' && dim.length === 2;
    if (ord !== null && dim === null && x.ndim > 2) {
      throw new ShapeError(
        'linalg.norm',
        `with ord the input must be a vector or a matrix, got ${formatShape(x.shape)}. Pass dim.`,
      );
    }
    if (ord !== null && two) {
      return matrixNorm(x, { ord, dim: typeof dim === 'object' && dim !== null ? dim : [-2, -1], keepdim, dtype });
    }
    if (typeof ord === 'string')
      throw new ValueError('linalg.norm', `ord '${ord}' is for matrices, got one dimension.`);
    return anyNorm(x, { p: ord ?? 2, dim, keepdim, dtype });
  },
);

/** The condition number: the norm of A times that of its inverse; by default σ₁ / σₙ. @see torch.linalg.cond */
export const cond: (x: Tensor, ...args: Arguments<[], [p?: MatrixOrder | null], { p?: MatrixOrder | null }>) => Tensor =
  takingNamed(
    signature('linalg.cond', [INPUT, argument('p', ORDER, null)]),
    (a: Tensor, { p = null }: { p?: MatrixOrder | null }): Tensor => {
      if (p === null || p === 2 || p === -2) {
        const s = svdOf('linalg.cond', a)[1];
        const [first, last] = [select(s, -1, 0), select(s, -1, -1)];
        return p === -2 ? div(last, first) : div(first, last);
      }
      checkMatrix('linalg.cond', a, true);
      return mul(matrixNorm(a, p), matrixNorm(solveBatch('linalg.cond', a, identityLike(a), false)[0], p));
    },
  );
