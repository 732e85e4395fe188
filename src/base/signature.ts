// How every public function and constructor takes its arguments: by position in PyTorch's order, with any tail, or all, given
// by name in one plain object in last place. Whatever is unknown, given twice, missing, too much or of another kind throws.
import { isPlainObject } from './arguments';
import { composed, describe } from './errorText';
import { KindError, ValueError } from './errors';
import { intercepting } from './intercept';
import { ANYTHING, type Kind } from './kinds';

/** One argument. `N` is its name, `T` what a function gets of it, `Optional` whether that may be nothing. */
export interface Argument<N extends string, T, Optional extends boolean = false> {
  readonly name: N;
  readonly kind: Kind<unknown>;
  readonly isRequired: boolean;
  /** Whether nothing stands for it where it is not given. */
  readonly isOptional: Optional;
  /** What else stands for an argument that is not given. */
  readonly fallback?: T;
}

/**
 * An argument of a signature: required, or with the value that stands for it where it is not given. `null` may be given
 * where it is that value, as None in PyTorch; `undefined` counts as not given everywhere.
 */
export function argument<const N extends string, T>(name: N, kind: Kind<T>): Argument<N, T>;
export function argument<const N extends string, T, const D>(name: N, kind: Kind<T>, fallback: D): Argument<N, T | D>;
export function argument(name: string, kind: Kind<unknown>, ...fallback: unknown[]): Argument<string, unknown> {
  return { name, kind, isRequired: fallback.length === 0, isOptional: false, fallback: fallback[0] };
}

/** An argument that need not be given. */
export const optional = <const N extends string, T>(name: N, kind: Kind<T>): Argument<N, T, true> => ({
  name,
  kind,
  isRequired: false,
  isOptional: true,
});

/** An argument that copied lines have and that has no meaning here, such as `nonBlocking`: any value is let pass. docs/pytorch-to-kindling.md lists them. */
export const withoutEffect = <const N extends string>(name: N): Argument<N, unknown, true> => optional(name, ANYTHING);

/** Names that users of NumPy and of older releases bring along. */
const SYNONYMS: Readonly<Record<string, string>> = {
  axis: 'dim',
  axes: 'dims',
  keepdims: 'keepdim',
  splitSize: 'splitSizeOrSections',
};

type AnyArgument = Argument<string, unknown, boolean>;
/** The arguments of some signature. */
export type AnyArguments = readonly AnyArgument[];
type ValueOf<P> = P extends Argument<string, infer T, boolean> ? T : never;
/** What `take` gives: each argument by its name; an optional one that is not given is absent. */
export type Taken<A extends AnyArguments> = {
  readonly [P in Extract<A[number], Argument<string, unknown>> as P['name']]: ValueOf<P>;
} & { readonly [P in Extract<A[number], Argument<string, unknown, true>> as P['name']]?: ValueOf<P> };
/** What `values` gives: each argument in its place. */
export type Values<A extends AnyArguments> = {
  [I in keyof A]: A[I] extends Argument<string, infer T, infer O> ? (O extends true ? T | undefined : T) : never;
};
/** A name and the arguments in PyTorch's order. */
export class Signature<const A extends AnyArguments> {
  private readonly index: ReadonlyMap<string, number>;

  constructor(
    readonly name: string,
    readonly args: A,
  ) {
    this.index = new Map(args.map(({ name }, i) => [name, i]));
  }

  /** The same arguments under another name: of a method, an in-place form, a module. */
  as(name: string): Signature<A> {
    return new Signature(name, this.args);
  }

  /**
   * The arguments by name, those that are not given with their fallback. `name` is who speaks: a subclass has another than
   * the class that takes the arguments. `T` is an interface with the same names, where there is one.
   * @throws TypeError for an argument too many, missing, unknown, given twice or of another kind; RangeError for a number that is not allowed
   */
  take<T extends object = Taken<A>>(given: readonly unknown[], name = this.name): T {
    return this.#named(this.#valuesOf(given, name), 0) as T;
  }

  /**
   * The same for a function that has its first arguments already and takes the rest as `given`: `leading` is checked, the rest
   * comes back.
   * @throws as `take`
   */
  takeRest<T extends object = Taken<A>>(leading: readonly unknown[], given: readonly unknown[], name = this.name): T {
    // By themselves first: an object among them would pass for named arguments.
    leading.forEach((value, i) => this.#checked(name, this.args[i], value));
    return this.#named(this.#valuesOf([...leading, ...given], name), leading.length) as T;
  }

  /** The values from `first` on by the names of their arguments. */
  #named(values: readonly unknown[], first: number): object {
    const { args } = this;
    const taken: Record<string, unknown> = {};
    for (let i = first; i < args.length; i++) if (values[i] !== undefined) taken[args[i].name] = values[i];
    return taken;
  }

  /** `take`, with each argument in its place. */
  values(given: readonly unknown[], name = this.name): Values<A> {
    return this.#valuesOf(given, name) as readonly unknown[] as Values<A>;
  }

