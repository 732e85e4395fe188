// Values of the recorded cases: what stands for a tensor, a dtype or an infinity in JSON, and how results compare.
import { isPlainObject } from '../../src/base/arguments';
import { DTYPES, type DType, type TypedArray } from '../../src/base/dtype';
import { fromArray } from '../../src/ops/shape/creation';
import { Tensor } from '../../src/core/tensor';
import { mismatch } from '../harness/allclose';
import { Inexpressible, NotThere, type Call, type CaseTolerance, type Named, type RecordedTensor } from './cases';
import { camelCase, findClass, findFunction, findModule, present, PythonList } from './names';

export type { CaseTolerance };

/** Tolerances of a case that names none. */
const DEFAULT_TOLERANCE: CaseTolerance = { rtol: 1e-4, atol: 1e-5 };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
export const isRecordedTensor = (value: unknown): value is RecordedTensor =>
  isObject(value) && 'dtype' in value && 'shape' in value && 'data' in value;

let lacking: readonly DType[] = [];

/** Says which dtypes the device under test does not have. */
export function setLackingDTypes(dtypes: readonly DType[]): void {
  lacking = dtypes;
}

/** @throws Inexpressible for a dtype that the device lacks, NotThere for one that kindling lacks */
export function checkDType(dtype: string): asserts dtype is DType {
  if (!Object.hasOwn(DTYPES, dtype)) throw new NotThere(`dtype ${dtype}`);
  if (lacking.includes(dtype as DType)) throw new Inexpressible(`the device has no ${dtype}`);
}

