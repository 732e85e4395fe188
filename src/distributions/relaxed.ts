// Continuous stand-ins for distributions of categories, with gradients: RelaxedBernoulli, RelaxedOneHotCategorical.
import { ValueError } from '../base/errors';
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { TENSOR } from '../core/kinds';
import { either, NUMBER } from '../base/kinds';
import type { Operand } from '../core/pointwise';
import { Tensor } from '../core/tensor';
import { rand } from '../ops/random/random';
import { tensor } from '../ops/shape/creation';
import { OfProbability, oneOfTwo, PROBS_OR_LOGITS } from './bernoulli';
import { CATEGORIES, normalized, OfCategories } from './categorical';
import { real, realVector, simplex, unitInterval, VALIDATE, type Constraint } from './constraints';
import type { Distribution } from './distribution';
import { broadcastAll } from './parameters';
import { TransformedDistribution } from './transformed';
import { ExpTransform, SigmoidTransform } from './transforms';

/** Names of the arguments: one of probs and logits. */
export interface RelaxedOptions<P> {
  /** Above 0: the lower, the closer to categories. */
  temperature: Tensor | number;
  probs?: P | null;
  logits?: P | null;
  validateArgs?: boolean | null;
}
type RelaxedArguments<P> = Arguments<
  [temperature: Tensor | number],
  [probs?: P | null, logits?: P | null, validateArgs?: boolean | null],
  RelaxedOptions<P>
>;
const TEMPERATURE = argument('temperature', either(TENSOR, NUMBER));

/** @throws ValueError for a number that is not above 0 */
function temperatureAs(op: string, given: Tensor | number, like: Tensor): Tensor {
  if (given instanceof Tensor) return given;
  if (!(given > 0)) throw new ValueError(op, `temperature must be above 0, got ${given}.`);
  return tensor(given, { dtype: like.dtype, device: like.device });
}

/** Uniform numbers off 0 and 1. */
const drawsInside = (shape: Shape, { dtype, device }: Pick<Tensor, 'dtype' | 'device'>): Tensor =>
  rand(shape, { dtype, device }).clamp(finfo(dtype).eps, 1 - finfo(dtype).eps);

const LOGIT = signature('LogitRelaxedBernoulli', [TEMPERATURE, ...PROBS_OR_LOGITS, VALIDATE]);

/** The logit of a RelaxedBernoulli. @see torch.distributions.relaxed_bernoulli.LogitRelaxedBernoulli */
export class LogitRelaxedBernoulli extends OfProbability {
  static override readonly name: string = 'LogitRelaxedBernoulli';

  readonly temperature: Tensor;

  constructor(...args: RelaxedArguments<Operand>) {
    const op = new.target.name;
    const { temperature, probs, logits, validateArgs } = LOGIT.take(args, op);
    const given = broadcastAll(op, oneOfTwo(op, probs, logits));
    const [param] = Object.values<Tensor>(given);
    super({ given, batchShape: param.shape, validateArgs });
    this.temperature = temperatureAs(op, temperature, param);
  }
  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  protected override draw(sampleShape: Shape): Tensor {
    const u = drawsInside(this.extended(sampleShape), this.made);
    const { eps } = finfo(this.made.dtype);
    const probs = this.probs.clamp(eps, 1 - eps);
    return u.log().sub(u.neg().log1p()).add(probs.log()).sub(probs.neg().log1p()).div(this.temperature);
  }
  protected override logDensity(value: Tensor): Tensor {
    const difference = this.logits.sub(value.mul(this.temperature));
    return this.temperature.log().add(difference).sub(difference.exp().log1p().mul(2));
  }
}

/** Numbers in (0, 1) near 0 and 1: Bernoulli made continuous. @see torch.distributions.RelaxedBernoulli */
export class RelaxedBernoulli extends TransformedDistribution {
  static override readonly name: string = 'RelaxedBernoulli';

  declare readonly baseDist: LogitRelaxedBernoulli;

