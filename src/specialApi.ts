// What users find under `special`.
export {
  entr, erfcx, i0, i0e, i1, i1e, logNdtr, mvlgamma as multigammaln, ndtr, ndtri, polygamma, sinc, xlog1py,
} from './ops/special'; // prettier-ignore
export {
  digamma, digamma as psi, erf, erfc, erfinv, exp2, expm1, lgamma as gammaln, log1p, logit, round, sigmoid as expit, xlogy,
} from './ops/pointwise'; // prettier-ignore
export { igamma as gammainc, igammac as gammaincc } from './ops/gamma';
export { logSoftmax, softmax } from './ops/softmax';
export { logsumexp } from './ops/statistics';
