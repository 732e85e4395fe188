// Operations that are also methods of Tensor: `a.add(b)` is `add(a, b)`. One flat list, from which both the types
// and the prototype derive. Importing this file installs them.
import { backward, registerHook, retainGrad } from './autograd';
import * as copies from './ops/copy';
import { emptyLike, fullLike, onesLike, zerosLike } from './ops/creation';
import { addmm, baddbmm, bmm, dot, matmul, mm, mv, outer } from './ops/matmul';
import * as movement from './ops/movement';
import * as compare from './ops/compare';
import { hardshrink, prelu, relu } from './ops/activation';
import { argmax, argmin, max, min, type ExtremumFunction, type ExtremumMethod } from './ops/extremum';
import { gather, indexAdd, indexSelect, scatterAdd, take, tril, triu } from './ops/index';
import { repeat } from './ops/join';
import * as pointwise from './ops/pointwise';
import { normal_, uniform_ } from './ops/random';
import { logSoftmax, softmax } from './ops/softmax';
import { all, amax, amin, any, countNonzero, mean, prod, sum } from './ops/reduce';
import { cumprod, cumsum } from './ops/scan';
import { logsumexp, norm, std, variance } from './ops/statistics';
import { inPlaceForms } from './elementwise';
import { Tensor } from './tensor';

const { clone, contiguous, to, copy_, fill_, zero_, float, double, int, long, byte, bool } = copies;
const { view, reshape, permute, transpose, t, movedim, expand, expandAs, reshapeAs, narrow, slice, select } = movement;
const { squeeze, unsqueeze, flatten, unflatten, unbind, split, chunk, diagonal } = movement;

const { add, sub, mul, div, floorDivide, remainder, fmod, addcmul, addcdiv, lerp, pow, square } = pointwise;
const { reciprocal, sqrt, rsqrt, neg, abs, sign, floor, ceil, round, trunc, frac, copysign } = pointwise;
const { exp, exp2, expm1, log, log2, log10, log1p, sin, cos, tan, asin, acos, atan, atan2 } = pointwise;
const { sinh, cosh, tanh, asinh, acosh, atanh, hypot, erf, erfc, erfinv, lgamma, digamma, sigmoid, logit } = pointwise;
const { eq, ne, lt, le, gt, ge, isnan, isinf, isfinite, maximum, minimum, fmax, fmin } = compare;
const { logicalAnd, logicalOr, logicalXor, logicalNot, bitwiseAnd, bitwiseOr, bitwiseXor, bitwiseNot } = compare;
const { maskedFill, heaviside, clamp, nanToNum } = compare;

/** Those that also write over their first tensor: `add` gives the method `add_`. */
const writing = {
  ...{ add, sub, mul, div, floorDivide, remainder, fmod, addcmul, addcdiv, lerp, pow, square },
  ...{ reciprocal, sqrt, rsqrt, neg, abs, sign, floor, ceil, round, trunc, frac, copysign },
  ...{ exp, exp2, expm1, log, log2, log10, log1p, sin, cos, tan, asin, acos, atan, atan2 },
  ...{ sinh, cosh, tanh, asinh, acosh, atanh, hypot, erf, erfc, erfinv, lgamma, digamma, sigmoid, logit },
  ...{ eq, ne, lt, le, gt, ge },
  ...{ logicalAnd, logicalOr, logicalXor, logicalNot, bitwiseAnd, bitwiseOr, bitwiseXor, bitwiseNot },
  ...{ maskedFill, heaviside, clamp, nanToNum, relu },
};

const methods = {
  ...writing,
  ...inPlaceForms(writing),
  ...{ isnan, isinf, isfinite, maximum, minimum, fmax, fmin, prelu, hardshrink },
  ...{ backward, registerHook, retainGrad },
  ...{ clone, contiguous, to, copy_, fill_, zero_, float, double, int, long, byte, bool },
  ...{ onesLike, zerosLike, fullLike, emptyLike },
  ...{ view, reshape, permute, transpose, t, movedim, expand, expandAs, reshapeAs, narrow, slice, select },
  ...{ squeeze, unsqueeze, flatten, unflatten, unbind, split, chunk, diagonal, repeat },
  ...{ sum, mean, prod, amax, amin, any, all, countNonzero, max, min, argmax, argmin },
  ...{ var: variance, std, norm, logsumexp, cumsum, cumprod },
  ...{ mm, bmm, matmul, mv, dot, outer, addmm, baddbmm },
  ...{ gather, scatterAdd, indexSelect, indexAdd, take, tril, triu },
  ...{ softmax, logSoftmax },
  ...{ uniform_, normal_ },
};

/** Properties that are operations without arguments. */
const properties = { mT: movement.mT, T: (x: Tensor): Tensor => x.permute(x.shape.map((_, i) => x.ndim - 1 - i)) };

/** A function of a tensor, as a method of it. */
type Method<F> = F extends ExtremumFunction
  ? ExtremumMethod
  : F extends (x: Tensor, ...args: infer A) => infer R
    ? (...args: A) => R
    : never;
type Methods = { [K in keyof typeof methods]: Method<(typeof methods)[K]> };
type Properties = { readonly [K in keyof typeof properties]: Tensor };

declare module './tensor' {
  interface Tensor extends Methods, Properties {}
}

for (const [name, fn] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...args: unknown[]): unknown {
      return (fn as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...args);
    },
  });
}
for (const [name, fn] of Object.entries(properties)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    get(this: Tensor): Tensor {
      return fn(this);
    },
  });
}
