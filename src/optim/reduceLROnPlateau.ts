// ReduceLROnPlateau: the one schedule that follows a measurement instead of the epoch.
import { capture } from '../core/capture';
import { ValueError } from '../base/errors';
import { FLAG, kind, NUMBER, oneOf, REAL } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import {
  OPTIMIZER,
  PER_GROUP,
  perGroup,
  restoredFields,
  type SchedulerState,
  type SchedulerArguments,
} from './lrScheduler';
import { rateOf, setRate } from './rate';
import type { Optimizer } from './optimizer';
import { STATE } from './options';
import { toSnakeCase } from './stateDict';

/** Arguments of ReduceLROnPlateau. */
export interface PlateauOptions {
  /** Whether the measurement should fall or rise; default 'min'. */
  mode?: 'min' | 'max';
  /** What the rate is multiplied with; default 0.1. */
  factor?: number;
  /** Epochs without improvement that are put up with; default 10. */
  patience?: number;
  /** Least change that counts as improvement; default 1e-4. */
  threshold?: number;
  /** Whether `threshold` is a share of the best value or a difference from it; default 'rel'. */
  thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction in which nothing is counted; default 0. */
  cooldown?: number;
  /** Least rate, for all groups or one per group; default 0. */
  minLr?: number | readonly number[];
  /** Reductions smaller than this are not made; default 1e-8. */
  eps?: number;
  /** Whether to print every reduction to the console. */
  verbose?: boolean;
}

const LESS_THAN_1 = kind<number>('less than 1', (value) => typeof value === 'number' && value < 1);
const TAKES = signature('ReduceLROnPlateau', [
  OPTIMIZER, argument('mode', oneOf('min', 'max'), 'min'), argument('factor', LESS_THAN_1, 0.1), argument('patience', REAL, 10),
  argument('threshold', REAL, 1e-4), argument('thresholdMode', oneOf('rel', 'abs'), 'rel'), argument('cooldown', REAL, 0),
  argument('minLr', PER_GROUP, 0), argument('eps', REAL, 1e-8), argument('verbose', FLAG, false),
]); // prettier-ignore

/**
 * Multiplies the rates with `factor` when a measurement has stopped improving.
 * @example scheduler.step(await validationLoss.item())
 * @see torch.optim.lr_scheduler.ReduceLROnPlateau
 */
export class ReduceLROnPlateau {
  static readonly name: string = 'ReduceLROnPlateau';

  lastEpoch = 0;
  private best: number;
  private numBadEpochs = 0;
  private cooldownCounter = 0;
  private readonly mode: 'min' | 'max';
  private readonly factor: number;
  private readonly patience: number;
  private readonly threshold: number;
  private readonly thresholdMode: 'rel' | 'abs';
  private readonly cooldown: number;
  private readonly minLrs: readonly number[];
  /** Where one least rate was given for all groups, it is also that of groups added later. */
  readonly #minLr: number | null;
  private readonly eps: number;
  private readonly verbose: boolean;

  static {
    methodsTake(
      this,
      signature('step', [argument('metric', NUMBER), argument('epoch', REAL, undefined)]),
      signature('getLastLr', []),
      signature('stateDict', []),
      signature('loadStateDict', [argument('state', STATE)]),
    );
  }

  private readonly optimizer: Optimizer;

  /** @throws RangeError for factor >= 1, an unknown mode, or a count of `minLr` other than that of groups; TypeError for options of another kind */
  constructor(
    ...args: SchedulerArguments<
      [],
      [
        mode?: 'min' | 'max',
        factor?: number,
        patience?: number,
        threshold?: number,
        thresholdMode?: 'rel' | 'abs',
        cooldown?: number,
        minLr?: number | readonly number[],
        eps?: number,
        verbose?: boolean,
      ],
      PlateauOptions
    >
  ) {
    const { optimizer, ...options } = TAKES.take(args);
    this.optimizer = optimizer;
    const { mode, thresholdMode, factor, minLr, verbose, patience, threshold, cooldown, eps } = options;
    this.mode = mode;
    this.thresholdMode = thresholdMode;
    this.factor = factor;
    this.patience = patience;
    this.threshold = threshold;
    this.cooldown = cooldown;
    this.minLrs = perGroup('ReduceLROnPlateau', 'minLr', optimizer, minLr);
    this.#minLr = typeof minLr === 'number' ? minLr : null;
    this.eps = eps;
    this.verbose = verbose;
    this.best = mode === 'min' ? Infinity : -Infinity;
  }

  /** Takes in the measurement of an epoch: of the next one, or of the one given. NaN counts as no improvement. */
  step(metric: number, epoch = this.lastEpoch + 1): void {
    capture.current?.outside('a scheduler makes a step');
    this.lastEpoch = epoch;
    if (this.isBetter(metric)) {
      this.best = metric;
      this.numBadEpochs = 0;
    } else {
      this.numBadEpochs++;
    }
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > this.patience) {
      this.reduce();
      this.cooldownCounter = this.cooldown;
      this.numBadEpochs = 0;
    }
  }

  /** The rates as they are, one per group. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => rateOf('ReduceLROnPlateau', group));
  }

  /** What is needed to go on, under PyTorch's names. */
  stateDict(): SchedulerState {
    const fields = Object.entries(this).filter(([name]) => name !== 'optimizer') as [string, unknown][];
    return Object.fromEntries(fields.map(([name, value]) => [toSnakeCase(name), value]));
  }

  /** Takes over what `stateDict` gave. Entries of other names are passed over. */
  loadStateDict(state: SchedulerState): void {
    const fields = Object.entries(restoredFields(this, state));
    Object.assign(this, Object.fromEntries(fields.filter(([name]) => !name.startsWith('_'))));
  }

  private isBetter(metric: number): boolean {
    const { mode, thresholdMode, threshold, best } = this;
    const sign = mode === 'min' ? -1 : 1;
    const goal = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === 'min' ? metric < goal : metric > goal;
  }

  private reduce(): void {
    const { paramGroups } = this.optimizer;
    if (this.#minLr === null && paramGroups.length > this.minLrs.length) {
      throw new ValueError(
        'ReduceLROnPlateau',
        `minLr must be one for all groups, or one per group (${paramGroups.length}) now that groups ` +
          `were added, got ${this.minLrs.length}.`,
      );
    }
    paramGroups.forEach((group, i) => {
      const before = rateOf('ReduceLROnPlateau', group);
      const lr = Math.max(before * this.factor, i < this.minLrs.length ? this.minLrs[i] : (this.#minLr ?? 0));
      if (before - lr <= this.eps) return;
      setRate(group, lr);
      if (!this.verbose) return;
      // eslint-disable-next-line no-console -- what `verbose` asks for
      console.log(`Epoch ${this.lastEpoch}: reducing learning rate of group ${i} to ${lr.toExponential(4)}.`);
    });
  }
}
