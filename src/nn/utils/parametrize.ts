// torch.nn.utils.parametrize: tensors of a module as functions of others. The functions are modules, the others are
// parameters below `parametrizations`; the tensor is computed whenever it is read.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { FLAG, TEXT, FUNCTION } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { MODULE } from '../module/module';
import type { Arguments } from '../../base/arguments';
import { checkGiven } from '../../core/given';
import { noGrad } from '../../core/backward';
import { KindError, DTypeError, ShapeError } from '../../base/errors';
import { formatShape, sameShape } from '../../base/shape';
import { Parameter, Tensor } from '../../core/tensor';
import { ModuleDict, ModuleList } from '../layers/containers';
import type { Module } from '../module/module';

/**
 * A module whose `forward` gives the tensor, and whose `rightInverse`, if it has one, gives what `forward` has to be given
 * for it: one tensor, or several, which the first parametrization then takes as arguments.
 */
export interface Parametrization extends Module {
  /** What `forward` has to be given for `value` to come out. */
  rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}

/** Thrown by a `rightInverse` that is not defined after all: registering goes on without it, assigning does not. */
export class NoRightInverseError extends TypeError {
  override name = 'NoRightInverseError';
}

/** Options of `registerParametrization`. */
export interface ParametrizationOptions {
  /** Whether shape and dtype of the tensor may change, and nothing is checked; false by default. */
  unsafe?: boolean;
}

/** A module after `registerParametrization`. */
export type Parametrized<M extends Module> = M & {
  readonly parametrizations: ModuleDict<Record<string, ParametrizationList>>;
};

/** The parametrizations of one tensor, in order, and `original` (or `original0`, `original1`, ...), what they start from. */
export class ParametrizationList extends ModuleList<Parametrization> {
  private readonly originalNames: readonly string[];
  private unsafe: boolean;

  static {
    methodsTake(
      this,
      signature('append', [argument('next', MODULE)]),
      signature('allowUnsafe', []),
      signature('assign', [argument('value', TENSOR)]),
    );
  }

  /** @internal Use `registerParametrization`. */
  constructor(first: Parametrization, original: Tensor, unsafe: boolean) {
    super([first]);
    this.unsafe = unsafe;
    const { shape, dtype } = original;
    const inverse = noGrad(() => inverted([first], original, true));
    if (inverse instanceof Tensor) {
      if (inverse.dtype !== dtype) throw changed('the dtype', 'rightInverse', dtype, inverse.dtype);
      // The same object, so that optimizers that have it go on with it.
      original.adopt(inverse === original ? original : inverse.detach());
      this.originalNames = ['original'];
      if (original instanceof Parameter) this.registerParameter('original', original);
      else this.registerBuffer('original', original);
    } else {
      this.originalNames = inverse.map((_, i) => `original${i}`);
      inverse.forEach((tensor, i) => {
        const isParameter = original instanceof Parameter;
        const name = this.originalNames[i];
        if (isParameter) this.registerParameter(name, new Parameter(tensor.detach(), original.requiresGrad));
        else this.registerBuffer(name, tensor.detach());
      });
    }
    if (!unsafe) checkAlike(this.forward(), shape, dtype);
  }

  /** The tensors that everything is computed from. */
  get originals(): Tensor[] {
    return this.originalNames.map((name) => Reflect.get(this, name) as Tensor);
  }

  /** Adds another one after the present ones. */
  override append(next: Parametrization): this {
    if (this.length > 0 && this.originalNames !== undefined && !this.unsafe) {
      const value = this.forward();
      checkAlike(next(value), value.shape, value.dtype);
    }
    return super.append(next);
  }

  /** Lets shape and dtype change from here on. */
  allowUnsafe(): void {
    this.unsafe = true;
  }

  /** Sets what everything is computed from so that `value` comes out. @throws NoRightInverseError if that is not defined */
  assign(value: Tensor): void {
    noGrad(() => {
      const inverse = inverted([...this], value, false);
      const tensors = inverse instanceof Tensor ? [inverse] : inverse;
      const { originals } = this;
      if (tensors.length !== originals.length) {
        throw new KindError(
          'parametrize',
          `rightInverse must give ${originals.length} tensors, got ${tensors.length}.`,
        );
      }
      originals.forEach((original, i) => {
        if (original.dtype !== tensors[i].dtype)
          throw changed('the dtype', 'rightInverse', original.dtype, tensors[i].dtype);
        original.adopt(tensors[i].detach());
      });
    });
  }

  override forward(): Tensor {
    const [first, ...rest] = [...this];
    return rest.reduce((value, next) => given(next, next(value)), given(first, first(...this.originals)));
  }
}

/** What a parametrization has given. @throws TypeError, FreedError unless it is a tensor */
function given(parametrization: Parametrization, value: unknown): Tensor {
  checkGiven(`parametrize: forward of ${parametrization.constructor.name}`, value);
  return value;
}

