// Transposed convolution over one, two and three dimensions: the gradient of a convolution's input, as an operation.
import { intercepting } from '../../base/intercept';
import { ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { formatShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import {
  checkBias,
  checkDims,
  checkDTypes,
  convolveGradInput,
  windowIndex,
  pair,
  perDimension,
  type GradientSizes,
  type SpatialDims,
} from './conv';
import { contiguous } from '../shape/copy';
import { addAlong } from '../indexing/gather';
import { constantPad } from '../shape/cat';
import { permute, reshape, squeeze, unsqueeze } from '../shape/view';
import { add } from '../pointwise/arithmetic';

/** Options of transposed convolutions. */
export interface ConvTransposeOptions<Size> {
  /** 1 by default. */
  readonly stride?: number | Size;
  /** Cut off each side of the result; 0 by default. */
  readonly padding?: number | Size;
  /** Added to one side of the result, less than stride or dilation; 0 by default. */
  readonly outputPadding?: number | Size;
  readonly groups?: number;
  readonly dilation?: number | Size;
}

/** One entry per spatial dimension. */
interface TransposedSizes {
  readonly stride: Shape;
  readonly padding: Shape;
  readonly dilation: Shape;
  /** Spatial sizes of the result. */
  readonly output: Shape;
  readonly groups: number;
}

function convTranspose<Size extends Shape>(
  op: string,
  ndim: SpatialDims,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: ConvTransposeOptions<Size>,
): Tensor {
  checkDims(op, ndim, input, weight, 'C, O / groups');
  const isBatched = input.ndim === ndim + 2;
  const x = isBatched ? input : unsqueeze(input, 0);
  const groups = options.groups ?? 1;
  checkDTypes(op, x, weight, bias);
  if (!Number.isInteger(groups) || groups < 1 || weight.shape[0] < groups || weight.shape[0] % groups !== 0) {
    throw new ValueError(
      op,
      `groups must be a positive integer that divides the ${weight.shape[0]} input channels, got ${groups}.`,
    );
  }
  if (x.shape[1] !== weight.shape[0]) {
    throw new ShapeError(
      op,
      `the input must have ${weight.shape[0]} channels for a weight of shape ${formatShape(weight.shape)}, got ${formatShape(input.shape)} (${x.shape[1]}). Check inChannels.`,
      { shapes: [input.shape, weight.shape] },
    );
  }
  checkBias(op, bias, weight.shape[1] * groups);
  const stride = perDimension(op, 'stride', options.stride ?? 1, ndim, 1);
  const padding = perDimension(op, 'padding', options.padding ?? 0, ndim, 0);
  const dilation = perDimension(op, 'dilation', options.dilation ?? 1, ndim, 1);
  const extra = perDimension(op, 'outputPadding', options.outputPadding ?? 0, ndim, 0);
  if (extra.some((size, i) => size >= stride[i] && size >= dilation[i])) {
    throw new ValueError(
      op,
      `outputPadding must be smaller than stride or dilation, got ${formatShape(extra)} with stride ${formatShape(stride)} and dilation ${formatShape(dilation)}.`,
    );
  }
  const kernel = weight.shape.slice(2);
  const output = kernel.map(
    (size, i) => (x.shape[2 + i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (size - 1) + extra[i] + 1,
  );
  // Of no inputs the result may be empty in more ways, as in PyTorch.
  const least = x.shape[0] === 0 ? 0 : 1;
  if (output.some((size) => size < least) || kernel.includes(0)) {
    throw new ShapeError(
      op,
      `the result would be empty, got input ${formatShape(input.shape)}, weight ${formatShape(weight.shape)} and padding ${formatShape(padding)} for an output of ${formatShape(output)}.`,
      { shapes: [input.shape, weight.shape] },
    );
  }
  return libraryCode(() => {
    const result = spread(x, weight, { stride, padding, dilation, output, groups });
    const biased = bias === null ? result : add(result, reshape(bias, [-1, ...kernel.map(() => 1)]));
    return isBatched ? biased : squeeze(biased, 0);
  });
}

/** The transposed convolution of checked operands. */
function spread(x: Tensor, weight: Tensor, sizes: TransposedSizes): Tensor {
  const { stride, padding, dilation, output, groups } = sizes;
  const wider = output.some((size, i) => extraOf(size, x.shape[2 + i], weight.shape[2 + i], sizes, i) >= stride[i]);
  if (wider || x.ndim === 5) return cropped(x, weight, sizes);
  const gradient = (height: number[], channels: number): GradientSizes => ({
    stride: pair(stride),
    padding: pair(padding, 0),
    dilation: pair(dilation),
    groups,
    shape: [x.shape[0], channels * groups, ...height, ...output],
  });
  const channels = weight.shape[1];
  if (x.ndim === 4) return convolveGradInput(contiguous(x), contiguous(weight), gradient([], channels));
  const [image, kernel] = [contiguous(unsqueeze(x, 2)), contiguous(unsqueeze(weight, 2))];
  return squeeze(convolveGradInput(image, kernel, gradient([1], channels)), 2);
}

/** How much of an output size is outputPadding. */
const extraOf = (size: number, n: number, kernel: number, { stride, padding, dilation }: TransposedSizes, i: number) =>
  size - ((n - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel - 1) + 1);

/** Computed whole, then cut to the padding: where outputPadding is a stride or more, and in depth. */
function cropped(x: Tensor, weight: Tensor, sizes: TransposedSizes): Tensor {
  const { stride, padding, dilation, output } = sizes;
  const kernel = weight.shape.slice(2);
  const whole = kernel.map((size, i) => (x.shape[2 + i] - 1) * stride[i] + dilation[i] * (size - 1) + 1);
  const plain = { ...sizes, padding: padding.map(() => 0), output: whole };
  const result = x.ndim === 5 ? spreadVolume(x, weight, sizes, whole[0]) : spread(x, weight, plain);
  const cuts = output.map((size, i): [number, number] => {
    // Height and width of a volume have been cut already.
    if (x.ndim === 5 && i > 0) return [0, 0];
    return [-padding[i], size + padding[i] - whole[i]];
  });
  return cuts.flat().some((cut) => cut !== 0) ? constantPad(result, cuts.reverse().flat()) : result;
}

/** A volume's planes are spread as images with the taps of depth as channels, then added up at their depths. */
function spreadVolume(x: Tensor, weight: Tensor, sizes: TransposedSizes, depth: number): Tensor {
  const [batch, channels, n, ...image] = x.shape;
  const [, rows, taps, ...kernel] = weight.shape;
  const out = rows * sizes.groups;
  const images = reshape(contiguous(permute(x, 0, 2, 1, 3, 4)), [batch * n, channels, ...image]);
  const plane = reshape(contiguous(weight), [channels, rows * taps, ...kernel]);
  const planar = {
    stride: sizes.stride.slice(1),
    padding: sizes.padding.slice(1),
    dilation: sizes.dilation.slice(1),
    output: sizes.output.slice(1),
    groups: sizes.groups,
  };
  const spreadImages = reshape(spread(images, plane, planar), [batch, n, out, taps, ...planar.output]);
  const planes = reshape(contiguous(permute(spreadImages, 0, 2, 1, 3, 4, 5)), [batch, out, n * taps, ...planar.output]);
  return addAlong(planes, 2, windowIndex(n, taps, sizes.stride[0], sizes.dilation[0], x), depth);
}

/**
 * Transposed convolution over the last dimension: what conv1d with this weight does to its input's gradient.
 *
 * Shape: input [N, C, L] or [C, L], weight [C, O / groups, kL], bias [O] -> [N, O, oL] or [O, oL] with
 * oL = (L - 1) stride - 2 padding + dilation (kL - 1) + outputPadding + 1.
 * @throws ShapeError, DTypeError, RangeError
 * @see torch.nn.functional.conv_transpose1d
 */
export function convTranspose1d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTransposeOptions<readonly [number]> = {},
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('convTranspose1d', convTranspose1d, [input, weight, bias, options]);
  return convTranspose('convTranspose1d', 1, input, weight, bias, options);
}

/**
 * Transposed convolution over the last two dimensions, as convTranspose1d.
 *
 * Shape: input [N, C, H, W] or [C, H, W], weight [C, O / groups, kH, kW], bias [O] -> [N, O, oH, oW] or [O, oH, oW].
 * @throws ShapeError, DTypeError, RangeError
 * @see torch.nn.functional.conv_transpose2d
 */
export function convTranspose2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTransposeOptions<readonly [number, number]> = {},
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('convTranspose2d', convTranspose2d, [input, weight, bias, options]);
  return convTranspose('convTranspose2d', 2, input, weight, bias, options);
}

/**
 * Transposed convolution over the last three dimensions, as convTranspose1d.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W], weight [C, O / groups, kD, kH, kW], bias [O] -> [N, O, oD, oH, oW] or [O, oD, oH, oW].
 * @throws ShapeError, DTypeError, RangeError
 * @see torch.nn.functional.conv_transpose3d
 */
export function convTranspose3d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTransposeOptions<readonly [number, number, number]> = {},
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('convTranspose3d', convTranspose3d, [input, weight, bias, options]);
  return convTranspose('convTranspose3d', 3, input, weight, bias, options);
}
