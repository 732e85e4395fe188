// Element types as files name them. What kindling has no dtype for is widened to one that holds every value.
import { DTYPES, type DType } from '../dtype';

/** An element type of a file. */
export interface FileDType {
  /** PyTorch's name, which is kindling's where it has the type. */
  readonly name: string;
  /** Size of an element. */
  readonly bytes: number;
  /** PyTorch's class of storages, less `Storage`. */
  readonly storage: string;
  /** Name in safetensors. */
  readonly code: string;
  /** What takes its place where kindling lacks it. */
  readonly wider?: DType;
}

const FILE_DTYPES: readonly FileDType[] = [
  { name: 'float64', bytes: 8, storage: 'Double', code: 'F64' },
  { name: 'float32', bytes: 4, storage: 'Float', code: 'F32' },
  { name: 'float16', bytes: 2, storage: 'Half', code: 'F16', wider: 'float32' },
  { name: 'bfloat16', bytes: 2, storage: 'BFloat16', code: 'BF16', wider: 'float32' },
  { name: 'int64', bytes: 8, storage: 'Long', code: 'I64' },
  { name: 'int32', bytes: 4, storage: 'Int', code: 'I32' },
  { name: 'int16', bytes: 2, storage: 'Short', code: 'I16', wider: 'int32' },
  { name: 'int8', bytes: 1, storage: 'Char', code: 'I8', wider: 'int32' },
  { name: 'uint8', bytes: 1, storage: 'Byte', code: 'U8' },
  { name: 'bool', bytes: 1, storage: 'Bool', code: 'BOOL' },
];

const byKey = (key: 'name' | 'storage' | 'code'): ReadonlyMap<string, FileDType> =>
  new Map(FILE_DTYPES.map((dtype) => [dtype[key], dtype]));

/** By PyTorch's name, by class of storage, by name in safetensors. */
export const BY_NAME = byKey('name');
export const BY_STORAGE = byKey('storage');
export const BY_CODE = byKey('code');

/** How files write a dtype of kindling's. */
export function fileDType(dtype: DType): FileDType {
  const found = BY_NAME.get(dtype);
  if (found === undefined) throw new Error(`internal: files do not know ${dtype}`);
  return found;
}

/** Elements of a file in a dtype of kindling's. */
export function decodeElements(
  { name, wider }: FileDType,
  bytes: Uint8Array,
): { dtype: DType; bytes: Uint8Array<ArrayBuffer> } {
  // A copy, as typed arrays need alignment that files need not have.
  const own = bytes.slice();
  if (Object.hasOwn(DTYPES, name)) {
    // A byte of a bool may be anything in a file; in memory it is 0 or 1.
    if (name === 'bool') own.forEach((byte, i) => (own[i] = Number(byte !== 0)));
    return { dtype: name as DType, bytes: own };
  }
  if (wider === undefined) throw new Error(`internal: ${name} has nothing wider`);
  return { dtype: wider, bytes: new Uint8Array(WIDEN[name](own.buffer).buffer) };
}

const WIDEN: Readonly<Record<string, (buffer: ArrayBuffer) => Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>>> = {
  float16: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToNumber),
  bfloat16: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer),
  int16: (buffer) => Int32Array.from(new Int16Array(buffer)),
  int8: (buffer) => Int32Array.from(new Int8Array(buffer)),
};

/** The number of float16 bits: 1 of sign, 5 of exponent, 10 of mantissa. */
function halfToNumber(bits: number): number {
  const [sign, exponent, mantissa] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15));
}
