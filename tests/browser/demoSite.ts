// The demos as visitors get them: built and served by the commands behind `npm run demo`.
import { execFile, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Site } from './server';

const ROOT = resolve(import.meta.dirname, '../..');
const VITE = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');

/** Builds the demos into demo/dist. */
export async function buildDemos(): Promise<void> {
  await promisify(execFile)(process.execPath, [VITE, 'build', '--mode', 'demo'], { cwd: ROOT });
}

/** Serves what `buildDemos` made, with the headers that isolate a page or without. */
export async function serveDemos({ isolated }: { isolated: boolean }): Promise<Site> {
  // What follows the lone `--` is none of Vite's options.
  const flags = ['--host', '127.0.0.1', '--port', '0', '--', ...(isolated ? [] : ['--no-coi'])];
  const server = spawn(process.execPath, [VITE, 'preview', '--mode', 'demo', ...flags], { cwd: ROOT });
  const origin = await new Promise<string>((resolve, reject) => {
    let printed = '';
    const read = (text: Buffer): void => {
      printed += text.toString();
      // The address is printed in colours, which cut it into pieces.
      // eslint-disable-next-line no-control-regex
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(printed.replaceAll(/\u001b\[\d*m/g, ''));
      if (address !== null) resolve(address[0]);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.on('exit', () => {
      reject(new Error(`the demos could not be served: ${printed}`));
    });
  });
  return { origin, close: () => void server.kill() };
}
