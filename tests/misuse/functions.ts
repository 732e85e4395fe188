// One valid call of every public function, with as many arguments as it takes: calls.test.ts makes wrong ones of them.
// Where a real number is meant it is no whole one, where a whole one is meant it is.
import * as k from '../../src';
import { ones, randn, tensor, type Tensor } from '../../src';
import { ANY_TEXT } from './mutations';

/** Arguments of a valid call, made anew for each. */
export type Call = () => readonly unknown[];

const x = (): Tensor => randn(3, 4);
const v = (): Tensor => randn(4);
const positive = (): Tensor => k.rand(3, 4).add(0.5);
/** Symmetric and positive definite. */
export const spd = (): Tensor => k.eye(4).mul(3).add(ones(4, 4));
const whole = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });
const wholes = (): Tensor => k.randint(0, 7, [3, 4]);
const places = (): Tensor => tensor([[0, 1], [1, 2], [2, 0]], { dtype: 'int64' }); // prettier-ignore
const mask = (): Tensor => x().gt(0);
const image = (): Tensor => randn(1, 4, 6, 6);
const signal = (): Tensor => randn(1, 4, 8);
const volume = (): Tensor => randn(1, 2, 4, 4, 4);

const group = (names: string, call: Call): Record<string, Call> =>
  Object.fromEntries(names.trim().split(/\s+/).map((name) => [name, call])); // prettier-ignore

