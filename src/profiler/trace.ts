// What a profile has recorded: spans of the calling thread, work of the devices, memory, steps. recorder.ts writes it.
import type { ModuleCall } from '../base/moduleCalls';
import type { SpanKind } from '../base/observer';
import type { MemoryEvent, MemoryPeak } from './memory';

/** Something that began and ended on the calling thread. Times are milliseconds since the page's time origin. */
export interface Span {
  readonly kind: SpanKind;
  readonly name: string;
  readonly parent: Span | null;
  readonly start: number;
  /** When it returned. */
  returned: number;
  /** When it ended: later, for an async function that the user has named. */
  end: number;
  /** The module whose call it lies in; its own for that call. Backward it is the module of the operation that was recorded. */
  readonly module: ModuleCall | null;
  /** What recorded the node whose rule it runs, or lies in. */
  readonly forward: Span | null;
  /** Shapes of the operands, where they are recorded. */
  readonly shapes: readonly (readonly number[])[] | null;
  /** Who called it, where that is recorded, the innermost first. */
  readonly stack: readonly string[] | null;
  /** Time in spans that lie directly inside it, in ms. */
  inner: number;
}

/** Work that a device was given. */
export interface Work {
  readonly device: string;
  /** The kernel, or `upload`, `receive`. */
  readonly kernel: string;
  readonly span: Span | null;
  /** When it was queued. */
  readonly queued: number;
  /** Numbers of its commands on the device: above `after`, up to `last`. */
  readonly after: number;
  readonly last: number;
  /** Floating-point operations, where they can be told. */
  readonly flops: number;
  /** How long the calling thread took to queue it, in ms. */
  readonly took: number;
  /** How long its commands took on the device, in ms; NaN where that could not be measured. */
  time: number;
}

/** A command of a device. */
export interface DeviceCommand {
  readonly device: string;
  /** The kernel; what the device calls it where it belongs to no kernel. */
  readonly name: string;
  /** What it is part of; null for what the library asks for by itself, such as reading values. */
  readonly work: Work | null;
  readonly start: number;
  readonly end: number;
}

/** A step that `prof.step()` has ended. */
export interface Step {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** All that was recorded between a start and an end. */
export interface Trace {
  readonly start: number;
  readonly end: number;
  /** In order of their beginnings. */
  readonly spans: readonly Span[];
  readonly work: readonly Work[];
  /** In the order in which each device ran them. */
  readonly commands: readonly DeviceCommand[];
  readonly steps: readonly Step[];
  /** Where it is recorded. */
  readonly memory: readonly MemoryEvent[];
  /** By step and device. */
  readonly peaks: readonly MemoryPeak[];
}

export const isBackward = (span: Span): boolean => {
  for (let at: Span | null = span; at !== null; at = at.parent) if (at.kind === 'walk') return true;
  return false;
};
