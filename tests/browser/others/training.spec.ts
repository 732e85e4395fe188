// The browsers that people have besides Chromium: Firefox (shared memory, relaxed SIMD), WebKitGTK (neither).
import { expect, test } from '../fixtures';
import { openFirefox } from '../firefox';
import { hasLearnt, train } from '../training';
import { openWebKit } from '../webDriver';

const BROWSERS = [
  { name: 'Firefox', launch: openFirefox, simd: 'relaxed', shares: true },
  { name: 'WebKitGTK', launch: openWebKit, simd: 'baseline', shares: false },
];

for (const { name, launch, simd, shares } of BROWSERS) {
  for (const policy of ['isolated', 'plain', 'strict'] as const) {
    test(`${name} trains in a page that is ${policy}`, async ({ sites }) => {
      const page = await launch();
      try {
        await page.goto(`${sites[policy].origin}/?entry=kindling.global.js`);
        const result = await page.evaluate(train, { steps: 20 });
        expect(result.diagnosis).toContain(`simd: ${simd}`);
        const isIsolated = policy === 'isolated';
        expect(result.diagnosis.includes('not cross-origin isolated')).toBe(!isIsolated);
        expect(result.diagnosis.includes('this browser has no shared memory')).toBe(isIsolated && !shares);
        expect(hasLearnt(result)).toBe(true);
      } finally {
        await page.close();
      }
    });
  }
}
