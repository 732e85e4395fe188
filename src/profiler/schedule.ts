// Which steps are recorded: torch.profiler.schedule.
import type { Arguments } from '../base/arguments';
import { COUNT } from '../base/kinds';
import { argument, signature } from '../base/signature';

/** What the profiler does in a step. */
export enum ProfilerAction {
  /** Nothing. */
  NONE,
  /** It records, and throws away what it has recorded. */
  WARMUP,
  /** It records. */
  RECORD,
  /** It records, and then gives what it has recorded to `onTraceReady`. */
  RECORD_AND_SAVE,
}

/** What to do in each step, counted from 0. */
export type Schedule = (step: number) => ProfilerAction;

/** How steps are chosen. */
export interface ScheduleOptions {
  /** Steps of a cycle without recording. */
  wait: number;
  /** Then steps that are recorded and thrown away. */
  warmup: number;
  /** Then steps that are recorded. */
  active: number;
  /** Cycles; 0, the default, goes on for ever. */
  repeat?: number;
  /** Steps before the first cycle; 0 by default. */
  skipFirst?: number;
  /** With 1 the first cycle does not wait; 0 by default. */
  skipFirstWait?: number;
}

const SCHEDULE = signature('schedule', [
  argument('wait', COUNT), argument('warmup', COUNT), argument('active', { ...COUNT, expected: 'a whole number of at least 1', accepts: (value): value is number => COUNT.accepts(value) && value > 0 }),
  argument('repeat', COUNT, 0), argument('skipFirst', COUNT, 0), argument('skipFirstWait', COUNT, 0),
]); // prettier-ignore

/**
 * A schedule in cycles: `wait` steps without recording, `warmup` steps whose record is thrown away, `active` steps that are recorded.
 * @example profile({ schedule: schedule({ wait: 1, warmup: 1, active: 3, repeat: 2 }), onTraceReady })
 * @see torch.profiler.schedule
 */
export function schedule(
  ...args: Arguments<
    [wait: number, warmup: number, active: number],
    [repeat?: number, skipFirst?: number, skipFirstWait?: number],
    ScheduleOptions
  >
): Schedule {
  const { wait, warmup, active, repeat, skipFirst, skipFirstWait } = SCHEDULE.take(args);
  return (step) => {
    let at = step - skipFirst;
    if (at < 0) return ProfilerAction.NONE;
    // As if the first wait had passed.
    if (skipFirstWait > 0) at += wait;
    const cycle = wait + warmup + active;
    if (repeat > 0 && at >= repeat * cycle) return ProfilerAction.NONE;
    at %= cycle;
    if (at < wait) return ProfilerAction.NONE;
    if (at < wait + warmup) return ProfilerAction.WARMUP;
    return at === cycle - 1 ? ProfilerAction.RECORD_AND_SAVE : ProfilerAction.RECORD;
  };
}
