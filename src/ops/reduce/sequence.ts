// Along a sequence and over samples: differences, integrals, covariances, histograms, and folds that pass over NaN.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import {
  NUMBER,
  FINITE,
  FLAG,
  COUNT,
  INTEGER,
  DTYPE,
  DIM,
  DIMS,
  atLeast,
  oneOrMore,
  either,
  kind,
} from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, OPERAND, INPUT, KEEPDIM, TO_DTYPE } from '../../core/kinds';
import { composed } from '../../base/errorText';
import { defaultDType, isFloat } from '../../base/dtype';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { formatShape, wrapDim, wrapDims } from '../../base/shape';
import { unary } from '../../core/pointwiseFunctions';
import * as e from '../../expression/expression';
import { Tensor } from '../../core/tensor';
import { clamp, eq, ge, gt, le, logicalAnd, ne, where } from '../pointwise/compare';
import { clone, to } from '../shape/copy';
import { fromArray, linspace, ones, zeros } from '../shape/creation';
import { addAlong } from '../indexing/gather';
import { cat } from '../shape/cat';
import { mm } from '../linalg/matmul';
import { diagonal, mT, narrow, reshape, slice, unsqueeze } from '../shape/view';
import { add, div, floor, lerp, mul, sqrt, sub } from '../pointwise/arithmetic';
import { amax, amin, mean, sum, type FoldArguments } from './reduce';
import { cumsum } from './scan';
import { searchsorted } from '../indexing/sort';
import { norm } from './statistics';

// ---- differences and integrals --------------------------------------------------------------------------

/** Options of `diff`. */
export interface DiffOptions {
  /** How often; default 1. */
  n?: number;
  dim?: number;
  prepend?: Tensor | null;
  append?: Tensor | null;
}

/** Differences of neighbours along a dimension. @see torch.diff */
export const diff: (
  x: Tensor,
  ...args: Arguments<[], [n?: number, dim?: number, prepend?: Tensor | null, append?: Tensor | null], DiffOptions>
) => Tensor = takingNamed(
  signature('diff', [
    INPUT,
    argument('n', COUNT, undefined),
    argument('dim', DIM, undefined),
    argument('prepend', TENSOR, null),
    argument('append', TENSOR, null),
  ]),
  (x: Tensor, { n = 1, dim = -1, prepend = null, append = null }: DiffOptions): Tensor => {
    if (x.ndim === 0) throw new ShapeError('diff', 'expected one dimension at least, got a scalar.');
    const d = wrapDim('diff', dim, x.ndim);
    if (n === 0) return clone(x);
    let result =
      prepend === null && append === null
        ? x
        : cat(
            [prepend, x, append].filter((t) => t !== null),
            d,
          );
    // Once nothing is left, nothing changes.
    const rounds = Math.min(n, result.shape[d]);
    for (let i = 0; i < rounds; i++) {
      const size = result.shape[d];
      const length = Math.max(0, size - 1);
      const [after, before] = [narrow(result, d, Math.min(1, size), length), narrow(result, d, 0, length)];
      result = x.dtype === 'bool' ? ne(after, before) : sub(after, before);
    }
    return result;
  },
);

/** Options of `trapezoid` and `cumulativeTrapezoid`. */
export interface TrapezoidOptions {
  /** Where the values were taken; without it they are `dx` apart. */
  x?: Tensor | number | null;
  dx?: number;
  dim?: number;
}

/** The areas of the trapezoids between neighbours. */
function trapezoids(
  op: string,
  y: Tensor,
  { x = null, dx = 1, dim = -1 }: TrapezoidOptions,
): [areas: Tensor, dim: number] {
  const d = wrapDim(op, dim, y.ndim);
  const n = y.shape[d];
  if (n === 0) return [y, d];
  const heights = add(narrow(y, d, 1, n - 1), narrow(y, d, 0, n - 1));
  if (!(x instanceof Tensor)) return [mul(heights, (x ?? dx) / 2), d];
  if (x.ndim !== 1 && x.shape[x.ndim - y.ndim + d] !== n) {
    throw new ShapeError(
      op,
      `there must be one x value for each y value, got ${formatShape(x.shape)} and ${formatShape(y.shape)}.`,
    );
  }
  const widths =
    x.ndim === 1 ? reshape(diff(x), [-1, ...y.shape.slice(d + 1).map(() => 1)]) : diff(x, 1, x.ndim - y.ndim + d);
  return [div(mul(heights, widths), 2), d];
}

type TrapezoidArguments = Arguments<[], [x?: Tensor | number | null, dim?: number, dx?: number], TrapezoidOptions>;

