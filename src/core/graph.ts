// The graph that operations record: nodes and edges, what is saved for the gradients, views and in-place changes, and
// whether anything is recorded at all. backward.ts walks it.
import type { DType } from '../base/dtype';
import { AutogradError } from '../base/errors';
import { FLAG } from '../base/kinds';
import { observing } from '../base/observer';
import { argument, signature } from '../base/signature';
import {
  CALLBACK, checkDecorated, checkSynchronous, inMode, isDecorating, modeOf, Regions, type AnyFunction, type Mode,
} from './region'; // prettier-ignore
import { capture } from './capture';
import { unscoped } from './scope';
import type { Storage } from './storage';
import { formatShape, isDense, type Shape } from '../base/shape';
import { Tensor, type GradFn, type GradHook, type ViewLink } from './tensor';

// ---- grad mode --------------------------------------------------------------------------------

let gradEnabled = true;

/** Whether operations are being recorded. */
export function isGradEnabled(...args: readonly []): boolean {
  if (args.length > 0) NOTHING.values(args);
  return gradEnabled;
}
const NOTHING = signature('isGradEnabled', []);

/** Runs `fn` with recording on or off; `name` is who asked. */
export function withGradMode<T>(name: string, enabled: boolean, fn: () => T): T {
  const before = gradEnabled;
  gradEnabled = enabled;
  let result: T;
  try {
    result = fn();
  } finally {
    gradEnabled = before;
  }
  checkSynchronous(
    name,
    result,
    `Wrap the synchronous part, const y = ${name}(() => net(x)); await y.data(), ` +
      `or set the mode around all of it: setGradEnabled(${String(enabled)}); ...; setGradEnabled(${String(!enabled)}).`,
  );
  return result;
}

const gradMode = (name: string, enabled: boolean): Mode => modeOf(name, (fn) => withGradMode(name, enabled, fn));

/**
 * Runs `fn` without recording. A function that always runs so has it inside; a method may have `@noGrad` before it.
 * @throws AutogradError if `fn` is async: wrap the synchronous part, or use `setGradEnabled`
 * @example const y = noGrad(() => net(x));
 * @example const evaluate = (x) => noGrad(() => net(x));
 * @example class Net extends nn.Module { @noGrad predict(x) { return this(x).argmax(1); } }
 * @see torch.no_grad
 */
export const noGrad: Mode = gradMode('noGrad', false);
/** Runs `fn` with recording, inside `noGrad`. @throws AutogradError if `fn` is async. @see torch.enable_grad */
export const enableGrad: Mode = gradMode('enableGrad', true);
/** `noGrad` by another name: nothing more is saved by it here. @throws AutogradError if `fn` is async. @see torch.inference_mode */
export const inferenceMode: Mode = gradMode('inferenceMode', false);

const SET_GRAD_ENABLED = signature('setGradEnabled', [argument('mode', FLAG), argument('fn', CALLBACK, undefined)]);

/**
 * Says whether operations are recorded from now on; with `fn`, only while that runs. Without, the mode lasts across awaits
 * until it is set again, so that a loop that reads values can be evaluated as a whole. What it returns decorates a method or wraps
 * a function, which then runs in that mode; the mode itself is then what it was before.
 * @throws AutogradError if `fn` is async
 * @example setGradEnabled(false); for await (const [x, y] of loader) total += await loss(net(x), y).item(); setGradEnabled(true);
 * @example const y = setGradEnabled(isTraining, () => net(x));
 * @example class Net extends nn.Module { @setGradEnabled(false) predict(x) { return this(x).argmax(1); } }
 * @see torch.set_grad_enabled
 */
