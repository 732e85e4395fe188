// Layer, group and batch normalization and their gradients, for float32 and float64:
//   y = (x - mean) r w + b        r = 1 / √(variance + eps)
//   db = Σ g        dw = r Σ g (x - mean)
//   dx = r (w g - mean of w g - (x - mean) r² mean of w g (x - mean))
// The means run over what was normalized: a row, or a channel. Statistics are two-pass: the mean, then the centred squares.
import {
  BATCH_NORM_CHUNK,
  BatchNorm,
  BatchNormBackward,
  DTypeCode,
  NORM_ROWS_CHUNK,
  NormalizeRows,
  NormalizeRowsBackward,
} from './commands';
import { taskCount, taskStart } from './partition';
import { Sum, fold } from './reduce';
import { horizontalSum, lanes, loadLanes, madd, storeLanes } from './simd/lanes';

/** Elements summed without splitting. */
const LEAF: u32 = 512;

// ---- segments: n neighbours of x that share mean, weight and bias -----------------------------------

/** Σ (a - aMean) (x - xMean), as a balanced tree over leaves. */
function centredDot<T>(a: usize, aMean: T, x: usize, xMean: T, n: u32): T {
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
function affine<T>(x: usize, out: usize, n: u32, mean: T, scale: T, bias: T): void {
  const means = v128.splat<T>(mean);
  const scales = v128.splat<T>(scale);
  const biases = v128.splat<T>(bias);
  for (let j: u32 = 0; j < n; j += lanes<T>(), x += 16, out += 16) {
    const centred = v128.sub<T>(loadLanes<T>(x, n - j, means), means);
    storeLanes<T>(out, madd<T>(centred, scales, biases), n - j);
  }
}

/** out = a g + b (x - mean) + c */
function affineGradient<T>(grad: usize, x: usize, out: usize, n: u32, mean: T, a: T, b: T, c: T): void {
  const means = v128.splat<T>(mean);
  for (let j: u32 = 0; j < n; j += lanes<T>(), grad += 16, x += 16, out += 16) {
    const centred = v128.sub<T>(loadLanes<T>(x, n - j, means), means);
    const rest = madd<T>(centred, v128.splat<T>(b), v128.splat<T>(c));
    storeLanes<T>(out, madd<T>(loadLanes<T>(grad, n - j, means), v128.splat<T>(a), rest), n - j);
  }
}

/** r = 1 / √(variance + eps) */
function reciprocalDeviation<T>(variance: T, eps: f32): T {
  return <T>(<T>1 / sqrt<T>(<T>(variance + <T>eps)));
}

/** Element i of a vector that may be missing. */
function elementOr<T>(p: usize, i: u32, missing: T): T {
  return p == 0 ? missing : load<T>(p + i * sizeof<T>());
}

// ---- rows ---------------------------------------------------------------------------------------

/** Nanoseconds for one element of a row or channel, forward or backward. */
const ELEMENT_WORK: u64 = 1;

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
    const mean = <T>(fold<T, Sum>(x, n, sizeof<T>()) / <T>n);
    const variance = <T>(centredDot<T>(x, mean, x, mean, n) / <T>n);
    store<T>(c.mean + row * sizeof<T>(), mean);
    store<T>(c.variance + row * sizeof<T>(), variance);

    const r = reciprocalDeviation<T>(variance, c.eps);
    const channels = n / c.inner;
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
  const channels = c.groups * (c.n / c.inner);
  return phase == 1 && (c.gradWeight || c.gradBias) ? taskCount(channels, 4 * slotCount(c)) : 0;
}

export function normalizeRowsBackward(c: NormalizeRowsBackward, phase: i32, task: i32): void {
  if (c.dtype == DTypeCode.Float32) normalizeRowsBackwardAs<f32>(c, phase, task);
  else normalizeRowsBackwardAs<f64>(c, phase, task);
}

