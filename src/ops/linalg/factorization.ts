// Matrices as products: Cholesky, QR, singular values, eigenvalues; with gradients (decomposition.ts).
import { interceptable } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { FLAG, oneOf } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { INPUT, TENSOR } from '../../core/kinds';
import type { Tensor } from '../../core/tensor';
import { zeros } from '../shape/creation';
import { checkMatrix, choleskyOf, eighOf, identityLike, named, qrOf, svdOf, type Results } from './decomposition';
import { matmul as product } from './matmul';
import { cat } from '../shape/cat';
import { expand, mT, narrow, unsqueeze } from '../shape/view';
import { tril } from '../indexing/gather';
import { add, mul, sub } from '../pointwise/arithmetic';
import { ShapeError } from '../../base/errors';
import { formatShape } from '../../base/shape';

/** Options of `cholesky`. */
export interface CholeskyOptions {
  /** Gives the upper factor. */
  upper?: boolean;
}

/** L with A = L Lᵀ of symmetric positive definite matrices; others are faults. @see torch.linalg.cholesky */
export const cholesky: (x: Tensor, ...args: Arguments<[], [upper?: boolean], CholeskyOptions>) => Tensor = takingNamed(
  signature('linalg.cholesky', [INPUT, argument('upper', FLAG, undefined)]),
  (a: Tensor, { upper = false }: CholeskyOptions): Tensor => {
    const [factor] = choleskyOf('linalg.cholesky', a, true);
    return upper ? mT(factor) : factor;
  },
);

/** cholesky, with what failed (int32: 0, or the order of the leading minor) instead of a fault. @see torch.linalg.cholesky_ex */
export const choleskyEx: (
  x: Tensor,
  ...args: Arguments<[], [upper?: boolean, checkErrors?: boolean], CholeskyOptions & { checkErrors?: boolean }>
) => Results<'L' | 'info'> = takingNamed(
  signature('linalg.choleskyEx', [INPUT, argument('upper', FLAG, undefined), argument('checkErrors', FLAG, undefined)]),
  (
    a: Tensor,
    { upper = false, checkErrors = false }: CholeskyOptions & { checkErrors?: boolean },
  ): Results<'L' | 'info'> => {
    const [factor, info] = choleskyOf('linalg.choleskyEx', a, checkErrors);
    return named(['L', 'info'], [upper ? mT(factor) : factor, info]);
  },
);

/** Options of `qr`. */
export interface QrOptions {
  /** Sizes of Q and R: 'reduced' [m, k] and [k, n] with k = min(m, n), 'complete' [m, m] and [m, n], 'r' no Q. */
  mode?: 'reduced' | 'complete' | 'r';
}

/** A = Q R with orthogonal columns in Q and an upper triangle R. @see torch.linalg.qr */
export const qr: (
  x: Tensor,
  ...args: Arguments<[], [mode?: 'reduced' | 'complete' | 'r'], QrOptions>
) => Results<'Q' | 'R'> = takingNamed(
  signature('linalg.qr', [INPUT, argument('mode', oneOf('reduced', 'complete', 'r'), undefined)]),
  (a: Tensor, { mode = 'reduced' }: QrOptions): Results<'Q' | 'R'> => {
    const [q, r] = qrOf(a, mode === 'complete');
    return named(['Q', 'R'], [mode === 'r' ? zeros([0], { dtype: a.dtype, device: a.device }) : q, r]);
  },
);

/** Options of `svd`. */
export interface SvdOptions {
  /** U [m, m] and Vᵀ [n, n] instead of the first min(m, n) columns and rows; default true. */
  fullMatrices?: boolean;
}

