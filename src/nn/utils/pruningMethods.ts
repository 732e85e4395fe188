// Pruning methods: parameters times masks of zeros and ones, computed before every call. Masks are made on the device,
// where the values are: nothing is waited for.
import { argument, optional, signature, checkKind, methodsTake } from '../../base/signature';
import { INTEGER, REAL, instanceOf, TEXT } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import type { Arguments } from '../../base/arguments';
import { noGrad } from '../../core/backward';
import { checkGiven } from '../../core/given';
import { KindError, ShapeError, ValueError } from '../../base/errors';
import { ge, gt, ne, where } from '../../ops/pointwise/compare';
import { clone, to } from '../../ops/shape/copy';
import { fullLike, onesLike } from '../../ops/shape/creation';
import { reshape } from '../../ops/shape/view';
import { abs, mul, neg, pow, round } from '../../ops/pointwise/arithmetic';
import { rand, randLike } from '../../ops/random/random';
import { amax, sum } from '../../ops/reduce/reduce';
import { argsort } from '../../ops/indexing/sort';
import { formatShape, sameShape, wrapDim } from '../../base/shape';
import type { Parameter, Tensor } from '../../core/tensor';
import { MODULE, type Module } from '../module/module';
import { ownParameter, removeMember, replaceParameter, replacementOf } from './replaced';
import type { Replacement } from './replaced';

/** What a mask is chosen among: single elements, channels, or all tensors at once. */
export type PruningType = 'unstructured' | 'structured' | 'global';

const PRUNE = signature('prune', [
  argument('t', TENSOR), argument('defaultMask', TENSOR, undefined), argument('importanceScores', TENSOR, undefined),
]); // prettier-ignore
const COMPUTE_MASK = signature('computeMask', [argument('scores', TENSOR), argument('defaultMask', TENSOR)]);
const APPLY = signature('apply', [
  argument('module', MODULE), argument('name', TEXT), argument('importanceScores', TENSOR, null),
]); // prettier-ignore

/**
 * Base of pruning methods. A method of one's own has a `pruningType` and a `computeMask`; `apply(module, name)` puts it
 * to work. What has been pruned before stays pruned: masks are multiplied.
 * @see torch.nn.utils.prune.BasePruningMethod
 */
export abstract class BasePruningMethod {
  static {
    methodsTake(this, PRUNE, APPLY);
  }

  constructor(...none: readonly never[]) {
    if (none.length > 0) throw new KindError(new.target.name, `takes no arguments, got ${none.length}.`);
  }

  abstract readonly pruningType: PruningType;

  /**
   * The mask, of the shape of `scores`, which say how much each element matters. Where `defaultMask` is 0 the element has
   * been pruned already; amounts are of those that have not.
   */
  abstract computeMask(scores: Tensor, defaultMask: Tensor): Tensor;

  /** A tensor times the mask for it, without any module. */
  prune(t: Tensor, defaultMask: Tensor = onesLike(t), importanceScores: Tensor = t): Tensor {
    return mul(t, combined(this, importanceScores, defaultMask));
  }

  /**
   * Prunes a parameter: `NAME_orig` takes its place, the buffer `NAME_mask` is the mask, and NAME is their product.
   * @throws TypeError if there is no such parameter, ShapeError for scores of another shape
   */
  apply(module: Module, name: string, importanceScores: Tensor | null = null): this {
    const before = pruningAt(module, name);
    const original = before === null ? ownParameter('prune', module, name) : before.original;
    const scores = importanceScores ?? noGrad(() => before?.compute() ?? original);
    if (!sameShape(scores.shape, original.shape)) {
      throw new ShapeError(
        'prune',
        `importanceScores must have the shape ${formatShape(original.shape)} of ${name}, got ${formatShape(scores.shape)}.`,
        { shape: scores.shape },
      );
    }
    const mask = noGrad(() => combined(this, scores.detach(), before?.mask() ?? onesLike(original)));
    if (before !== null) {
      before.methods.push(this);
      Reflect.set(module, `${name}_mask`, mask);
      Reflect.set(module, name, before.compute());
      return this;
    }
    removeMember(module, name);
    module.registerParameter(`${name}_orig`, original);
    module.registerBuffer(`${name}_mask`, mask);
    replaceParameter(module, name, new Pruning(module, name, original, this));
    return this;
  }
}

