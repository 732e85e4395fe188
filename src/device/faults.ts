// Errors that only the data can tell, and who is touched by them: the part of a stream that every device shares.
// The scheduling thread numbers the commands. For each buffer it keeps the range of fallible commands that are not yet
// confirmed and that its value depends on; a fault in that range makes the value bad. A command that writes a sealed
// buffer (one that already holds a value) is guarded: it carries its range, and is skipped whole if a fault lies in it,
// by the device if the page did not know of the fault when it queued the command, else by the page.
import type { KindlingError } from '../base/errors';
import { replaces, type CommandLog, type Damage, type Stretch } from './commandLog';
import type { DeviceBuffer, FaultReport, IndexOptions, Operands, View } from './contract';

/** A fault the page knows of. */
export interface Fault {
  /** Commands it may come from; one, unless the device had to forget some. */
  readonly first: number;
  readonly last: number;
  readonly error: KindlingError;
  /** Where the bad data lies, if it is known. */
  readonly source: DeviceBuffer | null;
  /** The device no longer has the memory: nothing that touches it may be queued. */
  readonly isLost: boolean;
  /** The command stopped in the middle. Its number in a range says nothing: who depends on it is known (Damage). */
  readonly isTorn: boolean;
  /** The last command queued when a read rejected with it, else 0. From then on writes that it blocked count as never made. */
  deliveredAt: number;
  /** It went to onerror. */
  isTold: boolean;
}

let names = 0;

/** What a stream knows of a buffer. Ranges are [first, last] with last 0 for none; sequence numbers start at 1. */
export class StreamBuffer implements DeviceBuffer {
  /** Of this buffer and its snapshots alone. */
  readonly name = ++names;
  /** Unconfirmed fallible commands that the value depends on. */
  valueFirst = 0;
  valueLast = 0;
  /** The same for guarded writes: if one of these failed, the write was skipped and the old value holds. */
  pendingFirst = 0;
  pendingLast = 0;
  /** A known fault that the value depends on. */
  fault: Fault | null = null;
  /** A torn command that kept a write from being made; the old value holds, once a read has told of it. */
  blocked: Fault | null = null;
  isSealed = false;
  /** Last commands that touched it, wrote it, wrote it under a guard. */
  lastUse = 0;
  lastWrite = 0;
  lastGuardedWrite = 0;
  /** First command that read it. */
  firstRead = 0;

  constructor(
    readonly bytes: number,
    /** Sequence number at allocation. */
    readonly born: number,
  ) {}
}

/** A fallible command: what its fault will say. */
export interface Fallible extends FaultReport {
  readonly seq: number;
  /** Why a transfer failed, which the device cannot know. */
  reason: KindlingError | null;
}

const TRANSFER_OPTIONS: IndexOptions = { op: 'to', what: 'value', ignore: null };
/** How the ledger knows a transfer from another device. */
export const TRANSFER: FaultReport = { options: TRANSFER_OPTIONS, bound: 1, source: null };

/** Everything written in [first, last], by whatever command, is touched by `fault`. */
interface Window {
  readonly fault: Fault;
  readonly first: number;
  readonly last: number;
}

/** A torn command and what depends on it, of all that was queued up to `last`. */
interface Tear {
  readonly fault: Fault;
  readonly damage: Damage;
  readonly last: number;
}

/** Numbers commands and decides what each may depend on. */
export class FaultLedger {
  /** Of the last command admitted. */
  seq = 0;
  /** Guard of the last command admitted; 0 for none. */
  guardFirst = 0;
  guardLast = 0;
  /** Up to here all commands are done and their faults known. */
  confirmed = 0;
  private lastFallible = 0;
  private fallibles: Fallible[] = [];
  /** In order of `first`. */
  private readonly faults: Fault[] = [];
  private readonly windows: Window[] = [];
  private readonly tears: Tear[] = [];

  /** `log` is there if commands of the device may stop in the middle. */
  constructor(private readonly log: CommandLog | null = null) {}

