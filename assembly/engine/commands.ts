// The layout of everything that the page and the engine exchange through memory: opcodes, command
// structs, control area, fault table. Compiled twice, as AssemblyScript (where a class laid over a
// pointer reads a command) and as TypeScript (where the same class gives the order of its fields to
// the encoder), so that there is one place for every offset, however long. Every field is one 32-bit word.
//
//   command:   | opcode + words << 8 | seq | guardFirst | guardLast | arguments ... |
//
// A command never straddles the end of the ring; a Nop fills the gap.

/** What a command asks for. The order is the dispatch order of the interpreter. */
export enum Opcode {
  Nop,
  Report,
  Acknowledge,
  Write,
  Pointwise,
  Reduce,
  ArgReduce,
  Scan,
  Gemm,
  Conv2d,
  Conv2dGradInput,
  Conv2dGradWeight,
  MaxPool2d,
  MaxPool2dBackward,
  AvgPool2d,
  AvgPool2dBackward,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool2dBackward,
  Softmax,
  SoftmaxBackward,
  NormalizeRows,
  NormalizeRowsBackward,
  BatchNorm,
  BatchNormBackward,
  Gather,
  ScatterAdd,
  IndexSelect,
  IndexAdd,
  Sort,
  ScanIndices,
  Scatter,
  Linalg,
  SearchSorted,
  Guard,
  Verify,
  Trace,
}

/** Codes of dtypes in commands; src/base/dtype.ts gives the same numbers to the names. */
export enum DTypeCode {
  Float32,
  Float64,
  Int32,
  Int64,
  Uint8,
  Bool,
  Int8,
  Int16,
  Float16,
  Bfloat16,
}

/** Instructions of pointwise programs. Their type (Float32 to Int64) is that of the arguments. */
export enum PointwiseOp {
  Copy,
  /** Fills a register from a cell (float64). */
  Splat,
  /** Fills a register with row-major positions. */
  Index,
  Uniform,
  ToFloat32,
  ToFloat64,
  ToInt32,
  ToInt64,
  ToBool,
  /** Rounds or wraps to what a type narrower than its register holds; the type is that one. */
  Narrow,
  Neg,
  Abs,
  Sqrt,
  Floor,
  Ceil,
  Round,
  Trunc,
  Exp,
  Exp2,
  Expm1,
  Log,
  Log2,
  Log10,
  Log1p,
  Sigmoid,
  Sin,
  Cos,
  Tan,
  Asin,
  Acos,
  Atan,
  Sinh,
  Cosh,
  Tanh,
  Asinh,
  Acosh,
  Atanh,
  Erf,
  Erfc,
  Erfinv,
  Lgamma,
  Digamma,
  BitwiseNot,
  Add,
  Sub,
  Mul,
  Div,
  FloorDivide,
  TruncDivide,
  Remainder,
  Fmod,
  Pow,
  Maximum,
  Minimum,
  Atan2,
  Hypot,
  Copysign,
  Polygamma,
  BitwiseAnd,
  BitwiseOr,
  BitwiseXor,
  Eq,
  Ne,
  Lt,
  Le,
  Where,
  /** a b + c. */
  MulAdd,
}

/** How a pointwise operand lies in memory. */
export enum OperandLayout {
  Dense,
  /** One element for all. */
  Uniform,
  Strided,
}

export enum ReduceKind {
  Sum,
  Mean,
  Prod,
  Amax,
  Amin,
}

export enum ArgReduceKind {
  Argmax,
  Argmin,
}

export enum ScanKind {
  Cumsum,
  Cumprod,
  Logcumsumexp,
}

/** What Scatter does with the element that is there. */
export enum ScatterKind {
  Set,
  Add,
  Mul,
  Amax,
  Amin,
}

/** What Linalg computes. */
export enum LinalgKind {
  Cholesky,
  Lu,
  Solve,
  SolveTriangular,
  Qr,
  Eigh,
  Svd,
}

