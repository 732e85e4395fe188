// Special functions against numbers that PyTorch gives.
import { afterAll, expect, test } from 'vitest';
import * as k from '../../src';

afterAll(() => {
  k.shutdown();
});

test.each([
  [0.3, 0.1, 0.5459128495917965, 0.45408715040820347],
  [5, 5, 0.5595067149347878, 0.44049328506521246],
  [5, 11.70820393249937, 0.9906903656262418, 0.009309634373758188],
  [20, 2.0, 6.443731393112101e-14, 0.9999999999999356],
  [50, 50, 0.5188083152103488, 0.48119168478965124],
  [150, 162.2474487139159, 0.8415988824875789, 0.15840111751242125],
  [1000, 905.1316701949486, 0.0010012389945739592, 0.9989987610054261],
  [99, 1e-6, 0.0, 1.0],
])('P and Q of %d and %d', async (a, x, lower, upper) => {
  for (const dtype of ['float32', 'float64'] as const) {
    const [first, second] = [k.tensor([a], { dtype }), k.tensor([x], { dtype })];
    expect(await k.igamma(first, second).item()).toBeCloseTo(lower, 5);
    expect(await k.igammac(first, second).item()).toBeCloseTo(upper, 5);
  }
});

test('the incomplete gamma functions at their borders', async () => {
  const a = k.tensor([0, 0, 2, 2, Infinity, Infinity, -1, 1]);
  const x = k.tensor([0, 1, 0, Infinity, 1, Infinity, 1, -1]);
  expect(await k.igamma(a, x).tolist()).toEqual([NaN, 1, 0, 1, 0, NaN, NaN, NaN]);
  expect(await k.igammac(a, x).tolist()).toEqual([NaN, 0, 1, 0, 1, NaN, NaN, NaN]);
});

test.each([
  ['float32', 1, 2, 1 + 2 ** -23],
  ['float32', 1, 0, 1 - 2 ** -24],
  ['float32', 0, 1, 2 ** -149],
  ['float32', -(2 ** -149), 1, -0],
  ['float32', 2 ** -125, 0, 2 ** -125 - 2 ** -149],
  ['float32', 2 ** -124, 0, 2 ** -124 - 2 ** -148],
  ['float32', 1.5 * 2 ** -125, 1, 1.5 * 2 ** -125 + 2 ** -148],
  ['float32', Infinity, 0, (2 - 2 ** -23) * 2 ** 127],
  ['float32', (2 - 2 ** -23) * 2 ** 127, Infinity, Infinity],
  ['float32', NaN, 1, NaN],
  ['float32', 1, NaN, NaN],
  ['float64', 1, 2, 1 + 2 ** -52],
  ['float64', -1, -2, -1 - 2 ** -52],
  ['float64', 0, -1, -(2 ** -1074)],
  ['float64', 3, 3, 3],
] as const)('%s: the number that follows %d towards %d', async (dtype, a, b, next) => {
  expect(
    await k
      .tensor([a], { dtype })
      .nextafter(k.tensor([b], { dtype }))
      .item(),
  ).toBe(next);
});
