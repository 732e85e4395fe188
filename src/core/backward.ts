// The walk back through the graph. Gradient rules live with their ops; here is only what they share: accumulation,
// un-broadcasting, checks, ownership of memory, hooks.
import type { Arguments } from '../base/arguments';
import { either, FLAG, FUNCTION, kind, listOf as listKind, oneOrMore } from '../base/kinds';
import { argument, signature, taking } from '../base/signature';
import { INPUT, TENSOR } from './kinds';
import { KindError, AutogradError } from '../base/errors';
import { observing } from '../base/observer';
import {
  AccumulateGrad,
  aliasWithGraph,
  edgeOf,
  noGrad,
  withGradMode,
  type Edge,
  type Gradients,
  type Node,
} from './graph';
import { capture as capturing } from './capture';
import { noteWalk } from './taskRecord';
import { owned, unscoped } from './scope';
import { formatShape, sameShape, type Shape } from '../base/shape';
import { checkReady, checkStandIn } from './given';
import { checkTensor, type Tensor, type GradHook, type RemovableHandle } from './tensor';

export { aliasWithGraph, enableGrad, inferenceMode, isGradEnabled, noGrad, setGradEnabled } from './graph';
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
      const observer = observing.current;
      capturing.current?.walked(node, options.retainGraph);
      // Nor do hooks run where nothing that is asked for can be reached: nothing is kept in `.grad` there.
      if (useful === null || useful.has(node)) runHooks(node, waiting);
      capture?.forEach((edge, i) => {
        const grad = edge.node === node ? (waiting[edge.index] ?? null) : null;
        if (grad !== null) captured[i] = unscoped(() => aliasWithGraph(grad));
      });
      if (node instanceof AccumulateGrad) {
        const grad = waiting[0];
        if (grad === null) continue;
        if (capture !== null || !(options.leaves?.has(node) ?? true)) grad.release();
        else if (observer === null) node.accumulate(grad, createGraph);
        else observer.span('backward', node.name, node, () => node.accumulate(grad, createGraph));
        continue;
      }
      if (useful === null || useful.has(node)) {
        if (observer === null) propagate(node, waiting, pending, createGraph, useful);
        else {
          observer.span('backward', node.name, node, () => propagate(node, waiting, pending, createGraph, useful));
        }
      }
      for (const grad of waiting) grad?.release();
      if (!options.retainGraph) node.release?.((other) => pending.has(other));
    }
  } finally {
    for (const waiting of pending.values()) for (const grad of waiting) grad?.release();
    noteWalk();
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
      withGradMode('backward', createGraph, () => {
        const given = node
          .backward(grads, createGraph)
          .map((grad, i) => (grad === null || !wanted[i] ? null : fit(node, i, grad)));
        return observing.current?.gradients(node, given) ?? given;
      }),
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

const HOOK = 'a hook of a tensor';

/** Hooks get handles of their own, which they may keep; what they give back instead has to fit. */
function runHooks(node: Node, grads: (Tensor | null)[]): void {
  const run = (hooks: Iterable<GradHook>, index: number): void => {
    for (const hook of hooks) {
      const grad = grads[index] ?? null;
      if (grad === null) return;
      const replaced = hook(unscoped(() => aliasWithGraph(grad)));
      checkReady(HOOK, replaced);
      if (replaced !== undefined && replaced !== null) {
        checkStandIn(HOOK, replaced, grad);
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

// ---- public -----------------------------------------------------------------------------------

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep what the graph saved, for another pass. Default: createGraph. */
  retainGraph?: boolean;
  /** Record the backward pass itself, for second derivatives. */
  createGraph?: boolean;
  /** Leaves that get gradients; default all. */
  inputs?: readonly Tensor[] | Tensor;
}

/** The root's edge and an owned first gradient. @throws AutogradError */
function rootOf(op: string, t: Tensor, gradient: Tensor | null | undefined): [Edge, Tensor] {
  const edge = edgeOf(t);
  if (edge === null) {
    throw new AutogradError(
      op,
      `the tensor must be the result of recorded operations, got ${String(t)} without a graph. ` +
        `Does any input or parameter have requiresGrad, and is this outside noGrad?`,
    );
  }
  if (gradient === null || gradient === undefined) {
    if (t.numel() !== 1) {
      throw new AutogradError(
        op,
        `a gradient can be made implicitly only for one element, got shape ${formatShape(t.shape)}. ` +
          `Reduce it with sum() or mean(), or pass a gradient of that shape.`,
      );
    }
    return [edge, unscoped(() => noGrad(() => t.onesLike()))];
  }
  checkTensor(op, gradient);
  if (!sameShape(gradient.shape, t.shape)) {
    throw new AutogradError(
      op,
      `gradient must have shape ${formatShape(t.shape)}, got ${formatShape(gradient.shape)}.`,
    );
  }
  return [edge, unscoped(() => aliasWithGraph(gradient))];
}

/** First gradients of the tensors; default ones for tensors of one element. */
type FirstGradients = readonly (Tensor | null)[] | Tensor | null;

const TENSOR_OR_TENSORS = oneOrMore(TENSOR);
const FIRSTS = either(
  TENSOR,
  listKind(kind<Tensor | null>('a tensor or null', (value) => value === null || TENSOR.accepts(value))),
);
/** None stands for what PyTorch does by itself. */
const OPTIONAL_FLAG = [FLAG, null] as const;
const BACKWARD = signature('backward', [
  argument('tensors', TENSOR_OR_TENSORS), argument('gradient', FIRSTS, null), argument('retainGraph', ...OPTIONAL_FLAG),
  argument('createGraph', FLAG, false), argument('inputs', TENSOR_OR_TENSORS, null), argument('gradTensors', FIRSTS, null),
]); // prettier-ignore

/** The gradient to start from, then options; any tail by name. */
export type BackwardArguments = Arguments<
  [],
  [
    gradient?: FirstGradients,
    retainGraph?: boolean,
    createGraph?: boolean,
    inputs?: readonly Tensor[] | Tensor,
    gradTensors?: FirstGradients,
  ],
  AllBackwardOptions
>;

/** All arguments of `backward` by name. */
export interface AllBackwardOptions extends BackwardOptions {
  gradient?: FirstGradients;
  /** What torch.autograd.backward calls `gradient`. */
  gradTensors?: FirstGradients;
}

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value]) as readonly T[];

/**
 * Accumulates the gradients of `t`, or of several tensors, with respect to the leaves of its graph in their `.grad`, then
 * releases the graph.
 * @throws AutogradError if `t` has no graph, or has several elements and no `gradient` is given.
 * @see torch.Tensor.backward, torch.autograd.backward
 */
export function backward(t: Tensor | readonly Tensor[], ...args: BackwardArguments): void {
  const { tensors, gradTensors, gradient, createGraph, retainGraph, inputs } = BACKWARD.take([t, ...args]);
  const firsts = listOf(gradient ?? gradTensors);
  const ends = listOf(tensors);
  if (gradient !== null && gradTensors !== null) throw new KindError('backward', "'gradient' is given twice.");
  if (firsts.length > ends.length) {
    throw new KindError(
      'backward',
      `there must be one gradient for each of ${ends.length} tensors, got ${firsts.length}.`,
    );
  }
  const roots = ends.map((root, i) => rootOf('backward', root, firsts[i]));
  const leaves = inputs === null ? null : new Set<Node>(listOf(inputs).map((leaf) => targetEdge('backward', leaf).node)); // prettier-ignore
  walkFrom(roots, { createGraph, retainGraph: retainGraph ?? createGraph, capture: null, leaves });
  ends[0].home.mark();
}

function walkFrom(roots: readonly [Edge, Tensor][], options: WalkOptions): (Tensor | null)[] {
  const go = (): (Tensor | null)[] =>
    unscoped(() => walk(roots.map(([edge]) => edge), roots.map(([, first]) => first), options)); // prettier-ignore
  return observing.current === null ? go() : observing.current.span('walk', 'backward', null, go);
}

function targetEdge(op: string, input: Tensor): Edge {
  const edge = edgeOf(input);
  if (edge === null)
    throw new AutogradError(op, `every input must require gradients, got ${String(input)} which does not.`);
  return edge;
}

/** Options of `grad`. */
export interface GradOptions {
  /** First gradients of the outputs; default ones for outputs of one element. */
  gradOutputs?: FirstGradients;
  retainGraph?: boolean;
  createGraph?: boolean;
  /** Has no effect, as in PyTorch. */
  onlyInputs?: boolean;
  /** Give null for inputs that the outputs do not depend on, instead of throwing. */
  allowUnused?: boolean;
}

/** All arguments of `grad` by name. */
export interface AllGradOptions extends GradOptions {
  outputs: Tensor | readonly Tensor[];
  inputs: Tensor | readonly Tensor[];
}
const GRAD = signature('grad', [
  argument('outputs', TENSOR_OR_TENSORS), argument('inputs', TENSOR_OR_TENSORS), argument('gradOutputs', FIRSTS, null),
  argument('retainGraph', ...OPTIONAL_FLAG), argument('createGraph', FLAG, false), argument('onlyInputs', FLAG, true),
  argument('allowUnused', FLAG, false),
]); // prettier-ignore

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
  ...args: Arguments<
    [outputs: Tensor | readonly Tensor[], inputs: Tensor | readonly Tensor[]],
    [
      gradOutputs?: FirstGradients,
      retainGraph?: boolean,
      createGraph?: boolean,
      onlyInputs?: boolean,
      allowUnused?: boolean,
    ],
    AllGradOptions,
    [outputs: Tensor | readonly Tensor[], options: Omit<AllGradOptions, 'outputs'>]
  >
): Tensor[];
export function grad(...args: unknown[]): (Tensor | null)[] {
  const given = GRAD.take(args);
  const { outputs, inputs, gradOutputs, createGraph, allowUnused } = given;
  const retainGraph = given.retainGraph ?? createGraph;
  const ins = listOf(inputs);
  if (ins.length === 0) throw new AutogradError('grad', 'there must be inputs to take gradients of, got none.');
  const firsts = listOf(gradOutputs);
  if (firsts.length > listOf(outputs).length) {
    throw new KindError(
      'grad',
      `there must be one of gradOutputs for each of ${listOf(outputs).length} outputs, got ${firsts.length}.`,
    );
  }
  const capture = ins.map((input) => targetEdge('grad', input));
  const roots = listOf(outputs).map((out, i) => rootOf('grad', out, firsts[i]));
  const captured = walkFrom(roots, { createGraph, retainGraph, capture, leaves: null });
  const unused = captured.indexOf(null);
  if (unused >= 0 && !allowUnused) {
    throw new AutogradError(
      'grad',
      `input ${unused} (${String(ins[unused])}) was not used to compute the outputs. Pass allowUnused to get null for it.`,
    );
  }
  return captured;
}

const REGISTER_HOOK = signature('registerHook', [INPUT, argument('hook', FUNCTION)]);

/** Calls `hook` with the gradient of `t` whenever it is computed; what it returns is used instead. @see torch.Tensor.register_hook */
export const registerHook: (
  t: Tensor,
  ...args: Arguments<[hook: GradHook], [], { hook: GradHook }>
) => RemovableHandle = taking(REGISTER_HOOK, (t, hook) => {
  if (!t.requiresGrad)
    throw new AutogradError('registerHook', 'the tensor must require gradients, got one that does not.');
  const node = t.gradFn as Node | null;
  let hooks: Set<GradHook>;
  if (node === null) hooks = t.autograd.hooks ??= new Set();
  else {
    node.hooks ??= new Map();
    hooks = node.hooks.get(t.autograd.outputIndex) ?? new Set();
    node.hooks.set(t.autograd.outputIndex, hooks);
  }
  hooks.add(hook as GradHook);
  return { remove: () => void hooks.delete(hook as GradHook) };
});

/** Makes `backward` keep the gradient of this non-leaf in its `.grad`. @see torch.Tensor.retain_grad */
export const retainGrad: (t: Tensor) => void = taking(signature('retainGrad', [INPUT]), (t) => {
  if (!t.requiresGrad)
    throw new AutogradError('retainGrad', 'the tensor must require gradients, got one that does not.');
  const node = t.gradFn as Node | null;
  if (node === null) return;
  (node.retained ??= new Map()).set(t.autograd.outputIndex, t);
  t.autograd.retainsGrad = true;
});
