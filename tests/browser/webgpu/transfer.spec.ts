// Tensors and modules that move between the devices.
import type * as Kindling from '../../../src';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

test('values, dtypes and views arrive, in both directions', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    const { tensor } = kindling;
    const originals = [
      tensor([[1.5, -2], [3, 4]]).t(), tensor([1n, -5n]), tensor([true, false]), tensor(new Uint8Array([0, 255])),
      tensor(new Int32Array([-1, 7])), kindling.zeros(0, 3), tensor(4), tensor(new Int8Array([-128, 127, 3])),
      tensor(new Int16Array([-32768, 7])), tensor([1 / 3, 6e-8, 1e9], { dtype: 'float16' }), tensor([1 / 3, 1e-40], { dtype: 'bfloat16' }),
    ]; // prettier-ignore
    const lists = [];
    for (const x of originals) {
      const there = x.to('webgpu');
      const back = there.to('wasm');
      lists.push([
        there.device,
        back.device,
        back.dtype === x.dtype,
        await x.tolist(),
        await there.tolist(),
        await back.tolist(),
      ]);
    }
    return lists;
  });
  for (const [there, back, same, original, moved, returned] of result) {
    expect([there, back, same]).toEqual(['webgpu', 'wasm', true]);
    expect(moved).toEqual(original);
    expect(returned).toEqual(original);
  }
});

test('gradients cross devices, and a module keeps its parameters', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    const { tensor, nn, optim } = kindling;
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const y = x.mul(2).to('webgpu').square().sum().to('wasm').mul(3);
    y.backward();
    const net = new nn.Linear(2, 1);
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
    const { weight } = net;
    net.to('webgpu');
    const before = await weight.tolist();
    net(kindling.ones([1, 2], { device: 'webgpu' }))
      .sum()
      .backward();
    optimizer.step();
    return {
      gradient: await x.grad?.tolist(), device: x.grad?.device, same: net.weight === weight, home: weight.device,
      before, after: await weight.tolist(), mixed: (() => { try { kindling.ones(1).add(weight); return ''; } catch (e) { return String(e); } })(),
    }; // prettier-ignore
  });
  expect(result.gradient).toEqual([24, 48, 72]);
  expect([result.device, result.same, result.home]).toEqual(['wasm', true, 'webgpu']);
  const [[a, b]] = result.before as number[][];
  const [[c, d]] = result.after as number[][];
  expect(c).toBeCloseTo(a - 0.1, 5);
  expect(d).toBeCloseTo(b - 0.1, 5);
  expect(result.mixed).toContain('all tensors must be on one device, got wasm and webgpu');
});

test('commands queued behind a transfer wait for it, and a fault crosses with it', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    const { tensor, ones } = kindling;
    kindling.onerror(() => undefined);
    const texts: string[] = [];
    for (const [from, to] of [
      ['wasm', 'webgpu'],
      ['webgpu', 'wasm'],
    ] as const) {
      const good = ones([1000], { device: from }).to(to);
      const weight = ones([3], { device: to });
      texts.push(String(await good.add(1).sum().item()));
      const bad = kindling.indexSelect(
        ones([3], { device: from }),
        0,
        tensor(new Int32Array([0, 9, 1]), { device: from }),
      );
      const moved = bad.to(to);
      // In place: queued before anybody knows that the transfer fails.
      weight.add_(moved);
      texts.push(await moved.mul(2).data().then(String, String));
      texts.push(String(await weight.tolist()));
    }
    return texts;
  });
  const fault = 'FaultError: indexSelect: index 9 is out of range [0, 3)';
  expect(result).toEqual(['2000', fault, '1,1,1', '2000', fault, '1,1,1']);
});

test('orthogonal_ of a matrix that webgpu does not decompose', async ({ gpuPage }) => {
  const [difference, product] = await gpuPage.evaluate(async () => {
    const { manualSeed, nn, zeros, eye } = kindling;
    const draw = (device: 'wasm' | 'webgpu') => {
      manualSeed(1);
      return nn.init.orthogonal_(zeros([100, 200], { device }), 2);
    };
    const [there, here] = [draw('webgpu').to('wasm'), draw('wasm')];
    return Promise.all([
      there.sub(here).abs().amax().item(),
      there.matmul(there.t()).sub(eye(100).mul(4)).abs().amax().item(),
    ]);
  });
  expect(difference).toBe(0);
  expect(product).toBeLessThan(1e-4);
});
