// Views: the same memory with another shape. Nothing is computed; `reshape`, `flatten` and `unflatten` copy where
// no view can show what is asked for.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { INTEGER, COUNT, DIM, DIMS, SHAPE, atLeast, listOf, oneOrMore } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { INPUT, OTHER } from '../../core/kinds';
import { composed } from '../../base/errorText';
import { ShapeError, ValueError } from '../../base/errors';
import { applyView, applyViews, type Geometry, type Piece } from '../../core/op';
import {
  denseStrides,
  formatShape,
  inferShape,
  numelOf,
  sameShape,
  viewStrides,
  wrapDim,
  wrapDims,
  type Shape,
} from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { clone, copy_, filled } from './copy';

/** Sizes, as one array or separately. */
export type Sizes<Name extends string = 'size'> = [sizes: Shape] | number[] | [named: { readonly [N in Name]: Shape }];

const asList = (dims: number | readonly number[]): readonly number[] => (typeof dims === 'number' ? [dims] : dims);

/**
 * The gradient of a view that shows part of x: zeros, with `grad` where the view was. Adds where the view shows an
 * element once only, which holds for all views here.
 */
function scatterInto(x: Tensor, again: (base: Tensor) => Tensor): (grad: Tensor) => Tensor {
  const { device, shape, dtype } = x;
  return (grad) => {
    const whole = filled(device, shape, dtype, 0);
    copy_(again(whole), grad);
    return whole;
  };
}

/** Views of parts of x that do not overlap, with one gradient for all: zeros, with the gradients where the views were. */
function partialViews(name: string, x: Tensor, pieces: readonly Piece[]): Tensor[] {
  const { device, shape, dtype } = x;
  return applyViews(name, x, pieces, (grads) => {
    const whole = filled(device, shape, dtype, 0);
    pieces.forEach(({ again }, i) => {
      const grad = grads[i] ?? null;
      if (grad !== null) copy_(again(whole), grad);
    });
    return whole;
  });
}

/** A view of part of x. */
function partialView(name: string, x: Tensor, geometry: Geometry, again: (base: Tensor) => Tensor): Tensor {
  return applyView(name, x, geometry, again, scatterInto(x, again));
}

/** The sizes where they are given as one list of numbers, as mostly; that these are whole is seen to by `inferShape`. */
function oneList(x: unknown, [list, ...more]: readonly unknown[]): Shape | null {
  if (!Array.isArray(list) || more.length > 0 || !(x instanceof Tensor)) return null;
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== 'number') return null;
  return list as Shape;
}

const VIEW = signature('view', [INPUT, argument('size', SHAPE)]);

/**
 * The same elements, in the same memory, with another shape; one size may be -1.
 * @throws ShapeError if the count does not fit or the layout needs a copy (use reshape)
 * @see torch.Tensor.view
 */
export function view(x: Tensor, ...sizes: Sizes): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('view', view, [x, ...sizes]);
  const size = oneList(x, sizes) ?? VIEW.take([x, ...sizes]).size;
  const shape = inferShape('view', size, x.numel(), x.shape);
  const strides = viewStrides(x.shape, x.strides, shape);
  if (strides === null) {
    throw new ShapeError(
      'view',
      `shape ${formatShape(x.shape)} with strides ${formatShape(x.strides)} cannot be shown as ${formatShape(shape)} without a copy. Use reshape.`,
      { shape: x.shape, strides: x.strides },
    );
  }
  return viewAs(x, shape, strides);
}

/** All of x, as another tensor that shows the same memory. */
export const wholeView = (x: Tensor): Tensor => viewAs(x, x.shape, x.strides);

function viewAs(x: Tensor, shape: Shape, strides: readonly number[]): Tensor {
  const from = x.shape;
  return applyView(
    'view', x, { shape, strides, offset: x.offset },
    (base) => reshape(base, shape),
    (grad) => reshape(grad, from),
  ); // prettier-ignore
}

const RESHAPE = signature('reshape', [INPUT, argument('shape', SHAPE)]);

