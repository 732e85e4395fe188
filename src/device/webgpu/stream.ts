// The webgpu device's command stream: numbers and guards commands, hands out memory, encodes what is queued once its
// pipelines are compiled, answers reads. Nothing waits: calls that come before the adapter has answered are made in their
// turn, commands queue up on the page, and all that is ready goes into one encoder a flush (per microtask, or when it grows large).
// Over 400 lines because all of it turns on the order of that one queue.
import { FAULT_WORDS } from '../../../assembly/engine/commands';
import { itemSize, type DType } from '../../base/dtype';
import { DeviceError, type KindlingError } from '../../base/errors';
import { numelOf } from '../../base/shape';
import type { DeviceBuffer, FaultReport, MemoryInfo, Operands, View } from '../contract';
import { TRANSFER, type StreamBuffer } from '../faults';
import { readFaults, type FaultEntry } from '../faultTable';
import { outOfMemory } from '../shortage';
import { DeviceStream } from '../stream';
import { BlockPool, ELEMENT_BYTES, GpuBuffer, storedBytes, type Block } from './blocks';
import { checkStored, FAULT_HEADER_WORDS, FAULT_SLOTS, FAULT_TABLE_WORDS, fromStored, toStored } from './layout';
import { Pipelines, UNIFORM_STEP, type Pipeline } from './pipelines';
import { GpuTimer } from './timer';
import type { FaultUse, Kernel } from './shader';

/** Commands after which a flush does not wait for the microtask, so that the device works while the page still queues. */
const FLUSH_COMMANDS = 128;
/** Uploads up to this travel with the parameters. Bytes. */
const WRITE_LIMIT = 64 * 1024;
/** Most workgroups along one dimension of a dispatch. */
const MOST_GROUPS = 65535;
/** Memory to use where the adapter's is not known. Bytes. */
const DEFAULT_LIMIT = 4 * 2 ** 30;

const FAULT_BYTES = FAULT_TABLE_WORDS * 4;
/** Buffers for reading up to this size are kept for the next read. Bytes. */
const KEPT_STAGING = 1 << 20;

// GPUBufferUsage and GPUMapMode, which are not there before a browser has WebGPU.
const MAP_READ = 1;
const COPY_SRC = 4;
const COPY_DST = 8;
const UNIFORM = 64;
const STORAGE = 128;
const STORED = STORAGE | COPY_SRC | COPY_DST;

/** A kernel to run. */
interface Dispatch {
  readonly kind: 'dispatch';
  readonly kernel: Kernel;
  readonly use: FaultUse;
  readonly blocks: readonly Block[];
  /** Where its parameters are, in words, and how many bytes are bound. */
  readonly at: number;
  readonly bytes: number;
  readonly groups: number;
  readonly seq: number;
}

/** Bytes from the page; `words` are with the parameters at `at`, or in a staging buffer of their own. */
interface Upload {
  readonly kind: 'upload';
  readonly block: Block;
  readonly blockOffset: number;
  readonly at: number;
  readonly data: Uint32Array | Int32Array | null;
  readonly bytes: number;
}

interface Copy {
  readonly kind: 'copy';
  readonly from: Block;
  readonly to: Block;
}

interface Read {
  readonly kind: 'read';
  readonly report: Report;
}

/** Holds what comes after it until another command takes its place. */
interface Gate {
  readonly kind: 'gate';
}

interface Discard {
  readonly kind: 'discard';
  readonly block: Block;
}

type QueuedCommand = Dispatch | Upload | Copy | Read | Gate | Discard;

/** What a command is, where it is more than its buffers. */
export interface RunOptions {
  /** How its faults are reported; it records them itself. */
  readonly faults?: FaultReport | undefined;
  /** What it depends on and what depends on it, if that is not what it binds. */
  readonly from?: Operands;
  readonly to?: Operands;
}

