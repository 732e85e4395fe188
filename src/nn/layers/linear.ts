// Affine layers.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG } from '../../base/kinds';
import { empty } from '../../ops/shape/creation';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { bilinear, linear } from '../functional';
import { calculateFanInAndFanOut, kaimingUniform_, uniform_ } from '../init';
import { initializeOnFirstCall, isUninitialized, UninitializedParameter } from '../module/lazy';
import { FACTORY, type FactoryArguments, type FactoryOptions, Module, RESET_PARAMETERS } from '../module/module';
import { literal } from '../module/representation';

/** Arguments of LazyLinear. */
export interface LazyLinearOptions extends FactoryOptions {
  outFeatures: number;
  /** Whether to add b; true by default. */
  bias?: boolean;
}

/** Arguments of Linear. */
export interface LinearOptions extends LazyLinearOptions {
  inFeatures: number;
}
const LAZY_LINEAR = signature('LazyLinear', [argument('outFeatures', COUNT), optional('bias', FLAG), ...FACTORY]);
const LINEAR = signature('Linear', [argument('inFeatures', COUNT), ...LAZY_LINEAR.args]);

/**
 * Applies y = x Wᵀ + b to the last dimension.
 *
 * Shape: input [*, inFeatures] -> output [*, outFeatures]; weight [outFeatures, inFeatures]; bias [outFeatures].
 * Initialisation: both U(-k, k) with k = 1/sqrt(inFeatures).
 * @throws ShapeError if the last dimension of the input is not inFeatures.
 * @example const layer = new Linear(20, 30); layer(x)   // [128, 20] -> [128, 30]
 * @see torch.nn.Linear
 */
export class Linear extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Linear';

  inFeatures: number;
  outFeatures: number;
  declare weight: Parameter;
  declare bias: Parameter | null;

  constructor(
    ...args: Arguments<
      [inFeatures: number, outFeatures: number],
      [bias?: boolean, ...FactoryArguments],
      LinearOptions,
      [inFeatures: number, options: Omit<LinearOptions, 'inFeatures'>]
    >
  ) {
    super();
    const { inFeatures, outFeatures, bias = true, ...options } = LINEAR.take<LinearOptions>(args, new.target.name);
    checkInteger(new.target.name, 'inFeatures', inFeatures, 0);
    checkInteger(new.target.name, 'outFeatures', outFeatures, 0);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.registerParameter('weight', new Parameter(empty([outFeatures, inFeatures], options)));
    this.registerParameter('bias', bias ? new Parameter(empty([outFeatures], options)) : null);
    this.resetParameters();
  }

  /** Draws weight and bias anew. */
  resetParameters(): void {
    kaimingUniform_(this.weight, Math.sqrt(5));
    if (this.bias !== null) resetBias(this.weight, this.bias);
  }

  override forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${literal(this.bias !== null)}`;
  }
}

/** U(-k, k) with k = 1/sqrt(fan in of the weight). */
export function resetBias(weight: Tensor, bias: Tensor): void {
  const [fanIn] = calculateFanInAndFanOut(weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  uniform_(bias, -bound, bound);
}

/** Arguments of Bilinear. */
export interface BilinearOptions extends FactoryOptions {
  in1Features: number;
  in2Features: number;
  outFeatures: number;
  /** Whether to add b; true by default. */
  bias?: boolean;
}
const BILINEAR = signature('Bilinear', [
  argument('in1Features', COUNT),
  argument('in2Features', COUNT),
  argument('outFeatures', COUNT),
  optional('bias', FLAG),
  ...FACTORY,
]);

/**
 * y_k = x1ᵀ W_k x2 + b_k on the last dimensions of two inputs.
 *
 * Shape: input1 [*, in1Features] and input2 [*, in2Features] -> [*, outFeatures]; weight [outFeatures, in1Features,
 * in2Features]; bias [outFeatures]. Initialisation: both U(-k, k) with k = 1/sqrt(in1Features).
 * @throws ShapeError if the inputs do not fit.
 * @see torch.nn.Bilinear
 */
export class Bilinear extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Bilinear';

  readonly in1Features: number;
  readonly in2Features: number;
  readonly outFeatures: number;
  declare weight: Parameter;
  declare bias: Parameter | null;

  constructor(
    ...args: Arguments<
      [in1Features: number, in2Features: number, outFeatures: number],
      [bias?: boolean, ...FactoryArguments],
      BilinearOptions,
      [in1Features: number, in2Features: number, options: Omit<BilinearOptions, 'in1Features' | 'in2Features'>]
    >
  ) {
    super();
    const { in1Features, in2Features, outFeatures, bias = true, ...options } = BILINEAR.take<BilinearOptions>(args, new.target.name); // prettier-ignore
    checkInteger(new.target.name, 'in1Features', in1Features, 1);
    checkInteger(new.target.name, 'in2Features', in2Features, 0);
    checkInteger(new.target.name, 'outFeatures', outFeatures, 0);
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    this.registerParameter('weight', new Parameter(empty([outFeatures, in1Features, in2Features], options)));
    this.registerParameter('bias', bias ? new Parameter(empty([outFeatures], options)) : null);
    this.resetParameters();
  }

  /** Draws weight and bias anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features);
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  override forward(input1: Tensor, input2: Tensor): Tensor {
    return bilinear(input1, input2, this.weight, this.bias);
  }

  override extraRepr(): string {
    const { in1Features, in2Features, outFeatures, bias } = this;
    const sizes = `in1_features=${in1Features}, in2_features=${in2Features}, out_features=${outFeatures}`;
    return `${sizes}, bias=${literal(bias !== null)}`;
  }
}

/**
 * A Linear whose inFeatures is the last dimension of its first input; it is a Linear from then on.
 *
 * Shape: as Linear.
 * @see torch.nn.LazyLinear
 */
export class LazyLinear extends Linear {
  static override readonly name: string = 'LazyLinear';

  constructor(...args: Arguments<[outFeatures: number], [bias?: boolean, ...FactoryArguments], LazyLinearOptions>) {
    const { outFeatures, bias = true, ...options } = LAZY_LINEAR.take<LazyLinearOptions>(args, new.target.name);
    checkInteger(new.target.name, 'outFeatures', outFeatures, 0);
    // Without elements, so that no random numbers are drawn before the shapes are known.
    super(0, 0, false, options);
    this.outFeatures = outFeatures;
    this.weight = new UninitializedParameter(options);
    if (bias) this.bias = new UninitializedParameter(options);
    initializeOnFirstCall(this, Linear, (input) => {
      this.initializeParameters(input);
    });
  }

  private initializeParameters(input: Tensor): void {
    this.inFeatures = input.size(-1);
    if (!isUninitialized(this.weight)) return;
    this.weight.materialize([this.outFeatures, this.inFeatures]);
    if (isUninitialized(this.bias)) this.bias.materialize([this.outFeatures]);
    this.resetParameters();
  }
}