// ---- control area -------------------------------------------------------------------------------
// One 64-byte line for each group that different threads write, so that they do not share a line.

/** Where the control area starts; static data of the engine lies below. Bytes. */
export const CONTROL_BASE = 65536;
/** Words published by the page, modulo 2^32. Byte offsets from the control area's start, as all below. */
export const CONTROL_HEAD = 0;
/** Words consumed by the leader, modulo 2^32. */
export const CONTROL_TAIL = 64;
/** Sequence number of the last completed command, modulo 2^32. Stored together with CONTROL_TAIL. */
export const CONTROL_COMPLETED = 68;
/** Sequence number of the last command begun; with a dead leader it tells whether the one at the tail is torn. */
export const CONTROL_BEGUN = 72;
/** Raised by the page when it replaces the workers: those of an earlier epoch begin nothing more. One 64-bit word with CONTROL_BEGUN. */
export const CONTROL_EPOCH = 76;
/** 1 while the leader is back in its event loop and needs a message to wake. */
export const CONTROL_SLEEPING = 128;
/** Nonzero asks the leader to return to its event loop after the command in hand. */
export const CONTROL_REQUEST = 192;
/** Number of a command that stopped in the middle: the leader begins no other until the page has cleared it. */
export const CONTROL_HALTED = 196;
/** 1 while the page has a backlog and wants to hear of room in the ring. */
export const CONTROL_WANTS_ROOM = 256;
/** Job ticket of the barrier: generation << 40 | tasks << 20 | next (64 bits). */
export const CONTROL_TICKET = 320;
/** Tasks of the current job that are done, below the job's generation (64 bits). */
export const CONTROL_DONE = 384;
/** 1 while the leader may be asleep on CONTROL_DONE. */
export const CONTROL_LEADER_WAITS = 392;
/** The current job: address of its command. */
export const CONTROL_JOB_COMMAND = 448;
/** The current job: phase of the kernel. */
export const CONTROL_JOB_PHASE = 452;
/** Bumped for each job; helpers that sleep wait on it. */
export const CONTROL_JOB_SIGNAL = 512;
/** Number of helpers asleep on CONTROL_JOB_SIGNAL. */
export const CONTROL_SLEEPERS = 576;
/** Faults recorded, modulo 2^32; entry i is in slot i modulo FAULT_SLOTS. */
export const CONTROL_FAULTS = 704;
/** Faults the page has dealt with: the entries in [acknowledged, recorded) are live. */
export const CONTROL_FAULTS_ACKNOWLEDGED = 708;
/** Where the leader notes what its commands take, 0 for nowhere; how many entries there is room for, and how many there are. */
export const CONTROL_TRACE = 768;
export const CONTROL_TRACE_ROOM = 772;
export const CONTROL_TRACE_COUNT = 776;
/** An entry: begin and end of a command in milliseconds (float64), its number, its opcode. */
export const TRACE_ENTRY_BYTES = 24;
/** Fault table: FAULT_SLOTS entries of FAULT_WORDS words (seq, kind, value low, value high). */
export const CONTROL_FAULT_TABLE = 1024;
export const FAULT_SLOTS = 64;
export const FAULT_WORDS = 4;
/** Fault kinds. */
export const FAULT_INDEX = 1;
/** Like an interruption, it blocks the commands whose guard is its number alone: those that the page has found to depend on it. */
export const FAULT_TRAP = 2;
export const FAULT_DIVISION = 3;
/** Written by the page when a worker died in the middle of a command. */
export const FAULT_INTERRUPTED = 4;
/** A matrix of a batch, by its number, that an algorithm cannot take. */
export const FAULT_MATRIX = 5;
/** A result that the device cannot store: an int64 beyond 32 bits on webgpu. */
export const FAULT_OVERFLOW = 6;
/** Guard words that do not stand: opcode of the command | where << 32. */
export const FAULT_GUARD = 7;
/** Signs of life: a line of its own for each worker, in which it counts up while it works; a watchdog sees progress in it. */
export const CONTROL_BEATS = 3072;
export const BEAT_BYTES = 64;
/** Workers over one memory; more cost more in barriers than they bring. */
export const MOST_WORKERS = 16;
/** Size of the control area. */
export const CONTROL_BYTES = 4096;

