// What the graph promises beyond the gradient of each op, which tests/ops checks.
import { afterAll, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

const { grad } = k.autograd;
afterAll(() => {
  k.shutdown();
});

const leaf = (data: k.TensorData): Tensor => k.tensor(data, { requiresGrad: true });
const gradOf = async (t: Tensor): Promise<unknown> => (t.grad === null ? null : t.grad.tolist());

describe('backward', () => {
  it('accumulates over calls and paths', async () => {
    const x = leaf([1, 2]);
    x.mul(x).add(x).sum().backward();
    expect(await gradOf(x)).toEqual([3, 5]);
    x.mul(2).sum().backward();
    expect(await gradOf(x)).toEqual([5, 7]);
  });

  it('frees the graph, and says so the second time', () => {
    const y = leaf([1, 2]).exp().sum();
    y.backward();
    expect(() => y.backward()).toThrow('exp: the graph was already walked and what it saved is freed');
  });

  it('keeps the graph on demand', async () => {
    const x = leaf([1, 2]);
    const y = x.mul(x).sum();
    y.backward(null, { retainGraph: true });
    y.backward();
    expect(await gradOf(x)).toEqual([4, 8]);
  });

  it('sums broadcast dimensions away', async () => {
    const [a, b] = [leaf([[1], [2]]), leaf([1, 2, 3])];
    a.mul(b).sum().backward();
    expect(await gradOf(a)).toEqual([[6], [6]]);
    expect(await gradOf(b)).toEqual([3, 3, 3]);
  });

  it('converts gradients back to the dtype of the input', () => {
    const x = leaf([1, 2]);
    x.double()
      .mul(k.tensor([3, 4], { dtype: 'float64' }))
      .sum()
      .backward();
    expect(x.grad?.dtype).toBe('float32');
  });

  it('asks for a gradient where there are several elements', () => {
    expect(() => leaf([1, 2]).mul(2).backward()).toThrow(
      'backward: a gradient can be made implicitly only for one element, got shape [2]',
    );
    expect(() => leaf([1, 2]).mul(2).backward(k.ones(3))).toThrow('backward: gradient must have shape [2], got [3]');
    expect(() => k.ones(1).backward()).toThrow('backward: the tensor must be the result of recorded operations');
  });

  it('gives only the inputs asked for', async () => {
    const [a, b] = [leaf(2), leaf(3)];
    a.mul(b).backward(null, { inputs: [a] });
    expect(await gradOf(a)).toBe(3);
    expect(b.grad).toBeNull();
  });
});

describe('grad', () => {
  it('gives derivatives of any order', async () => {
    const x = leaf([1, 2, 3]);
    const [first] = grad(x.pow(3).sum(), x, { createGraph: true });
    const [second] = grad(first.sum(), x, { createGraph: true });
    const [third] = grad(second.sum(), x);
    expect(await first.tolist()).toEqual([3, 12, 27]);
    expect(await second.tolist()).toEqual([6, 12, 18]);
    expect(await third.tolist()).toEqual([6, 6, 6]);
    expect(x.grad).toBeNull();
  });

  it('reaches tensors inside the graph', async () => {
    const x = leaf(2);
    const h = x.mul(3);
    const [g] = grad(h.mul(h), h);
    expect(await g.item()).toBe(12);
  });

  it('names an input that was not used, or gives null for it', () => {
    const [x, unused] = [leaf(2), leaf(3)];
    expect(() => grad(x.mul(2), [x, unused])).toThrow('grad: input 1');
    expect(grad(x.mul(2), [unused], { allowUnused: true })).toEqual([null]);
  });
});

describe('modes', () => {
  it('noGrad records nothing, enableGrad records inside it', () => {
    const x = leaf(1);
    expect(k.noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(k.noGrad(() => k.enableGrad(() => x.mul(2))).requiresGrad).toBe(true);
    expect(k.isGradEnabled()).toBe(true);
  });

  it('setGradEnabled sets the mode, across awaits, or runs a function in it', async () => {
    const x = leaf(1);
    k.setGradEnabled(false);
    try {
      await x.item();
      expect([k.isGradEnabled(), x.mul(2).requiresGrad]).toEqual([false, false]);
      expect(k.setGradEnabled(true, () => x.mul(2)).requiresGrad).toBe(true);
      expect(k.isGradEnabled()).toBe(false);
    } finally {
      k.setGradEnabled(true);
    }
    expect(k.setGradEnabled(false, () => x.mul(2)).requiresGrad).toBe(false);
    expect(x.mul(2).requiresGrad).toBe(true);
    expect(k.inferenceMode(() => x.mul(2)).requiresGrad).toBe(false);
  });

  it('names both forms that an async evaluation has', () => {
    expect(() => k.noGrad(() => Promise.resolve(1))).toThrow(
      'const y = noGrad(() => net(x)); await y.data(), or set the mode around all of it: setGradEnabled(false); ...; setGradEnabled(true).',
    );
  });

  it('refuses async functions, and the mode ends all the same', () => {
    expect(() => k.noGrad(() => Promise.resolve(1))).toThrow('noGrad: fn must be synchronous');
    expect(() =>
      k.noGrad(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(k.isGradEnabled()).toBe(true);
  });

  it('detach leaves the graph and shares memory', async () => {
    const x = leaf([1, 2]);
    const d = x.detach();
    expect(d.requiresGrad).toBe(false);
    k.noGrad(() => x.add_(1));
    expect(await d.tolist()).toEqual([2, 3]);
  });
});

describe('in place', () => {
  it('refuses leaves and views of leaves', () => {
    const x = leaf([1, 2]);
    expect(() => x.add_(1)).toThrow('add_: a leaf tensor that requires gradients cannot be changed in place');
    expect(() => x.select(0, 0).add_(1)).toThrow('add_: a view of a leaf tensor that requires gradients');
  });

  it('notices that a saved tensor was changed', () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    const z = y.sum();
    y.add_(1);
    expect(() => z.backward()).not.toThrow();
    const w = leaf([1, 2]);
    const e = w.exp();
    const s = e.mul(e).sum();
    e.add_(1);
    expect(() => s.backward()).toThrow('needed for the gradient was changed in place');
  });

  it('follows a change through its base and back into views', async () => {
    const x = leaf([[1, 2], [3, 4]]); // prettier-ignore
    const base = x.mul(1);
    const row = base.select(0, 1);
    row.mul_(10);
    base.sum().backward();
    expect(await gradOf(x)).toEqual([[1, 1], [10, 10]]); // prettier-ignore
    expect(await base.tolist()).toEqual([[1, 2], [30, 40]]); // prettier-ignore
  });

  it('regenerates the history of a view whose base changed', async () => {
    const x = leaf([1, 2, 3]);
    const base = x.mul(1);
    const tail = base.narrow(0, 1, 2);
    base.mul_(x);
    tail.sum().backward();
    expect(await gradOf(x)).toEqual([0, 4, 6]);
  });

  it('gives a tensor without history one, through a view', async () => {
    const x = leaf([1, 2]);
    const buffer = k.zeros(2, 2);
    buffer.select(0, 0).copy_(x.mul(2));
    buffer.select(0, 1).copy_(x.mul(3));
    expect(buffer.requiresGrad).toBe(true);
    buffer.mul(buffer).sum().backward();
    expect(await gradOf(x)).toEqual([2 * 4 + 2 * 9, 4 * 4 + 4 * 9]);
  });

  it('lets the old value into the gradient', async () => {
    const [x, y] = [leaf([2, 3]), leaf([5, 7])];
    const z = x.mul(1);
    z.mul_(y);
    z.sum().backward();
    expect(await gradOf(x)).toEqual([5, 7]);
    expect(await gradOf(y)).toEqual([2, 3]);
  });

  it('has second derivatives', async () => {
    const x = leaf([1, 2]);
    const z = k.zeros(2).add(0);
    z.narrow(0, 0, 1).copy_(x.narrow(0, 1, 1).pow(3));
    const [g] = grad(z.sum(), x, { createGraph: true });
    const [h] = grad(g.sum(), x);
    expect(await g.tolist()).toEqual([0, 12]);
    expect(await h.tolist()).toEqual([0, 12]);
  });
});

describe('hooks', () => {
  it('see and replace gradients, on leaves and inside', async () => {
    const x = leaf([1, 2]);
    const seen: Tensor[] = [];
    const h = x.mul(3);
    const handle = h.registerHook((g) => {
      seen.push(g);
      return g.mul(10);
    });
    h.sum().backward();
    expect(await gradOf(x)).toEqual([30, 30]);
    expect(await seen[0].tolist()).toEqual([1, 1]);
    handle.remove();
    x.grad = null;
    x.registerHook((g) => g.mul(2));
    x.mul(3).sum().backward();
    expect(await gradOf(x)).toEqual([6, 6]);
  });

  it('retainGrad keeps the gradient of a result', async () => {
    const x = leaf([1, 2]);
    const h = x.mul(3);
    h.retainGrad();
    h.mul(h).sum().backward();
    expect(await gradOf(h)).toEqual([6, 12]);
  });
});

describe('Function', () => {
  class Cube extends k.autograd.Function {
    static forward(ctx: k.autograd.FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.pow(3);
    }
    static backward(ctx: k.autograd.FunctionContext, g: Tensor | null): Tensor {
      const [x] = ctx.savedTensors;
      return (g as Tensor).mul(x.pow(2)).mul(3);
    }
  }

  it('has the gradient it says, to second order', async () => {
    const x = k.rand([3], { dtype: 'float64', requiresGrad: true });
    expect(await k.autograd.gradcheck((t) => Cube.apply(t), x)).toBe(true);
    expect(await k.autograd.gradgradcheck((t) => Cube.apply(t), x)).toBe(true);
    expect(Cube.apply(x).gradFn?.name).toBe('CubeBackward');
  });

  it('is checked: a wrong gradient is found', async () => {
    class Wrong extends k.autograd.Function {
      static forward(ctx: k.autograd.FunctionContext, x: Tensor): Tensor {
        ctx.saveForBackward(x);
        return x.pow(2);
      }
      static backward(ctx: k.autograd.FunctionContext, g: Tensor | null): Tensor {
        return (g as Tensor).mul(ctx.savedTensors[0]).mul(3);
      }
    }
    const x = k.rand([3], { dtype: 'float64', requiresGrad: true });
    await expect(k.autograd.gradcheck((t) => Wrong.apply(t), x)).rejects.toThrow(
      'gradcheck: derivative of output element',
    );
    expect(await k.autograd.gradcheck((t) => Wrong.apply(t), x, { raiseException: false })).toBe(false);
  });
});
