// Scaling of losses for float16, whose gradients would vanish below 6e-8 otherwise.
import { gather, type Arguments } from '../base/arguments';
import { noGrad } from '../core/backward';
import { DTypeError } from '../base/errors';
import { libraryCode } from '../core/temporaries';
import { abs, mul } from '../ops/pointwise/arithmetic';
import { amax } from '../ops/reduce/reduce';
import { stack } from '../ops/shape/cat';
import { tensor } from '../ops/shape/creation';
import { to } from '../ops/shape/copy';
import type { Optimizer, OptimizerOptions } from '../optim/optimizer';
import type { Tensor } from '../core/tensor';

/** Options of GradScaler, in PyTorch's order. */
export interface GradScalerOptions {
  /** Default 65536. */
  initScale?: number;
  /** The scale is multiplied by it after `growthInterval` steps without an infinity or NaN; above 1, default 2. */
  growthFactor?: number;
  /** The scale is multiplied by it after a step with one; below 1, default 0.5. */
  backoffFactor?: number;
  /** Default 2000. */
  growthInterval?: number;
  /** False makes every method do nothing, and `step` an ordinary one. */
  enabled?: boolean;
}
const ORDER = ['initScale', 'growthFactor', 'backoffFactor', 'growthInterval', 'enabled'] as const;

/** What `stateDict` gives, under PyTorch's names; empty if the scaler is not enabled. */
export interface GradScalerState {
  scale?: number;
  growth_factor?: number;
  backoff_factor?: number;
  growth_interval?: number;
  _growth_tracker?: number;
}

/** Any optimizer. */
type AnyOptimizer = Pick<Optimizer<OptimizerOptions>, 'step'> & {
  readonly paramGroups: readonly { readonly params: readonly Tensor[] }[];
};

/** What has become of an optimizer since the last update. */
interface Progress {
  readonly isFinite: Promise<boolean>;
  /** Null until it is known. */
  found: boolean | null;
  hasStepped: boolean;
}

/**
 * Multiplies losses by a scale, divides the gradients by it before an optimizer's step, and leaves out steps whose
 * gradients have an infinity or NaN; the scale then shrinks, and grows after many steps without one. Gradients must be of
 * float32: keep the parameters in it and cast inside of `forward`.
 *
 * Whether a step is made is known when the device has computed the gradients, so `step` is to be awaited.
 * @example
 * scaler.scale(loss).backward();
 * await scaler.step(optimizer);
 * scaler.update();
 * @throws RangeError for factors on the wrong side of 1
 * @see torch.cuda.amp.GradScaler
 */
export class GradScaler {
  readonly #enabled: boolean;
  #scale: number;
  #isUsed = false;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  #growthTracker = 0;
  #progress = new Map<AnyOptimizer, Progress>();

  constructor(...args: Arguments<GradScalerOptions, typeof ORDER>) {
    const options = gather<GradScalerOptions>('GradScaler', ORDER, args);
    const { initScale = 65536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000, enabled = true } = options;
    if (enabled && !(growthFactor > 1)) {
      throw new RangeError(`GradScaler: growthFactor must be greater than 1, got ${growthFactor}.`);
    }
    if (enabled && !(backoffFactor < 1)) {
      throw new RangeError(`GradScaler: backoffFactor must be less than 1, got ${backoffFactor}.`);
    }
    this.#enabled = enabled;
    this.#scale = initScale;
    this.#growthFactor = growthFactor;
    this.#backoffFactor = backoffFactor;
    this.#growthInterval = growthInterval;
  }

