// Average pooling layers, their adaptive kin, and power-average pooling.
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, SIZE, nullable } from '../../base/kinds';
import { ADAPTIVE_SIZE } from '../../ops/spatial/poolWindows';
import type { Arguments, Size1d, Size2d, Size3d } from '../../base/arguments';
import { ValueError } from '../../base/errors';
import type { Tensor } from '../../core/tensor';
import {
  adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, avgPool1d, avgPool2d, avgPool3d, lpPool1d, lpPool2d, lpPool3d,
} from '../functional'; // prettier-ignore
import { Module } from '../module/module';
import { checkWindow, perDimension, type AdaptiveSize } from './poolWindow';
import { literal } from '../module/representation';

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

/** Arguments of AvgPool2d and AvgPool3d. */
export interface AvgPool2dOptions<Size = Size2d> extends AvgPoolOptions<Size> {
  /** Divides by this instead of the size of the window. */
  divisorOverride?: number | null;
}
const AVG_POOL_1D = signature('AvgPool1d', [
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('padding', SIZE),
  optional('ceilMode', FLAG),
  optional('countIncludePad', FLAG),
]);
const AVG_POOL = signature('AvgPool2d', [...AVG_POOL_1D.args, optional('divisorOverride', nullable(INTEGER))]);

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
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AvgPool1d';

  constructor(
    ...args: Arguments<
      [kernelSize: Size1d],
      [stride?: Size1d | null, padding?: Size1d, ceilMode?: boolean, countIncludePad?: boolean],
      AvgPoolOptions<Size1d>
    >
  ) {
    const { kernelSize, stride, padding, ...options } = AVG_POOL_1D.take<AvgPoolOptions<Size1d>>(args, new.target.name);
    // Sizes are kept as PyTorch prints them, which in this layer alone is always as tuples.
    super(1, {
      ...options,
      kernelSize: perDimension(kernelSize, 1) as readonly [number],
      stride: perDimension(stride ?? kernelSize, 1) as readonly [number],
      padding: perDimension(padding ?? 0, 1) as readonly [number],
    });
  }

  override forward(input: Tensor): Tensor {
    return avgPool1d(input, this.kernelSize, this.stride, this.padding, this.ceilMode, this.countIncludePad);
  }
}

type AvgPool2dArgs<Size> = Arguments<
  [kernelSize: Size],
  [
    stride?: Size | null,
    padding?: Size,
    ceilMode?: boolean,
    countIncludePad?: boolean,
    divisorOverride?: number | null,
  ],
  AvgPool2dOptions<Size>
>;

/** Average pooling that can divide by something else. */
abstract class DividingAvgPool<Size extends number | readonly number[]> extends AvgPool<Size> {
  readonly divisorOverride: number | null;

  constructor(dimensions: number, args: AvgPool2dArgs<Size>) {
    const { divisorOverride = null, ...options } = AVG_POOL.take<AvgPool2dOptions<Size>>(args, new.target.name);
    if (divisorOverride === 0) throw new ValueError(new.target.name, 'divisorOverride must not be 0.');
    super(dimensions, options);
    this.divisorOverride = divisorOverride;
  }
}

/**
 * The mean of each window of an image.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, H', W'] or [C, H', W'] with
 * H' = floor((H + 2 padding - kernelSize) / stride + 1), W' likewise.
 * @see torch.nn.AvgPool2d
 */
export class AvgPool2d extends DividingAvgPool<Size2d> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AvgPool2d';

  constructor(...args: AvgPool2dArgs<Size2d>) {
    super(2, args);
  }

  override forward(input: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return avgPool2d(input, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);
  }
}

/**
 * The mean of each window of a volume.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W] -> output [N, C, D', H', W'] or [C, D', H', W'] with
 * D' = floor((D + 2 padding - kernelSize) / stride + 1), H' and W' likewise.
 * @see torch.nn.AvgPool3d
 */
export class AvgPool3d extends DividingAvgPool<Size3d> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AvgPool3d';

  constructor(...args: AvgPool2dArgs<Size3d>) {
    super(3, args);
  }

  override forward(input: Tensor): Tensor {
    const { kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return avgPool3d(input, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);
  }
}

/** Arguments of adaptive average pooling layers. */
export interface AdaptivePoolOptions {
  /** One number for all dimensions, or one each; null keeps the input's size. */
  outputSize: AdaptiveSize;
}
const ADAPTIVE = signature('AdaptiveAvgPool2d', [argument('outputSize', ADAPTIVE_SIZE)]);
type AdaptiveArguments = Arguments<[outputSize: AdaptiveSize], [], AdaptivePoolOptions>;

/** What adaptive average pooling of all dimensions shares. */
abstract class AdaptiveAvgPool extends Module {
  readonly outputSize: AdaptiveSize;

