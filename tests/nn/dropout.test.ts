// What dropouts and randomized slopes draw; that they are the identity in evaluation is in the conformance cases.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { manualSeed, nn, ones, randn, shutdown, type Tensor } from '../../src';

const F = nn.functional;

beforeEach(() => void manualSeed(3));
afterAll(() => {
  shutdown();
});

/** The distinct values among all, in ascending order. */
async function distinct(x: Tensor): Promise<number[]> {
  return [...new Set(Array.from(await x.data(), Number))].sort((a, b) => a - b);
}

describe('channel dropout', () => {
  it('drops whole channels and scales the others', async () => {
    const layers = [new nn.Dropout1d(0.25), new nn.Dropout2d(0.25), new nn.Dropout3d(0.25)];
    for (const [i, layer] of layers.entries()) {
      const y = layer(ones([40, 50, ...new Array<number>(i + 1).fill(2)]));
      expect(await distinct(y)).toEqual([0, Math.fround(4 / 3)]);
      const channels = y.reshape(40, 50, -1);
      expect(await channels.amax(2).eq(channels.amin(2)).all().item()).toBeTruthy();
      expect(Math.abs((await y.mean().item()) - 1)).toBeLessThan(0.05);
    }
  });

  it('takes inputs without a batch dimension', async () => {
    const y = F.dropout1d(ones(300, 4), 0.5);
    expect(await distinct(y.mean(1))).toEqual([0, 2]);
    expect(await distinct(F.dropout3d(ones(300, 2, 1, 1), 0.5).mean([1, 2, 3]))).toEqual([0, 2]);
    expect(() => F.dropout1d(ones(4))).toThrow('dropout1d: input must be [N, C, L] or [C, L], got [4].');
  });

  it('writes over its input where asked to', async () => {
    const x = ones(2, 300, 2);
    expect(F.dropout1d(x, { inplace: true })).toBe(x);
    expect(await distinct(x)).toEqual([0, 2]);
    const sample = ones(300, 2);
    expect(F.dropout1d(sample, { inplace: true })).toBe(sample);
    expect(await distinct(sample)).toEqual([0, 2]);
  });
});

describe('alpha dropout', () => {
  it('keeps mean 0 and variance 1', async () => {
    const x = randn(200, 200);
    for (const y of [F.alphaDropout(x, 0.3, true), F.featureAlphaDropout(x, 0.3, true)]) {
      expect(Math.abs(await y.mean().item())).toBeLessThan(0.03);
      expect(Math.abs((await y.std().item()) - 1)).toBeLessThan(0.03);
    }
  });

  it('drops whole channels', async () => {
    const y = new nn.FeatureAlphaDropout(0.5)(ones(4, 50, 3));
    expect(await y.amax(2).eq(y.amin(2)).all().item()).toBeTruthy();
    expect(await distinct(y)).toHaveLength(2);
  });
});

describe('RReLU', () => {
  it('draws a slope for each negative element, which is the gradient too', async () => {
    const x = randn(1000).requiresGrad_();
    const y = new nn.RReLU(0.1, 0.3)(x);
    y.sum().backward();
    const slope = y.div(x);
    const negative = x.lt(0);
    expect(
      await slope
        .sub(x.grad as Tensor)
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-6);
    const drawn = Array.from(await slope.data(), Number).filter((s) => s < 0.5);
    expect(drawn).toHaveLength(await negative.sum().item());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0.0999);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(0.3001);
    expect(new Set(drawn).size).toBeGreaterThan(drawn.length / 2);
    expect(() => F.rrelu(x, 0.5, 0.1, true)).toThrow('rrelu: lower must be at most upper, got 0.5 and 0.1.');
  });
});
