// Leader and helpers in workers over one shared memory.
import { transfer } from 'comlink';
import { DeviceError } from '../../../base/errors';
import type { EngineReport } from '../engine/engine';
import type { Leader } from '../transport/ringTransport';
import { Watchdog } from './watchdog';
import { spawnWorker, type SpawnedWorker } from './spawn';

/** Milliseconds in which a worker must have answered that it runs. */
const START_LIMIT = 20_000;

/** Running workers; `died` rejects with the first death. */
export class WorkerPool implements Leader {
  readonly drain = null;

  private constructor(
    private readonly workers: readonly SpawnedWorker[],
    private readonly reports: MessagePort,
  ) {}

  /**
   * Starts `size` workers beside the compilation of `module`, and waits until each has an engine.
   * @throws DeviceError if one does not start; what `module` rejects with.
   */
  static async start(
    module: Promise<WebAssembly.Module>,
    memory: WebAssembly.Memory,
    size: number,
    workerUrl: string | undefined,
    faultCount: number,
    receive: (report: EngineReport) => void,
  ): Promise<WorkerPool> {
    const { port1, port2 } = new MessageChannel();
    const workers: SpawnedWorker[] = [];
    try {
      for (let index = 0; index < size; index++) workers.push(spawnWorker(workerUrl));
      const binary = await module;
      const started = workers.map(({ remote, death }, index) => {
        const options = { index, helpers: index === 0 ? size - 1 : 0, copies: false, faultCount };
        const start =
          index === 0
            ? remote.lead(binary, memory, options, transfer(port2, [port2]))
            : remote.assist(binary, memory, options);
        return Promise.race([start, death]);
      });
      await withLimit(Promise.all(started));
    } catch (error) {
      for (const worker of workers) worker.terminate();
      throw error;
    }
    port1.onmessage = ({ data }: MessageEvent<EngineReport>) => receive(data);
    return new WorkerPool(workers, port1);
  }

  /** Rejects when a worker dies; a worker that hangs or is killed may not tell. */
  get death(): Promise<never> {
    return Promise.race(this.workers.map(({ death }) => death));
  }

  wake(): void {
    this.reports.postMessage(null);
  }

  describe(): string[] {
    return [`engine: ${this.workers.length} ${this.workers.length === 1 ? 'worker' : 'workers'} over shared memory`];
  }

  stop(): void {
    this.reports.close();
    for (const worker of this.workers) worker.terminate();
  }
}

/** Rejects if `started` takes longer than START_LIMIT, stalls of this thread apart. */
export async function withLimit<T>(started: Promise<T>): Promise<T> {
  let watchdog: Watchdog | undefined;
  const limit = new Promise<never>((_, reject) => {
    const onHang = (): void => reject(new DeviceError('a worker of the wasm device did not answer.'));
    // A start shows no progress but its end.
    watchdog = new Watchdog(START_LIMIT, () => 0, onHang);
    watchdog.wake();
  });
  try {
    return await Promise.race([started, limit]);
  } finally {
    watchdog?.stop();
  }
}
