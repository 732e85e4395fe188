// Who owns device memory. A Storage counts its owners and is freed when none is left, or when the garbage
// collector finds that nothing refers to it any more. Scopes release the handles made inside them.
import { isPlainObject } from '../base/arguments';
import { FUNCTION, kind } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { collect, giveBack, handOut } from './garbage';
import {
  heldTensors, keepToBudget, nextSerial, noteFreed, noteKeeper, noteMade, operationsSinceTurn, type Reclaimable,
} from './reclaim'; // prettier-ignore
import type { AllocatedBuffer, Device } from '../device/contract';
import type { DType } from '../base/dtype';
import { FreedError } from '../base/errors';
import { formatShape, type Shape } from '../base/shape';

/** What outlives a Storage object, so that its memory can be freed after it. */
interface Allocation {
  readonly device: Device;
  readonly buffer: AllocatedBuffer;
  isFree: boolean;
}

function free(allocation: Allocation): void {
  if (allocation.isFree) return;
  allocation.isFree = true;
  allocation.device.free(allocation.buffer);
  noteFreed(allocation.buffer.bytes);
}

// Nothing is ever unregistered: a token would cost more than the flag.
const collected = new FinalizationRegistry<Allocation>((allocation) => {
  if (!allocation.isFree) collect(allocation.buffer.bytes);
  free(allocation);
});

/** Device memory shared by a tensor and its views. */
export class Storage implements Reclaimable {
  readonly device: Device;
  readonly buffer: AllocatedBuffer;
  readonly serial = nextSerial();
  /** Counts in-place changes; a saved tensor remembers the version it was saved at. */
  version = 0;
  /** Computed from other tensors. */
  isDerived = false;
  /** Seen by code that runs around calls, such as hooks, and may keep what it sees. */
  isShown = false;
  /** How many operations nothing was awaited for when it was taken back; 0 if it was not. */
  reclaimedAfter = 0;
  private owners = 0;
  private keeps = 0;
  private saves = 0;
  private readonly allocation: Allocation;

  /** Memory for `bytes` of elements, contents undefined. @throws OutOfMemoryError, DTypeError if the device lacks the dtype */
  constructor(device: Device, bytes: number, dtype: DType) {
    if (!(bytes >= 0) || bytes % 1 > 0)
      throw new Error(`internal: storage: bytes must be a whole number, got ${bytes}.`);
    keepToBudget(bytes);
    const buffer = device.allocate(bytes, dtype);
    this.device = device;
    this.buffer = buffer;
    this.allocation = { device, buffer, isFree: false };
    collected.register(this, this.allocation);
    handOut(bytes);
    noteMade(this);
  }

  /** Whether one owner alone holds it. */
  get isExclusive(): boolean {
    return this.owners === 1;
  }

  get isFree(): boolean {
    return this.allocation.isFree;
  }

  get isKept(): boolean {
    return this.keeps > 0;
  }

  get isSaved(): boolean {
    return this.saves > 0;
  }

  retain(): void {
    this.owners++;
  }

  release(): void {
    if (--this.owners > 0 || this.allocation.isFree) return;
    free(this.allocation);
    giveBack(this.buffer.bytes);
  }

  /** Claims it for as long as its owner is used, whatever it looks like; `by` -1 ends a claim. */
  keep(by: 1 | -1): void {
    this.keeps += by;
  }

  /** Holds it for a graph. */
  save(): void {
    this.owners++;
    this.saves++;
  }

  /** Ends a claim made by `save`. */
  unsave(): void {
    this.saves--;
    this.release();
  }

  /** Frees it under its owners: see reclaim.ts. */
  reclaim(): void {
    this.reclaimedAfter = Math.max(1, operationsSinceTurn());
    free(this.allocation);
    giveBack(this.buffer.bytes);
  }
}

/** What a scope can free: a claim on a storage that ends with `release`. Tensor is the one subclass. */
export abstract class Handle {
  abstract readonly shape: Shape;
  private held: Storage;
  private open = true;
  private outlives = false;
  private claims = false;

  constructor(storage: Storage) {
    this.held = storage;
    storage.retain();
    current?.track(this);
  }

  /** Outlives every scope: parameters, gradients, what `keep` was called on. */
  get kept(): boolean {
    return this.outlives;
  }

