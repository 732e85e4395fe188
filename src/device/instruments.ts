// Where a checking mode hangs on. The library itself never sets it, so that pages carry none of the checks.
import type { Kernels } from './contract';
import type { Allocator } from './wasm/engine/allocator';
import type { CommandAppender } from './wasm/stream';

export interface Instruments {
  /** The same kernels behind a look at what each is called with. */
  kernels(kernels: Kernels): Kernels;
  /** The heap of a wasm engine, with guard words around its blocks. */
  heap(start: number, reserve: (end: number) => void, commands: CommandAppender): GuardedHeap;
}

export interface GuardedHeap extends Allocator {
  /** Looks at guard words behind the command `seq`. */
  verify(seq: number, opcode: number): void;
}

/** What devices made from now on are checked with; null, the default, for nothing. */
export const instruments: { current: Instruments | null } = { current: null };
