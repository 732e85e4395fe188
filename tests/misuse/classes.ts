// Objects of every public class that is no module, and one valid call of each of their methods, with as many arguments as it takes;
// calls.test.ts makes wrong ones of them. Modules are in modules.ts.
import * as k from '../../src';
import { nn, ones, optim, randn, type Tensor } from '../../src';
import type { Call } from './functions';
import { ANY_TEXT } from './mutations';

/** What is tried of a class. */
export interface Subject {
  /** Arguments of its constructor; null for what users do not construct. */
  readonly args: Call | null;
  /** An object, made anew for each call of a method; by default one of those arguments. */
  readonly make?: (method: string) => object;
  /** Valid calls of its own methods; those that it inherits stand with the class that has them. */
  readonly methods?: Readonly<Record<string, Call>>;
}

const parameter = (): nn.Parameter => {
  const p = new nn.Parameter(ones(2));
  p.grad = ones(2);
  return p;
};
const sgd = (): optim.SGD => new optim.SGD([parameter()], { lr: 0.1, momentum: 0.5 });
const adam = (): optim.Adam => new optim.Adam([parameter()]);
const nothing: Call = () => [];
const batch = (): Tensor => randn(3, 4);
const linear = (): nn.Linear => new nn.Linear(4, 2);
const sampler = (): k.data.Sampler => new k.data.SequentialSampler([1, 2, 3]);
const dataset = (): k.data.Dataset<number> => new k.data.ArrayDataset([1, 2, 3]);
/** What comes behind the optimizer of a schedule. */
const COMMON = [-1, false] as const;

/** A schedule, whose step takes an epoch. */
const schedule = (args: Call, methods: Readonly<Record<string, Call>> = {}): Subject => ({ args, methods });
const optimizer = (...options: readonly unknown[]): Subject => ({ args: () => [[parameter()], ...options] });
const state = (of: () => { stateDict: () => object }): Call => () => [of().stateDict()]; // prettier-ignore

const chained = (): optim.lrScheduler.ChainedScheduler =>
  new optim.lrScheduler.ChainedScheduler([new optim.lrScheduler.StepLR(sgd(), 2)]);
const sequential = (): optim.lrScheduler.SequentialLR => {
  const { SequentialLR, StepLR } = optim.lrScheduler;
  const of = sgd();
  return new SequentialLR(of, [new StepLR(of, 2), new StepLR(of, 3)], [2]);
};
const step = (): optim.lrScheduler.StepLR => new optim.lrScheduler.StepLR(sgd(), 2);
const plateau = (): optim.lrScheduler.ReduceLROnPlateau => new optim.lrScheduler.ReduceLROnPlateau(sgd());
const scaler = (): k.amp.GradScaler => {
  const made = new k.amp.GradScaler();
  made.scale(ones(1));
  return made;
};