  constructor(args: AdaptiveArguments) {
    super();
    this.outputSize = ADAPTIVE.take<AdaptivePoolOptions>(args, new.target.name).outputSize;
  }

  override extraRepr(): string {
    return `output_size=${literal(this.outputSize)}`;
  }
}

/**
 * The means of outputSize windows that cover a sequence.
 *
 * Shape: input [N, C, L] or [C, L] -> output [N, C, ...outputSize] or [C, ...outputSize].
 * @see torch.nn.AdaptiveAvgPool1d
 */
export class AdaptiveAvgPool1d extends AdaptiveAvgPool {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AdaptiveAvgPool1d';

  constructor(...args: AdaptiveArguments) {
    super(args);
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool1d(input, this.outputSize);
  }
}

/**
 * The means of outputSize windows that cover an image.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, ...outputSize] or [C, ...outputSize].
 * @example const pool = new AdaptiveAvgPool2d(1); pool(x)   // [8, 64, 7, 7] -> [8, 64, 1, 1]
 * @see torch.nn.AdaptiveAvgPool2d
 */
export class AdaptiveAvgPool2d extends AdaptiveAvgPool {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AdaptiveAvgPool2d';

  constructor(...args: AdaptiveArguments) {
    super(args);
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.outputSize);
  }
}

/**
 * The means of outputSize windows that cover a volume.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W] -> output [N, C, ...outputSize] or [C, ...outputSize].
 * @see torch.nn.AdaptiveAvgPool3d
 */
export class AdaptiveAvgPool3d extends AdaptiveAvgPool {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AdaptiveAvgPool3d';

  constructor(...args: AdaptiveArguments) {
    super(args);
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool3d(input, this.outputSize);
  }
}

/** Arguments of power-average pooling layers. */
export interface LPPoolOptions<Size> {
  /** p of (Σ xᵖ)^(1/p). */
  normType: number;
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** Whether windows may start inside the input and end outside; false by default. */
  ceilMode?: boolean;
}
const LP_POOL = signature('LPPool', [
  argument('normType', REAL),
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('ceilMode', FLAG),
]);

type LPPoolArgs<Size> = Arguments<
  [normType: number, kernelSize: Size],
  [stride?: Size | null, ceilMode?: boolean],
  LPPoolOptions<Size>,
  [normType: number, options: Omit<LPPoolOptions<Size>, 'normType'>]
>;

/** What power-average pooling of all dimensions shares. */
abstract class LPPool<Size extends number | readonly number[]> extends Module {
  readonly normType: number;
  readonly kernelSize: Size;
  readonly stride: Size | null;
  readonly ceilMode: boolean;

  constructor(dimensions: number, args: LPPoolArgs<Size>) {
    super();
    const { name } = new.target;
    const { normType, kernelSize, stride = null, ceilMode = false } = LP_POOL.take<LPPoolOptions<Size>>(args, name);
    checkWindow(name, { kernelSize, stride: stride ?? kernelSize, padding: 0 }, dimensions);
    this.normType = normType;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.ceilMode = ceilMode;
  }

  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this;
    return `norm_type=${normType}, kernel_size=${literal(kernelSize)}, stride=${literal(stride)}, ceil_mode=${literal(ceilMode)}`;
  }
}

/**
 * The p-norm (Σ xᵖ)^(1/p) of each window of a sequence; the maximum for p = ∞, the sum for p = 1.
 *
 * Shape: input [N, C, L] or [C, L] -> output [N, C, L'] or [C, L'] with
 * n' = floor((n - kernelSize) / stride + 1).
 * @see torch.nn.LPPool1d
 */
export class LPPool1d extends LPPool<Size1d> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LPPool1d';

  constructor(...args: LPPoolArgs<Size1d>) {
    super(1, args);
  }

  override forward(input: Tensor): Tensor {
    return lpPool1d(input, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/**
 * The p-norm (Σ xᵖ)^(1/p) of each window of an image; the maximum for p = ∞, the sum for p = 1.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, H', W'] or [C, H', W'] with
 * n' = floor((n - kernelSize) / stride + 1).
 * @see torch.nn.LPPool2d
 */
export class LPPool2d extends LPPool<Size2d> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LPPool2d';

  constructor(...args: LPPoolArgs<Size2d>) {
    super(2, args);
  }

  override forward(input: Tensor): Tensor {
    return lpPool2d(input, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/**
 * The p-norm (Σ xᵖ)^(1/p) of each window of a volume; the maximum for p = ∞, the sum for p = 1.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W] -> output [N, C, D', H', W'] or [C, D', H', W'] with
 * n' = floor((n - kernelSize) / stride + 1).
 * @see torch.nn.LPPool3d
 */
export class LPPool3d extends LPPool<Size3d> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LPPool3d';

  constructor(...args: LPPoolArgs<Size3d>) {
    super(3, args);
  }

  override forward(input: Tensor): Tensor {
    return lpPool3d(input, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}
