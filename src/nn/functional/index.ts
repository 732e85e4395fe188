// torch.nn.functional: layers as functions of their parameters. The computation is in ops/; here it gets PyTorch's
// arguments, and losses are put together.
export * from './activation';
export * from './conv';
export * from './maxPool';
export * from './avgPool';
export * from './resample';
export * from './pad';
export * from './fold';
export * from './dropout';
export * from './distance';
export * from './embedding';
export * from './norm';
export * from './attention';
export * from './loss';
export * from './marginLoss';
export * from './likelihoodLoss';
export * from './classification';
export { linear } from '../../ops/linalg/matmul';
