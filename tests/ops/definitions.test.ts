// What PyTorch defines for rarer arguments: dtypes, bounds and NaN that follow from no general rule.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { DType, Tensor } from '../../src';

const F = k.nn.functional;
const { gradcheck, gradgradcheck } = k.autograd;

beforeEach(() => void k.manualSeed(1));
afterAll(() => {
  k.shutdown();
});

const bools = (...values: boolean[]): Tensor => k.tensor(values);
const double = (values: number[] | number[][]): Tensor => k.tensor(values, { dtype: 'float64', requiresGrad: true });
/** The gradient of the sum of f(x). */
async function slope(x: Tensor, f: (x: Tensor) => Tensor): Promise<unknown> {
  f(x).sum().backward();
  return x.grad?.tolist();
}

describe('ramps', () => {
  it('of integers cut fractions off their bounds', async () => {
    const arange = (dtype: DType): Promise<unknown> => k.arange(0, 5, 2.5, { dtype }).tolist();
    expect(await arange('int64')).toEqual([0, 2, 4]);
    expect(await arange('int32')).toEqual([0, 2]);
    expect(await k.arange(0, -8.000001, -4, { dtype: 'int64' }).tolist()).toEqual([0, -4]);
    expect(await k.linspace(0.9, -7.9, 4, { dtype: 'int64' }).tolist()).toEqual([0, -2, -4, -7]);
    expect(await k.logspace(0.9, 3.9, 4, { dtype: 'int64' }).tolist()).toEqual([1, 10, 100, 1000]);
    expect(await k.logspace(0, 5, 4, 2.7, { dtype: 'int64' }).tolist()).toEqual([1, 5, 27, 143]);
    expect(() => k.arange(0, 3, 0.5, { dtype: 'int64' })).toThrow(/^arange: step must lead from start to end/);
  });
  it('take booleans as numbers', async () => {
    expect(await k.arange(false, true).tolist()).toEqual([0]);
    expect(k.arange(true).dtype).toBe('int64');
  });
});

describe('dtypes', () => {
  it('of indexAdd stay those of the tensor, whatever alpha', async () => {
    const index = k.tensor([1], { dtype: 'int64' });
    const sum = k.indexAdd(bools(false, false), 0, index, bools(true), { alpha: 2 });
    expect([sum.dtype, await sum.tolist()]).toEqual(['bool', [false, true]]);
    const integers = k.zeros([2], { dtype: 'int64' });
    expect(k.indexAdd(integers, 0, index, k.ones([1], { dtype: 'int64' }), { alpha: 3 }).dtype).toBe('int64');
  });
  it('must be one where nothing is promoted', () => {
    const [a, b] = [k.ones(2), k.ones(2).long()];
    expect(() => k.lerp(a, b, 0.5)).toThrow(/^lerp: all tensors must have one dtype, got float32 and int64/);
    expect(() => k.lerp(a, a, b)).toThrow(/^lerp: all tensors must have one dtype/);
    expect(() => k.heaviside(a, b)).toThrow(/^heaviside: all tensors must have one dtype/);
    expect(() => k.isclose(a, b)).toThrow(/^isclose: all tensors must have one dtype/);
  });
  it('of a condition is bool', () => {
    const condition = k.ones(2).int();
    expect(() => k.where(condition, 1, k.ones(2))).toThrow(/^where: the condition must be bool, got int32/);
    expect(() => k.ones(2).maskedFill(condition, 1)).toThrow(/^maskedFill: the condition must be bool, got int32/);
    expect(k.where(condition.byte(), k.zeros(2), k.ones(2)).dtype).toBe('float32');
  });
  it('of integers take no part in a graph, also where floats are copied over them', () => {
    const integers = k.zeros(2).long();
    integers.copy_(k.ones(2).requiresGrad_());
    expect([integers.requiresGrad, integers.isLeaf]).toEqual([false, true]);
  });
  it('of a square and of a sum to no dimension widen booleans', () => {
    expect(bools(true, false).square().dtype).toBe('int64');
    expect(k.tensor(true).sumToSize([]).dtype).toBe('int64');
    expect(bools(true, true).sumToSize([2]).dtype).toBe('bool');
  });
  it('of maskedFill are those of the tensor', async () => {
    const filled = k.arange(3).maskedFill(bools(true, false, true), 1.5);
    expect([filled.dtype, await filled.tolist()]).toEqual(['int64', [1, 1, 1]]);
    expect(bools(true, false).maskedFill(bools(false, true), 10).dtype).toBe('bool');
  });
  it('of addr stay bool, with factors that are true or false', async () => {
    const [a, b] = [bools(true, false), bools(true, true)];
    const x = k.zeros([2, 2], { dtype: 'bool' });
    expect(await k.addr(x, a, b, { alpha: 3, beta: -1 }).tolist()).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(await k.addr(k.onesLike(x), a, b, { beta: 0, alpha: 2 }).tolist()).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(k.addr(x, a, b, { beta: 0 }).dtype).toBe('bool');
  });
});

