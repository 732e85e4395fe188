// Datasets: what a sample is and how many there are. Loaders ask them for samples; no order or batches here.
import type { Arguments } from '../base/arguments';
import { permutation, type Generator } from '../base/generator';
import { INTEGER, kind, listOf, NUMBER } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import { KindError, ShapeError, ValueError } from '../base/errors';
import { tensor } from '../ops/shape/creation';
import { indexSelect } from '../ops/indexing/gather';
import { select } from '../ops/shape/view';
import { describe } from '../base/errorText';
import { Tensor } from '../core/tensor';
import type { Collated } from './collate';
import { GENERATOR, lengthOf } from './sampler';

/**
 * Samples by number. `get` may be async: images are fetched and decoded that way.
 * @see torch.utils.data.Dataset
 */
export abstract class Dataset<Sample> {
  static readonly name: string = 'Dataset';

  /** Number of samples. */
  abstract readonly length: number;
  /** The sample with this number, from 0. */
  abstract get(index: number): Sample | Promise<Sample>;
  /** A whole batch, for datasets that have a faster way than to collate single samples. */
  getBatch?(indices: readonly number[]): Collated<Sample> | Promise<Collated<Sample>>;
}

/**
 * Samples in an order of their own, for streams.
 * @see torch.utils.data.IterableDataset
 */
export abstract class IterableDataset<Sample> implements AsyncIterable<Sample> {
  static readonly name: string = 'IterableDataset';

  abstract [Symbol.asyncIterator](): AsyncIterator<Sample>;
}

export const GET = signature('get', [argument('index', INTEGER)]);
export const GET_BATCH = signature('getBatch', [argument('indices', listOf(INTEGER))]);
const ITEMS = signature('ArrayDataset', [
  argument(
    'items',
    kind<ArrayLike<unknown>>('an array', (value) => Array.isArray(value) || ArrayBuffer.isView(value)),
  ),
]);

/** The items of an array as samples. */
export class ArrayDataset<Sample> extends Dataset<Sample> {
  static override readonly name: string = 'ArrayDataset';

  private readonly items: readonly Sample[];

  static {
    methodsTake(this, GET);
  }

  constructor(...args: readonly [items: readonly Sample[]]) {
    super();
    this.items = ITEMS.take<{ items: readonly Sample[] }>(args).items;
  }

  get length(): number {
    return this.items.length;
  }

  get(index: number): Sample {
    checkIndices('ArrayDataset', [index], this.length);
    return this.items[index];
  }
}

/** @throws TypeError for what is its own iterator: it would be at its end in the second epoch */
export function refuseOnce(owner: string, what: string, given: unknown, iterator: unknown): void {
  if (iterator !== given) return;
  throw new KindError(owner, `${what} must begin anew in every epoch, got an iterator that ends once. Make it in [Symbol.iterator]() or [Symbol.asyncIterator]().`); // prettier-ignore
}

/** @throws RangeError unless every index is that of a sample */
function checkIndices(owner: string, indices: readonly unknown[], length: number): void {
  const wrong = indices.findIndex((index) => !Number.isInteger(index) || (index as number) < 0 || (index as number) >= length); // prettier-ignore
  if (wrong < 0) return;
  throw new ValueError(
    owner,
    `an index must be a whole number in [0, ${length - 1}], got ${describe(indices[wrong])}.`,
  );
}

/** One tensor per tensor of the dataset. */
type Rows<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

/**
 * Sample i is row i of every tensor. A batch is one indexSelect per tensor, on the device: keep images as uint8 there
 * and convert a batch at a time.
 * @throws ShapeError if the first dimensions differ.
 * @example const train = new TensorDataset(images, labels)   // [60000, 28, 28] uint8, [60000] uint8
 * @see torch.utils.data.TensorDataset
 */
export class TensorDataset<T extends readonly Tensor[]> extends Dataset<Rows<T>> {
  static override readonly name: string = 'TensorDataset';

  readonly tensors: T;
  readonly length: number;

  static {
    methodsTake(this, GET, GET_BATCH);
  }

  constructor(...tensors: T) {
    super();
    const other = tensors.find((one: unknown) => !(one instanceof Tensor));
    if (other !== undefined || tensors.some((one: unknown) => one === undefined)) {
      throw new KindError('TensorDataset', `takes tensors, got ${describe(other)}.`);
    }
    const sizes = tensors.map(({ shape }) => shape[0]);
    if (sizes.length === 0 || sizes.some((size) => size === undefined || size !== sizes[0])) {
      throw new ShapeError(
        'TensorDataset',
        `all tensors must have the same first dimension, got [${sizes.join(', ')}].`,
        {
          shapes: tensors.map(({ shape }) => shape),
        },
      );
    }
    this.tensors = tensors;
    this.length = sizes[0];
  }

