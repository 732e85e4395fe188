// Module hooks: functions called around forward and backward, all able to change what passes through.
import { isGradEnabled } from '../../core/backward';
import { describe } from '../../base/errorText';
import { KindError } from '../../base/errors';
import { HookList, type Hook, type HookEntry, type HookOptions } from '../../core/hookList';
import { noteShown } from '../../core/scope';
import { checkGiven, checkStandIn } from '../../core/given';
import { Function, type FunctionContext } from '../../autograd/function';
import { Tensor, type RemovableHandle } from '../../core/tensor';
import type { Module } from './module';

/** Gradients parallel to the inputs or outputs of a module; null where there is none. */
export type Grads = readonly (Tensor | null)[];

type Inputs<M extends Module> = Parameters<M['forward']>;
type Output<M extends Module> = Awaited<ReturnType<M['forward']>>;

/** Returns new inputs (an array, or the only one), or nothing to keep them. */
export type ForwardPreHook<M extends Module> = (module: M, inputs: Inputs<M>) => Inputs<M> | Inputs<M>[0] | null | void;
/** Returns a new output, or nothing to keep it. */
export type ForwardHook<M extends Module> = (
  module: M,
  inputs: Inputs<M>,
  output: Output<M>,
) => Output<M> | null | void;
/** Returns new gradients of the outputs, or nothing to keep them. */
export type BackwardPreHook<M extends Module> = (module: M, gradOutputs: Grads) => Grads | Tensor | null | void;
/** Returns new gradients of the inputs, or nothing to keep them. */
export type BackwardHook<M extends Module> = (
  module: M,
  gradInputs: Grads,
  gradOutputs: Grads,
) => Grads | Tensor | null | void;

/** The computation that hooks run around. */
type Forward = (inputs: readonly unknown[]) => unknown;

const KINDS = ['forwardPre', 'forward', 'backwardPre', 'backward'] as const;
type HookKind = (typeof KINDS)[number];

/** The hooks of one module, and the call that runs them. */
export class Hooks {
  readonly forwardPre = new HookList('registerForwardPreHook');
  readonly forward = new HookList('registerForwardHook');
  readonly backwardPre = new HookList('registerFullBackwardPreHook');
  readonly backward = new HookList('registerFullBackwardHook');

  get isEmpty(): boolean {
    const { forwardPre, forward, backwardPre, backward } = this;
    return (
      forwardPre.entries.length + forward.entries.length + backwardPre.entries.length + backward.entries.length === 0
    );
  }

  /** Takes over the hooks of a module that is copied. */
  addAll(others: Hooks): void {
    for (const kind of KINDS) this[kind].addAll(others[kind]);
  }

  /** Forward-pre hooks, `forward`, forward hooks; backward hooks hang on identity nodes around all of it. */
  run(module: Module, given: readonly unknown[], forward: Forward): unknown {
    // Those of all modules come first.
    const listOf = (kind: HookKind): readonly HookEntry<Hook>[] => [
      ...globalHooks[kind].entries,
      ...this[kind].entries,
    ];
    const hooksOf = (kind: HookKind): readonly Hook[] => listOf(kind).map(({ hook }) => hook);
    const backward = new BackwardHooks(module, hooksOf('backwardPre'), hooksOf('backward'));
    const waiting = new Set(listOf('forward'));
    let inputs = given;
    const finish = (output: unknown): unknown => {
      for (const entry of waiting) {
        waiting.delete(entry);
        const given = answer(module, 'forward hook', entry.hook, [[...inputs], output]) ?? output;
        checkReplacement(module, 'forward hook', given, output);
        output = given;
      }
      return backward.wrapOutput(output);
    };
    /** Runs what is to run in any case, whose own errors give way to the first one. */
    const fail = (error: unknown): never => {
      for (const { hook, alwaysCall } of waiting) {
        if (!alwaysCall) continue;
        try {
          answer(module, 'forward hook', hook, [[...inputs], null]);
        } catch {
          // The error that ended the call is the one to report.
        }
      }
      throw error;
    };
    try {
      for (const hook of hooksOf('forwardPre')) {
        const result = answer(module, 'forward-pre hook', hook, [[...inputs]]);
        if (result === undefined || result === null) continue;
        const replaced = Array.isArray(result) ? (result as unknown[]) : [result];
        replaced.forEach((input, i) => checkReplacement(module, 'forward-pre hook', input, inputs[i]));
        inputs = replaced;
      }
      inputs = backward.wrapInputs(inputs);
      const output = forward(inputs);
      return output instanceof Promise ? output.then(finish).catch(fail) : finish(output);
    } catch (error) {
      return fail(error);
    }
  }
}

/** Hooks of all modules. */
export const globalHooks = new Hooks();

/** Calls `hook(module, inputs)` before every module's `forward`. @see torch.nn.modules.module.register_module_forward_pre_hook */
export const registerModuleForwardPreHook = (hook: ForwardPreHook<Module>, ...none: never[]): RemovableHandle =>
  globalHooks.forwardPre.add(hook, ...none);

/** Calls `hook(module, inputs, output)` after every module's `forward`. @see torch.nn.modules.module.register_module_forward_hook */
export const registerModuleForwardHook = (
  hook: ForwardHook<Module>,
  ...options: readonly [options?: Pick<HookOptions, 'alwaysCall'>]
): RemovableHandle => globalHooks.forward.add(hook, ...options);

/** Calls `hook(module, gradOutputs)` before gradients go back through any module. @see torch.nn.modules.module.register_module_full_backward_pre_hook */
export const registerModuleFullBackwardPreHook = (hook: BackwardPreHook<Module>, ...none: never[]): RemovableHandle =>
  globalHooks.backwardPre.add(hook, ...none);

