// Elements in another arrangement: turned, repeated, put on diagonals, joined and split in PyTorch's many ways. Views
// where there is one (movement.ts), else copies.
import { gather, taking, type Arguments } from '../arguments';
import { DTypeError, ShapeError } from '../errors';
import { applyView, defineOp } from '../op';
import { broadcastShapes, formatShape, numelOf, wrapDim, wrapDims, type Shape } from '../shape';
import { Tensor } from '../tensor';
import { clone, contiguous, copy_, filled, queueCopy, to } from './copy';
import { arange, fromArray, type TensorOptions } from './creation';
import { addAlong, indexSelect } from './index';
import { cat, repeat, stack } from './join';
import {
  diagonal,
  expand,
  flatten,
  movedim,
  narrow,
  reshape,
  select,
  slice,
  split,
  toSizes,
  transpose,
  unsqueeze,
  type Sizes,
} from './movement';
import { lt, where } from './compare';
import { add, mul } from './pointwise';

type OneOrMore = number | readonly number[];
const listOf = (value: OneOrMore): readonly number[] => (typeof value === 'number' ? [value] : value);

// ---- turning ------------------------------------------------------------------------------------

const FLIP: (x: Tensor, dims: readonly number[]) => Tensor = defineOp<[x: Tensor], readonly number[]>({
  name: 'flip',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [x], out, dims) => {
    const { buffer, dtype, shape } = x;
    const strides = x.strides.map((stride, d) => (dims.includes(d) ? -stride : stride));
    const offset = dims.reduce((at, d) => at + Math.max(0, shape[d] - 1) * x.strides[d], x.offset);
    queueCopy(device, { buffer, dtype, shape, strides, offset }, out);
  },
  saves: {},
  backward: (grad, { params: dims }) => [() => FLIP(grad, dims)],
});

/** The order along these dimensions reversed. @see torch.flip */
export const flip = (x: Tensor, ...dims: Sizes): Tensor => FLIP(x, wrapDims('flip', toSizes(dims), x.ndim));

function flipOne(op: string, x: Tensor, dim: number, least: number): Tensor {
  if (x.ndim < least) {
    throw new ShapeError(`${op}: expected at least ${least} dimensions, got ${formatShape(x.shape)}.`);
  }
  return FLIP(x, [dim]);
}

/** Left and right exchanged: dimension 1 reversed. @see torch.fliplr */
export const fliplr = (x: Tensor): Tensor => flipOne('fliplr', x, 1, 2);
/** Up and down exchanged: dimension 0 reversed. @see torch.flipud */
export const flipud = (x: Tensor): Tensor => flipOne('flipud', x, 0, 1);

/** Options of `roll`. */
export interface RollOptions {
  shifts: OneOrMore;
  /** Without dims the tensor is rolled as a vector. */
  dims?: OneOrMore;
}

/** Elements moved on along dimensions, the last ones to the front. @see torch.roll */
export const roll = taking('roll', ['shifts', 'dims'], (x: Tensor, { shifts, dims }: RollOptions): Tensor => {
  const steps = listOf(shifts);
  const along = dims === undefined ? [] : listOf(dims);
  if (along.length === 0) {
    if (steps.length !== 1) {
      throw new RangeError(`roll: without dims there is one shift, got ${formatShape(steps)}.`);
    }
    return reshape(rollOne(reshape(x, -1), steps[0], 0), x.shape);
  }
  if (along.length !== steps.length) {
    throw new RangeError(`roll: shifts and dims must pair up, got ${formatShape(steps)} and ${formatShape(along)}.`);
  }
  return along.reduce((rolled, dim, i) => rollOne(rolled, steps[i], wrapDim('roll', dim, x.ndim)), x);
});

function rollOne(x: Tensor, shift: number, dim: number): Tensor {
  const n = x.shape[dim] ?? 0;
  const start = n === 0 ? 0 : (((n - shift) % n) + n) % n;
  if (start === 0) return clone(x);
  return cat([narrow(x, dim, start, n - start), narrow(x, dim, 0, start)], dim);
}

/** Options of `rot90`. */
export interface Rot90Options {
  /** Quarter turns from the first dimension to the second; default 1. */
  k?: number;
  /** Default [0, 1]. */
  dims?: readonly number[];
}