/** A = U diag(S) Vᵀ with S descending. @see torch.linalg.svd */
export const svd: (
  x: Tensor,
  ...args: Arguments<[], [fullMatrices?: boolean], SvdOptions>
) => Results<'U' | 'S' | 'Vh'> = takingNamed(
  signature('linalg.svd', [INPUT, argument('fullMatrices', FLAG, undefined)]),
  (a: Tensor, { fullMatrices = true }: SvdOptions): Results<'U' | 'S' | 'Vh'> => {
    const [u, s, vh] = svdOf('linalg.svd', a);
    const [m, n] = a.shape.slice(-2);
    if (!fullMatrices || m === n) return named(['U', 'S', 'Vh'], [u, s, vh]);
    return named(['U', 'S', 'Vh'], [m > n ? completed(u) : u, s, m > n ? vh : mT(completed(mT(vh)))]);
  },
);

/** Orthogonal columns [m, k] and the m - k that are missing. */
function completed(q: Tensor): Tensor {
  const [m, k] = q.shape.slice(-2);
  const [whole] = qrOf(q.detach(), true);
  return cat([q, narrow(whole, -1, k, m - k)], -1);
}

/** Singular values, descending. @see torch.linalg.svdvals */
export const svdvals: (a: Tensor) => Tensor = taking(
  signature('linalg.svdvals', [INPUT]),
  (a) => svdOf('linalg.svdvals', a)[1],
);

type UploArguments = Arguments<[], [UPLO?: 'L' | 'U'], { UPLO?: 'L' | 'U' }>;

const symmetricTaking = (op: string) => signature(op, [INPUT, argument('UPLO', oneOf('L', 'U'), 'L')]);
const EIGH = symmetricTaking('linalg.eigh');
const EIGVALSH = symmetricTaking('linalg.eigvalsh');

function symmetric(takes: typeof EIGH, a: Tensor, args: UploArguments): [values: Tensor, vectors: Tensor] {
  const { input, UPLO } = takes.take([a, ...args]);
  return eighOf(takes.name, UPLO === 'L' ? input : mT(input));
}

/** Eigenvalues (ascending) and eigenvectors (columns) of symmetric matrices, of which one triangle is read. @see torch.linalg.eigh */
export const eigh = interceptable(
  'eigh',
  (a: Tensor, ...args: UploArguments): Results<'eigenvalues' | 'eigenvectors'> =>
    named(['eigenvalues', 'eigenvectors'], symmetric(EIGH, a, args)),
);

/** Eigenvalues of symmetric matrices, ascending. @see torch.linalg.eigvalsh */
export const eigvalsh = interceptable(
  'eigvalsh',
  (a: Tensor, ...args: UploArguments): Tensor => symmetric(EIGVALSH, a, args)[0],
);

/**
 * The first columns [*, m, n] of the product of k reflections I - tau v vᵀ: v has zeros above the diagonal of `input` [*, m, n],
 * 1 on it, and what is below it. `tau` is [*, k], as geqrf gives both.
 * @throws ShapeError unless m >= n >= k
 * @see torch.linalg.householder_product
 */
export const householderProduct: (x: Tensor, ...args: Arguments<[tau: Tensor], [], { tau: Tensor }>) => Tensor = taking(
  signature('linalg.householderProduct', [INPUT, argument('tau', TENSOR)]),
  (a, tau) => {
    const op = 'linalg.householderProduct';
    checkMatrix(op, a);
    const [m, n] = a.shape.slice(-2);
    const k = tau.shape[tau.ndim - 1] ?? 0;
    if (m < n || n < k || formatShape(tau.shape.slice(0, -1)) !== formatShape(a.shape.slice(0, -2)) || tau.ndim < 1) {
      throw new ShapeError(
        op,
        `expected [*, m, n] and [*, k] with m >= n >= k, got ${formatShape(a.shape)} and ${formatShape(tau.shape)}.`,
        { shapes: [a.shape, tau.shape] },
      );
    }
    const ones = narrow(identityLike(a, m), -1, 0, n);
    const reflectors = add(tril(a, -1), ones);
    let q = expand(ones, a.shape);
    for (let i = k - 1; i >= 0; i--) {
      const v = narrow(reflectors, -1, i, 1);
      q = sub(q, mul(unsqueeze(narrow(tau, -1, i, 1), -1), product(v, product(mT(v), q))));
    }
    return q;
  },
);
