// An optimizer's state and options in PyTorch's structure and names, and back:
//   { state: { 0: { step, exp_avg, ... }, ... }, param_groups: [{ lr, weight_decay, ..., params: [0, 1] }] }
// Parameters are numbered through all groups.
import { isPlainObject } from '../base/arguments';
import { KindError, LoadError } from '../base/errors';
import { composed, describe } from '../base/errorText';
import { keep } from '../core/scope';
import { to } from '../ops/shape/copy';
import { full } from '../ops/shape/creation';
import { view } from '../ops/shape/view';
import { formatShape, sameShape, type Shape } from '../base/shape';
import { Tensor } from '../core/tensor';
import { checkStateDict } from './options';
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
export const SCHEDULED: ReadonlySet<string> = new Set([
  'initialLr',
  'maxLr',
  'minLr',
  'maxMomentum',
  'baseMomentum',
  'swaLr',
]);

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

/** The optimizer that takes over a state. */
export interface Restored<O extends OptimizerOptions, S> {
  readonly owner: string;
  readonly groups: readonly ParamGroup<O>[];
  readonly state: OptimizerState<S>;
  /** A parameter's state as it was saved. */
  readonly restored: (param: Tensor, saved: SavedState) => Record<string, S>;
  /** @throws unless a group has all options, each of its kind and in its range */
  readonly check: (group: ParamGroup<O>) => void;
}

/** @see Optimizer.loadStateDict */
export function restoreState<O extends OptimizerOptions, S>(
  { owner, groups, state, restored, check }: Restored<O, S>,
  saved: OptimizerStateDict,
): void {
  const op = `${owner}.loadStateDict`;
  checkStateDict(op, saved, ['state', 'param_groups']);
  const { param_groups: savedGroups } = saved;
  if (
    !Array.isArray(savedGroups) ||
    !savedGroups.every((group) => Array.isArray((Object(group) as Partial<ParamGroupDict>).params))
  ) {
    throw new KindError(op, `param_groups must be a list of groups with params, got ${describe(savedGroups)}.`);
  }
  const counts = (sizes: readonly { params: readonly unknown[] }[]): string =>
    `[${sizes.map(({ params }) => params.length).join(', ')}]`;
  if (counts(groups) !== counts(savedGroups)) {
    throw new LoadError(op, `parameter groups must have the sizes ${counts(groups)}, got ${counts(savedGroups)}.`);
  }
  const stateOf = statesByNumber(op, saved.state);
  // Checked and copied before anything is replaced, so that a bad dict leaves the optimizer as it was.
  const next: OptimizerState<S> = new Map();
  const options = groups.map((group, g) => {
    group.params.forEach((param, i) => {
      const states = stateOf(savedGroups[g].params[i]);
      if (states === undefined) return;
      if (!isPlainObject(states)) {
        throw new KindError(op, `the state of a parameter must be an object, got ${describe(states)}.`);
      }
      next.set(param, restored(param, states));
    });
    const own = optionsOf(group, savedGroups[g]);
    composed(op, () => {
      check({ ...group, ...own });
    });
    return own;
  });
  state.clear();
  for (const [param, states] of next) state.set(param, states);
  groups.forEach((group, g) => Object.assign(group, options[g]));
}

/** States by the number of their parameter. They are a Map where a file has them in another order than that of numbers. */
function statesByNumber(op: string, states: unknown): (number: number) => unknown {
  if (states instanceof Map) return (number) => (states as Map<unknown, unknown>).get(number);
  if (isPlainObject(states)) return (number) => (Object.hasOwn(states, number) ? states[number] : undefined);
  throw new KindError(op, `state must be an object by numbers of parameters, got ${describe(states)}.`);
}

/** The options in a saved group that `group` has, what schedulers add and the names of parameters, under our names. */
function optionsOf(group: object, saved: ParamGroupDict): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(saved)) {
    // Options that this optimizer does not have (`foreach`, `capturable`) say how PyTorch computes, not what.
    const option = toCamelCase(name);
    if (SCHEDULED.has(option) || option === 'paramNames' || (option !== 'params' && option in group))
      options[option] = value instanceof Tensor ? keep(to(value, { copy: true })) : value;
  }
  return options;
}

/** A parameter's state of tensors. @throws LoadError for another shape than the parameter's, or what `shapeOf` says */
export function restoreTensors(
  owner: string,
  param: Tensor,
  saved: SavedState,
  shapeOf: (name: string) => Shape = () => param.shape,
): Record<string, Tensor> {
  const { dtype, device } = param;
  const states: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(saved)) {
    if (value === null) continue;
    if (NUMBERS.has(name) && (typeof value === 'number' || (value instanceof Tensor && value.numel() === 1))) {
      const number =
        typeof value === 'number'
          ? full([], value, { dtype: 'float32', device })
          : to(value, { dtype: 'float32', device, copy: true });
      states[name] = keep(view(number, []));
    } else if (value instanceof Tensor && sameShape(value.shape, shapeOf(name))) {
      states[name] = keep(to(value, { dtype, device, copy: true }));
    } else {
      throw new LoadError(
        `${owner}.loadStateDict`,
        `${name} must have its parameter's shape ${formatShape(shapeOf(name))}, ` +
          `got ${value instanceof Tensor ? formatShape(value.shape) : `a ${typeof value}`}.`,
      );
    }
  }
  return states;
}
