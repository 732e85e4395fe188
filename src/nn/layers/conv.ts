// Convolution layers. The transposed ones are in convTranspose.ts.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, SIZE, either, oneOf } from '../../base/kinds';
import { ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { empty } from '../../ops/shape/creation';
import { formatShape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, checkSize, type Arguments, type Size1d, type Size2d, type Size3d } from '../../base/arguments';
import { conv1d, conv2d, conv3d, pad, type PaddingMode } from '../functional';
import { kaimingUniform_ } from '../init';
import { initializeOnFirstCall, isUninitialized, UninitializedParameter } from '../module/lazy';
import { resetBias } from './linear';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';
import { literal } from '../module/representation';

/** What a convolution sees outside its input. */
export type ConvPaddingMode = 'zeros' | Exclude<PaddingMode, 'constant'>;
const PADDING_MODES: readonly string[] = ['zeros', 'reflect', 'replicate', 'circular'] satisfies ConvPaddingMode[];

/** Arguments of lazy convolutions; `Size` is a number or one per dimension. */
export interface LazyConvOptions<Size> extends FactoryOptions {
  outChannels: number;
  kernelSize: Size;
  /** 1 by default. */
  stride?: Size;
  /** Zeros on each side, 0 by default; 'same' keeps the size (with stride 1), 'valid' is 0. */
  padding?: Size | 'same' | 'valid';
  /** Distance between the taps of the kernel; 1 by default. */
  dilation?: Size;
  /** Groups of channels that do not see each other; 1 by default. */
  groups?: number;
  /** Whether to add a bias; true by default. */
  bias?: boolean;
  /** What lies outside the input; 'zeros' by default. */
  paddingMode?: ConvPaddingMode;
}

/** Arguments of convolutions. */
export interface ConvOptions<Size> extends LazyConvOptions<Size> {
  inChannels: number;
}
const LAZY_CONV = signature('LazyConv1d', [argument('outChannels', COUNT), argument('kernelSize', SIZE), optional('stride', SIZE), optional('padding', either(SIZE, oneOf('same', 'valid'))), optional('dilation', SIZE), optional('groups', COUNT), optional('bias', FLAG), optional('paddingMode', oneOf('zeros', 'reflect', 'replicate', 'circular')), ...FACTORY]); // prettier-ignore
const CONV = signature('Conv1d', [argument('inChannels', COUNT), ...LAZY_CONV.args]);

/** What a transposed convolution says about itself beside the options of every convolution. */
interface Transposed<Size> {
  readonly transposed: boolean;
  readonly outputPadding: number | Size;
}

/** What convolutions of all dimensions share, transposed ones too. */
export abstract class ConvBase<Size extends readonly number[]> extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  inChannels: number;
  outChannels: number;
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size | 'same' | 'valid';
  readonly dilation: Size;
  readonly groups: number;
  readonly paddingMode: ConvPaddingMode;
  readonly transposed: boolean;
  readonly outputPadding: Size;
  declare weight: Parameter;
  declare bias: Parameter | null;

  constructor(
    dimensions: Size['length'],
    options: ConvOptions<number | Size>,
    { transposed, outputPadding }: Transposed<Size> = { transposed: false, outputPadding: 0 },
  ) {
    super();
    const name = new.target.name;
    const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, dilation = 1 } = options;
    const { groups = 1, bias = true, paddingMode = 'zeros' } = options;
    checkInteger(name, 'inChannels', inChannels, 0);
    checkInteger(name, 'outChannels', outChannels, 0);
    checkInteger(name, 'groups', groups, 1);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = checkSize<Size>(name, 'kernelSize', kernelSize, dimensions, 1);
    this.stride = checkSize<Size>(name, 'stride', stride, dimensions, 1);
    this.padding = typeof padding === 'string' ? padding : checkSize<Size>(name, 'padding', padding, dimensions, 0);
    this.dilation = checkSize<Size>(name, 'dilation', dilation, dimensions, 1);
    this.groups = groups;
    this.paddingMode = paddingMode;
    this.transposed = transposed;
    this.outputPadding = checkSize<Size>(name, 'outputPadding', outputPadding, dimensions, 0);
    this.check();
    this.registerParameter('weight', new Parameter(empty(this.weightShape(), factory(options))));
    this.registerParameter('bias', bias ? new Parameter(empty([outChannels], factory(options))) : null);
    this.resetParameters();
  }

  private check(): void {
    const name = this.constructor.name;
    const { inChannels, outChannels, groups, padding, stride, paddingMode } = this;
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ValueError(
        name,
        `groups must divide the channels, got ${inChannels} in, ${outChannels} out and ${groups} groups.`,
      );
    }
    if (typeof padding === 'string' && padding !== 'same' && padding !== 'valid') {
      throw new ValueError(name, `padding must be a size, 'same' or 'valid', got '${String(padding)}'.`);
    }
    if (padding === 'same' && stride.some((s) => s !== 1)) {
      throw new ValueError(name, `padding 'same' needs stride 1, got ${literal(stride)}.`);
    }
    if (!PADDING_MODES.includes(paddingMode)) {
      throw new ValueError(
        name,
        `paddingMode must be one of ${PADDING_MODES.join(', ')}, got '${String(paddingMode)}'.`,
      );
    }
  }

  private weightShape(): number[] {
    const { inChannels, outChannels, groups } = this;
    const channels = this.transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    return [...channels, ...this.kernelSize];
  }

  /** Draws weight and bias anew. */
  resetParameters(): void {
    kaimingUniform_(this.weight, Math.sqrt(5));
    if (this.bias !== null) resetBias(this.weight, this.bias);
  }

  /** Takes away the parameters' shapes; the first call gives them back, and the class `eager`. */
  protected makeLazy(eager: { readonly prototype: Module }, options: LazyConvOptions<number | Size>): void {
    this.outChannels = options.outChannels;
    this.weight = new UninitializedParameter(factory(options));
    if (options.bias ?? true) this.bias = new UninitializedParameter(factory(options));
    initializeOnFirstCall(this, eager, (input) => {
      this.initializeParameters(input);
    });
  }

  private initializeParameters(input: Tensor): void {
    const spatial = this.kernelSize.length;
    if (input.ndim !== spatial + 1 && input.ndim !== spatial + 2)
      throw dimensionError(this.constructor.name, input, spatial);
    this.inChannels = input.size(-spatial - 1);
    this.check();
    if (!isUninitialized(this.weight)) return;
    this.weight.materialize(this.weightShape());
    if (isUninitialized(this.bias)) this.bias.materialize([this.outChannels]);
    this.resetParameters();
  }

  override extraRepr(): string {
    const { padding, dilation, groups, bias } = this;
    const parts = [
      `${this.inChannels}, ${this.outChannels}, kernel_size=${literal(this.kernelSize)}, stride=${literal(this.stride)}`,
    ];
    if (typeof padding === 'string') parts.push(`padding=${padding}`);
    else if (padding.some((p) => p !== 0)) parts.push(`padding=${literal(padding)}`);
    if (dilation.some((d) => d !== 1)) parts.push(`dilation=${literal(dilation)}`);
    if (this.outputPadding.some((p) => p !== 0)) parts.push(`output_padding=${literal(this.outputPadding)}`);
    if (groups !== 1) parts.push(`groups=${groups}`);
    if (bias === null) parts.push('bias=False');
    if (this.paddingMode !== 'zeros') parts.push(`padding_mode=${this.paddingMode}`);
    return parts.join(', ');
  }
}

