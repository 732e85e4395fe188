// Wrong calls made of a valid one, and what becomes of them.
import { Tensor } from '../../src';
import type { Call } from './functions';

/** A wrong call: what is wrong with it, and its arguments. */
export interface Wrong {
  readonly what: string;
  readonly args: readonly unknown[];
}

/** Stands where any text may stand. */
export const ANY_TEXT = 'any text';

class Foreign {}

const isOptions = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** What does not belong in the place of `value`, with a name. */
function strangersTo(value: unknown): [name: string, stranger: unknown][] {
  const always: [string, unknown][] = [
    ['an object of a class', new Foreign()],
    ['a symbol', Symbol('s')],
  ];
  if (typeof value !== 'function' && !isOptions(value)) always.push(['a function', () => 1]);
  if (typeof value === 'number') {
    always.push(['a text', String(value)]);
    if (Number.isInteger(value)) always.push(['a fraction', value + 0.5], ['NaN', NaN]);
  }
  if (typeof value === 'boolean') always.push(['a text', String(value)], ['a number', Number(value)]);
  if (typeof value === 'string') always.push(['a number', 1]);
  if (typeof value === 'string' && value !== ANY_TEXT) always.push(['another text', `${value}?`]);
  if (value instanceof Tensor)
    always.push(['a text', 'x'], ['an array', [1, 2]], ['a promise', Promise.resolve(value)]);
  if (Array.isArray(value) && value.length > 0) {
    always.push(['a text', 'x']);
    for (const [name, stranger] of strangersTo(value[0])) {
      always.push([`${name} in it`, [stranger, ...(value as unknown[]).slice(1)]]);
    }
  }
  return always;
}

/** More arguments than any function takes. */
const MANY = 40;

/** All wrong calls that one valid call stands for; `takesObject` says that an object in last place is no options. */
export function wrongCalls(call: Call, takesObject = false): Wrong[] {
  const count = call().length;
  const wrong: Wrong[] = [];
  for (let i = 0; i < count; i++) {
    for (const [name, stranger] of strangersTo(call()[i])) {
      wrong.push({
        what: `argument ${i + 1} is ${name}`,
        args: call().map((value, j) => (j === i ? stranger : value)),
      });
    }
  }
  const args = call();
  // An object in last place is the options, unless the function takes an object.
  const isNamed = !takesObject && isOptions(args.at(-1));
  const options = isNamed ? (args.at(-1) as object) : {};
  const positional = isNamed ? args.slice(0, -1) : args;
  for (const [key, value] of Object.entries(options)) {
    for (const [name, stranger] of strangersTo(value)) {
      wrong.push({ what: `${key} is ${name}`, args: [...positional, { ...options, [key]: stranger }] });
    }
  }
  wrong.push({ what: 'an option that does not exist', args: [...positional, { ...options, frobnicate: 1 }] });
  wrong.push({
    what: 'too many arguments',
    args: [...positional, ...Array<undefined>(MANY - positional.length).fill(undefined), 1],
  });
  return wrong;
}

/** The error that a call ends with, at once or later; null if it ends with none. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    const result = call();
    if (result instanceof Promise) await result;
    return null;
  } catch (error) {
    return error;
  }
}

/** Whether an error is in our words: it begins with a name and says what was expected. */
export const isOurs = (error: unknown): boolean =>
  error instanceof Error && /^(internal: )?[\w.]+: ./.test(error.message) && !/is not a function|Cannot read|undefined \(reading|is not iterable/.test(error.message.replace(/\(.*\)$/, '')); // prettier-ignore