export const OPTIMIZERS: Readonly<Record<string, Subject>> = {
  Optimizer: {
    args: null,
    make: sgd,
    methods: {
      addParamGroup: () => [{ params: [parameter()], lr: 0.5 }],
      zeroGrad: () => [false],
      stateDict: nothing,
      loadStateDict: state(sgd),
      registerStepPreHook: () => [() => undefined],
      registerStepPostHook: () => [() => undefined],
      registerStateDictPreHook: () => [() => undefined, true],
      registerStateDictPostHook: () => [() => undefined, true],
      registerLoadStateDictPreHook: () => [() => undefined, true],
      registerLoadStateDictPostHook: () => [() => undefined, true],
    },
  },
  ElementwiseOptimizer: { args: null, make: sgd, methods: { step: () => [() => ones(1)] } },
  TensorOptimizer: {
    args: null,
    make: () => new optim.SparseAdam([parameter()]),
    methods: { step: () => [() => ones(1)] },
  },
  Adafactor: optimizer(0.5, -0.5, [0.25, 0.125], 1.5, 0.5, true),
  Adadelta: optimizer(0.5, 0.25, 0.125, 0.5, true),
  Adagrad: optimizer(0.5, 0.25, 0.125, 0.5, 0.25, true),
  Adam: optimizer(0.5, [0.5, 0.25], 0.125, 0.5, true, true),
  Adamax: optimizer(0.5, [0.5, 0.25], 0.125, 0.5, true),
  AdamW: optimizer(0.5, [0.5, 0.25], 0.125, 0.5, true, true),
  ASGD: optimizer(0.5, 0.25, 0.125, 1.5, 0.5, true),
  LBFGS: {
    args: () => [[parameter()], 0.5, 2, 3, 0.125, 0.125, 5, 'strong_wolfe'],
    methods: { step: () => [() => ones(1)] },
  },
  Muon: {
    args: () => [[new nn.Parameter(ones(2, 3))], 0.5, 0.125, 0.25, false, [1.5, -0.5, 0.25], 0.125, 2, 'original'],
    methods: { step: () => [() => ones(1)] },
  },
  NAdam: optimizer(0.5, [0.5, 0.25], 0.125, 0.5, 0.25),
  RAdam: optimizer(0.5, [0.5, 0.25], 0.125, 0.5),
  RMSprop: optimizer(0.5, 0.25, 0.125, 0.5, 0.25, true, true),
  Rprop: optimizer(0.5, [0.5, 1.5], [0.5, 1.5], true),
  SGD: optimizer(0.5, 0.5, 0.25, 0.125, false, true),
  SparseAdam: optimizer(0.5, [0.5, 0.25], 0.125, true),
};

export const SCHEDULES: Readonly<Record<string, Subject>> = {
  LRScheduler: {
    args: null,
    make: step,
    methods: { step: () => [2.5], getLastLr: nothing, stateDict: nothing, loadStateDict: state(step) },
  },
  LambdaLR: schedule(() => [sgd(), () => 0.5, ...COMMON]),
  MultiplicativeLR: schedule(() => [sgd(), () => 0.5, ...COMMON]),
  StepLR: schedule(() => [sgd(), 2, 0.5, ...COMMON]),
  MultiStepLR: schedule(() => [sgd(), [2, 3], 0.5, ...COMMON]),
  ConstantLR: schedule(() => [sgd(), 0.5, 2.5, ...COMMON]),
  LinearLR: schedule(() => [sgd(), 0.5, 0.75, 2.5, ...COMMON]),
  ExponentialLR: schedule(() => [sgd(), 0.5, ...COMMON]),
  PolynomialLR: schedule(() => [sgd(), 2.5, 0.5, ...COMMON]),
  CosineAnnealingLR: schedule(() => [sgd(), 2, 0.5, ...COMMON]),
  CosineAnnealingWarmRestarts: schedule(() => [sgd(), 2, 2, 0.5, ...COMMON], { step: () => [2.5] }),
  CyclicLR: schedule(() => [
    sgd(),
    0.5,
    1.5,
    2.5,
    3.5,
    'triangular',
    0.5,
    () => 0.5,
    'cycle',
    true,
    0.5,
    0.75,
    ...COMMON,
  ]),
  OneCycleLR: schedule(() => [adam(), 1.5, 20, 4, 5, 0.25, 'cos', true, 0.5, 0.75, 2.5, 3.5, true, ...COMMON], {
    step: () => [1.5],
  }),
  SWALR: schedule(() => [sgd(), 0.5, 2, 'linear', -1]),
  ReduceLROnPlateau: {
    args: () => [sgd(), 'max', 0.5, 2.5, 0.25, 'abs', 1.5, 0.125, 0.5, false],
    methods: { step: () => [0.5, 2.5], getLastLr: nothing, stateDict: nothing, loadStateDict: state(plateau) },
  },
  SchedulerList: {
    args: null,
    make: chained,
    methods: { getLastLr: nothing, stateDict: nothing, loadStateDict: state(chained) },
  },
  ChainedScheduler: { args: () => [[step()]], methods: { step: nothing } },
  SequentialLR: {
    args: () => {
      const of = sgd();
      const { StepLR } = optim.lrScheduler;
      return [of, [new StepLR(of, 2), new StepLR(of, 3)], [2], ...COMMON];
    },
    methods: { step: nothing, stateDict: nothing, loadStateDict: state(sequential) },
  },
};

