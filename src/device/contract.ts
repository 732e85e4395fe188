// The contract between operations and devices: memory, the command stream, and the one list of kernels
// that every device implements. A device never sees a Tensor, only views; it executes commands in the
// order of the calls and returns at once. Kernels trust their arguments: shape rules have checked them.
import type { DType } from '../base/dtype';
import type { Expression } from '../expression/expression';

export type DeviceName = 'wasm' | 'webgpu';

/** Device memory of one storage. Devices extend it; what is here belongs to the stream (stream.ts). */
export interface DeviceBuffer {
  readonly bytes: number;
}

/** One that was allocated: it knows the device's time (see `Device.clock`) at its use. */
export interface AllocatedBuffer extends DeviceBuffer {
  readonly born: number;
  /** 0 if no command has read it. */
  readonly firstRead: number;
  readonly lastUse: number;
}

/** Elements of a buffer seen with a shape: element (i, j, ...) is at offset + i * strides[0] + j * strides[1] + ... */
export interface View {
  readonly buffer: DeviceBuffer;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  /** In elements. */
  readonly offset: number;
}

/** A dense tensor seen as [outer, n, inner]; the kernel works along n. */
export interface Axis {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

export interface ConvSizes {
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

export interface PoolSizes {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

export interface AvgPoolSizes extends PoolSizes {
  readonly countIncludePad: boolean;
  /** Divides by this instead of the window's size; 0 for the window's size. */
  readonly divisor: number;
}

/** Row normalization: element (r, j) of [rows, n] uses weight[(r % groups) * (n / inner) + floor(j / inner)]. */
export interface RowSizes {
  readonly rows: number;
  readonly n: number;
  readonly groups: number;
  readonly inner: number;
}

export interface BatchSizes {
  readonly batch: number;
  readonly channels: number;
  readonly inner: number;
}

/** How a kernel that meets an index out of range is reported, and which index value to pass over. */
export interface IndexOptions {
  /** The op named in the fault: 'crossEntropy', 'embedding', ... */
  readonly op: string;
  /** What the index is called in the message: 'index', 'label', ... */
  readonly what: string;
  /** Rows with this index give 0 and add nothing. */
  readonly ignore: number | null;
}

export type ReduceKind = 'sum' | 'mean' | 'prod' | 'amax' | 'amin';
export type ArgReduceKind = 'argmax' | 'argmin';
export type ScanKind = 'cumsum' | 'cumprod' | 'logcumsumexp';
/** What `scatter` does with the element that is there. */
export type ScatterKind = 'set' | 'add' | 'mul' | 'amax' | 'amin';
/** What `linalg` computes; assembly/kernels/linalg/linalg.ts says what each reads and writes. */
export type LinalgKind = 'cholesky' | 'lu' | 'solve' | 'solveTriangular' | 'qr' | 'eigh' | 'svd';

/** Matrices of a batch, and how `linalg` reads them. */
export interface LinalgSizes {
  readonly batch: number;
  /** Rows and columns of a. */
  readonly m: number;
  readonly n: number;
  /** Columns of b; qr: columns of Q. */
  readonly k: number;
  readonly upper: boolean;
  /** Ones are meant on the diagonal, whatever stands there. */
  readonly unitriangular: boolean;
}

/**
 * A pointwise program: outputs as expressions over inputs and scalars. Made once per combination of dtypes;
 * a device may hang its lowered form on it (a WeakMap keyed by the object).
 */
export interface PointwiseProgram {
  readonly name: string;
  readonly inputs: readonly DType[];
  readonly outputs: readonly Expression[];
  readonly outputDTypes: readonly DType[];
}

/** Sizes of a device's memory in bytes. */
export interface MemoryInfo {
  /** Held by tensors now. */
  readonly live: number;
  /** Taken from the system, free blocks included. */
  readonly reserved: number;
  /** Greatest `live` so far. */
  readonly peak: number;
}

/** Every kernel, by family. `out` and what follows it are written; all other views are only read. Unless a line says
 * otherwise, views are dense (row-major, no gaps) and share one dtype. int8, int16, float16 and bfloat16 are widened before
 * a kernel and rounded or wrapped behind it (widening.ts); pointwise programs convert as they load and store. Dimensions of one size may be 0. */
export interface Kernels {
  /** Evaluates `program` at every element; views may have any strides, all have the shape of outputs[0] (strides 0 broadcast). */
  pointwise(
    program: PointwiseProgram,
    inputs: readonly View[],
    outputs: readonly View[],
    scalars: readonly number[],
  ): void;
  /** One command that runs `program` over many groups of dense tensors; within a group, inputs of one element are broadcast. */
  foreach(
    program: PointwiseProgram,
    groups: readonly { readonly inputs: readonly View[]; readonly outputs: readonly View[] }[],
    scalars: readonly number[],
  ): void;

  /** sum and prod take float32, float64, int64; mean the floats; amax and amin every dtype. */
  reduce(kind: ReduceKind, x: View, out: View, axis: Axis): void;
  /** out is int64. */
  argReduce(kind: ArgReduceKind, x: View, out: View, axis: Axis): void;
  /** From the end if `reverse`. float32, float64, int64; logcumsumexp the floats. */
  scan(kind: ScanKind, x: View, out: View, axis: Axis, reverse: boolean): void;
  /** Positions of the running extreme, int64 of the shape of x. Last of equals; NaN wins. */
  scanIndices(kind: ArgReduceKind, x: View, out: View, axis: Axis): void;
  /** The stable order of each column, int64 of the shape of x. NaN is the greatest. */
  sort(x: View, out: View, axis: Axis, descending: boolean): void;
  /**
   * Binary search for values [outer, m] in ascending rows [outer or 1, n] of one dtype; out is int64 [outer, m]: how many
   * are below the value, with `right` not above. NaN is behind everything.
   */
  searchSorted(sorted: View, values: View, out: View, right: boolean): void;

