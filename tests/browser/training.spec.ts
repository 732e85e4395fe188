// The library trains in every kind of page: same losses, bit for bit, however it runs.
import { expect, test } from './fixtures';
import { hasLearnt, train } from './training';

const STEPS = 30;

test('trains with shared memory, on all cores', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  const result = await page.evaluate(train, { steps: STEPS });
  expect(result.diagnosis).toMatch(/threads: \d+ of \d+ cores/);
  expect(hasLearnt(result)).toBe(true);
});

test('trains without shared memory', async ({ open }) => {
  const page = await open('plain', 'kindling.js');
  const result = await page.evaluate(train, { steps: STEPS });
  expect(result.diagnosis).toContain('not cross-origin isolated');
  expect(hasLearnt(result)).toBe(true);
});

test('the losses are the same with 1, 2, 3 and 5 workers, inline and without shared memory', async ({ open }) => {
  const isolated = await open('isolated', 'kindling.js');
  const { losses } = await isolated.evaluate(train, { steps: STEPS, init: { threads: 0 } });
  for (const threads of [1, 2, 3, 5]) {
    const result = await isolated.evaluate(train, { steps: STEPS, init: { threads } });
    expect(result.losses, `${threads} workers`).toEqual(losses);
  }
  const plain = await open('plain', 'kindling.js');
  expect((await plain.evaluate(train, { steps: STEPS })).losses, 'without shared memory').toEqual(losses);
});

test('training leaves the main thread free', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  // Compiling the library is a task too, and not one of training.
  await page.evaluate(train, { steps: 5 });
  await page.evaluate(() => {
    const longTasks: number[] = [];
    const observer = new PerformanceObserver((list) => {
      longTasks.push(...list.getEntries().map(({ duration }) => duration));
    });
    observer.observe({ type: 'longtask' });
    Object.assign(globalThis, { longTasks });
  });
  const start = Date.now();
  await page.evaluate(train, { steps: 100 });
  const elapsed = Date.now() - start;
  const longTasks = await page.evaluate(() => (globalThis as { longTasks?: number[] }).longTasks ?? []);
  const blocked = longTasks.reduce((sum, duration) => sum + duration, 0);
  // On a machine with nothing else to do there are none (npm run accept); on a busy one the page waits for a core.
  expect(blocked, `${longTasks.length} tasks over 50 ms in ${elapsed} ms`).toBeLessThan(0.25 * elapsed);
});
