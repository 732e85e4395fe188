// Forms of the matrix product: shapes, values, messages.
import { afterAll, describe, expect, it } from 'vitest';
import { arange, matmul, mm, shutdown, tensor, zeros } from '../../src/index';
import { linear } from '../../src/ops/matmul';

afterAll(() => {
  shutdown();
});

describe('matmul', () => {
  it('takes vectors, matrices and batches that broadcast', () => {
    const shapes = (a: readonly number[], b: readonly number[]): readonly number[] => matmul(zeros(a), zeros(b)).shape;
    expect(shapes([3], [3])).toEqual([]);
    expect(shapes([2, 3], [3])).toEqual([2]);
    expect(shapes([3], [3, 4])).toEqual([4]);
    expect(shapes([5, 2, 3], [3])).toEqual([5, 2]);
    expect(shapes([3], [5, 3, 4])).toEqual([5, 4]);
    expect(shapes([5, 2, 3], [3, 4])).toEqual([5, 2, 4]);
    expect(shapes([2, 3], [5, 3, 4])).toEqual([5, 2, 4]);
    expect(shapes([6, 1, 2, 3], [5, 3, 4])).toEqual([6, 5, 2, 4]);
    expect(shapes([0, 3], [3, 4])).toEqual([0, 4]);
    expect(shapes([2, 0], [0, 4])).toEqual([2, 4]);
  });

  it('multiplies', async () => {
    const a = arange(6).reshape(2, 3).float();
    expect(await matmul(a, a.mT).tolist()).toEqual([[5, 14], [14, 50]]); // prettier-ignore
    expect(await matmul(a, tensor([1, 2, 3])).tolist()).toEqual([8, 26]);
    expect(await matmul(tensor([1, 2]), a).tolist()).toEqual([6, 9, 12]);
    expect(await matmul(tensor([1, 2]), tensor([3, 4])).item()).toBe(11);
    expect(await mm(zeros(2, 0), zeros(0, 2)).tolist()).toEqual([[0, 0], [0, 0]]); // prettier-ignore
  });

  it('says which sizes do not fit', () => {
    expect(() => matmul(zeros(2, 3), zeros(4, 5))).toThrow(
      'matmul: inner dimensions must match, got [2, 3] and [4, 5] (3 and 4). Transpose one of them, or check the layer sizes.',
    );
    expect(() => matmul(zeros(2, 2, 3), zeros(3, 3, 5))).toThrow('matmul: shapes must broadcast');
    expect(() => mm(zeros(3), zeros(3, 5))).toThrow('mm: the first matrix must have 2 dimensions, got shape [3].');
    expect(() => mm(zeros(2, 3), zeros([3, 5], { dtype: 'float64' }))).toThrow(
      "mm: dtypes must match, got float32 and float64. Convert one with .to('float32').",
    );
  });
});

describe('linear', () => {
  it('is x Wᵀ + b', async () => {
    expect(linear(zeros(2, 2, 3), zeros(4, 3), zeros(4)).shape).toEqual([2, 2, 4]);
    expect(await linear(tensor([1, 2]), tensor([[3, 4]]), tensor([5])).tolist()).toEqual([16]);
  });

  it('names the sizes that do not fit', () => {
    expect(() => linear(zeros(2, 3), zeros(4, 5))).toThrow('got [2, 3] and [4, 5] (3 and 5). Check inFeatures');
    expect(() => linear(zeros(2, 3), zeros(4, 3), zeros(3))).toThrow('linear: bias must have the shape [4]');
  });
});