/** The ring follows the control area. */
export const RING_BASE = CONTROL_BASE + CONTROL_BYTES;
/** Capacity of the ring; a power of two, so that positions may wrap at 2^32. */
export const RING_WORDS = 262144;
/** No command is longer; the page splits what would be. */
export const MAX_COMMAND_WORDS = 32768;
/** Scratch memory of each worker, one after the other behind the ring. Bytes. */
export const SCRATCH_BASE = RING_BASE + RING_WORDS * 4;
export const SCRATCH_BYTES = 1048576;

// ---- cuts of long sums ----------------------------------------------------------------------------
// Shared because the page reserves a slot for each partial result.

/** Sort: columns from this length on are sorted by digits, shorter ones by merging. */
export const SORT_DIGITS = 512;
/** Sort: columns from this length on are split among the workers, into chunks of about as many elements, each with its counts. */
export const SORT_SPLIT = 65536;
export const SORT_CHUNKS = 64;
export const SORT_COUNT_BYTES = 1024;

/** Reduce with inner == 1: elements that one partial result covers. */
export const REDUCE_ROW_CHUNK = 16384;
/** Reduce with inner > 1: rows that one partial result covers. */
export const REDUCE_COLUMN_CHUNK = 256;
/** NormalizeRowsBackward with one group and inner == 1: elements of the rows that one partial gradient covers. */
export const NORM_ROWS_CHUNK = 32768;
/** BatchNorm: elements of a channel that one partial result covers, rounded down to whole samples, but at least one. */
export const BATCH_NORM_CHUNK = 16384;

// ---- commands -----------------------------------------------------------------------------------

/** Pointers are byte addresses; sizes and strides count elements. */
export class Command {
  /** opcode | words << 8 */
  head!: u32;
  seq!: u32;
  /** A fault in [guardFirst, guardLast] skips the command; guardFirst 0 means no guard. */
  guardFirst!: u32;
  guardLast!: u32;
}
/** Words before a command's own arguments. */
export const HEADER_WORDS = 4;

/**
 * Tells the page that everything before is done; with bytes > 0 also hands over [source, source + bytes), copied to
 * `pointer` first unless that is 0, so that later commands may overwrite the source before the page looks.
 */
export class Report extends Command {
  token!: u32;
  source!: u32;
  pointer!: u32;
  bytes!: u32;
}

/** Retires the faults below `count`. */
export class Acknowledge extends Command {
  count!: u32;
}

/** From now on the leader notes what each command takes, in `room` entries at `pointer`; with 0 it no longer does. */
export class Trace extends Command {
  pointer!: u32;
  room!: u32;
}

/** Copies `bytes` that follow in the command itself to `pointer`: how small tensors are uploaded. */
export class Write extends Command {
  pointer!: u32;
  bytes!: u32;
}

/** Bytes of guard words before and behind a guarded block; a multiple of 16. */
export const GUARD_BYTES = 64;
/** Bytes of an entry in the table of guarded blocks. */
export const GUARD_ENTRY_BYTES = 16;

/**
 * Checking mode: puts guard words before `pointer` and on [pointer + bytes, end) and notes them in entry `slot` of the
 * table, or with end 0 forgets that entry. With `moved` other than 0 the table [moved, moved + slot entries) first moves to `table`.
 */
export class Guard extends Command {
  table!: u32;
  moved!: u32;
  slot!: u32;
  pointer!: u32;
  bytes!: u32;
  end!: u32;
}

