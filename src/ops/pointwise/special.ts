// Special functions, and arithmetic that is rarer than what arithmetic.ts has. Rows of the pointwise table: each is a
// formula from which the kernel and, unless given, the gradient derive.
import type { Arguments } from '../../base/arguments';
import { defaultDType, isFloat } from '../../base/dtype';
import { atLeast, COUNT, kind } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { INPUT, OPERAND, TENSOR } from '../../core/kinds';
import { binary, unary, type BinaryFunction, type Operand, type UnaryFunction } from '../../core/pointwiseFunctions';
import { DTypeError } from '../../base/errors';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { finfo } from '../../base/dtypeInfo';
import { Tensor } from '../../core/tensor';
import { to } from '../shape/copy';
import { abs, add, digamma, div, erfc, exp2, floor, lgamma, log2, mul, pow, sign, sub } from './arithmetic';
import { eq, ge, lt, where } from './compare';
import { withGradient } from '../linalg/decomposition';

const like = e.constantLike;
const one = (x: Expression): Expression => like(x, 1);
const zero = (x: Expression): Expression => like(x, 0);
const times = (x: Expression, factor: number): Expression => e.mul(x, like(x, factor));

/** Σ coefficients[i] x^i. */
const polynomial = (x: Expression, coefficients: readonly number[]): Expression =>
  coefficients.reduceRight<Expression | null>((sum, c) => (sum === null ? like(x, c) : e.add(e.mul(sum, x), like(x, c))), null) as Expression; // prettier-ignore

// ---- normal distribution -----------------------------------------------------------------------------

/** Chebyshev coefficients of log(erfc(z) e^{z²} / t), t = 2 / (2 + z): Press and others, Numerical Recipes 3, 6.2.2. */
const ERFC_CHEBYSHEV = [
  -1.3026537197817094, 0.6419697923564903, 0.01947647320418684, -0.00956151478680863, -9.46595344482036e-4,
  3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5, -1.624290004647e-6, 1.30365583558e-6,
  1.5626441722e-8, -8.5238095915e-8, 6.529054439e-9, 5.059343495e-9, -9.91364156e-10, -2.27365122e-10,
  9.6467911e-11, 2.394038e-12, -6.886027e-12, 8.94487e-13, 3.13092e-13, -1.12708e-13, 3.81e-16, 7.106e-15,
  -1.523e-15, -9.4e-17, 1.21e-16, -2.8e-17,
]; // prettier-ignore

/** e^{x²} erfc(x) by Clenshaw's recurrence; negative x by erfc(-x) = 2 - erfc(x). */
function scaledErfc(x: Expression): Expression {
  const z = e.abs(x);
  const t = e.div(like(x, 2), e.add(like(x, 2), z));
  const ty = e.sub(times(t, 4), like(x, 2));
  let [d, dd] = [zero(x), zero(x)];
  for (let j = ERFC_CHEBYSHEV.length - 1; j > 0; j--) {
    [d, dd] = [e.add(e.sub(e.mul(ty, d), dd), like(x, ERFC_CHEBYSHEV[j])), d];
  }
  const exponent = e.sub(times(e.add(like(x, ERFC_CHEBYSHEV[0]), e.mul(ty, d)), 0.5), dd);
  const positive = e.mul(t, e.exp(exponent));
  return e.where(e.lt(x, zero(x)), e.sub(times(e.exp(e.square(x)), 2), positive), positive);
}

/** e^{x²} erfc(x), which does not vanish for large x. @see torch.special.erfcx */
export const erfcx = unary('erfcx', 'float', scaledErfc, {
  gradient: (grad, [x], y) => [e.mul(grad, e.sub(times(e.mul(x, y), 2), like(x, 2 / Math.sqrt(Math.PI))))],
});

/** The normal distribution function. @see torch.special.ndtr */
export const ndtr: (x: Tensor) => Tensor = taking(signature('ndtr', [INPUT]), (x) =>
  mul(erfc(mul(x, -Math.SQRT1_2)), 0.5),
);

/** z with Φ(-z) = p for small p: from Φ(-z) ≈ φ(z) / z by Newton's method on log Φ(-z), whose slope is -√(2/π) / erfcx(z / √2). */
function tailQuantile(p: Expression): Expression {
  const logarithm = e.log(p);
  const squared = times(logarithm, -2);
  let z = e.sqrt(e.sub(e.sub(squared, e.log(squared)), like(p, Math.log(2 * Math.PI))));
  for (let step = 0; step < 3; step++) {
    const scaledTail = scaledErfc(times(z, Math.SQRT1_2));
    const error = e.sub(e.sub(e.log(times(scaledTail, 0.5)), times(e.square(z), 0.5)), logarithm);
    z = e.add(z, times(e.mul(error, scaledTail), Math.sqrt(Math.PI / 2)));
  }
  return e.where(e.eq(p, zero(p)), like(p, Infinity), z);
}

