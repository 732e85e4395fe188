// What a module's properties may hold beside parameters, buffers and children.
import { describe } from '../../base/errorText';
import type { Handle } from '../../core/storage';
import { Parameter, Tensor } from '../../core/tensor';
import { isPlainObject } from '../../base/arguments';
import { KindError, ValueError } from '../../base/errors';
import { Callable } from './callable';
import type { Module } from './module';

/** The tensors in a property, also within arrays, plain objects and Maps. */
export function* tensorsIn(value: unknown): Generator<Handle> {
  if (value instanceof Tensor) yield value;
  else for (const item of itemsOf(value)) yield* tensorsIn(item);
}

function itemsOf(value: unknown): Iterable<unknown> {
  if (Array.isArray(value)) return value as unknown[];
  if (value instanceof Map) return value.values() as Iterable<unknown>;
  return isPlainObject(value) ? Object.values(value) : [];
}

const warned = new WeakMap<Module, Set<string>>();

/** Warns, once per property, of modules and parameters in a plain array or object, which nothing finds there. */
export function warnIfHidden(module: Module, name: string, value: unknown): void {
  let hidden: Callable | Parameter | undefined;
  for (const item of itemsOf(value)) if (item instanceof Callable || item instanceof Parameter) hidden = item;
  if (hidden === undefined || warned.get(module)?.has(name)) return;
  warned.set(module, (warned.get(module) ?? new Set()).add(name));
  const kind = hidden instanceof Callable ? 'Module' : 'Parameter';
  const container = Array.isArray(value) ? `${kind}List` : `${kind}Dict`;
  // eslint-disable-next-line no-console -- a mistake that nothing else would show
  console.warn(
    `${module.constructor.name}: '${name}' holds ${describe(hidden)} in a plain ${Array.isArray(value) ? 'array' : 'object'}, ` +
      `so parameters(), to() and stateDict() do not see it. Use ${container}.`,
  );
}

/** @throws TypeError unless `name` may be part of a dotted name. */
export function checkName(owner: string, name: string): void {
  if (typeof name !== 'string' || name === '' || name.includes('.')) {
    throw new KindError(owner, `a name must be a string that is not empty and has no '.', got '${String(name)}'.`);
  }
}

/** The index that `index`, which may count from the end, stands for. @throws RangeError if there is none. */
export function position(owner: string, index: number, length: number): number {
  const found = index < 0 ? index + length : index;
  if (!Number.isInteger(index) || found < 0 || found >= length) {
    throw new ValueError(owner, `index must be within the ${length} members, got ${index}.`);
  }
  return found;
}

/** A container of members by position. */
interface Sequence extends Iterable<unknown> {
  set(index: number, value: unknown): unknown;
}

/** Gives containers of this prototype the properties `list[0]` and `list[-1]`, up to `length` members and one more to say that it is not there. */
export function makeReachable(prototype: object, length: number): void {
  for (let n = length; n >= 0 && !Object.hasOwn(prototype, n); n--) {
    for (const i of [n, -n - 1]) {
      Object.defineProperty(prototype, i, {
        get(this: Sequence) {
          return [...this].at(i);
        },
        set(this: Sequence, value: unknown) {
          this.set(i, value);
        },
      });
    }
  }
}

/** The error for a name that a container does not have. */
export function noMember(owner: string, name: string, names: Iterable<string>): TypeError {
  return new KindError(
    owner,
    `there is no member called '${name}'. The members are ${[...names].join(', ') || 'none'}.`,
  );
}
