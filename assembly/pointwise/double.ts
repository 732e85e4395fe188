// Elementary functions in double precision, one number at a time: all of float64, and those of float32 that are too
// rare to be worth a vector version. What the standard library computes without large tables is taken from there
// (its exp, log and pow carry 10 KB of them into each binary); the rest is here.

const LN2_HIGH: f64 = 6.9314718036912381649e-1;
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const SQRT_PI: f64 = 1.7724538509055160273;

/** e^x by way of e^|x| - 1, which cannot cancel. */
export function exp(x: f64): f64 {
  // Where e^|x| is near the end of the range or beyond it, in two steps.
  if (x < -700) {
    const root = exp(max(0.5 * x, -400));
    return root * root;
  }
  const e = NativeMath.expm1(abs(x)) + 1;
  return x < 0 ? 1 / e : e;
}

export function exp2(x: f64): f64 {
  const n = nearest(max(min(x, 1100.0), -1100.0));
  return NativeMath.scalbn(exp((x - n) * NativeMath.LN2), <i32>n);
}

/** log x = n ln 2 + log m with m in [√½, √2), where m - 1 is exact; `base2` counts in halvings instead. */
function logarithm(x: f64, base2: bool): f64 {
  if (!(x > 0) || x == Infinity) return x == 0 ? -Infinity : x < 0 ? NaN : x;
  let n = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984;
    n = -54;
  }
  const bits = reinterpret<i64>(x);
  const shift = (bits - 0x3fe6a09e667f3bcd) >> 52;
  n += <i32>shift;
  const m = NativeMath.log1p(reinterpret<f64>(bits - (shift << 52)) - 1);
  return base2 ? n + m * NativeMath.LOG2E : n * LN2_HIGH + (m + n * LN2_LOW);
}

export function log(x: f64): f64 {
  return logarithm(x, false);
}

export function log2(x: f64): f64 {
  return logarithm(x, true);
}

/** a^b, exact in the sense of repeated multiplication for small whole b. */
export function pow(a: f64, b: f64): f64 {
  if (b == 0 || a == 1) return 1;
  const whole = b == floor(b);
  const odd = whole && abs(b) < 9007199254740992 && b * 0.5 != floor(b * 0.5);
  if (whole && abs(b) <= 64) return b < 0 ? 1 / powWhole(a, <u32>-b) : powWhole(a, <u32>b);
  if (a == -1) return whole ? (odd ? -1.0 : 1.0) : abs(b) == Infinity ? 1 : NaN;
  if (a < 0 && !whole) return a == -Infinity && b == b ? (b < 0 ? 0.0 : Infinity) : NaN;
  const y = exp(b * log(abs(a)));
  return odd ? copysign(y, a) : y;
}

function powWhole(a: f64, n: u32): f64 {
  let y: f64 = 1;
  for (; n != 0; n >>= 1, a *= a) if (n & 1) y *= a;
  return y;
}

export function sigmoid(x: f64): f64 {
  const e = exp(-abs(x));
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
}

export function sinh(x: f64): f64 {
  const a = abs(x);
  const m = NativeMath.expm1(min(a, 709.0));
  const y = 0.5 * (m + m / (m + 1));
  // Beyond 709 the other exponential is lost anyway: e^(a - ln 2) in two factors that stay in range.
  return copysign(a > 709 ? exp(0.5 * a) * (0.5 * exp(0.5 * a)) : y, x);
}

export function cosh(x: f64): f64 {
  const a = abs(x);
  const e = exp(0.5 * a);
  return a > 709 ? e * (0.5 * e) : 0.5 * (e * e + 1 / (e * e));
}

export function tanh(x: f64): f64 {
  const m = NativeMath.expm1(2 * min(abs(x), 20.0));
  return copysign(m / (m + 2), x);
}

export function asinh(x: f64): f64 {
  const a = abs(x);
  // From 2^28 on √(a² + 1) = a.
  if (a > 268435456) return copysign(log(a) + NativeMath.LN2, x);
  return copysign(NativeMath.log1p(a + (a * a) / (1 + sqrt(a * a + 1))), x);
}

export function acosh(x: f64): f64 {
  // Below, rounding can make of the formula a number.
  if (x < 1) return NaN;
  if (x > 268435456) return log(x) + NativeMath.LN2;
  const t = x - 1;
  return NativeMath.log1p(t + sqrt(2 * t + t * t));
}

export function atanh(x: f64): f64 {
  const a = abs(x);
  return copysign(0.5 * NativeMath.log1p((2 * a) / (1 - a)), x);
}

