// Reductions and arg-reductions over the middle of x [outer, n, inner]. Running sums are in scan.ts.
//
// A reduction is cut into chunks along n, and, where inner > 1, into blocks of columns:
//
//     n  |  chunk 0  | block 0 | block 1 | ...      phase 0: each unit (o, chunk, block) -> partials [outer, chunks, inner]
//     v  |  chunk 1  | block 0 | block 1 | ...      phase 1: partials folded pairwise along chunks -> out
//
// One chunk needs no partials and no second phase. Sums are blocked and pairwise throughout, so their error
// grows with log n.
import {
  ArgReduce,
  ArgReduceKind,
  DTypeCode,
  REDUCE_COLUMN_CHUNK,
  REDUCE_ROW_CHUNK,
  Reduce,
  ReduceKind,
} from '../engine/commands';
import { itemSize, taskCount, taskStart } from '../engine/partition';
import { pulseAt } from '../engine/worker';

/** Columns of a unit; a multiple of the 16 that `foldColumns` takes at once. */
const COLUMN_BLOCK: u32 = 128;
/** Elements folded without splitting: short enough for accuracy, long enough to hide the final fold of the lanes. */
const LEAF: usize = 512;

@unmanaged
export class Sum {
  @inline identity<T>(): T {
    return <T>0;
  }
  @inline scalar<T>(a: T, b: T): T {
    return <T>(a + b);
  }
  @inline vector(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

@unmanaged
export class Prod {
  @inline identity<T>(): T {
    return <T>1;
  }
  @inline scalar<T>(a: T, b: T): T {
    return <T>(a * b);
  }
  @inline vector(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

/** wasm's max and min give NaN if either operand is, as PyTorch wants. */
@unmanaged
class Amax {
  @inline identity<T>(): T {
    if (isFloat<T>()) return <T>-Infinity;
    const signBit = <T>(sizeof<T>() * 8 - 1);
    return isSigned<T>() ? <T>((<T>1) << signBit) : <T>0;
  }
  @inline scalar<T>(a: T, b: T): T {
    return max<T>(a, b);
  }
  @inline vector(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}

@unmanaged
class Amin {
  @inline identity<T>(): T {
    if (isFloat<T>()) return <T>Infinity;
    const signBit = <T>(sizeof<T>() * 8 - 1);
    return isSigned<T>() ? <T>~((<T>1) << signBit) : <T>-1;
  }
  @inline scalar<T>(a: T, b: T): T {
    return min<T>(a, b);
  }
  @inline vector(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}

/** Folds n elements at distance `stride` (bytes) as a balanced tree over leaves. */
export function fold<T, F>(x: usize, n: usize, stride: usize): T {
  const f = changetype<F>(0);
  if (n > LEAF) {
    const half = ((n >> 1) + LEAF - 1) & ~(LEAF - 1);
    return f.scalar<T>(fold<T, F>(x, half, stride), fold<T, F>(x + half * stride, n - half, stride));
  }
  let result = f.identity<T>();
  if (isFloat<T>() && sizeof<T>() == 4) {
    if (stride == 4 && n >= 16) {
      let a = v128.load(x);
      let b = v128.load(x, 16);
      let c = v128.load(x, 32);
      let d = v128.load(x, 48);
      for (x += 64, n -= 16; n >= 16; x += 64, n -= 16) {
        a = f.vector(a, v128.load(x));
        b = f.vector(b, v128.load(x, 16));
        c = f.vector(c, v128.load(x, 32));
        d = f.vector(d, v128.load(x, 48));
      }
      a = f.vector(f.vector(a, b), f.vector(c, d));
      for (; n >= 4; x += 16, n -= 4) a = f.vector(a, v128.load(x));
      a = f.vector(a, v128.shuffle<i32>(a, a, 2, 3, 0, 1));
      result = f.scalar<T>(<T>f32x4.extract_lane(a, 0), <T>f32x4.extract_lane(a, 1));
    }
  }
  for (; n > 0; x += stride, n--) result = f.scalar<T>(result, load<T>(x));
  return result;
}

/** Folds each of `width` columns of n elements at distance `stride` (bytes) into out [width]. */
function foldColumns<T, F>(x: usize, out: usize, n: usize, stride: usize, width: u32): void {
  if (isFloat<T>() && sizeof<T>() == 4) {
    const f = changetype<F>(0);
    const identity = f32x4.splat(f.identity<f32>());
    for (; width >= 16; x += 64, out += 64, width -= 16) {
      let a = identity,
        b = identity,
        c = identity,
        d = identity;
      for (let j: usize = 0, p = x; j < n; j++, p += stride) {
        a = f.vector(a, v128.load(p));
        b = f.vector(b, v128.load(p, 16));
        c = f.vector(c, v128.load(p, 32));
        d = f.vector(d, v128.load(p, 48));
      }
      v128.store(out, a);
      v128.store(out, b, 16);
      v128.store(out, c, 32);
      v128.store(out, d, 48);
    }
    for (; width >= 4; x += 16, out += 16, width -= 4) {
      let a = identity;
      for (let j: usize = 0, p = x; j < n; j++, p += stride) a = f.vector(a, v128.load(p));
      v128.store(out, a);
    }
  }
  for (; width > 0; x += sizeof<T>(), out += sizeof<T>(), width--) store<T>(out, fold<T, F>(x, n, stride));
}

function chunkLength(c: Reduce): u32 {
  return c.inner == 1 ? REDUCE_ROW_CHUNK : REDUCE_COLUMN_CHUNK;
}

function chunkCount(c: Reduce): u32 {
  const length = chunkLength(c);
  return max<u32>(1, (c.n + length - 1) / length);
}

function blockCount(c: Reduce): u32 {
  return (c.inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
}

export function reduceTasks(c: Reduce, phase: i32): i32 {
  const chunks = chunkCount(c);
  if (phase == 0) {
    const elements = min<u32>(c.n, chunkLength(c)) * min<u32>(c.inner, COLUMN_BLOCK);
    return taskCount(c.outer * chunks * blockCount(c), 4 + elements / (c.dtype == DTypeCode.Float32 ? 4 : 1));
  }
  return phase == 1 && chunks > 1 ? taskCount(c.outer * c.inner, chunks) : 0;
}

export function reduce(c: Reduce, phase: i32, task: i32): void {
  const tasks = reduceTasks(c, phase);
  const inner = c.inner;
  const size = itemSize(c.dtype);
  const chunks = chunkCount(c);
  if (phase == 1) {
    const end = taskStart(c.outer * inner, tasks, task + 1);
    for (let u = taskStart(c.outer * inner, tasks, task); u < end; u++) {
      const o = u / inner;
      foldAny(c, c.workspace + (o * chunks * inner + (u - o * inner)) * size, c.out + u * size, chunks, 1);
    }
    if (c.kind == ReduceKind.Mean) divide(c, taskStart(c.outer * inner, tasks, task), end);
    return;
  }

  const length = chunkLength(c);
  const blocks = blockCount(c);
  const units = c.outer * chunks * blocks;
  const end = taskStart(units, tasks, task + 1);
  for (let u = taskStart(units, tasks, task); u < end; u++) {
    const oc = u / blocks;
    const column = (u - oc * blocks) * COLUMN_BLOCK;
    const o = oc / chunks;
    const row = (oc - o * chunks) * length;
    const x = c.x + ((o * c.n + row) * inner + column) * size;
    const at = oc * inner + column;
    const width = min<u32>(COLUMN_BLOCK, inner - column);
    foldAny(c, x, (chunks == 1 ? c.out : c.workspace) + at * size, min<u32>(length, c.n - row), width);
    if (chunks == 1 && c.kind == ReduceKind.Mean) divide(c, at, at + width);
  }
}

/** foldColumns of the command's dtype and kind. */
function foldAny(c: Reduce, x: usize, out: usize, n: u32, width: u32): void {
  switch (c.dtype) {
    case DTypeCode.Float32:
      return foldKind<f32>(c, x, out, n, width);
    case DTypeCode.Float64:
      return foldKind<f64>(c, x, out, n, width);
    case DTypeCode.Int32:
      return foldKind<i32>(c, x, out, n, width);
    case DTypeCode.Int64:
      return foldKind<i64>(c, x, out, n, width);
    default:
      return foldKind<u8>(c, x, out, n, width);
  }
}

function foldKind<T>(c: Reduce, x: usize, out: usize, n: u32, width: u32): void {
  const stride = c.inner * sizeof<T>();
  if (c.kind == ReduceKind.Amax) foldColumns<T, Amax>(x, out, n, stride, width);
  else if (c.kind == ReduceKind.Amin) foldColumns<T, Amin>(x, out, n, stride, width);
  // The narrow integers have no sums: PyTorch adds them up in int64.
  else if (isFloat<T>() || sizeof<T>() == 8) {
    if (c.kind == ReduceKind.Prod) foldColumns<T, Prod>(x, out, n, stride, width);
    else foldColumns<T, Sum>(x, out, n, stride, width);
  }
}

/** Makes means of the sums in out [first, end). */
function divide(c: Reduce, first: u32, end: u32): void {
  for (; first < end; first++) {
    if (c.dtype == DTypeCode.Float32) {
      const p = c.out + (first << 2);
      store<f32>(p, load<f32>(p) / <f32>c.n);
    } else {
      const p = c.out + (first << 3);
      store<f64>(p, load<f64>(p) / <f64>c.n);
    }
  }
}

// ---- arg-reductions -----------------------------------------------------------------------------

@unmanaged
class Greater {
  @inline test<T>(a: T, b: T): bool {
    return a > b;
  }
}

@unmanaged
class Less {
  @inline test<T>(a: T, b: T): bool {
    return a < b;
  }
}

/** Nanoseconds an element. */
const ARG_WORK: u64 = 1;

export function argReduceTasks(c: ArgReduce, phase: i32): i32 {
  return phase == 0 ? taskCount(c.outer * c.inner, 4 + c.n * ARG_WORK) : 0;
}

export function argReduce(c: ArgReduce, phase: i32, task: i32): void {
  const inner = c.inner;
  const size = itemSize(c.dtype);
  const units = c.outer * inner;
  const tasks = argReduceTasks(c, phase);
  const end = taskStart(units, tasks, task + 1);
  for (let u = taskStart(units, tasks, task); u < end; u++) {
    const o = u / inner;
    store<i64>(c.out + (u << 3), bestAny(c, c.x + (o * c.n * inner + (u - o * inner)) * size));
  }
}

function bestAny(c: ArgReduce, x: usize): u32 {
  switch (c.dtype) {
    case DTypeCode.Float32:
      return bestKind<f32>(c, x);
    case DTypeCode.Float64:
      return bestKind<f64>(c, x);
    case DTypeCode.Int32:
      return bestKind<i32>(c, x);
    case DTypeCode.Int64:
      return bestKind<i64>(c, x);
    default:
      return bestKind<u8>(c, x);
  }
}

function bestKind<T>(c: ArgReduce, x: usize): u32 {
  const stride = c.inner * sizeof<T>();
  return c.kind == ArgReduceKind.Argmax ? best<T, Greater>(x, c.n, stride) : best<T, Less>(x, c.n, stride);
}

/** Position of the best of n elements at distance `stride` (bytes): the first of equals, the first NaN before all. */
function best<T, F>(x: usize, n: u32, stride: usize): u32 {
  const f = changetype<F>(0);
  let winner = load<T>(x);
  let at: u32 = 0;
  for (let j: u32 = 1; j < n && winner == winner; j++) {
    pulseAt(j, <u32>ARG_WORK);
    x += stride;
    const value = load<T>(x);
    if (f.test<T>(value, winner) || value != value) {
      winner = value;
      at = j;
    }
  }
  return at;
}