const TRAPEZOID = signature('trapezoid', [
  argument('y', TENSOR),
  argument('x', either(NUMBER, TENSOR), null),
  argument('dim', DIM, -1),
  argument('dx', NUMBER, 1),
]);

/** The integral along a dimension by trapezoids between values at `x`, or `dx` apart. @see torch.trapezoid */
export function trapezoid(y: Tensor, ...args: TrapezoidArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('trapezoid', trapezoid, [y, ...args]);
  const [areas, dim] = trapezoids('trapezoid', y, TRAPEZOID.take([y, ...args]));
  return sum(areas, dim);
}

const CUMULATIVE_TRAPEZOID = signature('cumulativeTrapezoid', [
  argument('y', TENSOR),
  argument('x', either(NUMBER, TENSOR), null),
  argument('dim', DIM, -1),
  argument('dx', NUMBER, 1),
]);

/** The integral up to each value. @see torch.cumulative_trapezoid */
export function cumulativeTrapezoid(y: Tensor, ...args: TrapezoidArguments): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('cumulativeTrapezoid', cumulativeTrapezoid, [y, ...args]);
  const options = CUMULATIVE_TRAPEZOID.take([y, ...args]);
  const [areas, dim] = trapezoids('cumulativeTrapezoid', y, options);
  return cumsum(areas, dim);
}

const EDGE_ORDER = kind<1 | 2>('1 or 2', (value) => value === 1 || value === 2);

/** Options of `gradient`. */
export interface GradientOptions {
  /** The distance of samples (one for all dimensions or one for each), or their coordinates. */
  spacing?: number | readonly (number | Tensor)[] | null;
  /** Default: all dimensions. */
  dim?: number | readonly number[] | null;
  /** 1 or 2: how exact estimates at the ends are. */
  edgeOrder?: 1 | 2;
}

/** Second-order estimates of the derivative along dimensions, from neighbours. @see torch.gradient */
export const gradient: (
  x: Tensor,
  ...args: Arguments<
    [],
    [
      spacing?: number | readonly (number | Tensor)[] | null,
      dim?: number | readonly number[] | null,
      edgeOrder?: 1 | 2,
    ],
    GradientOptions
  >
) => Tensor[] = takingNamed(
  signature('gradient', [
    INPUT,
    argument('spacing', oneOrMore(OPERAND), null),
    argument('dim', DIMS, null),
    argument('edgeOrder', EDGE_ORDER, undefined),
  ]),
  (x: Tensor, { spacing = 1, dim = null, edgeOrder = 1 }: GradientOptions): Tensor[] => {
    const dims =
      dim === null ? x.shape.map((_, d) => d) : wrapDims('gradient', typeof dim === 'number' ? [dim] : dim, x.ndim);
    const steps = typeof spacing === 'number' || spacing === null ? dims.map(() => spacing ?? 1) : spacing;
    if (steps.length !== dims.length) {
      throw new ValueError(
        'gradient',
        `spacing must have one entry for each of ${dims.length} dimensions, got ${steps.length}.`,
      );
    }
    return dims.map((d, i) => gradientAlong(x, d, steps[i], edgeOrder));
  },
);