/** √(a² + b²), scaled by the greater. */
export function hypot(a: f64, b: f64): f64 {
  a = abs(a);
  b = abs(b);
  if (a == Infinity || b == Infinity) return Infinity;
  const scale = max(a, b);
  if (!(scale > 0)) return scale;
  a /= scale;
  b /= scale;
  return scale * sqrt(a * a + b * b);
}

/** e^-x², with the rounding of x² made up for. */
function bell(x: f64): f64 {
  const high = reinterpret<f64>(reinterpret<i64>(x) & 0xfffffffff8000000);
  return exp(-high * high) * exp((high - x) * (high + x));
}

/** erf x = 2/√π e^-x² Σ 2^k x^(2k+1) / (2k+1)!!, whose terms are all of one sign. |x| < 2. */
function erfSeries(x: f64): f64 {
  let term = x;
  let sum = x;
  for (let k = 1; k < 60; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / SQRT_PI) * bell(x) * sum;
}

/** erfc x = e^-x²/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + ...)))), for x ≥ 2. */
function erfcFraction(x: f64): f64 {
  let tail = x;
  for (let k = 60; k > 0; k--) tail = x + (0.5 * k) / tail;
  return bell(x) / (SQRT_PI * tail);
}

export function erf(x: f64): f64 {
  if (!(abs(x) >= 2)) return erfSeries(x);
  return copysign(1 - (abs(x) > 6 ? 0 : erfcFraction(abs(x))), x);
}

export function erfc(x: f64): f64 {
  if (!(abs(x) >= 2)) return 1 - erfSeries(x);
  if (x < 0) return 2 - (x < -6 ? 0 : erfcFraction(-x));
  return x > 27.3 ? 0 : erfcFraction(x);
}

/** Winitzki's closed form (2 parts in 1000), then three steps of Halley's method on erfc, which has no cancellation. */
export function erfinv(x: f64): f64 {
  const a = abs(x);
  if (!(a < 1)) return a == 1 ? copysign(Infinity, x) : NaN;
  if (a < 1e-8) return x * (0.5 * SQRT_PI);
  const l = log((1 - a) * (1 + a));
  const t = 4.3307467 + 0.5 * l;
  let y = sqrt(sqrt(t * t - l * 6.8027211) - t);
  for (let step = 0; step < 3; step++) {
    const error = (y < 0.5 ? erf(y) - a : 1 - a - erfc(y)) * (0.5 * SQRT_PI) * exp(y * y);
    y -= error / (1 + y * error);
  }
  return copysign(y, x);
}

/**
 * log Γ(2 + z) = (1 - γ) z + Σ (-1)^k (ζ(k) - 1) z^k / k for |z| ≤ ½, where each term is a quarter of the one before: exact
 * also where the logarithm is 0.
 */
function lgammaNear2(z: f64): f64 {
  let p: f64 = -2.7595228851242331e-10;
  p = p * z + 5.731367241678862e-10;
  p = p * z - 1.1921401405860912e-9;
  p = p * z + 2.4836745438024783e-9;
  p = p * z - 5.1834750419700467e-9;
  p = p * z + 1.0838659214896954e-8;
  p = p * z - 2.2711094608943165e-8;
  p = p * z + 4.7698101693639806e-8;
  p = p * z - 1.00432248239681e-7;
  p = p * z + 2.1207184805554666e-7;
  p = p * z - 4.492469198764566e-7;
  p = p * z + 9.5514121304074198e-7;
  p = p * z - 2.0392157538013662e-6;
  p = p * z + 4.3748667899074878e-6;
  p = p * z - 9.4394882752683959e-6;
  p = p * z + 2.0507212775670692e-5;
  p = p * z - 4.4926236738133142e-5;
  p = p * z + 9.9457512781808534e-5;
  p = p * z - 0.00022315475845357938;
  p = p * z + 0.00050966952474304242;
  p = p * z - 0.001192753911703261;
  p = p * z + 0.0028905103307415233;
  p = p * z - 0.0073855510286739853;
  p = p * z + 0.020580808427784548;
  p = p * z - 0.067352301053198095;
  p = p * z + 0.32246703342411322;
  return z * (0.42278433509846713939 + z * p);
}

/**
 * log |Γ(x)|: Stirling's series from 12 on; the series at 2, reached by Γ(x + 1) = x Γ(x), below; reflection for x ≤ 0, where
 * the distance to the nearest pole is exact.
 */
