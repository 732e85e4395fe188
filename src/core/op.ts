// The one path that every operation takes: check, allocate, queue the kernel, record the gradient.
import {
  checkInPlace,
  edgeOf,
  isGradEnabled,
  linkView,
  Node,
  noGrad,
  rewriteHistory,
  save,
  setHistory,
  type Gradients,
  type Saved,
} from './graph';
import type { Device } from '../device/contract';
import { isFloat, itemSize, type DType } from '../base/dtype';
import { KindError, AutogradError, DTypeError, DeviceError, ShapeError } from '../base/errors';
import { observing } from '../base/observer';
import { capture } from './capture';
import { noteOperands } from './inUse';
import { Storage } from './storage';
import { denseStrides, formatShape, numelOf, sameShape, type Shape } from '../base/shape';
import { checkTensor, Tensor } from './tensor';

/** What an op takes: tensors, or null for an optional one that is absent. */
export type Inputs = readonly (Tensor | null)[];

/** What a result looks like. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What a gradient rule may use. */
export interface GradientContext<I extends Inputs, P> {
  /** Those inputs that `saves` names; reading another is a mistake in the record. */
  readonly inputs: I;
  /** The first result, if `saves` names it. */
  readonly output: Tensor;
  /** Results, as `saves` names them. */
  readonly outputs: readonly Tensor[];
  readonly params: P;
  /** Shapes of all inputs ([] for null), saved or not. */
  readonly shapes: readonly Shape[];
  /** Which inputs need a gradient. */
  readonly needs: readonly boolean[];
}

/** One thunk per input, null where there is no gradient: what nobody needs is never computed. */
export type GradientThunks = readonly ((() => Tensor | null) | null)[];

/** What a node keeps for its gradient rule. */
export interface Saves {
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
}

/** An operation: shape rule, forward and gradient in one place. */
export interface OpRecord<I extends Inputs, P> {
  readonly name: string;
  /** Result shape and dtype, from inputs and parameters. Does all checking that needs no data. @throws ShapeError and others */
  shape(inputs: I, params: P): Spec | readonly Spec[];
  /** Where the results are made, if not where the inputs are. */
  home?(params: P): Device;
  /** Queues the kernels that fill `outs`. */
  forward(device: Device, inputs: I, outs: readonly Tensor[], params: P): void;
  /**
   * Indices of the inputs and results that `backward` uses, for those inputs that need a gradient; default all inputs and
   * no result. What is not named may be changed in place, and its memory goes.
   */
  readonly saves?: Saves | ((needs: readonly boolean[]) => Saves);
  /** Gradients from those of the results (null: zeros; never null for an op of one result), written with ops: the definition. */
  backward?(grads: Gradients, context: GradientContext<I, P>): GradientThunks;
  /** The same by kernels that are not differentiable themselves: used unless a graph of the backward pass is wanted. */
  fusedBackward?(grads: Gradients, context: GradientContext<I, P>): Gradients;
}

/** Fresh tensor of undefined contents. */
export function allocate(device: Device, { shape, dtype }: Spec): Tensor {
  return new Tensor(new Storage(device, numelOf(shape) * itemSize(dtype), dtype), dtype, shape, denseStrides(shape), 0);
}

/** The device that all inputs are on. @throws DeviceError, FreedError, DTypeError if the device lacks a dtype */
export function deviceOf(op: string, inputs: Inputs): Device {
  let device: Device | null = null;
  for (const input of inputs) {
    if (input === null) continue;
    checkTensor(op, input);
    if (input.isFreed) throw input.freedError(op);
    const home = input.home;
    if (device !== null && home !== device) {
      if (home.name === device.name) {
        throw new DeviceError(
          op,
          `one of the tensors was made before shutdown(), got tensors of two runs of ${home.name}. Make it again.`,
          { devices: [device.name, home.name] },
        );
      }
      throw new DeviceError(
        op,
        `all tensors must be on one device, got ${device.name} and ${home.name}. Move one with .to('${device.name}').`,
        { devices: [device.name, home.name] },
      );
    }
    device = home;
  }
  if (device === null) throw new KindError(op, 'expected at least one tensor, got none.');
  capture.current?.operands(inputs);
  return device;
}