/** Checking mode: guard words of the entries [first, last) that do not stand are a fault of the command `subject`, and are mended. */
export class Verify extends Command {
  table!: u32;
  first!: u32;
  last!: u32;
  subject!: u32;
  opcode!: u32;
}

/**
 * A pointwise program over one or more groups of tensors. Of variable length; these fields are followed by
 *
 *   operands      (inputs + outputs) words: DTypeCode | OperandLayout << 8
 *   cells         `cells` float64: scalars and constants
 *   instructions  (hoisted + body) pairs of words: PointwiseOp | type << 8 | out << 16,  a | b << 8 | c << 16
 *   sizes         ndim words
 *   strides       (inputs + outputs) x ndim words, in elements
 *   groups        `groups` times: start, count, and a pointer for each input and output
 *
 * The groups follow each other in a common range of elements; `start` is a multiple of POINTWISE_BLOCK. Unless
 * ndim is 0 there is one group and its shape is `sizes`. Registers are numbered: inputs, outputs, temporaries
 * of 4 and of 8 bytes an element, cells, and one cell for the position. `hoisted` instructions depend on cells and
 * uniform inputs only and run once a task; the others run on each block of POINTWISE_BLOCK elements.
 */
export class Pointwise extends Command {
  /** Elements from the first group's start to the last one's end. */
  count!: u32;
  /** Elements a task; a multiple of POINTWISE_BLOCK. */
  chunk!: u32;
  groups!: u32;
  ndim!: u32;
  inputs!: u32;
  outputs!: u32;
  cells!: u32;
  hoisted!: u32;
  body!: u32;
  narrow!: u32;
  wide!: u32;
}
/** Elements that pointwise instructions work on at a time: a few registers of them fill no more than the L1 cache. */
export const POINTWISE_BLOCK = 512;
/** Registers of a pointwise program of all kinds together. */
export const POINTWISE_REGISTERS = 256;
/** Instructions of a pointwise program. */
export const POINTWISE_INSTRUCTIONS = 4096;

/**
 * One of ReduceKind over the middle of x [outer, n, inner] -> out [outer, inner], both dense and of one dtype.
 * Sum and Prod of float32, float64, int64; Mean of the floats; Amax and Amin of all.
 */
export class Reduce extends Command {
  x!: u32;
  out!: u32;
  /** Partial results [outer, chunks, inner]; 0 where one chunk is all. */
  workspace!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  kind!: u32;
  dtype!: u32;
}

/** Index (int64) of the greatest or least of the middle of x [outer, n, inner] -> out [outer, inner]. First of equals; NaN wins. */
export class ArgReduce extends Command {
  x!: u32;
  out!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  kind!: u32;
  dtype!: u32;
}

/**
 * Running sum or product along the middle of x [outer, n, inner], from the end if `reverse` is 1 -> out of the same
 * shape. float32, float64, int64.
 */
export class Scan extends Command {
  x!: u32;
  out!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  kind!: u32;
  reverse!: u32;
  dtype!: u32;
}

/** Positions (int64) of the running greatest, or least, along the middle of x [outer, n, inner]. Last of equals; NaN wins. */
export class ScanIndices extends Command {
  x!: u32;
  out!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  /** ArgReduceKind */
  kind!: u32;
  dtype!: u32;
}

/** Stable order (int64 positions) of the middle of x [outer, n, inner]; NaN is the greatest. */
export class Sort extends Command {
  x!: u32;
  out!: u32;
  /** 8 bytes an element; from SORT_SPLIT on 8 bytes an element of one column, and the counts of its chunks. */
  workspace!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  descending!: u32;
  dtype!: u32;
}

/** How many of an ascending row [n] are below (`right`: not above) each of its values [m]; int64 [outer, m]. */
export class SearchSorted extends Command {
  sorted!: u32;
  values!: u32;
  out!: u32;
  outer!: u32;
  n!: u32;
  m!: u32;
  /** Elements from a row to the next: n, or 0 if all values have the same row. */
  stride!: u32;
  right!: u32;
  dtype!: u32;
}

