// Operations of the user's own, with a gradient written by hand: torch.autograd.Function.
import {
  aliasWithGraph, edgeOf, isGradEnabled, Node, save, setHistory, withGradMode, type Gradients, type Saved,
} from '../core/graph'; // prettier-ignore
import { unscoped } from '../core/scope';
import { KindError, AutogradError, DeviceError, ShapeError } from '../base/errors';
import { formatShape } from '../base/shape';
import { checkGiven, checkReady } from '../core/given';
import { isFloat } from '../base/dtype';
import { zerosLike } from '../ops/shape/creation';
import { Tensor } from '../core/tensor';
import { TENSOR } from '../core/kinds';
import { FLAG } from '../base/kinds';
import { argument, checkKind, methodsTake, signature } from '../base/signature';

/**
 * What `forward` leaves for `backward`. Other values may be put on it as properties; `ctx: FunctionContext & { alpha: number }`
 * says what they are.
 */
export class FunctionContext {
  [key: string]: unknown;

  static {
    methodsTake(this, signature('setMaterializeGrads', [argument('value', FLAG)]));
  }

  /** Whether each argument needs a gradient. */
  readonly needsInputGrad: readonly boolean[];
  private toSave: readonly Tensor[] = [];
  private saved: readonly Saved[] | null = null;
  private outputs: readonly Tensor[] = [];
  private nonDifferentiable = new Set<Tensor>();
  private materialize = true;

  /** @internal */
  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
  }

  /** Keeps tensors for `backward`, which finds them in `savedTensors`. */
  saveForBackward(...tensors: Tensor[]): void {
    for (const t of tensors) checkKind('saveForBackward', 'each of what is saved', TENSOR, t);
    this.toSave = tensors;
  }

  /** The tensors given to `saveForBackward`. @throws AutogradError if the graph was released */
  get savedTensors(): Tensor[] {
    if (this.saved === null) {
      throw new AutogradError(
        'savedTensors',
        'what the graph saved is freed. Pass { retainGraph: true } to the first backward().',
      );
    }
    return this.saved.map((s) => s.unpack('Function'));
  }

  /** Says that no gradient flows into these results. */
  markNonDifferentiable(...results: Tensor[]): void {
    for (const t of results) checkKind('markNonDifferentiable', 'each result', TENSOR, t);
    this.nonDifferentiable = new Set(results);
  }

  /** With false, `backward` gets null for results that had no gradient, instead of zeros. */
  setMaterializeGrads(value: boolean): void {
    this.materialize = value;
  }

  /** @internal Called once the results exist. */
  settle(outputs: readonly Tensor[], node: Node): void {
    this.saved = this.toSave.map((t) => {
      const index = outputs.indexOf(t);
      return index < 0 ? save(t) : save(t, { node, index });
    });
    this.toSave = [];
    // Shapes only: zeros are made from them.
    this.outputs = outputs.map((t) => t.detach());
  }

  /** @internal */
  isDifferentiable(result: Tensor): boolean {
    return isFloat(result.dtype) && !this.nonDifferentiable.has(result);
  }

  /** @internal Gradients as `backward` gets them: handles that it may keep, as the walk frees its own. */
  filledIn(grads: Gradients): Gradients {
    return this.outputs.map((out, i) => {
      const grad = grads[i] ?? null;
      if (grad !== null) return aliasWithGraph(grad);
      return this.materialize ? zerosLike(out) : null;
    });
  }

  /** @internal */
  release(): void {
    for (const s of this.saved ?? []) s.release();
    if (this.saved !== null && this.saved.length > 0) this.saved = null;
  }
}

/** The static side of a Function. */
interface FunctionClass<A extends readonly unknown[], R extends Tensor | readonly Tensor[]> {
  readonly name: string;
  forward(ctx: FunctionContext, ...args: A): R;
  backward(ctx: FunctionContext, ...grads: (Tensor | null)[]): Tensor | null | readonly (Tensor | null)[];
}

class FunctionNode extends Node {
  /** By argument; null for those that are no tensors. */
  private readonly devices: readonly (Tensor['device'] | null)[];

