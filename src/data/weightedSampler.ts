// A sampler by weight. It draws on the page, with the numbers of torch.multinomial for weights in float64.
import type { Arguments } from '../base/arguments';
import { defaultGenerator, fillExponential, type Generator } from '../base/generator';
import { atLeast, either, FLAG, kind, listOf, NUMBER } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { formatShape } from '../base/shape';
import { ShapeError, ValueError } from '../base/errors';
import { Tensor } from '../core/tensor';
import { TENSOR } from '../core/kinds';
import { GENERATOR, mustWait, Sampler } from './sampler';

/** One for each sample. */
type Weights = readonly number[] | Float32Array | Float64Array | Tensor;

interface WeightedRandomSamplerOptions {
  weights: Weights;
  numSamples: number;
  replacement?: boolean;
  generator?: Generator | null;
}

type Taken = WeightedRandomSamplerOptions & { replacement: boolean };

const ARRAY = kind<Float32Array | Float64Array>(
  'a Float32Array or Float64Array',
  (value) => value instanceof Float32Array || value instanceof Float64Array,
);
const TAKES = signature('WeightedRandomSampler', [
  argument('weights', either(listOf(NUMBER), either(ARRAY, TENSOR))), argument('numSamples', atLeast(1)),
  argument('replacement', FLAG, true), GENERATOR,
]); // prettier-ignore

/**
 * `numSamples` indices, each drawn with the probability of its weight; the weights need not sum to 1. Without a `generator` the
 * draws are those of the default one. Weights in a tensor have to be read, so that the sampler is an `AsyncSampler` then: loaders
 * wait for it.
 * @throws RangeError for a weight that is negative, infinite or NaN, for none above 0, and without `replacement` for more samples than weights
 * @example new DataLoader(train, { batchSize: 64, sampler: new WeightedRandomSampler(weights, train.length) })
 * @see torch.utils.data.WeightedRandomSampler
 */
export class WeightedRandomSampler extends Sampler {
  static override readonly name: string = 'WeightedRandomSampler';

  private readonly weights: Weights;
  private readonly numSamples: number;
  private readonly replacement: boolean;
  private readonly generator: Generator;
  /** Only there if the weights are a tensor. */
  declare readonly [Symbol.asyncIterator]?: () => AsyncIterableIterator<number>;

  constructor(
    ...args: Arguments<
      [weights: Weights, numSamples: number],
      [replacement?: boolean, generator?: Generator | null],
      WeightedRandomSamplerOptions,
      [weights: Weights, named: Omit<WeightedRandomSamplerOptions, 'weights'>]
    >
  ) {
    super();
    const { weights, numSamples, replacement, generator } = TAKES.take<Taken>(args);
    const isTensor = weights instanceof Tensor;
    if (isTensor && weights.ndim !== 1) {
      throw new ShapeError(
        'WeightedRandomSampler',
        `weights must have one dimension, got shape ${formatShape(weights.shape)}.`,
        { shapes: [weights.shape] },
      );
    }
    const count = isTensor ? weights.numel() : weights.length;
    if (!replacement && numSamples > count) {
      throw new ValueError(
        'WeightedRandomSampler',
        `without replacement numSamples must be at most the number of weights, got ${numSamples} and ${count}.`,
      );
    }
    this.weights = weights;
    this.numSamples = numSamples;
    this.replacement = replacement;
    this.generator = generator ?? defaultGenerator;
    if (isTensor) this[Symbol.asyncIterator] = () => this.read(weights);
    else checkWeights(weights);
  }

  /** Number of draws. */
  get length(): number {
    return this.numSamples;
  }

  /** @throws TypeError for weights in a tensor */
  *[Symbol.iterator](): IterableIterator<number> {
    const { weights } = this;
    if (weights instanceof Tensor) throw mustWait('WeightedRandomSampler');
    yield* this.drawn(weights);
  }

  private async *read(weights: Tensor): AsyncIterableIterator<number> {
    const values = Float64Array.from(await weights.data(), Number);
    checkWeights(values);
    yield* this.drawn(values);
  }

  private drawn(weights: ArrayLike<number>): readonly number[] {
    const { numSamples, generator } = this;
    return this.replacement ? repeated(weights, numSamples, generator) : raced(weights, numSamples, generator);
  }
}

function checkWeights(weights: ArrayLike<number>): void {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0 && weights[i] < Infinity)) {
      throw new ValueError(
        'WeightedRandomSampler',
        `weights must be finite and at least 0, got ${weights[i]} for sample ${i}.`,
      );
    }
    sum += weights[i];
  }
  if (!(sum > 0)) throw new ValueError('WeightedRandomSampler', 'one weight at least must be above 0, got none.');
}

/** By where uniform draws fall between the sums of the weights. */
function repeated(weights: ArrayLike<number>, count: number, generator: Generator): number[] {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  for (let i = 0; i < sums.length; i++) sums[i] = sum += weights[i];
  for (let i = 0; i < sums.length; i++) sums[i] /= sum;
  return Array.from({ length: count }, () => firstAtLeast(sums, generator.random53()));
}

/** The position of the first of ascending numbers that is not below `value`; the last for what is above all. */
function firstAtLeast(ascending: Float64Array, value: number): number {
  let [from, to] = [0, ascending.length - 1];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (ascending[middle] < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The indices with the greatest weights over exponential draws. */
function raced(weights: ArrayLike<number>, count: number, generator: Generator): number[] {
  const draws = new Float64Array(weights.length);
  fillExponential(draws, 1, generator);
  const race = draws.map((draw, i) => weights[i] / draw);
  const order = Array.from(race.keys()).sort((a, b) => race[b] - race[a]);
  return order.slice(0, count);
}
