// Learning rate schedules: their base, and the two that are given as functions. Each gives a group's next rate from
// its present one, so that schedulers can be chained and a rate that the user has set by hand is respected. Epochs
// count calls of `step`. The rest is in decays.ts, cycles.ts and combinedSchedulers.ts.
//
// A group added after a scheduler was made follows it where the next rate comes from the present one. Where it comes
// from what the scheduler noted of each group (its first rate, its bounds), the new group keeps its own rate, as in PyTorch.
import { capture } from '../core/capture';
import type { Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { LoadError, ValueError } from '../base/errors';
import { atLeast, FLAG, FUNCTION, instanceOf, kind, oneOrMore, REAL, type Kind } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import { Optimizer } from './optimizer';
import { checkNumber, checkStateDict, STATE } from './options';
import { rateOf, setRate } from './rate';
import { toCamelCase, toSnakeCase } from './stateDict';
import { countSteps, stepsOf, warnAboutOrder } from './stepOrder';

/** A scheduler's fields under PyTorch's names. */
export type SchedulerState = Record<string, unknown>;

/** Options that every scheduler ends with. */
export interface CommonOptions {
  /** The epoch to go on from; default -1, a fresh start. */
  lastEpoch?: number | undefined;
  /** Whether to print every change of a rate to the console. */
  verbose?: boolean | undefined;
}
export const COMMON = [argument('lastEpoch', atLeast(-1), -1), argument('verbose', FLAG, false)] as const;

/** Argument lists of schedulers: an optimizer, then `Required`, `Rest` and `Names` as in `Arguments`. */
export type SchedulerArguments<
  Required extends readonly unknown[],
  Rest extends readonly unknown[],
  Names extends object,
  LastNamed extends readonly unknown[] = never,
> =
  | [optimizer: Optimizer, ...args: Arguments<Required, Rest, Names, LastNamed>]
  | [options: Names & { optimizer: Optimizer }];
/** What schedulers begin with. */
export const OPTIMIZER = argument('optimizer', instanceOf('an optimizer', Optimizer));
/** A number for all groups, or one per group. */
export const PER_GROUP: Kind<number | readonly number[]> = oneOrMore(REAL);

/** What `step` takes. */
export const STEP_EPOCH = signature('step', [argument('epoch', REAL, undefined)]);

/** Base of schedulers. Call `step()` after the optimizer's, once an epoch. @see torch.optim.lr_scheduler.LRScheduler */
export abstract class LRScheduler {
  static readonly name: string = 'LRScheduler';

  /** Calls of `step` so far. */
  lastEpoch: number;
  /** The rate of each group that the schedule starts from. */
  protected readonly baseLrs: number[];
  private lastLr: number[] = [];
  /** Calls of `step` since the scheduler was made. */
  protected stepCount = 0;
  private readonly verbose: boolean;

  static {
    methodsTake(
      this,
      STEP_EPOCH,
      signature('getLastLr', []),
      signature('stateDict', []),
      signature('loadStateDict', [argument('state', STATE)]),
    );
  }

  protected constructor(
    readonly optimizer: Optimizer,
    { lastEpoch = -1, verbose = false }: CommonOptions,
  ) {
    this.baseLrs = optimizer.paramGroups.map((group) => {
      // Schedulers that share an optimizer start from the same rates.
      if (lastEpoch === -1) group.initialLr ??= rateOf(this.constructor.name, group);
      if (group.initialLr === undefined) {
        throw new ValueError(
          this.constructor.name,
          `to go on from epoch ${lastEpoch}, groups need an initialLr, got none.`,
        );
      }
      return group.initialLr;
    });
    this.lastEpoch = lastEpoch;
    this.verbose = verbose;
    countSteps(optimizer);
  }

  /** Whether this is the step that the constructor takes. */
  protected get isFirstStep(): boolean {
    return this.stepCount === 1;
  }

  /** What `rate` makes of the rate that a group starts from; a group that was added later has none and keeps `lr`. */
  protected fromBase(lr: number, group: number, rate: (baseLr: number) => number): number {
    return group < this.baseLrs.length ? rate(this.baseLrs[group]) : lr;
  }

  /** The rate of a group at epoch `lastEpoch`, from its rate `lr` so far. */
  protected abstract nextLr(lr: number, group: number): number;

  /** The rate of a group at epoch `lastEpoch`, however it got there. */
  protected lrAt(lr: number, group: number): number {
    return this.nextLr(lr, group);
  }

  /** Takes the step that makes the first rates. Constructors end with it. @internal */
  firstStep(): void {
    this.stepCount = 0;
    stepsOf(this.optimizer).count = 0;
    this.step();
  }

  /**
   * Goes to the next epoch, or to the one given, and sets the rates. Warns where it comes before the optimizer's first
   * step, which would leave out the first rate.
   */
  step(epoch?: number): void {
    capture.current?.outside('a scheduler makes a step');
    if (this.stepCount === 1) warnAboutOrder(this.optimizer);
    this.stepCount++;
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    const next = this.optimizer.paramGroups.map((group, i) => {
      const lr = rateOf(this.constructor.name, group);
      return epoch === undefined ? this.nextLr(lr, i) : this.lrAt(lr, i);
    });
    this.setRates(next);
  }

  /** The rates that the last step set, one per group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** What is needed to go on: all but the optimizer, and functions, which must be given again. */
  stateDict(): SchedulerState {
    const { lastLr, stepCount, ...fields } = this;
    const saved = Object.entries(fields).filter(([name, value]) => name !== 'optimizer' && !containsFunction(value));
    const named = saved.map(([name, value]): [string, unknown] => [toSnakeCase(name), structuredClone(value)]);
    return { ...Object.fromEntries(named), _step_count: stepCount, _last_lr: [...lastLr] };
  }

  /**
   * Takes over what `stateDict` gave. Entries of other names are passed over.
   * @throws TypeError for what is no object, LoadError for an entry of another kind; the scheduler is as it was
   */
  loadStateDict(state: SchedulerState): void {
    const { _last_lr: lastLr, _step_count: stepCount, ...rest } = restoredFields(this, state);
    Object.assign(this, rest);
    if (Array.isArray(lastLr)) this.lastLr = [...(lastLr as number[])];
    if (typeof stepCount === 'number') this.stepCount = stepCount;
  }

  private setRates(rates: readonly number[]): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      setRate(group, rates[i]);
      // eslint-disable-next-line no-console -- what `verbose` asks for
      if (this.verbose) console.log(`Adjusting learning rate of group ${i} to ${rates[i].toExponential(4)}.`);
    });
    this.lastLr = [...rates];
  }
}

