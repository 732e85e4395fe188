// Cases of the kinds `optim` and `sched`: steps of optimizers with their state dicts, and learning rates over steps.
import { nn, type optim, zeros } from '../../../src';
import type { Tensor } from '../../../src/core/tensor';
import type { AnyCase, Named, RecordedTensor } from '../cases';
import { camelCaseOptions, findClass, present } from '../names';
import { compare, isRecordedTensor, revive, reviveTensor } from '../values';

type Groups = readonly Named<unknown>[];

interface RecordedStateDict {
  readonly state: Named<Named<RecordedTensor | number | null>>;
  readonly param_groups: readonly Named<unknown>[];
}

export interface OptimCase extends AnyCase {
  readonly cls: string;
  readonly options: Named<unknown>;
  readonly params: Named<RecordedTensor>;
  readonly param_groups?: readonly (Named<unknown> & { readonly params: readonly string[] })[];
  readonly steps: number;
  readonly mode: 'grads' | 'closure';
  readonly grads: readonly Named<RecordedTensor | null>[];
  readonly problem: Named<Named<RecordedTensor>>;
  readonly losses: readonly number[];
  readonly after: readonly Named<RecordedTensor>[];
  readonly state_dict?: RecordedStateDict;
  readonly checkpoint?: RecordedStateDict;
  readonly checkpoint_step?: number;
}

/** Options by our names, with their values revived. */
export const optionsOf = (options: Named<unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(camelCaseOptions(options)).map(([name, value]) => [name, revive(value)]));

/** An optimizer by its class name. @throws NotThere */
export const makeOptimizer = (cls: string, params: unknown, options: Named<unknown>): optim.Optimizer =>
  new (present(findClass<optim.Optimizer>(`optim.${cls}`), `optim.${cls}`))(params, optionsOf(options));

interface Run {
  readonly params: Record<string, nn.Parameter>;
  readonly optimizer: optim.Optimizer;
}

function start(recorded: OptimCase, values: Named<RecordedTensor>): Run {
  const params = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, new nn.Parameter(reviveTensor(value))]),
  );
  const groups = recorded.param_groups?.map(({ params: names, ...options }) => ({
    params: names.map((name) => params[name]),
    ...optionsOf(options),
  }));
  return { params, optimizer: makeOptimizer(recorded.cls, groups ?? Object.values(params), recorded.options) };
}

/** The terms 0.5 Σ A (p - T)² and Σ tanh(B p), to be added up in this order. */
function lossesOf(p: Tensor, problem: Named<RecordedTensor>): Tensor[] {
  const [A, T, B] = [problem.A, problem.T, problem.B].map(reviveTensor);
  return [A.mul(p.sub(T).square()).mul(0.5).sum(), B.mul(p).tanh().sum()];
}

async function takeSteps(recorded: OptimCase, { params, optimizer }: Run, from: number): Promise<void> {
  for (let k = from; k < recorded.steps; k++) {
    if (recorded.mode === 'closure') {
      // LBFGS reads the loss, hence gives a promise.
      const result: unknown = optimizer.step(() => {
        optimizer.zeroGrad();
        const value = Object.entries(recorded.problem)
          .flatMap(([name, problem]) => lossesOf(params[name], problem))
          .reduce((a, b) => a.add(b));
        value.backward();
        return value;
      });
      await compare(`loss of step ${k + 1}`, await result, recorded.losses[k], recorded);
    } else {
      for (const [name, grad] of Object.entries(recorded.grads[k])) {
        params[name].grad = grad === null ? null : reviveTensor(grad);
      }
      optimizer.step();
    }
    for (const [name, after] of Object.entries(recorded.after[k])) {
      await compare(`${name} after step ${k + 1}`, params[name], after, recorded);
    }
  }
}

/** A state dict as `loadStateDict` takes it. */
function revivedState({ state, param_groups }: RecordedStateDict): optim.OptimizerStateDict {
  const reviveAll = (values: Named<unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, revive(value)]));
  const revived: unknown = {
    state: Object.fromEntries(Object.entries(state).map(([i, values]) => [i, reviveAll(values)])),
    param_groups: param_groups.map(reviveAll),
  };
  return revived as optim.OptimizerStateDict;
}

