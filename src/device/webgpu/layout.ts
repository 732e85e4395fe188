// How the elements of a tensor are stored on the webgpu device, the conversions at its border, and the fault table.
import { FAULT_WORDS } from '../../../assembly/engine/commands';
import { DTYPES, isHalf, type DType, type TypedArray } from '../../base/dtype';
import { DTypeError, ValueError } from '../../base/errors';
import { encodeHalf } from '../../base/half';

/** The type of an element in WGSL. */
export type Scalar = 'f32' | 'i32' | 'u32';

const SCALARS: { readonly [D in DType]: Scalar } = {
  float32: 'f32',
  float64: 'f32',
  int32: 'i32',
  int64: 'i32',
  uint8: 'u32',
  bool: 'u32',
  int8: 'i32',
  int16: 'i32',
  float16: 'f32',
  bfloat16: 'f32',
};

/** The WGSL type that holds elements of `dtype` in memory. */
export const scalarType = (dtype: DType): Scalar => SCALARS[dtype];

/** @throws DTypeError for float64, which WGSL does not have. */
export function checkStored(dtype: DType): void {
  if (dtype !== 'float64') return;
  throw new DTypeError(
    null,
    `float64 is not supported on the webgpu device, as WGSL has no such type. Use float32 there (x.float(), { dtype: 'float32' }), or the wasm device.`,
    { dtype, device: 'webgpu' },
  );
}

/** Values of the dtypes that are stored wide. */
type NarrowArray = Exclude<TypedArray, BigInt64Array>;

/** A copy of `data`, elements of `dtype`, as the device stores them. @throws RangeError for an int64 beyond 32 bits */
export function toStored(dtype: DType, data: ArrayBufferView): Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const { byteOffset, byteLength } = data;
  const { wide, array } = DTYPES[dtype];
  if (wide !== undefined) {
    const values = array(new Uint8Array(data.buffer, byteOffset, byteLength).slice().buffer) as NarrowArray;
    return wide === 'float32' ? new Uint32Array(Float32Array.from(values).buffer) : Int32Array.from(values);
  }
  // A view of the right type needs an aligned start.
  const aligned = byteOffset % 8 === 0;
  const buffer = aligned ? data.buffer : data.buffer.slice(byteOffset, byteOffset + byteLength);
  const at = aligned ? byteOffset : 0;
  if (dtype === 'int64') return Int32Array.from(new BigInt64Array(buffer, at, byteLength / 8), narrow);
  if (dtype === 'uint8' || dtype === 'bool') return Uint32Array.from(new Uint8Array(buffer, at, byteLength));
  return Uint32Array.from(new Uint32Array(buffer, at, byteLength / 4));
}

function narrow(value: bigint): number {
  if (BigInt.asIntN(32, value) === value) return Number(value);
  throw new ValueError(
    null,
    `int64 is stored in 32 bits on the webgpu device: values must be within ±2^31, got ${value}. Use the wasm device for larger ones.`,
  );
}

/** Elements read from the device, in the layout of `dtype`. */
export function fromStored(dtype: DType, stored: ArrayBuffer): ArrayBuffer {
  if (dtype === 'int64') return BigInt64Array.from(new Int32Array(stored), BigInt).buffer;
  if (dtype === 'uint8' || dtype === 'bool') return Uint8Array.from(new Uint32Array(stored)).buffer;
  if (dtype === 'int8') return Int8Array.from(new Int32Array(stored)).buffer;
  if (dtype === 'int16') return Int16Array.from(new Int32Array(stored)).buffer;
  return isHalf(dtype) ? encodeHalf(dtype, new Float32Array(stored)).buffer : stored;
}

/** The fault table: faults recorded, faults the page knows of, last command that recorded one, unused; then the entries. */
export const FAULT_SLOTS = 64;
export const FAULT_HEADER_WORDS = 4;
export const FAULT_TABLE_WORDS = FAULT_HEADER_WORDS + FAULT_SLOTS * FAULT_WORDS;
