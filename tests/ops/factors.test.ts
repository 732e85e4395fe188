// LU, reflections and eigenvalues against PyTorch 1.13 (factors.json, record_factors.py).
import { afterAll, describe, expect, it } from 'vitest';
import { arange, eye, linalg, shutdown, tensor, zeros, type Tensor } from '../../src';
import recorded from './factors.json';

afterAll(() => {
  shutdown();
});

const double = (values: number[], ...shape: number[]): Tensor => tensor(values, { dtype: 'float64' }).view(shape);

async function expectClose(x: Tensor, expected: readonly number[], most = 1e-10): Promise<void> {
  const values = Array.from(await x.data(), Number);
  expect(values.length).toBe(expected.length);
  values.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(most);
  });
}

describe.each(['square', 'tall', 'wide'] as const)('a %s matrix', (name) => {
  const { A, shape, P, L, U, LU, pivots, grad } = recorded[name];

  it('has PyTorch’s factors, pivots and gradient', async () => {
    const a = double(A, ...shape).requiresGrad_();
    const factors = linalg.lu(a);
    await expectClose(factors.P, P);
    await expectClose(factors.L, L);
    await expectClose(factors.U, U);
    await expectClose(factors.P.matmul(factors.L).matmul(factors.U), A);
    const packed = linalg.luFactor(a);
    await expectClose(packed.LU, LU);
    expect([await packed.pivots.tolist(), packed.pivots.dtype]).toEqual([pivots, 'int32']);
    const weights = arange(1, 1 + packed.LU.numel(), { dtype: 'float64' })
      .view(packed.LU.shape)
      .sin();
    packed.LU.mul(weights).sum().backward();
    await expectClose(a.grad as Tensor, grad, 1e-9);
  });
});

const SOLVED: Readonly<Record<string, number[]>> = recorded.solve;

describe('luSolve', () => {
  it.each([[true, true], [true, false], [false, true], [false, false]])('with left %s and adjoint %s', async (left, adjoint) => {
    const { LU, pivots } = linalg.luFactor(double(recorded.square.A, 2, 4, 4));
    const b = arange(16, { dtype: 'float64' }).view(2, 4, 2);
    const name = `${left ? 'True' : 'False'}${adjoint ? 'True' : 'False'}`;
    await expectClose(linalg.luSolve(LU, pivots, left ? b : b.mT, { left, adjoint }), SOLVED[name], 1e-8);
  }); // prettier-ignore

  it('says where a matrix cannot be inverted', async () => {
    const singular = tensor([[[1, 2], [2, 4]], [[1, 0], [0, 1]]]); // prettier-ignore
    expect(await linalg.luFactorEx(singular).info.tolist()).toEqual([2, 0]);
    await expect(linalg.luFactor(singular).LU.tolist()).rejects.toThrow('linalg.luFactor');
    expect(linalg.luFactor(zeros(0, 2, 2)).pivots.shape).toEqual([0, 2]);
    expect(linalg.lu(zeros(0, 3)).U.shape).toEqual([0, 3]);
  });
});

it('householderProduct', async () => {
  const { h, tau, q } = recorded.householder;
  await expectClose(linalg.householderProduct(double(h, 2, 4, 2), double(tau.flat(), 2, 2)), q);
});

describe('eig', () => {
  const { E, w, v2, grad } = recorded.eig;

  it('has PyTorch’s values, vectors but for signs, and gradients', async () => {
    const e = double(E, 5, 5).requiresGrad_();
    const { eigenvalues, eigenvectors } = await linalg.eig(e);
    const order = eigenvalues.argsort();
    const [values, vectors] = [eigenvalues.indexSelect(0, order), eigenvectors.indexSelect(1, order)];
    await expectClose(values, w);
    await expectClose(vectors.square(), v2);
    const first = values.mul(arange(1, 6, { dtype: 'float64' })).sum();
    first
      .add(
        vectors
          .square()
          .mul(arange(25, { dtype: 'float64' }).view(5, 5).cos())
          .sum(),
      )
      .backward();
    await expectClose(e.grad as Tensor, grad, 1e-8);
    await expectClose((await linalg.eigvals(e)).sort()[0], w);
  });

  it.each([1, 2, 3, 5, 17, 60])('A V = V diag(w) for %i x %i, in batches', async (n) => {
    // Triangles between two rotations have real eigenvalues.
    const at = arange(2 * n * n, { dtype: 'float64' }).view(2, n, n);
    const { Q } = linalg.qr(at.mul(0.7).sin());
    const a = Q.matmul(
      at
        .cos()
        .triu()
        .add(eye(n, { dtype: 'float64' }).mul(arange(n, { dtype: 'float64' }))),
    ).matmul(Q.mT);
    const { eigenvalues, eigenvectors } = await linalg.eig(a);
    const difference = a.matmul(eigenvectors).sub(eigenvectors.mul(eigenvalues.unsqueeze(-2)));
    expect(await difference.abs().amax().item()).toBeLessThan(1e-11 * (n + 1));
    expect(await eigenvectors.square().sum(1).sub(1).abs().amax().item()).toBeLessThan(1e-12);
  });

  it('takes symmetric, triangular, defective and empty ones, and float32', async () => {
    const symmetric = tensor([[2, 1], [1, 2]]); // prettier-ignore
    const { eigenvalues } = await linalg.eig(symmetric);
    expect([eigenvalues.dtype, (await eigenvalues.tolist<number[]>()).sort()]).toEqual(['float32', [1, 3]]);
    expect(await (await linalg.eigvals(tensor([[1, 1], [0, 1]]))).tolist()).toEqual([1, 1]); // prettier-ignore
    expect(await (await linalg.eigvals(zeros(3, 3))).tolist()).toEqual([0, 0, 0]);
    expect(await (await linalg.eigvals(eye(4))).tolist()).toEqual([1, 1, 1, 1]);
    // Equal eigenvalues of a symmetric matrix stay real.
    const { Q } = linalg.qr(arange(25, { dtype: 'float64' }).view(5, 5).sin());
    const half = Q.mul(tensor([1, 1, 2, 2, 2], { dtype: 'float64' })).matmul(Q.mT);
    await expectClose((await linalg.eigvals(half.add(half.mT).div(2))).sort()[0], [1, 1, 2, 2, 2]);
    expect((await linalg.eigvals(zeros(0, 0))).shape).toEqual([0]);
  });

  it('refuses what it cannot represent', async () => {
    await expect(linalg.eig(tensor([[0, -1], [1, 0]]))).rejects.toThrow('linalg.eig: all eigenvalues must be real, as there is no complex dtype, got 0 ± 1i.'); // prettier-ignore
    await expect(linalg.eigvals(tensor([[0, NaN], [1, 0]]))).rejects.toThrow('linalg.eigvals: the elements must be finite, got NaN.'); // prettier-ignore
    await expect(async () => linalg.eig(zeros(2, 3))).rejects.toThrow('linalg.eig: expected square matrices');
  });
});
