// Saving and loading the state of modules: PyTorch's keys, checked as a whole before anything is copied.
import { isPlainObject } from '../../base/arguments';
import { noGrad } from '../../core/backward';
import { describe } from '../../base/errorText';
import { KindError, LoadError } from '../../base/errors';
import { formatShape, sameShape } from '../../base/shape';
import { Parameter, Tensor } from '../../core/tensor';
import { checkReady } from '../../core/given';
import { HookList } from '../../core/hookList';
import { keep } from '../../core/scope';
import { isUninitialized } from './lazy';
import type { Module } from './module';

/**
 * Tensors by PyTorch's dotted names. What `getExtraState` of a module gives stands there too, under `_extra_state`, and may be
 * anything. Versions of the modules' layouts are in `_metadata`, which is not listed.
 */
export type StateDict = Record<string, Tensor>;

/** Of which layout the state of one module is. */
export interface StateMetadata {
  version?: number;
}

/** Arguments of `stateDict`. */
export interface StateDictOptions {
  /** The object to put the state into; a new one by default. */
  destination?: StateDict;
  /** Put before every name, with a dot between. */
  prefix?: string;
  /** Whether the tensors are the module's own, with their graph, instead of detached ones; false by default. */
  keepVars?: boolean;
}

/** Called before a module is saved. `prefix` is empty or ends with a dot. */
export type StateDictPreHook = (module: Module, prefix: string, keepVars: boolean) => void;

/** Called when a module and its children are saved; may change the state dict, or return another. */
export type StateDictHook = (
  module: Module,
  stateDict: StateDict,
  prefix: string,
  metadata: StateMetadata,
) => StateDict | null | void;

/** What a hook that runs before a module is loaded may change, beside a copy of the state dict. */
export interface LoadProblems {
  readonly missingKeys: string[];
  readonly unexpectedKeys: string[];
  readonly errorMessages: string[];
}

/** Called before a module is loaded, with a copy of the state dict that it may change. */
export type LoadPreHook = (
  module: Module,
  stateDict: StateDict,
  prefix: string,
  metadata: StateMetadata,
  strict: boolean,
  problems: LoadProblems,
) => void;

/** Called when a module and its children are loaded; may change the lists of keys that do not match. */
export type LoadPostHook = (module: Module, keys: Pick<LoadProblems, 'missingKeys' | 'unexpectedKeys'>) => void;

/** The state hooks of one module. */
export class StateHooks {
  static readonly name: string = 'StateHooks';

  readonly beforeSave = new HookList<StateDictPreHook>('registerStateDictPreHook');
  readonly afterSave = new HookList<StateDictHook>('registerStateDictHook');
  readonly beforeLoad = new HookList<LoadPreHook>('registerLoadStateDictPreHook');
  readonly afterLoad = new HookList<LoadPostHook>('registerLoadStateDictPostHook');

  addAll(others: StateHooks): void {
    this.beforeSave.addAll(others.beforeSave);
    this.afterSave.addAll(others.afterSave);
    this.beforeLoad.addAll(others.beforeLoad);
    this.afterLoad.addAll(others.afterLoad);
  }
}

/** What saving and loading see of a module. */
export interface ModuleState {
  /** Own parameters, then own persistent buffers. */
  readonly tensors: readonly [name: string, value: Tensor][];
  readonly children: readonly [name: string, child: Module][];
  readonly hooks: StateHooks;
  /** Puts another tensor in the place of one of `tensors`. */
  readonly replace: (name: string, value: Tensor) => void;
}

/** How to look into a module. */
type Inspect = (module: Module) => ModuleState;

const METADATA = '_metadata';
const EXTRA_STATE = '_extra_state';

/** Versions by path, as a state dict carries them out of sight of what lists its entries. */
function metadataOf(state: StateDict): Record<string, StateMetadata> | null {
  return (Object.getOwnPropertyDescriptor(state, METADATA)?.value ?? null) as Record<string, StateMetadata> | null;
}

function attach(state: StateDict, metadata: Record<string, StateMetadata>): void {
  Object.defineProperty(state, METADATA, { value: metadata, configurable: true, writable: true, enumerable: false });
}

/** A hook of a module, in messages. */
const whose = (module: Module, kind: string): string => `${module.constructor.name}: a ${kind}`;

