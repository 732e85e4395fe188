// Elementary functions of four float32 at a time, within a few units in the last place over the whole range;
// infinities, NaN and denormals included. Polynomials are minimax fits on the reduced ranges given at each.
import { madd } from './lanes';

// ln 2 in two parts; the first has 9 significant bits, so that its product with an exponent is exact.
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444e-4;

@inline
function all(x: f32): v128 {
  return f32x4.splat(x);
}

/** 2^n for n in [-126, 127], by its bits. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** 1.5 * 2^23: added to a number below 2^22 it rounds it to a whole one, which its low bits then hold. */
const ROUNDING: f32 = 12582912;

/** ROUNDING + n for x = n ln 2 + r with |r| ≤ ln 2 / 2; cheaper than to round and to convert. */
@inline
function withExponent(x: v128): v128 {
  return madd<f32>(x, all(1.44269504), all(ROUNDING));
}

/** n as a float, of ROUNDING + n. */
@inline
function exponentOf(rounded: v128): v128 {
  return f32x4.sub(rounded, all(ROUNDING));
}

/** n as an integer, of ROUNDING + n. */
@inline
function integerOf(rounded: v128): v128 {
  return i32x4.sub(rounded, all(ROUNDING));
}

/** e^r - 1 for r = x - n ln 2:  r + r² Q(r), |r| ≤ 0.35, error 3e-10. */
@inline
function expm1Reduced(x: v128, n: v128): v128 {
  const r = madd<f32>(n, all(-LN2_LOW), madd<f32>(n, all(-LN2_HIGH), x));
  let q = madd<f32>(r, all(0.00019845957), all(0.0013941653));
  q = madd<f32>(q, r, all(0.0083333916));
  q = madd<f32>(q, r, all(0.04166635));
  q = madd<f32>(q, r, all(0.16666667));
  q = madd<f32>(q, r, all(0.5));
  return madd<f32>(q, f32x4.mul(r, r), r);
}

/**
 * e^x. Beyond the clamp the result is 0 or infinity anyway; the scale is applied in two steps for denormals.
 * pmin and pmax are single instructions, unlike min and max, and keep x where it is NaN.
 */
@inline
export function exp(x: v128): v128 {
  const clamped = f32x4.pmax(f32x4.pmin(x, all(89)), all(-104));
  const rounded = withExponent(clamped);
  const y = f32x4.add(expm1Reduced(clamped, exponentOf(rounded)), all(1));
  const n = integerOf(rounded);
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(y, powerOfTwo(half)), powerOfTwo(i32x4.sub(n, half)));
}

/** ROUNDING with the bias of exponents: its sum's low bits are those of 2^n. */
const BIASED_ROUNDING: f32 = ROUNDING + 127;

/**
 * e^x = 2^n + 2^n r P(r) for x ≤ 0, within 2 units in the last place and with 0 for what is below the normal numbers:
 * softmax needs no more, and it takes three quarters of the time. |r| ≤ 0.35, error 9e-8.
 */
@inline
export function expNegative(x: v128): v128 {
  const rounded = madd<f32>(x, all(1.44269504), all(BIASED_ROUNDING));
  const scale = i32x4.shl(rounded, 23);
  const n = f32x4.sub(rounded, all(BIASED_ROUNDING));
  const r = madd<f32>(n, all(-LN2_LOW), madd<f32>(n, all(-LN2_HIGH), x));
  let p = madd<f32>(r, all(0.008290058), all(0.041899312));
  p = madd<f32>(p, r, all(0.16667648));
  p = madd<f32>(p, r, all(0.4999914));
  p = madd<f32>(p, r, all(0.9999997));
  return v128.andnot(madd<f32>(f32x4.mul(r, scale), p, scale), f32x4.lt(x, all(-87.33654)));
}

/** e^x - 1 = 2 (2^(n-1) (e^r - 1) + (2^(n-1) - 1/2)); the halving keeps 2^128 within range. */
@inline
export function expm1(x: v128): v128 {
  const clamped = f32x4.max(f32x4.min(x, all(89)), all(-20));
  const rounded = withExponent(clamped);
  const scale = powerOfTwo(i32x4.sub(integerOf(rounded), i32x4.splat(1)));
  const y = madd<f32>(scale, expm1Reduced(clamped, exponentOf(rounded)), f32x4.sub(scale, all(0.5)));
  return f32x4.add(y, y);
}

