// Look-up tables with PyTorch's arguments.
import * as ops from '../../ops/index';
import type { Tensor } from '../../tensor';
import { gather, type Arguments } from '../../arguments';

/** Arguments of embedding beside the indices. */
export interface EmbeddingArguments {
  /** The table [numEmbeddings, embeddingDim]. */
  weight: Tensor;
  /** The row that gets no gradient; negative ones count from the end. */
  paddingIdx?: number | null;
}
const EMBEDDING = ['weight', 'paddingIdx'] as const;

/** Rows of a table. Shape: input [*] -> [*, embeddingDim]. @see torch.nn.functional.embedding */
export function embedding(input: Tensor, ...args: Arguments<EmbeddingArguments, typeof EMBEDDING>): Tensor {
  const { weight, paddingIdx = null } = gather<EmbeddingArguments>('embedding', EMBEDDING, args);
  return ops.embedding(input, weight, paddingIdx);
}

const ONE_HOT = ['numClasses'] as const;

/** One-hot vectors of class indices. Shape: input [*] -> [*, numClasses]. @see torch.nn.functional.one_hot */
export function oneHot(input: Tensor, ...args: Arguments<{ numClasses: number }, typeof ONE_HOT>): Tensor {
  return ops.oneHot(input, gather<{ numClasses: number }>('oneHot', ONE_HOT, args).numClasses);
}
