// Layer and group normalization and their gradients, and what batch normalization (batchNorm.ts) shares with them,
// for float32 and float64:
//   y = (x - mean) r w + b        r = 1 / √(variance + eps)
//   db = Σ g        dw = r Σ g (x - mean)
//   dx = r (w g - mean of w g - (x - mean) r² mean of w g (x - mean))
// The means run over what was normalized: a row, or a channel. Statistics are two-pass: the mean, then the centred squares;
// where these overflow they are taken once more, scaled. r is what is kept: it is finite where the variance is not, and
// r² may be 0, so that x - mean is multiplied by r before anything else.
import { DTypeCode, NORM_ROWS_CHUNK, NormalizeRows, NormalizeRowsBackward } from '../engine/commands';
import { taskCount, taskStart } from '../engine/partition';
import { Sum, fold } from './reduce';
import { horizontalSum, lanes, loadLanes, madd, storeLanes } from '../simd/lanes';

/** Elements summed without splitting. */
const LEAF: u32 = 512;
/** 2^-600, which brings float64 whose squares overflow to where neither they nor their sum do. */
const SCALE_OF_GREAT: f64 = 2.409919865102884e-181;

// ---- segments: n neighbours of x that share mean, weight and bias -----------------------------------

/** Σ (a - aMean) (x - xMean), as a balanced tree over leaves. */
export function centredDot<T>(a: usize, aMean: T, x: usize, xMean: T, n: u32): T {
  if (n > LEAF) {
    const half = ((n >> 1) + LEAF - 1) & ~(LEAF - 1);
    const bytes = half * sizeof<T>();
    const first = centredDot<T>(a, aMean, x, xMean, half);
    return <T>(first + centredDot<T>(a + bytes, aMean, x + bytes, xMean, n - half));
  }
  const aCentre = v128.splat<T>(aMean);
  const xCentre = v128.splat<T>(xMean);
  let even = v128.splat<T>(0);
  let odd = even;
  let j: u32 = 0;
  for (; j + 2 * lanes<T>() <= n; j += 2 * lanes<T>(), a += 32, x += 32) {
    even = madd<T>(v128.sub<T>(v128.load(a), aCentre), v128.sub<T>(v128.load(x), xCentre), even);
    odd = madd<T>(v128.sub<T>(v128.load(a, 16), aCentre), v128.sub<T>(v128.load(x, 16), xCentre), odd);
  }
  for (; j < n; j += lanes<T>(), a += 16, x += 16) {
    const left = v128.sub<T>(loadLanes<T>(a, n - j, aCentre), aCentre);
    even = madd<T>(left, v128.sub<T>(loadLanes<T>(x, n - j, xCentre), xCentre), even);
  }
  return horizontalSum<T>(v128.add<T>(even, odd));
}

/** out = (x - mean) scale + bias */
export function affine<T>(x: usize, out: usize, n: u32, mean: T, scale: T, bias: T): void {
  const means = v128.splat<T>(mean);
  const scales = v128.splat<T>(scale);
  const biases = v128.splat<T>(bias);
  for (let j: u32 = 0; j < n; j += lanes<T>(), x += 16, out += 16) {
    const centred = v128.sub<T>(loadLanes<T>(x, n - j, means), means);
    storeLanes<T>(out, madd<T>(centred, scales, biases), n - j);
  }
}

/** out = a g + b (x - mean) r + c */
export function affineGradient<T>(grad: usize, x: usize, out: usize, n: u32, mean: T, r: T, a: T, b: T, c: T): void {
  const means = v128.splat<T>(mean);
  const scale = v128.splat<T>(r);
  for (let j: u32 = 0; j < n; j += lanes<T>(), grad += 16, x += 16, out += 16) {
    const normal = v128.mul<T>(v128.sub<T>(loadLanes<T>(x, n - j, means), means), scale);
    const rest = madd<T>(normal, v128.splat<T>(b), v128.splat<T>(c));
    storeLanes<T>(out, madd<T>(loadLanes<T>(grad, n - j, means), v128.splat<T>(a), rest), n - j);
  }
}

