// Element types: their sizes, typed arrays and codes, and PyTorch's promotion rules. No tensors here.
import { DTypeCode } from '../assembly/commands';
import { DTypeError } from './errors';

/** Names of element types. */
export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool';

/** The typed arrays that values are read into. */
export type TypedArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

type Category = 0 | 1 | 2;
const BOOL = 0;
const INTEGER = 1;
const FLOAT = 2;

interface DTypeInfo {
  /** Size of an element in bytes. */
  readonly bytes: number;
  readonly category: Category;
  /** Code in commands. */
  readonly code: DTypeCode;
  readonly array: (buffer: ArrayBuffer) => TypedArray;
}

/** One row per dtype; a missing row does not compile. */
export const DTYPES: { readonly [D in DType]: DTypeInfo } = {
  float32: { bytes: 4, category: FLOAT, code: DTypeCode.Float32, array: (b) => new Float32Array(b) },
  float64: { bytes: 8, category: FLOAT, code: DTypeCode.Float64, array: (b) => new Float64Array(b) },
  int32: { bytes: 4, category: INTEGER, code: DTypeCode.Int32, array: (b) => new Int32Array(b) },
  int64: { bytes: 8, category: INTEGER, code: DTypeCode.Int64, array: (b) => new BigInt64Array(b) },
  uint8: { bytes: 1, category: INTEGER, code: DTypeCode.Uint8, array: (b) => new Uint8Array(b) },
  bool: { bytes: 1, category: BOOL, code: DTypeCode.Bool, array: (b) => new Uint8Array(b) },
};

export const float32 = 'float32';
export const float64 = 'float64';
export const int32 = 'int32';
export const int64 = 'int64';
export const uint8 = 'uint8';
export const bool = 'bool';

/** Bytes of one element. */
export const itemSize = (dtype: DType): number => DTYPES[dtype].bytes;
export const isFloat = (dtype: DType): boolean => DTYPES[dtype].category === FLOAT;

/** Throws a DTypeError that names `op` unless `dtype` is a known name. */
export function checkDType(op: string, dtype: string): asserts dtype is DType {
  if (!Object.hasOwn(DTYPES, dtype)) {
    throw new DTypeError(`${op}: dtype must be one of ${Object.keys(DTYPES).join(', ')}, got '${dtype}'.`, { dtype });
  }
}

/** Order within a category; uint8 with a signed integer gives the signed one, as all of ours are wider. */
const RANK: { readonly [D in DType]: number } = { bool: 0, uint8: 1, int32: 2, int64: 3, float32: 4, float64: 5 };

/** The dtype that two tensors of equal standing meet in. */
export const promoteTypes = (a: DType, b: DType): DType => (RANK[a] >= RANK[b] ? a : b);

/** An operand of a promotion: a tensor (with its rank) or a JavaScript scalar. */
export type Operand = { readonly dtype: DType; readonly shape: readonly number[] } | number | boolean;

/**
 * PyTorch's result type: operands with dimensions win over zero-dimensional ones, and those over scalars,
 * unless the weaker one is of a higher category (bool < integer < float).
 * A scalar is an integer if Number.isInteger says so; a float scalar with integers gives float32.
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
  return result ?? 'float32';
}

function standing(operand: Operand): [level: number, dtype: DType] {
  if (typeof operand === 'boolean') return [2, 'bool'];
  if (typeof operand === 'number') return [2, Number.isInteger(operand) ? 'int64' : 'float32'];
  return [operand.shape.length > 0 ? 0 : 1, operand.dtype];
}
