// Loss layers. The formulas are in functional/loss.ts; layers only hold their arguments.
import type { Tensor } from '../tensor';
import { gather, type Arguments } from './arguments';
import * as F from './functional';
import { Module } from './module';

/** How the losses of the elements become one: their mean, their sum, or not at all. */
export type Reduction = F.Reduction;

const CROSS_ENTROPY = ['weight', 'ignoreIndex', 'reduction', 'labelSmoothing'] as const;

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
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
  readonly labelSmoothing: number;

  constructor(...args: Arguments<F.CrossEntropyOptions, typeof CROSS_ENTROPY>) {
    super();
    const { weight = null, ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0 } = gather<F.CrossEntropyOptions>(
      new.target.name, CROSS_ENTROPY, args,
    ); // prettier-ignore
    F.checkReduction(new.target.name, reduction);
    this.weight = this.registerBuffer('weight', weight);
    this.ignoreIndex = ignoreIndex;
    this.reduction = reduction;
    this.labelSmoothing = labelSmoothing;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return F.crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
}

const NLL = ['weight', 'ignoreIndex', 'reduction'] as const;

/**
 * Negative log likelihood: -weight(target) x(target), for log probabilities x.
 *
 * Shape: as CrossEntropyLoss with class indices.
 * @see torch.nn.NLLLoss
 */
export class NLLLoss extends Module {
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;

  constructor(...args: Arguments<F.NLLOptions, typeof NLL>) {
    super();
    const { weight = null, ignoreIndex = -100, reduction = 'mean' } = gather<F.NLLOptions>(new.target.name, NLL, args);
    F.checkReduction(new.target.name, reduction);
    this.weight = this.registerBuffer('weight', weight);
    this.ignoreIndex = ignoreIndex;
    this.reduction = reduction;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction } = this;
    return F.nllLoss(input, target, { weight, ignoreIndex, reduction });
  }
}

/** Arguments of losses without others. */
export interface ReductionOptions {
  /** 'mean' by default. */
  reduction?: Reduction;
}
const REDUCTION = ['reduction'] as const;

/** A loss without other arguments. */
abstract class ElementwiseLoss extends Module {
  readonly reduction: Reduction;

  constructor(...args: Arguments<ReductionOptions, typeof REDUCTION>) {
    super();
    const { reduction = 'mean' } = gather<ReductionOptions>(new.target.name, REDUCTION, args);
    F.checkReduction(new.target.name, reduction);
    this.reduction = reduction;
  }
}

/**
 * (x - y)².
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.MSELoss
 */
export class MSELoss extends ElementwiseLoss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, this.reduction);
  }
}

/**
 * |x - y|.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.L1Loss
 */
export class L1Loss extends ElementwiseLoss {
  override forward(input: Tensor, target: Tensor): Tensor {
    return F.l1Loss(input, target, this.reduction);
  }
}

/** Arguments of SmoothL1Loss. */
export interface SmoothL1Options extends ReductionOptions {
  /** Where the square turns into the absolute value; 1 by default. */
  beta?: number;
}
const SMOOTH_L1 = ['reduction', 'beta'] as const;

/**
 * (x - y)² / (2 beta) if |x - y| < beta, else |x - y| - beta / 2.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @throws RangeError for a negative beta.
 * @see torch.nn.SmoothL1Loss
 */
export class SmoothL1Loss extends Module {
  readonly reduction: Reduction;
  readonly beta: number;

  constructor(...args: Arguments<SmoothL1Options, typeof SMOOTH_L1>) {
    super();
    const { reduction = 'mean', beta = 1 } = gather<SmoothL1Options>(new.target.name, SMOOTH_L1, args);
    F.checkReduction(new.target.name, reduction);
    this.reduction = reduction;
    this.beta = beta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.smoothL1Loss(input, target, this.reduction, this.beta);
  }
}

/** Arguments of HuberLoss. */
export interface HuberOptions extends ReductionOptions {
  /** Where the square turns into the absolute value; 1 by default. */
  delta?: number;
}
const HUBER = ['reduction', 'delta'] as const;