/** The same elements with another shape, a view if possible, else a copy; one size may be -1. @see torch.reshape */
export function reshape(x: Tensor, ...sizes: Sizes<'shape'>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('reshape', reshape, [x, ...sizes]);
  const shape = inferShape('reshape', oneList(x, sizes) ?? RESHAPE.take([x, ...sizes]).shape, x.numel(), x.shape);
  if (sameShape(shape, x.shape)) return wholeView(x);
  const strides = viewStrides(x.shape, x.strides, shape);
  return strides === null ? viewAs(clone(x), shape, denseStrides(shape)) : viewAs(x, shape, strides);
}

const PERMUTE = signature('permute', [INPUT, argument('dims', SHAPE)]);

/** Dimensions in another order. @see torch.permute */
export function permute(x: Tensor, ...dims: Sizes<'dims'>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('permute', permute, [x, ...dims]);
  const order = wrapDims('permute', PERMUTE.take([x, ...dims]).dims, x.ndim);
  if (order.length !== x.ndim) {
    throw new ShapeError(
      'permute',
      `dims must name all ${x.ndim} dimensions of ${formatShape(x.shape)}, got ${formatShape(order)}.`,
    );
  }
  const inverse = order.map((_, i) => order.indexOf(i));
  const geometry = { shape: order.map((d) => x.shape[d]), strides: order.map((d) => x.strides[d]), offset: x.offset };
  return applyView('permute', x, geometry, (base) => permute(base, order), (grad) => permute(grad, inverse)); // prettier-ignore
}

/** Arguments of transpose. */
export interface TransposeOptions {
  dim0: number;
  dim1: number;
}
const TRANSPOSE = signature('transpose', [INPUT, argument('dim0', DIM), argument('dim1', DIM)]);

/** Two dimensions exchanged. @example x.transpose(-2, -1) @see torch.transpose */
export function transpose(
  x: Tensor,
  ...args: Arguments<
    [dim0: number, dim1: number],
    [],
    TransposeOptions,
    [dim0: number, options: Omit<TransposeOptions, 'dim0'>]
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('transpose', transpose, [x, ...args]);
  const { input, dim0, dim1 } = TRANSPOSE.take([x, ...args]);
  return exchanged(input, dim0, dim1);
}

function exchanged(x: Tensor, dim0: number, dim1: number): Tensor {
  const order = x.shape.map((_, i) => i);
  const [a, b] = [wrapDim('transpose', dim0, x.ndim), wrapDim('transpose', dim1, x.ndim)];
  if (x.ndim === 0) return permute(x, []);
  [order[a], order[b]] = [order[b], order[a]];
  return permute(x, order);
}

/** A matrix transposed; vectors stay. @throws ShapeError above two dimensions. @see torch.t */
export const t: (x: Tensor) => Tensor = taking(signature('t', [INPUT]), (x) => {
  if (x.ndim > 2)
    throw new ShapeError('t', `expected at most 2 dimensions, got ${formatShape(x.shape)}. Use transpose or mT.`);
  return x.ndim < 2 ? permute(x, x.shape.map((_, i) => i)) : exchanged(x, 0, 1); // prettier-ignore
});

/** The last two dimensions exchanged. @see torch.Tensor.mT */
export const mT: (x: Tensor) => Tensor = taking(signature('mT', [INPUT]), (x) => {
  if (x.ndim === 0) return x;
  if (x.ndim < 2) throw new ShapeError('mT', `expected at least 2 dimensions, got ${formatShape(x.shape)}.`);
  return exchanged(x, -2, -1);
});