/** What the parametrizations have to start from. */
function inverted(
  parametrizations: readonly Parametrization[],
  value: Tensor,
  isOptional: boolean,
): Tensor | readonly Tensor[] {
  let inverse: Tensor | readonly Tensor[] = value;
  for (const parametrization of [...parametrizations].reverse()) {
    if (parametrization.rightInverse === undefined) {
      if (isOptional) continue;
      throw new NoRightInverseError(
        `parametrize: ${parametrization.constructor.name} must have a rightInverse for the tensor to be assigned to.`,
      );
    }
    try {
      inverse = parametrization.rightInverse(inverse as Tensor);
    } catch (error) {
      if (!(isOptional && error instanceof NoRightInverseError)) throw error;
    }
    const who = `parametrize: rightInverse of ${parametrization.constructor.name}`;
    const tensors: readonly unknown[] = Array.isArray(inverse) ? inverse : [inverse];
    for (const tensor of tensors) checkGiven(who, tensor);
  }
  return inverse;
}

function checkAlike(value: unknown, shape: readonly number[], dtype: string): void {
  checkGiven('parametrize: forward', value);
  if (value.dtype !== dtype) throw changed('the dtype', 'forward', dtype, value.dtype);
  if (!sameShape(value.shape, shape)) {
    throw new ShapeError(
      'parametrize',
      `forward may not change the shape unless unsafe is set, got ${formatShape(value.shape)} for ${formatShape(shape)}.`,
      { shape: value.shape },
    );
  }
}

const changed = (what: string, by: string, from: string, to: string): DTypeError =>
  new DTypeError('parametrize', `${by} may not change ${what}, got ${to} for ${from}.`, { from, to });

/** Tensors computed since the outermost `cached` began, by module and name; null outside of it. */
let cache: Map<Module, Map<string, Tensor>> | null = null;

const CACHED = signature('cached', [argument('fn', FUNCTION)]);

/**
 * Runs a function during which every parametrized tensor is computed once. For weights that are read several times
 * between two steps, as in recurrent layers.
 * @example const loss = parametrize.cached(() => lossFn(net(x), y))
 * @see torch.nn.utils.parametrize.cached
 */
export function cached<T>(fn: () => T, ...none: never[]): T {
  CACHED.take([fn, ...none]);
  if (cache !== null) return fn();
  cache = new Map();
  const end = (): void => {
    cache = null;
  };
  let result: T;
  try {
    result = fn();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) return result.finally(end) as T;
  end();
  return result;
}

function valueOf(module: Parametrized<Module>, name: string): Tensor {
  const list = module.parametrizations.get(name);
  if (cache === null) return list();
  const known = cache.get(module) ?? new Map<string, Tensor>();
  cache.set(module, known);
  const value = known.get(name) ?? list();
  known.set(name, value);
  return value;
}

/** Marks a class that a parametrized module has in the place of its own. */
const INJECTED = Symbol('parametrized');

/** Gives a module a class of its own, below its present one, for properties that are computed. */
function injectClass(module: Module): void {
  const Base = module.constructor as typeof Module;
  const Injected = class extends Base {};
  Object.defineProperty(Injected, 'name', { value: `Parametrized${Base.name}` });
  Object.defineProperty(Injected.prototype, INJECTED, { value: Base });
  Object.setPrototypeOf(module, Injected.prototype as object);
}

function injectProperty(module: Module, name: string): void {
  const parametrized = module as Parametrized<Module>;
  Object.defineProperty(Object.getPrototypeOf(module), name, {
    configurable: true,
    get: () => valueOf(parametrized, name),
    set: (value: Tensor) => parametrized.parametrizations.get(name).assign(value),
  });
}

const IS_PARAMETRIZED = signature('isParametrized', [argument('module', MODULE), argument('tensorName', TEXT, null)]);
const TYPE_BEFORE = signature('typeBeforeParametrizations', [argument('module', MODULE)]);
const REMOVE = signature('removeParametrizations', [
  argument('module', MODULE), argument('tensorName', TEXT), argument('leaveParametrized', FLAG, true),
]); // prettier-ignore

/** Whether a tensor of the module, or any, is parametrized. @see torch.nn.utils.parametrize.is_parametrized */
export function isParametrized(...args: readonly [module: Module, tensorName?: string]): boolean {
  const { module, tensorName } = IS_PARAMETRIZED.take(args);
  const dict: unknown = Reflect.get(module, 'parametrizations');
  if (!(dict instanceof ModuleDict)) return false;
  return tensorName === null ? dict.length > 0 : dict.has(tensorName);
}