  get(index: number): Rows<T> {
    return this.map((tensor) => select(tensor, 0, index));
  }

  override getBatch(indices: readonly number[]): Collated<Rows<T>> {
    checkIndices('TensorDataset', indices, this.length);
    const index = tensor(Int32Array.from(indices));
    const rows = this.map((tensor) => indexSelect(tensor, 0, index));
    index.release();
    return rows as Collated<Rows<T>>;
  }

  private map(row: (tensor: Tensor) => Tensor): Rows<T> {
    return this.tensors.map(row) as Rows<T>;
  }
}

/** A dataset, in whichever form. */
export const DATASET = {
  ...kind<Dataset<unknown>>('a dataset', (value) => typeof Reflect.get(Object(value), 'get') === 'function'),
  takesObject: (value: object) => !('dataset' in value),
};
const SUBSET = signature('Subset', [argument('dataset', DATASET), argument('indices', listOf(INTEGER))]);

interface SubsetOptions<Sample> {
  dataset: Dataset<Sample>;
  indices: readonly number[];
}
type SubsetArgs<Sample> = Arguments<
  [dataset: Dataset<Sample>, indices: readonly number[]],
  [],
  SubsetOptions<Sample>,
  [dataset: Dataset<Sample>, named: Pick<SubsetOptions<Sample>, 'indices'>]
>;

/** The samples of `dataset` at `indices`. @see torch.utils.data.Subset */
export class Subset<Sample> extends Dataset<Sample> {
  static override readonly name: string = 'Subset';

  readonly dataset: Dataset<Sample>;
  readonly indices: readonly number[];

  static {
    methodsTake(this, GET);
  }

  constructor(...args: SubsetArgs<Sample>) {
    super();
    const { dataset, indices } = SUBSET.take<SubsetOptions<Sample>>(args);
    this.dataset = dataset;
    this.indices = indices;
    const getBatch = dataset.getBatch?.bind(dataset);
    if (getBatch !== undefined) {
      this.getBatch = (...args) => getBatch(this.translate(GET_BATCH.take<{ indices: readonly number[] }>(args, 'Subset.getBatch').indices)); // prettier-ignore
    }
  }

  get length(): number {
    return this.indices.length;
  }

  get(index: number): Sample | Promise<Sample> {
    return this.dataset.get(this.translate([index])[0]);
  }

  private translate(positions: readonly number[]): number[] {
    checkIndices('Subset', positions, this.length);
    return positions.map((position) => this.indices[position]);
  }
}

interface RandomSplitOptions<Sample> {
  dataset: Dataset<Sample>;
  lengths: readonly number[];
  /** Source of the order; default the default generator. */
  generator?: Generator | null;
}
type RandomSplitArgs<Sample> = Arguments<
  [dataset: Dataset<Sample>, lengths: readonly number[]],
  [generator?: Generator | null],
  RandomSplitOptions<Sample>,
  [dataset: Dataset<Sample>, named: Omit<RandomSplitOptions<Sample>, 'dataset'>]
>;
const RANDOM_SPLIT = signature('randomSplit', [
  argument('dataset', DATASET), argument('lengths', listOf(NUMBER)), GENERATOR,
]); // prettier-ignore

/**
 * Splits a dataset at random into parts of the given lengths, or of the given shares if these sum to 1 (each rounded
 * down, what is left over dealt out from the first on).
 * @throws RangeError if the lengths do not sum to the dataset's.
 * @example const [train, valid] = randomSplit(dataset, [0.9, 0.1], new Generator(42))
 * @see torch.utils.data.random_split
 */
export function randomSplit<Sample>(...args: RandomSplitArgs<Sample>): Subset<Sample>[] {
  const { dataset, lengths, generator } = RANDOM_SPLIT.take<RandomSplitOptions<Sample>>(args);
  const total = lengthOf('randomSplit', 'the dataset', dataset);
  const counts = partLengths(total, lengths);
  const order = Array.from(permutation(total, generator ?? undefined));
  let end = 0;
  return counts.map((count) => new Subset(dataset, order.slice(end, (end += count))));
}

function partLengths(total: number, lengths: readonly number[]): readonly number[] {
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (sum <= 1 && sum > 1 - 1e-9 && lengths.some((share) => !Number.isInteger(share))) {
    const counts = lengths.map((share) => Math.floor(total * share));
    const rest = total - counts.reduce((a, b) => a + b, 0);
    for (let i = 0; i < rest; i++) counts[i % counts.length]++;
    return counts;
  }
  if (sum !== total || !lengths.every((length) => Number.isInteger(length) && length >= 0)) {
    throw new ValueError(
      'randomSplit',
      `lengths must be integers that sum to the dataset's ${total}, or shares that sum to 1, ` +
        `got [${lengths.join(', ')}].`,
    );
  }
  return lengths;
}
