// torch.norm: norms of vectors, and the nuclear one of matrices. The library itself uses the former alone, so that a page
// without matrices need not carry their decompositions.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { NUMBER, DIMS, oneOf, either } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { INPUT, KEEPDIM, TO_DTYPE } from '../../core/kinds';
import type { DType } from '../../base/dtype';
import type { Tensor } from '../../core/tensor';
import { matrixNorm } from '../linalg/matrixNorm';
import type { Dims } from './reduce';
import { norm as vectorNorm } from './statistics';

/** Options of `norm`. */
export interface NormOptions {
  /** 2 by default; Infinity, -Infinity and 0 (count of nonzeros) too. 'fro' means 2; 'nuc' sums singular values. */
  p?: number | 'fro' | 'nuc' | null;
  dim?: Dims;
  keepdim?: boolean;
  /** The input is converted to this first. */
  dtype?: DType | null;
}

const NORM = signature('norm', [
  INPUT, argument('p', either(NUMBER, oneOf('fro', 'nuc')), null), argument('dim', DIMS, null), KEEPDIM, TO_DTYPE,
]); // prettier-ignore

/**
 * (Σ |x|^p)^(1/p) over some dimensions or all, as a vector norm; the gradient at 0 is 0. With 'nuc' the sum of the singular
 * values of a matrix, or of matrices in two dimensions.
 * @see torch.norm
 */
export function norm(
  x: Tensor,
  ...args: Arguments<
    [],
    [p?: number | 'fro' | 'nuc' | null, dim?: Dims, keepdim?: boolean, dtype?: DType | null],
    NormOptions
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('norm', norm, [x, ...args]);
  const { p, dim, keepdim, dtype } = NORM.take([x, ...args]);
  const rest = { keepdim, dtype };
  if (p !== 'nuc') return vectorNorm(x, { p, dim, ...rest });
  const all = dim ?? x.shape.map((_, d) => d);
  return matrixNorm(x, { ord: p, dim: typeof all === 'number' ? [all] : all, ...rest });
}