describe('norms', () => {
  it('of negative order are 0 where an element is, with a gradient of zeros', async () => {
    for (const p of [-0.5, -1, -2]) {
      const x = double([0, 1, 2]);
      expect(await k.linalg.norm(x, p).item()).toBe(0);
      expect(await slope(x, (y) => k.linalg.norm(y, p))).toEqual([0, 0, 0]);
    }
    expect(await k.norm(k.tensor([1, Infinity]), -1).item()).toBe(1);
    expect(await k.norm(k.tensor([Infinity]), -1).item()).toBe(Infinity);
  });
  it('of negative order have derivatives elsewhere', async () => {
    const f = (x: Tensor): Tensor => k.linalg.norm(x, -1.5);
    expect(await gradcheck(f, [double([-1, 0.5, 2])])).toBe(true);
    expect(await gradgradcheck(f, [double([-1, 0.5, 2])])).toBe(true);
  });
  it("called 'nuc' sum singular values, of two dimensions", async () => {
    const x = k.randn([2, 3, 4], { dtype: 'float64', requiresGrad: true });
    expect(k.norm(x, 'nuc', [2, 0], true).shape).toEqual([1, 3, 1]);
    expect(await k.norm(k.eye(3), 'nuc').item()).toBeCloseTo(3, 5);
    expect(() => k.norm(x, 'nuc')).toThrow(/expected matrices and two dimensions/);
    expect(() => x.norm('nuc', 1)).toThrow(/expected matrices and two dimensions/);
    const f = (y: Tensor): Tensor => k.norm(y, 'nuc', [1, 2]);
    expect(await gradcheck(f, [x])).toBe(true);
    expect(await gradgradcheck(f, [x])).toBe(true);
  });
});

describe('writing', () => {
  it('by a mask alone adds with accumulate', async () => {
    const x = k.tensor([1, 2, 3], { requiresGrad: true });
    const values = k.tensor([10, 20], { requiresGrad: true });
    const put = k.indexPut(x, [bools(true, false, true)], values, true);
    expect(await put.tolist()).toEqual([11, 2, 23]);
    put
      .mul(k.tensor([1, 2, 3]))
      .sum()
      .backward();
    expect(await x.grad?.tolist()).toEqual([1, 2, 3]);
    expect(await values.grad?.tolist()).toEqual([1, 3]);
  });
  it('nothing leaves the source with a gradient of zeros', async () => {
    const [x, none] = [k.ones([2], { requiresGrad: true }), k.zeros([0], { dtype: 'int64' })];
    const source = k.ones([3], { requiresGrad: true });
    k.scatter(x, 0, none, source).sum().backward();
    expect([await x.grad?.tolist(), await source.grad?.tolist()]).toEqual([
      [1, 1],
      [0, 0, 0],
    ]);
  });
  it('addbmm_ changes the shape as PyTorch does, unless gradients flow', () => {
    const [a, b] = [k.ones([2, 5, 4]), k.ones([2, 4, 3])];
    const x = k.ones([1]);
    expect(x.addbmm_(a, b)).toBe(x);
    expect(x.shape).toEqual([5, 3]);
    expect(() => k.ones([1], { requiresGrad: true }).mul(2).addbmm_(a, b)).toThrow(/in place/);
  });
  it('at takes an array of booleans as a mask whose picks are known', async () => {
    const x = k.arange(6).view(3, 2);
    expect(await x.at([true, false, true]).tolist()).toEqual([
      [0, 1],
      [4, 5],
    ]);
    expect(await x.at(':', [false, true]).tolist()).toEqual([[1], [3], [5]]);
    expect(x.at([false, false, false]).shape).toEqual([0, 2]);
    expect(() => x.at([true])).toThrow('at: there must be one boolean for each of 3 places, got 1.');
  });
  it('where as a method chooses the tensor', async () => {
    expect(await k.tensor([1, 2]).where(bools(true, false), 5).tolist()).toEqual([1, 5]);
  });
});

