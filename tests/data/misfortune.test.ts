// Loaders of datasets that go wrong: each ends clearly, and the next epoch works.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { data, scope, tensor, type Tensor } from '../../src';

const { DataLoader, Dataset, IterableDataset, randomSplit, Subset, TensorDataset } = data;

const make = (...args: unknown[]): data.DataLoader<unknown, unknown> =>
  Reflect.construct(DataLoader, args) as data.DataLoader<unknown, unknown>;
const epoch = async (loader: AsyncIterable<unknown>): Promise<unknown[]> => {
  const batches: unknown[] = [];
  for await (const batch of loader) batches.push(await (batch as Tensor).tolist());
  return batches;
};

class Numbers extends Dataset<number> {
  constructor(
    readonly length: number,
    readonly item: (index: number) => number | Promise<number> = (index) => index,
  ) {
    super();
  }
  get(index: number): number | Promise<number> {
    return this.item(index);
  }
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a dataset', () => {
  const get = (index: number): number => index;
  const noDataset =
    'DataLoader: the dataset must be an array, a Dataset with get and length, or an IterableDataset, got';
  it.each<[string, unknown, string]>([
    [
      'is there',
      undefined,
      'DataLoader: dataset must be an array, a Dataset with get and length, or an IterableDataset, got nothing.',
    ],
    ['is none of text', 'abc', `${noDataset} 'abc'.`],
    ['is no Map', new Map(), `${noDataset} a Map.`],
    ['is no function', () => 1, `${noDataset} the function`],
    [
      'has a length',
      { get },
      'DataLoader: the dataset must have a length, a whole number of at least 0, got undefined.',
    ],
    ['has a length that is a number', new Numbers(NaN), 'got number NaN.'],
    ['has a whole length', new Numbers(1.5), 'got number 1.5.'],
    ['has a length of at least 0', new Numbers(-1), 'got number -1.'],
    ['has an end', new Numbers(Infinity), 'got number Infinity.'],
    ['has no function for a length', { get, length: () => 3 }, 'got the function length.'],
  ])('%s', (_, dataset, message) => {
    for (const shuffle of [false, true]) expect(() => make(dataset, { shuffle })).toThrow(message);
  });

  it('may be any object of the form, or a typed array', async () => {
    expect(await epoch(make({ get, length: 3 }, 2))).toEqual([[0, 1], [2]]);
    expect(await epoch(make(Uint8Array.of(5, 6)))).toEqual([[5], [6]]);
    const stream = { async *[Symbol.asyncIterator]() { yield await Promise.resolve(1); } }; // prettier-ignore
    const loader = make(stream);
    for (let i = 0; i < 2; i++) expect(await epoch(loader)).toEqual([[1]]);
  });

  it('whose length is lost is told of at the next epoch', async () => {
    const dataset = new Numbers(2);
    const loader = make(dataset, { shuffle: true });
    Object.assign(dataset, { length: NaN });
    await expect(epoch(loader)).rejects.toThrow('RandomSampler: the dataset must have a length');
    Object.assign(dataset, { length: 2 });
    expect((await epoch(loader)).flat().sort()).toEqual([0, 1]);
  });

  it('needs no length where a sampler has the indices', async () => {
    expect(await epoch(make({ get }, { sampler: [2, 0] }))).toEqual([[2], [0]]);
    expect(await epoch(make({ get }, { batchSampler: [[2, 0]] }))).toEqual([[2, 0]]);
  });

  it('is asked for whole numbers', async () => {
    await expect(epoch(make({ get }, { sampler: ['1'] }))).rejects.toThrow("DataLoader: what a sampler gives must be a whole number, got '1'."); // prettier-ignore
    await expect(epoch(make({ get }, { batchSampler: [[NaN]] }))).rejects.toThrow('must be a whole number, got NaN.');
  });

  it('must begin anew: iterators end once', () => {
    const once = (function* () { yield 1; })(); // prettier-ignore
    const onceAsync = (async function* () { yield await Promise.resolve(1); })(); // prettier-ignore
    expect(() => make([1], { sampler: once })).toThrow('DataLoader: a sampler must begin anew in every epoch');
    expect(() => make(onceAsync)).toThrow('DataLoader: an iterable dataset must begin anew in every epoch');
  });
});

