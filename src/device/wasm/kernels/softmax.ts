// Lowering of softmax and log-softmax.
import { Opcode, Softmax, SoftmaxBackward } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { Kernels } from '../../contract';
import type { CommandStream } from '../transport/commandStream';

/** softmax and softmaxBackward of the wasm device. */
export function softmaxKernels(stream: CommandStream): Pick<Kernels, 'softmax' | 'softmaxBackward'> {
  return {
    softmax(x, out, axis, log) {
      stream.emit(
        Opcode.Softmax,
        Softmax,
        {
          x: stream.pointer(x),
          out: stream.pointer(out),
          outer: axis.outer,
          n: axis.n,
          inner: axis.inner,
          log: log ? 1 : 0,
          dtype: DTYPES[x.dtype].code,
        },
        [x],
        [out],
      );
    },
    softmaxBackward(grad, y, out, axis, log) {
      stream.emit(
        Opcode.SoftmaxBackward,
        SoftmaxBackward,
        {
          grad: stream.pointer(grad),
          y: stream.pointer(y),
          out: stream.pointer(out),
          outer: axis.outer,
          n: axis.n,
          inner: axis.inner,
          log: log ? 1 : 0,
          dtype: DTYPES[y.dtype].code,
        },
        [grad, y],
        [out],
      );
    },
  };
}
