// Connectionist temporal classification, after https://www.cs.toronto.edu/~graves/icml_2006.pdf: the forward recursion in
// log space, each step of it one command for all sequences and labels, and so each step of its gradient.
import { intercepting } from '../base/intercept';
import { enableGrad, grad as gradOf } from '../core/backward';
import type { PointwiseProgram, View } from '../device/contract';
import type { DType } from '../base/dtype';
import * as e from '../expression/expression';
import type { Expression } from '../expression/expression';
import { fused } from '../core/pointwiseFused';
import { allocate, applyAll, type OpRecord } from '../core/op';
import type { Tensor } from '../core/tensor';
import {
  clampMin,
  eq,
  ge,
  logicalAnd,
  logicalNot,
  logicalOr,
  lt,
  maskedFill,
  minimum,
  ne,
  where,
} from './pointwise/compare';
import { contiguous, queueCopy, queueFill, viewPart } from './shape/copy';
import { arange, full, onesLike } from './shape/creation';
import { programOf } from './pointwise/foreach';
import { gatherWith, take } from './indexing/gather';
import { cat, constantPad, stack } from './shape/cat';
import { expand, narrow, reshape, select, unbind, unsqueeze } from './shape/view';
import { add, exp, logaddexp, mul, neg, sub } from './pointwise/arithmetic';
import { sum } from './reduce/reduce';
import { cumsum } from './reduce/scan';

const NAME = 'ctcLoss';

/** Stands for log 0: -∞ would give NaN as a difference of two. */
const LOG_ZERO = -1e30;

const like = e.constantLike;

/** log(e^a + e^b + e^c). */
function logSum(a: Expression, b: Expression, c: Expression): Expression {
  const greatest = e.maximum(e.maximum(a, b), c);
  const terms = [a, b, c].map((x) => e.exp(e.sub(x, greatest)));
  return e.add(greatest, e.log(e.add(e.add(terms[0], terms[1]), terms[2])));
}

/** α'(s) without log p(s), where `skip` is 0 if s-2 may be skipped to s, else log 0. */
const reach = (stay: Expression, next: Expression, second: Expression, skip: Expression): Expression =>
  logSum(stay, next, e.add(second, skip));

/** `x` while a sequence lasts, then `otherwise`. */
const whileActive = (isActive: Expression, x: Expression, otherwise: Expression): Expression =>
  e.where(e.gt(isActive, like(isActive, 0)), x, otherwise);

/** α'(s) = log p(s) + log(α(s) + α(s-1) + α(s-2)), in logarithms; α stays where the sequence has ended. */
const STEP = fused('ctcStep', [1, 1, 1, 1, 1, 1], ([p], [stay], [next], [second], [skip], [isActive]) => [
  [whileActive(isActive, e.add(p, reach(stay, next, second, skip)), stay)],
]);

/** All steps, one after the other: the definition, of which every derivative exists. Shape: p [T, N, S] -> [N, S]. */
function recursion(p: Tensor, skip: Tensor, isActive: Tensor): Tensor {
  const [, batch, width] = p.shape;
  const [first, ...others] = unbind(p);
  const active = unbind(isActive);
  let alpha = where(lt(arange(width, { device: p.device }), 2), first, LOG_ZERO);
  others.forEach((step, t) => {
    const before = constantPad(alpha, [2, 0], LOG_ZERO);
    const mask = expand(unsqueeze(active[t + 1], 1), [batch, width]);
    [alpha] = STEP(step, alpha, narrow(before, 1, 1, width), narrow(before, 1, 0, width), skip, mask);
  });
  return alpha;
}

const inputsOf = (count: number, dtype: DType): Expression[] =>
  Array.from({ length: count }, (_, i) => e.input(i, dtype));

/** The program of one step for tensors of a dtype: the new α, and what it is without log p. */
function forwardProgram(dtype: DType): PointwiseProgram {
  const [p, stay, next, second, skip, isActive] = inputsOf(6, dtype);
  const sum = reach(stay, next, second, skip);
  return programOf('ctcForward', Array<DType>(6).fill(dtype), [whileActive(isActive, e.add(p, sum), stay), sum]);
}

/**
 * The program of one step back, to the gradient of α from that of α': each of the three places that α(s) goes to gives it
 * e^(α(s) - sum) of its gradient, its share of the sum there.
 */
function backwardProgram(dtype: DType): PointwiseProgram {
  const [grad0, grad1, grad2, sum0, sum1, sum2, alpha, skip2, isActive] = inputsOf(9, dtype);
  const share = (grad: Expression, part: Expression, sum: Expression): Expression =>
    e.mul(grad, e.exp(e.sub(part, sum)));
  const total = e.add(
    e.add(share(grad0, alpha, sum0), share(grad1, alpha, sum1)),
    share(grad2, e.add(alpha, skip2), sum2),
  );
  return programOf('ctcBackward', Array<DType>(9).fill(dtype), [whileActive(isActive, total, grad0)]);
}

