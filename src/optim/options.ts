// The checks that optimizers and schedulers share: which options there are, and of what kind each is.
import { isPlainObject } from '../base/arguments';
import { describe } from '../base/errorText';
import { KindError, ValueError } from '../base/errors';
import { ANYTHING, FLAG, kind, REAL, type Kind } from '../base/kinds';
import { argument, checkKind, optional, signature } from '../base/signature';
import { RATE } from './rate';

/** @throws TypeError unless `value` is a number, RangeError for NaN */
export function checkNumber(owner: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') throw new KindError(owner, `${name} must be a number, got ${describe(value)}.`);
  if (Number.isNaN(value)) throw new ValueError(owner, `${name} must be a number, got NaN.`);
}

/** Numbers as many as a default has, or null where that has it. */
const numbersLike = (usual: readonly unknown[]): Kind<readonly number[]> =>
  kind(
    `${usual.length} numbers`,
    (value) =>
      Array.isArray(value) &&
      value.length === usual.length &&
      Array.from<unknown>(value).every((item, i) => REAL.accepts(item) || (item === null && usual[i] === null)),
  );

/**
 * What an option may be: a number where its default is one, as many numbers where it is a list of them, a flag where it is
 * one. What has another default is for the class itself to check.
 */
function kindOf(name: string, usual: unknown): Kind<unknown> {
  if (name === 'lr') return RATE;
  if (typeof usual === 'number') return REAL;
  if (typeof usual === 'boolean') return FLAG;
  return Array.isArray(usual) ? numbersLike(usual) : { ...ANYTHING, takesObject: true };
}

/** Checked by the optimizer, which tells the forms apart. */
const PARAMS: Kind<unknown> = { ...kind('what net.parameters() gives', () => true), takesObject: true };

/** Options that say how PyTorch computes, not what: without effect here, where all parameters are updated by one command anyway. */
export interface HowOptions {
  foreach?: boolean | null;
  fused?: boolean | null;
  capturable?: boolean;
}
const HOW = ['foreach', 'fused', 'capturable'] as const satisfies readonly (keyof HowOptions)[];
/** Options as they are given to an optimizer. */
export type GivenOptions<O> = Partial<O> & HowOptions;

/** Without the options that have no effect. */
export function effective<T extends object>(options: T): T {
  const rest = { ...options };
  for (const name of HOW) Reflect.deleteProperty(rest, name);
  return rest;
}

/**
 * The options among the arguments of an optimizer, in the given order behind its parameters.
 * @throws TypeError for an argument too many, an option that does not exist or is of another kind than its default, RangeError for NaN
 */
export function optimizerOptions<O extends object>(
  owner: string,
  order: readonly (keyof O & string)[],
  usual: object,
  params: unknown,
  args: readonly unknown[],
): Partial<O> {
  const options = order.map((name) => optional(name, kindOf(name, Reflect.get(usual, name))));
  const given = args.map((arg) => (isPlainObject(arg) ? effective(arg) : arg));
  return signature(owner, [argument('params', PARAMS), ...options]).takeRest<Partial<O>>([params], given);
}

/** @throws TypeError for an option of another kind than its default, RangeError for NaN */
export function checkKinds(owner: string, defaults: object, options: object): void {
  for (const [name, usual] of Object.entries(defaults) as [string, unknown][]) {
    const value: unknown = Reflect.get(options, name);
    checkKind(owner, name, kindOf(name, usual), value);
  }
}

/** The entries that are given: `undefined` stands for what is left out. */
export const given = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;

/** A state dict, which is looked into by who takes it over. */
export const STATE: Kind<object> = { ...kind<object>('what stateDict() gave', () => true), takesObject: true };

/** What `stateDict` gave, before it is taken over. @throws TypeError for what is no object */
export function checkStateDict(op: string, state: unknown, entries: readonly string[]): void {
  const lacking = isPlainObject(state) ? entries.filter((name) => !Object.hasOwn(state, name)) : entries;
  if (isPlainObject(state) && lacking.length === 0) return;
  throw new KindError(
    op,
    `the state dict must be what stateDict() gave${entries.length > 0 ? `, with ${entries.join(' and ')}` : ''}, ` +
      `got ${isPlainObject(state) ? `an object without ${lacking.join(' and ')}` : describe(state)}.`,
  );
}
