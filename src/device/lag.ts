// How far a device is behind the page. Loops that await something of the library's are held there (`throttle`). A page that
// awaits nothing, as one that makes a step in each animation frame, would queue work for minutes: it is told once, and its
// calls take as long as the device does.
import { currentTurn } from './task';

/** Milliseconds of work that a page which awaits nothing may be ahead. */
const MOST = 500;
/** Marks are at least so many milliseconds apart, so that small steps do not pay for them. */
const SPACING = 4;
/** Milliseconds for which a page that awaited the device counts as one that does. */
const HELD = 10_000;
/** So many awaits at a time: who has more goes on beside them, as a page does that awaits in its animation frames. */
const MOST_AWAITED = 8;
/** Share of the newest marks in the time that one is said to take. */
const NEWEST = 0.25;
/** Marks that are heard of within so many milliseconds came together, as after a task that let nothing be heard. */
const TOGETHER = 1;

let isTold = false;

/** Marks in a stream, and the time that they take. */
export class Lag {
  /** When each of the marks was placed that the device is not known to have reached, the oldest first. Milliseconds, as all below. */
  private readonly marks: number[] = [];
  /** Number of the task (`Turn`) in which `mark` was called last. */
  private turn = 0;
  /** How many of `marks` were placed before that task. */
  private earlier = 0;
  /** When the newest mark was placed. */
  private lastAt = -Infinity;
  /** When it was last heard that the device had reached one; 0 before the first. */
  private lastDone = 0;
  /** How long the device takes from one mark to the next, as far as the groups before the last tell; 0 before there are any. */
  private perMark = 0;
  /** The last group, marks that were heard of at once: how long the device took to all of them, and how many they are. */
  private together = { ms: 0, count: 0 };
  /** How long `block` has held this thread since it last heard of a mark: it could hear nothing meanwhile. */
  private deaf = 0;
  /** When the page last awaited the device by itself. */
  private awaitedAt = -Infinity;

  /** `place` puts a mark into the stream; its promise resolves when the device gets there. */
  constructor(private readonly place: () => Promise<unknown>) {}

  /** The page awaits that the device catches up, as loaders do, and does so `times` now: nothing else needs to hold it. */
  awaited(times = 1): void {
    this.awaitedAt = times > MOST_AWAITED ? -Infinity : performance.now();
  }

  /** A step's work is queued. Waits, on this thread, if more of it than the page should be ahead was queued in earlier turns. */
  mark(): void {
    const now = performance.now();
    const turn = currentTurn();
    if (turn.number !== this.turn) {
      this.turn = turn.number;
      this.earlier = this.marks.length;
    }
    if (now - this.lastAt >= SPACING) {
      this.lastAt = now;
      this.marks.push(now);
      const done = (): void => {
        this.finish();
      };
      this.place().then(done, done);
    }
    // Within one task nobody can know how far the device is, and the page is blocked by the loop anyway: what counts is what
    // was queued in earlier ones, as far as was heard when this one began.
    if (this.earlier === 0) return;
    // When the device began with what the oldest mark ends.
    const began = Math.max(this.marks[0], this.lastDone);
    // Before the first is heard of, all that is known is that one takes this long.
    const unheard = turn.at - began - (this.lastDone > 0 ? this.deaf : 0);
    const perMark = Math.max(this.timeOfOne(), unheard);
    // Work that is queued, by the number of marks, less what of it must be done by now.
    const ahead = (this.earlier + 1) * perMark - (now - began);
    if (ahead <= MOST || now - this.awaitedAt < HELD) return;
    tell(ahead);
    block(Math.min(ahead - MOST, 2 * perMark));
    this.deaf += performance.now() - now;
  }

  /** How long the device takes from one mark to the next: an average in which the newest group weighs NEWEST. */
  private timeOfOne(): number {
    const { ms, count } = this.together;
    if (count === 0) return this.perMark;
    return this.perMark === 0 ? ms / count : (1 - NEWEST) * this.perMark + NEWEST * (ms / count);
  }

  /** The device has reached the oldest mark. */
  private finish(): void {
    const at = this.marks.shift();
    if (at === undefined) return;
    this.earlier = Math.max(0, this.earlier - 1);
    const now = performance.now();
    if (now - this.lastDone > TOGETHER) {
      this.perMark = this.timeOfOne();
      this.together = { ms: now - Math.max(at, this.lastDone), count: 0 };
    }
    this.together.count++;
    this.deaf = 0;
    this.lastDone = now;
  }
}

function tell(ahead: number): void {
  if (isTold) return;
  isTold = true;
  // eslint-disable-next-line no-console -- nothing is awaited that could reject
  console.warn(
    `The page is ${(ahead / 1000).toFixed(1)} s of work ahead of the device and awaits nothing, so its steps wait from now on. ` +
      `Write await optimizer.step(), or read a value of each step (await loss.item()) before the next.`,
  );
}

/** Lets time pass: the page's thread may not sleep, others may. */
function block(ms: number): void {
  const until = performance.now() + ms;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  } catch {
    while (performance.now() < until);
  }
}
