// Max pooling over one, two and three dimensions, and what reads or undoes it. The kernel pools images: a sequence is an
// image of height 1; a volume is pooled plane by plane, then along its depth.
import { ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { noGrad } from '../../core/backward';
import { applyAll, defineOp, type OpRecord } from '../../core/op';
import { formatShape, numelOf, sameShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { SpatialDims } from './conv';
import { contiguous, to } from '../shape/copy';
import { fromArray, onesLike } from '../shape/creation';
import { gather, indexSelect } from '../indexing/gather';
import { reshape } from '../shape/view';
import { add, div, floorDivide, mul } from '../pointwise/arithmetic';
import {
  adaptiveSize,
  checkPoolInput,
  overDepth,
  overImage,
  planesOf,
  windowsOf,
  withSpatial,
  type AdaptiveSize,
  type ImageWindows,
  type PoolOptions,
  type Windows,
} from './poolWindows';

const MAX: OpRecord<readonly [x: Tensor], ImageWindows> = {
  name: 'maxPool2d',
  shape: ([x], { output }) => {
    const shape = [x.shape[0], ...output];
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'int32' },
    ];
  },
  forward: (device, [x], [out, indices], { sizes }) => {
    device.run('maxPool2d', [x], [out, indices], sizes);
  },
  saves: { outputs: [1] },
  backward: ([grad], { outputs: [, indices], shapes }) => [
    () => (grad === null ? null : maxBackward(contiguous(grad), indices, shapes[0])),
  ],
};

/** Zeros of `shape`, with each gradient added where its maximum was. */
const maxBackward: (grad: Tensor, indices: Tensor, shape: Shape) => Tensor = defineOp<
  [grad: Tensor, indices: Tensor],
  Shape
>({
  name: 'maxPool2dBackward',
  shape: ([grad], shape) => ({ shape, dtype: grad.dtype }),
  forward: (device, [grad, indices], out) => {
    device.run('maxPool2dBackward', [grad, indices], [out], null);
  },
  saves: { inputs: [1] },
  backward: (grad, { inputs: [, indices], params: [planes, height, width] }) => [
    () => {
      const flat = [planes, indices.shape[1] * indices.shape[2]];
      return reshape(gather(reshape(grad, [planes, height * width]), 1, reshape(indices, flat)), indices.shape);
    },
    null,
  ],
});

/** The greatest of each window, and on demand where it was: int32, position within the spatial dimensions. */
interface Pooled {
  readonly output: Tensor;
  readonly indices: () => Tensor;
}

function pooled(x: Tensor, dims: SpatialDims, windows: Windows): Pooled {
  const shape = withSpatial(x, windows.output);
  const [output, places] = applyAll(MAX, [planesOf(x, dims)], overImage(windows));
  if (dims < 3) return { output: reshape(output, shape), indices: () => reshape(places, shape) };
  const depth = x.shape[x.ndim - 3];
  const volumes = numelOf(x.shape.slice(0, -3));
  const width = output.shape[1] * output.shape[2];
  const rows = reshape(output, [volumes, depth, width]);
  const [deepest, planes] = applyAll(MAX, [rows], overDepth(windows, width));
  const indices = (): Tensor => {
    const flat = reshape(planes, [volumes, windows.output[0] * width]);
    const within = gather(reshape(places, [volumes, depth * width]), 1, flat);
    const before = mul(floorDivide(flat, width), x.shape[x.ndim - 2] * x.shape[x.ndim - 1]);
    return reshape(add(within, before), shape);
  };
  return { output: reshape(deepest, shape), indices };
}

/** A pooling's results: the output, and with `withIndices` the places of the maxima, int64. */
const resultsOf = ({ output, indices }: Pooled, withIndices: boolean): Tensor[] =>
  withIndices ? [output, to(indices(), 'int64')] : [output];

/**
 * The greatest of each window, and with `withIndices` where it was within the spatial dimensions (int64). The first of
 * equals; the last NaN wins.
 * Shape: [N, C, *] or [C, *] -> the same with n' = floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * @throws ShapeError, RangeError
 * @see torch.nn.functional.max_pool2d
 */
export function maxPool(
  dims: SpatialDims,
  x: Tensor,
  kernelSize: number | Shape,
  options: PoolOptions,
  withIndices: boolean,
): Tensor[] {
  const op = `maxPool${dims}d`;
  checkPoolInput(op, x, dims);
  const windows = windowsOf(op, x.shape.slice(-dims), kernelSize, options);
  return libraryCode(() => resultsOf(pooled(x, dims, windows), withIndices));
}

