// The public API, and nothing else. Importing it registers the devices and installs the methods of Tensor.
export { init, device, isAvailable, diagnose, memory, synchronize, shutdown, onerror } from './runtime';
export type { InitOptions } from './runtime';
export { Tensor, Parameter } from './core/tensor';
export type { GradFn, GradHook, NestedNumbers, RemovableHandle } from './core/tensor';
export type { DType, TypedArray } from './base/dtype';
export type { DeviceGiven, DeviceName, MemoryInfo } from './device/contract';
export {
  bfloat16, bool, float16, float32, float64, int16, int32, int64, int8, uint8,
} from './base/dtype'; // prettier-ignore
export * from './base/dtypeInfo';
export * from './base/errors';
export { setPrintOptions, type PrintOptions } from './base/print';
export { installDevtoolsFormatter } from './base/javascript';

export { noGrad, enableGrad, inferenceMode, isGradEnabled, setGradEnabled } from './core/backward';
export * as autograd from './autograd';
export { scope, keep } from './core/scope';
export type { Scope } from './core/scope';
export { manualSeed, seed, initialSeed, getRngState, Generator } from './base/generator';

export { clone, fill, to } from './ops/shape/copy';
export { isNonzero, isTensor, numel } from './ops/shape/inspect';
export { broadcastShapesOf as broadcastShapes } from './base/shape';
export type { ToOptions } from './ops/shape/copy';
export {
  arange, asTensor, empty, emptyLike, eye, fromArray, full, fullLike, linspace, logspace, ones, onesLike, tensor, zeros, zerosLike,
} from './ops/shape/creation'; // prettier-ignore
export type { TensorData, TensorOptions } from './ops/shape/creation';
export { rand, randLike, randint, randn, randnLike, randperm, setRngState } from './ops/random/random';
export type { GeneratorOption, RandomOptions } from './ops/random/random';
export { normal, randintLike } from './ops/random/draws';
export type { NormalOptions } from './ops/random/draws';
export { binomial, poisson } from './ops/random/counts';
export { bernoulli, multinomial } from './ops/random/sampling';
export type { MultinomialOptions } from './ops/random/sampling';
export {
  chunk, diagonal, expand, expand as broadcastTo, flatten, movedim, permute, reshape, select, slice, split, squeeze, t, transpose,
  unbind, unflatten, unsqueeze,
} from './ops/shape/view'; // prettier-ignore
export { logSoftmax, softmax } from './ops/reduce/softmax';
export { cat, constantPad as constantPadNd, repeat, stack } from './ops/shape/cat';
export { gather, indexAdd, indexSelect, take, takeAlongDim, tril, triu } from './ops/indexing/gather';
export type { TakeAlongDimOptions } from './ops/indexing/gather';
export {
  indexCopy, indexFill, indexReduce, maskedScatter, put, scatter, scatterAdd, scatterReduce,
} from './ops/indexing/scatter'; // prettier-ignore
export type {
  IndexFillOptions, IndexReduceOptions, IndexSourceOptions, PutOptions, ScatterOptions, ScatterReduceOptions, ScatterReduction,
} from './ops/indexing/scatter'; // prettier-ignore
export { at, indexPut, maskedAt, setAt } from './ops/indexing/brackets';
export type { Index, IndexList, IndexPutOptions, SliceText } from './ops/indexing/brackets';
export * from './ops/indexing/nonzero';
export * from './ops/pointwise/gamma';
export * from './ops/indexing/sort';
export * from './ops/shape/stack';
export {
  blockDiag, diag, diagEmbed, diagflat, trace, trilIndices, triuIndices,
} from './ops/shape/diagonal'; // prettier-ignore
export type { DiagEmbedOptions, FillDiagonalOptions, TriangleOptions } from './ops/shape/diagonal';
export * from './ops/shape/part';
export * from './ops/shape/repeat';
export * from './ops/shape/split';
export * from './ops/shape/strided';
export * from './ops/shape/flip';
export { cdist, cross, dist, einsum, inner, kron, tensordot, vdot } from './ops/linalg/contraction';
export type { CdistOptions, TensordotDims } from './ops/linalg/contraction';
export * from './ops/reduce/sequence';
export {
  bitwiseLeftShift, bitwiseRightShift, floatPower, frexp, gcd, i0, lcm, ldexp, logaddexp2, mvlgamma, nextafter, polygamma, signbit,
  sinc,
} from './ops/pointwise/special'; // prettier-ignore
export {
  choleskyInverse, choleskySolve, cholesky, det, inv as inverse, logdet, lstsq, matrixExp, matrixPower, pinv as pinverse, qr,
  slogdet, triangularSolve,
} from './ops/linalg'; // prettier-ignore
export * from './ops/aliases';
export * as linalg from './ops/linalg';
export * as special from './ops/special';
export * from './ops/pointwise/arithmetic';
export * from './ops/pointwise/compare';
export { relu, prelu, selu, celu } from './ops/pointwise/activation';
export { dropout } from './ops/pointwise/dropout';
export { nativeBatchNorm, nativeLayerNorm } from './ops/reduce/normalize';
export { all, amax, amin, any, countNonzero, mean, prod, sum } from './ops/reduce/reduce';
export type { Dims, FoldOptions, ReduceOptions } from './ops/reduce/reduce';
export { argmax, argmin, max, min } from './ops/reduce/argReduce';
export type { DimOptions, Extremum } from './ops/reduce/argReduce';
export { norm } from './ops/reduce/norm';
export type { NormOptions } from './ops/reduce/norm';
export { logsumexp, std, stdMean, variance as var, varMean } from './ops/reduce/statistics';
export type { VarianceOptions } from './ops/reduce/statistics';
export { cummax, cummin, cumprod, cumsum, logcumsumexp } from './ops/reduce/scan';
export type { ScanOptions } from './ops/reduce/scan';
export { addbmm, addmm, addmv, addr, baddbmm, bmm, dot, matmul, mm, mv, outer } from './ops/linalg/matmul';
export type { AddOptions } from './ops/linalg/matmul';

export {
  adaptiveAvgPool1d, adaptiveMaxPool1d, alphaDropout, avgPool1d, celu_, channelShuffle, conv1d, conv2d, conv3d, convTranspose1d,
  convTranspose2d, convTranspose3d, featureAlphaDropout, groupNorm, layerNorm, maxPool1d, maxPool2d, maxPool3d, pixelShuffle,
  pixelUnshuffle, relu_, rrelu, rrelu_, selu_, threshold, threshold_,
} from './nn/functional'; // prettier-ignore

export * from './quantization/tensors';

export * as nn from './nn';
export * as ao from './quantization/ao';
export * as optim from './averaging/optim';
export * as data from './data';
export * as io from './io';
export * as amp from './amp';
export * as distributions from './distributions';
export * as func from './func';
export * as fx from './fx';
export * as profiler from './profiler';
export * as debug from './debug';
export { summary } from './debug/summary';
export type { LayerSummary, ModelSummary, SummaryOptions } from './debug/summary';
export { compile } from './compile';
export type { CompileOptions, CompileStats } from './compile';
export * as testing from './testing';
export * as utils from './utils';

import './methods';
import type { TensorMethods } from './methods';

declare module './core/tensor' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the list of methods has its members
  interface Tensor extends TensorMethods {}
}