class None extends k.data.IterableDataset<number> {
  [Symbol.asyncIterator](): AsyncIterator<number> {
    return (async function* () {
      // No items.
    })();
  }
}

export const DATA: Readonly<Record<string, Subject>> = {
  DataLoader: {
    args: () => [dataset(), 2, false, sampler(), null, (items: number[]) => items, true, new k.Generator(1), 2, 1.5],
  },
  ArrayDataset: { args: () => [Float32Array.of(1, 2, 3)], methods: { get: () => [1] } },
  Dataset: { args: null, make: dataset },
  IterableDataset: { args: null, make: () => new None() },
  Subset: {
    args: () => [dataset(), [0, 2]],
    make: () => new k.data.Subset(new k.data.TensorDataset(batch()), [0, 2]),
    methods: { get: () => [1], getBatch: () => [[0, 1]] },
  },
  TensorDataset: { args: () => [batch(), batch()], methods: { get: () => [1], getBatch: () => [[0, 1]] } },
  ConcatDataset: { args: () => [[dataset(), dataset()]], methods: { get: () => [1] } },
  StackDataset: {
    args: () => [new k.data.TensorDataset(batch()), new k.data.TensorDataset(batch())],
    methods: { get: () => [1], getBatch: () => [[0, 1]] },
  },
  ChainDataset: { args: () => [[new None(), new None()]] },
  Sampler: { args: null, make: sampler },
  WeightedRandomSampler: { args: () => [[0.5, 1.5], 2, false, new k.Generator(1)] },
  SequentialSampler: { args: () => [dataset()] },
  RandomSampler: { args: () => [dataset(), true, 2, new k.Generator(1)] },
  SubsetRandomSampler: { args: () => [[0, 2], new k.Generator(1)] },
  BatchSampler: { args: () => [sampler(), 2, true] },
};

/** Ended where it was begun, so that nothing else is in it. */
const openScope = (): k.Scope => {
  const made = k.scope();
  made.end();
  made[Symbol.dispose]();
  return made;
};
class Halved extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.mul(0.5);
  }
  rightInverse(x: Tensor): Tensor {
    return x.mul(2);
  }
}
const pruned = (): object => new nn.utils.prune.L1Unstructured(0.5);
const prunes = { computeMask: () => [batch(), ones(3, 4)] };

const ofNn: Readonly<Record<string, Subject>> = {
  ParametrizationList: {
    args: null,
    make: () => {
      const layer = linear();
      nn.utils.parametrize.registerParametrization(layer, 'weight', new Halved());
      return (layer as object as { parametrizations: nn.ModuleDict }).parametrizations.get('weight');
    },
    methods: { append: () => [new nn.Identity()], allowUnsafe: nothing, assign: () => [randn(2, 4)] },
  },
  BasePruningMethod: {
    args: null,
    make: pruned,
    methods: { prune: () => [batch(), ones(3, 4), batch()], apply: () => [linear(), 'weight', randn(2, 4)] },
  },
  CustomFromMask: { args: () => [ones(3, 4)], methods: prunes },
  IdentityPruning: { args: nothing, methods: prunes },
  L1Unstructured: { args: () => [0.5], methods: prunes },
  LnStructured: { args: () => [0.5, 2.5, 0], methods: prunes },
  PruningContainer: { args: () => [pruned()], methods: { ...prunes, addPruningMethod: () => [pruned()] } },
  RandomStructured: { args: () => [0.5, 0], methods: prunes },
  RandomUnstructured: { args: () => [0.5], methods: prunes },
  PackedSequence: {
    args: () => [batch(), [2, 1], [0, 1], [0, 1]],
    methods: { withData: () => [batch()], to: () => ['float64'] },
  },
};

