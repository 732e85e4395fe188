// Samples of tensor operations: arranging, sorting, writing by index, contractions, linear algebra, special functions.
import * as k from '../../src/index';
import type { Tensor } from '../../src/index';
import { binary, bools, index, real, reduction, unary, view, type OpSample } from './samples';

const { linalg, special } = k;

/** Square matrices that are far from singular. */
const regular = (x: Tensor): Tensor => x.add(k.eye(x.size(-1), { dtype: x.dtype }).mul(4));
const symmetric = (x: Tensor): Tensor => x.add(x.mT);
const matrices = (call: (x: Tensor) => Tensor | readonly Tensor[]): OpSample => ({
  call: (x) => call(regular(x)),
  inputs: [[real([3, 3])], [real([2, 2, 2], -1, 1, 'transposed')]],
});

export const TENSOR_SAMPLES: Readonly<Record<string, OpSample>> = {
  // arranging
  flip: view((x) => k.flip(x, 0, 2)),
  roll: view((x) => k.roll(x, [1, -1], [0, 2])),
  rot90: view((x) => k.rot90(x, 1, [0, 2])),
  tile: view((x) => k.tile(x, 2, 1)),
  repeatInterleave: view((x) => k.repeatInterleave(x, [1, 0, 2], 1)),
  diagEmbed: view((x) => k.diagEmbed(x, 1)),
  diag: { call: (x) => k.diag(x, 1), inputs: [[real([3])], [real([3, 4])]] },
  blockDiag: { call: (a, b) => k.blockDiag(a, b), inputs: [[real([2, 3]), real([1, 2])]] },
  trace: { call: (x) => k.trace(x), inputs: [[real([3, 4])]] },
  meshgrid: { call: (a, b) => k.meshgrid(a, b, { indexing: 'xy' }), inputs: [[real([2]), real([3])]] },
  unfold: view((x) => k.unfold(x, 2, 3, 1)),
  asStrided: { call: (x) => k.asStrided(x, [3, 2], [1, 2], 1), inputs: [[real([2, 4])]] },
  diagonalScatter: { call: (x, s) => k.diagonalScatter(x, s), inputs: [[real([3, 3]), real([3])]] },
  selectScatter: { call: (x, s) => k.selectScatter(x, s, 0, 1), inputs: [[real([3, 2]), real([2])]] },
  sliceScatter: { call: (x, s) => k.sliceScatter(x, s, 0, 1, 3), inputs: [[real([4, 2]), real([2, 2])]] },
  sumToSize: view((x) => k.sumToSize(x, 3, 1)),
  // sorting
  sort: reduction((x) => k.sort(x, 0, true).values),
  topk: reduction((x) => k.topk(x, 2, 0, false).values),
  kthvalue: reduction((x) => k.kthvalue(x, 2, 1).values),
  median: reduction((x) => k.median(x, 1).values),
  quantile: reduction((x) => k.quantile(x, 0.3, 0)),
  cummax: reduction((x) => k.cummax(x, 1).values),
  cummin: reduction((x) => k.cummin(x, 0).values),
  logcumsumexp: reduction((x) => k.logcumsumexp(x, 0)),
  // by index
  at: {
    call: (x, i) => x.at('1:', null, i, 0),
    inputs: [[real([3, 4, 2]), index([2, 3], 4)]],
    bad: [
      [() => k.zeros(2, 3).at(0, 0, 0), 'at: too many indices for 2 dimensions'],
      [() => k.zeros(2).at(k.ones(2, { dtype: 'bool' })), 'at: how many elements a mask picks is known only from its data'],
    ],
  },
  setAt: {
    call: (x, v) => x.clone().setAt(['1:', 0], v),
    inputs: [[real([3, 4]), real([2])]],
  },
  indexPut: {
    call: (x, v, i) => k.indexPut(x, [i], v, true),
    inputs: [[real([3, 2]), real([4, 2]), index([4], 3)]],
  },
  scatter: {
    call: (x, s) => k.scatter(x, 0, k.tensor([[2, 0]], { dtype: 'int64' }), s),
    inputs: [[real([3, 2]), real([1, 2])], [real([3, 3]), real([2, 3])]],
    bad: [[() => k.scatter(k.zeros(2), 0, k.zeros(2, { dtype: 'int32' }), 1), 'scatter: index must be int64, got int32']],
  },
  scatterAdd: { call: (x, s, i) => k.scatterAdd(x, 0, i, s), inputs: [[real([3, 2]), real([4, 2]), index([4, 2], 3)]] },
  scatterReduceProd: {
    call: (x, s, i) => k.scatterReduce(x, 0, i, s, 'prod'),
    inputs: [[real([3, 2], 0.5, 2), real([4, 2], 0.5, 2), index([4, 2], 3)]],
  },
  scatterReduceMean: {
    call: (x, s, i) => k.scatterReduce(x, 0, i, s, 'mean', false),
    inputs: [[real([3, 2]), real([4, 2]), index([4, 2], 3)]],
  },
  scatterReduceAmax: {
    call: (x, s, i) => k.scatterReduce(x, 0, i, s, 'amax'),
    inputs: [[real([3, 2]), real([4, 2]), index([4, 2], 3)]],
  },
  indexCopy: {
    call: (x, s) => k.indexCopy(x, 0, k.tensor([2, 0], { dtype: 'int64' }), s),
    inputs: [[real([3, 2]), real([2, 2])]],
  },
  maskedScatter: { call: (x, s, m) => k.maskedScatter(x, m, s), inputs: [[real([3, 2]), real([6]), bools([3, 2])]] },
  takeAlongDim: { call: (x, i) => k.takeAlongDim(x, i, 1), inputs: [[real([3, 4]), index([1, 2], 4)]] },
  // contractions
  einsum: {
    call: (a, b) => k.einsum('bij,jk->ikb', a, b),
    inputs: [[real([2, 3, 4]), real([4, 2])]],
    bad: [[() => k.einsum('ij,jk', k.zeros(2, 3)), "einsum: 'ij,jk' names 2 operands, got 1."]],
  },
  tensordot: { call: (a, b) => k.tensordot(a, b, [[0], [1]]), inputs: [[real([3, 2]), real([2, 3])]] },
  kron: { call: (a, b) => k.kron(a, b), inputs: [[real([2, 3]), real([2])]] },
  cross: { call: (a, b) => k.cross(a, b), inputs: [[real([2, 3]), real([2, 3])]] },
  cdist: { call: (a, b) => k.cdist(a, b), inputs: [[real([3, 2]), real([2, 2], 3, 5)]] },
  // along a sequence
  diff: view((x) => k.diff(x, 2, 1)),
  gradient: { call: (x) => k.gradient(x, 0.5, 0, 2), inputs: [[real([4, 3])]] },
  trapezoid: { call: (y, x) => k.trapezoid(y, x), inputs: [[real([2, 4]), real([4])]] },
  cov: { call: (x) => k.cov(x), inputs: [[real([3, 4])]] },
  renorm: { call: (x) => k.renorm(x, 2, 0, 1), inputs: [[real([3, 4])]] },
  // linear algebra
  det: matrices(linalg.det),
  slogdet: matrices((x) => linalg.slogdet(x).logabsdet),
  inv: matrices(linalg.inv),
  solve: { call: (a, b) => linalg.solve(regular(a), b), inputs: [[real([3, 3]), real([3, 2])], [real([2, 2, 2]), real([2, 2])]] },
  solveTriangular: { call: (a, b) => linalg.solveTriangular(regular(a), b, true), inputs: [[real([3, 3]), real([3, 2])]] },
  cholesky: { call: (x) => linalg.cholesky(regular(symmetric(x)).add(k.eye(3, { dtype: x.dtype }).mul(4))), inputs: [[real([3, 3])]] },
  qr: { call: (x) => [...linalg.qr(x)], inputs: [[real([4, 2], 0.5, 3)], [real([2, 3], 0.5, 3)]] },
  eigvalsh: { call: (x) => linalg.eigvalsh(symmetric(x)), inputs: [[real([3, 3])]] },
  svdvals: { call: (x) => linalg.svdvals(x), inputs: [[real([3, 2])], [real([2, 3])]] },
  pinv: { call: (x) => linalg.pinv(x), inputs: [[real([3, 2])]], agrees: false },
  matrixExp: { call: (x) => linalg.matrixExp(x), inputs: [[real([2, 2], -1, 1)]], order: 1 },
  matrixPower: matrices((x) => linalg.matrixPower(x, 3)),
  // special functions
  erfcx: unary(special.erfcx), ndtr: unary(special.ndtr), logNdtr: unary(special.logNdtr),
  ndtri: unary(special.ndtri, 0.1, 0.9), entr: unary(special.entr, 0.2, 2), sinc: unary(k.sinc, 0.2, 2),
  i0: unary(k.i0), i0e: unary(special.i0e, 0.2, 2), i1: unary(special.i1), i1e: unary(special.i1e, 0.2, 2),
  polygamma: unary((x) => k.polygamma(1, x), 0.5, 3), mvlgamma: unary((x) => k.mvlgamma(x, 2), 1, 3),
  logaddexp2: binary((a, b) => k.logaddexp2(a, b)),
  xlog1py: binary((a, b) => special.xlog1py(a, b), 0.3, 2),
}; // prettier-ignore