function normalizeRowsBackwardAs<T>(c: NormalizeRowsBackward, phase: i32, task: i32): void {
  const tasks = normalizeRowsBackwardTasks(c, phase);
  const channels = c.groups * (c.n / c.inner);
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
  const r = reciprocalDeviation<T>(load<T>(c.variance + row * sizeof<T>()), c.eps);
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
  const channels = c.n / c.inner;
  const first = (row % c.groups) * channels;
  const segment = c.inner * <u32>sizeof<T>();
  const start = row * c.n * <u32>sizeof<T>();
  const mean = load<T>(c.mean + row * sizeof<T>());
  const r = reciprocalDeviation<T>(load<T>(c.variance + row * sizeof<T>()), c.eps);

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
  const slope = <T>((-r * r * dot) / <T>c.n);
  const shift = <T>((-r * sum) / <T>c.n);
  for (let k: u32 = 0; k < channels; k++) {
    const at = start + k * segment;
    const scale = <T>(r * elementOr<T>(c.weight, first + k, 1));
    affineGradient<T>(c.grad + at, c.x + at, c.out + at, c.inner, mean, scale, slope, shift);
  }
}

// ---- channels -----------------------------------------------------------------------------------
// x [batch, channels, inner]. The batch is cut into chunks; a unit is one channel of one chunk, or with inner == 1 a vector
// of neighbouring channels, whose values lie side by side.

function samplesPerChunk(inner: u32): u32 {
  return max<u32>(1, BATCH_NORM_CHUNK / max<u32>(inner, 32));
}

function chunkCount(batch: u32, inner: u32): u32 {
  const samples = samplesPerChunk(inner);
  return max<u32>(1, (batch + samples - 1) / samples);
}

/** Units of a chunk. */
function unitCount(channels: u32, inner: u32, dtype: u32): u32 {
  if (inner != 1) return channels;
  return dtype == DTypeCode.Float32 ? (channels + 3) >> 2 : (channels + 1) >> 1;
}

/** Phases 0 (partial sums) and 2 (normalization) go over units, phase 1 (combination) over channels, on the leader. */
function batchTasks(phase: i32, batch: u32, channels: u32, inner: u32, dtype: u32): i32 {
  if (phase == 1) return channels > 0 ? 1 : 0;
  if (phase > 2) return 0;
  const samples = min<u32>(batch, samplesPerChunk(inner));
  const elements = samples * (inner == 1 ? 4 : inner);
  return taskCount(unitCount(channels, inner, dtype) * chunkCount(batch, inner), 20 + ELEMENT_WORK * elements);
}

export function batchNormTasks(c: BatchNorm, phase: i32): i32 {
  return batchTasks(phase, c.batch, c.channels, c.inner, c.dtype);
}

export function batchNorm(c: BatchNorm, phase: i32, task: i32): void {
  if (c.dtype == DTypeCode.Float32) batchNormAs<f32>(c, phase, task);
  else batchNormAs<f64>(c, phase, task);
}

function batchNormAs<T>(c: BatchNorm, phase: i32, task: i32): void {
  const chunks = chunkCount(c.batch, c.inner);
  if (phase == 1) {
    for (let channel: u32 = 0; channel < c.channels; channel++) combineMoments<T>(c, channel, chunks);
    return;
  }
  const samples = samplesPerChunk(c.inner);
  const units = unitCount(c.channels, c.inner, c.dtype);
  const tasks = batchNormTasks(c, phase);
  const end = taskStart(units * chunks, tasks, task + 1);
  for (let u = taskStart(units * chunks, tasks, task); u < end; u++) {
    const chunk = u / units;
    const first = chunk * samples;
    const last = min<u32>(c.batch, first + samples);
    if (c.inner == 1) {
      const channel = (u - chunk * units) * lanes<T>();
      if (phase == 0) columnMoments<T>(c, channel, chunk, chunks, first, last);
      else normalizeColumns<T>(c, channel, first, last);
    } else {
      const channel = u - chunk * units;
      if (phase == 0) channelMoments<T>(c, channel, chunk, chunks, first, last);
      else normalizeChannel<T>(c, channel, first, last);
    }
  }
}

