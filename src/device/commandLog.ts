// What each command that may still be running reads and writes, for the day on which one of them stops in the middle: from
// that follows what depends on it, and nothing else is lost. Only the names of buffers are kept, so that the log holds
// on to no memory.
import { itemSize } from '../base/dtype';
import { isDense, numelOf } from '../base/shape';
import type { Operands, View } from './contract';
import type { StreamBuffer } from './faults';

// How a command writes a buffer: its first value; a part of it, or by way of what it holds; the whole of it, whatever it held.
const FRESH = 0;
const CHANGE = 1;
const REPLACE = 2;
/** A name and how it is written share a number. */
const WAYS = 4;

/** Writes [from, to) of a buffer, by the numbers of commands. */
export interface Stretch {
  readonly from: number;
  to: number;
}

/** What depends on a command that stopped in the middle. */
export interface Damage {
  /** The number of the command. */
  readonly seq: number;
  /** Commands that must not run: they would write what depends on it into a buffer that holds a value. */
  readonly blocked: ReadonlySet<number>;
  /** Writes that depend on it, by the name of the buffer: their value is lost. */
  readonly lost: ReadonlyMap<number, readonly Stretch[]>;
  /** Writes that were blocked: the buffer keeps the value that it had. */
  readonly kept: ReadonlyMap<number, readonly Stretch[]>;
}

/** Numbers that there is room for at first. */
const ROOM = 4096;

/** Commands in order: number, count of reads and of writes, names of what is read, names and ways of what is written. */
export class CommandLog {
  private words = new Float64Array(ROOM);
  private first = 0;
  private end = 0;

  /** Takes note of the command `seq`. It is on the path of every operation. */
  note(seq: number, reads: Operands, writes: Operands): void {
    if (this.end + 3 + reads.length + writes.length > this.words.length) this.grow(reads.length + writes.length);
    const { words } = this;
    const start = this.end + 3;
    let at = start;
    for (const view of reads) if (view !== null) words[at++] = bufferOf(view).name;
    const middle = at;
    for (const view of writes) {
      if (view === null) continue;
      const buffer = bufferOf(view);
      const way = buffer.isSealed ? (replaces(view, reads) ? REPLACE : CHANGE) : FRESH;
      words[at++] = buffer.name * WAYS + way;
    }
    words[start - 3] = seq;
    words[start - 2] = middle - start;
    words[start - 1] = at - middle;
    this.end = at;
  }

  /** Takes note of a command that writes bytes of the page. */
  noteWrite(seq: number, { name }: StreamBuffer): void {
    if (this.end + 4 > this.words.length) this.grow(1);
    this.words.set([seq, 0, 1, name * WAYS + FRESH], this.end);
    this.end += 4;
  }

  /** Forgets the commands before `seq`. */
  forget(seq: number): void {
    const { words, end } = this;
    let at = this.first;
    while (at < end && words[at] < seq) at += 3 + words[at + 1] + words[at + 2];
    this.first = at;
  }

  private grow(operands: number): void {
    const { words, first, end } = this;
    const left = end - first;
    // Twice what is left at least, so that what is moved costs less than what was written since.
    const room = Math.max(ROOM, 2 * (left + operands + 3));
    this.words = room > words.length ? new Float64Array(2 * room) : words;
    this.words.set(words.subarray(first, end));
    this.first = 0;
    this.end = left;
  }

  /** What depends on the command `seq`, which stopped in the middle. */
  damageOf(seq: number): Damage {
    const damage = { seq, blocked: new Set<number>(), lost: new Stretches(), kept: new Stretches() };
    const { words, end } = this;
    for (let at = this.first; at < end; at += 3 + words[at + 1] + words[at + 2]) {
      const now = words[at];
      if (now < seq) continue;
      const middle = at + 3 + words[at + 1];
      this.follow(damage, now, words.subarray(at + 3, middle), words.subarray(middle, middle + words[at + 2]));
    }
    return damage;
  }

  private follow(
    { seq, blocked, lost, kept }: { seq: number; blocked: Set<number>; lost: Stretches; kept: Stretches },
    now: number,
    reads: Float64Array,
    writes: Float64Array,
  ): void {
    const isBad = (name: number): boolean => lost.isOpen(name) || kept.isOpen(name);
    const depends =
      now === seq ||
      reads.some(isBad) ||
      writes.some((write) => write % WAYS === CHANGE && isBad(Math.floor(write / WAYS)));
    const isGuarded = writes.some((write) => write % WAYS !== FRESH);
    if (depends && isGuarded && now !== seq) blocked.add(now);
    for (const write of writes) {
      const name = Math.floor(write / WAYS);
      // The command itself may have written a part of anything.
      if (depends) (now === seq || write % WAYS === FRESH ? lost : kept).open(name, now);
      else if (write % WAYS === REPLACE) for (const stretches of [lost, kept]) stretches.close(name, now);
    }
  }
}

class Stretches extends Map<number, Stretch[]> {
  isOpen(name: number): boolean {
    return this.get(name)?.at(-1)?.to === Infinity;
  }

  open(name: number, from: number): void {
    const stretches = this.get(name);
    if (stretches === undefined) this.set(name, [{ from, to: Infinity }]);
    else if (!this.isOpen(name)) stretches.push({ from, to: Infinity });
  }

  close(name: number, to: number): void {
    const last = this.get(name)?.at(-1);
    if (last !== undefined && last.to === Infinity) last.to = to;
  }
}

/** Whether the command replaces the whole buffer and reads nothing of it. */
export function replaces(view: View, reads: Operands): boolean {
  const { buffer, shape, strides, offset } = view;
  for (const read of reads) if (read !== null && read.buffer === buffer) return false;
  return offset === 0 && isDense(shape, strides) && numelOf(shape) * itemSize(view.dtype) === buffer.bytes;
}

/** Views of a stream's own buffers. */
const bufferOf = (view: View): StreamBuffer => view.buffer as StreamBuffer;