/** Turned by quarters in the plane of two dimensions. @see torch.rot90 */
export const rot90 = taking('rot90', ['k', 'dims'], (x: Tensor, { k = 1, dims = [0, 1] }: Rot90Options): Tensor => {
  if (dims.length !== 2) throw new RangeError(`rot90: dims must be two dimensions, got ${formatShape(dims)}.`);
  const [a, b] = wrapDims('rot90', dims, x.ndim);
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return clone(x);
  if (turns === 2) return FLIP(x, [a, b]);
  return turns === 1 ? transpose(FLIP(x, [b]), a, b) : FLIP(transpose(x, a, b), [b]);
});

// ---- repeating ------------------------------------------------------------------------------------

/** Repeated along each dimension; fewer counts than dimensions are for the last ones. @see torch.tile */
export function tile(x: Tensor, ...counts: Sizes): Tensor {
  const given = toSizes(counts);
  return repeat(x, [...new Array<number>(Math.max(0, x.ndim - given.length)).fill(1), ...given]);
}

/** Options of `repeatInterleave`. */
export interface RepeatInterleaveOptions {
  dim?: number | null;
  outputSize?: number | null;
}
type Repeats = number | readonly number[] | Tensor;
type RepeatArguments = Arguments<RepeatInterleaveOptions, ['dim', 'outputSize']>;

/**
 * Each element, or slice along `dim`, repeated: all as often, or each by a count of its own. Counts in a tensor have to
 * be read first, so that the result is a promise; an array of them does without.
 * @see torch.repeat_interleave
 */
export function repeatInterleave(x: Tensor, repeats: number | readonly number[], ...args: RepeatArguments): Tensor;
export function repeatInterleave(
  x: Tensor,
  options: RepeatInterleaveOptions & { repeats: number | readonly number[] },
): Tensor;
export function repeatInterleave(x: Tensor, repeats: Tensor, ...args: RepeatArguments): Promise<Tensor>;
export function repeatInterleave(
  x: Tensor,
  given: number | readonly number[] | Tensor | (RepeatInterleaveOptions & { repeats: number | readonly number[] }),
  ...args: RepeatArguments
): Tensor | Promise<Tensor> {
  const order = ['repeats', 'dim', 'outputSize'] as const;
  const { repeats, dim = null } = gather<RepeatInterleaveOptions & { repeats: Repeats }>('repeatInterleave', order, [
    given,
    ...args,
  ]);
  const source = dim === null ? reshape(x, -1) : x;
  const d = dim === null ? 0 : wrapDim('repeatInterleave', dim, x.ndim);
  if (repeats instanceof Tensor) {
    if (repeats.dtype !== 'int64' && repeats.dtype !== 'int32') {
      throw new DTypeError(`repeatInterleave: repeats must be int32 or int64, got ${repeats.dtype}.`);
    }
    return repeats.data().then((counts) => repeatEach(source, Array.from(counts, Number), d));
  }
  if (typeof repeats === 'object') return repeatEach(source, repeats, d);
  checkCounts([repeats]);
  const between = [...source.shape.slice(0, d + 1), repeats, ...source.shape.slice(d + 1)];
  return flatten(clone(expand(unsqueeze(source, d + 1), between)), d, d + 1);
}

function checkCounts(counts: readonly number[]): void {
  if (counts.every((count) => Number.isInteger(count) && count >= 0)) return;
  throw new RangeError(`repeatInterleave: repeats must be whole numbers >= 0, got ${formatShape(counts)}.`);
}

function repeatEach(x: Tensor, counts: readonly number[], dim: number): Tensor {
  const n = x.shape[dim];
  if (counts.length === 1) return repeatInterleave(x, counts[0], dim);
  if (counts.length !== n) {
    throw new ShapeError(`repeatInterleave: repeats must be one count for each of ${n}, got ${counts.length}.`);
  }
  checkCounts(counts);
  const order = counts.flatMap((count, i) => new Array<number>(count).fill(i));
  return indexSelect(x, dim, indexVector(order, x));
}

/** An index vector on the device of `like`. */
const indexVector = (values: readonly number[], { device }: Pick<Tensor, 'device'>): Tensor =>
  to(fromArray(Int32Array.from(values), [values.length], { device }), 'int64');

// ---- diagonals --------------------------------------------------------------------------------------

