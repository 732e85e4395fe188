// The schedule of stochastic weight averaging, found under optim.swaUtils.
import { atLeast, COUNT, oneOf } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { LRScheduler, OPTIMIZER, perGroup, PER_GROUP, type SchedulerArguments } from './lrScheduler';

type AnnealStrategy = 'cos' | 'linear';

interface SWALROptions {
  /** The rate at the end, for all groups or one per group. */
  swaLr: number | readonly number[];
  /** Epochs until then; 10 by default, 0 for at once. */
  annealEpochs?: number;
  /** Along half a cosine, the default, or a line. */
  annealStrategy?: AnnealStrategy;
  /** The epoch to go on from; default -1, a fresh start. */
  lastEpoch?: number | undefined;
}
const TAKES = signature('SWALR', [
  OPTIMIZER, argument('swaLr', PER_GROUP), argument('annealEpochs', COUNT, 10),
  argument('annealStrategy', oneOf('cos', 'linear'), 'cos'), argument('lastEpoch', atLeast(-1), -1),
]); // prettier-ignore

/** How much of the way is gone at share `t` of the epochs. */
const GONE: { readonly [S in AnnealStrategy]: (t: number) => number } = {
  cos: (t) => (1 - Math.cos(Math.PI * t)) / 2,
  linear: (t) => t,
};

/**
 * Goes from the present rate to `swaLr` in `annealEpochs` epochs and stays there: lr = swaLr a + start (1 - a), where the start is
 * what the present rate was made of, so that another schedule may come before.
 * @see torch.optim.swa_utils.SWALR
 */
export class SWALR extends LRScheduler {
  static override readonly name: string = 'SWALR';

  private readonly annealEpochs: number;
  private readonly annealStrategy: AnnealStrategy;

  constructor(
    ...args: SchedulerArguments<
      [swaLr: number | readonly number[]],
      [annealEpochs?: number, annealStrategy?: AnnealStrategy, lastEpoch?: number | undefined],
      SWALROptions
    >
  ) {
    const { optimizer, swaLr, annealEpochs, annealStrategy, lastEpoch } = TAKES.take(args);
    const rates = perGroup('SWALR', 'swaLr', optimizer, swaLr);
    super(optimizer, { lastEpoch });
    optimizer.paramGroups.forEach((group, i) => (group.swaLr = rates[i]));
    this.annealEpochs = annealEpochs;
    this.annealStrategy = annealStrategy;
    this.firstStep();
  }

  protected nextLr(lr: number, group: number): number {
    // A group that was added later has no rate to go to, unless it was given one.
    const { swaLr = lr } = this.optimizer.paramGroups[group];
    const epoch = this.annealEpochs === 0 ? Math.max(1, this.stepCount - 1) : this.stepCount - 1;
    const before = this.goneAt(epoch - 1);
    const start = before === 1 ? swaLr : (lr - before * swaLr) / (1 - before);
    const gone = this.goneAt(epoch);
    return swaLr * gone + start * (1 - gone);
  }

  private goneAt(epoch: number): number {
    return GONE[this.annealStrategy](Math.max(0, Math.min(1, epoch / Math.max(1, this.annealEpochs))));
  }
}
