// Datasets made of others: one behind the other, side by side, one stream after the other.
import { isPlainObject, type Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { KindError, ValueError } from '../base/errors';
import { kind, listOf } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import { collate, type Collated } from './collate';
import { Dataset, DATASET, GET, GET_BATCH, IterableDataset, refuseOnce } from './dataset';
import { lengthOf } from './sampler';

const CONCAT = signature('ConcatDataset', [argument('datasets', listOf(DATASET))]);

/**
 * The samples of several datasets, one behind the other; a negative index counts from the end.
 * @throws TypeError for no datasets
 * @example new ConcatDataset([photos, drawings])   // PyTorch's photos + drawings
 * @see torch.utils.data.ConcatDataset
 */
export class ConcatDataset<Sample> extends Dataset<Sample> {
  static override readonly name: string = 'ConcatDataset';

  readonly datasets: readonly Dataset<Sample>[];
  /** Where each dataset ends. */
  readonly cumulativeSizes: readonly number[];

  static {
    methodsTake(this, GET);
  }

  constructor(
    ...args: Arguments<[datasets: readonly Dataset<Sample>[]], [], { datasets: readonly Dataset<Sample>[] }>
  ) {
    super();
    const { datasets } = CONCAT.take<{ datasets: readonly Dataset<Sample>[] }>(args);
    if (datasets.length === 0) throw new KindError('ConcatDataset', 'there must be at least one dataset, got none.');
    this.datasets = [...datasets];
    let end = 0;
    this.cumulativeSizes = datasets.map((dataset) => (end += lengthOf('ConcatDataset', 'each dataset', dataset)));
  }

  get length(): number {
    return this.cumulativeSizes[this.datasets.length - 1];
  }

  get(index: number): Sample | Promise<Sample> {
    const { length, cumulativeSizes } = this;
    if (index < -length || index >= length) {
      throw new ValueError('ConcatDataset', `an index must be in [${-length}, ${length - 1}], got ${index}.`);
    }
    const position = index < 0 ? index + length : index;
    const i = cumulativeSizes.findIndex((end) => position < end);
    return this.datasets[i].get(position - (i === 0 ? 0 : cumulativeSizes[i - 1]));
  }
}

/** What `StackDataset` needs of a dataset. */
interface Samples {
  readonly length: number;
  get(index: number): unknown;
  getBatch?(indices: readonly number[]): unknown;
}
/** Datasets in a row, or one object with a dataset by each name. */
type Stackable = readonly Samples[] | readonly [Readonly<Record<string, Samples>>];
type SampleOf<D> = D extends Samples ? Awaited<ReturnType<D['get']>> : never;
/** One sample of each. */
type Stacked<T> = T extends readonly Samples[]
  ? { -readonly [K in keyof T]: SampleOf<T[K]> }
  : T extends readonly [infer Named]
    ? { -readonly [K in keyof Named]: SampleOf<Named[K]> }
    : never;

/**
 * Datasets of one length side by side: sample i is the list of their samples i, or for an object of datasets an object of samples.
 * @throws TypeError for no datasets, RangeError if their lengths differ
 * @example new StackDataset(images, labels).get(0)             // [image, label]
 * @example new StackDataset({ image: images, text }).get(0)    // { image, text }
 * @see torch.utils.data.StackDataset
 */
export class StackDataset<T extends Stackable> extends Dataset<Stacked<T>> {
  static override readonly name: string = 'StackDataset';

  /** As they were given: a list, or an object. */
  readonly datasets: T extends readonly Samples[] ? T : T[0];
  readonly #names: readonly string[] | null;
  readonly #parts: readonly Dataset<unknown>[];

  static {
    methodsTake(this, GET, GET_BATCH);
  }

  constructor(...datasets: T) {
    super();
    const [first] = datasets as readonly unknown[];
    const named = datasets.length === 1 && isPlainObject(first) && !DATASET.accepts(first) ? first : null;
    const parts: readonly unknown[] = named === null ? datasets : Object.values(named);
    if (parts.length === 0) throw new KindError('StackDataset', 'there must be at least one dataset, got none.');
    for (const part of parts) {
      if (!DATASET.accepts(part)) throw new KindError('StackDataset', `takes datasets, got ${describe(part)}.`);
    }
    const lengths = parts.map((part) => lengthOf('StackDataset', 'each dataset', part));
    if (lengths.some((length) => length !== lengths[0])) {
      throw new ValueError('StackDataset', `all datasets must have the same length, got [${lengths.join(', ')}].`);
    }
    this.#names = named === null ? null : Object.keys(named);
    this.#parts = parts as readonly Dataset<unknown>[];
    this.datasets = (named ?? [...datasets]) as this['datasets'];
  }

  get length(): number {
    return this.#parts[0].length;
  }

  get(index: number): Stacked<T> | Promise<Stacked<T>> {
    return this.#together(this.#parts.map((part) => part.get(index))) as Stacked<T> | Promise<Stacked<T>>;
  }

  /** Each dataset makes its part of a batch in its own way. */
  override getBatch(indices: readonly number[]): Collated<Stacked<T>> | Promise<Collated<Stacked<T>>> {
    const batches = this.#parts.map((part): unknown => {
      if (part.getBatch !== undefined) return part.getBatch(indices);
      const samples = indices.map((index) => part.get(index));
      return samples.some(isPromise) ? Promise.all(samples).then((all) => collate(all)) : collate(samples);
    });
    return this.#together(batches) as Collated<Stacked<T>>;
  }

  /** One value of each dataset as a list or by name, once all are there. */
  #together(values: readonly unknown[]): unknown {
    const names = this.#names;
    const named = (all: readonly unknown[]): unknown =>
      names === null ? all : Object.fromEntries(names.map((name, i) => [name, all[i]]));
    return values.some(isPromise) ? Promise.all(values).then(named) : named(values);
  }
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

const STREAM = kind<AsyncIterable<unknown>>('an IterableDataset', (value) => Symbol.asyncIterator in Object(value));
const CHAIN = signature('ChainDataset', [argument('datasets', listOf(STREAM))]);

/**
 * The samples of several streams, one stream after the other.
 * @example new ChainDataset([january, february])
 * @see torch.utils.data.ChainDataset
 */
export class ChainDataset<Sample> extends IterableDataset<Sample> {
  static override readonly name: string = 'ChainDataset';

  readonly datasets: readonly AsyncIterable<Sample>[];

  constructor(
    ...args: Arguments<[datasets: readonly AsyncIterable<Sample>[]], [], { datasets: readonly AsyncIterable<Sample>[] }>
  ) {
    super();
    this.datasets = [...CHAIN.take<{ datasets: readonly AsyncIterable<Sample>[] }>(args).datasets];
  }

  /** Number of samples. @throws TypeError unless all datasets have a length */
  get length(): number {
    return this.datasets.reduce((sum, dataset) => sum + lengthOf('ChainDataset', 'each dataset', dataset), 0);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Sample> {
    for (const dataset of this.datasets) {
      const iterator = dataset[Symbol.asyncIterator]();
      refuseOnce('ChainDataset', 'each dataset', dataset, iterator);
      yield* { [Symbol.asyncIterator]: () => iterator };
    }
  }
}
