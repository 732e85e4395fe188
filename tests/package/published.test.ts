// The package as npm would publish it: its parts fit, its types resolve, and a project that installs it gets it by import and by require.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const project = mkdtempSync(join(tmpdir(), 'kindling-published-'));
const output = (file: string, ...args: string[]): string =>
  execFileSync(file, args, { encoding: 'utf8', stdio: 'pipe' });
let tarball = '';
beforeAll(() => {
  const [packed] = JSON.parse(output('npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', project)) as [
    { filename: string },
  ];
  tarball = join(project, packed.filename);
  const home = join(project, 'node_modules/kindling');
  mkdirSync(home, { recursive: true });
  output('tar', '-xzf', tarball, '-C', home, '--strip-components=1');
  symlinkSync(resolve('node_modules/comlink'), join(project, 'node_modules/comlink'));
});
afterAll(() => {
  rmSync(project, { recursive: true });
});

test('publint finds nothing', () => {
  expect(output('npx', '--no-install', 'publint', tarball, '--strict')).toContain('All good!');
});

test('the types resolve wherever modules do', () => {
  // Files that are loaded by their address have none.
  const files = ['kindling-worker.js', 'relaxed.wasm', 'baseline.wasm'];
  const report = JSON.parse(
    output(
      'npx',
      '--no-install',
      'attw',
      tarball,
      '--format',
      'json',
      '--profile',
      'esm-only',
      '--exclude-entrypoints',
      ...files,
    ),
  ) as { problems: Record<string, { resolutionKind: string }[]> };
  // Resolution from before `exports` finds no entries of a package, and `require` gives ES modules, as in Node since 20.19: see below.
  const kinds = Object.entries(report.problems).map(([kind, places]) => [
    kind,
    new Set(places.map((p) => p.resolutionKind)),
  ]);
  expect(Object.fromEntries(kinds)).toEqual({
    NoResolution: new Set(['node10']),
    CJSResolvesToESM: new Set(['node16-cjs']),
  });
});

const PROGRAM = `tensor([1, 2]).add(1).tolist().then((values) => console.log(JSON.stringify(values)));`;

/** What Node prints that runs `text` as a file of the project. */
function printed(name: string, text: string): string {
  const file = join(project, name);
  writeFileSync(file, text);
  return output(process.execPath, file).trim();
}

test.each(['kindling', 'kindling/kindling.js'])('%s is imported, and required', (entry) => {
  expect(printed('imports.mjs', `import { tensor } from '${entry}';\n${PROGRAM}`)).toBe('[2,3]');
  expect(printed('requires.cjs', `const { tensor } = require('${entry}');\n${PROGRAM}`)).toBe('[2,3]');
});

test('the entry without an engine is found too', () => {
  expect(printed('external.cjs', `console.log(typeof require('kindling/external').tensor);`)).toBe('function');
});

test("the README's page runs", () => {
  const [page] = /<script src="kindling[^]*?(?=```)/.exec(readFileSync('README.md', 'utf8')) ?? [''];
  const [, src] = /src="(.*?)"/.exec(page) ?? [];
  const [, script] = /<script>\n([^]*)<\/script>/.exec(page) ?? [];
  const says = /\/\/ (.*)/.exec(script)?.[1];
  // Classic scripts share their global names, as they do in a file of CommonJS when one follows the other.
  const library = readFileSync(join(project, 'node_modules/kindling/dist', src), 'utf8');
  expect(printed('page.cjs', `${library}\n${script}`)).toBe(says);
});
