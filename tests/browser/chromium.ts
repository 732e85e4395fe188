// Finds a Chromium to test in, or installs one.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** Path of a browser that is there: CHROME_PATH, then one on the PATH, then Playwright's own. */
function installedChromium(): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const candidates = [process.env.CHROME_PATH ?? '', ...onPath, MAC, chromium.executablePath()];
  return candidates.find((path) => path !== '' && existsSync(path));
}

/** Ways to get one, in the order tried: a download by Playwright, then Debian's package. */
const INSTALLERS: readonly (readonly [command: string, ...args: string[]])[] = [
  ['npx', 'playwright', 'install', 'chromium'],
  ['apt-get', 'update'],
  ['apt-get', 'install', '--yes', '--no-install-recommends', 'chromium'],
];

/**
 * Path of a Chromium, installed first if there is none.
 * @throws Error that says how to get one, if every way fails.
 */
export function findChromium(): string {
  for (const [command, ...args] of INSTALLERS) {
    const path = installedChromium();
    if (path !== undefined) return path;
    console.log(`No Chromium found; running ${command} ${args.join(' ')}`);
    try {
      execFileSync(command, args, { stdio: 'inherit' });
    } catch {
      // The next way may work; if none does, the error below tells.
    }
  }
  const path = installedChromium();
  if (path === undefined) throw new Error('No Chromium found or installed. Install one, or set CHROME_PATH to it.');
  return path;
}

/** Flags for WebGPU on the processor, as there is no other adapter to count on. */
export const SOFTWARE_ADAPTER = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
