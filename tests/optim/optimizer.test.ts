import { describe, expect, it, vi } from 'vitest';
import { fromArray, LoadError, nn, noGrad, optim, scope, tensor, zeros, type Tensor } from '../../src';
import { getDevice } from '../../src/device/registry';
import { indexSelect } from '../../src/ops/indexing/gather';
import { camelCaseOptions } from '../conformance/names';
import { expectTensor } from '../harness/allclose';
import { readCases } from '../harness/conformance';

const { SGD, Adam, AdamW } = optim;
const { Parameter } = nn;

function parameter(values: number[], grad: number[] | null = values.map(() => 1)): nn.Parameter {
  const p = new Parameter(tensor(values));
  p.grad = grad === null ? null : tensor(grad);
  return p;
}
const read = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

describe('one step', () => {
  it('is one command for all parameters of a group, and one for their counts', () => {
    const run = vi.spyOn(getDevice(), 'run');
    const params = [1, 3, 4, 5, 16, 17, 1000].map((n) => parameter(Array<number>(n).fill(2)));
    for (const [optimizer, commands] of [
      [new SGD(params, 0.1), 1],
      [new Adam(params), 2],
    ] as const) {
      optimizer.step();
      run.mockClear();
      optimizer.step();
      expect(run.mock.calls.filter(([kernel]) => kernel === 'foreach')).toHaveLength(commands);
    }
    run.mockRestore();
  });

  it.each([0, 1, 3, 4, 5, 16, 17, 1000])('of %i elements', async (n) => {
    const values = Array.from({ length: n }, (_, i) => i / 8);
    const p = parameter(values, values.map((v) => v - 1)); // prettier-ignore
    new SGD([p], 0.5).step();
    await expectTensor(p, values.map((v) => v - 0.5 * (v - 1))); // prettier-ignore
  });

  it('takes parameters and gradients of any layout and dtype', async () => {
    const p = new Parameter(tensor([[1, 2, 3], [4, 5, 6]]).transpose(0, 1)); // prettier-ignore
    p.grad = tensor([[1, 1], [2, 2], [3, 3]]); // prettier-ignore
    const dense = new Parameter(tensor([[1, 2], [3, 4]])); // prettier-ignore
    dense.grad = tensor([[1, 2], [3, 4]]).transpose(0, 1); // prettier-ignore
    const double = new Parameter(tensor([1, 2], { dtype: 'float64' }));
    double.grad = tensor([0.1, 0.2], { dtype: 'float64' });
    const optimizer = new SGD([p, dense, double], { lr: 1, momentum: 0.5 });
    optimizer.step();
    optimizer.step();
    // Velocities g and 1.5 g: 2.5 g in all.
    expect(await p.tolist()).toEqual([[-1.5, 1.5], [-3, 0], [-4.5, -1.5]]); // prettier-ignore
    expect(await dense.tolist()).toEqual([[-1.5, -5.5], [-2, -6]]); // prettier-ignore
    await expectTensor(double, [1 - 2.5 * 0.1, 2 - 2.5 * 0.2]);
  });

  it('passes over parameters without a gradient', async () => {
    const [still, moving] = [parameter([1], null), parameter([1])];
    const optimizer = new Adam([still, moving], 0.1);
    optimizer.step();
    expect([await read(still), [...optimizer.state.keys()]]).toEqual([[1], [moving]]);
  });

  it('obeys a rate that was changed, and options by group', async () => {
    const [a, b] = [parameter([1]), parameter([1])];
    const optimizer = new SGD([{ params: [a] }, { params: b, lr: 2 }], 0.5);
    optimizer.step();
    optimizer.paramGroups[0].lr = 0.25;
    optimizer.step();
    expect([await read(a), await read(b)]).toEqual([[0.25], [-3]]);
    const c = parameter([1]);
    optimizer.addParamGroup({ params: [c], momentum: 0.5 });
    optimizer.step();
    expect([optimizer.paramGroups[2].lr, await read(c)]).toEqual([0.5, [0.5]]);
  });

  it('does not care whether it happens in a scope', async () => {
    const p = parameter([1]);
    const optimizer = new Adam([p], 0.1);
    for (let i = 0; i < 3; i++) scope(() => optimizer.step());
    expect(await optimizer.state.get(p)?.step.item()).toBe(3);
  });

  it('leaves a graph that saved the parameter unusable, as any change in place does', () => {
    const w = parameter([2], null);
    const loss = w.mul(w);
    w.grad = tensor([1]);
    new SGD([w], 0.1).step();
    expect(() => loss.backward()).toThrow(/in place/);
  });

  it('returns the loss of its closure, which records gradients', async () => {
    const w = parameter([3], null);
    const optimizer = new SGD([w], 0.25);
    const loss = noGrad(() =>
      optimizer.step(() => {
        optimizer.zeroGrad();
        const value = w.mul(w);
        value.backward();
        return value;
      }),
    );
    expect([await loss.item(), await read(w)]).toEqual([9, [1.5]]);
  });
});

