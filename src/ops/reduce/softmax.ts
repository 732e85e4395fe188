// Softmax and its logarithm, as fused kernels in both directions.
import { interceptable } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { DIM } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { INPUT, TO_DTYPE } from '../../core/kinds';
import { isFloat, type DType } from '../../base/dtype';
import { DTypeError } from '../../base/errors';
import { defineOp } from '../../core/op';
import { axisOf, wrapDim } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { contiguous, to } from '../shape/copy';
import { exp, mul, neg, sub } from '../pointwise/arithmetic';

interface SoftmaxParams {
  readonly dim: number;
  readonly log: boolean;
}

const forwardOp: (x: Tensor, params: SoftmaxParams) => Tensor = defineOp<[x: Tensor], SoftmaxParams>({
  name: 'softmax',
  shape: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  forward: (device, [x], out, { dim, log }) => {
    device.run('softmax', [x], [out], { axis: axisOf(x.shape, dim), log });
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
    device.run('softmaxBackward', [grad, y], [out], { axis: axisOf(y.shape, dim), log });
  },
});

/** Arguments of functions along a dimension. */
export interface AlongOptions {
  dim: number;
  /** What the input is cast to first; its own by default. */
  dtype?: DType;
}
type Along = (input: Tensor, ...args: Arguments<[dim: number], [dtype?: DType], AlongOptions>) => Tensor;

function along(name: string, log: boolean, prepare: (x: Tensor) => Tensor = (x) => x): Along {
  const takes = signature(name, [INPUT, argument('dim', DIM), TO_DTYPE]);
  return (x, ...args) => {
    const given = takes.take([x, ...args]);
    const { input, dim } = given;
    const dtype = given.dtype ?? input.dtype;
    if (!isFloat(dtype)) {
      throw new DTypeError(name, `input must be of a floating-point dtype, got ${dtype}. Convert it with .float().`, {
        dtype,
      });
    }
    const ready = prepare(to(input, dtype));
    return forwardOp(contiguous(ready), { dim: wrapDim(name, dim, ready.ndim), log });
  };
}

/** exp(x) / sum(exp(x)) along a dimension, without overflow. Shape: [*] -> [*]. @see torch.softmax */
export const softmax = interceptable('softmax', along('softmax', false));

/** log(softmax(x)) along a dimension, without loss of precision. Shape: [*] -> [*]. @see torch.log_softmax */
export const logSoftmax = interceptable('logSoftmax', along('logSoftmax', true));

/** softmax(-x) along a dimension. @see torch.nn.functional.softmin */
export const softmin = interceptable('softmin', along('softmin', false, neg));
