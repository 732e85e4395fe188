// The real Schur form of a square matrix and its eigenvectors, in float64 on the page's thread: reflections to Hessenberg form,
// then QR steps with two shifts (EISPACK's orthes and hqr2, by way of JAMA, which is in the public domain). No tensors here.
import type { Pauses } from '../../core/pace';

/** Eigenvalues and eigenvectors (columns of norm 1), or the first pair that is not real, or null where the steps do not converge. */
export type Spectrum =
  | { readonly values: Float64Array; readonly vectors: readonly Float64Array[] }
  | { readonly real: number; readonly imaginary: number }
  | null;

type Rows = readonly Float64Array[];

/** Ratio of what is taken for 0 to what is around it. */
const EPSILON = 2 ** -52;
/** QR steps for one eigenvalue, after which there is no hope. */
const MOST_STEPS = 300;
/** Steps after which the shift is replaced by another: Wilkinson's, and MATLAB's. */
const [UNUSUAL, RARE] = [10, 30];

const identity = (n: number): Float64Array[] =>
  Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_v, j) => Number(i === j)));

/** x (I - u uᵀ / h) for the rows of x, where u starts at `from`. */
function reflectColumns(x: Rows, u: Float64Array, h: number, from: number): void {
  for (const row of x) {
    let f = 0;
    for (let j = from; j < u.length; j++) f += u[j] * row[j];
    f /= h;
    for (let j = from; j < u.length; j++) row[j] -= f * u[j];
  }
}

/** Brings `a` into Hessenberg form, in place. Gives the orthogonal V with A = V H Vᵀ. */
async function reduce(a: Rows, pauses: Pauses): Promise<Float64Array[]> {
  const n = a.length;
  const v = identity(n);
  for (let m = 1; m < n - 1; m++) {
    const u = new Float64Array(n);
    let scale = 0;
    for (let i = m; i < n; i++) scale += Math.abs(a[i][m - 1]);
    if (scale === 0) continue;
    let h = 0;
    for (let i = m; i < n; i++) {
      u[i] = a[i][m - 1] / scale;
      h += u[i] * u[i];
    }
    const g = u[m] > 0 ? -Math.sqrt(h) : Math.sqrt(h);
    h -= u[m] * g;
    u[m] -= g;
    for (let j = m; j < n; j++) {
      let f = 0;
      for (let i = m; i < n; i++) f += u[i] * a[i][j];
      f /= h;
      for (let i = m; i < n; i++) a[i][j] -= f * u[i];
    }
    reflectColumns(a, u, h, m);
    reflectColumns(v, u, h, m);
    a[m][m - 1] = scale * g;
    for (let i = m + 1; i < n; i++) a[i][m - 1] = 0;
    await pauses.pause();
  }
  return v;
}

/** Where the active block that ends at `end` begins: behind an element below the diagonal that is as good as 0. */
function beginOf(h: Rows, end: number, norm: number): number {
  let begin = end;
  for (; begin > 0; begin--) {
    const around = Math.abs(h[begin - 1][begin - 1]) + Math.abs(h[begin][begin]);
    if (Math.abs(h[begin][begin - 1]) <= EPSILON * (around === 0 ? norm : around)) break;
  }
  return begin;
}

/** The parts of the shifts: x and y on the diagonal, w the product beside it. */
interface Shift {
  x: number;
  y: number;
  w: number;
}

/** A QR step with two shifts on the block [begin, end]. */
function step(h: Rows, v: Rows, begin: number, end: number, shift: Shift): void {
  let { x, y } = shift;
  const { w } = shift;
  let [p, q, r] = [0, 0, 0];
  // Two elements below the diagonal whose product is small let the step begin further down.
  let m = end - 2;
  for (; m >= begin; m--) {
    const z = h[m][m];
    const [dx, dy] = [x - z, y - z];
    p = (dx * dy - w) / h[m + 1][m] + h[m][m + 1];
    q = h[m + 1][m + 1] - z - dx - dy;
    r = h[m + 2][m + 1];
    const s = Math.abs(p) + Math.abs(q) + Math.abs(r);
    [p, q, r] = [p / s, q / s, r / s];
    if (m === begin) break;
    const around = Math.abs(h[m - 1][m - 1]) + Math.abs(z) + Math.abs(h[m + 1][m + 1]);
    if (Math.abs(h[m][m - 1]) * (Math.abs(q) + Math.abs(r)) < EPSILON * Math.abs(p) * around) break;
  }
  for (let i = m + 2; i <= end; i++) {
    h[i][i - 2] = 0;
    if (i > m + 2) h[i][i - 3] = 0;
  }
  for (let k = m; k < end; k++) {
    const isLast = k === end - 1;
    if (k !== m) {
      p = h[k][k - 1];
      q = h[k + 1][k - 1];
      r = isLast ? 0 : h[k + 2][k - 1];
      x = Math.abs(p) + Math.abs(q) + Math.abs(r);
      if (x === 0) continue;
      [p, q, r] = [p / x, q / x, r / x];
    }
    const s = p < 0 ? -Math.hypot(p, q, r) : Math.hypot(p, q, r);
    if (s === 0) continue;
    if (k !== m) h[k][k - 1] = -s * x;
    else if (begin !== m) h[k][k - 1] = -h[k][k - 1];
    p += s;
    x = p / s;
    y = q / s;
    const z = r / s;
    q /= p;
    r /= p;
    for (let j = k; j < h.length; j++) {
      const f = h[k][j] + q * h[k + 1][j] + (isLast ? 0 : r * h[k + 2][j]);
      if (!isLast) h[k + 2][j] -= f * z;
      h[k][j] -= f * x;
      h[k + 1][j] -= f * y;
    }
    const columns = (row: Float64Array): void => {
      const f = x * row[k] + y * row[k + 1] + (isLast ? 0 : z * row[k + 2]);
      if (!isLast) row[k + 2] -= f * r;
      row[k] -= f;
      row[k + 1] -= f * q;
    };
    for (let i = 0; i <= Math.min(end, k + 3); i++) columns(h[i]);
    v.forEach(columns);
  }
}

