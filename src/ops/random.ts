// Random tensors. Draws come from PyTorch's CPU generator on the scheduling thread (the one computation there), so
// that the same seed gives the same weights and the same order as in Python.
import { isHalf, newArray, stored, type DType } from '../dtype';
import type { Half } from '../half';
import { noGrad } from '../autograd';
import {
  defaultGenerator, fillBernoulli, fillExponential, fillNormal, fillRandint, fillUniform, permutation, type FloatArray,
  type Generator,
} from '../random'; // prettier-ignore
import type { Tensor } from '../tensor';
import { copy_, to } from './copy';
import { finish, requireFloat, shapeAndOptions, uploaded, type ShapeArguments, type TensorOptions } from './creation';
import { numelOf, type Shape } from '../shape';

/** Options of random functions. */
export interface RandomOptions extends TensorOptions {
  /** Default: the generator that `manualSeed` seeds. */
  generator?: Generator;
}

type FloatFill = (out: FloatArray, generator: Generator | undefined, half: Half | null) => void;

function drawn(op: string, shape: Shape, options: RandomOptions, fill: FloatFill): Tensor {
  const dtype = options.dtype ?? 'float32';
  requireFloat(op, dtype);
  const values = newArray(dtype, numelOf(shape)) as FloatArray;
  fill(values, options.generator, isHalf(dtype) ? dtype : null);
  return finish(uploaded(options.device, shape, dtype, stored(dtype, values)), options);
}

/** Uniform in [0, 1), the bits of PyTorch for the same seed. @see torch.rand */
export function rand(...args: ShapeArguments<RandomOptions>): Tensor {
  const [shape, options] = shapeAndOptions<RandomOptions>('rand', args);
  return drawn('rand', shape, options, (out, generator, half) => {
    fillUniform(out, 0, 1, generator, half);
  });
}

/** Standard normal, within 8 ulp of PyTorch for the same seed. @see torch.randn */
export function randn(...args: ShapeArguments<RandomOptions>): Tensor {
  const [shape, options] = shapeAndOptions<RandomOptions>('randn', args);
  return drawn('randn', shape, options, (out, generator, half) => {
    fillNormal(out, 0, 1, generator, half);
  });
}

/** @see rand */
export const randLike = (x: Tensor, options: RandomOptions = {}): Tensor =>
  rand(x.shape, { dtype: x.dtype, device: x.device, ...options });
/** @see randn */
export const randnLike = (x: Tensor, options: RandomOptions = {}): Tensor =>
  randn(x.shape, { dtype: x.dtype, device: x.device, ...options });

/** Whole numbers in [low, high), int64 unless `dtype` is given. @example randint(0, 10, [3]); randint(10, [3]) @see torch.randint */
export function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(high: number, shape: Shape, options?: RandomOptions): Tensor;
export function randint(a: number, b: number | Shape, c?: Shape | RandomOptions, d: RandomOptions = {}): Tensor {
  const [low, high, shape, options] =
    typeof b === 'number' ? [a, b, c as Shape, d] : [0, a, b, (c ?? {}) as RandomOptions];
  if (!(high > low)) throw new RangeError(`randint: low must be below high, got low ${low} and high ${high}.`);
  const dtype: DType = options.dtype ?? 'int64';
  const values = newArray(dtype, numelOf(shape));
  fillRandint(values, low, high, options.generator);
  return finish(uploaded(options.device, shape, dtype, stored(dtype, values)), options);
}

/** The numbers 0 .. n-1 in random order, int64. @see torch.randperm */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  const order = uploaded(options.device, [n], 'int32', permutation(n, options.generator));
  return finish(to(order, options.dtype ?? 'int64'), options);
}

function refill(self: Tensor, op: string, generator: Generator, fill: FloatFill): Tensor {
  const { dtype, device, shape } = self;
  const drawnValues = drawn(op, shape, { dtype, device, generator }, fill);
  return noGrad(() => copy_(self, drawnValues));
}

/** Fills with uniform draws from [from, to). @throws RangeError, DTypeError @see torch.Tensor.uniform_ */
export const uniform_ = (self: Tensor, from = 0, to = 1, generator = defaultGenerator): Tensor =>
  refill(self, 'uniform_', generator, (out, generator, half) => {
    fillUniform(out, from, to, generator, half);
  });

/** Fills with normal draws. @throws RangeError for a negative std, DTypeError @see torch.Tensor.normal_ */
export const normal_ = (self: Tensor, mean = 0, std = 1, generator = defaultGenerator): Tensor =>
  refill(self, 'normal_', generator, (out, generator, half) => {
    fillNormal(out, mean, std, generator, half);
  });

/** Fills with exponential draws of rate `lambd`. @throws RangeError unless it is positive, DTypeError @see torch.Tensor.exponential_ */
export const exponential_ = (self: Tensor, lambd = 1, generator = defaultGenerator): Tensor =>
  refill(self, 'exponential_', generator, (out, generator) => {
    fillExponential(out, lambd, generator);
  });

/** Fills with 1, with probability p, and 0. @throws RangeError unless p is in [0, 1], DTypeError @see torch.Tensor.bernoulli_ */
export const bernoulli_ = (self: Tensor, p = 0.5, generator = defaultGenerator): Tensor =>
  refill(self, 'bernoulli_', generator, (out, generator) => {
    fillBernoulli(out, p, generator);
  });
