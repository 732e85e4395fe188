// Max pooling with PyTorch's arguments: sizes by position or by name. Functions that differ only in the number of
// dimensions are made from one.
import { interceptable } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, SIZE, listOf, nullable, oneOrMore } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import type { Arguments, Size1d, Size2d, Size3d } from '../../base/arguments';
import { KindError, ValueError } from '../../base/errors';
import { ADAPTIVE_SIZE } from '../../ops/spatial/poolWindows';
import { perDimension, type SpatialDims } from '../../ops/spatial/conv';
import { fractionalMaxPool } from '../../ops/spatial/fractionalPool';
import * as ops from '../../ops/spatial/maxPool';
import type { AdaptiveSize } from '../../ops/spatial/poolWindows';
import { rand } from '../../ops/random/random';
import type { Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';

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
const MAX_POOL = signature('maxPool', [
  argument('input', TENSOR),
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('padding', SIZE),
  optional('dilation', SIZE),
  optional('ceilMode', FLAG),
  optional('returnIndices', FLAG),
]);

/** What max pooling gives: with `returnIndices: true` the positions of the maxima within each plane too. */
export type MaxPooled<Indices extends boolean> = Indices extends true ? [output: Tensor, indices: Tensor] : Tensor;

/** The output alone, or with the indices behind it. */
const pooled = <Indices extends boolean>(results: readonly Tensor[]): MaxPooled<Indices> =>
  (results.length > 1 ? results : results[0]) as MaxPooled<Indices>;

type MaxPoolFunction<Size> = <Indices extends boolean = false>(
  input: Tensor,
  ...args: Arguments<
    [kernelSize: Size],
    [stride?: Size | null, padding?: Size, dilation?: Size, ceilMode?: boolean, returnIndices?: boolean],
    MaxPoolArguments<Size> & { returnIndices?: Indices }
  >
) => MaxPooled<Indices>;

function maxPool<Size extends number | Shape>(dims: SpatialDims): MaxPoolFunction<Size> {
  return (input, ...args) => {
    const { kernelSize, returnIndices = false, ...options } = MAX_POOL.takeRest<MaxPoolArguments<number | Shape>>([input], args, `maxPool${dims}d`); // prettier-ignore
    return pooled(ops.maxPool(dims, input, kernelSize, options, returnIndices));
  };
}

/** The greatest of each window of a sequence. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.max_pool1d */
export const maxPool1d = interceptable('maxPool1d', maxPool<Size1d>(1));
/** The greatest of each window of an image. Shape: [N, C, H, W] or [C, H, W] -> H', W'. @see torch.nn.functional.max_pool2d */
export const maxPool2d = interceptable('maxPool2d', maxPool<Size2d>(2));
/** The greatest of each window of a volume. Shape: [N, C, D, H, W] or [C, D, H, W] -> D', H', W'. @see torch.nn.functional.max_pool3d */
export const maxPool3d = interceptable('maxPool3d', maxPool<Size3d>(3));

/** Arguments of adaptive max pooling beside the input. */
export interface AdaptiveMaxPoolArguments {
  /** One number for all dimensions, or one each; null keeps the input's size. */
  outputSize: AdaptiveSize;
  /** Whether to give the positions of the maxima too; false by default. */
  returnIndices?: boolean;
}
const ADAPTIVE = signature('adaptiveMaxPool', [
  argument('input', TENSOR),
  argument('outputSize', ADAPTIVE_SIZE),
  optional('returnIndices', FLAG),
]);

type AdaptiveMaxPoolFunction = <Indices extends boolean = false>(
  input: Tensor,
  ...args: Arguments<
    [outputSize: AdaptiveSize],
    [returnIndices?: boolean],
    AdaptiveMaxPoolArguments & { returnIndices?: Indices }
  >
) => MaxPooled<Indices>;

function adaptiveMaxPool(dims: SpatialDims): AdaptiveMaxPoolFunction {
  return (input, ...args) => {
    const { outputSize, returnIndices = false } = ADAPTIVE.takeRest<AdaptiveMaxPoolArguments>([input], args, `adaptiveMaxPool${dims}d`); // prettier-ignore
    return pooled(ops.adaptiveMaxPool(dims, input, outputSize, returnIndices));
  };
}

/** The maxima of outputSize windows that cover a sequence. @see torch.nn.functional.adaptive_max_pool1d */
export const adaptiveMaxPool1d = interceptable('adaptiveMaxPool1d', adaptiveMaxPool(1));
/** The maxima of outputSize windows that cover an image. @see torch.nn.functional.adaptive_max_pool2d */
export const adaptiveMaxPool2d = interceptable('adaptiveMaxPool2d', adaptiveMaxPool(2));
/** The maxima of outputSize windows that cover a volume. @see torch.nn.functional.adaptive_max_pool3d */
export const adaptiveMaxPool3d = interceptable('adaptiveMaxPool3d', adaptiveMaxPool(3));

/** Arguments of max unpooling beside the input. */
export interface MaxUnpoolArguments<Size> {
  /** Positions of the maxima, as max pooling with returnIndices gives them. */
  indices: Tensor;
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** 0 by default. */
  padding?: Size;
  /** Spatial sizes of the result, or all its sizes; by default (n - 1) stride - 2 padding + kernelSize. */
  outputSize?: Shape | null;
}
const UNPOOL = signature('maxUnpool', [
  argument('input', TENSOR),
  argument('indices', TENSOR),
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('padding', SIZE),
  optional('outputSize', nullable(listOf(INTEGER))),
]);

type MaxUnpoolFunction<Size> = (
  input: Tensor,
  ...args: Arguments<
    [indices: Tensor, kernelSize: Size],
    [stride?: Size | null, padding?: Size, outputSize?: Shape | null],
    MaxUnpoolArguments<Size>,
    [indices: Tensor, options: Omit<MaxUnpoolArguments<Size>, 'indices'>]
  >
) => Tensor;

function maxUnpool<Size extends number | Shape>(dims: SpatialDims): MaxUnpoolFunction<Size> {
  const op = `maxUnpool${dims}d`;
  return (input, ...args) => {
    const {
      indices,
      outputSize = null,
      ...sizes
    } = UNPOOL.takeRest<MaxUnpoolArguments<number | Shape>>([input], args, op);
    const kernel = perDimension(op, 'kernelSize', sizes.kernelSize, dims, 1);
    const stride = perDimension(op, 'stride', sizes.stride ?? kernel, dims, 1);
    const padding = perDimension(op, 'padding', sizes.padding ?? 0, dims, 0);
    const usual = kernel.map((size, i) => (input.shape[input.ndim - dims + i] - 1) * stride[i] - 2 * padding[i] + size);
    if (outputSize === null) return ops.maxUnpool(dims, input, indices, usual);
    const wanted = perDimension(
      op, 'outputSize', outputSize.length === dims + 2 ? outputSize.slice(2) : outputSize, dims, 1,
    ); // prettier-ignore
    if (wanted.some((size, i) => Math.abs(size - usual[i]) >= stride[i])) {
      throw new ValueError(
        op,
        `outputSize must be less than a stride from ${usual.join(', ')}, got ${wanted.join(', ')}.`,
      );
    }
    return ops.maxUnpool(dims, input, indices, wanted);
  };
}

/** Puts the maxima of maxPool1d back among zeros. Shape: [N, C, L] or [C, L] -> L'. @see torch.nn.functional.max_unpool1d */
export const maxUnpool1d = interceptable('maxUnpool1d', maxUnpool<Size1d>(1));
/** Puts the maxima of maxPool2d back among zeros. Shape: [N, C, H, W] or [C, H, W] -> H', W'. @see torch.nn.functional.max_unpool2d */
export const maxUnpool2d = interceptable('maxUnpool2d', maxUnpool<Size2d>(2));
/** Puts the maxima of maxPool3d back among zeros. Shape: [N, C, D, H, W] or [C, D, H, W] -> D', H', W'. @see torch.nn.functional.max_unpool3d */
export const maxUnpool3d = interceptable('maxUnpool3d', maxUnpool<Size3d>(3));

/** Arguments of fractional max pooling beside the input; outputSize or outputRatio must be given. */
export interface FractionalMaxPoolArguments<Size> {
  kernelSize: Size;
  outputSize?: Size | null;
  /** Size of the output as a share of the input's. */
  outputRatio?: Size | null;
  /** Whether to give the positions of the maxima too; false by default. */
  returnIndices?: boolean;
  /** Where windows lie: uniform in [0, 1), [N, C, dimensions]; drawn by default. */
  _randomSamples?: Tensor | null;
}
const FRACTIONAL = signature('fractionalMaxPool', [
  argument('input', TENSOR),
  argument('kernelSize', SIZE),
  optional('outputSize', nullable(SIZE)),
  optional('outputRatio', nullable(oneOrMore(REAL))),
  optional('returnIndices', FLAG),
  optional('_randomSamples', nullable(TENSOR)),
]);

type FractionalMaxPoolFunction<Size> = <Indices extends boolean = false>(
  input: Tensor,
  ...args: Arguments<
    [kernelSize: Size],
    [outputSize?: Size | null, outputRatio?: Size | null, returnIndices?: boolean, _randomSamples?: Tensor | null],
    FractionalMaxPoolArguments<Size> & { returnIndices?: Indices }
  >
) => MaxPooled<Indices>;

function fractional<Size extends number | Shape>(dims: SpatialDims): FractionalMaxPoolFunction<Size> {
  const op = `fractionalMaxPool${dims}d`;
  return (input, ...args) => {
    const options = FRACTIONAL.takeRest<FractionalMaxPoolArguments<number | Shape>>([input], args, op);
    const { outputSize = null, outputRatio = null, returnIndices = false } = options;
    const kernel = perDimension(op, 'kernelSize', options.kernelSize, dims, 1);
    if (outputSize === null && outputRatio === null) {
      throw new KindError(op, 'outputSize or outputRatio must be given, got neither.');
    }
    const spatial = input.shape.slice(-dims);
    const ratio = typeof outputRatio === 'number' ? spatial.map(() => outputRatio) : outputRatio;
    const output = outputSize ?? spatial.map((n, i) => Math.floor(n * (ratio?.[i] ?? NaN)));
    const { dtype, device } = input;
    const planes = [input.ndim === dims + 1 ? 1 : input.shape[0], input.shape[input.ndim - dims - 1]];
    const samples = options._randomSamples ?? rand([...planes, dims], { dtype, device });
    const results = fractionalMaxPool(dims, input, kernel, perDimension(op, 'outputSize', output, dims, 1), samples);
    return pooled(returnIndices ? results : results.slice(0, 1));
  };
}

/** Maxima of windows at random distances that cover an image. Shape: [N, C, H, W] or [C, H, W] -> H', W'. @see torch.nn.functional.fractional_max_pool2d */
export const fractionalMaxPool2d = interceptable('fractionalMaxPool2d', fractional<Size2d>(2));
/** Maxima of windows at random distances that cover a volume. Shape: [N, C, D, H, W] or [C, D, H, W] -> D', H', W'. @see torch.nn.functional.fractional_max_pool3d */
export const fractionalMaxPool3d = interceptable('fractionalMaxPool3d', fractional<Size3d>(3));
