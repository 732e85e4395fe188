// Stores of a page: every kind of content, writing that fails, more than a value of IndexedDB holds, two tabs on one name.
import { expect, test } from './fixtures';
import { tryContents, tryFailures, tryTogether } from './stores';

for (const scheme of ['indexeddb', 'opfs']) {
  for (const policy of ['plain', 'isolated'] as const) {
    test(`${scheme} takes every kind of content, and refuses all others before anything is touched (${policy})`, async ({
      open,
    }) => {
      const page = await open(policy, 'kindling.global.js');
      expect(await page.evaluate(tryContents, `${scheme}:contents`)).toEqual([]);
    });
  }

  test(`${scheme} keeps what was there when writing fails`, async ({ open }) => {
    const page = await open('plain', 'kindling.global.js');
    expect(await page.evaluate(tryFailures, `${scheme}:failures`)).toEqual([]);
  });

  test(`${scheme} holds 160 MB`, async ({ open }) => {
    const page = await open('plain', 'kindling.global.js');
    const whole = { address: `${scheme}:great`, megabytes: 160, rounds: 0 };
    expect(await page.evaluate(tryTogether, whole)).toEqual([]);
  });

  test(`${scheme}: two tabs on one name see one file or the other, whole`, async ({ open, context }) => {
    const page = await open('plain', 'kindling.global.js');
    const other = await context.newPage();
    await other.goto(page.url());
    await other.waitForFunction(() => 'kindling' in globalThis);
    // More than one chunk each.
    const both = { address: `${scheme}:both`, megabytes: 20, rounds: 4 };
    const found = await Promise.all([page, other].map((tab) => tab.evaluate(tryTogether, both)));
    expect(found).toEqual([[], []]);
  });
}
