// Who is told of what runs on the calling thread: a profiler, a search for anomalies. The library asks `observing.current`, one
// variable, and does nothing more while nobody listens. What is told is in terms of shapes and names, as this folder knows no more.
import type { DType } from './dtype';

/** What begins and ends on the calling thread. Spans lie inside one another. */
export type SpanKind =
  /** An operation; told with its operands. */
  | 'op'
  /** The call of a module; told with the module. */
  | 'module'
  /** The gradient rule of a node; told with the node. */
  | 'backward'
  /** A walk back through a graph, all rules of it. */
  | 'walk'
  /** The step of an optimizer. */
  | 'optimizer'
  /** Code that the user has named. */
  | 'user';

/** A tensor or a view, as far as an observer looks at it. */
export interface Shaped {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Work for a device: a kernel of the contract, or `upload`, `receive`, `read`. */
export interface QueuedWork {
  readonly device: string;
  readonly kernel: string;
  readonly inputs: readonly (Shaped | null)[];
  readonly outputs: readonly (Shaped | null)[];
  /** Of what comes from the page or from another device. */
  readonly bytes: number;
  readonly stream: ObservedStream;
}

/** The commands of a device. */
export interface ObservedStream {
  /** Number of the last one. */
  readonly clock: number;
  memory(): { readonly live: number };
  /** Tells what each takes, in ms on the clock of the calling thread; what it returns ends that, and resolves once all are told. */
  measure(listener: (times: readonly MeasuredCommand[]) => void): () => Promise<void>;
}

/** What a command has taken. */
export interface MeasuredCommand {
  readonly seq: number;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Memory of tensors. */
export interface ObservedMemory {
  readonly device: { readonly name: string };
  /** By which it is known when it is freed. */
  readonly buffer: { readonly bytes: number };
  /** Held by a graph, for a gradient. */
  readonly isSaved: boolean;
  /** Of a parameter, a buffer, the state of an optimizer, or what was given to `keep`. */
  readonly isKept: boolean;
  /** Of a leaf that requires gradients, or its gradient. */
  readonly isLeaf: boolean;
  /** Computed from other tensors. */
  readonly isDerived: boolean;
}

/** Wants to be told: of what, its methods say. */
export interface Listener {
  /** Something begins. What this gives comes back to `leave`. */
  enter?(kind: SpanKind, name: string, subject: unknown): unknown;
  /** It has ended, with that result; undefined if it has thrown. */
  leave?(token: unknown, result: unknown): void;
  /** A node of the graph was recorded by what runs now. */
  record?(node: object): void;
  /** Runs `queue`, which queues the work. */
  queue?(work: QueuedWork, queue: () => void): void;
  /** What the gradient rule of `node` has given, or what is to stand for it. */
  readonly gradients?: <T>(node: object, gradients: readonly (T | null)[]) => readonly (T | null)[];
  /** Memory was made, inside of what runs now. */
  allocate?(memory: ObservedMemory): void;
  /** Memory was given back. */
  free?(buffer: { readonly bytes: number }): void;
}

/** Tells listeners; the first is the outermost. */
export class Observer {
  constructor(private readonly listeners: readonly Listener[]) {}

  /** Whether a listener may give other gradients than the rules do. */
  get changesGradients(): boolean {
    return this.listeners.some(({ gradients }) => gradients !== undefined);
  }

  /** Something begins. What this gives belongs to `leave`. */
  enter(kind: SpanKind, name: string, subject: unknown): readonly unknown[] {
    return this.listeners.map((listener) => listener.enter?.(kind, name, subject));
  }

  leave(tokens: readonly unknown[], result: unknown): void {
    this.listeners.forEach((listener, i) => listener.leave?.(tokens[i], result));
  }

  /** Runs `fn` as a span. */
  span<T>(kind: SpanKind, name: string, subject: unknown, fn: () => T): T {
    const tokens = this.enter(kind, name, subject);
    let result: T | undefined;
    try {
      result = fn();
      return result;
    } finally {
      this.leave(tokens, result);
    }
  }

  record(node: object): void {
    for (const listener of this.listeners) listener.record?.(node);
  }

  queue(work: QueuedWork, queue: () => void): void {
    let run = queue;
    for (const listener of this.listeners) {
      const inner = run;
      if (listener.queue !== undefined) run = () => listener.queue?.(work, inner);
    }
    run();
  }

  gradients<T>(node: object, gradients: readonly (T | null)[]): readonly (T | null)[] {
    let given = gradients;
    for (const listener of this.listeners) given = listener.gradients?.(node, given) ?? given;
    return given;
  }

  allocate(memory: ObservedMemory): void {
    for (const listener of this.listeners) listener.allocate?.(memory);
  }

  free(buffer: { readonly bytes: number }): void {
    for (const listener of this.listeners) listener.free?.(buffer);
  }
}

/** Who observes; null for nobody. */
export const observing: { current: Observer | null } = { current: null };

let listeners: readonly Listener[] = [];

function tell(now: readonly Listener[]): void {
  listeners = now;
  observing.current = now.length === 0 ? null : new Observer(now);
}

/** Tells `listener` of everything from now on. Returns what ends that. */
export function listen(listener: Listener): () => void {
  tell([...listeners, listener]);
  return () => tell(listeners.filter((other) => other !== listener));
}
