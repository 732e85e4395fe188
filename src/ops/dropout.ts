// Dropout as one pointwise formula: the mask is a function of a seed and the element's position, so nothing of it is
// stored, and the gradient makes it again.
import * as e from '../expression';
import type { Expression } from '../expression';
import { PointwiseOperation } from '../elementwise';
import { drawSeed } from '../random';
import type { Tensor } from '../tensor';

/** x / (1 - p) with probability 1 - p, else 0. */
const DROPOUT = new PointwiseOperation({
  name: 'dropout',
  promotion: 'float',
  formula: ([x], scalar): Expression => {
    const [p, scale] = [scalar(0, 'float32'), scalar(1)];
    const kept = e.ge(e.uniform(scalar(2, 'int32'), scalar(3, 'int32')), p);
    return e.where(kept, e.mul(x, scale), e.constantLike(x, 0));
  },
});

/** Probability, scale and the two halves of a seed from the default generator, as the formula takes them. */
function parameters(p: number): number[] {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout: p must be in [0, 1], got ${p}.`);
  const seed = drawSeed();
  return [p, p === 1 ? 0 : 1 / (1 - p), Number(BigInt.asIntN(32, seed)), Number(BigInt.asIntN(32, seed >> 32n))];
}

/**
 * Zeroes each element with probability p and scales the others by 1 / (1 - p); x itself if not training or p is 0.
 * The mask depends on the default generator's seed and is the same on every device.
 * @see torch.nn.functional.dropout
 */
export const dropout = Object.assign(
  (x: Tensor, p = 0.5, training = true): Tensor => (training && p !== 0 ? DROPOUT.apply([x], parameters(p)) : x),
  {
    inPlace: (self: Tensor, p = 0.5, training = true): Tensor =>
      training && p !== 0 ? DROPOUT.applyInPlace(self, [], parameters(p)) : self,
  },
);
