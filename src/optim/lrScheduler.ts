// Learning rate schedules: their base, and the two that are given as functions. Each gives a group's next rate from
// its present one, so that schedulers can be chained and a rate that the user has set by hand is respected. Epochs
// count calls of `step`. The rest is in decays.ts, cycles.ts and combinedSchedulers.ts.
import { gather, type Arguments } from '../base/arguments';
import type { Optimizer } from './optimizer';
import { toCamelCase, toSnakeCase } from './stateDict';

/** A scheduler's fields under PyTorch's names. */
export type SchedulerState = Record<string, unknown>;

/** Options that every scheduler ends with. */
export interface CommonOptions {
  /** The epoch to go on from; default -1, a fresh start. */
  lastEpoch?: number | undefined;
  /** Whether to print every change of a rate to the console. */
  verbose?: boolean | undefined;
}
export const COMMON = ['lastEpoch', 'verbose'] as const;

/** Base of schedulers. Call `step()` after the optimizer's, once an epoch. @see torch.optim.lr_scheduler.LRScheduler */
export abstract class LRScheduler {
  /** Calls of `step` so far. */
  lastEpoch: number;
  /** The rate of each group that the schedule starts from. */
  protected readonly baseLrs: number[];
  private lastLr: number[] = [];
  private readonly verbose: boolean;

  protected constructor(
    readonly optimizer: Optimizer,
    { lastEpoch = -1, verbose = false }: CommonOptions,
  ) {
    this.baseLrs = optimizer.paramGroups.map((group) => {
      // Schedulers that share an optimizer start from the same rates.
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      if (group.initialLr === undefined) {
        throw new RangeError(
          `${this.constructor.name}: to go on from epoch ${lastEpoch}, groups need an initialLr, got none.`,
        );
      }
      return group.initialLr;
    });
    this.lastEpoch = lastEpoch;
    this.verbose = verbose;
  }

  /** The rate of a group at epoch `lastEpoch`, from its rate `lr` so far. */
  protected abstract nextLr(lr: number, group: number): number;

  /** The rate of a group at epoch `lastEpoch`, however it got there. */
  protected lrAt(lr: number, group: number): number {
    return this.nextLr(lr, group);
  }

  /** Goes to the next epoch, or to the one given, and sets the rates. Constructors end with it. */
  step(epoch?: number): void {
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    const next = this.optimizer.paramGroups.map(({ lr }, i) =>
      epoch === undefined ? this.nextLr(lr, i) : this.lrAt(lr, i),
    );
    this.setRates(next);
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

  private setRates(rates: readonly number[]): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      group.lr = rates[i];
      // eslint-disable-next-line no-console -- what `verbose` asks for
      if (this.verbose) console.log(`Adjusting learning rate of group ${i} to ${rates[i].toExponential(4)}.`);
    });
    this.lastLr = [...rates];
  }
}

const containsFunction = (value: unknown): boolean =>
  typeof value === 'function' || (Array.isArray(value) && value.some(containsFunction));

/** One value per group. @throws RangeError for a list of another length */
export function perGroup<T>(owner: string, name: string, { paramGroups }: Optimizer, value: T | readonly T[]): T[] {
  if (!Array.isArray(value)) return Array<T>(paramGroups.length).fill(value as T);
  if (value.length !== paramGroups.length) {
    throw new RangeError(
      `${owner}: ${name} must be one or one per group (${paramGroups.length}), got ${value.length}.`,
    );
  }
  return [...(value as readonly T[])];
}

/** A factor for each epoch. */
type Lambda = (epoch: number) => number;

interface LambdaLROptions extends CommonOptions {
  /** For all groups, or one function per group. */
  lrLambda: Lambda | readonly Lambda[];
}
const LAMBDA = ['lrLambda', ...COMMON] as const;

/** lr = initial lr * lrLambda(epoch). @see torch.optim.lr_scheduler.LambdaLR */
export class LambdaLR extends LRScheduler {
  private readonly lrLambdas: readonly Lambda[];

  constructor(optimizer: Optimizer, ...args: Arguments<LambdaLROptions, typeof LAMBDA>) {
    const { lrLambda, ...common } = gather<LambdaLROptions>('LambdaLR', LAMBDA, args);
    super(optimizer, common);
    this.lrLambdas = perGroup('LambdaLR', 'lrLambda', optimizer, lrLambda);
    this.step();
  }

  protected nextLr(_: number, group: number): number {
    return this.baseLrs[group] * this.lrLambdas[group](this.lastEpoch);
  }
}

/** lr = lr * lrLambda(epoch), from epoch 1 on. @see torch.optim.lr_scheduler.MultiplicativeLR */
export class MultiplicativeLR extends LRScheduler {
  private readonly lrLambdas: readonly Lambda[];

  constructor(optimizer: Optimizer, ...args: Arguments<LambdaLROptions, typeof LAMBDA>) {
    const { lrLambda, ...common } = gather<LambdaLROptions>('MultiplicativeLR', LAMBDA, args);
    super(optimizer, common);
    this.lrLambdas = perGroup('MultiplicativeLR', 'lrLambda', optimizer, lrLambda);
    this.step();
  }

  protected nextLr(lr: number, group: number): number {
    return this.lastEpoch > 0 ? lr * this.lrLambdas[group](this.lastEpoch) : lr;
  }
}