/** Mean and sum of centred squares of one channel over the samples [first, last). */
function channelMoments<T>(c: BatchNorm, channel: u32, chunk: u32, chunks: u32, first: u32, last: u32): void {
  let sum: T = 0;
  for (let b = first; b < last; b++) {
    sum = <T>(sum + fold<T, Sum>(c.x + (b * c.channels + channel) * c.inner * sizeof<T>(), c.inner, sizeof<T>()));
  }
  const mean = <T>(sum / <T>((last - first) * c.inner));
  let squares: T = 0;
  for (let b = first; b < last; b++) {
    const x = c.x + (b * c.channels + channel) * c.inner * sizeof<T>();
    squares = <T>(squares + centredDot<T>(x, mean, x, mean, c.inner));
  }
  const slot = c.workspace + (chunk * c.channels + channel) * sizeof<T>();
  store<T>(slot, mean);
  store<T>(slot + chunks * c.channels * sizeof<T>(), squares);
}

/** The same for lanes<T>() channels at once, inner == 1. */
function columnMoments<T>(c: BatchNorm, channel: u32, chunk: u32, chunks: u32, first: u32, last: u32): void {
  const left = c.channels - channel;
  const stride = c.channels * sizeof<T>();
  const start = c.x + (first * c.channels + channel) * sizeof<T>();
  const zero = v128.splat<T>(0);
  let sum = zero;
  for (let b = first, x = start; b < last; b++, x += stride) sum = v128.add<T>(sum, loadLanes<T>(x, left, zero));
  const mean = v128.div<T>(sum, v128.splat<T>(<T>(last - first)));
  let squares = zero;
  for (let b = first, x = start; b < last; b++, x += stride) {
    const centred = v128.sub<T>(loadLanes<T>(x, left, mean), mean);
    squares = madd<T>(centred, centred, squares);
  }
  const slot = c.workspace + (chunk * c.channels + channel) * sizeof<T>();
  storeLanes<T>(slot, mean, left);
  storeLanes<T>(slot + chunks * c.channels * sizeof<T>(), squares, left);
}

/**
 * Mean and variance of a channel from those of its chunks, pairwise (Chan, Golub, LeVeque 1979):
 *   mean = mean_a + δ n_b / n        squares = squares_a + squares_b + δ² n_a n_b / n        δ = mean_b - mean_a
 */
function combineMoments<T>(c: BatchNorm, channel: u32, chunks: u32): void {
  const samples = samplesPerChunk(c.inner);
  const stride = c.channels * sizeof<T>();
  const means = c.workspace + channel * sizeof<T>();
  const squares = means + chunks * stride;
  for (let step: u32 = 1; step < chunks; step <<= 1) {
    for (let i: u32 = 0; i + step < chunks; i += 2 * step) {
      const a = i * stride;
      const b = (i + step) * stride;
      const countA = <T>(step * samples);
      const countB = <T>(min<u32>(c.batch, (i + 2 * step) * samples) - (i + step) * samples);
      const count = <T>(countA + countB);
      const delta = <T>(load<T>(means + b) - load<T>(means + a));
      store<T>(means + a, <T>(load<T>(means + a) + (delta * countB) / count));
      const between = <T>(delta * delta * (countA * <T>c.inner) * (countB / count));
      store<T>(squares + a, <T>(load<T>(squares + a) + load<T>(squares + b) + between));
    }
  }
  store<T>(c.mean + channel * sizeof<T>(), load<T>(means));
  store<T>(c.variance + channel * sizeof<T>(), <T>(load<T>(squares) / (<T>c.batch * <T>c.inner)));
}

