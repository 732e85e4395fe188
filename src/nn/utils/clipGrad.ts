// Clipping of gradients, between `backward` and the optimizer's step. All on the device: nothing is waited for.
import { argument, optional, signature } from '../../base/signature';
import { REAL, either } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { PARAMETERS } from './vectors';
import type { Arguments } from '../../base/arguments';
import { noGrad } from '../../core/backward';
import type { DType } from '../../base/dtype';
import { ShapeError, ValueError } from '../../base/errors';
import { formatShape } from '../../base/shape';
import { add, cast, constant, div, input, apply, mul, scalar, type Expression } from '../../expression/expression';
import { libraryCode } from '../../core/temporaries';
import { to } from '../../ops/shape/copy';
import { zeros } from '../../ops/shape/creation';
import { foreach_, programOf } from '../../ops/pointwise/foreach';
import { stack } from '../../ops/shape/cat';
import { abs, pow, sqrt, square } from '../../ops/pointwise/arithmetic';
import { amax, sum } from '../../ops/reduce/reduce';
import { checkTensor, Tensor } from '../../core/tensor';

/** Arguments of clipGradNorm_. */
export interface ClipNormOptions {
  maxNorm: number;
  /** Which norm; 2 by default, Infinity for the greatest size. */
  normType?: number;
}
const CLIPPED = either(TENSOR, PARAMETERS);
const CLIP_NORM = [argument('maxNorm', REAL), optional('normType', REAL)] as const;
const CLIP_NORM_CHECKED = signature('clipGradNormChecked_', [argument('parameters', CLIPPED), ...CLIP_NORM]);
const CLIP_NORM_UNCHECKED = signature('clipGradNorm_', [argument('parameters', CLIPPED), ...CLIP_NORM]);
const CLIP_VALUE = signature('clipGradValue_', [argument('parameters', CLIPPED), argument('clipValue', REAL)]);

/** Keeps the division by a norm of 0 away, as in PyTorch. */
const EPS = 1e-6;

/**
 * Scales all gradients by one factor so that their norm, taken over all of them together, is at most `maxNorm`.
 * Returns the norm before. If it is not finite the gradients become NaN; `clipGradNormChecked_` throws instead.
 * @example nn.utils.clipGradNorm_(net.parameters(), 1); optimizer.step()
 * @see torch.nn.utils.clip_grad_norm_
 */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  ...args: Arguments<[maxNorm: number], [normType?: number], ClipNormOptions>
): Tensor {
  const { maxNorm, normType = 2 } = CLIP_NORM_UNCHECKED.takeRest<ClipNormOptions>([parameters], args);
  const grads = gradsOf('clipGradNorm_', parameters, maxNorm);
  const total = totalNorm(grads, normType);
  scaleTo(grads, maxNorm, total);
  return total;
}

/**
 * `clipGradNorm_` with PyTorch's `error_if_nonfinite`: it has to read the norm before it scales, hence the promise.
 * @throws RangeError if the norm is infinite or NaN; the gradients are as they were
 */
export async function clipGradNormChecked_(
  parameters: Tensor | Iterable<Tensor>,
  ...args: Arguments<[maxNorm: number], [normType?: number], ClipNormOptions>
): Promise<Tensor> {
  const { maxNorm, normType = 2 } = CLIP_NORM_CHECKED.takeRest<ClipNormOptions>([parameters], args);
  const grads = gradsOf('clipGradNormChecked_', parameters, maxNorm);
  const total = totalNorm(grads, normType);
  const value = await total.item();
  if (!Number.isFinite(value)) {
    throw new ValueError('clipGradNormChecked_', `the norm of the gradients must be finite, got ${value}.`);
  }
  scaleTo(grads, maxNorm, total);
  return total;
}

/** Limits every element of the gradients to [-clipValue, clipValue]. @see torch.nn.utils.clip_grad_value_ */
export function clipGradValue_(
  parameters: Tensor | Iterable<Tensor>,
  ...args: Arguments<[clipValue: number], [], { clipValue: number }>
): void {
  const { clipValue } = CLIP_VALUE.takeRest<{ clipValue: number }>([parameters], args);
  const limited = (grad: Expression, dtype: DType): Expression =>
    apply('minimum', apply('maximum', grad, scalar(0, dtype)), scalar(1, dtype));
  for (const [dtype, grads] of byDType(gradsOf('clipGradValue_', parameters, clipValue))) {
    const program = programOf('clipGradValue', [dtype], [limited(input(0, dtype), dtype)]);
    const groups = grads.map((grad) => ({ inputs: [grad], outputs: [grad] }));
    foreach_(program, groups, [-clipValue, clipValue]);
  }
}

