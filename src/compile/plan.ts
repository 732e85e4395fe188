// A plan is what a function does, made of two recordings of it that agree: its kernels in order, over memory that is found again
// or allocated anew, with the numbers that change from call to call as inputs. Where the recordings differ there is none.
import type { Device, PointwiseParams } from '../device/contract';
import { isPlainObject } from '../base/arguments';
import { formatShape } from '../base/shape';
import type { Guard } from './guards';
import type { GradientChange, Host, Obstacle, Recording, Run, Slot, SlotViews, Step } from './recording';
import { slotsOf, type Result } from './result';
import { sameSource, type Layout } from './source';

/** A scalar that was drawn: number `at` of draw `draw`. */
interface Drawn {
  readonly scalar: number;
  readonly draw: number;
  readonly at: number;
}

/** Where the changing scalars of a kernel come from. */
export type Scalars = { readonly list: readonly number[] } | { readonly drawn: readonly Drawn[] } | null;

/** One step, and the memory that is needed from it on or no longer. */
export interface PlanStep {
  readonly step: Step;
  /** Its number in the recording. */
  readonly index: number;
  readonly scalars: Scalars;
  readonly allocate: readonly number[];
  readonly free: readonly number[];
}

export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly slots: readonly Slot[];
  readonly hosts: readonly Host[];
  /** Steps by their number in the recording. */
  readonly byIndex: ReadonlyMap<number, PlanStep>;
  readonly lists: Recording['scalars'];
  readonly gradients: readonly GradientChange[];
  readonly guards: readonly Guard[];
  readonly result: Result;
  readonly marked: ReadonlySet<Device>;
  /** Slots that outlive the call. */
  readonly outliving: ReadonlySet<number>;
  /** Slots from before that are written. */
  readonly written: ReadonlySet<number>;
}

/** The plan that both recordings follow, or where they part. */
export function planOf(first: Recording, second: Recording): Plan | Obstacle {
  const parted = difference(first, second);
  if (parted !== null) return parted;
  const scalars: Scalars[] = [];
  for (let i = 0; i < second.steps.length; i++) {
    const found = scalarsOf(i, first, second);
    if (found !== null && 'what' in found) return found;
    scalars.push(found);
  }
  const outliving = new Set<number>();
  slotsOf(second.result, outliving);
  for (const { after } of second.gradients) if (typeof after === 'object') outliving.add(after.slot);
  const { steps, slots, hosts, scalars: lists, gradients, guards, result, marked } = second;
  const planned = withMemory(steps, slots, outliving, scalars);
  return {
    steps: planned,
    byIndex: new Map(planned.map((step) => [step.index, step])),
    slots,
    hosts,
    lists,
    gradients,
    guards,
    result,
    marked,
    outliving,
    written: writtenBy(second),
  };
}

/** Slots that a step uses. */
export function slotsIn(step: Step): number[] {
  if (step.kind !== 'run') return [step.slot];
  return [...step.inputs, ...step.outputs].flatMap((view) => (view === null ? [] : [view.slot]));
}

/** The steps, with the memory of what is made and used inside alone from its first use to its last. */
function withMemory(
  steps: readonly Step[],
  slots: readonly Slot[],
  outliving: ReadonlySet<number>,
  scalars: readonly Scalars[],
): PlanStep[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  steps.forEach((step, i) => {
    for (const slot of slotsIn(step)) {
      if (slots[slot].external !== null || outliving.has(slot)) continue;
      if (!first.has(slot)) first.set(slot, i);
      // That its first value is complete is no use of it.
      if (step.kind !== 'seal') last.set(slot, i);
    }
  });
  const at = (uses: ReadonlyMap<number, number>): number[][] => {
    const lists = steps.map((): number[] => []);
    for (const [slot, i] of uses) lists[i].push(slot);
    return lists;
  };
  const [allocate, free] = [at(first), at(last)];
  const isUsed = (step: Step, i: number): boolean =>
    step.kind !== 'seal' || !last.has(step.slot) || (last.get(step.slot) as number) > i;
  return steps.flatMap((step, i) =>
    isUsed(step, i) ? [{ step, index: i, scalars: scalars[i], allocate: allocate[i], free: free[i] }] : [],
  );
}

