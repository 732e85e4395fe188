// Profiles on webgpu: each kernel has its time where the adapter has timestamps, and belongs to what queued it.
import type * as Kindling from '../../../src';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

test('kernels are measured where the adapter has timestamps', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    const { nn, profiler, randn } = kindling;
    kindling.shutdown();
    await kindling.init({ device: 'webgpu' });
    const net = new nn.Sequential(new nn.Linear(64, 256), new nn.ReLU(), new nn.Linear(256, 64));
    const x = randn(256, 64);
    const step = async (): Promise<void> => {
      net(x).square().mean().backward();
      await net(x).sum().item();
    };
    await step();
    let wall = 0;
    const prof = await profiler.profile(async () => {
      const begun = performance.now();
      for (let i = 0; i < 5; i++) await step();
      wall = performance.now() - begun;
    });
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    const kernels = prof.kernelAverages();
    const again = await net(x).sum().item();
    return {
      canMeasure: adapter?.features.has('timestamp-query') ?? false,
      wall,
      again,
      device: kernels.selfDeviceTimeTotal / 1000,
      gemm: kernels.find('gemm'),
      averages: prof.keyAverages().selfDeviceTimeTotal / 1000,
      tracks: (
        JSON.parse(prof.exportChromeTrace()) as { traceEvents: { name: string; args?: { name?: string } }[] }
      ).traceEvents
        .filter(({ name }) => name === 'thread_name')
        .map(({ args }) => args?.name),
    };
  });
  expect(result.again).not.toBeNaN();
  if (!result.canMeasure) {
    expect(result.tracks).toEqual(['page']);
    return;
  }
  expect(result.tracks).toEqual(['page', 'webgpu']);
  expect(result.gemm?.count).toBeGreaterThanOrEqual(5 * (4 + 2 + 1));
  expect(result.device).toBeLessThanOrEqual(result.wall);
  expect(result.averages).toBeCloseTo(result.device, 3);
});

test('compareDevices names the first operation at which webgpu and wasm diverge', async ({ gpuPage }) => {
  const found = await gpuPage.evaluate(async () => {
    const { debug, nn, randn } = kindling;
    class Odd extends nn.Module {
      override forward(x: Kindling.Tensor): Kindling.Tensor {
        return x.device === 'webgpu' ? x.mul(2) : x.mul(1);
      }
    }
    const net = new nn.Sequential(
      new nn.Linear(8, 8),
      new nn.GELU(),
      new nn.Sequential(new nn.Dropout(0.5), new Odd()),
    );
    const same = new nn.Sequential(new nn.Conv2d(3, 4, 3), new nn.BatchNorm2d(4), new nn.ReLU(), new nn.Dropout(0.5));
    return {
      odd: await debug.compareDevices(net, randn(4, 8)),
      same: await debug.compareDevices(same, randn(2, 3, 8, 8)),
    };
  });
  expect(found.same).toBeNull();
  expect(found.odd).toMatchObject({ op: 'mul', module: 'Sequential.2.1' });
});

test('detectAnomaly names the gradient rule on webgpu', async ({ gpuPage }) => {
  const text = await gpuPage.evaluate(async () => {
    const { autograd, tensor } = kindling;
    kindling.onerror(() => undefined);
    const x = tensor([0, 4], { requiresGrad: true, device: 'webgpu' });
    autograd.detectAnomaly(() => x.sqrt().mul(0).sum().backward());
    return Promise.resolve(x.grad?.data()).then(String, String);
  });
  expect(text).toContain('gradients must not be NaN, but SqrtBackward0 of sqrt gave NaN for its input 0, of shape [2]');
});
