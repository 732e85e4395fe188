// What every browser test gets: the sites, and a page that has the library.
import { test as base, type Page } from '@playwright/test';
import { POLICIES, startSite, type Entry, type Policy, type Site } from './server';

type Sites = Readonly<Record<Policy, Site>>;

interface Fixtures {
  /** Opens a page under a policy with the library loaded as the global `kindling`, and gives the page. */
  open: (policy: Policy, entry: Entry, options?: { from?: Policy }) => Promise<Page>;
  /** What the page wrote to the console as warnings so far. */
  warnings: readonly string[];
}

export const test = base.extend<Fixtures, { sites: Sites }>({
  sites: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixture's needs from the pattern.
    async ({}, use) => {
      const names = Object.keys(POLICIES) as Policy[];
      const started = await Promise.all(names.map(async (name) => [name, await startSite(name)] as const));
      await use(Object.fromEntries(started) as Sites);
      for (const [, site] of started) site.close();
    },
    { scope: 'worker' },
  ],
  warnings: async ({ page }, use) => {
    const warnings: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'warning') warnings.push(message.text());
    });
    await use(warnings);
  },
  open: async ({ page, sites }, use) => {
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') failures.push(message.text());
    });
    await use(async (policy, entry, { from } = {}) => {
      const query = new URLSearchParams({ entry, from: from === undefined ? '' : sites[from].origin });
      await page.goto(`${sites[policy].origin}/?${query.toString()}`);
      try {
        await page.waitForFunction(() => 'kindling' in globalThis, null, { timeout: 10_000 });
      } catch (error) {
        throw new Error(`the page did not get the library: ${failures.join('; ')}`, { cause: error });
      }
      return page;
    });
  },
});

export { expect } from '@playwright/test';
