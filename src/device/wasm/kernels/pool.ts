// Lowering of pooling.
import { Opcode, PoolCommand } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { AvgPoolSizes, Kernels, PoolSizes, View } from '../../contract';
import type { CommandStream } from '../transport/commandStream';

type PoolKernels = Pick<
  Kernels,
  | 'maxPool2d'
  | 'maxPool2dBackward'
  | 'avgPool2d'
  | 'avgPool2dBackward'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dBackward'
>;

/** Stands for the sizes that a kernel does not look at. */
const NO_SIZES: PoolSizes = { kernel: [0, 0], stride: [0, 0], padding: [0, 0], dilation: [0, 0] };

/** The pooling kernels of the wasm device. */
export function poolKernels(stream: CommandStream): PoolKernels {
  /** `image` [planes, H, W] is the input or its gradient, `pooled` [planes, oH, oW] the output or its gradient. */
  const args = (
    a: View,
    out: View,
    indices: View | null,
    image: View,
    pooled: View,
    sizes: PoolSizes | AvgPoolSizes,
  ) => ({
    a: stream.pointer(a),
    indices: stream.pointer(indices),
    out: stream.pointer(out),
    planes: image.shape[0],
    height: image.shape[1],
    width: image.shape[2],
    outHeight: pooled.shape[1],
    outWidth: pooled.shape[2],
    kernelH: sizes.kernel[0],
    kernelW: sizes.kernel[1],
    strideH: sizes.stride[0],
    strideW: sizes.stride[1],
    paddingH: sizes.padding[0],
    paddingW: sizes.padding[1],
    dilationH: sizes.dilation[0],
    dilationW: sizes.dilation[1],
    countIncludePad: 'countIncludePad' in sizes && sizes.countIncludePad ? 1 : 0,
    divisor: 'divisor' in sizes ? sizes.divisor : 0,
    dtype: DTYPES[a.dtype].code,
  });
  return {
    maxPool2d: (x, out, indices, sizes) =>
      stream.emit(Opcode.MaxPool2d, PoolCommand, args(x, out, indices, x, out, sizes), [x], [out, indices]),
    maxPool2dBackward: (grad, indices, out) =>
      stream.emit(
        Opcode.MaxPool2dBackward,
        PoolCommand,
        args(grad, out, indices, out, grad, NO_SIZES),
        [grad, indices],
        [out],
      ),
    avgPool2d: (x, out, sizes) =>
      stream.emit(Opcode.AvgPool2d, PoolCommand, args(x, out, null, x, out, sizes), [x], [out]),
    avgPool2dBackward: (grad, out, sizes) =>
      stream.emit(Opcode.AvgPool2dBackward, PoolCommand, args(grad, out, null, out, grad, sizes), [grad], [out]),
    adaptiveAvgPool2d: (x, out) =>
      stream.emit(Opcode.AdaptiveAvgPool2d, PoolCommand, args(x, out, null, x, out, NO_SIZES), [x], [out]),
    adaptiveAvgPool2dBackward: (grad, out) =>
      stream.emit(
        Opcode.AdaptiveAvgPool2dBackward,
        PoolCommand,
        args(grad, out, null, out, grad, NO_SIZES),
        [grad],
        [out],
      ),
  };
}
