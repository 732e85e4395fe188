// Pointwise operations from formulas: promotion of dtypes, one program per combination of operands, gradients by
// symbolic derivation, writing in place. pointwiseFunctions.ts makes functions of them; the table is in ops/ (arithmetic, compare, activation).
import { isGradEnabled } from './graph';
import { differentiate } from '../expression/derivative';
import type { Device, PointwiseProgram, View } from '../device/contract';
import { defaultDType, DTYPES, isFloat, isHalf, resultType, wideDType, type DType } from '../base/dtype';
import { describe } from '../base/errorText';
import { KindError, DTypeError } from '../base/errors';
import { cast, constantLike, input, inputsOf, scalar, substitute, type Expression } from '../expression/expression';
import { apply, applyInPlace, checkSeparate, type GradientThunks, type OpRecord } from './op';
import { broadcastShapes, broadcastStrides, sameShape, type Shape } from '../base/shape';
import { Tensor } from './tensor';

/** What an elementwise operation takes besides tensors: numbers keep the dtype of the tensors where they can. */
export type Operand = Tensor | number | boolean;

/**
 * How operands are converted before the formula sees them:
 * `common` to their result type; `float` to that, or float32 if it is not a float; `bool` each by itself;
 * `choice` the first to bool, `masked` the second, and the others to their result type.
 */
export type Promotion = 'common' | 'float' | 'bool' | 'choice' | 'masked';

/** Scalar number `i` behind the operands, in the dtype that the operands were converted to unless another is asked for. */
export type ScalarOf = (i: number, dtype?: DType) => Expression;

/** A row of the table. */
export interface PointwiseRecord {
  readonly name: string;
  readonly promotion: Promotion;
  /** The operation as an expression of its converted operands. */
  readonly formula: (args: readonly Expression[], scalar: ScalarOf) => Expression;
  /**
   * Gradients of the converted operands (null for zero) where the derived ones would be numerically poor or
   * PyTorch defines others; `y` is the result.
   */
  readonly gradient?: (
    grad: Expression,
    args: readonly Expression[],
    y: Expression,
    scalar: ScalarOf,
  ) => readonly (Expression | null)[];
  /** Which dtypes it is defined for after promotion; all if absent. */
  readonly accepts?: 'integers' | 'floats' | 'numbers';
  /** Whether it compares: numbers are then rounded to the 16-bit floats they are compared with, as in PyTorch (half(0.1) = 0.1). */
  readonly compares?: boolean;
  /** Whether all tensors must have one dtype, as nothing is promoted. */
  readonly alike?: boolean;
}

const ACCEPTS: { readonly [A in NonNullable<PointwiseRecord['accepts']>]: (dtype: DType) => boolean } = {
  integers: (dtype) => !isFloat(dtype),
  floats: isFloat,
  numbers: (dtype) => dtype !== 'bool',
};

/** Tensors of one application; there is always one. */
type Tensors = readonly [Tensor, ...Tensor[]];

type GradientRule = (grad: Expression, y: Expression) => readonly Expression[];

/** The part of a gradient rule that belongs to one input: an operation on some of the saved tensors and the gradient. */
interface Derived {
  /** Of these: the inputs, then the result, then the gradient. */
  readonly uses: readonly number[];
  /** Null if it is the gradient itself. */
  readonly operation: Formula | null;
}

/** An expression over tensors of fixed dtypes, ready to be applied. Gradients are formulas again, so of any order. */
class Formula {
  readonly program: PointwiseProgram;
  private readonly records: (OpRecord<Tensors, readonly number[]> | undefined)[] = [];
  private readonly derived: (Derived | undefined)[] = [];

  /** `rule` gives the gradients of all inputs; without one they are derived. */
  constructor(
    name: string,
    private readonly root: Expression,
    private readonly dtypes: readonly DType[],
    private readonly rule: GradientRule | null = null,
  ) {
    this.program = { name, inputs: dtypes, outputs: [root], outputDTypes: [root.dtype] };
  }

