// autograd.functional, against derivatives that can be written down.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { autograd, AutogradError, DTypeError, ones, ShapeError, tensor, type Tensor } from '../../src';

const { hessian, hvp, jacobian, jvp, vhp, vjp } = autograd.functional;

const close = async (t: Tensor, expected: unknown): Promise<void> => {
  const found = [await t.tolist()].flat(9) as number[];
  const wanted = [expected].flat(9) as number[];
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i], 4);
  });
};
const at = [0.5, -1, 2];
const x = (): Tensor => tensor(at);
const w = (): Tensor => tensor([[1, 2], [3, 4]]); // prettier-ignore
const v = [1, 2, -1];

/** [two, scalar] of a vector and a matrix. */
const both = (a: Tensor, b: Tensor): [Tensor, Tensor] => [a.slice(0, 0, 2).matmul(b), a.mul(a).sum()];

// f = S P with S the sum of cubes and P the product.
const f = (t: Tensor): Tensor => t.pow(3).sum().mul(t.prod());
const [S, P] = [at.reduce((sum, a) => sum + a ** 3, 0), at.reduce((product, a) => product * a, 1)];
const second = at.map((a, i) =>
  at.map((b, j) => (i === j ? 12 * a * P : (3 * a * a * P) / b + (3 * b * b * P) / a + (S * P) / (a * b))),
);

describe('jacobian', () => {
  it.each(['reverse-mode', 'forward-mode'] as const)('by %s', async (strategy) => {
    const j = jacobian((t) => t.sin().mul(t.sum()), x(), { strategy });
    await close(j, at.map((a, i) => at.map((_, k) => (i === k ? Math.cos(a) * 1.5 : 0) + Math.sin(a)))); // prettier-ignore
    expect(j.requiresGrad).toBe(false);
    const [[ya, yb], [za, zb]] = jacobian(both, [x(), w()] as const, { strategy });
    await close(ya, [[1, 3, 0], [2, 4, 0]]); // prettier-ignore
    await close(yb, [[[0.5, 0], [-1, 0]], [[0, 0.5], [0, -1]]]); // prettier-ignore
    await close(za, [1, -2, 4]);
    await close(zb, [0, 0, 0, 0]);
    expectTypeOf(jacobian(both, [x(), w()] as const)).toEqualTypeOf<[[Tensor, Tensor], [Tensor, Tensor]]>();
    const [single] = jacobian((a: Tensor) => a.mul(2), [tensor([3])]);
    await close(single, 2);
  });

  it('is recorded with createGraph, and nests', async () => {
    const leaf = x().requiresGrad_();
    const j = jacobian((t) => t.pow(3), leaf, { createGraph: true });
    expect(j.requiresGrad).toBe(true);
    j.sum().backward();
    await close(leaf.grad as Tensor, at.map((a) => 6 * a)); // prettier-ignore
    expect(jacobian((t) => t.pow(3), leaf).requiresGrad).toBe(false);
    const nested = jacobian((t) => jacobian((u) => u.pow(3).sum(), t, true), x());
    await close(nested, at.map((a, i) => at.map((_, k) => (i === k ? 6 * a : 0)))); // prettier-ignore
  });

  it('is 0 for what does not depend on an input, which strict refuses', async () => {
    const [a, b] = jacobian((p: Tensor, q: Tensor) => p.mul(q.ndim), [x(), w()] as const);
    expect([a.shape, b.shape]).toEqual([[3, 3], [3, 2, 2]]); // prettier-ignore
    await close(b, Array(12).fill(0));
    await close(
      jacobian(() => ones(2), x()),
      [0, 0, 0, 0, 0, 0],
    );
    expect(() => jacobian((p: Tensor, q: Tensor) => p.mul(q.ndim), [x(), w()] as const, { strict: true })).toThrow(
      'jacobian: with strict all results must depend on all inputs, got one that is independent of input 1.',
    );
    expect(() => jacobian(() => ones(2), x(), { strict: true })).toThrow(AutogradError);
  });
});

