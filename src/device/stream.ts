// What the command streams of all devices share: numbering and faults, reads and marks, making way for the garbage collector.
// How commands get to the device, and answers back, is each device's own.
import { FaultError, type KindlingError } from '../base/errors';
import type { AllocatedBuffer, DeviceBuffer, MemoryInfo, View } from './contract';
import type { MeasuredCommand } from '../base/observer';
import type { DType } from '../base/dtype';
import type { CommandLog } from './commandLog';
import { FaultLedger, type Fault, type StreamBuffer } from './faults';
import { FAULT_GUARD } from '../../assembly/engine/commands';
import { faultError, isTorn, type FaultEntry } from './faultTable';
import { Lag } from './lag';
import { outOfMemory } from './shortage';
import { PRESSURE, yieldTask, yieldToFinalizers } from './task';

/** A progress report is asked for after this many commands, so that fault ranges and records stay short. */
const REPORT_INTERVAL = 1024;
/** After this many commands it is looked how far the device is behind. */
const MARK_INTERVAL = 256;

/** Commands, memory and reads of one device. */
export abstract class DeviceStream {
  protected readonly ledger: FaultLedger;
  /** Faults in the device's table that the page knows of. */
  protected faultCount = 0;
  /** Number of the last command that was asked to report. */
  protected lastReport = 0;
  /** Why nothing more can be done, once that is so. */
  protected end: KindlingError | null = null;
  /** How far the device is behind. */
  readonly lag = new Lag(() => this.report(null));
  private marks = 0;
  private unmarked = 0;
  private readonly wokenByMark: (() => void)[] = [];
  /** Those who are told what commands take. */
  private readonly timed = new Set<(times: readonly MeasuredCommand[]) => void>();
  /** Called with a fault as soon as it is known; nobody may ever read what it spoiled. */
  onFault: (fault: Fault) => void = () => undefined;
  /** Called at an await with more than PRESSURE of the memory in use, and when an allocation fails. */
  onMemoryPressure: () => void = () => undefined;
  /** Asked before an allocation fails, as long as it says that it has freed something. */
  makeRoom: (bytes: number) => boolean = () => false;

  /** `log` is there if commands of the device may stop in the middle. */
  constructor(log: CommandLog | null = null) {
    this.ledger = new FaultLedger(log);
  }

  abstract allocate(bytes: number, dtype: DType): AllocatedBuffer;
  abstract free(buffer: DeviceBuffer): void;
  abstract upload(buffer: DeviceBuffer, data: ArrayBufferView, start?: number): void;
  abstract receive(buffer: DeviceBuffer, data: Promise<ArrayBuffer>): void;
  abstract seal(buffer: DeviceBuffer): void;
  abstract memory(): MemoryInfo;

  /** Most memory to use, in bytes. */
  protected abstract get memoryLimit(): number;
  /** The bytes of a dense view, or none, once everything so far is done. */
  protected abstract report(view: View | null): Promise<ArrayBuffer>;
  /** Asks the device to tell how far it is, for nobody in particular. */
  protected abstract askProgress(): void;
  /** Lets the device forget the faults up to `count`: from now on the page knows. */
  protected abstract acknowledge(count: number): void;

  /** Begins or ends to measure commands; each is told to `measured`. */
  protected abstract setMeasuring(isOn: boolean): void;
  /** Resolves when it was told of all commands that are done. */
  protected abstract timesKnown(): Promise<void>;

  /** Number of the last command. */
  get clock(): number {
    return this.ledger.seq;
  }

  /** The elements of a dense view as they are after every command so far. Resolves in a task of its own. */
  async read(view: View): Promise<ArrayBuffer> {
    this.check();
    const value = this.report(view);
    // Handled below, but the device may answer while we yield.
    value.catch(() => undefined);
    await this.yield();
    return value;
  }

  /** Resolves when everything so far is done; rejects with the oldest fault that no read has rejected with. */
  async synchronize(): Promise<void> {
    this.check();
    await this.report(null);
    await yieldTask();
    const fault = this.ledger.undelivered()[0];
    if (fault !== undefined) throw this.deliver(fault);
  }

