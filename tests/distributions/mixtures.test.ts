// Mixtures of components against PyTorch 1.13: torch.distributions.MixtureSameFamily, with float64 as default dtype.
import { describe, expect, it } from 'vitest';
import { distributions, manualSeed, tensor, type Tensor } from '../../src';

const { Categorical, Independent, MixtureSameFamily, Normal } = distributions;

const double = (values: number[] | number[][]): Tensor => tensor(values, { dtype: 'float64' });

async function expectClose(x: Tensor | null, expected: readonly (number | readonly number[])[]): Promise<void> {
  const values = Array.from((await x?.data()) ?? [], Number);
  expect(values.length).toBe(expected.flat().length);
  values.forEach((value, i) => {
    expect(Math.abs(value - expected.flat()[i])).toBeLessThan(1e-11);
  });
}

describe('MixtureSameFamily', () => {
  it('of numbers, in a batch', async () => {
    const loc = double([[0, -1.5, 3], [1, 2, -2]]).requiresGrad_(); // prettier-ignore
    const mixture = new Categorical(double([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])); // prettier-ignore
    const d = new MixtureSameFamily(mixture, new Normal(loc, double([1, 0.25, 4])));
    expect([d.batchShape, d.eventShape, d.hasRsample]).toEqual([[2], [], false]);
    await expectClose(d.mean, [1.7999999999999996, 0.5]);
    await expectClose(d.variance, [14.822500000000002, 6.765625]);
    const value = double([[0.5, -1], [2, 3]]); // prettier-ignore
    await expectClose(d.cdf(value), [[0.4553361164614915, 0.16105164739482053], [0.5786305588271354, 0.9622045727987383]]); // prettier-ignore
    const logProb = d.logProb(value);
    await expectClose(logProb, [[-2.379091454047135, -2.9727535081411034], [-2.6163919027826363, -3.2559319680956857]]); // prettier-ignore
    logProb.sum().backward();
    await expectClose(loc.grad, [[0.33781566060167445, 1.3962169328007166e-12, -0.15474764528602442], [0.3454405386488757, 0.05555299533826975, 0.1220731471868069]]); // prettier-ignore
    manualSeed(11);
    await expectClose(d.sample([2]), [[-1.5674048916180365, 2.112604449961732], [2.062862444043227, 2.0411996105237824]]); // prettier-ignore
  });

  it('of vectors', async () => {
    const loc = double([[0, 1], [2, -1]]); // prettier-ignore
    const d = new MixtureSameFamily(new Categorical(double([1, 3])), new Independent(new Normal(loc, 1), 1));
    expect([d.batchShape, d.eventShape]).toEqual([[], [2]]);
    await expectClose(d.mean, [1.5, -0.5]);
    await expectClose(d.variance, [1.75, 1.75]);
    await expectClose(d.logProb(double([[0.5, 0.5], [2, -1]])), [-3.133418473616105, -2.1194724872020454]); // prettier-ignore
    manualSeed(11);
    await expectClose(d.sample([2]), [[-0.6995416095669134, -0.3022973799235349], [2.450417799846928, -1.9568334238175673]]); // prettier-ignore
    expect(d.expand([3]).sample([4]).shape).toEqual([4, 3, 2]);
  });

  it('refuses other numbers of components, and values outside', async () => {
    const mixture = new Categorical(double([1, 3]));
    expect(() => new MixtureSameFamily(mixture, new Normal(double([1, 2, 3]), 1))).toThrow(
      'MixtureSameFamily: the batch of the components must be that of the mixture with its 2 components, got [3] for [].',
    );
    const d = new MixtureSameFamily(mixture, new distributions.Exponential(double([1, 2])));
    await expect(d.logProb(-1).item()).rejects.toThrow('Exponential.logProb');
  });
});
