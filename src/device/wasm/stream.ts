// The wasm device's command stream: numbers and guards commands, hands out memory, answers reads. One class, whose
// parts share the same counters and marks, hence the length.
import {
  Acknowledge,
  DTypeCode,
  FAULT_TRAP,
  HEADER_WORDS,
  IndexCommand,
  MAX_COMMAND_WORDS,
  Opcode,
  Report as ReportCommand,
  TRACE_ENTRY_BYTES,
  Trace,
  Write,
  type Command,
} from '../../../assembly/engine/commands';
import { itemSize } from '../../base/dtype';
import { numelOf } from '../../base/shape';
import { DeviceError, type KindlingError, OutOfMemoryError } from '../../base/errors';
import { CommandLog } from '../commandLog';
import type { FaultReport, MemoryInfo, Operands, View } from '../contract';
import { StreamBuffer, TRANSFER } from '../faults';
import { instruments, type GuardedHeap } from '../instruments';
import { DeviceStream } from '../stream';
import { Allocator, type Block } from './engine/allocator';
import type { CommandStream } from './transport/commandStream';
import { argumentNames, encode, type Arguments } from './transport/encode';
import { readFaults } from '../faultTable';
import { TIME_FIELDS, type EngineTimes } from './engine/engine';
import type { Report, Transport, TransportEvents } from './transport/transport';

/** Uploads up to this travel inside a command, which spares the search for a block the page may write. Bytes. */
const WRITE_LIMIT = 1024;
/** Commands after which those that are done are forgotten, where no report is heard. */
const FORGET_INTERVAL = 1024;
/** Apart enough that vector loads of one do not meet the other. Bytes. */
const STATUS_BYTES = 64;
/** Commands that are measured before the engine hands their times over by itself. */
const TRACE_ROOM = 1024;
/** As indices below 1. */
const STATUS_GOOD = 0;
const STATUS_BAD = -1;

/** A buffer in the wasm memory. */
export class WasmBuffer extends StreamBuffer {
  constructor(
    bytes: number,
    born: number,
    public block: Block,
    /** The allocator the block belongs to; a lost memory's blocks are never given back. */
    public readonly heap: Allocator,
  ) {
    super(bytes, born);
  }
}

/** A Report command whose answer is awaited. */
interface PendingReport {
  readonly seq: number;
  readonly token: number;
  /** What was read, as it was known when the read was made. */
  readonly subject: StreamBuffer | null;
  readonly block: Block | null;
  readonly bytes: number;
  readonly resolve: (value: ArrayBuffer) => void;
  readonly reject: (error: KindlingError) => void;
}

/** Whoever appends commands that belong to no tensor. */
export interface CommandAppender {
  /** Returns the number of the command. */
  append<C extends Command>(opcode: Opcode, struct: new () => C, args: Arguments<C>): number;
}

/** Commands, memory and reads of one wasm engine. */
export class WasmStream extends DeviceStream implements CommandStream, CommandAppender, TransportEvents {
  private readonly transport: Transport;
  private heap: Allocator;
  /** The heap in a checking mode. */
  private guarded: GuardedHeap | null = null;
  /** Workspaces of the command that comes next. */
  private readonly workspaces: Block[] = [];
  private readonly pending: PendingReport[] = [];
  /** Where the engine notes what commands take. */
  private trace: Block | null = null;

  constructor(connect: (events: TransportEvents) => Transport) {
    super(new CommandLog());
    this.transport = connect(this);
    this.heap = this.makeHeap();
  }

  // ---- commands

  emit<C extends Command>(
    opcode: Opcode,
    struct: new () => C,
    args: Arguments<C>,
    reads: Operands,
    writes: Operands,
    faults?: FaultReport,
  ): void {
    if (this.ledger.admit(reads, writes, faults)) {
      const at = this.transport.reserve(HEADER_WORDS + argumentNames(struct).length);
      const { words } = this.transport;
      encode(words, at, opcode, this.ledger.seq >>> 0, struct, args);
      this.finish(words, at);
    }
    if (this.workspaces.length > 0) this.releaseWorkspaces();
  }

