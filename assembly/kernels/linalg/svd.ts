// Singular values and vectors of a [m, n], m >= n: A = U' B V'ᵀ with B upper bidiagonal by reflections from both sides
// (Golub, Kahan 1965), then B = S W Rᵀ by implicit QR sweeps (bidiagonal.ts). U = U' S, V = V' R.
//
// A step of the reduction passes over what is left of A twice, each time applying the half step before:
//
//   left    A -= x vᵀ, y = Aᵀ u by column sums of rows, of which each part has its own
//   right   A -= u yᵀ, x = A v
//
//   a   A, whose rows become the v, then Vᵀ     b   the u as rows, then Uᵀ     c   U and V as they are made, then rotations
//   d   diagonal     e   beside it     x [m]   y [parts, n]   taus, taus2   of u and v     t   T of a block   w   its products
import { Linalg } from '../../engine/commands';
import { taskStart } from '../../engine/partition';
import { pulse } from '../../engine/worker';
import { iterateBidiagonal } from './bidiagonal';
import {
  BLOCK,
  Job,
  MAX_PARTS,
  columnOf,
  identity,
  normalize,
  partsFor,
  readMatrix,
  setElement,
  take,
  writeNaN,
} from './job';
import { LINE, addAndDot, addAndSum, addRow, at, clear, get, lineOf, scaleRow, set, transpose } from './matrix';
import { applyBlock, beta, blockOf, reflect } from './reflections';
import { orderOf } from './order';
import { ROTATION_WORK, SWEEP_NUMBERS, applySweeps } from './rotations';

/** What plan does next. */
const RIGHT = 1;
const LEFT = 2;
const GATHER_U = 3;
const GATHER_V = 4;
const ITERATE = 5;

export function planSvd(c: Linalg, job: Job): void {
  job.parts = 0;
  switch (job.stage) {
    case 0:
      return start(c, job);
    case RIGHT:
      return planRight(job);
    case LEFT:
      return planLeft(job);
    case GATHER_U:
      return planGatherU(job);
    case GATHER_V:
      return planGatherV(job);
    default:
      if (job.high > 0 && job.failed == 0) planIteration(job);
      else finish(c, job);
  }
}

export function workSvd(job: Job, part: i32): void {
  switch (job.stage) {
    case RIGHT:
      return sumColumns(job, part);
    case LEFT:
      return multiplyRows(job, part);
    case GATHER_U:
      return gatherU(job, part);
    case GATHER_V:
      return gatherV(job, part);
    default:
      rotate(job, part);
  }
}

function start(c: Linalg, job: Job): void {
  const m = job.m;
  const n = job.n;
  job.a = take(job, m * job.pn);
  job.b = take(job, n * job.pm);
  job.c = take(job, m * job.pn);
  job.d = take(job, job.pn);
  job.e = take(job, job.pn);
  job.x = take(job, job.pm);
  job.y = take(job, MAX_PARTS * job.pn);
  job.taus = take(job, job.pn);
  job.taus2 = take(job, job.pn);
  job.order = take(job, job.pn);
  job.t = take(job, BLOCK * BLOCK);
  job.w = take(job, BLOCK * job.pn);
  if (n == 0) return;
  readMatrix(c, c.a, job.item, m, n, job.a, job.pn);
  if (!(normalize(job, job.a, job.pn, m, n) < Infinity)) {
    job.failed = 1;
    writeNaN(c, c.out0, job.item, m * n);
    writeNaN(c, c.out1, job.item, n);
    writeNaN(c, c.out2, job.item, n * n);
    return;
  }
  clear(job.b, n, job.pm);
  clear(job.x, 1, job.pm);
  clear(job.d, 1, job.pn);
  clear(job.e, 1, job.pn);
  clear(job.taus2, 1, job.pn);
  planLeft(job);
}

// ---- bidiagonal form ----------------------------------------------------------------------------------

