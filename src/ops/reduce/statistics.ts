// What is composed of folds: variance, standard deviation, norms, log of a sum of exponentials.
import { interceptable, intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { NUMBER, FLAG, DTYPE, DIMS, oneOf, either } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { INPUT, KEEPDIM } from '../../core/kinds';
import { noGrad } from '../../core/backward';
import { defaultDType, isFloat, wideDType, type DType } from '../../base/dtype';
import { ValueError } from '../../base/errors';
import { unary } from '../../core/pointwiseFunctions';
import * as e from '../../expression/expression';
import { libraryCode } from '../../core/temporaries';
import type { Tensor } from '../../core/tensor';
import { eq, isinf, where } from '../pointwise/compare';
import { to } from '../shape/copy';
import { reshape } from '../shape/view';
import { abs, add, div, exp, log, mul, pow, sqrt, square, sub } from '../pointwise/arithmetic';
import {
  amax,
  amin,
  checkFloat,
  checkNotEmpty,
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

/** What variances are made of. */
interface Moments {
  readonly centred: Tensor;
  /** Over what is summed, and whether reduced dimensions stay. */
  readonly over: readonly [dims: readonly number[], keepdim: boolean];
  /** n - correction, at least 0. */
  readonly divisor: number;
  readonly mean: Tensor;
}

/** The first of two passes: the mean, and what is left without it. 16-bit floats as float32, whose squares have room. */
function moments(op: string, input: Tensor, args: VarianceArguments): Moments {
  const { dim, unbiased, correction, keepdim = false } = varianceOptions(op, input, args);
  checkFloat(op, input);
  const x = to(input, wideDType(input.dtype));
  const reduction = reductionOf(op, x, dim, keepdim);
  const taken = correction ?? (unbiased === false ? 0 : 1);
  const centre = mean(x, reduction.dims, true);
  return {
    centred: sub(x, centre),
    over: [reduction.dims, keepdim],
    // With nothing left to divide by, 0 / 0 or more / 0, as in PyTorch.
    divisor: Math.max(0, countOf(x, reduction) - taken),
    mean: to(reshape(centre, reducedShape(x.shape, reduction)), input.dtype),
  };
}

/** Mean of squares. They are divided by a power of two near n before they are summed: only a variance can overflow, no sum. */
function meanOfSquares(x: Tensor, { over, divisor }: Moments): Tensor {
  const share = divisor > 1 ? 2 ** Math.ceil(Math.log2(divisor) / 2) : 1;
  return div(sum(square(share === 1 ? x : mul(x, 1 / share)), ...over), divisor / share / share);
}

/**
 * By what values are multiplied whose squares are to be summed, if their greatest is above or below `limits`: powers of two, so
 * that nothing is rounded, and such that neither the greatest squares overflow nor those that count are 0.
 */
const FAR_FROM_ONE: Readonly<Record<string, { limit: number; great: number; small: number }>> = {
  float32: { limit: 2 ** 60, great: 2 ** -80, small: 2 ** 100 },
  float64: { limit: 2 ** 480, great: 2 ** -600, small: 2 ** 700 },
};

/** The square root of the variance, which may be a number where the variance itself is none that the dtype has. */
function deviation(parts: Moments): Tensor {
  const { centred, over } = parts;
  const { limit, great, small } = FAR_FROM_ONE[centred.dtype];
  const scale = noGrad(() => {
    // Of no elements there is no greatest.
    if (centred.numel() === 0) return mean(centred, over[0], true);
    const greatest = amax(abs(centred), over[0], true);
    return where(
      greatest.gt(limit),
      great,
      where(greatest.lt(1 / limit), small, to(greatest.eq(greatest), centred.dtype)),
    );
  });
  const scaled = awayFromZero(meanOfSquares(mul(centred, scale), parts), sqrt);
  return div(scaled, reshape(scale, scaled.shape));
}

const varianceAs = (parts: Moments, { dtype }: Tensor): Tensor => to(meanOfSquares(parts.centred, parts), dtype);
const deviationAs = (parts: Moments, { dtype }: Tensor): Tensor => to(deviation(parts), dtype);

/** Σ (x - mean)² / (n - correction); correction 1 unless told. @see torch.var */
export const variance = interceptable('var', (x: Tensor, ...args: VarianceArguments): Tensor =>
  libraryCode(() => varianceAs(moments('var', x, args), x)),
);

/** The square root of the variance; where that is 0 the gradient is 0. @see torch.std */
export const std = interceptable('std', (x: Tensor, ...args: VarianceArguments): Tensor =>
  libraryCode(() => deviationAs(moments('std', x, args), x)),
);

/** Variance and mean at once. @see torch.var_mean */
export const varMean = interceptable(
  'varMean',
  (x: Tensor, ...args: VarianceArguments): [variance: Tensor, mean: Tensor] =>
    libraryCode(() => {
      const parts = moments('varMean', x, args);
      return [varianceAs(parts, x), parts.mean];
    }),
);

/** Standard deviation and mean at once. @see torch.std_mean */
export const stdMean = interceptable('stdMean', (x: Tensor, ...args: VarianceArguments): [std: Tensor, mean: Tensor] =>
  libraryCode(() => {
    const parts = moments('stdMean', x, args);
    return [deviationAs(parts, x), parts.mean];
  }),
);

const LOGSUMEXP = signature('logsumexp', [INPUT, argument('dim', DIMS, null), argument('keepdim', FLAG, undefined)]);

/** log Σ e^x, shifted by the maximum so that it cannot overflow. @see torch.logsumexp */
export function logsumexp(input: Tensor, ...args: ReduceArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('logsumexp', logsumexp, [input, ...args]);
  const { dim, keepdim = false } = LOGSUMEXP.take([input, ...args]);
  const x = isFloat(input.dtype) ? input : to(input, defaultDType());
  const reduction = reductionOf('logsumexp', x, dim, keepdim);
  const { dims } = reduction;
  return libraryCode(() => {
    // log 0, without its slope.
    if (countOf(x, reduction) === 0) return sub(sum(exp(x), dims, keepdim), Infinity);
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
  if (intercepting.current !== null) return intercepting.current.call('norm', norm, [x, ...args]);
  const { p: order, dim, keepdim, dtype } = NORM.take([x, ...args]);
  const p = order === 'fro' || order === null ? 2 : order;
  if (Number.isNaN(p)) throw new ValueError('norm', "p must be a number or 'fro', got NaN.");
  const input = dtype === null ? x : to(x, dtype);
  checkFloat('norm', input);
  const { dims } = reductionOf('norm', input, dim);
  if (p < 0) checkNotEmpty('norm', input, reductionOf('norm', input, dim));
  return libraryCode(() => {
    if (p === Infinity) return amax(abs(input), dims, keepdim);
    if (p === -Infinity) return amin(abs(input), dims, keepdim);
    if (p === 0) return sum(isNonzero(input), dims, keepdim);
    if (p === 1) return sum(abs(input), dims, keepdim);
    if (p === 2) return root(sum(square(input), dims, keepdim));
    const ofZero = p < 0 ? Infinity : 0;
    const powers = awayFromZero(input, (nonzero) => pow(abs(nonzero), p), ofZero);
    return awayFromZero(sum(powers, dims, keepdim), (nonzero) => pow(nonzero, 1 / p), ofZero);
  });
}

/** 1 where x differs from 0, with a gradient of zeros. */
const isNonzero = unary('isNonzero', 'float', (x) => e.cast(x.dtype, e.ne(x, e.constantLike(x, 0))));

/** √x, whose gradient at 0 is 0 times what comes back, as in PyTorch. */
const root = unary('norm', 'float', e.sqrt, {
  gradient: (grad, _args, y) => {
    const isZero = e.eq(y, e.constantLike(y, 0));
    const slope = e.div(e.constantLike(y, 0.5), e.where(isZero, e.constantLike(y, 1), y));
    return [e.mul(grad, e.where(isZero, e.constantLike(y, 0), slope))];
  },
});

/** f(x) for an f without a derivative at 0, where it is `ofZero`: the gradient there is 0 instead of NaN. */
function awayFromZero(x: Tensor, f: (x: Tensor) => Tensor, ofZero = 0): Tensor {
  const isZero = eq(x, 0);
  return where(isZero, ofZero, f(where(isZero, 1, x)));
}
