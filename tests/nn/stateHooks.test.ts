// Hooks around saving and loading, extra state, versions, and hooks of all modules.
import { afterAll, describe, expect, it } from 'vitest';
import { LoadError, nn, ones, shutdown, tensor, zeros, type Tensor } from '../../src';

afterAll(() => {
  shutdown();
});

/** The metadata that a state dict carries out of sight. */
const versionsOf = (state: nn.StateDict): unknown =>
  Object.getOwnPropertyDescriptor(state, '_metadata')?.value as unknown;

describe('versions', () => {
  it('are those of PyTorch, by path, and are not listed', () => {
    const state = new nn.Sequential(new nn.Linear(1, 1), new nn.BatchNorm1d(1)).stateDict('net');
    expect(versionsOf(state)).toEqual({ net: { version: 1 }, 'net.0': { version: 1 }, 'net.1': { version: 2 } });
    expect(Object.keys(state)).not.toContain('_metadata');
  });

  it('a batch normalization from before batches were counted can be loaded', async () => {
    const old = { weight: ones(2), bias: zeros(2), running_mean: zeros(2), running_var: ones(2) };
    const layer = new nn.BatchNorm1d(2);
    layer.num_batches_tracked?.fill_(3);
    layer.loadStateDict(old);
    expect(await layer.num_batches_tracked?.item()).toBe(0);
    expect(old).not.toHaveProperty('num_batches_tracked');
    const current = layer.stateDict();
    Reflect.deleteProperty(current, 'num_batches_tracked');
    expect(() => layer.loadStateDict(current)).toThrow('Missing key(s) in state_dict: "num_batches_tracked"');
  });

  it('a scalar may come as a vector of one', async () => {
    class Scale extends nn.Module {
      scale = new nn.Parameter(tensor(1));
    }
    const module = new Scale();
    module.loadStateDict({ scale: tensor([5]) });
    expect(await module.scale.item()).toBe(5);
  });
});

class Counting extends nn.Module {
  calls = 0;
  weight = new nn.Parameter(ones(1));

  override forward(x: Tensor): Tensor {
    this.calls++;
    return x.mul(this.weight);
  }

  override getExtraState(): unknown {
    return { calls: this.calls };
  }

  override setExtraState(state: unknown): void {
    this.calls = (state as { calls: number }).calls;
  }
}

describe('extra state', () => {
  it('is saved and loaded with the tensors', () => {
    const net = new nn.Sequential(new Counting());
    net(ones(1));
    const state = net.stateDict();
    expect(Object.keys(state)).toEqual(['0.weight', '0._extra_state']);
    const other = new nn.Sequential(new Counting());
    other.loadStateDict(state);
    expect(other.at(0)).toHaveProperty('calls', 1);
    Reflect.deleteProperty(state, '0._extra_state');
    expect(() => other.loadStateDict(state)).toThrow('Missing key(s) in state_dict: "0._extra_state"');
  });

  it('is unexpected where nobody takes it', () => {
    const state = { ...new nn.Linear(1, 1).stateDict(), _extra_state: ones(1) };
    expect(() => new nn.Linear(1, 1).loadStateDict(state)).toThrow('Unexpected key(s) in state_dict: "_extra_state"');
  });
});

