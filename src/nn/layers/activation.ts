// Activation layers, one after another and all alike, hence the length. They hold parameters only; the formulas are
// in functional/activation.ts.
import { argument, optional, signature } from '../../base/signature';
import { COUNT, DTYPE, FLAG, INTEGER, REAL, oneOf } from '../../base/kinds';
import { DEVICE } from '../../core/kinds';
import { ShapeError } from '../../base/errors';
import { full } from '../../ops/shape/creation';
import { formatShape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import {
  celu, elu, gelu, glu, hardshrink, hardsigmoid, hardswish, hardtanh, leakyRelu, logSoftmax, logsigmoid, mish, prelu, relu,
  relu6, rrelu, selu, sigmoid, silu, softmax, softmin, softplus, softshrink, softsign, tanh, tanhshrink, threshold,
} from '../functional'; // prettier-ignore
import { factory, Module, type DeviceGiven, type FactoryOptions } from '../module/module';
import { float, literal } from '../module/representation';
import type { DType } from '../../base/dtype';

/** Arguments of activations that may overwrite their input. */
export interface InplaceOptions {
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const INPLACE = signature('InplaceActivation', [optional('inplace', FLAG)]);

/** An activation without other parameters than whether it overwrites its input. */
abstract class InplaceActivation extends Module {
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [inplace?: boolean], InplaceOptions>) {
    super();
    this.inplace = INPLACE.take<InplaceOptions>(args, new.target.name).inplace ?? false;
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}

/**
 * max(x, 0).
 *
 * Shape: any, unchanged.
 * @see torch.nn.ReLU
 */
export class ReLU extends InplaceActivation {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return relu(input, this.inplace);
  }
}

/**
 * min(max(x, 0), 6).
 *
 * Shape: any, unchanged.
 * @see torch.nn.ReLU6
 */
export class ReLU6 extends InplaceActivation {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return relu6(input, this.inplace);
  }
}

/**
 * scale * (x if x > 0, else alpha (exp(x) - 1)), with the constants that keep mean 0 and variance 1.
 *
 * Shape: any, unchanged.
 * @see torch.nn.SELU
 */
export class SELU extends InplaceActivation {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return selu(input, this.inplace);
  }
}

/**
 * x sigmoid(x), also called swish.
 *
 * Shape: any, unchanged.
 * @see torch.nn.SiLU
 */
export class SiLU extends InplaceActivation {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return silu(input, this.inplace);
  }
}

/**
 * x tanh(softplus(x)).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Mish
 */
export class Mish extends InplaceActivation {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return mish(input, this.inplace);
  }
}

/**
 * min(max(x + 3, 0), 6) / 6.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardsigmoid
 */
export class Hardsigmoid extends InplaceActivation {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return hardsigmoid(input, this.inplace);
  }
}

/**
 * x min(max(x + 3, 0), 6) / 6.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardswish
 */
export class Hardswish extends InplaceActivation {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return hardswish(input, this.inplace);
  }
}

/**
 * 1 / (1 + exp(-x)).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Sigmoid
 */
export class Sigmoid extends Module {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return sigmoid(input);
  }
}

/**
 * tanh(x).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Tanh
 */
export class Tanh extends Module {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return tanh(input);
  }
}

/**
 * log(1 / (1 + exp(-x))).
 *
 * Shape: any, unchanged.
 * @see torch.nn.LogSigmoid
 */
export class LogSigmoid extends Module {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return logsigmoid(input);
  }
}

/**
 * x / (1 + |x|).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softsign
 */
export class Softsign extends Module {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return softsign(input);
  }
}

/**
 * x - tanh(x).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Tanhshrink
 */
export class Tanhshrink extends Module {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    return tanhshrink(input);
  }
}

/** Arguments of LeakyReLU. */
export interface LeakyReLUOptions {
  /** 0.01 by default. */
  negativeSlope?: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const LEAKY_RELU = signature('LeakyReLU', [optional('negativeSlope', REAL), optional('inplace', FLAG)]);

/**
 * x if x > 0, else negativeSlope x.
 *
 * Shape: any, unchanged.
 * @see torch.nn.LeakyReLU
 */
export class LeakyReLU extends Module {
  static override readonly isBuiltIn = true;

  readonly negativeSlope: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [negativeSlope?: number, inplace?: boolean], LeakyReLUOptions>) {
    super();
    const { negativeSlope = 0.01, inplace = false } = LEAKY_RELU.take<LeakyReLUOptions>(args, new.target.name);
    this.negativeSlope = negativeSlope;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    return leakyRelu(input, this.negativeSlope, this.inplace);
  }

