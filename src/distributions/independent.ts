// A distribution some of whose batch dimensions belong to the event.
import { ValueError } from '../base/errors';
import type { Arguments } from '../base/arguments';
import { COUNT, instanceOf } from '../base/kinds';
import type { Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import type { Operand } from '../core/pointwise';
import type { Tensor } from '../core/tensor';
import { independent, VALIDATE, type Constraint } from './constraints';
import { Distribution } from './distribution';

/** x summed over its last n dimensions. */
export const sumRightmost = (x: Tensor, n: number): Tensor => (n <= 0 ? x : x.flatten(x.ndim - n, -1).sum(-1));

/** Names of the arguments. */
export interface IndependentOptions {
  baseDistribution: Distribution;
  reinterpretedBatchNdims: number;
  validateArgs?: boolean | null;
}
export const DISTRIBUTION = instanceOf<Distribution>('a distribution', Distribution);
const INDEPENDENT = signature('Independent', [
  argument('baseDistribution', DISTRIBUTION), argument('reinterpretedBatchNdims', COUNT), VALIDATE,
]); // prettier-ignore

/** The last `reinterpretedBatchNdims` dimensions of the batch become dimensions of the event: log-probabilities are summed. @see torch.distributions.Independent */
export class Independent extends Distribution<never> {
  static override readonly name: string = 'Independent';

  readonly baseDist: Distribution;
  readonly reinterpretedBatchNdims: number;

  /** @throws ValueError if the batch has fewer dimensions */
  constructor(
    ...args: Arguments<
      [baseDistribution: Distribution, reinterpretedBatchNdims: number],
      [validateArgs?: boolean | null],
      IndependentOptions,
      [baseDistribution: Distribution, options: Omit<IndependentOptions, 'baseDistribution'>]
    >
  ) {
    const { baseDistribution: base, reinterpretedBatchNdims: n, validateArgs } = INDEPENDENT.take(args, new.target.name);
    const { batchShape, eventShape } = base;
    if (n > batchShape.length) {
      throw new ValueError(new.target.name, `reinterpretedBatchNdims must be at most the ${batchShape.length} dimensions of the batch, got ${n}.`);
    }
    const cut = batchShape.length - n;
    super({ given: {}, batchShape: batchShape.slice(0, cut), eventShape: [...batchShape.slice(cut), ...eventShape], validateArgs });
    this.baseDist = base;
    this.reinterpretedBatchNdims = n;
  } // prettier-ignore

  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return {};
  }
  override get support(): Constraint {
    const { support } = this.baseDist;
    return this.reinterpretedBatchNdims === 0 ? support : independent(support, this.reinterpretedBatchNdims);
  }
  override get hasRsample(): boolean {
    return this.baseDist.hasRsample;
  }
  override get hasEnumerateSupport(): boolean {
    return this.reinterpretedBatchNdims === 0 && this.baseDist.hasEnumerateSupport;
  }
  override get mean(): Tensor {
    return this.baseDist.mean;
  }
  override get mode(): Tensor {
    return this.baseDist.mode;
  }
  override get variance(): Tensor {
    return this.baseDist.variance;
  }
  protected override draw(sampleShape: Shape): Tensor {
    return this.hasRsample ? this.baseDist.rsample([...sampleShape]) : this.baseDist.sample([...sampleShape]);
  }
  protected override ofValue(_op: string, value: Operand, f: (value: Tensor) => Tensor): Tensor {
    // The base checks.
    return f(this.valueOf_(value));
  }
  protected override logDensity(value: Tensor): Tensor {
    return sumRightmost(this.baseDist.logProb(value), this.reinterpretedBatchNdims);
  }
  protected override entropyOf(): Tensor {
    return sumRightmost(this.baseDist.entropy(), this.reinterpretedBatchNdims);
  }
  protected override get made(): Pick<Tensor, 'dtype' | 'device'> {
    const { dtype, device } = this.baseDist.mean;
    return { dtype, device };
  }
  protected override listed(): Tensor {
    if (!this.hasEnumerateSupport) return super.listed();
    return this.baseDist.enumerateSupport(false).reshape(-1, ...this.eventShape);
  }
  protected override expanded(batchShape: Shape): this {
    const base = this.baseDist.expand([...batchShape, ...this.eventShape.slice(0, this.reinterpretedBatchNdims)]);
    return this.like({ baseDist: base }, batchShape);
  }
  override toString(): string {
    return `${this.constructor.name}(${String(this.baseDist)}, ${this.reinterpretedBatchNdims})`;
  }
  override async repr(): Promise<string> {
    return `${this.constructor.name}(${await this.baseDist.repr()}, ${this.reinterpretedBatchNdims})`;
  }
}