/** Columns [start, start + width) of step t of a buffer [T, N, *]. */
function columns(view: View, t: number, start: number, width: number): View {
  const step = viewPart(viewPart(view, 0, t, 1), 2, start, width);
  return { ...step, shape: step.shape.slice(1), strides: step.strides.slice(1) };
}

/** Step t of isActive [T, N], the same for all of `width` columns. */
const activeAt = (isActive: View, t: number, width: number): View => {
  const { shape, strides, ...step } = viewPart(isActive, 0, t, 1);
  return { ...step, shape: [shape[1], width], strides: [strides[1], 0] };
};

/**
 * α of every step [T, N, 2 + S], two columns of log 0 in front, and the sums [T, N, S + 2], two of ∞ behind: a primitive, so
 * that a step is one command each way and its gradient needs no more than what it reads.
 */
const ALPHAS: OpRecord<[p: Tensor, skip: Tensor, isActive: Tensor], undefined> = {
  name: 'ctcAlphas',
  shape: ([p]) => {
    const [steps, batch, width] = p.shape;
    const spec = { shape: [steps, batch, width + 2], dtype: p.dtype };
    return [spec, spec];
  },
  forward: (device, [p, skip, isActive], [alphas, sums]) => {
    const [steps, , width] = p.shape;
    queueFill(device, alphas, LOG_ZERO);
    queueFill(device, sums, -LOG_ZERO);
    const begun = Math.min(2, width);
    queueCopy(device, columns(p, 0, 0, begun), columns(alphas, 0, 2, begun));
    const params = { program: forwardProgram(p.dtype), scalars: [] };
    for (let t = 1; t < steps; t++) {
      const before = [2, 1, 0].map((start) => columns(alphas, t - 1, start, width));
      const read = [columns(p, t, 0, width), ...before, skip, activeAt(isActive, t, width)];
      const written = [columns(alphas, t, 2, width), columns(sums, t, 0, width)];
      device.run('pointwise', read, written, params);
    }
  },
  saves: { inputs: [0, 1, 2], outputs: [0, 1] },
  // Only the last step's α is used, so only that has a gradient.
  backward: ([grad], { inputs: [p, skip, isActive] }) => [
    () => {
      if (grad === null) return null;
      const last = narrow(select(grad, 0, grad.shape[0] - 1), 1, 2, p.shape[2]);
      const alpha = enableGrad(() => recursion(p, skip, isActive));
      return gradOf([alpha], [p], { gradOutputs: [last], createGraph: true })[0];
    },
    null,
    null,
  ],
  fusedBackward: ([grad], { inputs: [p, skip, isActive], outputs: [alphas, sums] }) =>
    grad === null ? [] : [alphaGradient(contiguous(grad), p, skip, isActive, alphas, sums)],
};

/** The gradient of p from that of the last α, by its kernel; not differentiable itself. */
function alphaGradient(grad: Tensor, p: Tensor, skip: Tensor, isActive: Tensor, alphas: Tensor, sums: Tensor): Tensor {
  const [steps, , width] = p.shape;
  const { home: device, dtype } = p;
  const ahead = constantPad(narrow(skip, 1, Math.min(2, width), Math.max(0, width - 2)), [0, Math.min(2, width)]);
  const grads = allocate(device, { shape: sums.shape, dtype });
  queueFill(device, grads, 0);
  queueCopy(device, columns(grad, steps - 1, 2, width), columns(grads, steps - 1, 0, width));
  const params = { program: backwardProgram(dtype), scalars: [] };
  for (let t = steps - 1; t > 0; t--) {
    const later = [0, 1, 2].map((start) => columns(grads, t, start, width));
    const sumsThere = [0, 1, 2].map((start) => columns(sums, t, start, width));
    const read = [...later, ...sumsThere, columns(alphas, t - 1, 2, width), ahead, activeAt(isActive, t, width)];
    device.run('pointwise', read, [columns(grads, t - 1, 0, width)], params);
  }
  device.seal(grads.buffer);
  // Behind its end a sequence only hands the gradient on; before the first step there is nothing else to start from.
  const places = arange(width, { device: p.device });
  const isFirst = eq(arange(steps, { device: p.device }), 0);
  const counts = logicalAnd(
    unsqueeze(ne(isActive, 0), 2),
    logicalOr(lt(places, 2), logicalNot(reshape(isFirst, [steps, 1, 1]))),
  );
  return where(counts, narrow(grads, 2, 0, width), 0);
}

