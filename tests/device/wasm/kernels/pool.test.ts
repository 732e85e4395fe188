import { describe, test } from 'vitest';
import { Opcode, PoolCommand } from '../../../../assembly/engine/commands';
import { DTYPES, type DType, type TypedArray } from '../../../../src/base/dtype';
import { KernelBench, type Build } from '../../../harness/kernel';
import { expectClose, fill, numbers, readAs } from './values';

/** One dimension of a pool: how many places it slides over and what the window looks like there. */
interface Window {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly ceil?: boolean;
}

const outSize = ({ size, kernel, stride, padding, dilation, ceil }: Window): number => {
  const places = (size + 2 * padding - dilation * (kernel - 1) - 1) / stride;
  const out = (ceil ? Math.ceil(places) : Math.floor(places)) + 1;
  return ceil && (out - 1) * stride >= size + padding ? out - 1 : out;
};
const plain = (size: number, kernel: number, stride = kernel): Window => ({
  size,
  kernel,
  stride,
  padding: 0,
  dilation: 1,
});

/** Heights and widths; the first ones take the fast path of 2 x 2 windows side by side. */
const CASES: readonly (readonly [planes: number, h: Window, w: Window])[] = [
  ...[2, 3, 4, 7, 8, 9, 16, 17, 40].map((width) => [3, plain(6, 2), plain(width, 2)] as const),
  [40, plain(28, 2), plain(28, 2)],
  [2, plain(7, 3, 2), plain(8, 3, 2)],
  [2, plain(5, 2, 1), plain(9, 3, 1)],
  [1, { ...plain(7, 3, 2), padding: 1 }, { ...plain(6, 4, 1), padding: 2 }],
  [2, { ...plain(11, 3, 2), dilation: 2, padding: 1 }, { ...plain(9, 2, 1), dilation: 3, padding: 1 }],
  [2, { ...plain(7, 2), ceil: true }, { ...plain(8, 3), ceil: true, padding: 1 }],
  [0, plain(4, 2), plain(4, 2)],
  [1, plain(1, 1), plain(1, 1)],
];

const args = (h: Window, w: Window, planes: number) => ({
  planes,
  height: h.size,
  width: w.size,
  outHeight: outSize(h),
  outWidth: outSize(w),
  kernelH: h.kernel,
  kernelW: w.kernel,
  strideH: h.stride,
  strideW: w.stride,
  paddingH: h.padding,
  paddingW: w.padding,
  dilationH: h.dilation,
  dilationW: w.dilation,
  countIncludePad: 0,
  divisor: 0,
});

/** Calls `visit` with each place of out and the positions within the plane that its window covers. */
function windows(h: Window, w: Window, visit: (at: number, positions: number[], i: number, j: number) => void): void {
  for (let i = 0; i < outSize(h); i++) {
    for (let j = 0; j < outSize(w); j++) {
      const positions: number[] = [];
      for (let a = 0; a < h.kernel; a++) {
        for (let b = 0; b < w.kernel; b++) {
          const y = i * h.stride - h.padding + a * h.dilation;
          const x = j * w.stride - w.padding + b * w.dilation;
          if (y >= 0 && y < h.size && x >= 0 && x < w.size) positions.push(y * w.size + x);
        }
      }
      visit(i * outSize(w) + j, positions, i, j);
    }
  }
}

