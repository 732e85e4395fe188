// Optimizer: parameter groups, state and their saving. How a step is computed is for the classes below it: most are
// an update rule, an expression per element (updateRule.ts); see sgd.ts for the smallest.
import { isPlainObject, type Arguments } from '../base/arguments';
import { enableGrad, isGradEnabled, noGrad } from '../core/backward';
import { describe } from '../base/errorText';
import { KindError, ValueError } from '../base/errors';
import { FLAG, FUNCTION, kind, REAL, TEXT } from '../base/kinds';
import { argument, checkKind, methodsTake, optional, signature } from '../base/signature';
import { capture } from '../core/capture';
import type { HookOptions } from '../core/hookList';
import { unscoped } from '../core/scope';
import { zero_ } from '../ops/shape/copy';
import { Tensor, type RemovableHandle } from '../core/tensor';
import {
  changed, hooksOf, notify, type OptimizerLoadPostHook, type OptimizerLoadPreHook, type OptimizerStateDictHook,
  type OptimizerStateDictPreHook, type StepPostHook, type StepPreHook,
} from './hooks'; // prettier-ignore
import { checkKinds, effective, given as givenOf, STATE, type GivenOptions } from './options';
import {
  restoreState,
  saveState,
  SCHEDULED,
  type OptimizerState,
  type OptimizerStateDict,
  type Restored,
  type SavedState,
} from './stateDict';
import { checkRate, type GroupRate, type Rate } from './rate';
import { countSteps } from './stepOrder';

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** The learning rate: a number, or a tensor of one element, whose value at each step is the one that counts. */
  lr: Rate;
}

/** What schedulers keep with a group, under PyTorch's names in camelCase. */
export interface ScheduledOptions {
  /** The learning rate that schedulers start from. */
  initialLr?: number;
  /** Bounds of OneCycleLR. */
  maxLr?: number;
  minLr?: number;
  maxMomentum?: number;
  baseMomentum?: number;
  /** The rate that SWALR goes to. */
  swaLr?: number;
}

/** Parameters that share options, which may be changed between steps. */
export type ParamGroup<O extends OptimizerOptions> = O &
  ScheduledOptions &
  GroupRate & {
    params: Tensor[];
    /** What the parameters are called, where they were given with their names. */
    paramNames?: readonly string[];
  };

/** A parameter and its name, as `net.namedParameters()` lists them. */
export type NamedParameter = readonly [name: string, param: Tensor];

/** A group as it is given: options that it leaves out have the optimizer's defaults. It may have a `name`. */
export type ParamGroupOptions<O extends OptimizerOptions> = GivenOptions<O> &
  ScheduledOptions & { params: Tensor | Iterable<Tensor> | Iterable<NamedParameter>; name?: string };

/** What groups have unless they say otherwise; an optimizer without a rate of its own leaves it to the groups. */
export type Defaults<O extends OptimizerOptions> = Omit<O, 'lr'> & { lr?: Rate };

/** What an optimizer optimises: parameters, with or without their names, or groups of them. */
export type ParamsArgument<O extends OptimizerOptions> =
  Iterable<Tensor> | Iterable<NamedParameter> | Iterable<ParamGroupOptions<O>> | ParamGroupOptions<O>;

const GROUP = { ...kind<object>('an object with params', isPlainObject), takesObject: true };
const ZERO_GRAD = signature('zeroGrad', [argument('setToNone', FLAG, true)]);
type PrependOptions = Pick<HookOptions, 'prepend'>;
type PrependArguments = Arguments<[], [prepend?: boolean], PrependOptions>;
const PREPEND = signature('registerStateDictPreHook', [argument('hook', FUNCTION), optional('prepend', FLAG)]);
/** What `step` takes. */
export const STEP_TAKES = signature('step', [argument('closure', FUNCTION, undefined)]);

