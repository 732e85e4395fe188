// Learning rate schedules. Each gives a group's next rate from its present one, so that schedulers can be chained
// and a rate that the user has set by hand is respected. Epochs count calls of `step`.
import { checkInteger, gather, type Arguments } from '../arguments';
import type { Optimizer } from './optimizer';
import { toCamelCase, toSnakeCase } from './stateDict';

/** A scheduler's fields under PyTorch's names. */
export type SchedulerState = Record<string, unknown>;

/** Options that every scheduler ends with. */
interface CommonOptions {
  /** The epoch to go on from; default -1, a fresh start. */
  lastEpoch?: number;
}

/** Base of schedulers. Call `step()` after the optimizer's, once an epoch. @see torch.optim.lr_scheduler.LRScheduler */
export abstract class LRScheduler {
  /** Calls of `step` so far. */
  lastEpoch: number;
  /** The rate of each group that the schedule starts from. */
  protected readonly baseLrs: number[];
  private lastLr: number[] = [];

  protected constructor(
    protected readonly optimizer: Optimizer,
    lastEpoch = -1,
  ) {
    this.baseLrs = optimizer.paramGroups.map((group) => {
      if (lastEpoch === -1) group.initialLr = group.lr;
      if (group.initialLr === undefined) {
        throw new RangeError(
          `${this.constructor.name}: to go on from epoch ${lastEpoch}, groups need an initialLr, got none.`,
        );
      }
      return group.initialLr;
    });
    this.lastEpoch = lastEpoch;
  }

  /** The rate of a group at epoch `lastEpoch`, from its rate `lr` so far. */
  protected abstract nextLr(lr: number, group: number): number;

  /** Goes to the next epoch and sets the rates. Constructors end with it. */
  step(): void {
    this.lastEpoch++;
    const groups = this.optimizer.paramGroups;
    groups.forEach((group, i) => (group.lr = this.nextLr(group.lr, i)));
    this.lastLr = groups.map(({ lr }) => lr);
  }

  /** The rates that the last step set, one per group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** What is needed to go on: all but the optimizer, and functions, which must be given again. */
  stateDict(): SchedulerState {
    const { lastLr, ...fields } = this;
    const saved = Object.entries(fields).filter(([name, value]) => name !== 'optimizer' && !containsFunction(value));
    const named = saved.map(([name, value]): [string, unknown] => [toSnakeCase(name), structuredClone(value)]);
    return { ...Object.fromEntries(named), _last_lr: [...lastLr] };
  }

  /** Takes over what `stateDict` gave. Entries of other names are passed over. */
  loadStateDict({ _last_lr: lastLr, ...state }: SchedulerState): void {
    for (const [name, value] of Object.entries(state)) {
      const field = toCamelCase(name);
      if (Object.hasOwn(this, field) && field !== 'optimizer') Object.assign(this, { [field]: structuredClone(value) });
    }
    if (Array.isArray(lastLr)) this.lastLr = [...(lastLr as number[])];
  }
}

const containsFunction = (value: unknown): boolean =>
  typeof value === 'function' || (Array.isArray(value) && value.some(containsFunction));

/** A factor for each epoch: for all groups, or one function per group. */
type Lambdas = ((epoch: number) => number) | readonly ((epoch: number) => number)[];

function perGroup(owner: string, optimizer: Optimizer, lambdas: Lambdas): readonly ((epoch: number) => number)[] {
  const groups = optimizer.paramGroups.length;
  if (typeof lambdas === 'function') return Array<(epoch: number) => number>(groups).fill(lambdas);
  if (lambdas.length !== groups) {
    throw new RangeError(`${owner}: lrLambda must be a function or one per group (${groups}), got ${lambdas.length}.`);
  }
  return lambdas;
}

/** lr = initial lr * lrLambda(epoch). @see torch.optim.lr_scheduler.LambdaLR */
export class LambdaLR extends LRScheduler {
  private readonly lrLambdas: readonly ((epoch: number) => number)[];

  constructor(optimizer: Optimizer, lrLambda: Lambdas, lastEpoch = -1) {
    super(optimizer, lastEpoch);
    this.lrLambdas = perGroup('LambdaLR', optimizer, lrLambda);
    this.step();
  }

  protected nextLr(_: number, group: number): number {
    return this.baseLrs[group] * this.lrLambdas[group](this.lastEpoch);
  }
}