describe('an async closure', () => {
  it('is waited for before the step', async () => {
    const w = parameter([3], null);
    const optimizer = new SGD([w], 0.25);
    const loss = await optimizer.step(async () => {
      await Promise.resolve();
      const value = w.mul(w);
      value.backward();
      return value;
    });
    expect([await loss.item(), await read(w)]).toEqual([9, [1.5]]);
  });
});

describe('LBFGS', () => {
  /** Rosenbrock's valley. */
  const valley = (p: Tensor): Tensor => {
    const [x, y] = p.unbind();
    return y.sub(x.square()).square().mul(100).add(x.sub(1).square());
  };
  const closure = (optimizer: optim.Optimizer, p: Tensor) => (): Tensor => {
    optimizer.zeroGrad();
    const loss = valley(p);
    loss.backward();
    return loss;
  };

  it('follows PyTorch with strong Wolfe conditions', async () => {
    const p = new Parameter(tensor([-1.2, 1], { dtype: 'float64' }));
    const optimizer = new optim.LBFGS([p], { maxIter: 10, lineSearchFn: 'strong_wolfe' });
    const seen: number[][] = [];
    for (let i = 0; i < 3; i++) {
      const loss = await optimizer.step(closure(optimizer, p));
      seen.push([await loss.item(), ...(await read(p))]);
    }
    // torch.optim.LBFGS([p], max_iter=10, line_search_fn='strong_wolfe') in float64.
    const expected = [
      [24.199999999999996, -0.6657084570888959, 0.41398308319536115],
      [2.859759140731463, 0.34184236067537654, 0.09925827373850052],
      [0.4641401774955063, 0.9160713624543694, 0.8342473675852569],
    ];
    seen.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(expected[i][j], 6)));
    const { func_evals, n_iter } = optimizer.stateDict().state[0];
    expect([func_evals, n_iter]).toEqual([37, 27]);
  });

  it('goes on from a state dict', async () => {
    const start = (): nn.Parameter => new Parameter(tensor([-1.2, 1], { dtype: 'float64' }));
    const [p, q] = [start(), start()];
    const [first, second] = [p, q].map((x) => new optim.LBFGS([x], { lr: 1e-3, maxIter: 3 }));
    await first.step(closure(first, p));
    noGrad(() => q.copy_(p));
    second.loadStateDict(first.stateDict());
    await first.step(closure(first, p));
    await second.step(closure(second, q));
    expect(await read(q)).toEqual(await read(p));
  });

  it('takes one group, and the line search it knows', () => {
    const [a, b] = [parameter([1]), parameter([1])];
    expect(() => new optim.LBFGS([{ params: [a] }, { params: [b] }])).toThrow(
      'LBFGS: takes one group of parameters, got 2.',
    );
    expect(() => new optim.LBFGS([a], { lineSearchFn: 'armijo' as 'strong_wolfe' })).toThrow(
      "LBFGS: lineSearchFn must be 'strong_wolfe' or null, got 'armijo'.",
    );
  });
});

