// Look-up tables beyond the recorded cases: what changes the table, what is only known at the read, printing.
import { afterAll, describe, expect, it } from 'vitest';
import { arange, memory, nn, randint, randn, shutdown, tensor } from '../../src';

const F = nn.functional;
afterAll(() => {
  shutdown();
});

const indices = (...values: number[]) => tensor(values, { dtype: 'int64' });

describe('Embedding', () => {
  it('scales rows that are looked up, and no others', async () => {
    const table = nn.Embedding.fromPretrained(tensor([[3, 4], [3, 4], [0.3, 0.4]]), { maxNorm: 1 }); // prettier-ignore
    const rows = await table(indices(0, 2, 0)).tolist<number[][]>();
    expect(rows[0][0]).toBeCloseTo(0.6);
    expect(rows[1][0]).toBeCloseTo(0.3);
    const weights = await table.weight.tolist<number[][]>();
    expect(weights[1]).toEqual([3, 4]);
    expect(weights[0][1]).toBeCloseTo(0.8);
    expect(table.weight.requiresGrad).toBe(false);
  });

  it('divides gradients by frequency', async () => {
    const table = new nn.Embedding(3, 1, { scaleGradByFreq: true });
    table(indices(0, 1, 0, 0))
      .sum()
      .backward();
    expect(await table.weight.grad?.tolist()).toEqual([[1], [1], [0]]);
  });

  it('prints as in PyTorch', () => {
    expect(String(new nn.Embedding(3, 4, 1, 1.5, { normType: 1, scaleGradByFreq: true, sparse: true }))).toBe(
      'Embedding(3, 4, padding_idx=1, max_norm=1.5, norm_type=1.0, scale_grad_by_freq=True, sparse=True)',
    );
    expect(String(new nn.EmbeddingBag(3, 4, 1.5, { scaleGradByFreq: true, paddingIdx: 0 }))).toBe(
      'EmbeddingBag(3, 4, max_norm=1.5, scale_grad_by_freq=True, mode=mean, padding_idx=0)',
    );
    expect(String(new nn.Bilinear(2, 3, 4))).toBe(
      'Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)',
    );
  });

  it('refuses what cannot be', () => {
    expect(() => new nn.Embedding(4, 3, 4)).toThrow('Embedding: paddingIdx must be in [-4, 3], got 4.');
    expect(() => nn.Embedding.fromPretrained(tensor([1, 2]))).toThrow('the table must have two dimensions');
    expect(() => new nn.EmbeddingBag(4, 3, { mode: 'bogus' as 'sum' })).toThrow("EmbeddingBag: mode must be 'sum', 'mean' or 'max'");
  }); // prettier-ignore
});

it.each(['sum', 'mean', 'max'] as const)('a first offset that is not 0 is a fault, %s', async (mode) => {
  const bag = new nn.EmbeddingBag(4, 3, { mode });
  await expect(bag(indices(0, 1, 2), indices(1, 2)).data()).rejects.toThrow('embeddingBag');
});

it('the greatest of bags: of equals the first, padding and empty bags count for nothing, NaN is the greatest', async () => {
  const table = tensor([[1, -5], [1, -Infinity], [9, 9], [NaN, 0]]); // prettier-ignore
  const weight = table.requiresGrad_();
  const options = { mode: 'max', paddingIdx: 2 } as const;
  const out = F.embeddingBag(indices(2, 1, 0, 2, 3, 0, 2, 1), weight, indices(0, 3, 3, 6, 7), options);
  expect(await out.tolist()).toEqual([[1, -5], [0, 0], [NaN, 0], [0, 0], [1, -Infinity]]); // prettier-ignore
  out.sum().backward();
  expect(await weight.grad?.tolist()).toEqual([[0, 1], [2, 1], [0, 0], [1, 1]]); // prettier-ignore
});

it('the greatest of many bags takes no memory for each pair of bag and index', async () => {
  const [bags, n, width] = [3000, 12_000, 32];
  const index = randint(0, 50, [n]);
  const offsets = arange(bags).mul(4);
  const { peak } = memory();
  const out = F.embeddingBag(index, randn(50, width), offsets, { mode: 'max' });
  expect(out.shape).toEqual([bags, width]);
  await out.data();
  expect(memory().peak - peak).toBeLessThan(64 * 2 ** 20);
});

it('oneHot reads the number of classes if there is none', async () => {
  expect(await (await F.oneHot(indices(1, 0))).tolist()).toEqual([
    [0, 1],
    [1, 0],
  ]);
  expect(F.oneHot(indices(1, 0), 3).shape).toEqual([2, 3]);
});
