// Convolution and its gradients by pointer, on both builds, against plain loops in double precision.
import { describe, expect, test } from 'vitest';
import { ConvCommand, Opcode } from '../../../../assembly/engine/commands';
import {
  conv2dGradInputWorkspaceBytes,
  conv2dGradWeightChunks,
  conv2dWorkspaceBytes,
  type ConvShape,
} from '../../../../src/device/wasm/kernels/conv';
import { KernelBench, type Build } from '../../../harness/kernel';

type Floats = Float32Array | Float64Array;

interface Case {
  /** x [N, C, H, W] */
  readonly x: readonly [number, number, number, number];
  readonly out: number;
  readonly kernel: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
}

function shapeOf({
  x,
  out,
  kernel,
  stride = [1, 1],
  padding = [0, 0],
  dilation = [1, 1],
  groups = 1,
}: Case): ConvShape {
  const [batch, channels, height, width] = x;
  const size = (i: 0 | 1): number =>
    Math.floor(([height, width][i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1;
  return {
    batch,
    channels,
    height,
    width,
    outChannels: out,
    outHeight: size(0),
    outWidth: size(1),
    kernelH: kernel[0],
    kernelW: kernel[1],
    strideH: stride[0],
    strideW: stride[1],
    paddingH: padding[0],
    paddingW: padding[1],
    dilationH: dilation[0],
    dilationW: dilation[1],
    groups,
  };
}

/** Calls `term(x, weight, out)` with the three indices of every product of the convolution. */
function forEachTerm(s: ConvShape, term: (x: number, weight: number, out: number) => void): void {
  const channels = s.channels / s.groups;
  const perGroup = s.outChannels / s.groups;
  for (let n = 0; n < s.batch; n++) {
    for (let o = 0; o < s.outChannels; o++) {
      for (let oy = 0; oy < s.outHeight; oy++) {
        for (let ox = 0; ox < s.outWidth; ox++) {
          const out = ((n * s.outChannels + o) * s.outHeight + oy) * s.outWidth + ox;
          for (let i = 0; i < channels; i++) {
            const channel = Math.floor(o / perGroup) * channels + i;
            for (let kh = 0; kh < s.kernelH; kh++) {
              const y = oy * s.strideH + kh * s.dilationH - s.paddingH;
              if (y < 0 || y >= s.height) continue;
              for (let kw = 0; kw < s.kernelW; kw++) {
                const x = ox * s.strideW + kw * s.dilationW - s.paddingW;
                if (x < 0 || x >= s.width) continue;
                const weight = ((o * channels + i) * s.kernelH + kh) * s.kernelW + kw;
                term(((n * s.channels + channel) * s.height + y) * s.width + x, weight, out);
              }
            }
          }
        }
      }
    }
  }
}

let seed = 7;
function random(): number {
  // xorshift32
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return seed / 2 ** 31;
}

function closeTo(actual: Floats, expected: Float64Array, terms: number, what: string): void {
  // Sums of `terms` products of numbers below 1.
  const tolerance = actual instanceof Float32Array ? 2e-6 * Math.sqrt(terms + 1) : 1e-14 * (terms + 1);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  expect(worst, what).toBeLessThanOrEqual(tolerance);
}

/** Runs all three kernels on random data. */
function check(build: Build, given: Case, Type: typeof Float32Array | typeof Float64Array = Float32Array): void {
  const s = shapeOf(given);
  const what = JSON.stringify(given);
  const fill = (length: number): Floats => new Type(length).map(random);
  const x = fill(s.batch * s.channels * s.height * s.width);
  const weight = fill(((s.outChannels * s.channels) / s.groups) * s.kernelH * s.kernelW);
  const bias = fill(s.outChannels);
  const plane = s.outHeight * s.outWidth;
  const grad = fill(s.batch * s.outChannels * plane);

  const out = new Float64Array(grad.length).map((_, i) => bias[Math.floor(i / plane) % s.outChannels]);
  const gradX = new Float64Array(x.length);
  const gradWeight = new Float64Array(weight.length);
  forEachTerm(s, (i, w, o) => {
    out[o] += x[i] * weight[w];
    gradX[i] += grad[o] * weight[w];
    gradWeight[w] += grad[o] * x[i];
  });

  const bench = new KernelBench(build, 16);
  const run = (
    opcode: Opcode,
    a: Floats,
    b: Floats,
    added: Floats | null,
    length: number,
    workspace: number,
    chunks: number,
  ): Floats => {
    const to = bench.room(length * Type.BYTES_PER_ELEMENT);
    bench.run(opcode, ConvCommand, {
      a: bench.place(a, 'a'),
      b: bench.place(b, 'b'),
      bias: added === null ? 0 : bench.place(added, 'bias'),
      out: to,
      workspace: bench.room(workspace, 'workspace'),
      ...s,
      chunks,
      dtype: Type === Float32Array ? 0 : 1,
    });
    return Type === Float32Array ? bench.read(Float32Array, to, length) : bench.read(Float64Array, to, length);
  };
  const { chunks, bytes } = conv2dGradWeightChunks(s);
  const terms = (channels: number): number => (channels / s.groups) * s.kernelH * s.kernelW;
  closeTo(
    run(Opcode.Conv2d, x, weight, bias, out.length, conv2dWorkspaceBytes(s), 0),
    out,
    terms(s.channels),
    `conv2d ${what}`,
  );
  closeTo(
    run(Opcode.Conv2dGradInput, grad, weight, null, gradX.length, conv2dGradInputWorkspaceBytes(s), 0),
    gradX,
    terms(s.outChannels),
    `conv2dGradInput ${what}`,
  );
  closeTo(
    run(Opcode.Conv2dGradWeight, grad, x, null, gradWeight.length, bytes, chunks),
    gradWeight,
    s.batch * plane,
    `conv2dGradWeight ${what}`,
  );
}

describe.each<Build>(['baseline', 'relaxed'])('conv2d, %s build', (build) => {
  test('widths, heights and channel counts around the tiles', () => {
    for (const width of [1, 3, 4, 5, 7, 8, 9, 16, 17]) {
      check(build, { x: [2, 3, 5, width], out: 5, kernel: [3, 3], padding: [1, 1] });
      check(build, { x: [1, 1, width, 6], out: 16, kernel: [1, 1] });
    }
    for (const channels of [1, 2, 5, 16, 17, 50]) {
      check(build, { x: [1, channels, 6, 7], out: 7, kernel: [3, 2], padding: [1, 0] });
      check(build, { x: [1, 4, 6, 7], out: channels, kernel: [3, 3] });
    }
  });

  test('stride, padding and dilation', () => {
    for (const stride of [1, 2, 3]) {
      for (const padding of [0, 1, 3]) {
        for (const dilation of [1, 2]) {
          check(build, {
            x: [2, 3, 11, 13],
            out: 4,
            kernel: [3, 3],
            stride: [stride, stride],
            padding: [padding, padding],
            dilation: [dilation, dilation],
          });
        }
      }
    }
    check(build, { x: [1, 2, 9, 20], out: 3, kernel: [2, 5], stride: [1, 3], padding: [0, 2], dilation: [3, 1] });
    check(build, { x: [1, 2, 20, 9], out: 3, kernel: [1, 1], stride: [2, 2], padding: [2, 4] });
    check(build, { x: [1, 2, 3, 3], out: 2, kernel: [1, 1], padding: [3, 3] });
    check(build, { x: [1, 250, 5, 4], out: 120, kernel: [3, 3], stride: [2, 2], padding: [1, 1] });
    check(build, { x: [1, 3, 2, 9], out: 2, kernel: [2, 3], stride: [4, 2], dilation: [1, 4], padding: [2, 0] });
  });

  test('groups', () => {
    check(build, { x: [2, 4, 7, 9], out: 6, kernel: [3, 3], padding: [1, 1], groups: 2 });
    check(build, { x: [2, 6, 7, 9], out: 6, kernel: [3, 3], padding: [1, 1], groups: 6 });
    check(build, { x: [2, 3, 8, 8], out: 12, kernel: [3, 3], stride: [2, 2], padding: [1, 1], groups: 3 });
  });

  test('depthwise, and images of one channel', () => {
    for (const width of [1, 3, 4, 5, 7, 8, 9, 16, 17]) {
      check(build, { x: [2, 3, 6, width], out: 3, kernel: [3, 3], padding: [1, 1], groups: 3 });
      check(build, { x: [1, 2, width, 9], out: 4, kernel: [2, 5], padding: [1, 2], groups: 2 });
      check(build, { x: [2, 1, 7, width], out: 5, kernel: [3, 3], padding: [1, 1] });
    }
    check(build, { x: [2, 5, 13, 11], out: 5, kernel: [3, 3], stride: [2, 2], padding: [1, 1], groups: 5 });
    check(build, {
      x: [1, 5, 13, 30],
      out: 10,
      kernel: [5, 5],
      stride: [1, 3],
      padding: [2, 2],
      dilation: [1, 2],
      groups: 5,
    });
    check(build, { x: [3, 2, 40, 60], out: 2, kernel: [7, 7], padding: [3, 3], groups: 2 });
    check(build, { x: [1, 2, 1, 2500], out: 2, kernel: [1, 4], groups: 2 });
  });

  test('several blocks, passes and chunks', () => {
    check(build, { x: [3, 1, 28, 28], out: 16, kernel: [5, 5], padding: [2, 2] });
    check(build, { x: [5, 16, 14, 14], out: 32, kernel: [5, 5], padding: [2, 2] });
    check(build, { x: [1, 64, 12, 12], out: 20, kernel: [3, 3], padding: [1, 1] });
    check(build, { x: [1, 2, 50, 50], out: 3, kernel: [3, 3], padding: [1, 1] });
    check(build, { x: [2, 3, 1, 3000], out: 4, kernel: [1, 5], padding: [0, 2], dilation: [1, 2] });
    check(build, { x: [1, 1, 40, 40], out: 2, kernel: [25, 25], padding: [12, 12] });
    check(build, { x: [1, 1, 5, 300], out: 1, kernel: [3, 100], padding: [400, 0] });
  });

  test('empty batch, float64', () => {
    check(build, { x: [0, 2, 5, 5], out: 3, kernel: [3, 3] });
    check(
      build,
      { x: [2, 4, 7, 6], out: 6, kernel: [3, 2], stride: [2, 1], padding: [1, 1], dilation: [1, 2], groups: 2 },
      Float64Array,
    );
    check(build, { x: [2, 3, 5, 6], out: 3, kernel: [3, 3], padding: [1, 1], groups: 3 }, Float64Array);
  });

  test('NaN and infinity reach only the outputs they belong to', () => {
    const s = shapeOf({ x: [1, 1, 9, 11], out: 2, kernel: [3, 3], padding: [1, 1] });
    const bench = new KernelBench(build, 16);
    const x = new Float32Array(9 * 11).fill(1);
    x[0] = Infinity;
    x[98] = NaN;
    const out = bench.room(2 * 99 * 4);
    bench.run(Opcode.Conv2d, ConvCommand, {
      a: bench.place(x),
      b: bench.place(new Float32Array(18).fill(1)),
      bias: 0,
      out,
      workspace: bench.room(conv2dWorkspaceBytes(s)),
      ...s,
      chunks: 0,
      dtype: 0,
    });
    const wrong = Array.from(bench.read(Float32Array, out, 198)).flatMap((value, i) =>
      Number.isFinite(value) ? [] : [`${i}: ${value}`],
    );
    const near = (plane: number): string[] => [
      ...[0, 1, 11, 12].map((i) => `${plane + i}: Infinity`),
      ...[86, 87, 97, 98].map((i) => `${plane + i}: NaN`),
    ];
    expect(wrong).toEqual([...near(0), ...near(99)]);
  });
});
