// Any number of workers, the same bits: the first 100 losses of the demo's network.
import { expect, test } from '../fixtures';
import { train } from '../training';

const STEPS = 100;

test('the first 100 losses are the same inline, with 1, 2, 3 and 5 workers, and without shared memory', async ({
  open,
}) => {
  const isolated = await open('isolated', 'kindling.js');
  const { losses } = await isolated.evaluate(train, { steps: STEPS, init: { threads: 0 } });
  expect(new Set(losses).size).toBeGreaterThan(STEPS / 2);
  for (const threads of [1, 2, 3, 5]) {
    const result = await isolated.evaluate(train, { steps: STEPS, init: { threads } });
    expect(result.losses, `${threads} workers`).toEqual(losses);
  }
  const plain = await open('plain', 'kindling.js');
  expect((await plain.evaluate(train, { steps: STEPS })).losses, 'without shared memory').toEqual(losses);
});
