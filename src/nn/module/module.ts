// Module: the base of layers and models. One class with all of PyTorch's methods, hence the length; they find
// parameters, buffers and children. hooks.ts runs calls with hooks, stateDict.ts saves and loads.
import { argument, optional, signature, methodsTake, withoutEffect } from '../../base/signature';
import { FLAG, FUNCTION, TEXT, instanceOf, kind, DTYPE, either } from '../../base/kinds';
import { isFloat, type DType } from '../../base/dtype';
import { DEVICE, TENSOR } from '../../core/kinds';
import { DTypeError, KindError } from '../../base/errors';
import { intercepting } from '../../base/intercept';
import { observing } from '../../base/observer';
import { noGrad } from '../../core/backward';
import { empty, zerosLike } from '../../ops/shape/creation';
import { capture } from '../../core/capture';
import { noteCall, noteReturn } from '../../core/taskRecord';
import type { HookOptions } from '../../core/hookList';
import { heldTensors, noteHolder, type Holder } from '../../core/scope';
import { libraryCode, userCode } from '../../core/temporaries';
import type { Handle } from '../../core/storage';
import { Buffer, Parameter, Tensor, type RemovableHandle } from '../../core/tensor';
import { isPlainObject, type Arguments } from '../../base/arguments';
import { describe, explained } from '../../base/errorText';
import { mostArguments } from './arity';
import { Callable, invoke } from './callable';
import { checkName, tensorsIn, warnIfHidden } from './members';
import {
  globalHooks,
  Hooks,
  type BackwardHook,
  type BackwardPreHook,
  type ForwardHook,
  type ForwardPreHook,
} from './hooks';
import { printsAs } from '../../base/javascript';
import { isUninitialized } from './lazy';
import { represent, representChild } from './representation';
import {
  loadStateDict,
  saveStateDict,
  StateHooks,
  type LoadOptions,
  type LoadPostHook,
  type LoadPreHook,
  type LoadResult,
  type ModuleState,
  type StateDict,
  type StateDictHook,
  type StateDictOptions,
  type StateDictPreHook,
  type StateMetadata,
} from './stateDict';

/** A device as it may be given. */
export type DeviceGiven = Tensor['device'] | 'cpu';

/** Where and as what a layer makes its parameters and floating-point buffers. */
export interface FactoryOptions {
  device?: DeviceGiven;
  dtype?: DType;
}

/** The last arguments of layers with parameters, by position. */
export type FactoryArguments = [device?: DeviceGiven, dtype?: DType];
export const FACTORY = [optional('device', DEVICE), optional('dtype', DTYPE)] as const;

/** Only the options that say where and as what tensors are made. */
export const factory = ({ device, dtype }: FactoryOptions): FactoryOptions => ({
  ...(device && { device }),
  ...(dtype && { dtype }),
});

/** What listings of members cover. */
export interface ListingOptions {
  /** Put before every name. */
  prefix?: string;
  /** Whether descendants are listed too; true by default. */
  recurse?: boolean;
  /** Whether an object met twice is listed once; true by default. */
  removeDuplicate?: boolean;
}
const LISTING = signature('Module', [
  optional('prefix', TEXT),
  optional('recurse', FLAG),
  optional('removeDuplicate', FLAG),
]);

/** Whether descendants are listed too; true by default. */
type RecurseOptions = Pick<ListingOptions, 'recurse'>;
const RECURSE = signature('parameters', [optional('recurse', FLAG)]);
/** How `namedModules` lists. */
type NamedModulesOptions = Pick<ListingOptions, 'prefix' | 'removeDuplicate'>;
const NAMED_MODULES = signature('namedModules', [optional('prefix', TEXT), optional('removeDuplicate', FLAG)]);
const REGISTER_BUFFER = signature('registerBuffer', [optional('persistent', FLAG)]);
const APPLY = signature('apply', [argument('fn', FUNCTION)]);
const TRAIN = signature('train', [optional('mode', FLAG)]);
const REQUIRES_GRAD = signature('requiresGrad_', [optional('requiresGrad', FLAG)]);
const ZERO_GRAD = signature('zeroGrad', [optional('setToNone', FLAG)]);
const TARGET = signature('getSubmodule', [argument('target', TEXT)]);
/** Arguments of `toEmpty`. */
interface ToEmptyOptions {
  /** Default: the device that `init` chose. */
  device?: DeviceGiven;
  /** Whether descendants get memory too; true by default. */
  recurse?: boolean;
}
const TO_EMPTY = signature('toEmpty', [optional('device', DEVICE), optional('recurse', FLAG)]);
/** Arguments of `setSubmodule`. */
interface SetSubmoduleOptions {
  target: string;
  module: Module;
  /** Whether there must be one already; false by default. */
  strict?: boolean;
}
const SET_SUBMODULE = signature('setSubmodule', [
  argument('target', TEXT),
  argument('module', { ...kind<Module>('a Module', (value) => value instanceof Module) }),
  argument('strict', FLAG, false),
]);
const STATE_DICT = signature('stateDict', [
  optional('destination', { ...kind<StateDict>('an object', isPlainObject) }),
  optional('prefix', TEXT),
  optional('keepVars', FLAG),
]);
/** What most layers have, each its own. */
export const RESET_PARAMETERS = signature('resetParameters', []);
const LOAD_STATE_DICT = signature('loadStateDict', [argument('strict', FLAG, true), argument('assign', FLAG, false)]);

