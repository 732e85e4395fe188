// Loops that await nothing give the garbage collector no turn: no finalizer runs, and nobody can tell which tensors are
// dead. What is known without it is used here. All that was made since the last turn of the event loop is on a list; once
// there is much of it, or before memory is refused, what has all the marks of garbage is taken back. A later use of it is
// an error that says so (storage.ts). Loops that await now and then never get here.
//
// Never taken back: what is kept (parameters and their gradients, optimizer state, `keep`), held by a module, or made by
// code of the library that still runs; nor, up to 3, what a graph has saved that backward has not walked. The order is:
// 1. what was made inside a module's call that has returned without giving it out, the oldest first;
// 2. what a loop outside has left behind, the largest first: used soon after it was made, idle since, made again and again;
// 3. what graphs have saved that many walks have left alone; leaves, with their gradients, that a loop makes and leaves behind;
//    results that nothing has used while many of their like were made, the oldest first. Such memory may well be in an array
//    of the user's, so it goes only where there is much of it;
// and only before memory is refused:
// 4. what an attempt that ran out of memory has left behind, the youngest first (before 1);
// 5. graphs that were left unwalked by many calls.
import type { AllocatedBuffer, Device } from '../device/contract';
import { yieldTask } from '../device/task';

const MEGABYTE = 2 ** 20;
/**
 * What a task may make and hold before anything is taken back; twice that before it is what a loop outside of modules made,
 * three times before it is what may be in use after all.
 */
const BUDGET = 256 * MEGABYTE;
/** It is looked again when memory has grown by this, and by this part of what is left. Bytes. */
const NEXT_LOOK = BUDGET / 2;
const NEXT_SHARE = 1 / 4;
/** Memory must have grown by this since the last use of what is taken back: made inside a call, or outside. Bytes. */
const IDLE_INSIDE = 64 * MEGABYTE;
const IDLE_OUTSIDE = 128 * MEGABYTE;
/** And by this many times its own size. */
const IDLE_SIZES = 4;
/** How often its like must have been made since, to show a loop: of large ones fewer fit. */
const REPEATS = 4;
const LARGE_REPEATS = 2;
const LARGE = 64 * MEGABYTE;
/** How many of its like nobody may have used, and how many calls may have left a graph unwalked, before they are given up. */
const UNUSED = 16;
/** Bytes of these that one task may lose, in budgets: a loop that fills memory on purpose must come to its end. */
const MOST_GIVEN_UP = 256 * BUDGET;
/** Smaller ones are left alone unless memory is refused. Bytes. */
const SMALL = 4096;
/** Where memory is too small for such growth, this part of what the task has made will do. */
const IDLE_SHARE = 1 / 4;
/** A note of the time is taken whenever memory has grown by this. Bytes. */
const MARK = 8 * MEGABYTE;

/** Device memory on the list; Storage is the one that implements it. */
export interface Reclaimable {
  readonly device: Device;
  readonly buffer: AllocatedBuffer;
  /** In order of making. */
  readonly serial: number;
  readonly isFree: boolean;
  /** Whether it must stay. */
  readonly isKept: boolean;
  /** Whether it is a leaf that asks for gradients, or the gradient of one. */
  readonly isLeaf: boolean;
  /** Whether a graph has saved it. */
  readonly isSaved: boolean;
  /** Computed from tensors. */
  readonly isDerived: boolean;
  /** Whether the user's code outside of the call that made it may have got hold of it. */
  readonly isShown: boolean;
  reclaim(): void;
}

/** A tensor, to this file. */
interface Claimant {
  readonly reclaimable: Reclaimable;
}

/** Key of a Keeper's list of tensors. */
export const heldTensors = Symbol('heldTensors');

/** Something whose tensors stay: modules. */
export interface Keeper {
  [heldTensors](seen?: Set<object>): Iterable<Claimant>;
}

/** What was made in a module's call: serials from `first` up to `last`, but for what it has given out. */
interface Call {
  readonly first: number;
  readonly last: number;
  readonly given: ReadonlySet<Reclaimable>;
}

/** When memory had grown by so many bytes since the task began. */
interface Mark {
  readonly grown: number;
  readonly clocks: ReadonlyMap<Device, number>;
  readonly walks: number;
}

let births = 0;
let outstanding = 0;

