// A page that takes steps in its animation frames and reads nothing: the device may not fall behind by more than a moment, so
// that a value is there soon when the page asks for one at last, and what was made meanwhile may not pile up.
import { findChromium, SOFTWARE_ADAPTER } from '../chromium';
import { expect, test } from '../fixtures';
import { openFirefox } from '../firefox';
import { runFrames, FRAMES, type FramesResult } from '../frames';

test.use({ launchOptions: { executablePath: findChromium(), args: ['--no-sandbox', ...SOFTWARE_ADAPTER] } });

const SECONDS = Number(process.env.FRAME_SECONDS ?? 15);
/** Milliseconds from asking for a value to its being there. */
const PROMPT = 2000;
/** Bytes in use. */
const MOST = 768 * 2 ** 20;

function expectPrompt(name: string, place: string, result: FramesResult): void {
  const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  const { frames, waited, live, reserved, longestFrame, value } = result;
  console.log(
    `${name} | ${place} | ${frames} frames | value after ${waited.toFixed(0)} ms | live ${megabytes(live)} | ` +
      `reserved ${megabytes(reserved)} | longest frame ${longestFrame.toFixed(0)} ms`,
  );
  expect(value).not.toBeNaN();
  expect(waited).toBeLessThan(PROMPT);
  expect(live).toBeLessThan(MOST);
}

for (const name of FRAMES) {
  for (const policy of ['isolated', 'plain'] as const) {
    test(`${name} in Chromium, ${policy}`, async ({ open }) => {
      const page = await open(policy, 'kindling.js');
      expectPrompt(name, `Chromium ${policy}`, await page.evaluate(runFrames, { name, seconds: SECONDS }));
    });

    test(`${name} in Firefox, ${policy}`, async ({ sites }) => {
      const page = await openFirefox();
      try {
        await page.goto(`${sites[policy].origin}/?entry=kindling.global.js`);
        expectPrompt(name, `Firefox ${policy}`, await page.evaluate(runFrames, { name, seconds: SECONDS }));
      } finally {
        await page.close();
      }
    });
  }

  test(`${name} on webgpu`, async ({ open }) => {
    const page = await open('isolated', 'kindling.js');
    expectPrompt(name, 'webgpu', await page.evaluate(runFrames, { name, seconds: SECONDS, device: 'webgpu' as const }));
  });
}
