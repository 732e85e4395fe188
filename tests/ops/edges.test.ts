// What PyTorch 1.13 gives where nothing is left to compute, where elements are equal, and where dtypes meet. All values are its own.
import { describe, expect, test } from 'vitest';
import * as k from '../../src';
import { nn, tensor, type Tensor } from '../../src';

const F = nn.functional;
const leaf = (values: number | readonly number[] | readonly (readonly number[])[]): Tensor =>
  tensor(values, { requiresGrad: true });
const int = (values: number | readonly number[] | readonly (readonly number[])[]): Tensor =>
  tensor(values, { dtype: 'int64' });
const ones = (...shape: number[]): Tensor => k.ones(shape, { requiresGrad: true });

/** The gradient of the sum of f(x). */
async function slope(x: Tensor, f: (x: Tensor) => Tensor): Promise<unknown> {
  f(x).sum().backward();
  return x.grad === null ? null : x.grad.tolist();
}

describe('the median of all elements', () => {
  const third = Math.fround(1 / 3);
  test('shares its gradient among those that equal it', async () => {
    expect(await slope(leaf([1, 2, 2, 2, 3]), (x) => k.median(x))).toEqual([0, third, third, third, 0]);
    expect(await slope(leaf([1, NaN, 2, NaN]), (x) => k.median(x))).toEqual([0, 0.5, 0, 0.5]);
    expect(await slope(leaf([1, NaN, 2, 2, 2, NaN]), (x) => k.nanmedian(x))).toEqual([0, 0, third, third, third, 0]);
    expect(await slope(leaf([NaN, NaN, NaN]), (x) => k.nanmedian(x))).toEqual([third, third, third]);
    expect(await slope(leaf([3, 1, 2]), (x) => x.median(0).values)).toEqual([0, 0, 1]);
  });

  test('of nothing is NaN, with a graph', async () => {
    for (const f of [(x: Tensor) => k.median(x), (x: Tensor) => k.nanmedian(x)]) {
      const x = ones(0, 3);
      const middle = f(x);
      expect(middle.requiresGrad).toBe(true);
      expect(await middle.item()).toBeNaN();
      middle.backward();
      expect(x.grad?.shape).toEqual([0, 3]);
    }
  });
});

describe('products with a factor of 0', () => {
  const shapes: Readonly<Record<string, readonly (readonly number[])[]>> = {
    addmm: [[2, 2], [2, 3], [3, 2]], addbmm: [[2, 2], [4, 2, 3], [4, 3, 2]], baddbmm: [[4, 2, 2], [4, 2, 3], [4, 3, 2]],
    addmv: [[2], [2, 3], [3]], addr: [[2, 2], [2], [2]],
  }; // prettier-ignore
  type Product = (input: Tensor, a: Tensor, b: Tensor, options: { beta?: number; alpha?: number }) => Tensor;
  const products: Readonly<Record<string, Product>> = {
    addmm: k.addmm, addbmm: k.addbmm, baddbmm: k.baddbmm, addmv: k.addmv, addr: k.addr,
  }; // prettier-ignore
  /** The first element of the result and of each gradient; the three are filled with these numbers. */
  async function firsts(name: string, fills: readonly number[], options: { beta?: number; alpha?: number }): Promise<unknown> {
    const [input, a, b] = shapes[name].map((shape, i) => k.full(shape, fills[i], { requiresGrad: true }));
    const result = products[name](input, a, b, options);
    result.sum().backward();
    const all = [result, input.grad, a.grad, b.grad].map(async (t) => (t === null ? null : Number((await t.data())[0])));
    return Promise.all(all);
  } // prettier-ignore

  test('beta 0 leaves the tensor out, NaN and all, and gives it a gradient of zeros', async () => {
    const results: Readonly<Record<string, readonly [number, number]>> = {
      addmm: [36, 8], addbmm: [144, 8], baddbmm: [36, 8], addmv: [36, 4], addr: [12, 8],
    }; // prettier-ignore
    for (const name of Object.keys(shapes)) {
      for (const fill of [2, NaN]) {
        const [value, dA] = results[name];
        expect(await firsts(name, [fill, 3, 4], { beta: 0 }), name).toEqual([value, 0, dA, 6]);
      }
      expect(await firsts(name, [2, 3, 4], { beta: 0, alpha: 0 }), name).toEqual([0, 0, 0, 0]);
      expect(await firsts(name, [2, 3, 4], { alpha: 0 }), name).toEqual([2, 1, 0, 0]);
    }
  });

  test('alpha 0 leaves the product out of addmm, addmv and addbmm', async () => {
    for (const name of ['addmm', 'addmv', 'addbmm'])
      expect(await firsts(name, [2, NaN, 2], { alpha: 0 }), name).toEqual([2, 1, 0, NaN]);
    for (const name of ['baddbmm', 'addr'])
      expect(await firsts(name, [2, NaN, 2], { alpha: 0 }), name).toEqual([NaN, 1, 0, NaN]);
  });

  test('the tensor that is added to matrices is of their dtype', () => {
    const [whole, one] = [k.ones(2, 2, { dtype: 'int64' }), k.ones(2, 2)];
    expect(() => k.addmm(whole, one, one)).toThrow(
      'addmm: the tensor that is added must be of the dtype of the matrices',
    );
    expect(() => k.addbmm(int(0), k.ones(2, 1, 1), k.ones(2, 1, 1))).toThrow('addbmm: the tensor that is added');
    expect(k.addmv(k.ones(2, { dtype: 'int64' }), one, k.ones(2)).dtype).toBe('float32');
  });
});

