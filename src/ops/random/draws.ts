// Further random tensors, with PyTorch's numbers for the same seed: normal draws around tensors, whole numbers, and the
// in-place fills that base/draws.ts makes.
import { intercepting } from '../../base/intercept';
import { capture } from '../../core/capture';
import type { Arguments } from '../../base/arguments';
import { isPlainObject } from '../../base/arguments';
import type { DType } from '../../base/dtype';
import { stored, newArray } from '../../base/dtype';
import { fillCauchy, fillGeometric, fillLogNormal, fillWhole } from '../../base/draws';
import { composed } from '../../base/errorText';
import { KindError, ShapeError, ValueError } from '../../base/errors';
import { defaultGenerator, fillNormal, fillRandint, type Generator } from '../../base/generator';
import { COUNT, COUNTS, INTEGER, listOf, NUMBER, either } from '../../base/kinds';
import { broadcastShapes, type Shape } from '../../base/shape';
import { argument, signature } from '../../base/signature';
import { noGrad } from '../../core/backward';
import { GENERATOR, INPUT, TENSOR } from '../../core/kinds';
import { Tensor } from '../../core/tensor';
import type { DeviceGiven } from '../../device/contract';
import { copy_ } from '../shape/copy';
import { finish, MADE, requireFloat, uploaded, valueCount, type TensorOptions } from '../shape/creation';
import { expand } from '../shape/view';
import { add, mul } from '../pointwise/arithmetic';
import { ge } from '../pointwise/compare';
import { requireAll } from '../indexing/gather';
import {
  drawn,
  drawnLike,
  refilling,
  valuesLike,
  type Filling,
  type GeneratorOption,
  type RandomOptions,
} from './random';

/** Fills with exp of normal draws. @throws RangeError unless std is positive, DTypeError @see torch.Tensor.log_normal_ */
export const logNormal_: Filling<{ mean?: number; std?: number }, [mean?: number, std?: number]> = refilling(
  'logNormal_',
  ['mean', 'std'],
  [1, 2],
  (out, [mean, std], generator) => {
    fillLogNormal(out, mean, std, generator);
  },
);

/** Fills with draws of the Cauchy distribution. @throws RangeError unless sigma is positive, DTypeError @see torch.Tensor.cauchy_ */
export const cauchy_: Filling<{ median?: number; sigma?: number }, [median?: number, sigma?: number]> = refilling(
  'cauchy_',
  ['median', 'sigma'],
  [0, 1],
  (out, [median, sigma], generator) => {
    fillCauchy(out, median, sigma, generator);
  },
);

const FROM_GENERATOR = argument('generator', GENERATOR, undefined);
const GEOMETRIC = signature('geometric_', [INPUT, argument('p', NUMBER), FROM_GENERATOR]);

/**
 * Fills a tensor of any dtype but bool with the number of trials up to the first success of probability p, 1 or more.
 * @throws RangeError unless p is in (0, 1) @see torch.Tensor.geometric_
 */
export const geometric_ = (
  self: Tensor,
  ...args: Arguments<[p: number], [generator?: Generator | undefined], GeneratorOption & { p: number }>
): Tensor => {
  const { input, p, generator } = GEOMETRIC.take([self, ...args]);
  if (input.dtype === 'bool') throw new KindError('geometric_', 'dtype must hold numbers, got bool.');
  return composed('geometric_', () =>
    copy_(
      input,
      valuesLike(input, (out) => {
        fillGeometric(out, p, generator);
      }),
    ),
  );
};

const RANDOM_TO = signature('random_', [INPUT, argument('to', INTEGER), FROM_GENERATOR]);
const RANDOM_FROM = signature('random_', [INPUT, argument('from', INTEGER, 0), argument('to', INTEGER, null), FROM_GENERATOR]); // prettier-ignore

/**
 * Fills with whole numbers in [from, to), drawn alike; from 0 if one number is given. Without an end, up to the greatest number
 * of an integer dtype, and for floats up to the greatest below which they have all.
 * @throws RangeError unless from is below to @see torch.Tensor.random_
 */
export const random_ = (
  self: Tensor,
  ...args:
    | Arguments<[], [to?: number, generator?: Generator | undefined], GeneratorOption & { to?: number }>
    | Arguments<
        [from: number, to: number | null],
        [generator?: Generator | undefined],
        GeneratorOption & { from: number; to: number | null }
      >
): Tensor => {
  const [first, second] = args as readonly unknown[];
  const isEnd = typeof first === 'number' && (second === undefined || isPlainObject(second) ? !hasEnd(second) : typeof second !== 'number' && second !== null); // prettier-ignore
  const { input, generator, from, to } = isEnd
    ? { from: 0, ...RANDOM_TO.take([self, ...args]) }
    : RANDOM_FROM.take([self, ...args]);
  return composed('random_', () =>
    copy_(
      input,
      valuesLike(input, (out) => {
        if (to === null) fillWhole(out, input.dtype, from, generator);
        else fillRandint(out, from, to, generator);
      }),
    ),
  );
};

