// Commands in batches to an engine whose memory this thread cannot see: one worker, without SharedArrayBuffer.
// A batch leaves in the microtask after its first command, or when it is full.
import { DeviceError, OutOfMemoryError, type KindlingError } from '../../../base/errors';
import type { EngineReport } from '../engine/engine';
import { grownSize, heapStart, initialBytes } from '../engine/memory';
import { block } from './ring';
import type { Blocked, Transport, TransportEvents } from './transport';
import { Watchdog } from '../workers/watchdog';

/** What goes over at once: commands and uploads in order. */
export interface Batch {
  /** Size that the memory must have. */
  readonly memoryBytes: number;
  readonly parts: readonly BatchPart[];
}
export type BatchPart =
  { readonly words: Uint32Array<ArrayBuffer> } | { readonly pointer: number; readonly data: Uint8Array<ArrayBuffer> };

/** Keeps what is behind it back while it waits for promises. */
interface Gate {
  holds: number;
}

const isGate = (part: BatchPart | Gate): part is Gate => 'holds' in part;

/** The engine at the other end. */
export interface BatchEngine {
  /** Takes a batch; its buffers are given away. */
  execute(batch: Batch): void;
  /** Batches that were sent and are not done. */
  readonly outstanding: number;
  /** Bytes that its memory may grow to. */
  readonly limit: number;
  /** Goes on after a torn command. */
  resume(blocked: Blocked): void;
  describe(): string[];
  stop(): void;
}

/** A batch is sent when it has this many words of commands: 64 KB. */
const BATCH_WORDS = 16384;

/** Transport by batches; the memory at the other end is planned here. */
export class BatchTransport implements Transport {
  readonly uploadsInOrder = true;
  readonly keepsReads = false;
  readonly heapStart = heapStart(1);
  words = new Uint32Array(BATCH_WORDS);
  reservedBytes = initialBytes(1);
  private used = 0;
  private end = 0;
  private parts: (BatchPart | Gate)[] = [];
  private isScheduled = false;
  private engine: BatchEngine | null = null;
  private done = 0;
  private reportCount = 0;
  private watchdog: Watchdog | null = null;
  isShutDown = false;

  constructor(
    /** Lowered when the engine says how far its memory can grow. */
    public limit: number,
    private readonly events: TransportEvents,
  ) {}

  /** Hands what waits to an engine; `onHang` as for the ring. A batch shows progress by its reports, the last of which says that it is done. */
  start(engine: BatchEngine, patience = 0, onHang: () => void = () => undefined): void {
    this.engine = engine;
    const progress = (): number | null => (engine.outstanding > 0 ? this.reportCount : null);
    if (patience > 0) this.watchdog = new Watchdog(patience, progress, onHang);
    this.limit = Math.min(this.limit, engine.limit);
    this.send();
  }

  /** There is no engine to be had. */
  fail(error: KindlingError): void {
    this.events.onFailed(error);
  }

  /** Readies for the next engine after one died, and its memory with it. Returns the number of faults that the next need not report. */
  takeOver(reason: string): number {
    this.watchdog?.stop();
    this.engine?.stop();
    this.engine = null;
    this.used = 0;
    this.parts = [];
    this.reservedBytes = initialBytes(1);
    this.events.onLost(
      new DeviceError(
        null,
        `the worker that held this tensor died (${reason}), and its memory with it. Make the tensor again.`,
      ),
    );
    return 0;
  }

  reserve(length: number): number {
    if (this.used + length > this.words.length) {
      this.send();
      this.closePart();
      if (length > this.words.length) this.words = new Uint32Array(length);
    }
    this.end = this.used + length;
    return this.used;
  }

  publish(): void {
    this.used = this.end;
    this.schedule();
  }

  completed(): number {
    return this.done;
  }

  catchUp(): boolean {
    return false;
  }

  resume(blocked: Blocked): void {
    this.closePart();
    for (const part of this.parts) if ('words' in part) block(part.words, 0, part.words.length, blocked);
    this.engine?.resume(blocked);
  }

  upload(pointer: number, data: Uint8Array): void {
    this.closePart();
    this.parts.push({ pointer, data: data.slice() });
    this.schedule();
  }

  peek(): null {
    return null;
  }

  grow(end: number): void {
    const bytes = grownSize(this.reservedBytes, end, this.limit);
    if (bytes > this.limit) throw new OutOfMemoryError(null, 'over the limit');
    this.reservedBytes = bytes;
  }

  hold(ready: Promise<unknown>): void {
    this.closePart();
    const last = this.parts.at(-1);
    const gate: Gate = last !== undefined && isGate(last) ? last : { holds: 0 };
    if (gate !== last) this.parts.push(gate);
    gate.holds++;
    const release = (): void => {
      gate.holds--;
      this.send();
    };
    ready.then(release, release);
  }

  uploadLater(pointer: number, data: Promise<Uint8Array<ArrayBuffer>>): void {
    const part = { pointer, data: new Uint8Array(0) };
    this.hold(data.then((bytes) => void (part.data = bytes)));
    this.parts.push(part);
  }

  describe(): string[] {
    return this.engine?.describe() ?? ['engine: starting'];
  }

  shutdown(): void {
    this.isShutDown = true;
    this.watchdog?.stop();
    this.engine?.stop();
    this.engine = null;
  }

  /** Called with what the engine reports. */
  receive({ token, value, completed, faultCount, faults, halted, times }: EngineReport): void {
    this.done = completed;
    this.reportCount++;
    this.events.onReport({ token, value, completed, faultCount, faults, halted, times });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      this.send();
    });
  }

  private closePart(): void {
    if (this.used > 0) this.parts.push({ words: this.words.slice(0, this.used) });
    this.used = 0;
  }

  private send(): void {
    if (this.engine === null) return;
    this.closePart();
    const held = this.parts.findIndex((part) => isGate(part) && part.holds > 0);
    const parts = this.parts
      .splice(0, held < 0 ? this.parts.length : held)
      .filter((part): part is BatchPart => !isGate(part));
    if (parts.length === 0) return;
    this.engine.execute({ memoryBytes: this.reservedBytes, parts });
    this.watchdog?.wake();
  }
}
