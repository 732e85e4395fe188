// The profiler: torch.profiler.profile. What it sees comes from its recorder (recorder.ts), when it looks from the schedule.
import type { Arguments } from '../base/arguments';
import { ValueError } from '../base/errors';
import { COUNT, FLAG, FUNCTION } from '../base/kinds';
import { listen } from '../base/observer';
import { argument, methodsTake, signature } from '../base/signature';
import { averagesOf, KEY_AVERAGES, kernelAveragesOf, type EventList, type KeyAveragesOptions } from './averages';
import { chromeTrace } from './chromeTrace';
import { mark } from './marks';
import type { MemoryEvent, MemoryPeak } from './memory';
import { Recorder } from './recorder';
import { ProfilerAction, type Schedule } from './schedule';
import { formatPeaks } from './table';
import type { Span, Trace } from './trace';

/** What a profile records, and when. */
export interface ProfileOptions {
  /** Which steps are recorded, as `schedule` says it; all by default. Steps end with `prof.step()`. */
  schedule?: Schedule | null;
  /** Called when a cycle of the schedule, or the profile, has ended and all of its times are known. */
  onTraceReady?: ((prof: Profile) => unknown) | null;
  /** Shapes of operands; false by default. */
  recordShapes?: boolean;
  /** Memory of the devices: what makes it and gives it back, and who holds it where there is most; false by default. */
  profileMemory?: boolean;
  /** Who called each operation, which takes some time; false by default. */
  withStack?: boolean;
  /** Calls of modules, and which one each operation belongs to; true by default, which is false in PyTorch. */
  withModules?: boolean;
}

/** Called while it is recorded. */
type Body = (prof: Profile) => unknown;

const PROFILE = signature('profile', [
  argument('fn', FUNCTION, undefined), argument('schedule', FUNCTION, null), argument('onTraceReady', FUNCTION, null),
  argument('recordShapes', FLAG, false), argument('profileMemory', FLAG, false),
  argument('withStack', FLAG, false), argument('withModules', FLAG, true),
]); // prettier-ignore

const always: Schedule = () => ProfilerAction.RECORD;
const isOn = (action: ProfilerAction): boolean => action !== ProfilerAction.NONE;
const isRecording = (action: ProfilerAction): boolean =>
  action === ProfilerAction.RECORD || action === ProfilerAction.RECORD_AND_SAVE;

/** What `profile` gives: records from its making until `stop`. */
export class Profile {
  static readonly name: string = 'Profile';

  static {
    methodsTake(this, signature('step', []), signature('start', []));
  }

  /** Number of the step that runs, from 0. */
  stepNum = 0;
  private readonly options: Required<ProfileOptions>;
  private readonly schedule: Schedule;
  private action = ProfilerAction.NONE;
  private recorder: Recorder | null = null;
  private endListening: () => void = () => undefined;
  private isRunning = false;
  private last: Trace | null = null;
  /** What has been recorded and waits for its times. */
  private finishing: Promise<unknown> = Promise.resolve();

  /** @internal Use `profile`. */
  constructor(options: Required<ProfileOptions>) {
    this.options = options;
    this.schedule = options.schedule ?? always;
    this.start();
  }

