// Losses element by element, before any reduction: the fused parts of nn.functional's losses.
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { binary, PointwiseOperation, unary } from '../../core/pointwiseFunctions';
import { noGrad } from '../../core/backward';
import { composed } from '../../base/errorText';
import type { Tensor } from '../../core/tensor';
import { clone } from '../shape/copy';
import { abs, add, div, exp, log, mul, neg, rsub, square, sub } from './arithmetic';
import { clampMin, ne, where } from './compare';
import { held } from './held';

const like = e.constantLike;
const zeroWhere = (condition: Expression, x: Expression): Expression => e.where(condition, like(x, 0), x);
const opposite = (x: Expression): readonly [Expression, Expression] => [x, e.neg(x)];

/** (a - b)². */
export const squaredError = binary('mseLoss', 'float', (a, b) => e.square(e.sub(a, b)), {
  gradient: (grad, [a, b]) => opposite(e.mul(e.mul(like(grad, 2), grad), e.sub(a, b))),
});

/** |a - b|. */
export const absoluteError = (a: Tensor, b: Tensor): Tensor => composed('l1Loss', () => abs(sub(a, b)));

/** Clamps to [-bound, bound], without a slope at the bounds themselves, as PyTorch has it. */
const within = (x: Expression, bound: Expression): Expression => held(x, e.neg(bound), bound);

/** d²/2 up to |d| = delta, delta (|d| - delta/2) beyond; its slope is d clamped to ±delta. */
const HUBER = new PointwiseOperation({
  name: 'huberLoss',
  promotion: 'float',
  formula: ([a, b], scalar) => {
    const d = e.sub(a, b);
    const half = e.mul(like(d, 0.5), scalar(0));
    const far = e.mul(scalar(0), e.sub(e.abs(d), half));
    return e.where(e.le(e.abs(d), scalar(0)), e.mul(like(d, 0.5), e.square(d)), far);
  },
  gradient: (grad, [a, b], _y, scalar) => opposite(e.mul(grad, within(e.sub(a, b), scalar(0)))),
});

/** d²/2 for |d| ≤ delta, delta (|d| - delta/2) beyond, d = a - b. @see torch.nn.functional.huber_loss */
export const huberError = (a: Tensor, b: Tensor, delta = 1): Tensor => HUBER.apply([a, b], [delta]);

const SMOOTH_L1 = new PointwiseOperation({
  name: 'smoothL1Loss',
  promotion: 'float',
  formula: ([a, b], scalar) => {
    const d = e.sub(a, b);
    const size = e.abs(d);
    const near = e.div(e.mul(like(d, 0.5), e.square(d)), scalar(0));
    return e.where(e.lt(size, scalar(0)), near, e.sub(size, e.mul(like(d, 0.5), scalar(0))));
  },
  // With beta 0 the slope at 0 is -1, as in PyTorch.
  gradient: (grad, [a, b], _y, scalar) => {
    const d = e.sub(a, b);
    const divisor = e.where(e.eq(scalar(0), like(d, 0)), like(d, 1), scalar(0));
    const beyond = e.where(e.ge(d, scalar(0)), like(d, 1), e.div(d, divisor));
    return opposite(e.mul(grad, e.where(e.le(d, e.neg(scalar(0))), like(d, -1), beyond)));
  },
});

/** d²/(2 beta) for |d| < beta, |d| - beta/2 beyond, d = a - b. @see torch.nn.functional.smooth_l1_loss */
export const smoothL1Error = (a: Tensor, b: Tensor, beta = 1): Tensor => SMOOTH_L1.apply([a, b], [beta]);

/** log x, not below -100, so that the loss of a wrong certainty stays finite as in PyTorch. */
const boundedLog = (x: Expression): Expression => e.maximum(e.log(x), like(x, -100));
const boundedLog1p = (x: Expression): Expression => e.maximum(e.log1p(x), like(x, -100));
const oneMinus = (x: Expression): Expression => e.sub(like(x, 1), x);

