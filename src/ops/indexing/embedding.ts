// Look-up tables: rows of a matrix by index, one by one or folded by bags.
import { intercepting } from '../../base/intercept';
import type { IndexOptions } from '../../device/contract';
import { noGrad } from '../../core/backward';
import { KindError, ShapeError, ValueError } from '../../base/errors';
import { defineOp } from '../../core/op';
import { libraryCode } from '../../core/temporaries';
import { formatShape, sameShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clampMin, eq, ge, isnan, logicalOr, maskedFill, ne, where } from '../pointwise/compare';
import { arange, full, onesLike } from '../shape/creation';
import { max } from '../reduce/argReduce';
import { checkIndex, gather, indexAddWith, indexSelectWith } from './gather';
import { expand, narrow, reshape, unsqueeze } from '../shape/view';
import { add, div, mul, reciprocal, sub } from '../pointwise/arithmetic';
import { sum } from '../reduce/reduce';
import { cumsum } from '../reduce/scan';
import { scatterReduce } from './scatter';
import { argsort } from './sort';
import { cat } from '../shape/cat';
import { queueCopy, to } from '../shape/copy';
import { norm } from '../reduce/statistics';

/** What look-ups take besides the table. */
export interface LookupOptions {
  /** A row that gets no gradient; in bags it counts for nothing. Negative ones count from the end. */
  readonly paddingIdx: number | null;
  /** Rows that are looked up are scaled, in the table itself, to at most this norm. */
  readonly maxNorm: number | null;
  /** Which norm. */
  readonly normType: number;
  /** Whether gradients are divided by how often their row is looked up. */
  readonly scaleGradByFreq: boolean;
}

/** The row that paddingIdx means in a table of n rows. @throws RangeError if it is none */
export function paddingRow(op: string, paddingIdx: number | null, n: number): number | null {
  const row = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + n : paddingIdx;
  if (row !== null && !(Number.isInteger(row) && row >= 0 && row < n)) {
    throw new ValueError(op, `paddingIdx must be in [${-n}, ${n - 1}], got ${paddingIdx}.`);
  }
  return row;
}

function checkTable(op: string, index: Tensor, weight: Tensor): void {
  checkIndex(op, index);
  if (weight.ndim !== 2) throw new ShapeError(op, `weight must be a matrix, got ${formatShape(weight.shape)}.`);
}

const faultsOf = (op: string): IndexOptions => ({ op, what: 'index', ignore: null });

/**
 * Scales the rows of the table that the index names so that their norm is at most maxNorm, in place and outside the graph.
 * Takes time and memory for the whole table: what the index holds is not known here.
 */
function renormalize(op: string, weight: Tensor, index: Tensor, maxNorm: number, normType: number): void {
  noGrad(() => {
    libraryCode(() => {
      const table = weight.detach();
      const norms = norm(table, normType, 1, true);
      const uses = indexAddWith(onesLike(index, { dtype: table.dtype }), 0, index, table.shape[0], faultsOf(op));
      // PyTorch keeps away from a division by zero in this way.
      const scale = where(ge(norms, maxNorm), mul(reciprocal(add(norms, 1e-7)), maxNorm), 1);
      mul.inPlace(table, where(unsqueeze(ne(uses, 0), 1), scale, 1));
    });
  });
}

/** The rows of the table that a vector of indices names. */
function lookUp(op: string, index: Tensor, weight: Tensor, options: LookupOptions): Tensor {
  const { maxNorm, normType, scaleGradByFreq } = options;
  const padding = paddingRow(op, options.paddingIdx, weight.shape[0]);
  if (maxNorm !== null) renormalize(op, weight, index, maxNorm, normType);
  const faults = faultsOf(op);
  return indexSelectWith(weight, 0, index, { ...faults, ignoreInGradient: padding, byFrequency: scaleGradByFreq });
}

/** Rows of `weight` [n, width] by index. Shape: index [*] -> [*, width]. @see torch.nn.functional.embedding */
export function embedding(index: Tensor, weight: Tensor, options: LookupOptions): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('embedding', embedding, [index, weight, options]);
  checkTable('embedding', index, weight);
  const rows = lookUp('embedding', reshape(index, -1), weight, options);
  return reshape(rows, [...index.shape, weight.shape[1]]);
}

