import { describe, expect, test } from 'vitest';
import {
  ArgReduce,
  ArgReduceKind,
  Opcode,
  REDUCE_COLUMN_CHUNK,
  REDUCE_ROW_CHUNK,
  Reduce,
  ReduceKind,
  Scan,
  ScanKind,
} from '../../../../assembly/engine/commands';
import { DTYPES, type DType, type TypedArray } from '../../../../src/base/dtype';
import { reducePartials } from '../../../../src/device/wasm/kernels/reduce';
import { KernelBench, type Build } from '../../../harness/kernel';
import { SIZES, expectClose, fill, numbers, readAs } from './values';

type Shape = readonly [outer: number, n: number, inner: number];

/** Rows, columns, both, and sizes around the chunks and blocks of columns. */
const SHAPES: readonly Shape[] = [
  ...SIZES.map((n): Shape => [3, n, 1]),
  ...SIZES.map((inner): Shape => [2, 5, inner]),
  ...SIZES.map((n): Shape => [1, n, 7]),
  [1, REDUCE_ROW_CHUNK, 1],
  [2, REDUCE_ROW_CHUNK + 1, 1],
  [1, 5 * REDUCE_ROW_CHUNK + 17, 1],
  [1, REDUCE_COLUMN_CHUNK + 1, 20],
  [2, 3 * REDUCE_COLUMN_CHUNK + 5, 130],
  [1, 513, 1],
  [0, 4, 3],
];

function reduce(bench: KernelBench, kind: ReduceKind, dtype: DType, x: TypedArray, [outer, n, inner]: Shape): number[] {
  const { code, bytes } = DTYPES[dtype];
  const out = bench.room(outer * inner * bytes);
  const workspace = bench.room(reducePartials({ outer, n, inner }) * bytes, 'workspace');
  bench.run(Opcode.Reduce, Reduce, { x: bench.place(x), out, workspace, outer, n, inner, kind, dtype: code });
  return readAs(bench, dtype, out, outer * inner);
}

/** Applies `column` to each column of the middle dimension. */
function columns<R>(x: readonly number[], [outer, n, inner]: Shape, column: (values: number[]) => R): R[] {
  const result: R[] = [];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      result.push(column(Array.from({ length: n }, (_, j) => x[(o * n + j) * inner + i])));
    }
  }
  return result;
}

const FOLDS: { readonly [K in ReduceKind]: (values: number[]) => number } = {
  [ReduceKind.Sum]: (values) => values.reduce((a, b) => a + b, 0),
  [ReduceKind.Mean]: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  [ReduceKind.Prod]: (values) => values.reduce((a, b) => a * b, 1),
  [ReduceKind.Amax]: (values) => values.reduce((a, b) => Math.max(a, b), -Infinity),
  [ReduceKind.Amin]: (values) => values.reduce((a, b) => Math.min(a, b), Infinity),
};