/**
 * Decompositions and solutions of a batch of matrices a [batch, m, n], computed in float64; see kernels/linalg/linalg.ts for
 * what each kind reads and writes. `info` [batch] (int32) is 0, or tells where a matrix failed, which is a fault if `check` is 1.
 */
export class Linalg extends Command {
  a!: u32;
  /** Right-hand sides [batch, n, k]; 0 if the kind takes none. */
  b!: u32;
  out0!: u32;
  out1!: u32;
  out2!: u32;
  info!: u32;
  /** Of one matrix, as src/device/wasm/kernels/linalg.ts counts it; 0 where it fits into a worker's scratch memory. */
  workspace!: u32;
  batch!: u32;
  m!: u32;
  n!: u32;
  k!: u32;
  kind!: u32;
  /** Bits: 1 upper triangle, 2 ones on the diagonal. */
  flags!: u32;
  check!: u32;
  dtype!: u32;
}

/** out [batch, m, n] (dense) = a [batch, m, k] b [batch, k, n] + bias [n]; any strides for a and b; bias may be 0. */
export class Gemm extends Command {
  a!: u32;
  b!: u32;
  bias!: u32;
  out!: u32;
  /** Packed panels of b; see gemmWorkspaceBytes in src/device/wasm/kernels/gemm.ts. 0 where none are needed. */
  workspace!: u32;
  batch!: u32;
  m!: u32;
  n!: u32;
  k!: u32;
  aBatch!: i32;
  aRow!: i32;
  aColumn!: i32;
  bBatch!: i32;
  bRow!: i32;
  bColumn!: i32;
  dtype!: u32;
}

/** Sizes that the three convolution commands share. Dense NCHW; weight [outChannels, channels / groups, kernelH, kernelW]. */
export class ConvCommand extends Command {
  a!: u32;
  b!: u32;
  bias!: u32;
  out!: u32;
  workspace!: u32;
  batch!: u32;
  channels!: u32;
  height!: u32;
  width!: u32;
  outChannels!: u32;
  outHeight!: u32;
  outWidth!: u32;
  kernelH!: u32;
  kernelW!: u32;
  strideH!: u32;
  strideW!: u32;
  paddingH!: u32;
  paddingW!: u32;
  dilationH!: u32;
  dilationW!: u32;
  groups!: u32;
  /** Conv2dGradWeight: partial sums over the batch, each with its own slot in the workspace. */
  chunks!: u32;
  dtype!: u32;
}

/** Sizes that the pooling commands share. x [planes, height, width] -> out [planes, outHeight, outWidth]. */
export class PoolCommand extends Command {
  a!: u32;
  /** MaxPool2d writes and MaxPool2dBackward reads int32 positions within a plane here; 0 for the others. */
  indices!: u32;
  out!: u32;
  planes!: u32;
  height!: u32;
  width!: u32;
  outHeight!: u32;
  outWidth!: u32;
  kernelH!: u32;
  kernelW!: u32;
  strideH!: u32;
  strideW!: u32;
  paddingH!: u32;
  paddingW!: u32;
  dilationH!: u32;
  dilationW!: u32;
  /** AvgPool2d: 1 counts padding in the divisor. */
  countIncludePad!: u32;
  /** AvgPool2d: 0 divides by the window, else by this. */
  divisor!: i32;
  dtype!: u32;
}

/** Softmax (log = 0) or log-softmax (log = 1) along the middle of x [outer, n, inner] -> out of the same shape. */
export class Softmax extends Command {
  x!: u32;
  out!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  log!: u32;
  dtype!: u32;
}

/** From grad and the output y, both [outer, n, inner], the gradient of x -> out. */
export class SoftmaxBackward extends Command {
  grad!: u32;
  y!: u32;
  out!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  log!: u32;
  dtype!: u32;
}

