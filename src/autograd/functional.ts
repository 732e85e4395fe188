// torch.autograd.functional: derivatives of a function at a point. Those of torch.func, which give functions, are in func/.
import type { Arguments } from '../base/arguments';
import { AutogradError, KindError } from '../base/errors';
import { FLAG, FUNCTION, listOf, oneOf, oneOrMore, either } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { onesLike, zerosLike } from '../ops/shape/creation';
import { TENSOR } from '../core/kinds';
import type { Tensor } from '../core/tensor';
import { checkGiven, checkReady } from '../core/given';
import { Level } from './level';

/** A tensor, or a list of them. */
type Several = Tensor | readonly Tensor[];
/** As what was given: a tensor for a tensor, a list for a list. */
type Like<T> = T extends Tensor ? Tensor : { -readonly [K in keyof T]: Tensor };
type FunctionOf<I, R> = (...inputs: I extends readonly Tensor[] ? [...I] : [I]) => R;
/** For each result and each input. */
type Nested<R, I> = R extends Tensor ? Like<I> : { -readonly [K in keyof R]: Like<I> };

interface Options {
  /** Record the computation itself, for further derivatives. */
  createGraph?: boolean;
  /** Refuse results that do not depend on an input, which otherwise have derivatives of 0. */
  strict?: boolean;
}
interface VectorOptions extends Options {
  /** What the derivatives are multiplied with; may be left out for one element. */
  v?: Several | null;
}
type VectorArguments = Arguments<[], [v?: Several | null, createGraph?: boolean, strict?: boolean], VectorOptions>;

const SEVERAL = oneOrMore(TENSOR);
const FIRST = [argument('func', FUNCTION), argument('inputs', SEVERAL)] as const;
const FLAGS = [argument('createGraph', FLAG, false), argument('strict', FLAG, false)] as const;
const VECTOR = argument('v', either(TENSOR, listOf(TENSOR)), null);
const STRATEGY = oneOf('reverse-mode', 'forward-mode');

const listFrom = (value: unknown): readonly Tensor[] => (Array.isArray(value) ? value : [value]) as readonly Tensor[];
/** One for one tensor, all for a list. */
const as = (given: unknown, list: readonly unknown[]): unknown => (Array.isArray(given) ? list : list[0]);

interface Evaluated {
  readonly level: Level;
  readonly outputs: readonly Tensor[];
  /** As the function gave them. */
  readonly result: unknown;
}

/** Calls the function with inputs of its own level. */
function evaluated(op: string, func: (...args: never) => unknown, inputs: unknown, createGraph: boolean): Evaluated {
  const level = new Level(op, listFrom(inputs), createGraph);
  const result: unknown = level.run(() => Reflect.apply(func, undefined, [...level.inputs]) as unknown);
  const who = `${op}: func`;
  checkReady(who, result);
  const outputs = listFrom(result);
  for (const t of outputs) checkGiven(who, t);
  return { level, outputs, result };
}

/** Derivatives, with zeros for those that are not there, which `strict` refuses. */
function present(
  op: string,
  strict: boolean,
  found: readonly (Tensor | null)[],
  zero: (i: number) => Tensor,
): Tensor[] {
  return found.map((t, i) => {
    if (t === null && strict) {
      throw new AutogradError(op, `with strict all results must depend on all inputs, got one that is independent of input ${i}.`); // prettier-ignore
    }
    return t ?? zero(i);
  });
}

/** The vectors that derivatives are multiplied with: those given, or 1 where there is one element. */
function vectorsFor(op: string, level: Level, v: unknown, tensors: readonly Tensor[]): readonly Tensor[] {
  if (v === null) {
    if (tensors.length !== 1 || tensors[0].numel() !== 1) {
      throw new AutogradError(op, `v may be left out only for a single element, got none for several. Give a tensor like what it belongs to.`); // prettier-ignore
    }
    return [onesLike(tensors[0])];
  }
  const vectors = listFrom(v);
  level.checkLike('v', vectors, tensors);
  return vectors;
}

