// The page's end of the command ring (layout: assembly/engine/commands.ts), and the backlog of commands that do not fit yet.
import {
  CONTROL_BASE,
  CONTROL_HEAD,
  CONTROL_TAIL,
  Opcode,
  RING_BASE,
  RING_WORDS,
} from '../../../../assembly/engine/commands';
import type { Blocked } from './transport';

const NOP: number = Opcode.Nop;
const FIRST_WORD = RING_BASE / 4;
const HEAD = (CONTROL_BASE + CONTROL_HEAD) / 4;
const TAIL = (CONTROL_BASE + CONTROL_TAIL) / 4;
/** Words in one chunk of the backlog. */
const CHUNK_WORDS = 65536;

/** Makes the guards of blocked commands in words[from, to) the torn command, which keeps them from running. */
export function block(words: Uint32Array, from: number, to: number, { seq, dependents }: Blocked): void {
  for (let at = from; at < to; at += words[at] >>> 8) {
    // A Nop may be a single word.
    if ((words[at] & 0xff) === NOP || !dependents.has(words[at + 1])) continue;
    words[at + 2] = words[at + 3] = seq;
  }
}

/** Writes commands into the ring of a memory. */
export class Ring {
  /** The whole memory as words; taken afresh after each growth. */
  words: Uint32Array;
  private head: number;
  private tail: number;
  private end = 0;

  constructor(private readonly memory: WebAssembly.Memory) {
    this.words = new Uint32Array(memory.buffer);
    this.head = Atomics.load(this.words, HEAD);
    this.tail = Atomics.load(this.words, TAIL);
  }

  /** Whether the engine has taken everything out. */
  get isEmpty(): boolean {
    return Atomics.load(this.words, TAIL) === this.head;
  }

  /** Call after the memory has grown. */
  refresh(): void {
    this.words = new Uint32Array(this.memory.buffer);
  }

  /** Index into `words` for a command of `length` words, or -1 while the ring is too full. */
  reserve(length: number): number {
    let at = this.head & (RING_WORDS - 1);
    // A command never straddles the end; a Nop fills the gap.
    const gap = at + length > RING_WORDS ? RING_WORDS - at : 0;
    if (!this.hasRoom(gap + length)) return -1;
    if (gap > 0) {
      this.words[FIRST_WORD + at] = Opcode.Nop | (gap << 8);
      this.head = (this.head + gap) >>> 0;
      at = 0;
    }
    this.end = (this.head + length) >>> 0;
    return FIRST_WORD + at;
  }

  /** Takes the command that was written at the reserved place into the ring, without telling the engine. */
  advance(): void {
    this.head = this.end;
  }

  /** Blocks commands that the engine, which stands still, has not begun. */
  block(blocked: Blocked): void {
    const tail = Atomics.load(this.words, TAIL);
    const length = (this.head - tail) >>> 0;
    const first = FIRST_WORD + (tail & (RING_WORDS - 1));
    const end = FIRST_WORD + RING_WORDS;
    block(this.words, first, Math.min(end, first + length), blocked);
    block(this.words, FIRST_WORD, first + length - RING_WORDS, blocked);
  }

  /** Makes everything taken in so far visible to the engine. */
  publish(): void {
    Atomics.store(this.words, HEAD, this.head);
  }

  private hasRoom(length: number): boolean {
    if (RING_WORDS - ((this.head - this.tail) >>> 0) >= length) return true;
    this.tail = Atomics.load(this.words, TAIL);
    return RING_WORDS - ((this.head - this.tail) >>> 0) >= length;
  }
}

/** Moves whole commands from words[from, to) into the ring as far as it has room, and publishes them; returns where it stopped. */
export function moveCommands(ring: Ring, words: Uint32Array, from: number, to: number): number {
  let next = from;
  while (next < to) {
    const length = words[next] >>> 8;
    const at = ring.reserve(length);
    if (at < 0) break;
    const target = ring.words;
    for (let i = 0; i < length; i++) target[at + i] = words[next + i];
    ring.advance();
    next += length;
  }
  ring.publish();
  return next;
}

/** Commands in order, in memory of the page. */
export class Backlog {
  /** The chunk of the last reservation. */
  words = new Uint32Array(0);
  private used = 0;
  private readonly full: Uint32Array[] = [];
  /** Where the first chunk has been emptied up to. */
  private taken = 0;
  private end = 0;

  get isEmpty(): boolean {
    return this.full.length === 0 && this.taken === this.used;
  }

  /** Index into `words` for a command of `length` words. */
  reserve(length: number): number {
    if (this.used + length > this.words.length) {
      if (this.taken < this.used || this.full.length > 0) this.full.push(this.words.subarray(0, this.used));
      else this.taken = 0;
      this.words = new Uint32Array(Math.max(CHUNK_WORDS, length));
      this.used = 0;
    }
    this.end = this.used + length;
    return this.used;
  }

  /** Takes in the command written at the reserved place. */
  advance(): void {
    this.used = this.end;
  }

  /** Blocks commands. */
  block(blocked: Blocked): void {
    const chunks = [...this.full, this.words.subarray(0, this.used)];
    chunks.forEach((chunk, i) => block(chunk, i === 0 ? this.taken : 0, chunk.length, blocked));
  }

  /** Moves what fits into the ring; returns whether nothing is left. */
  moveTo(ring: Ring): boolean {
    for (let chunk = this.full[0]; chunk !== undefined; chunk = this.full[0]) {
      this.taken = moveCommands(ring, chunk, this.taken, chunk.length);
      if (this.taken < chunk.length) return false;
      this.full.shift();
      this.taken = 0;
    }
    this.taken = moveCommands(ring, this.words, this.taken, this.used);
    if (this.taken < this.used) return false;
    this.taken = 0;
    this.used = 0;
    return true;
  }
}
