// Stable sorting along the middle of x [outer, n, inner]: the order of each column as positions (int64). NaN is the greatest.
//
// Short columns are merged: runs of doubling length go to and fro between two arrays of positions. Long ones go by digits of
// 8 bits, the least first (sortDigits.ts); a task takes whole columns, or, from SORT_SPLIT on, a chunk of one. A stable order is
// one only, so that all give the same.
import { DTypeCode, SORT_DIGITS, SORT_SPLIT, Sort } from '../engine/commands';
import { itemSize, taskCount, taskStart } from '../engine/partition';
import { pulse } from '../engine/worker';
import { DIGIT_WORK, digitsOf, sortColumn, sortSplit, sortSplitTasks } from './sortDigits';

/** Nanoseconds for one comparison and move. */
const COMPARE_WORK: u64 = 8;

export function sortTasks(c: Sort, phase: i32): i32 {
  if (c.n >= <u32>SORT_SPLIT) return sortSplitTasks(c, phase);
  if (phase > 0) return 0;
  const rounds: u64 = 32 - clz<u32>(c.n);
  const work = c.n >= <u32>SORT_DIGITS ? <u64>digitsOf(c) * DIGIT_WORK : rounds * COMPARE_WORK;
  return taskCount(c.outer * c.inner, 16 + c.n * work);
}

export function sort(c: Sort, phase: i32, task: i32): void {
  if (c.n >= <u32>SORT_SPLIT) return sortSplit(c, phase, task);
  const units = c.outer * c.inner;
  const tasks = sortTasks(c, phase);
  const end = taskStart(units, tasks, task + 1);
  for (let u = taskStart(units, tasks, task); u < end; u++) {
    pulse(c.n * 64);
    // 8 bytes an element for each column.
    const from = c.workspace + u * c.n * 8;
    if (c.n >= <u32>SORT_DIGITS) {
      sortColumn(c, u, from);
      continue;
    }
    const o = u / c.inner;
    const column = o * c.n * c.inner + (u - o * c.inner);
    const x = c.x + column * itemSize(c.dtype);
    let order: usize;
    if (c.dtype == DTypeCode.Float32) order = mergeSort<f32>(c, x, from);
    else if (c.dtype == DTypeCode.Float64) order = mergeSort<f64>(c, x, from);
    else if (c.dtype == DTypeCode.Int32) order = mergeSort<i32>(c, x, from);
    else if (c.dtype == DTypeCode.Int64) order = mergeSort<i64>(c, x, from);
    else order = mergeSort<u8>(c, x, from);
    for (let j: u32 = 0; j < c.n; j++) store<i64>(c.out + ((column + j * c.inner) << 3), load<u32>(order + (j << 2)));
  }
}

/** Sorts the positions of the column at x; gives the one of the two arrays at `from` that holds them. */
function mergeSort<T>(c: Sort, x: usize, from: usize): usize {
  const n = c.n;
  let to = from + (n << 2);
  for (let j: u32 = 0; j < n; j++) store<u32>(from + (j << 2), j);
  for (let run: u32 = 1; run < n; run <<= 1) {
    for (let start: u32 = 0; start < n; start += run << 1) merge<T>(c, x, from, to, start, run);
    const swapped = from;
    from = to;
    to = swapped;
  }
  return from;
}

/** Merges the runs at `start` and `start + run`; of equals the left one comes first. */
function merge<T>(c: Sort, x: usize, from: usize, to: usize, start: u32, run: u32): void {
  let left = start;
  const middle = min<u32>(start + run, c.n);
  let right = middle;
  const end = min<u32>(middle + run, c.n);
  for (let at = start; at < end; at++) {
    let takesRight = right < end;
    if (takesRight && left < middle) {
      const a = keyAt<T>(c, x, from, left);
      const b = keyAt<T>(c, x, from, right);
      takesRight = c.descending ? below<T>(a, b) : below<T>(b, a);
    }
    const next = takesRight ? right++ : left++;
    store<u32>(to + (at << 2), load<u32>(from + (next << 2)));
  }
}

@inline
function keyAt<T>(c: Sort, x: usize, order: usize, at: u32): T {
  return load<T>(x + load<u32>(order + (at << 2)) * c.inner * sizeof<T>());
}

/** a < b, NaN being the greatest. */
@inline
function below<T>(a: T, b: T): bool {
  if (isFloat<T>()) return a < b || (b != b && a == a);
  return a < b;
}
