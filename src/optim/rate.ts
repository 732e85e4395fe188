// The learning rate of a group: a number, or a tensor of one element, which a step reads on the device. Schedulers, which are
// written in numbers, set the value of such a tensor in place, and know it as long as nobody else does.
import type { DType } from '../base/dtype';
import { ShapeError, ValueError } from '../base/errors';
import { kind, REAL, type Kind } from '../base/kinds';
import { formatShape } from '../base/shape';
import { noGrad } from '../core/backward';
import { Tensor } from '../core/tensor';
import { fill_, to } from '../ops/shape/copy';

/** A learning rate: a number, or a tensor of one element, which is followed where it changes. */
export type Rate = number | Tensor;

/**
 * The rate of a group. It is a tensor where one was given, as in PyTorch; that it reads as a number is what nearly all
 * programs want: `const lr = group.lr as Rate` for those that give tensors.
 */
export interface GroupRate {
  /** The learning rate as a number, which of a tensor it is not: see `Rate`. */
  get lr(): number;
  /** Takes a tensor too. */
  set lr(rate: Rate);
}

export const RATE: Kind<Rate> = kind<Rate>(
  'a number or a tensor of one element',
  (value) => REAL.accepts(value) || value instanceof Tensor,
);

/** @throws ShapeError for a tensor of other than one element, ValueError for one that the page knows to be negative or NaN */
export function checkRate(owner: string, rate: Rate): void {
  if (typeof rate === 'number') return;
  if (rate.numel() !== 1) {
    const got = formatShape(rate.shape);
    throw new ShapeError(owner, `lr must be a number or a tensor of one element, got shape ${got}.`, {
      shapes: [rate.shape],
    });
  }
  const value = knownRate(rate);
  if (value !== undefined && !(value >= 0)) throw new ValueError(owner, `lr must be at least 0, got ${value}.`);
}

/** What schedulers have filled tensors with, and the change that was. */
const filled = new WeakMap<Tensor, { readonly value: number; readonly version: number }>();

/** The value of a tensor, where the page knows it. */
function knownRate(rate: Tensor): number | undefined {
  const noted = filled.get(rate);
  if (noted?.version === rate.storage.version) return noted.value;
  return rate.seenValues === null ? undefined : Number(rate.seenValues[0]);
}

/** The rate of a group as a number. @throws ValueError for a tensor whose value only the device knows */
export function rateOf(owner: string, { lr }: { readonly lr: Rate }): number {
  if (typeof lr === 'number') return lr;
  const value = knownRate(lr);
  if (value !== undefined) return value;
  throw new ValueError(
    owner,
    'the value of the tensor lr must be known to the page, got one that only the device knows. Read it once with item(), or set lr to a number.',
  );
}

/** Sets the rate of a group, in place where it is a tensor, so that whoever holds that sees it. */
export function setRate(group: GroupRate, value: number): void {
  const { lr } = group as { readonly lr: Rate };
  if (typeof lr === 'number') {
    group.lr = value;
    return;
  }
  noGrad(() => fill_(lr, value));
  filled.set(lr, { value, version: lr.storage.version });
}

/** The tensor as steps on a parameter read it: on its device, in float32 or float64. */
export const rateFor = (rate: Tensor, dtype: DType, device: Tensor['device']): Tensor =>
  rate.dtype === dtype && rate.device === device ? rate : to(rate.detach(), { dtype, device });
