// What users find under `special`.
export {
  entr, erfcx, i0, i0e, i1, i1e, logNdtr, mvlgamma as multigammaln, ndtr, ndtri, polygamma, sinc, xlog1py,
} from '../pointwise/special'; // prettier-ignore
export {
  digamma, digamma as psi, erf, erfc, erfinv, exp2, expm1, lgamma as gammaln, log1p, logit, round, sigmoid as expit, xlogy,
} from '../pointwise/arithmetic'; // prettier-ignore
export { igamma as gammainc, igammac as gammaincc } from '../pointwise/gamma';
export { logSoftmax, softmax } from '../reduce/softmax';
export { logsumexp } from '../reduce/statistics';
