// Pointwise functions of the webgpu device where numbers are special: wasm, which is held against PyTorch, says what is right.
import { expect, test } from './fixtures';
import type { Suites } from './page';

declare const suites: Suites;

test('every function at zeros, tiny and huge numbers, halves, infinities and NaN', async ({ gpuPage }) => {
  const { cases, failures } = await gpuPage.evaluate(() => suites.special());
  expect(failures.join('\n')).toBe('');
  expect(cases).toBeGreaterThan(100);
});
