// Convolution over one, two and three dimensions. The three primitives (the convolution over images and its two gradients)
// are bilinear and each one's gradients are the other two, so derivatives of any order are kernels of the same three.
// A sequence is an image of height 1; a volume is many images with the taps of its depth as channels.
import { intercepting } from '../../base/intercept';
import type { ConvSizes } from '../../device/contract';
import { isFloat } from '../../base/dtype';
import { KindError, DTypeError, ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { defineOp } from '../../core/op';
import { formatShape, sameShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { contiguous } from '../shape/copy';
import { fromArray } from '../shape/creation';
import { indexSelect } from '../indexing/gather';
import { constantPad } from '../shape/cat';
import { permute, reshape, squeeze, unsqueeze } from '../shape/view';
import { add, mul } from '../pointwise/arithmetic';

/** Options of convolutions; `padding` also takes 'valid' (none) and 'same' (output as large as the input, stride 1 only). */
export interface ConvOptions<Size> {
  readonly stride?: number | Size;
  readonly padding?: number | Size | 'same' | 'valid';
  readonly dilation?: number | Size;
  readonly groups?: number;
}

/** Output length along one dimension: floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. */
const outputSize = (n: number, kernel: number, stride: number, padding: number, dilation: number): number =>
  Math.floor((n + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

/** [N, O, oH, oW] */
function outputShape(x: Shape, weight: Shape, { stride, padding, dilation }: ConvSizes): number[] {
  const spatial = [0, 1].map((i) => outputSize(x[2 + i], weight[2 + i], stride[i], padding[i], dilation[i]));
  return [x[0], weight[0], ...spatial];
}

/** The primitive: x [N, C, H, W], weight [O, C / groups, kH, kW], bias [O], all dense. */
export const convolve: (x: Tensor, weight: Tensor, bias: Tensor | null, sizes: ConvSizes) => Tensor = defineOp<
  [x: Tensor, weight: Tensor, bias: Tensor | null],
  ConvSizes
>({
  name: 'convolution',
  shape: ([x, weight], sizes) => ({ shape: outputShape(x.shape, weight.shape, sizes), dtype: x.dtype }),
  forward: (device, [x, weight, bias], out, sizes) => {
    device.run('conv2d', [x, weight, bias], [out], sizes);
  },
  saves: { inputs: [0, 1] },
  backward: (grad, { inputs: [x, weight], params }) => [
    () => convolveGradInput(contiguous(grad), weight, { ...params, shape: x.shape }),
    () => convolveGradWeight(contiguous(grad), x, { ...params, shape: weight.shape }),
    () => grad.sum([0, 2, 3]),
  ],
});

/** The sizes of the convolution, and the shape of the operand that the gradient is of. */
export interface GradientSizes extends ConvSizes {
  readonly shape: Shape;
}

/** The gradient of the input, which is a transposed convolution of `grad`. */
export const convolveGradInput: (grad: Tensor, weight: Tensor, sizes: GradientSizes) => Tensor = defineOp<
  [grad: Tensor, weight: Tensor],
  GradientSizes
>({
  name: 'convolutionGradInput',
  shape: ([grad], { shape }) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad, weight], out, sizes) => {
    device.run('conv2dGradInput', [grad, weight], [out], sizes);
  },
  backward: (outer, { inputs: [grad, weight], params }) => [
    () => convolve(contiguous(outer), weight, null, params),
    () => convolveGradWeight(grad, contiguous(outer), { ...params, shape: weight.shape }),
  ],
});

const convolveGradWeight: (grad: Tensor, x: Tensor, sizes: GradientSizes) => Tensor = defineOp<
  [grad: Tensor, x: Tensor],
  GradientSizes
>({
  name: 'convolutionGradWeight',
  shape: ([grad], { shape }) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad, x], out, sizes) => {
    device.run('conv2dGradWeight', [grad, x], [out], sizes);
  },
  backward: (outer, { inputs: [grad, x], params }) => [
    () => convolve(x, contiguous(outer), null, params),
    () => convolveGradInput(grad, contiguous(outer), { ...params, shape: x.shape }),
  ],
});