const { distributions } = k;
const normal = (): k.distributions.Normal => new distributions.Normal(0.5, 1.5);
/** A distribution that has all there is. */
class Whole extends distributions.Normal {
  protected override listed(): Tensor {
    return k.arange(2);
  }
}
const weights = (): Tensor => k.tensor([0.25, 0.75]);
const probability: Subject = { args: () => [{ probs: 0.25, validateArgs: true }] };
const categories: Subject = { args: () => [{ probs: weights(), validateArgs: true }] };
const plainTransform: Subject = { args: () => [1] };
const DISTRIBUTIONS: Readonly<Record<string, Subject>> = {
  Distribution: {
    args: null,
    make: () => new Whole(0.5, 1.5),
    methods: {
      ...Object.fromEntries(['sample', 'rsample', 'expand'].map((name) => [name, () => [2, 3]])),
      ...Object.fromEntries(['logProb', 'cdf', 'icdf'].map((name) => [name, () => [weights()]])),
      entropy: nothing,
      perplexity: nothing,
      enumerateSupport: () => [true],
    },
  },
  ...Object.fromEntries(
    ['Normal', 'LogNormal', 'Laplace', 'Cauchy', 'Gumbel', 'Uniform', 'Gamma', 'Beta', 'Pareto', 'Weibull', 'Kumaraswamy'].map((name): [string, Subject] => [name, { args: () => [0.5, 1.5, true] }]),
  ),
  ...Object.fromEntries(
    ['Exponential', 'Poisson', 'HalfNormal', 'HalfCauchy', 'Chi2'].map((name): [string, Subject] => [name, { args: () => [0.5, true] }]),
  ),
  StudentT: { args: () => [2.5, 0.5, 1.5, true] },
  Bernoulli: probability,
  Geometric: probability,
  Binomial: { args: () => [2, { probs: weights(), validateArgs: true }] },
  Categorical: categories,
  OneHotCategorical: categories,
  OneHotCategoricalStraightThrough: categories,
  NegativeBinomial: { args: () => [1.5, { probs: weights(), validateArgs: true }] },
  MixtureSameFamily: {
    args: () => [new distributions.Categorical({ probs: weights() }), new distributions.Normal(weights(), 1.5), true],
  },
  Multinomial: { args: () => [2, { probs: weights(), validateArgs: true }] },
  Dirichlet: { args: () => [weights(), true] },
  MultivariateNormal: { args: () => [{ loc: weights(), covarianceMatrix: k.eye(2), validateArgs: true }] },
  Independent: { args: () => [new distributions.Normal(weights(), 1.5), 1, true] },
  TransformedDistribution: { args: () => [normal(), [new distributions.ExpTransform()], true] },
  LogitRelaxedBernoulli: { args: () => [0.5, { probs: 0.25, validateArgs: true }] },
  RelaxedBernoulli: { args: () => [0.5, { probs: 0.25, validateArgs: true }] },
  ExpRelaxedCategorical: { args: () => [0.5, { probs: weights(), validateArgs: true }] },
  RelaxedOneHotCategorical: { args: () => [0.5, { probs: weights(), validateArgs: true }] },
  Constraint: { args: null, make: () => distributions.constraints.positive, methods: { check: () => [weights()] } },
  Transform: {
    args: null,
    make: () => new distributions.ExpTransform(),
    methods: {
      logAbsDetJacobian: () => [weights(), weights()],
      forwardShape: () => [[2, 3]],
      inverseShape: () => [[2, 3]],
    },
  },
  ...Object.fromEntries(
    ['Exp', 'Sigmoid', 'Softplus', 'Tanh', 'Abs', 'Softmax', 'StickBreaking'].map((name) => [`${name}Transform`, plainTransform]),
  ),
  PowerTransform: { args: () => [1.5, 1] },
  AffineTransform: { args: () => [0.5, 1.5, 1, 1] },
  ComposeTransform: { args: () => [[new distributions.ExpTransform()], 1] },
}; // prettier-ignore

