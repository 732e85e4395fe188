// Operations that are also methods of Tensor: `a.add(b)` is `add(a, b)`. One flat list, from which both the types
// and the prototype derive. Importing this file installs them.
import { backward, registerHook, retainGrad } from './core/backward';
import {
  clone, contiguous, to, copy_, fill_, zero_, float, double, int, long, byte, bool, half, bfloat16, char, short, cpu,
  type, typeAs,
} from './ops/shape/copy'; // prettier-ignore
import {
  emptyLike, fullLike, newEmpty, newFull, newOnes, newTensor, newZeros, onesLike, zerosLike,
} from './ops/shape/creation'; // prettier-ignore
import { addbmm, addmm, addmv, addr, baddbmm, bmm, dot, matmul, mm, mv, outer } from './ops/linalg/matmul';
import { sumToSize } from './ops/shape/stack';
import { diag, diagEmbed, diagflat, fillDiagonal_, trace } from './ops/shape/diagonal';
import { diagonalScatter, narrowCopy, narrow, ravel, selectScatter, sliceScatter } from './ops/shape/part';
import { repeatInterleave, tile } from './ops/shape/repeat';
import { elementSize, isNonzero, stride } from './ops/shape/inspect';
import { dsplit, hsplit, tensorSplit, vsplit } from './ops/shape/split';
import { asStrided, unfold } from './ops/shape/strided';
import { flip, fliplr, flipud, roll, rot90 } from './ops/shape/flip';
import { cross, dist, inner, kron, vdot } from './ops/linalg/contraction';
import {
  nonzero,
  argwhere,
  maskedSelect,
  unique,
  uniqueConsecutive,
  bincount,
  equal,
  allclose,
} from './ops/indexing/nonzero';
import {
  det, slogdet, logdet, matrixExp, matrixPower, cholesky, choleskyInverse, choleskySolve, qr, triangularSolve, inv as inverse,
  pinv as pinverse,
} from './ops/linalg'; // prettier-ignore
import {
  indexCopy, indexFill, indexReduce, maskedScatter, put, scatter, scatterAdd, scatterReduce,
} from './ops/indexing/scatter'; // prettier-ignore
import { diff, cov, corrcoef, nansum, nanmean, aminmax, renorm, histc, histogram } from './ops/reduce/sequence';
import {
  sort, argsort, msort, topk, kthvalue, median, nanmedian, mode, quantile, nanquantile, type MedianMethod,
} from './ops/indexing/sort'; // prettier-ignore
import {
  bitwiseLeftShift, bitwiseRightShift, floatPower, frexp, gcd, i0, lcm, ldexp, logaddexp2, mvlgamma, nextafter, signbit, sinc,
} from './ops/pointwise/special'; // prettier-ignore
import { igamma, igammac } from './ops/pointwise/gamma';
import { at, indexPut, maskedAt, setAt } from './ops/indexing/brackets';
import { detach_, overwriting, reshaping } from './ops/shape/inPlace';
import {
  view, reshape, permute, transpose, t, movedim, expand, expandAs, reshapeAs, slice, select, squeeze, unsqueeze, flatten,
  unflatten, unbind, split, chunk, diagonal, viewAsShape, mT,
} from './ops/shape/view'; // prettier-ignore
import {
  eq, ne, lt, le, gt, ge, isnan, isinf, isfinite, maximum, minimum, fmax, fmin, logicalAnd, logicalOr, logicalXor, logicalNot,
  bitwiseAnd, bitwiseOr, bitwiseXor, bitwiseNot, maskedFill, heaviside, clamp, clampMin, clampMax, nanToNum, isclose,
  isneginf, isposinf, where,
} from './ops/pointwise/compare'; // prettier-ignore
import { hardshrink, prelu, relu } from './ops/pointwise/activation';
import { argmax, argmin, max, min, type ExtremumMethod } from './ops/reduce/argReduce';
import { gather, indexAdd, indexSelect, take, takeAlongDim, tril, triu } from './ops/indexing/gather';
import { repeat } from './ops/shape/cat';
import {
  add, sub, mul, div, floorDivide, remainder, fmod, addcmul, addcdiv, lerp, pow, square, reciprocal, sqrt, rsqrt, neg, abs,
  sign, floor, ceil, round, trunc, frac, copysign, exp, exp2, expm1, log, log2, log10, log1p, sin, cos, tan, asin, acos, atan,
  atan2, sinh, cosh, tanh, asinh, acosh, atanh, hypot, erf, erfc, erfinv, lgamma, digamma, sigmoid, logit, deg2rad, rad2deg,
  logaddexp, positive, trueDivide, xlogy, rsub,
} from './ops/pointwise/arithmetic'; // prettier-ignore
import { bernoulli_, exponential_, normal_, uniform_ } from './ops/random/random';
import { cauchy_, geometric_, logNormal_, random_ } from './ops/random/draws';
import { bernoulli, multinomial } from './ops/random/sampling';
import { logSoftmax, softmax } from './ops/reduce/softmax';
import { all, amax, amin, any, countNonzero, mean, prod, sum } from './ops/reduce/reduce';
import { cummax, cummin, cumprod, cumsum, logcumsumexp } from './ops/reduce/scan';
import { norm } from './ops/reduce/norm';
import { logsumexp, std, variance } from './ops/reduce/statistics';
import { composed } from './base/errorText';
import { intercepting } from './base/intercept';
import { argument, signature, taking } from './base/signature';
import { INPUT, OPERAND, TENSOR } from './core/kinds';
import { inPlaceForms, type Operand } from './core/pointwiseFunctions';
import { Tensor } from './core/tensor';
import type { Arguments } from './base/arguments';
import { KindError, ShapeError } from './base/errors';

