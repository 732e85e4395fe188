// Comparisons, logic, choices and bounds: rows as in arithmetic.ts.
import type { Arguments } from '../../base/arguments';
import { isFloat } from '../../base/dtype';
import { FLAG, NUMBER } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { KindError, ShapeError, ValueError } from '../../base/errors';
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';
import { INPUT, OPERAND, OTHER, TENSOR } from '../../core/kinds';
import {
  binary, ofTwo, PointwiseOperation, unary, withInPlace, type Operand, type InPlaceForm,
} from '../../core/pointwiseFunctions'; // prettier-ignore
import { finfo } from '../../base/dtypeInfo';
import { formatShape } from '../../base/shape';
import { Tensor } from '../../core/tensor';

const like = e.constantLike;

// ---- comparison: bool results ---------------------------------------------------------------------------

/** a = b. @see torch.eq */
export const eq = binary('eq', 'common', e.eq, { compares: true });
/** a ≠ b. @see torch.ne */
export const ne = binary('ne', 'common', e.ne, { compares: true });
/** a < b. @see torch.lt */
export const lt = binary('lt', 'common', e.lt, { compares: true });
/** a ≤ b. @see torch.le */
export const le = binary('le', 'common', e.le, { compares: true });
/** a > b. @see torch.gt */
export const gt = binary('gt', 'common', e.gt, { compares: true });
/** a ≥ b. @see torch.ge */
export const ge = binary('ge', 'common', e.ge, { compares: true });

/** |x| = ∞; integers never are. */
const infinite = (x: Expression): Expression => (isFloat(x.dtype) ? e.eq(e.abs(x), like(x, Infinity)) : e.isNaN(x));

/** Whether x is NaN. @see torch.isnan */
export const isnan = unary('isnan', 'common', e.isNaN);
/** Whether x is infinite. @see torch.isinf */
export const isinf = unary('isinf', 'common', infinite);
/** Whether x is ∞. @see torch.isposinf */
export const isposinf = unary('isposinf', 'common', (x) => e.bitwiseAnd(infinite(x), e.gt(x, like(x, 0))));
/** Whether x is -∞. @see torch.isneginf */
export const isneginf = unary('isneginf', 'common', (x) => e.bitwiseAnd(infinite(x), e.lt(x, like(x, 0))));
/** Whether x is neither infinite nor NaN. @see torch.isfinite */
export const isfinite = unary('isfinite', 'common', (x) => e.not(e.bitwiseOr(e.isNaN(x), infinite(x))));

/** How far apart `isclose` lets numbers be. */
export interface IscloseOptions {
  rtol?: number;
  atol?: number;
  equalNan?: boolean;
}

const ISCLOSE = new PointwiseOperation({
  name: 'isclose',
  promotion: 'common',
  alike: true,
  compares: true,
  formula: ([a, b], scalar) => {
    const nan = e.bitwiseAnd(e.cast('bool', scalar(2)), e.bitwiseAnd(e.isNaN(a), e.isNaN(b)));
    const equal = e.bitwiseOr(e.eq(a, b), nan);
    if (!isFloat(a.dtype)) return e.bitwiseOr(equal, integersClose(a, b, scalar));
    const allowed = e.add(scalar(1), e.mul(scalar(0), e.abs(b)));
    const finite = e.lt(e.abs(b), like(b, Infinity));
    return e.bitwiseOr(equal, e.bitwiseAnd(finite, e.le(e.abs(e.sub(a, b)), allowed)));
  },
});

/** Tolerances are floats, also between integers. */
function integersClose(a: Expression, b: Expression, scalar: (i: number, dtype: 'float64') => Expression): Expression {
  const [x, y] = [e.cast('float64', a), e.cast('float64', b)];
  return e.le(e.abs(e.sub(x, y)), e.add(scalar(1, 'float64'), e.mul(scalar(0, 'float64'), e.abs(y))));
}

/** @internal Arguments of `isclose`. */
export const CLOSE = signature('isclose', [
  INPUT, OTHER, argument('rtol', NUMBER, 1e-5), argument('atol', NUMBER, 1e-8), argument('equalNan', FLAG, false),
]); // prettier-ignore

/** |a - b| ≤ atol + rtol |b|. @throws DTypeError unless both have one dtype. @see torch.isclose */
export const isclose: (
  a: Tensor,
  b: Tensor,
  ...args: Arguments<[], [rtol?: number, atol?: number, equalNan?: boolean], IscloseOptions>
) => Tensor = taking(CLOSE, (a, b, rtol, atol, equalNan) => {
  if (!(rtol >= 0 && atol >= 0)) {
    throw new ValueError('isclose', `rtol and atol must be at least 0, got ${rtol} and ${atol}.`);
  }
  return ISCLOSE.apply([a, b], [rtol, atol, Number(equalNan)]);
});

// ---- logic ------------------------------------------------------------------------------------------------

