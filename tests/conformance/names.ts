// From PyTorch's names to ours: snake_case becomes camelCase; what the rule cannot do stands in tables.
import * as kindling from '../../src/index';
import { Tensor } from '../../src/tensor';

/** Functions whose name is not PyTorch's in camelCase. */
const RENAMED: Readonly<Record<string, string>> = {};

export const camelCase = (name: string): string =>
  name.replace(/(?<=[A-Za-z0-9])_([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** PyTorch's options under our names. */
export const camelCaseOptions = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value]));

/** Calls a function by positional arguments, the first of which is the receiver of a method. */
export type Callee = (...args: unknown[]) => unknown;

/** The public function at a path below `torch`, or null if there is none yet. */
export function findFunction(path: string): Callee | null {
  const renamed = RENAMED[path] ?? path.split('.').map(camelCase).join('.');
  if (renamed.startsWith('Tensor.')) return findMethod(renamed.slice('Tensor.'.length));
  let found: unknown = kindling;
  for (const name of renamed.split('.')) {
    if (typeof found !== 'object' || found === null || !(name in found)) return null;
    found = Reflect.get(found, name);
  }
  return typeof found === 'function' ? (found as Callee) : null;
}

function findMethod(name: string): Callee | null {
  if (!(name in Tensor.prototype)) return null;
  return (self, ...args) => {
    const member: unknown = Reflect.get(self as object, name);
    return typeof member === 'function' ? (member as Callee).apply(self, args) : member;
  };
}

/** A public module class, or null if there is none yet. */
export function findModule(name: string): (new (...args: unknown[]) => kindling.nn.Module) | null {
  const found: unknown = Reflect.get(kindling.nn, name);
  return typeof found === 'function' ? (found as new (...args: unknown[]) => kindling.nn.Module) : null;
}
