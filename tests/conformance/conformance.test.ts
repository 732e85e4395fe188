// Every recorded case. What differs from PyTorch on purpose, or is not there yet, is listed here with the reason; a unit
// that is missing altogether shows as skipped.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { init, onerror, shutdown } from '../../src/index';
import { readCaseFile } from '../harness/conformance';
import { folderAt } from './folder';
import { runCase, type Outcome } from './runner';

/** Cases by the start of their id, with why they do not apply. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'nn.functional.avg_pool2d/op_db/float32_4': 'an empty stride, which only Python code could write',
  'nn.functional.avg_pool2d/op_db/float32_5': 'a padding of one number for two dimensions',
  'torch.topk/op_db/int64_1': 'which of equals comes first is not defined; ours is the first',
  'torch.mode/op_db/float32_6': 'which of equals is named is not defined; ours is the last',
};

const folder = folderAt(fileURLToPath(new URL('cases', import.meta.url)));
const root = new URL('cases/', import.meta.url);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.json') && path !== 'index.json')
  .sort();

const isExcepted = (id: string): boolean => Object.keys(EXCEPTIONS).some((start) => id.startsWith(start));

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
        if (!isExcepted(recorded.id)) outcomes.push(await runCase(recorded, { folder, at }));
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
