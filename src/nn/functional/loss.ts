// Loss functions: a formula per element (ops/pointwise/loss.ts) and a reduction.
import { interceptable, intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, REAL, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { isFloat } from '../../base/dtype';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { requireAll } from '../../ops/indexing/gather';
import {
  absoluteError, binaryCrossEntropyError, divergenceError, huberError, logitsError, smoothL1Error, squaredError,
  weightedLogitsError,
} from '../../ops/pointwise/loss'; // prettier-ignore
import { formatShape, sameShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import {
  broadcast,
  checkBroadcasts,
  checkReduction,
  elementwise,
  reduce,
  REDUCTION,
  reductionOf,
  warnOfBroadcast,
  type Reduction,
  type ReductionOptions,
} from './reduction';

export type { Reduction, ReductionOptions } from './reduction';

/** (x - y)². @see torch.nn.functional.mse_loss */
export const mseLoss = interceptable('mseLoss', elementwise('mseLoss', squaredError));

/** |x - y|. @see torch.nn.functional.l1_loss */
export const l1Loss = interceptable('l1Loss', elementwise('l1Loss', absoluteError));

/** Arguments of smoothL1Loss. */
export interface SmoothL1Options extends ReductionOptions {
  /** Where the square turns into the absolute value; 1 by default. */
  beta?: number;
}
const SMOOTH_L1 = signature('smoothL1Loss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  ...REDUCTION,
  optional('beta', REAL),
]);

/**
 * (x - y)² / (2 beta) if |x - y| < beta, else |x - y| - beta / 2.
 * @throws RangeError for a negative beta.
 * @see torch.nn.functional.smooth_l1_loss
 */
export function smoothL1Loss(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction, beta?: number],
    SmoothL1Options
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('smoothL1Loss', smoothL1Loss, [input, target, ...args]);
  const { beta = 1, ...rest } = SMOOTH_L1.takeRest<SmoothL1Options>([input, target], args);
  const reduction = reductionOf('smoothL1Loss', rest);
  if (!(beta >= 0)) throw new ValueError('smoothL1Loss', `beta must be at least 0, got ${beta}.`);
  warnOfBroadcast('smoothL1Loss', input, target);
  return libraryCode(() => reduce(smoothL1Error(...broadcast('smoothL1Loss', input, target), beta), reduction));
}

/** Arguments of huberLoss. */
export interface HuberOptions extends ReductionOptions {
  /** Where the square turns into the absolute value; 1 by default. */
  delta?: number;
}
// Younger than the deprecated arguments, so without them.
const HUBER = signature('huberLoss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  optional('reduction', oneOf('sum', 'mean', 'none')),
  optional('delta', REAL),
]);

/**
 * (x - y)² / 2 if |x - y| < delta, else delta (|x - y| - delta / 2).
 * @throws RangeError unless delta is positive.
 * @see torch.nn.functional.huber_loss
 */
export function huberLoss(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<[], [reduction?: Reduction, delta?: number], HuberOptions>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('huberLoss', huberLoss, [input, target, ...args]);
  const { reduction = 'mean', delta = 1 } = HUBER.takeRest<HuberOptions>([input, target], args);
  checkReduction('huberLoss', reduction);
  if (!(delta > 0)) throw new ValueError('huberLoss', `delta must be positive, got ${delta}.`);
  warnOfBroadcast('huberLoss', input, target);
  return libraryCode(() => reduce(huberError(...broadcast('huberLoss', input, target), delta), reduction));
}

/** Arguments of binaryCrossEntropy. */
export interface WeightedOptions extends ReductionOptions {
  /** Factors of the elements' losses, broadcast to the input. */
  weight?: Tensor | null;
}
const WEIGHTED = signature('binaryCrossEntropy', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  optional('weight', nullable(TENSOR)),
  ...REDUCTION,
]);

/**
 * Binary cross entropy of probabilities: -weight (y log x + (1 - y) log(1 - x)), each logarithm at least -100.
 * @throws ShapeError unless input and target have one shape. An input outside [0, 1] is a fault.
 * @see torch.nn.functional.binary_cross_entropy
 */
