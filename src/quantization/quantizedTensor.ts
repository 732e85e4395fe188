// Tensors of 8-bit integers that stand for real numbers, and how real ones are made so and back. A quantized tensor is no Tensor:
// operations of real numbers refuse it.
import type { Arguments } from '../base/arguments';
import { DTypeError, KindError, ShapeError } from '../base/errors';
import { printsAs } from '../base/javascript';
import { DIM, either, instanceOf, NUMBER, SHAPE } from '../base/kinds';
import { formatTensor } from '../base/print';
import { formatShape, type Shape } from '../base/shape';
import { argument, methodsTake, signature, taking } from '../base/signature';
import type { DeviceName } from '../device/contract';
import { INPUT, TENSOR } from '../core/kinds';
import { heldTensors, type Holder } from '../core/scope';
import type { Handle } from '../core/storage';
import { libraryCode } from '../core/temporaries';
import { Tensor } from '../core/tensor';
import { float } from '../nn/module/representation';
import { to } from '../ops/shape/copy';
import { flatten, permute, reshape } from '../ops/shape/view';
import { QDTYPE, QDTYPES, type QDType } from './qdtype';
import { alongAxis, asScalar, checkOne, checkWithin, fromGrid, roundToGrid } from './rounding';

/** What the integers of a quantized tensor stand for: (q - zeroPoint) scale. */
export interface Grid {
  readonly dtype: QDType;
  /** A number or a tensor of one, or [channels] with an axis. */
  readonly scale: number | Tensor;
  readonly zeroPoint: number | Tensor;
  /** The dimension of the channels; null for one scale for the whole tensor. */
  readonly axis: number | null;
}

/**
 * A tensor of 8-bit integers q with a scale and a zero point, for the whole tensor or for each channel, that stands for the numbers
 * (q - zeroPoint) scale. Made by `quantizePerTensor` and `quantizePerChannel`; quantized modules take it and give it, every other
 * operation refuses it until it is dequantized.
 * @see torch.quantize_per_tensor
 */
export class QuantizedTensor implements Holder {
  static readonly name: string = 'QuantizedTensor';

  /** @internal int8 or uint8. */
  readonly integers: Tensor;
  /** @internal */
  readonly grid: Grid;

  static {
    const none = ['qScale', 'qZeroPoint', 'qPerChannelScales', 'qPerChannelZeroPoints', 'qPerChannelAxis', 'qscheme', 'intRepr', 'dequantize', 'numel', 'repr']; // prettier-ignore
    for (const name of none) methodsTake(this, signature(name, []));
    methodsTake(this, signature('flatten', [argument('startDim', DIM, 0), argument('endDim', DIM, -1)]));
    methodsTake(this, signature('reshape', [argument('shape', SHAPE)]));
    methodsTake(this, signature('permute', [argument('dims', SHAPE)]));
  }

  /** @internal */
  constructor(integers: Tensor, grid: Grid) {
    if (!(integers instanceof Tensor) || integers.dtype !== QDTYPES[grid.dtype].holds) {
      throw new KindError('QuantizedTensor', 'is made by quantizePerTensor and quantizePerChannel.');
    }
    this.integers = integers;
    this.grid = grid;
  }

  /** Tensors that must outlive a scope in which it was made. */
  [heldTensors](): Handle[] {
    return [this.integers, this.grid.scale, this.grid.zeroPoint].filter((value) => value instanceof Tensor);
  }

  /** Sizes of the values. */
  get shape(): Shape {
    return this.integers.shape;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.integers.ndim;
  }

  /** Where the values lie. */
  get device(): DeviceName {
    return this.integers.device;
  }

  /** 'qint8' or 'quint8'. */
  get dtype(): QDType {
    return this.grid.dtype;
  }

  /** The number of elements. */
  numel(): number {
    return this.integers.numel();
  }

  /** Whether there is one scale or one for each channel. @see torch.Tensor.qscheme */
  qscheme(): 'per_tensor_affine' | 'per_channel_affine' {
    return this.grid.axis === null ? 'per_tensor_affine' : 'per_channel_affine';
  }

  /** The integers, as an int8 or uint8 tensor of their own. @see torch.Tensor.int_repr */
  intRepr(): Tensor {
    return this.integers.clone();
  }

  /** The one scale; a promise, as a device may have computed it. @throws TypeError if each channel has its own @see torch.Tensor.q_scale */
  async qScale(): Promise<number> {
    return await valueOf(this.wholeGrid('qScale').scale);
  }

