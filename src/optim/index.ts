// torch.optim: optimizers, learning rate schedules and the clipping of gradients.
export { Adadelta, type AdadeltaOptions } from './adadelta';
export { Adafactor, type AdafactorOptions } from './adafactor';
export { Adagrad, type AdagradOptions } from './adagrad';
export { Adam, type AdamOptions } from './adam';
export { Adamax, type AdamaxOptions } from './adamax';
export { AdamW } from './adamw';
export { ASGD, type ASGDOptions } from './asgd';
export { ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
export type {
  OptimizerLoadPostHook, OptimizerLoadPreHook, OptimizerStateDictHook, OptimizerStateDictPreHook, StepPostHook, StepPreHook,
} from './hooks'; // prettier-ignore
export { LBFGS, type LBFGSOptions } from './lbfgs';
export * as lrScheduler from './schedulers';
export { Muon, type MuonOptions } from './muon';
export { NAdam, type NAdamOptions } from './nadam';
export {
  Optimizer,
  type NamedParameter,
  type OptimizerOptions,
  type ParamGroup,
  type ParamGroupOptions,
  type ParamsArgument,
  type ScheduledOptions,
} from './optimizer';
export { RAdam, type RAdamOptions } from './radam';
export { RMSprop, type RMSpropOptions } from './rmsprop';
export { Rprop, type RpropOptions } from './rprop';
export type { GroupRate, Rate } from './rate';
export { SGD, type SGDOptions } from './sgd';
export { SparseAdam, type SparseAdamOptions } from './sparseAdam';
export type { OptimizerStateDict, SavedState } from './stateDict';
export { TensorOptimizer, type TensorStep, type TensorUpdate } from './tensorOptimizer';