  set kept(value: boolean) {
    this.outlives = value;
    this.claim(value);
  }

  /** Whether the memory is never taken back while this handle is there. */
  protected claim(value: boolean): void {
    if (this.claims === value || !this.open) return;
    this.claims = value;
    this.held.keep(value ? 1 : -1);
  }

  /** Whether its scope has freed it, or memory ran short. */
  get isFreed(): boolean {
    return !this.open || this.held.reclaimedAfter > 0;
  }

  /** @throws FreedError if this handle was freed. */
  get storage(): Storage {
    if (this.isFreed) throw this.freedError('tensor');
    return this.held;
  }

  /** @internal */
  get reclaimable(): Storage {
    return this.held;
  }

  /** The error for a use after it was freed; `op` names the op or the argument. */
  freedError(op: string): FreedError {
    const { shape } = this;
    const operations = this.held.reclaimedAfter;
    const what = `${op}: a tensor of shape ${formatShape(shape)} was freed`;
    if (!this.open) return new FreedError(`${what} by the scope it was made in; return it or keep() it.`, { shape });
    return new FreedError(
      `${what}, as nothing was awaited for ${operations} operations, memory ran short and nothing seemed to use it any more. ` +
        `keep() it or return it from the module that makes it, or await something now and then: await loss.item().`,
      { shape, operations },
    );
  }

  /** The storage of a handle that may be freed, while something else holds the memory. */
  protected get storageUnchecked(): Storage {
    return this.held;
  }

  /** Gives up the claim. The memory is freed when nothing else holds it. */
  release(): void {
    if (!this.open) return;
    this.claim(false);
    this.open = false;
    this.held.release();
  }

  /** Moves the claim to another storage: how a parameter keeps its identity through `to` and lazy materialisation. */
  protected moveTo(storage: Storage): void {
    storage.retain();
    const { claims } = this;
    this.claim(false);
    if (this.open) this.held.release();
    this.open = true;
    this.held = storage;
    this.claim(claims);
  }
}

/** Something that holds tensors which must outlive the scope it was made or used in: modules, optimizers. */
export interface Holder {
  /** Those of holders inside it too, except what is in `seen`, to which it adds itself and them. */
  [heldTensors](seen?: Set<object>): Iterable<Handle>;
}
export { heldTensors };

const isHolder = (value: object): value is Holder => heldTensors in value;

/** The handles that were made while it was current, and frees them when it ends. */
export class Scope {
  private handles: Handle[] = [];
  private readonly holders = new Set<Holder>();
  private readonly outer: Scope | null;

  /** @internal Use `scope()`. */
  constructor(outer: Scope | null) {
    this.outer = outer;
  }

  /** @internal */
  track(handle: Handle): void {
    this.handles.push(handle);
  }

  /** @internal */
  hold(holder: Holder): void {
    this.holders.add(holder);
  }

  /** Runs `fn` so that this scope owns the tensors made in it: the way back into a scope after an await. */
  run<T>(fn: () => T): T {
    return runIn(this, fn);
  }

  /** Frees every tensor made inside, except what is kept, held by a module or optimizer used inside, or part of `result`. */
  end(result?: unknown): void {
    const spared = new Set<Handle>();
    collectHandles(result, spared, new Set());
    // A module comes before those that it calls, and has their tensors too.
    const seen = new Set<object>();
    for (const holder of this.holders) {
      for (const handle of holder[heldTensors](seen)) spared.add(handle);
      this.outer?.hold(holder);
    }
    const handles = this.handles;
    this.handles = [];
    this.holders.clear();
    for (const handle of handles) {
      if (handle.kept) continue;
      if (spared.has(handle)) this.outer?.track(handle);
      else handle.release();
    }
  }

  [Symbol.dispose](): void {
    if (current === this) current = this.outer;
    this.end();
  }
}

let current: Scope | null = null;

function runIn<T>(s: Scope | null, fn: () => T): T {
  const before = current;
  current = s;
  try {
    return fn();
  } finally {
    current = before;
  }
}

