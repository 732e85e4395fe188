// Pooling over planes: x [planes, height, width] -> out [planes, outHeight, outWidth], a task per group of planes.
// Backward kernels clear a plane of the input's gradient, then add window by window, in order.
import { DTypeCode, PoolCommand } from '../engine/commands';
import { itemSize, taskCount, taskStart } from '../engine/partition';
import { pulse, pulseAt } from '../engine/worker';

/** Nanoseconds to look at one element of a window. */
const WINDOW_WORK: u64 = 1;

/** Nanoseconds for a plane. */
function planeWork(c: PoolCommand): u64 {
  const window = max<u32>(c.kernelH * c.kernelW, 1);
  return 20 + WINDOW_WORK * (<u64>c.outHeight * c.outWidth * window + <u64>c.height * c.width);
}

/** Tasks of every pooling kernel. */
export function poolTasks(c: PoolCommand, phase: i32): i32 {
  return phase == 0 ? taskCount(c.planes, planeWork(c)) : 0;
}

// ---- maximum ------------------------------------------------------------------------------------

export function maxPool2d(c: PoolCommand, phase: i32, task: i32): void {
  const size = itemSize(c.dtype);
  const tasks = poolTasks(c, phase);
  const end = taskStart(c.planes, tasks, task + 1);
  const isPairs =
    c.kernelH == 2 &&
    c.kernelW == 2 &&
    c.strideH == 2 &&
    c.strideW == 2 &&
    c.dilationH == 1 &&
    c.dilationW == 1 &&
    c.paddingH == 0 &&
    c.paddingW == 0 &&
    c.outHeight <= c.height >> 1 &&
    c.outWidth <= c.width >> 1;
  for (let plane = taskStart(c.planes, tasks, task); plane < end; plane++) {
    const x = c.a + plane * c.height * c.width * size;
    const at = plane * c.outHeight * c.outWidth;
    if (c.dtype == DTypeCode.Float64) maxWindows<f64>(c, x, c.out + at * size, c.indices + at * 4);
    else if (isPairs) maxPairs(c, x, c.out + at * size, c.indices + at * 4);
    else maxWindows<f32>(c, x, c.out + at * size, c.indices + at * 4);
  }
}

/**
 * One plane, windows of any kind. The first maximum wins and NaN beats all, the last one as in PyTorch. Rows and columns of the
 * window that fall into the padding are passed over.
 */
function maxWindows<T>(c: PoolCommand, x: usize, out: usize, indices: usize): void {
  for (let i: u32 = 0; i < c.outHeight; i++) {
    for (let j: u32 = 0; j < c.outWidth; j++) {
      let top = <i32>(i * c.strideH) - <i32>c.paddingH;
      let left = <i32>(j * c.strideW) - <i32>c.paddingW;
      const bottom = min<i32>(top + <i32>((c.kernelH - 1) * c.dilationH) + 1, c.height);
      const right = min<i32>(left + <i32>((c.kernelW - 1) * c.dilationW) + 1, c.width);
      while (top < 0) top += c.dilationH;
      while (left < 0) left += c.dilationW;
      let greatest = <T>-Infinity;
      let position = top * c.width + left;
      for (let h = top; h < bottom; h += c.dilationH) {
        for (let w = left; w < right; w += c.dilationW) {
          const value = load<T>(x + (h * c.width + w) * sizeof<T>());
          if (value > greatest || value != value) {
            greatest = value;
            position = h * c.width + w;
          }
        }
      }
      pulse(c.kernelH * c.kernelW * <u32>WINDOW_WORK);
      const at = i * c.outWidth + j;
      store<T>(out + at * sizeof<T>(), greatest);
      store<i32>(indices + at * 4, position);
    }
  }
}

/** Lanes where value is to replace greatest. */
@inline
function beats(value: v128, greatest: v128): v128 {
  return v128.or(f32x4.gt(value, greatest), f32x4.ne(value, value));
}

/**
 * One float32 plane in windows of 2 x 2 side by side: four windows at a time, split into even and odd columns. The last
 * four of a row may overlap those before.
 */
function maxPairs(c: PoolCommand, x: usize, out: usize, indices: usize): void {
  const width = c.width;
  const columns = c.outWidth;
  if (columns < 4) return maxWindows<f32>(c, x, out, indices);
  const one = i32x4.splat(1);
  for (let i: u32 = 0; i < c.outHeight; i++) {
    for (let j: u32 = 0; j < columns; j += 4) {
      const column = min(j, columns - 4);
      const first = 2 * (i * width + column);
      const upper = x + first * 4;
      const lower = upper + width * 4;
      let low = v128.load(upper);
      let high = v128.load(upper, 16);
      let greatest = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
      let at = i32x4.add(i32x4.splat(first), i32x4(0, 2, 4, 6));
      let position = i32x4.add(at, one);
      let value = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
      let wins = beats(value, greatest);
      greatest = v128.bitselect(value, greatest, wins);
      const lowerAt = i32x4.add(at, i32x4.splat(width));
      at = v128.bitselect(position, at, wins);
      low = v128.load(lower);
      high = v128.load(lower, 16);
      value = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
      wins = beats(value, greatest);
      greatest = v128.bitselect(value, greatest, wins);
      at = v128.bitselect(lowerAt, at, wins);
      position = i32x4.add(lowerAt, one);
      value = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
      wins = beats(value, greatest);
      const to = (i * columns + column) * 4;
      v128.store(out + to, v128.bitselect(value, greatest, wins));
      v128.store(indices + to, v128.bitselect(position, at, wins));
    }
  }
}

