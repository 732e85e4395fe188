// Listens to one call of a user's function and makes a recording of it, or finds what keeps it from being captured. Nothing of
// the call is changed: it runs as it does without.
import type { Device, DeviceBuffer, KernelName, Operands, View } from '../device/contract';
import { tap, type DeviceTap } from '../device/tap';
import { itemSize, type DType } from '../base/dtype';
import { capture, type AgainNumbers, type Capture } from '../core/capture';
import { AccumulateGrad, lastNode, type Node } from '../core/graph';
import { Buffer, Parameter, Tensor } from '../core/tensor';
import type { Storage } from '../core/storage';
import { hasHooks, type Module } from '../nn/module/module';
import type { Optimizer } from '../optim';
import { hasStepHooks } from '../optim/hooks';
import { ModuleGuard, modulesIn, OptimizerGuard, tensorsOf, type Guard, type Participation } from './guards';
import type { External, GradientChange, Host, Obstacle, Recording, Slot, SlotView, SlotViews, Step } from './recording';
import { describeResult, type Result } from './result';
import {
  argument,
  constant,
  gradient,
  layoutOf,
  object,
  sameSource,
  stateOf,
  type Layout,
  type Source,
} from './source';

/** A tensor as it was when it was met; its handle may be gone by the end of the call. */
interface Met {
  readonly tensor: Tensor;
  readonly storage: Storage;
  readonly layout: Layout;
  readonly node: unknown;
}

const meet = (tensor: Tensor): Met => ({
  tensor,
  storage: tensor.storage,
  layout: layoutOf(tensor),
  node: tensor.gradFn,
});

/** Who has memory that was there before, and how. */
interface Owner {
  readonly source: Source;
  readonly layout: Layout;
}

/** Deep enough to reach the user's code. */
const FRAMES = 50;

export class Recorder implements DeviceTap, Capture {
  private readonly steps: Step[] = [];
  private readonly numbers = new Map<DeviceBuffer, number>();
  private readonly slots: { buffer: DeviceBuffer; device: Device }[] = [];
  private readonly born = new Map<DeviceBuffer, DType>();
  private readonly hosts: Host[] = [];
  private readonly lists = new Map<readonly number[], AgainNumbers>();
  private readonly guards = new Map<object, Guard>();
  private readonly modules = new Set<Module>();
  private readonly optimizers = new Map<Optimizer, Participation>();
  /** Leaves whose gradients change, with the gradient before. */
  private readonly touched = new Map<Tensor, Met | null>();
  /** Tensors from outside that operations took. */
  private readonly operated = new Map<Tensor, Met>();
  private readonly done = new WeakSet<Node>();
  private readonly marked = new Set<Device>();
  private readonly firstNode = lastNode() + 1;
  private stepping: Participation | null = null;
  private waiting: (() => ArrayBufferView) | null = null;
  /** The first thing that keeps the call from being captured. */
  obstacle: Obstacle | null = null;

  constructor(private readonly args: readonly Tensor[]) {
    for (const arg of args) this.operated.set(arg, meet(arg));
  }

  /** Calls `fn` and listens. */
  listen<T>(fn: () => T): T {
    const frames = Error.stackTraceLimit;
    tap.current = capture.current = this;
    Error.stackTraceLimit = FRAMES;
    try {
      return fn();
    } finally {
      tap.current = capture.current = null;
      Error.stackTraceLimit = frames;
    }
  }

