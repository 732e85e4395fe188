// Runs batches in an engine with a memory of its own: in a worker, or on the calling thread if none can be started.
import type { Batch, BatchEngine } from './batchTransport';
import { Engine, type EngineReport } from '../engine/engine';
import { createMemory, growMemory } from '../engine/memory';
import { Ring, moveCommands } from './ring';

/** Words of commands that are run before the next look at the clock. */
const SLICE_WORDS = 4096;
/** A long batch, and a long command, says that it is alive this often, in ms. */
const SIGN_OF_LIFE = 250;

/** An engine that takes batches. */
export class BatchRunner {
  /** Bytes that the memory may grow to. */
  readonly limit: number;
  private readonly engine: Engine;
  private readonly memory: WebAssembly.Memory;
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

  /** Runs a batch to its end. @throws what the browser throws when it refuses the memory. */
  run({ memoryBytes, parts }: Batch): void {
    growMemory(this.memory, memoryBytes);
    const ring = new Ring(this.memory);
    this.reported = performance.now();
    for (const part of parts) {
      if ('data' in part) {
        new Uint8Array(this.memory.buffer, part.pointer, part.data.length).set(part.data);
        continue;
      }
      const { words } = part;
      for (let next = 0; next < words.length;) {
        next = moveCommands(ring, words, next, Math.min(words.length, next + SLICE_WORDS));
        this.engine.run(0);
        this.signOfLife();
      }
    }
    this.report(this.engine.reportOf(0, 0, 0));
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
      this.runner.run(batch);
      for (const report of this.reports.splice(0)) this.receive(report);
    });
  }

  describe(): string[] {
    return ['engine: on the calling thread'];
  }

  stop(): void {
    this.reports.length = 0;
  }
}
