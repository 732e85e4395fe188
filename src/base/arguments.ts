// How constructors and functions take their arguments: positional in PyTorch's order, with any tail
// replaced by one plain options object in last place.
import { composed, describe } from './errorText';

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

/**
 * Gathers an argument list into one options object; `undefined` counts as not given.
 * @throws TypeError for too many arguments, an option that does not exist or one that is given twice.
 */
export function gather<O extends object>(
  name: string,
  order: readonly (keyof O & string)[],
  args: readonly unknown[],
): O {
  const options: Record<string, unknown> = {};
  const last = args.at(-1);
  const positional = isPlainObject(last) ? args.slice(0, -1) : args;
  if (positional.length > order.length) {
    throw new TypeError(
      `${name}: takes at most ${order.length} arguments (${order.join(', ')}), got ${positional.length}.`,
    );
  }
  positional.forEach((value, i) => {
    if (value !== undefined) options[order[i]] = value;
  });
  if (isPlainObject(last)) {
    for (const [key, value] of Object.entries(last)) {
      if (!(order as readonly string[]).includes(key)) {
        throw new TypeError(`${name}: no option is called '${key}'. The options are ${order.join(', ')}.`);
      }
      if (Object.hasOwn(options, key))
        throw new TypeError(`${name}: '${key}' is given twice, by position and by name.`);
      if (value !== undefined) options[key] = value;
    }
  }
  return options as O;
}

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

/** Makes `f(x, options)` take its options in any of the forms: by position in PyTorch's order, any tail as one object. */
export const taking =
  <const Order extends readonly string[], X, O extends object, R>(
    name: string,
    order: Order,
    f: (x: X, options: O) => R,
  ): ((x: X, ...args: Arguments<O, Order>) => R) =>
  (x, ...args) =>
    composed(name, () => f(x, gather<O>(name, order as readonly string[] as readonly (keyof O & string)[], args)), [
      x,
      ...args,
    ]);
