// Samplers: the order in which a loader asks for samples, with PyTorch's draws.
import { checkInteger, gather, type Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { drawSeed, fillRandint, Generator, permutation } from '../base/generator';

/** Something with a number of samples. */
export interface Sized {
  readonly length: number;
}

/** The number of samples of `source`. @throws TypeError unless it is a whole number of at least 0 */
export function lengthOf(owner: string, what: string, source: unknown): number {
  const length: unknown = (Object(source) as Partial<Sized>).length;
  if (Number.isSafeInteger(length) && (length as number) >= 0) return length as number;
  throw new TypeError(`${owner}: ${what} must have a length, a whole number of at least 0, got ${describe(length)}.`);
}

/** An order, drawn anew by every iteration. @see torch.utils.data.Sampler */
export abstract class Sampler<Item = number> implements Iterable<Item> {
  abstract readonly length: number;
  abstract [Symbol.iterator](): Iterator<Item>;
}

/** 0, 1, 2, ... @see torch.utils.data.SequentialSampler */
export class SequentialSampler extends Sampler {
  constructor(private readonly source: Sized) {
    super();
  }

  get length(): number {
    return lengthOf('SequentialSampler', 'the dataset', this.source);
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

interface RandomSamplerOptions {
  replacement?: boolean;
  numSamples?: number;
  generator?: Generator;
}

/** With replacement PyTorch draws indices in groups of this size. */
const REPLACEMENT_GROUP = 32;

/**
 * All indices in random order, or `numSamples` of them, with or without `replacement`.
 * Without a `generator`, each iteration uses one of its own, seeded by a draw from the default generator.
 * @see torch.utils.data.RandomSampler
 */
export class RandomSampler extends Sampler {
  private readonly replacement: boolean;
  private readonly numSamples: number | null;
  private readonly generator: Generator | null;

  constructor(
    private readonly source: Sized,
    ...args: Arguments<RandomSamplerOptions, ['replacement', 'numSamples', 'generator']>
  ) {
    super();
    const order = ['replacement', 'numSamples', 'generator'] as const;
    const { replacement = false, numSamples, generator } = gather<RandomSamplerOptions>('RandomSampler', order, args);
    if (numSamples !== undefined) checkInteger('RandomSampler', 'numSamples', numSamples, 1);
    this.replacement = replacement;
    this.numSamples = numSamples ?? null;
    this.generator = generator ?? null;
  }

  get length(): number {
    return this.numSamples ?? lengthOf('RandomSampler', 'the dataset', this.source);
  }

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

/** The given indices in random order. @see torch.utils.data.SubsetRandomSampler */
export class SubsetRandomSampler extends Sampler {
  constructor(
    private readonly indices: readonly number[],
    private readonly generator?: Generator,
  ) {
    super();
  }

  get length(): number {
    return this.indices.length;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (const position of permutation(this.indices.length, this.generator)) yield this.indices[position];
  }
}

/** Groups of `batchSize` from another sampler; the last may be smaller, or is left out. @see torch.utils.data.BatchSampler */
export class BatchSampler extends Sampler<number[]> {
  constructor(
    private readonly sampler: Sampler,
    private readonly batchSize: number,
    private readonly dropLast = false,
  ) {
    super();
    checkInteger('BatchSampler', 'batchSize', batchSize, 1);
  }

  get length(): number {
    const batches = lengthOf('BatchSampler', 'the sampler', this.sampler) / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  *[Symbol.iterator](): IterableIterator<number[]> {
    let batch: number[] = [];
    for (const index of this.sampler) {
      batch.push(index);
      if (batch.length === this.batchSize) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}
