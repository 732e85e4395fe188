// Workers that die, hang or cannot start; memory that cannot be had; shutdown.
import { createRequire } from 'node:module';
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Gemm, Opcode, PoolCommand } from '../../../assembly/engine/commands';
import type { EngineSettings } from '../../../src/device/wasm/workers/start';
import { DTYPES } from '../../../src/base/dtype';
import { DeviceError, OutOfMemoryError } from '../../../src/base/errors';
import { addTo, engine, floats, room, shutdown, sum, tensor } from './harness';

const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Worker };
const RealWorker = threads.Worker;
const workers: Worker[] = [];

/** Lets the tests get hold of the engine's workers. */
class SpiedWorker extends RealWorker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    workers.push(this);
  }
}

afterEach(() => {
  shutdown();
  threads.Worker = RealWorker;
  workers.length = 0;
});

/** Ends a worker; `silently` as a browser does when it runs out of memory: nobody is told. */
async function kill(worker: Worker, silently: boolean): Promise<void> {
  if (silently) worker.removeAllListeners('exit');
  await worker.terminate();
}

describe.each([true, false])('killed silently: %s', (silently) => {
  const settings: EngineSettings = silently ? { patience: 300 } : {};

  test.each([0, 1])('worker %i over shared memory: tensors survive', async (index) => {
    threads.Worker = SpiedWorker;
    const device = engine({ ...settings, mode: 'shared', threads: 2 });
    const x = tensor(device, new Float32Array(1_000_000).fill(1));
    expect(await floats(device, sum(device, x))).toEqual(Float32Array.of(1_000_000));
    await vi.waitFor(() => expect(device.diagnose().join('\n')).not.toContain('still starting'), 10_000);
    await kill(workers[index], silently);
    // The command that was interrupted may be a fault; from then on all is well.
    await device.read(sum(device, x)).catch(() => undefined);
    await device.synchronize().catch(() => undefined);
    expect(await floats(device, sum(device, x))).toEqual(Float32Array.of(1_000_000));
    expect((await floats(device, x)).every((value) => value === 1)).toBe(true);
    if (index === 0 || !silently) expect(device.diagnose().join('\n')).toContain('started again');
  });

  test('the one worker without shared memory: old tensors reject by name, new ones work', async () => {
    threads.Worker = SpiedWorker;
    const device = engine({ ...settings, mode: 'batch' });
    const old = tensor(device, Float32Array.of(1, 2));
    expect(await floats(device, old)).toEqual(Float32Array.of(1, 2));
    await kill(workers[0], silently);
    const derived = sum(device, old);
    await expect(device.read(derived)).rejects.toThrow(/the worker that held this tensor died/);
    await expect(device.read(old)).rejects.toThrow(DeviceError);
    addTo(device, old, { ...derived, shape: [2], strides: [0] });
    device.free(old.buffer);
    const young = tensor(device, Float32Array.of(3, 4));
    expect(await floats(device, sum(device, young))).toEqual(Float32Array.of(7));
    await expect(device.read(sum(device, derived))).rejects.toThrow(DeviceError);
  });
});

test('a command that hangs is given up; what it wrote is a fault', async () => {
  const device = engine({ mode: 'shared', threads: 2, patience: 300 });
  const x = tensor(device, Float32Array.of(1));
  const out = room(device, 1);
  // A window that never gets out of the padding, as its taps lie at distance 0.
  device.stream.emit(
    Opcode.MaxPool2d,
    PoolCommand,
    {
      ...{ a: device.stream.pointer(x), indices: 0, out: device.stream.pointer(out) },
      ...{ planes: 1, height: 1, width: 1, outHeight: 1, outWidth: 1, kernelH: 1, kernelW: 1, strideH: 1, strideW: 1 },
      ...{ paddingH: 1, paddingW: 1, dilationH: 0, dilationW: 0, countIncludePad: 0, divisor: 0, dtype: 0 },
    },
    [x],
    [out],
  );
  device.seal(out.buffer);
  await expect(device.read(out)).rejects.toThrow(/internal: the MaxPool2d kernel did not finish/);
  expect(await floats(device, x)).toEqual(Float32Array.of(1));
  expect(await floats(device, sum(device, x))).toEqual(Float32Array.of(1));
});

