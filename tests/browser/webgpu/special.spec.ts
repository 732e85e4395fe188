// Pointwise functions of the webgpu device where numbers are special: wasm, which is held against PyTorch, says what is right.
import type * as Kindling from '../../../src';
import { expect, test } from './fixtures';
import type { Suites } from './page';

declare const suites: Suites;
declare const kindling: typeof Kindling;

test('every function at zeros, tiny and huge numbers, halves, infinities and NaN', async ({ gpuPage }) => {
  const { cases, failures } = await gpuPage.evaluate(() => suites.special());
  expect(failures.join('\n')).toBe('');
  expect(cases).toBeGreaterThan(100);
});

test('great powers, remainders of great quotients and of those just below a whole number', async ({ gpuPage }) => {
  const values = await gpuPage.evaluate(async () => {
    await kindling.init({ device: 'webgpu' });
    const { pow, fmod, remainder, tensor } = kindling;
    const results = [
      pow(tensor(0.7), tensor([10, 300, 1000])),
      tensor([0.7, 0.6]).pow(600),
      tensor([1.45]).pow(-300),
      fmod(tensor([3e38, 3e38, 1e20]), tensor([0.5, 0.7, 1e-30])),
      remainder(tensor([3e38]), tensor([0.5])),
      fmod(tensor([1, 0.7, 2]), tensor([0.1, 0.1, 1 / 3])),
    ];
    return Promise.all(results.map(async (result) => Array.from(await result.data(), Number)));
  });
  // PyTorch's, which are C's.
  const expected = [
    [0.028247520327568054, 0, 0],
    [0, 0],
    [0],
    [0, 0.2078084945678711, 8.096729856825464e-32],
    [0],
    [0.09999998658895493, 0.09999997913837433, 0.333333283662796],
  ];
  values.forEach((row, i) =>
    row.forEach((value, j) => {
      const right = expected[i][j];
      expect(Math.abs(value - right), `${i}, ${j}: ${value}`).toBeLessThanOrEqual(2e-6 * right);
    }),
  );
});

test('the gradient of a target of 0 in klDiv is NaN', async ({ gpuPage }) => {
  const slopes = await gpuPage.evaluate(async () => {
    await kindling.init({ device: 'webgpu' });
    const { nn, tensor } = kindling;
    const target = tensor([2, 0, 1]).requiresGrad_();
    nn.functional.klDiv(tensor([1, 0, 1]), target, { reduction: 'none' }).backward(tensor([-0.5, 0.25, 1]));
    return Array.from((await target.grad?.data()) ?? [], Number);
  });
  // PyTorch's: (log t + 1 - x) of what arrives.
  expect(slopes[0]).toBeCloseTo(-0.5 * Math.log(2), 5);
  expect(slopes[1]).toBeNaN();
  expect(slopes[2]).toBeCloseTo(0, 5);
});