function writtenBy({ steps, slots }: Recording): Set<number> {
  const written = new Set<number>();
  for (const step of steps) {
    if (step.kind !== 'run') continue;
    for (const view of step.outputs) if (view !== null && slots[view.slot].external !== null) written.add(view.slot);
  }
  return written;
}

// ---- comparison

function difference(a: Recording, b: Recording): Obstacle | null {
  const part = (what: string, at: Error | null = null): Obstacle => ({ what, at });
  for (let i = 0; i < Math.min(a.steps.length, b.steps.length); i++) {
    const what = stepDifference(a.steps[i], b.steps[i]);
    if (what !== null) return part(what, atOf(b.steps[i]));
  }
  if (a.steps.length !== b.steps.length) {
    const longer = a.steps.length > b.steps.length ? a : b;
    const at = atOf(longer.steps[Math.min(a.steps.length, b.steps.length)]);
    return part(`a call did ${a.steps.length} things and the next one ${b.steps.length}`, at);
  }
  for (let i = 0; i < a.slots.length; i++) {
    const what = slotDifference(a.slots[i], b.slots[i]);
    if (what !== null) return part(what, firstUse(b, i));
  }
  const again = a.hosts.find((host, i) => isSameDraw(host, b.hosts[i], a, b));
  if (again !== undefined) return part('the same random numbers are drawn at each call, as a seed is set in it');
  const drawsOf = ({ hosts }: Recording): string[] => hosts.map(({ kind }) => kind);
  if (drawsOf(a).join() !== drawsOf(b).join()) return part('random numbers are drawn in another order at each call');
  if (a.gradients.length !== b.gradients.length) return part('the gradients of other leaves change at each call');
  for (let i = 0; i < a.gradients.length; i++) {
    if (!alike(a.gradients[i], b.gradients[i]))
      return part(`${b.gradients[i].leaf.what} gets its gradient in another way`);
  }
  if (!alike(a.result, b.result)) return part('it returns something else at each call');
  return null;
}

/** Data of fewer bytes may be the same by chance. */
const CHANCE = 64;

/** Whether both calls have drawn the same, which a generator does that is seeded in the call. */
function isSameDraw(a: Host, b: Host | undefined, first: Recording, second: Recording): boolean {
  if (a.kind === 'draw') return b?.kind === 'draw' && alike(a.draw.numbers, b.draw.numbers);
  if (a.kind !== 'upload' || b?.kind !== 'upload') return false;
  const [x, y] = [first.steps[a.step], second.steps[b.step]];
  if (x.kind !== 'upload' || y.kind !== 'upload' || x.again === null || x.data.length < CHANCE) return false;
  return x.data.length === y.data.length && x.data.every((byte, i) => byte === y.data[i]);
}

const atOf = (step: Step): Error | null => (step.kind === 'seal' ? null : step.at);

const firstUse = ({ steps }: Recording, slot: number): Error | null =>
  atOf(steps.find((step) => step.kind !== 'seal' && slotsIn(step).includes(slot)) as Step);

function stepDifference(a: Step, b: Step): string | null {
  if (a.kind === 'run' && b.kind === 'run') {
    if (a.kernel !== b.kernel || a.device !== b.device)
      return `a call runs ${a.kernel} where the next one runs ${b.kernel}`;
    if (!sameViews(a.inputs, b.inputs) || !sameViews(a.outputs, b.outputs)) {
      return `${nameOf(b)} works on other memory or shapes at each call`;
    }
    return null;
  }
  if (a.kind === 'upload' && b.kind === 'upload') {
    if (a.slot !== b.slot || a.start !== b.start || a.data.length !== b.data.length)
      return 'other data come from the page';
    if ((a.again === null) !== (b.again === null)) return 'data come from the page in another way';
    if (b.again === null && a.data.some((byte, i) => byte !== b.data[i])) {
      return 'data that the page computes differ from call to call; pass them as an argument';
    }
    return null;
  }
  if (a.kind === 'seal' && b.kind === 'seal') return a.slot === b.slot ? null : 'memory is made in another order';
  return 'a call does something else than the next one';
}

