// torch.linalg: matrices as the last two dimensions, all before are batches. Gradients come from the decompositions
// (decomposition.ts) or from composition.
import { gather as gatherArguments, taking, type Arguments } from '../arguments';
import type { DType } from '../dtype';
import { ShapeError } from '../errors';
import { formatShape, numelOf, wrapDims } from '../shape';
import { Tensor } from '../tensor';
import { gt, lt, where } from './compare';
import { to } from './copy';
import { arange, zeros } from './creation';
import { crossAlong } from './contraction';
import {
  checkMatrix,
  choleskyOf,
  eighOf,
  identityLike,
  luOf,
  qrOf,
  solveBatch,
  solveTriangular as solveTriangle,
  svdOf,
  withGradient,
} from './decomposition';
import { tril, triu } from './index';
import { cat } from './join';
import { matmul as product } from './matmul';
import {
  diagonal as diagonalOf,
  expand,
  mT,
  movedim,
  narrow,
  permute,
  reshape,
  select,
  squeeze,
  unsqueeze,
} from './movement';
import { abs, add, div, exp2, log, log2, mul, neg, pow, reciprocal, sub } from './pointwise';
import { amax, amin, prod, sum } from './reduce';
import { norm as anyNorm } from './statistics';

export { matmul } from './matmul';

/** Results in an array that also has them under names. */
export type Results<N extends string> = Tensor[] & Record<N, Tensor>;

/** Results under names. */
const named = <N extends string>(names: readonly N[], values: readonly Tensor[]): Results<N> =>
  Object.assign([...values], Object.fromEntries(names.map((name, i) => [name, values[i]]))) as Results<N>;

// ---- decompositions ---------------------------------------------------------------------------------------

/** Options of `cholesky`. */
export interface CholeskyOptions {
  /** Gives the upper factor. */
  upper?: boolean;
}

/** L with A = L Lᵀ of symmetric positive definite matrices; others are faults. @see torch.linalg.cholesky */
export const cholesky = taking(
  'linalg.cholesky',
  ['upper'],
  (a: Tensor, { upper = false }: CholeskyOptions): Tensor => {
    const [factor] = choleskyOf('linalg.cholesky', a, true);
    return upper ? mT(factor) : factor;
  },
);

/** cholesky, with what failed (int32: 0, or the order of the leading minor) instead of a fault. @see torch.linalg.cholesky_ex */
export const choleskyEx = taking(
  'linalg.choleskyEx',
  ['upper', 'checkErrors'],
  (
    a: Tensor,
    { upper = false, checkErrors = false }: CholeskyOptions & { checkErrors?: boolean },
  ): Results<'L' | 'info'> => {
    const [factor, info] = choleskyOf('linalg.choleskyEx', a, checkErrors);
    return named(['L', 'info'], [upper ? mT(factor) : factor, info]);
  },
);

/** Options of `qr`. */
export interface QrOptions {
  /** Sizes of Q and R: 'reduced' [m, k] and [k, n] with k = min(m, n), 'complete' [m, m] and [m, n], 'r' no Q. */
  mode?: 'reduced' | 'complete' | 'r';
}

/** A = Q R with orthogonal columns in Q and an upper triangle R. @see torch.linalg.qr */
export const qr = taking('linalg.qr', ['mode'], (a: Tensor, { mode = 'reduced' }: QrOptions): Results<'Q' | 'R'> => {
  if (mode !== 'reduced' && mode !== 'complete' && mode !== 'r') {
    throw new RangeError(`linalg.qr: mode must be 'reduced', 'complete' or 'r', got '${String(mode)}'.`);
  }
  const [q, r] = qrOf(a, mode === 'complete');
  return named(['Q', 'R'], [mode === 'r' ? zeros([0], { dtype: a.dtype, device: a.device }) : q, r]);
});

/** Options of `svd`. */
export interface SvdOptions {
  /** U [m, m] and Vᵀ [n, n] instead of the first min(m, n) columns and rows; default true. */
  fullMatrices?: boolean;
}