/** What is known of the current task of the event loop. */
class Task {
  made: Reclaimable[] = [];
  calls: Call[] = [];
  readonly inside = new Set<Reclaimable>();
  readonly keepers = new Set<Keeper>();
  readonly devices = new Set<Device>();
  readonly firstBirth = births;
  readonly marks: Mark[] = [];
  grown = 0;
  /** Least that was outstanding since the last mark. */
  low = outstanding;
  walks = 0;
  /** Births at the last walks, the oldest first. */
  readonly walkedAt: number[] = [];
  /** Births when calls of no other module returned, since the last walk. */
  readonly returns: number[] = [];
  readonly base = outstanding;
  budget = outstanding + BUDGET;
  compactAt = 4096;
  /** What had been made when memory was refused, and the device's time then. */
  refused: { readonly serial: number; readonly clocks: ReadonlyMap<Device, number> } | null = null;
  givenUp = 0;
}

let task: Task | null = null;
/** Nothing is looked at before so much is outstanding. */
let watch = Infinity;
/** What the operation that is being queued reads, and what the calls that go on were given: that stays. */
let operands: readonly unknown[] = [];
const active: (readonly unknown[])[] = [];
/** What the library's code that runs has made and will free by itself. */
const working: (readonly Claimant[])[] = [];

function currentTask(): Task {
  if (task !== null) return task;
  task = new Task();
  watch = outstanding + MARK;
  const begun = task;
  void yieldTask().then(() => {
    if (task === begun) forgetTask();
  });
  return task;
}

/** Memory was given up as a whole: what is on the list is of no more use. */
export function forgetTask(): void {
  task = null;
  watch = Infinity;
}

/** Operations since the event loop had its last turn. */
export const operationsSinceTurn = (): number => (task === null ? 0 : births - task.firstBirth);

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

/** The next serial. */
export const nextSerial = (): number => ++births;

/** Takes back what is beyond the budget, as `bytes` are about to be handed out. */
export function keepToBudget(bytes: number): void {
  if (outstanding + bytes > watch) look(bytes);
}

/** Memory was handed out. */
export function noteMade(storage: Reclaimable): void {
  const now = currentTask();
  outstanding += storage.buffer.bytes;
  now.devices.add(storage.device);
  if (now.made.push(storage) >= now.compactAt) compact(now);
}

/** Memory was given back, in whatever way. */
export function noteFreed(bytes: number): void {
  outstanding -= bytes;
  if (task !== null && outstanding < task.low) {
    task.low = outstanding;
    watch = Math.min(watch, outstanding + MARK);
  }
}

/** Says what the operation that is being queued reads. */
export function noteOperands(inputs: readonly unknown[]): void {
  operands = inputs;
}

/** A graph was walked back. */
export function noteWalk(): void {
  if (task === null) return;
  task.walks++;
  if (task.walkedAt.push(births) > UNUSED) task.walkedAt.shift();
  task.returns.length = 0;
}

/** A module is called with `inputs`; gives what `noteReturn` takes. */
export function noteCall(inputs: readonly unknown[]): number {
  active.push(inputs);
  return births;
}

/** The call has ended and gives `output` out; undefined if it has thrown. What else was made in it is its own. */
export function noteReturn(first: number, output: unknown): void {
  active.pop();
  if (task === null || births - first < 2 || output === undefined || output instanceof Promise) return;
  const { calls } = task;
  // What it has called in its turn made part of this.
  while (calls.length > 0 && calls[calls.length - 1].first >= first) calls.pop();
  const given = new Set<Reclaimable>();
  gatherFrom(output, given);
  calls.push({ first, last: births, given });
  if (active.length === 0) task.returns.push(births);
}

/** Code of the library begins, which puts into `made` what it makes and frees it at its end, which `noteEnd` tells. */
export function noteWork(made: readonly Claimant[]): void {
  working.push(made);
}

export function noteEnd(): void {
  working.pop();
}

/** Something that holds tensors was made or used. */
export function noteKeeper(keeper: Keeper): void {
  currentTask().keepers.add(keeper);
}

/** The tensors in `value`, as deep as anything but a function goes. */
function gatherFrom(value: unknown, into: Set<Reclaimable>, seen = new Set<unknown>()): void {
  if (value === null || typeof value !== 'object' || seen.has(value) || ArrayBuffer.isView(value)) return;
  seen.add(value);
  if ('reclaimable' in value) into.add((value as Claimant).reclaimable);
  else for (const item of isIterable(value) ? value : Object.values(value)) gatherFrom(item, into, seen);
}

