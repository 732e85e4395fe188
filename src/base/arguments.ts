// The types of argument lists: positional in PyTorch's order, with any tail replaced by one plain options object in last place.
// How they are taken is in signature.ts; here are sizes too, which are one number or several.
import { describe } from './errorText';
import { ValueError } from './errors';

// Nothing here may compare the types of values: that would need all members of Tensor, whose types are made of these.

/**
 * The argument lists of a function. `Required` and `Rest` are its arguments by position, tuples with their names, which
 * editors show; `Names` are the same by name. Arguments are given by position, with any optional tail in one object in last
 * place, or all by name. Where several are required, `LastNamed` is the list in which the last of these is given by name.
 * @example Arguments<[k: number], [dim?: number], { k: number; dim?: number }>
 *   // (k, dim?), (k, { dim? }), ({ k, dim? })
 */
export type Arguments<
  Required extends readonly unknown[],
  Rest extends readonly unknown[],
  Names extends object,
  LastNamed extends readonly unknown[] = never,
> =
  | [...Required, ...OrNamed<Rest, OptionsOf<Names>>]
  | (Required['length'] extends 0 ? never : [options: Names | Renamed<Names>])
  | LastNamed;

/** Optional arguments by position; in the place of each there may be the object with it and those behind it. */
type OrNamed<Places extends readonly unknown[], Options> = { [I in keyof Places]: Places[I] | Options };
/** The options that need not be given. */
type OptionsOf<Names> = { [K in keyof Names as Record<never, never> extends Pick<Names, K> ? K : never]: Names[K] } & {
  [K in keyof Synonyms as Synonyms[K] extends keyof Names ? K : never]?: Names[Synonyms[K] & keyof Names];
};
/** Names that users of NumPy and of older releases bring along. */
interface Synonyms {
  axis: 'dim';
  keepdims: 'keepdim';
}
/** The same options under those names. */
type Renamed<Names> = 'dim' extends keyof Names
  ? { [K in keyof Names as K extends 'dim' ? 'axis' : K extends 'keepdim' ? 'keepdims' : K]: Names[K] }
  : never;

/** `keepdim` by name, in either word. */
export interface KeepdimOption {
  keepdim?: boolean;
  keepdims?: boolean;
}
/** A dimension by name, with `keepdim`: what several overloads take that Arguments cannot say. */
export type AlongOptions = ({ dim: number } | { axis: number }) & KeepdimOption;

/** An object written as `{ ... }`, as opposed to an array, a tensor, a module or a Map. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** @throws RangeError unless `value` is an integer of at least `least`. */
export function checkInteger(name: string, argument: string, value: unknown, least: number): void {
  if (!Number.isInteger(value) || (value as number) < least) {
    throw new ValueError(
      name,
      `${argument} must be an integer of at least ${least}, got ${typeof value === 'number' ? value : describe(value)}.`,
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
    throw new ValueError(name, `${argument} must be a number or ${dimensions} numbers, got [${sizes.join(', ')}].`);
  }
  for (const size of sizes) checkInteger(name, argument, size, least);
  return sizes as Size;
}
