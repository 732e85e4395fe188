// QR by Householder reflections in blocks of BLOCK columns: a block is factored in rows of its own, then lines of the columns
// right of it are reflected by all of them at once; Q by the same blocks from the last to the first (as LAPACK's geqrf, orgqr).
//
//   a   A, then R      b   the vectors v as rows      c   Q [m, k]      taus      t   T of each block      w   products
import { Linalg } from '../../engine/commands';
import { pulse } from '../../engine/worker';
import { BLOCK, Job, columnOf, identity, normalize, partsFor, readMatrix, setElement, take, writeMatrix } from './job';
import { LINE, addRow, at, clear, dot, get, lineOf, set } from './matrix';
import { applyBlock, beta, blockOf, reflect } from './reflections';

const FACTOR = 1;
const GATHER = 2;

export function planQr(c: Linalg, job: Job): void {
  const steps = min(job.m, job.n);
  job.parts = 0;
  if (job.stage == 0) start(c, job, steps);
  if (job.stage == FACTOR) {
    while (job.step < steps) {
      factorBlock(job, steps);
      job.step = min(steps, job.step + BLOCK);
      if (job.step < job.n) {
        job.parts = partsFor((job.n - job.step) / LINE + 1, <u64>job.m * BLOCK * 8);
        return;
      }
    }
    identity(job.c, job.pk, job.m, job.k);
    job.stage = GATHER;
    job.step = (steps + BLOCK - 1) / BLOCK;
  }
  if (job.step > 0) {
    const first = --job.step * BLOCK;
    job.parts = partsFor((job.pk - lineOf(first)) / LINE, <u64>(job.m - first) * BLOCK * 8);
    return;
  }
  finish(c, job);
}

export function workQr(job: Job, part: i32): void {
  const steps = min(job.m, job.n);
  if (job.stage == GATHER) {
    const first = job.step * BLOCK;
    const from = columnOf(lineOf(first), job.pk, job.parts, part);
    const to = columnOf(lineOf(first), job.pk, job.parts, part + 1);
    apply(job, first, min(BLOCK, steps - first), false, job.c, job.pk, from, to);
    return;
  }
  // The columns right of the block just factored; those of a last line that it shares are its own copies already.
  const first = ((job.step - 1) / BLOCK) * BLOCK;
  const start = (job.step + LINE - 1) & ~(LINE - 1);
  const from = columnOf(start, job.pn, job.parts, part);
  const to = columnOf(start, job.pn, job.parts, part + 1);
  apply(job, first, job.step - first, true, job.a, job.pn, from, to);
}

function apply(job: Job, first: u32, count: u32, transposed: bool, a: usize, pitch: u32, from: u32, to: u32): void {
  const t = job.t + ((first * BLOCK) << 3);
  applyBlock(at(job.b, job.pm, first, 0), job.pm, t, count, transposed, a, pitch, first, job.m, from, to, job.w);
}

function start(c: Linalg, job: Job, steps: u32): void {
  const width = max(job.pn, job.pk);
  job.a = take(job, job.m * job.pn);
  job.b = take(job, steps * job.pm);
  job.c = take(job, job.m * job.pk);
  job.taus = take(job, job.pn);
  job.t = take(job, (steps + BLOCK) * BLOCK);
  job.w = take(job, BLOCK * width);
  readMatrix(c, c.a, job.item, job.m, job.n, job.a, job.pn);
  normalize(job, job.a, job.pn, job.m, job.n);
  clear(job.b, steps, job.pm);
  job.stage = FACTOR;
}

/** Columns [step, step + BLOCK): copied to rows, reflected one after the other, and R's part of them copied back. */
function factorBlock(job: Job, steps: u32): void {
  const first = job.step;
  const end = min(steps, first + BLOCK);
  const from = lineOf(first);
  // With the last block of a wide matrix the rest of its last line.
  const columns = end == steps ? min(job.n, (end + LINE - 1) & ~(LINE - 1)) : end;
  for (let j = first; j < end; j++) {
    const row = at(job.b, job.pm, j, 0);
    for (let i = first; i < job.m; i++) set(row, i, load<f64>(at(job.a, job.pn, i, j)));
  }
  for (let j = first; j < end; j++) {
    const v = at(job.b, job.pm, j, 0);
    // What is above belongs to R.
    for (let i = first; i < j; i++) {
      store<f64>(at(job.a, job.pn, i, j), get(v, i));
      set(v, i, 0);
    }
    const tau = reflect(v, j, job.pm);
    set(job.taus, j, tau);
    store<f64>(at(job.a, job.pn, j, j), beta);
    for (let l = j + 1; l < end; l++) {
      const other = at(job.b, job.pm, l, 0);
      addRow(other, v, -tau * dot(v, other, from, job.pm), from, job.pm);
    }
    for (let l = end; l < columns; l++) reflectColumn(job, v, tau, j, l);
    pulse((job.m - first) * BLOCK);
  }
  blockOf(at(job.b, job.pm, first, 0), job.pm, end - first, first, job.pm, job.taus + (first << 3), job.t + ((first * BLOCK) << 3));
} // prettier-ignore

/** Column l of a, where it lies. */
function reflectColumn(job: Job, v: usize, tau: f64, first: u32, l: u32): void {
  let sum: f64 = 0;
  for (let i = first; i < job.m; i++) sum += get(v, i) * load<f64>(at(job.a, job.pn, i, l));
  sum *= tau;
  for (let i = first; i < job.m; i++) {
    const place = at(job.a, job.pn, i, l);
    store<f64>(place, load<f64>(place) - sum * get(v, i));
  }
}

function finish(c: Linalg, job: Job): void {
  writeMatrix(c, job.c, job.pk, job.m, job.k, c.out0, job.item);
  let index = <usize>job.item * job.k * job.n;
  for (let i: u32 = 0; i < job.k; i++) {
    const row = at(job.a, job.pn, i, 0);
    for (let j: u32 = 0; j < job.n; j++) {
      setElement(c, c.out1, index++, j < i || i >= job.m ? 0 : get(row, j) / job.scale);
    }
    pulse(job.n * 2);
  }
}
