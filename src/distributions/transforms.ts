// torch.distributions.transforms: functions with an inverse and a derivative.
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import { ShapeError } from '../base/errors';
import { COUNT } from '../base/kinds';
import { broadcastShapes, type Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import { Tensor } from '../core/tensor';
import { logsigmoid, softplus } from '../ops/pointwise/activation';
import { constantPad } from '../ops/shape/cat';
import { fullLike, onesLike } from '../ops/shape/creation';
import {
  independent,
  interval,
  positive,
  real,
  realVector,
  simplex,
  unitInterval,
  type Constraint,
} from './constraints';
import { CACHE_SIZE, Transform } from './transform';

export { ComposeTransform, Transform } from './transform';

type Cached = Arguments<[], [cacheSize?: 0 | 1], { cacheSize?: 0 | 1 }>;
const CACHED = signature('Transform', [CACHE_SIZE]);
const WRONG = 'too few dimensions';
const shapeOf = (x: Operand): Shape => (x instanceof Tensor ? x.shape : []);

/** A transform without parameters. */
abstract class PlainTransform extends Transform {
  constructor(...args: Cached) {
    super(CACHED.take(args, new.target.name).cacheSize);
  }
  override get domain(): Constraint {
    return real;
  }
  override get codomain(): Constraint {
    return positive;
  }
  override get sign(): number | Tensor {
    return 1;
  }
}

/** y = e^x @see torch.distributions.transforms.ExpTransform */
export class ExpTransform extends PlainTransform {
  static override readonly name: string = 'ExpTransform';

  protected override apply(x: Tensor): Tensor {
    return x.exp();
  }
  protected override invert(y: Tensor): Tensor {
    return y.log();
  }
  protected override stretch(x: Tensor): Tensor {
    return x;
  }
}

/** x kept off 0 and 1. */
const insideUnit = (x: Tensor): Tensor => x.clamp(finfo(x.dtype).tiny, 1 - finfo(x.dtype).eps);

/** y = 1 / (1 + e^-x) @see torch.distributions.transforms.SigmoidTransform */
export class SigmoidTransform extends PlainTransform {
  static override readonly name: string = 'SigmoidTransform';

  /** What it gives. */
  override get codomain(): Constraint {
    return unitInterval;
  }
  protected override apply(x: Tensor): Tensor {
    return insideUnit(x.sigmoid());
  }
  protected override invert(y: Tensor): Tensor {
    const inside = insideUnit(y);
    return inside.log().sub(inside.neg().log1p());
  }
  protected override stretch(x: Tensor): Tensor {
    return softplus(x.neg()).add(softplus(x)).neg();
  }
}

/** y = log(1 + e^x) @see torch.distributions.transforms.SoftplusTransform */
export class SoftplusTransform extends PlainTransform {
  static override readonly name: string = 'SoftplusTransform';

  protected override apply(x: Tensor): Tensor {
    return softplus(x);
  }
  protected override invert(y: Tensor): Tensor {
    return y.neg().expm1().neg().log().add(y);
  }
  protected override stretch(x: Tensor): Tensor {
    return softplus(x.neg()).neg();
  }
}

/** y = tanh x @see torch.distributions.transforms.TanhTransform */
export class TanhTransform extends PlainTransform {
  static override readonly name: string = 'TanhTransform';

  /** What it gives. */
  override get codomain(): Constraint {
    return interval(-1, 1);
  }
  protected override apply(x: Tensor): Tensor {
    return x.tanh();
  }
  protected override invert(y: Tensor): Tensor {
    return y.atanh();
  }
  protected override stretch(x: Tensor): Tensor {
    // log(1 - tanh² x)
    return softplus(x.mul(-2)).add(x).sub(Math.LN2).mul(-2);
  }
}

/** y = |x|, whose inverse gives y itself. @see torch.distributions.transforms.AbsTransform */
export class AbsTransform extends PlainTransform {
  static override readonly name: string = 'AbsTransform';

  override get bijective(): boolean {
    return false;
  }
  /** Sign of its derivative. */
  override get sign(): number | Tensor {
    throw new Error(`${this.constructor.name}: there is no sign of this transform, got a call of it.`);
  }
  protected override apply(x: Tensor): Tensor {
    return x.abs();
  }
  protected override invert(y: Tensor): Tensor {
    return y;
  }
}

const POWER = signature('PowerTransform', [argument('exponent', OPERAND), CACHE_SIZE]);

/** y = x^exponent for positive x @see torch.distributions.transforms.PowerTransform */
export class PowerTransform extends Transform {
  static override readonly name: string = 'PowerTransform';

  readonly exponent: Operand;

  constructor(...args: Arguments<[exponent: Operand], [cacheSize?: 0 | 1], { exponent: Operand; cacheSize?: 0 | 1 }>) {
    const { exponent, cacheSize } = POWER.take(args, new.target.name);
    super(cacheSize);
    this.exponent = exponent;
  }
  override get domain(): Constraint {
    return positive;
  }
  override get codomain(): Constraint {
    return positive;
  }
  override get sign(): number | Tensor {
    return 1;
  }
  protected override apply(x: Tensor): Tensor {
    return x.pow(this.exponent);
  }
  protected override invert(y: Tensor): Tensor {
    const { exponent } = this;
    return y.pow(exponent instanceof Tensor ? exponent.reciprocal() : 1 / Number(exponent));
  }
  protected override stretch(x: Tensor, y: Tensor): Tensor {
    return y.mul(this.exponent).div(x).abs().log();
  }
  protected override shapeAfter(shape: Shape): Shape {
    return broadcastShapes('PowerTransform', shape, shapeOf(this.exponent));
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.shapeAfter(shape);
  }
}

/** Names of the arguments. */
export interface AffineOptions {
  loc: Operand;
  scale: Operand;
  /** Dimensions of one event: 0 for numbers, 1 for vectors. */
  eventDim?: number;
  cacheSize?: 0 | 1;
}
const AFFINE = signature('AffineTransform', [
  argument('loc', OPERAND), argument('scale', OPERAND), argument('eventDim', COUNT, 0), CACHE_SIZE,
]); // prettier-ignore

/** y = loc + scale x @see torch.distributions.transforms.AffineTransform */
export class AffineTransform extends Transform {
  static override readonly name: string = 'AffineTransform';

  readonly loc: Operand;
  readonly scale: Operand;
  readonly eventDim: number;

  constructor(
    ...args: Arguments<
      [loc: Operand, scale: Operand],
      [eventDim?: number, cacheSize?: 0 | 1],
      AffineOptions,
      [loc: Operand, options: Omit<AffineOptions, 'loc'>]
    >
  ) {
    const { loc, scale, eventDim, cacheSize } = AFFINE.take(args, new.target.name);
    super(cacheSize);
    this.loc = loc;
    this.scale = scale;
    this.eventDim = eventDim;
  }
  override get domain(): Constraint {
    return this.eventDim === 0 ? real : independent(real, this.eventDim);
  }
  override get codomain(): Constraint {
    return this.domain;
  }
  override get sign(): number | Tensor {
    return this.scale instanceof Tensor ? this.scale.sign() : Math.sign(Number(this.scale));
  }
  protected override apply(x: Tensor): Tensor {
    return x.mul(this.scale).add(this.loc);
  }
  protected override invert(y: Tensor): Tensor {
    return y.sub(this.loc).div(this.scale);
  }
  protected override stretch(x: Tensor): Tensor {
    const { eventDim, scale } = this;
    const each = scale instanceof Tensor ? scale.abs().log() : fullLike(x, Math.log(Math.abs(Number(scale))));
    const shape = x.shape.slice(0, x.ndim - eventDim);
    if (eventDim === 0) return each.expand([...shape]);
    const rows = each.view(...each.shape.slice(0, Math.max(0, each.ndim - eventDim)), -1);
    return rows.sum(-1).expand([...shape]);
  }
  protected override shapeAfter(shape: Shape): Shape {
    return broadcastShapes('AffineTransform', shape, shapeOf(this.loc), shapeOf(this.scale));
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.shapeAfter(shape);
  }
}

/** Positive numbers that add up to 1, of vectors: not one to one, its inverse is the logarithm. @see torch.distributions.transforms.SoftmaxTransform */
export class SoftmaxTransform extends PlainTransform {
  static override readonly name: string = 'SoftmaxTransform';

  /** What it takes. */
  override get domain(): Constraint {
    return realVector;
  }
  /** What it gives. */
  override get codomain(): Constraint {
    return simplex;
  }
  override get bijective(): boolean {
    return false;
  }
  protected override apply(x: Tensor): Tensor {
    return x.softmax(-1);
  }
  protected override invert(y: Tensor): Tensor {
    return y.log();
  }
  protected override shapeAfter(shape: Shape): Shape {
    if (shape.length < 1) throw new ShapeError(this.constructor.name, `expected vectors, got ${WRONG}.`);
    return shape;
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.shapeAfter(shape);
  }
}

/** n numbers as n + 1 parts of a stick, broken off one after the other. @see torch.distributions.transforms.StickBreakingTransform */
export class StickBreakingTransform extends PlainTransform {
  static override readonly name: string = 'StickBreakingTransform';

  /** What it takes. */
  override get domain(): Constraint {
    return realVector;
  }
  /** What it gives. */
  override get codomain(): Constraint {
    return simplex;
  }
  /** x less log(n), log(n - 1), ..., 0: even parts for 0. */
  private moved(x: Tensor): Tensor {
    const left = onesLike(x).cumsum(-1).neg().add(x.size(-1) + 1); // prettier-ignore
    return x.sub(left.log());
  }
  protected override apply(x: Tensor): Tensor {
    const z = insideUnit(this.moved(x).sigmoid());
    const rest = z.neg().add(1).cumprod(-1);
    return constantPad(z, [0, 1], 1).mul(constantPad(rest, [1, 0], 1));
  }
  protected override invert(y: Tensor): Tensor {
    const parts = y.narrow(-1, 0, y.size(-1) - 1);
    const left = onesLike(parts).cumsum(-1).neg().add(y.size(-1)); // prettier-ignore
    const rest = parts.cumsum(-1).neg().add(1).clampMin(finfo(y.dtype).tiny); // prettier-ignore
    return parts.log().sub(rest.log()).add(left.log());
  }
  protected override stretch(x: Tensor, y: Tensor): Tensor {
    const moved = this.moved(x);
    return logsigmoid(moved).sub(moved).add(y.narrow(-1, 0, y.size(-1) - 1).log()).sum(-1); // prettier-ignore
  }
  protected override shapeAfter(shape: Shape): Shape {
    if (shape.length < 1) throw new ShapeError(this.constructor.name, `expected vectors, got ${WRONG}.`);
    return [...shape.slice(0, -1), shape[shape.length - 1] + 1];
  }
  protected override shapeBefore(shape: Shape): Shape {
    if (shape.length < 1) throw new ShapeError(this.constructor.name, `expected vectors, got ${WRONG}.`);
    return [...shape.slice(0, -1), shape[shape.length - 1] - 1];
  }
}