/** Functions of `kindling` itself; those with a method of the same name take its receiver first. */
export const FUNCTIONS: Readonly<Record<string, Call>> = {
  quantizePerTensor: () => [positive(), 0.5, 0, 'qint8'],
  quantizePerChannel: () => [ones(2, 3), ones(3), k.zeros(3), 1, 'quint8'],
  dequantize: () => [k.quantizePerTensor(ones(2), 0.5, 0, 'qint8')],
  fakeQuantizePerTensorAffine: () => [positive(), 0.5, 0, 0, 255],
  fakeQuantizePerChannelAffine: () => [ones(2, 3), ones(3), k.zeros(3), 1, 0, 255],
  ...group(
    `abs absolute acosh arccosh asin arcsin acos arccos asinh arcsinh atan arctan atanh arctanh ceil cos cosh deg2rad
     digamma erf erfc erfinv exp exp2 expm1 fix floor frac frexp i0 isfinite isinf isnan isneginf isposinf lgamma log log10
     log1p log2 logicalNot neg negative positive rad2deg reciprocal relu round rsqrt selu sgn sigmoid sign signbit sin sinc
     sinh sqrt square tan tanh trunc fliplr flipud ravel msort triu tril argwhere nonzero clone rowStack`,
    () => [positive()],
  ),
  ...group('relu_ selu_ celu_ rrelu_', () => [positive()]),
  ...group('bitwiseNot', () => [wholes()]),
  ...group(
    `arctan2 atan2 copysign eq equal fmax fmin fmod floatPower ge greater greaterEqual gt heaviside hypot igamma igammac
     isin le less lessEqual logaddexp logaddexp2 lt maximum minimum mul multiply ne nextafter notEqual remainder ldexp
     logicalAnd logicalOr logicalXor pow trueDivide xlogy floorDivide broadcastTensors kron`,
    () => [positive(), positive()],
  ),
  ...group('bitwiseAnd bitwiseOr bitwiseXor bitwiseLeftShift bitwiseRightShift gcd lcm', () => [wholes(), wholes()]),
  ...group('add sub subtract rsub', () => [x(), x(), 0.5]),
  ...group('div divide', () => [x(), x(), 'floor']),
  ...group('addcdiv addcmul', () => [x(), positive(), positive(), 0.5]),
  ...group('lerp', () => [x(), x(), 0.5]),
  ...group('clamp clip', () => [x(), -0.5, 0.5]),
  ...group('clampMin clampMax', () => [x(), 0.5]),
  ...group('nanToNum', () => [x(), 0.5, 1.5, -1.5]),
  ...group('logit', () => [k.rand(3, 4), 0.25]),
  ...group('mvlgamma', () => [positive().add(2), 2]),
  ...group('polygamma', () => [2, positive()]),
  ...group('celu', () => [x(), 0.5]),
  ...group('threshold threshold_', () => [x(), 0.5, 0.25]),
  ...group('rrelu', () => [x(), 0.125, 0.5, true]),
  ...group('prelu', () => [x(), v()]),
  ...group('dropout alphaDropout featureAlphaDropout', () => [x(), 0.5, true]),
  where: () => [mask(), mask(), mask()],
  summary: () => [new k.nn.Linear(4, 2), x(), 2, 0],
  isclose: () => [x(), x(), 0.125, 0.125, true],
  allclose: () => [x(), x(), 0.125, 0.125, true],
  maskedFill: () => [x(), mask(), 0.5],

  ...group('sum mean prod nansum nanmean', () => [x(), 1, true, 'float64']),
  ...group('all any', () => [mask(), 1, true]),
  ...group('amax amin logsumexp', () => [x(), 1, true]),
  ...group('argmax argmin max min median nanmedian mode', () => [x(), 1, true]),
  countNonzero: () => [x(), 1],
  aminmax: () => [x(), 1, true],
  ...group('cumsum cumprod', () => [x(), 1, 'float64']),
  ...group('cummax cummin logcumsumexp', () => [x(), 1]),
  ...group('softmax logSoftmax', () => [x(), 1, 'float64']),
  ...group('std var stdMean varMean', () => [x(), 1, true, true]),
  ...group('quantile nanquantile', () => [x(), 0.5, 1, true, 'lower']),
  norm: () => [x(), 2.5, 1, true, 'float64'],
  renorm: () => [x(), 2.5, 1, 1.5],
  dist: () => [x(), x(), 2.5],
  cdist: () => [randn(3, 2), randn(4, 2), 1.5],
  sort: () => [x(), 1, true, true],
  argsort: () => [x(), 1, true],
  topk: () => [x(), 2, 1, true, true],
  kthvalue: () => [x(), 2, 1, true],
  unique: () => [wholes(), true, true, true, 1],
  uniqueConsecutive: () => [wholes(), true, true, 1],
  bincount: () => [whole(0, 1, 2), randn(3), 4],
  histc: () => [x(), 4, -1.5, 1.5],
  histogram: () => [x(), 4, [-1.5, 1.5], x(), true],
  searchsorted: () => [tensor([1, 3, 5]), x(), true, true],
  bucketize: () => [x(), tensor([1, 3, 5]), true, true],
  diff: () => [x(), 1, 1, x(), x()],
  gradient: () => [x(), 0.5, 1, 2],
  ...group('trapezoid trapz cumulativeTrapezoid', () => [x(), x(), 1]),
  cov: () => [x(), 1, whole(1, 1, 2, 1), v().abs()],
  corrcoef: () => [x()],

  ...group('mm matmul', () => [x(), randn(4, 3)]),
  bmm: () => [randn(2, 3, 4), randn(2, 4, 3)],
  mv: () => [x(), v()],
  ...group('dot inner vdot outer ger', () => [v(), v()]),
  addmm: () => [randn(3, 3), x(), randn(4, 3), 0.5, 0.25],
  baddbmm: () => [randn(2, 3, 3), randn(2, 3, 4), randn(2, 4, 3), 0.5, 0.25],
  addbmm: () => [randn(3, 3), randn(2, 3, 4), randn(2, 4, 3), 0.5, 0.25],
  addmv: () => [randn(3), x(), v(), 0.5, 0.25],
  addr: () => [x(), randn(3), v(), 0.5, 0.25],
  cross: () => [randn(4, 3), randn(4, 3), 1],
  tensordot: () => [x(), randn(4, 3), 1],
  einsum: () => ['ij,jk->ik', x(), randn(4, 3)],
  ...group('det logdet slogdet inverse matrixExp trace', () => [spd()]),
  pinverse: () => [spd(), 0.125],
  matrixPower: () => [spd(), 2],
  ...group('cholesky choleskyInverse', () => [spd(), true]),
  choleskySolve: () => [randn(4, 2), spd(), true],
  qr: () => [spd(), 'reduced'],
  lstsq: () => [randn(4, 2), spd()],
  triangularSolve: () => [randn(4, 2), spd(), true, true, true],

  ...group('view reshape', () => [x(), 4, 3]),
  permute: () => [x(), 1, 0],
  ...group('transpose swapaxes swapdims', () => [x(), 0, 1]),
  t: () => [x()],
  ...group('movedim moveaxis', () => [x(), 0, 1]),
  ...group('expand broadcastTo', () => [v(), 3, 4]),
  narrow: () => [x(), 1, 0, 2],
  narrowCopy: () => [x(), 1, 0, 2],
  slice: () => [x(), 1, 0, 3, 2],
  select: () => [x(), 1, 2],
  squeeze: () => [randn(1, 3), 0],
  unsqueeze: () => [x(), 1],
  flatten: () => [x(), 0, 1],
  unflatten: () => [x(), 1, [2, 2]],
  unbind: () => [x(), 1],
  split: () => [x(), 2, 1],
  splitWithSizes: () => [x(), [1, 3], 1],
  chunk: () => [x(), 2, 1],
  tensorSplit: () => [x(), 2, 1],
  ...group('hsplit', () => [x(), 2]),
  vsplit: () => [randn(4, 3), 2],
  dsplit: () => [randn(2, 2, 4), 2],
  diagonal: () => [x(), 1, 0, 1],
  diag: () => [x(), 1],
  diagEmbed: () => [x(), 1, 0, 1],
  diagflat: () => [v(), 1],
  diagonalScatter: () => [x(), randn(3), 0, 0, 1],
  selectScatter: () => [x(), randn(3), 1, 2],
  sliceScatter: () => [x(), randn(3, 2), 1, 0, 4, 2],
  asStrided: () => [x(), [2, 2], [4, 1], 1],
  unfold: () => [x(), 1, 2, 1],
  flip: () => [x(), 0, 1],
  roll: () => [x(), 1, 0],
  rot90: () => [x(), 1, [0, 1]],
  tile: () => [x(), 2, 1],
  repeat: () => [x(), 2, 1],
  repeatInterleave: () => [x(), 2, 1],
  sumToSize: () => [x(), 3, 1],
  ...group('triu tril', () => [x(), 1]),
  ...group('trilIndices triuIndices', () => [3, 4, 1, 'int64']),
  ...group('cat concat concatenate', () => [[x(), x()], 1]),
  stack: () => [[x(), x()], 1],
  ...group('hstack vstack dstack columnStack rowStack', () => [[x(), x()]]),
  ...group('atleast1d atleast2d atleast3d blockDiag', () => [x(), x()]),
  cartesianProd: () => [v(), v()],
  combinations: () => [v(), 2, true],
  meshgrid: () => [v(), v(), { indexing: 'xy' }],
  broadcastShapes: () => [[3, 1], [1, 4]], // prettier-ignore
  constantPadNd: () => [x(), [1, 1], 0.5],

  gather: () => [x(), 1, places()],
  scatter: () => [x(), 1, places(), randn(3, 2), 'add'],
  scatterAdd: () => [x(), 1, places(), randn(3, 2)],
  scatterReduce: () => [x(), 1, places(), randn(3, 2), 'sum', true],
  indexSelect: () => [x(), 1, whole(0, 2)],
  indexAdd: () => [x(), 1, whole(0, 2), randn(3, 2), 0.5],
  indexCopy: () => [x(), 1, whole(0, 2), randn(3, 2)],
  indexFill: () => [x(), 1, whole(0, 2), 0.5],
  indexReduce: () => [x(), 1, whole(0, 2), randn(3, 2), 'mean', true],
  indexPut: () => [x(), [whole(0, 2), whole(1, 1)], randn(2), true],
  put: () => [x(), whole(0, 2), randn(2), true],
  take: () => [x(), whole(0, 2)],
  takeAlongDim: () => [x(), places(), 1],
  maskedScatter: () => [x(), mask(), randn(12)],
  maskedSelect: () => [x(), mask()],
  maskedAt: () => [x(), null],
  at: () => [x(), 1, 2],
  setAt: () => [x(), [1, 2], 0.5],
  isin: () => [x(), x(), true, true],

  arange: () => [0.5, 6.5, 1.5, { dtype: 'float32' }],
  ...group('linspace', () => [0.5, 1.5, 3]),
  logspace: () => [0.5, 1.5, 3, 2.5],
  ...group('zeros ones empty rand randn', () => [2, 3]),
  eye: () => [3, 4],
  full: () => [[2, 3], 0.5],
  fullLike: () => [x(), 0.5],
  fill: () => [x(), 0.5],
  ...group('zerosLike onesLike emptyLike randLike randnLike', () => [x()]),
  randint: () => [0, 4, [2, 3]],
  randperm: () => [4],
  tensor: () => [[1.5, 2.5]],
  fromArray: () => [new Float32Array(4), [2, 2]],
  to: () => [x(), 'float64'],
  bernoulli: () => [k.rand(3)],
  poisson: () => [k.rand(3)],
  binomial: () => [ones(3), k.rand(3)],
  normal: () => [0.5, 1.5, [2, 3], new k.Generator(1), 'float64'],
  randintLike: () => [x(), 0, 4],
  asTensor: () => [[1.5, 2.5], 'float64'],
  ...group('numel', () => [x()]),
  isNonzero: () => [ones(1)],
  multinomial: () => [k.rand(3, 4), 2, true],
  ...group('manualSeed', () => [1]),
  setRngState: () => [k.getRngState()],
  ...group('getRngState initialSeed seed isGradEnabled', () => []),
  device: () => ['webgpu'],
  isAvailable: () => ['wasm'],
  ...group('memory diagnose synchronize installDevtoolsFormatter', () => []),
  promoteTypes: () => ['float32', 'int64'],
  resultType: () => [x(), 1.5],
  ...group('finfo', () => ['float32']),
  iinfo: () => ['int64'],
  ...group('noGrad enableGrad inferenceMode', () => [() => 1]),
  setGradEnabled: () => [true, () => 1],
  setDefaultDtype: () => ['float32'],
  getDefaultDtype: () => [],
  setPrintOptions: () => [4, 1000, 3, 80, 'default', null],
  scope: () => [() => 1],
  compile: () => [() => 1, { fullgraph: false }],
  keep: () => [x()],
  onerror: () => [() => undefined],

  ...group('adaptiveAvgPool1d adaptiveMaxPool1d', () => [signal(), 2]),
  avgPool1d: () => [signal(), 2, 2, 0, true, true],
  maxPool1d: () => [signal(), 2, 2, 0, 1, true, true],
  maxPool2d: () => [image(), 2, 2, 0, 1, true, true],
  maxPool3d: () => [volume(), 2, 2, 0, 1, true, true],
  conv1d: () => [signal(), randn(2, 2, 3), randn(2), 1, 1, 1, 2],
  conv2d: () => [image(), randn(2, 2, 3, 3), randn(2), 1, 1, 1, 2],
  conv3d: () => [volume(), randn(2, 1, 3, 3, 3), randn(2), 1, 1, 1, 2],
  convTranspose1d: () => [signal(), randn(4, 2, 3), randn(4), 2, 1, 1, 2, 1],
  convTranspose2d: () => [image(), randn(4, 2, 3, 3), randn(4), 2, 1, 1, 2, 1],
  convTranspose3d: () => [volume(), randn(2, 2, 3, 3, 3), randn(4), 2, 1, 1, 2, 1],
  channelShuffle: () => [image(), 2],
  ...group('pixelShuffle', () => [image(), 2]),
  pixelUnshuffle: () => [image(), 2],
  groupNorm: () => [image(), 2, v(), v(), 0.125],
  layerNorm: () => [x(), [4], v(), v(), 0.125],
  nativeLayerNorm: () => [x(), [4], v(), v(), 0.125],
  nativeBatchNorm: () => [image(), v(), v(), v(), ones(4), true, 0.5, 0.125],
};

