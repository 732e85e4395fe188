// Arithmetic and elementary functions. Each is one row: how its operands are promoted, and its formula; gradients
// are derived from that unless a row says otherwise. Comparisons are in compare.ts, activations in activation.ts.
import type { Arguments } from '../../base/arguments';
import { isFloat } from '../../base/dtype';
import { INTEGER, NUMBER, oneOf } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { KindError, DTypeError, ValueError } from '../../base/errors';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { INPUT, OPERAND, TENSOR } from '../../core/kinds';
import {
  binary, ofOperands, parametric, PointwiseOperation, unary, withInPlace, type BinaryFunction, type InPlaceForm, type UnaryFunction,
  type Operand,
} from '../../core/pointwiseFunctions'; // prettier-ignore
import { Tensor } from '../../core/tensor';

const like = e.constantLike;

// ---- sums and products --------------------------------------------------------------------------------

type ScaledArguments = Arguments<[other: Operand], [alpha?: number], { other: Operand; alpha?: number }>;
/** `f(a, b, { alpha })`. */
type ScaledFunction = ((a: Tensor, ...args: ScaledArguments) => Tensor) & InPlaceForm<ScaledArguments>;

/** Whether an operand is of whole numbers. */
const isWhole = (x: Operand): boolean =>
  x instanceof Tensor ? !isFloat(x.dtype) : typeof x !== 'number' || Number.isInteger(x);

/** An operation one of whose operands is multiplied by alpha; without alpha there is no product to compute. */
function scaled(
  name: string,
  formula: (a: Expression, b: Expression, alpha: Expression) => Expression,
): ScaledFunction {
  const plain = new PointwiseOperation({ name, promotion: 'common', formula: ([a, b]) => formula(a, b, like(b, 1)) });
  const withAlpha = new PointwiseOperation({
    name,
    promotion: 'common',
    formula: ([a, b], scalar) => formula(a, b, scalar(0)),
  });
  const scaling = (a: Operand, b: Operand, alpha: number): readonly number[] => {
    if (!Number.isInteger(alpha) && [a, b].every(isWhole)) {
      throw new KindError(name, `alpha must be a whole number for tensors of whole numbers, got ${alpha}.`);
    }
    return [alpha];
  };
  const checking: ScaledFunction = withInPlace(
    signature(name, [INPUT, argument('other', OPERAND), argument('alpha', NUMBER, 1)]),
    (a, b, alpha) => (alpha === 1 ? plain.apply([a, b]) : withAlpha.apply([a, b], scaling(a, b, alpha))),
    (a, b, alpha) => (alpha === 1 ? plain.applyInPlace(a, [b]) : withAlpha.applyInPlace(a, [b], scaling(a, b, alpha))),
  );
  return ofOperands(
    2,
    checking,
    (operands) => plain.apply(operands),
    (self, others) => plain.applyInPlace(self, others),
  );
}

/** a + alpha b. @see torch.add */
export const add = scaled('add', (a, b, alpha) => e.add(a, e.mul(alpha, b)));
/** a - alpha b. @see torch.sub */
export const sub = scaled('sub', (a, b, alpha) => e.sub(a, e.mul(alpha, b)));
/** b - alpha a. @see torch.rsub */
export const rsub = scaled('rsub', (a, b, alpha) => e.sub(b, e.mul(alpha, a)));
/** a b. @see torch.mul */
export const mul = binary('mul', 'common', e.mul);

// Of the operands alone, so that the quotient may be changed in place:  d(a / b) = da / b - (a / b) / b db
const floatQuotient = binary('div', 'float', e.div, {
  gradient: (grad, [a, b]) => [e.div(grad, b), e.neg(e.mul(grad, e.div(e.div(a, b), b)))],
});
const divideDown = binary('floorDivide', 'common', e.floorDivide, { accepts: 'numbers' });
const divideTowardsZero = binary('div', 'common', e.truncDivide, { accepts: 'numbers' });

/** How `div` rounds: not at all (a float), towards zero, or down. */
export interface DivOptions {
  roundingMode?: 'trunc' | 'floor' | null;
}

function divider(roundingMode: 'trunc' | 'floor' | null): BinaryFunction {
  if (roundingMode === null) return floatQuotient;
  return roundingMode === 'trunc' ? divideTowardsZero : divideDown;
}
type DivArguments = Arguments<
  [other: Operand],
  [roundingMode?: 'trunc' | 'floor' | null],
  DivOptions & { other: Operand }
>;

/**
 * a / b; integers give float32 unless a rounding mode keeps them integers.
 * @throws FaultError, at the read, if integers are divided by zero.
 * @see torch.div
 */
