// L-BFGS: quasi-Newton steps of all parameters as one long vector. Decisions need values, so a step is async; what
// needs none stays on the device.
import { noGrad } from '../core/backward';
import { KindError, LoadError, OutOfMemoryError, ShapeError, ValueError } from '../base/errors';
import { checkInteger, type Arguments } from '../base/arguments';
import { FUNCTION } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { describe } from '../base/errorText';
import { checkGiven } from '../core/given';
import { copy_, clone, to } from '../ops/shape/copy';
import { zeros } from '../ops/shape/creation';
import { cat } from '../ops/shape/cat';
import { formatShape } from '../base/shape';
import { dot } from '../ops/linalg/matmul';
import { narrow, reshape } from '../ops/shape/view';
import { abs, add, mul, neg, sub } from '../ops/pointwise/arithmetic';
import { amax, sum } from '../ops/reduce/reduce';
import { keep } from '../core/scope';
import { libraryCode } from '../core/temporaries';
import { Tensor } from '../core/tensor';
import { evaluate, Optimizer, type OptimizerOptions, type ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';
import type { SavedState } from './stateDict';
import { strongWolfe, type Point } from './strongWolfe';

export interface LBFGSOptions extends OptimizerOptions {
  /** Iterations of a step. */
  maxIter: number;
  /** Evaluations of the closure in a step; null for 1.25 maxIter. */
  maxEval: number | null;
  /** A gradient whose elements are all this small ends the step. */
  toleranceGrad: number;
  /** A change of the loss or of all parameters this small ends the step. */
  toleranceChange: number;
  /** Pairs of differences that are remembered. */
  historySize: number;
  /** How far a direction is followed: by lr, or to a point that meets the strong Wolfe conditions. */
  lineSearchFn: 'strong_wolfe' | null;
}

const DEFAULTS: LBFGSOptions = {
  lr: 1,
  maxIter: 20,
  maxEval: null,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearchFn: null,
};
const ORDER = ['lr', 'maxIter', 'maxEval', 'toleranceGrad', 'toleranceChange', 'historySize', 'lineSearchFn'] as const;

const STEP = signature('LBFGS.step', [argument('closure', FUNCTION)]);

/** What is remembered from step to step, under PyTorch's names, with the first parameter. */
/* A type, as the state of an optimizer is a Record. */
type History = {
  func_evals: number;
  n_iter: number;
  /** Direction and length of the last move; absent before the first. */
  d?: Tensor;
  t?: number | Tensor;
  /** Differences of gradients, of parameters, and 1 / their products. */
  old_dirs: Tensor[];
  old_stps: Tensor[];
  ro: (Tensor | number)[];
  H_diag: Tensor | number;
  prev_flat_grad?: Tensor;
  prev_loss?: number;
};

/**
 * L-BFGS, a quasi-Newton method for deterministic losses and few parameters. It calls its closure several times a step.
 *
 * `step` is async, as it has to read losses and products: `await optimizer.step(closure)`, where the closure clears the
 * gradients, computes the loss, calls `backward` and returns the loss. All parameters are in one group, on one device.
 * @example
 * await optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = lossFn(net(x), y);
 *   loss.backward();
 *   return loss;
 * });
 * @see torch.optim.LBFGS
 */
export class LBFGS extends Optimizer<LBFGSOptions> {
  static override readonly name: string = 'LBFGS';

  constructor(
    params: ParamsArgument<LBFGSOptions>,
    ...args: Arguments<
      [],
      [
        lr?: Rate,
        maxIter?: number,
        maxEval?: number | null,
        toleranceGrad?: number,
        toleranceChange?: number,
        historySize?: number,
        lineSearchFn?: 'strong_wolfe' | null,
      ],
      GivenOptions<LBFGSOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<LBFGSOptions>('LBFGS', ORDER, DEFAULTS, params, args));
    if (this.paramGroups.length !== 1) {
      throw new ValueError('LBFGS', `takes one group of parameters, got ${this.paramGroups.length}.`);
    }
    const [group] = this.paramGroups;
    group.maxEval ??= Math.floor(group.maxIter * 1.25);
  }

  protected checkOptions({ lineSearchFn, maxIter, maxEval, historySize }: LBFGSOptions): void {
    checkInteger('LBFGS', 'maxIter', maxIter, 0);
    if (maxEval !== null) checkInteger('LBFGS', 'maxEval', maxEval, 0);
    checkInteger('LBFGS', 'historySize', historySize, 1);
    if (lineSearchFn !== null && lineSearchFn !== 'strong_wolfe') {
      throw new ValueError('LBFGS', `lineSearchFn must be 'strong_wolfe' or null, got '${String(lineSearchFn)}'.`);
    }
  }

  /**
   * Moves the parameters; the promise is of the loss before.
   * @throws FaultError if the loss depends on bad data
   * @throws OutOfMemoryError with parameters and state as they were
   */
  async step<Loss>(closure: () => Loss, ...none: never[]): Promise<Awaited<Loss>> {
    STEP.take([closure, ...none]);
    this.checkGroups();
    const [first] = this.parameters;
    const state = this.state.get(first);
    const start = noGrad(() => this.parameters.map((p) => keep(clone(p))));
    try {
      return await this.iterate(closure);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      noGrad(() => {
        this.parameters.forEach((p, i) => copy_(p, start[i]));
      });
      const before = new Set(tensorsOf(state));
      for (const t of tensorsOf(this.state.get(first))) if (!before.has(t)) t.release();
      if (state === undefined) this.state.delete(first);
      else this.state.set(first, state);
      throw error;
    } finally {
      for (const copy of start) copy.release();
    }
  }

  private async iterate<Loss>(closure: () => Loss): Promise<Awaited<Loss>> {
    const [options] = this.paramGroups;
    const { maxIter, toleranceGrad, toleranceChange, lineSearchFn } = options;
    const rate = options.lr as Rate;
    const lr = typeof rate === 'number' ? rate : await rate.item();
    const maxEval = options.maxEval ?? Math.floor(maxIter * 1.25);
    const history = this.history();
    // Saved on every way out; a step that fails has moved the parameters by what came before.
    this.state.set(this.parameters[0], history);

    const firstLoss = await evaluate(closure);
    let at = await this.pointAfter(firstLoss);
    history.func_evals++;
    let evaluations = 1;
    if (at.steepness <= toleranceGrad) return firstLoss;

    for (let iteration = 1; iteration <= maxIter; iteration++) {
      history.n_iter++;
      const d = keep(await this.direction(history, at.grad));
      const previousLoss = at.loss;
      // The state from before the step is wanted back if memory runs out; what this step has made is not.
      if (iteration > 1) for (const t of [history.d, history.prev_flat_grad]) if (t !== at.grad) t?.release();
      history.d = d;
      history.prev_flat_grad = at.grad;
      history.prev_loss = previousLoss;

      const [slope, length] = await numbers(() => [dot(at.grad, d), sum(abs(at.grad))]);
      let t = history.n_iter === 1 ? Math.min(1, 1 / length) * lr : lr;
      history.t = t;
      if (slope > -toleranceChange) break;

      let used = 0;
      if (lineSearchFn === 'strong_wolfe') {
        const start = this.parameters.map((p) => keep(clone(p.detach())));
        const result = await strongWolfe({ t, d, slope, from: at }, async (length) => {
          this.move(d, length);
          const found = await this.pointAfter(await evaluate(closure));
          noGrad(() => {
            this.parameters.forEach((p, i) => copy_(p, start[i]));
          });
          return found;
        });
        ({ t, point: at, evaluations: used } = result);
        history.t = t;
        this.move(d, t);
      } else {
        this.move(d, t);
        // The last move is not evaluated: with a changing loss it would tell nothing of the next step.
        if (iteration < maxIter) {
          at = await this.pointAfter(await evaluate(closure));
          used = 1;
        }
      }
      evaluations += used;
      history.func_evals += used;

      if (iteration === maxIter || evaluations >= maxEval || at.steepness <= toleranceGrad) break;
      const [greatest] = await numbers(() => [amax(abs(d))]);
      if (greatest * t <= toleranceChange || Math.abs(at.loss - previousLoss) < toleranceChange) break;
    }
    return firstLoss;
  }

  protected restored(param: Tensor, saved: SavedState): Record<string, unknown> {
    const { dtype, device } = param;
    const own = (value: unknown): unknown => {
      if (value instanceof Tensor) return keep(to(value, { dtype, device, copy: true }));
      if (Array.isArray(value)) return value.map(own);
      if (typeof value === 'number' || value === null) return value;
      throw new LoadError('LBFGS.loadStateDict', `a state must be a tensor or a number, got ${typeof value}.`);
    };
    return Object.fromEntries(Object.entries(saved).map(([name, value]) => [name, own(value)]));
  }

  private get parameters(): Tensor[] {
    return this.paramGroups[0].params;
  }

  private history(): History {
    const empty: History = { func_evals: 0, n_iter: 0, old_dirs: [], old_stps: [], ro: [], H_diag: 1 };
    const history: History = { ...empty, ...this.state.get(this.parameters[0]) };
    // Lists of its own: the state there was may be wanted back.
    const { old_dirs, old_stps, ro } = history;
    return { ...history, old_dirs: [...old_dirs], old_stps: [...old_stps], ro: [...ro] };
  }

  /** The descent direction, from the gradient and the differences remembered, which it brings up to date. */
  private async direction(history: History, grad: Tensor): Promise<Tensor> {
    const { d: previous, t, prev_flat_grad: previousGrad, old_dirs: dirs, old_stps: steps, ro } = history;
    if (history.n_iter === 1 || previous === undefined || t === undefined || previousGrad === undefined) {
      return noGrad(() => neg(grad));
    }
    const [y, s] = noGrad(() => [keep(sub(grad, previousGrad)), keep(mul(previous, t))]);
    const [ys, yy] = await numbers(() => [dot(y, s), dot(y, y)]);
    if (ys > 1e-10) {
      if (dirs.length === this.paramGroups[0].historySize) for (const list of [dirs, steps, ro]) list.shift();
      dirs.push(y);
      steps.push(s);
      ro.push(1 / ys);
      history.H_diag = ys / yy;
    } else {
      y.release();
      s.release();
    }
    return noGrad(() => libraryCode(() => twoLoops(history, grad)));
  }

  /** Loss and gradient where the parameters are, after the closure has been called. */
  private async pointAfter(loss: unknown): Promise<Point> {
    checkLoss(loss);
    const flat = (p: Tensor): Tensor =>
      p.grad === null ? zeros([p.numel()], { dtype: p.dtype, device: p.device }) : reshape(p.grad.detach(), [-1]);
    // Held until it is replaced: what a step has in hand may not be taken back while it waits for numbers.
    const grad = keep(noGrad(() => libraryCode(() => cat(this.parameters.map(flat)))));
    const [value, [steepness]] = await Promise.all([
      typeof loss === 'number' ? loss : loss.item(),
      numbers(() => [amax(abs(grad))]),
    ]);
    return { loss: value, grad, steepness };
  }

  /** p <- p + t d. */
  private move(d: Tensor, t: number): void {
    noGrad(() => {
      let offset = 0;
      for (const p of this.parameters) {
        libraryCode(() => void p.add_(mul(reshape(narrow(d, 0, offset, p.numel()), p.shape), t)));
        offset += p.numel();
      }
    });
  }
}

