// Convolution over one and two dimensions. The three primitives (the convolution and its two gradients) are bilinear
// and each one's gradients are the other two, so derivatives of any order are kernels of the same three.
import type { ConvSizes } from '../device/contract';
import { isFloat } from '../dtype';
import { DTypeError, ShapeError } from '../errors';
import { defineOp } from '../op';
import { formatShape, sameShape, type Shape } from '../shape';
import type { Tensor } from '../tensor';
import { contiguous } from './copy';
import { constantPad } from './join';
import { squeeze, unsqueeze } from './movement';

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

const convolve: (x: Tensor, weight: Tensor, bias: Tensor | null, sizes: ConvSizes) => Tensor = defineOp<
  [x: Tensor, weight: Tensor, bias: Tensor | null],
  ConvSizes
>({
  name: 'convolution',
  shape: ([x, weight], sizes) => ({ shape: outputShape(x.shape, weight.shape, sizes), dtype: x.dtype }),
  forward: (device, [x, weight, bias], out, sizes) => {
    device.conv2d(x, weight, bias, out, sizes);
  },
  saves: { inputs: [0, 1] },
  backward: (grad, { inputs: [x, weight], params }) => [
    () => convolveGradInput(contiguous(grad), weight, { ...params, shape: x.shape }),
    () => convolveGradWeight(contiguous(grad), x, { ...params, shape: weight.shape }),
    () => grad.sum([0, 2, 3]),
  ],
});

/** The sizes of the convolution, and the shape of the operand that the gradient is of. */
interface GradientSizes extends ConvSizes {
  readonly shape: Shape;
}

const convolveGradInput: (grad: Tensor, weight: Tensor, sizes: GradientSizes) => Tensor = defineOp<
  [grad: Tensor, weight: Tensor],
  GradientSizes
>({
  name: 'convolutionGradInput',
  shape: ([grad], { shape }) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad, weight], out, sizes) => {
    device.conv2dGradInput(grad, weight, out, sizes);
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
    device.conv2dGradWeight(grad, x, out, sizes);
  },
  backward: (outer, { inputs: [grad, x], params }) => [
    () => convolve(x, contiguous(outer), null, params),
    () => convolveGradInput(grad, contiguous(outer), { ...params, shape: x.shape }),
  ],
});

/** One number per spatial dimension. @throws RangeError unless they are integers of at least `least` */
function perDimension(op: string, name: string, value: number | Shape, ndim: number, least: number): Shape {
  const sizes = typeof value === 'number' ? new Array<number>(ndim).fill(value) : value;
  if (sizes.length !== ndim || sizes.some((size) => !Number.isInteger(size) || size < least)) {
    throw new RangeError(
      `${op}: ${name} must be an integer of at least ${least}${ndim > 1 ? ` or ${ndim} of them` : ''}, got ${typeof value === 'number' ? value : formatShape(value)}.`,
    );
  }
  return sizes;
}

/** Checks what a convolution over `ndim` dimensions is given; x is batched. */
function checkOperands(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, groups: number): void {
  const given = [x, weight, ...(bias === null ? [] : [bias])];
  const shapes = given.map((operand) => operand.shape);
  if (!isFloat(x.dtype) || given.some((operand) => operand.dtype !== x.dtype)) {
    const dtypes = given.map((operand) => operand.dtype);
    throw new DTypeError(
      `${op}: input, weight and bias must have one floating-point dtype, got ${dtypes.join(', ')}. Convert the input with .to('${weight.dtype}').`,
      { dtypes },
    );
  }
  if (!Number.isInteger(groups) || groups < 1 || weight.shape[0] % groups !== 0) {
    throw new RangeError(
      `${op}: groups must be a positive integer that divides the ${weight.shape[0]} output channels, got ${groups}.`,
    );
  }
  if (x.shape[1] !== weight.shape[1] * groups) {
    throw new ShapeError(
      `${op}: the input must have ${weight.shape[1] * groups} channels in dimension 1 for a weight of shape ${formatShape(weight.shape)}` +
        `${groups > 1 ? ` and ${groups} groups` : ''}, got ${formatShape(x.shape)} (${x.shape[1]}). Check inChannels.`,
      { shapes },
    );
  }
  if (weight.shape.some((size) => size === 0)) {
    throw new ShapeError(`${op}: weight must have no dimension of size 0, got ${formatShape(weight.shape)}.`, {
      shapes,
    });
  }
  if (bias !== null && !sameShape(bias.shape, [weight.shape[0]])) {
    throw new ShapeError(
      `${op}: bias must have the shape [${weight.shape[0]}] (one per output channel), got ${formatShape(bias.shape)}.`,
      { shapes },
    );
  }
}

/** Both convolutions: checks, padding by name, the missing batch and height, then the primitive. */
function convolution<Size extends Shape>(
  op: string,
  ndim: 1 | 2,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: ConvOptions<Size>,
): Tensor {
  if ((input.ndim !== ndim + 1 && input.ndim !== ndim + 2) || weight.ndim !== ndim + 2) {
    const spatial = ndim === 1 ? 'L' : 'H, W';
    const kernel = ndim === 1 ? 'kL' : 'kH, kW';
    throw new ShapeError(
      `${op}: expected input [N, C, ${spatial}] or [C, ${spatial}] and weight [O, C / groups, ${kernel}], ` +
        `got ${formatShape(input.shape)} and ${formatShape(weight.shape)}.${input.ndim === ndim ? ' Add the channel with unsqueeze(0).' : ''}`,
      { shapes: [input.shape, weight.shape] },
    );
  }
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
      `${op}: the kernel must fit into the padded input, got an input of ${formatShape(input.shape)} (${padded.join(' x ')} with padding) ` +
        `and a kernel of ${reach.join(' x ')}. Use a smaller kernel or more padding.`,
      { shapes: [input.shape, weight.shape] },
    );
  }
  const sizes = { stride: pair(stride), padding: pair(padding, 0), dilation: pair(dilation), groups };
  const flat = ndim === 1;
  const image = contiguous(flat ? unsqueeze(x, 2) : x);
  const result = convolve(
    image,
    contiguous(flat ? unsqueeze(weight, 2) : weight),
    bias === null ? null : contiguous(bias),
    sizes,
  );
  const full = flat ? squeeze(result, 2) : result;
  return isBatched ? full : squeeze(full, 0);
}

/** Sizes of two dimensions; one dimension is the width of an image of height 1. */
const pair = (sizes: Shape, height = 1): [number, number] =>
  sizes.length === 1 ? [height, sizes[0]] : [sizes[0], sizes[1]];

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
    throw new TypeError(`${op}: padding must be numbers, 'same' or 'valid', got '${name}'.`);
  }
  if (stride.some((size) => size !== 1)) {
    throw new RangeError(
      `${op}: padding 'same' needs stride 1, got ${formatShape(stride)}. Give the padding in numbers.`,
    );
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
  return convolution('conv2d', 2, input, weight, bias, options);
}
