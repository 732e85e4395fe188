// Scaling of losses for float16, whose gradients would vanish below 6e-8 otherwise.
import { isPlainObject, type Arguments } from '../base/arguments';
import { atLeast, COUNT, FINITE, FLAG, FUNCTION, kind, REAL, type Kind } from '../base/kinds';
import { argument, checkKind, methodsTake, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { KindError, DTypeError, ValueError } from '../base/errors';
import { TENSOR } from '../core/kinds';
import { libraryCode } from '../core/temporaries';
import { abs, mul } from '../ops/pointwise/arithmetic';
import { amax } from '../ops/reduce/reduce';
import { stack } from '../ops/shape/cat';
import { capture } from '../core/capture';
import { uploaded } from '../ops/shape/creation';
import { to } from '../ops/shape/copy';
import { checkStateDict, STATE } from '../optim/options';
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
const POSITIVE = kind<number>('a finite number above 0', (value) => FINITE.accepts(value) && value > 0);
const TAKES = signature('GradScaler', [
  argument('initScale', POSITIVE, 65536), argument('growthFactor', REAL, 2), argument('backoffFactor', REAL, 0.5),
  argument('growthInterval', atLeast(1), 2000), argument('enabled', FLAG, true),
]); // prettier-ignore

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

const OPTIMIZER: Kind<AnyOptimizer> = kind('an optimizer', (value) => {
  const { step, paramGroups } = Object(value) as { step?: unknown; paramGroups?: unknown };
  return typeof step === 'function' && Array.isArray(paramGroups);
});
/** A tensor, or arrays of arrays of them. */
const OUTPUTS: Kind<Tensor | readonly unknown[]> = kind(
  'a tensor, or arrays of tensors',
  (value) => TENSOR.accepts(value) || (Array.isArray(value) && value.every((item) => OUTPUTS.accepts(item))),
);
const STEP = signature('GradScaler.step', [argument('optimizer', OPTIMIZER), argument('closure', FUNCTION, undefined)]);
const NUMBERS = {
  scale: POSITIVE,
  growth_factor: REAL,
  backoff_factor: REAL,
  growth_interval: atLeast(1),
  _growth_tracker: COUNT,
};

/** What has become of an optimizer since the last update. */
interface Progress {
  /** Whether any parameter had a gradient to look at. */
  readonly isLookedAt: boolean;
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
  static readonly name: string = 'GradScaler';

  readonly #enabled: boolean;
  #scale: number;
  #isUsed = false;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  #growthTracker = 0;
  #progress = new Map<AnyOptimizer, Progress>();

  static {
    methodsTake(
      this,
      signature('scale', [argument('outputs', OUTPUTS)]),
      signature('unscale_', [argument('optimizer', OPTIMIZER)]),
      signature('update', [argument('newScale', POSITIVE, undefined)]),
      signature('setGrowthFactor', [argument('factor', REAL)]),
      signature('setBackoffFactor', [argument('factor', REAL)]),
      signature('setGrowthInterval', [argument('interval', atLeast(1))]),
      signature('loadStateDict', [argument('state', STATE)]),
      ...['getScale', 'getGrowthFactor', 'getBackoffFactor', 'getGrowthInterval', 'isEnabled', 'stateDict'].map(
        (name) => signature(name, []),
      ),
    );
  }

  constructor(
    ...args: Arguments<
      [],
      [initScale?: number, growthFactor?: number, backoffFactor?: number, growthInterval?: number, enabled?: boolean],
      GradScalerOptions
    >
  ) {
    const { initScale, growthFactor, backoffFactor, growthInterval, enabled } = TAKES.take(args);
    if (enabled && !(growthFactor > 1)) {
      throw new ValueError('GradScaler', `growthFactor must be greater than 1, got ${growthFactor}.`);
    }
    if (enabled && !(backoffFactor < 1)) {
      throw new ValueError('GradScaler', `backoffFactor must be less than 1, got ${backoffFactor}.`);
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
      // Asked for anew where the call is compiled.
      const value = (): Float32Array => Float32Array.of(this.#scale);
      capture.current?.source(value);
      const scale = uploaded(x.device, [], 'float32', value);
      return mul(x, scale);
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
        'unscale_',
        'gradients must not be float16, which cannot hold what the scale was for, got float16. ' +
          'Keep the parameters in float32 and cast them where they are used.',
        { dtype: 'float16' },
      );
    }
    const inverse = Math.fround(1 / this.#scale);
    const isFinite = allFinite(grads);
    noGrad(() => {
      for (const grad of grads) grad.mul_(inverse);
    });
    const progress: Progress = { isLookedAt: grads.length > 0, isFinite, found: null, hasStepped: false };
    // Who does not await the step hears of a fault from the read that it belongs to.
    isFinite.then(
      (finite) => (progress.found = !finite),
      () => undefined,
    );
    this.#progress.set(optimizer, progress);
  }

  /**
   * Unscales the gradients unless `unscale_` has, and makes the optimizer's step if all are finite. Resolves to what
   * `optimizer.step()` gave, or to null if it was left out. A closure goes to the optimizer if the scaler is not enabled, and is
   * refused if it is, as in PyTorch: the gradients that it makes would have to be scaled.
   * @throws Error (as a rejection) after a step that `update` has not followed, and if no parameter has a gradient
   */
  async step(...args: readonly [optimizer: AnyOptimizer, closure?: () => unknown]): Promise<unknown> {
    const { optimizer, closure } = STEP.take(args);
    if (!this.#enabled) return closure === undefined ? optimizer.step() : optimizer.step(closure);
    if (closure !== undefined) {
      throw new KindError('GradScaler.step', 'must have no closure while the scaler is enabled, got one. Call backward() before it.'); // prettier-ignore
    }
    this.#checkUse('step');
    if (this.#progress.get(optimizer)?.hasStepped === true) {
      throw new Error('step: must be called once for each optimizer between updates, got a second call.');
    }
    if (!this.#progress.has(optimizer)) this.unscale_(optimizer);
    const progress = this.#progress.get(optimizer) as Progress;
    if (!progress.isLookedAt) {
      throw new Error('step: a parameter must have a gradient, got none. Call scaler.scale(loss).backward() first.');
    }
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
      const found = [...this.#progress.values()]
        .filter(({ isLookedAt }) => isLookedAt)
        .map((progress) => progress.found);
      if (found.length === 0) throw new Error('update: must come after step() or unscale_(), got neither.');
      if (found.includes(null)) throw new Error('update: step() must be done. Write await scaler.step(optimizer).');
      this.#move(found.includes(true));
    }
    this.#progress = new Map();
  }

  #move(hasFound: boolean): void {
    if (hasFound) {
      const shrunk = Math.fround(this.#scale * this.#backoffFactor);
      // What gradients are divided by must have an inverse.
      if (Number.isFinite(Math.fround(1 / shrunk))) this.#scale = shrunk;
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

  /** What the scale is multiplied with after enough steps without an overflow. */
  getGrowthFactor(): number {
    return this.#growthFactor;
  }

  /** Sets what the scale grows by; above 1. */
  setGrowthFactor(factor: number): void {
    this.#growthFactor = factor;
  }

  /** What the scale is multiplied with after an overflow. */
  getBackoffFactor(): number {
    return this.#backoffFactor;
  }

  /** Sets what the scale shrinks by; below 1. */
  setBackoffFactor(factor: number): void {
    this.#backoffFactor = factor;
  }

  /** Steps without an overflow before the scale grows. */
  getGrowthInterval(): number {
    return this.#growthInterval;
  }

  /** Sets the number of steps before the scale grows; at least 1. */
  setGrowthInterval(interval: number): void {
    this.#growthInterval = interval;
  }

  /** Whether losses are scaled at all. */
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
    if (isPlainObject(state) && Object.keys(state).length === 0) {
      throw new Error('loadStateDict: the state must not be empty, got that of a scaler that was not enabled.');
    }
    checkStateDict('GradScaler.loadStateDict', state, Object.keys(NUMBERS));
    for (const [name, kind] of Object.entries(NUMBERS)) {
      checkKind('GradScaler.loadStateDict', name, kind, Reflect.get(state, name));
    }
    const saved = state as Required<GradScalerState>;
    this.#scale = saved.scale;
    this.#growthFactor = saved.growth_factor;
    this.#backoffFactor = saved.backoff_factor;
    this.#growthInterval = saved.growth_interval;
    this.#growthTracker = saved._growth_tracker;
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
