// Modules as functions of their parameters and buffers, and the state of several modules in one.
import { KindError } from '../base/errors';
import { isPlainObject, type Arguments } from '../base/arguments';
import { either, FLAG, instanceOf, kind, listOf } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { stack } from '../ops/shape/cat';
import { Tensor } from '../core/tensor';
import { membersOf, Module } from '../nn/module/module';

/** Tensors by the names of parameters and buffers. */
type TensorDict = Readonly<Record<string, Tensor>>;

const isTensorDict = (value: unknown): value is TensorDict =>
  isPlainObject(value) && Object.values(value).every((item) => item instanceof Tensor);
const DICT = {
  ...kind<TensorDict>('an object with a tensor for each name', isTensorDict),
  takesObject: (value: object) => isTensorDict(value),
};
const MODULE = argument('module', instanceOf('a Module', Module));
const OPTIONS: ReadonlySet<string> = new Set(['kwargs', 'tieWeights', 'strict']);
/** Whether an object in the place of `kwargs` has the arguments from there on by name. */
const isOptions = (value: object): boolean => Object.keys(value).every((key) => OPTIONS.has(key));
const CALL = signature('functionalCall', [
  MODULE, argument('parametersAndBuffers', either(DICT, listOf(DICT))),
  argument('args', { ...kind<unknown>('an input, or a list of them', () => true), takesObject: (value) => !('args' in value) }, []),
  argument('kwargs', { ...kind<object>('an object of options', isPlainObject), takesObject: (value) => !isOptions(value) }, null),
  argument('tieWeights', FLAG, true), argument('strict', FLAG, false),
]); // prettier-ignore

/** How `functionalCall` calls. */
interface CallOptions {
  /** Options that the module takes in last place. */
  kwargs?: object | null;
  /** Whether a parameter that the module has under several names is replaced under all by what is given for one; true by default. */
  tieWeights?: boolean;
  /** Whether all parameters and buffers must be given; false by default. */
  strict?: boolean;
}

/**
 * Calls a module with other tensors in the places of its parameters and buffers, which come back when it has returned. Those that
 * are not given stay. Of several objects each may have a part.
 * @example functionalCall(net, { 'fc.weight': w }, [x])
 * @throws TypeError for a name that the module does not have
 * @see torch.func.functional_call
 */
export function functionalCall<M extends Module>(
  module: M,
  parametersAndBuffers: TensorDict | readonly TensorDict[],
  args?: Parameters<M['forward']> | Tensor,
  ...options: Arguments<[], [kwargs?: object | null, tieWeights?: boolean, strict?: boolean], CallOptions>
): ReturnType<M['forward']>;
export function functionalCall(...given: unknown[]): unknown {
  const { module, parametersAndBuffers, args, kwargs, tieWeights, strict } = CALL.take(given);
  const dicts = (Array.isArray(parametersAndBuffers) ? parametersAndBuffers : [parametersAndBuffers]) as TensorDict[];
  const tensors = new Map<string, Tensor>();
  for (const [name, t] of dicts.flatMap((dict) => Object.entries(dict))) {
    if (tensors.has(name)) throw new KindError('functionalCall', `'${name}' is given twice.`);
    tensors.set(name, t);
  }
  const own = new Map<string, Tensor>([
    ...module.namedParameters({ removeDuplicate: false }),
    ...module.namedBuffers({ removeDuplicate: false }),
  ]);
  const unknown = [...tensors.keys()].filter((name) => !own.has(name));
  if (unknown.length > 0) {
    throw new KindError(
      'functionalCall',
      `the names must be those of parameters and buffers of the module, got ${unknown.join(', ')}. It has ${[...own.keys()].join(', ')}.`,
    );
  }
  if (tieWeights) tie(own, tensors);
  const missing = [...own.keys()].filter((name) => !tensors.has(name));
  if (strict && missing.length > 0) {
    throw new KindError('functionalCall', `with strict all names must be given, got none for ${missing.join(', ')}.`);
  }
  const inputs: readonly unknown[] = Array.isArray(args) ? args : [args];
  const undo: (() => void)[] = [];
  try {
    for (const [name, t] of tensors) undo.push(replaced(module, name, t));
    const result: unknown = module(...inputs, ...(kwargs === null ? [] : [kwargs]));
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new KindError('functionalCall', 'the module must return at once, got a promise: its parameters come back before it ends.'); // prettier-ignore
    }
    return result;
  } finally {
    for (const step of undo.reverse()) step();
  }
}