/** A read, or a question how far the device is. */
interface Report {
  readonly seq: number;
  readonly block: Block | null;
  /** Of the first element, and of all, on the device. */
  readonly offset: number;
  readonly bytes: number;
  readonly dtype: DType;
  /** What was read, as it was known when the read was made. */
  readonly subject: StreamBuffer | null;
  readonly resolve: (value: ArrayBuffer) => void;
  readonly reject: (error: KindlingError) => void;
}

/** A device that answers. */
interface Engine {
  readonly device: GPUDevice;
  readonly pipelines: Pipelines;
  /** The kernel that records the fault of a transfer that failed. */
  readonly failure: Kernel;
  arguments: GPUBuffer;
  /** Buffers to map, by size. */
  readonly staging: Map<number, GPUBuffer[]>;
  /** Measures kernels, where the adapter can. */
  readonly timer: GpuTimer | null;
}

/** Commands, memory and reads of one GPUDevice. */
export class GpuStream extends DeviceStream {
  private readonly pool = new BlockPool((block) => this.queue({ kind: 'discard', block }));
  private commands: QueuedCommand[] = [];
  /** Parameters and small uploads of what is queued. */
  private words = new Uint32Array(1 << 14);
  private floats = new Float32Array(this.words.buffer);
  private used = 0;
  private isScheduled = false;
  private readonly faults: Block = { id: -1, size: FAULT_BYTES, gpu: null };
  private engine: Engine | null = null;
  /** Calls made before there is an engine, in their order; null once there is. */
  private held: (() => void)[] | null = [];
  private readonly waiting = new Set<Report>();
  private limits: GPUSupportedLimits | null = null;
  /** Called when the device can do no more: it was lost, shut down or never there. */
  onEnd: (error: KindlingError) => void = () => undefined;

  /** `limit` is the most memory to use, in bytes. */
  constructor(private readonly limit = DEFAULT_LIMIT) {
    super();
  }

  // ---- start and end

  /** Begins to work on `device`; `failure` is the kernel that records the fault of a transfer that failed. */
  start(device: GPUDevice, failure: Kernel): void {
    if (this.end !== null) {
      device.destroy();
      return;
    }
    this.limits = device.limits;
    const pipelines = new Pipelines(
      device,
      () => this.flush(),
      (error) => this.fail(new DeviceError(null, `internal: a kernel did not compile: ${String(error)}`)),
    );
    const args = device.createBuffer({ size: 1 << 16, usage: UNIFORM | COPY_SRC | COPY_DST });
    const timer = GpuTimer.of(device, (times) => this.measured(times));
    this.engine = { device, pipelines, failure, arguments: args, staging: new Map(), timer };
    void device.lost.then(({ message, reason }) => {
      this.fail(
        new DeviceError(
          null,
          `the webgpu device was lost (${message || reason}), and all tensors on it. ` +
            `Call init({ device: 'webgpu' }) again, and make or load what is needed anew.`,
          { reason },
        ),
      );
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      this.fail(new DeviceError(null, `the webgpu device failed: ${error.message}`));
    });
    this.makeHeldCalls();
  }

  /** Makes the call: at once, or when the stream starts and all calls before it are made. */
  inTurn(call: () => void): void {
    if (this.held === null) call();
    else this.held.push(call);
  }

  private makeHeldCalls(): void {
    const calls = this.held ?? [];
    this.held = null;
    for (const call of calls) {
      try {
        call();
      } catch (error) {
        this.fail(error as KindlingError);
      }
    }
  }

  /** Ends the stream: what waits rejects, what comes throws. */
  fail(error: KindlingError): void {
    if (this.end !== null) return;
    this.end = error;
    this.commands = [];
    for (const { reject } of this.waiting) reject(error);
    this.waiting.clear();
    this.wake();
    this.makeHeldCalls();
    this.onEnd(error);
  }

  shutdown(): void {
    const device = this.engine?.device;
    this.fail(new DeviceError(null, 'the webgpu device was shut down; tensors made before cannot be used.'));
    device?.destroy();
  }

  // ---- commands

