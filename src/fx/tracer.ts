// From a module or function to a graph: it runs once on the meta device, and what is called with its inputs, or with what became of
// them, is recorded. Nothing is computed; the module's parameters are away meanwhile and come back untouched.
import { isPlainObject } from '../base/arguments';
import { describe } from '../base/errorText';
import { KindError, TraceError } from '../base/errors';
import { defaultGenerator } from '../base/generator';
import { interceptedBy, type Interceptor } from '../base/intercept';
import { FUNCTION, instanceOf, kind } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import { itemSize } from '../base/dtype';
import { noGrad } from '../core/backward';
import { aliasWithGraph } from '../core/graph';
import { Tensor } from '../core/tensor';
import { Sequential } from '../nn/layers/containers';
import { isUninitialized } from '../nn/module/lazy';
import { Module } from '../nn/module/module';
import { empty, madeOn } from '../ops/shape/creation';
import { asStrided } from '../ops/shape/strided';
import { callers } from '../base/stack';
import { getattr, getitem, noteName } from './functions';
import { Graph } from './graph';
import type { Node, Argument, Callee, Named } from './node';
import { parameterNames } from './parameterNames';

/** What to trace with. */
export interface TraceOptions {
  /**
   * For each input of `forward` a tensor, or arrays and plain objects of tensors, of which shapes and dtypes are used: they may be on
   * meta. Inputs with a name in `concreteArgs` are left out.
   */
  inputs: readonly unknown[];
  /** Values of inputs by their names, which become part of the graph: flags, numbers, null. */
  concreteArgs?: Readonly<Record<string, unknown>>;
}

const hasInputs = (value: unknown): boolean => isPlainObject(value) && Array.isArray(value.inputs);

/** Methods that read values, which do not exist while tracing. */
const READS = new Set(['item', 'data', 'tolist', 'equal', 'allclose', 'isNonzero']);

/**
 * Makes graphs. A subclass may say which modules are called as a whole.
 * @see torch.fx.Tracer
 */
export class Tracer {
  static readonly name: string = 'Tracer';

  static {
    const root = argument('root', FUNCTION);
    const options = argument('options', { ...kind<object>('an object with inputs', hasInputs), takesObject: true });
    methodsTake(this, signature('trace', [root, options, argument('constants', instanceOf('a Map', Map), undefined)]));
  }

  constructor(...none: readonly never[]) {
    if (none.length > 0) throw new KindError('Tracer', `takes no arguments, got ${none.length}.`);
  }

  /** Whether calls of a module become one node: those of `nn` but Sequential, unless a subclass says otherwise. */
  isLeafModule(module: Module, path: string): boolean {
    return path !== '' && Object.hasOwn(module.constructor, 'isBuiltIn') && !(module instanceof Sequential);
  }

  /** The graph of a module or function. Tensors that are neither inputs nor the module's are put into `constants`, by name. */
  trace(root: Module | Callee, options: TraceOptions, constants: Map<string, Tensor> = new Map()): Graph {
    const tracing = new Tracing(this, root, constants);
    const before = defaultGenerator.getState();
    try {
      return onMeta(root instanceof Module ? root : null, () => tracing.run(options));
    } finally {
      defaultGenerator.setState(before);
    }
  }
}

/** Runs `fn` while the parameters and buffers of `root` are on meta; afterwards they are what they were. */
function onMeta<T>(root: Module | null, fn: () => T): T {
  const held: [tensor: Tensor, original: Tensor][] = [];
  try {
    for (const tensor of new Set<Tensor>(root === null ? [] : [...root.parameters(), ...root.buffers()])) {
      if (isUninitialized(tensor)) {
        throw new KindError('symbolicTrace', 'a lazy module has no shapes before its first call. Call it once first.');
      }
      held.push([tensor, tensor.alias()]);
      tensor.adopt(twinOf(tensor));
    }
    return fn();
  } finally {
    for (const [tensor, original] of held) {
      tensor.adopt(original);
      original.release();
    }
  }
}

