// torch.optim.lr_scheduler under one roof.
export { LambdaLR, LRScheduler, MultiplicativeLR, type SchedulerState } from './lrScheduler';
export * from './combinedSchedulers';
export * from './cycles';
export * from './decays';
export * from './reduceLROnPlateau';