// A batch shows only every 250 ms that it goes on.
test.each([
  ['shared', 300, 200_000_000],
  ['batch', 1000, 600_000_000],
] as const)('%s: a worker in a long task is no dead one', async (mode, patience, k) => {
  const device = engine({ mode, threads: 2, patience });
  // The two words of one float64, 1.
  const x = tensor(device, Float32Array.of(0, 1.875));
  const out = room(device, 2);
  const pointer = device.stream.pointer(x);
  // Longer than the patience in one task: the same product over and over.
  const started = performance.now();
  device.stream.emit(
    Opcode.Gemm,
    Gemm,
    {
      ...{ a: pointer, b: pointer, bias: 0, out: device.stream.pointer(out), workspace: 0 },
      ...{ batch: 1, m: 1, n: 1, k, dtype: DTYPES.float64.code },
      ...{ aBatch: 0, aRow: 0, aColumn: 0, bBatch: 0, bRow: 0, bColumn: 0 },
    },
    [x],
    [out],
  );
  device.seal(out.buffer);
  expect(new Float64Array(await device.read(out))).toEqual(Float64Array.of(k));
  expect(performance.now() - started).toBeGreaterThan(patience);
  expect(device.diagnose().join('\n')).not.toContain('started again');
});

test.each(['shared', 'batch'] as const)('%s: no worker starts, so the calling thread computes', async (mode) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  threads.Worker = class extends RealWorker {
    constructor() {
      super('throw new Error("blocked")', { eval: true });
    }
  };
  const device = engine({ mode, threads: 2 });
  const x = tensor(device, Float32Array.of(1, 2, 3));
  const total = sum(device, x);
  expect(await floats(device, total)).toEqual(Float32Array.of(6));
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('no worker could be started'));
  expect(device.diagnose().join('\n')).toContain('on the calling thread');
  warn.mockRestore();
});

test.each(['inline', 'shared', 'batch'] as const)('%s: memory over the limit', async (mode) => {
  const device = engine({ mode, threads: 1, maxMemory: 64 * 2 ** 20 });
  const x = tensor(device, new Float32Array(1000).fill(2));
  const makeRoom = vi.fn(() => false);
  device.stream.makeRoom = makeRoom;
  expect(() => device.allocate(100 * 2 ** 20, 'float32')).toThrow(OutOfMemoryError);
  expect(() => device.allocate(100 * 2 ** 20, 'float32')).toThrow(
    /^allocate: memory must stay under 64 MB, got a request for 100 MB with 1 MB in use/,
  );
  expect(makeRoom).toHaveBeenCalledTimes(2);
  // What existed before is intact.
  expect(await floats(device, sum(device, x))).toEqual(Float32Array.of(2000));
  device.free(device.allocate(20 * 2 ** 20, 'float32'));
});

test.each(['inline', 'shared', 'batch'] as const)('%s: memory grows and is counted', async (mode) => {
  const device = engine({ mode, threads: 1 });
  const first = tensor(device, Float32Array.of(1, 2, 3));
  const big = tensor(device, new Float32Array(20_000_000).fill(1));
  expect(device.memory()).toMatchObject({ live: 80_000_064, peak: 80_000_064 });
  expect(device.memory().reserved).toBeGreaterThan(80_000_000);
  expect(await floats(device, sum(device, first))).toEqual(Float32Array.of(6));
  expect(await floats(device, sum(device, big))).toEqual(Float32Array.of(16_777_216 + 3_222_784));
  device.free(big.buffer);
  expect(device.memory().live).toBeLessThan(1000);
});

test.each(['inline', 'shared', 'batch'] as const)(
  '%s: an engine that cannot be loaded rejects every read',
  async (mode) => {
    const device = engine({ mode, threads: 1, wasmUrl: 'data:application/wasm,none' });
    const x = tensor(device, Float32Array.of(1));
    await expect(device.read(x)).rejects.toThrow(/^init: /);
    await expect(device.read(x)).rejects.toThrow(DeviceError);
    expect(() => device.allocate(4, 'float32')).toThrow(DeviceError);
  },
);

test('reads that wait when the device is shut down reject', async () => {
  const device = engine({ mode: 'inline' });
  const read = device.read(tensor(device, Float32Array.of(1)));
  device.shutdown();
  await expect(read).rejects.toThrow('shutdown: the wasm device was shut down before this value was read.');
  expect(() => device.allocate(4, 'float32')).toThrow(DeviceError);
});
