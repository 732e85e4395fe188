// LU by partial pivoting: A = P L U, and solutions by factors that are there. Matrices are the last two dimensions.
import type { Arguments } from '../../base/arguments';
import { ShapeError, ValueError } from '../../base/errors';
import { FLAG } from '../../base/kinds';
import { formatShape } from '../../base/shape';
import { argument, signature, takingNamed } from '../../base/signature';
import { INPUT, TENSOR } from '../../core/kinds';
import type { Tensor } from '../../core/tensor';
import { takeAlongDim, tril, triu } from '../indexing/gather';
import { scatter } from '../indexing/scatter';
import { add, sub } from '../pointwise/arithmetic';
import { eq, where } from '../pointwise/compare';
import { argmax } from '../reduce/argReduce';
import { cat } from '../shape/cat';
import { to } from '../shape/copy';
import { arange } from '../shape/creation';
import { expand, mT, narrow, unsqueeze } from '../shape/view';
import { checkMatrix, identityLike, luOf, named, solveTriangular, withGradient, type Results } from './decomposition';
import { matmul as product } from './matmul';

/** Options of `lu` and `luFactor`. */
export interface LuOptions {
  /** Only true: without pivoting there is no LU of matrices in general. */
  pivot?: boolean;
}

// A = L U, its rows in order already. With H = Lᵀ dL and K = dU Uᵀ, each of the square part:
//   square: dA = L⁻ᵀ (tril(H, -1) + triu(K)) U⁻ᵀ
//   tall, L = [L₁; L₂]: H from L₁, and - L₂ᵀ dL₂ in the upper triangle; below, dL₂ U⁻ᵀ
//   wide, U = [U₁ U₂]: K from U₁, and - dU₂ U₂ᵀ in the lower triangle; beside, L⁻ᵀ dU₂
const luGradient = withGradient(
  'linalg.lu',
  (grad, _a, packed) => {
    const [m, n] = packed.shape.slice(-2);
    const k = Math.min(m, n);
    const square = narrow(narrow(packed, -2, 0, k), -1, 0, k);
    const inner = narrow(narrow(grad, -2, 0, k), -1, 0, k);
    const [lower, upper] = [add(tril(square, -1), identityLike(square)), triu(square)];
    const [dL, dU] = [tril(inner, -1), triu(inner)];
    const below = m > k ? { l: narrow(packed, -2, k, m - k), d: narrow(grad, -2, k, m - k) } : null;
    const beside = n > k ? { u: narrow(packed, -1, k, n - k), d: narrow(grad, -1, k, n - k) } : null;
    const h = product(mT(lower), dL);
    const kk = product(dU, mT(upper));
    const left = beside === null ? h : sub(h, product(beside.d, mT(beside.u)));
    const right = below === null ? kk : sub(kk, product(mT(below.l), below.d));
    const byUpper = (x: Tensor): Tensor => mT(solveTriangular(upper, mT(x), true));
    const byLower = (x: Tensor): Tensor => solveTriangular(mT(lower), x, true, true);
    const middle = byUpper(byLower(add(tril(left, -1), triu(right))));
    if (below !== null) return cat([middle, byUpper(below.d)], -2);
    return beside === null ? middle : cat([middle, byLower(beside.d)], -1);
  },
  null,
  { outputs: [0] },
);

interface Factors {
  readonly packed: Tensor;
  /** For each row of L U, that of A. */
  readonly order: Tensor;
  readonly info: Tensor;
}

function factorsOf(op: string, a: Tensor, pivot: boolean, checks: boolean): Factors {
  if (!pivot) throw new ValueError(op, 'pivot must be true, got false: there is no LU without pivoting.');
  const [packed, order, , info] = luOf(op, a, checks);
  const rows = expand(unsqueeze(to(order, 'int64'), -1), a.shape);
  return { packed: luGradient(takeAlongDim(a, rows, -2), packed), order: to(order, 'int64'), info };
}

