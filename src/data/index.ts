// torch.utils.data: datasets, samplers and the loader.
export { collate, collate as defaultCollate, type Collated } from './collate';
export { ChainDataset, ConcatDataset, StackDataset } from './combined';
export { DataLoader, type DataLoaderOptions } from './dataLoader';
export { ArrayDataset, Dataset, IterableDataset, randomSplit, Subset, TensorDataset } from './dataset';
export { BatchSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler } from './sampler';
export type { AsyncSampler } from './sampler';
export { WeightedRandomSampler } from './weightedSampler';
