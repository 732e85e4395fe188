// Sets of values: where parameters may lie, and where samples do. `check` says it for each element, or each event.
import { methodsTake, argument, signature, taking } from '../base/signature';
import { COUNT, FLAG, INTEGER, instanceOf } from '../base/kinds';
import { OPERAND, TENSOR } from '../core/kinds';
import type { Operand } from '../core/pointwise';
import { Tensor } from '../core/tensor';
import { choleskyEx } from '../ops/linalg';

/** What a constraint is made of. */
interface ConstraintParts {
  /** As it prints. */
  readonly name: string;
  /** For messages: 'above 0'. */
  readonly expected: string;
  readonly test: (x: Tensor) => Tensor;
  /** The same for a number that the page knows, where it can tell. */
  readonly holds?: ((x: number) => boolean) | undefined;
  readonly isDiscrete?: boolean;
  /** Dimensions of one event; `test` gives one answer for each. */
  readonly eventDim?: number;
}

/** A set of values, of one number or, with an `eventDim`, of vectors and matrices. @see torch.distributions.constraints.Constraint */
export class Constraint {
  static readonly name: string = 'Constraint';

  static {
    methodsTake(this, signature('check', [argument('value', TENSOR)]));
  }

  /** @internal Made by the functions of this file. */
  constructor(private readonly parts: ConstraintParts) {}

  /** For messages: what a value must be. */
  get expected(): string {
    return this.parts.expected;
  }
  /** Whether the values are whole numbers. */
  get isDiscrete(): boolean {
    return this.parts.isDiscrete ?? false;
  }
  /** Dimensions of one event. */
  get eventDim(): number {
    return this.parts.eventDim ?? 0;
  }

  /** @internal Whether each of some numbers that the page knows lies in the set; true where only the device can tell. */
  holdsAll(values: readonly number[]): boolean {
    const { holds } = this.parts;
    return holds === undefined || values.every(holds);
  }

  /** Whether each event of `value` lies in the set. Shape: [*, event] -> [*], bool. */
  check(value: Tensor): Tensor {
    return this.parts.test(value);
  }

  /** Its description. */
  toString(): string {
    return this.parts.name;
  }
}

const shown = (x: Operand): string => (x instanceof Tensor ? `a tensor ${JSON.stringify(x.shape)}` : String(x));
const isWhole = (x: Tensor): Tensor => x.remainder(1).eq(0);

/** A test of numbers with bounds that are numbers. */
const within = (low: Operand, high: Operand, test: (x: number, low: number, high: number) => boolean) =>
  low instanceof Tensor || high instanceof Tensor
    ? undefined
    : (x: number): boolean => test(x, Number(low), Number(high));

/** NaN is none. */
export const real = new Constraint({
  name: 'Real()',
  expected: 'a real number',
  test: (x) => x.eq(x),
  holds: (x) => !Number.isNaN(x),
});
/** 0 or 1. */
export const boolean = new Constraint({
  name: 'Boolean()',
  expected: '0 or 1',
  test: (x) => x.eq(0).logicalOr(x.eq(1)),
  holds: (x) => x === 0 || x === 1,
  isDiscrete: true,
});

const BOUNDS = [argument('lowerBound', OPERAND), argument('upperBound', OPERAND)] as const;

/** lowerBound ≤ x ≤ upperBound. */
export const interval: (lowerBound: Operand, upperBound: Operand) => Constraint = taking(
  signature('interval', BOUNDS),
  (low, high) =>
    new Constraint({
      name: `Interval(lower_bound=${shown(low)}, upper_bound=${shown(high)})`,
      expected: `at least ${shown(low)} and at most ${shown(high)}`,
      test: (x) => x.ge(low).logicalAnd(x.le(high)),
      holds: within(low, high, (x, a, b) => x >= a && x <= b),
    }),
);
/** lowerBound ≤ x < upperBound. */
export const halfOpenInterval: (lowerBound: Operand, upperBound: Operand) => Constraint = taking(
  signature('halfOpenInterval', BOUNDS),
  (low, high) =>
    new Constraint({
      name: `HalfOpenInterval(lower_bound=${shown(low)}, upper_bound=${shown(high)})`,
      expected: `at least ${shown(low)} and below ${shown(high)}`,
      test: (x) => x.ge(low).logicalAnd(x.lt(high)),
      holds: within(low, high, (x, a, b) => x >= a && x < b),
    }),
);
/** Whole numbers from lowerBound to upperBound, both among them. */
export const integerInterval: (lowerBound: Operand, upperBound: Operand) => Constraint = taking(
  signature('integerInterval', BOUNDS),
  (low, high) =>
    new Constraint({
      name: `IntegerInterval(lower_bound=${shown(low)}, upper_bound=${shown(high)})`,
      expected: `a whole number from ${shown(low)} to ${shown(high)}`,
      test: (x) => isWhole(x).logicalAnd(x.ge(low)).logicalAnd(x.le(high)),
      holds: within(low, high, (x, a, b) => Number.isInteger(x) && x >= a && x <= b),
      isDiscrete: true,
    }),
);
const LOWER = [argument('lowerBound', OPERAND)] as const;
/** x > lowerBound. */
export const greaterThan: (lowerBound: Operand) => Constraint = taking(
  signature('greaterThan', LOWER),
  (low) =>
    new Constraint({
      name: `GreaterThan(lower_bound=${shown(low)})`,
      expected: `above ${shown(low)}`,
      test: (x) => x.gt(low),
      holds: within(low, 0, (x, a) => x > a),
    }),
);
/** x ≥ lowerBound. */
export const greaterThanEq: (lowerBound: Operand) => Constraint = taking(
  signature('greaterThanEq', LOWER),
  (low) =>
    new Constraint({
      name: `GreaterThanEq(lower_bound=${shown(low)})`,
      expected: `at least ${shown(low)}`,
      test: (x) => x.ge(low),
      holds: within(low, 0, (x, a) => x >= a),
    }),
);
/** x < upperBound. */
export const lessThan: (upperBound: Operand) => Constraint = taking(
  signature('lessThan', [argument('upperBound', OPERAND)]),
  (high) =>
    new Constraint({
      name: `LessThan(upper_bound=${shown(high)})`,
      expected: `below ${shown(high)}`,
      test: (x) => x.lt(high),
      holds: within(0, high, (x, _a, b) => x < b),
    }),
);