export const div: ((a: Tensor, ...args: DivArguments) => Tensor) & InPlaceForm<DivArguments> = ofOperands(
  2,
  withInPlace(
    signature('div', [INPUT, argument('other', OPERAND), argument('roundingMode', oneOf('trunc', 'floor'), null)]),
    (a, b, roundingMode) => divider(roundingMode)(a, b),
    (a, b, roundingMode) => divider(roundingMode).inPlace(a, b),
  ),
  ([a, b]) => floatQuotient(a as Tensor, b),
  (self, [b]) => floatQuotient.inPlace(self, b),
);
/** a / b as a float. @see torch.true_divide */
export const trueDivide = floatQuotient;
/** ⌊a / b⌋. @see torch.floor_divide */
export const floorDivide = divideDown;
/** Remainder with the sign of b. @see torch.remainder */
export const remainder = binary('remainder', 'common', e.remainder, { accepts: 'numbers' });
/** Remainder with the sign of a. @see torch.fmod */
export const fmod = binary('fmod', 'common', e.fmod, { accepts: 'numbers' });

/** x + value a b. @see torch.addcmul */
export const addcmul = withValue('addcmul', e.mul);
/** x + value a / b. @see torch.addcdiv */
export const addcdiv = withValue('addcdiv', e.div);

type ValueArguments = Arguments<
  [tensor1: Tensor, tensor2: Tensor],
  [value?: number],
  { tensor1: Tensor; tensor2: Tensor; value?: number },
  [tensor1: Tensor, options: Omit<{ tensor1: Tensor; tensor2: Tensor; value?: number }, 'tensor1'>]
>;

function withValue(
  name: string,
  join: (a: Expression, b: Expression) => Expression,
): ((x: Tensor, ...args: ValueArguments) => Tensor) & InPlaceForm<ValueArguments> {
  const operation = new PointwiseOperation({
    name,
    promotion: name === 'addcdiv' ? 'float' : 'common',
    formula: ([x, a, b], scalar) => e.add(x, e.mul(scalar(0), join(a, b))),
  });
  // As in PyTorch there is no quotient of whole numbers.
  const divisor = (a: Tensor, b: Tensor): Tensor => {
    if (name !== 'addcdiv' || isFloat(a.dtype) || isFloat(b.dtype)) return b;
    throw new DTypeError(
      'addcdiv',
      `one of the two tensors must be of floats, got ${a.dtype} and ${b.dtype}. Convert with .float().`,
    );
  };
  return withInPlace(
    signature(name, [INPUT, argument('tensor1', TENSOR), argument('tensor2', TENSOR), argument('value', NUMBER, 1)]),
    (x, a, b, value) => operation.apply([x, a, divisor(a, b)], [value]),
    (x, a, b, value) => operation.applyInPlace(x, [a, divisor(a, b)], [value]),
  );
}

const LERP = new PointwiseOperation({
  name: 'lerp',
  promotion: 'float',
  alike: true,
  // From the nearer end, so that weight 1 gives `end` exactly.
  formula: ([start, end, weight]) => {
    const span = e.sub(end, start);
    const fromEnd = e.sub(end, e.mul(span, e.sub(like(weight, 1), weight)));
    return e.where(e.lt(e.abs(weight), like(weight, 0.5)), e.add(start, e.mul(weight, span)), fromEnd);
  },
  gradient: (grad, [start, end, weight]) => [
    e.mul(grad, e.sub(like(weight, 1), weight)),
    e.mul(grad, weight),
    e.mul(grad, e.sub(end, start)),
  ],
});

const LERP_ARGUMENTS = signature('lerp', [INPUT, argument('end', TENSOR), argument('weight', OPERAND)]);

type LerpArguments = Arguments<
  [end: Tensor, weight: Operand],
  [],
  { end: Tensor; weight: Operand },
  [end: Tensor, options: { weight: Operand }]
>;

/** start + weight (end - start). @see torch.lerp */
export const lerp: ((start: Tensor, ...args: LerpArguments) => Tensor) & InPlaceForm<LerpArguments> = withInPlace(
  LERP_ARGUMENTS,
  (start, end, weight) => LERP.apply([start, end, weight]),
  (start, end, weight) => LERP.applyInPlace(start, [end, weight]),
);

// ---- powers -------------------------------------------------------------------------------------------

