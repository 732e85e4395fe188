// Who frees what: scopes, counts and the garbage collector.
import { afterAll, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';
import { allocate, applyView } from '../../src/core/op';

afterAll(() => {
  k.shutdown();
});

describe('scope', () => {
  it('frees what is made inside, except what it returns', async () => {
    let inside: Tensor | null = null;
    const before = k.memory().live;
    const result = k.scope(() => {
      inside = k.ones(1000);
      return { list: [inside.add(1)] };
    });
    expect(await result.list[0].sum().item()).toBe(2000);
    expect(() => inside?.add(1)).toThrow(
      'add: a tensor of shape [1000] was freed by the scope it was made in; return it or keep() it.',
    );
    expect(k.memory().live - before).toBeLessThan(2 * 4096 + 1024);
  });

  it('spares what is kept, gradients, and what a kept graph saved', async () => {
    const w = k.ones([3], { requiresGrad: true });
    let kept: Tensor | null = null;
    const loss = k.scope(() => {
      kept = k.keep(w.mul(2));
      return w.exp().mul(w).sum();
    });
    loss.backward();
    expect((await w.grad?.tolist()) as number[]).toHaveLength(3);
    expect(await (kept as Tensor | null)?.tolist()).toEqual([2, 2, 2]);
    k.scope(() => {
      w.grad = null;
      w.mul(3).sum().backward();
    });
    expect(await w.grad?.tolist()).toEqual([3, 3, 3]);
  });

  it('hands what an inner scope returns to the outer one', () => {
    let inner: Tensor | null = null;
    k.scope(() => {
      inner = k.scope(() => k.ones(2));
      expect(inner.isFreed).toBe(false);
    });
    expect((inner as Tensor | null)?.isFreed).toBe(true);
  });

  it('owns what an async function makes before its first await, and in run()', async () => {
    const made: Tensor[] = [];
    const result = await k.scope(async (s) => {
      made.push(k.ones(2));
      await Promise.resolve();
      made.push(k.ones(2));
      s.run(() => made.push(k.ones(2)));
      return made[0].isFreed ? null : s.run(() => k.ones(1));
    });
    expect(made.map((t) => t.isFreed)).toEqual([true, false, true]);
    expect(result?.isFreed).toBe(false);
  });

  it('ends when the function throws', () => {
    let made: Tensor | null = null;
    expect(() =>
      k.scope(() => {
        made = k.ones(2);
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect((made as Tensor | null)?.isFreed).toBe(true);
  });

  it('works with using', () => {
    let made: Tensor;
    {
      using s = k.scope();
      made = k.ones(2);
      expect(s).toBeDefined();
    }
    expect(made.isFreed).toBe(true);
    expect(k.ones(1).isFreed).toBe(false);
  });
});

describe('counting', () => {
  it('backward frees its temporaries and what the graph saved', async () => {
    const w = k.rand([256, 256], { requiresGrad: true });
    const step = (): void => {
      k.scope(() => {
        w.grad = null;
        w.exp().mul(w).sigmoid().sum().backward();
      });
    };
    step();
    await k.synchronize();
    const { live } = k.memory();
    for (let i = 0; i < 5; i++) step();
    await k.synchronize();
    expect(k.memory().live).toBe(live);
  });
});

describe('what a rule of an operation gets wrong', () => {
  const x = k.zeros(2, 3);
  const view = (shape: number[], strides: number[], offset: number): Tensor =>
    applyView('window', x, { shape, strides, offset }, (base) => base, (grad) => grad); // prettier-ignore

  it('is an error, never memory', () => {
    expect(() => view([2], [1], 4.5)).toThrow(
      'internal: tensor: the offset must be a whole number, got shape [2], strides [1] and offset 4.5 for 6 elements.',
    );
    expect(() => view([2, 3], [3, 1], 1)).toThrow('internal: tensor: every element must lie in memory');
    expect(() => view([NaN], [1], 0)).toThrow('internal: tensor: sizes must be whole numbers');
    for (const size of [-1, 1.3, NaN]) {
      expect(() => allocate(x.home, { shape: [size], dtype: 'float32' })).toThrow('internal: storage: bytes must be');
    }
    expect(() => allocate(x.home, { shape: [0.5, 2], dtype: 'float32' })).toThrow('internal: tensor: sizes must be');
  });
});
