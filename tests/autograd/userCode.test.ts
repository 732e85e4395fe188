// What user code makes, gets or keeps while the graph is walked back is its own: nothing of it is freed under it.
import { afterAll, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';
import { Function, type FunctionContext } from '../../src/autograd/function';

afterAll(() => {
  k.shutdown();
});

it('a norm that a full backward hook makes, and the gradients that it gets', async () => {
  const layer = new k.nn.Linear(2, 1);
  const made: Tensor[] = [];
  layer.registerFullBackwardHook((_, gradInputs, [grad]) => {
    if (grad === null) throw new Error('no gradient');
    made.push(grad.norm(), grad, ...gradInputs.flatMap((g) => (g === null ? [] : [g])));
  });
  layer(k.ones([3, 2], { requiresGrad: true }))
    .sum()
    .backward();
  expect(await made[0].item()).toBeCloseTo(Math.sqrt(3), 6);
  expect(await made[1].tolist()).toEqual([[1], [1], [1]]);
  expect(made[2].shape).toEqual([3, 2]);
  expect(await made[2].sum().item()).toBeCloseTo(3 * (await layer.weight.sum().item()), 5);
});

it('what a full backward-pre hook makes', async () => {
  const layer = new k.nn.Linear(2, 1);
  const made: Tensor[] = [];
  layer.registerFullBackwardPreHook((_, [grad]) => {
    if (grad !== null) made.push(grad.mul(2), grad);
  });
  layer(k.ones(3, 2)).sum().backward();
  expect(await Promise.all(made.map((t) => t.sum().item()))).toEqual([6, 3]);
});

it('what a hook of a tensor makes, of leaves and of results', async () => {
  const w = k.ones([3], { requiresGrad: true });
  const y = w.mul(2);
  const made: Tensor[] = [];
  w.registerHook((grad) => void made.push(grad, grad.square()));
  y.registerHook((grad) => void made.push(grad, grad.add(1)));
  y.square().sum().backward();
  y.mul(1).sum().backward();
  expect(await Promise.all(made.map((t) => t.tolist()))).toEqual([
    [4, 4, 4], [5, 5, 5], [8, 8, 8], [64, 64, 64],
    [1, 1, 1], [2, 2, 2], [2, 2, 2], [4, 4, 4],
  ]); // prettier-ignore
});

it('products, gradients and saved tensors of autograd.Function', async () => {
  const kept: Tensor[] = [];
  class Scale extends Function {
    static forward(ctx: FunctionContext, x: Tensor, y: Tensor): [Tensor, Tensor] {
      const product = x.mul(y);
      kept.push(product);
      ctx.saveForBackward(x, y);
      return [product.mul(1), x.add(y)];
    }
    static backward(ctx: FunctionContext, grad: Tensor | null, other: Tensor | null): Tensor[] {
      if (grad === null || other === null) throw new Error('zeros are filled in');
      const [x, y] = ctx.savedTensors;
      const gx = grad.mul(y);
      kept.push(gx, grad, other, x, y, gx.norm());
      ctx.seen = gx;
      return [gx, grad.mul(x)];
    }
  }
  const x = k.tensor([1, 2], { requiresGrad: true });
  const y = k.tensor([3, 4], { requiresGrad: true });
  Scale.apply(x, y)[0].sum().backward();
  expect(await Promise.all(kept.map((t) => t.tolist()))).toEqual([
    [3, 8], [3, 4], [1, 1], [0, 0], [1, 2], [3, 4], 5,
  ]); // prettier-ignore
  expect(await x.grad?.tolist()).toEqual([3, 4]);
  // What backward has kept is not what the engine adds to later.
  Scale.apply(x, y)[0].sum().backward();
  expect(await x.grad?.tolist()).toEqual([6, 8]);
  expect(await kept[1].tolist()).toEqual([3, 4]);
});

it('what user code makes outlives the scope of the loop only if it is given out', async () => {
  const layer = new k.nn.Linear(2, 1);
  let made: Tensor | null = null;
  layer.registerFullBackwardHook((_, __, [grad]) => void (made = grad?.sum() ?? null));
  k.scope(() => {
    layer(k.ones(3, 2)).sum().backward();
  });
  expect(await (made as Tensor | null)?.item()).toBe(3);
});
