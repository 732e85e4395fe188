// Functions that make functions: gradients, Jacobians and products with them, of functions of tensors, each of which may be an
// array or an object of tensors. They nest in any way.
import { isPlainObject } from '../base/arguments';
import { describe } from '../base/errorText';
import { AutogradError, KindError } from '../base/errors';
import { ANYTHING, either, FLAG, FUNCTION, INTEGER, listOf } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { formatShape, wrapDim } from '../base/shape';
import { Level } from '../autograd/level';
import { leavesOf, refilled, tensorsIn, type Tree } from '../autograd/trees';
import { zerosLike, onesLike } from '../ops/shape/creation';
import { Tensor } from '../core/tensor';

/** Which arguments: a position, or several. */
type Argnums = number | readonly number[];
type At<A extends readonly unknown[], N> = N extends readonly number[]
  ? { -readonly [K in keyof N]: A[N[K] & keyof A] }
  : A[N & keyof A];
type AnyFunction<A extends readonly unknown[], R> = (...args: A) => R;

interface Options<N> {
  argnums?: N;
  hasAux?: boolean;
}
const TAKES = [
  argument('func', FUNCTION), argument('argnums', either(INTEGER, listOf(INTEGER)), 0), argument('hasAux', FLAG, false),
] as const; // prettier-ignore

/** Arguments that are differentiated, as a level has them, and how the function is called with them. */
interface Call {
  readonly level: Level;
  /** The arguments that were given, as a tree. */
  readonly picked: unknown;
  /** Runs the function: its result, and what it gives beside it. */
  readonly call: () => [result: unknown, aux: unknown];
}

function calling(
  op: string,
  fn: (...args: never) => unknown,
  args: readonly unknown[],
  argnums: Argnums,
  hasAux: boolean,
): Call {
  const positions = (typeof argnums === 'number' ? [argnums] : argnums).map((n) =>
    wrapDim(`${op}: argnums`, n, args.length),
  );
  const picked = positions.map((n) => args[n]);
  const level = new Level(op, leavesOf(`${op}: an argument that is differentiated`, picked));
  const call = (): [unknown, unknown] => {
    const fresh = refilled(picked, level.inputs) as unknown[];
    const given = [...args];
    positions.forEach((n, i) => (given[n] = fresh[i]));
    const result: unknown = level.run(() => Reflect.apply(fn, undefined, given) as unknown);
    if (!hasAux) return [result, undefined];
    if (!Array.isArray(result) || result.length !== 2) {
      throw new KindError(op, `with hasAux the function must give [result, aux], got ${describe(result)}.`);
    }
    return [
      result[0],
      refilled(
        result[1],
        tensorsIn(result[1]).map((t) => level.settled(t)),
      ),
    ];
  };
  return { level, picked: typeof argnums === 'number' ? picked[0] : picked, call };
}

function scalarOf(op: string, result: unknown): Tensor {
  const [value, ...more] = leavesOf(`${op}: the function's result`, result);
  if (value === undefined || more.length > 0 || !(result instanceof Tensor)) {
    throw new AutogradError(op, `the function must give one tensor without dimensions, got ${describe(result)}.`);
  }
  if (value.ndim > 0) {
    throw new AutogradError(
      op,
      `the function must give a tensor without dimensions, got shape ${formatShape(value.shape)}. Reduce it with sum() or mean().`,
    );
  }
  return value;
}

const GRAD = signature('grad', TAKES);

/**
 * The function that computes the gradient of `func`, which gives a tensor without dimensions, with respect to one argument or, for
 * a list of `argnums`, several. With `hasAux`, `func` gives [value, aux] and the gradient comes as [gradient, aux].
 * @example grad((x) => x.sin())(tensor(1))              // cos(1)
 * @example grad(grad((x) => x.sin()))(tensor(1))        // -sin(1)
 * @example grad((params, x) => functionalCall(net, params, x).sum())(params, x)   // an object like params
 * @throws AutogradError, at the call, unless the result has no dimensions
 * @see torch.func.grad
 */
export function grad<A extends readonly unknown[], const N extends Argnums = 0>(
  func: AnyFunction<A, Tensor>,
  argnums?: N | (Options<N> & { hasAux?: false }),
): AnyFunction<A, At<A, N>>;
export function grad<A extends readonly unknown[], X, const N extends Argnums = 0>(
  func: AnyFunction<A, readonly [Tensor, X]>,
  options: Options<N> & { hasAux: true },
): AnyFunction<A, [gradient: At<A, N>, aux: X]>;
export function grad(...given: unknown[]): unknown {
  const { func, argnums, hasAux } = GRAD.take(given);
  return (...args: unknown[]) => {
    const { gradient, aux } = gradientAt('grad', func, args, argnums, hasAux);
    return hasAux ? [gradient, aux] : gradient;
  };
}

