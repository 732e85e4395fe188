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
import type { ArgReduceKind, Axis, ReduceKind, ScanKind, View } from '../../contract';
import type { Placement } from '../transport/commandStream';
import { command, type Lowerings } from './lowering';

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

/** The fields that all have which work along an axis. */
const along = (place: Placement, x: View, out: View, { outer, n, inner }: Axis) => ({
  x: place.pointer(x),
  out: place.pointer(out),
  outer,
  n,
  inner,
  dtype: DTYPES[x.dtype].code,
});

export const REDUCE: Lowerings<'reduce' | 'argReduce' | 'scan' | 'scanIndices' | 'sort' | 'searchSorted'> = {
  reduce: command(Opcode.Reduce, Reduce, (place, [x], [out], { kind, axis }) => ({
    ...along(place, x, out, axis),
    workspace: place.workspace(reducePartials(axis) * DTYPES[x.dtype].bytes),
    kind: REDUCE_CODES[kind],
  })),
  argReduce: command(Opcode.ArgReduce, ArgReduce, (place, [x], [out], { kind, axis }) => ({
    ...along(place, x, out, axis),
    kind: ARG_REDUCE_CODES[kind],
  })),
  scan: command(Opcode.Scan, Scan, (place, [x], [out], { kind, axis, reverse }) => ({
    ...along(place, x, out, axis),
    kind: SCAN_CODES[kind],
    reverse: reverse ? 1 : 0,
  })),
  scanIndices: command(Opcode.ScanIndices, ScanIndices, (place, [x], [out], { kind, axis }) => ({
    ...along(place, x, out, axis),
    kind: ARG_REDUCE_CODES[kind],
  })),
  sort: command(Opcode.Sort, Sort, (place, [x], [out], { axis, descending }) => ({
    ...along(place, x, out, axis),
    workspace: place.workspace(sortWorkspace(axis)),
    descending: descending ? 1 : 0,
  })),
  searchSorted: command(Opcode.SearchSorted, SearchSorted, (place, [sorted, values], [out], { right }) => {
    const [[rows, n], [outer, m]] = [sorted.shape, values.shape];
    return {
      sorted: place.pointer(sorted),
      values: place.pointer(values),
      out: place.pointer(out),
      outer,
      n,
      m,
      stride: rows === 1 ? 0 : n,
      right: right ? 1 : 0,
      dtype: DTYPES[sorted.dtype].code,
    };
  }),
};
