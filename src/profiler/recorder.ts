// The listener that records a trace. What it costs is two looks at the clock and an object a span.
import type { Listener, QueuedWork, Shaped, SpanKind } from '../base/observer';
import { flopsOf } from './flops';
import { callers } from './stack';
import type { ModuleCall, Span, Step, Trace, Work } from './trace';

/** What is recorded beside times. */
export interface Recorded {
  readonly shapes: boolean;
  readonly stack: boolean;
  readonly modules: boolean;
}

/** A module, as far as its name is found. */
interface Named {
  namedModules(): readonly (readonly [path: string, module: object])[];
}
const isNamed = (value: unknown): value is Named => typeof value === 'function' && 'namedModules' in value;

/** Records what happens from its making on. */
export class Recorder implements Listener {
  private readonly start = performance.now();
  private readonly spans: Span[] = [];
  private readonly work: Work[] = [];
  private readonly steps: Step[] = [];
  private stepStart = this.start;
  private current: Span | null = null;
  /** What recorded each node. */
  private readonly recorders = new WeakMap<object, Span>();
  /** The modules of the outermost call, by what they are called. */
  private paths: ReadonlyMap<object, string> | null = null;

  constructor(private readonly recorded: Recorded) {}

  enter(kind: SpanKind, name: string, subject: unknown): Span {
    const parent = this.current;
    const forward = kind === 'backward' ? (this.recorders.get(subject as object) ?? null) : (parent?.forward ?? null);
    const isModule = kind === 'module' && this.recorded.modules;
    const span: Span = {
      ...{ kind, name, parent, forward, inner: 0, returned: NaN, end: NaN },
      module: isModule ? this.callOf(name, subject) : (forward?.module ?? parent?.module ?? null),
      shapes: this.recorded.shapes && kind === 'op' ? shapesOf(subject) : null,
      stack: this.recorded.stack ? (forward?.stack ?? callers()) : null,
      start: performance.now(),
    };
    this.spans.push(span);
    this.current = span;
    return span;
  }

  leave(token: unknown, result: unknown): void {
    const span = token as Span;
    span.returned = span.end = performance.now();
    // What a user left open inside of it has ended with it.
    this.current = span.parent;
    if (span.parent !== null) span.parent.inner += span.end - span.start;
    if (span.kind === 'module' && (span.parent?.module ?? null) === null) this.paths = null;
    if (span.kind === 'user' && result instanceof Promise) {
      const settle = (): void => void (span.end = performance.now());
      result.then(settle, settle);
    }
  }

  record(node: object): void {
    if (this.current !== null) this.recorders.set(node, this.current);
  }

  queue(work: QueuedWork, queue: () => void): void {
    const { device, kernel, inputs, outputs, clock } = work;
    const after = clock();
    const queued = performance.now();
    try {
      queue();
    } finally {
      const flops = flopsOf(kernel, inputs, outputs);
      this.work.push({
        device,
        kernel,
        span: this.current,
        queued,
        after,
        last: clock(),
        flops,
        began: NaN,
        time: NaN,
      });
    }
  }

  /** Ends step `number`. */
  step(number: number): void {
    const end = performance.now();
    this.steps.push({ number, start: this.stepStart, end });
    this.stepStart = end;
  }

  /** What was recorded, as of now. */
  trace(): Trace {
    const end = performance.now();
    const { start, spans, work, steps } = this;
    // What still runs has lasted until now.
    for (const span of spans) if (Number.isNaN(span.end)) span.returned = span.end = end;
    return { start, end, spans, work, steps };
  }

  private callOf(type: string, module: unknown): ModuleCall {
    const root = this.current?.module?.path.split('.')[0] ?? type;
    if (this.paths === null && isNamed(module)) {
      this.paths = new Map(module.namedModules().map(([path, inner]) => [inner, path]));
    }
    const path = this.paths?.get(module as object) ?? type;
    return { type, path: path === '' ? type : `${root}.${path}` };
  }
}

const shapesOf = (operands: unknown): readonly (readonly number[])[] =>
  (operands as readonly (Shaped | null)[]).map((operand) => operand?.shape ?? []);
