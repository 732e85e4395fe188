// Householder reflections H = I - tau v vᵀ, one by one and in blocks. A vector v is a row of its own, with zeros before its
// first element, which is 1. The product of the first to the last of a block is
//
//   H_0 H_1 ... = I - Vᵀ T V        T upper triangular        (Schreiber, Van Loan 1989; signs and factors as in LAPACK)
import { BLOCK } from './job';
import { addRow, at, dot, get, lineOf, multiply, scaleRow, set } from './matrix';

/** Sums of squares below this have lost digits to the limits of float64 (`normalize` keeps the matrix far above). */
const NOTHING: f64 = 1e-270;

/** What `reflect` takes its row to: (beta, 0, ...). */
export let beta: f64 = 0;

/**
 * Makes of the row x, in which nothing but the columns [first, end) is other than 0, the v that takes it to (beta, 0, ...);
 * gives tau. A row that is there already has tau 0 and v 0.
 */
export function reflect(x: usize, first: u32, end: u32): f64 {
  const alpha = get(x, first);
  const from = lineOf(first);
  set(x, first, 0);
  const squares = dot(x, x, from, end);
  if (!(squares >= NOTHING)) {
    // Nothing against a matrix that was normalized: its squares are no numbers any more, and the vector would not be either.
    memory.fill(x + (from << 3), 0, (end - from) << 3);
    beta = alpha;
    return squares == squares ? 0 : NaN;
  }
  const norm = sqrt<f64>(alpha * alpha + squares);
  beta = -copysign<f64>(norm, alpha);
  scaleRow(x, 1 / (alpha - beta), from, end);
  set(x, first, 1);
  return (beta - alpha) / beta;
}

/** T [count, count] (rows of BLOCK numbers) of `count` vectors v, from their products and taus. */
export function blockOf(v: usize, pitch: u32, count: u32, from: u32, end: u32, taus: usize, t: usize): void {
  for (let j: u32 = 0; j < count; j++) {
    const column = t + (j << 3);
    const tau = get(taus, j);
    const vj = at(v, pitch, j, 0);
    // Products with the vectors before it, then T of those times them: ascending, so that each is read before it goes.
    for (let i: u32 = 0; i < j; i++) {
      store<f64>(column + ((i * BLOCK) << 3), -tau * dot(at(v, pitch, i, 0), vj, lineOf(from), end));
    }
    for (let i: u32 = 0; i < j; i++) {
      let sum: f64 = 0;
      for (let l = i; l < j; l++) sum += get(t, i * BLOCK + l) * load<f64>(column + ((l * BLOCK) << 3));
      store<f64>(column + ((i * BLOCK) << 3), sum);
    }
    set(t, j * BLOCK + j, tau);
  }
}

/**
 * Over the columns [from, to):  a = (I - Vᵀ T V) a, or with Tᵀ, for `count` vectors of m elements that are 0 before `first`;
 * w takes [count, ...] of a's columns.
 */
export function applyBlock(
  v: usize,
  vPitch: u32,
  t: usize,
  count: u32,
  transposed: bool,
  a: usize,
  aPitch: u32,
  first: u32,
  m: u32,
  from: u32,
  to: u32,
  w: usize,
): void {
  const part = v + (first << 3);
  const rows = at(a, aPitch, first, 0);
  multiply(w, aPitch, part, vPitch << 3, 8, rows, aPitch, count, from, to, m - first, false);
  for (let step: u32 = 0; step < count; step++) {
    const i = transposed ? count - 1 - step : step;
    const row = at(w, aPitch, i, 0);
    scaleRow(row, get(t, i * BLOCK + i), from, to);
    if (transposed) for (let l: u32 = 0; l < i; l++) addRow(row, at(w, aPitch, l, 0), get(t, l * BLOCK + i), from, to);
    else for (let l = i + 1; l < count; l++) addRow(row, at(w, aPitch, l, 0), get(t, i * BLOCK + l), from, to);
  }
  multiply(rows, aPitch, part, 8, vPitch << 3, w, aPitch, m - first, from, to, count, true);
}
