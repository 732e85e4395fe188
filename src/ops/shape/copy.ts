// Moving values as they are: copies, conversions, fills.
import { intercepting } from '../../base/intercept';
import { isPlainObject, type Arguments } from '../../base/arguments';
import { FLAG, DTYPE, either, oneOfOr, type Kind } from '../../base/kinds';
import { argument, signature, taking, withoutEffect } from '../../base/signature';
import { TENSOR, VALUE, DEVICE, INPUT, OTHER } from '../../core/kinds';
import type { Device, DeviceGiven, DeviceName, PointwiseProgram, View } from '../../device/contract';
import { noValues } from '../../device/meta';
import { getDevice } from '../../device/registry';
import { copyProgram } from '../../device/widening';
import { checkDType, type DType } from '../../base/dtype';
import { describe } from '../../base/errorText';
import { KindError, ShapeError } from '../../base/errors';
import { scalar } from '../../expression/expression';
import { allocate, apply, applyInPlace, checkSeparate, singleOp } from '../../core/op';
import { broadcastShapes, broadcastStrides, formatShape, sameShape, type Shape } from '../../base/shape';
import { Tensor } from '../../core/tensor';

const fillPrograms = new Map<DType, PointwiseProgram>();

/** The program that writes its one scalar everywhere. */
function fillProgram(dtype: DType): PointwiseProgram {
  let program = fillPrograms.get(dtype);
  if (program === undefined) {
    program = { name: 'fill', inputs: [], outputs: [scalar(0, dtype)], outputDTypes: [dtype] };
    fillPrograms.set(dtype, program);
  }
  return program;
}

/** Queues `value` everywhere in `out`. Records nothing. */
export function queueFill(device: Device, out: View, value: number): void {
  device.run('pointwise', [], [out], { program: fillProgram(out.dtype), scalars: [value] });
}

/** Queues a copy of `from`, broadcast and converted, over `to`. Records nothing. */
export function queueCopy(device: Device, from: View, to: View): void {
  const { buffer, dtype, offset } = from;
  const strides = broadcastStrides(from.shape, from.strides, to.shape);
  const view = { buffer, dtype, offset, shape: to.shape, strides };
  device.run('pointwise', [view], [to], { program: copyProgram(dtype, to.dtype), scalars: [] });
}

/** The part [start, start + length) of a view along a dimension, for kernels: no handle, no graph. */
export function viewPart(
  { buffer, dtype, shape, strides, offset }: View,
  dim: number,
  start: number,
  length: number,
): View {
  return {
    buffer,
    dtype,
    strides,
    shape: shape.map((size, d) => (d === dim ? length : size)),
    offset: offset + start * strides[dim],
  };
}

const CLONE = singleOp<[x: Tensor], DType>({
  name: 'clone',
  shape: ([x], dtype) => ({ shape: x.shape, dtype }),
  forward: (device, [x], out) => {
    queueCopy(device, x, out);
  },
  saves: {},
  // Where the dtype changes, the engine converts the gradient back.
  backward: (grad) => [() => grad],
});

const MEMORY_FORMAT = withoutEffect('memoryFormat');

/** A copy in row-major order. @see torch.clone */
export const clone: (x: Tensor) => Tensor = taking(signature('clone', [INPUT, MEMORY_FORMAT]), (x) =>
  apply(CLONE, [x], x.dtype),
);

/** `x` itself if its elements lie in row-major order without gaps, else such a copy. @see torch.Tensor.contiguous */
export const contiguous: (x: Tensor) => Tensor = taking(signature('contiguous', [INPUT, MEMORY_FORMAT]), (x) =>
  x.isContiguous() ? x : clone(x),
);

/** What `to` takes: where, as what, and whether to copy in any case. */
export interface ToOptions {
  device?: DeviceGiven;
  dtype?: DType;
  copy?: boolean;
  /** Without effect: nothing here blocks. */
  nonBlocking?: boolean;
  /** Without effect: copies are in row-major order. */
  memoryFormat?: unknown;
}

const [COPY_FLAG, NON_BLOCKING] = [argument('copy', FLAG, false), withoutEffect('nonBlocking')];
const [TO_A_DEVICE, TO_A_DTYPE] = [argument('device', DEVICE, undefined), argument('dtype', DTYPE, undefined)];
/** PyTorch has three forms, told apart by the first argument. */
const LIKE_TENSOR = signature('to', [INPUT, OTHER, NON_BLOCKING, COPY_FLAG, MEMORY_FORMAT]);
const TO_DEVICE = signature('to', [INPUT, TO_A_DEVICE, TO_A_DTYPE, NON_BLOCKING, COPY_FLAG, MEMORY_FORMAT]);
const AS_DTYPE = signature('to', [INPUT, TO_A_DTYPE, NON_BLOCKING, COPY_FLAG, MEMORY_FORMAT, TO_A_DEVICE]);

/** What is asked for: null where it is what x has. */
interface Wanted {
  readonly input: Tensor;
  readonly device?: DeviceName | undefined;
  readonly dtype?: DType | undefined;
  readonly copy: boolean;
}

