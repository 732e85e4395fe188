// Real turns of the event loop. Microtasks let neither the page draw nor finalizers run, and hidden tabs throttle timers.

/** Resolves in a task of its own. */
export function yieldTask(): Promise<void> {
  return new Promise((resolve) => schedule(resolve));
}

/** A task of the event loop that asked for its number. */
export interface Turn {
  /** Grows from task to task. */
  readonly number: number;
  /** When it asked first: what had come in by then has been heard of. Milliseconds. */
  readonly at: number;
}

let turn: Turn = { number: 0, at: 0 };
let isTurnNoted = false;

/** The current task. */
export function currentTurn(): Turn {
  if (!isTurnNoted) {
    isTurnNoted = true;
    turn = { number: turn.number + 1, at: performance.now() };
    void yieldTask().then(() => {
      isTurnNoted = false;
    });
  }
  return turn;
}

/**
 * Resolves when the browser has had time for its own work, such as collecting garbage and running finalizers, but before
 * long if the page never idles.
 */
export function yieldBackground(): Promise<void> {
  if (!scheduler?.postTask) return yieldTask();
  const idle = scheduler.postTask(() => undefined, { priority: 'background' });
  return Promise.race([idle, new Promise<void>((resolve) => setTimeout(resolve, BACKGROUND_LIMIT))]);
}

/** From this part of a device's limit on, awaits make time for the garbage collector. */
export const PRESSURE = 0.75;
/** Turns of the event loop that they give it; finalizers run some turns after the collection. */
const FINALIZER_TURNS = 4;

/** Gives the garbage collector time to run finalizers. */
export async function yieldToFinalizers(): Promise<void> {
  for (let turn = 0; turn < FINALIZER_TURNS; turn++) await yieldBackground();
}

/** Milliseconds that `yieldBackground` waits for the page to idle. */
const BACKGROUND_LIMIT = 20;

interface Scheduler {
  readonly yield?: () => Promise<void>;
  readonly postTask?: (task: () => void, options: { priority: 'background' }) => Promise<void>;
}
const scheduler = (globalThis as { readonly scheduler?: Scheduler }).scheduler;

const schedule: (resolve: () => void) => void = (() => {
  if (typeof setImmediate === 'function') return (resolve: () => void) => void setImmediate(resolve);
  if (scheduler?.yield) return (resolve: () => void) => void scheduler.yield?.().then(resolve);
  const waiting: (() => void)[] = [];
  const channel = new MessageChannel();
  channel.port1.onmessage = () => waiting.shift()?.();
  return (resolve: () => void) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  };
})();
