// Eigenvalues of matrices that need not be symmetric. They must be real, as there is no complex dtype; only the data tell, so
// that the functions are promises, which reject where one is not.
import { ValueError } from '../../base/errors';
import { numelOf } from '../../base/shape';
import { signature, taking } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import { applyAll, type OpRecord } from '../../core/op';
import { Pauses } from '../../core/pace';
import type { Tensor } from '../../core/tensor';
import { add, div, mul, neg, sub } from '../pointwise/arithmetic';
import { queueCopy } from '../shape/copy';
import { fromArray } from '../shape/creation';
import { diagEmbed } from '../shape/diagonal';
import { diagonal, mT, unsqueeze } from '../shape/view';
import { checkMatrix, eighOf, identityLike, named, solveBatch, type Results } from './decomposition';
import { matmul as product } from './matmul';
import { spectrumOf } from './schur';

// A = V diag(w) V⁻¹, columns of V of norm 1: dA = V⁻ᵀ (diag(dw) + (VᵀdV - VᵀV diag(VᵀdV)) / E) Vᵀ with E = w_j - w_i off the diagonal.
const KNOWN: OpRecord<readonly [a: Tensor, values: Tensor, vectors: Tensor], undefined> = {
  name: 'linalg.eig',
  shape: ([, values, vectors]) => [values, vectors].map(({ shape, dtype }) => ({ shape, dtype })),
  forward: (device, [, values, vectors], [w, v]) => {
    queueCopy(device, values, w);
    queueCopy(device, vectors, v);
  },
  saves: { outputs: [0, 1] },
  backward: (grads, { outputs: [w, v] }) => [
    () => {
      const [gradW, gradV] = [grads[0] ?? null, grads[1] ?? null];
      let middle = gradW === null ? null : diagEmbed(gradW);
      if (gradV !== null) {
        const inner = product(mT(v), gradV);
        const tangent = sub(inner, mul(product(mT(v), v), unsqueeze(diagonal(inner, 0, -2, -1), -2)));
        const gaps = add(sub(unsqueeze(w, -2), unsqueeze(w, -1)), identityLike(v));
        const turned = mul(div(tangent, gaps), add(neg(identityLike(v)), 1));
        middle = middle === null ? turned : add(middle, turned);
      }
      return middle === null ? null : solveBatch('linalg.eig', mT(v), product(middle, mT(v)), false)[0];
    },
    null,
    null,
  ],
};

/** Whether all matrices of n columns are symmetric. */
function areSymmetric(elements: Float64Array, n: number): boolean {
  return elements.every((x, at) => {
    const [i, j] = [Math.floor(at / n) % n, at % n];
    return x === elements[at + (j - i) * n + (i - j)];
  });
}

async function decomposed(op: string, a: Tensor): Promise<[values: Tensor, vectors: Tensor]> {
  const n = a.shape[a.ndim - 1];
  const batch = numelOf(a.shape.slice(0, -2));
  const given = Float64Array.from(await a.detach().data(), Number);
  if (!given.every(Number.isFinite)) {
    throw new ValueError(op, `the elements must be finite, got ${given.find((x) => !Number.isFinite(x))}.`);
  }
  if (areSymmetric(given, n)) {
    // Rounding could make pairs of equal eigenvalues that are not quite real.
    const [w, v] = applyAll(KNOWN, [a, ...eighOf(op, a.detach())] as const, undefined);
    return [w, v];
  }
  const [values, vectors] = [new Float64Array(batch * n), new Float64Array(batch * n * n)];
  const pauses = new Pauses();
  for (let b = 0; b < batch; b++) {
    const rows = Array.from({ length: n }, (_, i) => given.slice((b * n + i) * n, (b * n + i + 1) * n));
    const found = await spectrumOf(rows, pauses);
    if (found === null) throw new ValueError(op, `the QR steps must converge, got none that do for matrix ${b}.`);
    if ('real' in found) {
      const { real, imaginary } = found;
      throw new ValueError(
        op,
        `all eigenvalues must be real, as there is no complex dtype, got ${real} ± ${imaginary}i. ` +
          'Those of a symmetric matrix are: linalg.eigh, and singular values always: linalg.svd.',
      );
    }
    values.set(found.values, b * n);
    found.vectors.forEach((row, i) => {
      vectors.set(row, (b * n + i) * n);
    });
  }
  const tensorOf = (x: Float64Array, shape: readonly number[]): Tensor => {
    const { dtype, device } = a;
    return fromArray(dtype === 'float64' ? x : Float32Array.from(x), [...shape], { dtype, device });
  };
  const known = [a, tensorOf(values, a.shape.slice(0, -1)), tensorOf(vectors, a.shape)] as const;
  const [w, v] = applyAll(KNOWN, known, undefined);
  return [w, v];
}

/**
 * Eigenvalues w and eigenvectors V (columns of norm 1, of either sign) with A V = V diag(w), in no order. Computed in float64 on
 * the page's thread, which has turns; a promise.
 * @throws ValueError where an eigenvalue is not real: there is no complex dtype
 * @see torch.linalg.eig
 */
export const eig: (a: Tensor) => Promise<Results<'eigenvalues' | 'eigenvectors'>> = taking(
  signature('linalg.eig', [INPUT]),
  async (a): Promise<Results<'eigenvalues' | 'eigenvectors'>> => {
    checkMatrix('linalg.eig', a, true);
    return named(['eigenvalues', 'eigenvectors'] as const, await decomposed('linalg.eig', a));
  },
);

/** The eigenvalues of `eig`; a promise. @throws ValueError where one is not real @see torch.linalg.eigvals */
export const eigvals: (a: Tensor) => Promise<Tensor> = taking(
  signature('linalg.eigvals', [INPUT]),
  async (a): Promise<Tensor> => {
    checkMatrix('linalg.eigvals', a, true);
    return (await decomposed('linalg.eigvals', a))[0];
  },
);
