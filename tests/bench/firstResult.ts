// How long a fresh page waits for a library's first result (npm run bench -- --start): its module is loaded, a product of two
// 2 x 2 matrices is summed and read. The bundles are minified; the libraries take turns, each on a page without a cache.
import type { Browser } from '@playwright/test';
import { median } from './report';

/** Who is measured: the modules of first/. */
export const STARTERS = ['kindling', 'jax'] as const;
export type Starter = (typeof STARTERS)[number];

declare const firstResult: { readonly value: number; readonly ms: number } | undefined;

const EXPECTED = 54;
/** Pages of each library that are measured in a round, behind one that is not. */
const PAGES = 7;

/** The page of a library; site.ts serves it. */
export const startPage = (starter: string): string => `<!doctype html><html lang="en"><head><title>start</title>
<link rel="icon" href="data:,"><script type="module">
const start = performance.now();
const { first } = await import('/first/${starter}.js');
const value = await first();
globalThis.firstResult = { value, ms: performance.now() - start };
</script></head><body></body></html>`;

async function visit(browser: Browser, origin: string, starter: Starter): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${origin}/start/${starter}`);
    await page.waitForFunction(() => 'firstResult' in globalThis);
    const { value, ms } = await page.evaluate(() => firstResult ?? { value: NaN, ms: NaN });
    if (value !== EXPECTED) throw new Error(`${starter}: the first result is ${value} instead of ${EXPECTED}`);
    return ms;
  } finally {
    await context.close();
  }
}

/** Milliseconds from the start of the script to the first result: the median of so many rounds. */
export async function measureStarts(
  launch: () => Promise<Browser>,
  origin: string,
  rounds: number,
): Promise<ReadonlyMap<Starter, number>> {
  const times = new Map<Starter, number[]>(STARTERS.map((starter) => [starter, []]));
  for (let round = 0; round < rounds; round++) {
    const browser = await launch();
    try {
      for (let page = 0; page <= PAGES; page++) {
        for (const starter of STARTERS) {
          const ms = await visit(browser, origin, starter);
          // The browser's own first pages are slow.
          if (page > 0) times.get(starter)?.push(ms);
        }
      }
    } finally {
      await browser.close();
    }
  }
  return new Map([...times].map(([starter, list]) => [starter, median(list)]));
}

/** Prints what was measured, and kindling's part of each rival's time. */
export function printStarts(starts: ReadonlyMap<Starter, number>): void {
  const ours = starts.get('kindling') ?? NaN;
  console.log('ms from the start of the script to the first result');
  for (const [starter, ms] of starts) {
    const ratio = starter === 'kindling' ? '' : `  kindling / ${starter}: ${(ours / ms).toFixed(2)}`;
    console.log(`${starter.padEnd(10)} ${ms.toFixed(0).padStart(5)}${ratio}`);
  }
}
