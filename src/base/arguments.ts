// The types of argument lists: positional in PyTorch's order, with any tail replaced by one plain options object in last place.
// How they are taken is in signature.ts; here are sizes too, which are one number or several.
import { describe } from './errorText';

/**
 * The argument lists that stand for the options `O`, whose names are given in PyTorch's order: every
 * prefix of the values, alone or followed by an object with the rest.
 * @example Arguments<{ p: number; inplace?: boolean }, ['p', 'inplace']>
 *   // [{ p, inplace? }] | [p] | [p, { inplace? }] | [p, inplace]
 */
export type Arguments<O, Order extends readonly PropertyKey[]> = Order extends readonly [
  infer Name extends keyof O,
  ...infer Rest extends readonly PropertyKey[],
]
  ? Options<O> | [value: O[Name], ...rest: Arguments<Omit<O, Name>, Rest>]
  : [keyof O] extends [never]
    ? []
    : Options<O>;

/** The options object itself; it may be left out when nothing in it is required. */
type Options<O> = Record<never, never> extends O ? [options?: O] : [options: O];

/** An object written as `{ ... }`, as opposed to an array, a tensor, a module or a Map. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** @throws RangeError unless `value` is an integer of at least `least`. */
export function checkInteger(name: string, argument: string, value: unknown, least: number): void {
  if (!Number.isInteger(value) || (value as number) < least) {
    throw new RangeError(
      `${name}: ${argument} must be an integer of at least ${least}, got ${typeof value === 'number' ? value : describe(value)}.`,
    );
  }
}

/** A size in each of one, two or three dimensions: one number for all, or one per dimension. */
export type Size1d = number | readonly [number];
export type Size2d = number | readonly [number, number];
export type Size3d = number | readonly [number, number, number];

/** Spells a size out per dimension and checks that every entry is an integer of at least `least`. */
export function checkSize<Size extends readonly number[]>(
  name: string,
  argument: string,
  value: number | Size,
  dimensions: Size['length'],
  least: number,
): Size {
  const sizes: readonly number[] = Array.isArray(value) ? value : Array<number>(dimensions).fill(value as number);
  if (sizes.length !== dimensions) {
    throw new RangeError(`${name}: ${argument} must be a number or ${dimensions} numbers, got [${sizes.join(', ')}].`);
  }
  for (const size of sizes) checkInteger(name, argument, size, least);
  return sizes as Size;
}
