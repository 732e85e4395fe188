// The worker at the other end of a BatchTransport.
import { transfer } from 'comlink';
import type { Batch, BatchEngine } from '../transport/batchTransport';
import type { Blocked } from '../transport/transport';
import type { EngineReport } from '../engine/engine';
import { withLimit } from './pool';
import { spawnWorker, type SpawnedWorker } from './spawn';

/** A running worker that takes batches. */
export class BatchWorker implements BatchEngine {
  /** Batches that were sent and are not done. */
  outstanding = 0;
  /** Rejects when the worker dies, or fails in a way that leaves its memory in doubt. */
  readonly death: Promise<never>;
  private failWith: (error: unknown) => void = () => undefined;

  private constructor(
    private readonly worker: SpawnedWorker,
    private readonly reports: MessagePort,
    /** Bytes that its memory may grow to. */
    readonly limit: number,
  ) {
    const failure = new Promise<never>((_, reject) => (this.failWith = reject));
    this.death = Promise.race([worker.death, failure]);
    this.death.catch(() => undefined);
  }

  /** Starts the worker beside the compilation of `module`. @throws DeviceError if it does not start; what `module` rejects with. */
  static async start(
    module: Promise<WebAssembly.Module>,
    maxMemory: number | undefined,
    workerUrl: string | undefined,
    receive: (report: EngineReport) => void,
  ): Promise<BatchWorker> {
    const { port1, port2 } = new MessageChannel();
    const worker = spawnWorker(workerUrl);
    try {
      const serve = worker.remote.serve(await module, maxMemory, transfer(port2, [port2]));
      const limit = await withLimit(Promise.race([serve, worker.death]));
      port1.onmessage = ({ data }: MessageEvent<EngineReport>) => receive(data);
      return new BatchWorker(worker, port1, limit);
    } catch (error) {
      void worker.terminate();
      throw error;
    }
  }

  execute(batch: Batch): void {
    const buffers = batch.parts.map((part) => ('data' in part ? part.data.buffer : part.words.buffer));
    this.outstanding++;
    this.worker.remote.execute(transfer(batch, buffers)).then(() => {
      this.outstanding--;
    }, this.failWith);
  }

  resume(blocked: Blocked): void {
    this.worker.remote.resume(blocked).catch(this.failWith);
  }

  describe(): string[] {
    return ['engine: one worker with its own memory'];
  }

  stop(): void {
    this.reports.close();
    void this.worker.terminate();
  }
}