/** r = 1 / √(variance + eps), eps in two parts, the second of which is nothing to float32 */
export function reciprocalDeviation<T>(variance: T, eps: f32, epsRest: f32): T {
  return <T>(<T>1 / sqrt<T>(<T>(variance + (<T>eps + <T>epsRest))));
}

/** Whether squares have overflowed, or there was a NaN. */
@inline
export function isBeyond<T>(variance: T): bool {
  return !(variance <= <T>(sizeof<T>() == 4 ? f32.MAX_VALUE : f64.MAX_VALUE));
}

/**
 * Mean and r of `outer` segments of n neighbours, `stride` bytes apart, whose variance is beyond what T can hold. In float64,
 * of which the squares of float32 are far from the end; float64 itself is scaled. eps is nothing beside such a variance.
 */
export function scaledMoments<T>(x: usize, outer: u32, stride: usize, n: u32, mean: usize, rstd: usize): void {
  const scale: f64 = sizeof<T>() == 4 ? 1 : SCALE_OF_GREAT;
  const count = <f64>outer * <f64>n;
  let sum: f64 = 0;
  for (let i: u32 = 0; i < outer; i++) {
    for (let j: u32 = 0; j < n; j++) sum += <f64>load<T>(x + i * stride + j * sizeof<T>()) * scale;
  }
  const centre = sum / count;
  let squares: f64 = 0;
  for (let i: u32 = 0; i < outer; i++) {
    for (let j: u32 = 0; j < n; j++) {
      const centred = <f64>load<T>(x + i * stride + j * sizeof<T>()) * scale - centre;
      squares += centred * centred;
    }
  }
  store<T>(mean, <T>(centre / scale));
  store<T>(rstd, <T>(scale / sqrt<f64>(squares / count)));
}

/** Element i of a vector that may be missing. */
export function elementOr<T>(p: usize, i: u32, missing: T): T {
  return p == 0 ? missing : load<T>(p + i * sizeof<T>());
}

/** Channels that a row of n elements is made of; an empty plane has none, and integers must not be divided by 0. */
function channelsOf(n: u32, inner: u32): u32 {
  return inner == 0 ? 0 : n / inner;
}

// ---- rows ---------------------------------------------------------------------------------------

/** Nanoseconds for one element of a row or channel, forward or backward. */
export const ELEMENT_WORK: u64 = 1;

export function normalizeRowsTasks(c: NormalizeRows, phase: i32): i32 {
  return phase == 0 ? taskCount(c.rows, 20 + ELEMENT_WORK * c.n) : 0;
}

export function normalizeRows(c: NormalizeRows, phase: i32, task: i32): void {
  if (c.dtype == DTypeCode.Float32) normalizeRowsAs<f32>(c, task);
  else normalizeRowsAs<f64>(c, task);
}

function normalizeRowsAs<T>(c: NormalizeRows, task: i32): void {
  const n = c.n;
  const tasks = normalizeRowsTasks(c, 0);
  const end = taskStart(c.rows, tasks, task + 1);
  for (let row = taskStart(c.rows, tasks, task); row < end; row++) {
    const x = c.x + row * n * sizeof<T>();
    const out = c.out + row * n * sizeof<T>();
    let mean = <T>(fold<T, Sum>(x, n, sizeof<T>()) / <T>n);
    const variance = <T>(centredDot<T>(x, mean, x, mean, n) / <T>n);
    let r = reciprocalDeviation<T>(variance, c.eps, c.epsRest);
    store<T>(c.mean + row * sizeof<T>(), mean);
    store<T>(c.rstd + row * sizeof<T>(), r);
    store<T>(c.variance + row * sizeof<T>(), variance);
    if (isBeyond<T>(variance)) {
      scaledMoments<T>(x, 1, 0, n, c.mean + row * sizeof<T>(), c.rstd + row * sizeof<T>());
      mean = load<T>(c.mean + row * sizeof<T>());
      r = load<T>(c.rstd + row * sizeof<T>());
    }
    const channels = channelsOf(n, c.inner);
    const first = (row % c.groups) * channels;
    if (c.inner == 1) {
      const weight = c.weight == 0 ? 0 : c.weight + first * sizeof<T>();
      const bias = c.bias == 0 ? 0 : c.bias + first * sizeof<T>();
      normalizeRow<T>(x, weight, bias, out, n, mean, r);
    } else {
      for (let k: u32 = 0; k < channels; k++) {
        const at = k * c.inner * sizeof<T>();
        const scale = <T>(r * elementOr<T>(c.weight, first + k, 1));
        affine<T>(x + at, out + at, c.inner, mean, scale, elementOr<T>(c.bias, first + k, 0));
      }
    }
  }
}

