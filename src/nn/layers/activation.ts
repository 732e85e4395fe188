// Activation layers, one after another and all alike, hence the length. They hold parameters only; the formulas are
// in functional/activation.ts.
import { ShapeError } from '../../base/errors';
import { full } from '../../ops/shape/creation';
import { formatShape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import { gather, type Arguments } from '../../base/arguments';
import {
  celu, elu, gelu, glu, hardshrink, hardsigmoid, hardswish, hardtanh, leakyRelu, logSoftmax, logsigmoid, mish, prelu, relu,
  relu6, rrelu, selu, sigmoid, silu, softmax, softmin, softplus, softshrink, softsign, tanh, tanhshrink, threshold,
} from '../functional'; // prettier-ignore
import { factory, Module, type FactoryOptions } from '../module/module';
import { float, literal } from '../module/representation';

/** Arguments of activations that may overwrite their input. */
export interface InplaceOptions {
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const INPLACE = ['inplace'] as const;

/** An activation without other parameters than whether it overwrites its input. */
abstract class InplaceActivation extends Module {
  readonly inplace: boolean;

  constructor(...args: Arguments<InplaceOptions, typeof INPLACE>) {
    super();
    this.inplace = gather<InplaceOptions>(new.target.name, INPLACE, args).inplace ?? false;
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
const LEAKY_RELU = ['negativeSlope', 'inplace'] as const;

/**
 * x if x > 0, else negativeSlope x.
 *
 * Shape: any, unchanged.
 * @see torch.nn.LeakyReLU
 */
export class LeakyReLU extends Module {
  readonly negativeSlope: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<LeakyReLUOptions, typeof LEAKY_RELU>) {
    super();
    const { negativeSlope = 0.01, inplace = false } = gather<LeakyReLUOptions>(new.target.name, LEAKY_RELU, args);
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
const RRELU = ['lower', 'upper', 'inplace'] as const;

/**
 * x if x > 0, else x times a number drawn from [lower, upper) for each element, in evaluation times their mean.
 *
 * Shape: any, unchanged.
 * @see torch.nn.RReLU
 */
export class RReLU extends Module {
  readonly lower: number;
  readonly upper: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<RReLUOptions, typeof RRELU>) {
    super();
    const { lower = 1 / 8, upper = 1 / 3, inplace = false } = gather<RReLUOptions>(new.target.name, RRELU, args);
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
const ELU_ORDER = ['alpha', 'inplace'] as const;

/**
 * x if x > 0, else alpha (exp(x) - 1).
 *
 * Shape: any, unchanged.
 * @see torch.nn.ELU
 */
export class ELU extends Module {
  readonly alpha: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<ELUOptions, typeof ELU_ORDER>) {
    super();
    const { alpha = 1, inplace = false } = gather<ELUOptions>(new.target.name, ELU_ORDER, args);
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
const CELU_ORDER = ['alpha', 'inplace'] as const;

/**
 * max(x, 0) + min(alpha (exp(x / alpha) - 1), 0).
 *
 * Shape: any, unchanged.
 * @see torch.nn.CELU
 */
export class CELU extends Module {
  readonly alpha: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<CELUOptions, typeof CELU_ORDER>) {
    super();
    const { alpha = 1, inplace = false } = gather<CELUOptions>(new.target.name, CELU_ORDER, args);
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
const HARDTANH = ['minVal', 'maxVal', 'inplace'] as const;

/**
 * x, cut off to [minVal, maxVal].
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardtanh
 */
export class Hardtanh extends Module {
  readonly minVal: number;
  readonly maxVal: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<HardtanhOptions, typeof HARDTANH>) {
    super();
    const { minVal = -1, maxVal = 1, inplace = false } = gather<HardtanhOptions>(new.target.name, HARDTANH, args);
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
const THRESHOLD = ['threshold', 'value', 'inplace'] as const;

/**
 * x if x > threshold, else value.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Threshold
 */
export class Threshold extends Module {
  readonly threshold: number;
  readonly value: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<ThresholdOptions, typeof THRESHOLD>) {
    super();
    const { threshold, value, inplace = false } = gather<ThresholdOptions>(new.target.name, THRESHOLD, args);
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
const SOFTPLUS = ['beta', 'threshold'] as const;

/**
 * log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softplus
 */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;

  constructor(...args: Arguments<SoftplusOptions, typeof SOFTPLUS>) {
    super();
    const { beta = 1, threshold = 20 } = gather<SoftplusOptions>(new.target.name, SOFTPLUS, args);
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
const SOFTSHRINK = ['lambd'] as const;

/**
 * x - lambd if x > lambd, x + lambd if x < -lambd, else 0.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softshrink
 */
export class Softshrink extends Module {
  readonly lambd: number;

  constructor(...args: Arguments<SoftshrinkOptions, typeof SOFTSHRINK>) {
    super();
    const { lambd = 0.5 } = gather<SoftshrinkOptions>(new.target.name, SOFTSHRINK, args);
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
const HARDSHRINK = ['lambd'] as const;

/**
 * x if |x| > lambd, else 0.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardshrink
 */
export class Hardshrink extends Module {
  readonly lambd: number;

  constructor(...args: Arguments<HardshrinkOptions, typeof HARDSHRINK>) {
    super();
    const { lambd = 0.5 } = gather<HardshrinkOptions>(new.target.name, HARDSHRINK, args);
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
const GELU_ORDER = ['approximate'] as const;

/**
 * x Φ(x), with Φ the normal distribution function, exact or by tanh.
 *
 * Shape: any, unchanged.
 * @see torch.nn.GELU
 */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor(...args: Arguments<GELUOptions, typeof GELU_ORDER>) {
    super();
    const { approximate = 'none' } = gather<GELUOptions>(new.target.name, GELU_ORDER, args);
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
const SOFTMAX = ['dim'] as const;

/**
 * exp(x) / Σ exp(x) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softmax
 */
export class Softmax extends Module {
  readonly dim: number;

  constructor(...args: Arguments<SoftmaxOptions, typeof SOFTMAX>) {
    super();
    const { dim } = gather<SoftmaxOptions>(new.target.name, SOFTMAX, args);
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
const LOGSOFTMAX = ['dim'] as const;

/**
 * log(exp(x) / Σ exp(x)) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.LogSoftmax
 */
export class LogSoftmax extends Module {
  readonly dim: number;

  constructor(...args: Arguments<LogSoftmaxOptions, typeof LOGSOFTMAX>) {
    super();
    const { dim } = gather<LogSoftmaxOptions>(new.target.name, LOGSOFTMAX, args);
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
const SOFTMIN = ['dim'] as const;

/**
 * exp(-x) / Σ exp(-x) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softmin
 */
export class Softmin extends Module {
  readonly dim: number;

  constructor(...args: Arguments<SoftminOptions, typeof SOFTMIN>) {
    super();
    const { dim } = gather<SoftminOptions>(new.target.name, SOFTMIN, args);
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
  override forward(input: Tensor): Tensor {
    if (input.ndim !== 3 && input.ndim !== 4) {
      throw new ShapeError(`Softmax2d: input must be [N, C, H, W] or [C, H, W], got ${formatShape(input.shape)}.`);
    }
    return softmax(input, -3);
  }
}

/** Arguments of GLU. */
export interface GLUOptions {
  /** The dimension to halve; -1 by default. */
  dim?: number;
}
const GLU_ORDER = ['dim'] as const;

/**
 * a sigmoid(b), where a and b are the halves of x along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.GLU
 */
export class GLU extends Module {
  readonly dim: number;

  constructor(...args: Arguments<GLUOptions, typeof GLU_ORDER>) {
    super();
    const { dim = -1 } = gather<GLUOptions>(new.target.name, GLU_ORDER, args);
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
const PRELU = ['numParameters', 'init', 'device', 'dtype'] as const;

/**
 * x if x > 0, else weight x, with learned slopes.
 *
 * Shape: input [N, C, *] -> same; weight [numParameters].
 * @see torch.nn.PReLU
 */
export class PReLU extends Module {
  readonly numParameters: number;
  readonly init: number;
  weight: Parameter;

  constructor(...args: Arguments<PReLUOptions, typeof PRELU>) {
    super();
    const options = gather<PReLUOptions>(new.target.name, PRELU, args);
    const { numParameters = 1, init = 0.25 } = options;
    this.numParameters = numParameters;
    this.init = init;
    this.weight = new Parameter(full([numParameters], init, factory(options)));
  }

  override forward(input: Tensor): Tensor {
    return prelu(input, this.weight);
  }

  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}
