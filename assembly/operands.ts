// Operands of pointwise programs that are not dense, or narrower than a register: blocks of them are gathered into
// scratch before the instructions run, or scattered from there afterwards. Bool and uint8 are int32 in registers.
import { DTypeCode } from './commands';

/** Whether elements lie in memory as they do in registers. */
@inline
export function isRegisterType(dtype: u32): bool {
  return dtype < <u32>DTypeCode.Uint8;
}

/** log2 of the bytes of an element in memory. */
@inline
export function elementShift(dtype: u32): u32 {
  return isRegisterType(dtype) ? registerShift(dtype) : 0;
}

/** log2 of the bytes of an element in a register. */
@inline
export function registerShift(dtype: u32): u32 {
  return dtype == DTypeCode.Float64 || dtype == DTypeCode.Int64 ? 3 : 2;
}

/** Memory of type T to a register of type R: n elements, `step` apart in memory. */
@unmanaged
class Gather<T, R> {
  @inline
  run(memory_: usize, block: usize, n: u32, step: i32): void {
    const end = block + <usize>n * sizeof<R>();
    if (step == 1 && sizeof<T>() == sizeof<R>() && n >= BULK) {
      memory.copy(block, memory_, end - block);
      return;
    }
    const stride = <usize>step * sizeof<T>();
    for (; block < end; block += sizeof<R>(), memory_ += stride) store<R>(block, <R>load<T>(memory_));
  }
}

/** The way back: wraps to uint8. */
@unmanaged
class Scatter<T, R> {
  @inline
  run(memory_: usize, block: usize, n: u32, step: i32): void {
    const end = block + <usize>n * sizeof<R>();
    if (step == 1 && sizeof<T>() == sizeof<R>() && n >= BULK) {
      memory.copy(memory_, block, end - block);
      return;
    }
    const stride = <usize>step * sizeof<T>();
    for (; block < end; block += sizeof<R>(), memory_ += stride) store<T>(memory_, <T>load<R>(block));
  }
}

/** The way back to bool: 0 or 1. */
@unmanaged
class ScatterBool {
  @inline
  run(memory_: usize, block: usize, n: u32, step: i32): void {
    const end = block + <usize>n * 4;
    for (; block < end; block += 4, memory_ += <usize>step) store<u8>(memory_, load<i32>(block) != 0);
  }
}

/** Elements from which one bulk copy beats a loop: the instruction is a call in every browser. */
const BULK: u32 = 32;

/** Shape and strides of an operand, as in the command; ndim 0 is one dense or (step 0) uniform run. */
@unmanaged
export class Shape {
  ndim!: u32;
  sizes!: usize;
  strides!: usize;
  step!: i32;
  /** ndim words for the position of the current row. */
  position!: usize;
}

/** Runs F over elements [start, start + n) of the operand at `base`, one row or rest of a row after another. */
function walk<T, R, F>(base: usize, block: usize, start: u32, n: u32, shape: Shape): void {
  const run = changetype<F>(0);
  if (shape.ndim == 0) {
    run.run(base + <usize>(start * shape.step) * sizeof<T>(), block, n, shape.step);
    return;
  }
  const last: usize = (shape.ndim - 1) << 2;
  const rowLength = load<u32>(shape.sizes + last);
  const step = load<i32>(shape.strides + last);
  let at = start % rowLength;
  let offset = 0;
  let rest = start / rowLength;
  for (let d: isize = <isize>last - 4; d >= 0; d -= 4) {
    const size = load<u32>(shape.sizes + d);
    const index = rest % size;
    rest /= size;
    store<u32>(shape.position + d, index);
    offset += index * load<i32>(shape.strides + d);
  }
  while (true) {
    const length = min(rowLength - at, n);
    run.run(base + <usize>(offset + <i32>at * step) * sizeof<T>(), block, length, step);
    n -= length;
    if (n == 0) return;
    block += <usize>length * sizeof<R>();
    at = 0;
    for (let d: isize = <isize>last - 4; d >= 0; d -= 4) {
      const size = load<u32>(shape.sizes + d);
      const stride = load<i32>(shape.strides + d);
      const index = load<u32>(shape.position + d) + 1;
      offset += stride;
      store<u32>(shape.position + d, index < size ? index : 0);
      if (index < size) break;
      offset -= size * stride;
    }
  }
}

/** Elements [start, start + n) of an input into the register at `block`. */
export function gather(dtype: u32, base: usize, block: usize, start: u32, n: u32, shape: Shape): void {
  if (!isRegisterType(dtype)) walk<u8, i32, Gather<u8, i32>>(base, block, start, n, shape);
  else if (registerShift(dtype) == 2) walk<u32, u32, Gather<u32, u32>>(base, block, start, n, shape);
  else walk<u64, u64, Gather<u64, u64>>(base, block, start, n, shape);
}

/** The register at `block` into elements [start, start + n) of an output. */
export function scatter(dtype: u32, base: usize, block: usize, start: u32, n: u32, shape: Shape): void {
  if (dtype == DTypeCode.Bool) walk<u8, i32, ScatterBool>(base, block, start, n, shape);
  else if (dtype == DTypeCode.Uint8) walk<u8, i32, Scatter<u8, i32>>(base, block, start, n, shape);
  else if (registerShift(dtype) == 2) walk<u32, u32, Scatter<u32, u32>>(base, block, start, n, shape);
  else walk<u64, u64, Scatter<u64, u64>>(base, block, start, n, shape);
}
