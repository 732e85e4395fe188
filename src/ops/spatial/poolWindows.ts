// What max and average pooling share: the windows along one, two or three dimensions, and how tensors are seen as planes.
import { COUNT, nullable, oneOrMore } from '../../base/kinds';
import type { PoolSizes } from '../../device/contract';
import { isFloat } from '../../base/dtype';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { formatShape, numelOf, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { perDimension, type SpatialDims } from './conv';
import { contiguous } from '../shape/copy';
import { reshape } from '../shape/view';

/** Options of pooling; each a number or one per dimension. */
export interface PoolOptions {
  /** Default, also for an empty list: the size of the window. */
  readonly stride?: number | Shape | null;
  /** At each end; at most half the window. */
  readonly padding?: number | Shape;
  /** Between the cells of a window; 1 by default. */
  readonly dilation?: number | Shape;
  /** Whether a last window may start inside the input and end outside. */
  readonly ceilMode?: boolean;
}

/** Windows of any number of dimensions, one entry for each. */
export interface Windows {
  readonly kernel: Shape;
  readonly stride: Shape;
  readonly padding: Shape;
  readonly dilation: Shape;
  readonly output: Shape;
}

/** Windows of an image, as kernels take them. */
export interface ImageWindows {
  readonly sizes: PoolSizes;
  readonly output: readonly [number, number];
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

/**
 * @throws ShapeError, DTypeError unless x is floats of `dims` spatial dimensions behind [N, C] or [C], none of which is
 * empty from the one numbered `first` on
 */
export function checkPoolInput(op: string, x: Tensor, dims: SpatialDims, first = x.ndim - dims - 1): void {
  const isBatched = x.ndim === dims + 2;
  if ((!isBatched && x.ndim !== dims + 1) || x.shape.slice(first).includes(0)) {
    const spatial = ['[C, L]', '[C, H, W]', '[C, D, H, W]'][dims - 1];
    throw new ShapeError(
      op,
      `input must be ${spatial} or ${spatial.replace('[', '[N, ')} with sizes above 0 from dimension ${Math.max(first, 0)} on, got ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  if (!isFloat(x.dtype)) {
    throw new DTypeError(op, `input must be of a floating-point dtype, got ${x.dtype}. Convert it with .float().`);
  }
}

/** Sizes of windows and of the output, checked. */
export function windowsOf(op: string, spatial: Shape, kernelSize: number | Shape, options: PoolOptions): Windows {
  const dims = spatial.length;
  const kernel = perDimension(op, 'kernelSize', kernelSize, dims, 1);
  const given = options.stride ?? [];
  const stride = perDimension(op, 'stride', typeof given !== 'number' && given.length === 0 ? kernel : given, dims, 1);
  const padding = perDimension(op, 'padding', options.padding ?? 0, dims, 0);
  const dilation = perDimension(op, 'dilation', options.dilation ?? 1, dims, 1);
  if (padding.some((pad, i) => pad * 2 > kernel[i])) {
    throw new ValueError(
      op,
      `padding must be at most half of kernelSize, got ${padding.join(', ')} and ${kernel.join(', ')}.`,
    );
  }
  const output = spatial.map((n, i) =>
    outputSize(n, kernel[i], stride[i], padding[i], dilation[i], options.ceilMode ?? false),
  );
  if (output.some((size) => size < 1)) {
    throw new ShapeError(
      op,
      `the output would be empty, got input of ${spatial.join(' x ')} and a window of ${kernel.join(' x ')}. Use a smaller kernelSize or padding.`,
      { input: spatial, kernel },
    );
  }
  return { kernel, stride, padding, dilation, output };
}

/** Entries for height and width; a single dimension is the width of an image of height 1, whose entry is `flat`. */
const pairOf = (sizes: Shape, flat: number): readonly [number, number] =>
  sizes.length === 1 ? [flat, sizes[0]] : [sizes[sizes.length - 2], sizes[sizes.length - 1]];

/** The windows along the last one or two dimensions. */
export const overImage = ({ kernel, stride, padding, dilation, output }: Windows): ImageWindows => ({
  sizes: {
    kernel: pairOf(kernel, 1),
    stride: pairOf(stride, 1),
    padding: pairOf(padding, 0),
    dilation: pairOf(dilation, 1),
  },
  output: pairOf(output, 1),
});

/** The windows along the depth of a volume whose planes have become rows of `width` cells. */
export const overDepth = ({ kernel, stride, padding, dilation, output }: Windows, width: number): ImageWindows => ({
  sizes: { kernel: [kernel[0], 1], stride: [stride[0], 1], padding: [padding[0], 0], dilation: [dilation[0], 1] },
  output: [output[0], width],
});

/** The last two dimensions of x as images [planes, H, W]; with one spatial dimension H is 1. */
export function planesOf(x: Tensor, dims: SpatialDims): Tensor {
  const lead = x.ndim - Math.min(dims, 2);
  const image = dims === 1 ? [1, x.shape[lead]] : x.shape.slice(lead);
  return reshape(contiguous(x), [numelOf(x.shape.slice(0, lead)), ...image]);
}

/** The shape of x with other spatial sizes. */
export const withSpatial = (x: Tensor, spatial: Shape): Shape => [
  ...x.shape.slice(0, x.ndim - spatial.length),
  ...spatial,
];

/** A size per dimension, or one for all; null for that of the input. */
export type AdaptiveSize = number | null | readonly (number | null)[];
/** The same, as an argument. */
export const ADAPTIVE_SIZE = nullable(oneOrMore(nullable(COUNT)));

/**
 * The sizes asked for of adaptive pooling; null keeps that of the input. Only dimensions before `first` may be empty.
 * @throws RangeError, ShapeError
 */
export function adaptiveSize(
  op: string,
  x: Tensor,
  dims: SpatialDims,
  size: AdaptiveSize,
  least: number,
  first = 1,
): Shape {
  checkPoolInput(op, x, dims, first);
  const wanted = typeof size === 'number' || size === null ? new Array<number | null>(dims).fill(size) : size;
  return perDimension(
    op,
    'outputSize',
    wanted.map((n, i) => n ?? x.shape[x.ndim - dims + i]),
    dims,
    least,
  );
}
