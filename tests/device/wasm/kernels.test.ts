// Every family of kernels through the contract, at sizes that are cut into chunks and tasks: any number of workers gives
// the bits of the inline engine.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Axis, LinalgKind, View } from '../../../src/device/contract';
import { instruments } from '../../../src/device/instruments';
import type { WasmDevice } from '../../../src/device/wasm/device';
import { MODES, engine, room, shutdown, tensor } from './harness';

/** Reproducible values in [-1, 1) with a long tail of digits. */
function noise(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return values;
}

const shaped = (view: View, shape: readonly number[]): View => ({
  ...view,
  shape,
  strides: shape.map((_, d) => shape.slice(d + 1).reduce((n, size) => n * size, 1)),
});

// One input serves many shapes here, so that views are longer than the rules of the checking mode allow.
if (instruments.current !== null) instruments.current = { ...instruments.current, kernels: (kernels) => kernels };

/** What one kernel, or several, write. */
type Run = (device: WasmDevice) => View[];

const LONG: Axis = { outer: 1, n: 300_000, inner: 1 };
const TALL: Axis = { outer: 2, n: 2_000, inner: 150 };
const ROWS: Axis = { outer: 600, n: 500, inner: 1 };
const options = { op: 'test', what: 'index', ignore: null };

function reductions(device: WasmDevice): View[] {
  const x = tensor(device, noise(600_000, 1));
  return [LONG, TALL, ROWS].flatMap((axis) => {
    const results = axis.outer * axis.inner;
    const places = room(device, results * 2);
    device.run('argReduce', [x], [places], { kind: 'argmax', axis });
    const running = room(device, results * axis.n);
    device.run('scan', [x], [running], { kind: 'cumsum', axis, reverse: false });
    const folds = (['sum', 'mean', 'prod', 'amax'] as const).map((kind) => {
      const out = room(device, results);
      device.run('reduce', [x], [out], { kind, axis });
      return out;
    });
    return [places, running, ...folds];
  });
}

function softmaxes(device: WasmDevice): View[] {
  const [x, grad] = [1, 2].map((seed) => tensor(device, noise(600_000, seed)));
  return [TALL, ROWS].flatMap((axis) =>
    [false, true].flatMap((log) => {
      const [y, dx] = [0, 1].map(() => room(device, axis.outer * axis.n * axis.inner));
      device.run('softmax', [x], [y], { axis, log });
      device.run('softmaxBackward', [grad, y], [dx], { axis, log });
      return [y, dx];
    }),
  );
}

function normalizations(device: WasmDevice): View[] {
  const [x, grad, weight, bias] = [1, 2, 3, 4].map((seed) => tensor(device, noise(400_000, seed)));
  const outputs: View[] = [];
  const take = (n: number): View => {
    outputs.push(room(device, n));
    return outputs[outputs.length - 1];
  };
  const rows = [
    { rows: 700, n: 500, groups: 1, inner: 1, eps: 1e-5 },
    { rows: 64, n: 6_000, groups: 8, inner: 2_000, eps: 1e-5 },
  ];
  for (const sizes of rows) {
    const channels = sizes.groups * (sizes.n / sizes.inner);
    const [mean, rstd, variance] = [take(sizes.rows), take(sizes.rows), take(sizes.rows)];
    device.run('normalizeRows', [x, weight, bias], [take(sizes.rows * sizes.n), mean, rstd, variance], sizes);
    const dx = take(sizes.rows * sizes.n);
    const gradients = [dx, take(channels), take(channels)] as const;
    device.run('normalizeRowsBackward', [grad, x, mean, rstd, weight], gradients, sizes);
  }
  for (const sizes of [
    { batch: 1_500, channels: 200, inner: 1, eps: 1e-5 },
    { batch: 60, channels: 8, inner: 800, eps: 1e-5 },
  ]) {
    const length = sizes.batch * sizes.channels * sizes.inner;
    const [mean, rstd, variance] = [take(sizes.channels), take(sizes.channels), take(sizes.channels)];
    device.run('batchNorm', [x, weight, bias], [take(length), mean, rstd, variance], sizes);
    const [dWeight, dBias] = [take(sizes.channels), take(sizes.channels)];
    device.run('batchNormBackward', [grad, x, mean, rstd, weight], [take(length), dWeight, dBias], sizes);
  }
  return outputs;
}

