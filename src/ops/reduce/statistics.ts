// What is composed of folds: variance, standard deviation, norms, log of a sum of exponentials.
import type { Arguments } from '../../base/arguments';
import { NUMBER, FLAG, DTYPE, DIMS, oneOf, either } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { INPUT, KEEPDIM } from '../../core/kinds';
import { noGrad } from '../../core/backward';
import { isFloat, type DType } from '../../base/dtype';
import { unary } from '../../core/pointwiseFunctions';
import * as e from '../../expression/expression';
import { libraryCode } from '../../core/temporaries';
import type { Tensor } from '../../core/tensor';
import { eq, isinf, where } from '../pointwise/compare';
import { to } from '../shape/copy';
import { reshape } from '../shape/view';
import { abs, add, div, exp, log, pow, sqrt, square, sub } from '../pointwise/arithmetic';
import {
  amax,
  amin,
  checkFloat,
  countOf,
  mean,
  reducedShape,
  reductionOf,
  sum,
  type Dims,
  type ReduceArguments,
  type ReduceOptions,
} from './reduce';

/** Options of variances. */
export interface VarianceOptions extends ReduceOptions {
  /** Short for correction 1 (true) or 0 (false). */
  unbiased?: boolean | null;
  /** What is taken from the count before dividing; default 1. */
  correction?: number | null;
}

type VarianceArguments =
  | [unbiased: boolean]
  | Arguments<
      [],
      [dim?: Dims, unbiased?: boolean | null, keepdim?: boolean, correction?: number | null],
      VarianceOptions
    >;

const SHORT = [INPUT, argument('unbiased', FLAG)] as const;
const FULL = [
  INPUT, argument('dim', DIMS, null), argument('unbiased', FLAG, undefined), KEEPDIM, argument('correction', NUMBER, null),
] as const; // prettier-ignore

/** As both forms: `(unbiased)` alone, or all of them. */
function varianceOptions(op: string, x: Tensor, args: readonly unknown[]): VarianceOptions {
  return typeof args[0] === 'boolean'
    ? signature(op, SHORT).take([x, ...args])
    : signature(op, FULL).take([x, ...args]);
}

/** Variance and mean in two passes: the mean, then the centred squares. */
function moments(op: string, x: Tensor, args: VarianceArguments): [variance: Tensor, mean: Tensor] {
  const { dim, unbiased, correction, keepdim = false } = varianceOptions(op, x, args);
  checkFloat(op, x);
  const reduction = reductionOf(op, x, dim, keepdim);
  const taken = correction ?? (unbiased === false ? 0 : 1);
  const centre = mean(x, reduction.dims, true);
  const squares = sum(square(sub(x, centre)), reduction.dims, keepdim);
  // With nothing left to divide by, 0 / 0 or more / 0, as in PyTorch.
  const variance = div(squares, Math.max(0, countOf(x, reduction) - taken));
  return [variance, reshape(centre, reducedShape(x.shape, reduction))];
}

/** Σ (x - mean)² / (n - correction); correction 1 unless told. @see torch.var */
export const variance = (x: Tensor, ...args: VarianceArguments): Tensor =>
  libraryCode(() => moments('var', x, args)[0]);

/** The square root of the variance; where that is 0 the gradient is 0. @see torch.std */
export const std = (x: Tensor, ...args: VarianceArguments): Tensor =>
  libraryCode(() => awayFromZero(moments('std', x, args)[0], sqrt));

/** Variance and mean at once. @see torch.var_mean */
export const varMean = (x: Tensor, ...args: VarianceArguments): [variance: Tensor, mean: Tensor] =>
  libraryCode(() => moments('varMean', x, args));

/** Standard deviation and mean at once. @see torch.std_mean */
export const stdMean = (x: Tensor, ...args: VarianceArguments): [std: Tensor, mean: Tensor] =>
  libraryCode(() => {
    const [squared, centre] = moments('stdMean', x, args);
    return [awayFromZero(squared, sqrt), centre];
  });