describe('items', () => {
  it.each<[string, () => number | Promise<number>]>([
    ['throw', () => { throw new Error('broken'); }], // prettier-ignore
    ['reject', () => Promise.reject(new Error('broken'))],
  ])('that %s end the epoch where they are', async (_, fail) => {
    let isBroken = true;
    const loader = make(new Numbers(4, (index) => (index === 2 && isBroken ? fail() : index)));
    const seen: unknown[] = [];
    const run = async (): Promise<void> => {
      for await (const batch of loader) seen.push(await (batch as Tensor).tolist());
    };
    await expect(run()).rejects.toThrow(/^broken$/);
    expect(seen).toEqual([[0], [1]]);
    isBroken = false;
    expect(await epoch(loader)).toEqual([[0], [1], [2], [3]]);
  });

  it('that never come are an error after the timeout, and the next epoch works', async () => {
    let comes = false;
    const item = (index: number): number | Promise<number> => (index === 1 && !comes ? new Promise(() => undefined) : index); // prettier-ignore
    const loader = make(new Numbers(3, item), { timeout: 0.05 });
    await expect(epoch(loader)).rejects.toThrow(
      'DataLoader: a batch must come within 0.05 s, got none for batch 1. A sample of the dataset, or collateFn, does not end.',
    );
    comes = true;
    expect(await epoch(loader)).toEqual([[0], [1], [2]]);
  });

  it('that never come of a stream, or of collateFn, too', async () => {
    const stream = { async *[Symbol.asyncIterator]() { yield await new Promise(() => undefined); } }; // prettier-ignore
    await expect(epoch(make(stream, { timeout: 0.05 }))).rejects.toThrow('got none for batch 0.');
    const collateFn = (): Promise<never> => new Promise(() => undefined);
    await expect(epoch(make([1], { collateFn, timeout: 0.05 }))).rejects.toThrow('got none for batch 0.');
  });

  it('that never come are told of, and can be left', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const iterator = make(new Numbers(2, () => new Promise(() => undefined)))[Symbol.asyncIterator]();
    void iterator.next();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(warn.mock.calls).toEqual([['DataLoader: batch 0 has not come for 30 s. Set timeout to end such a wait.']]);
    warn.mockRestore();
  });

  it.each<[string, unknown[], string]>([
    ['tensors', [tensor([1, 2]), tensor([1])], 'collate: '],
    ['arrays', [[1, 2], [1]], 'collate: samples must have as many items each, got 2 and 1. Pad them'],
    [
      'typed arrays',
      [Float32Array.of(1), Float32Array.of(1, 2)],
      'collate: typed arrays must be of one kind and length',
    ],
    ['objects', [{ a: 1 }, { b: 1 }], 'collate: samples must have the same items, got [a] and [b].'],
    ['kinds', [1, 'a'], "got number 1 and 'a'. Pass a collateFn"],
    ['nothing', [undefined, 1], 'got undefined and number 1. Pass a collateFn'],
  ])('of ragged %s are told of', async (_, items, message) => {
    await expect(epoch(make(items, items.length))).rejects.toThrow(message);
  });

  it('that are not there are told of', async () => {
    await expect(epoch(make([1, 2], { sampler: [0, 2] }))).rejects.toThrow(
      'ArrayDataset: an index must be a whole number in [0, 1], got number 2.',
    );
    const rows = new TensorDataset(tensor([1, 2]));
    await expect(epoch(make(rows, { batchSampler: [[0.5]] }))).rejects.toThrow(
      'DataLoader: what a sampler gives must be a whole number, got 0.5.',
    );
    await expect(epoch(make(rows, { batchSampler: [3] }))).rejects.toThrow(
      'DataLoader: batchSampler must give arrays of indices, got number 3.',
    );
    expect(() => new Subset(new Numbers(3), [0]).get(1)).toThrow('Subset: an index must be a whole number in [0, 0]');
  });
});

describe('collateFn', () => {
  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'DataLoader: collateFn must return a batch, got undefined.'],
    ['a promise of nothing', () => Promise.resolve(undefined), 'DataLoader: collateFn must return a batch, got undefined.'], // prettier-ignore
    ['freed tensors', () => { const made: Tensor[] = []; scope(() => void made.push(tensor([1]))); return made; }, 'DataLoader: collateFn: '], // prettier-ignore
  ])('that gives %s is told of', async (_, collateFn, message) => {
    await expect(epoch(make([1, 2], { collateFn }))).rejects.toThrow(message);
  });
});

describe('iterators', () => {
  it('that are left early close the stream, and the next epoch works', async () => {
    let closed = 0;
    class Stream extends IterableDataset<number> {
      async *[Symbol.asyncIterator](): AsyncIterator<number> {
        try {
          for (let i = 0; i < 4; i++) yield await Promise.resolve(i);
        } finally {
          closed++;
        }
      }
    }
    const loader = make(new Stream(), { batchSize: 2 });
    for await (const batch of loader) {
      expect(await (batch as Tensor).tolist()).toEqual([0, 1]);
      break;
    }
    await vi.waitFor(() => expect(closed).toBe(1));
    expect(await epoch(loader)).toEqual([[0, 1], [2, 3]]); // prettier-ignore
  });

  it('at the same time have an order each', async () => {
    const loader = make(new Numbers(20), { batchSize: 3, shuffle: true });
    const both = await Promise.all([epoch(loader), epoch(loader)]);
    for (const batches of both) {
      expect(batches.flat().sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
  });
});

describe('misuse', () => {
  it.each<[string, () => unknown, string]>([
    ['shuffle', () => make([1], { shuffle: 'false' }), "DataLoader: shuffle must be true or false, got 'false'."],
    ['sampler', () => make([1], { sampler: 5 }), 'DataLoader: sampler must be a Sampler, got 5.'],
    ['collateFn', () => make([1], { collateFn: [] }), 'DataLoader: collateFn must be a function, got [].'],
    ['generator', () => make([1], { generator: 5 }), 'DataLoader: generator must be a Generator, got 5.'],
    ['timeout', () => make([1], { timeout: -1 }), 'DataLoader: timeout must be a number of seconds of at least 0, got -1.'], // prettier-ignore
    [
      'an option of processes',
      () => make([1], { multiprocessingContext: 'fork' }),
      "DataLoader: no option is called 'multiprocessingContext'.",
    ],
    ['collate', () => Reflect.apply(data.collate, null, [5]) as unknown, 'collate: samples must be an array of samples, got 5.'], // prettier-ignore
    ['collate of nothing', () => data.collate([]), 'collate: a batch must have at least one sample, got none.'],
    ['TensorDataset', () => Reflect.construct(TensorDataset, [undefined]) as unknown, 'TensorDataset: takes tensors, got undefined.'], // prettier-ignore
    ['Subset', () => Reflect.construct(Subset, [new Numbers(3), 5]) as unknown, 'Subset: indices must be a list, each a whole number, got 5.'], // prettier-ignore
    ['randomSplit', () => randomSplit(new Numbers(NaN), [1]), 'randomSplit: the dataset must have a length'],
    ['randomSplit without lengths', () => Reflect.apply(randomSplit, null, [new Numbers(3)]) as unknown, 'randomSplit: lengths must be a list, each a number, got nothing.'], // prettier-ignore
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });
});