describe('by index', () => {
  test('scalars stand for vectors of one element', async () => {
    const first = int([0]);
    expect(
      await tensor(1)
        .indexAdd(0, first, tensor([2]))
        .item(),
    ).toBe(3);
    expect(await tensor(1).indexAdd(0, int(0), tensor(2)).item()).toBe(3);
    expect(
      await tensor(1)
        .indexAdd(0, int([0, 0]), tensor([2, 3]))
        .item(),
    ).toBe(6);
    expect(await k.zeros(3).indexAdd(0, int(1), tensor(2)).tolist()).toEqual([0, 2, 0]);
    expect(
      await k
        .zeros(3)
        .indexAdd(0, int([1]), tensor(2))
        .tolist(),
    ).toEqual([0, 2, 0]);
    expect(
      await k
        .zeros(3)
        .indexCopy(0, int([1]), tensor(2))
        .tolist(),
    ).toEqual([0, 2, 0]);
    const x = leaf(1);
    const source = leaf(2);
    x.indexAdd(0, first, source, { alpha: 3 }).backward();
    expect([await x.grad?.item(), await source.grad?.item()]).toEqual([1, 3]);
  });

  test('an empty index of any dtype and fewer dimensions reads nothing', async () => {
    const x = ones(2, 3);
    const none = x.gather(0, k.zeros(0, { dtype: 'int64' }));
    expect(none.shape).toEqual([0]);
    none.sum().backward();
    expect(await x.grad?.tolist()).toEqual([[0, 0, 0], [0, 0, 0]]); // prettier-ignore
    expect(x.gather(0, k.zeros(0)).shape).toEqual([0]);
    expect(x.gather(0, k.zeros(0, { dtype: 'int32' })).shape).toEqual([0]);
    expect(k.zeros(3).gather(0, k.zeros(0, 2, { dtype: 'int64' })).shape).toEqual([0, 2]);
  });

  test('a dimension without elements has no places', () => {
    const message = 'there is nothing to index along dimension 0';
    expect(() => k.zeros(0).scatter(0, int([0]), -1)).toThrow(message);
    expect(() => k.zeros(0, 2).gather(0, int([[0, 0]]))).toThrow(message);
    expect(() => k.zeros(0, 3).indexFill(0, int([0]), 1)).toThrow(message);
  });

  test('elements at an index are not converted; those of slices, numbers and single values at masks are', async () => {
    const index = int([0, 1]);
    const mask = tensor([true, true, false]);
    const x = k.zeros(3);
    for (const values of [int([1, 2]), int(1), int([1]), tensor([1, 2], { dtype: 'float64' })])
      expect(() => x.setAt([index], values)).toThrow('setAt: values at an index must be of the dtype of the tensor');
    expect(() => x.setAt(mask, int([1, 2]))).toThrow('setAt: values at an index');
    expect(() => x.indexPut([index], int([1, 2]))).toThrow('indexPut: values at an index');
    expect(() => x.indexPut([index], int(1))).toThrow('indexPut: values at an index');
    expect(() => x.indexPut([mask], int([1, 2]))).toThrow('indexPut: values at an index');
    expect(() => x.indexPut([index], int([1, 2]), true)).toThrow('indexPut: values at an index');
    expect(await x.tolist()).toEqual([0, 0, 0]);
    x.setAt('0:2', int([1, 2]));
    expect(await x.tolist()).toEqual([1, 2, 0]);
    x.setAt(0, int(5)).setAt([index], 7);
    expect(await x.tolist()).toEqual([7, 7, 0]);
    x.setAt(mask, int(1));
    expect(await x.tolist()).toEqual([1, 1, 0]);
    x.setAt(mask, int([3]));
    expect(await x.tolist()).toEqual([3, 3, 0]);
    expect(await x.indexPut([mask], int(1)).tolist()).toEqual([1, 1, 0]);
  });

  test('what is scattered stays in the graph though nothing is', async () => {
    const source = ones(0);
    expect(k.zeros(0).maskedScatter(k.zeros(0, { dtype: 'bool' }), source).requiresGrad).toBe(true);
    expect(k.zeros(3).maskedScatter(k.zeros(3, { dtype: 'bool' }), source).requiresGrad).toBe(true);
    const two = ones(2);
    expect(await slope(two, (s) => k.zeros(3).maskedScatter(k.zeros(3, { dtype: 'bool' }), s))).toEqual([0, 0]);
  });
});

