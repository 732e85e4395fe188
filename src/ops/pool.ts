// Pooling over one and two dimensions. Images are seen as planes [N * C, H, W]; a sequence is an image of height 1.
import type { AvgPoolSizes, PoolSizes } from '../device/contract';
import { isFloat } from '../dtype';
import { DTypeError, ShapeError } from '../errors';
import { applyAll, defineOp, type OpRecord } from '../op';
import { formatShape, numelOf, type Shape } from '../shape';
import type { Tensor } from '../tensor';
import { contiguous, to } from './copy';
import { reshape, squeeze, unsqueeze } from './movement';
import { gather } from './index';

/** Options of pooling. */
export interface PoolOptions<Size> {
  /** Default: the size of the window. */
  readonly stride?: number | Size | null;
  /** At each end; at most half the window. */
  readonly padding?: number | Size;
  /** Whether a last window may start inside the input and end outside. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolOptions<Size> extends PoolOptions<Size> {
  readonly dilation?: number | Size;
}

export interface AvgPoolOptions<Size> extends PoolOptions<Size> {
  /** Whether padding counts in the size of the window. Default true. */
  readonly countIncludePad?: boolean;
  /** Divides by this instead of the size of the window. */
  readonly divisorOverride?: number | null;
}

type Pair = readonly [number, number];

/** Sizes of the windows and of the output. */
interface Windows {
  readonly sizes: PoolSizes;
  readonly output: Pair;
}

/** Output length along one dimension, by PyTorch's rule: with ceilMode a last window must start inside input or left padding. */
function outputSize(
  n: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceilMode: boolean,
): number {
  const span = n + 2 * padding - dilation * (kernel - 1) - 1;
  const size = (ceilMode ? Math.ceil(span / stride) : Math.floor(span / stride)) + 1;
  return ceilMode && (size - 1) * stride >= n + padding ? size - 1 : size;
}

/** A size per dimension. @throws RangeError for what is no pair of whole numbers of at least `least` */
function pairOf(op: string, what: string, value: number | readonly number[], least: number): Pair {
  const pair = typeof value === 'number' ? [value, value] : value;
  if (pair.length !== 2 || !pair.every((size) => Number.isInteger(size) && size >= least)) {
    throw new RangeError(
      `${op}: ${what} must be whole numbers >= ${least}, one or one per dimension, got ${String(value)}.`,
    );
  }
  return [pair[0], pair[1]];
}

/** @throws ShapeError, DTypeError unless x is [*, H, W] of floats with one or two leading dimensions */
function checkImage(op: string, x: Tensor, spatial: number): void {
  if (x.ndim !== spatial + 1 && x.ndim !== spatial + 2) {
    const expected = spatial === 1 ? '[C, L] or [N, C, L]' : '[C, H, W] or [N, C, H, W]';
    throw new ShapeError(`${op}: input must be ${expected}, got ${formatShape(x.shape)}.`, { shape: x.shape });
  }
  if (!isFloat(x.dtype)) {
    throw new DTypeError(`${op}: input must be of a floating-point dtype, got ${x.dtype}. Convert it with .float().`);
  }
}

/** Sizes of windows and of the output, checked. */
function windowsOf(
  op: string,
  [height, width]: Shape,
  kernelSize: number | Pair,
  options: MaxPoolOptions<Pair>,
): Windows {
  const kernel = pairOf(op, 'kernelSize', kernelSize, 1);
  const stride = pairOf(op, 'stride', options.stride ?? kernel, 1);
  const padding = pairOf(op, 'padding', options.padding ?? 0, 0);
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1);
  if (padding.some((pad, i) => pad * 2 > kernel[i])) {
    throw new RangeError(
      `${op}: padding must be at most half of kernelSize, got ${padding.join(', ')} and ${kernel.join(', ')}.`,
    );
  }
  const output = ([height, width] as const).map((n, i) =>
    outputSize(n, kernel[i], stride[i], padding[i], dilation[i], options.ceilMode ?? false),
  );
  if (output.some((size) => size < 1)) {
    throw new ShapeError(
      `${op}: the output would be empty, got input of ${height} x ${width} and a window of ${kernel.join(' x ')}. Use a smaller kernelSize or padding.`,
      { input: [height, width], kernel },
    );
  }
  return { sizes: { kernel, stride, padding, dilation }, output: [output[0], output[1]] };
}

/** [.., H, W] as [planes, H, W]. */
const planesOf = (x: Tensor): Tensor => reshape(contiguous(x), [numelOf(x.shape.slice(0, -2)), ...x.shape.slice(-2)]);

