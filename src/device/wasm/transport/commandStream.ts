// What lowerings of kernels see of the wasm stream: they turn views into addresses and append commands.
import type { Command, Opcode } from '../../../../assembly/engine/commands';
import type { IndexOptions, View } from '../../contract';
import type { Arguments } from './encode';

export interface CommandStream {
  /**
   * Appends a command. `reads` and `writes` name every view it touches, for fault ranges;
   * `fallible` describes what its kernel may record as a fault.
   */
  emit<C extends Command>(
    opcode: Opcode,
    struct: new () => C,
    args: Arguments<C>,
    reads: readonly View[],
    writes: readonly View[],
    fallible?: IndexOptions,
  ): void;
  /** The same for commands of variable length: words[HEADER_WORDS .. length) are the arguments, the header is filled in here. */
  emitWords(
    opcode: Opcode,
    words: Uint32Array,
    length: number,
    reads: readonly View[],
    writes: readonly View[],
    fallible?: IndexOptions,
  ): void;
  /** Byte address of the view's first element; 0 for null. */
  pointer(view: View | null): number;
  /** Address of temporary memory for the command emitted next (64-byte aligned); 0 for no bytes. */
  workspace(bytes: number): number;
}
