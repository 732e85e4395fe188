// Derivatives of pointwise expressions: one rule per primitive, and the reverse sweep that joins them. At kinks
// the conventions are PyTorch's. The result is an expression again, so gradients have gradients.
import { isFloat } from '../base/dtype';
import * as e from './expression';
import type { Expression, Primitive } from './expression';

/**
 * From the gradient of y = primitive(args), that of each argument (null if it is zero everywhere). A rule that
 * uses y instead of computing it again makes the op save its output.
 */
type Rule = (grad: Expression, args: readonly Expression[], y: Expression) => readonly (Expression | null)[];

const zeroEverywhere: Rule = (_grad, args) => args.map(() => null);
/** A rule for dy/dx as an expression. */
const times =
  (derivative: (x: Expression, y: Expression) => Expression): Rule =>
  (grad, [x], y) => [e.mul(grad, derivative(x, y))];
/** A rule for dy/dx = 1 / `divisor`. */
const over =
  (divisor: (x: Expression, y: Expression) => Expression): Rule =>
  (grad, [x], y) => [e.div(grad, divisor(x, y))];

const scale = (x: Expression, factor: number): Expression => e.mul(e.constantLike(x, factor), x);
const plus = (x: Expression, summand: number): Expression => e.add(x, e.constantLike(x, summand));
const oneMinus = (x: Expression): Expression => e.sub(e.constantLike(x, 1), x);
const zeroWhere = (condition: Expression, x: Expression): Expression => e.where(condition, e.constantLike(x, 0), x);
const isZero = (x: Expression): Expression => e.eq(x, e.constantLike(x, 0));
/** e^-x². */
const bell = (x: Expression): Expression => e.exp(e.neg(e.square(x)));

/** Ties share the gradient; `loses` says where a gets none. */
const ofExtremum =
  (loses: (a: Expression, b: Expression) => Expression): Rule =>
  (grad, [a, b]) => {
    const share = (x: Expression, other: Expression): Expression =>
      e.where(e.eq(a, b), scale(grad, 0.5), zeroWhere(loses(x, other), grad));
    return [share(a, b), share(b, a)];
  };

