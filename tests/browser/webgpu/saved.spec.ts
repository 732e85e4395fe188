// What graphs save on webgpu: kept on wasm, or computed again.
import type * as Kindling from '../../../src';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

test('saveOnCpu and checkpoint give the same bits with less memory on the device', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    const { nn, utils, autograd, scope, memory, synchronize, manualSeed, randn } = kindling;
    manualSeed(1);
    // Made where they are used: what a move leaves behind would be collected at any time, and counted.
    const device = 'webgpu';
    const block = () => [0, 1, 2].flatMap(() => [new nn.Linear(64, 64, { device }), new nn.Tanh()]);
    const net = new nn.Sequential(
      ...Array.from({ length: 6 }, () => new nn.Sequential(...block(), new nn.Dropout(0.2))),
    );
    const x = randn([128, 64], { device });
    // wasm is started first, so that its memory is counted in every run.
    const wasmLive = async (): Promise<number> => {
      await synchronize();
      return memory().live;
    };
    const forms = {
      plain: () => net(x),
      saved: () => autograd.graph.saveOnCpu(() => net(x)),
      again: () => utils.checkpoint.checkpointSequential<Kindling.Tensor>(net, 6, x, { useReentrant: false }),
    };
    const runs: Record<string, { held: number; bits: unknown }> = {};
    for (const [name, forward] of Object.entries(forms)) {
      manualSeed(2);
      net.zeroGrad();
      const before = await wasmLive();
      const loss = scope(() => forward().square().mean());
      const held = (await wasmLive()) - before;
      scope(() => loss.backward());
      const grads = await Promise.all(net.parameters().map(async (p) => Array.from(await p.grad!.data(), Number)));
      runs[name] = { held, bits: [await loss.item(), grads] };
      loss.release();
    }
    return runs;
  });
  expect(result.saved.bits).toEqual(result.plain.bits);
  expect(result.again.bits).toEqual(result.plain.bits);
  expect(result.again.held).toBeLessThan(result.plain.held / 2);
});