/** Options of observers. */
const RANGE = ['qint8', 'per_tensor_symmetric', true, -8, 7, 0.5] as const;
const CHANNELS = ['qint8', 'per_channel_symmetric', true, -8, 7, 0.5] as const;

export const OTHERS: Readonly<Record<string, Subject>> = {
  ...ofNn,
  ...DISTRIBUTIONS,
  AveragedModel: {
    args: () => [linear(), 'wasm', (x: Tensor) => x, () => undefined, true],
    make: () => new optim.swaUtils.AveragedModel(linear()),
    methods: { updateParameters: () => [linear()] },
  },
  MinMaxObserver: { args: () => RANGE },
  MovingAverageMinMaxObserver: { args: () => [0.5, ...RANGE] },
  PerChannelMinMaxObserver: { args: () => [1, ...CHANNELS] },
  MovingAveragePerChannelMinMaxObserver: { args: () => [0.5, 1, ...CHANNELS] },
  HistogramObserver: { args: () => [16, 4, ...RANGE], methods: { calculateQparams: nothing } },
  RangeObserver: {
    args: null,
    make: () => new k.ao.quantization.MinMaxObserver(),
    methods: { calculateQparams: nothing },
  },
  Observer: {
    args: null,
    make: () => new k.ao.quantization.MinMaxObserver(),
    methods: { resetMinMaxVals: nothing },
  },
  DynamicQuantizedLinear: { args: () => [linear()], methods: { quantizedWeight: nothing } },
  QuantizedTensor: {
    args: null,
    make: (method) =>
      method.startsWith('qPerChannel')
        ? k.quantizePerChannel(ones(2, 3), ones(3), k.zeros(3), 1, 'qint8')
        : k.quantizePerTensor(ones(2, 3), 0.5, 0, 'qint8'),
    methods: {
      ...{ qScale: nothing, qZeroPoint: nothing, qscheme: nothing, intRepr: nothing, dequantize: nothing },
      ...{ numel: nothing, repr: nothing },
      ...{ qPerChannelScales: nothing, qPerChannelZeroPoints: nothing, qPerChannelAxis: nothing },
      ...{ flatten: () => [0, 1], reshape: () => [[3, 2]], permute: () => [[1, 0]] },
    },
  },
  GradScaler: {
    args: () => [2.5, 1.5, 0.5, 2, true],
    make: scaler,
    methods: {
      scale: () => [[ones(1), ones(1)]],
      unscale_: () => [sgd()],
      step: () => [sgd()],
      update: () => [2.5],
      getScale: nothing,
      getGrowthFactor: nothing,
      setGrowthFactor: () => [1.5],
      getBackoffFactor: nothing,
      setBackoffFactor: () => [0.5],
      getGrowthInterval: nothing,
      setGrowthInterval: () => [2],
      isEnabled: nothing,
      stateDict: nothing,
      loadStateDict: state(scaler),
    },
  },
  Generator: {
    args: () => [2],
    methods: {
      manualSeed: () => [2],
      seed: nothing,
      initialSeed: nothing,
      getState: nothing,
      setState: () => [new k.Generator(1).getState()],
    },
  },
  Scope: { args: null, make: () => openScope(), methods: { run: () => [() => 1] } },
  FunctionContext: {
    args: null,
    make: () => new k.autograd.FunctionContext([true]),
    methods: {
      saveForBackward: () => [ones(1), ones(2)],
      markNonDifferentiable: () => [ones(1), ones(2)],
      setMaterializeGrads: () => [false],
    },
  },
  Parameter: { args: () => [ones(2), false] },
  Buffer: { args: () => [ones(2), false] },
  Foreign: { args: null, make: () => new k.io.Foreign('argparse.Namespace') },
};