  constructor(
    private readonly definition: FunctionClass<never, Tensor>,
    private readonly context: FunctionContext,
    args: readonly unknown[],
  ) {
    super(
      `${definition.name}Backward`,
      args.map((arg) => (arg instanceof Tensor ? edgeOf(arg) : null)),
      args.map((arg) =>
        arg instanceof Tensor ? { shape: arg.shape, dtype: arg.dtype } : { shape: [], dtype: 'float32' },
      ),
    );
    this.devices = args.map((arg) => (arg instanceof Tensor ? arg.device : null));
  }

  backward(grads: Gradients): Gradients {
    // What the user's code makes is not ours to free: it may keep any of it.
    const result = unscoped(() => this.definition.backward(this.context, ...this.context.filledIn(grads)));
    const who = `${this.definition.name}.backward`;
    checkReady(who, result);
    const list: readonly unknown[] = Array.isArray(result) ? result : [result];
    if (list.length !== this.edges.length) {
      throw new AutogradError(
        `${this.definition.name}.backward`,
        `must return a gradient (or null) for each of the ${this.edges.length} arguments of forward, got ${list.length}.`,
      );
    }
    return list.map((grad, i) => this.checked(who, grad, i));
  }

  /** A gradient of argument `i`, or null. It may be of another dtype, or of a shape that the argument broadcasts to. */
  private checked(who: string, grad: unknown, i: number): Tensor | null {
    if (grad === null || grad === undefined) return null;
    checkGiven(who, grad);
    const device = this.devices[i];
    if (device === null) {
      throw new AutogradError(
        who,
        `argument ${i} of forward is no tensor, so that its gradient must be null, got ${String(grad)}.`,
      );
    }
    const { shape } = this.inputs[i];
    const lead = grad.ndim - shape.length;
    if (lead < 0 || shape.some((size, d) => size !== 1 && size !== grad.shape[d + lead])) {
      throw new ShapeError(
        who,
        `the gradient of argument ${i} must have its shape ${formatShape(shape)}, got ${formatShape(grad.shape)}.`,
        { shapes: [shape, grad.shape] },
      );
    }
    if (grad.device !== device) {
      throw new DeviceError(who, `the gradient of argument ${i} must be on ${device}, got one on ${grad.device}.`, {
        devices: [device, grad.device],
      });
    }
    return grad;
  }

  override release(): void {
    this.context.release();
  }
}

/**
 * An operation with a gradient of its own. `forward` runs without recording; `backward` gets the gradients of the results
 * and returns one for each argument of `forward` (null for those that are no tensors). Written with ops, it is
 * differentiable again.
 * @example
 * class Cube extends Function {
 *   static forward(ctx: FunctionContext, x: Tensor) { ctx.saveForBackward(x); return x.pow(3); }
 *   static backward(ctx: FunctionContext, grad: Tensor) { const [x] = ctx.savedTensors; return grad.mul(x.pow(2)).mul(3); }
 * }
 * const y = Cube.apply(x);
 * @see torch.autograd.Function
 */
export abstract class Function {
  /** Runs `forward` and records the operation. */
  static apply<A extends readonly unknown[], R extends Tensor | readonly Tensor[]>(
    this: FunctionClass<A, R>,
    ...args: A
  ): R {
    // What PyTorch's documentation does, `const cube = Cube.apply`, loses the class.
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- its type says that it is there
    const owner: unknown = this;
    if (owner === undefined) throw new KindError('apply', 'call it on its class, as in (x) => Cube.apply(x).');
    const needs = args.map((arg) => arg instanceof Tensor && arg.requiresGrad);
    const context = new FunctionContext(needs);
    const who = `${this.name}.forward`;
    const raw = withGradMode(who, false, () => this.forward(context, ...args));
    const list: readonly Tensor[] = Array.isArray(raw) ? (raw as readonly Tensor[]) : [raw as Tensor];
    for (const t of list) checkGiven(who, t);
    if (!isGradEnabled() || !needs.includes(true)) return raw;
    const node = new FunctionNode(
      this as FunctionClass<readonly unknown[], R> as FunctionClass<never, Tensor>,
      context,
      args,
    );
    // An argument that is returned as it is gets a handle of its own, so that its history stays.
    const outputs = list.map((t) => (args.includes(t) ? t.detach() : t));
    outputs.forEach((t, i) => {
      if (context.isDifferentiable(list[i])) setHistory(t, node, i);
    });
    context.settle(outputs, node);
    return (raw instanceof Tensor ? outputs[0] : outputs) as R;
  }
}
