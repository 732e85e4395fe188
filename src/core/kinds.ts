// What an argument may be, of the kinds that know tensors and devices; base/kinds.ts has the rest.
import type { DeviceName } from '../device/contract';
import { Generator } from '../base/generator';
import { DTYPE, either, FLAG, instanceOf, kind, listOf, oneOfOr, type Kind } from '../base/kinds';
import { argument, type Argument } from '../base/signature';
import type { Operand } from './pointwise';
import { Tensor } from './tensor';

export const TENSOR: Kind<Tensor> = instanceOf('a tensor', Tensor);
/** A list of tensors. */
export const TENSORS: Kind<readonly Tensor[]> = { ...listOf(TENSOR), expected: 'a list of tensors' };
/** The same, also as several arguments in a row. */
export const SEVERAL_TENSORS: Kind<readonly Tensor[]> = {
  ...TENSORS,
  spreads: (value) => !Array.isArray(value),
};
/** A number or boolean that stands for a tensor of one element. */
export const SCALAR = kind<number | boolean>(
  'a number',
  (value) => typeof value === 'number' || typeof value === 'boolean',
);
export const OPERAND: Kind<Operand> = either(TENSOR, SCALAR);
export const GENERATOR = instanceOf('a Generator', Generator);
/** The name of a device; PyTorch's 'cpu' is wasm. */
export const DEVICE: Kind<DeviceName> = oneOfOr({ cpu: 'wasm' }, 'wasm', 'webgpu', 'meta');
/** A number for an element: bigints too. */
export const VALUE = kind<number | boolean | bigint>('a number', (value) => SCALAR.accepts(value) || typeof value === 'bigint'); // prettier-ignore

// Types are written out as the type of Tensor has its methods, whose types these are part of.
/** The first argument of nearly all functions. */
export const INPUT: Argument<'input', Tensor> = argument('input', TENSOR);
export const OTHER: Argument<'other', Tensor> = argument('other', TENSOR);
export const KEEPDIM = argument('keepdim', FLAG, false);
/** A dtype to convert to; null for what is usual. */
export const TO_DTYPE = argument('dtype', DTYPE, null);
