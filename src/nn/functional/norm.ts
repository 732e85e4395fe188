// Normalization with PyTorch's arguments.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { COUNT, FLAG, INTEGER, REAL, listOf, nullable } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { ShapeError } from '../../base/errors';
import { finfo } from '../../base/dtypeInfo';
import { libraryCode } from '../../core/temporaries';
import { avgPool } from '../../ops/spatial/avgPool';
import { constantPad } from '../../ops/shape/cat';
import * as ops from '../../ops/reduce/normalize';
import { formatShape, sameShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';

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
const BATCH_NORM = signature('batchNorm', [
  argument('input', TENSOR),
  argument('runningMean', nullable(TENSOR)),
  argument('runningVar', nullable(TENSOR)),
  optional('weight', nullable(TENSOR)),
  optional('bias', nullable(TENSOR)),
  optional('training', FLAG),
  optional('momentum', REAL),
  optional('eps', REAL),
]);

/** Normalizes each channel over the batch. Shape: [N, C, *] -> same; others [C]. @see torch.nn.functional.batch_norm */
export function batchNorm(
  input: Tensor,
  ...args: Arguments<
    [runningMean: Tensor | null, runningVar: Tensor | null],
    [weight?: Tensor | null, bias?: Tensor | null, training?: boolean, momentum?: number, eps?: number],
    BatchNormArguments,
    [runningMean: Tensor | null, options: Omit<BatchNormArguments, 'runningMean'>]
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('batchNorm', batchNorm, [input, ...args]);
  const { runningMean, runningVar, weight, bias, training, momentum, eps } = BATCH_NORM.takeRest<BatchNormArguments>([input], args); // prettier-ignore
  return ops.batchNorm(input, runningMean, runningVar, weight, bias, training, momentum, eps);
}

/** Arguments of layerNorm beside the input. */
export interface LayerNormArguments extends AffineArguments {
  /** Sizes of the last dimensions, over which each statistic is taken. */
  normalizedShape: Shape;
}
const LAYER_NORM = signature('layerNorm', [
  argument('input', TENSOR),
  argument('normalizedShape', listOf(INTEGER)),
  optional('weight', nullable(TENSOR)),
  optional('bias', nullable(TENSOR)),
  optional('eps', REAL),
]);

/** Normalizes over the last dimensions. Shape: [*, ...normalizedShape] -> same. @see torch.nn.functional.layer_norm */
export function layerNorm(
  input: Tensor,
  ...args: Arguments<
    [normalizedShape: Shape],
    [weight?: Tensor | null, bias?: Tensor | null, eps?: number],
    LayerNormArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('layerNorm', layerNorm, [input, ...args]);
  const { normalizedShape, weight, bias, eps } = LAYER_NORM.takeRest<LayerNormArguments>([input], args);
  return ops.layerNorm(input, normalizedShape, weight, bias, eps);
}

/** Arguments of groupNorm beside the input. */
export interface GroupNormArguments extends AffineArguments {
  numGroups: number;
}
const GROUP_NORM = signature('groupNorm', [
  argument('input', TENSOR),
  argument('numGroups', COUNT),
  optional('weight', nullable(TENSOR)),
  optional('bias', nullable(TENSOR)),
  optional('eps', REAL),
]);

/** Normalizes each group of channels of each sample. Shape: [N, C, *] -> same; others [C]. @see torch.nn.functional.group_norm */
export function groupNorm(
  input: Tensor,
  ...args: Arguments<
    [numGroups: number],
    [weight?: Tensor | null, bias?: Tensor | null, eps?: number],
    GroupNormArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('groupNorm', groupNorm, [input, ...args]);
  const { numGroups, weight, bias, eps } = GROUP_NORM.takeRest<GroupNormArguments>([input], args);
  return ops.groupNorm(input, numGroups, weight, bias, eps);
}

/** Arguments of instanceNorm beside the input. */
export interface InstanceNormArguments extends AffineArguments {
  /** Updated from the input, or used instead of its statistics; none by default. */
  runningMean?: Tensor | null;
  runningVar?: Tensor | null;
  /** Whether to normalize by the input's own statistics; true by default. */
  useInputStats?: boolean;
  /** Share of the input in the running statistics; 0.1 by default. */
  momentum?: number;
}
const INSTANCE_NORM = signature('instanceNorm', [
  argument('input', TENSOR),
  optional('runningMean', nullable(TENSOR)),
  optional('runningVar', nullable(TENSOR)),
  optional('weight', nullable(TENSOR)),
  optional('bias', nullable(TENSOR)),
  optional('useInputStats', FLAG),
  optional('momentum', REAL),
  optional('eps', REAL),
]);

/** Normalizes each channel of each sample. Shape: [N, C, *] -> same; others [C]. @see torch.nn.functional.instance_norm */
export function instanceNorm(
  input: Tensor,
  ...args: Arguments<
    [],
    [
      runningMean?: Tensor | null,
      runningVar?: Tensor | null,
      weight?: Tensor | null,
      bias?: Tensor | null,
      useInputStats?: boolean,
      momentum?: number,
      eps?: number,
    ],
    InstanceNormArguments
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('instanceNorm', instanceNorm, [input, ...args]);
  const { runningMean, runningVar, weight, bias, useInputStats, momentum, eps } = INSTANCE_NORM.takeRest<InstanceNormArguments>([input], args); // prettier-ignore
  return ops.instanceNorm(input, runningMean, runningVar, weight, bias, useInputStats, momentum, eps);
}

/** Arguments of rmsNorm beside the input. */
export interface RMSNormArguments {
  /** Sizes of the last dimensions, over which each mean is taken. */
  normalizedShape: Shape;
  weight?: Tensor | null;
  /** Added to the mean of squares; by default the smallest step of the dtype at 1. */
  eps?: number | null;
}
const RMS_NORM = signature('rmsNorm', [
  argument('input', TENSOR),
  argument('normalizedShape', listOf(INTEGER)),
  optional('weight', nullable(TENSOR)),
  optional('eps', nullable(REAL)),
]);

/**
 * x / sqrt(mean of x² + eps) weight over the last dimensions. Shape: [*, ...normalizedShape] -> same.
 * @throws ShapeError if the input does not end in normalizedShape.
 * @see torch.nn.functional.rms_norm
 */
export function rmsNorm(
  input: Tensor,
  ...args: Arguments<[normalizedShape: Shape], [weight?: Tensor | null, eps?: number | null], RMSNormArguments>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('rmsNorm', rmsNorm, [input, ...args]);
  const { normalizedShape, weight = null, eps = null } = RMS_NORM.takeRest<RMSNormArguments>([input], args);
  const lead = input.ndim - normalizedShape.length;
  if (lead < 0 || normalizedShape.length === 0 || !sameShape(input.shape.slice(lead), normalizedShape)) {
    throw new ShapeError(
      'rmsNorm',
      `the input must end in the dimensions ${formatShape(normalizedShape)}, got ${formatShape(input.shape)}.`,
      { shape: input.shape, normalizedShape },
    );
  }
  return libraryCode(() => {
    const dims = normalizedShape.map((_, i) => lead + i);
    const scale = input.square().mean(dims, true).add(eps ?? finfo(input.dtype).eps).rsqrt(); // prettier-ignore
    const normal = input.mul(scale);
    return weight === null ? normal : normal.mul(weight);
  });
}

/** Arguments of localResponseNorm beside the input. */
export interface LocalResponseNormArguments {
  /** How many neighbouring channels are summed over. */
  size: number;
  /** Factor of the mean of squares; 1e-4 by default. */
  alpha?: number;
  /** Exponent; 0.75 by default. */
  beta?: number;
  /** Added to the mean; 1 by default. */
  k?: number;
}
const LOCAL_RESPONSE_NORM = signature('localResponseNorm', [
  argument('input', TENSOR),
  argument('size', COUNT),
  optional('alpha', REAL),
  optional('beta', REAL),
  optional('k', REAL),
]);

/**
 * x / (k + alpha mean of x² over neighbouring channels)^beta. Shape: [N, C, *], unchanged.
 * @throws ShapeError unless the input has at least 3 dimensions.
 * @see torch.nn.functional.local_response_norm
 */
export function localResponseNorm(
  input: Tensor,
  ...args: Arguments<[size: number], [alpha?: number, beta?: number, k?: number], LocalResponseNormArguments>
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('localResponseNorm', localResponseNorm, [input, ...args]);
  const { size, alpha = 1e-4, beta = 0.75, k = 1 } = LOCAL_RESPONSE_NORM.takeRest<LocalResponseNormArguments>([input], args); // prettier-ignore
  if (input.ndim < 3) {
    throw new ShapeError('localResponseNorm', `input must be [N, C, *] of at least 3 dimensions, got ${formatShape(input.shape)}.`); // prettier-ignore
  }
  if (input.numel() === 0) return input;
  return libraryCode(() => {
    const [batch, channels] = input.shape;
    // Channels become the height of an image, over which a window slides.
    const squares = input.square().reshape(batch, 1, channels, -1);
    const padded = constantPad(squares, [0, 0, Math.floor(size / 2), Math.floor((size - 1) / 2)]);
    const means = avgPool(2, padded, [size, 1], { stride: 1 }).reshape(input.shape);
    return input.div(means.mul(alpha).add(k).pow(beta));
  });
}
