// What must stay whatever it looks like: what an operation that is being queued reads, what calls that go on were given, what
// code of the library that runs has made, and what modules hold.
import type { AllocatedBuffer, Device } from '../device/contract';

/** Device memory that may be taken back; Storage is the one that implements it. */
export interface Reclaimable {
  readonly device: Device;
  readonly buffer: AllocatedBuffer;
  /** In order of making. */
  readonly serial: number;
  readonly isFree: boolean;
  /** Whether it must stay. */
  readonly isKept: boolean;
  /** Whether it is a leaf that asks for gradients, or the gradient of one. */
  readonly isLeaf: boolean;
  /** Whether a graph has saved it. */
  readonly isSaved: boolean;
  /** Computed from tensors. */
  readonly isDerived: boolean;
  /** Whether the user's code outside of the call that made it may have got hold of it. */
  readonly isShown: boolean;
  reclaim(): void;
  /** Leaves it to the garbage collector. */
  watch(): void;
}

/** A tensor, to this file. */
interface Claimant {
  readonly reclaimable: Reclaimable;
}

/** Key of a Keeper's list of tensors. */
export const heldTensors = Symbol('heldTensors');

/** Something whose tensors stay: modules, optimizers. */
export interface Keeper {
  [heldTensors](seen?: Set<object>): Iterable<Claimant>;
}

let operands: readonly unknown[] = [];
/** What the modules were given whose calls go on, the outermost first. */
export const activeCalls: (readonly unknown[])[] = [];
const working: (readonly Claimant[])[] = [];

/** Says what the operation that is being queued reads. */
export function noteOperands(inputs: readonly unknown[]): void {
  operands = inputs;
}

/** Code of the library begins, which puts into `made` what it makes and frees it at its end, which `noteEnd` tells. */
export function noteWork(made: readonly Claimant[]): void {
  working.push(made);
}

export function noteEnd(): void {
  working.pop();
}

/** What is known to be in use, what `keepers` hold included. */
export function inUse(keepers: Iterable<Keeper>): ReadonlySet<Reclaimable> {
  const spared = memoryIn([operands, activeCalls]);
  for (const made of working) for (const { reclaimable } of made) spared.add(reclaimable);
  const seen = new Set<object>();
  for (const keeper of keepers) for (const { reclaimable } of keeper[heldTensors](seen)) spared.add(reclaimable);
  return spared;
}

/** The memory of the tensors in `value`, as deep as anything but a function goes. */
export function memoryIn(value: unknown): Set<Reclaimable> {
  const found = new Set<Reclaimable>();
  gather(value, found, new Set());
  return found;
}

function gather(value: unknown, into: Set<Reclaimable>, seen: Set<unknown>): void {
  if (value === null || typeof value !== 'object' || seen.has(value) || ArrayBuffer.isView(value)) return;
  seen.add(value);
  if ('reclaimable' in value) into.add((value as Claimant).reclaimable);
  else for (const item of isIterable(value) ? value : Object.values(value)) gather(item, into, seen);
}

const isIterable = (value: object): value is Iterable<unknown> =>
  Array.isArray(value) || value instanceof Map || value instanceof Set;
