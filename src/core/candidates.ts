// Which memory of a task looks like garbage. Nobody can tell, as no finalizer has run; but what loops leave behind was used
// soon after it was made, and then no more, while its like were made again and again. Time is measured by how much memory has
// grown. When any of it is taken back, and in which order, says reclaim.ts.
import type { Reclaimable } from './inUse';
import { GROWTH, outstanding, WALKS, type TaskRecord } from './taskRecord';

const MEGABYTE = 2 ** 20;
/** Memory must have grown by this since the last use of what is taken back: made inside a call, or outside. Bytes. */
export const IDLE_INSIDE = 64 * MEGABYTE;
export const IDLE_OUTSIDE = 128 * MEGABYTE;
/** And by this many times its own size. */
const IDLE_SIZES = 4;
/** How often its like must have been made since, to show a loop: of large ones fewer fit. */
const REPEATS = 4;
const LARGE_REPEATS = 2;
const LARGE = 64 * MEGABYTE;
/** How many of its like nobody may have used, and how many calls may have left a graph unwalked, before they are given up. */
const UNUSED = WALKS;
/** Smaller ones are left alone unless memory is refused. Bytes. */
export const SMALL = 4096;

// ---- time -------------------------------------------------------------------------------------

/** Notes the time, unless a graph is being recorded: then growth says nothing until it was walked. */
export function noteTime(now: TaskRecord): void {
  const last = now.marks.at(-1);
  if (outstanding - now.low < GROWTH / 4) return;
  if (last?.walks === now.walks && now.made.some((s) => s.isSaved && !s.isFree)) return;
  now.grown += outstanding - now.low;
  now.low = outstanding;
  now.marks.push({ grown: now.grown, clocks: now.clocks(), walks: now.walks });
}

/** Whether memory has grown by `bytes`, and by several times its own, since it was last used. */
export function isIdle(now: TaskRecord, { device, buffer }: Reclaimable, bytes: number): boolean {
  const { marks } = now;
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle].clocks.get(device) ?? 0) >= buffer.lastUse) high = middle;
    else low = middle + 1;
  }
  return low < marks.length && now.grown - marks[low].grown >= Math.max(bytes, IDLE_SIZES * buffer.bytes);
}

// ---- marks of garbage -------------------------------------------------------------------------

/**
 * What a loop has left behind: used soon after it was made, and then no more, while its like (of `made`) were made, so many
 * times, and used.
 */
export function ofLoops(
  now: TaskRecord,
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

/** What was computed before memory was refused and not looked at since, the youngest first. Its graph will not be walked. */
export function ofAttempt({ made, refused }: TaskRecord, spared: ReadonlySet<Reclaimable>): Reclaimable[] {
  if (refused === null) return [];
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
export function unwalked(now: TaskRecord): Reclaimable[] {
  if (now.walkedAt.length < UNUSED) return [];
  const saved = now.made.filter((s) => s.isSaved && s.isDerived && !s.isFree && !s.isKept && !s.isLeaf);
  return ofLoops(now, saved.filter((s) => s.serial <= now.walkedAt[0]), IDLE_OUTSIDE); // prettier-ignore
}

/** Leaves that a loop has left behind, then results that nobody has used while many of their like were made, the oldest first. */
export function doubtful(now: TaskRecord, available: readonly Reclaimable[]): Reclaimable[] {
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
export function abandoned(now: TaskRecord): Reclaimable[] {
  const last = now.returns.at(-UNUSED) ?? 0;
  return now.made.filter((s) => s.isSaved && s.isDerived && !s.isFree && !s.isKept && s.serial <= last);
}
