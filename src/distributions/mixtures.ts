// Mixtures: of Poisson distributions (NegativeBinomial), and of the components of any batch (MixtureSameFamily).
import type { Arguments } from '../base/arguments';
import { ShapeError } from '../base/errors';
import { instanceOf } from '../base/kinds';
import { formatShape, type Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { logsigmoid } from '../ops/pointwise/activation';
import { poisson } from '../ops/random/counts';
import { OfProbability, oneOfTwo, PROBS_OR_LOGITS, type BernoulliOptions } from './bernoulli';
import { Categorical } from './categorical';
import { halfOpenInterval, nonnegative, nonnegativeInteger, real, VALIDATE, type Constraint } from './constraints';
import { Distribution } from './distribution';
import { Gamma } from './gamma';
import { DISTRIBUTION } from './independent';
import { broadcastAll } from './parameters';

/** Names of the arguments of `NegativeBinomial`. */
export interface NegativeBinomialOptions extends BernoulliOptions {
  totalCount: Operand;
}
const NEGATIVE_BINOMIAL = signature('NegativeBinomial', [
  argument('totalCount', OPERAND),
  ...PROBS_OR_LOGITS,
  VALIDATE,
]);

/**
 * Successes of probability `probs` before `totalCount` failures, which may be any number from 0 on.
 * @see torch.distributions.NegativeBinomial
 */
export class NegativeBinomial extends OfProbability<'totalCount'> {
  static override readonly name: string = 'NegativeBinomial';

  constructor(
    ...args: Arguments<
      [totalCount: Operand],
      [probs?: Operand | null, logits?: Operand | null, validateArgs?: boolean | null],
      NegativeBinomialOptions
    >
  ) {
    const op = new.target.name;
    const { totalCount, probs, logits, validateArgs } = NEGATIVE_BINOMIAL.take(args, op);
    const given = broadcastAll(op, { totalCount, ...oneOfTwo(op, probs, logits) });
    super({ given, batchShape: given.totalCount.shape, validateArgs });
  }

  /** Failures at which counting ends. Shape: `batchShape`. */
  get totalCount(): Tensor {
    return this.given.totalCount;
  }
  /** What each parameter must be. */
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { totalCount: nonnegative, probs: halfOpenInterval(0, 1), logits: real };
  }
  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override get mean(): Tensor {
    return this.totalCount.mul(this.logits.exp());
  }
  override get mode(): Tensor {
    return this.totalCount.sub(1).mul(this.logits.exp()).floor().clamp(0);
  }
  override get variance(): Tensor {
    return this.mean.div(this.logits.neg().sigmoid());
  }
  protected override draw(sampleShape: Shape): Tensor {
    const rates = new Gamma(this.totalCount.detach(), this.logits.detach().neg().exp(), false);
    return poisson(rates.sample([...sampleShape]));
  }
  protected override logDensity(value: Tensor): Tensor {
    const { totalCount, logits } = this;
    const all = totalCount.add(value);
    const powers = totalCount.mul(logsigmoid(logits.neg())).add(value.mul(logsigmoid(logits)));
    const ways = all.lgamma().neg().add(value.add(1).lgamma()).add(totalCount.lgamma());
    return powers.sub(ways.maskedFill(all.eq(0), 0));
  }
}

/** Names of the arguments of `MixtureSameFamily`. */
export interface MixtureSameFamilyOptions {
  mixtureDistribution: Categorical;
  componentDistribution: Distribution;
  validateArgs?: boolean | null;
}
const MIXTURE = signature('MixtureSameFamily', [
  argument('mixtureDistribution', instanceOf('a Categorical', Categorical)),
  argument('componentDistribution', DISTRIBUTION),
  VALIDATE,
]);

/**
 * Draws of one of the components, which are the last dimension of a batch: which one is drawn from `mixtureDistribution`.
 * @example new MixtureSameFamily(new Categorical({ probs: ones(3) }), new Normal(randn(3), 1))
 * @throws ShapeError unless both have the same number of components, and their batches broadcast
 * @see torch.distributions.MixtureSameFamily
 */
export class MixtureSameFamily extends Distribution<never> {
  static override readonly name: string = 'MixtureSameFamily';

