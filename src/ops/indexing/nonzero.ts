// Results whose shape only the data tells: where elements are not 0, those that a mask picks, different values, counts.
// All of them wait for one number (how many) and are promises; the rest is computed on the device.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { FLAG, COUNT, DIM } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSOR, INPUT, OTHER } from '../../core/kinds';
import { isFloat } from '../../base/dtype';
import { DTypeError, ShapeError } from '../../base/errors';
import { broadcastShapes, formatShape, numelOf, sameShape, wrapDim } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { CLOSE, isclose, ne, type IscloseOptions } from '../pointwise/compare';
import { to } from '../shape/copy';
import { arange, full, ones, zeros } from '../shape/creation';
import { gather, indexSelect, SCATTER, plainly } from './gather';
import { cat, stack } from '../shape/cat';
import { expand, narrow, reshape, transpose, unbind } from '../shape/view';
import { floorDivide, remainder, sub } from '../pointwise/arithmetic';
import { all, any, sum } from '../reduce/reduce';
import { cumsum } from '../reduce/scan';
import { argsort } from './sort';
import { scatter } from './scatter';

/** Places (int64, ascending) of the elements of a flat mask that hold. */
async function placesOf(mask: Tensor): Promise<Tensor> {
  const count = await sum(mask).item();
  // Stable, so that those that hold keep their order.
  return narrow(argsort(to(mask, 'uint8'), 0, true), 0, 0, count);
}

/** Flat places as coordinates, one vector for each dimension. */
function coordinates(places: Tensor, shape: readonly number[]): Tensor[] {
  let rest = places;
  const columns: Tensor[] = [];
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = Math.max(shape[d], 1);
    columns.unshift(d === 0 ? rest : remainder(rest, size));
    if (d > 0) rest = floorDivide(rest, size);
  }
  return columns;
}

/** Options of `nonzero`. */
export interface NonzeroOptions {
  /** Gives a vector for each dimension instead of a matrix. */
  asTuple?: boolean;
}

const NONZERO = signature('nonzero', [INPUT, argument('asTuple', FLAG, false)]);

/**
 * Indices (int64) of the elements that differ from 0, in order: [count, ndim], or with `asTuple` a vector for each
 * dimension. A promise, as only the data tells how many there are.
 * @see torch.nonzero
 */
export function nonzero(x: Tensor, options: { asTuple: true }): Promise<Tensor[]>;
export function nonzero(x: Tensor, options?: NonzeroOptions): Promise<Tensor>;
export function nonzero(x: Tensor, ...args: [options?: NonzeroOptions]): Promise<Tensor | Tensor[]> {
  if (intercepting.current !== null) return intercepting.current.call('nonzero', nonzero, [x, ...args]);
  const { asTuple } = NONZERO.take([x, ...args]);
  return nonzeroOf(x, asTuple);
}

async function nonzeroOf(x: Tensor, asTuple: boolean): Promise<Tensor | Tensor[]> {
  const places = await placesOf(reshape(ne(x, 0), -1));
  if (x.ndim === 0) return asTuple ? [places] : zeros([places.shape[0], 0], { dtype: 'int64', device: x.device });
  const columns = coordinates(places, x.shape);
  return asTuple ? columns : stack(columns, 1);
}

/** Indices [count, ndim] of the elements that differ from 0; a promise. @see torch.argwhere */
export const argwhere: (x: Tensor) => Promise<Tensor> = taking(signature('argwhere', [INPUT]), (x) => nonzero(x));

/**
 * The elements where the mask holds (both broadcast), as a vector. A promise, as only the data tells how many; gradients
 * go back to the places. @see torch.masked_select
 */
