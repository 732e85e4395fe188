// Tensors in arrays and plain objects, as functions of `func` and `autograd.functional` take and give them.
import { KindError } from '../base/errors';
import { isPlainObject } from '../base/arguments';
import { describe } from '../base/errorText';
import { checkGiven, checkReady } from '../core/given';
import { Tensor } from '../core/tensor';

/** A tensor, or arrays and plain objects of such. */
export type Tree = Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** The tensors in a value, in order. @throws TypeError, in the name of `who`, for anything else in it */
export function leavesOf(who: string, value: unknown): Tensor[] {
  checkReady(who, value);
  if (value instanceof Tensor) {
    checkGiven(who, value);
    return [value];
  }
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(who, item));
  if (isPlainObject(value)) return Object.values(value).flatMap((item) => leavesOf(who, item));
  throw new KindError(who, `must be a tensor, or arrays or objects of tensors, got ${describe(value)}.`);
}

/** The tensors in a value that may be anything, deep in arrays and plain objects, in order. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return isPlainObject(value) ? Object.values(value).flatMap(tensorsIn) : [];
}

/** `tree` with other values in the places of its tensors, in order. */
export function refilled(tree: unknown, values: readonly unknown[]): unknown {
  let next = 0;
  const fill = (value: unknown): unknown => {
    if (value instanceof Tensor) return values[next++];
    if (Array.isArray(value)) return value.map(fill);
    if (isPlainObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item)]));
    return value;
  };
  return fill(tree);
}