export const SPECIAL: Readonly<Record<string, Call>> = {
  ...group(
    `digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammaln i0 i0e i1 i1e log1p logNdtr ndtr ndtri psi round sinc`,
    () => [k.rand(3, 4)],
  ),
  ...group('gammainc gammaincc xlog1py xlogy', () => [positive(), positive()]),
  logit: () => [k.rand(3, 4), 0.25],
  ...group('logSoftmax softmax', () => [x(), 1, 'float64']),
  logsumexp: () => [x(), 1, true],
  multigammaln: () => [positive().add(2), 2],
  polygamma: () => [2, positive()],
};

export const LINALG: Readonly<Record<string, Call>> = {
  ...group('det logdet slogdet matrixExp inv svdvals', () => [spd()]),
  ...group('eigvalsh eigh', () => [spd(), 'U']),
  ...group('invEx', () => [spd(), true]),
  choleskyEx: () => [spd(), true, true],
  ...group('cholesky choleskyInverse', () => [spd(), true]),
  choleskySolve: () => [randn(4, 2), spd(), true],
  cond: () => [spd(), 2],
  cross: () => [randn(4, 3), randn(4, 3), 1],
  diagonal: () => [x(), 1, 0, 1],
  lstsq: () => [spd(), randn(4, 2), 0.125],
  matmul: () => [x(), randn(4, 3)],
  matrixNorm: () => [x(), 1, [0, 1], true, 'float64'],
  vectorNorm: () => [x(), 2.5, 1, true, 'float64'],
  norm: () => [x(), 2, [0, 1], true, 'float64'],
  matrixPower: () => [spd(), 2],
  matrixRank: () => [spd(), 0.125, true],
  multiDot: () => [[x(), randn(4, 3)]],
  pinv: () => [spd(), 0.125, true],
  qr: () => [spd(), 'reduced'],
  svd: () => [spd(), true],
  solve: () => [spd(), randn(4, 2), true],
  solveEx: () => [spd(), randn(4, 2), true, true],
  lu: () => [spd(), true],
  luFactor: () => [spd(), true],
  luFactorEx: () => [spd(), true, false],
  luSolve: () => [spd(), k.full([4], 4, { dtype: 'int32' }), randn(4, 2), true, false],
  householderProduct: () => [randn(4, 4), randn(2)],
  ...group('eig eigvals', () => [spd()]),
  solveTriangular: () => [spd(), randn(4, 2), true, true, true],
  triangularSolve: () => [randn(4, 2), spd(), true, true, true],
  tensorinv: () => [k.eye(6).view(2, 3, 2, 3), 2],
  tensorsolve: () => [k.eye(6).view(2, 3, 2, 3), randn(2, 3)],
  vander: () => [v(), 3],
  vecdot: () => [x(), x(), 1],
};

