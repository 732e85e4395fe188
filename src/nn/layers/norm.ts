// Normalization layers without statistics per channel; those with are in channelNorm.ts.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, REAL, SIZE, nullable } from '../../base/kinds';
import { ones, zeros } from '../../ops/shape/creation';
import type { Shape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { groupNorm, layerNorm, localResponseNorm, rmsNorm } from '../functional';
import { ones_, zeros_ } from '../init';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';
import { float, literal } from '../module/representation';
import { ValueError } from '../../base/errors';

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
const LAYER_NORM = signature('LayerNorm', [
  argument('normalizedShape', SIZE),
  optional('eps', REAL),
  optional('elementwiseAffine', FLAG),
  optional('bias', FLAG),
  ...FACTORY,
]);

/**
 * Normalizes over the last dimensions: y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias, with the biased variance.
 *
 * Shape: input [*, ...normalizedShape] -> same; weight, bias normalizedShape.
 * Initialisation: weight 1, bias 0.
 * @see torch.nn.LayerNorm
 */
export class LayerNorm extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LayerNorm';

  readonly normalizedShape: Shape;
  readonly eps: number;
  readonly elementwiseAffine: boolean;
  declare weight: Parameter | null;
  declare bias: Parameter | null;

  constructor(
    ...args: Arguments<
      [normalizedShape: number | Shape],
      [eps?: number, elementwiseAffine?: boolean, bias?: boolean, ...FactoryArguments],
      LayerNormOptions
    >
  ) {
    super();
    const options = LAYER_NORM.take<LayerNormOptions>(args, new.target.name);
    const { normalizedShape, eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    for (const size of this.normalizedShape) checkInteger(new.target.name, 'normalizedShape', size, 0);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.registerParameter(
      'weight',
      elementwiseAffine ? new Parameter(ones(this.normalizedShape, factory(options))) : null,
    );
    this.registerParameter(
      'bias',
      elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape, factory(options))) : null,
    );
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
const GROUP_NORM = signature('GroupNorm', [
  argument('numGroups', COUNT),
  argument('numChannels', COUNT),
  optional('eps', REAL),
  optional('affine', FLAG),
  ...FACTORY,
]);

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
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  static override readonly isBuiltIn = true;
  static override readonly name: string = 'GroupNorm';

  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  readonly affine: boolean;
  declare weight: Parameter | null;
  declare bias: Parameter | null;

  constructor(
    ...args: Arguments<
      [numGroups: number, numChannels: number],
      [eps?: number, affine?: boolean, ...FactoryArguments],
      GroupNormOptions,
      [numGroups: number, options: Omit<GroupNormOptions, 'numGroups'>]
    >
  ) {
    super();
    const options = GROUP_NORM.take<GroupNormOptions>(args, new.target.name);
    const { numGroups, numChannels, eps = 1e-5, affine = true } = options;
    checkInteger(new.target.name, 'numGroups', numGroups, 1);
    checkInteger(new.target.name, 'numChannels', numChannels, 0);
    if (numChannels % numGroups !== 0) {
      throw new ValueError(new.target.name, `numGroups must divide numChannels, got ${numGroups} and ${numChannels}.`);
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.affine = affine;
    this.registerParameter('weight', affine ? new Parameter(ones([numChannels], factory(options))) : null);
    this.registerParameter('bias', affine ? new Parameter(zeros([numChannels], factory(options))) : null);
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

/** Arguments of RMSNorm. */
export interface RMSNormOptions extends FactoryOptions {
  /** Sizes of the last dimensions, over which each mean is taken; a number for the last one alone. */
  normalizedShape: number | Shape;
  /** Added to the mean of squares; by default the smallest step of the dtype at 1. */
  eps?: number | null;
  /** Whether there is a weight; true by default. */
  elementwiseAffine?: boolean;
}
const RMS_NORM = signature('RMSNorm', [
  argument('normalizedShape', SIZE),
  optional('eps', nullable(REAL)),
  optional('elementwiseAffine', FLAG),
  ...FACTORY,
]);

/**
 * Divides by the root of the mean of squares over the last dimensions: y = x / sqrt(E[x²] + eps) * weight.
 *
 * Shape: input [*, ...normalizedShape] -> same; weight normalizedShape.
 * Initialisation: weight 1.
 * @see torch.nn.RMSNorm
 */
export class RMSNorm extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  static override readonly isBuiltIn = true;
  static override readonly name: string = 'RMSNorm';

  readonly normalizedShape: Shape;
  readonly eps: number | null;
  readonly elementwiseAffine: boolean;
  declare weight: Parameter | null;

  constructor(
    ...args: Arguments<
      [normalizedShape: number | Shape],
      [eps?: number | null, elementwiseAffine?: boolean, ...FactoryArguments],
      RMSNormOptions
    >
  ) {
    super();
    const options = RMS_NORM.take<RMSNormOptions>(args, new.target.name);
    const { normalizedShape, eps = null, elementwiseAffine = true } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    for (const size of this.normalizedShape) checkInteger(new.target.name, 'normalizedShape', size, 0);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.registerParameter(
      'weight',
      elementwiseAffine ? new Parameter(ones(this.normalizedShape, factory(options))) : null,
    );
  }

  /** Sets weight to 1. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
  }

  override forward(input: Tensor): Tensor {
    return rmsNorm(input, this.normalizedShape, this.weight, this.eps);
  }

  override extraRepr(): string {
    const eps = this.eps === null ? 'None' : float(this.eps);
    return `${literal(this.normalizedShape)}, eps=${eps}, elementwise_affine=${literal(this.elementwiseAffine)}`;
  }
}

/** Arguments of LocalResponseNorm. */
export interface LocalResponseNormOptions {
  /** How many neighbouring channels are summed over. */
  size: number;
  /** Factor of the mean of squares; 1e-4 by default. */
  alpha?: number;
  /** Exponent; 0.75 by default. */
  beta?: number;
  /** Added to the mean; 1 by default. */
  k?: number;
}
const LOCAL_RESPONSE_NORM = signature('LocalResponseNorm', [
  argument('size', COUNT),
  optional('alpha', REAL),
  optional('beta', REAL),
  optional('k', REAL),
]);

/**
 * Divides by a sum over neighbouring channels: y = x / (k + alpha / size Σ x²)^beta.
 *
 * Shape: [N, C, *], unchanged.
 * @see torch.nn.LocalResponseNorm
 */
export class LocalResponseNorm extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LocalResponseNorm';

  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;

  constructor(
    ...args: Arguments<[size: number], [alpha?: number, beta?: number, k?: number], LocalResponseNormOptions>
  ) {
    super();
    const options = LOCAL_RESPONSE_NORM.take<LocalResponseNormOptions>(args, new.target.name);
    checkInteger(new.target.name, 'size', options.size, 1);
    this.size = options.size;
    this.alpha = options.alpha ?? 1e-4;
    this.beta = options.beta ?? 0.75;
    this.k = options.k ?? 1;
  }

  override forward(input: Tensor): Tensor {
    return localResponseNorm(input, this.size, this.alpha, this.beta, this.k);
  }

  override extraRepr(): string {
    return `${this.size}, alpha=${float(this.alpha)}, beta=${float(this.beta)}, k=${float(this.k)}`;
  }
}

/**
 * LocalResponseNorm whose window reaches floor((size - 1) / 2) channels to either side.
 *
 * Shape: [N, C, H, W], unchanged.
 * @see torch.nn.CrossMapLRN2d
 */
export class CrossMapLRN2d extends LocalResponseNorm {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CrossMapLRN2d';

  override forward(input: Tensor): Tensor {
    // Where size is even the window is one channel less, while the sum is still divided by size.
    const width = 2 * Math.floor((this.size - 1) / 2) + 1;
    return localResponseNorm(input, width, (this.alpha * width) / this.size, this.beta, this.k);
  }

  override extraRepr(): string {
    // PyTorch's default for k is a whole number here.
    return `${this.size}, alpha=${float(this.alpha)}, beta=${float(this.beta)}, k=${this.k}`;
  }
}
