// DataLoader: batches of a dataset as an async iteration, prepared ahead of the device and paced by it.
import { pace } from '../core/pace';
import { unscoped } from '../core/storage';
import { checkInteger, gather, type Arguments } from '../base/arguments';
import { drawSeed, type Generator } from '../base/generator';
import { collate, type Collated } from './collate';
import { ArrayDataset, Dataset, IterableDataset } from './dataset';
import { BatchSampler, RandomSampler, SequentialSampler, type Sampler } from './sampler';

export interface DataLoaderOptions<Sample, Batch> {
  /** Samples in a batch; default 1. */
  batchSize?: number;
  /** Whether every epoch has a new random order; default false. */
  shuffle?: boolean;
  /** Another order; excludes `shuffle`. */
  sampler?: Sampler;
  /** Batches of indices; excludes all of the above and `dropLast`. */
  batchSampler?: Sampler<number[]>;
  /** Makes a batch of samples; default `collate`. */
  collateFn?: (samples: Sample[]) => Batch | Promise<Batch>;
  /** Whether a last batch that is not full is left out; default false. */
  dropLast?: boolean;
  /** Source of the order; default the default generator. */
  generator?: Generator;
  /** Batches that are begun before they are asked for; default 1. */
  prefetch?: number;
}

const ORDER = [
  'batchSize',
  'shuffle',
  'sampler',
  'batchSampler',
  'collateFn',
  'dropLast',
  'generator',
  'prefetch',
] as const;

/** The device may be this many batches behind the loop before the loader waits for it. */
const STEPS_AHEAD = 2;

/**
 * Iterates over a dataset in batches, one epoch for each `for await`. The order of indices is PyTorch's for the same
 * seed. Each batch yields to the page and waits while the device is more than two batches behind, so that a loop which
 * never reads a value neither freezes the page nor queues without bound.
 * @example for await (const [images, labels] of new DataLoader(train, { batchSize: 64, shuffle: true })) { ... }
 * @see torch.utils.data.DataLoader
 */
export class DataLoader<Sample, Batch = Collated<Sample>> implements AsyncIterable<Batch> {
  readonly dataset: Dataset<Sample> | IterableDataset<Sample>;
  readonly batchSize: number;
  private readonly batchSampler: Sampler<number[]> | null;
  private readonly options: DataLoaderOptions<Sample, Batch>;
  private readonly prefetch: number;

  constructor(
    dataset: Dataset<Sample> | IterableDataset<Sample> | readonly Sample[],
    ...args: Arguments<DataLoaderOptions<Sample, Batch>, typeof ORDER>
  ) {
    const options = gather<DataLoaderOptions<Sample, Batch>>('DataLoader', ORDER, args);
    checkOptions(options, dataset instanceof IterableDataset);
    this.options = options;
    this.batchSize = options.batchSize ?? 1;
    this.prefetch = options.prefetch ?? 1;
    if (dataset instanceof Dataset || dataset instanceof IterableDataset) this.dataset = dataset;
    else this.dataset = new ArrayDataset(dataset);
    this.batchSampler = this.dataset instanceof Dataset ? this.makeBatchSampler(this.dataset) : null;
  }

  /** Number of batches in an epoch. @throws TypeError for an iterable dataset, which has no length */
  get length(): number {
    if (this.batchSampler === null) throw new TypeError('DataLoader: an iterable dataset has no length.');
    return this.batchSampler.length;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Batch> {
    // PyTorch draws a seed for its worker processes here, before the sampler draws anything.
    drawSeed(this.options.generator);
    return this.ahead(this.dataset instanceof Dataset ? this.batches(this.dataset) : this.streamed(this.dataset));
  }

  /** Yields what `source` gives, with the next `prefetch` batches begun. */
  private async *ahead(source: AsyncIterator<Batch> | Iterator<Promise<Batch>>): AsyncIterableIterator<Batch> {
    const begun: Promise<IteratorResult<Batch>>[] = [];
    const begin = (): void => {
      const next = unscoped(() => nextOf(source));
      // A batch that fails after the loop was left is nobody's concern; within the loop it is awaited below.
      next.catch(() => undefined);
      begun.push(next);
    };
    try {
      for (;;) {
        if (begun.length === 0) begin();
        const result = await begun.shift();
        if (result === undefined || result.done === true) return;
        while (begun.length < this.prefetch) begin();
        await pace(STEPS_AHEAD);
        yield result.value;
      }
    } finally {
      // Not awaited: a stream may be waiting for a sample that does not come.
      Promise.resolve(source.return?.()).catch(() => undefined);
    }
  }

  private *batches(dataset: Dataset<Sample>): Iterator<Promise<Batch>> {
    for (const indices of this.batchSampler ?? []) yield this.fetch(dataset, indices);
  }

  private async fetch(dataset: Dataset<Sample>, indices: readonly number[]): Promise<Batch> {
    const { collateFn } = this.options;
    if (collateFn === undefined && dataset.getBatch !== undefined) return dataset.getBatch(indices) as Batch;
    return this.collate(await Promise.all(indices.map((index) => dataset.get(index))));
  }

  private async *streamed(samples: AsyncIterable<Sample>): AsyncIterator<Batch> {
    let batch: Sample[] = [];
    for await (const sample of samples) {
      batch.push(sample);
      if (batch.length === this.batchSize) {
        yield this.collate(batch);
        batch = [];
      }
    }
    if (batch.length > 0 && this.options.dropLast !== true) yield this.collate(batch);
  }

  private collate(samples: Sample[]): Batch | Promise<Batch> {
    const { collateFn } = this.options;
    // Without a collateFn, Batch is what collate makes.
    return unscoped(() => (collateFn === undefined ? (collate(samples) as Batch) : collateFn(samples)));
  }

  private makeBatchSampler(dataset: Dataset<Sample>): Sampler<number[]> {
    const { batchSampler, sampler, shuffle = false, generator, dropLast = false } = this.options;
    if (batchSampler !== undefined) return batchSampler;
    const random = (): Sampler => new RandomSampler(dataset, generator === undefined ? {} : { generator });
    return new BatchSampler(sampler ?? (shuffle ? random() : new SequentialSampler(dataset)), this.batchSize, dropLast);
  }
}

/** The next batch, whose making has begun. */
async function nextOf<Batch>(source: AsyncIterator<Batch> | Iterator<Promise<Batch>>): Promise<IteratorResult<Batch>> {
  const result = await source.next();
  return result.done === true ? { done: true, value: undefined } : { done: false, value: await result.value };
}

function checkOptions<Sample, Batch>(options: DataLoaderOptions<Sample, Batch>, isIterable: boolean): void {
  const { batchSize = 1, shuffle, sampler, batchSampler, dropLast, prefetch = 1 } = options;
  checkInteger('DataLoader', 'batchSize', batchSize, 1);
  checkInteger('DataLoader', 'prefetch', prefetch, 0);
  const refuse = (message: string): never => {
    throw new TypeError(`DataLoader: ${message}`);
  };
  if (isIterable && (shuffle === true || sampler !== undefined || batchSampler !== undefined)) {
    refuse('an iterable dataset has an order of its own, got shuffle, sampler or batchSampler.');
  }
  if (sampler !== undefined && shuffle === true) refuse('sampler and shuffle exclude each other, got both.');
  if (batchSampler !== undefined && [options.batchSize, shuffle, sampler, dropLast].some((o) => o !== undefined)) {
    refuse('batchSampler excludes batchSize, shuffle, sampler and dropLast, got one of them.');
  }
}
