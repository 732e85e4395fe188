// First and second gradients of every differentiable pointwise operation against finite differences, in float64, on
// dense, transposed and broadcast inputs.
import { describe, expect, test } from 'vitest';
import * as k from '../../src';
import * as activation from '../../src/ops/pointwise/activation';
import * as loss from '../../src/ops/pointwise/loss';
import type { Tensor } from '../../src/core/tensor';

/** Where a function may be probed: away from kinks and poles. */
type Domain = (x: Tensor) => Tensor;
const ANY: Domain = (x) => k.where(x.abs().lt(0.05), 0.3, x);
const POSITIVE: Domain = (x) => x.abs().add(0.2);
const INSIDE: Domain = (x) => k.tanh(x).mul(0.9);
const UNIT: Domain = (x) => k.sigmoid(x).mul(0.9).add(0.05);
const ABOVE_ONE: Domain = (x) => x.abs().add(1.2);

type UnaryCase = readonly [name: string, f: (x: Tensor) => Tensor, domain: Domain];

const UNARY: readonly UnaryCase[] = [
  ...(['neg', 'abs', 'exp', 'exp2', 'expm1', 'sin', 'cos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh'] as const).map(
    (name): UnaryCase => [name, k[name], ANY],
  ),
  ...(['square', 'sigmoid', 'erf', 'erfc', 'deg2rad', 'rad2deg', 'sign', 'frac', 'reciprocal'] as const).map(
    (name): UnaryCase => [name, k[name], ANY],
  ),
  ...(['sqrt', 'rsqrt', 'log', 'log2', 'log10', 'log1p', 'lgamma', 'digamma'] as const).map((name): UnaryCase => [
    name,
    k[name],
    POSITIVE,
  ]),
  ...(['asin', 'acos', 'atanh', 'erfinv', 'tan'] as const).map((name): UnaryCase => [name, k[name], INSIDE]),
  ['acosh', k.acosh, ABOVE_ONE],
  ['logit', (x) => k.logit(x), UNIT],
  ['logit with eps', (x) => k.logit(x, 0.2), UNIT],
  ['pow 2', (x) => k.pow(x, 2), ANY],
  ['pow 3', (x) => k.pow(x, 3), ANY],
  ['pow -1.5', (x) => k.pow(x, -1.5), POSITIVE],
  ['pow of a number', (x) => k.pow(2.5, x), ANY],
  ['clamp', (x) => k.clamp(x, -0.4, 0.7), ANY],
  ['nanToNum', (x) => k.nanToNum(x), ANY],
  ['add a number', (x) => x.add(2, { alpha: 3 }), ANY],
  ['rsub', (x) => k.rsub(x, 3, { alpha: 2 }), ANY],
  ['div by a number', (x) => x.div(3), ANY],
  ['to float32 and back', (x) => k.exp(x.mul(2)).to('float64'), ANY],
  ['gelu', (x) => activation.gelu(x), ANY],
  ['gelu by tanh', (x) => activation.gelu(x, { approximate: 'tanh' }), ANY],
  ...(['relu', 'relu6', 'selu', 'silu', 'mish', 'softsign', 'logsigmoid', 'tanhshrink'] as const).map(
    (name): UnaryCase => [name, activation[name], ANY],
  ),
  ...(['hardsigmoid', 'hardswish'] as const).map((name): UnaryCase => [name, activation[name], ANY]),
  ...(['leakyRelu', 'elu', 'celu', 'softplus', 'softshrink', 'hardshrink'] as const).map((name): UnaryCase => [
    name,
    (x) => activation[name](x),
    ANY,
  ]),
  ['leakyRelu 0.3', (x) => activation.leakyRelu(x, 0.3), ANY],
  ['elu 1.7', (x) => activation.elu(x, { alpha: 1.7 }), ANY],
  ['celu 1.7', (x) => activation.celu(x, 1.7), ANY],
  ['softplus 2, 1', (x) => activation.softplus(x, 2, 1), ANY],
  ['hardtanh', (x) => activation.hardtanh(x, -0.6, 0.8), ANY],
  ['threshold', (x) => activation.threshold(x, 0.1, 20), ANY],
];

type BinaryCase = readonly [name: string, f: (a: Tensor, b: Tensor) => Tensor, a: Domain, b: Domain];