  apply(tensors: readonly Tensor[], scalars: readonly number[]): Tensor {
    checkAny(this.program.name, tensors);
    return apply(this.record(tensors), tensors, scalars);
  }

  /** Writes the result over the first tensor. */
  applyInPlace(tensors: readonly Tensor[], scalars: readonly number[]): Tensor {
    checkAny(this.program.name, tensors);
    return applyInPlace(this.record(tensors), tensors, scalars);
  }

  /** The record for those inputs that need a gradient now, so that only what these use is saved. */
  private record(tensors: Tensors): OpRecord<Tensors, readonly number[]> {
    let needs = 0;
    if (isGradEnabled() && isFloat(this.root.dtype)) {
      for (let i = 0; i < tensors.length; i++) if (tensors[i].requiresGrad) needs |= 1 << i;
    }
    return (this.records[needs] ??= this.makeRecord(needs));
  }

  private makeRecord(needs: number): OpRecord<Tensors, readonly number[]> {
    const { program, dtypes } = this;
    const record = {
      name: program.name,
      shape: (tensors: Tensors) => ({ shape: commonShape(program.name, tensors), dtype: this.root.dtype }),
      forward: (device: Device, tensors: Tensors, [out]: readonly Tensor[], scalars: readonly number[]) => {
        device.run('pointwise', viewsOf(tensors, out.shape), [out], { program, scalars });
      },
    };
    if (needs === 0) return record;
    const inputs = dtypes.map((_, i) => i);
    const needed = inputs.filter((i) => (needs >>> i) & 1);
    const uses = new Set(needed.flatMap((i) => this.derivedFor(i).uses));
    return {
      ...record,
      saves: { inputs: inputs.filter((i) => uses.has(i)), outputs: uses.has(dtypes.length) ? [0] : [] },
      backward: ([grad], { inputs: saved, output, params }): GradientThunks =>
        inputs.map((i) => {
          if (grad === null || !((needs >>> i) & 1)) return null;
          const { uses: used, operation } = this.derivedFor(i);
          if (operation === null) return () => grad;
          const sources = [...saved, output, grad];
          return () =>
            operation.apply(
              used.map((source) => sources[source]),
              params,
            );
        }),
    };
  }

  private derivedFor(i: number): Derived {
    return (this.derived[i] ??= this.derive(i));
  }

  private derive(i: number): Derived {
    const { dtypes, root } = this;
    const y = input(dtypes.length, root.dtype);
    const grad = input(dtypes.length + 1, root.dtype);
    const x = input(i, dtypes[i]);
    const expression = this.rule === null ? differentiate(root, [x], grad, y)[0] : this.rule(grad, y)[i];
    // A gradient that reads nothing is zero; it still takes its shape from the incoming one.
    const read = inputsOf([expression]);
    const uses = read.length > 0 ? read : [dtypes.length + 1];
    if (expression === grad) return { uses, operation: null };
    const renumbered = substitute(expression, (leaf) =>
      leaf.kind === 'input' ? input(uses.indexOf(leaf.index), leaf.dtype) : undefined,
    );
    const known = [...dtypes, root.dtype, root.dtype];
    const name = `${this.program.name}Backward`;
    return {
      uses,
      operation: new Formula(
        name,
        renumbered,
        uses.map((source) => known[source]),
      ),
    };
  }
}

function checkAny(op: string, tensors: readonly Tensor[]): asserts tensors is Tensors {
  if (tensors.length === 0) throw new KindError(op, 'expected at least one tensor, got numbers only.');
}

function commonShape(op: string, tensors: Tensors): Shape {
  const [{ shape }] = tensors;
  for (let i = 1; i < tensors.length; i++) {
    if (!sameShape(shape, tensors[i].shape)) return broadcastShapes(op, ...tensors.map((t) => t.shape));
  }
  return shape;
}

/** The tensors as views of `shape`. */
function viewsOf(tensors: readonly Tensor[], shape: Shape): readonly View[] {
  return tensors.map((t) => {
    if (sameShape(t.shape, shape)) return t;
    const { buffer, dtype, offset } = t;
    return { buffer, dtype, offset, shape, strides: broadcastStrides(t.shape, t.strides, shape) };
  });
}

