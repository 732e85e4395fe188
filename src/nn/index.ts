// torch.nn: everything under the name `nn`.
export { Buffer, Parameter } from '../core/tensor';
export { Module } from './module/module';
export type { FactoryOptions, ListingOptions } from './module/module';
export type { BackwardHook, BackwardPreHook, ForwardHook, ForwardPreHook, Grads } from './module/hooks';
export type { HookOptions } from '../core/hookList';
export type {
  LoadOptions, LoadPostHook, LoadPreHook, LoadProblems, LoadResult, StateDict, StateDictHook, StateDictOptions,
  StateDictPreHook, StateMetadata,
} from './module/stateDict'; // prettier-ignore
export {
  registerModuleForwardHook, registerModuleForwardPreHook, registerModuleFullBackwardHook, registerModuleFullBackwardPreHook,
} from './module/hooks'; // prettier-ignore
export { UninitializedBuffer, UninitializedParameter } from './module/lazy';
export { ModuleList } from './layers/containers';
export { ModuleDict, ParameterDict, Sequential } from './layers/namedMembers';
export { ParameterList } from './layers/parameterContainers';
export { Identity } from './layers/identity';
export { Flatten, Unflatten } from './layers/flatten';
export * as init from './init';
export { Linear, Bilinear, LazyLinear } from './layers/linear';
export type { LazyLinearOptions, LinearOptions, BilinearOptions } from './layers/linear';
export { Conv1d, Conv2d, Conv3d, LazyConv1d, LazyConv2d, LazyConv3d } from './layers/conv';
export type { ConvPaddingMode, LazyConvOptions, ConvOptions } from './layers/conv';
export * from './layers/convTranspose';
export * from './layers/fold';
export * from './layers/padding';
export * from './layers/maxPool';
export * from './layers/avgPool';
export * from './layers/resample';
export * from './layers/channelNorm';
export * from './layers/norm';
export * from './layers/dropout';
export * from './layers/distance';
export * from './layers/embedding';
export { MultiheadAttention } from './layers/attention';
export type { AttentionCallOptions, MultiheadAttentionOptions } from './layers/attention';
export * from './layers/transformer';
export { deepcopy } from './module/deepcopy';
export { GRU, LSTM, RNN } from './layers/rnn';
export type { GRUOptions, LSTMOptions, LSTMState, RNNOptions } from './layers/rnn';
export { GRUCell, LSTMCell, RNNCell } from './layers/rnnCell';
export type { RecurrentCellOptions, RNNCellOptions } from './layers/rnnCell';
export * from './layers/activation';
export * from './layers/parametricActivation';
export * from './layers/softmax';
export * from './layers/loss';
export * from './layers/marginLoss';
export * from './layers/likelihoodLoss';
export * from './layers/adaptive';
export * as functional from './functional';
export * as utils from './utils';
