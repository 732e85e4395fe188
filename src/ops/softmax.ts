// Softmax and its logarithm, as fused kernels in both directions.
import { DTypeError } from '../errors';
import { isFloat } from '../dtype';
import { defineOp } from '../op';
import { axisOf, wrapDim } from '../shape';
import type { Tensor } from '../tensor';
import { contiguous } from './copy';
import { exp, mul, neg, sub } from './pointwise';

interface SoftmaxParams {
  readonly dim: number;
  readonly log: boolean;
}

const forwardOp: (x: Tensor, params: SoftmaxParams) => Tensor = defineOp<[x: Tensor], SoftmaxParams>({
  name: 'softmax',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [x], out, { dim, log }) => {
    device.softmax(x, out, axisOf(x.shape, dim), log);
  },
  saves: { outputs: [0] },
  // y = softmax(x):     dx = y (dy - sum(dy y))
  // y = logSoftmax(x):  dx = dy - exp(y) sum(dy)
  backward: (grad, { output: y, params: { dim, log } }) => [
    () => (log ? sub(grad, mul(exp(y), grad.sum(dim, true))) : mul(y, sub(grad, mul(grad, y).sum(dim, true)))),
  ],
  fusedBackward: ([grad], { output: y, params }) => [grad === null ? null : backwardOp(contiguous(grad), y, params)],
});

/** The gradient of softmax by its kernel; not differentiable itself. */
const backwardOp = defineOp<[grad: Tensor, y: Tensor], SoftmaxParams>({
  name: 'softmaxBackward',
  shape: ([grad]) => ({ shape: grad.shape, dtype: grad.dtype }),
  forward: (device, [grad, y], out, { dim, log }) => {
    device.softmaxBackward(grad, y, out, axisOf(y.shape, dim), log);
  },
});

function along(name: string, x: Tensor, dim: number, log: boolean): Tensor {
  if (!isFloat(x.dtype)) {
    throw new DTypeError(
      `${name}: input must be of a floating-point dtype, got ${x.dtype}. Convert it with .float().`,
      {
        dtype: x.dtype,
      },
    );
  }
  return forwardOp(contiguous(x), { dim: wrapDim(name, dim, x.ndim), log });
}

/** exp(x) / sum(exp(x)) along a dimension, without overflow. Shape: [*] -> [*]. @see torch.softmax */
export const softmax = (x: Tensor, dim: number): Tensor => along('softmax', x, dim, false);

/** log(softmax(x)) along a dimension, without loss of precision. Shape: [*] -> [*]. @see torch.log_softmax */
export const logSoftmax = (x: Tensor, dim: number): Tensor => along('logSoftmax', x, dim, true);

/** softmax(-x) along a dimension. @see torch.nn.functional.softmin */
export const softmin = (x: Tensor, dim: number): Tensor => along('softmin', neg(x), dim, false);
