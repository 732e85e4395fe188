// By singular values: rank, pseudoinverse and least squares.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { NUMBER, FLAG, oneOf, either } from '../../base/kinds';
import { argument, signature, takingNamed } from '../../base/signature';
import { TENSOR, INPUT } from '../../core/kinds';
import type { DType } from '../../base/dtype';
import { numelOf } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { gt, where } from '../pointwise/compare';
import { zeros } from '../shape/creation';
import { checkMatrix, eighOf, svdOf, withGradient, isVectors, named, type Results } from './decomposition';
import { svdvals } from './factorization';
import { matmul as product } from './matmul';
import { mT, reshape, squeeze, unsqueeze } from '../shape/view';
import { abs, add, mul, pow, reciprocal, sub } from '../pointwise/arithmetic';
import { amax, sum } from '../reduce/reduce';

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

const MATRIX_RANK = signature('linalg.matrixRank', [
  INPUT,
  argument('tol', either(NUMBER, TENSOR), null),
  argument('hermitian', FLAG, undefined),
  argument('atol', either(NUMBER, TENSOR), null),
  argument('rtol', either(NUMBER, TENSOR), null),
]);

/** How many singular values differ from 0 (int64). @see torch.linalg.matrix_rank */
export function matrixRank(
  a: Tensor,
  ...args: Arguments<
    [],
    [tol?: number | Tensor | null, hermitian?: boolean, atol?: number | Tensor | null, rtol?: number | Tensor | null],
    RankOptions & { tol?: number | Tensor | null }
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('matrixRank', matrixRank, [a, ...args]);
  const { tol = null, hermitian = false, ...rest } = MATRIX_RANK.take([a, ...args]);
  const values = spectrum('linalg.matrixRank', a.detach(), hermitian);
  const options = tol === null ? rest : { atol: tol, rtol: 0 };
  return sum(gt(values, unsqueeze(significance(a, values, options), -1)), -1);
}

const PINV = signature('linalg.pinv', [
  INPUT,
  argument('rcond', either(NUMBER, TENSOR), null),
  argument('hermitian', FLAG, undefined),
  argument('atol', either(NUMBER, TENSOR), null),
  argument('rtol', either(NUMBER, TENSOR), null),
]);

/** The inverse of Moore and Penrose. Shape: [*, m, n] -> [*, n, m]. @see torch.linalg.pinv */
export function pinv(
  a: Tensor,
  ...args: Arguments<
    [],
    [rcond?: number | Tensor | null, hermitian?: boolean, atol?: number | Tensor | null, rtol?: number | Tensor | null],
    RankOptions & { rcond?: number | Tensor | null }
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('pinv', pinv, [a, ...args]);
  const { rcond = null, hermitian = false, ...rest } = PINV.take([a, ...args]);
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

/** Options of `lstsq`. */
export interface LstsqOptions {
  B: Tensor;
  rcond?: number | null;
  /** Decides which results there are, as with PyTorch's drivers; default 'gelsy'. */
  driver?: 'gels' | 'gelsy' | 'gelsd' | 'gelss' | null;
}

/**
 * X that makes |A X - B| least, of several the shortest. Behind it the squares of what is left over (not with 'gelsy'),
 * the rank (not with 'gels') and the singular values ('gelsd' and 'gelss' only); what there is not is empty.
 * @see torch.linalg.lstsq
 */
export const lstsq: (
  x: Tensor,
  ...args: Arguments<
    [B: Tensor],
    [rcond?: number | null, driver?: 'gels' | 'gelsy' | 'gelsd' | 'gelss' | null],
    LstsqOptions
  >
) => Results<'solution' | 'residuals' | 'rank' | 'singularValues'> = takingNamed(
  signature('linalg.lstsq', [
    INPUT,
    argument('B', TENSOR),
    argument('rcond', NUMBER, null),
    argument('driver', oneOf('gels', 'gelsy', 'gelsd', 'gelss'), null),
  ]),
  (
    a: Tensor,
    { B, rcond = null, driver = null }: LstsqOptions,
  ): Results<'solution' | 'residuals' | 'rank' | 'singularValues'> => {
    const [m, n] = a.shape.slice(-2);
    const vectors = isVectors(a, B) && B.ndim < a.ndim;
    const right = vectors ? unsqueeze(B, -1) : B;
    const x = product(pinv(a, rcond === null ? {} : { rtol: rcond }), right);
    const none = (dtype: DType): Tensor => zeros([0], { dtype, device: a.device });
    const tellsRest = m > n && driver !== null && driver !== 'gelsy';
    return named(
      ['solution', 'residuals', 'rank', 'singularValues'],
      [
        vectors ? squeeze(x, -1) : x,
        tellsRest ? sum(pow(sub(right, product(a, x)), 2), -2) : none(a.dtype),
        driver === 'gels' ? none('int64') : matrixRank(a),
        driver === 'gelsd' || driver === 'gelss' ? svdvals(a) : none(a.dtype),
      ],
    );
  },
);
