// Determinants and their logarithms.
import { signature, taking } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import type { Tensor } from '../../core/tensor';
import { eq, isfinite, logicalAnd, lt, where } from '../pointwise/compare';
import {
  checkMatrix,
  identityLike,
  luOf,
  solveBatch,
  svdOf,
  withGradient,
  named,
  lifted,
  type Results,
} from './decomposition';
import { cat } from '../shape/cat';
import { matmul as product } from './matmul';
import { diagonal as diagonalOf, mT, narrow, unsqueeze } from '../shape/view';
import { abs, log, mul } from '../pointwise/arithmetic';
import { all, prod, sum } from '../reduce/reduce';

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

const inverseTransposed = (a: Tensor): Tensor => mT(solveBatch('linalg.inv', a, identityLike(a), false)[0]);

const detGradient = withGradient(
  'linalg.det',
  // Of a singular matrix, the cofactors; its second derivatives are NaN, as in PyTorch.
  (grad, a, det) => {
    const isSingular = logicalAnd(lifted(eq(det, 0)), areFinite(a));
    return where(
      isSingular,
      mul(lifted(grad), cofactors(where(isSingular, a.detach(), 0))),
      mul(lifted(mul(grad, det)), inverseTransposed(a)),
    );
  },
  // What is not finite has no singular values.
  (grad, a) => {
    const isPlain = areFinite(a);
    return mul(lifted(grad), where(isPlain, cofactors(where(isPlain, a, 0)), NaN));
  },
);

/** Whether all elements of a matrix are finite. Shape: [*, m, n] -> [*, 1, 1]. */
const areFinite = (a: Tensor): Tensor => all(all(isfinite(a.detach()), -1, true), -2, true);

/** The determinant. Shape: [*, n, n] -> [*]. @see torch.linalg.det */
export const det: (a: Tensor) => Tensor = taking(signature('linalg.det', [INPUT]), (a) => {
  checkMatrix('linalg.det', a, true);
  return detGradient(a, detValue(a));
});

const logdetGradient = withGradient('linalg.slogdet', (grad, a) => mul(lifted(grad), inverseTransposed(a)), null, {
  inputs: [0],
});

/** The sign of the determinant and the logarithm of its size. @see torch.linalg.slogdet */
export const slogdet: (a: Tensor) => Results<'sign' | 'logabsdet'> = taking(
  signature('linalg.slogdet', [INPUT]),
  (a) => {
    checkMatrix('linalg.slogdet', a, true);
    const [packed, , parity] = luOf('linalg.slogdet', a);
    const pivots = diagonalOf(packed, 0, -2, -1);
    const logabsdet = logdetGradient(a, sum(log(abs(pivots)), -1));
    return named(['sign', 'logabsdet'], [mul(prod(pivots.sign(), -1), parity), logabsdet]);
  },
);

/** The logarithm of the determinant, NaN if that is negative. @see torch.logdet */
export const logdet: (a: Tensor) => Tensor = taking(signature('logdet', [INPUT]), (a) => {
  const { sign, logabsdet } = slogdet(a);
  return where(lt(sign, 0), NaN, logabsdet);
});
