// What can be asked of a tensor that its properties do not say.
import { itemSize } from '../../base/dtype';
import { ValueError } from '../../base/errors';
import { ANYTHING, DIM } from '../../base/kinds';
import { formatShape, wrapDim } from '../../base/shape';
import { argument, optional, signature, taking } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import { Tensor } from '../../core/tensor';

// Nothing may be asked about, and objects are no named arguments.
const IS_TENSOR = signature('isTensor', [optional('obj', { ...ANYTHING, takesObject: true })]);
/** Whether something is a tensor. @see torch.is_tensor */
export function isTensor(obj: unknown, ...none: readonly never[]): obj is Tensor {
  return IS_TENSOR.values([obj, ...none])[0] instanceof Tensor;
}

/** The number of elements. @see torch.numel */
export const numel: (x: Tensor) => number = taking(signature('numel', [INPUT]), (x) => x.numel());

/** Bytes of one element. @see torch.Tensor.element_size */
export const elementSize: (x: Tensor) => number = taking(signature('elementSize', [INPUT]), (x) => itemSize(x.dtype));

const STRIDE = signature('stride', [INPUT, argument('dim', DIM, null)]);
/** The strides, or that of one dimension, in elements. @throws RangeError if there is no such dimension @see torch.Tensor.stride */
export function stride(x: Tensor): readonly number[];
export function stride(x: Tensor, dim: number): number;
export function stride(x: Tensor, options: { dim?: number } | { axis?: number }): number | readonly number[];
export function stride(...args: readonly unknown[]): number | readonly number[] {
  const { input, dim } = STRIDE.take(args);
  return dim === null ? input.strides : input.strides[wrapDim('stride', dim, input.ndim)];
}

/** Whether the one element is not 0; a promise, as its value is waited for. @throws RangeError if there is another number of them @see torch.is_nonzero */
export const isNonzero: (x: Tensor) => Promise<boolean> = taking(
  signature('isNonzero', [INPUT]),
  async (x): Promise<boolean> => {
    if (x.numel() !== 1) {
      throw new ValueError('isNonzero', `the tensor must have one element, got shape ${formatShape(x.shape)}.`);
    }
    return Number((await x.data())[0]) !== 0;
  },
);
