// Splits one phase of a command among the workers. The leader opens a job by one 64-bit ticket that holds
// generation, task count and next task; whoever raises the ticket by compare-exchange owns that task. The job's
// fields may be read only after such a claim: the leader rewrites them when every claimed task is done, never
// before, so a claim keeps them valid. A helper that claims nothing is never waited for.
// Workers that were replaced may live on for a while: they claim nothing in a new epoch, and what they finish late counts
// for the generation that they claimed it in.
import {
  CONTROL_BASE,
  CONTROL_DONE,
  CONTROL_HALTED,
  CONTROL_JOB_COMMAND,
  CONTROL_JOB_PHASE,
  CONTROL_JOB_SIGNAL,
  CONTROL_LEADER_WAITS,
  CONTROL_SLEEPERS,
  CONTROL_TICKET,
  Command,
  FAULT_TRAP,
} from './commands';
import { runTask } from './dispatch';
import { beat, isDeposed, recordFault } from './worker';

/** Tasks and next task take 20 bits each of the ticket; the generation has the 24 above. */
const FIELD_BITS: u64 = 20;
const FIELD: u64 = (1 << FIELD_BITS) - 1;
const GENERATION: u64 = (1 << 24) - 1;
/** A job has fewer tasks than this. */
export const MAX_TASKS: i32 = 1 << 20;
/** Loads before a worker goes to sleep; about 20 µs, more than a helper needs between two phases of one command. */
const SPINS = 4000;
/** Longest sleep in ns, so that a lost wake-up costs time and never the run. */
const NAP: i64 = 1_000_000_000;

/** 1 while this worker is inside a task: what a trap leaves behind. */
let inTask: bool = false;
/** 1 while the leader has a job open. */
let inJob: bool = false;
/** Generation of the job that the last task was claimed from. */
let claimed: u64 = 0;

/** The next task of the open job, or -1. */
function claim(): i32 {
  let ticket = atomic.load<u64>(CONTROL_BASE + CONTROL_TICKET);
  while (true) {
    const next = ticket & FIELD;
    if (next >= ((ticket >> FIELD_BITS) & FIELD) || isDeposed()) return -1;
    const seen = atomic.cmpxchg<u64>(CONTROL_BASE + CONTROL_TICKET, ticket, ticket + 1);
    if (seen == ticket) {
      claimed = ticket >> (2 * FIELD_BITS);
      return <i32>next;
    }
    ticket = seen;
  }
}

@inline
function hasTask(): bool {
  const ticket = atomic.load<u64>(CONTROL_BASE + CONTROL_TICKET);
  return (ticket & FIELD) < ((ticket >> FIELD_BITS) & FIELD);
}

/** Runs one task on this worker. */
export function perform(opcode: i32, command: usize, phase: i32, task: i32): void {
  inTask = true;
  runTask(opcode, command, phase, task);
  inTask = false;
  beat();
}

/** Leader: runs all tasks of a phase together with the helpers. */
export function share(opcode: i32, command: usize, phase: i32, count: i32): void {
  store<u32>(CONTROL_BASE + CONTROL_JOB_COMMAND, <u32>command);
  store<u32>(CONTROL_BASE + CONTROL_JOB_PHASE, phase);
  const generation = ((atomic.load<u64>(CONTROL_BASE + CONTROL_TICKET) >> (2 * FIELD_BITS)) + 1) & GENERATION;
  atomic.store<u64>(CONTROL_BASE + CONTROL_DONE, generation << 32);
  inJob = true;
  atomic.store<u64>(CONTROL_BASE + CONTROL_TICKET, (generation << (2 * FIELD_BITS)) | ((<u64>count) << FIELD_BITS));
  atomic.add<u32>(CONTROL_BASE + CONTROL_JOB_SIGNAL, 1);
  const sleepers: i32 = atomic.load<i32>(CONTROL_BASE + CONTROL_SLEEPERS);
  if (sleepers > 0) atomic.notify(CONTROL_BASE + CONTROL_JOB_SIGNAL, min(sleepers, count - 1));

  for (let task = claim(); task >= 0; task = claim()) {
    perform(opcode, command, phase, task);
    finishTask();
  }
  waitUntilDone(count);
  inJob = false;
}

