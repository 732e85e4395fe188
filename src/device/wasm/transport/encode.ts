// Turns the fields of a command struct into words, in the order that assembly/engine/commands.ts gives.
import { type Command, HEADER_WORDS, type Opcode } from '../../../../assembly/engine/commands';

/** The arguments of a command: every field of its struct but the header's. */
export type Arguments<C extends Command> = Omit<C, keyof Command>;

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The bits of a float32, which is how a float travels in a command. */
export function floatBits(value: number): f32 {
  scratch[0] = value;
  return scratchBits[0] as f32;
}

const fieldsOf = new WeakMap<new () => Command, readonly string[]>();

/** Names of the struct's own fields in memory order. */
export function argumentNames<C extends Command>(struct: new () => C): readonly (keyof Arguments<C>)[] {
  let names = fieldsOf.get(struct);
  if (names === undefined) {
    names = Object.keys(new struct()).slice(HEADER_WORDS);
    fieldsOf.set(struct, names);
  }
  return names as readonly (keyof Arguments<C>)[];
}

/** Writes a whole command with an empty guard at words[at]; returns its length in words. */
export function encode<C extends Command>(
  words: Uint32Array,
  at: number,
  opcode: Opcode,
  seq: number,
  struct: new () => C,
  args: Arguments<C>,
): number {
  const names = argumentNames(struct);
  const length = HEADER_WORDS + names.length;
  words[at] = opcode | (length << 8);
  words[at + 1] = seq;
  words[at + 2] = 0;
  words[at + 3] = 0;
  for (let i = 0; i < names.length; i++) words[at + HEADER_WORDS + i] = args[names[i]] as number;
  return length;
}