/** lr = lr * lrLambda(epoch), from epoch 1 on. @see torch.optim.lr_scheduler.MultiplicativeLR */
export class MultiplicativeLR extends LRScheduler {
  private readonly lrLambdas: readonly ((epoch: number) => number)[];

  constructor(optimizer: Optimizer, lrLambda: Lambdas, lastEpoch = -1) {
    super(optimizer, lastEpoch);
    this.lrLambdas = perGroup('MultiplicativeLR', optimizer, lrLambda);
    this.step();
  }

  protected nextLr(lr: number, group: number): number {
    return this.lastEpoch > 0 ? lr * this.lrLambdas[group](this.lastEpoch) : lr;
  }
}

interface StepLROptions extends CommonOptions {
  stepSize: number;
  gamma?: number;
}

/** lr = lr * gamma every `stepSize` epochs; gamma defaults to 0.1. @see torch.optim.lr_scheduler.StepLR */
export class StepLR extends LRScheduler {
  private readonly stepSize: number;
  private readonly gamma: number;

  constructor(optimizer: Optimizer, ...args: Arguments<StepLROptions, ['stepSize', 'gamma', 'lastEpoch']>) {
    const options = gather<StepLROptions>('StepLR', ['stepSize', 'gamma', 'lastEpoch'], args);
    checkInteger('StepLR', 'stepSize', options.stepSize, 1);
    super(optimizer, options.lastEpoch);
    this.stepSize = options.stepSize;
    this.gamma = options.gamma ?? 0.1;
    this.step();
  }

  protected nextLr(lr: number): number {
    return this.lastEpoch > 0 && this.lastEpoch % this.stepSize === 0 ? lr * this.gamma : lr;
  }
}

interface MultiStepLROptions extends CommonOptions {
  milestones: readonly number[];
  gamma?: number;
}

/** lr = lr * gamma at each of the `milestones`; gamma defaults to 0.1. @see torch.optim.lr_scheduler.MultiStepLR */
export class MultiStepLR extends LRScheduler {
  private readonly milestones: readonly number[];
  private readonly gamma: number;

  constructor(optimizer: Optimizer, ...args: Arguments<MultiStepLROptions, ['milestones', 'gamma', 'lastEpoch']>) {
    const options = gather<MultiStepLROptions>('MultiStepLR', ['milestones', 'gamma', 'lastEpoch'], args);
    super(optimizer, options.lastEpoch);
    this.milestones = options.milestones;
    this.gamma = options.gamma ?? 0.1;
    this.step();
  }

  protected nextLr(lr: number): number {
    // A milestone that is listed twice counts twice.
    return lr * this.gamma ** this.milestones.filter((milestone) => milestone === this.lastEpoch).length;
  }
}

interface ConstantLROptions extends CommonOptions {
  factor?: number;
  totalIters?: number;
}

/** lr * factor (1/3) until epoch `totalIters` (5), then lr. @see torch.optim.lr_scheduler.ConstantLR */
export class ConstantLR extends LRScheduler {
  private readonly factor: number;
  private readonly totalIters: number;

  constructor(optimizer: Optimizer, ...args: Arguments<ConstantLROptions, ['factor', 'totalIters', 'lastEpoch']>) {
    const options = gather<ConstantLROptions>('ConstantLR', ['factor', 'totalIters', 'lastEpoch'], args);
    super(optimizer, options.lastEpoch);
    this.factor = options.factor ?? 1 / 3;
    this.totalIters = options.totalIters ?? 5;
    if (!(this.factor >= 0 && this.factor <= 1)) {
      throw new RangeError(`ConstantLR: factor must be in [0, 1], got ${this.factor}.`);
    }
    this.step();
  }

  protected nextLr(lr: number): number {
    if (this.lastEpoch === 0) return lr * this.factor;
    return this.lastEpoch === this.totalIters ? lr / this.factor : lr;
  }
}

interface LinearLROptions extends CommonOptions {
  startFactor?: number;
  endFactor?: number;
  totalIters?: number;
}

/** lr times a factor that goes from startFactor (1/3) to endFactor (1) in totalIters (5) epochs. @see torch.optim.lr_scheduler.LinearLR */
export class LinearLR extends LRScheduler {
  private readonly startFactor: number;
  private readonly endFactor: number;
  private readonly totalIters: number;

