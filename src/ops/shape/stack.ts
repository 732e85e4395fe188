// Several tensors as one, or each fitted to the others: stacks, grids, combinations, common shapes.
import { interceptable, intercepting } from '../../base/intercept';
import { COUNTS, FLAG, COUNT, oneOf } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { TENSORS, SEVERAL_TENSORS, INPUT } from '../../core/kinds';
import { composed } from '../../base/errorText';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { broadcastShapes, formatShape, sameShape, type Shape } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { filled } from './copy';
import { indexSelect, indexVector } from '../indexing/gather';
import { cat, stack } from './cat';
import { expand, reshape, type Sizes } from './view';
import type { Arguments } from '../../base/arguments';

/** Tensors as one array or separately. */
type Tensors = readonly [readonly Tensor[]] | readonly Tensor[];

const reshapedTo =
  (shapeOf: (shape: Shape) => Shape) =>
  (x: Tensor): Tensor => {
    const shape = shapeOf(x.shape);
    return shape === x.shape ? x : reshape(x, shape);
  };
const one = reshapedTo((shape) => (shape.length === 0 ? [1] : shape));
const two = reshapedTo((shape) => (shape.length === 0 ? [1, 1] : shape.length === 1 ? [1, ...shape] : shape));
const three = reshapedTo((shape) =>
  shape.length === 0 ? [1, 1, 1] : shape.length === 1 ? [1, ...shape, 1] : shape.length === 2 ? [...shape, 1] : shape,
);

/** `f` of one tensor, or of each of several. */
function each(
  name: string,
  f: (x: Tensor) => Tensor,
): {
  (x: Tensor): Tensor;
  (...tensors: Tensors): Tensor[];
};
function each(name: string, f: (x: Tensor) => Tensor): (...given: Tensors) => Tensor | Tensor[] {
  const takes = signature(name, [argument('tensors', SEVERAL_TENSORS)]);
  return (...given) => {
    const { tensors } = takes.take(given);
    return given.length === 1 && given[0] instanceof Tensor ? f(given[0]) : tensors.map(f);
  };
}

/** Viewed with one dimension at least; a tensor that has it is returned as it is. @see torch.atleast_1d */
export const atleast1d = interceptable('atleast1d', each('atleast1d', one));
/** Viewed with two dimensions at least. @see torch.atleast_2d */
export const atleast2d = interceptable('atleast2d', each('atleast2d', two));
/** Viewed with three dimensions at least. @see torch.atleast_3d */
export const atleast3d = interceptable('atleast3d', each('atleast3d', three));

/** Joined side by side: along dimension 1, vectors along 0. @see torch.hstack */
export const hstack: (tensors: readonly Tensor[]) => Tensor = taking(
  signature('hstack', [argument('tensors', TENSORS)]),
  (tensors) => {
    const pieces = tensors.map(one);
    return composed('hstack', () => cat(pieces, pieces[0]?.ndim === 1 ? 0 : 1));
  },
);
/** Joined one above the other. @see torch.vstack */
export const vstack: (tensors: readonly Tensor[]) => Tensor = taking(
  signature('vstack', [argument('tensors', TENSORS)]),
  (tensors) => composed('vstack', () => cat(tensors.map(two), 0)),
);
/** Joined along the third dimension. @see torch.dstack */
export const dstack: (tensors: readonly Tensor[]) => Tensor = taking(
  signature('dstack', [argument('tensors', TENSORS)]),
  (tensors) => composed('dstack', () => cat(tensors.map(three), 2)),
);
/** Joined side by side, vectors as columns. @see torch.column_stack */
export const columnStack: (tensors: readonly Tensor[]) => Tensor = taking(signature('columnStack', [argument('tensors', TENSORS)]), (tensors) => composed('columnStack', () => cat(tensors.map((x) => (x.ndim < 2 ? reshape(x, -1, 1) : x)), 1))); // prettier-ignore

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** 'xy' exchanges the first two dimensions; default 'ij'. */
  indexing?: 'ij' | 'xy';
}

const MESHGRID = signature('meshgrid', [
  argument('tensors', SEVERAL_TENSORS),
  argument('indexing', oneOf('ij', 'xy'), 'ij'),
]);

