// setPrintOptions: what PyTorch 1.13 prints after torch.set_printoptions with the same options, one call after the other.
import { afterAll, afterEach, expect, it } from 'vitest';
import { arange, setPrintOptions, shutdown, tensor, zeros, type PrintOptions } from '../../src';

afterEach(() => {
  setPrintOptions({ profile: 'default' });
});
afterAll(() => {
  shutdown();
});

const ROWS = 'tensor([[ 0.,  1.,  2.,  3.],\n        [ 4.,  5.,  6.,  7.],\n        [ 8.,  9., 10., 11.]])';
const TEN = 'tensor([0., 1., 2., 3., 4., 5., 6., 7., 8., 9.])';
const CALLS: readonly (readonly [options: PrintOptions, texts: readonly string[]])[] = [
  [{ precision: 2 }, ['tensor([   1.23,   -2.50, 1000.12])', ROWS, 'tensor([1.00e-06, 2.00e+00])', TEN]],
  [{}, ['tensor([   1.23,   -2.50, 1000.12])', ROWS, 'tensor([1.00e-06, 2.00e+00])', TEN]],
  [{ threshold: 5, edgeitems: 1 }, ['tensor([   1.23,   -2.50, 1000.12])', 'tensor([[ 0.,  ...,  3.],\n        ...,\n        [ 8.,  ..., 11.]])', 'tensor([1.00e-06, 2.00e+00])', 'tensor([0.,  ..., 9.])']],
  [{ profile: 'default' }, ['tensor([   1.2346,   -2.5000, 1000.1250])', ROWS, 'tensor([1.0000e-06, 2.0000e+00])', TEN]],
  [{ sciMode: true }, ['tensor([1.2346e+00, -2.5000e+00, 1.0001e+03])', 'tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00, 3.0000e+00],\n        [4.0000e+00, 5.0000e+00, 6.0000e+00, 7.0000e+00],\n        [8.0000e+00, 9.0000e+00, 1.0000e+01, 1.1000e+01]])', 'tensor([1.0000e-06, 2.0000e+00])', 'tensor([0.0000e+00, 1.0000e+00, 2.0000e+00, 3.0000e+00, 4.0000e+00, 5.0000e+00, 6.0000e+00, 7.0000e+00, 8.0000e+00, 9.0000e+00])']],
  [{ sciMode: false }, ['tensor([   1.2346,   -2.5000, 1000.1250])', ROWS, 'tensor([    0.0000,     2.0000])', TEN]],
  [{ linewidth: 30 }, ['tensor([   1.2346,   -2.5000,\n        1000.1250])', ROWS, 'tensor([1.0000e-06,\n        2.0000e+00])', 'tensor([0., 1., 2., 3., 4.,\n        5., 6., 7., 8., 9.])']],
  [{ profile: 'short', linewidth: 20 }, ['tensor([   1.23,\n          -2.50,\n        1000.12])', 'tensor([[ 0.,  1.,\n          2.,  3.],\n        [ 4.,  5.,\n          6.,  7.],\n        [ 8.,  9.,\n         10., 11.]])', 'tensor([1.00e-06,\n        2.00e+00])', 'tensor([0., 1., 2.,\n        3., 4., 5.,\n        6., 7., 8.,\n        9.])']],
  [{ profile: 'full', precision: 6 }, ['tensor([   1.234560,   -2.500000, 1000.125000])', ROWS, 'tensor([1.000000e-06, 2.000000e+00])', TEN]],
]; // prettier-ignore

it('prints as PyTorch does', async () => {
  const tensors = [
    tensor([1.23456, -2.5, 1000.125]),
    arange(12).float().view(3, 4),
    tensor([1e-6, 2]),
    arange(10).float(),
  ];
  for (const [options, texts] of CALLS) {
    setPrintOptions(options);
    expect(await Promise.all(tensors.map((x) => x.repr())), JSON.stringify(options)).toEqual(texts);
    expect(await zeros(0).repr()).toBe('tensor([])');
  }
});

it('shows all of a great tensor with the full profile', async () => {
  setPrintOptions({ profile: 'full' });
  expect(await zeros(1001).repr()).not.toContain('...');
  setPrintOptions({ profile: 'default' });
  expect(await zeros(1001).repr()).toContain('...');
});
