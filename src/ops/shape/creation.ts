// New tensors: from values, filled, counted. Random ones are in random/.
import { interceptable, intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { COUNTS, ANYTHING, NUMBER, INTEGER, FLAG, COUNT, DTYPE, listOf, kind, oneOf } from '../../base/kinds';
import { argument, optional, signature, withoutEffect } from '../../base/signature';
import { VALUE, DEVICE, INPUT } from '../../core/kinds';
import type { DeviceGiven, DeviceName } from '../../device/contract';
import { defaultDevice, getDevice, setDefaultDevice } from '../../device/registry';
import { describe } from '../../base/errorText';
import {
  defaultDType,
  isFloat,
  isHalf,
  itemSize,
  newArray,
  stored,
  type DType,
  type TypedArray,
} from '../../base/dtype';
import { roundHalf } from '../../base/half';
import { KindError, ShapeError, ValueError } from '../../base/errors';
import { allocate } from '../../core/op';
import type { Pauses } from '../../core/pace';
import { unscoped } from '../../core/scope';
import { formatShape, numelOf, type Shape } from '../../base/shape';
import { libraryCode } from '../../core/temporaries';
import { Tensor } from '../../core/tensor';
import { filled, to } from './copy';
import { diagonal, view } from './view';

/** Options of functions that make a tensor. */
export interface TensorOptions {
  /** Default float32, unless the values say otherwise. */
  dtype?: DType | undefined;
  /** Default: the device that `init` chose. */
  device?: DeviceGiven | undefined;
  requiresGrad?: boolean | undefined;
  /** The one layout that there is. */
  layout?: 'strided' | undefined;
  /** Without effect. */
  pinMemory?: unknown;
  /** Without effect: elements lie in row-major order. */
  memoryFormat?: unknown;
}

/** Pixels of a canvas, as ImageData has them. */
interface Pixels {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}
/** A typed array of any kind; Float16Array, which not all engines have, by its name. */
type AnyTypedArray =
  | TypedArray
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | (ArrayLike<number> & { readonly [Symbol.toStringTag]: 'Float16Array' });

/** Values of a tensor: a number, boolean or bigint, nested arrays of them, a typed array of any kind, or ImageData. */
export type TensorData = number | boolean | bigint | AnyTypedArray | Pixels | readonly TensorData[];

/** A shape by name. */
export interface SizeOptions {
  size?: Shape;
}

/** A shape, as one array or as separate sizes; options may follow. */
export type ShapeArguments<O = TensorOptions> =
  | [shape: Shape, options?: O]
  | [...sizes: number[]]
  | [...sizes: (number | (O & SizeOptions))[]]
  | [options: O & Required<SizeOptions>];

/** What all functions that make a tensor take behind their own arguments. */
export const MADE = [
  argument('dtype', DTYPE, undefined), argument('device', DEVICE, undefined), argument('requiresGrad', FLAG, false),
  optional('layout', oneOf('strided')), withoutEffect('pinMemory'), withoutEffect('memoryFormat'),
] as const; // prettier-ignore
const LENGTHS = { ...listOf(COUNT), expected: COUNTS.expected };

/** Applies `requiresGrad` to a fresh tensor. */
export function finish(t: Tensor, options: TensorOptions): Tensor {
  return options.requiresGrad === true ? t.requiresGrad_() : t;
}

/** Runs `fn`, whose tensors are made on that device unless a call in it names another. */
export function madeOn<T>(device: DeviceName, fn: () => T): T {
  const before = defaultDevice();
  setDefaultDevice(device);
  try {
    return fn();
  } finally {
    setDefaultDevice(before);
  }
}

/** How many elements have to be made for a tensor of the shape: none where it has no values. */
export const valueCount = (device: DeviceGiven | undefined, shape: Shape): number =>
  getDevice(device).hasValues ? numelOf(shape) : 0;

/**
 * A fresh tensor with the elements that `values` makes, which have the layout of `dtype` already. They are made once there is
 * room for them, so that a count that is far too large is a lack of memory on the device and no end of the page.
 */
export function uploaded(
  device: DeviceGiven | undefined,
  shape: Shape,
  dtype: DType,
  values: () => ArrayBufferView,
): Tensor {
  const home = getDevice(device);
  const out = allocate(home, { shape, dtype });
  try {
    const data = values();
    home.upload(out.buffer, data);
    out.noteValues(() => data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer);
  } catch (error) {
    out.release();
    throw error;
  }
  home.seal(out.buffer);
  return out;
}

/** Part of a great tensor that is copied in one go: a few ms. Bytes. */
const PART = 2 ** 22;

/**
 * Like `uploaded`, for what may be great: `part` gives the elements in bytes [begin, end) of the layout of `dtype`, and the page
 * has turns between the parts. The tensor belongs to no scope.
 */
export async function uploadedInParts(
  device: DeviceGiven | undefined,
  shape: Shape,
  dtype: DType,
  part: (begin: number, end: number) => ArrayBufferView,
  pauses: Pauses,
): Promise<Tensor> {
  const bytes = numelOf(shape) * itemSize(dtype);
  if (bytes <= PART) {
    const made = unscoped(() => uploaded(device, shape, dtype, () => part(0, bytes)));
    await pauses.pause();
    return made;
  }
  const home = getDevice(device);
  const out = unscoped(() => allocate(home, { shape, dtype }));
  try {
    for (let begin = 0; begin < bytes; begin += PART) {
      home.upload(out.buffer, part(begin, Math.min(begin + PART, bytes)), begin);
      await pauses.pause();
    }
  } catch (error) {
    out.release();
    throw error;
  }
  home.seal(out.buffer);
  return out;
}

const DTYPE_OF_ARRAY: readonly [new (n: number) => TypedArray, DType][] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64'],
  [Uint8Array, 'uint8'],
  [Int8Array, 'int8'],
  [Int16Array, 'int16'],
];

