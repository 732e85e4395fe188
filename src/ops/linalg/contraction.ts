// Products that sum over named or counted dimensions: einsum, tensordot and their kin, and distances. All are views,
// permutations and batched matrix products.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { NUMBER, TEXT, INTEGER, COUNT, DIM, listOf, either, kind } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, SEVERAL_TENSORS, INPUT, OTHER } from '../../core/kinds';
import { composed } from '../../base/errorText';
import { ShapeError, ValueError } from '../../base/errors';
import { formatShape, numelOf, wrapDim, wrapDims } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { roll } from '../shape/flip';
import { diagonal, expand, permute, reshape, unsqueeze } from '../shape/view';
import { bmm, dot, mm } from './matmul';
import { mul, sub } from '../pointwise/arithmetic';
import { checkFloat, sum } from '../reduce/reduce';
import { norm } from '../reduce/statistics';

// ---- einsum -----------------------------------------------------------------------------------------

/** A tensor with a label for each dimension. */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/** Labels for the dimensions that `...` stands for; the last one is ELLIPSIS0. */
const ellipsisLabel = (fromEnd: number): string => `...${fromEnd}`;

function parseTerm(term: string, ndim: number): string[] {
  const [before, after, ...more] = term.split('...');
  if (more.length > 0) throw new ValueError('einsum', `'...' may appear once in a term, got '${term}'.`);
  const letters = [...before, ...(after ?? '')];
  for (const letter of letters) {
    if (!/[A-Za-z]/.test(letter)) throw new ValueError('einsum', `labels must be letters, got '${letter}'.`);
  }
  const count = ndim - letters.length;
  if (count < 0 || (after === undefined && count !== 0)) {
    throw new ShapeError('einsum', `'${term}' must name all ${ndim} dimensions of its operand.`);
  }
  const hidden = Array.from({ length: count }, (_, i) => ellipsisLabel(count - 1 - i));
  return [...before, ...hidden, ...(after ?? '')];
}

/** Labels that occur twice in a term take the diagonal. */
function withoutRepeats({ x, labels }: Labelled): Labelled {
  const again = labels.findIndex((label, i) => labels.indexOf(label) < i);
  if (again < 0) return { x, labels };
  const first = labels.indexOf(labels[again]);
  if (x.shape[first] !== x.shape[again]) {
    throw new ShapeError(
      'einsum',
      `label '${labels[again]}' stands for sizes ${x.shape[first]} and ${x.shape[again]}.`,
    );
  }
  const kept = labels.filter((_, i) => i !== first && i !== again);
  return withoutRepeats({ x: diagonal(x, 0, first, again), labels: [...kept, labels[again]] });
}

/** Sums over the labels that nothing needs. */
function summed({ x, labels }: Labelled, needed: ReadonlySet<string>): Labelled {
  const dims = labels.flatMap((label, d) => (needed.has(label) ? [] : [d]));
  if (dims.length === 0) return { x, labels };
  return { x: x.sum(dims), labels: labels.filter((label) => needed.has(label)) };
}