/** Whether both differ from 0. @see torch.logical_and */
export const logicalAnd = binary('logicalAnd', 'bool', e.bitwiseAnd);
/** Whether either differs from 0. @see torch.logical_or */
export const logicalOr = binary('logicalOr', 'bool', e.bitwiseOr);
/** Whether one only differs from 0. @see torch.logical_xor */
export const logicalXor = binary('logicalXor', 'bool', e.bitwiseXor);
/** Whether x is 0. @see torch.logical_not */
export const logicalNot = unary('logicalNot', 'bool', e.not);
/** Bits of both. @see torch.bitwise_and */
export const bitwiseAnd = binary('bitwiseAnd', 'common', e.bitwiseAnd, { accepts: 'integers' });
/** Bits of either. @see torch.bitwise_or */
export const bitwiseOr = binary('bitwiseOr', 'common', e.bitwiseOr, { accepts: 'integers' });
/** Bits of one only. @see torch.bitwise_xor */
export const bitwiseXor = binary('bitwiseXor', 'common', e.bitwiseXor, { accepts: 'integers' });
/** Every bit turned; the contrary of a bool. @see torch.bitwise_not */
export const bitwiseNot = unary('bitwiseNot', 'common', e.bitwiseNot, { accepts: 'integers' });

// ---- choice -----------------------------------------------------------------------------------------------

const WHERE = new PointwiseOperation({
  name: 'where',
  promotion: 'choice',
  formula: ([condition, a, b]) => e.where(condition, a, b),
});

const WHERE_ARGUMENTS = signature('where', [
  argument('condition', TENSOR),
  argument('input', OPERAND),
  argument('other', OPERAND),
]);

/** a where the condition holds, else b; gradients go to the one chosen. @see torch.where */
export const where: (
  condition: Tensor,
  ...args: Arguments<
    [input: Operand, other: Operand],
    [],
    { input: Operand; other: Operand },
    [input: Operand, options: { other: Operand }]
  >
) => Tensor = taking(WHERE_ARGUMENTS, (condition, a, b) => WHERE.apply([condition, a, b]));

const MASKED_FILL = new PointwiseOperation({
  name: 'maskedFill',
  promotion: 'masked',
  formula: ([x, mask, value]) => e.where(mask, value, x),
});

/** @throws ShapeError for a tensor with dimensions */
function single(value: Operand): Operand {
  if (!(value instanceof Tensor) || value.ndim === 0) return value;
  throw new ShapeError(
    'maskedFill',
    `value must be a number or a tensor without dimensions, got shape ${formatShape(value.shape)}. Use where.`,
    { shape: value.shape },
  );
}

const MASKED_FILL_ARGUMENTS = signature('maskedFill', [INPUT, argument('mask', TENSOR), argument('value', OPERAND)]);

type MaskedFillArguments = Arguments<
  [mask: Tensor, value: Operand],
  [],
  { mask: Tensor; value: Operand },
  [mask: Tensor, options: { value: Operand }]
>;

/** `value` where the mask holds, else x. @see torch.Tensor.masked_fill */
export const maskedFill: ((x: Tensor, ...args: MaskedFillArguments) => Tensor) & InPlaceForm<MaskedFillArguments> =
  withInPlace(
    MASKED_FILL_ARGUMENTS,
    (x, mask, value) => MASKED_FILL.apply([x, mask, single(value)]),
    (x, mask, value) => MASKED_FILL.applyInPlace(x, [mask, single(value)]),
  );

// ---- bounds -----------------------------------------------------------------------------------------------

/** The greater; NaN if one is; ties share the gradient. @see torch.maximum */
export const maximum = binary('maximum', 'common', e.maximum, { compares: true });
/** The lesser; NaN if one is; ties share the gradient. @see torch.minimum */
export const minimum = binary('minimum', 'common', e.minimum, { compares: true });

/** `f` of two numbers, or the other one if one is NaN. */
const passingNaN =
  (f: (a: Expression, b: Expression) => Expression) =>
  (a: Expression, b: Expression): Expression =>
    isFloat(a.dtype) ? e.where(e.isNaN(a), b, e.where(e.isNaN(b), a, f(a, b))) : f(a, b);

/** The gradient goes to the first of equals. */
const choosing =
  (first: (a: Expression, b: Expression) => Expression) =>
  (grad: Expression, [a, b]: readonly Expression[]): readonly Expression[] => {
    const isFirst = e.bitwiseOr(first(a, b), e.isNaN(b));
    return [e.where(isFirst, grad, like(grad, 0)), e.where(isFirst, like(grad, 0), grad)];
  };

/** The greater; of a number and NaN the number. @see torch.fmax */
export const fmax = binary('fmax', 'common', passingNaN(e.maximum), { compares: true, gradient: choosing(e.ge) });
/** The lesser; of a number and NaN the number. @see torch.fmin */
export const fmin = binary('fmin', 'common', passingNaN(e.minimum), { compares: true, gradient: choosing(e.le) });

/** 0 below 0, 1 above, `values` at 0. @see torch.heaviside */
export const heaviside = ofTwo(
  new PointwiseOperation({
    name: 'heaviside',
    promotion: 'common',
    alike: true,
    formula: ([x, values]) => e.where(e.eq(x, like(x, 0)), values, e.cast(x.dtype, e.gt(x, like(x, 0)))),
  }),
  'values',
);

