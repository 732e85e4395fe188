// Pointwise expressions: the small language in which every elementwise operation is written once, for all devices.
// A value per element: inputs, scalars given at the call, constants, and primitives applied to them. Built by the
// functions below, never parsed. Every expression exists once (equal structure is the same object), so a common
// subexpression is found by identity. Gradients are derived in derivative.ts; devices lower the rest.
import { isFloat, type DType } from '../base/dtype';

/** Primitives of one argument. */
export type Unary =
  | 'neg' | 'abs' | 'sqrt' | 'floor' | 'ceil' | 'round' | 'trunc'
  | 'exp' | 'exp2' | 'expm1' | 'log' | 'log2' | 'log10' | 'log1p' | 'sigmoid'
  | 'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'tanh' | 'asinh' | 'acosh' | 'atanh'
  | 'erf' | 'erfc' | 'erfinv' | 'lgamma' | 'digamma' | 'bitwiseNot'; // prettier-ignore

/** Primitives of two arguments of one dtype. */
export type Binary =
  | 'add' | 'sub' | 'mul' | 'div' | 'floorDivide' | 'truncDivide' | 'remainder' | 'fmod' | 'pow'
  | 'maximum' | 'minimum' | 'atan2' | 'hypot' | 'copysign' | 'polygamma'
  | 'bitwiseAnd' | 'bitwiseOr' | 'bitwiseXor'; // prettier-ignore

/** Primitives of two arguments of one dtype that give bool. */
export type Comparison = 'eq' | 'ne' | 'lt' | 'le';

/** `where`(bool, a, b) chooses; `uniform`(index, seed, seed) draws a float32 in [0, 1) from three int32. */
export type Ternary = 'where' | 'uniform';

export type Primitive = Unary | Binary | Comparison | Ternary;

interface Node {
  /** Number of the expression, in order of creation. */
  readonly id: number;
  readonly dtype: DType;
}

/** Element of the input with this number. */
export interface InputNode extends Node {
  readonly kind: 'input';
  readonly index: number;
}

/** A number given with each call, so that programs do not depend on its value. */
export interface ScalarNode extends Node {
  readonly kind: 'scalar';
  readonly index: number;
}

/** A number that belongs to the formula. */
export interface ConstantNode extends Node {
  readonly kind: 'constant';
  readonly value: number;
}

/** Position of the element in row-major order, int32 modulo 2^32. */
export interface IndexNode extends Node {
  readonly kind: 'index';
}

/** Conversion; floats are truncated towards zero, bool is whether x differs from 0. */
export interface CastNode extends Node {
  readonly kind: 'cast';
  readonly x: Expression;
}

export interface ApplyNode extends Node {
  readonly kind: 'apply';
  readonly primitive: Primitive;
  readonly args: readonly Expression[];
}

export type Expression = InputNode | ScalarNode | ConstantNode | IndexNode | CastNode | ApplyNode;

const interned = new Map<string, Expression>();

/** The one expression of this structure; `make` is called the first time. */
function intern(key: string, make: (id: number) => Expression): Expression {
  let node = interned.get(key);
  if (node === undefined) {
    node = make(interned.size);
    interned.set(key, node);
  }
  return node;
}

// ---- leaves -------------------------------------------------------------------------------------

/** Element of input number `index`. */
export const input = (index: number, dtype: DType): Expression =>
  intern(`input ${index} ${dtype}`, (id) => ({ kind: 'input', id, dtype, index }));

/** Scalar number `index` of the call, as a `dtype`; as a bool whether it differs from 0. */
export const scalar = (index: number, dtype: DType): Expression =>
  dtype === 'bool'
    ? cast('bool', scalar(index, 'float32'))
    : intern(`scalar ${index} ${dtype}`, (id) => ({ kind: 'scalar', id, dtype, index }));

/** A constant of the formula. */
export const constant = (value: number, dtype: DType): Expression =>
  intern(`constant ${Object.is(value, -0) ? '-0' : value} ${dtype}`, (id) => ({ kind: 'constant', id, dtype, value }));

/** A constant of the dtype of `x`. */
export const constantLike = (x: Expression, value: number): Expression => constant(value, x.dtype);

/** Row-major position of the element, int32. */
export const index = (): Expression => intern('index', (id) => ({ kind: 'index', id, dtype: 'int32' }));

// ---- conversion and application -----------------------------------------------------------------

/** x converted to `dtype`; x itself if it has it. */
export function cast(dtype: DType, x: Expression): Expression {
  if (x.dtype === dtype) return x;
  if (x.kind === 'constant' && dtype !== 'bool') return constant(x.value, dtype);
  return intern(`cast ${dtype} ${x.id}`, (id) => ({ kind: 'cast', id, dtype, x }));
}

