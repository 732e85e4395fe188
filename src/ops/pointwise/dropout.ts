// Dropout as one pointwise formula: the mask is a function of a seed and the element's position, so nothing of it is
// stored, and the gradient makes it again. Masks of channels are dropped-out ones.
import { intercepting } from '../../base/intercept';
import { NUMBER, FLAG } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { PointwiseOperation, withInPlace, type InPlaceForm } from '../../core/pointwiseFunctions';
import { ShapeError, ValueError } from '../../base/errors';
import { capture } from '../../core/capture';
import { libraryCode } from '../../core/temporaries';
import { defaultGenerator, drawSeed, type Generator } from '../../base/generator';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { ne } from './compare';
import { to } from '../shape/copy';
import { full } from '../shape/creation';
import { add, mul, sub } from './arithmetic';

/** x / (1 - p) with probability 1 - p, else 0. */
const DROPOUT = new PointwiseOperation({
  name: 'dropout',
  promotion: 'common',
  accepts: 'floats',
  formula: ([x], scalar): Expression => {
    const [p, scale] = [scalar(0, 'float32'), scalar(1)];
    const kept = e.ge(e.uniform(scalar(2, 'int32'), scalar(3, 'int32')), p);
    return e.where(kept, e.mul(x, scale), e.constantLike(x, 0));
  },
});

/** The two halves of a seed from a generator, as formulas with random numbers take them. */
export function seedHalves(generator: Generator = defaultGenerator): [number, number] {
  const draw = (): [number, number] => {
    const seed = drawSeed(generator);
    return [Number(BigInt.asIntN(32, seed)), Number(BigInt.asIntN(32, seed >> 32n))];
  };
  const halves = draw();
  capture.current?.drawn(halves, draw);
  return halves;
}

function checkProbability(op: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new ValueError(op, `p must be in [0, 1], got ${p}.`);
}

/** Probability, scale and seed, as the formula takes them. */
const parameters = (p: number): number[] => [p, p === 1 ? 0 : 1 / (1 - p), ...seedHalves()];

/**
 * Zeroes each element with probability p and scales the others by 1 / (1 - p); x itself if not training or p is 0.
 * The mask depends on the default generator's seed and is the same on every device.
 * @see torch.nn.functional.dropout
 */
export const dropout: ((x: Tensor, p?: number, training?: boolean) => Tensor) &
  InPlaceForm<[p?: number, training?: boolean]> = withInPlace(
  signature('dropout', [INPUT, argument('p', NUMBER, 0.5), argument('training', FLAG, true)]),
  (x, p, training) => {
    checkProbability('dropout', p);
    return training && p !== 0 ? DROPOUT.apply([x], parameters(p)) : x;
  },
  (x, p, training) => {
    checkProbability('dropout', p);
    return training && p !== 0 ? DROPOUT.applyInPlace(x, [], parameters(p)) : x;
  },
);

/** How dropouts of all kinds are called. */
export interface DropoutSettings {
  readonly p: number;
  readonly training: boolean;
  readonly inplace: boolean;
}

/** Ones for what a mask is drawn for: elements, or with `byChannel` channels [N, C, 1, ...]. */
function drawnFor(op: string, x: Tensor, byChannel: boolean): Tensor {
  if (byChannel && x.ndim < 2) {
    throw new ShapeError(op, `input must be [N, C, *] of at least 2 dimensions, got ${formatShape(x.shape)}.`);
  }
  const { device, dtype } = x;
  return full(byChannel ? x.shape.map((size, d) => (d < 2 ? size : 1)) : x.shape, 1, { device, dtype });
}

/**
 * Zeroes each channel of each sample with probability p and scales the others by 1 / (1 - p). Shape: [N, C, *], unchanged.
 * @throws ShapeError below two dimensions
 * @see torch.feature_dropout
 */
export function featureDropout(op: string, x: Tensor, { p, training, inplace }: DropoutSettings): Tensor {
  checkProbability(op, p);
  if (!training || p === 0 || x.numel() === 0) return x;
  return libraryCode(() => {
    const mask = dropout(drawnFor(op, x, true), p);
    return inplace ? mul.inPlace(x, mask) : mul(x, mask);
  });
}

/** SELU's value far below 0, with its sign changed. */
const ALPHA = 1.7580993408473766;

/**
 * Sets each element, or with `byChannel` each channel of each sample, to SELU's lowest value with probability p, then
 * scales and shifts all so that mean 0 and variance 1 stay (Klambauer et al., 2017).
 * @see torch.alpha_dropout
 */
export function alphaDropout(op: string, x: Tensor, byChannel: boolean, settings: DropoutSettings): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('alphaDropout', alphaDropout, [op, x, byChannel, settings]);
  const { p, training, inplace } = settings;
  checkProbability(op, p);
  if (!training || p === 0 || x.numel() === 0) return x;
  return libraryCode(() => {
    const scale = p === 1 ? 0 : 1 / Math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p));
    const kept = to(ne(dropout(drawnFor(op, x, byChannel), p), 0), x.dtype);
    const shift = add(mul(sub(kept, 1), ALPHA * scale), ALPHA * scale * p);
    const factor = mul(kept, scale);
    return inplace ? add.inPlace(mul.inPlace(x, factor), shift) : add(mul(x, factor), shift);
  });
}
