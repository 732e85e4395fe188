// Diagonals and triangles of matrices: put on, taken from, and where they are.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { FLAG, INTEGER, COUNT, DTYPE, DIM } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { SEVERAL_TENSORS, DEVICE, INPUT, SCALAR } from '../../core/kinds';
import { resultType } from '../../base/dtype';
import { ShapeError, ValueError } from '../../base/errors';
import { formatShape, wrapDims } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { atleast2d } from './stack';
import { clone, copy_, fill_, filled, to } from './copy';
import { fromArray, type TensorOptions } from './creation';
import { cat } from './cat';
import { asStrided } from './strided';
import { diagonal, reshape } from './view';
import type { DType } from '../../base/dtype';
import type { DeviceGiven } from '../../device/contract';

/** Options of `diagEmbed`. */
export interface DiagEmbedOptions {
  /** Above the main diagonal; 0 by default. */
  offset?: number;
  /** -2 by default. */
  dim1?: number;
  /** -1 by default. */
  dim2?: number;
}

/** Matrices with the last dimension of x on a diagonal, zeros elsewhere. @see torch.diag_embed */
export const diagEmbed: (
  x: Tensor,
  ...args: Arguments<[], [offset?: number, dim1?: number, dim2?: number], DiagEmbedOptions>
) => Tensor = takingNamed(
  signature('diagEmbed', [
    INPUT,
    argument('offset', INTEGER, undefined),
    argument('dim1', DIM, undefined),
    argument('dim2', DIM, undefined),
  ]),
  (x: Tensor, { offset = 0, dim1 = -2, dim2 = -1 }: DiagEmbedOptions): Tensor => {
    const [a, b] = wrapDims('diagEmbed', [dim1, dim2], x.ndim + 1);
    const n = (x.shape[x.ndim - 1] ?? 1) + Math.abs(offset);
    const shape: number[] = [...x.shape.slice(0, -1)];
    for (const d of [Math.min(a, b), Math.max(a, b)]) shape.splice(d, 0, n);
    const out = filled(x.device, shape, x.dtype, 0);
    copy_(diagonal(out, offset, a, b), x);
    return out;
  },
);

/** A vector on the diagonal of a matrix, or the diagonal of a matrix. @see torch.diag */
export const diag: (x: Tensor, ...args: Arguments<[], [diagonal?: number], { diagonal?: number }>) => Tensor =
  takingNamed(
    signature('diag', [INPUT, argument('diagonal', INTEGER, undefined)]),
    (x: Tensor, { diagonal: offset = 0 }: { diagonal?: number }): Tensor => {
      if (x.ndim === 1) return diagEmbed(x, offset);
      if (x.ndim === 2) return clone(diagonal(x, offset));
      throw new ShapeError('diag', `expected a vector or a matrix, got ${formatShape(x.shape)}.`, { shape: x.shape });
    },
  );

/** All elements on the diagonal of a matrix. @see torch.diagflat */
export const diagflat: (x: Tensor, ...args: Arguments<[], [offset?: number], { offset?: number }>) => Tensor =
  takingNamed(
    signature('diagflat', [INPUT, argument('offset', INTEGER, undefined)]),
    (x: Tensor, { offset = 0 }: { offset?: number }): Tensor => {
      return diagEmbed(reshape(x, -1), offset);
    },
  );

const BLOCK_DIAG = signature('blockDiag', [argument('tensors', SEVERAL_TENSORS)]);

/** Matrices one behind the other on a diagonal. @see torch.block_diag */
export function blockDiag(...given: readonly Tensor[]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('blockDiag', blockDiag, given);
  const { tensors } = BLOCK_DIAG.take(given);
  // Before scalars become matrices: they count for less in a promotion.
  const dtype = resultType(...tensors);
  const blocks = tensors.map((x) => {
    if (x.ndim > 2) throw new ShapeError('blockDiag', `expected at most 2 dimensions, got ${formatShape(x.shape)}.`);
    return to(atleast2d(x), dtype);
  });
  const columns = blocks.reduce((n, x) => n + x.shape[1], 0);
  let before = 0;
  const rows = blocks.map((x) => {
    const [height, width] = x.shape;
    const zeros = (n: number): Tensor => filled(x.device, [height, n], x.dtype, 0);
    const row = cat([zeros(before), x, zeros(columns - before - width)], 1);
    before += width;
    return row;
  });
  return cat(rows, 0);
}

