// DataLoader: batches of a dataset as an async iteration, prepared ahead of the device and paced by it.
import { pace } from '../core/pace';
import { checkGiven } from '../core/given';
import { unscoped } from '../core/scope';
import { Tensor } from '../core/tensor';
import type { Arguments } from '../base/arguments';
import { atLeast, COUNT, FLAG, FUNCTION, INTEGER, kind } from '../base/kinds';
import { argument, checkKind, optional, signature, withoutEffect } from '../base/signature';
import { drawSeed, type Generator } from '../base/generator';
import { describe } from '../base/errorText';
import { KindError } from '../base/errors';
import { collate, type Collated } from './collate';
import { ArrayDataset, Dataset, IterableDataset, refuseOnce } from './dataset';
import {
  BatchSampler, GENERATOR, isAsync, lengthOf, RandomSampler, SAMPLER, SequentialSampler, type AsyncSampler, type Sampler,
} from './sampler'; // prettier-ignore

/** How a DataLoader makes batches. */
export interface DataLoaderOptions<Sample, Batch> {
  /** Samples in a batch; default 1. */
  batchSize?: number;
  /** Whether every epoch has a new random order; default false. */
  shuffle?: boolean;
  /** Another order; excludes `shuffle`. */
  sampler?: Sampler | AsyncSampler;
  /** Batches of indices; excludes all of the above and `dropLast`. */
  batchSampler?: Sampler<number[]> | AsyncSampler<number[]>;
  /** Makes a batch of samples; default `collate`. */
  collateFn?: (samples: Sample[]) => Batch | Promise<Batch>;
  /** Whether a last batch that is not full is left out; default false. */
  dropLast?: boolean;
  /** Source of the order; default the default generator. */
  generator?: Generator;
  /** Batches that are begun before they are asked for; default 1. */
  prefetch?: number;
  /** Seconds after which a batch that has not come is an error; 0, the default, waits for ever, and warns. */
  timeout?: number;
  /** Without effect: batches are made on the page, `prefetch` of them ahead. */
  numWorkers?: number;
  /** Without effect. */
  pinMemory?: boolean;
  /** Without effect. */
  persistentWorkers?: boolean;
  /** Without effect. */
  prefetchFactor?: number | null;
  /** Without effect. */
  workerInitFn?: unknown;
  /** Without effect. */
  pinMemoryDevice?: string;
}

/** `datasetOf` says what is wrong with one. */
const DATASET = {
  ...kind<unknown>('an array, a Dataset with get and length, or an IterableDataset', () => true),
  takesObject: (value: object) => !('dataset' in value),
};
const SECONDS = kind<number>('a number of seconds of at least 0', (value) => typeof value === 'number' && value >= 0);
const TAKES = signature('DataLoader', [
  argument('dataset', DATASET), optional('batchSize', atLeast(1)), optional('shuffle', FLAG),
  argument('sampler', SAMPLER, null), argument('batchSampler', SAMPLER, null), argument('collateFn', FUNCTION, null),
  optional('dropLast', FLAG), GENERATOR, argument('prefetch', COUNT, 1), argument('timeout', SECONDS, 0),
  withoutEffect('numWorkers'), withoutEffect('pinMemory'), withoutEffect('persistentWorkers'),
  withoutEffect('prefetchFactor'), withoutEffect('workerInitFn'),
  withoutEffect('pinMemoryDevice'),
]); // prettier-ignore
type Taken<Sample, Batch> = Omit<DataLoaderOptions<Sample, Batch>, Nullable> &
  Required<Pick<DataLoaderOptions<Sample, Batch>, 'prefetch' | 'timeout'>> & {
    readonly [K in Nullable]: Exclude<DataLoaderOptions<Sample, Batch>[K], undefined> | null;
  };
type Nullable = 'sampler' | 'batchSampler' | 'collateFn' | 'generator';