/** The elements of a recorded tensor. */
export function decode({ dtype, data }: RecordedTensor): TypedArray {
  return DTYPES[dtype].array(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
}

/** The elements as numbers, whatever the dtype. */
export const decodeNumbers = (recorded: RecordedTensor): number[] =>
  Array.from<number | bigint, number>(decode(recorded), Number);

const FLOATS: Named<number> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

/** The tensor of recorded bytes. */
export function reviveTensor(recorded: RecordedTensor): Tensor {
  const { dtype, shape, grad = false } = recorded;
  checkDType(dtype);
  const plain = fromArray(decode(recorded), shape, { dtype });
  return plain.requiresGrad_(grad);
}

/** Named tensors. */
export const reviveTensors = (recorded: Named<RecordedTensor>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(recorded).map(([name, value]) => [name, reviveTensor(value)]));

/** The fields of a recorded PackedSequence. */
interface RecordedPacked {
  readonly data: RecordedTensor;
  readonly batch_sizes: RecordedTensor;
  readonly sorted_indices: RecordedTensor | null;
  readonly unsorted_indices: RecordedTensor | null;
}

/** How each form that JSON lacks is revived, by its key. */
const REVIVERS: Named<(content: unknown) => unknown> = {
  $float: (text) => FLOATS[String(text)],
  $dtype: (dtype) => {
    const name = String(dtype);
    checkDType(name);
    return name;
  },
  $list: (items) => PythonList.from((items as unknown[]).map((item) => revive(item))),
  $fn: (path) => present(findFunction(String(path)), String(path)),
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- formulas of the cases, in a test
  $expr: (text) => new Function('epoch', `return ${String(text)}`),
  $slice: (bounds) => (bounds as (number | null)[]).map((bound) => bound ?? '').join(':'),
  $ellipsis: () => '...',
  $module: (spec) => {
    const { cls, args, kwargs } = spec as { cls: string } & Call;
    return new (present(findModule(cls), `nn.${cls}`))(...reviveArguments(args, kwargs));
  },
  $packed: (fields) => {
    const { data, batch_sizes, sorted_indices, unsorted_indices } = fields as RecordedPacked;
    const PackedSequence = present(findClass('nn.utils.rnn.PackedSequence'), 'nn.utils.rnn.PackedSequence');
    const numbers = (recorded: RecordedTensor | null): number[] | null => recorded && decodeNumbers(recorded);
    const indices = [batch_sizes, sorted_indices, unsorted_indices].map(numbers);
    return new PackedSequence(reviveTensor(data), ...indices);
  },
  $dict: (entries) => new Map((entries as [unknown, unknown][]).map(([key, value]) => [key, revive(value)])),
  $gen: (formula) => generate(formula as Formula),
  $genint: (formula) => generateIntegers(formula as IntegerFormula),
};

/** An argument as the library takes it. `refs` holds named values of a program. */
export function revive(value: unknown, refs: Named<unknown> = {}): unknown {
  if (Array.isArray(value)) return value.map((item) => revive(item, refs));
  if (!isObject(value)) return value;
  if (isRecordedTensor(value)) return reviveTensor(value);
  if ('$ref' in value) return refs[String(value.$ref)];
  const [key] = Object.keys(value);
  if (!(key in REVIVERS)) throw new NotThere(`value ${key}`);
  return REVIVERS[key](value[key]);
}

/** A tensor by formula: element i is (((a i² + b i + c) mod 4093) / 4096 - 0.5) * scale. */
export interface Formula {
  readonly shape: readonly number[];
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly scale: number;
  readonly grad?: boolean;
}

type IntegerFormula = Omit<Formula, 'scale'> & { readonly mod: number; readonly bool?: boolean };

const residue = ({ a, b, c }: Omit<Formula, 'scale'>, i: number): number => (a * i * i + b * i + c) % 4093;
const countOf = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

export function generate(formula: Formula): Tensor {
  const { shape, scale, grad = false } = formula;
  const values = Float32Array.from({ length: countOf(shape) }, (_, i) => (residue(formula, i) / 4096 - 0.5) * scale);
  return fromArray(values, shape).requiresGrad_(grad);
}

function generateIntegers(formula: IntegerFormula): Tensor {
  const { shape, mod, bool = false } = formula;
  const values = BigInt64Array.from({ length: countOf(shape) }, (_, i) => BigInt(residue(formula, i) % mod));
  return fromArray(values, shape, { dtype: bool ? 'bool' : 'int64' });
}

/** Positional arguments, and keyword ones as the options object in last place. */
export function reviveArguments(
  args: readonly unknown[],
  kwargs: Named<unknown>,
  refs: Named<unknown> = {},
): unknown[] {
  // The first tensor is an argument of its own here.
  const { input, ...rest } = kwargs;
  const positional = input === undefined ? args : [input, ...args];
  const named = Object.entries(rest).map(([name, value]) => [camelCase(name), revive(value, refs)] as const);
  return [...positional.map((value) => revive(value, refs)), ...(named.length > 0 ? [Object.fromEntries(named)] : [])];
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

/** Fields of a packed sequence or of a result with names. */
const isPacked = (value: unknown): value is Record<string, unknown> & { data: Tensor } =>
  isObject(value) && 'batchSizes' in value && value.data instanceof Tensor;

/** The tensors in a value, left to right, with their paths. */
export function tensorsOf(value: unknown, path: string): [path: string, tensor: Tensor][] {
  if (value instanceof Tensor) return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, i) => tensorsOf(item, `${path}.${i}`));
  if (isPacked(value)) return tensorsOf(value.data, `${path}.data`);
  if (isPlainObject(value)) return Object.entries(value).flatMap(([key, item]) => tensorsOf(item, `${path}.${key}`));
  return [];
}

/** How a value is compared. */
export interface Comparison extends Partial<CaseTolerance> {
  readonly flags?: readonly string[];
}

