// Makes the garbage collector keep up with device memory, which it knows nothing of: ballast that it can feel, and awaits
// that wait for it once much may be garbage.
import { yieldBackground } from '../device/task';

/**
 * Bytes left to the collector after which the next await waits for it. A loop of CNN steps that leaves 12 MB a step waits
 * for 10 to 20 ms in every ninth.
 */
const PATIENCE = 96 * 2 ** 20;
/** Where waiting brought little, as more and more is in use, patience grows to this. Bytes. */
const GREATEST_PATIENCE = 2 * PATIENCE;
/** Milliseconds that a collection gets to bring anything, on a machine that is busy, and then to bring everything. */
const TIME_TO_BEGIN = 300;
const TIME_TO_END = 60;
/** Ballast of one turn of the event loop while it is waited for, and the most of it. Bytes; its pages are never touched. */
const TURN_BALLAST = 32 * 2 ** 20;
const MOST_BALLAST = 16 * TURN_BALLAST;
/** What a loop may keep between collections, such as its losses. Bytes. */
const SLACK = 2 ** 16;
/** Most pieces of ballast held at a time. */
const MOST_PIECES = 24;

/** Bytes handed out and not given back, neither by count nor by a finalizer. */
let outstanding = 0;
/** The least that was outstanding since the last collection that was waited for. */
let inUse = 0;
let patience = PATIENCE;
/** Bytes handed out and not given back by count since then. */
let uncollected = 0;
/** The collection that is being waited for. */
let collection: Promise<void> | null = null;
// Held until a finalizer runs: a young collection would take off the engine's account what is dropped at once.
const ballast: ArrayBuffer[] = [];

/** Makes the garbage collector feel `bytes` of device memory: it counts buffers towards its next collection. */
export function addBallast(bytes: number): void {
  if (ballast.length === MOST_PIECES) ballast.shift();
  try {
    ballast.push(new ArrayBuffer(bytes));
  } catch {
    // Where even address space is short the collector runs anyway.
    ballast.length = 0;
  }
}

/** Device memory was handed out. */
export function handOut(bytes: number): void {
  outstanding += bytes;
  uncollected += bytes;
  // Loops that await nothing of the library's get a collection beside them.
  if (uncollected > GREATEST_PATIENCE && collection === null) void awaitCollection();
}

/** Device memory was given back because it has no owner left. */
export function giveBack(bytes: number): void {
  outstanding -= bytes;
  uncollected = Math.max(0, uncollected - bytes);
}

/** Device memory was given back by a finalizer. */
export function collect(bytes: number): void {
  outstanding -= bytes;
  ballast.length = 0;
}

/** Waits for a collection if much may be garbage: part of every await of the library that a loop may stand on. */
export async function awaitCollection(): Promise<void> {
  inUse = Math.min(inUse, outstanding);
  // The engine may have collected by itself.
  if (uncollected < patience || outstanding - inUse < patience / 2) return;
  collection ??= provokeCollection().finally(() => (collection = null));
  await collection;
}

async function provokeCollection(): Promise<void> {
  const start = performance.now();
  const limit = (): number => start + (outstanding - inUse > patience / 2 ? TIME_TO_BEGIN : TIME_TO_END);
  // A collection spares what was in use when it began: go on until no more is left than the last time.
  for (let added = 0; outstanding - inUse > SLACK && performance.now() < limit(); added += TURN_BALLAST) {
    if (added < MOST_BALLAST) addBallast(TURN_BALLAST);
    await yieldBackground();
  }
  ballast.length = 0;
  patience = outstanding - inUse > SLACK ? GREATEST_PATIENCE : PATIENCE;
  inUse = outstanding;
  uncollected = 0;
}