const hasEnd = (options: unknown): boolean => isPlainObject(options) && Object.hasOwn(options, 'to');

const LIKE = [INPUT, argument('low', INTEGER), argument('high', INTEGER), FROM_GENERATOR, ...MADE] as const;
const LIKE_BELOW = signature('randintLike', [INPUT, argument('high', INTEGER), FROM_GENERATOR, ...MADE]);
const LIKE_WITHIN = signature('randintLike', LIKE);

/** Whole numbers in [low, high), with the shape, dtype and device of x. @throws RangeError unless low is below high @see torch.randint_like */
export function randintLike(x: Tensor, low: number, high: number, options?: RandomOptions): Tensor;
export function randintLike(x: Tensor, high: number, options?: RandomOptions): Tensor;
export function randintLike(x: Tensor, options: RandomOptions & { low?: number; high: number }): Tensor;
export function randintLike(...args: unknown[]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('randintLike', randintLike, args);
  const [, first, second] = args;
  const isRange = typeof second === 'number' || [first, second].some((given) => isPlainObject(given) && Object.hasOwn(given, 'low')) || (typeof first === 'number' && isPlainObject(second) && Object.hasOwn(second, 'high')); // prettier-ignore
  const { input, low, high, generator, ...options } = isRange
    ? LIKE_WITHIN.take(args)
    : { low: 0, ...LIKE_BELOW.take(args) };
  if (!(high > low)) throw new ValueError('randintLike', `low must be below high, got low ${low} and high ${high}.`);
  const { dtype = input.dtype, device = input.device } = options;
  const draw = (): ArrayBufferView => {
    const values = newArray(dtype, valueCount(device, input.shape));
    fillRandint(values, low, high, generator);
    return stored(dtype, values);
  };
  capture.current?.source(draw);
  return finish(uploaded(device, input.shape, dtype, draw), options);
}

const MEAN_OR_STD = either(TENSOR, NUMBER);
const NORMAL = signature('normal', [
  argument('mean', MEAN_OR_STD), argument('std', MEAN_OR_STD, 1), argument('size', { ...listOf(COUNT), expected: COUNTS.expected }, null),
  FROM_GENERATOR, ...MADE,
]); // prettier-ignore

/** Options of `normal`. */
export interface NormalOptions extends RandomOptions {
  mean: Tensor | number;
  /** Default 1. */
  std?: Tensor | number;
  /** Only, and always, where both are numbers. */
  size?: Shape;
}
type NormalArguments = Arguments<
  [mean: Tensor | number],
  [std?: Tensor | number, size?: Shape | null, generator?: Generator | undefined, dtype?: DType, device?: DeviceGiven],
  NormalOptions
>;

/**
 * Normal draws with the mean and the standard deviation of each element; two numbers need a size.
 * Shape: that of the two, broadcast. Nothing of it has a gradient: distributions.Normal has one.
 * @throws RangeError for a negative std that is a number; FaultError, at the read, for one in a tensor
 * @example normal(zeros(3), 0.1); normal(0, 1, [2, 3])
 * @see torch.normal
 */
export function normal(...args: NormalArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('normal', normal, args);
  const { mean, std, size, generator = defaultGenerator, ...options } = NORMAL.take(args);
  const tensors = [mean, std].filter((x) => x instanceof Tensor);
  if (tensors.length === 0) return normalOfSize(mean as number, std as number, size, generator, options);
  if (size !== null || options.dtype !== undefined || options.device !== undefined || options.requiresGrad) {
    throw new KindError('normal', 'size, dtype, device and requiresGrad go with two numbers only, got a tensor.');
  }
  for (const x of tensors) requireFloat('normal', x.dtype);
  if (typeof std === 'number' && !(std >= 0)) {
    throw new ValueError('normal', `std must be at least 0, got ${std}.`);
  }
  return noGrad(() => {
    const shape = broadcastShapes('normal', ...tensors.map((x) => x.shape));
    // The order in memory is that of the result: of one tensor its own, of two that of the mean.
    const model = expand(tensors[0], shape);
    const draws = drawnLike('normal', model, (out, half, isDense) => {
      fillNormal(out, 0, 1, generator, half, isDense);
    }, true); // prettier-ignore
    const result = add(mul(draws, std), mean);
    if (!(std instanceof Tensor)) return result;
    return add(result, requireAll('normal', 'a std that is negative or NaN', ge(std, 0), result));
  });
}

function normalOfSize(
  mean: number,
  std: number,
  size: Shape | null,
  generator: Generator,
  options: TensorOptions,
): Tensor {
  if (size === null) throw new ShapeError('normal', 'two numbers need a size, got none. Pass one, as in normal(0, 1, [2, 3]).'); // prettier-ignore
  return drawn('normal', size, { ...options, generator }, (out, from, half) => {
    fillNormal(out, mean, std, from, half);
  });
}
