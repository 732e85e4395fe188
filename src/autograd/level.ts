// One differentiation of a function, which may run inside another: inputs of its own, and results without traces of them.
// `func` and `autograd.functional` are written with it.
import { enableGrad, grad, isGradEnabled } from '../core/backward';
import { AccumulateGrad, edgeOf, type Node } from '../core/graph';
import { formatShape, sameShape } from '../base/shape';
import { DTypeError, KindError, ShapeError } from '../base/errors';
import { isFloat } from '../base/dtype';
import { zeros, zerosLike } from '../ops/shape/creation';
import { reshape, select, wholeView } from '../ops/shape/view';
import { stack } from '../ops/shape/cat';
import type { Tensor } from '../core/tensor';

/** Whose the ends of graphs are that users have not made. */
const levels = new WeakMap<Node, Level>();

/** A differentiation with respect to some tensors. */
export class Level {
  /** What the function is to be called with: tensors that gradients can be asked for. */
  readonly inputs: readonly Tensor[];
  private isRunning = false;

  /**
   * `isRecorded` says whether what is outside may ask for gradients of the results.
   * @throws DTypeError unless all are floating-point
   */
  constructor(
    private readonly op: string,
    private readonly given: readonly Tensor[],
    private readonly isRecorded = isGradEnabled(),
  ) {
    for (const { dtype } of given) {
      if (!isFloat(dtype)) {
        throw new DTypeError(op, `only floating-point tensors have derivatives, got ${dtype}.`, { dtype });
      }
    }
    // Where an outer differentiation looks for the same tensor the new one is a step of its graph, else a leaf.
    this.inputs = given.map((t) => (isRecorded && t.requiresGrad ? this.run(() => wholeView(t)) : this.leaf(t)));
  }

  /** Runs `fn`, recording. */
  run<T>(fn: () => T): T {
    const before = this.isRunning;
    this.isRunning = true;
    try {
      return enableGrad(fn);
    } finally {
      this.isRunning = before;
    }
  }

  /** A tensor of the same values at which a graph of this level ends. */
  private leaf(t: Tensor): Tensor {
    const leaf = t.detach().requiresGrad_();
    const node = nodeOf(leaf);
    if (node !== null) levels.set(node, this);
    return leaf;
  }

  /** Whether `t` depends on what somebody outside asks for gradients of. */
  private concernsOthers(t: Tensor): boolean {
    if (!this.isRecorded) return false;
    const first = nodeOf(t);
    if (first === null) return false;
    const seen = new Set<Node>([first]);
    // A set is walked through what is added to it, too.
    for (const node of seen) {
      if (node instanceof AccumulateGrad) {
        // What levels inside this one have left in the graph concerns nobody any more.
        const level = levels.get(node);
        if (level === undefined || (level !== this && level.isRunning)) return true;
      }
      for (const edge of node.edges) if (edge !== null) seen.add(edge.node);
    }
    return false;
  }

  /** A result as it is outside: with the graph of who is there, or without any. */
  settled(t: Tensor): Tensor {
    return t.requiresGrad && !this.concernsOthers(t) ? t.detach() : t;
  }

  /**
   * The gradients of `outputs` weighted with `weights`, with respect to the inputs; zeros where nothing depends on one.
   * `again` if there is to be another call.
   */
  gradients(outputs: readonly Tensor[], weights: readonly Tensor[], { again = false, create = false } = {}): Tensor[] {
    return this.maybeGradients(outputs, weights, { again, create }).map((g, i) => g ?? zerosLike(this.given[i]));
  }

  /** The same, with null for zeros. */
  maybeGradients(
    outputs: readonly Tensor[],
    weights: readonly Tensor[],
    { again = false, create = false } = {},
  ): (Tensor | null)[] {
    const createGraph = create || [...outputs, ...weights].some((t) => this.concernsOthers(t));
    return gradientsOf(outputs, weights, this.inputs, { createGraph, retainGraph: again || createGraph });
  }

  /** Rows of the Jacobian of one output, stacked: [...output, ...input] for each input; null where nothing depends on one. */
  jacobian(output: Tensor, { create = false } = {}): (Tensor | null)[] {
    const rows = Array.from({ length: output.numel() }, (_, i) =>
      this.maybeGradients([output], [basis(output, i)], { again: true, create }),
    );
    return this.given.map((input, k) => {
      if (rows.every((row) => row[k] === null)) return null;
      return reshape(stack(rows.map((row) => row[k] ?? zerosLike(input))), [...output.shape, ...input.shape]);
    });
  }