const LOGSUMEXP = signature('logsumexp', [INPUT, argument('dim', DIMS, null), argument('keepdim', FLAG, undefined)]);

/** log Σ e^x, shifted by the maximum so that it cannot overflow. @see torch.logsumexp */
export function logsumexp(input: Tensor, ...args: ReduceArguments): Tensor {
  const { dim, keepdim = false } = LOGSUMEXP.take([input, ...args]);
  const x = isFloat(input.dtype) ? input : to(input, 'float32');
  const reduction = reductionOf('logsumexp', x, dim, keepdim);
  const { dims } = reduction;
  return libraryCode(() => {
    if (countOf(x, reduction) === 0) return log(sum(exp(x), dims, keepdim));
    // The shift cancels, so it has no gradient; an infinite one would give ∞ - ∞.
    const shift = noGrad(() => {
      const greatest = amax(x, dims, true);
      return where(isinf(greatest), 0, greatest);
    });
    const shifted = log(sum(exp(sub(x, shift)), dims, keepdim));
    return add(shifted, reshape(shift, shifted.shape));
  });
}

/** Options of `norm`. */
export interface NormOptions {
  /** 2 by default; Infinity, -Infinity and 0 (count of nonzeros) too. 'fro' means 2. */
  p?: number | 'fro' | null;
  dim?: Dims;
  keepdim?: boolean;
  /** The input is converted to this first. */
  dtype?: DType | null;
}

/** What `norm` takes for p. */
export const NORM_ORDER = either(NUMBER, oneOf('fro'));
const NORM = signature('norm', [
  INPUT,
  argument('p', NORM_ORDER, null),
  argument('dim', DIMS, null),
  argument('keepdim', FLAG, undefined),
  argument('dtype', DTYPE, null),
]);

/**
 * (Σ |x|^p)^(1/p) over some dimensions or all, as a vector norm. The gradient at 0 is 0.
 * @see torch.norm
 */
export function norm(
  x: Tensor,
  ...args: Arguments<[], [p?: number | 'fro' | null, dim?: Dims, keepdim?: boolean, dtype?: DType | null], NormOptions>
): Tensor {
  const { p: order, dim, keepdim, dtype } = NORM.take([x, ...args]);
  const p = order === 'fro' || order === null ? 2 : order;
  if (Number.isNaN(p)) throw new RangeError("norm: p must be a number or 'fro', got NaN.");
  const input = dtype === null ? x : to(x, dtype);
  checkFloat('norm', input);
  const { dims } = reductionOf('norm', input, dim);
  return libraryCode(() => {
    if (p === Infinity) return amax(abs(input), dims, keepdim);
    if (p === -Infinity) return amin(abs(input), dims, keepdim);
    if (p === 0) return sum(isNonzero(input), dims, keepdim);
    if (p === 1) return sum(abs(input), dims, keepdim);
    if (p === 2) return awayFromZero(sum(square(input), dims, keepdim), sqrt);
    const ofZero = p < 0 ? Infinity : 0;
    const powers = awayFromZero(input, (nonzero) => pow(abs(nonzero), p), ofZero);
    return awayFromZero(sum(powers, dims, keepdim), (nonzero) => pow(nonzero, 1 / p), ofZero);
  });
}

/** 1 where x differs from 0, with a gradient of zeros. */
const isNonzero = unary('isNonzero', 'float', (x) => e.cast(x.dtype, e.ne(x, e.constantLike(x, 0))));

/** f(x) for an f without a derivative at 0, where it is `ofZero`: the gradient there is 0 instead of NaN. */
function awayFromZero(x: Tensor, f: (x: Tensor) => Tensor, ofZero = 0): Tensor {
  const isZero = eq(x, 0);
  return where(isZero, ofZero, f(where(isZero, 1, x)));
}
