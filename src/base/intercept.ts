// Who takes over calls of public functions, of methods of tensors and of modules: a tracer. The library asks `intercepting.current`,
// one variable, and does nothing more while nobody does.

type AnyFunction = (...args: never) => unknown;

/** Takes over calls. Each method gives what the call is to give. */
export interface Interceptor {
  /** A function of the library, or one that was given to `fx.wrap`, is called by `name`. */
  call<R>(name: string, fn: (...args: never) => R, args: readonly unknown[]): R;
  /** A method of a tensor is called, or a property of one read that computes; `run` does it. */
  method(name: string, self: object, args: readonly unknown[], run: () => unknown): unknown;
  /** A module is called; `run` does it. */
  module(module: object, inputs: readonly unknown[], run: () => unknown): unknown;
}

/** Who takes calls over; null for nobody. */
export const intercepting: { current: Interceptor | null } = { current: null };

/** Runs `fn` with calls taken over by another, or by nobody. */
export function interceptedBy<T>(interceptor: Interceptor | null, fn: () => T): T {
  const before = intercepting.current;
  intercepting.current = interceptor;
  try {
    return fn();
  } finally {
    intercepting.current = before;
  }
}

/** `fn` as a function whose calls may be taken over. */
export function interceptable<F extends AnyFunction>(name: string, fn: F): F {
  const call = (...args: unknown[]): unknown =>
    intercepting.current === null
      ? (fn as AnyFunction as (...args: unknown[]) => unknown)(...args)
      : intercepting.current.call(name, call, args);
  return Object.defineProperty(call, 'name', { value: name }) as AnyFunction as F;
}
