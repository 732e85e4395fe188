// 16-bit floats as the bits that memory and files hold, and as numbers. bfloat16 is the upper half of a float32; float16
// has 1 bit of sign, 5 of exponent, 10 of mantissa. No tensors here.

/** Names of the 16-bit floats. */
export type Half = 'float16' | 'bfloat16';

/** Significant bits. */
export const HALF_DIGITS: { readonly [H in Half]: number } = { float16: 11, bfloat16: 8 };

/** Greatest finite float16, and what rounds to infinity from. */
const FLOAT16_MAX = 65504;

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The nearest number that the type holds, by way of float32 as in PyTorch; of two the even one. */
export function roundHalf(dtype: Half, value: number): number {
  single[0] = value;
  const x = single[0];
  if (!Number.isFinite(x) || x === 0) return x;
  // The distance of neighbours, from the exponent; below the least normal number of float16 it stays the same.
  const exponent = Math.max((singleBits[0] >>> 23) & 255, dtype === 'float16' ? 113 : 1) - 127;
  const step = 2 ** (exponent - HALF_DIGITS[dtype] + 1);
  const steps = Math.abs(x) / step;
  // Adding 2^52 leaves no room for a fraction, so that the sum is rounded to the even of two.
  const rounded = Math.sign(x) * (steps + 2 ** 52 - 2 ** 52) * step;
  if (dtype === 'float16') return Math.abs(rounded) > FLOAT16_MAX ? Math.sign(x) * Infinity : rounded;
  return Math.fround(rounded);
}

/** The bits of each number, rounded. NaN is the positive quiet one, as in PyTorch. */
export function encodeHalf(dtype: Half, values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, (value) => {
    const x = roundHalf(dtype, value);
    if (dtype === 'bfloat16') {
      single[0] = x;
      return Number.isNaN(x) ? 0x7fc0 : singleBits[0] >>> 16;
    }
    if (Number.isNaN(x)) return 0x7e00;
    // Scaled by a power of two, the exponent of float32 is that of float16, in place for a shift; subnormals too.
    single[0] = Math.abs(x) * 2 ** -112;
    const magnitude = Number.isFinite(x) ? singleBits[0] >>> 13 : 0x7c00;
    return magnitude | (x < 0 || Object.is(x, -0) ? 0x8000 : 0);
  });
}

/** The numbers that bits stand for. */
export function decodeHalf(dtype: Half, buffer: ArrayBuffer): Float32Array<ArrayBuffer> {
  const bits = new Uint16Array(buffer);
  if (dtype === 'bfloat16') return new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);
  const numbers = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    singleBits[0] = (bits[i] & 0x7fff) << 13;
    const magnitude = (bits[i] & 0x7c00) === 0x7c00 ? ((bits[i] & 1023) === 0 ? Infinity : NaN) : single[0] * 2 ** 112;
    numbers[i] = bits[i] >> 15 === 0 ? magnitude : -magnitude;
  }
  return numbers;
}
