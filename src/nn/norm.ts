// Normalization layers.
import { noGrad } from '../autograd';
import { ShapeError } from '../errors';
import { ones, tensor, zeros } from '../ops/creation';
import { formatShape, type Shape } from '../shape';
import { Parameter, type Tensor } from '../tensor';
import { checkInteger, gather, type Arguments } from '../arguments';
import { batchNorm, groupNorm, layerNorm } from './functional';
import { ones_, zeros_ } from './init';
import { initializeOnFirstCall, isUninitialized, UninitializedBuffer, UninitializedParameter } from './lazy';
import { factory, Module, type FactoryOptions } from './module';
import { float, literal } from './representation';

/** Arguments of lazy batch normalization. */
export interface LazyBatchNormOptions extends FactoryOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Share of a new batch in the running statistics; 0.1 by default, null for the mean of all batches. */
  momentum?: number | null;
  /** Whether there are a weight and a bias; true by default. */
  affine?: boolean;
  /** Whether running statistics are kept for evaluation; true by default. */
  trackRunningStats?: boolean;
}

/** Arguments of batch normalization. */
export interface BatchNormOptions extends LazyBatchNormOptions {
  numFeatures: number;
}
const LAZY_BATCH_NORM = ['eps', 'momentum', 'affine', 'trackRunningStats', 'device', 'dtype'] as const;
const BATCH_NORM = ['numFeatures', ...LAZY_BATCH_NORM] as const;

/** Statistics per channel: what batch and instance normalization share. */
abstract class ChannelNorm extends Module {
  numFeatures: number;
  readonly eps: number;
  momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  // Buffers carry the names that they have in PyTorch's state dicts.
  declare running_mean: Tensor | null;
  declare running_var: Tensor | null;
  declare num_batches_tracked: Tensor | null;

  constructor(options: BatchNormOptions, affineByDefault: boolean, trackByDefault: boolean) {
    super();
    const name = new.target.name;
    const {
      numFeatures,
      eps = 1e-5,
      momentum = 0.1,
      affine = affineByDefault,
      trackRunningStats = trackByDefault,
    } = options;
    checkInteger(name, 'numFeatures', numFeatures, 0);
    if (!(eps >= 0)) throw new RangeError(`${name}: eps must be at least 0, got ${eps}.`);
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    this.weight = affine ? new Parameter(ones([numFeatures], factory(options))) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures], factory(options))) : null;
    this.registerBuffer('running_mean', trackRunningStats ? zeros([numFeatures], factory(options)) : null);
    this.registerBuffer('running_var', trackRunningStats ? ones([numFeatures], factory(options)) : null);
    const { device } = options;
    this.registerBuffer(
      'num_batches_tracked',
      trackRunningStats ? tensor(0, { dtype: 'int64', ...(device && { device }) }) : null,
    );
  }

  /** Mean of each channel over the batches so far. */
  get runningMean(): Tensor | null {
    return this.running_mean;
  }

  /** Unbiased variance of each channel over the batches so far. */
  get runningVar(): Tensor | null {
    return this.running_var;
  }

  /** How many batches the running statistics have seen. */
  get numBatchesTracked(): Tensor | null {
    return this.num_batches_tracked;
  }

  /** Forgets the running statistics. */
  resetRunningStats(): void {
    this.running_mean?.zero_();
    this.running_var?.fill_(1);
    this.num_batches_tracked?.zero_();
  }

  /** Forgets the running statistics and sets weight to 1 and bias to 0. */
  resetParameters(): void {
    this.resetRunningStats();
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  /** @throws ShapeError unless the number of dimensions is one of `ndims`. */
  protected checkInput(input: Tensor, ndims: readonly number[]): void {
    if (ndims.includes(input.ndim)) return;
    const { shape } = input;
    throw new ShapeError(
      `${this.constructor.name}: the input must have ${ndims.join(' or ')} dimensions, got shape ${formatShape(shape)}.`,
      { shape },
    );
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats } = this;
    return (
      `${numFeatures}, eps=${float(eps)}, momentum=${momentum === null ? 'None' : float(momentum)}, ` +
      `affine=${literal(affine)}, track_running_stats=${literal(trackRunningStats)}`
    );
  }

  /** Takes away the parameters' shapes; the first call gives them back, and the class `eager`. */
  protected makeLazy(eager: { readonly prototype: ChannelNorm }, options: LazyBatchNormOptions): void {
    if (this.affine) {
      this.weight = new UninitializedParameter(factory(options));
      this.bias = new UninitializedParameter(factory(options));
    }
    if (this.trackRunningStats) {
      this.running_mean = new UninitializedBuffer(factory(options));
      this.running_var = new UninitializedBuffer(factory(options));
    }
    initializeOnFirstCall(this, eager, (input) => {
      this.#initializeParameters(input);
    });
  }

  #initializeParameters(input: Tensor): void {
    this.numFeatures = input.size(1);
    const waiting = [this.weight, this.bias, this.running_mean, this.running_var].filter(isUninitialized);
    for (const tensor of waiting) tensor.materialize([this.numFeatures]);
    if (waiting.length > 0) this.resetParameters();
  }
}

