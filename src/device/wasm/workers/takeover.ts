// What is left in shared memory when workers die, and how it is made ready for new ones. A worker that was terminated may
// live on: browsers give one that is busy some seconds, and one that hung may only have been slow. So the old ones are
// deposed first: they begin no command and claim no task of a later epoch. One in the middle of something is waited for,
// as far as a browser tells; what it finishes even later is counted for nobody.
import {
  CONTROL_BASE,
  CONTROL_BEGUN,
  CONTROL_COMPLETED,
  CONTROL_DONE,
  CONTROL_EPOCH,
  CONTROL_FAULTS,
  CONTROL_FAULTS_ACKNOWLEDGED,
  CONTROL_FAULT_TABLE,
  CONTROL_HALTED,
  CONTROL_HEAD,
  CONTROL_JOB_SIGNAL,
  CONTROL_LEADER_WAITS,
  CONTROL_REQUEST,
  CONTROL_SLEEPERS,
  CONTROL_TAIL,
  CONTROL_TICKET,
  FAULT_INTERRUPTED,
  FAULT_SLOTS,
  FAULT_WORDS,
  RING_BASE,
  RING_WORDS,
} from '../../../../assembly/engine/commands';

const word = (offset: number): number => (CONTROL_BASE + offset) / 4;

/** Begins the next epoch: no worker of an earlier one begins anything more. */
export function depose(words: Uint32Array): void {
  Atomics.add(words, word(CONTROL_EPOCH), 1);
  // Helpers that sleep wake up and end.
  Atomics.notify(new Int32Array(words.buffer), word(CONTROL_JOB_SIGNAL));
}

/** Whether a command was begun and not finished; then its leader, or a helper that works on it, may still be alive. */
export function isTorn(words: Uint32Array): boolean {
  return Atomics.load(words, word(CONTROL_BEGUN)) !== Atomics.load(words, word(CONTROL_COMPLETED));
}

/**
 * Milliseconds without a sign of life after which workers that were deposed are over: whoever is in a task shows one every few
 * milliseconds, and begins no other. The margin is for threads that wait for a core.
 */
const STILL = 500;
const LOOKS = 10;

/** Resolves when `beats`, which counts signs of life, has stood still for long enough. */
export async function stillness(beats: () => number): Promise<void> {
  let seen = beats();
  for (let still = 0; still < LOOKS; still++) {
    await new Promise((resolve) => setTimeout(resolve, STILL / LOOKS));
    const now = beats();
    if (now !== seen) still = -1;
    seen = now;
  }
}

/** Steps over the command that was interrupted, records it as a fault, halts behind it, and closes the barrier. */
export function clearAfterDeath(words: Uint32Array): void {
  for (const offset of [CONTROL_REQUEST, CONTROL_LEADER_WAITS, CONTROL_SLEEPERS]) words[word(offset)] = 0;
  // No task is left to take, and what is still counted as done is of a generation that is over.
  const generation = (words[word(CONTROL_TICKET) + 1] >>> 8) + 1;
  words[word(CONTROL_TICKET)] = 0;
  words[word(CONTROL_TICKET) + 1] = (generation << 8) >>> 0;
  words[word(CONTROL_DONE)] = 0;
  words[word(CONTROL_DONE) + 1] = generation & 0xffffff;

  if (!isTorn(words) || words[word(CONTROL_HEAD)] === words[word(CONTROL_TAIL)]) return;
  const begun = words[word(CONTROL_BEGUN)];
  const tail = words[word(CONTROL_TAIL)];
  const header = words[RING_BASE / 4 + (tail & (RING_WORDS - 1))];
  words[word(CONTROL_TAIL)] = (tail + (header >>> 8)) >>> 0;
  words[word(CONTROL_COMPLETED)] = begun;
  words[word(CONTROL_HALTED)] = begun;

  const index = words[word(CONTROL_FAULTS)];
  words[word(CONTROL_FAULTS)] = index + 1;
  if (index - words[word(CONTROL_FAULTS_ACKNOWLEDGED)] >= FAULT_SLOTS) return;
  const entry = word(CONTROL_FAULT_TABLE) + (index % FAULT_SLOTS) * FAULT_WORDS;
  words.set([begun, FAULT_INTERRUPTED, header & 0xff, 0], entry);
}