const isIterable = (value: object): value is Iterable<unknown> =>
  Array.isArray(value) || value instanceof Map || value instanceof Set;

/** Makes room where `bytes` cannot be had. Returns false if there is nothing left to take back: memory is refused. */
export function makeRoom(bytes: number): boolean {
  if (task === null) return false;
  const before = outstanding;
  const goal = Math.max(0, outstanding - Math.max(bytes, MARK));
  settle(task);
  const spared = sparedBy(task);
  const isFreeable = freeable(spared);
  const take = (chosen: readonly Reclaimable[]): boolean => (reclaim(chosen, goal), outstanding < before);
  const { made, inside, refused } = task;
  const all = made.filter(isFreeable);
  const available = all.filter((s) => !s.isLeaf);
  const freed =
    (refused !== null && take(ofAttempt(made, refused, spared))) ||
    take(available.filter((s) => inside.has(s) && !s.isShown)) ||
    take(largestFirst(ofLoops(task, available, Math.min(IDLE_OUTSIDE, IDLE_SHARE * (outstanding - task.base))))) ||
    giveUp(task, [...unwalked(task), ...doubtful(task, all), ...abandoned(task)], goal);
  if (!freed) task.refused = { serial: births, clocks: clocks(task) };
  return freed;
}

/** Looks how much there is, and takes back what is beyond the budget. */
function look(bytes: number): void {
  const now = currentTask();
  mark(now);
  if (outstanding + bytes > now.budget) {
    settle(now);
    const isFreeable = freeable(sparedBy(now));
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
  watch = Math.max(Math.min(now.low + MARK, now.budget), outstanding + bytes + MARK / 4);
}

/** Takes the time, unless a graph is being recorded: then growth says nothing until it was walked. */
function mark(now: Task): void {
  const last = now.marks.at(-1);
  if (outstanding - now.low < MARK / 4) return;
  if (last?.walks === now.walks && now.made.some((s) => s.isSaved && !s.isFree)) return;
  now.grown += outstanding - now.low;
  now.low = outstanding;
  now.marks.push({ grown: now.grown, clocks: clocks(now), walks: now.walks });
}

const clocks = (now: Task): ReadonlyMap<Device, number> => new Map([...now.devices].map((d) => [d, d.clock()]));

/** Whether memory has grown by `bytes`, and by several times its own, since it was last used. */
function isIdle(now: Task, { device, buffer }: Reclaimable, bytes: number): boolean {
  const { marks } = now;
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle].clocks.get(device) ?? 0) >= buffer.lastUse) high = middle;
    else low = middle + 1;
  }
  return low < marks.length && now.grown - marks[low].grown >= Math.max(bytes, IDLE_SIZES * buffer.bytes);
}

function compact(now: Task): void {
  now.made = now.made.filter((s) => !s.isFree);
  for (const s of now.inside) if (s.isFree) now.inside.delete(s);
  now.compactAt = Math.max(4096, 2 * now.made.length);
}

/** Finds out what was made inside of calls. */
function settle(now: Task): void {
  compact(now);
  const { made, inside } = now;
  for (const { first, last, given } of now.calls) {
    for (let i = firstAfter(made, first); i < made.length && made[i].serial <= last; i++) {
      if (!given.has(made[i])) inside.add(made[i]);
    }
  }
  now.calls = [];
}

