// How losses are reduced, and the arguments that say so.

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