  /**
   * Queues a kernel over the views that are there. `params` are the kernel's own; `groups` is the number of workgroups.
   * Buffers that are read and written at once are copied first.
   */
  run(
    code: Kernel,
    given: Operands,
    wanted: Operands,
    params: readonly number[],
    groups: number,
    { faults, from = given, to = wanted }: RunOptions = {},
  ): void {
    this.check();
    if (!this.ledger.admit(from, to, faults)) return;
    if (groups === 0) return;
    const [reads, writes] = [given.filter(isPresent), wanted.filter(isPresent)];
    const { seq, guardFirst, guardLast } = this.ledger;
    // Nothing but the command itself in its range: no fault can be there.
    const isGuarded = guardLast > 0 && guardFirst < seq;
    const { records = false } = code.source;
    const use: FaultUse = isGuarded ? (records ? 'both' : 'guard') : records ? 'record' : 'none';
    const copies: Block[] = [];
    const blocks = reads.map((view) => {
      const { block } = own(view.buffer);
      if (!writes.some((other) => own(other.buffer).block === block)) return block;
      const copy = this.pool.take(block.size);
      copies.push(copy);
      this.queue({ kind: 'copy', from: block, to: copy });
      return copy;
    });
    for (const view of writes) blocks.push(own(view.buffer).block);
    const { parameters } = code;
    const at = this.reserve(parameters.length + 3);
    let word = at;
    const write = (value: number): void => {
      const type = parameters[word - at];
      if (type === 'f32') this.floats[word++] = value;
      else this.words[word++] = value;
    };
    for (const view of reads) write(view.offset);
    for (const view of writes) write(view.offset);
    for (const value of params) write(value);
    this.words[word++] = guardFirst;
    this.words[word++] = guardLast - guardFirst;
    this.words[word++] = seq;
    const bytes = Math.ceil(((word - at) * 4) / UNIFORM_STEP) * UNIFORM_STEP;
    this.engine?.pipelines.pipeline(code, use);
    this.queue({ kind: 'dispatch', kernel: code, use, blocks, at, bytes, groups, seq });
    for (const copy of copies) this.pool.give(copy);
    this.queued();
  }

  /** A dense temporary, to be given to `free` once the commands that use it are queued. */
  temporary(elements: number, dtype: DType): View {
    const buffer = this.allocate(elements * itemSize(dtype), dtype);
    return { buffer, dtype, shape: [elements], strides: [1], offset: 0 };
  }

  /** Buffers that a kernel may bind. */
  get mostBuffers(): number {
    return this.limits?.maxStorageBuffersPerShaderStage ?? 8;
  }

  /** Whether the adapter computes on the processor. */
  isSoftware = false;

  /** Invocations of a subgroup where they may share values; 0 if that is not known. */
  subgroup = 0;

  // ---- memory

  allocate(bytes: number, dtype: DType): GpuBuffer {
    this.check();
    checkStored(dtype);
    const stored = storedBytes(bytes, dtype);
    const most = Math.min(this.limits?.maxBufferSize ?? Infinity, this.limits?.maxStorageBufferBindingSize ?? Infinity);
    if (stored > most) throw outOfMemory(stored, this.pool.live, most, 'one tensor');
    while (this.pool.live + stored > this.limit) this.makeRoomFor(stored);
    return new GpuBuffer(bytes, this.ledger.seq, dtype, this.pool.take(stored), this.pool);
  }

  free(buffer: DeviceBuffer): void {
    this.inTurn(() => {
      const { pool, block } = own(buffer);
      if (pool === this.pool && this.end === null) pool.give(block);
    });
  }

  /** Queues a copy of `data`, which is taken now. */
  upload(buffer: DeviceBuffer, data: ArrayBufferView, start = 0): void {
    const { block, dtype } = own(buffer);
    this.check();
    if (data.byteLength === 0) return;
    const stored = toStored(dtype, data);
    this.inTurn(() => {
      const seq = this.ledger.nextSeq();
      own(buffer).lastUse = own(buffer).lastWrite = seq;
      this.write(block, (4 * start) / itemSize(dtype), stored);
    });
  }

