// Layers that compare vectors.
import { optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL } from '../../base/kinds';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import * as F from '../functional';
import { Module } from '../module/module';

const COSINE = signature('CosineSimilarity', [optional('dim', INTEGER), optional('eps', REAL)]);

/**
 * x1 · x2 / (max(‖x1‖, eps) max(‖x2‖, eps)) along a dimension, 1 by default.
 *
 * Shape: two that broadcast, [*1, D, *2] -> [*1, *2].
 * @see torch.nn.CosineSimilarity
 */
export class CosineSimilarity extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CosineSimilarity';

  readonly dim: number;
  readonly eps: number;

  constructor(...args: Arguments<[], [dim?: number, eps?: number], F.CosineSimilarityOptions>) {
    super();
    const { dim = 1, eps = 1e-8 } = COSINE.take<F.CosineSimilarityOptions>(args, new.target.name);
    this.dim = dim;
    this.eps = eps;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return F.cosineSimilarity(x1, x2, this.dim, this.eps);
  }
}

const PAIRWISE = signature('PairwiseDistance', [optional('p', REAL), optional('eps', REAL), optional('keepdim', FLAG)]);

/**
 * ‖x1 - x2 + eps‖ along the last dimension, in the p-norm, 2 by default.
 *
 * Shape: two that broadcast, [N, D] or [D] -> [N] or [], [N, 1] or [1] with keepdim.
 * @see torch.nn.PairwiseDistance
 */
export class PairwiseDistance extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'PairwiseDistance';

  readonly norm: number;
  readonly eps: number;
  readonly keepdim: boolean;

  constructor(...args: Arguments<[], [p?: number, eps?: number, keepdim?: boolean], F.PairwiseDistanceOptions>) {
    super();
    const { p = 2, eps = 1e-6, keepdim = false } = PAIRWISE.take<F.PairwiseDistanceOptions>(args, new.target.name);
    this.norm = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return F.pairwiseDistance(x1, x2, this.norm, this.eps, this.keepdim);
  }
}
