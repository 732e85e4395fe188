// What is asked of a tensor, and what changes it without computing: against PyTorch 1.13.
import { describe, expect, it, test } from 'vitest';
import { asTensor, isNonzero, isTensor, nn, numel, ones, tensor, zeros } from '../../src';

test('isTensor', () => {
  expect(isTensor(ones(2))).toBe(true);
  expect(isTensor(new nn.Parameter(ones(2)))).toBe(true);
  for (const other of [1, 'x', null, undefined, [1, 2], {}]) expect(isTensor(other)).toBe(false);
  expect(() => void Reflect.apply(isTensor, undefined, [1, 2])).toThrow('isTensor: takes at most 1 arguments');
});

test('asTensor shares what it can', async () => {
  const x = ones(2, 2);
  expect(asTensor(x)).toBe(x);
  expect(asTensor(x, 'float32')).toBe(x);
  expect(asTensor(x, { device: 'cpu' })).toBe(x);
  expect(asTensor(x, { dtype: 'float64' }).dtype).toBe('float64');
  const leaf = ones(2).requiresGrad_();
  asTensor(leaf, 'float64').sum().backward();
  expect(await leaf.grad?.tolist()).toEqual([1, 1]);
  expect(await asTensor([[1, 2], [3, 4]], 'int64').tolist()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
  expect(asTensor({ data: new Uint8Array(3) }).dtype).toBe('uint8');
});

test('sizes', () => {
  const x = zeros([2, 3, 4], { dtype: 'float64' });
  expect([numel(x), numel(zeros([])), x.elementSize(), ones([1], { dtype: 'bfloat16' }).elementSize()]).toEqual([24, 1, 8, 2]); // prettier-ignore
  expect(x.stride()).toEqual([12, 4, 1]);
  expect(x.transpose(0, 2).stride()).toEqual([1, 4, 12]);
  expect([x.stride(0), x.stride(-1), x.stride({ dim: 1 })]).toEqual([12, 1, 4]);
  expect(() => x.stride(3)).toThrow('stride: ');
});

test('typeAs', () => {
  const x = ones(2);
  expect(x.typeAs(zeros([1], { dtype: 'int64' })).dtype).toBe('int64');
  expect(x.typeAs(zeros(3))).toBe(x);
});

test('isNonzero', async () => {
  expect(await isNonzero(ones(1))).toBe(true);
  expect(await zeros([]).isNonzero()).toBe(false);
  expect(await tensor([[NaN]]).isNonzero()).toBe(true);
  expect(await tensor([0n]).isNonzero()).toBe(false);
  await expect(isNonzero(ones(2))).rejects.toThrow('isNonzero: the tensor must have one element, got shape [2].');
});

describe('fillDiagonal_', () => {
  it('writes on matrices', async () => {
    const x = zeros(3, 2);
    expect(x.fillDiagonal_(5)).toBe(x);
    expect(await x.tolist()).toEqual([[5, 0], [0, 5], [0, 0]]); // prettier-ignore
    expect(await zeros(2, 3).t().fillDiagonal_(5).tolist()).toEqual([[5, 0], [0, 5], [0, 0]]); // prettier-ignore
    expect(await zeros([2, 2], { dtype: 'bool' }).fillDiagonal_(true).tolist()).toEqual([[true, false], [false, true]]); // prettier-ignore
    expect(await zeros(0, 2).fillDiagonal_(1).tolist()).toEqual([]);
  });

  it('begins anew below each square', async () => {
    expect(await zeros(7, 2).fillDiagonal_(5, true).tolist()).toEqual([[5, 0], [0, 5], [0, 0], [5, 0], [0, 5], [0, 0], [5, 0]]); // prettier-ignore
    expect(await zeros(2, 7).t().fillDiagonal_(5, { wrap: true }).tolist()).toEqual([[5, 0], [0, 5], [0, 0], [5, 0], [0, 5], [0, 0], [5, 0]]); // prettier-ignore
    expect(await zeros(3, 2).fillDiagonal_(5, { wrap: true }).tolist()).toEqual([[5, 0], [0, 5], [0, 0]]); // prettier-ignore
  });

  it('writes on more dimensions of one size, in a view, with gradients', async () => {
    const cube = zeros(2, 2, 2).fillDiagonal_(3);
    expect(await cube.tolist()).toEqual([[[3, 0], [0, 0]], [[0, 0], [0, 3]]]); // prettier-ignore
    const leaf = ones(3, 3).requiresGrad_();
    const y = leaf.mul(2);
    y.fillDiagonal_(0);
    y.sum().backward();
    expect(await leaf.grad?.tolist()).toEqual([[0, 2, 2], [2, 0, 2], [2, 2, 0]]); // prettier-ignore
    const part = zeros(3, 3);
    part.narrow(0, 1, 2).narrow(1, 1, 2).fillDiagonal_(1);
    expect(await part.tolist()).toEqual([[0, 0, 0], [0, 1, 0], [0, 0, 1]]); // prettier-ignore
  });

  it('refuses other shapes', () => {
    expect(() => zeros(3).fillDiagonal_(1)).toThrow('fillDiagonal_: expected a matrix, or more dimensions of one size, got [3].'); // prettier-ignore
    expect(() => zeros(2, 2, 3).fillDiagonal_(1)).toThrow('fillDiagonal_: expected a matrix');
  });
});

test('detach_ leaves the graph', async () => {
  const leaf = ones(2).requiresGrad_();
  const y = leaf.mul(3);
  const z = y.mul(2);
  expect(y.detach_()).toBe(y);
  expect([y.requiresGrad, y.isLeaf]).toEqual([false, true]);
  // What was computed before keeps its way back.
  z.sum().backward();
  expect(await leaf.grad?.tolist()).toEqual([6, 6]);
  y.requiresGrad_();
  y.mul(5).sum().backward();
  expect(await y.grad?.tolist()).toEqual([5, 5]);
  expect(leaf.detach_().requiresGrad).toBe(false);
  expect(() => ones(2).requiresGrad_().mul(1).view(2, 1).detach_()).toThrow('detach_: a view cannot leave the graph of its base, got one. Use detach().'); // prettier-ignore
});