/** Position of the first that was made after `serial`. */
function firstAfter(made: readonly Reclaimable[], serial: number): number {
  let [low, high] = [0, made.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (made[middle].serial > serial) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What is known to be in use. */
function sparedBy(now: Task): ReadonlySet<Reclaimable> {
  const spared = new Set<Reclaimable>();
  gatherFrom([operands, active], spared);
  for (const made of working) for (const { reclaimable } of made) spared.add(reclaimable);
  const seen = new Set<object>();
  for (const keeper of now.keepers) for (const { reclaimable } of keeper[heldTensors](seen)) spared.add(reclaimable);
  return spared;
}

/** What nothing known holds. */
const freeable =
  (spared: ReadonlySet<Reclaimable>) =>
  (s: Reclaimable): boolean =>
    !s.isFree && !s.isKept && !s.isSaved && !spared.has(s);

function reclaim(chosen: readonly Reclaimable[], goal: number): void {
  for (const s of chosen) {
    if (outstanding <= goal) return;
    s.reclaim();
  }
}

/**
 * What a loop has left behind: used soon after it was made, and then no more, while its like (of `made`) were made, so many
 * times, and used.
 */
function ofLoops(
  now: Task,
  available: readonly Reclaimable[],
  idle: number,
  made = now.made,
  least = 0,
): Reclaimable[] {
  const like = new Map<string, number[]>();
  const keyOf = (s: Reclaimable): string => `${s.buffer.bytes} ${s.isDerived}`;
  const place = new Map<Reclaimable, number>();
  for (const s of made) {
    const key = keyOf(s);
    const born = like.get(key) ?? [];
    if (born.length === 0) like.set(key, born);
    place.set(s, born.push(s.buffer.born) - 1);
  }
  return available.filter((s) => {
    const { bytes, firstRead, lastUse } = s.buffer;
    const born = like.get(keyOf(s)) ?? [];
    const repeats = Math.max(least, bytes < LARGE ? REPEATS : LARGE_REPEATS);
    const next = (place.get(s) ?? 0) + repeats;
    if (firstRead === 0 || next >= born.length || firstRead > born[next]) return false;
    return born[born.length - repeats] > lastUse && isIdle(now, s, idle);
  });
}

const largestFirst = (chosen: Reclaimable[]): Reclaimable[] => chosen.sort((a, b) => b.buffer.bytes - a.buffer.bytes);

/** What was computed before memory was refused and not looked at since, the youngest first. Its graph will not be walked. */
function ofAttempt(
  made: readonly Reclaimable[],
  refused: NonNullable<Task['refused']>,
  spared: ReadonlySet<Reclaimable>,
): Reclaimable[] {
  const { serial, clocks } = refused;
  const left = (s: Reclaimable): boolean =>
    s.serial <= serial &&
    s.buffer.bytes >= SMALL &&
    s.isDerived &&
    !s.isFree &&
    !s.isKept &&
    !s.isLeaf &&
    !spared.has(s) &&
    s.buffer.lastUse <= (clocks.get(s.device) ?? 0);
  return made.filter(left).reverse();
}

/** What many walks since have left alone of what graphs have saved, and a loop as well. */
function unwalked(now: Task): Reclaimable[] {
  if (now.walkedAt.length < UNUSED) return [];
  const saved = now.made.filter((s) => s.isSaved && s.isDerived && !s.isFree && !s.isKept && !s.isLeaf);
  return ofLoops(now, saved.filter((s) => s.serial <= now.walkedAt[0]), IDLE_OUTSIDE); // prettier-ignore
}

/** Results that nobody has used while many of their like were made, and leaves that a loop has left behind. */
function doubtful(now: Task, available: readonly Reclaimable[]): Reclaimable[] {
  const younger = new Map<number, number>();
  const unused: Reclaimable[] = [];
  for (const s of available.toReversed()) {
    if (s.buffer.firstRead > 0 || !s.isDerived || s.isLeaf) continue;
    const count = younger.get(s.buffer.bytes) ?? 0;
    younger.set(s.buffer.bytes, count + 1);
    if (count >= UNUSED) unused.push(s);
  }
  const isLeaf = (s: Reclaimable): boolean => s.isLeaf;
  const leaves = ofLoops(now, available.filter(isLeaf), IDLE_OUTSIDE, now.made.filter(isLeaf), UNUSED);
  return [...leaves, ...unused.reverse()];
}

/** What graphs have saved that many calls have left unwalked. */
function abandoned(now: Task): Reclaimable[] {
  const last = now.returns.at(-UNUSED) ?? 0;
  return now.made.filter((s) => s.isSaved && s.isDerived && !s.isFree && !s.isKept && s.serial <= last);
}

/** Takes what may be in use after all. */
function giveUp(now: Task, chosen: readonly Reclaimable[], goal: number): boolean {
  if (now.givenUp > MOST_GIVEN_UP) return false;
  const before = outstanding;
  reclaim(chosen, goal);
  now.givenUp += before - outstanding;
  return outstanding < before;
}
