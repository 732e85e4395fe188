// The uniform distribution.
import { ValueError } from '../base/errors';
import type { Arguments } from '../base/arguments';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { rand } from '../ops/random/random';
import { greaterThan, interval, real, VALIDATE, type Constraint } from './constraints';
import { Distribution } from './distribution';
import { broadcastAll, checked } from './parameters';

/** Names of the arguments. */
export interface UniformOptions {
  low: Operand;
  high: Operand;
  validateArgs?: boolean | null;
}
const UNIFORM = signature('Uniform', [argument('low', OPERAND), argument('high', OPERAND), VALIDATE]);

/** Numbers in [low, high), all alike. @see torch.distributions.Uniform */
export class Uniform extends Distribution<'low' | 'high'> {
  static override readonly name: string = 'Uniform';

  constructor(
    ...args: Arguments<
      [low: Operand, high: Operand],
      [validateArgs?: boolean | null],
      UniformOptions,
      [low: Operand, options: Omit<UniformOptions, 'low'>]
    >
  ) {
    const { low, high, validateArgs } = UNIFORM.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { low, high });
    super({ given, batchShape: given.low.shape, validateArgs });
    if (!this.validates) return;
    if (typeof low === 'number' && typeof high === 'number' && !(low < high)) {
      throw new ValueError(new.target.name, `low must be below high, got ${low} and ${high}.`);
    }
    this.given = { ...this.given, high: checked(new.target.name, 'high', this.high, greaterThan(this.low.detach())) };
  }

  /** Lower end of the range. Shape: `batchShape`. */
  get low(): Tensor {
    return this.given.low;
  }
  /** Upper end of the range, which is not drawn. Shape: `batchShape`. */
  get high(): Tensor {
    return this.given.high;
  }
  private get range(): Tensor {
    return this.high.sub(this.low);
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { low: real, high: real };
  }
  override get support(): Constraint {
    return interval(this.low, this.high);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.high.add(this.low).div(2);
  }
  override get mode(): Tensor {
    return this.everywhere(NaN);
  }
  override get stddev(): Tensor {
    return this.range.div(Math.sqrt(12));
  }
  override get variance(): Tensor {
    return this.range.square().div(12);
  }

  protected override draw(sampleShape: Shape): Tensor {
    return this.low.add(rand(this.extended(sampleShape), this.made).mul(this.range));
  }
  protected override logDensity(value: Tensor): Tensor {
    const isInside = this.low.le(value).logicalAnd(this.high.gt(value));
    return isInside.to(this.low.dtype).log().sub(this.range.log());
  }
  protected override cumulative(value: Tensor): Tensor {
    return value.sub(this.low).div(this.range).clamp(0, 1);
  }
  protected override quantile(value: Tensor): Tensor {
    return value.mul(this.range).add(this.low);
  }
  protected override entropyOf(): Tensor {
    return this.range.log();
  }
}
