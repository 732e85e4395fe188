// The graph that operations record, and the walk back through it. Gradient rules live with their ops; here is
// only what they share: saving, accumulation, un-broadcasting, checks, ownership of memory, views and in-place.
import type { DType } from './dtype';
import { AutogradError } from './errors';
import { owned, unscoped, type Storage } from './memory';
import { formatShape, isDense, sameShape, type Shape } from './shape';
import { Tensor, type GradFn, type GradHook, type RemovableHandle, type ViewLink } from './tensor';

// ---- grad mode --------------------------------------------------------------------------------

let gradEnabled = true;

/** Whether operations are being recorded. */
export const isGradEnabled = (): boolean => gradEnabled;

function withGradMode<T>(name: string, enabled: boolean, fn: () => T): T {
  const before = gradEnabled;
  gradEnabled = enabled;
  let result: T;
  try {
    result = fn();
  } finally {
    gradEnabled = before;
  }
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new AutogradError(
      `${name}: fn must be synchronous, got a function that returns a promise (the mode would end at its first await). ` +
        `Wrap the synchronous part: const y = ${name}(() => net(x)); await y.data().`,
    );
  }
  return result;
}

/** Runs `fn` without recording. @throws AutogradError if `fn` is async: wrap the synchronous part. @see torch.no_grad */
export const noGrad = <T>(fn: () => T): T => withGradMode('noGrad', false, fn);
/** Runs `fn` with recording, inside `noGrad`. @throws AutogradError if `fn` is async. @see torch.enable_grad */
export const enableGrad = <T>(fn: () => T): T => withGradMode('enableGrad', true, fn);

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
  }

  /** Gradients of the inputs from those of the outputs. */
  abstract backward(grads: Gradients, createGraph: boolean): Gradients;
  /** Lets go of what was saved. */
  release(): void {
    // Most nodes save nothing.
  }
}

/** The end of a path: adds what arrives to a leaf's `.grad`. Runs after all other nodes. */
class AccumulateGrad extends Node {
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
  t.autograd.node = node;
  t.autograd.outputIndex = index;
}

/** Puts a fresh handle where `edge` says: gradients that reach it go on there. */
function placed(t: Tensor, edge: Edge | null): Tensor {
  if (edge?.node instanceof AccumulateGrad) {
    t.requiresGrad_();
    t.autograd.accumulator = edge.node;
  } else if (edge !== null) {
    setHistory(t, edge.node, edge.index);
  }
  return t;
}

/** A tensor kept for the gradient rule: memory and version, and its place in the graph, but not the user's handle. */
export class SavedTensor {
  private readonly storage: Storage;
  private readonly version: number;
  private readonly edge: Edge | null;
  private readonly dtype: DType;
  private readonly shape: Shape;
  private readonly strides: readonly number[];
  private readonly offset: number;

  /** `output` is given for a result of the node itself, whose history is not set yet. */
  constructor(t: Tensor, output: Edge | null = null) {
    this.storage = t.storage;
    this.storage.retain();
    this.version = this.storage.version;
    this.edge = output ?? edgeOf(t);
    ({ dtype: this.dtype, shape: this.shape, strides: this.strides, offset: this.offset } = t);
  }

  /** A new handle. @throws AutogradError if the tensor was changed in place since it was saved. */
  unpack(op: string): Tensor {
    if (this.storage.version !== this.version) {
      throw new AutogradError(
        `${op}: a tensor of shape ${formatShape(this.shape)} needed for the gradient was changed in place after it was used ` +
          `(version ${this.storage.version}, expected ${this.version}). Use the out-of-place form, or clone() it first.`,
        { shape: this.shape },
      );
    }
    return placed(new Tensor(this.storage, this.dtype, this.shape, this.strides, this.offset), this.edge);
  }

  release(): void {
    this.storage.release();
  }
}

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
      view.autograd.node = again.autograd.node;
      view.autograd.outputIndex = again.autograd.outputIndex;
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

  override release(): void {
    this.inner.release();
  }
}

