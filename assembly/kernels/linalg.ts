// Decompositions and solutions of small matrices, one matrix a task, all computed in float64 whatever the dtype:
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
// Householder reflections and signs are those of LAPACK; eigenvalues and singular values by Jacobi rotations, which are
// short and accurate. The workspace of a matrix takes 3 s² + 4 s + 8 numbers with
// s = max(m, n, k).
import { DTypeCode, FAULT_MATRIX, Linalg, LinalgKind } from '../engine/commands';
import { taskCount, taskStart } from '../engine/partition';
import { recordFault } from '../engine/worker';

/** Sweeps of rotations before giving up; ten are rare. */
const MAX_SWEEPS: i32 = 60;
const EPSILON: f64 = 2.220446049250313e-16;

export function linalgTasks(c: Linalg, phase: i32): i32 {
  const size = <u64>max(max(c.m, c.n), c.k);
  return phase == 0 ? taskCount(c.batch, 100 + size * size * size * 4) : 0;
}

export function linalg(c: Linalg, phase: i32, task: i32): void {
  const tasks = linalgTasks(c, phase);
  const end = taskStart(c.batch, tasks, task + 1);
  for (let item = taskStart(c.batch, tasks, task); item < end; item++) {
    const failed = compute(c, item);
    if (c.info) store<i32>(c.info + (item << 2), failed);
    if (failed && c.check) recordFault(c, FAULT_MATRIX, item);
  }
}

/** Computes one matrix of the batch; 0, or where it failed. */
function compute(c: Linalg, item: u32): i32 {
  const size = max(max(c.m, c.n), c.k);
  // The matrix, the right-hand sides or vectors, and what is left over.
  const a = c.workspace + item * (3 * size * size + 4 * size + 8) * 8;
  const b = a + size * size * 8;
  const rest = b + size * size * 8;
  read(c, c.a, item * c.m * c.n, a, c.m * c.n);
  let failed: i32 = 0;
  switch (c.kind) {
    case LinalgKind.Cholesky:
      failed = cholesky(a, c.n);
      write(c, a, c.out0, item * c.n * c.n, c.n * c.n);
      return failed;
    case LinalgKind.Lu:
      failed = lu(a, c.m, c.n, c.out1 + item * c.m * 4, rest);
      write(c, a, c.out0, item * c.m * c.n, c.m * c.n);
      write(c, rest, c.out2, item, 1);
      return failed;
    case LinalgKind.Solve:
      read(c, c.b, item * c.n * c.k, b, c.n * c.k);
      failed = lu(a, c.n, c.n, rest + 8, rest);
      // Rows of b in the order of L U.
      permuteRows(b, c.n, c.k, rest + 8, rest + 8 + c.n * 8);
      solveTriangular(a, b, c.n, c.k, false, true);
      solveTriangular(a, b, c.n, c.k, true, false);
      write(c, b, c.out0, item * c.n * c.k, c.n * c.k);
      return failed;
    case LinalgKind.SolveTriangular:
      read(c, c.b, item * c.n * c.k, b, c.n * c.k);
      solveTriangular(a, b, c.n, c.k, (c.flags & 1) != 0, (c.flags & 2) != 0);
      write(c, b, c.out0, item * c.n * c.k, c.n * c.k);
      return 0;
    case LinalgKind.Qr:
      qr(a, b, c.m, c.n, c.k, rest);
      write(c, b, c.out0, item * c.m * c.k, c.m * c.k);
      write(c, a, c.out1, item * c.k * c.n, c.k * c.n);
      return 0;
    case LinalgKind.Eigh:
      failed = eigh(a, b, c.n, rest);
      write(c, rest, c.out0, item * c.n, c.n);
      write(c, b, c.out1, item * c.n * c.n, c.n * c.n);
      return failed;
    default:
      failed = svd(a, b, c.m, c.n, rest);
      write(c, a, c.out0, item * c.m * c.n, c.m * c.n);
      write(c, rest, c.out1, item * c.n, c.n);
      write(c, b, c.out2, item * c.n * c.n, c.n * c.n);
      return failed;
  }
}

/** `count` elements of a tensor, from element `at`, as float64. */
function read(c: Linalg, from: usize, at: u32, to: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const value =
      c.dtype == DTypeCode.Float32 ? <f64>load<f32>(from + ((at + i) << 2)) : load<f64>(from + ((at + i) << 3));
    store<f64>(to + (i << 3), value);
  }
}

