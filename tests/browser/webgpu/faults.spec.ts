// What goes wrong on webgpu: bad data, a lost device, a missing adapter, and values that the device cannot hold.
import type * as Kindling from '../../../src';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

test('a bad label rejects the loss and leaves weights, optimizer state and step count as they were', async ({
  gpuPage,
}) => {
  const result = await gpuPage.evaluate(async () => {
    const { nn, optim, tensor, randn } = kindling;
    kindling.onerror(() => undefined);
    const run = async (device: 'wasm' | 'webgpu') => {
      kindling.shutdown();
      await kindling.init({ device });
      kindling.manualSeed(0);
      const first = new nn.Linear(4, 8);
      const net = new nn.Sequential(first, new nn.ReLU(), new nn.Linear(8, 3));
      const optimizer = new optim.Adam(net.parameters(), { lr: 0.1 });
      const step = (labels: number[]): Kindling.Tensor => {
        const loss = nn.functional.crossEntropy(net(randn(4, 4)), tensor(Int32Array.from(labels)));
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        return loss;
      };
      await step([0, 1, 2, 0]).item();
      const message = await step([0, 1, 7, 9])
        .item()
        .catch((error: unknown) => String(error));
      const weights = Array.from(await first.weight.data(), Number);
      // Not read: the steps behind a bad one are queued already.
      const bad = step([0, -5, 2, 0]);
      const after = step([0, 1, 2, 1]);
      const second = await bad.item().catch((error: unknown) => String(error));
      return { message, weights, second, after: await after.item().then(String, String) };
    };
    return { wasm: await run('wasm'), webgpu: await run('webgpu') };
  });
  expect(result.webgpu.message).toBe('FaultError: crossEntropy: label 7 is out of range for 3 classes');
  expect(result.webgpu.message).toBe(result.wasm.message);
  expect(result.webgpu.second).toBe(result.wasm.second);
  result.webgpu.weights.forEach((weight, i) => expect(weight).toBeCloseTo(result.wasm.weights[i], 4));
  // Its weights are those of a step that a read has yet to be told of.
  expect(result.webgpu.after).toBe(result.wasm.after);
});

test('an index out of range and a division by zero reject with the messages of wasm', async ({ gpuPage }) => {
  const messages = await gpuPage.evaluate(async () => {
    const { tensor, ones } = kindling;
    kindling.onerror(() => undefined);
    const run = async (device: 'wasm' | 'webgpu') => {
      kindling.shutdown();
      await kindling.init({ device });
      const failed = [
        kindling.nn.functional.embedding(tensor([1n, 12n, 99n]), ones(10, 4)),
        kindling.floorDivide(tensor([1n, 2n]), tensor([1n, 0n])),
        kindling.gather(ones(3), 0, tensor([-1n])),
      ];
      const good = ones(3).add(1);
      const texts = await Promise.all(failed.map((t) => t.data().catch((error: unknown) => String(error))));
      return [...texts.map(String), String(await good.tolist())];
    };
    return { wasm: await run('wasm'), webgpu: await run('webgpu') };
  });
  expect(messages.webgpu).toEqual(messages.wasm);
  expect(messages.webgpu[0]).toBe('FaultError: embedding: index 12 is out of range [0, 10)');
});

test('float64 and large int64 are refused with a way out', async ({ gpuPage }) => {
  const messages = await gpuPage.evaluate(async () => {
    await kindling.init({ device: 'webgpu' });
    const messageOf = (fn: () => unknown): string => {
      try {
        fn();
        return 'nothing was thrown';
      } catch (error) {
        return String(error);
      }
    };
    return [
      messageOf(() => kindling.ones(3).double()),
      messageOf(() => kindling.tensor([2n ** 31n])),
      String(await kindling.tensor([-(2n ** 31n), 2n ** 31n - 1n]).tolist()),
    ];
  });
  expect(messages[0]).toContain('DTypeError: float64 is not supported on the webgpu device');
  expect(messages[1]).toContain('values must be within ±2^31, got 2147483648');
  expect(messages[2]).toBe('-2147483648,2147483647');
});