/** x², of booleans as int64. @see torch.square */
export const square = unary('square', 'common', (x) => e.square(x.dtype === 'bool' ? e.cast('int64', x) : x));
/** 1 / x. @see torch.reciprocal */
export const reciprocal = unary('reciprocal', 'float', e.reciprocal, {
  gradient: (grad, _args, y) => [e.neg(e.mul(grad, e.square(y)))],
});
/** √x. @see torch.sqrt */
export const sqrt = unary('sqrt', 'float', e.sqrt);
/** 1 / √x. @see torch.rsqrt */
export const rsqrt = unary('rsqrt', 'float', (x) => e.reciprocal(e.sqrt(x)), {
  gradient: (grad, _args, y) => [e.mul(e.mul(grad, like(y, -0.5)), e.mul(y, e.square(y)))],
});

const POWER_OF_NUMBER = new PointwiseOperation({ name: 'pow', promotion: 'common', formula: ([a, b]) => e.pow(a, b) });
const generalPower = binary('pow', 'common', e.pow);
const cube = unary('pow', 'common', (x) => e.mul(x, e.square(x)));

/** A power that has an expression of its own; the gradient is that of powers, of x alone. */
const powerOf = (exponent: number, formula: (x: Expression) => Expression): UnaryFunction =>
  unary('pow', 'float', formula, {
    gradient: (grad, [x]) => [e.mul(grad, e.mul(like(x, exponent), e.pow(x, like(x, exponent - 1))))],
  });
const root = powerOf(0.5, e.sqrt);
const inverseRoot = powerOf(-0.5, (x) => e.reciprocal(e.sqrt(x)));
const inverse = powerOf(-1, e.reciprocal);

/** The function for an exponent that needs no general power. */
function specialPower(base: Operand, exponent: Operand): ReturnType<typeof unary> | null {
  if (!(base instanceof Tensor) || base.dtype === 'bool') return null;
  if (exponent === 2) return square;
  if (exponent === 3) return cube;
  if (!isFloat(base.dtype)) return null;
  return exponent === 0.5 ? root : exponent === -0.5 ? inverseRoot : exponent === -1 ? inverse : null;
}

/** @throws RangeError for a number that whole numbers have no power of, as in PyTorch. */
function checkPower(base: Operand, exponent: Operand): void {
  if (!(base instanceof Tensor) || isFloat(base.dtype)) return;
  if (typeof exponent !== 'number' || !Number.isInteger(exponent) || exponent >= 0) return;
  throw new ValueError(
    'pow',
    `whole numbers have no negative whole powers, got ${base.dtype} and ${exponent}. Convert the base with .float().`,
  );
}

function power(base: Operand, exponent: Operand): Tensor {
  checkPower(base, exponent);
  if (!(base instanceof Tensor)) return POWER_OF_NUMBER.apply([base, exponent]);
  return specialPower(base, exponent)?.(base) ?? generalPower(base, exponent);
}
function powerInPlace(self: Tensor, exponent: Operand): Tensor {
  checkPower(self, exponent);
  return specialPower(self, exponent)?.inPlace(self) ?? generalPower.inPlace(self, exponent);
}

const EXPONENT = argument('exponent', OPERAND);

type PowArguments = Arguments<[exponent: Operand], [], { exponent: Operand }>;

/** base^exponent. @see torch.pow */
export const pow: ((base: Operand, ...args: PowArguments) => Tensor) & InPlaceForm<PowArguments> = ofOperands(
  2,
  Object.assign(taking(signature('pow', [argument('input', OPERAND), EXPONENT]), power), {
    inPlace: taking(signature('pow_', [INPUT, EXPONENT]), powerInPlace),
  }),
  ([base, exponent]) => power(base, exponent),
  (self, [exponent]) => powerInPlace(self, exponent),
);

// ---- signs and rounding -----------------------------------------------------------------------------------

/** Integers are whole already. */
const ofFloats =
  (f: (x: Expression) => Expression) =>
  (x: Expression): Expression =>
    isFloat(x.dtype) ? f(x) : x;

/** -x. @see torch.neg */
export const neg = unary('neg', 'common', e.neg, { accepts: 'numbers' });
/** |x|. @see torch.abs */
export const abs = unary('abs', 'common', e.abs);
/** -1, 0 or 1; 0 for NaN. @see torch.sign */
export const sign = unary('sign', 'common', e.sign);
/** Greatest integer ≤ x. @see torch.floor */
export const floor = unary('floor', 'common', ofFloats(e.floor));
/** Least integer ≥ x. @see torch.ceil */
export const ceil = unary('ceil', 'common', ofFloats(e.ceil));
const roundToWhole = unary('round', 'common', ofFloats(e.round));
/** With 10^decimals, or its inverse where that is what is a whole number. */
const roundScaled = parametric(
  'round',
  { scale: 1 },
  { promotion: 'float', formula: (x, { scale }) => e.div(e.round(e.mul(x, scale)), scale) },
);
const roundCoarsely = parametric(
  'round',
  { unit: 1 },
  { promotion: 'float', formula: (x, { unit }) => e.mul(e.round(e.div(x, unit)), unit) },
);