/** Column k, as it is after the right half of step k - 1, becomes u. Its sums over columns follow. */
function planLeft(job: Job): void {
  const k = job.step;
  const m = job.m;
  const u = at(job.b, job.pm, k, 0);
  let vk: f64 = 0;
  if (k > 0) {
    scaleRow(job.x, get(job.taus2, k - 1), lineOf(k), job.pm);
    vk = get(at(job.a, job.pn, k - 1, 0), k);
  }
  for (let i = k; i < m; i++) set(u, i, load<f64>(at(job.a, job.pn, i, k)) - get(job.x, i) * vk);
  set(job.taus, k, reflect(u, k, job.pm));
  set(job.d, k, beta);
  if (k + 1 == job.n) {
    identity(job.c, job.pn, m, job.n);
    job.step = (job.n + BLOCK - 1) / BLOCK;
    job.stage = GATHER_U;
    return planGatherU(job);
  }
  job.stage = RIGHT;
  job.parts = partsFor(m - k, job.n - k);
}

/** Rows of a part: the right half of step k - 1 is applied, and their products with u are added up. */
function sumColumns(job: Job, part: i32): void {
  const k = job.step;
  const left = job.m - k;
  const pitch = job.pn;
  const from = lineOf(k);
  const sums = at(job.y, pitch, part, 0);
  const u = at(job.b, job.pm, k, 0);
  const v = at(job.a, pitch, k > 0 ? k - 1 : 0, 0);
  const end = k + taskStart(left, job.parts, part + 1);
  memory.fill(sums, 0, pitch << 3);
  for (let i = k + taskStart(left, job.parts, part); i < end; i++) {
    const row = at(job.a, pitch, i, 0);
    if (k > 0) addAndSum(row, v, -get(job.x, i), sums, get(u, i), from, pitch);
    else addRow(sums, row, get(u, i), from, pitch);
    pulse(left);
  }
}

/** y = tau Aᵀ u; row k, as it is then, becomes v. Products of the rows with it follow. */
function planRight(job: Job): void {
  const k = job.step;
  const n = job.n;
  const pitch = job.pn;
  const from = lineOf(k);
  const row = at(job.a, pitch, k, 0);
  for (let part = 1; part < partsFor(job.m - k, n - k); part++) {
    addRow(job.y, at(job.y, pitch, part, 0), 1, from, pitch);
  }
  scaleRow(job.y, get(job.taus, k), from, pitch);
  // The first element of u is 1, unless there is nothing to reflect.
  addRow(row, job.y, -get(at(job.b, job.pm, k, 0), k), from, pitch);
  for (let j: u32 = 0; j <= <u32>k; j++) set(row, j, 0);
  if (<u32>(k + 2) < n) {
    set(job.taus2, k, reflect(row, k + 1, pitch));
    set(job.e, k, beta);
  } else {
    set(job.e, k, get(row, k + 1));
    set(row, k + 1, 0);
  }
  job.stage = LEFT;
  job.step = k + 1;
  job.parts = partsFor(job.m - k, n - k);
}

/** Rows below k - 1 of a part: the left half of step k - 1 is applied, and they are multiplied by its v. */
function multiplyRows(job: Job, part: i32): void {
  const k = job.step;
  const left = job.m - k;
  const pitch = job.pn;
  const from = lineOf(k);
  const u = at(job.b, job.pm, k - 1, 0);
  const v = at(job.a, pitch, k - 1, 0);
  const end = k + taskStart(left, job.parts, part + 1);
  for (let i = k + taskStart(left, job.parts, part); i < end; i++) {
    set(job.x, i, addAndDot(at(job.a, pitch, i, 0), job.y, -get(u, i), v, from, pitch));
    pulse(left);
  }
}

// ---- vectors --------------------------------------------------------------------------------------------

/** U = H_0 H_1 ... I, block by block from the last. */
function planGatherU(job: Job): void {
  const m = job.m;
  if (job.step == 0) {
    transpose(job.c, job.pn, m, job.n, job.b, job.pm);
    identity(job.c, job.pn, job.n, job.n);
    job.step = job.n > 2 ? (job.n - 2 + BLOCK - 1) / BLOCK : 0;
    job.stage = GATHER_V;
    return planGatherV(job);
  }
  const first = --job.step * BLOCK;
  const count = min(BLOCK, job.n - first);
  blockOf(at(job.b, job.pm, first, 0), job.pm, count, first, job.pm, job.taus + (first << 3), job.t);
  job.parts = partsFor((job.pn - lineOf(first)) / LINE, <u64>(m - first) * BLOCK * 8);
}

