// A part of a tensor: copies with a part written over, and parts whose start is only known on the device.
import { INTEGER, COUNT, DIM, atLeast, either } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, INPUT } from '../../core/kinds';
import { ShapeError } from '../../base/errors';
import { formatShape, sameShape, wrapDim } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { lt, where } from '../pointwise/compare';
import { clone, contiguous, copy_ } from './copy';
import { arange } from './creation';
import { indexSelect } from '../indexing/gather';
import { diagonal, narrow as narrowed, reshape, select, slice } from './view';
import { add } from '../pointwise/arithmetic';
import type { Arguments } from '../../base/arguments';

/** A copy of x with `source` over a view of it. */
function over(op: string, x: Tensor, source: Tensor, view: (x: Tensor) => Tensor): Tensor {
  const out = clone(x);
  const part = view(out);
  if (!sameShape(part.shape, source.shape)) {
    throw new ShapeError(
      op,
      `src must have the shape of the part, got ${formatShape(source.shape)} for ${formatShape(part.shape)}.`,
      { shapes: [source.shape, part.shape] },
    );
  }
  copy_(part, source);
  return out;
}

/** Options of `diagonalScatter`. */
export interface DiagonalScatterOptions {
  src: Tensor;
  offset?: number;
  dim1?: number;
  dim2?: number;
}

/** A copy of x with `src` on a diagonal. @see torch.diagonal_scatter */
export const diagonalScatter: (
  x: Tensor,
  ...args: Arguments<[src: Tensor], [offset?: number, dim1?: number, dim2?: number], DiagonalScatterOptions>
) => Tensor = takingNamed(
  signature('diagonalScatter', [
    INPUT, argument('src', TENSOR), argument('offset', INTEGER, 0), argument('dim1', DIM, 0), argument('dim2', DIM, 1),
  ]), // prettier-ignore
  (x: Tensor, { src, offset = 0, dim1 = 0, dim2 = 1 }: DiagonalScatterOptions): Tensor =>
    over('diagonalScatter', x, src, (out) => diagonal(out, offset, dim1, dim2)),
);

/** A copy of x with `src` at one index of a dimension. @see torch.select_scatter */
export const selectScatter: (
  x: Tensor,
  ...args: Arguments<
    [src: Tensor, dim: number, index: number],
    [],
    { src: Tensor; dim: number; index: number },
    [src: Tensor, dim: number, options: Omit<{ src: Tensor; dim: number; index: number }, 'src' | 'dim'>]
  >
) => Tensor = takingNamed(
  signature('selectScatter', [INPUT, argument('src', TENSOR), argument('dim', DIM), argument('index', INTEGER)]),
  (x: Tensor, { src, dim, index }: { src: Tensor; dim: number; index: number }): Tensor =>
    over('selectScatter', x, src, (out) => select(out, dim, index)),
);

/** Options of `sliceScatter`. */
export interface SliceScatterOptions {
  src: Tensor;
  dim?: number;
  start?: number | null;
  end?: number | null;
  step?: number;
}

/** A copy of x with `src` over a slice. @see torch.slice_scatter */
export const sliceScatter: (
  x: Tensor,
  ...args: Arguments<
    [src: Tensor],
    [dim?: number, start?: number | null, end?: number | null, step?: number],
    SliceScatterOptions
  >
) => Tensor = takingNamed(
  signature('sliceScatter', [
    INPUT,
    argument('src', TENSOR),
    argument('dim', DIM, undefined),
    argument('start', INTEGER, null),
    argument('end', INTEGER, null),
    argument('step', atLeast(1), undefined),
  ]),
  (x: Tensor, { src, dim = 0, start = null, end = null, step = 1 }: SliceScatterOptions): Tensor =>
    over('sliceScatter', x, src, (out) => slice(out, dim, start, end, step)),
);

/** All elements as a vector; a view if x is contiguous. @see torch.ravel */
export const ravel: (x: Tensor) => Tensor = taking(signature('ravel', [INPUT]), (x) => reshape(contiguous(x), -1));
/**
 * The elements [start, start + length) along a dimension. A start that is a tensor gives a copy, as where the view would
 * lie is known only to the device. @throws RangeError outside the dimension. @see torch.narrow
 */
export const narrow: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, start: number | Tensor, length: number],
    [],
    { dim: number; start: number | Tensor; length: number },
    [dim: number, start: number | Tensor, options: { length: number }]
  >
) => Tensor = taking(
  signature('narrow', [
    INPUT,
    argument('dim', DIM),
    argument('start', either(INTEGER, TENSOR)),
    argument('length', COUNT),
  ]),
  (x, dim, start, length) => {
    if (!(start instanceof Tensor)) return narrowed(x, dim, start, length);
    const d = wrapDim('narrow', dim, x.ndim);
    const first = where(lt(start, 0), add(start, x.shape[d]), start);
    return indexSelect(x, d, add(arange(length, { device: x.device }), first));
  },
);

/** A dimension of a copy narrowed. @see torch.narrow_copy */
export const narrowCopy: (
  x: Tensor,
  ...args: Arguments<
    [dim: number, start: number, length: number],
    [],
    { dim: number; start: number; length: number },
    [dim: number, start: number, options: { length: number }]
  >
) => Tensor = taking(
  signature('narrowCopy', [INPUT, argument('dim', DIM), argument('start', INTEGER), argument('length', COUNT)]),
  (x, dim, start, length) => clone(narrowed(x, dim, start, length)),
);
