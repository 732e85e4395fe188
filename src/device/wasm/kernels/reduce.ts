// Lowering of reductions, arg-reductions and scans.
import {
  ArgReduce,
  ArgReduceKind as ArgReduceCode,
  Opcode,
  REDUCE_COLUMN_CHUNK,
  REDUCE_ROW_CHUNK,
  Reduce,
  ReduceKind as ReduceCode,
  Scan,
  ScanKind as ScanCode,
} from '../../../../assembly/commands';
import { DTYPES } from '../../../dtype';
import type { ArgReduceKind, Axis, Kernels, ReduceKind, ScanKind } from '../../contract';
import type { CommandStream } from '../commandStream';

const REDUCE_CODES: { readonly [K in ReduceKind]: ReduceCode } = {
  sum: ReduceCode.Sum,
  mean: ReduceCode.Mean,
  prod: ReduceCode.Prod,
  amax: ReduceCode.Amax,
  amin: ReduceCode.Amin,
};
const ARG_REDUCE_CODES: { readonly [K in ArgReduceKind]: ArgReduceCode } = {
  argmax: ArgReduceCode.Argmax,
  argmin: ArgReduceCode.Argmin,
};
const SCAN_CODES: { readonly [K in ScanKind]: ScanCode } = { cumsum: ScanCode.Cumsum, cumprod: ScanCode.Cumprod };

/** Elements of the partial results of a reduction; 0 if one chunk is all. */
export function reducePartials({ outer, n, inner }: Axis): number {
  const chunks = Math.ceil(n / (inner === 1 ? REDUCE_ROW_CHUNK : REDUCE_COLUMN_CHUNK));
  return chunks > 1 ? outer * chunks * inner : 0;
}

/** reduce, argReduce and scan of the wasm device. */
export function reduceKernels(stream: CommandStream): Pick<Kernels, 'reduce' | 'argReduce' | 'scan'> {
  return {
    reduce(kind, x, out, axis) {
      const { bytes, code } = DTYPES[x.dtype];
      stream.emit(
        Opcode.Reduce,
        Reduce,
        {
          x: stream.pointer(x),
          out: stream.pointer(out),
          workspace: stream.workspace(reducePartials(axis) * bytes),
          outer: axis.outer,
          n: axis.n,
          inner: axis.inner,
          kind: REDUCE_CODES[kind],
          dtype: code,
        },
        [x],
        [out],
      );
    },
    argReduce(kind, x, out, axis) {
      stream.emit(
        Opcode.ArgReduce,
        ArgReduce,
        {
          x: stream.pointer(x),
          out: stream.pointer(out),
          outer: axis.outer,
          n: axis.n,
          inner: axis.inner,
          kind: ARG_REDUCE_CODES[kind],
          dtype: DTYPES[x.dtype].code,
        },
        [x],
        [out],
      );
    },
    scan(kind, x, out, axis, reverse) {
      stream.emit(
        Opcode.Scan,
        Scan,
        {
          x: stream.pointer(x),
          out: stream.pointer(out),
          outer: axis.outer,
          n: axis.n,
          inner: axis.inner,
          kind: SCAN_CODES[kind],
          reverse: reverse ? 1 : 0,
          dtype: DTYPES[x.dtype].code,
        },
        [x],
        [out],
      );
    },
  };
}
