// New tensors: from values, filled, counted. Random ones are in random/.
import type { DeviceName } from '../../device/contract';
import { getDevice } from '../../device/registry';
import { checkInteger, gather, isPlainObject, type Arguments } from '../../base/arguments';
import { describe } from '../../base/errorText';
import { checkDType, isFloat, isHalf, newArray, stored, type DType, type TypedArray } from '../../base/dtype';
import { roundHalf } from '../../base/half';
import { ShapeError } from '../../base/errors';
import { allocate } from '../../core/op';
import { formatShape, numelOf, type Shape } from '../../base/shape';
import { scope } from '../../core/storage';
import { Tensor } from '../../core/tensor';
import { filled, numberOf, to } from './copy';
import { view } from './view';

/** Options of functions that make a tensor. */
export interface TensorOptions {
  /** Default float32, unless the values say otherwise. */
  dtype?: DType;
  /** Default: the device that `init` chose. */
  device?: DeviceName;
  requiresGrad?: boolean;
}

/** Values of a tensor: a number, boolean or bigint, nested arrays of them, or a typed array. */
export type TensorData = number | boolean | bigint | TypedArray | readonly TensorData[];

/** A shape by name. */
export interface SizeOptions {
  size?: Shape;
}

/** A shape, as one array or as separate sizes; options may follow. */
export type ShapeArguments<O = TensorOptions> =
  [shape: Shape, options?: O] | [...sizes: number[]] | [...sizes: (number | (O & SizeOptions))[]];

const OPTIONS = ['dtype', 'device', 'requiresGrad', 'generator', 'size'] as const;

/**
 * Splits `(2, 3, options)` or `([2, 3], options)`.
 * @throws ShapeError for sizes that are not whole numbers >= 0, TypeError for an option that does not exist
 */
export function shapeAndOptions<O extends object>(
  op: string,
  args: readonly (number | Shape | O | undefined)[],
): [Shape, Partial<O>] {
  const [first] = args;
  const isArray = Array.isArray(first);
  const isLast = isPlainObject(args.at(-1));
  const given = isArray ? args.slice(1) : isLast ? args.slice(-1) : [];
  const { size, ...options } = gather<TensorOptions & SizeOptions>(op, OPTIONS as readonly string[] as [], given);
  const sizes = size ?? (isArray ? (first as Shape) : isLast ? args.slice(0, -1) : args);
  if (!sizes.every((n) => Number.isInteger(n) && (n as number) >= 0)) {
    throw new ShapeError(`${op}: sizes must be whole numbers >= 0, got ${formatShape(sizes as Shape)}.`, {
      shape: sizes,
    });
  }
  if (options.dtype !== undefined) checkDType(op, options.dtype);
  return [sizes as Shape, options as Partial<O>];
}

/** Applies `requiresGrad` to a fresh tensor. */
export function finish(t: Tensor, options: TensorOptions): Tensor {
  return options.requiresGrad === true ? t.requiresGrad_() : t;
}

