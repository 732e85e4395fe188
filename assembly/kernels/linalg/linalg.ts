// Decompositions and solutions of matrices, all computed in float64 whatever the dtype:
//
//   kind              reads                      writes
//   Cholesky          a [n, n]                   out0 [n, n] lower
//   Lu                a [m, n]                   out0 [m, n] L and U in one, out1 [m] int32 rows of a in the order of L U,
//                                                out2 [] sign of that order
//   Solve             a [n, n], b [n, k]         out0 [n, k]
//   SolveTriangular   a [n, n], b [n, k]         out0 [n, k]
//   Qr                a [m, n]                   out0 [m, k], out1 [k, n] with k of the command
//   Eigh              a [n, n]                   out0 [n] ascending, out1 [n, n] vectors in columns
//   Svd               a [m, n], m >= n           out0 [m, n], out1 [n] descending, out2 [n, n] Vᵀ
//
// job.ts says how an algorithm is written. With a workspace, which holds one matrix, the matrices are taken one after the
// other and each is split among the workers: even phases plan, odd phases work. Without one, matrices are small: a task does
// whole ones in its scratch memory.
import { FAULT_MATRIX, Linalg, LinalgKind } from '../../engine/commands';
import { taskCount, taskStart } from '../../engine/partition';
import { recordFault, scratch } from '../../engine/worker';
import { planCholesky, workCholesky } from './cholesky';
import { planEigh, workEigh } from './eigh';
import { Job, begin } from './job';
import { planLu, workLu } from './lu';
import { planQr, workQr } from './qr';
import { planSvd, workSvd } from './svd';
import { planTriangular, workTriangular } from './triangular';

export function linalgTasks(c: Linalg, phase: i32): i32 {
  if (c.workspace == 0) {
    const size = <u64>max(max(c.m, c.n), c.k);
    return phase == 0 ? taskCount(c.batch, 1000 + size * size * size * 4) : 0;
  }
  if (phase == 0) return c.batch > 0 ? 1 : 0;
  // After a plan that left nothing to do, nothing is left.
  return (phase & 1) == 0 ? 1 : changetype<Job>(c.workspace).parts;
}

export function linalg(c: Linalg, phase: i32, task: i32): void {
  if (c.workspace == 0) {
    const tasks = linalgTasks(c, phase);
    const end = taskStart(c.batch, tasks, task + 1);
    for (let item = taskStart(c.batch, tasks, task); item < end; item++) computeWhole(c, item);
    return;
  }
  const job = changetype<Job>(c.workspace);
  if ((phase & 1) != 0) return work(c, job, task);
  if (phase == 0) begin(c.workspace, c, 0);
  plan(c, job);
  while (job.parts == 0) {
    end(c, job);
    if (job.item + 1 == c.batch) return;
    begin(c.workspace, c, job.item + 1);
    plan(c, job);
  }
}

function computeWhole(c: Linalg, item: u32): void {
  const job = begin(scratch, c, item);
  for (plan(c, job); job.parts > 0; plan(c, job)) {
    for (let part = 0; part < job.parts; part++) work(c, job, part);
  }
  end(c, job);
}

function end(c: Linalg, job: Job): void {
  if (c.info) store<i32>(c.info + (job.item << 2), job.failed);
  if (job.failed && c.check) recordFault(c, FAULT_MATRIX, job.item);
}

function plan(c: Linalg, job: Job): void {
  switch (c.kind) {
    case LinalgKind.Cholesky:
      return planCholesky(c, job);
    case LinalgKind.Lu:
    case LinalgKind.Solve:
      return planLu(c, job);
    case LinalgKind.SolveTriangular:
      return planTriangular(c, job);
    case LinalgKind.Qr:
      return planQr(c, job);
    case LinalgKind.Eigh:
      return planEigh(c, job);
    default:
      planSvd(c, job);
  }
}

function work(c: Linalg, job: Job, part: i32): void {
  switch (c.kind) {
    case LinalgKind.Cholesky:
      return workCholesky(job, part);
    case LinalgKind.Lu:
    case LinalgKind.Solve:
      return workLu(c, job, part);
    case LinalgKind.SolveTriangular:
      return workTriangular(c, job, part);
    case LinalgKind.Qr:
      return workQr(job, part);
    case LinalgKind.Eigh:
      return workEigh(job, part);
    default:
      workSvd(job, part);
  }
}
