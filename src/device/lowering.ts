// What every device asks of views before it lowers a kernel: how they lie in memory, which matrices a product is of.
import type { View } from './contract';

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