/** The module's class before it was parametrized. @see torch.nn.utils.parametrize.type_before_parametrizations */
export function typeBeforeParametrizations(...args: readonly [module: Module]): typeof Module {
  const { module } = TYPE_BEFORE.take(args);
  return (Reflect.get(module, INJECTED) as typeof Module | undefined) ?? (module.constructor as typeof Module);
}

const OPTIONS = signature('registerParametrization', [
  argument('module', MODULE),
  argument('tensorName', TEXT),
  argument('parametrization', MODULE),
  optional('unsafe', FLAG),
]);
type RegisterOptions = ParametrizationOptions & { tensorName: string; parametrization: Parametrization };

/**
 * Makes a parameter or buffer a function of others: reading `module[tensorName]` computes
 * `parametrization(module.parametrizations.get(tensorName).original)`, assigning to it goes through `rightInverse`. Further
 * parametrizations of the tensor apply to what the ones before give.
 * @example
 * class Symmetric extends nn.Module {
 *   override forward(x: Tensor) { return x.triu().add(x.triu(1).T); }
 *   rightInverse(a: Tensor) { return a.triu(); }
 * }
 * const layer = parametrize.registerParametrization(new nn.Linear(5, 5), 'weight', new Symmetric());
 * layer.weight; // symmetric
 * @throws TypeError if there is no such tensor; ShapeError, DTypeError if it would change without `unsafe`
 * @see torch.nn.utils.parametrize.register_parametrization
 */
export function registerParametrization<M extends Module>(
  module: M,
  ...args: Arguments<
    [tensorName: string, parametrization: Parametrization],
    [unsafe?: boolean],
    RegisterOptions,
    [tensorName: string, options: Omit<RegisterOptions, 'tensorName'>]
  >
): Parametrized<M> {
  const { tensorName, parametrization, unsafe = false } = OPTIONS.takeRest<RegisterOptions>([module], args);
  parametrization.train(module.training);
  const parametrized = module as Parametrized<M>;
  if (isParametrized(module, tensorName)) {
    const list = parametrized.parametrizations.get(tensorName);
    if (unsafe) list.allowUnsafe();
    list.append(parametrization);
    return parametrized;
  }
  const own = Object.fromEntries([
    ...module.namedParameters({ recurse: false }),
    ...module.namedBuffers({ recurse: false }),
  ] as [string, Tensor][]);
  if (!Object.hasOwn(own, tensorName)) {
    throw new KindError(
      'registerParametrization',
      `${module.constructor.name} has no parameter or buffer '${tensorName}'. ` +
        `It has ${Object.keys(own).join(', ') || 'none'}.`,
    );
  }
  const list = new ParametrizationList(parametrization, own[tensorName], unsafe);
  Reflect.deleteProperty(module, tensorName);
  if (!isParametrized(module)) {
    injectClass(module);
    Reflect.set(module, 'parametrizations', new ModuleDict());
  }
  injectProperty(module, tensorName);
  parametrized.parametrizations.set(tensorName, list);
  return parametrized;
}

/**
 * Makes the tensor an ordinary one again: with the value that it has, or, with `leaveParametrized` false, the one that it is
 * computed from.
 * @throws TypeError if it is not parametrized, or is to be left as one of several tensors
 * @see torch.nn.utils.parametrize.remove_parametrizations
 */
export function removeParametrizations<M extends Module>(
  module: M,
  tensorName: string,
  ...args: Arguments<[], [leaveParametrized?: boolean], { leaveParametrized?: boolean }>
): M {
  const { leaveParametrized: leave } = REMOVE.take([module, tensorName, ...args]);
  if (!isParametrized(module, tensorName)) {
    throw new KindError('removeParametrizations', `'${tensorName}' of ${module.constructor.name} is not parametrized.`);
  }
  const { parametrizations } = module as Parametrized<M>;
  const list = parametrizations.get(tensorName);
  const { originals } = list;
  const isParameter = originals[0] instanceof Parameter;
  let tensor = originals[0];
  if (originals.length > 1 && !leave) {
    throw new KindError(
      'removeParametrizations',
      `'${tensorName}' is computed from ${originals.length} tensors, which cannot be left as one.`,
    );
  }
  if (leave) {
    const value = noGrad(() => list()).detach();
    if (originals.length === 1) tensor.adopt(value);
    else tensor = isParameter ? new Parameter(value, tensor.requiresGrad) : value;
  }
  Reflect.deleteProperty(Object.getPrototypeOf(module) as object, tensorName);
  parametrizations.pop(tensorName);
  if (parametrizations.length === 0) {
    Reflect.deleteProperty(module, 'parametrizations');
    Object.setPrototypeOf(module, typeBeforeParametrizations(module).prototype);
  }
  if (isParameter) Reflect.set(module, tensorName, tensor);
  else module.registerBuffer(tensorName, tensor);
  return module;
}
