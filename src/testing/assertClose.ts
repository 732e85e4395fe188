// Whether values are close to others, with what is farthest off if they are not. Comparison is done on the page.
import { isPlainObject, type Arguments } from '../base/arguments';
import { promoteTypes, type DType } from '../base/dtype';
import { KindError } from '../base/errors';
import { FLAG, kind, NUMBER, TEXT } from '../base/kinds';
import { formatShape, sameShape, type Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { Tensor } from '../core/tensor';

/** What can be compared: tensors, numbers, booleans, and lists and objects of them. */
export type Comparable = Tensor | number | boolean | readonly Comparable[] | { readonly [name: string]: Comparable };

/** Values that should have been equal, or close. */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

/** Options of `assertClose`. */
export interface AssertCloseOptions {
  /** Difference allowed as a share of the expected value; by dtype: 1.3e-6 for float32, 1e-7 for float64, 0 for integers. */
  rtol?: number | null;
  /** Difference allowed beside; 1e-5 for float32, 1e-7 for float64. Both are given, or none. */
  atol?: number | null;
  /** Whether NaN equals NaN. */
  equalNan?: boolean;
  checkDevice?: boolean;
  checkDtype?: boolean;
  /** Instead of the message. */
  msg?: string | null;
}

/** [rtol, atol] of PyTorch. */
const TOLERANCES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  float16: [1e-3, 1e-5],
  bfloat16: [1.6e-2, 1e-5],
  float32: [1.3e-6, 1e-5],
  float64: [1e-7, 1e-7],
};

const COMPARABLE = {
  ...kind<Comparable>('a tensor, a number, or a list or an object of them', isComparable),
  takesObject: true,
};
function isComparable(value: unknown): boolean {
  if (value instanceof Tensor || typeof value === 'number' || typeof value === 'boolean') return true;
  if (Array.isArray(value)) return value.every(isComparable);
  return isPlainObject(value) && Object.values(value).every(isComparable);
}
const TOLERANCE = (name: string) => argument(name, NUMBER, null);
const TAKES = signature('testing.assertClose', [
  argument('actual', COMPARABLE), argument('expected', COMPARABLE), TOLERANCE('rtol'), TOLERANCE('atol'),
  argument('equalNan', FLAG, false), argument('checkDevice', FLAG, true), argument('checkDtype', FLAG, true),
  argument('msg', TEXT, null),
]); // prettier-ignore

interface Checks {
  readonly tolerances: readonly [rtol: number, atol: number] | null;
  readonly equalNan: boolean;
  readonly checkDevice: boolean;
  readonly checkDtype: boolean;
}

const dtypeOf = (x: Tensor | number | boolean): DType => {
  if (x instanceof Tensor) return x.dtype;
  if (typeof x === 'boolean') return 'bool';
  return Number.isInteger(x) ? 'int64' : 'float64';
};
const valuesOf = async (x: Tensor | number | boolean): Promise<ArrayLike<number | bigint>> =>
  x instanceof Tensor ? x.detach().data() : [Number(x)];

/** The index of the element at a place in row-major order. */
function indexOf(place: number, shape: Shape): number[] {
  let rest = place;
  return [...shape].reverse().map((size) => {
    const at = rest % size;
    rest = (rest - at) / size;
    return at;
  }).reverse(); // prettier-ignore
}

