// The listener that records a trace. What it costs is two looks at the clock and an object a span.
import { ModuleCalls } from '../base/moduleCalls';
import type {
  Listener,
  MeasuredCommand,
  ObservedMemory,
  ObservedStream,
  QueuedWork,
  Shaped,
  SpanKind,
} from '../base/observer';
import { flopsOf } from './flops';
import { MemoryRecord } from './memory';
import { callers } from '../base/stack';
import type { DeviceCommand, Span, Step, Trace, Work } from './trace';

/** What is recorded beside times. */
export interface Recorded {
  readonly shapes: boolean;
  readonly stack: boolean;
  readonly modules: boolean;
  readonly memory: boolean;
}

/** One device's part of the record. */
interface Measured {
  readonly device: string;
  readonly work: Work[];
  readonly times: MeasuredCommand[];
  readonly end: () => Promise<void>;
}

/** Records what happens from its making on. */
export class Recorder implements Listener {
  private readonly start = performance.now();
  private readonly spans: Span[] = [];
  private readonly devices = new Map<ObservedStream, Measured>();
  private readonly steps: Step[] = [];
  private stepStart = this.start;
  private stepNumber = 0;
  private current: Span | null = null;
  /** What recorded each node. */
  private readonly recorders = new WeakMap<object, Span>();
  private readonly calls = new ModuleCalls();
  private readonly memory: MemoryRecord | null;

  constructor(private readonly recorded: Recorded) {
    this.memory = recorded.memory ? new MemoryRecord() : null;
  }

  allocate(memory: ObservedMemory): void {
    this.memory?.allocate(memory, this.current);
  }

  free(buffer: { readonly bytes: number }): void {
    this.memory?.free(buffer, this.current);
  }

  enter(kind: SpanKind, name: string, subject: unknown): Span {
    const parent = this.current;
    const forward = kind === 'backward' ? (this.recorders.get(subject as object) ?? null) : (parent?.forward ?? null);
    const isModule = kind === 'module' && this.recorded.modules;
    const span: Span = {
      ...{ kind, name, parent, forward, inner: 0, returned: NaN, end: NaN },
      module: isModule ? this.calls.enter(name, subject) : (forward?.module ?? parent?.module ?? null),
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
    if (span.kind === 'module' && this.recorded.modules) this.calls.leave();
    if (span.kind === 'user' && result instanceof Promise) {
      const settle = (): void => void (span.end = performance.now());
      result.then(settle, settle);
    }
  }

  record(node: object): void {
    if (this.current !== null) this.recorders.set(node, this.current);
  }

  queue(work: QueuedWork, queue: () => void): void {
    const { device, kernel, inputs, outputs, stream } = work;
    const measured = this.measuredOf(device, stream);
    const after = stream.clock;
    const queued = performance.now();
    try {
      queue();
    } finally {
      const flops = flopsOf(kernel, inputs, outputs);
      const took = performance.now() - queued;
      const [span, last] = [this.current, stream.clock];
      measured.work.push({ device, kernel, span, queued, took, after, last, flops, time: NaN });
    }
  }

  /** Ends step `number`. */
  step(number: number): void {
    const end = performance.now();
    this.steps.push({ number, start: this.stepStart, end });
    this.stepStart = end;
    this.memory?.step(number);
    this.stepNumber = number + 1;
  }

  /** What was recorded, up to now, once the devices have told their times. */
  async trace(): Promise<Trace> {
    const end = performance.now();
    const { start, spans, steps, devices } = this;
    // What still runs has lasted until now.
    for (const span of spans) if (Number.isNaN(span.end)) span.returned = span.end = end;
    this.memory?.step(this.stepNumber);
    await Promise.all([...devices.values()].map((measured) => measured.end()));
    const work = [...devices.values()].flatMap((measured) => measured.work);
    const commands = [...devices.values()].flatMap(commandsOf);
    const { events: memory = [], peaks = [] } = this.memory ?? {};
    return { start, end, spans, work, commands, steps, memory, peaks };
  }

  /** Begins to measure a device with its first work. */
  private measuredOf(device: string, stream: ObservedStream): Measured {
    let measured = this.devices.get(stream);
    if (measured === undefined) {
      this.memory?.inUse(device, stream.memory().live);
      const times: MeasuredCommand[] = [];
      measured = { device, work: [], times, end: stream.measure((more) => void times.push(...more)) };
      this.devices.set(stream, measured);
    }
    return measured;
  }
}

/** The commands with what they are part of, whose time they are. */
function commandsOf({ device, work, times }: Measured): DeviceCommand[] {
  let at = 0;
  return times.map(({ seq, name, start, end }) => {
    while (at < work.length && work[at].last < seq) at++;
    const part = at < work.length && work[at].after < seq ? work[at] : null;
    if (part !== null) part.time = (Number.isNaN(part.time) ? 0 : part.time) + end - start;
    return { device, name: part?.kernel ?? name, work: part, start, end };
  });
}

const shapesOf = (operands: unknown): readonly (readonly number[])[] =>
  (operands as readonly (Shaped | null)[]).map((operand) => operand?.shape ?? []);
