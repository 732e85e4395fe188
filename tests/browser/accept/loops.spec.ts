// Loops that await nothing end as PyTorch's do, everywhere: a thousand steps in bounded memory, and beside the loop's own task
// none that is long. LOOP_STEPS=100 for a shorter look.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '../fixtures';
import { taskDurations } from '../demoPage';
import { openFirefox } from '../firefox';
import { loopCode, LOOPS, type LoopName, type LoopOptions, type LoopResult } from '../loops/run';
import { descendants, greatestMemory } from '../processMemory';

const STEPS = Number(process.env.LOOP_STEPS ?? 1000);
/** Loops that read their loss, every so many steps. */
const READ: Partial<Record<LoopName, number>> = { gpt: 100, 'wide batch': 50 };
/** Bytes in use, and taken by the engine. */
const MOST = 2 ** 30;
/** Bytes of the whole process: the engine's, what the browser needs by itself, and what waits to be computed. */
const MOST_OF_PROCESS = 2 * 2 ** 30;
/** Milliseconds. */
const LONGEST_TASK = 50;

const names = Object.keys(LOOPS) as LoopName[];
const codeOf = (name: LoopName, init?: LoopOptions['init']): string =>
  loopCode(name, { steps: STEPS, readEvery: READ[name] ?? 0, ...(init === undefined ? {} : { init }) });

function expectBounded(name: LoopName, place: string, result: LoopResult, processMemory: number): void {
  const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  const { live, reserved, longestStep, longestTask, total, value } = result;
  console.log(
    [
      name,
      place,
      `live ${megabytes(live)}`,
      `reserved ${megabytes(reserved)}`,
      `process ${megabytes(processMemory)}`,
      `longest step ${longestStep.toFixed(0)} ms`,
      `longest task ${longestTask.toFixed(0)} ms`,
      `${(total / 1000).toFixed(1)} s`,
    ].join(' | '),
  );
  expect(value).not.toBeNaN();
  expect(live).toBeLessThanOrEqual(MOST);
  expect(reserved).toBeLessThanOrEqual(MOST);
  expect(processMemory).toBeLessThanOrEqual(MOST_OF_PROCESS);
}

for (const [place, init] of [
  ['Node', { threads: 0 }],
  ['Node with workers', { threads: 2 }],
] as const) {
  for (const name of names) {
    test(`${name} in ${place}`, async () => {
      const file = new URL('../../../dist/kindling.js', import.meta.url).href;
      const code = `
        import { readFileSync } from 'node:fs';
        globalThis.kindling = await import('${file}');
        const result = await ${codeOf(name, init)};
        kindling.shutdown();
        const memory = 1024 * Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
        console.log(JSON.stringify({ result, memory }));`;
      const flags = ['--experimental-wasm-relaxed-simd', '--input-type=module', '--eval', code];
      const { stdout } = await promisify(execFile)(process.execPath, flags);
      const { result, memory } = JSON.parse(stdout) as { result: LoopResult; memory: number };
      expectBounded(name, place, result, memory);
      // Without workers the loop's values are computed between tasks of this thread.
      if (init.threads > 0) expect(result.longestTask).toBeLessThan(LONGEST_TASK);
    });
  }
}

for (const policy of ['isolated', 'plain'] as const) {
  for (const name of names) {
    test(`${name} in Chromium, ${policy}`, async ({ open, browser }) => {
      const page = await open(policy, 'kindling.js');
      // The engine's workers keep all cores busy: what a task of the page takes is its processor time.
      const tasks = await taskDurations(
        page,
        async () => {
          const result = await page.evaluate<LoopResult>(codeOf(name));
          const session = await browser.newBrowserCDPSession();
          const { processInfo } = await session.send('SystemInfo.getProcessInfo');
          const renderers = processInfo.filter(({ type }) => type === 'renderer');
          expectBounded(name, `Chromium ${policy}`, result, Math.max(...renderers.map(({ id }) => greatestMemory(id))));
        },
        'loop',
      );
      const longest = tasks.reduce((most, task) => Math.max(most, task), 0);
      console.log(
        `${name} | Chromium ${policy} | longest task beside the loop: ${longest.toFixed(0)} ms of processor time`,
      );
      expect(tasks.length).toBeGreaterThan(0);
      expect(longest).toBeLessThan(LONGEST_TASK);
    });

    test(`${name} in Firefox, ${policy}`, async ({ sites }) => {
      const page = await openFirefox();
      try {
        await page.goto(`${sites[policy].origin}/?entry=kindling.global.js`);
        const result = await page.run<LoopResult>(codeOf(name));
        const memory = Math.max(...descendants(page.pid).map(greatestMemory));
        expectBounded(name, `Firefox ${policy}`, result, memory);
        expect(result.longestTask).toBeLessThan(LONGEST_TASK);
      } finally {
        await page.close();
      }
    });
  }
}