/** The way back. */
function write(c: Linalg, from: usize, to: usize, at: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const value = load<f64>(from + (i << 3));
    if (c.dtype == DTypeCode.Float32) store<f32>(to + ((at + i) << 2), <f32>value);
    else store<f64>(to + ((at + i) << 3), value);
  }
}

/** Element (i, j) of a matrix of n columns. */
@inline
function get(a: usize, n: u32, i: u32, j: u32): f64 {
  return load<f64>(a + ((i * n + j) << 3));
}

@inline
function set(a: usize, n: u32, i: u32, j: u32, value: f64): void {
  store<f64>(a + ((i * n + j) << 3), value);
}

/** a [n, n] -> its lower factor, zeros above. */
function cholesky(a: usize, n: u32): i32 {
  for (let j: u32 = 0; j < n; j++) {
    let pivot = get(a, n, j, j);
    for (let l: u32 = 0; l < j; l++) pivot -= get(a, n, j, l) * get(a, n, j, l);
    if (!(pivot > 0)) return j + 1;
    const root = sqrt<f64>(pivot);
    set(a, n, j, j, root);
    for (let i = j + 1; i < n; i++) {
      let sum = get(a, n, i, j);
      for (let l: u32 = 0; l < j; l++) sum -= get(a, n, i, l) * get(a, n, j, l);
      set(a, n, i, j, sum / root);
    }
    for (let i: u32 = 0; i < j; i++) set(a, n, i, j, 0);
  }
  return 0;
}

/** a [m, n] -> L (ones on its diagonal) and U in place, the order of rows [m] (int32), its sign. */
function lu(a: usize, m: u32, n: u32, order: usize, sign: usize): i32 {
  let failed: i32 = 0;
  let parity: f64 = 1;
  for (let i: u32 = 0; i < m; i++) store<i32>(order + (i << 2), i);
  for (let j: u32 = 0; j < min(m, n); j++) {
    let best = j;
    for (let i = j + 1; i < m; i++) if (abs<f64>(get(a, n, i, j)) > abs<f64>(get(a, n, best, j))) best = i;
    if (get(a, n, best, j) == 0) {
      if (failed == 0) failed = j + 1;
      continue;
    }
    if (best != j) {
      parity = -parity;
      for (let l: u32 = 0; l < n; l++) {
        const kept = get(a, n, j, l);
        set(a, n, j, l, get(a, n, best, l));
        set(a, n, best, l, kept);
      }
      const row = load<i32>(order + (j << 2));
      store<i32>(order + (j << 2), load<i32>(order + (best << 2)));
      store<i32>(order + (best << 2), row);
    }
    for (let i = j + 1; i < m; i++) {
      const factor = get(a, n, i, j) / get(a, n, j, j);
      set(a, n, i, j, factor);
      for (let l = j + 1; l < n; l++) set(a, n, i, l, get(a, n, i, l) - factor * get(a, n, j, l));
    }
  }
  store<f64>(sign, parity);
  return failed;
}

/** Rows of b [n, k] in another order; `spare` takes one column. */
function permuteRows(b: usize, n: u32, k: u32, order: usize, spare: usize): void {
  for (let j: u32 = 0; j < k; j++) {
    for (let i: u32 = 0; i < n; i++) store<f64>(spare + (i << 3), get(b, k, load<i32>(order + (i << 2)), j));
    for (let i: u32 = 0; i < n; i++) set(b, k, i, j, load<f64>(spare + (i << 3)));
  }
}

/** b [n, k] -> a⁻¹ b for a triangle of a [n, n]. */
function solveTriangular(a: usize, b: usize, n: u32, k: u32, upper: bool, unit: bool): void {
  for (let step: u32 = 0; step < n; step++) {
    const i = upper ? n - 1 - step : step;
    for (let j: u32 = 0; j < k; j++) {
      let sum = get(b, k, i, j);
      if (upper) for (let l = i + 1; l < n; l++) sum -= get(a, n, i, l) * get(b, k, l, j);
      else for (let l: u32 = 0; l < i; l++) sum -= get(a, n, i, l) * get(b, k, l, j);
      set(b, k, i, j, unit ? sum : sum / get(a, n, i, i));
    }
  }
}

