// Binary search in ascending rows. NaN is never below nor equal, so that it, and what is sought beyond it, is behind all.
import { DTypeCode, SearchSorted } from '../engine/commands';
import { itemSize, taskCount, taskStart } from '../engine/partition';

/** Nanoseconds for one comparison. */
const COMPARE_WORK: u64 = 4;

export function searchSortedTasks(c: SearchSorted, phase: i32): i32 {
  const steps: u64 = 32 - clz<u32>(c.n);
  return phase == 0 ? taskCount(c.outer * c.m, 4 + steps * COMPARE_WORK) : 0;
}

export function searchSorted(c: SearchSorted, phase: i32, task: i32): void {
  const units = c.outer * c.m;
  const tasks = searchSortedTasks(c, phase);
  const end = taskStart(units, tasks, task + 1);
  const size = itemSize(c.dtype);
  for (let u = taskStart(units, tasks, task); u < end; u++) {
    const row = c.sorted + (u / c.m) * c.stride * size;
    const value = c.values + u * size;
    let place: u32;
    if (c.dtype == DTypeCode.Float32) place = placeOf<f32>(c, row, value);
    else if (c.dtype == DTypeCode.Float64) place = placeOf<f64>(c, row, value);
    else if (c.dtype == DTypeCode.Int32) place = placeOf<i32>(c, row, value);
    else if (c.dtype == DTypeCode.Int64) place = placeOf<i64>(c, row, value);
    else place = placeOf<u8>(c, row, value);
    store<i64>(c.out + (u << 3), place);
  }
}

function placeOf<T>(c: SearchSorted, row: usize, at: usize): u32 {
  const value = load<T>(at);
  let start: u32 = 0;
  let end = c.n;
  while (start < end) {
    const middle = (start + end) >> 1;
    const other = load<T>(row + middle * sizeof<T>());
    if (c.right ? other > value : other >= value) end = middle;
    else start = middle + 1;
  }
  return start;
}
