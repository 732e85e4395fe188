// What numbers each dtype holds: torch.finfo and torch.iinfo.
import { isFloat, itemSize, type DType } from './dtype';
import { DTypeError } from './errors';
import { HALF_DIGITS } from './half';

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

/** @throws DTypeError for integers @see torch.finfo */
export function finfo(dtype: DType = 'float32'): FloatInfo {
  const row = FLOATS[dtype];
  if (row === undefined) throw new DTypeError(`finfo: dtype must be a floating-point one, got ${dtype}.`, { dtype });
  const [digits, exponent] = row;
  const eps = 2 ** (1 - digits);
  const max = (2 - eps) * 2 ** exponent;
  const tiny = 2 ** (1 - exponent);
  const resolution = Number(`1e-${Math.floor((digits - 1) * Math.log10(2))}`);
  return { dtype, bits: itemSize(dtype) * 8, eps, max, min: -max, tiny, smallestNormal: tiny, resolution };
}

/** @throws DTypeError for floats and bool @see torch.iinfo */
export function iinfo(dtype: DType): IntegerInfo {
  if (isFloat(dtype) || dtype === 'bool') {
    throw new DTypeError(`iinfo: dtype must be an integer one, got ${dtype}.`, { dtype });
  }
  const bits = itemSize(dtype) * 8;
  const values = 2 ** bits;
  return {
    dtype,
    bits,
    ...(dtype === 'uint8' ? { max: values - 1, min: 0 } : { max: values / 2 - 1, min: -values / 2 }),
  };
}