/** One number per spatial dimension, where one alone stands for all. @throws RangeError unless they are integers of at least `least` */
export function perDimension(op: string, name: string, value: number | Shape, ndim: number, least: number): Shape {
  const single = typeof value === 'number' ? value : value.length === 1 ? value[0] : null;
  const sizes = single === null ? (value as Shape) : new Array<number>(ndim).fill(single);
  if (sizes.length !== ndim || sizes.some((size) => !Number.isInteger(size) || size < least)) {
    throw new ValueError(
      op,
      `${name} must be an integer of at least ${least}${ndim > 1 ? ` or ${ndim} of them` : ''}, got ${typeof value === 'number' ? value : formatShape(value)}.`,
    );
  }
  return sizes;
}

/** @throws DTypeError unless all have one floating-point dtype */
export function checkDTypes(op: string, x: Tensor, weight: Tensor, bias: Tensor | null): void {
  const dtypes = [x, weight, ...(bias === null ? [] : [bias])].map((operand) => operand.dtype);
  if (isFloat(x.dtype) && dtypes.every((dtype) => dtype === x.dtype)) return;
  throw new DTypeError(
    op,
    `input, weight and bias must have one floating-point dtype, got ${dtypes.join(', ')}. Convert the input with .to('${weight.dtype}').`,
    { dtypes },
  );
}

/** @throws ShapeError unless the bias has one entry per output channel */
export function checkBias(op: string, bias: Tensor | null, channels: number): void {
  if (bias === null || sameShape(bias.shape, [channels])) return;
  throw new ShapeError(
    op,
    `bias must have the shape [${channels}] (one per output channel), got ${formatShape(bias.shape)}.`,
    { shape: bias.shape },
  );
}

/** Checks what a convolution is given; x is batched. */
function checkOperands(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, groups: number): void {
  checkDTypes(op, x, weight, bias);
  const shapes = [x.shape, weight.shape];
  if (!Number.isInteger(groups) || groups < 1 || weight.shape[0] % groups !== 0) {
    throw new ValueError(
      op,
      `groups must be a positive integer that divides the ${weight.shape[0]} output channels, got ${groups}.`,
    );
  }
  if (x.shape[1] !== weight.shape[1] * groups) {
    throw new ShapeError(
      op,
      `the input must have ${weight.shape[1] * groups} channels in dimension 1 for a weight of shape ${formatShape(weight.shape)}` +
        `${groups > 1 ? ` and ${groups} groups` : ''}, got ${formatShape(x.shape)} (${x.shape[1]}). Check inChannels.`,
      { shapes },
    );
  }
  if (weight.shape.some((size, d) => size === 0 && d !== 1)) {
    throw new ShapeError(
      op,
      `weight must have no dimension but that of channels of size 0, got ${formatShape(weight.shape)}.`,
      {
        shapes,
      },
    );
  }
  checkBias(op, bias, weight.shape[0]);
}

/** How many dimensions a convolution slides over. */
export type SpatialDims = 1 | 2 | 3;

/** Names of sizes in messages: 'H, W', or with a prefix 'kH, kW'. */
const sizeNames = (ndim: SpatialDims, prefix = ''): string =>
  (ndim === 1 ? ['L'] : ['D', 'H', 'W'].slice(-ndim)).map((name) => prefix + name).join(', ');

/** @throws ShapeError unless input and weight have the dimensions of a convolution; `rows` names those of the weight */
export function checkDims(op: string, ndim: SpatialDims, input: Tensor, weight: Tensor, rows: string): void {
  if ((input.ndim === ndim + 1 || input.ndim === ndim + 2) && weight.ndim === ndim + 2) return;
  throw new ShapeError(
    op,
    `expected input [N, C, ${sizeNames(ndim)}] or [C, ${sizeNames(ndim)}] and weight [${rows}, ${sizeNames(ndim, 'k')}], ` +
      `got ${formatShape(input.shape)} and ${formatShape(weight.shape)}.${input.ndim === ndim ? ' Add the channel with unsqueeze(0).' : ''}`,
    { shapes: [input.shape, weight.shape] },
  );
}