function normalizeChannel<T>(c: BatchNorm, channel: u32, first: u32, last: u32): void {
  const r = reciprocalDeviation<T>(load<T>(c.variance + channel * sizeof<T>()), c.eps);
  const scale = <T>(r * elementOr<T>(c.weight, channel, 1));
  const bias = elementOr<T>(c.bias, channel, 0);
  const mean = load<T>(c.mean + channel * sizeof<T>());
  for (let b = first; b < last; b++) {
    const at = (b * c.channels + channel) * c.inner * sizeof<T>();
    affine<T>(c.x + at, c.out + at, c.inner, mean, scale, bias);
  }
}

/** 1 / √(variance + eps) of lanes<T>() channels. */
function reciprocalDeviations<T>(variance: usize, left: u32, eps: f32): v128 {
  const one = v128.splat<T>(1);
  return v128.div<T>(one, v128.sqrt<T>(v128.add<T>(loadLanes<T>(variance, left, one), v128.splat<T>(<T>eps))));
}

function normalizeColumns<T>(c: BatchNorm, channel: u32, first: u32, last: u32): void {
  const left = c.channels - channel;
  const at = channel * sizeof<T>();
  const zero = v128.splat<T>(0);
  let scale = reciprocalDeviations<T>(c.variance + at, left, c.eps);
  if (c.weight) scale = v128.mul<T>(scale, loadLanes<T>(c.weight + at, left, zero));
  const bias = c.bias ? loadLanes<T>(c.bias + at, left, zero) : zero;
  const mean = loadLanes<T>(c.mean + at, left, zero);
  for (let b = first; b < last; b++) {
    const p = (b * c.channels + channel) * sizeof<T>();
    storeLanes<T>(c.out + p, madd<T>(v128.sub<T>(loadLanes<T>(c.x + p, left, mean), mean), scale, bias), left);
  }
}

export function batchNormBackwardTasks(c: BatchNormBackward, phase: i32): i32 {
  return batchTasks(phase, c.batch, c.channels, c.inner, c.dtype);
}

export function batchNormBackward(c: BatchNormBackward, phase: i32, task: i32): void {
  if (c.dtype == DTypeCode.Float32) batchNormBackwardAs<f32>(c, phase, task);
  else batchNormBackwardAs<f64>(c, phase, task);
}

/** The slots take Σ g and Σ g (x - mean); phase 1 leaves their totals in the first slot. */
function batchNormBackwardAs<T>(c: BatchNormBackward, phase: i32, task: i32): void {
  const chunks = chunkCount(c.batch, c.inner);
  const slotBytes = c.channels * <u32>sizeof<T>();
  if (phase == 1) {
    for (let channel: u32 = 0; channel < c.channels; channel++) {
      const at = channel * sizeof<T>();
      const sums = c.workspace + at;
      const dots = sums + chunks * slotBytes;
      store<T>(sums, fold<T, Sum>(sums, chunks, slotBytes));
      store<T>(dots, fold<T, Sum>(dots, chunks, slotBytes));
      if (c.gradBias) store<T>(c.gradBias + at, load<T>(sums));
      const r = reciprocalDeviation<T>(load<T>(c.variance + at), c.eps);
      if (c.gradWeight) store<T>(c.gradWeight + at, <T>(r * load<T>(dots)));
    }
    return;
  }
  const samples = samplesPerChunk(c.inner);
  const units = unitCount(c.channels, c.inner, c.dtype);
  const tasks = batchNormBackwardTasks(c, phase);
  const end = taskStart(units * chunks, tasks, task + 1);
  for (let u = taskStart(units * chunks, tasks, task); u < end; u++) {
    const chunk = u / units;
    const first = chunk * samples;
    const last = min<u32>(c.batch, first + samples);
    const channel = (u - chunk * units) * (c.inner == 1 ? lanes<T>() : 1);
    const sums = c.workspace + channel * sizeof<T>();
    const dots = sums + chunks * slotBytes;
    if (phase == 0) {
      const slot = chunk * slotBytes;
      if (c.inner == 1) columnSums<T>(c, channel, first, last, sums + slot, dots + slot);
      else channelSums<T>(c, channel, first, last, sums + slot, dots + slot);
    } else if (c.inner == 1) columnGradients<T>(c, channel, first, last, sums, dots);
    else channelGradient<T>(c, channel, first, last, load<T>(sums), load<T>(dots));
  }
}

