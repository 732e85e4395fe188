// Random tensors. Draws come from PyTorch's CPU generator on the scheduling thread (the one computation there), so
// that the same seed gives the same weights and the same order as in Python.
import { interceptable } from '../../base/intercept';
import { capture } from '../../core/capture';
import { type Arguments, isPlainObject } from '../../base/arguments';
import { COUNTS, NUMBER, INTEGER, COUNT, kind, listOf } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { GENERATOR, INPUT } from '../../core/kinds';
import { composed } from '../../base/errorText';
import { defaultDType, isHalf, newArray, stored, type DType, type TypedArray } from '../../base/dtype';
import { ValueError } from '../../base/errors';
import type { Half } from '../../base/half';
import {
  defaultGenerator, fillBernoulli, fillExponential, fillNormal, fillRandint, fillUniform, permutation, type FloatArray,
  type Generator,
} from '../../base/generator'; // prettier-ignore
import { Tensor } from '../../core/tensor';
import { contiguous, copy_, to } from '../shape/copy';
import {
  finish,
  requireFloat,
  MADE,
  uploaded,
  valueCount,
  type ShapeArguments,
  type TensorOptions,
} from '../shape/creation';
import { permute } from '../shape/view';
import { isDense, type Shape } from '../../base/shape';
import type { DeviceGiven } from '../../device/contract';

/** Where draws come from. */
export interface GeneratorOption {
  /** Default: the generator that `manualSeed` seeds. */
  generator?: Generator | undefined;
}

/** Options of functions that make a tensor of draws. */
export interface RandomOptions extends TensorOptions, GeneratorOption {}

/** Fills values one after the other in memory, of any dtype. */
export type ValueFill = (out: TypedArray, half: Half | null, isDense: boolean) => void;

type FloatFill = (out: FloatArray, generator: Generator | undefined, half: Half | null) => void;

/** Fills values one after the other in memory; `isDense` says whether that is the order of rows too. */
export type LaidFill = (out: FloatArray, half: Half | null, isDense: boolean) => void;

/** A fresh tensor of the shape with draws in row-major order. */
export function drawn(op: string, shape: Shape, options: RandomOptions, fill: FloatFill): Tensor {
  const dtype = options.dtype ?? defaultDType();
  requireFloat(op, dtype);
  const draw = (): ArrayBufferView => {
    const values = newArray(dtype, valueCount(options.device, shape)) as FloatArray;
    fill(values, options.generator, isHalf(dtype) ? dtype : null);
    return stored(dtype, values);
  };
  capture.current?.source(draw);
  return finish(uploaded(options.device, shape, dtype, draw), options);
}

/** What draws depend on. */
type Laid = Pick<Tensor, 'shape' | 'strides' | 'dtype' | 'device'>;

/** Whether dimension a steps further in memory than b (1), less far (-1), or either may be (0). */
function compareSteps({ shape, strides }: Laid, a: number, b: number): -1 | 0 | 1 {
  if (strides[a] === 0 || strides[b] === 0) return 0;
  if (strides[a] !== strides[b]) return strides[a] < strides[b] ? -1 : 1;
  return shape[a] > shape[b] ? 1 : 0;
}

/**
 * Dimensions from the slowest to the fastest in memory: the order in which PyTorch fills a tensor that is not row-major.
 * The sort is that of its TensorIterator, which passes over dimensions that may stand either way.
 */
function memoryOrder(x: Laid): number[] {
  const fastest = x.shape.map((_, d) => x.shape.length - 1 - d);
  for (let i = 1; i < fastest.length; i++) {
    let moving = i;
    for (let at = i - 1; at >= 0; at--) {
      const order = compareSteps(x, fastest[at], fastest[moving]);
      if (order < 0) break;
      if (order === 0) continue;
      [fastest[at], fastest[moving]] = [fastest[moving], fastest[at]];
      moving = at;
    }
  }
  return fastest.reverse();
}

/**
 * Draws with the shape and dtype of `x`, made in the order in which PyTorch writes to `x`, or with `fresh` to a new tensor
 * like it, which takes over the order of its dimensions in memory.
 */
export function drawnLike(op: string, x: Laid, fill: LaidFill, fresh = false): Tensor {
  requireFloat(op, x.dtype);
  return valuesLike(x, fill as ValueFill, fresh);
}

