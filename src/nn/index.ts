// torch.nn: everything under the name `nn`.
export { Parameter } from '../tensor';
export { Module } from './module';
export type { FactoryOptions, ListingOptions } from './module';
export type { BackwardHook, BackwardPreHook, ForwardHook, ForwardPreHook, Grads, HookOptions } from './hooks';
export type { LoadOptions, LoadResult, StateDict } from './stateDict';
export { UninitializedBuffer, UninitializedParameter } from './lazy';
export { ModuleDict, ModuleList, Sequential } from './containers';
export { ParameterDict, ParameterList } from './parameterContainers';
export { Identity } from './identity';
export { Flatten, Unflatten } from './flatten';
export * as init from './init';
