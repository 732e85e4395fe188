// A worker that is killed in a page: what was interrupted is an error, and the page can go on.
import type * as Kindling from 'kindling';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

/** Keeps the workers that the page makes in the global `workers`. */
function keepWorkers(): void {
  const workers: Worker[] = [];
  const Original = Worker;
  Object.assign(globalThis, {
    workers,
    Worker: class extends Original {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        workers.push(this);
      }
    },
  });
}

interface Outcome {
  /** What reading a tensor from before the death gave. */
  readonly old: number | string;
  /** What a fresh tensor gave afterwards. */
  readonly fresh: number | string;
  readonly diagnosis: string;
}

/** Kills a worker silently between two operations. */
async function killWorker(victim: number): Promise<Outcome> {
  const { ones } = kindling;
  const outcome = (read: Promise<number>): Promise<number | string> => read.catch((error: unknown) => String(error));
  await kindling.init({ threads: 2, patience: 500 });
  const x = ones(1000, 1000);
  await x.sum().item();
  (globalThis as unknown as { workers: Worker[] }).workers[victim].terminate();
  // This one may be interrupted.
  await outcome(x.sum().item());
  return {
    old: await outcome(x.sum().item()),
    fresh: await outcome(ones(1000, 1000).sum().item()),
    diagnosis: kindling.diagnose(),
  };
}

test.beforeEach(({ page }) => page.addInitScript(keepWorkers));

for (const [name, victim] of [
  ['the leader', 0],
  ['a helper', 1],
] as const) {
  test(`with shared memory, tensors survive the death of ${name}`, async ({ open }) => {
    const page = await open('isolated', 'kindling.js');
    const { old, fresh } = await page.evaluate(killWorker, victim);
    expect(old).toBe(1e6);
    expect(fresh).toBe(1e6);
  });
}

test('without shared memory, old tensors reject by name and new ones work', async ({ open }) => {
  const page = await open('plain', 'kindling.js');
  const { old, fresh } = await page.evaluate(killWorker, 0);
  expect(old).toMatch(/DeviceError: .*died/);
  expect(fresh).toBe(1e6);
});