/** After so many seconds without a batch the page is told, once an epoch. */
const WARN_AFTER = 30;

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
  static readonly name: string = 'DataLoader';

  readonly dataset: Dataset<Sample> | IterableDataset<Sample>;
  readonly batchSize: number;
  private readonly batchSampler: Sampler<number[]> | AsyncSampler<number[]> | null;
  private readonly options: Taken<Sample, Batch>;
  private readonly prefetch: number;
  private readonly timeout: number;

  constructor(
    ...args: Arguments<
      [dataset: Given<Sample>],
      [
        batchSize?: number,
        shuffle?: boolean,
        sampler?: Sampler | AsyncSampler,
        batchSampler?: Sampler<number[]> | AsyncSampler<number[]>,
        collateFn?: (samples: Sample[]) => Batch | Promise<Batch>,
        dropLast?: boolean,
        generator?: Generator,
        prefetch?: number,
        timeout?: number,
      ],
      DataLoaderOptions<Sample, Batch> & { dataset: Given<Sample> }
    >
  ) {
    const { dataset, ...options } = TAKES.take<Taken<Sample, Batch> & { dataset: Given<Sample> }>(args);
    this.dataset = datasetOf(dataset);
    const samples = mapStyle(this.dataset);
    checkOptions(options, samples === null);
    this.options = options;
    this.batchSize = options.batchSize ?? 1;
    this.prefetch = options.prefetch;
    this.timeout = options.timeout;
    this.batchSampler = samples === null ? null : this.makeBatchSampler(samples);
  }

  /** Number of batches in an epoch. @throws TypeError for an iterable dataset, which has no length */
  get length(): number {
    if (this.batchSampler === null) throw new KindError('DataLoader', 'an iterable dataset has no length.');
    return lengthOf('DataLoader', 'the sampler', this.batchSampler);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Batch> {
    // PyTorch draws a seed for its worker processes here, before the sampler draws anything.
    drawSeed(this.options.generator ?? undefined);
    const samples = mapStyle(this.dataset);
    const stream = this.dataset as IterableDataset<Sample>;
    return this.ahead(samples === null ? this.streamed(stream) : this.batches(samples));
  }

  /** Yields what `source` gives, with the next `prefetch` batches begun. */
  private async *ahead(source: AsyncIterator<Batch> | Iterator<Promise<Batch>>): AsyncIterableIterator<Batch> {
    const begun: Promise<IteratorResult<Batch>>[] = [];
    const waiting = new Waiting(this.timeout);
    const begin = (): void => {
      const next = unscoped(() => nextOf(source));
      // A batch that fails after the loop was left is nobody's concern; within the loop it is awaited below.
      next.catch(() => undefined);
      begun.push(next);
    };
    try {
      for (;;) {
        if (begun.length === 0) begin();
        const [next] = begun.splice(0, 1);
        const result = await waiting.for(next);
        if (result.done === true) return;
        while (begun.length < this.prefetch) begin();
        await pace(STEPS_AHEAD);
        yield result.value;
      }
    } finally {
      // Not awaited: a stream may be waiting for a sample that does not come.
      Promise.resolve(source.return?.()).catch(() => undefined);
    }
  }

  private batches(dataset: Dataset<Sample>): AsyncIterator<Batch> | Iterator<Promise<Batch>> {
    const order = this.batchSampler ?? [];
    return isAsync(order) ? this.waited(order, dataset) : this.begun(order, dataset);
  }

  private *begun(order: Iterable<number[]>, dataset: Dataset<Sample>): Iterator<Promise<Batch>> {
    for (const indices of order) yield this.fetch(dataset, checkedIndices(indices));
  }

  /** Where the indices have to be waited for. No generator, in which a batch would wait for the one before it. */
  private waited(order: AsyncIterable<number[]>, dataset: Dataset<Sample>): AsyncIterator<Batch> {
    const indices = order[Symbol.asyncIterator]();
    return {
      next: async () => {
        const next = await indices.next();
        if (next.done === true) return { done: true, value: undefined };
        return { done: false, value: await this.fetch(dataset, checkedIndices(next.value)) };
      },
      return: async () => {
        await indices.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  private async fetch(dataset: Dataset<Sample>, indices: readonly number[]): Promise<Batch> {
    const { collateFn } = this.options;
    if (collateFn === null && dataset.getBatch !== undefined) {
      const batch: unknown = await dataset.getBatch(indices);
      checkBatch('getBatch of the dataset', batch);
      return batch as Batch;
    }
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

  private async collate(samples: Sample[]): Promise<Batch> {
    const { collateFn } = this.options;
    // Without a collateFn, Batch is what collate makes.
    if (collateFn === null) return unscoped(() => collate(samples) as Batch);
    const batch = await unscoped(() => collateFn(samples));
    checkBatch('collateFn', batch);
    return batch;
  }

  private makeBatchSampler(dataset: Dataset<Sample>): Sampler<number[]> | AsyncSampler<number[]> {
    const { batchSampler, sampler, shuffle = false, generator, dropLast = false } = this.options;
    if (batchSampler !== null) return batchSampler;
    if (sampler === null) lengthOf('DataLoader', 'the dataset', dataset);
    const random = (): Sampler => new RandomSampler(dataset, { generator });
    return new BatchSampler(sampler ?? (shuffle ? random() : new SequentialSampler(dataset)), this.batchSize, dropLast);
  }
}

/** @throws TypeError, RangeError unless a batch sampler has given whole numbers */
function checkedIndices(indices: unknown): readonly number[] {
  if (!Array.isArray(indices)) {
    throw new KindError('DataLoader', `batchSampler must give arrays of indices, got ${describe(indices)}.`);
  }
  for (const index of indices as unknown[]) checkKind('DataLoader', 'what a sampler gives', INTEGER, index);
  return indices as number[];
}

/** @throws TypeError, FreedError unless user code has given a batch: something, whose tensors can be read */
function checkBatch(who: string, batch: unknown): void {
  if (batch === undefined) throw new KindError('DataLoader', `${who} must return a batch, got undefined.`);
  const parts: readonly unknown[] = Array.isArray(batch) ? batch : [batch];
  for (const part of parts) if (part instanceof Tensor) checkGiven(`DataLoader: ${who}`, part);
}

/** The next batch, whose making has begun. */
async function nextOf<Batch>(source: AsyncIterator<Batch> | Iterator<Promise<Batch>>): Promise<IteratorResult<Batch>> {
  const result = await source.next();
  return result.done === true ? { done: true, value: undefined } : { done: false, value: await result.value };
}

/** Waits for batches, but not without end and not without a word. */
class Waiting {
  private number = 0;
  private hasWarned = false;

  constructor(private readonly timeout: number) {}

  /** What comes. @throws Error when the time is over */
  async for<T>(batch: Promise<T>): Promise<T> {
    const { number, timeout } = this;
    this.number++;
    if (timeout === 0 && this.hasWarned) return batch;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          if (timeout > 0) {
            reject(new Error(`DataLoader: a batch must come within ${timeout} s, got none for batch ${number}. A sample of the dataset, or collateFn, does not end.`)); // prettier-ignore
            return;
          }
          this.hasWarned = true;
          // eslint-disable-next-line no-console -- a loop that stands still and says nothing is hard to find
          console.warn(`DataLoader: batch ${number} has not come for ${WARN_AFTER} s. Set timeout to end such a wait.`);
        },
        1000 * (timeout > 0 ? timeout : WARN_AFTER),
      );
    });
    try {
      return await Promise.race([batch, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a loader takes. */
type Given<Sample> = AnyDataset<Sample> | readonly Sample[];
type AnyDataset<Sample> = Dataset<Sample> | IterableDataset<Sample>;

/** A dataset from what is given as one, an array or an object of the same form. @throws TypeError for anything else */
function datasetOf<Sample>(given: AnyDataset<Sample> | readonly Sample[]): AnyDataset<Sample> {
  if (given instanceof Dataset || given instanceof IterableDataset) return given;
  if (Array.isArray(given) || (ArrayBuffer.isView(given) && Symbol.iterator in given)) {
    return new ArrayDataset(given as readonly Sample[]);
  }
  const object = Object(given) as Partial<Dataset<Sample> & IterableDataset<Sample>>;
  if (typeof object.get === 'function' && typeof (given as unknown) === 'object' && !(given instanceof Map)) {
    return object as Dataset<Sample>;
  }
  if (typeof object[Symbol.asyncIterator] === 'function') {
    refuseOnce('DataLoader', 'an iterable dataset', given, object[Symbol.asyncIterator]?.());
    return object as IterableDataset<Sample>;
  }
  throw new KindError(
    'DataLoader',
    `the dataset must be an array, a Dataset with get and length, or an IterableDataset, got ${describe(given)}.`,
  );
}

/** The dataset if its samples have numbers. */
const mapStyle = <Sample>(dataset: AnyDataset<Sample>): Dataset<Sample> | null =>
  'get' in dataset && typeof dataset.get === 'function' ? dataset : null;

/** @throws TypeError for options that exclude each other */
function checkOptions<Sample, Batch>(options: Taken<Sample, Batch>, isIterable: boolean): void {
  const { shuffle, sampler, batchSampler, dropLast } = options;
  const refuse = (message: string): never => {
    throw new KindError('DataLoader', `${message}`);
  };
  for (const [name, value] of Object.entries({ sampler, batchSampler })) {
    if (value !== null)
      refuseOnce(
        'DataLoader',
        `a ${name}`,
        value,
        isAsync<unknown>(value) ? value[Symbol.asyncIterator]() : value[Symbol.iterator](),
      );
  }
  if (isIterable && (shuffle === true || sampler !== null || batchSampler !== null)) {
    refuse('an iterable dataset has an order of its own, got shuffle, sampler or batchSampler.');
  }
  if (sampler !== null && shuffle === true) refuse('sampler and shuffle exclude each other, got both.');
  if (batchSampler !== null && (sampler ?? options.batchSize ?? shuffle ?? dropLast) !== undefined) {
    refuse('batchSampler excludes batchSize, shuffle, sampler and dropLast, got one of them.');
  }
}
