// Draws of the gamma distribution whose shape parameter stands in a tensor, with their gradient: the derivative of a draw by
// the parameter at a fixed probability, -(∂P/∂a) / (∂P/∂x). The device draws, by a formula, a fixed number of attempts.
import { defaultGenerator, type Generator } from '../../base/generator';
import { binary, PointwiseOperation } from '../../core/pointwiseFunctions';
import type { Tensor } from '../../core/tensor';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { seedHalves } from '../pointwise/dropout';
import { drawsOf } from './counts';

const like = e.constantLike;
/** One fails with a probability of a twentieth at most. */
const ATTEMPTS = 8;
/** The least draw: PyTorch does not give 0 either. */
const TINY = 2 ** -126;

/** Marsaglia and Tsang: A simple method for generating gamma variables, 2000. For a below 1 by a + 1 and a power. */
function drawn(a: Expression, draw: (number: number) => Expression): Expression {
  const c = (value: number): Expression => like(a, value);
  const isSmall = e.lt(a, c(1));
  const d = e.sub(e.where(isSmall, e.add(a, c(1)), a), c(1 / 3));
  const step = e.div(c(1 / 3), e.sqrt(d));
  let result = d;
  for (let i = 0; i < ATTEMPTS; i++) {
    const radius = e.sqrt(e.mul(e.log(e.sub(c(1), draw(3 * i))), c(-2)));
    const normal = e.mul(radius, e.cos(e.mul(draw(3 * i + 1), c(2 * Math.PI))));
    const w = e.mul(step, normal);
    const next = e.add(w, c(1));
    const cube = e.mul(next, e.square(next));
    // d (1 - v + log v) with v = (1 + w)³, without the difference of equals
    const curve = e.sub(e.mul(e.sub(e.log1p(w), w), c(3)), e.mul(e.square(w), e.add(w, c(3))));
    const height = e.log(e.sub(c(1), draw(3 * i + 2)));
    const isBelow = e.lt(height, e.add(e.mul(e.square(normal), c(0.5)), e.mul(d, curve)));
    const isTaken = e.bitwiseAnd(e.lt(c(0), next), isBelow);
    result = e.where(isTaken, e.mul(d, cube), result);
  }
  const power = e.exp(e.div(e.log(e.sub(c(1), draw(3 * ATTEMPTS))), a));
  return e.maximum(e.where(isSmall, e.mul(result, power), result), c(TINY));
}

/** Enough terms of series and fraction for a up to LARGE, and for greater ones that are not NEAR x. */
const TERMS = 60;
const LARGE = 80;
const NEAR = 0.3;
/** Below this a the fraction holds from there on only. */
const SMALL_X = 1.5;
/** Coefficients of η^i of ε = log(η / μ) / η: Temme, Math. Comp. 58 (1992), p. 755. */
const EPSILON = [-1 / 3, 1 / 36, 1 / 1620, -7 / 6480, 5 / 18144, -11 / 382725, -101 / 16329600];

const polynomial = (x: Expression, coefficients: readonly number[]): Expression =>
  coefficients.reduceRight<Expression>((sum, c) => e.add(e.mul(sum, x), like(x, c)), like(x, 0));

/** From P = x^a e^-x / Γ(a + 1) Σ t_n: (x / a) Σ t_n (h_n - log x + ψ(a + 1)) with h_n = 1/(a + 1) + ... + 1/(a + n). */
function bySeries(a: Expression, x: Expression): Expression {
  const one = like(a, 1);
  const logs = e.sub(e.log(x), e.digamma(e.add(a, one)));
  let [term, harmonic, n, sum] = [one, like(a, 0), a, e.neg(logs)];
  for (let i = 1; i <= TERMS; i++) {
    n = e.add(n, one);
    const inverse = e.div(one, n);
    term = e.mul(term, e.mul(x, inverse));
    harmonic = e.add(harmonic, inverse);
    // A difference, as the factors of what is added to are computed first, and would take registers to the end.
    sum = e.sub(sum, e.mul(term, e.sub(logs, harmonic)));
  }
  return e.mul(e.div(x, a), sum);
}

