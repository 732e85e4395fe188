// The checks that optimizers and schedulers share: which options there are, and of what kind each is.
import { isPlainObject } from '../base/arguments';
import { describe } from '../base/errorText';

/** @throws TypeError unless `value` is a number, RangeError for NaN */
export function checkNumber(owner: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${owner}: ${name} must be a number, got ${describe(value)}.`);
  if (Number.isNaN(value)) throw new RangeError(`${owner}: ${name} must be a number, got NaN.`);
}

/** @throws TypeError unless `value` is true or false */
export function checkFlag(owner: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') {
    throw new TypeError(`${owner}: ${name} must be true or false, got ${describe(value)}.`);
  }
}

/** @throws RangeError unless `value` is among `known` */
export function checkOneOf(owner: string, name: string, value: unknown, known: readonly string[]): void {
  if (known.includes(value as string)) return;
  throw new RangeError(`${owner}: ${name} must be ${known.join(' or ')}, got ${describe(value)}.`);
}

/**
 * Holds each option against its default: a number where that is a number, as many numbers where it is a list of them, a flag
 * where it is one. What has another default, or none, is for the class itself to check.
 * @throws TypeError for an option of another kind, RangeError for NaN
 */
export function checkKinds(owner: string, defaults: object, options: object): void {
  for (const [name, usual] of Object.entries(defaults) as [string, unknown][]) {
    const value: unknown = Reflect.get(options, name);
    if (typeof usual === 'number') checkNumber(owner, name, value);
    else if (typeof usual === 'boolean') checkFlag(owner, name, value);
    else if (Array.isArray(usual)) {
      if (!Array.isArray(value) || value.length !== usual.length) {
        throw new TypeError(`${owner}: ${name} must be ${usual.length} numbers, got ${listed(value)}.`);
      }
      (value as unknown[]).forEach((item, i) => {
        checkNumber(owner, `${name}[${i}]`, item);
      });
    }
  }
}

const listed = (value: unknown): string =>
  Array.isArray(value) ? `${value.length} item${value.length === 1 ? '' : 's'}` : describe(value);

/** The entries that are given: `undefined` stands for what is left out. */
export const given = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;

/** What `stateDict` gave, before it is taken over. @throws TypeError for what is no object */
export function checkStateDict(op: string, state: unknown, entries: readonly string[]): void {
  const lacking = isPlainObject(state) ? entries.filter((name) => !Object.hasOwn(state, name)) : entries;
  if (isPlainObject(state) && lacking.length === 0) return;
  throw new TypeError(
    `${op}: the state dict must be what stateDict() gave${entries.length > 0 ? `, with ${entries.join(' and ')}` : ''}, ` +
      `got ${isPlainObject(state) ? `an object without ${lacking.join(' and ')}` : describe(state)}.`,
  );
}
