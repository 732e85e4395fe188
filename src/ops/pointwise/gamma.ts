// The incomplete gamma functions, as rows of the pointwise table: P(a, x) and Q(a, x) = 1 - P(a, x).
import { argument, signature, taking } from '../../base/signature';
import { INPUT, OPERAND } from '../../core/kinds';
import { binary, type BinaryFunction } from '../../core/pointwiseFunctions';
import { AutogradError } from '../../base/errors';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { isGradEnabled } from '../../core/graph';
import { Tensor } from '../../core/tensor';

const like = e.constantLike;

/** Σ coefficients[i] x^i. */
const polynomial = (x: Expression, coefficients: readonly number[]): Expression =>
  coefficients.reduceRight<Expression>((sum, c) => e.add(e.mul(sum, x), like(x, c)), like(x, 0));

/** Enough terms of the series and the fraction below for a up to LARGE, and for greater ones that are not NEAR x. */
const TERMS = 60;
/** Of a series whose terms fall as x^n / n!, up to this x. */
const ALTERNATING_TERMS = 20;
const SMALL_X = 1.5;
const LARGE = 80;
const NEAR = 0.3;
/** From here on Stirling's series gives log Γ(a + 1): the coefficients of a^-1, a^-3, ... */
const STIRLING = 10;
const STIRLING_SERIES = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360];
/** Below this a + 1 has not the digits of a. */
const SMALL = 0.1;
/** Coefficients of z^k of log Γ(2 + z) / z: 1 - γ, then (-1)^k (ζ(k) - 1) / k. */
const LGAMMA_NEAR_2 = [
  0.42278433509846713, 0.3224670334241132, -0.0673523010531981, 0.020580808427784546,
  -0.007385551028673986, 0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425,
  -0.00022315475845357939, 9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05,
]; // prettier-ignore

/** Temme's coefficients of η^i / a^0 and / a^1: SIAM J. Math. Anal. 10 (1979), p. 757. */
const TEMME = [
  [-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600, 3.919263178522438e-5, -2.185448510679992e-6],
  [-1 / 540, -1 / 288, 1 / 378, -77 / 77760, 2.05761316872428e-4],
];

/** log Γ(a + 1). */
const lgammaOfNext = (a: Expression): Expression =>
  e.where(
    e.lt(a, like(a, SMALL)),
    e.sub(e.mul(a, polynomial(a, LGAMMA_NEAR_2)), e.log1p(a)),
    e.lgamma(e.add(a, like(a, 1))),
  );

/** P(a, x) and Q(a, x), the smaller of which is computed; a and x positive and finite. */
function incomplete(a: Expression, x: Expression): { lower: Expression; upper: Expression } {
  const one = like(a, 1);
  const mu = e.div(e.sub(x, a), a);
  // log(x / a), which 1 + μ has not the digits for where x is small.
  const ratio = e.where(e.lt(mu, like(a, -0.5)), e.log(e.div(x, a)), e.log1p(mu));
  // a η²/2 with η²/2 = μ - log(1 + μ)
  const exponent = e.mul(a, e.sub(mu, ratio));
  const root = e.sqrt(e.mul(a, like(a, 2 * Math.PI)));

  // x^a e^-x / Γ(a + 1), without the difference of large numbers where a is large.
  const inverse = e.div(one, a);
  const correction = e.mul(inverse, polynomial(e.square(inverse), STIRLING_SERIES));
  // log of x^a / Γ(a + 1)
  const power = e.sub(e.mul(a, e.log(x)), lgammaOfNext(a));
  const plain = e.exp(e.sub(power, x));
  const stirling = e.div(e.exp(e.neg(e.add(exponent, correction))), root);
  const factor = e.where(e.lt(a, like(a, STIRLING)), plain, stirling);

  // P = factor Σ x^n / ((a + 1) ... (a + n)), and Lentz' method for the continued fraction of Q
  // Counters are added up, as constants would take registers.
  const two = like(a, 2);
  let [term, sum] = [one, one];
  let [denominator, numerator, step] = [a, like(a, 0), e.add(a, one)];
  let b = e.sub(e.add(x, one), a);
  let d = e.div(one, b);
  let c = like(a, 1e30);
  let fraction = d;
  // Σ (-x)^n / (n! (a + n)) for small x: Q = 1 - x^a / Γ(a + 1) (1 + a Σ) without a difference of equals for small a.
  let [alternating, reversed, count] = [like(a, 0), one, like(a, 0)];
  for (let n = 1; n <= TERMS; n++) {
    denominator = e.add(denominator, one);
    term = e.div(e.mul(term, x), denominator);
    sum = e.add(sum, term);
    // n (a - n)
    step = e.sub(step, two);
    numerator = e.add(numerator, step);
    b = e.add(b, two);
    d = e.div(one, e.add(e.mul(numerator, d), b));
    c = e.add(b, e.div(numerator, c));
    fraction = e.mul(fraction, e.mul(c, d));
    if (n > ALTERNATING_TERMS) continue;
    count = e.add(count, one);
    reversed = e.neg(e.div(e.mul(reversed, x), count));
    alternating = e.add(alternating, e.div(reversed, denominator));
  }
  const nearOne = e.neg(e.add(e.expm1(power), e.mul(e.exp(power), e.mul(a, alternating))));
  const series = e.mul(factor, sum);
  const remainder = e.mul(e.mul(factor, a), fraction);

  // Temme's uniform expansion for large a: Q = erfc(η √(a/2)) / 2 + R
  const near = e.mul(mu, polynomial(mu, [1, -1 / 3, 7 / 36, -73 / 540, 1331 / 12960]));
  const far = e.copysign(e.sqrt(e.mul(e.sub(mu, ratio), like(a, 2))), mu);
  const eta = e.where(e.lt(e.abs(mu), like(a, 0.1)), near, far);
  // Farther away the rest vanishes with its exponential.
  const bounded = e.maximum(e.minimum(eta, one), e.neg(one));
  const [first, second] = TEMME.map((coefficients) => polynomial(bounded, coefficients));
  const rest = e.mul(e.div(e.exp(e.neg(exponent)), root), e.add(first, e.mul(second, inverse)));
  const argument = e.mul(eta, e.sqrt(e.mul(a, like(a, 0.5))));
  const half = (z: Expression): Expression => e.mul(e.erfc(z), like(a, 0.5));

  const isLarge = e.bitwiseAnd(e.lt(like(a, LARGE), a), e.lt(e.abs(mu), like(a, NEAR)));
  const isSmall = e.lt(x, like(a, SMALL_X));
  // For a below 1 the fraction holds from there on.
  const isLower = e.where(e.lt(a, one), isSmall, e.lt(x, e.add(a, one)));
  return {
    lower: e.where(isLarge, e.sub(half(e.neg(argument)), rest), e.where(isLower, series, e.sub(one, remainder))),
    upper: e.where(
      isLarge,
      e.add(half(argument), rest),
      e.where(isSmall, nearOne, e.where(isLower, e.sub(one, series), remainder)),
    ),
  };
}