/** Whether a property is that of a member of a container. */
const isExposed = (module: Module, name: string): boolean =>
  Object.getOwnPropertyDescriptor(module, name)?.enumerable === false;

/** @throws TypeError for arguments behind the last that a method takes */
function checkNoMore(name: string, most: number, more: readonly unknown[]): void {
  if (more.length > 0) throw new KindError(name, `takes at most ${most} arguments, got ${most + more.length}.`);
}

/** @internal Runs `forward` without hooks. What the library's own makes on its way is freed; a user's may keep anything. */
export function callForward(module: Module, inputs: readonly unknown[]): unknown {
  const isBuiltIn = Object.hasOwn(module.constructor, 'isBuiltIn') && !Object.hasOwn(module, 'forward');
  const forward = (): unknown => module.forward(...inputs);
  return isBuiltIn ? libraryCode(forward) : userCode(inputs, forward);
}

/** @internal Whether calls of the module run hooks. */
export let hasHooks: (module: Module) => boolean;

/** @internal The members that a container keeps by name. */
export let membersOf: (module: Module) => Map<string, Module | Parameter | null>;

/** @internal Keeps a member; its name becomes a property where it is no position and nothing of the class has it. */
export let putMember: (module: Module, name: string, member: Module | Parameter | null) => void;
/** @internal Lets go of a member, or of all. */
export let dropMembers: (module: Module, name?: string) => void;

/** @internal Gives `to`, a bare module of the same class, all that `from` has, every value through `copy`. */
export let copyContents: (from: Module, to: Module, copy: <T>(value: T) => T) => void;

/** What names may be registered for. */
type Kind = 'Parameter' | 'Tensor' | 'Module';

const isOfKind: { readonly [K in Kind]: (value: unknown) => boolean } = {
  Parameter: (value) => value instanceof Parameter,
  Tensor: (value) => value instanceof Tensor,
  Module: (value) => value instanceof Module,
};

type ListingArgs = Arguments<[], [prefix?: string, recurse?: boolean, removeDuplicate?: boolean], ListingOptions>;

// The call signature of each subclass is that of its own forward.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export interface Module {
  (...args: Parameters<this['forward']>): ReturnType<this['forward']>;
}

