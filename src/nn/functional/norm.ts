// Normalization with PyTorch's arguments.
import * as ops from '../../ops/normalize';
import type { Shape } from '../../shape';
import type { Tensor } from '../../tensor';
import { gather, type Arguments } from '../../arguments';

/** What all normalizations take at the end. */
interface AffineArguments {
  /** Factor of the result; none by default. */
  weight?: Tensor | null;
  /** Added to the result; none by default. */
  bias?: Tensor | null;
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
}

/** Arguments of batchNorm beside the input. */
export interface BatchNormArguments extends AffineArguments {
  runningMean: Tensor | null;
  runningVar: Tensor | null;
  /** Whether to use the statistics of the batch and to update the running ones; false by default. */
  training?: boolean;
  /** Share of the batch in the running statistics; 0.1 by default. */
  momentum?: number;
}
const BATCH_NORM = ['runningMean', 'runningVar', 'weight', 'bias', 'training', 'momentum', 'eps'] as const;

/** Normalizes each channel over the batch. Shape: [N, C, *] -> same; others [C]. @see torch.nn.functional.batch_norm */
export function batchNorm(input: Tensor, ...args: Arguments<BatchNormArguments, typeof BATCH_NORM>): Tensor {
  const { runningMean, runningVar, weight, bias, training, momentum, eps } = gather<BatchNormArguments>(
    'batchNorm', BATCH_NORM, args,
  ); // prettier-ignore
  return ops.batchNorm(input, runningMean, runningVar, weight, bias, training, momentum, eps);
}

/** Arguments of layerNorm beside the input. */
export interface LayerNormArguments extends AffineArguments {
  /** Sizes of the last dimensions, over which each statistic is taken. */
  normalizedShape: Shape;
}
const LAYER_NORM = ['normalizedShape', 'weight', 'bias', 'eps'] as const;

/** Normalizes over the last dimensions. Shape: [*, ...normalizedShape] -> same. @see torch.nn.functional.layer_norm */
export function layerNorm(input: Tensor, ...args: Arguments<LayerNormArguments, typeof LAYER_NORM>): Tensor {
  const { normalizedShape, weight, bias, eps } = gather<LayerNormArguments>('layerNorm', LAYER_NORM, args);
  return ops.layerNorm(input, normalizedShape, weight, bias, eps);
}

/** Arguments of groupNorm beside the input. */
export interface GroupNormArguments extends AffineArguments {
  numGroups: number;
}
const GROUP_NORM = ['numGroups', 'weight', 'bias', 'eps'] as const;

/** Normalizes each group of channels of each sample. Shape: [N, C, *] -> same; others [C]. @see torch.nn.functional.group_norm */
export function groupNorm(input: Tensor, ...args: Arguments<GroupNormArguments, typeof GROUP_NORM>): Tensor {
  const { numGroups, weight, bias, eps } = gather<GroupNormArguments>('groupNorm', GROUP_NORM, args);
  return ops.groupNorm(input, numGroups, weight, bias, eps);
}
