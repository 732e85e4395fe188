// Eigenvalues and vectors of a symmetric matrix, of which the lower triangle is read: A = Q T Qᵀ with T tridiagonal by
// reflections, then T = S W Sᵀ by implicit QR or QL sweeps with Wilkinson's shift, from the end that is smaller
// (Golub, Van Loan, Matrix Computations, 8.3; the sweeps as in LAPACK's steqr). V = Q S.
//
// A step of the reduction passes over what is left of A once: it applies the step before, A -= v wᵀ + w vᵀ, and multiplies by
// the next v. Vectors v take the place of A's rows.
//
//   a   A, then the rows of vectors Vᵀ      b   Q, then recorded rotations
//   d   diagonal      e   beside it      x   w      y   A v      taus      t   T of a block      w   its products
import { Linalg } from '../../engine/commands';
import { taskStart } from '../../engine/partition';
import { pulse } from '../../engine/worker';
import { BLOCK, Job, columnOf, identity, normalize, partsFor, readMatrix, setElement, take, writeNaN } from './job';
import { LINE, addRow, addTwoAndDot, at, clear, dot, get, lineOf, scaleRow, set, transpose } from './matrix';
import { applyBlock, beta, blockOf, reflect } from './reflections';
import { orderOf } from './order';
import { ROTATION_WORK, SWEEP_NUMBERS, applySweeps } from './rotations';
import { iterateTridiagonal } from './tridiagonal';

/** What plan does next. */
const REDUCE = 1;
const GATHER = 2;
const ITERATE = 3;
const FINISH = 4;

export function planEigh(c: Linalg, job: Job): void {
  job.parts = 0;
  switch (job.stage) {
    case 0:
      start(c, job);
      return;
    case REDUCE:
      reduceStep(job);
      return;
    case GATHER:
      gatherStep(job);
      return;
    case ITERATE:
      iterateStep(c, job);
      return;
    default:
      finish(c, job);
  }
}

export function workEigh(job: Job, part: i32): void {
  if (job.stage == REDUCE) reducePart(job, part);
  else if (job.stage == GATHER) gatherPart(job, part);
  else rotatePart(job, part);
}

function start(c: Linalg, job: Job): void {
  const n = job.n;
  const pitch = job.pn;
  job.a = take(job, n * pitch);
  job.b = take(job, n * pitch);
  job.d = take(job, pitch);
  job.e = take(job, pitch);
  job.x = take(job, pitch);
  job.y = take(job, pitch);
  job.taus = take(job, pitch);
  job.order = take(job, pitch);
  job.t = take(job, BLOCK * BLOCK);
  job.w = take(job, BLOCK * pitch);
  if (n == 0) return;
  readMatrix(c, c.a, job.item, n, n, job.a, pitch);
  for (let i: u32 = 0; i < n; i++) {
    const row = at(job.a, pitch, i, 0);
    for (let j: u32 = 0; j < i; j++) store<f64>(at(job.a, pitch, j, i), get(row, j));
    pulse(i * 2);
  }
  const greatest = normalize(job, job.a, pitch, n, n);
  if (!(greatest < Infinity)) {
    job.failed = 1;
    writeNaN(c, c.out0, job.item, n);
    writeNaN(c, c.out1, job.item, n * n);
    return;
  }
  // v, w and A v of the step before the first.
  clear(job.x, 1, pitch);
  clear(job.y, 1, pitch);
  clear(job.d, 1, pitch);
  clear(job.e, 1, pitch);
  clear(job.taus, 1, pitch);
  job.stage = REDUCE;
  reduceStep(job);
}

/** Closes the step before (w from A v), then makes row k the next v. */
function reduceStep(job: Job): void {
  const n = job.n;
  const pitch = job.pn;
  const k = job.step;
  const row = at(job.a, pitch, k, 0);
  const from = lineOf(k);
  if (k > 0) {
    // w = tau A v - (tau² vᵀ A v / 2) v
    const tau = get(job.taus, k - 1);
    const v = at(job.a, pitch, k - 1, 0);
    set(job.y, k - 1, 0);
    const half = (tau * tau * dot(job.y, v, from, pitch)) / 2;
    memory.copy(job.x, job.y, pitch << 3);
    scaleRow(job.x, tau, from, pitch);
    addRow(job.x, v, -half, from, pitch);
    // Row k as it is now.
    const vk = get(v, k);
    addRow(row, v, -get(job.x, k), from, pitch);
    addRow(row, job.x, -vk, from, pitch);
  }
  set(job.d, k, get(row, k));
  if (k + 1 < n) {
    for (let j: u32 = 0; j <= <u32>k; j++) set(row, j, 0);
    if (k + 2 < n) {
      set(job.taus, k, reflect(row, k + 1, pitch));
      set(job.e, k, beta);
    } else {
      set(job.e, k, get(row, k + 1));
      set(row, k + 1, 0);
    }
    const left = n - k - 1;
    job.step = k + 1;
    job.parts = partsFor(left, left);
    return;
  }
  job.stage = GATHER;
  identity(job.b, pitch, n, n);
  // Blocks from the last to the first.
  job.step = n > 2 ? (n - 2 + BLOCK - 1) / BLOCK : 0;
  gatherStep(job);
}