/** A = U diag(S) Vᵀ with S descending. @see torch.linalg.svd */
export const svd = taking(
  'linalg.svd',
  ['fullMatrices'],
  (a: Tensor, { fullMatrices = true }: SvdOptions): Results<'U' | 'S' | 'Vh'> => {
    const [u, s, vh] = svdOf('linalg.svd', a);
    const [m, n] = a.shape.slice(-2);
    if (!fullMatrices || m === n) return named(['U', 'S', 'Vh'], [u, s, vh]);
    return named(['U', 'S', 'Vh'], [m > n ? completed(u) : u, s, m > n ? vh : mT(completed(mT(vh)))]);
  },
);

/** Orthogonal columns [m, k] and the m - k that are missing. */
function completed(q: Tensor): Tensor {
  const [m, k] = q.shape.slice(-2);
  const [whole] = qrOf(q.detach(), true);
  return cat([q, narrow(whole, -1, k, m - k)], -1);
}

/** Singular values, descending. @see torch.linalg.svdvals */
export const svdvals = (a: Tensor): Tensor => svdOf('linalg.svdvals', a)[1];

type UploArguments = Arguments<{ UPLO?: 'L' | 'U' }, ['UPLO']>;

function symmetric(op: string, a: Tensor, args: UploArguments): [values: Tensor, vectors: Tensor] {
  const { UPLO = 'L' } = gatherArguments<{ UPLO?: 'L' | 'U' }>(op, ['UPLO'], args);
  if (UPLO !== 'L' && UPLO !== 'U') throw new RangeError(`${op}: UPLO must be 'L' or 'U', got '${String(UPLO)}'.`);
  return eighOf(op, UPLO === 'L' ? a : mT(a));
}

/** Eigenvalues (ascending) and eigenvectors (columns) of symmetric matrices, of which one triangle is read. @see torch.linalg.eigh */
export const eigh = (a: Tensor, ...args: UploArguments): Results<'eigenvalues' | 'eigenvectors'> =>
  named(['eigenvalues', 'eigenvectors'], symmetric('linalg.eigh', a, args));

/** Eigenvalues of symmetric matrices, ascending. @see torch.linalg.eigvalsh */
export const eigvalsh = (a: Tensor, ...args: UploArguments): Tensor => symmetric('linalg.eigvalsh', a, args)[0];

// ---- solutions --------------------------------------------------------------------------------------------

/** Whether b is a batch of vectors, one for each matrix of a. */
const isVectors = (a: Tensor, b: Tensor): boolean =>
  b.ndim === 1 || (b.ndim === a.ndim - 1 && formatShape(b.shape) === formatShape(a.shape.slice(0, -1)));

/** Options of `solve`. */
export interface SolveOptions {
  B: Tensor;
  /** Solves X A = B instead if false. */
  left?: boolean;
}

function solving(op: string, a: Tensor, { B, left = true }: SolveOptions, checks: boolean): [x: Tensor, info: Tensor] {
  checkMatrix(op, a, true);
  if (isVectors(a, B)) {
    const [x, info] = solveBatch(op, left ? a : mT(a), unsqueeze(B, -1), checks);
    return [squeeze(x, -1), info];
  }
  if (left) return solveBatch(op, a, B, checks);
  const [x, info] = solveBatch(op, mT(a), mT(B), checks);
  return [mT(x), info];
}

/** X with A X = B; B holds matrices or vectors. A singular matrix is a fault. @see torch.linalg.solve */
export const solve = taking('linalg.solve', ['B', 'left'], (a: Tensor, options: SolveOptions): Tensor => {
  return solving('linalg.solve', a, options, true)[0];
});

/** solve, with what failed (int32, 0 for nothing) instead of a fault. @see torch.linalg.solve_ex */
export const solveEx = taking(
  'linalg.solveEx',
  ['B', 'left', 'checkErrors'],
  (
    a: Tensor,
    { checkErrors = false, ...options }: SolveOptions & { checkErrors?: boolean },
  ): Results<'result' | 'info'> => named(['result', 'info'], solving('linalg.solveEx', a, options, checkErrors)),
);