  /**
   * Numbers the next command and spreads ranges from what it reads to what it writes; absent views are passed over.
   * Returns false if it must not be queued, because a known fault would make the device skip it.
   */
  admit(reads: Operands, writes: Operands, fallible?: FaultReport): boolean {
    const seq = this.nextSeq();
    if (fallible === undefined && this.lastFallible <= this.confirmed && this.faults.length === 0) {
      this.log?.note(seq, reads, writes);
      return this.admitClean(seq, reads, writes);
    }
    let first = 0;
    let last = 0;
    let fault: Fault | null = null;
    let isGuarded = false;
    let isOverwrite = true;
    const include = (buffer: StreamBuffer): void => {
      fault ??= buffer.fault ?? buffer.blocked;
      if (buffer.valueLast > 0) {
        first = first === 0 ? buffer.valueFirst : Math.min(first, buffer.valueFirst);
        last = Math.max(last, buffer.valueLast);
      }
      if (buffer.pendingLast > 0) {
        first = first === 0 ? buffer.pendingFirst : Math.min(first, buffer.pendingFirst);
        last = Math.max(last, buffer.pendingLast);
      }
    };
    for (const view of reads as StreamOperands) {
      if (view === null) continue;
      const { buffer } = view;
      buffer.lastUse = seq;
      if (buffer.firstRead === 0) buffer.firstRead = seq;
      this.settle(buffer);
      include(buffer);
    }
    for (const view of writes as StreamOperands) {
      if (view === null) continue;
      const { buffer } = view;
      buffer.lastUse = seq;
      if (!buffer.isSealed) {
        if (buffer.fault?.isLost) fault = buffer.fault;
        continue;
      }
      isGuarded = true;
      this.settle(buffer);
      if (buffer.fault?.isLost || !overwrites(view, reads)) {
        include(buffer);
        isOverwrite = false;
      }
    }
    if (isGuarded || fault?.isLost) {
      const known: Fault | null = fault ?? this.find(first, last, true);
      if (known !== null) {
        this.skip(writes as StreamOperands, known);
        return false;
      }
    }
    this.log?.note(seq, reads, writes);
    this.guardFirst = isGuarded ? first || seq : 0;
    this.guardLast = isGuarded ? last || seq : 0;

    for (const view of writes as StreamOperands) {
      if (view === null) continue;
      const { buffer } = view;
      if (!buffer.isSealed) {
        buffer.lastWrite = seq;
        buffer.fault ??= fault;
        extendValue(buffer, first, last);
      } else {
        buffer.lastGuardedWrite = seq;
        if (isOverwrite && first === 0) {
          // Nothing can stop this write, and nothing of what was there remains.
          buffer.valueLast = buffer.valueFirst = buffer.pendingLast = buffer.pendingFirst = 0;
          buffer.fault = buffer.blocked = null;
        } else {
          extendPending(buffer, first, last);
        }
      }
      // A fallible command cannot be kept from writing by its own fault.
      if (fallible !== undefined) extendValue(buffer, seq, seq);
    }
    if (fallible !== undefined) {
      this.lastFallible = seq;
      const { options, bound, source } = fallible;
      this.fallibles.push({ seq, options, bound, source, reason: options.reason ?? null });
    }
    return true;
  }

  /** Numbers a command that touches no buffer of a tensor. */
  nextSeq(): number {
    this.seq++;
    // Devices know 32 bits of it, where 0 means none.
    if (this.seq >>> 0 === 0) this.seq++;
    return this.seq;
  }

  /** Numbers a command that writes bytes of the page into a buffer. */
  admitWrite(buffer: StreamBuffer): number {
    const seq = this.nextSeq();
    buffer.lastUse = buffer.lastWrite = seq;
    this.log?.noteWrite(seq, buffer);
    return seq;
  }

  /** The full number of a command whose low 32 bits are given; it is within 2^31 of the latest. */
  widen(low: number): number {
    return this.seq + ((low - this.seq) | 0);
  }

  /** Takes note that all commands up to `completed` are done and that their faults were `learn`ed. */
  confirm(completed: number): void {
    if (completed <= this.confirmed) return;
    this.confirmed = completed;
    this.forget(completed);
    const next = this.fallibles.findIndex(({ seq }) => seq > completed);
    this.fallibles = next < 0 ? [] : this.fallibles.slice(next);
  }

  /** Takes note that the commands before `seq` are done, and whole. */
  forget(seq: number): void {
    this.log?.forget(seq);
  }

  /** What the fallible command `seq` said of itself. */
  describe(seq: number): Fallible | undefined {
    return this.fallibles.find((fallible) => fallible.seq === seq);
  }

