// What the lowering of a kernel is: the fields of its command, from the views and parameters that its row names. What the
// command reads, writes and may report follows from the row.
import type { Command, Opcode } from '../../../../assembly/engine/commands';
import type { InputsOf, KernelName, Operands, OutputsOf, ParamsOf } from '../../contract';
import type { CommandStream, Placement } from '../transport/commandStream';
import type { Arguments } from '../transport/encode';

/** A kernel that is one command. */
export interface Fields<K extends KernelName, C extends Command = Command> {
  readonly opcode: Opcode;
  readonly struct: new () => C;
  readonly fields: (place: Placement, inputs: InputsOf<K>, outputs: OutputsOf<K>, params: ParamsOf<K>) => Arguments<C>;
}

/** A kernel that appends its commands itself. */
export type Appender<K extends KernelName> = (
  stream: CommandStream,
  inputs: InputsOf<K>,
  outputs: OutputsOf<K>,
  params: ParamsOf<K>,
) => void;

/** Those of a family. */
export type Lowerings<Names extends KernelName> = { readonly [K in Names]: Fields<K> | Appender<K> };

/** A kernel that is one command of that struct. */
export const command = <K extends KernelName, C extends Command>(
  opcode: Opcode,
  struct: new () => C,
  fields: Fields<K, C>['fields'],
): Fields<K, C> => ({ opcode, struct, fields });

/** A lowering taken out of the table by the name of its kernel. */
export type AnyLowering =
  | {
      readonly opcode: Opcode;
      readonly struct: new () => Command;
      readonly fields: (place: Placement, inputs: Operands, outputs: Operands, params: unknown) => Arguments<Command>;
    }
  | ((stream: CommandStream, inputs: Operands, outputs: Operands, params: unknown) => void);