describe('hessian', () => {
  it.each(['reverse-mode', 'forward-mode'] as const)('by %s', async (outerJacobianStrategy) => {
    const h = hessian(f, x(), { outerJacobianStrategy });
    await close(h, second);
    expect(h.requiresGrad).toBe(false);
    const [[aa, ab], [ba, bb]] = hessian((a, b) => a.mul(b).sum().pow(2), [tensor([2]), tensor([3])] as const, {
      outerJacobianStrategy,
    });
    await close(aa, 18);
    await close(ab, 24);
    await close(ba, 24);
    await close(bb, 8);
  });

  it('needs one element', () => {
    expect(() => hessian((t) => t.mul(2), x())).toThrow('hessian: func must give a single element');
  });
});

describe('products', () => {
  const g = (t: Tensor): Tensor => t.sin().mul(t.sum());
  const row = (i: number): number[] => at.map((_, j) => (i === j ? Math.cos(at[i]) * 1.5 : 0) + Math.sin(at[i]));

  it('with the Jacobian', async () => {
    const [y, left] = vjp(g, x(), tensor(v));
    await close(y, at.map((a) => Math.sin(a) * 1.5)); // prettier-ignore
    await close(left, at.map((_, j) => v.reduce((sum, vi, i) => sum + vi * row(i)[j], 0))); // prettier-ignore
    const [again, right] = jvp(g, x(), { v: tensor(v) });
    await close(again, at.map((a) => Math.sin(a) * 1.5)); // prettier-ignore
    await close(right, at.map((_, i) => v.reduce((sum, vj, j) => sum + vj * row(i)[j], 0))); // prettier-ignore
    expect([y, left, again, right].map((t) => t.requiresGrad)).toEqual([false, false, false, false]);
  });

  it('of several inputs and results', async () => {
    const [[two, scalar], [da, db]] = vjp(both, [x(), w()] as const, [tensor([1, -1]), tensor(2)]);
    await close(two, [-2.5, -3]);
    await close(scalar, 5.25);
    await close(da, [2 * 1 - 1, -4 - 1, 8]);
    await close(db, [[0.5, -0.5], [-1, 1]]); // prettier-ignore
    const [, [dTwo, dScalar]] = jvp(both, [x(), w()] as const, [tensor(v), ones(2, 2)]);
    // dx[:2] W + x[:2] dW
    await close(dTwo, [7 - 0.5, 10 - 0.5]);
    await close(dScalar, 1 - 4 - 4);
  });

  it('with the Hessian', async () => {
    const product = second.map((line) => line.reduce((sum, h, j) => sum + h * v[j], 0));
    for (const [y, found] of [vhp(f, x(), tensor(v)), hvp(f, x(), tensor(v))]) {
      await close(y, S * P);
      await close(found, product);
      expect([y.requiresGrad, found.requiresGrad]).toEqual([false, false]);
    }
    const [, [a, b]] = hvp((p, q) => p.mul(q).sum().pow(2), [tensor([2]), tensor([3])] as const, [ones(1), ones(1)]);
    await close(a, 42);
    await close(b, 32);
    await close(hvp((t) => t.sum(), x(), tensor(v))[1], [0, 0, 0]);
  });

  it('leave out v for one element, and are recorded with createGraph', async () => {
    await close(vjp((t) => t.pow(2).sum(), x())[1], [1, -2, 4]);
    expect(() => vjp((t) => t.mul(2), x())).toThrow('vjp: v may be left out only for a single element');
    expect(() => jvp((t) => t.sum(), x())).toThrow('jvp: v may be left out');
    expect(() => vjp((t) => t.mul(2), x(), ones(2))).toThrow(ShapeError);
    expect(() => vjp((t) => t, tensor([1, 2], { dtype: 'int64' }), ones(2))).toThrow(DTypeError);
    const leaf = x().requiresGrad_();
    for (const [, found] of [vjp((t) => t.pow(3).sum(), leaf, null, true), vhp((t) => t.pow(3).sum(), leaf, ones(3), true)]) {
      expect(found.requiresGrad).toBe(true);
    }
    vjp((t) => t.pow(3).sum(), leaf, { createGraph: true })[1].sum().backward();
    await close(leaf.grad as Tensor, at.map((a) => 6 * a));
    expect(() => vhp((t) => t.sum(), x(), { v: ones(3), strict: true })).toThrow('vhp: with strict');
    expect(() => jvp(() => ones(2), x(), { v: ones(3), strict: true })).toThrow('jvp: with strict');
  }); // prettier-ignore
});
