// Distributions of a probability, or its logit, for each element: Bernoulli, Geometric, Binomial.
import { KindError } from '../base/errors';
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import { nullable } from '../base/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { logsigmoid } from '../ops/pointwise/activation';
import { logitsError } from '../ops/pointwise/loss';
import { binomial } from '../ops/random/counts';
import { bernoulli } from '../ops/random/sampling';
import { arange, empty } from '../ops/shape/creation';
import {
  boolean, greaterThan, integerInterval, nonnegativeInteger, real, unitInterval, VALIDATE, type Constraint,
} from './constraints'; // prettier-ignore
import { Distribution } from './distribution';
import { broadcastAll, checked } from './parameters';

/** Names of the arguments: one of probs and logits. */
export interface BernoulliOptions {
  probs?: Operand | null;
  logits?: Operand | null;
  validateArgs?: boolean | null;
}
export type BernoulliArguments = Arguments<
  [],
  [probs?: Operand | null, logits?: Operand | null, validateArgs?: boolean | null],
  BernoulliOptions
>;
export const PROBS_OR_LOGITS = [
  argument('probs', nullable(OPERAND), null), argument('logits', nullable(OPERAND), null),
] as const; // prettier-ignore
const TAKES = signature('Bernoulli', [...PROBS_OR_LOGITS, VALIDATE]);

/** The one of the two that is given. @throws KindError for both or none */
export function oneOfTwo<T>(op: string, probs: T | null, logits: T | null): Readonly<Record<'probs' | 'logits', T>> {
  if ((probs === null) === (logits === null)) {
    throw new KindError(op, `one of probs and logits must be given, got ${probs === null ? 'none' : 'both'}.`);
  }
  // Only one of the two is there.
  const given: Partial<Record<'probs' | 'logits', T>> = probs === null ? { logits: logits as T } : { probs };
  return given as Readonly<Record<'probs' | 'logits', T>>;
}

/** log(p / (1 - p)), with p kept off 0 and 1 as in PyTorch. */
function logitsOf(probs: Tensor): Tensor {
  const { eps } = finfo(probs.dtype);
  const inside = probs.clamp(eps, 1 - eps);
  return inside.log().sub(inside.neg().log1p());
}

/** A distribution with a probability in each element. */
export abstract class OfProbability<P extends string = never> extends Distribution<'probs' | 'logits' | P> {
  get probs(): Tensor {
    const { probs, logits } = this.given;
    return probs ?? logits.sigmoid();
  }
  get logits(): Tensor {
    const { probs, logits } = this.given;
    return logits ?? logitsOf(probs);
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { probs: unitInterval, logits: real };
  }
}

/** 1 with the probability `probs`, else 0. @see torch.distributions.Bernoulli */
export class Bernoulli extends OfProbability {
  static override readonly name: string = 'Bernoulli';

  constructor(...args: BernoulliArguments) {
    const { probs, logits, validateArgs } = TAKES.take(args, new.target.name);
    const given = broadcastAll(new.target.name, oneOfTwo(new.target.name, probs, logits));
    super({ given, batchShape: Object.values<Tensor>(given)[0].shape, validateArgs });
  }

  override get support(): Constraint {
    return boolean;
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.probs;
  }
  override get mode(): Tensor {
    const { probs } = this;
    return probs.ge(0.5).to(probs.dtype).maskedFill(probs.eq(0.5), NaN);
  }
  override get variance(): Tensor {
    const { probs } = this;
    return probs.mul(probs.neg().add(1));
  }
  protected override draw(sampleShape: Shape): Tensor {
    return bernoulli(this.probs.detach().expand(this.extended(sampleShape)));
  }
  protected override logDensity(value: Tensor): Tensor {
    return logitsError(this.logits, value.to(this.made.dtype)).neg();
  }
  protected override entropyOf(): Tensor {
    return logitsError(this.logits, this.probs);
  }
  protected override listed(): Tensor {
    return arange(2, this.made);
  }
}

/** Failures before the first success of probability `probs`: (1 - p)^k p. @see torch.distributions.Geometric */
export class Geometric extends OfProbability {
  static override readonly name: string = 'Geometric';

