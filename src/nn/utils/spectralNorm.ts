// Spectral normalization: a weight divided by its greatest singular value, which power iterations follow.
import { argument, optional, signature } from '../../base/signature';
import { COUNT, INTEGER, REAL, TEXT, nullable } from '../../base/kinds';
import { MODULE } from '../module/module';
import { checkInteger, type Arguments } from '../../base/arguments';
import { noGrad } from '../../core/backward';
import { clone, copy_ } from '../../ops/shape/copy';
import { empty } from '../../ops/shape/creation';
import { dot, mv } from '../../ops/linalg/matmul';
import { flatten, mT, permute } from '../../ops/shape/view';
import { div } from '../../ops/pointwise/arithmetic';
import { Parameter, type Tensor } from '../../core/tensor';
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from '../layers/convTranspose';
import { normalize } from '../functional/distance';
import { normal_ } from '../init';
import type { Module } from '../module/module';
import { notThere } from './weightNorm';
import { ownParameter, removeMember, replaceParameter, replacementOf, restoreParameter } from './replaced';

/** Arguments of spectralNorm beside the module. */
export interface SpectralNormOptions {
  /** The parameter; 'weight' by default. */
  name?: string;
  /** Iterations before each call in training mode; 1 by default. */
  nPowerIterations?: number;
  /** Keeps norms away from 0; 1e-12 by default. */
  eps?: number;
  /** The dimension of outputs; by default 0, and 1 for transposed convolutions. */
  dim?: number | null;
}
const SPECTRAL_NORM = signature('spectralNorm', [
  argument('module', MODULE),
  optional('name', TEXT),
  optional('nPowerIterations', COUNT),
  optional('eps', REAL),
  optional('dim', nullable(INTEGER)),
]);

type SpectralNormArgs = Arguments<
  [],
  [name?: string, nPowerIterations?: number, eps?: number, dim?: number | null],
  SpectralNormOptions
>;

/** The options with their defaults. @throws RangeError for a count below 1 */
export function spectralOptions(
  module: Module,
  args: SpectralNormArgs,
): Required<SpectralNormOptions> & { dim: number } {
  const options = SPECTRAL_NORM.takeRest<SpectralNormOptions>([module], args);
  const { name = 'weight', nPowerIterations = 1, eps = 1e-12 } = options;
  checkInteger('spectralNorm', 'nPowerIterations', nPowerIterations, 1);
  const isTransposed = [ConvTranspose1d, ConvTranspose2d, ConvTranspose3d].some((Class) => module instanceof Class);
  return { name, nPowerIterations, eps, dim: options.dim ?? (isTransposed ? 1 : 0) };
}
export type SpectralNormArguments = SpectralNormArgs;

/** The weight as a matrix whose rows are outputs. */
export function asMatrix(weight: Tensor, dim: number): Tensor {
  const others = weight.shape.map((_, d) => d).filter((d) => d !== dim);
  return flatten(dim === 0 ? weight : permute(weight, [dim, ...others]), 1);
}

/** The first singular vectors, approximately. */
export interface SingularVectors {
  readonly u: Tensor;
  readonly v: Tensor;
}

/** Random ones, u drawn first. */
export function randomVectors(matrix: Tensor, eps: number): SingularVectors {
  const [rows, columns] = matrix.shape;
  const draw = (n: number): Tensor => {
    const { dtype, device } = matrix;
    return normalize(normal_(empty([n], { dtype, device })), { dim: 0, eps });
  };
  return noGrad(() => ({ u: draw(rows), v: draw(columns) }));
}

/** Brings the vectors nearer, in place. */
export function iterate(matrix: Tensor, { u, v }: SingularVectors, count: number, eps: number): void {
  noGrad(() => {
    for (let i = 0; i < count; i++) {
      copy_(v, normalize(mv(mT(matrix), u), { dim: 0, eps }));
      copy_(u, normalize(mv(matrix, v), { dim: 0, eps }));
    }
  });
}

/** weight / (uᵀ W v). The vectors are copied, as the next call changes them while this one's graph needs them. */
export function divided(weight: Tensor, matrix: Tensor, vectors: SingularVectors): Tensor {
  const [u, v] = noGrad(() => [clone(vectors.u), clone(vectors.v)]);
  return div(weight, dot(u, mv(matrix, v)));
}

/**
 * Divides a parameter by its greatest singular value before every call: `weight_orig` takes its place, the buffers
 * `weight_u` and `weight_v` hold the singular vectors, which calls in training mode bring nearer.
 * @example spectralNorm(new nn.Linear(20, 40)) // weight_u [40], weight_v [20]
 * @throws TypeError if the module has no such parameter
 * @see torch.nn.utils.spectral_norm, https://arxiv.org/abs/1802.05957
 */
export function spectralNorm<M extends Module>(module: M, ...args: SpectralNormArguments): M {
  const { name, nPowerIterations, eps, dim } = spectralOptions(module, args);
  const weight = ownParameter('spectralNorm', module, name);
  const { u, v } = randomVectors(asMatrix(weight, dim), eps);
  removeMember(module, name);
  module.registerParameter(`${name}_orig`, weight);
  module.registerBuffer(`${name}_u`, u);
  module.registerBuffer(`${name}_v`, v);
  // The tensors are looked up again, as `to` exchanges buffers. Nothing is iterated before the first call.
  const vectors = (): SingularVectors => ({
    u: Reflect.get(module, `${name}_u`) as Tensor,
    v: Reflect.get(module, `${name}_v`) as Tensor,
  });
  let isFirst = true;
  replaceParameter(module, name, {
    by: 'spectralNorm',
    compute: () => {
      if (isFirst) {
        isFirst = false;
        return weight.detach();
      }
      const matrix = asMatrix(weight, dim);
      if (module.training) iterate(matrix, vectors(), nPowerIterations, eps);
      return divided(weight, matrix, vectors());
    },
  });
  return module;
}

const REMOVE = signature('removeSpectralNorm', [argument('module', MODULE), optional('name', TEXT)]);

/** Makes a parameter of what `spectralNorm` computes, without another iteration. @see torch.nn.utils.remove_spectral_norm */
export function removeSpectralNorm<M extends Module>(
  module: M,
  ...args: Arguments<[], [name?: string], { name?: string }>
): M {
  const { name = 'weight' } = REMOVE.takeRest<{ name?: string }>([module], args);
  const found = replacementOf(module, name);
  if (found?.by !== 'spectralNorm') throw notThere('removeSpectralNorm', module, name);
  const { training } = module;
  module.training = false;
  const weight = noGrad(() => found.compute());
  module.training = training;
  restoreParameter('removeSpectralNorm', module, name, new Parameter(weight));
  for (const suffix of ['_orig', '_u', '_v']) removeMember(module, name + suffix);
  return module;
}
