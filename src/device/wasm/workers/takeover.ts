// What is left in shared memory when workers die, and how it is made ready for new ones. No worker runs meanwhile.
import {
  CONTROL_BASE,
  CONTROL_BEGUN,
  CONTROL_COMPLETED,
  CONTROL_DONE,
  CONTROL_FAULTS,
  CONTROL_FAULTS_ACKNOWLEDGED,
  CONTROL_FAULT_TABLE,
  CONTROL_HEAD,
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

/** Steps over the command that was interrupted, records it as a fault, and closes the barrier. */
export function clearAfterDeath(words: Uint32Array): void {
  for (const offset of [CONTROL_REQUEST, CONTROL_DONE, CONTROL_LEADER_WAITS, CONTROL_SLEEPERS]) words[word(offset)] = 0;
  // No task is left to take. The generation in the upper word goes on.
  words[word(CONTROL_TICKET)] = 0;
  words[word(CONTROL_TICKET) + 1] = (words[word(CONTROL_TICKET) + 1] & ~0xff) >>> 0;

  const begun = words[word(CONTROL_BEGUN)];
  if (begun === words[word(CONTROL_COMPLETED)] || words[word(CONTROL_HEAD)] === words[word(CONTROL_TAIL)]) return;
  const tail = words[word(CONTROL_TAIL)];
  const header = words[RING_BASE / 4 + (tail & (RING_WORDS - 1))];
  words[word(CONTROL_TAIL)] = (tail + (header >>> 8)) >>> 0;
  words[word(CONTROL_COMPLETED)] = begun;

  const index = words[word(CONTROL_FAULTS)];
  words[word(CONTROL_FAULTS)] = index + 1;
  if (index - words[word(CONTROL_FAULTS_ACKNOWLEDGED)] >= FAULT_SLOTS) return;
  const entry = word(CONTROL_FAULT_TABLE) + (index % FAULT_SLOTS) * FAULT_WORDS;
  words.set([begun, FAULT_INTERRUPTED, header & 0xff, 0], entry);
}
