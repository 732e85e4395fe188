// An optimizer's state and options in PyTorch's structure and names, and back:
//   { state: { 0: { step, exp_avg, ... }, ... }, param_groups: [{ lr, weight_decay, ..., params: [0, 1] }] }
// Parameters are numbered through all groups.
import { LoadError } from '../base/errors';
import { keep } from '../core/storage';
import { to } from '../ops/shape/copy';
import { full } from '../ops/shape/creation';
import { view } from '../ops/shape/view';
import { formatShape, sameShape } from '../base/shape';
import { Tensor } from '../core/tensor';
import type { OptimizerOptions, ParamGroup } from './optimizer';

/** The count of steps, a state that every optimizer may have: float32 without dimensions. */
export const STEP = 'step';

/** Other states that are single numbers, float32 without dimensions. */
const NUMBERS: ReadonlySet<string> = new Set([STEP, 'mu_product', 'eta', 'mu']);

/** States of each parameter by name. */
export type OptimizerState<S> = Map<Tensor, Record<string, S>>;

/** One parameter's state in a state dict: tensors, counts, lists of these; null for what is not there yet. */
export type SavedState = Readonly<Record<string, unknown>>;

/** Options of a group under PyTorch's names, and the numbers of its parameters. */
export type ParamGroupDict = Record<string, unknown> & { params: number[] };

/** What `stateDict` gives. */
export interface OptimizerStateDict {
  state: Record<number, SavedState>;
  param_groups: ParamGroupDict[];
}

/** PyTorch's name of one of our options, and back. */
export const toSnakeCase = (name: string): string =>
  name.replace(/(?<=.)[A-Z]|(?<=[A-Z])\d/g, (letter) => `_${letter.toLowerCase()}`);
export const toCamelCase = (name: string): string =>
  name.replace(/(?<=.)_([a-z])|(?<=[A-Z])_(\d)/g, (_, letter?: string, digit?: string) =>
    letter === undefined ? String(digit) : letter.toUpperCase(),
  );

/** Options that schedulers add to groups. */
const SCHEDULED: ReadonlySet<string> = new Set(['initialLr', 'maxLr', 'minLr', 'maxMomentum', 'baseMomentum']);

/** @see Optimizer.stateDict */
export function saveState<O extends OptimizerOptions>(
  groups: readonly ParamGroup<O>[],
  state: OptimizerState<unknown>,
): OptimizerStateDict {
  const saved: OptimizerStateDict = { state: {}, param_groups: [] };
  let number = 0;
  for (const { params, ...options } of groups) {
    const numbers = params.map((param) => {
      const states = state.get(param);
      if (states !== undefined) saved.state[number] = { ...states };
      return number++;
    });
    const named = Object.entries(options).map(([name, value]): [string, unknown] => [toSnakeCase(name), value]);
    saved.param_groups.push({ ...Object.fromEntries(named), params: numbers });
  }
  return saved;
}

/** @see Optimizer.loadStateDict */
export function restoreState<O extends OptimizerOptions, S>(
  owner: string,
  groups: readonly ParamGroup<O>[],
  state: OptimizerState<S>,
  saved: OptimizerStateDict,
  restored: (param: Tensor, saved: SavedState) => Record<string, S>,
): void {
  const counts = (sizes: readonly { params: readonly unknown[] }[]): string =>
    `[${sizes.map(({ params }) => params.length).join(', ')}]`;
  if (counts(groups) !== counts(saved.param_groups)) {
    throw new LoadError(
      `${owner}.loadStateDict: parameter groups must have the sizes ${counts(groups)}, got ${counts(saved.param_groups)}.`,
    );
  }
  // Checked and copied before anything is replaced, so that a bad dict leaves the optimizer as it was.
  const next: OptimizerState<S> = new Map();
  groups.forEach(({ params }, g) => {
    params.forEach((param, i) => {
      const states = saved.state[saved.param_groups[g].params[i]] as SavedState | undefined;
      if (states !== undefined) next.set(param, restored(param, states));
    });
  });
  state.clear();
  for (const [param, states] of next) state.set(param, states);
  groups.forEach((group, g) => {
    for (const [name, value] of Object.entries(saved.param_groups[g])) {
      // Options that this optimizer does not have (`foreach`, `capturable`) say how PyTorch computes, not what.
      const option = toCamelCase(name);
      if (SCHEDULED.has(option) || (option !== 'params' && option in group)) Object.assign(group, { [option]: value });
    }
  });
}

/** A parameter's state of tensors. @throws LoadError for another shape than the parameter's */
export function restoreTensors(owner: string, param: Tensor, saved: SavedState): Record<string, Tensor> {
  const { shape, dtype, device } = param;
  const states: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(saved)) {
    if (value === null) continue;
    if (NUMBERS.has(name) && (typeof value === 'number' || (value instanceof Tensor && value.numel() === 1))) {
      const number =
        typeof value === 'number' ? full([], value, { device }) : to(value, { dtype: 'float32', device, copy: true });
      states[name] = keep(view(number, []));
    } else if (value instanceof Tensor && sameShape(value.shape, shape)) {
      states[name] = keep(to(value, { dtype, device, copy: true }));
    } else {
      throw new LoadError(
        `${owner}.loadStateDict: ${name} must have its parameter's shape ${formatShape(shape)}, ` +
          `got ${value instanceof Tensor ? formatShape(value.shape) : `a ${typeof value}`}.`,
      );
    }
  }
  return states;
}
