// Values for kernel tests: sizes around every vector width, deterministic fills, reading back as numbers.
import { expect } from 'vitest';
import { DTYPES, isHalf, newArray, type DType, type TypedArray } from '../../../../src/base/dtype';
import { roundHalf } from '../../../../src/base/half';
import type { KernelBench } from '../../../harness/kernel';

/** Lengths that meet whole vectors, remainders and neither. */
export const SIZES = [0, 1, 3, 4, 5, 16, 17, 1000] as const;

/** `length` reproducible values of the dtype: floats in [-1, 1), integers of small size and both signs, with ties. */
export function fill(dtype: DType, length: number, seed = 1): TypedArray {
  const array = newArray(dtype, length);
  let state = (seed * 2654435761) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const unit = state / 2 ** 32;
    if (array instanceof BigInt64Array) array[i] = BigInt(Math.floor(unit * 200) - 100);
    else if (dtype === 'bool') array[i] = unit < 0.5 ? 0 : 1;
    else if (isHalf(dtype)) array[i] = roundHalf(dtype, unit * 2 - 1);
    else if (dtype.startsWith('int')) array[i] = Math.floor(unit * 200) - 100;
    else if (dtype === 'uint8') array[i] = Math.floor(unit * 256);
    else array[i] = unit * 2 - 1;
  }
  return array;
}

/** A typed array of the float dtype with these values. */
export const floats = (dtype: DType, values: readonly number[]): Float32Array | Float64Array =>
  dtype === 'float32' ? new Float32Array(values) : new Float64Array(values);

/** The elements as JavaScript numbers. */
export const numbers = (array: TypedArray): number[] => Array.from(array as ArrayLike<number | bigint>, Number);

/** Reads `length` elements of a bench's memory as numbers. */
export function readAs(bench: KernelBench, dtype: DType, at: number, length: number): number[] {
  const bytes = bench.read(Uint8Array, at, length * DTYPES[dtype].bytes);
  return numbers(DTYPES[dtype].array(bytes.buffer));
}

/** Fails, with a summary, unless |actual - expected| <= tolerance * max(1, |expected|) everywhere; NaN and infinities must match. */
export function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 0, what = ''): void {
  expect(actual.length, what).toBe(expected.length);
  let count = 0;
  let worst = 0;
  let worstAt = 0;
  for (let i = 0; i < actual.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const difference = Math.abs(actual[i] - expected[i]);
    if (difference <= tolerance * Math.max(1, Math.abs(expected[i]))) continue;
    if (count++ === 0 || difference > worst) [worst, worstAt] = [difference, i];
  }
  if (count > 0) {
    expect.fail(
      `${what}: ${count} of ${actual.length} differ (tolerance ${tolerance}); greatest difference ${worst} ` +
        `at ${worstAt}: ${actual[worstAt]} instead of ${expected[worstAt]}`,
    );
  }
}