/** Dimensions moved to other places. @see torch.movedim */
export const movedim: (
  x: Tensor,
  ...args: Arguments<
    [source: number | readonly number[], destination: number | readonly number[]],
    [],
    { source: number | readonly number[]; destination: number | readonly number[] },
    [source: number | readonly number[], options: { destination: number | readonly number[] }]
  >
) => Tensor = taking(
  signature('movedim', [INPUT, argument('source', DIMS), argument('destination', DIMS)]),
  (x, source, destination) => {
    const from = wrapDims('movedim', asList(source), x.ndim);
    const to = wrapDims('movedim', asList(destination), x.ndim);
    if (from.length !== to.length) {
      throw new ValueError(
        'movedim',
        `source and destination must pair up, got ${formatShape(from)} and ${formatShape(to)}.`,
      );
    }
    // The dimension 0 that a scalar lets be named is none that could be moved.
    if (x.ndim === 0) return permute(x, []);
    const rest = x.shape.map((_, i) => i).filter((d) => !from.includes(d));
    const order = new Array<number>(x.ndim);
    from.forEach((d, i) => (order[to[i]] = d));
    for (let i = 0; i < order.length; i++) if (!to.includes(i)) order[i] = rest.shift() as number;
    return permute(x, order);
  },
);

const EXPAND = signature('expand', [INPUT, argument('size', SHAPE)]);

/** Dimensions of size 1 repeated without a copy; -1 keeps a size. @throws ShapeError if a size is not 1 and differs. @see torch.Tensor.expand */
export function expand(x: Tensor, ...sizes: Sizes): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('expand', expand, [x, ...sizes]);
  const { size: wanted } = EXPAND.take([x, ...sizes]);
  const lead = wanted.length - x.ndim;
  const shape = wanted.map((size, i) => (size === -1 && i >= lead ? x.shape[i - lead] : size));
  const fits =
    lead >= 0 &&
    shape.every((size, i) => size >= 0 && (i < lead || x.shape[i - lead] === size || x.shape[i - lead] === 1));
  if (!fits) {
    throw new ShapeError(
      'expand',
      `${formatShape(x.shape)} cannot be expanded to ${formatShape(wanted)}; only dimensions of size 1 can grow, and new ones come first.`,
      { from: x.shape, to: wanted },
    );
  }
  const strides = shape.map((size, i) =>
    i < lead || (x.shape[i - lead] === 1 && size !== 1) ? 0 : x.strides[i - lead],
  );
  // The engine sums the gradient back to the shape of x.
  return applyView('expand', x, { shape, strides, offset: x.offset }, (base) => expand(base, shape), (grad) => grad); // prettier-ignore
}