function gradientAlong(x: Tensor, d: number, step: number | Tensor, edgeOrder: 1 | 2): Tensor {
  const n = x.shape[d];
  if (n <= edgeOrder) {
    throw new ShapeError('gradient', `dimension ${d} must have more than ${edgeOrder} elements, got ${n}.`);
  }
  const at = (from: number, length: number): Tensor => narrow(x, d, from < 0 ? n + from : from, length);
  const along = (t: Tensor): Tensor => reshape(t, [-1, ...x.shape.slice(d + 1).map(() => 1)]);
  const spans = step instanceof Tensor ? along(diff(step)) : null;
  // Distance between elements i and i + 1, of `length` neighbours from i.
  const gap = (from: number, length: number): Tensor | number =>
    spans === null ? step : narrow(spans, 0, from < 0 ? n - 1 + from : from, length);
  const times = (a: Tensor | number, b: Tensor | number): Tensor | number =>
    typeof a === 'number' ? (typeof b === 'number' ? a * b : mul(b, a)) : mul(a, b);
  const plus = (a: Tensor | number, b: Tensor | number): Tensor | number =>
    typeof a === 'number' ? (typeof b === 'number' ? a + b : add(b, a)) : add(a, b);
  const scaled = (t: Tensor, by: Tensor | number): Tensor => mul(t, by);
  const over = (a: Tensor | number, b: Tensor | number): Tensor | number =>
    typeof a === 'number' && typeof b === 'number'
      ? a / b
      : typeof a === 'number'
        ? mul((b as Tensor).reciprocal(), a)
        : div(a, b);
  const parts: Tensor[] = [];
  const one = (from: number): Tensor => div(sub(at(from + 1, 1), at(from, 1)), gap(from, 1));
  // At the ends by three points: a f0 + b f1 + c f2 with distances h (nearest) and k.
  const two = (first: number, direction: 1 | -1, h: Tensor | number, k: Tensor | number): Tensor => {
    const both = plus(h, k);
    const a = times(over(plus(times(h, 2), k), times(h, both)), -direction);
    const b = times(over(both, times(h, k)), direction);
    const c = times(over(h, times(k, both)), -direction);
    const [f0, f1, f2] = [0, 1, 2].map((i) => at(first + i * direction, 1));
    return add(add(scaled(f0, a), scaled(f1, b)), scaled(f2, c));
  };
  parts.push(edgeOrder === 1 ? one(0) : two(0, 1, gap(0, 1), gap(1, 1)));
  if (n > 2) {
    const [h, k] = [gap(0, n - 2), gap(1, n - 2)];
    const both = plus(h, k);
    const a = times(over(k, times(h, both)), -1);
    const b = over(plus(k, times(h, -1)), times(h, k));
    const c = over(h, times(k, both));
    parts.push(add(add(scaled(at(0, n - 2), a), scaled(at(1, n - 2), b)), scaled(at(2, n - 2), c)));
  }
  parts.push(edgeOrder === 1 ? one(n - 2) : two(n - 1, -1, gap(n - 2, 1), gap(n - 3, 1)));
  return cat(parts, d);
}

// ---- covariances -----------------------------------------------------------------------------------------

/** Options of `cov`. */
export interface CovOptions {
  /** What is taken from the number of samples before dividing; default 1. */
  correction?: number;
  /** How often each sample counts: whole numbers. */
  fweights?: Tensor | null;
  /** How much each sample counts. */
  aweights?: Tensor | null;
}

/** Covariances of variables (rows) from samples (columns). Shape: [variables, samples] -> [variables, variables]. @see torch.cov */
export const cov: (
  x: Tensor,
  ...args: Arguments<[], [correction?: number, fweights?: Tensor | null, aweights?: Tensor | null], CovOptions>
) => Tensor = takingNamed(
  signature('cov', [
    INPUT,
    argument('correction', INTEGER, undefined),
    argument('fweights', TENSOR, null),
    argument('aweights', TENSOR, null),
  ]),
  (x: Tensor, { correction = 1, fweights = null, aweights = null }: CovOptions): Tensor => {
    if (x.ndim > 2) throw new ShapeError('cov', `expected at most 2 dimensions, got ${formatShape(x.shape)}.`);
    const rows = to(x.ndim < 2 ? reshape(x, 1, -1) : x, isFloat(x.dtype) ? x.dtype : defaultDType());
    const n = rows.shape[1];
    for (const weights of [fweights, aweights]) {
      if (weights !== null && (weights.ndim > 1 || weights.numel() !== n)) {
        throw new ShapeError('cov', `weights must be one for each of ${n} samples, got ${formatShape(weights.shape)}.`);
      }
    }
    if (fweights !== null && (isFloat(fweights.dtype) || fweights.dtype === 'bool')) {
      throw new DTypeError('cov', `fweights must be of an integer dtype, got ${fweights.dtype}.`);
    }
    if (aweights !== null && !isFloat(aweights.dtype)) {
      throw new DTypeError('cov', `aweights must be of a floating-point dtype, got ${aweights.dtype}.`);
    }
    let weights: Tensor | null = fweights === null ? null : to(fweights, rows.dtype);
    if (aweights !== null) weights = weights === null ? to(aweights, rows.dtype) : mul(weights, aweights);
    const total = weights === null ? n : sum(weights);
    const average = weights === null ? mean(rows, 1, true) : div(sum(mul(rows, weights), 1, true), total);
    const centred = sub(rows, average);
    let norm_: Tensor | number;
    if (typeof total === 'number') norm_ = Math.max(0, total - correction);
    else if (aweights === null || correction === 0) norm_ = clamp(sub(total, correction), 0);
    else norm_ = clamp(sub(total, div(mul(sum(mul(weights as Tensor, aweights)), correction), total)), 0);
    const weighted = weights === null ? centred : mul(centred, weights);
    const matrix = div(mm(centred, mT(weighted)), norm_);
    return matrix.numel() === 1 ? reshape(matrix, []) : matrix;
  },
);

