// One valid way to make every module, with as many arguments as it takes, and one to call it; and one valid call of every
// function of nn.functional, nn.init and nn.utils. As in functions.ts, real numbers are no whole ones here.
import { data, nn, ones, rand, randn, tensor, type Tensor } from '../../src';
import type { Call } from './functions';
import { ANY_TEXT } from './mutations';

const F = nn.functional;
const group = (names: string, call: Call): Record<string, Call> =>
  Object.fromEntries(names.trim().split(/\s+/).map((name) => [name, call])); // prettier-ignore

const vector = (): Tensor => randn(4);
const batch = (): Tensor => randn(3, 4);
const signal = (): Tensor => randn(2, 4, 8);
const image = (): Tensor => randn(2, 4, 6, 6);
const volume = (): Tensor => randn(2, 4, 4, 4, 4);
const labels = (): Tensor => tensor([0, 3, 1], { dtype: 'int64' });
const signs = (): Tensor => tensor([1, -1, 1]);
const counts = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });
/** For [3, 4]: the classes of each row, then -1. */
const classes = (): Tensor => tensor([[0, 2, -1, 1], [3, -1, 0, 0], [1, 0, 2, -1]], { dtype: 'int64' }); // prettier-ignore
const dtype = { dtype: 'float32', device: 'wasm' };

/** Arguments of a constructor, and of a call of what it made. */
export type Made = readonly [make: Call, call: Call];
const made = (names: string, make: Call, call: Call): Record<string, Made> =>
  Object.fromEntries(names.trim().split(/\s+/).map((name) => [name, [make, call]])); // prettier-ignore

const perDims = (name: string, make: Call): Record<string, Made> => ({
  ...made(`${name}1d`, make, () => [signal()]),
  ...made(`${name}2d`, make, () => [image()]),
  ...made(`${name}3d`, make, () => [volume()]),
});
const REDUCED = [null, null, 'mean'];
const LAYER = [(x: Tensor) => x.relu(), 0.125, true, true, false, dtype] as const;

