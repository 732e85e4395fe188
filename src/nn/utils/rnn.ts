// Sequences of different lengths in one tensor: padded, or packed without the padding. How many steps there are decides
// what a network computes, so lengths are numbers that the page knows; functions that are given a tensor of them read
// it first and return a promise.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, REAL, either, instanceOf, listOf, nullable } from '../../base/kinds';
import { TENSOR, TENSORS } from '../../core/kinds';
import type { Arguments } from '../../base/arguments';
import { ShapeError, ValueError } from '../../base/errors';
import { heldTensors, type Holder } from '../../core/scope';
import { libraryCode } from '../../core/temporaries';
import type { Handle } from '../../core/storage';
import { maskedFill } from '../../ops/pointwise/compare';
import type { ToOptions } from '../../ops/shape/copy';
import { tensor } from '../../ops/shape/creation';
import { indexSelectWith } from '../../ops/indexing/gather';
import { constantPad, stack } from '../../ops/shape/cat';
import { formatShape, sameShape } from '../../base/shape';
import { Tensor } from '../../core/tensor';

/** Whole numbers by sequence. */
export type Lengths = readonly number[];

const PACKED_SEQUENCE = signature('PackedSequence', [
  argument('data', TENSOR), argument('batchSizes', listOf(COUNT)), argument('sortedIndices', listOf(COUNT), null),
  argument('unsortedIndices', listOf(COUNT), null),
]); // prettier-ignore

/**
 * Sequences packed step by step: the elements of all sequences at step 0, longest sequence first, then those at step 1,
 * and so on. Made by `packPaddedSequence` and `packSequence`; recurrent layers take it and give it.
 * @see torch.nn.utils.rnn.PackedSequence
 */
export class PackedSequence implements Holder {
  /** [sum of lengths, *] */
  readonly data: Tensor;
  /** How many sequences have each step; never grows. */
  readonly batchSizes: Lengths;
  /** By place in the pack, the place in the batch it was made from; null for the same order. */
  readonly sortedIndices: Lengths | null;
  /** The inverse of sortedIndices. */
  readonly unsortedIndices: Lengths | null;

  constructor(
    data: Tensor,
    batchSizes: Lengths,
    sortedIndices: Lengths | null = null,
    unsortedIndices: Lengths | null = null,
    ...none: never[]
  ) {
    PACKED_SEQUENCE.take([data, batchSizes, sortedIndices, unsortedIndices, ...none]);
    const steps = batchSizes.reduce((sum, size) => sum + size, 0);
    if (data.ndim === 0 || data.shape[0] !== steps) {
      throw new ShapeError(
        'PackedSequence',
        `data must have a row for each of ${steps} elements, got ${formatShape(data.shape)}.`,
        { shape: data.shape },
      );
    }
    this.data = data;
    this.batchSizes = batchSizes;
    this.sortedIndices = sortedIndices;
    this.unsortedIndices = unsortedIndices ?? (sortedIndices === null ? null : inverse(sortedIndices));
  }

  static {
    methodsTake(this, signature('withData', [argument('data', TENSOR)]));
  }

  /** The same sequences with other elements, one for each of these: what a layer gives. */
  withData(data: Tensor): PackedSequence {
    return new PackedSequence(data, this.batchSizes, this.sortedIndices, this.unsortedIndices);
  }

  /** The same sequences on another device or of another dtype. */
  to(options: ToOptions, ...none: never[]): PackedSequence {
    return this.withData(this.data.to(options, ...none));
  }

  /** Lengths of the sequences, longest first. */
  get sortedLengths(): number[] {
    const { batchSizes } = this;
    return Array.from({ length: batchSizes[0] ?? 0 }, (_, b) => batchSizes.filter((size) => size > b).length);
  }

  /** Lengths of the sequences in the order of the batch. */
  get lengths(): number[] {
    const sorted = this.sortedLengths;
    return this.unsortedIndices?.map((b) => sorted[b]) ?? sorted;
  }

