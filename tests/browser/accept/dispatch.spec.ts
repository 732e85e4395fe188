// What one operation costs the page (design 1: it only schedules).
import type * as Kindling from 'kindling';
import { expect, test } from '../fixtures';

declare const kindling: typeof Kindling;

/** Microseconds for each of `count` additions of 10 elements, to append them and until they are done: medians of rounds. */
async function timeAdds({
  count,
  rounds,
}: {
  count: number;
  rounds: number;
}): Promise<{ append: number; whole: number }> {
  const { ones, noGrad, synchronize } = kindling;
  const a = ones(10);
  const b = ones(10);
  const appends: number[] = [];
  const wholes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    noGrad(() => {
      for (let i = 0; i < count; i++) a.add_(b);
    });
    const appended = performance.now();
    await synchronize();
    appends.push(((appended - start) * 1000) / count);
    wholes.push(((performance.now() - start) * 1000) / count);
  }
  const sum = await a.sum().item();
  if (sum !== 10 * (1 + rounds * count)) throw new Error(`additions were lost: the sum is ${sum}`);
  const median = (values: number[]): number => values.sort((x, y) => x - y)[Math.floor(values.length / 2)];
  return { append: median(appends), whole: median(wholes) };
}

test('1000 additions cost under 2 µs each to append and under 5 µs each in all', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  const { append, whole } = await page.evaluate(timeAdds, { count: 1000, rounds: 101 });
  console.log(`append ${append.toFixed(2)} µs, in all ${whole.toFixed(2)} µs`);
  expect(append).toBeLessThan(2);
  expect(whole).toBeLessThan(5);
});

test('100,000 commands without an await neither fail nor wait for the ring', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  const { append, whole } = await page.evaluate(timeAdds, { count: 100_000, rounds: 5 });
  console.log(`append ${append.toFixed(2)} µs, in all ${whole.toFixed(2)} µs`);
  expect(append).toBeLessThan(2);
});
