// The text that PyTorch prints for a tensor, from its values. The rules are those of torch's default print
// options: four digits, 80 columns, summarised above 1000 elements by three at each end.
import { isFloat, type DType, type TypedArray } from './dtype';
import { numelOf, type Shape } from './shape';

const PRECISION = 4;
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;
const LINE_WIDTH = 80;
const PREFIX = 'tensor(';
/** Ratio and magnitudes beyond which all elements are shown in scientific notation. */
const SCIENTIFIC_RATIO = 1000;
const SCIENTIFIC_ABOVE = 1e8;
const SCIENTIFIC_BELOW = 1e-4;

type Format = (value: number | bigint) => string;

/**
 * `tensor([[1., 2.]], dtype=torch.float64)` for row-major `values`; `suffixes` follow inside the parentheses. Without values, those of
 * the meta device: `tensor(..., device='meta', size=(2, 3))`.
 */
export function formatTensor(
  values: TypedArray | null,
  shape: Shape,
  dtype: DType,
  suffixes: readonly string[],
): string {
  const all = [...suffixes];
  const notes: string[] = [];
  let body: string;
  if (values === null) {
    body = '...';
    notes.push(`size=(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`);
    if (dtype !== 'float32') notes.push(`dtype=torch.${dtype}`);
  } else if (numelOf(shape) === 0) {
    body = '[]';
    if (shape.length !== 1) notes.push(`size=(${shape.join(', ')})`);
    if (dtype !== 'float32') notes.push(`dtype=torch.${dtype}`);
  } else {
    const summarise = numelOf(shape) > THRESHOLD;
    const shown: (number | bigint)[] = [];
    visit(values, shape, 0, summarise, shown);
    const format = formatter(shown, dtype);
    body = nested(values, shape, 0, PREFIX.length, summarise, format);
    if (dtype !== 'float32' && dtype !== 'int64' && dtype !== 'bool') notes.push(`dtype=torch.${dtype}`);
  }
  // PyTorch's order: device, then size and dtype, then the graph.
  const at = all[0]?.startsWith('device=') ? 1 : 0;
  all.splice(at, 0, ...notes);
  return PREFIX + body + appended(body, all) + ')';
}

/** Indices along a dimension that are shown; null stands for the ellipsis. */
function shownIndices(size: number, summarise: boolean): (number | null)[] {
  const indices: (number | null)[] = Array.from({ length: size }, (_, i) => i);
  if (!summarise || size <= 2 * EDGE_ITEMS) return indices;
  return [...indices.slice(0, EDGE_ITEMS), null, ...indices.slice(-EDGE_ITEMS)];
}

function visit(values: TypedArray, shape: Shape, at: number, summarise: boolean, into: (number | bigint)[]): void {
  if (shape.length === 0) {
    into.push(values[at]);
    return;
  }
  const [size, ...rest] = shape;
  const step = numelOf(rest);
  for (const i of shownIndices(size, summarise)) if (i !== null) visit(values, rest, at + i * step, summarise, into);
}

function nested(
  values: TypedArray,
  shape: Shape,
  at: number,
  indent: number,
  summarise: boolean,
  format: Format,
): string {
  if (shape.length === 0) return format(values[at]);
  const [size, ...rest] = shape;
  if (rest.length === 0) return vector(values, size, at, indent, summarise, format);
  const step = numelOf(rest);
  const slices = shownIndices(size, summarise).map((i) =>
    i === null ? '...' : nested(values, rest, at + i * step, indent + 1, summarise, format),
  );
  return '[' + slices.join(',' + '\n'.repeat(rest.length) + ' '.repeat(indent + 1)) + ']';
}

function vector(
  values: TypedArray,
  size: number,
  at: number,
  indent: number,
  summarise: boolean,
  format: Format,
): string {
  const items = shownIndices(size, summarise).map((i) => (i === null ? ' ...' : format(values[at + i])));
  const perLine = Math.max(1, Math.floor((LINE_WIDTH - indent) / (format(values[at]).length + 2)));
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(', '));
  return '[' + lines.join(',\n' + ' '.repeat(indent + 1)) + ']';
}

/** Chooses one notation and width for all shown elements. */
function formatter(shown: readonly (number | bigint)[], dtype: DType): Format {
  let text: Format;
  if (dtype === 'bool') text = (value) => (value ? 'True' : 'False');
  else if (!isFloat(dtype)) text = String;
  else text = floatFormat(shown.map(Number));
  // Widths come from finite nonzero floats alone, as in PyTorch; others are only padded to them.
  const measured = isFloat(dtype) ? shown.filter((v) => Number.isFinite(v) && v !== 0) : shown;
  const width = measured.reduce<number>((w, value) => Math.max(w, text(value).length), 1);
  return (value) => text(value).padStart(width);
}

function floatFormat(shown: readonly number[]): Format {
  const finite = shown.filter((v) => Number.isFinite(v) && v !== 0);
  const magnitudes = finite.map(Math.abs);
  const greatest = Math.max(...magnitudes);
  const least = Math.min(...magnitudes);
  const integral = finite.every((v) => Number.isInteger(v));
  const scientific =
    finite.length > 0 &&
    (greatest / least > SCIENTIFIC_RATIO || greatest > SCIENTIFIC_ABOVE || (!integral && least < SCIENTIFIC_BELOW));
  return (value) => {
    const v = Number(value);
    if (Number.isNaN(v)) return 'nan';
    if (!Number.isFinite(v)) return v > 0 ? 'inf' : '-inf';
    if (scientific) return exponential(v);
    return integral ? `${sign(v)}${Math.abs(v).toFixed(0)}.` : sign(v) + fixed(Math.abs(v));
  };
}

const sign = (v: number): string => (v < 0 || Object.is(v, -0) ? '-' : '');

/** Python writes at least two digits of exponent. */
const exponential = (v: number): string =>
  sign(v) +
  Math.abs(v)
    .toExponential(PRECISION)
    .replace(/e([+-])(\d)$/, 'e$10$2');

/** Four digits; exact ties go to the even digit as in C, where toFixed rounds them up. */
function fixed(v: number): string {
  const text = v.toFixed(PRECISION);
  const twice = v * 2 * 10 ** PRECISION;
  const tie = Number.isInteger(twice) && twice % 2 === 1;
  return tie && ((twice + 1) / 2) % 2 === 1 ? ((twice - 1) / 2 / 10 ** PRECISION).toFixed(PRECISION) : text;
}

/** Suffixes, each on a line of its own where it would pass the last column. */
function appended(body: string, suffixes: readonly string[]): string {
  let text = '';
  let column = body.length - body.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (column + suffix.length + 2 > LINE_WIDTH) {
      text += ',\n' + ' '.repeat(PREFIX.length) + suffix;
      column = PREFIX.length + suffix.length;
    } else {
      text += ', ' + suffix;
      column += suffix.length + 2;
    }
  }
  return text;
}
