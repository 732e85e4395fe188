// Errors in the words of the function that was called.
import { KindError } from './errors';
import { speakingAs } from './speaker';

/** A wrong argument, for a message. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' && typeof value !== 'function')
    return `${typeof value} ${(value as number).toString()}`;
  if (Array.isArray(value)) return 'an array (tensor([...]) makes a tensor of one)';
  if (value instanceof Promise) return 'a promise (await it)';
  const kind = (value as { constructor?: { name: string } }).constructor?.name ?? 'Object';
  if (kind !== 'Function') return kind === 'Object' ? 'an object' : `a ${kind}`;
  const { name, prototype } = value as { name: string; prototype?: unknown };
  return prototype === undefined ? `the function ${name}` : `${name} itself (make one with new, or call it)`;
}

/** `f()` in the name of `op`; where it could not take its arguments at all, the error shows them. */
export function composed<T>(op: string, f: () => T, args: readonly unknown[] | null = null): T {
  try {
    return speakingAs(op, f);
  } catch (error) {
    throw args === null ? error : explained(op, error, args);
  }
}

/**
 * What to throw where `op`, called with `args`, threw `error`: if that is JavaScript's own, for an argument of another kind than
 * was expected, an error that shows the arguments.
 */
export function explained(op: string, error: unknown, args: readonly unknown[]): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError) || /^[\w.]+: /.test(error.message)) return error;
  const given = args.map(describe).join(', ') || 'no arguments';
  return new KindError(op, `cannot take what it was called with, got ${given}. (${error.message})`, {
    cause: error,
  });
}