/** Base of all optimizers. @see torch.optim.Optimizer */
export abstract class Optimizer<O extends OptimizerOptions = OptimizerOptions, S = unknown> {
  static readonly name: string = 'Optimizer';

  readonly paramGroups: ParamGroup<O>[] = [];
  /** Values by PyTorch's names (`exp_avg`, `momentum_buffer`), made by a parameter's first step. */
  readonly state: OptimizerState<S> = new Map();

  /** The options of groups that do not have their own. */
  readonly defaults: Defaults<O>;
  /** Values that show of what kind each option is. */
  readonly #usual: Defaults<O>;

  /**
   * Options that are not `given` have the usual value, and all are of its kind.
   * @throws TypeError for no parameters or options of another kind, RangeError for options out of range
   */
  constructor(params: ParamsArgument<O>, usual: Defaults<O>, given: Partial<O> = {}) {
    this.#usual = usual;
    const strange = Object.keys(given).find((name) => name !== 'lr' && !(name in usual));
    if (strange !== undefined) {
      throw new KindError(
        this.name,
        `no option is called '${strange}'. The options are ${Object.keys({ lr: 0, ...usual }).join(', ')}.`,
      );
    }
    this.defaults = { ...usual, ...given };
    const items: readonly unknown[] = isTensor(params) ? [] : isIterable(params) ? [...params] : [params];
    if (items.length === 0) {
      throw new KindError(this.name, 'params must be a list of parameters or groups with at least one, got none.');
    }
    if (items.every((item) => isTensor(item) || isNamed(item))) this.addParams(items, {});
    else for (const group of items) this.addGroup(group as ParamGroupOptions<O>);
  }

  static {
    const hook = argument('hook', FUNCTION);
    methodsTake(
      this,
      signature('addParamGroup', [argument('group', GROUP)]),
      signature('stateDict', []),
      signature('loadStateDict', [argument('stateDict', STATE)]),
      signature('registerStepPreHook', [hook]),
      signature('registerStepPostHook', [hook]),
    );
  }

  protected get name(): string {
    return this.constructor.name;
  }

  /** @throws RangeError if an option is out of range */
  protected abstract checkOptions(options: O): void;

  /** A parameter's state as it was saved, on the parameter's device. @throws LoadError if it does not fit */
  protected abstract restored(param: Tensor, saved: SavedState): Record<string, S>;

  /** Updates the parameters. A `closure` computes the loss and its gradients first. */
  abstract step(closure?: () => unknown): unknown;

  /** Adds parameters with options of their own, to train layers that were frozen before. */
  addParamGroup(group: ParamGroupOptions<O>): void {
    this.addGroup(group);
  }

  private addGroup(group: ParamGroupOptions<O>): void {
    const { params, ...options } = Object(group) as ParamGroupOptions<O>;
    if (!isIterable(params) && !isTensor(params)) {
      throw new KindError(this.name, `params must be what net.parameters() gives, got ${describe(group)}.`);
    }
    this.addParams(isTensor(params) ? [params] : [...params], effective(options));
  }

