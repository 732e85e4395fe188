// Losses element by element, before any reduction: the fused parts of nn.functional's losses.
import * as e from '../expression';
import type { Expression } from '../expression';
import { binary, PointwiseOperation } from '../elementwise';
import type { Tensor } from '../tensor';

const like = e.constantLike;
const zeroWhere = (condition: Expression, x: Expression): Expression => e.where(condition, like(x, 0), x);
const opposite = (x: Expression): readonly [Expression, Expression] => [x, e.neg(x)];

/** (a - b)². */
export const squaredError = binary('mseLoss', 'float', (a, b) => e.square(e.sub(a, b)), {
  gradient: (grad, [a, b]) => opposite(e.mul(e.mul(like(grad, 2), grad), e.sub(a, b))),
});

/** |a - b|. */
export const absoluteError = binary('l1Loss', 'float', (a, b) => e.abs(e.sub(a, b)));

/** Clamps to [-bound, bound]. */
const within = (x: Expression, bound: Expression): Expression => e.minimum(e.maximum(x, e.neg(bound)), bound);

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
  gradient: (grad, [a, b], _y, scalar) => {
    const d = e.sub(a, b);
    const slope = e.where(e.lt(e.abs(d), scalar(0)), e.div(d, scalar(0)), e.sign(d));
    return opposite(e.mul(grad, slope));
  },
});

/** d²/(2 beta) for |d| < beta, |d| - beta/2 beyond, d = a - b. @see torch.nn.functional.smooth_l1_loss */
export const smoothL1Error = (a: Tensor, b: Tensor, beta = 1): Tensor => SMOOTH_L1.apply([a, b], [beta]);

/** log x, not below -100, so that the loss of a wrong certainty stays finite as in PyTorch. */
const boundedLog = (x: Expression): Expression => e.maximum(e.log(x), like(x, -100));
const boundedLog1p = (x: Expression): Expression => e.maximum(e.log1p(x), like(x, -100));
const oneMinus = (x: Expression): Expression => e.sub(like(x, 1), x);

/** -(t log x + (1 - t) log(1 - x)). @see torch.nn.functional.binary_cross_entropy */
export const binaryCrossEntropyError = binary(
  'binaryCrossEntropy',
  'float',
  (x, t) => e.sub(e.mul(e.sub(t, like(t, 1)), boundedLog1p(e.neg(x))), e.mul(t, boundedLog(x))),
  {
    // dx = (x - t) / (x (1 - x)), the denominator bounded as in PyTorch
    gradient: (grad, [x, t]) => [
      e.mul(grad, e.div(e.sub(x, t), e.maximum(e.mul(oneMinus(x), x), like(x, 1e-12)))),
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

/** t (log t - x), 0 where t is 0; x is a log-probability. @see torch.nn.functional.kl_div */
export const divergenceError = binary(
  'klDiv',
  'float',
  (x, t) => zeroWhere(e.le(t, like(t, 0)), e.mul(t, e.sub(e.log(t), x))),
  {
    gradient: (grad, [x, t]) => [
      e.neg(e.mul(grad, t)),
      zeroWhere(e.le(t, like(t, 0)), e.mul(grad, e.sub(e.add(e.log(t), like(t, 1)), x))),
    ],
  },
);
