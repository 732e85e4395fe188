// The gamma distribution and those that are made of it: Chi2, Beta, Dirichlet, StudentT. The gradients of their samples are
// those of the gamma draws.
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import { ShapeError } from '../base/errors';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { OPERAND, TENSOR } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { standardGamma } from '../ops/random/gamma';
import { randn } from '../ops/random/random';
import { igamma } from '../ops/pointwise/gamma';
import { where } from '../ops/pointwise/compare';
import { stack } from '../ops/shape/cat';
import { arange } from '../ops/shape/creation';
import {
  independent,
  nonnegative,
  positive,
  real,
  simplex,
  unitInterval,
  VALIDATE,
  type Constraint,
} from './constraints';
import { Distribution } from './distribution';
import { asTensors, broadcastAll } from './parameters';

/** Names of the arguments. */
export interface GammaOptions {
  concentration: Operand;
  rate: Operand;
  validateArgs?: boolean | null;
}
const GAMMA = signature('Gamma', [argument('concentration', OPERAND), argument('rate', OPERAND), VALIDATE]);

/** The density rate^c x^(c - 1) exp(-rate x) / Γ(c), with c the concentration. @see torch.distributions.Gamma */
export class Gamma extends Distribution<'concentration' | 'rate'> {
  static override readonly name: string = 'Gamma';

  constructor(
    ...args: Arguments<
      [concentration: Operand, rate: Operand],
      [validateArgs?: boolean | null],
      GammaOptions,
      [concentration: Operand, options: Omit<GammaOptions, 'concentration'>]
    >
  ) {
    const { concentration, rate, validateArgs } = GAMMA.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { concentration, rate });
    super({ given, batchShape: given.rate.shape, validateArgs });
  }

  /** Concentration, often α. Shape: `batchShape`, for a Dirichlet with its classes behind. */
  get concentration(): Tensor {
    return this.given.concentration;
  }
  /** Rate, the inverse of the scale. Shape: `batchShape`. */
  get rate(): Tensor {
    return this.given.rate;
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { concentration: positive, rate: positive };
  }
  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.concentration.div(this.rate);
  }
  override get mode(): Tensor {
    return this.concentration.sub(1).div(this.rate).clampMin(0);
  }
  override get variance(): Tensor {
    return this.concentration.div(this.rate.square());
  }
  protected override draw(sampleShape: Shape): Tensor {
    return standardGamma(this.concentration.expand(this.extended(sampleShape))).div(this.rate);
  }
  protected override logDensity(value: Tensor): Tensor {
    const { concentration, rate } = this;
    const powers = concentration.xlogy(rate).add(concentration.sub(1).xlogy(value));
    return powers.sub(rate.mul(value)).sub(concentration.lgamma());
  }
  protected override cumulative(value: Tensor): Tensor {
    return igamma(this.concentration, this.rate.mul(value));
  }
  protected override entropyOf(): Tensor {
    const { concentration, rate } = this;
    const rest = concentration.neg().add(1).mul(concentration.digamma());
    return concentration.sub(rate.log()).add(concentration.lgamma()).add(rest);
  }
}

const CHI2 = signature('Chi2', [argument('df', OPERAND), VALIDATE]);

/** The sum of `df` squared standard normal numbers: Gamma(df / 2, ½). @see torch.distributions.Chi2 */
export class Chi2 extends Gamma {
  static override readonly name: string = 'Chi2';

  constructor(...args: Arguments<[df: Operand], [validateArgs?: boolean | null], { df: Operand; validateArgs?: boolean | null }>) {
    const { df, validateArgs } = CHI2.take(args, new.target.name);
    super(asTensors(new.target.name, { df }).df.mul(0.5), 0.5, validateArgs);
  } // prettier-ignore

  /** Degrees of freedom. Shape: `batchShape`. */
  get df(): Tensor {
    return this.concentration.mul(2);
  }
}

const DIRICHLET = signature('Dirichlet', [argument('concentration', TENSOR), VALIDATE]);

