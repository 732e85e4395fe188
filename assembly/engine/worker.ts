// What one instance of the engine knows of itself. Globals are per instance, so they may differ between
// workers that share a memory; static data may not (every instance would write it again).
import {
  BEAT_BYTES,
  CONTROL_BASE,
  CONTROL_BEATS,
  CONTROL_EPOCH,
  CONTROL_FAULTS,
  CONTROL_FAULTS_ACKNOWLEDGED,
  CONTROL_FAULT_TABLE,
  Command,
  FAULT_SLOTS,
  FAULT_WORDS,
  SCRATCH_BASE,
  SCRATCH_BYTES,
} from './commands';

/** This worker's own SCRATCH_BYTES, 64-byte aligned; contents do not outlive a task. */
export let scratch: usize = 0;
/** Workers that may take tasks from this one; 0 in helpers and on a single thread. */
export let helpers: i32 = 0;
/** The CONTROL_EPOCH that this worker was started in. */
export let epoch: u32 = 0;

/** Where this worker counts its signs of life. */
let beats: usize = 0;
/** Nanoseconds of work since the last one, about. */
let worked: u32 = 0;
/** Nanoseconds of work, about, after which the host is told: rarely enough to cost nothing, often enough on any machine. */
const TOLD_AFTER: u32 = 1_000_000;

/** A power of two. */
const PULSE_TURNS: u32 = 16384;

/** Tells the host, which may have nobody else to see the signs, that this worker lives. */
@external('host', 'alive')
declare function alive(): void;

export function setWorker(address: usize, count: i32, inEpoch: u32): void {
  scratch = address;
  helpers = count;
  epoch = inEpoch;
  const index = (address - <usize>SCRATCH_BASE) / <usize>SCRATCH_BYTES;
  beats = <usize>(CONTROL_BASE + CONTROL_BEATS) + index * BEAT_BYTES;
}

/** Whether the page has replaced this worker. It may live for seconds more, and must leave the memory alone. */
@inline
export function isDeposed(): bool {
  return atomic.load<u32>(CONTROL_BASE + CONTROL_EPOCH) != epoch;
}

/** A sign of life, visible in the memory. Nobody else writes the word. */
@inline
export function beat(): void {
  store<u32>(beats, load<u32>(beats) + 1);
}

/**
 * To be called in every loop that may take longer than a second, with the nanoseconds that a turn takes, about: who works
 * shows it, and a worker that shows nothing is taken for dead.
 */
@inline
export function pulse(work: u32): void {
  worked += work;
  if (worked >= TOLD_AFTER) tell();
}

/** `pulse` for loops over j whose turns take only a few nanoseconds: once in PULSE_TURNS turns. */
@inline
export function pulseAt(j: u32, work: u32): void {
  if ((j & (PULSE_TURNS - 1)) == PULSE_TURNS - 1) pulse(work * PULSE_TURNS);
}

function tell(): void {
  worked = 0;
  beat();
  alive();
}

/** Records what a kernel found wrong in its data; the page turns it into a FaultError. One entry a command and thread is kept. */
export function recordFault(command: Command, kind: i32, value: i64): void {
  recordFaultOf(command.seq, kind, value);
}

/** The same for the command with that number. */
export function recordFaultOf(seq: u32, kind: i32, value: i64): void {
  const acknowledged = atomic.load<u32>(CONTROL_BASE + CONTROL_FAULTS_ACKNOWLEDGED);
  const live = atomic.load<u32>(CONTROL_BASE + CONTROL_FAULTS) - acknowledged;
  // A thousand bad labels in one batch must not fill the table.
  for (let i: u32 = 0; i < min<u32>(live, <u32>FAULT_SLOTS); i++) {
    if (load<u32>(slot(acknowledged + i)) == seq) return;
  }
  const index: u32 = atomic.add<u32>(CONTROL_BASE + CONTROL_FAULTS, 1);
  if (index - acknowledged >= <u32>FAULT_SLOTS) return;
  const entry = slot(index);
  store<u32>(entry, seq);
  store<u32>(entry, kind, 4);
  store<i64>(entry, value, 8);
}

@inline
function slot(index: u32): usize {
  return CONTROL_BASE + CONTROL_FAULT_TABLE + (index % FAULT_SLOTS) * FAULT_WORDS * 4;
}
