// What kernels take on the GPU, by timestamp queries: a pass of its own for each, whose begin and end the GPU notes.
// https://www.w3.org/TR/webgpu/#timestamp
import type { MeasuredCommand } from '../../base/observer';

// GPUBufferUsage and GPUMapMode, which are not there before a browser has WebGPU.
const MAP_READ = 1;
const COPY_SRC = 4;
const COPY_DST = 8;
const QUERY_RESOLVE = 512;
/** Most kernels of one flush that are measured: a query set may have 4096 queries, two for each. */
const MOST = 2048;
const STAMP_BYTES = 8;
const NANOSECONDS = 1e6;

/** The kernels of one flush. */
export interface FlushTiming {
  /** How the pass of kernel `seq` begins; null if it is not measured. */
  passOf(seq: number, name: string): GPUComputePassDescriptor | null;
  /** Behind the last pass. */
  resolve(encoder: GPUCommandEncoder): void;
  /** Behind the submission. */
  read(): void;
}

/** Measures kernels of one device. */
export class GpuTimer {
  /** From the GPU's clock to the page's, in ms: the greatest that has no kernel begin before it was submitted. */
  private shift = -Infinity;
  private readonly reading = new Set<Promise<void>>();

  private constructor(
    private readonly device: GPUDevice,
    private readonly tell: (times: readonly MeasuredCommand[]) => void,
  ) {}

  /** Null where the device has no such queries. */
  static of(device: GPUDevice, tell: (times: readonly MeasuredCommand[]) => void): GpuTimer | null {
    return device.features.has('timestamp-query') ? new GpuTimer(device, tell) : null;
  }

  /** For a flush of `count` kernels. */
  begin(count: number): FlushTiming {
    const { device } = this;
    const querySet = device.createQuerySet({ type: 'timestamp', count: 2 * Math.min(count, MOST) });
    const kernels: { readonly seq: number; readonly name: string }[] = [];
    let staging: GPUBuffer | null = null;
    let resolved: GPUBuffer | null = null;
    return {
      passOf: (seq, name) => {
        if (kernels.length === MOST) return null;
        const at = 2 * kernels.length;
        kernels.push({ seq, name });
        return { timestampWrites: { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 } };
      },
      resolve: (encoder) => {
        if (kernels.length === 0) return;
        const size = 2 * kernels.length * STAMP_BYTES;
        resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC });
        staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
        encoder.resolveQuerySet(querySet, 0, 2 * kernels.length, resolved, 0);
        encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      },
      read: () => {
        const submitted = performance.now();
        const from = staging;
        if (from === null) {
          querySet.destroy();
          return;
        }
        const stamps = from.mapAsync(MAP_READ).then(
          () => {
            const values = new BigUint64Array(from.getMappedRange().slice(0));
            this.note(kernels, values, submitted);
            for (const gone of [querySet, resolved, from]) gone?.destroy();
          },
          // The device is lost.
          () => undefined,
        );
        this.reading.add(stamps);
        void stamps.then(() => this.reading.delete(stamps));
      },
    };
  }

  /** Resolves when all that was submitted is read. */
  async allRead(): Promise<void> {
    await Promise.all(this.reading);
  }

  private note(kernels: readonly { seq: number; name: string }[], stamps: BigUint64Array, submitted: number): void {
    const ms = (i: number): number => Number(stamps[i]) / NANOSECONDS;
    this.shift = Math.max(this.shift, submitted - ms(0));
    this.tell(
      kernels.map(({ seq, name }, i) => {
        const [start, end] = [ms(2 * i), ms(2 * i + 1)];
        // Where the clock was set anew in between, the difference says nothing.
        return { seq, name, start: start + this.shift, end: Math.max(start, end) + this.shift };
      }),
    );
  }
}
