// Operands of pointwise programs that are not dense, or narrower than a register: blocks of them are gathered into
// scratch before the instructions run, or scattered from there afterwards. In registers the narrow integers and bool are
// int32, float16 and bfloat16 float32; their bits are converted within the block.
import { DTypeCode } from '../engine/commands';

/** Whether elements lie in memory as they do in registers. */
@inline
export function isRegisterType(dtype: u32): bool {
  return dtype < <u32>DTypeCode.Uint8;
}

/** log2 of the bytes of an element in memory. */
@inline
export function elementShift(dtype: u32): u32 {
  if (isRegisterType(dtype)) return registerShift(dtype);
  return isHalfWidth(dtype) ? 1 : 0;
}

/** Whether elements have two bytes. */
@inline
function isHalfWidth(dtype: u32): bool {
  return dtype > <u32>DTypeCode.Int8;
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

/** The way back: drops the upper bits. */
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
  if (!isRegisterType(dtype)) {
    if (isHalfWidth(dtype)) walk<u16, i32, Gather<u16, i32>>(base, block, start, n, shape);
    else walk<u8, i32, Gather<u8, i32>>(base, block, start, n, shape);
    widen(dtype, block, n);
  } else if (registerShift(dtype) == 2) walk<u32, u32, Gather<u32, u32>>(base, block, start, n, shape);
  else walk<u64, u64, Gather<u64, u64>>(base, block, start, n, shape);
}

/** The register at `block` into elements [start, start + n) of an output. */
export function scatter(dtype: u32, base: usize, block: usize, start: u32, n: u32, shape: Shape): void {
  if (dtype == DTypeCode.Bool) walk<u8, i32, ScatterBool>(base, block, start, n, shape);
  else if (!isRegisterType(dtype)) {
    toBits(dtype, block, n);
    if (isHalfWidth(dtype)) walk<u16, i32, Scatter<u16, i32>>(base, block, start, n, shape);
    else walk<u8, i32, Scatter<u8, i32>>(base, block, start, n, shape);
  } else if (registerShift(dtype) == 2) walk<u32, u32, Scatter<u32, u32>>(base, block, start, n, shape);
  else walk<u64, u64, Scatter<u64, u64>>(base, block, start, n, shape);
}

// ---- narrow types in registers ------------------------------------------------------------------------------

/** The bits of narrow elements, zero-extended to 32, as the values that registers hold. */
function widen(dtype: u32, block: usize, n: u32): void {
  if (dtype == DTypeCode.Uint8 || dtype == DTypeCode.Bool) return;
  for (const end = block + <usize>n * 4; block < end; block += 16) {
    const bits = v128.load(block);
    let value: v128;
    if (dtype == DTypeCode.Float16) value = ofFloat16(bits);
    else if (dtype == DTypeCode.Int8) value = i32x4.shr_s(i32x4.shl(bits, 24), 24);
    else value = i32x4.shl(bits, 16);
    if (dtype == DTypeCode.Int16) value = i32x4.shr_s(value, 16);
    v128.store(block, value);
  }
}

/** The way back to bits; of those of integers the upper ones are not cleared. */
function toBits(dtype: u32, block: usize, n: u32): void {
  if (dtype < <u32>DTypeCode.Float16) return;
  for (const end = block + <usize>n * 4; block < end; block += 16) {
    const value = v128.load(block);
    v128.store(block, dtype == DTypeCode.Float16 ? toFloat16(value) : toBfloat16(value));
  }
}

/** out = a rounded or wrapped to what `dtype` holds: the loop of the instruction Narrow. */
export function narrow(dtype: u32, out: usize, a: usize, n: u32): void {
  memory.copy(out, a, <usize>n * 4);
  toBits(dtype, out, n);
  if (dtype == DTypeCode.Uint8) {
    for (const end = out + <usize>n * 4; out < end; out += 16) {
      v128.store(out, v128.and(v128.load(out), i32x4.splat(255)));
    }
  } else widen(dtype, out, n);
}

/** The exponents differ by 112 in their bias: a product by 2^112 makes normal numbers of subnormal ones too. */
@inline
function ofFloat16(bits: v128): v128 {
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  const isSpecial = i32x4.ge_u(magnitude, i32x4.splat(0x0f800000));
  return v128.or(
    v128.or(f32x4.mul(magnitude, f32x4.splat(<f32>5.192296858534828e33)), v128.and(isSpecial, i32x4.splat(0x7f800000))),
    i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16),
  );
}

/**
 * Rounds by adding a power of two whose last bit is that of the result. As in https://github.com/Maratyszcza/FP16
 * (fp16_ieee_from_fp32_value), which PyTorch uses.
 */
@inline
function toFloat16(x: v128): v128 {
  const doubled = i32x4.shl(x, 1);
  const bias = i32x4.max_u(v128.and(doubled, i32x4.splat(0xff000000)), i32x4.splat(0x71000000));
  // 2^112 and 2^-110: what is beyond the greatest number becomes infinite.
  const base = f32x4.mul(
    f32x4.mul(f32x4.abs(x), f32x4.splat(<f32>5.192296858534828e33)),
    f32x4.splat(<f32>7.703719777548943e-34),
  );
  const sum = f32x4.add(i32x4.add(i32x4.shr_u(bias, 1), i32x4.splat(0x07800000)), base);
  const exponent = v128.and(i32x4.shr_u(sum, 13), i32x4.splat(0x7c00));
  const magnitude = i32x4.add(exponent, v128.and(sum, i32x4.splat(0x0fff)));
  return v128.or(
    v128.bitselect(i32x4.splat(0x7e00), magnitude, i32x4.gt_u(doubled, i32x4.splat(0xff000000))),
    v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000)),
  );
}

/** Half of the last bit that stays, or just less where that bit is even. */
@inline
function toBfloat16(x: v128): v128 {
  const half = i32x4.add(v128.and(i32x4.shr_u(x, 16), i32x4.splat(1)), i32x4.splat(0x7fff));
  return v128.bitselect(i32x4.shr_u(i32x4.add(x, half), 16), i32x4.splat(0x7fc0), f32x4.eq(x, x));
}