  *[heldTensors](): Generator<Handle> {
    yield this.data;
  }
}

function inverse(order: Lengths): number[] {
  const places = new Array<number>(order.length);
  order.forEach((from, to) => (places[from] = to));
  return places;
}

/** Arguments of functions on padded batches. */
export interface BatchFirstOptions {
  /** Whether the batch comes before the steps: [B, T, *] instead of [T, B, *]; false by default. */
  batchFirst?: boolean;
}

/** Arguments of packPaddedSequence behind the lengths. */
export interface PackOptions extends BatchFirstOptions {
  /** Whether the sequences must come longest first; true by default. With false they are sorted. */
  enforceSorted?: boolean;
}
/** Lengths of sequences: numbers, or a tensor of them. */
const LENGTHS = either(listOf(COUNT), TENSOR);
const PACK_PADDED = signature('packPaddedSequence', [
  argument('input', TENSOR),
  argument('lengths', LENGTHS),
  optional('batchFirst', FLAG),
  optional('enforceSorted', FLAG),
]);
const PACK = signature('packSequence', [argument('sequences', TENSORS), optional('enforceSorted', FLAG)]);

type PackArguments = Arguments<[], [batchFirst?: boolean, enforceSorted?: boolean], PackOptions>;

/**
 * Packs a padded batch. Shape: input [T, B, *], or [B, T, *] with batchFirst; lengths: B numbers in [1, T].
 * With a tensor of lengths, whose values have to be read, the result is a promise.
 * @throws RangeError if the lengths do not fit the input, or do not fall while enforceSorted.
 * @see torch.nn.utils.rnn.pack_padded_sequence
 */
export function packPaddedSequence(input: Tensor, lengths: Lengths, ...args: PackArguments): PackedSequence;
export function packPaddedSequence(input: Tensor, lengths: Tensor, ...args: PackArguments): Promise<PackedSequence>;
export function packPaddedSequence(
  input: Tensor,
  lengths: Lengths | Tensor,
  ...args: PackArguments
): PackedSequence | Promise<PackedSequence> {
  const options = PACK_PADDED.takeRest<PackOptions>([input, lengths], args);
  if (lengths instanceof Tensor) return numbersOf(lengths).then((known) => pack(input, known, options));
  return pack(input, lengths, options);
}

const numbersOf = async (lengths: Tensor): Promise<number[]> => Array.from(await lengths.data(), Number);

function pack(
  input: Tensor,
  lengths: Lengths,
  { batchFirst = false, enforceSorted = true }: PackOptions,
): PackedSequence {
  const [steps, batch] = batchFirst ? [input.shape[1], input.shape[0]] : input.shape;
  if (input.ndim < 2 || lengths.length !== batch) {
    throw new ValueError(
      'packPaddedSequence',
      `there must be one length for each sequence of the batch, got ${lengths.length} lengths for ` +
        `input ${formatShape(input.shape)}.`,
    );
  }
  if (!lengths.every((n) => Number.isInteger(n) && n >= 1 && n <= steps)) {
    throw new ValueError('packPaddedSequence', `lengths must be in [1, ${steps}], got ${formatShape(lengths)}.`);
  }
  const isSorted = lengths.every((n, b) => b === 0 || n <= lengths[b - 1]);
  if (enforceSorted && !isSorted) {
    throw new ValueError(
      'packPaddedSequence',
      `lengths must fall, got ${formatShape(lengths)}. Sort the batch, or pass { enforceSorted: false }.`,
    );
  }
  const order = lengths.map((_, b) => b).sort((a, b) => lengths[b] - lengths[a]);
  const batchSizes = Array.from({ length: lengths[order[0]] }, (_, t) => lengths.filter((n) => n > t).length);
  const rows = batchSizes.flatMap((size, t) =>
    order.slice(0, size).map((b) => (batchFirst ? b * steps + t : t * batch + b)),
  );
  const data = libraryCode(() => selectRows(input.reshape(steps * batch, ...input.shape.slice(2)), rows));
  return enforceSorted ? new PackedSequence(data, batchSizes) : new PackedSequence(data, batchSizes, order);
}

