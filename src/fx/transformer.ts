// New graphs from old ones, node by node.
import { methodsTake, signature } from '../base/signature';
import { Graph } from './graph';
import { GraphModule } from './graphModule';
import { Interpreter } from './interpreter';
import type { Argument, Callee, Named } from './node';

/**
 * An Interpreter whose nodes make nodes: `transform` gives a new GraphModule. A method for a kind of node gets nodes of the new graph as
 * arguments and gives one, or whatever else is to stand in its place.
 * @example
 * class Swap extends fx.Transformer {
 *   override callFunction(fn: fx.Callee, args: readonly unknown[], kwargs: fx.Named) {
 *     return super.callFunction(fn === sigmoid ? tanh : fn, args, kwargs);
 *   }
 * }
 * const net = new Swap(traced).transform();
 * @see torch.fx.Transformer
 */
export class Transformer extends Interpreter {
  static override readonly name: string = 'Transformer';

  static {
    methodsTake(this, signature('transform', []));
  }

  /** The graph that is made. */
  protected readonly made = new Graph();

  /** A module with the new graph and the modules and parameters of the old one. */
  transform(): GraphModule {
    for (const node of this.graph.nodes) this.env.set(node, this.runNode(node));
    return new GraphModule(this.module, this.made);
  }

  override placeholder(name: string): unknown {
    return this.made.placeholder(name);
  }

  override getAttr(path: string): unknown {
    return this.made.getAttr(path);
  }

  override callFunction(fn: Callee, args: readonly unknown[], kwargs: Named): unknown {
    return this.made.callFunction(fn, args as readonly Argument[], kwargs);
  }

  override callMethod(name: string, args: readonly unknown[], kwargs: Named): unknown {
    return this.made.callMethod(name, args as readonly Argument[], kwargs);
  }

  override callModule(path: string, args: readonly unknown[], kwargs: Named): unknown {
    return this.made.callModule(path, args as readonly Argument[], kwargs);
  }

  override output(value: unknown): unknown {
    return this.made.output(value as Argument);
  }
}
