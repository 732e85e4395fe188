// Hooks on what graphs save: what they get and when, in which order they count, and what they may not do.
import { afterAll, describe, expect, expectTypeOf, it, vi } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

const { savedTensorsHooks, saveOnCpu } = k.autograd.graph;

afterAll(() => {
  k.shutdown();
});

const leaf = (): Tensor => k.tensor([1, 2, 3], { requiresGrad: true });

describe('savedTensorsHooks', () => {
  it('see what is saved, and give what backward uses', async () => {
    // As in the documentation of torch.autograd.graph.saved_tensors_hooks: a * b saves both.
    const packed: unknown[] = [];
    const pack = vi.fn((x: Tensor) => {
      packed.push([x.requiresGrad, x.isLeaf, x.shape]);
      return x;
    });
    const unpack = vi.fn((x: Tensor) => x);
    const a = leaf();
    const b = k.ones([3], { requiresGrad: true }).mul(2);
    const y = savedTensorsHooks(pack, unpack, () => a.mul(b));
    expectTypeOf(y).toEqualTypeOf<Tensor>();
    expect(packed).toEqual([[false, true, [3]], [false, true, [3]]]); // prettier-ignore
    expect(unpack).not.toHaveBeenCalled();
    y.sum().backward();
    expect(unpack).toHaveBeenCalledTimes(2);
    expect(await a.grad?.tolist()).toEqual([2, 2, 2]);
  });

  it('may keep another form, such as half as many bits', async () => {
    const x = k.tensor([1.0001, 2], { requiresGrad: true });
    const y = savedTensorsHooks((t) => t.to('bfloat16'), (t) => t.to('float32'), () => x.mul(x)); // prettier-ignore
    y.sum().backward();
    expect(await x.grad?.tolist()).toEqual([2, 4]);
  });

  it('nest: the innermost count', () => {
    const [outer, inner] = [vi.fn((t: Tensor) => t), vi.fn((t: Tensor) => t)];
    const same = (t: Tensor): Tensor => t;
    savedTensorsHooks(outer, same, () => {
      leaf().exp();
      savedTensorsHooks(inner, same, () => leaf().exp());
      leaf().exp();
    });
    leaf().exp();
    expect([outer.mock.calls.length, inner.mock.calls.length]).toEqual([2, 1]);
  });

  it('last to the end of a block, for a method, for functions', () => {
    const pack = vi.fn((t: Tensor) => t);
    const region = savedTensorsHooks(pack, (t) => t);
    leaf().exp();
    expect(pack).not.toHaveBeenCalled();
    {
      using hooks = region;
      leaf().exp();
      expect(hooks).toBe(region);
    }
    leaf().exp();
    expect(pack).toHaveBeenCalledTimes(1);
    region(() => leaf().exp());
    region(() => leaf().exp());
    const context = { kind: 'method', name: 'f', addInitializer: () => undefined } as unknown;
    const method = region((t: Tensor) => t.exp(), context as ClassMethodDecoratorContext<undefined>);
    method.call(undefined, leaf());
    expect(pack).toHaveBeenCalledTimes(4);
    // Left in another order than entered: async functions may do that.
    const enter = (): (() => void) => region[Symbol.dispose];
    const [a, b] = [enter(), enter()];
    a();
    leaf().exp();
    b();
    b();
    leaf().exp();
    expect(pack).toHaveBeenCalledTimes(5);
  });

  it('serve second derivatives, which go on where the tensor was in the graph', async () => {
    const x = leaf();
    const second = (): Tensor => {
      const y = x.mul(1).exp().mul(x);
      const [g] = k.autograd.grad(y.sum(), x, { createGraph: true }) as [Tensor];
      return k.autograd.grad(g.sum(), x)[0];
    };
    const copy = (t: Tensor): Tensor => t.clone();
    expect(await savedTensorsHooks(copy, copy, second).data()).toEqual(await second().data());
  });

  it('are refused where they do wrong', () => {
    const same = (t: Tensor): Tensor => t;
    expect(() =>
      savedTensorsHooks(
        (t) => t.add_(1),
        same,
        () => leaf().mul(1).exp(),
      ),
    ).toThrow('savedTensorsHooks: packHook: must not change its tensor in place');
    expect(() =>
      savedTensorsHooks(
        async (t) => Promise.resolve(t),
        same as never,
        () => leaf().exp(),
      ),
    ).toThrow('packHook: must be synchronous');
    const back = (unpack: (t: Tensor) => unknown) => () =>
      savedTensorsHooks(same, unpack as typeof same, () => leaf().exp())
        .sum()
        .backward();
    expect(back(() => 1)).toThrow('unpackHook: must give a tensor, got number 1');
    expect(back((t) => t.narrow(0, 0, 2))).toThrow('must give a tensor of shape [3], got [2]');
    expect(back((t) => t.double())).toThrow('must give a tensor of dtype float32, got float64');
    expect(() => savedTensorsHooks(same, same, async () => Promise.resolve())).toThrow(
      'savedTensorsHooks: fn must be synchronous',
    );
    leaf().exp().sum().backward();
  });

  it('hold nothing once backward has passed', async () => {
    const w = k.ones([64, 64], { requiresGrad: true });
    const x = k.ones(64, 64);
    await k.synchronize();
    const before = k.memory().live;
    const y = k.scope(() => saveOnCpu(() => x.matmul(w).exp().sum()));
    k.scope(() => y.backward());
    y.release();
    w.grad = null;
    await k.synchronize();
    expect(k.memory().live).toBe(before);
  });
});

describe('saveOnCpu', () => {
  it('changes nothing on wasm', async () => {
    const x = leaf();
    saveOnCpu(() => x.mul(2).exp(), { pinMemory: true })
      .sum()
      .backward();
    expect(await x.grad?.data()).toEqual(await x.detach().mul(2).exp().mul(2).data());
    const region = saveOnCpu({ pinMemory: false });
    expect(region(() => 3)).toBe(3);
    expect(() => saveOnCpu(() => 1, { pinMemory: 1 as never })).toThrow('saveOnCpu: pinMemory must be true or false');
  });
});