  constructor(...args: RelaxedArguments<Operand>) {
    const { temperature, probs, logits, validateArgs } = LOGIT.take(args, new.target.name);
    super(new LogitRelaxedBernoulli(temperature, probs, logits, validateArgs), new SigmoidTransform(), validateArgs);
  }
  /** How soft samples are: near 0 they are nearly those of the discrete distribution. */
  get temperature(): Tensor {
    return this.baseDist.temperature;
  }
  /** Probabilities; from the logits, if those were given. */
  get probs(): Tensor {
    return this.baseDist.probs;
  }
  /** Logarithms of the odds, or of the probabilities of classes; from the probabilities, if those were given. */
  get logits(): Tensor {
    return this.baseDist.logits;
  }
  override get support(): Constraint {
    return unitInterval;
  }
  protected override get made(): Pick<Tensor, 'dtype' | 'device'> {
    const { dtype, device } = this.temperature;
    return { dtype, device };
  }
}

const ONE_HOT = signature('RelaxedOneHotCategorical', [TEMPERATURE, ...CATEGORIES, VALIDATE]);

/** The logarithm of a RelaxedOneHotCategorical. */
export class ExpRelaxedCategorical extends OfCategories {
  static override readonly name: string = 'ExpRelaxedCategorical';

  readonly temperature: Tensor;

  constructor(...args: RelaxedArguments<Tensor>) {
    const op = new.target.name;
    const { temperature, probs, logits, validateArgs } = ONE_HOT.take(args, op);
    const given = normalized(op, probs, logits);
    const [param] = Object.values<Tensor>(given);
    super({ given, batchShape: param.shape.slice(0, -1), eventShape: param.shape.slice(-1), validateArgs });
    this.temperature = temperatureAs(op, temperature, param);
  }
  override get support(): Constraint {
    // Of vectors whose exponentials add up to 1.
    return realVector;
  }
  override get hasRsample(): boolean {
    return true;
  }
  protected override draw(sampleShape: Shape): Tensor {
    const gumbels = drawsInside(this.extended(sampleShape), this.made).log().neg().log().neg();
    const scores = this.logits.add(gumbels).div(this.temperature);
    return scores.sub(scores.logsumexp(-1, true));
  }
  protected override logDensity(value: Tensor): Tensor {
    const n = this.categories;
    let logFactorial = 0;
    for (let i = 2; i < n; i++) logFactorial += Math.log(i);
    const score = this.logits.sub(value.mul(this.temperature));
    const whole = score.sub(score.logsumexp(-1, true)).sum(-1);
    return whole.add(this.temperature.log().mul(n - 1).add(logFactorial)); // prettier-ignore
  }
}

/** Vectors of positive numbers that add up to 1, near a corner: OneHotCategorical made continuous. @see torch.distributions.RelaxedOneHotCategorical */
export class RelaxedOneHotCategorical extends TransformedDistribution {
  static override readonly name: string = 'RelaxedOneHotCategorical';

  declare readonly baseDist: ExpRelaxedCategorical & Distribution;

  constructor(...args: RelaxedArguments<Tensor>) {
    const { temperature, probs, logits, validateArgs } = ONE_HOT.take(args, new.target.name);
    super(new ExpRelaxedCategorical(temperature, probs, logits, validateArgs), new ExpTransform(), validateArgs);
  }
  /** How soft samples are: near 0 they are nearly those of the discrete distribution. */
  get temperature(): Tensor {
    return this.baseDist.temperature;
  }
  /** Probabilities; from the logits, if those were given. */
  get probs(): Tensor {
    return this.baseDist.probs;
  }
  /** Logarithms of the odds, or of the probabilities of classes; from the probabilities, if those were given. */
  get logits(): Tensor {
    return this.baseDist.logits;
  }
  override get support(): Constraint {
    return simplex;
  }
  protected override get made(): Pick<Tensor, 'dtype' | 'device'> {
    const { dtype, device } = this.temperature;
    return { dtype, device };
  }
}
