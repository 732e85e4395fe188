// Extremes with their places. `max` and `min` have three forms, as in PyTorch: of all elements, along a dimension, and
// of two tensors.
import { interceptable } from '../../base/intercept';
import { type AlongOptions, type Arguments, isPlainObject, type KeepdimOption } from '../../base/arguments';
import { KindError } from '../../base/errors';
import { DIM } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { INPUT, OTHER, KEEPDIM } from '../../core/kinds';
import type { ArgReduceKind } from '../../device/contract';
import { defineOp } from '../../core/op';
import { axisOf, wrapDim } from '../../base/shape';
import { Tensor } from '../../core/tensor';
import { maximum, minimum } from '../pointwise/compare';
import { contiguous } from '../shape/copy';
import { gather } from '../indexing/gather';
import { reshape, squeeze } from '../shape/view';
import { checkNotEmpty, greatest, least } from './reduce';

/** Which place wins: the first of equals; a NaN before everything. The result keeps `dim` with size 1. */
const argOp = (kind: ArgReduceKind): ((x: Tensor, dim: number) => Tensor) =>
  defineOp<[x: Tensor], number>({
    name: kind,
    shape: ([x], dim) => ({ shape: x.shape.map((size, d) => (d === dim ? 1 : size)), dtype: 'int64' }),
    forward: (device, [x], out, dim) => {
      device.run('argReduce', [x], [out], { kind, axis: axisOf(x.shape, dim) });
    },
  });
const argmaxAlong = argOp('argmax');
const argminAlong = argOp('argmin');

/** Options of functions along one dimension. */
export interface DimOptions {
  dim?: number | null;
  keepdim?: boolean;
}
type DimArguments = Arguments<[], [dim?: number | null, keepdim?: boolean], DimOptions>;
const ARGMAX = signature('argmax', [INPUT, argument('dim', DIM, null), KEEPDIM]);
const ARGMIN = ARGMAX.as('argmin');

/** Places along `dim`, which keeps size 1. */
function placesAlong(op: string, along: typeof argmaxAlong, x: Tensor, dim: number): Tensor {
  checkNotEmpty(op, x, { dims: x.ndim === 0 ? [] : [dim], keepdim: false });
  return along(contiguous(x), dim);
}

function argExtremum(takes: typeof ARGMAX, along: typeof argmaxAlong, x: Tensor, args: DimArguments): Tensor {
  const op = takes.name;
  const { dim, keepdim } = takes.take([x, ...args]);
  if (dim === null) {
    const place = placesAlong(op, along, reshape(x, [x.numel()]), 0);
    return reshape(place, keepdim ? x.shape.map(() => 1) : []);
  }
  const d = wrapDim(op, dim, x.ndim);
  const places = placesAlong(op, along, x, d);
  return keepdim || x.ndim === 0 ? places : squeeze(places, d);
}

/** Place (int64) of the greatest: along a dimension, or in the flattened tensor. First of equals; NaN wins. @see torch.argmax */
export const argmax = interceptable('argmax', (x: Tensor, ...args: DimArguments): Tensor =>
  argExtremum(ARGMAX, argmaxAlong, x, args),
);
/** Place (int64) of the least: along a dimension, or in the flattened tensor. First of equals; NaN wins. @see torch.argmin */
export const argmin = interceptable('argmin', (x: Tensor, ...args: DimArguments): Tensor =>
  argExtremum(ARGMIN, argminAlong, x, args),
);

/** Extremes along a dimension and their places: `const { values, indices } = x.max(1)` or `const [values, indices] = x.max(1)`. */
export interface Extremum extends Iterable<Tensor> {
  readonly 0: Tensor;
  readonly 1: Tensor;
  readonly length: 2;
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** What is known of one of the two. */
interface Side {
  readonly op: 'max' | 'min';
  readonly takes: typeof ARGMAX;
  readonly takesTwo: typeof MAXIMUM;
  readonly all: (x: Tensor) => Tensor;
  readonly along: typeof argmaxAlong;
  readonly ofTwo: (a: Tensor, b: Tensor) => Tensor;
}

/** Whether the other of two tensors is given, by position or by name. */
const isOfTwo = (first: unknown): boolean =>
  first instanceof Tensor || (isPlainObject(first) && Object.hasOwn(first, 'other'));

function extremum(
  { op, takes, takesTwo, all, along, ofTwo }: Side,
  x: Tensor,
  args: readonly unknown[],
): Tensor | Extremum {
  if (isOfTwo(args[0])) {
    const { input, other } = takesTwo.take([x, ...args]);
    return ofTwo(input, other);
  }
  const { dim, keepdim } = takes.take([x, ...args]);
  if (dim === null) {
    if (keepdim) throw new KindError(op, 'keepdim must come with dim, got none.');
    return all(x);
  }
  const d = wrapDim(op, dim, x.ndim);
  const places = placesAlong(op, along, x, d);
  // The gradient goes to the place, not to its equals.
  const extremes = gather(x, d, places);
  const whole = keepdim || x.ndim === 0;
  const values = whole ? extremes : squeeze(extremes, d);
  const indices = whole ? places : squeeze(places, d);
  return Object.assign([values, indices] as [Tensor, Tensor], { values, indices });
}

/** The forms of `max` and `min`. */
export interface ExtremumFunction {
  /** Of all elements; ties share the gradient. */
  (x: Tensor): Tensor;
  /** Of two tensors, element by element. */
  (x: Tensor, other: Tensor): Tensor;
  /** Along a dimension, with places; the gradient goes to the place. */
  (x: Tensor, dim: number, keepdim?: boolean | KeepdimOption): Extremum;
  (x: Tensor, options: AlongOptions): Extremum;
}

/** The same as methods. */
export interface ExtremumMethod {
  (): Tensor;
  (other: Tensor): Tensor;
  (dim: number, keepdim?: boolean | KeepdimOption): Extremum;
  (options: AlongOptions): Extremum;
}

const MAXIMUM = signature('max', [INPUT, OTHER]);
const MAX: Side = {
  op: 'max',
  takes: ARGMAX.as('max'),
  takesTwo: MAXIMUM,
  all: greatest,
  along: argmaxAlong,
  ofTwo: maximum,
};
const MIN: Side = {
  op: 'min',
  takes: ARGMAX.as('min'),
  takesTwo: MAXIMUM.as('min'),
  all: least,
  along: argminAlong,
  ofTwo: minimum,
};

/** The greatest: of all elements, along a dimension, or of two tensors; NaN wins. @see torch.max */
export const max = interceptable('max', ((x: Tensor, ...args: unknown[]) =>
  extremum(MAX, x, args)) as ExtremumFunction);
/** The least: of all elements, along a dimension, or of two tensors; NaN wins. @see torch.min */
export const min = interceptable('min', ((x: Tensor, ...args: unknown[]) =>
  extremum(MIN, x, args)) as ExtremumFunction);