function collectHandles(value: unknown, into: Set<Handle>, seen: Set<object>): void {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Handle) into.add(value);
  else if (isHolder(value)) for (const handle of value[heldTensors]()) into.add(handle);
  else if (Array.isArray(value)) for (const item of value) collectHandles(item, into, seen);
  else if (value instanceof Map) for (const item of value.values()) collectHandles(item, into, seen);
  else if (value instanceof Set) for (const item of value) collectHandles(item, into, seen);
  else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      for (const item of Object.values(value)) collectHandles(item, into, seen);
    }
  }
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

const SCOPE = signature('scope', [argument('fn', FUNCTION, undefined)]);
/** Whether `keep` finds what it is to keep; that a module or an empty list holds nothing is nobody's mistake. */
function canHold(value: unknown): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  if (value instanceof Handle || isHolder(value)) return true;
  const items: readonly unknown[] | null =
    Array.isArray(value) || value instanceof Set
      ? [...(value as Iterable<unknown>)]
      : value instanceof Map
        ? [...(value as Map<unknown, unknown>).values()]
        : isPlainObject(value)
          ? Object.values(value)
          : null;
  return items !== null && (items.length === 0 || items.some(canHold));
}
const HOLDER = { ...kind<unknown>('a tensor, a module, or a list or an object of these', canHold), takesObject: true };
const KEEP = signature('keep', [argument('value', HOLDER)]);

/**
 * Runs `fn` and frees the tensors it made, except what it returns (deep in arrays, plain objects, modules), what is
 * given to `keep`, parameters, buffers, gradients and optimizer state, and what a kept tensor's graph saved.
 * Never needed, an optimisation: memory is bounded without it. With an async `fn` the scope owns what is made before
 * the first await and inside `s.run(() => ...)`, and ends when the promise settles. Without `fn` it is for `using`.
 * @example const loss = scope(() => crossEntropy(net(x), y))
 * @example { using s = scope(); ... }
 */
export function scope(): Scope;
export function scope<T>(fn: (s: Scope) => T): T;
export function scope<T>(...args: readonly [fn?: (s: Scope) => T]): T | Scope {
  SCOPE.values(args);
  const [fn] = args;
  const s = new Scope(current);
  if (fn === undefined) return (current = s);
  let result: T;
  try {
    result = s.run(() => fn(s));
  } catch (error) {
    s.end();
    throw error;
  }
  if (!isPromise(result)) {
    s.end(result);
    return result;
  }
  return result.then(
    (value) => {
      s.end(value);
      return value;
    },
    (error: unknown) => {
      s.end();
      throw error;
    },
  ) as T;
}

/** Takes tensors (deep in arrays, plain objects, modules) out of every scope; returns its argument. */
export function keep<T>(...args: readonly [value: T]): T {
  KEEP.values(args);
  const [value] = args;
  for (const handle of handlesIn(value)) handle.kept = true;
  return value;
}

/** The handles in a value: deep in arrays, plain objects, modules. */
export function handlesIn(value: unknown): Set<Handle> {
  const handles = new Set<Handle>();
  collectHandles(value, handles, new Set());
  return handles;
}

/** Tells the current scope that `holder` was made or used in it, so that the tensors it holds at the end stay. */
export function noteHolder(holder: Holder): void {
  current?.hold(holder);
  noteKeeper(holder);
}

/** Says that code which may keep it, such as a hook, gets to see `value`. */
export function noteShown(value: unknown): void {
  for (const handle of handlesIn(value)) handle.reclaimable.isShown = true;
}

/** Runs `fn` outside every scope: what it makes is freed by count or by the garbage collector. */
export const unscoped = <T>(fn: () => T): T => runIn(null, fn);

/**
 * Runs library code that makes temporaries and returns handles that the caller alone owns, in no scope:
 * a result that was not made inside, or occurs twice, comes back as an `alias` of its own.
 */
export function owned<H extends Handle>(fn: () => readonly (H | null)[], alias: (handle: H) => H): (H | null)[] {
  const made = new Set<Handle>();
  const collector = new Scope(null);
  collector.track = (handle) => void made.add(handle);
  let results: readonly (H | null)[] = [];
  try {
    results = collector.run(fn);
    return unscoped(() => results.map((result) => (result === null || made.delete(result) ? result : alias(result))));
  } finally {
    for (const handle of made) if (!handle.kept) handle.release();
  }
}
