// Modes that last for a while: while a function runs, in every call of a method that they stand before, or to the end of a block
// with `using`. Which modes there are is the business of those who have them.
import { FUNCTION } from '../base/kinds';
import { AutogradError, KindError } from '../base/errors';
import { argument, signature } from '../base/signature';

// There are no `with` blocks here.
export const CALLBACK = {
  ...FUNCTION,
  expected: 'a function whose body runs in that mode, as in noGrad(() => net(x))',
};

/** A function that runs another in a mode; before a method of a class, `@noGrad`, it makes every call of that run so. */
export interface Mode {
  <T>(fn: () => T, ...rest: readonly []): T;
  <This, A extends readonly unknown[], R>(
    method: (this: This, ...args: A) => R,
    context: ClassMethodDecoratorContext<This> | ClassGetterDecoratorContext<This> | ClassSetterDecoratorContext<This>,
  ): (this: This, ...args: A) => R;
}

/** A mode that lasts to the end of a block, too: `using region = ...` begins it where that stands. */
export interface Region extends Mode {
  /** Begins the mode when `using` reads it, and ends it when `using` calls it. */
  readonly [Symbol.dispose]: () => void;
}

/** Whether a second argument is what JavaScript gives decorators. */
export const isDecorating = (value: unknown): value is DecoratorContext =>
  typeof value === 'object' && value !== null && 'kind' in value && 'addInitializer' in value;

/** @throws TypeError for what can have no mode */
export function checkDecorated(name: string, { kind }: DecoratorContext): void {
  if (kind === 'method' || kind === 'getter' || kind === 'setter') return;
  throw new KindError(name, `only methods, getters and setters can be decorated, got a ${kind}.`);
}

export type AnyFunction = (this: unknown, ...args: readonly unknown[]) => unknown;
/** `fn`, each call of which `within` runs. */
export const inMode = (within: <T>(fn: () => T) => T, fn: AnyFunction): AnyFunction =>
  function (this: unknown, ...args: readonly unknown[]): unknown {
    return within(() => fn.apply(this, [...args]));
  };

/** The mode called `name`, in which `within` runs functions. */
export function modeOf(name: string, within: <T>(fn: () => T) => T): Mode {
  const takes = signature(name, [argument('fn', CALLBACK)]);
  const run = (fn: AnyFunction, ...rest: readonly unknown[]): unknown => {
    const [context] = rest;
    if (rest.length === 1 && isDecorating(context)) {
      checkDecorated(name, context);
      return inMode(within, fn);
    }
    takes.values([fn, ...rest]);
    return within(fn);
  };
  return Object.defineProperty(run, 'name', { value: name }) as Mode;
}

/** The region called `name`; `enter` begins it and gives what ends it. Nothing has begun yet: it may be used again and again. */
export function regionOf(name: string, enter: () => () => void): Region {
  const mode = modeOf(name, (fn) => during(name, enter, fn));
  // `using` reads the property once, where it stands, and calls what it got at the end of the block.
  return Object.defineProperty(mode, Symbol.dispose, { get: enter }) as Region;
}

/** Runs `fn` between `enter` and what that gives. @throws AutogradError if `fn` is async: the mode ends at its first await */
export function during<T>(name: string, enter: () => () => void, fn: () => T): T {
  const leave = enter();
  let result: T;
  try {
    result = fn();
  } finally {
    leave();
  }
  checkSynchronous(name, result, `Wrap the synchronous part, const y = ${name}(..., () => net(x)); await y.data().`);
  return result;
}

/** @throws AutogradError for a promise */
export function checkSynchronous(name: string, result: unknown, advice: string): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => undefined);
  throw new AutogradError(
    name,
    `fn must be synchronous, got a function that returns a promise (the mode would end at its first await). ${advice}`,
  );
}

/** What the regions say that are entered and not left: the innermost counts. They may be left in any order. */
export class Regions<T> {
  private readonly entered: { readonly value: T }[] = [];

  /** `top` is what counts outside of all regions, then what the innermost says. */
  constructor(
    private readonly outside: T,
    public top: T = outside,
  ) {}

  /** Enters a region; the result leaves it. */
  enter(value: T): () => void {
    const mine = { value };
    this.entered.push(mine);
    this.top = value;
    return () => {
      const i = this.entered.indexOf(mine);
      if (i < 0) return;
      this.entered.splice(i, 1);
      this.top = (this.entered.at(-1) ?? { value: this.outside }).value;
    };
  }
}