  async throttle(steps: number): Promise<void> {
    this.check();
    this.lag.awaited(++this.marks);
    const passed = (): void => {
      this.marks--;
      this.wake();
    };
    this.report(null).then(passed, passed);
    await this.yield();
    while (this.marks > steps) await new Promise<void>((resolve) => this.wokenByMark.push(resolve));
  }

  /** Tells `listener` what each command takes from now on. What it returns ends that, and resolves once all before are told. */
  measure(listener: (times: readonly MeasuredCommand[]) => void): () => Promise<void> {
    this.check();
    this.timed.add(listener);
    if (this.timed.size === 1) this.setMeasuring(true);
    return async () => {
      // A device that is gone has nothing more to tell.
      await this.report(null).catch(() => undefined);
      await this.timesKnown();
      this.timed.delete(listener);
      if (this.timed.size === 0 && this.end === null) this.setMeasuring(false);
    };
  }

  protected measured(times: readonly MeasuredCommand[]): void {
    for (const listener of this.timed) listener(times);
  }

  protected get isMeasuring(): boolean {
    return this.timed.size > 0;
  }

  /** Faults that no read has rejected with. */
  undelivered(): Fault[] {
    return this.ledger.undelivered();
  }

  /** Lets those look again that wait for a mark. */
  protected wake(): void {
    for (const wake of this.wokenByMark.splice(0)) wake();
  }

  protected check(): void {
    if (this.end !== null) throw this.end;
  }

  /** A command was queued: now and then it is asked and looked how far the device is. */
  protected queued(): void {
    if (this.ledger.seq - this.lastReport >= REPORT_INTERVAL) this.askProgress();
    if (++this.unmarked >= MARK_INTERVAL) {
      this.unmarked = 0;
      this.lag.mark();
    }
  }

  /** Returns if something was freed. @throws OutOfMemoryError if not */
  protected makeRoomFor(bytes: number): void {
    if (this.makeRoom(bytes)) return;
    this.onMemoryPressure();
    throw outOfMemory(bytes, this.memory().live, this.memoryLimit);
  }

  /** The error that a read of `subject` rejects with, if any. */
  protected errorOf(subject: StreamBuffer | null): KindlingError | null {
    const fault = subject === null ? null : this.ledger.faultOf(subject);
    return fault === null ? null : this.deliver(fault);
  }

  /** Takes note of new entries of the fault table, which has counted `faultCount` by the end of `completed`. */
  protected learn(faultCount: number, completed: number, entriesOf: (recorded: number) => readonly FaultEntry[]): void {
    const recorded = (faultCount - this.faultCount) | 0;
    if (recorded <= 0) return;
    const entries = entriesOf(recorded);
    this.faultCount = faultCount;
    for (const entry of entries) {
      if (isTorn(entry)) {
        this.learnTear(entry);
        continue;
      }
      const seq = this.ledger.widen(entry.seq);
      const error = faultError(entry, this.ledger.describe(seq));
      this.onFault(entry.kind === FAULT_GUARD ? this.ledger.learnOverrun(seq, error) : this.ledger.learn(seq, seq, error)); // prettier-ignore
    }
    if (recorded > entries.length) {
      // The table was full: any of the commands since may have failed.
      const error = new FaultError(null, `${recorded} commands met bad data, more than can be told apart.`, {
        recorded,
      });
      this.onFault(this.ledger.learn(this.ledger.confirmed + 1, completed, error));
    }
    this.acknowledge(faultCount);
  }

  /** Takes note of a command that stopped in the middle, once. */
  protected learnTear(entry: FaultEntry): void {
    const seq = this.ledger.widen(entry.seq);
    if (!this.ledger.isTorn(seq))
      this.onFault(this.ledger.learnTear(seq, faultError(entry, this.ledger.describe(seq))));
  }

  private deliver(fault: Fault): KindlingError {
    this.ledger.deliver(fault);
    return fault.error;
  }

  /** Gives the event loop a turn; several if memory runs short, as finalizers need them. */
  private async yield(): Promise<void> {
    await yieldTask();
    if (this.memory().live < PRESSURE * this.memoryLimit) return;
    this.onMemoryPressure();
    await yieldToFinalizers();
  }
}