describe('NaN', () => {
  it('is passed on by losses with a margin', async () => {
    const x = k.tensor([NaN, 1]);
    const one = k.ones([2]);
    expect(await F.marginRankingLoss(x, one, one, { reduction: 'none' }).tolist()).toEqual([NaN, 0]);
    expect(await F.hingeEmbeddingLoss(x, one.neg(), { reduction: 'none' }).tolist()).toEqual([NaN, 0]);
  });
  it('is the divergence from a negative probability', async () => {
    const loss = F.klDiv(k.tensor([0, 0]), k.tensor([-1, 0]), { reduction: 'none' });
    expect(await loss.tolist()).toEqual([NaN, 0]);
  });
  it('gives bounds of clamp no gradient', async () => {
    expect(await slope(double([1, -1]), (min) => k.tensor([NaN, -2]).clampMin(min))).toEqual([0, 1]);
  });
});

describe('bits', () => {
  it('are shifted right by any number of places', async () => {
    const x = k.tensor([-5n, -5n, -5n, 5n]);
    expect(await k.bitwiseRightShift(x, k.tensor([1n, -1n, 64n, 65n])).tolist()).toEqual([-3, -1, -1, 0]);
  });
});

describe('what is refused', () => {
  it('says why', () => {
    const x = k.randn([2, 3]);
    expect(() => k.cov(x, { fweights: k.ones([3]) })).toThrow(
      /^cov: fweights must be of an integer dtype, got float32/,
    );
    expect(() => k.cov(x, { aweights: k.arange(3) })).toThrow(/^cov: aweights must be of a floating-point dtype/);
    expect(() => F.prelu(x, k.ones([1, 3]))).toThrow(/^prelu: there must be 1 weight or a vector/);
    expect(() => F.rrelu(x, 0.3, 0.1)).toThrow(/^rrelu: lower must be at most upper/);
  });
});

describe('results of', () => {
  it('lstsq depend on the driver', () => {
    const [a, b] = [k.randn([4, 3]), k.randn([4, 2])];
    const sizes = (driver: 'gels' | 'gelsd' | null): unknown =>
      k.linalg.lstsq(a, b, { driver }).map(({ shape }) => shape);
    expect(sizes(null)).toEqual([[3, 2], [0], [], [0]]);
    expect(sizes('gels')).toEqual([[3, 2], [2], [0], [0]]);
    expect(sizes('gelsd')).toEqual([[3, 2], [2], [], [3]]);
  });
  it('unique order slices as PyTorch lays them out', async () => {
    const x = k.tensor([
      [
        [1, 0],
        [0, 1],
      ],
      [
        [1, 0],
        [0, 0],
      ],
    ]);
    const [values, inverse] = (await k.unique(x, { dim: 2, returnInverse: true })) as Tensor[];
    expect(await inverse.tolist()).toEqual([1, 0]);
    expect(values.shape).toEqual([2, 2, 2]);
  });
  it('histogram of nothing lie in [0, 1]', async () => {
    const [counts, edges] = k.histogram(k.zeros([0]), 2);
    expect([await counts.tolist(), await edges.tolist()]).toEqual([
      [0, 0],
      [0, 0.5, 1],
    ]);
  });
  it('histogram count the greatest element, whatever the rounding of the edges', async () => {
    for (let i = 0; i < 20; i++) {
      const x = k.randn([7], { dtype: 'float64' });
      const [counts, edges] = k.histogram(x, 3);
      expect(await counts.sum().item()).toBe(7);
      expect(await edges.max().item()).toBe(await x.max().item());
    }
  });
  it('pow of -Infinity and NaN are NaN', async () => {
    expect(
      await k
        .tensor([-Infinity, -Infinity, 1])
        .pow(k.tensor([NaN, 0.5, NaN]))
        .tolist(),
    ).toEqual([NaN, Infinity, 1]);
  });
  it('vander of a scalar are a row', async () => {
    expect(await k.linalg.vander(k.tensor(3), 3).tolist()).toEqual([[1, 3, 9]]);
  });
  it('std have a slope of 0 where all elements are equal', async () => {
    const x = double([
      [2, 2],
      [1, 3],
    ]);
    expect(await slope(x, (y) => k.std(y, 1, false))).toEqual([
      [0, 0],
      [-0.5, 0.5],
    ]);
    x.grad = null;
    expect(await slope(x, (y) => k.stdMean(y, 1, false)[0])).toEqual([
      [0, 0],
      [-0.5, 0.5],
    ]);
  });
  it('logit have no slope outside [0, 1] unless it is clamped', async () => {
    expect(await slope(double([-1, 0.5, 2]), (x) => k.logit(x))).toEqual([NaN, 4, NaN]);
    expect(await slope(double([-1, 0.5, 2]), (x) => k.logit(x, 0.1))).toEqual([0, 4, 0]);
  });
  it('acosh are NaN for the least of numbers too', async () => {
    expect(await k.tensor([-1e30, -2, 0.5, 1]).acosh().tolist()).toEqual([NaN, NaN, NaN, 0]);
  });
  it('sinc are exact at 0 and next to it, of first and second order', async () => {
    const x = k.tensor([0, -0, 1e-200, 1e-5, 0.5], { dtype: 'float64', requiresGrad: true });
    const [first] = k.autograd.grad(k.sinc(x).sum(), x, { createGraph: true });
    const [second] = k.autograd.grad(first.sum(), x);
    const curvature = -(Math.PI ** 2) / 3;
    const close = (values: number[]): unknown[] => values.map((value) => expect.closeTo(value, 8) as unknown);
    expect(await first.div(x.add(k.eq(x, 0))).tolist()).toEqual(close([0, 0, curvature, curvature, -8 / Math.PI]));
    expect(await second.tolist()).toEqual(close([curvature, curvature, curvature, curvature, -1.1902271282389356]));
  });
  it('the slope of entr at 0 is infinite', async () => {
    expect(await slope(double([0]), k.special.entr)).toEqual([Infinity]);
  });
});