/** Options of `diagEmbed`. */
export interface DiagEmbedOptions {
  /** Above the main diagonal; 0 by default. */
  offset?: number;
  /** -2 by default. */
  dim1?: number;
  /** -1 by default. */
  dim2?: number;
}
const DIAG_EMBED = ['offset', 'dim1', 'dim2'] as const;

/** Matrices with the last dimension of x on a diagonal, zeros elsewhere. @see torch.diag_embed */
export const diagEmbed = taking(
  'diagEmbed',
  DIAG_EMBED,
  (x: Tensor, { offset = 0, dim1 = -2, dim2 = -1 }: DiagEmbedOptions): Tensor => {
    const [a, b] = wrapDims('diagEmbed', [dim1, dim2], x.ndim + 1);
    const n = (x.shape[x.ndim - 1] ?? 1) + Math.abs(offset);
    const shape: number[] = [...x.shape.slice(0, -1)];
    for (const d of [Math.min(a, b), Math.max(a, b)]) shape.splice(d, 0, n);
    const out = filled(x.device, shape, x.dtype, 0);
    copy_(diagonal(out, offset, a, b), x);
    return out;
  },
);

/** A vector on the diagonal of a matrix, or the diagonal of a matrix. @see torch.diag */
export const diag = taking(
  'diag',
  ['diagonal'],
  (x: Tensor, { diagonal: offset = 0 }: { diagonal?: number }): Tensor => {
    if (x.ndim === 1) return diagEmbed(x, offset);
    if (x.ndim === 2) return clone(diagonal(x, offset));
    throw new ShapeError(`diag: expected a vector or a matrix, got ${formatShape(x.shape)}.`, { shape: x.shape });
  },
);

/** All elements on the diagonal of a matrix. @see torch.diagflat */
export const diagflat = taking('diagflat', ['offset'], (x: Tensor, { offset = 0 }: { offset?: number }): Tensor => {
  return diagEmbed(reshape(x, -1), offset);
});

/** Matrices one behind the other on a diagonal. @see torch.block_diag */
export function blockDiag(...tensors: readonly Tensor[]): Tensor {
  const blocks = tensors.map((x) => {
    if (x.ndim > 2) throw new ShapeError(`blockDiag: expected at most 2 dimensions, got ${formatShape(x.shape)}.`);
    return atleast2d(x);
  });
  const columns = blocks.reduce((n, x) => n + x.shape[1], 0);
  let before = 0;
  const rows = blocks.map((x) => {
    const [height, width] = x.shape;
    const zeros = (n: number): Tensor => filled(x.device, [height, n], x.dtype, 0);
    const row = cat([zeros(before), x, zeros(columns - before - width)], 1);
    before += width;
    return row;
  });
  return cat(rows, 0);
}

/** The sum of the main diagonal of a matrix. @see torch.trace */
export function trace(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new ShapeError(`trace: expected a matrix, got ${formatShape(x.shape)}.`);
  return diagonal(x).sum();
}

function triangleIndices(
  rows: number,
  columns: number,
  within: (i: number, j: number) => boolean,
  options: TensorOptions,
): Tensor {
  const places: [number[], number[]] = [[], []];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (!within(i, j)) continue;
      places[0].push(i);
      places[1].push(j);
    }
  }
  const { dtype = 'int64', ...rest } = options;
  return to(fromArray(Int32Array.from(places.flat()), [2, places[0].length], rest), dtype);
}

/** Options of `trilIndices` and `triuIndices`. */
export interface TriangleOptions extends TensorOptions {
  row: number;
  col: number;
  offset?: number;
}
type TriangleArguments = Arguments<TriangleOptions, ['row', 'col', 'offset', 'dtype', 'device', 'requiresGrad']>;
const TRIANGLE = ['row', 'col', 'offset', 'dtype', 'device', 'requiresGrad'] as const;

/** Places [2, n] of the lower triangle of a matrix, row by row. @see torch.tril_indices */
export function trilIndices(...args: TriangleArguments): Tensor {
  const { row, col, offset = 0, ...options } = gather<TriangleOptions>('trilIndices', TRIANGLE, args);
  return triangleIndices(row, col, (i, j) => j <= i + offset, options);
}