/** `inside`, and at the borders the limits: NaN for negative numbers and where no limit is. */
function bordered(a: Expression, x: Expression, inside: Expression, atZero: number): Expression {
  const [none, zero] = [like(a, NaN), like(a, 0)];
  const [start, end] = [like(a, atZero), like(a, 1 - atZero)];
  const infinity = like(a, Infinity);
  const isZero = e.eq(x, zero);
  const isInfinite = e.eq(x, infinity);
  const finite = e.where(
    e.eq(a, zero),
    e.where(isZero, none, end),
    e.where(isZero, start, e.where(isInfinite, end, inside)),
  );
  const known = e.where(e.eq(a, infinity), e.where(isInfinite, none, start), finite);
  const invalid = e.not(e.bitwiseAnd(e.ge(a, zero), e.ge(x, zero)));
  return e.where(invalid, none, known);
}

/** ± x^(a - 1) e^-x / Γ(a): the derivative by x. */
const slope = (a: Expression, x: Expression): Expression =>
  e.exp(e.sub(e.sub(e.mul(e.sub(a, like(a, 1)), e.log(x)), x), e.lgamma(a)));

/** The row with a check that nobody asks for its derivative by a, which PyTorch has not either. */
function byX(name: string, row: BinaryFunction): BinaryFunction {
  const check = (a: Tensor): void => {
    if (!isGradEnabled() || !a.requiresGrad) return;
    throw new AutogradError(name, 'there is no derivative by the first argument, which requires gradients. Detach it.');
  };
  const operands = argument('other', OPERAND);
  return Object.assign(
    taking(signature(name, [argument('input', OPERAND), operands]), (a, x) => {
      if (a instanceof Tensor) check(a);
      return row(a as Tensor, x);
    }),
    {
      inPlace: taking(signature(`${name}_`, [INPUT, operands]), (a, x) => {
        check(a);
        return row.inPlace(a, x);
      }),
    },
  );
}

/**
 * P(a, x) = 1/Γ(a) ∫₀ˣ t^(a-1) e^-t dt, the regularised lower incomplete gamma function; NaN for negative numbers. For a
 * above 80 and x near it, it is right to 7 digits. @throws AutogradError if a requires gradients @see torch.special.gammainc
 */
export const igamma = byX(
  'igamma',
  binary('igamma', 'float', (a, x) => bordered(a, x, incomplete(a, x).lower, 0), {
    gradient: (grad, [a, x]) => [null, e.mul(grad, slope(a, x))],
  }),
);

/** Q(a, x) = 1 - P(a, x), the regularised upper incomplete gamma function; see igamma. @see torch.special.gammaincc */
export const igammac = byX(
  'igammac',
  binary('igammac', 'float', (a, x) => bordered(a, x, incomplete(a, x).upper, 1), {
    gradient: (grad, [a, x]) => [null, e.neg(e.mul(grad, slope(a, x)))],
  }),
);
