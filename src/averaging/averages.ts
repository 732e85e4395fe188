// How an average takes in the next value: all values alike, or the latest ones most.
import type { Arguments } from '../base/arguments';
import { kind } from '../base/kinds';
import { argument, signature, taking } from '../base/signature';
import { isFloat } from '../base/dtype';
import { noGrad } from '../core/backward';
import { libraryCode } from '../core/temporaries';
import type { Tensor } from '../core/tensor';
import { add, div, lerp, mul, sub } from '../ops/pointwise/arithmetic';
import { copy_ } from '../ops/shape/copy';

/** The next average of a parameter, from the one so far, the model's value, and how many were averaged (int64, no dimensions). */
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: Tensor) => Tensor;
/** The same for lists of parameters of one dtype, over which it writes. */
export type MultiAvgFn = (averaged: readonly Tensor[], current: readonly Tensor[], numAveraged: Tensor) => void;

/** a + (c - a) / (n + 1): the mean of all values. */
const swa: AvgFn = (averaged, current, numAveraged) =>
  libraryCode(() => add(averaged, div(sub(current, averaged), add(numAveraged, 1))));

/** d a + (1 - d) c; whole numbers are averaged as such and rounded when they are written. */
const ema =
  (decay: number): AvgFn =>
  (averaged, current) =>
    libraryCode(() =>
      isFloat(averaged.dtype) ? lerp(averaged, current, 1 - decay) : add(mul(averaged, decay), mul(current, 1 - decay)),
    );

const multi =
  (one: AvgFn): MultiAvgFn =>
  (averaged, current, numAveraged) => {
    noGrad(() => {
      averaged.forEach((average, i) => copy_(average, one(average, current[i], numAveraged)));
    });
  };

const DECAY = argument('decay', kind<number>('in [0, 1]', (value) => typeof value === 'number' && value >= 0 && value <= 1), 0.999); // prettier-ignore

type OfDecay<F> = (...args: Arguments<[], [decay?: number], { decay?: number }>) => F;

/** For `avgFn`: an exponential moving average, decay a + (1 - decay) c. @see torch.optim.swa_utils.get_ema_avg_fn */
export const getEmaAvgFn: OfDecay<AvgFn> = taking(signature('getEmaAvgFn', [DECAY]), ema);
/** The same for `multiAvgFn`. @see torch.optim.swa_utils.get_ema_multi_avg_fn */
export const getEmaMultiAvgFn: OfDecay<MultiAvgFn> = taking(signature('getEmaMultiAvgFn', [DECAY]), (decay) =>
  multi(ema(decay)),
);
/** For `avgFn`: the mean of all values. @see torch.optim.swa_utils.get_swa_avg_fn */
export const getSwaAvgFn: () => AvgFn = taking(signature('getSwaAvgFn', []), () => swa);
/** The same for `multiAvgFn`. @see torch.optim.swa_utils.get_swa_multi_avg_fn */
export const getSwaMultiAvgFn: () => MultiAvgFn = taking(signature('getSwaMultiAvgFn', []), () => multi(swa));
