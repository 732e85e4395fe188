// A part of a tensor: copies with a part written over, and parts whose start is only known on the device.
import { taking, type Arguments } from '../../base/arguments';
import { ShapeError } from '../../base/errors';
import { formatShape, sameShape, wrapDim } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { lt, where } from '../pointwise/compare';
import { clone, copy_ } from './copy';
import { arange } from './creation';
import { indexSelect } from '../indexing/gather';
import { diagonal, narrow, reshape, select, slice } from './view';
import { add } from '../pointwise/arithmetic';

/** A copy of x with `source` over a view of it. */
function over(op: string, x: Tensor, source: Tensor, view: (x: Tensor) => Tensor): Tensor {
  const out = clone(x);
  const part = view(out);
  if (!sameShape(part.shape, source.shape)) {
    throw new ShapeError(
      `${op}: src must have the shape of the part, got ${formatShape(source.shape)} for ${formatShape(part.shape)}.`,
      { shapes: [source.shape, part.shape] },
    );
  }
  copy_(part, source);
  return out;
}

/** A copy of x with `src` on a diagonal. @see torch.diagonal_scatter */
export const diagonalScatter = (
  x: Tensor,
  src: Tensor,
  ...args: Arguments<{ offset?: number; dim1?: number; dim2?: number }, ['offset', 'dim1', 'dim2']>
): Tensor => over('diagonalScatter', x, src, (out) => diagonal(out, ...args));

/** A copy of x with `src` at one index of a dimension. @see torch.select_scatter */
export const selectScatter = taking(
  'selectScatter',
  ['src', 'dim', 'index'],
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
export const sliceScatter = taking(
  'sliceScatter',
  ['src', 'dim', 'start', 'end', 'step'],
  (x: Tensor, { src, dim = 0, start = null, end = null, step = 1 }: SliceScatterOptions): Tensor =>
    over('sliceScatter', x, src, (out) => slice(out, dim, start, end, step)),
);

/** All elements as a vector; a view if possible. @see torch.ravel */
export const ravel = (x: Tensor): Tensor => reshape(x, -1);
/**
 * The elements [start, start + length) along a dimension. A start that is a tensor gives a copy, as where the view would
 * lie is known only to the device. @throws RangeError outside the dimension. @see torch.narrow
 */
export function narrowFrom(x: Tensor, dim: number, start: number | Tensor, length: number): Tensor {
  if (!(start instanceof Tensor)) return narrow(x, dim, start, length);
  const d = wrapDim('narrow', dim, x.ndim);
  const first = where(lt(start, 0), add(start, x.shape[d]), start);
  return indexSelect(x, d, add(arange(length, { device: x.device }), first));
}

/** A dimension of a copy narrowed. @see torch.narrow_copy */
export const narrowCopy = (x: Tensor, dim: number, start: number, length: number): Tensor =>
  clone(narrow(x, dim, start, length));