// ---- operands -------------------------------------------------------------------------------------

/** Kinds of operands as far as programs depend on them: 3 for numbers, then those of tensors (dtype, with dimensions or not). */
const BOOLEAN = 0;
const WHOLE = 1;
const FRACTION = 2;
const NUMBERS = 3;
const KINDS = NUMBERS + 2 * Object.keys(DTYPES).length;

function kindOf(op: string, operand: Operand): number {
  if (operand instanceof Tensor) return NUMBERS + DTYPES[operand.dtype].code * 2 + (operand.shape.length > 0 ? 1 : 0);
  if (typeof operand === 'number') return Number.isInteger(operand) ? WHOLE : FRACTION;
  if (typeof operand === 'boolean') return BOOLEAN;
  throw new KindError(op, `expected a tensor or a number, got ${describe(operand)}.`);
}

/** @throws DTypeError for tensors of several dtypes */
function checkAlike(op: string, operands: readonly Operand[]): void {
  const [first, ...rest] = operands.flatMap((operand) => (operand instanceof Tensor ? [operand.dtype] : []));
  const other = rest.find((dtype) => dtype !== first);
  if (other === undefined) return;
  throw new DTypeError(op, `all tensors must have one dtype, got ${first} and ${other}. Convert one with .to().`, {
    dtypes: [first, other],
  });
}

/** @throws DTypeError unless a condition is of bool or, as older programs have it, uint8 */
function checkCondition(op: string, condition: Operand): void {
  if (!(condition instanceof Tensor) || condition.dtype === 'bool' || condition.dtype === 'uint8') return;
  throw new DTypeError(
    op,
    `the condition must be bool, got ${condition.dtype}. Make one by a comparison, as in x.gt(0).`,
    { dtype: condition.dtype },
  );
}

/** The dtypes that operands are converted to. */
function promote({ name, promotion, accepts, alike }: PointwiseRecord, operands: readonly Operand[]): readonly DType[] {
  if (alike === true) checkAlike(name, operands);
  if (promotion === 'bool') return operands.map(() => 'bool');
  const condition = promotion === 'choice' ? 0 : promotion === 'masked' ? 1 : -1;
  if (condition >= 0) checkCondition(name, operands[condition]);
  // What is written where a mask holds takes the dtype of the tensor under it.
  let common = resultType(...operands.filter((_, i) => (promotion === 'masked' ? i === 0 : i !== condition)));
  if (promotion === 'float' && !isFloat(common)) common = defaultDType();
  if (accepts !== undefined && !ACCEPTS[accepts](common)) {
    throw new DTypeError(name, `is defined for ${accepts} only, got ${common}.`, { dtype: common });
  }
  return operands.map((_, i) => (i === condition ? 'bool' : common));
}

/**
 * An operand as the formula sees it. 16-bit floats are computed in float32, where a number and a tensor without dimensions
 * of another dtype stay what they are: rounded first, 65536 would be infinite and 1e-8 nothing. Whole narrow numbers wrap.
 */
function converted(leaf: Expression, operand: Operand, dtype: DType, rounds: boolean): Expression {
  if (!isHalf(dtype)) return cast(dtype, leaf);
  const isExact = !rounds && (!(operand instanceof Tensor) || operand.ndim === 0);
  return cast(wideDType(dtype), isExact ? leaf : cast(dtype, leaf));
}

