// The webgpu device against the wasm device, and against PyTorch.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { CaseFile } from '../../conformance/cases';
import { expect, test } from './fixtures';
import type * as Kindling from '../../../src';
import type { Suites } from './page';

declare const suites: Suites;
declare const kindling: typeof Kindling;

test('every op gives on webgpu what it gives on wasm, forward and backward', async ({ gpuPage }) => {
  const { cases, failures, ops, absent } = await gpuPage.evaluate(() => suites.samples());
  expect(failures.join('\n')).toBe('');
  expect(cases).toBeGreaterThan(900);
  // What is float64 by definition.
  expect(absent).toEqual(['to', 'floatPower']);
  // For `npm run support`.
  mkdirSync('test-results', { recursive: true });
  writeFileSync('test-results/webgpu-ops.json', JSON.stringify(ops));
});

test('every kernel family gives on webgpu what it gives on wasm, for many sizes', async ({ gpuPage }) => {
  // With the kernels of both sorts of adapters.
  test.setTimeout(300_000);
  const { cases, failures } = await gpuPage.evaluate(() => suites.families());
  expect(failures.join('\n')).toBe('');
  expect(cases).toBeGreaterThan(150);
});

test('sines, cosines and tangents of angles of any size', async ({ gpuPage }) => {
  const errors = await gpuPage.evaluate(async () => {
    await kindling.init({ device: 'webgpu' });
    const errors: Record<string, number> = {};
    for (const most of [1.5, 10, 1e4, 1e5, 1e9, 1e20, 3.4e38]) {
      const angles = Float32Array.from({ length: 2001 }, (_, i) => (i / 1000 - 1) * most);
      for (const name of ['sin', 'cos', 'tan'] as const) {
        const values = await kindling.tensor(angles)[name]().data();
        // 1 + y²: how much faster the tangent grows than its argument.
        const off = Array.from(
          angles,
          (x, i) => Math.abs(Number(values[i]) - Math[name](x)) / (1 + Math[name](x) ** 2),
        );
        errors[`${name} up to ${most}`] = Math.max(...off);
      }
    }
    return errors;
  });
  for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(2e-7);
});

/** Units of recorded cases that reach every kernel. */
const UNITS =
  /^(modules|functional)\/nn\.(functional\.)?(Linear|Conv2d|BatchNorm2d|LayerNorm|GroupNorm|MaxPool2d|AvgPool2d|AdaptiveAvgPool2d|Embedding|CrossEntropyLoss|Softmax|GELU|conv1d|gelu|nll_loss|linear)\.json$|^ops\/torch\.(add|matmul|sum|cumsum|gather|scatter_add|argmax|amax|remainder|floor_divide|where|erfinv|lgamma|atan2)\.json$/;

test('recorded cases of PyTorch', async ({ gpuPage }) => {
  const root = new URL('../../conformance/cases/', import.meta.url);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => UNITS.test(path));
  expect(paths.length).toBeGreaterThan(20);
  const files = paths.map((path) => JSON.parse(readFileSync(new URL(path, root), 'utf8')) as CaseFile);
  const { passed, failures } = await gpuPage.evaluate((all) => suites.conformance(all), files);
  const known = /^nn\.Embedding\/extra\/(max_norm|by_freq)/;
  expect(failures.filter((line) => !known.test(line)).join('\n')).toBe('');
  expect(passed).toBeGreaterThan(250);
});
