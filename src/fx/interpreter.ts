// Running graphs node by node.
import { KindError } from '../base/errors';
import { describe } from '../base/errorText';
import { Module } from '../nn/module/module';
import { attributeOf, Graph } from './graph';
import { mapNodes, type Node, type Argument, type Callee, type Named } from './node';

/** `kwargs` behind `args`, as one object, unless there are none. */
export const joined = (args: readonly unknown[], kwargs: object): readonly unknown[] =>
  Object.keys(kwargs).length === 0 ? args : [...args, kwargs];

/** A module whose `forward` is a graph. */
export interface WithGraph extends Module {
  readonly graph: Graph;
}

type AnyFunction = (...args: readonly unknown[]) => unknown;

/**
 * Runs the graph of a module node by node. Subclasses change what nodes do: `runNode` for all, or a method for each kind.
 * @example class Counting extends fx.Interpreter { override runNode(node: fx.Node) { count++; return super.runNode(node); } }
 * @see torch.fx.Interpreter
 */
export class Interpreter {
  static readonly name: string = 'Interpreter';

  /** Values of the nodes that have run and are still needed. */
  protected env = new Map<Node, unknown>();
  /** The graph that runs. */
  readonly graph: Graph;
  /** Inputs that are not used yet. */
  private inputs: unknown[] = [];

  constructor(
    /** Whose graph runs, and where its parameters and modules are. */
    readonly module: WithGraph,
    ...none: readonly never[]
  ) {
    if (!(module instanceof Module) || !(module.graph instanceof Graph)) {
      throw new KindError('Interpreter', `expected a GraphModule, got ${describe(module)}.`);
    }
    if (none.length > 0) throw new KindError('Interpreter', `takes a module alone, got ${1 + none.length} arguments.`);
    this.graph = module.graph;
  }

  /** Runs the graph with an input for each placeholder. Values are let go of as soon as nothing needs them any more. */
  run(...inputs: readonly unknown[]): unknown {
    const { nodes } = this.graph;
    const expected = nodes.filter(({ op }) => op === 'placeholder').length;
    if (inputs.length !== expected) {
      throw new KindError(this.module.constructor.name, `the graph takes ${expected} inputs, got ${inputs.length}.`);
    }
    this.inputs = [...inputs];
    this.env = new Map();
    const left = new Map(nodes.map((node) => [node, node.users.size]));
    for (const node of nodes) {
      const value = this.runNode(node);
      if (node.op === 'output') return value;
      this.env.set(node, value);
      for (const input of node.allInputNodes) {
        const uses = (left.get(input) ?? 0) - 1;
        left.set(input, uses);
        if (uses <= 0) this.env.delete(input);
      }
    }
    return undefined;
  }

  /** Runs one node and gives its value. */
  runNode(node: Node): unknown {
    const args = this.mapNodesToValues(node.args) as readonly unknown[];
    const kwargs = this.mapNodesToValues(node.kwargs) as Named;
    switch (node.op) {
      case 'placeholder':
        return this.placeholder(node.target);
      case 'getAttr':
        return this.getAttr(node.target);
      case 'callFunction':
        return this.callFunction(node.fn as Callee, args, kwargs);
      case 'callMethod':
        return this.callMethod(node.target, args, kwargs);
      case 'callModule':
        return this.callModule(node.target, args, kwargs);
      case 'output':
        return this.output(args[0]);
    }
  }

  /** `value` with nodes replaced by what they gave. */
  mapNodesToValues(value: Argument): unknown {
    return mapNodes(value, (node) => this.env.get(node) as Argument);
  }

  /** The next input. */
  placeholder(name: string): unknown {
    if (this.inputs.length === 0) throw new KindError('Interpreter', `there is no input left for ${name}.`);
    return this.inputs.shift();
  }

  /** A parameter, buffer or constant. */
  getAttr(path: string): unknown {
    return attributeOf(this.module, path);
  }

  /** What a function gives. */
  callFunction(fn: Callee, args: readonly unknown[], kwargs: Named): unknown {
    return (fn as AnyFunction)(...joined(args, kwargs));
  }

  /** What a method of the first argument gives. */
  callMethod(name: string, [self, ...args]: readonly unknown[], kwargs: Named): unknown {
    return Reflect.apply(Reflect.get(self as object, name) as AnyFunction, self, joined(args, kwargs));
  }

  /** What a module gives. */
  callModule(path: string, args: readonly unknown[], kwargs: Named): unknown {
    return (this.module.getSubmodule(path) as AnyFunction)(...joined(args, kwargs));
  }

  /** What the graph gives. */
  output(value: unknown): unknown {
    return value;
  }
}