function makeFormula(record: PointwiseRecord, operands: readonly Operand[], output: DType | null): Formula {
  const dtypes = promote(record, operands);
  const tensorDTypes: DType[] = [];
  let numbers = 0;
  const leaves = operands.map((operand, i) => {
    if (!(operand instanceof Tensor)) return scalar(numbers++, wideDType(dtypes[i]));
    return input(tensorDTypes.push(operand.dtype) - 1, operand.dtype);
  });
  const args = leaves.map((leaf, i) => converted(leaf, operands[i], dtypes[i], record.compares ?? false));
  const compute = args[args.length - 1].dtype;
  const scalarOf: ScalarOf = (i, dtype = compute) => scalar(numbers + i, dtype);
  const result = record.formula(args, scalarOf);
  const common = dtypes[dtypes.length - 1];
  const root = cast(output ?? (isHalf(common) && result.dtype === 'float32' ? common : result.dtype), result);
  const { gradient } = record;
  const rule: GradientRule | null =
    gradient === undefined
      ? null
      : (grad, y) => {
          const shares = gradient(cast(result.dtype, grad), args, cast(result.dtype, y), scalarOf);
          return leaves.flatMap((leaf, i) => {
            if (leaf.kind !== 'input') return [];
            const share = shares[i];
            return [share === null ? constantLike(leaf, 0) : cast(leaf.dtype, share)];
          });
        };
  return new Formula(record.name, root, tensorDTypes, rule);
}

// ---- operations -------------------------------------------------------------------------------------

/** A row of the table, ready for use; behind every pointwise function. */
export class PointwiseOperation {
  private readonly formulas = new Map<number, Formula>();

  constructor(readonly record: PointwiseRecord) {}

  /** Applies the operation to operands of which one at least is a tensor. */
  apply(operands: readonly Operand[], extras: readonly number[] = []): Tensor {
    const { tensors, scalars, formula } = this.prepare(operands, extras, null);
    return formula.apply(tensors, scalars);
  }

  /** Writes the result over `self`. @throws DTypeError if it is of a higher category than self, as in PyTorch. */
  applyInPlace(self: Tensor, others: readonly Operand[], extras: readonly number[] = []): Tensor {
    const op = `${this.record.name}_`;
    checkSeparate(op, self);
    // What shares memory with self but is not self is taken as it was before.
    const kept = others.map((t) => (t instanceof Tensor && overlaps(t, self) ? t.clone() : t));
    const { tensors, scalars, formula } = this.prepare([self, ...kept], extras, self.dtype);
    return formula.applyInPlace(tensors, scalars);
  }

  private prepare(
    operands: readonly Operand[],
    extras: readonly number[],
    output: DType | null,
  ): { tensors: Tensor[]; scalars: number[]; formula: Formula } {
    const tensors: Tensor[] = [];
    const scalars: number[] = [];
    // What whole numbers become among fractions is part of what a program computes.
    let key = DTYPES[defaultDType()].code * 2 + (output === null ? 0 : 1);
    for (const operand of operands) {
      key = key * KINDS + kindOf(this.record.name, operand);
      if (operand instanceof Tensor) tensors.push(operand);
      else scalars.push(Number(operand));
    }
    for (const extra of extras) scalars.push(extra);
    let formula = this.formulas.get(key);
    if (formula === undefined) {
      formula = makeFormula(this.record, operands, output);
      if (output !== null) this.checkInPlaceDType(operands, output);
      this.formulas.set(key, formula);
    }
    return { tensors, scalars, formula };
  }

  private checkInPlaceDType(operands: readonly Operand[], own: DType): void {
    const result = makeFormula(this.record, operands, null).program.outputDTypes[0];
    if (DTYPES[result].category <= DTYPES[own].category) return;
    throw new DTypeError(
      `${this.record.name}_`,
      `a ${result} result cannot be written into a ${own} tensor. Use the out-of-place form.`,
      { dtypes: [result, own] },
    );
  }
}

/** Whether `t` shares memory with `self` without being the same view of it. */
function overlaps(t: Tensor, self: Tensor): boolean {
  if (t.storage !== self.storage) return false;
  if (t.offset === self.offset && sameShape(t.shape, self.shape) && sameShape(t.strides, self.strides)) return false;
  const [first, last] = extent(t);
  const [start, end] = extent(self);
  return first <= end && start <= last;
}

/** Least and greatest position of a view's elements. */
function extent({ shape, strides, offset }: Tensor): [number, number] {
  let [first, last] = [offset, offset];
  shape.forEach((size, d) => {
    if (strides[d] < 0) first += (size - 1) * strides[d];
    else last += (size - 1) * strides[d];
  });
  return [first, last];
}
