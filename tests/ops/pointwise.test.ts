// Dtypes, arguments, in-place forms and messages of pointwise operations. Values are in conformance and kernel tests,
// gradients in pointwiseGradients.test.ts.
import { afterAll, describe, expect, test } from 'vitest';
import * as k from '../../src';
import { dropout } from '../../src/ops/pointwise/dropout';
import { leakyRelu, softplus } from '../../src/ops/pointwise/activation';
import type { Tensor } from '../../src/core/tensor';

afterAll(() => {
  k.shutdown();
});

const int = (values: number[]): Tensor => k.tensor(values, { dtype: 'int64' });
const single = k.tensor([1, 2, 3]);
const double = k.tensor([1, 2, 3], { dtype: 'float64' });

describe('dtypes of results', () => {
  test('promotion, as in PyTorch', () => {
    expect(k.add(single, double).dtype).toBe('float64');
    expect(k.add(int([1]), single).dtype).toBe('float32');
    expect(k.add(int([1]), 2).dtype).toBe('int64');
    expect(k.add(int([1]), 2.5).dtype).toBe('float32');
    expect(k.add(single, k.tensor(1, { dtype: 'float64' })).dtype).toBe('float32');
    expect(k.mul(int([1]).to('uint8'), int([1]).to('int32')).dtype).toBe('int32');
    expect(k.div(int([1]), int([2])).dtype).toBe('float32');
    expect(k.div(int([1]), int([2]), { roundingMode: 'floor' }).dtype).toBe('int64');
    expect(k.exp(int([1])).dtype).toBe('float32');
    expect(k.lt(single, 2).dtype).toBe('bool');
    expect(k.logicalAnd(single, int([1, 0, 1])).dtype).toBe('bool');
    expect(k.where(k.tensor([true]), int([1]), single).dtype).toBe('float32');
    expect(k.where(k.tensor([true]), 1, single).dtype).toBe('float32');
  });

  test('uint8 wraps and bool stays 0 or 1, inside formulas too', async () => {
    const bytes = k.tensor([200, 100, 255], { dtype: 'uint8' });
    expect(await bytes.add(bytes).tolist()).toEqual([144, 200, 254]);
    expect(await bytes.neg().tolist()).toEqual([56, 156, 1]);
    expect(await k.addcmul(bytes, bytes, bytes).tolist()).toEqual([8, 116, 0]);
    const bools = k.tensor([true, false]);
    expect(await k.add(bools, bools).tolist()).toEqual([true, false]);
    expect(await k.bitwiseNot(bools).tolist()).toEqual([false, true]);
  });

  test('int64 beyond 2^53', async () => {
    const big = k.tensor([2n ** 60n, -(2n ** 60n)]);
    expect(await k.add(big, 1).data()).toEqual(BigInt64Array.of(2n ** 60n + 1n, 1n - 2n ** 60n));
  });
});

describe('arguments', () => {
  test('numbers on either side of where and pow, options by name and position', async () => {
    expect(await k.pow(2, int([1, 2, 3])).tolist()).toEqual([2, 4, 8]);
    expect(await k.where(k.tensor([true, false]), 1.5, 2).tolist()).toEqual([1.5, 2]);
    expect(await k.add(single, single, { alpha: -1 }).tolist()).toEqual([0, 0, 0]);
    expect(await k.clamp(single, 1.5, 2.5).tolist()).toEqual([1.5, 2, 2.5]);
    expect(await k.clamp(single, { max: 2 }).tolist()).toEqual([1, 2, 2]);
    expect(await k.clamp(single, k.tensor([2, 2, 2])).tolist()).toEqual([2, 2, 3]);
    const x = k.tensor([-1, 1]);
    expect(await leakyRelu(x, 0.5).tolist()).toEqual([-0.5, 1]);
    expect(await leakyRelu(x, { negativeSlope: 0.5 }).tolist()).toEqual([-0.5, 1]);
    expect(await softplus(x, 1, { threshold: 0.5 }).tolist()).toEqual([expect.closeTo(0.3132617, 6), 1]);
  });

  test.each<[() => unknown, string]>([
    [() => k.add(single, k.zeros([2])), 'add: shapes must broadcast, got [3] and [2]'],
    [() => k.add(single, '1' as never), "add: other must be a tensor or a number, got '1'."],
    [
      () => k.add(single, [1, 2, 3] as never),
      'add: other must be a tensor or a number, got [1, 2, 3] (tensor([...]) makes a tensor of one).',
    ],
    [() => k.pow(2, 3), 'pow: expected at least one tensor, got numbers only.'],
    [() => k.bitwiseAnd(single, 1), 'bitwiseAnd: is defined for integers only, got float32.'],
    [() => k.hypot(int([1]), int([1])), 'hypot: is defined for floats only, got int64.'],
    [() => k.neg(k.tensor([true])), 'neg: is defined for numbers only, got bool.'],
    [() => k.clamp(single), 'clamp: one of min and max must be given, got neither.'],
    [
      () => k.div(single, 2, { roundingMode: 'up' as never }),
      "div: roundingMode must be 'trunc' or 'floor', got 'up'.",
    ],
    [
      () => leakyRelu(single, { slope: 1 } as never),
      "leakyRelu: no option is called 'slope'. The options are input, negativeSlope.",
    ],
    [() => dropout(single, 2), 'dropout: p must be in [0, 1], got 2.'],
    [
      () => int([1]).add_(0.5),
      'add_: a float32 result cannot be written into a int64 tensor. Use the out-of-place form.',
    ],
    [
      () => k.zeros([3, 1]).expand(3, 2).add_(1),
      'add_: several elements of the tensor share one place in memory, got strides [1, 0]',
    ],
    [() => single.clone().add_(k.zeros([2, 3])), 'add_: the result must have the shape of the tensor that is changed'],
  ])('%#: %s', (call, message) => {
    expect(call).toThrow(message);
  });

  test('integer division by zero is a fault of the read', async () => {
    await expect(k.floorDivide(int([1, 2]), int([1, 0])).data()).rejects.toThrow('floorDivide');
    expect(await k.div(int([1]), int([0])).tolist()).toEqual([Infinity]);
  });
});

