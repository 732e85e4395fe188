// Every recorded case but the exceptions. A unit that is missing altogether shows as skipped.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { init, onerror, shutdown } from '../../src';
import { readCaseFile } from '../harness/conformance';
import { EXCEPTIONS } from './exceptions';
import { folderAt } from './folder';
import { runCase, type Outcome } from './runner';

const folder = folderAt(fileURLToPath(new URL('cases', import.meta.url)));
const root = new URL('cases/', import.meta.url);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.json') && path !== 'index.json')
  .sort();

describe.each([
  ['inline', {}],
  ['with two workers', { threads: 2 }],
])('conformance with PyTorch, %s', (_, options) => {
  beforeAll(async () => {
    await init(options);
    // Faults that no read asked for belong to cases that must fail.
    onerror(() => undefined);
  });
  afterAll(() => {
    onerror(null);
    shutdown();
  });

  for (const path of files) {
    const { cases } = readCaseFile(path.slice(0, -'.json'.length));
    it(`${path} (${cases.length})`, async (context) => {
      const at = path.slice(0, path.lastIndexOf('/'));
      const outcomes: Outcome[] = [];
      for (const recorded of cases) {
        if (!(recorded.id in EXCEPTIONS)) outcomes.push(await runCase(recorded, { folder, at }));
      }
      const failures = outcomes.filter(({ state }) => state === 'failed');
      if (failures.length > 0) {
        const lines = failures.map(({ id, detail }) => `${id}: ${detail}`);
        throw new Error(`${failures.length} cases differ:\n${lines.join('\n')}`);
      }
      const missing = outcomes.filter(({ state }) => state === 'missing');
      if (missing.length > 0) context.skip(`not implemented: ${missing.map(({ detail }) => detail).join(', ')}`);
    });
  }
});
