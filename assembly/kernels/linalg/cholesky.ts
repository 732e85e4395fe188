// A = L Lᵀ of a symmetric positive definite matrix, of which the lower triangle is read, in blocks of BLOCK columns: a block
// is factored, then the rows below it are reduced by one product each (right-looking).
//
//   a   A, then L      w   the block's rows below its triangle, transposed
import { Linalg } from '../../engine/commands';
import { pulse } from '../../engine/worker';
import { BLOCK, Job, partsFor, readMatrix, take, writeMatrix } from './job';
import { LINE, at, get, lineOf, multiply, set } from './matrix';

export function planCholesky(c: Linalg, job: Job): void {
  const n = job.n;
  job.parts = 0;
  if (job.stage == 0) {
    job.stage = 1;
    job.a = take(job, n * job.pn);
    job.w = take(job, BLOCK * job.pn);
    readMatrix(c, c.a, job.item, n, n, job.a, job.pn);
  }
  while (job.step < n && job.failed == 0) {
    factorBlock(job);
    if (job.failed) break;
    job.step = min(n, job.step + BLOCK);
    if (job.step < n) {
      job.parts = partsFor(n - job.step, (<u64>(n - job.step) * BLOCK) / 4);
      return;
    }
  }
  for (let i: u32 = 0; i < n; i++) {
    const row = at(job.a, job.pn, i, 0);
    // A matrix that failed keeps what it had right of where it did.
    const end = job.failed ? min(n, <u32>job.failed - 1) : n;
    for (let j = i + 1; j < end; j++) set(row, j, 0);
  }
  writeMatrix(c, job.a, job.pn, n, n, c.out0, job.item);
}

/** Columns [step, step + BLOCK) of L, and their part below transposed. */
function factorBlock(job: Job): void {
  const n = job.n;
  const pitch = job.pn;
  const first = job.step;
  const end = min(n, first + BLOCK);
  for (let i = first; i < n; i++) {
    const row = at(job.a, pitch, i, 0);
    for (let j = first; j < min(i, end); j++) {
      const other = at(job.a, pitch, j, 0);
      let sum = get(row, j);
      for (let l = first; l < j; l++) sum -= get(row, l) * get(other, l);
      const value = sum / get(other, j);
      set(row, j, value);
      if (i >= end) set(at(job.w, pitch, j - first, 0), i, value);
    }
    pulse(BLOCK * BLOCK);
    if (i >= end) continue;
    let pivot = get(row, i);
    for (let l = first; l < i; l++) pivot -= get(row, l) * get(row, l);
    if (!(pivot > 0)) {
      job.failed = i + 1;
      return;
    }
    set(row, i, sqrt<f64>(pivot));
  }
}

/** Rows of a part lose their products with the rows above them. */
export function workCholesky(job: Job, part: i32): void {
  const pitch = job.pn;
  const end = job.step;
  const first = end - BLOCK;
  const count = job.n - end;
  // Rows further down are longer: the square root makes the parts even.
  const low = end + <u32>(<f64>count * sqrt<f64>(<f64>part / <f64>job.parts));
  const high = part + 1 == job.parts ? job.n : end + <u32>(<f64>count * sqrt<f64>(<f64>(part + 1) / <f64>job.parts));
  // By squares, so that little of the upper triangle is computed.
  for (let i = low; i < high; i += BLOCK) {
    const rows = min(BLOCK, high - i);
    const to = min(pitch, lineOf(i + rows - 1) + LINE);
    multiply(at(job.a, pitch, i, 0), pitch, at(job.a, pitch, i, first), pitch << 3, 8, job.w, pitch, rows, end, to, BLOCK, true);
  }
} // prettier-ignore
