// The loops that pointwise instructions are made of: one for each shape of data, with the operation as a class.
// Vector loops run over whole groups of eight elements and may pass the end of a block by seven; exact loops do not.

/** What an instruction does to a block of n elements; unused arguments are ignored. */
export type Loop = (out: usize, a: usize, b: usize, c: usize, n: u32) => void;

/** Bytes of n elements of T, rounded up to whole groups of eight. */
@inline
function bytesOf<T>(n: u32): usize {
  return ((<usize>n + 3) & ~3) * sizeof<T>();
}

/** out = f(a); T gives the size of the elements. */
@inline
export function unary<T, F>(out: usize, a: usize, n: u32): void {
  const f = changetype<F>(0);
  for (const end = out + bytesOf<T>(n); out < end; out += 16, a += 16) v128.store(out, f.apply(v128.load(a)));
}

/** The same for functions of many constants: two vectors at a time share the loading of those. */
@inline
export function unaryPair<T, F>(out: usize, a: usize, n: u32): void {
  const f = changetype<F>(0);
  for (const end = out + bytesOf<T>(n); out < end; out += 32, a += 32) {
    const x = v128.load(a);
    const y = v128.load(a, 16);
    v128.store(out, f.apply(x));
    v128.store(out, f.apply(y), 16);
  }
}

/** out = f(a, b). */
@inline
export function binary<T, F>(out: usize, a: usize, b: usize, n: u32): void {
  const f = changetype<F>(0);
  for (const end = out + bytesOf<T>(n); out < end; out += 32, a += 32, b += 32) {
    v128.store(out, f.apply(v128.load(a), v128.load(b)));
    v128.store(out, f.apply(v128.load(a, 16), v128.load(b, 16)), 16);
  }
}

/** out = f(a, b, c). */
@inline
export function ternary<T, F>(out: usize, a: usize, b: usize, c: usize, n: u32): void {
  const f = changetype<F>(0);
  for (const end = out + bytesOf<T>(n); out < end; out += 32, a += 32, b += 32, c += 32) {
    v128.store(out, f.apply(v128.load(a), v128.load(b), v128.load(c)));
    v128.store(out, f.apply(v128.load(a, 16), v128.load(b, 16), v128.load(c, 16)), 16);
  }
}

/** out (int32, 0 or 1) = f(a, b), where f gives a mask of the width of T. */
@inline
export function comparison<T, F>(out: usize, a: usize, b: usize, n: u32): void {
  const f = changetype<F>(0);
  const one = i32x4.splat(1);
  for (const end = out + bytesOf<i32>(n); out < end; out += 16) {
    let mask = f.apply(v128.load(a), v128.load(b));
    if (sizeof<T>() == 8) {
      mask = v128.shuffle<i32>(mask, f.apply(v128.load(a, 16), v128.load(b, 16)), 0, 2, 4, 6);
    }
    v128.store(out, v128.and(mask, one));
    a += 4 * sizeof<T>();
    b += 4 * sizeof<T>();
  }
}

/** out (int32, 0 or 1) = a differs from 0; NaN does. */
@inline
export function truth<T>(out: usize, a: usize, n: u32): void {
  const end = out + <usize>n * 4;
  for (; out < end; out += 4, a += sizeof<T>()) store<i32>(out, load<T>(a) != 0);
}

/** out = a where the int32 condition is not 0, else b. */
@inline
export function choice<T>(out: usize, condition: usize, a: usize, b: usize, n: u32): void {
  for (const end = out + bytesOf<T>(n); out < end; condition += 16) {
    const mask = i32x4.ne(v128.load(condition), i32x4.splat(0));
    if (sizeof<T>() == 4) {
      v128.store(out, v128.bitselect(v128.load(a), v128.load(b), mask));
    } else {
      v128.store(out, v128.bitselect(v128.load(a), v128.load(b), i64x2.extend_low_i32x4_s(mask)));
      v128.store(out, v128.bitselect(v128.load(a, 16), v128.load(b, 16), i64x2.extend_high_i32x4_s(mask)), 16);
    }
    out += 4 * sizeof<T>();
    a += 4 * sizeof<T>();
    b += 4 * sizeof<T>();
  }
}

/** out = a converted; floats are truncated, out of range to the nearest end, NaN to 0. */
@inline
export function convert<From, To>(out: usize, a: usize, n: u32): void {
  const end = out + <usize>n * sizeof<To>();
  for (; out < end; out += sizeof<To>(), a += sizeof<From>()) store<To>(out, <To>load<From>(a));
}

/** out = f(a) in double precision. The call stays a call: these functions take ten times as long, and loops cost bytes. */
export function unaryDouble<T>(out: usize, a: usize, n: u32, f: (x: f64) => f64): void {
  const end = out + <usize>n * sizeof<T>();
  for (; out < end; out += sizeof<T>(), a += sizeof<T>()) store<T>(out, <T>f(<f64>load<T>(a)));
}

/** out = f(a, b) in double precision. */
export function binaryDouble<T>(out: usize, a: usize, b: usize, n: u32, f: (a: f64, b: f64) => f64): void {
  const end = out + <usize>n * sizeof<T>();
  for (; out < end; out += sizeof<T>(), a += sizeof<T>(), b += sizeof<T>()) {
    store<T>(out, <T>f(<f64>load<T>(a), <f64>load<T>(b)));
  }
}

/** out = f(a, b) of whole numbers, exactly n of them. */
@inline
export function binaryExact<T, F>(out: usize, a: usize, b: usize, n: u32): void {
  const f = changetype<F>(0);
  const end = out + <usize>n * sizeof<T>();
  for (; out < end; out += sizeof<T>(), a += sizeof<T>(), b += sizeof<T>()) {
    store<T>(out, f.apply(load<T>(a), load<T>(b)));
  }
}

/** Fills out with one number. */
export function fill<T>(out: usize, value: T, n: u32): void {
  const all = v128.splat<T>(value);
  for (const end = out + bytesOf<T>(n); out < end; out += 16) v128.store(out, all);
}

/** first, first + 1, ... */
export function count(out: usize, first: u32, n: u32): void {
  let position = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  for (const end = out + bytesOf<i32>(n); out < end; out += 16) {
    v128.store(out, position);
    position = i32x4.add(position, i32x4.splat(4));
  }
}