  #valuesOf(given: readonly unknown[], name: string): unknown[] {
    const { args } = this;
    const count = given.length;
    const last = count > 0 ? given[count - 1] : undefined;
    const takesObject = args[count - 1]?.kind.takesObject ?? false;
    const isNamed = isPlainObject(last) && !(typeof takesObject === 'function' ? takesObject(last) : takesObject);
    const values: unknown[] = [];
    for (let i = 0; i < args.length; i++) values.push(undefined);
    this.#byPosition(name, given, isNamed ? count - 1 : count, values);
    if (isNamed) this.#byName(name, last, values);
    for (let i = 0; i < args.length; i++) values[i] = this.#checked(name, args[i], values[i]);
    return values;
  }

  #byPosition(op: string, given: readonly unknown[], count: number, values: unknown[]): void {
    const { args } = this;
    for (let i = 0; i < count; i++) {
      if (i >= args.length) {
        if (given[i] === undefined) continue;
        throw new KindError(op, `takes at most ${args.length} arguments (${this.#names()}), got ${count}.`);
      }
      const spreads = args[i].kind.spreads;
      if (spreads !== undefined && given[i] !== undefined && given[i] !== null && spreads(given[i])) {
        values[i] = given.slice(i, count);
        return;
      }
      values[i] = given[i];
    }
  }

  #byName(op: string, named: Record<string, unknown>, values: unknown[]): void {
    for (const [key, value] of Object.entries(named)) {
      const i = this.index.get(key) ?? this.index.get(SYNONYMS[key]);
      if (i === undefined) {
        throw new KindError(op, `no option is called '${key}'. The options are ${this.#names()}.`);
      }
      if (values[i] !== undefined) {
        throw new KindError(op, `'${this.args[i].name}' is given twice.`);
      }
      values[i] = value;
    }
  }

  #checked(op: string, { name, kind, isRequired, fallback }: AnyArgument, value: unknown): unknown {
    if (value === undefined) {
      if (!isRequired) return fallback;
      throw new KindError(op, `${name} must be ${kind.expected}, got nothing. The arguments are ${this.#names()}.`); // prettier-ignore
    }
    if (kind.accepts(value)) return kind.read === undefined ? value : kind.read(value);
    if (value === null && fallback === null) return value;
    throw wrongKind(op, name, kind, value);
  }

  #names(): string {
    return this.args.map(({ name }) => name).join(', ') || 'none';
  }
}

/** @throws TypeError, or RangeError for a number or a list of numbers, that says what `argument` must be */
export function checkKind<T>(op: string, argument: string, kind: Kind<T>, value: unknown): asserts value is T {
  if (!kind.accepts(value)) throw wrongKind(op, argument, kind, value);
}

function wrongKind(op: string, argument: string, kind: Kind<unknown>, value: unknown): Error {
  const isNumeric =
    typeof value === 'number' ||
    (Array.isArray(value) && Array.from<unknown>(value).every((v) => typeof v === 'number'));
  const hint =
    Array.isArray(value) && kind.expected.startsWith('a tensor') ? ' (tensor([...]) makes a tensor of one)' : '';
  const ErrorType = isNumeric ? ValueError : KindError;
  return new ErrorType(op, `${argument} must be ${kind.expected}, got ${shown(value)}${hint}.`);
}

/** A wrong value for a message, lists with their items. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value) && value.length <= 8) return `[${Array.from<unknown>(value).map(shown).join(', ')}]`;
  return describe(value);
}

/** The arguments of the function `name`, in PyTorch's order. */
export const signature = <const A extends AnyArguments>(name: string, args: A): Signature<A> =>
  new Signature(name, args);

/**
 * Lets methods of a class take their arguments by their signatures, whose names are the methods'. Errors begin with the class of
 * the object: `StepLR.step: ...`. Not for async methods, which reject instead of throwing.
 */
export function methodsTake(
  type: { readonly prototype: object },
  ...signatures: readonly Pick<Signature<AnyArguments>, 'name' | 'args' | 'values'>[]
): void {
  for (const takes of signatures) {
    const { name } = takes;
    const method = Object.getOwnPropertyDescriptor(type.prototype, name)?.value as (...values: unknown[]) => unknown;
    const value = function (this: object, ...given: unknown[]): unknown {
      // Nothing to check, and common.
      if (given.length === 0 && takes.args.length === 0) return method.call(this);
      return method.apply(this, [...takes.values(given, `${this.constructor.name}.${name}`)]);
    };
    Object.defineProperty(value, 'name', { value: name });
    Object.defineProperty(type.prototype, name, { value, configurable: true, writable: true });
  }
}

/**
 * `f` as a function that takes its arguments by position, by name or mixed, and whose errors begin with its name.
 */
export function taking<const A extends AnyArguments, R>(
  takes: Signature<A>,
  f: (...values: Values<A>) => R,
): (...given: unknown[]) => R {
  const { name } = takes;
  const call = (...given: unknown[]): R => {
    if (intercepting.current !== null) return intercepting.current.call(name, call, given);
    const values = takes.values(given);
    return composed(name, () => f(...values), values);
  };
  return Object.defineProperty(call, 'name', { value: name });
}

/** `taking` for a function of its first argument and all others by name. */
export function takingNamed<const A extends AnyArguments, X, O extends object, R>(
  takes: Signature<A>,
  f: (x: X, options: O) => R,
): (...given: unknown[]) => R {
  return taking(takes, (...values) => {
    const options: Record<string, unknown> = {};
    for (let i = 1; i < values.length; i++) options[takes.args[i].name] = values[i];
    return f(values[0] as X, options as O);
  });
}