export const DISTRIBUTIONS: Readonly<Record<string, Call>> = {
  klDivergence: () => [new k.distributions.Normal(0.5, 1.5), new k.distributions.Normal(0.5, 1.5)],
  registerKl: () => [k.distributions.Normal, k.distributions.Poisson, () => ones(1)],
};

export const TESTING: Readonly<Record<string, Call>> = {
  assertClose: () => [x(), x(), 0.5, 1000.5, true, true, true, ANY_TEXT],
};

export const DEBUG: Readonly<Record<string, Call>> = {
  compareDevices: () => [new k.nn.Linear(4, 2), x(), ['wasm', 'wasm'], 0.5, 1.5],
};

export const QUANTIZATION: Readonly<Record<string, Call>> = {
  quantizeDynamic: () => [new k.nn.Sequential(new k.nn.Linear(3, 2)), { Linear: k.nn.Linear }, 'qint8', true],
};

export const PROFILER: Readonly<Record<string, Call>> = {
  profile: () => [() => 1, () => 0, () => 1, true, true, true, true],
  recordFunction: () => [ANY_TEXT, () => 1],
  schedule: () => [1, 2, 3, 4, 5, 1],
};

export const CONSTRAINTS: Readonly<Record<string, Call>> = {
  ...group('interval halfOpenInterval integerInterval', () => [0.5, 1.5]),
  ...group('greaterThan greaterThanEq lessThan', () => [0.5]),
  independent: () => [k.distributions.constraints.real, 1],
  multinomial: () => [2],
};