/** The inverse of ndtr, -∞ and ∞ at 0 and 1, NaN beyond. @see torch.special.ndtri */
export const ndtri = unary(
  'ndtri',
  'float',
  (x) => {
    const rest = e.sub(one(x), x);
    const tail = tailQuantile(e.minimum(x, rest));
    const middle = times(e.erfinv(e.sub(x, rest)), Math.SQRT2);
    const isMiddle = e.lt(e.abs(e.sub(x, like(x, 0.5))), like(x, 0.45));
    return e.where(isMiddle, middle, e.where(e.lt(x, rest), e.neg(tail), tail));
  },
  { gradient: (grad, _args, y) => [e.mul(grad, times(e.exp(times(e.square(y), 0.5)), Math.sqrt(2 * Math.PI)))] },
);

const logNdtrValue = unary('logNdtr', 'float', (x) => {
  const t = times(x, Math.SQRT1_2);
  const left = e.sub(e.log(times(scaledErfc(e.neg(t)), 0.5)), e.square(t));
  return e.where(e.lt(x, like(x, -1)), left, e.log1p(times(e.erfc(t), -0.5)));
});
// φ(x) / Φ(x) = √(2/π) / erfcx(-x / √2)
const logNdtrGradient = withGradient('logNdtr', (grad, x) => div(mul(grad, Math.sqrt(2 / Math.PI)), erfcx(mul(x, -Math.SQRT1_2))), null, { inputs: [0] }); // prettier-ignore

/** log ndtr(x), exact far to the left. @see torch.special.log_ndtr */
export const logNdtr: (x: Tensor) => Tensor = taking(signature('logNdtr', [INPUT]), (x) =>
  x.requiresGrad ? logNdtrGradient(x, logNdtrValue(x.detach())) : logNdtrValue(x),
);

// ---- Bessel functions ----------------------------------------------------------------------------------

/** Below this the power series, beyond it the asymptotic one; both are exact there. */
const BESSEL_SWITCH = 24;
const SERIES_TERMS = 60;
const ASYMPTOTIC_TERMS = 14;

/** I_n(x) e^{-|x|} for n 0 or 1 and x ≥ 0: Abramowitz and Stegun 9.6.10 and 9.7.1. */
function scaledBessel(n: 0 | 1, x: Expression): Expression {
  // Beyond the switch the series is not used; kept small there, so that it does not overflow. In powers of (x / 16)², as
  // the coefficients of (x / 2)² are below the normal float32 numbers before they end to count.
  const near = e.minimum(x, like(x, BESSEL_SWITCH));
  const series: number[] = [];
  for (let k = 0, term = 1; k < SERIES_TERMS; k++, term *= 64 / (k * (k + n))) series.push(term);
  const power = polynomial(e.square(times(near, 1 / 16)), series);
  const small = e.mul(e.exp(e.neg(near)), n === 0 ? power : e.mul(times(near, 0.5), power));
  const far = e.maximum(x, like(x, BESSEL_SWITCH));
  const coefficients: number[] = [];
  for (let k = 1, term = 1; k <= ASYMPTOTIC_TERMS; k++) {
    coefficients.push(term);
    term *= -(4 * n * n - (2 * k - 1) ** 2) / (k * 8);
  }
  const tail = polynomial(e.reciprocal(far), coefficients);
  const large = e.div(tail, times(e.sqrt(far), Math.sqrt(2 * Math.PI)));
  return e.where(e.lt(x, like(x, BESSEL_SWITCH)), small, large);
}

const besselI0e = (x: Expression): Expression => scaledBessel(0, e.abs(x));
const besselI1e = (x: Expression): Expression => e.copysign(scaledBessel(1, e.abs(x)), x);
const besselI0 = (x: Expression): Expression => e.mul(besselI0e(x), e.exp(e.abs(x)));
const besselI1 = (x: Expression): Expression => e.mul(besselI1e(x), e.exp(e.abs(x)));
const VALUES = {
  i0: unary('i0', 'float', besselI0),
  i0e: unary('i0e', 'float', besselI0e),
  i1: unary('i1', 'float', besselI1),
  i1e: unary('i1e', 'float', besselI1e),
};