/** Places [2, n] of the upper triangle of a matrix, row by row. @see torch.triu_indices */
export function triuIndices(...args: TriangleArguments): Tensor {
  const { row, col, offset = 0, ...options } = gather<TriangleOptions>('triuIndices', TRIANGLE, args);
  return triangleIndices(row, col, (i, j) => j >= i + offset, options);
}

// ---- joining ----------------------------------------------------------------------------------------

/** Tensors as one array or separately. */
type Tensors = readonly [readonly Tensor[]] | readonly Tensor[];
const toTensors = (tensors: Tensors): readonly Tensor[] =>
  Array.isArray(tensors[0]) ? (tensors[0] as readonly Tensor[]) : (tensors as readonly Tensor[]);

const reshapedTo =
  (shapeOf: (shape: Shape) => Shape) =>
  (x: Tensor): Tensor =>
    reshape(x, shapeOf(x.shape));
const one = reshapedTo((shape) => (shape.length === 0 ? [1] : shape));
const two = reshapedTo((shape) => (shape.length === 0 ? [1, 1] : shape.length === 1 ? [1, ...shape] : shape));
const three = reshapedTo((shape) =>
  shape.length === 0 ? [1, 1, 1] : shape.length === 1 ? [1, ...shape, 1] : shape.length === 2 ? [...shape, 1] : shape,
);

/** `f` of one tensor, or of each of several. */
function each(f: (x: Tensor) => Tensor): {
  (x: Tensor): Tensor;
  (...tensors: Tensors): Tensor[];
};
function each(f: (x: Tensor) => Tensor): (...tensors: Tensors) => Tensor | Tensor[] {
  return (...tensors) =>
    tensors.length === 1 && tensors[0] instanceof Tensor ? f(tensors[0]) : toTensors(tensors).map(f);
}

/** Viewed with one dimension at least. @see torch.atleast_1d */
export const atleast1d = each(one);
/** Viewed with two dimensions at least. @see torch.atleast_2d */
export const atleast2d = each(two);
/** Viewed with three dimensions at least. @see torch.atleast_3d */
export const atleast3d = each(three);

/** Joined side by side: along dimension 1, vectors along 0. @see torch.hstack */
export const hstack = (tensors: readonly Tensor[]): Tensor => {
  const pieces = tensors.map(one);
  return cat(pieces, pieces[0]?.ndim === 1 ? 0 : 1);
};
/** Joined one above the other. @see torch.vstack */
export const vstack = (tensors: readonly Tensor[]): Tensor => cat(tensors.map(two), 0);
/** Joined along the third dimension. @see torch.dstack */
export const dstack = (tensors: readonly Tensor[]): Tensor => cat(tensors.map(three), 2);
/** Joined side by side, vectors as columns. @see torch.column_stack */
export const columnStack = (tensors: readonly Tensor[]): Tensor =>
  cat(
    tensors.map((x) => (x.ndim < 2 ? reshape(x, -1, 1) : x)),
    1,
  );

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** 'xy' exchanges the first two dimensions; default 'ij'. */
  indexing?: 'ij' | 'xy';
}

/** Coordinates on the grid that vectors span, one tensor for each. @see torch.meshgrid */
export function meshgrid(...args: readonly (Tensor | readonly Tensor[] | MeshgridOptions)[]): Tensor[] {
  const last = args.at(-1);
  const hasOptions = args.length > 0 && !(last instanceof Tensor) && !Array.isArray(last);
  const { indexing = 'ij' } = hasOptions ? (last as MeshgridOptions) : {};
  const given = toTensors((hasOptions ? args.slice(0, -1) : args) as Tensors);
  if (indexing !== 'ij' && indexing !== 'xy') {
    throw new RangeError(`meshgrid: indexing must be 'ij' or 'xy', got '${String(indexing)}'.`);
  }
  for (const x of given) {
    if (x.ndim > 1) throw new ShapeError(`meshgrid: expected vectors or scalars, got ${formatShape(x.shape)}.`);
    if (x.dtype !== given[0].dtype) {
      throw new DTypeError(`meshgrid: all must be of one dtype, got ${given[0].dtype} and ${x.dtype}.`);
    }
  }
  if (given.length === 0) throw new ShapeError('meshgrid: expected at least one tensor, got none.');
  const swaps = indexing === 'xy' && given.length >= 2;
  const vectors = given.map((x) => reshape(x, -1));
  const ordered = swaps ? [vectors[1], vectors[0], ...vectors.slice(2)] : vectors;
  const shape = ordered.map((x) => x.shape[0]);
  const grids = ordered.map((x, d) =>
    expand(
      reshape(
        x,
        shape.map((size, i) => (i === d ? size : 1)),
      ),
      shape,
    ),
  );
  return swaps ? [grids[1], grids[0], ...grids.slice(2)] : grids;
}

