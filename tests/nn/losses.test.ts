// Losses beyond the recorded cases: what is only known at the read, sequences that do not fit, adaptive softmax.
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { logSoftmax, manualSeed, nn, randn, shutdown, tensor, type Tensor } from '../../src';
import { mismatch } from '../harness/allclose';

const F = nn.functional;
beforeEach(() => void manualSeed(0));
afterAll(() => {
  shutdown();
});

const labels = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });

it('values that a loss is not defined for are faults', async () => {
  await expect(new nn.BCELoss()(tensor([0.5, 1.5]), tensor([0, 1])).item()).rejects.toThrow('binaryCrossEntropy');
  const gaussian = new nn.GaussianNLLLoss();
  await expect(gaussian(tensor([1, 2]), tensor([0, 1]), tensor([1, -1])).item()).rejects.toThrow('gaussianNllLoss');
  await expect(new nn.MultiMarginLoss()(randn(2, 3), labels(0, 3)).item()).rejects.toThrow('multiMarginLoss');
  const [output] = new nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2, 4])(randn(2, 4), labels(1, 6));
  await expect(output.data()).rejects.toThrow('AdaptiveLogSoftmaxWithLoss');
});

it('CTC: a target that does not fit is infinite, or 0 with no gradient', async () => {
  const x = randn(2, 1, 3).requiresGrad_();
  const call = (zeroInfinity: boolean): Tensor =>
    F.ctcLoss(logSoftmax(x, 2), labels(1, 1), [2], [2], { zeroInfinity, reduction: 'sum' });
  expect(await call(false).item()).toBe(Infinity);
  const loss = call(true);
  expect(await loss.item()).toBe(0);
  loss.backward();
  expect(Math.max(...Array.from((await x.grad?.data()) ?? [], Number))).toBe(0);
});

it('CTC: lengths as tensors and as numbers give the same, out of range is a fault', async () => {
  const x = logSoftmax(randn(6, 2, 4), 2);
  const targets = labels(1, 2, 3, 1, 1);
  const a = F.ctcLoss(x, targets, [6, 5], [3, 2], { reduction: 'none' });
  const b = F.ctcLoss(x, targets, labels(6, 5), labels(3, 2), { reduction: 'none' });
  expect(mismatch(await a.data(), await b.data(), { rtol: 1e-6, atol: 1e-6 })).toBeNull();
  await expect(F.ctcLoss(x, targets, labels(7, 5), labels(3, 2)).item()).rejects.toThrow('ctcLoss');
});

it('ctcLoss of no frames is 0 for no labels, infinite for any, and has no gradient', async () => {
  const x = randn(3, 3, 3).requiresGrad_();
  const targets = tensor([[1, 1], [1, 2], [2, 1]], { dtype: 'int64' }); // prettier-ignore
  const losses = (zeroInfinity: boolean): Tensor =>
    F.ctcLoss(logSoftmax(x, 2), targets, [0, 3, 0], [0, 2, 1], { reduction: 'none', zeroInfinity });
  const [none, some, impossible] = await losses(false).tolist<number[]>();
  expect([none, impossible]).toEqual([0, Infinity]);
  expect(await losses(true).tolist<number[]>()).toEqual([0, some, 0]);
  losses(true).sum().backward();
  expect(await x.grad?.select(1, 0).abs().sum().item()).toBe(0);
  expect(await x.grad?.select(1, 2).abs().sum().item()).toBe(0);
  expect(await x.grad?.select(1, 1).abs().sum().item()).toBeGreaterThan(0.1);
  const empty = F.ctcLoss(randn(0, 2, 3), targets.narrow(0, 0, 2), [0, 0], [0, 1], { reduction: 'none' });
  expect(await empty.tolist()).toEqual([0, Infinity]);
});

it('adaptive softmax: log probabilities add up to 1, and predictions are the most probable', async () => {
  const layer = new nn.AdaptiveLogSoftmaxWithLoss(8, 12, [4, 8], { divValue: 2, headBias: true });
  const x = randn(3, 8);
  const all = layer.logProb(x);
  const total = await all.exp().sum(1).data();
  expect(mismatch(total, [1, 1, 1], { rtol: 1e-5, atol: 1e-5 })).toBeNull();
  expect(await layer.predict(x).tolist()).toEqual(await all.argmax(1).tolist());
  const target = labels(1, 5, 11);
  const [output, loss] = layer(x, target);
  const expected = await all.gather(1, target.unsqueeze(1)).squeeze(1).data();
  expect(mismatch(await output.data(), expected, { rtol: 1e-5, atol: 1e-5 })).toBeNull();
  expect(await loss.item()).toBeCloseTo(-(await output.mean().item()), 5);
  expect(() => new nn.AdaptiveLogSoftmaxWithLoss(4, 6, [4, 2])).toThrow('cutoffs must be whole numbers that ascend');
});

describe('shapes that differ', () => {
  const column = tensor([[1], [2], [4]]);
  const row = tensor([1, 2, 4]);
  const { functional: F } = nn;

  it.each(['mseLoss', 'l1Loss', 'smoothL1Loss', 'huberLoss'] as const)('make %s warn, a few times only', (name) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    for (let i = 0; i < 20; i++) F[name](column, row);
    expect(warn.mock.calls[0]).toEqual([
      expect.stringContaining(`${name}: the target has shape [3], the input [3, 1]`) as unknown,
    ]);
    expect(warn.mock.calls.length).toBe(5);
    F[name](row, row);
    expect(warn.mock.calls.length).toBe(5);
    warn.mockRestore();
  });

  it('are refused where the result would outgrow the input', () => {
    const half = column.mul(0.1);
    expect(() => F.softMarginLoss(column, row)).toThrow('softMarginLoss: the target must broadcast to the input');
    expect(() => F.binaryCrossEntropy(half, half, row)).toThrow('binaryCrossEntropy: the weight must broadcast');
    expect(() => F.binaryCrossEntropyWithLogits(half, half, row)).toThrow('the weight must broadcast to the input');
    expect(() => F.binaryCrossEntropyWithLogits(half, half, { posWeight: row })).toThrow(
      'the posWeight must broadcast',
    );
  });
});
