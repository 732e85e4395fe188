// Implicit QR and QL sweeps over a symmetric tridiagonal matrix, d [n] and e [n - 1], that record their rotations.
import { Job } from './job';
import { get, set } from './matrix';
import { SWEEP_NUMBERS, cosine, openSweep, radius, sine, turn } from './rotations';
import { pulse } from '../../engine/worker';

const EPSILON: f64 = 2.220446049250313e-16;
/** Against the greatest element, what is as good as 0 whatever stands beside it. */
const NOTHING: f64 = 1e-25;
/** Sweeps for each eigenvalue before giving up; two are usual. */
const MAX_SWEEPS: u32 = 30;

/**
 * Goes on with what is left, rows 0 to job.high, until nothing is (job.high is 0) or the next sweep finds no room before
 * `limit`. job.failed becomes the number of elements beside the diagonal that do not vanish.
 */
export function iterateTridiagonal(job: Job, limit: usize): void {
  const n = job.n;
  const d = job.d;
  const e = job.e;
  if (job.sweeps == 0) {
    job.norm = 0;
    for (let i: u32 = 0; i < n; i++) job.norm = max<f64>(job.norm, max<f64>(abs<f64>(get(d, i)), abs<f64>(get(e, i))));
    job.sweeps = 1;
  }
  while (job.high > 0) {
    const high = job.high;
    if (vanishes(job, high - 1)) {
      set(e, high - 1, 0);
      job.high = high - 1;
      continue;
    }
    let low = high - 1;
    while (low > 0 && !vanishes(job, low - 1)) low--;
    if (low > 0) set(e, low - 1, 0);
    const count = high - low;
    if (job.record + ((SWEEP_NUMBERS + 2 * count) << 3) > limit) return;
    if (job.sweeps++ > MAX_SWEEPS * n) {
      for (let i: u32 = 0; i < high; i++) job.failed += get(e, i) != 0 ? 1 : 0;
      return;
    }
    if (abs<f64>(get(d, high)) < abs<f64>(get(d, low))) sweepDown(job, low, high);
    else sweepUp(job, low, high);
    pulse(count * 30);
  }
}

function vanishes(job: Job, i: u32): bool {
  const off = abs<f64>(get(job.e, i));
  return off <= EPSILON * (abs<f64>(get(job.d, i)) + abs<f64>(get(job.d, i + 1))) || off <= NOTHING * job.norm;
}

/** d_m - shift, with Wilkinson's shift for the end of the block: element p, beside it q, and e between. */
function shifted(m: f64, p: f64, q: f64, e: f64): f64 {
  const g = (q - p) / (2 * e);
  const r = sqrt<f64>(g * g + 1);
  return m - p + e / (g + copysign<f64>(r, g));
}

/** QR: from the first row to the last, where eigenvalues come out. */
function sweepDown(job: Job, low: u32, high: u32): void {
  const d = job.d;
  const e = job.e;
  let place = openSweep(job, low, high - low, true);
  let g = shifted(get(d, low), get(d, high), get(d, high - 1), get(e, high - 1));
  let c: f64 = 1;
  let s: f64 = 1;
  let p: f64 = 0;
  for (let i = low; i < high; i++, place += 16) {
    const f = s * get(e, i);
    const b = c * get(e, i);
    turn(g, f);
    c = cosine;
    s = sine;
    if (i > low) set(e, i - 1, radius);
    g = get(d, i) - p;
    const r = (get(d, i + 1) - g) * s + 2 * c * b;
    p = s * r;
    set(d, i, g + p);
    g = c * r - b;
    set(place, 0, c);
    set(place, 1, s);
  }
  set(d, high, get(d, high) - p);
  set(e, high - 1, g);
  job.record = place;
}

/** QL: from the last row to the first, where eigenvalues come out. */
function sweepUp(job: Job, low: u32, high: u32): void {
  const d = job.d;
  const e = job.e;
  let place = openSweep(job, low, high - low, false);
  let g = shifted(get(d, high), get(d, low), get(d, low + 1), get(e, low));
  let c: f64 = 1;
  let s: f64 = 1;
  let p: f64 = 0;
  for (let i = high - 1; ; i--, place += 16) {
    const f = s * get(e, i);
    const b = c * get(e, i);
    turn(g, f);
    c = cosine;
    s = sine;
    if (i + 1 < high) set(e, i + 1, radius);
    g = get(d, i + 1) - p;
    const r = (get(d, i) - g) * s + 2 * c * b;
    p = s * r;
    set(d, i + 1, g + p);
    g = c * r - b;
    set(place, 0, c);
    set(place, 1, -s);
    if (i == low) break;
  }
  set(d, low, get(d, low) - p);
  set(e, low, g);
  job.record = place + 16;
}