/** A bound of `clamp`: at it the gradient still goes to x; beyond it to the bound. */
function clamping(
  name: string,
  join: (x: Expression, bound: Expression) => Expression,
  within: typeof e.ge,
  beyond: typeof e.ge,
): PointwiseOperation {
  return new PointwiseOperation({
    name,
    promotion: 'common',
    compares: true,
    formula: ([x, bound]) => join(x, bound),
    gradient: (grad, [x, bound]) => [within, beyond].map((reached) => e.where(reached(x, bound), grad, like(grad, 0))),
  });
}

const CLAMP_MIN = clamping('clampMin', e.maximum, e.ge, e.lt);
const CLAMP_MAX = clamping('clampMax', e.minimum, e.le, e.gt);
const CLAMP = new PointwiseOperation({
  name: 'clamp',
  promotion: 'common',
  compares: true,
  formula: ([x, min, max]) => e.minimum(e.maximum(x, min), max),
  // Where the bounds cross, max wins.
  gradient: (grad, [x, min, max]) => {
    const zero = like(grad, 0);
    const below = e.lt(x, min);
    const crossed = e.lt(max, min);
    const above = e.gt(x, max);
    const inside = e.bitwiseAnd(e.ge(x, min), e.le(x, max));
    return [
      e.where(inside, grad, zero),
      e.where(e.bitwiseAnd(below, e.not(crossed)), grad, zero),
      e.where(e.bitwiseOr(above, e.bitwiseAnd(below, crossed)), grad, zero),
    ];
  },
});

/** x, not below `min`. @see torch.clamp_min */
export const clampMin = ofTwo(CLAMP_MIN, 'min');
/** x, not above `max`. @see torch.clamp_max */
export const clampMax = ofTwo(CLAMP_MAX, 'max');

/** Bounds of `clamp`; one may be absent. */
export interface ClampOptions {
  min?: Operand | null;
  max?: Operand | null;
}

/** The operation and its operands behind x. */
function clampParts(min: Operand | null, max: Operand | null): [operation: PointwiseOperation, bounds: Operand[]] {
  if (min !== null && max !== null) return [CLAMP, [min, max]];
  if (min !== null) return [CLAMP_MIN, [min]];
  if (max !== null) return [CLAMP_MAX, [max]];
  throw new KindError('clamp', 'one of min and max must be given, got neither.');
}

type Bounds = Arguments<[], [min?: Operand | null, max?: Operand | null], ClampOptions>;
const CLAMP_ARGUMENTS = signature('clamp', [INPUT, argument('min', OPERAND, null), argument('max', OPERAND, null)]);

/**
 * x within [min, max]; bounds are numbers or tensors. The gradient passes on the bounds themselves.
 * @example clamp(x, 0, 1); clamp(x, { max: 6 })
 * @see torch.clamp
 */
export const clamp: ((x: Tensor, ...bounds: Bounds) => Tensor) & InPlaceForm<Bounds> = withInPlace(
  CLAMP_ARGUMENTS,
  (x, min, max) => {
    const [operation, operands] = clampParts(min, max);
    return operation.apply([x, ...operands]);
  },
  (x, min, max) => {
    const [operation, operands] = clampParts(min, max);
    return operation.applyInPlace(x, operands);
  },
);

const NAN_TO_NUM = new PointwiseOperation({
  name: 'nanToNum',
  promotion: 'common',
  formula: ([x], scalar) => {
    if (!isFloat(x.dtype)) return x;
    const high = e.where(e.eq(x, like(x, Infinity)), scalar(1), x);
    return e.where(e.isNaN(x), scalar(0), e.where(e.eq(x, like(x, -Infinity)), scalar(2), high));
  },
});

/** What `nanToNum` writes; infinities become the greatest finite numbers unless given. */
export interface NanToNumOptions {
  nan?: number;
  posinf?: number | null;
  neginf?: number | null;
}

function replacements({ dtype }: Tensor, nan: number, posinf: number | null, neginf: number | null): number[] {
  const greatest = isFloat(dtype) ? finfo(dtype).max : 0;
  return [nan, posinf ?? greatest, neginf ?? -greatest];
}

type NanToNumArguments = Arguments<[], [nan?: number, posinf?: number | null, neginf?: number | null], NanToNumOptions>;
const NAN_TO_NUM_ARGUMENTS = signature('nanToNum', [
  INPUT,
  argument('nan', NUMBER, null),
  argument('posinf', NUMBER, null),
  argument('neginf', NUMBER, null),
]);

/** x with NaN and infinities replaced. @see torch.nan_to_num */
export const nanToNum: ((x: Tensor, ...args: NanToNumArguments) => Tensor) & InPlaceForm<NanToNumArguments> =
  withInPlace(
    NAN_TO_NUM_ARGUMENTS,
    (x, nan, posinf, neginf) => NAN_TO_NUM.apply([x], replacements(x, nan ?? 0, posinf, neginf)),
    (x, nan, posinf, neginf) => NAN_TO_NUM.applyInPlace(x, [], replacements(x, nan ?? 0, posinf, neginf)),
  );
