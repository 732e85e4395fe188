// Lowering of pooling.
import { Opcode, PoolCommand } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { AvgPoolSizes, PoolSizes, View } from '../../contract';
import type { Placement } from '../transport/commandStream';
import type { Arguments } from '../transport/encode';
import { command, type Lowerings } from './lowering';

/** Stands for the sizes that a kernel does not look at. */
const NO_SIZES: AvgPoolSizes = {
  kernel: [0, 0],
  stride: [0, 0],
  padding: [0, 0],
  dilation: [0, 0],
  countIncludePad: false,
  divisor: 0,
};

/** `image` [planes, H, W] is the input or its gradient, `pooled` [planes, oH, oW] the output or its gradient. */
const fieldsOf = (
  place: Placement,
  a: View,
  out: View,
  indices: View | null,
  [image, pooled]: readonly [image: View, pooled: View],
  sizes: PoolSizes,
  { countIncludePad, divisor }: AvgPoolSizes = NO_SIZES,
): Arguments<PoolCommand> => ({
  a: place.pointer(a),
  indices: place.pointer(indices),
  out: place.pointer(out),
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
  countIncludePad: countIncludePad ? 1 : 0,
  divisor,
  dtype: DTYPES[a.dtype].code,
});

type PoolName =
  | 'maxPool2d'
  | 'maxPool2dBackward'
  | 'avgPool2d'
  | 'avgPool2dBackward'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dBackward';

export const POOL: Lowerings<PoolName> = {
  maxPool2d: command(Opcode.MaxPool2d, PoolCommand, (place, [x], [out, indices], sizes) =>
    fieldsOf(place, x, out, indices, [x, out], sizes),
  ),
  maxPool2dBackward: command(Opcode.MaxPool2dBackward, PoolCommand, (place, [grad, indices], [out]) =>
    fieldsOf(place, grad, out, indices, [out, grad], NO_SIZES),
  ),
  avgPool2d: command(Opcode.AvgPool2d, PoolCommand, (place, [x], [out], sizes) =>
    fieldsOf(place, x, out, null, [x, out], sizes, sizes),
  ),
  avgPool2dBackward: command(Opcode.AvgPool2dBackward, PoolCommand, (place, [grad], [out], sizes) =>
    fieldsOf(place, grad, out, null, [out, grad], sizes, sizes),
  ),
  adaptiveAvgPool2d: command(Opcode.AdaptiveAvgPool2d, PoolCommand, (place, [x], [out]) =>
    fieldsOf(place, x, out, null, [x, out], NO_SIZES),
  ),
  adaptiveAvgPool2dBackward: command(Opcode.AdaptiveAvgPool2dBackward, PoolCommand, (place, [grad], [out]) =>
    fieldsOf(place, grad, out, null, [out, grad], NO_SIZES),
  ),
};