const isTypedArray = (value: unknown): value is TypedArray => DTYPE_OF_ARRAY.some(([type]) => value instanceof type);

function fittingInt64(value: bigint): bigint {
  if (value < 2n ** 63n) return value;
  throw new ValueError('tensor', `an int64 must be below 2^63, got ${value}.`);
}

/** What kind of object JavaScript says it is. */
const tagOf = (data: unknown): string => Object.prototype.toString.call(data).slice(8, -1);

/** Pixels of a canvas. */
const isImage = (data: unknown): data is Pick<ImageData, 'data' | 'height' | 'width'> => tagOf(data) === 'ImageData';

/** `data`; an array of a kind that no dtype has as one of the next kind that holds all its values. */
function asKnownArray<T>(data: T): T | TypedArray {
  if (data instanceof Uint8ClampedArray) return Uint8Array.from(data);
  if (data instanceof Uint16Array) return Int32Array.from(data);
  if (data instanceof Uint32Array) return BigInt64Array.from(Array.from(data, BigInt));
  return data instanceof BigUint64Array ? BigInt64Array.from(data, fittingInt64) : data;
}

/** The shape of nested arrays. @throws ShapeError if they are ragged, TypeError for what is no number */
function flatten(given: TensorData, into: (number | boolean | bigint)[]): number[] {
  const data = asKnownArray(given);
  if (isTypedArray(data)) {
    for (const value of data) into.push(value);
    return [data.length];
  }
  if (Array.isArray(data)) {
    const items = data as readonly TensorData[];
    let shape: number[] | null = null;
    // Not with forEach, which passes over holes.
    for (let i = 0; i < items.length; i++) {
      const inner = flatten(items[i], into);
      if (shape !== null && formatShape(shape) !== formatShape(inner)) {
        throw new ShapeError(
          'tensor',
          `nested arrays must have equal lengths, got ${formatShape(shape)} and ${formatShape(inner)} at index ${i}.`,
        );
      }
      shape = inner;
    }
    return [items.length, ...(shape ?? [])];
  }
  if (typeof data !== 'number' && typeof data !== 'boolean' && typeof data !== 'bigint') {
    throw new KindError(
      'tensor',
      `values must be numbers, booleans, bigints or arrays of them, got ${describe(data)}. Use stack for tensors.`,
    );
  }
  into.push(data);
  return [];
}

function inferDType(values: readonly (number | boolean | bigint)[]): DType {
  if (values.length > 0 && values.every((v) => typeof v === 'boolean')) return 'bool';
  return values.some((v) => typeof v === 'bigint') ? 'int64' : defaultDType();
}

/** Numbers as values of `dtype`; floats are truncated towards zero for integers. */
export function valuesOf(values: readonly (number | boolean | bigint)[], dtype: DType): TypedArray {
  const array = newArray(dtype, values.length);
  if (array instanceof BigInt64Array) {
    values.forEach((v, i) => (array[i] = typeof v === 'bigint' ? v : BigInt(Math.trunc(Number(v)))));
  } else {
    values.forEach((v, i) => (array[i] = dtype === 'bool' ? Number(Number(v) !== 0) : Number(v)));
  }
  return array;
}