test('an int64 beyond 32 bits is refused by name wherever it comes about, and exact up to there', async ({
  gpuPage,
}) => {
  const { silent, wrong } = await gpuPage.evaluate(async () => {
    const { tensor, full, arange, pow, cat, cumsum, cumprod, matmul, randint, zeros } = kindling;
    kindling.onerror(() => undefined);
    await kindling.init({ device: 'webgpu' });
    const int64 = { dtype: 'int64' } as const;
    const long = (...values: number[]): Kindling.Tensor => tensor(values, int64);
    const MOST = 2 ** 31 - 1;
    const beyond: Record<string, () => Kindling.Tensor> = {
      'arange().sum()': () => arange(100000).sum(),
      'sum of few': () => long(MOST, 1).sum(),
      'sum along columns': () => full([300, 3], 1e7, int64).sum(0),
      'sum of int32': () => full([300], 1e7, { dtype: 'int32' }).sum(),
      prod: () => long(65536, 32768).prod(),
      cumsum: () => cumsum(full([5000], 1e6, int64), 0),
      cumprod: () => cumprod(full([40], 2, int64), 0),
      add: () => long(MOST).add(long(1)),
      'add a number': () => long(MOST).add(1),
      'add with alpha': () => long(3).add(long(MOST), { alpha: 2 }),
      'add_': () => long(MOST).add_(1),
      sub: () => long(-MOST).sub(2),
      mul: () => long(65536).mul(65536),
      'mul of negatives': () => long(-65536).mul(long(32769)),
      neg: () => long(-MOST).sub(1).neg(),
      abs: () => long(-MOST).sub(1).abs(),
      square: () => long(46341).square(),
      pow: () => long(2).pow(31),
      'pow of a number': () => pow(3, long(30)),
      'left shift': () => kindling.bitwiseLeftShift(long(1), long(32)),
      'floorDivide': () => long(-MOST).sub(1).floorDivide(-1),
      lcm: () => kindling.lcm(long(65537), long(65539)),
      'cast of a float': () => tensor([3e9]).to('int64'),
      'cast of a negative float': () => tensor([-3e9]).long(),
      'cast of infinity': () => tensor([Infinity]).long(),
      'copy of a float': () => long(1).copy_(tensor([3e9])),
      full: () => full([2], 3e9, int64),
      'fill_': () => long(1, 2).fill_(2 ** 31),
      'a number to compare with': () => long(MOST).eq(2 ** 31),
      'a bound': () => long(5).clamp(0, 2 ** 40),
      maskedFill: () => long(1, 2).maskedFill(tensor([true, false]), 2 ** 33),
      matmul: () => matmul(long(65536, 65536), long(32768, 32768)),
      'matmul of matrices': () => matmul(full([40, 40], 65536, int64), full([40, 40], 4096, int64)),
      scatterAdd: () => kindling.scatterAdd(zeros(1, int64), 0, long(0, 0), long(MOST, 1)),
      indexAdd: () => zeros(2, int64).indexAdd(0, long(1, 1), long(MOST, MOST)),
      'scatterReduce prod': () => kindling.scatterReduce(long(2), 0, long(0, 0), long(MOST, 1), 'prod'),
      randint: () => randint(2 ** 40, 2 ** 41, [3]),
      tensor: () => long(2 ** 31),
      arange: () => arange(2 ** 31, 2 ** 31 + 3),
      'a result of a result': () => cat([arange(100000).sum().reshape([1]), long(1)]).mul(0),
    }; // prettier-ignore
    const silent: string[] = [];
    for (const [name, call] of Object.entries(beyond)) {
      try {
        silent.push(`${name} gives ${String(await call().tolist())}`);
      } catch (error) {
        const text = String(error);
        if (!text.includes('int64 is stored in 32 bits on the webgpu device')) silent.push(`${name}: ${text}`);
      }
    }
    const within: [name: string, value: Kindling.Tensor, expected: unknown][] = [
      ['sums', long(MOST, -MOST, MOST, -MOST, 5).reshape([5, 1]).sum(0), [5]],
      ['sum to the end', long(MOST - 1, 1).sum(), MOST],
      ['sum below', long(-MOST, -1).sum(), -(2 ** 31)],
      ['products', long(-65536).mul(32768), [-(2 ** 31)]],
      ['more products', long(46340, -46341, 0).mul(long(46340, 46340, MOST)), [46340 ** 2, -46341 * 46340, 0]],
      ['powers', pow(long(2, -2, -1, 0, 1), long(30, 31, MOST, 5, MOST)), [2 ** 30, -(2 ** 31), -1, 0, 1]],
      ['casts', tensor([2147483520, -2147483648, 1.9, NaN]).long(), [2147483520, -(2 ** 31), 1, 0]],
      ['comparisons', long(MOST, -MOST).gt(long(-MOST, MOST)), [true, false]],
      ['numbers', long(MOST, 16777217).eq(16777217), [false, true]],
      ['right shifts', kindling.bitwiseRightShift(long(MOST, -5, 1024), long(30, 40, 3)), [1, -1, 128]],
      ['fills', full([1], -(2 ** 31), int64), [-(2 ** 31)]],
      ['wrapping int32', tensor([MOST], { dtype: 'int32' }).add(1), [-(2 ** 31)]],
      ['matmul', matmul(long(MOST, 1), long(1, -5)), MOST - 5],
    ];
    const wrong: string[] = [];
    for (const [name, value, expected] of within) {
      const found = JSON.stringify(await value.tolist().catch(String));
      if (found !== JSON.stringify(expected)) wrong.push(`${name}: ${found}, expected ${JSON.stringify(expected)}`);
    }
    return { silent, wrong };
  });
  expect(silent.join('\n')).toBe('');
  expect(wrong.join('\n')).toBe('');
});

