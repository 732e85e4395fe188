// Shapes, strides and dimensions as plain arrays of numbers. Nothing here knows of tensors or devices.
import { ShapeError, ValueError } from './errors';
import { COUNT, oneOrMore } from './kinds';
import { checkKind } from './signature';

export type Shape = readonly number[];

/** `[2, 3]`, as messages show it. */
export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Number of elements. */
export function numelOf(shape: Shape): number {
  let n = 1;
  for (const size of shape) n *= size;
  return n;
}

/** Strides of a dense row-major layout, in elements. */
export function denseStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= Math.max(shape[i], 1);
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A dense shape seen as [outer, n, inner] around one of its dimensions. */
export function axisOf(shape: Shape, dim: number): { outer: number; n: number; inner: number } {
  return { outer: numelOf(shape.slice(0, dim)), n: shape[dim] ?? 1, inner: numelOf(shape.slice(dim + 1)) };
}

/** Whether the layout is row-major without gaps; strides of dimensions of size 1 do not matter. */
export function isDense(shape: Shape, strides: Shape): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i];
    if (size === 0) return true;
    if (size !== 1) {
      if (strides[i] !== expected) return false;
      expected *= size;
    }
  }
  return true;
}

/**
 * What is wrong with elements so laid out in memory for `capacity` of them, or null: sizes, strides and offset must be
 * whole, and every element inside. Kernels compute addresses from these and look no further.
 */
export function layoutFault(shape: Shape, strides: Shape, offset: number, capacity: number): string | null {
  // Each element is between these; without elements none is.
  let low = offset;
  let high = offset;
  let isEmpty = false;
  for (let d = 0; d < shape.length; d++) {
    const size = shape[d];
    const stride = strides[d];
    if (!Number.isSafeInteger(size) || size < 0) return 'sizes must be whole numbers';
    if (!Number.isSafeInteger(stride)) return 'strides must be whole numbers';
    if (size === 0) isEmpty = true;
    else if (stride > 0) high += (size - 1) * stride;
    else low += (size - 1) * stride;
  }
  if (shape.length !== strides.length) return 'there must be a stride for each size';
  if (!Number.isSafeInteger(offset) || offset < 0) return 'the offset must be a whole number';
  return isEmpty || (low >= 0 && high < capacity) ? null : 'every element must lie in memory';
}

/** `dim` counted from the front. A zero-dimensional tensor takes 0 and -1. @throws RangeError outside [-ndim, ndim). */
export function wrapDim(op: string, dim: number, ndim: number): number {
  const n = Math.max(ndim, 1);
  if (!Number.isInteger(dim) || dim < -n || dim >= n) {
    throw new ValueError(op, `dim must be an integer in [${-n}, ${n - 1}] for ${ndim} dimensions, got ${dim}.`);
  }
  return dim < 0 ? dim + n : dim;
}

/** Several dims counted from the front, each once. @throws RangeError outside the range or if one is named twice. */
export function wrapDims(op: string, dims: readonly number[], ndim: number): number[] {
  const wrapped = dims.map((dim) => wrapDim(op, dim, ndim));
  if (new Set(wrapped).size !== wrapped.length) {
    throw new ValueError(op, `each dim may appear once, got ${formatShape(dims)} for ${ndim} dimensions.`);
  }
  return wrapped;
}

/** The shape that all of these broadcast to. @throws ShapeError naming `op` and the shapes. */
export function broadcastShapes(op: string, ...shapes: Shape[]): Shape {
  let result: Shape = shapes[0] ?? [];
  for (let s = 1; s < shapes.length; s++) {
    const other = shapes[s];
    if (sameShape(result, other)) continue;
    const ndim = Math.max(result.length, other.length);
    const merged = new Array<number>(ndim);
    for (let i = 1; i <= ndim; i++) {
      const a = result[result.length - i] ?? 1;
      const b = other[other.length - i] ?? 1;
      if (a !== b && a !== 1 && b !== 1) {
        throw new ShapeError(
          op,
          `shapes must broadcast, got ${shapes.map(formatShape).join(' and ')} (${a} and ${b} at dimension ${-i}). Sizes must be equal or 1.`,
          { shapes },
        );
      }
      merged[ndim - i] = a === 1 ? b : a;
    }
    result = merged;
  }
  return result;
}

/** Strides that show a tensor of `shape` as `target`, 0 along broadcast dimensions; the shapes must broadcast. */
export function broadcastStrides(shape: Shape, strides: Shape, target: Shape): number[] {
  const lead = target.length - shape.length;
  return target.map((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? 0 : strides[i - lead]));
}

/**
 * Resolves one -1 in a requested shape.
 * @throws ShapeError if the sizes do not give `numel` elements.
 */
export function inferShape(op: string, requested: Shape, numel: number, from: Shape): number[] {
  const unknown = requested.indexOf(-1);
  const known = requested.reduce((n, size, i) => (i === unknown ? n : n * size), 1);
  const valid = requested.every((size, i) => Number.isInteger(size) && (size >= 0 || i === unknown));
  const shape = [...requested];
  if (valid && unknown >= 0 && known > 0 && numel % known === 0) shape[unknown] = numel / known;
  else if (!valid || unknown >= 0 || known !== numel) {
    throw new ShapeError(
      op,
      `shape ${formatShape(requested)} does not fit ${numel} elements, got a tensor of shape ${formatShape(from)}.`,
      { from, requested },
    );
  }
  return shape;
}

/**
 * Strides that show the same memory with another shape of as many elements, or null if only a copy can.
 * Old dimensions are taken in runs that are dense with respect to each other; each run must be filled exactly.
 */
export function viewStrides(shape: Shape, strides: Shape, target: Shape): number[] | null {
  if (numelOf(shape) === 0) return denseStrides(target);
  const result = new Array<number>(target.length).fill(1);
  let t = target.length - 1;
  let runStride = strides[strides.length - 1] ?? 1;
  let runSize = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    runSize *= shape[d];
    const runGoesOn = d > 0 && (shape[d - 1] === 1 || strides[d - 1] === runSize * runStride);
    if (runGoesOn) continue;
    let covered = 1;
    while (t >= 0 && (covered < runSize || target[t] === 1)) {
      result[t] = covered * runStride;
      covered *= target[t--];
    }
    if (covered !== runSize) return null;
    if (d > 0) runStride = strides[d - 1];
    runSize = 1;
  }
  while (t >= 0 && target[t] === 1) t--;
  return t < 0 ? result : null;
}

const SIZES = oneOrMore(COUNT);

/** The shape that these broadcast to. @throws ShapeError if they do not. @see torch.broadcast_shapes */
export const broadcastShapesOf = (...shapes: readonly (Shape | number)[]): Shape =>
  broadcastShapes(
    'broadcastShapes',
    ...shapes.map((shape) => {
      checkKind('broadcastShapes', 'each shape', SIZES, shape);
      return typeof shape === 'number' ? [shape] : shape;
    }),
  );
