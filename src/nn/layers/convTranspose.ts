// Transposed convolution layers: those of conv.ts with input and output exchanged.
import { argument, optional, signature } from '../../base/signature';
import { COUNT, FLAG, SIZE, nullable, oneOf } from '../../base/kinds';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { checkSize, type Arguments, type Size1d, type Size2d, type Size3d } from '../../base/arguments';
import { ConvBase, withoutElements, type LazyConvOptions } from './conv';
import { convTranspose1d, convTranspose2d, convTranspose3d } from '../functional';
import { ValueError } from '../../base/errors';
import { FACTORY, type FactoryArguments } from '../module/module';

/** Arguments of lazy transposed convolutions; `Size` is a number or one per dimension. */
export interface LazyConvTransposeOptions<Size> extends Omit<LazyConvOptions<Size>, 'padding' | 'paddingMode'> {
  /** Cut off each side of the result; 0 by default. */
  padding?: Size;
  /** Added to one side of the result, less than stride or dilation; 0 by default. */
  outputPadding?: Size;
  /** Only 'zeros'. */
  paddingMode?: 'zeros';
}

/** Arguments of transposed convolutions. */
export interface ConvTransposeOptions<Size> extends LazyConvTransposeOptions<Size> {
  inChannels: number;
}
const LAZY_CONV_TRANSPOSE = signature('LazyConvTranspose1d', [argument('outChannels', COUNT), argument('kernelSize', SIZE), optional('stride', SIZE), optional('padding', SIZE), optional('outputPadding', SIZE), optional('groups', COUNT), optional('bias', FLAG), optional('dilation', SIZE), optional('paddingMode', oneOf('zeros')), ...FACTORY]); // prettier-ignore
const CONV_TRANSPOSE = signature('ConvTranspose1d', [argument('inChannels', COUNT), ...LAZY_CONV_TRANSPOSE.args]);

/** Arguments of forward beside the input. */
export interface ConvTransposeForward {
  /** Sizes of the result, the spatial ones or all, instead of what outputPadding gives. */
  outputSize?: readonly number[] | null;
}
const FORWARD = signature('ConvTranspose', [optional('outputSize', nullable(SIZE))]);
type ForwardArguments = Arguments<[], [outputSize?: readonly number[] | null], ConvTransposeForward>;

/** Transposed convolution over as many dimensions as `Size` has, with all options by name. */
type TransposedConvolution<Size> = (
  input: Tensor,
  weight: Tensor,
  options: { bias: Tensor | null; stride: Size; padding: Size; outputPadding: Size; groups: number; dilation: Size },
) => Tensor;

/** What transposed convolutions of all dimensions share. */
abstract class ConvTranspose<Size extends readonly number[]> extends ConvBase<Size> {
  declare readonly padding: Size;

  constructor(dimensions: Size['length'], options: ConvTransposeOptions<number | Size>) {
    const { outputPadding = 0, ...rest } = options;
    const { name } = new.target;
    if ((rest.paddingMode ?? 'zeros') !== 'zeros') {
      throw new ValueError(name, `paddingMode must be 'zeros', got '${String(rest.paddingMode)}'.`);
    }
    checkSize<Size>(name, 'padding', rest.padding ?? 0, dimensions, 0);
    super(dimensions, rest, { transposed: true, outputPadding });
  }

  /** What `conv` makes of the input, of the size that `args` may ask for. */
  protected spread(conv: TransposedConvolution<Size>, input: Tensor, args: ForwardArguments): Tensor {
    const { weight, bias, stride, padding, groups, dilation } = this;
    const outputPadding = this.outputPaddingFor(input, args);
    return conv(input, weight, { bias, stride, padding, outputPadding, groups, dilation });
  }