/** I_1(x) / x, with its limit at 0. */
const overX = (y: Tensor, x: Tensor): Tensor => where(eq(x, 0), 0.5, div(y, where(eq(x, 0), 1, x)));

/** Their derivatives are made of each other: the series are too long to be differentiated term by term. */
const bessel = (name: keyof typeof VALUES, slope: (x: Tensor, y: Tensor) => Tensor): ((x: Tensor) => Tensor) => {
  const known = withGradient(name, (grad, x, y) => mul(grad, slope(x, y)), null, {
    inputs: [0],
    outputs: slope.length > 1 ? [0] : [],
  });
  return taking(signature(name, [INPUT]), (x) =>
    x.requiresGrad ? known(x, VALUES[name](x.detach())) : VALUES[name](x),
  );
};

/** Modified Bessel function of the first kind of order 0. @see torch.special.i0 */
export const i0: (x: Tensor) => Tensor = bessel('i0', (x) => i1(x));
/** i0(x) e^{-|x|}. @see torch.special.i0e */
export const i0e: (x: Tensor) => Tensor = bessel('i0e', (x, y) => sub(i1e(x), mul(sign(x), y)));
/** Modified Bessel function of the first kind of order 1. @see torch.special.i1 */
export const i1: (x: Tensor) => Tensor = bessel('i1', (x, y) => sub(i0(x), overX(y, x)));
/** i1(x) e^{-|x|}. @see torch.special.i1e */
export const i1e: (x: Tensor) => Tensor = bessel('i1e', (x, y) => sub(sub(i0e(x), overX(y, x)), mul(sign(x), y)));

// ---- entropies and the gamma function ---------------------------------------------------------------------

/** -x log x, 0 at 0, -∞ below. @see torch.special.entr */
export const entr = unary(
  'entr',
  'float',
  (x) => {
    const inside = e.where(e.eq(x, zero(x)), zero(x), e.neg(e.mul(x, e.log(x))));
    return e.where(e.lt(x, zero(x)), like(x, -Infinity), inside);
  },
  { gradient: (grad, [x]) => [e.mul(grad, e.neg(e.add(e.log(x), one(x))))] },
);

/** a log(1 + b), 0 where a is 0. @see torch.special.xlog1py */
export const xlog1py = binary(
  'xlog1py',
  'float',
  (a, b) => e.where(e.bitwiseAnd(e.eq(a, zero(a)), e.not(e.isNaN(b))), zero(a), e.mul(a, e.log1p(b))),
  {
    gradient: (grad, [a, b]) => {
      const none = e.bitwiseAnd(e.eq(a, zero(a)), e.le(b, like(b, -1)));
      return [e.mul(grad, e.where(none, zero(a), e.log1p(b))), e.div(e.mul(grad, a), e.add(b, one(b)))];
    },
  },
);

const polygammas = new Map<number, UnaryFunction>();

/** Beyond it n! is infinite. */
const MOST_DERIVATIVES = 170;
const POLYGAMMA = signature('polygamma', [
  argument(
    'n',
    kind<number>(
      `a whole number in [0, ${MOST_DERIVATIVES}], beyond which n! is infinite`,
      (n) => COUNT.accepts(n) && n <= MOST_DERIVATIVES,
    ),
  ),
  argument('input', TENSOR),
]);

/** Derivative number n of digamma; at most 170; n = 0 is digamma itself. @see torch.special.polygamma */
export const polygamma: (n: number, ...args: Arguments<[input: Tensor], [], { input: Tensor }>) => Tensor = taking(
  POLYGAMMA,
  (n, x) => {
    if (n === 0) return digamma(x);
    let f = polygammas.get(n);
    if (f === undefined) polygammas.set(n, (f = unary('polygamma', 'float', (y) => e.polygamma(n, y))));
    return f(x);
  },
);

/** Each is an operation of its own. */
const MOST_FACTORS = 4096;
const MVLGAMMA = signature('mvlgamma', [
  INPUT,
  argument(
    'p',
    kind<number>(`a whole number in [1, ${MOST_FACTORS}]`, (p) => atLeast(1).accepts(p) && p <= MOST_FACTORS),
  ),
]);

/** log of the multivariate gamma function of dimension p. @see torch.special.multigammaln */
export const mvlgamma: (x: Tensor, ...args: Arguments<[p: number], [], { p: number }>) => Tensor = taking(
  MVLGAMMA,
  (x, p) => {
    const constant = ((p * (p - 1)) / 4) * Math.log(Math.PI);
    const terms = Array.from({ length: p }, (_, j) => lgamma(sub(x, j / 2)));
    return add(
      terms.reduce((sum, term) => add(sum, term)),
      constant,
    );
  },
);