describe('edges', () => {
  it('a scalar has a dimension that may be moved to itself', async () => {
    expect(await k.tensor(3).movedim(0, -1).tolist()).toBe(3);
    expect(() => k.tensor(3).movedim(1, 0)).toThrow(/^movedim: /);
  });
  it('no gradient times an infinite logarithm is none', async () => {
    const masked = (x: Tensor): Tensor => k.xlogy(x, double([-1, 0, 2])).maskedFill(bools(true, true, false), 0);
    expect(await slope(double([1, 2, 3]), masked)).toEqual([0, 0, Math.log(2)]);
  });
  it('a group of one value cannot be normalized', () => {
    expect(() => F.groupNorm(k.ones(1, 2), 2)).toThrow(/^groupNorm: expected more than 1 value per group/);
    expect(F.groupNorm(k.ones(2, 2), 2).shape).toEqual([2, 2]);
  });
  it('a view of a leaf that is a view itself is not changed in place', () => {
    const leaf = k.zeros(4).view(2, 2).requiresGrad_();
    expect(() => leaf.select(0, 0).fill_(1)).toThrow(/^fill_: a view of a leaf tensor/);
    expect(() => leaf.fill_(1)).toThrow(/^fill_: a leaf tensor/);
    // What asks for no gradient may be a part of what gets one.
    const whole = k.zeros(2, 2);
    whole.select(0, 0).copy_(k.ones(2).requiresGrad_());
    expect(whole.requiresGrad).toBe(true);
  });
  it('eps of a normalization is as exact as the numbers are', async () => {
    const x = double([0.5, -0.5]);
    const eps = 1e-3;
    const expected = 0.5 / Math.sqrt(0.25 + eps);
    const results = [
      F.layerNorm(x, [2], { eps }),
      F.batchNorm(x.view(2, 1), null, null, { training: true, eps }),
      F.batchNorm(x.view(2, 1), double([0]), double([0.25]), { eps }),
      F.groupNorm(x.view(1, 2), 1, { eps }),
      F.instanceNorm(x.view(1, 1, 2), { eps }),
    ];
    for (const result of results) {
      const [first] = await result.detach().data();
      expect(Math.abs(Number(first) - expected)).toBeLessThan(1e-15);
    }
  });
});