export function setGradEnabled(mode: boolean): GradDecorator;
export function setGradEnabled<T>(mode: boolean, fn: () => T): T;
export function setGradEnabled(...args: readonly unknown[]): unknown {
  const { mode, fn } = SET_GRAD_ENABLED.take(args);
  if (fn !== undefined) return withGradMode('setGradEnabled', mode, fn);
  const setting: Setting = { before: gradEnabled, earlier: latest, undone: null };
  latest = new WeakRef(setting);
  gradEnabled = mode;
  return (method: AnyFunction, ...rest: readonly unknown[]): AnyFunction => {
    const [context] = rest;
    if (!isDecorating(context)) SET_GRAD_ENABLED.as('the decorator setGradEnabled').values([mode, method, ...rest]);
    else checkDecorated('setGradEnabled', context);
    gradEnabled = undo(setting);
    return inMode((fn) => withGradMode('setGradEnabled', mode, fn), method);
  };
}

/** What `setGradEnabled` returns: a decorator of methods, and of functions, `const predict = setGradEnabled(false)((x) => net(x))`. */
type GradDecorator = <This, A extends readonly unknown[], R>(
  method: (this: This, ...args: A) => R,
  context?: ClassMethodDecoratorContext<This> | ClassGetterDecoratorContext<This> | ClassSetterDecoratorContext<This>,
) => (this: This, ...args: A) => R;

/** What a setting replaced. It is held by the decorator alone, which few keep. */
interface Setting {
  readonly before: boolean;
  readonly earlier: WeakRef<Setting> | null;
  undone: boolean | null;
}
let latest: WeakRef<Setting> | null = null;

/** The mode there was before a setting that turned out to be that of a decorator: a class makes all its decorators before it uses one. */
function undo(setting: Setting): boolean {
  if (latest?.deref() === setting) latest = null;
  return (setting.undone ??= setting.earlier?.deref()?.undone ?? setting.before);
}

// ---- graph ------------------------------------------------------------------------------------

/** A gradient by output or input; null stands for zeros. */
export type Gradients = readonly (Tensor | null)[];

/** Where a gradient flows to: an output of the node that made the input. */
export interface Edge {
  readonly node: Node;
  readonly index: number;
}

/** What the engine must know of a tensor to check and make its gradient. */
interface Like {
  readonly shape: Shape;
  readonly dtype: DType;
}

const likeOf = (t: Tensor): Like => ({ shape: t.shape, dtype: t.dtype });

let nodesMade = 0;

/** The id of the last node made: those of later ones are greater. */
export const lastNode = (): number => nodesMade;

/** A recorded operation. Ids grow in order of recording, so descending ids are a topological order. */
export abstract class Node implements GradFn {
  readonly id: number;
  /** Hooks on outputs, by output; they run on the whole gradient before the rule does. */
  hooks: Map<number, Set<GradHook>> | null = null;
  /** Outputs whose gradient is kept in `.grad`. */
  retained: Map<number, Tensor> | null = null;

  constructor(
    readonly name: string,
    /** One per input; null where no gradient flows. */
    readonly edges: readonly (Edge | null)[],
    /** One per input: what its gradient must look like. */
    readonly inputs: readonly Like[],
    id = ++nodesMade,
  ) {
    this.id = id;
    observing.current?.record(this);
  }

  /** Gradients of the inputs from those of the outputs. */
  abstract backward(grads: Gradients, createGraph: boolean): Gradients;
  /** Lets go of what was saved, if anything was. `isAwaited` says for which nodes a gradient waits in the walk that goes on. */
  release?(isAwaited: (node: Node) => boolean): void;
}

/** The end of a path: adds what arrives to a leaf's `.grad`. Runs after all other nodes. */
export class AccumulateGrad extends Node {
  constructor(readonly leaf: Tensor) {
    super('AccumulateGrad', [], [likeOf(leaf)], 0);
  }

  backward(): Gradients {
    throw new Error('internal: AccumulateGrad has no inputs');
  }

  /** Takes ownership of `grad`. */
  accumulate(grad: Tensor, createGraph: boolean): void {
    const { leaf } = this;
    const before = leaf.ownGrad;
    capture.current?.gradient(leaf);
    if (before === null) {
      const stealable = !createGraph && grad.storage.isExclusive && isDense(grad.shape, grad.strides);
      leaf.replaceGrad(stealable || createGraph ? grad : takeOver(grad, () => grad.clone()));
    } else if (createGraph) {
      leaf.grad = takeOver(grad, () => before.add(grad));
    } else {
      noGrad(() => before.add_(grad));
      grad.release();
    }
  }
}

