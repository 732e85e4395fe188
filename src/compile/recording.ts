// What a call did: the kernels it ran in order, the memory they used and whose it was, what was made anew on the page, whose
// gradients it changed. A plan (plan.ts) is made of two recordings that agree.
import type { DType } from '../base/dtype';
import type { Device, KernelName } from '../device/contract';
import type { Guard } from './guards';
import type { Result } from './result';
import type { Layout, Source } from './source';

/** A view of the memory that is number `slot` of the recording. */
export interface SlotView {
  readonly slot: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}
export type SlotViews = readonly (SlotView | null)[];

/** A kernel that was run. */
export interface Run {
  readonly kind: 'run';
  readonly device: Device;
  readonly kernel: KernelName;
  readonly inputs: SlotViews;
  readonly outputs: SlotViews;
  readonly params: unknown;
  /** Where in the program. */
  readonly at: Error;
}

/** Elements that came from the page. */
export interface Upload {
  readonly kind: 'upload';
  readonly slot: number;
  readonly start: number;
  readonly data: Uint8Array;
  readonly again: (() => ArrayBufferView) | null;
  readonly at: Error;
}

/** The first value of a slot is complete. */
export interface Seal {
  readonly kind: 'seal';
  readonly slot: number;
}
export type Step = Run | Upload | Seal;

/** Memory that the call used. */
export interface Slot {
  readonly device: Device;
  readonly bytes: number;
  readonly dtype: DType;
  /** What was there before, and all who had it; null for what the call has made. */
  readonly external: External | null;
  /** Of an argument alone, which may begin elsewhere at each call: offsets of its views count from where it begins. */
  readonly isMovable: boolean;
}

export interface External {
  readonly sources: readonly Source[];
  readonly layouts: readonly Layout[];
}

/** Numbers drawn, in order with what else is made anew. */
export interface Draw {
  readonly numbers: readonly number[];
  readonly again: () => readonly number[];
}

/** What became of a leaf's gradient. */
export interface GradientChange {
  readonly leaf: Source;
  readonly wasNull: boolean;
  /** The gradient before was read or written. */
  readonly isUsed: boolean;
  readonly after: 'same' | 'null' | { readonly slot: number; readonly layout: Layout };
}

/** What is to be done on the page at each call, in order: numbers drawn, uploads by their step, and effects. */
export type Host =
  | { readonly kind: 'draw'; readonly draw: Draw }
  | { readonly kind: 'upload'; readonly step: number }
  | { readonly kind: 'effect'; readonly again: () => void };

export interface Recording {
  readonly steps: readonly Step[];
  readonly slots: readonly Slot[];
  readonly hosts: readonly Host[];
  /** Scalars that are computed anew, by their list. */
  readonly scalars: ReadonlyMap<readonly number[], () => readonly number[] | null>;
  readonly gradients: readonly GradientChange[];
  readonly guards: readonly Guard[];
  readonly result: Result;
  readonly marked: ReadonlySet<Device>;
}

/** Why something cannot be captured, and where. */
export interface Obstacle {
  readonly what: string;
  readonly at: Error | null;
}