/** out [n] = (x - mean) r weight + bias with a weight and bias for each element; either may be 0. */
function normalizeRow<T>(x: usize, weight: usize, bias: usize, out: usize, n: u32, mean: T, r: T): void {
  const means = v128.splat<T>(mean);
  const scale = v128.splat<T>(r);
  let w = v128.splat<T>(1);
  let b = v128.splat<T>(0);
  for (let j: u32 = 0, at: u32 = 0; j < n; j += lanes<T>(), at += 16) {
    if (weight) w = loadLanes<T>(weight + at, n - j, means);
    if (bias) b = loadLanes<T>(bias + at, n - j, means);
    const normal = v128.mul<T>(v128.sub<T>(loadLanes<T>(x + at, n - j, means), means), scale);
    storeLanes<T>(out + at, madd<T>(normal, w, b), n - j);
  }
}

/** Rows that one slot of partial gradients covers. */
function rowsPerSlot(c: NormalizeRowsBackward): u32 {
  return c.groups == 1 && c.inner == 1 ? max<u32>(1, NORM_ROWS_CHUNK / max<u32>(c.n, 1)) : c.groups;
}

function slotCount(c: NormalizeRowsBackward): u32 {
  const rows = rowsPerSlot(c);
  return (c.rows + rows - 1) / rows;
}

/** Phase 0: slots, each with dx of its rows and its part of db and dw. Phase 1: channels, whose parts are added up. */
export function normalizeRowsBackwardTasks(c: NormalizeRowsBackward, phase: i32): i32 {
  if (phase == 0) return taskCount(slotCount(c), 2 * ELEMENT_WORK * c.n * rowsPerSlot(c));
  const channels = c.groups * channelsOf(c.n, c.inner);
  return phase == 1 && (c.gradWeight || c.gradBias) ? taskCount(channels, 4 * slotCount(c)) : 0;
}

export function normalizeRowsBackward(c: NormalizeRowsBackward, phase: i32, task: i32): void {
  if (c.dtype == DTypeCode.Float32) normalizeRowsBackwardAs<f32>(c, phase, task);
  else normalizeRowsBackwardAs<f64>(c, phase, task);
}

function normalizeRowsBackwardAs<T>(c: NormalizeRowsBackward, phase: i32, task: i32): void {
  const tasks = normalizeRowsBackwardTasks(c, phase);
  const channels = c.groups * channelsOf(c.n, c.inner);
  const slots = slotCount(c);
  const slotBytes = channels * <u32>sizeof<T>();
  if (phase == 1) {
    const end = taskStart(channels, tasks, task + 1);
    for (let k = taskStart(channels, tasks, task); k < end; k++) {
      const parts = c.workspace + k * sizeof<T>();
      if (c.gradBias) store<T>(c.gradBias + k * sizeof<T>(), fold<T, Sum>(parts, slots, slotBytes));
      if (c.gradWeight) {
        store<T>(c.gradWeight + k * sizeof<T>(), fold<T, Sum>(parts + slots * slotBytes, slots, slotBytes));
      }
    }
    return;
  }

  const end = taskStart(slots, tasks, task + 1);
  for (let slot = taskStart(slots, tasks, task); slot < end; slot++) {
    const biasPart = c.workspace + slot * slotBytes;
    const weightPart = biasPart + slots * slotBytes;
    if (c.inner == 1) {
      memory.fill(biasPart, 0, slotBytes);
      memory.fill(weightPart, 0, slotBytes);
    }
    const lastRow = min<u32>(c.rows, (slot + 1) * rowsPerSlot(c));
    for (let row = slot * rowsPerSlot(c); row < lastRow; row++) {
      if (c.inner == 1) rowGradient<T>(c, row, biasPart, weightPart);
      else groupGradient<T>(c, row, biasPart, weightPart);
    }
  }
}

