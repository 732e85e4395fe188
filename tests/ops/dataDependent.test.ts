// Operations that give promises, because only the data tells the shape of the result or the answer.
import { afterAll, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

afterAll(() => {
  k.shutdown();
});

const int64 = (values: number[] | number[][]): Tensor => k.tensor(values, { dtype: 'int64' });

/** Nested values of one tensor, or of each of several. */
const listsOf = async (result: Tensor | readonly Tensor[]): Promise<unknown> =>
  Array.isArray(result) ? Promise.all((result as Tensor[]).map((x) => x.tolist())) : (result as Tensor).tolist();

describe('nonzero', () => {
  // Transposed, so that places are those of the shape and not of the memory.
  const x = (): Tensor => k.tensor([[0, 2], [3, 0], [0, -1]]).t(); // prettier-ignore

  it('gives the places as rows, in order', async () => {
    const places = await k.nonzero(x());
    expect(places.dtype).toBe('int64');
    expect(await places.tolist()).toEqual([[0, 1], [1, 0], [1, 2]]); // prettier-ignore
    expect(await (await k.argwhere(x())).tolist()).toEqual(await places.tolist());
  });

  it('gives a vector for each dimension with asTuple', async () => {
    expect(await listsOf(await k.nonzero(x(), { asTuple: true }))).toEqual([[0, 1, 1], [1, 0, 2]]); // prettier-ignore
  });

  it('takes what is empty, all zero or a scalar', async () => {
    expect((await k.nonzero(k.zeros(2, 3))).shape).toEqual([0, 2]);
    expect((await k.nonzero(k.zeros(0, 3))).shape).toEqual([0, 2]);
    expect((await k.nonzero(k.tensor(4))).shape).toEqual([1, 0]);
  });
});

describe('a mask', () => {
  const mask = (): Tensor => k.tensor([[true, false, true], [false, false, true]]); // prettier-ignore

  it('selects elements, to which gradients go back', async () => {
    const x = k.arange(6).view(2, 3).double().requiresGrad_();
    const selected = await k.maskedSelect(x, mask());
    expect(await selected.tolist()).toEqual([0, 2, 5]);
    selected
      .mul(k.tensor([1, 2, 3]))
      .sum()
      .backward();
    expect(await x.grad?.tolist()).toEqual([[1, 0, 2], [0, 0, 3]]); // prettier-ignore
  });

  it('is broadcast with the tensor', async () => {
    const column = k.tensor([[10], [20]]);
    expect(await (await k.maskedSelect(column, k.tensor([true, false, true]))).tolist()).toEqual([10, 10, 20, 20]);
    await expect(k.maskedSelect(column, k.ones(2, 1))).rejects.toThrow('maskedSelect: mask must be bool, got float32');
    await expect(k.maskedSelect(k.ones(2), k.ones([3], { dtype: 'bool' }))).rejects.toThrow(
      'maskedSelect: shapes must broadcast, got [2] and [3]',
    );
  });

  it('indexes, alone or one dimension', async () => {
    const x = k.arange(6).view(2, 3);
    expect(await (await k.maskedAt(x, mask())).tolist()).toEqual([0, 2, 5]);
    expect(await (await k.maskedAt(x, ':', k.tensor([false, true, true]))).tolist()).toEqual([[1, 2], [4, 5]]); // prettier-ignore
  });
});

describe('unique', () => {
  it('sorts, and tells where and how often', async () => {
    const x = int64([[3, 1, 3], [2, 1, 3]]); // prettier-ignore
    expect(await listsOf(await k.unique(x))).toEqual([1, 2, 3]);
    expect(await listsOf(await k.unique(x, { returnInverse: true, returnCounts: true }))).toEqual([
      [1, 2, 3],
      [[2, 0, 2], [1, 0, 2]],
      [2, 1, 3],
    ]); // prettier-ignore
  });

  it('compares slices along a dimension', async () => {
    const x = int64([[1, 0, 1], [2, 5, 2]]); // prettier-ignore
    expect(await listsOf(await k.unique(x, { dim: 1, returnInverse: true }))).toEqual([
      [[0, 1], [5, 2]],
      [1, 0, 1],
    ]); // prettier-ignore
  });

  it('leaves runs in place as uniqueConsecutive', async () => {
    const x = int64([1, 1, 2, 2, 2, 1]);
    expect(await listsOf(await k.uniqueConsecutive(x, { returnInverse: true, returnCounts: true }))).toEqual([
      [1, 2, 1],
      [0, 0, 1, 1, 1, 2],
      [2, 3, 1],
    ]);
    expect(await listsOf(await k.uniqueConsecutive(k.zeros(0)))).toEqual([]);
  });
});

describe('bincount', () => {
  it('counts, or adds up weights', async () => {
    const x = int64([0, 3, 3, 1]);
    expect(await (await k.bincount(x)).tolist()).toEqual([1, 1, 0, 2]);
    expect(await (await k.bincount(x, { minlength: 6 })).tolist()).toEqual([1, 1, 0, 2, 0, 0]);
    expect(await (await k.bincount(x, k.tensor([0.5, 1, 2, 4]))).tolist()).toEqual([0.5, 4, 0, 3]);
    expect(await (await k.bincount(int64([]))).tolist()).toEqual([]);
  });

  it('says what is wrong', () => {
    expect(() => k.bincount(k.ones(2))).toThrow('bincount: expected a vector of integers, got float32 [2]');
    expect(() => k.bincount(int64([1]), null, -1)).toThrow(
      'bincount: minlength must be a whole number of at least 0, got -1.',
    );
    expect(() => k.bincount(int64([1]), k.ones(2))).toThrow('bincount: weights must have the shape [1], got [2]');
  });
});

describe('comparison as a whole', () => {
  it('equal wants the same shape and values', async () => {
    const x = k.tensor([[1, 2], [3, 4]]); // prettier-ignore
    expect(await k.equal(x, x.clone())).toBe(true);
    expect(await k.equal(x, x.t())).toBe(false);
    expect(await k.equal(k.ones(2), k.ones(1))).toBe(false);
    expect(await k.equal(k.tensor([NaN]), k.tensor([NaN]))).toBe(false);
  });

  it('allclose allows for rtol and atol', async () => {
    const [a, b] = [k.tensor([1, 2]), k.tensor([1, 2.01])];
    expect(await k.allclose(a, b)).toBe(false);
    expect(await k.allclose(a, b, { rtol: 0.01 })).toBe(true);
    expect(await k.allclose(k.tensor([NaN]), k.tensor([NaN]), { equalNan: true })).toBe(true);
  });
});

describe('a tensor that tells the shape', () => {
  it('of repeatInterleave counts, for each element', async () => {
    const x = k.tensor([1, 2, 3]).requiresGrad_();
    const repeated = await k.repeatInterleave(x, int64([2, 0, 1]));
    expect(await repeated.tolist()).toEqual([1, 1, 3]);
    repeated.sum().backward();
    expect(await x.grad?.tolist()).toEqual([2, 0, 1]);
  });

  it('of tensorSplit tells where to cut', async () => {
    expect(await listsOf(await k.tensorSplit(k.arange(5), int64([1, 3])))).toEqual([[0], [1, 2], [3, 4]]);
    const three = k.tensor(3, { dtype: 'int64' });
    expect(await listsOf(await k.tensorSplit(k.arange(5), three))).toEqual([[0, 1], [2, 3], [4]]);
  });
});