function pools(device: WasmDevice): View[] {
  const image = [300, 30, 30];
  const pooled = [300, 15, 15];
  const x = shaped(tensor(device, noise(270_000, 1)), image);
  const grad = shaped(tensor(device, noise(67_500, 2)), pooled);
  const [maxima, indices, means, adaptive] = [0, 1, 2, 3].map((i) =>
    shaped(room(device, 67_500, i === 1 ? 'int32' : 'float32'), pooled),
  );
  const [dMax, dMean, dAdaptive] = [0, 1, 2].map(() => shaped(room(device, 270_000), image));
  const sizes = { kernel: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1] } as const;
  const average = { ...sizes, kernel: [3, 3], padding: [1, 1], countIncludePad: false, divisor: 0 } as const;
  device.run('maxPool2d', [x], [maxima, indices], sizes);
  device.run('maxPool2dBackward', [grad, indices], [dMax], null);
  device.run('avgPool2d', [x], [means], average);
  device.run('avgPool2dBackward', [grad], [dMean], average);
  device.run('adaptiveAvgPool2d', [x], [adaptive], null);
  device.run('adaptiveAvgPool2dBackward', [grad], [dAdaptive], null);
  return [maxima, indices, means, adaptive, dMax, dMean, dAdaptive];
}

function indexings(device: WasmDevice): View[] {
  const x = tensor(device, noise(512_000, 1));
  // Rows that many indices share, so that the order of additions shows in the bits.
  const rows = Int32Array.from({ length: 4_000 }, (_, i) => (i * i) % 97);
  const index = tensor(device, rows);
  const axis: Axis = { outer: 1, n: 2_000, inner: 64 };
  const [selected, added] = [room(device, 4_000 * 64), room(device, 2_000 * 64)];
  const params = { axis, options };
  device.run('indexSelect', [x, index], [selected], params);
  device.run('indexAdd', [x, index], [added], params);
  const elements = tensor(
    device,
    Int32Array.from({ length: 256_000 }, (_, i) => (i * 31) % 113),
  );
  const [gathered, scattered] = [room(device, 256_000), room(device, 2_000 * 64)];
  device.run('gather', [x, elements], [gathered], params);
  device.run('scatterAdd', [x, elements], [scattered], params);
  return [selected, added, gathered, scattered];
}

function decompositions(device: WasmDevice): View[] {
  const n = 130;
  const a = shaped(tensor(device, noise(n * n, 1)), [n, n]);
  const b = shaped(tensor(device, noise(n * 70, 2)), [n, 70]);
  const square = (): View => room(device, n * n);
  const kinds: [LinalgKind, View[]][] = [
    ['eigh', [room(device, n), square()]],
    ['svd', [square(), room(device, n), square()]],
    ['qr', [square(), square()]],
    ['lu', [square(), room(device, n, 'int32'), room(device, 1)]],
    ['solve', [room(device, n * 70)]],
    ['solveTriangular', [room(device, n * 70)]],
    ['cholesky', [square()]],
  ];
  return kinds.flatMap(([kind, outs]) => {
    const sides = kind.startsWith('solve') ? b : null;
    const k = kind === 'qr' ? n : sides === null ? 0 : 70;
    const sizes = { batch: 1, m: n, n, k, upper: false, unitriangular: false };
    device.run('linalg', [a, sides], [...outs, room(device, 1, 'int32')], { kind, sizes, options: null });
    return outs;
  });
}

function sorts(device: WasmDevice): View[] {
  const x = tensor(device, noise(300_000, 1));
  return [LONG, { outer: 3, n: 1000, inner: 100 }, { outer: 1, n: 100_000, inner: 3 }].map((axis) => {
    const order = room(device, 2 * axis.outer * axis.n * axis.inner);
    device.run('sort', [x], [order], { axis, descending: true });
    return order;
  });
}

const FAMILIES: [string, Run][] = [
  ['decompositions', decompositions],
  ['sorting', sorts],
  ['reductions', reductions],
  ['softmax', softmaxes],
  ['normalization', normalizations],
  ['pooling', pools],
  ['indexing', indexings],
];

/** All results as bits. */
async function bitsOf(device: WasmDevice, run: Run): Promise<Uint32Array[]> {
  const views = run(device);
  for (const view of views) device.seal(view.buffer);
  return Promise.all(views.map(async (view) => new Uint32Array(await device.read(view))));
}

const [[, INLINE], ...OTHERS] = MODES;
const expected = new Map<string, Uint32Array[]>();

beforeAll(async () => {
  const device = engine(INLINE);
  for (const [name, run] of FAMILIES) expected.set(name, await bitsOf(device, run));
  shutdown();
});
afterAll(shutdown);

describe.each(OTHERS)('%s', (_, settings) => {
  test.each(FAMILIES)('%s: the bits of the inline engine', async (name, run) => {
    const actual = await bitsOf(engine(settings), run);
    const differing = actual.flatMap((bits, i) => {
      const at = bits.findIndex((word, k) => word !== expected.get(name)?.[i][k]);
      return at < 0 ? [] : [`result ${i} from element ${at} on`];
    });
    shutdown();
    expect(differing).toEqual([]);
  });
});
