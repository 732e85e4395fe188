// Sums over what was recorded, by name, and by shapes, module or caller where that is asked for.
import type { Arguments } from '../base/arguments';
import { COUNT, FLAG, oneOf, TEXT } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { formatShape } from '../base/shape';
import { formatTable } from './table';
import { isBackward, type DeviceCommand, type Span, type Trace, type Work } from './trace';

/** What `keyAverages` keeps apart beside names. */
export interface KeyAveragesOptions {
  /** Calls with operands of other shapes; they are recorded with `recordShapes`. */
  groupByInputShape?: boolean;
  /** Calls in other modules; these are recorded with `withModules`. */
  groupByModule?: boolean;
  /** Calls with another caller, by that many frames of the stack; it is recorded with `withStack`. */
  groupByStackN?: number;
}
export const KEY_AVERAGES = signature('keyAverages', [
  argument('groupByInputShape', FLAG, false), argument('groupByStackN', COUNT, 0), argument('groupByModule', FLAG, false),
]); // prettier-ignore

/**
 * What calls of one name have taken together. Times are microseconds: `cpu` is the calling thread, which queues, and `device` the
 * engine or the GPU, which computes. What is called `self` leaves out what other calls inside have taken.
 * @see torch.autograd.profiler_util.FunctionEventAvg
 */
export interface FunctionEventAvg {
  readonly key: string;
  /** Calls. */
  readonly count: number;
  readonly cpuTimeTotal: number;
  readonly selfCpuTimeTotal: number;
  /** Of one call. */
  readonly cpuTime: number;
  readonly deviceTimeTotal: number;
  readonly selfDeviceTimeTotal: number;
  /** Of one call. */
  readonly deviceTime: number;
  /** Of the gradient rules of what these calls have recorded, wherever `backward` was called. */
  readonly backwardCpuTimeTotal: number;
  readonly backwardDeviceTimeTotal: number;
  /** Bytes that were made, less those that were given back; 0 without `profileMemory`. */
  readonly deviceMemoryUsage: number;
  readonly selfDeviceMemoryUsage: number;
  /** Floating-point operations of products and convolutions; a multiply-add counts as two. */
  readonly flops: number;
  /** Whether the calls lie in a `backward`. */
  readonly isBackward: boolean;
  /** `[[32, 1, 28, 28], [16]]`; empty unless they were told apart. */
  readonly inputShapes: string;
  /** `Net.features.0`; empty unless they were told apart. */
  readonly module: string;
  /** The innermost callers; empty unless they were told apart. */
  readonly stack: readonly string[];
}

/** A number by which a table can be sorted, from the greatest down. */
export type SortKey =
  | 'count'
  | 'cpuTime'
  | 'cpuTimeTotal'
  | 'selfCpuTimeTotal'
  | 'deviceTime'
  | 'deviceTimeTotal'
  | 'selfDeviceTimeTotal'
  | 'backwardCpuTimeTotal'
  | 'backwardDeviceTimeTotal'
  | 'deviceMemoryUsage'
  | 'selfDeviceMemoryUsage'
  | 'flops';

/** How a table is printed. */
export interface TableOptions {
  /** The rows with most of it first; by default rows stand in order of their first call. */
  sortBy?: SortKey | null;
  /** Most rows to print; 100 by default, -1 for all. */
  rowLimit?: number;
  /** Most characters of a name; 55 by default. */
  maxNameColumnWidth?: number;
  /** Most characters of shapes, modules and callers; 75 by default. */
  maxSrcColumnWidth?: number;
  /** A line above the table. */
  header?: string | null;
}

const ROWS = { ...COUNT, expected: 'a whole number of at least -1', accepts: (value: unknown): value is number => value === -1 || COUNT.accepts(value) }; // prettier-ignore
const TABLE = signature('table', [
  argument(
    'sortBy',
    oneOf(
      ...(['count', 'cpuTime', 'cpuTimeTotal', 'selfCpuTimeTotal', 'deviceTime', 'deviceTimeTotal', 'selfDeviceTimeTotal'] as const),
      ...(['backwardCpuTimeTotal', 'backwardDeviceTimeTotal', 'deviceMemoryUsage', 'selfDeviceMemoryUsage', 'flops'] as const),
    ),
    null,
  ),
  argument('rowLimit', ROWS, 100), argument('maxSrcColumnWidth', COUNT, 75), argument('maxNameColumnWidth', COUNT, 55),
  argument('header', TEXT, null),
]); // prettier-ignore

/** Rows of averages, in order of their first calls. */
export class EventList implements Iterable<FunctionEventAvg> {
  static readonly name: string = 'EventList';

