// Resampling of sequences, images and volumes to other sizes, one dimension after another: every output is a weighted sum
// of a few inputs (its taps), picked by index.
import { fromArray } from '../shape/creation';
import { indexSelect } from '../indexing/gather';
import { reshape } from '../shape/view';
import { mul } from '../pointwise/arithmetic';
import type { Tensor } from '../../core/tensor';

/** How values between samples are found. */
export type ResampleMode = 'nearest' | 'nearest-exact' | 'linear' | 'cubic';

/** How one dimension is resampled. */
export interface ResampleSize {
  readonly size: number;
  /** Output size over input size where the caller gave it; null takes it from the sizes. */
  readonly scale: number | null;
}

/** What resampling depends on beside the sizes. */
export interface ResampleOptions {
  readonly mode: ResampleMode;
  /** Whether the centres of the corner samples (not the corners of the image) stay in place. */
  readonly alignCorners: boolean;
  /** Whether the filter widens when the image shrinks, as in Pillow. */
  readonly antialias: boolean;
}

/** For each output, `count` inputs and their weights: tap k of output i stands at [k * size + i]. No weights: one tap of weight 1. */
interface Taps {
  readonly count: number;
  readonly indices: Int32Array;
  readonly weights: Float64Array | null;
}

/** Arithmetic of the tensor's dtype: positions are computed as PyTorch computes them, roundings included. */
type Round = (x: number) => number;

/** How far apart the inputs are that neighbouring outputs stand for. */
function inputStep(n: number, { size, scale }: ResampleSize, alignCorners: boolean, round: Round): number {
  if (alignCorners) return size > 1 ? round((n - 1) / (size - 1)) : 0;
  return scale !== null && scale > 0 ? round(1 / scale) : round(n / size);
}

/** Tables filled output by output. */
function tapsOf(
  size: number,
  count: number,
  fill: (i: number, put: (k: number, at: number, w: number) => void) => void,
): Taps {
  const indices = new Int32Array(size * count);
  const weights = new Float64Array(size * count);
  for (let i = 0; i < size; i++) {
    fill(i, (k, at, w) => {
      indices[k * size + i] = at;
      weights[k * size + i] = w;
    });
  }
  return { count, indices, weights };
}

function nearest(n: number, to: ResampleSize, offset: number, round: Round): Taps {
  const step = inputStep(n, to, false, round);
  // PyTorch rounds down in float32, whatever the dtype.
  const at = (i: number): number => Math.min(Math.floor(Math.fround((i + offset) * step)), n - 1);
  return { count: 1, indices: Int32Array.from({ length: to.size }, (_, i) => at(i)), weights: null };
}

/** Where output i lies among the inputs. */
const sourceOf = (i: number, step: number, alignCorners: boolean, round: Round): number =>
  alignCorners ? round(step * i) : round(round(step * (i + 0.5)) - 0.5);

function linear(n: number, to: ResampleSize, alignCorners: boolean, round: Round): Taps {
  const step = inputStep(n, to, alignCorners, round);
  return tapsOf(to.size, 2, (i, put) => {
    const source = Math.max(sourceOf(i, step, alignCorners, round), 0);
    const low = Math.min(Math.floor(source), n - 1);
    const share = Math.min(source - low, 1);
    put(0, low, 1 - share);
    put(1, Math.min(low + 1, n - 1), share);
  });
}

/** The cubic convolution kernel of Keys (1981) at distance x; a is its slope at 1. */
function cubicKernel(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

function cubic(n: number, to: ResampleSize, alignCorners: boolean, round: Round): Taps {
  const step = inputStep(n, to, alignCorners, round);
  return tapsOf(to.size, 4, (i, put) => {
    const source = sourceOf(i, step, alignCorners, round);
    const low = Math.floor(source);
    const share = source - low;
    for (let k = 0; k < 4; k++) put(k, Math.min(Math.max(low + k - 1, 0), n - 1), cubicKernel(share + 1 - k, -0.75));
  });
}

/** Taps under a filter that is as wide as the inputs an output stands for, and weighs them to 1 in all. */
function antialiased(
  n: number,
  to: ResampleSize,
  alignCorners: boolean,
  round: Round,
  reach: number,
  filter: (x: number) => number,
): Taps {
  const step = inputStep(n, to, alignCorners, round);
  const widening = Math.max(step, 1);
  const support = reach * widening;
  return tapsOf(to.size, Math.ceil(support) * 2 + 1, (i, put) => {
    const center = step * (i + 0.5);
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const last = Math.min(Math.trunc(center + support + 0.5), n);
    const weights = Array.from({ length: last - first }, (_, k) => filter((k + first - center + 0.5) / widening));
    const total = weights.reduce((sum, w) => sum + w, 0);
    weights.forEach((w, k) => {
      put(k, first + k, w / total);
    });
  });
}

function chooseTaps(n: number, to: ResampleSize, options: ResampleOptions, round: Round): Taps | null {
  const { mode, alignCorners, antialias } = options;
  if (mode === 'nearest') return nearest(n, to, 0, round);
  if (mode === 'nearest-exact') return nearest(n, to, 0.5, round);
  if (antialias) {
    if (mode === 'linear') return antialiased(n, to, alignCorners, round, 1, (x) => Math.max(1 - Math.abs(x), 0));
    return antialiased(n, to, alignCorners, round, 2, (x) => cubicKernel(x, -0.5));
  }
  if (mode === 'cubic') return cubic(n, to, alignCorners, round);
  // PyTorch takes the inputs as they are where the size stays, whatever the scale.
  return to.size === n ? null : linear(n, to, alignCorners, round);
}

/**
 * The last dimensions of x at other sizes.
 * Shape: [*, n, m] with sizes of two entries -> [*, sizes[0].size, sizes[1].size], and so on.
 */
export function resample(x: Tensor, sizes: readonly ResampleSize[], options: ResampleOptions): Tensor {
  const round: Round = x.dtype === 'float64' ? (value) => value : Math.fround;
  return sizes.reduce((image, to, i) => {
    const dim = x.ndim - sizes.length + i;
    const taps = chooseTaps(x.shape[dim], to, options, round);
    return taps === null ? image : resampleAlong(image, dim, to.size, taps);
  }, x);
}

function resampleAlong(x: Tensor, dim: number, size: number, { count, indices, weights }: Taps): Tensor {
  const { device, dtype } = x;
  const picked = indexSelect(x, dim, fromArray(indices, [indices.length], { device }));
  if (weights === null) return picked;
  const [before, behind] = [x.shape.slice(0, dim), x.shape.slice(dim + 1)];
  const factors = fromArray(weights, [count, size, ...behind.map(() => 1)], { device, dtype });
  return mul(reshape(picked, [...before, count, size, ...behind]), factors).sum(dim);
}
