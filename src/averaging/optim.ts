// torch.optim with torch.optim.swa_utils, which knows modules and so cannot lie in optim/ itself.
export * from '../optim';
export * as swaUtils from './swaUtils';
