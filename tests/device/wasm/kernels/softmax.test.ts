import { describe, expect, test } from 'vitest';
import { Opcode, Softmax, SoftmaxBackward } from '../../../../assembly/engine/commands';
import { DTYPES, type DType, type TypedArray } from '../../../../src/base/dtype';
import { KernelBench, type Build } from '../../../harness/kernel';
import { SIZES, expectClose, fill, floats, numbers, readAs } from './values';

type Shape = readonly [outer: number, n: number, inner: number];

const SHAPES: readonly Shape[] = [
  ...SIZES.map((n): Shape => [3, n, 1]),
  ...SIZES.map((inner): Shape => [2, 5, inner]),
  ...SIZES.map((n): Shape => [1, n, 6]),
  [300, 100, 1],
];

/** The formulas at the head of softmax.ts, one column at a time. */
function reference(x: number[], [outer, n, inner]: Shape, log: boolean): number[] {
  const y = x.slice();
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = Array.from({ length: n }, (_, j) => (o * n + j) * inner + i);
      const greatest = Math.max(...at.map((k) => x[k]));
      const sum = at.reduce((total, k) => total + Math.exp(x[k] - greatest), 0);
      for (const k of at) y[k] = log ? x[k] - greatest - Math.log(sum) : Math.exp(x[k] - greatest) / sum;
    }
  }
  return y;
}

function backward(grad: number[], y: number[], [outer, n, inner]: Shape, log: boolean): number[] {
  const dx = y.slice();
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = Array.from({ length: n }, (_, j) => (o * n + j) * inner + i);
      const sum = at.reduce((total, k) => total + grad[k] * (log ? 1 : y[k]), 0);
      for (const k of at) dx[k] = log ? grad[k] - Math.exp(y[k]) * sum : y[k] * (grad[k] - sum);
    }
  }
  return dx;
}

describe.each<Build>(['baseline', 'relaxed'])('softmax, %s', (build) => {
  const run = (bench: KernelBench, dtype: DType, x: TypedArray, [outer, n, inner]: Shape, log: boolean): number[] => {
    const out = bench.room(x.byteLength);
    const args = { x: bench.place(x), out, outer, n, inner, log: log ? 1 : 0, dtype: DTYPES[dtype].code };
    bench.run(Opcode.Softmax, Softmax, args);
    return readAs(bench, dtype, out, x.length);
  };

  test.each([
    ['float32', 2e-6],
    ['float64', 1e-14],
  ] as const)('forward and backward, %s', (dtype, tolerance) => {
    const bench = new KernelBench(build);
    for (const shape of SHAPES) {
      const [outer, n, inner] = shape;
      const x = floats(
        dtype,
        numbers(fill(dtype, outer * n * inner)).map((value) => value * 10),
      );
      const grad = fill(dtype, x.length, 2);
      for (const log of [false, true]) {
        const y = run(bench, dtype, x, shape, log);
        expectClose(y, reference(numbers(x), shape, log), tolerance, `${log} [${shape.join(', ')}]`);
        const out = bench.room(x.byteLength);
        bench.run(Opcode.SoftmaxBackward, SoftmaxBackward, {
          grad: bench.place(grad),
          y: bench.place(floats(dtype, y)),
          out,
          outer,
          n,
          inner,
          log: log ? 1 : 0,
          dtype: DTYPES[dtype].code,
        });
        const expected = backward(numbers(grad), y, shape, log);
        expectClose(
          readAs(bench, dtype, out, x.length),
          expected,
          tolerance * 5,
          `gradient, ${log} [${shape.join(', ')}]`,
        );
      }
    }
  });

  test('great values do not overflow; NaN and infinities go the way of the formula', () => {
    const bench = new KernelBench(build);
    for (const dtype of ['float32', 'float64'] as const) {
      const of = (x: number[], log = false) => run(bench, dtype, floats(dtype, x), [1, x.length, 1], log);
      expectClose(of([1e4, 1e4, -1e4]), [0.5, 0.5, 0]);
      expectClose(of([-Infinity, 0, 0, -Infinity, -Infinity]), [0, 0.5, 0.5, 0, 0]);
      expectClose(of([0, -1e4], true), [0, -1e4]);
      expect(of([1, NaN, 2])).toEqual([NaN, NaN, NaN]);
      expect(of([-Infinity, -Infinity])).toEqual([NaN, NaN]);
      expect(of([1, 2, 3, 4, Infinity])).toEqual(new Array(5).fill(NaN));
    }
  });
});