/** Numbers in the memory layout of `dtype`. */
const encodeValues = (values: readonly (number | boolean | bigint)[], dtype: DType): ArrayBufferView =>
  stored(dtype, valuesOf(values, dtype));

const TENSOR_TAKES = signature('tensor', [argument('data', ANYTHING), ...MADE]);

/**
 * A tensor with a copy of these values. Numbers give float32 (the default dtype), booleans bool, bigints int64, typed arrays their own dtype.
 * @throws ShapeError if nested arrays are ragged
 * @example tensor([[1, 2], [3, 4]]); tensor(new Uint8Array(pixels)); tensor(3, { dtype: 'int64' })
 * @see torch.tensor
 */
export function tensor(
  ...args: Arguments<
    [data: TensorData | Tensor],
    [dtype?: DType | undefined, device?: DeviceGiven | undefined, requiresGrad?: boolean | undefined],
    TensorOptions & { data: TensorData | Tensor }
  >
): Tensor {
  const { data, ...options } = TENSOR_TAKES.take(args);
  return tensorOf(data, options);
}

function tensorOf(given: unknown, options: TensorOptions): Tensor {
  if (isImage(given)) {
    const { data: pixels, height, width } = given;
    const flat = tensorOf(pixels, { ...options, requiresGrad: false });
    return finish(view(flat, [height, width, 4]), options);
  }
  if (tagOf(given) === 'Float16Array') {
    return tensorOf(Float32Array.from(given as ArrayLike<number>), { ...options, dtype: options.dtype ?? 'float16' });
  }
  const data = asKnownArray(given);
  if (data instanceof Tensor) return finish(to(data.detach(), options.dtype ?? data.dtype, { copy: true }), options);
  const own = DTYPE_OF_ARRAY.find(([type]) => data instanceof type);
  if (own !== undefined && isTypedArray(data)) {
    const { device, dtype = own[1] } = options;
    // What the device cannot hold as it is must be converted here.
    if (dtype !== own[1] && !getDevice(device).supports(own[1])) {
      return finish(
        uploaded(device, [data.length], dtype, () => encodeValues(Array.from<number | bigint>(data), dtype)),
        options,
      );
    }
    const raw = uploaded(device, [data.length], own[1], () => data);
    return finish(options.dtype === undefined ? raw : to(raw, options.dtype), options);
  }
  const values: (number | boolean | bigint)[] = [];
  const shape = flatten(data as TensorData, values);
  const dtype = options.dtype ?? inferDType(values);
  return finish(
    uploaded(options.device, shape, dtype, () => encodeValues(values, dtype)),
    options,
  );
}

const AS_TENSOR = signature('asTensor', [argument('data', ANYTHING), argument('dtype', DTYPE, undefined), argument('device', DEVICE, undefined)]); // prettier-ignore

/**
 * `data` itself if it is a tensor of this dtype on this device; as `to` converts it if it is another, and as `tensor` makes it
 * of anything else.
 * @see torch.as_tensor
 */
export function asTensor(
  ...args: Arguments<
    [data: TensorData | Tensor],
    [dtype?: DType | undefined, device?: DeviceGiven | undefined],
    Omit<TensorOptions, 'requiresGrad'> & { data: TensorData | Tensor }
  >
): Tensor {
  const { data, dtype, device } = AS_TENSOR.take(args);
  if (!(data instanceof Tensor)) return tensorOf(data, { dtype, device });
  return to(data, { dtype: dtype ?? data.dtype, device: device ?? data.device });
}

type FromArrayArguments = Arguments<
  [values: AnyTypedArray, shape: Shape],
  [dtype?: DType | undefined, device?: DeviceGiven | undefined, requiresGrad?: boolean | undefined],
  TensorOptions & { values: AnyTypedArray; shape: Shape },
  [values: AnyTypedArray, options: Omit<TensorOptions & { values: AnyTypedArray; shape: Shape }, 'values'>]
>;
const TYPED_ARRAY = kind<AnyTypedArray>(
  'a typed array',
  (value) => isTypedArray(asKnownArray(value)) || tagOf(value) === 'Float16Array',
);
// A size of -1 is what is left over.
const FROM_ARRAY = signature('fromArray', [
  argument('values', TYPED_ARRAY), argument('shape', listOf(INTEGER)), ...MADE,
]); // prettier-ignore

