// The engine on the calling thread: in Node, in a worker of the user's own, or where no worker can be started.
import { Engine, HALTED, type EngineReport } from './engine';
import type { Leader } from '../transport/ringTransport';

/** Runs the ring in a microtask after the first command, or at once when it is full. */
export class InlineLeader implements Leader {
  private readonly engine: Engine;
  private readonly reports: EngineReport[] = [];
  private isRunning = false;
  private hasHalted = false;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    faultCount: number,
    epoch: number,
    private readonly receive: (report: EngineReport) => void,
  ) {
    const options = { index: 0, helpers: 0, copies: true, faultCount, epoch };
    this.engine = new Engine(module, memory, options, (report) => this.reports.push(report));
  }

  wake(): void {
    queueMicrotask(() => this.drain());
  }

  /** Reports are handed on after the run, since they may queue more commands; an engine that has halted goes on then. */
  readonly drain = (): void => {
    do {
      this.run();
      for (const report of this.reports.splice(0)) this.receive(report);
    } while (this.hasHalted && this.engine.reportOf(0, 0, 0).halted === 0);
  };

  readonly run = (): void => {
    if (this.isRunning) throw new Error('internal: the engine was entered twice');
    this.isRunning = true;
    this.hasHalted = this.engine.run(0) === HALTED;
    this.isRunning = false;
    if (this.hasHalted) this.reports.push(this.engine.reportOf(0, 0, 0));
  };

  describe(): string[] {
    return ['engine: on the calling thread'];
  }

  stop(): Promise<void> {
    this.reports.length = 0;
    return Promise.resolve();
  }
}
