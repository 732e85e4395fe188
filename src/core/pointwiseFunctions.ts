// From rows of the table of pointwise operations to functions of tensors, numbers and options, with in-place forms.
import type { Arguments } from '../base/arguments';
import { intercepting } from '../base/intercept';
import { NUMBER } from '../base/kinds';
import {
  argument,
  Signature,
  signature,
  taking,
  type AnyArguments,
  type Argument,
  type Values,
} from '../base/signature';
import type { Expression } from '../expression/expression';
import { INPUT, OPERAND } from './kinds';
import { PointwiseOperation, type Operand, type PointwiseRecord, type Promotion, type ScalarOf } from './pointwise';
import { Tensor } from './tensor';

export { PointwiseOperation, type Operand } from './pointwise';

/** Numbers that an operation takes by position behind its operands, or by name; in PyTorch's order, with defaults. */
type Defaults = Readonly<Record<string, number>>;
/** Argument lists for these: any tail may be one object. */
export type NumberArguments<P> = readonly (number | Partial<P> | undefined)[];
/** The parameters as a formula sees them. */
export type Symbols<P> = { readonly [K in keyof P]: Expression };

/** A function with the form that writes over its first argument. */
export interface InPlaceForm<A extends readonly unknown[]> {
  readonly inPlace: (self: Tensor, ...args: A) => Tensor;
}

/** `f(x)` and `x.f_()`. */
export type UnaryFunction = ((x: Tensor) => Tensor) & InPlaceForm<[]>;
type OtherArguments = Arguments<[other: Operand], [], { other: Operand }>;
/** `f(a, b)` and `a.f_(b)`. */
export type BinaryFunction = ((a: Tensor, ...args: OtherArguments) => Tensor) & InPlaceForm<OtherArguments>;
/** `f(x, numbers)` and `x.f_(numbers)`. */
export type ParametricFunction<P> = ((x: Tensor, ...numbers: NumberArguments<P>) => Tensor) &
  InPlaceForm<[...numbers: NumberArguments<P>]>;

type Options = Pick<PointwiseRecord, 'gradient' | 'accepts' | 'compares' | 'alike'>;

/** Whether `given` are `count` operands by position, as in nearly all calls: then there is nothing else to check. */
function areOperands(given: readonly unknown[], count: number): given is [Tensor, ...Operand[]] {
  if (given.length !== count || !(given[0] instanceof Tensor)) return false;
  for (let i = 1; i < count; i++) if (!(given[i] instanceof Tensor) && typeof given[i] !== 'number') return false;
  return true;
}

type Overwritable = ((...args: never) => Tensor) & { readonly inPlace: (...args: never) => Tensor };

/**
 * A function and its in-place form, with their arguments checked. What it is assigned to has its type written out, as the type
 * of Tensor depends on it.
 */
export function withInPlace<F extends Overwritable, const A extends AnyArguments = AnyArguments>(
  takes: Signature<A>,
  f: (...values: Values<A>) => Tensor,
  inPlace: (...values: Values<A>) => Tensor,
): F {
  const both = Object.assign(taking(takes, f), { inPlace: taking(takes.as(`${takes.name}_`), inPlace) });
  return both as Overwritable as F;
}

/** Such a function of operands alone: where `count` are given by position, `usual` and `usualInPlace` take them as they are. */
export function ofOperands<F extends Overwritable>(
  count: number,
  f: F,
  usual: (operands: readonly Operand[]) => Tensor,
  usualInPlace: (self: Tensor, others: readonly Operand[]) => Tensor,
): F {
  const [call, inPlace] = [f, f.inPlace] as ((...given: readonly unknown[]) => Tensor)[];
  const quick = (...given: readonly unknown[]): Tensor => {
    if (intercepting.current !== null) return intercepting.current.call(f.name, quick, given);
    return areOperands(given, count) ? usual(given) : call(...given);
  };
  const quickInPlace = (...given: readonly unknown[]): Tensor => {
    if (intercepting.current !== null) return intercepting.current.call(`${f.name}_`, quickInPlace, given);
    return areOperands(given, count) ? usualInPlace(given[0], given.slice(1)) : inPlace(...given);
  };
  Object.defineProperty(quick, 'name', { value: f.name });
  return Object.assign(quick, { inPlace: quickInPlace }) as Overwritable as F;
}

