// Sampling images and volumes at the points of a grid, and the grids of affine maps. Points are in [-1, 1] from corner to
// corner. All is composed: coordinates by arithmetic, values by index with the channels of a cell beside each other.
import { intercepting } from '../../base/intercept';
import { KindError, ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { denseStrides, formatShape, numelOf, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { bitwiseAnd, ge, gt, isfinite, le, lt, where } from '../pointwise/compare';
import { contiguous, to } from '../shape/copy';
import { arange, fromArray } from '../shape/creation';
import { indexSelect } from '../indexing/gather';
import { matmul } from '../linalg/matmul';
import { expand, movedim, reshape, select, transpose } from '../shape/view';
import { add, div, floor, fmod, mul, remainder, round, rsub, sub } from '../pointwise/arithmetic';

/** How values between cells are found. */
export type GridMode = 'bilinear' | 'nearest' | 'bicubic';
/** What lies outside: zeros, the border, or the mirror image. */
export type GridPadding = 'zeros' | 'border' | 'reflection';

/** What gridSample does beside the input and the grid. */
export interface GridOptions {
  readonly mode: GridMode;
  readonly paddingMode: GridPadding;
  readonly alignCorners: boolean;
}

/** A cell along one dimension for every point, and its weight. */
interface Tap {
  readonly at: Tensor;
  readonly weight: Tensor;
}

/** From [-1, 1] to cells: the corners are the centres of the outer cells, or their outer edges. */
const toCells = (x: Tensor, n: number, alignCorners: boolean): Tensor =>
  alignCorners ? mul(add(x, 1), (n - 1) / 2) : sub(mul(add(x, 1), n / 2), 0.5);

/** x within [0, n - 1], with a gradient strictly inside only. */
const clipped = (x: Tensor, n: number): Tensor => where(gt(x, 0), where(lt(x, n - 1), x, n - 1), 0);

/** x mirrored at both ends as often as it takes: at the centres of the outer cells, or at their outer edges. */
function reflected(x: Tensor, n: number, alignCorners: boolean): Tensor {
  const [low, span] = alignCorners ? [0, n - 1] : [-0.5, n];
  if (span === 0) return mul(x, 0);
  const distance = where(lt(x, low), rsub(x, low), sub(x, low));
  const rest = fmod(distance, span);
  const isEven = lt(remainder(floor(div(distance, span)).detach(), 2), 1);
  return where(isEven, add(rest, low), rsub(rest, span + low));
}

/** Coordinates outside as those that stand for them. */
function padded(x: Tensor, n: number, { paddingMode, alignCorners }: GridOptions): Tensor {
  if (paddingMode === 'zeros') return x;
  return clipped(paddingMode === 'border' ? x : reflected(x, n, alignCorners), n);
}

/** A slope of the cubic convolution kernel: weights of the cells 1 before, at, 1 and 2 behind a point `t` past a cell. */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (d: Tensor): Tensor => add(mul(mul(sub(mul(d, a + 2), a + 3), d), d), 1);
  const far = (d: Tensor): Tensor => mul(sub(mul(add(mul(sub(d, 5), d), 8), d), 4), a);
  return [far(add(t, 1)), near(t), near(rsub(t, 1)), far(rsub(t, 2))];
}

/** The cells that a coordinate takes its value from, along one dimension of n cells. */
function tapsAlong(x: Tensor, n: number, options: GridOptions): Tap[] {
  const cells = toCells(x, n, options.alignCorners);
  if (options.mode === 'bicubic') {
    const low = floor(cells).detach();
    return cubicWeights(sub(cells, low)).map((weight, i) => ({ at: padded(add(low, i - 1), n, options), weight }));
  }
  const inside = padded(cells, n, options);
  if (options.mode === 'nearest') {
    // Of weight 1, with a gradient of 0.
    const finite = where(isfinite(inside), inside, 0);
    return [{ at: round(inside).detach(), weight: add(mul(finite, 0), 1) }];
  }
  const low = floor(inside).detach();
  const share = sub(inside, low);
  return [
    { at: low, weight: rsub(share, 1) },
    { at: add(low, 1), weight: share },
  ];
}

/** All combinations of one element of each list. */
const combinations = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((heads, list) => heads.flatMap((head) => list.map((item) => [...head, item])), [[]]);

/**
 * Values of the input at the points of a grid.
 * Shape: input [N, C, H, W] and grid [N, oH, oW, 2] -> [N, C, oH, oW]; input [N, C, D, H, W] and grid [N, oD, oH, oW, 3] ->
 * [N, C, oD, oH, oW]. A point is (x, y) or (x, y, z), x along the width.
 * @throws ShapeError
 * @see torch.nn.functional.grid_sample
 */
export function gridSample(input: Tensor, grid: Tensor, options: GridOptions): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('gridSample', gridSample, [input, grid, options]);
  const dims = input.ndim - 2;
  const isCubic = options.mode === 'bicubic';
  const [batch, channels, ...spatial] = input.shape;
  const points = grid.shape.slice(1, -1);
  if (
    (dims !== 2 && (dims !== 3 || isCubic)) ||
    grid.ndim !== dims + 2 ||
    grid.shape[0] !== batch ||
    grid.shape[dims + 1] !== dims
  ) {
    throw new ShapeError(
      'gridSample',
      `expected input [N, C, H, W] and grid [N, oH, oW, 2]${isCubic ? '' : ', or input [N, C, D, H, W] and grid [N, oD, oH, oW, 3]'}, ` +
        `got ${formatShape(input.shape)} and ${formatShape(grid.shape)}.`,
      { shapes: [input.shape, grid.shape] },
    );
  }
  if (input.dtype !== grid.dtype) {
    throw new KindError('gridSample', `input and grid must have one dtype, got ${input.dtype} and ${grid.dtype}.`);
  }
  if (spatial.includes(0)) {
    throw new ShapeError('gridSample', `the input must not be empty, got ${formatShape(input.shape)}.`);
  }
  return libraryCode(() => {
    const { device } = input;
    const count = numelOf(points);
    const rows = reshape(contiguous(movedim(input, 1, -1)), [batch * numelOf(spatial), channels]);
    const flat = reshape(contiguous(grid), [batch, count, dims]);
    const taps = spatial.map((n, i) => tapsAlong(select(flat, 2, dims - 1 - i), n, options));
    const strides = denseStrides(spatial);
    const firstRows = reshape(mul(arange(batch, { device }), numelOf(spatial)), [batch, 1]);
    let total: Tensor | null = null;
    for (const cell of combinations(taps)) {
      const { row, isInside, weight } = cellOf(cell, spatial, strides);
      const values = indexSelect(rows, 0, reshape(add(row, firstRows), [batch * count]));
      const known = where(reshape(isInside, [batch * count, 1]), values, 0);
      const share = mul(known, reshape(weight, [batch * count, 1]));
      total = total === null ? share : add(total, share);
    }
    const sampled = reshape(total as Tensor, [batch, count, channels]);
    return reshape(contiguous(transpose(sampled, 1, 2)), [batch, channels, ...points]);
  });
}