/** How the rows of a bag become one. */
export type BagMode = 'sum' | 'mean' | 'max';

/** @throws TypeError unless it is a mode that bags have. */
export function checkBagMode(op: string, mode: string): asserts mode is BagMode {
  if (mode === 'sum' || mode === 'mean' || mode === 'max') return;
  throw new KindError(op, `mode must be 'sum', 'mean' or 'max', got '${mode}'.`);
}

/** What bags take besides. */
export interface BagOptions extends LookupOptions {
  readonly mode: BagMode;
  /** Where each bag starts in a vector of indices; null for bags that are the rows of a matrix of them. */
  readonly offsets: Tensor | null;
  /** Whether the last offset is the end of the last bag instead of the start of one more. */
  readonly includeLastOffset: boolean;
  /** Factors of the rows, for sums. */
  readonly perSampleWeights: Tensor | null;
}

const NAME = 'embeddingBag';

/**
 * Rows of `weight` [n, width] by index, summed, averaged or their maximum by bags; 0 for empty ones.
 * Shape: index [B, N], or [N] with offsets [B] -> [B, width].
 */
export function embeddingBag(index: Tensor, weight: Tensor, options: BagOptions): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('embeddingBag', embeddingBag, [index, weight, options]);
  checkTable(NAME, index, weight);
  checkBags(index, options);
  const { mode, perSampleWeights } = options;
  const indices = reshape(index, -1);
  const padding = paddingRow(NAME, options.paddingIdx, weight.shape[0]);
  return libraryCode(() => {
    const found = lookUp(NAME, indices, weight, { ...options, scaleGradByFreq: false });
    const rows = options.scaleGradByFreq ? WEIGHED(found, shares(indices, weight)) : found;
    const isPadding = padding === null ? null : unsqueeze(eq(indices, padding), 1);
    const bags = bagsOf(index, options);
    if (mode === 'max') return bags.maximum(rows, isPadding);
    const weighted = perSampleWeights === null ? rows : mul(rows, reshape(perSampleWeights, [-1, 1]));
    const total = bags.sum(isPadding === null ? weighted : maskedFill(weighted, isPadding, 0));
    return mode === 'sum' ? total : div(total, clampMin(countIn(bags, rows, isPadding), 1));
  });
}

/** The rows, whose gradient is multiplied by a factor each. */
const WEIGHED: (rows: Tensor, factors: Tensor) => Tensor = defineOp<[rows: Tensor, factors: Tensor]>({
  name: 'embeddingBag',
  shape: ([rows]) => ({ shape: rows.shape, dtype: rows.dtype }),
  forward: (device, [rows], out) => queueCopy(device, rows, out),
  saves: { inputs: [1] },
  backward: (grad, { inputs: [, factors] }) => [() => mul(grad, factors), null],
});

/**
 * By what the gradient of each row [m, 1] is multiplied for scaleGradByFreq, as PyTorch's CPU has it: of the rows that differ, in
 * order, the i-th is divided by how often the i-th of all indices, in order, occurs; so its own frequency counts where none
 * before it occurs twice.
 */
function shares(index: Tensor, weight: Tensor): Tensor {
  const [m] = index.shape;
  const pick = (x: Tensor, at: Tensor): Tensor => indexSelectWith(x, 0, at, faultsOf(NAME));
  return noGrad(() => {
    const counts = indexAddWith(full([m], 1, { dtype: weight.dtype, device: weight.device }), 0, index, weight.shape[0], faultsOf(NAME)); // prettier-ignore
    if (m === 0) return reshape(pick(counts, index), [0, 1]);
    const order = argsort(index);
    const sorted = pick(index, order);
    const isNew = ne(narrow(sorted, 0, 1, m - 1), narrow(sorted, 0, 0, m - 1));
    const rank = cumsum(cat([full([1], 0, { dtype: 'int64', device: index.device }), to(isNew, 'int64')]), 0);
    const inOrder = reciprocal(pick(counts, pick(sorted, rank)));
    return reshape(pick(inOrder, argsort(order)), [m, 1]);
  });
}

