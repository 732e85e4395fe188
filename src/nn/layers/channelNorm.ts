// Batch and instance normalization: layers with statistics per channel. One file of 15 small classes and what they share,
// hence the length.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, REAL, nullable } from '../../base/kinds';
import { noGrad } from '../../core/backward';
import { ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { ones, tensor, zeros } from '../../ops/shape/creation';
import { formatShape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { batchNorm, instanceNorm } from '../functional';
import { ones_, zeros_ } from '../init';
import { initializeOnFirstCall, isUninitialized, UninitializedBuffer, UninitializedParameter } from '../module/lazy';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';
import { float, literal } from '../module/representation';
import type { StateDict, StateMetadata } from '../module/stateDict';

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
const LAZY_BATCH_NORM = signature('LazyBatchNorm1d', [
  optional('eps', REAL),
  optional('momentum', nullable(REAL)),
  optional('affine', FLAG),
  optional('trackRunningStats', FLAG),
  ...FACTORY,
]);
const BATCH_NORM = signature('BatchNorm1d', [argument('numFeatures', COUNT), ...LAZY_BATCH_NORM.args]);

/** Statistics per channel: what batch and instance normalization share. */
abstract class ChannelNorm extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS, signature('resetRunningStats', []));
  }

  numFeatures: number;
  readonly eps: number;
  momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  declare weight: Parameter | null;
  declare bias: Parameter | null;
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
    if (!(eps >= 0)) throw new ValueError(name, `eps must be at least 0, got ${eps}.`);
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    this.registerParameter('weight', affine ? new Parameter(ones([numFeatures], factory(options))) : null);
    this.registerParameter('bias', affine ? new Parameter(zeros([numFeatures], factory(options))) : null);
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

  override get _version(): number {
    return 2;
  }

  /** Before version 2, batches were not counted. */
  override upgradeState(state: StateDict, prefix: string, { version = 1 }: StateMetadata): void {
    const key = `${prefix}num_batches_tracked`;
    if (version < 2 && this.trackRunningStats) state[key] ??= tensor(0, { dtype: 'int64' });
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
      this.constructor.name,
      `the input must have ${ndims.join(' or ')} dimensions, got shape ${formatShape(shape)}.`,
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
      this.initializeParameters(input);
    });
  }

  private initializeParameters(input: Tensor): void {
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

type BatchNormRest = [
  eps?: number,
  momentum?: number | null,
  affine?: boolean,
  trackRunningStats?: boolean,
  ...FactoryArguments,
];
type BatchNormArgs = Arguments<[numFeatures: number], BatchNormRest, BatchNormOptions>;

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
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'BatchNorm1d';

  constructor(...args: BatchNormArgs) {
    super(BATCH_NORM.take<BatchNormOptions>(args, new.target.name));
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
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'BatchNorm2d';

  constructor(...args: BatchNormArgs) {
    super(BATCH_NORM.take<BatchNormOptions>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input, [4]);
    return this.normalize(input);
  }
}

/**
 * Normalizes each channel over the batch and the volume; see BatchNorm1d.
 *
 * Shape: input [N, C, D, H, W] -> same; weight, bias, running_mean, running_var [C].
 * Initialisation: weight 1, bias 0.
 * @throws ShapeError for another number of dimensions, or one value per channel in training.
 * @see torch.nn.BatchNorm3d
 */
export class BatchNorm3d extends BatchNorm {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'BatchNorm3d';

  constructor(...args: BatchNormArgs) {
    super(BATCH_NORM.take<BatchNormOptions>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    this.checkInput(input, [5]);
    return this.normalize(input);
  }
}

type LazyBatchNormArgs = Arguments<[], BatchNormRest, LazyBatchNormOptions>;

/** A BatchNorm1d that takes numFeatures from its first input and is a BatchNorm1d from then on. @see torch.nn.LazyBatchNorm1d */
export class LazyBatchNorm1d extends BatchNorm1d {
  static override readonly name: string = 'LazyBatchNorm1d';

  constructor(...args: LazyBatchNormArgs) {
    const options = LAZY_BATCH_NORM.take<LazyBatchNormOptions>(args, new.target.name);
    super({ ...options, numFeatures: 0 });
    this.makeLazy(BatchNorm1d, options);
  }
}

/** A BatchNorm2d that takes numFeatures from its first input and is a BatchNorm2d from then on. @see torch.nn.LazyBatchNorm2d */
export class LazyBatchNorm2d extends BatchNorm2d {
  static override readonly name: string = 'LazyBatchNorm2d';

  constructor(...args: LazyBatchNormArgs) {
    const options = LAZY_BATCH_NORM.take<LazyBatchNormOptions>(args, new.target.name);
    super({ ...options, numFeatures: 0 });
    this.makeLazy(BatchNorm2d, options);
  }
}

/** A BatchNorm3d that takes numFeatures from its first input and is a BatchNorm3d from then on. @see torch.nn.LazyBatchNorm3d */
export class LazyBatchNorm3d extends BatchNorm3d {
  static override readonly name: string = 'LazyBatchNorm3d';

  constructor(...args: LazyBatchNormArgs) {
    const options = LAZY_BATCH_NORM.take<LazyBatchNormOptions>(args, new.target.name);
    super({ ...options, numFeatures: 0 });
    this.makeLazy(BatchNorm3d, options);
  }
}

/** Arguments of lazy instance normalization. */
export interface LazyInstanceNormOptions extends FactoryOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Share of a new batch in the running statistics; 0.1 by default. */
  momentum?: number;
  /** Whether there are a weight and a bias; false by default, in lazy layers true. */
  affine?: boolean;
  /** Whether running statistics are kept for evaluation; false by default, in lazy layers true. */
  trackRunningStats?: boolean;
}

/** Arguments of instance normalization. */
export interface InstanceNormOptions extends LazyInstanceNormOptions {
  numFeatures: number;
}

/** Normalizes each sample by its own statistics, or by the running ones in evaluation. */
abstract class InstanceNorm extends ChannelNorm {
  private readonly spatial: number;

  constructor(spatial: number, options: InstanceNormOptions) {
    super(options, false, false);
    this.spatial = spatial;
  }

  override forward(input: Tensor): Tensor {
    const spatial = this.spatial;
    this.checkInput(input, [spatial + 1, spatial + 2]);
    const { running_mean: runningMean, running_var: runningVar, weight, bias, eps } = this;
    const useInputStats = this.training || !this.trackRunningStats;
    const momentum = this.momentum ?? 0.1;
    return libraryCode(() => {
      const isBatched = input.ndim === spatial + 2;
      const batch = isBatched ? input : input.unsqueeze(0);
      const output = instanceNorm(batch, { runningMean, runningVar, weight, bias, useInputStats, momentum, eps });
      return isBatched ? output : output.squeeze(0);
    });
  }
}

type InstanceNormRest = [
  eps?: number,
  momentum?: number,
  affine?: boolean,
  trackRunningStats?: boolean,
  ...FactoryArguments,
];
type InstanceNormArgs = Arguments<[numFeatures: number], InstanceNormRest, InstanceNormOptions>;

/**
 * Normalizes each channel of each sample over the sequence: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias, with the biased
 * variance; with trackRunningStats by the running statistics in evaluation.
 *
 * Shape: input [N, C, L] or [C, L] -> same; weight, bias, running_mean, running_var [C].
 * Initialisation: weight 1, bias 0.
 * @throws ShapeError for another number of dimensions, or one value per channel in training.
 * @see torch.nn.InstanceNorm1d
 */
export class InstanceNorm1d extends InstanceNorm {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'InstanceNorm1d';

  constructor(...args: InstanceNormArgs) {
    super(1, BATCH_NORM.take<InstanceNormOptions>(args, new.target.name));
  }
}

/**
 * Normalizes each channel of each sample over the image; see InstanceNorm1d.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> same; weight, bias, running_mean, running_var [C].
 * Initialisation: weight 1, bias 0.
 * @throws ShapeError for another number of dimensions, or one value per channel in training.
 * @see torch.nn.InstanceNorm2d
 */
export class InstanceNorm2d extends InstanceNorm {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'InstanceNorm2d';

  constructor(...args: InstanceNormArgs) {
    super(2, BATCH_NORM.take<InstanceNormOptions>(args, new.target.name));
  }
}

/**
 * Normalizes each channel of each sample over the volume; see InstanceNorm1d.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W] -> same; weight, bias, running_mean, running_var [C].
 * Initialisation: weight 1, bias 0.
 * @throws ShapeError for another number of dimensions, or one value per channel in training.
 * @see torch.nn.InstanceNorm3d
 */
export class InstanceNorm3d extends InstanceNorm {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'InstanceNorm3d';

  constructor(...args: InstanceNormArgs) {
    super(3, BATCH_NORM.take<InstanceNormOptions>(args, new.target.name));
  }
}

type LazyInstanceNormArgs = Arguments<[], InstanceNormRest, LazyInstanceNormOptions>;

/**
 * An InstanceNorm1d that takes numFeatures from its first input and is an InstanceNorm1d from then on.
 * @see torch.nn.LazyInstanceNorm1d
 */
export class LazyInstanceNorm1d extends InstanceNorm1d {
  static override readonly name: string = 'LazyInstanceNorm1d';

  constructor(...args: LazyInstanceNormArgs) {
    const given = LAZY_BATCH_NORM.take<LazyInstanceNormOptions>(args, new.target.name);
    const options = { affine: true, trackRunningStats: true, ...given };
    super({ ...options, numFeatures: 0 });
    this.makeLazy(InstanceNorm1d, options);
  }
}

/**
 * An InstanceNorm2d that takes numFeatures from its first input and is an InstanceNorm2d from then on.
 * @see torch.nn.LazyInstanceNorm2d
 */
export class LazyInstanceNorm2d extends InstanceNorm2d {
  static override readonly name: string = 'LazyInstanceNorm2d';

  constructor(...args: LazyInstanceNormArgs) {
    const given = LAZY_BATCH_NORM.take<LazyInstanceNormOptions>(args, new.target.name);
    const options = { affine: true, trackRunningStats: true, ...given };
    super({ ...options, numFeatures: 0 });
    this.makeLazy(InstanceNorm2d, options);
  }
}

/**
 * An InstanceNorm3d that takes numFeatures from its first input and is an InstanceNorm3d from then on.
 * @see torch.nn.LazyInstanceNorm3d
 */
export class LazyInstanceNorm3d extends InstanceNorm3d {
  static override readonly name: string = 'LazyInstanceNorm3d';

  constructor(...args: LazyInstanceNormArgs) {
    const given = LAZY_BATCH_NORM.take<LazyInstanceNormOptions>(args, new.target.name);
    const options = { affine: true, trackRunningStats: true, ...given };
    super({ ...options, numFeatures: 0 });
    this.makeLazy(InstanceNorm3d, options);
  }
}
