// Distributions of transformed draws: LogNormal, HalfNormal, Gumbel, and any made of a base and transforms.
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import { ShapeError } from '../base/errors';
import { formatShape, sameShape, type Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { fullLike } from '../ops/shape/creation';
import { independent, nonnegative, positive, real, VALIDATE, type Constraint } from './constraints';
import { Distribution } from './distribution';
import { DISTRIBUTION, Independent, sumRightmost } from './independent';
import { LOCATION_SCALE, Normal, type LocationScaleArguments } from './locationScale';
import { broadcastAll } from './parameters';
import { ComposeTransform, TRANSFORMS, type Transform } from './transform';
import { AbsTransform, AffineTransform, ExpTransform } from './transforms';
import { Uniform } from './uniform';

/** Names of the arguments. */
export interface TransformedOptions {
  baseDistribution: Distribution;
  transforms: Transform | readonly Transform[];
  validateArgs?: boolean | null;
}
type TransformedArguments = Arguments<
  [baseDistribution: Distribution, transforms: Transform | readonly Transform[]],
  [validateArgs?: boolean | null],
  TransformedOptions,
  [baseDistribution: Distribution, options: Omit<TransformedOptions, 'baseDistribution'>]
>;
const TRANSFORMED = signature('TransformedDistribution', [
  argument('baseDistribution', DISTRIBUTION), argument('transforms', TRANSFORMS), VALIDATE,
]); // prettier-ignore

/** The base as wide as the transforms make it, and the shapes of the result. */
function fitted(op: string, base: Distribution, transform: ComposeTransform): { base: Distribution; shape: Shape; eventDim: number } {
  const baseShape = [...base.batchShape, ...base.eventShape];
  const eventDims = base.eventShape.length;
  const domainDims = transform.domain.eventDim;
  if (baseShape.length < domainDims) {
    throw new ShapeError(op, `the base must have at least the ${domainDims} dimensions that the transforms take, got ${formatShape(baseShape)}.`);
  }
  const shape = transform.forwardShape(baseShape);
  const wide = transform.inverseShape(shape);
  const expanded = sameShape(wide, baseShape) ? base : base.expand(wide.slice(0, wide.length - eventDims));
  const more = domainDims - eventDims;
  return {
    base: more > 0 ? new Independent(expanded, more) : expanded,
    shape,
    eventDim: transform.codomain.eventDim + Math.max(-more, 0),
  };
} // prettier-ignore

/** Draws of a base distribution that went through transforms. @see torch.distributions.TransformedDistribution */
export class TransformedDistribution extends Distribution {
  static override readonly name: string = 'TransformedDistribution';

  readonly baseDist: Distribution;
  readonly transforms: readonly Transform[];

  /** @throws ShapeError if the base has too few dimensions */
  constructor(...args: TransformedArguments) {
    const { baseDistribution, transforms: chain, validateArgs } = TRANSFORMED.take(args, new.target.name);
    const transforms = Array.isArray(chain) ? (chain as readonly Transform[]) : [chain as Transform];
    const { base, shape, eventDim } = fitted(new.target.name, baseDistribution, new ComposeTransform(transforms));
    const cut = shape.length - eventDim;
    super({ given: {}, batchShape: shape.slice(0, cut), eventShape: shape.slice(cut), validateArgs });
    this.baseDist = base;
    this.transforms = transforms;
  }

  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return {};
  }
  override get support(): Constraint {
    if (this.transforms.length === 0) return this.baseDist.support;
    const { codomain } = this.transforms[this.transforms.length - 1];
    const more = this.eventShape.length - codomain.eventDim;
    return more > 0 ? independent(codomain, more) : codomain;
  }
  override get hasRsample(): boolean {
    return this.baseDist.hasRsample;
  }
  protected override get made(): Pick<Tensor, 'dtype' | 'device'> {
    const { dtype, device } = this.baseDist.mean;
    return { dtype, device };
  }
  protected override draw(sampleShape: Shape): Tensor {
    const { baseDist } = this;
    const x = this.hasRsample ? baseDist.rsample([...sampleShape]) : baseDist.sample([...sampleShape]);
    return this.transforms.reduce((value, transform) => transform(value), x);
  }
  protected override logDensity(value: Tensor): Tensor {
    let [y, sum, eventDim] = [value, null as Tensor | null, this.eventShape.length];
    for (const transform of [...this.transforms].reverse()) {
      const x = transform.inv(y);
      eventDim += transform.domain.eventDim - transform.codomain.eventDim;
      const term = sumRightmost(transform.logAbsDetJacobian(x, y), eventDim - transform.domain.eventDim);
      sum = sum === null ? term.neg() : sum.sub(term);
      y = x;
    }
    const base = sumRightmost(this.baseDist.logProb(y), eventDim - this.baseDist.eventShape.length);
    return sum === null ? base : sum.add(base);
  }

  /** 1 - p where the transforms turn the order round. */
  private turned(probability: Tensor): Tensor {
    const sign = new ComposeTransform(this.transforms).sign;
    return sign === 1 ? probability : probability.sub(0.5).mul(sign).add(0.5);
  }
  protected override cumulative(value: Tensor): Tensor {
    const x = this.transforms.reduceRight((y, transform) => transform.inv(y), value);
    return this.turned(this.baseDist.cdf(x));
  }
  protected override quantile(value: Tensor): Tensor {
    return this.transforms.reduce((x, transform) => transform(x), this.baseDist.icdf(this.turned(value)));
  }
  protected override expanded(batchShape: Shape): this {
    const shape = new ComposeTransform(this.transforms).inverseShape([...batchShape, ...this.eventShape]);
    const base = this.baseDist.expand(shape.slice(0, shape.length - this.baseDist.eventShape.length));
    return this.like({ baseDist: base }, batchShape);
  }
}