/** Convolution over as many dimensions as `Size` has, with all options by name. */
type Convolution<Size> = (
  input: Tensor,
  weight: Tensor,
  options: { bias: Tensor | null; stride: Size; padding: Size | 'same' | 'valid' | 0; dilation: Size; groups: number },
) => Tensor;

/** Convolutions proper, which may pad with other than zeros. */
abstract class Conv<Size extends readonly number[]> extends ConvBase<Size> {
  /** What `conv` makes of the padded input. */
  protected convolve(conv: Convolution<Size>, input: Tensor): Tensor {
    const { weight, bias, stride, dilation, groups } = this;
    return libraryCode(() => {
      const { input: padded, padding } = this.padded(input);
      return conv(padded, weight, { bias, stride, padding, dilation, groups });
    });
  }

  /** The input, padded here if not with zeros, and the padding that is left to the convolution. */
  private padded(input: Tensor): { input: Tensor; padding: Size | 'same' | 'valid' | 0 } {
    const { padding, paddingMode: mode, kernelSize, dilation } = this;
    if (mode === 'zeros') return { input, padding };
    const around = kernelSize.map((size, i): [number, number] => {
      if (typeof padding !== 'string') return [padding[i], padding[i]];
      const total = padding === 'same' ? dilation[i] * (size - 1) : 0;
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
    return { input: pad(input, { pad: around.reverse().flat(), mode }), padding: 0 };
  }
}

function dimensionError(name: string, input: Tensor, spatial: number): ShapeError {
  const { shape } = input;
  return new ShapeError(
    name,
    `the input must have ${spatial + 1} or ${spatial + 2} dimensions, got shape ${formatShape(shape)}.`,
    { shape },
  );
}

/** The options of a convolution without elements, so that no random numbers are drawn before the shapes are known. */
export function withoutElements<O>(options: O): O & { inChannels: number; outChannels: number; bias: boolean } {
  return { ...options, inChannels: 0, outChannels: 0, bias: false };
}

/** The arguments behind the size of the kernel. */
type ConvRest<Size> = [
  stride?: Size,
  padding?: 'same' | 'valid' | Size,
  dilation?: Size,
  groups?: number,
  bias?: boolean,
  paddingMode?: ConvPaddingMode,
  ...FactoryArguments,
];

type ConvArgs<Size> = Arguments<
  [inChannels: number, outChannels: number, kernelSize: Size],
  ConvRest<Size>,
  ConvOptions<Size>,
  [inChannels: number, outChannels: number, options: Omit<ConvOptions<Size>, 'inChannels' | 'outChannels'>]
>;

/**
 * Slides kernels over a sequence: out(o, t) = b(o) + Σ_c Σ_k w(o, c, k) x(c, stride t + dilation k - padding).
 *
 * Shape: input [N, inChannels, L] or [inChannels, L] -> output [N, outChannels, L'] or [outChannels, L'] with
 * L' = floor((L + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1); weight [outChannels, inChannels / groups,
 * kernelSize]; bias [outChannels].
 * Initialisation: both U(-k, k) with k = 1/sqrt(inChannels / groups * kernelSize).
 * @throws ShapeError if the input has other channels or is smaller than the kernel.
 * @example const layer = new Conv1d(16, 33, 3, { stride: 2 }); layer(x)   // [20, 16, 50] -> [20, 33, 24]
 * @see torch.nn.Conv1d
 */
export class Conv1d extends Conv<readonly [number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Conv1d';

  constructor(...args: ConvArgs<Size1d>) {
    super(1, CONV.take<ConvOptions<Size1d>>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return this.convolve(conv1d, input);
  }
}

/**
 * Slides kernels over an image: out(o, i, j) = b(o) + Σ_c Σ_k Σ_l w(o, c, k, l) x(c, stride i + dilation k - padding, ...).
 *
 * Shape: input [N, inChannels, H, W] or [inChannels, H, W] -> output [N, outChannels, H', W'] or [outChannels, H', W'] with
 * H' = floor((H + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1), W' likewise; weight [outChannels,
 * inChannels / groups, kH, kW]; bias [outChannels].
 * Initialisation: both U(-k, k) with k = 1/sqrt(inChannels / groups * kH * kW).
 * @throws ShapeError if the input has other channels or is smaller than the kernel.
 * @example const layer = new Conv2d(1, 32, 3, { padding: 1 }); layer(x)   // [8, 1, 28, 28] -> [8, 32, 28, 28]
 * @see torch.nn.Conv2d
 */
export class Conv2d extends Conv<readonly [number, number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Conv2d';

  constructor(...args: ConvArgs<Size2d>) {
    super(2, CONV.take<ConvOptions<Size2d>>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return this.convolve(conv2d, input);
  }
}

/**
 * Slides kernels over a volume: out(o, i, j, k) = b(o) + Σ_c Σ_l Σ_m Σ_n w(o, c, l, m, n) x(c, stride i + dilation l - padding, ...).
 *
 * Shape: input [N, inChannels, D, H, W] or [inChannels, D, H, W] -> output [N, outChannels, D', H', W'] or
 * [outChannels, D', H', W'] with D' = floor((D + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1), H' and W' likewise;
 * weight [outChannels, inChannels / groups, kD, kH, kW]; bias [outChannels].
 * Initialisation: both U(-k, k) with k = 1/sqrt(inChannels / groups * kD * kH * kW).
 * @throws ShapeError if the input has other channels or is smaller than the kernel.
 * @example const layer = new Conv3d(16, 33, 3, { stride: 2 }); layer(x)   // [20, 16, 10, 50, 100] -> [20, 33, 4, 24, 49]
 * @see torch.nn.Conv3d
 */
export class Conv3d extends Conv<readonly [number, number, number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Conv3d';

  constructor(...args: ConvArgs<Size3d>) {
    super(3, CONV.take<ConvOptions<Size3d>>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return this.convolve(conv3d, input);
  }
}

type LazyConvArgs<Size> = Arguments<
  [outChannels: number, kernelSize: Size],
  ConvRest<Size>,
  LazyConvOptions<Size>,
  [outChannels: number, options: Omit<LazyConvOptions<Size>, 'outChannels'>]
>;

/** A Conv1d that takes inChannels from its first input and is a Conv1d from then on. @see torch.nn.LazyConv1d */
export class LazyConv1d extends Conv1d {
  static override readonly name: string = 'LazyConv1d';

  constructor(...args: LazyConvArgs<Size1d>) {
    const options = LAZY_CONV.take<LazyConvOptions<Size1d>>(args, new.target.name);
    super(withoutElements(options));
    this.makeLazy(Conv1d, options);
  }
}

/** A Conv2d that takes inChannels from its first input and is a Conv2d from then on. @see torch.nn.LazyConv2d */
export class LazyConv2d extends Conv2d {
  static override readonly name: string = 'LazyConv2d';

  constructor(...args: LazyConvArgs<Size2d>) {
    const options = LAZY_CONV.take<LazyConvOptions<Size2d>>(args, new.target.name);
    super(withoutElements(options));
    this.makeLazy(Conv2d, options);
  }
}

/** A Conv3d that takes inChannels from its first input and is a Conv3d from then on. @see torch.nn.LazyConv3d */
export class LazyConv3d extends Conv3d {
  static override readonly name: string = 'LazyConv3d';

  constructor(...args: LazyConvArgs<Size3d>) {
    const options = LAZY_CONV.take<LazyConvOptions<Size3d>>(args, new.target.name);
    super(withoutElements(options));
    this.makeLazy(Conv3d, options);
  }
}
