// The contract between operations and devices: memory, the command stream, and the one table of kernels
// that every device implements. A device never sees a Tensor, only views; it executes commands in the
// order of the calls and returns at once. Kernels trust their arguments: shape rules have checked them.
import type { DType } from '../base/dtype';
import type { KindlingError } from '../base/errors';
import type { Expression } from '../expression/expression';

/** Where tensors can be; on 'meta' they have shapes and dtypes, but no values and no memory. */
export type DeviceName = 'wasm' | 'webgpu' | 'meta';
/** A device as it may be given: 'cpu' is another word for 'wasm'. */
export type DeviceGiven = DeviceName | 'cpu';

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
  /** The error, where it is known beforehand what it must say. */
  readonly reason?: KindlingError;
}

/** What the kernels that read or add by index take. */
export interface IndexParams {
  readonly axis: Axis;
  readonly options: IndexOptions;
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

export interface LinalgParams {
  readonly kind: LinalgKind;
  readonly sizes: LinalgSizes;
  readonly options: IndexOptions | null;
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

/** A program and its scalars. */
export interface PointwiseParams {
  readonly program: PointwiseProgram;
  readonly scalars: readonly number[];
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

/** Stands in a row for the type of a kernel's parameters. */
interface Typed<P> {
  readonly type?: P;
}
const of = <P>(): Typed<P> => ({});

/** What is known of a kernel without its code: which views it takes, what it writes, what can go wrong in it. */
interface KernelRow {
  /** Names of the views that are read: 'bias?' may be null, '...inputs' stands for any number. */
  readonly inputs: readonly string[];
  /** Names of the views that are written. Nothing else of them is read. */
  readonly outputs: readonly string[];
  readonly params: Typed<unknown>;
  /** The outputs are read too. */
  readonly updates?: true;
  /** It takes every dtype as it is; for others int8, int16, float16 and bfloat16 are widened (widening.ts). */
  readonly converts?: true;
  /** What it may meet in the data that is wrong. */
  readonly faults?: FaultRule;
}

interface FaultRule {
  /** The input that holds the bad data; of any number the last. */
  readonly source: string;
  /** How it is reported; null if it is not looked for. */
  readonly options: (params: never) => IndexOptions | null;
  /** Indices must be below this. */
  readonly bound: (params: never) => number;
}

const BAD_INDEX = {
  source: 'index',
  options: ({ options }: IndexParams) => options,
  bound: ({ axis }: IndexParams) => axis.n,
} as const;

const ZERO_DIVISOR = {
  source: '...inputs',
  options: ({ program }: PointwiseParams): IndexOptions => ({ op: program.name, what: 'divisor', ignore: null }),
  bound: () => 0,
} as const;

/**
 * Every kernel, by family. Unless a line says otherwise, views are dense (row-major, no gaps) and share one dtype.
 * Dimensions of one size may be 0. What is read, written, widened, checked and blamed follows from the row.
 */
export const KERNELS = {
  /** Evaluates `program` at every element; views may have any strides, all have the shape of outputs[0] (strides 0 broadcast). */
  pointwise: {
    inputs: ['...inputs'],
    outputs: ['...outputs'],
    params: of<PointwiseParams>(),
    converts: true,
    faults: ZERO_DIVISOR,
  },
  /**
   * One command that runs `program` over many groups of dense tensors: its inputs for the first group, for the second, ...,
   * and so its outputs. Within a group, inputs of one element are broadcast.
   */
  foreach: {
    inputs: ['...inputs'],
    outputs: ['...outputs'],
    params: of<PointwiseParams>(),
    converts: true,
    faults: ZERO_DIVISOR,
  },

  /** sum and prod take float32, float64, int64; mean the floats; amax and amin every dtype. */
  reduce: { inputs: ['x'], outputs: ['out'], params: of<{ kind: ReduceKind; axis: Axis }>() },
  /** out is int64. */
  argReduce: { inputs: ['x'], outputs: ['out'], params: of<{ kind: ArgReduceKind; axis: Axis }>() },
  /** From the end if `reverse`. float32, float64, int64; logcumsumexp the floats. */
  scan: { inputs: ['x'], outputs: ['out'], params: of<{ kind: ScanKind; axis: Axis; reverse: boolean }>() },
  /** Positions of the running extreme, int64 of the shape of x. Last of equals; NaN wins. */
  scanIndices: { inputs: ['x'], outputs: ['out'], params: of<{ kind: ArgReduceKind; axis: Axis }>() },
  /** The stable order of each column, int64 of the shape of x. NaN is the greatest. */
  sort: { inputs: ['x'], outputs: ['out'], params: of<{ axis: Axis; descending: boolean }>() },
  /**
   * Binary search for values [outer, m] in ascending rows [outer or 1, n] of one dtype; out is int64 [outer, m]: how many
   * are below the value, with `right` not above. NaN is behind everything.
   */
  searchSorted: { inputs: ['sorted', 'values'], outputs: ['out'], params: of<{ right: boolean }>() },

  /** out [batch, m, n] = a [batch, m, k] b [batch, k, n] + bias [n]; a and b of any strides. */
  gemm: { inputs: ['a', 'b', 'bias?'], outputs: ['out'], params: of<null>() },

  /** x [N, C, H, W], weight [O, C / groups, kH, kW], bias [O] -> out [N, O, oH, oW]. */
  conv2d: { inputs: ['x', 'weight', 'bias?'], outputs: ['out'], params: of<ConvSizes>() },
  conv2dGradInput: { inputs: ['grad', 'weight'], outputs: ['out'], params: of<ConvSizes>() },
  conv2dGradWeight: { inputs: ['grad', 'x'], outputs: ['out'], params: of<ConvSizes>() },

  /** x [planes, H, W] -> out [planes, oH, oW]; indices int32 [planes, oH, oW], position within the plane. NaN wins. */
  maxPool2d: { inputs: ['x'], outputs: ['out', 'indices'], params: of<PoolSizes>() },
  maxPool2dBackward: { inputs: ['grad', 'indices'], outputs: ['out'], params: of<null>() },
  avgPool2d: { inputs: ['x'], outputs: ['out'], params: of<AvgPoolSizes>() },
  avgPool2dBackward: { inputs: ['grad'], outputs: ['out'], params: of<AvgPoolSizes>() },
  adaptiveAvgPool2d: { inputs: ['x'], outputs: ['out'], params: of<null>() },
  adaptiveAvgPool2dBackward: { inputs: ['grad'], outputs: ['out'], params: of<null>() },

  softmax: { inputs: ['x'], outputs: ['out'], params: of<{ axis: Axis; log: boolean }>() },
  /** From grad and the output y of softmax. */
  softmaxBackward: { inputs: ['grad', 'y'], outputs: ['out'], params: of<{ axis: Axis; log: boolean }>() },

  /** Statistics of each row: mean, rstd = 1 / √(variance + eps), finite also where the variance overflows, biased variance. */
  normalizeRows: {
    inputs: ['x', 'weight?', 'bias?'],
    outputs: ['out', 'mean', 'rstd', 'variance'],
    params: of<RowSizes & { eps: number }>(),
  },
  normalizeRowsBackward: {
    inputs: ['grad', 'x', 'mean', 'rstd', 'weight?'],
    outputs: ['out', 'gradWeight?', 'gradBias?'],
    params: of<RowSizes>(),
  },
  /** The same of each channel. */
  batchNorm: {
    inputs: ['x', 'weight?', 'bias?'],
    outputs: ['out', 'mean', 'rstd', 'variance'],
    params: of<BatchSizes & { eps: number }>(),
  },
  batchNormBackward: {
    inputs: ['grad', 'x', 'mean', 'rstd', 'weight?'],
    outputs: ['out', 'gradWeight?', 'gradBias?'],
    params: of<BatchSizes>(),
  },

  /** x [outer, n, inner], index [outer, m, inner] -> out [outer, m, inner]. Index dtype int32, int64 or uint8, here and below. */
  gather: { inputs: ['x', 'index'], outputs: ['out'], params: of<IndexParams>(), faults: BAD_INDEX },
  /** Zeroes out [outer, n, inner], then adds grad [outer, m, inner] to the rows that index names. */
  scatterAdd: { inputs: ['grad', 'index'], outputs: ['out'], params: of<IndexParams>(), faults: BAD_INDEX },
  /** x [outer, n, inner], index [m] -> out [outer, m, inner]. */
  indexSelect: { inputs: ['x', 'index'], outputs: ['out'], params: of<IndexParams>(), faults: BAD_INDEX },
  /** Zeroes out [outer, n, inner], then adds grad [outer, m, inner] along n at index [m]. */
  indexAdd: { inputs: ['grad', 'index'], outputs: ['out'], params: of<IndexParams>(), faults: BAD_INDEX },
  /**
   * Joins source [outer, m, inner] with what out [outer, n, inner] holds, in the order of index: [outer, m, inner], or [m]
   * with `wholeRows`, which only 'add' has.
   */
  scatter: {
    inputs: ['source', 'index'],
    outputs: ['out'],
    params: of<IndexParams & { kind: ScatterKind; wholeRows?: boolean }>(),
    updates: true,
    faults: BAD_INDEX,
  },

  /**
   * Decomposes or solves small matrices a [batch, m, n], with right-hand sides b [batch, n, k]; floats. The last output,
   * int32 [batch], gets 0, or where a matrix failed; with `options` that is a fault.
   */
  linalg: {
    inputs: ['a', 'b?'],
    outputs: ['...outs'],
    params: of<LinalgParams>(),
    faults: { source: 'a', options: ({ options }: LinalgParams) => options, bound: () => 0 },
  },
} as const satisfies Readonly<Record<string, KernelRow>>;

export type KernelName = keyof typeof KERNELS;
type Table = { readonly [K in KernelName]: (typeof KERNELS)[K] };

/** The views that `names` of a row stand for. */
type ViewsOf<Names extends readonly string[]> = Names extends readonly [`...${string}`]
  ? readonly View[]
  : { readonly [I in keyof Names]: Names[I] extends `${string}?` ? View | null : View };

/** Names of a kernel's views. */
export type NamesOf<K extends KernelName> = (Table[K]['inputs'] | Table[K]['outputs'])[number];
export type InputsOf<K extends KernelName> = ViewsOf<Table[K]['inputs']>;
export type OutputsOf<K extends KernelName> = ViewsOf<Table[K]['outputs']>;
export type ParamsOf<K extends KernelName> = Table[K]['params'] extends Typed<infer P> ? P : never;

/** Views of any kernel. */
export type Operands = readonly (View | null)[];
/** A kernel as those see it that stand between ops and lowerings and take every kernel alike. */
export type Kernel = (inputs: Operands, outputs: Operands, params: unknown) => void;
export type Kernels = Readonly<Record<KernelName, Kernel>>;

/** A kernel for each name. */
export function kernelsBy(make: (name: KernelName) => Kernel): Kernels {
  const names = Object.keys(KERNELS) as KernelName[];
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Kernels;
}

/** The row of a kernel, as those see it that take every kernel alike. */
export const rowOf = (kernel: KernelName): KernelRow => KERNELS[kernel];

/** How the faults of a command are reported. */
export interface FaultReport {
  readonly options: IndexOptions;
  /** Indices were to be below this. */
  readonly bound: number;
  /** Where the bad data lies, if it is known. */
  readonly source: DeviceBuffer | null;
}

/** How the faults of this call are reported; undefined if it has none. */
export function faultsOf(kernel: KernelName, operands: Operands, params: unknown): FaultReport | undefined {
  const { inputs, faults } = rowOf(kernel);
  const options = faults?.options(params as never) ?? null;
  if (faults === undefined || options === null) return undefined;
  const at = faults.source.startsWith('...') ? operands.length - 1 : inputs.indexOf(faults.source);
  return { options, bound: faults.bound(params as never), source: operands[at]?.buffer ?? null };
}

/** A device: memory and stream, and the kernels. */
export interface Device {
  readonly name: DeviceName;
  /** Whether tensors have values there, and memory for them: not on meta. */
  readonly hasValues: boolean;

  /** Queues a kernel. Null for an optional view that is absent, and for no parameters. */
  run<K extends KernelName>(kernel: K, inputs: InputsOf<K>, outputs: OutputsOf<K>, params: ParamsOf<K>): void;

  /**
   * Fresh memory for elements of `dtype`, contents undefined.
   * @throws OutOfMemoryError if the scheduler knows that it cannot be had, DTypeError if the device has no such type
   */
  allocate(bytes: number, dtype: DType): AllocatedBuffer;
  /** Gives the memory back; commands already queued may still use it. */
  free(buffer: DeviceBuffer): void;
  /** Fills a fresh buffer with a copy of `data`, taken at the call; from byte `start` of its elements on, where they come in parts. */
  upload(buffer: DeviceBuffer, data: ArrayBufferView, start?: number): void;
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
