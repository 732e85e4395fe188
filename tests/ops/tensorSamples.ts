// Samples of tensor operations: arranging, sorting, writing by index, contractions, special functions.
import * as k from '../../src';
import type { Tensor } from '../../src';
import { binary, bools, index, real, reduction, unary, view, type OpSample } from './samples';

const { special } = k;

/** NaN at every fifth element. */
const holed = (x: Tensor): Tensor => x.maskedFill(k.arange(x.numel()).view(x.shape).remainder(5).eq(1), NaN);
const int64 = (...values: number[]): Tensor => k.tensor(values, { dtype: 'int64' });
/** Two matrices to be joined. */
const joined = (call: (tensors: readonly Tensor[]) => Tensor): OpSample => ({
  call: (a, b) => call([a, b]),
  inputs: [
    [real([3]), real([3])],
    [real([2, 3], -2, 2, 'transposed'), real([2, 3], -2, 2, 'strided')],
    [real([2, 3, 1]), real([2, 3, 1])],
  ],
});
/** A view that adds dimensions to small tensors: of one, and of each of several. */
const atLeast = (call: (...tensors: readonly Tensor[]) => Tensor[]): OpSample => ({
  call: (a, b, c) => call(a, b, c),
  inputs: [[real([]), real([3], -2, 2, 'strided'), real([2, 3], -2, 2, 'transposed')]],
});
const whole = (call: (a: Tensor, b: Tensor) => Tensor, message: string): OpSample => ({
  call,
  inputs: [
    [index([3, 4], 30), index([4], 8)],
    [index([2, 1], 30), index([1, 3], 8)],
  ],
  order: 0,
  bad: [[() => call(k.ones(2), k.ones(2)), message]],
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
  fliplr: { ...view(k.fliplr), bad: [[() => k.fliplr(k.zeros(3)), 'fliplr: expected at least 2 dimensions, got [3]']] },
  flipud: { ...view(k.flipud), bad: [[() => k.flipud(k.tensor(1)), 'flipud: expected at least 1 dimensions, got []']] },
  diagflat: { call: (x) => k.diagflat(x, -1), inputs: [[real([3])], [real([2, 2], -2, 2, 'transposed')], [real([])]] },
  ravel: view(k.ravel),
  narrowCopy: { ...view((x) => k.narrowCopy(x, 1, 1, 2)), bad: [[() => k.narrowCopy(k.zeros(2, 3), 0, 1, 2), 'start and length must lie within']] },
  atleast1d: atLeast(k.atleast1d),
  atleast2d: atLeast(k.atleast2d),
  atleast3d: atLeast(k.atleast3d),
  hstack: { ...joined(k.hstack), bad: [[() => k.hstack([k.zeros(2, 3), k.zeros(3, 3)]), 'sizes must match except along dimension 1']] },
  vstack: { ...joined(k.vstack), bad: [[() => k.vstack([k.zeros(3), k.zeros(2)]), 'sizes must match except along dimension 0']] },
  dstack: { ...joined(k.dstack), bad: [[() => k.dstack([]), 'expected at least one tensor']] },
  columnStack: joined(k.columnStack),
  cartesianProd: { call: (a, b) => k.cartesianProd(a, b), inputs: [[real([2]), real([3], -2, 2, 'strided')]], bad: [[() => k.cartesianProd(k.zeros(2, 2), k.zeros(2)), 'expected vectors or scalars, got [2, 2]']] },
  combinations: {
    call: (x) => k.combinations(x, 2, true),
    inputs: [[real([3])], [real([4], -2, 2, 'strided')]],
    bad: [[() => k.combinations(k.zeros(2, 2)), 'combinations: expected a vector, got [2, 2]']],
  },
  broadcastTensors: {
    call: (a, b) => k.broadcastTensors(a, b),
    inputs: [[real([3, 1]), real([4])], [real([2, 1, 3], -2, 2, 'transposed'), real([])]],
    bad: [[() => k.broadcastTensors(k.zeros(2), k.zeros(3)), 'broadcastTensors: shapes must broadcast, got [2] and [3]']],
  },
  tensorSplit: {
    ...view((x) => k.tensorSplit(x, [1, 3], 2)),
    bad: [
      [() => k.tensorSplit(k.zeros(2), 0), 'tensorSplit: the number of pieces must be positive, got 0'],
      [() => k.tensorSplit(k.tensor(1), 1), 'tensorSplit: a zero-dimensional tensor cannot be split'],
    ],
  },
  hsplit: { ...view((x) => k.hsplit(x, 3)), bad: [[() => k.hsplit(k.zeros(2, 3), 2), 'hsplit: dimension 1 must be divisible by 2, got size 3']] },
  vsplit: { ...view((x) => k.vsplit(x, 2)), bad: [[() => k.vsplit(k.zeros(4), 2), 'vsplit: expected 2 dimensions at least, got [4]']] },
  dsplit: { ...view((x) => k.dsplit(x, [1, 2])), bad: [[() => k.dsplit(k.zeros(2, 3), 1), 'dsplit: expected 3 dimensions at least']] },
  constantPadNd: {
    ...view((x) => k.constantPadNd(x, [1, -1, 0, 2], 3)),
    bad: [[() => k.constantPadNd(k.zeros(2), [1, 1, 1, 1]), 'constantPadNd: padding must be pairs for at most 1 dimensions']],
  },
  fill: { call: (x, value) => k.fill(x, value), inputs: [[real([3, 4]), real([])], [real([3, 4], -2, 2, 'transposed'), real([])]] },
  to: { ...unary((x) => k.to(x, 'float64')), agrees: false },
  // sorting
  sort: reduction((x) => k.sort(x, 0, true).values),
  topk: reduction((x) => k.topk(x, 2, 0, false).values),
  kthvalue: reduction((x) => k.kthvalue(x, 2, 1).values),
  median: reduction((x) => k.median(x, 1).values),
  quantile: reduction((x) => k.quantile(x, 0.3, 0)),
  cummax: reduction((x) => k.cummax(x, 1).values),
  cummin: reduction((x) => k.cummin(x, 0).values),
  logcumsumexp: reduction((x) => k.logcumsumexp(x, 0)),
  argsort: reduction((x) => k.argsort(x, 0, true), -2, 2, 0),
  msort: reduction(k.msort),
  // Medians and quantiles of what is left; the most frequent of a row with one element twice.
  nanmedian: reduction((x) => k.nanmedian(holed(x), 1).values),
  nanquantile: reduction((x) => k.nanquantile(holed(x), 0.3, 0)),
  mode: reduction((x) => k.mode(k.cat([x, x.narrow(1, 1, 1)], 1), 1).values),
  searchsorted: {
    call: (x, values) => k.searchsorted(k.sort(x).values, values, { right: true }),
    inputs: [[real([4]), real([2, 3], -2, 2, 'transposed')], [real([2, 4]), real([2, 3])]],
    order: 0,
    bad: [
      [() => k.searchsorted(k.zeros(2, 3), k.zeros(3, 1)), 'searchsorted: all but the last dimension must match'],
      [() => k.searchsorted(k.zeros(2, 3), 1), 'searchsorted: all but the last dimension must match, got [2, 3] and []'],
      [() => k.searchsorted(k.zeros(2), 1, { sorter: k.tensor([0n]) }), "searchsorted: sorter must have the sequence's shape [2], got [1]"],
      [() => k.searchsorted(k.zeros(2), 1, { right: true, side: 'left' }), "searchsorted: side 'left' contradicts right: true"],
    ],
  },
  bucketize: {
    call: (x) => k.bucketize(x, k.tensor([-1, 0, 1])),
    inputs: [[real([3, 4])], [real([3, 4], -2, 2, 'transposed')]],
    order: 0,
    bad: [[() => k.bucketize(k.zeros(2), k.zeros(2, 2)), 'bucketize: boundaries must be a vector, got [2, 2]']],
  },
  isin: { call: (x, tests) => k.isin(x, tests), inputs: [[index([3, 4], 6), index([2, 2], 6)], [real([3]), real([2])]], order: 0 },
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
  scatterReduce: {
    call: (x, s, i) => k.scatterReduce(x, 0, i, s, 'amin', false),
    inputs: [[real([3, 2]), real([4, 2]), index([4, 2], 3)], [real([2, 3], -2, 2, 'transposed'), real([2, 2]), index([2, 2], 2)]],
    bad: [
      [() => k.scatterReduce(k.zeros(2), 0, int64(0), k.zeros(1).double(), 'sum'), 'scatterReduce: source and tensor must be of one dtype'],
      [() => k.scatterReduce(k.zeros(2), 0, int64(0, 1), k.zeros(1), 'sum'), 'scatterReduce: source must have an element for each index, got source [1] and index [2]'],
    ],
  },
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
  indexReduce: {
    call: (x, s, i) => k.indexReduce(x, 1, i, s, 'prod'),
    inputs: [[real([2, 3], 0.5, 2), real([2, 4], 0.5, 2), index([4], 3)]],
    bad: [[() => k.indexReduce(k.zeros(2, 3), 0, int64(0), k.zeros(2, 3), 'mean'), 'indexReduce: source must have the shape [1, 3], got [2, 3]']],
  },
  indexReduceMean: {
    call: (x, s, i) => k.indexReduce(x, 0, i, s, 'mean', false),
    inputs: [[real([3, 2], -2, 2, 'transposed'), real([4, 2]), index([4], 3)]],
  },
  indexFill: {
    call: (x, value) => k.indexFill(x, 1, int64(2, -4), value),
    inputs: [[real([2, 4]), real([])], [real([3, 4], -2, 2, 'transposed'), real([])]],
    bad: [[() => k.indexFill(k.zeros(2), 0, int64(0), k.zeros(1)), 'indexFill: value must be a number or a scalar, got [1]']],
  },
  put: {
    call: (x, s) => k.put(x, int64(5, 0, -2), s),
    inputs: [[real([2, 4]), real([3], -2, 2, 'strided')], [real([2, 4], -2, 2, 'transposed'), real([3])]],
    bad: [[() => k.put(k.zeros(3), int64(0, 1), k.zeros(3)), 'put: source must have 2 elements, one for each index, got 3']],
  },
  putAccumulate: { call: (x, s, i) => k.put(x, i, s, true), inputs: [[real([2, 2]), real([3, 2]), index([3, 2], 4)]] },
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
  inner: {
    call: (a, b) => k.inner(a, b),
    inputs: [[real([2, 3]), real([4, 3], -2, 2, 'transposed')], [real([3]), real([3], -2, 2, 'strided')], [real([2, 3]), real([])]],
    bad: [[() => k.inner(k.zeros(2, 3), k.zeros(2, 4)), 'inner: the last dimensions must match']],
  },
  dist: { call: (a, b) => k.dist(a, b, 3), inputs: [[real([3, 4]), real([3, 4], -2, 2, 'transposed')], [real([3, 4]), real([4])]] },
  addbmm: {
    call: (c, a, b) => k.addbmm(c, a, b, { beta: 0.5, alpha: 2 }),
    inputs: [[real([2]), real([3, 2, 4]), real([3, 4, 2], -2, 2, 'transposed')]],
    bad: [[() => k.addbmm(k.zeros(2, 2, 2), k.zeros(1, 2, 3), k.zeros(1, 3, 2)), 'addbmm: the tensor that is added must broadcast to the product']],
  },
  addmv: {
    call: (c, a, b) => k.addmv(c, a, b, { beta: 0.5, alpha: 2 }),
    inputs: [[real([3]), real([3, 4], -2, 2, 'transposed'), real([4], -2, 2, 'strided')], [real([]), real([2, 3]), real([3])]],
    bad: [[() => k.addmv(k.zeros(2), k.zeros(2, 3), k.zeros(2)), 'addmv: inner dimensions must match']],
  },
  addr: {
    call: (c, a, b) => k.addr(c, a, b, { beta: 2, alpha: -1 }),
    inputs: [[real([3, 4], -2, 2, 'transposed'), real([3]), real([4], -2, 2, 'strided')], [real([4]), real([3]), real([4])]],
    bad: [[() => k.addr(k.zeros(2), k.zeros(2, 3), k.zeros(2)), 'addr: the first vector']],
  },
  // along a sequence
  diff: view((x) => k.diff(x, 2, 1)),
  gradient: { call: (x) => k.gradient(x, 0.5, 0, 2), inputs: [[real([4, 3])]] },
  trapezoid: { call: (y, x) => k.trapezoid(y, x), inputs: [[real([2, 4]), real([4])]] },
  cov: { call: (x) => k.cov(x), inputs: [[real([3, 4])]] },
  renorm: { call: (x) => k.renorm(x, 2, 0, 1), inputs: [[real([3, 4])]] },
  cumulativeTrapezoid: {
    call: (y, x) => k.cumulativeTrapezoid(y, x),
    inputs: [[real([2, 4]), real([4])], [real([3, 4], -2, 2, 'transposed'), real([3, 4])]],
    bad: [[() => k.cumulativeTrapezoid(k.zeros(2, 3), k.zeros(2, 2)), 'cumulativeTrapezoid: there must be one x value for each y value']],
  },
  corrcoef: { call: (x) => k.corrcoef(x), inputs: [[real([3, 4])], [real([2, 5], -2, 2, 'transposed')]] },
  nansum: reduction((x) => k.nansum(holed(x), 0)),
  nanmean: { ...reduction((x) => k.nanmean(holed(x), 1, true)), bad: [[() => k.nanmean(k.arange(3)), 'nanmean: the input must be of a floating-point dtype, got int64']] },
  aminmax: reduction((x) => k.aminmax(x, 1)),
  histc: {
    ...reduction((x) => k.histc(x, 4, -1, 1.5), -2, 2, 0),
    bad: [
      [() => k.histc(k.zeros(2), 0), 'histc: bins must be a whole number of at least 1, got 0'],
      [() => k.histc(k.zeros(2), 3, 1, -1), 'histc: max must not be below min, got 1 and -1'],
    ],
  },
  histogram: reduction((x) => k.histogram(x, 4, { range: [-1, 1.5], density: true }), -2, 2, 0),
  histogramWeight: {
    call: (weight) => k.histogram(k.linspace(-1, 1.5, 12).to(weight.dtype), 4, { range: [-1.1, 1.6], weight, density: true })[0],
    inputs: [[real([12], 0.5, 2)], [real([12], 0.5, 2, 'strided')]],
  },
  // normalization
  nativeBatchNorm: {
    call: (x, w, b) => k.nativeBatchNorm(x, w, b, null, null, true, 0.1, 0.1)[0],
    inputs: [[real([3, 4]), real([4]), real([4])], [real([2, 3, 4], -2, 2, 'transposed'), real([3]), real([3])]],
    bad: [[() => k.nativeBatchNorm(k.zeros(2, 3), null, null, null, null, false, 0.1, 0.1), 'nativeBatchNorm: runningMean and runningVar must be given']],
  },
  nativeLayerNorm: {
    call: (x, w, b) => k.nativeLayerNorm(x, [4], w, b, 0.1),
    inputs: [[real([3, 4]), real([4]), real([4])], [real([2, 3, 4], -2, 2, 'transposed'), real([4]), real([4])]],
    bad: [[() => k.nativeLayerNorm(k.zeros(2, 3), [4], null, null, 0.1), 'nativeLayerNorm:']],
  },
  // special functions
  erfcx: unary(special.erfcx), ndtr: unary(special.ndtr), logNdtr: unary(special.logNdtr),
  ndtri: unary(special.ndtri, 0.1, 0.9), entr: unary(special.entr, 0.2, 2), sinc: unary(k.sinc, 0.2, 2),
  i0: unary(k.i0), i0e: unary(special.i0e, 0.2, 2), i1: unary(special.i1), i1e: unary(special.i1e, 0.2, 2),
  polygamma: unary((x) => k.polygamma(1, x), 0.5, 3), mvlgamma: unary((x) => k.mvlgamma(x, 2), 1, 3),
  // Its derivative is by the second argument only.
  igamma: {
    ...unary((x) => k.igamma(k.full(x.shape, 1.7, { dtype: x.dtype }), x), 0.3, 4),
    bad: [[() => k.igamma(k.ones(2, { requiresGrad: true }), k.ones(2)), 'igamma: there is no derivative by the first argument']],
  },
  igammac: unary((x) => k.igammac(k.full(x.shape, 2.3, { dtype: x.dtype }), x), 0.3, 4),
  nextafter: { ...binary((a, b) => k.nextafter(a, b)), bad: [[() => k.nextafter(k.arange(2), k.arange(2)), 'nextafter: ']] },
  logaddexp2: binary((a, b) => k.logaddexp2(a, b)),
  xlog1py: binary((a, b) => special.xlog1py(a, b), 0.3, 2),
  // rarer arithmetic
  bitwiseLeftShift: whole((a, b) => k.bitwiseLeftShift(a, b), 'bitwiseLeftShift: is defined for integers only, got float32'),
  bitwiseRightShift: whole((a, b) => k.bitwiseRightShift(a, b), 'bitwiseRightShift: is defined for integers only, got float32'),
  gcd: whole((a, b) => k.gcd(a, b), 'gcd: is defined for integers only, got float32'),
  lcm: whole((a, b) => k.lcm(a, b), 'lcm: is defined for integers only, got float32'),
  // The result is float64 whatever goes in.
  floatPower: { ...binary((a, b) => k.floatPower(a, b), 0.3, 2), agrees: false },
  frexp: { ...unary((x) => k.frexp(x).mantissa, 0.3, 3), bad: [[() => k.frexp(k.arange(3)), 'frexp: the input must be of a floating-point dtype, got int64']] },
  ldexp: binary((a, b) => k.ldexp(a, b)),
  signbit: unary(k.signbit, -2, 2, 0),
}; // prettier-ignore
