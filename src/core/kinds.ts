// What an argument may be, of the kinds that know tensors and devices; base/kinds.ts has the rest.
import type { DeviceName } from '../device/contract';
import { Generator } from '../base/generator';
import { either, instanceOf, kind, listOf, oneOf, type Kind } from '../base/kinds';
import type { Operand } from './pointwise';
import { Tensor } from './tensor';

export const TENSOR = instanceOf('a tensor', Tensor);
/** A list of tensors. */
export const TENSORS = { ...listOf(TENSOR), expected: 'a list of tensors' };
/** A number or boolean that stands for a tensor of one element. */
export const SCALAR = kind<number | boolean>(
  'a number',
  (value) => typeof value === 'number' || typeof value === 'boolean',
);
export const OPERAND: Kind<Operand> = either(TENSOR, SCALAR);
export const GENERATOR = instanceOf('a Generator', Generator);
/** The name of a device. */
export const DEVICE: Kind<DeviceName> = oneOf('wasm', 'webgpu');