/** @internal The new mask of a method, on what is left by the masks before. */
export function combined(method: BasePruningMethod, scores: Tensor, defaultMask: Tensor): Tensor {
  const mask: unknown = method.computeMask(scores, defaultMask);
  const who = `prune: computeMask of ${method.constructor.name}`;
  checkGiven(who, mask);
  if (!sameShape(mask.shape, defaultMask.shape)) {
    throw new ShapeError(
      who,
      `must give a mask of shape ${formatShape(defaultMask.shape)}, got ${formatShape(mask.shape)}.`,
      { shapes: [defaultMask.shape, mask.shape] },
    );
  }
  return mul(to(mask, defaultMask.dtype), defaultMask);
}

/** @internal A parameter that is pruned, by one method after the other. */
export class Pruning implements Replacement {
  readonly by = 'prune';
  readonly methods: BasePruningMethod[];

  constructor(
    private readonly module: Module,
    private readonly name: string,
    readonly original: Parameter,
    first: BasePruningMethod,
  ) {
    this.methods = [first];
  }

  // Looked up again, as `to` exchanges buffers.
  mask(): Tensor {
    return Reflect.get(this.module, `${this.name}_mask`) as Tensor;
  }

  compute(): Tensor {
    return mul(to(this.mask(), this.original.dtype), this.original);
  }
}

/** @internal What prunes a parameter; null if nothing does. */
export function pruningAt(module: Module, name: string): Pruning | null {
  const found = replacementOf(module, name);
  return found instanceof Pruning ? found : null;
}

const PRUNING_METHOD = instanceOf('a pruning method', BasePruningMethod);

/** Several methods one after the other, as one. @see torch.nn.utils.prune.PruningContainer */
export class PruningContainer extends BasePruningMethod {
  static {
    methodsTake(this, signature('addPruningMethod', [argument('method', PRUNING_METHOD)]), COMPUTE_MASK);
  }

  readonly pruningType = 'global';
  private readonly methods: BasePruningMethod[];

  constructor(...methods: BasePruningMethod[]) {
    super();
    for (const method of methods) checkKind('PruningContainer', 'each of the methods', PRUNING_METHOD, method);
    this.methods = methods;
  }

  /** Adds a method that prunes what those before left. */
  addPruningMethod(method: BasePruningMethod): void {
    this.methods.push(method);
  }

  /** Number of methods. */
  get length(): number {
    return this.methods.length;
  }

  /** The methods in the order in which they were added. */
  [Symbol.iterator](): Iterator<BasePruningMethod> {
    return this.methods.values();
  }

  computeMask(scores: Tensor, defaultMask: Tensor): Tensor {
    return this.methods.reduce((mask, method) => combined(method, scores, mask), defaultMask);
  }
}

// ---- how much ---------------------------------------------------------------------------------

/** @throws RangeError unless `amount` is a whole number of elements or a share of them */
function checkAmount(amount: number, count?: number): void {
  if (!(amount >= 0 && (Number.isInteger(amount) || amount <= 1))) {
    throw new ValueError('prune', `amount must be a whole number >= 0 or a share in [0, 1], got ${amount}.`);
  }
  if (count !== undefined && Number.isInteger(amount) && amount > count) {
    throw new ValueError('prune', `amount must be at most ${count}, all that there are, got ${amount}.`);
  }
}

/** How many of those where `kept` holds are to go: without dimensions, on the device, for a share of them. */
const countOf = (amount: number, kept: Tensor): Tensor | number =>
  Number.isInteger(amount) ? amount : round(mul(sum(to(kept, 'float32')), amount));

