// Distributions of powers of simple draws: HalfCauchy, Pareto, Weibull, Kumaraswamy.
import type { Arguments } from '../base/arguments';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { fullLike, onesLike, zerosLike } from '../ops/shape/creation';
import { greaterThanEq, nonnegative, positive, unitInterval, VALIDATE, type Constraint } from './constraints';
import { Cauchy } from './locationScale';
import { broadcastAll } from './parameters';
import { Exponential } from './positive';
import { EULER, TransformedDistribution } from './transformed';
import { AbsTransform, AffineTransform, ExpTransform, PowerTransform } from './transforms';
import { Uniform } from './uniform';

const HALF_CAUCHY = signature('HalfCauchy', [argument('scale', OPERAND), VALIDATE]);

/** |x| of Cauchy's x around 0. It has no mean. @see torch.distributions.HalfCauchy */
export class HalfCauchy extends TransformedDistribution {
  static override readonly name: string = 'HalfCauchy';

  declare readonly baseDist: Cauchy;

  constructor(
    ...args: Arguments<[scale: Operand], [validateArgs?: boolean | null], { scale: Operand; validateArgs?: boolean | null }>
  ) {
    const { scale, validateArgs } = HALF_CAUCHY.take(args, new.target.name);
    super(new Cauchy(0, scale, false), new AbsTransform(), validateArgs);
    if (this.validates) new Cauchy(0, scale);
  } // prettier-ignore

  /** Scale of each element. Shape: `batchShape`. */
  get scale(): Tensor {
    return this.baseDist.scale;
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { scale: positive };
  }
  override get support(): Constraint {
    return nonnegative;
  }
  override get mean(): Tensor {
    return this.everywhere(Infinity);
  }
  override get mode(): Tensor {
    return zerosLike(this.scale);
  }
  override get variance(): Tensor {
    return this.baseDist.variance;
  }
  protected override logDensity(value: Tensor): Tensor {
    return this.baseDist.logProb(value).add(Math.LN2);
  }
  protected override cumulative(value: Tensor): Tensor {
    return this.baseDist.cdf(value).mul(2).sub(1);
  }
  protected override quantile(value: Tensor): Tensor {
    return this.baseDist.icdf(value.add(1).div(2));
  }
  protected override entropyOf(): Tensor {
    return this.baseDist.entropy().sub(Math.LN2);
  }
}

/** A distribution of transformed draws that keeps its own parameters, too. */
abstract class WithParameters extends TransformedDistribution {
  protected override expanded(batchShape: Shape): this {
    const given = Object.entries<Tensor>(this.given).map(([name, x]) => [name, x.expand([...batchShape])]);
    const { baseDist } = super.expanded(batchShape);
    return this.like({ baseDist, given: Object.fromEntries(given) as Record<string, Tensor> }, batchShape);
  }
  protected override get made(): Pick<Tensor, 'dtype' | 'device'> {
    const [{ dtype, device }] = Object.values(this.given);
    return { dtype, device };
  }
}

/** Names of the arguments of `Pareto`. */
export interface ParetoOptions {
  scale: Operand;
  alpha: Operand;
  validateArgs?: boolean | null;
}
const PARETO = signature('Pareto', [argument('scale', OPERAND), argument('alpha', OPERAND), VALIDATE]);

/** The density alpha scale^alpha / x^(alpha + 1) from `scale` on. @see torch.distributions.Pareto */
export class Pareto extends WithParameters {
  static override readonly name: string = 'Pareto';

  constructor(
    ...args: Arguments<
      [scale: Operand, alpha: Operand],
      [validateArgs?: boolean | null],
      ParetoOptions,
      [scale: Operand, options: Omit<ParetoOptions, 'scale'>]
    >
  ) {
    const { scale, alpha, validateArgs } = PARETO.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { scale, alpha });
    const base = new Exponential(given.alpha, validateArgs);
    super(base, [new ExpTransform(), new AffineTransform(0, given.scale)], validateArgs);
    this.given = given;
    if (this.validates) this.given = this.checkedParameters();
  }

  /** The least value. Shape: `batchShape`. */
  get scale(): Tensor {
    return this.given.scale;
  }
  /** The power of the tail. Shape: `batchShape`. */
  get alpha(): Tensor {
    return this.given.alpha;
  }
  /** What each parameter must be. */
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { alpha: positive, scale: positive };
  }
  /** What values are possible. */
  override get support(): Constraint {
    return greaterThanEq(this.scale);
  }
  /** Infinite where alpha is at most 1. */
  override get mean(): Tensor {
    const a = this.alpha.clamp(1);
    return a.mul(this.scale).div(a.sub(1));
  }
  override get mode(): Tensor {
    return this.scale;
  }
  /** Infinite where alpha is at most 2. */
  override get variance(): Tensor {
    const a = this.alpha.clamp(2);
    return this.scale
      .square()
      .mul(a)
      .div(a.sub(1).square().mul(a.sub(2)));
  }
  protected override entropyOf(): Tensor {
    return this.scale.div(this.alpha).log().add(this.alpha.reciprocal().add(1));
  }
}

