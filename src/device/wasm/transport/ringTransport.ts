// Commands through the ring in a memory that this thread can see: shared with workers, or private to an engine here.
import {
  BEAT_BYTES,
  CONTROL_BASE,
  CONTROL_BEATS,
  CONTROL_COMPLETED,
  CONTROL_EPOCH,
  CONTROL_SLEEPING,
  CONTROL_TAIL,
  CONTROL_WANTS_ROOM,
  MOST_WORKERS,
} from '../../../../assembly/engine/commands';
import { OutOfMemoryError, ValueError, type KindlingError } from '../../../base/errors';
import { copyOut, describeMemory, resume, type EngineReport } from '../engine/engine';
import { grownSize, growMemory, heapStart } from '../engine/memory';
import { Backlog, Ring } from './ring';
import { clearAfterDeath, depose, isTorn, stillness } from '../workers/takeover';
import type { Blocked, Transport, TransportEvents } from './transport';
import { Watchdog } from '../workers/watchdog';

const COMPLETED = (CONTROL_BASE + CONTROL_COMPLETED) / 4;
const EPOCH = (CONTROL_BASE + CONTROL_EPOCH) / 4;
const TAIL = (CONTROL_BASE + CONTROL_TAIL) / 4;
const BEATS = (CONTROL_BASE + CONTROL_BEATS) / 4;
const SLEEPING = (CONTROL_BASE + CONTROL_SLEEPING) / 4;
const WANTS_ROOM = (CONTROL_BASE + CONTROL_WANTS_ROOM) / 4;

/** Whoever runs the interpreter over the memory. */
export interface Leader {
  /** Called when there are commands and the leader sleeps. */
  wake(): void;
  /** Runs everything in the ring now, if the leader is on this thread, and hands on its reports. */
  readonly drain: (() => void) | null;
  /** The same, but for the reports: who is about to write a command must not hear of what changes it. */
  readonly run: (() => void) | null;
  describe(): string[];
  /** Resolves when nothing of it runs any more, as far as that can be known. */
  stop(): Promise<unknown>;
}

/** A part of the backlog, and how many promises it waits for. */
interface HeldBacklog {
  readonly commands: Backlog;
  holds: number;
}

/** Transport by ring and backlog. */
export class RingTransport implements Transport {
  readonly uploadsInOrder = false;
  readonly heapStart: number;
  words: Uint32Array;
  private readonly ring: Ring;
  /** What does not fit into the ring, in order; a part that is held waits with all behind it. */
  private readonly backlogs: HeldBacklog[] = [{ commands: new Backlog(), holds: 0 }];
  private toBacklog = false;
  /** Reports of a leader on this thread are to be handed on once the next command is written. */
  private hasReports = false;
  private leader: Leader | null = null;
  private watchdog: Watchdog | null = null;
  private faultCount = 0;
  isShutDown = false;

  constructor(
    readonly memory: WebAssembly.Memory,
    readonly limit: number,
    workers: number,
    readonly keepsReads: boolean,
    private readonly events: TransportEvents,
  ) {
    this.heapStart = heapStart(workers);
    this.ring = new Ring(memory);
    this.words = this.ring.words;
  }

  get reservedBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Hands the ring to a leader, the first or one that takes over; `onHang` is called if it makes no progress for `patience` ms. */
  start(leader: Leader, patience = 0, onHang: () => void = () => undefined): void {
    this.leader = leader;
    if (patience > 0) this.watchdog = new Watchdog(patience, () => this.progress(), onHang);
    Atomics.store(this.ring.words, SLEEPING, 0);
    leader.wake();
    this.watchdog?.wake();
    this.pump();
  }

  /** What the next leader and its helpers work in. */
  get epoch(): number {
    return Atomics.load(this.ring.words, EPOCH);
  }

  /** From now on workers that were started earlier begin nothing more. */
  depose(): void {
    depose(this.ring.words);
  }

  /**
   * Readies the memory for the next leader after one died, or hung, which shows no sign of life but may live. Returns the
   * number of faults that it need not report again.
   */
  async takeOver(_reason: string, isHung: boolean): Promise<number> {
    this.depose();
    this.watchdog?.stop();
    const stopped = this.leader?.stop();
    this.leader = null;
    if (isTorn(this.ring.words)) {
      if (isHung) await stopped;
      await stillness(() => this.beats());
    }
    clearAfterDeath(this.ring.words);
    this.receive({
      token: 0,
      pointer: 0,
      bytes: 0,
      value: null,
      times: null,
      ...describeMemory(this.memory, this.faultCount),
    });
    return this.faultCount;
  }

  /** Gives up: there is no engine to be had. */
  fail(error: KindlingError): void {
    this.events.onFailed(error);
  }

  reserve(length: number): number {
    if (this.isBacklogEmpty && this.backlogs[0].holds === 0) {
      let at = this.ring.reserve(length);
      if (at < 0 && this.leader?.run) {
        this.leader.run();
        this.hasReports = true;
        at = this.ring.reserve(length);
      }
      if (at >= 0) {
        this.toBacklog = false;
        this.words = this.ring.words;
        return at;
      }
    }
    this.toBacklog = true;
    const { commands } = this.lastBacklog;
    const at = commands.reserve(length);
    this.words = commands.words;
    return at;
  }

