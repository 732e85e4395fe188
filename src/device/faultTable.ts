// Entries of the fault table (assembly/engine/commands.ts), and what is said of them.
import {
  FAULT_DIVISION,
  FAULT_GUARD,
  FAULT_INDEX,
  FAULT_INTERRUPTED,
  FAULT_MATRIX,
  FAULT_OVERFLOW,
  FAULT_TRAP,
  FAULT_WORDS,
  Opcode,
} from '../../assembly/engine/commands';
import { DeviceError, FaultError, type KindlingError } from '../base/errors';
import type { Fallible } from './faults';

/** One entry: the low 32 bits of the command's number, what went wrong, and with which value. */
export interface FaultEntry {
  readonly seq: number;
  readonly kind: number;
  readonly value: bigint;
}

/** Reads entries of FAULT_WORDS words each. */
export function readFaults(words: readonly number[]): FaultEntry[] {
  const entries: FaultEntry[] = [];
  for (let i = 0; i < words.length; i += FAULT_WORDS) {
    const [seq, kind, low, high] = words.slice(i, i + FAULT_WORDS);
    entries.push({ seq, kind, value: (BigInt(high | 0) << 32n) | BigInt(low) });
  }
  return entries;
}

/** Whether the command stopped in the middle, so that what it wrote is in doubt. */
export const isTorn = ({ kind }: FaultEntry): boolean => kind === FAULT_TRAP || kind === FAULT_INTERRUPTED;

/** The error that reads reject with; `fallible` is what the command said of itself. */
export function faultError({ kind, value }: FaultEntry, fallible: Fallible | undefined): KindlingError {
  if (fallible?.reason) return fallible.reason;
  const { op, what } = fallible?.options ?? { op: 'internal', what: 'index' };
  const bound = fallible?.bound ?? 0;
  switch (kind) {
    case FAULT_INDEX: {
      // A description of what was found, not a number that is too large.
      if (what.startsWith('a ')) return new FaultError(op, `${what} is not allowed`, { op });
      const range = what === 'label' ? `for ${bound} classes` : `[0, ${bound})`;
      return new FaultError(op, `${what} ${value} is out of range ${range}`, { op, value: Number(value), bound });
    }
    case FAULT_MATRIX:
      return new FaultError(op, `matrix ${value} of the batch is ${what}`, { op, value: Number(value) });
    case FAULT_DIVISION:
      return new FaultError(op, 'integer division by zero', { op });
    case FAULT_OVERFLOW:
      return new FaultError(
        op,
        'int64 is stored in 32 bits on the webgpu device, got a value beyond ±2^31. ' +
          `Use the wasm device for it (x.to('wasm')), or float32.`,
        { op },
      );
    case FAULT_GUARD: {
      const kernel = Opcode[Number(value & 0xffn)] ?? 'unknown';
      return new DeviceError(
        null,
        `internal: the ${kernel} kernel, or one queued just before, wrote outside of its memory, at ${value >> 32n}.`,
        { kernel },
      );
    }
    default: {
      // Unknown where the table was full.
      const kernel = Opcode[Number(value)] ?? 'unknown';
      const reason = kind === FAULT_INTERRUPTED ? 'a worker died in it' : 'it trapped';
      return new DeviceError(null, `internal: the ${kernel} kernel did not finish, ${reason}. What it wrote is lost.`, {
        kernel,
      });
    }
  }
}
