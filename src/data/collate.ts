// How single samples become a batch.
import { defaultDType, type TypedArray } from '../base/dtype';
import { fromArray, tensor } from '../ops/shape/creation';
import { stack } from '../ops/shape/cat';
import { isPlainObject } from '../base/arguments';
import { kind } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { composed, describe } from '../base/errorText';
import { KindError } from '../base/errors';
import { Tensor } from '../core/tensor';

/** What `collate` makes of samples of a type. */
export type Collated<S> = S extends Tensor | TypedArray | number | bigint | boolean
  ? Tensor
  : S extends string
    ? string[]
    : S extends readonly unknown[] | Readonly<Record<string, unknown>>
      ? { -readonly [K in keyof S]: Collated<S[K]> }
      : never;

const COLLATE = signature('collate', [
  argument('samples', kind<readonly unknown[]>('an array of samples', Array.isArray)),
]);

/**
 * Puts samples into a batch with a new first dimension: tensors are stacked, typed arrays and numbers become a tensor,
 * arrays and plain objects are collated item by item, strings are listed. Numbers that are all integers give int64
 * (class labels), others float32, booleans bool; a typed array says exactly which dtype is meant.
 * @throws TypeError for other samples, or samples that differ in kind or length.
 * @see torch.utils.data.default_collate
 */
export function collate<S>(...args: readonly [samples: readonly S[]]): Collated<S> {
  const { samples } = COLLATE.take(args);
  if (samples.length === 0) throw new KindError('collate', 'a batch must have at least one sample, got none.');
  // Tensors that cannot be stacked are told of in the name of what the loader calls.
  return composed('collate', () => collateAny(samples)) as Collated<S>;
}

function collateAny(samples: readonly unknown[]): unknown {
  const [first] = samples;
  if (allOf(samples, isTensor)) return stack(samples);
  if (allOf(samples, isTypedArray)) return stackArrays(samples);
  if (allOf(samples, isNumber))
    return tensor([...samples], { dtype: samples.every(Number.isInteger) ? 'int64' : defaultDType() });
  if (allOf(samples, isBoolean)) return tensor([...samples]);
  if (allOf(samples, isBigint)) return tensor(BigInt64Array.from(samples));
  if (samples.every((sample) => typeof sample === 'string')) return [...samples];
  if (allOf(samples, isArray)) {
    checkSameKeys(samples);
    return samples[0].map((_, i) => collateAny(samples.map((sample) => sample[i])));
  }
  if (allOf(samples, isPlainObject)) {
    checkSameKeys(samples);
    const entries = Object.keys(samples[0]).map((key) => [key, collateAny(samples.map((sample) => sample[key]))]);
    return Object.fromEntries(entries);
  }
  throw new KindError(
    'collate',
    `samples must be tensors, typed arrays, numbers, booleans, strings, arrays or plain objects, all of one kind, ` +
      `got ${[first, ...samples.filter((sample) => typeof sample !== typeof first).slice(0, 1)].map(describe).join(' and ')}. ` +
      `Pass a collateFn to the loader.`,
  );
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isBigint = (value: unknown): value is bigint => typeof value === 'bigint';
const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isTypedArray = (value: unknown): value is TypedArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

function allOf<T>(values: readonly unknown[], is: (value: unknown) => value is T): values is readonly T[] {
  return values.every(is);
}

function checkSameKeys(samples: readonly object[]): void {
  const [first] = samples;
  const ragged = samples.find(
    (sample) => Array.isArray(first) && (sample as readonly unknown[]).length !== first.length,
  );
  if (ragged !== undefined) {
    throw new KindError(
      'collate',
      `samples must have as many items each, got ${(first as readonly unknown[]).length} and ` +
        `${(ragged as readonly unknown[]).length}. Pad them, or pass a collateFn to the loader.`,
    );
  }
  const keys = (sample: object): string => Object.keys(sample).sort().join(', ');
  const expected = keys(samples[0]);
  const odd = samples.find((sample) => keys(sample) !== expected);
  if (odd !== undefined) {
    throw new KindError('collate', `samples must have the same items, got [${expected}] and [${keys(odd)}].`);
  }
}

/** One tensor [N, length] from N typed arrays. */
function stackArrays(arrays: readonly TypedArray[]): Tensor {
  const [{ length }] = arrays;
  const odd = arrays.find((array) => array.length !== length || array.constructor !== arrays[0].constructor);
  if (odd !== undefined) {
    throw new KindError(
      'collate',
      `typed arrays must be of one kind and length, got ${arrays[0].constructor.name} of ${length} ` +
        `and ${odd.constructor.name} of ${odd.length}.`,
    );
  }
  return fromArray(concatenate(arrays), [arrays.length, length]);
}

/** Typed arrays of one kind, one after the other. */
function concatenate(arrays: readonly TypedArray[]): TypedArray {
  const [first] = arrays;
  const bytes = new Uint8Array(arrays.length * first.byteLength);
  arrays.forEach(({ buffer, byteOffset, byteLength }, i) => {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), i * byteLength);
  });
  const SameKind = first.constructor as new (buffer: ArrayBuffer) => TypedArray;
  return new SameKind(bytes.buffer);
}
