// Lowering of reductions, arg-reductions, scans and sorting.
import {
  ArgReduce,
  ArgReduceKind as ArgReduceCode,
  Opcode,
  REDUCE_COLUMN_CHUNK,
  REDUCE_ROW_CHUNK,
  Reduce,
  ReduceKind as ReduceCode,
  Scan,
  ScanIndices,
  SearchSorted,
  ScanKind as ScanCode,
  SORT_CHUNKS,
  SORT_COUNT_BYTES,
  SORT_SPLIT,
  Sort,
} from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { ArgReduceKind, Axis, Kernels, ReduceKind, ScanKind, View } from '../../contract';
import type { CommandStream } from '../transport/commandStream';

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
const SCAN_CODES: { readonly [K in ScanKind]: ScanCode } = {
  cumsum: ScanCode.Cumsum,
  cumprod: ScanCode.Cumprod,
  logcumsumexp: ScanCode.Logcumsumexp,
};

/** Two arrays of 32-bit positions, or keys with their positions. */
const SORT_BYTES = 8;

/** Bytes that sorting needs besides its result. */
export function sortWorkspace({ outer, n, inner }: Axis): number {
  if (n < SORT_SPLIT) return outer * n * inner * SORT_BYTES;
  return n * SORT_BYTES + SORT_CHUNKS * SORT_COUNT_BYTES;
}

/** Elements of the partial results of a reduction; 0 if one chunk is all. */
export function reducePartials({ outer, n, inner }: Axis): number {
  const chunks = Math.ceil(n / (inner === 1 ? REDUCE_ROW_CHUNK : REDUCE_COLUMN_CHUNK));
  return chunks > 1 ? outer * chunks * inner : 0;
}

/** reduce, argReduce, scan, scanIndices, sort and searchSorted of the wasm device. */
export function reduceKernels(
  stream: CommandStream,
): Pick<Kernels, 'reduce' | 'argReduce' | 'scan' | 'scanIndices' | 'sort' | 'searchSorted'> {
  /** The fields that all have. */
  const along = (x: View, out: View, { outer, n, inner }: Axis) => ({
    x: stream.pointer(x),
    out: stream.pointer(out),
    outer,
    n,
    inner,
    dtype: DTYPES[x.dtype].code,
  });
  return {
    reduce(kind, x, out, axis) {
      const { bytes } = DTYPES[x.dtype];
      stream.emit(
        Opcode.Reduce,
        Reduce,
        {
          ...along(x, out, axis),
          workspace: stream.workspace(reducePartials(axis) * bytes),
          kind: REDUCE_CODES[kind],
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
          ...along(x, out, axis),
          kind: ARG_REDUCE_CODES[kind],
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
          ...along(x, out, axis),
          kind: SCAN_CODES[kind],
          reverse: reverse ? 1 : 0,
        },
        [x],
        [out],
      );
    },
    scanIndices(kind, x, out, axis) {
      stream.emit(
        Opcode.ScanIndices,
        ScanIndices,
        {
          ...along(x, out, axis),
          kind: ARG_REDUCE_CODES[kind],
        },
        [x],
        [out],
      );
    },
    sort(x, out, axis, descending) {
      stream.emit(
        Opcode.Sort,
        Sort,
        {
          ...along(x, out, axis),
          workspace: stream.workspace(sortWorkspace(axis)),
          descending: descending ? 1 : 0,
        },
        [x],
        [out],
      );
    },
    searchSorted(sorted, values, out, right) {
      const [[rows, n], [outer, m]] = [sorted.shape, values.shape];
      stream.emit(
        Opcode.SearchSorted,
        SearchSorted,
        {
          sorted: stream.pointer(sorted),
          values: stream.pointer(values),
          out: stream.pointer(out),
          outer,
          n,
          m,
          stride: rows === 1 ? 0 : n,
          right: right ? 1 : 0,
          dtype: DTYPES[sorted.dtype].code,
        },
        [sorted, values],
        [out],
      );
    },
  };
}
