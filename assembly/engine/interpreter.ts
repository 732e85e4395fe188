// The loop that takes commands from the ring, in order, and runs them. The leader of a pool runs it in a worker
// until the ring is dry; the inline and the batch engine run it the same way on one thread.
import { MAX_TASKS, closeJob, perform, share } from './barrier';
import {
  Acknowledge,
  CONTROL_BASE,
  CONTROL_BEGUN,
  CONTROL_FAULTS,
  CONTROL_FAULTS_ACKNOWLEDGED,
  CONTROL_FAULT_TABLE,
  CONTROL_HALTED,
  CONTROL_HEAD,
  CONTROL_REQUEST,
  CONTROL_SLEEPING,
  CONTROL_TAIL,
  CONTROL_TRACE,
  CONTROL_TRACE_COUNT,
  CONTROL_TRACE_ROOM,
  CONTROL_WANTS_ROOM,
  Command,
  FAULT_GUARD,
  FAULT_INTERRUPTED,
  FAULT_SLOTS,
  FAULT_TRAP,
  FAULT_WORDS,
  Guard,
  HEADER_WORDS,
  Opcode,
  RING_BASE,
  RING_WORDS,
  Report,
  TRACE_ENTRY_BYTES,
  Trace,
  Verify,
  Write,
} from './commands';
import { tasks } from './dispatch';
import { guard, verify } from './guards';
import { TASK_WORK } from './partition';
import { epoch, helpers, isDeposed, pulse, recordFault } from './worker';

/** Calls back into JavaScript: everything up to here is done, and [pointer, pointer + bytes) holds a value that was read. */
@external('host', 'report')
declare function report(token: u32, pointer: u32, bytes: u32): void;

/** Milliseconds on a clock of the host. */
@external('host', 'now')
declare function now(): f64;

/** Tokens below this are not answers to the page. */
const PROGRESS_TOKEN: u32 = 0;
/** What `run` returns. */
const DRY = 0;
const REQUESTED = 1;
const DEPOSED = 2;
const HALTED = 3;

@inline
function at(position: u32): usize {
  return <usize>RING_BASE + ((<usize>(position & (RING_WORDS - 1))) << 2);
}

/**
 * Runs commands until the ring is dry (0), the page asks for the event loop (1) or has replaced this leader (2), or a
 * command has stopped in the middle (3), and the page must say what depends on it. Looks at a dry ring `spins` times
 * before it sets the sleeping flag.
 */
export function run(spins: i32): i32 {
  let position = atomic.load<u64>(CONTROL_BASE + CONTROL_TAIL);
  let tail = <u32>position;
  while (true) {
    if (atomic.load<u32>(CONTROL_BASE + CONTROL_HALTED) != 0) return isDeposed() ? DEPOSED : HALTED;
    let head = atomic.load<u32>(CONTROL_BASE + CONTROL_HEAD);
    for (let i = 0; head == tail; i++) {
      if (isDeposed()) return DEPOSED;
      if (atomic.load<u32>(CONTROL_BASE + CONTROL_REQUEST) != 0) return REQUESTED;
      if (i == spins && !staysAwake(tail)) return DRY;
      head = atomic.load<u32>(CONTROL_BASE + CONTROL_HEAD);
    }
    while (tail != head) {
      const pointer = at(tail);
      const command = changetype<Command>(pointer);
      const header = command.head;
      // A Nop may be a single word: it has no sequence number.
      if ((header & 0xff) == Opcode.Nop) {
        tail += header >> 8;
        const behind = (position & ~(<u64>u32.MAX_VALUE)) | tail;
        if (!advance(position, behind)) return DEPOSED;
        position = behind;
        continue;
      }
      const seq = command.seq;
      if (!begin(seq)) return DEPOSED;
      if (command.guardFirst == 0 || !isBlocked(command.guardFirst, command.guardLast)) {
        if (load<u32>(CONTROL_BASE + CONTROL_TRACE) == 0) runCommand(header & 0xff, pointer);
        else measureCommand(header & 0xff, pointer, seq);
      }
      tail += header >> 8;
      const behind = (<u64>tail) | ((<u64>seq) << 32);
      if (!advance(position, behind)) return DEPOSED;
      position = behind;
      if (atomic.load<u32>(CONTROL_BASE + CONTROL_WANTS_ROOM) != 0) offerRoom(head - tail);
      // A helper has trapped in it.
      if (atomic.load<u32>(CONTROL_BASE + CONTROL_HALTED) != 0) return HALTED;
      if (atomic.load<u32>(CONTROL_BASE + CONTROL_REQUEST) != 0) return REQUESTED;
    }
  }
}

/** Notes that command `seq` begins. Fails if the page has replaced this leader: the epoch lies in the same word. */
@inline
function begin(seq: u32): bool {
  const before = atomic.load<u64>(CONTROL_BASE + CONTROL_BEGUN);
  if (<u32>(before >> 32) != epoch) return false;
  return atomic.cmpxchg<u64>(CONTROL_BASE + CONTROL_BEGUN, before, (before & ~(<u64>u32.MAX_VALUE)) | seq) == before;
}

/** Moves tail and completed sequence number, one 64-bit word. Fails if the page has stepped over the command meanwhile. */
@inline
function advance(from: u64, to: u64): bool {
  return atomic.cmpxchg<u64>(CONTROL_BASE + CONTROL_TAIL, from, to) == from;
}