function gradientAt(
  op: string,
  func: (...args: never) => unknown,
  args: readonly unknown[],
  argnums: Argnums,
  hasAux: boolean,
) {
  const { level, picked, call } = calling(op, func, args, argnums, hasAux);
  const [result, aux] = call();
  const value = scalarOf(op, result);
  const gradients = level.gradients([value], [onesLike(value)]);
  return {
    gradient: refilled(
      picked,
      gradients.map((g) => level.settled(g)),
    ),
    value: level.settled(value),
    aux,
  };
}

const GRAD_AND_VALUE = signature('gradAndValue', TAKES);

/** As `grad`, giving [gradient, value], or [gradient, [value, aux]]. @see torch.func.grad_and_value */
export function gradAndValue<A extends readonly unknown[], const N extends Argnums = 0>(
  func: AnyFunction<A, Tensor>,
  argnums?: N | (Options<N> & { hasAux?: false }),
): AnyFunction<A, [gradient: At<A, N>, value: Tensor]>;
export function gradAndValue<A extends readonly unknown[], X, const N extends Argnums = 0>(
  func: AnyFunction<A, readonly [Tensor, X]>,
  options: Options<N> & { hasAux: true },
): AnyFunction<A, [gradient: At<A, N>, valueAndAux: [Tensor, X]]>;
export function gradAndValue(...given: unknown[]): unknown {
  const { func, argnums, hasAux } = GRAD_AND_VALUE.take(given);
  return (...args: unknown[]) => {
    const { gradient, value, aux } = gradientAt('gradAndValue', func, args, argnums, hasAux);
    return [gradient, hasAux ? [value, aux] : value];
  };
}

type Auxiliary = { hasAux: boolean };
const isAuxiliary = (value: unknown): value is Auxiliary =>
  isPlainObject(value) && Object.keys(value).length === 1 && typeof value.hasAux === 'boolean';

/** The gradients of each primal for cotangents of the results. */
type Pullback<A extends readonly unknown[], R> = (cotangents: R) => { -readonly [K in keyof A]: A[K] };

/**
 * [func(...primals), pullback], where the pullback takes cotangents like the result and gives a list with the product of each primal;
 * with { hasAux: true } behind the primals [result, pullback, aux].
 * @example const [y, pullback] = vjp((x) => x.sin(), x); const [g] = pullback(onesLike(y));
 * @see torch.func.vjp
 */
export function vjp<A extends readonly Tree[], R>(
  func: AnyFunction<A, R>,
  ...primals: A
): [result: R, pullback: Pullback<A, R>];
export function vjp<A extends readonly Tree[], R, X>(
  func: AnyFunction<A, readonly [R, X]>,
  ...primals: [...A, { hasAux: true }]
): [result: R, pullback: Pullback<A, R>, aux: X];
export function vjp(...given: unknown[]): unknown {
  const { func, primals, hasAux } = primalsOf('vjp', given);
  const { level, picked, call } = calling(
    'vjp',
    func,
    primals,
    primals.map((_, i) => i),
    hasAux,
  );
  const [result, aux] = call();
  const outputs = leavesOf("vjp: the function's result", result);
  const pullback = (...cotangents: unknown[]): unknown => {
    const vectors = leavesOf('vjp: a cotangent', cotangents);
    level.checkLike('cotangents', vectors, outputs);
    return refilled(
      picked,
      level.gradients(outputs, vectors, { again: true }).map((g) => level.settled(g)),
    );
  };
  const settled = refilled(
    result,
    outputs.map((t) => level.settled(t)),
  );
  return hasAux ? [settled, pullback, aux] : [settled, pullback];
}

const OF_PRIMALS = signature('vjp', [argument('func', FUNCTION)]);

function primalsOf(op: string, given: readonly unknown[]) {
  const last = given[given.length - 1];
  const hasOptions = isAuxiliary(last);
  const [fn, ...primals] = hasOptions ? given.slice(0, -1) : given;
  const { func } = OF_PRIMALS.take([fn], op);
  if (primals.length === 0) throw new KindError(op, `there must be at least one primal, got none.`);
  return { func, primals, hasAux: hasOptions && last.hasAux };
}

const LIST = listOf({ ...ANYTHING, expected: 'a tensor, or arrays or objects of tensors' });
const JVP = signature('jvp', [
  argument('func', FUNCTION), argument('primals', LIST), argument('tangents', LIST), argument('strict', FLAG, false),
  argument('hasAux', FLAG, false),
]); // prettier-ignore

/**
 * [func(...primals), tangents of the result] for tangents of the primals; with `hasAux` [result, tangents, aux]. The tangents come from two
 * reverse passes. `strict` refuses a result that does not depend on the primals, whose tangents are 0.
 * @example const [y, dy] = jvp((x) => x.sin(), [x], [onesLike(x)])
 * @see torch.func.jvp
 */
