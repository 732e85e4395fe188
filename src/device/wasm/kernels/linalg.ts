// Lowering of decompositions and solutions of matrices.
import { Linalg, LinalgKind as LinalgCode, Opcode, SCRATCH_BYTES } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { LinalgKind, LinalgSizes } from '../../contract';
import { command, type Lowerings } from './lowering';

const CODES: { readonly [K in LinalgKind]: LinalgCode } = {
  cholesky: LinalgCode.Cholesky,
  lu: LinalgCode.Lu,
  solve: LinalgCode.Solve,
  solveTriangular: LinalgCode.SolveTriangular,
  qr: LinalgCode.Qr,
  eigh: LinalgCode.Eigh,
  svd: LinalgCode.Svd,
};

/** Numbers from a row of n to the next, and of a job's head: assembly/kernels/linalg/matrix.ts and job.ts. */
const pitchOf = (n: number): number => (Math.ceil(n / 8) * 8) | 8;
const JOB_NUMBERS = 32;
/** Rows of a block, and sums of parts. */
const BLOCK = 32;
const PARTS = 16;

/** Float64 numbers that each algorithm takes for a matrix; rows of n, m and k numbers are pn, pm and pk apart. */
const WORKSPACE: { readonly [K in LinalgKind]: (sizes: LinalgSizes, pn: number, pm: number, pk: number) => number } = {
  cholesky: ({ n }, pn) => n * pn + BLOCK * pn,
  lu: ({ m }, pn, pm) => m * pn + pm,
  solve: ({ n }, pn, pm, pk) => n * pn + n * pk + pm,
  solveTriangular: ({ n }, pn, _pm, pk) => n * pn + n * pk,
  qr: ({ m, n }, pn, pm, pk) =>
    m * pn + Math.min(m, n) * pm + m * pk + pn + (Math.min(m, n) + BLOCK) * BLOCK + BLOCK * Math.max(pn, pk),
  eigh: ({ n }, pn) => 2 * n * pn + 6 * pn + BLOCK * BLOCK + BLOCK * pn,
  svd: ({ m, n }, pn, pm) => 2 * m * pn + n * pm + pm + (5 + PARTS + BLOCK) * pn + BLOCK * BLOCK,
};

/** A matrix from this size on is split among the workers; smaller ones are too little work for that. */
const SPLIT_SIZE = 64;
/** With as many matrices or more every worker has its own, unless they are too large for its scratch memory. */
const SPLIT_BATCH = 4;

/** Bytes of the workspace for a matrix; 0 where the workers take whole ones, in their scratch memory. */
export function linalgWorkspace(kind: LinalgKind, sizes: LinalgSizes): number {
  const { batch, m, n, k } = sizes;
  const bytes = (JOB_NUMBERS + WORKSPACE[kind](sizes, pitchOf(n), pitchOf(m), pitchOf(k))) * 8;
  const isSplit = batch < SPLIT_BATCH && Math.max(m, n, k) >= SPLIT_SIZE;
  return isSplit || bytes > SCRATCH_BYTES ? bytes : 0;
}

export const LINALG: Lowerings<'linalg'> = {
  linalg: command(Opcode.Linalg, Linalg, (place, [a, b], outs, { kind, sizes, options }) => {
    const [out0, out1, out2] = outs.slice(0, -1).map((out) => place.pointer(out));
    return {
      a: place.pointer(a),
      b: place.pointer(b),
      out0,
      out1: out1 ?? 0,
      out2: out2 ?? 0,
      info: place.pointer(outs[outs.length - 1]),
      workspace: place.workspace(linalgWorkspace(kind, sizes)),
      batch: sizes.batch,
      m: sizes.m,
      n: sizes.n,
      k: sizes.k,
      kind: CODES[kind],
      flags: (sizes.upper ? 1 : 0) | (sizes.unitriangular ? 2 : 0),
      check: options === null ? 0 : 1,
      dtype: DTYPES[a.dtype].code,
    };
  }),
};
