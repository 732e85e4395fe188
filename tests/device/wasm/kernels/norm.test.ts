import { describe, expect, test } from 'vitest';
import {
  BATCH_NORM_CHUNK,
  BatchNorm,
  BatchNormBackward,
  NormalizeRows,
  NormalizeRowsBackward,
  Opcode,
} from '../../../../assembly/engine/commands';
import { DTYPES, type DType, type TypedArray } from '../../../../src/base/dtype';
import { batchNormPartials, rowGradientPartials } from '../../../../src/device/wasm/kernels/norm';
import { floatBits } from '../../../../src/device/wasm/transport/encode';
import { KernelBench, type Build } from '../../../harness/kernel';
import { expectClose, fill, floats, numbers, readAs } from './values';

const EPS = 2 ** -16;
/** As a command takes it. */
const eps = { eps: floatBits(EPS), epsRest: floatBits(EPS - Math.fround(EPS)) };

interface Expected {
  readonly out: number[];
  readonly mean: number[];
  readonly rstd: number[];
  readonly variance: number[];
  readonly dx: number[];
  readonly dWeight: number[];
  readonly dBias: number[];
}

/** The formulas at the head of norm.ts; `setOf` and `channelOf` say which statistics and which weight an element uses. */
function reference(
  x: number[],
  grad: number[],
  weight: number[],
  bias: number[],
  sets: number,
  setOf: (at: number) => number,
  channelOf: (at: number) => number,
): Expected {
  const count = x.length / sets;
  const zeros = (n: number): number[] => new Array<number>(n).fill(0);
  const [mean, variance, gradSum, gradDot] = [zeros(sets), zeros(sets), zeros(sets), zeros(sets)];
  const [dWeight, dBias] = [zeros(weight.length), zeros(weight.length)];
  x.forEach((value, at) => (mean[setOf(at)] += value / count));
  x.forEach((value, at) => (variance[setOf(at)] += (value - mean[setOf(at)]) ** 2 / count));
  const normal = x.map((value, at) => (value - mean[setOf(at)]) / Math.sqrt(variance[setOf(at)] + EPS));
  const out = normal.map((value, at) => value * weight[channelOf(at)] + bias[channelOf(at)]);
  grad.forEach((g, at) => {
    dBias[channelOf(at)] += g;
    dWeight[channelOf(at)] += g * normal[at];
    gradSum[setOf(at)] += (g * weight[channelOf(at)]) / count;
    gradDot[setOf(at)] += (g * weight[channelOf(at)] * normal[at]) / count;
  });
  const dx = grad.map((g, at) => {
    const r = 1 / Math.sqrt(variance[setOf(at)] + EPS);
    return r * (g * weight[channelOf(at)] - gradSum[setOf(at)] - normal[at] * gradDot[setOf(at)]);
  });
  const rstd = variance.map((value) => 1 / Math.sqrt(value + EPS));
  return { out, mean, rstd, variance, dx, dWeight, dBias };
}