export const MODULES: Readonly<Record<string, Made>> = {
  ...made('Sigmoid Tanh LogSigmoid Softsign Tanhshrink', () => [], () => [batch()]), // prettier-ignore
  ...made('Softmax2d', () => [], () => [image()]), // prettier-ignore
  ...made('ReLU ReLU6 SELU SiLU Mish Hardsigmoid Hardswish', () => [false], () => [batch()]), // prettier-ignore
  ...made('CELU ELU LeakyReLU', () => [0.5, false], () => [batch()]), // prettier-ignore
  ...made('GELU', () => ['tanh'], () => [batch()]), // prettier-ignore
  ...made('GLU Softmax LogSoftmax Softmin', () => [1], () => [batch()]), // prettier-ignore
  ...made('Hardshrink Softshrink', () => [0.5], () => [batch()]), // prettier-ignore
  ...made('Hardtanh', () => [-1.5, 1.5, false], () => [batch()]), // prettier-ignore
  ...made('RReLU', () => [0.125, 0.5, false], () => [batch()]), // prettier-ignore
  ...made('PReLU', () => [4, 0.25, dtype], () => [batch()]), // prettier-ignore
  ...made('Softplus', () => [0.5, 20.5], () => [batch()]), // prettier-ignore
  ...made('Threshold', () => [0.5, 0.25, false], () => [batch()]), // prettier-ignore

  ...made('Dropout AlphaDropout', () => [0.5, false], () => [batch()]), // prettier-ignore
  ...made('Dropout1d', () => [0.5, false], () => [signal()]), // prettier-ignore
  ...made('Dropout2d FeatureAlphaDropout', () => [0.5, false], () => [image()]), // prettier-ignore
  ...made('Dropout3d', () => [0.5, false], () => [volume()]), // prettier-ignore

  ...made('Linear', () => [4, 2, true, dtype], () => [batch()]), // prettier-ignore
  ...made('LazyLinear', () => [2, true, dtype], () => [batch()]), // prettier-ignore
  ...made('Bilinear', () => [4, 4, 2, true, dtype], () => [batch(), batch()]), // prettier-ignore
  ...made('Embedding', () => [5, 2, 0, 1.5, 2.5, true, false, null, dtype], () => [labels()]), // prettier-ignore
  ...made('EmbeddingBag', () => [5, 2, 1.5, 2.5, true, 'mean', false, null, false, 0, dtype], () => [labels(), counts(0, 1)]), // prettier-ignore
  ...made('Flatten', () => [1, -1], () => [image()]), // prettier-ignore
  ...made('Unflatten', () => [1, [2, 2]], () => [batch()]), // prettier-ignore
  ...made('Fold', () => [[4, 4], 2, 1, 0, 2], () => [randn(1, 4, 4)]), // prettier-ignore
  ...made('Unfold', () => [2, 1, 0, 2], () => [image()]), // prettier-ignore
  ...made('ChannelShuffle', () => [2], () => [image()]), // prettier-ignore
  ...made('PixelShuffle', () => [2], () => [image()]), // prettier-ignore
  ...made('PixelUnshuffle', () => [2], () => [image()]), // prettier-ignore
  ...made('CosineSimilarity', () => [1, 0.125], () => [batch(), batch()]), // prettier-ignore
  ...made('PairwiseDistance', () => [2.5, 0.125, true], () => [batch(), batch()]), // prettier-ignore

  ...perDims('Conv', () => [4, 2, 3, 1, 1, 1, 2, true, 'zeros', dtype]),
  ...perDims('LazyConv', () => [2, 3, 1, 1, 1, 2, true, 'zeros', dtype]),
  ...perDims('ConvTranspose', () => [4, 2, 3, 2, 1, 1, 2, true, 1, 'zeros', dtype]),
  ...perDims('LazyConvTranspose', () => [2, 3, 2, 1, 1, 2, true, 1, 'zeros', dtype]),
  ...perDims('MaxPool', () => [2, 2, 0, 1, false, true]),
  ...made('AvgPool1d', () => [2, 2, 0, true, true], () => [signal()]), // prettier-ignore
  ...made('AvgPool2d', () => [2, 2, 0, true, true, 3], () => [image()]), // prettier-ignore
  ...made('AvgPool3d', () => [2, 2, 0, true, true, 3], () => [volume()]), // prettier-ignore
  ...perDims('AdaptiveAvgPool', () => [2]),
  ...perDims('AdaptiveMaxPool', () => [2, false]),
  ...perDims('LPPool', () => [2.5, 2, 2, true]),
  ...made('FractionalMaxPool2d', () => [2, 2, null, false, null], () => [image()]), // prettier-ignore
  ...made('FractionalMaxPool3d', () => [2, 2, null, false, null], () => [volume()]), // prettier-ignore
  ...made('MaxUnpool1d', () => [2, 2, 0], () => [...F.maxPool1d(signal(), 2, { returnIndices: true }), [8]]), // prettier-ignore
  ...made('MaxUnpool2d', () => [2, 2, 0], () => [...F.maxPool2d(image(), 2, { returnIndices: true }), [6, 6]]), // prettier-ignore
  ...made('MaxUnpool3d', () => [2, 2, 0], () => [...F.maxPool3d(volume(), 2, { returnIndices: true }), [4, 4, 4]]), // prettier-ignore
  ...perDims('ConstantPad', () => [1, 0.5]),
  ...perDims('CircularPad', () => [1]),
  ...perDims('ReflectionPad', () => [1]),
  ...perDims('ReplicationPad', () => [1]),
  ...perDims('ZeroPad', () => [1]),
  ...made('Upsample', () => [null, 2.5, 'bilinear', true, true], () => [image()]), // prettier-ignore
  ...made('UpsamplingBilinear2d UpsamplingNearest2d', () => [null, 2.5], () => [image()]), // prettier-ignore

  ...perDims('BatchNorm', () => [4, 0.125, 0.5, true, true, dtype]),
  ...perDims('InstanceNorm', () => [4, 0.125, 0.5, true, true, dtype]),
  ...perDims('LazyBatchNorm', () => [0.125, 0.5, true, true, dtype]),
  ...perDims('LazyInstanceNorm', () => [0.125, 0.5, true, true, dtype]),
  ...made('GroupNorm', () => [2, 4, 0.125, true, dtype], () => [image()]), // prettier-ignore
  ...made('LayerNorm', () => [[4], 0.125, true, true, dtype], () => [batch()]), // prettier-ignore
  ...made('RMSNorm', () => [[4], 0.125, true, dtype], () => [batch()]), // prettier-ignore
  ...made('LocalResponseNorm CrossMapLRN2d', () => [3, 0.25, 0.75, 1.5], () => [image()]), // prettier-ignore

  ...made('L1Loss MSELoss', () => REDUCED, () => [batch(), batch()]), // prettier-ignore
  ...made('SmoothL1Loss', () => [...REDUCED, 0.5], () => [batch(), batch()]), // prettier-ignore
  ...made('HuberLoss', () => ['mean', 0.5], () => [batch(), batch()]), // prettier-ignore
  ...made('BCELoss', () => [vector().abs(), ...REDUCED], () => [rand(3, 4), rand(3, 4)]), // prettier-ignore
  ...made('BCEWithLogitsLoss', () => [vector().abs(), ...REDUCED, vector().abs()], () => [batch(), rand(3, 4)]), // prettier-ignore
  ...made('KLDivLoss', () => [...REDUCED, true], () => [batch(), batch()]), // prettier-ignore
  ...made('CrossEntropyLoss', () => [vector().abs(), null, 2, null, 'mean', 0.25], () => [batch(), labels()]), // prettier-ignore
  ...made('NLLLoss', () => [vector().abs(), null, 2, null, 'mean'], () => [batch(), labels()]), // prettier-ignore
  ...made('PoissonNLLLoss', () => [true, true, null, 0.125, null, 'mean'], () => [batch(), batch().abs()]), // prettier-ignore
  ...made('GaussianNLLLoss', () => [{ full: true, eps: 0.125, reduction: 'mean' }], () => [batch(), batch(), batch().abs()]), // prettier-ignore
  ...made('CTCLoss', () => [0, 'mean', true], () => [randn(5, 1, 4).logSoftmax(2), counts(1, 2).view(1, 2), counts(5), counts(2)]), // prettier-ignore
  ...made('HingeEmbeddingLoss', () => [0.5, ...REDUCED], () => [randn(3), signs()]), // prettier-ignore
  ...made('SoftMarginLoss', () => REDUCED, () => [randn(3), signs()]), // prettier-ignore
  ...made('MarginRankingLoss', () => [0.5, ...REDUCED], () => [randn(3), randn(3), signs()]), // prettier-ignore
  ...made('CosineEmbeddingLoss', () => [0.5, ...REDUCED], () => [batch(), batch(), signs()]), // prettier-ignore
  ...made('MultiLabelMarginLoss', () => REDUCED, () => [batch(), classes()]), // prettier-ignore
  ...made('MultiLabelSoftMarginLoss', () => [vector().abs(), ...REDUCED], () => [batch(), rand(3, 4).round()]), // prettier-ignore
  ...made('MultiMarginLoss', () => [1, 0.5, vector().abs(), ...REDUCED], () => [batch(), labels()]), // prettier-ignore
  ...made('TripletMarginLoss', () => [0.5, 2.5, 0.125, true, ...REDUCED], () => [batch(), batch(), batch()]), // prettier-ignore
  ...made('TripletMarginWithDistanceLoss', () => [{ distanceFunction: (a: Tensor, b: Tensor) => a.sub(b).norm(2, 1), margin: 0.5, swap: true, reduction: 'mean' }], () => [batch(), batch(), batch()]), // prettier-ignore
  ...made('AdaptiveLogSoftmaxWithLoss', () => [4, 4, [2], 2.5, true, dtype], () => [batch(), labels()]), // prettier-ignore

  ...made('RNN', () => [4, 2, 1, true, true, 0.25, true, 'tanh', dtype], () => [randn(3, 5, 4), randn(2, 3, 2)]), // prettier-ignore
  ...made('GRU', () => [4, 2, 1, true, true, 0.25, true, dtype], () => [randn(3, 5, 4), randn(2, 3, 2)]), // prettier-ignore
  ...made('LSTM', () => [4, 2, 1, true, true, 0.25, true, 1, dtype], () => [randn(3, 5, 4), [randn(2, 3, 1), randn(2, 3, 2)]]), // prettier-ignore
  ...made('RNNCell', () => [4, 2, true, 'tanh', dtype], () => [batch(), randn(3, 2)]), // prettier-ignore
  ...made('GRUCell', () => [4, 2, true, dtype], () => [batch(), randn(3, 2)]), // prettier-ignore
  ...made('LSTMCell', () => [4, 2, true, dtype], () => [batch(), [randn(3, 2), randn(3, 2)]]), // prettier-ignore
  ...made('MultiheadAttention', () => [4, 2, 0.5, true, true, true, 4, 4, true, dtype], () => [randn(2, 3, 4), randn(2, 3, 4), randn(2, 3, 4), null, true, null, true]), // prettier-ignore
  ...made('TransformerEncoderLayer', () => [4, 2, 8, 0.5, ...LAYER], () => [randn(2, 3, 4)]), // prettier-ignore
  ...made('TransformerDecoderLayer', () => [4, 2, 8, 0.5, ...LAYER], () => [randn(2, 3, 4), randn(2, 3, 4)]), // prettier-ignore
  ...made('TransformerEncoder', () => [new nn.TransformerEncoderLayer(4, 2, 8), 1, null, true], () => [randn(2, 3, 4)]), // prettier-ignore
  ...made('TransformerDecoder', () => [new nn.TransformerDecoderLayer(4, 2, 8), 1, null], () => [randn(2, 3, 4), randn(2, 3, 4)]), // prettier-ignore
  ...made('Transformer', () => [4, 2, 1, 1, 8, 0.5, (x: Tensor) => x.relu(), null, null, 0.125, true, true, false, dtype], () => [randn(2, 3, 4), randn(2, 3, 4)]), // prettier-ignore

  ...made('Sequential', () => [new nn.Linear(4, 2), new nn.ReLU()], () => [batch()]), // prettier-ignore
  ...made('ModuleList', () => [[new nn.Linear(4, 2)]], () => []), // prettier-ignore
  ...made('ModuleDict', () => [new Map([['a', new nn.Linear(4, 2)]])], () => []), // prettier-ignore
  ...made('ParameterList', () => [[ones(2)]], () => []), // prettier-ignore
  ...made('ParameterDict', () => [new Map([['a', ones(2)]])], () => []), // prettier-ignore
};

