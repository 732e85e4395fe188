// A module whose forward is a graph: what is learned, saved and moved is the module's, what is computed the graph's.
import { describe } from '../base/errorText';
import { KindError } from '../base/errors';
import { isPlainObject } from '../base/arguments';
import { Parameter, Tensor } from '../core/tensor';
import { methodsTake, signature } from '../base/signature';
import { Module } from '../nn/module/module';
import { attributeOf, Graph } from './graph';
import { Interpreter } from './interpreter';

/** Modules, parameters and buffers by their paths. */
export type Attributes = Readonly<Record<string, Module | Tensor>>;

/**
 * A module that computes its graph. It has those modules, parameters and buffers of `root` that the graph names, the same objects.
 * After a change of the graph, `recompile` checks it and prepares the next call.
 * @see torch.fx.GraphModule
 */
export class GraphModule extends Module {
  static override readonly name: string = 'GraphModule';

  static {
    methodsTake(this, signature('recompile', []), signature('deleteAllUnusedSubmodules', []));
  }

  private computed: Graph;

  /** @throws TypeError for a graph with mistakes, or that names what `root` does not have */
  constructor(root: Module | Attributes, graph: Graph, ...none: readonly never[]) {
    super();
    if (!(root instanceof Module) && !isPlainObject(root)) {
      throw new KindError(
        'GraphModule',
        `root must be a module, or an object of modules and tensors, got ${describe(root)}.`,
      );
    }
    if (!(graph instanceof Graph)) throw new KindError('GraphModule', `graph must be a Graph, got ${describe(graph)}.`);
    if (none.length > 0) throw new KindError('GraphModule', `takes 2 arguments, got ${2 + none.length}.`);
    if (root instanceof Module) this.training = root.training;
    const persistent = root instanceof Module ? new Set(Object.keys(root.stateDict())) : null;
    for (const { op, target } of graph.nodes) {
      if (op !== 'callModule' && op !== 'getAttr') continue;
      const value: unknown = root instanceof Module ? valueAt(root, target) : root[target];
      this.adoptMember(target, value, persistent?.has(target) ?? true);
    }
    this.computed = graph;
    this.recompile();
  }

  /** What is computed. */
  get graph(): Graph {
    return this.computed;
  }

  /** Puts another graph in its place. */
  set graph(graph: Graph) {
    this.computed = graph;
    this.recompile();
  }

  /** `forward` as TypeScript. */
  get code(): string {
    return this.computed.code;
  }

  /** Makes a change of the graph take effect: the graph is looked over. @throws TypeError for a mistake in it */
  recompile(): this {
    this.computed.lint(this);
    return this;
  }

  /** Computes the graph. */
  override forward(...inputs: readonly unknown[]): unknown {
    return new Interpreter(this).run(...inputs);
  }

  /** Takes away modules that the graph does not call, nor what is inside of those it calls. */
  deleteAllUnusedSubmodules(): this {
    const used = this.computed.nodes
      .filter(({ op }) => op === 'callModule' || op === 'getAttr')
      .map(({ target }) => target);
    for (const [path] of this.namedModules().reverse()) {
      const isNeeded = used.some(
        (target) => target === path || target.startsWith(`${path}.`) || path.startsWith(`${target}.`),
      );
      if (path === '' || isNeeded) continue;
      const dot = path.lastIndexOf('.');
      Reflect.deleteProperty(this.getSubmodule(path.slice(0, Math.max(dot, 0))), path.slice(dot + 1));
    }
    return this;
  }

  /** Puts a module or tensor at a path, with modules on the way. */
  private adoptMember(path: string, value: unknown, persistent: boolean): void {
    const names = path.split('.');
    const last = names.pop() as string;
    const owner = names.reduce<Module>((module, name) => {
      const child: unknown = Reflect.get(module, name);
      if (child instanceof Module) return child;
      const made = new Module();
      module.addModule(name, made);
      return made;
    }, this);
    if (Reflect.get(owner, last) === value) return;
    if (value instanceof Module) owner.addModule(last, value);
    else if (value instanceof Parameter) owner.registerParameter(last, value);
    else if (value instanceof Tensor) owner.registerBuffer(last, value, persistent);
    else throw new KindError('GraphModule', `'${path}' must be a module or a tensor, got ${describe(value)}.`);
  }

  override toString(): string {
    return `${super.toString()}\n\n${this.code}`;
  }
}

/** A module or tensor of `root`. */
const valueAt = (root: Module, path: string): unknown => (path === '' ? root : attributeOf(root, path));