const w = (): Tensor => randn(2, { requiresGrad: true });
const loss = (of: Tensor): Tensor => of.mul(of).sum();

export const AUTOGRAD: Readonly<Record<string, Call>> = {
  backward: () => {
    const leaf = w();
    return [loss(leaf), ones([]), true, false, [leaf]];
  },
  grad: () => {
    const leaf = w();
    return [loss(leaf), leaf, ones([]), true, false, true, true];
  },
  ...group('gradcheck gradgradcheck', () => [(x: Tensor) => x.mul(x), w().double().detach().requiresGrad_(), 1e-6, 1e-5, 1e-3, true]), // prettier-ignore
  ...group('noGrad enableGrad inferenceMode detectAnomaly', () => [() => 1]),
  setDetectAnomaly: () => [true, () => 1],
  isAnomalyEnabled: () => [],
  setGradEnabled: () => [true, () => 1],
  isGradEnabled: () => [],
};

export const SAVED: Readonly<Record<string, Call>> = {
  savedTensorsHooks: () => [(x: Tensor) => x, (x: Tensor) => x, () => 1],
  saveOnCpu: () => [() => 1, { pinMemory: false }],
};

export const CHECKPOINTS: Readonly<Record<string, Call>> = {
  checkpoint: () => [
    k.relu, w(), { useReentrant: false, preserveRngState: true, determinismCheck: 'default', earlyStop: true },
  ], // prettier-ignore
  checkpointSequential: () => [[k.relu], 1, w(), { useReentrant: false, preserveRngState: true }],
};

