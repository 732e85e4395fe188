// Optimizers whose step depends on more than single elements, such as norms and products of matrices, and is written in
// operations on tensors. What treats every element alike is an update rule: updateRule.ts.
import type { DType } from '../base/dtype';
import { methodsTake } from '../base/signature';
import { noGrad } from '../core/backward';
import { keep, unscoped } from '../core/scope';
import { libraryCode } from '../core/temporaries';
import type { Tensor } from '../core/tensor';
import { add, mul } from '../ops/pointwise/arithmetic';
import { copy_, to } from '../ops/shape/copy';
import { zeros } from '../ops/shape/creation';
import { view } from '../ops/shape/view';
import type { Shape } from '../base/shape';
import { Optimizer, STEP_TAKES, type OptimizerOptions, type ParamGroup } from './optimizer';
import { rateFor, type Rate } from './rate';
import { restoreTensors, STEP, type SavedState } from './stateDict';
import { takeStep } from './updateRule';

/** What a step goes by: all of it in float32, or float64 for parameters of float64, on the parameter's device. */
export interface TensorStep {
  readonly param: Tensor;
  readonly grad: Tensor;
  readonly lr: Rate;
  /** A state as it was left, or zeros of the given shape (the parameter's). */
  readonly state: (name: string, shape?: Shape) => Tensor;
  /** Number of steps taken on this parameter, the current one included: float32 without dimensions. */
  readonly step: Tensor;
}

/** New values of a parameter and of its states, under PyTorch's names. */
export interface TensorUpdate {
  readonly value: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
}

/** Base of such optimizers. Parameters without a gradient are passed over. */
export abstract class TensorOptimizer<O extends OptimizerOptions> extends Optimizer<O, Tensor> {
  static override readonly name: string = 'TensorOptimizer';

  /** The step of one parameter. */
  protected abstract update(step: TensorStep, options: O): TensorUpdate;

  static {
    methodsTake(this, STEP_TAKES);
  }

  protected restored(param: Tensor, saved: SavedState): Record<string, Tensor> {
    return restoreTensors(this.name, param, saved);
  }

  /**
   * Updates every parameter that has a gradient. A `closure` computes the loss and its gradients first; the loss is
   * returned, as a promise if the closure is async. What is returned without one may be awaited to give the page a turn.
   * @throws OutOfMemoryError with parameters and state as they were
   */
  step(): PromiseLike<void> | undefined;
  step<Loss>(closure: () => Loss): Loss;
  step<Loss>(closure?: () => Loss): Loss | Promise<unknown> | PromiseLike<void> {
    return takeStep(this.name, closure, () => {
      this.checkGroups();
      noGrad(() => {
        unscoped(() => {
          this.updateAll();
        });
      });
    });
  }

  /** All that may run out of memory comes before the first parameter is written. */
  private updateAll(): void {
    const updates: (TensorUpdate & { param: Tensor })[] = [];
    try {
      for (const group of this.paramGroups) {
        for (const param of group.params) {
          const { ownGrad: grad } = param;
          if (grad === null || param.numel() === 0) continue;
          updates.push({ param, ...keep(libraryCode(() => this.updateOf(param, grad, group))) });
        }
      }
    } catch (error) {
      for (const { value, state } of updates) for (const made of [value, ...Object.values(state)]) made.release();
      throw error;
    }
    for (const { param, value, state } of updates) {
      copy_(param, value);
      value.release();
      for (const old of Object.values(this.state.get(param) ?? {})) old.release();
      this.state.set(param, state);
    }
  }

  private updateOf(param: Tensor, grad: Tensor, group: ParamGroup<O>): TensorUpdate {
    const { device } = param;
    const dtype: DType = param.dtype === 'float64' ? 'float64' : 'float32';
    const wide = (x: Tensor): Tensor => to(x, { dtype, device });
    const old = this.state.get(param) ?? {};
    const count = Object.hasOwn(old, STEP) ? to(old[STEP], { device }) : zeros([], { dtype: 'float32', device });
    const rate = group.lr as Rate;
    const step: TensorStep = {
      param: wide(param),
      grad: wide(grad),
      lr: typeof rate === 'number' ? rate : view(rateFor(rate, dtype, device), []),
      state: (name, shape = param.shape) =>
        Object.hasOwn(old, name) ? wide(old[name]) : zeros([...shape], { dtype, device }),
      step: add(count, 1),
    };
    const { value, state } = this.update(step, group);
    const kept = Object.entries(state).map(([name, x]): [string, Tensor] => [
      name,
      name === STEP ? x : to(x, { dtype: param.dtype }),
    ]);
    return { value, state: Object.fromEntries(kept) };
  }
}

/** The product of a rate and a number. */
export const scaled = (lr: Rate, factor: number): Rate => (typeof lr === 'number' ? lr * factor : mul(lr, factor));

/** (1 - lr weightDecay) p. */
export const decayed = (param: Tensor, lr: Rate, weightDecay: number): Tensor =>
  weightDecay === 0 ? param : mul(param, typeof lr === 'number' ? 1 - lr * weightDecay : add(mul(lr, -weightDecay), 1));