/**
 * Base class of all layers and models. A subclass makes parameters and submodules in its constructor or class
 * fields and computes in `forward`; calling the instance runs hooks and `forward`. Parameters, buffers and
 * submodules are found among the instance's properties, in order of definition.
 *
 * @example
 * class Net extends Module {
 *   hidden = new Linear(4, 16);
 *   out = new Linear(16, 2);
 *   override forward(x: Tensor) {
 *     return this.out(relu(this.hidden(x)));
 *   }
 * }
 * const net = new Net();
 * net(randn(8, 4)); // [8, 2]
 * @see torch.nn.Module
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class Module extends Callable implements Holder {
  /** @internal Whether `forward` is code of the library, which keeps nothing of what passes through; classes do not inherit it. */
  static readonly isBuiltIn: boolean = false;

  /** The class as it is printed and as errors call it, also where a page's minifier has renamed it. */
  static override readonly name: string = 'Module';

  /** Whether the module is in training mode, which dropout and batch normalization look at. */
  training = true;

  /** Members of containers by name: as properties integer-like names would move and others shadow methods. */
  readonly #members = new Map<string, Module | Parameter | null>();
  /** Names given to `registerBuffer`, with whether the state dict has them. */
  readonly #buffers = new Map<string, boolean>();
  /** What registered names, whose properties check what is assigned, are for. */
  readonly #kinds = new Map<string, Kind>();
  /** Names of own properties in order of definition, since objects list integer-like ones first. */
  readonly #names = new Set<string>();
  /** A first call notes the names: what `forward` assigns to a buffer is one. */
  #isCalled = false;
  readonly #hooks = new Hooks();
  readonly #stateHooks = new StateHooks();

  static {
    const hook = argument('hook', FUNCTION);
    methodsTake(
      this, signature('namedChildren', []), signature('children', []), signature('modules', []),
      signature('registerStateDictPreHook', [hook]), signature('registerStateDictHook', [hook]),
      signature('registerLoadStateDictPreHook', [hook]), signature('registerLoadStateDictPostHook', [hook]),
    ); // prettier-ignore
    hasHooks = (module) => !(module.#hooks.isEmpty && globalHooks.isEmpty);
    membersOf = (module) => module.#members;
    putMember = (module, name, member) => {
      module.#members.set(name, member);
      if (!(name in module)) module.#expose(name);
    };
    dropMembers = (module, name) => {
      for (const dropped of name === undefined ? [...module.#members.keys()] : [name]) {
        module.#members.delete(dropped);
        if (isExposed(module, dropped)) Reflect.deleteProperty(module, dropped);
      }
    };
    copyContents = (from, to, copy) => {
      from.#noteNames();
      for (const name of from.#names) {
        const value = copy(Reflect.get(from, name) as unknown);
        const kind = from.#kinds.get(name);
        // A class field of the same name has taken the place of a registered property.
        const isRegistered = Object.getOwnPropertyDescriptor(from, name)?.get !== undefined;
        if (kind !== undefined && isRegistered) to.#register(name, value, kind);
        else Reflect.set(to, name, value);
      }
      to.#noteNames();
      for (const [name, persistent] of from.#buffers) to.#buffers.set(name, persistent);
      for (const [name, member] of from.#members) {
        to.#members.set(name, copy(member));
        if (isExposed(from, name)) to.#expose(name);
      }
      to.#hooks.addAll(from.#hooks);
      to.#stateHooks.addAll(from.#stateHooks);
    };
  }

  /** @throws TypeError for arguments: a class without a constructor takes none. */
  constructor(...none: readonly never[]) {
    super();
    if (none.length > 0) throw new KindError(new.target.name, `takes no arguments, got ${none.length}.`);
    noteHolder(this);
  }

  /**
   * Computes the output; every subclass defines its own. Call the module instead, so that hooks run.
   * The one `any` of the public types: a narrower signature would not let subclasses choose theirs.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  forward(...inputs: any[]): any {
    throw new KindError(this.constructor.name, `forward must be defined to take ${inputs.length} inputs, got none.`);
  }

  override [invoke](inputs: readonly unknown[]): unknown {
    if (intercepting.current === null) return this.#observed(inputs);
    return intercepting.current.module(this, inputs, () => this.#observed(inputs));
  }

  #observed(inputs: readonly unknown[]): unknown {
    const observer = observing.current;
    if (observer === null) return this.#call(inputs);
    return observer.span('module', this.constructor.name, this, () => this.#call(inputs));
  }

  #call(inputs: readonly unknown[]): unknown {
    noteHolder(this);
    capture.current?.module(this);
    if (!this.#isCalled) this.#noteNames();
    this.#isCalled = true;
    checkCount(this, inputs);
    const first = noteCall(inputs);
    let output: unknown;
    try {
      output =
        this.#hooks.isEmpty && globalHooks.isEmpty
          ? callForward(this, inputs)
          : userCode(inputs, () => this.#hooks.run(this, inputs, (given) => callForward(this, given)));
      return output;
    } catch (error) {
      const isUsual = inputs.length >= this.forward.length && inputs.every((input) => input instanceof Tensor);
      throw isUsual ? error : explained(this.constructor.name, error, inputs);
    } finally {
      noteReturn(first, output);
    }
  }

  // ---- registration -----------------------------------------------------------------------------

  /** Registers a parameter under a name made at run time; `null` reserves the name for one. */
  registerParameter(name: string, parameter: Parameter | null, ...none: never[]): void {
    checkNoMore('registerParameter', 2, none);
    this.#register(name, parameter, 'Parameter');
  }

  /**
   * Registers a tensor that is state but not learned, such as a running mean, and returns it. The name stays that of
   * a buffer when another tensor is assigned to it; `null` reserves the name.
   * @param persistent Whether the state dict has it; true by default.
   * @example mean = this.registerBuffer('mean', zeros(3));
   */
  registerBuffer<T extends Tensor | null>(
    name: string,
    tensor: T,
    ...args: Arguments<[], [persistent?: boolean], { persistent?: boolean }>
  ): T {
    const { persistent = true } = REGISTER_BUFFER.take<{ persistent?: boolean }>(args);
    this.#register(name, tensor, 'Tensor');
    this.#buffers.set(name, persistent);
    return tensor;
  }

  /** Adds a child under a name made at run time; it becomes a property of that name. */
  addModule(name: string, module: Module | null, ...none: never[]): void {
    checkNoMore('addModule', 2, none);
    this.#register(name, module, 'Module');
  }

  /** Alias of `addModule`. */
  registerModule(name: string, module: Module | null, ...none: never[]): void {
    this.addModule(name, module, ...none);
  }

  #register(name: string, value: unknown, kind: Kind): void {
    const owner = this.constructor.name;
    checkName(owner, name);
    this.#noteNames();
    const present: unknown = Reflect.get(this, name);
    if (present !== undefined && !this.#names.has(name)) {
      throw new KindError(owner, `the name '${name}' is taken by a member of the class.`);
    }
    this.#define(name, value, kind);
  }

  /** Defines a property that takes null and values of a kind. */
  #define(name: string, value: unknown, kind: Kind): void {
    const check = (given: unknown): void => {
      if (given !== null && !isOfKind[kind](given)) {
        throw new KindError(
          this.constructor.name,
          `'${name}' must be a ${kind} or null, got ${describe(given)}.` +
            (kind === 'Parameter' && given instanceof Tensor ? ' Wrap it: new nn.Parameter(tensor).' : ''),
        );
      }
    };
    check(value);
    this.#guard(name, value, (given) => {
      check(given);
      if (given instanceof Buffer) this.#buffers.set(name, given.persistent);
    });
    this.#names.add(name);
    this.#kinds.set(name, kind);
  }

  /** Puts a member of a container in a container's place of that name. */
  protected assignMember(name: string, member: unknown): void {
    this.addModule(name, member as Module);
  }

  /** A property for a member: not enumerable, as members come first in lists and are no properties there. */
  #expose(name: string): void {
    Object.defineProperty(this, name, {
      configurable: true,
      enumerable: false,
      get: () => this.#members.get(name),
      set: (given: unknown) => {
        this.assignMember(name, given);
      },
    });
  }

  /** A property that `check` sees what is assigned to. Configurable, so that a class field of the same name can take its place. */
  #guard(name: string, value: unknown, check: (given: unknown) => void): void {
    Object.defineProperty(this, name, {
      configurable: true,
      enumerable: true,
      get: () => value,
      set: (given: unknown) => {
        check(given);
        value = given;
      },
    });
  }

  /** Notes which properties there are; those that hold a parameter or a module take only their like from then on. */
  #noteNames(): void {
    for (const name of this.#names) if (!Object.hasOwn(this, name)) this.#names.delete(name);
    for (const name of Object.keys(this)) {
      this.#names.add(name);
      const { value, configurable } = Object.getOwnPropertyDescriptor(this, name) as {
        value?: unknown;
        configurable?: boolean;
      };
      if (value instanceof Buffer && configurable === true) {
        if (!this.#buffers.has(name)) this.#buffers.set(name, value.persistent);
        this.#define(name, value, 'Tensor');
        continue;
      }
      const kind = value instanceof Parameter ? 'Parameter' : value instanceof Module ? 'Module' : null;
      if (kind === null || configurable !== true) continue;
      this.#guard(name, value, (given) => {
        if (given === null || given === undefined || isOfKind[kind](given)) return;
        throw new KindError(
          this.constructor.name,
          `'${name}' is a ${kind}, so it must be a ${kind} or null, got ${describe(given)}.` +
            (kind === 'Parameter' ? ' Wrap it: new nn.Parameter(tensor).' : ''),
        );
      });
    }
  }

  // ---- listing ----------------------------------------------------------------------------------

  /** Members of a container, then own properties, in order of definition. */
  *#own(): Generator<[name: string, value: unknown]> {
    yield* this.#members;
    this.#noteNames();
    for (const name of this.#names) yield [name, Reflect.get(this, name)];
  }

  *#ownParameters(): Generator<[string, Parameter]> {
    for (const [name, value] of this.#own()) if (value instanceof Parameter) yield [name, value];
  }

  *#ownBuffers(persistentOnly = false): Generator<[string, Tensor]> {
    for (const [name, value] of this.#own()) {
      const persistent = this.#buffers.get(name);
      if (persistent === undefined || (persistentOnly && !persistent)) continue;
      if (value instanceof Tensor && !(value instanceof Parameter)) yield [name, value];
    }
  }

  *#ownModules(): Generator<[string, Module]> {
    for (const [name, value] of this.#own()) {
      if (value instanceof Module) yield [name, value];
      else warnIfHidden(this, name, value);
    }
  }

  #list<T>(own: (module: Module) => Iterable<[string, T]>, args: readonly unknown[]): [name: string, value: T][] {
    const { prefix = '', recurse = true, removeDuplicate = true } = LISTING.take<ListingOptions>(args);
    const found: [string, T][] = [];
    const seen = new Set<T>();
    for (const [path, module] of recurse ? this.namedModules({ prefix, removeDuplicate }) : [[prefix, this] as const]) {
      for (const [name, value] of own(module)) {
        if (removeDuplicate && seen.has(value)) continue;
        seen.add(value);
        found.push([join(path, name), value]);
      }
    }
    return found;
  }

  /** Parameters with their names, each shared one once: own ones first, then those of every descendant. */
  namedParameters(...args: ListingArgs): [name: string, parameter: Parameter][] {
    return this.#list((module) => module.#ownParameters(), args);
  }

  /** All parameters, each shared one once. */
  parameters(...args: Arguments<[], [recurse?: boolean], RecurseOptions>): Parameter[] {
    const { recurse = true } = RECURSE.take<RecurseOptions>(args, 'parameters');
    return this.namedParameters({ recurse }).map(([, parameter]) => parameter);
  }

  /** Buffers with their names, persistent or not. */
  namedBuffers(...args: ListingArgs): [name: string, buffer: Tensor][] {
    return this.#list((module) => module.#ownBuffers(), args);
  }

  /** All buffers, persistent or not. */
  buffers(...args: Arguments<[], [recurse?: boolean], RecurseOptions>): Tensor[] {
    const { recurse = true } = RECURSE.take<RecurseOptions>(args, 'buffers');
    return this.namedBuffers({ recurse }).map(([, buffer]) => buffer);
  }

  /** Immediate submodules with their names. */
  namedChildren(): [name: string, child: Module][] {
    const seen = new Set<Module>();
    return [...this.#ownModules()].filter(([, child]) => !seen.has(child) && seen.add(child));
  }

  /** Immediate submodules. */
  children(): Module[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** This module (its name is `prefix`) and all descendants, parents before children, with dotted names. */
  namedModules(
    ...args: Arguments<[], [prefix?: string, removeDuplicate?: boolean], NamedModulesOptions>
  ): [name: string, module: Module][] {
    const { prefix = '', removeDuplicate = true } = NAMED_MODULES.take<NamedModulesOptions>(args);
    const found: [string, Module][] = [];
    const seen = new Set<Module>();
    const visit = (path: string, module: Module): void => {
      if (removeDuplicate && seen.has(module)) return;
      seen.add(module);
      found.push([path, module]);
      for (const [name, child] of module.#ownModules()) visit(join(path, name), child);
    };
    visit(prefix, this);
    return found;
  }

  /** This module and all descendants, each once. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** The submodule with this dotted name; '' is the module itself. @throws TypeError if there is none. */
  getSubmodule(target: string, ...none: never[]): Module {
    TARGET.take([target, ...none], 'getSubmodule');
    const path = target === '' ? [] : target.split('.');
    return path.reduce<Module>((module, name) => {
      for (const [key, child] of module.#ownModules()) if (key === name) return child;
      throw missing(this, 'submodule', target);
    }, this);
  }

  /**
   * Puts a module in the place of the one with this dotted name, or, unless `strict`, where nothing is yet.
   * @throws TypeError for an empty name, where there is no parent, or something that is no module
   */
  setSubmodule(
    ...args: Arguments<
      [target: string, module: Module],
      [strict?: boolean],
      SetSubmoduleOptions,
      [target: string, named: Omit<SetSubmoduleOptions, 'target'>]
    >
  ): void {
    const { target, module, strict = false } = SET_SUBMODULE.take<SetSubmoduleOptions>(args);
    if (target === '') throw new KindError('setSubmodule', 'target must be the name of a submodule, got an empty one.');
    const [path, name] = splitName(target);
    const parent = this.getSubmodule(path);
    const present: unknown = parent.#members.has(name) ? parent.#members.get(name) : Reflect.get(parent, name);
    if (strict && present === undefined) throw missing(this, 'submodule', target);
    if (present !== undefined && present !== null && !(present instanceof Module)) {
      throw new KindError('setSubmodule', `'${target}' must be a module, got ${describe(present)}.`);
    }
    if (parent.#members.has(name)) parent.assignMember(name, module);
    else if (Object.hasOwn(parent, name)) Reflect.set(parent, name, module);
    else parent.addModule(name, module);
  }

  /** The parameter with this dotted name. @throws TypeError if there is none. */
  getParameter(target: string, ...none: never[]): Parameter {
    TARGET.take([target, ...none], 'getParameter');
    const [path, name] = splitName(target);
    for (const [key, parameter] of this.getSubmodule(path).#ownParameters()) if (key === name) return parameter;
    throw missing(this, 'parameter', target);
  }

  /** The buffer with this dotted name. @throws TypeError if there is none. */
  getBuffer(target: string, ...none: never[]): Tensor {
    TARGET.take([target, ...none], 'getBuffer');
    const [path, name] = splitName(target);
    for (const [key, buffer] of this.getSubmodule(path).#ownBuffers()) if (key === name) return buffer;
    throw missing(this, 'buffer', target);
  }

  /** Tensors that must outlive a scope in which the module was made or called: all that it and its children hold. */
  *[heldTensors](seen = new Set<object>()): Generator<Handle> {
    if (seen.has(this)) return;
    seen.add(this);
    for (const [, value] of this.#own()) {
      if (value instanceof Module) yield* value[heldTensors](seen);
      else yield* tensorsIn(value);
    }
  }

  // ---- the whole tree ---------------------------------------------------------------------------

  /** Calls `fn` on every descendant, children first, and then on this module. */
  apply(fn: (module: Module) => void, ...none: never[]): this {
    APPLY.take([fn, ...none]);
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  /** Sets training mode here and in all descendants. */
  train(...args: Arguments<[], [mode?: boolean], { mode?: boolean }>): this {
    const { mode = true } = TRAIN.take<{ mode?: boolean }>(args);
    this.training = mode;
    for (const child of this.children()) child.train(mode);
    return this;
  }

  /** Sets evaluation mode here and in all descendants. */
  eval(...none: never[]): this {
    checkNoMore('eval', 0, none);
    return this.train(false);
  }

  /** Sets whether the parameters require gradients. */
  requiresGrad_(...args: Arguments<[], [requiresGrad?: boolean], { requiresGrad?: boolean }>): this {
    const { requiresGrad = true } = REQUIRES_GRAD.take<{ requiresGrad?: boolean }>(args);
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad);
    return this;
  }

  /** Clears the gradients of all parameters: to null, or with `setToNone` false to zeros. */
  zeroGrad(...args: Arguments<[], [setToNone?: boolean], { setToNone?: boolean }>): void {
    const { setToNone = true } = ZERO_GRAD.take<{ setToNone?: boolean }>(args);
    for (const parameter of this.parameters()) {
      if (setToNone) parameter.grad = null;
      else if (parameter.grad !== null) parameter.grad = zerosLike(parameter.grad);
    }
  }

  /**
   * Moves parameters and buffers to a device and casts the floating-point ones to a dtype. Parameters stay the same
   * objects, so an optimizer made before still works.
   * @example net.to('webgpu'); net.to(float64); net.to('wasm', float32); net.to({ dtype: float64 })
   */
  to(target: DeviceGiven | DType | FactoryOptions | Tensor, dtype?: DType, ...more: readonly unknown[]): this {
    const options = conversion([target, dtype, ...more]);
    return this.#convert(this.modules(), options, (tensor) =>
      tensor.to(tensor.isFloatingPoint() ? options : { ...options, dtype: tensor.dtype }),
    );
  }

  /** Puts what `convert` makes in the place of all tensors of `modules`; lazy ones note the options. */
  #convert(modules: Iterable<Module>, options: FactoryOptions, convert: (tensor: Tensor) => Tensor): this {
    noGrad(() => {
      for (const module of modules) {
        for (const [, parameter] of module.#ownParameters()) convertParameter(parameter, options, convert);
        for (const [name, buffer] of module.#ownBuffers()) {
          if (isUninitialized(buffer)) buffer.convert(options);
          else Reflect.set(module, name, convert(buffer));
        }
      }
    });
    return this;
  }

  /**
   * Gives parameters and buffers memory of undefined contents on a device: what a module on the meta device needs before it is loaded
   * or initialised. Parameters stay the same objects, without their gradients.
   * @example const net = new Net({ device: 'meta' }).toEmpty('wasm'); net.loadStateDict(await io.load('net.pt'))
   * @see torch.nn.Module.to_empty
   */
  toEmpty(...args: Arguments<[], [device?: DeviceGiven, recurse?: boolean], ToEmptyOptions>): this {
    const { device, recurse = true } = TO_EMPTY.take<ToEmptyOptions>(args);
    const made = new Map<Tensor, Tensor>();
    for (const parameter of this.parameters({ recurse })) parameter.grad = null;
    return this.#convert(recurse ? this.modules() : [this], { ...(device && { device }) }, (tensor) => {
      // A shared one gets memory once.
      const known = made.get(tensor) ?? empty(tensor.shape, { dtype: tensor.dtype, device });
      made.set(tensor, known);
      return known;
    });
  }

  /** Moves parameters and buffers to the wasm device, where PyTorch's users say cpu. */
  cpu(...none: never[]): this {
    checkNoMore('cpu', 0, none);
    return this.to('wasm');
  }

  /** Casts floating-point parameters and buffers to float32. */
  float(...none: never[]): this {
    checkNoMore('float', 0, none);
    return this.to('float32');
  }

  /** Casts floating-point parameters and buffers to float64. */
  double(...none: never[]): this {
    checkNoMore('double', 0, none);
    return this.to('float64');
  }

  /** Casts floating-point parameters and buffers to float16. */
  half(...none: never[]): this {
    checkNoMore('half', 0, none);
    return this.to('float16');
  }

  /** Casts floating-point parameters and buffers to bfloat16. */
  bfloat16(...none: never[]): this {
    checkNoMore('bfloat16', 0, none);
    return this.to('bfloat16');
  }

  // ---- state ------------------------------------------------------------------------------------

  /**
   * Parameters and persistent buffers by name, detached, sharing memory with the module. Shared ones occur under
   * every name. Keys are PyTorch's. `stateDict('net')` puts a prefix before them.
   */
  stateDict(options: string | StateDictOptions = {}, ...none: never[]): StateDict {
    const named = typeof options === 'string' ? { prefix: options } : options;
    return saveStateDict(this, (module) => module.#state(), STATE_DICT.take<StateDictOptions>([named, ...none]));
  }

  /**
   * Copies values into parameters and buffers, casting them to the module's dtypes. Nothing is copied if it throws, unless
   * post hooks are to decide on keys that do not match.
   *
   * With `assign` the tensors of the state dict themselves, as they are, take the place of the module's: no memory is
   * copied, dtypes and devices become those of the state dict. Parameters are new objects that keep their `requiresGrad`, so
   * make optimizers afterwards: those made before go on with the old ones.
   * @throws LoadError listing every key that is missing, unexpected or of another shape; with `strict` false only
   * shapes matter.
   */
  loadStateDict(
    state: StateDict,
    ...args: Arguments<[], [strict?: boolean, assign?: boolean], LoadOptions>
  ): LoadResult {
    return loadStateDict(this, (module) => module.#state(), state, LOAD_STATE_DICT.take(args));
  }

  #state(): ModuleState {
    return {
      tensors: [...this.#ownParameters(), ...this.#ownBuffers(true)],
      children: [...this.#ownModules()],
      hooks: this.#stateHooks,
      replace: (name, value) => {
        if (value instanceof Parameter && this.#members.has(name)) this.#members.set(name, value);
        else Reflect.set(this, name, value);
      },
    };
  }

  /** The version of the layout of the module's own state; a state dict tells that of each module. */
  get _version(): number {
    return 1;
  }

  /** Brings the part of a state dict that begins with `prefix` and is of an older version up to this one. */
  upgradeState?(state: StateDict, prefix: string, metadata: StateMetadata): void;

  /** State that is no tensor, of any kind; a subclass that has some defines this and setExtraState. */
  getExtraState?(): unknown;

  /** Takes what getExtraState gave. */
  setExtraState?(state: unknown): void;

  /** Calls `hook(module, prefix, keepVars)` before the module is saved. */
  registerStateDictPreHook(hook: StateDictPreHook): RemovableHandle {
    return this.#stateHooks.beforeSave.add(hook);
  }

  /** Calls `hook(module, stateDict, prefix, metadata)` when the module and its children are saved; it may return another state dict. */
  registerStateDictHook(hook: StateDictHook): RemovableHandle {
    return this.#stateHooks.afterSave.add(hook);
  }

  /** Calls `hook(module, stateDict, prefix, metadata, strict, problems)` before the module is loaded, with a copy that it may change. */
  registerLoadStateDictPreHook(hook: LoadPreHook): RemovableHandle {
    return this.#stateHooks.beforeLoad.add(hook);
  }

  /** Calls `hook(module, { missingKeys, unexpectedKeys })` when the module and its children are loaded; it may change the lists. */
  registerLoadStateDictPostHook(hook: LoadPostHook): RemovableHandle {
    return this.#stateHooks.afterLoad.add(hook);
  }

  // ---- hooks ------------------------------------------------------------------------------------

  /** Calls `hook(module, inputs)` before `forward`; what it returns, if anything, are the new inputs. */
  registerForwardPreHook(hook: ForwardPreHook<this>, ...options: [options?: HookOptions]): RemovableHandle {
    return this.#hooks.forwardPre.add(hook, ...options);
  }

  /** Calls `hook(module, inputs, output)` after `forward`; what it returns, if anything, is the new output. */
  registerForwardHook(hook: ForwardHook<this>, ...options: [options?: HookOptions]): RemovableHandle {
    return this.#hooks.forward.add(hook, ...options);
  }

  /** Calls `hook(module, gradOutputs)` before the gradients of the outputs go back through the module; it may return new ones. */
  registerFullBackwardPreHook(hook: BackwardPreHook<this>, ...options: [options?: HookOptions]): RemovableHandle {
    return this.#hooks.backwardPre.add(hook, ...options);
  }

  /** Calls `hook(module, gradInputs, gradOutputs)` when the gradients of the inputs are known; it may return new ones. */
  registerFullBackwardHook(hook: BackwardHook<this>, ...options: [options?: HookOptions]): RemovableHandle {
    return this.#hooks.backward.add(hook, ...options);
  }

  // ---- printing ---------------------------------------------------------------------------------

  /** What the printed form shows between the parentheses besides children. */
  extraRepr(): string {
    return '';
  }

  /** The printed form of `print(model)` in PyTorch. */
  override toString(): string {
    const children = [...this.#ownModules()].map(([name, child]) => representChild(name, child));
    return represent(this.constructor.name, this.extraRepr(), children);
  }
}

printsAs(
  Module,
  (module) => module.toString(),
  'Module: JSON has no modules. Save what it holds: await io.save(net.stateDict()).',
);

const TO = signature('to', [
  optional('device', either(either(DEVICE, DTYPE), TENSOR)),
  optional('dtype', DTYPE),
  withoutEffect('nonBlocking'),
]);

/** Where to and as what tensors are moved. @throws TypeError for what is no device, dtype or tensor, DTypeError for integers */
function conversion(args: readonly unknown[]): FactoryOptions {
  const { device: target, dtype } = TO.take(args.slice(0, 1 + args.findLastIndex((arg) => arg !== undefined)));
  let options: FactoryOptions = dtype === undefined ? {} : { dtype };
  if (target instanceof Tensor) options = { device: target.device, dtype: target.dtype };
  else if (DEVICE.accepts(target)) options = { device: target, ...options };
  else if (target !== undefined) options = { dtype: target };
  if (options.device === undefined && options.dtype === undefined) {
    throw new KindError('to', 'a device, a dtype or a tensor must be given, got nothing.');
  }
  if (options.dtype !== undefined) {
    if (!isFloat(options.dtype)) {
      throw new DTypeError('to', `modules can only be cast to floating-point dtypes, got ${options.dtype}.`, {
        dtype: options.dtype,
      });
    }
  }
  return options;
}

/** Converts a parameter and its gradient; the object stays. */
function convertParameter(parameter: Parameter, options: FactoryOptions, convert: (tensor: Tensor) => Tensor): void {
  if (isUninitialized(parameter)) {
    parameter.convert(options);
    return;
  }
  const { grad } = parameter;
  parameter.grad = null;
  parameter.adopt(convert(parameter));
  if (grad !== null) parameter.grad = convert(grad);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function splitName(target: string): [path: string, name: string] {
  const dot = target.lastIndexOf('.');
  return [target.slice(0, Math.max(dot, 0)), target.slice(dot + 1)];
}

function missing(module: Module, kind: string, target: string): TypeError {
  return new KindError(module.constructor.name, `there is no ${kind} called '${target}'.`);
}

/** @throws TypeError if `forward` would not see all of the inputs, which JavaScript lets pass */
function checkCount(module: Module, inputs: readonly unknown[]): void {
  const most = mostArguments(Reflect.get(module, 'forward') as (...args: never) => unknown);
  if (inputs.length > most && inputs.some((input, i) => i >= most && input !== undefined)) {
    throw new KindError(module.constructor.name, `forward takes at most ${most} inputs, got ${inputs.length}.`);
  }
}

export const MODULE = instanceOf('a module', Module);
