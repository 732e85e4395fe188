// A computation as data: nodes in the order in which they run. print.ts shows it, graphModule.ts runs it.
import { KindError } from '../base/errors';
import { describe } from '../base/errorText';
import { ANYTHING, either, FUNCTION, instanceOf, kind, oneOf, TEXT } from '../base/kinds';
import { isPlainObject } from '../base/arguments';
import { argument, methodsTake, signature } from '../base/signature';
import { Module } from '../nn/module/module';
import { isOwn, nameOf } from './functions';
import { Namespace } from './names';
import { mapNodes, Node, type Argument, type Callee, type Named, type Opcode } from './node';
import { graphText, tableText } from './print';
import { sourceText } from './source';

const OPCODE = oneOf('placeholder', 'getAttr', 'callFunction', 'callMethod', 'callModule', 'output');
const PLAIN = { ...kind<object>('a plain object', isPlainObject), takesObject: true };

/**
 * Nodes in the order in which they run, the last of which is the output.
 * @example
 * const graph = new fx.Graph();
 * const x = graph.placeholder('x');
 * graph.output(graph.callFunction(relu, [x]));
 * @see torch.fx.Graph
 */
export class Graph {
  static readonly name: string = 'Graph';

  static {
    const [name, path, fn] = [argument('name', TEXT), argument('path', TEXT), argument('fn', FUNCTION)];
    const node = argument('node', instanceOf('a node', Node));
    const args = argument('args', kind('a list', Array.isArray), undefined);
    const kwargs = argument('kwargs', PLAIN, undefined);
    methodsTake(
      this, signature('createNode', [argument('op', OPCODE), argument('target', either(TEXT, FUNCTION)), args, kwargs, argument('name', TEXT, undefined)]),
      signature('placeholder', [name]), signature('getAttr', [path]), signature('callFunction', [fn, args, kwargs]),
      signature('callMethod', [name, args, kwargs]), signature('callModule', [path, args, kwargs]),
      signature('output', [argument('value', { ...ANYTHING, takesObject: true })]),
      signature('insertingBefore', [node, fn]), signature('insertingAfter', [node, fn]), signature('eraseNode', [node]),
      signature('eliminateDeadCode', []), signature('nodeCopy', [node, argument('map', FUNCTION)]),
      signature('graphCopy', [argument('other', instanceOf('a graph', this)), argument('known', instanceOf('a Map', Map), undefined)]),
      signature('lint', [argument('root', instanceOf('a module', Module), undefined)]), signature('tabular', []), signature('printTabular', []),
    ); // prettier-ignore
  }

  private readonly names = new Namespace();
  /** Before the first and behind the last node. */
  private readonly end: Node;
  /** New nodes go in front of this. */
  private point: Node;
  private count = 0;

  constructor(...none: readonly never[]) {
    if (none.length > 0) throw new KindError('Graph', `takes no arguments, got ${none.length}.`);
    this.end = new Node(this, '', 'output', '', null, [], {});
    this.point = this.end;
  }

  /** All nodes, in order. They may be inserted and erased meanwhile. */
  get nodes(): Node[] {
    const all: Node[] = [];
    for (let node = this.end.after; node !== this.end; node = node.after) all.push(node);
    return all;
  }

  /** Number of nodes. */
  get length(): number {
    return this.count;
  }

  /** @internal Whether `node` is the place between the last and the first. */
  isEnd(node: Node): boolean {
    return node === this.end;
  }

  /** @internal Puts a node in front of another, from wherever it is. */
  link(node: Node, at: Node): void {
    if (node.graph !== this || node.isErased) {
      throw new KindError('Graph', `a node must be of this graph to be put into it, got ${node.name}.`);
    }
    if (node === at) return;
    Graph.unlink(node);
    [node.before, node.after] = [at.before, at];
    at.before.after = node;
    at.before = node;
  }

  private static unlink(node: Node): void {
    node.before.after = node.after;
    node.after.before = node.before;
    [node.before, node.after] = [node, node];
  }

  /** Makes a node at the place of insertion, which is the end unless `insertingBefore` or `insertingAfter` says otherwise. `name` is wanted; a number makes it the only one. */
  createNode(
    op: Opcode,
    target: string | Callee,
    args: readonly Argument[] = [],
    kwargs: Named = {},
    name?: string,
  ): Node {
    const fn = typeof target === 'function' ? target : null;
    if ((op === 'callFunction') !== (fn !== null)) {
      throw new KindError('createNode', `the target of a ${op} must be a ${op === 'callFunction' ? 'function' : 'string'}, got ${describe(target)}.`); // prettier-ignore
    }
    const text = fn === null ? (target as string) : nameOf(fn);
    const check = (node: Node): Node => {
      if (node.graph === this && !node.isErased) return node;
      throw new KindError(
        'createNode',
        `arguments must be nodes of this graph, got ${node.name} of another, or erased.`,
      );
    };
    mapNodes([...args, kwargs], check);
    if (fn !== null && isOwn(fn)) this.names.reserve(text);
    // Of a function without its namespace.
    const wanted = name ?? (fn === null ? text : text.slice(text.lastIndexOf('.') + 1));
    const made = new Node(this, this.names.create(wanted), op, text, fn, args, kwargs);
    this.link(made, this.point);
    this.count++;
    return made;
  }

  /** An input of the graph. */
  placeholder(name: string): Node {
    return this.createNode('placeholder', name);
  }

  /** A parameter or buffer, by its path. */
  getAttr(path: string): Node {
    return this.createNode('getAttr', path);
  }

