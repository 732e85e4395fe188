// Learning rate schedules that fall (or rise) once: by steps, lines, powers, half a cosine.
import { ValueError } from '../base/errors';
import { atLeast, COUNT, kind, listOf, REAL } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { COMMON, LRScheduler, OPTIMIZER, type CommonOptions, type SchedulerArguments } from './lrScheduler';

/** A factor that makes nothing greater. */
const SHARE = kind<number>('in [0, 1]', (value) => typeof value === 'number' && value >= 0 && value <= 1);

interface StepLROptions extends CommonOptions {
  stepSize: number;
  gamma?: number;
}
const STEP = signature('StepLR', [
  OPTIMIZER,
  argument('stepSize', atLeast(1)),
  argument('gamma', REAL, 0.1),
  ...COMMON,
]);

/** lr = lr * gamma every `stepSize` epochs; gamma defaults to 0.1. @see torch.optim.lr_scheduler.StepLR */
export class StepLR extends LRScheduler {
  static override readonly name: string = 'StepLR';

  private readonly stepSize: number;
  private readonly gamma: number;

  constructor(
    ...args: SchedulerArguments<
      [stepSize: number],
      [gamma?: number, lastEpoch?: number | undefined, verbose?: boolean | undefined],
      StepLROptions
    >
  ) {
    const { optimizer, stepSize, gamma, ...common } = STEP.take(args);
    super(optimizer, common);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.firstStep();
  }

  protected nextLr(lr: number): number {
    return this.lastEpoch > 0 && this.lastEpoch % this.stepSize === 0 ? lr * this.gamma : lr;
  }

  protected override lrAt(lr: number, group: number): number {
    return this.fromBase(lr, group, (baseLr) => baseLr * this.gamma ** Math.floor(this.lastEpoch / this.stepSize));
  }
}

interface MultiStepLROptions extends CommonOptions {
  milestones: readonly number[];
  gamma?: number;
}
const MULTI_STEP = signature('MultiStepLR', [
  OPTIMIZER,
  argument('milestones', listOf(COUNT)),
  argument('gamma', REAL, 0.1),
  ...COMMON,
]);

/** lr = lr * gamma at each of the `milestones`; gamma defaults to 0.1. @see torch.optim.lr_scheduler.MultiStepLR */
export class MultiStepLR extends LRScheduler {
  static override readonly name: string = 'MultiStepLR';

  /** How often each epoch is a milestone, as in PyTorch's state dict. */
  private readonly milestones: Readonly<Record<number, number>>;
  private readonly gamma: number;

  constructor(
    ...args: SchedulerArguments<
      [milestones: readonly number[]],
      [gamma?: number, lastEpoch?: number | undefined, verbose?: boolean | undefined],
      MultiStepLROptions
    >
  ) {
    const { optimizer, milestones, gamma, ...common } = MULTI_STEP.take(args);
    const counts: Record<number, number> = {};
    super(optimizer, common);
    for (const milestone of milestones) counts[milestone] = (counts[milestone] ?? 0) + 1;
    this.milestones = counts;
    this.gamma = gamma;
    this.firstStep();
  }

  protected nextLr(lr: number): number {
    return lr * this.gamma ** (this.milestones[this.lastEpoch] ?? 0);
  }

  protected override lrAt(lr: number, group: number): number {
    const passed = Object.entries(this.milestones).filter(([milestone]) => Number(milestone) <= this.lastEpoch);
    return this.fromBase(
      lr,
      group,
      (baseLr) => baseLr * this.gamma ** passed.reduce((sum, [, count]) => sum + count, 0),
    );
  }
}

interface ConstantLROptions extends CommonOptions {
  factor?: number;
  totalIters?: number;
}
const CONSTANT = signature('ConstantLR', [
  OPTIMIZER,
  argument('factor', SHARE, 1 / 3),
  argument('totalIters', REAL, 5),
  ...COMMON,
]);

/** lr * factor (1/3) until epoch `totalIters` (5), then lr. @see torch.optim.lr_scheduler.ConstantLR */
export class ConstantLR extends LRScheduler {
  static override readonly name: string = 'ConstantLR';

