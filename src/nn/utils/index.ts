// torch.nn.utils.
export { clipGradNorm_, clipGradNormChecked_, clipGradValue_ } from './clipGrad';
export * as rnn from './rnn';