const applying =
  (operation: PointwiseOperation) =>
  (operands: readonly Operand[]): Tensor =>
    operation.apply(operands);
const overwriting =
  (operation: PointwiseOperation) =>
  (self: Tensor, others: readonly Operand[]): Tensor =>
    operation.applyInPlace(self, others);

/** The row as a function of one tensor. */
export function unary(
  name: string,
  promotion: Promotion,
  formula: (x: Expression) => Expression,
  options: Options = {},
): UnaryFunction {
  const operation = new PointwiseOperation({ name, promotion, formula: ([x]) => formula(x), ...options });
  const [f, inPlace] = [applying(operation), overwriting(operation)];
  return ofOperands(1, withInPlace(signature(name, [INPUT]), (x) => f([x]), (x) => inPlace(x, [])), f, inPlace); // prettier-ignore
}

/** The row as a function of two tensors, or a tensor and a number. */
export function binary(
  name: string,
  promotion: Promotion,
  formula: (a: Expression, b: Expression) => Expression,
  options: Options = {},
): BinaryFunction {
  const operation = new PointwiseOperation({ name, promotion, formula: ([a, b]) => formula(a, b), ...options });
  return ofTwo(operation, 'other');
}

/** An operation as a function of two operands, the second of which is called `second`. */
export function ofTwo(operation: PointwiseOperation, second: string): BinaryFunction {
  const { name } = operation.record;
  const [f, inPlace] = [applying(operation), overwriting(operation)];
  const operand = argument(second, OPERAND);
  const checking = Object.assign(
    taking(signature(name, [argument('input', OPERAND), operand]), (a, b) => f([a, b])),
    { inPlace: taking(signature(`${name}_`, [INPUT, operand]), (a, b) => inPlace(a, [b])) },
  );
  return ofOperands(2, checking as Overwritable as BinaryFunction, f, inPlace);
}

/** What a parametric row needs besides its name and its parameters. */
export interface ParametricRow<P> {
  readonly promotion: Promotion;
  readonly formula: (x: Expression, parameters: Symbols<P>) => Expression;
  readonly gradient?: (grad: Expression, x: Expression, y: Expression, parameters: Symbols<P>) => Expression;
  readonly accepts?: NonNullable<PointwiseRecord['accepts']>;
}

/** The row as a function of one tensor and numbers, which travel with each call. */
export function parametric<P extends Defaults>(
  name: string,
  defaults: P,
  { formula, gradient, ...row }: ParametricRow<P>,
): ParametricFunction<P> {
  const names = Object.keys(defaults);
  const symbols = (scalar: ScalarOf): Symbols<P> =>
    Object.fromEntries(names.map((key, i) => [key, scalar(i)])) as Symbols<P>;
  const operation = new PointwiseOperation({
    name,
    ...row,
    formula: ([x], scalar) => formula(x, symbols(scalar)),
    ...(gradient && { gradient: (grad, [x], y, scalar) => [gradient(grad, x, y, symbols(scalar))] }),
  });
  const args = [INPUT, ...names.map((key) => argument(key, NUMBER, defaults[key]))] as const;
  return withInPlace<ParametricFunction<P>, readonly Argument<string, never>[]>(
    new Signature(name, args as readonly Argument<string, unknown>[] as readonly Argument<string, never>[]),
    (x: Tensor, ...numbers: readonly number[]) => operation.apply([x], numbers),
    (x: Tensor, ...numbers: readonly number[]) => operation.applyInPlace(x, [], numbers),
  );
}

/** The in-place forms of functions under their names: `{ add }` gives `{ add_ }`. */
type InPlaceForms<F> = {
  [K in keyof F & string as `${K}_`]: F[K] extends InPlaceForm<infer A> ? (self: Tensor, ...args: A) => Tensor : never;
};

/** Collects the in-place forms of `functions`. */
export function inPlaceForms<F extends Record<string, { readonly inPlace: unknown }>>(functions: F): InPlaceForms<F> {
  const entries = Object.entries(functions).map(([name, { inPlace }]) => [`${name}_`, inPlace]);
  return Object.fromEntries(entries) as InPlaceForms<F>;
}