const TAKES = signature('LogNormal', LOCATION_SCALE);

/** e^x of normal x. @see torch.distributions.LogNormal */
export class LogNormal extends TransformedDistribution {
  static override readonly name: string = 'LogNormal';

  declare readonly baseDist: Normal;

  constructor(...args: LocationScaleArguments) {
    const { loc, scale, validateArgs } = TAKES.take(args, new.target.name);
    super(new Normal(loc, scale, validateArgs), new ExpTransform(), validateArgs);
  }
  /** Location of each element. Shape: `batchShape`. */
  get loc(): Tensor {
    return this.baseDist.loc;
  }
  /** Scale of each element. Shape: `batchShape`. */
  get scale(): Tensor {
    return this.baseDist.scale;
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { loc: real, scale: positive };
  }
  override get mean(): Tensor {
    return this.scale.square().div(2).add(this.loc).exp();
  }
  override get mode(): Tensor {
    return this.loc.sub(this.scale.square()).exp();
  }
  override get variance(): Tensor {
    const square = this.scale.square();
    return square.expm1().mul(this.loc.mul(2).add(square).exp());
  }
  protected override entropyOf(): Tensor {
    return this.baseDist.entropy().add(this.loc);
  }
}

const HALF_NORMAL = signature('HalfNormal', [argument('scale', OPERAND), VALIDATE]);

/** |x| of normal x of mean 0. @see torch.distributions.HalfNormal */
export class HalfNormal extends TransformedDistribution {
  static override readonly name: string = 'HalfNormal';

  declare readonly baseDist: Normal;

  constructor(
    ...args: Arguments<[scale: Operand], [validateArgs?: boolean | null], { scale: Operand; validateArgs?: boolean | null }>
  ) {
    const { scale, validateArgs } = HALF_NORMAL.take(args, new.target.name);
    super(new Normal(0, scale, false), new AbsTransform(), validateArgs);
    if (this.validates) new Normal(0, scale);
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
    return this.scale.mul(Math.sqrt(2 / Math.PI));
  }
  override get mode(): Tensor {
    return this.scale.mul(0);
  }
  override get variance(): Tensor {
    return this.scale.square().mul(1 - 2 / Math.PI);
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

/** Euler's constant. */
export const EULER = 0.5772156649015329;
const GUMBEL = signature('Gumbel', LOCATION_SCALE);

/** The distribution of the greatest of many: exp(-z - e^-z) / scale with z = (x - loc) / scale. @see torch.distributions.Gumbel */
export class Gumbel extends TransformedDistribution {
  static override readonly name: string = 'Gumbel';

  constructor(...args: LocationScaleArguments) {
    const { loc, scale, validateArgs } = GUMBEL.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { loc, scale });
    const { tiny, eps } = finfo(given.loc.dtype);
    const base = new Uniform(fullLike(given.loc, tiny), fullLike(given.loc, 1 - eps), false);
    const logarithm = new ExpTransform().inv;
    const chain = [logarithm, new AffineTransform(0, -1), logarithm, new AffineTransform(given.loc, given.scale.neg())];
    super(base, chain, validateArgs);
    this.given = given;
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
    return { loc: real, scale: positive };
  }
  override get support(): Constraint {
    return real;
  }
  override get mean(): Tensor {
    return this.scale.mul(EULER).add(this.loc);
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get stddev(): Tensor {
    return this.scale.mul(Math.PI / Math.sqrt(6));
  }
  override get variance(): Tensor {
    return this.stddev.square();
  }
  protected override logDensity(value: Tensor): Tensor {
    const y = this.loc.sub(value).div(this.scale);
    return y.sub(y.exp()).sub(this.scale.log());
  }
  protected override entropyOf(): Tensor {
    return this.scale.log().add(1 + EULER);
  }
}