/** What is not equal, or not close, or null. */
async function difference(actual: Tensor | number | boolean, expected: Tensor | number | boolean, checks: Checks): Promise<string | null> {
  if (actual instanceof Tensor && expected instanceof Tensor) {
    if (!sameShape(actual.shape, expected.shape)) return `shapes must be equal, got ${formatShape(actual.shape)} for ${formatShape(expected.shape)}.`;
    if (checks.checkDevice && actual.device !== expected.device) return `devices must be equal, got ${actual.device} for ${expected.device}. Pass { checkDevice: false }.`;
    if (checks.checkDtype && actual.dtype !== expected.dtype) return `dtypes must be equal, got ${actual.dtype} for ${expected.dtype}. Pass { checkDtype: false }.`;
  }
  const shape = actual instanceof Tensor ? actual.shape : [];
  const [given, wanted] = await Promise.all([valuesOf(actual), valuesOf(expected)]);
  const [rtol, atol] = checks.tolerances ?? TOLERANCES[promoteTypes(dtypeOf(actual), dtypeOf(expected))] ?? [0, 0];
  let [mismatched, absolute, relative] = [0, { size: 0, place: 0 }, { size: 0, place: 0 }];
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [Number(given[i]), Number(wanted[i])];
    if (given[i] === wanted[i] || a === b || (checks.equalNan && Number.isNaN(a) && Number.isNaN(b))) continue;
    const off = Math.abs(a - b);
    if (off <= atol + rtol * Math.abs(b) && Number.isFinite(b)) continue;
    mismatched++;
    if (!(off <= absolute.size)) absolute = { size: off, place: i };
    if (!(off / Math.abs(b) <= relative.size)) relative = { size: off / Math.abs(b), place: i };
  }
  if (mismatched === 0) return null;
  const rule = rtol === 0 && atol === 0 ? 'equal' : 'close';
  const share = ((100 * mismatched) / wanted.length).toFixed(1);
  const line = (what: string, { size, place }: typeof absolute, most: number): string =>
    `Greatest ${what} difference: ${size}${shape.length > 0 ? ` at index [${indexOf(place, shape).join(', ')}]` : ''} (up to ${most} allowed)`;
  return [
    `values must be ${rule}, got other ones.`,
    '',
    `Mismatched elements: ${mismatched} / ${wanted.length} (${share}%)`,
    line('absolute', absolute, atol),
    line('relative', relative, rtol),
  ].join('\n');
} // prettier-ignore

const isValue = (x: Comparable): x is Tensor | number | boolean => x instanceof Tensor || typeof x !== 'object';

/** The first difference of two values or two collections, with where it is; null where there is none. */
async function firstDifference(actual: Comparable, expected: Comparable, checks: Checks, at = ''): Promise<string | null> {
  if (isValue(actual) && isValue(expected)) {
    const found = await difference(actual, expected, checks);
    return found === null || at === '' ? found : `${found}\nThe difference is at item ${at}.`;
  }
  if (isValue(actual) || isValue(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    throw new KindError('testing.assertClose', `both must be values, lists or objects, got two kinds${at === '' ? '' : ` at item ${at}`}.`);
  }
  const [left, right] = [Object.keys(actual), Object.keys(expected)];
  if (left.length !== right.length || left.some((key) => !Object.hasOwn(expected, key))) {
    return `both must have the same items, got [${left.join(', ')}] for [${right.join(', ')}].`;
  }
  const [ofActual, ofExpected] = [actual, expected] as Readonly<Record<string, Comparable>>[];
  for (const key of left) {
    const found = await firstDifference(ofActual[key], ofExpected[key], checks, `${at}[${key}]`);
    if (found !== null) return found;
  }
  return null;
} // prettier-ignore

/**
 * Resolves if actual values are as close to expected ones as |actual - expected| ≤ atol + rtol |expected| says.
 * @throws (rejects) AssertionError with how many differ, the greatest differences and where they are; KindError for a value beside a collection
 * @example await testing.assertClose(x, tensor([1, 2]), { rtol: 0, atol: 1e-3 })
 * @see torch.testing.assert_close
 */
export async function assertClose(
  ...args: Arguments<
    [actual: Comparable, expected: Comparable],
    [rtol?: number | null, atol?: number | null, equalNan?: boolean, checkDevice?: boolean, checkDtype?: boolean, msg?: string | null],
    AssertCloseOptions & { actual: Comparable; expected: Comparable }
  >
): Promise<void> {
  const { actual, expected, rtol, atol, msg, ...checks } = TAKES.take(args);
  if ((rtol === null) !== (atol === null)) {
    throw new KindError('testing.assertClose', `rtol and atol must both be given or neither, got ${rtol === null ? 'atol' : 'rtol'} alone.`);
  }
  const tolerances = rtol === null || atol === null ? null : ([rtol, atol] as const);
  const found = await firstDifference(actual, expected, { ...checks, tolerances });
  if (found !== null) throw new AssertionError(msg ?? `testing.assertClose: ${found}`);
} // prettier-ignore
