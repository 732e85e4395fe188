// What a page does before the adapter has answered and the kernels are there happens afterwards, in the same order.
import type * as Kindling from '../../../src';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

test('reads see what was written before them, and nothing later', async ({ gpuPage }) => {
  const lists = await gpuPage.evaluate(async () => {
    kindling.shutdown();
    void kindling.init({ device: 'webgpu' });
    const data = new Float32Array([1, 2, 3]);
    const x = kindling.tensor(data);
    data.fill(9);
    const before = x.t().tolist();
    // The block of what the scope frees goes to the next tensor of that size.
    kindling.scope(() => void x.mul(100));
    const y = kindling.tensor([10, 20, 30]);
    x.add_(y);
    const between = x.tolist();
    x.zero_();
    const there = kindling.tensor([7, 8], { device: 'wasm' }).to('webgpu').add(1);
    return Promise.all([before, between, x.tolist(), y.tolist(), there.tolist()]);
  });
  expect(lists).toEqual([[1, 2, 3], [11, 22, 33], [0, 0, 0], [10, 20, 30], [8, 9]]); // prettier-ignore
});

test('a training step', async ({ gpuPage }) => {
  const [early, wasm] = await gpuPage.evaluate(async () => {
    const run = async (device: 'webgpu' | 'wasm') => {
      kindling.shutdown();
      void kindling.init({ device });
      kindling.manualSeed(0);
      const { nn, optim, randn } = kindling;
      const net = new nn.Sequential(new nn.Linear(3, 5), new nn.BatchNorm1d(5), new nn.Linear(5, 1));
      const optimizer = new optim.Adam(net.parameters(), { lr: 0.1 });
      const losses: Promise<number>[] = [];
      for (let step = 0; step < 3; step++) {
        const loss = kindling.scope(() => {
          const loss = net(randn(4, 3)).square().mean();
          optimizer.zeroGrad();
          loss.backward();
          optimizer.step();
          return loss;
        });
        losses.push(loss.item());
      }
      return Promise.all(losses);
    };
    return [await run('webgpu'), await run('wasm')];
  });
  early.forEach((loss, i) => expect(loss).toBeCloseTo(wasm[i], 4));
});

test('a bad index rejects its own read only', async ({ gpuPage }) => {
  const [bad, good] = await gpuPage.evaluate(async () => {
    kindling.shutdown();
    kindling.onerror(() => undefined);
    void kindling.init({ device: 'webgpu' });
    const row = kindling.ones(4, 2).indexSelect(0, kindling.tensor([4n]));
    const sum = kindling.ones(3).sum();
    return Promise.all([row.data(), sum.item()].map((read) => read.then(String, String)));
  });
  expect(bad).toContain('FaultError: indexSelect: index 4 is out of range');
  expect(good).toBe('3');
});

test('a shutdown rejects what waits', async ({ gpuPage }) => {
  const message = await gpuPage.evaluate(async () => {
    kindling.shutdown();
    void kindling.init({ device: 'webgpu' });
    const read = kindling.ones(3).add(1).tolist();
    kindling.shutdown();
    return read.then(String, String);
  });
  expect(message).toBe('DeviceError: the webgpu device was shut down; tensors made before cannot be used.');
});
