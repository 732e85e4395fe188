// One entry per operation: inputs to try it on, and bad calls with the message they must give. The tests derived
// from it (derived.test.ts) check gradients to second order, layouts, dtypes and messages. One table, a few lines for each
// operation; those of tensors are in tensorSamples.ts.
import * as k from '../../src';
import type { Tensor } from '../../src';
import { gruCell, lstmCell, rnnReluCell, rnnTanhCell } from '../../src/ops/pointwise/recurrent';

/** How an input lies in memory: as made, transposed in place, every second element of a larger one, or grown from size 1. */
export type Layout = 'dense' | 'transposed' | 'strided';

/** A random input. */
export interface Input {
  readonly shape: readonly number[];
  /** Values are uniform in [low, high). */
  readonly low: number;
  readonly high: number;
  readonly layout: Layout;
  /** Integer inputs hold indices below `high`; bools are drawn by chance. They need no gradient. */
  readonly kind: 'real' | 'index' | 'bool';
}

const input =
  (kind: Input['kind']) =>
  (shape: readonly number[], low = -2, high = 2, layout: Layout = 'dense'): Input => ({
    shape,
    low,
    high,
    layout,
    kind,
  });

export const real = input('real');
export const index = (shape: readonly number[], high: number, layout: Layout = 'dense'): Input =>
  input('index')(shape, 0, high, layout);
export const bools = (shape: readonly number[]): Input => input('bool')(shape, 0, 2);

const F = k.nn.functional;

type Result = Tensor | readonly Tensor[];

export interface OpSample {
  readonly call: (...inputs: Tensor[]) => Result;
  readonly inputs: readonly (readonly Input[])[];
  /** Default 2: derivatives checked to this order. 0: the result is not differentiable. */
  readonly order?: 0 | 1 | 2;
  /** Whether float32 and float64 must agree (not so where a value decides between branches). Default true. */
  readonly agrees?: boolean;
  /** Calls that must throw, with a part of the message. */
  readonly bad?: readonly (readonly [call: () => unknown, message: string])[];
}

/** Shapes that every unary op is tried on. */
const everyLayout = (low: number, high: number): readonly (readonly Input[])[] => [
  [real([3, 4], low, high)],
  [real([4, 3], low, high, 'transposed')],
  [real([5], low, high, 'strided')],
  [real([], low, high)],
  [real([0, 3], low, high)],
];

export const unary = (call: (x: Tensor) => Tensor, low = -2, high = 2, order: 0 | 1 | 2 = 2): OpSample => ({
  call,
  inputs: everyLayout(low, high),
  order,
});

export const binary = (call: (a: Tensor, b: Tensor) => Tensor, low = -2, high = 2, order: 0 | 1 | 2 = 2): OpSample => ({
  call,
  inputs: [
    [real([3, 4], low, high), real([3, 4], low, high)],
    [real([3, 4], low, high), real([4], low, high)],
    [real([3, 1], low, high), real([1, 4], low, high, 'strided')],
    [real([4, 3], low, high, 'transposed'), real([4, 3], low, high)],
    [real([], low, high), real([2, 3], low, high)],
    [real([0, 3], low, high), real([3], low, high)],
  ],
  order,
});

const ternary = (call: (a: Tensor, b: Tensor, c: Tensor) => Tensor, low = -2, high = 2): OpSample => ({
  call,
  inputs: [[real([2, 3], low, high), real([3], low, high), real([2, 1], low, high, 'strided')]],
});

/** Integers below 100. */
const integers = (call: (a: Tensor, b: Tensor) => Tensor): OpSample => ({
  call,
  inputs: [[index([3, 4], 100), index([4], 100)]],
  order: 0,
});

/** Products of matrices and vectors of these shapes. */
const product = (call: (a: Tensor, b: Tensor) => Tensor, a: readonly number[], b: readonly number[]): OpSample => ({
  call,
  inputs: [
    [real(a), real(b)],
    [real(a, -2, 2, 'transposed'), real(b, -2, 2, 'strided')],
  ],
});

export const view = (call: (x: Tensor) => Result): OpSample => ({
  call,
  inputs: [[real([2, 3, 4])], [real([2, 3, 4], -2, 2, 'transposed')], [real([2, 3, 4], -2, 2, 'strided')]],
});

/** Reductions over some dims. */
export const reduction = (call: (x: Tensor) => Result, low = -2, high = 2, order: 0 | 1 | 2 = 2): OpSample => ({
  call,
  inputs: [[real([3, 4], low, high)], [real([4, 3], low, high, 'transposed')], [real([5, 2], low, high, 'strided')]],
  order,
});

const noShape = (): Tensor => k.zeros(2, 3);

/** Piecewise constant or not differentiable. */
const STEPS = {
  sign: unary(k.sign), floor: unary(k.floor), ceil: unary(k.ceil), round: unary(k.round), trunc: unary(k.trunc),
}; // prettier-ignore