export function lgamma(x: f64): f64 {
  if (abs(x) == Infinity) return Infinity;
  if (x <= 0) {
    if (x > -1e-17) return -log(-x);
    const sine = abs(NativeMath.sin(NativeMath.PI * (x - nearest(x))));
    return sine == 0 ? Infinity : log(NativeMath.PI / sine) - lgamma(1 - x);
  }
  if (x < 0.5) return lgammaNear2(x) - NativeMath.log1p(x) - log(x);
  if (x < 1.5) return lgammaNear2(x - 1) - NativeMath.log1p(x - 1);
  if (x < 12) {
    let product: f64 = 1;
    for (; x > 2.5; product *= x) x -= 1;
    return lgammaNear2(x - 2) + log(product);
  }
  const z = 1 / (x * x);
  const series =
    (1.0 / 12 + z * (-1.0 / 360 + z * (1.0 / 1260 + z * (-1.0 / 1680 + z * (1.0 / 1188 - z * (691.0 / 360360)))))) / x;
  // (x - ½) log x - x without a product that overflows before the difference does.
  return (x - 0.5) * (log(x) - 1) + (0.91893853320467274178 - 0.5) + series;
}

/** Derivative of lgamma: asymptotic series from 10 on; reflection below 0, by the distance to the nearest pole. */
export function digamma(x: f64): f64 {
  if (x == 0) return copysign(Infinity, -x);
  if (x < 0) {
    const distance = x - nearest(x);
    if (distance == 0 || x == -Infinity) return NaN;
    return digamma(1 - x) - NativeMath.PI / NativeMath.tan(NativeMath.PI * distance);
  }
  let sum: f64 = 0;
  for (; x < 10; x += 1) sum -= 1 / x;
  const z = 1 / (x * x);
  const series =
    z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760))))));
  return sum + log(x) - 0.5 / x - series;
}

/**
 * Hurwitz' ζ(s, x) = Σ (x + k)^-s for x > 0, summed to 15 or 2 s, from where the terms of Euler and Maclaurin's formula fall
 * fast, and completed by that.
 */
function hurwitz(s: f64, x: f64): f64 {
  if (x == Infinity) return 0;
  let sum: f64 = 0;
  const end = max<f64>(15, 2 * s);
  for (; x < end; x += 1) sum += pow(x, -s);
  const z = 1 / (x * x);
  // Σ B(2j)/(2j)! s (s+1) ... (s+2j-2) x^(1-s-2j), j = 1 ... 6
  let factor = s / x;
  let tail = factor * (1.0 / 12);
  factor *= (s + 1) * (s + 2) * z;
  tail -= factor * (1.0 / 720);
  factor *= (s + 3) * (s + 4) * z;
  tail += factor * (1.0 / 30240);
  factor *= (s + 5) * (s + 6) * z;
  tail -= factor * (1.0 / 1209600);
  factor *= (s + 7) * (s + 8) * z;
  tail += factor * (1.0 / 47900160);
  return sum + pow(x, 1 - s) * (1 / (s - 1) + (0.5 + tail) / x);
}

/**
 * Derivative n of digamma: (-1)^(n+1) n! ζ(n + 1, x). Below 0 the sum is that over all whole numbers, which depends on the
 * distance r to the nearest pole alone, less what lies beyond x: r^-s + ζ(s, 1 + r) ± (ζ(s, 1 - r) - ζ(s, 1 - x)).
 */
export function polygamma(order: f64, x: f64): f64 {
  const s = order + 1;
  const isOdd = ((<i32>order) & 1) == 1;
  let factorial: f64 = isOdd ? 1 : -1;
  for (let k: f64 = 2; k <= order && factorial != Infinity && factorial != -Infinity; k += 1) factorial *= k;
  if (!(x <= 0)) return factorial * hurwitz(s, x);
  const r = x - nearest(x);
  if (r == 0) return factorial * Infinity;
  // At -Infinity, too, r is NaN.
  const beyond = hurwitz(s, 1 - r) - hurwitz(s, 1 - x);
  return factorial * (pow(r, -s) + hurwitz(s, 1 + r) + (isOdd ? beyond : -beyond));
}

/** Remainder of truncated division. */
export function fmod(a: f64, b: f64): f64 {
  return a % b;
}

/** Remainder with the sign of b. */
export function remainder(a: f64, b: f64): f64 {
  const r = a % b;
  return r != 0 && r < 0 != b < 0 ? r + b : r;
}

/** floor(a / b) from the exact remainder, so that rounding of a / b cannot carry it over a whole number. */
export function floorDivide(a: f64, b: f64): f64 {
  if (b == 0) return a / b;
  const r = a % b;
  let quotient = (a - r) / b;
  if (r != 0 && r < 0 != b < 0) quotient -= 1;
  return quotient == 0 ? copysign(0.0, a / b) : nearest(quotient);
}
