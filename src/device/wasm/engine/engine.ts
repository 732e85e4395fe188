// One instance of the engine's binary over a memory, on whatever thread this runs.
import {
  CONTROL_BASE,
  CONTROL_COMPLETED,
  CONTROL_FAULTS,
  CONTROL_FAULTS_ACKNOWLEDGED,
  CONTROL_FAULT_TABLE,
  CONTROL_HALTED,
  CONTROL_TRACE,
  CONTROL_TRACE_COUNT,
  FAULT_SLOTS,
  FAULT_WORDS,
  SCRATCH_BASE,
  SCRATCH_BYTES,
  TRACE_ENTRY_BYTES,
} from '../../../../assembly/engine/commands';

/** What the engine tells the page: how far it is, new faults, and a value that was read. */
export interface EngineReport {
  /** Of the Report command; 0 for mere progress. */
  readonly token: number;
  /** Where the value lies, for a page that shares the memory. */
  readonly pointer: number;
  readonly bytes: number;
  /** The value, for a page that does not. */
  readonly value: ArrayBuffer | null;
  /** Low 32 bits of the sequence number of the last completed command. */
  readonly completed: number;
  /** Faults recorded so far, modulo 2^32; more than are listed if the table overflowed. */
  readonly faultCount: number;
  /** Entries of the fault table since the last report, FAULT_WORDS words each. */
  readonly faults: readonly number[];
  /** What commands since the last report have taken, while that is measured. */
  readonly times: EngineTimes | null;
  /** Low 32 bits of the number of a command that stopped in the middle: the engine waits for `resume`; 0 for none. */
  readonly halted: number;
}

/** What commands have taken, by the clock of the engine's thread. */
export interface EngineTimes {
  /** The thread's time origin. */
  readonly origin: number;
  /** TIME_FIELDS numbers a command: its sequence number, its opcode, begin and end in ms. */
  readonly values: Float64Array;
}
export const TIME_FIELDS = 4;

export interface EngineOptions {
  /** This worker's number; the leader is 0. */
  readonly index: number;
  readonly helpers: number;
  /** Whether reports carry values instead of addresses. */
  readonly copies: boolean;
  /** Faults that the page has been told of. */
  readonly faultCount: number;
  /** The CONTROL_EPOCH in which this engine may work. */
  readonly epoch: number;
}

interface Exports {
  initialize(scratch: number, helpers: number, epoch: number): void;
  run(spins: number): number;
  recover(): void;
  help(): void;
  recoverHelper(): void;
}

/** What `run` came back for. */
export const DRY = 0;
export const REQUESTED = 1;
export const DEPOSED = 2;
export const HALTED = 3;

/** An instance of the engine; `report` is called from inside its loop. */
export class Engine {
  private readonly exports: Exports;
  private faultCount: number;

  constructor(
    module: WebAssembly.Module,
    readonly memory: WebAssembly.Memory,
    private readonly options: EngineOptions,
    report: (report: EngineReport) => void,
    /** Called now and then from inside a long command, for an engine whose memory nobody else sees. */
    alive: () => void = () => undefined,
  ) {
    this.faultCount = options.faultCount;
    const instance = new WebAssembly.Instance(module, {
      env: { memory },
      host: {
        report: (token: number, pointer: number, bytes: number) =>
          report(this.reportOf(token >>> 0, pointer >>> 0, bytes >>> 0)),
        now: () => performance.now(),
        alive,
      },
    });
    this.exports = instance.exports as Record<keyof Exports, never>;
    this.exports.initialize(SCRATCH_BASE + options.index * SCRATCH_BYTES, options.helpers, options.epoch);
  }

  /**
   * Runs commands until the ring is dry, the page asks for the event loop or has replaced this engine, or one stopped in the
   * middle: then nothing more is run until `resume`.
   */
  run(spins: number): number {
    for (;;) {
      try {
        return this.exports.run(spins);
      } catch {
        this.exports.recover();
      }
    }
  }

  /** Takes tasks from the leader until the page has replaced this engine. */
  help(): void {
    for (;;) {
      try {
        this.exports.help();
        return;
      } catch {
        this.exports.recoverHelper();
      }
    }
  }

  /** A report as of now. */
  reportOf(token: number, pointer: number, bytes: number): EngineReport {
    const state = describeMemory(this.memory, this.faultCount);
    this.faultCount = state.faultCount;
    const value = this.options.copies && bytes > 0 ? copyOut(this.memory, pointer, bytes) : null;
    return { token, pointer, bytes, value, times: takeTimes(this.memory), ...state };
  }
}

/** The state of the engine in `memory`, with the faults after the first `known` ones. */
export function describeMemory(
  memory: WebAssembly.Memory,
  known: number,
): Pick<EngineReport, 'completed' | 'faultCount' | 'faults' | 'halted'> {
  // Taken afresh: the page may have grown the memory.
  const words = new Uint32Array(memory.buffer);
  const control = CONTROL_BASE / 4;
  const faultCount = Atomics.load(words, control + CONTROL_FAULTS / 4);
  // Entries beyond a full table were never written.
  const end = Atomics.load(words, control + CONTROL_FAULTS_ACKNOWLEDGED / 4) + FAULT_SLOTS;
  const faults: number[] = [];
  for (let i = known; i !== faultCount && ((end - i) | 0) > 0; i = (i + 1) >>> 0) {
    const entry = control + CONTROL_FAULT_TABLE / 4 + (i % FAULT_SLOTS) * FAULT_WORDS;
    faults.push(...words.subarray(entry, entry + FAULT_WORDS));
  }
  const halted = Atomics.load(words, control + CONTROL_HALTED / 4);
  return { completed: Atomics.load(words, control + CONTROL_COMPLETED / 4), faultCount, faults, halted };
}

/** Lets an engine go on that has halted at the command `seq`, low 32 bits; returns false if it has not. */
export function resume(memory: WebAssembly.Memory, seq: number): boolean {
  const words = new Uint32Array(memory.buffer);
  return Atomics.compareExchange(words, (CONTROL_BASE + CONTROL_HALTED) / 4, seq, 0) === seq;
}

/** Takes what the engine on this thread has measured out of the memory. */
function takeTimes(memory: WebAssembly.Memory): EngineTimes | null {
  const view = new DataView(memory.buffer, 0);
  const count = view.getUint32(CONTROL_BASE + CONTROL_TRACE_COUNT, true);
  const table = view.getUint32(CONTROL_BASE + CONTROL_TRACE, true);
  if (table === 0 || count === 0) return null;
  const values = new Float64Array(count * TIME_FIELDS);
  for (let i = 0; i < count; i++) {
    const entry = table + i * TRACE_ENTRY_BYTES;
    const [seq, opcode] = [view.getUint32(entry + 16, true), view.getUint32(entry + 20, true)];
    values.set([seq, opcode, view.getFloat64(entry, true), view.getFloat64(entry + 8, true)], i * TIME_FIELDS);
  }
  view.setUint32(CONTROL_BASE + CONTROL_TRACE_COUNT, 0, true);
  return { origin: performance.timeOrigin, values };
}

/** An unshared copy of [pointer, pointer + bytes). */
export function copyOut(memory: WebAssembly.Memory, pointer: number, bytes: number): ArrayBuffer {
  const copy = new Uint8Array(bytes);
  copy.set(new Uint8Array(memory.buffer, pointer, bytes));
  return copy.buffer;
}
