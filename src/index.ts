// The public API, and nothing else. Importing it registers the devices and installs the methods of Tensor.
export { init, diagnose, memory, synchronize, shutdown, onerror } from './runtime';
export type { InitOptions } from './runtime';
export { Tensor, Parameter } from './tensor';
export type { GradFn, GradHook, NestedNumbers, RemovableHandle } from './tensor';
export type { DType, TypedArray } from './dtype';
export type { DeviceName, MemoryInfo } from './device/contract';
export {
  bfloat16, bool, float16, float32, float64, int16, int32, int64, int8, promoteTypes, resultType, uint8,
} from './dtype'; // prettier-ignore
export * from './limits';
export * from './errors';

export { noGrad, enableGrad, isGradEnabled } from './autograd';
export * as autograd from './autogradApi';
export { scope, keep } from './memory';
export type { Scope } from './memory';
export { manualSeed, seed, initialSeed, getRngState, setRngState, Generator } from './random';

export { clone, fill, to } from './ops/copy';
export { broadcastShapesOf as broadcastShapes } from './shape';
export type { ToOptions } from './ops/copy';
export {
  arange, empty, emptyLike, eye, fromArray, full, fullLike, linspace, logspace, ones, onesLike, tensor, zeros, zerosLike,
} from './ops/creation'; // prettier-ignore
export type { TensorData, TensorOptions } from './ops/creation';
export { rand, randLike, randint, randn, randnLike, randperm } from './ops/random';
export type { GeneratorOption, RandomOptions } from './ops/random';
export { bernoulli, multinomial } from './ops/sampling';
export type { MultinomialOptions } from './ops/sampling';
export {
  chunk, diagonal, expand, expand as broadcastTo, flatten, movedim, permute, reshape, select, slice, split, squeeze, t, transpose,
  unbind, unflatten, unsqueeze,
} from './ops/movement'; // prettier-ignore
export { logSoftmax, softmax } from './ops/softmax';
export { cat, constantPad as constantPadNd, repeat, stack } from './ops/join';
export { gather, indexAdd, indexSelect, take, takeAlongDim, tril, triu } from './ops/index';
export type { TakeAlongDimOptions } from './ops/index';
export {
  indexCopy, indexFill, indexReduce, maskedScatter, put, scatter, scatterAdd, scatterReduce,
} from './ops/scatter'; // prettier-ignore
export type {
  IndexFillOptions, IndexReduceOptions, IndexSourceOptions, PutOptions, ScatterOptions, ScatterReduceOptions, ScatterReduction,
} from './ops/scatter'; // prettier-ignore
export { at, indexPut, maskedAt, setAt } from './ops/indexing';
export type { Index, IndexList, IndexPutOptions, SliceText } from './ops/indexing';
export * from './ops/filter';
export * from './ops/gamma';
export * from './ops/sort';
export * from './ops/combine';
export * from './ops/diagonal';
export * from './ops/part';
export { narrowFrom as narrow } from './ops/part';
export * from './ops/repeat';
export * from './ops/split';
export * from './ops/strided';
export * from './ops/turn';
export { cdist, cross, dist, einsum, inner, kron, tensordot, vdot } from './ops/contraction';
export type { CdistOptions, TensordotDims } from './ops/contraction';
export * from './ops/sequence';
export {
  bitwiseLeftShift, bitwiseRightShift, floatPower, frexp, gcd, i0, lcm, ldexp, logaddexp2, mvlgamma, nextafter, polygamma, signbit,
  sinc,
} from './ops/special'; // prettier-ignore
export {
  choleskyInverse, choleskySolve, cholesky, det, inv as inverse, logdet, lstsq, matrixExp, matrixPower, pinv as pinverse, qr,
  slogdet, triangularSolve,
} from './ops/linalg'; // prettier-ignore
export * from './ops/aliases';
export * as linalg from './ops/linalg';
export * as special from './specialApi';
export * from './ops/pointwise';
export * from './ops/compare';
export { relu, prelu, selu, celu } from './ops/activation';
export { dropout } from './ops/dropout';
export { nativeBatchNorm, nativeLayerNorm } from './ops/normalize';
export { all, amax, amin, any, countNonzero, mean, prod, sum } from './ops/reduce';
export type { Dims, FoldOptions, ReduceOptions } from './ops/reduce';
export { argmax, argmin, max, min } from './ops/extremum';
export type { DimOptions, Extremum } from './ops/extremum';
export { norm } from './ops/norm';
export type { NormOptions } from './ops/norm';
export { logsumexp, std, stdMean, variance as var, varMean } from './ops/statistics';
export type { VarianceOptions } from './ops/statistics';
export { cummax, cummin, cumprod, cumsum, logcumsumexp } from './ops/scan';
export type { ScanOptions } from './ops/scan';
export { addbmm, addmm, addmv, addr, baddbmm, bmm, dot, matmul, mm, mv, outer } from './ops/matmul';
export type { AddOptions } from './ops/matmul';

export {
  adaptiveAvgPool1d, adaptiveMaxPool1d, alphaDropout, avgPool1d, celu_, channelShuffle, conv1d, conv2d, conv3d, convTranspose1d,
  convTranspose2d, convTranspose3d, featureAlphaDropout, groupNorm, layerNorm, maxPool1d, maxPool2d, maxPool3d, pixelShuffle,
  pixelUnshuffle, relu_, rrelu, rrelu_, selu_, threshold, threshold_,
} from './nn/functional'; // prettier-ignore

export * as nn from './nn';
export * as optim from './optim';
export * as data from './data';
export * as io from './io';
export * as amp from './amp';

import './methods';