export const FUNC: Readonly<Record<string, Call>> = {
  ...group('grad gradAndValue jacrev jacfwd', () => [(x: Tensor) => x.sum(), 1, false]),
  hessian: () => [(x: Tensor) => x.sum(), 1],
  vjp: () => [(x: Tensor) => x.mul(2), randn(2), { hasAux: false }],
  jvp: () => [(x: Tensor) => x.mul(2), [randn(2)], [randn(2)], true, false],
  vmap: () => [(x: Tensor) => x.mul(2), { inDims: 1, outDims: 1, randomness: 'same' }],
  functionalCall: () => [
    new k.nn.Linear(2, 1),
    { weight: randn(1, 2) },
    [randn(1, 2)],
    { tieWeights: false, strict: false },
  ],
  stackModuleState: () => [[new k.nn.ReLU()]],
};

export const FUNCTIONAL_DERIVATIVES: Readonly<Record<string, Call>> = {
  jacobian: () => [(x: Tensor) => x.mul(2), randn(2), true, false, true, 'forward-mode'],
  hessian: () => [(x: Tensor) => x.pow(2).sum(), randn(2), true, false, true, 'forward-mode'],
  ...group('vjp jvp', () => [(x: Tensor) => x.mul(2), randn(2), randn(2), true, true]),
  ...group('vhp hvp', () => [(x: Tensor) => x.pow(2).sum(), randn(2), randn(2), true, true]),
};

export const COLLATION: Readonly<Record<string, Call>> = {
  ...group('collate defaultCollate', () => [[new Float32Array(2), new Float32Array(2)]]),
  randomSplit: () => [new k.data.ArrayDataset([1, 2, 3]), [0.5, 0.5], new k.Generator(1)],
};

/** safetensors of one number. */
const file = (): Uint8Array => {
  const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(56);
  return new Uint8Array([header.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header), 0, 0, 128, 63]);
};
const reading = (): unknown[] => [file(), { cpu: 'wasm' }, true, undefined, () => undefined, new AbortController().signal, 1000.5]; // prettier-ignore

export const IO: Readonly<Record<string, Call>> = {
  ...group('load loadMetadata', reading),
  save: () => [{ w: ones(1) }, { format: 'safetensors', metadata: { name: 'w' } }],
  store: () => ['indexeddb:w', new ArrayBuffer(1)],
  remove: () => ['indexeddb:w'],
  download: () => ['w', new ArrayBuffer(1)],
};
/** What needs a page: its valid calls fail here, for that reason alone, and wrong ones for others. */
export const IN_PAGES: readonly string[] = ['store', 'remove', 'download'];
