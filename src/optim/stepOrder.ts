// The order of steps: the optimizer's comes before the scheduler's. Steps are counted, and their hooks called, from the
// outside, so that every optimizer counts, one of the user's too.
import { capture } from '../core/capture';
import { hookedStep } from './hooks';
import type { Optimizer } from './optimizer';

/** Steps of an optimizer since a scheduler was last made for it. */
interface Steps {
  count: number;
  /** The step that counts; another in its place was put there later. */
  counted: unknown;
}

const known = new WeakMap<Optimizer, Steps>();

/** Steps counted so far. */
export function stepsOf(optimizer: Optimizer): Steps {
  const steps = known.get(optimizer);
  if (steps === undefined) throw new Error('internal: the steps of the optimizer are not counted');
  return steps;
}

/** Begins to count the steps of an optimizer, and to call its hooks around them. */
export function countSteps(optimizer: Optimizer): void {
  if (known.has(optimizer)) return;
  const steps: Steps = { count: 0, counted: null };
  const step = optimizer.step.bind(optimizer) as (...args: unknown[]) => unknown;
  steps.counted = (...args: Parameters<Optimizer['step']>): unknown => {
    const count = (): void => void steps.count++;
    count();
    capture.current?.effect(count);
    return hookedStep(optimizer, step, args);
  };
  // Out of sight of what lists the optimizer's fields.
  Object.defineProperty(optimizer, 'step', {
    value: steps.counted,
    configurable: true,
    writable: true,
    enumerable: false,
  });
  known.set(optimizer, steps);
}

/** Warns, as PyTorch does, at a scheduler's first step if the optimizer has made none. */
export function warnAboutOrder(optimizer: Optimizer): void {
  const { count, counted } = stepsOf(optimizer);
  if (optimizer.step !== counted) {
    warn('optimizer.step() was replaced after the scheduler was made, so its calls cannot be seen.');
  } else if (count === 0) {
    warn('scheduler.step() was called before optimizer.step(), so the first rate of the schedule is left out.');
  }
}

function warn(what: string): void {
  // eslint-disable-next-line no-console -- what PyTorch warns about
  console.warn(`${what} Call optimizer.step() first, then scheduler.step().`);
}