describe('hooks', () => {
  it('run around saving, children first, and may replace the state dict', () => {
    const net = new nn.Sequential(new nn.Linear(1, 1, false));
    const seen: string[] = [];
    net.registerStateDictPreHook((_, prefix, keepVars) => void seen.push(`pre '${prefix}' ${keepVars}`));
    net.at(0).registerStateDictHook((_, state, prefix) => void seen.push(`${prefix} ${Object.keys(state).join()}`));
    const handle = net.registerStateDictHook((_, state) => ({ renamed: state['0.weight'] }));
    const state = net.stateDict({ keepVars: true });
    expect(Object.keys(state)).toEqual(['renamed']);
    expect(state.renamed).toBe(net.at(0).weight);
    expect(seen).toEqual(["pre '' true", '0. 0.weight']);
    handle.remove();
    expect(Object.keys(net.stateDict())).toEqual(['0.weight']);
  });

  it('before loading may rename keys in a copy, and complain', async () => {
    const net = new nn.Linear(1, 1, false);
    net.registerLoadStateDictPreHook((_, state, prefix) => {
      if (!('gain' in state)) return;
      state[`${prefix}weight`] = state.gain;
      Reflect.deleteProperty(state, 'gain');
    });
    const given: nn.StateDict = { gain: tensor([[7]]) };
    net.loadStateDict(given);
    expect(await net.weight.item()).toBe(7);
    expect(Object.keys(given)).toEqual(['gain']);
    net.registerLoadStateDictPreHook((_module, _state, _prefix, _metadata, strict, { errorMessages }) => {
      errorMessages.push(`not today, strict ${strict}`);
    });
    expect(() => net.loadStateDict(given, false)).toThrow('not today, strict false');
  });

  it('after loading may excuse keys', async () => {
    const net = new nn.Sequential(new nn.Linear(1, 1));
    net.registerLoadStateDictPostHook((module, { missingKeys }) => {
      expect(module).toBe(net);
      missingKeys.splice(0);
    });
    net.loadStateDict({ '0.weight': tensor([[7]]) });
    expect(await net.at(0).weight.item()).toBe(7);
    expect(() => net.loadStateDict({ '0.weight': tensor([[7]]), other: ones(1) })).toThrow(LoadError);
  });

  it('of all modules run before those of one', () => {
    const layer = new nn.Identity();
    const seen: string[] = [];
    const handles = [
      nn.registerModuleForwardPreHook(() => void seen.push('all before')),
      nn.registerModuleForwardHook(() => void seen.push('all after')),
      nn.registerModuleFullBackwardHook(() => void seen.push('all back')),
    ];
    layer.registerForwardPreHook(() => void seen.push('before'));
    layer.registerForwardHook(() => void seen.push('after'));
    const x = ones([1], { requiresGrad: true });
    layer(x).sum().backward();
    expect(seen).toEqual(['all before', 'before', 'all after', 'after', 'all back']);
    for (const handle of handles) handle.remove();
    layer(x);
    expect(seen.slice(5)).toEqual(['before', 'after']);
  });

  it('that are always called run when forward throws', () => {
    class Failing extends nn.Module {
      override forward(): Tensor {
        throw new Error('no');
      }
    }
    const layer = new Failing();
    const seen: unknown[] = [];
    layer.registerForwardHook(() => void seen.push('not called'));
    layer.registerForwardHook((_, __, output) => void seen.push(output), { alwaysCall: true });
    expect(() => layer()).toThrow('no');
    expect(seen).toEqual([null]);
  });
});

describe('what hooks around saving and loading give', () => {
  const later = (): Promise<void> => Promise.resolve();
  it.each<[string, (net: nn.Module) => unknown, string]>([
    ['a promise before saving', (net) => net.registerStateDictPreHook(later as never), 'Linear: a state-dict pre-hook: must be synchronous, got a promise.'], // prettier-ignore
    ['a promise after saving', (net) => net.registerStateDictHook(later as never), 'Linear: a state-dict hook: must be synchronous, got a promise.'], // prettier-ignore
    ['a number after saving', (net) => net.registerStateDictHook((() => 5) as never), 'Linear: a state-dict hook must give a state dict or nothing, got number 5.'], // prettier-ignore
    ['a promise before loading', (net) => net.registerLoadStateDictPreHook(later as never), 'Linear: a load-state-dict pre-hook: must be synchronous'], // prettier-ignore
    ['a promise after loading', (net) => net.registerLoadStateDictPostHook(later as never), 'Linear: a load-state-dict post-hook: must be synchronous'], // prettier-ignore
    ['a value after loading', (net) => net.registerLoadStateDictPostHook((() => ({})) as never), 'Linear: a load-state-dict post-hook must give nothing, got an object.'], // prettier-ignore
  ])('%s is refused', (_, register, message) => {
    const net = new nn.Linear(1, 1);
    const state = net.stateDict();
    register(net);
    expect(() => {
      net.loadStateDict(state);
      net.stateDict();
    }).toThrow(message);
  });

  it('a promise as extra state is refused', () => {
    class Extra extends nn.Module {
      override getExtraState(): unknown {
        return Promise.resolve(1);
      }
    }
    expect(() => new Extra().stateDict()).toThrow('Extra.getExtraState: must be synchronous, got a promise.');
  });
});