/** @throws TypeError, ShapeError, FreedError unless a closure gave a loss */
function checkLoss(loss: unknown): asserts loss is number | Tensor {
  const who = 'LBFGS: the closure';
  if (typeof loss === 'number') return;
  if (!(loss instanceof Tensor))
    throw new KindError(null, `${who} must return the loss, a tensor, got ${describe(loss)}.`);
  checkGiven(who, loss);
  if (loss.numel() === 1) return;
  throw new ShapeError(null, `${who} must return a loss of one element, got shape ${formatShape(loss.shape)}.`, {
    shapes: [loss.shape],
  });
}

/** The tensors of a state, deep in its lists. */
const tensorsOf = (state: object | undefined): Tensor[] =>
  Object.values(state ?? {})
    .flat()
    .filter((value) => value instanceof Tensor);

/** The product of the inverse Hessian's approximation with the gradient, turned round (Nocedal and Wright, algorithm 7.4). */
function twoLoops({ old_dirs: dirs, old_stps: steps, ro, H_diag: scale }: History, grad: Tensor): Tensor {
  const alphas: Tensor[] = [];
  let q = neg(grad);
  for (let i = dirs.length - 1; i >= 0; i--) {
    alphas[i] = mul(dot(steps[i], q), ro[i]);
    q = sub(q, mul(dirs[i], alphas[i]));
  }
  let r = mul(q, scale);
  dirs.forEach((y, i) => {
    r = add(r, mul(steps[i], sub(alphas[i], mul(dot(y, r), ro[i]))));
  });
  return r;
}

/** The values of tensors of one element, outside the graph. */
const numbers = (compute: () => Tensor[]): Promise<number[]> =>
  Promise.all(libraryCode(() => noGrad(compute).map((x) => x.item())));