  /** The outputPadding that gives the size asked for, if one is. @throws RangeError if none does */
  private outputPaddingFor(input: Tensor, args: ForwardArguments): Size {
    const { name } = this.constructor;
    const { outputSize = null } = FORWARD.take<ConvTransposeForward>(args, name);
    if (outputSize === null) return this.outputPadding;
    const { kernelSize, stride, padding, dilation } = this;
    const dimensions = kernelSize.length;
    if (outputSize.length !== dimensions && outputSize.length !== input.ndim) {
      throw new ValueError(
        name,
        `outputSize must have ${dimensions} or ${input.ndim} entries, got ${formatShape(outputSize)}.`,
      );
    }
    const wanted = outputSize.slice(-dimensions);
    const least = kernelSize.map(
      (size, i) => (input.size(i - dimensions) - 1) * stride[i] - 2 * padding[i] + dilation[i] * (size - 1) + 1,
    );
    const extra = wanted.map((size, i) => size - least[i]);
    if (extra.some((size, i) => size < 0 || size >= stride[i])) {
      const most = least.map((size, i) => size + stride[i] - 1);
      throw new ValueError(
        name,
        `outputSize must be from ${formatShape(least)} to ${formatShape(most)} for an input of ${formatShape(input.shape)}, got ${formatShape(wanted)}.`,
      );
    }
    return checkSize<Size>(name, 'outputPadding', extra as readonly number[] as Size, dimensions, 0);
  }
}

/** The arguments behind the size of the kernel. */
type ConvTransposeRest<Size> = [
  stride?: Size,
  padding?: Size,
  outputPadding?: Size,
  groups?: number,
  bias?: boolean,
  dilation?: Size,
  paddingMode?: 'zeros',
  ...FactoryArguments,
];

type ConvTransposeArgs<Size> = Arguments<
  [inChannels: number, outChannels: number, kernelSize: Size],
  ConvTransposeRest<Size>,
  ConvTransposeOptions<Size>,
  [inChannels: number, outChannels: number, options: Omit<ConvTransposeOptions<Size>, 'inChannels' | 'outChannels'>]
>;

/**
 * Spreads a sequence by kernels: what Conv1d with this weight does to the gradient of its input.
 *
 * Shape: input [N, inChannels, L] or [inChannels, L] -> output
 * [N, outChannels, L'] or [outChannels, L'] with
 * L' = (L - 1) stride - 2 padding + dilation (kernelSize - 1) + outputPadding + 1;
 * weight [inChannels, outChannels / groups, kernelSize]; bias [outChannels].
 * Initialisation: both U(-k, k) with k = 1/sqrt(outChannels / groups * kernelSize).
 * @throws ShapeError if the input has other channels.
 * @example const layer = new ConvTranspose1d(16, 33, 3, 2); layer(x)   // [20, 16, 50] -> [20, 33, 101]
 * @see torch.nn.ConvTranspose1d
 */
export class ConvTranspose1d extends ConvTranspose<readonly [number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ConvTranspose1d';

  constructor(...args: ConvTransposeArgs<Size1d>) {
    super(1, CONV_TRANSPOSE.take<ConvTransposeOptions<Size1d>>(args, new.target.name));
  }

  override forward(input: Tensor, ...args: ForwardArguments): Tensor {
    return this.spread(convTranspose1d, input, args);
  }
}

/**
 * Spreads an image by kernels: what Conv2d with this weight does to the gradient of its input.
 *
 * Shape: input [N, inChannels, H, W] or [inChannels, H, W] -> output
 * [N, outChannels, H', W'] or [outChannels, H', W'] with
 * H' = (H - 1) stride - 2 padding + dilation (kernelSize - 1) + outputPadding + 1, W' likewise;
 * weight [inChannels, outChannels / groups, kH, kW]; bias [outChannels].
 * Initialisation: both U(-k, k) with k = 1/sqrt(outChannels / groups * kH * kW).
 * @throws ShapeError if the input has other channels.
 * @example const layer = new ConvTranspose2d(16, 8, 4, { stride: 2, padding: 1 }); layer(x)   // [1, 16, 14, 14] -> [1, 8, 28, 28]
 * @see torch.nn.ConvTranspose2d
 */
