// Views that reach memory in a pattern of their own, where elements may occur more than once.
import { COUNT, DIM, atLeast, listOf } from '../../base/kinds';
import { argument, signature, takingNamed } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import { applyView } from '../../core/op';
import { formatShape, numelOf, wrapDim, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clone, contiguous, filled } from './copy';
import { arange } from './creation';
import { addAlong, indexVector } from '../indexing/gather';
import { expand, flatten, movedim, reshape, unsqueeze } from './view';
import { add, mul } from '../pointwise/arithmetic';
import type { Arguments } from '../../base/arguments';
import { ValueError } from '../../base/errors';

/** Options of `unfold`. */
export interface UnfoldOptions {
  dimension: number;
  size: number;
  step: number;
}

/** A view of all slices of `size` along a dimension, `step` apart, as a last dimension. @see torch.Tensor.unfold */
export const unfold: (
  x: Tensor,
  ...args: Arguments<
    [dimension: number, size: number, step: number],
    [],
    UnfoldOptions,
    [dimension: number, size: number, options: Omit<UnfoldOptions, 'dimension' | 'size'>]
  >
) => Tensor = takingNamed(
  signature('unfold', [INPUT, argument('dimension', DIM), argument('size', COUNT), argument('step', atLeast(1))]),
  (x: Tensor, { dimension, size, step }: UnfoldOptions): Tensor => {
    const d = wrapDim('unfold', dimension, x.ndim);
    const n = x.shape[d] ?? 1;
    if (size > n) throw new ValueError('unfold', `size must be at most ${n}, got ${size}.`);
    if (x.ndim === 0) return expand(reshape(x, 1), [size]);
    const count = Math.floor((n - size) / step) + 1;
    const geometry = {
      shape: [...x.shape.map((extent, i) => (i === d ? count : extent)), size],
      strides: [...x.strides.map((stride, i) => (i === d ? stride * step : stride)), x.strides[d]],
      offset: x.offset,
    };
    // Not x itself, whose handle may be freed before the gradient is taken.
    const like = { device: x.device };
    const again = (base: Tensor): Tensor => unfold(base, d, size, step);
    return applyView('unfold', x, geometry, again, (grad) => {
      const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
      const windows = flatten(movedim(grad, -1, d + 1), d, d + 1);
      return addAlong(windows, d, indexVector(places, like), n);
    });
  },
);

/** Options of `asStrided`. */
export interface AsStridedOptions {
  size: Shape;
  stride: Shape;
  storageOffset?: number | null;
}

/**
 * A view of the memory of x with any sizes and strides (in elements); several elements may share a place, and then their
 * gradients add up there.
 * @throws RangeError if it would reach beyond the memory
 * @see torch.as_strided
 */
export const asStrided: (
  x: Tensor,
  ...args: Arguments<
    [size: Shape, stride: Shape],
    [storageOffset?: number | null],
    AsStridedOptions,
    [size: Shape, options: Omit<AsStridedOptions, 'size'>]
  >
) => Tensor = takingNamed(
  signature('asStrided', [
    INPUT,
    argument('size', listOf(COUNT)),
    argument('stride', listOf(COUNT)),
    argument('storageOffset', COUNT, null),
  ]),
  (x: Tensor, { size, stride, storageOffset = null }: AsStridedOptions): Tensor => {
    const offset = storageOffset ?? x.offset;
    const length = x.storage.bytes / (x.nbytes / Math.max(1, x.numel()) || 1);
    const last = size.reduce((at, n, d) => at + (n - 1) * stride[d], offset);
    const valid = size.length === stride.length && offset >= 0 && stride.every((s) => s >= 0);
    if (!valid || (numelOf(size) > 0 && last >= length)) {
      throw new ValueError(
        'asStrided',
        `size ${formatShape(size)}, stride ${formatShape(stride)} and offset ${offset} must stay within ${length} elements.`,
      );
    }
    const { shape, strides, offset: own, device } = x;
    const again = (base: Tensor): Tensor => asStrided(base, size, stride, offset);
    return applyView('asStrided', x, { shape: size, strides: stride, offset }, again, (grad) => {
      const whole = addAlong(
        reshape(grad, -1),
        0,
        positions(size, stride, offset, { device }),
        Math.max(last + 1, length),
      );
      return clone(asStrided(whole, shape, strides, own));
    });
  },
);

/** Places in memory of the elements of a strided view, as a vector. */
function positions(size: Shape, stride: Shape, offset: number, { device }: Pick<Tensor, 'device'>): Tensor {
  const start = filled(device, [], 'int64', offset);
  const places = size.reduce(
    (sum: Tensor, n, d) => add(unsqueeze(sum, -1), mul(arange(n, { device }), stride[d])),
    start,
  );
  return contiguous(reshape(places, -1));
}
