// Loss layers. The formulas are in functional/loss.ts; layers only hold their arguments.
import { optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import * as F from '../functional';
import { reductionOf } from '../functional/reduction';
import { Module } from '../module/module';

/** How the losses of the elements become one: their mean, their sum, or not at all. */
export type Reduction = F.Reduction;

const CROSS_ENTROPY = signature('CrossEntropyLoss', [
  optional('weight', nullable(TENSOR)),
  optional('sizeAverage', nullable(FLAG)),
  optional('ignoreIndex', INTEGER),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('sum', 'mean', 'none')),
  optional('labelSmoothing', REAL),
]);

/**
 * Cross entropy of logits: -Σ_c p(c) log softmax(x)(c), for class indices as targets -log softmax(x)(target).
 *
 * Shape: input [C], [N, C] or [N, C, *]; target [], [N] or [N, *] of class indices in [0, C) or ignoreIndex, or class
 * probabilities of the input's shape; output a scalar, or the target's shape without the classes with reduction 'none'.
 * With reduction 'mean' the mean is weighted by the targets' weights. A label out of range is a fault: reading what
 * depends on the loss rejects.
 * @example const criterion = new CrossEntropyLoss({ labelSmoothing: 0.1 }); criterion(net(x), labels).backward();
 * @see torch.nn.CrossEntropyLoss
 */
export class CrossEntropyLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CrossEntropyLoss';

  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
  readonly labelSmoothing: number;

  constructor(
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
      F.CrossEntropyOptions
    >
  ) {
    super();
    const { weight = null, ignoreIndex = -100, labelSmoothing = 0, ...rest } = CROSS_ENTROPY.take<F.CrossEntropyOptions>(args, new.target.name); // prettier-ignore
    this.weight = this.registerBuffer('weight', weight);
    this.ignoreIndex = ignoreIndex;
    this.reduction = reductionOf(new.target.name, rest);
    this.labelSmoothing = labelSmoothing;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return F.crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
}

const NLL = signature('NLLLoss', [
  optional('weight', nullable(TENSOR)),
  optional('sizeAverage', nullable(FLAG)),
  optional('ignoreIndex', INTEGER),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/**
 * Negative log likelihood: -weight(target) x(target), for log probabilities x.
 *
 * Shape: as CrossEntropyLoss with class indices.
 * @see torch.nn.NLLLoss
 */
export class NLLLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'NLLLoss';

  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;

  constructor(
    ...args: Arguments<
      [],
      [
        weight?: Tensor | null,
        sizeAverage?: boolean | null,
        ignoreIndex?: number,
        reduce?: boolean | null,
        reduction?: Reduction,
      ],
      F.NLLOptions
    >
  ) {
    super();
    const { weight = null, ignoreIndex = -100, ...rest } = NLL.take<F.NLLOptions>(args, new.target.name);
    this.weight = this.registerBuffer('weight', weight);
    this.ignoreIndex = ignoreIndex;
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction } = this;
    return F.nllLoss(input, target, { weight, ignoreIndex, reduction });
  }
}

const REDUCTION = signature('ElementwiseLoss', [
  optional('sizeAverage', nullable(FLAG)),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/** A loss without other arguments. */
abstract class ElementwiseLoss extends Module {
  readonly reduction: Reduction;

  constructor(
    ...args: Arguments<
      [],
      [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction],
      F.ReductionOptions
    >
  ) {
    super();
    this.reduction = reductionOf(new.target.name, REDUCTION.take<F.ReductionOptions>(args, new.target.name));
  }
}

/**
 * (x - y)².
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.MSELoss
 */
export class MSELoss extends ElementwiseLoss {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MSELoss';

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, { reduction: this.reduction });
  }
}

/**
 * |x - y|.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.L1Loss
 */
export class L1Loss extends ElementwiseLoss {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'L1Loss';

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.l1Loss(input, target, { reduction: this.reduction });
  }
}

const SMOOTH_L1 = signature('SmoothL1Loss', [...REDUCTION.args, optional('beta', REAL)]);

/**
 * (x - y)² / (2 beta) if |x - y| < beta, else |x - y| - beta / 2.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @throws RangeError for a negative beta.
 * @see torch.nn.SmoothL1Loss
 */