/** What PyTorch keeps the denominator of this gradient above: a float32, in float64 too. */
const BCE_BOUND = Math.fround(1e-12);

/** -(t log x + (1 - t) log(1 - x)). @see torch.nn.functional.binary_cross_entropy */
export const binaryCrossEntropyError = binary(
  'binaryCrossEntropy',
  'float',
  (x, t) => e.sub(e.mul(e.sub(t, like(t, 1)), boundedLog1p(e.neg(x))), e.mul(t, boundedLog(x))),
  {
    // dx = (x - t) / (x (1 - x)), the denominator bounded as in PyTorch
    gradient: (grad, [x, t]) => [
      e.mul(grad, e.div(e.sub(x, t), e.maximum(e.mul(oneMinus(x), x), like(x, BCE_BOUND)))),
      e.mul(grad, e.sub(boundedLog1p(e.neg(x)), boundedLog(x))),
    ],
  },
);

/** log(1 + e^-x) without overflow. */
const logOnePlusExpNeg = (x: Expression): Expression =>
  e.add(e.log1p(e.exp(e.neg(e.abs(x)))), e.maximum(e.neg(x), like(x, 0)));

/** (1 - t) x + log(1 + e^-x): binary cross entropy of sigmoid(x). */
export const logitsError = binary(
  'binaryCrossEntropyWithLogits',
  'float',
  (x, t) => e.add(e.mul(oneMinus(t), x), logOnePlusExpNeg(x)),
  { gradient: (grad, [x, t]) => [e.mul(grad, e.sub(e.sigmoid(x), t)), e.neg(e.mul(grad, x))] },
);

const WEIGHTED_LOGITS = new PointwiseOperation({
  name: 'binaryCrossEntropyWithLogits',
  promotion: 'float',
  formula: ([x, t, posWeight]) => {
    const weight = e.add(e.mul(e.sub(posWeight, like(t, 1)), t), like(t, 1));
    return e.add(e.mul(oneMinus(t), x), e.mul(weight, logOnePlusExpNeg(x)));
  },
  gradient: (grad, [x, t, posWeight]) => {
    const weight = e.add(e.mul(e.sub(posWeight, like(t, 1)), t), like(t, 1));
    const loss = logOnePlusExpNeg(x);
    return [
      e.mul(grad, e.sub(oneMinus(t), e.mul(weight, e.sigmoid(e.neg(x))))),
      e.mul(grad, e.sub(e.mul(e.sub(posWeight, like(t, 1)), loss), x)),
      e.mul(grad, e.mul(t, loss)),
    ];
  },
});

/** The same with the positive part weighted: (1 - t) x + (1 + (posWeight - 1) t) log(1 + e^-x). */
export const weightedLogitsError = (x: Tensor, t: Tensor, posWeight: Tensor): Tensor =>
  WEIGHTED_LOGITS.apply([x, t, posWeight]);

/**
 * t log t - t x, with 0 log 0 = 0; x is a log-probability. NaN for t below 0. The gradient of t is NaN at 0, as in PyTorch:
 * log t falls without end there. @see torch.nn.functional.kl_div
 */
export const divergenceError = binary(
  'klDiv',
  'float',
  (x, t) => e.sub(zeroWhere(e.eq(t, like(t, 0)), e.mul(t, e.log(t))), e.mul(t, x)),
  {
    // d/dt t log t = log t + t / t, the former 0 where grad is; the latter is NaN at 0 and infinity, where shaders take it for 1
    gradient: (grad, [x, t]) => {
      const slope = zeroWhere(e.eq(grad, like(grad, 0)), e.mul(grad, e.log(t)));
      const hasNone = e.bitwiseOr(e.eq(t, like(t, 0)), e.eq(e.abs(t), like(t, Infinity)));
      const one = e.where(hasNone, like(t, NaN), e.div(e.mul(grad, t), t));
      return [e.neg(e.mul(grad, t)), e.sub(e.add(slope, one), e.mul(grad, x))];
    },
  },
);

