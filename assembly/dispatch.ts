// From opcode to kernel. Every kernel is a pair of functions:
//   <kernel>Tasks(command, phase)   how many independent tasks the phase has; 0 ends the command.
//                                   Depends on shape, dtype and build only, never on workers or timing.
//   <kernel>(command, phase, task)  runs one of them, on any worker; phases are separated by a barrier.
// One task means that the leader runs the phase alone, without a barrier.
import { Opcode } from './commands';

/** Number of tasks of a phase. */
export function tasks(opcode: i32, command: usize, phase: i32): i32 {
  switch (opcode) {
    default:
      return 0;
  }
}

/** Runs one task. */
export function runTask(opcode: i32, command: usize, phase: i32, task: i32): void {
  switch (opcode) {
    default:
      return;
  }
}