/** Where a cell lies among all of an image, whether it lies there at all, and its weight: the product of those of its taps. */
function cellOf(
  taps: readonly Tap[],
  spatial: Shape,
  strides: readonly number[],
): { row: Tensor; isInside: Tensor; weight: Tensor } {
  const isInside = taps
    .map(({ at }, i) => bitwiseAnd(ge(at, 0), le(at, spatial[i] - 1)))
    .reduce((a, b) => bitwiseAnd(a, b));
  const row = taps.map(({ at }, i) => mul(to(where(isInside, at, 0), 'int64'), strides[i])).reduce((a, b) => add(a, b));
  return { row, isInside, weight: taps.map((tap) => tap.weight).reduce((a, b) => mul(a, b)) };
}

/** n points from -1 to 1: the corners, or with alignCorners false the centres of n cells between them. */
function pointsAlong(n: number, alignCorners: boolean): Float64Array {
  if (n <= 1) return new Float64Array(n);
  return Float64Array.from({ length: n }, (_, i) => (alignCorners ? (2 * i) / (n - 1) - 1 : (2 * i + 1) / n - 1));
}

/**
 * The grid for gridSample that an affine map takes the points of the output to.
 * Shape: theta [N, 2, 3] and size [N, C, H, W] -> [N, H, W, 2]; theta [N, 3, 4] and size [N, C, D, H, W] -> [N, D, H, W, 3].
 * @throws ShapeError
 * @see torch.nn.functional.affine_grid
 */
export function affineGrid(theta: Tensor, size: Shape, alignCorners: boolean): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('affineGrid', affineGrid, [theta, size, alignCorners]);
  const dims = size.length - 2;
  const [batch, , ...spatial] = size;
  const fits = theta.ndim === 3 && theta.shape[0] === batch && theta.shape[1] === dims && theta.shape[2] === dims + 1;
  if ((dims !== 2 && dims !== 3) || !fits || size.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ShapeError(
      'affineGrid',
      `expected theta [N, 2, 3] and size [N, C, H, W], or theta [N, 3, 4] and size [N, C, D, H, W], none of them 0, got ${formatShape(theta.shape)} and ${formatShape(size)}.`,
      { theta: theta.shape, size },
    );
  }
  return libraryCode(() => {
    const { device, dtype } = theta;
    const base = new Float64Array(numelOf(spatial) * (dims + 1)).fill(1);
    const axes = spatial.map((n) => pointsAlong(n, alignCorners));
    const strides = denseStrides(spatial);
    for (let p = 0; p < numelOf(spatial); p++) {
      axes.forEach((axis, i) => {
        base[p * (dims + 1) + dims - 1 - i] = axis[Math.floor(p / strides[i]) % spatial[i]];
      });
    }
    const points = fromArray(base, [1, numelOf(spatial), dims + 1], { device, dtype });
    const whole = expand(points, [batch, numelOf(spatial), dims + 1]);
    return reshape(matmul(whole, transpose(theta, 1, 2)), [batch, ...spatial, dims]);
  });
}
