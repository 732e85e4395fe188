// What an argument may be: the one place where integers, real numbers, flags, names and shapes from outside are checked.
import { isPlainObject } from './arguments';
import { DTYPES, type DType } from './dtype';

/** A set of values that an argument may have. */
export interface Kind<T> {
  /** For messages: 'a whole number of at least 0'. */
  readonly expected: string;
  readonly accepts: (value: unknown) => value is T;
  /** Whether a plain object may be the value itself, and does not stand for named arguments; a function says which. */
  readonly takesObject?: boolean | ((value: object) => boolean);
  /** What an accepted value stands for, where there are several words for one thing. */
  readonly read?: (value: unknown) => unknown;
  /** What several positional arguments in a row make one list of: `view(2, 3)` is `view([2, 3])`. */
  readonly spreads?: (value: unknown) => boolean;
}

/** Values that `accepts` is true for. */
export function kind<T>(expected: string, accepts: (value: unknown) => boolean): Kind<T> {
  return { expected, accepts: accepts as Kind<T>['accepts'] };
}

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isArrayOf = (accepts: (value: unknown) => boolean) => (value: unknown) =>
  // Holes are undefined here, which `every` would pass over.
  Array.isArray(value) && Array.from<unknown>(value).every(accepts);

export const ANYTHING = kind<unknown>('anything', () => true);
/** Any number, NaN and the infinities among them. */
export const NUMBER = kind<number>('a number', isNumber);
/** A number that is not NaN. */
export const REAL = kind<number>('a number', (value) => isNumber(value) && !Number.isNaN(value));
export const FINITE = kind<number>('a finite number', Number.isFinite);
export const FLAG = kind<boolean>('true or false', (value) => typeof value === 'boolean');
export const TEXT = kind<string>('a string', (value) => typeof value === 'string');
export const INTEGER = kind<number>('a whole number', isInteger);
/** A whole number of at least `least`. */
export const atLeast = (least: number): Kind<number> =>
  kind(`a whole number of at least ${least}`, (value) => isInteger(value) && value >= least);
/** A number of elements, channels, steps: 0, 1, 2, ... */
export const COUNT = atLeast(0);
export const DTYPE = kind<DType>(`a dtype (${Object.keys(DTYPES).join(', ')})`, (value) => Object.hasOwn(DTYPES, value as string)); // prettier-ignore
export const FUNCTION = kind<(...args: never) => unknown>('a function', (value) => typeof value === 'function');

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
/** What a `for` loop goes through: an array, a Set, what a generator gives. */
export const ITERABLE = kind<Iterable<unknown>>('iterable', (value) => isObject(value) && Symbol.iterator in value);
/** Values by name: a plain object, or pairs as a Map gives them. */
export const NAMED: Kind<object> = {
  ...kind<object>('an object or a Map', (value) => isPlainObject(value) || ITERABLE.accepts(value)),
  takesObject: true,
};

/** 'a, b or c'. */
const enumerated = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`;

/** One of some names. */
export const oneOf = <const Names extends readonly string[]>(...names: Names): Kind<Names[number]> =>
  kind(enumerated(names.map((name) => `'${name}'`)), (value) => (names as readonly unknown[]).includes(value));
/** The same, with other words for some of the names. */
export const oneOfOr = <const Names extends readonly string[]>(
  synonyms: Readonly<Record<string, Names[number]>>,
  ...names: Names
): Kind<Names[number]> => ({
  ...kind<Names[number]>(
    enumerated([...Object.keys(synonyms), ...names].map((name) => `'${name}'`)),
    (value) =>
      typeof value === 'string' && (Object.hasOwn(synonyms, value) || (names as readonly string[]).includes(value)),
  ),
  read: (value) => (Object.hasOwn(synonyms, value as string) ? synonyms[value as string] : value),
});
/** A list of what `item` accepts, also written as several arguments in a row if `spread`. */
export const listOf = <T>(item: Kind<T>, { spread = false } = {}): Kind<readonly T[]> => ({
  ...kind<readonly T[]>(`a list, each ${item.expected}`, isArrayOf(item.accepts)),
  ...(spread && { spreads: (value: unknown) => !Array.isArray(value) }),
});
/** One or several of what `item` accepts. */
export const oneOrMore = <T>(item: Kind<T>): Kind<T | readonly T[]> =>
  kind(`${item.expected}, or a list of them`, (value) => item.accepts(value) || isArrayOf(item.accepts)(value));
/** What `kind` accepts, or null: for a required argument, or one whose fallback is something else. */
export const nullable = <T>({ expected, accepts, ...rest }: Kind<T>): Kind<T | null> => ({
  ...rest,
  ...kind<T | null>(`${expected}, or null`, (value) => value === null || accepts(value)),
});
/** Either of two kinds. */
export const either = <A, B>(a: Kind<A>, b: Kind<B>): Kind<A | B> => ({
  ...kind<A | B>(`${a.expected} or ${b.expected}`, (value) => a.accepts(value) || b.accepts(value)),
  read: (value) => (a.accepts(value) ? a : b).read?.(value) ?? value,
});
/** An object by its class. */
export const instanceOf = <T>(expected: string, type: abstract new (...args: never) => T): Kind<T> =>
  kind(expected, (value) => value instanceof type);

/** A dimension, a dimension or several. */
export const DIM = INTEGER;
export const DIMS = oneOrMore(INTEGER);
/** A shape, as a list or as sizes in a row; -1 where the function infers a size. */
export const SHAPE = { ...listOf(INTEGER, { spread: true }), expected: 'a list of whole numbers' };
/** A size for all dimensions, or one for each; `checkSize` counts them, and says what the least is. */
export const SIZE = oneOrMore(INTEGER);
/** Counts, as a list or in a row. */
export const COUNTS: Kind<readonly number[]> = {
  ...listOf(COUNT, { spread: true }),
  expected: 'a list of whole numbers of at least 0',
};