/** P of A = P L U. */
const permutation = (order: Tensor, { dtype }: Tensor): Tensor =>
  to(eq(unsqueeze(order, -2), unsqueeze(arange(order.shape[order.ndim - 1], { device: order.device }), -1)), dtype);

const PIVOT = argument('pivot', FLAG, true);

/** A = P L U: a permutation [m, m], ones on the diagonal of L [m, k], and U [k, n], where k = min(m, n). @see torch.linalg.lu */
export const lu: (x: Tensor, ...args: Arguments<[], [pivot?: boolean], LuOptions>) => Results<'P' | 'L' | 'U'> =
  takingNamed(
    signature('linalg.lu', [INPUT, PIVOT]),
    (a: Tensor, { pivot = true }: LuOptions): Results<'P' | 'L' | 'U'> => {
      const { packed, order } = factorsOf('linalg.lu', a, pivot, false);
      const [m, n] = packed.shape.slice(-2);
      const k = Math.min(m, n);
      const tall = narrow(packed, -1, 0, k);
      const diagonal = eq(unsqueeze(arange(m, { device: a.device }), -1), arange(k, { device: a.device }));
      return named(
        ['P', 'L', 'U'],
        [permutation(order, packed), add(tril(tall, -1), to(diagonal, a.dtype)), triu(narrow(packed, -2, 0, k))],
      );
    },
  );

/** The rows that were exchanged, step by step and counted from 1 as LAPACK does (int32 [*, k]), of the order they were brought into. */
function pivotsOf(order: Tensor, k: number): Tensor {
  const m = order.shape[order.ndim - 1];
  const places = arange(m, { device: order.device });
  let now = expand(places, order.shape);
  const pivots: Tensor[] = [];
  for (let i = 0; i < k; i++) {
    const wanted = narrow(order, -1, i, 1);
    const at = argmax(to(eq(now, wanted), 'int32'), -1, true);
    pivots.push(at);
    now = exchanged(now, places, i, at);
  }
  return to(pivots.length === 0 ? narrow(order, -1, 0, 0) : add(cat(pivots, -1), 1), 'int32');
}

/** The order of rows that pivots bring about. */
function orderOf(pivots: Tensor, m: number): Tensor {
  const places = arange(m, { device: pivots.device });
  let now = expand(places, [...pivots.shape.slice(0, -1), m]);
  for (let i = 0; i < pivots.shape[pivots.ndim - 1]; i++) {
    now = exchanged(now, places, i, sub(to(narrow(pivots, -1, i, 1), 'int64'), 1));
  }
  return now;
}

/** `now` with what is at place i and at `at` exchanged. */
function exchanged(now: Tensor, places: Tensor, i: number, at: Tensor): Tensor {
  const [here, there] = [narrow(now, -1, i, 1), takeAlongDim(now, at, -1)];
  return where(eq(places, i), there, where(eq(places, at), here, now));
}

/**
 * L below and U in one matrix, and the rows that were exchanged, counted from 1 (int32 [*, k]). A matrix that cannot be
 * inverted is a fault.
 * @see torch.linalg.lu_factor
 */
export const luFactor: (x: Tensor, ...args: Arguments<[], [pivot?: boolean], LuOptions>) => Results<'LU' | 'pivots'> =
  takingNamed(
    signature('linalg.luFactor', [INPUT, PIVOT]),
    (a: Tensor, { pivot = true }: LuOptions): Results<'LU' | 'pivots'> => {
      const { packed, order } = factorsOf('linalg.luFactor', a, pivot, true);
      return named(['LU', 'pivots'], [packed, pivotsOf(order, Math.min(...a.shape.slice(-2)))]);
    },
  );

