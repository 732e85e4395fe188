// How losses are reduced, and the arguments that say so.
import { argument, optional, signature } from '../../base/signature';
import { FLAG, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { libraryCode } from '../../core/temporaries';
import { checkTensor, type Tensor } from '../../core/tensor';
import { KindError, ShapeError } from '../../base/errors';
import { broadcastShapes, formatShape, sameShape } from '../../base/shape';
import type { Arguments } from '../../base/arguments';

/** How the losses of the elements become one: their mean, their sum, or not at all. */
export type Reduction = 'none' | 'mean' | 'sum';

/** The last arguments of losses; the first two are PyTorch's older form of the third. */
export interface ReductionOptions {
  /** Deprecated: false gives 'sum'. */
  sizeAverage?: boolean | null;
  /** Deprecated: false gives 'none'. */
  reduce?: boolean | null;
  /** 'mean' by default. */
  reduction?: Reduction;
}

/** What the arguments of a loss ask for. @throws TypeError for an unknown reduction. */
export function reductionOf(
  name: string,
  { sizeAverage, reduce: reduces, reduction = 'mean' }: ReductionOptions,
): Reduction {
  checkReduction(name, reduction);
  if ((sizeAverage ?? null) === null && (reduces ?? null) === null) return reduction;
  return reduces === false ? 'none' : sizeAverage === false ? 'sum' : 'mean';
}

/** @throws TypeError unless `reduction` is one. */
export function checkReduction(name: string, reduction: string): asserts reduction is Reduction {
  if (reduction !== 'none' && reduction !== 'mean' && reduction !== 'sum') {
    throw new KindError(name, `reduction must be 'none', 'mean' or 'sum', got '${reduction}'.`);
  }
}

/** How often the same shapes are told of: a loop should not fill the console. */
const MOST_WARNINGS = 5;
const warnings = new Map<string, number>();

/** Warns, as PyTorch does, of a target of another size than the input: most often a mistake, as the loss then broadcasts. */
export function warnOfBroadcast(name: string, input: Tensor, target: Tensor): void {
  checkTensor(name, input);
  checkTensor(name, target);
  if (sameShape(input.shape, target.shape)) return;
  const message =
    `${name}: the target has shape ${formatShape(target.shape)}, the input ${formatShape(input.shape)}, so that they are broadcast ` +
    `against each other. That is most likely not what is wanted; give both one shape.`;
  const count = (warnings.get(message) ?? 0) + 1;
  warnings.set(message, count);
  // eslint-disable-next-line no-console -- as PyTorch does
  if (count <= MOST_WARNINGS) console.warn(message);
}

/**
 * Both in the shape of the losses, where their dtypes differ: PyTorch broadcasts them first, so that a scalar counts as much
 * as any other tensor when their dtypes are joined.
 */
export function broadcast(name: string, input: Tensor, target: Tensor): [input: Tensor, target: Tensor] {
  if (input.dtype === target.dtype || sameShape(input.shape, target.shape)) return [input, target];
  const shape = broadcastShapes(name, input.shape, target.shape);
  return [input.expand(shape), target.expand(shape)];
}

/** The losses of the elements as the reduction says. */
export function reduce(losses: Tensor, reduction: Reduction): Tensor {
  return reduction === 'none' ? losses : reduction === 'mean' ? losses.mean() : losses.sum();
}

/** These arguments, for the signatures of losses. */
export const REDUCTION = [
  optional('sizeAverage', nullable(FLAG)),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('none', 'mean', 'sum')),
] as const;
/** Those of a loss of pairs that has no others. */
export const PAIRWISE = signature('loss', [argument('input', TENSOR), argument('target', TENSOR), ...REDUCTION]);

type ElementwiseLoss = (
  input: Tensor,
  target: Tensor,
  ...args: Arguments<
    [],
    [sizeAverage?: boolean | null, reduce?: boolean | null, reduction?: Reduction],
    ReductionOptions
  >
) => Tensor;

/** @throws ShapeError unless `other` broadcasts to the shape of `input` as it is */
export function checkBroadcasts(name: string, what: string, other: Tensor, input: Tensor): void {
  if (sameShape(broadcastShapes(name, input.shape, other.shape), input.shape)) return;
  throw new ShapeError(
    name,
    `the ${what} must broadcast to the input, got ${formatShape(other.shape)} and ${formatShape(input.shape)}.`,
    { shapes: [other.shape, input.shape] },
  );
}

/** A loss of pairs of elements that has no arguments but the reduction; `check` looks at the shapes, by default only to warn. */
export function elementwise(
  name: string,
  error: (input: Tensor, target: Tensor) => Tensor,
  check: (name: string, input: Tensor, target: Tensor) => void = warnOfBroadcast,
): ElementwiseLoss {
  return (input, target, ...args) => {
    const reduction = reductionOf(name, PAIRWISE.takeRest<ReductionOptions>([input, target], args, name));
    check(name, input, target);
    return libraryCode(() => reduce(error(...broadcast(name, input, target)), reduction));
  };
}