/** What cannot be called. */
export const UNCALLABLE: readonly string[] = ['ModuleList', 'ModuleDict', 'ParameterList', 'ParameterDict'];

const PAIR = () => [batch(), batch(), ...REDUCED];

export const FUNCTIONAL: Readonly<Record<string, Call>> = {
  ...group('sigmoid tanh logsigmoid softsign tanhshrink relu_ selu_', () => [batch()]),
  ...group('relu relu6 selu silu mish hardsigmoid hardswish', () => [batch(), false]),
  ...group('celu elu leakyRelu', () => [batch(), 0.5, false]),
  ...group('celu_ elu_ leakyRelu_', () => [batch(), 0.5]),
  gelu: () => [batch(), 'tanh'],
  glu: () => [batch(), 1],
  ...group('hardshrink softshrink', () => [batch(), 0.5]),
  hardtanh: () => [batch(), -1.5, 1.5, false],
  hardtanh_: () => [batch(), -1.5, 1.5],
  softplus: () => [batch(), 0.5, 20.5],
  threshold: () => [batch(), 0.5, 0.25, false],
  threshold_: () => [batch(), 0.5, 0.25],
  rrelu: () => [batch(), 0.125, 0.5, true, false],
  rrelu_: () => [batch(), 0.125, 0.5, true],
  prelu: () => [batch(), vector()],
  ...group('softmax logSoftmax softmin', () => [batch(), 1, { dtype: 'float64' }]),
  gumbelSoftmax: () => [batch(), 0.5, true, 0.125, 1],
  ...group('dropout alphaDropout', () => [batch(), 0.5, true, false]),
  dropout1d: () => [signal(), 0.5, true, false],
  ...group('dropout2d featureAlphaDropout', () => [image(), 0.5, true, false]),
  dropout3d: () => [volume(), 0.5, true, false],

  linear: () => [batch(), randn(2, 4), randn(2)],
  bilinear: () => [batch(), batch(), randn(2, 4, 4), randn(2)],
  embedding: () => [labels(), randn(5, 2), 0, 1.5, 2.5, true, false],
  embeddingBag: () => [labels(), randn(5, 2), counts(0, 1), 1.5, 2.5, true, 'sum', false, ones(3), false, 0],
  oneHot: () => [labels(), 5],
  conv1d: () => [signal(), randn(2, 2, 3), randn(2), 1, 1, 1, 2],
  conv2d: () => [image(), randn(2, 2, 3, 3), randn(2), 1, 1, 1, 2],
  conv3d: () => [volume(), randn(2, 2, 3, 3, 3), randn(2), 1, 1, 1, 2],
  convTranspose1d: () => [signal(), randn(4, 2, 3), randn(4), 2, 1, 1, 2, 1],
  convTranspose2d: () => [image(), randn(4, 2, 3, 3), randn(4), 2, 1, 1, 2, 1],
  convTranspose3d: () => [volume(), randn(4, 2, 3, 3, 3), randn(4), 2, 1, 1, 2, 1],
  maxPool1d: () => [signal(), 2, 2, 0, 1, true, true],
  maxPool2d: () => [image(), 2, 2, 0, 1, true, true],
  maxPool3d: () => [volume(), 2, 2, 0, 1, true, true],
  avgPool1d: () => [signal(), 2, 2, 0, true, true],
  avgPool2d: () => [image(), 2, 2, 0, true, true, 3],
  avgPool3d: () => [volume(), 2, 2, 0, true, true, 3],
  adaptiveAvgPool1d: () => [signal(), 2],
  adaptiveAvgPool2d: () => [image(), 2],
  adaptiveAvgPool3d: () => [volume(), 2],
  adaptiveMaxPool1d: () => [signal(), 2, true],
  adaptiveMaxPool2d: () => [image(), 2, true],
  adaptiveMaxPool3d: () => [volume(), 2, true],
  lpPool1d: () => [signal(), 2.5, 2, 2, true],
  lpPool2d: () => [image(), 2.5, 2, 2, true],
  lpPool3d: () => [volume(), 2.5, 2, 2, true],
  fractionalMaxPool2d: () => [image(), 2, 2, null, true, rand(2, 4, 2)],
  fractionalMaxPool3d: () => [volume(), 2, 2, null, true, rand(2, 4, 3)],
  maxUnpool1d: () => [...F.maxPool1d(signal(), 2, { returnIndices: true }), 2, 2, 0, [8]],
  maxUnpool2d: () => [...F.maxPool2d(image(), 2, { returnIndices: true }), 2, 2, 0, [6, 6]],
  maxUnpool3d: () => [...F.maxPool3d(volume(), 2, { returnIndices: true }), 2, 2, 0, [4, 4, 4]],
  pad: () => [batch(), [1, 1], 'constant', 0.5],
  fold: () => [randn(1, 4, 4), [4, 4], 2, 1, 0, 2],
  unfold: () => [image(), 2, 1, 0, 2],
  affineGrid: () => [randn(1, 2, 3), [1, 1, 4, 4], true],
  gridSample: () => [image(), rand(2, 3, 3, 2), 'bilinear', 'zeros', true],
  interpolate: () => [image(), null, 2.5, 'bilinear', true, true, false],
  upsample: () => [image(), null, 2.5, 'bilinear', true],
  ...group('upsampleBilinear upsampleNearest', () => [image(), null, 2.5]),
  channelShuffle: () => [image(), 2],
  ...group('pixelShuffle pixelUnshuffle', () => [image(), 2]),

  batchNorm: () => [batch(), vector(), ones(4), vector(), vector(), true, 0.5, 0.125],
  instanceNorm: () => [signal(), vector(), ones(4), vector(), vector(), true, 0.5, 0.125],
  groupNorm: () => [image(), 2, vector(), vector(), 0.125],
  layerNorm: () => [batch(), [4], vector(), vector(), 0.125],
  rmsNorm: () => [batch(), [4], vector(), 0.125],
  localResponseNorm: () => [image(), 3, 0.25, 0.75, 1.5],
  normalize: () => [batch(), 2.5, 1, 0.125],
  cosineSimilarity: () => [batch(), batch(), 1, 0.125],
  pairwiseDistance: () => [batch(), batch(), 2.5, 0.125, true],
  pdist: () => [batch(), 2.5],
  scaledDotProductAttention: () => [randn(2, 3, 4), randn(2, 3, 4), randn(2, 3, 4), null, 0.5, true, 0.25, true],

  multiHeadAttentionForward: () => [randn(3, 2, 4), randn(3, 2, 4), randn(3, 2, 4), 4, 2, randn(12, 4), randn(12), null, null, false, 0.25, randn(4, 4), randn(4)], // prettier-ignore

  ...group('mseLoss l1Loss', PAIR),
  smoothL1Loss: () => [...PAIR(), 0.5],
  huberLoss: () => [batch(), batch(), 'mean', 0.5],
  binaryCrossEntropy: () => [rand(3, 4), rand(3, 4), vector().abs(), ...REDUCED],
  binaryCrossEntropyWithLogits: () => [batch(), rand(3, 4), vector().abs(), ...REDUCED, vector().abs()],
  klDiv: () => [...PAIR(), true],
  crossEntropy: () => [batch(), labels(), vector().abs(), null, 2, null, 'mean', 0.25],
  nllLoss: () => [batch(), labels(), vector().abs(), null, 2, null, 'mean'],
  poissonNllLoss: () => [batch(), batch().abs(), true, true, null, 0.125, null, 'mean'],
  gaussianNllLoss: () => [batch(), batch(), batch().abs(), true, 0.125, 'mean'],
  ctcLoss: () => [randn(5, 1, 4).logSoftmax(2), counts(1, 2).view(1, 2), counts(5), counts(2), 0, 'mean', true],
  hingeEmbeddingLoss: () => [randn(3), signs(), 0.5, ...REDUCED],
  softMarginLoss: () => [randn(3), signs(), ...REDUCED],
  marginRankingLoss: () => [randn(3), randn(3), signs(), 0.5, ...REDUCED],
  cosineEmbeddingLoss: () => [batch(), batch(), signs(), 0.5, ...REDUCED],
  multilabelMarginLoss: () => [batch(), classes(), ...REDUCED],
  multilabelSoftMarginLoss: () => [batch(), rand(3, 4).round(), vector().abs(), ...REDUCED],
  multiMarginLoss: () => [batch(), labels(), 1, 0.5, vector().abs(), ...REDUCED],
  tripletMarginLoss: () => [batch(), batch(), batch(), 0.5, 2.5, 0.125, true, ...REDUCED],
  tripletMarginWithDistanceLoss: () => [batch(), batch(), batch(), { distanceFunction: (a: Tensor, b: Tensor) => a.sub(b).norm(2, 1), margin: 0.5, swap: true, reduction: 'mean' }], // prettier-ignore
};

