// Decompositions and solutions of matrices: primitives over the linalg kernel with their gradients. The functions that
// users see are in index.ts. Matrices are the last two dimensions; all before are batches.
import { intercepting } from '../../base/intercept';
import type { IndexOptions, LinalgKind, LinalgSizes } from '../../device/contract';
import { isFloat } from '../../base/dtype';
import { DTypeError, ShapeError } from '../../base/errors';
import { applyAll, type GradientThunks, type OpRecord, type Spec, type Saves } from '../../core/op';
import { broadcastShapes, formatShape, numelOf, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { contiguous, queueCopy } from '../shape/copy';
import { eye, zerosLike } from '../shape/creation';
import { tril, triu } from '../indexing/gather';
import { matmul } from './matmul';
import { diagEmbed } from '../shape/diagonal';
import { diagonal, expand, mT, narrow, unsqueeze } from '../shape/view';
import { add, div, mul, neg, reciprocal, square, sub } from '../pointwise/arithmetic';
import { cat } from '../shape/cat';
import { where } from '../pointwise/compare';

/** @throws ShapeError, DTypeError unless x is a batch of float matrices (square ones if asked for) */
export function checkMatrix(op: string, x: Tensor, square = false): void {
  const [m, n] = x.shape.slice(-2);
  if (x.ndim < 2 || (square && m !== n)) {
    throw new ShapeError(
      op,
      `expected ${square ? 'square matrices' : 'matrices'} in the last two dimensions, got ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  if (!isFloat(x.dtype)) {
    throw new DTypeError(op, `expected float32 or float64, got ${x.dtype}. Convert it with .float().`, {
      dtype: x.dtype,
    });
  }
}

const rows = (x: Tensor): number => x.shape[x.ndim - 2];
const columns = (x: Tensor): number => x.shape[x.ndim - 1];
const batchOf = (x: Tensor): Shape => x.shape.slice(0, -2);
/** The identity like matrices of n columns. */
export const identityLike = (x: Tensor, n = columns(x)): Tensor => eye(n, { dtype: x.dtype, device: x.device });

interface Params {
  /** Named in faults; null reports none. */
  readonly op: string;
  readonly checks: boolean;
  readonly upper: boolean;
  readonly unitriangular: boolean;
  /** qr: columns of Q. */
  readonly k: number;
}

const WHAT: { readonly [K in LinalgKind]: string } = {
  cholesky: 'not positive definite',
  lu: 'singular',
  solve: 'singular',
  solveTriangular: 'singular',
  qr: 'not finite',
  eigh: 'not finite',
  svd: 'not finite',
};

type Inputs = readonly [a: Tensor, b: Tensor | null];

/** The record of a kind, whose results `specs` describes; the last is always info (int32 [batch]). */
function record(
  kind: LinalgKind,
  specs: (a: Tensor, b: Tensor | null, params: Params) => readonly Spec[],
  saves: { inputs: readonly number[]; outputs: readonly number[] },
  backward: (
    grads: readonly (Tensor | null)[],
    inputs: Inputs,
    outputs: readonly Tensor[],
    params: Params,
  ) => GradientThunks,
): OpRecord<Inputs, Params> {
  return {
    name: `linalg.${kind}`,
    shape: ([a, b], params) => [...specs(a, b, params), { shape: batchOf(a), dtype: 'int32' }],
    forward: (device, [a, b], outs, params) => {
      const sizes: LinalgSizes = {
        batch: numelOf(batchOf(a)),
        m: rows(a),
        n: columns(a),
        k: b === null ? params.k : columns(b),
        upper: params.upper,
        unitriangular: params.unitriangular,
      };
      const options: IndexOptions | null = params.checks ? { op: params.op, what: WHAT[kind], ignore: null } : null;
      device.run('linalg', [a, b], outs, { kind, sizes, options });
    },
    saves,
    // Trailing results without a gradient are left out.
    backward: (grads, { inputs, outputs, params }) =>
      backward(
        [0, 1, 2].map((i) => grads[i] ?? null),
        inputs,
        outputs,
        params,
      ),
  };
}

const like = (x: Tensor, ...end: number[]): Spec => ({ shape: [...batchOf(x), ...end], dtype: x.dtype });
const int32 = (x: Tensor, ...end: number[]): Spec => ({ shape: [...batchOf(x), ...end], dtype: 'int32' });

const run = (
  kind: OpRecord<Inputs, Params>,
  op: string,
  a: Tensor,
  b: Tensor | null,
  params: Partial<Params> = {},
): Tensor[] =>
  applyAll(kind, [contiguous(a), b === null ? null : contiguous(b)], {
    op,
    checks: true,
    upper: false,
    unitriangular: false,
    k: 0,
    ...params,
  });

// ---- Cholesky -------------------------------------------------------------------------------------------

/** The lower triangle with half of the diagonal. */
const half = (x: Tensor): Tensor => sub(tril(x), mul(diagEmbed(diagonal(x, 0, -2, -1)), 0.5));

const CHOLESKY = record(
  'cholesky',
  (a) => [like(a, rows(a), rows(a))],
  { inputs: [], outputs: [0] },
  // A = L Lᵀ:  dA = L⁻ᵀ Φ(Lᵀ dL) L⁻¹, made symmetric; Φ takes the lower triangle with half of the diagonal.
  ([grad], _inputs, [factor]) => [
    () => {
      if (grad === null) return null;
      const middle = half(matmul(mT(factor), tril(grad)));
      const right = mT(solveTriangular(mT(factor), mT(middle), true));
      const whole = solveTriangular(mT(factor), right, true);
      return mul(add(whole, mT(whole)), 0.5);
    },
    null,
  ],
);

/** The lower factor, and where a matrix failed. */
export function choleskyOf(op: string, a: Tensor, checks: boolean): [factor: Tensor, info: Tensor] {
  checkMatrix(op, a, true);
  const [factor, info] = run(CHOLESKY, op, a, null, { checks });
  return [factor, info];
}

// ---- solutions --------------------------------------------------------------------------------------------

const SOLVE = record(
  'solve',
  (a, b) => [like(a, rows(a), columns(b as Tensor))],
  { inputs: [0], outputs: [0] },
  // A X = B:  dB = A⁻ᵀ dX,  dA = -dB Xᵀ
  ([grad], [a], [x], { op }) => {
    const back = (): Tensor => solveBatch(op, mT(a), grad as Tensor, false)[0];
    return grad === null ? [] : [() => neg(matmul(back(), mT(x))), back];
  },
);

/** A⁻¹ B for matrices of one batch shape, and where a matrix failed. */
export function solveBatch(op: string, a: Tensor, b: Tensor, checks: boolean): [x: Tensor, info: Tensor] {
  checkMatrix(op, a, true);
  checkMatrix(op, b);
  if (rows(b) !== rows(a)) {
    throw new ShapeError(op, `both must have as many rows, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`, {
      shapes: [a.shape, b.shape],
    });
  }
  const batch = broadcastShapes(op, batchOf(a), batchOf(b));
  const [left, right] = [a, b].map((x) => expand(x, [...batch, ...x.shape.slice(-2)]));
  const [x, info] = run(SOLVE, op, left, right, { checks });
  return [x, info];
}

const TRIANGULAR = record(
  'solveTriangular',
  (a, b) => [like(a, rows(a), columns(b as Tensor))],
  { inputs: [0], outputs: [0] },
  ([grad], [a], [x], { upper, unitriangular }) => {
    if (grad === null) return [];
    const back = (): Tensor => solveTriangular(mT(a), grad, !upper, unitriangular);
    return [
      () => {
        const whole = neg(matmul(back(), mT(x)));
        const edge = unitriangular ? 1 : 0;
        return upper ? triu(whole, edge) : tril(whole, -edge);
      },
      back,
    ];
  },
);

/** A⁻¹ B for a triangle of A; batches broadcast. */
export function solveTriangular(a: Tensor, b: Tensor, upper: boolean, unitriangular = false): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('solveTriangular', solveTriangular, [a, b, upper, unitriangular]);
  const op = 'linalg.solveTriangular';
  checkMatrix(op, a, true);
  checkMatrix(op, b);
  if (rows(b) !== rows(a)) {
    throw new ShapeError(op, `both must have as many rows, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`);
  }
  const batch = broadcastShapes(op, batchOf(a), batchOf(b));
  const [left, right] = [a, b].map((x) => expand(x, [...batch, ...x.shape.slice(-2)]));
  return run(TRIANGULAR, op, left, right, { checks: false, upper, unitriangular })[0];
}

// ---- LU --------------------------------------------------------------------------------------------------

const LU = record(
  'lu',
  (a) => [like(a, rows(a), columns(a)), int32(a, rows(a)), like(a)],
  { inputs: [], outputs: [] },
  () => [],
);

/** L and U in one, the rows of A in the order of L U, the sign of that order, info. Not differentiable. */
export function luOf(
  op: string,
  a: Tensor,
  checks = false,
): [packed: Tensor, order: Tensor, sign: Tensor, info: Tensor] {
  checkMatrix(op, a);
  return run(LU, op, a.detach(), null, { checks }) as [Tensor, Tensor, Tensor, Tensor];
}

// ---- QR ---------------------------------------------------------------------------------------------------

const QR = record(
  'qr',
  (a, _b, { k }) => [like(a, rows(a), k), like(a, k, columns(a))],
  { inputs: [], outputs: [0, 1] },
  // For R square: dA = (dQ + Q copyltu(M)) R⁻ᵀ with M = R dRᵀ - dQᵀ Q; wide A by its first columns.
  ([gradQ, gradR], _inputs, [q, r]) => [
    () => {
      const [k, n] = [rows(r), columns(r)];
      if (columns(q) > Math.min(rows(q), n)) {
        throw new ShapeError('linalg.qr', "mode 'complete' has a gradient for square or wide matrices only.");
      }
      if (n <= k) return qrGradient(gradQ, gradR, q, r);
      // A = [X Y], R = [U V]: Y = Q V, so that dY = Q dV, and X has dQ + Y dVᵀ.
      const [u, v] = [narrow(r, -1, 0, k), narrow(r, -1, k, n - k)];
      const dV = gradR === null ? null : narrow(gradR, -1, k, n - k);
      const dU = gradR === null ? null : narrow(gradR, -1, 0, k);
      const through = dV === null ? null : matmul(matmul(q, v), mT(dV));
      const dQ = gradQ === null ? through : through === null ? gradQ : add(gradQ, through);
      const dX = qrGradient(dQ, dU, q, u);
      return cat([dX, dV === null ? zerosLike(matmul(q, v)) : matmul(q, dV)], -1);
    },
    null,
  ],
);

function qrGradient(gradQ: Tensor | null, gradR: Tensor | null, q: Tensor, r: Tensor): Tensor {
  let m = gradR === null ? null : matmul(r, mT(triu(gradR)));
  if (gradQ !== null) {
    const inner = matmul(mT(gradQ), q);
    m = m === null ? neg(inner) : sub(m, inner);
  }
  if (m === null) return zerosLike(matmul(q, r));
  // The lower triangle mirrored.
  const symmetric = add(tril(m), mT(tril(m, -1)));
  const whole = gradQ === null ? matmul(q, symmetric) : add(gradQ, matmul(q, symmetric));
  return mT(solveTriangular(r, mT(whole), true));
}

/** Q [m, k] and R [k, n]. */
export function qrOf(a: Tensor, complete: boolean): [q: Tensor, r: Tensor] {
  checkMatrix('linalg.qr', a);
  const k = complete ? rows(a) : Math.min(rows(a), columns(a));
  const [q, r] = run(QR, 'linalg.qr', a, null, { k, checks: false });
  return [q, r];
}

// ---- eigenvalues and singular values ------------------------------------------------------------------------

/** 1 / (x_j - x_i), 0 where they are equal. */
function gaps(x: Tensor): Tensor {
  const distance = sub(unsqueeze(x, -2), unsqueeze(x, -1));
  return where(distance.eq(0), 0, reciprocal(where(distance.eq(0), 1, distance)));
}

const EIGH = record(
  'eigh',
  (a) => [like(a, rows(a)), like(a, rows(a), rows(a))],
  { inputs: [], outputs: [0, 1] },
  // A = V diag(w) Vᵀ:  dA = V (diag(dw) + F ∘ (Vᵀ dV)) Vᵀ with F = 1 / (w_j - w_i)
  ([gradW, gradV], _inputs, [w, v]) => [
    () => {
      const diagonalPart = gradW === null ? null : diagEmbed(gradW);
      const rotation = gradV === null ? null : mul(gaps(w), matmul(mT(v), gradV));
      const middle = rotation === null ? diagonalPart : diagonalPart === null ? rotation : add(diagonalPart, rotation);
      return middle === null ? null : matmul(matmul(v, middle), mT(v));
    },
    null,
  ],
);

/** Ascending eigenvalues and eigenvectors (columns) of symmetric matrices. */
export function eighOf(op: string, a: Tensor): [values: Tensor, vectors: Tensor] {
  checkMatrix(op, a, true);
  const [values, vectors] = run(EIGH, op, a, null);
  return [values, vectors];
}

const SVD = record(
  'svd',
  (a) => [like(a, rows(a), columns(a)), like(a, columns(a)), like(a, columns(a), columns(a))],
  { inputs: [], outputs: [0, 1, 2] },
  // A = U S Vᵀ, tall:  dA = U (skew(Uᵀ dU) E S + S skew(Vᵀ dV) E + diag(dS)) Vᵀ + (I - U Uᵀ) dU S⁻¹ Vᵀ
  // with skew(X) = X - Xᵀ and E = 1 / (s_j² - s_i²).
  ([gradU, gradS, gradVh], _inputs, [u, s, vh]) => [
    () => {
      const inverse = gaps(square(s));
      const skewed = (x: Tensor): Tensor => mul(sub(x, mT(x)), inverse);
      let middle: Tensor | null = gradS === null ? null : diagEmbed(gradS);
      const plus = (t: Tensor): Tensor => (middle === null ? t : add(middle, t));
      if (gradU !== null) middle = plus(mul(skewed(matmul(mT(u), gradU)), unsqueeze(s, -2)));
      if (gradVh !== null) middle = plus(mul(unsqueeze(s, -1), skewed(matmul(vh, mT(gradVh)))));
      if (middle === null) return null;
      const inside = matmul(matmul(u, middle), vh);
      if (gradU === null || rows(u) === columns(u)) return inside;
      const outside = sub(gradU, matmul(u, matmul(mT(u), gradU)));
      return add(inside, matmul(div(outside, unsqueeze(s, -2)), vh));
    },
    null,
  ],
);

/** Reduced singular value decomposition: U [m, k], S [k] descending, Vᵀ [k, n]. */
export function svdOf(op: string, a: Tensor): [u: Tensor, s: Tensor, vh: Tensor] {
  checkMatrix(op, a);
  if (rows(a) < columns(a)) {
    const [u, s, vh] = svdOf(op, mT(a));
    return [mT(vh), s, mT(u)];
  }
  const [u, s, vh] = run(SVD, op, a, null);
  return [u, s, vh];
}

/**
 * Gives a value, computed outside the graph, the gradient of the function of `a` that it is the value of. `quick` is
 * used where no graph of the backward pass is wanted.
 */
export function withGradient(
  name: string,
  gradient: (grad: Tensor, a: Tensor, value: Tensor) => Tensor,
  quick: ((grad: Tensor, a: Tensor) => Tensor) | null = null,
  saves: Saves = { inputs: [0], outputs: [0] },
): (a: Tensor, value: Tensor) => Tensor {
  const known: OpRecord<readonly [a: Tensor, value: Tensor], undefined> = {
    name,
    shape: ([, value]) => ({ shape: value.shape, dtype: value.dtype }),
    forward: (device, [, value], [out]) => {
      queueCopy(device, value, out);
    },
    saves,
    backward: ([grad], { inputs: [a], output }) => [() => (grad === null ? null : gradient(grad, a, output)), null],
    ...(quick && { fusedBackward: ([grad], { inputs: [a] }) => [grad === null ? null : quick(grad, a), null] }),
  };
  return (a, value) => applyAll(known, [a, value], undefined)[0];
}

/** Results in an array that also has them under names. */
export type Results<N extends string> = Tensor[] & Record<N, Tensor>;

/** Results under names. */
export const named = <N extends string>(names: readonly N[], values: readonly Tensor[]): Results<N> =>
  Object.assign([...values], Object.fromEntries(names.map((name, i) => [name, values[i]]))) as Results<N>;

/** A number for each matrix, as a matrix of one element. */
export const lifted = (x: Tensor): Tensor => unsqueeze(unsqueeze(x, -1), -1);

/** Whether b is a batch of vectors, one for each matrix of a. */
export const isVectors = (a: Tensor, b: Tensor): boolean =>
  b.ndim === 1 || (b.ndim === a.ndim - 1 && formatShape(b.shape) === formatShape(a.shape.slice(0, -1)));
