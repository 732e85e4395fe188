// torch.nn.utils.
export {
  clipGradNorm_, clipGradNormChecked_, clipGradsWithNorm_, clipGradValue_, getTotalNorm, type ClipNormOptions,
} from './clipGrad'; // prettier-ignore
export { fuseConvBnEval, fuseLinearBnEval } from './fusion';
export * as parametrizations from './parametrizations';
export * as parametrize from './parametrize';
export * as prune from './prune';
export * as rnn from './rnn';
export { skipInit } from './skipInit';
export { removeSpectralNorm, spectralNorm, type SpectralNormOptions } from './spectralNorm';
export { parametersToVector, vectorToParameters } from './vectors';
export { removeWeightNorm, weightNorm, type WeightNormOptions } from './weightNorm';