describe.each<Build>(['baseline', 'relaxed'])('normalization, %s', (build) => {
  describe.each<DType>(['float32', 'float64'])('%s', (dtype) => {
    const { code, bytes } = DTYPES[dtype];
    const tolerance = dtype === 'float32' ? 2e-5 : 1e-12;

    test.each([true, false])('rows (layer and group), affine: %s', (affine) => {
      const bench = new KernelBench(build);
      for (const [rows, n, groups, inner] of [
        ...[1, 3, 4, 5, 16, 17, 1000].map((n) => [3, n, 1, 1]),
        [200, 300, 1, 1],
        [6, 10, 2, 1],
        [6, 20, 3, 5],
        [4, 3000, 2, 1000],
        [8, 3, 1, 3],
      ]) {
        const sizes = { rows, n, groups, inner };
        const channels = groups * (n / inner);
        // A mean far from 0 is what one-pass variances get wrong.
        const x = floats(
          dtype,
          numbers(fill(dtype, rows * n)).map((value) => value + 30),
        );
        const grad = fill(dtype, x.length, 2);
        const [weight, bias] = [fill(dtype, channels, 3), fill(dtype, channels, 4)];
        const expected = reference(
          numbers(x),
          numbers(grad),
          affine ? numbers(weight) : new Array<number>(channels).fill(1),
          affine ? numbers(bias) : new Array<number>(channels).fill(0),
          rows,
          (at) => Math.floor(at / n),
          (at) => (Math.floor(at / n) % groups) * (n / inner) + Math.floor((at % n) / inner),
        );
        const place = (values: TypedArray): number => (affine ? bench.place(values) : 0);
        const common = {
          x: bench.place(x),
          weight: place(weight),
          ...sizes,
          dtype: code,
        };
        const [mean, rstd, variance, out, dx] = [rows, rows, rows, x.length, x.length].map((length) =>
          bench.room(length * bytes),
        );
        const [gradWeight, gradBias] = [channels, channels].map((length) => (affine ? bench.room(length * bytes) : 0));
        const workspace = bench.room(rowGradientPartials(sizes) * bytes);
        const what = `[${rows}, ${n}] groups ${groups} inner ${inner}`;

        bench.run(Opcode.NormalizeRows, NormalizeRows, {
          ...common,
          bias: place(bias),
          out,
          mean,
          rstd,
          variance,
          ...eps,
        });
        expectClose(readAs(bench, dtype, mean, rows), expected.mean, tolerance, `mean ${what}`);
        expectClose(
          readAs(bench, dtype, rstd, rows),
          expected.rstd,
          tolerance * Math.max(...expected.rstd),
          `rstd ${what}`,
        );
        expectClose(readAs(bench, dtype, variance, rows), expected.variance, tolerance, `variance ${what}`);
        expectClose(readAs(bench, dtype, out, x.length), expected.out, tolerance * 3, `out ${what}`);

        bench.run(Opcode.NormalizeRowsBackward, NormalizeRowsBackward, {
          ...common,
          grad: bench.place(grad),
          mean,
          rstd,
          out: dx,
          gradWeight,
          gradBias,
          workspace,
        });
        const scale = expected.dx.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 1);
        expectClose(readAs(bench, dtype, dx, x.length), expected.dx, tolerance * 3 * scale, `dx ${what}`);
        if (affine) {
          expectClose(readAs(bench, dtype, gradWeight, channels), expected.dWeight, tolerance * 10, `dWeight ${what}`);
          expectClose(readAs(bench, dtype, gradBias, channels), expected.dBias, tolerance * 10, `dBias ${what}`);
        }
      }
    });

    test.each([true, false])('channels (batch), affine: %s', (affine) => {
      const bench = new KernelBench(build);
      for (const [batch, channels, inner] of [
        ...[2, 3, 4, 5, 16, 17, 1000].map((batch) => [batch, 5, 1]),
        [3, 17, 1],
        [BATCH_NORM_CHUNK / 8 + 3, 2, 1],
        [4, 3, 5],
        [40, 2, 1000],
        [3, 1, BATCH_NORM_CHUNK + 1],
      ]) {
        const sizes = { batch, channels, inner };
        // Two samples have no spread to speak of beside such a mean.
        const offset = batch * inner > 10 ? 30 : 0;
        const x = floats(
          dtype,
          numbers(fill(dtype, batch * channels * inner)).map((value) => value + offset),
        );
        const grad = fill(dtype, x.length, 2);
        const [weight, bias] = [fill(dtype, channels, 3), fill(dtype, channels, 4)];
        const channelOf = (at: number): number => Math.floor(at / inner) % channels;
        const expected = reference(
          numbers(x),
          numbers(grad),
          affine ? numbers(weight) : new Array<number>(channels).fill(1),
          affine ? numbers(bias) : new Array<number>(channels).fill(0),
          channels,
          channelOf,
          channelOf,
        );
        const place = (values: TypedArray): number => (affine ? bench.place(values) : 0);
        const workspace = bench.room(batchNormPartials(sizes) * bytes);
        const common = {
          x: bench.place(x),
          weight: place(weight),
          workspace,
          ...sizes,
          dtype: code,
        };
        const [mean, rstd, variance, out, dx] = [channels, channels, channels, x.length, x.length].map((length) =>
          bench.room(length * bytes),
        );
        const [gradWeight, gradBias] = [channels, channels].map((length) => (affine ? bench.room(length * bytes) : 0));
        const what = `[${batch}, ${channels}, ${inner}]`;

        bench.run(Opcode.BatchNorm, BatchNorm, { ...common, bias: place(bias), out, mean, rstd, variance, ...eps });
        expectClose(readAs(bench, dtype, mean, channels), expected.mean, tolerance, `mean ${what}`);
        expectClose(
          readAs(bench, dtype, rstd, channels),
          expected.rstd,
          tolerance * Math.max(...expected.rstd),
          `rstd ${what}`,
        );
        expectClose(readAs(bench, dtype, variance, channels), expected.variance, tolerance, `variance ${what}`);
        expectClose(readAs(bench, dtype, out, x.length), expected.out, tolerance * 3, `out ${what}`);

        bench.run(Opcode.BatchNormBackward, BatchNormBackward, {
          ...common,
          grad: bench.place(grad),
          mean,
          rstd,
          out: dx,
          gradWeight,
          gradBias,
        });
        const scale = expected.dx.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 1);
        expectClose(readAs(bench, dtype, dx, x.length), expected.dx, tolerance * 3 * scale, `dx ${what}`);
        if (affine) {
          expectClose(readAs(bench, dtype, gradWeight, channels), expected.dWeight, tolerance * 30, `dWeight ${what}`);
          expectClose(readAs(bench, dtype, gradBias, channels), expected.dBias, tolerance * 10, `dBias ${what}`);
        }
      }
    });
  });

  test('NaN stays in its row', () => {
    const bench = new KernelBench(build);
    const x = fill('float32', 20);
    x[7] = NaN;
    const [out, mean, rstd, variance] = [bench.room(80), bench.room(16), bench.room(16), bench.room(16)];
    bench.run(Opcode.NormalizeRows, NormalizeRows, {
      x: bench.place(x),
      weight: 0,
      bias: 0,
      out,
      mean,
      rstd,
      variance,
      rows: 4,
      n: 5,
      groups: 1,
      inner: 1,
      ...eps,
      dtype: DTYPES.float32.code,
    });
    expect(readAs(bench, 'float32', out, 20).map(Number.isNaN)).toEqual(
      Array.from({ length: 20 }, (_, i) => i >= 5 && i < 10),
    );
  });
});