/** @throws TypeError for a value, as in PyTorch: the lists are to be changed in place */
function checkNothing(who: string, given: unknown): void {
  checkReady(who, given);
  if (given === undefined || given === null) return;
  throw new KindError(
    null,
    `${who} must give nothing, got ${describe(given)}. It may change the lists of keys in place.`,
  );
}

const inside = (prefix: string, name: string): string => `${prefix}${name}.`;

/** The state of a module and its descendants. Tensors of lazy modules are themselves: they have no values yet. */
export function saveStateDict(root: Module, inspect: Inspect, options: StateDictOptions): StateDict {
  const { destination = {}, prefix: given = '', keepVars = false } = options;
  if (metadataOf(destination) === null) attach(destination, {});
  const save = (module: Module, state: StateDict, prefix: string): StateDict => {
    const { tensors, children, hooks } = inspect(module);
    for (const hook of hooks.beforeSave)
      checkReady(whose(module, 'state-dict pre-hook'), hook(module, prefix, keepVars));
    const metadata: StateMetadata = { version: module._version };
    const all = metadataOf(state);
    if (all !== null) all[prefix.slice(0, -1)] = metadata;
    for (const [name, value] of tensors) {
      state[prefix + name] = keepVars || isUninitialized(value) ? value : value.detach();
    }
    if (module.getExtraState !== undefined) {
      const extra = module.getExtraState();
      checkReady(`${module.constructor.name}.getExtraState`, extra);
      Reflect.set(state, prefix + EXTRA_STATE, extra);
    }
    let saved = state;
    for (const [name, child] of children) saved = save(child, saved, inside(prefix, name));
    for (const hook of hooks.afterSave) {
      const given: unknown = hook(module, saved, prefix, metadata) ?? saved;
      checkReady(whose(module, 'state-dict hook'), given);
      if (!isPlainObject(given)) {
        throw new KindError(null, `${whose(module, 'state-dict hook')} must give a state dict or nothing, got ${describe(given)}.`); // prettier-ignore
      }
      saved = given as StateDict;
    }
    return saved;
  };
  return save(root, destination, given === '' || given.endsWith('.') ? given : `${given}.`);
}

/** Copies `state` into a module and its descendants, or puts it in the place of theirs. @throws LoadError if keys (when strict) or shapes do not fit. */
export function loadStateDict(
  root: Module,
  inspect: Inspect,
  given: StateDict,
  { strict, assign }: Required<LoadOptions>,
): LoadResult {
  if (!isPlainObject(given)) {
    throw new KindError('loadStateDict', `the state dict must be an object of tensors, got ${describe(given)}.`);
  }
  const state = { ...given };
  const metadata = metadataOf(given) ?? {};
  if (metadataOf(given) !== null) attach(state, metadata);
  const problems = { missingKeys: [] as string[], unexpectedKeys: [] as string[], errorMessages: [] as string[] };
  const known = new Set<string>();
  const misshapenKeys: string[] = [];
  const found: (() => void)[] = [];
  const extras: (() => void)[] = [];
  /** Descendants before their parents. */
  const post: (() => void)[] = [];

  const visit = (module: Module, prefix: string): void => {
    const { hooks } = inspect(module);
    const own = metadata[prefix.slice(0, -1)] ?? {};
    module.upgradeState?.(state, prefix, own);
    for (const hook of hooks.beforeLoad) {
      checkReady(whose(module, 'load-state-dict pre-hook'), hook(module, state, prefix, own, strict, problems));
    }
    // What a hook registered is loaded too.
    const { tensors, children, replace } = inspect(module);
    for (const [name, target] of tensors) {
      const key = prefix + name;
      known.add(key);
      if (!Object.hasOwn(state, key)) problems.missingKeys.push(key);
      else {
        const value = valueFor(target, state[key], assign);
        if (value === null) {
          misshapenKeys.push(key);
          problems.errorMessages.push(misfit(key, target, state[key]));
        } else if (assign) found.push(() => replace(name, assigned(target, value)));
        else found.push(() => copyInto(target, value));
      }
    }
    const extraKey = prefix + EXTRA_STATE;
    if (module.setExtraState !== undefined) {
      known.add(extraKey);
      if (Object.hasOwn(state, extraKey)) {
        extras.push(() => checkReady(`${module.constructor.name}.setExtraState`, module.setExtraState?.(Reflect.get(state, extraKey)))); // prettier-ignore
      } else problems.missingKeys.push(extraKey);
    }
    for (const [name, child] of children) visit(child, inside(prefix, name));
    for (const hook of hooks.afterLoad) post.push(() => checkNothing(whose(module, 'load-state-dict post-hook'), hook(module, problems))); // prettier-ignore
  };
  visit(root, '');
  problems.unexpectedKeys.push(...Object.keys(state).filter((key) => !known.has(key)));

  const refuse = (): void => {
    const { missingKeys, unexpectedKeys, errorMessages } = problems;
    const messages = [...errorMessages];
    if (strict && unexpectedKeys.length > 0) {
      messages.unshift(`Unexpected key(s) in state_dict: ${quoted(unexpectedKeys)}.`);
    }
    if (strict && missingKeys.length > 0) messages.unshift(`Missing key(s) in state_dict: ${quoted(missingKeys)}.`);
    if (messages.length === 0) return;
    throw new LoadError(
      'loadStateDict',
      `the state dict must fit ${root.constructor.name}.\n  ${messages.join('\n  ')}`,
      {
        missingKeys,
        unexpectedKeys,
        misshapenKeys,
      },
    );
  };
  // Hooks that run afterwards may excuse keys, so they see the module loaded.
  if (post.length === 0 || problems.errorMessages.length > 0) refuse();
  noGrad(() => {
    for (const load of found) load();
  });
  for (const set of extras) set();
  for (const hook of post) hook();
  refuse();
  return new LoadResult(problems.missingKeys, problems.unexpectedKeys);
}