describe('numbers that become booleans', () => {
  test('are true unless 0', async () => {
    const none = k.zeros(2, { dtype: 'bool' });
    const all = none.logicalNot();
    const first = int([0]);
    for (const t of [
      none.clone().fill_(0.5), k.full([2], 0.5, { dtype: 'bool' }), none.maskedFill(all, 0.5), k.fullLike(none, -0.1),
      none.newFull([2], 0.5), none.clone().setAt(':', 0.5), none.clone().fill_(NaN),
    ]) expect(await t.tolist()).toEqual([true, true]); // prettier-ignore
    for (const t of [none.indexFill(0, first, 0.5), none.scatter(0, first, 0.5), none.clone().setAt(0, 0.5)])
      expect(await t.tolist()).toEqual([true, false]);
    expect(await F.pad(none, [1, 1], 'constant', 0.5).tolist()).toEqual([true, false, false, true]);
  });
});

describe('factors of whole numbers', () => {
  test('are whole', async () => {
    for (const f of [k.add, k.sub, k.rsub]) {
      expect(() => f(int(2), int(3), { alpha: 1.7 })).toThrow('alpha must be a whole number for tensors of whole numbers, got 1.7');
      expect(() => f(int([2]), 3, { alpha: 1.5 })).toThrow('alpha must be a whole number');
    }
    expect(await k.add(int(2), tensor(3), { alpha: 1.5 }).item()).toBe(6.5);
    expect(() => k.addcdiv(tensor(1), int(3), int(2))).toThrow('addcdiv: one of the two tensors must be of floats');
    expect(await k.addcdiv(tensor(1), int(3), tensor(2)).item()).toBe(2.5);
  }); // prettier-ignore
});

describe('losses', () => {
  test('multiMarginLoss and multilabelMarginLoss of no samples', async () => {
    for (const call of [
      (x: Tensor, reduction: 'none' | 'sum') => F.multiMarginLoss(x, k.zeros(0, { dtype: 'int64' }), { reduction }),
      (x: Tensor, reduction: 'none' | 'sum') => F.multilabelMarginLoss(x, k.zeros(0, 3, { dtype: 'int64' }), { reduction }),
    ]) {
      const x = ones(0, 3);
      expect(call(x, 'none').shape).toEqual([0]);
      const total = call(x, 'sum');
      total.backward();
      expect(await total.item()).toBe(0);
      expect(x.grad?.shape).toEqual([0, 3]);
    }
  }); // prettier-ignore

  test('the targets of cosineEmbeddingLoss and hingeEmbeddingLoss may be changed before the gradient is taken', async () => {
    const [a, b] = [leaf([[1, 2]]), tensor([[3, -1]])];
    const target = int([1]);
    const loss = F.cosineEmbeddingLoss(a, b, target);
    target.fill_(-1);
    loss.backward();
    const gradient = (await a.grad?.data()) ?? [];
    expect(gradient[0]).toBeCloseTo(-0.3959798, 6);
    expect(gradient[1]).toBeCloseTo(0.1979899, 6);
    const x = leaf([0.5]);
    const sign = int([1]);
    const hinge = F.hingeEmbeddingLoss(x, sign);
    sign.fill_(-1);
    hinge.backward();
    expect(await x.grad?.tolist()).toEqual([1]);
  });

  test('an ignored label loses 0, not -0', async () => {
    const loss = F.nllLoss(tensor([0.4]), int(0), { ignoreIndex: 0, reduction: 'none' });
    expect(Object.is((await loss.data())[0], 0)).toBe(true);
  });
});