function wantedBy(x: Tensor, args: readonly unknown[]): Wanted {
  const [first] = args;
  const isNamed = isPlainObject(first);
  if (first instanceof Tensor || (isNamed && Object.hasOwn(first, 'other'))) {
    const { input, other, copy } = LIKE_TENSOR.take([x, ...args]);
    return { input, copy, device: other.device, dtype: other.dtype };
  }
  if (isNamed || DEVICE.accepts(first)) return TO_DEVICE.take([x, ...args]);
  if (first === undefined) throw new KindError('to', 'expected a dtype, a device, a tensor or options, got nothing.');
  if (typeof first === 'string') checkDType('to', first);
  return AS_DTYPE.take([x, ...args]);
}

/**
 * `x` as a dtype and on a device; `x` itself if it is that already and no copy is asked for. Returns at once.
 * @example x.to('float64'); x.to({ dtype: 'int64', copy: true }); x.to(like)
 * @see torch.Tensor.to
 */
export function to(
  x: Tensor,
  target: DType | DeviceGiven | Tensor | ToOptions,
  ...args: readonly ToArgument[]
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('to', to, [x, target, ...args]);
  // The usual call, of which the library itself makes many.
  if (args.length === 0 && x instanceof Tensor && DTYPE.accepts(target)) return convert(x, target);
  const { input, device = x.device, dtype = x.dtype, copy } = wantedBy(x, [target, ...args]);
  return converted(input, device, dtype, copy);
}
/** What may follow the target: whether to copy, and a dtype behind a device. */
type ToArgument = DType | boolean | ToOptions | undefined;

function converted(x: Tensor, device: DeviceName, dtype: DType, copy: boolean): Tensor {
  const home = getDevice(device);
  if (home === x.home) return dtype === x.dtype && !copy ? x : apply(CLONE, [x], dtype);
  if (x.isMeta) throw noValues('to', x.shape);
  // Converted where the wider of the two dtypes is known.
  if (dtype === x.dtype || !x.home.supports(dtype)) return convert(move(x, home), dtype);
  return move(apply(CLONE, [x], dtype), home);
}

const convert = (x: Tensor, dtype: DType): Tensor => (dtype === x.dtype ? x : apply(CLONE, [x], dtype));

/** `x` on the wasm device, where PyTorch's users say cpu; `x` itself if it is there. @see torch.Tensor.cpu */
export const cpu: (x: Tensor) => Tensor = taking(signature('cpu', [INPUT, MEMORY_FORMAT]), (x) =>
  converted(x, 'wasm', x.dtype, false),
);

/** The values on another device. The target's stream is held until they are there; nothing waits here. */
const TRANSFER = singleOp<[x: Tensor], { readonly from: Device; readonly home: Device }>({
  name: 'to',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  home: ({ home }) => home,
  forward: (from, [x], out, { home }) => {
    if (home.hasValues) home.receive(out.buffer, from.read(x));
  },
  saves: {},
  backward: (grad, { params: { from } }) => [() => move(grad, from)],
});

const move = (x: Tensor, home: Device): Tensor => apply(TRANSFER, [x], { from: x.home, home });

const COPY = singleOp<[self: Tensor, from: Tensor], undefined>({
  name: 'copy',
  shape: ([self]) => ({ shape: self.shape, dtype: self.dtype }),
  forward: (device, [, from], out) => {
    queueCopy(device, from, out);
  },
  saves: {},
  backward: (grad) => [() => zerosFor(grad), () => grad],
});

/** The gradient of what was written over. */
const zerosFor = ({ device, shape, dtype }: Tensor): Tensor => filled(device, shape, dtype, 0);

const COPY_ = signature('copy_', [INPUT, argument('src', TENSOR), NON_BLOCKING]);

/** Writes `from`, broadcast and converted, over `self`. @throws ShapeError if it does not broadcast. @see torch.Tensor.copy_ */
export function copy_(self: Tensor, from: Tensor, ...args: readonly [nonBlocking?: unknown]): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('copy_', copy_, [self, from, ...args]);
  COPY_.values([self, from, ...args]);
  if (!sameShape(broadcastShapes('copy_', self.shape, from.shape), self.shape)) {
    throw new ShapeError(
      'copy_',
      `the source must broadcast to ${formatShape(self.shape)}, got ${formatShape(from.shape)}.`,
      {
        shapes: [self.shape, from.shape],
      },
    );
  }
  if (from !== self) checkSeparate('copy_', self);
  // Source and target may be views of one memory; a copy in between keeps the source as it was.
  const overlaps = from.storage === self.storage && from !== self;
  return applyInPlace(COPY, [self, overlaps ? clone(from) : from], undefined);
}

const FILL = singleOp<[self: Tensor], number>({
  name: 'fill',
  shape: ([self]) => ({ shape: self.shape, dtype: self.dtype }),
  forward: (device, _inputs, out, value) => {
    queueFill(device, out, value);
  },
  saves: {},
  backward: (grad) => [() => zerosFor(grad)],
});

/** A number given for an element. @throws TypeError for anything that is not one */
export function numberOf(op: string, value: unknown): number {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return Number(value);
  throw new KindError(op, `the value must be a number, got ${describe(value)}.`);
}