describe.each<Build>(['baseline', 'relaxed'])('reductions, %s', (build) => {
  test.each<DType>(['float32', 'float64'])('sum, mean, prod, amax, amin of %s', (dtype) => {
    const bench = new KernelBench(build);
    for (const shape of SHAPES) {
      const x = fill(dtype, shape[0] * shape[1] * shape[2]);
      for (const kind of [ReduceKind.Sum, ReduceKind.Mean, ReduceKind.Prod, ReduceKind.Amax, ReduceKind.Amin]) {
        const actual = reduce(bench, kind, dtype, x, shape);
        const expected = columns(numbers(x), shape, FOLDS[kind]);
        const exact = kind === ReduceKind.Amax || kind === ReduceKind.Amin;
        const tolerance = (dtype === 'float32' ? 1e-6 : 1e-14) * Math.sqrt(shape[1] + 1);
        expectClose(actual, expected, exact ? 0 : tolerance, `${ReduceKind[kind]} of [${shape.join(', ')}]`);
      }
    }
  });

  test('integers are exact, with their own extremes', () => {
    const bench = new KernelBench(build);
    for (const dtype of ['int32', 'int64', 'uint8', 'bool'] as const) {
      for (const shape of SHAPES.filter(([, n]) => n > 0)) {
        const x = fill(dtype, shape[0] * shape[1] * shape[2]);
        const kinds =
          dtype === 'int64' ? [ReduceKind.Sum, ReduceKind.Amax, ReduceKind.Amin] : [ReduceKind.Amax, ReduceKind.Amin];
        for (const kind of kinds) {
          expectClose(reduce(bench, kind, dtype, x, shape), columns(numbers(x), shape, FOLDS[kind]));
        }
      }
    }
    expect(reduce(bench, ReduceKind.Prod, 'int64', new BigInt64Array([3n, -5n, 7n]), [1, 3, 1])).toEqual([-105]);
  });

  test('the sum of nothing is 0, its product 1, its mean NaN', () => {
    const bench = new KernelBench(build);
    const empty = new Float32Array(0);
    expect(reduce(bench, ReduceKind.Sum, 'float32', empty, [2, 0, 1])).toEqual([0, 0]);
    expect(reduce(bench, ReduceKind.Prod, 'float32', empty, [1, 0, 5])).toEqual([1, 1, 1, 1, 1]);
    expect(reduce(bench, ReduceKind.Mean, 'float32', empty, [1, 0, 1])).toEqual([NaN]);
  });

  test('NaN and infinity come through', () => {
    const bench = new KernelBench(build);
    for (const n of [1, 3, 16, 17, 1000]) {
      for (const at of [0, n >> 1, n - 1]) {
        const x = fill('float32', n);
        x[at] = NaN;
        for (const kind of [ReduceKind.Sum, ReduceKind.Amax, ReduceKind.Amin]) {
          expect(reduce(bench, kind, 'float32', x, [1, n, 1])).toEqual([NaN]);
        }
        x[at] = -Infinity;
        expect(reduce(bench, ReduceKind.Amin, 'float32', x, [1, n, 1])).toEqual([-Infinity]);
      }
    }
  });

  test('a long sum keeps float32 accuracy', () => {
    const bench = new KernelBench(build);
    const n = 1 << 20;
    const [sum] = reduce(bench, ReduceKind.Sum, 'float32', new Float32Array(n).fill(0.1), [1, n, 1]);
    // A running sum would be off by 1e-2.
    expect(Math.abs(sum / (n * Math.fround(0.1)) - 1)).toBeLessThan(5e-7);
  });

  test('argmax and argmin: first of equals, first NaN before all', () => {
    const bench = new KernelBench(build);
    const arg = (kind: ArgReduceKind, dtype: DType, x: TypedArray, [outer, n, inner]: Shape): number[] => {
      const out = bench.room(outer * inner * 8);
      bench.run(Opcode.ArgReduce, ArgReduce, {
        x: bench.place(x),
        out,
        outer,
        n,
        inner,
        kind,
        dtype: DTYPES[dtype].code,
      });
      return readAs(bench, 'int64', out, outer * inner);
    };
    for (const dtype of ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool'] as const) {
      for (const shape of SHAPES.filter(([, n]) => n > 0)) {
        const x = fill(dtype, shape[0] * shape[1] * shape[2]);
        expectClose(
          arg(ArgReduceKind.Argmax, dtype, x, shape),
          columns(numbers(x), shape, (values) => values.indexOf(FOLDS[ReduceKind.Amax](values))),
        );
        expectClose(
          arg(ArgReduceKind.Argmin, dtype, x, shape),
          columns(numbers(x), shape, (values) => values.indexOf(FOLDS[ReduceKind.Amin](values))),
        );
      }
    }
    expect(arg(ArgReduceKind.Argmax, 'float32', new Float32Array([1, 9, NaN, Infinity, NaN]), [1, 5, 1])).toEqual([2]);
    expect(arg(ArgReduceKind.Argmin, 'float32', new Float32Array([NaN, 2, -Infinity]), [1, 3, 1])).toEqual([0]);
    expect(arg(ArgReduceKind.Argmax, 'float64', new Float64Array([-Infinity, -Infinity]), [1, 2, 1])).toEqual([0]);
  });

  test('cumsum and cumprod', () => {
    const bench = new KernelBench(build);
    for (const dtype of ['float32', 'float64', 'int64'] as const) {
      for (const [outer, n, inner] of [
        [3, 5, 1],
        [2, 17, 4],
        [1, 1000, 3],
        [2, 0, 3],
        [1, 1, 1],
      ] as const) {
        const x = fill(dtype, outer * n * inner);
        for (const kind of [ScanKind.Cumsum, ScanKind.Cumprod]) {
          if (dtype === 'int64' && kind === ScanKind.Cumprod) continue;
          const { bytes, code } = DTYPES[dtype];
          for (const reverse of [0, 1]) {
            const out = bench.room(x.length * bytes);
            bench.run(Opcode.Scan, Scan, { x: bench.place(x), out, outer, n, inner, kind, reverse, dtype: code });
            const expected = numbers(x);
            for (let k = 0; k < expected.length; k++) {
              const i = reverse ? expected.length - 1 - k : k;
              const before = reverse ? i + inner : i - inner;
              if (Math.floor(i / inner) % n === (reverse ? n - 1 : 0)) continue;
              expected[i] = kind === ScanKind.Cumsum ? expected[before] + expected[i] : expected[before] * expected[i];
            }
            const rounded = dtype === 'float32' ? expected.map(Math.fround) : expected;
            expectClose(readAs(bench, dtype, out, x.length), rounded);
          }
        }
      }
    }
  });
});