export class SmoothL1Loss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'SmoothL1Loss';

  readonly reduction: Reduction;
  readonly beta: number;

  constructor(
    ...args: Arguments<
      [],
      [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction, beta?: number],
      F.SmoothL1Options
    >
  ) {
    super();
    const { beta = 1, ...rest } = SMOOTH_L1.take<F.SmoothL1Options>(args, new.target.name);
    this.reduction = reductionOf(new.target.name, rest);
    this.beta = beta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta });
  }
}

const HUBER = signature('HuberLoss', [optional('reduction', oneOf('sum', 'mean', 'none')), optional('delta', REAL)]);

/**
 * (x - y)² / 2 if |x - y| < delta, else delta (|x - y| - delta / 2).
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @throws RangeError unless delta is positive.
 * @see torch.nn.HuberLoss
 */
export class HuberLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'HuberLoss';

  readonly reduction: Reduction;
  readonly delta: number;

  constructor(...args: Arguments<[], [reduction?: Reduction, delta?: number], F.HuberOptions>) {
    super();
    const { delta = 1, ...rest } = HUBER.take<F.HuberOptions>(args, new.target.name);
    this.reduction = reductionOf(new.target.name, rest);
    this.delta = delta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.huberLoss(input, target, this.reduction, this.delta);
  }
}

const BCE = signature('BCELoss', [optional('weight', nullable(TENSOR)), ...REDUCTION.args]);

/**
 * Binary cross entropy of probabilities: -weight (y log x + (1 - y) log(1 - x)), each logarithm at least -100.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.BCELoss
 */
export class BCELoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'BCELoss';

  readonly weight: Tensor | null;
  readonly reduction: Reduction;

  constructor(
    ...args: Arguments<
      [],
      [weight?: Tensor | null, sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction],
      F.WeightedOptions
    >
  ) {
    super();
    const { weight = null, ...rest } = BCE.take<F.WeightedOptions>(args, new.target.name);
    this.weight = this.registerBuffer('weight', weight);
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction });
  }
}

const BCE_WITH_LOGITS = signature('BCEWithLogitsLoss', [...BCE.args, optional('posWeight', nullable(TENSOR))]);

/**
 * Binary cross entropy of logits: -weight (posWeight y log σ(x) + (1 - y) log(1 - σ(x))), without overflow.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.BCEWithLogitsLoss
 */
export class BCEWithLogitsLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'BCEWithLogitsLoss';

  readonly weight: Tensor | null;
  readonly reduction: Reduction;
  declare pos_weight: Tensor | null;

  constructor(
    ...args: Arguments<
      [],
      [
        weight?: Tensor | null,
        sizeAverage?: boolean | null,
        reduce?: boolean | null,
        reduction?: Reduction,
        posWeight?: Tensor | null,
      ],
      F.BCEWithLogitsOptions
    >
  ) {
    super();
    const { weight = null, posWeight = null, ...rest } = BCE_WITH_LOGITS.take<F.BCEWithLogitsOptions>(args, new.target.name); // prettier-ignore
    this.weight = this.registerBuffer('weight', weight);
    this.registerBuffer('pos_weight', posWeight);
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, reduction, pos_weight: posWeight } = this;
    return F.binaryCrossEntropyWithLogits(input, target, { weight, reduction, posWeight });
  }
}

const KL_DIV = signature('KLDivLoss', [
  optional('sizeAverage', nullable(FLAG)),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('none', 'mean', 'sum', 'batchmean')),
  optional('logTarget', FLAG),
]);

/**
 * Kullback-Leibler divergence: y (log y - x), for log probabilities x.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.KLDivLoss
 */
export class KLDivLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'KLDivLoss';

  readonly reduction: Reduction | 'batchmean';
  readonly logTarget: boolean;

  constructor(
    ...args: Arguments<
      [],
      [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction | 'batchmean', logTarget?: boolean],
      F.KLDivOptions
    >
  ) {
    super();
    const { logTarget = false, reduction = 'mean', ...rest } = KL_DIV.take<F.KLDivOptions>(args, new.target.name);
    this.reduction = reduction === 'batchmean' ? reduction : reductionOf(new.target.name, { ...rest, reduction });
    this.logTarget = logTarget;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}
