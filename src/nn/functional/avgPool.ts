// Average and power-average pooling with PyTorch's arguments. Functions that differ only in the number of dimensions are
// made from one.
import { interceptable, intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, SIZE, nullable } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { ADAPTIVE_SIZE } from '../../ops/spatial/poolWindows';
import type { Arguments, Size1d, Size2d, Size3d } from '../../base/arguments';
import { composed } from '../../base/errorText';
import { libraryCode } from '../../core/temporaries';
import * as ops from '../../ops/spatial/avgPool';
import { perDimension, type SpatialDims } from '../../ops/spatial/conv';
import type { AdaptiveSize } from '../../ops/spatial/poolWindows';
import { numelOf, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';

/** Arguments of average pooling beside the input. */
export interface AvgPoolArguments<Size> {
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** Zeros on each side; 0 by default, at most half of kernelSize. */
  padding?: Size;
  /** Whether windows may start inside the input and end outside; false by default. */
  ceilMode?: boolean;
  /** Whether padding counts in the size of the window; true by default. */
  countIncludePad?: boolean;
}
/** Arguments of avgPool2d and avgPool3d beside the input. */
export interface AvgPool2dArguments<Size = Size2d> extends AvgPoolArguments<Size> {
  /** Divides by this instead of the size of the window. */
  divisorOverride?: number | null;
}
const AVG_POOL_1D = signature('avgPool1d', [
  argument('input', TENSOR),
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('padding', SIZE),
  optional('ceilMode', FLAG),
  optional('countIncludePad', FLAG),
]);
const AVG_POOL = [...AVG_POOL_1D.args, optional('divisorOverride', nullable(INTEGER))] as const;
const AVG_POOL_3D = signature('avgPool3d', AVG_POOL);
const AVG_POOL_2D = signature('avgPool2d', AVG_POOL);

/** The mean of each window of a sequence. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.avg_pool1d */
export function avgPool1d(
  input: Tensor,
  ...args: Arguments<
    [kernelSize: Size1d],
    [stride?: Size1d | null, padding?: Size1d, ceilMode?: boolean, countIncludePad?: boolean],
    AvgPoolArguments<Size1d>
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('avgPool1d', avgPool1d, [input, ...args]);
  const { kernelSize, ...options } = AVG_POOL_1D.takeRest<AvgPoolArguments<Size1d>>([input], args);
  return ops.avgPool(1, input, kernelSize, options);
}

/** The mean of each window of an image. Shape: [N, C, H, W] or [C, H, W] -> H', W'. @see torch.nn.functional.avg_pool2d */
export function avgPool2d(
  input: Tensor,
  ...args: Arguments<
    [kernelSize: Size2d],
    [
      stride?: Size2d | null,
      padding?: Size2d,
      ceilMode?: boolean,
      countIncludePad?: boolean,
      divisorOverride?: number | null,
    ],
    AvgPool2dArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('avgPool2d', avgPool2d, [input, ...args]);
  const { kernelSize, ...options } = AVG_POOL_2D.takeRest<AvgPool2dArguments>([input], args);
  return ops.avgPool(2, input, kernelSize, options);
}

/** The mean of each window of a volume. Shape: [N, C, D, H, W] or [C, D, H, W] -> D', H', W'. @see torch.nn.functional.avg_pool3d */
export function avgPool3d(
  input: Tensor,
  ...args: Arguments<
    [kernelSize: Size3d],
    [
      stride?: Size3d | null,
      padding?: Size3d,
      ceilMode?: boolean,
      countIncludePad?: boolean,
      divisorOverride?: number | null,
    ],
    AvgPool2dArguments<Size3d>
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('avgPool3d', avgPool3d, [input, ...args]);
  const { kernelSize, ...options } = AVG_POOL_3D.takeRest<AvgPool2dArguments<Size3d>>([input], args);
  return ops.avgPool(3, input, kernelSize, options);
}

/** Arguments of adaptive average pooling beside the input. */
export interface AdaptiveAvgPoolArguments {
  /** One number for all dimensions, or one each; null keeps the input's size. */
  outputSize: AdaptiveSize;
}
const ADAPTIVE = signature('adaptiveAvgPool', [argument('input', TENSOR), argument('outputSize', ADAPTIVE_SIZE)]);

const adaptive =
  (dims: SpatialDims) =>
  (input: Tensor, ...args: Arguments<[outputSize: AdaptiveSize], [], AdaptiveAvgPoolArguments>): Tensor => {
    const { outputSize } = ADAPTIVE.takeRest<AdaptiveAvgPoolArguments>([input], args, `adaptiveAvgPool${dims}d`);
    return ops.adaptiveAvgPool(dims, input, outputSize ?? null);
  };

/** The means of outputSize windows that cover a sequence. @see torch.nn.functional.adaptive_avg_pool1d */
export const adaptiveAvgPool1d = interceptable('adaptiveAvgPool1d', adaptive(1));
/** The means of outputSize windows that cover an image. @see torch.nn.functional.adaptive_avg_pool2d */
export const adaptiveAvgPool2d = interceptable('adaptiveAvgPool2d', adaptive(2));
/** The means of outputSize windows that cover a volume. @see torch.nn.functional.adaptive_avg_pool3d */
export const adaptiveAvgPool3d = interceptable('adaptiveAvgPool3d', adaptive(3));

/** Arguments of power-average pooling beside the input. */
export interface LPPoolArguments<Size> {
  /** p of (Σ xᵖ)^(1/p). */
  normType: number;
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** Whether windows may start inside the input and end outside; false by default. */
  ceilMode?: boolean;
}
const LP_POOL = signature('lpPool', [
  argument('input', TENSOR),
  argument('normType', REAL),
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('ceilMode', FLAG),
]);

type LPPoolFunction<Size> = (
  input: Tensor,
  ...args: Arguments<
    [normType: number, kernelSize: Size],
    [stride?: Size | null, ceilMode?: boolean],
    LPPoolArguments<Size>,
    [normType: number, options: Omit<LPPoolArguments<Size>, 'normType'>]
  >
) => Tensor;

function lpPool<Size extends number | Shape>(dims: SpatialDims): LPPoolFunction<Size> {
  const op = `lpPool${dims}d`;
  return (input, ...args) => {
    const { normType, kernelSize, ...options } = LP_POOL.takeRest<LPPoolArguments<number | Shape>>([input], args, op);
    return libraryCode(() => {
      const cells = numelOf(perDimension(op, 'kernelSize', kernelSize, dims, 1));
      const means = composed(op, () => ops.avgPool(dims, input.pow(normType), kernelSize, options));
      // In PyTorch's steps, whose gradient where a sum is 0 is part of the definition.
      return means
        .sign()
        .mul(means.abs().relu())
        .mul(cells)
        .pow(1 / normType);
    });
  };
}

/** The p-norm of each window of a sequence. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.lp_pool1d */
export const lpPool1d = interceptable('lpPool1d', lpPool<Size1d>(1));
/** The p-norm of each window of an image. Shape: [N, C, H, W] or [C, H, W] -> H', W'. @see torch.nn.functional.lp_pool2d */
export const lpPool2d = interceptable('lpPool2d', lpPool<Size2d>(2));
/** The p-norm of each window of a volume. Shape: [N, C, D, H, W] or [C, D, H, W] -> D', H', W'. @see torch.nn.functional.lp_pool3d */
export const lpPool3d = interceptable('lpPool3d', lpPool<Size3d>(3));
