// Memory of the webgpu device: one GPUBuffer per storage, recycled by size. The page hands blocks out and takes them back
// at once, because commands run in the order in which they are queued; the GPUBuffer itself is made when a command first
// uses it, so that tensors can be made before the adapter has answered.
import { itemSize, type DType } from '../../base/dtype';
import { StreamBuffer } from '../faults';

/** Elements of every dtype take four bytes here: int64 is stored as int32, bool and uint8 as u32. */
export const ELEMENT_BYTES = 4;

/** Room for one storage. */
export interface Block {
  readonly id: number;
  /** Bytes of the GPUBuffer. */
  readonly size: number;
  gpu: GPUBuffer | null;
}

/** A buffer of the webgpu device; `bytes` counts elements as the other devices store them. */
export class GpuBuffer extends StreamBuffer {
  constructor(
    bytes: number,
    born: number,
    readonly dtype: DType,
    readonly block: Block,
    /** The pool that the block goes back to; blocks of a lost device do not. */
    readonly pool: BlockPool,
  ) {
    super(bytes, born);
  }
}

/** Bytes that `bytes` of `dtype` take on the device. */
export const storedBytes = (bytes: number, dtype: DType): number => (bytes / itemSize(dtype)) * ELEMENT_BYTES;

const SMALLEST = 256;
/** Free blocks beyond this, and beyond what is live, are given back to the system. Bytes. */
const SPARE = 256 * 2 ** 20;

/** `bytes` rounded up to one of four sizes between powers of two, so that similar requests share blocks. */
function sizeClass(bytes: number): number {
  if (bytes <= SMALLEST) return SMALLEST;
  const step = 2 ** Math.max(8, Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

/** Blocks of one GPUDevice. */
export class BlockPool {
  live = 0;
  reserved = 0;
  peak = 0;
  private made = 0;
  private readonly free = new Map<number, Block[]>();

  /** `discard` destroys a block's GPUBuffer after what is queued. */
  constructor(private readonly discard: (block: Block) => void) {}

  /** A block of at least `bytes`; contents undefined. */
  take(bytes: number): Block {
    const size = sizeClass(bytes);
    this.live += size;
    this.peak = Math.max(this.peak, this.live);
    const block = this.free.get(size)?.pop();
    if (block !== undefined) return block;
    this.reserved += size;
    return { id: this.made++, size, gpu: null };
  }

  /** Takes a block back; what is queued may still use it. */
  give(block: Block): void {
    this.live -= block.size;
    const same = this.free.get(block.size);
    if (same === undefined) this.free.set(block.size, [block]);
    else same.push(block);
    if (this.reserved - this.live > SPARE && this.reserved > 2 * this.live) this.trim();
  }

  /** Gives all free blocks back to the system. */
  trim(): void {
    for (const blocks of this.free.values()) {
      for (const block of blocks.splice(0)) {
        this.reserved -= block.size;
        this.discard(block);
      }
    }
  }
}
