// A node of a graph: one value, what makes it and of what.
import { isPlainObject } from '../base/arguments';
import { KindError, ValueError } from '../base/errors';
import { ANYTHING, COUNT, FUNCTION, instanceOf, TEXT } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import type { DType } from '../base/dtype';
import type { Shape } from '../base/shape';
import type { Graph } from './graph';

/** What a node does. */
export type Opcode = 'placeholder' | 'getAttr' | 'callFunction' | 'callMethod' | 'callModule' | 'output';

/** An argument of a node: another node, a plain value, or arrays and plain objects of such. */
export type Argument = Node | string | number | boolean | bigint | null | undefined | object;

/** Arguments by name. */
export type Named = Readonly<Record<string, Argument>>;

/** A function that a node may call. */
export type Callee = (...args: never) => unknown;

/** What is known of the value of a node; passes may add to it. */
export interface Meta {
  /** Absent where the value is no tensor. */
  shape?: Shape;
  dtype?: DType;
  /** Who asked for it: `forward (net.ts:12:5)`. */
  stack?: string;
  [key: string]: unknown;
}

/** `value` with every node in it replaced by what `fn` gives. */
export function mapNodes(value: Argument, fn: (node: Node) => Argument): Argument {
  if (value instanceof Node) return fn(value);
  if (Array.isArray(value)) return value.map((item: Argument) => mapNodes(item, fn));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapNodes(item as Argument, fn)]));
}

/** Methods and functions whose name says that they write over what they are given. */
const writes = (target: string): boolean => target.endsWith('_') || target === 'setAt' || target === 'backward';

/**
 * One step of a graph. `target` is plain: the name of a placeholder, the path of a parameter, buffer or module, the name of a method
 * or of a function, which is in `fn`.
 * @see torch.fx.Node
 */
export class Node {
  static readonly name: string = 'Node';

  static {
    const value = argument('value', { ...ANYTHING, takesObject: true });
    const node = (name: string) => argument(name, instanceOf('a node', Node));
    methodsTake(
      this, signature('isImpure', []), signature('updateArg', [argument('index', COUNT), value]),
      signature('updateKwarg', [argument('name', TEXT), value]), signature('replaceInputWith', [node('old'), node('now')]),
      signature('replaceAllUsesWith', [node('other'), argument('only', FUNCTION, undefined)]),
      signature('prepend', [node('node')]), signature('append', [node('node')]),
    ); // prettier-ignore
  }

  /** The nodes that use this one. */
  readonly users = new Set<Node>();
  meta: Meta = {};
  /** @internal The neighbours in the list that the graph keeps. */
  before: Node = this;
  /** @internal */
  after: Node = this;
  /** Whether the graph has let go of it. */
  isErased = false;
  private givenArgs: readonly Argument[] = [];
  private givenKwargs: Named = {};

  /** @internal Graphs make nodes. */
  constructor(
    readonly graph: Graph,
    readonly name: string,
    readonly op: Opcode,
    /** What is called or read; see the class. */
    public target: string,
    /** What a callFunction calls; null for all others. */
    public fn: Callee | null,
    args: readonly Argument[],
    kwargs: Named,
  ) {
    this.setArguments(args, kwargs);
  }

  /** Arguments by position. */
  get args(): readonly Argument[] {
    return this.givenArgs;
  }

  /** Changes all arguments by position. */
  set args(args: readonly Argument[]) {
    this.setArguments(args, this.givenKwargs);
  }

  /** Arguments by name: the last, plain object of a call. */
  get kwargs(): Named {
    return this.givenKwargs;
  }

  /** Changes all arguments by name. */
  set kwargs(kwargs: Named) {
    this.setArguments(this.givenArgs, kwargs);
  }

  private setArguments(args: readonly Argument[], kwargs: Named): void {
    for (const input of this.allInputNodes) input.users.delete(this);
    this.givenArgs = [...args];
    this.givenKwargs = { ...kwargs };
    for (const input of this.allInputNodes) input.users.add(this);
  }

  /** The nodes among the arguments, each once, in order. */
  get allInputNodes(): Node[] {
    const found = new Set<Node>();
    const note = (node: Node): Node => (found.add(node), node);
    mapNodes(this.givenArgs, note);
    mapNodes(this.givenKwargs, note);
    return [...found];
  }

  /** The node behind this one; null for the last. */
  get next(): Node | null {
    return this.graph.isEnd(this.after) ? null : this.after;
  }

  /** The node before this one; null for the first. */
  get prev(): Node | null {
    return this.graph.isEnd(this.before) ? null : this.before;
  }

  /** Whether it does more than to make its value, so that it stays although nobody uses that. */
  isImpure(): boolean {
    if (this.op === 'placeholder' || this.op === 'output') return true;
    return (this.op === 'callMethod' || this.op === 'callFunction') && writes(this.target);
  }

  /** Changes one argument by position. */
  updateArg(index: number, value: Argument): void {
    if (index > this.givenArgs.length) {
      throw new ValueError('updateArg', `index must be within the ${this.givenArgs.length} arguments, got ${index}.`);
    }
    this.args = [...this.givenArgs.slice(0, index), value, ...this.givenArgs.slice(index + 1)];
  }

  /** Changes one argument by name. */
  updateKwarg(name: string, value: Argument): void {
    this.kwargs = { ...this.givenKwargs, [name]: value };
  }

  /** Uses `now` wherever this node uses `old`. */
  replaceInputWith(old: Node, now: Node): void {
    const replace = (node: Node): Node => (node === old ? now : node);
    this.setArguments(
      this.givenArgs.map((arg) => mapNodes(arg, replace)),
      mapNodes(this.givenKwargs, replace) as Named,
    );
  }

  /**
   * Lets all users of this node use another one; `only` may spare some. Returns those that have changed.
   * @see torch.fx.Node.replace_all_uses_with
   */
  replaceAllUsesWith(other: Node, only: (user: Node) => boolean = () => true): Node[] {
    if (other.graph !== this.graph) {
      throw new KindError('replaceAllUsesWith', `the other node must be of the same graph, got ${other.name}.`);
    }
    const changed = [...this.users].filter((user) => user !== other && only(user));
    for (const user of changed) user.replaceInputWith(this, other);
    return changed;
  }

  /** Moves `node` in front of this one. */
  prepend(node: Node): void {
    this.graph.link(node, this);
  }

  /** Moves `node` behind this one. */
  append(node: Node): void {
    this.graph.link(node, this.after);
  }

  /** The name. */
  toString(): string {
    return this.name;
  }
}
