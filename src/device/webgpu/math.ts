// Functions that kernels may call, in WGSL. Elementary functions are written out where WGSL's own may be wrong by more
// than a few units in the last place (it allows sin an absolute error of 2^-11, and nothing may rest on NaN, which is told
// by its bits). The polynomials are those of assembly/simd/float32.ts and assembly/pointwise/double.ts, so both devices agree closely.
// One table, long as it is: its entries are found by name in the text that calls them.

/** Horner's scheme in `x`, highest coefficient first. */
const polynomial = (x: string, ...coefficients: number[]): string =>
  coefficients.slice(1).reduce((sum, c) => `fma(${sum}, ${x}, ${literal(c)})`, literal(coefficients[0]));

/** A finite number as an f32. */
export const literal = (value: number): string => `${Math.fround(value)}f`;

/** Text by name; a function that calls another by name brings it in. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  // A variable, as a constant expression may not be infinite.
  infinity: `var<private> infinityBits = 0x7f800000u;
fn infinity() -> f32 { return bitcast<f32>(infinityBits); }`,
  nan: `var<private> nanBits = 0x7fc00000u;
fn nan() -> f32 { return bitcast<f32>(nanBits); }`,
  isNan: `fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
  isInfinite: `fn isInfinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }`,
  withSign: `fn withSign(y: f32, x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(y) & 0x7fffffffu) | (bitcast<u32>(x) & 0x80000000u));
}`,
  maxNan: `fn maxNan(a: f32, b: f32) -> f32 { if (isNan(a)) { return a; } if (isNan(b)) { return b; } return max(a, b); }`,
  minNan: `fn minNan(a: f32, b: f32) -> f32 { if (isNan(a)) { return a; } if (isNan(b)) { return b; } return min(a, b); }`,
  // Neighbours of x are a power of two apart, at least 2^-24; a product by one is exact.
  roundFloat16: `fn roundFloat16(x: f32) -> f32 {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits >= 0x7f800000u) { return x; }
  if (bits >= 0x477ff000u) { return withSign(infinity(), x); }
  let e = max(bits >> 23u, 113u);
  return withSign(round(x * bitcast<f32>((264u - e) << 23u)) * bitcast<f32>((e - 10u) << 23u), x);
}`,
  roundBfloat16: `fn roundBfloat16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (isNan(x)) { return x; }
  return bitcast<f32>((bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u);
}`,
  powerOfTwo: `fn powerOfTwo(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }`,
  expm1Reduced: `fn expm1Reduced(x: f32, n: f32) -> f32 {
  let r = fma(n, 2.1219444e-4f, fma(n, -0.693359375f, x));
  let q = ${polynomial('r', 0.00019845957, 0.0013941653, 0.0083333916, 0.04166635, 0.16666667, 0.5)};
  return fma(q, r * r, r);
}`,
  expOf: `fn expOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let c = clamp(x, -104f, 89f);
  let e = round(c * 1.44269504f);
  let y = expm1Reduced(c, e) + 1f;
  let n = i32(e);
  let half = n >> 1u;
  return y * powerOfTwo(half) * powerOfTwo(n - half);
}`,
  exp2Of: `fn exp2Of(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let c = clamp(x, -152f, 129f);
  let e = round(c);
  let y = expm1Reduced((c - e) * 0.6931472f, 0f) + 1f;
  let n = i32(e);
  let half = n >> 1u;
  return y * powerOfTwo(half) * powerOfTwo(n - half);
}`,
  expm1Of: `fn expm1Of(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let c = clamp(x, -20f, 89f);
  let e = round(c * 1.44269504f);
  let scale = powerOfTwo(i32(e) - 1);
  let y = fma(scale, expm1Reduced(c, e), scale - 0.5f);
  return y + y;
}`,
  logOf: `fn logOf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits == 0u || bits == 0x80000000u) { return -infinity(); }
  if (bits > 0x80000000u) { return nan(); }
  if (bits >= 0x7f800000u) { return x; }
  // Below the normal numbers the bits are what there is of 2^-149; floats may be taken for 0 there.
  let small = bits < 0x00800000u;
  let scaled = bitcast<i32>(select(x, f32(bits), small));
  let n = (scaled - 0x3f3504f3) >> 23u;
  let f = bitcast<f32>(scaled - (n << 23u)) - 1f;
  let e = f32(n - select(0, 149, small));
  let s = f * f;
  let q = ${polynomial('f', -0.0763443, 0.1276155, -0.13160195, 0.14201762, -0.16623356, 0.20001227, -0.25000822, 0.33333331)};
  let y = fma(s, -0.5f, fma(e, -2.1219444e-4f, s * f * q));
  return fma(e, 0.693359375f, f + y);
}`,
  // Exact for powers of two.
  log2Of: `fn log2Of(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits == 0u || bits >= 0x7f800000u) { return logOf(x); }
  let small = bits < 0x00800000u;
  let scaled = bitcast<i32>(select(x, f32(bits), small));
  let n = (scaled - 0x3f3504f3) >> 23u;
  return fma(logOf(bitcast<f32>(scaled - (n << 23u))), 1.442695f, f32(n - select(0, 149, small)));
}`,
  // The polynomial of logOf where it holds; what rounding takes from 1 + x cannot be won back, as devices may reassociate.
  log1pOf: `fn log1pOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x < -0.29f || x > 0.41f) { return logOf(1f + x); }
  let s = x * x;
  let q = ${polynomial('x', -0.0763443, 0.1276155, -0.13160195, 0.14201762, -0.16623356, 0.20001227, -0.25000822, 0.33333331)};
  return x + fma(s, -0.5f, s * x * q);
}`,
  sigmoidOf: `fn sigmoidOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let e = expOf(-abs(x));
  let y = 1f / (1f + e);
  return select(y, e * y, x < 0f);
}`,
  sqrtOf: `fn sqrtOf(x: f32) -> f32 {
  if (isNan(x) || x < 0f) { return nan(); }
  return sqrt(x);
}`,
  tanhOf: `fn tanhOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let m = expm1Of(2f * min(abs(x), 10f));
  return withSign(m / (m + 2f), x);
}`,
  erfOf: `fn erfOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let t = x * x;
  if (t < 1f) {
    let q = ${polynomial('t', 0.00007853854651, -0.0008010191596, 0.005188327455, -0.02685381181, 0.1128358515, -0.3761262582)};
    return fma(x, 1.12837917f, q * t * x);
  }
  let a = min(abs(x), 4f);
  let q = ${polynomial('a', -0.0001982206829, 0.0030654998, -0.022315247992, 0.10411374545, 0.63697601327, 1.127797280841, 0.000166439089)};
  return withSign(1f - expOf(-q), x);
}`,
  // e^-x² with the rounding of x² made up for, times a Chebyshev fit of relative error 1.2e-7.
  erfcOf: `fn erfcOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (abs(x) < 0.5f) { return 1f - erfOf(x); }
  let z = min(abs(x), 11f);
  let high = bitcast<f32>(bitcast<u32>(z) & 0xfffff000u);
  let t = 1f / (1f + 0.5f * z);
  let q = ${polynomial('t', 0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368)};
  let y = t * expOf(-high * high) * expOf((high - z) * (high + z) + t * q - 1.26551223f);
  return select(y, 2f - y, x < 0f);
}`,
  // M. Giles, Approximating the erfinv function, with the single-precision coefficients.
  erfinvOf: `fn erfinvOf(x: f32) -> f32 {
  if (isNan(x) || abs(x) > 1f) { return nan(); }
  if (abs(x) == 1f) { return withSign(infinity(), x); }
  var w = -log1pOf(-x * x);
  var q = 0f;
  if (w < 5f) {
    w -= 2.5f;
    q = ${polynomial('w', 2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941)};
  } else {
    w = sqrt(w) - 3f;
    q = ${polynomial('w', -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682)};
  }
  return q * x;
}`,
  mulHigh: `fn mulHigh(a: u32, b: u32) -> u32 {
  let low = a & 0xffffu;
  let high = a >> 16u;
  let first = high * (b & 0xffffu) + ((low * (b & 0xffffu)) >> 16u);
  let second = low * (b >> 16u) + (first & 0xffffu);
  return high * (b >> 16u) + (first >> 16u) + (second >> 16u);
}`,
  // Payne and Hanek: x / 2π modulo 1 in 64 bits, from those bits of 1 / 2π that count; its first two are the quadrant.
  largeQuadrant: `const TURN = array<u32, 7>(0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau);
fn largeQuadrant(x: f32) -> vec2<f32> {
  let bits = bitcast<u32>(abs(x));
  let m = (bits << 8u) | 0x80000000u;
  let exponent = (bits >> 23u) - 126u;
  let i = exponent >> 5u;
  let shift = exponent & 31u;
  var a = 0u;
  if (i > 0u) { a = TURN[i - 1u]; }
  var b = TURN[i];
  var c = TURN[i + 1u];
  if (shift > 0u) {
    a = (a << shift) | (b >> (32u - shift));
    b = (b << shift) | (c >> (32u - shift));
    c = (c << shift) | (TURN[i + 2u] >> (32u - shift));
  }
  var low = m * b + mulHigh(m, c);
  var high = m * a + mulHigh(m, b) + select(0u, 1u, low < m * b);
  let n = i32((high + 0x20000000u) >> 30u);
  high -= u32(n) << 30u;
  let isBelow = (high >> 31u) != 0u;
  if (isBelow) {
    low = ~low + 1u;
    high = ~high + select(0u, 1u, low == 0u);
  }
  let r = fma(f32(high), 4294967296f, f32(low)) * ${literal((Math.PI / 2) * 2 ** -62)};
  return vec2(select(r, -r, isBelow != (x < 0f)), f32(select(n, -n, x < 0f) & 3));
}`,
  // x - n π/2 with π/2 in three parts of few bits (Cephes), whose products with n are exact up to some thousand turns.
  quadrant: `fn quadrant(x: f32) -> vec2<f32> {
  if (abs(x) > 8192f) { return largeQuadrant(x); }
  let n = round(x * 0.63661977f);
  let r = fma(n, -7.54979e-8f, fma(n, -4.8375130e-4f, fma(n, -1.5703125f, x)));
  return vec2(r, n - 4f * floor(n * 0.25f));
}`,
  sine: `fn sine(r: f32) -> f32 {
  let t = r * r;
  return fma(r * t, ${polynomial('t', -1.9515296e-4, 8.3321609e-3, -0.16666655)}, r);
}`,
  cosine: `fn cosine(r: f32) -> f32 {
  let t = r * r;
  return fma(t * t, ${polynomial('t', 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)}, fma(t, -0.5f, 1f));
}`,
  sinOf: `fn sinOf(x: f32) -> f32 {
  if (isNan(x) || isInfinite(x)) { return nan(); }
  let q = quadrant(x);
  let y = select(sine(q.x), cosine(q.x), q.y == 1f || q.y == 3f);
  return select(y, -y, q.y >= 2f);
}`,
  cosOf: `fn cosOf(x: f32) -> f32 {
  if (isNan(x) || isInfinite(x)) { return nan(); }
  let q = quadrant(x);
  let y = select(cosine(q.x), sine(q.x), q.y == 1f || q.y == 3f);
  return select(y, -y, q.y == 1f || q.y == 2f);
}`,
  tanOf: `fn tanOf(x: f32) -> f32 {
  if (isNan(x) || isInfinite(x)) { return nan(); }
  let q = quadrant(x);
  let s = sine(q.x);
  let c = cosine(q.x);
  return select(s / c, -c / s, q.y == 1f || q.y == 3f);
}`,
  // Reduced to |t| <= tan(π/8) by quarter turns; Cephes' atanf.
  atanOf: `fn atanOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  var a = abs(x);
  var y = 0f;
  if (a > 2.4142136f) { y = 1.5707964f; a = select(-1f / a, 0f, isInfinite(a)); }
  else if (a > 0.41421357f) { y = 0.7853982f; a = (a - 1f) / (a + 1f); }
  let t = a * a;
  return withSign(y + fma(a * t, ${polynomial('t', 0.080537446, -0.13877685, 0.19977711, -0.33332949)}, a), x);
}`,
  atan2Of: `fn atan2Of(y: f32, x: f32) -> f32 {
  if (isNan(x) || isNan(y)) { return nan(); }
  let left = (bitcast<u32>(x) & 0x80000000u) != 0u;
  var a = 0f;
  if (isInfinite(x) && isInfinite(y)) { a = 0.7853982f; }
  else if (y == 0f) { a = 0f; }
  else if (x == 0f) { a = 1.5707964f; }
  else { a = atanOf(abs(y / x)); }
  return withSign(select(a, 3.1415927f - a, left), y);
}`,
  // Cephes' asinf: by half angles above one half.
  asinOf: `fn asinOf(x: f32) -> f32 {
  if (isNan(x) || abs(x) > 1f) { return nan(); }
  let a = abs(x);
  let far = a > 0.5f;
  let t = select(a * a, 0.5f * (1f - a), far);
  let r = select(a, sqrt(t), far);
  let y = fma(r * t, ${polynomial('t', 0.042163199, 0.024181311, 0.045470025, 0.074953, 0.16666752)}, r);
  return withSign(select(y, 1.5707964f - 2f * y, far), x);
}`,
  acosOf: `fn acosOf(x: f32) -> f32 {
  if (isNan(x) || abs(x) > 1f) { return nan(); }
  if (x > 0.5f) { return 2f * asinOf(sqrt(0.5f * (1f - x))); }
  if (x < -0.5f) { return 3.1415927f - 2f * asinOf(sqrt(0.5f * (1f + x))); }
  return 1.5707964f - asinOf(x);
}`,
  sinhOf: `fn sinhOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  let m = expm1Of(min(a, 88f));
  let e = expOf(0.5f * a);
  return withSign(select(0.5f * (m + m / (m + 1f)), e * (0.5f * e), a > 88f), x);
}`,
  coshOf: `fn coshOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let e = expOf(0.5f * abs(x));
  return select(0.5f * (e * e + 1f / (e * e)), e * (0.5f * e), abs(x) > 20f);
}`,
  asinhOf: `fn asinhOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = abs(x);
  let s = min(a, 1e9f);
  return withSign(select(log1pOf(s + (s * s) / (1f + sqrt(fma(s, s, 1f)))), logOf(a) + 0.6931472f, a > 1e9f), x);
}`,
  acoshOf: `fn acoshOf(x: f32) -> f32 {
  if (isNan(x) || x < 1f) { return nan(); }
  if (x > 1e9f) { return logOf(x) + 0.6931472f; }
  let t = x - 1f;
  return log1pOf(t + sqrt(2f * t + t * t));
}`,
  atanhOf: `fn atanhOf(x: f32) -> f32 {
  let a = abs(x);
  if (isNan(x) || a > 1f) { return nan(); }
  if (a == 1f) { return withSign(infinity(), x); }
  return withSign(0.5f * log1pOf((2f * a) / (1f - a)), x);
}`,
  hypotOf: `fn hypotOf(a: f32, b: f32) -> f32 {
  if (isInfinite(a) || isInfinite(b)) { return infinity(); }
  if (isNan(a) || isNan(b)) { return nan(); }
  let s = max(abs(a), abs(b));
  if (s == 0f) { return 0f; }
  return s * sqrt((a / s) * (a / s) + (b / s) * (b / s));
}`,
  // The 12 leading bits: products of two such numbers are exact, whatever is fused or not.
  leading: `fn leading(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }`,
  // 2^(b log2 m) for finite m > 0, with log2 m = n + 2/ln 2 (s + s³/3 + ...), s = (f - 1) / (f + 1), in two floats, as is its product
  // with b: an error of it counts 128 times in the power.
  powerOf: `fn powerOf(m: f32, exponent: f32) -> f32 {
  let b = clamp(exponent, -4e9f, 4e9f);
  let small = bitcast<u32>(m) < 0x00800000u;
  let scaled = bitcast<i32>(select(m, f32(bitcast<u32>(m)), small));
  let halvings = (scaled - 0x3f3504f3) >> 23u;
  let f = bitcast<f32>(scaled - (halvings << 23u));
  let n = f32(halvings - select(0, 149, small));
  let d = f - 1f;
  let high = leading(f + 1f);
  let low = f - (high - 1f);
  let s = leading(d / (high + low));
  let rest = ((d - s * high) - s * low) / (high + low);
  let t = s + rest;
  let q = t * t;
  let cubic = t * q * ${polynomial('q', 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3)};
  let first = 2.884765625f * s;
  let second = 6.2445679e-4f * s + 2.88539f * (rest + cubic);
  let sum = leading(n + first);
  let left = (n - sum) + first;
  let outer = leading(b);
  let whole = outer * sum;
  let part = outer * left + (b - outer) * (sum + left) + b * second;
  let y = whole + part;
  if (y > 130f) { return infinity(); }
  if (y < -152f) { return 0f; }
  let k = round(y);
  let power = expm1Reduced(((whole - k) + part) * 0.6931472f, 0f) + 1f;
  let half = i32(k) >> 1u;
  return power * powerOfTwo(half) * powerOfTwo(i32(k) - half);
}`,
  // Small whole exponents by repeated multiplication; powers of whole numbers are whole.
  powOf: `fn powOf(a: f32, b: f32) -> f32 {
  let bits = bitcast<u32>(a);
  if ((bitcast<u32>(b) << 1u) == 0u || bits == 0x3f800000u) { return 1f; }
  if (isNan(a) || isNan(b)) { return nan(); }
  let whole = b == floor(b);
  let odd = whole && abs(b) < 16777216f && b * 0.5f != floor(b * 0.5f);
  let m = abs(a);
  var y = 0f;
  if ((bits << 1u) == 0u || isInfinite(m) || isInfinite(b)) {
    y = select(0f, infinity(), (m > 1f) == (b > 0f));
    if (m == 1f) { y = 1f; }
  } else if (bits > 0x80000000u && !whole) {
    return nan();
  } else if (whole && abs(b) <= 8f) {
    y = 1f;
    var x = m;
    for (var n = u32(abs(b)); n != 0u; n >>= 1u) { if ((n & 1u) != 0u) { y *= x; } x *= x; }
    if (b < 0f) { y = select(1f / y, powerOf(m, b), y == 0f || isInfinite(y)); }
  } else {
    y = powerOf(m, b);
    if (whole && b > 0f && y < 16777216f && m == floor(m)) { y = round(y); }
  }
  return select(y, -y, odd && bits >= 0x80000000u);
}`,
  // Exact: by long division of the mantissas, whose remainders are whole numbers below that of b.
  fmodOf: `fn fmodOf(a: f32, b: f32) -> f32 {
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x >= 0x7f800000u || y > 0x7f800000u || y == 0u) { return nan(); }
  if (x < y) { return a; }
  let e = max(y >> 23u, 1u);
  let d = select(y, (y & 0x7fffffu) | 0x800000u, y >= 0x800000u);
  var left = max(x >> 23u, 1u) - e;
  var r = select(x, (x & 0x7fffffu) | 0x800000u, x >= 0x800000u) % d;
  while (left > 0u && r != 0u) {
    let step = min(left, 8u);
    r = (r << step) % d;
    left -= step;
  }
  let shift = min(select(countLeadingZeros(r) - 8u, 0u, r == 0u), e - 1u);
  r <<= shift;
  let bits = select(r, ((e - shift) << 23u) | (r & 0x7fffffu), r >= 0x800000u);
  return bitcast<f32>(bits | (bitcast<u32>(a) & 0x80000000u));
}`,
  remainderOf: `fn remainderOf(a: f32, b: f32) -> f32 {
  let r = fmodOf(a, b);
  let bits = bitcast<u32>(r);
  return select(r, r + b, (bits << 1u) != 0u && !isNan(r) && ((bits ^ bitcast<u32>(b)) >> 31u) != 0u);
}`,
  floorDivideOf: `fn floorDivideOf(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return nan(); }
  if (b == 0f) { return a / b; }
  let r = fmodOf(a, b);
  if (isNan(r)) { return r; }
  let bits = bitcast<u32>(r);
  var q = (a - r) / b;
  if ((bits << 1u) != 0u && ((bits ^ bitcast<u32>(b)) >> 31u) != 0u) { q -= 1f; }
  if (q == 0f) { return withSign(0f, a / b); }
  return round(q);
}`,
  // Those of assembly/pointwise/double.ts, with fewer terms.
  lgammaNear2: `fn lgammaNear2(z: f32) -> f32 {
  return z * fma(z, ${polynomial('z', -9.43948828e-6, 2.05072128e-5, -4.49262367e-5, 9.94575128e-5, -0.000223154758, 0.000509669525, -0.00119275391, 0.00289051033, -0.00738555103, 0.0205808084, -0.0673523011, 0.322467033)}, 0.42278434f);
}`,
  lgammaPositive: `fn lgammaPositive(at: f32) -> f32 {
  if (at < 0.5f) { return lgammaNear2(at) - log1pOf(at) - logOf(at); }
  if (at < 1.5f) { return lgammaNear2(at - 1f) - log1pOf(at - 1f); }
  var x = at;
  if (x < 8f) {
    var product = 1f;
    for (; x > 2.5f; product *= x) { x -= 1f; }
    return lgammaNear2(x - 2f) + logOf(product);
  }
  let z = 1f / (x * x);
  return (x - 0.5f) * (logOf(x) - 1f) + 0.4189385f + ${polynomial('z', 1 / 1260, -1 / 360, 1 / 12)} / x;
}`,
  lgammaOf: `fn lgammaOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isInfinite(x)) { return infinity(); }
  if (abs(x) < 1e-8f) { return -logOf(abs(x)); }
  if (x > 0f) { return lgammaPositive(x); }
  if (x == floor(x)) { return infinity(); }
  return 1.1447299f - logOf(abs(sinOf(3.1415927f * (x - round(x))))) - lgammaPositive(1f - x);
}`,
  digammaPositive: `fn digammaPositive(at: f32) -> f32 {
  var x = at;
  var sum = 0f;
  for (; x < 6f; x += 1f) { sum -= 1f / x; }
  let z = 1f / (x * x);
  return sum + logOf(x) - 0.5f / x + z * ${polynomial('z', 1 / 240, -1 / 252, 1 / 120, -1 / 12)};
}`,
  digammaOf: `fn digammaOf(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x == 0f) { return withSign(infinity(), -x); }
  if (abs(x) < 1e-8f) { return -1f / x - 0.5772157f; }
  if (x > 0f) { return digammaPositive(x); }
  if (isInfinite(x) || x == floor(x)) { return nan(); }
  return digammaPositive(1f - x) - 3.1415927f / tanOf(3.1415927f * (x - round(x)));
}`,
  hurwitz: `fn hurwitz(s: f32, at: f32) -> f32 {
  if (isInfinite(at)) { return 0f; }
  var x = at;
  var sum = 0f;
  for (let end = max(12f, 2f * s); x < end; x += 1f) { sum += powOf(x, -s); }
  let z = 1f / (x * x);
  var factor = s / x;
  var tail = factor / 12f;
  factor *= (s + 1f) * (s + 2f) * z;
  tail -= factor / 720f;
  factor *= (s + 3f) * (s + 4f) * z;
  tail += factor / 30240f;
  return sum + powOf(x, 1f - s) * (1f / (s - 1f) + (0.5f + tail) / x);
}`,
  polygammaOf: `fn polygammaOf(order: f32, x: f32) -> f32 {
  if (isNan(x) || (isInfinite(x) && x < 0f)) { return nan(); }
  let s = order + 1f;
  let isOdd = (i32(order) & 1) == 1;
  var y = select(-1f, 1f, isOdd);
  for (var k = 2f; k <= order; k += 1f) { y *= k; }
  if (x > 0f) { return y * hurwitz(s, x); }
  let r = x - round(x);
  if (r == 0f) { return withSign(infinity(), y); }
  let beyond = hurwitz(s, 1f - r) - hurwitz(s, 1f - x);
  return y * (powOf(r, -s) + hurwitz(s, 1f + r) + select(-beyond, beyond, isOdd));
}`,
  // Whole numbers. A zero divisor gives 0 and is noted.
  divided: `var<private> dividedByZero = false;
var<private> dividend = 0;
fn divided(a: i32) -> i32 { if (!dividedByZero) { dividend = a; } dividedByZero = true; return 0; }`,
  truncDivideInt: `fn truncDivideInt(a: i32, b: i32) -> i32 {
  if (b == 0) { return divided(a); }
  if (b == -1) { return -a; }
  return a / b;
}`,
  fmodInt: `fn fmodInt(a: i32, b: i32) -> i32 { if (b == 0) { return divided(a); } return a - truncDivideInt(a, b) * b; }`,
  remainderInt: `fn remainderInt(a: i32, b: i32) -> i32 {
  let r = fmodInt(a, b);
  return select(r, r + b, r != 0 && (r ^ b) < 0);
}`,
  floorDivideInt: `fn floorDivideInt(a: i32, b: i32) -> i32 {
  let q = truncDivideInt(a, b);
  return select(q, q - 1, b != 0 && (a ^ b) < 0 && q * b != a);
}`,
  powInt: `fn powInt(a: i32, b: i32) -> i32 {
  if (b < 0) { if (a == 1) { return 1; } if (a == -1) { return select(1, -1, (b & 1) != 0); } return 0; }
  var y = 1;
  var x = a;
  for (var n = b; n != 0; n >>= 1u) { if ((n & 1) != 0) { y *= x; } x *= x; }
  return y;
}`,
  // int64, of which 32 bits are stored: what leaves their range is noted, and a fault of the command.
  beyondLong: `var<private> isBeyond = false;
fn beyondLong(a: i32) -> i32 { isBeyond = true; return a; }`,
  addLong: `fn addLong(a: i32, b: i32) -> i32 {
  let y = a + b;
  if (((a ^ y) & (b ^ y)) < 0) { return beyondLong(y); }
  return y;
}`,
  subLong: `fn subLong(a: i32, b: i32) -> i32 {
  let y = a - b;
  if (((a ^ b) & (a ^ y)) < 0) { return beyondLong(y); }
  return y;
}`,
  mulLong: `fn mulLong(a: i32, b: i32) -> i32 {
  let x = bitcast<u32>(select(a, -a, a < 0));
  let y = bitcast<u32>(select(b, -b, b < 0));
  let most = select(0x7fffffffu, 0x80000000u, (a ^ b) < 0);
  if (mulHigh(x, y) != 0u || x * y > most) { return beyondLong(a * b); }
  return a * b;
}`,
  negLong: `fn negLong(a: i32) -> i32 { return subLong(0, a); }`,
  absLong: `fn absLong(a: i32) -> i32 { if (a < 0) { return negLong(a); } return a; }`,
  truncDivideLong: `fn truncDivideLong(a: i32, b: i32) -> i32 { if (b == -1) { return negLong(a); } return truncDivideInt(a, b); }`,
  floorDivideLong: `fn floorDivideLong(a: i32, b: i32) -> i32 { if (b == -1) { return negLong(a); } return floorDivideInt(a, b); }`,
  // The squares behind the last bit of b are not used.
  powLong: `fn powLong(a: i32, b: i32) -> i32 {
  if (b < 0) { return powInt(a, b); }
  var y = 1;
  var x = a;
  var n = b;
  loop {
    if ((n & 1) != 0) { y = mulLong(y, x); }
    n >>= 1u;
    if (n == 0) { return y; }
    x = mulLong(x, x);
  }
}`,
  toLong: `fn toLong(x: f32) -> i32 {
  if (isNan(x)) { return 0; }
  if (x >= 2147483648f || x < -2147483648f) { return beyondLong(0); }
  return i32(x);
}`,
  // The generator behind dropout, bit for bit that of assembly/kernels/random.ts.
  mixBits: `fn mixBits(at: u32) -> u32 {
  var x = at;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}`,
  uniformOf: `fn uniformOf(position: i32, seed: i32, stream: i32) -> f32 {
  let bits = mixBits(mixBits(bitcast<u32>(position) + mixBits(bitcast<u32>(seed))) ^ mixBits(bitcast<u32>(stream)));
  return f32(bits >> 8u) * 5.9604644775390625e-8f;
}`,
};

const NAMES = Object.keys(FUNCTIONS);

/** The functions that `text` calls, and those that these call. */
export function library(text: string): string {
  const found = new Set<string>();
  const search = (within: string): void => {
    for (const name of NAMES) {
      if (found.has(name) || !new RegExp(`\\b${name}\\(`).test(within)) continue;
      found.add(name);
      search(FUNCTIONS[name]);
    }
  };
  search(text);
  return NAMES.filter((name) => found.has(name))
    .map((name) => FUNCTIONS[name])
    .join('\n');
}