  /** Begins to record, again after a `stop`; does nothing while it runs. */
  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.stepNum = 0;
    this.turn(this.schedule(0));
  }

  /** Ends a step of the program: the schedule says what becomes of the next one. */
  step(): void {
    if (!this.isRunning) throw new ValueError('step', 'the profile must be running, got one that was stopped.');
    this.recorder?.step(this.stepNum);
    this.stepNum++;
    this.turn(this.schedule(this.stepNum));
  }

  /** Ends the profile. The promise resolves when all times are known and `onTraceReady` has returned; it rejects with what that throws. */
  async stop(...none: readonly never[]): Promise<void> {
    STOP.take(none);
    if (this.isRunning) this.turn(null);
    this.isRunning = false;
    await this.finishing;
  }

  /** Ends the profile at the end of a block with `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Ends the profile at the end of a block with `using`; what it has recorded is ready a little later: `onTraceReady`. */
  [Symbol.dispose](): void {
    void this.stop();
  }

  /**
   * Sums by name: of operations, gradient rules, modules (`nn.Module: Linear`), steps of optimizers, `recordFunction`, and
   * `ProfilerStep*`, whose own time is what lies in none of them.
   * @throws RangeError before a profile, or a cycle of its schedule, has ended
   */
  keyAverages(
    ...args: Arguments<
      [],
      [groupByInputShape?: boolean, groupByStackN?: number, groupByModule?: boolean],
      KeyAveragesOptions
    >
  ): EventList {
    return averagesOf(this.trace('keyAverages'), KEY_AVERAGES.take(args));
  }

  /** The same by kernel of the device, as the device's contract calls it: `gemm`, `pointwise`, `upload`. @throws as `keyAverages` */
  kernelAverages(...none: readonly never[]): EventList {
    KERNELS.take(none);
    return kernelAveragesOf(this.trace('kernelAverages'));
  }

  /** All that began and ended on the calling thread, in order of the beginnings. @throws as `keyAverages` */
  events(...none: readonly never[]): readonly Span[] {
    EVENTS.take(none);
    return this.trace('events').spans;
  }

  /**
   * The most memory that each device had in use, step by step, with what held it; printed by `memorySummary`.
   * @throws as `keyAverages`, and without `profileMemory`
   */
  memoryPeaks(...none: readonly never[]): readonly MemoryPeak[] {
    PEAKS.take(none);
    return this.memoryOf('memoryPeaks').peaks;
  }

  /** Memory over time: each time that some was made or given back. @throws as `memoryPeaks` @see torch.profiler.profile.export_memory_timeline */
  memoryTimeline(...none: readonly never[]): readonly MemoryEvent[] {
    TIMELINE.take(none);
    return this.memoryOf('memoryTimeline').memory;
  }

  /** The peak of each device as text, with the holders of most of it. @throws as `memoryPeaks` */
  memorySummary(...args: Arguments<[], [rowLimit?: number], { rowLimit?: number }>): string {
    const { rowLimit } = SUMMARY.take(args);
    return formatPeaks(this.memoryOf('memorySummary').peaks, rowLimit);
  }

  private memoryOf(who: string): Trace {
    const trace = this.trace(who);
    if (!this.options.profileMemory) {
      throw new ValueError(who, 'memory must have been recorded, got a profile without it. Pass { profileMemory: true } to profile.'); // prettier-ignore
    }
    return trace;
  }

  /**
   * What was recorded as the text of a JSON file that Perfetto (ui.perfetto.dev) and the Performance panel of DevTools open.
   * @throws as `keyAverages`
   * @see torch.profiler.profile.export_chrome_trace
   */
  exportChromeTrace(...none: readonly never[]): string {
    EXPORT.take(none);
    return chromeTrace(this.trace('exportChromeTrace'));
  }

  private trace(who: string): Trace {
    if (this.last === null) {
      throw new ValueError(who, 'a profile must have ended, got one that has recorded nothing yet. Call await prof.stop() first.'); // prettier-ignore
    }
    return this.last;
  }

  /** Goes from what is done now to what is done next; null ends it. */
  private turn(next: ProfilerAction | null): void {
    const { action, recorder } = this;
    const isOver =
      action === ProfilerAction.RECORD_AND_SAVE || (isRecording(action) && (next === null || !isRecording(next)));
    this.action = next ?? ProfilerAction.NONE;
    const isFresh = isOver || isRecording(action) !== isRecording(this.action) || isOn(action) !== isOn(this.action);
    if (!isFresh) return;
    this.endListening();
    this.endListening = () => undefined;
    this.recorder = null;
    if (recorder !== null) this.finish(recorder.trace(), isOver);
    if (isOn(this.action)) {
      const { recordShapes: shapes, withStack: stack, withModules: modules, profileMemory: memory } = this.options;
      this.recorder = new Recorder({ shapes, stack, modules, memory });
      this.endListening = listen(this.recorder);
    }
  }

  /** Waits for the times; what was recorded to warm up is dropped. */
  private finish(recorded: Promise<Trace>, isWanted: boolean): void {
    this.finishing = this.finishing.then(async () => {
      const trace = await recorded;
      if (!isWanted) return;
      this.last = trace;
      mark(trace);
      await this.options.onTraceReady?.(this);
    });
    // Whoever calls `stop` is told.
    this.finishing.catch(() => undefined);
  }
}
const STOP = signature('stop', []);
const PEAKS = signature('memoryPeaks', []);
const TIMELINE = signature('memoryTimeline', []);
const SUMMARY = signature('memorySummary', [argument('rowLimit', COUNT, 10)]);
const KERNELS = signature('kernelAverages', []);
const EVENTS = signature('events', []);
const EXPORT = signature('exportChromeTrace', []);

/**
 * Records what the program does: operations, modules, gradient rules, optimizers and named parts of it, with the time that
 * each takes on the calling thread and on the devices. It begins at once. With `fn` it ends when that does, or its promise, and the promise is of
 * the profile; without, it ends with `await prof.stop()`, or with the block that has it by `await using`.
 * @example
 * const prof = await profile(() => net(x), { recordShapes: true });
 * console.log(prof.keyAverages().table({ sortBy: 'selfCpuTimeTotal' }));
 * @see torch.profiler.profile
 */
export function profile(options?: ProfileOptions): Profile;
export function profile(fn: Body, options?: ProfileOptions): Promise<Profile>;
export function profile(...args: readonly unknown[]): Profile | Promise<Profile> {
  const { fn, ...options } = PROFILE.take(args);
  const prof = new Profile(options as Required<ProfileOptions>);
  return fn === undefined ? prof : run(prof, fn as Body);
}

async function run(prof: Profile, fn: Body): Promise<Profile> {
  try {
    await fn(prof);
  } finally {
    await prof.stop();
  }
  return prof;
}
