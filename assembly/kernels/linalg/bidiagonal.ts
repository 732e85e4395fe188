// Implicit QR sweeps over an upper bidiagonal matrix, d [n] and e [n - 1] above it, that record their rotations, those of Vᵀ
// first. Sweeps without a shift keep small values accurate and push zeros out (Demmel, Kahan 1990); all run from the greater
// end to the smaller one.
import { Job } from './job';
import { get, set } from './matrix';
import { SWEEP_NUMBERS, cosine, openSweep, radius, sine, turn } from './rotations';
import { pulse } from '../../engine/worker';

const EPSILON: f64 = 2.220446049250313e-16;
/** How small an element above the diagonal must be against the values it couples. */
const TOLERANCE: f64 = 10 * EPSILON;
/** And against the greatest element, below which all is rounding. */
const NOTHING: f64 = 1e-3 * EPSILON;
/** Sweeps for each value before giving up; two are usual. */
const MAX_SWEEPS: u32 = 30;

/** The least singular value that the block may have, by its recurrence (Demmel, Kahan, theorem 7); 0 if it fell apart. */
let least: f64 = 0;

/**
 * Goes on with what is left, rows 0 to job.high, until nothing is (job.high is 0) or the next sweep finds no room before
 * `limit`. job.failed becomes the number of elements above the diagonal that do not vanish.
 */
export function iterateBidiagonal(job: Job, limit: usize): void {
  const n = job.n;
  const d = job.d;
  const e = job.e;
  if (job.sweeps == 0) {
    job.norm = 0;
    for (let i: u32 = 0; i < n; i++) job.norm = max<f64>(job.norm, max<f64>(abs<f64>(get(d, i)), abs<f64>(get(e, i))));
    job.sweeps = 1;
  }
  const nothing = NOTHING * job.norm;
  while (job.high > 0) {
    const high = job.high;
    if (abs<f64>(get(e, high - 1)) <= nothing) {
      set(e, high - 1, 0);
      job.high = high - 1;
      continue;
    }
    let low = high - 1;
    while (low > 0 && abs<f64>(get(e, low - 1)) > nothing) low--;
    if (low > 0) set(e, low - 1, 0);
    const down = abs<f64>(get(d, low)) >= abs<f64>(get(d, high));
    if (down ? decouplesDown(job, low, high) : decouplesUp(job, low, high)) continue;
    const count = high - low;
    if (job.record + ((SWEEP_NUMBERS + 4 * count) << 3) > limit) return;
    if (job.sweeps++ > MAX_SWEEPS * n) {
      for (let i: u32 = 0; i < high; i++) job.failed += get(e, i) != 0 ? 1 : 0;
      return;
    }
    const shift = shiftOf(job, low, high, down);
    if (down) {
      if (shift == 0) zeroSweepDown(job, low, high);
      else sweepDown(job, low, high, shift);
      if (abs<f64>(get(e, high - 1)) <= nothing) set(e, high - 1, 0);
    } else {
      if (shift == 0) zeroSweepUp(job, low, high);
      else sweepUp(job, low, high, shift);
      if (abs<f64>(get(e, low)) <= nothing) set(e, low, 0);
    }
    pulse(count * 60);
  }
}

/** Whether an element of the block may be set to 0, which is done; else `least` is known. */
function decouplesDown(job: Job, low: u32, high: u32): bool {
  const d = job.d;
  const e = job.e;
  if (abs<f64>(get(e, high - 1)) <= TOLERANCE * abs<f64>(get(d, high))) {
    set(e, high - 1, 0);
    return true;
  }
  let mu = abs<f64>(get(d, low));
  least = mu;
  for (let i = low; i < high; i++) {
    const off = abs<f64>(get(e, i));
    if (off <= TOLERANCE * mu) {
      set(e, i, 0);
      return true;
    }
    mu = abs<f64>(get(d, i + 1)) * (mu / (mu + off));
    least = min<f64>(least, mu);
  }
  return false;
}

function decouplesUp(job: Job, low: u32, high: u32): bool {
  const d = job.d;
  const e = job.e;
  if (abs<f64>(get(e, low)) <= TOLERANCE * abs<f64>(get(d, low))) {
    set(e, low, 0);
    return true;
  }
  let mu = abs<f64>(get(d, high));
  least = mu;
  for (let i = high; i > low; i--) {
    const off = abs<f64>(get(e, i - 1));
    if (off <= TOLERANCE * mu) {
      set(e, i - 1, 0);
      return true;
    }
    mu = abs<f64>(get(d, i - 1)) * (mu / (mu + off));
    least = min<f64>(least, mu);
  }
  return false;
}

/** The least singular value of the 2 x 2 at the end of the sweep, or 0 where that would cost accuracy. */
function shiftOf(job: Job, low: u32, high: u32, down: bool): f64 {
  const d = job.d;
  if (least <= EPSILON * job.norm) return 0;
  const first = abs<f64>(get(d, down ? low : high));
  const shift = down
    ? leastOf(get(d, high - 1), get(job.e, high - 1), get(d, high))
    : leastOf(get(d, low), get(job.e, low), get(d, low + 1));
  if (first > 0 && (shift / first) * (shift / first) < EPSILON) return 0;
  return shift;
}

