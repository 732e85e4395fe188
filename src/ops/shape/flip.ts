// Elements in another order along dimensions: reversed, rolled, turned.
import { interceptable } from '../../base/intercept';
import { INTEGER, DIMS, SHAPE, listOf } from '../../base/kinds';
import { argument, signature, taking, takingNamed } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import { ShapeError, ValueError } from '../../base/errors';
import { defineOp } from '../../core/op';
import { formatShape, wrapDim, wrapDims } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clone, queueCopy } from './copy';
import { cat } from './cat';
import { narrow, reshape, transpose, type Sizes } from './view';
import type { Arguments } from '../../base/arguments';

type OneOrMore = number | readonly number[];
const asList = (value: OneOrMore): readonly number[] => (typeof value === 'number' ? [value] : value);

const FLIP: (x: Tensor, dims: readonly number[]) => Tensor = defineOp<[x: Tensor], readonly number[]>({
  name: 'flip',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [x], out, dims) => {
    const { buffer, dtype, shape } = x;
    const strides = x.strides.map((stride, d) => (dims.includes(d) ? -stride : stride));
    const offset = dims.reduce((at, d) => at + Math.max(0, shape[d] - 1) * x.strides[d], x.offset);
    queueCopy(device, { buffer, dtype, shape, strides, offset }, out);
  },
  saves: {},
  backward: (grad, { params: dims }) => [() => FLIP(grad, dims)],
});

const FLIP_ARGUMENTS = signature('flip', [INPUT, argument('dims', SHAPE)]);

/** The order along these dimensions reversed. @see torch.flip */
export const flip = interceptable('flip', (x: Tensor, ...dims: Sizes<'dims'>): Tensor =>
  FLIP(x, wrapDims('flip', FLIP_ARGUMENTS.take([x, ...dims]).dims, x.ndim)),
);

function flipOne(op: string, x: Tensor, dim: number, least: number): Tensor {
  if (x.ndim < least) {
    throw new ShapeError(op, `expected at least ${least} dimensions, got ${formatShape(x.shape)}.`);
  }
  return FLIP(x, [dim]);
}

/** Left and right exchanged: dimension 1 reversed. @see torch.fliplr */
export const fliplr: (x: Tensor) => Tensor = taking(signature('fliplr', [INPUT]), (x) => flipOne('fliplr', x, 1, 2));
/** Up and down exchanged: dimension 0 reversed. @see torch.flipud */
export const flipud: (x: Tensor) => Tensor = taking(signature('flipud', [INPUT]), (x) => flipOne('flipud', x, 0, 1));

/** Options of `roll`. */
export interface RollOptions {
  shifts: OneOrMore;
  /** Without dims the tensor is rolled as a vector. */
  dims?: OneOrMore;
}

/** Elements moved on along dimensions, the last ones to the front. @see torch.roll */
export const roll: (x: Tensor, ...args: Arguments<[shifts: OneOrMore], [dims?: OneOrMore], RollOptions>) => Tensor =
  takingNamed(
    signature('roll', [INPUT, argument('shifts', DIMS), argument('dims', DIMS, undefined)]),
    (x: Tensor, { shifts, dims }: RollOptions): Tensor => {
      const steps = asList(shifts);
      const along = dims === undefined ? [] : asList(dims);
      if (along.length === 0) {
        if (steps.length !== 1) {
          throw new ValueError('roll', `without dims there is one shift, got ${formatShape(steps)}.`);
        }
        return reshape(rollOne(reshape(x, -1), steps[0], 0), x.shape);
      }
      if (along.length !== steps.length) {
        throw new ValueError(
          'roll',
          `shifts and dims must pair up, got ${formatShape(steps)} and ${formatShape(along)}.`,
        );
      }
      return along.reduce((rolled, dim, i) => rollOne(rolled, steps[i], wrapDim('roll', dim, x.ndim)), x);
    },
  );

function rollOne(x: Tensor, shift: number, dim: number): Tensor {
  const n = x.shape[dim] ?? 0;
  const start = n === 0 ? 0 : (((n - shift) % n) + n) % n;
  if (start === 0) return clone(x);
  return cat([narrow(x, dim, start, n - start), narrow(x, dim, 0, start)], dim);
}

/** Options of `rot90`. */
export interface Rot90Options {
  /** Quarter turns from the first dimension to the second; default 1. */
  k?: number;
  /** Default [0, 1]. */
  dims?: readonly number[];
}

/** Turned by quarters in the plane of two dimensions. @see torch.rot90 */
export const rot90: (
  x: Tensor,
  ...args: Arguments<[], [k?: number, dims?: readonly number[]], Rot90Options>
) => Tensor = takingNamed(
  signature('rot90', [INPUT, argument('k', INTEGER, undefined), argument('dims', listOf(INTEGER), undefined)]),
  (x: Tensor, { k = 1, dims = [0, 1] }: Rot90Options): Tensor => {
    if (dims.length !== 2) throw new ValueError('rot90', `dims must be two dimensions, got ${formatShape(dims)}.`);
    const [a, b] = wrapDims('rot90', dims, x.ndim);
    const turns = ((k % 4) + 4) % 4;
    if (turns === 0) return clone(x);
    if (turns === 2) return FLIP(x, [a, b]);
    return turns === 1 ? transpose(FLIP(x, [b]), a, b) : FLIP(transpose(x, a, b), [b]);
  },
);