/** Correlation coefficients of variables (rows) from samples (columns). @see torch.corrcoef */
export const corrcoef: (x: Tensor) => Tensor = taking(signature('corrcoef', [INPUT]), (x) => {
  const c = composed('corrcoef', () => cov(x));
  if (c.ndim === 0) return div(c, c);
  const std = sqrt(diagonal(c));
  return clamp(div(div(c, unsqueeze(std, 1)), unsqueeze(std, 0)), -1, 1);
});

// ---- folds that pass over NaN ---------------------------------------------------------------------------------

/** x, or 0 where it is NaN. A gradient of NaN or infinity is NaN there, as in PyTorch. */
const withoutNaN = unary('nansum', 'common', (x) => e.where(e.eq(x, x), x, e.constantLike(x, 0)), {
  gradient: (grad, [x]) => [e.mul(grad, e.where(e.eq(x, x), e.constantLike(x, 1), e.constantLike(x, 0)))],
});

const NANSUM = signature('nansum', [INPUT, argument('dim', DIMS, null), KEEPDIM, TO_DTYPE]);

/** Σ x without NaN. @see torch.nansum */
export function nansum(x: Tensor, ...args: FoldArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('nansum', nansum, [x, ...args]);
  const { input, dim, keepdim, dtype } = NANSUM.take([x, ...args]);
  return composed('nansum', () => sum(withoutNaN(input), dim, keepdim, dtype));
}

const NANMEAN = signature('nanmean', [
  INPUT,
  argument('dim', DIMS, null),
  argument('keepdim', FLAG, undefined),
  argument('dtype', DTYPE, null),
]);

/** The mean of what is not NaN. @see torch.nanmean */
export function nanmean(x: Tensor, ...args: FoldArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('nanmean', nanmean, [x, ...args]);
  const { dim = null, keepdim = false, dtype = null } = NANMEAN.take([x, ...args]);
  if (!isFloat(x.dtype))
    throw new DTypeError('nanmean', `the input must be of a floating-point dtype, got ${x.dtype}.`);
  const input = dtype === null ? x : to(x, dtype);
  return composed('nanmean', () =>
    div(nansum(input, dim, keepdim), sum(to(eq(input, input), input.dtype), dim, keepdim)),
  );
}

const AMINMAX = signature('aminmax', [INPUT, argument('dim', DIM, null), argument('keepdim', FLAG, undefined)]);

/** Least and greatest at once. @see torch.aminmax */
export function aminmax(
  x: Tensor,
  ...args: Arguments<[], [dim?: number | null, keepdim?: boolean], { dim?: number | null; keepdim?: boolean }>
): [min: Tensor, max: Tensor] & { min: Tensor; max: Tensor } {
  if (intercepting.current !== null) return intercepting.current.call('aminmax', aminmax, [x, ...args]);
  const { dim = null, keepdim = false } = AMINMAX.take([x, ...args]);
  // PyTorch keeps a dimension that a scalar does not have.
  const source = x.ndim === 0 && keepdim && dim !== null ? reshape(x, 1) : x;
  const [min, max] = [amin(source, dim, keepdim), amax(source, dim, keepdim)];
  return Object.assign([min, max] as [Tensor, Tensor], { min, max });
}

/** Options of `renorm`. */
export interface RenormOptions {
  p: number;
  dim: number;
  maxnorm: number;
}

/** Slices along `dim` scaled down to a p-norm of at most `maxnorm`. @see torch.renorm */
export const renorm: (
  x: Tensor,
  ...args: Arguments<
    [p: number, dim: number, maxnorm: number],
    [],
    RenormOptions,
    [p: number, dim: number, options: Omit<RenormOptions, 'p' | 'dim'>]
  >
) => Tensor = takingNamed(
  signature('renorm', [INPUT, argument('p', NUMBER), argument('dim', DIM), argument('maxnorm', NUMBER)]),
  (x: Tensor, { p, dim, maxnorm }: RenormOptions): Tensor => {
    const d = wrapDim('renorm', dim, x.ndim);
    if (x.ndim < 2) throw new ShapeError('renorm', `expected 2 dimensions at least, got ${formatShape(x.shape)}.`);
    if (!(p > 0) || !(maxnorm >= 0))
      throw new ValueError('renorm', `p must be positive and maxnorm >= 0, got ${p} and ${maxnorm}.`);
    const norms = norm(x, p, x.shape.flatMap((_, i) => (i === d ? [] : [i])), true); // prettier-ignore
    return mul(x, where(gt(norms, maxnorm), div(norms.onesLike().mul(maxnorm), add(norms, 1e-7)), 1));
  },
);

// ---- histograms ---------------------------------------------------------------------------------------------

