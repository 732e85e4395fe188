// Lazy modules: parameters and buffers without a shape, which the first call gives them from its input.
import { KindError } from '../../base/errors';
import { noGrad } from '../../core/backward';
import { empty } from '../../ops/shape/creation';
import type { Shape } from '../../base/shape';
import { Parameter, Tensor } from '../../core/tensor';
import type { FactoryOptions, Module } from './module';

/** A tensor that waits for its shape. */
interface Uninitialized extends Tensor {
  /** Gives the tensor a shape; its contents are undefined. */
  materialize(shape: Shape): void;
  /** Changes where and as what the values will be. */
  convert(options: FactoryOptions): void;
}

/**
 * A parameter whose shape is not known yet. It may be given to an optimizer, moved and cast; `materialize` makes it
 * an ordinary Parameter, the same object.
 * @see torch.nn.parameter.UninitializedParameter
 */
export class UninitializedParameter extends Parameter implements Uninitialized {
  static override readonly name: string = 'UninitializedParameter';

  constructor(options: FactoryOptions = {}) {
    super(empty([0], options));
    hideShape(this);
  }

  materialize(shape: Shape): void {
    Object.setPrototypeOf(this, Parameter.prototype);
    giveShape(this, shape);
  }

  convert(options: FactoryOptions): void {
    recast(this, options);
  }

  override toString(): string {
    return '<UninitializedParameter>';
  }

  override repr(): Promise<string> {
    return Promise.resolve(String(this));
  }
}

/** A buffer whose shape is not known yet. @see torch.nn.parameter.UninitializedBuffer */
export class UninitializedBuffer extends Tensor implements Uninitialized {
  static override readonly name: string = 'UninitializedBuffer';

  constructor(options: FactoryOptions = {}) {
    const { storage, dtype, shape, strides, offset } = empty([0], options);
    super(storage, dtype, shape, strides, offset);
    hideShape(this);
  }

  materialize(shape: Shape): void {
    Object.setPrototypeOf(this, Tensor.prototype);
    giveShape(this, shape);
  }

  convert(options: FactoryOptions): void {
    recast(this, options);
  }

  override toString(): string {
    return '<UninitializedBuffer>';
  }

  override repr(): Promise<string> {
    return Promise.resolve(String(this));
  }
}

/** Whether a tensor still waits for its shape. */
export const isUninitialized = (tensor: Tensor | null): tensor is Uninitialized =>
  tensor instanceof UninitializedParameter || tensor instanceof UninitializedBuffer;

/** Every op looks at the shape of its inputs, so this is where use of a tensor without values shows. */
function hideShape(tensor: Tensor): void {
  Object.defineProperty(tensor, 'shape', {
    configurable: true,
    get: () => {
      throw new KindError(
        null,
        'a tensor of a lazy module has no shape and no values before the first forward. ' +
          'Call the module once with an input of the right shape, or load a state dict.',
      );
    },
  });
}

function giveShape(tensor: Tensor, shape: Shape): void {
  const { device, dtype } = tensor;
  Object.defineProperty(tensor, 'shape', { configurable: true, enumerable: true, writable: true, value: shape });
  tensor.adopt(empty(shape, { device, dtype }));
}

function recast(tensor: Tensor, options: FactoryOptions): void {
  const { device, dtype } = tensor;
  giveShape(tensor, [0]);
  tensor.adopt(empty([0], { device, dtype, ...options }));
  hideShape(tensor);
}

/**
 * Makes `module` lazy: its first call shapes what waits for a shape, by `initialize`, and makes the module an ordinary
 * one of class `eager`.
 */
export function initializeOnFirstCall(
  module: Module,
  eager: { readonly prototype: Module },
  initialize: (input: Tensor) => void,
): void {
  const handle = module.registerForwardPreHook((_, inputs) => {
    noGrad(() => {
      initialize(inputs[0] as Tensor);
    });
    handle.remove();
    Object.setPrototypeOf(module, eager.prototype);
  });
}
