// Softmax and log-softmax along the middle of [outer, n, inner], and their gradients from the output y:
//   y = e^(x - max) / Σ e^(x - max)        dx = y (g - Σ g y)
//   y = x - max - log Σ e^(x - max)        dx = g - e^y Σ g
//
// The unit of work is a row (inner == 1), whose vectors follow one another, or a vector of neighbouring columns,
// whose vectors lie a stride apart; the two differ in the step from vector to vector and in the fold of
// the lanes that ends a row. Incomplete vectors are padded.
import { DTypeCode, Softmax, SoftmaxBackward } from '../engine/commands';
import { exp as exp64, log as log64 } from '../pointwise/double';
import { taskCount, taskStart } from '../engine/partition';
import { pulse } from '../engine/worker';
import { expNegative, log as log32 } from '../simd/float32';
import { horizontalMax, horizontalSum, lanes, loadPartial, madd, storePartial } from '../simd/lanes';

/** Nanoseconds for one element: the exponential in vectors of float32, and one at a time in float64. */
const FLOAT32_WORK: u64 = 1;
const FLOAT64_WORK: u64 = 20;

/** For x ≤ 0. */
@inline
function exp<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return expNegative(x);
  pulse(<u32>FLOAT64_WORK * 2);
  return f64x2.replace_lane(f64x2.splat(exp64(f64x2.extract_lane(x, 0))), 1, exp64(f64x2.extract_lane(x, 1)));
}

function log<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return log32(x);
  return f64x2.replace_lane(f64x2.splat(log64(f64x2.extract_lane(x, 0))), 1, log64(f64x2.extract_lane(x, 1)));
}

function vectorsPerRow(inner: u32, dtype: u32): u32 {
  return dtype == DTypeCode.Float32 ? (inner + 3) >> 2 : (inner + 1) >> 1;
}

/** Bytes from a vector of a unit to the next. */
@inline
function strideOf<T>(inner: u32): u32 {
  return inner == 1 ? 16 : inner * <u32>sizeof<T>();
}

/** Vectors of a unit that are complete: all but the last of a row, all or none of columns. */
@inline
function wholeOf<T>(n: u32, inner: u32, width: u32): u32 {
  if (inner == 1) return n / lanes<T>();
  return width >= lanes<T>() ? n : 0;
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
  const stride = strideOf<T>(inner);
  const whole = wholeOf<T>(n, inner, width) * stride;
  const end = isRow ? n * <u32>sizeof<T>() : n * stride;
  const rest = isRow ? n % lanes<T>() : width;
  const lowest = v128.splat<T>(<T>-Infinity);

  // A single instruction, unlike max; it passes over NaN, which the exponentials below bring back. Four at a time, as
  // each waits for the one before.
  let greatest = lowest;
  let second = lowest;
  let third = lowest;
  let fourth = lowest;
  let at: u32 = 0;
  for (; at + 3 * stride < whole; at += 4 * stride) {
    const p = x + at;
    greatest = v128.pmax<T>(greatest, v128.load(p));
    second = v128.pmax<T>(second, v128.load(p + stride));
    third = v128.pmax<T>(third, v128.load(p + 2 * stride));
    fourth = v128.pmax<T>(fourth, v128.load(p + 3 * stride));
  }
  greatest = v128.pmax<T>(v128.pmax<T>(greatest, second), v128.pmax<T>(third, fourth));
  for (; at < whole; at += stride) greatest = v128.pmax<T>(greatest, v128.load(x + at));
  for (; at < end; at += stride) greatest = v128.pmax<T>(greatest, loadPartial<T>(x + at, rest, lowest));
  if (isRow) greatest = v128.splat<T>(horizontalMax<T>(greatest));

  let sum = v128.splat<T>(0);
  for (at = 0; at < whole; at += stride) {
    const e = exp<T>(v128.sub<T>(v128.load(x + at), greatest));
    sum = v128.add<T>(sum, e);
    if (!logarithmic) v128.store(out + at, e);
  }
  for (; at < end; at += stride) {
    const e = exp<T>(v128.sub<T>(loadPartial<T>(x + at, rest, lowest), greatest));
    sum = v128.add<T>(sum, e);
    if (!logarithmic) storePartial<T>(out + at, e, rest);
  }
  if (isRow) sum = v128.splat<T>(horizontalSum<T>(sum));

  const from = logarithmic ? x : out;
  const total = logarithmic ? log<T>(sum) : v128.div<T>(v128.splat<T>(1), sum);
  for (at = 0; at < whole; at += stride) {
    v128.store(out + at, normalized<T>(v128.load(from + at), greatest, total, logarithmic));
  }
  for (; at < end; at += stride) {
    const y = normalized<T>(loadPartial<T>(from + at, rest, greatest), greatest, total, logarithmic);
    storePartial<T>(out + at, y, rest);
  }
}

/** From x itself and log Σ, or from e^(x - max) and 1 / Σ. */
@inline
function normalized<T>(v: v128, greatest: v128, total: v128, logarithmic: u32): v128 {
  return logarithmic ? v128.sub<T>(v128.sub<T>(v, greatest), total) : v128.mul<T>(v, total);
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
  const stride = strideOf<T>(inner);
  const whole = wholeOf<T>(n, inner, width) * stride;
  const end = isRow ? n * <u32>sizeof<T>() : n * stride;
  const rest = isRow ? n % lanes<T>() : width;
  const zero = v128.splat<T>(0);

  let sum = zero;
  let at: u32 = 0;
  for (; at < whole; at += stride) {
    sum = summand<T>(v128.load(grad + at), v128.load(y + at), sum, logarithmic);
  }
  for (; at < end; at += stride) {
    sum = summand<T>(loadPartial<T>(grad + at, rest, zero), loadPartial<T>(y + at, rest, zero), sum, logarithmic);
  }
  if (isRow) sum = v128.splat<T>(horizontalSum<T>(sum));

  for (at = 0; at < whole; at += stride) {
    v128.store(out + at, gradient<T>(v128.load(grad + at), v128.load(y + at), sum, logarithmic));
  }
  for (; at < end; at += stride) {
    const g = loadPartial<T>(grad + at, rest, zero);
    storePartial<T>(out + at, gradient<T>(g, loadPartial<T>(y + at, rest, zero), sum, logarithmic), rest);
  }
}

@inline
function summand<T>(g: v128, y: v128, sum: v128, logarithmic: u32): v128 {
  return logarithmic ? v128.add<T>(sum, g) : madd<T>(g, y, sum);
}

@inline
function gradient<T>(g: v128, y: v128, sum: v128, logarithmic: u32): v128 {
  return logarithmic ? v128.sub<T>(g, v128.mul<T>(exp<T>(y), sum)) : v128.mul<T>(y, v128.sub<T>(g, sum));
}
