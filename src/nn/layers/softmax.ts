// Activations along a dimension: softmax and its kin, GLU. The formulas are in functional/activation.ts.
import { argument, signature } from '../../base/signature';
import { INTEGER } from '../../base/kinds';
import { ShapeError } from '../../base/errors';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { glu, logSoftmax, softmax, softmin } from '../functional';
import { Module } from '../module/module';

const DIM = signature('Softmax', [argument('dim', INTEGER)]);
const LAST = signature('GLU', [argument('dim', INTEGER, -1)]);

/** An activation whose argument is the dimension that it runs along. */
abstract class AlongDimension extends Module {
  readonly dim: number;

  constructor({ dim }: { dim: number }) {
    super();
    this.dim = dim;
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Arguments of Softmax. */
export interface SoftmaxOptions {
  /** The dimension whose elements sum to 1. */
  dim: number;
}

/**
 * exp(x) / Σ exp(x) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softmax
 */
export class Softmax extends AlongDimension {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Softmax';

  constructor(...args: Arguments<[dim: number], [], SoftmaxOptions>) {
    super(DIM.take<SoftmaxOptions>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return softmax(input, this.dim);
  }
}

/** Arguments of LogSoftmax. */
export interface LogSoftmaxOptions {
  /** The dimension whose exponentials sum to 1. */
  dim: number;
}

/**
 * log(exp(x) / Σ exp(x)) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.LogSoftmax
 */
export class LogSoftmax extends AlongDimension {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LogSoftmax';

  constructor(...args: Arguments<[dim: number], [], LogSoftmaxOptions>) {
    super(DIM.take<LogSoftmaxOptions>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return logSoftmax(input, this.dim);
  }
}

/** Arguments of Softmin. */
export interface SoftminOptions {
  /** The dimension whose elements sum to 1. */
  dim: number;
}

/**
 * exp(-x) / Σ exp(-x) along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softmin
 */
export class Softmin extends AlongDimension {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Softmin';

  constructor(...args: Arguments<[dim: number], [], SoftminOptions>) {
    super(DIM.take<SoftminOptions>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return softmin(input, this.dim);
  }
}

/**
 * Softmax over the channels at each place of an image.
 *
 * Shape: [N, C, H, W] or [C, H, W], unchanged.
 * @throws ShapeError for another number of dimensions.
 * @see torch.nn.Softmax2d
 */
export class Softmax2d extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Softmax2d';

  override forward(input: Tensor): Tensor {
    if (input.ndim !== 3 && input.ndim !== 4) {
      throw new ShapeError('Softmax2d', `input must be [N, C, H, W] or [C, H, W], got ${formatShape(input.shape)}.`);
    }
    return softmax(input, -3);
  }
}

/** Arguments of GLU. */
export interface GLUOptions {
  /** The dimension to halve; -1 by default. */
  dim?: number;
}

/**
 * a sigmoid(b), where a and b are the halves of x along a dimension.
 *
 * Shape: any, unchanged.
 * @see torch.nn.GLU
 */
export class GLU extends AlongDimension {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'GLU';

  constructor(...args: Arguments<[], [dim?: number], GLUOptions>) {
    super(LAST.take<Required<GLUOptions>>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return glu(input, this.dim);
  }
}
