import { describe, expect, test } from 'vitest';
import { FAULT_INDEX, IndexCommand, Opcode } from '../../../../assembly/engine/commands';
import { DTYPES, type DType, type TypedArray } from '../../../../src/base/dtype';
import { KernelBench, type Build } from '../../../harness/kernel';
import { SIZES, expectClose, fill, numbers, readAs } from './values';

interface Sizes {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  readonly m: number;
}

type Mode = Opcode.Gather | Opcode.ScatterAdd | Opcode.IndexSelect | Opcode.IndexAdd;

const SHAPES: readonly Sizes[] = [
  ...SIZES.map((inner) => ({ outer: 2, n: 5, inner, m: 7 })),
  ...SIZES.map((m) => ({ outer: 3, n: 17, inner: 1, m })),
  ...SIZES.map((m) => ({ outer: 4, n: 17, inner: 1, m })),
  { outer: 1, n: 40000, inner: 1, m: 50000 },
  { outer: 1, n: 1000, inner: 64, m: 300 },
  { outer: 20, n: 40, inner: 100, m: 50 },
];

const reads = (mode: Mode): boolean => mode === Opcode.Gather || mode === Opcode.IndexSelect;

function indices(dtype: DType, mode: Mode, { outer, n, inner, m }: Sizes): TypedArray {
  const length = mode === Opcode.Gather || mode === Opcode.ScatterAdd ? outer * m * inner : m;
  const index = DTYPES[dtype].array(new ArrayBuffer(length * DTYPES[dtype].bytes));
  numbers(fill('int32', length, 3)).forEach((value, i) => {
    const row = (value * value + i) % Math.min(n, 256);
    if (index instanceof BigInt64Array) index[i] = BigInt(row);
    else index[i] = row;
  });
  return index;
}

function run(
  bench: KernelBench,
  mode: Mode,
  dtype: DType,
  a: TypedArray,
  index: TypedArray,
  indexDtype: DType,
  sizes: Sizes,
  ignore: number | null = null,
): number[] {
  const { outer, n, inner, m } = sizes;
  const length = outer * inner * (reads(mode) ? m : n);
  const out = bench.room(length * DTYPES[dtype].bytes);
  bench.run(mode, IndexCommand, {
    a: bench.place(a),
    index: bench.place(index),
    out,
    outer,
    n,
    inner,
    m,
    hasIgnore: ignore === null ? 0 : 1,
    ignore: ignore ?? 0,
    dtype: DTYPES[dtype].code,
    indexDtype: DTYPES[indexDtype].code,
    kind: 0,
    wholeRows: 0,
  });
  return readAs(bench, dtype, out, length);
}

/** The formulas of IndexCommand, in the order of the indices. */
function reference(
  mode: Mode,
  a: number[],
  index: number[],
  { outer, n, inner, m }: Sizes,
  round = Math.fround,
): number[] {
  const out = new Array<number>(outer * inner * (reads(mode) ? m : n)).fill(0);
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < m; j++) {
      for (let i = 0; i < inner; i++) {
        const at = (o * m + j) * inner + i;
        const row = mode === Opcode.Gather || mode === Opcode.ScatterAdd ? index[at] : index[j];
        if (row < 0 || row >= n) continue;
        const there = (o * n + row) * inner + i;
        if (reads(mode)) out[at] = a[there];
        else out[there] = round(out[there] + a[at]);
      }
    }
  }
  return out;
}

describe.each<Build>(['baseline', 'relaxed'])('indexing, %s', (build) => {
  test.each([
    ['gather', Opcode.Gather],
    ['scatterAdd', Opcode.ScatterAdd],
    ['indexSelect', Opcode.IndexSelect],
    ['indexAdd', Opcode.IndexAdd],
  ] as const)('%s', (_, mode) => {
    const bench = new KernelBench(build);
    for (const sizes of SHAPES) {
      const { outer, n, inner, m } = sizes;
      const indexDtypes: DType[] = ['int64', 'int32', 'uint8'];
      for (const dtype of ['float32', 'float64', 'int64', 'int32', 'uint8'] as const) {
        const indexDtype = indexDtypes[outer % 3];
        const a = fill(dtype, outer * inner * (reads(mode) ? n : m));
        const index = indices(indexDtype, mode, sizes);
        const round = { float32: Math.fround, uint8: (x: number) => x & 255 }[dtype as string] ?? ((x: number) => x);
        expectClose(
          run(bench, mode, dtype, a, index, indexDtype, sizes),
          reference(mode, numbers(a), numbers(index), sizes, round),
        );
        expect(bench.faults().count).toBe(0);
      }
    }
  });

  test('an index out of range is recorded, gives zeros and adds nothing', () => {
    const sizes: Sizes = { outer: 2, n: 4, inner: 3, m: 4 };
    for (const mode of [Opcode.Gather, Opcode.ScatterAdd, Opcode.IndexSelect, Opcode.IndexAdd] as const) {
      for (const bad of [4n, -1n, 2n ** 40n]) {
        const a = fill('float32', 24);
        const index = indices('int64', mode, sizes);
        index[1] = bad;
        const bench = new KernelBench(build);
        expect(run(bench, mode, 'float32', a, index, 'int64', sizes)).toEqual(
          reference(mode, numbers(a), numbers(index), sizes),
        );
        expect(bench.faults()).toEqual({ count: 1, kind: FAULT_INDEX, value: bad });
      }
    }
  });

  test('an index out of range among rows of one number', () => {
    const sizes: Sizes = { outer: 2, n: 4, inner: 1, m: 5 };
    for (const mode of [Opcode.IndexSelect, Opcode.IndexAdd] as const) {
      for (const bad of [4, -1]) {
        const a = fill('float32', 10);
        const index = indices('int32', mode, sizes);
        index[3] = bad;
        const bench = new KernelBench(build);
        expect(run(bench, mode, 'float32', a, index, 'int32', sizes)).toEqual(
          reference(mode, numbers(a), numbers(index), sizes),
        );
        expect(bench.faults()).toMatchObject({ kind: FAULT_INDEX, value: BigInt(bad) });
      }
    }
  });

  test('the ignored index gives zeros and adds nothing, in range or not', () => {
    const sizes: Sizes = { outer: 1, n: 3, inner: 2, m: 3 };
    for (const ignore of [1, -100]) {
      const index = new BigInt64Array([0n, BigInt(ignore), 2n]);
      for (const mode of [Opcode.IndexSelect, Opcode.IndexAdd] as const) {
        const bench = new KernelBench(build);
        const x = new Float32Array([1, 2, 3, 4, 5, 6]);
        expect(run(bench, mode, 'float32', x, index, 'int64', sizes, ignore)).toEqual([1, 2, 0, 0, 5, 6]);
        expect(bench.faults().count).toBe(0);
      }
    }
  });
});
