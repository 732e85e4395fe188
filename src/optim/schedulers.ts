// torch.optim.lr_scheduler under one roof.
export * from './lrScheduler';
export * from './reduceLROnPlateau';
