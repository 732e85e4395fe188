// Lowering of decompositions and solutions of small matrices.
import { Linalg, LinalgKind as LinalgCode, Opcode } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { Kernels, LinalgKind, LinalgSizes, View } from '../../contract';
import type { CommandStream } from '../transport/commandStream';

const CODES: { readonly [K in LinalgKind]: LinalgCode } = {
  cholesky: LinalgCode.Cholesky,
  lu: LinalgCode.Lu,
  solve: LinalgCode.Solve,
  solveTriangular: LinalgCode.SolveTriangular,
  qr: LinalgCode.Qr,
  eigh: LinalgCode.Eigh,
  svd: LinalgCode.Svd,
};

/** Float64 numbers that the kernel needs for all matrices; assembly/kernels/linalg.ts cuts them up. */
function workspaceNumbers({ batch, m, n, k }: LinalgSizes): number {
  const size = Math.max(m, n, k);
  return batch * (3 * size * size + 4 * size + 8);
}

/** linalg of the wasm device. */
export function linalgKernels(stream: CommandStream): Pick<Kernels, 'linalg'> {
  return {
    linalg(kind, a, b, outs, info, sizes, options) {
      const pointer = (view: View | null | undefined): number => stream.pointer(view ?? null);
      stream.emit(
        Opcode.Linalg,
        Linalg,
        {
          a: pointer(a),
          b: pointer(b),
          out0: pointer(outs[0]),
          out1: pointer(outs[1]),
          out2: pointer(outs[2]),
          info: pointer(info),
          workspace: stream.workspace(workspaceNumbers(sizes) * 8),
          batch: sizes.batch,
          m: sizes.m,
          n: sizes.n,
          k: sizes.k,
          kind: CODES[kind],
          flags: (sizes.upper ? 1 : 0) | (sizes.unitriangular ? 2 : 0),
          check: options === null ? 0 : 1,
          dtype: DTYPES[a.dtype].code,
        },
        b === null ? [a] : [a, b],
        info === null ? outs : [...outs, info],
        options ?? undefined,
      );
    },
  };
}