/** Options of `fillDiagonal_`. */
export interface FillDiagonalOptions {
  fillValue: number | boolean;
  /** Begins anew below each square of a tall matrix. */
  wrap?: boolean;
}

/**
 * Writes a number on the main diagonal: of a matrix, or of a tensor of more dimensions, which must be of one size.
 * @throws ShapeError @see torch.Tensor.fill_diagonal_
 */
export const fillDiagonal_: (
  self: Tensor,
  ...args: Arguments<[fillValue: number | boolean], [wrap?: boolean], FillDiagonalOptions>
) => Tensor = taking(
  signature('fillDiagonal_', [INPUT, argument('fillValue', SCALAR), argument('wrap', FLAG, false)]),
  (self, value, wrap) => {
    const { shape, strides, offset } = self;
    if (self.ndim < 2 || (self.ndim > 2 && shape.some((size) => size !== shape[0]))) {
      throw new ShapeError(
        'fillDiagonal_',
        `expected a matrix, or more dimensions of one size, got ${formatShape(shape)}.`,
        { shape },
      );
    }
    const step = strides.reduce((sum, stride) => sum + stride, 0);
    const n = Math.min(...shape);
    fill_(asStrided(self, [n], [step], offset), value);
    const [rows, columns] = shape;
    if (!wrap || self.ndim > 2 || n === 0) return self;
    // Each further one begins a row behind the last.
    for (let row = columns + 1; row < rows; row += columns + 1) {
      const start = offset + row * strides[0];
      fill_(asStrided(self, [Math.min(columns, rows - row)], [step], start), value);
    }
    return self;
  },
);

/** The sum of the main diagonal of a matrix. @see torch.trace */
export const trace: (x: Tensor) => Tensor = taking(signature('trace', [INPUT]), (x) => {
  if (x.ndim !== 2) throw new ShapeError('trace', `expected a matrix, got ${formatShape(x.shape)}.`);
  return diagonal(x).sum();
});

/** They are looked at one by one on the page. */
const MOST_PLACES = 2 ** 28;

function triangleIndices(
  op: string,
  rows: number,
  columns: number,
  within: (i: number, j: number) => boolean,
  options: TensorOptions,
): Tensor {
  if (rows * columns > MOST_PLACES) {
    throw new ValueError(op, `row times col must be at most 2^28, got ${rows} and ${columns}.`);
  }
  const places: [number[], number[]] = [[], []];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (!within(i, j)) continue;
      places[0].push(i);
      places[1].push(j);
    }
  }
  const { dtype = 'int64', ...rest } = options;
  return to(fromArray(Int32Array.from(places.flat()), [2, places[0].length], rest), dtype);
}

/** Options of `trilIndices` and `triuIndices`. */
export interface TriangleOptions extends TensorOptions {
  row: number;
  col: number;
  offset?: number;
}
type TriangleArguments = Arguments<
  [row: number, col: number],
  [offset?: number, dtype?: DType | undefined, device?: DeviceGiven | undefined, requiresGrad?: boolean | undefined],
  TriangleOptions,
  [row: number, options: Omit<TriangleOptions, 'row'>]
>;

const TRIL_INDICES = signature('trilIndices', [
  argument('row', COUNT),
  argument('col', COUNT),
  argument('offset', INTEGER, undefined),
  argument('dtype', DTYPE, undefined),
  argument('device', DEVICE, undefined),
  argument('requiresGrad', FLAG, undefined),
]);

/** Places [2, n] of the lower triangle of a matrix, row by row. @see torch.tril_indices */
export function trilIndices(...args: TriangleArguments): Tensor {
  const { row, col, offset = 0, ...options } = TRIL_INDICES.take(args);
  return triangleIndices('trilIndices', row, col, (i, j) => j <= i + offset, options);
}

const TRIU_INDICES = signature('triuIndices', [
  argument('row', COUNT),
  argument('col', COUNT),
  argument('offset', INTEGER, undefined),
  argument('dtype', DTYPE, undefined),
  argument('device', DEVICE, undefined),
  argument('requiresGrad', FLAG, undefined),
]);

/** Places [2, n] of the upper triangle of a matrix, row by row. @see torch.triu_indices */
export function triuIndices(...args: TriangleArguments): Tensor {
  const { row, col, offset = 0, ...options } = TRIU_INDICES.take(args);
  return triangleIndices('triuIndices', row, col, (i, j) => j >= i + offset, options);
}