/** A tensor on meta that lies as `t` does. */
function twinOf(t: Tensor): Tensor {
  const length = t.storage.bytes / itemSize(t.dtype);
  const made = (): Tensor =>
    asStrided(empty([length], { dtype: t.dtype, device: 'meta' }), t.shape, t.strides, t.offset);
  return interceptedBy(null, () => noGrad(made));
}

/** One trace. */
class Tracing implements Interceptor {
  private readonly graph = new Graph();
  private readonly root: Module | null;
  /** Paths of parameters and buffers, and of modules. */
  private readonly attributes = new Map<Tensor, string>();
  private readonly paths = new Map<Module, string>();
  /** Nodes of tensors and of the lists and objects that hold some. */
  private readonly values = new Map<object, Node>();
  /** Tensors in those: where they are. */
  private readonly parts = new Map<object, { readonly whole: object; readonly key: number | string }>();
  private readonly twins = new Map<Tensor, Tensor>();
  /** The first value that was asked for, in words. */
  private failure: TraceError | null = null;

  constructor(
    private readonly tracer: Tracer,
    private readonly subject: Module | Callee,
    private readonly constants: Map<string, Tensor>,
  ) {
    this.root = subject instanceof Module ? subject : null;
    for (const [path, module] of this.root?.namedModules() ?? []) {
      if (!this.paths.has(module)) this.paths.set(module, path);
    }
    for (const [path, tensor] of [...(this.root?.namedParameters() ?? []), ...(this.root?.namedBuffers() ?? [])]) {
      this.attributes.set(tensor, path);
    }
  }

  run({ inputs, concreteArgs = {} }: TraceOptions): Graph {
    const { root, subject } = this;
    const call = (args: readonly unknown[]): unknown =>
      root === null
        ? (subject as (...args: readonly unknown[]) => unknown)(...args)
        : (root.forward(...args) as unknown);
    const source = root === null ? subject : (Reflect.get(root, 'forward') as Callee);
    const args = this.arguments(parameterNames(source), inputs, concreteArgs);
    const output = interceptedBy(this, () => call(args));
    if (output instanceof Promise) output.catch(() => undefined);
    if (this.failure !== null) throw this.failure;
    if (output instanceof Promise) {
      throw new TraceError(
        'symbolicTrace',
        'forward must be synchronous to be traced, got a promise. Read values outside of it.',
      );
    }
    this.graph.output(this.argumentOf(output));
    return this.graph;
  }

  /** What `forward` is called with; those that are traced have placeholders. */
  private arguments(
    names: readonly string[],
    inputs: readonly unknown[],
    concrete: Readonly<Record<string, unknown>>,
  ): unknown[] {
    for (const name of Object.keys(concrete)) {
      if (!names.includes(name)) {
        throw new KindError(
          'symbolicTrace',
          `concreteArgs must be named as inputs of forward (${names.join(', ')}), got '${name}'.`,
        );
      }
    }
    const args: unknown[] = [];
    const rest = [...inputs];
    for (let i = 0; rest.length > 0 || (i < names.length && Object.hasOwn(concrete, names[i])); i++) {
      const name = names[i] ?? `input_${i}`;
      if (Object.hasOwn(concrete, name)) args.push(concrete[name]);
      else args.push(this.input(name, rest.shift()));
    }
    // Concrete ones behind inputs that have defaults.
    names.forEach((name, i) => {
      if (Object.hasOwn(concrete, name)) args[i] = concrete[name];
    });
    return args;
  }

  private input(name: string, given: unknown): unknown {
    if (!holdsTensor(given)) {
      throw new KindError('symbolicTrace', `input ${name} must be a tensor, or lists or objects of tensors, got ${describe(given)}. Give other values by concreteArgs.`); // prettier-ignore
    }
    const twin = mapTensors(given, (t) => aliasWithGraph(twinOf(t)));
    return this.made(this.graph.placeholder(name), twin);
  }

  // ---- what is called ---------------------------------------------------------------------------

