// Transposed convolutions: sizes of the result, what is printed, what is refused.
import { afterAll, describe, expect, it } from 'vitest';
import { nn, shutdown, zeros } from '../../src';

afterAll(() => {
  shutdown();
});

describe('ConvTranspose', () => {
  it('gives the size asked for', () => {
    const layer = new nn.ConvTranspose2d(3, 2, 3, { stride: 2, padding: 1 });
    expect(layer(zeros(1, 3, 4, 5)).shape).toEqual([1, 2, 7, 9]);
    expect(layer(zeros(1, 3, 4, 5), [8, 9]).shape).toEqual([1, 2, 8, 9]);
    expect(layer(zeros(3, 4, 5), { outputSize: [2, 7, 10] }).shape).toEqual([2, 7, 10]);
    expect(() => layer(zeros(1, 3, 4, 5), [9, 9])).toThrow(
      'ConvTranspose2d: outputSize must be from [7, 9] to [8, 10] for an input of [1, 3, 4, 5], got [9, 9].',
    );
  });

  it('prints as in PyTorch', () => {
    const layer = new nn.ConvTranspose1d(4, 6, 3, 2, 1, 1, 2, false, 2);
    expect(String(layer)).toBe(
      'ConvTranspose1d(4, 6, kernel_size=(3,), stride=(2,), padding=(1,), dilation=(2,), output_padding=(1,), groups=2, bias=False)',
    );
  });

  it('becomes an ordinary layer at the first call', () => {
    const layer = new nn.LazyConvTranspose3d(4, 2, { groups: 2 });
    expect(layer(zeros(1, 6, 2, 2, 2)).shape).toEqual([1, 4, 3, 3, 3]);
    expect(layer.constructor).toBe(nn.ConvTranspose3d);
    expect(layer.weight.shape).toEqual([6, 2, 2, 2, 2]);
  });

  it('refuses other padding than zeros', () => {
    expect(() => Reflect.construct(nn.ConvTranspose2d, [3, 4, 3, { paddingMode: 'reflect' }]) as unknown).toThrow(
      "ConvTranspose2d: paddingMode must be 'zeros', got 'reflect'.",
    );
  });
});