  /** The recording of a call that has returned `value`; null if there is an obstacle. */
  finish(value: unknown): Recording | null {
    if (this.obstacle === null && value instanceof Promise) this.outside('it is async');
    if (this.obstacle !== null) return null;
    for (const guard of this.guards.values()) {
      const change = guard.change();
      if (change !== null) return this.refuse(`the call itself changes what it depends on: ${change}`);
    }
    for (const [t, { node }] of this.operated) {
      if (!t.isFreed && !this.born.has(t.buffer) && t.gradFn !== node) {
        return this.refuse(`${String(t)} from outside of the function becomes part of a graph`);
      }
    }
    if (this.drawsTwice()) return this.refuse('the same random numbers are drawn twice, as checkpoint does');
    const owners = this.owners();
    const slots: Slot[] = [];
    for (const { buffer, device } of this.slots) {
      const dtype = this.born.get(buffer);
      if (dtype !== undefined) {
        slots.push({ device, bytes: buffer.bytes, dtype, external: null, isMovable: false });
        continue;
      }
      const external = externalOf(owners.get(buffer) ?? []);
      if (external === null) return this.refuse('memory is used of which it is not known whose it is');
      const { dtype: seenAs } = external.layouts[0];
      slots.push({ device, bytes: buffer.bytes, dtype: seenAs, external, isMovable: this.isMovable(buffer, external) });
    }
    const gradients = this.gradientChanges();
    if (gradients === null) return null;
    const result = describeResult(value, (t) => this.partOf(t));
    if (result === null) return this.refuse('it returns something else than tensors, numbers, lists and plain objects');
    if (this.obstacle !== null) return null;
    const { hosts, lists: scalars, marked } = this;
    const steps = this.steps.map((step) => fromBeginnings(step, slots));
    return { steps, slots, hosts, scalars, gradients, guards: [...this.guards.values()], result, marked };
  }

  // ---- from devices

  run(device: Device, kernel: KernelName, inputs: Operands, outputs: Operands, params: unknown): void {
    if (this.obstacle !== null) return;
    this.steps.push({
      kind: 'run',
      device,
      kernel,
      inputs: this.viewsOf(device, inputs),
      outputs: this.viewsOf(device, outputs),
      params,
      at: new Error('here'),
    });
  }

  allocated(_device: Device, buffer: DeviceBuffer, _bytes: number, dtype: DType): void {
    this.born.set(buffer, dtype);
  }

  upload(device: Device, buffer: DeviceBuffer, data: ArrayBufferView, start: number): void {
    if (this.obstacle !== null) return;
    const again = this.waiting;
    this.waiting = null;
    this.hosts.push({ kind: 'upload', step: this.steps.length });
    this.steps.push({
      kind: 'upload',
      slot: this.slotOf(device, buffer),
      start,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
      again,
      at: new Error('here'),
    });
  }

  seal(device: Device, buffer: DeviceBuffer): void {
    if (this.obstacle === null) this.steps.push({ kind: 'seal', slot: this.slotOf(device, buffer) });
  }

  mark(device: Device): void {
    this.marked.add(device);
  }

  outside(what: string): void {
    this.obstacle ??= { what, at: new Error('here') };
  }

  // ---- from operations, modules and optimizers

  operands(inputs: readonly (Tensor | null)[]): void {
    for (const t of inputs) {
      if (t === null || this.born.has(t.buffer) || this.operated.has(t)) continue;
      this.operated.set(t, meet(t));
    }
  }

  gradient(t: Tensor): void {
    if (!this.touched.has(t)) this.touched.set(t, t.ownGrad === null ? null : meet(t.ownGrad));
  }

  walked(node: Node, isKept: boolean): void {
    if (!isKept) this.done.add(node);
    const hooks = node instanceof AccumulateGrad ? node.leaf.autograd.hooks : node.hooks;
    if (hooks !== null && hooks.size > 0) this.outside('a hook of a tensor runs');
    if (node.id > 0 && node.id < this.firstNode) this.outside('backward() goes through a graph from before the call');
  }

  module(module: object): void {
    const called = module as Module;
    if (this.modules.has(called)) return;
    this.modules.add(called);
    this.guards.set(called, new ModuleGuard(called));
    if (hasHooks(called)) this.outside(`hooks of ${called.constructor.name} run`);
  }