/**
 * (x - y)² / 2 if |x - y| < delta, else delta (|x - y| - delta / 2).
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @throws RangeError unless delta is positive.
 * @see torch.nn.HuberLoss
 */
export class HuberLoss extends Module {
  readonly reduction: Reduction;
  readonly delta: number;

  constructor(...args: Arguments<HuberOptions, typeof HUBER>) {
    super();
    const { reduction = 'mean', delta = 1 } = gather<HuberOptions>(new.target.name, HUBER, args);
    F.checkReduction(new.target.name, reduction);
    this.reduction = reduction;
    this.delta = delta;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.huberLoss(input, target, this.reduction, this.delta);
  }
}

/** Arguments of BCELoss. */
export interface WeightedOptions extends ReductionOptions {
  /** Factors of the elements' losses, broadcast to the input. */
  weight?: Tensor | null;
}
const BCE = ['weight', 'reduction'] as const;

/**
 * Binary cross entropy of probabilities: -weight (y log x + (1 - y) log(1 - x)), each logarithm at least -100.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.BCELoss
 */
export class BCELoss extends Module {
  readonly weight: Tensor | null;
  readonly reduction: Reduction;

  constructor(...args: Arguments<WeightedOptions, typeof BCE>) {
    super();
    const { weight = null, reduction = 'mean' } = gather<WeightedOptions>(new.target.name, BCE, args);
    F.checkReduction(new.target.name, reduction);
    this.weight = this.registerBuffer('weight', weight);
    this.reduction = reduction;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropy(input, target, this.weight, this.reduction);
  }
}

/** Arguments of BCEWithLogitsLoss. */
export interface BCEWithLogitsOptions extends WeightedOptions {
  /** Weight of the positive targets, broadcast to the input. */
  posWeight?: Tensor | null;
}
const BCE_WITH_LOGITS = ['weight', 'reduction', 'posWeight'] as const;

/**
 * Binary cross entropy of logits: -weight (posWeight y log σ(x) + (1 - y) log(1 - σ(x))), without overflow.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.BCEWithLogitsLoss
 */
export class BCEWithLogitsLoss extends Module {
  readonly weight: Tensor | null;
  readonly reduction: Reduction;
  declare pos_weight: Tensor | null;

  constructor(...args: Arguments<BCEWithLogitsOptions, typeof BCE_WITH_LOGITS>) {
    super();
    const { weight = null, reduction = 'mean', posWeight = null } = gather<BCEWithLogitsOptions>(
      new.target.name, BCE_WITH_LOGITS, args,
    ); // prettier-ignore
    F.checkReduction(new.target.name, reduction);
    this.weight = this.registerBuffer('weight', weight);
    this.registerBuffer('pos_weight', posWeight);
    this.reduction = reduction;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropyWithLogits(input, target, this.weight, this.reduction, this.pos_weight);
  }
}

/** Arguments of KLDivLoss. */
export interface KLDivOptions {
  /** 'mean' (over all elements) by default; 'batchmean' divides the sum by the batch, as the definition does. */
  reduction?: Reduction | 'batchmean';
  /** Whether the target is given as logarithms; false by default. */
  logTarget?: boolean;
}
const KL_DIV = ['reduction', 'logTarget'] as const;

/**
 * Kullback-Leibler divergence: y (log y - x), for log probabilities x.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.KLDivLoss
 */
export class KLDivLoss extends Module {
  readonly reduction: Reduction | 'batchmean';
  readonly logTarget: boolean;

  constructor(...args: Arguments<KLDivOptions, typeof KL_DIV>) {
    super();
    const { reduction = 'mean', logTarget = false } = gather<KLDivOptions>(new.target.name, KL_DIV, args);
    if (reduction !== 'batchmean') F.checkReduction(new.target.name, reduction);
    this.reduction = reduction;
    this.logTarget = logTarget;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, this.reduction, this.logTarget);
  }
}