const JACOBIAN = signature('jacobian', [...FIRST, ...FLAGS, argument('vectorize', FLAG, false), argument('strategy', STRATEGY, 'reverse-mode')]); // prettier-ignore
const HESSIAN = signature('hessian', [...FIRST, ...FLAGS, argument('vectorize', FLAG, false), argument('outerJacobianStrategy', STRATEGY, 'reverse-mode')]); // prettier-ignore

interface JacobianOptions extends Options {
  /** Has no effect on values. */
  vectorize?: boolean;
  /** By rows, the default, or by columns, for many results of few inputs. */
  strategy?: 'reverse-mode' | 'forward-mode';
}

/**
 * The Jacobian of `func` at `inputs`, [...result, ...input]: one for a tensor that gives a tensor, a list of them where either is a
 * list, and lists for each result where both are.
 * @see torch.autograd.functional.jacobian
 */
export function jacobian<I extends Several, R extends Several>(
  func: FunctionOf<I, R>,
  inputs: I,
  ...options: Arguments<
    [],
    [createGraph?: boolean, strict?: boolean, vectorize?: boolean, strategy?: 'reverse-mode' | 'forward-mode'],
    JacobianOptions
  >
): Nested<R, I>;
export function jacobian(...given: unknown[]): unknown {
  const { func, inputs, createGraph, strict, strategy } = JACOBIAN.take(given);
  return jacobianOf('jacobian', func, inputs, createGraph, strict, strategy === 'forward-mode');
}

function jacobianOf(
  op: string,
  func: (...args: never) => unknown,
  inputs: unknown,
  createGraph: boolean,
  strict: boolean,
  isForward = false,
): unknown {
  const { level, outputs, result } = evaluated(op, func, inputs, createGraph);
  if (isForward && strict) throw new KindError(op, `strict works by rows only. Leave out the strategy.`);
  const rows = isForward
    ? level.jacobianByColumns(outputs)
    : outputs.map((t) => present(op, strict, level.jacobian(t), (i) => level.zeroJacobian(t, i)));
  return as(
    result,
    rows.map((row) =>
      as(
        inputs,
        row.map((t) => level.settled(t)),
      ),
    ),
  );
}

/**
 * The second derivatives of `func`, which gives one element: [...input, ...input], or lists of lists for a list of inputs.
 * @see torch.autograd.functional.hessian
 */
export function hessian<I extends Several>(
  func: FunctionOf<I, Tensor>,
  inputs: I,
  ...options: Arguments<
    [],
    [
      createGraph?: boolean,
      strict?: boolean,
      vectorize?: boolean,
      outerJacobianStrategy?: 'reverse-mode' | 'forward-mode',
    ],
    Options & Pick<JacobianOptions, 'vectorize'> & { outerJacobianStrategy?: 'reverse-mode' | 'forward-mode' }
  >
): I extends Tensor ? Tensor : { -readonly [K in keyof I]: Like<I> };
export function hessian(...given: unknown[]): unknown {
  const { func, inputs, createGraph, strict, outerJacobianStrategy } = HESSIAN.take(given);
  const first = (...args: readonly Tensor[]): unknown =>
    jacobianOf('hessian', scalar('hessian', func), as(inputs, args), true, strict);
  return jacobianOf('hessian', first, inputs, createGraph, strict, outerJacobianStrategy === 'forward-mode');
}

/** `func`, whose result must be one element. */
const scalar =
  (op: string, func: (...args: never) => unknown) =>
  (...args: readonly Tensor[]): Tensor => {
    const value: unknown = Reflect.apply(func, undefined, [...args]);
    checkGiven(`${op}: func`, value);
    if (value.numel() !== 1) {
      throw new AutogradError(op, `func must give a single element, got ${String(value)}. Reduce it with sum() or mean().`); // prettier-ignore
    }
    return value.reshape([]);
  };

const VJP = signature('vjp', [...FIRST, VECTOR, ...FLAGS]);

