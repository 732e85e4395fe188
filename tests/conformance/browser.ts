// Runs a folder of cases in Chromium, on webgpu's software adapter.
import { chromium } from '@playwright/test';
import { bundlePage } from '../browser/bundle';
import { findChromium, SOFTWARE_ADAPTER } from '../browser/chromium';
import type { CaseFolder } from './cases';
import type { Conformance } from './page';
import type { UnitResult } from './report';

declare const conformance: Conformance;

const ORIGIN = 'http://localhost';
const PAGE = '<!doctype html><html lang="en"><head><title>cases</title><script src="/page.js"></script></head></html>';

/** Runs all cases of a folder whose id matches; also gives what device was found. */
export async function runInBrowser(
  folder: CaseFolder,
  filter: string,
): Promise<{ results: UnitResult[]; device: string }> {
  const script = await bundlePage(`${import.meta.dirname}/page.ts`);
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-background-networking', ...SOFTWARE_ADAPTER],
  });
  try {
    const page = await browser.newPage();
    await page.route(`${ORIGIN}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/page.js')
        return route.fulfill({ contentType: 'text/javascript; charset=utf-8', body: script });
      if (!pathname.startsWith('/cases/')) return route.fulfill({ contentType: 'text/html', body: PAGE });
      const path = decodeURIComponent(pathname.slice('/cases/'.length));
      return route.fulfill({ body: Buffer.from(await folder.bytes(path)) });
    });
    await page.goto(`${ORIGIN}/`);
    const device = await page.evaluate(() => conformance.start());
    const results: UnitResult[] = [];
    for (const path of await folder.list()) {
      // A file without a case of that name need not travel.
      const { cases } = await folder.read(path);
      if (!cases.some(({ id }) => new RegExp(filter).test(id))) continue;
      results.push(
        ...(await page.evaluate(([path, filter]) => conformance.run(path, filter), [path, filter] as const)),
      );
    }
    return { results, device };
  } finally {
    await browser.close();
  }
}
