// Losses of classes: negative log likelihood and cross entropy.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { isFloat } from '../../base/dtype';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { gatherWith } from '../../ops/indexing/gather';
import { logSoftmax } from '../../ops/reduce/softmax';
import { formatShape, sameShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { reductionOf, type Reduction, type ReductionOptions } from './reduction';

/** Arguments of nllLoss. */
export interface NLLOptions extends ReductionOptions {
  /** A factor per class. */
  weight?: Tensor | null;
  /** Targets with this value contribute nothing; -100 by default. */
  ignoreIndex?: number;
}
const NLL = signature('nllLoss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  optional('weight', nullable(TENSOR)),
  optional('sizeAverage', nullable(FLAG)),
  optional('ignoreIndex', INTEGER),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/** Arguments of crossEntropy. */
export interface CrossEntropyOptions extends NLLOptions {
  /** The share of the target that is spread over all classes; 0 by default. */
  labelSmoothing?: number;
}
const CROSS_ENTROPY = signature('crossEntropy', [...NLL.args, optional('labelSmoothing', REAL)]);

/** Options with their defaults. */
interface Settings {
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
  readonly labelSmoothing: number;
}

/**
 * Negative log likelihood: -weight(target) x(target), for log probabilities x.
 *
 * Shape: input [C], [N, C] or [N, C, *]; target [], [N] or [N, *] of class indices; output a scalar, or the target's
 * shape with reduction 'none'.
 * @throws ShapeError if the target does not fit the input. A label out of range is a fault.
 * @see torch.nn.functional.nll_loss
 */
export function nllLoss(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [
      weight?: Tensor | null,
      sizeAverage?: boolean | null,
      ignoreIndex?: number,
      reduce?: boolean | null,
      reduction?: Reduction,
    ],
    NLLOptions
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('nllLoss', nllLoss, [input, target, ...args]);
  const settings = settingsOf('nllLoss', NLL.takeRest<NLLOptions>([input, target], args));
  checkTarget('nllLoss', input, target, settings.weight);
  return libraryCode(() => ofLabels('nllLoss', input, target, settings));
}

/**
 * Cross entropy of logits: -Σ_c p(c) log softmax(x)(c), for class indices as targets -log softmax(x)(target).
 *
 * Shape: input [C], [N, C] or [N, C, *]; target [], [N] or [N, *] of class indices in [0, C) or ignoreIndex, or class
 * probabilities of the input's shape; output a scalar, or the target's shape without the classes with reduction 'none'.
 * @throws ShapeError if the target does not fit the input. A label out of range is a fault.
 * @see torch.nn.functional.cross_entropy
 */
export function crossEntropy(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [
      weight?: Tensor | null,
      sizeAverage?: boolean | null,
      ignoreIndex?: number,
      reduce?: boolean | null,
      reduction?: Reduction,
      labelSmoothing?: number,
    ],
    CrossEntropyOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('crossEntropy', crossEntropy, [input, target, ...args]);
  const name = 'crossEntropy';
  const settings = settingsOf(name, CROSS_ENTROPY.takeRest<CrossEntropyOptions>([input, target], args));
  const probabilities = isFloat(target.dtype) && sameShape(input.shape, target.shape);
  if (probabilities) checkWeight(name, input, settings.weight);
  else checkTarget(name, input, target, settings.weight);
  return libraryCode(() => {
    const logProbabilities = logSoftmax(input, classDim(input));
    return probabilities
      ? ofProbabilities(logProbabilities, target, settings)
      : ofLabels(name, logProbabilities, target, settings);
  });
}

function settingsOf(name: string, options: CrossEntropyOptions): Settings {
  const { weight = null, ignoreIndex = -100, labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ValueError(name, `labelSmoothing must be in [0, 1], got ${labelSmoothing}.`);
  }
  return { weight, ignoreIndex, reduction: reductionOf(name, options), labelSmoothing };
}

const classDim = (input: Tensor): number => (input.ndim === 1 ? 0 : 1);

function checkTarget(name: string, input: Tensor, target: Tensor, weight: Tensor | null): void {
  const { shape } = input;
  const expected = shape.filter((_, dim) => dim !== classDim(input));
  if (shape.length === 0 || !sameShape(target.shape, expected)) {
    throw new ShapeError(
      name,
      `the target must have the input's shape without the classes, got input ${formatShape(shape)} and ` +
        `target ${formatShape(target.shape)}.`,
      { shapes: [shape, target.shape] },
    );
  }
  if (isFloat(target.dtype)) {
    throw new DTypeError(name, `class indices must be integers, got ${target.dtype}. Use target.long().`, {
      dtype: target.dtype,
    });
  }
  checkWeight(name, input, weight);
}

function checkWeight(name: string, input: Tensor, weight: Tensor | null): void {
  const classes = input.size(classDim(input));
  if (weight === null || (weight.ndim === 1 && weight.size(0) === classes)) return;
  throw new ShapeError(
    name,
    `weight must have one factor for each of ${classes} classes, got ${formatShape(weight.shape)}.`,
    {
      shapes: [input.shape, weight.shape],
    },
  );
}

/** The weight shaped so that it broadcasts along the classes. */
function alongClasses(weight: Tensor, input: Tensor): Tensor {
  return input.ndim === 1 ? weight : weight.view(input.shape.map((_, dim) => (dim === 1 ? -1 : 1)));
}

/**
 * -(1 - s) w(t) x(t) - s/C Σ_c w(c) x(c) for labels t and smoothing s; 0 for ignored labels. The mean divides by the
 * sum of the labels' weights.
 */
function ofLabels(
  name: string,
  x: Tensor,
  target: Tensor,
  { weight, ignoreIndex, reduction, labelSmoothing }: Settings,
): Tensor {
  const dim = classDim(x);
  const index = target.unsqueeze(dim);
  const options = { op: name, what: 'label', ignore: ignoreIndex };
  const pick = (values: Tensor): Tensor => gatherWith(values, dim, index, options).squeeze(dim);
  const factors = weight === null ? null : pick(alongClasses(weight, x).expand(x.shape));
  const count = factors === null ? target.ne(ignoreIndex).sum() : factors.sum();
  const reduced = (losses: Tensor): Tensor => {
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? losses.sum() : losses.sum().div(count);
  };
  const picked = factors === null ? pick(x) : pick(x).mul(factors);
  // The negative of 0 is -0, but not where a label is ignored, nor in a sum.
  const losses = reduction === 'none' ? picked.neg().maskedFill(target.eq(ignoreIndex), 0) : picked.rsub(0);
  if (labelSmoothing === 0) return reduced(losses);
  const all = (weight === null ? x : x.mul(alongClasses(weight, x))).sum(dim).neg();
  const spread = reduced(all.maskedFill(target.eq(ignoreIndex), 0));
  return reduced(losses)
    .mul(1 - labelSmoothing)
    .add(spread.mul(labelSmoothing / x.size(dim)));
}

/** -Σ_c w(c) p(c) x(c); the mean divides by the number of distributions. */
function ofProbabilities(x: Tensor, target: Tensor, { weight, reduction, labelSmoothing }: Settings): Tensor {
  const dim = classDim(x);
  const classes = x.size(dim);
  const smooth = labelSmoothing > 0 ? target.mul(1 - labelSmoothing).add(labelSmoothing / classes) : target;
  const products = x.mul(smooth);
  const losses = (weight === null ? products : products.mul(alongClasses(weight, x))).sum(dim).neg();
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? losses.sum() : losses.sum().div(x.numel() / classes);
}