/** The same for values of any dtype. */
export function valuesLike(x: Laid, fill: ValueFill, fresh = false): Tensor {
  const { shape, dtype, device } = x;
  const order = memoryOrder(x);
  const kept = order.filter((d) => shape[d] !== 1);
  const isInOrder = kept.every((d, i) => i === 0 || kept[i - 1] < d);
  const sizes = isInOrder ? shape : order.map((d) => shape[d]);
  const draw = (): ArrayBufferView => {
    const values = newArray(dtype, valueCount(device, shape));
    fill(values, isHalf(dtype) ? dtype : null, fresh ? isInOrder : isDense(shape, x.strides));
    return stored(dtype, values);
  };
  capture.current?.source(draw);
  const laid = uploaded(device, sizes, dtype, draw);
  return isInOrder ? laid : permute(laid, shape.map((_, d) => order.indexOf(d))); // prettier-ignore
}

const FROM_GENERATOR = argument('generator', GENERATOR, undefined);
const RANDOM = [argument('size', COUNTS, []), FROM_GENERATOR, ...MADE] as const;
const RAND = signature('rand', RANDOM);
const RANDN = signature('randn', RANDOM);

/** Uniform in [0, 1), the bits of PyTorch for the same seed. @see torch.rand */
export function rand(...args: ShapeArguments<RandomOptions>): Tensor {
  const { size, ...options } = RAND.take(args);
  return drawn('rand', size, options, (out, generator, half) => {
    fillUniform(out, 0, 1, generator, half);
  });
}

/** Standard normal, within 8 ulp of PyTorch for the same seed. @see torch.randn */
export function randn(...args: ShapeArguments<RandomOptions>): Tensor {
  const { size, ...options } = RANDN.take(args);
  return drawn('randn', size, options, (out, generator, half) => {
    fillNormal(out, 0, 1, generator, half);
  });
}

/** A function of x that gives draws like it, in a new tensor of its own order in memory. */
function likeGiven(
  op: string,
  fill: (
    out: FloatArray,
    a: number,
    b: number,
    generator: Generator | undefined,
    half: Half | null,
    isDense: boolean,
  ) => void,
): (x: Tensor, options?: RandomOptions) => Tensor {
  const takes = signature(op, [INPUT, FROM_GENERATOR, ...MADE]);
  return (given, ...args) => {
    const { input: x, ...options } = takes.take([given, ...args]);
    const { dtype = x.dtype, device = x.device, generator } = options;
    const { shape, strides } = x;
    const draws = drawnLike(op, { shape, strides, dtype, device }, (out, half, isDense) => {
      fill(out, 0, 1, generator, half, isDense);
    }, true); // prettier-ignore
    return finish(contiguous(draws), options);
  };
}

/** @see rand */
export const randLike = interceptable('randLike', likeGiven('randLike', fillUniform));
/** @see randn */
export const randnLike = interceptable('randnLike', likeGiven('randnLike', fillNormal));

const SIZED = [argument('size', { ...listOf(COUNT), expected: COUNTS.expected }), FROM_GENERATOR, ...MADE] as const;
const BELOW = signature('randint', [argument('high', INTEGER), ...SIZED]);
const IN_RANGE = signature('randint', [argument('low', INTEGER), argument('high', INTEGER), ...SIZED]);

/** Whole numbers in [low, high), int64 unless `dtype` is given. @example randint(0, 10, [3]); randint(10, [3]) @see torch.randint */
export function randint(low: number, high: number, size: Shape, options?: RandomOptions): Tensor;
export function randint(low: number, high: number, options: RandomOptions & { size: Shape }): Tensor;
export function randint(high: number, size: Shape, options?: RandomOptions): Tensor;
export function randint(high: number, options: RandomOptions & { size: Shape }): Tensor;
export function randint(...args: unknown[]): Tensor {
  const [first, second] = args;
  const isRange = typeof second === 'number' || (isPlainObject(first) && Object.hasOwn(first, 'low'));
  const { low, high, size, ...options } = isRange ? IN_RANGE.take(args) : { low: 0, ...BELOW.take(args) };
  if (!(high > low)) throw new ValueError('randint', `low must be below high, got low ${low} and high ${high}.`);
  const dtype: DType = options.dtype ?? 'int64';
  const draw = (): ArrayBufferView => {
    const values = newArray(dtype, valueCount(options.device, size));
    fillRandint(values, low, high, options.generator);
    return stored(dtype, values);
  };
  capture.current?.source(draw);
  return finish(uploaded(options.device, size, dtype, draw), options);
}

const BYTES = kind<Uint8Array | Tensor>(
  'a Uint8Array, or a uint8 tensor',
  (value) => value instanceof Uint8Array || (value instanceof Tensor && value.dtype === 'uint8'),
);
const SET_RNG_STATE = signature('setRngState', [argument('newState', BYTES)]);

