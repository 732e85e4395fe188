// torch.optim.swa_utils: averages of the weights of a model over its training.
export { SWALR } from '../optim/swaLR';
export { AveragedModel, type AveragedModelOptions } from './averagedModel';
export {
  getEmaAvgFn, getEmaMultiAvgFn, getSwaAvgFn, getSwaMultiAvgFn, type AvgFn, type MultiAvgFn,
} from './averages'; // prettier-ignore
export { updateBn } from './updateBn';
