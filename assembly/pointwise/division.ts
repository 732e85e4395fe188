// Integer division by zero: a fault of the command in hand.
import { Command, FAULT_DIVISION } from '../engine/commands';
import { recordFault } from '../engine/worker';

let command: usize = 0;

/** Names the command whose task begins. */
export function beginDivisions(address: usize): void {
  command = address;
}

/** Records that `dividend` was divided by zero; the quotient is 0. */
export function divisionByZero<T>(dividend: T): T {
  recordFault(changetype<Command>(command), FAULT_DIVISION, <i64>dividend);
  return 0;
}
