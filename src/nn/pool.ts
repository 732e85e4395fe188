// Pooling layers.
import type { Tensor } from '../tensor';
import { checkSize, gather, type Arguments, type Size1d, type Size2d } from '../arguments';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  avgPool1d,
  avgPool2d,
  maxPool1d,
  maxPool2d,
  type MaxPooled,
} from './functional';
import { Module } from './module';
import { literal } from './representation';

/** Arguments of max pooling layers. */
export interface MaxPoolOptions<Size> {
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** Cells on each side that lose against any number; 0 by default, at most half of kernelSize. */
  padding?: Size;
  /** Distance between the cells of a window; 1 by default. */
  dilation?: Size;
  /** Whether to give the positions of the maxima too; false by default. */
  returnIndices?: boolean;
  /** Whether windows may start inside the input and end outside; false by default. */
  ceilMode?: boolean;
}
const MAX_POOL = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'] as const;

/** What max pooling of all dimensions shares. */
abstract class MaxPool<Size extends number | readonly number[], Indices extends boolean> extends Module {
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size | 0;
  readonly dilation: Size | 1;
  readonly returnIndices: Indices;
  readonly ceilMode: boolean;

  constructor(dimensions: number, options: MaxPoolOptions<Size>) {
    super();
    const { kernelSize, stride, padding = 0, dilation = 1, returnIndices = false, ceilMode = false } = options;
    this.kernelSize = kernelSize;
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.returnIndices = returnIndices as Indices;
    this.dilation = dilation;
    this.ceilMode = ceilMode;
    checkWindow(new.target.name, this, dimensions);
    checkSize(new.target.name, 'dilation', dilation, dimensions, 1);
  }

  override extraRepr(): string {
    return (
      `kernel_size=${literal(this.kernelSize)}, stride=${literal(this.stride)}, padding=${literal(this.padding)}, ` +
      `dilation=${literal(this.dilation)}, ceil_mode=${literal(this.ceilMode)}`
    );
  }
}

/** @throws RangeError unless the window is well formed: padding at most half of it. */
function checkWindow(
  name: string,
  window: {
    kernelSize: number | readonly number[];
    stride: number | readonly number[];
    padding: number | readonly number[];
  },
  dimensions: number,
): void {
  const kernel = checkSize(name, 'kernelSize', window.kernelSize, dimensions, 1);
  checkSize(name, 'stride', window.stride, dimensions, 1);
  const padding = checkSize(name, 'padding', window.padding, dimensions, 0);
  if (padding.some((p, i) => p > kernel[i] / 2)) {
    throw new RangeError(
      `${name}: padding must be at most half of kernelSize, got ${literal(padding)} and ${literal(kernel)}.`,
    );
  }
}

/**
 * The greatest value in each window of a sequence; NaN wins.
 *
 * Shape: input [N, C, L] or [C, L] -> output [N, C, L'] or [C, L'] with
 * L' = floor((L + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1).
 * @see torch.nn.MaxPool1d
 */
export class MaxPool1d<Indices extends boolean = false> extends MaxPool<Size1d, Indices> {
  constructor(...args: Arguments<MaxPoolOptions<Size1d> & { returnIndices?: Indices }, typeof MAX_POOL>) {
    super(1, gather<MaxPoolOptions<Size1d>>(new.target.name, MAX_POOL, args));
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this;
    return maxPool1d<Indices>(input, { kernelSize, stride, padding, dilation, ceilMode, returnIndices });
  }
}

/**
 * The greatest value in each window of an image; NaN wins.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, H', W'] or [C, H', W'] with
 * H' = floor((H + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1), W' likewise.
 * @example const pool = new MaxPool2d(2); pool(x)   // [1, 3, 32, 32] -> [1, 3, 16, 16]
 * @see torch.nn.MaxPool2d
 */
export class MaxPool2d<Indices extends boolean = false> extends MaxPool<Size2d, Indices> {
  constructor(...args: Arguments<MaxPoolOptions<Size2d> & { returnIndices?: Indices }, typeof MAX_POOL>) {
    super(2, gather<MaxPoolOptions<Size2d>>(new.target.name, MAX_POOL, args));
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this;
    return maxPool2d<Indices>(input, { kernelSize, stride, padding, dilation, ceilMode, returnIndices });
  }
}

/** Arguments of AvgPool1d. */
export interface AvgPoolOptions<Size> {
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

/** Arguments of AvgPool2d. */
export interface AvgPool2dOptions extends AvgPoolOptions<Size2d> {
  /** Divides by this instead of the size of the window. */
  divisorOverride?: number | null;
}
const AVG_POOL_1D = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'] as const;
const AVG_POOL_2D = [...AVG_POOL_1D, 'divisorOverride'] as const;

/** What average pooling of all dimensions shares. */
abstract class AvgPool<Size extends number | readonly number[]> extends Module {
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size | 0;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;