  private readonly factor: number;
  private readonly totalIters: number;

  constructor(
    ...args: SchedulerArguments<
      [],
      [factor?: number, totalIters?: number, lastEpoch?: number | undefined, verbose?: boolean | undefined],
      ConstantLROptions
    >
  ) {
    const { optimizer, factor, totalIters, ...common } = CONSTANT.take(args);
    super(optimizer, common);
    this.factor = factor;
    this.totalIters = totalIters;
    this.firstStep();
  }

  protected nextLr(lr: number, group: number): number {
    if (this.lastEpoch === 0) return lr * this.factor;
    if (this.lastEpoch !== this.totalIters) return lr;
    // A rate of 0 cannot be divided back.
    return this.factor === 0 ? this.lrAt(lr, group) : lr / this.factor;
  }

  protected override lrAt(lr: number, group: number): number {
    return this.fromBase(lr, group, (baseLr) => baseLr * (this.lastEpoch >= this.totalIters ? 1 : this.factor));
  }
}

interface LinearLROptions extends CommonOptions {
  startFactor?: number;
  endFactor?: number;
  totalIters?: number;
}
const LINEAR = signature('LinearLR', [
  OPTIMIZER,
  argument('startFactor', REAL, 1 / 3),
  argument('endFactor', REAL, 1),
  argument('totalIters', REAL, 5),
  ...COMMON,
]);

/** lr times a factor that goes from startFactor (1/3) to endFactor (1) in totalIters (5) epochs. @see torch.optim.lr_scheduler.LinearLR */
export class LinearLR extends LRScheduler {
  static override readonly name: string = 'LinearLR';

  private readonly startFactor: number;
  private readonly endFactor: number;
  private readonly totalIters: number;

  constructor(
    ...args: SchedulerArguments<
      [],
      [
        startFactor?: number,
        endFactor?: number,
        totalIters?: number,
        lastEpoch?: number | undefined,
        verbose?: boolean | undefined,
      ],
      LinearLROptions
    >
  ) {
    const { optimizer, startFactor, endFactor, totalIters, ...common } = LINEAR.take(args);
    if (!(startFactor > 0 && startFactor <= 1 && endFactor >= 0 && endFactor <= 1)) {
      throw new ValueError(
        'LinearLR',
        `startFactor must be in (0, 1] and endFactor in [0, 1], got ${startFactor} and ${endFactor}.`,
      );
    }
    super(optimizer, common);
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = totalIters;
    this.firstStep();
  }

  protected nextLr(lr: number): number {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    if (lastEpoch === 0) return lr * startFactor;
    if (lastEpoch > totalIters) return lr;
    const rise = endFactor - startFactor;
    return lr * (1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise));
  }

  protected override lrAt(lr: number, group: number): number {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    const share = lastEpoch >= totalIters ? 1 : lastEpoch / totalIters;
    return this.fromBase(lr, group, (baseLr) => baseLr * (startFactor + (endFactor - startFactor) * share));
  }
}

interface ExponentialLROptions extends CommonOptions {
  gamma: number;
}
const EXPONENTIAL = signature('ExponentialLR', [OPTIMIZER, argument('gamma', REAL), ...COMMON]);

/** lr = lr * gamma every epoch. @see torch.optim.lr_scheduler.ExponentialLR */
export class ExponentialLR extends LRScheduler {
  static override readonly name: string = 'ExponentialLR';

  private readonly gamma: number;

  constructor(
    ...args: SchedulerArguments<
      [gamma: number],
      [lastEpoch?: number | undefined, verbose?: boolean | undefined],
      ExponentialLROptions
    >
  ) {
    const { optimizer, gamma, ...common } = EXPONENTIAL.take(args);
    super(optimizer, common);
    this.gamma = gamma;
    this.firstStep();
  }

  protected nextLr(lr: number): number {
    return this.lastEpoch > 0 ? lr * this.gamma : lr;
  }