  emitWords(
    opcode: Opcode,
    source: Uint32Array,
    length: number,
    reads: Operands,
    writes: Operands,
    faults?: FaultReport,
  ): void {
    if (length > MAX_COMMAND_WORDS) throw new Error(`internal: a command of ${length} words is too long`);
    if (this.ledger.admit(reads, writes, faults)) {
      const at = this.transport.reserve(length);
      const { words } = this.transport;
      words[at] = opcode | (length << 8);
      words[at + 1] = this.ledger.seq >>> 0;
      for (let i = HEADER_WORDS; i < length; i++) words[at + i] = source[i];
      this.finish(words, at);
    }
    if (this.workspaces.length > 0) this.releaseWorkspaces();
  }

  append<C extends Command>(opcode: Opcode, struct: new () => C, args: Arguments<C>): number {
    const seq = this.ledger.nextSeq();
    const at = this.transport.reserve(HEADER_WORDS + argumentNames(struct).length);
    encode(this.transport.words, at, opcode, seq >>> 0, struct, args);
    this.transport.publish();
    return seq;
  }

  pointer(view: View | null | undefined): number {
    return view === null || view === undefined
      ? 0
      : (view.buffer as WasmBuffer).block.pointer + view.offset * itemSize(view.dtype);
  }

  workspace(bytes: number): number {
    if (bytes === 0) return 0;
    const block = this.claim(bytes, (heap) => heap.allocate(bytes));
    this.workspaces.push(block);
    return block.pointer;
  }

  // ---- memory

  allocate(bytes: number): WasmBuffer {
    this.check();
    const block = this.claim(bytes, (heap) => heap.allocate(bytes));
    return new WasmBuffer(bytes, this.ledger.seq, block, this.heap);
  }

  free(buffer: WasmBuffer): void {
    if (buffer.heap === this.heap) this.heap.release(buffer.block, buffer.lastUse);
  }

