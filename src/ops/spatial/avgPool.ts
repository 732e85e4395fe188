// Average pooling over one, two and three dimensions. The kernels pool images: a sequence is an image of height 1; a
// volume is pooled plane by plane, then along its depth, since the mean over a box is a mean of means.
import type { AvgPoolSizes } from '../../device/contract';
import { ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { defineOp } from '../../core/op';
import { formatShape, numelOf, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { SpatialDims } from './conv';
import { contiguous } from '../shape/copy';
import { reshape } from '../shape/view';
import {
  adaptiveSize,
  checkPoolInput,
  overDepth,
  overImage,
  planesOf,
  windowsOf,
  withSpatial,
  type AdaptiveSize,
  type PoolOptions,
} from './poolWindows';

/** Options of average pooling. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts in the size of the window. Default true. */
  readonly countIncludePad?: boolean;
  /** Divides by this instead of the size of the window. */
  readonly divisorOverride?: number | null;
}

interface AverageWindows {
  readonly sizes: AvgPoolSizes;
  readonly output: readonly [number, number];
}

const average: (x: Tensor, windows: AverageWindows) => Tensor = defineOp<[x: Tensor], AverageWindows>({
  name: 'avgPool2d',
  shape: ([x], { output }) => ({ shape: [x.shape[0], ...output], dtype: x.dtype }),
  forward: (device, [x], out, { sizes }) => {
    device.run('avgPool2d', [x], [out], sizes);
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
    device.run('avgPool2dBackward', [grad], [out], sizes);
  },
  saves: {},
  backward: (grad, { params }) => [() => average(contiguous(grad), params)],
});

/**
 * The mean of each window.
 * Shape: [N, C, *] or [C, *] -> the same with n' = floor((n + 2 padding - kernel) / stride) + 1.
 * @throws ShapeError, RangeError
 * @see torch.nn.functional.avg_pool2d
 */
export function avgPool(
  dims: SpatialDims,
  x: Tensor,
  kernelSize: number | Shape,
  { countIncludePad = true, divisorOverride = null, ...options }: AvgPoolOptions = {},
): Tensor {
  const op = `avgPool${dims}d`;
  checkPoolInput(op, x, dims);
  if (divisorOverride === 0) throw new ValueError(op, 'divisorOverride must not be 0.');
  const windows = windowsOf(op, x.shape.slice(-dims), kernelSize, options);
  if (dims === 3 && windows.kernel.some((size, i) => size > x.shape[x.ndim - 3 + i])) {
    // PyTorch's rule for volumes alone.
    throw new ShapeError(
      op,
      `the window must not be larger than the input, got ${formatShape(windows.kernel)} and ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  const divisor = divisorOverride ?? 0;
  const image = overImage(windows);
  return libraryCode(() => {
    const sizes = { ...image.sizes, countIncludePad, divisor };
    const means = average(planesOf(x, dims), { sizes, output: image.output });
    if (dims < 3) return reshape(means, withSpatial(x, windows.output));
    const width = means.shape[1] * means.shape[2];
    const rows = reshape(means, [numelOf(x.shape.slice(0, -3)), x.shape[x.ndim - 3], width]);
    const depth = overDepth(windows, width);
    // What is divided by has been divided by already.
    const ofDepth = { ...depth.sizes, countIncludePad, divisor: divisorOverride === null ? 0 : 1 };
    return reshape(average(rows, { sizes: ofDepth, output: depth.output }), withSpatial(x, windows.output));
  });
}

const adaptiveAverage: (x: Tensor, output: Shape) => Tensor = defineOp<[x: Tensor], Shape>({
  name: 'adaptiveAvgPool2d',
  shape: ([x], output) => ({ shape: [x.shape[0], ...output], dtype: x.dtype }),
  forward: (device, [x], out) => {
    device.run('adaptiveAvgPool2d', [x], [out], null);
  },
  saves: {},
  backward: (grad, { shapes }) => [() => adaptiveAverageBackward(contiguous(grad), shapes[0])],
});

const adaptiveAverageBackward: (grad: Tensor, shape: Shape) => Tensor = defineOp<[grad: Tensor], Shape>({
  name: 'adaptiveAvgPool2dBackward',
  shape: ([grad], shape) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad], out) => {
    device.run('adaptiveAvgPool2dBackward', [grad], [out], null);
  },
  saves: {},
  backward: (grad, { shapes }) => [() => adaptiveAverage(contiguous(grad), [shapes[0][1], shapes[0][2]])],
});

/**
 * Means of windows chosen so that the output has the size asked for; null keeps the size of the input.
 * Window i of n over H covers floor(i H / n) to ceil((i + 1) H / n).
 * @see torch.nn.functional.adaptive_avg_pool2d
 */
export function adaptiveAvgPool(dims: SpatialDims, x: Tensor, outputSize: AdaptiveSize): Tensor {
  // Means of sequences and images may be of no channels, those of volumes not: PyTorch's rule.
  const first = dims === 3 ? 1 : x.ndim - dims;
  const output = adaptiveSize(`adaptiveAvgPool${dims}d`, x, dims, outputSize, 0, first);
  return libraryCode(() => {
    const means = adaptiveAverage(planesOf(x, dims), dims === 1 ? [1, output[0]] : output.slice(-2));
    if (dims < 3) return reshape(means, withSpatial(x, output));
    const width = means.shape[1] * means.shape[2];
    const rows = reshape(means, [numelOf(x.shape.slice(0, -3)), x.shape[x.ndim - 3], width]);
    return reshape(adaptiveAverage(rows, [output[0], width]), withSpatial(x, output));
  });
}
