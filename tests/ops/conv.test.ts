// Convolution: gradients of first and second order, padding by name, messages.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { autograd, manualSeed, nn, ones, rand, shutdown, zeros, type Tensor } from '../../src';
import { conv1d, conv2d } from '../../src/ops/spatial/conv';

beforeEach(() => void manualSeed(1));
afterAll(() => {
  shutdown();
});

const double = (shape: readonly number[]): Tensor => rand(shape, { dtype: 'float64' });

describe('convolution', () => {
  it('has gradients of first and second order', async () => {
    const of = (op: typeof conv2d, options: object) => (x: Tensor, w: Tensor, b: Tensor) => op(x, w, b, options);
    const flat = (op: typeof conv1d, options: object) => (x: Tensor, w: Tensor, b: Tensor) => op(x, w, b, options);
    const cases = [
      [of(conv2d, { padding: 1 }), [2, 1, 2, 3], [2, 1, 3, 3]],
      [of(conv2d, { stride: [2, 1], dilation: [1, 2], groups: 2 }), [1, 2, 3, 3], [2, 1, 2, 2]],
      [of(conv2d, { padding: 'same' }), [1, 3, 3], [1, 1, 2, 3]],
      [flat(conv1d, { stride: 2, padding: 2 }), [1, 2, 4], [2, 2, 3]],
    ] as const;
    for (const [op, x, w] of cases) {
      const inputs = [double(x), double(w), double([w[0]])].map((t) => t.requiresGrad_());
      expect(await autograd.gradcheck(op, inputs)).toBe(true);
      expect(await autograd.gradgradcheck(op, inputs)).toBe(true);
    }
  });

  it('pads by name', () => {
    expect(conv2d(zeros(1, 1, 5, 6), zeros(1, 1, 2, 3), null, { padding: 'same' }).shape).toEqual([1, 1, 5, 6]);
    expect(conv1d(zeros(1, 9), zeros(2, 1, 4), null, { padding: 'same', dilation: 3 }).shape).toEqual([2, 9]);
    expect(conv1d(zeros(1, 9), zeros(2, 1, 4), null, { padding: 'valid' }).shape).toEqual([2, 6]);
  });

  it('says what does not fit', () => {
    expect(() => conv2d(zeros(1, 3, 8, 8), zeros(4, 2, 3, 3))).toThrow(
      'conv2d: the input must have 2 channels in dimension 1 for a weight of shape [4, 2, 3, 3], got [1, 3, 8, 8] (3). Check inChannels.',
    );
    expect(() => conv2d(zeros(28, 28), zeros(4, 1, 3, 3))).toThrow('Add the channel with unsqueeze(0).');
    expect(() => conv2d(zeros(1, 1, 2, 2), zeros(1, 1, 3, 3))).toThrow('the kernel must fit into the padded input');
    expect(() => conv2d(zeros(1, 1, 4, 4), zeros(1, 1, 3, 3), null, { padding: 'same', stride: 2 })).toThrow(
      "conv2d: padding 'same' needs stride 1, got [2, 2].",
    );
    expect(() => conv1d(zeros(1, 4), zeros(1, 1, 3), null, { stride: 0 })).toThrow(
      'conv1d: stride must be an integer of at least 1, got 0.',
    );
  });
});

describe('no channels', () => {
  const { functional: F } = nn;

  it('gives no channels, and gradients of zeros, as PyTorch does', async () => {
    const [x, weight, bias] = [zeros(2, 0, 5), zeros(3, 0, 2), ones(3)].map((t) => t.requiresGrad_());
    const out = F.conv1d(x, weight, bias);
    expect(out.shape).toEqual([2, 0, 4]);
    out.sum().backward();
    expect([x, weight].map((t) => t.grad?.shape)).toEqual([x.shape, weight.shape]);
    expect(await bias.grad?.tolist()).toEqual([0, 0, 0]);
    expect(F.conv2d(zeros(0, 5, 5), zeros(3, 0, 2, 2)).shape).toEqual([0, 4, 4]);
    expect(F.conv3d(zeros(2, 0, 5, 5, 5), zeros(3, 0, 2, 2, 2)).shape).toEqual([2, 0, 4, 4, 4]);
    expect(() => F.convTranspose1d(zeros(2, 0, 5), zeros(0, 3, 2))).toThrow('convTranspose1d: groups must be');
    expect(() => F.conv1d(zeros(2, 3, 5), zeros(0, 3, 2))).toThrow('conv1d: weight must have no dimension but');
  });

  it('is what adaptive pools take where PyTorch does', () => {
    expect(F.adaptiveAvgPool1d(zeros(2, 0, 5), 2).shape).toEqual([2, 0, 2]);
    expect(F.adaptiveAvgPool2d(zeros(2, 0, 5, 5), 2).shape).toEqual([2, 0, 2, 2]);
    expect(F.adaptiveAvgPool3d(zeros(0, 5, 5, 5), 2).shape).toEqual([0, 2, 2, 2]);
    expect(F.adaptiveMaxPool2d(zeros(0, 5, 5), 2).shape).toEqual([0, 2, 2]);
    expect(() => F.adaptiveAvgPool3d(zeros(2, 0, 5, 5, 5), 2)).toThrow('sizes above 0 from dimension 1 on, got [2, 0,');
    expect(() => F.adaptiveMaxPool1d(zeros(2, 0, 5), 2)).toThrow('sizes above 0 from dimension 1 on, got [2, 0, 5]');
    expect(() => F.adaptiveAvgPool1d(zeros(2, 3, 0), 2)).toThrow('sizes above 0 from dimension 2 on, got [2, 3, 0]');
  });
});