/** Options of `solveTriangular`. */
export interface SolveTriangularOptions {
  B: Tensor;
  /** Which triangle of A is read. */
  upper: boolean;
  left?: boolean;
  /** Takes the diagonal for ones. */
  unitriangular?: boolean;
}

/** X with A X = B for a triangle of A. @see torch.linalg.solve_triangular */
export const solveTriangular = taking(
  'linalg.solveTriangular',
  ['B', 'upper', 'left', 'unitriangular'],
  (a: Tensor, { B, upper, left = true, unitriangular = false }: SolveTriangularOptions): Tensor =>
    left ? solveTriangle(a, B, upper, unitriangular) : mT(solveTriangle(mT(a), mT(B), !upper, unitriangular)),
);

/** A⁻¹; a singular matrix is a fault. @see torch.linalg.inv */
export const inv = (a: Tensor): Tensor => solveBatch('linalg.inv', a, identityLike(a), true)[0];

/** inv, with what failed (int32, 0 for nothing) instead of a fault. @see torch.linalg.inv_ex */
export const invEx = taking(
  'linalg.invEx',
  ['checkErrors'],
  (a: Tensor, { checkErrors = false }: { checkErrors?: boolean }): Results<'inverse' | 'info'> =>
    named(['inverse', 'info'], solveBatch('linalg.invEx', a, identityLike(a), checkErrors)),
);

/** Options of `pinv` and `matrixRank`: singular values up to max(atol, rtol σ₁) count as 0. */
export interface RankOptions {
  /** Default 0. */
  atol?: number | Tensor | null;
  /** Default max(m, n) times the precision of the dtype, or 0 if atol is given. */
  rtol?: number | Tensor | null;
  hermitian?: boolean;
}

const PRECISION = { float64: 2.220446049250313e-16, float32: 1.1920928955078125e-7 };

/** Singular values (or sizes of eigenvalues) and the one from which on they count. */
function significance(a: Tensor, values: Tensor, { atol = null, rtol = null }: RankOptions): Tensor {
  const [m, n] = a.shape.slice(-2);
  const precision = a.dtype === 'float64' ? PRECISION.float64 : PRECISION.float32;
  const relative = rtol ?? (atol === null ? Math.max(m, n) * precision : 0);
  const greatest = values.shape[values.ndim - 1] === 0 ? sum(values, -1) : amax(values, -1);
  const threshold = mul(greatest, relative);
  if (atol === null) return threshold;
  return atol instanceof Tensor ? threshold.maximum(atol) : threshold.clamp(atol);
}

const spectrum = (op: string, a: Tensor, hermitian: boolean): Tensor =>
  hermitian ? abs(eighOf(op, a)[0]) : svdOf(op, a)[1];

/** How many singular values differ from 0 (int64). @see torch.linalg.matrix_rank */
export function matrixRank(
  a: Tensor,
  ...args: Arguments<RankOptions & { tol?: number | Tensor | null }, ['tol', 'hermitian', 'atol', 'rtol']>
): Tensor {
  const order = ['tol', 'hermitian', 'atol', 'rtol'] as const;
  const {
    tol = null,
    hermitian = false,
    ...rest
  } = gatherArguments<RankOptions & { tol?: number | Tensor | null }>('linalg.matrixRank', order, args);
  const values = spectrum('linalg.matrixRank', a.detach(), hermitian);
  const options = tol === null ? rest : { atol: tol, rtol: 0 };
  return sum(gt(values, unsqueeze(significance(a, values, options), -1)), -1);
}

