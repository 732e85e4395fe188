// Forms of the matrix product: shapes, values, gradients of first and second order, messages.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addmm,
  arange,
  autograd,
  baddbmm,
  manualSeed,
  matmul,
  mm,
  ones,
  rand,
  shutdown,
  tensor,
  zeros,
  type Tensor,
} from '../../src';
import { linear } from '../../src/ops/linalg/matmul';

beforeEach(() => void manualSeed(1));
afterAll(() => {
  shutdown();
});

const double = (shape: readonly number[]): Tensor => rand(shape, { dtype: 'float64' });

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

  it('has gradients of first and second order in all forms', async () => {
    const forms = [
      [[3], [3]], [[2, 3], [3]], [[3], [3, 2]], [[2, 2, 3], [3]], [[2, 3], [2, 3, 2]], [[2, 1, 2, 3], [3, 3, 1]],
    ] as const; // prettier-ignore
    for (const [a, b] of forms) {
      const inputs = [double(a).requiresGrad_(), double(b).requiresGrad_()];
      expect(await autograd.gradcheck(matmul, inputs)).toBe(true);
      expect(await autograd.gradgradcheck(matmul, inputs)).toBe(true);
    }
  });

  it('says which sizes do not fit', () => {
    expect(() => matmul(zeros(2, 3), zeros(4, 5))).toThrow(
      'matmul: inner dimensions must match, got [2, 3] and [4, 5] (3 and 4). Transpose one of them, or check the layer sizes.',
    );
    expect(() => matmul(zeros(2, 2, 3), zeros(3, 3, 5))).toThrow('matmul: shapes must broadcast');
    expect(() => mm(zeros(3), zeros(3, 5))).toThrow('mm: the first matrix must have 2 dimensions, got shape [3].');
    expect(() => mm(zeros(2, 3), zeros([3, 5], { dtype: 'float64' }))).toThrow(
      "mm: dtypes must match, got float32 and float64. Convert with .to('float64').",
    );
  });
});

describe('linear', () => {
  it('is x Wᵀ + b with gradients of first and second order', async () => {
    const inputs = [double([2, 2, 3]), double([4, 3]), double([4])].map((x) => x.requiresGrad_());
    expect(linear(inputs[0], inputs[1], inputs[2]).shape).toEqual([2, 2, 4]);
    expect(await autograd.gradcheck(linear, inputs)).toBe(true);
    expect(await autograd.gradgradcheck(linear, inputs)).toBe(true);
    expect(await linear(tensor([1, 2]), tensor([[3, 4]]), tensor([5])).tolist()).toEqual([16]);
  });

  it('names the sizes that do not fit', () => {
    expect(() => linear(zeros(2, 3), zeros(4, 5))).toThrow('got [2, 3] and [4, 5] (3 and 5). Check inFeatures');
    expect(() => linear(zeros(2, 3), zeros(4, 3), zeros(3))).toThrow('linear: bias must have the shape [4]');
  });
});

describe('addmm and baddbmm', () => {
  it('scale and add', async () => {
    const [a, b] = [ones(2, 3), ones(3, 2)];
    expect(await addmm(tensor([1, 2]), a, b).tolist()).toEqual([[4, 5], [4, 5]]); // prettier-ignore
    expect(await addmm(ones(2, 2), a, b, { beta: 2, alpha: -1 }).tolist()).toEqual([[-1, -1], [-1, -1]]); // prettier-ignore
    expect(await baddbmm(tensor([NaN]), ones(1, 1, 3), ones(1, 3, 1), { beta: 0 }).tolist()).toEqual([[[3]]]);
    expect(() => addmm(zeros(3, 2), a, b)).toThrow('addmm: shapes must broadcast');
    expect(() => addmm(zeros(1, 2, 2), a, b)).toThrow('addmm: the tensor that is added must broadcast to the product');
  });
});
