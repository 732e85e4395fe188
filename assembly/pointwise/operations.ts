// The operations that loops.ts is given, on vectors of T or single whole numbers. Elementary functions are in
// simd/float32.ts and double.ts.
import { divisionByZero } from './division';
import * as float32 from '../simd/float32';
import { madd } from '../simd/lanes';

@unmanaged
export class Add<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.add<T>(a, b);
  }
}

@unmanaged
export class Sub<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.sub<T>(a, b);
  }
}

@unmanaged
export class Mul<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.mul<T>(a, b);
  }
}

@unmanaged
export class Div<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.div<T>(a, b);
  }
}

/** The greater; NaN if one is. */
@unmanaged
export class Maximum<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    // There is no vector instruction for 64-bit integers.
    return sizeof<T>() == 8 && isInteger<T>() ? v128.bitselect(a, b, v128.gt<T>(a, b)) : v128.max<T>(a, b);
  }
}

/** The lesser; NaN if one is. */
@unmanaged
export class Minimum<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return sizeof<T>() == 8 && isInteger<T>() ? v128.bitselect(a, b, v128.lt<T>(a, b)) : v128.min<T>(a, b);
  }
}

/** a b + c. */
@unmanaged
export class MulAdd<T> {
  @inline
  apply(a: v128, b: v128, c: v128): v128 {
    return sizeof<T>() == 4 ? madd<f32>(a, b, c) : v128.add<T>(v128.mul<T>(a, b), c);
  }
}

@unmanaged
export class Eq<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.eq<T>(a, b);
  }
}

@unmanaged
export class Ne<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.ne<T>(a, b);
  }
}

@unmanaged
export class Lt<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.lt<T>(a, b);
  }
}

@unmanaged
export class Le<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.le<T>(a, b);
  }
}

@unmanaged
export class Neg<T> {
  @inline
  apply(x: v128): v128 {
    return v128.neg<T>(x);
  }
}

@unmanaged
export class Abs<T> {
  @inline
  apply(x: v128): v128 {
    return v128.abs<T>(x);
  }
}

@unmanaged
export class Sqrt<T> {
  @inline
  apply(x: v128): v128 {
    return v128.sqrt<T>(x);
  }
}

@unmanaged
export class Floor<T> {
  @inline
  apply(x: v128): v128 {
    return v128.floor<T>(x);
  }
}

@unmanaged
export class Ceil<T> {
  @inline
  apply(x: v128): v128 {
    return v128.ceil<T>(x);
  }
}

@unmanaged
export class Trunc<T> {
  @inline
  apply(x: v128): v128 {
    return v128.trunc<T>(x);
  }
}

/** Half to even. */
@unmanaged
export class Round<T> {
  @inline
  apply(x: v128): v128 {
    return v128.nearest<T>(x);
  }
}

@unmanaged
export class And {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.and(a, b);
  }
}

@unmanaged
export class Or {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.or(a, b);
  }
}

@unmanaged
export class Xor {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.xor(a, b);
  }
}

@unmanaged
export class Not {
  @inline
  apply(x: v128): v128 {
    return v128.not(x);
  }
}

/** The sign bit of b, the rest of a. */
@unmanaged
export class Copysign<T> {
  @inline
  apply(a: v128, b: v128): v128 {
    return v128.bitselect(b, a, v128.splat<T>(<T>-0.0));
  }
}

@unmanaged
export class Exp {
  @inline
  apply(x: v128): v128 {
    return float32.exp(x);
  }
}

@unmanaged
export class Expm1 {
  @inline
  apply(x: v128): v128 {
    return float32.expm1(x);
  }
}

@unmanaged
export class Log {
  @inline
  apply(x: v128): v128 {
    return float32.log(x);
  }
}

@unmanaged
export class Log1p {
  @inline
  apply(x: v128): v128 {
    return float32.log1p(x);
  }
}

@unmanaged
export class Sigmoid {
  @inline
  apply(x: v128): v128 {
    return float32.sigmoid(x);
  }
}

@unmanaged
export class Tanh {
  @inline
  apply(x: v128): v128 {
    return float32.tanh(x);
  }
}

@unmanaged
export class Erf {
  @inline
  apply(x: v128): v128 {
    return float32.erf(x);
  }
}

// ---- whole numbers, one at a time -----------------------------------------------------------------------

/** a / b; by -1 it is a negation, which cannot trap. */
@inline
function quotient<T>(a: T, b: T): T {
  return b == -1 ? <T>-a : <T>(a / b);
}

/** Rounded down. */
@unmanaged
export class FloorDivide<T> {
  @inline
  apply(a: T, b: T): T {
    if (b == 0) return divisionByZero<T>(a);
    const q = quotient<T>(a, b);
    return <T>((a ^ b) < 0 && q * b != a ? q - 1 : q);
  }
}

/** Rounded towards zero. */
@unmanaged
export class TruncDivide<T> {
  @inline
  apply(a: T, b: T): T {
    return b == 0 ? divisionByZero<T>(a) : quotient<T>(a, b);
  }
}

/** With the sign of b. */
@unmanaged
export class Remainder<T> {
  @inline
  apply(a: T, b: T): T {
    if (b == 0) return divisionByZero<T>(a);
    const r = <T>(a - quotient<T>(a, b) * b);
    return <T>(r != 0 && (r ^ b) < 0 ? r + b : r);
  }
}

/** With the sign of a. */
@unmanaged
export class Fmod<T> {
  @inline
  apply(a: T, b: T): T {
    return b == 0 ? divisionByZero<T>(a) : <T>(a - quotient<T>(a, b) * b);
  }
}

/** a^b modulo the word; a negative b gives what is left of 1 / a^|b|: 0, or 1 and -1 for those. */
@unmanaged
export class Pow<T> {
  @inline
  apply(a: T, b: T): T {
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? <T>-1 : 1) : 0;
    let y: T = 1;
    for (; b != 0; b >>= 1, a = <T>(a * a)) if (b & 1) y = <T>(y * a);
    return y;
  }
}
