// float16, bfloat16, int8 and int16 against what PyTorch gave (record.py), and what only kindling has: data() and bits.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  finfo,
  float16,
  fromArray,
  iinfo,
  memory,
  nn,
  optim,
  promoteTypes,
  resultType,
  shutdown,
  synchronize,
  tensor,
  zeros,
  type DType,
} from '../../src';
import { decodeHalf, encodeHalf, roundHalf } from '../../src/base/half';
import type { AnyCase, RecordedTensor } from '../conformance/cases';
import { folderAt } from '../conformance/folder';
import { runCase } from '../conformance/runner';
import { decode } from '../conformance/values';

interface Recorded {
  readonly promotions: {
    readonly dtypes: readonly DType[];
    readonly tensors: Readonly<Record<DType, readonly DType[]>>;
    readonly withoutDimensions: Readonly<Record<DType, readonly DType[]>>;
    readonly scalars: Readonly<Record<DType, readonly DType[]>>;
    readonly scalarsAlone: Readonly<Record<DType, readonly DType[]>>;
  };
  /** bits, max, min, eps, tiny, resolution. */
  readonly floats: Readonly<Record<string, readonly number[]>>;
  /** bits, max, min. */
  readonly integers: Readonly<Record<string, readonly number[]>>;
  readonly printed: Readonly<Record<string, readonly [RecordedTensor, string]>>;
  readonly cases: readonly AnyCase[];
}

const recorded = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Recorded;
const HALVES = ['float16', 'bfloat16'] as const;

afterAll(() => shutdown());

describe('promotion', () => {
  const { dtypes, tensors, withoutDimensions, scalars, scalarsAlone } = recorded.promotions;
  it.each(dtypes)('of %s is PyTorch’s', (a) => {
    const whole = { dtype: a, shape: [2] };
    const single = { dtype: a, shape: [] };
    expect(dtypes.map((b) => promoteTypes(a, b))).toEqual(tensors[a]);
    expect(dtypes.map((b) => resultType(whole, { dtype: b, shape: [] }))).toEqual(withoutDimensions[a]);
    expect([true, 2, 1.5].map((number) => resultType(whole, number))).toEqual(scalars[a]);
    expect([true, 2, 1.5].map((number) => resultType(single, number))).toEqual(scalarsAlone[a]);
  });
});

describe('operations', () => {
  const families = new Map<string, AnyCase[]>();
  for (const one of recorded.cases) {
    const family = one.id.slice(0, one.id.lastIndexOf('/'));
    families.set(family, [...(families.get(family) ?? []), one]);
  }
  it.each([...families])('%s', async (_family, cases) => {
    for (const one of cases) {
      const { state, detail } = await runCase(one, { folder: folderAt(''), at: '' });
      expect(`${state} ${detail}`).toBe('passed ');
    }
  });
});

describe('limits', () => {
  it('are PyTorch’s', () => {
    for (const [dtype, row] of Object.entries(recorded.floats)) {
      const { bits, max, min, eps, tiny, smallestNormal, resolution } = finfo(dtype as DType);
      expect([bits, max, min, eps, tiny, resolution]).toEqual(row);
      expect(smallestNormal).toBe(tiny);
    }
    for (const [dtype, row] of Object.entries(recorded.integers)) {
      const { bits, max, min } = iinfo(dtype as DType);
      expect([bits, max, min]).toEqual(row);
    }
    expect(() => finfo('int8')).toThrow('finfo: dtype must be a floating-point one, got int8.');
    expect(() => iinfo('float16')).toThrow('iinfo: dtype must be an integer one, got float16.');
  });

  it('are what infinities become', async () => {
    const values = tensor([Infinity, -Infinity, NaN]);
    expect(await values.half().nanToNum().tolist()).toEqual([65504, -65504, 0]);
    expect(await values.bfloat16().nanToNum().tolist()).toEqual([finfo('bfloat16').max, finfo('bfloat16').min, 0]);
  });
});

describe('printing', () => {
  it.each(Object.entries(recorded.printed))('of %s is PyTorch’s', async (dtype, [values, text]) => {
    const x = fromArray(decode(values), values.shape, { dtype: dtype as DType });
    expect(await x.repr()).toBe(text);
  });
});

