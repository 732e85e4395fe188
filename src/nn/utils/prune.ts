// torch.nn.utils.prune: pruning methods as functions of modules.
import { argument, optional, signature, checkKind } from '../../base/signature';
import { FUNCTION, INTEGER, REAL, TEXT, kind, nullable } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { PARAMETERS } from './vectors';
import { MODULE } from '../module/module';
import { isPlainObject, type Arguments } from '../../base/arguments';
import { KindError } from '../../base/errors';
import { noGrad } from '../../core/backward';
import { copy_ } from '../../ops/shape/copy';
import { onesLike } from '../../ops/shape/creation';
import { cat } from '../../ops/shape/cat';
import { narrow, reshape } from '../../ops/shape/view';
import { numelOf } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Module } from '../module/module';
import {
  combined, CustomFromMask, IdentityPruning, L1Unstructured, LnStructured, Pruning, pruningAt, RandomStructured, RandomUnstructured,
  type AmountOptions, type BasePruningMethod, type LnStructuredOptions, type StructuredOptions,
} from './pruningMethods'; // prettier-ignore
import { removeMember, replacementsOf, restoreParameter } from './replaced';
import { notThere } from './weightNorm';

export {
  BasePruningMethod, CustomFromMask, IdentityPruning as Identity, L1Unstructured, LnStructured, PruningContainer, RandomStructured, RandomUnstructured,
  type AmountOptions, type LnStructuredOptions, type PruningType, type StructuredOptions,
} from './pruningMethods'; // prettier-ignore

const TARGET = [argument('module', MODULE), argument('name', TEXT)] as const;
const IDENTITY = signature('identity', TARGET);
const REMOVE = signature('remove', TARGET);
const MASK = signature('customFromMask', [...TARGET, argument('mask', TENSOR)]);
const IS_PRUNED = signature('isPruned', [argument('module', MODULE)]);
const PAIR = kind<readonly [Module, string]>(
  'a pair of a module and a name',
  (value) => Array.isArray(value) && MODULE.accepts(value[0]) && TEXT.accepts(value[1]),
);
const GLOBAL = signature('globalUnstructured', [
  argument('parameters', PARAMETERS),
  argument('pruningMethod', FUNCTION),
  argument('options', { ...kind<object>('an object of options', isPlainObject), takesObject: true }),
]);

/** A parameter of a module. */
interface Target<M extends Module> {
  module: M;
  name: string;
}
/** A module, the name of its parameter, and what else a function takes; any tail, or all, by name. */
type TargetArguments<M extends Module, Rest extends readonly unknown[], Options extends object> =
  | [module: M, name: string, ...rest: Rest]
  | [module: M, options: Omit<Target<M>, 'module'> & Options]
  | [options: Target<M> & Options];

/** Puts a mask of ones on a parameter. @see torch.nn.utils.prune.identity */
export function identity<M extends Module>(...args: TargetArguments<M, [], object>): M {
  const { module, name } = IDENTITY.take<Target<M>>(args);
  new IdentityPruning().apply(module, name);
  return module;
}

const RANDOM = signature('randomUnstructured', [...TARGET, argument('amount', REAL)]);
const RANDOM_CHANNELS = signature('randomStructured', [...TARGET, argument('amount', REAL), optional('dim', INTEGER)]);

/** Prunes elements of a parameter at random. @see torch.nn.utils.prune.random_unstructured */
export function randomUnstructured<M extends Module>(
  ...args: TargetArguments<M, Arguments<[amount: number], [], AmountOptions>, AmountOptions>
): M {
  const { module, name, amount } = RANDOM.take<Target<M> & AmountOptions>(args);
  new RandomUnstructured(amount).apply(module, name);
  return module;
}

/** Scores that say how much elements matter, instead of the parameter itself. */
interface ScoreOptions {
  importanceScores?: Tensor | null;
}

const L1 = signature('l1Unstructured', [
  ...TARGET,
  argument('amount', REAL),
  optional('importanceScores', nullable(TENSOR)),
]);

/**
 * Prunes the elements of a parameter that are least in size.
 * @example prune.l1Unstructured(layer, 'weight', 0.3); // three of ten become 0, and stay 0
 * @throws RangeError for more than there are, TypeError if there is no such parameter
 * @see torch.nn.utils.prune.l1_unstructured
 */
export function l1Unstructured<M extends Module>(
  ...args: TargetArguments<
    M,
    Arguments<[amount: number], [importanceScores?: Tensor | null], AmountOptions & ScoreOptions>,
    AmountOptions & ScoreOptions
  >
): M {
  const { module, name, amount, importanceScores = null } = L1.take<Target<M> & AmountOptions & ScoreOptions>(args);
  new L1Unstructured(amount).apply(module, name, importanceScores);
  return module;
}

/** Prunes channels of a parameter at random. @see torch.nn.utils.prune.random_structured */
export function randomStructured<M extends Module>(
  ...args: TargetArguments<M, Arguments<[amount: number], [dim?: number], StructuredOptions>, StructuredOptions>
): M {
  const { module, name, ...options } = RANDOM_CHANNELS.take<Target<M> & StructuredOptions>(args);
  new RandomStructured(options).apply(module, name);
  return module;
}