const linear = (): nn.Linear => new nn.Linear(4, 2);
const parameters = (): Tensor[] => {
  const net = linear();
  net(batch()).sum().backward();
  return [...net.parameters()];
};

export const INIT: Readonly<Record<string, Call>> = {
  ...group('eye_ ones_ zeros_', () => [batch()]),
  calculateFanInAndFanOut: () => [batch()],
  calculateGain: () => ['leaky_relu', 0.25],
  constant_: () => [batch(), 0.5],
  dirac_: () => [randn(4, 2, 3), 2],
  ...group('kaimingNormal_ kaimingUniform_', () => [batch(), 0.25, 'fan_out', 'leaky_relu']),
  normal_: () => [batch(), 0.5, 1.5],
  uniform_: () => [batch(), -0.5, 0.5],
  orthogonal_: () => [batch(), 0.5],
  sparse_: () => [batch(), 0.5, 0.25],
  truncNormal_: () => [batch(), 0.5, 1.5, -2.5, 2.5],
  ...group('xavierNormal_ xavierUniform_', () => [batch(), 0.5]),
};

export const SWA_UTILS: Readonly<Record<string, Call>> = {
  ...group('getEmaAvgFn getEmaMultiAvgFn', () => [0.5]),
  ...group('getSwaAvgFn getSwaMultiAvgFn', () => []),
  updateBn: () => [new data.DataLoader(new data.TensorDataset(batch()), 3), new nn.BatchNorm1d(4), 'wasm'],
};

