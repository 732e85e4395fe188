// What a bundler makes of the package: a page that uses little of it gets little of it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';
import type * as kindling from '../../src';

/** Of the JavaScript without the engine's binaries, what a page with one layer and one optimizer may need. */
const SMALL_SHARE = 0.6;

const folder = mkdtempSync(join(tmpdir(), 'kindling-bundle-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Bundled {
  /** Its entry, and files that the entry loads. */
  readonly entry: string;
  /** Of all files. */
  readonly code: string;
}

/** What a bundler makes of a module of that text. */
async function bundle(name: string, text: string): Promise<Bundled> {
  const entry = join(folder, `${name}.js`);
  writeFileSync(entry, text);
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: join(folder, `${name}-dist`),
      emptyOutDir: false,
      minify: true,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: name },
    },
    resolve: { alias: { kindling: resolve('dist/esm/src/index.js'), comlink: resolve('node_modules/comlink') } },
  });
  const first = Array.isArray(result) ? result[0] : result;
  if (first === undefined || !('output' in first)) throw new Error('nothing was built');
  const chunks = first.output.flatMap((file) => (file.type === 'chunk' ? [file] : []));
  return { entry: join(folder, `${name}-dist`, chunks[0].fileName), code: chunks.map(({ code }) => code).join('\n') };
}

/** Characters without the binaries, which are texts in base64. */
const lengthOf = ({ code }: Bundled): number => code.replace(/[A-Za-z0-9+/=]{5000,}/g, '').length;

test('a page with one layer and one optimizer leaves most of the rest out', async () => {
  const whole = await bundle('whole', `export * from 'kindling';`);
  const small = await bundle(
    'small',
    `import { tensor, nn, optim, shutdown } from 'kindling';
     export const Linear = nn.Linear, SGD = optim.SGD;
     export { tensor, shutdown };`,
  );
  console.log(`${lengthOf(small)} of ${lengthOf(whole)} characters`);
  expect(lengthOf(small)).toBeLessThan(SMALL_SHARE * lengthOf(whole));
  // The kernels of webgpu are loaded by pages that ask for them.
  expect(readFileSync(small.entry, 'utf8')).not.toContain('workgroupBarrier');

  const { tensor, Linear, SGD, shutdown } = (await import(small.entry)) as {
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
