// The safetensors format, as bytes: writing and checked reading. Tensors come in stateDict.ts.
//
//   | header length u64 | header, JSON padded with spaces | data, every tensor's bytes one after the other |
//
// The header maps a name to { dtype, shape, data_offsets: [begin, end] within the data }, and "__metadata__" to strings.
// https://github.com/huggingface/safetensors#format
import { LoadError, ValueError } from '../base/errors';
import { formatShape } from '../base/shape';
import { Pauses } from '../core/pace';
import { ByteWriter } from './bytes';
import { BY_CODE, BY_NAME, type FileDType } from './fileDtypes';
import { Foreign } from './foreign';
import { FOREIGN_DTYPES } from './foreignDtypes';
import { duplicateKey } from './jsonKeys';

/** A tensor as bytes: little-endian elements in row-major order. */
export interface TensorBytes {
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Text that travels with the tensors, such as { format: 'pt' }. */
export type Metadata = Readonly<Record<string, string>>;

/** What a file holds. */
export interface SafetensorsFile {
  /** With stand-ins for tensors of dtypes whose values kindling does not hold. */
  readonly tensors: Map<string, TensorBytes | Foreign>;
  readonly metadata: Metadata;
}

const LENGTH_BYTES = 8;
/** Longer headers are refused, as the reference implementation does. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

/** Whether a file begins with the length of a header, and one. */
export function isSafetensors(file: Uint8Array<ArrayBuffer>): boolean {
  if (file.length <= LENGTH_BYTES || file[LENGTH_BYTES] !== '{'.charCodeAt(0)) return false;
  return new DataView(file.buffer, file.byteOffset).getBigUint64(0, true) <= BigInt(MAX_HEADER_BYTES);
}

/** The bytes of a file. Wider elements come first, so that every tensor is aligned to its element size. */
export async function encode(tensors: ReadonlyMap<string, TensorBytes>, metadata: Metadata = {}): Promise<ArrayBuffer> {
  if (tensors.has(METADATA)) throw new ValueError('save', `no tensor may be called '${METADATA}'.`);
  const ordered = [...tensors].sort(([, a], [, b]) => b.dtype.bytes - a.dtype.bytes);
  // Written by hand: an object would put integer-like names first.
  const fields = Object.keys(metadata).length > 0 ? [`${JSON.stringify(METADATA)}:${JSON.stringify(metadata)}`] : [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of ordered) {
    const begin = end;
    end += bytes.length;
    const entry = { dtype: dtype.code, shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new ValueError('save', `names and metadata must take at most ${MAX_HEADER_BYTES} bytes, got ${headerBytes}.`);
  }

  const padding = new Uint8Array(headerBytes - header.length).fill(0x20);
  const file = new ByteWriter().u64(headerBytes).append(header).append(padding);
  for (const [, { bytes }] of ordered) file.append(bytes);
  return file.finishInParts(new Pauses());
}

/**
 * The tensors of a file, in the order of its header; their bytes are views into `file`.
 * Floats of 8 bits become float32, unsigned integers wider ones; what no dtype holds is a Foreign.
 * @throws LoadError if the file is cut off, its header is no sound JSON or has a name twice, or its tensors do not fill the data exactly.
 */
export function decode(file: Uint8Array<ArrayBuffer>): SafetensorsFile {
  const { header, data } = splitFile(file);
  const tensors = new Map<string, TensorBytes | Foreign>();
  const ranges: Range[] = [];
  let metadata: Metadata = checkMetadata({});
  for (const [name, entry] of Object.entries(header) as [string, unknown][]) {
    if (name === METADATA) {
      metadata = checkMetadata(entry);
    } else {
      const checked = checkEntry(name, entry, data.length);
      tensors.set(name, valueOf(checked, data.subarray(checked.begin, checked.end)));
      ranges.push(checked);
    }
  }
  checkCoverage(ranges, data.length);
  return { tensors, metadata };
}

interface Range {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function splitFile(file: Uint8Array<ArrayBuffer>): { header: object; data: Uint8Array<ArrayBuffer> } {
  if (file.length < LENGTH_BYTES) {
    throw new LoadError('load', `a safetensors file has at least ${LENGTH_BYTES} bytes, got ${file.length}.`);
  }
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  const available = file.length - LENGTH_BYTES;
  if (length > BigInt(Math.min(available, MAX_HEADER_BYTES))) {
    throw new LoadError(
      'load',
      `the header must lie within the file (${available} bytes after its length) and take at most ` +
        `${MAX_HEADER_BYTES}, got a length of ${length}. The file is cut off or no safetensors file.`,
    );
  }
  const dataStart = LENGTH_BYTES + Number(length);
  return { header: parseHeader(file.subarray(LENGTH_BYTES, dataStart)), data: file.subarray(dataStart) };
}

function parseHeader(bytes: Uint8Array): object {
  if (bytes[0] !== '{'.charCodeAt(0)) {
    throw new LoadError(
      'load',
      `the header must begin with '{', got byte ${String(bytes[0])}. It is no safetensors file.`,
    );
  }
  let text: string;
  let header: object;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // Only own keys of the result are read, so a '__proto__' in the file is a name like any other.
    header = JSON.parse(text) as object;
  } catch (cause) {
    throw new LoadError('load', `the header must be JSON in UTF-8, got ${String(cause)}.`);
  }
  // Of two with one name, one would be lost.
  const twice = duplicateKey(text, HEADER_DEPTH);
  if (twice !== null) throw new LoadError('load', `the header must name everything once, got '${twice}' twice.`);
  return header;
}

/** Objects in objects that mean something: the header, an entry of it. */
const HEADER_DEPTH = 2;

/** A value of a header in a message: never what is deep or long in it. */
function preview(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value)) return `[${(value as unknown[]).slice(0, 8).map(item).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value) as [string, unknown][];
  return `{${entries.slice(0, 8).map(([name, one]) => `"${name.slice(0, 40)}":${Array.isArray(one) ? preview(one) : item(one)}`).join(',')}}`; // prettier-ignore
}
const item = (value: unknown): string =>
  typeof value === 'object' && value !== null ? (Array.isArray(value) ? '[…]' : '{…}') : preview(value);

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize);

function checkMetadata(entry: unknown): Metadata {
  if (!isObject(entry) || !Object.values(entry).every((value) => typeof value === 'string')) {
    throw new LoadError('load', `${METADATA} must map strings to strings, got ${preview(entry)}.`);
  }
  // Without a prototype, as the names come from outside.
  return Object.assign(Object.create(null), entry) as Metadata;
}

/** What the header says of a tensor, checked against the data. */
interface Entry extends Range {
  readonly code: string;
  readonly shape: number[];
}

function checkEntry(name: string, entry: unknown, dataBytes: number): Entry {
  const { dtype: code, shape, data_offsets: offsets } = (isObject(entry) ? entry : {}) as Record<string, unknown>;
  if (typeof code !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new LoadError(
      'load',
      `tensor '${name}' must have a dtype, a shape of sizes and two data_offsets, got ${preview(entry)}.`,
    );
  }
  const own = BY_CODE.get(code);
  const bits = own === undefined ? FOREIGN_DTYPES.get(code)?.bits : 8 * own.bytes;
  if (bits === undefined) throw new LoadError('load', `tensor '${name}' has the unknown dtype '${code}'.`);
  const [begin, end] = offsets;
  const bytes = shape.reduce((product, size) => product * size, bits) / 8;
  if (begin > end || end > dataBytes || end - begin !== bytes) {
    throw new LoadError(
      'load',
      `tensor '${name}' of shape ${formatShape(shape)} and dtype ${code} takes ${bytes} bytes, ` +
        `got bytes ${begin} to ${end} of ${dataBytes}.`,
    );
  }
  return { name, code, shape, begin, end };
}

/** A tensor, or what stands for one of another dtype. */
function valueOf({ code, shape }: Entry, bytes: Uint8Array<ArrayBuffer>): TensorBytes | Foreign {
  const own = BY_CODE.get(code);
  if (own !== undefined) return { dtype: own, shape, bytes };
  const { to, convert } = FOREIGN_DTYPES.get(code) ?? {};
  const dtype = to === undefined ? undefined : BY_NAME.get(to);
  const converted = convert?.(bytes) ?? null;
  return dtype === undefined || converted === null
    ? new Foreign(`safetensors ${code}`, [shape])
    : { dtype, shape, bytes: converted };
}

/** Tensors that share bytes, and bytes of no tensor, are refused: they have no use but to hide something. */
function checkCoverage(ranges: Range[], dataBytes: number): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of ranges) {
    if (begin !== position) {
      throw new LoadError(
        'load',
        `tensor '${name}' must begin where the one before it ends, at ${position}, got ${begin}.`,
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw new LoadError('load', `the tensors must fill the data of ${dataBytes} bytes, got ${position}.`);
  }
}
