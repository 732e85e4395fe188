// Losses with a margin: rankings, hinges, labels of several classes, embeddings and triplets.
import { interceptable, intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, FUNCTION, REAL, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { ShapeError, ValueError } from '../../base/errors';
import { libraryCode, userCode } from '../../core/temporaries';
import { eq, ge, minimum, where } from '../../ops/pointwise/compare';
import { arange, zerosLike } from '../../ops/shape/creation';
import { gatherWith } from '../../ops/indexing/gather';
import { scatterAdd } from '../../ops/indexing/scatter';
import {
  cosineEmbeddingError, hinge, hingeEmbeddingError, rankingError, softMarginError,
} from '../../ops/pointwise/loss'; // prettier-ignore
import { cumprod } from '../../ops/reduce/scan';
import { formatShape, sameShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { composed } from '../../base/errorText';
import { logsigmoid } from './activation';
import { pairwiseDistance } from './distance';
import {
  checkBroadcasts,
  checkReduction,
  elementwise,
  reduce,
  PAIRWISE,
  REDUCTION,
  reductionOf,
  type Reduction,
  type ReductionOptions,
} from './reduction';

/** Arguments of losses with a margin. */
export interface MarginOptions extends ReductionOptions {
  margin?: number;
}
const MARGIN = [optional('margin', REAL), ...REDUCTION] as const;
const HINGE_EMBEDDING_LOSS = signature('hingeEmbeddingLoss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  ...MARGIN,
]);
const MARGIN_RANKING_LOSS = signature('marginRankingLoss', [
  argument('input1', TENSOR),
  argument('input2', TENSOR),
  argument('target', TENSOR),
  ...MARGIN,
]);
const COSINE_EMBEDDING = signature('cosineEmbeddingLoss', [
  argument('input1', TENSOR),
  argument('input2', TENSOR),
  argument('target', TENSOR),
  ...MARGIN,
]);
type MarginArguments = Arguments<
  [],
  [margin?: number, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction],
  MarginOptions
>;

/**
 * max(0, -y (x1 - x2) + margin): y is 1 if x1 should be greater, -1 if x2. The margin is 0 by default.
 * @throws ShapeError unless all have the same number of dimensions and broadcast.
 * @see torch.nn.functional.margin_ranking_loss
 */
export function marginRankingLoss(input1: Tensor, input2: Tensor, target: Tensor, ...args: MarginArguments): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('marginRankingLoss', marginRankingLoss, [input1, input2, target, ...args]);
  const { margin = 0, ...rest } = MARGIN_RANKING_LOSS.takeRest<MarginOptions>([input1, input2, target], args);
  const reduction = reductionOf('marginRankingLoss', rest);
  checkDimensions('marginRankingLoss', input1, input2, target);
  return libraryCode(() => reduce(rankingError(input1, input2, target, margin), reduction));
}

function checkDimensions(name: string, ...tensors: readonly Tensor[]): void {
  if (tensors.every((t) => t.ndim === tensors[0].ndim)) return;
  const shapes = tensors.map((t) => t.shape);
  throw new ShapeError(
    name,
    `all tensors must have the same number of dimensions, got ${shapes.map(formatShape).join(', ')}.`,
    { shapes },
  );
}

/** x where y is 1, max(0, margin - x) where y is -1; the margin is 1 by default. @see torch.nn.functional.hinge_embedding_loss */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, ...args: MarginArguments): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('hingeEmbeddingLoss', hingeEmbeddingLoss, [input, target, ...args]);
  const { margin = 1, ...rest } = HINGE_EMBEDDING_LOSS.takeRest<MarginOptions>([input, target], args);
  const reduction = reductionOf('hingeEmbeddingLoss', rest);
  return libraryCode(() => reduce(hingeEmbeddingError(input, target, margin), reduction));
}

/** log(1 + e^(-y x)), y being 1 or -1. @see torch.nn.functional.soft_margin_loss */
export const softMarginLoss = interceptable(
  'softMarginLoss',
  elementwise('softMarginLoss', softMarginError, (name, input, target) => {
    checkBroadcasts(name, 'target', target, input);
  }),
);