/** @throws AutogradError if `t` may not be changed in place while recording. */
export function checkInPlace(op: string, t: Tensor): void {
  if (!gradEnabled) return;
  const base = (t.viewLink as DifferentiableView | null)?.base ?? t;
  if (base.isLeaf && base.requiresGrad) {
    const what = base === t ? 'a leaf tensor' : 'a view of a leaf tensor';
    throw new AutogradError(
      `${op}: ${what} that requires gradients cannot be changed in place. Do it inside noGrad(() => ...).`,
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

// ---- the walk back ----------------------------------------------------------------------------

interface WalkOptions {
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
  /** Only these take a gradient, which is handed back instead of accumulated; null: all leaves accumulate. */
  readonly capture: readonly Edge[] | null;
  /** Leaves that accumulate; null for all. */
  readonly leaves: ReadonlySet<Node> | null;
}

/** Gradients waiting at a node, one per output, owned by the walk. */
type Pending = Map<Node, (Tensor | null)[]>;

function walk(roots: readonly Edge[], grads: readonly Tensor[], options: WalkOptions): (Tensor | null)[] {
  const { createGraph, capture } = options;
  const pending: Pending = new Map();
  const captured: (Tensor | null)[] = (capture ?? []).map(() => null);
  roots.forEach((root, i) => {
    addGradient(pending, root, grads[i]);
  });
  const order = reachable(roots);
  const targets = capture === null ? options.leaves : new Set(capture.map((edge) => edge.node));
  const useful = targets === null ? null : leadingTo(order, targets);
  try {
    for (const node of order) {
      const waiting = pending.get(node);
      if (waiting === undefined) continue;
      pending.delete(node);
      runHooks(node, waiting);
      capture?.forEach((edge, i) => {
        const grad = edge.node === node ? (waiting[edge.index] ?? null) : null;
        if (grad !== null) captured[i] = unscoped(() => aliasWithGraph(grad));
      });
      if (node instanceof AccumulateGrad) {
        const grad = waiting[0];
        if (grad === null) continue;
        if (capture === null && (options.leaves?.has(node) ?? true)) node.accumulate(grad, createGraph);
        else grad.release();
        continue;
      }
      if (useful === null || useful.has(node)) propagate(node, waiting, pending, createGraph, useful);
      for (const grad of waiting) grad?.release();
      if (!options.retainGraph) node.release();
    }
  } finally {
    for (const waiting of pending.values()) for (const grad of waiting) grad?.release();
  }
  return captured;
}

/** Runs one rule and passes its results on. */
function propagate(
  node: Node,
  grads: Gradients,
  pending: Pending,
  createGraph: boolean,
  useful: Set<Node> | null,
): void {
  const wanted = node.edges.map((edge) => edge !== null && (useful === null || useful.has(edge.node)));
  const results = owned(
    () =>
      withGradMode('backward', createGraph, () =>
        node.backward(grads, createGraph).map((grad, i) => (grad === null || !wanted[i] ? null : fit(node, i, grad))),
      ),
    aliasWithGraph,
  );
  results.forEach((grad, i) => {
    const edge = node.edges[i];
    if (grad === null) return;
    if (edge !== null) addGradient(pending, edge, grad);
  });
}

/** Sums broadcast dimensions away, converts the dtype, and checks that the gradient then looks like the input. */
function fit(node: Node, i: number, grad: Tensor): Tensor {
  const { shape, dtype } = node.inputs[i];
  let result = grad;
  if (!sameShape(result.shape, shape)) result = sumTo(node, result, shape);
  if (result.dtype !== dtype) result = result.to(dtype);
  return result;
}

function sumTo(node: Node, grad: Tensor, shape: Shape): Tensor {
  const lead = grad.ndim - shape.length;
  const dims = grad.shape.flatMap((size, d) => (d < lead || (shape[d - lead] === 1 && size !== 1) ? [d] : []));
  const summed = lead >= 0 && dims.length > 0 ? grad.sum(dims, true).reshape(shape) : grad;
  if (!sameShape(summed.shape, shape)) {
    throw new Error(
      `internal: gradient of ${node.name} has shape ${formatShape(grad.shape)}, its input ${formatShape(shape)}`,
    );
  }
  return summed;
}

/** Adds an owned gradient to what waits at the edge's node. */
function addGradient(pending: Pending, { node, index }: Edge, grad: Tensor): void {
  let waiting = pending.get(node);
  if (waiting === undefined) pending.set(node, (waiting = []));
  while (waiting.length <= index) waiting.push(null);
  const before = waiting[index];
  if (before === null) {
    waiting[index] = grad;
    return;
  }
  // Recorded if one of them is: with createGraph the sum is part of the new graph.
  const record = before.requiresGrad || grad.requiresGrad;
  [waiting[index]] = owned(() => [withGradMode('backward', record, () => before.add(grad))], aliasWithGraph);
  before.release();
  grad.release();
}

/** Nodes reachable from the roots, latest first: a node comes before all whose results it used. */
function reachable(roots: readonly Edge[]): Node[] {
  const seen = new Set<Node>();
  const stack = roots.map((root) => root.node);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const edge of node.edges) if (edge !== null && !seen.has(edge.node)) stack.push(edge.node);
  }
  return [...seen].sort((a, b) => b.id - a.id);
}

/** Those of `order` from which a target can be reached, the targets included. */
function leadingTo(order: readonly Node[], targets: ReadonlySet<Node>): Set<Node> {
  const useful = new Set<Node>(targets);
  for (let i = order.length - 1; i >= 0; i--) {
    if (order[i].edges.some((edge) => edge !== null && useful.has(edge.node))) useful.add(order[i]);
  }
  return useful;
}

/** Hooks get handles of their own, which they may keep. */
function runHooks(node: Node, grads: (Tensor | null)[]): void {
  const run = (hooks: Iterable<GradHook>, index: number): void => {
    for (const hook of hooks) {
      const grad = grads[index] ?? null;
      if (grad === null) return;
      const replaced = hook(unscoped(() => aliasWithGraph(grad)));
      if (replaced instanceof Tensor) {
        grads[index] = unscoped(() => aliasWithGraph(replaced));
        grad.release();
      }
    }
  };
  node.hooks?.forEach(run);
  if (node instanceof AccumulateGrad && node.leaf.autograd.hooks !== null) run(node.leaf.autograd.hooks, 0);
  node.retained?.forEach((t, index) => {
    const grad = grads[index] ?? null;
    if (grad === null) return;
    const before = t.ownGrad;
    t.replaceGrad(unscoped(() => (before === null ? aliasWithGraph(grad) : before.add(grad))));
  });
}

/** Another handle at the same place of the graph. */
export const aliasWithGraph = (t: Tensor): Tensor => placed(t.alias(), edgeOf(t));

// ---- public -----------------------------------------------------------------------------------

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep what the graph saved, for another pass. Default: createGraph. */
  retainGraph?: boolean;
  /** Record the backward pass itself, for second derivatives. */
  createGraph?: boolean;
  /** Leaves that get gradients; default all. */
  inputs?: readonly Tensor[];
}