  private addParams(items: readonly unknown[], options: object): void {
    const names = items.filter(isNamed).map(([name]) => name);
    const params = items.map((item) => (isNamed(item) ? item[1] : item)) as Tensor[];
    const named: object = names.length > 0 ? { paramNames: names } : {};
    const group = { ...this.defaults, ...givenOf(options), ...named, params } as ParamGroup<O>;
    const others = this.paramGroups.filter((other) => other.params.length > 0);
    const isMixed = names.length > 0 && names.length < items.length;
    if (isMixed || (items.length > 0 && others.some((other) => hasNames(other) !== hasNames(group)))) {
      throw new KindError(
        this.name,
        'all parameters must be given with their names or all without, got some of both. Give net.namedParameters() or net.parameters().',
      );
    }
    this.checkGroup(group);
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const param of params) {
      if (!isTensor(param)) throw new KindError(this.name, `parameters must be tensors, got ${typeof param}.`);
      if (!param.isLeaf) {
        throw new KindError(this.name, `parameters must be leaves, got ${String(param)}, a result of operations.`);
      }
      if (known.has(param)) throw new KindError(this.name, `${String(param)} is in more than one place.`);
      known.add(param);
    }
    this.paramGroups.push(group);
  }

  /** @throws TypeError or RangeError unless a group has all options and no others, each of its kind and in its range */
  private checkGroup({ params, ...options }: ParamGroup<O>): void {
    for (const option of Object.keys(options)) {
      if (
        option in this.#usual ||
        option === 'lr' ||
        option === 'name' ||
        option === 'paramNames' ||
        SCHEDULED.has(option)
      )
        continue;
      const known = Object.keys({ lr: 0, ...this.#usual }).join(', ');
      throw new KindError(this.name, `no option of a group is called '${option}'. The options are ${known}.`);
    }
    const group = options as Partial<OptimizerOptions>;
    if (group.lr === undefined) {
      throw new ValueError(this.name, 'lr must be given, to the optimizer or to every group of parameters, got none.');
    }
    checkKinds(this.name, { ...this.#usual, lr: 0 }, options);
    checkRate(this.name, group.lr);
    for (const name of SCHEDULED) {
      const value: unknown = Reflect.get(options, name);
      if (value !== undefined) checkKind(this.name, name, REAL, value);
    }
    const name: unknown = Reflect.get(options, 'name');
    if (name !== undefined) checkKind(this.name, 'the name of a group', TEXT, name);
    const names: unknown = Reflect.get(options, 'paramNames');
    if (names !== undefined && !(Array.isArray(names) && names.length === params.length && names.every(TEXT.accepts))) {
      throw new KindError(
        this.name,
        `paramNames must be the names of ${params.length} parameters, got ${describe(names)}.`,
      );
    }
    this.checkOptions({ ...options, params } as ParamGroup<O>);
  }

  /** What may have been changed since the last step. @throws TypeError or RangeError as the constructor does */
  protected checkGroups(): void {
    capture.current?.optimizer(this, true);
    for (const group of this.paramGroups) this.checkGroup(group);
  }

  /** Drops the gradients of all parameters, or with setToNone false fills them with zeros in place. */
  zeroGrad(...args: Arguments<[], [setToNone?: boolean], { setToNone?: boolean }>): void {
    const { setToNone } = ZERO_GRAD.take(args);
    capture.current?.optimizer(this, false);
    for (const { params } of this.paramGroups) {
      for (const param of params) {
        if (setToNone) param.replaceGrad(null);
        else if (param.ownGrad !== null) zeroInPlace(param.ownGrad);
      }
    }
  }

  /** State and options in PyTorch's structure and names; the tensors are the optimizer's own. */
  stateDict(): OptimizerStateDict {
    const { beforeSave, afterSave } = hooksOf(this);
    notify('state-dict pre-hook', beforeSave, this.#plain);
    return changed('state-dict post-hook', afterSave, this.#plain, saveState(this.paramGroups, this.state));
  }

  /**
   * Takes over state and options; tensors are copied.
   * @throws LoadError if groups, their sizes or shapes differ, TypeError for what is no state dict
   */
  loadStateDict(stateDict: OptimizerStateDict): void {
    const { beforeLoad, afterLoad } = hooksOf(this);
    const given = isPlainObject(stateDict)
      ? changed('load-state-dict pre-hook', beforeLoad, this.#plain, { ...stateDict })
      : stateDict;
    const target: Restored<O, S> = {
      owner: this.name,
      groups: this.paramGroups,
      state: this.state,
      restored: (param, saved) => this.restored(param, saved),
      check: (group) => {
        this.checkGroup(group);
      },
    };
    noGrad(() => {
      unscoped(() => {
        restoreState(target, given);
      });
    });
    notify('load-state-dict post-hook', afterLoad, this.#plain);
  }

  /** As hooks see it, whatever its options are. */
  get #plain(): Optimizer {
    return this;
  }

  /** Calls `hook(optimizer, args)` before every step; it may return other arguments for `step`. @see torch.optim.Optimizer.register_step_pre_hook */
  registerStepPreHook(hook: StepPreHook): RemovableHandle {
    countSteps(this.#plain);
    return hooksOf(this).beforeStep.add(hook);
  }

  /** Calls `hook(optimizer, args)` behind every step, an async one's too. @see torch.optim.Optimizer.register_step_post_hook */
  registerStepPostHook(hook: StepPostHook): RemovableHandle {
    countSteps(this.#plain);
    return hooksOf(this).afterStep.add(hook);
  }

  /** Calls `hook(optimizer)` before the optimizer is saved. @see torch.optim.Optimizer.register_state_dict_pre_hook */
  registerStateDictPreHook(hook: OptimizerStateDictPreHook, ...args: PrependArguments): RemovableHandle {
    return hooksOf(this).beforeSave.add(hook, PREPEND.takeRest([hook], args, 'registerStateDictPreHook'));
  }

  /** Calls `hook(optimizer, stateDict)` when it is saved; the hook may change the state dict or return another. @see torch.optim.Optimizer.register_state_dict_post_hook */
  registerStateDictPostHook(hook: OptimizerStateDictHook, ...args: PrependArguments): RemovableHandle {
    return hooksOf(this).afterSave.add(hook, PREPEND.takeRest([hook], args, 'registerStateDictPostHook'));
  }

  /** Calls `hook(optimizer, stateDict)` before a state dict is taken over, with a shallow copy of it. @see torch.optim.Optimizer.register_load_state_dict_pre_hook */
  registerLoadStateDictPreHook(hook: OptimizerLoadPreHook, ...args: PrependArguments): RemovableHandle {
    return hooksOf(this).beforeLoad.add(hook, PREPEND.takeRest([hook], args, 'registerLoadStateDictPreHook'));
  }

  /** Calls `hook(optimizer)` when a state dict was taken over. @see torch.optim.Optimizer.register_load_state_dict_post_hook */
  registerLoadStateDictPostHook(hook: OptimizerLoadPostHook, ...args: PrependArguments): RemovableHandle {
    return hooksOf(this).afterLoad.add(hook, PREPEND.takeRest([hook], args, 'registerLoadStateDictPostHook'));
  }
}

const isIterable = (value: unknown): value is Iterable<unknown> => Symbol.iterator in Object(value);
const isNamed = (value: unknown): value is NamedParameter =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && isTensor(value[1]);
const hasNames = ({ paramNames }: { paramNames?: readonly string[] }): boolean => paramNames !== undefined;
const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

function zeroInPlace(grad: Tensor): void {
  noGrad(() => zero_(grad));
}

/** @throws RangeError unless the options of these names are numbers >= 0; what a tensor holds is not asked */
export function checkNotNegative<O>(owner: string, options: O, names: readonly (keyof O & string)[]): void {
  for (const name of names) {
    const value = options[name];
    if (name === 'lr' && value instanceof Tensor) continue;
    if (!(typeof value === 'number' && value >= 0)) {
      throw new ValueError(owner, `${name} must be at least 0, got ${String(value)}.`);
    }
  }
}

/** @throws RangeError unless both decay rates are in [0, 1) */
export function checkBetas(owner: string, betas: readonly number[]): void {
  if (betas.length !== 2 || !betas.every((beta) => beta >= 0 && beta < 1)) {
    throw new ValueError(owner, `betas must be two numbers in [0, 1), got [${betas.join(', ')}].`);
  }
}

/** Runs a closure with gradients recorded, an async one too. */
export const evaluate = <Loss>(closure: () => Loss): Loss => (isGradEnabled() ? closure() : enableGrad(closure));
