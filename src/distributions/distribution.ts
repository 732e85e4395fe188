// The base of all distributions: shapes, checks of parameters and values, and the arguments of their methods. Families give
// what is protected here.
import type { Arguments } from '../base/arguments';
import { ShapeError } from '../base/errors';
import { COUNTS, FLAG } from '../base/kinds';
import { formatShape, sameShape, type Shape } from '../base/shape';
import { argument, methodsTake, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { OPERAND } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import { Tensor } from '../core/tensor';
import { full, tensor } from '../ops/shape/creation';
import type { Sizes } from '../ops/shape/view';
import type { Constraint } from './constraints';
import { checked, faultUnless, setDefaultValidation, validatesByDefault } from './parameters';

/** What a family tells the base of an object. */
export interface DistributionParts<P extends string> {
  /** Parameters as they were given, broadcast to [batchShape, event of the parameter]. */
  readonly given: Readonly<Record<P, Tensor>>;
  readonly batchShape: Shape;
  readonly eventShape?: Shape;
  readonly validateArgs: boolean | null;
}

type SampleArguments = [] | Sizes<'sampleShape'>;
type ValueArguments = Arguments<[value: Operand], [], { value: Operand }>;
const SAMPLE = argument('sampleShape', COUNTS, []);
const VALUE = argument('value', OPERAND);
const SET_DEFAULT = signature('Distribution.setDefaultValidateArgs', [argument('value', FLAG)]);

/**
 * A probability distribution: a batch of `batchShape` independent ones, whose samples have the shape `eventShape` each.
 *
 * Parameters and values are checked unless `validateArgs` is false. As only the device knows values, what is wrong is a
 * FaultError where a result is read.
 * @see torch.distributions.Distribution
 */
export abstract class Distribution<P extends string = string> {
  static readonly name: string = 'Distribution';

  /** The parameters that were given, by name. */
  protected given: Readonly<Record<P, Tensor>>;
  private readonly shapes: { readonly batch: Shape; readonly event: Shape };
  protected readonly validates: boolean;

  static {
    methodsTake(
      this, signature('sample', [SAMPLE]), signature('rsample', [SAMPLE]), signature('logProb', [VALUE]), signature('cdf', [VALUE]),
      signature('icdf', [VALUE]), signature('entropy', []), signature('perplexity', []),
      signature('enumerateSupport', [argument('expand', FLAG, true)]), signature('expand', [argument('batchShape', COUNTS)]),
    ); // prettier-ignore
  }

  constructor({ given, batchShape, eventShape = [], validateArgs }: DistributionParts<P>) {
    this.shapes = { batch: batchShape, event: eventShape };
    this.validates = validateArgs ?? validatesByDefault();
    this.given = given;
    if (this.validates) this.given = this.checkedParameters();
  }

  /** Whether distributions check their arguments where `validateArgs` is not given; they do at first. */
  static setDefaultValidateArgs(...args: [value: boolean] | [options: { value: boolean }]): void {
    setDefaultValidation(SET_DEFAULT.take(args).value);
  }

  /** What the parameters must be, by name. */
  abstract get argConstraints(): Readonly<Record<string, Constraint>>;
  /** Where samples lie. */
  abstract get support(): Constraint;

  /** Shape of the batch. */
  get batchShape(): Shape {
    return this.shapes.batch;
  }
  /** Shape of one event: [] for distributions of one number. */
  get eventShape(): Shape {
    return this.shapes.event;
  }
  /** Whether samples have gradients by the parameters. */
  get hasRsample(): boolean {
    return false;
  }
  /** Whether all values can be listed. */
  get hasEnumerateSupport(): boolean {
    return false;
  }
  /** Mean of each element. Shape: batchShape + eventShape. */
  get mean(): Tensor {
    return this.lacks('mean');
  }
  /** The likeliest value. */
  get mode(): Tensor {
    return this.lacks('mode');
  }
  /** Variance of each element. Shape: batchShape + eventShape. */
  get variance(): Tensor {
    return this.lacks('variance');
  }
  /** Standard deviation of each element. Shape: batchShape + eventShape. */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }

  /** Draws without gradients. Shape: [sampleShape, batchShape, eventShape]. */
  sample(...sampleShape: SampleArguments): Tensor {
    return noGrad(() => this.draw(sampleShape[0] as Shape));
  }

  /** Draws with gradients by the parameters. Shape as of `sample`. @throws Error if the distribution has none: `hasRsample` */
  rsample(...sampleShape: SampleArguments): Tensor {
    return this.hasRsample ? this.draw(sampleShape[0] as Shape) : this.lacks('rsample');
  }

  /** The logarithm of the density, or of the probability, of each event. Shape: [*, batchShape, eventShape] -> [*, batchShape]. */
  logProb(...value: ValueArguments): Tensor {
    return this.ofValue('logProb', value[0] as Operand, (x) => this.logDensity(x));
  }

  /** The probability of at most `value`. */
  cdf(...value: ValueArguments): Tensor {
    return this.ofValue('cdf', value[0] as Operand, (x) => this.cumulative(x));
  }

  /** The value that is not exceeded with this probability: the inverse of `cdf`. */
  icdf(...value: ValueArguments): Tensor {
    return this.quantile(this.valueOf_(value[0] as Operand));
  }

  /** The entropy in nats. Shape: batchShape. */
  entropy(): Tensor {
    return this.entropyOf();
  }

  /** The exponential of the entropy. */
  perplexity(): Tensor {
    return this.entropy().exp();
  }

  /** All values, along dimension 0; for each of the batch unless `expand` is false. Shape: [n, batchShape, eventShape]. */
  enumerateSupport(...expand: Arguments<[], [expand?: boolean], { expand?: boolean }>): Tensor {
    const values = this.listed();
    const { batchShape, eventShape } = this;
    const apart = values.view(values.shape[0], ...batchShape.map(() => 1), ...eventShape);
    return expand[0] === false ? apart : apart.expand(values.shape[0], ...batchShape, ...eventShape);
  }

  /** The same distributions for a larger batch. @throws ShapeError if the batch does not expand to it */
  expand(...batchShape: Sizes<'batchShape'>): this {
    return this.expanded(batchShape[0] as Shape);
  }

  /** As PyTorch prints it. */
  async repr(): Promise<string> {
    const texts = Object.entries<Tensor>(this.given).map(async ([name, x]) => {
      if (x.numel() !== 1) return `${pythonName(name)}: ${sizeText(x.shape)}`;
      return `${pythonName(name)}: ${x.ndim > 0 ? await x.detach().repr() : floatText(await x.item())}`;
    });
    return `${this.constructor.name}(${(await Promise.all(texts)).join(', ')})`;
  }

  /** Its name and parameters, as Python prints it. */
  toString(): string {
    const texts = Object.entries<Tensor>(this.given).map(([name, x]) => `${pythonName(name)}: ${sizeText(x.shape)}`);
    return `${this.constructor.name}(${texts.join(', ')})`;
  }

  // ---- what families give -------------------------------------------------------------------------

  /** Draws of this sample shape; called without recording for `sample`. */
  protected draw(sampleShape: Shape): Tensor {
    return this.lacks(`sample of ${formatShape(sampleShape)}`);
  }
  protected logDensity(value: Tensor): Tensor {
    return this.lacks('logProb', value);
  }
  protected cumulative(value: Tensor): Tensor {
    return this.lacks('cdf', value);
  }
  protected quantile(value: Tensor): Tensor {
    return this.lacks('icdf', value);
  }
  protected entropyOf(): Tensor {
    return this.lacks('entropy');
  }
  /** All values. Shape: [n, eventShape]. */
  protected listed(): Tensor {
    return this.lacks('enumerateSupport');
  }

  /** The object with another batch shape: its parameters are expanded. */
  protected expanded(batchShape: Shape): this {
    const dimensions = this.batchShape.length;
    const given = Object.entries<Tensor>(this.given).map(([name, x]) => [name, x.expand([...batchShape, ...x.shape.slice(dimensions)])]); // prettier-ignore
    return this.like({ given: Object.fromEntries(given) as Record<P, Tensor> }, batchShape);
  }

  /** A copy of this object with some fields changed. */
  protected like(fields: object, batch: Shape): this {
    const copy = Object.create(Object.getPrototypeOf(this) as object) as this;
    return Object.assign(copy, this, { shapes: { batch, event: this.eventShape } }, fields);
  }

  /** Shape of samples. */
  protected extended(sampleShape: Shape): number[] {
    return [...sampleShape, ...this.batchShape, ...this.eventShape];
  }

  /** `value` in each element of a sample, for moments that are a number. */
  protected everywhere(value: number): Tensor {
    return full(this.extended([]), value, { ...this.made });
  }

  /** Dtype and device of the parameters. */
  protected get made(): Pick<Tensor, 'dtype' | 'device'> {
    const [{ dtype, device }] = Object.values<Tensor>(this.given);
    return { dtype, device };
  }

  /** A number as a tensor. */
  protected valueOf_(value: Operand): Tensor {
    return value instanceof Tensor ? value : tensor(Number(value), { ...this.made });
  }

  /** @throws ShapeError unless the value fits to batch and event */
  protected checkValue(op: string, value: Tensor): void {
    const whole = this.extended([]);
    const { eventShape } = this;
    const event = value.shape.slice(Math.max(0, value.ndim - eventShape.length));
    const fits = whole.every((size, d) => {
      const given = value.shape[value.ndim - whole.length + d] ?? 1;
      return given === 1 || size === 1 || given === size;
    });
    if (fits && sameShape(event, eventShape)) return;
    throw new ShapeError(
      `${this.constructor.name}.${op}`,
      `value must end with ${formatShape(whole)}, the shapes of batch and event, or broadcast to it, got ${formatShape(value.shape)}.`,
      { shapes: [value.shape, whole] },
    );
  }

  /** `f` of a value that is checked: a result of one outside the support is a fault. */
  protected ofValue(op: string, given: Operand, f: (value: Tensor) => Tensor): Tensor {
    const value = this.valueOf_(given);
    if (!this.validates) return f(value);
    this.checkValue(op, value);
    // Before what is made of it may be a fault too.
    const fault = faultUnless(`${this.constructor.name}.${op}`, 'value', value, this.support);
    return f(value).add(fault);
  }

  protected checkedParameters(): Readonly<Record<P, Tensor>> {
    const { argConstraints } = this;
    const entries = Object.entries<Tensor>(this.given).map(([name, x]) => {
      const constraint = Object.hasOwn(argConstraints, name) ? argConstraints[name] : undefined;
      return [name, constraint === undefined ? x : checked(this.constructor.name, name, x, constraint)];
    });
    return Object.fromEntries(entries) as Record<P, Tensor>;
  }

  /** @throws Error that says what this distribution has not */
  protected lacks(what: string, value?: Tensor): never {
    const given = value === undefined ? 'a call of it' : String(value);
    throw new Error(`${this.constructor.name}: there is no ${what} of this distribution, got ${given}.`);
  }
}

/** `concentration1` as Python writes it. */
const pythonName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const sizeText = (shape: Shape): string => `torch.Size([${shape.join(', ')}])`;
/** A number as Python writes it. */
const floatText = (x: number): string => {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  const text = Math.abs(x) >= 1e16 || (x !== 0 && Math.abs(x) < 1e-4) ? x.toExponential() : String(x);
  return /[.e]/.test(text) ? text.replace(/e([+-])(\d)$/, 'e$10$2') : `${text}.0`;
};
