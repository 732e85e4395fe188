// Further distributions drawn from a generator, into plain typed arrays: those that are a formula of the draws of
// generator.ts, in PyTorch's order and arithmetic (native/cpu/DistributionTemplates.h of 1.13).
import { DTYPES, isFloat, isHalf, type DType, type TypedArray } from './dtype';
import { ValueError } from './errors';
import { defaultGenerator, type FloatArray, type Generator } from './generator';
import { HALF_DIGITS } from './half';

/** exp of normal numbers, each drawn by itself. @throws RangeError unless std is positive */
export function fillLogNormal(out: FloatArray, mean = 1, std = 2, generator: Generator = defaultGenerator): void {
  if (!(std > 0)) throw new ValueError('logNormal', `std must be positive, got ${std}.`);
  for (let i = 0; i < out.length; i++) out[i] = Math.exp(generator.normal() * std + mean);
}

/** median + sigma tan(π (u - ½)). @throws RangeError unless sigma is positive */
export function fillCauchy(out: FloatArray, median = 0, sigma = 1, generator: Generator = defaultGenerator): void {
  if (!(sigma > 0)) throw new ValueError('cauchy', `sigma must be positive, got ${sigma}.`);
  for (let i = 0; i < out.length; i++) out[i] = median + sigma * Math.tan(Math.PI * (generator.random53() - 0.5));
}

/** Trials up to the first success: ceil(log u / log(1 - p)). @throws RangeError unless p is in (0, 1) */
export function fillGeometric(out: TypedArray, p: number, generator: Generator = defaultGenerator): void {
  if (!(p > 0 && p < 1)) throw new ValueError('geometric', `p must be above 0 and below 1, got ${p}.`);
  const failure = Math.log1p(-p);
  for (let i = 0; i < out.length; i++) {
    const trials = Math.ceil(Math.log(generator.random53()) / failure);
    if (out instanceof BigInt64Array) out[i] = BigInt(trials);
    else out[i] = trials;
  }
}

/** The greatest whole number up to which `dtype` has all of them: what `random_` draws up to. */
export function greatestWhole(dtype: DType): bigint {
  if (dtype === 'bool') return 1n;
  if (isHalf(dtype)) return 1n << BigInt(HALF_DIGITS[dtype]);
  if (isFloat(dtype)) return dtype === 'float64' ? 1n << 53n : 1n << 24n;
  const bits = BigInt(8 * DTYPES[dtype].bytes);
  return (1n << (dtype === 'uint8' ? bits : bits - 1n)) - 1n;
}

/** Whole numbers from `low` to the greatest that `dtype` has, both among them. */
export function fillWhole(out: TypedArray, dtype: DType, low = 0, generator: Generator = defaultGenerator): void {
  const range = greatestWhole(dtype) - BigInt(low) + 1n;
  if (range < 1n) throw new ValueError('random', `from must be a value of ${dtype}, got ${low}.`);
  // 64 bits where the dtype has as many, and where the range needs them.
  const isWide = (low === 0 && (dtype === 'float64' || dtype === 'int64')) || range >= 1n << 32n;
  for (let i = 0; i < out.length; i++) {
    const value = isWide
      ? (generator.random64() % range) + BigInt(low)
      : BigInt((generator.random() % Number(range)) + low);
    if (out instanceof BigInt64Array) out[i] = value;
    else out[i] = Number(value);
  }
}
