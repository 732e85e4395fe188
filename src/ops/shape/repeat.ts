// Elements repeated in place: each as often, or by a count of its own.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { COUNTS, COUNT, DIM, oneOrMore, either } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { TENSOR, INPUT } from '../../core/kinds';
import { composed } from '../../base/errorText';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { formatShape, wrapDim } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { clone } from './copy';
import { indexSelect, indexVector } from '../indexing/gather';
import { repeat } from './cat';
import { expand, flatten, reshape, unsqueeze, type Sizes } from './view';

const TILE = signature('tile', [INPUT, argument('dims', COUNTS)]);

/** Repeated along each dimension; fewer counts than dimensions are for the last ones. @see torch.tile */
export function tile(x: Tensor, ...counts: Sizes<'dims'>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('tile', tile, [x, ...counts]);
  const { dims: given } = TILE.take([x, ...counts]);
  const missing = new Array<number>(Math.max(0, x.ndim - given.length)).fill(1);
  return composed('tile', () => repeat(x, [...missing, ...given]));
}

/** Options of `repeatInterleave`. */
export interface RepeatInterleaveOptions {
  dim?: number | null;
  outputSize?: number | null;
}
const REPEAT_INTERLEAVE = signature('repeatInterleave', [
  INPUT, argument('repeats', either(oneOrMore(COUNT), TENSOR)), argument('dim', DIM, null), argument('outputSize', COUNT, null),
]); // prettier-ignore
type RepeatArguments = Arguments<[], [dim?: number | null, outputSize?: number | null], RepeatInterleaveOptions>;

/**
 * Each element, or slice along `dim`, repeated: all as often, or each by a count of its own. Counts in a tensor have to
 * be read first, so that the result is a promise; an array of them does without.
 * @see torch.repeat_interleave
 */
export function repeatInterleave(x: Tensor, repeats: number | readonly number[], ...args: RepeatArguments): Tensor;
export function repeatInterleave(
  x: Tensor,
  options: RepeatInterleaveOptions & { repeats: number | readonly number[] },
): Tensor;
export function repeatInterleave(x: Tensor, repeats: Tensor, ...args: RepeatArguments): Promise<Tensor>;
export function repeatInterleave(
  x: Tensor,
  given: number | readonly number[] | Tensor | (RepeatInterleaveOptions & { repeats: number | readonly number[] }),
  ...args: RepeatArguments
): Tensor | Promise<Tensor> {
  if (intercepting.current !== null)
    return intercepting.current.call('repeatInterleave', repeatInterleave, [x, given, ...args]);
  const { repeats, dim = null } = REPEAT_INTERLEAVE.take([x, given, ...args]);
  const source = dim === null ? reshape(x, -1) : x;
  const d = dim === null ? 0 : wrapDim('repeatInterleave', dim, x.ndim);
  if (repeats instanceof Tensor) {
    if (repeats.dtype !== 'int64' && repeats.dtype !== 'int32') {
      throw new DTypeError('repeatInterleave', `repeats must be int32 or int64, got ${repeats.dtype}.`);
    }
    return repeats.data().then((counts) => repeatEach(source, Array.from(counts, Number), d));
  }
  if (typeof repeats === 'object') return repeatEach(source, repeats, d);
  const between = [...source.shape.slice(0, d + 1), repeats, ...source.shape.slice(d + 1)];
  return flatten(clone(expand(unsqueeze(source, d + 1), between)), d, d + 1);
}

function checkCounts(counts: readonly number[]): void {
  if (counts.every((count) => Number.isInteger(count) && count >= 0)) return;
  throw new ValueError('repeatInterleave', `repeats must be whole numbers >= 0, got ${formatShape(counts)}.`);
}

function repeatEach(x: Tensor, counts: readonly number[], dim: number): Tensor {
  const n = x.shape[dim];
  if (counts.length === 1) return repeatInterleave(x, counts[0], dim);
  if (counts.length !== n) {
    throw new ShapeError('repeatInterleave', `repeats must be one count for each of ${n}, got ${counts.length}.`);
  }
  checkCounts(counts);
  const order = counts.flatMap((count, i) => new Array<number>(count).fill(i));
  return indexSelect(x, dim, indexVector(order, x));
}
