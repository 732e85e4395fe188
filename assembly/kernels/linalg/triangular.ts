// Solutions of triangular systems, lines of right-hand sides by themselves, in blocks of BLOCK rows.
//
//   a   the triangle [n, n]      b   right-hand sides [n, k], then solutions
import { Linalg } from '../../engine/commands';
import { BLOCK, Job, columnOf, partsFor, readMatrix, take, writeMatrix } from './job';
import { LINE, addRow, at, get, multiply, set } from './matrix';

export function planTriangular(c: Linalg, job: Job): void {
  job.parts = 0;
  if (job.stage != 0) return writeMatrix(c, job.b, job.pk, job.n, job.k, c.out0, job.item);
  job.stage = 1;
  job.a = take(job, job.n * job.pn);
  job.b = take(job, job.n * job.pk);
  readMatrix(c, c.a, job.item, job.n, job.n, job.a, job.pn);
  readMatrix(c, c.b, job.item, job.n, job.k, job.b, job.pk);
  job.parts = partsFor(job.pk / LINE, <u64>job.n * job.n * 3);
}

export function workTriangular(c: Linalg, job: Job, part: i32): void {
  const from = columnOf(0, job.pk, job.parts, part);
  const to = columnOf(0, job.pk, job.parts, part + 1);
  solvePart(job.a, job.pn, job.b, job.pk, job.n, (c.flags & 1) != 0, (c.flags & 2) != 0, from, to);
}

/** Columns [from, to) of b become a⁻¹ b for a triangle of a [n, n]; `unit` takes its diagonal as ones. */
export function solvePart(
  a: usize,
  pitch: u32,
  b: usize,
  bPitch: u32,
  n: u32,
  upper: bool,
  unit: bool,
  from: u32,
  to: u32,
): void {
  const blocks = (n + BLOCK - 1) / BLOCK;
  for (let step: u32 = 0; step < blocks; step++) {
    const first = (upper ? blocks - 1 - step : step) * BLOCK;
    const end = min(n, first + BLOCK);
    for (let turn = first; turn < end; turn++) {
      const i = upper ? end - 1 - (turn - first) : turn;
      const row = at(a, pitch, i, 0);
      const solution = at(b, bPitch, i, 0);
      const low = upper ? i + 1 : first;
      const high = upper ? end : i;
      for (let l = low; l < high; l++) addRow(solution, at(b, bPitch, l, 0), -get(row, l), from, to);
      if (!unit) {
        const pivot = get(row, i);
        for (let j = from; j < to; j++) set(solution, j, get(solution, j) / pivot);
      }
    }
    // What is left loses the block's share.
    const rest = upper ? 0 : end;
    const rows = upper ? first : n - end;
    if (rows == 0) continue;
    const factors = at(a, pitch, rest, first);
    const solved = at(b, bPitch, first, 0);
    multiply(at(b, bPitch, rest, 0), bPitch, factors, pitch << 3, 8, solved, bPitch, rows, from, to, end - first, true);
  }
}