/** Expanded to the shape of `other`. @see torch.Tensor.expand_as */
export const expandAs: (x: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Tensor = taking(
  signature('expandAs', [INPUT, OTHER]),
  (x, other) => composed('expandAs', () => expand(x, other.shape)),
);
/** Reshaped to the shape of `other`. @see torch.Tensor.reshape_as */
export const reshapeAs: (x: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Tensor = taking(
  signature('reshapeAs', [INPUT, OTHER]),
  (x, other) => composed('reshapeAs', () => reshape(x, other.shape)),
);
/** Viewed in the shape of `other`. @see torch.Tensor.view_as */
export const viewAsShape: (x: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Tensor = taking(
  signature('viewAs', [INPUT, OTHER]),
  (x, other) => view(x, other.shape),
);

/** The elements [start, start + length) along a dimension, for the library itself; part.ts has what users call. @throws RangeError outside the dimension */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('narrow', narrow, [x, dim, start, length]);
  const d = wrapDim('narrow', dim, x.ndim);
  const size = x.shape[d];
  const from = start < 0 ? start + size : start;
  if (!Number.isInteger(from) || !Number.isInteger(length) || from < 0 || length < 0 || from + length > size) {
    throw new ValueError(
      'narrow',
      `start and length must lie within dimension ${d} of size ${size}, got start ${start} and length ${length}.`,
    );
  }
  return sliced(x, d, from, from + length, 1);
}

/** Arguments of slice. */
export interface SliceOptions {
  /** 0 by default. */
  dim?: number;
  start?: number | null;
  end?: number | null;
  /** 1 by default. */
  step?: number;
}
const SLICE = signature('slice', [
  INPUT, argument('dim', DIM, 0), argument('start', INTEGER, null), argument('end', INTEGER, null), argument('step', atLeast(1), 1),
]); // prettier-ignore

/** The elements start, start + step, ... before end along a dimension; negative bounds count from the end, and are clamped. */
export function slice(
  x: Tensor,
  ...args: Arguments<[], [dim?: number, start?: number | null, end?: number | null, step?: number], SliceOptions>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('slice', slice, [x, ...args]);
  const { input, dim, start, end, step } = SLICE.take([x, ...args]);
  return sliced(input, dim, start, end, step);
}

function sliced(x: Tensor, dim: number, start: number | null, end: number | null, step: number): Tensor {
  const d = wrapDim('slice', dim, x.ndim);
  if (x.ndim === 0) throw new ShapeError('slice', 'a zero-dimensional tensor cannot be sliced.');
  const size = x.shape[d];
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size);
  const from = clamp(start ?? 0);
  const to = Math.max(clamp(end ?? size), from);
  const shape = x.shape.map((n, i) => (i === d ? Math.ceil((to - from) / step) : n));
  const strides = x.strides.map((stride, i) => (i === d ? stride * step : stride));
  return partialView('slice', x, { shape, strides, offset: x.offset + from * x.strides[d] }, (base) =>
    sliced(base, d, from, to, step),
  );
}

/** One index along a dimension, which disappears. @throws RangeError outside the dimension. @see torch.select */
export const select: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, index: number],
    [],
    { dim: number; index: number },
    [dim: number, options: { index: number }]
  >
) => Tensor = taking(
  signature('select', [INPUT, argument('dim', DIM), argument('index', INTEGER)]),
  (x, dim, index) => {
    if (x.ndim === 0) throw new ShapeError('select', 'a zero-dimensional tensor has no dimension to select from.');
    const d = wrapDim('select', dim, x.ndim);
    const size = x.shape[d];
    if (!Number.isInteger(index) || index < -size || index >= size) {
      throw new ValueError(
        'select',
        `index must be in [${-size}, ${size - 1}] for dimension ${d} of shape ${formatShape(x.shape)}, got ${index}.`,
      );
    }
    const { geometry, again } = slicePiece(x, d, index < 0 ? index + size : index);
    return partialView('select', x, geometry, again);
  },
);

/** Index `at` of dimension `d`. */
function slicePiece({ shape, strides, offset }: Tensor, d: number, at: number): Piece {
  const without = (values: readonly number[]): number[] => values.filter((_, i) => i !== d);
  const geometry = { shape: without(shape), strides: without(strides), offset: offset + at * strides[d] };
  return { geometry, again: (base) => select(base, d, at) };
}

/** Which dimensions `squeeze` drops; all of size 1 by default. */
export interface SqueezeOptions {
  dim?: number | readonly number[];
}

const SQUEEZE = signature('squeeze', [INPUT, argument('dim', DIMS, undefined)]);

/** Without dimensions of size 1: all of them, or those named. @see torch.squeeze */
export function squeeze(x: Tensor, ...args: Arguments<[], [dim?: number | readonly number[]], SqueezeOptions>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('squeeze', squeeze, [x, ...args]);
  const { dim } = SQUEEZE.take([x, ...args]);
  const dims = dim === undefined ? x.shape.map((_, i) => i) : wrapDims('squeeze', asList(dim), x.ndim);
  const kept = x.shape.map((_, i) => i).filter((i) => !(dims.includes(i) && x.shape[i] === 1));
  const shape = kept.map((i) => x.shape[i]);
  return viewAs(x, shape, kept.map((i) => x.strides[i])); // prettier-ignore
}

const UNSQUEEZE = signature('unsqueeze', [INPUT, argument('dim', DIM)]);