  /**
   * Fills a fresh buffer with bytes that are on their way; what is queued from now on waits for them. If they do not
   * come, what depends on the buffer rejects.
   */
  receive(buffer: DeviceBuffer, data: Promise<ArrayBuffer>): void {
    this.check();
    // Handled when it is its turn; it may fail before.
    data.catch(() => undefined);
    this.inTurn(() => this.awaitBytes(own(buffer), data));
  }

  private awaitBytes(target: GpuBuffer, data: Promise<ArrayBuffer>): void {
    this.ledger.admit([], [{ buffer: target, dtype: target.dtype, shape: [], strides: [], offset: 0 }], TRANSFER);
    const { seq } = this.ledger;
    const gate: Gate = { kind: 'gate' };
    this.queue(gate);
    const open = (command: QueuedCommand): void => {
      const at = this.commands.indexOf(gate);
      if (at >= 0) this.commands[at] = command;
      this.schedule();
    };
    const fill = (bytes: ArrayBuffer): void => {
      const data = toStored(target.dtype, new Uint8Array(bytes));
      open({ kind: 'upload', block: target.block, blockOffset: 0, at: 0, data, bytes: data.byteLength });
    };
    // The device is told too, for the commands that are queued already.
    data.then(fill).catch((error: KindlingError) => {
      if (this.engine === null) return;
      const { failure } = this.engine;
      this.ledger.explain(seq, error);
      const at = this.reserve(failure.parameters.length + 3);
      this.words.set([0, 0, seq], at);
      open({ kind: 'dispatch', kernel: failure, use: 'record', blocks: [], at, bytes: UNIFORM_STEP, groups: 1, seq });
    });
  }

  seal(buffer: DeviceBuffer): void {
    this.inTurn(() => (own(buffer).isSealed = true));
  }

  memory(): MemoryInfo {
    const { live, reserved, peak } = this.pool;
    return { live, reserved, peak };
  }

  // ---- the page's side of the queue

  /** Room for words of parameters, aligned as dynamic offsets must be. */
  private reserve(length: number): number {
    const at = this.used;
    this.used += Math.ceil((length * 4) / UNIFORM_STEP) * (UNIFORM_STEP / 4);
    if (this.used > this.words.length) {
      const words = new Uint32Array(Math.max(this.used, 2 * this.words.length));
      words.set(this.words);
      this.words = words;
      this.floats = new Float32Array(words.buffer);
    }
    return at;
  }

  private write(block: Block, blockOffset: number, data: Uint32Array | Int32Array): void {
    const bytes = data.byteLength;
    if (bytes > WRITE_LIMIT) {
      this.queue({ kind: 'upload', block, blockOffset, at: 0, data, bytes });
      return;
    }
    const at = this.reserve(data.length);
    this.words.set(data, at);
    this.queue({ kind: 'upload', block, blockOffset, at, data: null, bytes });
  }