function channelSums<T>(
  c: BatchNormBackward,
  channel: u32,
  first: u32,
  last: u32,
  sumSlot: usize,
  dotSlot: usize,
): void {
  const mean = load<T>(c.mean + channel * sizeof<T>());
  let sum: T = 0;
  let dot: T = 0;
  for (let b = first; b < last; b++) {
    const at = (b * c.channels + channel) * c.inner * sizeof<T>();
    sum = <T>(sum + fold<T, Sum>(c.grad + at, c.inner, sizeof<T>()));
    dot = <T>(dot + centredDot<T>(c.grad + at, 0, c.x + at, mean, c.inner));
  }
  store<T>(sumSlot, sum);
  store<T>(dotSlot, dot);
}

function columnSums<T>(
  c: BatchNormBackward,
  channel: u32,
  first: u32,
  last: u32,
  sumSlot: usize,
  dotSlot: usize,
): void {
  const left = c.channels - channel;
  const zero = v128.splat<T>(0);
  const mean = loadLanes<T>(c.mean + channel * sizeof<T>(), left, zero);
  let sum = zero;
  let dot = zero;
  for (let b = first; b < last; b++) {
    const at = (b * c.channels + channel) * sizeof<T>();
    const g = loadLanes<T>(c.grad + at, left, zero);
    sum = v128.add<T>(sum, g);
    dot = madd<T>(g, v128.sub<T>(loadLanes<T>(c.x + at, left, mean), mean), dot);
  }
  storeLanes<T>(sumSlot, sum, left);
  storeLanes<T>(dotSlot, dot, left);
}

function channelGradient<T>(c: BatchNormBackward, channel: u32, first: u32, last: u32, sum: T, dot: T): void {
  const r = reciprocalDeviation<T>(load<T>(c.variance + channel * sizeof<T>()), c.eps);
  const scale = <T>(r * elementOr<T>(c.weight, channel, 1));
  const count = <T>(<T>c.batch * <T>c.inner);
  const mean = load<T>(c.mean + channel * sizeof<T>());
  const slope = <T>((-scale * r * r * dot) / count);
  const shift = <T>((-scale * sum) / count);
  for (let b = first; b < last; b++) {
    const at = (b * c.channels + channel) * c.inner * sizeof<T>();
    affineGradient<T>(c.grad + at, c.x + at, c.out + at, c.inner, mean, scale, slope, shift);
  }
}

function columnGradients<T>(c: BatchNormBackward, channel: u32, first: u32, last: u32, sums: usize, dots: usize): void {
  const left = c.channels - channel;
  const at = channel * sizeof<T>();
  const zero = v128.splat<T>(0);
  const r = reciprocalDeviations<T>(c.variance + at, left, c.eps);
  const scale = c.weight ? v128.mul<T>(r, loadLanes<T>(c.weight + at, left, zero)) : r;
  const perCount = v128.splat<T>(<T>(<T>1 / <T>c.batch));
  const mean = loadLanes<T>(c.mean + at, left, zero);
  const sum = v128.mul<T>(loadLanes<T>(sums, left, zero), perCount);
  const dot = v128.mul<T>(v128.mul<T>(loadLanes<T>(dots, left, zero), perCount), v128.mul<T>(r, r));
  for (let b = first; b < last; b++) {
    const p = (b * c.channels + channel) * sizeof<T>();
    const centred = v128.sub<T>(loadLanes<T>(c.x + p, left, mean), mean);
    const rest = madd<T>(centred, dot, sum);
    storeLanes<T>(c.out + p, v128.mul<T>(scale, v128.sub<T>(loadLanes<T>(c.grad + p, left, zero), rest)), left);
  }
}
