// Line search for a point that meets the strong Wolfe conditions: bracketing, then zooming by cubic interpolation
// (Nocedal and Wright, algorithms 3.5 and 3.6), with PyTorch's safeguards. @see torch.optim.lbfgs._strong_wolfe
import { noGrad } from '../core/backward';
import { abs } from '../ops/pointwise/arithmetic';
import { dot } from '../ops/linalg/matmul';
import { amax } from '../ops/reduce/reduce';
import type { Tensor } from '../core/tensor';

/** Loss and gradient somewhere, and the greatest size of an element of the gradient. */
export interface Point {
  readonly loss: number;
  readonly grad: Tensor;
  readonly steepness: number;
}

/** A point on the line, at length t, with the derivative along the line. */
interface Trial {
  readonly t: number;
  readonly point: Point;
  readonly slope: number;
}

interface Line {
  /** The first length to try. */
  readonly t: number;
  readonly d: Tensor;
  /** The derivative along d at the start, which is below 0. */
  readonly slope: number;
  readonly from: Point;
}

/** Sufficient decrease, sufficient flatness. */
const C1 = 1e-4;
const C2 = 0.9;
const LEAST_BRACKET = 1e-9;
const MAX_TRIALS = 25;

/** A good length along the line, the point there and the number of evaluations. */
export async function strongWolfe(
  { t: firstLength, d, slope: startSlope, from }: Line,
  evaluate: (t: number) => Promise<Point>,
): Promise<{ t: number; point: Point; evaluations: number }> {
  let evaluations = 0;
  const attempt = async (t: number): Promise<Trial> => {
    evaluations++;
    const point = await evaluate(t);
    return { t, point, slope: await noGrad(() => dot(point.grad, d)).item() };
  };
  const tooHigh = ({ t, point }: Trial): boolean => point.loss > from.loss + C1 * t * startSlope;
  const flat = ({ slope }: Trial): boolean => Math.abs(slope) <= -C2 * startSlope;

  const start: Trial = { t: 0, point: from, slope: startSlope };
  let previous = start;
  let trial = await attempt(firstLength);
  let trials = 0;
  let bracket: [Trial, Trial] | null = null;
  for (; trials < MAX_TRIALS && bracket === null; trials++) {
    if (tooHigh(trial) || (trials > 1 && trial.point.loss >= previous.point.loss)) bracket = [previous, trial];
    else if (flat(trial)) return { t: trial.t, point: trial.point, evaluations };
    else if (trial.slope >= 0) bracket = [previous, trial];
    if (bracket !== null) break;
    const bounds: [number, number] = [trial.t + 0.01 * (trial.t - previous.t), trial.t * 10];
    const next = cubicMinimum(previous, trial, bounds);
    previous = trial;
    trial = await attempt(next);
  }

  let [low, high] = sorted(bracket ?? [start, trial]);
  const extent = await noGrad(() => amax(abs(d))).item();
  let stalled = false;
  for (; trials < MAX_TRIALS && Math.abs(high.t - low.t) * extent >= LEAST_BRACKET; trials++) {
    const [left, right] = [Math.min(low.t, high.t), Math.max(low.t, high.t)];
    let t = cubicMinimum(low, high, [left, right]);
    // Too near an end twice in a row, or beyond it: a tenth of the bracket away from that end instead.
    const margin = 0.1 * (right - left);
    const near = Math.min(right - t, t - left) < margin;
    if (near && (stalled || t >= right || t <= left)) {
      t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
      stalled = false;
    } else {
      stalled = near;
    }
    const found = await attempt(t);
    if (tooHigh(found) || found.point.loss >= low.point.loss) {
      [low, high] = sorted([low, found]);
    } else if (flat(found)) {
      low = found;
      break;
    } else {
      if (found.slope * (high.t - low.t) >= 0) high = low;
      low = found;
    }
  }
  return { t: low.t, point: low.point, evaluations };
}

/** The one with the lower loss first. */
const sorted = ([a, b]: [Trial, Trial]): [Trial, Trial] => (a.point.loss <= b.point.loss ? [a, b] : [b, a]);

/** Where the cubic through two trials, with their slopes, is least within the bounds; their middle if it is nowhere. */
function cubicMinimum(a: Trial, b: Trial, [least, greatest]: [number, number]): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d1 = left.slope + right.slope - (3 * (left.point.loss - right.point.loss)) / (left.t - right.t);
  const square = d1 ** 2 - left.slope * right.slope;
  if (!(square >= 0)) return (least + greatest) / 2;
  const d2 = Math.sqrt(square);
  const t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(t, least), greatest);
}
