// Dropout with PyTorch's arguments.
import * as ops from '../../ops/dropout';
import type { Tensor } from '../../tensor';
import { gather, type Arguments } from '../../arguments';

/** Arguments of dropout beside the input. */
export interface DropoutArguments {
  /** Probability of an element to become zero; 0.5 by default. */
  p?: number;
  /** Whether to drop anything; true by default. */
  training?: boolean;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const DROPOUT = ['p', 'training', 'inplace'] as const;

/** Zeroes elements with probability p and scales the others by 1 / (1 - p). @see torch.nn.functional.dropout */
export function dropout(input: Tensor, ...args: Arguments<DropoutArguments, typeof DROPOUT>): Tensor {
  const { p = 0.5, training = true, inplace = false } = gather<DropoutArguments>('dropout', DROPOUT, args);
  return inplace ? ops.dropout.inPlace(input, p, training) : ops.dropout(input, p, training);
}
