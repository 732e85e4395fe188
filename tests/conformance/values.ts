// Values of the recorded cases: what stands for a tensor, a dtype or an infinity in JSON, and how results compare.
import { DTYPES } from '../../src/dtype';
import type { DType } from '../../src/dtype';
import { Tensor } from '../../src/tensor';
import { fromArray } from '../../src/ops/creation';
import { mismatch } from '../harness/allclose';
import { decode, type RecordedTensor } from '../harness/conformance';
import { camelCase, findFunction, findModule } from './names';
import { nn } from '../../src/index';

const { PackedSequence } = nn.utils.rnn;

/** A recorded tensor that may be a leaf which requires a gradient. */
interface RecordedLeaf extends RecordedTensor {
  readonly grad?: boolean;
}

/** What a case needs that kindling does not have; such cases are passed over. */
export class NotThere extends Error {}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isRecordedTensor = (value: unknown): value is RecordedLeaf =>
  isObject(value) && 'dtype' in value && 'shape' in value && 'data' in value;

export const isSupported = (dtype: string): dtype is DType => Object.hasOwn(DTYPES, dtype);

const FLOATS: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

/** The tensor of recorded bytes. */
export function reviveTensor(recorded: RecordedLeaf): Tensor {
  const values = decode(recorded);
  const { dtype, shape, grad = false } = recorded;
  const plain = fromArray(values, shape);
  return (plain.dtype === dtype ? plain : plain.to(dtype)).requiresGrad_(grad);
}

/** An argument as the library takes it. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (!isObject(value)) return value;
  if (isRecordedTensor(value)) return reviveTensor(value);
  if ('$float' in value) return FLOATS[String(value.$float)];
  if ('$dtype' in value) {
    if (isSupported(String(value.$dtype))) return value.$dtype;
    throw new NotThere(`dtype ${String(value.$dtype)}`);
  }
  if ('$list' in value) return revive(value.$list);
  if ('$fn' in value) return present(findFunction(String(value.$fn)), String(value.$fn));
  if ('$module' in value) {
    const { cls, args, kwargs } = value.$module as { cls: string; args: unknown[]; kwargs: Record<string, unknown> };
    return new (present(findModule(cls), cls))(...reviveArguments(args, kwargs));
  }
  if ('$packed' in value) {
    const { data, batch_sizes, sorted_indices, unsorted_indices } = value.$packed as RecordedPack;
    const numbers = (x: RecordedTensor | null): number[] | null => x && Array.from(decode(x), Number);
    const [sorted, unsorted] = [numbers(sorted_indices), numbers(unsorted_indices)];
    return new PackedSequence(reviveTensor(data), Array.from(decode(batch_sizes), Number), sorted, unsorted);
  }
  throw new NotThere(`value ${Object.keys(value).join()}`);
}

/** A recorded PackedSequence; here only its data is a tensor. */
interface RecordedPack {
  readonly data: RecordedLeaf;
  readonly batch_sizes: RecordedTensor;
  readonly sorted_indices: RecordedTensor | null;
  readonly unsorted_indices: RecordedTensor | null;
}

function present<T>(value: T | null, name: string): T {
  if (value === null) throw new NotThere(name);
  return value;
}

/** Positional arguments, and keyword ones as the options object in last place. */
export function reviveArguments(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): unknown[] {
  // The first tensor is an argument of its own here.
  const { input, ...rest } = kwargs;
  const positional = input === undefined ? args : [input, ...args];
  const named = Object.entries(rest).map(([name, value]) => [camelCase(name), revive(value)] as const);
  return [...positional.map(revive), ...(named.length > 0 ? [Object.fromEntries(named)] : [])];
}

/** The tensors in a value, left to right, with their paths. */
export function tensorsOf(value: unknown, path: string): [path: string, tensor: Tensor][] {
  if (value instanceof Tensor) return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, i) => tensorsOf(item, `${path}.${i}`));
  if (value instanceof PackedSequence) return [[`${path}.data`, value.data]];
  return [];
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

/** How close floats must be. */
export interface CaseTolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Throws unless `actual` is what was recorded. */
export async function compare(
  what: string,
  actual: unknown,
  expected: unknown,
  tolerance: CaseTolerance,
): Promise<void> {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      throw new Error(`${what}: expected ${expected.length} results, got ${String(actual)}`);
    }
    for (let i = 0; i < expected.length; i++) await compare(`${what}.${i}`, actual[i], expected[i], tolerance);
  } else if (isObject(expected) && '$packed' in expected && actual instanceof PackedSequence) {
    const { data, batch_sizes, sorted_indices, unsorted_indices } = expected.$packed as RecordedPack;
    const { batchSizes, sortedIndices, unsortedIndices } = actual;
    const parts = [actual.data, batchSizes, sortedIndices, unsortedIndices];
    await compare(what, parts, [data, batch_sizes, sorted_indices, unsorted_indices], tolerance);
  } else if (isRecordedTensor(expected) && isNumbers(actual)) {
    // Whole numbers that decide on shapes are numbers on the page, where PyTorch has tensors on the CPU.
    const found = mismatch(actual, Array.from(decode(expected), Number), { rtol: 0, atol: 0 });
    if (found !== null) throw new Error(`${what}: ${found}`);
  } else if (isRecordedTensor(expected)) {
    await compareTensor(what, actual, expected, tolerance);
  } else {
    const value = revive(expected);
    const got = actual instanceof Tensor ? await actual.item() : actual;
    const close = typeof value === 'number' && typeof got === 'number';
    const found = close
      ? mismatch([got], [value], scaled(tolerance, [value]))
      : got === value
        ? null
        : `got ${String(got)}`;
    if (found !== null) throw new Error(`${what}: expected ${String(value)}, ${found}`);
  }
}

async function compareTensor(
  what: string,
  actual: unknown,
  expected: RecordedTensor,
  tolerance: CaseTolerance,
): Promise<void> {
  if (!(actual instanceof Tensor)) throw new Error(`${what}: expected a tensor, got ${String(actual)}`);
  const { dtype, shape } = expected;
  if (actual.dtype !== dtype || String(actual.shape) !== String(shape)) {
    throw new Error(`${what}: expected ${dtype} [${shape.join(', ')}], got ${String(actual)}`);
  }
  const values = decode(expected);
  const exact = !dtype.startsWith('float');
  const found = mismatch(await actual.data(), values, exact ? { rtol: 0, atol: 0 } : scaled(tolerance, values));
  if (found !== null) throw new Error(`${what}: ${found}`);
}

function scaled(tolerance: CaseTolerance, expected: ArrayLike<number | bigint>): CaseTolerance & { scale: number } {
  let scale = 0.1;
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(Number(expected[i]));
    if (Number.isFinite(size) && size > scale) scale = size;
  }
  return { ...tolerance, scale };
}

/** Throws unless a gradient is what was recorded; zeros may stand for none. */
export async function compareGrad(
  what: string,
  leaf: Tensor,
  expected: RecordedTensor | null,
  tolerance: CaseTolerance,
): Promise<void> {
  const { grad } = leaf;
  if (expected !== null) {
    await compare(what, grad, expected, tolerance);
  } else if (grad !== null && (await grad.data()).some((value) => Number(value) !== 0)) {
    throw new Error(`${what}: expected no gradient, got one`);
  }
}
