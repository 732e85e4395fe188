// Weight normalization: a weight as direction and length.
import { argument, optional, signature } from '../../base/signature';
import { INTEGER, TEXT, nullable } from '../../base/kinds';
import { MODULE } from '../module/module';
import type { Arguments } from '../../base/arguments';
import { KindError } from '../../base/errors';
import { noGrad } from '../../core/backward';
import { div, mul, sqrt, square } from '../../ops/pointwise/arithmetic';
import { sum } from '../../ops/reduce/reduce';
import { wrapDim } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import type { Module } from '../module/module';
import { ownParameter, removeMember, replaceParameter, replacementOf, restoreParameter } from './replaced';

/** Arguments of weightNorm beside the module. */
export interface WeightNormOptions {
  /** The parameter; 'weight' by default. */
  name?: string;
  /** The dimension along which lengths differ; 0 by default, null for one length of the whole. */
  dim?: number | null;
}
const WEIGHT_NORM = signature('weightNorm', [
  argument('module', MODULE),
  optional('name', TEXT),
  optional('dim', nullable(INTEGER)),
]);

/** The norm over all dimensions but `dim`, kept with size 1; null and -1: over all of them, without dimensions. */
export function normExcept(v: Tensor, dim: number | null): Tensor {
  // PyTorch writes null as -1, so that the last dimension cannot be meant by -1.
  if (dim === null || dim === -1) return sqrt(sum(square(v)));
  const kept = wrapDim('weightNorm', dim, v.ndim);
  const others = v.shape.map((_, d) => d).filter((d) => d !== kept);
  return others.length === 0 ? sqrt(square(v)) : sqrt(sum(square(v), others, true));
}

/** w = g v / |v|. */
export const normalized = (v: Tensor, g: Tensor, dim: number | null): Tensor => mul(v, div(g, normExcept(v, dim)));

/**
 * Writes a parameter w as g v / |v|: the parameters `weight_g` (length) and `weight_v` (direction) take its place, and w is
 * computed before every call.
 * @example weightNorm(new nn.Linear(20, 40)) // weight_g [40, 1], weight_v [40, 20]
 * @throws TypeError if the module has no such parameter
 * @see torch.nn.utils.weight_norm, https://arxiv.org/abs/1602.07868
 */
export function weightNorm<M extends Module>(
  module: M,
  ...args: Arguments<[], [name?: string, dim?: number | null], WeightNormOptions>
): M {
  const { name = 'weight', dim = 0 } = WEIGHT_NORM.takeRest<WeightNormOptions>([module], args);
  const weight = ownParameter('weightNorm', module, name);
  const g = new Parameter(noGrad(() => normExcept(weight, dim)));
  const v = new Parameter(weight.detach());
  removeMember(module, name);
  module.registerParameter(`${name}_g`, g);
  module.registerParameter(`${name}_v`, v);
  replaceParameter(module, name, { by: 'weightNorm', compute: () => normalized(v, g, dim) });
  return module;
}

const REMOVE = signature('removeWeightNorm', [argument('module', MODULE), optional('name', TEXT)]);

/** Makes a parameter of what `weightNorm` computes. @see torch.nn.utils.remove_weight_norm */
export function removeWeightNorm<M extends Module>(
  module: M,
  ...args: Arguments<[], [name?: string], { name?: string }>
): M {
  const { name = 'weight' } = REMOVE.takeRest<{ name?: string }>([module], args);
  const found = replacementOf(module, name);
  if (found?.by !== 'weightNorm') throw notThere('removeWeightNorm', module, name);
  const weight = noGrad(() => found.compute());
  restoreParameter('removeWeightNorm', module, name, new Parameter(weight));
  for (const suffix of ['_g', '_v']) removeMember(module, name + suffix);
  return module;
}

/** The error for a parameter that something has not been done to. */
export const notThere = (op: string, module: Module, name: string): TypeError =>
  new KindError(op, `nothing of the kind is at '${name}' of ${module.constructor.name}.`);
