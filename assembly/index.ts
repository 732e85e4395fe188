// Exports only.
import { execute as executeOpcode } from './engine/interpreter';
import { setWorker } from './engine/worker';

export { help, recoverHelper } from './engine/barrier';
export { recover, run } from './engine/interpreter';

/** Gives this instance its scratch memory (SCRATCH_BYTES), in the leader the number of its helpers, and its epoch. */
export function initialize(scratch: usize, helpers: i32, epoch: u32): void {
  setWorker(scratch, helpers, epoch);
}

/** Runs one command outside the ring, on the calling thread. */
export function execute(command: usize): void {
  executeOpcode(load<u8>(command), command);
}
