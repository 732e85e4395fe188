// The text that PyTorch prints for a tensor, from its values, by the options that are set: four digits, 80 columns, summarised
// above 1000 elements by three at each end, unless they say otherwise.
import type { Arguments } from './arguments';
import { defaultDType, isFloat, type DType, type TypedArray } from './dtype';
import { COUNT, FLAG, kind, nullable, oneOf } from './kinds';
import { numelOf, type Shape } from './shape';
import { argument, signature, taking } from './signature';

/** How tensors are printed. */
export interface PrintOptions {
  /** Digits behind the point; 4. */
  precision?: number | null;
  /** Number of elements above which only the ends are shown; 1000. */
  threshold?: number | null;
  /** Elements shown at each end of a dimension; 3. */
  edgeitems?: number | null;
  /** Columns of a line; 80. */
  linewidth?: number | null;
  /** A set of the others to start from. */
  profile?: 'default' | 'short' | 'full' | null;
  /** Whether floats are written with exponents; by their magnitudes if it is null or not given. */
  sciMode?: boolean | null;
}
interface Chosen {
  readonly precision: number;
  readonly threshold: number;
  readonly edgeitems: number;
  readonly linewidth: number;
}
const USUAL: Chosen = { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80 };
const PROFILES: Readonly<Record<NonNullable<PrintOptions['profile']>, Chosen>> = {
  default: USUAL,
  short: { ...USUAL, precision: 2, edgeitems: 2 },
  full: { ...USUAL, threshold: Infinity },
};
let chosen = USUAL;
let sciMode: boolean | null = null;

const COUNT_OR_NULL = nullable(COUNT);
const SET_PRINT_OPTIONS = signature('setPrintOptions', [
  argument('precision', COUNT_OR_NULL, null),
  argument(
    'threshold',
    nullable(kind<number>('a whole number of at least 0, or Infinity', (v) => v === Infinity || COUNT.accepts(v))),
    null,
  ),
  argument('edgeitems', COUNT_OR_NULL, null),
  argument('linewidth', COUNT_OR_NULL, null),
  argument('profile', nullable(oneOf('default', 'short', 'full')), null),
  argument('sciMode', nullable(FLAG), null),
]);
type PrintArguments = Arguments<
  [],
  [
    precision?: number | null,
    threshold?: number | null,
    edgeitems?: number | null,
    linewidth?: number | null,
    profile?: PrintOptions['profile'],
    sciMode?: boolean | null,
  ],
  PrintOptions
>;

/**
 * Says how tensors are printed from now on: by `repr()`, and in consoles. What is not given stays, but for `sciMode`.
 * @example setPrintOptions({ precision: 2 }); setPrintOptions({ profile: 'full' })
 * @see torch.set_printoptions
 */
export const setPrintOptions: (...args: PrintArguments) => void = taking(
  SET_PRINT_OPTIONS,
  (precision, threshold, edgeitems, linewidth, profile, mode) => {
    const start = profile === null ? chosen : PROFILES[profile];
    chosen = {
      precision: precision ?? start.precision,
      threshold: threshold ?? start.threshold,
      edgeitems: edgeitems ?? start.edgeitems,
      linewidth: linewidth ?? start.linewidth,
    };
    sciMode = mode;
  },
);

const PREFIX = 'tensor(';
/** Ratio and magnitudes beyond which all elements are shown in scientific notation. */
const SCIENTIFIC_RATIO = 1000;
const SCIENTIFIC_ABOVE = 1e8;
const SCIENTIFIC_BELOW = 1e-4;

