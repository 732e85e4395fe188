// The sites that browser tests visit: the built library under different response headers.
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

/** What a site sends with every response. */
export const POLICIES = {
  /** Cross-origin isolated: the page has SharedArrayBuffer. */
  isolated: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  /** As most pages are: not isolated. */
  plain: {},
  /** The strictest policy that design 11 promises to run under, with everything inlined. */
  strict: {
    'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob: 'self'",
  },
  /** Scripts by a nonce, as pages have it that trust no host. */
  nonce: {
    'Content-Security-Policy': "default-src 'none'; script-src 'nonce-kindling' 'wasm-unsafe-eval'; worker-src blob:",
  },
  /** No blob workers either; for the entry with separate files. */
  external: {
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'",
  },
  /** No worker of any kind. */
  workerless: {
    'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'",
  },
  /** Another origin that serves the library to anyone. */
  cdn: { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' },
} as const satisfies Record<string, Record<string, string>>;

export type Policy = keyof typeof POLICIES;

/** The ways a page can get the library: the files of dist/ that are entries. */
export type Entry = 'kindling.js' | 'kindling.global.js' | 'kindling.external.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** One origin. */
export interface Site {
  readonly origin: string;
  close(): void;
}

/** Starts a site on a free port. Its pages are `/?entry=ENTRY&from=ORIGIN`; the library is at `/dist/`. */
export async function startSite(policy: Policy): Promise<Site> {
  const server: Server = createServer((request, response) => {
    for (const [name, value] of Object.entries(POLICIES[policy])) response.setHeader(name, value);
    respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}

function respond(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const source = `${url.searchParams.get('from') ?? ''}/dist/${url.searchParams.get('entry') ?? ''}`;
  if (url.pathname === '/') return send(response, '.html', page(source, url.search));
  // A file of its own, since the policies allow no inline script.
  if (url.pathname === '/expose.js') return send(response, '.js', exposeModule(source));
  const file = join(import.meta.dirname, '../..', normalize(url.pathname));
  if (!url.pathname.startsWith('/dist/') || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
  createReadStream(file).pipe(response);
}

function send(response: ServerResponse, type: string, body: string): void {
  response.setHeader('Content-Type', TYPES[type] ?? 'text/plain');
  response.end(body);
}

/** A page that ends with the library as the global `kindling`, whichever entry it is. */
function page(source: string, search: string): string {
  const script = source.endsWith('.global.js')
    ? `<script nonce="kindling" src="${source}"></script>`
    : `<script nonce="kindling" type="module" src="/expose.js${search.replaceAll('&', '&amp;')}"></script>`;
  return `<!doctype html><html lang="en"><head><title>kindling</title>${script}</head><body></body></html>`;
}

const exposeModule = (source: string): string =>
  `import * as kindling from '${source}';\nglobalThis.kindling = kindling;\n`;