/** Makes the block [end - 1, end] triangular by a rotation. Gives the pair of eigenvalues where they are not real. */
function split(h: Rows, v: Rows, end: number): { real: number; imaginary: number } | null {
  const w = h[end][end - 1] * h[end - 1][end];
  const half = (h[end - 1][end - 1] - h[end][end]) / 2;
  const square = half * half + w;
  const root = Math.sqrt(Math.abs(square));
  if (square < 0) return { real: h[end][end] + half, imaginary: root };
  const z = half >= 0 ? half + root : half - root;
  const below = h[end][end - 1];
  const size = Math.hypot(below, z);
  const [p, q] = [below / size, z / size];
  for (let j = end - 1; j < h.length; j++) {
    const [one, other] = [h[end - 1][j], h[end][j]];
    h[end - 1][j] = q * one + p * other;
    h[end][j] = q * other - p * one;
  }
  const columns = (row: Float64Array): void => {
    const [one, other] = [row[end - 1], row[end]];
    row[end - 1] = q * one + p * other;
    row[end] = q * other - p * one;
  };
  for (let i = 0; i <= end; i++) columns(h[i]);
  v.forEach(columns);
  h[end][end - 1] = 0;
  return null;
}

/** Moves the diagonal down to `end` by a shift of its own. */
function moveDiagonal(h: Rows, end: number, by: number): void {
  for (let i = 0; i <= end; i++) h[i][i] -= by;
}

/** Eigenvectors of the triangle `t`, as columns that are put in its place; `values` is its diagonal. */
function substitute(t: Rows, values: Float64Array, norm: number): void {
  for (let n = t.length - 1; n >= 0; n--) {
    t[n][n] = 1;
    for (let i = n - 1; i >= 0; i--) {
      let r = 0;
      for (let j = i + 1; j <= n; j++) r += t[i][j] * t[j][n];
      const gap = values[i] - values[n];
      t[i][n] = -r / (gap === 0 ? EPSILON * (norm === 0 ? 1 : norm) : gap);
      const size = Math.abs(t[i][n]);
      if (EPSILON * size * size > 1) for (let j = i; j <= n; j++) t[j][n] /= size;
    }
  }
}

/** The eigenvalues of the rows of a square matrix, which are written over. */
export async function spectrumOf(h: Rows, pauses: Pauses): Promise<Spectrum> {
  const n = h.length;
  const v = await reduce(h, pauses);
  const norm = h.reduce((sum, row) => row.reduce((s, x) => s + Math.abs(x), sum), 0);
  const values = new Float64Array(n);
  let moved = 0;
  for (let [end, steps] = [n - 1, 0]; end >= 0;) {
    const begin = beginOf(h, end, norm);
    if (begin >= end - 1) {
      // One or two eigenvalues are apart from the rest.
      for (let i = begin; i <= end; i++) h[i][i] += moved;
      const pair = begin === end ? null : split(h, v, end);
      if (pair !== null) return pair;
      for (let i = begin; i <= end; i++) values[i] = h[i][i];
      end = begin - 1;
      steps = 0;
      continue;
    }
    const shift: Shift = { x: h[end][end], y: h[end - 1][end - 1], w: h[end][end - 1] * h[end - 1][end] };
    if (steps === UNUSUAL) {
      moved += shift.x;
      moveDiagonal(h, end, shift.x);
      const s = Math.abs(h[end][end - 1]) + Math.abs(h[end - 1][end - 2]);
      Object.assign(shift, { x: 0.75 * s, y: 0.75 * s, w: -0.4375 * s * s });
    } else if (steps === RARE) {
      const half = (shift.y - shift.x) / 2;
      const square = half * half + shift.w;
      if (square > 0) {
        const root = shift.y < shift.x ? -Math.sqrt(square) : Math.sqrt(square);
        const by = shift.x - shift.w / (half + root);
        moved += by;
        moveDiagonal(h, end, by);
        Object.assign(shift, { x: 0.964, y: 0.964, w: 0.964 });
      }
    }
    if (steps++ > MOST_STEPS) return null;
    step(h, v, begin, end, shift);
    await pauses.pause();
  }
  substitute(h, values, norm);
  return { values, vectors: await transformed(v, h, pauses) };
}

/** V T for an upper triangle T, its columns of norm 1. */
async function transformed(v: Rows, t: Rows, pauses: Pauses): Promise<Float64Array[]> {
  const n = v.length;
  const out = identity(n);
  for (let j = 0; j < n; j++) {
    let size = 0;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let k = 0; k <= j; k++) sum += v[i][k] * t[k][j];
      out[i][j] = sum;
      size = Math.hypot(size, sum);
    }
    for (let i = 0; i < n; i++) out[i][j] /= size;
    await pauses.pause();
  }
  return out;
}