/** Those that also write over their first tensor: `add` gives the method `add_`. */
const writing = {
  ...{ add, sub, mul, div, floorDivide, remainder, fmod, addcmul, addcdiv, lerp, pow, square },
  ...{ reciprocal, sqrt, rsqrt, neg, abs, sign, floor, ceil, round, trunc, frac, copysign },
  ...{ exp, exp2, expm1, log, log2, log10, log1p, sin, cos, tan, asin, acos, atan, atan2 },
  ...{ sinh, cosh, tanh, asinh, acosh, atanh, hypot, erf, erfc, erfinv, lgamma, digamma, sigmoid, logit },
  ...{ eq, ne, lt, le, gt, ge },
  ...{ logicalAnd, logicalOr, logicalXor, logicalNot, bitwiseAnd, bitwiseOr, bitwiseXor, bitwiseNot },
  ...{ maskedFill, heaviside, clamp, clampMin, clampMax, nanToNum, relu, deg2rad, rad2deg, trueDivide, xlogy },
  ...{ bitwiseLeftShift, bitwiseRightShift, gcd, igamma, igammac, lcm, nextafter, sinc, logaddexp2 },
  ...{ sgn: sign, absolute: abs, negative: neg, clip: clamp, multiply: mul, divide: div, subtract: sub, fix: trunc },
  ...{ less: lt, lessEqual: le, greater: gt, greaterEqual: ge, notEqual: ne },
  ...{ arccos: acos, arccosh: acosh, arcsin: asin, arcsinh: asinh, arctan: atan, arctan2: atan2, arctanh: atanh },
};

/** Those whose in-place form is the result written back. */
const writtenBack = {
  // The one of these that PyTorch lets change the shape.
  addbmm_: overwriting(addbmm, true),
  addmm_: overwriting(addmm),
  addmv_: overwriting(addmv),
  addr_: overwriting(addr),
  baddbmm_: overwriting(baddbmm),
  cumprod_: overwriting(cumprod),
  cumsum_: overwriting(cumsum),
  i0_: overwriting(i0),
  indexAdd_: overwriting(indexAdd),
  indexCopy_: overwriting(indexCopy),
  indexFill_: overwriting(indexFill),
  indexPut_: overwriting(indexPut),
  indexReduce_: overwriting(indexReduce),
  ldexp_: overwriting(ldexp),
  maskedScatter_: overwriting(maskedScatter),
  mvlgamma_: overwriting(mvlgamma),
  put_: overwriting(put),
  renorm_: overwriting(renorm),
  scatter_: overwriting(scatter),
  scatterAdd_: overwriting(scatterAdd),
  scatterReduce_: overwriting(scatterReduce),
  tril_: overwriting(tril),
  triu_: overwriting(triu),
  squeeze_: reshaping(squeeze),
  swapaxes_: reshaping(transpose),
  swapdims_: reshaping(transpose),
  t_: reshaping(t),
  transpose_: reshaping(transpose),
  unsqueeze_: reshaping(unsqueeze),
};

