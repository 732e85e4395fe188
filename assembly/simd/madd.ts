// The multiply-add that every matrix kernel is built on.

/** x · y + z: one rounding in the relaxed build where the processor has it, two in the baseline build. */
// @ts-ignore: decorator
@inline
export function madd(x: v128, y: v128, z: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, y, z) : f32x4.add(f32x4.mul(x, y), z);
}