/** The inverse of Moore and Penrose. Shape: [*, m, n] -> [*, n, m]. @see torch.linalg.pinv */
export function pinv(
  a: Tensor,
  ...args: Arguments<RankOptions & { rcond?: number | Tensor | null }, ['rcond', 'hermitian', 'atol', 'rtol']>
): Tensor {
  const order = ['rcond', 'hermitian', 'atol', 'rtol'] as const;
  const {
    rcond = null,
    hermitian = false,
    ...rest
  } = gatherArguments<RankOptions & { rcond?: number | Tensor | null }>('linalg.pinv', order, args);
  checkMatrix('linalg.pinv', a, hermitian);
  const options = rcond === null ? rest : { rtol: rcond };
  const [m, n] = a.shape.slice(-2);
  if (numelOf(a.shape) === 0) return reshape(a, [...a.shape.slice(0, -2), n, m]);
  return pinvGradient(a, pinvValue(a.detach(), hermitian, options));
}

function pinvValue(a: Tensor, hermitian: boolean, options: RankOptions): Tensor {
  const inverseOf = (values: Tensor): Tensor => {
    const counts = gt(abs(values), unsqueeze(significance(a, abs(values), options), -1));
    return unsqueeze(where(counts, reciprocal(where(counts, values, 1)), 0), -2);
  };
  if (hermitian) {
    const [w, v] = eighOf('linalg.pinv', a);
    return product(mul(v, inverseOf(w)), mT(v));
  }
  const [u, s, vh] = svdOf('linalg.pinv', a);
  return product(mul(mT(vh), inverseOf(s)), mT(u));
}

/** The derivative of Golub and Pereyra, which has no differences of singular values in it. */
const pinvGradient = withGradient('linalg.pinv', (grad, a, p) => {
  const g = mT(grad);
  const pt = mT(p);
  if (a.shape[a.ndim - 2] <= a.shape[a.ndim - 1]) {
    const k = product(g, p);
    const kpt = product(k, pt);
    const rest = product(product(pt, p), sub(g, product(k, a)));
    return add(sub(sub(kpt, mT(product(p, k))), product(product(a, p), kpt)), rest);
  }
  const k = product(p, g);
  const ptk = product(pt, k);
  const rest = product(product(sub(g, product(a, k)), p), pt);
  return add(sub(sub(ptk, mT(product(k, p))), product(product(ptk, p), a)), rest);
});

// ---- determinants --------------------------------------------------------------------------------------------

/** The gradient of the determinant is the matrix of cofactors: by singular values it exists for singular matrices too. */
function cofactors(a: Tensor): Tensor {
  const [u, s, vh] = svdOf('linalg.det', a.detach());
  const n = s.shape[s.ndim - 1];
  const others = Array.from({ length: n }, (_, i) =>
    prod(cat([narrow(s, -1, 0, i), narrow(s, -1, i + 1, n - i - 1)], -1), -1, true),
  );
  const turn = mul(detValue(u), detValue(vh));
  const whole = n === 0 ? u : mul(u, unsqueeze(cat(others, -1), -2));
  return mul(product(whole, vh), unsqueeze(unsqueeze(turn, -1), -1));
}

function detValue(a: Tensor): Tensor {
  const [packed, , parity] = luOf('linalg.det', a);
  return mul(prod(diagonalOf(packed, 0, -2, -1), -1), parity);
}

const lifted = (x: Tensor): Tensor => unsqueeze(unsqueeze(x, -1), -1);
const inverseTransposed = (a: Tensor): Tensor => mT(solveBatch('linalg.inv', a, identityLike(a), false)[0]);

const detGradient = withGradient(
  'linalg.det',
  (grad, a, det) => mul(lifted(mul(grad, det)), inverseTransposed(a)),
  (grad, a) => mul(lifted(grad), cofactors(a)),
);

/** The determinant. Shape: [*, n, n] -> [*]. @see torch.linalg.det */
export function det(a: Tensor): Tensor {
  checkMatrix('linalg.det', a, true);
  return detGradient(a, detValue(a));
}

const logdetGradient = withGradient('linalg.slogdet', (grad, a) => mul(lifted(grad), inverseTransposed(a)));