/** With a dimension of size 1 inserted. @see torch.unsqueeze */
export function unsqueeze(x: Tensor, ...args: Arguments<[dim: number], [], { dim: number }>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('unsqueeze', unsqueeze, [x, ...args]);
  const { dim } = UNSQUEEZE.take([x, ...args]);
  const d = wrapDim('unsqueeze', dim, x.ndim + 1);
  const stride = d < x.ndim ? x.strides[d] * x.shape[d] : 1;
  return viewAs(
    x,
    [...x.shape.slice(0, d), 1, ...x.shape.slice(d)],
    [...x.strides.slice(0, d), stride, ...x.strides.slice(d)],
  );
}

/** Arguments of flatten. */
export interface FlattenOptions {
  /** First dimension to merge; 0 by default. */
  startDim?: number;
  /** Last dimension to merge; -1 by default. */
  endDim?: number;
}

const FLATTEN = signature('flatten', [INPUT, argument('startDim', DIM, undefined), argument('endDim', DIM, undefined)]);

/** Dimensions startDim to endDim as one; x itself if that is one already. @see torch.flatten */
export function flatten(
  x: Tensor,
  ...args: Arguments<[], [startDim?: number, endDim?: number], FlattenOptions>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('flatten', flatten, [x, ...args]);
  const { startDim = 0, endDim = -1 } = FLATTEN.take([x, ...args]);
  const from = wrapDim('flatten', startDim, x.ndim);
  const to = wrapDim('flatten', endDim, x.ndim);
  if (from > to) throw new ValueError('flatten', `startDim must not come after endDim, got ${startDim} and ${endDim}.`);
  if (x.ndim > 0 && from === to) return x;
  return reshape(x, [...x.shape.slice(0, from), numelOf(x.shape.slice(from, to + 1)), ...x.shape.slice(to + 1)]);
}

/** One dimension as several; one of the sizes may be -1. @see torch.unflatten */
export const unflatten: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, sizes: Shape],
    [],
    { dim: number; sizes: Shape },
    [dim: number, options: { sizes: Shape }]
  >
) => Tensor = taking(
  signature('unflatten', [INPUT, argument('dim', DIM), argument('sizes', listOf(INTEGER))]),
  (x, dim, sizes) => {
    const d = wrapDim('unflatten', dim, x.ndim);
    const inner = inferShape('unflatten', sizes, x.shape[d], [x.shape[d]]);
    return reshape(x, [...x.shape.slice(0, d), ...inner, ...x.shape.slice(d + 1)]);
  },
);

const UNBIND = signature('unbind', [INPUT, argument('dim', DIM, undefined)]);

/** Views of each index along a dimension (0 by default), which disappears. @see torch.unbind */
export function unbind(x: Tensor, ...args: Arguments<[], [dim?: number], { dim?: number }>): Tensor[] {
  if (intercepting.current !== null) return intercepting.current.call('unbind', unbind, [x, ...args]);
  const { dim = 0 } = UNBIND.take([x, ...args]);
  if (x.ndim === 0) throw new ShapeError('unbind', 'a zero-dimensional tensor has no dimension to unbind.');
  const d = wrapDim('unbind', dim, x.ndim);
  return partialViews(
    'unbind',
    x,
    Array.from({ length: x.shape[d] }, (_, i) => slicePiece(x, d, i)),
  );
}

/** Arguments of split. */
export interface SplitOptions {
  /** The size of a piece, or that of each. */
  splitSizeOrSections: number | readonly number[];
  /** 0 by default. */
  dim?: number;
}
/** The method of PyTorch calls its first argument otherwise than the function. */
type SplitArguments =
  | Arguments<[splitSizeOrSections: number | readonly number[]], [dim?: number], SplitOptions>
  | [options: { splitSize: number | readonly number[]; dim?: number }];

const SPLIT = signature('split', [
  INPUT,
  argument('splitSizeOrSections', oneOrMore(COUNT)),
  argument('dim', DIM, undefined),
]);

