// The engine in Firefox (shared memory and relaxed SIMD) and in WebKitGTK (neither, in Debian's build).
import type * as Kindling from '../../../src';
import { openFirefox } from '../firefox';
import { expect, test } from '../fixtures';
import { openWebKit, type ForeignPage } from '../webDriver';

declare const kindling: typeof Kindling;

const BROWSERS: [name: string, open: () => Promise<ForeignPage>, isolatedEngine: RegExp][] = [
  ['Firefox', openFirefox, /workers? over shared memory/],
  ['WebKitGTK', openWebKit, /over shared memory|one worker with its own memory/],
];

for (const [name, openBrowser, isolatedEngine] of BROWSERS) {
  test.describe(name, () => {
    let page: ForeignPage;
    test.beforeAll(async () => {
      page = await openBrowser();
    });
    test.afterAll(() => page.close());

    for (const policy of ['isolated', 'plain'] as const) {
      test(`${policy} page`, async ({ sites }) => {
        await page.goto(`${sites[policy].origin}/?entry=kindling.js&from=`);
        const { values, fault, diagnosis } = await page.evaluate(async () => {
          while (!('kindling' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 20));
          const x = kindling.tensor([1, 2, 3]);
          let y = kindling.cat([x, x]);
          for (let i = 0; i < 20_000; i++) y = y.add(1);
          const bad = kindling.indexSelect(x, 0, kindling.tensor(new Int32Array([7])));
          const fault = await bad.data().then(
            () => 'none',
            (error: Error) => error.message,
          );
          return { values: await y.tolist(), fault, diagnosis: kindling.diagnose() };
        }, null);
        expect(values).toEqual([1, 2, 3, 1, 2, 3].map((value) => value + 20_000));
        expect(fault).toBe('indexSelect: index 7 is out of range [0, 3)');
        expect(diagnosis).toMatch(policy === 'isolated' ? isolatedEngine : /one worker with its own memory/);
        test.info().annotations.push({ type: 'diagnosis', description: diagnosis });
      });
    }
  });
}
