// Systems of linear equations and inverses, also by factors that are there already (under torch's older names).
import { taking } from '../../base/arguments';
import type { Tensor } from '../../core/tensor';
import {
  checkMatrix,
  identityLike,
  solveBatch,
  solveTriangular as solveTriangle,
  withGradient,
  isVectors,
  named,
  type Results,
} from './decomposition';
import type { CholeskyOptions } from './factorization';
import { tril, triu } from '../indexing/gather';
import { matmul as product } from './matmul';
import { expand, mT, squeeze, unsqueeze } from '../shape/view';
import { add, neg, sub } from '../pointwise/arithmetic';

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
export const inv = (a: Tensor): Tensor =>
  inverseGradient(a, solveBatch('linalg.inv', a.detach(), identityLike(a), true)[0]);

// d A⁻¹ = -A⁻¹ dA A⁻¹: of the result alone, so that A may be changed in place.
const inverseGradient = withGradient(
  'linalg.inv',
  (grad, _a, inverse) => neg(product(mT(inverse), product(grad, mT(inverse)))),
  null,
  { outputs: [0] },
);

/** inv, with what failed (int32, 0 for nothing) instead of a fault. @see torch.linalg.inv_ex */
export const invEx = taking(
  'linalg.invEx',
  ['checkErrors'],
  (a: Tensor, { checkErrors = false }: { checkErrors?: boolean }): Results<'inverse' | 'info'> =>
    named(['inverse', 'info'], solveBatch('linalg.invEx', a, identityLike(a), checkErrors)),
);

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
