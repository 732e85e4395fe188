// In-place changes and the graph: what they do to gradients, what they refuse, and when a saved tensor is missed. The
// expected answers are those of PyTorch 1.13.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

const F = k.nn.functional;

beforeEach(() => void k.manualSeed(1));
afterAll(() => {
  k.shutdown();
});

const leaf = (...values: number[]): Tensor => k.tensor(values).requiresGrad_();
const mask = (): Tensor => k.tensor([true, true, true]);

/** Everything that writes over all of a tensor without reading it. */
const FILLS: Readonly<Record<string, (y: Tensor) => Tensor>> = {
  zero_: (y) => y.zero_(),
  fill_: (y) => y.fill_(3),
  'fill_ with a tensor': (y) => y.fill_(k.tensor(3)),
  copy_: (y) => y.copy_(k.ones(3)),
  maskedFill_: (y) => y.maskedFill_(mask(), 2),
  maskedScatter_: (y) => y.maskedScatter_(mask(), k.ones(3)),
  indexFill_: (y) => y.indexFill_(0, k.arange(3).long(), 2),
  uniform_: (y) => y.uniform_(),
  normal_: (y) => y.normal_(),
  exponential_: (y) => y.exponential_(),
  bernoulli_: (y) => y.bernoulli_(),
  setAt: (y) => y.setAt(['...'], 5),
};

describe.each(Object.entries(FILLS))('%s', (_name, fill) => {
  it('of a result gives a gradient of zeros', async () => {
    const x = leaf(1, 2, 3);
    const y = x.mul(2);
    fill(y);
    y.sum().backward();
    expect(await x.grad?.tolist()).toEqual([0, 0, 0]);
  });

  it('of a part of a result cuts off that part', async () => {
    const x = k.arange(6).float().reshape(2, 3).detach().requiresGrad_();
    const y = x.mul(2);
    fill(y.select(0, 0));
    y.sum().backward();
    expect(await x.grad?.tolist()).toEqual([
      [0, 0, 0],
      [2, 2, 2],
    ]);
  });

  it('of a leaf, or a view of one, is refused', () => {
    expect(() => fill(leaf(1, 2, 3))).toThrow('a leaf tensor that requires gradients cannot be changed in place');
    const x = k.zeros(2, 3).requiresGrad_();
    const views = [x.select(0, 0), x.t().select(1, 0), x.view(6).slice(0, 0, 3), x.at(1), x.unbind(0)[0]];
    for (const view of views) expect(() => fill(view)).toThrow('a view of a leaf tensor');
    k.noGrad(() => fill(x.select(0, 0)));
  });
});

/** Operations on `a` and `b`, and whether backward misses what is changed in place behind them: a, b, the result. */
const USES: readonly (readonly [name: string, call: (a: Tensor, b: Tensor) => Tensor, missed: string])[] = [
  ['add', (a, b) => a.add(b), ''], ['sub', (a, b) => a.sub(b, { alpha: 2 }), ''], ['mul', (a, b) => a.mul(b), 'a b'],
  ['mul of a number', (a) => a.mul(2), ''], ['div', (a, b) => a.div(b), 'a b'], ['div by a number', (a) => a.div(2), ''],
  ['neg', (a) => a.neg(), ''], ['relu', (a) => a.relu(), 'y'], ['sigmoid', (a) => a.sigmoid(), 'y'], ['tanh', (a) => a.tanh(), 'y'],
  ['exp', (a) => a.exp(), 'y'], ['sqrt', (a) => a.sqrt(), 'y'], ['rsqrt', (a) => a.rsqrt(), 'y'], ['reciprocal', (a) => a.reciprocal(), 'y'],
  ['log', (a) => a.log(), 'a'], ['sin', (a) => a.sin(), 'a'], ['square', (a) => a.square(), 'a'], ['pow(0.5)', (a) => a.pow(0.5), 'a'],
  ['pow(-1)', (a) => a.pow(-1), 'a'], ['pow(-0.5)', (a) => a.pow(-0.5), 'a'], ['erfinv', (a) => a.div(9).erfinv(), ''], ['i0', (a) => k.special.i0(a), 'a'],
  ['ndtr', (a) => k.special.ndtr(a), ''], ['ndtri', (a) => k.special.ndtri(a), 'y'], ['mm', (a, b) => a.mm(b), 'a b'],
  ['matmul', (a, b) => a.matmul(b), 'a b'], ['linear', (a, b) => F.linear(a, b), 'a b'], ['addmm', (a, b) => k.ones(2, 2).addmm(a, b), 'a b'],
  ['inverse', (a) => a.inverse(), 'y'], ['slogdet', (a) => a.slogdet()[1], 'a'], ['sum', (a) => a.sum(0), ''], ['mean', (a) => a.mean(), ''],
  ['cumsum', (a) => a.cumsum(0), ''], ['prod', (a) => a.prod(), 'a'], ['softmax', (a) => a.softmax(0), 'y'], ['clone', (a) => a.clone(), ''],
  ['cat', (a, b) => k.cat([a, b]), ''], ['maskedFill', (a) => a.maskedFill(a.gt(2), 0), ''], ['where', (a, b) => k.where(a.gt(2), a, b), ''],
  ['tanhshrink', (a) => F.tanhshrink(a), ''], ['softplus', (a) => F.softplus(a), 'a'], ['l1Loss', (a, b) => F.l1Loss(a, b), ''],
  ['mseLoss', (a, b) => F.mseLoss(a, b), 'a b'], ['hingeEmbeddingLoss', (a) => F.hingeEmbeddingLoss(a, k.ones(2, 2)), ''],
  ['marginRankingLoss', (a, b) => F.marginRankingLoss(a, b, k.ones(2, 2)), ''], ['gaussianNllLoss', (a, b) => F.gaussianNllLoss(a, b, k.ones(2, 2)), ''],
]; // prettier-ignore

