// From PyTorch's names to ours: snake_case becomes camelCase; what the rule cannot do stands in tables.
import * as kindling from '../../src';
import { Tensor } from '../../src/core/tensor';
import { NotThere } from './cases';

/** Calls a function by positional arguments, the first of which is the receiver of a method. */
export type Callee = (...args: unknown[]) => unknown;

/** Functions and methods whose name is not PyTorch's in camelCase. */
const RENAMED: Readonly<Record<string, string>> = {
  random_split: 'data.randomSplit',
};

export const camelCase = (name: string): string =>
  name.replace(/(?<=[A-Za-z0-9])_([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** PyTorch's options under our names. */
export const camelCaseOptions = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value]));

/** What is public at a path below `torch`; null if there is nothing. */
function find(path: string): unknown {
  let found: unknown = kindling;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !(name in found)) return null;
    found = Reflect.get(found, name);
  }
  return found;
}

/** Some names of functions in the cases begin with `torch.`, most do not. */
const ourPath = (path: string): string =>
  RENAMED[path] ??
  path
    .replace(/^torch\./, '')
    .split('.')
    .map((name) => camelCase(name.replace(/^_(?=[a-z])/, '')))
    .join('.');

/** An array that Python would write as a list: in brackets one index, not several. */
export class PythonList extends Array<unknown> {}

/** The entries of an index, of which Python has several in a tuple. */
const entriesOf = (index: unknown): unknown[] =>
  Array.isArray(index) && !(index instanceof PythonList) ? (index as unknown[]) : [index];
const isMask = (entry: unknown): boolean => entry instanceof Tensor && entry.dtype === 'bool';

/** Brackets, which JavaScript cannot give a meaning; a mask gives a promise. */
const BRACKETS: Readonly<Record<string, Callee>> = {
  'Tensor.__getitem__': (x, index) => {
    const entries = entriesOf(index);
    const call = findMethod(entries.some(isMask) ? 'maskedAt' : 'at');
    return call?.(x, ...entries);
  },
  'Tensor.__setitem__': (x, index, value) => findMethod('setAt')?.(x, entriesOf(index), value),
};

/** The public function at a path below `torch`, or null if there is none yet. */
export function findFunction(path: string): Callee | null {
  if (path in BRACKETS) return BRACKETS[path];
  const ours = ourPath(path);
  if (ours.startsWith('Tensor.')) return findMethod(ours.slice('Tensor.'.length));
  const found = find(ours);
  return typeof found === 'function' ? (found as Callee) : null;
}

function findMethod(name: string): Callee | null {
  if (!(name in Tensor.prototype)) return null;
  return (self, ...args) => {
    const member: unknown = Reflect.get(self as object, name);
    return typeof member === 'function' ? (member as Callee).apply(self, args) : member;
  };
}

type Class<T> = new (...args: unknown[]) => T;

/** A public module class, or null if there is none yet. */
export function findModule(name: string): Class<kindling.nn.Module> | null {
  return findClass<kindling.nn.Module>(`nn.${name}`);
}

/** A public class, or null if there is none yet. */
export function findClass<T>(path: string): Class<T> | null {
  const found = find(path);
  return typeof found === 'function' ? (found as Class<T>) : null;
}

/** @throws NotThere for null */
export function present<T>(found: T | null, name: string): T {
  if (found === null) throw new NotThere(name);
  return found;
}
