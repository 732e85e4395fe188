// Lists of hooks: functions of the user's that modules and optimizers call, each with a handle that takes it away.
import { FLAG, FUNCTION } from '../base/kinds';
import { checkKind, optional, signature } from '../base/signature';
import type { RemovableHandle } from './tensor';

/** How a hook is registered. */
export interface HookOptions {
  /** Whether to run before the hooks that are already there; false by default. */
  prepend?: boolean;
  /** For a forward hook: whether to run also if `forward` throws, with null for the output; false by default. */
  alwaysCall?: boolean;
}

/** Hooks as they are kept: each was checked against its owner's types when it was registered. */
export type Hook = (...args: never[]) => unknown;

/** A hook as it is kept: an entry of its own, so that a function registered twice is removed once. */
export interface HookEntry<H> {
  readonly hook: H;
  readonly alwaysCall: boolean;
}

const HOOK_OPTIONS = signature('registerForwardHook', [optional('prepend', FLAG), optional('alwaysCall', FLAG)]);

/** Hooks of one kind, in order. */
export class HookList<H extends Hook> {
  #entries: readonly HookEntry<H>[] = [];

  /** `register` is the method that adds to it, for messages. */
  constructor(private readonly register: string) {}

  get entries(): readonly HookEntry<H>[] {
    return this.#entries;
  }

  /** Adds a hook. One added twice is there twice, and each handle removes its own. */
  add(hook: H, ...args: readonly [options?: HookOptions]): RemovableHandle {
    checkKind(this.register, 'hook', FUNCTION, hook);
    const { prepend = false, alwaysCall = false } = HOOK_OPTIONS.take<HookOptions>(args, this.register);
    const entry = { hook, alwaysCall };
    // A new list, so that a walk under way keeps the hooks it started with.
    this.#entries = prepend ? [entry, ...this.#entries] : [...this.#entries, entry];
    return {
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  /** Takes over the hooks of an owner that is copied. */
  addAll(others: HookList<H>): void {
    this.#entries = [...this.#entries, ...others.#entries];
  }

  *[Symbol.iterator](): Generator<H> {
    for (const { hook } of this.#entries) yield hook;
  }
}