/** x where it is positive, else 0 with no gradient: what a margin leaves of a violation. */
const positivePart = (x: Expression): Expression => e.where(e.le(x, like(x, 0)), like(x, 0), x);

/** max(x, 0); at 0 the gradient is 0. */
export const hinge = unary('hinge', 'float', positivePart);

/** max(x, 0); at 0 the gradient is that of x, as of clamp. */
const clamped = (x: Expression): Expression => e.where(e.lt(x, like(x, 0)), like(x, 0), x);

/** max(0, margin - t (a - b)). */
export const rankingError = (a: Tensor, b: Tensor, t: Tensor, margin: number): Tensor =>
  composed('marginRankingLoss', () => clampMin(add(mul(neg(t), sub(a, b)), margin), 0));

/** x where t is 1, max(0, margin - x) where t is -1, else both; t has no gradient. */
export const hingeEmbeddingError = (x: Tensor, t: Tensor, margin: number): Tensor =>
  composed('hingeEmbeddingLoss', () => {
    const apart = clampMin(rsub(x, margin), 0);
    return add(where(ne(t, 1), apart, 0), where(ne(t, -1), x, 0));
  });

const COSINE_EMBEDDING = new PointwiseOperation({
  name: 'cosineEmbeddingLoss',
  promotion: 'float',
  formula: ([cosine, t], scalar) => {
    const apart = clamped(e.sub(cosine, scalar(0)));
    return e.where(e.eq(t, like(t, 1)), oneMinus(cosine), e.where(e.eq(t, like(t, -1)), apart, like(t, 0)));
  },
});

/** 1 - cosine where t is 1, max(0, cosine - margin) where t is -1. */
export const cosineEmbeddingError = (cosine: Tensor, t: Tensor, margin: number): Tensor =>
  COSINE_EMBEDDING.apply([cosine, t], [margin]);

/** log(1 + e^(-t x)), without overflow. @see torch.nn.functional.soft_margin_loss */
export const softMarginError = binary('softMarginLoss', 'float', (x, t) => logOnePlusExpNeg(e.mul(t, x)), {
  gradient: (grad, [x, t]) => {
    const share = e.neg(e.mul(grad, e.sigmoid(e.neg(e.mul(t, x)))));
    return [e.mul(share, t), e.mul(share, x)];
  },
});

/** Stirling's approximation of log t!, t log t - t + log(2 π t) / 2, for t above 1, else 0. */
function logFactorial(t: Expression): Expression {
  const small = e.le(t, like(t, 1));
  const safe = e.where(small, like(t, 1), t);
  const root = e.mul(like(t, 0.5), e.log(e.mul(like(t, 2 * Math.PI), safe)));
  return zeroWhere(small, e.add(e.sub(e.mul(safe, e.log(safe)), safe), root));
}

const stirling = unary('poissonNllLoss', 'float', logFactorial);

/** x - t log(x + eps), or e^x - t x for logarithms; `full` adds what approximates log t!. @see torch.nn.functional.poisson_nll_loss */
export const poissonError = (x: Tensor, t: Tensor, logInput: boolean, full: boolean, eps: number): Tensor =>
  composed('poissonNllLoss', () => {
    const loss = logInput ? sub(exp(x), mul(t, x)) : sub(x, mul(t, log(add(x, eps))));
    return full ? add(loss, stirling(t)) : loss;
  });

/**
 * (log v + (x - t)² / v) / 2 + constant, v being at least eps: below that it gets the gradient that it has at eps, as in
 * PyTorch. @see torch.nn.functional.gaussian_nll_loss
 */
export const gaussianError = (x: Tensor, t: Tensor, variance: Tensor, eps: number, constant: number): Tensor =>
  composed('gaussianNllLoss', () => {
    const v = clone(variance);
    noGrad(() => clampMin.inPlace(v, eps));
    return add(mul(add(log(v), div(square(sub(x, t)), v)), 0.5), constant);
  });