/** How many decimals `round` keeps; negative: zeros before the point. */
export interface RoundOptions {
  decimals?: number;
}

type RoundArguments = Arguments<[], [decimals?: number], RoundOptions>;
const ROUND = signature('round', [INPUT, argument('decimals', INTEGER, 0)]);

/** Nearest multiple of 10^-decimals, the even one of two. @see torch.round */
export const round: ((x: Tensor, ...args: RoundArguments) => Tensor) & InPlaceForm<RoundArguments> = withInPlace(
  ROUND,
  (x, decimals) => {
    if (decimals === 0) return roundToWhole(x);
    return decimals > 0 ? roundScaled(x, 10 ** decimals) : roundCoarsely(x, 10 ** -decimals);
  },
  (x, decimals) => {
    if (decimals === 0) return roundToWhole.inPlace(x);
    return decimals > 0 ? roundScaled.inPlace(x, 10 ** decimals) : roundCoarsely.inPlace(x, 10 ** -decimals);
  },
);
/** x without its fraction. @see torch.trunc */
export const trunc = unary('trunc', 'common', ofFloats(e.trunc));
/** The fraction of x, with its sign. @see torch.frac */
export const frac = unary('frac', 'common', (x) => e.sub(x, e.trunc(x)), { accepts: 'floats' });
const POSITIVE = signature('positive', [INPUT]);

/** x itself, unless it is a bool. @see torch.positive */
export const positive: (x: Tensor) => Tensor = taking(POSITIVE, (x) => {
  if (x.dtype === 'bool') throw new DTypeError('positive', 'is not defined for bool.', { dtype: x.dtype });
  return x;
});
/** |a| with the sign of b. @see torch.copysign */
export const copysign = binary('copysign', 'float', e.copysign);

// ---- exponentials and logarithms ---------------------------------------------------------------------------

/** e^x. @see torch.exp */
export const exp = unary('exp', 'float', e.exp);
/** 2^x. @see torch.exp2 */
export const exp2 = unary('exp2', 'float', e.exp2);
/** e^x - 1, exact near 0. @see torch.expm1 */
export const expm1 = unary('expm1', 'float', e.expm1);
/** Natural logarithm. @see torch.log */
export const log = unary('log', 'float', e.log);
/** Logarithm to base 2. @see torch.log2 */
export const log2 = unary('log2', 'float', e.log2);
/** Logarithm to base 10. @see torch.log10 */
export const log10 = unary('log10', 'float', e.log10);
/** log(1 + x), exact near 0. @see torch.log1p */
export const log1p = unary('log1p', 'float', e.log1p);

/** log(e^a + e^b) = max + log(1 + e^-|a - b|). @see torch.logaddexp */
export const logaddexp = binary(
  'logaddexp',
  'float',
  (a, b) => {
    const distance = e.neg(e.abs(e.sub(a, b)));
    const sum = e.add(e.maximum(a, b), e.log1p(e.exp(distance)));
    // Equal infinities have no distance.
    return e.where(e.bitwiseAnd(e.eq(a, b), e.eq(e.abs(a), like(a, Infinity))), a, sum);
  },
  { gradient: (grad, [a, b]) => [e.mul(grad, e.sigmoid(e.sub(a, b))), e.mul(grad, e.sigmoid(e.sub(b, a)))] },
);
/** a log b, 0 where a is 0. @see torch.xlogy */
export const xlogy = binary(
  'xlogy',
  'float',
  (a, b) => e.where(e.bitwiseAnd(e.eq(a, like(a, 0)), e.not(e.isNaN(b))), like(a, 0), e.mul(a, e.log(b))),
  {
    gradient: (grad, [a, b]) => {
      // No gradient times log b is none, also where log b is not finite: as in the function itself.
      const none = e.bitwiseAnd(e.eq(a, like(a, 0)), e.le(b, like(b, 0)));
      const still = e.bitwiseAnd(e.eq(grad, like(grad, 0)), e.not(e.isNaN(b)));
      const scaled = e.mul(grad, e.log(b));
      return [e.where(e.bitwiseOr(none, still), like(a, 0), scaled), e.div(e.mul(grad, a), b)];
    },
  },
);

// ---- angles -----------------------------------------------------------------------------------------------

