// Scopes free the handles made inside them: those of users, and those of the library's own code, which frees by count what
// it makes between its steps.
import { isPlainObject } from '../base/arguments';
import { ANYTHING, FUNCTION, kind } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import { heldTensors } from './inUse';
import { Handle, tracking, type Tracker } from './storage';
import { noteKeeper } from './taskRecord';

/** Something that holds tensors which must outlive the scope it was made or used in: modules, optimizers. */
export interface Holder {
  /** Those of holders inside it too, except what is in `seen`, to which it adds itself and them. */
  [heldTensors](seen?: Set<object>): Iterable<Handle>;
}
export { heldTensors };

const isHolder = (value: object): value is Holder => heldTensors in value;

/** What outlives a scope may be anything. */
const RESULT = { ...ANYTHING, takesObject: true };

/** The handles that were made while it was current, and frees them when it ends. */
// A Tracker, but not declared as one: its methods are internal, so that the types of the package have none.
export class Scope {
  static {
    methodsTake(
      this,
      signature('run', [argument('fn', FUNCTION)]),
      signature('end', [argument('result', RESULT, undefined)]),
    );
  }

  private handles: Handle[] = [];
  private readonly holders = new Set<Holder>();
  private readonly outer: Tracker | null;

  /** @internal Use `scope()`. */
  constructor(outer: Tracker | null) {
    this.outer = outer;
  }

  /** @internal */
  track(handle: Handle): void {
    this.handles.push(handle);
  }

  /** @internal */
  hold(holder: Holder): void {
    this.holders.add(holder);
  }

  /** Runs `fn` so that this scope owns the tensors made in it: the way back into a scope after an await. */
  run<T>(fn: () => T): T {
    return runIn(this, fn);
  }

  /** Frees every tensor made inside, except what is kept, held by a module or optimizer used inside, or part of `result`. */
  end(result?: unknown): void {
    const spared = new Set<Handle>();
    collectHandles(result, spared, new Set());
    // A module comes before those that it calls, and has their tensors too.
    const seen = new Set<object>();
    for (const holder of this.holders) {
      for (const handle of holder[heldTensors](seen)) spared.add(handle);
      this.outer?.hold(holder);
    }
    const handles = this.handles;
    this.handles = [];
    this.holders.clear();
    for (const handle of handles) {
      if (handle.kept) continue;
      if (spared.has(handle)) this.outer?.track(handle);
      else handle.release();
    }
  }

  /** Frees what the scope owns, at the end of a block with `using`. */
  [Symbol.dispose](): void {
    if (tracking.current === this) tracking.current = this.outer;
    this.end();
  }
}

function runIn<T>(tracker: Tracker | null, fn: () => T): T {
  const before = tracking.current;
  tracking.current = tracker;
  try {
    return fn();
  } finally {
    tracking.current = before;
  }
}

function collectHandles(value: unknown, into: Set<Handle>, seen: Set<object>): void {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Handle) into.add(value);
  else if (isHolder(value)) for (const handle of value[heldTensors]()) into.add(handle);
  else if (Array.isArray(value)) for (const item of value) collectHandles(item, into, seen);
  else if (value instanceof Map) for (const item of value.values()) collectHandles(item, into, seen);
  else if (value instanceof Set) for (const item of value) collectHandles(item, into, seen);
  else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      for (const item of Object.values(value)) collectHandles(item, into, seen);
    }
  }
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

const SCOPE = signature('scope', [argument('fn', FUNCTION, undefined)]);
/** Whether `keep` finds what it is to keep; that a module or an empty list holds nothing is nobody's mistake. */
function canHold(value: unknown): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  if (value instanceof Handle || isHolder(value)) return true;
  const items: readonly unknown[] | null =
    Array.isArray(value) || value instanceof Set
      ? [...(value as Iterable<unknown>)]
      : value instanceof Map
        ? [...(value as Map<unknown, unknown>).values()]
        : isPlainObject(value)
          ? Object.values(value)
          : null;
  return items !== null && (items.length === 0 || items.some(canHold));
}
const HOLDER = { ...kind<unknown>('a tensor, a module, or a list or an object of these', canHold), takesObject: true };
const KEEP = signature('keep', [argument('value', HOLDER)]);

/**
 * Runs `fn` and frees the tensors it made, except what it returns (deep in arrays, plain objects, modules), what is
 * given to `keep`, parameters, buffers, gradients and optimizer state, and what a kept tensor's graph saved.
 * Never needed, an optimisation: memory is bounded without it. With an async `fn` the scope owns what is made before
 * the first await and inside `s.run(() => ...)`, and ends when the promise settles. Without `fn` it is for `using`.
 * @example const loss = scope(() => crossEntropy(net(x), y))
 * @example { using s = scope(); ... }
 */
export function scope(): Scope;
export function scope<T>(fn: (s: Scope) => T): T;
export function scope<T>(...args: readonly [fn?: (s: Scope) => T]): T | Scope {
  SCOPE.values(args);
  const [fn] = args;
  const s = new Scope(tracking.current);
  if (fn === undefined) return (tracking.current = s);
  let result: T;
  try {
    result = s.run(() => fn(s));
  } catch (error) {
    s.end();
    throw error;
  }
  if (!isPromise(result)) {
    s.end(result);
    return result;
  }
  return result.then(
    (value) => {
      s.end(value);
      return value;
    },
    (error: unknown) => {
      s.end();
      throw error;
    },
  ) as T;
}

/** Takes tensors (deep in arrays, plain objects, modules) out of every scope; returns its argument. */
export function keep<T>(...args: readonly [value: T]): T {
  KEEP.values(args);
  const [value] = args;
  for (const handle of handlesIn(value)) handle.kept = true;
  return value;
}

/** The handles in a value: deep in arrays, plain objects, modules. */
export function handlesIn(value: unknown): Set<Handle> {
  const handles = new Set<Handle>();
  collectHandles(value, handles, new Set());
  return handles;
}

/** Tells the current scope that `holder` was made or used in it, so that the tensors it holds at the end stay. */
export function noteHolder(holder: Holder): void {
  tracking.current?.hold(holder);
  noteKeeper(holder);
}

/** Says that code which may keep it, such as a hook, gets to see `value`. */
export function noteShown(value: unknown): void {
  for (const handle of handlesIn(value)) handle.reclaimable.isShown = true;
}

/** Runs `fn` outside every scope: what it makes is freed by count or by the garbage collector. */
export const unscoped = <T>(fn: () => T): T => runIn(null, fn);

/**
 * Runs library code that makes temporaries and returns handles that the caller alone owns, in no scope:
 * a result that was not made inside, or occurs twice, comes back as an `alias` of its own.
 */
export function owned<H extends Handle>(fn: () => readonly (H | null)[], alias: (handle: H) => H): (H | null)[] {
  const made = new Set<Handle>();
  const collector = new Scope(null);
  collector.track = (handle) => void made.add(handle);
  let results: readonly (H | null)[] = [];
  try {
    results = collector.run(fn);
    return unscoped(() => results.map((result) => (result === null || made.delete(result) ? result : alias(result))));
  } finally {
    for (const handle of made) if (!handle.kept) handle.release();
  }
}