const whereOf: (
  x: Tensor,
  ...args: Arguments<
    [condition: Tensor, other: Operand],
    [],
    { condition: Tensor; other: Operand },
    [condition: Tensor, options: { other: Operand }]
  >
) => Tensor = taking(
  signature('where', [INPUT, argument('condition', TENSOR), argument('other', OPERAND)]),
  (x, condition, other) => where(condition, x, other),
);

const methods = {
  ...writing,
  ...inPlaceForms(writing),
  ...writtenBack,
  ...{
    where: whereOf,
    isneginf,
    isposinf,
    isclose,
    positive,
    rsub,
    logaddexp,
    floatPower,
    frexp,
    i0,
    ldexp,
    mvlgamma,
    signbit,
  },
  ...{ isnan, isinf, isfinite, maximum, minimum, fmax, fmin, prelu, hardshrink },
  ...{ backward, registerHook, retainGrad },
  ...{
    clone,
    contiguous,
    to,
    copy_,
    fill_,
    zero_,
    float,
    double,
    int,
    long,
    byte,
    bool,
    half,
    bfloat16,
    char,
    short,
    cpu,
  },
  ...{ newEmpty, newFull, newOnes, newTensor, newZeros },
  ...{ onesLike, zerosLike, fullLike, emptyLike },
  ...{
    view,
    reshape,
    permute,
    transpose,
    t,
    movedim,
    expand,
    expandAs,
    reshapeAs,
    narrow,
    slice,
    select,
  },
  ...{ squeeze, unsqueeze, flatten, unflatten, unbind, split, chunk, diagonal, repeat, viewAs: viewAsShape },
  ...{ broadcastTo: expand, moveaxis: movedim, swapaxes: transpose, swapdims: transpose, splitWithSizes: split },
  ...{ flip, fliplr, flipud, roll, rot90, tile, repeatInterleave, diag, diagEmbed, diagflat, trace },
  ...{ tensorSplit, hsplit, vsplit, dsplit, unfold, asStrided, diagonalScatter, selectScatter, sliceScatter },
  ...{ ravel, narrowCopy, sumToSize, at, setAt, maskedAt, indexPut },
  ...{ sum, mean, prod, amax, amin, any, all, countNonzero, max, min, argmax, argmin },
  ...{ var: variance, std, norm, logsumexp, cumsum, cumprod, cummax, cummin, logcumsumexp },
  ...{ sort, argsort, msort, topk, kthvalue, median, nanmedian, mode, quantile, nanquantile },
  ...{ nonzero, argwhere, maskedSelect, unique, uniqueConsecutive, bincount, equal, allclose },
  ...{ diff, cov, corrcoef, nansum, nanmean, aminmax, renorm, histc, histogram },
  ...{ mm, bmm, matmul, mv, dot, outer, addmm, baddbmm, addbmm, addmv, addr, ger: outer },
  ...{ cross, dist, inner, kron, vdot },
  ...{ det, slogdet, logdet, matrixExp, matrixPower, cholesky, choleskyInverse, choleskySolve, qr, triangularSolve },
  ...{ inverse, pinverse },
  ...{ gather, scatter, scatterAdd, scatterReduce, indexSelect, indexAdd, indexCopy, indexFill, indexReduce },
  ...{ put, take, takeAlongDim, maskedScatter, tril, triu },
  ...{ softmax, logSoftmax },
  ...{ uniform_, normal_, exponential_, bernoulli_, bernoulli, multinomial },
  ...{ cauchy_, geometric_, logNormal_, random_, fillDiagonal_, detach_, type, typeAs, elementSize, isNonzero, stride },
};

/** Properties that are operations without arguments. */
const properties = { mT: mT, T: (x: Tensor): Tensor => x.permute(x.shape.map((_, i) => x.ndim - 1 - i)) };