export const maskedSelect: (x: Tensor, ...args: Arguments<[mask: Tensor], [], { mask: Tensor }>) => Promise<Tensor> =
  taking(signature('maskedSelect', [INPUT, argument('mask', TENSOR)]), async (x, mask) => {
    if (mask.dtype !== 'bool') throw new DTypeError('maskedSelect', `mask must be bool, got ${mask.dtype}.`);
    const shape = broadcastShapes('maskedSelect', x.shape, mask.shape);
    const places = await placesOf(reshape(expand(mask, shape), -1));
    return indexSelect(reshape(expand(x, shape), -1), 0, places);
  });

// ---- different values -------------------------------------------------------------------------------------

/** What `unique` and `uniqueConsecutive` take. */
export interface UniqueOptions {
  /** Always sorted; PyTorch's option for a faster hash is taken and ignored. */
  sorted?: boolean;
  /** Also gives, for each element, the place of its value in the result. */
  returnInverse?: boolean;
  /** Also gives how often each value occurs. */
  returnCounts?: boolean;
  /** Compares slices along this dimension; without it the flattened elements. */
  dim?: number | null;
}

/** The result alone, or with what was asked for behind it. */
type Unique = Tensor | Tensor[];

/** Runs of equal rows of x [n, *]: the first of each run, its number for every row, its length. */
async function runs(x: Tensor): Promise<{ first: Tensor; inverse: Tensor; counts: Tensor }> {
  const n = x.shape[0];
  const rows = reshape(x, [n, numelOf(x.shape.slice(1))]);
  const starts =
    n === 0
      ? zeros([0], { dtype: 'bool', device: x.device })
      : cat([
          ones([1], { dtype: 'bool', device: x.device }),
          any(ne(narrow(rows, 0, 1, n - 1), narrow(rows, 0, 0, n - 1)), 1),
        ]);
  const first = await placesOf(starts);
  const ends = cat([narrow(first, 0, Math.min(1, first.shape[0]), Math.max(0, first.shape[0] - 1)), full([first.shape[0] > 0 ? 1 : 0], n, { dtype: 'int64', device: x.device })]); // prettier-ignore
  return { first, inverse: sub(cumsum(starts, 0), 1), counts: sub(ends, first) };
}

/** An order of the rows of x [n, k] in which equal ones are neighbours: by the first column, ties by the next. */
function rowOrder(x: Tensor): Tensor {
  let order = arange(x.shape[0], { device: x.device });
  for (const column of unbind(x, 1).reverse())
    order = indexSelect(order, 0, argsort(gather(column, 0, order), 0, false, true));
  return order;
}

async function unique_(op: string, x: Tensor, options: UniqueOptions, sorts: boolean): Promise<Unique> {
  const { returnInverse = false, returnCounts = false, dim = null } = options;
  const along = dim === null ? null : wrapDim(op, dim, x.ndim);
  // As PyTorch does it, which decides on the order of slices.
  const items = along === null ? reshape(x, -1) : transpose(x, along, 0);
  const n = items.shape[0];
  const order = sorts ? rowOrder(reshape(items, [n, numelOf(items.shape.slice(1))])) : arange(n, { device: x.device });
  const { first, inverse, counts } = await runs(sorts ? indexSelect(items, 0, order) : items);
  const values = indexSelect(items, 0, sorts ? indexSelect(order, 0, first) : first);
  const results = [along === null ? values : transpose(values, 0, along)];
  if (returnInverse) {
    const back = sorts ? scatter(inverse, 0, order, inverse) : inverse;
    results.push(along === null ? reshape(back, x.shape) : back);
  }
  if (returnCounts) results.push(counts);
  return results.length === 1 ? results[0] : results;
}

/**
 * The different values in ascending order, or slices along `dim`; with `returnInverse` and `returnCounts` an array with
 * these behind. A promise, as only the data tells how many there are. @see torch.unique
 */