/** How ctcLoss reads its targets, and what becomes of those that do not fit. */
export interface CTCParams {
  readonly blank: number;
  /** The most labels of a target. */
  readonly longest: number;
  readonly zeroInfinity: boolean;
}

/** Targets as [N, S]: blank behind their ends. */
function padded(targets: Tensor, lengths: Tensor, { blank, longest }: CTCParams): Tensor {
  const places = arange(longest, { device: targets.device });
  const ends = unsqueeze(lengths, 1);
  const isLabel = lt(places, ends);
  if (targets.ndim === 2) return where(isLabel, targets, blank);
  const starts = sub(cumsum(ends, 0), ends);
  const last = Math.max(0, targets.shape[0] - 1);
  if (targets.shape[0] === 0)
    return full([lengths.shape[0], longest], blank, { dtype: 'int64', device: targets.device });
  return where(isLabel, take(targets, minimum(add(starts, places), last)), blank);
}

/** Labels [N, S] with blanks between and around them: [N, 2 S + 1]. */
function withBlanks(labels: Tensor, blank: number): Tensor {
  const [n, s] = labels.shape;
  const { dtype, device } = labels;
  const pairs = reshape(stack([full([n, s], blank, { dtype, device }), labels], 2), [n, 2 * s]);
  return cat([pairs, full([n, 1], blank, { dtype, device })], 1);
}

/**
 * -log of the probability of each target. Shape: x [T, N, C], targets [N, S] or joined in one dimension, lengths [N] -> [N].
 * The gradient is PyTorch's: e^x - posterior, which differs from the derivative, -posterior, by what a logSoftmax takes away.
 */
export function ctcLoss(x: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, params: CTCParams): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('ctcLoss', ctcLoss, [x, targets, inputLengths, targetLengths, params]);
  const [steps, batch] = x.shape;
  const { dtype, device } = x;
  // Without frames nothing can be said: that is the one way to say no labels, and no way to say any.
  const ofNoFrames = where(eq(targetLengths, 0), full([batch], 0, { dtype, device }), -LOG_ZERO);
  if (steps === 0) return finished(add(sum(x, [0, 2]), ofNoFrames), params);
  const labels = withBlanks(padded(targets, targetLengths, params), params.blank);
  const width = labels.shape[1];
  const faults = (what: string) => ({ op: NAME, what, ignore: null });
  const p = gatherWith(x, 2, expand(labels, [steps, batch, width]), faults('label'));

  // A label may be reached from the one before last, unless that is the same or a blank.
  const earlier = constantPad(narrow(labels, 1, 0, Math.max(0, width - 2)), [Math.min(2, width), 0], params.blank);
  const maySkip = logicalAnd(ne(labels, params.blank), ne(labels, earlier));
  const skip = maskedFill(full([batch, width], LOG_ZERO, { dtype, device }), maySkip, 0);
  // The first step always counts, of a sequence without steps too.
  const isActive = lt(unsqueeze(arange(steps, { device }), 1), clampMin(inputLengths, 1)).to(dtype);

  const [alphas] = applyAll(ALPHAS, [p, skip, contiguous(isActive)], undefined);
  const alpha = narrow(select(alphas, 0, steps - 1), 1, 2, width);

  // It ends with the last blank or the last label.
  const end = unsqueeze(mul(targetLengths, 2), 1);
  const atEnd = gatherWith(alpha, 1, end, faults('target length'));
  const before = gatherWith(alpha, 1, clampMin(sub(end, 1), 0), faults('target length'));
  const either = logaddexp(atEnd, where(eq(end, 0), LOG_ZERO, before));
  // A sequence that is too long is a fault; the zero that is read for others changes nothing.
  const lastStep = clampMin(sub(inputLengths, 1), 0);
  const zeros = gatherWith(full([batch, steps], 0, { dtype, device }), 1, unsqueeze(lastStep, 1), faults('input length'));
  const losses = where(eq(inputLengths, 0), ofNoFrames, reshape(add(neg(either), zeros), [batch]));

  const isUsed = reshape(lt(unsqueeze(arange(steps, { device }), 1), inputLengths), [steps, batch, 1]);
  const mass = sum(where(isUsed, exp(x), 0), [0, 2]);
  return finished(add(losses, sub(mass, mass.detach())), params);
} // prettier-ignore

/** Losses with infinity, or 0, in the place of what is impossible. */
function finished(losses: Tensor, params: CTCParams): Tensor {
  const isImpossible = ge(losses, -LOG_ZERO / 2);
  if (params.zeroInfinity) return where(isImpossible, 0, losses);
  return mul(losses, where(isImpossible, Infinity, onesLike(losses)));
}