/** Above 0. */
export const positive = greaterThan(0);
/** 0 or more. */
export const nonnegative = greaterThanEq(0);
/** From 0 to 1. */
export const unitInterval = interval(0, 1);
const wholeFrom = (least: number): Constraint =>
  new Constraint({
    name: `IntegerGreaterThan(lower_bound=${least})`,
    expected: `a whole number of at least ${least}`,
    test: (x) => isWhole(x).logicalAnd(x.ge(least)),
    holds: (x) => Number.isInteger(x) && x >= least,
    isDiscrete: true,
  });
/** Whole numbers, 0 or more. */
export const nonnegativeInteger = wholeFrom(0);
/** Whole numbers, 1 or more. */
export const positiveInteger = wholeFrom(1);

const INDEPENDENT = signature('independent', [
  argument('baseConstraint', instanceOf('a constraint', Constraint)),
  argument('reinterpretedBatchNdims', COUNT),
]);

/** Events of more dimensions, all of whose parts lie in the set. */
export const independent: (baseConstraint: Constraint, reinterpretedBatchNdims: number) => Constraint = taking(
  INDEPENDENT,
  (base, n) =>
    new Constraint({
      name: `IndependentConstraint(${String(base)}, ${n})`,
      expected: `${base.expected} in each element`,
      test: (x) => {
        const each = base.check(x);
        return n === 0 ? each : each.flatten(each.ndim - n, -1).all(-1);
      },
      holds: (x) => base.holdsAll([x]),
      isDiscrete: base.isDiscrete,
      eventDim: base.eventDim + n,
    }),
);
/** Real vectors along the last dimension. */
export const realVector = independent(real, 1);

/** Numbers of at least 0 whose sum is 1. */
export const simplex = new Constraint({
  name: 'Simplex()',
  expected: 'numbers of at least 0 that add up to 1',
  test: (x) => x.ge(0).all(-1).logicalAnd(x.sum(-1).sub(1).abs().lt(1e-6)),
  eventDim: 1,
});
/** A 1 among zeros. */
export const oneHot = new Constraint({
  name: 'OneHot()',
  expected: 'one 1 among zeros',
  test: (x) => boolean.check(x).all(-1).logicalAnd(x.sum(-1).eq(1)),
  isDiscrete: true,
  eventDim: 1,
});
/** Counts whose sum is upperBound. */
export const multinomial: (upperBound: number) => Constraint = taking(
  signature('multinomial', [argument('upperBound', INTEGER)]),
  (count) =>
    new Constraint({
      name: `Multinomial(upper_bound=${count})`,
      expected: `counts that add up to ${count}`,
      test: (x) => x.ge(0).all(-1).logicalAnd(x.sum(-1).le(count)),
      isDiscrete: true,
      eventDim: 1,
    }),
);

const everywhere = (x: Tensor): Tensor => x.flatten(-2, -1).all(-1);
/** Zeros above the diagonal. */
export const lowerTriangular = new Constraint({
  name: 'LowerTriangular()',
  expected: 'a lower triangle',
  test: (x) => everywhere(x.tril().eq(x)),
  eventDim: 2,
});
/** Such a matrix with a positive diagonal. */
export const lowerCholesky = new Constraint({
  name: 'LowerCholesky()',
  expected: 'a lower triangle with a positive diagonal',
  test: (x) => lowerTriangular.check(x).logicalAnd(x.diagonal(0, -2, -1).gt(0).all(-1)),
  eventDim: 2,
});
/** Symmetric matrices. */
export const symmetric = new Constraint({
  name: 'Symmetric()',
  expected: 'a symmetric matrix',
  test: (x) => everywhere(x.isclose(x.mT, { atol: 1e-6 })),
  eventDim: 2,
});
/** Symmetric positive definite matrices. */
export const positiveDefinite = new Constraint({
  name: 'PositiveDefinite()',
  expected: 'a symmetric positive definite matrix',
  test: (x) => symmetric.check(x).logicalAnd(choleskyEx(x).info.eq(0)),
  eventDim: 2,
});

/** An argument that switches checks of parameters and values on or off. */
export const VALIDATE = argument('validateArgs', FLAG, null);
