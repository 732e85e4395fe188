// From rows of the table of pointwise operations to functions of tensors, numbers and options, with in-place forms.
import { gather } from '../base/arguments';
import type { Expression } from '../expression/expression';
import { PointwiseOperation, type Operand, type PointwiseRecord, type Promotion, type ScalarOf } from './pointwise';
import { describe } from '../base/errorText';
import type { Tensor } from './tensor';

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
/** `f(a, b)` and `a.f_(b)`. */
export type BinaryFunction = ((a: Tensor, b: Operand) => Tensor) & InPlaceForm<[b: Operand]>;
/** `f(x, numbers)` and `x.f_(numbers)`. */
export type ParametricFunction<P> = ((x: Tensor, ...numbers: NumberArguments<P>) => Tensor) &
  InPlaceForm<[...numbers: NumberArguments<P>]>;

type Options = Pick<PointwiseRecord, 'gradient' | 'accepts' | 'compares' | 'alike'>;

/** The row as a function of one tensor. */
export function unary(
  name: string,
  promotion: Promotion,
  formula: (x: Expression) => Expression,
  options: Options = {},
): UnaryFunction {
  const operation = new PointwiseOperation({ name, promotion, formula: ([x]) => formula(x), ...options });
  return Object.assign((x: Tensor) => operation.apply([x]), {
    inPlace: (self: Tensor) => operation.applyInPlace(self, []),
  });
}

/** The row as a function of two tensors, or a tensor and a number. */
export function binary(
  name: string,
  promotion: Promotion,
  formula: (a: Expression, b: Expression) => Expression,
  options: Options = {},
): BinaryFunction {
  const operation = new PointwiseOperation({ name, promotion, formula: ([a, b]) => formula(a, b), ...options });
  return Object.assign((a: Tensor, b: Operand) => operation.apply([a, b]), {
    inPlace: (self: Tensor, b: Operand) => operation.applyInPlace(self, [b]),
  });
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
  const values = (args: NumberArguments<P>): number[] => numberValues(name, defaults, args);
  return Object.assign((x: Tensor, ...numbers: NumberArguments<P>) => operation.apply([x], values(numbers)), {
    inPlace: (self: Tensor, ...numbers: NumberArguments<P>) => operation.applyInPlace(self, [], values(numbers)),
  });
}

/** The values of parameters given by position, by name or not at all. @throws TypeError for one that does not exist. */
function numberValues<P extends Defaults>(op: string, defaults: P, args: NumberArguments<P>): number[] {
  const given = gather<Record<string, unknown>>(op, Object.keys(defaults), args);
  return Object.entries(defaults).map(([name, value]) => {
    const number = given[name] ?? value;
    if (typeof number === 'number') return number;
    throw new TypeError(`${op}: ${name} must be a number, got ${describe(number)}.`);
  });
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
