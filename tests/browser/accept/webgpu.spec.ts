// A dispatch of a hundred million elements on webgpu: far beyond what one dimension of workgroups takes.
import type * as Kindling from '../../../src';
import { findChromium, SOFTWARE_ADAPTER } from '../chromium';
import { expect, test } from '../webgpu/fixtures';

declare const kindling: typeof Kindling;

test.use({ launchOptions: { executablePath: findChromium(), args: ['--no-sandbox', ...SOFTWARE_ADAPTER] } });

test('100,000,000 elements', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    await kindling.init({ device: 'webgpu' });
    const n = 100_000_000;
    const ones = kindling.ones(n);
    ones.narrow(0, n - 5, 5).mul_(3);
    return {
      first: await ones.narrow(0, 0, 2).tolist(),
      last: await ones.narrow(0, n - 6, 6).tolist(),
      sum: await ones.sum().item(),
    };
  });
  // 100,000,010 to the precision of float32.
  expect(result).toEqual({ first: [1, 1], last: [1, 3, 3, 3, 3, 3], sum: 100_000_008 });
});
