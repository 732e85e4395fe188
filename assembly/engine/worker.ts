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
/** Workers that may take tasks from this one; 0 in helpers and on a single thread. */
export let helpers: i32 = 0;

export function setWorker(address: usize, count: i32): void {
  scratch = address;
  helpers = count;
}

/** Records what a kernel found wrong in its data; the page turns it into a FaultError. One entry a command and thread is kept. */
export function recordFault(command: Command, kind: i32, value: i64): void {
  const acknowledged = atomic.load<u32>(CONTROL_BASE + CONTROL_FAULTS_ACKNOWLEDGED);
  const live = atomic.load<u32>(CONTROL_BASE + CONTROL_FAULTS) - acknowledged;
  // A thousand bad labels in one batch must not fill the table.
  for (let i: u32 = 0; i < min<u32>(live, <u32>FAULT_SLOTS); i++) {
    if (load<u32>(slot(acknowledged + i)) == command.seq) return;
  }
  const index: u32 = atomic.add<u32>(CONTROL_BASE + CONTROL_FAULTS, 1);
  if (index - acknowledged >= <u32>FAULT_SLOTS) return;
  const entry = slot(index);
  store<u32>(entry, command.seq);
  store<u32>(entry, kind, 4);
  store<i64>(entry, value, 8);
}

@inline
function slot(index: u32): usize {
  return CONTROL_BASE + CONTROL_FAULT_TABLE + (index % FAULT_SLOTS) * FAULT_WORDS * 4;
}
