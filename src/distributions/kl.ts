// The divergence of Kullback and Leibler, by pairs of distributions: ∫ p log(p / q).
import { KindError } from '../base/errors';
import type { Arguments } from '../base/arguments';
import { kind } from '../base/kinds';
import { FUNCTION } from '../base/kinds';
import { argument, signature } from '../base/signature';
import type { Tensor } from '../core/tensor';
import { solveTriangular } from '../ops/linalg';
import { where } from '../ops/pointwise/compare';
import { softplus } from '../ops/pointwise/activation';
import { Bernoulli, Binomial, Geometric } from './bernoulli';
import { Categorical, OneHotCategorical, type OfCategories } from './categorical';
import { Distribution } from './distribution';
import { Beta, Dirichlet, Gamma } from './gamma';
import { DISTRIBUTION, Independent, sumRightmost } from './independent';
import { Cauchy, Laplace, Normal } from './locationScale';
import { halfLogDet, mahalanobis, MultivariateNormal } from './multivariateNormal';
import { Exponential, Poisson } from './positive';
import { EULER, Gumbel, HalfNormal, LogNormal } from './transformed';
import { Uniform } from './uniform';

type DistributionClass<D extends Distribution = Distribution> = abstract new (...args: never) => D;
type Divergence<P extends Distribution, Q extends Distribution> = (p: P, q: Q) => Tensor;
interface Row {
  readonly p: DistributionClass;
  readonly q: DistributionClass;
  readonly divergence: Divergence<Distribution, Distribution>;
}
const row = <P extends Distribution, Q extends Distribution>(
  p: DistributionClass<P>,
  q: DistributionClass<Q>,
  divergence: Divergence<P, Q>,
): Row => ({ p, q, divergence: divergence as Divergence<never, never> as Row['divergence'] });

const infinite = (x: Tensor): Tensor => x.mul(0).add(Infinity);
const x_log_x = (x: Tensor): Tensor => x.xlogy(x);

const ofNormals = (p: Pick<Normal, 'loc' | 'scale'>, q: Pick<Normal, 'loc' | 'scale'>): Tensor => {
  const ratio = p.scale.div(q.scale).square();
  return p.loc.sub(q.loc).div(q.scale).square().add(ratio).sub(1).sub(ratio.log()).mul(0.5);
};
const ofCategories = (p: OfCategories, q: OfCategories): Tensor => {
  const terms = p.probs.mul(p.logits.sub(q.logits));
  const missed = where(q.probs.eq(0).expandAs(terms), Infinity, terms);
  return where(p.probs.eq(0).expandAs(terms), 0, missed).sum(-1);
};
/** Half of the squared distance to a normal's mean, in its scale, plus the logarithm of that and of √(2π): E[-log q]. */
const fromNormal = (mean: Tensor, variance: Tensor, q: Normal): Tensor =>
  mean.sub(q.loc).square().add(variance).div(q.scale.square()).mul(0.5).add(q.scale.log()).add(0.5 * Math.log(2 * Math.PI)); // prettier-ignore
/** E[-log q] of a gamma distribution, from E[x] and E[log x]. */
const fromGamma = (mean: Tensor, logMean: Tensor, q: Gamma): Tensor =>
  q.concentration.lgamma().sub(q.concentration.mul(q.rate.log())).sub(q.concentration.sub(1).mul(logMean)).add(q.rate.mul(mean)); // prettier-ignore
/** E[-log q] of an exponential one. */
const fromExponential = (mean: Tensor, q: Exponential): Tensor => q.rate.mul(mean).sub(q.rate.log());
const betaLogMean = (p: Beta): Tensor => p.concentration1.digamma().sub(p.concentration1.add(p.concentration0).digamma()); // prettier-ignore
const gammaLogMean = (p: Gamma): Tensor => p.concentration.digamma().sub(p.rate.log());
const cross = (p: Distribution, crossEntropy: Tensor): Tensor => crossEntropy.sub(p.entropy());

const unbounded = [Normal, Laplace, Gumbel] as const;
const bounded = [Beta, Exponential, Gamma, Uniform] as const;

