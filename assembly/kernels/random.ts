// The counter-based generator behind dropout: uniform numbers as a pure function of position and seed. Only 32-bit
// additions, multiplications, shifts and exclusive ors, so that WGSL gives the same bits.

@inline
function shiftXor(x: v128, bits: i32): v128 {
  return v128.xor(x, i32x4.shr_u(x, bits));
}

/** A bijection of 32-bit words in which every input bit moves every output bit; multipliers by C. Wellons (lowbias32). */
@inline
function mix(x: v128): v128 {
  x = i32x4.mul(shiftXor(x, 16), i32x4.splat(0x7feb352d));
  x = i32x4.mul(shiftXor(x, 15), i32x4.splat(0x846ca68b));
  return shiftXor(x, 16);
}

/**
 * Uniform float32 in [0, 1): the upper 24 bits of mix(mix(position + mix(seed)) ^ mix(stream)), for n positions,
 * rounded up to whole groups of four. The seeds are the first elements of their registers.
 */
export function uniform(out: usize, position: usize, seed: usize, stream: usize, n: u32): void {
  const first = mix(v128.load32_splat(seed));
  const second = mix(v128.load32_splat(stream));
  for (let i: u32 = 0; i < n; i += 4) {
    const bits = mix(v128.xor(mix(i32x4.add(v128.load(position), first)), second));
    v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8)), f32x4.splat(5.9604644775390625e-8)));
    position += 16;
    out += 16;
  }
}
