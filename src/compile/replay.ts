// Runs a plan: finds the memory, makes what changes from call to call, queues the kernels, and gives tensors and gradients as
// the function would have.
import type { DeviceBuffer, KernelName, Operands, PointwiseParams, View } from '../device/contract';
import { noteOperands } from '../core/inUse';
import { unscoped } from '../core/scope';
import { Storage } from '../core/storage';
import type { Tensor } from '../core/tensor';
import type { Plan, PlanStep } from './plan';
import type { SlotViews } from './recording';
import { resultOf, tensorOver } from './result';
import { layoutChange } from './source';

/** A plan's memory that was there before, found for a call. */
export interface Found {
  /** By slot; null for what the call makes. */
  readonly tensors: readonly (Tensor | null)[];
  /** Scalars by the list that was recorded. */
  readonly lists: ReadonlyMap<readonly number[], readonly number[]>;
}

/** Finds what a plan needs, or says what has changed since it was made. */
export function find(plan: Plan, args: readonly Tensor[]): Found | string {
  for (const guard of plan.guards) {
    const change = guard.change();
    if (change !== null) return change;
  }
  const tensors: (Tensor | null)[] = [];
  const buffers = new Set<DeviceBuffer>();
  let externals = 0;
  for (let i = 0; i < plan.slots.length; i++) {
    const { external } = plan.slots[i];
    if (external === null) {
      tensors.push(null);
      continue;
    }
    let found: Tensor | null = null;
    for (let j = 0; j < external.sources.length; j++) {
      const source = external.sources[j];
      const t = source.find(args);
      if (t === null || t.isFreed) return `${source.what} is no longer there`;
      const change = layoutChange(external.layouts[j], t, plan.slots[i].isMovable);
      if (change !== null) return `${source.what}: ${change}`;
      if (found !== null && found.buffer !== t.buffer) return `${source.what} no longer shares its memory with another`;
      found ??= t;
    }
    if (found === null) return 'memory is no longer there';
    if (found.buffer.bytes !== plan.slots[i].bytes && !plan.slots[i].isMovable) return 'memory has another size';
    tensors.push(found);
    buffers.add(found.buffer);
    externals++;
  }
  if (buffers.size !== externals) return 'tensors share memory that they did not share';
  const change = gradientChange(plan.gradients, args);
  if (change !== null) return change;
  const lists = new Map<readonly number[], readonly number[]>();
  for (const [list, again] of plan.lists) {
    const now = again();
    if (now === null) return 'the rule of an optimizer has changed';
    lists.set(list, now);
  }
  return { tensors, lists };
}

/** Whether a call begins as the recorded one did, as far as modules, optimizers and gradients go. */
export function beginsAs({ guards, gradients }: Pick<Plan, 'guards' | 'gradients'>, args: readonly Tensor[]): boolean {
  return guards.every((guard) => guard.change() === null) && gradientChange(gradients, args) === null;
}

function gradientChange(gradients: Plan['gradients'], args: readonly Tensor[]): string | null {
  for (const { leaf, wasNull } of gradients) {
    const t = leaf.find(args);
    if (t === null || t.isFreed) return `${leaf.what} is no longer there`;
    if ((t.ownGrad === null) !== wasNull) return `${leaf.what} ${wasNull ? 'had no gradient' : 'had a gradient'}`;
    if ((t.autograd.hooks?.size ?? 0) > 0) return `${leaf.what} has hooks`;
  }
  return null;
}

/** Makes the numbers and data that change from call to call, in the order in which the function makes them. */
function makeAnew(plan: Plan): { draws: Map<number, readonly number[]>; data: Map<PlanStep, ArrayBufferView> } {
  const draws = new Map<number, readonly number[]>();
  const data = new Map<PlanStep, ArrayBufferView>();
  plan.hosts.forEach((host, i) => {
    if (host.kind === 'draw') draws.set(i, host.draw.again());
    else if (host.kind === 'effect') host.again();
    else {
      const planned = plan.byIndex.get(host.step);
      if (planned?.step.kind === 'upload' && planned.step.again !== null) data.set(planned, planned.step.again());
    }
  });
  return { draws, data };
}

