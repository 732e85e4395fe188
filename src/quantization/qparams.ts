// Scale and zero point of a range, as PyTorch's kernels choose them: for activations that are quantized as they come.
import type { Tensor } from '../core/tensor';
import { libraryCode } from '../core/temporaries';
import { abs, add, div, mul, neg, reciprocal, round, sub } from '../ops/pointwise/arithmetic';
import { clamp, eq, isinf, logicalOr, lt, maximum, minimum, where } from '../ops/pointwise/compare';
import { to } from '../ops/shape/copy';
import type { Qparams } from './observer';

/** Scales below this are raised to it. */
const LEAST_SCALE = Math.fround(6.1e-5);

/**
 * The scale and the zero point that map [min, max], widened to hold 0, to [quantMin, quantMax]: each float32 without dimensions.
 * In float64, as PyTorch computes it, except on webgpu, which has no float64.
 * @see https://github.com/pytorch/pytorch/blob/v1.13.0/aten/src/ATen/native/quantized/cpu/QuantUtils.h
 */
export function chooseQparams(min: Tensor, max: Tensor, quantMin: number, quantMax: number): Qparams {
  return libraryCode((): Qparams => {
    const wide = min.device === 'webgpu' ? 'float32' : 'float64';
    let [low, high] = [to(minimum(min, 0), { dtype: wide }), to(maximum(max, 0), { dtype: wide })];
    const plain = div(sub(high, low), quantMax - quantMin);
    const single = to(plain, { dtype: 'float32' });
    const isUseless = logicalOr(eq(single, 0), isinf(reciprocal(single)));
    const usable = where(isUseless, 0.1, plain);
    const isSmall = lt(usable, LEAST_SCALE);
    const scale = where(isSmall, LEAST_SCALE, usable);
    // The range that a raised scale has.
    const whole = LEAST_SCALE * (quantMax - quantMin);
    const factor = to(mul(reciprocal(to(usable, { dtype: 'float32' })), LEAST_SCALE), { dtype: wide });
    const [raisedLow, raisedHigh] = [
      where(eq(high, 0), -whole, mul(low, factor)),
      where(eq(low, 0), whole, mul(high, factor)),
    ];
    [low, high] = [
      where(isSmall, where(eq(low, 0), 0, raisedLow), low),
      where(isSmall, where(eq(high, 0), where(eq(low, 0), whole, 0), raisedHigh), high),
    ];
    const [below, above] = [div(low, scale), div(high, scale)];
    const isFromLow = lt(add(neg(abs(below)), Math.abs(quantMin)), add(neg(abs(above)), Math.abs(quantMax)));
    const zeroPoint = where(isFromLow, add(neg(below), quantMin), add(neg(above), quantMax));
    return [to(scale, { dtype: 'float32' }), to(round(clamp(zeroPoint, quantMin, quantMax)), { dtype: 'float32' })];
  });
}
