// How losses are reduced, and the arguments that say so.
import { scope } from '../../core/storage';
import type { Tensor } from '../../core/tensor';
import { gather, type Arguments } from '../../base/arguments';

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
    throw new TypeError(`${name}: reduction must be 'none', 'mean' or 'sum', got '${reduction}'.`);
  }
}

/** The losses of the elements as the reduction says. */
export function reduce(losses: Tensor, reduction: Reduction): Tensor {
  return reduction === 'none' ? losses : reduction === 'mean' ? losses.mean() : losses.sum();
}

/** The order of these arguments. */
export const REDUCTION = ['sizeAverage', 'reduce', 'reduction'] as const;

type ElementwiseLoss = (
  input: Tensor,
  target: Tensor,
  ...args: Arguments<ReductionOptions, typeof REDUCTION>
) => Tensor;

/** A loss of pairs of elements that has no arguments but the reduction. */
export function elementwise(name: string, error: (input: Tensor, target: Tensor) => Tensor): ElementwiseLoss {
  return (input, target, ...args) => {
    const reduction = reductionOf(name, gather<ReductionOptions>(name, REDUCTION, args));
    return scope(() => reduce(error(input, target), reduction));
  };
}
