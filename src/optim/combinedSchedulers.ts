// Schedulers made of schedulers: all at once, or one after the other.
import { atLeast, COUNT, kind, listOf } from '../base/kinds';
import { argument, checkKind, methodsTake, signature } from '../base/signature';
import { describe } from '../base/errorText';
import { KindError, LoadError, ValueError } from '../base/errors';
import {
  COMMON,
  LRScheduler,
  OPTIMIZER,
  restoredFields,
  type SchedulerState,
  type SchedulerArguments,
} from './lrScheduler';
import { setRate } from './rate';
import { STATE } from './options';
import type { Optimizer } from './optimizer';

/** What can be stepped with others. */
type Part = LRScheduler | SchedulerList;

/** @throws TypeError unless these are schedulers of one optimizer, the given one or that of the first */
function checkSchedulers(
  owner: string,
  given: readonly Part[],
  isPart: (scheduler: unknown) => boolean,
  owning?: Optimizer,
): Optimizer {
  const schedulers = Array.isArray(given) ? (given as readonly Part[]) : [];
  if (schedulers.length === 0) {
    const got = Array.isArray(given) ? 'none' : describe(given);
    throw new KindError(owner, `takes a list of at least one scheduler, got ${got}.`);
  }
  const strange = schedulers.findIndex((scheduler) => !isPart(scheduler));
  if (strange >= 0) {
    throw new KindError(
      owner,
      `takes schedulers whose step() takes nothing, got ${describe(schedulers[strange])} at ${strange}.`,
    );
  }
  const optimizer = owning ?? schedulers[0].optimizer;
  const other = schedulers.findIndex((scheduler) => scheduler.optimizer !== optimizer);
  if (other >= 0) throw new KindError(owner, `all schedulers must have the same optimizer, got another at ${other}.`);
  return optimizer;
}

const isScheduler = (value: unknown): value is LRScheduler => value instanceof LRScheduler;

/** Schedulers, which `checkSchedulers` looks at. */
const LIST = kind<readonly LRScheduler[]>('a list of schedulers', Array.isArray);

const STEP = signature('step', []);
const STATE_DICT = signature('stateDict', []);
const LOAD_STATE_DICT = signature('loadStateDict', [argument('state', STATE)]);

/** What ChainedScheduler and SequentialLR share. */
abstract class SchedulerList {
  protected lastLr: number[];

  static {
    methodsTake(this, signature('getLastLr', []), STATE_DICT, LOAD_STATE_DICT);
  }

  protected constructor(
    readonly optimizer: Optimizer,
    protected readonly schedulers: readonly Part[],
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

  /** Takes over what `stateDict` gave. @throws LoadError unless it is of as many schedulers */
  loadStateDict(state: SchedulerState): void {
    const { _last_lr: lastLr, _schedulers: states } = restoredFields(this, state);
    if (!Array.isArray(states) || states.length !== this.schedulers.length) {
      throw new LoadError(
        `${this.constructor.name}.loadStateDict`,
        `_schedulers must be ${this.schedulers.length} state dicts, ` +
          `got ${Array.isArray(states) ? states.length : describe(states)}.`,
      );
    }
    if (Array.isArray(lastLr)) this.lastLr = [...(lastLr as number[])];
    this.schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict(states[i] as SchedulerState);
    });
  }

  /** Goes to the next epoch. */
  abstract step(): void;

  protected rates(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }
}

const CHAINED = signature('ChainedScheduler', [argument('schedulers', LIST)]);

/**
 * Steps several schedulers at once, each from the rate that the one before leaves.
 * @example new ChainedScheduler([new ConstantLR(optimizer, 0.1, 2), new ExponentialLR(optimizer, 0.9)])
 * @see torch.optim.lr_scheduler.ChainedScheduler
 */
export class ChainedScheduler extends SchedulerList {
  static override readonly name: string = 'ChainedScheduler';

  /** @throws TypeError for no schedulers, or such of different optimizers */
  constructor(schedulers: readonly Part[], ...none: never[]) {
    CHAINED.take([schedulers, ...none]);
    const isPart = (part: unknown): boolean => isScheduler(part) || part instanceof SchedulerList;
    super(checkSchedulers('ChainedScheduler', schedulers, isPart), schedulers);
  }

  static {
    methodsTake(this, STEP);
  }

  step(): void {
    for (const scheduler of this.schedulers) scheduler.step();
    this.lastLr = this.rates();
  }
}

interface SequentialLROptions {
  schedulers: readonly LRScheduler[];
  /** Epochs, in ascending order. */
  milestones: readonly number[];
  lastEpoch?: number | undefined;
  /** Does nothing, as in PyTorch. */
  verbose?: boolean | undefined;
}
const SEQUENTIAL = signature('SequentialLR', [
  OPTIMIZER, argument('schedulers', LIST), argument('milestones', listOf(COUNT)), ...COMMON,
]); // prettier-ignore

/**
 * One scheduler after the other: the next one starts, from its epoch 0, at each of the `milestones`.
 * @example new SequentialLR(optimizer, [new ConstantLR(optimizer, 0.1, 2), new ExponentialLR(optimizer, 0.9)], [2])
 * @see torch.optim.lr_scheduler.SequentialLR
 */
export class SequentialLR extends SchedulerList {
  static override readonly name: string = 'SequentialLR';

  lastEpoch: number;
  private milestones: readonly number[];

  /** @throws TypeError for schedulers of another optimizer, RangeError unless there is one milestone fewer */
  constructor(
    ...args: SchedulerArguments<
      [schedulers: readonly LRScheduler[], milestones: readonly number[]],
      [lastEpoch?: number | undefined, verbose?: boolean | undefined],
      SequentialLROptions,
      [schedulers: readonly LRScheduler[], options: Omit<SequentialLROptions, 'schedulers'>]
    >
  ) {
    const { optimizer, schedulers, milestones, lastEpoch } = SEQUENTIAL.take(args);
    checkSchedulers('SequentialLR', schedulers, isScheduler, optimizer);
    if (milestones.length !== schedulers.length - 1) {
      throw new ValueError(
        'SequentialLR',
        `${schedulers.length} schedulers need one milestone fewer, got ${milestones.length}.`,
      );
    }
    milestones.forEach((milestone, i) => {
      if (i > 0) checkKind('SequentialLR', 'a milestone', atLeast(milestones[i - 1]), milestone);
    });
    super(optimizer, schedulers);
    this.milestones = milestones;
    this.lastEpoch = lastEpoch + 1;
    // The constructors of all schedulers have taken their first steps; only the first one's counts.
    for (const group of optimizer.paramGroups) if (group.initialLr !== undefined) setRate(group, group.initialLr);
    for (const scheduler of schedulers) scheduler.lastEpoch--;
    schedulers[0].firstStep();
    this.lastLr = schedulers[0].getLastLr();
  }

  static {
    methodsTake(this, STEP, STATE_DICT, LOAD_STATE_DICT);
  }

  step(): void {
    this.lastEpoch++;
    const current = this.milestones.filter((milestone) => milestone <= this.lastEpoch).length;
    const scheduler = this.schedulers[current] as LRScheduler;
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
