// Element types of safetensors that kindling does not have: those whose values another dtype holds exactly are converted,
// the rest have stand-ins.
import type { DType } from '../base/dtype';

export interface ForeignDType {
  /** Bits of an element. */
  readonly bits: number;
  /** The dtype that takes its values, and their bytes there; null if it does not hold these. Absent where there is none. */
  readonly to?: DType;
  readonly convert?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null;
}

/** Floats of 8 bits: a sign, `exponentBits`, the rest of the significand. */
function float8(
  exponentBits: number,
  bias: number,
  special: (bits: number) => number | null,
): Float32Array<ArrayBuffer> {
  const fractionBits = 7 - exponentBits;
  return Float32Array.from({ length: 256 }, (_, bits) => {
    const magnitude = bits & 127;
    const named = special(magnitude);
    const sign = bits >> 7 === 0 ? 1 : -1;
    if (named !== null) return sign * named;
    const exponent = magnitude >> fractionBits;
    const fraction = (magnitude & ((1 << fractionBits) - 1)) / (1 << fractionBits);
    // Subnormals have no leading 1.
    return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
  });
}

/** NaN is all ones, and there is no infinity. https://arxiv.org/abs/2209.05433 */
const E4M3 = float8(4, 7, (magnitude) => (magnitude === 127 ? NaN : null));
/** As in IEEE 754: all ones in the exponent are infinity and NaN. */
const E5M2 = float8(5, 15, (magnitude) => (magnitude < 124 ? null : magnitude === 124 ? Infinity : NaN));
/** Scales: powers of two without a sign. https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf */
const E8M0 = Float32Array.from({ length: 256 }, (_, bits) => (bits === 255 ? NaN : 2 ** (bits - 127)));

type Convert = NonNullable<ForeignDType['convert']>;
const bytesOf = ({ buffer }: { readonly buffer: ArrayBuffer }): Uint8Array<ArrayBuffer> => new Uint8Array(buffer);
const byTable =
  (table: Float32Array): Convert =>
  (bytes) =>
    bytesOf(Float32Array.from(bytes, (bits) => table[bits]));

export const FOREIGN_DTYPES: ReadonlyMap<string, ForeignDType> = new Map<string, ForeignDType>([
  ['F8_E4M3', { bits: 8, to: 'float32', convert: byTable(E4M3) }],
  ['F8_E5M2', { bits: 8, to: 'float32', convert: byTable(E5M2) }],
  ['F8_E8M0', { bits: 8, to: 'float32', convert: byTable(E8M0) }],
  [
    'U16',
    { bits: 16, to: 'int32', convert: (bytes) => bytesOf(Int32Array.from(new Uint16Array(bytes.slice().buffer))) },
  ],
  [
    'U32',
    {
      bits: 32,
      to: 'int64',
      convert: (bytes) => bytesOf(BigInt64Array.from(new Uint32Array(bytes.slice().buffer), BigInt)),
    },
  ],
  [
    'U64',
    {
      bits: 64,
      to: 'int64',
      // Those from 2^63 on would be negative.
      convert: (bytes) => (new BigInt64Array(bytes.slice().buffer).some((value) => value < 0n) ? null : bytes.slice()),
    },
  ],
  ['F4', { bits: 4 }],
  ['F6_E2M3', { bits: 6 }],
  ['F6_E3M2', { bits: 6 }],
  ['C64', { bits: 64 }],
]);
