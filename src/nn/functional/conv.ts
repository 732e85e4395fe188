// Convolutions with PyTorch's arguments: sizes by position or by name.
import * as conv from '../../ops/spatial/conv';
import * as transposed from '../../ops/spatial/convTranspose';
import type { Tensor } from '../../core/tensor';
import { gather, type Arguments, type Size1d, type Size2d, type Size3d } from '../../base/arguments';

/** Arguments of convolutions beside input and weight. */
export interface ConvArguments<Size> {
  /** Added per output channel. */
  bias?: Tensor | null;
  /** 1 by default. */
  stride?: Size;
  /** Zeros on each side, 0 by default; 'same' keeps the size (with stride 1), 'valid' is 0. */
  padding?: Size | 'same' | 'valid';
  /** Distance between the taps of the kernel; 1 by default. */
  dilation?: Size;
  /** Groups of channels that do not see each other; 1 by default. */
  groups?: number;
}
const CONV = ['bias', 'stride', 'padding', 'dilation', 'groups'] as const;

/**
 * Convolution of a sequence.
 *
 * Shape: input [N, C, L] or [C, L], weight [O, C / groups, kL], bias [O] -> [N, O, oL] or [O, oL].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv1d
 */
export function conv1d(input: Tensor, weight: Tensor, ...args: Arguments<ConvArguments<Size1d>, typeof CONV>): Tensor {
  const { bias = null, ...sizes } = gather<ConvArguments<Size1d>>('conv1d', CONV, args);
  return conv.conv1d(input, weight, bias, sizes);
}

/**
 * Convolution of an image.
 *
 * Shape: input [N, C, H, W] or [C, H, W], weight [O, C / groups, kH, kW], bias [O] -> [N, O, oH, oW] or [O, oH, oW].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv2d
 */
export function conv2d(input: Tensor, weight: Tensor, ...args: Arguments<ConvArguments<Size2d>, typeof CONV>): Tensor {
  const { bias = null, ...sizes } = gather<ConvArguments<Size2d>>('conv2d', CONV, args);
  return conv.conv2d(input, weight, bias, sizes);
}

/**
 * Convolution of a volume.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W], weight [O, C / groups, kD, kH, kW], bias [O] -> [N, O, oD, oH, oW] or [O, oD, oH, oW].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv3d
 */
export function conv3d(input: Tensor, weight: Tensor, ...args: Arguments<ConvArguments<Size3d>, typeof CONV>): Tensor {
  const { bias = null, ...sizes } = gather<ConvArguments<Size3d>>('conv3d', CONV, args);
  return conv.conv3d(input, weight, bias, sizes);
}

/** Arguments of transposed convolutions beside input and weight. */
export interface ConvTransposeArguments<Size> {
  /** Added per output channel. */
  bias?: Tensor | null;
  /** 1 by default. */
  stride?: Size;
  /** Cut off each side of the result; 0 by default. */
  padding?: Size;
  /** Added to one side of the result, less than stride or dilation; 0 by default. */
  outputPadding?: Size;
  /** Groups of channels that do not see each other; 1 by default. */
  groups?: number;
  /** Distance between the taps of the kernel; 1 by default. */
  dilation?: Size;
}
const CONV_TRANSPOSE = ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'] as const;
type ConvTransposeArgs<Size> = Arguments<ConvTransposeArguments<Size>, typeof CONV_TRANSPOSE>;

/**
 * Transposed convolution of a sequence: what conv1d with this weight does to the gradient of its input.
 *
 * Shape: input [N, C, L] or [C, L], weight [C, O / groups, kL], bias [O] -> [N, O, oL] or [O, oL] with
 * oL = (L - 1) stride - 2 padding + dilation (kL - 1) + outputPadding + 1.
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv_transpose1d
 */
export function convTranspose1d(input: Tensor, weight: Tensor, ...args: ConvTransposeArgs<Size1d>): Tensor {
  const { bias = null, ...sizes } = gather<ConvTransposeArguments<Size1d>>('convTranspose1d', CONV_TRANSPOSE, args);
  return transposed.convTranspose1d(input, weight, bias, sizes);
}

/**
 * Transposed convolution of an image, as convTranspose1d.
 *
 * Shape: input [N, C, H, W] or [C, H, W], weight [C, O / groups, kH, kW], bias [O] -> [N, O, oH, oW] or [O, oH, oW].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv_transpose2d
 */
export function convTranspose2d(input: Tensor, weight: Tensor, ...args: ConvTransposeArgs<Size2d>): Tensor {
  const { bias = null, ...sizes } = gather<ConvTransposeArguments<Size2d>>('convTranspose2d', CONV_TRANSPOSE, args);
  return transposed.convTranspose2d(input, weight, bias, sizes);
}

/**
 * Transposed convolution of a volume, as convTranspose1d.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W], weight [C, O / groups, kD, kH, kW], bias [O] -> [N, O, oD, oH, oW] or [O, oD, oH, oW].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv_transpose3d
 */
export function convTranspose3d(input: Tensor, weight: Tensor, ...args: ConvTransposeArgs<Size3d>): Tensor {
  const { bias = null, ...sizes } = gather<ConvTransposeArguments<Size3d>>('convTranspose3d', CONV_TRANSPOSE, args);
  return transposed.convTranspose3d(input, weight, bias, sizes);
}
