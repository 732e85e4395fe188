// Firefox over WebDriver BiDi. Playwright drives only a Firefox of its own build, which is not what people use.
import { existsSync } from 'node:fs';
import { launch } from 'puppeteer-core';
import type { ForeignPage } from './webDriver';

const PLACES = ['/usr/bin/firefox', '/usr/bin/firefox-esr', '/Applications/Firefox.app/Contents/MacOS/firefox'];

function findFirefox(): string {
  const path = [process.env.FIREFOX_PATH ?? '', ...PLACES].find((place) => place !== '' && existsSync(place));
  if (path === undefined) throw new Error('No Firefox found. Install one, or set FIREFOX_PATH to it.');
  return path;
}

/** A page in Firefox. */
export interface FirefoxPage extends ForeignPage {
  /** The browser's process. */
  readonly pid: number;
  /** Runs code in the page and gives what it resolves to. */
  run<R>(code: string): Promise<R>;
}

/** Starts Firefox without a window. */
export async function openFirefox(): Promise<FirefoxPage> {
  const browser = await launch({
    browser: 'firefox',
    executablePath: findFirefox(),
    headless: true,
    protocolTimeout: 3_600_000,
  });
  const page = await browser.newPage();
  const pid = browser.process()?.pid;
  if (pid === undefined) throw new Error('Firefox did not start.');
  return {
    pid,
    run: async <R>(code: string) => (await page.evaluate(code)) as R,
    goto: async (url) => void (await page.goto(url)),
    evaluate: async <A, R>(fn: (argument: A) => Promise<R> | R, argument: A) =>
      (await page.evaluate(`(${fn.toString()})(${JSON.stringify(argument)})`)) as R,
    close: () => browser.close(),
  };
}
