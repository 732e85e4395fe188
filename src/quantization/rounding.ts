// Rounding to a grid, x -> clamp(round(x / scale) + zeroPoint), as rows of pointwise operations: to the integers themselves, and
// back to real numbers at once (fake quantization), through which gradients go straight.
import type { Arguments } from '../base/arguments';
import { DTypeError, ShapeError, ValueError } from '../base/errors';
import { DIM, either, INTEGER, NUMBER } from '../base/kinds';
import { formatShape, wrapDim } from '../base/shape';
import { argument, signature, taking } from '../base/signature';
import { INPUT, TENSOR } from '../core/kinds';
import { PointwiseOperation, type Operand } from '../core/pointwiseFunctions';
import type { ScalarOf } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import * as e from '../expression/expression';
import type { Expression } from '../expression/expression';
import { reshape } from '../ops/shape/view';

/** round(x / scale) + zeroPoint: by the reciprocal, to the even of two, and the zero point behind the rounding. */
const onGrid = (x: Expression, scale: Expression, zeroPoint: Expression): Expression =>
  e.add(e.round(e.mul(x, e.reciprocal(scale))), zeroPoint);

/** Within the bounds; NaN is the lower one. */
const bounded = (q: Expression, scalar: ScalarOf): Expression =>
  e.where(e.gt(q, scalar(0)), e.minimum(q, scalar(1)), scalar(0));

const QUANTIZE = new PointwiseOperation({
  name: 'quantize',
  promotion: 'float',
  formula: ([x, scale, zeroPoint], scalar) => bounded(onGrid(x, scale, zeroPoint), scalar),
});
const FAKE_QUANTIZE = new PointwiseOperation({
  name: 'fakeQuantize',
  promotion: 'float',
  accepts: 'floats',
  formula: ([x, scale, zeroPoint], scalar) =>
    e.mul(e.sub(bounded(onGrid(x, scale, zeroPoint), scalar), zeroPoint), scale),
  // As of the identity, except for what the bounds have cut off.
  gradient: (grad, [x, scale, zeroPoint], _y, scalar) => {
    const q = onGrid(x, scale, zeroPoint);
    const isInside = e.bitwiseAnd(e.ge(q, scalar(0)), e.le(q, scalar(1)));
    return [e.where(isInside, grad, e.constantLike(grad, 0)), null, null];
  },
});
const DEQUANTIZE = new PointwiseOperation({
  name: 'dequantize',
  promotion: 'float',
  formula: ([q, scale, zeroPoint]) => e.mul(e.sub(q, zeroPoint), scale),
});

/** clamp(round(x / scale) + zeroPoint, quantMin, quantMax), still of a floating-point dtype. */
export const roundToGrid = (
  x: Tensor,
  scale: Operand,
  zeroPoint: Operand,
  quantMin: number,
  quantMax: number,
): Tensor => QUANTIZE.apply([x, scale, zeroPoint], [quantMin, quantMax]);
/** (q - zeroPoint) scale, of q of a floating-point dtype. */
export const fromGrid = (q: Tensor, scale: Operand, zeroPoint: Operand): Tensor =>
  DEQUANTIZE.apply([q, scale, zeroPoint]);
/** The nearest number that has an integer, with the straight-through gradient. */
export const throughGrid = (
  x: Tensor,
  scale: Operand,
  zeroPoint: Operand,
  quantMin: number,
  quantMax: number,
): Tensor => FAKE_QUANTIZE.apply([x, scale, zeroPoint], [quantMin, quantMax]);

/** Vectors of one element for each place along `axis` of `x`, shaped to go along it. @throws ShapeError for another number of them */
export function alongAxis<V extends readonly Tensor[]>(op: string, x: Tensor, axis: number, ...vectors: V): Tensor[] {
  const dim = wrapDim(op, axis, x.ndim);
  return vectors.map((vector) => {
    if (vector.ndim !== 1 || vector.shape[0] !== x.shape[dim]) {
      throw new ShapeError(
        op,
        `scale and zero point must have one element for each of the ${x.shape[dim]} places along dimension ${dim}, got ${formatShape(vector.shape)}.`,
        { shape: vector.shape },
      );
    }
    return reshape(vector, x.shape.map((_, d) => (d === dim ? -1 : 1))); // prettier-ignore
  });
}

/** @throws ShapeError unless a tensor in the place of a number has one element */
export function checkOne(op: string, name: string, value: number | Tensor): void {
  if (typeof value !== 'number' && value.numel() !== 1) {
    throw new ShapeError(op, `${name} must have one element, got ${formatShape(value.shape)}.`, { shape: value.shape });
  }
}