describe('a step that meets a fault', () => {
  const faulty = (): Tensor => indexSelect(tensor([1, 2]), 0, tensor(new Int32Array([0, 9])));

  it.each([
    ['SGD with dampening', (p: Tensor) => new SGD([p], { lr: 1, momentum: 0.5, dampening: 0.5 })],
    ['Adam', (p: Tensor) => new Adam([p], 0.5)],
  ])('is skipped whole by %s, the first one too', async (_, make) => {
    const [p, twin] = [parameter([1, 2]), parameter([1, 2])];
    const [optimizer, other] = [make(p), make(twin)];
    const bothStep = (): void => {
      p.grad = tensor([1, -1]);
      twin.grad = tensor([1, -1]);
      optimizer.step();
      other.step();
    };
    const faultyStep = async (): Promise<void> => {
      const grad = faulty();
      p.grad = grad;
      optimizer.step();
      await expect(grad.data()).rejects.toThrow(/indexSelect.*9/);
    };
    await faultyStep();
    expect(await read(p)).toEqual([1, 2]);
    bothStep();
    await faultyStep();
    bothStep();
    expect(await read(p)).toEqual(await read(twin));
    const [states, expected] = [optimizer.state.get(p) ?? {}, other.state.get(twin) ?? {}];
    for (const name of Object.keys(expected))
      expect([name, await read(states[name])]).toEqual([name, await read(expected[name])]);
  });
});

describe('zeroGrad', () => {
  it('drops gradients, or fills them with zeros', async () => {
    const p = parameter([1], [5]);
    const optimizer = new SGD([p], 0.1);
    const { grad } = p;
    optimizer.zeroGrad(false);
    expect([p.grad === grad, await read(p.grad as Tensor)]).toEqual([true, [0]]);
    optimizer.zeroGrad({ setToNone: false });
    expect(p.grad).not.toBeNull();
    optimizer.zeroGrad();
    expect(p.grad).toBeNull();
    const loose = optimizer as object as { zeroGrad: (setToNone: unknown) => void };
    expect(() => loose.zeroGrad(0)).toThrow('zeroGrad: setToNone must be true or false, got 0.');
  });
});