/** Runs `fn`, then releases `grad`, which it used up. */
function takeOver(grad: Tensor, fn: () => Tensor): Tensor {
  const result = fn();
  grad.release();
  return result;
}

/** Where gradients of `t` flow to, or null if none do. */
export function edgeOf(t: Tensor): Edge | null {
  const node = t.gradFn as Node | null;
  if (node !== null) return { node, index: t.autograd.outputIndex };
  if (!t.requiresGrad) return null;
  return { node: accumulatorOf(t), index: 0 };
}

function accumulatorOf(leaf: Tensor): AccumulateGrad {
  return (leaf.autograd.accumulator ??= new AccumulateGrad(leaf)) as AccumulateGrad;
}

/** Makes `t` output `index` of `node`. */
export function setHistory(t: Tensor, node: Node, index = 0): void {
  if (t.autograd.retainsGrad) moveRetained(t, node, index);
  t.autograd.node = node;
  t.autograd.outputIndex = index;
}

/** A tensor that keeps its gradient does so where it is now; hooks stay where they were put. */
function moveRetained(t: Tensor, node: Node, index: number): void {
  (t.autograd.node as Node | null)?.retained?.delete(t.autograd.outputIndex);
  (node.retained ??= new Map()).set(index, t);
}

/** Takes a tensor that is no view out of the graph: it becomes a leaf that needs no gradient. */
export function leaveGraph(t: Tensor): void {
  const meta = t.autograd;
  (meta.node as Node | null)?.retained?.delete(meta.outputIndex);
  Object.assign(meta, { node: null, outputIndex: 0, accumulator: null, retainsGrad: false });
  t.requiresGrad_(false);
}

/** Puts a fresh handle where `edge` says: gradients that reach it go on there. */
export function placed(t: Tensor, edge: Edge | null): Tensor {
  if (edge?.node instanceof AccumulateGrad) {
    t.requiresGrad_();
    t.autograd.accumulator = edge.node;
  } else if (edge !== null) {
    setHistory(t, edge.node, edge.index);
  }
  return t;
}

/** What a graph keeps of a tensor for its gradient rule. */
export interface Saved {
  /** A new handle at its place in the graph; `op` is who asks. */
  unpack(op: string): Tensor;
  /** Lets go of it. */
  release(): void;
}

/** Says what is kept of a tensor that a graph saves, whose gradients flow to `edge`; null: its memory, as ever. */
export type SavingHook = (t: Tensor, edge: Edge | null) => Saved | null;

/** Who says so now: hooks of users, checkpoints. */
export const saving = new Regions<SavingHook | null>(null);

/** Keeps `t` for a graph. Its `edge` is given where its history is not set yet, as for a result of the node itself. */
export const save = (t: Tensor, edge: Edge | null = edgeOf(t)): Saved =>
  saving.top?.(t, edge) ?? new SavedTensor(t, edge);

/** A tensor kept for the gradient rule: memory and version, and its place in the graph, but not the user's handle. */
export class SavedTensor implements Saved {
  private readonly storage: Storage;
  private readonly version: number;
  private readonly dtype: DType;
  private readonly shape: Shape;
  private readonly strides: readonly number[];
  private readonly offset: number;

  constructor(
    t: Tensor,
    private readonly edge: Edge | null,
  ) {
    this.storage = t.storage;
    this.storage.save();
    this.version = this.storage.version;
    ({ dtype: this.dtype, shape: this.shape, strides: this.strides, offset: this.offset } = t);
  }

  /** A new handle. @throws AutogradError if the tensor was changed in place since it was saved. */
  unpack(op: string): Tensor {
    if (this.storage.version !== this.version) {
      throw new AutogradError(
        op,
        `a tensor of shape ${formatShape(this.shape)} needed for the gradient was changed in place after it was used ` +
          `(version ${this.storage.version}, expected ${this.version}). Use the out-of-place form, or clone() it first.`,
        { shape: this.shape },
      );
    }
    return placed(new Tensor(this.storage, this.dtype, this.shape, this.strides, this.offset), this.edge);
  }

