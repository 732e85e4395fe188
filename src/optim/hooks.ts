// Hooks of optimizers: around steps, saving and loading.
import { isPlainObject } from '../base/arguments';
import { KindError } from '../base/errors';
import { describe } from '../base/errorText';
import { checkReady } from '../core/given';
import { HookList } from '../core/hookList';
import type { Optimizer } from './optimizer';
import type { OptimizerStateDict } from './stateDict';

/** Called before a step with what `step` was given; returns other arguments of it, a list, or nothing to keep them. */
export type StepPreHook = (optimizer: Optimizer, args: readonly unknown[]) => readonly unknown[] | null | void;
/** Called behind a step with what `step` was given; what it returns does not matter. */
export type StepPostHook = (optimizer: Optimizer, args: readonly unknown[]) => unknown;
/** Called before an optimizer is saved; what it returns does not matter. */
export type OptimizerStateDictPreHook = (optimizer: Optimizer) => unknown;
/** Called with what is saved; may change it, or return another state dict. */
export type OptimizerStateDictHook = (
  optimizer: Optimizer,
  stateDict: OptimizerStateDict,
) => OptimizerStateDict | null | void;
/** Called before a state dict is taken over, with a shallow copy that it may change; may return another. */
export type OptimizerLoadPreHook = OptimizerStateDictHook;
/** Called when a state dict was taken over; what it returns does not matter. */
export type OptimizerLoadPostHook = (optimizer: Optimizer) => unknown;

/** The hooks of one optimizer. */
class OptimizerHooks {
  readonly beforeStep = new HookList<StepPreHook>('registerStepPreHook');
  readonly afterStep = new HookList<StepPostHook>('registerStepPostHook');
  readonly beforeSave = new HookList<OptimizerStateDictPreHook>('registerStateDictPreHook');
  readonly afterSave = new HookList<OptimizerStateDictHook>('registerStateDictPostHook');
  readonly beforeLoad = new HookList<OptimizerLoadPreHook>('registerLoadStateDictPreHook');
  readonly afterLoad = new HookList<OptimizerLoadPostHook>('registerLoadStateDictPostHook');
}

const known = new WeakMap<object, OptimizerHooks>();

/** The hooks of an optimizer, none at first. */
export function hooksOf(optimizer: object): OptimizerHooks {
  const hooks = known.get(optimizer) ?? new OptimizerHooks();
  known.set(optimizer, hooks);
  return hooks;
}

const whose = (optimizer: Optimizer, kind: string): string => `${optimizer.constructor.name}: a ${kind}`;

/** Calls hooks whose answer does not matter. @throws TypeError for a promise */
export function notify<Args extends readonly unknown[]>(
  kind: string,
  hooks: Iterable<(optimizer: Optimizer, ...args: Args) => unknown>,
  optimizer: Optimizer,
  ...args: Args
): void {
  for (const hook of hooks) checkReady(whose(optimizer, kind), hook(optimizer, ...args));
}

const isStateDict = (value: unknown): value is OptimizerStateDict => isPlainObject(value);

/** A state dict as hooks have changed it. @throws TypeError for another answer than a state dict or nothing */
export function changed(
  kind: string,
  hooks: Iterable<OptimizerStateDictHook>,
  optimizer: Optimizer,
  stateDict: OptimizerStateDict,
): OptimizerStateDict {
  let current = stateDict;
  for (const hook of hooks) {
    const answer: unknown = hook(optimizer, current);
    const who = whose(optimizer, kind);
    checkReady(who, answer);
    if (answer === undefined || answer === null) continue;
    if (!isStateDict(answer))
      throw new KindError(null, `${who} must give a state dict or nothing, got ${describe(answer)}.`);
    current = answer;
  }
  return current;
}

/** Whether hooks run around the optimizer's steps. */
export const hasStepHooks = (optimizer: Optimizer): boolean => {
  const { beforeStep, afterStep } = hooksOf(optimizer);
  return beforeStep.entries.length + afterStep.entries.length > 0;
};

/** A step between its hooks; those behind an async one wait for it. @throws TypeError for what is no list of arguments */
export function hookedStep(
  optimizer: Optimizer,
  step: (...args: unknown[]) => unknown,
  args: readonly unknown[],
): unknown {
  const { beforeStep, afterStep } = hooksOf(optimizer);
  let given = args;
  for (const hook of beforeStep) {
    const answer: unknown = hook(optimizer, [...given]);
    const who = whose(optimizer, 'step pre-hook');
    checkReady(who, answer);
    if (answer === undefined || answer === null) continue;
    if (!Array.isArray(answer)) {
      throw new KindError(null, `${who} must give a list of arguments for step or nothing, got ${describe(answer)}.`);
    }
    given = answer;
  }
  const finish = (result: unknown): unknown => {
    notify('step post-hook', afterStep, optimizer, given);
    return result;
  };
  const result = step(...given);
  return result instanceof Promise ? result.then(finish) : finish(result);
}