test('a lost device rejects what waits, and training resumes from a state dict', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    const { nn, optim, io } = kindling;
    // The only way to the GPUDevice that the library uses.
    const devices: { destroy(): void }[] = [];
    const prototype = (
      globalThis as unknown as {
        GPUAdapter: { prototype: { requestDevice: (...args: unknown[]) => Promise<unknown> } };
      }
    ).GPUAdapter.prototype;
    const { requestDevice } = prototype;
    prototype.requestDevice = async function (this: unknown, ...args: unknown[]) {
      const device = (await requestDevice.apply(this, args)) as { destroy(): void };
      devices.push(device);
      return device;
    };
    await kindling.init({ device: 'webgpu' });
    kindling.manualSeed(0);
    const build = () => {
      const net = new nn.Linear(3, 1);
      return { net, optimizer: new optim.SGD(net.parameters(), { lr: 0.1 }) };
    };
    const step = ({ net, optimizer }: ReturnType<typeof build>): Promise<number> => {
      const x = kindling.tensor([[1, 2, 3], [0, 1, 0]]);
      const loss = nn.functional.mseLoss(net(x), kindling.tensor([[1], [0]]));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    }; // prettier-ignore
    const first = build();
    const losses = [await step(first)];
    const saved = await io.save(first.net.stateDict());
    const waiting = step(first).catch((error: unknown) => String(error));
    devices[0].destroy();
    const lost = await waiting;
    const old = await first.net.weight.data().catch((error: unknown) => String(error));
    await kindling.init({ device: 'webgpu' });
    const second = build();
    second.net.loadStateDict(await io.load(saved));
    losses.push(await step(second), await step(second));
    return { lost, old, losses, devices: devices.length };
  });
  expect(result.lost).toMatch(/^DeviceError: the webgpu device was lost/);
  expect(result.old).toMatch(/the webgpu device was lost/);
  expect(result.devices).toBe(2);
  expect(result.losses[1]).toBeLessThan(result.losses[0]);
  expect(result.losses[2]).toBeLessThan(result.losses[1]);
});

test('without an adapter: webgpu says how to go on, auto takes wasm', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    const gpu = (navigator as unknown as { gpu: { requestAdapter: () => Promise<unknown> } }).gpu;
    gpu.requestAdapter = () => Promise.resolve(null);
    const rejected = await kindling.init({ device: 'webgpu' }).catch((error: unknown) => String(error));
    const read = await kindling.ones(2).data().catch((error: unknown) => String(error)); // prettier-ignore
    kindling.shutdown();
    await kindling.init({ device: 'auto' });
    return { rejected, read: String(read), device: kindling.ones(2).device, diagnosis: kindling.diagnose() };
  });
  expect(result.rejected).toMatch(/^DeviceError: init: the webgpu device cannot be had, as the browser has no adapter/);
  expect(result.read).toContain("Use init({ device: 'wasm' })");
  expect(result.device).toBe('wasm');
  expect(result.diagnosis).toContain('auto: wasm, as for webgpu: the browser has no adapter');
});

test('auto passes over an adapter that computes on the processor', async ({ gpuPage }) => {
  const diagnosis = await gpuPage.evaluate(async () => {
    await kindling.init({ device: 'auto' });
    return `${kindling.ones(1).device}; ${kindling.diagnose()}`;
  });
  expect(diagnosis).toMatch(/^wasm; auto: wasm, as for webgpu: google swiftshader, a fallback/);
});