/** 1 / (1 + e^-x), from e^-|x| so that it is exact at both ends. The scale is 2^24 too great at first, for denormals. */
@inline
export function sigmoid(x: v128): v128 {
  const a = f32x4.pmax(f32x4.neg(f32x4.abs(x)), all(-104));
  const rounded = withExponent(a);
  const scaled = f32x4.mul(
    f32x4.add(expm1Reduced(a, exponentOf(rounded)), all(1)),
    powerOfTwo(i32x4.add(integerOf(rounded), i32x4.splat(24))),
  );
  const e = f32x4.mul(scaled, all(5.9604644775390625e-8));
  const y = f32x4.div(all(1), f32x4.add(all(1), e));
  return v128.bitselect(f32x4.mul(e, y), y, i32x4.shr_s(x, 31));
}

/** tanh |x| = m / (m + 2) with m = e^2|x| - 1; from 10 on it is 1. */
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.min(f32x4.abs(x), all(10));
  const m = expm1(f32x4.add(a, a));
  return withSignOf(x, f32x4.div(m, f32x4.add(m, all(2))));
}

/** y ≥ 0 with the sign bit of x. */
@inline
function withSignOf(x: v128, y: v128): v128 {
  return v128.or(y, v128.and(x, i32x4.splat(0x80000000)));
}

/** log x = n ln 2 + log(1 + f), 1 + f in [√½, √2): f - f²/2 + f³ P(f), error 6e-9. */
@inline
export function log(x: v128): v128 {
  const denormal = f32x4.lt(x, all(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, all(8388608)), x, denormal);
  const n = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
  const f = f32x4.sub(i32x4.sub(scaled, i32x4.shl(n, 23)), all(1));
  const exponent = f32x4.convert_i32x4_s(i32x4.sub(n, v128.and(denormal, i32x4.splat(23))));
  const square = f32x4.mul(f, f);
  let p = madd<f32>(f, all(-0.0763443), all(0.1276155));
  p = madd<f32>(p, f, all(-0.13160195));
  p = madd<f32>(p, f, all(0.14201762));
  p = madd<f32>(p, f, all(-0.16623356));
  p = madd<f32>(p, f, all(0.20001227));
  p = madd<f32>(p, f, all(-0.25000822));
  p = madd<f32>(p, f, all(0.33333331));
  let y = f32x4.mul(f32x4.mul(square, f), p);
  y = madd<f32>(exponent, all(LN2_LOW), y);
  y = madd<f32>(square, all(-0.5), y);
  y = madd<f32>(exponent, all(LN2_HIGH), f32x4.add(f, y));
  // Infinity and NaN stay; 0 gives -infinity, what is below it NaN.
  y = v128.bitselect(y, x, f32x4.lt(x, all(Infinity)));
  y = v128.bitselect(all(-Infinity), y, f32x4.eq(x, all(0)));
  return v128.or(y, f32x4.lt(x, all(0)));
}

/** log(1 + x) = log u + (x - (u - 1)) / u with u = 1 + x: the second term is what rounding took from u. */
@inline
export function log1p(x: v128): v128 {
  const u = f32x4.add(all(1), x);
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, all(1))), u);
  // NaN where u is 0 or infinite, and there log u is right by itself.
  return f32x4.add(log(u), v128.and(lost, f32x4.eq(lost, lost)));
}

/** Below 1: x P(x²), error 2e-9; above: 1 - e^-Q(|x|), error 2e-9; from 4 on it is 1. */
@inline
export function erf(x: v128): v128 {
  const t = f32x4.mul(x, x);
  let p = madd<f32>(t, all(0.00007853854651), all(-0.0008010191596));
  p = madd<f32>(p, t, all(0.005188327455));
  p = madd<f32>(p, t, all(-0.02685381181));
  p = madd<f32>(p, t, all(0.1128358515));
  p = madd<f32>(p, t, all(-0.3761262582));
  const near = madd<f32>(x, all(1.12837917), f32x4.mul(f32x4.mul(p, t), x));

  const a = f32x4.min(f32x4.abs(x), all(4));
  let q = madd<f32>(a, all(-0.0001982206829), all(0.0030654998));
  q = madd<f32>(q, a, all(-0.022315247992));
  q = madd<f32>(q, a, all(0.10411374545));
  q = madd<f32>(q, a, all(0.63697601327));
  q = madd<f32>(q, a, all(1.127797280841));
  q = madd<f32>(q, a, all(0.000166439089));
  const far = withSignOf(x, f32x4.sub(all(1), exp(f32x4.neg(q))));
  return v128.bitselect(near, far, f32x4.lt(f32x4.abs(x), all(1)));
}