  optimizer(optimizer: object, isStep: boolean): void {
    const part = this.optimizers.get(optimizer as Optimizer) ?? { isStep: false, hasRule: false };
    part.isStep ||= isStep;
    this.optimizers.set(optimizer as Optimizer, part);
    if (isStep) this.stepping = part;
    if (!this.guards.has(optimizer)) this.guards.set(optimizer, new OptimizerGuard(optimizer as Optimizer, part));
    if (hasStepHooks(optimizer as Optimizer)) this.outside(`hooks of ${optimizer.constructor.name} run`);
  }

  drawn(numbers: readonly number[], again: () => readonly number[]): void {
    this.hosts.push({ kind: 'draw', draw: { numbers, again } });
  }

  scalars(list: readonly number[], again: AgainNumbers): void {
    this.lists.set(list, again);
    if (this.stepping !== null) this.stepping.hasRule = true;
  }

  source(again: () => ArrayBufferView): void {
    this.waiting = again;
  }

  effect(again: () => void): void {
    this.hosts.push({ kind: 'effect', again });
  }

  // ---- parts of the above

  private refuse(what: string): null {
    this.obstacle ??= { what, at: null };
    return null;
  }

  private slotOf(device: Device, buffer: DeviceBuffer): number {
    let slot = this.numbers.get(buffer);
    if (slot === undefined) {
      slot = this.slots.push({ buffer, device }) - 1;
      this.numbers.set(buffer, slot);
    }
    return slot;
  }

  private viewsOf(device: Device, operands: Operands): SlotViews {
    return operands.map((view: View | null): SlotView | null => {
      if (view === null) return null;
      const { dtype, shape, strides, offset } = view;
      return { slot: this.slotOf(device, view.buffer), dtype, shape, strides, offset };
    });
  }

  /** An argument may begin elsewhere where all that is seen of its memory counts in elements of its size. */
  private isMovable(buffer: DeviceBuffer, { sources, layouts }: External): boolean {
    if (sources.length > 1 || sources[0].key[0] !== 'argument') return false;
    const slot = this.numbers.get(buffer);
    const bytes = itemSize(layouts[0].dtype);
    return this.steps.every(
      (step) =>
        step.kind !== 'run' ||
        [...step.inputs, ...step.outputs].every(
          (view) => view === null || view.slot !== slot || itemSize(view.dtype) === bytes,
        ),
    );
  }

  private sourceOf(t: Tensor): Source {
    const i = this.args.indexOf(t);
    return i >= 0 ? argument(i) : object(t);
  }

  /** Whether a generator was put back to where it was. */
  private drawsTwice(): boolean {
    const seen = new Set<string>();
    for (const host of this.hosts) {
      if (host.kind !== 'draw') continue;
      const text = host.draw.numbers.join();
      if (seen.has(text)) return true;
      seen.add(text);
    }
    return false;
  }

  /** Whose the memory is that the call has met. */
  private owners(): Map<DeviceBuffer, Owner[]> {
    const owners = new Map<DeviceBuffer, Owner[]>();
    const put = ({ storage, layout }: Pick<Met, 'storage' | 'layout'>, source: Source): void => {
      const { buffer } = storage;
      if (!this.numbers.has(buffer) || this.born.has(buffer)) return;
      const list = owners.get(buffer) ?? [];
      owners.set(buffer, list);
      if (!list.some((owner) => sameSource(owner.source, source))) list.push({ source, layout });
    };
    const add = (t: Tensor | null, source: Source): void => {
      if (t !== null && !t.isFreed) put(meet(t), source);
    };
    this.args.forEach((arg, i) => {
      put(this.operated.get(arg) as Met, argument(i));
    });
    const leaves = new Set<Tensor>();
    const own = (t: Tensor): void => {
      if (leaves.has(t) || this.args.includes(t)) return;
      add(t, object(t));
      leaves.add(t);
    };
    for (const called of this.modules) {
      for (const module of modulesIn(called)) for (const t of tensorsOf(module)) own(t);
    }
    for (const optimizer of this.optimizers.keys()) {
      for (const group of optimizer.paramGroups) {
        for (const param of group.params) own(param);
        for (const option of Object.values(group)) if (option instanceof Tensor) add(option, object(option));
      }
      for (const [param, states] of optimizer.state) {
        for (const [name, value] of Object.entries(Object(states) as object)) {
          if (value instanceof Tensor) add(value, stateOf(optimizer, param, name));
        }
      }
    }
    const others: Met[] = [];
    for (const [t, met] of this.operated) {
      if (t instanceof Parameter || t instanceof Buffer || (!t.isFreed && t.isLeaf && t.requiresGrad)) own(t);
      else others.push(met);
    }
    for (const [leaf, before] of this.touched) if (before !== null) put(before, gradient(this.sourceOf(leaf)));
    for (const leaf of [...leaves, ...this.args]) {
      if (!leaf.isFreed && !this.touched.has(leaf)) add(leaf.ownGrad, gradient(this.sourceOf(leaf)));
    }
    for (const met of others) {
      if (!owners.has(met.storage.buffer) && !met.storage.isFree) put(met, constant(met.storage, met.layout));
    }
    return owners;
  }

