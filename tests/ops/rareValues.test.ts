// What random programs (tests/differential) have met: NaN, infinities and signs of zero in values and gradients, empty sizes,
// layouts of results, and what must be refused. All values are those of PyTorch 1.13.
import { afterAll, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

const F = k.nn.functional;
const { grad } = k.autograd;
afterAll(() => {
  k.shutdown();
});

const leaf = (values: number | readonly number[] | readonly (readonly number[])[]): Tensor =>
  k.tensor(values, { requiresGrad: true });
const int = (...values: number[]): Tensor => k.tensor(values, { dtype: 'int64' });
const mask = (...values: number[]): Tensor => k.tensor(values.map((value) => value === 1));

/** f(x) and the gradient of its sum. */
async function both(x: Tensor, f: (x: Tensor) => Tensor): Promise<unknown> {
  const y = f(x);
  y.sum().backward();
  return [await y.tolist(), await x.grad?.tolist()];
}

/** The gradient of `direction` in the second derivative of f at x. */
async function throughDirection(x: Tensor, direction: Tensor, f: (x: Tensor) => Tensor): Promise<unknown> {
  const [first] = grad([f(x)], [x], { gradOutputs: [direction], createGraph: true });
  first.mul(k.ones(x.shape)).sum().backward();
  return direction.grad?.tolist();
}

describe('gradients of NaN', () => {
  it('are those of what is positive in exponential units', async () => {
    expect(await both(leaf([NaN]), (x) => F.elu(x, 0.7))).toEqual([[NaN], [1]]);
    expect(await both(leaf([NaN]), (x) => F.celu(x, 1.3))).toEqual([[NaN], [1]]);
    expect(await both(leaf([NaN]), (x) => F.selu(x))).toEqual([[NaN], [Math.fround(1.0507009873554805)]]);
  });

  it('do not come of an infinity that prelu leaves as it is', async () => {
    const weight = leaf([-1]);
    expect(await both(weight, (w) => F.prelu(k.tensor([Infinity]), w))).toEqual([[Infinity], [0]]);
    expect(await both(leaf([-1]), (w) => F.prelu(k.tensor([NaN]), w))).toEqual([[NaN], [NaN]]);
  });

  it('are NaN for all elements of an extreme', async () => {
    expect(await both(leaf([1, NaN, 2]), (x) => x.amax())).toEqual([NaN, [NaN, NaN, NaN]]);
    expect(await both(leaf([1, NaN, 2]), (x) => x.amin())).toEqual([NaN, [NaN, NaN, NaN]]);
    expect(await both(leaf([1, NaN, 2]), (x) => x.max())).toEqual([NaN, [0, 1, 0]]);
  });

  it('are the product with 0 where a sum passes over NaN', async () => {
    expect(await both(leaf([1, NaN, 2]), (x) => x.nansum())).toEqual([3, [1, 0, 1]]);
    expect(await both(leaf([1, NaN]), (x) => x.nansum().mul(Infinity))).toEqual([Infinity, [Infinity, NaN]]);
  });
});

describe('gradients at 0', () => {
  it('of a norm are 0 times what comes back', async () => {
    expect(await both(leaf([0, 0]), (x) => x.norm())).toEqual([0, [0, 0]]);
    expect(await both(leaf([0, 0]), (x) => x.norm().mul(NaN))).toEqual([NaN, [NaN, NaN]]);
    expect(await both(leaf([0, 1]), (x) => x.norm().mul(Infinity))).toEqual([Infinity, [NaN, Infinity]]);
  });

  it('of copysign have a second derivative', async () => {
    expect(await throughDirection(leaf([0, -2]), leaf([1, 1]), (x) => x.copysign(k.tensor([1, 1])))).toEqual([0, -1]);
  });

  it('of what is empty are empty', async () => {
    for (const f of [(x: Tensor) => x.mean(), (x: Tensor) => x.logsumexp(0), (x: Tensor) => F.huberLoss(x, x)]) {
      expect(await throughDirection(k.zeros([0]).requiresGrad_(), leaf(1), f)).toBe(0);
    }
    expect(await k.zeros([0]).logsumexp(0).item()).toBe(-Infinity);
    expect(await k.zeros([0]).mean().item()).toBeNaN();
  });

  it('of a running product of one element are those that came', async () => {
    expect(await both(leaf([[Infinity, 0]]), (x) => x.cumprod(0))).toEqual([[[Infinity, 0]], [[1, 1]]]);
  });
});

describe('losses', () => {
  it('klDiv is NaN below 0 and for NaN, and has no slope in a target of 0', async () => {
    const [x, t] = [leaf([1, NaN, 2, 2]), leaf([0, 0, -1, 0.5])];
    const y = F.klDiv(x, t, { reduction: 'none' });
    y.sum().backward();
    const last = Math.fround(Math.fround(0.5 * Math.log(0.5)) - 1);
    expect(await y.tolist()).toEqual([0, NaN, NaN, last]);
    expect(await x.grad?.tolist()).toEqual([-0, -0, 1, -0.5]);
    const [a, b, c, d] = (await t.grad?.tolist()) as number[];
    expect([a, b, c]).toEqual([NaN, NaN, NaN]);
    expect(d).toBeCloseTo(-1.6931, 4);
  });

  it('klDiv has a gradient of 0 where none arrives', async () => {
    const t = leaf([-1, 2]);
    F.klDiv(k.tensor([1, 1]), t, { reduction: 'none' })
      .mul(0)
      .sum()
      .backward();
    expect(await t.grad?.eq(0).tolist()).toEqual([true, true]);
  });

  it('cosineEmbeddingLoss keeps away from 0 by a float32 in float64', async () => {
    const a = k.tensor([[0], [0.01]], { dtype: 'float64', requiresGrad: true });
    const b = k.tensor([[0.01], [0]], { dtype: 'float64', requiresGrad: true });
    F.cosineEmbeddingLoss(a, b, int(1, 1), { reduction: 'sum' }).backward();
    // -y / √(ε (y² + ε))
    const eps = Math.fround(1e-12);
    const slope = -0.01 / Math.sqrt(eps * (1e-4 + eps));
    expect(((await a.grad?.tolist()) as number[][])[0][0] / slope).toBeCloseTo(1, 12);
    expect(((await b.grad?.tolist()) as number[][])[1][0] / slope).toBeCloseTo(1, 12);
  });

  it('crossEntropy divides the picked and the smoothed part each by the weights', async () => {
    const weight = k.tensor([0, -0.5, 0]);
    const options = { ignoreIndex: 2, weight, labelSmoothing: 0.2 };
    expect(await F.crossEntropy(k.tensor([1, -1, -1.5]), int(0).reshape([]), options).item()).toBeNaN();
  });

  it('nllLoss of 0 is -0, but for ignored labels', async () => {
    const inverse = (x: Tensor): Promise<unknown> => x.reciprocal().tolist();
    const x = k.tensor([[0, 1]]);
    expect(await inverse(F.nllLoss(x, int(0), { reduction: 'none' }))).toEqual([-Infinity]);
    expect(await inverse(F.nllLoss(x, int(0), { reduction: 'none', weight: k.tensor([-1, 1]) }))).toEqual([Infinity]);
    expect(await inverse(F.nllLoss(x, int(0), { reduction: 'none', ignoreIndex: 0 }))).toEqual([Infinity]);
    expect(await inverse(F.nllLoss(x, int(0), { reduction: 'sum' }))).toBe(Infinity);
    expect(await inverse(F.nllLoss(x, int(0), { weight: k.tensor([-2, 1]) }))).toBe(-Infinity);
  });

  it('a scalar counts as any tensor when dtypes are joined', () => {
    const x = k.tensor(1, { dtype: 'float64' });
    for (const loss of [F.huberLoss, F.mseLoss, F.l1Loss, F.smoothL1Loss]) {
      expect(loss(x, k.ones([3])).dtype).toBe('float64');
    }
  });
});

describe('results', () => {
  it('of a choice lie in memory of their own', async () => {
    const x = k.tensor([[4, 1, 3], [2, 6, 5]]); // prettier-ignore
    expect(await x.kthvalue(2, -1)[1].asStrided([2], [1], 0).tolist()).toEqual([2, 2]);
    expect(await x.median(1)[1].asStrided([2], [1], 0).tolist()).toEqual([2, 2]);
    expect(await x.topk(2, -1)[1].asStrided([4], [1], 0).tolist()).toEqual([0, 2, 1, 2]);
  });

  it('threshold compares 16-bit floats as such', async () => {
    const x = k.tensor([0.1, 0.2]).to('bfloat16');
    expect(await F.threshold(x, 0.1, -0.5).tolist()).toEqual([-0.5, 0.2001953125]);
  });

  it('linear takes a vector for a weight, tensordot a size of 1 for any', async () => {
    expect(await F.linear(k.ones([3]), k.tensor([1, 2, 3])).item()).toBe(6);
    expect(await F.linear(k.ones([2, 3]), k.tensor([1, 2, 3])).tolist()).toEqual([6, 6]);
    expect(await F.linear(k.ones([2, 3]), k.tensor([1, 2, 3]), k.tensor([0.5])).tolist()).toEqual([6.5, 6.5]);
    expect(await k.tensordot(k.tensor([2]), k.ones([3, 2]), 1).tolist()).toEqual([6, 6]);
    expect(await k.tensordot(k.ones([2, 3]), k.ones([1, 2]), 1).tolist()).toEqual([[3, 3], [3, 3]]); // prettier-ignore
  });

  it('transposed convolution of no inputs may be empty in other ways', () => {
    expect(F.convTranspose2d(k.zeros([0, 4, 3, 2]), k.zeros([4, 1, 3, 1]), { padding: 1 }).shape).toEqual([0, 1, 3, 0]);
    expect(() => F.convTranspose2d(k.zeros([1, 4, 3, 2]), k.zeros([4, 1, 3, 1]), { padding: 1 })).toThrow('empty');
    expect(() => F.convTranspose2d(k.zeros([0, 4, 3, 2]), k.zeros([4, 1, 3, 1]), { padding: 3 })).toThrow('empty');
  });

  it('determinants of NaN are NaN', async () => {
    expect(await k.tensor([[1, NaN], [0, 1]]).det().item()).toBeNaN(); // prettier-ignore
    expect(await k.tensor([[0, 0, -1], [0, 0, NaN], [0, 0, -2]]).det().item()).toBeNaN(); // prettier-ignore
    expect(await k.tensor([[1, 2], [NaN, 1]]).inverse().tolist()).toEqual([[NaN, NaN], [NaN, NaN]]); // prettier-ignore
    expect(await k.tensor([[0, 1], [0, 2]]).det().item()).toBe(0); // prettier-ignore
  });

  it('and so are their gradients, beside those of others in the batch', async () => {
    const none = [[NaN, NaN], [NaN, NaN]]; // prettier-ignore
    for (const matrix of [
      [
        [1, NaN],
        [2, 3],
      ],
      [
        [0, NaN],
        [0, 5],
      ],
    ]) {
      // prettier-ignore
      expect(await both(leaf(matrix), (x) => k.linalg.det(x))).toEqual([NaN, none]);
      const x = leaf(matrix);
      const [first] = grad([k.linalg.det(x)], [x], { createGraph: true });
      expect(await first.tolist()).toEqual(none);
      expect(await grad([first.sum()], [x])[0].tolist()).toEqual(none);
    }
    const x = k.tensor([[[1, 2], [3, 4]], [[NaN, 2], [3, 4]]]).requiresGrad_(); // prettier-ignore
    k.linalg.det(x).sum().backward();
    expect(await x.grad?.at(1).tolist()).toEqual(none);
    const [[a, b], [c, d]] = (await x.grad?.at(0).tolist()) as number[][];
    for (const [value, expected] of [[a, 4], [b, -3], [c, -2], [d, 1]]) expect(value).toBeCloseTo(expected, 5); // prettier-ignore
  });
});

describe('adding by index goes on from what is there', () => {
  const tiny = [2 ** -24, 2 ** -24];
  const onto: [string, (x: Tensor, index: Tensor, source: Tensor) => Tensor][] = [
    ['scatterAdd', (x, index, source) => x.scatterAdd(0, index, source)],
    ['scatterAdd_', (x, index, source) => x.scatterAdd_(0, index, source)],
    ['scatterReduce', (x, index, source) => x.scatterReduce(0, index, source, 'sum')],
    ['indexAdd', (x, index, source) => x.indexAdd(0, index, source)],
    ['indexAdd_', (x, index, source) => x.indexAdd_(0, index, source)],
    ['put', (x, index, source) => x.put(index, source, true)],
    ['indexPut', (x, index, source) => x.indexPut([index], source, true)],
  ];

  it.each(onto)('%s keeps signs of zeros, and the order of sums', async (_, add) => {
    for (const dtype of ['float32', 'float64', 'float16'] as const) {
      const negative = (n: number): Tensor => k.full([n], -0, { dtype });
      expect(await add(negative(3), int(0, 1), k.tensor([-0, 0], { dtype })).tolist()).toEqual([-0, 0, -0]);
    }
    // One after the other each is rounded away.
    expect(await add(k.tensor([1, 2]), int(0, 0), k.tensor(tiny)).tolist()).toEqual([1, 2]);
  });

  it('over rows, whole and in part, in the graph', async () => {
    const negative = (...shape: number[]): Tensor => k.full(shape, -0);
    const all = [[-0, -0, -0], [-0, -0, -0]]; // prettier-ignore
    const places = k.tensor([[0, 1], [2, 2]], { dtype: 'int64' }); // prettier-ignore
    expect(await negative(2, 3).scatterAdd(1, places, negative(2, 2)).tolist()).toEqual(all);
    expect(await negative(2, 3).scatterAdd(0, int(0).expand(1, 3), negative(1, 3)).tolist()).toEqual(all);
    const [x, source] = [leaf([[0, 0], [0, 0]]), leaf([[1, 1], [1, 1], [1, 1]])]; // prettier-ignore
    const y = x.indexAdd(0, int(1, 0, 1), source, 2);
    y.square().sum().backward();
    expect(await y.tolist()).toEqual([[2, 2], [4, 4]]); // prettier-ignore
    expect(await x.grad?.tolist()).toEqual([[4, 4], [8, 8]]); // prettier-ignore
    expect(await source.grad?.tolist()).toEqual([[16, 16], [8, 8], [16, 16]]); // prettier-ignore
    const [a, b] = [leaf([-0, 1]), leaf([-0, 2, 3])];
    const sum = a.scatterAdd(0, int(0, 1, 1), b);
    sum.backward(k.tensor([5, 7]));
    expect([await sum.tolist(), await a.grad?.tolist(), await b.grad?.tolist()]).toEqual([
      [-0, 6],
      [5, 7],
      [5, 7, 7],
    ]);
  });

  it('of booleans and whole numbers as they are', async () => {
    expect(await mask(1, 1, 0).scatterAdd(0, int(0, 2), mask(1, 1)).tolist()).toEqual([true, true, true]);
    expect(
      await int(1, 2)
        .indexAdd(0, int(1, 1), int(2 ** 40, 1))
        .tolist(),
    ).toEqual([1, 2 ** 40 + 3]);
    const bytes = k.tensor([250, 1], { dtype: 'uint8' });
    expect(await bytes.scatterAdd(0, int(0, 0), k.tensor([5, 5], { dtype: 'uint8' })).tolist()).toEqual([4, 1]);
  });
});

describe('indices', () => {
  it('of rows without elements are not read', async () => {
    expect((await k.zeros([3, 0]).at(int(5)).data()).length).toBe(0);
    expect((await k.zeros([2, 0, 4]).at([-1], ':', int(4)).data()).length).toBe(0);
    await expect(k.zeros([3, 1]).at(int(5)).data()).rejects.toThrow('out of range');
    await expect(k.zeros([3, 0]).indexSelect(0, int(5)).data()).rejects.toThrow('out of range');
  });

  it('a mask has the sizes of what it picks from', async () => {
    const picked = (x: Tensor, ...index: k.Index[]): Promise<Tensor> => k.maskedAt(x, ...index);
    await expect(picked(k.zeros([0, 2, 3]), k.ones([0, 1, 3], { dtype: 'bool' }))).rejects.toThrow('maskedAt: a mask');
    await expect(picked(k.zeros([3]), mask(1, 0, 0, 0))).rejects.toThrow('got [4] at dimension 0 of [3]');
    await expect(picked(k.zeros([2, 3]), '...', mask(1, 0))).rejects.toThrow('got [2] at dimension 1 of [2, 3]');
    expect((await picked(k.zeros([2, 3]), '...', mask(1, 0, 1))).shape).toEqual([2, 2]);
  });

  it('a mask takes as many values as it holds for', async () => {
    const set = (value: Tensor): Tensor => k.zeros([3, 2]).setAt(mask(1, 0, 1), value);
    const all = [[1, 1], [0, 0], [1, 1]]; // prettier-ignore
    for (const shape of [[1, 1, 2, 2], [2, 1], [1, 2], [2]]) expect(await set(k.ones(shape)).tolist()).toEqual(all); // prettier-ignore
    await expect(set(k.ones([3, 2])).data()).rejects.toThrow('setAt');
    expect(() => set(k.ones([2, 2, 2]))).toThrow('setAt');
    expect(() => k.zeros([1]).setAt(mask(0), k.ones([14, 3]))).toThrow('setAt');
  });
});

it('what PyTorch refuses is refused', () => {
  expect(() => int(1, 1).pow(-1)).toThrow('pow: whole numbers have no negative whole powers, got int64 and -1');
  expect(() => int(1, 1).pow_(-1)).toThrow('pow');
  expect(() => k.zeros([3]).indexAdd(0, int(0), int(1))).toThrow('indexAdd: source must have the dtype');
  expect(() => k.cdist(k.zeros([0, 2], { dtype: 'int64' }), k.zeros([2, 2]))).toThrow('cdist');
  expect(() => F.pad(k.tensor([1, 2, 3]), [2, -4])).toThrow('no more can be cropped than there is');
  expect(() => k.zeros([0, 8]).norm(-5)).toThrow('norm');
  expect(() => F.binaryCrossEntropyWithLogits(k.ones([2]), int(0, 1))).toThrow(
    'binaryCrossEntropyWithLogits: input and',
  );
  expect(() => k.inner(k.ones([2, 3]), k.ones([2, 1]))).toThrow('inner: the last dimensions must match');
  expect(() => grad([leaf(1).mul(2)], [])).toThrow('grad: there must be inputs');
  expect(() => k.tensor(5).indexSelect(0, int())).toThrow('indexSelect: the index of a scalar must have one element');
});

it('tensordot over a size of 1 keeps no hold of its first factor', async () => {
  const [x, y] = [k.tensor([[2], [3]]), leaf([[1, 2, 3]])]; // prettier-ignore
  const product = k.tensordot(x, y, 1);
  x.fill_(5);
  product.sum().backward();
  expect(await y.grad?.tolist()).toEqual([[5, 5, 5]]); // prettier-ignore
});

it('the weight of instanceNorm may be changed before the gradient is taken', async () => {
  const [weight, bias] = [k.tensor([2, 3]), leaf([0, 0])];
  const y = F.instanceNorm(k.rand([1, 2, 4]), null, null, weight, bias);
  weight.mul_(5);
  y.sum().backward();
  expect(await bias.grad?.tolist()).toEqual([4, 4]);
});

it('grad leaves alone what is kept of results from which nothing asked for is reached', async () => {
  const [x, other] = [leaf([1, 2]), leaf([3])];
  const y = x.mul(2);
  y.retainGrad();
  grad([y.sum()], [other], { allowUnused: true, retainGraph: true });
  expect(y.grad).toBeNull();
  grad([y.sum()], [x]);
  expect(await y.grad?.tolist()).toEqual([1, 1]);
});