  override extraRepr(): string {
    return `negative_slope=${this.negativeSlope}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Arguments of RReLU. */
export interface RReLUOptions {
  /** Bounds of the slopes: 1/8 and 1/3 by default. */
  lower?: number;
  upper?: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const RRELU = signature('RReLU', [optional('lower', REAL), optional('upper', REAL), optional('inplace', FLAG)]);

/**
 * x if x > 0, else x times a number drawn from [lower, upper) for each element, in evaluation times their mean.
 *
 * Shape: any, unchanged.
 * @see torch.nn.RReLU
 */
export class RReLU extends Module {
  static override readonly isBuiltIn = true;

  readonly lower: number;
  readonly upper: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [lower?: number, upper?: number, inplace?: boolean], RReLUOptions>) {
    super();
    const { lower = 1 / 8, upper = 1 / 3, inplace = false } = RRELU.take<RReLUOptions>(args, new.target.name);
    this.lower = lower;
    this.upper = upper;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    return rrelu(input, this.lower, this.upper, this.training, this.inplace);
  }

  override extraRepr(): string {
    return `lower=${this.lower}, upper=${this.upper}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Arguments of ELU. */
export interface ELUOptions {
  /** 1 by default. */
  alpha?: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const ELU_ORDER = signature('ELU', [optional('alpha', REAL), optional('inplace', FLAG)]);

/**
 * x if x > 0, else alpha (exp(x) - 1).
 *
 * Shape: any, unchanged.
 * @see torch.nn.ELU
 */
export class ELU extends Module {
  static override readonly isBuiltIn = true;

  readonly alpha: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [alpha?: number, inplace?: boolean], ELUOptions>) {
    super();
    const { alpha = 1, inplace = false } = ELU_ORDER.take<ELUOptions>(args, new.target.name);
    this.alpha = alpha;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    return elu(input, this.alpha, this.inplace);
  }

  override extraRepr(): string {
    return `alpha=${float(this.alpha)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Arguments of CELU. */
export interface CELUOptions {
  /** Not 0; 1 by default. */
  alpha?: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const CELU_ORDER = signature('CELU', [optional('alpha', REAL), optional('inplace', FLAG)]);

/**
 * max(x, 0) + min(alpha (exp(x / alpha) - 1), 0).
 *
 * Shape: any, unchanged.
 * @see torch.nn.CELU
 */
export class CELU extends Module {
  static override readonly isBuiltIn = true;

  readonly alpha: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [alpha?: number, inplace?: boolean], CELUOptions>) {
    super();
    const { alpha = 1, inplace = false } = CELU_ORDER.take<CELUOptions>(args, new.target.name);
    this.alpha = alpha;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    return celu(input, this.alpha, this.inplace);
  }

  override extraRepr(): string {
    return `alpha=${float(this.alpha)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Arguments of Hardtanh. */
export interface HardtanhOptions {
  /** -1 by default. */
  minVal?: number;
  /** 1 by default. */
  maxVal?: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const HARDTANH = signature('Hardtanh', [optional('minVal', REAL), optional('maxVal', REAL), optional('inplace', FLAG)]);

/**
 * x, cut off to [minVal, maxVal].
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardtanh
 */
export class Hardtanh extends Module {
  static override readonly isBuiltIn = true;

  readonly minVal: number;
  readonly maxVal: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [minVal?: number, maxVal?: number, inplace?: boolean], HardtanhOptions>) {
    super();
    const { minVal = -1, maxVal = 1, inplace = false } = HARDTANH.take<HardtanhOptions>(args, new.target.name);
    this.minVal = minVal;
    this.maxVal = maxVal;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    return hardtanh(input, this.minVal, this.maxVal, this.inplace);
  }

  override extraRepr(): string {
    return `min_val=${float(this.minVal)}, max_val=${float(this.maxVal)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Arguments of Threshold. */
export interface ThresholdOptions {
  threshold: number;
  value: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const THRESHOLD = signature('Threshold', [
  argument('threshold', REAL),
  argument('value', REAL),
  optional('inplace', FLAG),
]);

/**
 * x if x > threshold, else value.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Threshold
 */
export class Threshold extends Module {
  static override readonly isBuiltIn = true;

  readonly threshold: number;
  readonly value: number;
  readonly inplace: boolean;

  constructor(
    ...args: Arguments<
      [threshold: number, value: number],
      [inplace?: boolean],
      ThresholdOptions,
      [threshold: number, options: Omit<ThresholdOptions, 'threshold'>]
    >
  ) {
    super();
    const { threshold, value, inplace = false } = THRESHOLD.take<ThresholdOptions>(args, new.target.name);
    this.threshold = threshold;
    this.value = value;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    return threshold(input, this.threshold, this.value, this.inplace);
  }

  override extraRepr(): string {
    return `threshold=${this.threshold}, value=${this.value}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/** Arguments of Softplus. */
export interface SoftplusOptions {
  /** 1 by default. */
  beta?: number;
  /** 20 by default. */
  threshold?: number;
}
const SOFTPLUS = signature('Softplus', [optional('beta', REAL), optional('threshold', REAL)]);

/**
 * log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softplus
 */
export class Softplus extends Module {
  static override readonly isBuiltIn = true;

  readonly beta: number;
  readonly threshold: number;

  constructor(...args: Arguments<[], [beta?: number, threshold?: number], SoftplusOptions>) {
    super();
    const { beta = 1, threshold = 20 } = SOFTPLUS.take<SoftplusOptions>(args, new.target.name);
    this.beta = beta;
    this.threshold = threshold;
  }

  override forward(input: Tensor): Tensor {
    return softplus(input, this.beta, this.threshold);
  }

  override extraRepr(): string {
    return `beta=${float(this.beta)}, threshold=${float(this.threshold)}`;
  }
}

/** Arguments of Softshrink. */
export interface SoftshrinkOptions {
  /** At least 0; 0.5 by default. */
  lambd?: number;
}
const SOFTSHRINK = signature('Softshrink', [optional('lambd', REAL)]);

/**
 * x - lambd if x > lambd, x + lambd if x < -lambd, else 0.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softshrink
 */
export class Softshrink extends Module {
  static override readonly isBuiltIn = true;

  readonly lambd: number;

  constructor(...args: Arguments<[], [lambd?: number], SoftshrinkOptions>) {
    super();
    const { lambd = 0.5 } = SOFTSHRINK.take<SoftshrinkOptions>(args, new.target.name);
    this.lambd = lambd;
  }

  override forward(input: Tensor): Tensor {
    return softshrink(input, this.lambd);
  }

  override extraRepr(): string {
    return String(this.lambd);
  }
}

/** Arguments of Hardshrink. */
export interface HardshrinkOptions {
  /** 0.5 by default. */
  lambd?: number;
}
const HARDSHRINK = signature('Hardshrink', [optional('lambd', REAL)]);

/**
 * x if |x| > lambd, else 0.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardshrink
 */
export class Hardshrink extends Module {
  static override readonly isBuiltIn = true;

  readonly lambd: number;

  constructor(...args: Arguments<[], [lambd?: number], HardshrinkOptions>) {
    super();
    const { lambd = 0.5 } = HARDSHRINK.take<HardshrinkOptions>(args, new.target.name);
    this.lambd = lambd;
  }

  override forward(input: Tensor): Tensor {
    return hardshrink(input, this.lambd);
  }

  override extraRepr(): string {
    return String(this.lambd);
  }
}

/** Arguments of GELU. */
export interface GELUOptions {
  /** 'tanh' for the approximation x (1 + tanh(sqrt(2/π) (x + 0.044715 x³))) / 2; 'none' by default. */
  approximate?: 'none' | 'tanh';
}
const GELU_ORDER = signature('GELU', [optional('approximate', oneOf('none', 'tanh'))]);

/**
 * x Φ(x), with Φ the normal distribution function, exact or by tanh.
 *
 * Shape: any, unchanged.
 * @see torch.nn.GELU
 */
export class GELU extends Module {
  static override readonly isBuiltIn = true;

  readonly approximate: 'none' | 'tanh';

  constructor(...args: Arguments<[], [approximate?: 'none' | 'tanh'], GELUOptions>) {
    super();
    const { approximate = 'none' } = GELU_ORDER.take<GELUOptions>(args, new.target.name);
    this.approximate = approximate;
  }

  override forward(input: Tensor): Tensor {
    return gelu(input, { approximate: this.approximate });
  }

  override extraRepr(): string {
    return `approximate=${literal(this.approximate)}`;
  }
}

/** Arguments of Softmax. */
export interface SoftmaxOptions {
  /** The dimension whose elements sum to 1. */
  dim: number;
}
const SOFTMAX = signature('Softmax', [argument('dim', INTEGER)]);

/**
 * exp(x) / Σ exp(x) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softmax
 */
export class Softmax extends Module {
  static override readonly isBuiltIn = true;

  readonly dim: number;

  constructor(...args: Arguments<[dim: number], [], SoftmaxOptions>) {
    super();
    const { dim } = SOFTMAX.take<SoftmaxOptions>(args, new.target.name);
    this.dim = dim;
  }

  override forward(input: Tensor): Tensor {
    return softmax(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Arguments of LogSoftmax. */
export interface LogSoftmaxOptions {
  /** The dimension whose exponentials sum to 1. */
  dim: number;
}
const LOGSOFTMAX = signature('LogSoftmax', [argument('dim', INTEGER)]);

/**
 * log(exp(x) / Σ exp(x)) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.LogSoftmax
 */
export class LogSoftmax extends Module {
  static override readonly isBuiltIn = true;

  readonly dim: number;

  constructor(...args: Arguments<[dim: number], [], LogSoftmaxOptions>) {
    super();
    const { dim } = LOGSOFTMAX.take<LogSoftmaxOptions>(args, new.target.name);
    this.dim = dim;
  }

  override forward(input: Tensor): Tensor {
    return logSoftmax(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Arguments of Softmin. */
export interface SoftminOptions {
  /** The dimension whose elements sum to 1. */
  dim: number;
}
const SOFTMIN = signature('Softmin', [argument('dim', INTEGER)]);

/**
 * exp(-x) / Σ exp(-x) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softmin
 */
export class Softmin extends Module {
  static override readonly isBuiltIn = true;

  readonly dim: number;

  constructor(...args: Arguments<[dim: number], [], SoftminOptions>) {
    super();
    const { dim } = SOFTMIN.take<SoftminOptions>(args, new.target.name);
    this.dim = dim;
  }

  override forward(input: Tensor): Tensor {
    return softmin(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/**
 * Softmax over the channels at each place of an image.
 *
 * Shape: [N, C, H, W] or [C, H, W], unchanged.
 * @throws ShapeError for another number of dimensions.
 * @see torch.nn.Softmax2d
 */
export class Softmax2d extends Module {
  static override readonly isBuiltIn = true;

  override forward(input: Tensor): Tensor {
    if (input.ndim !== 3 && input.ndim !== 4) {
      throw new ShapeError('Softmax2d', `input must be [N, C, H, W] or [C, H, W], got ${formatShape(input.shape)}.`);
    }
    return softmax(input, -3);
  }
}

/** Arguments of GLU. */
export interface GLUOptions {
  /** The dimension to halve; -1 by default. */
  dim?: number;
}
const GLU_ORDER = signature('GLU', [optional('dim', INTEGER)]);

/**
 * a sigmoid(b), where a and b are the halves of x along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.GLU
 */
export class GLU extends Module {
  static override readonly isBuiltIn = true;

  readonly dim: number;

  constructor(...args: Arguments<[], [dim?: number], GLUOptions>) {
    super();
    const { dim = -1 } = GLU_ORDER.take<GLUOptions>(args, new.target.name);
    this.dim = dim;
  }

  override forward(input: Tensor): Tensor {
    return glu(input, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Arguments of PReLU. */
export interface PReLUOptions extends FactoryOptions {
  /** Number of slopes: 1, or one per channel (dimension 1); 1 by default. */
  numParameters?: number;
  /** What the slopes start from; 0.25 by default. */
  init?: number;
}
const PRELU = signature('PReLU', [
  optional('numParameters', COUNT),
  optional('init', REAL),
  optional('device', DEVICE),
  optional('dtype', DTYPE),
]);

/**
 * x if x > 0, else weight x, with learned slopes.
 *
 * Shape: input [N, C, *] -> same; weight [numParameters].
 * @see torch.nn.PReLU
 */
export class PReLU extends Module {
  static override readonly isBuiltIn = true;

  readonly numParameters: number;
  readonly init: number;
  declare weight: Parameter;

  constructor(
    ...args: Arguments<[], [numParameters?: number, init?: number, device?: DeviceGiven, dtype?: DType], PReLUOptions>
  ) {
    super();
    const options = PRELU.take<PReLUOptions>(args, new.target.name);
    const { numParameters = 1, init = 0.25 } = options;
    this.numParameters = numParameters;
    this.init = init;
    this.registerParameter('weight', new Parameter(full([numParameters], init, factory(options))));
  }

  override forward(input: Tensor): Tensor {
    return prelu(input, this.weight);
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}