/** Gives what stands for one name of a shared tensor to its other names. @throws TypeError for different ones */
function tie(own: ReadonlyMap<string, Tensor>, tensors: Map<string, Tensor>): void {
  const names = new Map<Tensor, string[]>();
  for (const [name, t] of own) names.set(t, [...(names.get(t) ?? []), name]);
  for (const shared of names.values()) {
    const given = shared.filter((name) => tensors.has(name));
    const [first] = given.map((name) => tensors.get(name));
    if (first === undefined) continue;
    if (given.some((name) => tensors.get(name) !== first)) {
      throw new KindError('functionalCall', `${given.join(' and ')} are one tensor in the module, got several. Set tieWeights to false to part them.`); // prettier-ignore
    }
    for (const name of shared) tensors.set(name, first);
  }
}

/** Puts a tensor in the place of a parameter or buffer; gives what takes it back. */
function replaced(module: Module, path: string, t: Tensor): () => void {
  const dot = path.lastIndexOf('.');
  const owner = module.getSubmodule(dot < 0 ? '' : path.slice(0, dot));
  const name = path.slice(dot + 1);
  const members = membersOf(owner);
  const member = members.get(name);
  if (member !== undefined) {
    members.set(name, t as typeof member);
    return () => void members.set(name, member);
  }
  // A property of any tensor for a while: that of the module takes parameters only.
  const before = Object.getOwnPropertyDescriptor(owner, name);
  if (before === undefined) throw new Error(`internal: functionalCall: ${path} is no property`);
  Object.defineProperty(owner, name, { value: t, configurable: true, enumerable: true, writable: true });
  return () => void Object.defineProperty(owner, name, before);
}

const STACK = signature('stackModuleState', [argument('models', listOf(MODULE.kind))]);

/**
 * [parameters, buffers] of models of one class, by name, each the models' tensors stacked: what `functionalCall` takes of one model is a
 * row of it. Parameters are new leaves.
 * @throws TypeError for no models, of several classes or modes
 * @see torch.func.stack_module_state
 */
export function stackModuleState(
  ...args: Arguments<[models: readonly Module[]], [], { models: readonly Module[] }>
): [parameters: Record<string, Tensor>, buffers: Record<string, Tensor>] {
  const models = STACK.take(args).models as readonly Module[];
  const [first] = models;
  if (models.length === 0) throw new KindError('stackModuleState', 'there must be at least one model, got none.');
  const odd = models.find((m) => m.constructor !== first.constructor || m.training !== first.training);
  if (odd !== undefined) {
    const what = (m: Module): string => `${m.constructor.name} in ${m.training ? 'training' : 'evaluation'}`;
    throw new KindError(
      'stackModuleState',
      `all models must be of one class and in one mode, got ${what(first)} and ${what(odd)}.`,
    );
  }
  const stacked = (list: (model: Module) => [string, Tensor][]): Record<string, Tensor> => {
    const dicts = models.map((model) => new Map(list(model)));
    return Object.fromEntries(
      list(first).map(([name, { requiresGrad }]) => {
        const rows = dicts.map((dict) => {
          const t = dict.get(name);
          if (t === undefined)
            throw new KindError('stackModuleState', `all models must have ${name}, got one without.`);
          return t;
        });
        const whole = stack(rows.map((t) => t.detach()));
        return [name, requiresGrad ? whole.requiresGrad_() : whole];
      }),
    );
  };
  return [stacked((m) => m.namedParameters()), stacked((m) => m.namedBuffers())];
}
