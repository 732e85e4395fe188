// Real turns of the event loop. Microtasks let neither the page draw nor finalizers run, and hidden tabs throttle timers.

/** Resolves in a task of its own. */
export function yieldTask(): Promise<void> {
  return new Promise((resolve) => schedule(resolve));
}

type Scheduler = { readonly yield?: () => Promise<void> };
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