/** Normalizes by the statistics of a batch, or by the running ones in evaluation. */
abstract class BatchNorm extends ChannelNorm {
  constructor(options: BatchNormOptions) {
    super(options, true, true);
  }

  protected normalize(input: Tensor): Tensor {
    const { weight, bias, running_mean: mean, running_var: variance, num_batches_tracked: count, eps, momentum } = this;
    const update = this.training && this.trackRunningStats;
    const useBatch = this.training || mean === null;
    if (!update || mean === null || variance === null || count === null) {
      return batchNorm(input, useBatch ? null : mean, useBatch ? null : variance, weight, bias, useBatch, 0, eps);
    }
    noGrad(() => count.add_(1));
    if (momentum !== null) return batchNorm(input, mean, variance, weight, bias, true, momentum, eps);
    // A mean of all batches so far: new statistics replace copies of the running ones, which then move 1/count of the way.
    const [newMean, newVariance] = [mean.clone(), variance.clone()];
    const output = batchNorm(input, newMean, newVariance, weight, bias, true, 1, eps);
    noGrad(() => {
      mean.add_(newMean.sub(mean).div(count));
      variance.add_(newVariance.sub(variance).div(count));
    });
    return output;
  }
}

/**
 * Normalizes each channel over the batch: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias, with the statistics of the
 * batch in training (biased variance) and running ones (unbiased variance) in evaluation.
 *
 * Shape: input [N, C] or [N, C, L] -> same; weight, bias, running_mean, running_var [C].
 * Initialisation: weight 1, bias 0.
 * @throws ShapeError for another number of dimensions, or one value per channel in training.
 * @see torch.nn.BatchNorm1d
 */
export class BatchNorm1d extends BatchNorm {
  constructor(...args: Arguments<BatchNormOptions, typeof BATCH_NORM>) {
    super(gather<BatchNormOptions>(new.target.name, BATCH_NORM, args));
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input, [2, 3]);
    return this.normalize(input);
  }
}

/**
 * Normalizes each channel over the batch and the image; see BatchNorm1d.
 *
 * Shape: input [N, C, H, W] -> same; weight, bias, running_mean, running_var [C].
 * Initialisation: weight 1, bias 0.
 * @throws ShapeError for another number of dimensions, or one value per channel in training.
 * @see torch.nn.BatchNorm2d
 */
export class BatchNorm2d extends BatchNorm {
  constructor(...args: Arguments<BatchNormOptions, typeof BATCH_NORM>) {
    super(gather<BatchNormOptions>(new.target.name, BATCH_NORM, args));
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input, [4]);
    return this.normalize(input);
  }
}

/** A BatchNorm1d that takes numFeatures from its first input and is a BatchNorm1d from then on. @see torch.nn.LazyBatchNorm1d */
export class LazyBatchNorm1d extends BatchNorm1d {
  constructor(...args: Arguments<LazyBatchNormOptions, typeof LAZY_BATCH_NORM>) {
    const options = gather<LazyBatchNormOptions>(new.target.name, LAZY_BATCH_NORM, args);
    super({ ...options, numFeatures: 0 });
    this.makeLazy(BatchNorm1d, options);
  }
}