describe('state dict', () => {
  it('has the structure and names of PyTorch', async () => {
    const [a, b] = [parameter([1, 2]), parameter([3])];
    const optimizer = new AdamW([{ params: [a] }, { params: [b], weightDecay: 0.5 }], { lr: 0.1, amsgrad: true });
    optimizer.step();
    const { state, param_groups } = optimizer.stateDict();
    expect(Object.keys(state[0]).sort()).toEqual(['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq', 'step']);
    expect([(state[0].step as Tensor).shape, await (state[1].step as Tensor).item()]).toEqual([[], 1]);
    const shared = { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, amsgrad: true, maximize: false };
    expect(param_groups).toEqual([
      { ...shared, weight_decay: 0.01, params: [0] },
      { ...shared, weight_decay: 0.5, params: [1] },
    ]);
  });

  it('carries an optimizer over, as a copy', async () => {
    const [p, q] = [parameter([1, 2]), parameter([1, 2])];
    const make = (target: Tensor): optim.SGD => new SGD([target], { lr: 0.1, momentum: 0.9, dampening: 0.5 });
    const [first, second] = [make(p), make(q)];
    first.step();
    noGrad(() => q.copy_(p));
    second.loadStateDict(first.stateDict());
    second.paramGroups[0].lr = 0.1;
    for (const optimizer of [first, second]) optimizer.step();
    expect(await read(q)).toEqual(await read(p));
  });

  it('reads counts as numbers, states that are null and options it lacks', async () => {
    const p = parameter([1, 2]);
    const optimizer = new Adam([p]);
    const moments = { exp_avg: tensor([0, 0]), exp_avg_sq: tensor([0, 0]), max_exp_avg_sq: null };
    optimizer.loadStateDict({
      state: { 7: { step: 3, ...moments } },
      param_groups: [{ lr: 0.5, betas: [0.5, 0.5], eps: 1, foreach: true, initial_lr: 2, params: [7] }],
    });
    expect(optimizer.paramGroups[0]).toMatchObject({ lr: 0.5, betas: [0.5, 0.5], eps: 1, initialLr: 2 });
    expect('foreach' in optimizer.paramGroups[0]).toBe(false);
    optimizer.step();
    expect(await optimizer.state.get(p)?.step.item()).toBe(4);
  });

  it('has its states in any order, as a file does whose parameters met gradients in another one', async () => {
    const [p, q] = [parameter([1]), parameter([2])];
    const optimizer = new SGD([p, q], { lr: 0.1, momentum: 0.9 });
    const state = new Map([1, 0].map((number) => [number, { momentum_buffer: tensor([number + 5]) }]));
    const loose: object = { state, param_groups: [{ lr: 0.1, momentum: 0.9, params: [0, 1] }] };
    optimizer.loadStateDict(loose as optim.OptimizerStateDict);
    const buffers = [p, q].map((param) => read(optimizer.state.get(param)?.momentum_buffer as Tensor));
    expect(await Promise.all(buffers)).toEqual([[5], [6]]);
  });

  const group = { lr: 0.1, params: [0] };
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'SGD.loadStateDict: stateDict must be what stateDict() gave, got nothing.'], // prettier-ignore
    ['an empty object', {}, 'got an object without state and param_groups.'],
    ['no state', { param_groups: [group] }, 'got an object without state.'],
    ['a list of states', { state: [], param_groups: [group] }, 'SGD.loadStateDict: state must be an object by numbers of parameters, got an array'], // prettier-ignore
    ['groups without parameters', { state: {}, param_groups: [{ lr: 1 }] }, 'SGD.loadStateDict: param_groups must be a list of groups with params'], // prettier-ignore
    ['a state that is a number', { state: { 0: 5 }, param_groups: [group] }, 'SGD.loadStateDict: the state of a parameter must be an object, got number 5.'], // prettier-ignore
    ['a rate that is text', { state: {}, param_groups: [{ lr: '0.1', params: [0] }] }, "SGD.loadStateDict: lr must be a number or a tensor of one element, got '0.1'."], // prettier-ignore
    ['a rate below 0', { state: {}, param_groups: [{ lr: -1, params: [0] }] }, 'SGD.loadStateDict: lr must be at least 0, got -1.'], // prettier-ignore
  ])('is not %s', (_, stateDict, message) => {
    const optimizer = new SGD([parameter([1])], { lr: 0.5 });
    expect(() => optimizer.loadStateDict(stateDict as optim.OptimizerStateDict)).toThrow(message);
    expect(optimizer.paramGroups[0].lr).toBe(0.5);
  });

  it('that does not fit leaves the optimizer as it was', async () => {
    const p = parameter([1, 2]);
    const optimizer = new SGD([p], { lr: 0.1, momentum: 0.9 });
    optimizer.step();
    const group = { lr: 5, params: [0] };
    const bad = { state: { 0: { momentum_buffer: zeros(3) } }, param_groups: [group] };
    expect(() => optimizer.loadStateDict(bad)).toThrow(LoadError);
    expect(() => optimizer.loadStateDict(bad)).toThrow(
      "SGD.loadStateDict: momentum_buffer must have its parameter's shape [2], got [3].",
    );
    expect(() => optimizer.loadStateDict({ state: {}, param_groups: [group, group] })).toThrow(
      'SGD.loadStateDict: parameter groups must have the sizes [1], got [1, 1].',
    );
    expect(optimizer.paramGroups[0].lr).toBe(0.1);
    expect(await read(optimizer.state.get(p)?.momentum_buffer as Tensor)).toEqual([1, 1]);
  });
});