  upload(buffer: WasmBuffer, data: ArrayBufferView, start = 0): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length === 0) return;
    if (bytes.length <= WRITE_LIMIT) {
      this.write(buffer, bytes, start);
      return;
    }
    // Later parts go where the first one went.
    if (start === 0 ? this.moveToIdle(buffer) : this.isIdle(buffer)) {
      this.transport.upload(buffer.block.pointer + start, bytes);
      return;
    }
    const copy = bytes.slice();
    this.transport.uploadLater(
      buffer.block.pointer + start,
      this.report(null).then(() => copy),
    );
  }

  /**
   * Fills a fresh buffer with bytes that are on their way. A word that comes with them says whether they came; a gather
   * that takes it for an index turns -1 into a fault, which keeps in-place commands from using what never came.
   */
  receive(buffer: WasmBuffer, data: Promise<ArrayBuffer>): void {
    this.check();
    const { ledger, transport } = this;
    const idle = this.idleBlock(2 * STATUS_BYTES);
    const isIdle = this.moveToIdle(buffer) && idle !== null;
    const came = idle ?? this.claim(2 * STATUS_BYTES, (heap) => heap.allocate(2 * STATUS_BYTES));
    const passed = isIdle ? data : this.report(null).then(() => data);
    ledger.admit([], [{ buffer, dtype: 'uint8', shape: [], strides: [], offset: 0 }], TRANSFER);
    const { seq } = ledger;
    const { block } = buffer;
    const bytes = passed.then(
      (value) => [new Uint8Array(value), STATUS_GOOD] as const,
      (error: KindlingError) => {
        ledger.explain(seq, error);
        return [new Uint8Array(0), STATUS_BAD] as const;
      },
    );
    transport.uploadLater(
      block.pointer,
      bytes.then(([value]) => value),
    );
    transport.uploadLater(
      came.pointer,
      bytes.then(([, status]) => new Uint8Array(Int32Array.of(status).buffer)),
    );
    const at = transport.reserve(HEADER_WORDS + argumentNames(IndexCommand).length);
    encode(transport.words, at, Opcode.IndexSelect, seq >>> 0, IndexCommand, {
      a: came.pointer,
      index: came.pointer,
      out: came.pointer + STATUS_BYTES,
      outer: 1,
      n: 1,
      inner: 1,
      m: 1,
      hasIgnore: 0,
      ignore: 0,
      dtype: DTypeCode.Int32,
      indexDtype: DTypeCode.Int32,
      kind: 0,
      wholeRows: 0,
    });
    this.finish(transport.words, at);
    this.heap.release(came, seq);
  }

  seal(buffer: StreamBuffer): void {
    buffer.isSealed = true;
  }

  memory(): MemoryInfo {
    return { live: this.heap.live, reserved: this.transport.reservedBytes, peak: this.heap.peak };
  }

  hold(ready: Promise<unknown>): void {
    this.transport.hold(ready);
  }

  describe(): string[] {
    return this.transport.describe();
  }

  shutdown(): void {
    this.end ??= new DeviceError(null, 'the wasm device was shut down; tensors made before cannot be used.');
    this.transport.shutdown();
    const error = new DeviceError('shutdown', 'the wasm device was shut down before this value was read.');
    for (const { reject } of this.pending.splice(0)) reject(error);
  }

  // ---- from the transport

  onReport({ token, value, completed, faultCount, faults, halted, times }: Report): void {
    if (this.end !== null) return;
    if (times !== null) this.takeTimes(times);
    let done = this.ledger.widen(completed);
    const answered = token === 0 ? undefined : this.pending.find((report) => report.token === token);
    if (answered !== undefined) done = Math.max(done, answered.seq);
    this.learn(faultCount, done, () => readFaults(faults));
    if (halted !== 0) this.resume(halted);
    this.ledger.confirm(done);
    // Answers come in order: what is due and was not answered got lost with a worker.
    while (this.pending.length > 0 && this.pending[0].seq <= done) {
      const report = this.pending.shift() as PendingReport;
      // One that was torn itself has copied only a part.
      const kept = this.ledger.isTorn(report.seq) ? null : this.peek(report);
      this.answer(report, report === answered ? value : kept);
    }
  }

  onLost(error: KindlingError): void {
    this.ledger.learnLoss(error);
    this.heap = this.makeHeap();
    this.faultCount = 0;
    this.trace = null;
    if (this.isMeasuring) this.setMeasuring(true);
    for (const { reject } of this.pending.splice(0)) reject(error);
  }

  onFailed(error: KindlingError): void {
    this.end = error;
    for (const { reject } of this.pending.splice(0)) reject(error);
  }

  // ---- parts of the above

  /**
   * Gives a fresh buffer another block if commands may still use what was freed there: the page writes elsewhere.
   * Returns false where there is no such block: the page has to wait for the commands.
   */
  private moveToIdle(buffer: WasmBuffer): boolean {
    if (this.isIdle(buffer)) return true;
    const block = this.idleBlock(buffer.bytes);
    if (block === null) return buffer.block.lastUse <= this.completed;
    this.heap.release(buffer.block, 0);
    buffer.block = block;
    return true;
  }

  private isIdle({ block }: WasmBuffer): boolean {
    return this.transport.uploadsInOrder || block.lastUse <= this.completed;
  }

  /** A block that the page may write now, or null: then what is free is free only behind commands that are still to run. */
  private idleBlock(bytes: number): Block | null {
    const take = (): Block | null => {
      try {
        return this.heap.allocateIdle(bytes, this.completed);
      } catch (error) {
        if (error instanceof OutOfMemoryError) return null;
        throw error;
      }
    };
    return take() ?? (this.transport.catchUp() ? take() : null);
  }

  /** The engine waits, as the command `low` stopped in the middle: what depends on that must not run. */
  private resume(low: number): void {
    const seq = this.ledger.widen(low);
    // Known by its entry, unless the table was full.
    this.learnTear({ seq: low, kind: FAULT_TRAP, value: -1n });
    const dependents = new Set([...this.ledger.blockedBy(seq)].map((dependent) => dependent >>> 0));
    this.transport.resume({ seq: low, dependents });
  }

  private get completed(): number {
    return this.ledger.widen(this.transport.completed());
  }

  private finish(words: Uint32Array, at: number): void {
    words[at + 2] = this.ledger.guardFirst >>> 0;
    words[at + 3] = this.ledger.guardLast >>> 0;
    const [head, seq] = [words[at], this.ledger.seq];
    this.transport.publish();
    this.guarded?.verify(seq, head & 0xff);
    if (seq % FORGET_INTERVAL === 0) this.ledger.forget(this.completed);
    this.queued();
  }

  private releaseWorkspaces(): void {
    for (const block of this.workspaces) this.heap.release(block, this.ledger.seq);
    this.workspaces.length = 0;
  }

  private makeHeap(): Allocator {
    const { heapStart } = this.transport;
    const reserve = (end: number): void => this.transport.grow(end);
    this.guarded = instruments.current?.heap(heapStart, reserve, this) ?? null;
    return this.guarded ?? new Allocator(heapStart, reserve);
  }

  private claim(bytes: number, take: (heap: Allocator) => Block): Block {
    for (;;) {
      try {
        return take(this.heap);
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
      }
      this.makeRoomFor(bytes);
    }
  }

  private write(buffer: WasmBuffer, bytes: Uint8Array, start: number): void {
    const { block } = buffer;
    const seq = this.ledger.admitWrite(buffer);
    const length = HEADER_WORDS + 2 + Math.ceil(bytes.length / 4);
    const at = this.transport.reserve(length);
    const { words } = this.transport;
    encode(words, at, Opcode.Write, seq >>> 0, Write, { pointer: block.pointer + start, bytes: bytes.length });
    words[at] = Opcode.Write | (length << 8);
    new Uint8Array(words.buffer, words.byteOffset + (at + HEADER_WORDS + 2) * 4, bytes.length).set(bytes);
    this.transport.publish();
  }

  /** Appends a Report, with its own number as token if somebody waits for it; returns its number. */
  private sendReport(isAwaited: boolean, source: number, pointer: number, bytes: number): number {
    const seq = this.ledger.nextSeq();
    this.lastReport = seq;
    const at = this.transport.reserve(HEADER_WORDS + argumentNames(ReportCommand).length);
    encode(this.transport.words, at, Opcode.Report, seq >>> 0, ReportCommand, {
      token: isAwaited ? seq >>> 0 : 0,
      source,
      pointer,
      bytes,
    });
    this.transport.publish();
    return seq;
  }

  protected report(view: View | null): Promise<ArrayBuffer> {
    const bytes = view === null ? 0 : numelOf(view.shape) * itemSize(view.dtype);
    return new Promise((resolve, reject) => {
      const buffer = view === null ? null : (view.buffer as WasmBuffer);
      const subject = buffer === null ? null : this.ledger.snapshot(buffer);
      const keep = bytes > 0 && this.transport.keepsReads;
      const block = keep ? this.claim(bytes, (heap) => heap.allocate(bytes)) : null;
      const seq = this.sendReport(true, this.pointer(view), block?.pointer ?? 0, bytes);
      if (buffer !== null) buffer.lastUse = seq;
      this.pending.push({ seq, token: seq >>> 0, subject, block, bytes, resolve, reject });
    });
  }

  private peek({ block, bytes }: PendingReport): ArrayBuffer | null {
    return block === null ? null : this.transport.peek(block.pointer, bytes);
  }

  private answer(report: PendingReport, value: ArrayBuffer | null): void {
    const { subject, block, bytes, seq } = report;
    if (block !== null) this.heap.release(block, seq);
    const error = this.errorOf(subject);
    if (error !== null) report.reject(error);
    else if (value === null && bytes > 0) report.reject(new DeviceError('read', 'the worker died before it answered.'));
    else report.resolve(value ?? new ArrayBuffer(0));
  }

  protected setMeasuring(isOn: boolean): void {
    const bytes = TRACE_ROOM * TRACE_ENTRY_BYTES;
    if (isOn) this.trace = this.claim(bytes, (heap) => heap.allocate(bytes));
    const seq = this.append(Opcode.Trace, Trace, { pointer: isOn ? (this.trace?.pointer ?? 0) : 0, room: TRACE_ROOM });
    if (isOn || this.trace === null) return;
    this.heap.release(this.trace, seq);
    this.trace = null;
  }

  /** They come with reports. */
  protected timesKnown(): Promise<void> {
    return Promise.resolve();
  }

  private takeTimes({ origin, values }: EngineTimes): void {
    const shift = origin - performance.timeOrigin;
    const count = values.length / TIME_FIELDS;
    this.measured(
      Array.from({ length: count }, (_, i) => {
        const [seq, opcode, start, end] = values.subarray(i * TIME_FIELDS, (i + 1) * TIME_FIELDS);
        return { seq: this.ledger.widen(seq), name: Opcode[opcode], start: start + shift, end: end + shift };
      }),
    );
  }

  protected askProgress(): void {
    this.sendReport(false, 0, 0, 0);
  }

  protected acknowledge(count: number): void {
    this.append(Opcode.Acknowledge, Acknowledge, { count });
  }

  protected get memoryLimit(): number {
    return this.transport.limit;
  }
}
