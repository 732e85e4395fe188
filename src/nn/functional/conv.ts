// Convolutions with PyTorch's arguments: sizes by position or by name.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { COUNT, SIZE, either, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import * as conv from '../../ops/spatial/conv';
import * as transposed from '../../ops/spatial/convTranspose';
import type { Tensor } from '../../core/tensor';
import type { Arguments, Size1d, Size2d, Size3d } from '../../base/arguments';

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
const CONV = [
  optional('bias', nullable(TENSOR)),
  optional('stride', SIZE),
  optional('padding', either(SIZE, oneOf('same', 'valid'))),
  optional('dilation', SIZE),
  optional('groups', COUNT),
] as const;
const CONV_1D = signature('conv1d', [argument('input', TENSOR), argument('weight', TENSOR), ...CONV]);
const CONV_2D = signature('conv2d', [argument('input', TENSOR), argument('weight', TENSOR), ...CONV]);
const CONV_3D = signature('conv3d', [argument('input', TENSOR), argument('weight', TENSOR), ...CONV]);

type ConvArgs<Size> = Arguments<
  [],
  [bias?: Tensor | null, stride?: Size, padding?: 'same' | 'valid' | Size, dilation?: Size, groups?: number],
  ConvArguments<Size>
>;

/**
 * Convolution of a sequence.
 *
 * Shape: input [N, C, L] or [C, L], weight [O, C / groups, kL], bias [O] -> [N, O, oL] or [O, oL].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv1d
 */
export function conv1d(input: Tensor, weight: Tensor, ...args: ConvArgs<Size1d>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('conv1d', conv1d, [input, weight, ...args]);
  const { bias = null, ...sizes } = CONV_1D.takeRest<ConvArguments<Size1d>>([input, weight], args);
  return conv.conv1d(input, weight, bias, sizes);
}

/**
 * Convolution of an image.
 *
 * Shape: input [N, C, H, W] or [C, H, W], weight [O, C / groups, kH, kW], bias [O] -> [N, O, oH, oW] or [O, oH, oW].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv2d
 */
export function conv2d(input: Tensor, weight: Tensor, ...args: ConvArgs<Size2d>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('conv2d', conv2d, [input, weight, ...args]);
  const { bias = null, ...sizes } = CONV_2D.takeRest<ConvArguments<Size2d>>([input, weight], args);
  return conv.conv2d(input, weight, bias, sizes);
}

/**
 * Convolution of a volume.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W], weight [O, C / groups, kD, kH, kW], bias [O] -> [N, O, oD, oH, oW] or [O, oD, oH, oW].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv3d
 */
export function conv3d(input: Tensor, weight: Tensor, ...args: ConvArgs<Size3d>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('conv3d', conv3d, [input, weight, ...args]);
  const { bias = null, ...sizes } = CONV_3D.takeRest<ConvArguments<Size3d>>([input, weight], args);
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
const CONV_TRANSPOSE = [
  optional('bias', nullable(TENSOR)),
  optional('stride', SIZE),
  optional('padding', SIZE),
  optional('outputPadding', SIZE),
  optional('groups', COUNT),
  optional('dilation', SIZE),
] as const;
const CONV_TRANSPOSE_1D = signature('convTranspose1d', [
  argument('input', TENSOR),
  argument('weight', TENSOR),
  ...CONV_TRANSPOSE,
]);
const CONV_TRANSPOSE_2D = signature('convTranspose2d', [
  argument('input', TENSOR),
  argument('weight', TENSOR),
  ...CONV_TRANSPOSE,
]);
const CONV_TRANSPOSE_3D = signature('convTranspose3d', [
  argument('input', TENSOR),
  argument('weight', TENSOR),
  ...CONV_TRANSPOSE,
]);
type ConvTransposeArgs<Size> = Arguments<
  [],
  [bias?: Tensor | null, stride?: Size, padding?: Size, outputPadding?: Size, groups?: number, dilation?: Size],
  ConvTransposeArguments<Size>
>;

/**
 * Transposed convolution of a sequence: what conv1d with this weight does to the gradient of its input.
 *
 * Shape: input [N, C, L] or [C, L], weight [C, O / groups, kL], bias [O] -> [N, O, oL] or [O, oL] with
 * oL = (L - 1) stride - 2 padding + dilation (kL - 1) + outputPadding + 1.
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.conv_transpose1d
 */
export function convTranspose1d(input: Tensor, weight: Tensor, ...args: ConvTransposeArgs<Size1d>): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('convTranspose1d', convTranspose1d, [input, weight, ...args]);
  const { bias = null, ...sizes } = CONV_TRANSPOSE_1D.takeRest<ConvTransposeArguments<Size1d>>([input, weight], args);
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
  if (intercepting.current !== null)
    return intercepting.current.call('convTranspose2d', convTranspose2d, [input, weight, ...args]);
  const { bias = null, ...sizes } = CONV_TRANSPOSE_2D.takeRest<ConvTransposeArguments<Size2d>>([input, weight], args);
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
  if (intercepting.current !== null)
    return intercepting.current.call('convTranspose3d', convTranspose3d, [input, weight, ...args]);
  const { bias = null, ...sizes } = CONV_TRANSPOSE_3D.takeRest<ConvTransposeArguments<Size3d>>([input, weight], args);
  return transposed.convTranspose3d(input, weight, bias, sizes);
}