describe.each<Build>(['baseline', 'relaxed'])('pooling, %s', (build) => {
  describe.each<DType>(['float32', 'float64'])('%s', (dtype) => {
    const { code, bytes } = DTYPES[dtype];

    const maxPool = (bench: KernelBench, x: TypedArray, planes: number, h: Window, w: Window) => {
      const places = planes * outSize(h) * outSize(w);
      const [out, indices] = [bench.room(places * bytes), bench.room(places * 4)];
      bench.run(Opcode.MaxPool2d, PoolCommand, { a: bench.place(x), indices, out, ...args(h, w, planes), dtype: code });
      return { values: readAs(bench, dtype, out, places), positions: readAs(bench, 'int32', indices, places), indices };
    };

    const maximum = (x: number[], planes: number, h: Window, w: Window) => {
      const [values, winners]: [number[], number[]] = [[], []];
      for (let plane = 0; plane < planes; plane++) {
        windows(h, w, (_, positions) => {
          let winner = positions[0];
          const value = (k: number) => x[plane * h.size * w.size + k];
          for (const k of positions) if (value(k) > value(winner) || Number.isNaN(value(k))) winner = k;
          values.push(value(winner));
          winners.push(winner);
        });
      }
      return { values, winners };
    };

    test('maximum: values, positions, gradient', () => {
      const bench = new KernelBench(build);
      for (const [planes, h, w] of CASES) {
        const x = fill(dtype, planes * h.size * w.size);
        // Ties: the first of them wins.
        for (let i = 0; i + 3 < x.length; i += 5) x[i + 1] = x[i + 3];
        const { values, positions, indices } = maxPool(bench, x, planes, h, w);
        const expected = maximum(numbers(x), planes, h, w);
        expectClose(values, expected.values, 0, 'values');
        expectClose(positions, expected.winners, 0, 'positions');

        const grad = fill(dtype, values.length, 2);
        const out = bench.room(x.byteLength);
        bench.run(Opcode.MaxPool2dBackward, PoolCommand, {
          a: bench.place(grad),
          indices,
          out,
          ...args(h, w, planes),
          dtype: code,
        });
        const spread = new Array<number>(x.length).fill(0);
        const perPlane = outSize(h) * outSize(w);
        expected.winners.forEach((k, at) => {
          spread[Math.floor(at / perPlane) * h.size * w.size + k] += Number(grad[at]);
        });
        expectClose(readAs(bench, dtype, out, x.length), spread, 1e-6, 'gradient');
      }
    });

    test('maximum: NaN wins, -infinity is a value', () => {
      const bench = new KernelBench(build);
      for (let at = 0; at < 32; at++) {
        const x = fill(dtype, 32);
        x[at] = NaN;
        const h = plain(2, 2);
        const { values, positions } = maxPool(bench, x, 1, h, plain(16, 2));
        const expected = maximum(numbers(x), 1, h, plain(16, 2));
        expectClose(values, expected.values);
        expectClose(positions, expected.winners);
        x.fill(-Infinity as never);
        expectClose(maxPool(bench, x, 1, h, plain(16, 2)).positions, [0, 2, 4, 6, 8, 10, 12, 14]);
      }
    });

    test('average: padding counted or not, a divisor, gradient', () => {
      const bench = new KernelBench(build);
      for (const [planes, h, w] of CASES.filter(([, h, w]) => h.dilation === 1 && w.dilation === 1)) {
        for (const [countIncludePad, divisor] of [
          [0, 0],
          [1, 0],
          [1, 5],
        ] as const) {
          const x = fill(dtype, planes * h.size * w.size);
          const places = planes * outSize(h) * outSize(w);
          const grad = fill(dtype, places, 2);
          const expected: number[] = [];
          const spread = new Array<number>(x.length).fill(0);
          for (let plane = 0; plane < planes; plane++) {
            const start = plane * h.size * w.size;
            windows(h, w, (at, positions, i, j) => {
              const span = (n: number, { kernel, stride, padding, size }: Window) =>
                Math.min(n * stride - padding + kernel, size + padding) - (n * stride - padding);
              const count = divisor || (countIncludePad ? span(i, h) * span(j, w) : positions.length);
              expected.push(positions.reduce((sum, k) => sum + Number(x[start + k]), 0) / count);
              const g = Number(grad[(plane * places) / planes + at]);
              for (const k of positions) spread[start + k] += g / count;
            });
          }
          const sizes = { indices: 0, ...args(h, w, planes), countIncludePad, divisor, dtype: code };
          const [out, dx] = [bench.room(places * bytes), bench.room(x.byteLength)];
          bench.run(Opcode.AvgPool2d, PoolCommand, { a: bench.place(x), out, ...sizes });
          bench.run(Opcode.AvgPool2dBackward, PoolCommand, { a: bench.place(grad), out: dx, ...sizes });
          expectClose(readAs(bench, dtype, out, places), expected, 1e-6, 'average');
          expectClose(readAs(bench, dtype, dx, x.length), spread, 1e-6, 'gradient');
        }
      }
    });

    test('adaptive average: windows from floor to ceiling, gradient', () => {
      const bench = new KernelBench(build);
      for (const [planes, height, width, outHeight, outWidth] of [
        [2, 7, 7, 1, 1],
        [3, 8, 10, 3, 4],
        [1, 5, 5, 7, 5],
        [30, 16, 16, 7, 7],
      ]) {
        const x = fill(dtype, planes * height * width);
        const places = planes * outHeight * outWidth;
        const grad = fill(dtype, places, 2);
        const expected: number[] = [];
        const spread = new Array<number>(x.length).fill(0);
        for (let at = 0; at < places; at++) {
          const plane = Math.floor(at / (outHeight * outWidth));
          const i = Math.floor(at / outWidth) % outHeight;
          const j = at % outWidth;
          const positions: number[] = [];
          for (let a = Math.floor((i * height) / outHeight); a < Math.ceil(((i + 1) * height) / outHeight); a++) {
            for (let b = Math.floor((j * width) / outWidth); b < Math.ceil(((j + 1) * width) / outWidth); b++) {
              positions.push((plane * height + a) * width + b);
            }
          }
          expected.push(positions.reduce((sum, k) => sum + Number(x[k]), 0) / positions.length);
          for (const k of positions) spread[k] += Number(grad[at]) / positions.length;
        }
        const sizes = {
          ...args(plain(height, 1), plain(width, 1), planes),
          indices: 0,
          outHeight,
          outWidth,
          dtype: code,
        };
        const [out, dx] = [bench.room(places * bytes), bench.room(x.byteLength)];
        bench.run(Opcode.AdaptiveAvgPool2d, PoolCommand, { a: bench.place(x), out, ...sizes });
        bench.run(Opcode.AdaptiveAvgPool2dBackward, PoolCommand, { a: bench.place(grad), out: dx, ...sizes });
        expectClose(readAs(bench, dtype, out, places), expected, 1e-6, 'average');
        expectClose(readAs(bench, dtype, dx, x.length), spread, 1e-6, 'gradient');
      }
    });
  });
});
