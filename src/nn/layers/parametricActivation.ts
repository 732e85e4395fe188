// Activations with numbers of their own: slopes, bounds, thresholds. The formulas are in functional/activation.ts.
import { argument, optional, signature } from '../../base/signature';
import { COUNT, FLAG, REAL, oneOf } from '../../base/kinds';
import { full } from '../../ops/shape/creation';
import { Parameter, type Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import {
  celu, elu, gelu, hardshrink, hardtanh, leakyRelu, prelu, rrelu, softplus, softshrink, threshold,
} from '../functional'; // prettier-ignore
import { factory, FACTORY, Module, type FactoryArguments, type FactoryOptions } from '../module/module';
import { float, literal } from '../module/representation';

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
  static override readonly name: string = 'LeakyReLU';

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
  static override readonly name: string = 'RReLU';

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

const EXPONENTIAL = signature('ELU', [argument('alpha', REAL, 1), argument('inplace', FLAG, false)]);

/** ELU and CELU but for their formula. */
abstract class Exponential extends Module {
  readonly alpha: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [alpha?: number, inplace?: boolean], ELUOptions>) {
    super();
    const { alpha, inplace } = EXPONENTIAL.take(args, new.target.name);
    this.alpha = alpha;
    this.inplace = inplace;
  }

  override extraRepr(): string {
    return `alpha=${float(this.alpha)}${this.inplace ? ', inplace=True' : ''}`;
  }
}

/**
 * x if x > 0, else alpha (exp(x) - 1).
 *
 * Shape: any, unchanged.
 * @see torch.nn.ELU
 */
export class ELU extends Exponential {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ELU';

  override forward(input: Tensor): Tensor {
    return elu(input, this.alpha, this.inplace);
  }
}

/** Arguments of CELU, whose alpha is not 0. */
export type CELUOptions = ELUOptions;

/**
 * max(x, 0) + min(alpha (exp(x / alpha) - 1), 0).
 *
 * Shape: any, unchanged.
 * @see torch.nn.CELU
 */
export class CELU extends Exponential {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CELU';

  override forward(input: Tensor): Tensor {
    return celu(input, this.alpha, this.inplace);
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
  static override readonly name: string = 'Hardtanh';

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
  static override readonly name: string = 'Threshold';

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
  static override readonly name: string = 'Softplus';

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

const SHRINK = signature('Softshrink', [argument('lambd', REAL, 0.5)]);

/** Softshrink and Hardshrink but for their formula. */
abstract class Shrink extends Module {
  readonly lambd: number;

  constructor(...args: Arguments<[], [lambd?: number], SoftshrinkOptions>) {
    super();
    this.lambd = SHRINK.take(args, new.target.name).lambd;
  }

  override extraRepr(): string {
    return String(this.lambd);
  }
}

/**
 * x - lambd if x > lambd, x + lambd if x < -lambd, else 0.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softshrink
 */
export class Softshrink extends Shrink {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Softshrink';

  override forward(input: Tensor): Tensor {
    return softshrink(input, this.lambd);
  }
}

/** Arguments of Hardshrink, whose lambd may be below 0. */
export type HardshrinkOptions = SoftshrinkOptions;

/**
 * x if |x| > lambd, else 0.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardshrink
 */
export class Hardshrink extends Shrink {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Hardshrink';

  override forward(input: Tensor): Tensor {
    return hardshrink(input, this.lambd);
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
  static override readonly name: string = 'GELU';

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

/** Arguments of PReLU. */
export interface PReLUOptions extends FactoryOptions {
  /** Number of slopes: 1, or one per channel (dimension 1); 1 by default. */
  numParameters?: number;
  /** What the slopes start from; 0.25 by default. */
  init?: number;
}
const PRELU = signature('PReLU', [optional('numParameters', COUNT), optional('init', REAL), ...FACTORY]);

/**
 * x if x > 0, else weight x, with learned slopes.
 *
 * Shape: input [N, C, *] -> same; weight [numParameters].
 * @see torch.nn.PReLU
 */
export class PReLU extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'PReLU';

  readonly numParameters: number;
  readonly init: number;
  declare weight: Parameter;

  constructor(...args: Arguments<[], [numParameters?: number, init?: number, ...FactoryArguments], PReLUOptions>) {
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
