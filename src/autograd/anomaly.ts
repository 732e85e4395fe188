// Anomaly detection: every gradient that a rule gives is looked at for NaN, on the device, and whatever depends on one that has some
// rejects with an error that says where it comes from. Steps of optimizers that would use it are skipped, like those behind any fault.
import { AutogradError } from '../base/errors';
import { FLAG, FUNCTION } from '../base/kinds';
import { ModuleCalls } from '../base/moduleCalls';
import { listen, type Listener, type SpanKind } from '../base/observer';
import { formatShape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { callers } from '../base/stack';
import type { Node } from '../core/graph';
import type { Tensor } from '../core/tensor';
import { indexSelectWith } from '../ops/indexing/gather';
import { isnan, where } from '../ops/pointwise/compare';
import { any } from '../ops/reduce/reduce';
import { contiguous } from '../ops/shape/copy';
import { reshape } from '../ops/shape/view';

/** Where a node was recorded. */
interface Origin {
  readonly op: string | null;
  readonly module: string | null;
  readonly stack: readonly string[];
}

/** Remembers where nodes come from, and checks what their rules give. */
class AnomalyListener implements Listener {
  private readonly origins = new WeakMap<object, Origin>();
  private readonly modules = new ModuleCalls();
  private readonly ops: string[] = [];

  enter(kind: SpanKind, name: string, subject: unknown): SpanKind {
    if (kind === 'module') this.modules.enter(name, subject);
    if (kind === 'op') this.ops.push(name);
    return kind;
  }

  leave(kind: unknown): void {
    if (kind === 'module') this.modules.leave();
    if (kind === 'op') this.ops.pop();
  }

  record(node: object): void {
    const module = this.modules.current?.path ?? null;
    this.origins.set(node, { op: this.ops.at(-1) ?? null, module, stack: callers() });
  }

  gradients<T>(node: object, gradients: readonly (T | null)[]): readonly (T | null)[] {
    const rule = node as Node;
    return gradients.map((gradient, i) =>
      gradient === null ? null : (this.checked(rule, i, gradient as Tensor) as T),
    );
  }

  /** The gradient; a fault for whatever depends on it if there is NaN in it. */
  private checked(node: Node, input: number, gradient: Tensor): Tensor {
    if (gradient.numel() === 0) return gradient;
    // An index that no row has is a fault; the rows are one, the whole gradient.
    const row = where(any(isnan(gradient)), -1, 0).to({ dtype: 'int32' });
    const rows = reshape(contiguous(gradient), [1, -1]);
    const options = { op: 'backward', what: 'gradient', ignore: null, reason: this.errorOf(node, input, gradient) };
    return reshape(indexSelectWith(rows, 0, reshape(row, [1]), options), gradient.shape);
  }

  private errorOf(node: Node, input: number, { shape }: Tensor): AutogradError {
    const { op = null, module = null, stack = [] } = this.origins.get(node) ?? {};
    const of = `${op === null ? '' : ` of ${op}`}${module === null ? '' : ` in ${module}`}`;
    return new AutogradError(
      'backward',
      `gradients must not be NaN, but ${node.name}${of} gave NaN for its input ${input}, of shape ${formatShape(shape)}.` +
        (stack.length === 0 ? '' : ` It was recorded at\n${stack.map((frame) => `  ${frame}`).join('\n')}`),
      { rule: node.name, op, module, input, shape },
    );
  }
}

let endDetecting: (() => void) | null = null;

function detect(mode: boolean): void {
  if (mode === (endDetecting !== null)) return;
  endDetecting?.();
  endDetecting = mode ? listen(new AnomalyListener()) : null;
}

/** Whether gradients are looked at for NaN. @see torch.is_anomaly_enabled */
export function isAnomalyEnabled(...none: readonly never[]): boolean {
  IS_ENABLED.take(none);
  return endDetecting !== null;
}
const IS_ENABLED = signature('isAnomalyEnabled', []);

const DETECT = signature('detectAnomaly', [argument('fn', FUNCTION)]);
const SET_DETECT = signature('setDetectAnomaly', [argument('mode', FLAG), argument('fn', FUNCTION, undefined)]);

/** Runs `fn` in that mode, until its promise settles if it is async. */
function within<T>(mode: boolean, fn: () => T): T {
  const before = endDetecting !== null;
  const restore = (): void => detect(before);
  detect(mode);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    restore();
    throw error;
  }
  if (!(result instanceof Promise)) {
    restore();
    return result;
  }
  return result.finally(restore) as T;
}

/**
 * Runs `fn`, an async one until its promise settles, and looks at every gradient in it for NaN. Whatever is read that depends on
 * one, a gradient or the loss behind a step with it, rejects with an AutogradError that names the gradient rule, its operation, the
 * module it was called in, and who called it; optimizers skip such a step. The forward pass must run in it too for these names.
 * It takes time and memory: for the search alone.
 * @example await autograd.detectAnomaly(async () => { lossFn(net(x), y).backward(); await net.weight.grad.data(); })
 * @see torch.autograd.detect_anomaly
 */
export function detectAnomaly<T>(fn: () => T, ...none: readonly never[]): T {
  DETECT.take([fn, ...none]);
  return within(true, fn);
}

/** Says whether gradients are looked at for NaN from now on; with `fn`, only while that runs. @see torch.autograd.set_detect_anomaly */
export function setDetectAnomaly(mode: boolean): void;
export function setDetectAnomaly<T>(mode: boolean, fn: () => T): T;
export function setDetectAnomaly(...args: readonly unknown[]): unknown {
  const { mode, fn } = SET_DETECT.take(args);
  if (fn !== undefined) return within(mode, fn);
  detect(mode);
  return undefined;
}
