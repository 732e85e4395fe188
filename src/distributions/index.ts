// torch.distributions: everything under the name `distributions`.
export { Bernoulli, Binomial, Geometric } from './bernoulli';
export type { BernoulliOptions, BinomialOptions } from './bernoulli';
export * as constraints from './constraintNames';
export type { Constraint } from './constraints';
export { Distribution } from './distribution';
export { Beta, Chi2, Dirichlet, Gamma, StudentT } from './gamma';
export type { BetaOptions, GammaOptions, StudentTOptions } from './gamma';
export { Categorical, Multinomial, OneHotCategorical, OneHotCategoricalStraightThrough } from './categorical';
export type { CategoricalOptions, MultinomialOptions } from './categorical';
export { Independent } from './independent';
export type { IndependentOptions } from './independent';
export { MixtureSameFamily, NegativeBinomial } from './mixtures';
export type { MixtureSameFamilyOptions, NegativeBinomialOptions } from './mixtures';
export { MultivariateNormal } from './multivariateNormal';
export type { MultivariateNormalOptions } from './multivariateNormal';
export { Gumbel, HalfNormal, LogNormal, TransformedDistribution } from './transformed';
export type { TransformedOptions } from './transformed';
export * as transforms from './transforms';
export {
  AbsTransform, AffineTransform, ComposeTransform, ExpTransform, PowerTransform, SigmoidTransform, SoftmaxTransform,
  SoftplusTransform, StickBreakingTransform, TanhTransform, Transform,
} from './transforms'; // prettier-ignore
export { Cauchy, Laplace, Normal } from './locationScale';
export type { LocationScaleOptions } from './locationScale';
export { Exponential, Poisson } from './positive';
export type { RateOptions } from './positive';
export { HalfCauchy, Kumaraswamy, Pareto, Weibull } from './powers';
export type { KumaraswamyOptions, ParetoOptions, WeibullOptions } from './powers';
export { Uniform } from './uniform';
export type { UniformOptions } from './uniform';
export { klDivergence, registerKl } from './kl';
export { ExpRelaxedCategorical, LogitRelaxedBernoulli, RelaxedBernoulli, RelaxedOneHotCategorical } from './relaxed';
export type { RelaxedOptions } from './relaxed';