/** A tensor of one element without dimensions, so that results have the shape of the input. */
export const asScalar = (value: number | Tensor): Operand =>
  typeof value === 'number' || value.ndim === 0 ? value : reshape(value, []);

function checkRange(op: string, quantMin: number, quantMax: number): void {
  if (quantMin > quantMax)
    throw new ValueError(op, `quantMin must not be above quantMax, got ${quantMin} and ${quantMax}.`);
}

/** @throws RangeError for a number that is no integer within the bounds; what a tensor holds is not looked at */
export function checkWithin(op: string, zeroPoint: number | Tensor, quantMin: number, quantMax: number): void {
  if (typeof zeroPoint !== 'number') return;
  if (Number.isInteger(zeroPoint) && zeroPoint >= quantMin && zeroPoint <= quantMax) return;
  throw new ValueError(op, `zeroPoint must be an integer from ${quantMin} to ${quantMax}, got ${zeroPoint}.`);
}

function checkFloats(op: string, x: Tensor): void {
  if (!x.dtype.includes('float')) {
    throw new DTypeError(op, `the input must be of a floating-point dtype, got ${x.dtype}.`, { dtype: x.dtype });
  }
}

/** Arguments of `fakeQuantizePerTensorAffine`. */
export interface FakeQuantizePerTensorOptions {
  /** A number, or a tensor of one. */
  scale: number | Tensor;
  zeroPoint: number | Tensor;
  quantMin: number;
  quantMax: number;
}
const ONE = either(NUMBER, TENSOR);
const BOUNDS = [argument('quantMin', INTEGER), argument('quantMax', INTEGER)] as const;
const PER_TENSOR = signature('fakeQuantizePerTensorAffine', [
  INPUT, argument('scale', ONE), argument('zeroPoint', ONE), ...BOUNDS,
]); // prettier-ignore

/**
 * (clamp(round(x / scale) + zeroPoint, quantMin, quantMax) - zeroPoint) scale: what is left of x as an integer. The gradient is that
 * of x where nothing was cut off and 0 elsewhere. Halves are rounded to the even integer; NaN becomes quantMin.
 *
 * Shape: any, unchanged.
 * @throws RangeError for bounds or a zero point that do not fit; TypeError for an input of integers
 * @see torch.fake_quantize_per_tensor_affine
 */
export const fakeQuantizePerTensorAffine: (
  x: Tensor,
  ...args: Arguments<
    [scale: number | Tensor, zeroPoint: number | Tensor, quantMin: number, quantMax: number],
    [],
    FakeQuantizePerTensorOptions
  >
) => Tensor = taking(PER_TENSOR, (x, scale, zeroPoint, quantMin, quantMax) => {
  const op = PER_TENSOR.name;
  checkFloats(op, x);
  checkRange(op, quantMin, quantMax);
  checkOne(op, 'scale', scale);
  checkOne(op, 'zeroPoint', zeroPoint);
  checkWithin(op, zeroPoint, quantMin, quantMax);
  return throughGrid(x, asScalar(scale), asScalar(zeroPoint), quantMin, quantMax);
});

/** Arguments of `fakeQuantizePerChannelAffine`. */
export interface FakeQuantizePerChannelOptions {
  /** [channels] */
  scale: Tensor;
  /** [channels] */
  zeroPoint: Tensor;
  /** The dimension of the channels. */
  axis: number;
  quantMin: number;
  quantMax: number;
}
const PER_CHANNEL = signature('fakeQuantizePerChannelAffine', [
  INPUT, argument('scale', TENSOR), argument('zeroPoint', TENSOR), argument('axis', DIM), ...BOUNDS,
]); // prettier-ignore

/**
 * `fakeQuantizePerTensorAffine` with a scale and a zero point for each place along a dimension.
 *
 * Shape: x any, unchanged; scale and zeroPoint [size of the dimension].
 * @throws ShapeError for another number of scales; RangeError for bounds that do not fit
 * @see torch.fake_quantize_per_channel_affine
 */
export const fakeQuantizePerChannelAffine: (
  x: Tensor,
  ...args: Arguments<
    [scale: Tensor, zeroPoint: Tensor, axis: number, quantMin: number, quantMax: number],
    [],
    FakeQuantizePerChannelOptions
  >
) => Tensor = taking(PER_CHANNEL, (x, scale, zeroPoint, axis, quantMin, quantMax) => {
  const op = PER_CHANNEL.name;
  checkFloats(op, x);
  checkRange(op, quantMin, quantMax);
  const [along, zero] = alongAxis(op, x, axis, scale, zeroPoint);
  return throughGrid(x, along, zero, quantMin, quantMax);
});