const quoted = (keys: readonly string[]): string => keys.map((key) => `"${key}"`).join(', ');

const shapeOf = (tensor: Tensor): string => (isUninitialized(tensor) ? 'none yet' : formatShape(tensor.shape));

function misfit(key: string, target: Tensor, value: unknown): string {
  if (value instanceof Tensor && target.isMeta) {
    return `No memory for ${key}: the module is on meta. Call toEmpty('wasm') first, or load with { assign: true }.`;
  }
  if (value instanceof Tensor && value.isMeta) return `No values for ${key}: the state dict's tensor is on meta.`;
  if (value instanceof Tensor) {
    return `Size mismatch for ${key}: the state dict has shape ${shapeOf(value)}, the module ${shapeOf(target)}.`;
  }
  return `No tensor for ${key}: the state dict has ${value === null ? 'null' : typeof value}.`;
}

/** What goes into `target`, or takes its place; null if it does not fit. */
function valueFor(target: Tensor, value: unknown, assign: boolean): Tensor | null {
  if (!(value instanceof Tensor)) return null;
  if (!assign && (target.isMeta || value.isMeta)) return null;
  if (isUninitialized(target)) return value;
  if (isUninitialized(value)) return null;
  if (sameShape(target.shape, value.shape)) return value;
  // Versions of PyTorch before 0.4 had no tensors without dimensions.
  return target.ndim === 0 && sameShape(value.shape, [1]) ? value.reshape([]) : null;
}

function copyInto(target: Tensor, value: Tensor): void {
  if (isUninitialized(value)) return;
  if (isUninitialized(target)) target.materialize(value.shape);
  target.copy_(value);
}

/** What takes the place of `target`: a parameter, where that is one, that requires a gradient as it does. */
function assigned(target: Tensor, value: Tensor): Tensor {
  if (!(target instanceof Parameter)) return keep(value);
  if (value instanceof Parameter) return keep(value).requiresGrad_(target.requiresGrad);
  return keep(new Parameter(value.detach(), target.requiresGrad));
}

/** How a state dict is loaded. */
export interface LoadOptions {
  /** Whether keys must be the same; true by default. */
  strict?: boolean;
  /** Whether the tensors of the state dict take the place of the module's, instead of being copied into them; false by default. */
  assign?: boolean;
}

/** The keys that did not match, in a load that is not strict. */
export class LoadResult {
  static readonly name: string = 'LoadResult';

  constructor(
    /** Keys of the module that the state dict does not have. */
    readonly missingKeys: readonly string[],
    /** Keys of the state dict that the module does not have. */
    readonly unexpectedKeys: readonly string[],
  ) {}

  /** PyTorch's printed form. */
  toString(): string {
    const { missingKeys, unexpectedKeys } = this;
    if (missingKeys.length + unexpectedKeys.length === 0) return '<All keys matched successfully>';
    const list = (keys: readonly string[]): string => `[${keys.map((key) => `'${key}'`).join(', ')}]`;
    return `_IncompatibleKeys(missing_keys=${list(missingKeys)}, unexpected_keys=${list(unexpectedKeys)})`;
  }
}