export function binaryCrossEntropy(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [weight?: Tensor | null, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction],
    WeightedOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('binaryCrossEntropy', binaryCrossEntropy, [input, target, ...args]);
  const name = 'binaryCrossEntropy';
  const { weight = null, ...rest } = WEIGHTED.takeRest<WeightedOptions>([input, target], args);
  const reduction = reductionOf(name, rest);
  checkSameShape(name, input, target);
  if (weight !== null) checkBroadcasts(name, 'weight', weight, input);
  return libraryCode(() => {
    const losses = reduce(weighted(binaryCrossEntropyError(input, target), weight), reduction);
    const x = input.detach();
    return losses.add(requireAll(name, 'a probability outside [0, 1]', x.ge(0).logicalAnd(x.le(1)), losses));
  });
}

/** Arguments of binaryCrossEntropyWithLogits. */
export interface BCEWithLogitsOptions extends WeightedOptions {
  /** Weight of the positive targets, broadcast to the input. */
  posWeight?: Tensor | null;
}
const BCE_WITH_LOGITS = signature('binaryCrossEntropyWithLogits', [
  ...WEIGHTED.args,
  optional('posWeight', nullable(TENSOR)),
]);

/**
 * Binary cross entropy of logits: -weight (posWeight y log σ(x) + (1 - y) log(1 - σ(x))), without overflow.
 * @throws ShapeError unless input and target have one shape.
 * @see torch.nn.functional.binary_cross_entropy_with_logits
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [
      weight?: Tensor | null,
      sizeAverage?: boolean | null,
      reduce?: boolean | null,
      reduction?: Reduction,
      posWeight?: Tensor | null,
    ],
    BCEWithLogitsOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('binaryCrossEntropyWithLogits', binaryCrossEntropyWithLogits, [
      input,
      target,
      ...args,
    ]);
  const name = 'binaryCrossEntropyWithLogits';
  const {
    weight = null,
    posWeight = null,
    ...rest
  } = BCE_WITH_LOGITS.takeRest<BCEWithLogitsOptions>([input, target], args);
  const reduction = reductionOf(name, rest);
  checkSameShape(name, input, target);
  for (const { dtype } of [input, target]) {
    if (isFloat(dtype)) continue;
    throw new DTypeError(name, `input and target must be of floating-point dtypes, got ${dtype}. Convert it with .float().`, { dtype }); // prettier-ignore
  }
  if (weight !== null) checkBroadcasts(name, 'weight', weight, input);
  if (posWeight !== null) checkBroadcasts(name, 'posWeight', posWeight, input);
  return libraryCode(() => {
    const losses = posWeight === null ? logitsError(input, target) : weightedLogitsError(input, target, posWeight);
    return reduce(weighted(losses, weight), reduction);
  });
}

const weighted = (losses: Tensor, weight: Tensor | null): Tensor => (weight === null ? losses : losses.mul(weight));

function checkSameShape(name: string, input: Tensor, target: Tensor): void {
  if (sameShape(input.shape, target.shape)) return;
  throw new ShapeError(
    name,
    `input and target must have one shape, got ${formatShape(input.shape)} and ${formatShape(target.shape)}.`,
    { shapes: [input.shape, target.shape] },
  );
}

/** Arguments of klDiv. */
export interface KLDivOptions extends Omit<ReductionOptions, 'reduction'> {
  /** 'mean' (over all elements) by default; 'batchmean' divides the sum by the batch, as the definition does. */
  reduction?: Reduction | 'batchmean';
  /** Whether the target is given as logarithms; false by default. */
  logTarget?: boolean;
}
const KL_DIV = signature('klDiv', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  optional('sizeAverage', nullable(FLAG)),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('none', 'mean', 'sum', 'batchmean')),
  optional('logTarget', FLAG),
]);

/** Kullback-Leibler divergence: y (log y - x), for log probabilities x. @see torch.nn.functional.kl_div */
export function klDiv(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction | 'batchmean', logTarget?: boolean],
    KLDivOptions
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('klDiv', klDiv, [input, target, ...args]);
  const {
    logTarget = false,
    reduction: named = 'mean',
    ...rest
  } = KL_DIV.takeRest<KLDivOptions>([input, target], args);
  const reduction = named === 'batchmean' ? named : reductionOf('klDiv', { ...rest, reduction: named });
  return libraryCode(() => {
    const losses = logTarget ? target.exp().mul(target.sub(input)) : divergenceError(input, target);
    if (reduction !== 'batchmean') return reduce(losses, reduction);
    return losses.sum().div(input.ndim === 0 ? 1 : input.size(0));
  });
}
