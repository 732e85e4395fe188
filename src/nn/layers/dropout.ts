// Dropout layers: in training they drop elements or channels, in evaluation they are the identity.
import { optional, signature } from '../../base/signature';
import { FLAG, REAL } from '../../base/kinds';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { ValueError } from '../../base/errors';
import { alphaDropout, dropout, dropout1d, dropout2d, dropout3d, featureAlphaDropout } from '../functional';
import { Module } from '../module/module';
import { literal } from '../module/representation';

/** Arguments of dropout layers. */
export interface DropoutOptions {
  /** Probability of an element or a channel to be dropped; 0.5 by default. */
  p?: number;
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const DROPOUT = signature('DropoutBase', [optional('p', REAL), optional('inplace', FLAG)]);

/** What all dropouts share. */
abstract class DropoutBase extends Module {
  p: number;
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [p?: number, inplace?: boolean], DropoutOptions>) {
    super();
    const { p = 0.5, inplace = false } = DROPOUT.take<DropoutOptions>(args, new.target.name);
    if (!(p >= 0 && p <= 1)) throw new ValueError(new.target.name, `p must be a probability in [0, 1], got ${p}.`);
    this.p = p;
    this.inplace = inplace;
  }

  override extraRepr(): string {
    return `p=${this.p}, inplace=${literal(this.inplace)}`;
  }
}

/**
 * Zeroes elements with probability p and scales the others by 1 / (1 - p).
 *
 * Shape: any, unchanged.
 * @throws RangeError unless p is in [0, 1].
 * @see torch.nn.Dropout
 */
export class Dropout extends DropoutBase {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Dropout';

  override forward(input: Tensor): Tensor {
    return dropout(input, this.p, this.training, this.inplace);
  }
}

/**
 * Zeroes whole channels of sequences with probability p and scales the others by 1 / (1 - p).
 *
 * Shape: [N, C, L] or [C, L], unchanged.
 * @throws RangeError unless p is in [0, 1].
 * @see torch.nn.Dropout1d
 */
export class Dropout1d extends DropoutBase {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Dropout1d';

  override forward(input: Tensor): Tensor {
    return dropout1d(input, this.p, this.training, this.inplace);
  }
}

/**
 * Zeroes whole channels of images with probability p and scales the others by 1 / (1 - p).
 *
 * Shape: [N, C, H, W], unchanged; three dimensions are taken as [N, C, L], as in PyTorch.
 * @throws RangeError unless p is in [0, 1].
 * @see torch.nn.Dropout2d
 */
export class Dropout2d extends DropoutBase {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Dropout2d';

  override forward(input: Tensor): Tensor {
    return dropout2d(input, this.p, this.training, this.inplace);
  }
}

/**
 * Zeroes whole channels of volumes with probability p and scales the others by 1 / (1 - p).
 *
 * Shape: [N, C, D, H, W] or [C, D, H, W], unchanged.
 * @throws RangeError unless p is in [0, 1].
 * @see torch.nn.Dropout3d
 */
export class Dropout3d extends DropoutBase {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Dropout3d';

  override forward(input: Tensor): Tensor {
    return dropout3d(input, this.p, this.training, this.inplace);
  }
}

/**
 * Sets elements to SELU's lowest value with probability p, then scales and shifts all so that mean 0 and variance 1 stay.
 *
 * Shape: any, unchanged.
 * @throws RangeError unless p is in [0, 1].
 * @see torch.nn.AlphaDropout
 */
export class AlphaDropout extends DropoutBase {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AlphaDropout';

  override forward(input: Tensor): Tensor {
    return alphaDropout(input, this.p, this.training);
  }
}

/**
 * AlphaDropout of whole channels.
 *
 * Shape: [N, C, *], unchanged.
 * @throws RangeError unless p is in [0, 1].
 * @see torch.nn.FeatureAlphaDropout
 */
export class FeatureAlphaDropout extends DropoutBase {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'FeatureAlphaDropout';

  override forward(input: Tensor): Tensor {
    return featureAlphaDropout(input, this.p, this.training);
  }
}
