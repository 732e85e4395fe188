// Whether two libraries have computed the same.
import type { Digest } from './page';

/** What differs, in words; null if the results agree to `tolerance`, a part of the greatest magnitude in them. */
export function disagreement(found: Digest, expected: Digest, tolerance: number): string | null {
  if (found.length !== expected.length) return `${found.length} elements instead of ${expected.length}`;
  const allowed = tolerance * expected.greatest;
  const differences = found.sample.map((value, i) => Math.abs(value - expected.sample[i]));
  // A NaN compares as false, and is a difference.
  const wrong = differences.filter((difference) => !(difference <= allowed)).length;
  if (wrong === 0) return null;
  const first = differences.findIndex((difference) => !(difference <= allowed));
  return (
    `${wrong} of ${found.sample.length} compared elements differ by more than ${allowed.toPrecision(2)}; ` +
    `the first is ${found.sample[first]} instead of ${expected.sample[first]}`
  );
}