/** The sleeping flag goes up before the last look at the head; the page publishes the head before it looks at the flag. */
function staysAwake(tail: u32): bool {
  atomic.store<u32>(CONTROL_BASE + CONTROL_SLEEPING, 1);
  if (atomic.load<u32>(CONTROL_BASE + CONTROL_HEAD) == tail) return false;
  atomic.store<u32>(CONTROL_BASE + CONTROL_SLEEPING, 0);
  return true;
}

/** Tells a page with a backlog when half of the ring is free. */
function offerRoom(used: u32): void {
  if (used > <u32>RING_WORDS / 2) return;
  atomic.store<u32>(CONTROL_BASE + CONTROL_WANTS_ROOM, 0);
  report(PROGRESS_TOKEN, 0, 0);
}

/** Whether a live fault lies in [first, last]. Guard words that do not stand, and an overflowing table, block every guarded command. */
function isBlocked(first: u32, last: u32): bool {
  const acknowledged = atomic.load<u32>(CONTROL_BASE + CONTROL_FAULTS_ACKNOWLEDGED);
  const live = atomic.load<u32>(CONTROL_BASE + CONTROL_FAULTS) - acknowledged;
  if (live == 0) return false;
  if (live > <u32>FAULT_SLOTS) return true;
  for (let i: u32 = 0; i < live; i++) {
    const entry: usize = CONTROL_BASE + CONTROL_FAULT_TABLE + ((acknowledged + i) % FAULT_SLOTS) * FAULT_WORDS * 4;
    const seq = load<u32>(entry);
    const kind = load<u32>(entry, 4);
    if (kind == FAULT_GUARD) return true;
    // In a wider range the number says nothing: what depends on a torn command was found by the page.
    if ((kind == FAULT_TRAP || kind == FAULT_INTERRUPTED) && (first != seq || last != seq)) continue;
    // Signed differences, since sequence numbers wrap.
    if (<i32>(seq - first) >= 0 && <i32>(last - seq) >= 0) return true;
  }
  return false;
}

function runCommand(opcode: i32, pointer: usize): void {
  switch (opcode) {
    case Opcode.Report: {
      const command = changetype<Report>(pointer);
      const address = command.pointer != 0 ? command.pointer : command.source;
      if (address != command.source) memory.copy(address, command.source, command.bytes);
      report(command.token, address, command.bytes);
      return;
    }
    case Opcode.Acknowledge:
      atomic.store<u32>(CONTROL_BASE + CONTROL_FAULTS_ACKNOWLEDGED, changetype<Acknowledge>(pointer).count);
      return;
    case Opcode.Write: {
      const command = changetype<Write>(pointer);
      memory.copy(command.pointer, pointer + (HEADER_WORDS + 2) * 4, command.bytes);
      return;
    }
    case Opcode.Guard:
      guard(changetype<Guard>(pointer));
      return;
    case Opcode.Verify:
      verify(changetype<Verify>(pointer));
      return;
    case Opcode.Trace: {
      const command = changetype<Trace>(pointer);
      store<u32>(CONTROL_BASE + CONTROL_TRACE_COUNT, 0);
      store<u32>(CONTROL_BASE + CONTROL_TRACE_ROOM, command.room);
      store<u32>(CONTROL_BASE + CONTROL_TRACE, command.pointer);
      return;
    }
    default:
      execute(opcode, pointer);
  }
}

/** Notes what the command takes. Whoever takes a report takes the entries with it; a full table asks for one. */
function measureCommand(opcode: i32, pointer: usize, seq: u32): void {
  const started = now();
  runCommand(opcode, pointer);
  const trace = load<u32>(CONTROL_BASE + CONTROL_TRACE);
  if (trace == 0) return;
  const count = load<u32>(CONTROL_BASE + CONTROL_TRACE_COUNT);
  const entry = <usize>trace + count * TRACE_ENTRY_BYTES;
  store<f64>(entry, started);
  store<f64>(entry, now(), 8);
  store<u32>(entry, seq, 16);
  store<u32>(entry, opcode, 20);
  store<u32>(CONTROL_BASE + CONTROL_TRACE_COUNT, count + 1);
  if (count + 1 == load<u32>(CONTROL_BASE + CONTROL_TRACE_ROOM)) report(PROGRESS_TOKEN, 0, 0);
}

/** All phases of a command. */
export function execute(opcode: i32, command: usize): void {
  for (let phase = 0; ; phase++) {
    const count = tasks(opcode, command, phase);
    if (count == 0) return;
    if (count == 1 || helpers == 0 || count >= MAX_TASKS) {
      for (let task = 0; task < count; task++) {
        // Many tasks of one command; a command of one task must not pay for it.
        if (task > 0) pulse(TASK_WORK);
        perform(opcode, command, phase, task);
      }
    } else {
      share(opcode, command, phase, count);
    }
  }
}

/** After a trap in `run`: completes the barrier, records the fault, steps over the command and halts. */
export function recover(): void {
  if (isDeposed()) return;
  closeJob();
  const position = atomic.load<u64>(CONTROL_BASE + CONTROL_TAIL);
  const tail = <u32>position;
  const command = changetype<Command>(at(tail));
  recordFault(command, FAULT_TRAP, command.head & 0xff);
  atomic.store<u32>(CONTROL_BASE + CONTROL_HALTED, command.seq);
  advance(position, (<u64>(tail + (command.head >> 8))) | ((<u64>command.seq) << 32));
}