/** Methods of Tensor that are no functions of `kindling`. */
export const TENSOR_METHODS: Readonly<Record<string, Call>> = {
  ...Object.fromEntries<Call>(
    'dim numel isContiguous isFloatingPoint detach data tolist repr float double int long byte bool half bfloat16 char short cpu zero_ retainGrad contiguous detach_ elementSize'
      .split(' ')
      .map((name): [string, Call] => [name, nothing]),
  ),
  size: () => [1],
  requiresGrad_: () => [true],
  hardshrink: () => [0.5],
  registerHook: () => [() => undefined],
  ...Object.fromEntries(
    ['copy_', 'expandAs', 'reshapeAs', 'viewAs', 'typeAs'].map((name) => [name, () => [randn(2, 2)]]),
  ),
  ...Object.fromEntries(['newEmpty', 'newOnes', 'newZeros'].map((name) => [name, () => [2, 3]])),
  type: () => ['float64'],
  newFull: () => [[2, 3], 0.5],
  newTensor: () => [[1.5, 2.5]],
  uniform_: () => [0.5, 1.5],
  normal_: () => [0.5, 1.5],
  exponential_: () => [0.5],
  cauchy_: () => [0.5, 1.5],
  logNormal_: () => [0.5, 1.5],
  geometric_: () => [0.5],
  random_: () => [2, 5],
  fillDiagonal_: () => [0.5, true],
  stride: () => [1],
};
/** Those that need a result of one element with a graph. */
export const LOSS_METHODS: Readonly<Record<string, Call>> = {
  item: nothing,
  isNonzero: nothing,
  backward: () => [ones([]), true, true],
};

const pair = (): nn.Sequential => new nn.Sequential(new nn.Linear(4, 4), new nn.ReLU());
const hook: Call = () => [() => undefined, { prepend: true, alwaysCall: true }];

