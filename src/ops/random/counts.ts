// Random counts whose distribution depends on values that only the device has: formulas of uniform draws that the device
// makes. PyTorch draws as often as a value needs; a formula draws a fixed number, so that the numbers are other ones.
import type { Arguments } from '../../base/arguments';
import { defaultGenerator, type Generator } from '../../base/generator';
import { argument, signature, takingNamed } from '../../base/signature';
import { noGrad } from '../../core/backward';
import { GENERATOR, INPUT, TENSOR } from '../../core/kinds';
import type { ScalarOf } from '../../core/pointwise';
import { PointwiseOperation } from '../../core/pointwiseFunctions';
import type { Tensor } from '../../core/tensor';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { requireAll } from '../indexing/gather';
import { add } from '../pointwise/arithmetic';
import { ge, le, logicalAnd, lt } from '../pointwise/compare';
import { seedHalves } from '../pointwise/dropout';
import { requireFloat } from '../shape/creation';
import type { GeneratorOption } from './random';

const like = e.constantLike;

/** Uniform draws by their number, in the dtype of x; the two seeds are the first parameters of the formula. */
export const drawsOf =
  (x: Expression, scalar: ScalarOf) =>
  (number: number): Expression => {
    const stream = e.add(scalar(1, 'int32'), e.constant(number, 'int32'));
    return e.cast(x.dtype, e.uniform(scalar(0, 'int32'), stream));
  };

/** From this mean on counts are drawn by rejection; below, by the sum of probabilities that exceeds a uniform draw. */
const BY_REJECTION = 10;
/** Counts that are looked at below: more have a probability below 2^-24, the step of a uniform draw. */
const MOST = 36;
/** Attempts of a rejection: one fails with a probability of a quarter at most. */
const ATTEMPTS = 12;

/** The first count at which the probabilities, each the one before times `ratio`, add up to more than u. */
export function counted(u: Expression, atZero: Expression, ratio: (count: number) => Expression): Expression {
  let [probability, sum, count] = [atZero, atZero, like(u, 0)];
  for (let k = 1; k <= MOST; k++) {
    count = e.add(count, e.where(e.le(sum, u), like(u, 1), like(u, 0)));
    probability = e.mul(probability, ratio(k));
    sum = e.add(sum, probability);
  }
  return count;
}

/** (1 + d) log(1 + d) - d */
const deviance = (d: Expression): Expression => {
  const next = e.add(d, like(d, 1));
  const inside = e.sub(e.mul(next, e.log1p(d)), d);
  return e.where(e.le(next, like(d, 0)), like(d, 1), inside);
};

/** log of k! / (k^k e^-k): Stirling's series, or for small k what it stands for. */
const stirling = (k: Expression): Expression => {
  const series = e.add(e.mul(e.log(e.mul(k, like(k, 2 * Math.PI))), like(k, 0.5)), e.div(like(k, 1 / 12), k));
  const log = e.log(e.maximum(k, like(k, 1)));
  const whole = e.add(e.sub(e.lgamma(e.add(k, like(k, 1))), e.mul(k, log)), k);
  return e.where(e.lt(k, like(k, 10)), whole, series);
};

/** Hörmann: The transformed rejection method for generating Poisson random variables, 1993: algorithm PTRS. */
function rejected(rate: Expression, draw: (number: number) => Expression): Expression {
  const c = (value: number): Expression => like(rate, value);
  const b = e.add(e.mul(e.sqrt(rate), c(2.53)), c(0.931));
  const a = e.sub(e.mul(b, c(0.02483)), c(0.059));
  const scale = e.add(e.div(c(1.1328), e.sub(b, c(3.4))), c(1.1239));
  const surely = e.sub(c(0.9277), e.div(c(3.6224), e.sub(b, c(2))));
  let result = e.floor(rate);
  for (let i = 0; i < ATTEMPTS; i++) {
    const u = e.sub(draw(1 + 2 * i), c(0.5));
    // Above 0, for its logarithm.
    const v = e.sub(c(1), draw(2 + 2 * i));
    const edge = e.sub(c(0.5), e.abs(u));
    const k = e.floor(e.add(e.mul(e.add(e.div(e.mul(a, c(2)), edge), b), u), e.add(rate, c(0.43))));
    const isSure = e.bitwiseAnd(e.ge(edge, c(0.07)), e.le(v, surely));
    const height = e.log(e.div(e.mul(v, scale), e.add(e.div(a, e.square(edge)), b)));
    // log of rate^k e^-rate / k!
    const density = e.neg(e.add(e.mul(rate, deviance(e.div(e.sub(k, rate), rate))), stirling(k)));
    const isPossible = e.bitwiseAnd(e.ge(k, c(0)), e.not(e.bitwiseAnd(e.lt(edge, c(0.013)), e.lt(edge, v))));
    const isTaken = e.bitwiseOr(isSure, e.bitwiseAnd(isPossible, e.le(height, density)));
    result = e.where(isTaken, k, result);
  }
  return result;
}

const POISSON = new PointwiseOperation({
  name: 'poisson',
  promotion: 'common',
  accepts: 'floats',
  formula: ([rate], scalar): Expression => {
    const draw = drawsOf(rate, scalar);
    const few = counted(draw(0), e.exp(e.neg(rate)), (k) => e.div(rate, like(rate, k)));
    const limit = like(rate, BY_REJECTION);
    return e.where(e.lt(rate, limit), few, rejected(e.maximum(rate, limit), draw));
  },
});

/**
 * Counts of the Poisson distribution whose rate stands in each element of x; they have no gradient.
 * Shape: that of x, and its dtype. The generator gives the seed; the numbers are not PyTorch's for the same one.
 * @throws DTypeError unless x is floating; FaultError, at the read, for a rate that is negative, infinite or NaN
 * @see torch.poisson
 */
