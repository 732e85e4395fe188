// Distributions of a location and a scale: Normal, Laplace, Cauchy.
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { randn } from '../ops/random/random';
import { empty } from '../ops/shape/creation';
import { positive, real, VALIDATE, type Constraint } from './constraints';
import { Distribution } from './distribution';
import { broadcastAll } from './parameters';

/** Names of the arguments. */
export interface LocationScaleOptions {
  loc: Operand;
  scale: Operand;
  validateArgs?: boolean | null;
}
export type LocationScaleArguments = Arguments<
  [loc: Operand, scale: Operand],
  [validateArgs?: boolean | null],
  LocationScaleOptions,
  [loc: Operand, options: Omit<LocationScaleOptions, 'loc'>]
>;
export const LOCATION_SCALE = [argument('loc', OPERAND), argument('scale', OPERAND), VALIDATE] as const;
const TAKES = signature('LocationScale', LOCATION_SCALE);
const CONSTRAINTS = { loc: real, scale: positive };

/** What the three share. */
abstract class LocationScale extends Distribution<'loc' | 'scale'> {
  constructor(...args: LocationScaleArguments) {
    const { loc, scale, validateArgs } = TAKES.take(args, new.target.name);
    const given = broadcastAll(new.target.name, { loc, scale });
    super({ given, batchShape: given.loc.shape, validateArgs });
  }

  get loc(): Tensor {
    return this.given.loc;
  }
  get scale(): Tensor {
    return this.given.scale;
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return CONSTRAINTS;
  }
  override get support(): Constraint {
    return real;
  }
  override get hasRsample(): boolean {
    return true;
  }
  /** The location, but for Cauchy's. Shape: batchShape. */
  override get mean(): Tensor {
    return this.loc;
  }
  override get mode(): Tensor {
    return this.loc;
  }

  protected override draw(sampleShape: Shape): Tensor {
    return this.loc.add(this.standard(this.extended(sampleShape)).mul(this.scale));
  }
  /** Draws for a location of 0 and a scale of 1. */
  protected abstract standard(shape: Shape): Tensor;

  /** (value - loc) / scale */
  protected standardized(value: Tensor): Tensor {
    return value.sub(this.loc).div(this.scale);
  }
}

/** The normal distribution of mean `loc` and standard deviation `scale`. @see torch.distributions.Normal */
export class Normal extends LocationScale {
  static override readonly name: string = 'Normal';

  override get variance(): Tensor {
    return this.scale.square();
  }
  override get stddev(): Tensor {
    return this.scale;
  }
  protected override standard(shape: Shape): Tensor {
    return randn(shape, this.made);
  }
  protected override logDensity(value: Tensor): Tensor {
    const z = this.standardized(value);
    return z
      .square()
      .mul(-0.5)
      .sub(this.scale.log())
      .sub(Math.log(2 * Math.PI) / 2);
  }
  protected override cumulative(value: Tensor): Tensor {
    return this.standardized(value).mul(Math.SQRT1_2).erf().add(1).mul(0.5);
  }
  protected override quantile(value: Tensor): Tensor {
    return value.mul(2).sub(1).erfinv().mul(Math.SQRT2).mul(this.scale).add(this.loc);
  }
  protected override entropyOf(): Tensor {
    return this.scale.log().add(0.5 + Math.log(2 * Math.PI) / 2);
  }
}

/** The density exp(-|x - loc| / scale) / (2 scale). @see torch.distributions.Laplace */
export class Laplace extends LocationScale {
  static override readonly name: string = 'Laplace';

  override get variance(): Tensor {
    return this.scale.square().mul(2);
  }
  override get stddev(): Tensor {
    return this.scale.mul(Math.SQRT2);
  }
  protected override standard(shape: Shape): Tensor {
    const u = empty(shape, this.made).uniform_(finfo(this.loc.dtype).eps - 1, 1);
    return u.sign().mul(u.abs().neg().log1p()).neg();
  }
  protected override logDensity(value: Tensor): Tensor {
    return this.scale.mul(2).log().neg().sub(value.sub(this.loc).abs().div(this.scale));
  }
  protected override cumulative(value: Tensor): Tensor {
    const z = this.standardized(value);
    return z.sign().mul(z.abs().neg().expm1()).mul(-0.5).add(0.5);
  }
  protected override quantile(value: Tensor): Tensor {
    const term = value.sub(0.5);
    return this.loc.sub(this.scale.mul(term.sign()).mul(term.abs().mul(-2).log1p()));
  }
  protected override entropyOf(): Tensor {
    return this.scale.mul(2).log().add(1);
  }
}

/** The density 1 / (π scale (1 + ((x - loc) / scale)²)): it has no mean, and no variance. @see torch.distributions.Cauchy */
export class Cauchy extends LocationScale {
  static override readonly name: string = 'Cauchy';

  /** NaN: there is none. */
  override get mean(): Tensor {
    return this.everywhere(NaN);
  }
  override get variance(): Tensor {
    return this.everywhere(Infinity);
  }
  protected override standard(shape: Shape): Tensor {
    return empty(shape, this.made).cauchy_();
  }
  protected override logDensity(value: Tensor): Tensor {
    return this.standardized(value).square().log1p().add(this.scale.log()).add(Math.log(Math.PI)).neg();
  }
  protected override cumulative(value: Tensor): Tensor {
    return this.standardized(value).atan().div(Math.PI).add(0.5);
  }
  protected override quantile(value: Tensor): Tensor {
    return value.sub(0.5).mul(Math.PI).tan().mul(this.scale).add(this.loc);
  }
  protected override entropyOf(): Tensor {
    return this.scale.log().add(Math.log(4 * Math.PI));
  }
}
