// Running sums and products along the middle of x [outer, n, inner], forwards or backwards, one column after the other.
import { ArgReduceKind, DTypeCode, Scan, ScanIndices, ScanKind } from '../engine/commands';
import { itemSize, taskCount, taskStart } from '../engine/partition';
import { pulseAt } from '../engine/worker';
import { Prod, Sum } from './reduce';

/** Nanoseconds an element: the latency of one addition. */
const SCAN_WORK: u64 = 2;

export function scanTasks(c: Scan, phase: i32): i32 {
  return phase == 0 ? taskCount(c.outer * c.inner, c.n * SCAN_WORK) : 0;
}

export function scan(c: Scan, phase: i32, task: i32): void {
  const inner = c.inner;
  const size = itemSize(c.dtype);
  const units = c.outer * inner;
  const tasks = scanTasks(c, phase);
  const end = taskStart(units, tasks, task + 1);
  for (let u = taskStart(units, tasks, task); u < end; u++) {
    const o = u / inner;
    const at = (o * c.n * inner + (u - o * inner)) * size;
    // Floats accumulate in float64, as PyTorch does on the CPU.
    if (c.dtype == DTypeCode.Float32) scanKind<f32, f64>(c, at);
    else if (c.dtype == DTypeCode.Float64) scanKind<f64, f64>(c, at);
    else scanKind<i64, i64>(c, at);
  }
}

/** log(e^a + e^b), in double precision. */
@unmanaged
class LogAddExp {
  @inline identity<T>(): T {
    return isFloat<T>() ? <T>-Infinity : <T>0;
  }
  @inline scalar<T>(a: T, b: T): T {
    const high = <f64>a > <f64>b ? <f64>a : <f64>b;
    const low = <f64>a > <f64>b ? <f64>b : <f64>a;
    if (high != high || low != low) return <T>NaN;
    // Two equal infinities have no distance.
    return <T>(high == low && abs<f64>(high) == Infinity ? high : high + Math.log1p(Math.exp(low - high)));
  }
}

function scanKind<T, A>(c: Scan, at: u32): void {
  if (c.kind == ScanKind.Cumsum) scanColumn<T, A, Sum>(c, at);
  else if (c.kind == ScanKind.Logcumsumexp) scanColumn<T, A, LogAddExp>(c, at);
  else scanColumn<T, A, Prod>(c, at);
}

/** Scans the column that starts `at` bytes into x and out. */
function scanColumn<T, A, F>(c: Scan, at: u32): void {
  const f = changetype<F>(0);
  let stride = c.inner * <u32>sizeof<T>();
  if (c.reverse) {
    at += (c.n - 1) * stride;
    stride = -stride;
  }
  let total = f.identity<A>();
  for (let j: u32 = 0; j < c.n; j++, at += stride) {
    pulseAt(j, <u32>SCAN_WORK);
    total = f.scalar<A>(total, <A>load<T>(c.x + at));
    store<T>(c.out + at, <T>total);
  }
}

// ---- running extremes ------------------------------------------------------------------------------

export function scanIndicesTasks(c: ScanIndices, phase: i32): i32 {
  return phase == 0 ? taskCount(c.outer * c.inner, c.n * SCAN_WORK) : 0;
}

export function scanIndices(c: ScanIndices, phase: i32, task: i32): void {
  const units = c.outer * c.inner;
  const tasks = scanIndicesTasks(c, phase);
  const end = taskStart(units, tasks, task + 1);
  for (let u = taskStart(units, tasks, task); u < end; u++) {
    const o = u / c.inner;
    const column = o * c.n * c.inner + (u - o * c.inner);
    if (c.dtype == DTypeCode.Float32) runningExtreme<f32>(c, column);
    else if (c.dtype == DTypeCode.Float64) runningExtreme<f64>(c, column);
    else if (c.dtype == DTypeCode.Int32) runningExtreme<i32>(c, column);
    else if (c.dtype == DTypeCode.Int64) runningExtreme<i64>(c, column);
    else runningExtreme<u8>(c, column);
  }
}

function runningExtreme<T>(c: ScanIndices, column: u32): void {
  const greatest: bool = c.kind == ArgReduceKind.Argmax;
  let place: u32 = 0;
  let extreme = load<T>(c.x + column * sizeof<T>());
  for (let j: u32 = 0, at = column; j < c.n; j++, at += c.inner) {
    pulseAt(j, <u32>SCAN_WORK);
    const value = load<T>(c.x + at * sizeof<T>());
    // Of equals the last one, and nothing but NaN comes after NaN.
    if (value != value || (greatest ? value >= extreme : value <= extreme)) {
      extreme = value;
      place = j;
    }
    store<i64>(c.out + (at << 3), place);
  }
}