/** Sine. @see torch.sin */
export const sin = unary('sin', 'float', e.sin);
/** Cosine. @see torch.cos */
export const cos = unary('cos', 'float', e.cos);
/** Tangent. @see torch.tan */
export const tan = unary('tan', 'float', e.tan);
/** Inverse sine. @see torch.asin */
export const asin = unary('asin', 'float', e.asin);
/** Inverse cosine. @see torch.acos */
export const acos = unary('acos', 'float', e.acos);
/** Inverse tangent. @see torch.atan */
export const atan = unary('atan', 'float', e.atan);
/** Angle of the point (b, a). @see torch.atan2 */
export const atan2 = binary('atan2', 'float', e.atan2);
/** Degrees to radians. @see torch.deg2rad */
export const deg2rad = unary('deg2rad', 'float', (x) => e.mul(x, like(x, Math.PI / 180)));
/** Radians to degrees. @see torch.rad2deg */
export const rad2deg = unary('rad2deg', 'float', (x) => e.mul(x, like(x, 180 / Math.PI)));
/** Hyperbolic sine. @see torch.sinh */
export const sinh = unary('sinh', 'float', e.sinh);
/** Hyperbolic cosine. @see torch.cosh */
export const cosh = unary('cosh', 'float', e.cosh);
/** Hyperbolic tangent. @see torch.tanh */
export const tanh = unary('tanh', 'float', e.tanh);
/** Inverse hyperbolic sine. @see torch.asinh */
export const asinh = unary('asinh', 'float', e.asinh);
/** Inverse hyperbolic cosine. @see torch.acosh */
export const acosh = unary('acosh', 'float', e.acosh);
/** Inverse hyperbolic tangent. @see torch.atanh */
export const atanh = unary('atanh', 'float', e.atanh);
/** √(a² + b²) without overflow. @see torch.hypot */
export const hypot = binary('hypot', 'common', e.hypot, { accepts: 'floats' });

// ---- special functions --------------------------------------------------------------------------------------

/** Error function. @see torch.erf */
export const erf = unary('erf', 'float', e.erf);
/** 1 - erf(x), exact for large x. @see torch.erfc */
export const erfc = unary('erfc', 'float', e.erfc);
/** Inverse of erf. @see torch.erfinv */
export const erfinv = unary('erfinv', 'float', e.erfinv, {
  // From x again, so that the result may be changed in place.
  gradient: (grad, [x]) => [e.mul(grad, e.mul(like(x, Math.sqrt(Math.PI) / 2), e.exp(e.square(e.erfinv(x)))))],
});
/** log |Γ(x)|. @see torch.lgamma */
export const lgamma = unary('lgamma', 'float', e.lgamma);
/** Derivative of lgamma. @see torch.digamma */
export const digamma = unary('digamma', 'float', e.digamma);
/** 1 / (1 + e^-x). @see torch.sigmoid */
export const sigmoid = unary('sigmoid', 'float', e.sigmoid);

const plainLogit = unary('logit', 'float', (x) => e.log(e.div(x, e.sub(like(x, 1), x))), {
  gradient: (grad, [x]) => {
    const product = e.mul(x, e.sub(like(x, 1), x));
    return [e.where(e.lt(product, like(x, 0)), like(x, NaN), e.div(grad, product))];
  },
});
const clampedLogit = parametric(
  'logit',
  { eps: 0 },
  {
    promotion: 'float',
    formula: (x, { eps }) => {
      const z = e.minimum(e.maximum(x, eps), e.sub(like(x, 1), eps));
      return e.log(e.div(z, e.sub(like(z, 1), z)));
    },
    gradient: (grad, x, _y, { eps }) => {
      const outside = e.bitwiseOr(e.lt(x, eps), e.gt(x, e.sub(like(x, 1), eps)));
      return e.where(outside, like(x, 0), e.div(grad, e.mul(x, e.sub(like(x, 1), x))));
    },
  },
);

type LogitArguments = Arguments<[], [eps?: number | null], { eps?: number | null }>;
const LOGIT = signature('logit', [INPUT, argument('eps', NUMBER, null)]);

/** log(x / (1 - x)), with x clamped to [eps, 1 - eps] if eps is given. @see torch.logit */
export const logit: ((x: Tensor, ...args: LogitArguments) => Tensor) & InPlaceForm<LogitArguments> = withInPlace(
  LOGIT,
  (x, eps) => (eps === null ? plainLogit(x) : clampedLogit(x, eps)),
  (x, eps) => (eps === null ? plainLogit.inPlace(x) : clampedLogit.inPlace(x, eps)),
);
