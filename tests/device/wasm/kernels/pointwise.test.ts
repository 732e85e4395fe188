// Pointwise programs by pointer: every layout, dtype and block length. Accuracy is in pointwiseAccuracy.test.ts.
import { describe, expect, test } from 'vitest';
import { FAULT_DIVISION, POINTWISE_BLOCK } from '../../../../assembly/engine/commands';
import { isFloat, newArray, type DType } from '../../../../src/base/dtype';
import * as e from '../../../../src/expression/expression';
import type { Build } from '../../../harness/kernel';
import { castTo, evaluate, offsets, PointwiseBench, programOf } from '../../../harness/pointwise';
import { SIZES, expectClose, fill, numbers } from './values';

const BUILDS: readonly Build[] = ['baseline', 'relaxed'];
const LENGTHS = [
  ...SIZES,
  64,
  65,
  POINTWISE_BLOCK - 1,
  POINTWISE_BLOCK,
  POINTWISE_BLOCK + 1,
  3 * POINTWISE_BLOCK + 70,
  60001,
];
const NUMERIC: readonly DType[] = [
  'float32', 'float64', 'int32', 'int64', 'uint8', 'int8', 'int16', 'float16', 'bfloat16',
]; // prettier-ignore

const a = (dtype: DType = 'float32'): e.Expression => e.input(0, dtype);
const b = (dtype: DType = 'float32'): e.Expression => e.input(1, dtype);

