// What users find under `autograd`.
export { backward, enableGrad, grad, inferenceMode, isGradEnabled, noGrad, setGradEnabled } from '../core/backward';
export type { BackwardOptions, GradOptions } from '../core/backward';
export { Function, FunctionContext } from './function';
export { gradcheck, gradgradcheck } from './gradcheck';
export type { CheckedFunction, GradcheckOptions } from './gradcheck';
export { detectAnomaly, isAnomalyEnabled, setDetectAnomaly } from './anomaly';
export * as functional from './functional';
export * as graph from './graph';