  constructor(
    ...args: Arguments<
      [mixtureDistribution: Categorical, componentDistribution: Distribution],
      [validateArgs?: boolean | null],
      MixtureSameFamilyOptions,
      [mixtureDistribution: Categorical, options: Omit<MixtureSameFamilyOptions, 'mixtureDistribution'>]
    >
  ) {
    const op = new.target.name;
    const { mixtureDistribution: mixture, componentDistribution: component, validateArgs } = MIXTURE.take(args, op);
    const { batchShape, eventShape } = component;
    const batch = batchShape.slice(0, -1);
    const count = mixture.logits.shape.at(-1);
    const fits = mixture.batchShape.every((size, i) => size === 1 || size === batch[i + batch.length - mixture.batchShape.length]);
    if (batchShape.length === 0 || batchShape.at(-1) !== count || !fits) {
      throw new ShapeError(
        op,
        `the batch of the components must be that of the mixture with its ${count} components, got ${formatShape(batchShape)} for ${formatShape(mixture.batchShape)}.`,
        { shapes: [batchShape, mixture.batchShape] },
      );
    }
    super({ given: {}, batchShape: batch, eventShape, validateArgs });
    this.mixtureDistribution = mixture;
    this.componentDistribution = component;
  } // prettier-ignore

  /** Which component is drawn. */
  readonly mixtureDistribution: Categorical;
  /** The components, along the last dimension of its batch. */
  readonly componentDistribution: Distribution;

  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return {};
  }
  override get support(): Constraint {
    return this.componentDistribution.support;
  }
  override get mean(): Tensor {
    return this.averaged(this.componentDistribution.mean);
  }
  override get variance(): Tensor {
    const { mean, variance } = this.componentDistribution;
    const distance = mean.sub(this.mean.unsqueeze(this.along));
    return this.averaged(variance).add(this.averaged(distance.square()));
  }
  protected override get made(): Pick<Tensor, 'dtype' | 'device'> {
    const { dtype, device } = this.mixtureDistribution.logits;
    return { dtype, device };
  }
  /** The dimension of the components, from behind. */
  private get along(): number {
    return -1 - this.eventShape.length;
  }
  /** The mean over components of what each has. */
  private averaged(x: Tensor): Tensor {
    const { probs } = this.mixtureDistribution;
    return x.mul(this.apart(probs)).sum(this.along);
  }
  /** With a dimension of 1 for each of the event. */
  private apart(x: Tensor): Tensor {
    return x.view([...x.shape, ...this.eventShape.map(() => 1)]);
  }

  /** A value is checked against all components at once: their batch has one dimension more. */
  protected override ofValue(op: string, given: Operand, f: (value: Tensor) => Tensor): Tensor {
    const value = this.valueOf_(given);
    if (this.validates) this.checkValue(op, value);
    return f(value);
  }
  protected override draw(sampleShape: Shape): Tensor {
    const chosen = this.mixtureDistribution.expand([...this.batchShape]).sample([...sampleShape]);
    const all = this.componentDistribution.sample([...sampleShape]);
    const index = this.apart(chosen.unsqueeze(-1)).expand([...sampleShape, ...this.batchShape, 1, ...this.eventShape]);
    return all.gather(this.along, index).squeeze(this.along);
  }
  protected override logDensity(value: Tensor): Tensor {
    const ofEach = this.componentDistribution.logProb(value.unsqueeze(this.along));
    return ofEach.add(this.mixtureDistribution.logits.logSoftmax(-1)).logsumexp(-1);
  }
  protected override cumulative(value: Tensor): Tensor {
    const ofEach = this.componentDistribution.cdf(value.unsqueeze(this.along));
    return ofEach.mul(this.mixtureDistribution.probs).sum(-1);
  }
  protected override expanded(batchShape: Shape): this {
    const count = this.componentDistribution.batchShape.at(-1) ?? 1;
    const fields = {
      mixtureDistribution: this.mixtureDistribution.expand([...batchShape]),
      componentDistribution: this.componentDistribution.expand([...batchShape, count]),
    };
    return this.like(fields, batchShape);
  }
  override toString(): string {
    return `MixtureSameFamily(${String(this.mixtureDistribution)}, ${String(this.componentDistribution)})`;
  }
  override async repr(): Promise<string> {
    const parts = [this.mixtureDistribution, this.componentDistribution].map((part) => part.repr());
    return `MixtureSameFamily(\n  ${(await Promise.all(parts)).join(',\n  ')})`;
  }
}