/** Arguments of getTotalNorm. */
interface TotalNormOptions {
  tensors: Tensor | Iterable<Tensor>;
  /** Which norm; 2 by default, Infinity for the greatest size. */
  normType?: number;
}
const TOTAL_NORM = signature('getTotalNorm', [argument('tensors', CLIPPED), argument('normType', REAL, 2)]);

/**
 * The norm of all elements of all tensors together, without dimensions: that of gradients before they are clipped.
 * @example nn.utils.getTotalNorm(net.parameters().map((p) => p.grad))
 * @see torch.nn.utils.get_total_norm
 */
export function getTotalNorm(
  ...args: Arguments<[tensors: Tensor | Iterable<Tensor>], [normType?: number], TotalNormOptions>
): Tensor {
  const { tensors, normType = 2 } = TOTAL_NORM.take<TotalNormOptions>(args);
  const list: readonly Tensor[] = tensors instanceof Tensor ? [tensors] : [...tensors];
  for (const t of list) checkTensor('getTotalNorm', t);
  return totalNorm(list, normType, 'getTotalNorm');
}

/** Arguments of clipGradsWithNorm_. */
interface ClipGradsOptions {
  parameters: Tensor | Iterable<Tensor>;
  maxNorm: number;
  /** What the norm of the gradients is taken to be, without dimensions. */
  totalNorm: Tensor;
}
const CLIP_GRADS = signature('clipGradsWithNorm_', [
  argument('parameters', CLIPPED),
  argument('maxNorm', REAL),
  argument('totalNorm', TENSOR),
]);

/**
 * Scales all gradients by one factor so that a norm of `totalNorm` becomes at most `maxNorm`: the second half of `clipGradNorm_`.
 * @see torch.nn.utils.clip_grads_with_norm_
 */
export function clipGradsWithNorm_(
  ...args: Arguments<
    [parameters: Tensor | Iterable<Tensor>, maxNorm: number, totalNorm: Tensor],
    [],
    ClipGradsOptions,
    [parameters: Tensor | Iterable<Tensor>, named: Omit<ClipGradsOptions, 'parameters'>]
  >
): void {
  const { parameters, maxNorm, totalNorm: total } = CLIP_GRADS.take<ClipGradsOptions>(args);
  if (total.ndim > 0) {
    throw new ShapeError(
      'clipGradsWithNorm_',
      `totalNorm must have no dimensions, got shape ${formatShape(total.shape)}.`,
      {
        shapes: [total.shape],
      },
    );
  }
  scaleTo(gradsOf('clipGradsWithNorm_', parameters, maxNorm), maxNorm, total);
}

function gradsOf(op: string, parameters: Tensor | Iterable<Tensor>, limit: number): Tensor[] {
  if (!(limit >= 0)) throw new ValueError(op, `the limit must be at least 0, got ${limit}.`);
  const list: readonly Tensor[] = parameters instanceof Tensor ? [parameters] : [...parameters];
  for (const parameter of list) checkTensor(op, parameter);
  return list.flatMap(({ ownGrad }) => (ownGrad === null ? [] : [ownGrad]));
}

function byDType(grads: readonly Tensor[]): Map<DType, Tensor[]> {
  const groups = new Map<DType, Tensor[]>();
  for (const grad of grads) groups.set(grad.dtype, [...(groups.get(grad.dtype) ?? []), grad]);
  return groups;
}

/** The p-norm of all elements of all tensors, without dimensions. */
function totalNorm(grads: readonly Tensor[], p: number, op = 'clipGradNorm_'): Tensor {
  if (!(p > 0)) throw new ValueError(op, `normType must be positive, got ${p}.`);
  const together = (ofOne: (grad: Tensor) => Tensor): Tensor =>
    stack(grads.map((grad) => to(ofOne(grad), grads[0].dtype)));
  const compute = (): Tensor => {
    if (grads.length === 0) return zeros([]);
    if (p === Infinity) return amax(together((grad) => amax(abs(grad))));
    if (p === 2) return sqrt(sum(together((grad) => sum(square(grad)))));
    return pow(sum(together((grad) => sum(pow(abs(grad), p)))), 1 / p);
  };
  return noGrad(() => libraryCode(compute));
}

/** g <- g min(1, maxNorm / (total + eps)), NaN if the total is. */
function scaleTo(grads: readonly Tensor[], maxNorm: number, total: Tensor): void {
  for (const [dtype, alike] of byDType(grads)) {
    const norm = cast(dtype, input(1, total.dtype));
    const factor = apply('minimum', div(scalar(0, dtype), add(norm, constant(EPS, dtype))), constant(1, dtype));
    const program = programOf('clipGradNorm', [dtype, total.dtype], [mul(input(0, dtype), factor)]);
    const groups = alike.map((grad) => ({ inputs: [grad, total], outputs: [grad] }));
    foreach_(program, groups, [maxNorm]);
  }
}
