// The engine's memory: made with a modest maximum, retried smaller (phones refuse to reserve 4 GB), grown on demand.
import { SCRATCH_BASE, SCRATCH_BYTES, CONTROL_BASE, CONTROL_SLEEPING } from '../../../../assembly/engine/commands';
import { OutOfMemoryError } from '../../../base/errors';

const PAGE = 65536;
const MEGABYTE = 2 ** 20;
/** Grown by at least this, so that a loop does not grow page by page. */
const GROWTH = 16 * MEGABYTE;
/** Kernels read whole vectors; the last block must not be the end of the memory. */
const SLACK = 64;
/** Limits tried in turn unless init gives one. */
const DEFAULT_LIMITS = [2048, 1024, 512, 256].map((megabytes) => megabytes * MEGABYTE);
const ADDRESSABLE = 2 ** 32 - PAGE;

/** Where tensors start: behind the scratch memory of `workers` workers. */
export const heapStart = (workers: number): number => SCRATCH_BASE + workers * SCRATCH_BYTES;

/** Size that a memory for `workers` workers starts with. */
export const initialBytes = (workers: number): number => Math.ceil((heapStart(workers) + GROWTH) / PAGE) * PAGE;

/** The most that is asked of the browser unless init gives a limit. */
export const DEFAULT_LIMIT = DEFAULT_LIMITS[0];

/** A memory that can grow up to `limit` bytes, or as far as the browser lets us reserve; throws if there is none to be had. */
export function createMemory(
  shared: boolean,
  workers: number,
  limit?: number,
): { memory: WebAssembly.Memory; limit: number } {
  const initial = initialBytes(workers) / PAGE;
  let failure: unknown;
  for (const bytes of limit === undefined ? DEFAULT_LIMITS : [limit]) {
    const maximum = Math.max(initial, Math.floor(Math.min(bytes, ADDRESSABLE) / PAGE));
    try {
      const memory = new WebAssembly.Memory({ initial, maximum, shared });
      // Whoever writes the first command has to wake the engine.
      new Uint32Array(memory.buffer)[(CONTROL_BASE + CONTROL_SLEEPING) / 4] = 1;
      return { memory, limit: maximum * PAGE };
    } catch (error) {
      failure = error;
    }
  }
  throw new OutOfMemoryError(
    'init',
    `the browser refused the engine's memory (${String(failure)}). Give a smaller maxMemory.`,
    {
      limit,
    },
  );
}

/** Bytes that a memory which must reach `end` is grown to, within `limit`. */
export function grownSize(current: number, end: number, limit: number): number {
  if (end + SLACK <= current) return current;
  const wanted = Math.max(end + SLACK, Math.min(limit, current + Math.max(GROWTH, current >>> 3)));
  return Math.ceil(wanted / PAGE) * PAGE;
}

/** Grows to `bytes`; throws what the browser throws. */
export function growMemory(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
}