  /** The one zero point; a promise, as a device may have computed it. @throws TypeError if each channel has its own @see torch.Tensor.q_zero_point */
  async qZeroPoint(): Promise<number> {
    return await valueOf(this.wholeGrid('qZeroPoint').zeroPoint);
  }

  /** The scales of the channels. @throws TypeError if there is one for the whole tensor @see torch.Tensor.q_per_channel_scales */
  qPerChannelScales(): Tensor {
    return this.channelGrid('qPerChannelScales').scale;
  }

  /** The zero points of the channels. @throws TypeError if there is one for the whole tensor @see torch.Tensor.q_per_channel_zero_points */
  qPerChannelZeroPoints(): Tensor {
    return this.channelGrid('qPerChannelZeroPoints').zeroPoint;
  }

  /** The dimension of the channels. @throws TypeError if there is one scale for the whole tensor @see torch.Tensor.q_per_channel_axis */
  qPerChannelAxis(): number {
    return this.channelGrid('qPerChannelAxis').axis;
  }

  /** The numbers that the integers stand for, (q - zeroPoint) scale, as float32. @see torch.Tensor.dequantize */
  dequantize(): Tensor {
    return libraryCode(() => {
      const { scale, zeroPoint, axis } = this.grid;
      const q = to(this.integers, { dtype: 'float32' });
      if (axis === null) return fromGrid(q, asScalar(scale), asScalar(zeroPoint));
      const grid = this.channelGrid('dequantize');
      const [along, zero] = alongAxis('dequantize', q, axis, grid.scale, grid.zeroPoint);
      return fromGrid(q, along, zero);
    });
  }

  /** @internal The same grid with other integers, of int8 or uint8 or of floats that are whole and within the range. */
  withIntegers(integers: Tensor): QuantizedTensor {
    return new QuantizedTensor(to(integers, { dtype: QDTYPES[this.dtype].holds }), this.grid);
  }

  /** The same elements with some dimensions in one. @throws TypeError if each channel has its own scale @see torch.flatten */
  flatten(
    ...args: Arguments<[], [startDim?: number, endDim?: number], { startDim?: number; endDim?: number }>
  ): QuantizedTensor {
    this.wholeGrid('flatten');
    return this.withIntegers(flatten(this.integers, ...args));
  }

  /** The same elements in another shape. @throws TypeError if each channel has its own scale @see torch.reshape */
  reshape(...shape: [shape: Shape] | number[]): QuantizedTensor {
    this.wholeGrid('reshape');
    return this.withIntegers(reshape(this.integers, ...shape));
  }

  /** The dimensions in another order. @throws TypeError if each channel has its own scale @see torch.permute */
  permute(...dims: [dims: Shape] | number[]): QuantizedTensor {
    this.wholeGrid('permute');
    return this.withIntegers(permute(this.integers, ...dims));
  }

  /** The text that PyTorch prints. */
  async repr(): Promise<string> {
    const { shape, dtype, device } = this;
    const { scale, zeroPoint, axis } = this.grid;
    const suffixes = [
      ...(device === 'wasm' ? [] : [`device='${device}'`]),
      `size=(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`,
      `dtype=torch.${dtype}`,
      `quantization_scheme=torch.${this.qscheme()}`,
    ];
    if (axis === null) {
      suffixes.push(`scale=${float(await valueOf(scale))}`, `zero_point=${await valueOf(zeroPoint)}`);
    } else {
      const grid = this.channelGrid('repr');
      const [scales, zeros] = await Promise.all([grid.scale, grid.zeroPoint].map(async (t) => await t.data()));
      suffixes.push(
        `scale=${formatTensor(Float64Array.from(scales, Number), grid.scale.shape, 'float64', [])}`,
        `zero_point=${formatTensor(Int32Array.from(zeros, Number), grid.zeroPoint.shape, 'int64', [])}`,
        `axis=${axis}`,
      );
    }
    return formatTensor(await this.dequantize().data(), shape, 'float32', suffixes);
  }

  /** Shape, dtype and device; the values need `await t.repr()`. */
  toString(): string {
    return `QuantizedTensor(shape=${formatShape(this.shape)}, dtype=${this.dtype}, device=${this.device})`;
  }

  private wholeGrid(op: string): Grid {
    if (this.grid.axis === null) return this.grid;
    throw new KindError(op, 'the tensor must have one scale, got one for each channel.');
  }

  private channelGrid(op: string): { scale: Tensor; zeroPoint: Tensor; axis: number } {
    const { scale, zeroPoint, axis } = this.grid;
    if (axis !== null && scale instanceof Tensor && zeroPoint instanceof Tensor) return { scale, zeroPoint, axis };
    throw new KindError(op, 'the tensor must have a scale for each channel, got one for all.');
  }
}

