// Names of functions that graphs call, and the functions that stand for JavaScript's own ways to get at a part of a value.
import { KindError } from '../base/errors';
import { ANYTHING, either, FUNCTION, INTEGER, TEXT } from '../base/kinds';
import { argument, signature, taking } from '../base/signature';
import { interceptable } from '../base/intercept';
import * as functional from '../nn/functional';
import * as linalg from '../ops/linalg';
import * as arithmetic from '../ops/pointwise/arithmetic';
import { logSoftmax, softmax } from '../ops/reduce/softmax';
import * as special from '../ops/special';
import type { Callee } from './node';

const VALUE = argument('value', { ...ANYTHING, takesObject: true });

/** Item `index` of a list: `value[index]`. @see operator.getitem */
export const getitem: (value: unknown, index: number | string) => unknown = taking(
  signature('getitem', [VALUE, argument('index', either(INTEGER, TEXT))]),
  (value, index) => Reflect.get(value as object, index) as unknown,
);
/** Property `name` of an object: `value.name`. @see builtins.getattr */
export const getattr: (value: unknown, name: string) => unknown = taking(
  signature('getattr', [VALUE, argument('name', TEXT)]),
  (value, name) => Reflect.get(value as object, name) as unknown,
);

const named = new WeakMap<Callee, string>([
  [getitem, 'getitem'],
  [getattr, 'getattr'],
]);

/** Notes what a function was called by: names of functions do not outlive a minifier. */
export function noteName(fn: Callee, name: string): void {
  if (!named.has(fn)) named.set(fn, name);
}

/** Functions that are in no namespace, although they may be in one too. */
const isPlain = (fn: unknown): boolean => fn === softmax || fn === logSoftmax || plain().has(fn);
let plainFunctions: Set<unknown> | null = null;
const plain = (): Set<unknown> => (plainFunctions ??= new Set(Object.values(arithmetic)));

/** Functions of namespaces, under their full names. */
let spaces: Map<unknown, string> | null = null;

function inSpaces(fn: Callee): string | undefined {
  if (isPlain(fn)) return undefined;
  if (spaces === null) {
    spaces = new Map();
    for (const [prefix, space] of [
      ['special', special],
      ['linalg', linalg],
      ['nn.functional', functional],
    ] as const) {
      for (const [name, member] of Object.entries(space)) {
        if (!spaces.has(member)) spaces.set(member, `${prefix}.${name}`);
      }
    }
  }
  return spaces.get(fn);
}

/** The name that a function has for users, with its namespace: 'relu', 'nn.functional.conv2d'. */
export function nameOf(fn: Callee): string {
  const name = inSpaces(fn) ?? named.get(fn) ?? fn.name;
  if (name !== '') return name;
  throw new KindError('callFunction', 'the function must have a name. Declare it with one, or give it to fx.wrap.');
}

/** Functions of users, which graphs call by their own names. */
const wrapped = new WeakSet<Callee>();

/** What source calls the function by: `kindling.relu`, `nn.functional.conv2d`, the user's own. */
export function calleeOf(fn: Callee): string {
  const name = nameOf(fn);
  return wrapped.has(fn) || inSpaces(fn) !== undefined ? name : `kindling.${name}`;
}

/** Whether a variable of the function's name would hide it. */
export const isOwn = (fn: Callee): boolean => wrapped.has(fn);

const WRAP = signature('wrap', [argument('name', TEXT), argument('fn', FUNCTION)]);

/**
 * `fn` as a function that becomes one node where it is called with traced tensors, instead of being traced itself.
 * @example const mask = fx.wrap('mask', (x: Tensor) => x.mul(x.gt(0)));
 * @see torch.fx.wrap
 */
export function wrap<F extends Callee>(name: string, fn: F, ...none: readonly never[]): F {
  WRAP.take([name, fn, ...none]);
  const call = interceptable(name, fn);
  wrapped.add(call);
  noteName(call, name);
  return call;
}