/**
 * 1 - cos(x1, x2) where y is 1, max(0, cos(x1, x2) - margin) where y is -1; the margin is 0 by default.
 * Shape: inputs [N, D] and target [N], or [D] and [].
 * @throws ShapeError for other shapes.
 * @see torch.nn.functional.cosine_embedding_loss
 */
export function cosineEmbeddingLoss(input1: Tensor, input2: Tensor, target: Tensor, ...args: MarginArguments): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('cosineEmbeddingLoss', cosineEmbeddingLoss, [input1, input2, target, ...args]);
  const name = 'cosineEmbeddingLoss';
  const { margin = 0, ...rest } = COSINE_EMBEDDING.takeRest<MarginOptions>([input1, input2, target], args);
  const reduction = reductionOf(name, rest);
  const [a, b, t] = [input1.shape, input2.shape, target.shape];
  if (t.length > 1 || a.length !== t.length + 1 || b.length !== a.length) {
    throw new ShapeError(
      name,
      `inputs must be [N, D] with a target [N], or [D] with [], got ${formatShape(a)}, ${formatShape(b)} and ${formatShape(t)}.`,
      { shapes: [a, b, t] },
    );
  }
  return libraryCode(() => {
    // Kept away from 0 as in PyTorch, which has this as float32 in float64, too.
    const square = (x: Tensor): Tensor => x.square().sum(-1).add(Math.fround(1e-12));
    const product = composed(name, () => input1.mul(input2));
    const cosine = product.sum(-1).div(square(input1).mul(square(input2)).sqrt()); // prettier-ignore
    // As in PyTorch the target may be changed before the gradient is taken.
    return reduce(cosineEmbeddingError(cosine, target.clone(), margin), reduction);
  });
}

/** Arguments of multilabelSoftMarginLoss. */
export interface WeightedClassOptions extends ReductionOptions {
  /** A factor per class. */
  weight?: Tensor | null;
}
const WEIGHTED = signature('multilabelSoftMarginLoss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  optional('weight', nullable(TENSOR)),
  ...REDUCTION,
]);

/**
 * The mean over the classes of -(y log σ(x) + (1 - y) log σ(-x)). Shape: input and target [*, C]; losses [*].
 * @see torch.nn.functional.multilabel_soft_margin_loss
 */
export function multilabelSoftMarginLoss(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [weight?: Tensor | null, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction],
    WeightedClassOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('multilabelSoftMarginLoss', multilabelSoftMarginLoss, [input, target, ...args]);
  const { weight = null, ...rest } = WEIGHTED.takeRest<WeightedClassOptions>([input, target], args);
  const reduction = reductionOf('multilabelSoftMarginLoss', rest);
  return libraryCode(() => {
    const [hit, miss] = [logsigmoid(input), logsigmoid(input.neg())];
    const losses = target.mul(hit).add(target.neg().add(1).mul(miss)).neg(); // prettier-ignore
    return reduce((weight === null ? losses : losses.mul(weight)).mean(-1), reduction);
  });
}

/** The input of a loss of classes as [N, C]. @throws ShapeError unless the target has a row, or a label, for each of its rows */
function asRows(name: string, input: Tensor, targetShape: readonly number[], expected: readonly number[]): Tensor {
  const fits = input.ndim <= 2 && sameShape(targetShape, expected);
  if (fits) return input.ndim === 2 ? input : input.reshape(1, -1);
  throw new ShapeError(
    name,
    `the input must be [N, C] or [C] and the target go with it, got ${formatShape(input.shape)} and ${formatShape(targetShape)}.`,
    { shapes: [input.shape, targetShape] },
  );
}

/**
 * Σ over labels y and classes i that are no labels of max(0, 1 - (x_y - x_i)) / C. A row of the target lists labels up to the
 * first that is negative.
 * Shape: input and target [N, C] or [C]; losses [N] or []. Takes memory for N C² elements. A label out of range is a fault.
 * @throws ShapeError for other shapes.
 * @see torch.nn.functional.multilabel_margin_loss
 */
