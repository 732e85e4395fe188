// Exact products of matrices of integers on kernels of float32: every partial sum is below 2^24, and those are added as int32.
import type { Tensor } from '../core/tensor';
import { mT } from '../ops/shape/view';
import { matmul } from '../ops/linalg/matmul';
import { add } from '../ops/pointwise/arithmetic';
import { narrow } from '../ops/shape/view';
import { to } from '../ops/shape/copy';

/** Up to here every whole number is a float32. */
const WHOLE = 2 ** 24;

/**
 * a bᵀ for whole numbers in float32, exactly, rounded once to float32 at the end: a [*, k] and b [n, k] -> [*, n].
 * @param most The greatest product of an element of a and one of b, by its size.
 */
export function integerProduct(a: Tensor, b: Tensor, most: number): Tensor {
  const k = b.shape[1];
  const length = Math.floor(WHOLE / most);
  if (k <= length) return matmul(a, mT(b));
  let sum: Tensor | null = null;
  for (let start = 0; start < k; start += length) {
    const n = Math.min(length, k - start);
    const part = matmul(narrow(a, a.ndim - 1, start, n), mT(narrow(b, 1, start, n)));
    const whole = to(part, { dtype: 'int32' });
    sum = sum === null ? whole : add(sum, whole);
  }
  return to(sum ?? matmul(a, mT(b)), { dtype: 'float32' });
}