/** From Q = x^a e^-x / Γ(a) f, with the continued fraction f and its derivative by a: x ((log x - ψ(a)) f + f'). */
function byFraction(a: Expression, x: Expression): Expression {
  const [zero, one, two] = [like(a, 0), like(a, 1), like(a, 2)];
  let b = e.sub(e.add(x, one), a);
  let [d, c] = [e.div(one, b), like(a, 1e30)];
  let [dSlope, cSlope] = [e.square(d), zero];
  let [f, slope] = [d, dSlope];
  // Counted from a - a, as constants would take registers.
  let [numerator, step, count] = [zero, e.add(a, one), e.sub(a, a)];
  for (let i = 1; i <= TERMS; i++) {
    step = e.sub(step, two);
    numerator = e.add(numerator, step);
    count = e.add(count, one);
    b = e.add(b, two);
    const next = e.div(one, e.add(e.mul(numerator, d), b));
    // of numerator d + b
    const denominatorSlope = e.sub(e.add(e.mul(count, d), e.mul(numerator, dSlope)), one);
    dSlope = e.neg(e.mul(e.square(next), denominatorSlope));
    d = next;
    cSlope = e.sub(e.div(e.sub(count, e.div(e.mul(numerator, cSlope), c)), c), one);
    c = e.add(b, e.div(numerator, c));
    const factor = e.mul(c, d);
    slope = e.add(e.mul(slope, factor), e.mul(f, e.add(e.mul(cSlope, d), e.mul(c, dSlope))));
    f = e.mul(f, factor);
  }
  // The slope first, and in a difference: it needs what the fraction is on its way.
  return e.mul(x, e.sub(slope, e.mul(e.sub(e.digamma(a), e.log(x)), f)));
}

/** For large a: √a (η - ε(η) / a) is the normal number of the same probability, with η²/2 = μ - log(1 + μ), 1 + μ = x / a. */
function byNormal(a: Expression, mu: Expression): Expression {
  const one = like(a, 1);
  const near = e.mul(mu, polynomial(mu, [1, -1 / 3, 7 / 36, -73 / 540, 1331 / 12960]));
  const far = e.copysign(e.sqrt(e.mul(e.sub(mu, e.log1p(mu)), like(a, 2))), mu);
  const eta = e.where(e.lt(e.abs(mu), like(a, 0.1)), near, far);
  const ratio = e.where(e.eq(mu, like(a, 0)), one, e.div(eta, mu));
  const inverse = e.div(one, a);
  const moved = e.add(eta, e.mul(inverse, polynomial(eta, EPSILON)));
  const bent = e.sub(one, e.mul(inverse, polynomial(eta, EPSILON.slice(1).map((c, i) => c * (i + 1))))); // prettier-ignore
  return e.mul(e.add(mu, one), e.sub(one, e.div(e.mul(ratio, moved), e.mul(bent, like(a, 2)))));
}

/** dx/da at a fixed probability. */
function slopeOf(a: Expression, x: Expression): Expression {
  const mu = e.div(e.sub(x, a), a);
  const isLarge = e.bitwiseAnd(e.lt(like(a, LARGE), a), e.lt(e.abs(mu), like(a, NEAR)));
  const isLower = e.lt(x, e.maximum(e.add(a, like(a, 1)), like(a, SMALL_X)));
  return e.where(isLarge, byNormal(a, mu), e.where(isLower, bySeries(a, x), byFraction(a, x)));
}

/** The derivative of a draw x by the parameter a that it was drawn for; for a above 80 and x near it, right to 5 digits. */
export const standardGammaSlope = binary('standardGammaSlope', 'float', slopeOf);

const STANDARD_GAMMA = new PointwiseOperation({
  name: 'standardGamma',
  promotion: 'common',
  accepts: 'floats',
  formula: ([a], scalar) => drawn(a, drawsOf(a, scalar)),
  gradient: (grad, [a], x) => [e.mul(grad, slopeOf(a, x))],
});

/**
 * Draws of the density x^(a - 1) e^-x / Γ(a), for each element a > 0, with their gradient. Shape: that of a.
 * @see Figurnov, Mohamed, Mnih: Implicit reparameterization gradients, 2018
 */
export const standardGamma = (a: Tensor, generator: Generator = defaultGenerator): Tensor =>
  STANDARD_GAMMA.apply([a], seedHalves(generator));
