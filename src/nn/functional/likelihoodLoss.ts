// Negative log likelihoods of counts, of measurements, and of label sequences without alignment (CTC).
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { COUNT, FLAG, INTEGER, REAL, either, listOf, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { clampMin, ge } from '../../ops/pointwise/compare';
import { ctcLoss as ctcLosses } from '../../ops/ctc';
import { requireAll } from '../../ops/indexing/gather';
import { gaussianError, poissonError } from '../../ops/pointwise/loss';
import { tensor } from '../../ops/shape/creation';
import { formatShape, sameShape } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { checkReduction, reduce, reductionOf, type Reduction, type ReductionOptions } from './reduction';

/** Arguments of poissonNllLoss. */
export interface PoissonNLLOptions extends ReductionOptions {
  /** Whether the input is the logarithm of the rate; true by default. */
  logInput?: boolean;
  /** Whether to add Stirling's approximation of log y!; false by default. */
  full?: boolean;
  /** Keeps log(x + eps) finite where the input is no logarithm; 1e-8 by default. */
  eps?: number;
}
const POISSON = signature('poissonNllLoss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  optional('logInput', FLAG),
  optional('full', FLAG),
  optional('sizeAverage', nullable(FLAG)),
  optional('eps', REAL),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/** e^x - y x, or x - y log(x + eps) without logInput. @see torch.nn.functional.poisson_nll_loss */
export function poissonNllLoss(
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [
      logInput?: boolean,
      full?: boolean,
      sizeAverage?: boolean | null,
      eps?: number,
      reduce?: boolean | null,
      reduction?: Reduction,
    ],
    PoissonNLLOptions
  >
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('poissonNllLoss', poissonNllLoss, [input, target, ...args]);
  const {
    logInput = true,
    full = false,
    eps = 1e-8,
    ...rest
  } = POISSON.takeRest<PoissonNLLOptions>([input, target], args);
  const reduction = reductionOf('poissonNllLoss', rest);
  return libraryCode(() => reduce(poissonError(input, target, logInput, full, eps), reduction));
}

/** Arguments of gaussianNllLoss behind the variance. */
export interface GaussianNLLOptions {
  /** Whether to add log(2 π) / 2; false by default. */
  full?: boolean;
  /** Least variance that is divided by; 1e-6 by default. */
  eps?: number;
  /** 'mean' by default. */
  reduction?: Reduction;
}
const GAUSSIAN = signature('gaussianNllLoss', [
  argument('input', TENSOR),
  argument('target', TENSOR),
  argument('variance', TENSOR),
  optional('full', FLAG),
  optional('eps', REAL),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/**
 * (log max(v, eps) + (x - y)² / max(v, eps)) / 2.
 * Shape: input [N, *], target broadcast to it, variance like the input, or with a last dimension of 1, or without it.
 * @throws ShapeError if the variance does not fit. A negative variance is a fault.
 * @see torch.nn.functional.gaussian_nll_loss
 */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor,
  ...args: Arguments<[], [full?: boolean, eps?: number, reduction?: Reduction], GaussianNLLOptions>
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('gaussianNllLoss', gaussianNllLoss, [input, target, variance, ...args]);
  const name = 'gaussianNllLoss';
  const {
    full = false,
    eps = 1e-6,
    reduction = 'mean',
  } = GAUSSIAN.takeRest<GaussianNLLOptions>([input, target, variance], args);
  checkReduction(name, reduction);
  if (!(eps > 0)) throw new ValueError(name, `eps must be positive, got ${eps}.`);
  const lead = input.shape.slice(0, -1);
  const isShort = !sameShape(variance.shape, input.shape) && sameShape(variance.shape, lead);
  if (!isShort && !sameShape(variance.shape, input.shape) && !sameShape(variance.shape, [...lead, 1])) {
    throw new ShapeError(
      name,
      'the variance must have the shape of the input, or 1 or nothing for its last dimension, got ' +
        `${formatShape(variance.shape)} and ${formatShape(input.shape)}.`,
      { shapes: [input.shape, variance.shape] },
    );
  }
  return libraryCode(() => {
    const v = isShort ? variance.unsqueeze(-1) : variance;
    const losses = gaussianError(input, target, v, eps, full ? 0.5 * Math.log(2 * Math.PI) : 0);
    return reduce(losses, reduction).add(requireAll(name, 'a negative variance', ge(v.detach(), 0), losses));
  });
}

/** Lengths by sequence: numbers, or a tensor of them. */
export type CTCLengths = Tensor | readonly number[] | number;

/** Arguments of ctcLoss behind the lengths. */
export interface CTCOptions {
  /** The label that stands for nothing; 0 by default. */
  blank?: number;
  /** 'mean' (of losses divided by their target's length) by default. */
  reduction?: Reduction;
  /** Whether losses of targets that do not fit into their input are 0 instead of infinite; false by default. */
  zeroInfinity?: boolean;
}
const CTC = signature('ctcLoss', [
  argument('logProbs', TENSOR),
  argument('targets', TENSOR),
  argument('inputLengths', either(TENSOR, listOf(COUNT))),
  argument('targetLengths', either(TENSOR, listOf(COUNT))),
  optional('blank', INTEGER),
  optional('reduction', oneOf('sum', 'mean', 'none')),
  optional('zeroInfinity', FLAG),
]);

/**
 * Connectionist temporal classification: -log of the probability of all alignments of the target with the input, in which
 * labels may be repeated and blanks stand between them.
 *
 * Shape: logProbs [T, N, C] or [T, C], logarithms of probabilities; targets [N, S], or [sum of their lengths], or [S] without
 * a batch; inputLengths and targetLengths [N] or []. Losses [N] or []. Lengths as arrays spare memory where the targets are
 * joined into one dimension. The gradient is that of logits through a preceding logSoftmax, as in PyTorch.
 * @throws RangeError for a blank that is no class; ShapeError if something does not fit. Lengths and labels out of range are
 * errors if they are given as numbers and faults if as tensors.
 * @see torch.nn.functional.ctc_loss
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: CTCLengths,
  targetLengths: CTCLengths,
  ...args: Arguments<[], [blank?: number, reduction?: Reduction, zeroInfinity?: boolean], CTCOptions>
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('ctcLoss', ctcLoss, [logProbs, targets, inputLengths, targetLengths, ...args]);
  const name = 'ctcLoss';
  const {
    blank = 0,
    reduction = 'mean',
    zeroInfinity = false,
  } = CTC.takeRest<CTCOptions>([logProbs, targets, inputLengths, targetLengths], args);
  checkReduction(name, reduction);
  const isBatched = logProbs.ndim === 3;
  if (!isBatched && logProbs.ndim !== 2) {
    throw new ShapeError(name, `logProbs must have 2 or 3 dimensions, got ${formatShape(logProbs.shape)}.`, {
      shape: logProbs.shape,
    });
  }
  return libraryCode(() => {
    const x = isBatched ? logProbs : logProbs.unsqueeze(1);
    const [steps, batch, classes] = x.shape;
    if (!(Number.isInteger(blank) && blank >= 0 && blank < classes)) {
      throw new ValueError(name, `blank must be a class in [0, ${classes - 1}], got ${blank}.`);
    }
    const lengthsOf = (what: string, given: CTCLengths, most: number): Tensor => {
      if (given instanceof Tensor) return checkLengths(name, what, given.reshape(-1), batch);
      const numbers = typeof given === 'number' ? [given] : given;
      if (!numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= most)) {
        throw new ValueError(name, `${what} must be in [0, ${most}], got ${formatShape(numbers)}.`);
      }
      return checkLengths(name, what, tensor([...numbers], { dtype: 'int64', device: x.device }), batch);
    };
    const longest = longestTarget(targets, targetLengths, isBatched);
    const inputs = lengthsOf('inputLengths', inputLengths, steps);
    const lengths = lengthsOf('targetLengths', targetLengths, longest);
    const losses = ctcLosses(x, targets, inputs, lengths, { blank, longest, zeroInfinity });
    if (reduction === 'sum') return losses.sum();
    if (reduction === 'mean') return losses.div(clampMin(lengths, 1)).mean();
    return isBatched ? losses : losses.squeeze(0);
  });
}

function checkLengths(name: string, what: string, lengths: Tensor, batch: number): Tensor {
  if (lengths.isFloatingPoint() || lengths.shape[0] !== batch) {
    throw new ShapeError(name, `${what} must be ${batch} whole numbers, got ${String(lengths)}.`, {
      shape: lengths.shape,
    });
  }
  return lengths;
}

/** The most labels that a target can have. */
function longestTarget(targets: Tensor, lengths: CTCLengths, isBatched: boolean): number {
  if (targets.ndim === 2) return targets.shape[1];
  if (lengths instanceof Tensor || !isBatched) return targets.numel();
  return Math.max(0, ...(typeof lengths === 'number' ? [lengths] : lengths));
}
