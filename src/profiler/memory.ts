// Memory over time, and who holds it where there is most: torch.profiler's memory view.
import type { ObservedMemory } from '../base/observer';
import { isBackward, type Span } from './trace';

/** What memory is for, as far as that can be seen. */
export type MemoryCategory =
  /** Of leaves that require gradients, buffers of modules, and what was given to `keep`. */
  | 'parameter'
  | 'optimizerState'
  /** Of leaves. */
  | 'gradient'
  /** Saved by a graph for a gradient. */
  | 'activation'
  /** Made of data, not computed. */
  | 'input'
  | 'temporary'
  /** Made before the profile began. */
  | 'unknown';

/** Memory that was made or given back. */
export interface MemoryEvent {
  readonly device: string;
  /** Milliseconds since the page's time origin. */
  readonly time: number;
  /** Less than 0 where it was given back. */
  readonly bytes: number;
  /** In use on the device from then on. */
  readonly total: number;
  /** What ran then. */
  readonly span: Span | null;
}

/** Memory of one kind that was made in one place. */
export interface MemoryHolder {
  readonly category: MemoryCategory;
  /** What made it; empty for none. */
  readonly op: string;
  /** Where; empty for none. */
  readonly module: string;
  /** Whether that was in a `backward`. */
  readonly isBackward: boolean;
  readonly bytes: number;
  /** Tensors. */
  readonly count: number;
}

/** The most memory that a device had in use in a step. */
export interface MemoryPeak {
  readonly device: string;
  /** Number of the step; what comes behind the last one counts as one more. */
  readonly step: number;
  readonly time: number;
  readonly bytes: number;
  /** Those with most of it first. */
  readonly holders: readonly MemoryHolder[];
}

interface Allocation {
  readonly bytes: number;
  readonly span: Span | null;
  /** So that a profile keeps nothing alive. */
  readonly memory: WeakRef<ObservedMemory>;
}

/** One device's memory. */
class DeviceMemory {
  readonly live = new Map<object, Allocation>();
  /** Of what was made before, and in all. */
  before = 0;
  total = 0;
  /** In this step. */
  peak = -1;
  peakTime = 0;
  /** The peak was reached and nothing was given back since. */
  isAtPeak = false;
  holders: readonly MemoryHolder[] = [];

  constructor(readonly name: string) {}

  /** Looks at who holds the memory, before any of it goes. */
  settle(): void {
    if (!this.isAtPeak) return;
    this.isAtPeak = false;
    this.holders = holdersOf(this);
  }

  note(now: number): void {
    if (this.total <= this.peak) return;
    this.peak = this.total;
    this.peakTime = now;
    this.isAtPeak = true;
  }
}

/** Records memory of all devices. */
export class MemoryRecord {
  static readonly name: string = 'MemoryRecord';

  readonly events: MemoryEvent[] = [];
  readonly peaks: MemoryPeak[] = [];
  private readonly devices = new Map<string, DeviceMemory>();
  private readonly homes = new WeakMap<object, DeviceMemory>();

  allocate(memory: ObservedMemory, span: Span | null): void {
    const device = this.deviceOf(memory.device.name);
    const { bytes } = memory.buffer;
    device.live.set(memory.buffer, { bytes, span, memory: new WeakRef(memory) });
    this.homes.set(memory.buffer, device);
    this.change(device, bytes, span);
  }

  free(buffer: { readonly bytes: number }, span: Span | null): void {
    const device = this.homes.get(buffer);
    // Made before anything of its device was known: it is in what `inUse` has said.
    if (device === undefined) {
      const [only] = this.devices.values();
      if (this.devices.size !== 1 || only.before < buffer.bytes) return;
      only.settle();
      only.before -= buffer.bytes;
      this.change(only, -buffer.bytes, span);
      return;
    }
    device.settle();
    device.live.delete(buffer);
    this.change(device, -buffer.bytes, span);
  }

  /** A device has so many bytes in use. */
  inUse(name: string, bytes: number): void {
    const device = this.deviceOf(name);
    device.before = Math.max(0, bytes - device.total);
    this.change(device, device.before, null);
  }

  /** Ends step `number`. */
  step(number: number): void {
    for (const device of this.devices.values()) {
      device.settle();
      const { name, peak: bytes, peakTime: time, holders } = device;
      if (bytes >= 0) this.peaks.push({ device: name, step: number, time, bytes, holders });
      device.peak = -1;
      device.note(performance.now());
    }
  }

  private change(device: DeviceMemory, bytes: number, span: Span | null): void {
    const time = performance.now();
    device.total += bytes;
    device.note(time);
    this.events.push({ device: device.name, time, bytes, total: device.total, span });
  }

  private deviceOf(name: string): DeviceMemory {
    let device = this.devices.get(name);
    if (device === undefined) this.devices.set(name, (device = new DeviceMemory(name)));
    return device;
  }
}

function holdersOf({ live, before }: DeviceMemory): MemoryHolder[] {
  const holders = new Map<string, { -readonly [K in keyof MemoryHolder]: MemoryHolder[K] }>();
  for (const { bytes, span, memory } of live.values()) {
    const backward = span !== null && isBackward(span);
    const place = { op: span?.name ?? '', module: span?.module?.path ?? '', isBackward: backward };
    const category = categoryOf(memory.deref(), span, backward);
    const key = [category, place.op, place.module, backward].join('\n');
    const holder = holders.get(key) ?? { category, ...place, bytes: 0, count: 0 };
    holder.bytes += bytes;
    holder.count++;
    holders.set(key, holder);
  }
  if (before > 0) {
    const nobody = { category: 'unknown', op: '', module: '', isBackward: false } as const;
    holders.set('', { ...nobody, bytes: before, count: 0 });
  }
  return [...holders.values()].sort((a, b) => b.bytes - a.bytes);
}

function categoryOf(memory: ObservedMemory | undefined, span: Span | null, isBackward: boolean): MemoryCategory {
  // The collector is about to give it back.
  if (memory === undefined) return 'temporary';
  if (memory.isLeaf || memory.isKept) {
    if (isBackward) return 'gradient';
    return isIn(span, 'optimizer') ? 'optimizerState' : 'parameter';
  }
  if (!memory.isDerived) return 'input';
  return memory.isSaved ? 'activation' : 'temporary';
}

function isIn(span: Span | null, kind: Span['kind']): boolean {
  for (let at = span; at !== null; at = at.parent) if (at.kind === kind) return true;
  return false;
}