/** A tensor of `shape` with the elements of a typed array, in row-major order. @throws ShapeError if the count does not fit */
export function fromArray(...args: FromArrayArguments): Tensor {
  const { values, shape, ...options } = FROM_ARRAY.take(args);
  return finish(
    libraryCode(() => view(tensor(values, { ...options, requiresGrad: false }), shape)),
    options,
  );
}

const SIZED = [argument('size', COUNTS, []), ...MADE] as const;
const EMPTY = signature('empty', SIZED);

/** Undefined contents (zeros, until memory is used again). @see torch.empty */
export function empty(...args: ShapeArguments): Tensor {
  const { size, ...options } = EMPTY.take(args);
  return unfilled(size, options);
}

function unfilled(size: Shape, options: TensorOptions): Tensor {
  const home = getDevice(options.device);
  const out = allocate(home, { shape: size, dtype: options.dtype ?? defaultDType() });
  home.seal(out.buffer);
  return finish(out, options);
}

/** Arguments of full behind the shape. */
export interface FullOptions extends TensorOptions {
  fillValue: number | boolean;
}
const FULL = signature('full', [argument('size', LENGTHS), argument('fillValue', VALUE), ...MADE]);

type FullArgs = Arguments<
  [fillValue: number | boolean],
  [dtype?: DType | undefined, device?: DeviceGiven | undefined, requiresGrad?: boolean | undefined],
  FullOptions
>;

/** Every element `fillValue`. float32 unless `dtype` is given (or bool for a boolean). @see torch.full */
export function full(...args: [shape: Shape, ...FullArgs] | [options: FullOptions & Required<SizeOptions>]): Tensor {
  const { size, fillValue, ...options } = FULL.take(args);
  return constantOf(size, fillValue, options);
}

function constantOf(size: Shape, value: number | boolean | bigint, options: TensorOptions): Tensor {
  const dtype = options.dtype ?? (typeof value === 'boolean' ? 'bool' : defaultDType());
  return finish(filled(options.device, size, dtype, Number(value)), options);
}

const constant = (op: string, value: number): ((...args: ShapeArguments) => Tensor) => {
  const takes = signature(op, SIZED);
  return (...args) => {
    const { size, ...options } = takes.take(args);
    return constantOf(size, value, options);
  };
};

/** Zeros. @example zeros(2, 3); zeros([2, 3], { dtype: 'int64' }) @see torch.zeros */
export const zeros = constant('zeros', 0);

/** Ones. @example ones(2, 3); ones([2, 3], { requiresGrad: true }) @see torch.ones */
export const ones = constant('ones', 1);

/** The options, with dtype and device of `x` for those that are not given. */
export const like = ({ dtype, device }: Tensor, options: TensorOptions): TensorOptions => ({
  dtype: options.dtype ?? dtype,
  device: options.device ?? device,
  requiresGrad: options.requiresGrad,
});
type OptionArguments = Arguments<
  [],
  [dtype?: DType | undefined, device?: DeviceGiven | undefined, requiresGrad?: boolean | undefined],
  TensorOptions
>;
type LikeFunction = (x: Tensor, ...args: OptionArguments) => Tensor;

const constantLike = (op: string, value: number): LikeFunction => {
  const takes = signature(op, [INPUT, ...MADE]);
  return (x, ...args) => {
    const { input, ...options } = takes.take([x, ...args]);
    return constantOf(input.shape, value, like(input, options));
  };
};

/** Of the shape, dtype and device of `x`. @see torch.zeros_like */
export const zerosLike: LikeFunction = interceptable('zerosLike', constantLike('zerosLike', 0));
/** Of the shape, dtype and device of `x`. @see torch.ones_like */
export const onesLike: LikeFunction = interceptable('onesLike', constantLike('onesLike', 1));

const FULL_LIKE = signature('fullLike', [INPUT, argument('fillValue', VALUE), ...MADE]);
type FillArguments = FullArgs;
/** Of the shape, dtype and device of `x`. @see torch.full_like */
export function fullLike(x: Tensor, ...args: FillArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('fullLike', fullLike, [x, ...args]);
  const { input, fillValue, ...options } = FULL_LIKE.take([x, ...args]);
  return constantOf(input.shape, fillValue, like(input, options));
}

