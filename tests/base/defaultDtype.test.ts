// setDefaultDtype: which results have it in PyTorch 1.13 after torch.set_default_dtype(torch.float64).
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import * as k from '../../src';

const { arange, data, distributions, getDefaultDtype, nn, optim, setDefaultDtype, tensor } = k;

afterEach(() => {
  setDefaultDtype('float32');
});
afterAll(() => {
  k.shutdown();
});

const MADE: Readonly<Record<string, () => k.Tensor>> = {
  tensor: () => tensor([1, 2]),
  zeros: () => k.zeros(2),
  full: () => k.full([2], 7),
  'arange of fractions': () => arange(0, 1, 0.5),
  linspace: () => k.linspace(0, 1, 3),
  eye: () => k.eye(2),
  rand: () => k.rand(2),
  randn: () => k.randn(2),
  'int / int': () => arange(3).div(2),
  'int * fraction': () => arange(3).mul(0.5),
  'sqrt of int': () => arange(3).sqrt(),
  'logsumexp of int': () => arange(3).logsumexp(0),
  'cov of int': () => arange(3).cov(),
  'where of numbers': () => k.where(arange(3).gt(1), 0.5, 1),
  'a weight': () => new nn.Linear(1, 1).weight,
  'a sample': () => new distributions.Normal(0, 1).sample(),
  'collated fractions': () => data.defaultCollate([0.5, 1]),
};

describe('the default dtype', () => {
  it.each(Object.keys(MADE))('is that of %s', (name) => {
    for (const dtype of ['float32', 'float64', 'float32', 'float16'] as const) {
      setDefaultDtype(dtype);
      if (dtype === 'float16' && ['cov of int', 'a weight'].includes(name)) continue;
      expect([getDefaultDtype(), k.finfo().dtype, MADE[name]().dtype]).toEqual([dtype, dtype, dtype]);
    }
  });

  it('leaves what has a dtype, and is not printed', async () => {
    setDefaultDtype('float64');
    const x = tensor([1.5], { dtype: 'float32' });
    expect([x.mul(0.5).dtype, arange(3).dtype, tensor([true]).dtype]).toEqual(['float32', 'int64', 'bool']);
    expect([await tensor([1.5]).repr(), await x.repr()]).toEqual(['tensor([1.5000])', 'tensor([1.5000], dtype=torch.float32)']);
  }); // prettier-ignore

  it('trains', async () => {
    setDefaultDtype('float64');
    const p = new nn.Parameter(k.ones(2));
    for (const optimizer of [new optim.Adam([p], { lr: 0.25 }), new optim.Adafactor([p], { lr: 0.25 })]) {
      p.grad = null;
      p.mul(2).sum().backward();
      void optimizer.step();
      expect([p.dtype, optimizer.state.get(p)?.step.dtype]).toEqual(['float64', 'float32']);
    }
    expect(await p.isfinite().all().item()).toBe(1);
  });

  it('is a floating-point one', () => {
    expect(() => { setDefaultDtype('int64'); }).toThrow('setDefaultDtype: the dtype must be a floating-point one, got int64.'); // prettier-ignore
    expect(() => { setDefaultDtype('float' as never); }).toThrow('setDefaultDtype: d must be a dtype'); // prettier-ignore
  });
});

it('type() names the class or converts', async () => {
  const x = tensor([1.5, -2]);
  expect([x.type(), x.type('int64').type(), x.half().type(), x.type('torch.ByteTensor').dtype]).toEqual(['torch.FloatTensor', 'torch.LongTensor', 'torch.HalfTensor', 'uint8']); // prettier-ignore
  expect(await x.type({ dtype: 'torch.IntTensor' }).tolist()).toEqual([1, -2]);
  expect(() => x.type('torch.Float' as never)).toThrow("type: dtype must be 'torch.FloatTensor'");
});
