// What the recorded cases do not reach: sizes around chunks, order of dimensions, ties, NaN, integer ranges, messages.
import { describe, expect, test } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

const values = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

/** The reduction of `x` over `dims` by plain loops, kept dimensions in order. */
function reduced(
  x: readonly number[],
  shape: readonly number[],
  dims: readonly number[],
  fold: (elements: number[]) => number,
): number[] {
  const groups = new Map<string, number[]>();
  x.forEach((value, flat) => {
    let rest = flat;
    const at = shape.map(() => 0);
    for (let d = shape.length - 1; d >= 0; d--) {
      at[d] = rest % shape[d];
      rest = Math.floor(rest / shape[d]);
    }
    const key = at.filter((_, d) => !dims.includes(d)).join();
    groups.set(key, [...(groups.get(key) ?? []), value]);
  });
  return [...groups.values()].map(fold);
}

describe('reductions', () => {
  test('any dimensions, together or apart, kept or not', async () => {
    const shape = [3, 4, 1, 5, 2];
    const x = k.rand(shape, { dtype: 'float64' });
    const all = await values(x);
    for (const dims of [[0], [1], [4], [2], [0, 1], [1, 3], [0, 4], [0, 2, 4], [1, 2, 3], [0, 3], [0, 1, 2, 3, 4]]) {
      for (const dim of [dims, dims.map((d) => d - 5), [...dims].reverse()]) {
        const expected = reduced(all, shape, dims, (e) => e.reduce((a, b) => a + b, 0));
        const sum = x.sum(dim);
        expect(sum.shape).toEqual(shape.filter((_, d) => !dims.includes(d)));
        (await values(sum)).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12));
        const kept = x.amax(dim, true);
        expect(kept.shape).toEqual(shape.map((size, d) => (dims.includes(d) ? 1 : size)));
        expect(await values(kept)).toEqual(reduced(all, shape, dims, (e) => Math.max(...e)));
        const count = dims.reduce((n, d) => n * shape[d], 1);
        (await values(x.mean(dim))).forEach((value, i) => expect(value).toBeCloseTo(expected[i] / count, 12));
      }
    }
  });

  test('layouts that are not dense', async () => {
    const x = k.rand(6, 8);
    const [copy, transposed] = [x.mT.contiguous(), x.mT];
    expect(await values(transposed.sum(0))).toEqual(await values(copy.sum(0)));
    expect(await values(x.slice(1, 1, 8, 3).amin(1))).toEqual(await values(x.slice(1, 1, 8, 3).contiguous().amin(1)));
    expect(await values(k.ones(1).expand(4, 5).sum(1))).toEqual([5, 5, 5, 5]);
  });

  test('dtypes of results', async () => {
    for (const dtype of ['int32', 'int64', 'uint8', 'bool'] as const) {
      const x = k.tensor([1, 0, 1]).to(dtype);
      expect(x.sum().dtype).toBe('int64');
      expect(await x.sum().item()).toBe(2);
      expect(x.prod().dtype).toBe('int64');
      expect(x.cumsum(0).dtype).toBe('int64');
      expect(x.amax().dtype).toBe(dtype);
      expect(x.any().dtype).toBe(dtype === 'uint8' ? 'uint8' : 'bool');
      expect(x.mean({ dtype: 'float64' }).dtype).toBe('float64');
    }
    expect(await k.tensor([200, 100]).to('uint8').sum({ dtype: 'uint8' }).item()).toBe(44);
    expect(
      await k
        .tensor([2 ** 31 - 1, 1])
        .to('int32')
        .sum()
        .item(),
    ).toBe(2 ** 31);
  });

  test('empty tensors', async () => {
    const empty = k.zeros(0, 3);
    expect(await values(empty.sum(0))).toEqual([0, 0, 0]);
    expect(await values(empty.prod(0))).toEqual([1, 1, 1]);
    expect(await values(empty.mean(0))).toEqual([NaN, NaN, NaN]);
    expect(empty.sum(1).shape).toEqual([0]);
    expect(empty.amax(1).shape).toEqual([0]);
    expect(await empty.any().item()).toBe(0);
    expect(await empty.all().item()).toBe(1);
    expect(await empty.logsumexp([0, 1]).item()).toBe(-Infinity);
  });

  test('NaN goes through sums and extremes', async () => {
    const x = k.tensor([[1, NaN], [3, 2]]); // prettier-ignore
    expect(await values(x.amax(1))).toEqual([NaN, 3]);
    expect(await values(x.amin(0))).toEqual([1, NaN]);
    expect(await values(x.argmax(1))).toEqual([1, 0]);
    expect(await values(x.max(1).values)).toEqual([NaN, 3]);
    expect(await x.max().item()).toBeNaN();
    expect(await values(x.norm({ dim: 1 }))).toEqual([NaN, Math.fround(Math.sqrt(13))]);
  });

  test('max and min in their three forms', async () => {
    const x = k.tensor([[1, 5, 5], [7, 2, 0]]); // prettier-ignore
    expect(await x.max().item()).toBe(7);
    const { values: greatest, indices } = x.max(1);
    expect(await values(greatest)).toEqual([5, 7]);
    expect(await values(indices)).toEqual([1, 0]);
    const [least, places] = k.min(x, { dim: 0, keepdim: true });
    expect(least.shape).toEqual([1, 3]);
    expect(await values(places)).toEqual([0, 1, 1]);
    expect(await values(k.max(x, k.full([3], 4)))).toEqual([4, 5, 5, 7, 4, 4]);
  });

  test('a long sum is accurate', async () => {
    const x = k.full([1 << 20], 0.1);
    expect(Math.abs((await x.sum().item()) / ((1 << 20) * Math.fround(0.1)) - 1)).toBeLessThan(5e-7);
    expect(await x.var().item()).toBeLessThan(1e-12);
  });
});

