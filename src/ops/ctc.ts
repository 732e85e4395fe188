// Connectionist temporal classification, after https://www.cs.toronto.edu/~graves/icml_2006.pdf: the forward recursion in
// log space, each step of it one kernel for all sequences and labels. Its gradient is that of the recursion.
import * as e from '../expression';
import type { Expression } from '../expression';
import { fused } from '../fused';
import type { Tensor } from '../tensor';
import { clampMin, eq, ge, logicalAnd, lt, maskedFill, minimum, ne, where } from './compare';
import { arange, full, onesLike } from './creation';
import { gatherWith, take } from './index';
import { cat, constantPad, stack } from './join';
import { expand, narrow, reshape, unbind, unsqueeze } from './movement';
import { add, exp, logaddexp, mul, neg, sub } from './pointwise';
import { sum } from './reduce';
import { cumsum } from './scan';

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

/**
 * α'(s) = log p(s) + log(α(s) + α(s-1) + α(s-2)), in logarithms; `skip` is 0 where s-2 may be skipped to s, else log 0, and
 * α stays where the sequence has ended.
 */
const STEP = fused('ctcStep', [1, 1, 1, 1, 1, 1], ([p], [stay], [next], [second], [skip], [isActive]) => [
  [e.where(e.gt(isActive, like(isActive, 0)), e.add(p, logSum(stay, next, e.add(second, skip))), stay)],
]);

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
  const [steps, batch, classes] = x.shape;
  const { dtype, device } = x;
  const labels = withBlanks(padded(targets, targetLengths, params), params.blank);
  const width = labels.shape[1];
  const faults = (what: string) => ({ op: NAME, what, ignore: null });
  const p = gatherWith(x, 2, expand(labels, [steps, batch, width]), faults('label'));

  const places = arange(width, { device });
  // A label may be reached from the one before last, unless that is the same or a blank.
  const earlier = constantPad(narrow(labels, 1, 0, Math.max(0, width - 2)), [Math.min(2, width), 0], params.blank);
  const maySkip = logicalAnd(ne(labels, params.blank), ne(labels, earlier));
  const skip = maskedFill(full([batch, width], LOG_ZERO, { dtype, device }), maySkip, 0);
  const isActive = lt(unsqueeze(arange(steps, { device }), 1), inputLengths).to(dtype);

  const [first, ...others] = unbind(p);
  const active = unbind(isActive);
  // A path starts with the first blank or the first label.
  let alpha = where(lt(places, 2), first, LOG_ZERO);
  others.forEach((step, t) => {
    const before = constantPad(alpha, [2, 0], LOG_ZERO);
    const mask = expand(unsqueeze(active[t + 1], 1), [batch, width]);
    [alpha] = STEP(step, alpha, narrow(before, 1, 1, width), narrow(before, 1, 0, width), skip, mask);
  });

  // It ends with the last blank or the last label.
  const end = unsqueeze(mul(targetLengths, 2), 1);
  const atEnd = gatherWith(alpha, 1, end, faults('target length'));
  const before = gatherWith(alpha, 1, clampMin(sub(end, 1), 0), faults('target length'));
  const either = logaddexp(atEnd, where(eq(end, 0), LOG_ZERO, before));
  // A sequence that is too long is a fault; the zero that is read for others changes nothing.
  const lastStep = clampMin(sub(inputLengths, 1), 0);
  const zeros = gatherWith(full([batch, steps], 0, { dtype, device }), 1, unsqueeze(lastStep, 1), faults('input length'));
  const losses = reshape(add(neg(either), zeros), [batch]);

  const isUsed = reshape(isActive, [steps, batch, 1]);
  const mass = sum(mul(exp(x), expand(isUsed, [steps, batch, classes])), [0, 2]);
  const conventional = add(losses, sub(mass, mass.detach()));
  const isImpossible = ge(losses, -LOG_ZERO / 2);
  if (params.zeroInfinity) return where(isImpossible, 0, conventional);
  return mul(conventional, where(isImpossible, Infinity, onesLike(losses)));
} // prettier-ignore