  private gradientChanges(): GradientChange[] | null {
    const changes: GradientChange[] = [];
    for (const [leaf, before] of this.touched) {
      if (leaf.isFreed || this.born.has(leaf.buffer)) continue;
      const after = leaf.ownGrad;
      const isUsed = before !== null && this.numbers.has(before.storage.buffer);
      const common = { leaf: this.sourceOf(leaf), wasNull: before === null, isUsed };
      if (after === null) changes.push({ ...common, after: 'null' });
      else if (after === before?.tensor) changes.push({ ...common, after: 'same' });
      else {
        const slot = this.numbers.get(after.buffer);
        if (slot === undefined || !this.born.has(after.buffer)) {
          return this.refuse('a gradient becomes a tensor from outside of the function');
        }
        if (after.gradFn !== null) return this.refuse('a gradient is part of a graph, as createGraph makes it');
        changes.push({ ...common, after: { slot, layout: layoutOf(after) } });
      }
    }
    return changes;
  }

  /** A tensor of the result. */
  private partOf(t: Tensor): Result | null {
    const refuse = (what: string): null => this.refuse(what);
    if (t.isFreed) return refuse('it returns a tensor that was freed');
    const i = this.args.indexOf(t);
    if (i >= 0) return { kind: 'same', source: argument(i) };
    for (const leaf of this.touched.keys()) {
      if (leaf.ownGrad === t) return { kind: 'same', source: gradient(this.sourceOf(leaf)) };
    }
    if (!this.born.has(t.buffer)) {
      if (t instanceof Parameter || t instanceof Buffer) return { kind: 'same', source: object(t) };
      return refuse('it returns a view of memory from before the call');
    }
    const slot = this.numbers.get(t.buffer);
    if (slot === undefined) return refuse('it returns memory that nothing has written');
    const node = t.gradFn as Node | null;
    if (node === null && t.requiresGrad) return refuse('it returns a new leaf that requires gradients');
    if (node !== null && !this.done.has(node)) {
      return refuse(
        'it returns a tensor with a graph, whose backward() would come later; call backward() inside, or noGrad around',
      );
    }
    return { kind: 'made', slot, layout: layoutOf(t), graph: node?.name ?? null };
  }
}

/** The step, with views of arguments counted from where these begin. */
function fromBeginnings(step: Step, slots: readonly Slot[]): Step {
  if (step.kind !== 'run') return step;
  const moved = (view: SlotView | null): SlotView | null => {
    if (view === null) return null;
    const { external, isMovable } = slots[view.slot];
    return external === null || !isMovable ? view : { ...view, offset: view.offset - external.layouts[0].offset };
  };
  return { ...step, inputs: step.inputs.map(moved), outputs: step.outputs.map(moved) };
}

/** Null for nobody's memory. */
function externalOf(owners: readonly Owner[]): External | null {
  if (owners.length === 0) return null;
  return { sources: owners.map(({ source }) => source), layouts: owners.map(({ layout }) => layout) };
}
