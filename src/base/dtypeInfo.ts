// What numbers each dtype holds: torch.finfo and torch.iinfo.
import type { Arguments } from './arguments';
import {
  defaultDType,
  isFloat,
  itemSize,
  promoteTypes as promoted,
  putDefaultDType,
  resultType as resulting,
  type DType,
  type Operand,
} from './dtype';
import { DTypeError } from './errors';
import { HALF_DIGITS } from './half';
import { DTYPE, kind, listOf } from './kinds';
import { argument, signature, taking } from './signature';

/** The numbers of a floating-point dtype. */
export interface FloatInfo {
  readonly dtype: DType;
  readonly bits: number;
  /** The distance of 1 to the next greater number. */
  readonly eps: number;
  readonly max: number;
  readonly min: number;
  /** The least positive number of full precision, and its other name. */
  readonly tiny: number;
  readonly smallestNormal: number;
  /** Of a decimal place that is always held, at 1. */
  readonly resolution: number;
}

/** The numbers of an integer dtype; the bounds of int64 are the nearest numbers of JavaScript's. */
export interface IntegerInfo {
  readonly dtype: DType;
  readonly bits: number;
  readonly max: number;
  readonly min: number;
}

/** Significant bits, and the exponent of the greatest power of two. */
const FLOATS: Readonly<Partial<Record<DType, readonly [digits: number, exponent: number]>>> = {
  float16: [HALF_DIGITS.float16, 15],
  bfloat16: [HALF_DIGITS.bfloat16, 127],
  float32: [24, 127],
  float64: [53, 1023],
};

const SET_DEFAULT = signature('setDefaultDtype', [argument('d', DTYPE)]);

/** What numbers become where no dtype is said, from now on: in `tensor`, `zeros` and their like, layers, and results of integers with fractions. @throws DTypeError for an integer dtype @see torch.set_default_dtype */
export const setDefaultDtype: (...args: Arguments<[d: DType], [], { d: DType }>) => void = taking(
  SET_DEFAULT,
  (dtype) => {
    if (!isFloat(dtype)) {
      throw new DTypeError('setDefaultDtype', `the dtype must be a floating-point one, got ${dtype}.`, { dtype });
    }
    putDefaultDType(dtype);
  },
);
/** What `setDefaultDtype` has set; float32 at first. @see torch.get_default_dtype */
export const getDefaultDtype: () => DType = taking(signature('getDefaultDtype', []), defaultDType);

const FINFO = signature('finfo', [argument('type', DTYPE, null)]);
const IINFO = signature('iinfo', [argument('type', DTYPE)]);

/** @throws DTypeError for integers @see torch.finfo */
export const finfo: (dtype?: DType) => FloatInfo = taking(FINFO, (given) => {
  const dtype = given ?? defaultDType();
  const row = FLOATS[dtype];
  if (row === undefined) throw new DTypeError('finfo', `dtype must be a floating-point one, got ${dtype}.`, { dtype });
  const [digits, exponent] = row;
  const eps = 2 ** (1 - digits);
  const max = (2 - eps) * 2 ** exponent;
  const tiny = 2 ** (1 - exponent);
  const resolution = Number(`1e-${Math.floor((digits - 1) * Math.log10(2))}`);
  return { dtype, bits: itemSize(dtype) * 8, eps, max, min: -max, tiny, smallestNormal: tiny, resolution };
});

/** @throws DTypeError for floats and bool @see torch.iinfo */
export const iinfo: (dtype: DType) => IntegerInfo = taking(IINFO, (dtype) => {
  if (isFloat(dtype) || dtype === 'bool') {
    throw new DTypeError('iinfo', `dtype must be an integer one, got ${dtype}.`, { dtype });
  }
  const bits = itemSize(dtype) * 8;
  const values = 2 ** bits;
  return {
    dtype,
    bits,
    ...(dtype === 'uint8' ? { max: values - 1, min: 0 } : { max: values / 2 - 1, min: -values / 2 }),
  };
});

const PROMOTE_TYPES = signature('promoteTypes', [argument('type1', DTYPE), argument('type2', DTYPE)]);
/** The dtype that holds the values of both. @see torch.promote_types */
export const promoteTypes: (a: DType, ...args: Arguments<[type2: DType], [], { type2: DType }>) => DType = taking(
  PROMOTE_TYPES,
  promoted,
);

const HAS_DTYPE = kind<Operand>(
  'a tensor or a number',
  (value) =>
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value),
);
const RESULT_TYPE = signature('resultType', [argument('tensors', listOf(HAS_DTYPE))]);
/** The dtype of arithmetic with these. @see torch.result_type */
export const resultType = (...operands: Operand[]): DType => resulting(...RESULT_TYPE.take([operands]).tensors);
