// Layers of losses with a margin. The formulas are in functional/marginLoss.ts; layers only hold their arguments.
import { optional, signature } from '../../base/signature';
import { FLAG, FUNCTION, REAL, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { ValueError } from '../../base/errors';
import * as F from '../functional';
import { REDUCTION, reductionOf } from '../functional/reduction';
import { Module } from '../module/module';

const REDUCED = signature('MultiLabelMarginLoss', REDUCTION);
const MARGIN = signature('MarginRankingLoss', [optional('margin', REAL), ...REDUCTION]);

type MarginArgs = Arguments<
  [],
  [margin?: number, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: F.Reduction],
  F.MarginOptions
>;

/** A loss whose one argument besides the reduction is a margin. */
abstract class MarginLoss extends Module {
  readonly margin: number;
  readonly reduction: F.Reduction;

  constructor(name: string, defaultMargin: number, args: MarginArgs) {
    super();
    const { margin = defaultMargin, ...rest } = MARGIN.take<F.MarginOptions>(args, name);
    this.margin = margin;
    this.reduction = reductionOf(name, rest);
  }
}

/**
 * max(0, -y (x1 - x2) + margin): y is 1 if x1 should be greater, -1 if x2. The margin is 0 by default.
 *
 * Shape: inputs and target [N] or any that broadcast; output a scalar, or the losses with reduction 'none'.
 * @see torch.nn.MarginRankingLoss
 */
export class MarginRankingLoss extends MarginLoss {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MarginRankingLoss';

  constructor(...args: MarginArgs) {
    super(new.target.name, 0, args);
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return F.marginRankingLoss(input1, input2, target, { margin, reduction });
  }
}

/**
 * x where y is 1, max(0, margin - x) where y is -1. The margin is 1 by default.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.HingeEmbeddingLoss
 */
export class HingeEmbeddingLoss extends MarginLoss {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'HingeEmbeddingLoss';

  constructor(...args: MarginArgs) {
    super(new.target.name, 1, args);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return F.hingeEmbeddingLoss(input, target, { margin, reduction });
  }
}

/**
 * 1 - cos(x1, x2) where y is 1, max(0, cos(x1, x2) - margin) where y is -1. The margin is 0 by default.
 *
 * Shape: inputs [N, D] and target [N], or [D] and []; output a scalar, or [N] with reduction 'none'.
 * @see torch.nn.CosineEmbeddingLoss
 */
export class CosineEmbeddingLoss extends MarginLoss {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CosineEmbeddingLoss';

  constructor(...args: MarginArgs) {
    super(new.target.name, 0, args);
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this;
    return F.cosineEmbeddingLoss(input1, input2, target, { margin, reduction });
  }
}

/** A loss without other arguments. */
abstract class ReducedLoss extends Module {
  readonly reduction: F.Reduction;

  constructor(
    ...args: Arguments<
      [],
      [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: F.Reduction],
      F.ReductionOptions
    >
  ) {
    super();
    this.reduction = reductionOf(new.target.name, REDUCED.take<F.ReductionOptions>(args, new.target.name));
  }
}

/**
 * log(1 + e^(-y x)), y being 1 or -1.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.SoftMarginLoss
 */
export class SoftMarginLoss extends ReducedLoss {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'SoftMarginLoss';

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.softMarginLoss(input, target, { reduction: this.reduction });
  }
}

/**
 * Σ over labels y and classes i that are no labels of max(0, 1 - (x_y - x_i)) / C. A row of the target lists labels up to the
 * first that is negative.
 *
 * Shape: input and target [N, C] or [C]; output a scalar, or [N] with reduction 'none'.
 * @see torch.nn.MultiLabelMarginLoss
 */
export class MultiLabelMarginLoss extends ReducedLoss {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MultiLabelMarginLoss';

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.multilabelMarginLoss(input, target, { reduction: this.reduction });
  }
}

const WEIGHTED = signature('MultiLabelSoftMarginLoss', [optional('weight', nullable(TENSOR)), ...REDUCTION]);

/**
 * The mean over the classes of -(y log σ(x) + (1 - y) log σ(-x)).
 *
 * Shape: input and target [N, C] or [C]; weight [C]; output a scalar, or [N] with reduction 'none'.
 * @see torch.nn.MultiLabelSoftMarginLoss
 */
export class MultiLabelSoftMarginLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MultiLabelSoftMarginLoss';

  readonly weight: Tensor | null;
  readonly reduction: F.Reduction;

  constructor(
    ...args: Arguments<
      [],
      [weight?: Tensor | null, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: F.Reduction],
      F.WeightedClassOptions
    >
  ) {
    super();
    const { weight = null, ...rest } = WEIGHTED.take<F.WeightedClassOptions>(args, new.target.name);
    this.weight = this.registerBuffer('weight', weight);
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, reduction } = this;
    return F.multilabelSoftMarginLoss(input, target, { weight, reduction });
  }
}