type Text = (value: number | bigint) => string;
/** The text of an element, and the columns that elements have. */
type Format = Text & { readonly width: number };

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
    if (dtype !== defaultDType()) notes.push(`dtype=torch.${dtype}`);
  } else {
    const summarise = numelOf(shape) > chosen.threshold;
    const shown: (number | bigint)[] = [];
    visit(values, shape, 0, summarise, shown);
    const format = formatter(shown, dtype);
    body = nested(values, shape, 0, PREFIX.length, summarise, format);
    if (dtype !== defaultDType() && dtype !== 'int64' && dtype !== 'bool') notes.push(`dtype=torch.${dtype}`);
  }
  // PyTorch's order: device, then size and dtype, then the graph.
  const at = all[0]?.startsWith('device=') ? 1 : 0;
  all.splice(at, 0, ...notes);
  return PREFIX + body + appended(body, all) + ')';
}

/** Indices along a dimension that are shown; null stands for the ellipsis. */
function shownIndices(size: number, summarise: boolean): (number | null)[] {
  const indices: (number | null)[] = Array.from({ length: size }, (_, i) => i);
  if (!summarise || size <= 2 * chosen.edgeitems) return indices;
  return [...indices.slice(0, chosen.edgeitems), null, ...indices.slice(size - chosen.edgeitems)];
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
  const perLine = Math.max(1, Math.floor((chosen.linewidth - indent) / (format.width + 2)));
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(', '));
  return '[' + lines.join(',\n' + ' '.repeat(indent + 1)) + ']';
}

/** Chooses one notation and width for all shown elements. */
function formatter(shown: readonly (number | bigint)[], dtype: DType): Format {
  let text: Text;
  let written: Text | null = null;
  if (dtype === 'bool') text = (value) => (value ? 'True' : 'False');
  else if (!isFloat(dtype)) text = String;
  else {
    text = floatFormat(shown.map(Number), null);
    // As in PyTorch, what is asked for does not change the widths.
    if (sciMode !== null) written = floatFormat(shown.map(Number), sciMode);
  }
  const final = written ?? text;
  // Widths come from finite nonzero floats alone, as in PyTorch; others are only padded to them.
  const measured = isFloat(dtype) ? shown.filter((v) => Number.isFinite(v) && v !== 0) : shown;
  const width = measured.reduce<number>((w, value) => Math.max(w, text(value).length), 1);
  return Object.assign((value: number | bigint) => final(value).padStart(width), { width });
}

function floatFormat(shown: readonly number[], asked: boolean | null): Text {
  const finite = shown.filter((v) => Number.isFinite(v) && v !== 0);
  const magnitudes = finite.map(Math.abs);
  const greatest = Math.max(...magnitudes);
  const least = Math.min(...magnitudes);
  const integral = finite.every((v) => Number.isInteger(v));
  const byMagnitude =
    finite.length > 0 &&
    (greatest / least > SCIENTIFIC_RATIO || greatest > SCIENTIFIC_ABOVE || (!integral && least < SCIENTIFIC_BELOW));
  const scientific = asked ?? byMagnitude;
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
    .toExponential(chosen.precision)
    .replace(/e([+-])(\d)$/, 'e$10$2');

/** So many digits; exact ties go to the even digit as in C, where toFixed rounds them up. */
function fixed(v: number): string {
  const text = v.toFixed(chosen.precision);
  const twice = v * 2 * 10 ** chosen.precision;
  const tie = Number.isInteger(twice) && twice % 2 === 1;
  return tie && ((twice + 1) / 2) % 2 === 1
    ? ((twice - 1) / 2 / 10 ** chosen.precision).toFixed(chosen.precision)
    : text;
}

/** Suffixes, each on a line of its own where it would pass the last column. */
function appended(body: string, suffixes: readonly string[]): string {
  let text = '';
  let column = body.length - body.lastIndexOf('\n') + 1;
  for (const suffix of suffixes) {
    if (column + suffix.length + 2 > chosen.linewidth) {
      text += ',\n' + ' '.repeat(PREFIX.length) + suffix;
      column = PREFIX.length + suffix.length;
    } else {
      text += ', ' + suffix;
      column += suffix.length + 2;
    }
  }
  return text;
}
