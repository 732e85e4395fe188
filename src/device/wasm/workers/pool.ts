// Leader and helpers in workers over one shared memory.
import { transfer } from 'comlink';
import { DeviceError } from '../../../base/errors';
import type { EngineReport } from '../engine/engine';
import type { Leader } from '../transport/ringTransport';
import { Watchdog } from './watchdog';
import { spawnWorker, type SpawnedWorker } from './spawn';

/** Milliseconds in which a worker must have answered that it runs. */
const START_LIMIT = 20_000;

/** Running workers. The leader does not wait for helpers, which join it when they are up. */
export class WorkerPool implements Leader {
  readonly drain = null;
  readonly run = null;
  /** Rejects when a worker dies; one that hangs or is killed may not tell. Never resolves. */
  readonly death: Promise<never>;
  private size: number;
  /** Helpers that are not up yet. */
  private starting: number;
  private readonly failures: string[] = [];

  private constructor(
    private readonly workers: readonly SpawnedWorker[],
    private readonly reports: MessagePort,
    helpers: readonly Promise<void>[],
  ) {
    this.size = workers.length;
    this.starting = helpers.length;
    const [leader, ...others] = workers;
    this.death = Promise.race([leader.death, ...others.map((worker, i) => this.join(worker, helpers[i]))]);
    this.death.catch(() => undefined);
  }

  /**
   * Starts `size` workers beside the compilation of `module`, and waits until the leader has an engine.
   * @throws DeviceError if it does not start; what `module` rejects with.
   */
  static async start(
    module: Promise<WebAssembly.Module>,
    memory: WebAssembly.Memory,
    size: number,
    workerUrl: string | undefined,
    faultCount: number,
    epoch: number,
    receive: (report: EngineReport) => void,
  ): Promise<WorkerPool> {
    const { port1, port2 } = new MessageChannel();
    const workers: SpawnedWorker[] = [];
    try {
      for (let index = 0; index < size; index++) workers.push(spawnWorker(workerUrl));
      const binary = await module;
      const [leader, ...helpers] = workers.map(({ remote, death }, index) => {
        const options = { index, helpers: index === 0 ? size - 1 : 0, copies: false, faultCount, epoch };
        const start =
          index === 0
            ? remote.lead(binary, memory, options, transfer(port2, [port2]))
            : remote.assist(binary, memory, options);
        const started = withLimit(Promise.race([start, death]));
        // Those of helpers may fail before somebody looks.
        started.catch(() => undefined);
        return started;
      });
      await leader;
      port1.onmessage = ({ data }: MessageEvent<EngineReport>) => receive(data);
      return new WorkerPool(workers, port1, helpers);
    } catch (error) {
      for (const worker of workers) void worker.terminate();
      throw error;
    }
  }

  /** The death of a helper that has started; one that does not start is done without. */
  private join(worker: SpawnedWorker, started: Promise<void>): Promise<never> {
    return started.then(
      () => {
        this.starting--;
        return worker.death;
      },
      (error: unknown) => {
        void worker.terminate();
        this.starting--;
        this.size--;
        this.failures.push(`workers: one did not start (${String(error)})`);
        return new Promise<never>(() => undefined);
      },
    );
  }

  wake(): void {
    this.reports.postMessage(null);
  }

  describe(): string[] {
    const starting = this.starting === 0 ? '' : `, ${this.starting} still starting`;
    return [
      `engine: ${this.size} ${this.size === 1 ? 'worker' : 'workers'} over shared memory${starting}`,
      ...this.failures,
    ];
  }

  stop(): Promise<unknown> {
    this.reports.close();
    return Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

/** Rejects if `started` takes longer than START_LIMIT, stalls of this thread apart. */
export async function withLimit<T>(started: Promise<T>): Promise<T> {
  let watchdog: Watchdog | undefined;
  const limit = new Promise<never>((_, reject) => {
    const onHang = (): void => reject(new DeviceError(null, 'a worker of the wasm device did not answer.'));
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