export const poisson: (
  x: Tensor,
  ...args: Arguments<[], [generator?: Generator | undefined], GeneratorOption>
) => Tensor = takingNamed(
  signature('poisson', [INPUT, argument('generator', GENERATOR, undefined)]),
  (x: Tensor, { generator = defaultGenerator }: GeneratorOption): Tensor => {
    requireFloat('poisson', x.dtype);
    return noGrad(() => {
      const drawn = POISSON.apply([x], seedHalves(generator));
      const fine = logicalAnd(ge(x, 0), lt(x, Infinity));
      return add(drawn, requireAll('poisson', 'a rate that is negative, infinite or NaN', fine, drawn));
    });
  },
);

/** log of the probability of k successes, up to what does not depend on k; see Loader: Fast and accurate computation, 2000. */
function binomialDensity(k: Expression, n: Expression, mean: Expression, missed: Expression): Expression {
  const others = e.sub(n, k);
  const near = (x: Expression, center: Expression): Expression =>
    e.mul(center, deviance(e.div(e.sub(x, center), center)));
  return e.neg(e.add(e.add(near(k, mean), near(others, missed)), e.add(stirling(k), stirling(others))));
}

/** Hörmann: The generation of binomial random variates, 1993: algorithm BTRS, for n p ≥ 10 and p ≤ ½. */
function binomialRejected(n: Expression, p: Expression, draw: (number: number) => Expression): Expression {
  const c = (value: number): Expression => like(n, value);
  const mean = e.mul(n, p);
  const missed = e.sub(n, mean);
  const deviation = e.sqrt(e.mul(mean, e.sub(c(1), p)));
  const b = e.add(e.mul(deviation, c(2.53)), c(1.15));
  const a = e.add(e.sub(e.mul(b, c(0.0248)), c(0.0873)), e.mul(p, c(0.01)));
  const center = e.add(mean, c(0.5));
  const surely = e.sub(c(0.92), e.div(c(4.2), b));
  const scale = e.mul(e.add(e.div(c(5.1), b), c(2.83)), deviation);
  const peak = binomialDensity(e.floor(e.mul(e.add(n, c(1)), p)), n, mean, missed);
  let result = e.floor(center);
  for (let i = 0; i < ATTEMPTS; i++) {
    const u = e.sub(draw(1 + 2 * i), c(0.5));
    const v = e.sub(c(1), draw(2 + 2 * i));
    const edge = e.sub(c(0.5), e.abs(u));
    const k = e.floor(e.add(e.mul(e.add(e.div(e.mul(a, c(2)), edge), b), u), center));
    const isPossible = e.bitwiseAnd(e.ge(k, c(0)), e.le(k, n));
    const isSure = e.bitwiseAnd(e.ge(edge, c(0.07)), e.le(v, surely));
    const height = e.log(e.div(e.mul(v, scale), e.add(e.div(a, e.square(edge)), b)));
    const isBelow = e.le(height, e.sub(binomialDensity(e.minimum(e.maximum(k, c(0)), n), n, mean, missed), peak));
    result = e.where(e.bitwiseAnd(isPossible, e.bitwiseOr(isSure, isBelow)), k, result);
  }
  return result;
}

const BINOMIAL = new PointwiseOperation({
  name: 'binomial',
  promotion: 'common',
  accepts: 'floats',
  alike: true,
  formula: ([n, probability], scalar): Expression => {
    const c = (value: number): Expression => like(n, value);
    const draw = drawsOf(n, scalar);
    const isRare = e.le(probability, c(0.5));
    const p = e.where(isRare, probability, e.sub(c(1), probability));
    const odds = e.div(p, e.sub(c(1), p));
    // (n - k + 1) / k odds, and nothing beyond n
    const ratio = (k: number): Expression => e.mul(e.div(e.maximum(e.sub(n, c(k - 1)), c(0)), c(k)), odds);
    const few = counted(draw(0), e.exp(e.mul(n, e.log1p(e.neg(p)))), ratio);
    const isMany = e.ge(e.mul(n, p), c(BY_REJECTION));
    // What is not rejected has a valid stand-in.
    const many = binomialRejected(e.where(isMany, n, c(100)), e.where(isMany, p, c(0.5)), draw);
    const k = e.where(isMany, many, few);
    return e.where(isRare, k, e.sub(n, k));
  },
});

/**
 * Successes among `count` trials of probability `prob`, for each element; they have no gradient.
 * Shape: that of the two, broadcast, and their dtype. The generator gives the seed; the numbers are not PyTorch's for the same one.
 * @throws DTypeError unless both are floating and of one dtype; FaultError, at the read, for a count below 0 or a probability outside [0, 1]
 * @see torch.binomial
 */
export const binomial: (
  x: Tensor,
  ...args: Arguments<[prob: Tensor], [generator?: Generator | undefined], GeneratorOption & { prob: Tensor }>
) => Tensor = takingNamed(
  signature('binomial', [argument('count', TENSOR), argument('prob', TENSOR), argument('generator', GENERATOR, undefined)]),
  (count: Tensor, { prob, generator = defaultGenerator }: GeneratorOption & { prob: Tensor }): Tensor => {
    requireFloat('binomial', count.dtype);
    return noGrad(() => {
      const drawn = BINOMIAL.apply([count, prob], seedHalves(generator));
      const fine = logicalAnd(logicalAnd(ge(prob, 0), le(prob, 1)), logicalAnd(ge(count, 0), lt(count, Infinity)));
      return add(drawn, requireAll('binomial', 'a count below 0, or a probability outside [0, 1],', fine, drawn));
    });
  },
); // prettier-ignore
