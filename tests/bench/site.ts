// The site that measures: its pages are cross-origin isolated. Each library is a module of its own, so that a page loads only
// the one it measures; the binaries that libraries fetch are served from node_modules as they were published.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join, normalize, resolve } from 'node:path';
import { build } from 'vite';
import { engineModules } from '../../tools/engineModules';
import { startPage } from './firstResult';
import type { Site } from '../browser/server';

const HERE = resolve(import.meta.dirname);
const BUILT = resolve(HERE, 'dist');
const MODULES = resolve(HERE, 'node_modules');

const HEADERS = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const PAGE = `<!doctype html><html lang="en"><head><title>benchmark</title><link rel="icon" href="data:,">
<script type="module" src="/page.js"></script></head><body></body></html>`;

/** Builds the page and the modules of these peers, with the library from its sources. */
export const buildPages = (modules: readonly string[]): Promise<void> =>
  // tfjs makes a worker of a function's text, which does not survive.
  buildEntries([['page', 'page.ts'], ...modules.map((name) => [name, `peers/${name}.ts`] as const)], false);

/** Builds what gives a library's first result, as it is deployed. */
export const buildStarts = (starters: readonly string[]): Promise<void> =>
  buildEntries(
    starters.map((name) => [`first/${name}`, `first/${name}.ts`] as const),
    true,
  );

async function buildEntries(
  entries: readonly (readonly [name: string, file: string])[],
  minify: boolean,
): Promise<void> {
  await build({
    configFile: false,
    root: HERE,
    logLevel: 'error',
    plugins: [engineModules()],
    resolve: { alias: { kindling: resolve(HERE, '../../src/index.ts') } },
    build: {
      target: 'es2022',
      outDir: BUILT,
      emptyOutDir: true,
      minify,
      rolldownOptions: {
        input: Object.fromEntries(entries.map(([name, file]) => [name, resolve(HERE, file)])),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
      },
    },
  });
}

/** Serves what was built at `/`, the peers' files at `/modules/`, and what the checkout `before` has built at `/before/`. */
export async function serve(before: string | null = null): Promise<Site> {
  const others = before === null ? null : resolve(before, 'tests/bench/dist');
  if (others !== null && !existsSync(join(others, 'kindling.js'))) {
    throw new Error(
      `--before: ${others} has no kindling.js. Run npm run bench -- --quick --filter LINE in that checkout.`,
    );
  }
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (path === '/' || path.startsWith('/start/')) {
      response.setHeader('Content-Type', TYPES['.html']).end(path === '/' ? PAGE : startPage(basename(path)));
      return;
    }
    const file = fileOf(path, others);
    if (!existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

function fileOf(path: string, others: string | null): string {
  if (path.startsWith('/modules/')) return join(MODULES, path.slice('/modules/'.length));
  if (path.startsWith('/before/') && others !== null) return join(others, path.slice('/before/'.length));
  return join(BUILT, path);
}
