// Element types as files name them.
import type { DType } from '../base/dtype';

/** An element type of a file. */
export interface FileDType {
  /** PyTorch's name, and kindling's. */
  readonly name: DType;
  /** Size of an element. */
  readonly bytes: number;
  /** PyTorch's class of storages, less `Storage`. */
  readonly storage: string;
  /** Name in safetensors. */
  readonly code: string;
}

const FILE_DTYPES: readonly FileDType[] = [
  { name: 'float64', bytes: 8, storage: 'Double', code: 'F64' },
  { name: 'float32', bytes: 4, storage: 'Float', code: 'F32' },
  { name: 'float16', bytes: 2, storage: 'Half', code: 'F16' },
  { name: 'bfloat16', bytes: 2, storage: 'BFloat16', code: 'BF16' },
  { name: 'int64', bytes: 8, storage: 'Long', code: 'I64' },
  { name: 'int32', bytes: 4, storage: 'Int', code: 'I32' },
  { name: 'int16', bytes: 2, storage: 'Short', code: 'I16' },
  { name: 'int8', bytes: 1, storage: 'Char', code: 'I8' },
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

/** The elements of a file as memory holds them: a copy, as typed arrays need alignment that files need not have. */
export function elementsOf({ name }: FileDType, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  // A byte of a bool may be anything in a file; in memory it is 0 or 1.
  return name === 'bool' ? Uint8Array.from(bytes, (byte) => Number(byte !== 0)) : bytes.slice();
}