/** Calls `hook(module, gradInputs, gradOutputs)` when the gradients of any module's inputs are known. @see torch.nn.modules.module.register_module_full_backward_hook */
export const registerModuleFullBackwardHook = (hook: BackwardHook<Module>, ...none: never[]): RemovableHandle =>
  globalHooks.backward.add(hook, ...none);

/** Full backward hooks during one call: one identity node around all inputs, one around all outputs. */
class BackwardHooks {
  readonly #active: boolean;
  #gradOutputs: Grads = [];
  #inputCount = 0;
  #inputsRecorded = false;

  constructor(
    readonly module: Module,
    readonly pre: readonly Hook[],
    readonly post: readonly Hook[],
  ) {
    this.#active = pre.length + post.length > 0 && isGradEnabled();
  }

  wrapInputs(inputs: readonly unknown[]): readonly unknown[] {
    if (!this.#active || this.post.length === 0) return inputs;
    this.#inputCount = inputs.length;
    const wrapped = throughNode(inputs, (grads) => this.#ask('backward hook', this.post, [grads, this.#gradOutputs]));
    this.#inputsRecorded = wrapped !== inputs;
    return wrapped;
  }

  wrapOutput(output: unknown): unknown {
    if (!this.#active) return output;
    const outputs = Array.isArray(output) ? (output as unknown[]) : [output];
    const wrapped = throughNode(outputs, (grads) => this.#receive(grads));
    return Array.isArray(output) ? wrapped : wrapped[0];
  }

  /** Gradients of the outputs are known; those of the inputs follow later, if any input is recorded. */
  #receive(grads: Grads): Grads {
    this.#gradOutputs = this.#ask('backward-pre hook', this.pre, [grads]);
    if (!this.#inputsRecorded) {
      const none = Array<null>(this.#inputCount).fill(null);
      if (this.#ask('backward hook', this.post, [none, this.#gradOutputs]).some((grad) => grad !== null)) {
        throw new KindError(
          this.module.constructor.name,
          'a backward hook must return nothing when no input requires gradients.',
        );
      }
    }
    return this.#gradOutputs;
  }

  /** Lets each hook replace the gradients in args[0]; returns the last ones. */
  #ask(kind: string, hooks: readonly Hook[], [grads, ...rest]: Grads[]): Grads {
    for (const hook of hooks) {
      const result = answer(this.module, kind, hook, [grads, ...rest]);
      if (result === undefined || result === null) continue;
      const replaced = (Array.isArray(result) ? result : [result]) as Grads;
      if (replaced.length !== grads.length) {
        throw new KindError(
          this.module.constructor.name,
          `a ${kind} must return ${grads.length} gradients, got ${replaced.length}.`,
        );
      }
      const before = grads;
      grads = replaced.map((grad: unknown, i) => {
        if (grad === undefined || grad === null) return null;
        const who = `${this.module.constructor.name}: a ${kind}`;
        const old = before[i];
        if (old === null) checkGiven(who, grad);
        else checkStandIn(who, grad, old);
        return grad;
      });
    }
    return grads;
  }
}

/** Calls a hook. @throws TypeError if it is async: the call would not wait for its answer. */
function answer(module: Module, kind: string, hook: Hook, args: readonly unknown[]): unknown {
  noteShown(args);
  const result = (hook as (...args: unknown[]) => unknown)(module, ...args);
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  throw new KindError(
    module.constructor.name,
    `a ${kind} must be synchronous, got one that returns a promise. ` +
      `To read values in it, do not wait for them: void output.item().then(console.log).`,
  );
}

/**
 * What a hook gives in the place of an input or an output may be of any shape, but not a plain value in the place of a tensor:
 * that is what an arrow function without braces returns, as in `() => seen.push(output)`.
 * @throws TypeError, FreedError
 */
function checkReplacement(module: Module, kind: string, given: unknown, before: unknown): void {
  const who = `${module.constructor.name}: a ${kind}`;
  if (given instanceof Tensor) checkGiven(who, given);
  const isPlain = typeof given !== 'object' || given === null;
  if (!isPlain || typeof before !== 'object' || before === null) return;
  throw new KindError(
    null,
    `${who} must give ${describe(before)}, as there was before, or nothing, got ${describe(given)}. ` +
      `An arrow function with braces returns nothing.`,
  );
}

/**
 * Passes the recorded tensors among `values` through one identity node, whose gradients `replace` may change: it
 * gets one entry per value, null for those without a gradient. Returns `values` itself if none is recorded.
 */
function throughNode(values: readonly unknown[], replace: (grads: Grads) => Grads): readonly unknown[] {
  const places = [...values.keys()].filter((i) => values[i] instanceof Tensor && values[i].requiresGrad);
  if (places.length === 0) return values;
  const replaceFound = (grads: Grads): Grads => {
    const all = Array<Tensor | null>(values.length).fill(null);
    places.forEach((place, i) => (all[place] = grads[i]));
    const replaced = replace(all);
    return places.map((place) => replaced[place]);
  };
  const outputs = HookedIdentity.apply(replaceFound, ...places.map((i) => values[i] as Tensor));
  const wrapped = [...values];
  places.forEach((place, i) => (wrapped[place] = outputs[i]));
  return wrapped;
}

/** Tensors as they are, whose gradients go through a function on their way back. */
class HookedIdentity extends Function {
  static forward(ctx: FunctionContext, replace: (grads: Grads) => Grads, ...tensors: Tensor[]): readonly Tensor[] {
    ctx.setMaterializeGrads(false);
    ctx.replace = replace;
    return tensors;
  }

  static backward(ctx: FunctionContext, ...grads: (Tensor | null)[]): Grads {
    const replace = ctx.replace as (grads: Grads) => Grads;
    return [null, ...replace(grads)];
  }
}
