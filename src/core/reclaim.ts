// Loops that await nothing give the garbage collector no turn: no finalizer runs, and nobody can tell which tensors are
// dead. What is known without it is used here. All that was made since the last turn of the event loop is on a list
// (taskRecord.ts); once there is much of it, or before memory is refused, what has all the marks of garbage (candidates.ts) is
// taken back. A later use of it is an error that says so (storage.ts). Loops that await now and then never get here.
//
// Never taken back: what is kept (parameters and their gradients, optimizer state, `keep`), held by a module, or made by
// code of the library that still runs (inUse.ts); nor, up to 3, what a graph has saved that backward has not walked. The order is:
// 1. what was made inside a module's call that has returned without giving it out, the oldest first;
// 2. what a loop outside has left behind, the largest first: used soon after it was made, idle since, made again and again;
// 3. what graphs have saved that many walks have left alone; leaves, with their gradients, that a loop makes and leaves behind;
//    results that nothing has used while many of their like were made, the oldest first. Such memory may well be in an array
//    of the user's, so it goes only where there is much of it;
// and only before memory is refused:
// 4. what an attempt that ran out of memory has left behind, the youngest first (before 1);
// 5. graphs that were left unwalked by many calls.
import {
  abandoned,
  doubtful,
  IDLE_INSIDE,
  IDLE_OUTSIDE,
  isIdle,
  noteTime,
  ofAttempt,
  ofLoops,
  SMALL,
  unwalked,
} from './candidates';
import { inUse, type Reclaimable } from './inUse';
import { GROWTH, operationsSinceTurn, outstanding, task, type TaskRecord } from './taskRecord';

const MEGABYTE = 2 ** 20;
/**
 * What a task may make and hold before anything is taken back; twice that before it is what a loop outside of modules made,
 * three times before it is what may be in use after all.
 */
const BUDGET = 256 * MEGABYTE;
/** It is looked again when memory has grown by this, and by this part of what is left. Bytes. */
const NEXT_LOOK = BUDGET / 2;
const NEXT_SHARE = 1 / 4;
/** Bytes of what may be in use that one task may lose, in budgets: a loop that fills memory on purpose must come to its end. */
const MOST_GIVEN_UP = 256 * BUDGET;
/** Where memory is too small for that to be idle which has seen it grow by so much, this part of what the task has made will do. */
const IDLE_SHARE = 1 / 4;
/** Operations without a turn from which the error for memory that ran out speaks of them. */
const MANY_OPERATIONS = 100;

/** What the error for memory that ran out says of a loop that awaits nothing. */
export function shortageAdvice(): string {
  const operations = operationsSinceTurn();
  if (operations < MANY_OPERATIONS) return '';
  return (
    `Nothing was awaited for ${operations} operations, so the garbage collector had no turn: ` +
    `await something now and then (await loss.item(), await optimizer.step()), or wrap each step in scope(() => ...). `
  );
}

/** Takes back what is beyond the budget, as `bytes` are about to be handed out. */
export function keepToBudget(bytes: number): void {
  if (task !== null && outstanding + bytes > task.watch) look(task, bytes);
}

/** Makes room where `bytes` cannot be had. Returns false if there is nothing left to take back: memory is refused. */
export function makeRoom(bytes: number): boolean {
  if (task === null) return false;
  const now = task;
  const before = outstanding;
  const goal = Math.max(0, outstanding - Math.max(bytes, GROWTH));
  now.settle();
  const spared = inUse(now.keepers);
  const take = (chosen: readonly Reclaimable[]): boolean => (reclaim(chosen, goal), outstanding < before);
  const all = now.made.filter(freeable(spared));
  const available = all.filter((s) => !s.isLeaf);
  const freed =
    take(ofAttempt(now, spared)) ||
    take(available.filter((s) => now.inside.has(s) && !s.isShown)) ||
    take(largestFirst(ofLoops(now, available, Math.min(IDLE_OUTSIDE, IDLE_SHARE * (outstanding - now.base))))) ||
    giveUp(now, [...unwalked(now), ...doubtful(now, all), ...abandoned(now)], goal);
  if (!freed) now.refuse();
  return freed;
}

/** Looks how much there is, and takes back what is beyond the budget. */
function look(now: TaskRecord, bytes: number): void {
  noteTime(now);
  now.budget = Math.max(now.budget, now.base + BUDGET);
  if (outstanding + bytes > now.budget) {
    now.settle();
    const isFreeable = freeable(inUse(now.keepers));
    const large = now.made.filter((s) => s.buffer.bytes >= SMALL && isFreeable(s));
    const available = large.filter((s) => !s.isLeaf);
    reclaim(
      available.filter((s) => now.inside.has(s) && !s.isShown && isIdle(now, s, IDLE_INSIDE)),
      now.base + BUDGET / 2,
    );
    if (outstanding + bytes >= now.base + 2 * BUDGET) {
      reclaim(largestFirst(ofLoops(now, available, IDLE_OUTSIDE)), now.base + BUDGET);
    }
    if (outstanding + bytes >= now.base + 3 * BUDGET) {
      giveUp(now, [...unwalked(now), ...doubtful(now, large)], now.base + 2 * BUDGET);
    }
    const left = outstanding + bytes - now.base;
    now.budget = now.base + Math.max(BUDGET, left + Math.max(NEXT_LOOK, NEXT_SHARE * left));
    now.low = outstanding;
  }
  now.watch = Math.max(Math.min(now.low + GROWTH, now.budget), outstanding + bytes + GROWTH / 4);
}

/** What nothing known holds. */
const freeable =
  (spared: ReadonlySet<Reclaimable>) =>
  (s: Reclaimable): boolean =>
    !s.isFree && !s.isKept && !s.isSaved && !spared.has(s);

const largestFirst = (chosen: Reclaimable[]): Reclaimable[] => chosen.sort((a, b) => b.buffer.bytes - a.buffer.bytes);

function reclaim(chosen: readonly Reclaimable[], goal: number): void {
  for (const s of chosen) {
    if (outstanding <= goal) return;
    s.reclaim();
  }
}

/** Takes what may be in use after all. */
function giveUp(now: TaskRecord, chosen: readonly Reclaimable[], goal: number): boolean {
  if (now.givenUp > MOST_GIVEN_UP) return false;
  const before = outstanding;
  reclaim(chosen, goal);
  now.givenUp += before - outstanding;
  return outstanding < before;
}
