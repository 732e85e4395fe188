// Datasets made of others, and samplers by weight and those that have to be waited for.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { data, Generator, manualSeed, ShapeError, tensor, type Tensor } from '../../src';

const { ArrayDataset, BatchSampler, ChainDataset, ConcatDataset, DataLoader, IterableDataset } = data;
const { StackDataset, TensorDataset, WeightedRandomSampler } = data;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const array = <T>(...items: T[]): data.ArrayDataset<T> => new ArrayDataset(items);

class Counting extends IterableDataset<number> {
  constructor(readonly length: number) {
    super();
  }
  async *[Symbol.asyncIterator](): AsyncIterableIterator<number> {
    for (let i = 0; i < this.length; i++) yield Promise.resolve(i);
  }
}

async function batchesOf(loader: AsyncIterable<Tensor>): Promise<unknown[]> {
  const batches: unknown[] = [];
  for await (const batch of loader) batches.push(await batch.tolist());
  return batches;
}

describe('ConcatDataset', () => {
  const all = new ConcatDataset([array(1, 2), array(3), array<number>(), array(4, 5)]);

  it('has the samples of all, from either end', () => {
    expect([all.cumulativeSizes, all.length, all.get(-1), all.get(3)]).toEqual([[2, 3, 3, 5], 5, 5, 4]);
    expect(range(5).map((i) => all.get(i))).toEqual([1, 2, 3, 4, 5]);
    expectTypeOf(all.get(0)).toEqualTypeOf<number | Promise<number>>();
  });

  it('is loaded as one', async () => {
    expect(await batchesOf(new DataLoader(all, 2))).toEqual([[1, 2], [3, 4], [5]]);
    const rows = new ConcatDataset([new TensorDataset(tensor([1, 2])), new TensorDataset(tensor([3]))]);
    for await (const [x] of new DataLoader(rows, 3)) expect(await x.tolist()).toEqual([1, 2, 3]);
  });

  it('refuses none, and indices beyond', () => {
    expect(() => new ConcatDataset([])).toThrow('ConcatDataset: there must be at least one dataset, got none.');
    expect(() => all.get(5)).toThrow('ConcatDataset: an index must be in [-5, 4], got 5.');
    expect(() => all.get(-6)).toThrow(RangeError);
  });
});

describe('StackDataset', () => {
  it('puts samples side by side, in a list or by name', () => {
    const pairs = new StackDataset(array(1, 2), array('a', 'b'));
    expect([pairs.length, pairs.get(1)]).toEqual([2, [2, 'b']]);
    const named = new StackDataset({ x: array(1, 2), y: array('a', 'b') });
    expect(named.get(0)).toEqual({ x: 1, y: 'a' });
    expectTypeOf(pairs.get(0)).toEqualTypeOf<[number, string] | Promise<[number, string]>>();
    expectTypeOf(named.get(0)).toEqualTypeOf<{ x: number; y: string } | Promise<{ x: number; y: string }>>();
  });

  it('lets each dataset make its part of a batch', async () => {
    const later = { length: 3, get: (i: number) => Promise.resolve(i / 2) };
    const stacked = new StackDataset(new TensorDataset(tensor([1, 2, 3])), later, array('a', 'b', 'c'));
    const seen: unknown[] = [];
    for await (const [[x], half, text] of new DataLoader(stacked, 2)) {
      seen.push([await x.tolist(), await half.tolist(), text]);
    }
    expect(seen).toEqual([[[1, 2], [0, 0.5], ['a', 'b']], [[3], [1], ['c']]]); // prettier-ignore
    expect(await stacked.get(1)).toEqual([[expect.anything()], 0.5, 'b']);
    const named = new StackDataset({ x: array(1, 2), y: new TensorDataset(tensor([3, 4])) });
    for await (const { x, y } of new DataLoader(named, 2)) {
      expect([await x.tolist(), await y[0].tolist()]).toEqual([[1, 2], [3, 4]]); // prettier-ignore
    }
  });

  it('refuses none, other lengths and what is no dataset', () => {
    expect(() => new StackDataset()).toThrow('StackDataset: there must be at least one dataset, got none.');
    expect(() => new StackDataset({})).toThrow('at least one dataset');
    expect(() => new StackDataset(array(1), array(1, 2))).toThrow(
      'StackDataset: all datasets must have the same length, got [1, 2].',
    );
    // @ts-expect-error -- an array is no dataset
    expect(() => new StackDataset([1, 2])).toThrow('StackDataset: takes datasets, got');
  });
});

describe('ChainDataset', () => {
  it('gives one stream after the other, in every epoch', async () => {
    const chain = new ChainDataset([new Counting(2), new Counting(3)]);
    expect(chain.length).toBe(5);
    const loader = new DataLoader(chain, 2);
    for (const epoch of [1, 2]) expect([epoch, await batchesOf(loader)]).toEqual([epoch, [[0, 1], [0, 1], [2]]]); // prettier-ignore
    expectTypeOf(chain).toExtend<data.IterableDataset<number>>();
  });

  it('refuses what ends once, and has a length only if all have', async () => {
    const once = new Counting(2)[Symbol.asyncIterator]();
    const chain = new ChainDataset([once]);
    await expect(batchesOf(new DataLoader(chain))).rejects.toThrow('ChainDataset: each dataset must begin anew');
    expect(() => chain.length).toThrow('ChainDataset: each dataset must have a length');
  });

  it('closes the stream that it is left in', async () => {
    let isClosed = false;
    const endless = {
      async *[Symbol.asyncIterator]() {
        try {
          for (let i = 0; ; i++) yield Promise.resolve(i);
        } finally {
          isClosed = true;
        }
      },
    };
    for await (const i of new ChainDataset([endless])) if (i === 2) break;
    expect(isClosed).toBe(true);
  });
});

