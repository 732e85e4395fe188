// What one operation costs the page (design 1: it only schedules).
import type * as Kindling from 'kindling';
import { expect, test } from '../fixtures';

declare const kindling: typeof Kindling;

/** Microseconds for each of `count` additions of 10 elements: to append them, and until they are done. */
async function timeAdds(count: number): Promise<{ append: number; whole: number }> {
  const { ones, noGrad, synchronize } = kindling;
  const a = ones(10);
  const b = ones(10);
  const addAll = (n: number): void =>
    noGrad(() => {
      for (let i = 0; i < n; i++) a.add_(b);
    });
  addAll(10_000);
  await synchronize();
  const start = performance.now();
  addAll(count);
  const appended = performance.now();
  await synchronize();
  const done = performance.now();
  return { append: ((appended - start) * 1000) / count, whole: ((done - start) * 1000) / count };
}

test('1000 additions cost under 2 µs each to append and under 5 µs each in all', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  const { append, whole } = await page.evaluate(timeAdds, 1000);
  console.log(`append ${append.toFixed(2)} µs, in all ${whole.toFixed(2)} µs`);
  expect(append).toBeLessThan(2);
  expect(whole).toBeLessThan(5);
});

test('100,000 commands without an await neither fail nor wait for the ring', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  const { append } = await page.evaluate(timeAdds, 100_000);
  console.log(`append ${append.toFixed(2)} µs`);
  expect(append).toBeLessThan(2);
});
