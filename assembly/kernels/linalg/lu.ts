// LU with partial pivoting, and solutions by it, in blocks of BLOCK columns: a block is factored, then lines of the columns
// right of it are taken through the block's triangle and reduced by one product each (right-looking, as LAPACK's getrf).
//
//   a   A, then L and U in one      b   right-hand sides [n, k], then solutions      order   rows of A in the order of L U (int32)
import { Linalg, LinalgKind } from '../../engine/commands';
import { pulse } from '../../engine/worker';
import { BLOCK, Job, columnOf, element, partsFor, readMatrix, setElement, take, writeMatrix } from './job';
import { LINE, addRow, at, get, multiply, set, swapRows } from './matrix';
import { solvePart } from './triangular';

const FACTOR = 1;
const SOLVE = 2;

export function planLu(c: Linalg, job: Job): void {
  job.parts = 0;
  if (job.stage == 0) start(c, job);
  else if (job.stage == SOLVE) return writeMatrix(c, job.b, job.pk, job.n, job.k, c.out0, job.item);
  const steps = min(job.m, job.n);
  while (job.step < steps) {
    factorBlock(job);
    job.step = min(steps, job.step + BLOCK);
    if (job.step < job.n) {
      const left = job.m - job.step + BLOCK;
      job.parts = partsFor((job.n - job.step) / LINE + 1, <u64>left * BLOCK * 3);
      return;
    }
  }
  if (c.kind == LinalgKind.Lu) finish(c, job);
  else startSolving(c, job);
}

export function workLu(c: Linalg, job: Job, part: i32): void {
  if (job.stage == SOLVE) {
    const from = columnOf(0, job.pk, job.parts, part);
    const to = columnOf(0, job.pk, job.parts, part + 1);
    solvePart(job.a, job.pn, job.b, job.pk, job.n, false, true, from, to);
    solvePart(job.a, job.pn, job.b, job.pk, job.n, true, false, from, to);
  } else reducePart(job, part);
}

function start(c: Linalg, job: Job): void {
  job.stage = FACTOR;
  job.a = take(job, job.m * job.pn);
  job.b = c.kind == LinalgKind.Lu ? 0 : take(job, job.n * job.pk);
  job.order = take(job, job.pm);
  job.norm = 1;
  readMatrix(c, c.a, job.item, job.m, job.n, job.a, job.pn);
  for (let i: u32 = 0; i < job.m; i++) store<u32>(job.order + (i << 2), i);
}

/** Columns [step, step + BLOCK) of L and U; rows are exchanged as wholes. */
function factorBlock(job: Job): void {
  const pitch = job.pn;
  const first = job.step;
  const end = min(min(job.m, job.n), first + BLOCK);
  for (let j = first; j < end; j++) {
    let best = j;
    for (let i = j + 1; i < job.m; i++) {
      const size = abs<f64>(load<f64>(at(job.a, pitch, i, j)));
      // NaN is taken, too: a pivot beside it would leave it out of the result.
      if (size > abs<f64>(load<f64>(at(job.a, pitch, best, j))) || size != size) best = i;
    }
    const row = at(job.a, pitch, j, 0);
    // Then everything below is 0 already and is taken off the rest as it is, which matters to NaN alone.
    const isZero = load<f64>(at(job.a, pitch, best, j)) == 0;
    if (isZero && job.failed == 0) job.failed = j + 1;
    if (best != j) {
      job.norm = -job.norm;
      swapRows(row, at(job.a, pitch, best, 0), pitch);
      const kept = load<u32>(job.order + (j << 2));
      store<u32>(job.order + (j << 2), load<u32>(job.order + (best << 2)));
      store<u32>(job.order + (best << 2), kept);
    }
    const pivot = get(row, j);
    for (let i = j + 1; i < job.m; i++) {
      const other = at(job.a, pitch, i, 0);
      const factor = isZero ? get(other, j) : get(other, j) / pivot;
      set(other, j, factor);
      for (let l = j + 1; l < end; l++) set(other, l, get(other, l) - factor * get(row, l));
    }
    pulse((job.m - j) * BLOCK);
  }
}

/** A line of columns right of the block: through the block's unit triangle, then everything below is reduced. */
function reducePart(job: Job, part: i32): void {
  const pitch = job.pn;
  const end = job.step;
  // All blocks but the last of a wide matrix are whole, so that columns behind them start a line.
  const first = ((end - 1) / BLOCK) * BLOCK;
  const left = end & (LINE - 1);
  const from = columnOf(end - left, pitch, job.parts, part);
  const to = columnOf(end - left, pitch, job.parts, part + 1);
  // Columns of the last line that belong to the block itself are L and U already.
  let start = from;
  if (from == to) return;
  if (left != 0 && from + left == end) start = from + LINE;
  for (let i = first + 1; i < end; i++) {
    const row = at(job.a, pitch, i, 0);
    for (let l = first; l < i; l++) {
      const other = at(job.a, pitch, l, 0);
      const factor = -get(row, l);
      if (start > from) for (let j = end; j < start; j++) set(row, j, get(row, j) + factor * get(other, j));
      addRow(row, other, factor, start, to);
    }
  }
  // Nothing is below the last block of a wide matrix, nor is any other block less than whole.
  if (end >= job.m) return;
  const below = at(job.a, pitch, end, 0);
  multiply(below, pitch, below + (first << 3), pitch << 3, 8, at(job.a, pitch, first, 0), pitch, job.m - end, start, to, end - first, true);
} // prettier-ignore

function finish(c: Linalg, job: Job): void {
  writeMatrix(c, job.a, job.pn, job.m, job.n, c.out0, job.item);
  memory.copy(c.out1 + ((job.item * job.m) << 2), job.order, job.m << 2);
  setElement(c, c.out2, job.item, job.norm);
}

/** Rows of b in the order of L U; each part solves for lines of its columns. */
function startSolving(c: Linalg, job: Job): void {
  const k = job.k;
  const first = <usize>job.item * job.n;
  for (let i: u32 = 0; i < job.n; i++) {
    const row = at(job.b, job.pk, i, 0);
    const from = (first + load<u32>(job.order + (i << 2))) * k;
    for (let j: u32 = 0; j < k; j++) set(row, j, element(c, c.b, from + j));
    for (let j = k; j < job.pk; j++) set(row, j, 0);
    pulse(k * 2);
  }
  job.stage = SOLVE;
  job.parts = partsFor(job.pk / LINE, <u64>job.n * job.n * 6);
}
