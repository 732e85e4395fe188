// Element types: their sizes, typed arrays and codes, and PyTorch's promotion rules. No tensors here.
import { DTypeCode } from '../../assembly/engine/commands';
import { DTypeError } from './errors';
import { decodeHalf, encodeHalf, type Half } from './half';

/** Names of element types. */
export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool' | 'int8' | 'int16' | Half;

/** The typed arrays that values are read into; those of float16 and bfloat16 into a Float32Array. */
export type TypedArray = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array;

type Category = 0 | 1 | 2;
const BOOL = 0;
const INTEGER = 1;
const FLOAT = 2;

interface DTypeInfo {
  /** Size of an element in bytes. */
  readonly bytes: number;
  readonly category: Category;
  /** @internal Code in commands. */
  readonly code: DTypeCode;
  /** The values that memory holds. */
  readonly array: (buffer: ArrayBuffer) => TypedArray;
  /** What kernels compute it in; absent for those that they know. Values are rounded or wrapped on the way back. */
  readonly wide?: DType;
}

/** One row per dtype; a missing row does not compile. */
export const DTYPES: { readonly [D in DType]: DTypeInfo } = {
  float32: { bytes: 4, category: FLOAT, code: DTypeCode.Float32, array: (b) => new Float32Array(b) },
  float64: { bytes: 8, category: FLOAT, code: DTypeCode.Float64, array: (b) => new Float64Array(b) },
  int32: { bytes: 4, category: INTEGER, code: DTypeCode.Int32, array: (b) => new Int32Array(b) },
  int64: { bytes: 8, category: INTEGER, code: DTypeCode.Int64, array: (b) => new BigInt64Array(b) },
  uint8: { bytes: 1, category: INTEGER, code: DTypeCode.Uint8, array: (b) => new Uint8Array(b) },
  bool: { bytes: 1, category: BOOL, code: DTypeCode.Bool, array: (b) => new Uint8Array(b) },
  int8: { bytes: 1, category: INTEGER, code: DTypeCode.Int8, array: (b) => new Int8Array(b), wide: 'int32' },
  int16: { bytes: 2, category: INTEGER, code: DTypeCode.Int16, array: (b) => new Int16Array(b), wide: 'int32' },
  float16: half('float16', DTypeCode.Float16),
  bfloat16: half('bfloat16', DTypeCode.Bfloat16),
};

function half(name: Half, code: DTypeCode): DTypeInfo {
  return { bytes: 2, category: FLOAT, code, array: (b) => decodeHalf(name, b), wide: 'float32' };
}

/** 32-bit floating-point numbers, the default. */
export const float32 = 'float32';
/** 64-bit floating-point numbers; not on webgpu. */
export const float64 = 'float64';
/** 32-bit signed integers. */
export const int32 = 'int32';
/** 64-bit signed integers, those of indices; on webgpu stored in 32 bits. */
export const int64 = 'int64';
/** 8-bit unsigned integers. */
export const uint8 = 'uint8';
/** true and false, a byte each. */
export const bool = 'bool';
/** 8-bit signed integers. */
export const int8 = 'int8';
/** 16-bit signed integers. */
export const int16 = 'int16';
/** 16-bit floating-point numbers with 5 bits of exponent. */
export const float16 = 'float16';
/** The upper half of a float32: 8 bits of exponent, 7 of fraction. */
export const bfloat16 = 'bfloat16';

/** Bytes of one element. */
export const itemSize = (dtype: DType): number => DTYPES[dtype].bytes;
export const isFloat = (dtype: DType): boolean => DTYPES[dtype].category === FLOAT;
/** Whether it is float16 or bfloat16. */
export const isHalf = (dtype: DType): dtype is Half => dtype === 'float16' || dtype === 'bfloat16';
/** What is computed in: float32 for float16 and bfloat16, int32 for int8 and int16, else the dtype itself. */
export const wideDType = (dtype: DType): DType => DTYPES[dtype].wide ?? dtype;

/** A fresh array for `n` values of a dtype. */
export const newArray = (dtype: DType, n: number): TypedArray =>
  isHalf(dtype) ? new Float32Array(n) : DTYPES[dtype].array(new ArrayBuffer(n * itemSize(dtype)));
/** Values of a dtype as memory holds them: 16-bit floats are rounded to their bits. */
export const stored = (dtype: DType, values: TypedArray): TypedArray | Uint16Array =>
  isHalf(dtype) ? encodeHalf(dtype, values as Float32Array) : values;

/** Throws a DTypeError that names `op` unless `dtype` is a known name. */
export function checkDType(op: string, dtype: string): asserts dtype is DType {
  if (!Object.hasOwn(DTYPES, dtype)) {
    throw new DTypeError(
      op,
      `dtype must be one of ${Object.keys(DTYPES).join(', ')}${op === 'to' ? ", or a device ('cpu', 'wasm', 'webgpu' or 'meta')" : ''}, got '${dtype}'.`,
      { dtype },
    );
  }
}

let usual: DType = float32;
/** What numbers become where no dtype is said: in the library's own code. */
export const defaultDType = (): DType => usual;
/** @internal Only base/dtypeInfo.ts calls it, which checks. */
export const putDefaultDType = (dtype: DType): void => {
  usual = dtype;
};

/** Order of promotion: the later of two dtypes holds the values of both, but for two pairs. */
const ORDER: readonly DType[] = [
  'bool', 'uint8', 'int8', 'int16', 'int32', 'int64', 'float16', 'bfloat16', 'float32', 'float64',
]; // prettier-ignore

/** The dtype that two tensors of equal standing meet in. @see torch.promote_types */
export function promoteTypes(a: DType, b: DType): DType {
  const [low, high] = ORDER.indexOf(a) < ORDER.indexOf(b) ? [a, b] : [b, a];
  if (low === 'uint8' && high === 'int8') return 'int16';
  return low === 'float16' && high === 'bfloat16' ? 'float32' : high;
}

/** An operand of a promotion: a tensor (with its rank) or a JavaScript scalar. */
export type Operand = { readonly dtype: DType; readonly shape: readonly number[] } | number | boolean;

/**
 * PyTorch's result type: operands with dimensions win over zero-dimensional ones, and those over scalars,
 * unless the weaker one is of a higher category (bool < integer < float).
 * A scalar is an integer if Number.isInteger says so; a float scalar with integers gives the default dtype.
 */
export function resultType(...operands: Operand[]): DType {
  const levels: (DType | null)[] = [null, null, null];
  for (const operand of operands) {
    const [level, dtype] = standing(operand);
    const known = levels[level] ?? null;
    levels[level] = known === null ? dtype : promoteTypes(known, dtype);
  }
  let result: DType | null = null;
  for (const dtype of levels) {
    if (dtype !== null && (result === null || DTYPES[dtype].category > DTYPES[result].category)) result = dtype;
  }
  return result ?? usual;
}

function standing(operand: Operand): [level: number, dtype: DType] {
  if (typeof operand === 'boolean') return [2, 'bool'];
  if (typeof operand === 'number') return [2, Number.isInteger(operand) ? 'int64' : usual];
  return [operand.shape.length > 0 ? 0 : 1, operand.dtype];
}
