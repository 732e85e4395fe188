// The layer that does nothing.
import type { Tensor } from '../../core/tensor';
import { Module } from '../module/module';

/**
 * Returns its input. Arguments are accepted and ignored, so that it can stand in for any layer.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Identity
 */
export class Identity extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Identity';

  constructor(...ignored: unknown[]) {
    super();
    void ignored;
  }

  override forward(input: Tensor, ...ignored: unknown[]): Tensor {
    void ignored;
    return input;
  }
}
