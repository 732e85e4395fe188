// Running sums and products along the middle of x [outer, n, inner], forwards or backwards, one column after the other.
import { DTypeCode, Scan, ScanKind } from './commands';
import { itemSize, taskCount, taskStart } from './partition';
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

function scanKind<T, A>(c: Scan, at: u32): void {
  if (c.kind == ScanKind.Cumsum) scanColumn<T, A, Sum>(c, at);
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
    total = f.scalar<A>(total, <A>load<T>(c.x + at));
    store<T>(c.out + at, <T>total);
  }
}