export const unique: (
  x: Tensor,
  ...args: Arguments<
    [],
    [sorted?: boolean, returnInverse?: boolean, returnCounts?: boolean, dim?: number | null],
    UniqueOptions
  >
) => Promise<Unique> = takingNamed(
  signature('unique', [
    INPUT,
    argument('sorted', FLAG, undefined),
    argument('returnInverse', FLAG, undefined),
    argument('returnCounts', FLAG, undefined),
    argument('dim', DIM, null),
  ]),
  (x: Tensor, options: UniqueOptions): Promise<Unique> => unique_('unique', x.detach(), options, true),
);

/** The first of each run of equal values, or slices along `dim`; a promise, as `unique`. @see torch.unique_consecutive */
export const uniqueConsecutive: (
  x: Tensor,
  ...args: Arguments<[], [returnInverse?: boolean, returnCounts?: boolean, dim?: number | null], UniqueOptions>
) => Promise<Unique> = takingNamed(
  signature('uniqueConsecutive', [
    INPUT,
    argument('returnInverse', FLAG, undefined),
    argument('returnCounts', FLAG, undefined),
    argument('dim', DIM, null),
  ]),
  (x: Tensor, options: UniqueOptions): Promise<Unique> => unique_('uniqueConsecutive', x.detach(), options, false),
);

// ---- counts -------------------------------------------------------------------------------------------------

/** Options of `bincount`. */
export interface BincountOptions {
  /** Added up instead of ones. */
  weights?: Tensor | null;
  /** The result has this length at least. */
  minlength?: number;
}

const BINCOUNT = signature('bincount', [
  INPUT,
  argument('weights', TENSOR, null),
  argument('minlength', COUNT, undefined),
]);

/** How often each whole number from 0 occurs in a vector; a promise, as only the data tells the greatest. @see torch.bincount */
export function bincount(
  x: Tensor,
  ...args: Arguments<[], [weights?: Tensor | null, minlength?: number], BincountOptions>
): Promise<Tensor> {
  if (intercepting.current !== null) return intercepting.current.call('bincount', bincount, [x, ...args]);
  const { weights = null, minlength = 0 } = BINCOUNT.take([x, ...args]);
  if (x.ndim !== 1 || isFloat(x.dtype) || x.dtype === 'bool') {
    throw new ShapeError('bincount', `expected a vector of integers, got ${x.dtype} ${formatShape(x.shape)}.`);
  }
  if (weights !== null && !sameShape(weights.shape, x.shape)) {
    throw new ShapeError(
      'bincount',
      `weights must have the shape ${formatShape(x.shape)}, got ${formatShape(weights.shape)}.`,
    );
  }
  return countInto(x, weights, minlength);
}

async function countInto(x: Tensor, weights: Tensor | null, minlength: number): Promise<Tensor> {
  const greatest = x.numel() === 0 ? -1 : await x.amax().item();
  const n = Math.max(minlength, greatest + 1);
  const dtype = weights === null ? 'int64' : weights.dtype === 'float32' ? 'float32' : 'float64';
  const added = weights === null ? ones([x.numel()], { dtype, device: x.device }) : to(weights.detach(), dtype);
  if (n === 0) return zeros([0], { dtype, device: x.device });
  return SCATTER(added, to(x, 'int64'), { ...plainly('bincount', 0), n });
}

/** Whether all elements are equal (and the shapes are); a promise of a boolean. @see torch.equal */
export const equal: (a: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Promise<boolean> =
  taking(signature('equal', [INPUT, OTHER]), async (a, b) => {
    if (!sameShape(a.shape, b.shape)) return false;
    return (await any(ne(a, b)).item()) === 0;
  });

/** Whether all elements are as close as `isclose` says; a promise of a boolean. @see torch.allclose */
export const allclose: (
  a: Tensor,
  b: Tensor,
  ...args: Arguments<[], [rtol?: number, atol?: number, equalNan?: boolean], IscloseOptions>
) => Promise<boolean> = taking(CLOSE.as('allclose'), async (a, b, rtol, atol, equalNan) => {
  return (await all(isclose(a, b, rtol, atol, equalNan)).item()) !== 0;
});