  publish(): void {
    if (this.toBacklog) {
      this.lastBacklog.commands.advance();
      this.pump();
      return;
    }
    this.ring.advance();
    this.ring.publish();
    this.watchdog?.wake();
    this.wake();
    if (this.hasReports) {
      this.hasReports = false;
      this.leader?.drain?.();
    }
  }

  completed(): number {
    return Atomics.load(this.ring.words, COMPLETED);
  }

  resume(blocked: Blocked): void {
    this.ring.block(blocked);
    for (const { commands } of this.backlogs) commands.block(blocked);
    if (resume(this.memory, blocked.seq)) this.leader?.wake();
  }

  catchUp(): boolean {
    if (!this.leader?.drain) return false;
    this.leader.drain();
    return this.isBacklogEmpty;
  }

  upload(pointer: number, data: Uint8Array): void {
    new Uint8Array(this.memory.buffer, pointer, data.length).set(data);
  }

  peek(pointer: number, bytes: number): ArrayBuffer {
    return copyOut(this.memory, pointer, bytes);
  }

  grow(end: number): void {
    const current = this.memory.buffer.byteLength;
    const bytes = grownSize(current, end, this.limit);
    if (bytes === current) return;
    try {
      if (bytes > this.limit) throw new ValueError(null, 'over the limit');
      growMemory(this.memory, bytes);
    } catch (error) {
      throw new OutOfMemoryError(null, String(error));
    }
    this.ring.refresh();
    this.words = this.ring.words;
  }

  hold(ready: Promise<unknown>): void {
    if (!this.lastBacklog.commands.isEmpty) this.backlogs.push({ commands: new Backlog(), holds: 0 });
    const held = this.lastBacklog;
    held.holds++;
    const release = (): void => {
      held.holds--;
      this.pump();
      this.watchdog?.wake();
    };
    ready.then(release, release);
  }

  uploadLater(pointer: number, data: Promise<Uint8Array<ArrayBuffer>>): void {
    this.hold(data.then((bytes) => this.upload(pointer, bytes)));
  }

  describe(): string[] {
    return this.leader?.describe() ?? ['engine: starting'];
  }

  shutdown(): void {
    this.isShutDown = true;
    void this.leader?.stop();
    this.watchdog?.stop();
  }

  /** Called with what the engine reports. */
  receive(report: EngineReport): void {
    const { token, pointer, bytes, completed, faultCount, faults, halted, times } = report;
    this.faultCount = faultCount;
    const value = report.value ?? (bytes > 0 ? copyOut(this.memory, pointer, bytes) : null);
    // An engine that has halted is let go on before it is to make room.
    this.events.onReport({ token, value, completed, faultCount, faults, halted, times });
    if (token === 0 && !this.isBacklogEmpty) this.pump();
  }

  /** Moves while the engine lives; null while it has nothing to do. */
  private progress(): number | null {
    if (this.ring.isEmpty && (this.isBacklogEmpty || this.backlogs[0].holds > 0)) return null;
    return Atomics.load(this.ring.words, TAIL) + this.beats();
  }

  /** Signs of life of all workers. */
  private beats(): number {
    let beats = 0;
    for (let worker = 0; worker < MOST_WORKERS; worker++) {
      beats += Atomics.load(this.ring.words, BEATS + (worker * BEAT_BYTES) / 4);
    }
    return beats;
  }

  /** The engine clears the flag and returns; the head was published before we look at it. */
  private wake(): void {
    if (Atomics.load(this.ring.words, SLEEPING) === 0 || this.leader === null) return;
    if (Atomics.exchange(this.ring.words, SLEEPING, 0) === 1) this.leader.wake();
  }

  /** Moves the backlog into the ring as far as it goes, and asks to hear of room for the rest. */
  private pump(): void {
    while (this.backlogs[0].holds === 0) {
      if (!this.moveBacklog(this.backlogs[0].commands)) return;
      if (this.backlogs.length === 1) break;
      this.backlogs.shift();
    }
    this.wake();
  }

  /** Returns whether nothing of it is left; else room was asked for. */
  private moveBacklog(commands: Backlog): boolean {
    while (!commands.moveTo(this.ring)) {
      if (this.isShutDown) return false;
      if (this.leader?.drain) {
        this.leader.drain();
        continue;
      }
      this.wake();
      if (Atomics.exchange(this.ring.words, WANTS_ROOM, 1) === 1) return false;
      // Room may have come before the engine could see the flag: look once more.
    }
    return true;
  }

  private get lastBacklog(): HeldBacklog {
    return this.backlogs[this.backlogs.length - 1];
  }

  private get isBacklogEmpty(): boolean {
    return this.backlogs.length === 1 && this.backlogs[0].commands.isEmpty;
  }
}