/** A BatchNorm2d that takes numFeatures from its first input and is a BatchNorm2d from then on. @see torch.nn.LazyBatchNorm2d */
export class LazyBatchNorm2d extends BatchNorm2d {
  constructor(...args: Arguments<LazyBatchNormOptions, typeof LAZY_BATCH_NORM>) {
    const options = gather<LazyBatchNormOptions>(new.target.name, LAZY_BATCH_NORM, args);
    super({ ...options, numFeatures: 0 });
    this.makeLazy(BatchNorm2d, options);
  }
}

/** Arguments of LayerNorm. */
export interface LayerNormOptions extends FactoryOptions {
  /** Sizes of the last dimensions, over which each statistic is taken; a number for the last one alone. */
  normalizedShape: number | Shape;
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Whether there are a weight and a bias; true by default. */
  elementwiseAffine?: boolean;
  /** Whether there is a bias beside the weight; true by default. */
  bias?: boolean;
}
const LAYER_NORM = ['normalizedShape', 'eps', 'elementwiseAffine', 'bias', 'device', 'dtype'] as const;

/**
 * Normalizes over the last dimensions: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias, with the biased variance.
 *
 * Shape: input [*, ...normalizedShape] -> same; weight, bias normalizedShape.
 * Initialisation: weight 1, bias 0.
 * @see torch.nn.LayerNorm
 */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(...args: Arguments<LayerNormOptions, typeof LAYER_NORM>) {
    super();
    const options = gather<LayerNormOptions>(new.target.name, LAYER_NORM, args);
    const { normalizedShape, eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    for (const size of this.normalizedShape) checkInteger(new.target.name, 'normalizedShape', size, 0);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, factory(options))) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape, factory(options))) : null;
  }

  /** Sets weight to 1 and bias to 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    return layerNorm(input, this.normalizedShape, this.weight, this.bias, this.eps);
  }

  override extraRepr(): string {
    return `${literal(this.normalizedShape)}, eps=${float(this.eps)}, elementwise_affine=${literal(this.elementwiseAffine)}`;
  }
}

/** Arguments of GroupNorm. */
export interface GroupNormOptions extends FactoryOptions {
  numGroups: number;
  numChannels: number;
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Whether there are a weight and a bias; true by default. */
  affine?: boolean;
}
const GROUP_NORM = ['numGroups', 'numChannels', 'eps', 'affine', 'device', 'dtype'] as const;

/**
 * Normalizes each group of channels of each sample: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias, with the
 * biased variance.
 *
 * Shape: input [N, numChannels, *] -> same; weight, bias [numChannels].
 * Initialisation: weight 1, bias 0.
 * @throws RangeError unless numGroups divides numChannels.
 * @see torch.nn.GroupNorm
 */
export class GroupNorm extends Module {
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(...args: Arguments<GroupNormOptions, typeof GROUP_NORM>) {
    super();
    const options = gather<GroupNormOptions>(new.target.name, GROUP_NORM, args);
    const { numGroups, numChannels, eps = 1e-5, affine = true } = options;
    checkInteger(new.target.name, 'numGroups', numGroups, 1);
    checkInteger(new.target.name, 'numChannels', numChannels, 0);
    if (numChannels % numGroups !== 0) {
      throw new RangeError(
        `${new.target.name}: numGroups must divide numChannels, got ${numGroups} and ${numChannels}.`,
      );
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.affine = affine;
    this.weight = affine ? new Parameter(ones([numChannels], factory(options))) : null;
    this.bias = affine ? new Parameter(zeros([numChannels], factory(options))) : null;
  }

  /** Sets weight to 1 and bias to 0. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
    if (this.bias !== null) zeros_(this.bias);
  }

  override forward(input: Tensor): Tensor {
    return groupNorm(input, this.numGroups, this.weight, this.bias, this.eps);
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${float(this.eps)}, affine=${literal(this.affine)}`;
  }
}
