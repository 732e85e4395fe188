// Exports only.
import { runTask, tasks } from './dispatch';
import { setScratch } from './worker';

/** Gives this instance its scratch memory (SCRATCH_BYTES). */
export function initialize(scratch: usize): void {
  setScratch(scratch);
}

/** Runs one command, all phases and tasks, on the calling thread. */
export function execute(command: usize): void {
  const opcode = load<u8>(command);
  for (let phase = 0; ; phase++) {
    const count = tasks(opcode, command, phase);
    if (count == 0) return;
    for (let task = 0; task < count; task++) runTask(opcode, command, phase, task);
  }
}