/** Throws unless `actual` is what was recorded. */
export async function compare(what: string, actual: unknown, expected: unknown, comparison: Comparison): Promise<void> {
  if (isObject(expected) && '$packed' in expected) {
    await comparePacked(what, actual, expected.$packed as RecordedPacked, comparison);
  } else if (Array.isArray(expected)) {
    const items: readonly unknown[] | null = Array.isArray(actual) ? actual : null;
    if (items === null || items.length !== expected.length) {
      throw new Error(`${what}: expected ${expected.length} results, got ${String(actual)}`);
    }
    for (let i = 0; i < expected.length; i++) await compare(`${what}.${i}`, items[i], expected[i], comparison);
  } else if (isRecordedTensor(expected) && isNumbers(actual)) {
    // Whole numbers that decide on shapes are numbers on the page, where PyTorch has tensors on the CPU.
    const found = mismatch(actual, decodeNumbers(expected), { rtol: 0, atol: 0 });
    if (found !== null) throw new Error(`${what}: ${found}`);
  } else if (isRecordedTensor(expected)) {
    await compareTensor(what, actual, expected, comparison);
  } else {
    const value = revive(expected);
    const got = actual instanceof Tensor ? await actual.item() : actual;
    const close = typeof value === 'number' && typeof got === 'number';
    const found = close
      ? mismatch([got], [value], scaled(comparison, [value]))
      : got === value
        ? null
        : `got ${String(got)}`;
    if (found !== null) throw new Error(`${what}: expected ${String(value)}, ${found}`);
  }
}

async function comparePacked(
  what: string,
  actual: unknown,
  expected: RecordedPacked,
  comparison: Comparison,
): Promise<void> {
  if (!isPacked(actual)) throw new Error(`${what}: expected a PackedSequence, got ${String(actual)}`);
  for (const [name, value] of Object.entries(expected)) {
    await compare(`${what}.${name}`, actual[camelCase(name)], value, comparison);
  }
}

async function compareTensor(
  what: string,
  actual: unknown,
  expected: RecordedTensor,
  comparison: Comparison,
): Promise<void> {
  const { dtype, shape } = expected;
  checkDType(dtype);
  if (typeof actual === 'number' && shape.length === 0) {
    const [value] = decodeNumbers(expected);
    const found = mismatch([actual], [value], scaled(comparison, [value]));
    if (found !== null) throw new Error(`${what}: ${found}`);
    return;
  }
  if (!(actual instanceof Tensor)) throw new Error(`${what}: expected a tensor, got ${String(actual)}`);
  // JavaScript cannot tell 1.0 from 1, so that the dtype may differ where PyTorch was given a float.
  const mayDiffer = comparison.flags?.includes('float_literal') === true;
  if ((actual.dtype !== dtype && !mayDiffer) || String(actual.shape) !== String(shape)) {
    throw new Error(`${what}: expected ${dtype} [${shape.join(', ')}], got ${String(actual)}`);
  }
  const exact = !dtype.includes('float');
  const exactly = exact && actual.dtype === dtype;
  const values = exactly ? decode(expected) : decodeNumbers(expected);
  const got = await actual.data();
  const found = mismatch(got, values, exact ? { rtol: 0, atol: 0 } : scaled(comparison, values));
  if (found !== null) throw new Error(`${what}: ${found}`);
}

/** The tolerance of a case, with the scale of what is compared. */
export function scaled(
  { rtol = DEFAULT_TOLERANCE.rtol, atol = DEFAULT_TOLERANCE.atol }: Comparison,
  expected: ArrayLike<number | bigint>,
): CaseTolerance & { scale: number } {
  let scale = 0.1;
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(Number(expected[i]));
    if (Number.isFinite(size) && size > scale) scale = size;
  }
  return { rtol, atol, scale };
}

/** Throws unless named results are those recorded. */
export async function compareNamed(
  what: string,
  actual: Named<unknown>,
  expected: Named<unknown> = {},
  comparison: Comparison,
): Promise<void> {
  for (const [name, value] of Object.entries(expected)) {
    await compare(`${what}.${name}`, actual[name], value, comparison);
  }
}

/** Throws unless a gradient is what was recorded; zeros may stand for none. */
export async function compareGrad(
  what: string,
  leaf: Tensor,
  expected: RecordedTensor | null,
  comparison: Comparison,
): Promise<void> {
  const { grad } = leaf;
  if (expected !== null) {
    await compare(what, grad, expected, comparison);
  } else if (grad !== null && (await grad.data()).some((value) => Number(value) !== 0)) {
    throw new Error(`${what}: expected no gradient, got one`);
  }
}
