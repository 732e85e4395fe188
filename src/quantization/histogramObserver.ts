// The observer that keeps a histogram of what it has seen, and searches the range whose integers have the least squared error: the
// histogram is kept on the device, and read for the search.
import type { Arguments } from '../base/arguments';
import { atLeast, FLAG, INTEGER, nullable, REAL } from '../base/kinds';
import { methodsTake, optional, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { libraryCode } from '../core/temporaries';
import type { Tensor } from '../core/tensor';
import { addAlong, gather } from '../ops/indexing/gather';
import { add, ceil, div, floor, mul, round, sub, trunc } from '../ops/pointwise/arithmetic';
import { clamp, eq, ge, le, logicalAnd, logicalOr, maximum, minimum, where } from '../ops/pointwise/compare';
import { amax, amin } from '../ops/reduce/reduce';
import { cumsum } from '../ops/reduce/scan';
import { cat } from '../ops/shape/cat';
import { copy_, to } from '../ops/shape/copy';
import { arange, tensor, zeros } from '../ops/shape/creation';
import { narrow, reshape } from '../ops/shape/view';
import { Observer, type ObserverOptions, type Qparams } from './observer';
import { QDTYPE, QSCHEME, type QDType, type QScheme } from './qdtype';

/** Options of `HistogramObserver`. */
export interface HistogramObserverOptions extends ObserverOptions {
  /** Of the histogram; 2048 by default. */
  bins?: number;
  /** Into how many parts bins are cut when a histogram is put into a wider range; 128 by default. */
  upsampleRate?: number;
}
const TAKES = signature('HistogramObserver', [
  optional('bins', atLeast(1)), optional('upsampleRate', atLeast(1)), optional('dtype', QDTYPE),
  optional('qscheme', QSCHEME), optional('reduceRange', FLAG), optional('quantMin', nullable(INTEGER)),
  optional('quantMax', nullable(INTEGER)), optional('eps', REAL),
]); // prettier-ignore

/** Of a grid of 8-bit integers. */
const GRID = 256;
/** By how much of all elements the search goes on at each step. */
const STEP = 1e-5;

/**
 * Notes a histogram of all that is seen, and takes the range that leaves the least squared error, without outliers that cost more
 * than they are worth. `calculateQparams` reads the histogram and so gives a promise.
 * @see torch.ao.quantization.HistogramObserver
 */
export class HistogramObserver extends Observer {
  static override readonly name: string = 'HistogramObserver';

  static {
    methodsTake(this, signature('calculateQparams', []));
  }

  readonly bins: number;
  readonly upsampleRate: number;
  declare histogram: Tensor;

  constructor(
    ...args: Arguments<
      [],
      [
        bins?: number, upsampleRate?: number, dtype?: QDType, qscheme?: QScheme, reduceRange?: boolean,
        quantMin?: number | null, quantMax?: number | null, eps?: number,
      ],
      HistogramObserverOptions
    >
  ) {
    const { bins = 2048, upsampleRate = 128, ...options } = TAKES.take<HistogramObserverOptions>(args, new.target.name);
    super(options, null);
    this.bins = bins;
    this.upsampleRate = upsampleRate;
    this.registerBuffer('histogram', zeros([bins]));
  } // prettier-ignore

  /** A function that makes such observers, by name. @throws as the constructor, at once */
  static withArgs(...args: [options: HistogramObserverOptions]): () => HistogramObserver {
    const make = (): HistogramObserver => new this(...args);
    make();
    return make;
  }

  override forward(x: Tensor): Tensor {
    if (x.numel() === 0) return x;
    noGrad(() => {
      const [histogram, min, max] = libraryCode(() => this.next(reshape(to(x.detach(), { dtype: 'float32' }), [-1])));
      copy_(this.histogram, histogram);
      copy_(this.min_val, min);
      copy_(this.max_val, max);
    });
    return x;
  }

  /** The scale and the zero point of the range with the least error; reads the histogram. */
  override async calculateQparams(): Promise<Qparams> {
    const [counts, min, max] = await Promise.all([this.histogram.data(), this.min_val.item(), this.max_val.item()]);
    if (min === Infinity && max === -Infinity) return this.qparamsOf(this.min_val, this.max_val);
    const [from, to_] = bestRange(Float32Array.from(counts, Number), Number(min), Number(max));
    const { device } = this.min_val;
    return this.qparamsOf(tensor(from, { device }), tensor(to_, { device }));
  }

  /** The histogram and its range with the elements of `x`. */
  private next(x: Tensor): [histogram: Tensor, min: Tensor, max: Tensor] {
    const { min_val: min, max_val: max, bins, upsampleRate } = this;
    const [low, high] = [amin(x), amax(x)];
    // Nothing was seen yet, or one number only: the histogram begins anew.
    const begins = logicalOr(eq(min, max), logicalAnd(eq(min, Infinity), eq(max, -Infinity)));
    const [from, wide] = [minimum(low, min), maximum(high, max)];
    const width = div(sub(max, min), bins * upsampleRate);
    const rate = ceil(div(sub(wide, from), mul(width, bins)));
    const excess = sub(mul(rate, mul(width, bins)), sub(wide, from));
    const until = add(wide, excess);
    const start = round(div(sub(min, from), width));
    const [first, last] = [where(begins, low, from), where(begins, high, until)];
    const now = counted(x, trunc(first), trunc(last), bins);
    const isSame = logicalAnd(eq(from, min), eq(until, max));
    const moved = add(now, this.moved(where(begins, 1, rate), where(begins, 0, start)));
    const joined = where(isSame, add(now, this.histogram), moved);
    return [where(begins, now, joined), first, last];
  }

  /** The histogram in bins `rate` / upsampleRate times as wide, the old ones beginning at part `start`. */
  private moved(rate: Tensor, start: Tensor): Tensor {
    const { bins, upsampleRate } = this;
    const { device } = this.histogram;
    // Elements below the first parts of bins: whole bins, and the rest of one as if it were spread evenly. Counts are whole, so
    // that float32 sums are exact up to 2^24 elements a bin and float64 is not needed for places.
    const wide = device === 'webgpu' ? 'float32' : 'float64';
    const below = cat([zeros([1], { dtype: wide, device }), cumsum(to(this.histogram, { dtype: wide }), 0)]);
    const ends = arange(0, bins + 1, 1, { dtype: wide, device });
    const parts = clamp(sub(mul(ends, to(rate, { dtype: wide })), to(start, { dtype: wide })), 0, bins * upsampleRate);
    const bin = clamp(floor(div(parts, upsampleRate)), 0, bins);
    const rest = sub(parts, mul(bin, upsampleRate));
    const at = (t: Tensor, places: Tensor): Tensor => gather(t, 0, to(places, { dtype: 'int64' }));
    const share = at(to(this.histogram, { dtype: wide }), clamp(bin, 0, bins - 1));
    const sums = add(mul(at(below, bin), upsampleRate), mul(share, rest));
    // The sums before each bin are rounded to float32, as PyTorch's are.
    const before = to(to(narrow(sums, 0, 0, bins), { dtype: 'float32' }), { dtype: wide });
    return to(div(sub(narrow(sums, 0, 1, bins), before), upsampleRate), { dtype: 'float32' });
  }
}

/** How many elements lie in each part of [from, to]; the range of the data where that is one number. */
function counted(x: Tensor, from: Tensor, until: Tensor, bins: number): Tensor {
  const isPoint = eq(from, until);
  const [low, high] = [where(isPoint, amin(x), from), where(isPoint, amax(x), until)];
  const isStillPoint = eq(low, high);
  const [first, last] = [where(isStillPoint, sub(low, 1), low), where(isStillPoint, add(high, 1), high)];
  const inside = logicalAnd(ge(x, first), le(x, last));
  const place = trunc(div(mul(sub(x, first), bins), sub(last, first)));
  const places = to(clamp(where(inside, place, 0), 0, bins - 1), { dtype: 'int64' });
  return addAlong(to(inside, { dtype: x.dtype }), 0, places, bins);
}

/** The range of least error, found by leaving out ever more at either end. */
function bestRange(counts: Float32Array, min: number, max: number): [min: number, max: number] {
  const bins = counts.length;
  const f = Math.fround;
  const width = f(f(max - min) / bins);
  let total = 0;
  const sums = new Float32Array(bins);
  counts.forEach((count, i) => {
    total += count;
    sums[i] = total;
  });
  let [alpha, beta, start, end, least] = [0, 1, 0, bins - 1, Infinity];
  while (alpha < beta) {
    const [nextAlpha, nextBeta] = [alpha + STEP, beta - STEP];
    let [l, r] = [start, end];
    while (l < end && sums[l] < f(nextAlpha * total)) l++;
    while (r > start && sums[r] > f(nextBeta * total)) r--;
    let [nextStart, nextEnd] = [start, end];
    if (l - start > end - r) {
      nextStart = l;
      alpha = nextAlpha;
    } else {
      nextEnd = r;
      beta = nextBeta;
    }
    if (nextStart === start && nextEnd === end) continue;
    const error = errorOf(counts, (max - min) / bins, nextStart, nextEnd);
    if (error > least) break;
    least = error;
    start = nextStart;
    end = nextEnd;
  }
  return [f(min + f(width * start)), f(min + f(width * (end + 1)))];
}

/** The squared error of elements spread evenly over their bins, where bins `start` to `end` are cut into GRID parts. */
function errorOf(counts: Float32Array, width: number, start: number, end: number): number {
  const part = (width * (end - start + 1)) / GRID;
  if (part === 0) return 0;
  const f = Math.fround;
  const cubes = (from: number, until: number, density: number): number =>
    f(density * f(f(f(f(until * until) * until) - f(f(from * from) * from)) / 3));
  let sum = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    const from = f((bin - start) * f(width));
    const until = f(from + f(width));
    const place = (at: number): number => Math.min(Math.max(Math.floor(f(at / f(part))), 0), GRID - 1);
    const [first, last] = [place(from), place(until)];
    const density = f(counts[bin] / f(width));
    const half = f(part / 2);
    const begin = cubes(f(from - f(f(first + 0.5) * f(part))), half, density);
    const middle = f(f(last - first - 1) * cubes(-half, half, density));
    const rest = cubes(-half, f(until - f(f(last * f(part)) + half)), density);
    sum += f(f(begin + middle) + rest);
  }
  return sum;
}
