// Draws that have no equal numbers in PyTorch: against their moments, and their gradients against the definition.
import { describe, expect, it, test } from 'vitest';
import { arange, binomial, distributions, full, manualSeed, tensor, zeros, type Tensor } from '../../src';
import { standardGammaSlope } from '../../src/ops/random/gamma';
import slopes from './gamma.json';

const { Beta, Binomial, Dirichlet, Gamma, NegativeBinomial, Poisson, StudentT } = distributions;
const N = 40000;

/** How many deviations of their mean the draws are off, by the moments of the distribution. */
async function offBy(draws: Tensor, mean: Tensor, variance: Tensor): Promise<number> {
  const off = draws
    .mean(0)
    .sub(mean)
    .abs()
    .div(variance.div(draws.size(0)).sqrt());
  return off.max().item();
}

describe('draws have the moments of their distribution', () => {
  const concentration = tensor([0.05, 0.5, 1, 2.5, 40, 1000]);
  it.each<[string, distributions.Distribution]>([
    ['Gamma', new Gamma(concentration, 2)],
    ['Beta', new Beta(tensor([0.5, 2, 30]), tensor([1, 0.5, 4]))],
    ['Dirichlet', new Dirichlet(tensor([0.5, 2, 30, 0.1]))],
    ['NegativeBinomial', new NegativeBinomial(tensor([0.5, 5, 20]), tensor([0.3, 0.5, 0.875]))],
    ['Poisson', new Poisson(tensor([0.1, 3, 9.9, 10.1, 400]))],
    ['Binomial, few', new Binomial(7, tensor([0.1, 0.5, 0.9, 0, 0.99]))],
    ['Binomial, many', new Binomial(1000, tensor([0.005, 0.3, 0.5, 0.75, 0.999]))],
    ['StudentT', new StudentT(tensor([8, 40]), 1, 2)],
  ])('%s', async (_, d) => {
    manualSeed(4);
    const draws = d.sample([N]);
    const variance = d.variance.clampMin(1e-9);
    expect(await offBy(draws, d.mean, variance)).toBeLessThan(5);
    // Of the squares by their own spread.
    const squares = draws.sub(d.mean).square();
    expect(await offBy(squares, d.variance, squares.var(0).clampMin(1e-9))).toBeLessThan(5);
  });

  it('counts of trials stay in their range', async () => {
    manualSeed(4);
    const draws = binomial(full([N], 12), full([N], 0.4));
    expect([await draws.min().item() >= 0, await draws.max().item() <= 12, await draws.remainder(1).max().item()]).toEqual([true, true, 0]); // prettier-ignore
    expect(await binomial(zeros(2), full([2], 0.5)).tolist()).toEqual([0, 0]);
    expect(await binomial(full([2], 50), tensor([0, 1])).tolist()).toEqual([0, 50]);
    await expect(binomial(full([1], 2), tensor([1.5])).data()).rejects.toThrow('binomial: a count below 0, or a probability outside [0, 1],'); // prettier-ignore
  });

  it('the distribution of gamma draws is theirs', async () => {
    manualSeed(9);
    for (const a of [0.3, 1, 4, 90]) {
      const d = new Gamma(tensor(a), 1);
      const [sorted] = d
        .cdf(d.sample([N]))
        .sort()
        .values.unsqueeze(0)
        .unbind();
      // Kolmogorov and Smirnov: beyond 2.2 once in ten thousand.
      const steps = arange(N, { dtype: 'float32' }).add(0.5).div(N);
      const distance = await sorted.sub(steps).abs().max().item();
      expect(distance * Math.sqrt(N), `a = ${a}`).toBeLessThan(2.2);
    }
  });
});

// Beyond a = 80 a series of two terms in 1 / a stands for the sum.
test.each([
  ['float64', 3e-6],
  ['float32', 3e-5],
] as const)('gamma draws move with their parameter as the definition says, %s', async (dtype, tolerance) => {
  const [a, x] = [0, 1].map((i) => tensor(slopes.map((row) => row[i]), { dtype })); // prettier-ignore
  const given = await standardGammaSlope(a, x).data();
  const off = slopes
    .map(([alpha, at, slope], i) => ({ alpha, at, slope, given: Number(given[i]) }))
    .filter(({ slope, given }) => !(Math.abs(given - slope) <= tolerance * Math.abs(slope)));
  expect(off).toEqual([]);
});

describe('gradients of draws', () => {
  it('are those of the mean, on the average', async () => {
    manualSeed(2);
    const concentration = tensor([0.3, 2, 30]).requiresGrad_();
    const rate = tensor([2, 1, 0.5]).requiresGrad_();
    new Gamma(concentration, rate).rsample([N]).mean(0).sum().backward();
    // mean = concentration / rate
    const expected = [[0.5, 1, 2], [-0.075, -2, -120]]; // prettier-ignore
    for (const [i, grad] of [concentration.grad, rate.grad].entries()) {
      const given = (await grad?.tolist()) as number[];
      given.forEach((value, j) => {
        expect(Math.abs(value / expected[i][j] - 1)).toBeLessThan(0.03);
      });
    }
  });

  it('of Dirichlet and Beta too', async () => {
    manualSeed(2);
    const c = tensor([0.5, 2, 4]).requiresGrad_();
    const weights = tensor([1, 3, -2]);
    new Dirichlet(c).rsample([N]).mean(0).mul(weights).sum().backward();
    const again = tensor([0.5, 2, 4]).requiresGrad_();
    new Dirichlet(again).mean.mul(weights).sum().backward();
    const [given, expected] = (await Promise.all([c.grad?.tolist(), again.grad?.tolist()])) as number[][];
    given.forEach((value, j) => {
      expect(Math.abs(value - expected[j])).toBeLessThan(0.01);
    });
    const a = tensor(1.5).requiresGrad_();
    new Beta(a, 2.5).rsample([N]).mean().backward();
    // d a / (a + b) = b / (a + b)²
    expect(Math.abs(((await a.grad?.item()) ?? 0) - 2.5 / 16)).toBeLessThan(0.005);
  });
});
