// Small things that kernel families share.
import { WORKGROUP } from './shader';

/** Number of elements of a shape. */
export function numberOfElements(shape: readonly number[]): number {
  let n = 1;
  for (const size of shape) n *= size;
  return n;
}

/** Workgroups for one invocation each. */
export const groupsFor = (invocations: number): number => Math.ceil(invocations / WORKGROUP);