function checkBags({ shape }: Tensor, { offsets, mode, perSampleWeights, scaleGradByFreq }: BagOptions): void {
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new ShapeError(NAME, `${what}, got input ${formatShape(shape)}.`, { shape });
  };
  must(shape.length === 1 || shape.length === 2, 'the input must have 1 or 2 dimensions');
  must(shape.length === 2 || offsets?.ndim === 1, 'an input of one dimension needs a vector of offsets');
  must(shape.length === 1 || offsets === null, 'an input of two dimensions has its bags in its rows and takes no offsets');
  must(perSampleWeights === null || sameShape(perSampleWeights.shape, shape), 'perSampleWeights must have the shape of the input');
  if (perSampleWeights !== null && mode !== 'sum') {
    throw new KindError(NAME, `perSampleWeights goes with mode 'sum' only, got mode '${mode}'.`);
  }
  if (mode === 'max' && scaleGradByFreq) throw new KindError(NAME, `scaleGradByFreq does not go with mode 'max'.`);
} // prettier-ignore

/** Folds over the bags of rows [N, width]. */
interface Bags {
  sum(rows: Tensor): Tensor;
  /** 0 where a bag has nothing but padding. */
  maximum(rows: Tensor, isPadding: Tensor | null): Tensor;
}

/** How many rows of each bag are no padding. Shape: [B, 1]. */
function countIn(bags: Bags, rows: Tensor, isPadding: Tensor | null): Tensor {
  const ones = full([rows.shape[0], 1], 1, { dtype: rows.dtype, device: rows.device });
  return bags.sum(isPadding === null ? ones : maskedFill(ones, isPadding, 0));
}

/** The greatest along `dim` of candidates [.., width] of which some do not count; 0 where none does. */
function greatest(candidates: Tensor, excluded: Tensor | null, dim: number): Tensor {
  if (candidates.shape[dim] === 0) return sum(candidates, dim);
  const [values] = max(excluded === null ? candidates : maskedFill(candidates, excluded, -Infinity), dim);
  return maskedFill(values, eq(values, -Infinity), 0);
}

function bagsOf(index: Tensor, { offsets, includeLastOffset }: BagOptions): Bags {
  if (offsets === null) {
    const [count, size] = index.shape;
    const byBag = (rows: Tensor): Tensor => reshape(rows, [count, size, rows.shape[1]]);
    return {
      sum: (rows) => sum(byBag(rows), 1),
      maximum: (rows, isPadding) => greatest(byBag(rows), isPadding && byBag(isPadding), 1),
    };
  }
  checkIndex(NAME, offsets);
  const [n] = index.shape;
  const count = offsets.shape[0] - (includeLastOffset ? 1 : 0);
  const starts = narrow(offsets, 0, 0, count);
  // How many bags have started at each place, less one, is the place's bag.
  const marks = indexAddWith(onesLike(starts, { dtype: 'int64' }), 0, starts, n + 1, { op: NAME, what: 'offset', ignore: null });
  const bag = sub(cumsum(narrow(marks, 0, 0, n), 0), 1);
  const bags: Bags = {
    sum: (rows) => indexAddWith(rows, 0, bag, count, { op: NAME, what: 'bag (is the first offset 0?)', ignore: null }),
    // The first row of each bag that holds its greatest value, column by column.
    maximum: (rows, isPadding) => {
      if (n === 0) return bags.sum(rows);
      const mask = (x: Tensor, value: number): Tensor => (isPadding === null ? x : maskedFill(x, isPadding, value));
      const isEmpty = eq(countIn(bags, rows, isPadding), 0);
      const values = mask(rows.detach(), -Infinity);
      const at = expand(unsqueeze(bag, 1), rows.shape);
      const over = (source: Tensor, start: number, reduce: 'amax' | 'amin'): Tensor =>
        scatterReduce(full([count, rows.shape[1]], start, { dtype: source.dtype, device: bag.device }), 0, at, source, reduce);
      const isGreatest = logicalOr(eq(values, gather(over(values, -Infinity, 'amax'), 0, at)), isnan(values));
      const number = unsqueeze(arange(n, { device: bag.device }), 1);
      const first = over(mask(where(isGreatest, number, n), n), n, 'amin');
      return maskedFill(gather(rows, 0, maskedFill(first, isEmpty, 0)), isEmpty, 0);
    },
  };
  return bags;
} // prettier-ignore
