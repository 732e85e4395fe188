// What users find under `autograd`.
export { backward, enableGrad, grad, isGradEnabled, noGrad } from './autograd';
export type { BackwardOptions, GradOptions } from './autograd';
export { Function, FunctionContext } from './function';
export { gradcheck, gradgradcheck } from './gradcheck';
export type { CheckedFunction, GradcheckOptions } from './gradcheck';
