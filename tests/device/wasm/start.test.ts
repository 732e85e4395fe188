// The start of workers: what is computed does not wait for helpers, and does without one that does not start.
import { afterEach, expect, test, vi } from 'vitest';
import { diagnose, init, ones, shutdown } from '../../../src';
import type * as Spawn from '../../../src/device/wasm/workers/spawn';

type SpawnedWorker = Spawn.SpawnedWorker;

/** What becomes of the workers, in the order in which they are spawned. */
const { fates } = vi.hoisted(() => ({ fates: [] as ((worker: SpawnedWorker) => SpawnedWorker)[] }));

vi.mock('../../../src/device/wasm/workers/spawn', async (importOriginal) => {
  const { spawnWorker } = await importOriginal<typeof Spawn>();
  return { spawnWorker: (url?: string) => (fates.shift() ?? ((worker) => worker))(spawnWorker(url)) };
});

afterEach(() => {
  shutdown();
  fates.length = 0;
});

const alive = (worker: SpawnedWorker): SpawnedWorker => worker;
const failing = (worker: SpawnedWorker): SpawnedWorker => {
  const death = Promise.reject<never>(new Error('no more threads'));
  death.catch(() => undefined);
  return { ...worker, death };
};
/** Never answers. */
const silent = (worker: SpawnedWorker): SpawnedWorker => ({
  ...worker,
  remote: new Proxy(worker.remote, {
    get: (remote, name) =>
      (name === 'assist' ? () => new Promise(() => undefined) : Reflect.get(remote, name)) as unknown,
  }),
});

/** A product that is split among all workers there are. */
const product = (): Promise<number> => ones(300, 300).matmul(ones(300, 300)).sum().item();

test('a helper that does not start is done without', async () => {
  fates.push(alive, failing, alive);
  void init({ threads: 3 });
  expect(await product()).toBe(300 ** 3);
  await vi.waitFor(() => expect(diagnose()).toMatch(/^engine: 2 workers over shared memory$/m), 10_000);
  expect(diagnose()).toContain('workers: one did not start (Error: no more threads)');
});

test('a helper that takes its time is not waited for', async () => {
  fates.push(alive, silent);
  void init({ threads: 2 });
  expect(await product()).toBe(300 ** 3);
  expect(diagnose()).toContain('engine: 2 workers over shared memory, 1 still starting');
});

test('where the leader does not start, the calling thread computes, and says so', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  fates.push(failing, alive);
  void init({ threads: 2 });
  expect(await product()).toBe(300 ** 3);
  expect(diagnose()).toContain('engine: on the calling thread');
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});