/** Methods that modules have, by the class that has them. */
export const MODULE_METHODS: Readonly<Record<string, Subject>> = {
  Module: {
    args: null,
    make: () => new nn.BatchNorm1d(4),
    methods: {
      registerParameter: () => [ANY_TEXT, parameter()],
      registerBuffer: () => [ANY_TEXT, ones(2), true],
      ...Object.fromEntries(['addModule', 'registerModule'].map((name) => [name, () => [ANY_TEXT, linear()]])),
      namedParameters: () => [ANY_TEXT, true, true],
      namedBuffers: () => [ANY_TEXT, true, true],
      parameters: () => [true],
      buffers: () => [true],
      namedModules: () => [ANY_TEXT, true],
      namedChildren: nothing,
      children: nothing,
      modules: nothing,
      getSubmodule: () => [''],
      setSubmodule: () => [ANY_TEXT, linear(), false],
      toEmpty: () => ['cpu', false],
      getParameter: () => ['weight'],
      getBuffer: () => ['running_mean'],
      apply: () => [() => undefined],
      train: () => [true],
      eval: nothing,
      requiresGrad_: () => [true],
      zeroGrad: () => [true],
      to: () => ['wasm', 'float64'],
      cpu: nothing,
      float: nothing,
      double: nothing,
      half: nothing,
      bfloat16: nothing,
      stateDict: () => [{ prefix: ANY_TEXT, keepVars: true }],
      loadStateDict: () => [new nn.BatchNorm1d(4).stateDict(), true, false],
      registerStateDictPreHook: () => [() => undefined],
      registerStateDictHook: () => [() => undefined],
      registerLoadStateDictPreHook: () => [() => undefined],
      registerLoadStateDictPostHook: () => [() => undefined],
      registerForwardPreHook: hook,
      registerForwardHook: hook,
      registerFullBackwardPreHook: hook,
      registerFullBackwardHook: hook,
    },
  },
  ModuleSequence: {
    args: null,
    make: pair,
    methods: {
      at: () => [1],
      set: () => [1, linear()],
      append: () => [linear()],
      extend: () => [[linear()]],
      insert: () => [1, linear()],
      pop: () => [1],
      addModule: () => [ANY_TEXT, linear()],
    },
  },
  Sequential: { args: null, make: pair, methods: { get: () => ['1'], slice: () => [0, 1] } },
  ModuleList: { args: null, make: () => new nn.ModuleList([linear(), linear()]), methods: { slice: () => [0, 1] } },
  ModuleDict: {
    args: null,
    make: () => new nn.ModuleDict({ a: linear() }),
    methods: {
      get: () => ['a'],
      has: () => [ANY_TEXT],
      set: () => [ANY_TEXT, linear()],
      update: () => [new Map([['b', linear()]])],
      pop: () => ['a'],
      clear: nothing,
      keys: nothing,
      values: nothing,
      items: nothing,
      addModule: () => [ANY_TEXT, linear()],
    },
  },
  ParameterList: {
    args: null,
    make: () => new nn.ParameterList([ones(2), ones(2)]),
    methods: {
      at: () => [1],
      set: () => [1, ones(2)],
      append: () => [ones(2)],
      extend: () => [[ones(2)]],
      pop: () => [1],
    },
  },
  ParameterDict: {
    args: null,
    make: () => new nn.ParameterDict({ a: ones(2) }),
    methods: {
      get: () => ['a'],
      has: () => [ANY_TEXT],
      set: () => [ANY_TEXT, ones(2)],
      update: () => [new Map([['b', ones(2)]])],
      pop: () => ['a'],
      clear: nothing,
      keys: nothing,
      values: nothing,
      items: nothing,
    },
  },
  ...Object.fromEntries(
    Object.entries({
      Linear: () => linear(),
      Bilinear: () => new nn.Bilinear(2, 2, 2),
      ConvBase: () => new nn.Conv1d(2, 2, 1),
      LayerNorm: () => new nn.LayerNorm(2),
      GroupNorm: () => new nn.GroupNorm(1, 2),
      RMSNorm: () => new nn.RMSNorm(2),
      MultiheadAttention: () => new nn.MultiheadAttention(2, 1),
      Table: () => new nn.Embedding(2, 2),
      RecurrentCell: () => new nn.RNNCell(2, 2),
    }).map(([name, make]): [string, Subject] => [name, { args: null, make, methods: { resetParameters: nothing } }]),
  ),
  RecurrentLayer: {
    args: null,
    make: () => new nn.RNN(2, 2),
    methods: { resetParameters: nothing, flattenParameters: nothing },
  },
  ChannelNorm: {
    args: null,
    make: () => new nn.BatchNorm1d(2),
    methods: { resetParameters: nothing, resetRunningStats: nothing },
  },
  AdaptiveLogSoftmaxWithLoss: {
    args: null,
    make: () => new nn.AdaptiveLogSoftmaxWithLoss(4, 4, [2]),
    methods: { resetParameters: nothing, logProb: () => [batch()], predict: () => [batch()] },
  },
};

/** Functions of classes themselves. */
export const STATIC: readonly (readonly [of: object, name: string, call: Call])[] = [
  [nn.Embedding, 'fromPretrained', () => [randn(5, 2), true, 0, 1.5, 2.5, true, false]],
  [nn.EmbeddingBag, 'fromPretrained', () => [randn(5, 2), true, 1.5, 2.5, true, 'mean', false, false, 0]],
  [nn.Transformer, 'generateSquareSubsequentMask', () => [3, 'wasm']],
  [k.ao.quantization.MinMaxObserver, 'withArgs', () => [{ dtype: 'qint8' }]],
  [distributions.Distribution, 'setDefaultValidateArgs', () => [true]],
];
