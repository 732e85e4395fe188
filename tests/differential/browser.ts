// A page of Chromium on webgpu's software adapter that runs programs.
import { chromium, type Browser, type Page } from '@playwright/test';
import { bundlePage } from '../browser/bundle';
import { findChromium, SOFTWARE_ADAPTER } from '../browser/chromium';
import type { Differential } from './page';
import type { Outcome, Program } from './program';

declare const differential: Differential;

const ORIGIN = 'http://localhost';
const PAGE =
  '<!doctype html><html lang="en"><head><title>programs</title><script src="/page.js"></script></head></html>';

/** Opens the page. */
export async function openPage(): Promise<{
  readonly device: string;
  readonly run: (programs: readonly Program[]) => Promise<Outcome[]>;
  readonly close: () => Promise<void>;
}> {
  const script = await bundlePage(`${import.meta.dirname}/page.ts`);
  const browser: Browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-background-networking', ...SOFTWARE_ADAPTER],
  });
  const page: Page = await browser.newPage();
  await page.route(`${ORIGIN}/**`, (route) =>
    route.request().url().endsWith('/page.js')
      ? route.fulfill({ contentType: 'text/javascript; charset=utf-8', body: script })
      : route.fulfill({ contentType: 'text/html', body: PAGE }),
  );
  await page.goto(`${ORIGIN}/`);
  const device = await page.evaluate(() => differential.start());
  return {
    device,
    run: (programs) => page.evaluate((programs) => differential.run(programs), programs as Program[]),
    close: () => browser.close(),
  };
}