/** Vectors of numbers that add up to 1, of density ∏ x_i^(c_i - 1) / B(c). @see torch.distributions.Dirichlet */
export class Dirichlet extends Distribution<'concentration'> {
  static override readonly name: string = 'Dirichlet';

  constructor(
    ...args: Arguments<[concentration: Tensor], [validateArgs?: boolean | null], { concentration: Tensor; validateArgs?: boolean | null }>
  ) {
    const { concentration, validateArgs } = DIRICHLET.take(args, new.target.name);
    if (concentration.ndim < 1) {
      throw new ShapeError(new.target.name, 'concentration must have at least one dimension, got a tensor without.');
    }
    const { shape } = concentration;
    const given = asTensors(new.target.name, { concentration });
    super({ given, batchShape: shape.slice(0, -1), eventShape: shape.slice(-1), validateArgs });
  } // prettier-ignore

  /** Concentration, often α. Shape: `batchShape`, for a Dirichlet with its classes behind. */
  get concentration(): Tensor {
    return this.given.concentration;
  }
  private get total(): Tensor {
    return this.concentration.sum(-1, true);
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { concentration: independent(positive, 1) };
  }
  override get support(): Constraint {
    return simplex;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.concentration.div(this.total);
  }
  override get mode(): Tensor {
    const above = this.concentration.sub(1).clampMin(0);
    const mode = above.div(above.sum(-1, true));
    // Without an inner mode all corners are alike; PyTorch gives the first.
    const corner = arange(this.eventShape[0], { device: mode.device }).eq(0).to(mode.dtype);
    return where(this.concentration.lt(1).all(-1, true), corner, mode);
  }
  override get variance(): Tensor {
    const { concentration, total } = this;
    return concentration.mul(total.sub(concentration)).div(total.square().mul(total.add(1)));
  }
  protected override draw(sampleShape: Shape): Tensor {
    const parts = standardGamma(this.concentration.expand(this.extended(sampleShape)));
    return parts.div(parts.sum(-1, true));
  }
  protected override logDensity(value: Tensor): Tensor {
    const { concentration } = this;
    const constant = concentration.sum(-1).lgamma().sub(concentration.lgamma().sum(-1));
    return concentration.sub(1).xlogy(value).sum(-1).add(constant);
  }
  protected override entropyOf(): Tensor {
    const { concentration } = this;
    const n = this.eventShape[0];
    const total = concentration.sum(-1);
    const parts = concentration.sub(1).mul(concentration.digamma()).sum(-1);
    return concentration.lgamma().sum(-1).sub(total.lgamma()).sub(total.mul(-1).add(n).mul(total.digamma())).sub(parts);
  }
}

/** Names of the arguments. */
export interface BetaOptions {
  concentration1: Operand;
  concentration0: Operand;
  validateArgs?: boolean | null;
}
const BETA = signature('Beta', [argument('concentration1', OPERAND), argument('concentration0', OPERAND), VALIDATE]);

/** The density x^(a - 1) (1 - x)^(b - 1) / B(a, b), with a `concentration1` and b `concentration0`. @see torch.distributions.Beta */
export class Beta extends Distribution<'concentration1' | 'concentration0'> {
  static override readonly name: string = 'Beta';