const COMPARISONS: ReadonlySet<string> = new Set<Comparison>(['eq', 'ne', 'lt', 'le']);

function resultOf(primitive: Primitive, args: readonly Expression[]): DType {
  if (primitive === 'uniform') return 'float32';
  const [first, last] = [args[0], args[args.length - 1]];
  const same = primitive === 'where' ? args.slice(1) : args;
  if (!same.every((x) => x.dtype === last.dtype) || (primitive === 'where' && first.dtype !== 'bool')) {
    throw new Error(`internal: ${primitive} of ${args.map((x) => x.dtype).join(', ')}`);
  }
  return COMPARISONS.has(primitive) ? 'bool' : last.dtype;
}

/** The primitive applied to arguments that have the right dtypes already. */
export function apply(primitive: Primitive, ...args: Expression[]): Expression {
  const key = `${primitive} ${args.map((x) => x.id).join(' ')}`;
  return intern(key, (id) => ({ kind: 'apply', id, dtype: resultOf(primitive, args), primitive, args }));
}

const isConstant = (x: Expression, value: number): boolean => x.kind === 'constant' && x.value === value;

// ---- arithmetic, with the simplifications that derived gradients need ---------------------------------

/** a + b. */
export const add = (a: Expression, b: Expression): Expression => apply('add', a, b);
/** a - b. */
export const sub = (a: Expression, b: Expression): Expression => apply('sub', a, b);
/** a / b of floats. */
export const div = (a: Expression, b: Expression): Expression => (isConstant(b, 1) ? a : apply('div', a, b));

/** a b. */
export function mul(a: Expression, b: Expression): Expression {
  if (isConstant(a, 1)) return b;
  if (isConstant(b, 1)) return a;
  if (isConstant(a, -1)) return neg(b);
  if (isConstant(b, -1)) return neg(a);
  return apply('mul', a, b);
}

/** -x. */
export function neg(x: Expression): Expression {
  if (x.kind === 'apply' && x.primitive === 'neg') return x.args[0];
  return x.kind === 'constant' ? constant(-x.value, x.dtype) : apply('neg', x);
}

/** 1 / x of a float. */
export const reciprocal = (x: Expression): Expression => div(constantLike(x, 1), x);
/** x². */
export const square = (x: Expression): Expression => mul(x, x);

/** a where c holds, else b; values of the branch not taken are dropped, NaN included. */
export const where = (c: Expression, a: Expression, b: Expression): Expression =>
  a === b ? a : apply('where', c, a, b);

// ---- comparison and logic -----------------------------------------------------------------------------

/** a = b. */
export const eq = (a: Expression, b: Expression): Expression => apply('eq', a, b);
/** a ≠ b; holds if one is NaN. */
export const ne = (a: Expression, b: Expression): Expression => apply('ne', a, b);
/** a < b. */
export const lt = (a: Expression, b: Expression): Expression => apply('lt', a, b);
/** a ≤ b. */
export const le = (a: Expression, b: Expression): Expression => apply('le', a, b);
/** a > b. */
export const gt = (a: Expression, b: Expression): Expression => lt(b, a);
/** a ≥ b. */
export const ge = (a: Expression, b: Expression): Expression => le(b, a);
/** The contrary of a bool. */
export const not = (a: Expression): Expression => eq(a, constantLike(a, 0));
/** Whether x is NaN. */
export const isNaN = (x: Expression): Expression => ne(x, x);

const unary =
  (primitive: Unary) =>
  (x: Expression): Expression =>
    apply(primitive, x);
const binary =
  (primitive: Binary) =>
  (a: Expression, b: Expression): Expression =>
    apply(primitive, a, b);

// ---- functions of one argument ------------------------------------------------------------------------------