describe('embeddingBag', () => {
  const run = async (index: Tensor, offsets: Tensor | null, options: object): Promise<readonly number[]> => {
    const weight = ones(4, 1);
    F.embeddingBag(index, weight, offsets, { scaleGradByFreq: true, ...options })
      .sum()
      .backward();
    return Array.from(await (weight.grad ?? weight).data(), Number).map((x) => Number(x.toFixed(6)));
  };
  test('scaleGradByFreq divides by the frequencies that PyTorch takes', async () => {
    const index = int([0, 1, 1, 2, 1, 3, 3, 3, 1]);
    expect(await run(index, int([0, 2, 5]), { mode: 'mean' })).toEqual([0.5, 0.354167, 0.083333, 0.1875]);
    expect(await run(int([0, 1, 1, 2, 1]), int([0, 2]), { mode: 'sum' })).toEqual([1, 1, 0.333333, 0]);
    expect(await run(int([[0, 1, 1], [2, 1, 0]]), null, { mode: 'mean' })).toEqual([0.333333, 0.5, 0.111111, 0]);
    expect(await run(int([0, 1, 1, 2, 1]), int([0, 2]), { mode: 'mean', paddingIdx: 2 })).toEqual([0.5, 0.5, 0, 0]);
  }); // prettier-ignore

  test('rows without elements', () => {
    expect(F.embeddingBag(int([[0], [0]]), k.ones(1, 0), null, { mode: 'mean' }).shape).toEqual([2, 0]);
  });
});

describe('shapes and memory', () => {
  test('blockDiag promotes before scalars become matrices', () => {
    expect(k.blockDiag(tensor(0.5), k.ones(2, { dtype: 'bfloat16' })).dtype).toBe('bfloat16');
  });

  test('linear takes a bias that broadcasts', () => {
    for (const [input, bias, shape] of [
      [[2, 3], [1], [2, 4]],
      [[2, 3], [], [2, 4]],
      [[3], [1], [4]],
      [[2, 2, 3], [1], [2, 2, 4]],
      [
        [2, 3],
        [2, 4],
        [2, 4],
      ],
    ])
      expect(F.linear(k.ones(input), k.ones(4, 3), k.ones(bias)).shape).toEqual(shape);
    expect(() => F.linear(k.ones(2, 3), k.ones(4, 3), k.ones(2))).toThrow('linear: bias must have the shape [4]');
  });

  test('what has no elements may be written though it is expanded, and a tensor may be copied over itself', async () => {
    expect(k.zeros(1, 0).expand(2, 0).clampMin_(1).shape).toEqual([2, 0]);
    expect(k.zeros(1, 0).expand(2, 0).fill_(1).shape).toEqual([2, 0]);
    const wide = tensor([1, 2]).expand(2, 2);
    expect(await wide.copy_(wide).tolist()).toEqual([[1, 2], [1, 2]]); // prettier-ignore
    expect(() => wide.add_(1)).toThrow('share one place in memory');
  });

  test('extremes over a dimension without elements are refused though the result has none', () => {
    const x = k.zeros(0, 0, 4);
    for (const f of [() => x.amin([1, 2]), () => x.amax(1), () => x.max(1), () => x.argmax(1)])
      expect(f).toThrow('must not be empty');
    expect(k.zeros(0, 3, 4).amax([1, 2]).shape).toEqual([0]);
  });

  test('ravel copies what is not contiguous', async () => {
    const x = tensor([[1, 2], [3, 4]]); // prettier-ignore
    x.diagonal().ravel().zero_();
    expect(await x.tolist()).toEqual([[1, 2], [3, 4]]); // prettier-ignore
    x.ravel().zero_();
    expect(await x.tolist()).toEqual([[0, 0], [0, 0]]); // prettier-ignore
  });
});
