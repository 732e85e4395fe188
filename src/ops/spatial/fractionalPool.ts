// Fractional max pooling (Graham, 2014): windows of one size whose distances vary at random so that they cover the input.
import { ShapeError } from '../../base/errors';
import { noGrad } from '../../core/backward';
import { libraryCode } from '../../core/temporaries';
import { formatShape, numelOf, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { SpatialDims } from './conv';
import { contiguous, to } from '../shape/copy';
import { arange, full } from '../shape/creation';
import { max } from '../reduce/argReduce';
import { gather } from '../indexing/gather';
import { cat } from '../shape/cat';
import { narrow, reshape, select } from '../shape/view';
import { add, floor, mul, sub } from '../pointwise/arithmetic';
import { checkPoolInput, withSpatial } from './poolWindows';

/**
 * The greatest of each window, and its place within the spatial dimensions (int64).
 * Shape: [N, C, *] or [C, *] -> [.., ...output]; samples [N, C, dims] in [0, 1), one per plane and dimension.
 * @throws ShapeError if windows and output are too large for the input
 * @see torch.nn.functional.fractional_max_pool2d
 */
export function fractionalMaxPool(
  dims: SpatialDims,
  x: Tensor,
  kernel: Shape,
  output: Shape,
  samples: Tensor,
): [output: Tensor, indices: Tensor] {
  const op = `fractionalMaxPool${dims}d`;
  checkPoolInput(op, x, dims);
  const spatial = x.shape.slice(-dims);
  if (output.some((count, i) => count < 1 || count + kernel[i] - 1 > spatial[i])) {
    throw new ShapeError(
      op,
      `the output must have at least 1 window and at most n - kernelSize + 1 along each dimension, got ${formatShape(output)} windows of ${formatShape(kernel)} in ${formatShape(spatial)}.`,
      { spatial, kernel, output },
    );
  }
  const planes = numelOf(x.shape.slice(0, -dims));
  if (samples.numel() < planes * dims || samples.shape[samples.ndim - 1] !== dims) {
    throw new ShapeError(
      op,
      `there must be ${dims} random samples for each of at least ${planes} planes, got ${formatShape(samples.shape)}.`,
      { samples: samples.shape },
    );
  }
  return libraryCode(() => {
    const cells = numelOf(kernel);
    const windows = numelOf(output);
    const index = noGrad(() => {
      const drawn = narrow(reshape(contiguous(samples), [-1, dims]), 0, 0, planes);
      const flat = spatial.reduce<Tensor | null>((outer, n, i) => {
        // In two dimensions the samples stand in the order of width, height.
        const starts = startsOf(select(drawn, 1, dims === 2 ? 1 - i : i), n, output[i], kernel[i]);
        const along = [planes, ...output.map((count, d) => (d === i ? count : 1)), ...kernel.map(() => 1)];
        const within = [...output.map(() => 1), ...kernel.map((size, d) => (d === i ? size : 1))];
        const at = add(reshape(starts, along), reshape(arange(kernel[i], { device: x.device }), within));
        return outer === null ? at : add(mul(outer, n), at);
      }, null) as Tensor;
      return reshape(contiguous(flat), [planes, windows * cells]);
    });
    const picked = gather(reshape(contiguous(x), [planes, numelOf(spatial)]), 1, index);
    const [values, places] = max(reshape(picked, [planes, windows, cells]), 2, true);
    const indices = gather(reshape(index, [planes, windows, cells]), 2, places);
    return [reshape(values, withSpatial(x, output)), reshape(indices, withSpatial(x, output))];
  });
}

/** First cells of `count` windows over n: floor((i + s) a) - floor(s a) with a = (n - kernel) / (count - 1); the last ends at n. Shape: samples [P] -> [P, count]. */
function startsOf(samples: Tensor, n: number, count: number, kernel: number): Tensor {
  const [planes] = samples.shape;
  const { device, dtype } = samples;
  const last = full([planes, 1], n - kernel, { device, dtype: 'int64' });
  if (count === 1) return last;
  // The step is rounded to the dtype, as every product with it is.
  const step = full([], n - kernel, { device, dtype }).div(full([], count - 1, { device, dtype }));
  const s = reshape(samples, [planes, 1]);
  const i = arange(count - 1, { device, dtype });
  const starts = sub(floor(mul(add(i, s), step)), floor(mul(s, step)));
  return cat([to(starts, 'int64'), last], 1);
}