export const SAMPLES: Readonly<Record<string, OpSample>> = {
  // arithmetic
  add: {
    ...binary((a, b) => k.add(a, b)),
    bad: [
      [() => k.add(k.zeros(2, 3), k.zeros(4)), 'add: shapes must broadcast, got [2, 3] and [4]'],
      [() => k.zeros(2).add_(k.zeros(3, 2)), 'add_: the result must have the shape of the tensor that is changed'],
    ],
  },
  sub: binary((a, b) => k.sub(a, b)),
  mul: binary((a, b) => k.mul(a, b)),
  div: binary((a, b) => k.div(a, b), 0.5, 2),
  pow: binary((a, b) => k.pow(a, b), 0.3, 2),
  maximum: binary((a, b) => k.maximum(a, b)),
  minimum: binary((a, b) => k.minimum(a, b)),
  atan2: binary((a, b) => k.atan2(a, b), 0.3, 2),
  fmod: binary((a, b) => k.fmod(a, b), 0.5, 4, 0),
  remainder: binary((a, b) => k.remainder(a, b), 0.5, 4, 0),
  floorDivide: binary((a, b) => k.floorDivide(a, b), 0.5, 4, 0),
  lerp: { call: (a, b) => k.lerp(a, b, 0.3), inputs: [[real([3, 4]), real([3, 4])]] },
  where: { call: (c, a, b) => k.where(c, a, b), inputs: [[bools([3, 4]), real([3, 4]), real([4])]] },
  clamp: unary((x) => k.clamp(x, -1, 1)),
  clampMin: binary((a, b) => k.clampMin(a, b)), clampMax: binary((a, b) => k.clampMax(a, b)),
  rsub: unary((x) => k.rsub(x, 3)), trueDivide: binary((a, b) => k.trueDivide(a, b), 0.5, 2),
  fmax: binary((a, b) => k.fmax(a, b)), fmin: binary((a, b) => k.fmin(a, b)),
  copysign: binary((a, b) => k.copysign(a, b), 0.2, 2), heaviside: binary((a, b) => k.heaviside(a, b), -2, 2, 0),
  logaddexp: binary((a, b) => k.logaddexp(a, b)), hypot: binary((a, b) => k.hypot(a, b), 0.3, 2),
  xlogy: binary((a, b) => k.xlogy(a, b), 0.3, 2), outer: { call: (a, b) => k.outer(a, b), inputs: [[real([3]), real([4], -2, 2, 'strided')]] },
  addcmul: ternary((a, b, c) => k.addcmul(a, b, c, { value: 2 })), addcdiv: ternary((a, b, c) => k.addcdiv(a, b, c), 0.5, 2),
  frac: unary(k.frac), positive: unary(k.positive), nanToNum: unary((x) => k.nanToNum(x)),
  deg2rad: unary(k.deg2rad), rad2deg: unary(k.rad2deg), lgamma: unary(k.lgamma, 0.3, 3), digamma: unary(k.digamma, 0.3, 3),
  logit: unary((x) => k.logit(x), 0.1, 0.9),
  neg: unary(k.neg), abs: unary(k.abs), square: unary(k.square),
  reciprocal: unary(k.reciprocal, 0.5, 2), sqrt: unary(k.sqrt, 0.3, 3), rsqrt: unary(k.rsqrt, 0.3, 3),
  ...STEPS,
  // exponentials and their kin
  exp: unary(k.exp), exp2: unary(k.exp2), expm1: unary(k.expm1),
  log: unary(k.log, 0.3, 3), log2: unary(k.log2, 0.3, 3), log10: unary(k.log10, 0.3, 3), log1p: unary(k.log1p, -0.7, 3),
  sin: unary(k.sin), cos: unary(k.cos), tan: unary(k.tan, -1.2, 1.2),
  asin: unary(k.asin, -0.8, 0.8), acos: unary(k.acos, -0.8, 0.8), atan: unary(k.atan),
  sinh: unary(k.sinh), cosh: unary(k.cosh), tanh: unary(k.tanh),
  asinh: unary(k.asinh), acosh: unary(k.acosh, 1.3, 3), atanh: unary(k.atanh, -0.8, 0.8),
  erf: unary(k.erf), erfc: unary(k.erfc), erfinv: unary(k.erfinv, -0.8, 0.8),
  // comparison and logic
  eq: binary((a, b) => k.eq(a, b), -2, 2, 0), ne: binary((a, b) => k.ne(a, b), -2, 2, 0),
  lt: binary((a, b) => k.lt(a, b), -2, 2, 0), le: binary((a, b) => k.le(a, b), -2, 2, 0),
  gt: binary((a, b) => k.gt(a, b), -2, 2, 0), ge: binary((a, b) => k.ge(a, b), -2, 2, 0),
  isnan: unary(k.isnan, -2, 2, 0), isinf: unary(k.isinf, -2, 2, 0), isfinite: unary(k.isfinite, -2, 2, 0),
  isposinf: unary(k.isposinf, -2, 2, 0), isneginf: unary(k.isneginf, -2, 2, 0),
  isclose: binary((a, b) => k.isclose(a, b), -2, 2, 0),
  logicalAnd: binary((a, b) => k.logicalAnd(a, b), -2, 2, 0), logicalOr: binary((a, b) => k.logicalOr(a, b), -2, 2, 0),
  logicalXor: binary((a, b) => k.logicalXor(a, b), -2, 2, 0), logicalNot: unary(k.logicalNot, -2, 2, 0),
  bitwiseAnd: integers((a, b) => k.bitwiseAnd(a, b)), bitwiseOr: integers((a, b) => k.bitwiseOr(a, b)),
  bitwiseXor: integers((a, b) => k.bitwiseXor(a, b)), bitwiseNot: integers((a) => k.bitwiseNot(a)),
  // activations
  selu: unary(F.selu), celu: unary((x) => F.celu(x, 1.7)), relu6: unary(F.relu6), softsign: unary(F.softsign),
  tanhshrink: unary(F.tanhshrink), hardshrink: unary((x) => F.hardshrink(x)), softshrink: unary((x) => F.softshrink(x)),
  hardsigmoid: unary(F.hardsigmoid), hardswish: unary(F.hardswish), threshold: unary((x) => F.threshold(x, 0.1, 3)),
  softmin: reduction((x) => F.softmin(x, 1)), glu: { call: (x) => F.glu(x, 1), inputs: [[real([2, 4])], [real([4, 2], -2, 2, 'transposed')]] },
  prelu: { call: (x, w) => F.prelu(x, w), inputs: [[real([3, 4]), real([1])], [real([2, 3, 2]), real([3])]] },
  sigmoid: unary(k.sigmoid), relu: unary(k.relu), leakyRelu: unary((x) => F.leakyRelu(x, 0.1)), elu: unary((x) => F.elu(x)),
  gelu: unary((x) => F.gelu(x)), silu: unary(F.silu), softplus: unary((x) => F.softplus(x)), mish: unary(F.mish),
  hardtanh: unary((x) => F.hardtanh(x)), logsigmoid: unary(F.logsigmoid),
  // views
  view: {
    ...view((x) => k.reshape(x, 6, -1)),
    bad: [
      [() => k.zeros(4, 3).t().view(12), 'view: shape [3, 4] with strides [1, 3] cannot be shown as [12] without a copy'],
      [() => k.reshape(noShape(), 4, -1), 'reshape: shape [4, -1] does not fit 6 elements'],
    ],
  },
  permute: {
    ...view((x) => k.permute(x, 2, 0, 1)),
    bad: [[() => k.permute(noShape(), 0), 'permute: dims must name all 2 dimensions']],
  },
  transpose: view((x) => k.transpose(x, 0, -1)),
  expand: {
    call: (x) => k.expand(x, 2, 3, 4),
    inputs: [[real([3, 1])], [real([1, 4])]],
    bad: [[() => k.expand(noShape(), 4, 3), 'expand: [2, 3] cannot be expanded to [4, 3]']],
  },
  narrow: {
    ...view((x) => k.narrow(x, 1, 1, 2)),
    bad: [[() => k.narrow(noShape(), 0, 1, 2), 'narrow: start and length must lie within dimension 0 of size 2']],
  },
  slice: view((x) => k.slice(x, -1, 0, null, 2)),
  select: {
    ...view((x) => k.select(x, 1, -1)),
    bad: [[() => k.select(noShape(), 0, 2), 'select: index must be in [-2, 1] for dimension 0']],
  },
  squeeze: view((x) => k.squeeze(k.unsqueeze(x, 1))),
  flatten: view((x) => k.flatten(x, 1)),
  unflatten: view((x) => k.unflatten(x, 2, [2, -1])),
  unbind: view((x) => k.unbind(x, 1)),
  split: view((x) => k.split(x, [1, 3], 2)),
  chunk: view((x) => k.chunk(x, 2, 2)),
  diagonal: view((x) => k.diagonal(x, 1, 1, 2)),
  movedim: view((x) => k.movedim(x, 0, 2)),
  reshape: view((x) => k.reshape(x, 4, -1)), unsqueeze: view((x) => k.unsqueeze(x, 1)),
  t: { call: (x) => k.t(x), inputs: [[real([3, 4])], [real([4])]], bad: [[() => k.t(k.zeros(2, 3, 4)), 't: ']] },
  repeat: view((x) => k.repeat(x, 2, 1, 3)), tril: view((x) => k.tril(x, 1)), triu: view((x) => k.triu(x, -1)),
  // joining
  cat: {
    call: (a, b) => k.cat([a, b, a], 1),
    inputs: [[real([2, 3]), real([2, 1])], [real([2, 3], -2, 2, 'transposed'), real([2, 2], -2, 2, 'strided')]],
    bad: [
      [() => k.cat([]), 'cat: expected at least one tensor'],
      [() => k.cat([k.zeros(2, 3), k.zeros(3, 2)]), 'cat: sizes must match except along dimension 0, got [2, 3] and [3, 2]'],
    ],
  },
  stack: { call: (a, b) => k.stack([a, b], 1), inputs: [[real([2, 3]), real([2, 3])]] },
  padReflect: {
    call: (x) => F.pad(x, [2, 1, -1, 1], 'reflect'),
    inputs: [[real([1, 2, 3, 4])]],
    bad: [[() => F.pad(k.zeros(1, 3), [3, 0], 'reflect'), "pad: mode 'reflect' can add at most 2 cells to a dimension of 3"]],
  },
  padReplicate: { call: (x) => F.pad(x, [2, 1, -1, 1, 0, 3], 'replicate'), inputs: [[real([1, 2, 3, 2])]] },
  padCircular: { call: (x) => F.pad(x, [2, -1], 'circular'), inputs: [[real([1, 2, 4])]] },
  pad: { call: (x) => F.pad(x, [1, 2, -1, 1], 'constant', 3), inputs: [[real([3, 4])], [real([2, 3, 4], -2, 2, 'transposed')]] },
  clone: unary(k.clone),
  // reductions
  sum: reduction((x) => k.sum(x, 1)),
  mean: reduction((x) => k.mean(x, 0, true)),
  prod: reduction((x) => k.prod(x, 1), 0.5, 2),
  amax: reduction((x) => k.amax(x, 1)),
  amin: reduction((x) => k.amin(x, [0, 1])),
  max: reduction((x) => k.max(x, 1)[0]),
  min: reduction((x) => k.min(x)),
  var: reduction((x) => k.var(x, 1)),
  std: reduction((x) => k.std(x, 0), 0, 4),
  norm: reduction((x) => k.norm(x), 0.5, 2),
  logsumexp: reduction((x) => k.logsumexp(x, 1)),
  cumsum: reduction((x) => k.cumsum(x, 1)),
  cumprod: reduction((x) => k.cumprod(x, 0), 0.5, 2),
  stdMean: reduction((x) => k.stdMean(x, 1)), varMean: reduction((x) => k.varMean(x, 0)),
  all: reduction((x) => k.all(x.gt(0), 1), -2, 2, 0), any: reduction((x) => k.any(x.gt(0), 0), -2, 2, 0),
  countNonzero: reduction((x) => k.countNonzero(x.gt(0), 0), -2, 2, 0),
  argmax: reduction((x) => k.argmax(x, 1), -2, 2, 0),
  argmin: reduction((x) => k.argmin(x, 0), -2, 2, 0),
  // matrices
  matmul: {
    call: (a, b) => k.matmul(a, b),
    inputs: [
      [real([3, 4]), real([4, 2])],
      [real([3, 4], -2, 2, 'transposed'), real([4, 2], -2, 2, 'transposed')],
      [real([2, 3, 4]), real([4, 2])],
      [real([2, 1, 3, 4]), real([3, 4, 2])],
      [real([4]), real([4])],
      [real([4]), real([2, 4, 3])],
      [real([2, 3, 4], -2, 2, 'strided'), real([4])],
      [real([3, 0]), real([0, 2])],
    ],
    bad: [[() => k.matmul(k.zeros(2, 3), k.zeros(4, 5)), 'matmul: inner dimensions must match, got [2, 3] and [4, 5]']],
  },
  mm: product((a, b) => k.mm(a, b), [3, 4], [4, 2]), mv: product((a, b) => k.mv(a, b), [3, 4], [4]),
  dot: product((a, b) => k.dot(a, b), [4], [4]), bmm: product((a, b) => k.bmm(a, b), [2, 3, 4], [2, 4, 2]),
  addmm: { call: (c, a, b) => k.addmm(c, a, b, { beta: 0.5, alpha: 2 }), inputs: [[real([2]), real([3, 4]), real([4, 2], -2, 2, 'transposed')]] },
  baddbmm: { call: (c, a, b) => k.baddbmm(c, a, b), inputs: [[real([2, 3, 2]), real([2, 3, 4]), real([2, 4, 2])]] },
  linear: {
    call: (x, w, b) => F.linear(x, w, b),
    inputs: [
      [real([3, 4]), real([2, 4]), real([2])],
      [real([2, 3, 4], -2, 2, 'strided'), real([2, 4]), real([2])],
      [real([4]), real([2, 4], -2, 2, 'transposed'), real([2])],
    ],
    bad: [[() => F.linear(k.zeros(2, 3), k.zeros(5, 4)), 'linear:']],
  },
  conv1d: {
    call: (x, w, b) => F.conv1d(x, w, b, { stride: 2, padding: 1 }),
    inputs: [[real([2, 3, 7]), real([4, 3, 3]), real([4])]],
  },
  conv2d: {
    call: (x, w, b) => F.conv2d(x, w, b, { stride: [2, 1], padding: 1, dilation: [1, 2] }),
    inputs: [[real([2, 2, 5, 6]), real([3, 2, 3, 2]), real([3])], [real([2, 5, 6]), real([3, 2, 3, 2], -2, 2, 'transposed'), real([3])]],
    bad: [[() => F.conv2d(k.zeros(1, 3, 8, 8), k.zeros(4, 2, 3, 3)), 'conv2d:']],
  },
  conv3d: {
    call: (x, w, b) => F.conv3d(x, w, b, { stride: [2, 1, 1], padding: [1, 0, 1], dilation: [1, 1, 2] }),
    inputs: [[real([1, 2, 3, 3, 4]), real([2, 2, 2, 2, 2]), real([2])]],
    bad: [[() => F.conv3d(k.zeros(1, 3, 4, 4), k.zeros(4, 2, 3, 3, 3)), 'conv3d: the input must have 2 channels']],
  },
  conv3dGroups: {
    call: (x, w) => F.conv3d(x, w, null, { groups: 2, padding: 'same' }),
    inputs: [[real([1, 2, 2, 3, 2]), real([2, 1, 2, 3, 1])]],
  },
  convTranspose1d: {
    call: (x, w, b) => F.convTranspose1d(x, w, b, { stride: 2, padding: 1, outputPadding: 1 }),
    inputs: [[real([2, 2, 3]), real([2, 3, 3]), real([3])]],
    bad: [
      [() => F.convTranspose1d(k.zeros(1, 3, 4), k.zeros(2, 3, 3)), 'convTranspose1d: the input must have 2 channels'],
      [
        () => F.convTranspose1d(k.zeros(1, 2, 4), k.zeros(2, 3, 3), { outputPadding: 1 }),
        'convTranspose1d: outputPadding must be smaller than stride or dilation',
      ],
    ],
  },
  convTranspose1dDilated: {
    call: (x, w) => F.convTranspose1d(x, w, { dilation: 3, padding: 2, outputPadding: 2 }),
    inputs: [[real([2, 3]), real([2, 2, 2])]],
  },
  convTranspose2d: {
    call: (x, w, b) => F.convTranspose2d(x, w, b, { stride: [2, 1], padding: [0, 1], groups: 2, dilation: [1, 2] }),
    inputs: [[real([1, 2, 2, 3]), real([2, 1, 2, 2]), real([2])]],
  },
  convTranspose3d: {
    call: (x, w, b) =>
      F.convTranspose3d(x, w, b, { stride: [2, 1, 2], padding: [1, 0, 1], outputPadding: [1, 0, 0], groups: 2 }),
    inputs: [[real([1, 2, 2, 2, 2]), real([2, 1, 2, 2, 3]), real([2])]],
  },
  unfold: {
    call: (x) => F.unfold(x, [2, 3], { dilation: [2, 1], padding: 1, stride: [1, 2] }),
    inputs: [[real([2, 2, 3, 4])], [real([1, 4, 3], -2, 2, 'transposed')]],
    bad: [[() => F.unfold(k.zeros(1, 1, 2, 2), 3), 'unfold: a block must fit into the image']],
  },
  fold: {
    call: (x) => F.fold(x, [3, 4], 2, { padding: [1, 0], stride: [2, 1] }),
    inputs: [[real([1, 8, 6])], [real([4, 6])]],
    bad: [[() => F.fold(k.zeros(1, 6, 6), [3, 4], 2), 'fold: for blocks of [2, 2] in [3, 4]']],
  },
  conv2dGroups: {
    call: (x, w) => F.conv2d(x, w, null, { groups: 2 }),
    inputs: [[real([1, 4, 4, 3]), real([2, 2, 2, 2])]],
  },
  conv2dDepthwise: {
    call: (x, w, b) => F.conv2d(x, w, b, { groups: 3, padding: 1 }),
    inputs: [[real([2, 3, 4, 4]), real([3, 1, 3, 3]), real([3])]],
  },
  // pooling
  relu_: unary((x) => F.relu_(x.clone())), selu_: unary((x) => F.selu_(x.clone())), elu_: unary((x) => F.elu_(x.clone(), 0.7)),
  celu_: unary((x) => F.celu_(x.clone(), 0.7)), leakyRelu_: unary((x) => F.leakyRelu_(x.clone(), 0.1)),
  hardtanh_: unary((x) => F.hardtanh_(x.clone(), -1, 0.5)), rrelu_: unary((x) => F.rrelu_(x.clone(), 0.1, 0.3)),
  threshold_: { ...unary((x) => F.threshold_(x.clone(), 0.2, -1)), agrees: false },
  upsample: { call: (x) => F.upsample(x, { scaleFactor: 2, mode: 'bilinear' }), inputs: [[real([1, 2, 2, 3])]] },
  upsampleNearest: { call: (x) => F.upsampleNearest(x, 5), inputs: [[real([1, 2, 2, 3])]] },
  upsampleBilinear: { call: (x) => F.upsampleBilinear(x, [3, 4]), inputs: [[real([1, 2, 2, 3])]] },
  rrelu: unary((x) => F.rrelu(x, 0.1, 0.3)),
  dropout: { call: (x) => F.dropout(x, 0.5, false), inputs: [[real([2, 3])]] },
  dropout1d: {
    call: (x) => F.dropout1d(x, 1),
    inputs: [[real([2, 3, 2])]],
    bad: [[() => F.dropout1d(k.zeros(2, 3, 2), 1.5), 'dropout1d: p must be in [0, 1], got 1.5.']],
  },
  dropout2d: { call: (x) => F.dropout2d(x, 1), inputs: [[real([2, 3, 2, 1])]] },
  dropout3d: { call: (x) => F.dropout3d(x, 0), inputs: [[real([2, 3, 2, 1])]] },
  alphaDropout: {
    call: (x) => F.alphaDropout(x, 1, true),
    inputs: [[real([2, 3])]],
    bad: [[() => F.alphaDropout(k.zeros(2), -1), 'alphaDropout: p must be in [0, 1]']],
  },
  featureAlphaDropout: {
    call: (x) => F.featureAlphaDropout(x, 1, true),
    inputs: [[real([2, 3, 2])]],
    bad: [[() => F.featureAlphaDropout(k.zeros(2), 0.5, true), 'featureAlphaDropout: input must be [N, C, *]']],
  },
  instanceNorm: {
    call: (x, w, b) => F.instanceNorm(x, { weight: w, bias: b, eps: 0.1 }),
    inputs: [[real([2, 3, 4]), real([3]), real([3])]],
    bad: [[() => F.instanceNorm(k.zeros(1, 2, 1)), 'instanceNorm: expected more than 1 spatial element']],
  },
  rmsNorm: {
    call: (x, w) => F.rmsNorm(x, [3, 2], w, 0.1),
    inputs: [[real([2, 3, 2]), real([3, 2])]],
    bad: [[() => F.rmsNorm(k.zeros(2, 3), [2]), 'rmsNorm: the input must end in the dimensions [2], got [2, 3]']],
  },
  localResponseNorm: {
    call: (x) => F.localResponseNorm(x, 3, { alpha: 0.5, k: 2 }),
    inputs: [[real([2, 4, 3])], [real([1, 2, 2, 2])]],
    bad: [[() => F.localResponseNorm(k.zeros(2, 3), 2), 'localResponseNorm: input must be [N, C, *]']],
  },
  // resampling
  interpolateLinear: { call: (x) => F.interpolate(x, { size: 7, mode: 'linear' }), inputs: [[real([2, 2, 4])]] },
  interpolateBilinear: {
    call: (x) => F.interpolate(x, { scaleFactor: [1.6, 0.7], mode: 'bilinear', alignCorners: true }),
    inputs: [[real([1, 2, 3, 4])], [real([1, 1, 4, 3], -2, 2, 'transposed')]],
    bad: [
      [() => F.interpolate(k.zeros(1, 1, 4), { size: 8, mode: 'bilinear' }), "mode 'bilinear' needs 4 dimensions"],
      [() => F.interpolate(k.zeros(1, 1, 4)), 'one of size and scaleFactor must be given, got neither'],
    ],
  },
  interpolateBicubic: { call: (x) => F.interpolate(x, { size: [5, 3], mode: 'bicubic' }), inputs: [[real([1, 2, 3, 4])]] },
  interpolateAntialias: {
    call: (x) => F.interpolate(x, { size: [2, 3], mode: 'bicubic', antialias: true }),
    inputs: [[real([1, 1, 5, 4])]],
  },
  interpolateTrilinear: {
    call: (x) => F.interpolate(x, { size: [3, 2, 4], mode: 'trilinear' }),
    inputs: [[real([1, 1, 2, 3, 2])]],
  },
  interpolate: { call: (x) => F.interpolate(x, 5), inputs: [[real([1, 2, 3, 4])]] },
  interpolateNearestExact: {
    call: (x) => F.interpolate(x, { scaleFactor: 0.7, mode: 'nearest-exact' }),
    inputs: [[real([1, 2, 5])]],
  },
  interpolateArea: { call: (x) => F.interpolate(x, { size: 2, mode: 'area' }), inputs: [[real([1, 2, 3, 4])]] },
  gridSample: {
    call: (x, grid) => F.gridSample(x, grid, { paddingMode: 'zeros' }),
    inputs: [
      [real([2, 2, 3, 4]), real([2, 2, 3, 2], -0.9, 0.9)],
      [real([1, 2, 2, 3, 2]), real([1, 1, 2, 2, 3], -0.9, 0.9)],
    ],
    bad: [[() => F.gridSample(k.zeros(1, 1, 3, 3), k.zeros(2, 3, 3, 2)), 'gridSample: expected input [N, C, H, W]']],
  },
  gridSampleReflection: {
    call: (x, grid) => F.gridSample(x, grid, { mode: 'bicubic', paddingMode: 'reflection', alignCorners: true }),
    inputs: [[real([1, 2, 3, 4]), real([1, 2, 2, 2], -0.9, 0.9)]],
  },
  gridSampleBorder: {
    call: (x, grid) => F.gridSample(x, grid, { mode: 'nearest', paddingMode: 'border' }),
    inputs: [[real([1, 2, 3, 4]), real([1, 2, 2, 2], -1.5, 1.5)]],
    agrees: false,
  },
  affineGrid: {
    call: (theta) => F.affineGrid(theta, [2, 1, 3, 2]),
    inputs: [[real([2, 2, 3])]],
    bad: [[() => F.affineGrid(k.zeros(1, 2, 2), [1, 1, 3, 3]), 'affineGrid: expected theta [N, 2, 3]']],
  },
  pixelShuffle: {
    call: (x) => F.pixelShuffle(x, 2),
    inputs: [[real([2, 8, 2, 3])], [real([4, 3, 1], -2, 2, 'strided')]],
    bad: [[() => F.pixelShuffle(k.zeros(1, 3, 2, 2), 2), 'pixelShuffle: the channels must be a multiple of 4']],
  },
  pixelUnshuffle: {
    call: (x) => F.pixelUnshuffle(x, 2),
    inputs: [[real([2, 2, 4, 2])]],
    bad: [[() => F.pixelUnshuffle(k.zeros(1, 3, 2), 2), 'pixelUnshuffle: height and width must be multiples of 2']],
  },
  channelShuffle: {
    call: (x) => F.channelShuffle(x, 3),
    inputs: [[real([1, 6, 2, 2])]],
    bad: [[() => F.channelShuffle(k.zeros(1, 4, 2), 3), 'channelShuffle: input must be [N, C, *]']],
  },
  maxPool3d: {
    call: (x) => F.maxPool3d(x, 2, { stride: [1, 2, 1], padding: [1, 0, 1], ceilMode: true }),
    inputs: [[real([1, 2, 3, 3, 4])]],
    bad: [[() => F.maxPool3d(k.zeros(2, 3, 4), 2), 'maxPool3d: input must be [C, D, H, W] or [N, C, D, H, W]']],
  },
  adaptiveMaxPool1d: { call: (x) => F.adaptiveMaxPool1d(x, 3), inputs: [[real([2, 2, 7])]] },
  adaptiveMaxPool2d: { call: (x) => F.adaptiveMaxPool2d(x, [2, null]), inputs: [[real([1, 2, 5, 4])]] },
  adaptiveMaxPool3d: { call: (x) => F.adaptiveMaxPool3d(x, [2, 3, 2]), inputs: [[real([1, 3, 4, 2])]] },
  maxUnpool1d: {
    call: (x) => F.maxUnpool1d(x, k.tensor([[0, 2, 7, 5]], { dtype: 'int64' }), 2),
    inputs: [[real([1, 4])]],
    bad: [
      [
        () => F.maxUnpool1d(k.zeros(1, 4), k.zeros([1, 3], { dtype: 'int64' }), 2),
        'maxUnpool1d: indices must have the shape of the input',
      ],
    ],
  },
  maxUnpool2d: {
    call: (x) => F.maxUnpool2d(x, k.tensor([[[0, 3], [9, 10]]], { dtype: 'int64' }), 2, { outputSize: [3, 4] }),
    inputs: [[real([1, 2, 2])]],
  }, // prettier-ignore
  maxUnpool3d: {
    call: (x) => F.maxUnpool3d(x, k.tensor([[[[1]]], [[[6]]]], { dtype: 'int64' }), 2),
    inputs: [[real([2, 1, 1, 1])]],
  },
  fractionalMaxPool2d: {
    call: (x) => F.fractionalMaxPool2d(x, 2, { outputSize: [2, 3], _randomSamples: k.full([1, 2, 2], 0.3).to(x.dtype) }),
    inputs: [[real([1, 2, 5, 6])]],
    bad: [[() => F.fractionalMaxPool2d(k.zeros(1, 4, 4), 3, 3), 'fractionalMaxPool2d: the output must have at least 1']],
  },
  fractionalMaxPool3d: {
    call: (x) => F.fractionalMaxPool3d(x, [2, 1, 2], { outputRatio: 0.6, _randomSamples: k.full([1, 1, 3], 0.7).to(x.dtype) }),
    inputs: [[real([1, 4, 3, 5])]],
  },
  avgPool3d: {
    call: (x) => F.avgPool3d(x, [2, 3, 2], { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
    inputs: [[real([1, 2, 3, 3, 4])]],
  },
  avgPool3dDivisor: { call: (x) => F.avgPool3d(x, 2, { divisorOverride: 3 }), inputs: [[real([2, 3, 3, 4])]] },
  adaptiveAvgPool1d: { call: (x) => F.adaptiveAvgPool1d(x, 3), inputs: [[real([2, 2, 7])]] },
  adaptiveAvgPool3d: { call: (x) => F.adaptiveAvgPool3d(x, [2, null, 3]), inputs: [[real([1, 3, 2, 4])]] },
  lpPool1d: { call: (x) => F.lpPool1d(x, 3, 2), inputs: [[real([1, 2, 5], 0.3, 2)]] },
  lpPool2d: { call: (x) => F.lpPool2d(x, 2, [2, 3], { stride: 1 }), inputs: [[real([2, 3, 4])]] },
  lpPool3d: { call: (x) => F.lpPool3d(x, 2, 2, { stride: 1, ceilMode: true }), inputs: [[real([1, 2, 3, 2])]] },
  maxPool2d: { call: (x) => F.maxPool2d(x, 2), inputs: [[real([2, 2, 4, 5])], [real([2, 5, 4], -2, 2, 'transposed')]] },
  maxPool1d: { call: (x) => F.maxPool1d(x, 3, { stride: 2, padding: 1 }), inputs: [[real([2, 2, 7])]] },
  avgPool2d: { call: (x) => F.avgPool2d(x, 3, { stride: 2, padding: 1 }), inputs: [[real([2, 2, 5, 4])]] },
  avgPool1d: { call: (x) => F.avgPool1d(x, 3, { stride: 2 }), inputs: [[real([2, 2, 7])]] },
  adaptiveAvgPool2d: { call: (x) => F.adaptiveAvgPool2d(x, [2, 3]), inputs: [[real([2, 2, 5, 4])]] },
  // normalization
  softmax: reduction((x) => k.softmax(x, 0)),
  logSoftmax: reduction((x) => k.logSoftmax(x, 1)),
  layerNorm: {
    call: (x, w, b) => F.layerNorm(x, [4], w, b),
    inputs: [[real([3, 4]), real([4]), real([4])], [real([2, 3, 4], -2, 2, 'strided'), real([4]), real([4])]],
  },
  groupNorm: { call: (x, w, b) => F.groupNorm(x, 2, w, b), inputs: [[real([2, 4, 3]), real([4]), real([4])]] },
  batchNorm: {
    call: (x, w, b) => F.batchNorm(x, null, null, w, b, true),
    inputs: [[real([4, 3]), real([3]), real([3])], [real([2, 3, 2, 2]), real([3]), real([3])]],
  },
  // indexing
  gather: { call: (x, i) => k.gather(x, 1, i), inputs: [[real([3, 4]), index([3, 2], 4)]] },
  indexSelect: { call: (x, i) => k.indexSelect(x, 1, i), inputs: [[real([3, 4]), index([5], 4)], [real([4, 3], -2, 2, 'transposed'), index([2], 3)]] },
  indexAdd: { call: (x, i, source) => k.indexAdd(x, 0, i, source), inputs: [[real([4, 3]), index([2], 4), real([2, 3])]] },
  scatterAdd: { call: (x, i, source) => k.scatterAdd(x, 1, i, source), inputs: [[real([3, 4]), index([3, 2], 4), real([3, 2])]] },
  take: { call: (x, i) => k.take(x, i), inputs: [[real([3, 4]), index([5], 12)], [real([4, 3], -2, 2, 'transposed'), index([2, 2], 12)]] },
  oneHot: { call: (i) => F.oneHot(i, 5), inputs: [[index([2, 3], 5)]], order: 0 },
  maskedFill: { call: (x, m) => k.maskedFill(x, m, 3), inputs: [[real([3, 4]), bools([3, 4])]] },
  embedding: { call: (i, w) => F.embedding(i, w), inputs: [[index([2, 3], 5), real([5, 4])]] },
  embeddingBag: {
    call: (i, w) => F.embeddingBag(i, w, { mode: 'mean', paddingIdx: 1 }),
    inputs: [[index([2, 3], 5), real([5, 4])], [index([2, 3], 4), real([4, 2], -2, 2, 'transposed')]],
    bad: [
      [() => F.embeddingBag(k.arange(3), k.zeros(4, 2)), 'embeddingBag: an input of one dimension needs a vector of offsets'],
      [() => F.embeddingBag(k.arange(3).view(1, 3), k.zeros(4, 2), { perSampleWeights: k.zeros(1, 3) }), "perSampleWeights goes with mode 'sum' only"],
    ],
  },
  embeddingBagOffsets: {
    call: (i, w, factors) => F.embeddingBag(i, w, { offsets: k.tensor([0, 2, 2], { dtype: 'int64' }), mode: 'sum', perSampleWeights: factors }),
    inputs: [[index([5], 4), real([4, 2]), real([5])]],
  },
  embeddingBagMax: { call: (i, w) => F.embeddingBag(i, w, k.tensor([0, 3], { dtype: 'int32' }), { mode: 'max' }), inputs: [[index([5], 4), real([4, 2])]] },
  // distances
  cosineSimilarity: {
    call: (a, b) => F.cosineSimilarity(a, b),
    inputs: [[real([3, 4]), real([3, 4], -2, 2, 'strided')], [real([2, 1, 3]), real([1, 3])]],
    bad: [[() => F.cosineSimilarity(k.zeros(2, 3), k.zeros(2, 4)), 'shapes must broadcast']],
  },
  pairwiseDistance: { call: (a, b) => F.pairwiseDistance(a, b, 3), inputs: [[real([3, 4]), real([3, 4])], [real([4]), real([4])]] },
  pdist: { call: (x) => F.pdist(x), inputs: [[real([4, 3])], [real([3, 2], -2, 2, 'transposed')]], bad: [[() => F.pdist(k.zeros(3)), 'pdist: the input must be a matrix']] },
  normalize: { call: (x) => F.normalize(x, 3), inputs: [[real([3, 4])], [real([3, 4], -2, 2, 'transposed')]] },
  bilinear: {
    call: (a, b, w, c) => F.bilinear(a, b, w, c),
    inputs: [[real([2, 3]), real([2, 2]), real([4, 3, 2]), real([4])], [real([3], -2, 2, 'strided'), real([2]), real([1, 3, 2]), real([1])]],
    bad: [[() => F.bilinear(k.zeros(5, 2), k.zeros(6, 3), k.zeros(4, 2, 3)), 'bilinear: inputs [*, n] and [*, m] must go with a weight']],
  },
  // attention
  scaledDotProductAttention: {
    call: (q, key, v) => F.scaledDotProductAttention(q, key, v, { isCausal: true }),
    inputs: [[real([2, 3, 2]), real([2, 3, 2]), real([2, 3, 2])], [real([3, 2]), real([2, 2]), real([2, 3], -2, 2, 'transposed')]],
    bad: [[() => F.scaledDotProductAttention(noShape(), noShape(), noShape(), k.zeros(2, 2), 0, true), 'attnMask and isCausal cannot both be given']],
  },
  multiHeadAttentionForward: {
    call: (q, key, weight, bias, out) => {
      const heads = { embedDimToCheck: 2, numHeads: 2, biasK: null, biasV: null, addZeroAttn: true, dropoutP: 0 };
      const projections = { inProjWeight: weight, inProjBias: bias, outProjWeight: out, outProjBias: null };
      return F.multiHeadAttentionForward(q, key, key, { ...heads, ...projections }) as Tensor[];
    },
    inputs: [[real([2, 2]), real([3, 2]), real([6, 2]), real([6]), real([2, 2])]],
  },
  // recurrent cells
  lstmCell: { call: (x, h, c) => lstmCell(x, h, c), inputs: [[real([2, 12]), real([2, 12]), real([2, 3])], [real([3, 8], -2, 2, 'transposed'), real([3, 8]), real([3, 2])]] },
  gruCell: { call: (x, h, state) => gruCell(x, h, state), inputs: [[real([2, 6]), real([2, 6], -2, 2, 'strided'), real([2, 2])], [real([3]), real([3]), real([1])]] },
  rnnTanhCell: { call: (x, h) => rnnTanhCell(x, h), inputs: [[real([2, 3]), real([2, 3])]] },
  rnnReluCell: { call: (x, h) => rnnReluCell(x, h), inputs: [[real([2, 3]), real([2, 3])]] },
  // losses
  crossEntropy: { call: (x, t) => F.crossEntropy(x, t), inputs: [[real([3, 4]), index([3], 4)]] },
  nllLoss: { call: (x, t) => F.nllLoss(x, t), inputs: [[real([3, 4]), index([3], 4)]] },
  // losses with a margin; random values stay away from the kinks
  marginRankingLoss: {
    call: (a, b, t) => F.marginRankingLoss(a, b, t, 0.3), inputs: [[real([3, 4]), real([3, 4]), real([3, 4])]],
    bad: [[() => F.marginRankingLoss(k.zeros(3), k.zeros(1, 3), k.zeros(3)), 'all tensors must have the same number of dimensions']],
  },
  hingeEmbeddingLoss: { call: (x) => F.hingeEmbeddingLoss(x, k.tensor([1, -1, 1, -1]), 0.5), inputs: [[real([3, 4])]] },
  softMarginLoss: { call: (x, t) => F.softMarginLoss(x, t), inputs: [[real([3, 4]), real([3, 4])], [real([5], -60, 60), real([5])]] },
  cosineEmbeddingLoss: {
    call: (a, b) => F.cosineEmbeddingLoss(a, b, k.tensor([1, -1, 1]), { margin: 0.1 }), inputs: [[real([3, 4]), real([3, 4])]],
    bad: [[() => F.cosineEmbeddingLoss(k.zeros(3), k.zeros(3), k.zeros(3)), 'inputs must be [N, D] with a target [N]']],
  },
  multilabelSoftMarginLoss: { call: (x, t, w) => F.multilabelSoftMarginLoss(x, t, w), inputs: [[real([3, 4]), real([3, 4], 0, 1), real([4])]] },
  multilabelMarginLoss: {
    call: (x) => F.multilabelMarginLoss(x, k.tensor([[2, 0, -1, 1], [3, -1, 0, 0]], { dtype: 'int64' })), inputs: [[real([2, 4])]],
    bad: [[() => F.multilabelMarginLoss(k.zeros(2, 3), k.zeros([3], { dtype: 'int64' })), 'the input must be [N, C] or [C]']],
  },
  multiMarginLoss: {
    call: (x, t) => F.multiMarginLoss(x, t, { p: 2, margin: 0.5, weight: k.tensor([0.5, 1, 2, 1]).to(x.dtype) }),
    inputs: [[real([3, 4]), index([3], 4)], [real([4]), index([], 4)]],
    bad: [[() => F.multiMarginLoss(k.zeros(2, 3), k.zeros([2], { dtype: 'int64' }), 3), 'p must be 1 or 2, got 3']],
  },
  tripletMarginLoss: { call: (a, b, c) => F.tripletMarginLoss(a, b, c, { swap: true }), inputs: [[real([3, 4]), real([3, 4]), real([3, 4])]] },
  tripletMarginWithDistanceLoss: {
    call: (a, b, c) => F.tripletMarginWithDistanceLoss(a, b, c, (x, y) => x.sub(y).square().sum(1)),
    inputs: [[real([3, 4]), real([3, 4]), real([3, 4])]],
  },
  // likelihoods
  poissonNllLoss: {
    call: (x, t) => F.poissonNllLoss(x, t, { full: true }), inputs: [[real([3, 4]), real([3, 4], 1.5, 4)], [real([3, 4]), real([3, 4], 0, 0.9)]],
  },
  gaussianNllLoss: {
    call: (x, t, v) => F.gaussianNllLoss(x, t, v, true), inputs: [[real([3, 4]), real([3, 4]), real([3, 4], 0.5, 2)], [real([3, 4]), real([4]), real([3], 0.5, 2)]],
    bad: [[() => F.gaussianNllLoss(k.zeros(2, 3), k.zeros(2, 3), k.zeros(3)), 'the variance must have the shape of the input']],
  },
  ctcLoss: {
    call: (x) => F.ctcLoss(k.logSoftmax(x, -1), k.tensor([[1, 1, 2], [2, 0, 0]], { dtype: 'int64' }), [5, 3], [3, 1]),
    inputs: [[real([5, 2, 3])]],
    bad: [
      [() => F.ctcLoss(k.zeros(4, 1, 3), k.zeros([1, 1], { dtype: 'int64' }), [9], [1]), 'ctcLoss: inputLengths must be in [0, 4], got [9]'],
      [() => F.ctcLoss(k.zeros(4, 1, 3), k.zeros([1, 1], { dtype: 'int64' }), [4], [1], 3), 'blank must be a class in [0, 2], got 3'],
    ],
  },
  l1Loss: { call: (a, b) => F.l1Loss(a, b), inputs: [[real([3, 4]), real([3, 4])]] },
  huberLoss: { call: (a, b) => F.huberLoss(a, b), inputs: [[real([3, 4]), real([3, 4])]] },
  klDiv: { call: (a, b) => F.klDiv(a, b, { reduction: 'sum' }), inputs: [[real([3, 4]), real([3, 4], 0.1, 0.9)]] },
  binaryCrossEntropy: { call: (a, b) => F.binaryCrossEntropy(a, b), inputs: [[real([3, 4], 0.1, 0.9), real([3, 4], 0.1, 0.9)]] },
  mseLoss: { call: (a, b) => F.mseLoss(a, b), inputs: [[real([3, 4]), real([3, 4])]] },
  smoothL1Loss: { call: (a, b) => F.smoothL1Loss(a, b), inputs: [[real([3, 4]), real([3, 4])]] },
  binaryCrossEntropyWithLogits: {
    call: (a, b) => F.binaryCrossEntropyWithLogits(a, b),
    inputs: [[real([3, 4]), real([3, 4], 0.1, 0.9)]],
  },
}; // prettier-ignore