/** A recorded application of an op record. */
class OpNode<I extends Inputs, P> extends Node {
  /** In the order of savedInputs, then savedOutputs; null once released. */
  private saved: (Saved | null)[] | null = [];
  private readonly savedInputs: readonly number[];
  private readonly savedOutputs: readonly number[];

  /** `original` stands for input 0 where that is about to be overwritten but the rule needs its old value. */
  constructor(
    private readonly record: OpRecord<I, P>,
    tensors: I,
    private readonly params: P,
    original: Tensor | null = null,
  ) {
    super(
      nodeName(record.name),
      tensors.map((t) => (t === null ? null : edgeOf(t))),
      tensors.map((t) => ({ shape: t?.shape ?? [], dtype: t?.dtype ?? 'float32' })),
    );
    const saves = savesOf(record, tensors);
    this.savedInputs = saves.inputs ?? [];
    this.savedOutputs = saves.outputs ?? [];
    for (const i of this.savedInputs) {
      const t = tensors[i];
      if (i === 0 && original !== null) this.saved?.push(save(original, this.edges[0]));
      else this.saved?.push(t === null ? null : save(t));
    }
  }

  /** Saves results once they exist. */
  saveOutputs(outs: readonly Tensor[]): void {
    for (const i of this.savedOutputs) this.saved?.push(save(outs[i], { node: this, index: i }));
  }

  backward(grads: Gradients, createGraph: boolean): Gradients {
    const { record } = this;
    const context = this.unpack();
    if (!createGraph && record.fusedBackward !== undefined) return record.fusedBackward(grads, context);
    const thunks = record.backward?.(grads, context) ?? [];
    return this.edges.map((edge, i) => (edge === null ? null : (thunks[i]?.() ?? null)));
  }

  private unpack(): GradientContext<I, P> {
    if (this.saved === null) {
      throw new AutogradError(
        this.record.name,
        'the graph was already walked and what it saved is freed. ' +
          `Pass { retainGraph: true } to the first backward() if you need a second.`,
      );
    }
    const tensors = this.saved.map((s) => s?.unpack(this.record.name) ?? null);
    const inputs: (Tensor | null)[] = this.edges.map(() => null);
    const outputs: Tensor[] = [];
    this.savedInputs.forEach((index, i) => (inputs[index] = tensors[i]));
    this.savedOutputs.forEach((index, i) => (outputs[index] = tensors[this.savedInputs.length + i] as Tensor));
    return {
      inputs: inputs as Inputs as I,
      outputs,
      output: outputs[0],
      params: this.params,
      shapes: this.inputs.map((input) => input.shape),
      needs: this.edges.map((edge) => edge !== null),
    };
  }

  override release(): void {
    if (this.saved === null || this.saved.length === 0) return;
    for (const s of this.saved) s?.release();
    this.saved = null;
  }
}

/** `add` -> `AddBackward0`, as PyTorch prints it. */
const nodeName = (op: string): string => `${op.charAt(0).toUpperCase()}${op.slice(1)}Backward0`;

function savesOf<I extends Inputs, P>({ saves }: OpRecord<I, P>, inputs: I): Saves {
  if (saves === undefined) return { inputs: inputs.map((_, i) => i) };
  return typeof saves === 'function' ? saves(inputs.map(requiresGrad)) : saves;
}

const requiresGrad = (t: Tensor | null): boolean => t !== null && t.requiresGrad;

/** Whether this application has to be recorded. */
function isRecorded<I extends Inputs, P>(record: OpRecord<I, P>, inputs: I): boolean {
  return isGradEnabled() && (record.backward ?? record.fusedBackward) !== undefined && inputs.some(requiresGrad);
}

/** Applies an op: the results, in order. Integer results never require gradients. */
export function applyAll<I extends Inputs, P>(record: OpRecord<I, P>, inputs: I, params: P): Tensor[] {
  const observer = observing.current;
  if (observer === null) return applyUnseen(record, inputs, params);
  return observer.span('op', record.name, inputs, () => applyUnseen(record, inputs, params));
}