describe('gradients of reductions', () => {
  const gradientOf = async (f: (x: Tensor) => Tensor, data: number[] | number[][]): Promise<number[]> => {
    const x = k.tensor(data, { requiresGrad: true });
    f(x).sum().backward();
    return values(x.grad as Tensor);
  };

  test('ties share, but max along a dimension has one winner', async () => {
    expect(await gradientOf((x) => x.amax(), [3, 1, 3, 3])).toEqual([1, 0, 1, 1].map((g) => Math.fround(g / 3)));
    expect(await gradientOf((x) => x.min(), [2, 1, 1, 3])).toEqual([0, 0.5, 0.5, 0]);
    expect(await gradientOf((x) => x.max(0).values, [3, 1, 3, 3])).toEqual([1, 0, 0, 0]);
  });

  test('products with zeros, to first and second order', async () => {
    const rows = [[2, 3, 4], [0, 3, 4], [0, 0, 4]]; // prettier-ignore
    expect(await gradientOf((x) => x.prod(1), rows)).toEqual([12, 8, 6, 12, 0, 0, 0, 0, 0]);
    const x = k.tensor(rows, { dtype: 'float64', requiresGrad: true });
    const [first] = k.autograd.grad([x.prod(1).sum()], [x], { createGraph: true });
    expect(await values(first)).toEqual([12, 8, 6, 12, 0, 0, 0, 0, 0]);
    const [second] = k.autograd.grad([first.sum()], [x]);
    // Row r: element i gets the sum over j ≠ i of the product of the third.
    expect(await values(second)).toEqual([7, 6, 5, 7, 4, 3, 4, 4, 0]);
    expect(await gradientOf((t) => t.cumprod(0), [2, 0, 3])).toEqual([1, 8, 0]);
  });

  test('the norm has gradient 0 at 0', async () => {
    for (const p of [2, 1.5, 3, 0.5]) expect(await gradientOf((x) => x.norm(p), [0, 0])).toEqual([0, 0]);
    expect(await gradientOf((x) => x.norm(), [3, -4])).toEqual([0.6, -0.8].map(Math.fround));
  });

  test('a fold of infinities by logsumexp is infinite, not NaN', async () => {
    expect(await k.tensor([-Infinity, -Infinity]).logsumexp(0).item()).toBe(-Infinity);
    expect(await k.tensor([1, Infinity]).logsumexp(0).item()).toBe(Infinity);
    expect(await k.tensor([1000, 1000]).logsumexp(0).item()).toBeCloseTo(1000 + Math.log(2), 3);
  });
});

describe('derivatives of first and second order against finite differences', () => {
  const reductions: Record<string, (x: Tensor) => Tensor | Iterable<Tensor>> = {
    sum: (x) => x.sum([0, 2]),
    mean: (x) => x.mean(1, { keepdim: true }),
    prod: (x) => x.prod(2),
    'prod of all': (x) => x.prod(),
    amax: (x) => x.amax([0, 2]),
    amin: (x) => x.amin(1, true),
    'max along a dimension': (x) => x.max(1).values,
    'min along a dimension': (x) => x.min(-1, true).values,
    var: (x) => x.var([0, 1]),
    'var without correction': (x) => x.var(2, { correction: 0, keepdim: true }),
    std: (x) => x.std(1),
    varMean: (x) => k.varMean(x, 1),
    norm: (x) => x.norm(),
    'norm 3': (x) => x.norm(3, [0, 1]),
    'norm 1.5': (x) => x.norm(1.5, 2),
    'norm ∞': (x) => x.norm(Infinity, 1),
    logsumexp: (x) => x.logsumexp([1, 2]),
    cumsum: (x) => x.cumsum(1),
    cumprod: (x) => x.cumprod(1),
  };

  test.each(Object.entries(reductions))('%s', async (_, reduce) => {
    const call = (x: Tensor): Tensor[] => {
      const out = reduce(x);
      return out instanceof k.Tensor ? [out] : [...out];
    };
    k.manualSeed(1);
    const dense = k.rand([2, 3, 2], { dtype: 'float64', requiresGrad: true });
    const wide = k.rand([2, 2, 6], { dtype: 'float64', requiresGrad: true });
    for (const [x, layout] of [
      [dense, (t: Tensor) => t],
      [wide, (t: Tensor) => t.transpose(1, 2).slice(1, 0, 6, 2)],
    ] as const) {
      expect(await k.autograd.gradcheck((t) => call(layout(t)), [x])).toBe(true);
      expect(await k.autograd.gradgradcheck((t) => call(layout(t)), [x])).toBe(true);
    }
  });
});

test('wrong arguments are named', () => {
  const x = k.zeros(2, 3);
  const bad: [() => unknown, string][] = [
    [() => x.sum(2), 'sum: dim must be an integer in [-2, 1] for 2 dimensions, got 2.'],
    [() => x.sum([0, -2]), 'sum: each dim may appear once, got [0, -2] for 2 dimensions.'],
    [() => x.to('int64').mean(), "mean: the input must be of a floating-point dtype, got int64. Convert with x.to('float32'), or pass dtype."],
    [() => k.zeros(0, 3).amax(0), 'amax: the reduced dimensions must not be empty, got shape [0, 3].'],
    [() => k.zeros(0).argmin(), 'argmin: the reduced dimensions must not be empty, got shape [0].'],
    [() => x.cumsum(3), 'cumsum: dim must be an integer in [-2, 1] for 2 dimensions, got 3.'],
    [() => x.to('int32').var(), "var: the input must be of a floating-point dtype, got int32. Convert with x.to('float32')."],
  ]; // prettier-ignore
  for (const [call, message] of bad) expect(call).toThrow(message);
});