/** All convolutions: checks, padding by name, the missing batch, then the primitive. */
function convolution<Size extends Shape>(
  op: string,
  ndim: SpatialDims,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: ConvOptions<Size>,
): Tensor {
  checkDims(op, ndim, input, weight, 'O, C / groups');
  const isBatched = input.ndim === ndim + 2;
  let x = isBatched ? input : unsqueeze(input, 0);
  const groups = options.groups ?? 1;
  checkOperands(op, x, weight, bias, groups);
  const stride = perDimension(op, 'stride', options.stride ?? 1, ndim, 1);
  const dilation = perDimension(op, 'dilation', options.dilation ?? 1, ndim, 1);
  let padding: Shape;
  if (typeof options.padding !== 'string') padding = perDimension(op, 'padding', options.padding ?? 0, ndim, 0);
  else [x, padding] = namedPadding(op, options.padding, x, weight, stride, dilation);

  const kernel = weight.shape.slice(2);
  const out = kernel.map((size, i) => outputSize(x.shape[2 + i], size, stride[i], padding[i], dilation[i]));
  if (out.some((size) => size < 1)) {
    const padded = padding.map((size, i) => x.shape[2 + i] + 2 * size);
    const reach = kernel.map((size, i) => dilation[i] * (size - 1) + 1);
    throw new ShapeError(
      op,
      `the kernel must fit into the padded input, got an input of ${formatShape(input.shape)} (${padded.join(' x ')} with padding) ` +
        `and a kernel of ${reach.join(' x ')}. Use a smaller kernel or more padding.`,
      { shapes: [input.shape, weight.shape] },
    );
  }
  if (x.shape[1] === 0) {
    // PyTorch's result has no channels either, whatever the weight asks for; it still depends on all three.
    const none = mul(reshape(x, [x.shape[0], 0, ...out]), weight.sum());
    const result = bias === null ? none : add(none, bias.sum());
    return isBatched ? result : squeeze(result, 0);
  }
  const sizes = { stride: pair(stride), padding: pair(padding, 0), dilation: pair(dilation), groups };
  const full = overImages(x, weight, bias, sizes, { n: out[0], stride: stride[0], padding: padding[0], dilation: dilation[0] }); // prettier-ignore
  return isBatched ? full : squeeze(full, 0);
}