  protected override lrAt(lr: number, group: number): number {
    return this.fromBase(lr, group, (baseLr) => baseLr * this.gamma ** this.lastEpoch);
  }
}

interface PolynomialLROptions extends CommonOptions {
  totalIters?: number;
  power?: number;
}
const POLYNOMIAL = signature('PolynomialLR', [
  OPTIMIZER,
  argument('totalIters', REAL, 5),
  argument('power', REAL, 1),
  ...COMMON,
]);

/** initial lr * (1 - epoch / totalIters)^power, 0 from epoch totalIters (5) on. @see torch.optim.lr_scheduler.PolynomialLR */
export class PolynomialLR extends LRScheduler {
  static override readonly name: string = 'PolynomialLR';

  private readonly totalIters: number;
  private readonly power: number;

  constructor(
    ...args: SchedulerArguments<
      [],
      [totalIters?: number, power?: number, lastEpoch?: number | undefined, verbose?: boolean | undefined],
      PolynomialLROptions
    >
  ) {
    const { optimizer, totalIters, power, ...common } = POLYNOMIAL.take(args);
    super(optimizer, common);
    this.totalIters = totalIters;
    this.power = power;
    this.firstStep();
  }

  protected nextLr(lr: number): number {
    const { lastEpoch, totalIters, power } = this;
    if (lastEpoch === 0 || lastEpoch > totalIters) return lr;
    return lr * ((totalIters - lastEpoch) / (totalIters - (lastEpoch - 1))) ** power;
  }

  protected override lrAt(lr: number, group: number): number {
    const { lastEpoch, totalIters, power } = this;
    return this.fromBase(
      lr,
      group,
      (baseLr) => baseLr * (lastEpoch >= totalIters ? 0 : 1 - lastEpoch / totalIters) ** power,
    );
  }
}

interface CosineAnnealingLROptions extends CommonOptions {
  TMax: number;
  etaMin?: number;
}
const COSINE = signature('CosineAnnealingLR', [
  OPTIMIZER,
  argument('TMax', atLeast(1)),
  argument('etaMin', REAL, 0),
  ...COMMON,
]);

/**
 * Half a cosine from the initial lr down to etaMin (0) in TMax epochs, and up again.
 * @see torch.optim.lr_scheduler.CosineAnnealingLR, https://arxiv.org/abs/1608.03983
 */
export class CosineAnnealingLR extends LRScheduler {
  static override readonly name: string = 'CosineAnnealingLR';

  private readonly TMax: number;
  private readonly etaMin: number;

  constructor(
    ...args: SchedulerArguments<
      [TMax: number],
      [etaMin?: number, lastEpoch?: number | undefined, verbose?: boolean | undefined],
      CosineAnnealingLROptions
    >
  ) {
    const { optimizer, TMax, etaMin, ...common } = COSINE.take(args);
    super(optimizer, common);
    this.TMax = TMax;
    this.etaMin = etaMin;
    this.firstStep();
  }

  protected nextLr(lr: number, group: number): number {
    const { lastEpoch, TMax, etaMin } = this;
    if (lastEpoch === 0) return lr;
    // Made to go on from an epoch: the group's rate is that of its start, not of the epoch before.
    if (this.isFirstStep) return this.lrAt(lr, group);
    // At the bottom of the cosine the recursion below would divide by 0.
    if ((lastEpoch - 1 - TMax) % (2 * TMax) === 0) {
      return this.fromBase(lr, group, (baseLr) => lr + ((baseLr - etaMin) * (1 - Math.cos(Math.PI / TMax))) / 2);
    }
    return (this.height(lastEpoch) / this.height(lastEpoch - 1)) * (lr - etaMin) + etaMin;
  }

  protected override lrAt(lr: number, group: number): number {
    return this.fromBase(
      lr,
      group,
      (baseLr) => this.etaMin + ((baseLr - this.etaMin) * this.height(this.lastEpoch)) / 2,
    );
  }

  private height(epoch: number): number {
    return 1 + Math.cos((Math.PI * epoch) / this.TMax);
  }
}