/** Rows step to n take the step before the last, and are multiplied by the last v. */
function reducePart(job: Job, part: i32): void {
  const pitch = job.pn;
  const k = job.step;
  const from = lineOf(k);
  const left = job.n - k;
  const end = k + taskStart(left, job.parts, part + 1);
  const next = at(job.a, pitch, k - 1, 0);
  // In the first step there is none before: w is 0, and any row will do as v.
  const v = at(job.a, pitch, k > 1 ? k - 2 : 0, 0);
  for (let i = k + taskStart(left, job.parts, part); i < end; i++) {
    const row = at(job.a, pitch, i, 0);
    const product = addTwoAndDot(row, v, -get(job.x, i), job.x, k > 1 ? -get(v, i) : 0, next, from, pitch);
    set(job.y, i, product);
    pulse(left);
  }
}

/** The next block of reflections is readied, for Q = H_0 H_1 ... I. */
function gatherStep(job: Job): void {
  const n = job.n;
  const pitch = job.pn;
  if (job.step == 0) {
    transpose(job.b, pitch, n, n, job.a, pitch);
    job.stage = ITERATE;
    job.high = n - 1;
    job.record = job.b;
    return planIteration(job);
  }
  const block = --job.step;
  const first = block * BLOCK;
  const v = at(job.a, pitch, first, 0);
  blockOf(v, pitch, min(BLOCK, n - 2 - first), first + 1, pitch, job.taus + (first << 3), job.t);
  const left = n - first;
  job.parts = partsFor(left / LINE + 1, <u64>left * BLOCK * 8);
}

function gatherPart(job: Job, part: i32): void {
  const pitch = job.pn;
  const first = job.step * BLOCK;
  const from = lineOf(first + 1);
  applyBlock(
    at(job.a, pitch, first, 0),
    pitch,
    job.t,
    min(BLOCK, job.n - 2 - first),
    false,
    job.b,
    pitch,
    first + 1,
    job.n,
    columnOf(from, pitch, job.parts, part),
    columnOf(from, pitch, job.parts, part + 1),
    job.w,
  );
}

/** Records sweeps until their memory is full or all is done; lines of the vectors follow. */
function planIteration(job: Job): void {
  job.record = job.b;
  iterateTridiagonal(job, job.b + ((job.n * job.pn - SWEEP_NUMBERS) << 3));
  const rotations = (<u64>(job.record - job.b)) >> 4;
  job.parts = partsFor(job.pn / LINE, rotations * ROTATION_WORK);
}

function iterateStep(c: Linalg, job: Job): void {
  if (job.high > 0 && job.failed == 0) planIteration(job);
  else finish(c, job);
}

function rotatePart(job: Job, part: i32): void {
  const end = columnOf(0, job.pn, job.parts, part + 1);
  for (let j = columnOf(0, job.pn, job.parts, part); j < end; j += LINE) {
    applySweeps(job.b, job.record, 2, 0, job.a + (j << 3), job.pn);
  }
}

/** Ascending values, and vectors in columns. */
function finish(c: Linalg, job: Job): void {
  const n = job.n;
  job.stage = FINISH;
  orderOf(job.d, n, false, job.order, job.y);
  for (let j: u32 = 0; j < n; j++) {
    setElement(c, c.out0, <usize>job.item * n + j, get(job.d, load<u32>(job.order + (j << 2))) / job.scale);
  }
  const start = <usize>job.item * n * n;
  for (let i: u32 = 0; i < n; i += LINE) {
    const end = min(n, i + LINE);
    for (let j: u32 = 0; j < n; j++) {
      const row = at(job.a, job.pn, load<u32>(job.order + (j << 2)), 0);
      for (let l = i; l < end; l++) setElement(c, c.out1, start + l * n + j, get(row, l));
    }
    pulse(n * LINE * 2);
  }
}
