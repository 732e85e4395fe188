// What one instance of the engine knows of itself. Globals are per instance, so they may differ between
// workers that share a memory; static data may not (every instance would write it again).
import {
  CONTROL_BASE,
  CONTROL_FAULTS,
  CONTROL_FAULTS_ACKNOWLEDGED,
  CONTROL_FAULT_TABLE,
  Command,
  FAULT_SLOTS,
  FAULT_WORDS,
} from './commands';

/** This worker's own SCRATCH_BYTES, 64-byte aligned; contents do not outlive a task. */
export let scratch: usize = 0;

export function setScratch(address: usize): void {
  scratch = address;
}

/** Records what a kernel found wrong in its data; the page turns it into a FaultError. At most one entry a command and thread matters. */
export function recordFault(command: Command, kind: i32, value: i64): void {
  const index: u32 = atomic.add<u32>(CONTROL_BASE + CONTROL_FAULTS, 1);
  if (index - atomic.load<u32>(CONTROL_BASE + CONTROL_FAULTS_ACKNOWLEDGED) >= FAULT_SLOTS) return;
  const entry: usize = CONTROL_BASE + CONTROL_FAULT_TABLE + (index % FAULT_SLOTS) * FAULT_WORDS * 4;
  store<u32>(entry, command.seq);
  store<u32>(entry, kind, 4);
  store<i64>(entry, value, 8);
}
