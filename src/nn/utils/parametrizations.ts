// torch.nn.utils.parametrizations: orthogonal, of unit spectral norm, as direction and length.
import { argument, optional, signature } from '../../base/signature';
import { INTEGER, TEXT, nullable } from '../../base/kinds';
import { MODULE } from '../module/module';
import type { Arguments } from '../../base/arguments';
import { noGrad } from '../../core/backward';
import { clone } from '../../ops/shape/copy';
import { mT } from '../../ops/shape/view';
import { div, sqrt, square } from '../../ops/pointwise/arithmetic';
import { sum } from '../../ops/reduce/reduce';
import { wrapDim } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { Module } from '../module/module';
import { registerParametrization, type Parametrized } from './parametrize';
import { tensorOf } from './replaced';
import {
  asMatrix, divided, iterate, randomVectors, spectralOptions, type SingularVectors, type SpectralNormArguments,
} from './spectralNorm'; // prettier-ignore
import { normalized, normExcept, type WeightNormOptions } from './weightNorm';

export { orthogonal, type OrthogonalMap, type OrthogonalOptions } from './orthogonal';

/** Iterations that the singular vectors start with. */
const FIRST_ITERATIONS = 15;

/** Iterations that bring u nearer first: those of nn.utils.spectralNorm on the transposed matrix. */
const iterateFromV = (matrix: Tensor, { u, v }: SingularVectors, count: number, eps: number): void =>
  iterate(mT(matrix), { u: v, v: u }, count, eps);

/** weight / its greatest singular value, whose vectors are the buffers _u and _v; a vector is divided by its norm. */
class SpectralNorm extends Module {
  _u: Tensor | null = null;
  _v: Tensor | null = null;

  constructor(
    weight: Tensor,
    private readonly iterations: number,
    private readonly dim: number,
    private readonly eps: number,
  ) {
    super();
    if (weight.ndim < 2) return;
    const matrix = noGrad(() => asMatrix(weight, dim));
    const { u, v } = randomVectors(matrix, eps);
    iterateFromV(matrix, { u, v }, FIRST_ITERATIONS, eps);
    this._u = this.registerBuffer('_u', u);
    this._v = this.registerBuffer('_v', v);
  }

  override forward(weight: Tensor): Tensor {
    const { _u: u, _v: v } = this;
    if (u === null || v === null) return div(weight, sqrt(sum(square(weight))).clamp(this.eps));
    const matrix = asMatrix(weight, this.dim);
    if (this.training) iterateFromV(matrix, { u, v }, this.iterations, this.eps);
    return divided(weight, matrix, { u, v });
  }

  rightInverse(value: Tensor): Tensor {
    return value;
  }
}

/**
 * Divides a parameter by its greatest singular value whenever it is read; in training mode the singular vectors come
 * nearer each time. They start close, unlike those of `nn.utils.spectralNorm`.
 * @see torch.nn.utils.parametrizations.spectral_norm
 */
export function spectralNorm<M extends Module>(module: M, ...args: SpectralNormArguments): Parametrized<M> {
  const { name, nPowerIterations, eps, dim } = spectralOptions(module, args);
  const weight = tensorOf('spectralNorm', module, name);
  const wrapped = wrapDim('spectralNorm', dim, weight.ndim);
  return registerParametrization(module, name, new SpectralNorm(weight, nPowerIterations, wrapped, eps));
}

/** w = g v / |v| of length g and direction v. */
class WeightNorm extends Module {
  constructor(private readonly dim: number | null) {
    super();
  }

  override forward(g: Tensor, v: Tensor): Tensor {
    return normalized(v, g, this.dim);
  }

  rightInverse(weight: Tensor): Tensor[] {
    return [normExcept(weight, this.dim), clone(weight)];
  }
}

const WEIGHT_NORM = signature('weightNorm', [
  argument('module', MODULE),
  optional('name', TEXT),
  optional('dim', nullable(INTEGER)),
]);

/**
 * Writes a parameter as length `original0` and direction `original1`. The function is PyTorch 2's; 1.13 has
 * `nn.utils.weightNorm` alone.
 * @see torch.nn.utils.parametrizations.weight_norm
 */
export function weightNorm<M extends Module>(
  module: M,
  ...args: Arguments<[], [name?: string, dim?: number | null], WeightNormOptions>
): Parametrized<M> {
  const { name = 'weight', dim = 0 } = WEIGHT_NORM.takeRest<WeightNormOptions>([module], args);
  return registerParametrization(module, name, new WeightNorm(dim), { unsafe: true });
}
