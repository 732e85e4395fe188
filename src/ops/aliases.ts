// Second names that PyTorch has for the same functions.
export {
  abs as absolute, acos as arccos, acosh as arccosh, asin as arcsin, asinh as arcsinh, atan as arctan, atan2 as arctan2,
  atanh as arctanh, div as divide, mul as multiply, neg as negative, sub as subtract, trunc as fix,
} from './pointwise/arithmetic'; // prettier-ignore
export {
  clamp as clip, ge as greaterEqual, gt as greater, le as lessEqual, lt as less, ne as notEqual,
} from './pointwise/compare'; // prettier-ignore
export { sign as sgn } from './pointwise/arithmetic';
export { cat as concat, cat as concatenate } from './shape/cat';
export {
  movedim as moveaxis,
  split as splitWithSizes,
  transpose as swapaxes,
  transpose as swapdims,
} from './shape/view';
export { outer as ger } from './linalg/matmul';
export { trapezoid as trapz } from './reduce/sequence';
export { vstack as rowStack } from './shape/stack';
