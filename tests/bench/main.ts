// Compares kindling with other libraries in Chromium (npm run bench), or profiles it. Every library meets every line on a page
// of its own, one right after the other, so that what else the machine does weighs on all alike.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { findChromium } from '../browser/chromium';
import { disagreement } from './agreement';
import { measureStarts, printStarts, STARTERS } from './firstResult';
import { LINES, type Line } from './lines';
import type { Bench, Digest, Effort } from './page';
import { printNotes, printProfile, printTable, type Cell, type Figures } from './report';
import { isBefore, parseSettings, REFERENCE, type Contender, type Settings } from './settings';
import { buildPages, buildStarts, serve } from './site';

declare const bench: Bench;

const THOROUGH: Effort = { warmUp: 400, timing: 150, timings: 5 };
const QUICK: Effort = { warmUp: 50, timing: 30, timings: 1 };
/** Milliseconds for everything that a page does on a line. */
const PATIENCE = 180_000;
const PROFILED_MS = 3000;

const FLAGS = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const SOFTWARE_ADAPTER = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const REAL_ADAPTER = ['--enable-unsafe-webgpu', '--enable-features=Vulkan'];

const launch = (hasRealAdapter: boolean): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(),
    args: [...FLAGS, ...(hasRealAdapter ? REAL_ADAPTER : SOFTWARE_ADAPTER)],
  });

/** Status for the shell. */
export async function main(args: readonly string[]): Promise<number> {
  const settings = parseSettings(args);
  if (settings === null) return 0;
  if (settings.isStart) return compareStarts(settings);
  const modules = new Set(
    [REFERENCE, ...(settings.profile === null ? settings.contenders : [])]
      .filter((contender) => !isBefore(contender))
      .map(({ module }) => module),
  );
  await buildPages([...modules]);
  const site = await serve(settings.before);
  try {
    return settings.profile === null ? await compare(settings, site.origin) : await profile(settings, site.origin);
  } finally {
    site.close();
  }
}

async function compareStarts({ rounds, hasRealAdapter }: Settings): Promise<number> {
  await buildStarts(STARTERS);
  const site = await serve();
  try {
    printStarts(await measureStarts(() => launch(hasRealAdapter), site.origin, rounds));
  } finally {
    site.close();
  }
  return 0;
}

/** A browser that is started again if it has crashed. */
class Visitor {
  private browser: Browser | null = null;
  private readonly hasRealAdapter: boolean;

  constructor(hasRealAdapter: boolean) {
    this.hasRealAdapter = hasRealAdapter;
  }

  async newContext(): Promise<BrowserContext> {
    if (this.browser?.isConnected() !== true) this.browser = await launch(this.hasRealAdapter);
    return this.browser.newContext();
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }
}

/** Does something on a page where a library is ready for a line. */
async function visit<T>(
  browser: Visitor,
  origin: string,
  { module, backend }: Contender,
  { job }: Line,
  work: (page: Page, description: string) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  const measured = (async () => {
    await page.goto(`${origin}/?${new URLSearchParams({ peer: module, backend }).toString()}`);
    await page.waitForFunction(() => 'bench' in globalThis);
    return work(page, await page.evaluate((job) => bench.start(job), job));
  })();
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result in ${PATIENCE / 1000} s ${failures.join('; ')}`)), PATIENCE);
  });
  try {
    return await Promise.race([measured, impatience]);
  } finally {
    clearTimeout(timer);
    measured.catch(() => undefined);
    // A browser that has crashed has no contexts to close.
    await context.close().catch(() => undefined);
  }
}

/** The contenders, beginning with another one each time. */
const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length]);

async function compare(settings: Settings, origin: string): Promise<number> {
  const { lines, contenders, rounds, isQuick, hasRealAdapter, json } = settings;
  const descriptions = new Map<string, string>();
  const figures: Figures = new Map(lines.map((line) => [line, new Map<Contender, Cell>()]));
  for (let round = 0; round < rounds; round++) {
    const browser = new Visitor(hasRealAdapter);
    try {
      for (const [i, line] of lines.entries()) {
        const expected = await visit(browser, origin, REFERENCE, line, (page) => page.evaluate(() => bench.check()));
        for (const contender of rotated(contenders, round + i)) {
          const cells = figures.get(line);
          const cell = cells?.get(contender) ?? { times: [], reason: null };
          cells?.set(contender, cell);
          if (cell.reason !== null) continue;
          try {
            const ms = await visit(browser, origin, contender, line, (page, description) => {
              descriptions.set(contender.name, description);
              return measure(page, line, expected, isQuick ? QUICK : THOROUGH);
            });
            cell.times.push(ms);
          } catch (error) {
            cell.reason = reasonOf(error);
          }
        }
        console.error(`round ${round + 1} of ${rounds}: ${line.name}`);
        // Hours of measuring are not lost with their end.
        if (json !== null) writeFileSync(json, JSON.stringify(record(figures, descriptions), null, 2));
      }
    } finally {
      await browser.close();
    }
  }
  for (const [name, description] of descriptions) console.log(`${name}: ${description}`);
  printTable(figures, contenders);
  printNotes(figures);
  return 0;
}

/** Milliseconds of a call; throws if the results are not those expected. */
async function measure(page: Page, { tolerance }: Line, expected: Digest, effort: Effort): Promise<number> {
  const found = await page.evaluate(() => bench.check());
  const difference = disagreement(found, expected, tolerance);
  if (difference !== null) throw new Error(`result is wrong: ${difference}`);
  return page.evaluate((effort) => bench.time(effort), effort);
}

/** The library's own words, without the driver's wrapping. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^page\.evaluate: /, '')
    .split('\n')[0]
    .slice(0, 200);

function record(figures: Figures, descriptions: ReadonlyMap<string, string>): object {
  return {
    date: new Date().toISOString(),
    processor: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    peers: Object.fromEntries(descriptions),
    lines: [...figures].map(([line, cells]) => ({
      name: line.name,
      work: line.work,
      peers: Object.fromEntries([...cells].map(([{ name }, cell]) => [name, cell])),
    })),
  };
}

async function profile({ profile: wanted, hasRealAdapter }: Settings, origin: string): Promise<number> {
  const line = LINES.find(({ name }) => name === wanted) ?? LINES.find(({ name }) => name.startsWith(wanted ?? ''));
  if (line === undefined) throw new RangeError(`--profile: there is no line ${wanted ?? ''}. --list names them.`);
  const browser = new Visitor(hasRealAdapter);
  try {
    const measured = await visit(browser, origin, REFERENCE, line, (page) =>
      page.evaluate((ms) => bench.profile(ms), PROFILED_MS),
    );
    printProfile(line, measured);
  } finally {
    await browser.close();
  }
  return 0;
}
