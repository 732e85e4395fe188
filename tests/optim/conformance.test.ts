// Steps of optimizers recorded from PyTorch, with their state dicts and checkpoints.
import { describe, expect, it } from 'vitest';
import { nn, optim, type Tensor } from '../../src/index';
import { camelCaseOptions } from '../conformance/names';
import { compare, reviveTensor, type CaseTolerance } from '../conformance/values';
import { readCases, type RecordedTensor } from '../harness/conformance';

const OPTIMIZERS = {
  Adadelta: optim.Adadelta,
  Adagrad: optim.Adagrad,
  Adam: optim.Adam,
  Adamax: optim.Adamax,
  AdamW: optim.AdamW,
  ASGD: optim.ASGD,
  LBFGS: optim.LBFGS,
  NAdam: optim.NAdam,
  RAdam: optim.RAdam,
  RMSprop: optim.RMSprop,
  Rprop: optim.Rprop,
  SGD: optim.SGD,
};

type Named<T> = Record<string, T>;
interface RecordedStateDict {
  state: Record<string, Named<RecordedTensor | number | null>>;
  param_groups: (Named<unknown> & { params: number[] })[];
}
interface OptimCase extends CaseTolerance {
  id: string;
  cls: keyof typeof OPTIMIZERS;
  options: Named<unknown>;
  params: Named<RecordedTensor>;
  param_groups?: (Named<unknown> & { params: string[] })[];
  steps: number;
  mode: 'grads' | 'closure';
  grads: Named<RecordedTensor | null>[];
  problem: Named<Named<RecordedTensor>>;
  losses: number[];
  after: Named<RecordedTensor>[];
  state_dict?: RecordedStateDict;
  checkpoint?: RecordedStateDict;
  checkpoint_step?: number;
}

interface Run {
  params: Named<nn.Parameter>;
  optimizer: optim.Optimizer;
}

function start(c: OptimCase, values: Named<RecordedTensor>): Run {
  const params = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, new nn.Parameter(reviveTensor(value))]),
  );
  const groups = c.param_groups?.map(({ params: names, ...options }) => ({
    params: names.map((name) => params[name]),
    ...camelCaseOptions(options),
  }));
  const Class = OPTIMIZERS[c.cls];
  return { params, optimizer: new Class(groups ?? Object.values(params), camelCaseOptions(c.options)) };
}

async function takeSteps(c: OptimCase, { params, optimizer }: Run, from: number): Promise<void> {
  for (let k = from; k < c.steps; k++) {
    if (c.mode === 'closure') {
      const loss = await optimizer.step(() => {
        optimizer.zeroGrad();
        const value = Object.entries(c.problem)
          .flatMap(([name, problem]) => lossesOf(params[name], problem))
          .reduce((a, b) => a.add(b));
        value.backward();
        return value;
      });
      await compare(`loss of step ${k + 1}`, loss, c.losses[k], c);
    } else {
      for (const [name, grad] of Object.entries(c.grads[k])) {
        params[name].grad = grad === null ? null : reviveTensor(grad);
      }
      optimizer.step();
    }
    for (const [name, after] of Object.entries(c.after[k])) {
      await compare(`${name} after step ${k + 1}`, params[name], after, c);
    }
  }
}

/** The terms 0.5 sum(A (p - T)^2) and sum(tanh(B p)) of the loss. */
function lossesOf(p: Tensor, problem: Named<RecordedTensor>): Tensor[] {
  const [A, T, B] = [problem.A, problem.T, problem.B].map(reviveTensor);
  return [A.mul(p.sub(T).square()).mul(0.5).sum(), B.mul(p).tanh().sum()];
}

const decoded = (value: RecordedTensor | number | null): Tensor | number | null =>
  value === null || typeof value === 'number' ? value : reviveTensor(value);

function decodedState({ state, param_groups }: RecordedStateDict): optim.OptimizerStateDict {
  const decodeAll = (states: Named<RecordedTensor | number | null>): Named<Tensor | number | null> =>
    Object.fromEntries(Object.entries(states).map(([name, value]) => [name, decoded(value)]));
  return {
    state: Object.fromEntries(Object.entries(state).map(([i, states]) => [i, decodeAll(states)])),
    param_groups,
  };
}

async function expectStateDict(
  actual: optim.OptimizerStateDict,
  expected: RecordedStateDict,
  c: OptimCase,
): Promise<void> {
  for (const [number, states] of Object.entries(expected.state)) {
    for (const [name, value] of Object.entries(states)) {
      if (value !== null) await compare(`state ${number} ${name}`, actual.state[Number(number)][name], value, c);
    }
  }
  actual.param_groups.forEach((group, i) => expect(expected.param_groups[i]).toMatchObject(group));
  expect(actual.param_groups).toHaveLength(expected.param_groups.length);
}

describe.each(Object.keys(OPTIMIZERS))('%s', (name) => {
  const cases = readCases<OptimCase>(`optim/optim.${name}`);

  it.each(cases.map((c) => [c.id, c] as const))('%s', async (_, c) => {
    const run = start(c, c.params);
    await takeSteps(c, run, 0);
    if (c.state_dict !== undefined) await expectStateDict(run.optimizer.stateDict(), c.state_dict, c);
  });

  it.each(cases.filter((c) => c.checkpoint !== undefined).map((c) => [c.id, c] as const))(
    'resumes %s',
    async (_, c) => {
      const { checkpoint, checkpoint_step: step } = c as Required<OptimCase>;
      const run = start(c, c.after[step - 1]);
      run.optimizer.loadStateDict(decodedState(checkpoint));
      await takeSteps(c, run, step);
    },
  );
});