/** The sign of the determinant and the logarithm of its size. @see torch.linalg.slogdet */
export function slogdet(a: Tensor): Results<'sign' | 'logabsdet'> {
  checkMatrix('linalg.slogdet', a, true);
  const [packed, , parity] = luOf('linalg.slogdet', a);
  const pivots = diagonalOf(packed, 0, -2, -1);
  const logabsdet = logdetGradient(a, sum(log(abs(pivots)), -1));
  return named(['sign', 'logabsdet'], [mul(prod(pivots.sign(), -1), parity), logabsdet]);
}

/** The logarithm of the determinant, NaN if that is negative. @see torch.logdet */
export function logdet(a: Tensor): Tensor {
  const { sign, logabsdet } = slogdet(a);
  return where(lt(sign, 0), NaN, logabsdet);
}

// ---- norms ----------------------------------------------------------------------------------------------------

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
export const vectorNorm = taking(
  'linalg.vectorNorm',
  ['ord', 'dim', 'keepdim', 'dtype'],
  (x: Tensor, { ord = 2, dim = null, keepdim = false, dtype = null }: VectorNormOptions): Tensor =>
    anyNorm(x, { p: ord, dim, keepdim, dtype }),
);

/** 'fro': as a vector; 'nuc': sum of singular values; ±2: the greatest or least; ±1, ±Infinity: of column or row sums. */
export type MatrixOrder = 'fro' | 'nuc' | number;

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
export const matrixNorm = taking(
  'linalg.matrixNorm',
  ['ord', 'dim', 'keepdim', 'dtype'],
  (a: Tensor, { ord = 'fro', dim = [-2, -1], keepdim = false, dtype = null }: MatrixNormOptions): Tensor => {
    if (a.ndim < 2 || dim.length !== 2) {
      throw new ShapeError(
        `linalg.matrixNorm: expected matrices and two dimensions, got ${formatShape(a.shape)} and ${formatShape(dim)}.`,
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
        throw new RangeError(`linalg.matrixNorm: ord must be 'fro', 'nuc', ±1, ±2 or ±Infinity, got ${String(ord)}.`);
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
export const norm = taking(
  'linalg.norm',
  ['ord', 'dim', 'keepdim', 'dtype'],
  (x: Tensor, { ord = null, dim = null, keepdim = false, dtype = null }: LinalgNormOptions): Tensor => {
    const two = dim === null ? x.ndim === 2 : typeof dim === 'object' && dim.length === 2;
    if (ord !== null && dim === null && x.ndim > 2) {
      throw new ShapeError(
        `linalg.norm: with ord the input must be a vector or a matrix, got ${formatShape(x.shape)}. Pass dim.`,
      );
    }
    if (ord !== null && two) {
      return matrixNorm(x, { ord, dim: typeof dim === 'object' && dim !== null ? dim : [-2, -1], keepdim, dtype });
    }
    if (typeof ord === 'string') throw new RangeError(`linalg.norm: ord '${ord}' is for matrices, got one dimension.`);
    return anyNorm(x, { p: ord ?? 2, dim, keepdim, dtype });
  },
);

/** The condition number: the norm of A times that of its inverse; by default σ₁ / σₙ. @see torch.linalg.cond */
export const cond = taking('linalg.cond', ['p'], (a: Tensor, { p = null }: { p?: MatrixOrder | null }): Tensor => {
  if (p === null || p === 2 || p === -2) {
    const s = svdOf('linalg.cond', a)[1];
    const [first, last] = [select(s, -1, 0), select(s, -1, -1)];
    return p === -2 ? div(last, first) : div(first, last);
  }
  checkMatrix('linalg.cond', a, true);
  return mul(matrixNorm(a, p), matrixNorm(solveBatch('linalg.cond', a, identityLike(a), false)[0], p));
});

// ---- products and powers ----------------------------------------------------------------------------------------

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
  return tensors.reduce((a, b) => product(a, b));
}

// ---- other shapes ---------------------------------------------------------------------------------------------

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
  if (x.ndim === 0) throw new ShapeError('linalg.vander: expected one dimension at least, got a scalar.');
  const n = N ?? x.shape[x.ndim - 1];
  return pow(unsqueeze(x, -1), arange(n, { device: x.device }));
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

/** Options of `lstsq`. */
export interface LstsqOptions {
  B: Tensor;
  rcond?: number | null;
  driver?: string | null;
}

/** X that makes |A X - B| least, of several the shortest, with what is left over, the rank and singular values. @see torch.linalg.lstsq */
export const lstsq = taking(
  'linalg.lstsq',
  ['B', 'rcond', 'driver'],
  (
    a: Tensor,
    { B, rcond = null, driver = null }: LstsqOptions,
  ): Results<'solution' | 'residuals' | 'rank' | 'singularValues'> => {
    const [m, n] = a.shape.slice(-2);
    const vectors = isVectors(a, B) && B.ndim < a.ndim;
    const right = vectors ? unsqueeze(B, -1) : B;
    const x = product(pinv(a, rcond === null ? {} : { rtol: rcond }), right);
    const none = (dtype: DType): Tensor => zeros([0], { dtype, device: a.device });
    const isGels = driver === 'gels' || driver === null;
    const exact = m > n ? sum(pow(sub(right, product(a, x)), 2), -2) : none(a.dtype);
    return named(
      ['solution', 'residuals', 'rank', 'singularValues'],
      [
        vectors ? squeeze(x, -1) : x,
        vectors && m > n ? squeeze(exact, -1) : exact,
        isGels && driver !== null ? none('int64') : matrixRank(a),
        driver === 'gelsd' || driver === 'gelss' ? svdvals(a) : none(a.dtype),
      ],
    );
  },
);

// ---- the same under their older names, in torch itself -----------------------------------------------------------

/** L Lᵀ of a factor, whose other triangle is not read but has its part of the gradient, as in PyTorch. */
function fromFactor(factor: Tensor, upper: boolean): Tensor {
  const triangle = upper ? triu(factor.detach()) : tril(factor.detach());
  const whole = add(factor, sub(triangle, factor.detach()));
  return upper ? product(mT(whole), whole) : product(whole, mT(whole));
}

/** A⁻¹ from its Cholesky factor. @see torch.cholesky_inverse */
export const choleskyInverse = taking(
  'choleskyInverse',
  ['upper'],
  (factor: Tensor, { upper = false }: CholeskyOptions): Tensor => inv(fromFactor(factor, upper)),
);

/** A⁻¹ B from the Cholesky factor of A. @see torch.cholesky_solve */
export const choleskySolve = taking(
  'choleskySolve',
  ['input2', 'upper'],
  (b: Tensor, { input2, upper = false }: { input2: Tensor } & CholeskyOptions): Tensor =>
    solveBatch('choleskySolve', fromFactor(input2, upper), b, true)[0],
);

/** Options of `triangularSolve`. */
export interface TriangularSolveOptions {
  A: Tensor;
  /** Default true. */
  upper?: boolean;
  transpose?: boolean;
  unitriangular?: boolean;
}

/** X with A X = b for a triangle of A, and a copy of A. @see torch.triangular_solve */
export const triangularSolve = taking(
  'triangularSolve',
  ['A', 'upper', 'transpose', 'unitriangular'],
  (
    b: Tensor,
    { A, upper = true, transpose = false, unitriangular = false }: TriangularSolveOptions,
  ): Results<'solution' | 'clonedCoefficient'> => {
    const solution = transpose
      ? solveTriangle(mT(A), b, !upper, unitriangular)
      : solveTriangle(A, b, upper, unitriangular);
    const coefficient = expand(A, [...solution.shape.slice(0, -2), ...A.shape.slice(-2)]).clone();
    return named(['solution', 'clonedCoefficient'], [solution, coefficient]);
  },
);