export class ConvTranspose2d extends ConvTranspose<readonly [number, number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ConvTranspose2d';

  constructor(...args: ConvTransposeArgs<Size2d>) {
    super(2, CONV_TRANSPOSE.take<ConvTransposeOptions<Size2d>>(args, new.target.name));
  }

  override forward(input: Tensor, ...args: ForwardArguments): Tensor {
    return this.spread(convTranspose2d, input, args);
  }
}

/**
 * Spreads a volume by kernels: what Conv3d with this weight does to the gradient of its input.
 *
 * Shape: input [N, inChannels, D, H, W] or [inChannels, D, H, W] -> output
 * [N, outChannels, D', H', W'] or [outChannels, D', H', W'] with
 * D' = (D - 1) stride - 2 padding + dilation (kernelSize - 1) + outputPadding + 1, H' and W' likewise;
 * weight [inChannels, outChannels / groups, kD, kH, kW]; bias [outChannels].
 * Initialisation: both U(-k, k) with k = 1/sqrt(outChannels / groups * kD * kH * kW).
 * @throws ShapeError if the input has other channels.
 * @example const layer = new ConvTranspose3d(16, 33, 3, 2); layer(x)   // [20, 16, 10, 50, 100] -> [20, 33, 21, 101, 201]
 * @see torch.nn.ConvTranspose3d
 */
export class ConvTranspose3d extends ConvTranspose<readonly [number, number, number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ConvTranspose3d';

  constructor(...args: ConvTransposeArgs<Size3d>) {
    super(3, CONV_TRANSPOSE.take<ConvTransposeOptions<Size3d>>(args, new.target.name));
  }

  override forward(input: Tensor, ...args: ForwardArguments): Tensor {
    return this.spread(convTranspose3d, input, args);
  }
}

type LazyConvTransposeArgs<Size> = Arguments<
  [outChannels: number, kernelSize: Size],
  ConvTransposeRest<Size>,
  LazyConvTransposeOptions<Size>,
  [outChannels: number, options: Omit<LazyConvTransposeOptions<Size>, 'outChannels'>]
>;

/**
 * A ConvTranspose1d that takes inChannels from its first input and is a ConvTranspose1d from then on.
 * @see torch.nn.LazyConvTranspose1d
 */
export class LazyConvTranspose1d extends ConvTranspose1d {
  static override readonly name: string = 'LazyConvTranspose1d';

  constructor(...args: LazyConvTransposeArgs<Size1d>) {
    const options = LAZY_CONV_TRANSPOSE.take<LazyConvTransposeOptions<Size1d>>(args, new.target.name);
    super(withoutElements(options));
    this.makeLazy(ConvTranspose1d, options);
  }
}

/**
 * A ConvTranspose2d that takes inChannels from its first input and is a ConvTranspose2d from then on.
 * @see torch.nn.LazyConvTranspose2d
 */
export class LazyConvTranspose2d extends ConvTranspose2d {
  static override readonly name: string = 'LazyConvTranspose2d';

  constructor(...args: LazyConvTransposeArgs<Size2d>) {
    const options = LAZY_CONV_TRANSPOSE.take<LazyConvTransposeOptions<Size2d>>(args, new.target.name);
    super(withoutElements(options));
    this.makeLazy(ConvTranspose2d, options);
  }
}

/**
 * A ConvTranspose3d that takes inChannels from its first input and is a ConvTranspose3d from then on.
 * @see torch.nn.LazyConvTranspose3d
 */
export class LazyConvTranspose3d extends ConvTranspose3d {
  static override readonly name: string = 'LazyConvTranspose3d';

  constructor(...args: LazyConvTransposeArgs<Size3d>) {
    const options = LAZY_CONV_TRANSPOSE.take<LazyConvTransposeOptions<Size3d>>(args, new.target.name);
    super(withoutElements(options));
    this.makeLazy(ConvTranspose3d, options);
  }
}