  /** A call of a function; `kwargs` follow as one object. */
  callFunction(fn: Callee, args: readonly Argument[] = [], kwargs: Named = {}): Node {
    return this.createNode('callFunction', fn, args, kwargs);
  }

  /** A call of a method of the first argument. */
  callMethod(name: string, args: readonly Argument[] = [], kwargs: Named = {}): Node {
    return this.createNode('callMethod', name, args, kwargs);
  }

  /** A call of a module, by its path. */
  callModule(path: string, args: readonly Argument[] = [], kwargs: Named = {}): Node {
    return this.createNode('callModule', path, args, kwargs);
  }

  /** What the graph gives: a node, or arrays and plain objects of nodes and values. */
  output(value: Argument): Node {
    return this.createNode('output', 'output', [value]);
  }

  /** Runs `fn`, whose nodes are made in front of `node`. @see torch.fx.Graph.inserting_before */
  insertingBefore<T>(node: Node, fn: () => T): T {
    return this.inserting(node, fn);
  }

  /** Runs `fn`, whose nodes are made behind `node`. @see torch.fx.Graph.inserting_after */
  insertingAfter<T>(node: Node, fn: () => T): T {
    return this.inserting(node.after, fn);
  }

  private inserting<T>(point: Node, fn: () => T): T {
    if (point.graph !== this || point.isErased) {
      throw new KindError('Graph', `nodes are inserted beside those of this graph, got ${point.name}.`);
    }
    const before = this.point;
    this.point = point;
    try {
      return fn();
    } finally {
      this.point = before;
    }
  }

  /** Takes a node out. @throws TypeError if others use it */
  eraseNode(node: Node): void {
    if (node.graph !== this || node.isErased) throw new KindError('eraseNode', `${node.name} is not in this graph.`);
    if (node.users.size > 0) {
      const users = [...node.users].map(({ name }) => name).join(', ');
      throw new KindError('eraseNode', `nothing may use the node, got ${node.name}, which ${users} use. Replace its uses first.`); // prettier-ignore
    }
    if (this.point === node) this.point = node.after;
    node.args = [];
    node.kwargs = {};
    Graph.unlink(node);
    node.isErased = true;
    this.count--;
  }

  /** Takes out what nobody uses and what does nothing but make its value; whether there was any. */
  eliminateDeadCode(): boolean {
    const before = this.count;
    for (const node of this.nodes.reverse()) if (node.users.size === 0 && !node.isImpure()) this.eraseNode(node);
    return this.count < before;
  }

  /** A copy of a node of another graph, whose nodes `map` brings here. */
  nodeCopy(node: Node, map: (node: Node) => Argument): Node {
    const made = this.createNode(
      node.op,
      node.fn ?? node.target,
      mapNodes(node.args, map) as readonly Argument[],
      mapNodes(node.kwargs, map) as Named,
      node.name,
    );
    made.target = node.target;
    made.meta = { ...node.meta };
    return made;
  }

  /** Copies all nodes of another graph but its output to the place of insertion, noting them in `known`; gives what that puts out. */
  graphCopy(other: Graph, known: Map<Node, Argument> = new Map()): Argument {
    const map = (node: Node): Argument => known.get(node);
    for (const node of other.nodes) {
      if (known.has(node)) continue;
      if (node.op === 'output') return mapNodes(node.args[0], map);
      known.set(node, this.nodeCopy(node, map));
    }
    return undefined;
  }

  /**
   * Looks for mistakes: a node that is used before it is made, that is missing or of another graph; names and outputs that occur twice;
   * paths that `root`, if it is given, does not have.
   * @throws TypeError for the first
   */
  lint(root?: Module): void {
    const seen = new Set<Node>();
    const names = new Set<string>();
    const wrong = (text: string): KindError => new KindError('lint', text);
    for (const node of this.nodes) {
      for (const input of node.allInputNodes) {
        if (input.graph !== this) throw wrong(`${node.name} uses ${input.name} of another graph.`);
        if (!seen.has(input)) throw wrong(`${node.name} uses ${input.name}, which is ${input.isErased ? 'erased' : 'made behind it'}.`); // prettier-ignore
      }
      if (names.has(node.name)) throw wrong(`two nodes are called ${node.name}.`);
      if (node.op === 'output' && node.next !== null) throw wrong(`${node.name} must be the last node.`);
      if (root !== undefined && node.op === 'callModule') root.getSubmodule(node.target);
      if (root !== undefined && node.op === 'getAttr') attributeOf(root, node.target);
      seen.add(node);
      names.add(node.name);
    }
  }

  /** As `print(graph)` shows it in PyTorch. */
  toString(): string {
    return graphText(this);
  }

  /** The nodes as a table: opcode, name, target, args, kwargs. @see torch.fx.Graph.print_tabular */
  tabular(): string {
    return tableText(this);
  }

  /** Prints `tabular()`. */
  printTabular(): void {
    // eslint-disable-next-line no-console -- it is asked for
    console.log(this.tabular());
  }

  /** `forward` as TypeScript; it is to be read, nothing evaluates it. @see torch.fx.Graph.python_code */
  get code(): string {
    return sourceText(this);
  }
}

/** What a path leads to: a module, a parameter, a buffer or another property. @throws TypeError if there is none */
export function attributeOf(root: Module, path: string): unknown {
  const dot = path.lastIndexOf('.');
  const owner = root.getSubmodule(path.slice(0, Math.max(dot, 0)));
  const value: unknown = Reflect.get(owner, path.slice(dot + 1));
  if (value === undefined) throw new KindError('Graph', `${owner.constructor.name} has nothing called '${path}'.`);
  return value;
}
