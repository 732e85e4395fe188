// Draws that follow probabilities given as tensors, in PyTorch's order for the same seed.
import { FLAG, INTEGER } from '../../base/kinds';
import { argument, signature, takingNamed } from '../../base/signature';
import { GENERATOR, INPUT } from '../../core/kinds';
import { ShapeError, ValueError } from '../../base/errors';
import { noGrad } from '../../core/backward';
import { defaultGenerator, fillExponential, type Generator } from '../../base/generator';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clampMax, ge, gt, le, logicalAnd, lt } from '../pointwise/compare';
import { to } from '../shape/copy';
import { requireFloat } from '../shape/creation';
import { argmax } from '../reduce/argReduce';
import { add, div } from '../pointwise/arithmetic';
import { drawnLike, rand, type GeneratorOption } from './random';
import { any, sum } from '../reduce/reduce';
import { cumsum } from '../reduce/scan';
import { requireAll } from '../indexing/gather';
import { searchsorted, topk } from '../indexing/sort';
import type { Arguments } from '../../base/arguments';

/**
 * 1 with the probability that stands in each element of p, else 0. Shape: that of p, and its dtype.
 * @throws DTypeError unless p is floating; FaultError, at the read, for a probability outside [0, 1] or NaN
 * @see torch.bernoulli
 */
export const bernoulli: (
  x: Tensor,
  ...args: Arguments<[], [generator?: Generator | undefined], GeneratorOption>
) => Tensor = takingNamed(
  signature('bernoulli', [INPUT, argument('generator', GENERATOR, undefined)]),
  (p: Tensor, { generator = defaultGenerator }: GeneratorOption): Tensor => {
    requireFloat('bernoulli', p.dtype);
    const dtype = p.dtype === 'float64' ? 'float64' : 'float32';
    return noGrad(() => {
      const holds = logicalAnd(ge(p, 0), le(p, 1));
      const drawn = to(lt(rand(p.shape, { dtype, device: p.device, generator }), p), p.dtype);
      return add(drawn, requireAll('bernoulli', 'a probability outside [0, 1]', holds, drawn));
    });
  },
);

/** Options of `multinomial`. */
export interface MultinomialOptions extends GeneratorOption {
  /** Draws from each row. */
  numSamples: number;
  /** Whether an index may be drawn again; false by default. */
  replacement?: boolean;
}

/**
 * Indices drawn with the weights in each row of x, which need not sum to 1.
 * Shape: [n] -> [numSamples], [rows, n] -> [rows, numSamples]; int64.
 * @throws ShapeError, DTypeError; RangeError for fewer than one draw, or more than n without replacement; FaultError, at the
 * read, for a weight that is negative, infinite or NaN, and for a row of zeros
 * @example const next = multinomial(softmax(logits.div(temperature), -1), 1)
 * @see torch.multinomial
 */
export const multinomial: (
  x: Tensor,
  ...args: Arguments<
    [numSamples: number],
    [replacement?: boolean, generator?: Generator | undefined],
    MultinomialOptions
  >
) => Tensor = takingNamed(
  signature('multinomial', [
    INPUT,
    argument('numSamples', INTEGER),
    argument('replacement', FLAG, undefined),
    argument('generator', GENERATOR, undefined),
  ]),
  (x: Tensor, { numSamples, replacement = false, generator = defaultGenerator }: MultinomialOptions): Tensor => {
    requireFloat('multinomial', x.dtype);
    if (x.ndim !== 1 && x.ndim !== 2) {
      throw new ShapeError('multinomial', `weights must be a vector or rows of them, got ${formatShape(x.shape)}.`);
    }
    const categories = x.size(-1);
    if (categories === 0) throw new ShapeError('multinomial', 'there must be weights to choose from, got none.');
    if (!Number.isInteger(numSamples) || numSamples < 1 || (!replacement && numSamples > categories)) {
      const most = replacement ? '' : ` and at most the ${categories} weights of a row, unless replacement is true`;
      throw new ValueError('multinomial', `numSamples must be at least 1${most}; got ${numSamples}.`);
    }
    return noGrad(() => {
      const drawn = replacement ? repeated(x, numSamples, generator) : raced(x, numSamples, generator);
      const fine = logicalAnd(ge(x, 0), lt(x, Infinity));
      const positive = any(gt(x, 0), -1);
      const checked = add(drawn, requireAll('multinomial', 'a weight that is negative, infinite or NaN', fine, drawn));
      return add(checked, requireAll('multinomial', 'a row of weights that are all 0', positive, drawn));
    });
  },
);

/** The index with the greatest weight over an exponential draw is each one with its probability. */
function raced(x: Tensor, numSamples: number, generator: Generator): Tensor {
  const draws = drawnLike('multinomial', x, (out) => void fillExponential(out, 1, generator), true);
  const race = div(x, draws);
  return numSamples === 1 ? argmax(race, -1, true) : topk(race, numSamples).indices;
}

/** By where uniform draws fall between the sums of the weights. */
function repeated(x: Tensor, numSamples: number, generator: Generator): Tensor {
  const sums = div(cumsum(x, -1), sum(x, -1, true));
  const dtype = x.home.supports('float64') ? 'float64' : 'float32';
  const draws = to(rand([...x.shape.slice(0, -1), numSamples], { dtype: 'float64', device: 'wasm', generator }), {
    device: x.device,
    dtype,
  });
  // The last sum may be rounded to less than 1.
  return clampMax(searchsorted(to(sums, dtype), draws), x.size(-1) - 1);
}
