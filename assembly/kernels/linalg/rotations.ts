// Rotations of neighbouring rows, made now and applied later. The iterations for eigenvalues and singular values need the
// vectors for nothing: they work on two diagonals and record their rotations, sweep after sweep, and every line of columns of
// the vectors takes them by itself, in the same order:
//
//   | first row | count | 1 down, 0 up | - |  then `count` times  | c | s |  (both for U and Vᵀ:  | c | s | c' | s' |)
//
// A rotation takes rows (j, j + 1) to (c x_j + s x_j+1, c x_j+1 - s x_j); a sweep goes down from its first row, or up to it.
import { Job } from './job';
import { at, get, set } from './matrix';
import { pulse } from '../../engine/worker';

/** Numbers at the head of a sweep. */
export const SWEEP_NUMBERS: u32 = 4;

/** What `turn` finds: c f + s g = r, c g - s f = 0. */
export let cosine: f64 = 0;
export let sine: f64 = 0;
export let radius: f64 = 0;

/** The rotation that takes (f, g) to (r, 0). */
export function turn(f: f64, g: f64): void {
  if (g == 0) {
    cosine = 1;
    sine = 0;
    radius = f;
    return;
  }
  // By the greater one, so that no square overflows or is lost.
  const greatest = max<f64>(abs<f64>(f), abs<f64>(g));
  const x = f / greatest;
  const y = g / greatest;
  const length = copysign<f64>(sqrt<f64>(x * x + y * y), f);
  cosine = x / length;
  sine = y / length;
  radius = greatest * length;
}

/** Opens a sweep at job.record; the caller stores its rotations in order and moves job.record behind them. */
export function openSweep(job: Job, first: u32, count: u32, down: bool): usize {
  const place = job.record;
  set(place, 0, <f64>first);
  set(place, 1, <f64>count);
  set(place, 2, down ? 1 : 0);
  return place + (SWEEP_NUMBERS << 3);
}

/**
 * Applies the sweeps in [from, to) to a line of columns of rows that lie `pitch` numbers apart. A rotation takes `stride`
 * numbers, of which c and s are the first at `offset`.
 */
export function applySweeps(from: usize, to: usize, stride: u32, offset: u32, rows: usize, pitch: u32): void {
  while (from < to) {
    const first = <u32>get(from, 0);
    const count = <u32>get(from, 1);
    const down = get(from, 2) != 0;
    from += SWEEP_NUMBERS << 3;
    const rotations = from + (offset << 3);
    if (down) sweepDown(rotations, stride << 3, count, at(rows, pitch, first, 0), pitch << 3);
    else sweepUp(rotations, stride << 3, count, at(rows, pitch, first + count, 0), pitch << 3);
    from += (<usize>count * stride) << 3;
    pulse(count * 4);
  }
}

/** From row to row + 1, and so on. The lower row of a rotation is the upper one of the next, and stays in registers. */
function sweepDown(rotation: usize, stride: usize, count: u32, row: usize, pitch: usize): void {
  let a = v128.load(row);
  let b = v128.load(row, 16);
  let c = v128.load(row, 32);
  let d = v128.load(row, 48);
  for (; count > 0; count--, rotation += stride) {
    const cosines = v128.load64_splat(rotation);
    const sines = v128.load64_splat(rotation, 8);
    const next = row + pitch;
    let other = v128.load(next);
    v128.store(row, f64x2.add(f64x2.mul(sines, other), f64x2.mul(cosines, a)));
    a = f64x2.sub(f64x2.mul(cosines, other), f64x2.mul(sines, a));
    other = v128.load(next, 16);
    v128.store(row, f64x2.add(f64x2.mul(sines, other), f64x2.mul(cosines, b)), 16);
    b = f64x2.sub(f64x2.mul(cosines, other), f64x2.mul(sines, b));
    other = v128.load(next, 32);
    v128.store(row, f64x2.add(f64x2.mul(sines, other), f64x2.mul(cosines, c)), 32);
    c = f64x2.sub(f64x2.mul(cosines, other), f64x2.mul(sines, c));
    other = v128.load(next, 48);
    v128.store(row, f64x2.add(f64x2.mul(sines, other), f64x2.mul(cosines, d)), 48);
    d = f64x2.sub(f64x2.mul(cosines, other), f64x2.mul(sines, d));
    row = next;
  }
  v128.store(row, a);
  v128.store(row, b, 16);
  v128.store(row, c, 32);
  v128.store(row, d, 48);
}

/** From row to row - 1, and so on. */
function sweepUp(rotation: usize, stride: usize, count: u32, row: usize, pitch: usize): void {
  let a = v128.load(row);
  let b = v128.load(row, 16);
  let c = v128.load(row, 32);
  let d = v128.load(row, 48);
  for (; count > 0; count--, rotation += stride) {
    const cosines = v128.load64_splat(rotation);
    const sines = v128.load64_splat(rotation, 8);
    const next = row - pitch;
    let other = v128.load(next);
    v128.store(row, f64x2.sub(f64x2.mul(cosines, a), f64x2.mul(sines, other)));
    a = f64x2.add(f64x2.mul(sines, a), f64x2.mul(cosines, other));
    other = v128.load(next, 16);
    v128.store(row, f64x2.sub(f64x2.mul(cosines, b), f64x2.mul(sines, other)), 16);
    b = f64x2.add(f64x2.mul(sines, b), f64x2.mul(cosines, other));
    other = v128.load(next, 32);
    v128.store(row, f64x2.sub(f64x2.mul(cosines, c), f64x2.mul(sines, other)), 32);
    c = f64x2.add(f64x2.mul(sines, c), f64x2.mul(cosines, other));
    other = v128.load(next, 48);
    v128.store(row, f64x2.sub(f64x2.mul(cosines, d), f64x2.mul(sines, other)), 48);
    d = f64x2.add(f64x2.mul(sines, d), f64x2.mul(cosines, other));
    row = next;
  }
  v128.store(row, a);
  v128.store(row, b, 16);
  v128.store(row, c, 32);
  v128.store(row, d, 48);
}

/** Nanoseconds for a rotation of a line. */
export const ROTATION_WORK: u64 = 4;