describe('constructors', () => {
  interface ErrorCase {
    id: string;
    cls: string;
    options: Record<string, unknown>;
  }
  const construct = (cls: string, options: object): unknown =>
    Reflect.construct(Reflect.get(optim, cls) as new (...args: unknown[]) => unknown, [[parameter([1, 2])], options]);
  const cases = readCases<ErrorCase>('errors/errors.optim');

  it.each(cases.map((c) => [c.id, c] as const))('refuse %s', (_, { cls, options }) => {
    expect(() => construct(cls, camelCaseOptions(options))).toThrow(RangeError);
  });

  it('say what is wrong', () => {
    const p = parameter([1]);
    expect(() => new SGD([], 0.1)).toThrow(
      'SGD: params must be a list of parameters or groups with at least one, got none.',
    );
    expect(() => new SGD([p], -1)).toThrow('SGD: lr must be at least 0, got -1.');
    expect(() => new SGD([p], { lr: 1, nesterov: true })).toThrow(
      'SGD: nesterov needs momentum and no dampening, got momentum 0',
    );
    expect(() => new Adam([p], { betas: [0.9, 1] })).toThrow(
      'Adam: betas must be two numbers in [0, 1), got [0.9, 1].',
    );
    expect(() => new SGD([p, p], 0.1)).toThrow('is in more than one place.');
    expect(() => new SGD([p.mul(p)], 0.1)).toThrow('SGD: parameters must be leaves');
    expect(() => new SGD([{ params: [p] }, { params: [p] }], 0.1)).toThrow('is in more than one place.');
  });

  const make = (type: object, ...args: unknown[]): unknown =>
    Reflect.construct(type as ObjectConstructor, args) as unknown;
  const p = parameter([1]);
  it.each<[string, () => unknown, string]>([
    ['no rate for SGD', () => new SGD([p]), 'SGD: lr must be given, to the optimizer or to every group of parameters, got none.'], // prettier-ignore
    ['no rate for one group', () => new SGD([{ params: [p], lr: 1 }, { params: [parameter([2])] }]), 'SGD: lr must be given'], // prettier-ignore
    [
      'a rate that is text',
      () => make(SGD, [p], '0.1'),
      "SGD: lr must be a number or a tensor of one element, got '0.1'.",
    ],
    ['NaN', () => new SGD([p], 0.1, { dampening: NaN }), 'SGD: dampening must be a number, got NaN.'],
    ['a flag that is text', () => make(SGD, [p], 0.1, { maximize: 'false' }), "SGD: maximize must be true or false, got 'false'."], // prettier-ignore
    ['one beta', () => make(Adam, [p], { betas: [0.9] }), 'Adam: betas must be 2 numbers, got [0.9].'],
    ['betas that are text', () => make(Adam, [p], { betas: ['0.9', 0.9] }), "Adam: betas must be 2 numbers, got ['0.9', 0.9]."], // prettier-ignore
    ['a misspelt option of a group', () => make(Adam, [{ params: [p], weight_decay: 1 }]), "Adam: no option of a group is called 'weight_decay'."], // prettier-ignore
    ['half an iteration', () => new optim.LBFGS([p], { maxIter: 1.5 }), 'LBFGS: maxIter must be an integer of at least 0, got 1.5.'], // prettier-ignore
  ])('refuse %s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });

  it('take a rate from every group, a name, and what is undefined as not given', () => {
    const groups = [
      { params: [parameter([1])], lr: 0.5, name: 'head' },
      { params: parameter([2]), lr: 1 },
    ];
    const optimizer = new SGD(groups, { lr: undefined as never, momentum: 0.5 });
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.5, 1]);
    expect(optimizer.paramGroups[0]).toMatchObject({ name: 'head', momentum: 0.5 });
    optimizer.addParamGroup({ params: parameter([3]), lr: 2, momentum: undefined as never });
    expect(optimizer.paramGroups[2]).toMatchObject({ lr: 2, momentum: 0.5 });
    expect(() => optimizer.addParamGroup({ params: parameter([4]) })).toThrow('SGD: lr must be given');
  });

  it('take positions, options and generators of parameters', () => {
    function* parameters(): Generator<Tensor> {
      yield parameter([1]);
      yield parameter([2]);
    }
    const optimizer = new SGD(parameters(), 0.1, 0.9, { nesterov: true });
    expect(optimizer.paramGroups[0]).toMatchObject({ lr: 0.1, momentum: 0.9, dampening: 0, nesterov: true });
    expect(optimizer.paramGroups[0].params).toHaveLength(2);
  });
});

describe('training', () => {
  it.each([
    ['SGD', (p: Iterable<Tensor>) => new SGD(p, { lr: 0.1, momentum: 0.9 })],
    ['Adam', (p: Iterable<Tensor>) => new Adam(p, { lr: 0.05 })],
    ['AdamW', (p: Iterable<Tensor>) => new AdamW(p, { lr: 0.05, weightDecay: 0 })],
  ])('by %s fits a line', async (_, make) => {
    const points = Float32Array.from({ length: 128 }, (_, i) => (i % 2 === 0 ? i / 64 - 1 : 1));
    const x = fromArray(points, [64, 2]);
    const y = x.matmul(tensor([3, -0.5]));
    const w = parameter([0, 0], null);
    const optimizer = make([w]);
    for (let i = 0; i < 200; i++) {
      optimizer.zeroGrad();
      const error = x.matmul(w).sub(y);
      const loss = error.matmul(error).div(64);
      loss.backward();
      optimizer.step();
      if (i === 199) expect(await loss.item()).toBeLessThan(1e-3);
    }
    await expectTensor(w, [3, -0.5], { rtol: 0, atol: 0.05 });
  });
});
