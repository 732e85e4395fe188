// Matrices of float64 in a workspace, and the loops over them. Rows start on cache lines and are an odd number of lines
// apart (a power of two would put a column into few sets of the cache):
//
//   pitch(n) = n rounded up to 8, then to an odd multiple of 8
//
// What lies behind a row's n numbers is 0 wherever rows are multiplied, so that loops take whole lines of 8 numbers and need
// no tails: ranges of columns are given in multiples of LINE.
import { pulse } from '../../engine/worker';
import { madd } from '../../simd/lanes';

/** Numbers of a cache line. */
export const LINE: u32 = 8;

/** Numbers from a row of n to the next. */
export function pitchOf(n: u32): u32 {
  return ((n + LINE - 1) & ~(LINE - 1)) | LINE;
}

/** The start of the line that column j lies in. */
@inline
export function lineOf(j: u32): u32 {
  return j & ~(LINE - 1);
}

/** Address of element (i, j). */
@inline
export function at(a: usize, pitch: u32, i: u32, j: u32): usize {
  return a + ((<usize>i * pitch + j) << 3);
}

@inline
export function get(x: usize, i: u32): f64 {
  return load<f64>(x + ((<usize>i) << 3));
}

@inline
export function set(x: usize, i: u32, value: f64): void {
  store<f64>(x + ((<usize>i) << 3), value);
}

