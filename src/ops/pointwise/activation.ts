// Activation functions: rows as in arithmetic.ts. Most have a gradient of their own, because the derived one would
// multiply 0 by infinity in a branch that `where` does not take, or recompute what the result already holds.
import type { Arguments } from '../../base/arguments';
import { isHalf } from '../../base/dtype';
import { oneOf } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { INPUT } from '../../core/kinds';
import {
  ofTwo, parametric, PointwiseOperation, unary, withInPlace, type InPlaceForm, type UnaryFunction,
} from '../../core/pointwiseFunctions'; // prettier-ignore
import type { Tensor } from '../../core/tensor';
import { sigmoid, sub, tanh } from './arithmetic';
import { held } from './held';

export { sigmoid, tanh };

const like = e.constantLike;
const times = (factor: number, x: Expression): Expression => e.mul(like(x, factor), x);
const plus = (x: Expression, summand: number): Expression => e.add(x, like(x, summand));
const zeroWhere = (condition: Expression, x: Expression): Expression => e.where(condition, like(x, 0), x);
/** Not so of NaN, whose gradient is then that of what is positive, as in PyTorch. */
const isAtMost0 = (x: Expression): Expression => e.le(x, like(x, 0));
const isPositive = (x: Expression): Expression => e.gt(x, like(x, 0));
/** min(x, 0): what exponentials of the negative branch are taken of, so that they cannot overflow. */
const negativePart = (x: Expression): Expression => e.minimum(x, like(x, 0));
/** The same in gradients: without a slope at 0, where PyTorch takes second derivatives for 0. */
const heldNegativePart = (x: Expression): Expression => e.where(e.ge(x, like(x, 0)), like(x, 0), x);

/** PyTorch has no such function of integers. */
const FLOATS = { promotion: 'common', accepts: 'floats' } as const;

// ---- piecewise linear -------------------------------------------------------------------------------------

/** max(x, 0); no gradient at 0. @see torch.nn.functional.relu */
export const relu = unary('relu', 'common', (x) => e.maximum(x, like(x, 0)), {
  gradient: (grad, _args, y) => [zeroWhere(e.le(y, like(y, 0)), grad)],
});

const clampInside = (x: Expression, low: Expression, high: Expression): Expression =>
  e.minimum(e.maximum(x, low), high);
/** The gradient of a clamp that is flat at its bounds too. */
const strictlyInside = (grad: Expression, x: Expression, low: Expression, high: Expression): Expression =>
  zeroWhere(e.bitwiseOr(e.le(x, low), e.ge(x, high)), grad);

/** min(max(x, 0), 6). @see torch.nn.functional.relu6 */
export const relu6 = unary('relu6', 'common', (x) => clampInside(x, like(x, 0), like(x, 6)), {
  gradient: (grad, [x]) => [strictlyInside(grad, x, like(x, 0), like(x, 6))],
});

/** x within [minVal, maxVal]. @see torch.nn.functional.hardtanh */
export const hardtanh = parametric(
  'hardtanh',
  { minVal: -1, maxVal: 1 },
  {
    promotion: 'common',
    formula: (x, { minVal, maxVal }) => clampInside(x, minVal, maxVal),
    gradient: (grad, x, _y, { minVal, maxVal }) => strictlyInside(grad, x, minVal, maxVal),
  },
);

/** x, or negativeSlope x below 0. @see torch.nn.functional.leaky_relu */
export const leakyRelu = parametric(
  'leakyRelu',
  { negativeSlope: 0.01 },
  {
    ...FLOATS,
    formula: (x, { negativeSlope }) => e.where(isPositive(x), x, e.mul(negativeSlope, x)),
  },
);

/** x, or weight x below 0; the weight broadcasts. @see torch.nn.functional.prelu */
export const prelu = ofTwo(
  new PointwiseOperation({
    name: 'prelu',
    ...FLOATS,
    formula: ([x, weight]) => e.where(isPositive(x), x, e.mul(weight, x)),
    // Chosen after the product: above 0 an infinite x gives the weight 0, too.
    gradient: (grad, [x, weight]) => [
      e.where(isPositive(x), grad, e.mul(weight, grad)),
      zeroWhere(isPositive(x), e.mul(x, grad)),
    ],
  }),
  'weight',
);

/** relu6(x + 3) / 6. @see torch.nn.functional.hardsigmoid */
export const hardsigmoid = unary(
  'hardsigmoid',
  'common',
  (x) => times(1 / 6, clampInside(plus(x, 3), like(x, 0), like(x, 6))),
  { accepts: 'floats', gradient: (grad, [x]) => [strictlyInside(times(1 / 6, grad), x, like(x, -3), like(x, 3))] },
);