/** Writes `value` (a number or a tensor without dimensions) everywhere. @see torch.Tensor.fill_ */
export function fill_(self: Tensor, ...args: FillArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('fill_', fill_, [self, ...args]);
  const { input, value } = FILL_.take([self, ...args]);
  if (value instanceof Tensor && value.ndim === 0) return copy_(input, value);
  return applyInPlace(FILL, [input], numberOf('fill_', value));
}
type FillArguments = [value: number | boolean | Tensor] | [named: { value: number | boolean | Tensor }];
const FILLING = [INPUT, argument('value', either(VALUE, TENSOR))] as const;
const FILL_ = signature('fill_', FILLING);
const FILL_COPYING = signature('fill', FILLING);

const FILL_COPY = singleOp<[x: Tensor, value: Tensor | null], number>({
  name: 'fill',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [, value], out, number) => {
    if (value === null) queueFill(device, out, number);
    else queueCopy(device, value, out);
  },
  saves: {},
  backward: (grad) => [() => zerosFor(grad), () => grad],
});

/** A copy with `value` (a number or a tensor without dimensions) everywhere. @see torch.fill */
export function fill(x: Tensor, ...args: FillArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('fill', fill, [x, ...args]);
  const { input, value } = FILL_COPYING.take([x, ...args]);
  if (!(value instanceof Tensor)) return apply(FILL_COPY, [input, null], Number(value));
  if (value.ndim > 0)
    throw new ShapeError('fill', `value must be a number or a scalar, got ${formatShape(value.shape)}.`);
  return apply(FILL_COPY, [input, value], 0);
}

/** Writes zeros everywhere. @see torch.Tensor.zero_ */
export const zero_: (self: Tensor) => Tensor = taking(signature('zero_', [INPUT]), (self) => fill_(self, 0));

/** A fresh tensor of `shape` filled with `value`, on a device by name or the default one. */
export function filled(device: DeviceGiven | undefined, shape: Shape, dtype: DType, value: number): Tensor {
  const home = getDevice(device);
  const out = allocate(home, { shape, dtype });
  queueFill(home, out, value);
  home.seal(out.buffer);
  return out;
}

const convertingTo = (name: string, dtype: DType): ((x: Tensor) => Tensor) =>
  taking(signature(name, [INPUT, MEMORY_FORMAT]), (x) => to(x, dtype));

/** `to('float32')`, `to('float64')`, `to('int32')`, `to('int64')`, `to('uint8')`, `to('bool')`. */
export const float = convertingTo('float', 'float32');
/** @see float */
export const double = convertingTo('double', 'float64');
/** @see float */
export const int = convertingTo('int', 'int32');
/** @see float */
export const long = convertingTo('long', 'int64');
/** @see float */
export const byte = convertingTo('byte', 'uint8');
/** @see float */
export const bool = convertingTo('bool', 'bool');
/** @see float */
export const half = convertingTo('half', 'float16');
/** @see float */
export const bfloat16 = convertingTo('bfloat16', 'bfloat16');
/** @see float */
export const char = convertingTo('char', 'int8');
/** @see float */
export const short = convertingTo('short', 'int16');

/** PyTorch's names of the classes of tensors that dtypes have come from. */
const CLASSES = {
  float32: 'Float', float64: 'Double', int32: 'Int', int64: 'Long', uint8: 'Byte', bool: 'Bool', int8: 'Char', int16: 'Short',
  float16: 'Half', bfloat16: 'BFloat16',
} as const satisfies Readonly<Record<DType, string>>; // prettier-ignore
/** As `type()` says a dtype. */
export type TensorType = `torch.${(typeof CLASSES)[DType]}Tensor`;
const tensorType = (dtype: DType): TensorType => `torch.${CLASSES[dtype]}Tensor`;
const DTYPE_NAMES = Object.keys(CLASSES) as DType[];
const TYPE: Kind<DType> = oneOfOr(
  Object.fromEntries(DTYPE_NAMES.map((dtype) => [tensorType(dtype), dtype])),
  ...DTYPE_NAMES,
);
const TYPE_TAKES = signature('type', [INPUT, argument('dtype', TYPE, null), withoutEffect('nonBlocking')]);

/**
 * The name of x's class in PyTorch, 'torch.FloatTensor'; with a dtype or such a name, x converted to it.
 * @see torch.Tensor.type
 */
export function type(x: Tensor): TensorType;
export function type(x: Tensor, dtype: DType | TensorType | { dtype: DType | TensorType }): Tensor;
export function type(...args: readonly unknown[]): TensorType | Tensor {
  const { input, dtype } = TYPE_TAKES.take(args);
  return dtype === null ? tensorType(input.dtype) : convert(input, dtype);
}

/** x with the dtype of another tensor; x itself if it has it. @see torch.Tensor.type_as */
export const typeAs: (x: Tensor, ...args: Arguments<[other: Tensor], [], { other: Tensor }>) => Tensor = taking(
  signature('typeAs', [INPUT, OTHER]),
  (x, other) => to(x, other.dtype),
);