  /** @internal */
  constructor(
    private readonly rows: readonly FunctionEventAvg[],
    /** What the columns of device times are called; null if there are none. */
    private readonly device: string | null,
  ) {}

  /** Number of rows. */
  get length(): number {
    return this.rows.length;
  }

  /** The rows, one after the other. */
  [Symbol.iterator](): Iterator<FunctionEventAvg> {
    return this.rows[Symbol.iterator]();
  }

  /** The row of that name, the first if there are several. */
  find(key: string): FunctionEventAvg | undefined {
    return this.rows.find((row) => row.key === key);
  }

  /** All of it on the calling thread, in microseconds. */
  get selfCpuTimeTotal(): number {
    return this.rows.reduce((sum, row) => sum + row.selfCpuTimeTotal, 0);
  }

  /** All of it on the devices, in microseconds. */
  get selfDeviceTimeTotal(): number {
    return this.rows.reduce((sum, row) => sum + row.selfDeviceTimeTotal, 0);
  }

  /**
   * The rows as text, in PyTorch's columns.
   * @example console.log(prof.keyAverages().table({ sortBy: 'selfCpuTimeTotal', rowLimit: 10 }))
   */
  table(
    ...args: Arguments<
      [],
      [
        sortBy?: SortKey | null,
        rowLimit?: number,
        maxSrcColumnWidth?: number,
        maxNameColumnWidth?: number,
        header?: string | null,
      ],
      TableOptions
    >
  ): string {
    const options = TABLE.take(args);
    const { sortBy } = options;
    const rows = sortBy === null ? this.rows : [...this.rows].sort((a, b) => b[sortBy] - a[sortBy]);
    return formatTable(rows, { ...options, device: this.device });
  }

  /** The table. */
  toString(): string {
    return this.table();
  }
}

/** A row while it is added up. */
type Sum = { -readonly [K in keyof FunctionEventAvg]: FunctionEventAvg[K] };

const MICROSECONDS = 1000;

/** The name under which spans are added up. */
export const keyOf = ({ kind, name }: Span): string => (kind === 'module' ? `nn.Module: ${name}` : name);

/** Sums by key. */
export function averagesOf(trace: Trace, grouping: Required<KeyAveragesOptions>): EventList {
  const rows = new Map<string, Sum>();
  addSteps(trace, rows);
  const rowOf = (span: Span): Sum => {
    const inputShapes = grouping.groupByInputShape ? (span.shapes ?? []).map(formatShape).join(', ') : '';
    const module = grouping.groupByModule ? (span.module?.path ?? '') : '';
    const stack = (span.stack ?? []).slice(0, grouping.groupByStackN);
    const backward = isBackward(span);
    return rowFor(
      rows,
      keyOf(span),
      { inputShapes: inputShapes === '' ? '' : `[${inputShapes}]`, module, stack },
      backward,
    );
  };
  const rowsOf = new Map<Span, Sum>();
  for (const span of trace.spans) {
    const row = rowOf(span);
    rowsOf.set(span, row);
    const time = (span.end - span.start) * MICROSECONDS;
    row.count++;
    row.selfCpuTimeTotal += (span.returned - span.start - span.inner) * MICROSECONDS;
    if (!isInside(span, row, rowsOf)) row.cpuTimeTotal += time;
    row.isBackward &&= isBackward(span);
    // A rule belongs to all that the recorded operation lay in.
    if (span.kind === 'backward') {
      for (const forward of new Set(ancestors(span.forward, rowsOf))) forward.backwardCpuTimeTotal += time;
    }
  }
  for (const { span, flops, time } of trace.work) {
    for (const row of new Set(ancestors(span, rowsOf))) row.flops += flops;
    if (Number.isNaN(time)) continue;
    const took = time * MICROSECONDS;
    for (const row of new Set(ancestors(span, rowsOf))) row.deviceTimeTotal += took;
    const own = span === null ? undefined : rowsOf.get(span);
    if (own !== undefined) own.selfDeviceTimeTotal += took;
    const rule = ruleOf(span);
    if (rule !== null) for (const row of new Set(ancestors(rule.forward, rowsOf))) row.backwardDeviceTimeTotal += took;
  }
  for (const { span, bytes } of trace.memory) {
    for (const row of new Set(ancestors(span, rowsOf))) row.deviceMemoryUsage += bytes;
    const own = span === null ? undefined : rowsOf.get(span);
    if (own !== undefined) own.selfDeviceMemoryUsage += bytes;
  }
  const counted = new Set<Work>();
  // What belongs to no span: data that comes and goes, mostly.
  for (const command of trace.commands) {
    const { name, work } = command;
    if ((work?.span ?? null) !== null) continue;
    const row = rowFor(rows, name, NO_GROUP, false);
    addCommand(row, command);
    if (work === null || !counted.has(work)) row.count++;
    if (work !== null) counted.add(work);
  }
  return listOf(trace, rows);
}