/** x relu6(x + 3) / 6. @see torch.nn.functional.hardswish */
export const hardswish = unary(
  'hardswish',
  'common',
  (x) => e.mul(x, times(1 / 6, clampInside(plus(x, 3), like(x, 0), like(x, 6)))),
  {
    accepts: 'floats',
    gradient: (grad, [x]) => {
      const middle = e.mul(grad, plus(times(1 / 3, held(x, like(x, -3), like(x, 3))), 0.5));
      return [zeroWhere(e.lt(x, like(x, -3)), e.where(e.le(x, like(x, 3)), middle, grad))];
    },
  },
);

/** A number as it is among the 16-bit floats that x was made of, if it was. */
const roundedAs = (x: Expression, number: Expression): Expression =>
  x.kind === 'cast' && isHalf(x.x.dtype) ? e.cast(x.dtype, e.cast(x.x.dtype, number)) : number;

/** x above the threshold, which is of the dtype of x, else `value`. @see torch.nn.functional.threshold */
export const threshold = parametric(
  'threshold',
  { threshold: 0, value: 0 },
  {
    promotion: 'common',
    formula: (x, { threshold: bound, value }) => e.where(e.le(x, roundedAs(x, bound)), value, x),
  },
);

/** x drawn towards 0 by lambd. @see torch.nn.functional.softshrink */
export const softshrink = parametric(
  'softshrink',
  { lambd: 0.5 },
  {
    ...FLOATS,
    formula: (x, { lambd }) => {
      // 0 for NaN too, as in PyTorch 1.13.
      const below = e.where(e.lt(x, e.neg(lambd)), e.add(x, lambd), like(x, 0));
      return e.where(e.gt(x, lambd), e.sub(x, lambd), below);
    },
    gradient: (grad, x, _y, { lambd }) => zeroWhere(e.le(e.abs(x), lambd), grad),
  },
);

/** x, or 0 within [-lambd, lambd]. @see torch.nn.functional.hardshrink */
export const hardshrink = parametric(
  'hardshrink',
  { lambd: 0.5 },
  { ...FLOATS, formula: (x, { lambd }) => zeroWhere(e.le(e.abs(x), lambd), x) },
);

// ---- exponential linear -------------------------------------------------------------------------------------

/** x, or alpha (e^x - 1) below 0. @see torch.nn.functional.elu */
export const elu = parametric(
  'elu',
  { alpha: 1 },
  {
    ...FLOATS,
    formula: (x, { alpha }) => e.where(isAtMost0(x), e.mul(alpha, e.expm1(negativePart(x))), x),
    gradient: (grad, x, _y, { alpha }) =>
      e.where(isAtMost0(x), e.mul(grad, e.mul(alpha, e.exp(heldNegativePart(x)))), grad),
  },
);

/** x, or alpha (e^(x / alpha) - 1) below 0. @see torch.nn.functional.celu */
export const celu = parametric(
  'celu',
  { alpha: 1 },
  {
    ...FLOATS,
    formula: (x, { alpha }) => e.where(isAtMost0(x), e.mul(alpha, e.expm1(e.div(negativePart(x), alpha))), x),
    gradient: (grad, x, _y, { alpha }) =>
      e.where(isAtMost0(x), e.mul(grad, e.exp(e.div(heldNegativePart(x), alpha))), grad),
  },
);

/** Constants that make layers keep mean 0 and variance 1 (Klambauer et al., 2017). */
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** scale · elu(x, alpha) with the constants of self-normalizing networks. @see torch.nn.functional.selu */
export const selu = unary(
  'selu',
  'common',
  (x) => e.where(isAtMost0(x), times(SELU_SCALE * SELU_ALPHA, e.expm1(negativePart(x))), times(SELU_SCALE, x)),
  {
    accepts: 'floats',
    gradient: (grad, [x]) => {
      const negative = e.mul(grad, times(SELU_SCALE * SELU_ALPHA, e.exp(heldNegativePart(x))));
      return [e.where(isAtMost0(x), negative, times(SELU_SCALE, grad))];
    },
  },
);

// ---- smooth -------------------------------------------------------------------------------------------------

/** Φ(x) = (1 + erf(x / √2)) / 2. */
const normalCdf = (x: Expression): Expression => times(0.5, plus(e.erf(times(Math.SQRT1_2, x)), 1));
/** φ(x) = e^(-x²/2) / √(2π). */
const normalPdf = (x: Expression): Expression => times(1 / Math.sqrt(2 * Math.PI), e.exp(times(-0.5, e.square(x))));