export const UTILS: Readonly<Record<string, Call>> = {
  ...group('clipGradNorm_ clipGradNormChecked_', () => [parameters(), 1.5, 2.5]),
  clipGradValue_: () => [parameters(), 0.5],
  clipGradsWithNorm_: () => [parameters(), 0.5, ones([])],
  getTotalNorm: () => [parameters(), 1.5],
  fuseConvBnEval: () => [new nn.Conv2d(2, 3, 1).eval(), new nn.BatchNorm2d(3).eval(), false],
  fuseLinearBnEval: () => [linear().eval(), new nn.BatchNorm1d(2).eval()],
  parametersToVector: () => [parameters()],
  vectorToParameters: () => [randn(10), parameters()],
  spectralNorm: () => [linear(), 'weight', 1, 0.125, 0],
  weightNorm: () => [linear(), 'weight', 0],
  removeSpectralNorm: () => [nn.utils.spectralNorm(linear()), 'weight'],
  removeWeightNorm: () => [nn.utils.weightNorm(linear()), 'weight'],
  skipInit: () => [nn.Linear, 4, 2],
};

export const PARAMETRIZATIONS: Readonly<Record<string, Call>> = {
  orthogonal: () => [linear(), 'weight', 'householder', { useTrivialization: true }],
  spectralNorm: () => [linear(), 'weight', 1, 0.125, 0],
  weightNorm: () => [linear(), 'weight', 0],
};

