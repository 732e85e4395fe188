// How kernels cut a phase into tasks. The cut depends on the shape only, so that every worker count sees the same one.
import { DTypeCode } from './commands';

/** A phase below this is run by the leader alone: a barrier costs about 9 us on a busy 2-core machine. Nanoseconds. */
const SERIAL_WORK: u64 = 20000;
/** Work of one task: long against the 0.1 us of taking it, short against the barrier's wait for the last. Nanoseconds. */
export const TASK_WORK: u32 = 30000;
/** The barrier's ticket has 20 bits for the number of tasks. */
const MAX_TASKS: u64 = 1 << 16;

/** Number of tasks for `units` equal pieces of about `work` nanoseconds (on one core) each. 0 for no units. */
export function taskCount(units: u32, work: u64): i32 {
  const total = <u64>units * work;
  if (total <= SERIAL_WORK) return units > 0 ? 1 : 0;
  return <i32>min<u64>(min<u64>(units, MAX_TASKS), (total + TASK_WORK - 1) / TASK_WORK);
}

/** First unit of a task; the task ends where the next begins. */
export function taskStart(units: u32, tasks: i32, task: i32): u32 {
  return <u32>((<u64>units * task) / tasks);
}

/** Bytes of an element of the dtype. */
export function itemSize(dtype: u32): u32 {
  if (dtype == DTypeCode.Float64 || dtype == DTypeCode.Int64) return 8;
  return dtype == DTypeCode.Float32 || dtype == DTypeCode.Int32 ? 4 : 1;
}

/** Number of parts of at most `size` that `count` things make. */
// @ts-ignore: decorator
@inline
export function parts(count: u32, size: u32): u32 {
  return (count + size - 1) / size;
}

/** Size of each part when `count` things are cut evenly into parts of about `size`, a multiple of `unit`. */
export function evenPart(count: u32, size: u32, unit: u32): u32 {
  return parts(parts(count, parts(count, size)), unit) * unit;
}
