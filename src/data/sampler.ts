// Samplers: the order in which a loader asks for samples, with PyTorch's draws.
import type { Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { KindError } from '../base/errors';
import { atLeast, FLAG, instanceOf, INTEGER, ITERABLE, kind, listOf, type Kind } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { drawSeed, fillRandint, Generator, permutation } from '../base/generator';

/** Something with a number of samples. */
export interface Sized {
  readonly length: number;
}

/** What has samples to count; whether it has a length is asked when it is needed, and may change from epoch to epoch. */
const SOURCE: Kind<Sized> = {
  ...kind<Sized>('a dataset or an array', (value) => typeof value === 'object' && value !== null && 'length' in value),
  takesObject: (value) => !('dataSource' in value),
};
/** A sampler, or what gives indices as one does: an array. */
export const SAMPLER: Kind<Sampler> = kind('a Sampler', (value) => ITERABLE.accepts(value) || isAsync(value));
export const GENERATOR = argument('generator', instanceOf('a Generator', Generator), null);

/** The number of samples of `source`. @throws TypeError unless it is a whole number of at least 0 */
export function lengthOf(owner: string, what: string, source: unknown): number {
  const length: unknown = (Object(source) as Partial<Sized>).length;
  if (Number.isSafeInteger(length) && (length as number) >= 0) return length as number;
  throw new KindError(owner, `${what} must have a length, a whole number of at least 0, got ${describe(length)}.`);
}

/** An order, drawn anew by every iteration. @see torch.utils.data.Sampler */
export abstract class Sampler<Item = number> implements Iterable<Item> {
  static readonly name: string = 'Sampler';

  abstract readonly length: number;
  /** The items of one epoch. */
  abstract [Symbol.iterator](): Iterator<Item>;
}

/**
 * An order whose indices have to be waited for, such as one that depends on values of tensors. Loaders and `BatchSampler` take
 * one in the place of a `Sampler`.
 */
export interface AsyncSampler<Item = number> extends AsyncIterable<Item> {
  readonly length: number;
}

/** Whether the items of a sampler have to be waited for. */
export function isAsync<Item>(sampler: Sampler<Item> | AsyncSampler<Item>): sampler is AsyncSampler<Item>;
export function isAsync(value: unknown): boolean;
export function isAsync(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

const SEQUENTIAL = signature('SequentialSampler', [argument('dataSource', SOURCE)]);

/** 0, 1, 2, ... @see torch.utils.data.SequentialSampler */
export class SequentialSampler extends Sampler {
  static override readonly name: string = 'SequentialSampler';

  private readonly source: Sized;

  constructor(...args: Arguments<[dataSource: Sized], [], { dataSource: Sized }>) {
    super();
    this.source = SEQUENTIAL.take(args).dataSource;
  }

  /** Number of items. */
  get length(): number {
    return lengthOf('SequentialSampler', 'the dataset', this.source);
  }

  /** The items of one epoch. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

interface BatchSamplerOptions {
  sampler: Sampler | AsyncSampler;
  batchSize: number;
  dropLast?: boolean;
}

interface RandomSamplerOptions {
  dataSource: Sized;
  replacement?: boolean;
  numSamples?: number | null;
  generator?: Generator | null;
}

const RANDOM = signature('RandomSampler', [
  argument('dataSource', SOURCE), argument('replacement', FLAG, false), argument('numSamples', atLeast(1), null), GENERATOR,
]); // prettier-ignore

/** With replacement PyTorch draws indices in groups of this size. */
const REPLACEMENT_GROUP = 32;

/**
 * All indices in random order, or `numSamples` of them, with or without `replacement`.
 * Without a `generator`, each iteration uses one of its own, seeded by a draw from the default generator.
 * @see torch.utils.data.RandomSampler
 */
export class RandomSampler extends Sampler {
  static override readonly name: string = 'RandomSampler';

  private readonly source: Sized;
  private readonly replacement: boolean;
  private readonly numSamples: number | null;
  private readonly generator: Generator | null;

  constructor(
    ...args: Arguments<
      [dataSource: Sized],
      [replacement?: boolean, numSamples?: number | null, generator?: Generator | null],
      RandomSamplerOptions
    >
  ) {
    super();
    const { dataSource, replacement, numSamples, generator } = RANDOM.take(args);
    this.source = dataSource;
    this.replacement = replacement;
    this.numSamples = numSamples;
    this.generator = generator;
  }

  /** Number of items. */
  get length(): number {
    return this.numSamples ?? lengthOf('RandomSampler', 'the dataset', this.source);
  }

  /** The items of one epoch. */
  *[Symbol.iterator](): IterableIterator<number> {
    const generator = this.generator ?? new Generator(drawSeed());
    const n = lengthOf('RandomSampler', 'the dataset', this.source);
    const count = this.length;
    if (n === 0) return;
    if (this.replacement) {
      for (let left = count; left > 0; left -= REPLACEMENT_GROUP) {
        const group = new Int32Array(Math.min(left, REPLACEMENT_GROUP));
        fillRandint(group, 0, n, generator);
        yield* group;
      }
      return;
    }
    for (let left = count; left >= n; left -= n) yield* permutation(n, generator);
    // PyTorch draws this order even when nothing of it is used, which moves a shared generator on.
    yield* permutation(n, generator).subarray(0, count % n);
  }
}

const SUBSET = signature('SubsetRandomSampler', [argument('indices', listOf(INTEGER)), GENERATOR]);

/** The given indices in random order. @see torch.utils.data.SubsetRandomSampler */
export class SubsetRandomSampler extends Sampler {
  static override readonly name: string = 'SubsetRandomSampler';

  private readonly indices: readonly number[];
  private readonly generator: Generator | null;

  constructor(
    ...args: Arguments<
      [indices: readonly number[]],
      [generator?: Generator | null],
      { indices: readonly number[]; generator?: Generator | null }
    >
  ) {
    super();
    const taken = SUBSET.take(args);
    this.indices = taken.indices;
    this.generator = taken.generator;
  }

  /** Number of items. */
  get length(): number {
    return this.indices.length;
  }

  /** The items of one epoch. */
  *[Symbol.iterator](): IterableIterator<number> {
    for (const position of permutation(this.indices.length, this.generator ?? undefined)) yield this.indices[position];
  }
}

const BATCH = signature('BatchSampler', [
  argument('sampler', SAMPLER), argument('batchSize', atLeast(1)), argument('dropLast', FLAG, false),
]); // prettier-ignore

/**
 * Groups of `batchSize` from another sampler; the last may be smaller, or is left out. Those of an `AsyncSampler` have to be
 * waited for too.
 * @see torch.utils.data.BatchSampler
 */
export class BatchSampler extends Sampler<number[]> {
  static override readonly name: string = 'BatchSampler';

  private readonly sampler: Sampler | AsyncSampler;
  private readonly batchSize: number;
  private readonly dropLast: boolean;
  /** Only there if the sampler is an async one. */
  declare readonly [Symbol.asyncIterator]?: () => AsyncIterableIterator<number[]>;

  constructor(
    ...args: Arguments<
      [sampler: Sampler | AsyncSampler, batchSize: number],
      [dropLast?: boolean],
      BatchSamplerOptions,
      [sampler: Sampler | AsyncSampler, named: Omit<BatchSamplerOptions, 'sampler'>]
    >
  ) {
    super();
    const { sampler, batchSize, dropLast } = BATCH.take<Required<BatchSamplerOptions>>(args);
    this.sampler = sampler;
    this.batchSize = batchSize;
    this.dropLast = dropLast;
    if (isAsync(sampler)) this[Symbol.asyncIterator] = () => this.gathered(sampler);
  }

  /** Number of items. */
  get length(): number {
    const batches = lengthOf('BatchSampler', 'the sampler', this.sampler) / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** @throws TypeError for an async sampler */
  *[Symbol.iterator](): IterableIterator<number[]> {
    const { sampler } = this;
    if (isAsync(sampler)) throw mustWait('BatchSampler');
    const group = new Group(this.batchSize);
    for (const index of sampler) yield* group.with(index);
    if (!this.dropLast) yield* group.rest();
  }

  private async *gathered(sampler: AsyncSampler): AsyncIterableIterator<number[]> {
    const group = new Group(this.batchSize);
    for await (const index of sampler) yield* group.with(index);
    if (!this.dropLast) yield* group.rest();
  }
}

/** Indices on their way to a batch. */
class Group {
  private indices: number[] = [];

  constructor(private readonly size: number) {}

  /** The batch, if it is full with `index`. */
  with(index: number): number[][] {
    this.indices.push(index);
    return this.indices.length === this.size ? this.rest() : [];
  }

  /** The batch as it is, unless it is empty. */
  rest(): number[][] {
    const { indices } = this;
    this.indices = [];
    return indices.length > 0 ? [indices] : [];
  }
}

/** For who asks a sampler for indices that have to be waited for. */
export const mustWait = (owner: string): TypeError =>
  new KindError(owner, 'its indices have to be waited for. Go through them by for await, or give it to a DataLoader.');
