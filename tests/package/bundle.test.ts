// What a bundler makes of the package: a page that uses little of it gets little of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';
import type * as kindling from '../../src/index';

/** Of the JavaScript without the engine's binaries, what a page with one layer and one optimizer may need. */
const SMALL_SHARE = 0.6;

const folder = mkdtempSync(join(tmpdir(), 'kindling-bundle-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The script that a bundler makes of a module of that text. */
async function bundle(name: string, text: string): Promise<string> {
  const entry = join(folder, `${name}.js`);
  writeFileSync(entry, text);
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, minify: true, target: 'es2022', lib: { entry, formats: ['es'], fileName: name } },
    resolve: { alias: { kindling: resolve('dist/esm/src/index.js'), comlink: resolve('node_modules/comlink') } },
  });
  const first = Array.isArray(result) ? result[0] : result;
  if (first === undefined || !('output' in first)) throw new Error('nothing was built');
  return first.output[0].code;
}

/** Characters of a script without the binaries, which are texts in base64. */
const lengthOfCode = (script: string): number => script.replace(/[A-Za-z0-9+/=]{5000,}/g, '').length;

test('a page with one layer and one optimizer leaves most of the rest out', async () => {
  const whole = await bundle('whole', `export * from 'kindling';`);
  const small = await bundle(
    'small',
    `import { tensor, nn, optim, shutdown } from 'kindling';
     export const Linear = nn.Linear, SGD = optim.SGD;
     export { tensor, shutdown };`,
  );
  console.log(`${lengthOfCode(small)} of ${lengthOfCode(whole)} characters`);
  expect(lengthOfCode(small)).toBeLessThan(SMALL_SHARE * lengthOfCode(whole));

  const file = join(folder, 'small.mjs');
  writeFileSync(file, small);
  const { tensor, Linear, SGD, shutdown } = (await import(file)) as {
    tensor: typeof kindling.tensor;
    Linear: typeof kindling.nn.Linear;
    SGD: typeof kindling.optim.SGD;
    shutdown: typeof kindling.shutdown;
  };
  const layer = new Linear(2, 1);
  const optimizer = new SGD(layer.parameters(), { lr: 0.01 });
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const loss = layer(tensor([[1, 2]]))
      .square()
      .sum();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(await loss.item());
  }
  shutdown();
  expect(losses[2]).toBeLessThan(losses[0]);
});