  call<R>(name: string, fn: (...args: never) => R, args: readonly unknown[]): R {
    const run = (given: readonly unknown[]): R => (fn as Callee as (...args: readonly unknown[]) => R)(...given);
    if (!this.isTraced(args)) return interceptedBy(null, () => run(args.map((arg) => this.traced(arg))));
    noteName(fn, name);
    return this.recorded(name, args, run, (given, kwargs) => this.graph.callFunction(fn, given, kwargs));
  }

  /** A function that is called back goes on being traced. */
  private traced(arg: unknown): unknown {
    if (typeof arg !== 'function' || arg instanceof Module) return arg;
    const callback = arg as (...args: readonly unknown[]) => unknown;
    return (...args: readonly unknown[]) => interceptedBy(this, () => callback(...args));
  }

  method(name: string, self: object, args: readonly unknown[], run: () => unknown): unknown {
    const all = [self, ...args];
    if (!this.isTraced(all)) return run();
    if (READS.has(name)) throw this.refusal(name);
    if (name === 'backward') {
      throw new TraceError(
        'backward',
        `gradients are not traced. Trace the forward pass, and call backward() on what the graph module gives.`,
      );
    }
    if (name === 'T' || name === 'mT') {
      return this.recorded(name, [self, name], ([x]) => Reflect.get(x as Tensor, name), (given) => this.graph.callFunction(getattr, given)); // prettier-ignore
    }
    const again = ([x, ...rest]: readonly unknown[]): unknown =>
      Reflect.apply(Reflect.get(x as Tensor, name) as Callee, x, rest) as unknown;
    return this.recorded(name, all, again, (given, kwargs) => this.graph.callMethod(name, given, kwargs));
  }

  module(module: object, inputs: readonly unknown[], run: () => unknown): unknown {
    const path = this.paths.get(module as Module);
    if (path === undefined) {
      if (!this.isTraced(inputs)) return run();
      throw new TraceError(
        'symbolicTrace',
        `a ${module.constructor.name} is called that is no member of what is traced. Make it a property of its module.`,
      );
    }
    if (!this.tracer.isLeafModule(module as Module, path)) return run();
    const call = (given: readonly unknown[]): unknown =>
      (module as Callee as (...args: readonly unknown[]) => unknown)(...given);
    return this.recorded(path, inputs, call, (given, kwargs) => this.graph.callModule(path, given, kwargs));
  }

