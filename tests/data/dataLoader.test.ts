import { describe, expect, expectTypeOf, it } from 'vitest';
import { data, Generator, manualSeed, type Tensor } from '../../src';
import { readCases } from '../harness/conformance';

const { ArrayDataset, BatchSampler, DataLoader, Dataset, IterableDataset, randomSplit, SequentialSampler } = data;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

async function batchesOf(loader: AsyncIterable<Tensor>): Promise<unknown[]> {
  const batches: unknown[] = [];
  for await (const batch of loader) batches.push(await batch.tolist());
  return batches;
}

describe('order recorded from PyTorch', () => {
  interface Step {
    fn: string;
    args: [n: number, size: number | number[], seed?: number];
    epochs?: number[][][];
    expect: { epochs: number[][][]; indices: number[][] };
  }
  const cases = readCases<{ id: string; seed: number; steps: Step[] }>('rng/rng').flatMap(({ id, seed, steps }) =>
    steps.map((step) => ({ id, seed, ...step })),
  );
  const loaders = cases.filter(({ fn }) => fn.startsWith('DataLoader.order'));
  const splits = cases.filter(({ fn }) => fn === 'random_split');

  it('has cases', () => expect([loaders.length, splits.length]).toEqual([6, 3]));

  it.each(loaders)('$id $fn', async ({ seed, args: [n, batchSize, own], expect: { epochs } }) => {
    manualSeed(seed);
    const generator = own === undefined ? {} : { generator: new Generator(own) };
    const loader = new DataLoader(range(n), { batchSize: Number(batchSize), shuffle: true, ...generator });
    expect(loader.length).toBe(epochs[0].length);
    for (const epoch of epochs) expect(await batchesOf(loader)).toEqual(epoch);
  });

  it.each(splits)('$id $fn', ({ seed, args: [n, lengths], expect: { indices } }) => {
    manualSeed(seed);
    const parts = randomSplit(new ArrayDataset(range(n)), lengths as number[]);
    expect(parts.map((part) => part.indices)).toEqual(indices);
  });
});

describe('DataLoader', () => {
  it('cuts an epoch into batches', async () => {
    expect(await batchesOf(new DataLoader(range(5), 2))).toEqual([[0, 1], [2, 3], [4]]);
    const dropping = new DataLoader(range(5), { batchSize: 2, dropLast: true });
    expect([await batchesOf(dropping), dropping.length]).toEqual([[[0, 1], [2, 3]], 2]); // prettier-ignore
    expect(await batchesOf(new DataLoader(range(5), 5))).toEqual([range(5)]);
    expect(await batchesOf(new DataLoader(range(3)))).toEqual([[0], [1], [2]]);
    const none = new DataLoader([] as number[], { batchSize: 2, shuffle: true });
    expect([await batchesOf(none), none.length]).toEqual([[], 0]);
  });

  it.each([0, 1, 3])('begins %i batches ahead and no more', async (prefetch) => {
    const asked: number[] = [];
    class Counted extends Dataset<number> {
      readonly length = 6;
      get(index: number): number {
        asked.push(index);
        return index;
      }
    }
    const seen: unknown[] = [];
    for await (const batch of new DataLoader(new Counted(), { batchSize: 2, prefetch })) {
      seen.push(await batch.tolist());
      expect(asked.length).toBe(Math.min(6, 2 * (seen.length + prefetch)));
    }
    expect(seen).toEqual([[0, 1], [2, 3], [4, 5]]); // prettier-ignore
  });

  it('takes samples that arrive later', async () => {
    class Slow extends Dataset<readonly [Float32Array, number]> {
      readonly length = 3;
      async get(index: number): Promise<readonly [Float32Array, number]> {
        await new Promise((resolve) => setTimeout(resolve, 3 - index));
        return [Float32Array.of(index, index + 0.5), index];
      }
    }
    const pairs: unknown[] = [];
    for await (const [x, y] of new DataLoader(new Slow(), 2)) pairs.push([await x.tolist(), await y.tolist()]);
    expect(pairs).toEqual([[[[0, 0.5], [1, 1.5]], [0, 1]], [[[2, 2.5]], [2]]]); // prettier-ignore
  });

  it('uses a collateFn, with its own type', async () => {
    const loader = new DataLoader(['a', 'b', 'c'], { batchSize: 2, collateFn: (samples) => samples.join('') });
    const texts: string[] = [];
    for await (const text of loader) texts.push(text);
    expect(texts).toEqual(['ab', 'c']);
    expectTypeOf(loader[Symbol.asyncIterator]()).toEqualTypeOf<AsyncIterableIterator<string>>();
  });

  it('rejects with the error of a sample, and leaves nothing unhandled when the loop is left first', async () => {
    class Faulty extends Dataset<number> {
      readonly length = 4;
      get(index: number): Promise<number> {
        return index < 2 ? Promise.resolve(index) : Promise.reject(new Error(`no sample ${index}`));
      }
    }
    const loader = new DataLoader(new Faulty(), 2);
    await expect(batchesOf(loader)).rejects.toThrow('no sample 2');
    for await (const batch of loader) {
      expect(await batch.tolist()).toEqual([0, 1]);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('iterates over a stream in its own order, and closes it when left', async () => {
    let closed = 0;
    class Stream extends IterableDataset<number> {
      async *[Symbol.asyncIterator](): AsyncGenerator<number> {
        try {
          for (const i of [5, 3, 9]) yield await Promise.resolve(i);
        } finally {
          closed++;
        }
      }
    }
    expect(await batchesOf(new DataLoader(new Stream(), 2))).toEqual([[5, 3], [9]]);
    expect(await batchesOf(new DataLoader(new Stream(), { batchSize: 2, dropLast: true }))).toEqual([[5, 3]]);
    for await (const batch of new DataLoader(new Stream(), { prefetch: 0 })) {
      expect(await batch.item()).toBe(5);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed).toBe(3);
    expect(() => new DataLoader(new Stream()).length).toThrow('DataLoader: an iterable dataset has no length.');
    const shuffled = (): unknown => new DataLoader(new Stream(), { shuffle: true });
    expect(shuffled).toThrow('DataLoader: an iterable dataset has an order of its own');
  });

  it('takes samplers', async () => {
    const sampler = new SequentialSampler(range(3));
    expect(await batchesOf(new DataLoader(range(9), { batchSize: 2, sampler }))).toEqual([[0, 1], [2]]);
    const batchSampler = new BatchSampler(sampler, 3);
    expect(await batchesOf(new DataLoader(range(9), { batchSampler }))).toEqual([[0, 1, 2]]);
    const both = (): unknown => new DataLoader(range(9), { sampler, shuffle: true });
    expect(both).toThrow('DataLoader: sampler and shuffle exclude each other, got both.');
    const excluded = (): unknown => new DataLoader(range(9), { batchSampler, batchSize: 2 });
    expect(excluded).toThrow('DataLoader: batchSampler excludes batchSize, shuffle, sampler and dropLast');
  });

  it('refuses bad sizes', () => {
    expect(() => new DataLoader(range(3), 0)).toThrow(
      'DataLoader: batchSize must be a whole number of at least 1, got 0.',
    );
    const negative = (): unknown => new DataLoader(range(3), { prefetch: -1 });
    expect(negative).toThrow('DataLoader: prefetch must be a whole number of at least 0, got -1.');
  });

  it('lets the page breathe', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    for await (const batch of new DataLoader(range(300))) expect(batch.shape).toEqual([1]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});