describe.each(BUILDS)('pointwise (%s)', (build) => {
  test.each(LENGTHS)('binary of %i elements', (n) => {
    const bench = new PointwiseBench(build);
    const x = fill('float32', n);
    const y = fill('float32', n, 2);
    const actual = bench.evaluate(e.mul(a(), b()), [bench.place('float32', x), bench.place('float32', y)]);
    expectClose(
      actual,
      numbers(x).map((v, i) => Math.fround(v * Number(y[i]))),
    );
  });

  test.each(NUMERIC)('arithmetic and comparison of %s', (dtype) => {
    const bench = new PointwiseBench(build);
    for (const n of [1, 17, 600]) {
      const x = fill(dtype, n);
      const y = fill(dtype, n, 2);
      const views = [bench.place(dtype, x), bench.place(dtype, y)];
      for (const f of [e.add, e.sub, e.mul, e.maximum, e.minimum, e.eq, e.ne, e.lt, e.le, e.gt, e.ge]) {
        const root = f(a(dtype), b(dtype));
        const expected = numbers(x).map((v, i) => castTo(root.dtype, evaluate(root, [v, Number(y[i])])));
        expectClose(bench.evaluate(root, views), expected, 0, `${f.name} ${dtype} ${n}`);
      }
    }
  });

  /** Layouts that all have the shape [3, 4, 70]: dense, transposed, broadcast in front, behind and throughout, sliced. */
  const SHAPE = [3, 4, 70];
  const LAYOUTS: readonly [name: string, elements: number, strides: readonly number[], offset: number][] = [
    ['dense', 840, [280, 70, 1], 0],
    ['transposed', 840, [1, 3, 12], 0],
    ['row', 70, [0, 0, 1], 0],
    ['column', 4, [0, 1, 0], 0],
    ['one', 1, [0, 0, 0], 0],
    ['every other', 1680, [560, 140, 2], 1],
    ['reversed', 840, [-280, 70, 1], 560],
  ];

  test.each(NUMERIC)('strided inputs of %s', (dtype) => {
    const bench = new PointwiseBench(build);
    for (const [first, n, strides, offset] of LAYOUTS) {
      for (const [second, m, others, start] of LAYOUTS) {
        const x = fill(dtype, n);
        const y = fill(dtype, m, 2);
        const views = [bench.place(dtype, x, SHAPE, strides, offset), bench.place(dtype, y, SHAPE, others, start)];
        const [at, other] = views.map(offsets);
        const expected = at.map((position, i) => Math.max(Number(x[position]), Number(y[other[i]])));
        expectClose(bench.evaluate(e.maximum(a(dtype), b(dtype)), views), expected, 0, `${first} and ${second}`);
      }
    }
  });

  test.each([...NUMERIC, 'bool' as const])('strided output of %s, in place', (dtype) => {
    const bench = new PointwiseBench(build);
    for (const [name, n, strides, offset] of LAYOUTS.filter(([, elements]) => elements >= 840)) {
      const x = fill(dtype, n);
      const view = bench.place(dtype, x, SHAPE, strides, offset);
      const three = bench.place(dtype, newArray(dtype, 8), SHAPE, [0, 0, 0]);
      const program = programOf([view, three], e.cast(dtype, e.eq(a(dtype), b(dtype))));
      bench.kernels.pointwise([view, three], [view], { program, scalars: [] });
      expectClose(
        bench.read(view),
        offsets(view).map((at) => Number(Number(x[at]) === 0)),
        0,
        name,
      );
    }
  });

  test('converts between all dtypes', () => {
    const bench = new PointwiseBench(build);
    const dtypes = [...NUMERIC, 'bool' as const];
    for (const from of dtypes) {
      for (const to of dtypes) {
        const x = fill(from, 77).map((v) => (isFloat(from) ? castTo(from, Number(v) * 150) : v) as never);
        const actual = bench.evaluate(e.cast(to, a(from)), [bench.place(from, x)]);
        expectClose(
          actual,
          numbers(x).map((v) => evaluate(e.cast(to, a('float64')), [v])),
          0,
          `${from} to ${to}`,
        );
      }
    }
  });

  test('several outputs over their own inputs', () => {
    const bench = new PointwiseBench(build);
    const [x, y] = [fill('float32', 1333), fill('float32', 1333, 2)];
    const views = [bench.place('float32', x), bench.place('float32', y)];
    const sum = e.add(a(), b());
    const program = programOf(views, sum, e.mul(sum, e.sub(a(), b())));
    bench.kernels.pointwise(views, views, { program, scalars: [] });
    const sums = numbers(x).map((v, i) => Math.fround(v + Number(y[i])));
    expectClose(bench.read(views[0]), sums);
    expectClose(
      bench.read(views[1]),
      sums.map((s, i) => Math.fround(s * Math.fround(Number(x[i]) - Number(y[i])))),
    );
  });

  test('scalars and constants, hoisted with what depends on them only', () => {
    const bench = new PointwiseBench(build);
    const x = fill('float32', 2000);
    const scale = e.div(e.exp(e.scalar(0, 'float32')), e.scalar(1, 'float32'));
    const root = e.add(e.div(a(), scale), e.constant(3, 'float32'));
    const actual = bench.evaluate(root, [bench.place('float32', x)], [1.5, 2]);
    expectClose(
      actual,
      numbers(x).map((v) => evaluate(root, [v], [1.5, 2])),
      1e-6,
    );
  });

  test('fills and copies', () => {
    const bench = new PointwiseBench(build);
    for (const dtype of [...NUMERIC, 'bool' as const]) {
      const out = bench.room(dtype, [777]);
      bench.kernels.pointwise([], [out], { program: programOf([], e.scalar(0, dtype)), scalars: [1] });
      expectClose(bench.read(out), Array<number>(777).fill(1), 0, dtype);
      const x = bench.place(dtype, fill(dtype, 777));
      expectClose(bench.evaluate(a(dtype), [x]), bench.read(x), 0, dtype);
    }
  });

  test('where takes nothing from the other branch', () => {
    const bench = new PointwiseBench(build);
    for (const dtype of NUMERIC) {
      const [x, y] = [fill(dtype, 300), fill(dtype, 300, 2)];
      const condition = fill('bool', 300);
      const views = [bench.place(dtype, x), bench.place(dtype, y), bench.place('bool', condition)];
      const actual = bench.evaluate(e.where(e.input(2, 'bool'), a(dtype), b(dtype)), views);
      expectClose(
        actual,
        numbers(condition).map((c, i) => Number(c ? x[i] : y[i])),
        0,
        dtype,
      );
    }
    const nan = bench.place('float32', Float32Array.of(NaN, NaN));
    const one = bench.place('float32', Float32Array.of(1, 1));
    const condition = bench.place('bool', Uint8Array.of(1, 0));
    expectClose(bench.evaluate(e.where(e.input(2, 'bool'), a(), b()), [nan, one, condition]), [NaN, 1]);
  });

  test.each(['int32', 'int64', 'uint8'] as const)('division of %s', (dtype) => {
    const bench = new PointwiseBench(build);
    const x = fill(dtype, 999);
    const y = fill(dtype, 999, 5).map((v) => (Number(v) === 0 ? (dtype === 'int64' ? 7n : 7) : v) as never);
    const views = [bench.place(dtype, x), bench.place(dtype, y)];
    for (const f of [e.floorDivide, e.truncDivide, e.remainder, e.fmod]) {
      const root = f(a(dtype), b(dtype));
      const expected = numbers(x).map((v, i) => evaluate(root, [v, Number(y[i])]) + 0);
      expectClose(bench.evaluate(root, views), expected, 0, f.name);
    }
    expect(bench.bench.faults().count).toBe(0);
  });

  test('integer division by zero and of the least number', () => {
    const bench = new PointwiseBench(build);
    const x = bench.place('int32', Int32Array.of(-(2 ** 31), 7, -7, 0, -(2 ** 31)));
    const y = bench.place('int32', Int32Array.of(-1, 0, 2, 0, 1));
    const i = 'int32';
    expectClose(bench.evaluate(e.floorDivide(a(i), b(i)), [x, y]), [-(2 ** 31), 0, -4, 0, -(2 ** 31)]);
    expectClose(bench.evaluate(e.remainder(a(i), b(i)), [x, y]), [0, 0, 1, 0, 0]);
    expect(bench.bench.faults()).toEqual({ count: 1, kind: FAULT_DIVISION, value: 7n });
  });

  test('integer powers and bits', () => {
    const bench = new PointwiseBench(build);
    const x = bench.place('int64', BigInt64Array.of(3n, -2n, 0n, -1n, 1n, 10n));
    const y = bench.place('int64', BigInt64Array.of(4n, 3n, 0n, -3n, -1n, -2n));
    const i = 'int64';
    expectClose(bench.evaluate(e.pow(a(i), b(i)), [x, y]), [81, -8, 1, -1, 1, 0]);
    expectClose(bench.evaluate(e.bitwiseXor(a(i), b(i)), [x, y]), [3 ^ 4, -2 ^ 3, 0, -1 ^ -3, 1 ^ -1, 10 ^ -2]);
    expectClose(bench.evaluate(e.bitwiseNot(a(i)), [x]), [-4, 1, -1, 0, -2, -11]);
  });

  test('NaN and infinity go through', () => {
    const bench = new PointwiseBench(build);
    const x = bench.place('float32', Float32Array.of(NaN, 1, Infinity, -Infinity, NaN));
    const y = bench.place('float32', Float32Array.of(1, NaN, 1, 1, Infinity));
    expectClose(bench.evaluate(e.maximum(a(), b()), [x, y]), [NaN, NaN, Infinity, 1, NaN]);
    expectClose(bench.evaluate(e.minimum(a(), b()), [x, y]), [NaN, NaN, 1, -Infinity, NaN]);
    expectClose(bench.evaluate(e.eq(a(), a()), [x]), [0, 1, 1, 1, 0]);
    for (const f of [e.exp, e.log, e.tanh, e.erf, e.sigmoid, e.expm1, e.log1p, e.sqrt, e.abs, e.sin, e.lgamma]) {
      expect(bench.evaluate(f(a()), [x])[0], f.name).toBeNaN();
    }
  });

  test('uniform numbers depend on position and seeds only', () => {
    const bench = new PointwiseBench(build);
    const root = e.uniform(e.scalar(0, 'int32'), e.scalar(1, 'int32'));
    const draw = (n: number, seeds: readonly number[]): number[] => {
      const out = bench.room('float32', [n]);
      bench.kernels.pointwise([], [out], { program: programOf([], root), scalars: seeds });
      return bench.read(out);
    };
    const long = draw(100001, [5, 6]);
    expect(draw(777, [5, 6])).toEqual(long.slice(0, 777));
    const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;
    expect(Math.abs(mean(long) - 0.5)).toBeLessThan(0.003);
    expect(Math.abs(mean(long.map((v) => (v - 0.5) ** 2)) - 1 / 12)).toBeLessThan(0.001);
    const correlation = (other: readonly number[]): number =>
      12 * mean(long.map((v, i) => (v - 0.5) * ((other[i] ?? 0.5) - 0.5)));
    for (const other of [
      long.slice(1),
      long.slice(512),
      draw(100001, [6, 6]),
      draw(100001, [5, 7]),
      draw(100001, [6, 5]),
    ]) {
      expect(Math.abs(correlation(other))).toBeLessThan(0.012);
    }
    // 256 equal bins: chi-square with 255 degrees of freedom is below 350 for all but 1 in 10000.
    const bins = new Float64Array(256);
    for (const v of long) bins[Math.floor(v * 256)]++;
    const expected = long.length / 256;
    expect(bins.reduce((s, count) => s + (count - expected) ** 2 / expected, 0)).toBeLessThan(350);
  });

  test('foreach: groups of many sizes in place, scalars of one element broadcast', () => {
    const bench = new PointwiseBench(build);
    const groups = [1, 3, 0, 1000, 17, 40000, 512, 1, 5, 1024, 30000].map((n, i) => {
      const [x, y] = [fill('float32', n, i + 1), fill('float32', n, i + 50)];
      const step = Float32Array.of(i);
      const views = [bench.place('float32', x), bench.place('float32', y), bench.place('float32', step)];
      return { x, y, step, inputs: views, outputs: [views[0], views[1]] };
    });
    const moved = e.add(b(), e.mul(e.scalar(0, 'float32'), a()));
    const program = programOf(groups[0].inputs, e.sub(a(), e.mul(e.input(2, 'float32'), moved)), moved);
    const [inputs, outputs] = [groups.flatMap((group) => group.inputs), groups.flatMap((group) => group.outputs)];
    bench.kernels.foreach(inputs, outputs, { program, scalars: [0.25] });
    expect(bench.commands).toBe(1);
    for (const { x, y, step, outputs } of groups) {
      const momentum = numbers(x).map((v, i) => Number(y[i]) + 0.25 * v);
      expectClose(bench.read(outputs[1]), momentum, 1e-6);
      expectClose(
        bench.read(outputs[0]),
        momentum.map((m, i) => Number(x[i]) - step[0] * m),
        1e-6,
      );
    }
  });

  test('foreach splits what does not fit into one command', () => {
    const bench = new PointwiseBench(build);
    const x = Array.from({ length: 12000 }, (_, i) => bench.place('float32', Float32Array.of(i)));
    bench.kernels.foreach(x, x, { program: programOf([x[0]], e.neg(a())), scalars: [] });
    expect(bench.commands).toBeGreaterThan(1);
    expect(x.every((view, i) => bench.read(view)[0] === -i)).toBe(true);
  });
});