/** The least singular value of | f g ; 0 h |. */
function leastOf(f: f64, g: f64, h: f64): f64 {
  const small = min<f64>(abs<f64>(f), abs<f64>(h));
  const great = max<f64>(abs<f64>(f), abs<f64>(h));
  const off = abs<f64>(g);
  if (small == 0) return 0;
  const sum = 1 + small / great;
  const difference = (great - small) / great;
  if (off < great) {
    const squared = (off / great) * (off / great);
    return small * (2 / (sqrt<f64>(sum * sum + squared) + sqrt<f64>(difference * difference + squared)));
  }
  const ratio = great / off;
  if (ratio == 0) return (small * great) / off;
  const a = sum * ratio;
  const b = difference * ratio;
  return 2 * (small * (1 / (sqrt<f64>(1 + a * a) + sqrt<f64>(1 + b * b)))) * ratio;
}

/** Stores the rotations of Vᵀ and of Uᵀ. */
@inline
function record(place: usize, c: f64, s: f64, c2: f64, s2: f64): void {
  set(place, 0, c);
  set(place, 1, s);
  set(place, 2, c2);
  set(place, 3, s2);
}

function zeroSweepDown(job: Job, low: u32, high: u32): void {
  const d = job.d;
  const e = job.e;
  let place = openSweep(job, low, high - low, true);
  let c: f64 = 1;
  let c2: f64 = 1;
  let s2: f64 = 0;
  for (let i = low; i < high; i++, place += 32) {
    turn(get(d, i) * c, get(e, i));
    c = cosine;
    const s = sine;
    if (i > low) set(e, i - 1, s2 * radius);
    turn(c2 * radius, get(d, i + 1) * s);
    c2 = cosine;
    s2 = sine;
    set(d, i, radius);
    record(place, c, s, c2, s2);
  }
  const h = get(d, high) * c;
  set(d, high, h * c2);
  set(e, high - 1, h * s2);
  job.record = place;
}

function zeroSweepUp(job: Job, low: u32, high: u32): void {
  const d = job.d;
  const e = job.e;
  let place = openSweep(job, low, high - low, false);
  let c: f64 = 1;
  let c2: f64 = 1;
  let s2: f64 = 0;
  for (let i = high; i > low; i--, place += 32) {
    turn(get(d, i) * c, get(e, i - 1));
    c = cosine;
    const s = sine;
    if (i < high) set(e, i, s2 * radius);
    turn(c2 * radius, get(d, i - 1) * s);
    c2 = cosine;
    s2 = sine;
    set(d, i, radius);
    record(place, c2, -s2, c, -s);
  }
  const h = get(d, low) * c;
  set(d, low, h * c2);
  set(e, low, h * s2);
  job.record = place;
}

function sweepDown(job: Job, low: u32, high: u32, shift: f64): void {
  const d = job.d;
  const e = job.e;
  let place = openSweep(job, low, high - low, true);
  const first = get(d, low);
  let f = (abs<f64>(first) - shift) * (copysign<f64>(1, first) + shift / first);
  let g = get(e, low);
  for (let i = low; i < high; i++, place += 32) {
    turn(f, g);
    const c = cosine;
    const s = sine;
    if (i > low) set(e, i - 1, radius);
    f = c * get(d, i) + s * get(e, i);
    set(e, i, c * get(e, i) - s * get(d, i));
    g = s * get(d, i + 1);
    set(d, i + 1, c * get(d, i + 1));
    turn(f, g);
    set(d, i, radius);
    f = cosine * get(e, i) + sine * get(d, i + 1);
    set(d, i + 1, cosine * get(d, i + 1) - sine * get(e, i));
    if (i + 1 < high) {
      g = sine * get(e, i + 1);
      set(e, i + 1, cosine * get(e, i + 1));
    }
    record(place, c, s, cosine, sine);
  }
  set(e, high - 1, f);
  job.record = place;
}

function sweepUp(job: Job, low: u32, high: u32, shift: f64): void {
  const d = job.d;
  const e = job.e;
  let place = openSweep(job, low, high - low, false);
  const first = get(d, high);
  let f = (abs<f64>(first) - shift) * (copysign<f64>(1, first) + shift / first);
  let g = get(e, high - 1);
  for (let i = high; i > low; i--, place += 32) {
    turn(f, g);
    const c = cosine;
    const s = sine;
    if (i < high) set(e, i, radius);
    f = c * get(d, i) + s * get(e, i - 1);
    set(e, i - 1, c * get(e, i - 1) - s * get(d, i));
    g = s * get(d, i - 1);
    set(d, i - 1, c * get(d, i - 1));
    turn(f, g);
    set(d, i, radius);
    f = cosine * get(e, i - 1) + sine * get(d, i - 1);
    set(d, i - 1, cosine * get(d, i - 1) - sine * get(e, i - 1));
    if (i > low + 1) {
      g = sine * get(e, i - 2);
      set(e, i - 2, cosine * get(e, i - 2));
    }
    record(place, cosine, -sine, c, -s);
  }
  set(e, low, f);
  job.record = place;
}
