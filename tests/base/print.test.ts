// What PyTorch 1.13 prints for the same values.
import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/base/dtype';
import { valuesOf } from '../../src/ops/shape/creation';
import { formatTensor } from '../../src/base/print';

const ramp = (n: number, at: (i: number) => number = (i) => i): number[] => Array.from({ length: n }, (_, i) => at(i));

const CASES: [name: string, values: (number | boolean)[], shape: number[], dtype: DType, printed: string][] = [
  ['a scalar', [3.141590118408203], [], 'float32', 'tensor(3.1416)'],
  ['integral floats', [1, 2, 3], [3], 'float32', 'tensor([1., 2., 3.])'],
  ['what is not finite', [1.5, NaN, Infinity, -Infinity], [4], 'float32', 'tensor([1.5000,    nan,    inf,   -inf])'],
  ['small values', [1e-5, 1], [2], 'float32', 'tensor([1.0000e-05, 1.0000e+00])'],
  ['large values', [1e9, 1], [2], 'float32', 'tensor([1.0000e+09, 1.0000e+00])'],
  ['a great ratio', [1e6, 0.5], [2], 'float32', 'tensor([1.0000e+06, 5.0000e-01])'],
  ['integers', [1, 2, 3, -400], [2, 2], 'int64', 'tensor([[   1,    2],\n        [   3, -400]])'],
  ['booleans', [true, false], [2], 'bool', 'tensor([ True, False])'],
  ['another dtype', [1, 2, 3], [3], 'uint8', 'tensor([1, 2, 3], dtype=torch.uint8)'],
  ['ties at the last digit', [0.5, 0.03125, 0.09375], [3], 'float64', 'tensor([0.5000, 0.0312, 0.0938], dtype=torch.float64)'],
  ['no elements', [], [0], 'float32', 'tensor([])'],
  ['no elements in two dimensions', [], [2, 0], 'float32', 'tensor([], size=(2, 0))'],
  ['no integers', [], [0], 'int64', 'tensor([], dtype=torch.int64)'],
  ['zeros', [0, 0], [2], 'float32', 'tensor([0., 0.])'],
  ['a negative zero', [-0, 1], [2], 'float32', 'tensor([-0., 1.])'],
  [
    'three dimensions', ramp(12, (i) => i / 7), [2, 2, 3], 'float32',
    'tensor([[[0.0000, 0.1429, 0.2857],\n         [0.4286, 0.5714, 0.7143]],\n\n        [[0.8571, 1.0000, 1.1429],\n         [1.2857, 1.4286, 1.5714]]])',
  ],
  [
    'a vector of several lines', ramp(12, (i) => i / 3), [12], 'float32',
    'tensor([0.0000, 0.3333, 0.6667, 1.0000, 1.3333, 1.6667, 2.0000, 2.3333, 2.6667,\n        3.0000, 3.3333, 3.6667])',
  ],
  ['more than 1000 elements', ramp(1001), [1001], 'int64', 'tensor([   0,    1,    2,  ...,  998,  999, 1000])'],
]; // prettier-ignore

describe('formatTensor', () => {
  it.each(CASES)('prints %s as PyTorch does', (_name, values, shape, dtype, printed) => {
    expect(formatTensor(valuesOf(values, dtype), shape, dtype, [])).toBe(printed);
  });

  it('summarises a matrix by its corners', () => {
    const lines = formatTensor(valuesOf(ramp(2000), 'float32'), [40, 50], 'float32', []).split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 4.7000e+01, 4.8000e+01,',
      '         4.9000e+01],',
    ]);
    expect(lines).toContain('        ...,');
  });

  it('appends suffixes, on a new line past 80 columns', () => {
    expect(formatTensor(new Float32Array([1.5]), [1], 'float32', ['grad_fn=<AddBackward0>'])).toBe(
      'tensor([1.5000], grad_fn=<AddBackward0>)',
    );
    const long = formatTensor(
      valuesOf(
        ramp(8, (i) => i / 3),
        'float32',
      ),
      [8],
      'float32',
      ['requires_grad=True'],
    );
    expect(long.split('\n')[1]).toBe('       requires_grad=True)');
  });
});