/** Positions of `count` windows that cover `n` cells, window i those from floor(i n / count) to ceil((i + 1) n / count), in blocks of equal size. */
function coveringBlocks(n: number, count: number): { size: number; positions: Int32Array } {
  const starts = Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  const ends = starts.map((_, i) => Math.ceil(((i + 1) * n) / count));
  const size = Math.max(...ends.map((end, i) => end - starts[i]));
  // Where a window is smaller its last cell is repeated, which changes no maximum.
  const at = (i: number): number => Math.min(starts[Math.floor(i / size)] + (i % size), ends[Math.floor(i / size)] - 1);
  return { size, positions: Int32Array.from({ length: count * size }, (_, i) => at(i)) };
}

/**
 * Maxima of windows chosen so that the output has the size asked for, and with `withIndices` their places.
 * Window i of n over H covers floor(i H / n) to ceil((i + 1) H / n).
 * @see torch.nn.functional.adaptive_max_pool2d
 */
export function adaptiveMaxPool(
  dims: SpatialDims,
  x: Tensor,
  outputSize: AdaptiveSize,
  withIndices: boolean,
): Tensor[] {
  const spatial = x.shape.slice(-dims);
  const output = adaptiveSize(`adaptiveMaxPool${dims}d`, x, dims, outputSize, 1);
  const blocks = output.map((count, i) => coveringBlocks(spatial[i], count));
  return libraryCode(() => {
    const { device } = x;
    const isEven = blocks.every(({ positions }, i) => positions.length === spatial[i]);
    const arranged = blocks.reduce((t, { positions }, i) => {
      if (positions.length === spatial[i]) return t;
      return indexSelect(t, t.ndim - dims + i, fromArray(positions, [positions.length], { device }));
    }, x);
    const kernel = blocks.map(({ size }) => size);
    const ones = kernel.map(() => 1);
    const windows = { kernel, stride: kernel, padding: ones.map(() => 0), dilation: ones, output };
    const found = pooled(arranged, dims, windows);
    if (!withIndices || isEven) return resultsOf(found, withIndices);
    const origin = fromArray(originsOf(blocks.map(({ positions }) => positions), spatial), [-1], { device }); // prettier-ignore
    const indices = (): Tensor => {
      const places = found.indices();
      return reshape(indexSelect(origin, 0, reshape(places, -1)), places.shape);
    };
    return resultsOf({ output: found.output, indices }, true);
  });
}

/** Where the cells of an arrangement come from: position within `spatial` of every combination of positions. */
function originsOf(positions: readonly Int32Array[], spatial: Shape): Int32Array {
  return positions.reduce((origins, along, i) => {
    const combined = new Int32Array(origins.length * along.length);
    origins.forEach((origin, row) => {
      along.forEach((at, column) => (combined[row * along.length + column] = origin * spatial[i] + at));
    });
    return combined;
  }, Int32Array.of(0));
}

/** Zeros [planes, n] with x where the indices say. `shared` is what is added there: x divided among equal indices. */
const place: (x: Tensor, shared: Tensor, indices: Tensor, n: number) => Tensor = defineOp<
  [x: Tensor, shared: Tensor, indices: Tensor],
  number
>({
  name: 'maxUnpool',
  shape: ([x], n) => ({ shape: [x.shape[0], n], dtype: x.dtype }),
  forward: (device, [, shared, indices], out, n) => {
    const axis = { outer: out.shape[0], n, inner: 1 };
    const options = { op: 'maxUnpool', what: 'index', ignore: null };
    device.run('scatterAdd', [shared, indices], [out], { axis, options });
  },
  saves: { inputs: [2] },
  // Each of several equal indices gets the whole gradient: they stand for one maximum.
  backward: (grad, { inputs: [, , indices] }) => [() => gather(grad, 1, indices), null, null],
});

/**
 * Zeros with the values of x at their indices: what maxPool with indices took, put back. An index outside is a fault.
 * Shape: x and indices [N, C, *] or [C, *] -> [.., ...output].
 * @throws ShapeError
 * @see torch.nn.functional.max_unpool2d
 */
export function maxUnpool(dims: SpatialDims, x: Tensor, indices: Tensor, output: Shape): Tensor {
  const op = `maxUnpool${dims}d`;
  checkPoolInput(op, x, dims);
  if (!sameShape(x.shape, indices.shape)) {
    throw new ShapeError(
      op,
      `indices must have the shape of the input, got ${formatShape(indices.shape)} and ${formatShape(x.shape)}.`,
      { shapes: [x.shape, indices.shape] },
    );
  }
  return libraryCode(() => {
    const planes = numelOf(x.shape.slice(0, -dims));
    const flat = [planes, numelOf(x.shape.slice(-dims))];
    const [values, places] = [reshape(contiguous(x), flat), contiguous(reshape(indices, flat))];
    const n = numelOf(output);
    const shared = noGrad(() => {
      const one = onesLike(values);
      return div(values, gather(place(one, one, places, n), 1, places));
    });
    return reshape(place(values, shared, places, n), withSpatial(x, output));
  });
}