/** A function of a tensor, as a method of it. */
type Method<F> = F extends (x: Tensor, ...args: infer A) => infer R ? (...args: A) => R : never;
/** Those with several signatures, of which `infer` would see the last only. */
interface Overloaded {
  max: ExtremumMethod;
  min: ExtremumMethod;
  median: MedianMethod;
  nanmedian: MedianMethod;
  nonzero: OverloadedMethod<typeof nonzero>;
  repeatInterleave: OverloadedMethod<typeof repeatInterleave>;
  tensorSplit: OverloadedMethod<typeof tensorSplit>;
  stride: OverloadedMethod<typeof stride>;
  type: OverloadedMethod<typeof type>;
}
/** A function with two or three signatures, as a method: `infer` takes the last ones, and repeats the first. */
type OverloadedMethod<F> = F extends {
  (x: Tensor, ...args: infer A): infer P;
  (x: Tensor, ...args: infer B): infer Q;
  (x: Tensor, ...args: infer C): infer R;
}
  ? { (...args: A): P; (...args: B): Q; (...args: C): R }
  : never;
type Methods = {
  [K in keyof typeof methods]: K extends keyof Overloaded ? Overloaded[K] : Method<(typeof methods)[K]>;
};
type Properties = { readonly [K in keyof typeof properties]: Tensor };

/** What this file adds to Tensor; index.ts says so to TypeScript. */
export interface TensorMethods extends Methods, Properties {
  /** Along dimension 0: `for (const row of x)`, `const [a, b] = x`. @throws ShapeError for a tensor without dimensions */
  [Symbol.iterator](): IterableIterator<Tensor>;
}

/** What PyTorch's users assign to, and how it is done here. */
const CURES: Readonly<Record<string, string>> = {
  data: 'noGrad(() => x.copy_(values)) writes other values into it',
  shape: 'x.reshape(...) gives a tensor of another shape',
  dtype: "x.to('float64') gives a tensor of another dtype",
  device: "x.to('webgpu') gives a tensor there",
};

/**
 * Defines a member of every tensor that cannot be assigned to: JavaScript would put a property before it, and a script that
 * is not strict would not even hear that nothing happened.
 */
function define(name: string, get: (this: Tensor) => unknown): void {
  const isMethod = name in methods || OWN_METHODS.includes(name);
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    get,
    set() {
      const cure = Object.hasOwn(CURES, name) ? ` ${CURES[name]}.` : '';
      throw new KindError(
        'Tensor',
        `${name} is ${isMethod ? 'a method' : 'no property to assign to'}, got an assignment.${cure}`,
      );
    },
  });
}

/** Those of the class itself, which take nothing. */
const OWN_METHODS = ['dim', 'numel', 'isContiguous', 'isFloatingPoint', 'detach', 'data', 'item', 'tolist', 'repr'];

for (const name of OWN_METHODS) {
  const takes = signature(name, []);
  const own = Reflect.get(Tensor.prototype, name) as (this: Tensor) => unknown;
  const method = function (this: Tensor, ...args: unknown[]): unknown {
    if (args.length > 0) takes.values(args);
    if (intercepting.current !== null) return intercepting.current.method(name, this, args, () => own.call(this));
    return own.call(this);
  };
  define(name, () => method);
}
for (const name of ['size', 'requiresGrad_'] as const) {
  const method: unknown = Reflect.get(Tensor.prototype, name);
  define(name, () => method);
}
for (const [name, fn] of Object.entries(methods)) {
  const method = function (this: Tensor, ...args: unknown[]): unknown {
    const call = (): unknown => (fn as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...args);
    // Errors of autograd say which operation of the graph it was.
    const run = (): unknown => (name === 'backward' ? call() : composed(name, call, args));
    return intercepting.current === null ? run() : intercepting.current.method(name, this, args, run);
  };
  define(name, () => method);
}
for (const [name, fn] of Object.entries(properties)) {
  define(name, function () {
    return intercepting.current === null ? fn(this) : intercepting.current.method(name, this, [], () => fn(this));
  });
}
for (const [name, own] of Object.entries(Object.getOwnPropertyDescriptors(Tensor.prototype))) {
  if (own.set === undefined && 'get' in own) define(name, Reflect.get(own, 'get') as (this: Tensor) => unknown);
}
Object.defineProperty(Tensor.prototype, Symbol.iterator, {
  configurable: true,
  value(this: Tensor): IterableIterator<Tensor> {
    if (this.ndim > 0) return unbind(this)[Symbol.iterator]();
    throw new ShapeError(
      'Tensor',
      'a tensor without dimensions has no items, got []. Read its value: await x.item().',
      {
        shape: this.shape,
      },
    );
  },
});
