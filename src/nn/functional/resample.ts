// Images at other sizes: interpolation, sampling at grids, cells and channels exchanged. With PyTorch's arguments.
import { interceptable, intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, SIZE, listOf, nullable, oneOf, oneOrMore } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import type { Arguments } from '../../base/arguments';
import { KindError, ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { adaptiveAvgPool } from '../../ops/spatial/avgPool';
import type { SpatialDims } from '../../ops/spatial/conv';
import * as grids from '../../ops/spatial/gridSample';
import { resample, type ResampleMode, type ResampleSize } from '../../ops/spatial/resample';
import { formatShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';

/** How values between samples are found; the name says for how many dimensions. */
export type InterpolationMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic' | 'trilinear' | 'area';

/** One number for all dimensions, or one each. */
type PerDimension = number | readonly number[];

/** Arguments of interpolate beside the input; size or scaleFactor must be given. */
export interface InterpolateArguments {
  size?: PerDimension | null;
  /** Output size over input size. */
  scaleFactor?: PerDimension | null;
  /** 'nearest' by default. */
  mode?: InterpolationMode;
  /** Whether the centres of the corner samples (not the corners of the image) stay in place; for the linear modes and 'bicubic', false by default. */
  alignCorners?: boolean | null;
  /** Whether positions come from the sizes, not from scaleFactor, which then only gives the size. */
  recomputeScaleFactor?: boolean | null;
  /** Whether the filter widens when the image shrinks, as in Pillow; for 'bilinear' and 'bicubic'. */
  antialias?: boolean;
}
const INTERPOLATE = signature('interpolate', [
  argument('input', TENSOR),
  optional('size', nullable(SIZE)),
  optional('scaleFactor', nullable(oneOrMore(REAL))),
  optional('mode', oneOf('nearest', 'nearest-exact', 'linear', 'bilinear', 'bicubic', 'trilinear', 'area')),
  optional('alignCorners', nullable(FLAG)),
  optional('recomputeScaleFactor', nullable(FLAG)),
  optional('antialias', FLAG),
]);

/** How a mode resamples each dimension, and for how many it is. */
const MODES: { readonly [M in Exclude<InterpolationMode, 'area'>]: readonly [ResampleMode, dims: readonly number[]] } =
  {
    nearest: ['nearest', [1, 2, 3]],
    'nearest-exact': ['nearest-exact', [1, 2, 3]],
    linear: ['linear', [1]],
    bilinear: ['linear', [2]],
    trilinear: ['linear', [3]],
    bicubic: ['cubic', [2]],
  };

/** An entry per dimension. @throws ShapeError for another number of them */
function spread(name: string, value: PerDimension, input: Tensor): readonly number[] {
  const dims = input.ndim - 2;
  const values = typeof value === 'number' ? new Array<number>(dims).fill(value) : value;
  if (values.length === dims) return values;
  throw new ShapeError(
    'interpolate',
    `${name} must be a number or ${dims} for an input of ${formatShape(input.shape)}, got ${values.length}.`,
    { shape: input.shape },
  );
}

/** The sizes of the result, and the scales that positions are computed by. @throws TypeError unless one of the two is given */
function sizesOf(
  input: Tensor,
  { size = null, scaleFactor = null, mode, recomputeScaleFactor }: InterpolateArguments,
): ResampleSize[] {
  if ((size === null) === (scaleFactor === null)) {
    throw new KindError(
      'interpolate',
      `one of size and scaleFactor must be given, got ${size === null ? 'neither' : 'both'}.`,
    );
  }
  if (size !== null) {
    if (recomputeScaleFactor === true) throw new KindError('interpolate', 'recomputeScaleFactor needs a scaleFactor.');
    return spread('size', size, input).map((n) => ({ size: n, scale: null }));
  }
  const recomputed = recomputeScaleFactor === true || mode === 'area';
  return spread('scaleFactor', scaleFactor ?? [], input).map((scale, i) => ({
    size: Math.floor(input.shape[2 + i] * scale),
    scale: recomputed ? null : scale,
  }));
}

/**
 * A sequence, image or volume at another size.
 *
 * Shape: input [N, C, L], [N, C, H, W] or [N, C, D, H, W] -> the same with sizes `size`, or floor(scaleFactor n).
 * Mode 'linear' is for sequences, 'bilinear' and 'bicubic' for images, 'trilinear' for volumes, the others for all.
 * @throws ShapeError, TypeError for a mode that does not fit the input or the other options.
 * @see torch.nn.functional.interpolate
 */
export function interpolate(
  input: Tensor,
  ...args: Arguments<
    [],
    [
      size?: PerDimension | null,
      scaleFactor?: PerDimension | null,
      mode?: InterpolationMode,
      alignCorners?: boolean | null,
      recomputeScaleFactor?: boolean | null,
      antialias?: boolean,
    ],
    InterpolateArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('interpolate', interpolate, [input, ...args]);
  const options = INTERPOLATE.takeRest<InterpolateArguments>([input], args);
  const { mode = 'nearest', alignCorners = null, antialias = false } = options;
  const dims = input.ndim - 2;
  if (dims < 1 || dims > 3) {
    throw new ShapeError(
      'interpolate',
      `input must be [N, C, L], [N, C, H, W] or [N, C, D, H, W], got ${formatShape(input.shape)}.`,
      { shape: input.shape },
    );
  }
  if (mode !== 'area' && !Object.hasOwn(MODES, mode)) {
    throw new KindError(
      'interpolate',
      `mode must be one of ${Object.keys(MODES).join(', ')}, area, got '${String(mode)}'.`,
    );
  }
  const [how, allowed] = mode === 'area' ? [null, [1, 2, 3]] : MODES[mode];
  if (!allowed.includes(dims)) {
    throw new ShapeError(
      'interpolate',
      `mode '${mode}' needs ${allowed[0] + 2} dimensions, got ${formatShape(input.shape)}.`,
      { shape: input.shape },
    );
  }
  if (alignCorners !== null && how !== 'linear' && how !== 'cubic') {
    throw new KindError('interpolate', `alignCorners is for the linear modes and 'bicubic', got it with '${mode}'.`);
  }
  if (antialias && mode !== 'bilinear' && mode !== 'bicubic') {
    throw new KindError('interpolate', `antialias is for 'bilinear' and 'bicubic', got it with '${mode}'.`);
  }
  const sizes = sizesOf(input, { ...options, mode });
  if (sizes.some(({ size }) => !Number.isInteger(size) || size < 1) || input.shape.slice(1).includes(0)) {
    throw new ShapeError(
      'interpolate',
      `no size but the batch may be 0, got ${formatShape(input.shape)} to sizes ${sizes.map(({ size }) => size).join(', ')}.`,
      { shape: input.shape },
    );
  }
  return libraryCode(() => {
    if (how === null) return adaptiveAvgPool(dims as SpatialDims, input, sizes.map(({ size }) => size)); // prettier-ignore
    const result = resample(input, sizes, { mode: how, alignCorners: alignCorners ?? false, antialias });
    // Always a copy, as in PyTorch.
    return result === input ? input.clone() : result;
  });
}

/** The older name of interpolate. @see torch.nn.functional.upsample */
export const upsample = interpolate;

/** Arguments of the older names beside the input. */
export interface UpsampleArguments {
  size?: PerDimension | null;
  /** Output size over input size. */
  scaleFactor?: PerDimension | null;
}
const UPSAMPLE = [optional('size', nullable(SIZE)), optional('scaleFactor', nullable(oneOrMore(REAL)))] as const;
const UPSAMPLE_BILINEAR = signature('upsampleBilinear', [argument('input', TENSOR), ...UPSAMPLE]);
const UPSAMPLE_NEAREST = signature('upsampleNearest', [argument('input', TENSOR), ...UPSAMPLE]);

type UpsampleArgs = Arguments<[], [size?: PerDimension | null, scaleFactor?: PerDimension | null], UpsampleArguments>;

/** interpolate with mode 'nearest'. @see torch.nn.functional.upsample_nearest */
export const upsampleNearest = interceptable('upsampleNearest', (input: Tensor, ...args: UpsampleArgs): Tensor =>
  interpolate(input, UPSAMPLE_NEAREST.takeRest<UpsampleArguments>([input], args)),
);

/** interpolate with mode 'bilinear' and alignCorners. @see torch.nn.functional.upsample_bilinear */
export const upsampleBilinear = interceptable('upsampleBilinear', (input: Tensor, ...args: UpsampleArgs): Tensor =>
  interpolate(input, {
    ...UPSAMPLE_BILINEAR.takeRest<UpsampleArguments>([input], args),
    mode: 'bilinear',
    alignCorners: true,
  }),
);

/** Arguments of gridSample beside the input. */
export interface GridSampleArguments {
  /** Points in [-1, 1]: (x, y) or (x, y, z) in the last dimension. */
  grid: Tensor;
  /** 'bilinear' by default, which for volumes is trilinear. */
  mode?: grids.GridMode;
  /** What lies outside; 'zeros' by default. */
  paddingMode?: grids.GridPadding;
  /** Whether -1 and 1 are the centres of the outer cells (not their outer edges); false by default. */
  alignCorners?: boolean | null;
}
const GRID_SAMPLE = signature('gridSample', [
  argument('input', TENSOR),
  argument('grid', TENSOR),
  optional('mode', oneOf('nearest', 'bilinear', 'bicubic')),
  optional('paddingMode', oneOf('zeros', 'border', 'reflection')),
  optional('alignCorners', nullable(FLAG)),
]);
const GRID_MODES: readonly string[] = ['bilinear', 'nearest', 'bicubic'] satisfies grids.GridMode[];
const GRID_PADDING: readonly string[] = ['zeros', 'border', 'reflection'] satisfies grids.GridPadding[];

/**
 * Values of an image or volume at the points of a grid.
 *
 * Shape: input [N, C, H, W] and grid [N, oH, oW, 2] -> [N, C, oH, oW]; input [N, C, D, H, W] and grid [N, oD, oH, oW, 3] ->
 * [N, C, oD, oH, oW].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.grid_sample
 */
export function gridSample(
  input: Tensor,
  ...args: Arguments<
    [grid: Tensor],
    [mode?: grids.GridMode, paddingMode?: grids.GridPadding, alignCorners?: boolean | null],
    GridSampleArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('gridSample', gridSample, [input, ...args]);
  const { grid, mode = 'bilinear', paddingMode = 'zeros', alignCorners } = GRID_SAMPLE.takeRest<GridSampleArguments>([input], args); // prettier-ignore
  if (!GRID_MODES.includes(mode) || !GRID_PADDING.includes(paddingMode)) {
    throw new KindError(
      'gridSample',
      `mode must be one of ${GRID_MODES.join(', ')} and paddingMode one of ${GRID_PADDING.join(', ')}, got '${String(mode)}' and '${String(paddingMode)}'.`,
    );
  }
  return grids.gridSample(input, grid, { mode, paddingMode, alignCorners: alignCorners ?? false });
}

/** Arguments of affineGrid beside the maps. */
export interface AffineGridArguments {
  /** Sizes of the image that gridSample is to make: [N, C, H, W] or [N, C, D, H, W]. */
  size: Shape;
  /** Whether -1 and 1 are the centres of the outer cells (not their outer edges); false by default. */
  alignCorners?: boolean | null;
}
const AFFINE_GRID = signature('affineGrid', [
  argument('theta', TENSOR),
  argument('size', listOf(INTEGER)),
  optional('alignCorners', nullable(FLAG)),
]);

/**
 * The grid that affine maps take the points of an image to.
 *
 * Shape: theta [N, 2, 3] and size [N, C, H, W] -> [N, H, W, 2]; theta [N, 3, 4] and size [N, C, D, H, W] -> [N, D, H, W, 3].
 * @throws ShapeError if they do not fit.
 * @see torch.nn.functional.affine_grid
 */
export function affineGrid(
  theta: Tensor,
  ...args: Arguments<[size: Shape], [alignCorners?: boolean | null], AffineGridArguments>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('affineGrid', affineGrid, [theta, ...args]);
  const { size, alignCorners } = AFFINE_GRID.takeRest<AffineGridArguments>([theta], args);
  return grids.affineGrid(theta, size, alignCorners ?? false);
}

export { channelShuffle, pixelShuffle, pixelUnshuffle } from '../../ops/shape/shuffle';