const EMPTY_LIKE = signature('emptyLike', [INPUT, ...MADE]);
/** Of the shape, dtype and device of `x`. @see torch.empty_like */
export function emptyLike(x: Tensor, ...args: OptionArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('emptyLike', emptyLike, [x, ...args]);
  const { input, ...options } = EMPTY_LIKE.take([x, ...args]);
  return unfilled(input.shape, like(input, options));
}

const newConstant = (op: string, value: number): ((x: Tensor, ...args: ShapeArguments) => Tensor) => {
  const takes = signature(op, [INPUT, ...SIZED]);
  return (x, ...args) => {
    const { input, size, ...options } = takes.take([x, ...args]);
    return constantOf(size, value, like(input, options));
  };
};

/** Zeros with the dtype and device of `x`. @see torch.Tensor.new_zeros */
export const newZeros: (x: Tensor, ...args: ShapeArguments) => Tensor = interceptable(
  'newZeros',
  newConstant('newZeros', 0),
);
/** Ones with the dtype and device of `x`. @see torch.Tensor.new_ones */
export const newOnes: (x: Tensor, ...args: ShapeArguments) => Tensor = interceptable(
  'newOnes',
  newConstant('newOnes', 1),
);

const NEW_FULL = signature('newFull', [INPUT, argument('size', LENGTHS), argument('fillValue', VALUE), ...MADE]);
/** `value` everywhere, with the dtype and device of `x`. @see torch.Tensor.new_full */
export function newFull(x: Tensor, shape: Shape, ...args: FillArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('newFull', newFull, [x, shape, ...args]);
  const { input, size, fillValue, ...options } = NEW_FULL.take([x, shape, ...args]);
  return constantOf(size, fillValue, like(input, options));
}

const NEW_EMPTY = signature('newEmpty', [INPUT, ...SIZED]);
/** Undefined contents, with the dtype and device of `x`. @see torch.Tensor.new_empty */
export function newEmpty(x: Tensor, ...args: ShapeArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('newEmpty', newEmpty, [x, ...args]);
  const { input, size, ...options } = NEW_EMPTY.take([x, ...args]);
  return unfilled(size, like(input, options));
}

const NEW_TENSOR = signature('newTensor', [INPUT, argument('data', ANYTHING), ...MADE]);
/** Values as a tensor with the dtype and device of `x`. @see torch.Tensor.new_tensor */
export function newTensor(x: Tensor, data: TensorData, ...args: OptionArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('newTensor', newTensor, [x, data, ...args]);
  const { input, data: values, ...options } = NEW_TENSOR.take([x, data, ...args]);
  return tensorOf(values, like(input, options));
}

/** `n` values computed on the page: short ramps only. */
function ramp(n: number, at: (i: number) => number, options: TensorOptions, dtype: DType): Tensor {
  const whole = (value: number): number | bigint => (dtype === 'int64' ? BigInt(Math.trunc(value)) : value);
  return finish(
    uploaded(options.device, [n], dtype, () => {
      const count = valueCount(options.device, [n]);
      const values: { [i: number]: number | bigint } & TypedArray = newArray(dtype, count);
      for (let i = 0; i < count; i++) values[i] = dtype === 'bool' ? Number(at(i) !== 0) : whole(at(i));
      return stored(dtype, values);
    }),
    options,
  );
}

/** Options of arange: its numbers may be given by name. */
export interface ArangeOptions extends TensorOptions {
  start?: number;
  end?: number;
  step?: number;
}

const FINITE_NUMBER = kind<number | boolean>('a finite number', (value) => typeof value === 'boolean' || Number.isFinite(value)); // prettier-ignore
const ARANGE = signature('arange', [
  argument('start', FINITE_NUMBER, undefined), argument('end', FINITE_NUMBER, undefined), argument('step', FINITE_NUMBER, 1),
  ...MADE,
]); // prettier-ignore

/**
 * start, start + step, ... below end. Whole numbers give int64, others float32. For integers fractions are cut off the
 * numbers; booleans count as numbers.
 * @example arange(5); arange(1, 4); arange(0, 1, 0.25)
 * @throws RangeError if step is 0 or leads away from end
 * @see torch.arange
 */