/** Runs a kernel of which it is only known that it was run with such views before. */
function runAny(device: AnyDevice, kernel: KernelName, inputs: Operands, outputs: Operands, params: unknown): void {
  device.run(kernel, inputs, outputs, params);
}

interface AnyDevice {
  run(kernel: KernelName, inputs: Operands, outputs: Operands, params: unknown): void;
}

/** Runs the plan; gives what the function would return. */
export function replay(plan: Plan, { tensors, lists }: Found, args: readonly Tensor[]): unknown {
  const { slots } = plan;
  const { draws, data } = makeAnew(plan);
  const leaves = plan.gradients.map(({ leaf }) => leaf.find(args) as Tensor);
  plan.gradients.forEach(({ after, isUsed }, i) => {
    if (after !== 'same' && !isUsed) leaves[i].replaceGrad(null);
  });
  const storages = new Map<number, Storage>();
  const buffers: (DeviceBuffer | null)[] = tensors.map((t) => t?.buffer ?? null);
  const made: Tensor[] = [];
  noteOperands([tensors, made]);
  for (const slot of plan.outliving) {
    const { device, bytes, dtype } = slots[slot];
    const storage = new Storage(device, bytes, dtype);
    storage.isDerived = true;
    storages.set(slot, storage);
    buffers[slot] = storage.buffer;
    const held = { device, dtype, shape: [0], strides: [1], offset: 0, bytes, requiresGrad: false };
    made.push(unscoped(() => tensorOver(storage, held, null)));
  }
  const shifts = tensors.map((t, i) => (t !== null && slots[i].isMovable ? t.offset : 0));
  const viewsOf = (views: SlotViews): (View | null)[] =>
    views.map((view) => {
      if (view === null) return null;
      const { slot, dtype, shape, strides, offset } = view;
      return { buffer: buffers[slot] as DeviceBuffer, dtype, shape, strides, offset: offset + shifts[slot] };
    });
  const temporary = new Set<number>();
  try {
    for (const planned of plan.steps) {
      const { step, scalars } = planned;
      for (const slot of planned.allocate) {
        buffers[slot] = slots[slot].device.allocate(slots[slot].bytes, slots[slot].dtype);
        temporary.add(slot);
      }
      if (step.kind === 'run') {
        let { params } = step;
        if (scalars !== null) {
          const { program, scalars: recorded } = params as PointwiseParams;
          if ('list' in scalars) params = { program, scalars: lists.get(scalars.list) };
          else {
            const now = [...recorded];
            for (const { scalar, draw, at } of scalars.drawn) now[scalar] = (draws.get(draw) as readonly number[])[at];
            params = { program, scalars: now };
          }
        }
        runAny(step.device, step.kernel, viewsOf(step.inputs), viewsOf(step.outputs), params);
      } else if (step.kind === 'upload') {
        slots[step.slot].device.upload(buffers[step.slot] as DeviceBuffer, data.get(planned) ?? step.data, step.start);
      } else {
        slots[step.slot].device.seal(buffers[step.slot] as DeviceBuffer);
      }
      for (const slot of planned.free) {
        slots[slot].device.free(buffers[slot] as DeviceBuffer);
        temporary.delete(slot);
      }
    }
  } finally {
    for (const slot of temporary) slots[slot].device.free(buffers[slot] as DeviceBuffer);
  }
  for (const slot of plan.written) (tensors[slot] as Tensor).storage.version++;
  plan.gradients.forEach(({ after }, i) => {
    if (after === 'null') leaves[i].replaceGrad(null);
    else if (after !== 'same') {
      const storage = storages.get(after.slot) as Storage;
      leaves[i].replaceGrad(unscoped(() => tensorOver(storage, after.layout, null)));
    }
  });
  const result = resultOf(plan.result, storages, args);
  for (const t of made) t.release();
  for (const device of plan.marked) device.mark();
  return result;
}