/** [planes, oH, oW] with the leading dimensions of x. */
const likeInput = (out: Tensor, x: Tensor): Tensor => reshape(out, [...x.shape.slice(0, -2), ...out.shape.slice(-2)]);

const MAX: OpRecord<readonly [x: Tensor], Windows> = {
  name: 'maxPool2d',
  shape: ([x], { output }) => {
    const shape = [x.shape[0], ...output];
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'int32' },
    ];
  },
  forward: (device, [x], [out, indices], { sizes }) => {
    device.maxPool2d(x, out, indices, sizes);
  },
  saves: { outputs: [1] },
  backward: ([grad], { outputs: [, indices], shapes }) => [
    () => (grad === null ? null : maxBackward(contiguous(grad), indices, shapes[0])),
  ],
};

/** Zeros of `shape`, with each gradient added where its maximum was. */
const maxBackward: (grad: Tensor, indices: Tensor, shape: Shape) => Tensor = defineOp<
  [grad: Tensor, indices: Tensor],
  Shape
>({
  name: 'maxPool2dBackward',
  shape: ([grad], shape) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad, indices], out) => {
    device.maxPool2dBackward(grad, indices, out);
  },
  saves: { inputs: [1] },
  backward: (grad, { inputs: [, indices], params: [planes, height, width] }) => [
    () => {
      const flat = [planes, indices.shape[1] * indices.shape[2]];
      return reshape(gather(reshape(grad, [planes, height * width]), 1, reshape(indices, flat)), indices.shape);
    },
    null,
  ],
});

/**
 * The greatest of each window, and where it was within the plane [H, W] (int64). The first of equals; NaN wins.
 * Shape: [N, C, H, W] or [C, H, W] -> the same with H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * @throws ShapeError, RangeError
 * @see torch.nn.functional.max_pool2d
 */
export function maxPool2dWithIndices(
  x: Tensor,
  kernelSize: number | Pair,
  options: MaxPoolOptions<Pair> = {},
): [output: Tensor, indices: Tensor] {
  checkImage('maxPool2d', x, 2);
  const windows = windowsOf('maxPool2d', x.shape.slice(-2), kernelSize, options);
  const [out, indices] = applyAll(MAX, [planesOf(x)], windows);
  return [likeInput(out, x), likeInput(to(indices, 'int64'), x)];
}

/** The output of maxPool2dWithIndices alone. @see torch.nn.functional.max_pool2d */
export function maxPool2d(x: Tensor, kernelSize: number | Pair, options: MaxPoolOptions<Pair> = {}): Tensor {
  checkImage('maxPool2d', x, 2);
  return likeInput(applyAll(MAX, [planesOf(x)], windowsOf('maxPool2d', x.shape.slice(-2), kernelSize, options))[0], x);
}

type Single = readonly [number];

/** A sequence as an image of height 1. */
const asImage = (x: Tensor): Tensor => unsqueeze(x, -2);

/** Options for a sequence as those for an image of height 1, where `flat` is what the first dimension gets. */
function imageOption(value: number | Single, flat: number): Pair {
  return [flat, typeof value === 'number' ? value : value[0]];
}

function imageOptions(
  kernelSize: number | Single,
  options: MaxPoolOptions<Single>,
): [kernel: Pair, options: MaxPoolOptions<Pair>] {
  const { stride, padding = 0, dilation = 1, ceilMode = false } = options;
  return [
    imageOption(kernelSize, 1),
    {
      stride: imageOption(stride ?? kernelSize, 1),
      padding: imageOption(padding, 0),
      dilation: imageOption(dilation, 1),
      ceilMode,
    },
  ];
}

/** maxPool2dWithIndices along one dimension. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.max_pool1d */
export function maxPool1dWithIndices(
  x: Tensor,
  kernelSize: number | Single,
  options: MaxPoolOptions<Single> = {},
): [output: Tensor, indices: Tensor] {
  checkImage('maxPool1d', x, 1);
  const [out, indices] = maxPool2dWithIndices(asImage(x), ...imageOptions(kernelSize, options));
  return [squeeze(out, -2), squeeze(indices, -2)];
}

/** maxPool2d along one dimension. @see torch.nn.functional.max_pool1d */
export function maxPool1d(x: Tensor, kernelSize: number | Single, options: MaxPoolOptions<Single> = {}): Tensor {
  checkImage('maxPool1d', x, 1);
  return squeeze(maxPool2d(asImage(x), ...imageOptions(kernelSize, options)), -2);
}

interface AverageWindows {
  readonly sizes: AvgPoolSizes;
  readonly output: Pair;
}

