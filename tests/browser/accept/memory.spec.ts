// A plain loop runs in bounded memory: no scope, no dispose, and nobody calls for a collection.
import { expect, test } from '../fixtures';
import { openFirefox } from '../firefox';
import { train, type TrainingResult } from '../training';

const STEPS = 3000;
const ALLOWANCE = 256 * 2 ** 20;
const SCOPED_STEPS = 300;

function expectBounded(plain: TrainingResult, scoped: TrainingResult): void {
  const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
  const late = Math.max(...plain.live.slice(-1000));
  const early = Math.max(...plain.live.slice(500, 1500));
  console.log(
    `peak ${megabytes(plain.peak)}, in a scope ${megabytes(scoped.peak)}; steps 500 to 1500 ${megabytes(early)}, last 1000 ${megabytes(late)}`,
  );
  expect(plain.peak).toBeLessThanOrEqual(scoped.peak + ALLOWANCE);
  expect(late).toBeLessThanOrEqual(early);
}

test('Chromium', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  const scoped = await page.evaluate(train, { steps: SCOPED_STEPS, scoped: true });
  expectBounded(await page.evaluate(train, { steps: STEPS }), scoped);
});

test('Firefox', async ({ sites }) => {
  const page = await openFirefox();
  try {
    await page.goto(`${sites.isolated.origin}/?entry=kindling.global.js`);
    const scoped = await page.evaluate(train, { steps: SCOPED_STEPS, scoped: true });
    expectBounded(await page.evaluate(train, { steps: STEPS }), scoped);
  } finally {
    await page.close();
  }
});
