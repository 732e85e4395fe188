// torch.optim: optimizers, learning rate schedules and the clipping of gradients.
export { Adam, type AdamOptions } from './adam';
export { AdamW } from './adamw';
export * as lrScheduler from './schedulers';
export {
  Optimizer,
  type OptimizerOptions,
  type ParamGroup,
  type ParamGroupOptions,
  type ParamsArgument,
} from './optimizer';
export { SGD, type SGDOptions } from './sgd';
export type { OptimizerStateDict } from './stateDict';