  constructor(
    ...args: Arguments<
      [concentration1: Operand, concentration0: Operand],
      [validateArgs?: boolean | null],
      BetaOptions,
      [concentration1: Operand, options: Omit<BetaOptions, 'concentration1'>]
    >
  ) {
    const { concentration1, concentration0, validateArgs } = BETA.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { concentration1, concentration0 });
    super({ given, batchShape: given.concentration1.shape, validateArgs });
  }

  /** First concentration, α. Shape: `batchShape`. */
  get concentration1(): Tensor {
    return this.given.concentration1;
  }
  /** Second concentration, β. Shape: `batchShape`. */
  get concentration0(): Tensor {
    return this.given.concentration0;
  }
  /** The distribution of the two parts x and 1 - x. */
  private get parts(): Dirichlet {
    return new Dirichlet(stack([this.concentration1, this.concentration0], -1), false);
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { concentration1: positive, concentration0: positive };
  }
  override get support(): Constraint {
    return unitInterval;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.concentration1.div(this.concentration1.add(this.concentration0));
  }
  override get mode(): Tensor {
    return this.parts.mode.select(-1, 0);
  }
  override get variance(): Tensor {
    const total = this.concentration1.add(this.concentration0);
    return this.concentration1.mul(this.concentration0).div(total.square().mul(total.add(1)));
  }
  protected override draw(sampleShape: Shape): Tensor {
    return this.parts.rsample([...sampleShape]).select(-1, 0);
  }
  protected override logDensity(value: Tensor): Tensor {
    return this.parts.logProb(stack([value, value.neg().add(1)], -1));
  }
  protected override entropyOf(): Tensor {
    return this.parts.entropy();
  }
}

/** Names of the arguments. */
export interface StudentTOptions {
  df: Operand;
  loc?: Operand;
  scale?: Operand;
  validateArgs?: boolean | null;
}
const STUDENT_T = signature('StudentT', [
  argument('df', OPERAND), argument('loc', OPERAND, 0), argument('scale', OPERAND, 1), VALIDATE,
]); // prettier-ignore

/** Student's distribution of `df` degrees of freedom. @see torch.distributions.StudentT */
export class StudentT extends Distribution<'df' | 'loc' | 'scale'> {
  static override readonly name: string = 'StudentT';

  constructor(
    ...args: Arguments<[df: Operand], [loc?: Operand, scale?: Operand, validateArgs?: boolean | null], StudentTOptions>
  ) {
    const { df, loc, scale, validateArgs } = STUDENT_T.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { df, loc, scale });
    super({ given, batchShape: given.df.shape, validateArgs });
  }

  /** Degrees of freedom. Shape: `batchShape`. */
  get df(): Tensor {
    return this.given.df;
  }
  /** Location of each element. Shape: `batchShape`. */
  get loc(): Tensor {
    return this.given.loc;
  }
  /** Scale of each element. Shape: `batchShape`. */
  get scale(): Tensor {
    return this.given.scale;
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { df: positive, loc: real, scale: positive };
  }
  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.loc.maskedFill(this.df.le(1), NaN);
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get variance(): Tensor {
    const { df } = this;
    const finite = this.scale.square().mul(df).div(df.sub(2));
    return where(df.gt(2), finite, finite.mul(0).add(Infinity)).maskedFill(df.le(1), NaN);
  }
  protected override draw(sampleShape: Shape): Tensor {
    const shape = this.extended(sampleShape);
    const normal = noGrad(() => randn(shape, this.made));
    const squares = standardGamma(this.df.mul(0.5).expand(shape)).mul(2);
    const t = normal.mul(squares.div(this.df).clampMin(finfo(this.made.dtype).tiny).rsqrt());
    return this.loc.add(this.scale.mul(t));
  }
  protected override logDensity(value: Tensor): Tensor {
    const { df, loc, scale } = this;
    const z = value.sub(loc).div(scale);
    const constant = scale.log().add(df.log().mul(0.5)).add(0.5 * Math.log(Math.PI)).add(df.mul(0.5).lgamma()).sub(df.add(1).mul(0.5).lgamma()); // prettier-ignore
    return df.add(1).mul(-0.5).mul(z.square().div(df).log1p()).sub(constant);
  }
  protected override entropyOf(): Tensor {
    const { df, scale } = this;
    const half = df.mul(0.5);
    const next = half.add(0.5);
    // log B(½, df / 2)
    const beta = half.lgamma().add(0.5 * Math.log(Math.PI)).sub(next.lgamma()); // prettier-ignore
    return scale
      .log()
      .add(next.mul(next.digamma().sub(half.digamma())))
      .add(df.log().mul(0.5))
      .add(beta);
  }
}
