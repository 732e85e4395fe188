// The script of every worker: a leader or a helper over shared memory, or an engine with a memory of its own.
// It is bundled as one classic script and started from a blob, from a file of its own, or by worker_threads.
import { expose, type Remote } from 'comlink';
import type { Batch } from '../transport/batchTransport';
import { BatchRunner } from '../transport/batchRunner';
import type { Blocked } from '../transport/transport';
import { Engine, HALTED, REQUESTED, type EngineOptions } from '../engine/engine';

/**
 * Looks at a dry ring before the leader sleeps, about 50 µs: a wake-up by message costs the page more than that, and
 * a loop that appends a command every few µs must not pay it for each.
 */
const SPINS = 10_000;

/** What the page can ask of a worker, through Comlink. */
export interface WorkerApi {
  /** Leads over shared memory; wakes at any message on `reports` and sends EngineReports there. */
  lead(module: WebAssembly.Module, memory: WebAssembly.Memory, options: EngineOptions, reports: MessagePort): void;
  /** Helps the leader until it is replaced: the worker takes no further calls. */
  assist(module: WebAssembly.Module, memory: WebAssembly.Memory, options: EngineOptions): void;
  /** Makes an engine with its own memory; returns the bytes that it may grow to. */
  serve(module: WebAssembly.Module, maxMemory: number | undefined, reports: MessagePort): number;
  /** Runs a batch; what it reads comes back on `reports`. */
  execute(batch: Batch): Promise<void>;
  /** Goes on after a command that stopped in the middle, but for those that depend on it. */
  resume(blocked: Blocked): void;
}

/** A worker as the page sees it. */
export type RemoteWorker = Remote<WorkerApi>;

let runner: BatchRunner;

const api: WorkerApi = {
  lead(module, memory, options, reports) {
    const engine = new Engine(module, memory, options, (report) => reports.postMessage(report));
    const run = (): void => {
      const state = engine.run(SPINS);
      // Asked back to the event loop: let it turn, then go on.
      if (state === REQUESTED) setTimeout(run);
      // The page answers by a message.
      if (state === HALTED) reports.postMessage(engine.reportOf(0, 0, 0));
    };
    reports.onmessage = run;
  },

  assist(module, memory, options) {
    const engine = new Engine(module, memory, options, () => undefined);
    // After the reply to this call has left.
    setTimeout(() => engine.help());
  },

  serve(module, maxMemory, reports) {
    runner = new BatchRunner(module, maxMemory, (report) =>
      reports.postMessage(report, report.value === null ? [] : [report.value]),
    );
    return runner.limit;
  },

  execute(batch) {
    return runner.run(batch);
  },

  resume(blocked) {
    runner.resume(blocked);
  },
};

self.onmessage = ({ data }: MessageEvent<MessagePort>) => expose(api, data);