@inline
function sumLanes(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** Σ x y over the columns [from, to). */
export function dot(x: usize, y: usize, from: u32, to: u32): f64 {
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const end = x + (to << 3);
  y += from << 3;
  for (x += from << 3; x < end; x += 64, y += 64) {
    a = madd<f64>(v128.load(x), v128.load(y), a);
    b = madd<f64>(v128.load(x, 16), v128.load(y, 16), b);
    c = madd<f64>(v128.load(x, 32), v128.load(y, 32), c);
    d = madd<f64>(v128.load(x, 48), v128.load(y, 48), d);
  }
  return sumLanes(f64x2.add(f64x2.add(a, b), f64x2.add(c, d)));
}

/** y += factor x over the columns [from, to). */
export function addRow(y: usize, x: usize, factor: f64, from: u32, to: u32): void {
  const all = f64x2.splat(factor);
  const end = x + (to << 3);
  y += from << 3;
  for (x += from << 3; x < end; x += 64, y += 64) {
    v128.store(y, madd<f64>(all, v128.load(x), v128.load(y)));
    v128.store(y, madd<f64>(all, v128.load(x, 16), v128.load(y, 16)), 16);
    v128.store(y, madd<f64>(all, v128.load(x, 32), v128.load(y, 32)), 32);
    v128.store(y, madd<f64>(all, v128.load(x, 48), v128.load(y, 48)), 48);
  }
}

/** x *= factor over the columns [from, to). */
export function scaleRow(x: usize, factor: f64, from: u32, to: u32): void {
  const all = f64x2.splat(factor);
  const end = x + (to << 3);
  for (x += from << 3; x < end; x += 16) v128.store(x, f64x2.mul(v128.load(x), all));
}

/** Exchanges the columns [0, to) of two rows. */
export function swapRows(x: usize, y: usize, to: u32): void {
  const end = x + (to << 3);
  for (; x < end; x += 16, y += 16) {
    const kept = v128.load(x);
    v128.store(x, v128.load(y));
    v128.store(y, kept);
  }
}

/** row += p x + q y, over the columns [from, to); gives the new row's product with z. */
export function addTwoAndDot(row: usize, x: usize, p: f64, y: usize, q: f64, z: usize, from: u32, to: u32): f64 {
  const allP = f64x2.splat(p);
  const allQ = f64x2.splat(q);
  let a = f64x2.splat(0);
  let b = a;
  const end = row + (to << 3);
  x += from << 3;
  y += from << 3;
  z += from << 3;
  for (row += from << 3; row < end; row += 32, x += 32, y += 32, z += 32) {
    const left = madd<f64>(allQ, v128.load(y), madd<f64>(allP, v128.load(x), v128.load(row)));
    const right = madd<f64>(allQ, v128.load(y, 16), madd<f64>(allP, v128.load(x, 16), v128.load(row, 16)));
    v128.store(row, left);
    v128.store(row, right, 16);
    a = madd<f64>(left, v128.load(z), a);
    b = madd<f64>(right, v128.load(z, 16), b);
  }
  return sumLanes(f64x2.add(a, b));
}

/** row += p x, over the columns [from, to); gives the new row's product with z. */
export function addAndDot(row: usize, x: usize, p: f64, z: usize, from: u32, to: u32): f64 {
  const all = f64x2.splat(p);
  let a = f64x2.splat(0);
  let b = a;
  const end = row + (to << 3);
  x += from << 3;
  z += from << 3;
  for (row += from << 3; row < end; row += 32, x += 32, z += 32) {
    const left = madd<f64>(all, v128.load(x), v128.load(row));
    const right = madd<f64>(all, v128.load(x, 16), v128.load(row, 16));
    v128.store(row, left);
    v128.store(row, right, 16);
    a = madd<f64>(left, v128.load(z), a);
    b = madd<f64>(right, v128.load(z, 16), b);
  }
  return sumLanes(f64x2.add(a, b));
}

/** row += p x and then sum += q row, over the columns [from, to). */
export function addAndSum(row: usize, x: usize, p: f64, sum: usize, q: f64, from: u32, to: u32): void {
  const allP = f64x2.splat(p);
  const allQ = f64x2.splat(q);
  const end = row + (to << 3);
  x += from << 3;
  sum += from << 3;
  for (row += from << 3; row < end; row += 32, x += 32, sum += 32) {
    const left = madd<f64>(allP, v128.load(x), v128.load(row));
    const right = madd<f64>(allP, v128.load(x, 16), v128.load(row, 16));
    v128.store(row, left);
    v128.store(row, right, 16);
    v128.store(sum, madd<f64>(allQ, left, v128.load(sum)));
    v128.store(sum, madd<f64>(allQ, right, v128.load(sum, 16)), 16);
  }
}

/** rows x columns of zeros, whole rows of `pitch`. */
export function clear(a: usize, rows: u32, pitch: u32): void {
  memory.fill(a, 0, (<usize>rows * pitch) << 3);
}

/** out [n, m] = a [m, n] transposed, in squares of a line. What lies behind out's m columns is 0. */
export function transpose(a: usize, pitch: u32, m: u32, n: u32, out: usize, outPitch: u32): void {
  for (let i: u32 = 0; i < m; i += LINE) {
    const end = min(m, i + LINE);
    for (let j: u32 = 0; j < n; j++) {
      const to = at(out, outPitch, j, 0);
      for (let l = i; l < end; l++) set(to, l, load<f64>(at(a, pitch, l, j)));
    }
    pulse(n * LINE * 2);
  }
  for (let j: u32 = 0; j < n; j++) for (let l = m; l < outPitch; l++) set(at(out, outPitch, j, 0), l, 0);
}

// ---- products ---------------------------------------------------------------------------------------

/**
 * Over the columns [from, to):  out [m, ...] = a [m, k] b [k, ...], or, with `subtract`, out -= a b. Strides of a in bytes, of
 * out and b in numbers.
 */
export function multiply(
  out: usize,
  outPitch: u32,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bPitch: u32,
  m: u32,
  from: u32,
  to: u32,
  k: u32,
  subtract: bool,
): void {
  const outRow: usize = outPitch << 3;
  const bRow: usize = bPitch << 3;
  for (let j = from; j < to; j += 4) {
    let i: u32 = 0;
    let place = out + (j << 3);
    let left = a;
    for (; i + 4 <= m; i += 4, place += outRow << 2, left += aRow << 2) {
      multiplyTile(place, outRow, left, aRow, aColumn, b + (j << 3), bRow, k, subtract);
    }
    for (; i < m; i++, place += outRow, left += aRow) {
      multiplyLine(place, left, aColumn, b + (j << 3), bRow, k, subtract);
    }
    pulse(m * k);
  }
}

/** Four rows of four columns. */
function multiplyTile(
  out: usize,
  outRow: usize,
  a: usize,
  aRow: usize,
  aColumn: usize,
  b: usize,
  bRow: usize,
  k: u32,
  subtract: bool,
): void {
  let c00 = f64x2.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load64_splat(a);
    c00 = madd<f64>(x, b0, c00);
    c01 = madd<f64>(x, b1, c01);
    x = v128.load64_splat(a1);
    c10 = madd<f64>(x, b0, c10);
    c11 = madd<f64>(x, b1, c11);
    x = v128.load64_splat(a2);
    c20 = madd<f64>(x, b0, c20);
    c21 = madd<f64>(x, b1, c21);
    x = v128.load64_splat(a3);
    c30 = madd<f64>(x, b0, c30);
    c31 = madd<f64>(x, b1, c31);
    a += aColumn;
    a1 += aColumn;
    a2 += aColumn;
    a3 += aColumn;
    b += bRow;
  }
  put(out, c00, c01, subtract);
  put(out + outRow, c10, c11, subtract);
  put(out + (outRow << 1), c20, c21, subtract);
  put(out + outRow * 3, c30, c31, subtract);
}

/** One row of four columns, in the same order. */
function multiplyLine(out: usize, a: usize, aColumn: usize, b: usize, bRow: usize, k: u32, subtract: bool): void {
  let c0 = f64x2.splat(0);
  let c1 = c0;
  for (; k > 0; k--, a += aColumn, b += bRow) {
    const x = v128.load64_splat(a);
    c0 = madd<f64>(x, v128.load(b), c0);
    c1 = madd<f64>(x, v128.load(b, 16), c1);
  }
  put(out, c0, c1, subtract);
}

@inline
function put(out: usize, x: v128, y: v128, subtract: bool): void {
  if (subtract) {
    v128.store(out, f64x2.sub(v128.load(out), x));
    v128.store(out, f64x2.sub(v128.load(out, 16), y), 16);
  } else {
    v128.store(out, x);
    v128.store(out, y, 16);
  }
}
