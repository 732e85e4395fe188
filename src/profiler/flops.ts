// How many floating-point operations a kernel takes: of products and convolutions, as PyTorch's profiler counts them.
import type { Shaped } from '../base/observer';
import { numelOf } from '../base/shape';

type Operands = readonly (Shaped | null)[];

/** A multiply-add counts as two. */
const PER_MULTIPLY_ADD = 2;

/** Multiply-adds of a kernel; 0 for one that is neither a product nor a convolution. */
export function multiplyAddsOf(kernel: string, inputs: Operands, outputs: Operands): number {
  const [first, second] = inputs;
  const [out] = outputs;
  if (!first || !second || !out) return 0;
  switch (kernel) {
    // a [batch, m, k], out [batch, m, n].
    case 'gemm':
      return numelOf(out.shape) * first.shape[2];
    // Each output takes a multiply-add for every weight of its channel: weight [out, in / groups, kH, kW].
    case 'conv2d':
      return numelOf(out.shape) * numelOf(second.shape.slice(1));
    // grad and weight; grad has the output's shape.
    case 'conv2dGradInput':
      return numelOf(first.shape) * numelOf(second.shape.slice(1));
    // grad and x; out is like the weight.
    case 'conv2dGradWeight':
      return numelOf(first.shape) * numelOf(out.shape.slice(1));
    default:
      return 0;
  }
}

/** Floating-point operations of a kernel. */
export const flopsOf = (kernel: string, inputs: Operands, outputs: Operands): number =>
  PER_MULTIPLY_ADD * multiplyAddsOf(kernel, inputs, outputs);