async function compareStateDict(
  actual: optim.OptimizerStateDict,
  expected: RecordedStateDict,
  recorded: OptimCase,
): Promise<void> {
  const states = actual.state as Named<Named<unknown>>;
  for (const [number, values] of Object.entries(expected.state)) {
    for (const [name, value] of Object.entries(values)) {
      if (value === null) continue;
      const got = states[number]?.[name];
      // `step` may be a number or a tensor of one.
      const wanted = name === 'step' && isRecordedTensor(value) ? await reviveTensor(value).item() : value;
      await compare(`state ${number} ${name}`, got, wanted, recorded);
    }
  }
  const groups = actual.param_groups as Groups;
  if (groups.length !== expected.param_groups.length) throw new Error(`param_groups: got ${groups.length}`);
  for (const [i, group] of groups.entries()) {
    for (const [name, value] of Object.entries(group)) {
      await compare(`param_groups ${i} ${name}`, value, expected.param_groups[i][name], recorded);
    }
  }
}

export async function runOptim(recorded: OptimCase): Promise<void> {
  const run = start(recorded, recorded.params);
  await takeSteps(recorded, run, 0);
  const { state_dict, checkpoint, checkpoint_step } = recorded;
  if (state_dict !== undefined) await compareStateDict(run.optimizer.stateDict(), state_dict, recorded);
  if (checkpoint === undefined || checkpoint_step === undefined) return;
  const resumed = start(recorded, recorded.after[checkpoint_step - 1]);
  resumed.optimizer.loadStateDict(revivedState(checkpoint));
  await takeSteps(recorded, resumed, checkpoint_step);
}

interface SchedulerSpec {
  readonly cls: string;
  readonly options: Named<unknown>;
}

export interface SchedCase extends AnyCase, SchedulerSpec {
  readonly optimizer: { readonly cls: string; readonly options: Named<unknown>; readonly groups: Groups };
  readonly metrics?: readonly number[];
  readonly epochs?: readonly number[];
  readonly lrs: readonly (readonly number[])[];
  readonly momenta?: readonly (readonly number[])[];
}

/** What all schedulers have. */
interface Scheduler {
  step(argument?: number): unknown;
}

/** A scheduler; those that hold others get them built. */
function makeScheduler(optimizer: optim.Optimizer, { cls, options }: SchedulerSpec): Scheduler {
  const Class = present(findClass<Scheduler>(`optim.lrScheduler.${cls}`), `optim.lrScheduler.${cls}`);
  const { schedulers, ...rest } = options;
  if (schedulers === undefined) return new Class(optimizer, optionsOf(rest));
  const inner = (schedulers as SchedulerSpec[]).map((spec) => makeScheduler(optimizer, spec));
  return cls === 'ChainedScheduler' ? new Class(inner) : new Class(optimizer, inner, optionsOf(rest));
}

const momentumOf = (group: Named<unknown>): unknown =>
  'betas' in group ? (group.betas as readonly number[])[0] : group.momentum;

export async function runSched(recorded: SchedCase): Promise<void> {
  const { cls, options, groups } = recorded.optimizer;
  const params = groups.map((group) => ({ params: [new nn.Parameter(zeros(2))], ...optionsOf(group) }));
  const optimizer = makeOptimizer(cls, params, options);
  const scheduler = makeScheduler(optimizer, recorded);
  for (const [k, rates] of recorded.lrs.entries()) {
    if (k > 0) {
      optimizer.step();
      scheduler.step(recorded.metrics?.[k - 1] ?? recorded.epochs?.[k - 1]);
    }
    const got = optimizer.paramGroups.map((group): Named<unknown> => ({ ...group }));
    await compare(
      `lr after step ${k}`,
      got.map((group) => group.lr),
      rates,
      recorded,
    );
    const momenta = recorded.momenta?.[k];
    if (momenta !== undefined) await compare(`momentum after step ${k}`, got.map(momentumOf), momenta, recorded);
  }
}