export function multilabelMarginLoss(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction],
    ReductionOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('multilabelMarginLoss', multilabelMarginLoss, [input, target, ...args]);
  const name = 'multilabelMarginLoss';
  const reduction = reductionOf(name, PAIRWISE.takeRest<ReductionOptions>([input, target], args, name));
  const x = asRows(name, input, target.shape, input.shape);
  return libraryCode(() => {
    const labels = target.reshape(x.shape);
    const isListed = cumprod(ge(labels, 0).long(), 1).bool();
    const index = where(isListed, labels, 0);
    const options = { op: name, what: 'label', ignore: null };
    const chosen = gatherWith(x, 1, index, options);
    const isLabel = scatterAdd(zerosLike(labels, { dtype: 'float32' }), 1, index, isListed.float()).bool();
    const violations = hinge(x.unsqueeze(1).sub(chosen.unsqueeze(2)).add(1));
    const counts = isListed.unsqueeze(2).logicalAnd(isLabel.logicalNot().unsqueeze(1));
    const losses = where(counts, violations, 0).sum([1, 2]).div(x.size(1)); // prettier-ignore
    return reduce(input.ndim === 2 ? losses : losses.squeeze(0), reduction);
  });
}

/** Arguments of multiMarginLoss. */
export interface MultiMarginOptions extends MarginOptions {
  /** Power of the violations, 1 (by default) or 2. */
  p?: number;
  /** A factor per class, by the label. */
  weight?: Tensor | null;
}
const MULTI_MARGIN = signature('multiMarginLoss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  optional('p', REAL),
  optional('margin', REAL),
  optional('weight', nullable(TENSOR)),
  ...REDUCTION,
]);

/**
 * Σ over classes i other than the label y of weight_y max(0, margin - x_y + x_i)^p / C; the margin is 1 by default.
 * Shape: input [N, C] or [C], target [N] or []; losses like the target. A label out of range is a fault.
 * @throws RangeError unless p is 1 or 2; ShapeError for other shapes.
 * @see torch.nn.functional.multi_margin_loss
 */
export function multiMarginLoss(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [
      p?: number,
      margin?: number,
      weight?: Tensor | null,
      sizeAverage?: boolean | null,
      reduce?: boolean | null,
      reduction?: Reduction,
    ],
    MultiMarginOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('multiMarginLoss', multiMarginLoss, [input, target, ...args]);
  const name = 'multiMarginLoss';
  const {
    p = 1,
    margin = 1,
    weight = null,
    ...rest
  } = MULTI_MARGIN.takeRest<MultiMarginOptions>([input, target], args);
  const reduction = reductionOf(name, rest);
  if (p !== 1 && p !== 2) throw new ValueError(name, `p must be 1 or 2, got ${p}.`);
  const rows = input.ndim === 2 ? input.size(0) : 1;
  const x = asRows(name, input, target.ndim === 0 ? [1] : target.shape, [rows]);
  const classes = x.size(1);
  if (weight !== null && !sameShape(weight.shape, [classes])) {
    throw new ShapeError(
      name,
      `weight must have one factor for each of ${classes} classes, got ${formatShape(weight.shape)}.`,
      { shapes: [input.shape, weight.shape] },
    );
  }
  return libraryCode(() => {
    const labels = target.reshape(rows, 1);
    const options = { op: name, what: 'label', ignore: null };
    const chosen = gatherWith(x, 1, labels, options);
    const violations = hinge(x.sub(chosen).add(margin));
    const isLabel = eq(arange(classes, { dtype: 'int32', device: x.device }), labels);
    const others = where(isLabel, 0, p === 1 ? violations : violations.square());
    const weighted =
      weight === null ? others : others.mul(gatherWith(weight.expand(rows, classes), 1, labels, options));
    const losses = weighted.sum(1).div(classes);
    return reduce(losses.reshape(target.shape), reduction);
  });
}

