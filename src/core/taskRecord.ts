// What is known of the current task of the event loop: the memory that was made since the last turn, the calls that made it,
// the graphs that were walked, the modules that were used. It is written here by those who do these things; what looks like
// garbage then is the business of candidates.ts, and when it is taken back that of reclaim.ts.
import type { Device } from '../device/contract';
import { yieldTask } from '../device/task';
import { activeCalls, memoryIn, type Keeper, type Reclaimable } from './inUse';

/** A note of the time is taken whenever memory has grown by this. Bytes. */
export const GROWTH = 8 * 2 ** 20;
/** How many walks back through graphs are remembered. */
export const WALKS = 16;
/** What is free is taken off the list when that has grown to this, and to twice what is left. */
const COMPACT = 4096;

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
/** Bytes handed out and not given back. */
export let outstanding = 0;

/** One task of the event loop. */
export class TaskRecord {
  /** What was made and is not free, with some that is, in order. */
  made: Reclaimable[] = [];
  /** What of that was made inside of calls, as far as `settle` has found out. */
  readonly inside = new Set<Reclaimable>();
  calls: Call[] = [];
  readonly keepers = new Set<Keeper>();
  readonly devices = new Set<Device>();
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
  readonly firstBirth = births;
  /** Nothing is looked at before so much is outstanding. */
  watch = outstanding + GROWTH;
  /** How much may be outstanding, once reclaim.ts has said so, and how much of what may be in use it has taken. Bytes. */
  budget = 0;
  givenUp = 0;
  /** What had been made when memory was refused last, and the time then. */
  refused: { readonly serial: number; readonly clocks: ReadonlyMap<Device, number> } | null = null;
  private compactAt = COMPACT;

  make(storage: Reclaimable): void {
    this.devices.add(storage.device);
    if (this.made.push(storage) >= this.compactAt) this.compact();
  }

  /** The time on every device. */
  clocks(): ReadonlyMap<Device, number> {
    return new Map([...this.devices].map((device) => [device, device.clock()]));
  }

  /** Memory was refused. */
  refuse(): void {
    this.refused = { serial: births, clocks: this.clocks() };
  }

  /** Finds out what is free, and what was made inside of calls. */
  settle(): void {
    this.compact();
    const { made, inside } = this;
    for (const { first, last, given } of this.calls) {
      for (let i = firstAfter(made, first); i < made.length && made[i].serial <= last; i++) {
        if (!given.has(made[i])) inside.add(made[i]);
      }
    }
    this.calls = [];
  }

  private compact(): void {
    this.made = this.made.filter((s) => !s.isFree);
    for (const s of this.inside) if (s.isFree) this.inside.delete(s);
    this.compactAt = Math.max(COMPACT, 2 * this.made.length);
  }
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

/** The current task, once anything was made in it. */
export let task: TaskRecord | null = null;

function currentTask(): TaskRecord {
  if (task !== null) return task;
  const begun = new TaskRecord();
  task = begun;
  void yieldTask().then(() => {
    if (task === begun) forgetTask();
  });
  return begun;
}

/** The task has ended, or memory was given up as a whole: what is on the list is the garbage collector's. */
export function forgetTask(): void {
  const ended = task;
  task = null;
  if (ended !== null) for (const storage of ended.made) storage.watch();
}

/** The next serial. */
export const nextSerial = (): number => ++births;

/** Operations since the event loop had its last turn. */
export const operationsSinceTurn = (): number => (task === null ? 0 : births - task.firstBirth);

/** Memory was handed out. */
export function noteMade(storage: Reclaimable): void {
  const now = currentTask();
  outstanding += storage.buffer.bytes;
  now.make(storage);
}

/** Memory was given back, in whatever way. */
export function noteFreed(bytes: number): void {
  outstanding -= bytes;
  if (task !== null && outstanding < task.low) {
    task.low = outstanding;
    task.watch = Math.min(task.watch, outstanding + GROWTH);
  }
}

/** A graph was walked back. */
export function noteWalk(): void {
  if (task === null) return;
  task.walks++;
  if (task.walkedAt.push(births) > WALKS) task.walkedAt.shift();
  task.returns.length = 0;
}

/** A module is called with `inputs`; gives what `noteReturn` takes. */
export function noteCall(inputs: readonly unknown[]): number {
  activeCalls.push(inputs);
  return births;
}

/** The call has ended and gives `output` out; undefined if it has thrown. What else was made in it is its own. */
export function noteReturn(first: number, output: unknown): void {
  activeCalls.pop();
  if (task === null || births - first < 2 || output === undefined || output instanceof Promise) return;
  const { calls } = task;
  // What it has called in its turn made part of this.
  while (calls.length > 0 && calls[calls.length - 1].first >= first) calls.pop();
  calls.push({ first, last: births, given: memoryIn(output) });
  if (activeCalls.length === 0) task.returns.push(births);
}

/** Something that holds tensors was made or used. */
export function noteKeeper(keeper: Keeper): void {
  currentTask().keepers.add(keeper);
}
