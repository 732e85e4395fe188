// Distributions over categories: Categorical, OneHotCategorical, Multinomial.
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import { ShapeError } from '../base/errors';
import { COUNT, nullable } from '../base/kinds';
import { numelOf, type Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { TENSOR } from '../core/kinds';
import type { Tensor } from '../core/tensor';
import { multinomial } from '../ops/random/sampling';
import { arange, eye } from '../ops/shape/creation';
import { Binomial, oneOfTwo } from './bernoulli';
import { integerInterval, multinomial as countsOf, oneHot, realVector, simplex, VALIDATE, type Constraint } from './constraints'; // prettier-ignore
import { Distribution } from './distribution';
import { asTensors } from './parameters';

/** Names of the arguments: one of probs, which are divided by their sum, and logits. */
export interface CategoricalOptions {
  probs?: Tensor | null;
  logits?: Tensor | null;
  validateArgs?: boolean | null;
}
export type CategoricalArguments = Arguments<
  [],
  [probs?: Tensor | null, logits?: Tensor | null, validateArgs?: boolean | null],
  CategoricalOptions
>;
export const CATEGORIES = [argument('probs', nullable(TENSOR), null), argument('logits', nullable(TENSOR), null)] as const; // prettier-ignore
const TAKES = signature('Categorical', [...CATEGORIES, VALIDATE]);

type Given = Readonly<Record<'probs' | 'logits', Tensor>>;

/** Probabilities that add up to 1, or their logarithms. @throws ShapeError, KindError */
export function normalized(op: string, probs: Tensor | null, logits: Tensor | null): Given {
  const given = asTensors(op, oneOfTwo<Tensor>(op, probs, logits));
  const [[name, x]] = Object.entries(given);
  if (x.ndim < 1) throw new ShapeError(op, `${name} must have at least one dimension, got a tensor without.`);
  const whole = name === 'probs' ? { probs: x.div(x.sum(-1, true)) } : { logits: x.sub(x.logsumexp(-1, true)) };
  return whole as Given;
}

/** What those of categories share: one of the two that was given, and the other one made of it. */
export abstract class OfCategories extends Distribution<'probs' | 'logits'> {
  get probs(): Tensor {
    const { probs, logits } = this.given;
    return probs ?? logits.softmax(-1);
  }
  get logits(): Tensor {
    const { probs, logits } = this.given;
    if ((logits as Tensor | undefined) !== undefined) return logits;
    const { eps } = finfo(probs.dtype);
    return probs.clamp(eps, 1 - eps).log();
  }
  /** The number of categories. */
  protected get categories(): number {
    return this.param.size(-1);
  }
  /** The parameter that was given. */
  protected get param(): Tensor {
    return Object.values<Tensor>(this.given)[0];
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { probs: simplex, logits: realVector };
  }

  /** Indices of categories. Shape: [sampleShape, batchShape], int64. */
  protected drawIndices(sampleShape: Shape): Tensor {
    const rows = this.probs.detach().reshape(-1, this.categories);
    const drawn = multinomial(rows, Math.max(1, numelOf(sampleShape)), true);
    return drawn.t().reshape([...sampleShape, ...this.batchShape]);
  }

  /** log of the probability of categories. Shape: [*, batchShape]. */
  protected logOf(indices: Tensor): Tensor {
    const { logits } = this;
    const places = indices.long().unsqueeze(-1);
    const batch = logits.ndim - 1;
    // Both in full, as gather does not broadcast.
    const shape = broadcastBatch(places.shape.slice(0, -1), logits.shape.slice(0, batch));
    return logits.expand([...shape, this.categories]).gather(-1, places.expand([...shape, 1])).squeeze(-1); // prettier-ignore
  }

  protected override entropyOf(): Tensor {
    const logits = this.logits.clampMin(finfo(this.made.dtype).min);
    return logits.mul(this.probs).sum(-1).neg();
  }

  /** Ones where an index stands. */
  protected hot(indices: Tensor): Tensor {
    const places = arange(this.categories, { device: indices.device });
    return indices.unsqueeze(-1).eq(places).to(this.made.dtype);
  }
}

/** Two shapes that were checked to fit, broadcast. */
function broadcastBatch(a: Shape, b: Shape): number[] {
  const n = Math.max(a.length, b.length);
  return Array.from({ length: n }, (_, i) => {
    const [x, y] = [a[a.length - n + i] ?? 1, b[b.length - n + i] ?? 1];
    return x === 1 ? y : x;
  });
}

/** Indices 0 ... n - 1 of categories, int64. @see torch.distributions.Categorical */
export class Categorical extends OfCategories {
  static override readonly name: string = 'Categorical';

  constructor(...args: CategoricalArguments) {
    const { probs, logits, validateArgs } = TAKES.take(args, new.target.name);
    const given = normalized(new.target.name, probs, logits);
    super({ given, batchShape: Object.values<Tensor>(given)[0].shape.slice(0, -1), validateArgs });
  }

  override get support(): Constraint {
    return integerInterval(0, this.categories - 1);
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.everywhere(NaN);
  }
  override get mode(): Tensor {
    return this.probs.argmax(-1);
  }
  override get variance(): Tensor {
    return this.everywhere(NaN);
  }
  protected override draw(sampleShape: Shape): Tensor {
    return this.drawIndices(sampleShape);
  }
  protected override logDensity(value: Tensor): Tensor {
    return this.logOf(value);
  }
  protected override listed(): Tensor {
    return arange(this.categories, { device: this.made.device });
  }
}

/** Vectors with a 1 at the category. @see torch.distributions.OneHotCategorical */
export class OneHotCategorical extends OfCategories {
  static override readonly name: string = 'OneHotCategorical';

  constructor(...args: CategoricalArguments) {
    const { probs, logits, validateArgs } = TAKES.take(args, new.target.name);
    const given = normalized(new.target.name, probs, logits);
    const { shape } = Object.values<Tensor>(given)[0];
    super({ given, batchShape: shape.slice(0, -1), eventShape: shape.slice(-1), validateArgs });
  }

  override get support(): Constraint {
    return oneHot;
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.probs;
  }
  override get mode(): Tensor {
    return this.hot(this.probs.argmax(-1));
  }
  override get variance(): Tensor {
    const { probs } = this;
    return probs.mul(probs.neg().add(1));
  }
  protected override draw(sampleShape: Shape): Tensor {
    return this.hot(this.drawIndices(sampleShape));
  }
  protected override logDensity(value: Tensor): Tensor {
    return this.logOf(value.argmax(-1));
  }
  protected override listed(): Tensor {
    return eye(this.categories, this.made);
  }
}

/** The same, whose samples pass gradients on to the probabilities as if they were these. @see torch.distributions.OneHotCategoricalStraightThrough */
export class OneHotCategoricalStraightThrough extends OneHotCategorical {
  static override readonly name: string = 'OneHotCategoricalStraightThrough';

  override get hasRsample(): boolean {
    return true;
  }
  protected override draw(sampleShape: Shape): Tensor {
    const { probs } = this;
    return super.draw(sampleShape).add(probs.sub(probs.detach()));
  }
}

/** Names of the arguments: one of probs and logits. */
export interface MultinomialOptions extends CategoricalOptions {
  totalCount?: number;
}
const MULTINOMIAL = signature('Multinomial', [argument('totalCount', COUNT, 1), ...CATEGORIES, VALIDATE]);

/** How often each category is drawn in `totalCount` draws. @see torch.distributions.Multinomial */
export class Multinomial extends OfCategories {
  static override readonly name: string = 'Multinomial';

  readonly totalCount: number;

  constructor(
    ...args: Arguments<
      [],
      [totalCount?: number, probs?: Tensor | null, logits?: Tensor | null, validateArgs?: boolean | null],
      MultinomialOptions
    >
  ) {
    const { totalCount, probs, logits, validateArgs } = MULTINOMIAL.take(args, new.target.name);
    const given = normalized(new.target.name, probs, logits);
    const { shape } = Object.values<Tensor>(given)[0];
    super({ given, batchShape: shape.slice(0, -1), eventShape: shape.slice(-1), validateArgs });
    this.totalCount = totalCount;
  }

  override get support(): Constraint {
    return countsOf(this.totalCount);
  }
  override get mean(): Tensor {
    return this.probs.mul(this.totalCount);
  }
  override get variance(): Tensor {
    const { probs } = this;
    return probs.mul(probs.neg().add(1)).mul(this.totalCount);
  }
  protected override draw(sampleShape: Shape): Tensor {
    return this.hot(this.drawIndices([this.totalCount, ...sampleShape])).sum(0);
  }
  protected override logDensity(value: Tensor): Tensor {
    const { logits } = this;
    const powers = logits
      .maskedFill(value.eq(0).logicalAnd(logits.eq(-Infinity)), 0)
      .mul(value)
      .sum(-1);
    return value.sum(-1).add(1).lgamma().sub(value.add(1).lgamma().sum(-1)).add(powers);
  }
  protected override entropyOf(): Tensor {
    const n = this.totalCount;
    const counts = new Binomial(n, this.probs, { validateArgs: false });
    const values = arange(n + 1, this.made).view(n + 1, ...this.probs.shape.map(() => 1));
    const weights = values.add(1).lgamma();
    const logFactorial = weights.flatten().select(0, n);
    const expected = counts.logProb(values).exp().mul(weights).sum([0, -1]);
    return super.entropyOf().mul(n).sub(logFactorial).add(expected);
  }
}