/** Rows of x by number; zeros where it is negative. */
function selectRows(x: Tensor, rows: Lengths): Tensor {
  const index = tensor([...rows], { dtype: 'int32', device: x.device });
  return indexSelectWith(x, 0, index, { op: 'indexSelect', what: 'index', ignore: -1 });
}

/** Arguments of padPackedSequence. */
export interface PadPackedOptions extends BatchFirstOptions {
  /** What stands behind the end of a sequence; 0 by default. */
  paddingValue?: number;
  /** Steps of the result; those of the longest sequence by default. */
  totalLength?: number | null;
}
const PACKED = instanceOf('a packed sequence', PackedSequence);
const PAD_PACKED = signature('padPackedSequence', [
  argument('sequence', PACKED),
  optional('batchFirst', FLAG),
  optional('paddingValue', REAL),
  optional('totalLength', nullable(COUNT)),
]);

/**
 * The padded batch [T, B, *] (or [B, T, *]) of a pack, and the lengths of its sequences, both in the order of the batch
 * that was packed.
 * @throws RangeError if totalLength is less than the longest sequence.
 * @see torch.nn.utils.rnn.pad_packed_sequence
 */
export function padPackedSequence(
  sequence: PackedSequence,
  ...args: Arguments<[], [batchFirst?: boolean, paddingValue?: number, totalLength?: number | null], PadPackedOptions>
): [padded: Tensor, lengths: number[]] {
  const options = PAD_PACKED.takeRest<PadPackedOptions>([sequence], args);
  const { batchFirst = false, paddingValue = 0, totalLength = null } = options;
  const { data, batchSizes, unsortedIndices, lengths } = sequence;
  const steps = totalLength ?? batchSizes.length;
  if (steps < batchSizes.length) {
    throw new ValueError(
      'padPackedSequence',
      `totalLength must be at least the length of the longest sequence, ${batchSizes.length}, got ${steps}.`,
    );
  }
  const starts: number[] = [];
  batchSizes.reduce((start, size) => (starts.push(start), start + size), 0);
  const rowOf = (t: number, b: number): number => (t < lengths[b] ? starts[t] + (unsortedIndices?.[b] ?? b) : -1);
  const [outer, inner] = batchFirst ? [lengths.length, steps] : [steps, lengths.length];
  const rows = Array.from({ length: outer }, (_, i) =>
    Array.from({ length: inner }, (_, j) => (batchFirst ? rowOf(j, i) : rowOf(i, j))),
  ).flat();
  const padded = libraryCode(() => {
    const found = selectRows(data, rows);
    const trailing = data.shape.slice(1);
    const isPadding = (): Tensor => tensor(rows.map((row) => row < 0), { dtype: 'bool', device: data.device }); // prettier-ignore
    const filled =
      paddingValue === 0 || !rows.includes(-1)
        ? found
        : maskedFill(found, isPadding().view([rows.length, ...trailing.map(() => 1)]), paddingValue);
    return filled.reshape([outer, inner, ...trailing]);
  });
  return [padded, lengths];
}

/** Arguments of padSequence. */
export interface PadOptions extends BatchFirstOptions {
  /** What stands behind the end of a sequence; 0 by default. */
  paddingValue?: number;
}
const PAD = signature('padSequence', [
  argument('sequences', TENSORS),
  optional('batchFirst', FLAG),
  optional('paddingValue', REAL),
]);

/**
 * Sequences [L_i, *] as one batch [T, B, *] (or [B, T, *]), T being the length of the longest.
 * @throws ShapeError if they differ in another dimension.
 * @see torch.nn.utils.rnn.pad_sequence
 */
