// Hands out the heap of the wasm memory: 64-byte aligned blocks, segregated free lists, immediate coalescing.
// Lives on the scheduling thread and never looks into the memory. A free block remembers the last command that may
// still touch it: the device may get it at once, because its commands are queued behind that one; the page itself
// may write only into a block whose last user has completed.

/** Blocks start at, and are as long as, multiples of this: one cache line. */
export const ALIGNMENT = 64;
/** Bins per power of two; 16 bound the waste of taking the next bin's block to 1/16. */
const SUBDIVISIONS = 16;
const SUBDIVISION_BITS = 4;
/** Enough for 2^32 bytes. */
const BINS = (32 - 6 - SUBDIVISION_BITS + 2) * SUBDIVISIONS;
/** Blocks looked at in one bin before the next is tried. */
const SEARCH_LIMIT = 8;

/** A piece of the heap. */
export interface Block {
  pointer: number;
  bytes: number;
  free: boolean;
  /** Sequence number of the last command that may touch it. */
  lastUse: number;
  /** Neighbours in memory. */
  before: Block | null;
  after: Block | null;
  /** Neighbours in the free list. */
  next: Block | null;
  previous: Block | null;
}

/** The heap from `start` upwards; `reserve(end)` is called before it grows and throws if it cannot. */
export class Allocator {
  private readonly bins: (Block | null)[] = Array<Block | null>(BINS).fill(null);
  private last: Block | null = null;
  private end: number;
  /** Bytes in blocks that are handed out. */
  live = 0;
  /** Greatest `live` so far. */
  peak = 0;

  constructor(
    start: number,
    private readonly reserve: (end: number) => void,
  ) {
    this.end = alignUp(start);
  }

  /** A block for commands to write. */
  allocate(bytes: number): Block {
    return this.take(alignUp(bytes || 1), Infinity);
  }

  /** A block that no command after `completed` touches, so that the page may write it now. */
  allocateIdle(bytes: number, completed: number): Block {
    return this.take(alignUp(bytes || 1), completed);
  }

  /** Gives a block back; commands up to `lastUse` may still touch it. */
  release(block: Block, lastUse: number): void {
    this.live -= block.bytes;
    block.free = true;
    block.lastUse = Math.max(block.lastUse, lastUse);
    let merged = block;
    const { before, after } = block;
    if (before !== null && before.free) {
      this.unlink(before);
      merged = this.merge(before, block);
    }
    if (after !== null && after.free) {
      this.unlink(after);
      merged = this.merge(merged, after);
    }
    this.link(merged);
  }

  /** All blocks in address order, for tests. */
  *blocks(): Generator<Readonly<Block>> {
    let first = this.last;
    while (first?.before) first = first.before;
    for (let block = first; block !== null; block = block.after) yield block;
  }

  private take(bytes: number, idleSince: number): Block {
    let block = this.find(bytes, idleSince);
    if (block === null) block = this.extend(bytes, idleSince);
    else this.unlink(block);
    block.free = false;
    if (block.bytes > bytes) this.split(block, bytes);
    this.live += block.bytes;
    if (this.live > this.peak) this.peak = this.live;
    return block;
  }

  private find(bytes: number, idleSince: number): Block | null {
    for (let bin = binOf(bytes); bin < BINS; bin++) {
      let block = this.bins[bin] ?? null;
      for (let i = 0; block !== null && i < SEARCH_LIMIT; i++, block = block.next) {
        if (block.bytes >= bytes && block.lastUse <= idleSince) return block;
      }
    }
    return null;
  }

  /** New memory at the end, together with the free block that may lie there. */
  private extend(bytes: number, idleSince: number): Block {
    const last = this.last;
    if (last !== null && last.free && last.lastUse <= idleSince) {
      this.reserve(last.pointer + bytes);
      this.unlink(last);
      last.bytes = bytes;
      this.end = last.pointer + bytes;
      return last;
    }
    this.reserve(this.end + bytes);
    const block = emptyBlock(this.end, bytes);
    block.before = last;
    if (last !== null) last.after = block;
    this.last = block;
    this.end += bytes;
    return block;
  }

  private split(block: Block, bytes: number): void {
    const rest = emptyBlock(block.pointer + bytes, block.bytes - bytes);
    rest.free = true;
    rest.lastUse = block.lastUse;
    rest.before = block;
    rest.after = block.after;
    if (block.after !== null) block.after.before = rest;
    else this.last = rest;
    block.after = rest;
    block.bytes = bytes;
    this.link(rest);
  }

  private merge(low: Block, high: Block): Block {
    low.bytes += high.bytes;
    low.free = true;
    low.lastUse = Math.max(low.lastUse, high.lastUse);
    low.after = high.after;
    if (high.after !== null) high.after.before = low;
    else this.last = low;
    return low;
  }

  private link(block: Block): void {
    const bin = binOf(block.bytes);
    const head = this.bins[bin] ?? null;
    block.previous = null;
    block.next = head;
    if (head !== null) head.previous = block;
    this.bins[bin] = block;
  }

  private unlink(block: Block): void {
    if (block.next !== null) block.next.previous = block.previous;
    if (block.previous !== null) block.previous.next = block.next;
    else this.bins[binOf(block.bytes)] = block.next;
    block.next = null;
    block.previous = null;
  }
}

const alignUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

const emptyBlock = (pointer: number, bytes: number): Block => ({
  pointer,
  bytes,
  free: false,
  lastUse: 0,
  before: null,
  after: null,
  next: null,
  previous: null,
});

/** Exact below 16 lines, then 16 bins for each power of two. */
function binOf(bytes: number): number {
  const lines = bytes / ALIGNMENT;
  if (lines < SUBDIVISIONS) return lines;
  const power = 31 - Math.clz32(lines);
  return (power - SUBDIVISION_BITS + 1) * SUBDIVISIONS + ((lines >>> (power - SUBDIVISION_BITS)) & (SUBDIVISIONS - 1));
}
