// One matrix of a batch on its way through an algorithm. An algorithm alternates between two functions:
//
//   plan(c, job)         the serial part: moves on, and sets job.parts, the number of independent pieces of work that come
//                        next; 0 ends it
//   work(c, job, part)   one piece
//
// so that the same code runs on one worker, or its pieces on all, with the same bits: how work is cut depends on sizes only.
// The job heads its workspace, and takes its matrices from behind it:
//
//   | Job, 32 numbers | matrix | matrix | vectors ... |
import { DTypeCode, Linalg } from '../../engine/commands';
import { taskCount, taskStart } from '../../engine/partition';
import { pulse } from '../../engine/worker';
import { LINE, at, get, pitchOf, set } from './matrix';

/** Most pieces of work at a time. */
export const MAX_PARTS: u32 = 16;
/** Reflections, and rows of a triangle, that are taken together. */
export const BLOCK: u32 = 32;
/** Numbers before the first matrix. */
const JOB_NUMBERS: u32 = 32;

/** Nearest to the limits of float64 that squares and sums are safe. */
const LEAST: f64 = 1e-90;
const GREATEST: f64 = 1e90;

@unmanaged
export class Job {
  /** Number of the matrix in the batch. */
  item!: u32;
  /** What `plan` does next, and where it is in it. */
  stage!: i32;
  step!: u32;
  parts!: i32;
  /** What becomes of info. */
  failed!: i32;
  /** Counts of the iteration for eigenvalues. */
  sweeps!: u32;
  high!: u32;
  m!: u32;
  n!: u32;
  k!: u32;
  /** Pitches of rows of n, m and k. */
  pn!: u32;
  pm!: u32;
  pk!: u32;
  /** Free memory. */
  top!: usize;
  /** Matrices and vectors; each algorithm says what it keeps where. */
  a!: usize;
  b!: usize;
  c!: usize;
  d!: usize;
  e!: usize;
  t!: usize;
  w!: usize;
  x!: usize;
  y!: usize;
  order!: usize;
  /** Next free place among the recorded rotations. */
  record!: usize;
  taus!: usize;
  taus2!: usize;
  /** The matrix was multiplied by this power of two. */
  scale!: f64;
  /** Greatest element, or what the iteration needs of it. */
  norm!: f64;
}

/** Makes the memory the job of a matrix. */
export function begin(memory: usize, c: Linalg, item: u32): Job {
  const job = changetype<Job>(memory);
  job.item = item;
  job.stage = 0;
  job.step = 0;
  job.parts = 0;
  job.failed = 0;
  job.sweeps = 0;
  job.m = c.m;
  job.n = c.n;
  job.k = c.k;
  job.pn = pitchOf(c.n);
  job.pm = pitchOf(c.m);
  job.pk = pitchOf(c.k);
  job.top = memory + (JOB_NUMBERS << 3);
  job.scale = 1;
  return job;
}

/** Memory for that many numbers; a multiple of a line. */
export function take(job: Job, numbers: u32): usize {
  const place = job.top;
  job.top = place + ((<usize>numbers) << 3);
  return place;
}

/** Pieces for `units` rows or lines of about `nanoseconds` each. */
export function partsFor(units: u32, nanoseconds: u64): i32 {
  return min<i32>(MAX_PARTS, max<i32>(1, taskCount(units, nanoseconds)));
}

/** Where the columns of a part start, of [from, end) in whole lines; they end where the next part's start. */
export function columnOf(from: u32, end: u32, parts: i32, part: i32): u32 {
  return from + taskStart((end - from) / LINE, parts, part) * LINE;
}

// ---- tensors ----------------------------------------------------------------------------------------

/** Element `index` of a tensor of the command's dtype. */
@inline
export function element(c: Linalg, tensor: usize, index: usize): f64 {
  return c.dtype == DTypeCode.Float32 ? <f64>load<f32>(tensor + (index << 2)) : load<f64>(tensor + (index << 3));
}

@inline
export function setElement(c: Linalg, tensor: usize, index: usize, value: f64): void {
  if (c.dtype == DTypeCode.Float32) store<f32>(tensor + (index << 2), <f32>value);
  else store<f64>(tensor + (index << 3), value);
}

/** Matrix `item` [m, n] of a tensor to rows of `pitch`, zeros behind them. */
export function readMatrix(c: Linalg, tensor: usize, item: u32, m: u32, n: u32, to: usize, pitch: u32): void {
  let index = <usize>item * m * n;
  for (let i: u32 = 0; i < m; i++) {
    const row = at(to, pitch, i, 0);
    for (let j: u32 = 0; j < n; j++) set(row, j, element(c, tensor, index++));
    for (let j = n; j < pitch; j++) set(row, j, 0);
    pulse(n * 2);
  }
}

/** The way back. */
export function writeMatrix(c: Linalg, from: usize, pitch: u32, m: u32, n: u32, tensor: usize, item: u32): void {
  let index = <usize>item * m * n;
  for (let i: u32 = 0; i < m; i++) {
    const row = at(from, pitch, i, 0);
    for (let j: u32 = 0; j < n; j++) setElement(c, tensor, index++, get(row, j));
    pulse(n * 2);
  }
}

/** NaN for matrix `item` of `count` elements. */
export function writeNaN(c: Linalg, tensor: usize, item: u32, count: u32): void {
  const index = <usize>item * count;
  for (let i: u32 = 0; i < count; i++) setElement(c, tensor, index + i, NaN);
}

/**
 * Greatest absolute value of a [m, n], NaN if there is a NaN. Where that is too great or small to be squared, the matrix is
 * multiplied by a power of two, which job.scale becomes.
 */
export function normalize(job: Job, a: usize, pitch: u32, m: u32, n: u32): f64 {
  let greatest: f64 = 0;
  for (let i: u32 = 0; i < m; i++) {
    const row = at(a, pitch, i, 0);
    // NaN stays, as max passes it on.
    for (let j: u32 = 0; j < n; j++) greatest = max<f64>(greatest, abs<f64>(get(row, j)));
    pulse(n);
  }
  if (!(greatest > 0) || greatest == Infinity || (greatest > LEAST && greatest < GREATEST)) return greatest;
  // The exponent alone, in two halves as the inverse of the least numbers is out of range.
  let exponent = <i32>((reinterpret<u64>(greatest) >> 52) & 0x7ff) - 1023;
  exponent = max(-1000, min(1000, exponent));
  const scale = reinterpret<f64>((<u64>(1023 - exponent)) << 52);
  for (let i: u32 = 0; i < m; i++) {
    const row = at(a, pitch, i, 0);
    for (let j: u32 = 0; j < n; j++) set(row, j, get(row, j) * scale);
  }
  job.scale = scale;
  return greatest * scale;
}

/** A matrix [m, k] of 1 on the diagonal. */
export function identity(a: usize, pitch: u32, m: u32, k: u32): void {
  memory.fill(a, 0, (<usize>m * pitch) << 3);
  for (let i: u32 = 0; i < min(m, k); i++) store<f64>(at(a, pitch, i, i), 1);
}