describe('WeightedRandomSampler', () => {
  // What PyTorch 1.13 draws for the seed, twice in a row.
  it.each([
    [[0.1, 0.9, 0.4, 0.7, 3, 0.6], 5, true, 0, [[5, 4, 4, 5, 4], [4, 2, 3, 4, 3]]],
    [[0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, false, 0, [[1, 4, 0, 2, 3], [0, 1, 3, 5, 4]]],
    [[1, 2, 3, 4], 12, true, 7, [[1, 1, 3, 3, 3, 3, 1, 2, 3, 3, 0, 0], [1, 0, 1, 3, 0, 3, 1, 3, 3, 3, 3, 2]]],
    [[1, 0, 3, 4], 3, false, 7, [[3, 0, 2], [2, 3, 0]]],
    [range(50).map((i) => (i % 7) + 1), 12, false, 1, [[5, 26, 25, 40, 41, 3, 17, 15, 0, 48, 47, 13]]],
  ])('draws what PyTorch draws: %j', async (weights, numSamples, replacement, seed, expected) => {
    const draws = (): data.WeightedRandomSampler =>
      new WeightedRandomSampler(weights, numSamples, replacement, new Generator(seed));
    const sampler = draws();
    expect(expected.map(() => [...sampler])).toEqual(expected);
    const loader = new DataLoader(range(weights.length), { batchSize: numSamples, sampler: draws() });
    const [first] = await batchesOf(loader);
    expect(new Set(first as number[]).size).toBe(new Set(expected[0]).size);
  }); // prettier-ignore

  it('draws from the default generator, and takes names', () => {
    manualSeed(3);
    expect([...new WeightedRandomSampler([1, 2, 3], { numSamples: 4 })]).toEqual([0, 1, 2, 1]);
    expect(new WeightedRandomSampler({ weights: [1, 0], numSamples: 2 }).length).toBe(2);
    expect(new ConcatDataset({ datasets: [array(1, 2)] }).length).toBe(2);
    expect(new WeightedRandomSampler(Float32Array.of(1, 2), 7, { replacement: true }).length).toBe(7);
  });

  it('reads weights from a tensor', async () => {
    const weights = tensor([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], { dtype: 'float64' });
    const sampler = new WeightedRandomSampler(weights, 5, false, new Generator(0));
    expect(await batchesOf(new DataLoader(range(6), { batchSize: 5, sampler }))).toEqual([[1, 4, 0, 2, 3]]);
    expect(() => [...sampler]).toThrow('WeightedRandomSampler: its indices have to be waited for.');
    const bad = new WeightedRandomSampler(tensor([1, -1]), 1);
    await expect(batchesOf(new DataLoader(range(2), { sampler: bad }))).rejects.toThrow('got -1 for sample 1');
  });

  it('refuses weights that are none', () => {
    expect(() => new WeightedRandomSampler([1, -2], 2)).toThrow(
      'WeightedRandomSampler: weights must be finite and at least 0, got -2 for sample 1.',
    );
    expect(() => new WeightedRandomSampler([1, NaN], 2)).toThrow('got NaN');
    expect(() => new WeightedRandomSampler([0, 0], 1)).toThrow('one weight at least must be above 0');
    expect(() => new WeightedRandomSampler([1, 2], 3, false)).toThrow('got 3 and 2');
    expect(() => new WeightedRandomSampler(tensor([[1, 2]]), 1)).toThrow(ShapeError);
  });
});

describe('async samplers', () => {
  const later = {
    length: 5,
    async *[Symbol.asyncIterator]() {
      for (const i of [3, 1, 4, 0, 2]) yield await Promise.resolve(i);
    },
  };

  it('are waited for, by batches too', async () => {
    const loader = new DataLoader(range(5), { batchSize: 2, sampler: later, prefetch: 3 });
    expect(loader.length).toBe(3);
    for (const epoch of [1, 2]) expect([epoch, await batchesOf(loader)]).toEqual([epoch, [[3, 1], [4, 0], [2]]]); // prettier-ignore
    const batchSampler = new BatchSampler(later, 2, true);
    expect(await batchesOf(new DataLoader(range(5), { batchSampler }))).toEqual([[3, 1], [4, 0]]); // prettier-ignore
    expect(() => [...batchSampler]).toThrow('BatchSampler: its indices have to be waited for.');
  });

  it('have batches begun ahead of each other', async () => {
    const begun: number[] = [];
    const dataset = { length: 5, get: (i: number) => (begun.push(i), Promise.resolve(i)) };
    for await (const batch of new DataLoader(dataset, { sampler: later, prefetch: 2 })) {
      expect(await batch.item()).toBe(3);
      break;
    }
    expect(begun).toEqual([3, 1, 4]);
  });

  it('must give whole numbers', async () => {
    const wrong = { length: 1, [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ value: 0.5, done: false }) }) }; // prettier-ignore
    await expect(batchesOf(new DataLoader(range(5), { sampler: wrong }))).rejects.toThrow('what a sampler gives');
  });
});