function waitUntilDone(count: i32): void {
  for (let i = 0; i < SPINS; i++) {
    if (atomic.load<i32>(CONTROL_BASE + CONTROL_DONE) == count) return;
  }
  atomic.store<u32>(CONTROL_BASE + CONTROL_LEADER_WAITS, 1);
  while (true) {
    const done: i32 = atomic.load<i32>(CONTROL_BASE + CONTROL_DONE);
    if (done == count) break;
    // Nobody else will end it: the trap takes a replaced leader out of its command.
    if (isDeposed()) unreachable();
    atomic.wait<i32>(CONTROL_BASE + CONTROL_DONE, done, NAP);
  }
  atomic.store<u32>(CONTROL_BASE + CONTROL_LEADER_WAITS, 0);
}

/** Helper: works on the open job until it is exhausted, and sleeps between jobs. Returns when the page has replaced it. */
export function help(): void {
  while (!isDeposed()) {
    for (let i = 0; i < SPINS && !hasTask(); i++) {}
    if (!hasTask()) nap();
    for (let task = claim(); task >= 0; task = claim()) {
      const command: usize = load<u32>(CONTROL_BASE + CONTROL_JOB_COMMAND);
      perform(load<u8>(command), command, load<u32>(CONTROL_BASE + CONTROL_JOB_PHASE), task);
      finishTask();
    }
  }
}

/** Sleeps until a job is opened. The leader stores the ticket before it looks for sleepers; we do it the other way round. */
function nap(): void {
  const signal: i32 = atomic.load<i32>(CONTROL_BASE + CONTROL_JOB_SIGNAL);
  atomic.add<i32>(CONTROL_BASE + CONTROL_SLEEPERS, 1);
  if (!hasTask()) atomic.wait<i32>(CONTROL_BASE + CONTROL_JOB_SIGNAL, signal, NAP);
  if (!isDeposed()) atomic.sub<i32>(CONTROL_BASE + CONTROL_SLEEPERS, 1);
}

/** Counts the claimed task as done, unless its job was given up meanwhile. */
function finishTask(): void {
  // The count must be read first: once the last task is counted the leader may open the next job.
  const count = <u32>((atomic.load<u64>(CONTROL_BASE + CONTROL_TICKET) >> FIELD_BITS) & FIELD);
  let done = atomic.load<u64>(CONTROL_BASE + CONTROL_DONE);
  while (true) {
    if (done >> 32 != claimed) return;
    const seen = atomic.cmpxchg<u64>(CONTROL_BASE + CONTROL_DONE, done, done + 1);
    if (seen == done) break;
    done = seen;
  }
  if (<u32>done + 1 == count && atomic.load<u32>(CONTROL_BASE + CONTROL_LEADER_WAITS) != 0)
    atomic.notify(CONTROL_BASE + CONTROL_DONE, 1);
}

/** Helper, after a trap: records the fault, halts the leader behind the command, and counts the task as done, so that nobody waits for it. */
export function recoverHelper(): void {
  if (!inTask) return;
  inTask = false;
  if (isDeposed()) return;
  const command: usize = load<u32>(CONTROL_BASE + CONTROL_JOB_COMMAND);
  recordFault(changetype<Command>(command), FAULT_TRAP, load<u8>(command));
  atomic.store<u32>(CONTROL_BASE + CONTROL_HALTED, changetype<Command>(command).seq);
  finishTask();
}

/** Leader, after a trap: closes the job and waits for the tasks that helpers have claimed. */
export function closeJob(): void {
  const own: i32 = inTask ? 1 : 0;
  inTask = false;
  if (!inJob) return;
  inJob = false;
  let ticket = atomic.load<u64>(CONTROL_BASE + CONTROL_TICKET);
  while (true) {
    const count = (ticket >> FIELD_BITS) & FIELD;
    const seen = atomic.cmpxchg<u64>(CONTROL_BASE + CONTROL_TICKET, ticket, (ticket & ~FIELD) | count);
    if (seen == ticket) break;
    ticket = seen;
  }
  waitUntilDone(<i32>(ticket & FIELD) - own);
}