describe('bits', () => {
  it.each(HALVES)('of every %s are kept on the page and on the device', async (dtype) => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = decodeHalf(dtype, all.buffer);
    // The bits of a NaN are its own business.
    const plain = (bits: Uint16Array): Uint16Array => bits.map((b, i) => (Number.isNaN(values[i]) ? 1 : b));
    const expected = plain(all);
    expect(plain(encodeHalf(dtype, values))).toEqual(expected);
    const x = fromArray(values, [256, 256]).to(dtype);
    expect(plain(new Uint16Array(await x.bytes()))).toEqual(expected);
    expect(await x.float().data()).toEqual(values);
    const turned = await x.t().clone().t().contiguous().bytes();
    expect(plain(new Uint16Array(turned))).toEqual(expected);
  });

  it.each(HALVES)('rounds to %s alike on the page and on the device', async (dtype) => {
    const words = Uint32Array.from({ length: 60000 }, (_, i) => Math.imul(i, 71583) + (i % 7 === 0 ? 0x1000 : 0));
    const values = new Float32Array(words.buffer);
    const onDevice = await fromArray(values, [values.length]).to(dtype).data();
    expect(onDevice).toEqual(values.map((value) => roundHalf(dtype, value)));
  });

  it.each([1, 3, 4, 5, 16, 17, 1000, 1027])('is right at %i elements', async (n) => {
    const values = Float32Array.from({ length: n }, (_, i) => Math.sin(i) * 100);
    for (const dtype of ['int8', 'int16', 'float16', 'bfloat16'] as const) {
      const x = fromArray(values, [n]).to(dtype);
      const own = Array.from((await x.data()) as Float32Array);
      expect(await x.flip(0).tolist()).toEqual(own.toReversed());
      expect(await zeros([n, 2], { dtype }).add(x.unsqueeze(1)).tolist()).toEqual(own.map((value) => [value, value]));
    }
  });
});

describe('a tensor', () => {
  it('takes the dtype of its typed array', async () => {
    expect(
      (
        await tensor(new Int8Array([-1]))
          .add(1)
          .repr()
      ).toString(),
    ).toBe('tensor([0], dtype=torch.int8)');
    expect(tensor(new Int16Array([1])).dtype).toBe('int16');
    expect(await tensor([1, 1 / 3], { dtype: float16 }).data()).toEqual(new Float32Array([1, 0.333251953125]));
  });

  it('of int8 wraps around', async () => {
    const x = tensor([100, -128, 3], { dtype: 'int8' });
    expect(await x.add(x).tolist()).toEqual([-56, 0, 6]);
    expect(await x.neg().tolist()).toEqual([-100, -128, -3]);
    expect(await x.mul(x).gt(0).tolist()).toEqual([true, false, true]);
  });
});

describe('gradients', () => {
  it('go back through casts in the dtype of the leaf', async () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    x.half().mul(0.1).sum().backward();
    expect(x.grad?.dtype).toBe('float32');
    expect(await x.grad?.tolist()).toEqual(Array(3).fill(roundHalf('float16', 0.1)));
  });

  it.each(HALVES)('of a network of %s are of its dtype, and it learns', async (dtype) => {
    const net = new nn.Sequential(new nn.Linear(2, 16), new nn.LayerNorm(16), new nn.Tanh(), new nn.Linear(16, 1)).to(
      dtype,
    );
    const optimizer = new optim.Adam(net.parameters(), { lr: 0.02 });
    const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]], { dtype }); // prettier-ignore
    const y = tensor([[0], [1], [1], [0]], { dtype });
    const lossOf = () => nn.functional.mseLoss(net(x), y);
    for (let step = 0; step < 150; step++) {
      optimizer.zeroGrad();
      lossOf().backward();
      optimizer.step();
    }
    for (const parameter of net.parameters()) expect([parameter.dtype, parameter.grad?.dtype]).toEqual([dtype, dtype]);
    expect(await lossOf().item()).toBeLessThan(0.02);
  });
});

describe('memory', () => {
  it('of a kernel in between is given back', async () => {
    const x = zeros([256, 256], { dtype: 'float16' });
    const product = x.matmul(x);
    await product.data();
    const before = memory().live;
    await product.matmul(x).data();
    await synchronize();
    expect(memory().live - before).toBeLessThanOrEqual(2 * 256 * 256);
  });
});