/** Names of the arguments of `Weibull`. */
export interface WeibullOptions {
  scale: Operand;
  concentration: Operand;
  validateArgs?: boolean | null;
}
const WEIBULL = signature('Weibull', [argument('scale', OPERAND), argument('concentration', OPERAND), VALIDATE]);

/** scale e^(1 / concentration) of exponential e of rate 1. @see torch.distributions.Weibull */
export class Weibull extends WithParameters {
  static override readonly name: string = 'Weibull';

  constructor(
    ...args: Arguments<
      [scale: Operand, concentration: Operand],
      [validateArgs?: boolean | null],
      WeibullOptions,
      [scale: Operand, options: Omit<WeibullOptions, 'scale'>]
    >
  ) {
    const { scale, concentration, validateArgs } = WEIBULL.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { scale, concentration });
    const base = new Exponential(onesLike(given.scale), validateArgs);
    const chain = [new PowerTransform(given.concentration.reciprocal()), new AffineTransform(0, given.scale)];
    super(base, chain, validateArgs);
    this.given = given;
    if (this.validates) this.given = this.checkedParameters();
  }

  /** Scale of each element. Shape: `batchShape`. */
  get scale(): Tensor {
    return this.given.scale;
  }
  /** The power of the tail's exponent. Shape: `batchShape`. */
  get concentration(): Tensor {
    return this.given.concentration;
  }
  /** What each parameter must be. */
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { scale: positive, concentration: positive };
  }
  /** What values are possible. */
  override get support(): Constraint {
    return nonnegative;
  }
  override get mean(): Tensor {
    return this.scale.mul(this.power(1).lgamma().exp());
  }
  override get mode(): Tensor {
    const { concentration } = this;
    return this.scale.mul(concentration.sub(1).div(concentration).pow(concentration.reciprocal()));
  }
  override get variance(): Tensor {
    return this.scale.square().mul(this.power(2).lgamma().exp().sub(this.power(1).lgamma().mul(2).exp()));
  }
  protected override entropyOf(): Tensor {
    const inverse = this.concentration.reciprocal();
    return inverse.neg().add(1).mul(EULER).add(this.scale.mul(inverse).log()).add(1);
  }
  /** 1 + n / concentration. */
  private power(n: number): Tensor {
    return this.concentration.reciprocal().mul(n).add(1);
  }
}

/** Names of the arguments of `Kumaraswamy`. */
export interface KumaraswamyOptions {
  concentration1: Operand;
  concentration0: Operand;
  validateArgs?: boolean | null;
}
const KUMARASWAMY = signature('Kumaraswamy', [
  argument('concentration1', OPERAND), argument('concentration0', OPERAND), VALIDATE,
]); // prettier-ignore

/** The density a b x^(a - 1) (1 - x^a)^(b - 1) on [0, 1]: like Beta's, with a closed form. @see torch.distributions.Kumaraswamy */
export class Kumaraswamy extends WithParameters {
  static override readonly name: string = 'Kumaraswamy';

  constructor(
    ...args: Arguments<
      [concentration1: Operand, concentration0: Operand],
      [validateArgs?: boolean | null],
      KumaraswamyOptions,
      [concentration1: Operand, options: Omit<KumaraswamyOptions, 'concentration1'>]
    >
  ) {
    const { concentration1, concentration0, validateArgs } = KUMARASWAMY.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { concentration1, concentration0 });
    const [a, b] = [given.concentration1, given.concentration0];
    const base = new Uniform(zerosLike(b), fullLike(b, 1), validateArgs);
    const chain = [new PowerTransform(b.reciprocal()), new AffineTransform(1, -1), new PowerTransform(a.reciprocal())];
    super(base, chain, validateArgs);
    this.given = given;
    if (this.validates) this.given = this.checkedParameters();
  }

  /** a. Shape: `batchShape`. */
  get concentration1(): Tensor {
    return this.given.concentration1;
  }
  /** b. Shape: `batchShape`. */
  get concentration0(): Tensor {
    return this.given.concentration0;
  }
  /** What each parameter must be. */
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { concentration1: positive, concentration0: positive };
  }
  /** What values are possible. */
  override get support(): Constraint {
    return unitInterval;
  }
  override get mean(): Tensor {
    return this.moment(1);
  }
  /** NaN where there is none, or more than one. */
  override get mode(): Tensor {
    const [a, b] = [this.concentration1, this.concentration0];
    const logarithm = b.reciprocal().mul(b.neg().log1p()).sub(a.mul(b).neg().log1p());
    return logarithm.maskedFill(b.lt(1).logicalOr(a.lt(1)), NaN).exp();
  }
  override get variance(): Tensor {
    return this.moment(2).sub(this.mean.square());
  }
  protected override entropyOf(): Tensor {
    const [a, b] = [this.concentration1, this.concentration0];
    const harmonic = b.add(1).digamma().add(EULER);
    const [ofA, ofB] = [a, b].map((x) => x.reciprocal().neg().add(1));
    return ofB.add(ofA.mul(harmonic)).sub(a.log()).sub(b.log());
  }
  /** The mean of x^n. */
  private moment(n: number): Tensor {
    const [a, b] = [this.concentration1, this.concentration0];
    const first = a.reciprocal().mul(n).add(1);
    return b.mul(first.lgamma().add(b.lgamma()).sub(first.add(b).lgamma()).exp());
  }
}