const average: (x: Tensor, windows: AverageWindows) => Tensor = defineOp<[x: Tensor], AverageWindows>({
  name: 'avgPool2d',
  shape: ([x], { output }) => ({ shape: [x.shape[0], ...output], dtype: x.dtype }),
  forward: (device, [x], out, { sizes }) => {
    device.avgPool2d(x, out, sizes);
  },
  saves: {},
  backward: (grad, { shapes, params }) => [() => averageBackward(contiguous(grad), { ...params, shape: shapes[0] })],
});

/** The gradient of `average`, which is linear: its own gradient is `average`. */
const averageBackward: (grad: Tensor, params: AverageWindows & { shape: Shape }) => Tensor = defineOp<
  [grad: Tensor],
  AverageWindows & { shape: Shape }
>({
  name: 'avgPool2dBackward',
  shape: ([grad], { shape }) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad], out, { sizes }) => {
    device.avgPool2dBackward(grad, out, sizes);
  },
  saves: {},
  backward: (grad, { params }) => [() => average(contiguous(grad), params)],
});

/**
 * The mean of each window. Shape: [N, C, H, W] or [C, H, W] -> the same with H' = floor((H + 2 padding - kernel) / stride) + 1.
 * @throws ShapeError, RangeError
 * @see torch.nn.functional.avg_pool2d
 */
export function avgPool2d(x: Tensor, kernelSize: number | Pair, options: AvgPoolOptions<Pair> = {}): Tensor {
  checkImage('avgPool2d', x, 2);
  const { countIncludePad = true, divisorOverride = null, ...rest } = options;
  if (divisorOverride === 0) throw new RangeError('avgPool2d: divisorOverride must not be 0.');
  const { sizes, output } = windowsOf('avgPool2d', x.shape.slice(-2), kernelSize, rest);
  return likeInput(
    average(planesOf(x), { sizes: { ...sizes, countIncludePad, divisor: divisorOverride ?? 0 }, output }),
    x,
  );
}

/** avgPool2d along one dimension. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.avg_pool1d */
export function avgPool1d(x: Tensor, kernelSize: number | Single, options: AvgPoolOptions<Single> = {}): Tensor {
  checkImage('avgPool1d', x, 1);
  const { countIncludePad = true, ...rest } = options;
  const [kernel, image] = imageOptions(kernelSize, rest);
  return squeeze(avgPool2d(asImage(x), kernel, { ...image, countIncludePad }), -2);
}

const adaptiveAverage: (x: Tensor, output: Pair) => Tensor = defineOp<[x: Tensor], Pair>({
  name: 'adaptiveAvgPool2d',
  shape: ([x], output) => ({ shape: [x.shape[0], ...output], dtype: x.dtype }),
  forward: (device, [x], out) => {
    device.adaptiveAvgPool2d(x, out);
  },
  saves: {},
  backward: (grad, { shapes }) => [() => adaptiveAverageBackward(contiguous(grad), shapes[0])],
});

const adaptiveAverageBackward: (grad: Tensor, shape: Shape) => Tensor = defineOp<[grad: Tensor], Shape>({
  name: 'adaptiveAvgPool2dBackward',
  shape: ([grad], shape) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad], out) => {
    device.adaptiveAvgPool2dBackward(grad, out);
  },
  saves: {},
  backward: (grad, { shapes }) => [() => adaptiveAverage(contiguous(grad), [shapes[0][1], shapes[0][2]])],
});

/**
 * Means of windows chosen so that the output has the size asked for; null keeps the size of the input.
 * Window i of n over H covers floor(i H / n) to ceil((i + 1) H / n).
 * @see torch.nn.functional.adaptive_avg_pool2d
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: number | readonly [number | null, number | null]): Tensor {
  checkImage('adaptiveAvgPool2d', x, 2);
  const wanted = typeof outputSize === 'number' ? [outputSize, outputSize] : outputSize;
  const output = pairOf(
    'adaptiveAvgPool2d',
    'outputSize',
    wanted.map((size, i) => size ?? x.shape[x.ndim - 2 + i]),
    0,
  );
  return likeInput(adaptiveAverage(planesOf(x), output), x);
}

/** adaptiveAvgPool2d along one dimension. @see torch.nn.functional.adaptive_avg_pool1d */
export function adaptiveAvgPool1d(x: Tensor, outputSize: number | Single): Tensor {
  checkImage('adaptiveAvgPool1d', x, 1);
  return squeeze(adaptiveAvgPool2d(asImage(x), imageOption(outputSize, 1)), -2);
}
