// Activations without numbers of their own. Those with some are in parametricActivation.ts, those along a dimension in softmax.ts;
// the formulas in functional/activation.ts.
import { optional, signature } from '../../base/signature';
import { FLAG } from '../../base/kinds';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import {
  hardsigmoid, hardswish, logsigmoid, mish, relu, relu6, selu, sigmoid, silu, softsign, tanh, tanhshrink,
} from '../functional'; // prettier-ignore
import { Module } from '../module/module';

/** Arguments of activations that may overwrite their input. */
export interface InplaceOptions {
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const INPLACE = signature('InplaceActivation', [optional('inplace', FLAG)]);

/** An activation without other parameters than whether it overwrites its input. */
abstract class InplaceActivation extends Module {
  readonly inplace: boolean;

  constructor(...args: Arguments<[], [inplace?: boolean], InplaceOptions>) {
    super();
    this.inplace = INPLACE.take<InplaceOptions>(args, new.target.name).inplace ?? false;
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}

/**
 * max(x, 0).
 *
 * Shape: any, unchanged.
 * @see torch.nn.ReLU
 */
export class ReLU extends InplaceActivation {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReLU';

  override forward(input: Tensor): Tensor {
    return relu(input, this.inplace);
  }
}

/**
 * min(max(x, 0), 6).
 *
 * Shape: any, unchanged.
 * @see torch.nn.ReLU6
 */
export class ReLU6 extends InplaceActivation {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReLU6';

  override forward(input: Tensor): Tensor {
    return relu6(input, this.inplace);
  }
}

/**
 * scale * (x if x > 0, else alpha (exp(x) - 1)), with the constants that keep mean 0 and variance 1.
 *
 * Shape: any, unchanged.
 * @see torch.nn.SELU
 */
export class SELU extends InplaceActivation {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'SELU';

  override forward(input: Tensor): Tensor {
    return selu(input, this.inplace);
  }
}

/**
 * x sigmoid(x), also called swish.
 *
 * Shape: any, unchanged.
 * @see torch.nn.SiLU
 */
export class SiLU extends InplaceActivation {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'SiLU';

  override forward(input: Tensor): Tensor {
    return silu(input, this.inplace);
  }
}

/**
 * x tanh(softplus(x)).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Mish
 */
export class Mish extends InplaceActivation {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Mish';

  override forward(input: Tensor): Tensor {
    return mish(input, this.inplace);
  }
}

/**
 * min(max(x + 3, 0), 6) / 6.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardsigmoid
 */
export class Hardsigmoid extends InplaceActivation {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Hardsigmoid';

  override forward(input: Tensor): Tensor {
    return hardsigmoid(input, this.inplace);
  }
}

/**
 * x min(max(x + 3, 0), 6) / 6.
 *
 * Shape: any, unchanged.
 * @see torch.nn.Hardswish
 */
export class Hardswish extends InplaceActivation {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Hardswish';

  override forward(input: Tensor): Tensor {
    return hardswish(input, this.inplace);
  }
}

/**
 * 1 / (1 + exp(-x)).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Sigmoid
 */
export class Sigmoid extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Sigmoid';

  override forward(input: Tensor): Tensor {
    return sigmoid(input);
  }
}

/**
 * tanh(x).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Tanh
 */
export class Tanh extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Tanh';

  override forward(input: Tensor): Tensor {
    return tanh(input);
  }
}

/**
 * log(1 / (1 + exp(-x))).
 *
 * Shape: any, unchanged.
 * @see torch.nn.LogSigmoid
 */
export class LogSigmoid extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LogSigmoid';

  override forward(input: Tensor): Tensor {
    return logsigmoid(input);
  }
}

/**
 * x / (1 + |x|).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Softsign
 */
export class Softsign extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Softsign';

  override forward(input: Tensor): Tensor {
    return softsign(input);
  }
}

/**
 * x - tanh(x).
 *
 * Shape: any, unchanged.
 * @see torch.nn.Tanhshrink
 */
export class Tanhshrink extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Tanhshrink';

  override forward(input: Tensor): Tensor {
    return tanhshrink(input);
  }
}