function gatherU(job: Job, part: i32): void {
  const first = job.step * BLOCK;
  const from = columnOf(lineOf(first), job.pn, job.parts, part);
  const to = columnOf(lineOf(first), job.pn, job.parts, part + 1);
  const u = at(job.b, job.pm, first, 0);
  const count = min(BLOCK, job.n - first);
  applyBlock(u, job.pm, job.t, count, false, job.c, job.pn, first, job.m, from, to, job.w);
}

/** The same for V = G_0 G_1 ... I. */
function planGatherV(job: Job): void {
  const n = job.n;
  if (job.step == 0) {
    transpose(job.c, job.pn, n, n, job.a, job.pn);
    job.stage = ITERATE;
    job.high = n - 1;
    return planIteration(job);
  }
  const first = --job.step * BLOCK;
  const count = min(BLOCK, n - 2 - first);
  blockOf(at(job.a, job.pn, first, 0), job.pn, count, first + 1, job.pn, job.taus2 + (first << 3), job.t);
  job.parts = partsFor((job.pn - lineOf(first)) / LINE, <u64>(n - first) * BLOCK * 8);
}

function gatherV(job: Job, part: i32): void {
  const first = job.step * BLOCK;
  const from = columnOf(lineOf(first), job.pn, job.parts, part);
  const to = columnOf(lineOf(first), job.pn, job.parts, part + 1);
  const v = at(job.a, job.pn, first, 0);
  const count = min(BLOCK, job.n - 2 - first);
  applyBlock(v, job.pn, job.t, count, false, job.c, job.pn, first + 1, job.n, from, to, job.w);
}

/** Records sweeps until their memory is full or all is done; lines of Uᵀ and Vᵀ follow. */
function planIteration(job: Job): void {
  job.record = job.c;
  iterateBidiagonal(job, job.c + ((job.m * job.pn - SWEEP_NUMBERS) << 3));
  const rotations = (<u64>(job.record - job.c)) >> 5;
  job.parts = partsFor((job.pm + job.pn) / LINE, rotations * ROTATION_WORK);
}

function rotate(job: Job, part: i32): void {
  const columns = job.pm + job.pn;
  const end = columnOf(0, columns, job.parts, part + 1);
  for (let j = columnOf(0, columns, job.parts, part); j < end; j += LINE) {
    if (j < job.pm) applySweeps(job.c, job.record, 4, 2, job.b + (j << 3), job.pm);
    else applySweeps(job.c, job.record, 4, 0, job.a + ((j - job.pm) << 3), job.pn);
  }
}

/** Descending values; those below 0 turn the sign of their row of Vᵀ. */
function finish(c: Linalg, job: Job): void {
  const m = job.m;
  const n = job.n;
  // The signs, then the values.
  for (let j: u32 = 0; j < n; j++) {
    set(job.e, j, get(job.d, j) < 0 ? -1 : 1);
    set(job.d, j, abs<f64>(get(job.d, j)));
  }
  orderOf(job.d, n, true, job.order, job.y);
  const first = <usize>job.item * n;
  for (let j: u32 = 0; j < n; j++) {
    const from = load<u32>(job.order + (j << 2));
    setElement(c, c.out1, first + j, get(job.d, from) / job.scale);
    const row = at(job.a, job.pn, from, 0);
    const sign = get(job.e, from);
    for (let i: u32 = 0; i < n; i++) setElement(c, c.out2, (first + j) * n + i, sign * get(row, i));
    pulse(n * 2);
  }
  const start = first * m;
  for (let i: u32 = 0; i < m; i += LINE) {
    const end = min(m, i + LINE);
    for (let j: u32 = 0; j < n; j++) {
      const row = at(job.b, job.pm, load<u32>(job.order + (j << 2)), 0);
      for (let l = i; l < end; l++) setElement(c, c.out0, start + l * n + j, get(row, l));
    }
    pulse(n * LINE * 2);
  }
}
