// The recorded cases against the classic script, which is built unlike the sources that all other tests run: minified, its
// namespaces and fields rewritten.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { afterAll, expect, test, vi } from 'vitest';
import type * as Kindling from '../../src/index';
import { folderAt } from '../conformance/folder';
import { EXCEPTIONS } from '../conformance/exceptions';
import { runFolder } from '../conformance/suite';

const kindling = vi.hoisted((): { script: typeof Kindling | null } => ({ script: null }));

/** What the script defines, run as a page does. */
function script(): typeof Kindling {
  const text = `${readFileSync('dist/kindling.global.js', 'utf8')};kindling`;
  kindling.script ??= new Script(text).runInThisContext() as typeof Kindling;
  return kindling.script;
}

vi.mock(import('../../src/index'), () => ({ ...script() }));
vi.mock(import('../../src/errors'), () => ({ DTypeError: script().DTypeError }));
vi.mock(import('../../src/tensor'), () => ({ Tensor: script().Tensor }));
vi.mock(import('../../src/ops/creation'), () => ({
  fromArray: (values, shape, options) =>
    script()
      .tensor(values, options)
      .view([...shape]),
}));

afterAll(() => script().shutdown());

test('the classic script gives what PyTorch gives', async () => {
  script().onerror(() => undefined);
  const folder = folderAt(fileURLToPath(new URL('../conformance/cases', import.meta.url)));
  const outcomes = (await runFolder(folder, /./)).flatMap((unit) => unit.outcomes);
  const failures = outcomes.filter(({ id, state }) => state === 'failed' && !(id in EXCEPTIONS));
  expect(failures.map(({ id, detail }) => `${id}: ${detail}`)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(4700);
}, 300_000);