  /** A tensor, or nested arrays of them, times the scale; a loss of float16 becomes float32. */
  scale<T extends Tensor | readonly unknown[]>(outputs: T): T;
  scale(outputs: Tensor | readonly unknown[]): unknown {
    if (!this.#enabled) return outputs;
    this.#isUsed = true;
    if (!Array.isArray(outputs)) {
      const x = outputs as Tensor;
      return mul(x, tensor(this.#scale, { device: x.device }));
    }
    return outputs.map((output) => this.scale(output as Tensor));
  }

  /**
   * Divides the gradients of an optimizer's parameters by the scale, to clip them before `step`, which then does not.
   * @throws Error if that was done already, or nothing was scaled
   * @throws DTypeError for gradients of float16, which cannot hold the quotients
   */
  unscale_(optimizer: AnyOptimizer): void {
    if (!this.#enabled) return;
    this.#checkUse('unscale_');
    const before = this.#progress.get(optimizer);
    if (before !== undefined) {
      throw new Error(
        before.hasStepped
          ? 'unscale_: must come before step(), got a call after it.'
          : 'unscale_: must be called once for each optimizer between updates, got a second call.',
      );
    }
    const params = optimizer.paramGroups.flatMap((group) => group.params);
    const grads = params.flatMap(({ ownGrad }) => (ownGrad === null || ownGrad.numel() === 0 ? [] : [ownGrad]));
    const narrow = grads.find(({ dtype }) => dtype === 'float16');
    if (narrow !== undefined) {
      throw new DTypeError(
        'unscale_: gradients must not be float16, which cannot hold what the scale was for, got float16. ' +
          'Keep the parameters in float32 and cast them where they are used.',
        { dtype: 'float16' },
      );
    }
    const inverse = Math.fround(1 / this.#scale);
    const isFinite = allFinite(grads);
    noGrad(() => {
      for (const grad of grads) grad.mul_(inverse);
    });
    const progress: Progress = { isFinite, found: null, hasStepped: false };
    // Who does not await the step hears of a fault from the read that it belongs to.
    isFinite.then(
      (finite) => (progress.found = !finite),
      () => undefined,
    );
    this.#progress.set(optimizer, progress);
  }

  /**
   * Unscales the gradients unless `unscale_` has, and makes the optimizer's step if all are finite. Resolves to what
   * `optimizer.step()` gave, or to null if it was left out.
   * @throws Error (as a rejection) after a step that `update` has not followed
   */
  async step(optimizer: AnyOptimizer): Promise<unknown> {
    if (!this.#enabled) return optimizer.step();
    this.#checkUse('step');
    if (this.#progress.get(optimizer)?.hasStepped === true) {
      throw new Error('step: must be called once for each optimizer between updates, got a second call.');
    }
    if (!this.#progress.has(optimizer)) this.unscale_(optimizer);
    const progress = this.#progress.get(optimizer) as Progress;
    progress.hasStepped = true;
    const finite = await progress.isFinite;
    progress.found = !finite;
    return finite ? optimizer.step() : null;
  }

  /**
   * Moves the scale: down if a gradient since the last update was infinite or NaN, up after `growthInterval` updates
   * without one; or to `newScale`.
   * @throws Error if there was no step since, or one that was not awaited
   */
  update(newScale?: number): void {
    if (!this.#enabled) return;
    this.#checkUse('update');
    if (newScale !== undefined) {
      this.#scale = Math.fround(newScale);
    } else {
      const found = [...this.#progress.values()].map((progress) => progress.found);
      if (found.length === 0) throw new Error('update: must come after step() or unscale_(), got neither.');
      if (found.includes(null)) throw new Error('update: step() must be done. Write await scaler.step(optimizer).');
      this.#move(found.includes(true));
    }
    this.#progress = new Map();
  }

  #move(hasFound: boolean): void {
    if (hasFound) {
      this.#scale = Math.fround(this.#scale * this.#backoffFactor);
      this.#growthTracker = 0;
    } else if (++this.#growthTracker === this.#growthInterval) {
      const grown = Math.fround(this.#scale * this.#growthFactor);
      if (Number.isFinite(grown)) this.#scale = grown;
      this.#growthTracker = 0;
    }
  }

  #checkUse(method: string): void {
    if (!this.#isUsed)
      throw new Error(`${method}: a loss must have been scaled before. Use scaler.scale(loss).backward().`);
  }

  /** The scale; 1 if the scaler is not enabled. */
  getScale(): number {
    return this.#enabled ? this.#scale : 1;
  }

  getGrowthFactor(): number {
    return this.#growthFactor;
  }

  setGrowthFactor(factor: number): void {
    this.#growthFactor = factor;
  }

  getBackoffFactor(): number {
    return this.#backoffFactor;
  }

  setBackoffFactor(factor: number): void {
    this.#backoffFactor = factor;
  }

  getGrowthInterval(): number {
    return this.#growthInterval;
  }

  setGrowthInterval(interval: number): void {
    this.#growthInterval = interval;
  }

  isEnabled(): boolean {
    return this.#enabled;
  }

  /** Scale, factors and count, under PyTorch's names. To be called after `update`. */
  stateDict(): GradScalerState {
    if (!this.#enabled) return {};
    return {
      scale: this.#scale,
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#growthTracker,
    };
  }

  /** Takes over what `stateDict` gave, here or in PyTorch. @throws Error for an empty one, that of a scaler not enabled */
  loadStateDict(state: GradScalerState): void {
    if (!this.#enabled) return;
    const { scale, growth_factor, backoff_factor, growth_interval, _growth_tracker } = state;
    if (scale === undefined) {
      throw new Error('loadStateDict: the state must not be empty, got that of a scaler that was not enabled.');
    }
    this.#scale = scale;
    this.#growthFactor = growth_factor ?? this.#growthFactor;
    this.#backoffFactor = backoff_factor ?? this.#backoffFactor;
    this.#growthInterval = growth_interval ?? this.#growthInterval;
    this.#growthTracker = _growth_tracker ?? 0;
  }
}

/** Whether no element is infinite or NaN: the greatest sizes tell, and one read for each device. */
async function allFinite(grads: readonly Tensor[]): Promise<boolean> {
  const devices = [...new Set(grads.map(({ device }) => device))];
  const sizesOn = (device: Tensor['device']): Tensor =>
    stack(grads.filter((grad) => grad.device === device).map((grad) => to(amax(abs(grad)), 'float32')));
  const reads = devices.map((device) => libraryCode(() => noGrad(() => sizesOn(device)).data()));
  return (await Promise.all(reads)).every((sizes) => [...(sizes as Float32Array)].every(Number.isFinite));
}
