// The MNIST demo as tests see it: where it is served, its state in data attributes, how smoothly its main thread runs.
import { expect, test as base, type Page } from '@playwright/test';
import { buildDemos, serveDemos } from './demoSite';
import type { Site } from './server';

/** With the headers that give shared memory, and without. */
export const KINDS = ['isolated', 'plain'] as const;

interface Fixtures {
  /** A page that must leave nothing in the console. */
  page: Page;
}

/** Tests of the built demos. */
export const test = base.extend<Fixtures, { sites: Readonly<Record<(typeof KINDS)[number], Site>> }>({
  sites: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixture's needs from the pattern.
    async ({}, use) => {
      await buildDemos();
      const [isolated, plain] = await Promise.all([serveDemos({ isolated: true }), serveDemos({ isolated: false })]);
      await use({ isolated, plain });
      isolated.close();
      plain.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  page: async ({ page }, use) => {
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(String(error)));
    page.on('console', (message) => {
      // What Chromium itself remarks where 'auto' looks for a graphics adapter in vain.
      if (message.text() === 'No available adapters.') return;
      if (message.type() === 'error' || message.type() === 'warning') failures.push(message.text());
    });
    await use(page);
    expect(failures).toEqual([]);
  },
});

export { expect } from '@playwright/test';

/** What the page tells of itself; numbers are NaN while they are unknown. */
export interface DemoState {
  readonly status: string;
  readonly step: number;
  readonly loss: number;
  readonly testAccuracy: number;
  readonly stepsPerSecond: number;
}

/** How the main thread ran since the page was opened, in milliseconds. */
export interface Smoothness {
  /** Tasks over 50 ms while it trained or tested. */
  readonly longTasks: number[];
  /** 95th percentile and maximum of the intervals between animation frames while it trained. */
  readonly frameP95: number;
  readonly frameMax: number;
}

/** Opens the demo with some settings in its address, and watches its main thread from the start. */
export async function openDemo(page: Page, origin: string, settings: Record<string, string | number>): Promise<void> {
  await page.addInitScript(() => {
    const status = (): string | undefined => document.getElementById('app')?.dataset.status;
    const isBusy = (): boolean => status() === 'training' || status() === 'testing';
    const watch = { longTasks: [] as number[], frames: [] as number[] };
    Object.assign(globalThis, { watch });
    new PerformanceObserver((list) => {
      if (isBusy()) watch.longTasks.push(...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: 'longtask' });
    let last = 0;
    const frame = (now: number): void => {
      const isTraining = status() === 'training';
      if (isTraining && last > 0) watch.frames.push(now - last);
      last = isTraining ? now : 0;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const query = new URLSearchParams(Object.entries(settings).map(([name, value]) => [name, String(value)]));
  await page.goto(`${origin}/mnist/?${query.toString()}`);
}

/** The state that the page shows now. */
export async function demoState(page: Page): Promise<DemoState> {
  const shown = await page.locator('#app').evaluate((app) => ({ ...app.dataset }));
  const number = (text: string | undefined): number => (text === undefined || text === '' ? NaN : Number(text));
  return {
    status: shown.status ?? '',
    step: number(shown.step),
    loss: number(shown.loss),
    testAccuracy: number(shown.testAccuracy),
    stepsPerSecond: number(shown.stepsPerSecond),
  };
}

/** Waits for a status; fails at once if the page failed. */
export async function waitForStatus(page: Page, status: string, timeout = 60_000): Promise<DemoState> {
  await page.waitForSelector(`#app[data-status="${status}"], #app[data-status="failed"]`, { timeout });
  const state = await demoState(page);
  if (state.status === 'failed') throw new Error(`the demo: ${await page.locator('#status').innerText()}`);
  return state;
}

/** How the main thread has run so far. */
export async function smoothness(page: Page): Promise<Smoothness> {
  const { longTasks, frames } = await page.evaluate(
    () => (globalThis as unknown as { watch: { longTasks: number[]; frames: number[] } }).watch,
  );
  const sorted = frames.sort((a, b) => a - b);
  return { longTasks, frameP95: sorted[Math.floor(sorted.length * 0.95)] ?? NaN, frameMax: sorted.at(-1) ?? NaN };
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds on the clock: when it began and how long it took. */
  readonly ts: number;
  readonly dur?: number;
  /** Processor time in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * Processor time in milliseconds of each of the main thread's tasks during `action`. Unlike the time on the clock, which
 * `longtask` goes by, it does not depend on what else the machine does. Tasks in which the page sets `performance.mark(except)`
 * are left out.
 */
export async function taskDurations(page: Page, action: () => Promise<void>, except?: string): Promise<number[]> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page has no browser of its own');
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'blink.user_timing'] });
  await action();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}:${tid}`;
  const mainThreads = new Set(
    traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(thread),
  );
  const tasks = traceEvents.filter((event) => event.name.endsWith('RunTask') && mainThreads.has(thread(event)));
  const marks = traceEvents.filter(({ name }) => name === except);
  const marked = (task: TraceEvent): boolean =>
    marks.some((mark) => thread(mark) === thread(task) && mark.ts >= task.ts && mark.ts <= task.ts + (task.dur ?? 0));
  // Chromium's clock of a thread jumps at times by the tenth of a second: no task took longer than on the clock.
  return tasks.filter((task) => !marked(task)).map(({ dur = 0, tdur = 0 }) => Math.min(dur, tdur) / 1000);
}