/** The root's edge and an owned first gradient. @throws AutogradError */
function rootOf(op: string, t: Tensor, gradient: Tensor | null | undefined): [Edge, Tensor] {
  const edge = edgeOf(t);
  if (edge === null) {
    throw new AutogradError(
      `${op}: the tensor must be the result of recorded operations, got ${String(t)} without a graph. ` +
        `Does any input or parameter have requiresGrad, and is this outside noGrad?`,
    );
  }
  if (gradient === null || gradient === undefined) {
    if (t.numel() !== 1) {
      throw new AutogradError(
        `${op}: a gradient can be made implicitly only for one element, got shape ${formatShape(t.shape)}. ` +
          `Reduce it with sum() or mean(), or pass a gradient of that shape.`,
      );
    }
    return [edge, unscoped(() => noGrad(() => t.onesLike()))];
  }
  if (!sameShape(gradient.shape, t.shape)) {
    throw new AutogradError(
      `${op}: gradient must have shape ${formatShape(t.shape)}, got ${formatShape(gradient.shape)}.`,
    );
  }
  return [edge, unscoped(() => aliasWithGraph(gradient))];
}

/**
 * Accumulates the gradients of `t` with respect to the leaves of its graph in their `.grad`, then releases the graph.
 * @throws AutogradError if `t` has no graph, or has several elements and no `gradient` is given.
 * @see torch.Tensor.backward
 */