function applyUnseen<I extends Inputs, P>(record: OpRecord<I, P>, inputs: I, params: P): Tensor[] {
  const device = deviceOf(record.name, inputs);
  const specs = record.shape(inputs, params);
  const home = record.home?.(params) ?? device;
  noteOperands(inputs);
  const outs = isSpec(specs) ? [allocate(home, specs)] : specs.map((spec) => allocate(home, spec));
  for (const out of outs) out.storage.isDerived = true;
  record.forward(device, inputs, outs, params);
  for (const out of outs) home.seal(out.buffer);
  if (isRecorded(record, inputs)) {
    const node = new OpNode(record, inputs, params);
    outs.forEach((out, i) => {
      if (isFloat(out.dtype)) setHistory(out, node, i);
    });
    node.saveOutputs(outs);
  }
  return outs;
}

const isSpec = (specs: Spec | readonly Spec[]): specs is Spec => 'shape' in specs;

/** Applies an op of one result. */
export function apply<I extends Inputs, P>(record: OpRecord<I, P>, inputs: I, params: P): Tensor {
  return applyAll(record, inputs, params)[0];
}

/** @throws ShapeError if elements of a tensor that is to be changed in place share memory, as after expand. */
export function checkSeparate(op: string, { shape, strides }: Tensor): void {
  if (!strides.some((stride, d) => stride === 0 && shape[d] > 1) || numelOf(shape) === 0) return;
  throw new ShapeError(
    op,
    `several elements of the tensor share one place in memory, got strides ${formatShape(strides)}. Use clone() first.`,
    { strides },
  );
}

/**
 * Applies an op to its first input in place: the kernel writes over it. The result must have its shape, and its
 * dtype must be what the kernel writes (the record's shape rule is told nothing else).
 * @throws AutogradError for a leaf that requires gradients, or a view of one, while recording.
 */
export function applyInPlace<I extends readonly [Tensor, ...Inputs], P>(
  record: OpRecord<I, P>,
  inputs: I,
  params: P,
): I[0] {
  const observer = observing.current;
  if (observer === null) return applyInPlaceUnseen(record, inputs, params);
  return observer.span('op', `${record.name}_`, inputs, () => applyInPlaceUnseen(record, inputs, params));
}

function applyInPlaceUnseen<I extends readonly [Tensor, ...Inputs], P>(
  record: OpRecord<I, P>,
  inputs: I,
  params: P,
): I[0] {
  const [self] = inputs;
  const op = `${record.name}_`;
  const device = deviceOf(op, inputs);
  const specs = record.shape(inputs, params);
  const { shape, dtype } = isSpec(specs) ? specs : specs[0];
  if (!sameShape(shape, self.shape)) {
    throw new ShapeError(
      op,
      `the result must have the shape of the tensor that is changed, got ${formatShape(shape)} and ${formatShape(self.shape)}.`,
      { shapes: [shape, self.shape] },
    );
  }
  if (dtype !== self.dtype) {
    throw new DTypeError(
      op,
      `a ${dtype} result cannot be written into a ${self.dtype} tensor. Use the out-of-place form.`,
      {
        dtypes: [dtype, self.dtype],
      },
    );
  }
  const recorded = isFloat(self.dtype) && isRecorded(record, inputs);
  if (recorded || self.requiresGrad) checkInPlace(op, self);
  let node: OpNode<I, P> | null = null;
  if (recorded) {
    const needsOld = savesOf(record, inputs).inputs?.includes(0) ?? false;
    const original = needsOld ? noGrad(() => self.clone()) : null;
    node = new OpNode(record, inputs, params, original);
    original?.release();
  }
  record.forward(device, inputs, [self], params);
  self.storage.version++;
  if (node !== null) {
    rewriteHistory(self, node);
    node.saveOutputs([self]);
  }
  return self;
}

