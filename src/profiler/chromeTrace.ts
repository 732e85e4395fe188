// A trace as Trace Event JSON, which Perfetto (ui.perfetto.dev) and the Performance panel of DevTools open.
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
import { isBackward, type Span, type Trace, type Work } from './trace';

/** One event. Times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M' | 'b' | 'e' | 's' | 'f' | 'C' | 'i';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  /** A flow ends at the slice around its time, not at the next one. */
  readonly bp?: 'e';
  readonly s?: 't';
  readonly args?: Readonly<Record<string, unknown>>;
}

const PROCESS = 1;
const PAGE = 1;
/** Tracks of devices, in the order in which they are met. */
const FIRST_DEVICE = 2;

const CATEGORIES: { readonly [K in Span['kind']]: string } = {
  op: 'cpu_op',
  module: 'python_function',
  backward: 'cpu_op',
  walk: 'cpu_op',
  optimizer: 'user_annotation',
  user: 'user_annotation',
};

/** Nanosecond steps, so that what lies inside something else also does so when rounded. */
const microseconds = (ms: number): number => Math.round(ms * 1e6) / 1e3;
/** Between two rounded times. */
const duration = (start: number, end: number): number => Math.max(0, Math.round((microseconds(end) - microseconds(start)) * 1e3) / 1e3); // prettier-ignore

/** The text of the JSON. */
export function chromeTrace(trace: Trace): string {
  const events: TraceEvent[] = [named('process_name', PAGE, 'kindling'), named('thread_name', PAGE, 'page')];
  const ids = new Map<Span, number>();
  trace.spans.forEach((span, i) => {
    ids.set(span, i + 1);
    const isAsync = span.end > span.returned;
    events.push(slice(span, span.returned));
    if (isAsync) events.push(...asyncSlice(span.name, i + 1, span.start, span.end));
    // From the operation to the rule of its gradient.
    const { forward } = span;
    if (span.kind === 'backward' && forward !== null) {
      events.push(...flow('fwdbwd', i + 1, [PAGE, forward.start], [PAGE, span.start]));
    }
  });
  for (const { number, start, end } of trace.steps) {
    events.push(...asyncSlice(`ProfilerStep#${number}`, -1 - number, start, end));
  }
  for (const { device, time, total } of trace.memory) {
    const name = `memory of ${device}`;
    events.push({
      name,
      ph: 'C',
      cat: 'memory',
      pid: PROCESS,
      tid: PAGE,
      ts: microseconds(time),
      args: { bytes: total },
    });
  }
  const tracks = new Map<string, number>();
  const flows = new Set<Work>();
  trace.commands.forEach(({ device, name, work, start, end }, i) => {
    let tid = tracks.get(device);
    if (tid === undefined) {
      tracks.set(device, (tid = FIRST_DEVICE + tracks.size));
      events.push(named('thread_name', tid, device));
    }
    const span = work?.span ?? null;
    const args = { op: span?.name, module: span?.module?.path, backward: span !== null && isBackward(span) };
    const [ts, dur] = [microseconds(start), duration(start, end)];
    events.push({ name, ph: 'X', cat: 'kernel', pid: PROCESS, tid, ts, dur, args });
    // From where the work was queued to its first command.
    if (work === null || span === null || flows.has(work)) return;
    flows.add(work);
    events.push(...flow('ac2g', trace.spans.length + i + 1, [PAGE, work.queued], [tid, start]));
  });
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events });
}

const named = (what: 'process_name' | 'thread_name', tid: number, name: string): TraceEvent => ({
  ...{ name: what, ph: 'M', pid: PROCESS, tid },
  args: { name },
});

function slice(span: Span, end: number): TraceEvent {
  const { kind, name, start, module, shapes, stack, forward } = span;
  const args = {
    ...(shapes !== null && { 'Input Dims': shapes }),
    ...(module !== null && { 'Module Hierarchy': module.path }),
    ...(stack !== null && { 'Call stack': stack.join(';') }),
    ...(forward !== null && { forward: forward.name }),
  };
  return {
    name: kind === 'module' ? `nn.Module: ${name}` : name,
    ...{ ph: 'X', cat: CATEGORIES[kind], pid: PROCESS, tid: PAGE },
    ...{ ts: microseconds(start), dur: duration(start, end), args },
  };
}

/** What does not lie on the stack of the calling thread. */
function asyncSlice(name: string, id: number, start: number, end: number): TraceEvent[] {
  const same = { name, cat: 'user_annotation', id, pid: PROCESS, tid: PAGE };
  return [
    { ...same, ph: 'b', ts: microseconds(start) },
    { ...same, ph: 'e', ts: microseconds(end) },
  ];
}

/** An arrow between two slices, by track and time. */
function flow(name: string, id: number, from: [tid: number, at: number], to: [tid: number, at: number]): TraceEvent[] {
  const same = { name, cat: name, id, pid: PROCESS };
  return [
    { ...same, ph: 's', tid: from[0], ts: microseconds(from[1]) },
    { ...same, ph: 'f', bp: 'e', tid: to[0], ts: microseconds(to[1]) },
  ];
}
