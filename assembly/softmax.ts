// Softmax and log-softmax along the middle of [outer, n, inner], and their gradients from the output y:
//   y = e^(x - max) / Σ e^(x - max)        dx = y (g - Σ g y)
//   y = x - max - log Σ e^(x - max)        dx = g - e^y Σ g
//
// The unit of work is a row (inner == 1), whose vectors follow one another, or a vector of neighbouring columns,
// whose vectors lie a stride apart; the two differ in the step from vector to vector and in the fold of
// the lanes that ends a row. Incomplete vectors are padded.
import { DTypeCode, Softmax, SoftmaxBackward } from './commands';
import { exp as exp64, log as log64 } from './double';
import { taskCount, taskStart } from './partition';
import { expNegative, log as log32 } from './simd/float32';
import { horizontalMax, horizontalSum, lanes, loadLanes, madd, storeLanes } from './simd/lanes';

/** Nanoseconds for one element: the exponential in vectors of float32, and one at a time in float64. */
const FLOAT32_WORK: u64 = 1;
const FLOAT64_WORK: u64 = 20;

/** For x ≤ 0. */
@inline
function exp<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return expNegative(x);
  return f64x2.replace_lane(f64x2.splat(exp64(f64x2.extract_lane(x, 0))), 1, exp64(f64x2.extract_lane(x, 1)));
}

function log<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return log32(x);
  return f64x2.replace_lane(f64x2.splat(log64(f64x2.extract_lane(x, 0))), 1, log64(f64x2.extract_lane(x, 1)));
}

function vectorsPerRow(inner: u32, dtype: u32): u32 {
  return dtype == DTypeCode.Float32 ? (inner + 3) >> 2 : (inner + 1) >> 1;
}

function workOf(n: u32, inner: u32, dtype: u32): u64 {
  return 20 + (dtype == DTypeCode.Float32 ? FLOAT32_WORK : FLOAT64_WORK) * n * (inner == 1 ? 1 : 4);
}

export function softmaxTasks(c: Softmax, phase: i32): i32 {
  return phase == 0 ? taskCount(c.outer * vectorsPerRow(c.inner, c.dtype), workOf(c.n, c.inner, c.dtype)) : 0;
}

export function softmax(c: Softmax, phase: i32, task: i32): void {
  if (c.dtype == DTypeCode.Float32) softmaxUnits<f32>(c, task);
  else softmaxUnits<f64>(c, task);
}

function softmaxUnits<T>(c: Softmax, task: i32): void {
  const perPlane = vectorsPerRow(c.inner, c.dtype);
  const tasks = softmaxTasks(c, 0);
  const end = taskStart(c.outer * perPlane, tasks, task + 1);
  for (let u = taskStart(c.outer * perPlane, tasks, task); u < end; u++) {
    const o = u / perPlane;
    const column = (u - o * perPlane) * lanes<T>();
    const at = (o * c.n * c.inner + column) * <u32>sizeof<T>();
    softmaxUnit<T>(c.x + at, c.out + at, c.n, c.inner, c.inner - column, c.log);
  }
}

function softmaxUnit<T>(x: usize, out: usize, n: u32, inner: u32, width: u32, logarithmic: u32): void {
  const isRow = inner == 1;
  const stride = isRow ? 16 : inner * <u32>sizeof<T>();
  const end = (isRow ? (n + lanes<T>() - 1) / lanes<T>() : n) * stride;
  // Elements left from a vector on: fewer with each along a row, always the same along columns.
  const first = isRow ? n : width;
  const used = isRow ? lanes<T>() : 0;
  const lowest = v128.splat<T>(<T>-Infinity);

  let greatest = lowest;
  for (let at: u32 = 0, left = first; at < end; at += stride, left -= used) {
    // A single instruction, unlike max; it passes over NaN, which the exponentials below bring back.
    greatest = v128.pmax<T>(greatest, loadLanes<T>(x + at, left, lowest));
  }
  if (isRow) greatest = v128.splat<T>(horizontalMax<T>(greatest));

  let sum = v128.splat<T>(0);
  for (let at: u32 = 0, left = first; at < end; at += stride, left -= used) {
    const e = exp<T>(v128.sub<T>(loadLanes<T>(x + at, left, lowest), greatest));
    sum = v128.add<T>(sum, e);
    if (!logarithmic) storeLanes<T>(out + at, e, left);
  }
  if (isRow) sum = v128.splat<T>(horizontalSum<T>(sum));

  if (logarithmic) {
    const logSum = log<T>(sum);
    for (let at: u32 = 0, left = first; at < end; at += stride, left -= used) {
      const shifted = v128.sub<T>(loadLanes<T>(x + at, left, lowest), greatest);
      storeLanes<T>(out + at, v128.sub<T>(shifted, logSum), left);
    }
  } else {
    const scale = v128.div<T>(v128.splat<T>(1), sum);
    for (let at: u32 = 0, left = first; at < end; at += stride, left -= used) {
      storeLanes<T>(out + at, v128.mul<T>(loadLanes<T>(out + at, left, scale), scale), left);
    }
  }
}

export function softmaxBackwardTasks(c: SoftmaxBackward, phase: i32): i32 {
  return phase == 0 ? taskCount(c.outer * vectorsPerRow(c.inner, c.dtype), workOf(c.n, c.inner, c.dtype)) : 0;
}

export function softmaxBackward(c: SoftmaxBackward, phase: i32, task: i32): void {
  if (c.dtype == DTypeCode.Float32) softmaxBackwardUnits<f32>(c, task);
  else softmaxBackwardUnits<f64>(c, task);
}

function softmaxBackwardUnits<T>(c: SoftmaxBackward, task: i32): void {
  const perPlane = vectorsPerRow(c.inner, c.dtype);
  const tasks = softmaxBackwardTasks(c, 0);
  const last = taskStart(c.outer * perPlane, tasks, task + 1);
  for (let u = taskStart(c.outer * perPlane, tasks, task); u < last; u++) {
    const o = u / perPlane;
    const column = (u - o * perPlane) * lanes<T>();
    const at = (o * c.n * c.inner + column) * <u32>sizeof<T>();
    softmaxBackwardUnit<T>(c.grad + at, c.y + at, c.out + at, c.n, c.inner, c.inner - column, c.log);
  }
}

function softmaxBackwardUnit<T>(
  grad: usize,
  y: usize,
  out: usize,
  n: u32,
  inner: u32,
  width: u32,
  logarithmic: u32,
): void {
  const isRow = inner == 1;
  const stride = isRow ? 16 : inner * <u32>sizeof<T>();
  const end = (isRow ? (n + lanes<T>() - 1) / lanes<T>() : n) * stride;
  const first = isRow ? n : width;
  const used = isRow ? lanes<T>() : 0;
  const zero = v128.splat<T>(0);

  let sum = zero;
  for (let at: u32 = 0, left = first; at < end; at += stride, left -= used) {
    const g = loadLanes<T>(grad + at, left, zero);
    if (logarithmic) sum = v128.add<T>(sum, g);
    else sum = madd<T>(g, loadLanes<T>(y + at, left, zero), sum);
  }
  if (isRow) sum = v128.splat<T>(horizontalSum<T>(sum));

  for (let at: u32 = 0, left = first; at < end; at += stride, left -= used) {
    const g = loadLanes<T>(grad + at, left, zero);
    const value = loadLanes<T>(y + at, left, zero);
    let result: v128;
    if (logarithmic) result = v128.sub<T>(g, v128.mul<T>(exp<T>(value), sum));
    else result = v128.mul<T>(value, v128.sub<T>(g, sum));
    storeLanes<T>(out + at, result, left);
  }
}