/** luFactor, with what failed (int32: 0, or the place of a 0 on the diagonal of U) instead of a fault. @see torch.linalg.lu_factor_ex */
export const luFactorEx: (
  x: Tensor,
  ...args: Arguments<[], [pivot?: boolean, checkErrors?: boolean], LuOptions & { checkErrors?: boolean }>
) => Results<'LU' | 'pivots' | 'info'> = takingNamed(
  signature('linalg.luFactorEx', [INPUT, PIVOT, argument('checkErrors', FLAG, false)]),
  (
    a: Tensor,
    { pivot = true, checkErrors = false }: LuOptions & { checkErrors?: boolean },
  ): Results<'LU' | 'pivots' | 'info'> => {
    const { packed, order, info } = factorsOf('linalg.luFactorEx', a, pivot, checkErrors);
    return named(['LU', 'pivots', 'info'], [packed, pivotsOf(order, Math.min(...a.shape.slice(-2))), info]);
  },
);

/** Options of `luSolve`. */
export interface LuSolveOptions {
  pivots: Tensor;
  B: Tensor;
  /** Solves X A = B instead if false. */
  left?: boolean;
  /** Solves with Aᵀ in the place of A. */
  adjoint?: boolean;
}

/** X with A X = B by what `luFactor` gave of A. @see torch.linalg.lu_solve */
export const luSolve: (
  x: Tensor,
  ...args: Arguments<
    [pivots: Tensor, B: Tensor],
    [left?: boolean, adjoint?: boolean],
    LuSolveOptions,
    [pivots: Tensor, options: Omit<LuSolveOptions, 'pivots'>]
  >
) => Tensor = takingNamed(
  signature('linalg.luSolve', [
    argument('LU', TENSOR),
    argument('pivots', TENSOR),
    argument('B', TENSOR),
    argument('left', FLAG, true),
    argument('adjoint', FLAG, false),
  ]),
  (packed: Tensor, { pivots, B, left = true, adjoint = false }: LuSolveOptions): Tensor => {
    checkMatrix('linalg.luSolve', packed, true);
    checkMatrix('linalg.luSolve', B);
    const n = packed.shape[packed.ndim - 1];
    if (formatShape(pivots.shape) !== formatShape(packed.shape.slice(0, -1))) {
      throw new ShapeError(
        'linalg.luSolve',
        `pivots must have a place for each row of LU, got ${formatShape(pivots.shape)} for ${formatShape(packed.shape)}.`,
        { shapes: [packed.shape, pivots.shape] },
      );
    }
    if (B.shape[B.ndim - (left ? 2 : 1)] !== n) {
      const side = left ? 'rows' : 'columns';
      throw new ShapeError('linalg.luSolve', `B must have ${n} ${side}, got ${formatShape(B.shape)}.`, {
        shapes: [packed.shape, B.shape],
      });
    }
    const order = orderOf(pivots, n);
    // X A = B is Aᵀ Xᵀ = Bᵀ.
    return left ? solved(packed, order, B, adjoint) : mT(solved(packed, order, mT(B), !adjoint));
  },
);

function solved(packed: Tensor, order: Tensor, b: Tensor, isTransposed: boolean): Tensor {
  // A = P L U: X = U⁻¹ L⁻¹ Pᵀ B, and of Aᵀ = Uᵀ Lᵀ Pᵀ: X = P L⁻ᵀ U⁻ᵀ B.
  if (!isTransposed) return solveTriangular(packed, solveTriangular(packed, inOrder(b, order), false, true), true);
  const x = solveTriangular(mT(packed), solveTriangular(mT(packed), b, false), true, true);
  const places = expand(arange(order.shape[order.ndim - 1], { device: order.device }), order.shape);
  return inOrder(x, scatter(order, -1, order, places));
}

/** Rows of a batch in the order that each matrix has. */
function inOrder(x: Tensor, order: Tensor): Tensor {
  const lead = x.ndim - 2 > order.ndim - 1 ? x.shape.slice(0, -2) : order.shape.slice(0, -1);
  const shape = [...lead, ...x.shape.slice(-2)];
  return takeAlongDim(expand(x, shape), expand(unsqueeze(order, -1), shape), -2);
}
