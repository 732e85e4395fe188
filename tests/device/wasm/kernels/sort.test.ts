import { describe, expect, test } from 'vitest';
import { Opcode, SORT_DIGITS, SORT_SPLIT, Sort } from '../../../../assembly/engine/commands';
import { DTYPES, type DType, type TypedArray } from '../../../../src/base/dtype';
import { sortWorkspace } from '../../../../src/device/wasm/kernels/reduce';
import { KernelBench, type Build } from '../../../harness/kernel';
import { SIZES, fill, numbers, readAs } from './values';

/** Ascending, NaN being the greatest. */
const compare = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a - b;

/** The stable order of each column. */
function expected(x: readonly number[], outer: number, n: number, inner: number, descending: boolean): number[] {
  const out = Array<number>(x.length);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const place = (j: number): number => (o * n + j) * inner + i;
      const order = Array.from({ length: n }, (_, j) => j).sort(
        (j, l) => compare(x[place(j)], x[place(l)]) * (descending ? -1 : 1) || j - l,
      );
      order.forEach((position, j) => (out[place(j)] = position));
    }
  }
  return out;
}

function sorted(
  bench: KernelBench,
  dtype: DType,
  values: TypedArray,
  [outer, n, inner]: readonly number[],
  descending: boolean,
): number[] {
  const out = bench.room(values.length * 8);
  bench.run(Opcode.Sort, Sort, {
    ...{ x: bench.place(values), out, workspace: bench.room(sortWorkspace({ outer, n, inner }), 'workspace') },
    ...{ outer, n, inner, descending: descending ? 1 : 0, dtype: DTYPES[dtype].code },
  });
  return readAs(bench, 'int64', out, values.length);
}

const DTYPES_SORTED: DType[] = ['float32', 'float64', 'int32', 'int64', 'uint8'];

describe.each<Build>(['relaxed', 'baseline'])('%s', (build) => {
  test.each(DTYPES_SORTED)('sort of %s', (dtype) => {
    for (const n of [...SIZES, SORT_DIGITS - 1, SORT_DIGITS, SORT_SPLIT - 1, SORT_SPLIT, 2 * SORT_SPLIT + 17]) {
      for (const [outer, inner] of n > 1000
        ? [[1, 2]]
        : [
            [1, 1],
            [2, 3],
          ]) {
        const bench = new KernelBench(build, 32);
        const values = fill(dtype, outer * n * inner, n);
        for (const descending of [false, true]) {
          const order = sorted(bench, dtype, values, [outer, n, inner], descending);
          const differs = expected(numbers(values), outer, n, inner, descending).findIndex((j, at) => order[at] !== j);
          expect(differs, `${outer} x ${n} x ${inner}, descending ${descending}`).toBe(-1);
        }
      }
    }
  });

  test.each(['float32', 'float64'] as const)(
    'NaN, zeros of both signs, infinities and the least numbers in %s',
    (dtype) => {
      const special = [NaN, 0, -0, Infinity, -Infinity, 1.4e-45, -1.4e-45, 3.4e38, -3.4e38, 1, -1, -NaN];
      for (const n of [special.length, SORT_DIGITS + 3, SORT_SPLIT + 5]) {
        const bench = new KernelBench(build, 16);
        const values = DTYPES[dtype].array(new ArrayBuffer(n * DTYPES[dtype].bytes)) as Float32Array | Float64Array;
        for (let i = 0; i < n; i++) values[i] = special[(i * 7) % special.length];
        for (const descending of [false, true]) {
          const order = sorted(bench, dtype, values, [1, n, 1], descending);
          expect(order).toEqual(expected(numbers(values), 1, n, 1, descending));
        }
      }
    },
  );

  test('int64 beyond 32 bits', () => {
    const bench = new KernelBench(build, 16);
    const values = BigInt64Array.from(
      { length: 3000 },
      (_, i) => BigInt(((i * 7919) % 3001) - 1500) * 2n ** 40n + BigInt(i % 3),
    );
    const order = sorted(bench, 'int64', values, [1, 3000, 1], false);
    expect(order.every((j, i) => i === 0 || values[order[i - 1]] <= values[j])).toBe(true);
    expect(new Set(order).size).toBe(3000);
  });
});
