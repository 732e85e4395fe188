// What the library's own code makes on its way to a result ends with it, by count: nobody else has seen it. Code of users
// that it calls (modules, hooks, activations) may keep whatever it is given, and what that code makes is its own.
import { noteEnd, noteWork } from './inUse';
import { handlesIn, type Holder } from './scope';
import { Handle, tracking, type Tracker } from './storage';

/** The handles that one call of the library's code has made and nobody else has seen. */
class Temporaries implements Tracker {
  readonly made: Handle[] = [];
  /** The scope, if any, of the code that called the library. */
  private readonly caller: Tracker | null;

  constructor(private readonly outer: Tracker | null) {
    this.caller = outer instanceof Temporaries ? outer.caller : outer;
  }

  track(handle: Handle): void {
    handle.maker = this;
    this.made.push(handle);
  }

  hold(holder: Holder): void {
    this.caller?.hold(holder);
  }

  /** Runs code that is not the library's, which `given` is shown to. */
  leave<T>(given: unknown, fn: () => T): T {
    for (const handle of handlesIn(given)) {
      if (handle.maker === null) continue;
      handle.maker = null;
      this.caller?.track(handle);
    }
    tracking.current = this.caller;
    try {
      return fn();
    } finally {
      tracking.current = this;
    }
  }

  /** Frees what is not part of `result`, which the outer code gets. */
  end(result: unknown): void {
    const given = result instanceof Handle ? null : handlesIn(result);
    // The rest of an async result is still to come.
    const isAsync = result instanceof Promise;
    for (const handle of this.made) {
      if (handle.maker !== this) continue;
      handle.maker = null;
      if (isAsync || handle === result || given?.has(handle)) this.outer?.track(handle);
      else if (!handle.kept) handle.release();
    }
  }
}

/** Runs code of the library and frees the tensors that it made, except those in its result and those that user code saw. */
export function libraryCode<T>(fn: () => T): T {
  const outer = tracking.current;
  const own = new Temporaries(outer);
  tracking.current = own;
  noteWork(own.made);
  let result: T | undefined;
  try {
    result = fn();
    return result;
  } finally {
    noteEnd();
    tracking.current = outer;
    own.end(result);
  }
}

/** Runs code that the library did not write, and which may keep what is `given` to it, from within `libraryCode`. */
export function userCode<T>(given: unknown, fn: () => T): T {
  const now = tracking.current;
  return now instanceof Temporaries ? now.leave(given, fn) : fn();
}

/** Frees `value`, which the library's code that runs has made, now that `result` was computed from it: unless it is part of that. */
export function consume(value: unknown, result: unknown): void {
  if (!(value instanceof Handle) || value.maker === null || value.maker !== tracking.current || value.kept) return;
  if (value !== result && (result instanceof Handle || !handlesIn(result).has(value)) && !(result instanceof Promise)) {
    value.release();
  }
}

/** Applies `steps` to `x`, one after the other; what they make goes as soon as the next one has used it. */
export function chain<T>(x: T, steps: Iterable<(x: T) => T>): T {
  let value = x;
  for (const step of steps) {
    const next = step(value);
    if (value !== x) consume(value, next);
    value = next;
  }
  return value;
}
