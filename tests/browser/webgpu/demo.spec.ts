// The MNIST demo with the graphics processor chosen.
import { demoState, expect, openDemo, test, waitForStatus } from '../demoPage';

test('the demo learns on webgpu', async ({ page, sites }) => {
  await openDemo(page, sites.isolated.origin, { limit: 640, batchSize: 16, device: 'webgpu', autostart: 1 });
  await waitForStatus(page, 'training');
  await expect(page.locator('#diagnosis')).toContainText('webgpu');
  await expect.poll(async () => (await demoState(page)).step, { timeout: 60_000 }).toBeGreaterThan(15);
  expect((await demoState(page)).loss).toBeLessThan(2.3);
  await page.getByRole('button', { name: 'Stop' }).click();
  await waitForStatus(page, 'ready');
});