/**
 * Layer and group normalization: each row of x [rows, n] to zero mean and unit variance, then scaled and shifted.
 * Element (r, j) uses entry (r % groups) * (n / inner) + j / inner of weight and bias (each may be 0).
 * Also writes mean, rstd = 1 / √(variance + eps) and variance (biased), each [rows].
 */
export class NormalizeRows extends Command {
  x!: u32;
  weight!: u32;
  bias!: u32;
  out!: u32;
  mean!: u32;
  rstd!: u32;
  variance!: u32;
  rows!: u32;
  n!: u32;
  groups!: u32;
  inner!: u32;
  eps!: f32;
  /** What rounding took from eps: float64 adds both. */
  epsRest!: f32;
  dtype!: u32;
}

/**
 * Gradients of NormalizeRows. The workspace takes partial gradients of bias and weight [2, slots, channels] with
 * channels = groups * (n / inner); a slot covers `groups` rows, or, if groups and inner are 1, max(1, floor(NORM_ROWS_CHUNK / n)).
 * gradWeight and gradBias may be 0.
 */
export class NormalizeRowsBackward extends Command {
  grad!: u32;
  x!: u32;
  mean!: u32;
  rstd!: u32;
  weight!: u32;
  out!: u32;
  gradWeight!: u32;
  gradBias!: u32;
  workspace!: u32;
  rows!: u32;
  n!: u32;
  groups!: u32;
  inner!: u32;
  dtype!: u32;
}

/**
 * Batch statistics of x [batch, channels, inner] per channel, then normalization. Writes mean,
 * rstd = 1 / √(variance + eps) and variance (biased), each [channels].
 * The workspace takes partial means and sums of centred squares [2, chunks, channels], a chunk being
 * max(1, floor(BATCH_NORM_CHUNK / max(inner, 32))) samples.
 */
export class BatchNorm extends Command {
  x!: u32;
  weight!: u32;
  bias!: u32;
  out!: u32;
  mean!: u32;
  rstd!: u32;
  variance!: u32;
  workspace!: u32;
  batch!: u32;
  channels!: u32;
  inner!: u32;
  eps!: f32;
  /** What rounding took from eps: float64 adds both. */
  epsRest!: f32;
  dtype!: u32;
}

/** Gradients of BatchNorm, with a workspace of the same size; gradWeight and gradBias may be 0. */
export class BatchNormBackward extends Command {
  grad!: u32;
  x!: u32;
  mean!: u32;
  rstd!: u32;
  weight!: u32;
  out!: u32;
  gradWeight!: u32;
  gradBias!: u32;
  workspace!: u32;
  batch!: u32;
  channels!: u32;
  inner!: u32;
  dtype!: u32;
}

/**
 * What the indexing commands share. x-side tensors are [outer, n, inner].
 *   Gather       out [outer, m, inner][o, j, i] = a[o, index[o, j, i], i]
 *   ScatterAdd   out [outer, n, inner] = 0, then out[o, index[o, j, i], i] += a[o, j, i]
 *   IndexSelect  out [outer, m, inner][o, j, i] = a[o, index[j], i]
 *   IndexAdd     out [outer, n, inner] = 0, then out[o, index[j], i] += a[o, j, i]
 *   Scatter      out [outer, n, inner][o, index[o, j, i], i] is joined with a[o, j, i] as ScatterKind says; with wholeRows, which
 *                Add alone has, the index is index[j]
 * An index out of [0, n) is a fault; where hasIgnore is 1, indices equal to `ignore` give 0 and add nothing.
 */
export class IndexCommand extends Command {
  a!: u32;
  index!: u32;
  out!: u32;
  outer!: u32;
  n!: u32;
  inner!: u32;
  m!: u32;
  hasIgnore!: u32;
  ignore!: i32;
  dtype!: u32;
  indexDtype!: u32;
  /** Scatter: ScatterKind. */
  kind!: u32;
  wholeRows!: u32;
}
