// Dropout layers.
import type { Tensor } from '../tensor';
import { gather, type Arguments } from '../arguments';
import { dropout } from './functional';
import { Module } from './module';
import { literal } from './representation';

/** Arguments of dropout layers. */
export interface DropoutOptions {
  /** Probability of an element to become zero; 0.5 by default. */
  p?: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const DROPOUT = ['p', 'inplace'] as const;

/**
 * In training mode zeroes elements with probability p and scales the others by 1 / (1 - p); the identity otherwise.
 *
 * Shape: any, unchanged.
 * @throws RangeError unless p is in [0, 1].
 * @see torch.nn.Dropout
 */
export class Dropout extends Module {
  p: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<DropoutOptions, typeof DROPOUT>) {
    super();
    const { p = 0.5, inplace = false } = gather<DropoutOptions>(new.target.name, DROPOUT, args);
    if (!(p >= 0 && p <= 1)) throw new RangeError(`${new.target.name}: p must be a probability in [0, 1], got ${p}.`);
    this.p = p;
    this.inplace = inplace;
  }

  override forward(input: Tensor): Tensor {
    return dropout(input, this.p, this.training, this.inplace);
  }

  override extraRepr(): string {
    return `p=${this.p}, inplace=${literal(this.inplace)}`;
  }
}