/** Every choice of one element from each vector, as rows. @see torch.cartesian_prod */
export function cartesianProd(...tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 1) return tensors[0];
  const grids = meshgrid(tensors).map((grid) => reshape(grid, -1));
  return stack(grids, 1);
}

/** Options of `combinations`. */
export interface CombinationsOptions {
  /** Elements in each; default 2. */
  r?: number;
  withReplacement?: boolean;
}

/** Every choice of r elements of a vector in order, as rows. @see torch.combinations */
export const combinations = taking(
  'combinations',
  ['r', 'withReplacement'],
  (x: Tensor, { r = 2, withReplacement = false }: CombinationsOptions): Tensor => {
    if (x.ndim !== 1) throw new ShapeError(`combinations: expected a vector, got ${formatShape(x.shape)}.`);
    if (r === 0) return filled(x.device, [0], x.dtype, 0);
    const rows: number[][] = [];
    const choose = (chosen: number[], from: number): void => {
      if (chosen.length === r) rows.push(chosen);
      else for (let i = from; i < x.shape[0]; i++) choose([...chosen, i], withReplacement ? i : i + 1);
    };
    choose([], 0);
    return reshape(indexSelect(x, 0, indexVector(rows.flat(), x)), rows.length, r);
  },
);

/** All broadcast to their common shape, as views. @see torch.broadcast_tensors */
export function broadcastTensors(...tensors: Tensors): Tensor[] {
  const given = toTensors(tensors);
  const shape = broadcastShapes('broadcastTensors', ...given.map((x) => x.shape));
  return given.map((x) => expand(x, shape));
}

/** Summed over what a broadcast from `size` would have repeated. @see torch.Tensor.sum_to_size */
export function sumToSize(x: Tensor, ...sizes: Sizes): Tensor {
  const size = toSizes(sizes);
  const lead = x.ndim - size.length;
  const fits = lead >= 0 && size.every((n, d) => n === 1 || n === x.shape[d + lead]);
  if (!fits) {
    throw new ShapeError(`sumToSize: ${formatShape(x.shape)} is no broadcast of ${formatShape(size)}.`);
  }
  const dims = x.shape.flatMap((n, d) => (d < lead || (size[d - lead] === 1 && n !== 1) ? [d] : []));
  return dims.length === 0 ? x : reshape(x.sum(dims, true), size);
}

// ---- splitting ----------------------------------------------------------------------------------------

/** Options of `tensorSplit`. */
export interface TensorSplitOptions<How = number | readonly number[]> {
  /** How many pieces, or where to cut. */
  indicesOrSections?: How;
  sections?: How;
  indices?: How;
  dim?: number;
}
const TENSOR_SPLIT = ['indicesOrSections', 'dim', 'sections', 'indices'] as const;
type TensorSplitArguments<How> = Arguments<TensorSplitOptions<How>, typeof TENSOR_SPLIT>;

/**
 * Views of nearly equal pieces, or of the pieces between indices. Where to cut may be a tensor: then the result is a
 * promise, as it has to be read. @see torch.tensor_split
 */
export function tensorSplit(x: Tensor, ...args: TensorSplitArguments<number | readonly number[]>): Tensor[];
export function tensorSplit(x: Tensor, ...args: TensorSplitArguments<Tensor>): Promise<Tensor[]>;
export function tensorSplit(
  x: Tensor,
  ...args: TensorSplitArguments<number | readonly number[]> | TensorSplitArguments<Tensor>
): Tensor[] | Promise<Tensor[]> {
  const options = gather<TensorSplitOptions<Repeats>>('tensorSplit', TENSOR_SPLIT, args);
  const how = options.indicesOrSections ?? options.sections ?? options.indices;
  if (how === undefined) throw new TypeError('tensorSplit: expected how many pieces, or where to cut, got nothing.');
  const dim = options.dim ?? 0;
  if (!(how instanceof Tensor)) return cut(x, how, dim);
  return how.data().then((values) => cut(x, how.ndim === 0 ? Number(values[0]) : Array.from(values, Number), dim));
}