export function jvp<A extends readonly Tree[], R>(
  func: AnyFunction<A, R>,
  primals: A,
  tangents: { readonly [K in keyof A]: Tree },
  options?: boolean | { strict?: boolean; hasAux?: false },
): [result: R, tangents: R];
export function jvp<A extends readonly Tree[], R, X>(
  func: AnyFunction<A, readonly [R, X]>,
  primals: A,
  tangents: { readonly [K in keyof A]: Tree },
  options: { strict?: boolean; hasAux: true },
): [result: R, tangents: R, aux: X];
export function jvp(...given: unknown[]): unknown {
  const { func, primals, tangents, strict, hasAux } = JVP.take(given);
  const { level, picked, call } = calling(
    'jvp',
    func,
    primals,
    primals.map((_, i) => i),
    hasAux,
  );
  const vectors = leavesOf('jvp: a tangent', tangents);
  level.checkLike('tangents', vectors, leavesOf('jvp: a primal', picked));
  const [result, aux] = call();
  const outputs = leavesOf("jvp: the function's result", result);
  const pushed = level.pushforward(outputs)(vectors);
  if (strict && pushed.includes(null)) {
    throw new AutogradError('jvp', 'with strict every result must depend on the primals, got one that does not.');
  }
  const tangent = refilled(
    result,
    pushed.map((t, i) => t ?? zerosLike(outputs[i])),
  );
  const settled = refilled(
    result,
    outputs.map((t) => level.settled(t)),
  );
  return hasAux ? [settled, tangent, aux] : [settled, tangent];
}

/** A Jacobian for each tensor of the result and of the arguments, in their structure. */
type JacobianOf<R, I> = R extends Tensor
  ? I extends Tensor
    ? Tensor
    : { -readonly [K in keyof I]: JacobianOf<R, I[K]> }
  : { -readonly [K in keyof R]: JacobianOf<R[K], I> };

/** Jacobians by a function of a level and the outputs: one for each output and input. */
function jacobians(
  op: string,
  func: (...args: never) => unknown,
  argnums: Argnums,
  hasAux: boolean,
  compute: (level: Level, outputs: readonly Tensor[]) => Tensor[][],
): (...args: unknown[]) => unknown {
  return (...args) => {
    const { level, picked, call } = calling(op, func, args, argnums, hasAux);
    const [result, aux] = call();
    const outputs = leavesOf(`${op}: the function's result`, result);
    const found = compute(level, outputs).map((row) =>
      refilled(
        picked,
        row.map((t) => level.settled(t)),
      ),
    );
    const nested = refilled(result, found);
    return hasAux ? [nested, aux] : nested;
  };
}

const JACREV = signature('jacrev', TAKES);
const JACFWD = signature('jacfwd', TAKES);

/**
 * The function that computes the Jacobian of `func`: for a result and an argument of shapes R and A one of shape [...R, ...A], row by
 * row, a reverse pass for each element of the result. With `hasAux` [jacobian, aux].
 * @see torch.func.jacrev
 */
export function jacrev<A extends readonly unknown[], R, const N extends Argnums = 0>(
  func: AnyFunction<A, R>,
  argnums?: N | (Options<N> & { hasAux?: false }),
): AnyFunction<A, JacobianOf<R, At<A, N>>>;
export function jacrev<A extends readonly unknown[], R, X, const N extends Argnums = 0>(
  func: AnyFunction<A, readonly [R, X]>,
  options: Options<N> & { hasAux: true },
): AnyFunction<A, [jacobian: JacobianOf<R, At<A, N>>, aux: X]>;
export function jacrev(...given: unknown[]): unknown {
  const { func, argnums, hasAux } = JACREV.take(given);
  return jacobians('jacrev', func, argnums, hasAux, (level, outputs) =>
    outputs.map((output) => level.jacobian(output).map((t, i) => t ?? level.zeroJacobian(output, i))),
  );
}

/** The same column by column, as `jvp` computes them: for many results of few arguments. @see torch.func.jacfwd */
export function jacfwd<A extends readonly unknown[], R, const N extends Argnums = 0>(
  func: AnyFunction<A, R>,
  argnums?: N | (Options<N> & { hasAux?: false }),
): AnyFunction<A, JacobianOf<R, At<A, N>>>;
export function jacfwd<A extends readonly unknown[], R, X, const N extends Argnums = 0>(
  func: AnyFunction<A, readonly [R, X]>,
  options: Options<N> & { hasAux: true },
): AnyFunction<A, [jacobian: JacobianOf<R, At<A, N>>, aux: X]>;
export function jacfwd(...given: unknown[]): unknown {
  const { func, argnums, hasAux } = JACFWD.take(given);
  return jacobians('jacfwd', func, argnums, hasAux, (level, outputs) => level.jacobianByColumns(outputs));
}

const HESSIAN = signature('hessian', TAKES.slice(0, 2));

/** The function that computes the second derivatives of `func`, [...R, ...A, ...A]. @see torch.func.hessian */
export function hessian<A extends readonly unknown[], R, const N extends Argnums = 0>(
  func: AnyFunction<A, R>,
  argnums?: N | { argnums?: N },
): AnyFunction<A, JacobianOf<JacobianOf<R, At<A, N>>, At<A, N>>>;
export function hessian(...given: unknown[]): unknown {
  const { func, argnums } = HESSIAN.take<{ func: AnyFunction<readonly unknown[], unknown>; argnums: Argnums }>(given);
  return jacrev(jacrev(func, argnums), argnums);
}