const ROWS: Row[] = [
  row(Bernoulli, Bernoulli, (p, q) => {
    const [a, b] = [p.probs, p.probs.neg().add(1)];
    const first = a.mul(softplus(q.logits.neg()).sub(softplus(p.logits.neg())));
    const second = b.mul(softplus(q.logits).sub(softplus(p.logits)));
    const ones = where(a.eq(0), 0, where(q.probs.eq(0), Infinity, first));
    return ones.add(where(a.eq(1), 0, where(q.probs.eq(1), Infinity, second)));
  }),
  row(Bernoulli, Poisson, (p, q) => cross(p, q.rate.sub(p.probs.mul(q.rate.log())))),
  row(Beta, Beta, (p, q) => {
    const [sumP, sumQ] = [p, q].map((d) => d.concentration1.add(d.concentration0));
    const logs = q.concentration1.lgamma().add(q.concentration0.lgamma()).add(sumP.lgamma());
    const others = p.concentration1.lgamma().add(p.concentration0.lgamma()).add(sumQ.lgamma());
    const ones = p.concentration1.sub(q.concentration1).mul(p.concentration1.digamma());
    const zeros = p.concentration0.sub(q.concentration0).mul(p.concentration0.digamma());
    return logs.sub(others).add(ones).add(zeros).add(sumQ.sub(sumP).mul(sumP.digamma()));
  }),
  row(Beta, Exponential, (p, q) => cross(p, fromExponential(p.mean, q))),
  row(Beta, Gamma, (p, q) => cross(p, fromGamma(p.mean, betaLogMean(p), q))),
  row(Beta, Normal, (p, q) => cross(p, fromNormal(p.mean, p.variance, q))),
  row(Beta, Uniform, (p, q) => {
    const inside = cross(p, q.high.sub(q.low).log());
    return where(q.low.gt(0).logicalOr(q.high.lt(1)), Infinity, inside);
  }),
  row(Binomial, Binomial, (p, q) => {
    const each = p.probs.mul(p.logits.sub(q.logits)).add(p.probs.neg().log1p()).sub(q.probs.neg().log1p());
    return where(p.totalCount.gt(q.totalCount), Infinity, p.totalCount.mul(each)).maskedFill(p.totalCount.lt(q.totalCount), NaN); // prettier-ignore
  }),
  row(Categorical, Categorical, ofCategories),
  row(OneHotCategorical, OneHotCategorical, ofCategories),
  row(Cauchy, Cauchy, (p, q) => {
    const distance = p.scale.add(q.scale).square().add(p.loc.sub(q.loc).square());
    return distance.log().sub(p.scale.mul(q.scale).mul(4).log());
  }),
  row(Dirichlet, Dirichlet, (p, q) => {
    const [sumP, sumQ] = [p, q].map((d) => d.concentration.sum(-1));
    const logs = p.concentration.lgamma().sub(q.concentration.lgamma()).sum(-1);
    const slopes = p.concentration.digamma().sub(sumP.digamma().unsqueeze(-1));
    return sumP.lgamma().sub(sumQ.lgamma()).sub(logs).add(p.concentration.sub(q.concentration).mul(slopes).sum(-1));
  }),
  row(Exponential, Exponential, (p, q) => cross(p, fromExponential(p.mean, q))),
  row(Exponential, Gamma, (p, q) => cross(p, fromGamma(p.mean, p.rate.log().add(EULER).neg(), q))),
  row(Exponential, Gumbel, (p, q) => {
    const [product, ratio] = [p.rate.mul(q.scale), q.loc.div(q.scale)];
    const middle = ratio.exp().mul(product).div(product.add(1));
    return product.log().sub(1).sub(ratio).add(middle).add(product.reciprocal());
  }),
  row(Exponential, Normal, (p, q) => cross(p, fromNormal(p.mean, p.variance, q))),
  row(Exponential, Beta, (p) => infinite(p.rate)),
  row(Exponential, Uniform, (p) => infinite(p.rate)),
  row(Gamma, Gamma, (p, q) => cross(p, fromGamma(p.mean, gammaLogMean(p), q))),
  row(Gamma, Exponential, (p, q) => cross(p, fromExponential(p.mean, q))),
  row(Gamma, Normal, (p, q) => cross(p, fromNormal(p.mean, p.variance, q))),
  row(Gamma, Gumbel, (p, q) => {
    const product = p.rate.mul(q.scale);
    const ratio = q.loc.div(q.scale);
    const power = ratio.exp().mul(product.reciprocal().add(1).pow(p.concentration.neg()));
    return cross(p, q.scale.log().add(p.concentration.div(product)).add(power).sub(ratio));
  }),
  row(Gamma, Beta, (p) => infinite(p.rate)),
  row(Gamma, Uniform, (p) => infinite(p.rate)),
  row(Geometric, Geometric, (p, q) => p.entropy().neg().sub(q.probs.neg().log1p().div(p.probs)).sub(q.logits)),
  row(Gumbel, Gumbel, (p, q) => {
    const ratio = p.scale.div(q.scale);
    const distance = q.loc.sub(p.loc).div(q.scale);
    const power = distance.add(ratio.add(1).lgamma()).exp();
    return ratio
      .log()
      .neg()
      .sub(distance)
      .add(ratio.mul(EULER))
      .add(power)
      .sub(1 + EULER);
  }),
  row(Gumbel, Normal, (p, q) => cross(p, fromNormal(p.mean, p.variance, q))),
  row(HalfNormal, HalfNormal, (p, q) => ofNormals(p.baseDist, q.baseDist)),
  row(LogNormal, LogNormal, ofNormals),
  row(Laplace, Laplace, (p, q) => {
    const ratio = p.scale.div(q.scale);
    const distance = p.loc.sub(q.loc).abs();
    const decay = ratio.mul(distance.div(p.scale).neg().exp());
    return ratio.log().neg().add(distance.div(q.scale)).add(decay).sub(1);
  }),
  row(Laplace, Normal, (p, q) => cross(p, fromNormal(p.mean, p.variance, q))),
  row(MultivariateNormal, MultivariateNormal, (p, q) => {
    const n = p.eventShape[0];
    const logs = halfLogDet(q.factor).sub(halfLogDet(p.factor));
    const spread = solveTriangular(q.factor, p.factor, false).square().sum([-2, -1]);
    const moved = mahalanobis(q.factor, q.loc.sub(p.loc));
    return logs.add(spread.add(moved).sub(n).mul(0.5));
  }),
  row(Normal, Normal, ofNormals),
  row(Normal, Gumbel, (p, q) => {
    const distance = p.loc.sub(q.loc).div(q.scale);
    const ratio = p.scale.div(q.scale).square();
    const power = ratio.mul(0.5).sub(distance).exp();
    return ratio
      .log()
      .mul(-0.5)
      .add(distance)
      .add(power)
      .sub(0.5 * (1 + Math.log(2 * Math.PI)));
  }),
  row(Normal, Laplace, (p, q) => {
    const distance = p.loc.sub(q.loc);
    const z = distance.div(p.scale);
    const spread = p.scale.mul(Math.sqrt(2 / Math.PI)).mul(z.square().mul(-0.5).exp());
    // E|x - q.loc| / q.scale + log(2 q.scale)
    const size = spread.add(distance.mul(z.mul(Math.SQRT1_2).erf())).div(q.scale);
    return cross(p, size.add(q.scale.mul(2).log()));
  }),
  ...unbounded.flatMap((p) => bounded.map((q) => row<Distribution, Distribution>(p, q, (of) => infinite(of.mean)))),
  row(Poisson, Poisson, (p, q) => p.rate.xlogy(p.rate).sub(p.rate.xlogy(q.rate)).sub(p.rate.sub(q.rate))),
  row(Poisson, Bernoulli, (p) => infinite(p.rate)),
  row(Poisson, Binomial, (p) => infinite(p.rate)),
  row(Uniform, Uniform, (p, q) => {
    const inside = q.high.sub(q.low).div(p.high.sub(p.low)).log();
    return where(q.low.gt(p.low).logicalOr(q.high.lt(p.high)), Infinity, inside);
  }),
  row(Uniform, Normal, (p, q) => cross(p, fromNormal(p.mean, p.variance, q))),
  row(Uniform, Exponential, (p, q) => where(p.low.lt(0), Infinity, cross(p, fromExponential(p.mean, q)))),
  row(Uniform, Gamma, (p, q) => where(p.low.lt(0), Infinity, cross(p, fromGamma(p.mean, uniformLogMean(p.low, p.high), q)))), // prettier-ignore
  row(Uniform, Beta, (p, q) => {
    const [a, b] = [q.concentration1, q.concentration0];
    const logs = a.sub(1).mul(uniformLogMean(p.low, p.high)).add(b.sub(1).mul(uniformLogMean(p.high.neg().add(1), p.low.neg().add(1)))); // prettier-ignore
    const inside = cross(p, a.lgamma().add(b.lgamma()).sub(a.add(b).lgamma()).sub(logs));
    return where(p.high.gt(1).logicalOr(p.low.lt(0)), Infinity, inside);
  }),
  row(Uniform, Gumbel, (p, q) => {
    const ratio = q.scale.div(p.high.sub(p.low));
    const [high, low] = [p.high, p.low].map((x) => x.sub(q.loc).div(q.scale));
    return ratio
      .log()
      .add(high.add(low).mul(0.5))
      .sub(ratio.mul(high.neg().exp().sub(low.neg().exp())));
  }),
  row(Independent, Independent, (p, q) => {
    const n = p.reinterpretedBatchNdims;
    if (n !== q.reinterpretedBatchNdims) throw missing(p, q);
    return sumRightmost(klDivergence(p.baseDist, q.baseDist), n);
  }),
];

