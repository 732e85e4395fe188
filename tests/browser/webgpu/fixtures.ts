// A page with WebGPU on the browser's software adapter, and the library from its sources in it.
import { test as base, type Page } from '@playwright/test';
import { bundlePage } from '../bundle';

const ORIGIN = 'http://localhost';
const PAGE =
  '<!doctype html><html lang="en"><head><title>kindling</title><script src="/page.js"></script></head></html>';

export const test = base.extend<{ gpuPage: Page }, { script: string }>({
  script: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixture's needs from the pattern.
    async ({}, use) => use(await bundlePage(`${import.meta.dirname}/page.ts`)),
    { scope: 'worker' },
  ],
  /** `kindling` and `suites` (page.ts) are global in it. */
  gpuPage: async ({ page, script }, use) => {
    await page.route(`${ORIGIN}/**`, (route) =>
      route.request().url().endsWith('/page.js')
        ? route.fulfill({ contentType: 'text/javascript; charset=utf-8', body: script })
        : route.fulfill({ contentType: 'text/html', body: PAGE }),
    );
    await page.goto(`${ORIGIN}/`);
    await use(page);
  },
});

export { expect } from '@playwright/test';
