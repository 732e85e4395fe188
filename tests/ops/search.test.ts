// Places in sorted sequences, against PyTorch 1.13.
import { expect, test } from 'vitest';
import { bucketize, linspace, rand, searchsorted, tensor } from '../../src';

test('NaN is behind everything, and an unsorted sequence gives what a binary search finds', async () => {
  const holed = tensor([1, 2, 3, NaN, NaN]);
  const values = tensor([0, 1, 2, 3, 5, NaN]);
  expect(await searchsorted(holed, values).tolist()).toEqual([0, 0, 1, 2, 5, 5]);
  expect(await searchsorted(holed, values, { right: true }).tolist()).toEqual([0, 1, 2, 5, 5, 5]);
  expect(await searchsorted(tensor([3, 1, 2, 0]), tensor([0, 1, 2, 2.5])).tolist()).toEqual([0, 0, 2, 4]);
});

test('integers and fractions meet as floats', async () => {
  const whole = tensor([1n, 2n, 3n]);
  expect(await searchsorted(whole, 2.5).item()).toBe(2);
  expect(await searchsorted(whole, tensor([2.5])).tolist()).toEqual([2]);
  expect(await bucketize(tensor([1n, 2n]), tensor([1.5])).tolist()).toEqual([0, 1]);
});

test('an order sorts the sequence', async () => {
  const sequence = tensor([[3, 1, 2], [5, 6, 4]]); // prettier-ignore
  const found = searchsorted(sequence, tensor([[2], [7]]), {
    sorter: sequence.argsort(),
    side: 'right',
    outInt32: true,
  });
  expect(found.dtype).toBe('int32');
  expect(await found.tolist()).toEqual([[2], [3]]);
});

test('many values in a long sequence take no memory for pairs', async () => {
  const n = 300_000;
  const places = await bucketize(rand(n), linspace(0, 1, n)).data();
  expect(places).toHaveLength(n);
  expect(places.every((place) => place >= 0 && place <= n)).toBe(true);
});