export function maxPool2dBackward(c: PoolCommand, phase: i32, task: i32): void {
  const size = itemSize(c.dtype);
  const outputs = c.outHeight * c.outWidth;
  const tasks = poolTasks(c, phase);
  const end = taskStart(c.planes, tasks, task + 1);
  for (let plane = taskStart(c.planes, tasks, task); plane < end; plane++) {
    const out = c.out + plane * c.height * c.width * size;
    const at = plane * outputs;
    memory.fill(out, 0, c.height * c.width * size);
    if (c.dtype == DTypeCode.Float32) addAt<f32>(c.a + at * size, c.indices + at * 4, out, outputs);
    else addAt<f64>(c.a + at * size, c.indices + at * 4, out, outputs);
  }
}

/** out[indices[k]] += grad[k] for k in [0, n). */
function addAt<T>(grad: usize, indices: usize, out: usize, n: u32): void {
  for (let k: u32 = 0; k < n; k++) {
    pulseAt(k, 4);
    const p = out + load<i32>(indices + k * 4) * sizeof<T>();
    store<T>(p, load<T>(p) + load<T>(grad + k * sizeof<T>()));
  }
}

// ---- average ------------------------------------------------------------------------------------

export function avgPool2d(c: PoolCommand, phase: i32, task: i32): void {
  average(c, task, false, false);
}

export function avgPool2dBackward(c: PoolCommand, phase: i32, task: i32): void {
  average(c, task, false, true);
}

export function adaptiveAvgPool2d(c: PoolCommand, phase: i32, task: i32): void {
  average(c, task, true, false);
}

export function adaptiveAvgPool2dBackward(c: PoolCommand, phase: i32, task: i32): void {
  average(c, task, true, true);
}

function average(c: PoolCommand, task: i32, adaptive: bool, backward: bool): void {
  const size = itemSize(c.dtype);
  const tasks = poolTasks(c, 0);
  const end = taskStart(c.planes, tasks, task + 1);
  const inBytes = c.height * c.width * size;
  const outBytes = c.outHeight * c.outWidth * size;
  for (let plane = taskStart(c.planes, tasks, task); plane < end; plane++) {
    const x = (backward ? c.out : c.a) + plane * inBytes;
    const y = (backward ? c.a : c.out) + plane * outBytes;
    if (backward) memory.fill(x, 0, inBytes);
    if (c.dtype == DTypeCode.Float32) averagePlane<f32>(c, x, y, adaptive, backward);
    else averagePlane<f64>(c, x, y, adaptive, backward);
  }
}

/** y = the means of x's windows, or, backward, x += each y spread evenly over its window. */
function averagePlane<T>(c: PoolCommand, x: usize, y: usize, adaptive: bool, backward: bool): void {
  for (let i: u32 = 0; i < c.outHeight; i++) {
    // A window is [top, bottom) x [left, right); `rows` and `columns` count the padding that it may reach into.
    let top: i32, bottom: i32, rows: i32;
    if (adaptive) {
      top = <i32>((<u64>i * c.height) / c.outHeight);
      bottom = <i32>((<u64>(i + 1) * c.height + c.outHeight - 1) / c.outHeight);
      rows = bottom - top;
    } else {
      top = <i32>(i * c.strideH) - <i32>c.paddingH;
      bottom = min<i32>(top + c.kernelH, c.height + c.paddingH);
      rows = bottom - top;
      top = max<i32>(top, 0);
      bottom = min<i32>(bottom, c.height);
    }
    for (let j: u32 = 0; j < c.outWidth; j++, y += sizeof<T>()) {
      let left: i32, right: i32, columns: i32;
      if (adaptive) {
        left = <i32>((<u64>j * c.width) / c.outWidth);
        right = <i32>((<u64>(j + 1) * c.width + c.outWidth - 1) / c.outWidth);
        columns = right - left;
      } else {
        left = <i32>(j * c.strideW) - <i32>c.paddingW;
        right = min<i32>(left + c.kernelW, c.width + c.paddingW);
        columns = right - left;
        left = max<i32>(left, 0);
        right = min<i32>(right, c.width);
      }
      let divisor = c.divisor;
      if (divisor == 0) {
        divisor = c.countIncludePad || adaptive ? rows * columns : max<i32>((bottom - top) * (right - left), 1);
      }
      const share: T = backward ? load<T>(y) / <T>divisor : 0;
      let sum: T = 0;
      for (let h = top; h < bottom; h++) {
        const row = x + h * c.width * sizeof<T>();
        for (let w = left; w < right; w++) {
          const p = row + w * sizeof<T>();
          if (backward) store<T>(p, load<T>(p) + share);
          else sum += load<T>(p);
        }
      }
      if (!backward) store<T>(y, sum / <T>divisor);
      pulse(rows * columns * <u32>WINDOW_WORK);
    }
  }
}
