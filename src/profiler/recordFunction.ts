// Names for parts of the user's own code.
import { FUNCTION, TEXT } from '../base/kinds';
import { observing, type Observer } from '../base/observer';
import { argument, signature } from '../base/signature';

const RECORD_FUNCTION = signature('recordFunction', [argument('name', TEXT), argument('fn', FUNCTION, undefined)]);

/** A part of a program that has begun and ends with `end`, or with the block that has it by `using`. */
export class RecordFunction {
  static readonly name: string = 'RecordFunction';

  private readonly observer: Observer | null = observing.current;
  private readonly tokens: readonly unknown[];
  private isOpen = true;

  /** @internal Use `recordFunction`. */
  constructor(name: string) {
    this.tokens = this.observer?.enter('user', name, null) ?? [];
  }

  /** Ends it; a second call does nothing. */
  end(...none: readonly never[]): void {
    END.take(none);
    if (this.isOpen) this.observer?.leave(this.tokens, undefined);
    this.isOpen = false;
  }

  /** Ends it, at the end of a block with `using`. */
  [Symbol.dispose](): void {
    this.end();
  }
}
const END = signature('end', []);

/**
 * Runs `fn` under a name that profiles show; an async one's time goes to the end of its promise, while what it calls
 * behind its first await stands beside it, as other code runs between. Without `fn` it is for `using`. Costs nothing to speak of
 * while nothing is profiled.
 * @example const loss = recordFunction('forward', () => lossFn(net(x), y))
 * @example { using part = recordFunction('forward'); ... }
 * @see torch.profiler.record_function
 */
export function recordFunction(name: string): RecordFunction;
export function recordFunction<T>(name: string, fn: () => T): T;
export function recordFunction(...args: readonly unknown[]): unknown {
  const { name, fn } = RECORD_FUNCTION.take(args);
  if (fn === undefined) return new RecordFunction(name);
  const run: () => unknown = fn;
  return observing.current === null ? run() : observing.current.span('user', name, null, run);
}