const RULES: { readonly [P in Primitive]: Rule } = {
  neg: (grad) => [e.neg(grad)],
  abs: times((x) => e.sign(x)),
  sqrt: over((_x, y) => scale(y, 2)),
  floor: zeroEverywhere,
  ceil: zeroEverywhere,
  round: zeroEverywhere,
  trunc: zeroEverywhere,
  exp: times((_x, y) => y),
  exp2: times((_x, y) => scale(y, Math.LN2)),
  expm1: times((_x, y) => plus(y, 1)),
  log: over((x) => x),
  log2: over((x) => scale(x, Math.LN2)),
  log10: over((x) => scale(x, Math.LN10)),
  log1p: over((x) => plus(x, 1)),
  sigmoid: times((_x, y) => e.mul(oneMinus(y), y)),
  sin: times((x) => e.cos(x)),
  cos: times((x) => e.neg(e.sin(x))),
  tan: times((_x, y) => plus(e.square(y), 1)),
  asin: over((x) => e.sqrt(oneMinus(e.square(x)))),
  acos: over((x) => e.neg(e.sqrt(oneMinus(e.square(x))))),
  atan: over((x) => plus(e.square(x), 1)),
  sinh: times((x) => e.cosh(x)),
  cosh: times((x) => e.sinh(x)),
  tanh: times((_x, y) => oneMinus(e.square(y))),
  asinh: over((x) => e.sqrt(plus(e.square(x), 1))),
  acosh: over((x) => e.sqrt(plus(e.square(x), -1))),
  atanh: over((x) => oneMinus(e.square(x))),
  erf: times((x) => scale(bell(x), 2 / Math.sqrt(Math.PI))),
  erfc: times((x) => scale(bell(x), -2 / Math.sqrt(Math.PI))),
  erfinv: times((_x, y) => scale(e.exp(e.square(y)), Math.sqrt(Math.PI) / 2)),
  lgamma: times((x) => e.digamma(x)),
  digamma: times((x) => e.polygamma(1, x)),
  polygamma: (grad, [order, x]) => {
    if (order.kind !== 'constant') throw new Error('internal: polygamma of a variable order');
    return [null, e.mul(grad, e.polygamma(order.value + 1, x))];
  },
  bitwiseNot: zeroEverywhere,

  add: (grad) => [grad, grad],
  sub: (grad) => [grad, e.neg(grad)],
  mul: (grad, [a, b]) => [e.mul(grad, b), e.mul(grad, a)],
  div: (grad, [a, b]) => [e.div(grad, b), e.neg(e.mul(grad, e.div(e.div(a, b), b)))],
  floorDivide: zeroEverywhere,
  truncDivide: zeroEverywhere,
  remainder: (grad, [a, b]) => [grad, e.neg(e.mul(grad, e.floorDivide(a, b)))],
  fmod: (grad, [a, b]) => [grad, e.neg(e.mul(grad, e.truncDivide(a, b)))],
  // d/da a^0 = 0 even at a = 0, and d/db 0^b = 0 for b ≥ 0, where the formulas give NaN.
  pow: (grad, [a, b], y) => {
    const bothZero = e.bitwiseAnd(isZero(a), e.ge(b, e.constantLike(b, 0)));
    // A power that is finite stands in there, so that its own derivatives are.
    const exponent = e.where(isZero(b), e.constantLike(b, 1), plus(b, -1));
    const byBase = zeroWhere(isZero(b), e.mul(grad, e.mul(b, e.pow(a, exponent))));
    return [byBase, e.mul(grad, zeroWhere(bothZero, e.mul(y, e.log(a))))];
  },
  maximum: ofExtremum(e.lt),
  minimum: ofExtremum(e.gt),
  // y = atan2(a, b):  dy/da = b / (a² + b²),  dy/db = -a / (a² + b²)
  atan2: (grad, [a, b]) => {
    const share = e.div(grad, e.add(e.square(a), e.square(b)));
    return [e.mul(b, share), e.neg(e.mul(a, share))];
  },
  hypot: (grad, [a, b], y) => [e.mul(grad, e.div(a, y)), e.mul(grad, e.div(b, y))],
  copysign: (grad, [a], y) => [e.mul(grad, zeroWhere(isZero(a), e.div(y, a))), null],
  bitwiseAnd: zeroEverywhere,
  bitwiseOr: zeroEverywhere,
  bitwiseXor: zeroEverywhere,

  eq: zeroEverywhere,
  ne: zeroEverywhere,
  lt: zeroEverywhere,
  le: zeroEverywhere,
  where: (grad, [condition]) => {
    const zero = e.constantLike(grad, 0);
    return [null, e.where(condition, grad, zero), e.where(condition, zero, grad)];
  },
  uniform: zeroEverywhere,
};

function rule(node: Expression, grad: Expression, y: Expression): readonly (Expression | null)[] {
  if (node.kind === 'apply') return RULES[node.primitive](grad, node.args, y);
  return node.kind === 'cast' ? [e.cast(node.x.dtype, grad)] : [];
}

/**
 * Gradients of `root` with respect to the leaves `wrt`, given that of root; `output` stands for the value of root
 * where a rule wants it. A leaf that root does not vary with gets a zero constant.
 */
export function differentiate(
  root: Expression,
  wrt: readonly Expression[],
  grad: Expression,
  output: Expression,
): readonly Expression[] {
  const gradients = new Map<Expression, Expression>([[root, grad]]);
  // What is rounded to 16 bits in the end is known by its rounded value, as in PyTorch: the input need not be kept.
  const wide = root.kind === 'cast' && isFloat(root.dtype) && isFloat(root.x.dtype) ? root.x : null;
  const valueOf = (node: Expression): Expression => {
    if (node === root) return output;
    return node === wide ? e.cast(node.dtype, output) : node;
  };
  for (const node of [...e.topological([root])].reverse()) {
    const gradient = gradients.get(node);
    if (gradient === undefined) continue;
    const shares = rule(node, gradient, valueOf(node));
    e.operands(node).forEach((operand, i) => {
      const share = shares[i];
      if (share === null || !isFloat(operand.dtype)) return;
      const known = gradients.get(operand);
      gradients.set(operand, known === undefined ? share : e.add(known, share));
    });
  }
  // A rule of an inner node may have used the whole of root as it stands in the formula.
  const reuse = (x: Expression): Expression | undefined => (x === root ? output : undefined);
  return wrt.map((leaf) => e.substitute(gradients.get(leaf) ?? e.constantLike(leaf, 0), reuse));
}