/** How many elements of a vector come before each in ascending order; of equal ones the first comes first. */
const ranks = (scores: Tensor): Tensor => argsort(argsort(scores));

/** 0 for the `amount` with the least scores among those where `kept` holds, a vector. */
function withoutLeast(scores: Tensor, kept: Tensor, amount: number): Tensor {
  const order = ranks(where(kept, scores, fullLike(scores, Infinity)));
  return to(ge(order, countOf(amount, kept)), scores.dtype);
}

/** The same for the elements of a tensor of any shape. */
function maskOfLeast(scores: Tensor, defaultMask: Tensor, amount: number): Tensor {
  checkAmount(amount, scores.numel());
  const flat = (x: Tensor): Tensor => reshape(x, [-1]);
  return reshape(withoutLeast(flat(scores), ne(flat(defaultMask), 0), amount), scores.shape);
}

/** The same for channels along a dimension, whose scores `of` gives as a vector. */
function maskOfChannels(
  t: Tensor,
  defaultMask: Tensor,
  amount: number,
  dim: number,
  of: (others: number[]) => Tensor,
): Tensor {
  if (t.ndim < 2) {
    throw new ShapeError('prune', `structured pruning needs at least two dimensions, got ${formatShape(t.shape)}.`, {
      shape: t.shape,
    });
  }
  const along = wrapDim('prune', dim, t.ndim);
  checkAmount(amount, t.shape[along]);
  const others = t.shape.map((_, d) => d).filter((d) => d !== along);
  const kept = gt(sum(defaultMask, others), 0);
  const channels = withoutLeast(of(others), kept, amount);
  return mul(onesLike(t), reshape(channels, t.shape.map((_, d) => (d === along ? -1 : 1)))); // prettier-ignore
}

// ---- methods ----------------------------------------------------------------------------------

/** Prunes nothing, but puts the mask there; public as prune.Identity, as nn.Identity is another class. @see torch.nn.utils.prune.Identity */
export class IdentityPruning extends BasePruningMethod {
  static {
    methodsTake(this, COMPUTE_MASK);
  }

  readonly pruningType = 'unstructured';

  computeMask(_: Tensor, defaultMask: Tensor): Tensor {
    return clone(defaultMask);
  }
}

/** Options of pruning methods. */
export interface AmountOptions {
  /** How much to prune: a whole number of elements or channels, or a share of those that are left. */
  amount: number;
}

const AMOUNT = signature('prune', [argument('amount', REAL)]);

/** Prunes elements at random. @see torch.nn.utils.prune.RandomUnstructured */
export class RandomUnstructured extends BasePruningMethod {
  static {
    methodsTake(this, COMPUTE_MASK);
  }

  readonly pruningType = 'unstructured';
  private readonly amount: number;

  constructor(...args: Arguments<[amount: number], [], AmountOptions>) {
    super();
    this.amount = AMOUNT.take<AmountOptions>(args, 'RandomUnstructured').amount;
    checkAmount(this.amount);
  }

  computeMask(scores: Tensor, defaultMask: Tensor): Tensor {
    return maskOfLeast(neg(randLike(scores)), defaultMask, this.amount);
  }
}

/** Prunes the elements that are least in size. @see torch.nn.utils.prune.L1Unstructured */
export class L1Unstructured extends BasePruningMethod {
  static {
    methodsTake(this, COMPUTE_MASK);
  }

  readonly pruningType = 'unstructured';
  private readonly amount: number;

  constructor(...args: Arguments<[amount: number], [], AmountOptions>) {
    super();
    this.amount = AMOUNT.take<AmountOptions>(args, 'L1Unstructured').amount;
    checkAmount(this.amount);
  }

  computeMask(scores: Tensor, defaultMask: Tensor): Tensor {
    return maskOfLeast(abs(scores), defaultMask, this.amount);
  }
}