  constructor(dimensions: number, options: AvgPoolOptions<Size>) {
    super();
    const { kernelSize, stride, padding = 0, ceilMode = false, countIncludePad = true } = options;
    this.kernelSize = kernelSize;
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.ceilMode = ceilMode;
    this.countIncludePad = countIncludePad;
    checkWindow(new.target.name, this, dimensions);
  }

  override extraRepr(): string {
    return `kernel_size=${literal(this.kernelSize)}, stride=${literal(this.stride)}, padding=${literal(this.padding)}`;
  }
}

/**
 * The mean of each window of a sequence.
 *
 * Shape: input [N, C, L] or [C, L] -> output [N, C, L'] or [C, L'] with L' = floor((L + 2 padding - kernelSize) / stride + 1).
 * @see torch.nn.AvgPool1d
 */
export class AvgPool1d extends AvgPool<readonly [number]> {
  constructor(...args: Arguments<AvgPoolOptions<Size1d>, typeof AVG_POOL_1D>) {
    const { kernelSize, stride, padding, ...options } = gather<AvgPoolOptions<Size1d>>(
      new.target.name,
      AVG_POOL_1D,
      args,
    );
    // Sizes are kept as PyTorch prints them, which in this layer alone is always as tuples.
    super(1, {
      ...options,
      kernelSize: single(kernelSize),
      stride: single(stride ?? kernelSize),
      padding: single(padding ?? 0),
    });
  }

  override forward(input: Tensor): Tensor {
    return avgPool1d(input, this.kernelSize, this.stride, this.padding, this.ceilMode, this.countIncludePad);
  }
}

const single = (size: Size1d): readonly [number] => (typeof size === 'number' ? [size] : size);

/**
 * The mean of each window of an image.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, H', W'] or [C, H', W'] with
 * H' = floor((H + 2 padding - kernelSize) / stride + 1), W' likewise.
 * @see torch.nn.AvgPool2d
 */
export class AvgPool2d extends AvgPool<Size2d> {
  readonly divisorOverride: number | null;

  constructor(...args: Arguments<AvgPool2dOptions, typeof AVG_POOL_2D>) {
    const { divisorOverride = null, ...options } = gather<AvgPool2dOptions>(new.target.name, AVG_POOL_2D, args);
    if (divisorOverride === 0) throw new RangeError(`${new.target.name}: divisorOverride must not be 0.`);
    super(2, options);
    this.divisorOverride = divisorOverride;
  }

  override forward(input: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return avgPool2d(input, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);
  }
}

/** Arguments of adaptive pooling layers. */
export interface AdaptivePoolOptions<Size> {
  outputSize: Size;
}
const ADAPTIVE = ['outputSize'] as const;

/**
 * The means of outputSize windows that cover a sequence.
 *
 * Shape: input [N, C, L] or [C, L] -> output [N, C, outputSize] or [C, outputSize].
 * @see torch.nn.AdaptiveAvgPool1d
 */
export class AdaptiveAvgPool1d extends Module {
  readonly outputSize: Size1d;

  constructor(...args: Arguments<AdaptivePoolOptions<Size1d>, typeof ADAPTIVE>) {
    super();
    this.outputSize = gather<AdaptivePoolOptions<Size1d>>(new.target.name, ADAPTIVE, args).outputSize;
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool1d(input, this.outputSize);
  }

  override extraRepr(): string {
    return `output_size=${literal(this.outputSize)}`;
  }
}

/** One number for both dimensions, or one each; null keeps the input's size. */
export type AdaptiveSize2d = number | null | readonly [number | null, number | null];

/**
 * The means of outputSize windows that cover an image.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, ...outputSize] or [C, ...outputSize].
 * @example const pool = new AdaptiveAvgPool2d(1); pool(x)   // [8, 64, 7, 7] -> [8, 64, 1, 1]
 * @see torch.nn.AdaptiveAvgPool2d
 */
export class AdaptiveAvgPool2d extends Module {
  readonly outputSize: AdaptiveSize2d;

  constructor(...args: Arguments<AdaptivePoolOptions<AdaptiveSize2d>, typeof ADAPTIVE>) {
    super();
    this.outputSize = gather<AdaptivePoolOptions<AdaptiveSize2d>>(new.target.name, ADAPTIVE, args).outputSize;
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.outputSize);
  }

  override extraRepr(): string {
    return `output_size=${literal(this.outputSize)}`;
  }
}