function cut(x: Tensor, how: number | readonly number[], dim: number): Tensor[] {
  if (x.ndim === 0) throw new ShapeError('tensorSplit: a zero-dimensional tensor cannot be split.');
  const d = wrapDim('tensorSplit', dim, x.ndim);
  const n = x.shape[d];
  if (typeof how === 'number') {
    if (!Number.isInteger(how) || how < 1) {
      throw new RangeError(`tensorSplit: the number of pieces must be positive, got ${how}.`);
    }
    const sizes = Array.from({ length: how }, (_, i) => Math.floor(n / how) + (i < n % how ? 1 : 0));
    return split(x, sizes, d);
  }
  return [...how, n].map((end, i) => slice(x, d, i === 0 ? 0 : how[i - 1], end));
}

/** A split along `dim` into a number of pieces, which must divide its size, or at indices. */
function evenSplit(op: string, x: Tensor, how: number | readonly number[], dim: number, least: number): Tensor[] {
  if (x.ndim < least)
    throw new ShapeError(`${op}: expected ${least} dimensions at least, got ${formatShape(x.shape)}.`);
  if (typeof how === 'number' && (how < 1 || x.shape[dim] % how !== 0)) {
    throw new ShapeError(`${op}: dimension ${dim} must be divisible by ${how}, got size ${x.shape[dim]}.`);
  }
  return cut(x, how, dim);
}

/** Split along dimension 1, vectors along 0. @see torch.hsplit */
export const hsplit = (x: Tensor, how: number | readonly number[]): Tensor[] =>
  evenSplit('hsplit', x, how, x.ndim === 1 ? 0 : 1, 1);
/** Split along dimension 0. @see torch.vsplit */
export const vsplit = (x: Tensor, how: number | readonly number[]): Tensor[] => evenSplit('vsplit', x, how, 0, 2);
/** Split along dimension 2. @see torch.dsplit */
export const dsplit = (x: Tensor, how: number | readonly number[]): Tensor[] => evenSplit('dsplit', x, how, 2, 3);

// ---- windows and strides ----------------------------------------------------------------------------------

/** Options of `unfold`. */
export interface UnfoldOptions {
  dimension: number;
  size: number;
  step: number;
}

/** A view of all slices of `size` along a dimension, `step` apart, as a last dimension. @see torch.Tensor.unfold */
export const unfold = taking(
  'unfold',
  ['dimension', 'size', 'step'],
  (x: Tensor, { dimension, size, step }: UnfoldOptions): Tensor => {
    const d = wrapDim('unfold', dimension, x.ndim);
    const n = x.shape[d] ?? 1;
    if (!(size >= 0 && size <= n)) throw new RangeError(`unfold: size must be at most ${n}, got ${size}.`);
    if (!(step > 0)) throw new RangeError(`unfold: step must be positive, got ${step}.`);
    if (x.ndim === 0) return expand(reshape(x, 1), [size]);
    const count = Math.floor((n - size) / step) + 1;
    const geometry = {
      shape: [...x.shape.map((extent, i) => (i === d ? count : extent)), size],
      strides: [...x.strides.map((stride, i) => (i === d ? stride * step : stride)), x.strides[d]],
      offset: x.offset,
    };
    // Not x itself, whose handle may be freed before the gradient is taken.
    const like = { device: x.device };
    const again = (base: Tensor): Tensor => unfold(base, d, size, step);
    return applyView('unfold', x, geometry, again, (grad) => {
      const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
      const windows = flatten(movedim(grad, -1, d + 1), d, d + 1);
      return addAlong(windows, d, indexVector(places, like), n);
    });
  },
);

/** Options of `asStrided`. */
export interface AsStridedOptions {
  size: Shape;
  stride: Shape;
  storageOffset?: number | null;
}

/**
 * A view of the memory of x with any sizes and strides (in elements); several elements may share a place, and then their
 * gradients add up there.
 * @throws RangeError if it would reach beyond the memory
 * @see torch.as_strided
 */
