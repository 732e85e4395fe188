// Shapes of the values of a graph for given inputs.
import { Tensor } from '../core/tensor';
import { Interpreter } from './interpreter';
import type { Node } from './node';

/**
 * Runs a graph and notes shape and dtype of each tensor in the `meta` of its node: for other inputs than those it was traced with, or
 * after it was changed.
 * @example new fx.ShapeProp(traced).propagate(zeros(8, 3, 32, 32));
 * @see torch.fx.passes.shape_prop.ShapeProp
 */
export class ShapeProp extends Interpreter {
  static override readonly name: string = 'ShapeProp';

  override runNode(node: Node): unknown {
    const value = super.runNode(node);
    delete node.meta.shape;
    delete node.meta.dtype;
    if (value instanceof Tensor) Object.assign(node.meta, { shape: value.shape, dtype: value.dtype });
    return value;
  }

  /** Runs the graph with an input for each placeholder. */
  propagate(...inputs: readonly (Tensor | object)[]): unknown {
    return this.run(...inputs);
  }
}