  /** Runs a call as a whole and makes its node, if it gives tensors; else it has no place in the graph. */
  private recorded<R>(
    name: string,
    args: readonly unknown[],
    run: (args: readonly unknown[]) => R,
    record: (args: readonly Argument[], kwargs: Named) => Node,
  ): R {
    const given = args.map((arg) => mapTensors(arg, (t) => this.onMeta(t)));
    const result = interceptedBy(null, () => madeOn('meta', () => run(given)));
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw this.refusal(name);
    }
    if (!holdsTensor(result)) return result;
    const last = args[args.length - 1];
    const isNamed = args.length > 0 && isPlainObject(last) && Object.keys(last).length > 0 && !this.values.has(last);
    const positional = (isNamed ? args.slice(0, -1) : args).map((arg) => this.argumentOf(arg));
    const kwargs = isNamed ? (this.argumentOf(last) as Named) : {};
    return this.made(record(positional, kwargs), result) as R;
  }

  private refusal(name: string): TraceError {
    const [line = 'the traced code'] = callers();
    const error = new TraceError(
      name,
      `reads values, which there are none of while tracing, in ${line}. ` +
        `Compute with tensors (where, maskedFill), fix the value by concreteArgs, or keep the module whole by isLeafModule.`,
    );
    this.failure ??= error;
    return error;
  }

  // ---- tensors and their nodes ------------------------------------------------------------------

  private isTraced(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    if (this.values.has(value) || this.parts.has(value)) return true;
    if (value instanceof Tensor) return this.attributes.has(value);
    return itemsOf(value).some((item) => this.isTraced(item));
  }

  /** A tensor of the user's that is neither an input nor the module's stands in as one of its shape. */
  private onMeta(t: Tensor): Tensor {
    if (t.isMeta) return t;
    const twin = this.twins.get(t) ?? twinOf(t);
    this.twins.set(t, twin);
    return twin;
  }

  /** What `node` gives, known as such; another object where it is known as something else. */
  private made(node: Node, result: unknown): unknown {
    const [line] = callers();
    if (line !== undefined) node.meta.stack = line;
    const known = (t: Tensor): boolean => this.values.has(t) || this.attributes.has(t) || this.parts.has(t);
    const fresh = mapTensors(result, (t) => (known(t) ? aliasWithGraph(t) : t));
    if (fresh instanceof Tensor) Object.assign(node.meta, { shape: fresh.shape, dtype: fresh.dtype });
    this.values.set(fresh as object, node);
    this.noteParts(fresh);
    return fresh;
  }

  private noteParts(whole: unknown): void {
    if (whole instanceof Tensor || typeof whole !== 'object' || whole === null) return;
    const keys = Array.isArray(whole) ? whole.keys() : Object.keys(whole);
    for (const key of keys) {
      const part = Reflect.get(whole, key) as unknown;
      if (!holdsTensor(part)) continue;
      this.parts.set(part as object, { whole, key });
      this.noteParts(part);
    }
  }

  /** A value as an argument of a node. */
  private argumentOf(value: unknown): Argument {
    if (typeof value !== 'object' || value === null) return value as Argument;
    const node =
      this.values.get(value) ?? this.partOf(value) ?? (value instanceof Tensor ? this.attribute(value) : null);
    if (node !== null) return node;
    if (Array.isArray(value)) return value.map((item: unknown) => this.argumentOf(item));
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.argumentOf(item)]));
  }

  /** The node of an item of a list, or a property of an object: made where it is asked for first, right behind the whole. */
  private partOf(value: object): Node | null {
    const place = this.parts.get(value);
    if (place === undefined) return null;
    const { whole, key } = place;
    const from = this.values.get(whole) ?? this.partOf(whole);
    if (from === null) return null;
    let at = from;
    const isPart = (node: Node | null): node is Node =>
      (node?.fn === getitem || node?.fn === getattr) && node.args[0] === from && isBefore(node.args[1], key);
    while (isPart(at.next)) at = at.next;
    const node = this.graph.insertingAfter(at, () =>
      this.graph.callFunction(typeof key === 'number' ? getitem : getattr, [from, key]),
    );
    if (value instanceof Tensor) Object.assign(node.meta, { shape: value.shape, dtype: value.dtype });
    this.values.set(value, node);
    return node;
  }

  /** A parameter, a buffer, or a tensor from elsewhere, which becomes a constant of the graph. */
  private attribute(t: Tensor): Node {
    const known = this.attributes.get(t);
    const path = known ?? `_tensorConstant${this.constants.size}`;
    if (known === undefined) this.constants.set(path, t);
    const node = this.graph.getAttr(path);
    Object.assign(node.meta, { shape: t.shape, dtype: t.dtype });
    this.values.set(t, node);
    return node;
  }
}

/** Whether a part comes before another: items by their places, properties by name. */
const isBefore = (a: Argument, b: number | string): boolean =>
  (typeof a === 'number' || typeof a === 'string') && a < b;

/** What a list or plain object holds. */
const itemsOf = (value: object): unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : isPlainObject(value) ? Object.values(value) : [];

const holdsTensor = (value: unknown): boolean =>
  value instanceof Tensor || (typeof value === 'object' && value !== null && itemsOf(value).some(holdsTensor));

/** `value` with its tensors replaced; itself, if none is. */
function mapTensors(value: unknown, fn: (t: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return fn(value);
  if (typeof value !== 'object' || value === null) return value;
  const items = itemsOf(value);
  const mapped = items.map((item) => mapTensors(item, fn));
  if (items.every((item, i) => item === mapped[i])) return value;
  if (Array.isArray(value)) return mapped;
  return Object.fromEntries(Object.keys(value).map((key, i) => [key, mapped[i]]));
}