/** Entries of a state dict under the names of the scheduler's fields, and those with an underscore as they are. */
export function restoredFields(scheduler: object, state: SchedulerState): Record<string, unknown> {
  const op = `${scheduler.constructor.name}.loadStateDict`;
  checkStateDict(op, state, []);
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(state)) {
    const field = name.startsWith('_') ? name : toCamelCase(name);
    if (field === 'optimizer' || !(name.startsWith('_') || Object.hasOwn(scheduler, field))) continue;
    const own: unknown = Reflect.get(scheduler, field);
    if (kindOf(own) !== kindOf(value) && own !== undefined && own !== null) {
      throw new LoadError(op, `${name} must be ${kindOf(own)}, got ${describe(value)}.`);
    }
    fields[field] = containsFunction(value) ? value : structuredClone(value);
  }
  return fields;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const containsFunction = (value: unknown): boolean =>
  typeof value === 'function' || (Array.isArray(value) && value.some(containsFunction));

/** One value per group. @throws RangeError for a list of another length */
export function perGroup<T>(owner: string, name: string, { paramGroups }: Optimizer, value: T | readonly T[]): T[] {
  if (!Array.isArray(value)) return Array<T>(paramGroups.length).fill(value as T);
  if (value.length !== paramGroups.length) {
    throw new ValueError(owner, `${name} must be one or one per group (${paramGroups.length}), got ${value.length}.`);
  }
  return [...(value as readonly T[])];
}

/** A factor for each epoch. */
type Lambda = (epoch: number) => number;

interface LambdaLROptions extends CommonOptions {
  /** For all groups, or one function per group. */
  lrLambda: Lambda | readonly Lambda[];
}
const OF_EPOCH = kind<Lambda>('a function of the epoch', FUNCTION.accepts);
const LAMBDA = signature('LambdaLR', [OPTIMIZER, argument('lrLambda', oneOrMore(OF_EPOCH)), ...COMMON]);
const MULTIPLICATIVE = LAMBDA.as('MultiplicativeLR');
type LambdaArguments = SchedulerArguments<
  [lrLambda: Lambda | readonly Lambda[]],
  [lastEpoch?: number | undefined, verbose?: boolean | undefined],
  LambdaLROptions
>;

/** What a group's function gives for the epoch. @throws TypeError unless it is a number */
function factorAt(owner: string, lambda: Lambda, epoch: number): number {
  const factor: unknown = lambda(epoch);
  checkNumber(owner, `lrLambda(${epoch})`, factor);
  return factor;
}

/** lr = initial lr * lrLambda(epoch). @see torch.optim.lr_scheduler.LambdaLR */
export class LambdaLR extends LRScheduler {
  static override readonly name: string = 'LambdaLR';

  private readonly lrLambdas: readonly Lambda[];

  constructor(...args: LambdaArguments) {
    const { optimizer, lrLambda, ...common } = LAMBDA.take(args);
    const lrLambdas = perGroup('LambdaLR', 'lrLambda', optimizer, lrLambda);
    super(optimizer, common);
    this.lrLambdas = lrLambdas;
    this.firstStep();
  }

  protected nextLr(lr: number, group: number): number {
    if (group >= this.lrLambdas.length) return lr;
    return this.fromBase(lr, group, (baseLr) => baseLr * factorAt('LambdaLR', this.lrLambdas[group], this.lastEpoch));
  }
}

/** lr = lr * lrLambda(epoch), from epoch 1 on. @see torch.optim.lr_scheduler.MultiplicativeLR */
export class MultiplicativeLR extends LRScheduler {
  static override readonly name: string = 'MultiplicativeLR';

  private readonly lrLambdas: readonly Lambda[];

  constructor(...args: LambdaArguments) {
    const { optimizer, lrLambda, ...common } = MULTIPLICATIVE.take(args);
    const lrLambdas = perGroup('MultiplicativeLR', 'lrLambda', optimizer, lrLambda);
    super(optimizer, common);
    this.lrLambdas = lrLambdas;
    this.firstStep();
  }

  protected nextLr(lr: number, group: number): number {
    return this.lastEpoch > 0 && group < this.lrLambdas.length
      ? lr * factorAt('MultiplicativeLR', this.lrLambdas[group], this.lastEpoch)
      : lr;
  }
}