/** The product of two, summed over the labels that only they have. */
function contract(a: Labelled, b: Labelled, needed: ReadonlySet<string>): Labelled {
  const left = summed(a, new Set([...needed, ...b.labels]));
  const right = summed(b, new Set([...needed, ...a.labels]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const inner = shared.filter((label) => !needed.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const sizeOf = (label: string): number => {
    const sizes = [left, right].flatMap(({ x, labels }) =>
      labels.includes(label) ? [x.shape[labels.indexOf(label)]] : [],
    );
    const size = Math.max(...sizes) === 1 || sizes.includes(0) ? Math.min(...sizes) : Math.max(...sizes);
    if (sizes.some((other) => other !== size && other !== 1)) {
      throw new ShapeError('einsum', `label '${label}' stands for sizes ${sizes.join(' and ')}.`);
    }
    return size;
  };
  const arranged = ({ x, labels }: Labelled, groups: readonly (readonly string[])[]): Tensor => {
    const order = groups.flat();
    const ordered = permute(x, order.map((label) => labels.indexOf(label))); // prettier-ignore
    const whole = expand(ordered, order.map(sizeOf));
    return reshape(whole, groups.map((group) => numelOf(group.map(sizeOf)))); // prettier-ignore
  };
  const product = bmm(arranged(left, [batch, rows, inner]), arranged(right, [batch, inner, columns]));
  const labels = [...batch, ...rows, ...columns];
  return { x: reshape(product, labels.map(sizeOf)), labels };
}

const EINSUM = signature('einsum', [argument('equation', TEXT), argument('operands', SEVERAL_TENSORS)]);

/**
 * Sums of products over labelled dimensions: labels that the result lacks are summed over. Without `->` the result has
 * the labels that occur once, in alphabetical order.
 * @example einsum('bij,bjk->bik', a, b); einsum('ii', x); einsum('...i,i', x, y)
 * @throws ShapeError if labels and sizes do not fit
 * @see torch.einsum
 */
export function einsum(...args: [equation: string, ...operands: readonly (Tensor | readonly Tensor[])[]]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('einsum', einsum, args);
  const { equation, operands: tensors } = EINSUM.take(args);
  const [inputs, output, ...more] = equation.replaceAll(' ', '').split('->');
  const terms = inputs.split(',');
  if (more.length > 0) throw new ValueError('einsum', `'->' may appear once, got '${equation}'.`);
  if (terms.length !== tensors.length || tensors.length === 0) {
    throw new ValueError('einsum', `'${equation}' names ${terms.length} operands, got ${tensors.length}.`);
  }
  const parsed = terms.map((term, i) => ({ x: tensors[i], labels: parseTerm(term, tensors[i].ndim) }));
  const all = parsed.flatMap(({ labels }) => labels);
  const hidden = [...new Set(all.filter((label) => label.startsWith('...')))].sort().reverse();
  const once = [...new Set(all)].filter(
    (label) => !label.startsWith('...') && all.indexOf(label) === all.lastIndexOf(label),
  );
  const result = output === undefined ? [...hidden, ...once.sort()] : parseOutput(output, hidden, all, equation);
  const known = new Set(result);
  let total = withoutRepeats(parsed[0]);
  for (let i = 1; i < parsed.length; i++) {
    const needed = new Set([...known, ...parsed.slice(i + 1).flatMap(({ labels }) => labels)]);
    total = contract(total, withoutRepeats(parsed[i]), needed);
  }
  const { x, labels } = summed(total, known);
  return permute(x, result.map((label) => labels.indexOf(label))); // prettier-ignore
}

function parseOutput(output: string, hidden: readonly string[], all: readonly string[], equation: string): string[] {
  const [before, after] = output.split('...');
  const labels = after === undefined ? [...before] : [...before, ...hidden, ...after];
  for (const label of labels) {
    if (!all.includes(label)) throw new ValueError('einsum', `no operand of '${equation}' has label '${label}'.`);
    if (labels.indexOf(label) !== labels.lastIndexOf(label)) {
      throw new ValueError('einsum', `label '${label}' occurs twice in the result of '${equation}'.`);
    }
  }
  return labels;
}

// ---- counted dimensions -------------------------------------------------------------------------------

/** How many last dimensions of a and first ones of b are summed over, or which of each. */
export type TensordotDims = number | readonly [readonly number[], readonly number[]];

const PAIR_OF_LISTS = kind<readonly [readonly number[], readonly number[]]>(
  'two lists of dimensions',
  (value) => Array.isArray(value) && value.length === 2 && value.every(listOf(INTEGER).accepts),
);
const TENSORDOT = signature('tensordot', [INPUT, OTHER, argument('dims', either(COUNT, PAIR_OF_LISTS), 2)]);

/** Products summed over pairs of dimensions; by default the last two of a and the first two of b. @see torch.tensordot */
export function tensordot(
  a: Tensor,
  b: Tensor,
  ...args: Arguments<[], [dims?: TensordotDims], { dims?: TensordotDims }>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('tensordot', tensordot, [a, b, ...args]);
  const { dims: given } = TENSORDOT.take([a, b, ...args]);
  if (typeof given === 'number' && (given > a.ndim || given > b.ndim)) {
    throw new ValueError('tensordot', `dims must be in [0, ${Math.min(a.ndim, b.ndim)}], got ${given}.`);
  }
  const [left, right] =
    typeof given === 'number'
      ? [Array.from({ length: given }, (_, i) => a.ndim - given + i), Array.from({ length: given }, (_, i) => i)]
      : [wrapDims('tensordot', given[0], a.ndim), wrapDims('tensordot', given[1], b.ndim)];
  // Of sizes that differ one may be 1: it stands for as many as the other has.
  const fits = (m: number, n: number): boolean => m === n || m === 1 || n === 1;
  if (left.length !== right.length || !left.every((d, i) => fits(a.shape[d], b.shape[right[i]]))) {
    throw new ShapeError(
      'tensordot',
      `the dimensions that are summed over must match, got ${formatShape(left)} of ${formatShape(a.shape)} and ${formatShape(right)} of ${formatShape(b.shape)}.`,
      { shapes: [a.shape, b.shape] },
    );
  }
  const alone = (x: Tensor, dims: readonly number[], other: Tensor, others: readonly number[]): Tensor => {
    const summed = dims.filter((d, i) => other.shape[others[i]] === 1 && (x === a || x.shape[d] !== 1));
    return summed.length === 0 ? x : sum(x, summed, true);
  };
  // The first is summed also where both have 1, as in PyTorch: it may be changed in place behind that.
  [a, b] = [alone(a, left, b, right), alone(b, right, a, left)];
  const rest = (x: Tensor, dims: readonly number[]): number[] =>
    x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const [rows, columns] = [rest(a, left), rest(b, right)];
  const inner = numelOf(left.map((d) => a.shape[d]));
  const sizes = [...rows.map((d) => a.shape[d]), ...columns.map((d) => b.shape[d])];
  const matrix = (x: Tensor, order: readonly number[], height: number, width: number): Tensor =>
    reshape(permute(x, order), height, width);
  const product = mm(
    matrix(a, [...rows, ...left], numelOf(rows.map((d) => a.shape[d])), inner),
    matrix(b, [...right, ...columns], inner, numelOf(columns.map((d) => b.shape[d]))),
  );
  return reshape(product, sizes);
}

function innerOf(a: Tensor, b: Tensor): Tensor {
  if (a.shape[a.ndim - 1] !== b.shape[b.ndim - 1]) {
    throw new ShapeError(
      'inner',
      `the last dimensions must match, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`,
      { shapes: [a.shape, b.shape] },
    );
  }
  return composed('inner', () => tensordot(a, b, [[-1], [-1]]));
}

/** Products summed over the last dimension of both; a scalar multiplies. @see torch.inner */
export const inner: (a: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Tensor = taking(
  signature('inner', [INPUT, OTHER]),
  (a, b) => (a.ndim === 0 || b.ndim === 0 ? mul(a, b) : innerOf(a, b)),
);

/** The same as `dot` for real vectors. @see torch.vdot */
export const vdot = dot;

/** Every product of two elements, in blocks: [m] and [n] -> [m n] along each dimension. @see torch.kron */
export const kron: (a: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Tensor = taking(
  signature('kron', [INPUT, OTHER]),
  (a, b) => {
    const ndim = Math.max(a.ndim, b.ndim);
    const padded = ({ shape }: Tensor): number[] => [...new Array<number>(ndim - shape.length).fill(1), ...shape];
    const [left, right] = [padded(a), padded(b)];
    const product = mul(reshape(a, left.flatMap((n) => [n, 1])), reshape(b, right.flatMap((n) => [1, n]))); // prettier-ignore
    return reshape(product, left.map((n, d) => n * right[d])); // prettier-ignore
  },
);

/** The cross product of vectors of 3 along a dimension (default: the last). */
export function crossAlong(op: string, a: Tensor, b: Tensor, dim: number): Tensor {
  const d = wrapDim(op, dim, Math.max(a.ndim, b.ndim));
  if (a.ndim !== b.ndim || a.shape[d] !== 3 || b.shape[d] !== 3) {
    throw new ShapeError(
      op,
      `dimension ${d} of both must have size 3, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`,
      { shapes: [a.shape, b.shape] },
    );
  }
  const turned = (x: Tensor, by: number): Tensor => roll(x, -by, d);
  // c_i = a_{i+1} b_{i+2} - a_{i+2} b_{i+1}
  return sub(mul(turned(a, 1), turned(b, 2)), mul(turned(a, 2), turned(b, 1)));
}

const CROSS = signature('cross', [INPUT, OTHER, argument('dim', DIM, null)]);

/** The cross product along `dim`, by default the first dimension of size 3. @see torch.cross */
export function cross(
  a: Tensor,
  b: Tensor,
  ...args: Arguments<[], [dim?: number | null], { dim?: number | null }>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('cross', cross, [a, b, ...args]);
  const { dim = null } = CROSS.take([a, b, ...args]);
  const first = a.shape.indexOf(3);
  if (dim === null && first < 0) throw new ShapeError('cross', `no dimension has size 3, got ${formatShape(a.shape)}.`);
  return composed('cross', () => crossAlong('cross', a, b, dim ?? first));
}

// ---- distances -------------------------------------------------------------------------------------------

/** Options of `cdist`. */
export interface CdistOptions {
  x2: Tensor;
  /** Default 2. */
  p?: number;
  computeMode?: string | null;
}

/** Distances between all pairs of rows, in the p-norm. Shape: [*, m, k] and [*, n, k] -> [*, m, n]. @see torch.cdist */
export const cdist: (
  x: Tensor,
  ...args: Arguments<[x2: Tensor], [p?: number, computeMode?: string | null], CdistOptions>
) => Tensor = takingNamed(
  signature('cdist', [
    argument('x1', TENSOR),
    argument('x2', TENSOR),
    argument('p', NUMBER, undefined),
    argument('computeMode', TEXT, null),
  ]),
  (x1: Tensor, { x2, p = 2 }: CdistOptions): Tensor => {
    if (x1.ndim < 2 || x2.ndim < 2 || x1.shape[x1.ndim - 1] !== x2.shape[x2.ndim - 1]) {
      throw new ShapeError(
        'cdist',
        `both must be rows of one length, got ${formatShape(x1.shape)} and ${formatShape(x2.shape)}.`,
        { shapes: [x1.shape, x2.shape] },
      );
    }
    checkFloat('cdist', x1);
    checkFloat('cdist', x2);
    if (!(p >= 0)) throw new ValueError('cdist', `p must be at least 0, got ${p}.`);
    return norm(sub(unsqueeze(x1, -2), unsqueeze(x2, -3)), p, -1);
  },
);

/** The p-norm of a - b. @see torch.dist */
export const dist: (
  x: Tensor,
  ...args: Arguments<[other: Tensor], [p?: number], { other: Tensor; p?: number }>
) => Tensor = takingNamed(
  signature('dist', [INPUT, OTHER, argument('p', NUMBER, undefined)]),
  (a: Tensor, { other, p = 2 }: { other: Tensor; p?: number }): Tensor => norm(sub(a, other), p),
);