/** Options of `histc`. */
export interface HistcOptions {
  /** Default 100. */
  bins?: number;
  /** With min = max = 0 (the default) the range of the data. */
  min?: number;
  max?: number;
}

/** How many elements lie in each of `bins` equal parts of [min, max]; others are passed over. @see torch.histc */
export const histc: (
  x: Tensor,
  ...args: Arguments<[], [bins?: number, min?: number, max?: number], HistcOptions>
) => Tensor = takingNamed(
  signature('histc', [
    INPUT,
    argument('bins', atLeast(1), undefined),
    argument('min', NUMBER, undefined),
    argument('max', NUMBER, undefined),
  ]),
  (x: Tensor, { bins = 100, min = 0, max = 0 }: HistcOptions): Tensor => {
    if (!isFloat(x.dtype))
      throw new DTypeError('histc', `the input must be of a floating-point dtype, got ${x.dtype}.`);
    if (max < min) throw new ValueError('histc', `max must not be below min, got ${min} and ${max}.`);
    const values = reshape(x.detach(), -1);
    const number = (value: number): Tensor =>
      fromArray(Float64Array.of(value), [], { device: x.device, dtype: x.dtype });
    if (values.numel() === 0) return zeros([bins], { dtype: x.dtype, device: x.device });
    const fromData = min === max && min === 0;
    const [from, to_] = fromData ? [amin(values), amax(values)] : [number(min), number(max)];
    const isPoint = eq(from, to_);
    const [low, high] = [where(isPoint, sub(from, 1), from), where(isPoint, add(to_, 1), to_)];
    const inside = logicalAnd(ge(values, low), le(values, high));
    const place = floor(div(mul(sub(values, low), bins), sub(high, low)));
    const places = to(clamp(where(inside, place, 0), 0, bins - 1), 'int64');
    return addAlong(to(inside, x.dtype), 0, places, bins);
  },
);

const RANGE = kind<readonly [number, number]>('two finite numbers in ascending order', (value) => {
  const [from, to_] = Array.isArray(value) && value.length === 2 ? (value as unknown[]) : [];
  return FINITE.accepts(from) && FINITE.accepts(to_) && from <= to_;
});

/** Options of `histogram`. */
export interface HistogramOptions {
  /** How many, or the edges between them. */
  bins: number | Tensor;
  range?: readonly [number, number] | null;
  weight?: Tensor | null;
  /** Divides by the total and the width of each bin. */
  density?: boolean;
}

/** Counts and edges of bins; the last bin includes its upper edge. @see torch.histogram */
export const histogram: (
  x: Tensor,
  ...args: Arguments<
    [bins: number | Tensor],
    [range?: readonly [number, number] | null, weight?: Tensor | null, density?: boolean],
    HistogramOptions
  >
) => [hist: Tensor, binEdges: Tensor] = takingNamed(
  signature('histogram', [
    INPUT,
    argument('bins', either(atLeast(1), TENSOR)),
    argument('range', RANGE, null),
    argument('weight', TENSOR, null),
    argument('density', FLAG, undefined),
  ]),
  (
    x: Tensor,
    { bins, range = null, weight = null, density = false }: HistogramOptions,
  ): [hist: Tensor, binEdges: Tensor] => {
    const values = reshape(x.detach(), -1);
    let edges: Tensor;
    if (bins instanceof Tensor) {
      edges = bins;
    } else {
      const count = bins;
      const ends = range ?? (values.numel() === 0 ? [0, 1] : null);
      const [from, until] = ends === null ? [amin(values), amax(values)] : ends.map((value) => fromArray(Float64Array.of(value), [], { device: x.device, dtype: x.dtype })); // prettier-ignore
      const isPoint = eq(from, until);
      const [low, high] = [where(isPoint, sub(from, 0.5), from), where(isPoint, add(until, 0.5), until)];
      const ramp = linspace(0, 1, count + 1, { device: x.device, dtype: x.dtype });
      // Exact at both ends, so that the greatest element is inside.
      edges = lerp(low, high, ramp);
    }
    const n = edges.shape[0] - 1;
    const place = sub(searchsorted(edges, values, { right: true }), 1);
    const inside = logicalAnd(ge(values, slice(edges, 0, 0, 1)), le(values, slice(edges, 0, n, n + 1)));
    const counted =
      weight === null ? ones([values.numel()], { dtype: x.dtype, device: x.device }) : reshape(weight, -1);
    const hist = addAlong(where(inside, counted, 0), 0, clamp(place, 0, n - 1), n);
    if (!density) return [hist, edges];
    return [div(div(hist, sum(hist)), diff(edges)), edges];
  },
);