const geluByErf = unary('gelu', 'common', (x) => e.mul(x, normalCdf(x)), {
  // d x Φ(x) = Φ(x) + x φ(x)
  accepts: 'floats',
  gradient: (grad, [x]) => [e.mul(grad, e.add(e.mul(x, normalPdf(x)), normalCdf(x)))],
});

/** √(2/π) (x + 0.044715 x³). */
const geluArgument = (x: Expression): Expression =>
  times(Math.sqrt(2 / Math.PI), e.mul(x, plus(times(0.044715, e.square(x)), 1)));
const geluByTanh = unary('gelu', 'common', (x) => e.mul(times(0.5, x), plus(e.tanh(geluArgument(x)), 1)), {
  accepts: 'floats',
});

/** How `gelu` is computed: exactly, or by Hendrycks' formula with tanh. */
export interface GeluOptions {
  approximate?: 'none' | 'tanh';
}

const geluBy = (approximate: 'none' | 'tanh'): UnaryFunction => (approximate === 'tanh' ? geluByTanh : geluByErf);

type GeluArguments = Arguments<[], [approximate?: 'none' | 'tanh'], GeluOptions>;
const GELU = signature('gelu', [INPUT, argument('approximate', oneOf('none', 'tanh'), 'none')]);

/** x Φ(x), Φ the normal distribution function. @see torch.nn.functional.gelu */
export const gelu: ((x: Tensor, ...args: GeluArguments) => Tensor) & InPlaceForm<GeluArguments> = withInPlace(
  GELU,
  (x, approximate) => geluBy(approximate)(x),
  (x, approximate) => geluBy(approximate).inPlace(x),
);

/** x sigmoid(x). @see torch.nn.functional.silu */
export const silu = unary('silu', 'common', (x) => e.mul(x, e.sigmoid(x)), {
  accepts: 'floats',
  gradient: (grad, [x]) => {
    const s = e.sigmoid(x);
    return [e.mul(grad, e.mul(s, plus(e.mul(x, e.sub(like(s, 1), s)), 1)))];
  },
});

/** log(1 + e^x) without overflow. */
const logOnePlusExp = (x: Expression): Expression => e.add(e.maximum(x, like(x, 0)), e.log1p(e.exp(e.neg(e.abs(x)))));

/** x tanh(log(1 + e^x)). @see torch.nn.functional.mish */
export const mish = unary('mish', 'common', (x) => e.mul(x, e.tanh(logOnePlusExp(x))), {
  accepts: 'floats',
  gradient: (grad, [x]) => {
    const t = e.tanh(logOnePlusExp(x));
    const slope = e.mul(e.sigmoid(x), e.sub(like(x, 1), e.square(t)));
    return [e.mul(grad, e.add(e.mul(x, slope), t))];
  },
});

/** log(1 + e^(beta x)) / beta, which from beta x > threshold on is x. @see torch.nn.functional.softplus */
export const softplus = parametric(
  'softplus',
  { beta: 1, threshold: 20 },
  {
    ...FLOATS,
    formula: (x, { beta, threshold: bound }) =>
      e.where(e.gt(e.mul(x, beta), bound), x, e.div(logOnePlusExp(e.mul(x, beta)), beta)),
    gradient: (grad, x, _y, { beta, threshold: bound }) => {
      const z = e.mul(x, beta);
      const below = e.where(e.ge(z, bound), bound, z);
      return e.where(e.gt(z, bound), grad, e.mul(grad, e.sigmoid(below)));
    },
  },
);

/** log sigmoid(x) = min(x, 0) - log(1 + e^-|x|). @see torch.nn.functional.logsigmoid */
export const logsigmoid = unary(
  'logsigmoid',
  'common',
  (x) => e.sub(negativePart(x), e.log1p(e.exp(e.neg(e.abs(x))))),
  {
    accepts: 'floats',
    gradient: (grad, [x]) => [e.mul(grad, e.sigmoid(e.neg(x)))],
  },
);

/** x / (1 + |x|). @see torch.nn.functional.softsign */
export const softsign = unary('softsign', 'float', (x) => e.div(x, plus(e.abs(x), 1)), {
  gradient: (grad, [x]) => [e.div(grad, e.square(plus(e.abs(x), 1)))],
});

/** x - tanh(x). @see torch.nn.functional.tanhshrink */
export const tanhshrink: (x: Tensor) => Tensor = taking(signature('tanhshrink', [INPUT]), (x) => sub(x, tanh(x)));
