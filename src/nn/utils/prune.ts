// torch.nn.utils.prune: pruning methods as functions of modules.
import { gather, type Arguments } from '../../base/arguments';
import { noGrad } from '../../core/backward';
import { copy_ } from '../../ops/shape/copy';
import { onesLike } from '../../ops/shape/creation';
import { cat } from '../../ops/shape/cat';
import { narrow, reshape } from '../../ops/shape/view';
import { numelOf } from '../../base/shape';
import { Tensor } from '../../core/tensor';
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

/** Puts a mask of ones on a parameter. @see torch.nn.utils.prune.identity */
export function identity<M extends Module>(module: M, name: string, options: Record<never, never> = {}): M {
  gather('identity', [], [options]);
  new IdentityPruning().apply(module, name);
  return module;
}

/** Prunes elements of a parameter at random. @see torch.nn.utils.prune.random_unstructured */
export function randomUnstructured<M extends Module>(
  module: M,
  name: string,
  ...args: Arguments<AmountOptions, readonly ['amount']>
): M {
  new RandomUnstructured(...args).apply(module, name);
  return module;
}

/** Scores that say how much elements matter, instead of the parameter itself. */
interface ScoreOptions {
  importanceScores?: Tensor | null;
}

const L1 = ['amount', 'importanceScores'] as const;

/**
 * Prunes the elements of a parameter that are least in size.
 * @example prune.l1Unstructured(layer, 'weight', 0.3); // three of ten become 0, and stay 0
 * @throws RangeError for more than there are, TypeError if there is no such parameter
 * @see torch.nn.utils.prune.l1_unstructured
 */
export function l1Unstructured<M extends Module>(
  module: M,
  name: string,
  ...args: Arguments<AmountOptions & ScoreOptions, typeof L1>
): M {
  const { amount, importanceScores = null } = gather<AmountOptions & ScoreOptions>('l1Unstructured', L1, args);
  new L1Unstructured(amount).apply(module, name, importanceScores);
  return module;
}

/** Prunes channels of a parameter at random. @see torch.nn.utils.prune.random_structured */
export function randomStructured<M extends Module>(
  module: M,
  name: string,
  ...args: Arguments<StructuredOptions, readonly ['amount', 'dim']>
): M {
  new RandomStructured(...args).apply(module, name);
  return module;
}

const LN = ['amount', 'n', 'dim', 'importanceScores'] as const;

/** Prunes the channels of a parameter with the least n-norms. @see torch.nn.utils.prune.ln_structured */
export function lnStructured<M extends Module>(
  module: M,
  name: string,
  ...args: Arguments<LnStructuredOptions & ScoreOptions, typeof LN>
): M {
  const { importanceScores = null, ...rest } = gather<LnStructuredOptions & ScoreOptions>('lnStructured', LN, args);
  new LnStructured(rest).apply(module, name, importanceScores);
  return module;
}

/** Prunes a parameter where a mask is 0. @see torch.nn.utils.prune.custom_from_mask */
export function customFromMask<M extends Module>(module: M, name: string, mask: Tensor | { mask: Tensor }): M {
  new CustomFromMask(mask instanceof Tensor ? mask : mask.mask).apply(module, name);
  return module;
}

/**
 * Prunes the least elements of several parameters taken together.
 * @example prune.globalUnstructured([[net.hidden, 'weight'], [net.out, 'weight']], prune.L1Unstructured, { amount: 0.2 })
 * @throws TypeError unless the method prunes single elements
 * @see torch.nn.utils.prune.global_unstructured
 */
export function globalUnstructured(
  parameters: Iterable<readonly [module: Module, name: string]>,
  Method: new (options: never) => BasePruningMethod,
  options: Readonly<Record<string, unknown>> & {
    importanceScores?: ReadonlyMap<Module, Readonly<Record<string, Tensor>>>;
  },
): void {
  const { importanceScores, ...rest } = options;
  const method = Reflect.construct(Method, [rest]) as BasePruningMethod;
  if (method.pruningType !== 'unstructured') {
    throw new TypeError(`globalUnstructured: ${Method.name} must be unstructured, got ${method.pruningType}.`);
  }
  const list = [...parameters];
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
export function remove<M extends Module>(module: M, name: string): M {
  const pruning = pruningAt(module, name);
  if (pruning === null) throw notThere('prune.remove', module, name);
  const { original } = pruning;
  noGrad(() => copy_(original, pruning.compute()));
  restoreParameter('prune.remove', module, name, original);
  for (const suffix of ['_orig', '_mask']) removeMember(module, name + suffix);
  return module;
}

/** Whether a parameter of the module or of a descendant is pruned. @see torch.nn.utils.prune.is_pruned */
export const isPruned = (module: Module): boolean =>
  module.modules().some((child) => replacementsOf(child).some((replacement) => replacement instanceof Pruning));
