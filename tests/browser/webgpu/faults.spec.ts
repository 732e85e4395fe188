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
