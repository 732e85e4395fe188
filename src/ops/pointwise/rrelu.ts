// ReLU with slopes drawn at random; as in dropout nothing of them is stored, the gradient draws them again.
import { ValueError } from '../../base/errors';
import { PointwiseOperation } from '../../core/pointwiseFunctions';
import * as e from '../../expression/expression';
import type { Tensor } from '../../core/tensor';
import { leakyRelu } from './activation';
import { seedHalves } from './dropout';

/** x above 0, else x times a number uniform in [lower, upper). */
const RRELU = new PointwiseOperation({
  name: 'rrelu',
  promotion: 'common',
  accepts: 'floats',
  formula: ([x], scalar) => {
    const [lower, span] = [scalar(0), scalar(1)];
    const drawn = e.cast(x.dtype, e.uniform(scalar(2, 'int32'), scalar(3, 'int32')));
    const slope = e.add(lower, e.mul(span, drawn));
    return e.where(e.le(x, e.constantLike(x, 0)), e.mul(slope, x), x);
  },
});

/** Bounds of the slopes. */
export interface Slopes {
  readonly lower: number;
  readonly upper: number;
}

/** Where slopes begin, and how far they go. */
function extent({ lower, upper }: Slopes): [lower: number, span: number] {
  if (!(lower <= upper)) throw new ValueError('rrelu', `lower must be at most upper, got ${lower} and ${upper}.`);
  return [lower, upper - lower];
}
const parameters = (slopes: Slopes): number[] => [...extent(slopes), ...seedHalves()];

/** The slope outside training. */
const meanOf = (slopes: Slopes): number => {
  const [lower, span] = extent(slopes);
  return lower + span / 2;
};

/** x, below 0 times a number drawn from [lower, upper), outside training times their mean. @see torch.nn.functional.rrelu */
export const rrelu = Object.assign(
  (x: Tensor, slopes: Slopes, training: boolean): Tensor =>
    training ? RRELU.apply([x], parameters(slopes)) : leakyRelu(x, meanOf(slopes)),
  {
    inPlace: (self: Tensor, slopes: Slopes, training: boolean): Tensor =>
      training ? RRELU.applyInPlace(self, [], parameters(slopes)) : leakyRelu.inPlace(self, meanOf(slopes)),
  },
);
