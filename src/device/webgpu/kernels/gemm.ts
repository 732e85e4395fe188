// Matrix products of any strides.
import type { Kernels, View } from '../../contract';
import { scalarType } from '../layout';
import { runProduct, type Product } from '../product';
import type { GpuStream } from '../stream';

const STRIDES = ['aBatch', 'aRow', 'aColumn', 'bBatch', 'bRow', 'bColumn'].map((name) => `${name}: u32`);

/** The strides of a batch of matrices; a dimension of one element has none that matter. */
function batchStrides({ shape, strides }: View): [batch: number, row: number, column: number] {
  return [shape[0] === 1 ? 0 : strides[0], strides[1], strides[2]];
}

/** gemm of the webgpu device. */
export function gemmKernels(stream: GpuStream): Pick<Kernels, 'gemm'> {
  return {
    gemm(a, b, bias, out) {
      const [batch, m, n] = out.shape as [number, number, number];
      const k = a.shape[2];
      const [aBatch, rowOfA, aColumn] = batchStrides(a);
      const aRow = m === 1 ? aBatch : rowOfA;
      const [bBatch, bRow, bColumn] = batchStrides(b);
      const type = scalarType(out.dtype);
      const masked = out.dtype === 'uint8' ? ' & 255u' : '';
      // Products that share b and continue each other in a are one taller product.
      const isMerged = batch > 1 && bBatch === 0 && aBatch === m * aRow;
      const sizes = isMerged ? { batch: 1, m: batch * m, n, k } : { batch, m, n, k };
      const product: Product = {
        key: `gemm ${out.dtype} ${bias !== null}`,
        reads: [`a: ${type}`, `b: ${type}`, ...(bias === null ? [] : [`bias: ${type}`])],
        params: STRIDES,
        elements: `alias Row = u32;
alias Depth = u32;
alias Column = u32;
fn rowOf(z: u32, row: u32) -> Row { return p.aAt + z * p.aBatch + row * p.aRow; }
fn depthOf(k: u32) -> Depth { return k; }
fn columnOf(z: u32, column: u32) -> Column { return p.bAt + z * p.bBatch + column * p.bColumn; }
fn elementA(row: Row, k: Depth) -> ${type} { return a[row + k * p.aColumn]; }
fn elementB(k: Depth, column: Column) -> ${type} { return b[column + k * p.bRow]; }`,
        place: 'fn place(z: u32, row: u32, column: u32) -> u32 { return (z * p.m + row) * p.n + column; }',
        bias: (bias === null ? '' : ' + bias[p.biasAt + column]') + masked,
        alongK: [aColumn === 1, bRow === 1 && bColumn !== 1],
      };
      const reads = bias === null ? [a, b] : [a, b, bias];
      const strides = [aBatch, aRow, aColumn, bBatch, bRow, bColumn];
      runProduct(stream, product, reads, out, { ...sizes, splits: 1 }, strides);
    },
  };
}
