// Pointwise functions by the names that record.py gives them, for comparisons at special values: of wasm with PyTorch's
// recorded ones, and of webgpu with wasm.
import * as k from '../../src';
import type { Tensor } from '../../src';

const F = k.nn.functional;

/** Zeros, numbers below the normal ones, ends of ranges, whole numbers, halves and what is next to them, of both signs. */
export const SINGLE: readonly number[] = signed([
  0, 1e-45, 1e-40, 1.17549435e-38, 1e-30, 1e-20, 1e-10, 1e-7, 1e-5, 1e-3, 0.1, 0.25, 0.5, 0.7, 0.99, 0.9999999, 1,
  1.0000001, 1.5, 1.75, 2, 2.5, 3, 3.5, 5, 10, 20.3, 50, 88, 89, 100, 104, 128, 150, 1000, 1000.3, 8193, 1e5, 1e7,
  16777216, 1e10, 1e20, 1e30, 3e38, Infinity,
]); // prettier-ignore

/** Of these, those that functions of two arguments are tried with. */
export const PAIRED: readonly number[] = signed([
  0, 1e-40, 1e-30, 1e-10, 0.1, 0.5, 0.7, 1, 1.5, 2, 3, 7, 10, 63, 65, 300, 1000, 16777217, 1e10, 3e38, Infinity,
]); // prettier-ignore

function signed(values: readonly number[]): number[] {
  return [...values.flatMap((x) => [x, -x]), NaN];
}

export const UNARY: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  neg: k.neg, abs: k.abs, sqrt: k.sqrt, rsqrt: k.rsqrt, reciprocal: k.reciprocal, square: k.square, sign: k.sign,
  floor: k.floor, ceil: k.ceil, round: (x) => k.round(x), trunc: k.trunc, frac: k.frac,
  exp: k.exp, exp2: k.exp2, expm1: k.expm1, log: k.log, log2: k.log2, log10: k.log10, log1p: k.log1p,
  sigmoid: k.sigmoid, logit: (x) => k.logit(x), logitEps: (x) => k.logit(x, 1e-6),
  sin: k.sin, cos: k.cos, tan: k.tan, asin: k.asin, acos: k.acos, atan: k.atan,
  sinh: k.sinh, cosh: k.cosh, tanh: k.tanh, asinh: k.asinh, acosh: k.acosh, atanh: k.atanh,
  erf: k.erf, erfc: k.erfc, erfinv: k.erfinv, lgamma: k.lgamma, digamma: k.digamma,
  polygamma1: (x) => k.polygamma(1, x), polygamma2: (x) => k.polygamma(2, x), polygamma3: (x) => k.polygamma(3, x),
  i0: k.i0, i0e: k.special.i0e, i1: k.special.i1, i1e: k.special.i1e, erfcx: k.special.erfcx, ndtr: k.special.ndtr, ndtri: k.special.ndtri, logNdtr: k.special.logNdtr,
  entr: k.special.entr, sinc: k.sinc, deg2rad: k.deg2rad, rad2deg: k.rad2deg, nanToNum: (x) => k.nanToNum(x),
  relu: k.relu, relu6: (x) => F.relu6(x), gelu: (x) => F.gelu(x), geluTanh: (x) => F.gelu(x, { approximate: 'tanh' }), silu: (x) => F.silu(x),
  softplus: (x) => F.softplus(x), logsigmoid: (x) => F.logsigmoid(x), mish: (x) => F.mish(x), elu: (x) => F.elu(x),
  selu: (x) => F.selu(x), celu: (x) => F.celu(x), hardswish: (x) => F.hardswish(x), hardsigmoid: (x) => F.hardsigmoid(x),
  hardtanh: (x) => F.hardtanh(x), tanhshrink: (x) => F.tanhshrink(x), softsign: (x) => F.softsign(x),
  softshrink: (x) => F.softshrink(x), hardshrink: (x) => F.hardshrink(x), leakyRelu: (x) => F.leakyRelu(x),
  clamp: (x) => x.clamp(-1, 1), powHalf: (x) => x.pow(0.5), powThird: (x) => x.pow(1 / 3), powMinusTwo: (x) => x.pow(-2),
  isnan: (x) => k.isnan(x).to(x.dtype), isinf: (x) => k.isinf(x).to(x.dtype), isfinite: (x) => k.isfinite(x).to(x.dtype),
  signbit: (x) => k.signbit(x).to(x.dtype), toInt32: (x) => x.clamp(-1e9, 1e9).nanToNum().int().to(x.dtype),
}; // prettier-ignore

export const BINARY: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  add: k.add, sub: k.sub, mul: k.mul, div: k.div, floorDivide: k.floorDivide,
  truncDivide: (a, b) => k.div(a, b, { roundingMode: 'trunc' }), remainder: k.remainder, fmod: k.fmod, pow: k.pow,
  maximum: k.maximum, minimum: k.minimum, fmax: k.fmax, fmin: k.fmin, atan2: k.atan2, hypot: k.hypot, copysign: k.copysign,
  xlogy: k.xlogy, xlog1py: k.special.xlog1py, logaddexp: k.logaddexp, logaddexp2: k.logaddexp2, heaviside: k.heaviside,
  igamma: k.igamma, igammac: k.igammac, nextafter: k.nextafter,
  eq: (a, b) => k.eq(a, b).to(a.dtype), lt: (a, b) => k.lt(a, b).to(a.dtype), le: (a, b) => k.le(a, b).to(a.dtype),
}; // prettier-ignore