/**
 * Restores the default generator from what `getRngState` gave, or, when the promise resolves, from a tensor as PyTorch's
 * checkpoints have it.
 * @throws RangeError (of a tensor: the promise rejects) if it is not a saved state
 * @see torch.set_rng_state
 */
export function setRngState(newState: Uint8Array, ...none: readonly []): void;
export function setRngState(newState: Tensor, ...none: readonly []): Promise<void>;
export function setRngState(...args: readonly unknown[]): void | Promise<void> {
  const { newState } = SET_RNG_STATE.take(args);
  const restore = (bytes: Uint8Array): void => {
    composed('setRngState', () => defaultGenerator.setState(bytes));
  };
  if (newState instanceof Uint8Array) restore(newState);
  else return newState.data().then((bytes) => { restore(bytes as Uint8Array); }); // prettier-ignore
}

const RANDPERM = signature('randperm', [argument('n', COUNT), FROM_GENERATOR, ...MADE]);

/** The numbers 0 .. n-1 in random order, int64. @see torch.randperm */
export function randperm(
  ...args: Arguments<
    [n: number],
    [
      generator?: Generator | undefined,
      dtype?: DType | undefined,
      device?: DeviceGiven | undefined,
      requiresGrad?: boolean | undefined,
    ],
    RandomOptions & { n: number }
  >
): Tensor {
  const { n, ...options } = RANDPERM.take(args);
  const draw = (): ArrayBufferView => permutation(valueCount(options.device, [n]), options.generator);
  capture.current?.source(draw);
  const order = uploaded(options.device, [n], 'int32', draw);
  return finish(to(order, options.dtype ?? 'int64'), options);
}

/** A function that fills a tensor with draws: `names` are the numbers it takes before the generator, with defaults. */
export const refilling = (
  op: string,
  names: readonly string[],
  defaults: readonly number[],
  fill: (
    out: FloatArray,
    numbers: readonly number[],
    generator: Generator,
    half: Half | null,
    isDense: boolean,
  ) => void,
): ((self: Tensor, ...args: readonly unknown[]) => Tensor) => {
  const takes = signature(op, [INPUT, ...names.map((name, i) => argument(name, NUMBER, defaults[i])), FROM_GENERATOR]);
  return (x, ...args) => {
    const [self, ...given] = takes.values([x, ...args]) as readonly unknown[] as [Tensor, ...unknown[]];
    const generator = (given[names.length] as Generator | undefined) ?? defaultGenerator;
    const numbers = given.slice(0, names.length) as number[];
    const values = drawnLike(op, self, (out, half, isDense) => {
      fill(out, numbers, generator, half, isDense);
    });
    return composed(op, () => copy_(self, values));
  };
};

/** A function of a tensor with the options `O`, by position `Places`, and a generator. */
export type Filling<O, Places extends readonly unknown[]> = (
  self: Tensor,
  ...args: Arguments<[], [...Places, generator?: GeneratorOption['generator']], O & GeneratorOption>
) => Tensor;

/** Fills with uniform draws from [from, to), [0, 1) by default. @throws RangeError, DTypeError @see torch.Tensor.uniform_ */
export const uniform_: Filling<{ from?: number; to?: number }, [from?: number, to?: number]> = refilling(
  'uniform_',
  ['from', 'to'],
  [0, 1],
  (out, [from, to], generator, half) => {
    fillUniform(out, from, to, generator, half);
  },
);

/** Fills with normal draws, standard ones by default. @throws RangeError for a negative std, DTypeError @see torch.Tensor.normal_ */
export const normal_: Filling<{ mean?: number; std?: number }, [mean?: number, std?: number]> = refilling(
  'normal_',
  ['mean', 'std'],
  [0, 1],
  (out, [mean, std], generator, half, isDense) => {
    fillNormal(out, mean, std, generator, half, isDense);
  },
);

/** Fills with exponential draws of rate `lambd`, 1 by default. @throws RangeError unless it is positive, DTypeError @see torch.Tensor.exponential_ */
export const exponential_: Filling<{ lambd?: number }, [lambd?: number]> = refilling(
  'exponential_',
  ['lambd'],
  [1],
  (out, [lambd], generator) => {
    fillExponential(out, lambd, generator);
  },
);

/** Fills with 1, with probability p (0.5 by default), and 0. @throws RangeError unless p is in [0, 1], DTypeError @see torch.Tensor.bernoulli_ */
export const bernoulli_: Filling<{ p?: number }, [p?: number]> = refilling(
  'bernoulli_',
  ['p'],
  [0.5],
  (out, [p], generator) => {
    fillBernoulli(out, p, generator);
  },
);