/** a [m, n] -> R in its first k rows; q [m, k]. `taus` takes min(m, n) numbers. */
function qr(a: usize, q: usize, m: u32, n: u32, k: u32, taus: usize): void {
  const steps = min(m, n);
  for (let j: u32 = 0; j < steps; j++) {
    // H = I - tau v vᵀ with v_j = 1 takes column j to (beta, 0, ...); v is kept below the diagonal.
    const alpha = get(a, n, j, j);
    let squares: f64 = 0;
    for (let i = j + 1; i < m; i++) squares += get(a, n, i, j) * get(a, n, i, j);
    let tau: f64 = 0;
    if (squares > 0) {
      const norm = sqrt<f64>(alpha * alpha + squares);
      const beta = alpha > 0 ? -norm : norm;
      tau = (beta - alpha) / beta;
      for (let i = j + 1; i < m; i++) set(a, n, i, j, get(a, n, i, j) / (alpha - beta));
      set(a, n, j, j, beta);
    }
    store<f64>(taus + (j << 3), tau);
    for (let l = j + 1; l < n; l++) reflect(a, n, a, n, m, j, l, tau);
  }
  for (let i: u32 = 0; i < m; i++) for (let l: u32 = 0; l < k; l++) set(q, k, i, l, i == l ? 1 : 0);
  for (let step: u32 = 0; step < steps; step++) {
    const j = steps - 1 - step;
    for (let l = j; l < k; l++) reflect(a, n, q, k, m, j, l, load<f64>(taus + (j << 3)));
  }
  for (let i: u32 = 1; i < k; i++) for (let l: u32 = 0; l < min(i, n); l++) set(a, n, i, l, 0);
}

/** Column l of b [m, width] reflected by the vector below the diagonal of column j of a [m, n]. */
function reflect(a: usize, n: u32, b: usize, width: u32, m: u32, j: u32, l: u32, tau: f64): void {
  let sum = get(b, width, j, l);
  for (let i = j + 1; i < m; i++) sum += get(a, n, i, j) * get(b, width, i, l);
  sum *= tau;
  set(b, width, j, l, get(b, width, j, l) - sum);
  for (let i = j + 1; i < m; i++) set(b, width, i, l, get(b, width, i, l) - sum * get(a, n, i, j));
}

/** Symmetric a [n, n] (its lower triangle is read) -> eigenvalues [n] ascending, vectors [n, n] in columns. */
function eigh(a: usize, vectors: usize, n: u32, values: usize): i32 {
  for (let i: u32 = 0; i < n; i++) {
    for (let j: u32 = 0; j < n; j++) set(vectors, n, i, j, i == j ? 1 : 0);
    for (let j: u32 = 0; j < i; j++) set(a, n, j, i, get(a, n, i, j));
  }
  let failed: i32 = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS && failed; sweep++) {
    failed = 0;
    for (let p: u32 = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = get(a, n, p, q);
        const scale = abs<f64>(get(a, n, p, p)) + abs<f64>(get(a, n, q, q));
        if (!(abs<f64>(off) > EPSILON * 1e-3 * scale)) continue;
        failed = 1;
        rotateSymmetric(a, vectors, n, p, q, off);
      }
    }
  }
  for (let i: u32 = 0; i < n; i++) store<f64>(values + (i << 3), get(a, n, i, i));
  order(values, vectors, n, n, 0, false);
  return failed;
}

/** One Jacobi rotation that makes element (p, q) zero. */
function rotateSymmetric(a: usize, vectors: usize, n: u32, p: u32, q: u32, off: f64): void {
  const theta = (get(a, n, q, q) - get(a, n, p, p)) / (2 * off);
  const t = (theta < 0 ? -1 : 1) / (abs<f64>(theta) + sqrt<f64>(theta * theta + 1));
  const cosine = 1 / sqrt<f64>(t * t + 1);
  const sine = t * cosine;
  rotateColumns(a, n, n, p, q, cosine, sine);
  rotateRows(a, n, p, q, cosine, sine);
  set(a, n, p, q, 0);
  set(a, n, q, p, 0);
  rotateColumns(vectors, n, n, p, q, cosine, sine);
}

/** Columns p and q of a [m, n] turned by an angle. */
function rotateColumns(a: usize, m: u32, n: u32, p: u32, q: u32, cosine: f64, sine: f64): void {
  for (let i: u32 = 0; i < m; i++) {
    const x = get(a, n, i, p);
    const y = get(a, n, i, q);
    set(a, n, i, p, cosine * x - sine * y);
    set(a, n, i, q, sine * x + cosine * y);
  }
}

function rotateRows(a: usize, n: u32, p: u32, q: u32, cosine: f64, sine: f64): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = get(a, n, p, i);
    const y = get(a, n, q, i);
    set(a, n, p, i, cosine * x - sine * y);
    set(a, n, q, i, sine * x + cosine * y);
  }
}

