// Folds over dimensions: sum, mean, product, extremes, any, all. Extremes with their places are in argReduce.ts, what is
// composed of folds (variance, norms, ...) in statistics.ts, running folds in scan.ts.
import { interceptable, intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { DTYPE, DIMS } from '../../base/kinds';
import { argument, signature, takingNamed } from '../../base/signature';
import { INPUT, KEEPDIM } from '../../core/kinds';
import type { Axis, Device, DeviceBuffer, DeviceName, ReduceKind, View } from '../../device/contract';
import { isFloat, itemSize, wideDType, type DType } from '../../base/dtype';
import { DTypeError, ShapeError } from '../../base/errors';
import { defineOp, type GradientContext } from '../../core/op';
import { denseStrides, formatShape, numelOf, wrapDims, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { eq, isnan, logicalNot, ne, where } from '../pointwise/compare';
import { contiguous, queueCopy, to } from '../shape/copy';
import { arange } from '../shape/creation';
import { expand, movedim, reshape, unsqueeze } from '../shape/view';
import { div, mul } from '../pointwise/arithmetic';

/** Dimensions to reduce: one, several, or (null, or none named) all. */
export type Dims = number | readonly number[] | null;

/** Options of reductions, in PyTorch's order. */
export interface ReduceOptions {
  dim?: Dims;
  /** Leaves reduced dimensions in place with size 1. */
  keepdim?: boolean;
}

/** Options of reductions that can convert first. */
export interface FoldOptions extends ReduceOptions {
  /** The input is converted to this first. */
  dtype?: DType | null;
}

export type ReduceArguments = Arguments<[], [dim?: Dims, keepdim?: boolean], ReduceOptions>;
export type FoldArguments = Arguments<[], [dim?: Dims, keepdim?: boolean, dtype?: DType | null], FoldOptions>;

/** Which dimensions of a tensor go, in ascending order. */
export interface Reduction {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
}

/** The dimensions that `dim` names. @throws RangeError outside the tensor */
export function reductionOf(op: string, x: Tensor, dim: Dims | undefined, keepdim = false): Reduction {
  const named = typeof dim === 'number' ? [dim] : (dim ?? []);
  const dims = named.length === 0 ? x.shape.map((_, d) => d) : wrapDims(op, named, x.ndim).sort((a, b) => a - b);
  return { dims: x.ndim === 0 ? [] : dims, keepdim };
}

const REDUCE = signature('', [INPUT, argument('dim', DIMS, null), KEEPDIM]);
const takers = { amax: REDUCE.as('amax'), amin: REDUCE.as('amin'), any: REDUCE.as('any'), all: REDUCE.as('all') };

/** Reads `(dim, keepdim)` in any of the forms. */
export function reduceArguments(op: keyof typeof takers, x: Tensor, args: ReduceArguments): Reduction {
  const { input, dim, keepdim } = takers[op].take([x, ...args]);
  return reductionOf(op, input, dim, keepdim);
}

/** The shape that is left of `shape`. */
export function reducedShape(shape: Shape, { dims, keepdim }: Reduction): Shape {
  return keepdim ? shape.map((size, d) => (dims.includes(d) ? 1 : size)) : shape.filter((_, d) => !dims.includes(d));
}

/** Elements that go into one result. */
export const countOf = (x: Tensor, { dims }: Reduction): number => numelOf(dims.map((d) => x.shape[d]));

/** A result, or its gradient, with every element repeated over what it was reduced from. */
export function expandBack(grad: Tensor, shape: Shape, { dims }: Reduction): Tensor {
  return expand(reshape(grad, reducedShape(shape, { dims, keepdim: true })), shape);
}

// ---- the primitive ------------------------------------------------------------------------------

/** Neighbouring dimensions that are all reduced or all kept. */
interface Run {
  size: number;
  readonly reduced: boolean;
}

function runsOf(shape: Shape, dims: readonly number[]): Run[] {
  const runs: Run[] = [];
  shape.forEach((size, d) => {
    if (size === 1) return;
    const reduced = dims.includes(d);
    const last = runs.at(-1);
    if (last?.reduced === reduced) last.size *= size;
    else runs.push({ size, reduced });
  });
  return runs;
}

/** What a gradient rule needs, by index. */
type Saves = { readonly inputs?: readonly number[]; readonly outputs?: readonly number[] };

/** Queues one kernel per run of reduced dimensions, the last run first; all but the last kernel write temporary memory. */
function queueReduce(device: Device, kind: ReduceKind, x: View, out: View, dims: readonly number[]): void {
  const runs = runsOf(x.shape, dims);
  const stages = runs.flatMap((run, i) => (run.reduced ? [i] : [])).reverse();
  if (stages.length === 0) {
    const { buffer, dtype, offset } = x;
    return queueCopy(device, { buffer, dtype, offset, shape: out.shape, strides: denseStrides(out.shape) }, out);
  }
  const temporaries: DeviceBuffer[] = [];
  let from = x;
  stages.forEach((at, stage) => {
    const sizes = runs.map((run) => run.size);
    const axis: Axis = { outer: numelOf(sizes.slice(0, at)), n: sizes[at], inner: numelOf(sizes.slice(at + 1)) };
    runs[at].size = 1;
    let target = out;
    if (stage < stages.length - 1) {
      const shape = [axis.outer * axis.inner];
      const dtype = wideDType(x.dtype);
      const buffer = device.allocate(shape[0] * itemSize(dtype), dtype);
      temporaries.push(buffer);
      target = { buffer, dtype, shape, strides: [1], offset: 0 };
    }
    device.run('reduce', [from], [target], { kind, axis });
    from = target;
  });
  for (const buffer of temporaries) device.free(buffer);
}

/** The gradient of a fold's one input. */
type Rule = (grad: Tensor, context: GradientContext<[x: Tensor], Reduction>) => Tensor;

/** `firstOrder` may be given for when no graph of the gradient is wanted. */
function foldOp(
  kind: ReduceKind,
  saves: Saves,
  rule: Rule,
  firstOrder: Rule | null = null,
): (x: Tensor, reduction: Reduction) => Tensor {
  const fold = defineOp<[x: Tensor], Reduction>({
    name: kind,
    shape: ([x], reduction) => ({ shape: reducedShape(x.shape, reduction), dtype: x.dtype }),
    forward: (device, [x], out, { dims }) => {
      queueReduce(device, kind, x, out, dims);
    },
    saves,
    backward: (grad, context) => [() => rule(grad, context)],
    ...(firstOrder && { fusedBackward: ([grad], context) => [grad === null ? null : firstOrder(grad, context)] }),
  });
  return (x, reduction) => fold(contiguous(x), reduction);
}

const sumOf = foldOp('sum', {}, (grad, { shapes: [shape], params }) => expandBack(grad, shape, params));

const meanOf = foldOp('mean', {}, (grad, { shapes: [shape], params }) => {
  const n = numelOf(params.dims.map((d) => shape[d]));
  // Of nothing there is no share, rather than an infinite one of which the second derivative would be made.
  return expandBack(n === 0 ? grad : div(grad, n), shape, params);
});

/** Each element's share: those equal to the extreme divide its gradient evenly. NaN, which equals nothing, gives NaN to all. */
const extremeRule: Rule = (grad, { inputs: [x], output, params }) => {
  const isExtreme = to(eq(x, expandBack(output, x.shape, params)), x.dtype);
  const ties = sumOf(isExtreme, { ...params, keepdim: true });
  return div(mul(expandBack(grad, x.shape, params), isExtreme), ties);
};
const amaxOf = foldOp('amax', { inputs: [0], outputs: [0] }, extremeRule);
const aminOf = foldOp('amin', { inputs: [0], outputs: [0] }, extremeRule);

/** The same of all elements, as PyTorch has it: others have none whatever comes back, and NaN shares it among NaN. */
const extremeOfAllRule: Rule = (grad, { inputs: [x], output }) => {
  const isExtreme = where(isnan(output), isnan(x), eq(x, output));
  return where(isExtreme, div(grad, sumOf(to(isExtreme, x.dtype), reductionOf('sum', x, null))), 0);
};
const maxOfAll = foldOp('amax', { inputs: [0], outputs: [0] }, extremeOfAllRule);
const minOfAll = foldOp('amin', { inputs: [0], outputs: [0] }, extremeOfAllRule);

/** The bool matrix [n, n] that is true on its diagonal. */
export function diagonalMask(n: number, device: DeviceName): Tensor {
  const places = arange(0, n, 1, { dtype: 'int32', device });
  return eq(unsqueeze(places, 1), places);
}

/** x [..] -> [rows, n], the reduced dimensions last. */
function reducedLast(x: Tensor, { dims }: Reduction): Tensor {
  const n = numelOf(dims.map((d) => x.shape[d]));
  const target = dims.map((_, i) => x.ndim - dims.length + i);
  return reshape(movedim(x, dims, target), [n === 0 ? 0 : x.numel() / n, n]);
}

/** Undoes `reducedLast` for a tensor of the shape `shape`. */
function reducedBack(rows: Tensor, shape: Shape, { dims }: Reduction): Tensor {
  const kept = shape.filter((_, d) => !dims.includes(d));
  const reduced = dims.map((d) => shape[d]);
  const target = dims.map((_, i) => shape.length - dims.length + i);
  return movedim(reshape(rows, [...kept, ...reduced]), target, dims);
}

const prodOf: (x: Tensor, reduction: Reduction) => Tensor = foldOp(
  'prod',
  { inputs: [0] },
  // The product of all others, row i of [n, n] being x with 1 in place i: no division, so zeros need no special case.
  (grad, { inputs: [x], params }) => {
    const rows = reducedLast(x, params);
    const [count, n] = rows.shape;
    const others = where(diagonalMask(n, x.device), 1, expand(unsqueeze(rows, 1), [count, n, n]));
    const products = prodOf(others, { dims: [2], keepdim: false });
    return mul(expandBack(grad, x.shape, params), reducedBack(products, x.shape, params));
  },
  // Without n² memory: the product over x, or, if there are zeros, of the others at the only one.
  (grad, { inputs: [x], params }) => {
    const kept = { ...params, keepdim: true };
    const isZero = eq(x, 0);
    const zeros = sumOf(to(isZero, x.dtype), kept);
    const product = prodOf(where(isZero, 1, x), kept);
    const elsewhere = where(eq(zeros, 0), div(product, x), 0);
    return mul(expandBack(grad, x.shape, params), where(isZero, where(eq(zeros, 1), product, 0), elsewhere));
  },
);

// ---- functions ----------------------------------------------------------------------------------

/** Sums and products of integers are int64, as in PyTorch. */
const foldDType = (dtype: DType): DType => (isFloat(dtype) ? dtype : 'int64');

/** Folds in `dtype`; what the kernels lack is folded as int64 and narrowed, which wraps to the same bits. */
function foldIn(
  op: string,
  fold: (x: Tensor, reduction: Reduction) => Tensor,
  x: Tensor,
  { dim, keepdim, dtype }: FoldOptions,
): Tensor {
  const result = dtype ?? foldDType(x.dtype);
  return to(fold(to(x, foldDType(result)), reductionOf(op, x, dim, keepdim)), result);
}

const SUM = signature('sum', [INPUT, argument('dim', DIMS, null), KEEPDIM, argument('dtype', DTYPE, null)]);

/**
 * Σ x over some dimensions or all. Integers and bools give int64.
 * @example sum(x); sum(x, 1); sum(x, [0, 2], { keepdim: true })
 * @see torch.sum
 */
export const sum = interceptable('sum', (x: Tensor, ...args: FoldArguments): Tensor =>
  foldIn('sum', sumOf, x, SUM.take([x, ...args])),
);

const PROD = signature('prod', [INPUT, argument('dim', DIMS, null), KEEPDIM, argument('dtype', DTYPE, null)]);

/** The product over some dimensions or all. Integers and bools give int64. @see torch.prod */
export const prod = interceptable('prod', (x: Tensor, ...args: FoldArguments): Tensor =>
  foldIn('prod', prodOf, x, PROD.take([x, ...args])),
);

const MEAN = signature('mean', [INPUT, argument('dim', DIMS, null), KEEPDIM, argument('dtype', DTYPE, null)]);

/** The arithmetic mean over some dimensions or all. @throws DTypeError for integers without a float `dtype`. @see torch.mean */
export function mean(x: Tensor, ...args: FoldArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('mean', mean, [x, ...args]);
  const { dim, keepdim, dtype } = MEAN.take([x, ...args]);
  const input = dtype === null ? x : to(x, dtype);
  checkFloat('mean', input, "Convert with x.to('float32'), or pass dtype.");
  return meanOf(input, reductionOf('mean', x, dim, keepdim));
}

/** @throws DTypeError unless x is of a floating-point dtype. */
export function checkFloat(op: string, x: Tensor, mend = "Convert with x.to('float32')."): void {
  if (isFloat(x.dtype)) return;
  throw new DTypeError(op, `the input must be of a floating-point dtype, got ${x.dtype}. ${mend}`, {
    dtype: x.dtype,
  });
}

/** @throws ShapeError if there is a result but nothing that it could be chosen from. */
export function checkNotEmpty(op: string, x: Tensor, reduction: Reduction): void {
  if (reduction.dims.every((d) => x.shape[d] > 0)) return;
  throw new ShapeError(op, `the reduced dimensions must not be empty, got shape ${formatShape(x.shape)}.`, {
    shape: x.shape,
  });
}

/** The greatest over some dimensions or all; NaN if there is one; ties share the gradient. @see torch.amax */
export function amax(x: Tensor, ...args: ReduceArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('amax', amax, [x, ...args]);
  const reduction = reduceArguments('amax', x, args);
  checkNotEmpty('amax', x, reduction);
  return amaxOf(x, reduction);
}

/** The least over some dimensions or all; NaN if there is one; ties share the gradient. @see torch.amin */
export function amin(x: Tensor, ...args: ReduceArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('amin', amin, [x, ...args]);
  const reduction = reduceArguments('amin', x, args);
  checkNotEmpty('amin', x, reduction);
  return aminOf(x, reduction);
}

/** The greatest of all elements: `max` without a dimension. */
export const greatest = (x: Tensor): Tensor => ofAll('max', maxOfAll, x);
/** The least of all elements: `min` without a dimension. */
export const least = (x: Tensor): Tensor => ofAll('min', minOfAll, x);

function ofAll(op: string, fold: typeof maxOfAll, x: Tensor): Tensor {
  const reduction = reductionOf(op, x, null);
  checkNotEmpty(op, x, reduction);
  return fold(x, reduction);
}

/** uint8 stays uint8, as in PyTorch. */
const asTruth = (truth: Tensor, x: Tensor): Tensor => (x.dtype === 'uint8' ? to(truth, 'uint8') : truth);

/** Whether any element differs from 0. @see torch.any */
export const any = interceptable('any', (x: Tensor, ...args: ReduceArguments): Tensor => {
  const reduction = reduceArguments('any', x, args);
  if (countOf(x, reduction) === 0) return asTruth(to(sumOf(to(x, 'int64'), reduction), 'bool'), x);
  return asTruth(amaxOf(to(x, 'bool'), reduction), x);
});

/** Whether all elements differ from 0. @see torch.all */
export const all = interceptable('all', (x: Tensor, ...args: ReduceArguments): Tensor => {
  const reduction = reduceArguments('all', x, args);
  if (countOf(x, reduction) === 0) return asTruth(logicalNot(sumOf(to(x, 'int64'), reduction)), x);
  return asTruth(aminOf(to(x, 'bool'), reduction), x);
});

/** How many elements differ from 0 (int64). @see torch.count_nonzero */
export const countNonzero: (x: Tensor, ...args: Arguments<[], [dim?: Dims], { dim?: Dims }>) => Tensor = takingNamed(
  signature('countNonzero', [INPUT, argument('dim', DIMS, null)]),
  (x: Tensor, { dim }: { dim?: Dims }): Tensor => sumOf(to(ne(x, 0), 'int64'), reductionOf('countNonzero', x, dim)),
);
