// Classes keep their names where a page's minifier renames everything: printed modules and errors stay readable.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { bundlePage } from '../../tools/sizes.ts';

const PAGE = `import * as kindling from 'kindling';
const { amp, ao, data, distributions, fx, nn, optim, profiler } = kindling;
const isClass = (value) => typeof value === 'function' && /^class\\b/.test(Function.prototype.toString.call(value));
const places = {
  ...{ kindling, amp, data, distributions, fx, nn, optim, profiler },
  ...{ 'ao.quantization': ao.quantization, 'optim.lrScheduler': optim.lrScheduler },
};
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
    const entry = pathToFileURL(join(folder, chunks[0].fileName.replace(/^assets\//, ''))).href;
    // In a process of its own: imported here, the page would be transformed once more.
    const code = `const { classes, printed } = await import('${entry}'); console.log(JSON.stringify({ classes, printed }));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
    const { classes, printed } = JSON.parse(output) as Page;
    expect(classes.length).toBeGreaterThan(200);
    expect(classes.filter(([place, name]) => place.split('.').at(-1) !== name)).toEqual([]);
    expect(printed).toBe('Sequential(\n  (0): Linear(in_features=2, out_features=1, bias=True)\n  (1): ReLU()\n)');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
