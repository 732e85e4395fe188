// torch.nn: everything under the name `nn`.
export { Parameter } from '../tensor';
export { Module } from './module';
export type { FactoryOptions, ListingOptions } from './module';
export type { BackwardHook, BackwardPreHook, ForwardHook, ForwardPreHook, Grads, HookOptions } from './hooks';
export type {
  LoadOptions, LoadPostHook, LoadPreHook, LoadProblems, LoadResult, StateDict, StateDictHook, StateDictOptions,
  StateDictPreHook, StateMetadata,
} from './stateDict'; // prettier-ignore
export {
  registerModuleForwardHook, registerModuleForwardPreHook, registerModuleFullBackwardHook, registerModuleFullBackwardPreHook,
} from './hooks'; // prettier-ignore
export { UninitializedBuffer, UninitializedParameter } from './lazy';
export { ModuleDict, ModuleList, Sequential } from './containers';
export { ParameterDict, ParameterList } from './parameterContainers';
export { Identity } from './identity';
export { Flatten, Unflatten } from './flatten';
export * as init from './init';
export * from './linear';
export * from './conv';
export * from './convTranspose';
export * from './fold';
export * from './padding';
export * from './maxPool';
export * from './avgPool';
export * from './resample';
export * from './channelNorm';
export * from './norm';
export * from './dropout';
export * from './distance';
export * from './embedding';
export { MultiheadAttention } from './attention';
export type { AttentionCallOptions, MultiheadAttentionOptions } from './attention';
export * from './transformer';
export { deepcopy } from './deepcopy';
export { GRU, LSTM, RNN } from './rnn';
export type { GRUOptions, LSTMOptions, LSTMState, RNNOptions } from './rnn';
export { GRUCell, LSTMCell, RNNCell } from './rnnCell';
export type { RecurrentCellOptions, RNNCellOptions } from './rnnCell';
export * from './activation';
export * from './loss';
export * from './marginLoss';
export * from './likelihoodLoss';
export * from './adaptive';
export * as functional from './functional';
export * as utils from './utils';
