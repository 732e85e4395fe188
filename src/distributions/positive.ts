// Distributions with one parameter, a rate: Exponential, Poisson.
import type { Arguments } from '../base/arguments';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { poisson } from '../ops/random/counts';
import { empty } from '../ops/shape/creation';
import { nonnegative, nonnegativeInteger, positive, VALIDATE, type Constraint } from './constraints';
import { Distribution } from './distribution';
import { broadcastAll } from './parameters';

/** Names of the arguments. */
export interface RateOptions {
  rate: Operand;
  validateArgs?: boolean | null;
}
const TAKES = signature('Rate', [argument('rate', OPERAND), VALIDATE]);

/** What the two share. */
abstract class OfRate extends Distribution<'rate'> {
  constructor(...args: Arguments<[rate: Operand], [validateArgs?: boolean | null], RateOptions>) {
    const { rate, validateArgs } = TAKES.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { rate });
    super({ given, batchShape: given.rate.shape, validateArgs });
  }

  get rate(): Tensor {
    return this.given.rate;
  }
}

/** The density rate exp(-rate x). @see torch.distributions.Exponential */
export class Exponential extends OfRate {
  static override readonly name: string = 'Exponential';

  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { rate: positive };
  }
  override get support(): Constraint {
    return nonnegative;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.rate.reciprocal();
  }
  override get mode(): Tensor {
    return this.everywhere(0);
  }
  override get stddev(): Tensor {
    return this.rate.reciprocal();
  }
  override get variance(): Tensor {
    return this.rate.pow(-2);
  }
  protected override draw(sampleShape: Shape): Tensor {
    return empty(this.extended(sampleShape), this.made).exponential_().div(this.rate);
  }
  protected override logDensity(value: Tensor): Tensor {
    return this.rate.log().sub(this.rate.mul(value));
  }
  protected override cumulative(value: Tensor): Tensor {
    return this.rate.neg().mul(value).expm1().neg();
  }
  protected override quantile(value: Tensor): Tensor {
    return value.neg().log1p().neg().div(this.rate);
  }
  protected override entropyOf(): Tensor {
    return this.rate.log().neg().add(1);
  }
}

/** Counts: rate^k exp(-rate) / k!. @see torch.distributions.Poisson */
export class Poisson extends OfRate {
  static override readonly name: string = 'Poisson';

  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { rate: nonnegative };
  }
  override get support(): Constraint {
    return nonnegativeInteger;
  }
  override get mean(): Tensor {
    return this.rate;
  }
  override get mode(): Tensor {
    return this.rate.floor();
  }
  override get variance(): Tensor {
    return this.rate;
  }
  protected override draw(sampleShape: Shape): Tensor {
    return poisson(this.rate.detach().expand(this.extended(sampleShape)));
  }
  protected override logDensity(value: Tensor): Tensor {
    return value.xlogy(this.rate).sub(this.rate).sub(value.add(1).lgamma());
  }
}
