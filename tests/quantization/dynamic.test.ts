// Dynamic quantization, as PyTorch 1.13 (recorded.json, by record.py).
import { describe, expect, it } from 'vitest';
import { ao, nn, randint, randn, tensor, type Tensor } from '../../src';
import { integerProduct } from '../../src/quantization/integerProduct';
import recorded from './recorded.json';

const { quantizeDynamic, DynamicQuantizedLinear } = ao.quantization;
const { dynamic } = recorded;
const network = (): nn.Sequential => {
  const net = new nn.Sequential(new nn.Linear(6, 5), new nn.ReLU(), new nn.Linear(5, 3));
  net.loadStateDict(Object.fromEntries(Object.entries(dynamic.state).map(([key, value]) => [key, tensor(value)])));
  return net;
};
const close = async (y: Tensor, expected: readonly (readonly number[])[]): Promise<void> => {
  const found = Array.from(await y.data(), Number);
  const wanted = expected.flat();
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, i) => { expect(Math.abs(value - wanted[i])).toBeLessThanOrEqual(1e-6); }); // prettier-ignore
};

describe('quantizeDynamic', () => {
  it('has PyTorch’s integers, scales and text', async () => {
    const net = network();
    const q = quantizeDynamic(net, { Linear: nn.Linear });
    expect(q.toString()).toBe(dynamic.repr);
    const layers = q.modules().filter((module) => module instanceof DynamicQuantizedLinear);
    expect(layers).toHaveLength(2);
    for (const [i, layer] of layers.entries()) {
      expect(await layer.quantizedWeight().intRepr().tolist()).toEqual(dynamic.integers[i]);
      expect(await layer.quantizedWeight().qScale()).toBe(dynamic.scales[i]);
    }
    expect(net.toString()).toContain('Linear(in_features=6, out_features=5, bias=True)');
    expect(net.toString()).not.toContain('Dynamic');
  });

  it('computes what PyTorch computes in 7 bits', async () => {
    await close(quantizeDynamic(network())(tensor(dynamic.x)), dynamic.onednn);
  });

  it('saves and loads', async () => {
    const q = quantizeDynamic(network());
    expect(Object.keys(q.stateDict())).toEqual(['0.weight', '0.weight_scale', '0.bias', '2.weight', '2.weight_scale', '2.bias']); // prettier-ignore
    const other = quantizeDynamic(new nn.Sequential(new nn.Linear(6, 5), new nn.ReLU(), new nn.Linear(5, 3)));
    other.loadStateDict(q.stateDict());
    expect(await other(tensor(dynamic.x)).tolist()).toEqual(await q(tensor(dynamic.x)).tolist());
  });

  it('changes the model itself if told so, takes more dimensions and no elements, and gives no gradient', async () => {
    const net = network();
    expect(quantizeDynamic(net, { inplace: true })).toBe(net);
    const y = net(randn(2, 3, 6, { requiresGrad: true }));
    expect([y.shape, y.requiresGrad]).toEqual([[2, 3, 3], false]);
    expect(net(randn(0, 6)).shape).toEqual([0, 3]);
    // Of a range without extent too.
    expect(
      await net(tensor([[0, 0, 0, 0, 0, 0]]))
        .isfinite()
        .tolist(),
    ).toEqual([[true, true, true]]);
  });

  it('refuses what it cannot quantize', () => {
    expect(() => quantizeDynamic(network(), { Conv2d: nn.Conv2d })).toThrow('(Linear), got Conv2d.');
    expect(() => quantizeDynamic(new nn.Linear(2, 3))).toThrow('Wrap it: new nn.Sequential(linear).');
    expect(() => quantizeDynamic(network())(randn(2, 5))).toThrow('the last dimension of the input must be 6, got [2, 5].');
    expect(() => quantizeDynamic(network())(randn(2, 6, { dtype: 'float64' }))).toThrow('must be float32, got float64.');
  }); // prettier-ignore
});

describe('integerProduct', () => {
  it.each([1, 3, 513, 515, 2000])('is exact for %i products', async (k) => {
    const [a, b] = [randint(-255, 256, [3, k]), randint(-128, 128, [2, k])];
    const exact = await a.to('float64').matmul(b.to('float64').t()).tolist();
    const found = integerProduct(a.to('float32'), b.to('float32'), 255 * 128);
    expect(await found.tolist()).toEqual((exact as number[][]).map((row) => row.map(Math.fround)));
  });

  it('is exact where every product is the greatest', async () => {
    const [a, b] = [tensor(Array<number>(4097).fill(255)).reshape(1, -1), tensor(Array<number>(4097).fill(-128)).reshape(1, -1)];
    expect(await integerProduct(a, b, 255 * 128).tolist()).toEqual([[-Math.fround(4097 * 255 * 128)]]);
  });
}); // prettier-ignore