describe('in place', () => {
  test('writes over the tensor and returns it', async () => {
    const x = k.tensor([1, 2, 3]);
    expect(x.mul_(2).add_(1, { alpha: 3 })).toBe(x);
    expect(await x.tolist()).toEqual([5, 7, 9]);
    expect(await x.clamp_(6, 8).tolist()).toEqual([6, 7, 8]);
    expect(await x.maskedFill_(k.tensor([true, false, true]), -1).tolist()).toEqual([-1, 7, -1]);
  });

  test('keeps its dtype where the result is of no higher category', async () => {
    const x = k.tensor([1, 2, 3]);
    expect(x.add_(double).dtype).toBe('float32');
    expect(await x.gt_(3).tolist()).toEqual([0, 1, 1]);
    expect(
      await int([1, 2])
        .add_(k.tensor([true, false]))
        .tolist(),
    ).toEqual([2, 2]);
  });

  test('of views: reversed rows, columns, and operands that overlap', async () => {
    const x = k.arange(6).float().reshape(2, 3);
    x.T.mul_(10);
    expect(await x.tolist()).toEqual([[0, 10, 20], [30, 40, 50]]); // prettier-ignore
    x.select(1, 0).add_(1);
    expect(await x.tolist()).toEqual([[1, 10, 20], [31, 40, 50]]); // prettier-ignore
    const y = k.arange(6).float();
    y.slice(0, 1, 6).add_(y.slice(0, 0, 5));
    expect(await y.tolist()).toEqual([0, 1, 3, 5, 7, 9]);
    const z = k.arange(40000).float();
    z.sub_(z.slice(0, 39999, 40000));
    expect((await z.tolist<number[]>()).slice(-2)).toEqual([-1, 0]);
  });

  test('gradients of what was overwritten', async () => {
    const x = k.tensor([1, 2, 3]).requiresGrad_();
    const y = x.mul(2);
    y.mul_(y.detach().clone()).sigmoid_();
    y.sum().backward();
    const expected = [1, 2, 3].map((v) => {
      const s = 1 / (1 + Math.exp(-4 * v * v));
      return expect.closeTo(s * (1 - s) * 4 * v, 5) as number;
    });
    expect(await x.grad?.tolist()).toEqual(expected);
    expect(() => k.ones([2]).requiresGrad_().add_(1)).toThrow('add_: a leaf tensor that requires gradients');
  });

  test('what a gradient does not use may be changed', async () => {
    const x = k.tensor([1, 2]).requiresGrad_();
    const factor = k.tensor([3, 4]);
    const y = x.add(factor).exp();
    factor.zero_();
    y.sum().backward();
    expect(await x.grad?.tolist()).toEqual([expect.closeTo(Math.exp(4), 3), expect.closeTo(Math.exp(6), 3)]);
    const z = x.mul(factor);
    factor.add_(1);
    expect(() => {
      z.sum().backward();
    }).toThrow('mul: a tensor of shape [2] needed for the gradient was changed in place');
  });
});

describe('dropout', () => {
  test('drops a share p, scales the rest, and passes the gradient through the same mask', async () => {
    k.manualSeed(1);
    const x = k.ones([100, 200]).requiresGrad_();
    const y = dropout(x, 0.3);
    y.sum().backward();
    const values = await y.data();
    const kept = Array.from(values, Number).filter((v) => v !== 0);
    expect(kept.every((v) => v === Math.fround(1 / 0.7))).toBe(true);
    expect(Math.abs(kept.length / 20000 - 0.7)).toBeLessThan(0.015);
    expect(await x.grad?.data()).toEqual(values);
  });

  test('repeats for a seed, changes from call to call', async () => {
    const draw = (): Promise<unknown> => dropout(k.ones([64]), 0.5).tolist();
    k.manualSeed(4);
    const first = await draw();
    expect(await draw()).not.toEqual(first);
    k.manualSeed(4);
    expect(await draw()).toEqual(first);
  });

  test('p of 0 and 1, and not training', async () => {
    const x = k.tensor([1, 2]);
    expect(dropout(x, 0)).toBe(x);
    expect(dropout(x, 0.5, false)).toBe(x);
    expect(await dropout(x, 1).tolist()).toEqual([0, 0]);
  });
});

test('empty and zero-dimensional tensors', async () => {
  expect(await k.zeros([0, 3]).add(1).tolist()).toEqual([]);
  expect(k.zeros([0, 3]).add(k.zeros([3])).shape).toEqual([0, 3]);
  expect(await k.tensor(3).mul(k.tensor(4)).item()).toBe(12);
});