  /** out [batch, m, n] = a [batch, m, k] b [batch, k, n] + bias [n]; a and b of any strides. */
  gemm(a: View, b: View, bias: View | null, out: View): void;

  /** x [N, C, H, W], weight [O, C / groups, kH, kW], bias [O] -> out [N, O, oH, oW]. */
  conv2d(x: View, weight: View, bias: View | null, out: View, sizes: ConvSizes): void;
  conv2dGradInput(grad: View, weight: View, out: View, sizes: ConvSizes): void;
  conv2dGradWeight(grad: View, x: View, out: View, sizes: ConvSizes): void;

  /** x [planes, H, W] -> out [planes, oH, oW]; indices int32 [planes, oH, oW], position within the plane. NaN wins. */
  maxPool2d(x: View, out: View, indices: View, sizes: PoolSizes): void;
  maxPool2dBackward(grad: View, indices: View, out: View): void;
  avgPool2d(x: View, out: View, sizes: AvgPoolSizes): void;
  avgPool2dBackward(grad: View, out: View, sizes: AvgPoolSizes): void;
  adaptiveAvgPool2d(x: View, out: View): void;
  adaptiveAvgPool2dBackward(grad: View, out: View): void;

  softmax(x: View, out: View, axis: Axis, log: boolean): void;
  /** From grad and the output y of softmax. */
  softmaxBackward(grad: View, y: View, out: View, axis: Axis, log: boolean): void;

  normalizeRows(
    x: View,
    weight: View | null,
    bias: View | null,
    out: View,
    mean: View,
    variance: View,
    sizes: RowSizes,
    eps: number,
  ): void;
  normalizeRowsBackward(
    grad: View,
    x: View,
    mean: View,
    variance: View,
    weight: View | null,
    out: View,
    gradWeight: View | null,
    gradBias: View | null,
    sizes: RowSizes,
    eps: number,
  ): void;
  batchNorm(
    x: View,
    weight: View | null,
    bias: View | null,
    out: View,
    mean: View,
    variance: View,
    sizes: BatchSizes,
    eps: number,
  ): void;
  batchNormBackward(
    grad: View,
    x: View,
    mean: View,
    variance: View,
    weight: View | null,
    out: View,
    gradWeight: View | null,
    gradBias: View | null,
    sizes: BatchSizes,
    eps: number,
  ): void;

  /** x [outer, n, inner], index [outer, m, inner] -> out [outer, m, inner]. Index dtype int32, int64 or uint8, here and below. */
  gather(x: View, index: View, out: View, axis: Axis, options: IndexOptions): void;
  /** Zeroes out [outer, n, inner], then adds grad [outer, m, inner] to the rows that index names. */
  scatterAdd(grad: View, index: View, out: View, axis: Axis, options: IndexOptions): void;
  /** x [outer, n, inner], index [m] -> out [outer, m, inner]. */
  indexSelect(x: View, index: View, out: View, axis: Axis, options: IndexOptions): void;
  /** Zeroes out [outer, n, inner], then adds grad [outer, m, inner] along n at index [m]. */
  indexAdd(grad: View, index: View, out: View, axis: Axis, options: IndexOptions): void;
  /** Joins source [outer, m, inner] with what out [outer, n, inner] holds, in the order of index [outer, m, inner]. */
  scatter(kind: ScatterKind, source: View, index: View, out: View, axis: Axis, options: IndexOptions): void;

  /**
   * Decomposes or solves small matrices a [batch, m, n], with right-hand sides b [batch, n, k]; floats.
   * `info` (int32 [batch]) gets 0, or where a matrix failed; with `options` that is a fault.
   */
  linalg(
    kind: LinalgKind,
    a: View,
    b: View | null,
    outs: readonly View[],
    info: View | null,
    sizes: LinalgSizes,
    options: IndexOptions | null,
  ): void;
}

/** A device: memory and stream, and the kernels. */
export interface Device extends Kernels {
  readonly name: DeviceName;

  /**
   * Fresh memory for elements of `dtype`, contents undefined.
   * @throws OutOfMemoryError if the scheduler knows that it cannot be had, DTypeError if the device has no such type
   */
  allocate(bytes: number, dtype: DType): AllocatedBuffer;
  /** Gives the memory back; commands already queued may still use it. */
  free(buffer: DeviceBuffer): void;
  /** Fills a fresh buffer with a copy of `data`, taken at the call. */
  upload(buffer: DeviceBuffer, data: ArrayBufferView): void;
  /**
   * Fills a fresh buffer with bytes that are on their way (from the other device); commands queued from now on wait for
   * them. If the promise rejects, what depends on the buffer rejects with its error.
   */
  receive(buffer: DeviceBuffer, data: Promise<ArrayBuffer>): void;
  /** The view's elements in row-major order as they are after every command so far. Rejects with a fault the value depends on. */
  read(view: View): Promise<ArrayBuffer>;
  /** Marks the buffer's first value as complete: from now on a command that writes it is skipped whole if its inputs carry a fault. */
  seal(buffer: DeviceBuffer): void;
  /** Whether the device computes with this dtype. */
  supports(dtype: DType): boolean;

  /** Resolves when everything queued so far is done. Rejects with the oldest fault that no read has reported. */
  synchronize(): Promise<void>;
  /** Resolves at once if the device is less than `steps` marks behind, else when it has caught up; places a mark. */
  throttle(steps: number): Promise<void>;
  /** Says that a step's work was queued; waits if the page is far ahead although it had turns in which to wait. */
  mark(): void;
  memory(): MemoryInfo;
  /** Number of the last command. */
  clock(): number;
}
