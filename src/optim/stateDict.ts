// An optimizer's state and options in PyTorch's structure and names, and back:
//   { state: { 0: { step, exp_avg, ... }, ... }, param_groups: [{ lr, weight_decay, ..., params: [0, 1] }] }
// Parameters are numbered through all groups.
import { LoadError } from '../errors';
import { keep } from '../memory';
import { to } from '../ops/copy';
import { full } from '../ops/creation';
import { view } from '../ops/movement';
import { formatShape, sameShape } from '../shape';
import type { Tensor } from '../tensor';
import type { OptimizerOptions, ParamGroup } from './optimizer';

/** The count of steps, a state that every optimizer may have: float32 without dimensions. */
export const STEP = 'step';

/** States of each parameter by name. */
export type OptimizerState = Map<Tensor, Record<string, Tensor>>;

/** Options of a group under PyTorch's names, and the numbers of its parameters. */
export type ParamGroupDict = Record<string, unknown> & { params: number[] };

/** What `stateDict` gives. Read from elsewhere, a state may also be a number (a count) or null (not there yet). */
export interface OptimizerStateDict {
  state: Record<number, Record<string, Tensor | number | null>>;
  param_groups: ParamGroupDict[];
}

/** PyTorch's name of one of our options, and back. */
export const toSnakeCase = (name: string): string =>
  name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const toCamelCase = (name: string): string =>
  name.replace(/(?<=.)_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** @see Optimizer.stateDict */
export function saveState<O extends OptimizerOptions>(
  groups: readonly ParamGroup<O>[],
  state: OptimizerState,
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
export function restoreState<O extends OptimizerOptions>(
  owner: string,
  groups: readonly ParamGroup<O>[],
  state: OptimizerState,
  saved: OptimizerStateDict,
): void {
  const counts = (sizes: readonly { params: readonly unknown[] }[]): string =>
    `[${sizes.map(({ params }) => params.length).join(', ')}]`;
  if (counts(groups) !== counts(saved.param_groups)) {
    throw new LoadError(
      `${owner}.loadStateDict: parameter groups must have the sizes ${counts(groups)}, got ${counts(saved.param_groups)}.`,
    );
  }
  // Checked and copied before anything is replaced, so that a bad dict leaves the optimizer as it was.
  const restored: OptimizerState = new Map();
  groups.forEach(({ params }, g) => {
    params.forEach((param, i) => {
      const states = saved.state[saved.param_groups[g].params[i]] as OptimizerStateDict['state'][number] | undefined;
      if (states !== undefined) restored.set(param, restoreStates(owner, param, states));
    });
  });
  state.clear();
  for (const [param, states] of restored) state.set(param, states);
  groups.forEach((group, g) => {
    for (const [name, value] of Object.entries(saved.param_groups[g])) {
      // Options that this optimizer does not have (`foreach`, `capturable`) say how PyTorch computes, not what.
      const option = toCamelCase(name);
      if (option === 'initialLr' || (option !== 'params' && option in group)) Object.assign(group, { [option]: value });
    }
  });
}

function restoreStates(
  owner: string,
  param: Tensor,
  saved: Readonly<Record<string, Tensor | number | null>>,
): Record<string, Tensor> {
  const { shape, dtype, device } = param;
  const states: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(saved)) {
    if (value === null) continue;
    if (name === STEP) {
      const count =
        typeof value === 'number' ? full([], value, { device }) : to(value, { dtype: 'float32', device, copy: true });
      states[name] = keep(count.numel() === 1 ? view(count, []) : count);
    } else if (typeof value !== 'number' && sameShape(value.shape, shape)) {
      states[name] = keep(to(value, { dtype, device, copy: true }));
    } else {
      throw new LoadError(
        `${owner}.loadStateDict: ${name} must have its parameter's shape ${formatShape(shape)}, ` +
          `got ${typeof value === 'number' ? 'a number' : formatShape(value.shape)}.`,
      );
    }
  }
  return states;
}
