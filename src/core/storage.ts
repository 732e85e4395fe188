// Who owns device memory. A Storage counts its owners and is freed when none is left, or when the garbage
// collector finds that nothing refers to it any more. Scopes release the handles made inside them: scope.ts.
import { collect, giveBack, handOut } from './garbage';
import type { Reclaimable } from './inUse';
import { keepToBudget } from './reclaim';
import { nextSerial, noteFreed, noteMade, operationsSinceTurn } from './taskRecord';
import type { AllocatedBuffer, Device } from '../device/contract';
import type { DType } from '../base/dtype';
import { FreedError } from '../base/errors';
import { observing } from '../base/observer';
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
  observing.current?.free(allocation.buffer);
}

// What is freed in the task that made it is never registered (`watch`), and nothing is unregistered: a token would cost more than
// the flag.
const collected = new FinalizationRegistry<Allocation>((allocation) => {
  if (!allocation.isFree) collect(allocation.buffer.bytes);
  free(allocation);
});

/** Why memory is not taken back by its looks: it is kept in any case, or is a leaf (or its gradient), which comes last. */
export type Claim = 'kept' | 'leaf';

/** Device memory shared by a tensor and its views. */
export class Storage implements Reclaimable {
  readonly device: Device;
  readonly buffer: AllocatedBuffer;
  /** Bytes that the elements take; the buffer of a device without values holds none. */
  readonly bytes: number;
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
  private leaves = 0;
  private saves = 0;
  private readonly allocation: Allocation;

  /** Memory for `bytes` of elements, contents undefined. @throws OutOfMemoryError, DTypeError if the device lacks the dtype */
  constructor(device: Device, bytes: number, dtype: DType) {
    if (!(bytes >= 0) || bytes % 1 > 0)
      throw new Error(`internal: storage: bytes must be a whole number, got ${bytes}.`);
    if (device.hasValues) keepToBudget(bytes);
    const buffer = device.allocate(bytes, dtype);
    this.device = device;
    this.bytes = bytes;
    this.buffer = buffer;
    this.allocation = { device, buffer, isFree: false };
    handOut(buffer.bytes);
    noteMade(this);
    observing.current?.allocate(this);
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

  get isLeaf(): boolean {
    return this.leaves > 0;
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

  /** Claims it however long it is left alone; `by` -1 ends a claim. */
  claim(claim: Claim, by: 1 | -1): void {
    if (claim === 'kept') this.keeps += by;
    else this.leaves += by;
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

  /**
   * From now on a finalizer frees it. Until the task that made it ends none could run, and the record of the task holds it; a
   * browser runs those of all that a long loop has made in one task.
   */
  watch(): void {
    if (!this.isFree) collected.register(this, this.allocation);
  }

  /** Frees it under its owners: see reclaim.ts. */
  reclaim(): void {
    this.reclaimedAfter = Math.max(1, operationsSinceTurn());
    free(this.allocation);
    giveBack(this.buffer.bytes);
  }
}

/** Is told of the handles that are made while it is current: scopes. */
export interface Tracker {
  /** @internal */
  track(handle: Handle): void;
  /** @internal */
  hold(holder: object): void;
}

/** Who is told of handles now. */
export const tracking: { current: Tracker | null } = { current: null };

/** What a scope can free: a claim on a storage that ends with `release`. Tensor is the one subclass. */
export abstract class Handle {
  abstract readonly shape: Shape;
  private held: Storage;
  private open = true;
  private outlives = false;
  private claimed: Claim | null = null;
  /** @internal The library's code that has made it and that alone has seen it; null if others have. */
  maker: Tracker | null = null;

  constructor(storage: Storage) {
    this.held = storage;
    storage.retain();
    tracking.current?.track(this);
  }

  /** Outlives every scope: parameters, gradients, what `keep` was called on. */
  get kept(): boolean {
    return this.outlives;
  }

  set kept(value: boolean) {
    this.outlives = value;
    this.claim(value ? 'kept' : null);
  }

  /** Outlives every scope, as a leaf or its gradient does. */
  protected keepAs(claim: Claim): void {
    this.outlives = true;
    this.claim(claim);
  }

  /** Why the memory is not taken back while this handle is there; null: it may be. */
  protected claim(claim: Claim | null): void {
    if (this.claimed === claim || !this.open) return;
    if (this.claimed !== null) this.held.claim(this.claimed, -1);
    this.claimed = claim;
    if (claim !== null) this.held.claim(claim, 1);
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

  /** @internal The error for a use after it was freed; `op` names the op or the argument. */
  freedError(op: string): FreedError {
    const { shape } = this;
    const operations = this.held.reclaimedAfter;
    const what = `${op}: a tensor of shape ${formatShape(shape)} was freed`;
    if (!this.open)
      return new FreedError(null, `${what} by the scope it was made in; return it or keep() it.`, { shape });
    return new FreedError(
      null,
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
    this.claim(null);
    this.open = false;
    this.held.release();
  }

  /** Moves the claim to another storage: how a parameter keeps its identity through `to` and lazy materialisation. */
  protected moveTo(storage: Storage): void {
    storage.retain();
    const { claimed } = this;
    this.claim(null);
    if (this.open) this.held.release();
    this.open = true;
    this.held = storage;
    this.claim(claimed);
  }
}