/** Options of structured pruning. */
export interface StructuredOptions extends AmountOptions {
  /** The dimension of channels; -1 by default. */
  dim?: number;
}

const STRUCTURED = signature('RandomStructured', [argument('amount', REAL), optional('dim', INTEGER)]);

/** Prunes whole channels at random. @see torch.nn.utils.prune.RandomStructured */
export class RandomStructured extends BasePruningMethod {
  static {
    methodsTake(this, COMPUTE_MASK);
  }

  readonly pruningType = 'structured';
  readonly dim: number;
  private readonly amount: number;

  constructor(...args: Arguments<[amount: number], [dim?: number], StructuredOptions>) {
    super();
    const { amount, dim = -1 } = STRUCTURED.take<StructuredOptions>(args);
    checkAmount(amount);
    this.amount = amount;
    this.dim = dim;
  }

  computeMask(scores: Tensor, defaultMask: Tensor): Tensor {
    const { device } = scores;
    const draw = (): Tensor => rand([scores.shape[wrapDim('prune', this.dim, scores.ndim)]], { device });
    return maskOfChannels(scores, defaultMask, this.amount, this.dim, draw);
  }
}

/** Options of pruning by norms. */
export interface LnStructuredOptions extends StructuredOptions {
  /** Which norm; Infinity for the greatest size. */
  n: number;
}

const LN_STRUCTURED = signature('LnStructured', [
  argument('amount', REAL),
  argument('n', REAL),
  optional('dim', INTEGER),
]);

/** Prunes the channels with the least norms. @see torch.nn.utils.prune.LnStructured */
export class LnStructured extends BasePruningMethod {
  static {
    methodsTake(this, COMPUTE_MASK);
  }

  readonly pruningType = 'structured';
  readonly dim: number;
  private readonly amount: number;
  private readonly n: number;

  constructor(
    ...args: Arguments<
      [amount: number, n: number],
      [dim?: number],
      LnStructuredOptions,
      [amount: number, options: Omit<LnStructuredOptions, 'amount'>]
    >
  ) {
    super();
    const { amount, n, dim = -1 } = LN_STRUCTURED.take<LnStructuredOptions>(args);
    checkAmount(amount);
    this.amount = amount;
    this.n = n;
    this.dim = dim;
  }

  computeMask(scores: Tensor, defaultMask: Tensor): Tensor {
    const sizes = abs(scores);
    const powers = (): Tensor => (this.n === 0 ? to(ne(sizes, 0), sizes.dtype) : pow(sizes, this.n));
    // The root changes no order, unless n is negative.
    const norms = (others: number[]): Tensor => {
      if (this.n === Infinity) return amax(sizes, others);
      if (this.n === -Infinity) return neg(amax(neg(sizes), others));
      return this.n < 0 ? pow(sum(powers(), others), 1 / this.n) : sum(powers(), others);
    };
    return maskOfChannels(scores, defaultMask, this.amount, this.dim, norms);
  }
}

const CUSTOM = signature('CustomFromMask', [argument('mask', TENSOR)]);

/** Prunes what a mask of one's own says. @see torch.nn.utils.prune.CustomFromMask */
export class CustomFromMask extends BasePruningMethod {
  static {
    methodsTake(this, COMPUTE_MASK);
  }

  readonly pruningType = 'global';

  private readonly mask: Tensor;

  constructor(...args: readonly [mask: Tensor]) {
    super();
    this.mask = CUSTOM.take(args).mask;
  }

  computeMask(scores: Tensor): Tensor {
    if (!sameShape(this.mask.shape, scores.shape)) {
      throw new ShapeError(
        'prune',
        `the mask must have shape ${formatShape(scores.shape)}, got ${formatShape(this.mask.shape)}.`,
        { shape: this.mask.shape },
      );
    }
    return to(this.mask, scores.dtype);
  }
}