/** A fresh tensor with these elements, which have the layout of `dtype` already. */
export function uploaded(device: DeviceName | undefined, shape: Shape, dtype: DType, values: ArrayBufferView): Tensor {
  const home = getDevice(device);
  const out = allocate(home, { shape, dtype });
  home.upload(out.buffer, values);
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

/** The shape of nested arrays. @throws ShapeError if they are ragged, TypeError for what is no number */
function flatten(data: TensorData, into: (number | boolean | bigint)[]): number[] {
  if (isTypedArray(data)) {
    for (const value of data) into.push(value);
    return [data.length];
  }
  if (Array.isArray(data)) {
    const items = data as readonly TensorData[];
    let shape: number[] | null = null;
    items.forEach((item, i) => {
      const inner = flatten(item, into);
      if (shape !== null && formatShape(shape) !== formatShape(inner)) {
        throw new ShapeError(
          `tensor: nested arrays must have equal lengths, got ${formatShape(shape)} and ${formatShape(inner)} at index ${i}.`,
        );
      }
      shape = inner;
    });
    return [items.length, ...(shape ?? [])];
  }
  if (typeof data !== 'number' && typeof data !== 'boolean' && typeof data !== 'bigint') {
    throw new TypeError(
      `tensor: values must be numbers, booleans, bigints or arrays of them, got ${describe(data)}. Use stack for tensors.`,
    );
  }
  into.push(data);
  return [];
}

function inferDType(values: readonly (number | boolean | bigint)[]): DType {
  if (values.length > 0 && values.every((v) => typeof v === 'boolean')) return 'bool';
  return values.some((v) => typeof v === 'bigint') ? 'int64' : 'float32';
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

/**
 * A tensor with a copy of these values. Numbers give float32, booleans bool, bigints int64, typed arrays their own dtype.
 * @throws ShapeError if nested arrays are ragged
 * @example tensor([[1, 2], [3, 4]]); tensor(new Uint8Array(pixels)); tensor(3, { dtype: 'int64' })
 * @see torch.tensor
 */
export function tensor(data: TensorData | Tensor, given: TensorOptions = {}): Tensor {
  const [, options] = shapeAndOptions<TensorOptions>('tensor', [[], given]);
  if (data instanceof Tensor) return finish(to(data.detach(), options.dtype ?? data.dtype, { copy: true }), options);
  const own = DTYPE_OF_ARRAY.find(([type]) => data instanceof type);
  if (own !== undefined && isTypedArray(data)) {
    const { device, dtype = own[1] } = options;
    // What the device cannot hold as it is must be converted here.
    if (dtype !== own[1] && !getDevice(device).supports(own[1])) {
      return finish(
        uploaded(device, [data.length], dtype, encodeValues(Array.from<number | bigint>(data), dtype)),
        options,
      );
    }
    const raw = uploaded(device, [data.length], own[1], data);
    return finish(options.dtype === undefined ? raw : to(raw, options.dtype), options);
  }
  const values: (number | boolean | bigint)[] = [];
  const shape = flatten(data, values);
  const dtype = options.dtype ?? inferDType(values);
  return finish(uploaded(options.device, shape, dtype, encodeValues(values, dtype)), options);
}

/** A tensor of `shape` with the elements of a typed array, in row-major order. @throws ShapeError if the count does not fit */
export function fromArray(values: TypedArray, shape: Shape, options: TensorOptions = {}): Tensor {
  return finish(
    scope(() => view(tensor(values, { ...options, requiresGrad: false }), shape)),
    options,
  );
}

/** Undefined contents (zeros, until memory is used again). @see torch.empty */
export function empty(...args: ShapeArguments): Tensor {
  const [shape, options] = shapeAndOptions<TensorOptions>('empty', args);
  const home = getDevice(options.device);
  const out = allocate(home, { shape, dtype: options.dtype ?? 'float32' });
  home.seal(out.buffer);
  return finish(out, options);
}

/** Arguments of full behind the shape. */
export interface FullOptions extends TensorOptions {
  fillValue: number | boolean;
}
const FULL = ['fillValue', 'dtype', 'device', 'requiresGrad'] as const;

/** Every element `fillValue`. float32 unless `dtype` is given (or bool for a boolean). @see torch.full */
export function full(shape: Shape, ...args: Arguments<FullOptions, typeof FULL>): Tensor {
  const { fillValue, ...rest } = gather<FullOptions>('full', FULL, args);
  const [sizes, options] = shapeAndOptions<TensorOptions>('full', [shape, rest]);
  const dtype = options.dtype ?? (typeof fillValue === 'boolean' ? 'bool' : 'float32');
  return finish(filled(options.device, sizes, dtype, numberOf('full', fillValue)), options);
}

const constant =
  (op: string, value: number) =>
  (...args: ShapeArguments): Tensor => {
    const [shape, options] = shapeAndOptions<TensorOptions>(op, args);
    return full(shape, value, options);
  };

/** Zeros. @example zeros(2, 3); zeros([2, 3], { dtype: 'int64' }) @see torch.zeros */
export const zeros = constant('zeros', 0);

/** Ones. @example ones(2, 3); ones([2, 3], { requiresGrad: true }) @see torch.ones */
export const ones = constant('ones', 1);

const like = (x: Tensor, options: TensorOptions): TensorOptions => ({ dtype: x.dtype, device: x.device, ...options });

/** Of the shape, dtype and device of `x`. @see torch.zeros_like */
export const zerosLike = (x: Tensor, options: TensorOptions = {}): Tensor => full(x.shape, 0, like(x, options));
/** Of the shape, dtype and device of `x`. @see torch.ones_like */
export const onesLike = (x: Tensor, options: TensorOptions = {}): Tensor => full(x.shape, 1, like(x, options));
/** Of the shape, dtype and device of `x`. @see torch.full_like */
export const fullLike = (x: Tensor, value: number | boolean, options: TensorOptions = {}): Tensor =>
  full(x.shape, value, like(x, options));
/** Of the shape, dtype and device of `x`. @see torch.empty_like */
export const emptyLike = (x: Tensor, options: TensorOptions = {}): Tensor => empty(x.shape, like(x, options));

/** Zeros with the dtype and device of `x`. @see torch.Tensor.new_zeros */
export const newZeros = (x: Tensor, shape: Shape, options: TensorOptions = {}): Tensor =>
  full(shape, 0, like(x, options));
/** Ones with the dtype and device of `x`. @see torch.Tensor.new_ones */
export const newOnes = (x: Tensor, shape: Shape, options: TensorOptions = {}): Tensor =>
  full(shape, 1, like(x, options));
/** `value` everywhere, with the dtype and device of `x`. @see torch.Tensor.new_full */
export const newFull = (x: Tensor, shape: Shape, value: number | boolean, options: TensorOptions = {}): Tensor =>
  full(shape, value, like(x, options));
/** Undefined contents, with the dtype and device of `x`. @see torch.Tensor.new_empty */
export const newEmpty = (x: Tensor, shape: Shape, options: TensorOptions = {}): Tensor =>
  empty(shape, like(x, options));
/** Values as a tensor with the dtype and device of `x`. @see torch.Tensor.new_tensor */
export const newTensor = (x: Tensor, data: TensorData, options: TensorOptions = {}): Tensor =>
  tensor(data, like(x, options));

/** `n` values computed on the page: short ramps only. */
function ramp(n: number, at: (i: number) => number, options: TensorOptions, dtype: DType): Tensor {
  const values = Array.from({ length: n }, (_, i) => at(i));
  return finish(uploaded(options.device, [n], dtype, encodeValues(values, dtype)), options);
}

/** Options of arange: its numbers may be given by name. */
export interface ArangeOptions extends TensorOptions {
  start?: number;
  end?: number;
  step?: number;
}

/**
 * start, start + step, ... below end. Whole numbers give int64, others float32. For integers fractions are cut off the
 * numbers; booleans count as numbers.
 * @example arange(5); arange(1, 4); arange(0, 1, 0.25)
 * @throws RangeError if step is 0 or leads away from end
 * @see torch.arange
 */
export function arange(...args: (number | boolean | ArangeOptions)[]): Tensor {
  const last = args[args.length - 1];
  const options: ArangeOptions = typeof last === 'object' ? last : {};
  const numbers = args.filter((arg) => typeof arg !== 'object').map(Number);
  const named = [options.start ?? 0, options.end ?? NaN, options.step ?? 1];
  // A single number is the end.
  const positional = numbers.length === 1 && options.end === undefined ? [0, numbers[0]] : numbers;
  const given = named.map((value, i) => positional[i] ?? value);
  const dtype = options.dtype ?? (given.every((x) => Number.isInteger(x)) ? 'int64' : 'float32');
  const [start, end, step] = given.map(wholeFor(dtype));
  if (!(step !== 0 && (end - start) * step >= 0)) {
    throw new RangeError(`arange: step must lead from start to end, got start ${start}, end ${end}, step ${step}.`);
  }
  // For how many there are PyTorch cuts fractions off with int64 only.
  const [first, last_, stride] = dtype === 'int64' ? [start, end, step] : given;
  return ramp(Math.ceil((last_ - first) / stride), (i) => start + i * step, options, dtype);
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
const LINSPACE = ['start', 'end', 'steps', 'dtype', 'device', 'requiresGrad'] as const;

/** `steps` values from start to end, both included. @see torch.linspace */
export function linspace(...args: Arguments<LinspaceOptions, typeof LINSPACE>): Tensor {
  const { start, end, steps, ...options } = gather<LinspaceOptions>('linspace', LINSPACE, args);
  checkInteger('linspace', 'steps', steps, 0);
  const dtype = options.dtype ?? 'float32';
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
const LOGSPACE = ['start', 'end', 'steps', 'base', 'dtype', 'device', 'requiresGrad'] as const;

/** base to the power of `steps` values from start to end. @see torch.logspace */
export function logspace(...args: Arguments<LogspaceOptions, typeof LOGSPACE>): Tensor {
  const { start, end, steps, base = 10, ...options } = gather<LogspaceOptions>('logspace', LOGSPACE, args);
  checkInteger('logspace', 'steps', steps, 0);
  const dtype = options.dtype ?? 'float32';
  const exponent = between(start, end, steps, dtype);
  return ramp(steps, (i) => base ** exponent(i), options, dtype);
}

/** Ones on the diagonal, zeros elsewhere. Shape: [n, m], m defaults to n. @see torch.eye */
export function eye(n: number, m: number | TensorOptions = n, options: TensorOptions = {}): Tensor {
  const [columns, rest] = typeof m === 'number' ? [m, options] : [n, m];
  const dtype = rest.dtype ?? 'float32';
  if (!Number.isInteger(n) || !Number.isInteger(columns) || n < 0 || columns < 0) {
    throw new RangeError(`eye: sizes must be whole numbers >= 0, got ${n} and ${columns}.`);
  }
  const values = new Array<number>(numelOf([n, columns])).fill(0);
  for (let i = 0; i < Math.min(n, columns); i++) values[i * columns + i] = 1;
  return finish(uploaded(rest.device, [n, columns], dtype, encodeValues(values, dtype)), rest);
}

/** Of a dtype with fractions? Integers cannot hold what the random and float creation functions make. */
export const requireFloat = (op: string, dtype: DType): void => {
  if (!isFloat(dtype)) throw new TypeError(`${op}: dtype must be a floating-point one, got ${dtype}.`);
};
