import { describe, expect, test } from 'vitest';
import { Opcode, SearchSorted } from '../../../../assembly/engine/commands';
import { DTYPES, type DType } from '../../../../src/base/dtype';
import { KernelBench, type Build } from '../../../harness/kernel';
import { SIZES, fill, numbers, readAs } from './values';

/** The definition: how many steps of a binary search end behind the middle. */
function placeOf(row: readonly number[], value: number, right: boolean): number {
  let [start, end] = [0, row.length];
  while (start < end) {
    const middle = Math.floor((start + end) / 2);
    if (right ? row[middle] > value : row[middle] >= value) end = middle;
    else start = middle + 1;
  }
  return start;
}

describe.each<Build>(['relaxed', 'baseline'])('%s', (build) => {
  test.each<DType>(['float32', 'float64', 'int32', 'int64', 'uint8'])('searchSorted of %s', (dtype) => {
    const bench = new KernelBench(build);
    const { code } = DTYPES[dtype];
    for (const n of SIZES) {
      for (const shared of [true, false]) {
        const [outer, m] = [2, 17];
        const sorted = fill(dtype, (shared ? 1 : outer) * n, n);
        // Rows in order, with equal elements among them.
        for (let row = 0; row < sorted.length; row += Math.max(n, 1)) sorted.subarray(row, row + n).sort();
        const values = fill(dtype, outer * m, n + 1);
        // Some of them are there.
        for (let j = 0; j < Math.min(n, m); j += 2) values[j] = sorted[j];
        for (const right of [false, true]) {
          const out = bench.room(outer * m * 8);
          const places = { sorted: bench.place(sorted), values: bench.place(values), out };
          const sizes = { outer, n, m, stride: shared ? 0 : n };
          bench.run(Opcode.SearchSorted, SearchSorted, { ...places, ...sizes, right: right ? 1 : 0, dtype: code });
          const row = (o: number): number[] => numbers(sorted).slice(shared ? 0 : o * n, shared ? n : (o + 1) * n);
          const expected = numbers(values).map((value, u) => placeOf(row(Math.floor(u / m)), value, right));
          expect(readAs(bench, 'int64', out, outer * m)).toEqual(expected);
        }
      }
    }
  });

  test('NaN, and what is sought beyond it, is behind everything', () => {
    const bench = new KernelBench(build);
    const sorted = bench.place(Float32Array.of(1, 2, 3, NaN, NaN));
    const values = bench.place(Float32Array.of(0, 2, 3, 5, NaN));
    const out = bench.room(5 * 8);
    const search = (right: number): number[] => {
      bench.run(Opcode.SearchSorted, SearchSorted, {
        sorted,
        values,
        out,
        outer: 1,
        n: 5,
        m: 5,
        stride: 0,
        right,
        dtype: 0,
      });
      return readAs(bench, 'int64', out, 5);
    };
    expect(search(0)).toEqual([0, 1, 2, 5, 5]);
    expect(search(1)).toEqual([0, 2, 5, 5, 5]);
  });
});