  constructor(...args: BernoulliArguments) {
    const { probs, logits, validateArgs } = TAKES.take(args, new.target.name);
    const given = broadcastAll(new.target.name, oneOfTwo(new.target.name, probs, logits));
    super({ given, batchShape: Object.values<Tensor>(given)[0].shape, validateArgs });
    if (!this.validates || probs === null) return;
    this.given = { ...this.given, probs: checked(new.target.name, 'probs', this.probs, greaterThan(0)) };
  }

  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override get mean(): Tensor {
    return this.probs.reciprocal().sub(1);
  }
  override get mode(): Tensor {
    return this.everywhere(0);
  }
  override get variance(): Tensor {
    const { probs } = this;
    return probs.reciprocal().sub(1).div(probs);
  }
  protected override draw(sampleShape: Shape): Tensor {
    const u = empty(this.extended(sampleShape), this.made).uniform_(finfo(this.made.dtype).tiny, 1);
    return u.log().div(this.probs.detach().neg().log1p()).floor();
  }
  protected override logDensity(value: Tensor): Tensor {
    const { probs } = this;
    // 0 log 0 is 0.
    const failing = probs.maskedFill(probs.eq(1).logicalAnd(value.eq(0)), 0);
    return value.mul(failing.neg().log1p()).add(probs.log());
  }
  protected override entropyOf(): Tensor {
    return logitsError(this.logits, this.probs).div(this.probs);
  }
}

/** Names of the arguments: one of probs and logits. */
export interface BinomialOptions extends BernoulliOptions {
  totalCount?: Operand;
}
const BINOMIAL = signature('Binomial', [argument('totalCount', OPERAND, 1), ...PROBS_OR_LOGITS, VALIDATE]);

/** Successes among `totalCount` trials. @see torch.distributions.Binomial */
export class Binomial extends OfProbability<'totalCount'> {
  static override readonly name: string = 'Binomial';

  /** The number of trials where all have one, which was given as a number. */
  private readonly trials: number | null;

  constructor(
    ...args: Arguments<
      [],
      [totalCount?: Operand, probs?: Operand | null, logits?: Operand | null, validateArgs?: boolean | null],
      BinomialOptions
    >
  ) {
    const { totalCount, probs, logits, validateArgs } = BINOMIAL.take(args, new.target.name);
    const param = broadcastAll(new.target.name, oneOfTwo(new.target.name, probs, logits));
    const [known] = Object.values<Tensor>(param);
    const counts = typeof totalCount === 'object' ? totalCount.to(known.dtype) : totalCount;
    const given = broadcastAll(new.target.name, { ...param, totalCount: counts });
    super({ given, batchShape: given.totalCount.shape, validateArgs });
    this.trials = typeof totalCount === 'number' ? totalCount : null;
  }

  /** Number of trials. Shape: `batchShape`. */
  get totalCount(): Tensor {
    return this.given.totalCount;
  }
  /** What its parameters must hold, by name. */
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { totalCount: nonnegativeInteger, ...super.argConstraints };
  }
  override get support(): Constraint {
    return integerInterval(0, this.totalCount);
  }
  override get hasEnumerateSupport(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.totalCount.mul(this.probs);
  }
  override get mode(): Tensor {
    return this.totalCount.add(1).mul(this.probs).floor().minimum(this.totalCount);
  }
  override get variance(): Tensor {
    return this.mean.mul(this.probs.neg().add(1));
  }
  protected override draw(sampleShape: Shape): Tensor {
    const shape = this.extended(sampleShape);
    return binomial(this.totalCount.detach().expand(shape), this.probs.detach().expand(shape));
  }
  protected override logDensity(value: Tensor): Tensor {
    const { totalCount, logits } = this;
    // n log(1 + e^logits)
    const all = totalCount.mul(logsigmoid(logits.neg())).neg();
    const choices = totalCount.add(1).lgamma().sub(value.add(1).lgamma()).sub(totalCount.sub(value).add(1).lgamma());
    return value.mul(logits).add(choices).sub(all);
  }
  protected override entropyOf(): Tensor {
    const values = this.enumerateSupport(false);
    const log = this.logDensity(values);
    return log.exp().mul(log).sum(0).neg();
  }
  protected override listed(): Tensor {
    if (this.trials === null) {
      throw new KindError(
        this.constructor.name,
        'totalCount must be one number for this, got a tensor. Pass a number.',
      );
    }
    return arange(this.trials + 1, this.made);
  }
}
