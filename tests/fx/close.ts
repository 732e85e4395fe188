// Equality up to rounding, by the greatest difference.
import { expect } from 'vitest';
import type { Tensor } from '../../src';

/** Expects the same shape, and values that differ by at most `tolerance` times the greatest. */
export async function expectClose(given: Tensor, expected: Tensor, tolerance: number): Promise<void> {
  expect(given.shape).toEqual(expected.shape);
  const scale = Math.max(1, await expected.abs().max().item());
  expect(await given.sub(expected).abs().max().item()).toBeLessThanOrEqual(tolerance * scale);
}
