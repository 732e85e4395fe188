// Schedulers made of schedulers: all at once, or one after the other.
import type { LRScheduler, SchedulerState } from './lrScheduler';
import type { Optimizer } from './optimizer';

/** @throws TypeError unless all schedulers are of one optimizer */
function checkOptimizer(owner: string, optimizer: Optimizer, schedulers: readonly LRScheduler[]): void {
  const other = schedulers.findIndex((scheduler) => scheduler.optimizer !== optimizer);
  if (other >= 0)
    throw new TypeError(`${owner}: all schedulers must have the same optimizer, got another at ${other}.`);
}

/** What ChainedScheduler and SequentialLR share. */
abstract class SchedulerList {
  protected lastLr: number[];

  protected constructor(
    readonly optimizer: Optimizer,
    protected readonly schedulers: readonly LRScheduler[],
  ) {
    this.lastLr = this.rates();
  }

  /** The rates that the last step set, one per group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** What is needed to go on, that of the schedulers in it. */
  stateDict(): SchedulerState {
    return { _last_lr: this.getLastLr(), _schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  /** Takes over what `stateDict` gave. */
  loadStateDict({ _last_lr: lastLr, _schedulers: states }: SchedulerState): void {
    if (Array.isArray(lastLr)) this.lastLr = [...(lastLr as number[])];
    if (!Array.isArray(states)) return;
    this.schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict(states[i] as SchedulerState);
    });
  }

  protected rates(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }
}

/**
 * Steps several schedulers at once, each from the rate that the one before leaves.
 * @example new ChainedScheduler([new ConstantLR(optimizer, 0.1, 2), new ExponentialLR(optimizer, 0.9)])
 * @see torch.optim.lr_scheduler.ChainedScheduler
 */
export class ChainedScheduler extends SchedulerList {
  /** @throws TypeError for no schedulers, or such of different optimizers */
  constructor(schedulers: readonly LRScheduler[]) {
    if (schedulers.length === 0) throw new TypeError('ChainedScheduler: takes at least one scheduler, got none.');
    const [{ optimizer }] = schedulers;
    checkOptimizer('ChainedScheduler', optimizer, schedulers);
    super(optimizer, schedulers);
  }

  step(): void {
    for (const scheduler of this.schedulers) scheduler.step();
    this.lastLr = this.rates();
  }
}

/**
 * One scheduler after the other: the next one starts, from its epoch 0, at each of the `milestones`.
 * @example new SequentialLR(optimizer, [new ConstantLR(optimizer, 0.1, 2), new ExponentialLR(optimizer, 0.9)], [2])
 * @see torch.optim.lr_scheduler.SequentialLR
 */
export class SequentialLR extends SchedulerList {
  lastEpoch: number;
  private milestones: readonly number[];

  /** @throws TypeError for schedulers of another optimizer, RangeError unless there is one milestone fewer */
  constructor(
    optimizer: Optimizer,
    schedulers: readonly LRScheduler[],
    milestones: readonly number[] | { milestones: readonly number[]; lastEpoch?: number },
    lastEpoch = -1,
  ) {
    const options = 'milestones' in milestones ? milestones : { milestones, lastEpoch };
    checkOptimizer('SequentialLR', optimizer, schedulers);
    if (options.milestones.length !== schedulers.length - 1) {
      throw new RangeError(
        `SequentialLR: ${schedulers.length} schedulers need one milestone fewer, got ${options.milestones.length}.`,
      );
    }
    super(optimizer, schedulers);
    this.milestones = options.milestones;
    this.lastEpoch = (options.lastEpoch ?? -1) + 1;
    // The constructors of all schedulers have taken their first steps; only the first one's counts.
    for (const group of optimizer.paramGroups) group.lr = group.initialLr ?? group.lr;
    for (const scheduler of schedulers) scheduler.lastEpoch--;
    schedulers[0].step();
    this.lastLr = schedulers[0].getLastLr();
  }

  step(): void {
    this.lastEpoch++;
    const current = this.milestones.filter((milestone) => milestone <= this.lastEpoch).length;
    const scheduler = this.schedulers[current];
    if (current > 0 && this.milestones[current - 1] === this.lastEpoch) scheduler.step(0);
    else scheduler.step();
    this.lastLr = scheduler.getLastLr();
  }

  override stateDict(): SchedulerState {
    return { last_epoch: this.lastEpoch, _milestones: [...this.milestones], ...super.stateDict() };
  }

  override loadStateDict(state: SchedulerState): void {
    super.loadStateDict(state);
    if (typeof state.last_epoch === 'number') this.lastEpoch = state.last_epoch;
    if (Array.isArray(state._milestones)) this.milestones = [...(state._milestones as number[])];
  }
}