/** Coordinates on the grid that vectors span, one tensor for each. @see torch.meshgrid */
export function meshgrid(...args: readonly (Tensor | readonly Tensor[] | MeshgridOptions)[]): Tensor[] {
  if (intercepting.current !== null) return intercepting.current.call('meshgrid', meshgrid, args);
  const { tensors: given, indexing } = MESHGRID.take(args);
  for (const x of given) {
    if (x.ndim > 1) throw new ShapeError('meshgrid', `expected vectors or scalars, got ${formatShape(x.shape)}.`);
    if (x.dtype !== given[0].dtype) {
      throw new DTypeError('meshgrid', `all must be of one dtype, got ${given[0].dtype} and ${x.dtype}.`);
    }
  }
  if (given.length === 0) throw new ShapeError('meshgrid', 'expected at least one tensor, got none.');
  const swaps = indexing === 'xy' && given.length >= 2;
  const vectors = given.map((x) => reshape(x, -1));
  const ordered = swaps ? [vectors[1], vectors[0], ...vectors.slice(2)] : vectors;
  const shape = ordered.map((x) => x.shape[0]);
  const grids = ordered.map((x, d) =>
    expand(
      reshape(
        x,
        shape.map((size, i) => (i === d ? size : 1)),
      ),
      shape,
    ),
  );
  return swaps ? [grids[1], grids[0], ...grids.slice(2)] : grids;
}

const CARTESIAN_PROD = signature('cartesianProd', [argument('tensors', SEVERAL_TENSORS)]);

/** Every choice of one element from each vector, as rows. @see torch.cartesian_prod */
export function cartesianProd(...given: readonly Tensor[]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('cartesianProd', cartesianProd, given);
  const { tensors } = CARTESIAN_PROD.take(given);
  if (tensors.length === 1) return tensors[0];
  const grids = composed('cartesianProd', () => meshgrid(tensors)).map((grid) => reshape(grid, -1));
  return stack(grids, 1);
}

/** Options of `combinations`. */
export interface CombinationsOptions {
  /** Elements in each; default 2. */
  r?: number;
  withReplacement?: boolean;
}

/** They are chosen one by one on the page. */
const MOST_CHOSEN = 2 ** 28;

/** n over r. */
function combinationsOf(n: number, r: number): number {
  if (r > n) return 0;
  let count = 1;
  const most = Math.min(r, n - r);
  for (let i = 1; i <= most && count < Infinity; i++) count = (count * (n - most + i)) / i;
  return count;
}

/** Every choice of r elements of a vector in order, as rows. @see torch.combinations */
export const combinations: (
  x: Tensor,
  ...args: Arguments<[], [r?: number, withReplacement?: boolean], CombinationsOptions>
) => Tensor = takingNamed(
  signature('combinations', [INPUT, argument('r', COUNT, undefined), argument('withReplacement', FLAG, undefined)]),
  (x: Tensor, { r = 2, withReplacement = false }: CombinationsOptions): Tensor => {
    if (x.ndim !== 1) throw new ShapeError('combinations', `expected a vector, got ${formatShape(x.shape)}.`);
    if (r === 0) return filled(x.device, [0], x.dtype, 0);
    const count = combinationsOf(x.shape[0] + (withReplacement ? r - 1 : 0), r);
    if (count * r > MOST_CHOSEN) {
      throw new ValueError(
        'combinations',
        `there must be at most 2^28 elements in the result, got ${count} rows of ${r}.`,
      );
    }
    const rows: number[][] = [];
    const choose = (chosen: number[], from: number): void => {
      if (chosen.length === r) rows.push(chosen);
      else for (let i = from; i < x.shape[0]; i++) choose([...chosen, i], withReplacement ? i : i + 1);
    };
    choose([], 0);
    return reshape(indexSelect(x, 0, indexVector(rows.flat(), x)), rows.length, r);
  },
);

const BROADCAST_TENSORS = signature('broadcastTensors', [argument('tensors', SEVERAL_TENSORS)]);

/** All broadcast to their common shape, as views; those that have it already as they are. @see torch.broadcast_tensors */
export function broadcastTensors(...tensors: Tensors): Tensor[] {
  if (intercepting.current !== null) return intercepting.current.call('broadcastTensors', broadcastTensors, tensors);
  const { tensors: given } = BROADCAST_TENSORS.take(tensors);
  const shape = broadcastShapes('broadcastTensors', ...given.map((x) => x.shape));
  return given.map((x) => (sameShape(x.shape, shape) ? x : expand(x, shape)));
}

const SUM_TO_SIZE = signature('sumToSize', [INPUT, argument('size', COUNTS)]);

/** Summed over what a broadcast from `size` would have repeated. @see torch.Tensor.sum_to_size */
export function sumToSize(x: Tensor, ...sizes: Sizes): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('sumToSize', sumToSize, [x, ...sizes]);
  const { size } = SUM_TO_SIZE.take([x, ...sizes]);
  const lead = x.ndim - size.length;
  const fits = lead >= 0 && size.every((n, d) => n === 1 || n === x.shape[d + lead]);
  if (!fits) {
    throw new ShapeError('sumToSize', `${formatShape(x.shape)} is no broadcast of ${formatShape(size)}.`);
  }
  const dims = x.shape.flatMap((n, d) => (d < lead || (size[d - lead] === 1 && n !== 1) ? [d] : []));
  // PyTorch sums, and so widens integers, for a size without dimensions even if x has none.
  return dims.length === 0 && size.length > 0 ? x : reshape(x.sum(dims, true), size);
}