/** Views of pieces along a dimension: of one size (the last may be smaller), or of the sizes given. @see torch.split */
export function split(x: Tensor, ...args: SplitArguments): Tensor[] {
  if (intercepting.current !== null) return intercepting.current.call('split', split, [x, ...args]);
  const { splitSizeOrSections: size, dim = 0 } = SPLIT.take([x, ...args]);
  const d = wrapDim('split', dim, x.ndim);
  const total = x.shape[d];
  const even = (piece: number): number[] =>
    Array.from({ length: Math.max(1, Math.ceil(total / piece)) }, (_, i) => Math.min(piece, total - i * piece));
  if (typeof size === 'number' && !(size > 0 || (size === 0 && total === 0))) {
    throw new ValueError('split', `the size of a piece must be positive, got ${size}.`);
  }
  const sizes = typeof size === 'number' ? (size === 0 ? [0] : even(size)) : size;
  if (sizes.reduce((a, b) => a + b, 0) !== total) {
    throw new ShapeError(
      'split',
      `sizes must add up to ${total}, the size of dimension ${d}, got ${formatShape(sizes)}.`,
    );
  }
  if (sizes.some((piece) => !Number.isInteger(piece) || piece < 0)) {
    throw new ValueError('split', `sizes must be whole numbers >= 0, got ${formatShape(sizes)}.`);
  }
  let start = 0;
  const pieces = sizes.map((length): Piece => {
    const from = start;
    start += length;
    const shape = x.shape.map((n, i) => (i === d ? length : n));
    const geometry = { shape, strides: x.strides, offset: x.offset + from * x.strides[d] };
    return { geometry, again: (base) => narrow(base, d, from, length) };
  });
  return partialViews('split', x, pieces);
}

/** Arguments of chunk. */
export interface ChunkOptions {
  chunks: number;
  /** 0 by default. */
  dim?: number;
}

const CHUNK = signature('chunk', [INPUT, argument('chunks', atLeast(1)), argument('dim', DIM, undefined)]);

/** At most `chunks` views of equal size along a dimension (the last may be smaller). @see torch.chunk */
export function chunk(x: Tensor, ...args: Arguments<[chunks: number], [dim?: number], ChunkOptions>): Tensor[] {
  if (intercepting.current !== null) return intercepting.current.call('chunk', chunk, [x, ...args]);
  const { chunks, dim = 0 } = CHUNK.take([x, ...args]);
  const d = wrapDim('chunk', dim, x.ndim);
  if (x.shape[d] === 0) return Array.from({ length: chunks }, () => narrow(x, d, 0, 0));
  return split(x, Math.ceil(x.shape[d] / chunks), d);
}

/** Arguments of diagonal. */
export interface DiagonalOptions {
  /** Above the main diagonal; 0 by default. */
  offset?: number;
  /** 0 by default. */
  dim1?: number;
  /** 1 by default. */
  dim2?: number;
}

const DIAGONAL = signature('diagonal', [
  INPUT,
  argument('offset', INTEGER, undefined),
  argument('dim1', DIM, undefined),
  argument('dim2', DIM, undefined),
]);

/** The elements (i, i + offset) of two dimensions, as a last dimension. @see torch.diagonal */
export function diagonal(
  x: Tensor,
  ...args: Arguments<[], [offset?: number, dim1?: number, dim2?: number], DiagonalOptions>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('diagonal', diagonal, [x, ...args]);
  const { offset = 0, dim1 = 0, dim2 = 1 } = DIAGONAL.take([x, ...args]);
  const [a, b] = wrapDims('diagonal', [dim1, dim2], x.ndim);
  const [rows, columns] = offset >= 0 ? [x.shape[a], x.shape[b] - offset] : [x.shape[a] + offset, x.shape[b]];
  const length = Math.max(0, Math.min(rows, columns));
  const kept = x.shape.map((_, i) => i).filter((i) => i !== a && i !== b);
  const start = offset >= 0 ? offset * x.strides[b] : -offset * x.strides[a];
  const geometry = {
    shape: [...kept.map((i) => x.shape[i]), length],
    strides: [...kept.map((i) => x.strides[i]), x.strides[a] + x.strides[b]],
    offset: x.offset + (length > 0 ? start : 0),
  };
  return partialView('diagonal', x, geometry, (base) => diagonal(base, offset, a, b));
}
