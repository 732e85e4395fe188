// Comparison of values, with a message that says how far off and where.
import type { Tensor } from '../../src/core/tensor';
import type { TypedArray } from '../../src/base/dtype';

/** |actual - expected| <= atol * scale + rtol * |expected|; NaN matches NaN, infinities match themselves. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  /** Multiplies atol; default 1. */
  readonly scale?: number;
}

/** Tolerances by dtype, for results of a few operations. */
export const TOLERANCE = {
  float32: { rtol: 1.3e-6, atol: 1e-5 },
  float64: { rtol: 1e-7, atol: 1e-7 },
  exact: { rtol: 0, atol: 0 },
} as const;

/** Null if the values match, else the mismatch in words: count and share, greatest difference, where, what was allowed. */
export function mismatch(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
  tolerance: Tolerance,
): string | null {
  if (actual.length !== expected.length) return `expected ${expected.length} elements, got ${actual.length}`;
  let count = 0;
  let worst = { index: -1, difference: -1, actual: 0, expected: 0, allowed: 0 };
  for (let i = 0; i < expected.length; i++) {
    const a = Number(actual[i]);
    const e = Number(expected[i]);
    if (Object.is(a, e) || a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const allowed = tolerance.atol * (tolerance.scale ?? 1) + tolerance.rtol * Math.abs(e);
    const difference = Math.abs(a - e);
    if (difference <= allowed) continue;
    count++;
    const rank = Number.isFinite(difference) ? difference : Infinity;
    if (rank > worst.difference || worst.index < 0)
      worst = { index: i, difference: rank, actual: a, expected: e, allowed };
  }
  if (count === 0) return null;
  const share = ((100 * count) / expected.length).toFixed(1);
  return (
    `${count} of ${expected.length} elements (${share} %) differ; the greatest difference is ${worst.difference} at index ` +
    `${worst.index}: expected ${worst.expected}, got ${worst.actual}, allowed ${worst.allowed}`
  );
}

/** Throws with the mismatch unless the values match. */
export function assertClose(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
  tolerance: Tolerance = TOLERANCE.float32,
  what = 'values',
): void {
  const found = mismatch(actual, expected, tolerance);
  if (found !== null) throw new Error(`${what}: ${found}`);
}

/** Reads a tensor and compares it with numbers in row-major order. */
export async function expectTensor(
  actual: Tensor,
  expected: readonly (number | boolean)[] | TypedArray,
  tolerance: Tolerance = actual.dtype === 'float64' ? TOLERANCE.float64 : TOLERANCE.float32,
): Promise<void> {
  assertClose(await actual.data(), Array.from(expected, Number), tolerance, String(actual));
}