/** The record of an op of one result. */
type SingleRecord<I extends Inputs, P> = Omit<OpRecord<I, P>, 'forward' | 'backward'> & {
  readonly forward: (device: Device, inputs: I, out: Tensor, params: P) => void;
  readonly backward?: (grad: Tensor, context: GradientContext<I, P>) => GradientThunks;
};

/** The same record in its general form. */
export function singleOp<I extends Inputs, P>(record: SingleRecord<I, P>): OpRecord<I, P> {
  const { forward, backward, ...rest } = record;
  return {
    ...rest,
    forward: (device, inputs, [out], params) => {
      forward(device, inputs, out, params);
    },
    ...(backward && { backward: ([grad], context) => (grad === null ? [] : backward(grad, context)) }),
  };
}

/**
 * Makes the function of an op of one result: it takes the inputs and then, if the op has any, its parameters.
 * The annotation on the constant is needed where the op occurs in its own gradient.
 */
export function defineOp<I extends Inputs>(record: SingleRecord<I, undefined>): (...inputs: I) => Tensor;
export function defineOp<I extends Inputs, P>(record: SingleRecord<I, P>): (...args: [...I, P]) => Tensor;
export function defineOp<I extends Inputs, P>(record: SingleRecord<I, P>): (...args: (Tensor | null | P)[]) => Tensor {
  const general = singleOp(record);
  return (...args) => {
    const last = args[args.length - 1];
    const hasParams = last !== null && !(last instanceof Tensor);
    const inputs = (hasParams ? args.slice(0, -1) : args) as Inputs as I;
    return apply(general, inputs, (hasParams ? last : undefined) as P);
  };
}

/** How a view of `x` lies in its memory. */
export interface Geometry {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/**
 * A view of `x`: other shape, same memory, nothing computed. `again` makes the same view of a tensor like x (how a view
 * follows its base when either is changed in place); `gradient` turns the view's gradient into that of x.
 */
export function applyView(
  name: string,
  x: Tensor,
  { shape, strides, offset }: Geometry,
  again: (base: Tensor) => Tensor,
  gradient: (grad: Tensor) => Tensor,
): Tensor {
  const piece = { geometry: { shape, strides, offset }, again };
  return applyViews(name, x, [piece], ([grad]) => gradient(grad as Tensor))[0];
}

/** One of several views of a tensor. */
export interface Piece {
  readonly geometry: Geometry;
  /** The same view of a tensor like the whole. */
  readonly again: (base: Tensor) => Tensor;
}

/**
 * Several views of `x` recorded as one operation; `gradient` turns their gradients (null: zeros) into that of x, at
 * the cost of one tensor like x where views recorded one by one would each make their own.
 */
export function applyViews(
  name: string,
  x: Tensor,
  pieces: readonly Piece[],
  gradient: (grads: Gradients) => Tensor,
): Tensor[] {
  const observer = observing.current;
  if (observer === null) return viewUnseen(name, x, pieces, gradient);
  return observer.span('op', name, [x], () => viewUnseen(name, x, pieces, gradient));
}

function viewUnseen(
  name: string,
  x: Tensor,
  pieces: readonly Piece[],
  gradient: (grads: Gradients) => Tensor,
): Tensor[] {
  const node = isFloat(x.dtype) && isGradEnabled() && x.requiresGrad ? new ViewNode(nodeName(name), x, gradient) : null;
  return pieces.map(({ geometry: { shape, strides, offset }, again }, i) => {
    const view = new Tensor(x.storage, x.dtype, shape, strides, offset);
    if (!isFloat(x.dtype)) return view;
    if (node !== null) setHistory(view, node, i);
    linkView(view, x, again);
    return view;
  });
}

class ViewNode extends Node {
  constructor(
    name: string,
    x: Tensor,
    private readonly gradient: (grads: Gradients) => Tensor,
  ) {
    super(name, [edgeOf(x)], [{ shape: x.shape, dtype: x.dtype }]);
  }

  backward(grads: Gradients): Gradients {
    return [grads.every((grad) => grad === null) ? null : this.gradient(grads)];
  }
}
