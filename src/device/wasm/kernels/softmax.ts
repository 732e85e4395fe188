// Lowering of softmax and log-softmax.
import { Opcode, Softmax, SoftmaxBackward } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import { command, type Lowerings } from './lowering';

export const SOFTMAX: Lowerings<'softmax' | 'softmaxBackward'> = {
  softmax: command(Opcode.Softmax, Softmax, (place, [x], [out], { axis, log }) => ({
    x: place.pointer(x),
    out: place.pointer(out),
    outer: axis.outer,
    n: axis.n,
    inner: axis.inner,
    log: log ? 1 : 0,
    dtype: DTYPES[x.dtype].code,
  })),
  softmaxBackward: command(Opcode.SoftmaxBackward, SoftmaxBackward, (place, [grad, y], [out], { axis, log }) => ({
    grad: place.pointer(grad),
    y: place.pointer(y),
    out: place.pointer(out),
    outer: axis.outer,
    n: axis.n,
    inner: axis.inner,
    log: log ? 1 : 0,
    dtype: DTYPES[y.dtype].code,
  })),
};
