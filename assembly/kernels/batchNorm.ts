// Batch normalization and its gradients over x [batch, channels, inner]; the formulas stand in norm.ts. The batch is cut
// into chunks; a unit is one channel of one chunk, or with inner == 1 a vector of neighbouring channels, whose values
// lie side by side.
import { BATCH_NORM_CHUNK, BatchNorm, BatchNormBackward, DTypeCode } from '../engine/commands';
import {
  ELEMENT_WORK,
  affine,
  affineGradient,
  centredDot,
  elementOr,
  isBeyond,
  reciprocalDeviation,
  scaledMoments,
} from './norm';
import { taskCount, taskStart } from '../engine/partition';
import { Sum, fold } from './reduce';
import { lanes, loadLanes, madd, storeLanes } from '../simd/lanes';

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
  const at = channel * sizeof<T>();
  const variance = <T>(load<T>(squares) / (<T>c.batch * <T>c.inner));
  store<T>(c.mean + at, load<T>(means));
  store<T>(c.variance + at, variance);
  store<T>(c.rstd + at, reciprocalDeviation<T>(variance, c.eps, c.epsRest));
  if (isBeyond<T>(variance)) {
    const stride = c.channels * c.inner * sizeof<T>();
    scaledMoments<T>(c.x + at * c.inner, c.batch, stride, c.inner, c.mean + at, c.rstd + at);
  }
}

function normalizeChannel<T>(c: BatchNorm, channel: u32, first: u32, last: u32): void {
  const r = load<T>(c.rstd + channel * sizeof<T>());
  const scale = <T>(r * elementOr<T>(c.weight, channel, 1));
  const bias = elementOr<T>(c.bias, channel, 0);
  const mean = load<T>(c.mean + channel * sizeof<T>());
  for (let b = first; b < last; b++) {
    const at = (b * c.channels + channel) * c.inner * sizeof<T>();
    affine<T>(c.x + at, c.out + at, c.inner, mean, scale, bias);
  }
}

function normalizeColumns<T>(c: BatchNorm, channel: u32, first: u32, last: u32): void {
  const left = c.channels - channel;
  const at = channel * sizeof<T>();
  const zero = v128.splat<T>(0);
  let scale = loadLanes<T>(c.rstd + at, left, zero);
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
      if (c.gradWeight) store<T>(c.gradWeight + at, <T>(load<T>(c.rstd + at) * load<T>(dots)));
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
  const r = load<T>(c.rstd + channel * sizeof<T>());
  const scale = <T>(r * elementOr<T>(c.weight, channel, 1));
  const count = <T>(<T>c.batch * <T>c.inner);
  const mean = load<T>(c.mean + channel * sizeof<T>());
  const slope = <T>((-scale * (r * dot)) / count);
  const shift = <T>((-scale * sum) / count);
  for (let b = first; b < last; b++) {
    const at = (b * c.channels + channel) * c.inner * sizeof<T>();
    affineGradient<T>(c.grad + at, c.x + at, c.out + at, c.inner, mean, r, scale, slope, shift);
  }
}

function columnGradients<T>(c: BatchNormBackward, channel: u32, first: u32, last: u32, sums: usize, dots: usize): void {
  const left = c.channels - channel;
  const at = channel * sizeof<T>();
  const zero = v128.splat<T>(0);
  const r = loadLanes<T>(c.rstd + at, left, zero);
  const scale = c.weight ? v128.mul<T>(r, loadLanes<T>(c.weight + at, left, zero)) : r;
  const perCount = v128.splat<T>(<T>(<T>1 / <T>c.batch));
  const mean = loadLanes<T>(c.mean + at, left, zero);
  const sum = v128.mul<T>(loadLanes<T>(sums, left, zero), perCount);
  const dot = v128.mul<T>(v128.mul<T>(loadLanes<T>(dots, left, zero), r), perCount);
  for (let b = first; b < last; b++) {
    const p = (b * c.channels + channel) * sizeof<T>();
    const normal = v128.mul<T>(v128.sub<T>(loadLanes<T>(c.x + p, left, mean), mean), r);
    const rest = madd<T>(normal, dot, sum);
    storeLanes<T>(c.out + p, v128.mul<T>(scale, v128.sub<T>(loadLanes<T>(c.grad + p, left, zero), rest)), left);
  }
}