export function padSequence(
  sequences: readonly Tensor[],
  ...args: Arguments<[], [batchFirst?: boolean, paddingValue?: number], PadOptions>
): Tensor {
  const { batchFirst = false, paddingValue = 0 } = PAD.takeRest<PadOptions>([sequences], args);
  if (sequences.length === 0)
    throw new ShapeError('padSequence', 'expected at least one sequence, got an empty array.');
  const trailing = sequences[0].shape.slice(1);
  for (const { shape } of sequences) {
    if (shape.length === 0 || !sameShape(shape.slice(1), trailing)) {
      throw new ShapeError(
        'padSequence',
        `sequences must agree in all dimensions but the first, got ${formatShape(sequences[0].shape)} and ${formatShape(shape)}.`,
      );
    }
  }
  const steps = Math.max(...sequences.map((x) => x.shape[0]));
  return libraryCode(() => {
    const padded = sequences.map((x) =>
      constantPad(x, [...trailing.flatMap(() => [0, 0]), 0, steps - x.shape[0]], paddingValue),
    );
    return stack(padded, batchFirst ? 0 : 1);
  });
}

/**
 * Packs sequences [L_i, *].
 * @throws RangeError if their lengths do not fall while enforceSorted.
 * @see torch.nn.utils.rnn.pack_sequence
 */
export function packSequence(
  sequences: readonly Tensor[],
  ...args: Arguments<[], [enforceSorted?: boolean], { enforceSorted?: boolean }>
): PackedSequence {
  const { enforceSorted = true } = PACK.takeRest<{ enforceSorted?: boolean }>([sequences], args);
  return libraryCode(() => {
    const lengths = sequences.map((x) => x.shape[0]);
    return packPaddedSequence(padSequence(sequences), lengths, { enforceSorted });
  });
}

const UNPAD = signature('unpadSequence', [
  argument('padded', TENSOR),
  argument('lengths', LENGTHS),
  optional('batchFirst', FLAG),
]);
type UnpadArguments = Arguments<[], [batchFirst?: boolean], BatchFirstOptions>;

/**
 * The sequences [L_i, *] of a padded batch. With a tensor of lengths, whose values have to be read, the result is a promise.
 * @see torch.nn.utils.rnn.unpad_sequence
 */
export function unpadSequence(padded: Tensor, lengths: Lengths, ...args: UnpadArguments): Tensor[];
export function unpadSequence(padded: Tensor, lengths: Tensor, ...args: UnpadArguments): Promise<Tensor[]>;
export function unpadSequence(
  padded: Tensor,
  lengths: Lengths | Tensor,
  ...args: UnpadArguments
): Tensor[] | Promise<Tensor[]> {
  const { batchFirst = false } = UNPAD.takeRest<BatchFirstOptions>([padded, lengths], args);
  const unpad = (known: Lengths): Tensor[] => {
    const sequences = padded.unbind(batchFirst ? 0 : 1);
    if (known.length !== sequences.length) {
      throw new ValueError(
        'unpadSequence',
        `there must be one length for each of ${sequences.length} sequences, got ${known.length}.`,
      );
    }
    return sequences.map((x, b) => x.narrow(0, 0, known[b]));
  };
  return lengths instanceof Tensor ? numbersOf(lengths).then(unpad) : unpad(lengths);
}

const UNPACK = signature('unpackSequence', [argument('sequence', PACKED)]);

/** The sequences [L_i, *] of a pack, in the order in which they were packed. @see torch.nn.utils.rnn.unpack_sequence */
export function unpackSequence(packed: PackedSequence, ...none: never[]): Tensor[] {
  const { sequence } = UNPACK.take([packed, ...none]);
  const [padded, lengths] = padPackedSequence(sequence, { batchFirst: true });
  return unpadSequence(padded, lengths, true);
}
