// The order of eigenvalues and singular values.
import { get } from './matrix';

/** Positions of values [n] in ascending or descending order, equal ones as they stand, to order (int32); `spare` is as long. Merges. */
export function orderOf(values: usize, n: u32, descending: bool, order: usize, spare: usize): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(order + (i << 2), i);
  for (let run: u32 = 1; run < n; run <<= 1) {
    for (let start: u32 = 0; start < n; start += run << 1) {
      const middle = min(start + run, n);
      const end = min(middle + run, n);
      let left = start;
      let right = middle;
      for (let to = start; to < end; to++) {
        let takesRight = left >= middle;
        if (!takesRight && right < end) {
          const x = get(values, load<u32>(order + (left << 2)));
          const y = get(values, load<u32>(order + (right << 2)));
          takesRight = descending ? y > x : y < x;
        }
        const next = takesRight ? right++ : left++;
        store<u32>(spare + (to << 2), load<u32>(order + (next << 2)));
      }
    }
    memory.copy(order, spare, n << 2);
  }
}