const BINARY: readonly BinaryCase[] = [
  ...(['add', 'sub', 'mul', 'maximum', 'minimum', 'fmax', 'fmin', 'hypot', 'logaddexp', 'copysign'] as const).map(
    (name): BinaryCase => [name, (a, b) => k[name](a, b), ANY, ANY],
  ),
  ['add alpha', (a, b) => k.add(a, b, { alpha: -2 }), ANY, ANY],
  ['div', (a, b) => k.div(a, b), ANY, POSITIVE],
  ['atan2', k.atan2, ANY, POSITIVE],
  ['pow', k.pow, POSITIVE, ANY],
  ['xlogy', k.xlogy, ANY, POSITIVE],
  ['remainder', k.remainder, ANY, (x) => POSITIVE(x).add(7)],
  ['fmod', k.fmod, ANY, (x) => POSITIVE(x).add(7)],
  ['where', (a, b) => k.where(a.detach().gt(0), a, b), ANY, ANY],
  ['clamp by tensors', (a, b) => k.clamp(a, b.sub(0.7), b.add(0.7)), ANY, ANY],
  ['clampMin', k.clampMin, ANY, ANY],
  ['lerp', (a, b) => k.lerp(a, b, 0.3), ANY, ANY],
  ['prelu', activation.prelu, ANY, ANY],
  ['squaredError', loss.squaredError, ANY, ANY],
  ['absoluteError', loss.absoluteError, ANY, (x) => ANY(x).add(3)],
  ['huberError', (a, b) => loss.huberError(a, b, 0.7), ANY, (x) => x.mul(2.1)],
  ['smoothL1Error', (a, b) => loss.smoothL1Error(a, b, 0.7), ANY, (x) => x.mul(2.1)],
  ['binaryCrossEntropyError', loss.binaryCrossEntropyError, UNIT, UNIT],
  ['logitsError', loss.logitsError, ANY, UNIT],
  ['divergenceError', loss.divergenceError, ANY, POSITIVE],
];

type TernaryCase = readonly [name: string, f: (a: Tensor, b: Tensor, c: Tensor) => Tensor];

const TERNARY: readonly TernaryCase[] = [
  ['addcmul', (a, b, c) => k.addcmul(a, b, c, { value: 1.5 })],
  ['addcdiv', (a, b, c) => k.addcdiv(a, b, POSITIVE(c), { value: 1.5 })],
  ['lerp by a tensor', (a, b, c) => k.lerp(a, b, c)],
  ['weightedLogitsError', (a, b, c) => loss.weightedLogitsError(a, b, c)],
];

/** A point of the domain that requires a gradient; a view of transposed memory if asked for. */
function point(shape: readonly number[], domain: Domain, transposed: boolean): Tensor {
  const options = { dtype: 'float64' } as const;
  if (!transposed) return domain(k.randn(shape, options)).requiresGrad_();
  return domain(k.randn([...shape].reverse(), options))
    .detach()
    .transpose(0, 1)
    .requiresGrad_();
}

async function check(f: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]): Promise<void> {
  expect(await k.autograd.gradcheck(f, inputs)).toBe(true);
  expect(await k.autograd.gradgradcheck(f, inputs)).toBe(true);
}

describe('gradients', () => {
  test.each(UNARY)('%s', async (_name, f, domain) => {
    k.manualSeed(3);
    for (const transposed of [false, true]) await check(f, [point([2, 3], domain, transposed)]);
  });

  test.each(BINARY)('%s', async (_name, f, a, b) => {
    k.manualSeed(5);
    await check(f, [point([2, 3], a, false), point([2, 3], b, true)]);
    await check(f, [point([2, 1], a, false), point([3], b, false)]);
  });

  test.each(TERNARY)('%s', async (_name, f) => {
    k.manualSeed(7);
    await check(f, [point([2, 3], ANY, true), point([3], ANY, false), point([2, 1], ANY, false)]);
  });

  test('maskedFill, with a tensor for the value', async () => {
    k.manualSeed(9);
    const mask = k.tensor([[true, false, true]]);
    const f = (x: Tensor, value: Tensor): Tensor => k.maskedFill(x, mask, value);
    await check(f, [point([2, 3], ANY, false), point([], ANY, false)]);
  });
});