  constructor(
    optimizer: Optimizer,
    ...args: Arguments<LinearLROptions, ['startFactor', 'endFactor', 'totalIters', 'lastEpoch']>
  ) {
    const order = ['startFactor', 'endFactor', 'totalIters', 'lastEpoch'] as const;
    const options = gather<LinearLROptions>('LinearLR', order, args);
    super(optimizer, options.lastEpoch);
    this.startFactor = options.startFactor ?? 1 / 3;
    this.endFactor = options.endFactor ?? 1;
    this.totalIters = options.totalIters ?? 5;
    if (!(this.startFactor > 0 && this.startFactor <= 1 && this.endFactor >= 0 && this.endFactor <= 1)) {
      throw new RangeError(
        `LinearLR: startFactor must be in (0, 1] and endFactor in [0, 1], got ${this.startFactor} and ${this.endFactor}.`,
      );
    }
    this.step();
  }

  protected nextLr(lr: number): number {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    if (lastEpoch === 0) return lr * startFactor;
    if (lastEpoch > totalIters) return lr;
    const rise = endFactor - startFactor;
    return lr * (1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise));
  }
}

interface ExponentialLROptions extends CommonOptions {
  gamma: number;
}

/** lr = lr * gamma every epoch. @see torch.optim.lr_scheduler.ExponentialLR */
export class ExponentialLR extends LRScheduler {
  private readonly gamma: number;

  constructor(optimizer: Optimizer, ...args: Arguments<ExponentialLROptions, ['gamma', 'lastEpoch']>) {
    const options = gather<ExponentialLROptions>('ExponentialLR', ['gamma', 'lastEpoch'], args);
    super(optimizer, options.lastEpoch);
    this.gamma = options.gamma;
    this.step();
  }

  protected nextLr(lr: number): number {
    return this.lastEpoch > 0 ? lr * this.gamma : lr;
  }
}

interface PolynomialLROptions extends CommonOptions {
  totalIters?: number;
  power?: number;
}

/** initial lr * (1 - epoch / totalIters)^power, 0 from epoch totalIters (5) on. @see torch.optim.lr_scheduler.PolynomialLR */
export class PolynomialLR extends LRScheduler {
  private readonly totalIters: number;
  private readonly power: number;

  constructor(optimizer: Optimizer, ...args: Arguments<PolynomialLROptions, ['totalIters', 'power', 'lastEpoch']>) {
    const options = gather<PolynomialLROptions>('PolynomialLR', ['totalIters', 'power', 'lastEpoch'], args);
    super(optimizer, options.lastEpoch);
    this.totalIters = options.totalIters ?? 5;
    this.power = options.power ?? 1;
    this.step();
  }

  protected nextLr(lr: number): number {
    const { lastEpoch, totalIters, power } = this;
    if (lastEpoch === 0 || lastEpoch > totalIters) return lr;
    return lr * ((totalIters - lastEpoch) / (totalIters - (lastEpoch - 1))) ** power;
  }
}

interface CosineAnnealingLROptions extends CommonOptions {
  TMax: number;
  etaMin?: number;
}

/**
 * Half a cosine from the initial lr down to etaMin (0) in TMax epochs, and up again.
 * @see torch.optim.lr_scheduler.CosineAnnealingLR, https://arxiv.org/abs/1608.03983
 */
export class CosineAnnealingLR extends LRScheduler {
  private readonly TMax: number;
  private readonly etaMin: number;

  constructor(optimizer: Optimizer, ...args: Arguments<CosineAnnealingLROptions, ['TMax', 'etaMin', 'lastEpoch']>) {
    const options = gather<CosineAnnealingLROptions>('CosineAnnealingLR', ['TMax', 'etaMin', 'lastEpoch'], args);
    checkInteger('CosineAnnealingLR', 'TMax', options.TMax, 1);
    super(optimizer, options.lastEpoch);
    this.TMax = options.TMax;
    this.etaMin = options.etaMin ?? 0;
    this.step();
  }

  protected nextLr(lr: number, group: number): number {
    const { lastEpoch, TMax, etaMin } = this;
    if (lastEpoch === 0) return lr;
    // At the bottom of the cosine the recursion below would divide by 0.
    if ((lastEpoch - 1 - TMax) % (2 * TMax) === 0) {
      return lr + ((this.baseLrs[group] - etaMin) * (1 - Math.cos(Math.PI / TMax))) / 2;
    }
    const height = (epoch: number): number => 1 + Math.cos((Math.PI * epoch) / TMax);
    return (height(lastEpoch) / height(lastEpoch - 1)) * (lr - etaMin) + etaMin;
  }
}
