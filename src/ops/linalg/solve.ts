// Systems of linear equations and inverses, also by factors that are there already (under torch's older names).
import { FLAG } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, INPUT } from '../../core/kinds';
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
import type { Arguments } from '../../base/arguments';

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
export const solve: (x: Tensor, ...args: Arguments<[B: Tensor], [left?: boolean], SolveOptions>) => Tensor =
  takingNamed(
    signature('linalg.solve', [argument('A', TENSOR), argument('B', TENSOR), argument('left', FLAG, undefined)]),
    (a: Tensor, options: SolveOptions): Tensor => {
      return solving('linalg.solve', a, options, true)[0];
    },
  );

/** solve, with what failed (int32, 0 for nothing) instead of a fault. @see torch.linalg.solve_ex */
export const solveEx: (
  x: Tensor,
  ...args: Arguments<[B: Tensor], [left?: boolean, checkErrors?: boolean], SolveOptions & { checkErrors?: boolean }>
) => Results<'info' | 'result'> = takingNamed(
  signature('linalg.solveEx', [
    argument('A', TENSOR),
    argument('B', TENSOR),
    argument('left', FLAG, undefined),
    argument('checkErrors', FLAG, undefined),
  ]),
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
export const solveTriangular: (
  x: Tensor,
  ...args: Arguments<
    [B: Tensor, upper: boolean],
    [left?: boolean, unitriangular?: boolean],
    SolveTriangularOptions,
    [B: Tensor, options: Omit<SolveTriangularOptions, 'B'>]
  >
) => Tensor = takingNamed(
  signature('linalg.solveTriangular', [
    argument('A', TENSOR),
    argument('B', TENSOR),
    argument('upper', FLAG),
    argument('left', FLAG, undefined),
    argument('unitriangular', FLAG, undefined),
  ]),
  (a: Tensor, { B, upper, left = true, unitriangular = false }: SolveTriangularOptions): Tensor =>
    left ? solveTriangle(a, B, upper, unitriangular) : mT(solveTriangle(mT(a), mT(B), !upper, unitriangular)),
);

/** A⁻¹; a singular matrix is a fault. @see torch.linalg.inv */
export const inv: (a: Tensor) => Tensor = taking(signature('linalg.inv', [INPUT]), (a) =>
  inverseGradient(a, solveBatch('linalg.inv', a.detach(), identityLike(a), true)[0]),
);

// d A⁻¹ = -A⁻¹ dA A⁻¹: of the result alone, so that A may be changed in place.
const inverseGradient = withGradient(
  'linalg.inv',
  (grad, _a, inverse) => neg(product(mT(inverse), product(grad, mT(inverse)))),
  null,
  { outputs: [0] },
);

/** inv, with what failed (int32, 0 for nothing) instead of a fault. @see torch.linalg.inv_ex */
export const invEx: (
  x: Tensor,
  ...args: Arguments<[], [checkErrors?: boolean], { checkErrors?: boolean }>
) => Results<'inverse' | 'info'> = takingNamed(
  signature('linalg.invEx', [INPUT, argument('checkErrors', FLAG, undefined)]),
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
export const choleskyInverse: (x: Tensor, ...args: Arguments<[], [upper?: boolean], CholeskyOptions>) => Tensor =
  takingNamed(
    signature('choleskyInverse', [INPUT, argument('upper', FLAG, undefined)]),
    (factor: Tensor, { upper = false }: CholeskyOptions): Tensor => inv(fromFactor(factor, upper)),
  );

/** A⁻¹ B from the Cholesky factor of A. @see torch.cholesky_solve */
export const choleskySolve: (
  x: Tensor,
  ...args: Arguments<[input2: Tensor], [upper?: boolean], { input2: Tensor } & CholeskyOptions>
) => Tensor = takingNamed(
  signature('choleskySolve', [INPUT, argument('input2', TENSOR), argument('upper', FLAG, undefined)]),
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
export const triangularSolve: (
  x: Tensor,
  ...args: Arguments<
    [A: Tensor],
    [upper?: boolean, transpose?: boolean, unitriangular?: boolean],
    TriangularSolveOptions
  >
) => Results<'solution' | 'clonedCoefficient'> = takingNamed(
  signature('triangularSolve', [
    argument('b', TENSOR),
    argument('A', TENSOR),
    argument('upper', FLAG, undefined),
    argument('transpose', FLAG, undefined),
    argument('unitriangular', FLAG, undefined),
  ]),
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