describe('what backward misses after a change in place', () => {
  it.each(USES)('%s: %s', (_name, call, missed) => {
    const found: string[] = [];
    for (const changed of ['a', 'b', 'y']) {
      const a = k.tensor([[2, 1], [1, 3]]).div(4).detach().requiresGrad_(); // prettier-ignore
      const b = k.tensor([[1, 2], [3, 1]]).div(3).detach().requiresGrad_(); // prettier-ignore
      const y = call(a, b);
      const tensors: Record<string, Tensor> = { a, b, y };
      tensors[changed].detach().add_(1);
      try {
        y.sum().backward();
      } catch (error) {
        expect((error as Error).message).toContain('was changed in place after it was used');
        found.push(changed);
      }
    }
    expect(found.join(' ')).toBe(missed);
  });

  it('is only what the wanted gradients use', () => {
    const weight = k.ones(2, 2).requiresGrad_();
    const frozen = k.ones(2, 2);
    const products: ((a: Tensor, b: Tensor) => Tensor)[] = [
      (a, b) => a.mm(b),
      (a, b) => F.linear(a, b),
      (a, b) => a.mul(b),
    ];
    for (const product of products) {
      const y = product(frozen, weight);
      weight.detach().add_(1);
      y.sum().backward();
      const z = product(frozen, weight);
      frozen.add_(1);
      expect(() => {
        z.sum().backward();
      }).toThrow('changed in place');
    }
  });
});

describe('retainGrad', () => {
  it('keeps the gradient of what the tensor is after a change in place, while hooks stay where they were', async () => {
    const x = leaf(1);
    const a = x.mul(1);
    const seen: Tensor[] = [];
    a.retainGrad();
    a.registerHook((grad) => void seen.push(grad.clone()));
    a.mul_(2);
    a.mul(3).sum().backward();
    expect(await a.grad?.tolist()).toEqual([3]);
    expect(await seen[0].tolist()).toEqual([6]);
  });

  it('follows a change through a view, and of a view', async () => {
    const x = leaf(1, 2);
    const a = x.mul(1);
    const first = a.slice(0, 0, 1);
    a.retainGrad();
    first.retainGrad();
    first.mul_(2);
    a.mul(k.tensor([3, 5]))
      .sum()
      .backward();
    expect(await a.grad?.tolist()).toEqual([3, 5]);
    expect(await x.grad?.tolist()).toEqual([6, 5]);
  });
});

it('refuses to write to elements that share memory, but fills them', async () => {
  const x = k.zeros(3, 1).expand(3, 2);
  expect(() => x.copy_(k.ones(3, 2))).toThrow('copy_: several elements of the tensor share one place in memory');
  expect(() => x.normal_()).toThrow('normal_: several elements of the tensor share one place in memory');
  expect(await x.fill_(2).sum().item()).toBe(12);
});

// What these save is their own result, which is a part of the base from then on.
describe('second derivatives through a view that was written over', () => {
  it.each([
    ['relu_', [0, 2, 2, 2, 0, 2], [0, 12, 3, 1.5, 0, 9]],
    [
      'sigmoid_',
      [
        0.12618332818918407, -0.1188141686043591, 0.03879996143726385, 0.08675032534615636, 0.007960498436687054,
        -0.11040867986407699,
      ],
      [
        0.08209268776410526, -0.12784795480423544, 0.13935630487222178, 0.1753267994046931, 0.0008566791291187869,
        -0.08084096895183411,
      ],
    ],
    [
      'exp_',
      [
        0.5413411329464508, 218.39260013257697, 10.873127313836182, 6.594885082800512, 0.009915008706665434,
        80.34214769275066,
      ],
      [
        0.44808361531077556, 3630.8591414346165, 40.335201633042594, 19.05300014951407, 0.001110688236780116,
        810.1541817046962,
      ],
    ],
    [
      'tanh_',
      [
        -0.6216266807712962, -0.25265406509806265, 0.5652092882597705, 1.541708100633354, -0.03888011652566158,
        -0.526897219588103,
      ],
      [
        0.3071544860739734, -0.3509122865184935, 1.2492478004787044, 1.2156405304667341, 0.05774119518246475,
        -0.6267075990334662,
      ],
    ],
  ] as const)('%s', async (name, ofView, ofBase) => {
    const x = k
      .tensor(
        [
          [-1, 2, 0.5],
          [0.25, -3, 1.5],
        ],
        { dtype: 'float64' },
      )
      .requiresGrad_();
    const second = async (loss: Tensor): Promise<number[]> => {
      const [g] = k.autograd.grad(loss, [x], { createGraph: true });
      const [h] = k.autograd.grad(g.sum(), [x]);
      return Array.from(await h.data(), Number);
    };
    const view = x.mul(1).view(6);
    const near = (values: readonly number[], expected: readonly number[]): void => {
      values.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-9 * (1 + Math.abs(expected[i])));
      });
    };
    near(await second(view[name]().square().sum()), ofView);
    const base = x.mul(1);
    const part = base.view(6);
    part[name]();
    near(await second(base.square().mul(part.view(2, 3)).sum()), ofBase);
  });
});