export function backward(t: Tensor, gradient?: Tensor | null, options: BackwardOptions = {}): void {
  const { createGraph = false, retainGraph = createGraph, inputs } = options;
  const [edge, first] = rootOf('backward', t, gradient);
  const leaves = inputs === undefined ? null : new Set<Node>(inputs.map((input) => targetEdge('backward', input).node));
  unscoped(() => walk([edge], [first], { createGraph, retainGraph, capture: null, leaves }));
}

function targetEdge(op: string, input: Tensor): Edge {
  const edge = edgeOf(input);
  if (edge === null)
    throw new AutogradError(`${op}: every input must require gradients, got ${String(input)} which does not.`);
  return edge;
}

/** Options of `grad`. */
export interface GradOptions {
  /** First gradients of the outputs; default ones for outputs of one element. */
  gradOutputs?: readonly (Tensor | null)[] | Tensor | null;
  retainGraph?: boolean;
  createGraph?: boolean;
  /** Give null for inputs that the outputs do not depend on, instead of throwing. */
  allowUnused?: boolean;
}

/**
 * Gradients of the sum of `outputs` with respect to `inputs`, without touching any `.grad`.
 * @throws AutogradError if an input is not part of the graph and `allowUnused` is not set.
 * @see torch.autograd.grad
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions & { allowUnused: true },
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
): Tensor[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const { createGraph = false, retainGraph = createGraph, allowUnused = false } = options;
  const outs = outputs instanceof Tensor ? [outputs] : outputs;
  const ins = inputs instanceof Tensor ? [inputs] : inputs;
  const firsts = options.gradOutputs instanceof Tensor ? [options.gradOutputs] : options.gradOutputs;
  const capture = ins.map((input) => targetEdge('grad', input));
  const roots = outs.map((out, i) => rootOf('grad', out, firsts?.[i]));
  const captured = unscoped(() =>
    walk(
      roots.map(([edge]) => edge),
      roots.map(([, first]) => first),
      { createGraph, retainGraph, capture, leaves: null },
    ),
  );
  const unused = captured.indexOf(null);
  if (unused >= 0 && !allowUnused) {
    throw new AutogradError(
      `grad: input ${unused} (${String(ins[unused])}) was not used to compute the outputs. Pass allowUnused to get null for it.`,
    );
  }
  return captured;
}

/** Calls `hook` with the gradient of `t` whenever it is computed; what it returns is used instead. @see torch.Tensor.register_hook */
export function registerHook(t: Tensor, hook: GradHook): RemovableHandle {
  if (!t.requiresGrad)
    throw new AutogradError('registerHook: the tensor must require gradients, got one that does not.');
  const node = t.gradFn as Node | null;
  let hooks: Set<GradHook>;
  if (node === null) hooks = t.autograd.hooks ??= new Set();
  else {
    node.hooks ??= new Map();
    hooks = node.hooks.get(t.autograd.outputIndex) ?? new Set();
    node.hooks.set(t.autograd.outputIndex, hooks);
  }
  hooks.add(hook);
  return { remove: () => void hooks.delete(hook) };
}

/** Makes `backward` keep the gradient of this non-leaf in its `.grad`. @see torch.Tensor.retain_grad */
export function retainGrad(t: Tensor): void {
  if (!t.requiresGrad) throw new AutogradError('retainGrad: the tensor must require gradients, got one that does not.');
  const node = t.gradFn as Node | null;
  if (node === null) return;
  (node.retained ??= new Map()).set(t.autograd.outputIndex, t);
  t.autograd.retainsGrad = true;
}