/** |x|. */
export const abs = unary('abs');
/** Square root. */
export const sqrt = unary('sqrt');
/** Greatest integer ≤ x. */
export const floor = unary('floor');
/** Least integer ≥ x. */
export const ceil = unary('ceil');
/** Nearest integer, the even one of two. */
export const round = unary('round');
/** x without its fraction. */
export const trunc = unary('trunc');
/** e^x. */
export const exp = unary('exp');
/** 2^x. */
export const exp2 = unary('exp2');
/** e^x - 1, exact near 0. */
export const expm1 = unary('expm1');
/** Natural logarithm. */
export const log = unary('log');
/** Logarithm to base 2. */
export const log2 = unary('log2');
/** Logarithm to base 10. */
export const log10 = unary('log10');
/** log(1 + x), exact near 0. */
export const log1p = unary('log1p');
/** 1 / (1 + e^-x). */
export const sigmoid = unary('sigmoid');
/** Sine. */
export const sin = unary('sin');
/** Cosine. */
export const cos = unary('cos');
/** Tangent. */
export const tan = unary('tan');
/** Inverse sine. */
export const asin = unary('asin');
/** Inverse cosine. */
export const acos = unary('acos');
/** Inverse tangent. */
export const atan = unary('atan');
/** Hyperbolic sine. */
export const sinh = unary('sinh');
/** Hyperbolic cosine. */
export const cosh = unary('cosh');
/** Hyperbolic tangent. */
export const tanh = unary('tanh');
/** Inverse hyperbolic sine. */
export const asinh = unary('asinh');
/** Inverse hyperbolic cosine. */
export const acosh = unary('acosh');
/** Inverse hyperbolic tangent. */
export const atanh = unary('atanh');
/** Error function. */
export const erf = unary('erf');
/** 1 - erf(x), exact for large x. */
export const erfc = unary('erfc');
/** Inverse of erf. */
export const erfinv = unary('erfinv');
/** log |Γ(x)|. */
export const lgamma = unary('lgamma');
/** Derivative of lgamma. */
export const digamma = unary('digamma');
/** Every bit of an integer turned; the contrary of a bool. */
export const bitwiseNot = (x: Expression): Expression => (x.dtype === 'bool' ? not(x) : apply('bitwiseNot', x));

/** -1, 0 or 1; 0 for NaN. */
export function sign(x: Expression): Expression {
  const zero = constantLike(x, 0);
  return sub(cast(x.dtype, gt(x, zero)), cast(x.dtype, lt(x, zero)));
}

// ---- functions of two arguments ------------------------------------------------------------------------------

/** Quotient rounded down. */
export const floorDivide = binary('floorDivide');
/** Quotient rounded towards zero. */
export const truncDivide = (a: Expression, b: Expression): Expression =>
  isFloat(a.dtype) ? trunc(div(a, b)) : apply('truncDivide', a, b);
/** a - b floorDivide(a, b): the sign of b. */
export const remainder = binary('remainder');
/** a - b truncDivide(a, b): the sign of a. */
export const fmod = binary('fmod');
/** a^b. */
export const pow = binary('pow');
/** The greater; NaN if one is. */
export const maximum = binary('maximum');
/** The lesser; NaN if one is. */
export const minimum = binary('minimum');
/** Angle of the point (b, a). */
export const atan2 = binary('atan2');
/** √(a² + b²) without overflow. */
export const hypot = binary('hypot');
/** |a| with the sign of b. */
export const copysign = binary('copysign');
/** Derivative number `n` of digamma; n is a whole number ≥ 1. */
export const polygamma = (n: number, x: Expression): Expression => apply('polygamma', constantLike(x, n), x);
/** Bits of both; both of two bools. */
export const bitwiseAnd = binary('bitwiseAnd');
/** Bits of either. */
export const bitwiseOr = binary('bitwiseOr');
/** Bits of one only. */
export const bitwiseXor = binary('bitwiseXor');

/**
 * Uniform in [0, 1) with 24 bits, float32: a function of the element's position and two int32 seeds alone, so it is
 * the same however the work is cut, on every device, and when it is evaluated again. The seeds must be the same for
 * all elements (scalars).
 */
export const uniform = (seed: Expression, stream: Expression): Expression => apply('uniform', index(), seed, stream);

// ---- walking and rebuilding -----------------------------------------------------------------------------

/** What an expression is made of directly. */
export function operands(x: Expression): readonly Expression[] {
  if (x.kind === 'apply') return x.args;
  return x.kind === 'cast' ? [x.x] : [];
}

/** Every expression that `roots` are made of, themselves included, once each and after its operands. */
export function topological(roots: readonly Expression[]): readonly Expression[] {
  const seen = new Set<Expression>();
  const order: Expression[] = [];
  const visit = (x: Expression): void => {
    if (seen.has(x)) return;
    seen.add(x);
    operands(x).forEach(visit);
    order.push(x);
  };
  roots.forEach(visit);
  return order;
}

/** Numbers of the inputs that `roots` read, ascending. */
export function inputsOf(roots: readonly Expression[]): readonly number[] {
  const numbers = topological(roots).flatMap((x) => (x.kind === 'input' ? [x.index] : []));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** `root` with expressions exchanged: where `exchange` gives one, it stands instead. */
export function substitute(root: Expression, exchange: (x: Expression) => Expression | undefined): Expression {
  const known = new Map<Expression, Expression>();
  const visit = (x: Expression): Expression => {
    let result = known.get(x) ?? exchange(x);
    if (result === undefined) {
      if (x.kind === 'apply') result = apply(x.primitive, ...x.args.map(visit));
      else result = x.kind === 'cast' ? cast(x.dtype, visit(x.x)) : x;
    }
    known.set(x, result);
    return result;
  };
  return visit(root);
}