/** Sums by kernel. */
export function kernelAveragesOf(trace: Trace): EventList {
  const rows = new Map<string, Sum>();
  for (const command of trace.commands) {
    const span = command.work?.span ?? null;
    const row = rowFor(rows, command.name, NO_GROUP, true);
    addCommand(row, command);
    if (command.work === null) row.count++;
    if (span !== null && isBackward(span)) {
      row.backwardDeviceTimeTotal += (command.end - command.start) * MICROSECONDS;
    }
  }
  for (const { kernel, span, took, flops } of trace.work) {
    const row = rowFor(rows, kernel, NO_GROUP, true);
    row.count++;
    row.flops += flops;
    row.selfCpuTimeTotal += took * MICROSECONDS;
    row.cpuTimeTotal += took * MICROSECONDS;
    if (span !== null && isBackward(span)) row.backwardCpuTimeTotal += took * MICROSECONDS;
    else row.isBackward = false;
  }
  return listOf(trace, rows);
}

const NO_GROUP = { inputShapes: '', module: '', stack: [] };

function addCommand(row: Sum, { start, end }: DeviceCommand): void {
  row.selfDeviceTimeTotal += (end - start) * MICROSECONDS;
  row.deviceTimeTotal += (end - start) * MICROSECONDS;
}

function listOf({ commands }: Trace, rows: ReadonlyMap<string, Sum>): EventList {
  for (const row of rows.values()) {
    row.cpuTime = row.cpuTimeTotal / row.count;
    row.deviceTime = row.deviceTimeTotal / row.count;
  }
  const devices = new Set(commands.map(({ device }) => device));
  return new EventList([...rows.values()], devices.size === 0 ? null : [...devices].join('+').toUpperCase());
}

/** The steps: `self` is what lies in no span, the user's own code and waiting. */
function addSteps({ steps, spans, work }: Trace, rows: Map<string, Sum>): void {
  if (steps.length === 0) return;
  const row = rowFor(rows, 'ProfilerStep*', NO_GROUP, false);
  for (const { start, end } of steps) {
    const within = (time: number): boolean => time >= start && time < end;
    row.count++;
    row.cpuTimeTotal += (end - start) * MICROSECONDS;
    row.selfCpuTimeTotal += (end - start) * MICROSECONDS;
    for (const span of spans) {
      if (span.parent === null && within(span.start))
        row.selfCpuTimeTotal -= (span.returned - span.start) * MICROSECONDS;
    }
    for (const { queued, time, flops } of work) {
      if (!within(queued)) continue;
      row.flops += flops;
      if (!Number.isNaN(time)) row.deviceTimeTotal += time * MICROSECONDS;
    }
  }
}

function rowFor(
  rows: Map<string, Sum>,
  key: string,
  group: Pick<Sum, 'inputShapes' | 'module' | 'stack'>,
  isBackward: boolean,
): Sum {
  const place = [key, group.inputShapes, group.module, ...group.stack].join('\n');
  let row = rows.get(place);
  if (row === undefined) {
    row = {
      ...{ key, ...group, isBackward, count: 0, flops: 0 },
      ...{ cpuTimeTotal: 0, selfCpuTimeTotal: 0, cpuTime: 0, backwardCpuTimeTotal: 0 },
      ...{ deviceMemoryUsage: 0, selfDeviceMemoryUsage: 0 },
      ...{ deviceTimeTotal: 0, selfDeviceTimeTotal: 0, deviceTime: 0, backwardDeviceTimeTotal: 0 },
    };
    rows.set(place, row);
  }
  return row;
}

/** Whether a span lies in another of its row, which counts its time already. */
function isInside(span: Span, row: Sum, rowsOf: ReadonlyMap<Span, Sum>): boolean {
  for (let at = span.parent; at !== null; at = at.parent) if (rowsOf.get(at) === row) return true;
  return false;
}

/** The rows of a span and of what it lies in. */
function* ancestors(span: Span | null, rowsOf: ReadonlyMap<Span, Sum>): Generator<Sum> {
  for (let at = span; at !== null; at = at.parent) {
    const row = rowsOf.get(at);
    if (row !== undefined) yield row;
  }
}

/** The gradient rule that a span lies in. */
function ruleOf(span: Span | null): Span | null {
  for (let at = span; at !== null; at = at.parent) if (at.kind === 'backward') return at;
  return null;
}