/** Arguments of tripletMarginLoss. */
export interface TripletMarginOptions extends MarginOptions {
  /** Which norm; 2 by default. */
  p?: number;
  /** Added to every difference; 1e-6 by default. */
  eps?: number;
  /** Whether the negative is as near as it is to the anchor or to the positive, whichever is less; false by default. */
  swap?: boolean;
}
const TRIPLET = signature('tripletMarginLoss', [
  argument('anchor', TENSOR),
  argument('positive', TENSOR),
  argument('negative', TENSOR),
  optional('margin', REAL),
  optional('p', REAL),
  optional('eps', REAL),
  optional('swap', FLAG),
  ...REDUCTION,
]);

/**
 * max(0, ‖a - p‖ - ‖a - n‖ + margin) along the last dimension; the margin is 1 by default.
 * @throws ShapeError unless all have the same number of dimensions and broadcast.
 * @see torch.nn.functional.triplet_margin_loss
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  ...args: Arguments<
    [],
    [
      margin?: number,
      p?: number,
      eps?: number,
      swap?: boolean,
      sizeAverage?: boolean | null,
      reduce?: boolean | null,
      reduction?: Reduction,
    ],
    TripletMarginOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('tripletMarginLoss', tripletMarginLoss, [anchor, positive, negative, ...args]);
  const name = 'tripletMarginLoss';
  const {
    margin = 1,
    p = 2,
    eps = 1e-6,
    swap = false,
    ...rest
  } = TRIPLET.takeRest<TripletMarginOptions>([anchor, positive, negative], args);
  const reduction = reductionOf(name, rest);
  checkDimensions(name, anchor, positive, negative);
  const distance = (a: Tensor, b: Tensor): Tensor => composed(name, () => pairwiseDistance(a, b, p, eps));
  return libraryCode(() => reduce(triplet(anchor, positive, negative, distance, margin, swap), reduction));
}

/** How far apart two batches of vectors are. */
export type DistanceFunction = (a: Tensor, b: Tensor) => Tensor;

function triplet(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  distance: DistanceFunction,
  margin: number,
  swap: boolean,
): Tensor {
  const near = distance(anchor, positive);
  const far = distance(anchor, negative);
  const farthest = swap ? minimum(far, distance(positive, negative)) : far;
  return near.sub(farthest).add(margin).clamp({ min: 0 }); // prettier-ignore
}

/** Arguments of tripletMarginWithDistanceLoss. */
export interface TripletDistanceOptions {
  /** pairwiseDistance by default. */
  distanceFunction?: DistanceFunction | null;
  /** 1 by default. */
  margin?: number;
  /** As of tripletMarginLoss. */
  swap?: boolean;
  /** 'mean' by default. */
  reduction?: Reduction;
}
const TRIPLET_DISTANCE = signature('tripletMarginWithDistanceLoss', [
  argument('anchor', TENSOR),
  argument('positive', TENSOR),
  argument('negative', TENSOR),
  optional('distanceFunction', nullable(FUNCTION)),
  optional('margin', REAL),
  optional('swap', FLAG),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/** max(0, d(a, p) - d(a, n) + margin) for any distance. @see torch.nn.functional.triplet_margin_with_distance_loss */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  ...args: Arguments<
    [],
    [distanceFunction?: DistanceFunction | null, margin?: number, swap?: boolean, reduction?: Reduction],
    TripletDistanceOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('tripletMarginWithDistanceLoss', tripletMarginWithDistanceLoss, [
      anchor,
      positive,
      negative,
      ...args,
    ]);
  const name = 'tripletMarginWithDistanceLoss';
  const options = TRIPLET_DISTANCE.takeRest<TripletDistanceOptions>([anchor, positive, negative], args);
  const { distanceFunction = null, margin = 1, swap = false, reduction = 'mean' } = options;
  checkReduction(name, reduction);
  const distance = (a: Tensor, b: Tensor): Tensor =>
    distanceFunction === null ? pairwiseDistance(a, b) : userCode([a, b], () => distanceFunction(a, b));
  return libraryCode(() => reduce(triplet(anchor, positive, negative, distance, margin, swap), reduction));
}