export function arange(...args: (number | boolean | ArangeOptions)[]): Tensor {
  const { start: first, end: second, step: third, ...options } = ARANGE.take(args);
  // A single number is the end.
  const isEnd = second === undefined && typeof args[0] !== 'object';
  const [begin, until] = isEnd ? [0, first] : [first ?? 0, second];
  if (until === undefined) throw new KindError('arange', 'end must be a number, got nothing.');
  const given = [Number(begin), Number(until), Number(third)];
  const dtype = options.dtype ?? (given.every((x) => Number.isInteger(x)) ? 'int64' : defaultDType());
  const [start, end, step] = given.map(wholeFor(dtype));
  if (!(step !== 0 && (end - start) * step >= 0)) {
    throw new ValueError('arange', `step must lead from start to end, got start ${start}, end ${end}, step ${step}.`);
  }
  // For how many there are PyTorch cuts fractions off with int64 only.
  const [from, to_, stride] = dtype === 'int64' ? [start, end, step] : given;
  return ramp(Math.ceil((to_ - from) / stride), (i) => start + i * step, options, dtype);
}

/** Numbers as bounds of a ramp of `dtype`: without fractions for integers. */
const wholeFor =
  (dtype: DType) =>
  (x: number): number =>
    isFloat(dtype) ? x : Math.trunc(x);

/** Arguments of linspace. */
export interface LinspaceOptions extends TensorOptions {
  start: number;
  end: number;
  steps: number;
}
const LINSPACE = signature('linspace', [
  argument('start', NUMBER),
  argument('end', NUMBER),
  argument('steps', COUNT),
  ...MADE,
]);

/** `steps` values from start to end, both included. @see torch.linspace */
export function linspace(
  ...args: Arguments<
    [start: number, end: number, steps: number],
    [dtype?: DType | undefined, device?: DeviceGiven | undefined, requiresGrad?: boolean | undefined],
    LinspaceOptions,
    [start: number, end: number, options: Omit<LinspaceOptions, 'start' | 'end'>]
  >
): Tensor {
  const { start, end, steps, ...options } = LINSPACE.take(args);
  const dtype = options.dtype ?? defaultDType();
  return ramp(steps, between(start, end, steps, dtype), options, dtype);
}

/** The values of `linspace`: from both ends, as PyTorch does, so that the last one is exactly `end`. */
function between(from: number, to: number, steps: number, dtype: DType): (i: number) => number {
  const [start, end] = [from, to].map(wholeFor(dtype));
  const exact = steps > 1 ? (end - start) / (steps - 1) : 0;
  const step = isHalf(dtype) ? roundHalf(dtype, exact) : exact;
  return (i) => (i < (steps >> 1 || 1) ? start + i * step : end - (steps - 1 - i) * step);
}

/** Arguments of logspace. */
export interface LogspaceOptions extends LinspaceOptions {
  /** Default 10. */
  base?: number;
}
const LOGSPACE = signature('logspace', [
  argument('start', NUMBER), argument('end', NUMBER), argument('steps', COUNT), argument('base', NUMBER, 10), ...MADE,
]); // prettier-ignore

/** base to the power of `steps` values from start to end. @see torch.logspace */
export function logspace(
  ...args: Arguments<
    [start: number, end: number, steps: number],
    [base?: number, dtype?: DType | undefined, device?: DeviceGiven | undefined, requiresGrad?: boolean | undefined],
    LogspaceOptions,
    [start: number, end: number, options: Omit<LogspaceOptions, 'start' | 'end'>]
  >
): Tensor {
  const { start, end, steps, base, ...options } = LOGSPACE.take(args);
  const dtype = options.dtype ?? defaultDType();
  const exponent = between(start, end, steps, dtype);
  return ramp(steps, (i) => base ** exponent(i), options, dtype);
}

const EYE = signature('eye', [argument('n', COUNT), argument('m', COUNT, null), ...MADE]);

/** Ones on the diagonal, zeros elsewhere. Shape: [n, m], m defaults to n. @see torch.eye */
export function eye(
  ...args: Arguments<
    [n: number],
    [
      m?: number | null,
      dtype?: DType | undefined,
      device?: DeviceGiven | undefined,
      requiresGrad?: boolean | undefined,
    ],
    TensorOptions & { n: number; m?: number | null }
  >
): Tensor {
  const { n, m, ...options } = EYE.take(args);
  const columns = m ?? n;
  const out = filled(options.device, [n, columns], options.dtype ?? defaultDType(), 0);
  diagonal(out).fill_(1);
  return finish(out, options);
}

/** Of a dtype with fractions? Integers cannot hold what the random and float creation functions make. */
export const requireFloat = (op: string, dtype: DType): void => {
  if (!isFloat(dtype)) throw new KindError(op, `dtype must be a floating-point one, got ${dtype}.`);
};