const LN = signature('lnStructured', [
  ...TARGET,
  argument('amount', REAL),
  argument('n', REAL),
  optional('dim', INTEGER),
  optional('importanceScores', nullable(TENSOR)),
]);

/** Prunes the channels of a parameter with the least n-norms. @see torch.nn.utils.prune.ln_structured */
export function lnStructured<M extends Module>(
  ...args: TargetArguments<
    M,
    Arguments<
      [amount: number, n: number],
      [dim?: number, importanceScores?: Tensor | null],
      LnStructuredOptions & ScoreOptions,
      [amount: number, options: Omit<LnStructuredOptions & ScoreOptions, 'amount'>]
    >,
    LnStructuredOptions & ScoreOptions
  >
): M {
  const {
    module,
    name,
    importanceScores = null,
    ...rest
  } = LN.take<Target<M> & LnStructuredOptions & ScoreOptions>(args);
  new LnStructured(rest).apply(module, name, importanceScores);
  return module;
}

/** Prunes a parameter where a mask is 0. @see torch.nn.utils.prune.custom_from_mask */
export function customFromMask<M extends Module>(
  ...args: TargetArguments<M, Arguments<[mask: Tensor], [], { mask: Tensor }>, { mask: Tensor }>
): M {
  const { module, name, mask } = MASK.take<Target<M> & { mask: Tensor }>(args);
  new CustomFromMask(mask).apply(module, name);
  return module;
}

type Parameters = Iterable<readonly [module: Module, name: string]>;
type PruningMethod = new (options: never) => BasePruningMethod;
/** What the method takes, and scores in the place of the parameters. */
type GlobalOptions = Readonly<Record<string, unknown>> & {
  importanceScores?: ReadonlyMap<Module, Readonly<Record<string, Tensor>>>;
};
/** The method may stand among the options. */
function globalArguments([parameters, second, ...rest]: readonly unknown[]): unknown[] {
  if (!isPlainObject(second) || rest.length > 0) return [parameters, second, ...rest];
  const { pruningMethod, ...options } = second;
  return [parameters, pruningMethod, options];
}

/**
 * Prunes the least elements of several parameters taken together.
 * @example prune.globalUnstructured([[net.hidden, 'weight'], [net.out, 'weight']], prune.L1Unstructured, { amount: 0.2 })
 * @throws TypeError unless the method prunes single elements
 * @see torch.nn.utils.prune.global_unstructured
 */
export function globalUnstructured(
  ...args:
    | [parameters: Parameters, pruningMethod: PruningMethod, options: GlobalOptions]
    | [parameters: Parameters, options: GlobalOptions & { pruningMethod: PruningMethod }]
): void {
  const given = globalArguments(args);
  GLOBAL.take(given);
  const [parameters, Method, options] = given as [Parameters, PruningMethod, GlobalOptions];
  const { importanceScores, ...rest } = options;
  const method = Reflect.construct(Method, [rest]) as BasePruningMethod;
  if (method.pruningType !== 'unstructured') {
    throw new KindError('globalUnstructured', `${Method.name} must be unstructured, got ${method.pruningType}.`);
  }
  const list = [...parameters];
  for (const pair of list) checkKind('globalUnstructured', 'each of parameters', PAIR, pair);
  const flat = (x: Tensor): Tensor => reshape(x.detach(), [-1]);
  const masks = noGrad(() => {
    const scores = list.map(
      ([module, name]) => importanceScores?.get(module)?.[name] ?? (Reflect.get(module, name) as Tensor),
    );
    const before = list.map(([module, name], i) => pruningAt(module, name)?.mask() ?? onesLike(scores[i]));
    const mask = combined(method, cat(scores.map(flat)), cat(before.map(flat)));
    let offset = 0;
    return scores.map(({ shape }) => {
      const own = reshape(narrow(mask, 0, offset, numelOf(shape)), shape);
      offset += numelOf(shape);
      return own;
    });
  });
  list.forEach(([module, name], i) => customFromMask(module, name, masks[i]));
}

/** Makes the pruned parameter an ordinary one, with its zeros. @see torch.nn.utils.prune.remove */
export function remove<M extends Module>(...args: TargetArguments<M, [], object>): M {
  const { module, name } = REMOVE.take<Target<M>>(args);
  const pruning = pruningAt(module, name);
  if (pruning === null) throw notThere('prune.remove', module, name);
  const { original } = pruning;
  noGrad(() => copy_(original, pruning.compute()));
  restoreParameter('prune.remove', module, name, original);
  for (const suffix of ['_orig', '_mask']) removeMember(module, name + suffix);
  return module;
}

/** Whether a parameter of the module or of a descendant is pruned. @see torch.nn.utils.prune.is_pruned */
export function isPruned(module: Module, ...none: never[]): boolean {
  IS_PRUNED.take([module, ...none]);
  return module.modules().some((child) => replacementsOf(child).some((replacement) => replacement instanceof Pruning));
}
