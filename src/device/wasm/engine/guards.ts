// A heap with guard words around its blocks, for the checking mode (../../checking.ts). They are written, verified and
// forgotten by commands, in order with those that use the blocks; assembly/engine/guards.ts is the other side.
import { GUARD_BYTES, GUARD_ENTRY_BYTES, Guard, Opcode, Verify } from '../../../../assembly/engine/commands';
import type { GuardedHeap } from '../../instruments';
import type { CommandAppender } from '../stream';
import type { Arguments } from '../transport/encode';
import { Allocator, type Block } from './allocator';

/** Entries that the table starts with; doubled when it is full. */
const ENTRIES = 1024;
/** Entries verified after one command, in turn if there are more: 10 us. */
const VERIFIED = 1024;

/**
 * Blocks are followed by guard words up to their end, GUARD_BYTES at least; what lies before a block is the end of another
 * or free, and guarded too.
 */
export class GuardingAllocator extends Allocator implements GuardedHeap {
  private table: Block | null = null;
  private capacity = 0;
  /** Entries that were ever used. */
  private used = 0;
  private readonly vacant: number[] = [];
  private readonly slots = new WeakMap<Block, number>();
  private next = 0;

  constructor(
    start: number,
    reserve: (end: number) => void,
    private readonly commands: CommandAppender,
  ) {
    super(start + GUARD_BYTES, reserve);
  }

  override allocate(bytes: number): Block {
    return this.covered(bytes, (all) => super.allocate(all));
  }

  override allocateIdle(bytes: number, completed: number): Block {
    return this.covered(bytes, (all) => super.allocateIdle(all, completed));
  }

  /** The block is free for the page only when the engine has forgotten its guards. */
  override release(block: Block, lastUse: number): void {
    const slot = this.slots.get(block);
    if (slot === undefined) throw new Error('internal: a block was freed twice');
    this.slots.delete(block);
    this.vacant.push(slot);
    this.live += GUARD_BYTES;
    super.release(block, Math.max(lastUse, this.note({ slot, pointer: 0, bytes: 0, end: 0 })));
  }

  verify(seq: number, opcode: Opcode): void {
    const first = this.next < this.used ? this.next : 0;
    const last = Math.min(this.used, first + VERIFIED);
    this.next = last;
    const table = this.table?.pointer ?? 0;
    this.commands.append(Opcode.Verify, Verify, { table, first, last, subject: seq >>> 0, opcode });
  }

  /** A block that `take` makes, with guards. What they take is nobody's use of memory. */
  private covered(bytes: number, take: (bytes: number) => Block): Block {
    const { peak } = this;
    const block = take(bytes + GUARD_BYTES);
    const slot = this.vacant.pop() ?? this.used;
    try {
      if (slot >= this.capacity) this.grow(slot);
    } catch (error) {
      super.release(block, 0);
      throw error;
    }
    this.live -= GUARD_BYTES;
    this.peak = Math.max(peak, this.live);
    this.used = Math.max(this.used, slot + 1);
    this.slots.set(block, slot);
    this.note({ slot, pointer: block.pointer, bytes, end: block.pointer + block.bytes });
    return block;
  }

  private note(entry: Pick<Arguments<Guard>, 'slot' | 'pointer' | 'bytes' | 'end'>, moved = 0): number {
    return this.commands.append(Opcode.Guard, Guard, { table: this.table?.pointer ?? 0, moved, ...entry });
  }

  private grow(entries: number): void {
    const old = this.table;
    const capacity = Math.max(ENTRIES, 2 * entries);
    this.table = super.allocate(capacity * GUARD_ENTRY_BYTES + GUARD_BYTES);
    this.capacity = capacity;
    this.live -= this.table.bytes;
    if (old === null) return;
    this.live += old.bytes;
    super.release(old, this.note({ slot: entries, pointer: 0, bytes: 0, end: 0 }, old.pointer));
  }
}
