// The base of transforms, which are called like functions, and what is made of others: inverses and chains.
import type { Arguments } from '../base/arguments';
import { instanceOf, kind, listOf, oneOrMore } from '../base/kinds';
import { COUNTS } from '../base/kinds';
import type { Shape } from '../base/shape';
import { argument, methodsTake, signature } from '../base/signature';
import { TENSOR } from '../core/kinds';
import type { Tensor } from '../core/tensor';
import { zerosLike } from '../ops/shape/creation';
import { independent, real, type Constraint } from './constraints';
import { sumRightmost } from './independent';

/** Calls and inverses are kept for the value they were made of, so that its way back is exact. */
export const CACHE_SIZE = argument(
  'cacheSize',
  kind<0 | 1>('0 or 1', (value) => value === 0 || value === 1),
  0,
);
const CALL = signature('Transform', [argument('x', TENSOR)]);
const SHAPE = argument('shape', COUNTS);

/** Gives y for x. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the constructor returns a function
export interface Transform {
  (x: Tensor): Tensor;
}

/**
 * A function of tensors with an inverse `inv` and the logarithm of how it stretches space. `transform(x)` applies it.
 * @see torch.distributions.transforms.Transform
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export abstract class Transform {
  static readonly name: string = 'Transform';

  declare private last: readonly [x: Tensor, y: Tensor] | null;
  declare private inverted: Transform | null;
  declare private readonly cacheSize: 0 | 1;

  static {
    methodsTake(
      this, signature('logAbsDetJacobian', [argument('x', TENSOR), argument('y', TENSOR)]),
      signature('forwardShape', [SHAPE]), signature('inverseShape', [SHAPE]),
    ); // prettier-ignore
  }

  /** Returns a function with the prototype of the class, as modules are. */
  constructor(cacheSize: 0 | 1 = 0) {
    const self = ((...args: readonly unknown[]): Tensor => self.run(CALL.take(args, new.target.name).x)) as Transform;
    Object.setPrototypeOf(self, new.target.prototype);
    return Object.assign(self, { cacheSize, last: null, inverted: null });
  }

  /** Where x lies. */
  abstract get domain(): Constraint;
  /** Where y lies. */
  abstract get codomain(): Constraint;
  /** Whether each y has one x. */
  get bijective(): boolean {
    return true;
  }
  /** Of the derivative, where it is the same everywhere. @throws Error where there is none */
  get sign(): number | Tensor {
    throw new Error(`${this.constructor.name}: there is no sign of this transform, got a call of it.`);
  }
  /** The inverse, whose inverse is this. */
  get inv(): Transform {
    return (this.inverted ??= new InverseTransform(this));
  }

  /** log |dy/dx|, for one event each. */
  logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    return this.stretch(x, y);
  }
  /** The shape of y for that of x. */
  forwardShape(...shape: [shape: Shape]): Shape {
    return this.shapeAfter(shape[0]);
  }
  /** The shape of x for that of y. */
  inverseShape(...shape: [shape: Shape]): Shape {
    return this.shapeBefore(shape[0]);
  }

  /** Its name and parameters, as Python prints it. */
  toString(): string {
    return `${this.constructor.name}()`;
  }

  /** @internal y for x, by the cache if there is one. */
  run(x: Tensor): Tensor {
    if (this.cacheSize === 1 && this.last?.[0] === x) return this.last[1];
    const y = this.apply(x);
    if (this.cacheSize === 1) this.last = [x, y];
    return y;
  }
  /** @internal x for y. */
  runBack(y: Tensor): Tensor {
    if (this.cacheSize === 1 && this.last?.[1] === y) return this.last[0];
    const x = this.invert(y);
    if (this.cacheSize === 1) this.last = [x, y];
    return x;
  }

  protected abstract apply(x: Tensor): Tensor;
  protected abstract invert(y: Tensor): Tensor;
  protected stretch(x: Tensor, y: Tensor): Tensor {
    throw new Error(`${this.constructor.name}: there is no determinant of this transform, got ${String(x)} and ${String(y)}.`);
  } // prettier-ignore
  protected shapeAfter(shape: Shape): Shape {
    return shape;
  }
  protected shapeBefore(shape: Shape): Shape {
    return shape;
  }
}

/** A transform the other way round: `transform.inv`. */
class InverseTransform extends Transform {
  private readonly of: Transform;