/** E[log x] between two numbers. */
function uniformLogMean(low: Tensor, high: Tensor): Tensor {
  const range = high.sub(low);
  return x_log_x(high).sub(x_log_x(low)).sub(range).div(range);
}

const missing = (p: Distribution, q: Distribution): KindError =>
  new KindError(
    'klDivergence',
    `there is no divergence known, got ${p.constructor.name} and ${q.constructor.name}. Register one with registerKl.`,
  );

/** How far up a class the prototype of an object is: 0 for its own. */
function depth(of: Distribution, type: DistributionClass): number {
  let steps = 0;
  for (let at: unknown = Object.getPrototypeOf(of); at !== type.prototype; at = Object.getPrototypeOf(at)) steps++;
  return steps;
}

const KL = signature('klDivergence', [argument('p', DISTRIBUTION), argument('q', DISTRIBUTION)]);

/**
 * The divergence ∫ p log(p / q) in nats. Shape: of both batches, broadcast. Of several that are registered the nearest to both
 * classes is taken, of equals the one that was registered last.
 * @throws KindError for a pair that is not known
 * @see torch.distributions.kl_divergence
 */
export function klDivergence(
  ...args: Arguments<[p: Distribution, q: Distribution], [], { p: Distribution; q: Distribution }>
): Tensor {
  const { p, q } = KL.take(args);
  const fitting = ROWS.filter((known) => p instanceof known.p && q instanceof known.q);
  const distance = (known: Row): number => depth(p, known.p) + depth(q, known.q);
  const nearest = fitting.reduce<Row | null>((best, known) => (best === null || distance(known) <= distance(best) ? known : best), null); // prettier-ignore
  if (nearest === null) throw missing(p, q);
  return nearest.divergence(p, q);
}

const CLASS = kind<DistributionClass>(
  'a class of distributions',
  (value) => typeof value === 'function' && (value === Distribution || value.prototype instanceof Distribution),
);
const REGISTER = signature('registerKl', [
  argument('typeP', CLASS), argument('typeQ', CLASS), argument('divergence', FUNCTION),
]); // prettier-ignore

/** Lets `klDivergence` take a pair of classes and what is derived of them. @see torch.distributions.register_kl */
export function registerKl<P extends Distribution, Q extends Distribution>(
  typeP: DistributionClass<P>,
  typeQ: DistributionClass<Q>,
  divergence: Divergence<P, Q>,
  ...none: readonly never[]
): void {
  REGISTER.take([typeP, typeQ, divergence, ...none]);
  ROWS.push(row(typeP, typeQ, divergence));
}