const sameViews = (a: SlotViews, b: SlotViews): boolean =>
  a.length === b.length && a.every((view, i) => alike(view, b[i]));

/** What a kernel is called in messages. */
export const nameOf = ({ kernel, params }: Run): string => (isPointwise(params) ? params.program.name : kernel);

const isPointwise = (params: unknown): params is PointwiseParams =>
  typeof params === 'object' && params !== null && 'program' in params && 'scalars' in params;

function slotDifference(a: Slot, b: Slot): string | null {
  if ((a.external === null) !== (b.external === null)) return 'memory is made at one call and used at the next';
  if (a.device !== b.device || a.bytes !== b.bytes || a.dtype !== b.dtype)
    return 'memory of another size is used at each call';
  if (a.external === null || b.external === null) return null;
  if (a.isMovable !== b.isMovable) return 'an argument is used in another way at each call';
  const [was, now] = [a.external.sources, b.external.sources];
  if (was.length === now.length && was.every((source, i) => sameSource(source, now[i]))) return null;
  return `${now[0].what} was another one at the call before; pass it as an argument`;
}

/** Whether two values are of equal structure, with the same things in it. Sources are compared by their keys. */
function alike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => alike(item, b[i]));
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  if ('key' in a && 'find' in a) return 'key' in b && alike(a.key, b.key);
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => alike(Reflect.get(a, name), Reflect.get(b, name)))
  );
}

/** Where the scalars of a kernel come from that were not the same at both calls, or that they come from nowhere known. */
function scalarsOf(i: number, first: Recording, second: Recording): Scalars | Obstacle {
  const [a, b] = [first.steps[i], second.steps[i]];
  if (a.kind !== 'run' || b.kind !== 'run') return null;
  if (!isPointwise(a.params) || !isPointwise(b.params)) {
    if (alike(a.params, b.params)) return null;
    return { what: `a number that ${nameOf(b)} takes differs from call to call; pass it as an argument`, at: b.at };
  }
  if (a.params.program !== b.params.program)
    return { what: `a call computes ${nameOf(a)}, the next one ${nameOf(b)}`, at: b.at };
  const [was, now] = [a.params.scalars, b.params.scalars];
  if (second.scalars.has(now) && first.scalars.has(was)) return { list: now };
  const drawn: Drawn[] = [];
  for (let scalar = 0; scalar < now.length; scalar++) {
    const found = drawOf(was[scalar], now[scalar], first, second);
    if (found !== null) drawn.push({ scalar, ...found });
    else if (!Object.is(was[scalar], now[scalar])) {
      const what = `a number that ${nameOf(b)} takes was ${was[scalar]} at one call and ${now[scalar]} at the next`;
      return { what: `${what}; pass it as an argument or as a tensor`, at: b.at };
    }
  }
  return drawn.length === 0 ? null : { drawn };
}

/** The draw that gave both values. */
function drawOf(was: number, now: number, first: Recording, second: Recording): Omit<Drawn, 'scalar'> | null {
  for (let i = 0; i < second.hosts.length; i++) {
    const [a, b] = [first.hosts[i], second.hosts[i]];
    if (a.kind !== 'draw' || b.kind !== 'draw') continue;
    const at = b.draw.numbers.findIndex((value, j) => value === now && a.draw.numbers[j] === was);
    if (at >= 0) return { draw: i, at };
  }
  return null;
}

/** A layout in words. */
export const layoutText = ({ dtype, shape }: Pick<Layout, 'dtype' | 'shape'>): string =>
  `${dtype}${formatShape(shape)}`;