const parametrized = (): nn.Linear => {
  const net = linear();
  nn.utils.parametrize.registerParametrization(net, 'weight', new nn.Identity());
  return net;
};

export const PARAMETRIZE: Readonly<Record<string, Call>> = {
  cached: () => [() => 1],
  isParametrized: () => [linear(), ANY_TEXT],
  typeBeforeParametrizations: () => [linear()],
  registerParametrization: () => [linear(), 'weight', new nn.Identity(), true],
  removeParametrizations: () => [parametrized(), 'weight', true],
};

/** Functions of nn itself. */
export const NN: Readonly<Record<string, Call>> = {
  registerModuleForwardPreHook: () => [() => undefined],
  registerModuleForwardHook: () => [() => undefined, { alwaysCall: false }],
  registerModuleFullBackwardPreHook: () => [() => undefined],
  registerModuleFullBackwardHook: () => [() => undefined],
};

export const PRUNE: Readonly<Record<string, Call>> = {
  customFromMask: () => [linear(), 'weight', ones(2, 4)],
  globalUnstructured: () => [[[linear(), 'weight']], nn.utils.prune.L1Unstructured, { amount: 0.5 }],
  identity: () => [linear(), 'weight'],
  isPruned: () => [linear()],
  l1Unstructured: () => [linear(), 'weight', 0.5, ones(2, 4)],
  lnStructured: () => [linear(), 'weight', 0.5, 2.5, 0, ones(2, 4)],
  randomStructured: () => [linear(), 'weight', 0.5, 0],
  randomUnstructured: () => [linear(), 'weight', 0.5],
  remove: () => [nn.utils.prune.identity(linear(), 'weight'), 'weight'],
};

export const RNN: Readonly<Record<string, Call>> = {
  packPaddedSequence: () =>
    [randn(3, 2, 4), counts(3, 2), true, true].map((arg, i) => (i === 0 ? randn(2, 3, 4) : arg)),
  padPackedSequence: () => [nn.utils.rnn.packSequence([randn(3, 4), randn(2, 4)]), true, 0.5, 4],
  padSequence: () => [[randn(3, 4), randn(2, 4)], true, 0.5],
  packSequence: () => [[randn(3, 4), randn(2, 4)], true],
  unpadSequence: () => [randn(3, 2, 4), [3, 2], false],
  unpackSequence: () => [nn.utils.rnn.packSequence([randn(3, 4), randn(2, 4)])],
};