/** dx of one row with a weight for each element; adds to the parts of db and dw. */
function rowGradient<T>(c: NormalizeRowsBackward, row: u32, biasPart: usize, weightPart: usize): void {
  const n = c.n;
  const first = (row % c.groups) * n * <u32>sizeof<T>();
  const grad = c.grad + row * n * <u32>sizeof<T>();
  const x = c.x + row * n * <u32>sizeof<T>();
  const out = c.out + row * n * <u32>sizeof<T>();
  const mean = v128.splat<T>(load<T>(c.mean + row * sizeof<T>()));
  const r = load<T>(c.rstd + row * sizeof<T>());
  const scale = v128.splat<T>(r);
  const zero = v128.splat<T>(0);
  let w = v128.splat<T>(1);

  // Sums of w g and of w g times the normalized x.
  let sum = zero;
  let dot = zero;
  for (let j: u32 = 0, at: u32 = 0; j < n; j += lanes<T>(), at += 16) {
    const left = n - j;
    const g = loadLanes<T>(grad + at, left, zero);
    const normal = v128.mul<T>(v128.sub<T>(loadLanes<T>(x + at, left, mean), mean), scale);
    if (c.weight) w = loadLanes<T>(c.weight + first + at, left, zero);
    const wg = v128.mul<T>(w, g);
    sum = v128.add<T>(sum, wg);
    dot = madd<T>(wg, normal, dot);
    const b = biasPart + first + at;
    storeLanes<T>(b, v128.add<T>(loadLanes<T>(b, left, zero), g), left);
    const d = weightPart + first + at;
    storeLanes<T>(d, madd<T>(g, normal, loadLanes<T>(d, left, zero)), left);
  }
  const meanOfSum = v128.splat<T>(<T>(horizontalSum<T>(sum) / <T>n));
  const meanOfDot = v128.splat<T>(<T>(horizontalSum<T>(dot) / <T>n));

  for (let j: u32 = 0, at: u32 = 0; j < n; j += lanes<T>(), at += 16) {
    const left = n - j;
    const normal = v128.mul<T>(v128.sub<T>(loadLanes<T>(x + at, left, mean), mean), scale);
    if (c.weight) w = loadLanes<T>(c.weight + first + at, left, zero);
    const centred = v128.sub<T>(v128.mul<T>(w, loadLanes<T>(grad + at, left, zero)), meanOfSum);
    storeLanes<T>(out + at, v128.mul<T>(scale, v128.sub<T>(centred, v128.mul<T>(normal, meanOfDot))), left);
  }
}

/** dx of one row in segments of `inner` with a weight each; writes the row's own channels of db and dw. */
function groupGradient<T>(c: NormalizeRowsBackward, row: u32, biasPart: usize, weightPart: usize): void {
  const channels = channelsOf(c.n, c.inner);
  const first = (row % c.groups) * channels;
  const segment = c.inner * <u32>sizeof<T>();
  const start = row * c.n * <u32>sizeof<T>();
  const mean = load<T>(c.mean + row * sizeof<T>());
  const r = load<T>(c.rstd + row * sizeof<T>());

  let sum: T = 0;
  let dot: T = 0;
  for (let k: u32 = 0; k < channels; k++) {
    const at = start + k * segment;
    const w = elementOr<T>(c.weight, first + k, 1);
    const gradSum = fold<T, Sum>(c.grad + at, c.inner, sizeof<T>());
    const gradDot = <T>(r * centredDot<T>(c.grad + at, 0, c.x + at, mean, c.inner));
    store<T>(biasPart + (first + k) * sizeof<T>(), gradSum);
    store<T>(weightPart + (first + k) * sizeof<T>(), gradDot);
    sum = <T>(sum + w * gradSum);
    dot = <T>(dot + w * gradDot);
  }
  const slope = <T>((-r * dot) / <T>c.n);
  const shift = <T>((-r * sum) / <T>c.n);
  for (let k: u32 = 0; k < channels; k++) {
    const at = start + k * segment;
    const scale = <T>(r * elementOr<T>(c.weight, first + k, 1));
    affineGradient<T>(c.grad + at, c.x + at, c.out + at, c.inner, mean, r, scale, slope, shift);
  }
}