const MULTI_MARGIN = signature('MultiMarginLoss', [
  optional('p', REAL),
  optional('margin', REAL),
  optional('weight', nullable(TENSOR)),
  ...REDUCTION,
]);

/**
 * Σ over classes i other than the label y of weight_y max(0, margin - x_y + x_i)^p / C.
 *
 * Shape: input [N, C] or [C], target [N] or []; weight [C]; output a scalar, or like the target with reduction 'none'.
 * @throws RangeError unless p is 1 or 2.
 * @see torch.nn.MultiMarginLoss
 */
export class MultiMarginLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MultiMarginLoss';

  readonly p: number;
  readonly margin: number;
  readonly weight: Tensor | null;
  readonly reduction: F.Reduction;

  constructor(
    ...args: Arguments<
      [],
      [
        p?: number,
        margin?: number,
        weight?: Tensor | null,
        sizeAverage?: boolean | null,
        reduce?: boolean | null,
        reduction?: F.Reduction,
      ],
      F.MultiMarginOptions
    >
  ) {
    super();
    const name = new.target.name;
    const { p = 1, margin = 1, weight = null, ...rest } = MULTI_MARGIN.take<F.MultiMarginOptions>(args, name);
    if (p !== 1 && p !== 2) throw new ValueError(name, `p must be 1 or 2, got ${p}.`);
    this.p = p;
    this.margin = margin;
    this.weight = this.registerBuffer('weight', weight);
    this.reduction = reductionOf(name, rest);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { p, margin, weight, reduction } = this;
    return F.multiMarginLoss(input, target, { p, margin, weight, reduction });
  }
}

const TRIPLET = signature('TripletMarginLoss', [
  optional('margin', REAL),
  optional('p', REAL),
  optional('eps', REAL),
  optional('swap', FLAG),
  ...REDUCTION,
]);

/**
 * max(0, ‖a - p‖ - ‖a - n‖ + margin) along the last dimension.
 *
 * Shape: all [N, D] or [D]; output a scalar, or [N] with reduction 'none'.
 * @see torch.nn.TripletMarginLoss
 */
export class TripletMarginLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'TripletMarginLoss';

  readonly margin: number;
  readonly p: number;
  readonly eps: number;
  readonly swap: boolean;
  readonly reduction: F.Reduction;

  constructor(
    ...args: Arguments<
      [],
      [
        margin?: number,
        p?: number,
        eps?: number,
        swap?: boolean,
        sizeAverage?: boolean | null,
        reduce?: boolean | null,
        reduction?: F.Reduction,
      ],
      F.TripletMarginOptions
    >
  ) {
    super();
    const options = TRIPLET.take<F.TripletMarginOptions>(args, new.target.name);
    const { margin = 1, p = 2, eps = 1e-6, swap = false, ...rest } = options;
    this.margin = margin;
    this.p = p;
    this.eps = eps;
    this.swap = swap;
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap, reduction } = this;
    return F.tripletMarginLoss(anchor, positive, negative, { margin, p, eps, swap, reduction });
  }
}

const TRIPLET_DISTANCE = signature('TripletMarginWithDistanceLoss', [
  optional('distanceFunction', nullable(FUNCTION)),
  optional('margin', REAL),
  optional('swap', FLAG),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/**
 * max(0, d(a, p) - d(a, n) + margin) for any distance.
 *
 * Shape: what the distance takes; output a scalar, or what the distance gives with reduction 'none'.
 * @example new TripletMarginWithDistanceLoss({ distanceFunction: (a, b) => a.sub(b).abs().amax(1) });
 * @see torch.nn.TripletMarginWithDistanceLoss
 */
export class TripletMarginWithDistanceLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'TripletMarginWithDistanceLoss';

  readonly distanceFunction: F.DistanceFunction | null;
  readonly margin: number;
  readonly swap: boolean;
  readonly reduction: F.Reduction;

  constructor(
    ...args: Arguments<
      [],
      [distanceFunction?: F.DistanceFunction | null, margin?: number, swap?: boolean, reduction?: F.Reduction],
      F.TripletDistanceOptions
    >
  ) {
    super();
    const options = TRIPLET_DISTANCE.take<F.TripletDistanceOptions>(args, new.target.name);
    const { distanceFunction = null, margin = 1, swap = false, ...rest } = options;
    this.distanceFunction = distanceFunction;
    this.margin = margin;
    this.swap = swap;
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distanceFunction, margin, swap, reduction } = this;
    const options = { distanceFunction, margin, swap, reduction };
    return F.tripletMarginWithDistanceLoss(anchor, positive, negative, options);
  }
}
