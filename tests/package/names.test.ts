// Classes keep their names where a page's minifier renames everything: printed modules and errors stay readable.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { bundlePage } from '../../tools/sizes.ts';

const PAGE = `import * as kindling from 'kindling';
const { amp, data, distributions, nn, optim } = kindling;
const isClass = (value) => typeof value === 'function' && /^class\\b/.test(Function.prototype.toString.call(value));
const places = { kindling, amp, data, distributions, nn, optim, 'optim.lrScheduler': optim.lrScheduler };
export const classes = Object.entries(places).flatMap(([place, names]) =>
  Object.entries(names).filter(([, value]) => isClass(value)).map(([name, value]) => [place + '.' + name, value.name]),
);
export const printed = String(new nn.Sequential(new nn.Linear(2, 1), new nn.ReLU()));
`;

interface Page {
  readonly classes: readonly (readonly [string, string])[];
  readonly printed: string;
}

test('every class is called by its name in a page that is minified', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-names-'));
  try {
    const chunks = await bundlePage(PAGE);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const { fileName, code } of chunks) {
      const file = join(folder, fileName.replace(/^assets\//, ''));
      writeFileSync(file, code);
    }
    const entry = join(folder, chunks[0].fileName.replace(/^assets\//, ''));
    const { classes, printed } = (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as Page;
    expect(classes.length).toBeGreaterThan(200);
    expect(classes.filter(([place, name]) => place.split('.').at(-1) !== name)).toEqual([]);
    expect(printed).toBe('Sequential(\n  (0): Linear(in_features=2, out_features=1, bias=True)\n  (1): ReLU()\n)');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
