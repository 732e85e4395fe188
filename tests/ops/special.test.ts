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

// By mpmath, each of both exact where it is small.
test.each([
  [1e-10, 0.5, 0.9999999999440227, 5.597735948054988e-11],
  [1e-10, 1e-10, 0.9999999977551365, 2.244863524002411e-9],
  [1e-10, 1.0, 0.9999999999780617, 2.1938393441796778e-11],
  [1e-5, 1.4, 0.9999988377920025, 1.1622079974687476e-6],
  [0.01, 0.3, 0.990927603578235, 0.009072396421765093],
  [0.5, 1, 0.8427007929497149, 0.15729920705028513],
  [0.5, 2, 0.9544997361036416, 0.04550026389635842],
  [0.99, 1.6, 0.8010744142093211, 0.19892558579067887],
  [3, 0.001, 1.6654171665278076e-10, 0.9999999998334583],
  [10, 0.1, 2.5163478067703163e-17, 1.0],
  [10, 1e-5, 2.755706870405028e-57, 1.0],
  [10, 2, 4.6498075017263805e-5, 0.9999535019249828],
  [10, 30, 0.9999928782491372, 7.121750862815577e-6],
  [9.9, 1.2, 7.161826918128417e-7, 0.9999992838173082],
  [65, 7, 1.0558016333228347e-39, 1.0],
  [300, 65, 1.8391133237869944e-99, 1.0],
  [300, 600, 1.0, 2.398972311336745e-42],
  [1000, 500, 3.2982727970671e-86, 1.0],
])('P and Q of %d and %d, to the digits of the dtype', async (a, x, lower, upper) => {
  for (const dtype of ['float64', 'float32'] as const) {
    const [first, second] = [k.tensor([a], { dtype }), k.tensor([x], { dtype })];
    const results = [await k.igamma(first, second).item(), await k.igammac(first, second).item()];
    // Powers of rounded numbers.
    const rtol = dtype === 'float64' ? 1e-12 : 4e-6 * Math.max(1, a / 8);
    [lower, upper].forEach((exact, i) => {
      if (dtype === 'float32' && exact < 1e-37) return;
      expect(Math.abs(results[i] - exact) / exact, `${dtype} ${'PQ'[i]}: ${results[i]}`).toBeLessThan(rtol);
    });
  }
});

test.each([
  [1e-300, -37.0470962993612],
  [1e-40, -13.31092137142517],
  [1e-20, -9.262340089798407],
  [1e-10, -6.361340902404057],
  [0.001, -3.0902323061678136],
  [0.04, -1.75068607125217],
  [0.3, -0.5244005127080408],
  [0.96, 1.7506860712521695],
  [0.999, 3.090232306167813],
])('the normal quantile of %d', async (p, z) => {
  expect(Math.abs((await k.special.ndtri(k.tensor([p], { dtype: 'float64' })).item()) / z - 1)).toBeLessThan(1e-13);
  if (p < 1e-37) return;
  expect(Math.abs((await k.special.ndtri(k.tensor([p])).item()) / z - 1)).toBeLessThan(2e-5);
});

test('the incomplete gamma functions at their borders', async () => {
  const a = k.tensor([0, 0, 2, 2, Infinity, Infinity, -1, 1]);
  const x = k.tensor([0, 1, 0, Infinity, 1, Infinity, 1, -1]);
  expect(await k.igamma(a, x).tolist()).toEqual([NaN, 1, 0, 1, 0, NaN, NaN, NaN]);
  expect(await k.igammac(a, x).tolist()).toEqual([NaN, 0, 1, 0, 1, NaN, NaN, NaN]);
});

test('lgamma and digamma just below 0', async () => {
  const near = (x: number, dtype: 'float32' | 'float64'): k.Tensor => k.tensor(x, { dtype });
  expect(await k.lgamma(near(-1e-20, 'float32')).item()).toBeCloseTo(46.0517018598809, 4);
  expect(await k.lgamma(near(-1e-300, 'float64')).item()).toBeCloseTo(690.7755278982137, 9);
  expect(await k.lgamma(near(-1e-10, 'float64')).item()).toBeCloseTo(23.0258509299982, 10);
  expect((await k.digamma(near(-1e-20, 'float32')).item()) / 1e20).toBeCloseTo(1, 5);
  expect((await k.digamma(near(-1e-8, 'float64')).item()) / 99999999.42278433).toBeCloseTo(1, 12);
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
