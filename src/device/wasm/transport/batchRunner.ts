// Runs batches in an engine with a memory of its own: in a worker, or on the calling thread if none can be started.
import type { Batch, BatchEngine } from './batchTransport';
import { Engine, HALTED, resume, type EngineReport } from '../engine/engine';
import { createMemory, growMemory } from '../engine/memory';
import { block, Ring, moveCommands } from './ring';
import type { Blocked } from './transport';

/** Words of commands that are run before the next look at the clock. */
const SLICE_WORDS = 4096;
/** A long batch, and a long command, says that it is alive this often, in ms. */
const SIGN_OF_LIFE = 250;

/** A batch, and how far it is: words of a part that are in the ring. */
interface QueuedBatch extends Batch {
  part: number;
  next: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** An engine that takes batches. */
export class BatchRunner {
  /** Bytes that the memory may grow to. */
  readonly limit: number;
  private readonly engine: Engine;
  private readonly memory: WebAssembly.Memory;
  private readonly queue: QueuedBatch[] = [];
  private isHalted = false;
  private reported = 0;

  constructor(
    module: WebAssembly.Module,
    maxMemory: number | undefined,
    private readonly report: (report: EngineReport) => void,
  ) {
    const { memory, limit } = createMemory(false, 1, maxMemory);
    this.limit = limit;
    this.memory = memory;
    this.engine = new Engine(
      module,
      memory,
      { index: 0, helpers: 0, copies: true, faultCount: 0, epoch: 0 },
      report,
      () => this.signOfLife(),
    );
  }

  /** Runs a batch, behind those before it; resolves at its end. Rejects with what the browser throws when it refuses the memory. */
  run(batch: Batch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ ...batch, part: 0, next: 0, resolve, reject });
      if (!this.isHalted) this.work();
    });
  }

  /** Goes on after a torn command. */
  resume(blocked: Blocked): void {
    new Ring(this.memory).block(blocked);
    for (const { parts } of this.queue) {
      for (const part of parts) if ('words' in part) block(part.words, 0, part.words.length, blocked);
    }
    if (!resume(this.memory, blocked.seq)) return;
    this.isHalted = false;
    this.work();
  }

  /** Runs batches until there are none, or a command stops in the middle. */
  private work(): void {
    for (let batch = this.queue[0]; batch !== undefined; batch = this.queue[0]) {
      try {
        growMemory(this.memory, batch.memoryBytes);
        this.runParts(batch);
      } catch (error) {
        this.queue.shift();
        batch.reject(error);
        continue;
      }
      this.report(this.engine.reportOf(0, 0, 0));
      if (this.isHalted) return;
      this.queue.shift();
      batch.resolve();
    }
  }

  private runParts(batch: QueuedBatch): void {
    const ring = new Ring(this.memory);
    this.reported = performance.now();
    // What is left in the ring after a halt.
    if (this.halts()) return;
    for (; batch.part < batch.parts.length; batch.part++, batch.next = 0) {
      const part = batch.parts[batch.part];
      if ('data' in part) {
        new Uint8Array(this.memory.buffer, part.pointer, part.data.length).set(part.data);
        continue;
      }
      const { words } = part;
      while (batch.next < words.length) {
        batch.next = moveCommands(ring, words, batch.next, Math.min(words.length, batch.next + SLICE_WORDS));
        if (this.halts()) return;
        this.signOfLife();
      }
    }
  }

  /** Runs what is in the ring; whether a command stopped in the middle. */
  private halts(): boolean {
    return (this.isHalted = this.engine.run(0) === HALTED);
  }

  private signOfLife(): void {
    if (performance.now() - this.reported <= SIGN_OF_LIFE) return;
    this.report(this.engine.reportOf(0, 0, 0));
    this.reported = performance.now();
  }
}

/** Runs batches on the calling thread, each in a microtask of its own, since reports may queue more. */
export class InlineBatchEngine implements BatchEngine {
  readonly limit: number;
  readonly outstanding = 0;
  private readonly runner: BatchRunner;
  private readonly reports: EngineReport[] = [];

  constructor(
    module: WebAssembly.Module,
    maxMemory: number | undefined,
    private readonly receive: (report: EngineReport) => void,
  ) {
    this.runner = new BatchRunner(module, maxMemory, (report) => this.reports.push(report));
    this.limit = this.runner.limit;
  }

  execute(batch: Batch): void {
    queueMicrotask(() => {
      void this.runner.run(batch);
      this.deliver();
    });
  }

  resume(blocked: Blocked): void {
    queueMicrotask(() => {
      this.runner.resume(blocked);
      this.deliver();
    });
  }

  private deliver(): void {
    for (const report of this.reports.splice(0)) this.receive(report);
  }

  describe(): string[] {
    return ['engine: on the calling thread'];
  }

  stop(): void {
    this.reports.length = 0;
  }
}
