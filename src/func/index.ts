// torch.func: transformations of functions, and modules as functions of their parameters.
export { grad, gradAndValue, hessian, jacfwd, jacrev, jvp, vjp } from './transforms';
export { functionalCall, stackModuleState } from './modules';
export { vmap, type Dims } from './vmap';
