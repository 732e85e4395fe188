// Look-up tables with PyTorch's arguments.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import * as ops from '../../ops/indexing/embedding';
import * as index from '../../ops/indexing/gather';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { ValueError } from '../../base/errors';

/** Arguments that look-ups share. */
interface LookupArguments {
  /** The table [numEmbeddings, embeddingDim]. */
  weight: Tensor;
  /** Rows that are looked up are scaled, in the table itself, to at most this norm. Takes time for the whole table. */
  maxNorm?: number | null;
  /** Which norm; 2 by default. */
  normType?: number;
  /** Whether gradients are divided by how often their row is looked up; false by default. */
  scaleGradByFreq?: boolean;
  /** Accepted for PyTorch's sake: gradients are dense. */
  sparse?: boolean;
}

/** Arguments of embedding beside the indices. */
export interface EmbeddingArguments extends LookupArguments {
  /** The row that gets no gradient; negative ones count from the end. */
  paddingIdx?: number | null;
}
const EMBEDDING = signature('embedding', [
  argument('input', TENSOR),
  argument('weight', TENSOR),
  optional('paddingIdx', nullable(INTEGER)),
  optional('maxNorm', nullable(REAL)),
  optional('normType', REAL),
  optional('scaleGradByFreq', FLAG),
  optional('sparse', FLAG),
]);

/**
 * Rows of a table. Shape: input [*] -> [*, embeddingDim]. An index out of range is a fault.
 * @throws RangeError if paddingIdx is no row.
 * @see torch.nn.functional.embedding
 */
export function embedding(
  input: Tensor,
  ...args: Arguments<
    [weight: Tensor],
    [
      paddingIdx?: number | null,
      maxNorm?: number | null,
      normType?: number,
      scaleGradByFreq?: boolean,
      sparse?: boolean,
    ],
    EmbeddingArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('embedding', embedding, [input, ...args]);
  const { weight, ...options } = EMBEDDING.takeRest<EmbeddingArguments>([input], args);
  const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
  return ops.embedding(input, weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
}

/** How the rows of a bag become one. */
export type BagMode = ops.BagMode;

/** Arguments of embeddingBag beside the indices. */
export interface EmbeddingBagArguments extends LookupArguments {
  /** Where each bag starts in a vector of indices. */
  offsets?: Tensor | null;
  /** 'mean' by default. */
  mode?: BagMode;
  /** A factor for each row, with mode 'sum'. */
  perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag; false by default. */
  includeLastOffset?: boolean;
  /** The row that counts for nothing and gets no gradient; negative ones count from the end. */
  paddingIdx?: number | null;
}
const EMBEDDING_BAG = signature('embeddingBag', [argument('input', TENSOR), argument('weight', TENSOR), optional('offsets', nullable(TENSOR)), optional('maxNorm', nullable(REAL)), optional('normType', REAL), optional('scaleGradByFreq', FLAG), optional('mode', oneOf('sum', 'mean', 'max')), optional('sparse', FLAG), optional('perSampleWeights', nullable(TENSOR)), optional('includeLastOffset', FLAG), optional('paddingIdx', nullable(INTEGER))]); // prettier-ignore

/**
 * Rows of a table, summed, averaged or their maximum by bags; 0 for empty ones. With mode 'max' and offsets, memory for
 * every row in every bag is taken for a while. scaleGradByFreq divides by the row's own count, where PyTorch 1.13 by mistake
 * takes that of another row.
 *
 * Shape: input [B, N], or [N] with offsets [B] ([B + 1] with includeLastOffset) -> [B, embeddingDim].
 * @throws ShapeError, TypeError for arguments that do not go together. An index, or a first offset that is not 0, is a fault.
 * @see torch.nn.functional.embedding_bag
 */
export function embeddingBag(
  input: Tensor,
  ...args: Arguments<
    [weight: Tensor],
    [
      offsets?: Tensor | null,
      maxNorm?: number | null,
      normType?: number,
      scaleGradByFreq?: boolean,
      mode?: BagMode,
      sparse?: boolean,
      perSampleWeights?: Tensor | null,
      includeLastOffset?: boolean,
      paddingIdx?: number | null,
    ],
    EmbeddingBagArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('embeddingBag', embeddingBag, [input, ...args]);
  const { weight, ...options } = EMBEDDING_BAG.takeRest<EmbeddingBagArguments>([input], args);
  const { maxNorm = null, normType = 2, scaleGradByFreq = false, mode = 'mean', paddingIdx = null } = options;
  const { offsets = null, perSampleWeights = null, includeLastOffset = false } = options;
  ops.checkBagMode('embeddingBag', mode);
  const lookup = { paddingIdx, maxNorm, normType, scaleGradByFreq };
  return ops.embeddingBag(input, weight, { ...lookup, mode, offsets, perSampleWeights, includeLastOffset });
}

const ONE_HOT = signature('oneHot', [argument('input', TENSOR), optional('numClasses', INTEGER)]);

/**
 * One-hot vectors of class indices, int64. Shape: input [*] -> [*, numClasses]. Without a number of classes (or with -1) it
 * is one more than the greatest index, which has to be read: the result is a promise.
 * @see torch.nn.functional.one_hot
 */
export function oneHot(input: Tensor, numClasses?: -1 | { numClasses?: -1 }): Promise<Tensor>;
export function oneHot(input: Tensor, numClasses: number | { numClasses: number }): Tensor;
export function oneHot(input: Tensor, ...args: [(number | { numClasses?: number })?]): Tensor | Promise<Tensor> {
  if (intercepting.current !== null) return intercepting.current.call('oneHot', oneHot, [input, ...args]);
  const { numClasses = -1 } = ONE_HOT.takeRest<{ numClasses?: number }>([input], args);
  if (numClasses !== -1) return index.oneHot(input, numClasses);
  if (input.numel() === 0) throw new ValueError('oneHot', 'an input without elements needs numClasses, got none.');
  return input
    .max()
    .item()
    .then((greatest) => index.oneHot(input, greatest + 1));
}
