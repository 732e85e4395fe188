// The MNIST demo end to end, on short runs; whole epochs are in tests/accept.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { demoState, expect, KINDS, openDemo, taskDurations, test, waitForStatus } from './demoPage';

/** Draws a seven with the mouse. */
async function drawSeven(page: Page): Promise<void> {
  const pad = page.locator('#pad');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (box === null) throw new Error('the pad is not shown');
  const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.3, 0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.7, 0.25), { steps: 5 });
  await page.mouse.move(...at(0.45, 0.8), { steps: 5 });
  await page.mouse.up();
}

const SHORT = { limit: 6400, seed: 0, autostart: 1 };

for (const kind of KINDS) {
  test(`a short run learns on a page that is ${kind}`, async ({ page, sites }) => {
    await openDemo(page, sites[kind].origin, SHORT);
    const { testAccuracy, loss, step } = await waitForStatus(page, 'finished');
    expect(step).toBe(100);
    expect(loss).toBeLessThan(0.6);
    expect(testAccuracy).toBeGreaterThan(0.85);
    await expect(page.locator('#confusion tbody td.right').first()).toHaveText(/^\d+$/);
    await expect(page.locator('#mistakes li')).toHaveCount(32);
  });
}

test('no task of the main thread computes for over 50 ms while the network learns', async ({ page, sites }) => {
  await openDemo(page, sites.isolated.origin, { ...SHORT, autostart: 0 });
  await waitForStatus(page, 'ready');
  const durations = await taskDurations(page, async () => {
    await page.getByRole('button', { name: 'Start training' }).click();
    await waitForStatus(page, 'finished');
  });
  expect(durations.length).toBeGreaterThan(100);
  expect(durations.filter((duration) => duration > 50)).toEqual([]);
});

test('a drawing is read while the network learns', async ({ page, sites }) => {
  await openDemo(page, sites.isolated.origin, { ...SHORT, epochs: 20 });
  await waitForStatus(page, 'training');
  await drawSeven(page);
  await expect(page.locator('#probabilities .best')).toHaveCount(1);
  await page.waitForFunction(() => Number(document.getElementById('app')?.dataset.step) > 150);
  await expect(page.locator('#probabilities .best')).toHaveText(/^7/);
  await expect(page.locator('#app')).toHaveAttribute('data-status', /training|testing/);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.locator('#probabilities .best')).toHaveCount(0);
});

test('pausing halts training, resuming goes on, stopping ends it', async ({ page, sites }) => {
  await openDemo(page, sites.isolated.origin, { ...SHORT, epochs: 20 });
  await page.waitForFunction(() => Number(document.getElementById('app')?.dataset.step) > 10);
  await page.getByRole('button', { name: 'Pause' }).click();
  await waitForStatus(page, 'paused');
  // The step at hand when the button was pressed may end, and is shown in a later frame.
  await page.waitForTimeout(300);
  const paused = await demoState(page);
  await page.waitForTimeout(500);
  expect((await demoState(page)).step).toBe(paused.step);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.waitForFunction((step) => Number(document.getElementById('app')?.dataset.step) > step, paused.step);
  await page.getByRole('button', { name: 'Stop' }).click();
  await waitForStatus(page, 'ready');
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(page.locator('#position')).toHaveText('Not started');
});

test('saved weights read as many digits when loaded again', async ({ page, sites }, info) => {
  await openDemo(page, sites.isolated.origin, SHORT);
  const { testAccuracy } = await waitForStatus(page, 'finished');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save weights' }).click();
  const file = info.outputPath('mnist.safetensors');
  await (await download).saveAs(file);
  expect((await readFile(file)).includes('classifier.weight')).toBe(true);

  await openDemo(page, sites.isolated.origin, { seed: 1, limit: 100 });
  await waitForStatus(page, 'ready');
  await page.locator('#load').setInputFiles(file);
  await page.waitForFunction(() => document.getElementById('app')?.dataset.testAccuracy !== '');
  expect((await waitForStatus(page, 'ready')).testAccuracy).toBe(testAccuracy);
});

test('another number of threads keeps the weights', async ({ page, sites }) => {
  await openDemo(page, sites.isolated.origin, { ...SHORT, limit: 640, threads: 1 });
  await waitForStatus(page, 'finished');
  await page.getByLabel('Threads').selectOption('2');
  await waitForStatus(page, 'ready');
  await page.getByRole('button', { name: 'Start training' }).click();
  await waitForStatus(page, 'finished');
  await expect(page.locator('#diagnosis')).toContainText('2');
});

test('narrow pages do not scroll sideways', async ({ page, sites }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await openDemo(page, sites.isolated.origin, { limit: 100 });
  await waitForStatus(page, 'ready');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});
