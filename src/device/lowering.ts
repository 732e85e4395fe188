// What every device asks of views before it lowers a kernel: how they lie in memory, which groups a program runs over,
// which matrices a product is of.
import type { PointwiseProgram, View } from './contract';
import { numelOf } from '../base/shape';

/** How a view walks through memory: without gaps, not at all, or by strides. */
export type Layout = 'dense' | 'uniform' | 'strided';

/** The layout of a view seen with that shape. One element is dense. */
export function layoutOf(shape: readonly number[], strides: readonly number[]): Layout {
  let dense = true;
  let uniform = true;
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d];
    if (size === 1) continue;
    if (strides[d] !== expected) dense = false;
    if (strides[d] !== 0) uniform = false;
    expected *= size;
  }
  return dense ? 'dense' : uniform ? 'uniform' : 'strided';
}

/**
 * Sizes of `shape` with every run of dimensions that all views walk through evenly as one, and the dimension whose strides
 * each of them has.
 */
export function collapse(shape: readonly number[], views: readonly View[]): { sizes: number[]; dims: number[] } {
  const sizes: number[] = [];
  const dims: number[] = [];
  shape.forEach((size, d) => {
    if (size === 1) return;
    const last = dims.length - 1;
    if (last >= 0 && views.every(({ strides }) => strides[dims[last]] === strides[d] * size)) {
      sizes[last] *= size;
      dims[last] = d;
    } else {
      sizes.push(size);
      dims.push(d);
    }
  });
  return { sizes, dims };
}

/** Views of one run of a program, and the elements of its outputs. */
export interface Group {
  readonly count: number;
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
}

/** The groups of a foreach. */
export function groupsOf(
  { inputs: { length: taken }, outputs: { length: given } }: PointwiseProgram,
  inputs: readonly View[],
  outputs: readonly View[],
): Group[] {
  return Array.from({ length: outputs.length / given }, (_, g) => ({
    count: numelOf(outputs[g * given].shape),
    inputs: inputs.slice(g * taken, (g + 1) * taken),
    outputs: outputs.slice(g * given, (g + 1) * given),
  }));
}

/** Sizes of out [batch, m, n] = a [batch, m, k] b [batch, k, n], and where their elements are. */
export interface ProductSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Strides of the operands of a product, in elements. */
export interface ProductStrides {
  readonly aBatch: number;
  readonly aRow: number;
  readonly aColumn: number;
  readonly bBatch: number;
  readonly bRow: number;
  readonly bColumn: number;
}

/** Strides of a batch of matrices; a dimension of one element has none that matter. */
const batchStride = ({ shape, strides }: View): number => (shape[0] === 1 ? 0 : strides[0]);

/** The product that a gemm is: those that share b and continue each other in a are one taller product. */
export function productOf(a: View, b: View, out: View): { sizes: ProductSizes; strides: ProductStrides } {
  const [batch, m, n] = out.shape;
  const k = a.shape[2];
  const [aBatch, bBatch] = [batchStride(a), batchStride(b)];
  const aRow = m === 1 ? aBatch : a.strides[1];
  const isMerged = batch > 1 && bBatch === 0 && aBatch === m * aRow;
  return {
    sizes: isMerged ? { batch: 1, m: batch * m, n, k } : { batch, m, n, k },
    strides: { aBatch, aRow, aColumn: a.strides[2], bBatch, bRow: b.strides[1], bColumn: b.strides[2] },
  };
}