  private queue(command: QueuedCommand): void {
    this.commands.push(command);
    if (this.commands.length >= FLUSH_COMMANDS) this.flush();
    else this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  protected report(view: View | null): Promise<ArrayBuffer> {
    return new Promise((resolve, reject) => {
      const buffer = view === null ? null : own(view.buffer);
      const offset = (view?.offset ?? 0) * ELEMENT_BYTES;
      const bytes = view === null ? 0 : numelOf(view.shape) * ELEMENT_BYTES;
      const dtype = view?.dtype ?? 'float32';
      this.inTurn(() => {
        if (this.end !== null) {
          reject(this.end);
          return;
        }
        const subject = buffer === null ? null : this.ledger.snapshot(buffer);
        const seq = this.ledger.nextSeq();
        this.lastReport = seq;
        if (buffer !== null) buffer.lastUse = seq;
        const report: Report = {
          seq,
          block: buffer?.block ?? null,
          offset,
          bytes,
          dtype,
          subject,
          resolve,
          reject,
        };
        this.waiting.add(report);
        this.queue({ kind: 'read', report });
      });
    });
  }

  // ---- encoding

  /** Encodes and submits everything up to the first command that must wait. */
  private flush(): void {
    const { engine, commands: queued } = this;
    if (engine === null || queued.length === 0 || this.end !== null) return;
    const { device } = engine;
    let ready = 0;
    while (ready < queued.length && this.isReady(engine, queued[ready])) ready++;
    if (ready === 0) return;
    const commands = queued.splice(0, ready);
    this.sendArguments(engine);
    const encoder = device.createCommandEncoder();
    const after: (() => void)[] = [];
    let pass: GPUComputePassEncoder | null = null;
    const kernels = commands.reduce((count, { kind }) => count + (kind === 'dispatch' ? 1 : 0), 0);
    const timing = this.isMeasuring && kernels > 0 ? (engine.timer?.begin(kernels) ?? null) : null;
    for (const command of commands) {
      if (command.kind === 'gate') continue;
      if (command.kind === 'dispatch') {
        const timed = timing?.passOf(command.seq, command.kernel.key) ?? null;
        // A pass has one pair of times.
        if (timed !== null) pass?.end();
        if (timed !== null || pass === null) pass = encoder.beginComputePass(timed ?? undefined);
        this.encodeDispatch(engine, pass, command);
        continue;
      }
      if (command.kind !== 'discard') {
        pass?.end();
        pass = null;
      }
      const done = this.encode(engine, encoder, command);
      if (done !== null) after.push(done);
    }
    pass?.end();
    timing?.resolve(encoder);
    device.queue.submit([encoder.finish()]);
    timing?.read();
    for (const done of after) done();
    if (queued.length === 0) this.used = 0;
  }

  private isReady({ pipelines }: Engine, command: QueuedCommand): boolean {
    if (command.kind === 'dispatch') return pipelines.pipeline(command.kernel, command.use).gpu !== null;
    return command.kind !== 'gate';
  }

  /** Before the commands that use them are submitted, and after those of the last flush: the queue keeps this order. */
  private sendArguments(engine: Engine): void {
    const bytes = this.used * 4;
    if (bytes === 0) return;
    if (bytes > engine.arguments.size) {
      engine.arguments.destroy();
      engine.arguments = engine.device.createBuffer({ size: 2 * bytes, usage: UNIFORM | COPY_SRC | COPY_DST });
    }
    engine.device.queue.writeBuffer(engine.arguments, 0, this.words.buffer, 0, bytes);
  }

  private encodeDispatch(engine: Engine, pass: GPUComputePassEncoder, command: Dispatch): void {
    const { pipelines } = engine;
    const { kernel, use, blocks, at, bytes, groups } = command;
    const pipeline: Pipeline = pipelines.pipeline(kernel, use);
    for (const block of blocks) this.realise(engine, block);
    pass.setPipeline(pipeline.gpu as GPUComputePipeline);
    pass.setBindGroup(0, pipelines.storage(pipeline, blocks));
    pass.setBindGroup(1, pipelines.arguments(use, engine.arguments, this.realise(engine, this.faults), bytes), [
      at * 4,
    ]);
    const y = Math.ceil(groups / MOST_GROUPS);
    pass.dispatchWorkgroups(Math.ceil(groups / y), y);
  }

  /** Encodes what is no kernel; gives what is to be done after the submission. */
  private encode(
    engine: Engine,
    encoder: GPUCommandEncoder,
    command: Upload | Copy | Read | Discard,
  ): (() => void) | null {
    const { device } = engine;
    switch (command.kind) {
      case 'copy': {
        const { from, to } = command;
        encoder.copyBufferToBuffer(this.realise(engine, from), 0, this.realise(engine, to), 0, from.size);
        return null;
      }
      case 'upload': {
        const { block, blockOffset, at, data, bytes } = command;
        const target = this.realise(engine, block);
        if (data === null) {
          encoder.copyBufferToBuffer(engine.arguments, at * 4, target, blockOffset, bytes);
          return null;
        }
        const staging = device.createBuffer({ size: bytes, usage: COPY_SRC, mappedAtCreation: true });
        new Uint32Array(staging.getMappedRange()).set(data);
        staging.unmap();
        encoder.copyBufferToBuffer(staging, 0, target, blockOffset, bytes);
        return () => staging.destroy();
      }
      case 'read': {
        const { report } = command;
        const staging = this.takeStaging(engine, report.bytes + FAULT_BYTES);
        encoder.copyBufferToBuffer(this.realise(engine, this.faults), 0, staging, 0, FAULT_BYTES);
        if (report.bytes > 0 && report.block !== null) {
          encoder.copyBufferToBuffer(
            this.realise(engine, report.block),
            report.offset,
            staging,
            FAULT_BYTES,
            report.bytes,
          );
        }
        return () => this.awaitAnswer(engine, report, staging);
      }
      case 'discard': {
        const { block } = command;
        // Its bind groups would keep it.
        engine.pipelines.forgetBindGroups();
        return () => {
          block.gpu?.destroy();
          block.gpu = null;
        };
      }
    }
  }

  private realise({ device }: Engine, block: Block): GPUBuffer {
    return (block.gpu ??= device.createBuffer({ size: block.size, usage: STORED }));
  }

  // ---- answers

  private takeStaging({ device, staging }: Engine, bytes: number): GPUBuffer {
    const size = bytes > KEPT_STAGING ? bytes : 2 ** Math.ceil(Math.log2(bytes));
    return staging.get(size)?.pop() ?? device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  }

  private awaitAnswer(engine: Engine, report: Report, staging: GPUBuffer): void {
    const bytes = FAULT_BYTES + report.bytes;
    staging.mapAsync(MAP_READ, 0, bytes).then(
      () => {
        const range = staging.getMappedRange(0, bytes);
        const table = new Uint32Array(range.slice(0, FAULT_BYTES));
        const value = range.slice(FAULT_BYTES);
        staging.unmap();
        if (staging.size <= KEPT_STAGING) {
          const same = engine.staging.get(staging.size);
          if (same === undefined) engine.staging.set(staging.size, [staging]);
          else same.push(staging);
        } else staging.destroy();
        this.answer(report, table, value);
      },
      // The device is lost, or the buffer could not be had; both are told elsewhere.
      () => undefined,
    );
  }

  private answer(report: Report, table: Uint32Array, value: ArrayBuffer): void {
    if (this.end !== null) return;
    this.learn(table[0], report.seq, (recorded) => this.entriesOf(table, recorded));
    this.ledger.confirm(report.seq);
    this.waiting.delete(report);
    const { subject, dtype, bytes } = report;
    const error = this.errorOf(subject);
    if (error !== null) report.reject(error);
    else report.resolve(bytes === 0 ? value : fromStored(dtype, value));
  }

  /** What the table holds of the faults that are new to the page. */
  private entriesOf(table: Uint32Array, recorded: number): FaultEntry[] {
    return Array.from({ length: Math.min(recorded, FAULT_SLOTS) }, (_, k) => {
      const at = FAULT_HEADER_WORDS + ((this.faultCount + k) % FAULT_SLOTS) * FAULT_WORDS;
      return readFaults(Array.from(table.subarray(at, at + FAULT_WORDS)))[0];
    });
  }

  protected setMeasuring(): void {
    // Each flush looks for itself.
  }

  protected timesKnown(): Promise<void> {
    return this.engine?.timer?.allRead() ?? Promise.resolve();
  }

  protected askProgress(): void {
    void this.report(null).catch(() => undefined);
  }

  protected acknowledge(count: number): void {
    this.write(this.faults, 4, Uint32Array.of(count));
  }

  protected get memoryLimit(): number {
    return this.limit;
  }
}

const isPresent = (view: View | null): view is View => view !== null;

/** Buffers that reach this device were made by it. */
const own = (buffer: DeviceBuffer): GpuBuffer => buffer as GpuBuffer;