  /** Notes why the transfer `seq` failed; the device will report that it did. */
  explain(seq: number, reason: KindlingError): void {
    const fallible = this.describe(seq);
    if (fallible !== undefined) fallible.reason = reason;
  }

  /** Records a fault of the commands [first, last]. */
  learn(first: number, last: number, error: KindlingError): Fault {
    const source = this.describe(first)?.source ?? null;
    // The same bad labels fail forward and backward: whoever was told of one need not hear of the other.
    const told = this.faults.find((other) => source !== null && other.source === source && other.deliveredAt >= first);
    const deliveredAt = told?.deliveredAt ?? 0;
    return this.insert({
      first,
      last,
      error,
      source,
      isLost: false,
      isTorn: false,
      deliveredAt,
      isTold: deliveredAt > 0,
    });
  }

  /** Marks a fault as delivered, and with it those that the same data have caused so far. */
  deliver(fault: Fault): void {
    for (const other of this.faults) {
      if (other !== fault && (fault.source === null || other.source !== fault.source)) continue;
      other.deliveredAt = this.seq;
      other.isTold = true;
    }
  }

  /** Records that `seq` or a command just before it wrote elsewhere: what was written since then cannot be trusted. */
  learnOverrun(seq: number, error: KindlingError): Fault {
    const fault = this.learn(seq, seq, error);
    this.windows.push({ fault, first: seq, last: this.seq });
    return fault;
  }

  /** Records that the device stopped in the middle of `seq`, and begins none of the commands that it is told are blocked. */
  learnTear(seq: number, error: KindlingError): Fault {
    const source = this.describe(seq)?.source ?? null;
    const fault = this.insert({ first: seq, last: seq, error, source, isLost: false, isTorn: true, deliveredAt: 0, isTold: false }); // prettier-ignore
    const none: Damage = { seq, blocked: new Set(), lost: new Map(), kept: new Map() };
    this.tears.push({ fault, damage: this.log?.damageOf(seq) ?? none, last: this.seq });
    return fault;
  }

  /** Whether it is known that the command stopped in the middle. */
  isTorn(seq: number): boolean {
    return this.tears.some(({ damage }) => damage.seq === seq);
  }

  /** The commands that must not run, as they depend on `seq`, which was torn. */
  blockedBy(seq: number): ReadonlySet<number> {
    return this.tears.find(({ damage }) => damage.seq === seq)?.damage.blocked ?? new Set();
  }

  /** Records that the memory of all buffers made so far is gone. */
  learnLoss(error: KindlingError): void {
    const fault = this.insert({ first: 0, last: 0, error, source: null, isLost: true, isTorn: false, deliveredAt: 0, isTold: false }); // prettier-ignore
    this.windows.push({ fault, first: 0, last: this.seq });
  }

  /** A copy of what is known of the buffer now, for a read that is answered later. */
  snapshot(buffer: StreamBuffer): StreamBuffer {
    return Object.assign(new StreamBuffer(buffer.bytes, buffer.born), buffer);
  }

  /** The fault that a read of `buffer` rejects with, if any. */
  faultOf(buffer: StreamBuffer): Fault | null {
    this.settle(buffer);
    return buffer.fault ?? buffer.blocked ?? this.find(buffer.pendingFirst, buffer.pendingLast, true);
  }

  /** Faults that no read has rejected with, oldest first. */
  undelivered(): Fault[] {
    return this.faults.filter(({ deliveredAt }) => deliveredAt === 0);
  }

  private admitClean(seq: number, reads: Operands, writes: Operands): true {
    let isGuarded = false;
    for (const view of reads as StreamOperands) {
      if (view === null) continue;
      const { buffer } = view;
      buffer.lastUse = seq;
      if (buffer.firstRead === 0) buffer.firstRead = seq;
    }
    for (const view of writes as StreamOperands) {
      if (view === null) continue;
      const { buffer } = view;
      buffer.lastUse = seq;
      if (buffer.isSealed) {
        isGuarded = true;
        buffer.lastGuardedWrite = seq;
      } else {
        buffer.lastWrite = seq;
      }
    }
    // A guard over its own number alone says that the command may be held off after a trap.
    this.guardFirst = this.guardLast = isGuarded ? seq : 0;
    return true;
  }