  /** The Jacobian of an output that does not depend on input `k`. */
  zeroJacobian({ shape }: Tensor, k: number): Tensor {
    const { dtype, device, shape: inner } = this.given[k];
    return zeros([...shape, ...inner], { dtype, device });
  }

  /**
   * The map from tangents of the inputs to those of the outputs. Reverse mode gives it in two steps: with g(u) the gradients of
   * the outputs weighted with u, which are linear in u, the tangents are the gradients of g weighted with those of the inputs.
   */
  pushforward(outputs: readonly Tensor[]): (tangents: readonly Tensor[]) => (Tensor | null)[] {
    const weights = this.run(() => outputs.map((t) => this.leaf(zerosLike(t))));
    const pulled = this.run(() => gradientsOf(outputs, weights, this.inputs, { createGraph: true, retainGraph: true }));
    return (tangents) => {
      const used = pulled.flatMap((g, i) => (g !== null && g.requiresGrad ? [{ g, tangent: tangents[i] }] : []));
      if (used.length === 0) return outputs.map(() => null);
      const [gs, ts] = [used.map(({ g }) => g), used.map(({ tangent }) => tangent)];
      const createGraph = this.isRecorded && [...outputs, ...tangents].some((t) => this.concernsOthers(t));
      return this.run(() => gradientsOf(gs, ts, weights, { createGraph, retainGraph: true })).map((t) =>
        t === null ? null : createGraph ? t : t.detach(),
      );
    };
  }

  /** Columns of the Jacobian: for each output and each input, [...output, ...input]. */
  jacobianByColumns(outputs: readonly Tensor[]): Tensor[][] {
    const push = this.pushforward(outputs);
    const columns = this.given.map((input, k) =>
      Array.from({ length: input.numel() }, (_, i) =>
        push(this.given.map((other, j) => (j === k ? basis(input, i) : zerosLike(other)))),
      ),
    );
    return outputs.map((output, o) =>
      this.given.map((input, k) => {
        if (columns[k].length === 0) return this.zeroJacobian(output, k);
        const stacked = stack(
          columns[k].map((column) => column[o] ?? zerosLike(output)),
          output.ndim,
        );
        return reshape(stacked, [...output.shape, ...input.shape]);
      }),
    );
  }

  /** @throws ShapeError, DTypeError unless the vectors are as the tensors they belong to */
  checkLike(what: string, vectors: readonly Tensor[], tensors: readonly Tensor[]): void {
    const { op } = this;
    if (vectors.length !== tensors.length) {
      throw new KindError(op, `there must be one of ${what} for each of ${tensors.length}, got ${vectors.length}.`);
    }
    vectors.forEach(({ shape, dtype }, i) => {
      const t = tensors[i];
      if (!sameShape(shape, t.shape)) {
        throw new ShapeError(op, `${what} must have the shape ${formatShape(t.shape)}, got ${formatShape(shape)}.`, {
          shapes: [t.shape, shape],
        });
      }
      if (dtype !== t.dtype) {
        throw new DTypeError(op, `${what} must have the dtype ${t.dtype}, got ${dtype}.`, {
          dtypes: [t.dtype, dtype],
        });
      }
    });
  }
}

function gradientsOf(
  outputs: readonly Tensor[],
  weights: readonly Tensor[],
  inputs: readonly Tensor[],
  options: { createGraph: boolean; retainGraph: boolean },
): (Tensor | null)[] {
  const recorded = outputs.flatMap((t, i) => (t.requiresGrad ? [i] : []));
  if (recorded.length === 0 || inputs.length === 0) return inputs.map(() => null);
  const gradOutputs = recorded.map((i) => weights[i]);
  return grad(recorded.map((i) => outputs[i]), [...inputs], { ...options, gradOutputs, allowUnused: true }); // prettier-ignore
}

/** 1 at one place, else 0. */
function basis(like: Tensor, flat: number): Tensor {
  const vector = zeros([like.numel()], { dtype: like.dtype, device: like.device });
  select(vector, 0, flat).fill_(1);
  return reshape(vector, like.shape);
}

const nodeOf = (t: Tensor): Node | null => edgeOf(t)?.node ?? null;
