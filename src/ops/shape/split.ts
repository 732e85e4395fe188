// Tensors cut into pieces: even ones, or between indices. Views.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { INTEGER, DIM, oneOrMore, either } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { TENSOR, INPUT } from '../../core/kinds';
import { KindError, ShapeError, ValueError } from '../../base/errors';
import { formatShape, wrapDim } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { slice, split } from './view';

/** Options of `tensorSplit`. */
export interface TensorSplitOptions<How = number | readonly number[]> {
  /** How many pieces, or where to cut. */
  indicesOrSections?: How;
  sections?: How;
  indices?: How;
  dim?: number;
}
const WHERE_TO_CUT = either(oneOrMore(INTEGER), TENSOR);
const TENSOR_SPLIT = signature('tensorSplit', [
  INPUT, argument('indicesOrSections', WHERE_TO_CUT, undefined), argument('dim', DIM, 0),
  argument('sections', WHERE_TO_CUT, undefined), argument('indices', WHERE_TO_CUT, undefined),
]); // prettier-ignore
type TensorSplitArguments<How> = Arguments<
  [],
  [indicesOrSections?: How, dim?: number, sections?: How, indices?: How],
  TensorSplitOptions<How>
>;

/**
 * Views of nearly equal pieces, or of the pieces between indices. Where to cut may be a tensor: then the result is a
 * promise, as it has to be read. @see torch.tensor_split
 */
export function tensorSplit(x: Tensor, ...args: TensorSplitArguments<number | readonly number[]>): Tensor[];
export function tensorSplit(x: Tensor, ...args: TensorSplitArguments<Tensor>): Promise<Tensor[]>;
export function tensorSplit(
  x: Tensor,
  ...args: TensorSplitArguments<number | readonly number[]> | TensorSplitArguments<Tensor>
): Tensor[] | Promise<Tensor[]> {
  if (intercepting.current !== null) return intercepting.current.call('tensorSplit', tensorSplit, [x, ...args]);
  const options = TENSOR_SPLIT.take([x, ...args]);
  const how = options.indicesOrSections ?? options.sections ?? options.indices;
  if (how === undefined) throw new KindError('tensorSplit', 'expected how many pieces, or where to cut, got nothing.');
  const dim = options.dim;
  if (!(how instanceof Tensor)) return cut(x, how, dim);
  return how.data().then((values) => cut(x, how.ndim === 0 ? Number(values[0]) : Array.from(values, Number), dim));
}

/** Each piece is a tensor of its own on the page. */
const MOST_PIECES = 2 ** 22;

function cut(x: Tensor, how: number | readonly number[], dim: number): Tensor[] {
  if (x.ndim === 0) throw new ShapeError('tensorSplit', 'a zero-dimensional tensor cannot be split.');
  const d = wrapDim('tensorSplit', dim, x.ndim);
  const n = x.shape[d];
  if (typeof how === 'number') {
    if (how < 1) throw new ValueError('tensorSplit', `the number of pieces must be positive, got ${how}.`);
    if (how > MOST_PIECES) {
      throw new ValueError('tensorSplit', `the number of pieces must be at most ${MOST_PIECES}, got ${how}.`);
    }
    const sizes = Array.from({ length: how }, (_, i) => Math.floor(n / how) + (i < n % how ? 1 : 0));
    return split(x, sizes, d);
  }
  return [...how, n].map((end, i) => slice(x, d, i === 0 ? 0 : how[i - 1], end));
}

/** A split along `dim` into a number of pieces, which must divide its size, or at indices. */
function evenSplit(op: string, x: Tensor, how: number | readonly number[], dim: number, least: number): Tensor[] {
  if (x.ndim < least) throw new ShapeError(op, `expected ${least} dimensions at least, got ${formatShape(x.shape)}.`);
  if (typeof how === 'number' && (how < 1 || x.shape[dim] % how !== 0)) {
    throw new ShapeError(op, `dimension ${dim} must be divisible by ${how}, got size ${x.shape[dim]}.`);
  }
  return cut(x, how, dim);
}

const EVEN = [INPUT, argument('indicesOrSections', oneOrMore(INTEGER))] as const;
type Ways = number | readonly number[];
type EvenSplit = (
  x: Tensor,
  ...args: Arguments<[indicesOrSections: Ways], [], { indicesOrSections: Ways }>
) => Tensor[];

/** Split along dimension 1, vectors along 0. @see torch.hsplit */
export const hsplit: EvenSplit = taking(signature('hsplit', EVEN), (x, how) =>
  evenSplit('hsplit', x, how, x.ndim === 1 ? 0 : 1, 1),
);
/** Split along dimension 0. @see torch.vsplit */
export const vsplit: EvenSplit = taking(signature('vsplit', EVEN), (x, how) => evenSplit('vsplit', x, how, 0, 2));
/** Split along dimension 2. @see torch.dsplit */
export const dsplit: EvenSplit = taking(signature('dsplit', EVEN), (x, how) => evenSplit('dsplit', x, how, 2, 3));