/** a [m, n], m >= n -> U [m, n]; singular values [n] descending; b [n, n] Vᵀ. */
function svd(a: usize, b: usize, m: u32, n: u32, values: usize): i32 {
  for (let i: u32 = 0; i < n; i++) for (let j: u32 = 0; j < n; j++) set(b, n, i, j, i == j ? 1 : 0);
  // Columns are turned against each other until all are orthogonal: a V = U S.
  let failed: i32 = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS && failed; sweep++) {
    failed = 0;
    for (let p: u32 = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        let pp: f64 = 0;
        let qq: f64 = 0;
        let pq: f64 = 0;
        for (let i: u32 = 0; i < m; i++) {
          const x = get(a, n, i, p);
          const y = get(a, n, i, q);
          pp += x * x;
          qq += y * y;
          pq += x * y;
        }
        if (!(abs<f64>(pq) > EPSILON * sqrt<f64>(pp * qq))) continue;
        failed = 1;
        const theta = (qq - pp) / (2 * pq);
        const t = (theta < 0 ? -1 : 1) / (abs<f64>(theta) + sqrt<f64>(theta * theta + 1));
        const cosine = 1 / sqrt<f64>(t * t + 1);
        rotateColumns(a, m, n, p, q, cosine, t * cosine);
        rotateColumns(b, n, n, p, q, cosine, t * cosine);
      }
    }
  }
  for (let j: u32 = 0; j < n; j++) {
    let squares: f64 = 0;
    for (let i: u32 = 0; i < m; i++) squares += get(a, n, i, j) * get(a, n, i, j);
    const value = sqrt<f64>(squares);
    store<f64>(values + (j << 3), value);
    if (value > 0) for (let i: u32 = 0; i < m; i++) set(a, n, i, j, get(a, n, i, j) / value);
  }
  order(values, a, m, n, b, true);
  completeColumns(a, m, n, values);
  transpose(b, n);
  return failed;
}

/** Columns of a [m, n] whose singular value is 0 become orthogonal to the others. */
function completeColumns(a: usize, m: u32, n: u32, values: usize): void {
  const least = load<f64>(values) * EPSILON;
  for (let j: u32 = 0; j < n; j++) {
    if (load<f64>(values + (j << 3)) > least) continue;
    for (let trial: u32 = 0; trial < m; trial++) {
      for (let i: u32 = 0; i < m; i++) set(a, n, i, j, i == trial ? 1 : 0);
      for (let twice = 0; twice < 2; twice++) {
        for (let l: u32 = 0; l < j; l++) {
          let dot: f64 = 0;
          for (let i: u32 = 0; i < m; i++) dot += get(a, n, i, j) * get(a, n, i, l);
          for (let i: u32 = 0; i < m; i++) set(a, n, i, j, get(a, n, i, j) - dot * get(a, n, i, l));
        }
      }
      let squares: f64 = 0;
      for (let i: u32 = 0; i < m; i++) squares += get(a, n, i, j) * get(a, n, i, j);
      if (squares < 0.1 / <f64>m) continue;
      for (let i: u32 = 0; i < m; i++) set(a, n, i, j, get(a, n, i, j) / sqrt<f64>(squares));
      break;
    }
  }
}

function transpose(a: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    for (let j: u32 = 0; j < i; j++) {
      const kept = get(a, n, i, j);
      set(a, n, i, j, get(a, n, j, i));
      set(a, n, j, i, kept);
    }
  }
}

/** Sorts values [n] and with them the columns of a [m, n], and of b [n, n] unless that is 0. */
function order(values: usize, a: usize, m: u32, n: u32, b: usize, descending: bool): void {
  for (let i: u32 = 0; i < n; i++) {
    let best = i;
    for (let j = i + 1; j < n; j++) {
      const x = load<f64>(values + (j << 3));
      const y = load<f64>(values + (best << 3));
      if (descending ? x > y : x < y) best = j;
    }
    if (best == i) continue;
    swapColumns(values, 1, n, i, best);
    swapColumns(a, m, n, i, best);
    if (b) swapColumns(b, n, n, i, best);
  }
}

function swapColumns(a: usize, m: u32, n: u32, p: u32, q: u32): void {
  for (let i: u32 = 0; i < m; i++) {
    const kept = get(a, n, i, p);
    set(a, n, i, p, get(a, n, i, q));
    set(a, n, i, q, kept);
  }
}