export const asStrided = taking(
  'asStrided',
  ['size', 'stride', 'storageOffset'],
  (x: Tensor, { size, stride, storageOffset = null }: AsStridedOptions): Tensor => {
    const offset = storageOffset ?? x.offset;
    const length = x.buffer.bytes / (x.nbytes / Math.max(1, x.numel()) || 1);
    const last = size.reduce((at, n, d) => at + (n - 1) * stride[d], offset);
    const valid = size.length === stride.length && offset >= 0 && stride.every((s) => s >= 0);
    if (!valid || (numelOf(size) > 0 && last >= length)) {
      throw new RangeError(
        `asStrided: size ${formatShape(size)}, stride ${formatShape(stride)} and offset ${offset} must stay within ${length} elements.`,
      );
    }
    const { shape, strides, offset: own, device } = x;
    const again = (base: Tensor): Tensor => asStrided(base, size, stride, offset);
    return applyView('asStrided', x, { shape: size, strides: stride, offset }, again, (grad) => {
      const whole = addAlong(
        reshape(grad, -1),
        0,
        positions(size, stride, offset, { device }),
        Math.max(last + 1, length),
      );
      return clone(asStrided(whole, shape, strides, own));
    });
  },
);

/** Places in memory of the elements of a strided view, as a vector. */
function positions(size: Shape, stride: Shape, offset: number, { device }: Pick<Tensor, 'device'>): Tensor {
  const start = filled(device, [], 'int64', offset);
  const places = size.reduce(
    (sum: Tensor, n, d) => add(unsqueeze(sum, -1), mul(arange(n, { device }), stride[d])),
    start,
  );
  return contiguous(reshape(places, -1));
}

// ---- writing part of a copy ------------------------------------------------------------------------------

/** A copy of x with `source` over a view of it. */
function over(x: Tensor, source: Tensor, view: (x: Tensor) => Tensor): Tensor {
  const out = clone(x);
  const part = view(out);
  if (String(part.shape) !== String(source.shape)) {
    throw new ShapeError(
      `scatter: the source must have the shape ${formatShape(part.shape)}, got ${formatShape(source.shape)}.`,
    );
  }
  copy_(part, source);
  return out;
}

/** A copy of x with `src` on a diagonal. @see torch.diagonal_scatter */
export const diagonalScatter = (
  x: Tensor,
  src: Tensor,
  ...args: Arguments<{ offset?: number; dim1?: number; dim2?: number }, ['offset', 'dim1', 'dim2']>
): Tensor => over(x, src, (out) => diagonal(out, ...args));

/** A copy of x with `src` at one index of a dimension. @see torch.select_scatter */
export const selectScatter = taking(
  'selectScatter',
  ['src', 'dim', 'index'],
  (x: Tensor, { src, dim, index }: { src: Tensor; dim: number; index: number }): Tensor =>
    over(x, src, (out) => select(out, dim, index)),
);

/** Options of `sliceScatter`. */
export interface SliceScatterOptions {
  src: Tensor;
  dim?: number;
  start?: number | null;
  end?: number | null;
  step?: number;
}

/** A copy of x with `src` over a slice. @see torch.slice_scatter */
export const sliceScatter = taking(
  'sliceScatter',
  ['src', 'dim', 'start', 'end', 'step'],
  (x: Tensor, { src, dim = 0, start = null, end = null, step = 1 }: SliceScatterOptions): Tensor =>
    over(x, src, (out) => slice(out, dim, start, end, step)),
);

/** All elements as a vector; a view if possible. @see torch.ravel */
export const ravel = (x: Tensor): Tensor => reshape(x, -1);
/**
 * The elements [start, start + length) along a dimension. A start that is a tensor gives a copy, as where the view would
 * lie is known only to the device. @throws RangeError outside the dimension. @see torch.narrow
 */
export function narrowFrom(x: Tensor, dim: number, start: number | Tensor, length: number): Tensor {
  if (!(start instanceof Tensor)) return narrow(x, dim, start, length);
  const d = wrapDim('narrow', dim, x.ndim);
  const first = where(lt(start, 0), add(start, x.shape[d]), start);
  return indexSelect(x, d, add(arange(length, { device: x.device }), first));
}

/** A dimension of a copy narrowed. @see torch.narrow_copy */
export const narrowCopy = (x: Tensor, dim: number, start: number, length: number): Tensor =>
  clone(narrow(x, dim, start, length));
