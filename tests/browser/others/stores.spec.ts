// The stores in Firefox and in WebKitGTK: what stores.spec.ts tries in Chromium.
import { openFirefox } from '../firefox';
import { expect, test } from '../fixtures';
import { tryContents, tryFailures, tryTogether } from '../stores';
import { openWebKit, type ForeignPage } from '../webDriver';

const BROWSERS: [name: string, open: () => Promise<ForeignPage>][] = [
  ['Firefox', openFirefox],
  ['WebKitGTK', openWebKit],
];

for (const [name, openBrowser] of BROWSERS) {
  test.describe(name, () => {
    let page: ForeignPage;
    test.beforeAll(async ({ sites }) => {
      page = await openBrowser();
      await page.goto(`${sites.plain.origin}/?entry=kindling.js&from=`);
      await page.evaluate(async () => {
        while (!('kindling' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 20));
      }, null);
    });
    test.afterAll(() => page.close());

    for (const scheme of ['indexeddb', 'opfs']) {
      test(`${scheme} takes every kind of content, and refuses all others`, async () => {
        expect(await page.evaluate(tryContents, `${scheme}:contents`)).toEqual([]);
      });
      test(`${scheme} keeps what was there when writing fails`, async () => {
        expect(await page.evaluate(tryFailures, `${scheme}:failures`)).toEqual([]);
      });
      test(`${scheme} is whole while it is written`, async () => {
        const both = { address: `${scheme}:both`, megabytes: 20, rounds: 3 };
        expect(await page.evaluate(tryTogether, both)).toEqual([]);
      });
    }
  });
}
