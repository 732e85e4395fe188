// Lowering of matrix products.
import { Gemm, Opcode } from '../../../../assembly/engine/commands';
import { DTYPES, type DType } from '../../../base/dtype';
import { productOf } from '../../lowering';
import { command, type Lowerings } from './lowering';

/** The register tile of matrix kernels is 8 columns wide (TILE_COLUMNS in assembly/kernels/microkernel.ts). */
const TILE_COLUMNS = 8;
/** Products of up to this many multiply-adds, 20 us, are one task's work. */
const WHOLE_PRODUCT_WORK = 1 << 19;
/** What a worker's scratch holds of a packed operand. */
const SCRATCH_PANELS_BYTES = 768 * 1024;
const SCRATCH_PANELS_COLUMNS = 1024;

export interface GemmSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** 0 if all products of the batch share b. */
  readonly bBatch: number;
  readonly dtype: DType;
}

/** Packed panels of b, made once for all tasks; 0 for products so small that a task packs for itself. */
export function gemmWorkspaceBytes({ batch, m, n, k, bBatch, dtype }: GemmSizes): number {
  if (dtype !== 'float32' || m <= 1 || n <= 1 || batch === 0) return 0;
  const bytes = Math.ceil(n / TILE_COLUMNS) * TILE_COLUMNS * k * 4;
  if (m * n * k <= WHOLE_PRODUCT_WORK && bytes <= SCRATCH_PANELS_BYTES && n <= SCRATCH_PANELS_COLUMNS) return 0;
  return bytes * (bBatch === 0 ? 1 : batch);
}

export const GEMM: Lowerings<'gemm'> = {
  gemm: command(Opcode.Gemm, Gemm, (place, [a, b, bias], [out]) => {
    const { sizes, strides } = productOf(a, b, out);
    const workspace = gemmWorkspaceBytes({ ...sizes, bBatch: strides.bBatch, dtype: out.dtype });
    return {
      a: place.pointer(a),
      b: place.pointer(b),
      bias: place.pointer(bias),
      out: place.pointer(out),
      workspace: place.workspace(workspace),
      ...sizes,
      ...strides,
      dtype: DTYPES[out.dtype].code,
    };
  }),
};
