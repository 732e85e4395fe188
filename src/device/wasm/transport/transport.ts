// How commands and data get from the scheduling thread to the engine, and reports back.
import type { KindlingError } from '../../../base/errors';
import type { EngineTimes } from '../engine/engine';

/** What a transport tells the stream. */
export interface TransportEvents {
  /** Also called when an engine that shares its memory was replaced: the command it died in is a fault in the table. */
  onReport(report: Report): void;
  /** The engine died and its memory with it. Addresses start anew; a new engine is on its way. */
  onLost(error: KindlingError): void;
  /** There is no engine to be had. */
  onFailed(error: KindlingError): void;
}

/** EngineReport with its value in hand. */
export interface Report {
  readonly token: number;
  readonly value: ArrayBuffer | null;
  readonly completed: number;
  readonly faultCount: number;
  readonly faults: readonly number[];
  readonly times: EngineTimes | null;
  readonly halted: number;
}

/** Commands that depend on a torn one. Low 32 bits of their numbers. */
export interface Blocked {
  /** The torn command. */
  readonly seq: number;
  readonly dependents: ReadonlySet<number>;
}

export interface Transport {
  /** Where the reserved command is to be written. */
  readonly words: Uint32Array;
  /** Whether reads need a block of their own that keeps the value until the page has copied it. */
  readonly keepsReads: boolean;
  /** Bytes of memory taken, and the most there may be. */
  readonly reservedBytes: number;
  readonly limit: number;
  /** Where tensors may start. */
  readonly heapStart: number;
  /** Index into `words` for a command of `length` words; the next call is `publish`. */
  reserve(length: number): number;
  /** Queues the command written at the reserved place. */
  publish(): void;
  /** Low 32 bits of the sequence number of the last command known to be done. */
  completed(): number;
  /** Runs all that is queued, if the engine is on this thread; returns whether it did. */
  catchUp(): boolean;
  /** Writes data into the memory, in order with the commands if `isOrdered`, else now. */
  upload(pointer: number, data: Uint8Array): void;
  /** Whether `upload` is ordered after the commands before it, so that any free block will do. */
  readonly uploadsInOrder: boolean;
  /** Bytes of the memory as they are now; null where it is out of reach. */
  peek(pointer: number, bytes: number): ArrayBuffer | null;
  /** Makes the memory reach `end`. @throws OutOfMemoryError */
  grow(end: number): void;
  /** Delays execution of what is queued from now on until `ready`. */
  hold(ready: Promise<unknown>): void;
  /** Writes data that is on its way; what is queued from now on is delayed until it has come. */
  uploadLater(pointer: number, data: Promise<Uint8Array<ArrayBuffer>>): void;
  /** Lets the engine go on that has halted at a torn command, but not begin those that are blocked. */
  resume(blocked: Blocked): void;
  /** How the engine runs, in words. */
  describe(): string[];
  shutdown(): void;
}