  release(): void {
    this.storage.unsave();
  }
}

/** Another handle at the same place of the graph. */
export const aliasWithGraph = (t: Tensor): Tensor => placed(t.alias(), edgeOf(t));

// ---- views and in-place -----------------------------------------------------------------------

/** Shows a tensor of the base's shape as the view. */
type ViewFn = (base: Tensor) => Tensor;

/** State shared by a base and its views: who to rewrite when one of them is changed in place. */
class DifferentiableView implements ViewLink {
  private seen: number;

  constructor(
    readonly base: Tensor,
    readonly viewFn: ViewFn,
  ) {
    this.seen = changes(base);
  }

  current(view: Tensor): GradFn | null {
    const now = changes(this.base);
    if (this.seen !== now) {
      this.seen = now;
      const again = unscoped(() => enableGrad(() => this.viewFn(liveBase(this.base))));
      const node = again.gradFn as Node | null;
      if (node !== null) setHistory(view, node, again.autograd.outputIndex);
      again.release();
    }
    return view.autograd.node;
  }
}

/** How often the history of a base was rewritten. */
const rewrites = new WeakMap<Tensor, number>();
const changes = (base: Tensor): number => rewrites.get(base) ?? 0;

/** The base as views see it: its handle may have been freed by a scope, but a view still holds the memory. */
const liveBase = (base: Tensor): Tensor => (base.isFreed ? unscoped(() => aliasWithGraph(base)) : base);

/** Records that `view` shows `x` through `viewFn`. */
export function linkView(view: Tensor, x: Tensor, viewFn: ViewFn): void {
  const link = x.viewLink as DifferentiableView | null;
  view.autograd.link =
    link === null
      ? new DifferentiableView(x, viewFn)
      : new DifferentiableView(link.base, (base) => viewFn(link.viewFn(base)));
}

/** An in-place change of a view, as a change of its base: the rest of the base passes through. */
class CopySlices extends Node {
  constructor(
    base: Tensor,
    private readonly viewFn: ViewFn,
    private readonly inner: Node,
  ) {
    super('CopySlices', [edgeOf(base), ...inner.edges.slice(1)], [likeOf(base), ...inner.inputs.slice(1)]);
  }

  backward([grad]: Gradients, createGraph: boolean): Gradients {
    if (grad === null) return this.edges.map(() => null);
    const whole = grad.clone();
    const slice = this.viewFn(whole);
    const [self, ...others] = this.inner.backward([slice.clone()], createGraph);
    if (self === null) slice.zero_();
    else slice.copy_(self);
    return [whole, ...others];
  }

  override release(isAwaited: (node: Node) => boolean): void {
    // A derivative that was computed from the result leads there by a way of its own.
    if (!isAwaited(this.inner)) this.inner.release?.(isAwaited);
  }
}

/** @throws AutogradError if `t` may not be changed in place while recording. */
export function checkInPlace(op: string, t: Tensor): void {
  if (!gradEnabled) return;
  // A leaf may be a view itself, of memory that asks for no gradient.
  const base = (t.viewLink as DifferentiableView | null)?.base ?? t;
  if ((t.requiresGrad || base.requiresGrad) && (t.isLeaf || base.isLeaf)) {
    const what = t.isLeaf ? 'a leaf tensor' : 'a view of a leaf tensor';
    throw new AutogradError(
      op,
      `${what} that requires gradients cannot be changed in place. Do it inside noGrad(() => ...).`,
    );
  }
}

/** Makes `node`, whose input 0 was `t`, the history of `t` after it was changed in place. */
export function rewriteHistory(t: Tensor, node: Node): void {
  const link = t.viewLink as DifferentiableView | null;
  const base = link?.base ?? t;
  if (link === null) setHistory(t, node);
  else setHistory(base, new CopySlices(liveBase(base), link.viewFn, node));
  rewrites.set(base, changes(base) + 1);
}