/** The depth of a volume's convolution: its length in the output, and the rest of its sizes. */
interface Depth {
  readonly n: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

/** Operands of one, two or three dimensions as those of the primitive. */
function overImages(x: Tensor, weight: Tensor, bias: Tensor | null, sizes: ConvSizes, depth: Depth): Tensor {
  const dense = bias === null ? null : contiguous(bias);
  if (x.ndim === 4) return convolve(contiguous(x), contiguous(weight), dense, sizes);
  if (x.ndim === 3) {
    return squeeze(convolve(contiguous(unsqueeze(x, 2)), contiguous(unsqueeze(weight, 2)), dense, sizes), 2);
  }
  const [out, taps] = [weight.shape[0], weight.shape[2]];
  return libraryCode(() => {
    const images = unrollDepth(x, taps, depth);
    const plane = reshape(contiguous(weight), [out, weight.shape[1] * taps, ...weight.shape.slice(3)]);
    const result = convolve(images, plane, dense, sizes);
    const [, , height, width] = result.shape;
    const volumes = reshape(result, [x.shape[0], depth.n, out, height, width]);
    return contiguous(permute(volumes, 0, 2, 1, 3, 4));
  });
}

/** [N, C, D, H, W] -> [N n, C taps, H, W]: for every place of the kernel in depth an image, its taps beside each other as channels. */
function unrollDepth(x: Tensor, taps: number, { n, stride, padding, dilation }: Depth): Tensor {
  const [batch, channels, , height, width] = x.shape;
  const padded = padding === 0 ? x : constantPad(x, [0, 0, 0, 0, padding, padding]);
  const planes = indexSelect(padded, 2, windowIndex(n, taps, stride, dilation, x));
  const places = reshape(planes, [batch, channels, n, taps, height, width]);
  return reshape(contiguous(permute(places, 0, 2, 1, 3, 4, 5)), [batch * n, channels * taps, height, width]);
}

/** Positions in the order of place, tap: what a window of `taps` sees at each of `n` places, on the device of `x`. */
export function windowIndex(n: number, taps: number, stride: number, dilation: number, { device }: Tensor): Tensor {
  const positions = Int32Array.from(
    { length: n * taps },
    (_, i) => Math.floor(i / taps) * stride + (i % taps) * dilation,
  );
  return fromArray(positions, [positions.length], { device });
}

/** Sizes of the last two dimensions; one dimension is the width of an image of height 1. */
export const pair = (sizes: Shape, height = 1): [number, number] =>
  sizes.length === 1 ? [height, sizes[0]] : [sizes[sizes.length - 2], sizes[sizes.length - 1]];

/** Padding by name. Where 'same' needs one more behind than before, the input is padded first, as PyTorch does. */
function namedPadding(
  op: string,
  name: string,
  x: Tensor,
  weight: Tensor,
  stride: Shape,
  dilation: Shape,
): [x: Tensor, padding: Shape] {
  if (name === 'valid') return [x, stride.map(() => 0)];
  if (name !== 'same') {
    throw new KindError(op, `padding must be numbers, 'same' or 'valid', got '${name}'.`);
  }
  if (stride.some((size) => size !== 1)) {
    throw new ValueError(op, `padding 'same' needs stride 1, got ${formatShape(stride)}. Give the padding in numbers.`);
  }
  const total = dilation.map((size, i) => size * (weight.shape[2 + i] - 1));
  const behind = total.map((size) => size % 2);
  if (behind.some((size) => size > 0)) {
    x = constantPad(
      x,
      [...behind].reverse().flatMap((size) => [0, size]),
    );
  }
  return [x, total.map((size) => Math.floor(size / 2))];
}

/**
 * Cross-correlation over the last dimension: out[n, o, l] = bias[o] + Σ weight[o, c, k] input[n, c, l stride + k dilation - padding].
 *
 * Shape: input [N, C, L] or [C, L], weight [O, C / groups, kL], bias [O] -> [N, O, oL] or [O, oL].
 * @throws ShapeError, DTypeError, RangeError
 * @see torch.nn.functional.conv1d
 */
export function conv1d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvOptions<readonly [number]> = {},
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('conv1d', conv1d, [input, weight, bias, options]);
  return convolution('conv1d', 1, input, weight, bias, options);
}

/**
 * Cross-correlation over the last two dimensions, as conv1d.
 *
 * Shape: input [N, C, H, W] or [C, H, W], weight [O, C / groups, kH, kW], bias [O] -> [N, O, oH, oW] or [O, oH, oW].
 * @throws ShapeError, DTypeError, RangeError
 * @see torch.nn.functional.conv2d
 */
export function conv2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvOptions<readonly [number, number]> = {},
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('conv2d', conv2d, [input, weight, bias, options]);
  return convolution('conv2d', 2, input, weight, bias, options);
}

/**
 * Cross-correlation over the last three dimensions, as conv1d.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W], weight [O, C / groups, kD, kH, kW], bias [O] -> [N, O, oD, oH, oW] or [O, oD, oH, oW].
 * @throws ShapeError, DTypeError, RangeError
 * @see torch.nn.functional.conv3d
 */
export function conv3d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvOptions<readonly [number, number, number]> = {},
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('conv3d', conv3d, [input, weight, bias, options]);
  return convolution('conv3d', 3, input, weight, bias, options);
}
