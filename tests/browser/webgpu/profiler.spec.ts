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
