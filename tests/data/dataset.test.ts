import { describe, expect, expectTypeOf, it } from 'vitest';
import { data, fromArray, Generator, memory, ShapeError, tensor, type Tensor } from '../../src';

const { ArrayDataset, BatchSampler, collate, DataLoader, RandomSampler, randomSplit } = data;
const { SequentialSampler, Subset, SubsetRandomSampler, TensorDataset } = data;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const images = (): Tensor => fromArray(Uint8Array.from(range(24)), [6, 2, 2]);

describe('samplers', () => {
  it('draw with and without replacement', () => {
    const generator = new Generator(3);
    const some = [...new RandomSampler(range(5), { replacement: true, numSamples: 40, generator })];
    expect(some).toHaveLength(40);
    expect([...new Set(some)].sort()).toEqual(range(5));
    const twice = [...new RandomSampler(range(5), { numSamples: 12, generator })];
    expect([twice.slice(0, 5).sort(), twice.slice(5, 10).sort(), twice.length]).toEqual([range(5), range(5), 12]);
    expect([...new SubsetRandomSampler([7, 8, 9], generator)].sort()).toEqual([7, 8, 9]);
    expect([...new RandomSampler([])]).toEqual([]);
  });

  it('and datasets take all their arguments by name, the first too', async () => {
    const dataset = new ArrayDataset(range(6));
    const sampler = new RandomSampler({ dataSource: dataset, numSamples: 4, generator: new Generator(1) });
    expect(sampler.length).toBe(4);
    expect([...new SequentialSampler({ dataSource: range(2) })]).toEqual([0, 1]);
    expect([...new BatchSampler({ sampler: [0, 1, 2], batchSize: 2 })]).toEqual([[0, 1], [2]]);
    expect(new SubsetRandomSampler({ indices: [3] }).length).toBe(1);
    expect(await new Subset({ dataset, indices: [5] }).get(0)).toBe(5);
    expect(randomSplit({ dataset, lengths: [2, 4] }).map((part) => part.length)).toEqual([2, 4]);
    for await (const batch of new DataLoader({ dataset, batchSize: 6 })) expect(await batch.tolist()).toEqual(range(6));
  });

  it('know their lengths', () => {
    const sampler = new SequentialSampler(range(7));
    expect([new BatchSampler(sampler, 3).length, new BatchSampler(sampler, 3, true).length]).toEqual([3, 2]);
    expect(new RandomSampler(range(7), false, 3).length).toBe(3);
    expect(new SubsetRandomSampler([4, 5]).length).toBe(2);
  });
});

describe('datasets', () => {
  it('fetch a batch of tensors by rows', async () => {
    const dataset = new TensorDataset(images(), tensor(new Int32Array([5, 4, 3, 2, 1, 0])));
    expect(dataset.length).toBe(6);
    const [image, label] = dataset.get(1);
    expect([await image.tolist(), await label.item()]).toEqual([[[4, 5], [6, 7]], 4]); // prettier-ignore
    for await (const [x, y] of new DataLoader(dataset, { batchSize: 4, sampler: new SequentialSampler(range(3)) })) {
      expect([x.dtype, x.shape, y.dtype]).toEqual(['uint8', [3, 2, 2], 'int32']);
      expect(await x.select(0, 2).tolist()).toEqual([[8, 9], [10, 11]]); // prettier-ignore
      expect(await y.tolist()).toEqual([5, 4, 3]);
    }
  });

  it('take subsets of subsets', async () => {
    const inner = new Subset(new TensorDataset(images()), [5, 3, 1]);
    const outer = new Subset(inner, [2, 0]);
    const seen: unknown[] = [];
    for await (const [x] of new DataLoader(outer, 2)) seen.push(await x.select(1, 0).select(1, 0).tolist());
    expect(seen).toEqual([[4, 20]]);
  });

  it('are split by lengths or shares', () => {
    const dataset = new ArrayDataset(range(10));
    expect(randomSplit(dataset, [0.35, 0.65]).map((part) => part.length)).toEqual([4, 6]);
    expect(randomSplit(dataset, [10, 0]).map((part) => part.length)).toEqual([10, 0]);
    const wrong =
      "randomSplit: lengths must be integers that sum to the dataset's 10, or shares that sum to 1, got [3, 3].";
    expect(() => randomSplit(dataset, [3, 3])).toThrow(wrong);
    const halves = (): (readonly number[])[] => randomSplit(dataset, [5, 5], new Generator(1)).map((p) => p.indices);
    expect(halves()).toEqual(halves());
  });

  it('refuse tensors of different lengths', () => {
    expect(() => new TensorDataset(images(), tensor([1, 2]))).toThrow(ShapeError);
    expect(() => new TensorDataset(tensor(1))).toThrow('TensorDataset: all tensors must have the same first dimension');
  });

  it('keep memory bounded over epochs of a plain loop', async () => {
    const dataset = new TensorDataset(fromArray(new Uint8Array(1 << 20), [1024, 1024]));
    for (let epoch = 0; epoch < 100; epoch++) {
      for await (const [x] of new DataLoader(dataset, 256)) await x.narrow(0, 0, 1).data();
    }
    expect(memory().live).toBeLessThan(64 * 2 ** 20);
  });
});

describe('collate', () => {
  it.each([
    ['numbers with a fraction', [1, 2.5], 'float32', [1, 2.5]],
    ['whole numbers', [1, 2], 'int64', [1, 2]],
    ['bigints', [1n, 2n], 'int64', [1, 2]],
    ['booleans', [true, false], 'bool', [true, false]],
    ['typed arrays', [Uint8Array.of(1, 2), Uint8Array.of(3, 4)], 'uint8', [[1, 2], [3, 4]]], // prettier-ignore
    ['float64 arrays', [Float64Array.of(0.1), Float64Array.of(0.2)], 'float64', [[0.1], [0.2]]],
  ])('%s', async (_, samples, dtype, values) => {
    const batch = collate(samples as number[]);
    expect([batch.dtype, await batch.tolist()]).toEqual([dtype, values]);
  });

  it('tensors, arrays, objects and strings', async () => {
    const sample = (a: number, b: number, i: number, s: string) => ({
      x: tensor([a, b]),
      y: [i, s] as [number, string],
    });
    const batch = collate([sample(1, 2, 0, 'a'), sample(3, 4, 1, 'b')]);
    expectTypeOf(batch).toEqualTypeOf<{ x: Tensor; y: [Tensor, string[]] }>();
    expect(await batch.x.tolist()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
    expect([await batch.y[0].tolist(), batch.y[1]]).toEqual([
      [0, 1],
      ['a', 'b'],
    ]);
  });

  it('reads views of larger buffers', async () => {
    const whole = Float32Array.from(range(6));
    expect(await collate([whole.subarray(1, 3), whole.subarray(4, 6)]).tolist()).toEqual([[1, 2], [4, 5]]); // prettier-ignore
  });

  it.each([
    ['mixed kinds', [1, 'a'], 'collate: samples must be tensors, typed arrays, numbers'],
    ['null', [null], 'got null. Pass a collateFn to the loader.'],
    ['ragged arrays', [[1], [1, 2]], 'collate: samples must have as many items each, got 1 and 2.'],
    ['other keys', [{ a: 1 }, { b: 1 }], 'collate: samples must have the same items, got [a] and [b].'],
    ['two lengths', [Uint8Array.of(1), Uint8Array.of(1, 2)], 'got Uint8Array of 1 and Uint8Array of 2.'],
  ])('refuses %s', (_, samples, message) => {
    expect(() => collate(samples as number[])).toThrow(message);
  });
});