/** [func(inputs), v times the Jacobian], the latter like the inputs. @see torch.autograd.functional.vjp */
export function vjp<I extends Several, R extends Several>(
  func: FunctionOf<I, R>,
  inputs: I,
  ...options: VectorArguments
): [result: R, vjp: Like<I>];
export function vjp(...given: unknown[]): unknown {
  const { func, inputs, v, createGraph, strict } = VJP.take(given);
  const { level, outputs, result } = evaluated('vjp', func, inputs, createGraph);
  const found = level.maybeGradients(outputs, vectorsFor('vjp', level, v, outputs), { create: createGraph });
  return settledPair('vjp', level, result, inputs, strict, found);
}

const JVP = signature('jvp', [...FIRST, VECTOR, ...FLAGS]);

/** [func(inputs), the Jacobian times v], the latter like the result. @see torch.autograd.functional.jvp */
export function jvp<I extends Several, R extends Several>(
  func: FunctionOf<I, R>,
  inputs: I,
  ...options: VectorArguments
): [result: R, jvp: Like<R>];
export function jvp(...given: unknown[]): unknown {
  const { func, inputs, v, createGraph, strict } = JVP.take(given);
  const { level, outputs, result } = evaluated('jvp', func, inputs, createGraph);
  const pushed = level.pushforward(outputs)(vectorsFor('jvp', level, v, listFrom(inputs)));
  const tangents = present('jvp', strict, pushed, (i) => zerosLike(outputs[i]));
  return [settledAs(level, result, outputs), settledAs(level, result, tangents)];
}

const VHP = signature('vhp', [...FIRST, VECTOR, ...FLAGS]);
const HVP = signature('hvp', [...FIRST, VECTOR, ...FLAGS]);

/** [func(inputs), v times the Hessian] for a function that gives one element. @see torch.autograd.functional.vhp */
export function vhp<I extends Several>(
  func: FunctionOf<I, Tensor>,
  inputs: I,
  ...options: VectorArguments
): [result: Tensor, vhp: Like<I>];
export function vhp(...given: unknown[]): unknown {
  const { func, inputs, v, createGraph, strict } = VHP.take(given);
  return hessianProduct('vhp', func, inputs, v, createGraph, strict);
}

/** [func(inputs), the Hessian times v], which is `vhp`, as Hessians are symmetric. @see torch.autograd.functional.hvp */
export function hvp<I extends Several>(
  func: FunctionOf<I, Tensor>,
  inputs: I,
  ...options: VectorArguments
): [result: Tensor, hvp: Like<I>];
export function hvp(...given: unknown[]): unknown {
  const { func, inputs, v, createGraph, strict } = HVP.take(given);
  return hessianProduct('hvp', func, inputs, v, createGraph, strict);
}

function hessianProduct(
  op: string,
  func: (...args: never) => unknown,
  inputs: unknown,
  v: unknown,
  createGraph: boolean,
  strict: boolean,
): unknown {
  const { level, outputs, result } = evaluated(op, scalar(op, func), inputs, createGraph);
  const vectors = vectorsFor(op, level, v, listFrom(inputs));
  const first = level.maybeGradients(outputs, [onesLike(outputs[0])], { create: true, again: true });
  const gradients = present(op, strict, first, (i) => zerosLike(level.inputs[i]));
  const found = level.maybeGradients(gradients, vectors, { create: createGraph });
  return settledPair(op, level, result, inputs, strict, found);
}

/** The result, and derivatives like the inputs, as they are outside. */
function settledPair(
  op: string,
  level: Level,
  result: unknown,
  inputs: unknown,
  strict: boolean,
  found: readonly (Tensor | null)[],
): unknown[] {
  const derivatives = present(op, strict, found, (i) => zerosLike(level.inputs[i].detach()));
  return [settledAs(level, result, listFrom(result)), settledAs(level, inputs, derivatives)];
}

const settledAs = (level: Level, given: unknown, list: readonly Tensor[]): unknown =>
  as(
    given,
    list.map((t) => level.settled(t)),
  );
