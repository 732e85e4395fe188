// Hooks around steps, saving and loading of optimizers.
import { afterAll, describe, expect, it, vi } from 'vitest';
import { nn, optim, shutdown, tensor } from '../../src';

afterAll(() => {
  shutdown();
});

const { SGD, Adam, LBFGS, lrScheduler } = optim;

function parameter(): nn.Parameter {
  const p = new nn.Parameter(tensor([1]));
  p.grad = tensor([1]);
  return p;
}

describe('hooks of steps', () => {
  it('are called in order with the optimizer and what step was given, until they are removed', async () => {
    const p = parameter();
    const optimizer = new SGD([p], 0.5);
    const closure = (): number => 3;
    const seen: unknown[][] = [];
    const before = optimizer.registerStepPreHook((who, args) => void seen.push(['before', who === (optimizer as unknown), ...args]));
    const after = optimizer.registerStepPostHook((who, args) => seen.push(['after', who === (optimizer as unknown), ...args]));
    expect(optimizer.step(closure)).toBe(3);
    expect(seen).toEqual([['before', true, closure], ['after', true, closure]]);
    before.remove();
    after.remove();
    await optimizer.step();
    expect(seen).toHaveLength(2);
    expect(await p.tolist()).toEqual([0]);
  });

  it('may give other arguments, and come before and behind the update', async () => {
    const p = parameter();
    const optimizer = new SGD([p], 0.5);
    const values: Promise<unknown>[] = [];
    optimizer.registerStepPreHook(() => {
      values.push(p.tolist());
      return [() => 7];
    });
    optimizer.registerStepPostHook(() => values.push(p.tolist()));
    expect(optimizer.step()).toBe(7);
    expect(await Promise.all(values)).toEqual([[1], [0.5]]);
  });

  it('behind an async step wait for it', async () => {
    const p = new nn.Parameter(tensor([1]));
    const optimizer = new LBFGS([p], { maxIter: 1 });
    let isDone = false;
    optimizer.registerStepPostHook(() => {
      isDone = true;
    });
    const step = optimizer.step(() => {
      optimizer.zeroGrad();
      const loss = p.square().sum();
      loss.backward();
      return loss;
    });
    expect(isDone).toBe(false);
    await step;
    expect(isDone).toBe(true);
  });

  it('do not disturb the order of steps that schedulers watch', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const optimizer = new SGD([parameter()], 0.5);
    const scheduler = new lrScheduler.StepLR(optimizer, 1);
    const seen: string[] = [];
    optimizer.registerStepPostHook(() => seen.push('step'));
    void optimizer.step();
    scheduler.step();
    expect([seen, warn.mock.calls]).toEqual([['step'], []]);
    warn.mockRestore();
  });

  it('say what they must give', () => {
    const optimizer = new SGD([parameter()], 0.5);
    optimizer.registerStepPreHook((() => 3) as never);
    expect(() => optimizer.step()).toThrow('SGD: a step pre-hook must give a list of arguments for step or nothing, got number 3.');
    const other = new SGD([parameter()], 0.5);
    other.registerStepPostHook(() => Promise.resolve());
    expect(() => other.step()).toThrow('a step post-hook');
  });
}); // prettier-ignore

describe('hooks of saving and loading', () => {
  it('see, change and replace what is saved', () => {
    const optimizer = new Adam([parameter()]);
    const order: string[] = [];
    optimizer.registerStateDictPreHook(() => order.push('second'));
    optimizer.registerStateDictPreHook(() => order.push('first'), { prepend: true });
    optimizer.registerStateDictPostHook((_, state) => {
      state.param_groups[0].note = 'mine';
    });
    const replace = optimizer.registerStateDictPostHook((_, state) => ({ ...state, extra: order.length }));
    expect(optimizer.stateDict()).toMatchObject({ extra: 2, param_groups: [{ note: 'mine' }] });
    expect(order).toEqual(['first', 'second']);
    replace.remove();
    expect(optimizer.stateDict()).not.toHaveProperty('extra');
  });

  it('see a copy of what is loaded, and that it is', () => {
    const saved = new SGD([parameter()], 0.25).stateDict();
    const optimizer = new SGD([parameter()], 0.5);
    const rates: number[] = [];
    optimizer.registerLoadStateDictPreHook((who, state) => {
      rates.push(who.paramGroups[0].lr);
      state.param_groups = [{ ...state.param_groups[0], lr: 0.125 }];
    });
    optimizer.registerLoadStateDictPostHook((who) => rates.push(who.paramGroups[0].lr));
    optimizer.loadStateDict(saved);
    expect(rates).toEqual([0.5, 0.125]);
    expect(saved.param_groups[0].lr).toBe(0.25);
    optimizer.registerLoadStateDictPreHook((() => 3) as never, true);
    expect(() => {
      optimizer.loadStateDict(saved);
    }).toThrow('SGD: a load-state-dict pre-hook must give a state dict or nothing, got number 3.');
  });
});
