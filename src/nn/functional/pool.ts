// Pooling with PyTorch's arguments: sizes by position or by name.
import * as pool from '../../ops/pool';
import type { Tensor } from '../../tensor';
import { gather, type Arguments, type Size1d, type Size2d } from '../../arguments';

/** Arguments of max pooling beside the input. */
export interface MaxPoolArguments<Size> {
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** Cells on each side that lose against any number; 0 by default, at most half of kernelSize. */
  padding?: Size;
  /** Distance between the cells of a window; 1 by default. */
  dilation?: Size;
  /** Whether windows may start inside the input and end outside; false by default. */
  ceilMode?: boolean;
  /** Whether to give the positions of the maxima too; false by default. */
  returnIndices?: boolean;
}
const MAX_POOL = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;

/** What max pooling gives: with `returnIndices: true` the positions of the maxima within each plane too. */
export type MaxPooled<Indices extends boolean> = Indices extends true ? [output: Tensor, indices: Tensor] : Tensor;
type MaxPoolArgs<Size, Indices extends boolean> = Arguments<
  MaxPoolArguments<Size> & { returnIndices?: Indices },
  typeof MAX_POOL
>;

/** The greatest of each window of a sequence. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.max_pool1d */
export function maxPool1d<Indices extends boolean = false>(
  input: Tensor,
  ...args: MaxPoolArgs<Size1d, Indices>
): MaxPooled<Indices> {
  const { kernelSize, stride, returnIndices, ...rest } = gather<MaxPoolArguments<Size1d>>('maxPool1d', MAX_POOL, args);
  const options = { stride: stride ?? kernelSize, ...rest };
  const fn = returnIndices === true ? pool.maxPool1dWithIndices : pool.maxPool1d;
  return fn(input, kernelSize, options) as MaxPooled<Indices>;
}

/** The greatest of each window of an image. Shape: [N, C, H, W] or [C, H, W] -> H', W'. @see torch.nn.functional.max_pool2d */
export function maxPool2d<Indices extends boolean = false>(
  input: Tensor,
  ...args: MaxPoolArgs<Size2d, Indices>
): MaxPooled<Indices> {
  const { kernelSize, stride, returnIndices, ...rest } = gather<MaxPoolArguments<Size2d>>('maxPool2d', MAX_POOL, args);
  const options = { stride: stride ?? kernelSize, ...rest };
  const fn = returnIndices === true ? pool.maxPool2dWithIndices : pool.maxPool2d;
  return fn(input, kernelSize, options) as MaxPooled<Indices>;
}

/** Arguments of average pooling beside the input. */
export interface AvgPoolArguments<Size> {
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** Zeros on each side; 0 by default, at most half of kernelSize. */
  padding?: Size;
  /** Whether windows may start inside the input and end outside; false by default. */
  ceilMode?: boolean;
  /** Whether padding counts in the size of a window; true by default. */
  countIncludePad?: boolean;
}
/** Arguments of avgPool2d beside the input. */
export interface AvgPool2dArguments extends AvgPoolArguments<Size2d> {
  /** Divides by this instead of the size of the window. */
  divisorOverride?: number | null;
}
const AVG_POOL_1D = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'] as const;
const AVG_POOL_2D = [...AVG_POOL_1D, 'divisorOverride'] as const;

/** The mean of each window of a sequence. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.avg_pool1d */
export function avgPool1d(input: Tensor, ...args: Arguments<AvgPoolArguments<Size1d>, typeof AVG_POOL_1D>): Tensor {
  const { kernelSize, stride, ...options } = gather<AvgPoolArguments<Size1d>>('avgPool1d', AVG_POOL_1D, args);
  return pool.avgPool1d(input, kernelSize, { stride: stride ?? kernelSize, ...options });
}

/** The mean of each window of an image. Shape: [N, C, H, W] or [C, H, W] -> H', W'. @see torch.nn.functional.avg_pool2d */
export function avgPool2d(input: Tensor, ...args: Arguments<AvgPool2dArguments, typeof AVG_POOL_2D>): Tensor {
  const { kernelSize, stride, ...options } = gather<AvgPool2dArguments>('avgPool2d', AVG_POOL_2D, args);
  return pool.avgPool2d(input, kernelSize, { stride: stride ?? kernelSize, ...options });
}

const ADAPTIVE = ['outputSize'] as const;

/** The means of outputSize windows that cover a sequence. @see torch.nn.functional.adaptive_avg_pool1d */
export function adaptiveAvgPool1d(input: Tensor, ...args: Arguments<{ outputSize: Size1d }, typeof ADAPTIVE>): Tensor {
  return pool.adaptiveAvgPool1d(input, gather<{ outputSize: Size1d }>('adaptiveAvgPool1d', ADAPTIVE, args).outputSize);
}

/** One number for both dimensions, or one each; null keeps the input's size. */
export type AdaptiveSize2d = number | null | readonly [number | null, number | null];

/** The means of outputSize windows that cover an image. @see torch.nn.functional.adaptive_avg_pool2d */
export function adaptiveAvgPool2d(
  input: Tensor,
  ...args: Arguments<{ outputSize: AdaptiveSize2d }, typeof ADAPTIVE>
): Tensor {
  const { outputSize } = gather<{ outputSize: AdaptiveSize2d }>('adaptiveAvgPool2d', ADAPTIVE, args);
  return pool.adaptiveAvgPool2d(input, outputSize ?? [null, null]);
}