const valueOf = async (value: number | Tensor): Promise<number> =>
  typeof value === 'number' ? value : Number(await value.item());

printsAs(
  QuantizedTensor,
  (x) => x.toString(),
  'QuantizedTensor: JSON needs the values: JSON.stringify(await x.dequantize().tolist()).',
);

export const QUANTIZED = instanceOf('a quantized tensor', QuantizedTensor);

/** @throws TypeError unless the input is float32 */
function checkFloat32(op: string, x: Tensor): void {
  if (x.dtype !== 'float32') {
    throw new DTypeError(op, `the input must be float32, got ${x.dtype}. Convert it with .to('float32').`, { dtype: x.dtype }); // prettier-ignore
  }
}

/** `x` on a grid. */
export function onto(x: Tensor, grid: Grid, op = 'quantize'): QuantizedTensor {
  const { min, max, holds } = QDTYPES[grid.dtype];
  return libraryCode(() => {
    const { scale, zeroPoint, axis } = grid;
    const along =
      axis !== null && scale instanceof Tensor && zeroPoint instanceof Tensor
        ? alongAxis(op, x, axis, scale, zeroPoint)
        : [asScalar(scale), asScalar(zeroPoint)];
    return new QuantizedTensor(to(roundToGrid(x.detach(), along[0], along[1], min, max), { dtype: holds }), grid);
  });
}

/** Arguments of `quantizePerTensor`. */
export interface QuantizePerTensorOptions {
  /** A number, or a tensor of one. */
  scale: number | Tensor;
  zeroPoint: number | Tensor;
  dtype: QDType;
}
const ONE = either(NUMBER, TENSOR);
const PER_TENSOR = signature('quantizePerTensor', [
  INPUT, argument('scale', ONE), argument('zeroPoint', ONE), argument('dtype', QDTYPE),
]); // prettier-ignore

/**
 * The integers clamp(round(x / scale) + zeroPoint) for a float32 tensor: halves go to the even integer, what is beyond the range of the
 * dtype to its bounds.
 * @throws RangeError for a zero point outside the range; DTypeError for another dtype of x
 * @see torch.quantize_per_tensor
 */
export const quantizePerTensor: (
  x: Tensor,
  ...args: Arguments<[scale: number | Tensor, zeroPoint: number | Tensor, dtype: QDType], [], QuantizePerTensorOptions>
) => QuantizedTensor = taking(PER_TENSOR, (x, scale, zeroPoint, dtype) => {
  const op = PER_TENSOR.name;
  checkFloat32(op, x);
  checkOne(op, 'scale', scale);
  checkOne(op, 'zeroPoint', zeroPoint);
  checkWithin(op, zeroPoint, QDTYPES[dtype].min, QDTYPES[dtype].max);
  return onto(x, { dtype, scale, zeroPoint, axis: null }, op);
});

/** Arguments of `quantizePerChannel`. */
export interface QuantizePerChannelOptions {
  /** [channels] */
  scales: Tensor;
  /** [channels] */
  zeroPoints: Tensor;
  /** The dimension of the channels. */
  axis: number;
  dtype: QDType;
}
const PER_CHANNEL = signature('quantizePerChannel', [
  INPUT, argument('scales', TENSOR), argument('zeroPoints', TENSOR), argument('axis', DIM), argument('dtype', QDTYPE),
]); // prettier-ignore

/**
 * `quantizePerTensor` with a scale and a zero point for each place along a dimension.
 * @throws ShapeError for another number of scales
 * @see torch.quantize_per_channel
 */
export const quantizePerChannel: (
  x: Tensor,
  ...args: Arguments<[scales: Tensor, zeroPoints: Tensor, axis: number, dtype: QDType], [], QuantizePerChannelOptions>
) => QuantizedTensor = taking(PER_CHANNEL, (x, scale, zeroPoint, axis, dtype) => {
  checkFloat32(PER_CHANNEL.name, x);
  if (x.ndim === 0) throw new ShapeError(PER_CHANNEL.name, 'the input must have a dimension of channels, got [].');
  return onto(x, { dtype, scale, zeroPoint, axis: axis < 0 ? axis + x.ndim : axis }, PER_CHANNEL.name);
});

/** The numbers that a quantized tensor stands for, as float32. @see torch.dequantize */
export const dequantize: (...args: Arguments<[tensor: QuantizedTensor], [], { tensor: QuantizedTensor }>) => Tensor =
  taking(signature('dequantize', [argument('tensor', QUANTIZED)]), (x) => x.dequantize());
