// Learning rate schedules that fall (or rise) once: by steps, lines, powers, half a cosine.
import { checkInteger, type Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { COMMON, LRScheduler, schedulerOptions, type CommonOptions } from './lrScheduler';
import { checkNumber } from './options';
import type { Optimizer } from './optimizer';

interface StepLROptions extends CommonOptions {
  stepSize: number;
  gamma?: number;
}
const STEP = ['stepSize', 'gamma', ...COMMON] as const;

/** lr = lr * gamma every `stepSize` epochs; gamma defaults to 0.1. @see torch.optim.lr_scheduler.StepLR */
export class StepLR extends LRScheduler {
  private readonly stepSize: number;
  private readonly gamma: number;

  constructor(optimizer: Optimizer, ...args: Arguments<StepLROptions, typeof STEP>) {
    const { stepSize, gamma = 0.1, ...common } = schedulerOptions<StepLROptions>('StepLR', STEP, optimizer, args);
    checkInteger('StepLR', 'stepSize', stepSize, 1);
    checkNumber('StepLR', 'gamma', gamma);
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
const MULTI_STEP = ['milestones', 'gamma', ...COMMON] as const;

/** lr = lr * gamma at each of the `milestones`; gamma defaults to 0.1. @see torch.optim.lr_scheduler.MultiStepLR */
export class MultiStepLR extends LRScheduler {
  /** How often each epoch is a milestone, as in PyTorch's state dict. */
  private readonly milestones: Readonly<Record<number, number>>;
  private readonly gamma: number;

  constructor(optimizer: Optimizer, ...args: Arguments<MultiStepLROptions, typeof MULTI_STEP>) {
    const {
      milestones,
      gamma = 0.1,
      ...common
    } = schedulerOptions<MultiStepLROptions>('MultiStepLR', MULTI_STEP, optimizer, args);
    checkNumber('MultiStepLR', 'gamma', gamma);
    if (!Array.isArray(milestones)) {
      throw new TypeError(`MultiStepLR: milestones must be a list of epochs, got ${describe(milestones)}.`);
    }
    const counts: Record<number, number> = {};
    for (const milestone of milestones as readonly unknown[]) checkInteger('MultiStepLR', 'a milestone', milestone, 0);
    super(optimizer, common);
    for (const milestone of milestones as readonly number[]) counts[milestone] = (counts[milestone] ?? 0) + 1;
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
const CONSTANT = ['factor', 'totalIters', ...COMMON] as const;

/** lr * factor (1/3) until epoch `totalIters` (5), then lr. @see torch.optim.lr_scheduler.ConstantLR */
export class ConstantLR extends LRScheduler {
  private readonly factor: number;
  private readonly totalIters: number;

  constructor(optimizer: Optimizer, ...args: Arguments<ConstantLROptions, typeof CONSTANT>) {
    const {
      factor = 1 / 3,
      totalIters = 5,
      ...common
    } = schedulerOptions<ConstantLROptions>('ConstantLR', CONSTANT, optimizer, args);
    checkNumber('ConstantLR', 'factor', factor);
    checkNumber('ConstantLR', 'totalIters', totalIters);
    if (!(factor >= 0 && factor <= 1)) throw new RangeError(`ConstantLR: factor must be in [0, 1], got ${factor}.`);
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
const LINEAR = ['startFactor', 'endFactor', 'totalIters', ...COMMON] as const;

/** lr times a factor that goes from startFactor (1/3) to endFactor (1) in totalIters (5) epochs. @see torch.optim.lr_scheduler.LinearLR */
export class LinearLR extends LRScheduler {
  private readonly startFactor: number;
  private readonly endFactor: number;
  private readonly totalIters: number;

  constructor(optimizer: Optimizer, ...args: Arguments<LinearLROptions, typeof LINEAR>) {
    const options = schedulerOptions<LinearLROptions>('LinearLR', LINEAR, optimizer, args);
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5, ...common } = options;
    for (const [name, value] of Object.entries({ startFactor, endFactor, totalIters })) {
      checkNumber('LinearLR', name, value);
    }
    if (!(startFactor > 0 && startFactor <= 1 && endFactor >= 0 && endFactor <= 1)) {
      throw new RangeError(
        `LinearLR: startFactor must be in (0, 1] and endFactor in [0, 1], got ${startFactor} and ${endFactor}.`,
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
const EXPONENTIAL = ['gamma', ...COMMON] as const;

/** lr = lr * gamma every epoch. @see torch.optim.lr_scheduler.ExponentialLR */
export class ExponentialLR extends LRScheduler {
  private readonly gamma: number;

  constructor(optimizer: Optimizer, ...args: Arguments<ExponentialLROptions, typeof EXPONENTIAL>) {
    const { gamma, ...common } = schedulerOptions<ExponentialLROptions>('ExponentialLR', EXPONENTIAL, optimizer, args);
    checkNumber('ExponentialLR', 'gamma', gamma);
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
const POLYNOMIAL = ['totalIters', 'power', ...COMMON] as const;

/** initial lr * (1 - epoch / totalIters)^power, 0 from epoch totalIters (5) on. @see torch.optim.lr_scheduler.PolynomialLR */
export class PolynomialLR extends LRScheduler {
  private readonly totalIters: number;
  private readonly power: number;

  constructor(optimizer: Optimizer, ...args: Arguments<PolynomialLROptions, typeof POLYNOMIAL>) {
    const {
      totalIters = 5,
      power = 1,
      ...common
    } = schedulerOptions<PolynomialLROptions>('PolynomialLR', POLYNOMIAL, optimizer, args);
    checkNumber('PolynomialLR', 'totalIters', totalIters);
    checkNumber('PolynomialLR', 'power', power);
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
const COSINE = ['TMax', 'etaMin', ...COMMON] as const;

/**
 * Half a cosine from the initial lr down to etaMin (0) in TMax epochs, and up again.
 * @see torch.optim.lr_scheduler.CosineAnnealingLR, https://arxiv.org/abs/1608.03983
 */
export class CosineAnnealingLR extends LRScheduler {
  private readonly TMax: number;
  private readonly etaMin: number;

  constructor(optimizer: Optimizer, ...args: Arguments<CosineAnnealingLROptions, typeof COSINE>) {
    const {
      TMax,
      etaMin = 0,
      ...common
    } = schedulerOptions<CosineAnnealingLROptions>('CosineAnnealingLR', COSINE, optimizer, args);
    checkInteger('CosineAnnealingLR', 'TMax', TMax, 1);
    checkNumber('CosineAnnealingLR', 'etaMin', etaMin);
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