/** Coefficients of x^(2k+1) in the series of sinc': Σ (-1)^k π^(2k) 2k x^(2k-1) / (2k+1)! for k from 1. */
const SINC_SLOPE: readonly number[] = Array.from({ length: 10 }, (_, i) => {
  const k = i + 1;
  let term = 2 * k;
  for (let n = 2; n <= 2 * k + 1; n++) term /= n;
  return (-1) ** k * Math.PI ** (2 * k) * term;
});

/** (cos(πx) - sinc(x)) / x; near 0, where that cancels, its series, whose derivatives are exact too. */
function sincSlope(x: Expression): Expression {
  const isNear = e.lt(e.abs(x), like(x, 0.25));
  const near = e.where(isNear, x, zero(x));
  const far = e.where(isNear, one(x), x);
  const angle = times(far, Math.PI);
  const slope = e.div(e.sub(e.mul(angle, e.cos(angle)), e.sin(angle)), e.mul(angle, far));
  return e.where(isNear, e.mul(near, polynomial(e.square(near), SINC_SLOPE)), slope);
}

/** sin(πx) / (πx), 1 at 0. @see torch.special.sinc */
export const sinc = unary(
  'sinc',
  'float',
  (x) => {
    const angle = times(x, Math.PI);
    const isZero = e.eq(x, zero(x));
    return e.where(isZero, one(x), e.div(e.sin(angle), e.where(isZero, one(x), angle)));
  },
  { gradient: (grad, [x]) => [e.mul(grad, sincSlope(x))] },
);

/** log₂(2^a + 2^b). @see torch.logaddexp2 */
export const logaddexp2 = binary(
  'logaddexp2',
  'float',
  (a, b) => {
    const distance = e.neg(e.abs(e.sub(a, b)));
    const sum = e.add(e.maximum(a, b), times(e.log1p(e.exp2(distance)), Math.LOG2E));
    return e.where(e.bitwiseAnd(e.eq(a, b), e.eq(e.abs(a), like(a, Infinity))), a, sum);
  },
  {
    gradient: (grad, [a, b]) => [
      e.div(grad, e.add(one(a), e.exp2(e.sub(b, a)))),
      e.div(grad, e.add(one(a), e.exp2(e.sub(a, b)))),
    ],
  },
);

// ---- signs, powers and whole numbers -----------------------------------------------------------------------

/** Whether the sign is negative, that of -0 too. @see torch.signbit */
export const signbit = unary('signbit', 'common', (x) =>
  isFloat(x.dtype) ? e.lt(e.copysign(one(x), x), zero(x)) : e.lt(x, zero(x)),
);

/**
 * The number that follows a on the way to b. A step of a little over half the spacing is rounded to the next one: Rump
 * and others, Computing predecessor and successor in rounding to nearest (2009).
 * @throws DTypeError but for float32 and float64
 * @see torch.nextafter
 */
export const nextafter = binary(
  'nextafter',
  'common',
  (a, b) => {
    if (a.dtype !== 'float32' && a.dtype !== 'float64') {
      throw new DTypeError('nextafter', `expected float32 or float64, got ${a.dtype}.`);
    }
    const { eps, tiny, max } = finfo(a.dtype);
    // A little over half the spacing below 1, the least number, and up to where it is the spacing too.
    const [half, least, edge] = [(eps / 2) * (1 + eps), tiny * eps, 2 * tiny];
    const size = e.abs(a);
    const isFalling = e.lt(e.mul(e.sub(b, a), e.copysign(one(a), a)), zero(a));
    const isBelow = (limit: number): Expression =>
      e.where(isFalling, e.le(size, like(a, limit)), e.lt(size, like(a, limit)));
    const wide = e.where(isBelow(2 * edge), like(a, 2 * least), e.add(times(size, half), like(a, least)));
    const sum = e.add(a, e.copysign(e.where(isBelow(edge), like(a, least), wide), e.sub(b, a)));
    const next = e.where(
      e.eq(size, like(a, Infinity)),
      e.copysign(like(a, max), a),
      e.where(e.eq(sum, zero(a)), e.copysign(sum, a), sum),
    );
    return e.where(e.eq(a, b), b, e.where(e.isNaN(b), b, next));
  },
  { gradient: (grad) => [grad, null] },
);