  private skip(writes: StreamOperands, fault: Fault): void {
    for (const view of writes) {
      if (view === null) continue;
      const { buffer } = view;
      if (!buffer.isSealed) buffer.fault ??= fault;
      else if (fault.isTorn) buffer.blocked ??= fault;
      else if (fault.deliveredAt === 0) extendPending(buffer, fault.first, fault.last);
    }
  }

  /** Brings a buffer's ranges up to what is confirmed and known. */
  private settle(buffer: StreamBuffer): void {
    const { confirmed } = this;
    if (this.windows.length > 0) this.applyWindows(buffer);
    if (this.tears.length > 0) this.applyTears(buffer);
    if (buffer.valueLast > 0) {
      buffer.fault ??= this.find(buffer.valueFirst, buffer.valueLast, false);
      if (buffer.valueLast <= confirmed) buffer.valueFirst = buffer.valueLast = 0;
      else if (buffer.valueFirst <= confirmed) buffer.valueFirst = confirmed + 1;
    }
    // Kept while a fault in it is undelivered, so that a read of the buffer still meets it.
    if (buffer.pendingLast > 0 && this.find(buffer.pendingFirst, buffer.pendingLast, true) === null) {
      if (buffer.pendingLast <= confirmed) buffer.pendingFirst = buffer.pendingLast = 0;
      else if (buffer.pendingFirst <= confirmed) buffer.pendingFirst = confirmed + 1;
    }
  }

  private applyWindows(buffer: StreamBuffer): void {
    for (const { fault, first, last } of this.windows) {
      if (fault.isLost) {
        if (buffer.born <= last) buffer.fault = fault;
      } else if (buffer.lastWrite >= first && buffer.lastWrite <= last) {
        buffer.fault ??= fault;
      } else if (fault.deliveredAt === 0 && buffer.lastGuardedWrite >= first && buffer.lastGuardedWrite <= last) {
        extendPending(buffer, fault.first, fault.last);
      }
    }
  }

  private applyTears(buffer: StreamBuffer): void {
    const written = Math.max(buffer.lastWrite, buffer.lastGuardedWrite);
    const isIn = (stretches: readonly Stretch[] | undefined): boolean =>
      stretches?.some(({ from, to }) => from <= written && written < to) ?? false;
    for (const { fault, damage, last } of this.tears) {
      if (written > last) continue;
      if (isIn(damage.lost.get(buffer.name))) buffer.fault ??= fault;
      else if (isIn(damage.kept.get(buffer.name))) buffer.blocked ??= fault;
    }
    if (buffer.blocked !== null && buffer.blocked.deliveredAt > 0) buffer.blocked = null;
  }

  /** The oldest known fault in [first, last]; of those that no read has rejected with if `undelivered`. */
  private find(first: number, last: number, undelivered: boolean): Fault | null {
    if (last === 0) return null;
    let found: Fault | null = null;
    for (let i = this.faults.length - 1; i >= 0; i--) {
      const fault = this.faults[i];
      if (fault.last < first || fault.isTorn) continue;
      if (fault.first <= last && !(undelivered && fault.deliveredAt > 0)) found = fault;
    }
    return found;
  }

  private insert(fault: Fault): Fault {
    let at = this.faults.length;
    while (at > 0 && this.faults[at - 1].first > fault.first) at--;
    this.faults.splice(at, 0, fault);
    return fault;
  }
}

/** Views of this stream's own buffers. */
type StreamView = View & { readonly buffer: StreamBuffer };
type StreamOperands = readonly (StreamView | null)[];

function extendValue(buffer: StreamBuffer, first: number, last: number): void {
  if (last === 0) return;
  buffer.valueFirst = buffer.valueLast === 0 ? first : Math.min(buffer.valueFirst, first);
  buffer.valueLast = Math.max(buffer.valueLast, last);
}

function extendPending(buffer: StreamBuffer, first: number, last: number): void {
  if (last === 0) return;
  buffer.pendingFirst = buffer.pendingLast === 0 ? first : Math.min(buffer.pendingFirst, first);
  buffer.pendingLast = Math.max(buffer.pendingLast, last);
}

/** Whether the command replaces the whole of a buffer of which something is in doubt. */
function overwrites(view: StreamView, reads: Operands): boolean {
  const { valueLast, pendingLast, fault, blocked } = view.buffer;
  if (valueLast === 0 && pendingLast === 0 && fault === null && blocked === null) return false;
  return replaces(view, reads);
}
