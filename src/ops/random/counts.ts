// Random counts whose distribution depends on values that only the device has: formulas of uniform draws that the device
// makes. PyTorch draws as often as a value needs; a formula draws a fixed number, so that the numbers are other ones.
import type { Arguments } from '../../base/arguments';
import { defaultGenerator, type Generator } from '../../base/generator';
import { argument, signature, takingNamed } from '../../base/signature';
import { noGrad } from '../../core/backward';
import { GENERATOR, INPUT } from '../../core/kinds';
import type { ScalarOf } from '../../core/pointwise';
import { PointwiseOperation } from '../../core/pointwiseFunctions';
import type { Tensor } from '../../core/tensor';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { requireAll } from '../indexing/gather';
import { add } from '../pointwise/arithmetic';
import { ge, logicalAnd, lt } from '../pointwise/compare';
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