/** Steps that Euclid's algorithm takes at most for int64: neighbours of Fibonacci's sequence. */
const EUCLID_STEPS = 91;

const greatestDivisor = (a: Expression, b: Expression): Expression => {
  let [x, y] = [e.abs(a), e.abs(b)];
  for (let i = 0; i < EUCLID_STEPS; i++) {
    const isDone = e.eq(y, zero(y));
    [x, y] = [e.where(isDone, x, y), e.where(isDone, y, e.fmod(x, e.where(isDone, one(y), y)))];
  }
  return x;
};

/** The greatest common divisor. @see torch.gcd */
export const gcd = binary('gcd', 'common', greatestDivisor, { accepts: 'integers' });
/** The least common multiple. @see torch.lcm */
export const lcm = binary(
  'lcm',
  'common',
  (a, b) => {
    const divisor = greatestDivisor(a, b);
    const isZero = e.eq(divisor, zero(divisor));
    return e.abs(e.mul(e.truncDivide(a, e.where(isZero, one(divisor), divisor)), b));
  },
  { accepts: 'integers' },
);

/** Narrow integers have no room for the power of two. */
const wide = (x: Expression): Expression => e.cast('int64', x);
/** Negative numbers of places are many, as in PyTorch. By thirds, as 32 bits have no room for 2^62 either. */
const shiftedRight = (a: Expression, b: Expression): Expression => {
  const places = e.where(e.lt(b, zero(b)), like(b, 62), e.minimum(b, like(b, 62)));
  const third = e.floorDivide(places, like(b, 3));
  const halved = (x: Expression, n: Expression): Expression => e.floorDivide(x, e.pow(like(b, 2), n));
  return halved(halved(halved(a, third), third), e.sub(places, e.add(third, third)));
};

const SHIFTS: { readonly [name: string]: BinaryFunction } = {
  left: binary('bitwiseLeftShift', 'common', (a, b) => e.mul(a, e.pow(like(b, 2), b)), { accepts: 'integers' }),
  right: binary('bitwiseRightShift', 'common', (a, b) => e.cast(a.dtype, shiftedRight(wide(a), wide(b))), {
    accepts: 'integers',
  }),
};
/** a 2^b of integers. @see torch.bitwise_left_shift */
export const bitwiseLeftShift = SHIFTS.left;
/** a / 2^b of integers, rounded down. @see torch.bitwise_right_shift */
export const bitwiseRightShift = SHIFTS.right;

const LDEXP = signature('ldexp', [INPUT, argument('other', OPERAND)]);

/** x 2^other. @see torch.ldexp */
export const ldexp: (x: Tensor, ...args: Arguments<[other: Operand], [], { other: Operand }>) => Tensor = taking(
  LDEXP,
  (x, other) => mul(x, pow(2, !(other instanceof Tensor) || isFloat(other.dtype) ? other : to(other, defaultDType()))),
);

type Mantissas = [mantissa: Tensor, exponent: Tensor] & { mantissa: Tensor; exponent: Tensor };
const FREXP = signature('frexp', [INPUT]);

/** x as mantissa 2^exponent, with the mantissa in [0.5, 1) (exponent int32). @see torch.frexp */
export const frexp: (x: Tensor) => Mantissas = taking(FREXP, (x): Mantissas => {
  if (!isFloat(x.dtype)) throw new DTypeError('frexp', `the input must be of a floating-point dtype, got ${x.dtype}.`);
  const size = abs(x.detach());
  const special = size.eq(0).logicalOr(size.isfinite().logicalNot());
  const guess = floor(log2(where(special, 1, size)));
  // The logarithm may be off by one next to a power of two.
  const scaled = div(where(special, 0.5, size), exp2(guess));
  const exponent = add(guess, 1).add(where(ge(scaled, 2), 1, where(lt(scaled, 1), -1, 0)));
  const mantissa = where(special, x, div(x, exp2(exponent)));
  const whole = to(where(special, 0, exponent), 'int32');
  return Object.assign([mantissa, whole] as [Tensor, Tensor], { mantissa, exponent: whole });
});

const FLOAT_POWER = signature('floatPower', [argument('input', OPERAND), argument('exponent', OPERAND)]);

/** base^exponent in float64. @see torch.float_power */
export const floatPower: (base: Operand, ...args: Arguments<[exponent: Operand], [], { exponent: Operand }>) => Tensor =
  taking(FLOAT_POWER, (base, exponent) => {
    const wide = (x: Operand): Operand => (x instanceof Tensor ? to(x, 'float64') : x);
    return pow(wide(base), wide(exponent));
  });