  constructor(of: Transform) {
    super();
    this.of = of;
  }
  override get domain(): Constraint {
    return this.of.codomain;
  }
  override get codomain(): Constraint {
    return this.of.domain;
  }
  override get bijective(): boolean {
    return this.of.bijective;
  }
  override get sign(): number | Tensor {
    return this.of.sign;
  }
  override get inv(): Transform {
    return this.of;
  }
  override toString(): string {
    return `InverseTransform(${String(this.of)})`;
  }
  protected override apply(x: Tensor): Tensor {
    return this.of.runBack(x);
  }
  protected override invert(y: Tensor): Tensor {
    return this.of.run(y);
  }
  protected override stretch(x: Tensor, y: Tensor): Tensor {
    return this.of.logAbsDetJacobian(y, x).neg();
  }
  protected override shapeAfter(shape: Shape): Shape {
    return this.of.inverseShape(shape);
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.of.forwardShape(shape);
  }
}

export const TRANSFORM = instanceOf<Transform>('a transform', Transform);
export const TRANSFORMS = oneOrMore(TRANSFORM);
const COMPOSE = signature('ComposeTransform', [argument('parts', { ...listOf(TRANSFORM), expected: 'a list of transforms' }), CACHE_SIZE]); // prettier-ignore

/** Transforms one after the other. @see torch.distributions.transforms.ComposeTransform */
export class ComposeTransform extends Transform {
  static override readonly name: string = 'ComposeTransform';

  readonly parts: readonly Transform[];

  constructor(
    ...args: Arguments<[parts: readonly Transform[]], [cacheSize?: 0 | 1], { parts: readonly Transform[]; cacheSize?: 0 | 1 }>
  ) {
    const { parts, cacheSize } = COMPOSE.take(args, new.target.name);
    super(cacheSize);
    this.parts = parts;
  } // prettier-ignore

  override get domain(): Constraint {
    return spread(this.parts, 'domain', 'codomain');
  }
  override get codomain(): Constraint {
    return spread([...this.parts].reverse(), 'codomain', 'domain');
  }
  override get bijective(): boolean {
    return this.parts.every((part) => part.bijective);
  }
  override get sign(): number | Tensor {
    return this.parts.reduce<number | Tensor>((sign, part) => productOf(sign, part.sign), 1);
  }
  override toString(): string {
    return `${this.constructor.name}(\n    ${this.parts.map(String).join(',\n    ')}\n)`;
  }
  protected override apply(x: Tensor): Tensor {
    return this.parts.reduce((value, part) => part.run(value), x);
  }
  protected override invert(y: Tensor): Tensor {
    return this.parts.reduceRight((value, part) => part.runBack(value), y);
  }
  protected override stretch(x: Tensor, y: Tensor): Tensor {
    let eventDim = this.domain.eventDim;
    let [from, sum] = [x, null as Tensor | null];
    this.parts.forEach((part, i) => {
      const to = i === this.parts.length - 1 ? y : part.run(from);
      const term = sumRightmost(part.logAbsDetJacobian(from, to), eventDim - part.domain.eventDim);
      sum = sum === null ? term : sum.add(term);
      eventDim += part.codomain.eventDim - part.domain.eventDim;
      from = to;
    });
    return sum ?? zerosLike(x);
  }
  protected override shapeAfter(shape: Shape): Shape {
    return this.parts.reduce((given, part) => part.forwardShape(given), shape);
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.parts.reduceRight((given, part) => part.inverseShape(given), shape);
  }
}

const productOf = (a: number | Tensor, b: number | Tensor): number | Tensor => {
  if (typeof a !== 'number') return a.mul(b);
  return typeof b === 'number' ? a * b : b.mul(a);
};

/** The first end of a chain as a constraint, over as many dimensions as any of its parts needs. */
function spread(parts: readonly Transform[], near: 'domain' | 'codomain', far: 'domain' | 'codomain'): Constraint {
  if (parts.length === 0) return real;
  const own = parts[0][near];
  const most = parts.reduceRight(
    (dims, part) => Math.max(dims + part[near].eventDim - part[far].eventDim, part[near].eventDim),
    parts[parts.length - 1][far].eventDim,
  );
  return most > own.eventDim ? independent(own, most - own.eventDim) : own;
}
