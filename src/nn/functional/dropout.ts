// Dropouts with PyTorch's arguments.
import { interceptable } from '../../base/intercept';
import { argument, optional, signature, checkKind } from '../../base/signature';
import { FLAG, REAL } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import type { Arguments } from '../../base/arguments';
import { ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import * as ops from '../../ops/pointwise/dropout';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';

/** Arguments of dropouts beside the input. */
export interface DropoutArguments {
  /** Probability of an element or a channel to be dropped; 0.5 by default. */
  p?: number;
  /** Whether to drop anything; true by default, false for the alpha dropouts. */
  training?: boolean;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const DROPOUT = signature('dropout', [
  argument('input', TENSOR),
  optional('p', REAL),
  optional('training', FLAG),
  optional('inplace', FLAG),
]);
type DropoutFunction = (
  input: Tensor,
  ...args: Arguments<[], [p?: number, training?: boolean, inplace?: boolean], DropoutArguments>
) => Tensor;

/** A function with these arguments, spelled out. */
function dropping(
  name: string,
  trainingByDefault: boolean,
  drop: (input: Tensor, settings: ops.DropoutSettings) => Tensor,
): DropoutFunction {
  return (input, ...args) => {
    const {
      p = 0.5,
      training = trainingByDefault,
      inplace = false,
    } = DROPOUT.takeRest<DropoutArguments>([input], args, name);
    return drop(input, { p, training, inplace });
  };
}

/** Zeroes elements with probability p and scales the others by 1 / (1 - p). @see torch.nn.functional.dropout */
export const dropout = interceptable(
  'dropout',
  dropping('dropout', true, (input, { p, training, inplace }) =>
    inplace ? ops.dropout.inPlace(input, p, training) : ops.dropout(input, p, training),
  ),
);

/** Channel dropout of inputs without a batch dimension, which have `unbatched` dimensions. */
const byChannel = (name: string, unbatched: number): DropoutFunction =>
  dropping(name, true, (input, settings) => {
    if (input.ndim !== unbatched) return ops.featureDropout(name, input, settings);
    return libraryCode(() => {
      const dropped = ops.featureDropout(name, input.unsqueeze(0), settings);
      return settings.inplace ? input : dropped.squeeze(0);
    });
  });

const channels1d = byChannel('dropout1d', 2);

/** Zeroes whole channels of sequences. Shape: [N, C, L] or [C, L], unchanged. @throws ShapeError @see torch.nn.functional.dropout1d */
export const dropout1d: DropoutFunction = interceptable('dropout1d', (input, ...args) => {
  checkKind('dropout1d', 'input', TENSOR, input);
  if (input.ndim !== 2 && input.ndim !== 3) {
    throw new ShapeError('dropout1d', `input must be [N, C, L] or [C, L], got ${formatShape(input.shape)}.`);
  }
  return channels1d(input, ...args);
});

/** Zeroes whole channels of images; three dimensions are taken as [N, C, L], as in PyTorch. Shape: [N, C, *], unchanged. @see torch.nn.functional.dropout2d */
export const dropout2d = interceptable(
  'dropout2d',
  dropping('dropout2d', true, (input, settings) => ops.featureDropout('dropout2d', input, settings)),
);

/** Zeroes whole channels of volumes. Shape: [N, C, D, H, W] or [C, D, H, W], unchanged. @see torch.nn.functional.dropout3d */
export const dropout3d = interceptable('dropout3d', byChannel('dropout3d', 4));

/** Sets elements to SELU's lowest value with probability p and keeps mean 0 and variance 1. @see torch.nn.functional.alpha_dropout */
export const alphaDropout = interceptable(
  'alphaDropout',
  dropping('alphaDropout', false, (input, settings) => ops.alphaDropout('alphaDropout', input, false, settings)),
);

/** alphaDropout of whole channels. Shape: [N, C, *], unchanged. @see torch.nn.functional.feature_alpha_dropout */
export const featureAlphaDropout = interceptable(
  'featureAlphaDropout',
  dropping('featureAlphaDropout', false, (input, settings) =>
    ops.alphaDropout('featureAlphaDropout', input, true, settings),
  ),
);
