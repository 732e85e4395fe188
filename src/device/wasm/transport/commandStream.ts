// What lowerings of kernels see of the wasm stream: they turn views into addresses and append commands.
import type { Command, Opcode } from '../../../../assembly/engine/commands';
import type { FaultReport, Operands, View } from '../../contract';
import type { Arguments } from './encode';

/** Where the views of a command are. */
export interface Placement {
  /** Byte address of the view's first element; 0 for one that is absent. */
  pointer(view: View | null | undefined): number;
  /** Address of temporary memory for the command emitted next (64-byte aligned); 0 for no bytes. */
  workspace(bytes: number): number;
}

export interface CommandStream extends Placement {
  /**
   * Appends a command. `reads` and `writes` are the views it touches, for fault ranges; `faults` says how what its
   * kernel records is reported.
   */
  emit<C extends Command>(
    opcode: Opcode,
    struct: new () => C,
    args: Arguments<C>,
    reads: Operands,
    writes: Operands,
    faults?: FaultReport,
  ): void;
  /** The same for commands of variable length: words[HEADER_WORDS .. length) are the arguments, the header is filled in here. */
  emitWords(
    opcode: Opcode,
    words: Uint32Array,
    length: number,
    reads: Operands,
    writes: Operands,
    faults?: FaultReport,
  ): void;
}
