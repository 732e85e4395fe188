// Samples of linear algebra. A name that torch has for something else as well stands with `linalg.` before it.
import * as k from '../../src';
import type { Tensor } from '../../src';
import { real, type OpSample } from './samples';

const { linalg } = k;

/** Square matrices that are far from singular. */
const regular = (x: Tensor): Tensor => x.add(k.eye(x.size(-1), { dtype: x.dtype }).mul(4));
const symmetric = (x: Tensor): Tensor => x.add(x.mT);
const matrices = (call: (x: Tensor) => Tensor | readonly Tensor[]): OpSample => ({
  call: (x) => call(regular(x)),
  inputs: [[real([3, 3])], [real([2, 2, 2], -1, 1, 'transposed')]],
});

const positive = (x: Tensor): Tensor => x.matmul(x.mT).add(k.eye(x.size(-1), { dtype: x.dtype }));
/** A lower factor with a diagonal that is far from 0. */
const factor = (x: Tensor): Tensor => k.tril(regular(x));
/** Eigenvectors and singular vectors are the same with the other sign. */
const withoutSigns = (vectors: Tensor): Tensor => vectors.square();

export const LINALG_SAMPLES: Readonly<Record<string, OpSample>> = {
  det: matrices(linalg.det),
  slogdet: matrices((x) => linalg.slogdet(x).logabsdet),
  inv: matrices(linalg.inv),
  solve: { call: (a, b) => linalg.solve(regular(a), b), inputs: [[real([3, 3]), real([3, 2])], [real([2, 2, 2]), real([2, 2])]] },
  solveTriangular: { call: (a, b) => linalg.solveTriangular(regular(a), b, true), inputs: [[real([3, 3]), real([3, 2])]] },
  cholesky: { call: (x) => linalg.cholesky(regular(symmetric(x)).add(k.eye(3, { dtype: x.dtype }).mul(4))), inputs: [[real([3, 3])]] },
  lu: {
    call: (x) => [linalg.lu(x).L, linalg.lu(x).U],
    inputs: [[real([3, 3])], [real([4, 2], 0.5, 3)], [real([2, 2, 3], -2, 2, 'transposed')]],
    bad: [[() => linalg.lu(k.zeros(2, 2), false), 'linalg.lu: pivot must be true, got false: there is no LU without pivoting.']],
  },
  luFactor: matrices((x) => linalg.luFactor(x).LU),
  luFactorEx: matrices((x) => linalg.luFactorEx(x).LU),
  luSolve: {
    call: (x, b) => {
      const { LU, pivots } = linalg.luFactor(regular(x));
      return [linalg.luSolve(LU, pivots, b), linalg.luSolve(LU, pivots, b.mT, false, true)];
    },
    inputs: [[real([3, 3]), real([3, 3])], [real([2, 2, 2]), real([2, 2])]],
    bad: [
      [() => linalg.luSolve(k.zeros(2, 2), k.zeros(3), k.zeros(2, 2)), 'linalg.luSolve: pivots must have a place for each row of LU, got [3] for [2, 2].'],
      [() => linalg.luSolve(k.zeros(2, 2), k.zeros(2), k.zeros(3, 2)), 'linalg.luSolve: B must have 2 rows, got [3, 2].'],
    ],
  },
  householderProduct: {
    call: (x, tau) => linalg.householderProduct(x, tau),
    inputs: [[real([4, 2]), real([2])], [real([2, 3, 3], -2, 2, 'transposed'), real([2, 2])]],
    bad: [[() => linalg.householderProduct(k.zeros(2, 3), k.zeros(2)), 'linalg.householderProduct: expected [*, m, n] and [*, k] with m >= n >= k, got [2, 3] and [2].']],
  },
  qr: { call: (x) => [...linalg.qr(x)], inputs: [[real([4, 2], 0.5, 3)], [real([2, 3], 0.5, 3)]] },
  eigvalsh: { call: (x) => linalg.eigvalsh(symmetric(x)), inputs: [[real([3, 3])]] },
  svdvals: { call: (x) => linalg.svdvals(x), inputs: [[real([3, 2])], [real([2, 3])]] },
  pinv: { call: (x) => linalg.pinv(x), inputs: [[real([3, 2])]], agrees: false },
  matrixExp: { call: (x) => linalg.matrixExp(x), inputs: [[real([2, 2], -1, 1)]], order: 1 },
  matrixPower: matrices((x) => linalg.matrixPower(x, 3)),
  logdet: { call: (x) => k.logdet(positive(x)), inputs: [[real([3, 3])], [real([2, 2, 2], -1, 1, 'transposed')]] },
  choleskyInverse: { call: (x) => k.choleskyInverse(factor(x)), inputs: [[real([3, 3])], [real([2, 2, 2], -1, 1, 'transposed')]] },
  choleskySolve: { call: (b, x) => k.choleskySolve(b, factor(x)), inputs: [[real([3, 2]), real([3, 3], -2, 2, 'transposed')]] },
  choleskySolveUpper: { call: (b, x) => k.choleskySolve(b, factor(x).mT, true), inputs: [[real([2, 2]), real([2, 2])]] },
  lstsq: { call: (a, b) => k.lstsq(a, b).solution, inputs: [[real([4, 2], 0.5, 3), real([4, 3], -2, 2, 'transposed')]], agrees: false },
  triangularSolve: {
    call: (b, x) => k.triangularSolve(b, regular(x), { transpose: true }).solution,
    inputs: [[real([3, 2], -2, 2, 'transposed'), real([3, 3])], [real([2, 2, 1]), real([2, 2, 2], -1, 1, 'transposed')]],
  },
  choleskyEx: { call: (x) => linalg.choleskyEx(positive(x), true).L, inputs: [[real([3, 3])]] },
  cond: { ...matrices((x) => linalg.cond(x)), bad: [[() => linalg.cond(k.zeros(2, 3), 1), 'linalg.cond: expected square matrices']] },
  'linalg.cross': { call: (a, b) => linalg.cross(a, b), inputs: [[real([2, 3]), real([2, 3], -2, 2, 'strided')], [real([1, 3]), real([4, 3])]] },
  'linalg.diagonal': { call: (x) => linalg.diagonal(x, 1), inputs: [[real([3, 4], -2, 2, 'transposed')], [real([2, 3, 4])]] },
  eigh: {
    call: (x) => {
      const { eigenvalues, eigenvectors } = linalg.eigh(symmetric(x));
      return [eigenvalues, withoutSigns(eigenvectors)];
    },
    inputs: [[real([3, 3])]],
    bad: [[() => linalg.eigh(k.zeros(2, 3)), 'linalg.eigh: expected square matrices']],
  },
  invEx: matrices((x) => linalg.invEx(x).inverse),
  matrixNorm: {
    call: (x) => [linalg.matrixNorm(x), linalg.matrixNorm(x, 'nuc'), linalg.matrixNorm(x, 1), linalg.matrixNorm(x, 2)],
    inputs: [[real([3, 2])], [real([2, 2, 3], -2, 2, 'transposed')]],
    bad: [
      [() => linalg.matrixNorm(k.zeros(2, 2), 3), "linalg.matrixNorm: ord must be 'fro', 'nuc', ±1, ±2 or ±Infinity, got 3"],
      [() => linalg.matrixNorm(k.zeros(2)), 'linalg.matrixNorm: expected matrices and two dimensions, got [2]'],
    ],
  },
  matrixRank: { call: (x) => linalg.matrixRank(x), inputs: [[real([3, 2])], [real([2, 2, 3], -2, 2, 'transposed')]], order: 0 },
  multiDot: {
    call: (a, b, c) => linalg.multiDot([a, b, c]),
    inputs: [[real([2, 3]), real([3, 4], -2, 2, 'transposed'), real([4, 2])], [real([2]), real([2, 3]), real([3])]],
    bad: [[() => linalg.multiDot([k.zeros(2, 2)]), 'linalg.multiDot: expected two matrices at least, got 1']],
  },
  'linalg.norm': {
    call: (x) => [linalg.norm(x), linalg.norm(x, 3, 1), linalg.norm(x, 'nuc')],
    inputs: [[real([3, 2])], [real([2, 3], -2, 2, 'transposed')]],
    bad: [[() => linalg.norm(k.zeros(2), 'nuc'), "linalg.norm: ord 'nuc' is for matrices, got one dimension"]],
  },
  solveEx: { call: (a, b) => linalg.solveEx(regular(a), b).result, inputs: [[real([3, 3]), real([3, 2])], [real([2, 2, 2]), real([2, 2])]] },
  svd: {
    call: (x) => {
      const { U, S, Vh } = linalg.svd(x, false);
      return [withoutSigns(U), S, withoutSigns(Vh)];
    },
    inputs: [[real([3, 2])], [real([2, 3], -2, 2, 'transposed')]],
  },
  tensorinv: {
    call: (x) => linalg.tensorinv(regular(x.reshape(6, 6)).reshape(2, 3, 6)),
    inputs: [[real([2, 3, 6], -1, 1)]],
    bad: [[() => linalg.tensorinv(k.zeros(2, 2), 0), 'linalg.tensorinv: ind must be positive, got 0']],
  },
  tensorsolve: {
    call: (a, b) => linalg.tensorsolve(regular(a.reshape(6, 6)).reshape(2, 3, 6), b),
    inputs: [[real([2, 3, 6], -1, 1), real([2, 3])]],
    bad: [[() => linalg.tensorsolve(k.zeros(2, 3), k.zeros(2)), 'linalg.tensorsolve: [3] must have as many elements as b, got [2]']],
  },
  vander: {
    call: (x) => linalg.vander(x, 3),
    inputs: [[real([4])], [real([])], [real([2, 3], -2, 2, 'strided')]],
  },
  vecdot: { call: (a, b) => linalg.vecdot(a, b, 0), inputs: [[real([3, 2]), real([3, 2], -2, 2, 'transposed')], [real([3, 2]), real([3, 1])]] },
  vectorNorm: { call: (x) => linalg.vectorNorm(x, 3, 1), inputs: [[real([3, 4])], [real([4, 3], -2, 2, 'transposed')]] },
}; // prettier-ignore
