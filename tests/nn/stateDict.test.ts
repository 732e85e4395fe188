// State dicts: keys, sharing, strictness, the list of what does not fit, conversion of dtypes.
import { describe, expect, it } from 'vitest';
import { errorOf } from '../harness/errors';
import { float64, LoadError, nn, noGrad, ones, optim, scope, tensor, zeros, type Tensor } from '../../src';

class Shared extends nn.Module {
  first = new nn.Linear(2, 2, { bias: false });
  second = this.first;
  cache = this.registerBuffer('cache', zeros(1), false);

  override forward(x: Tensor): Tensor {
    return this.second(this.first(x));
  }
}

describe('stateDict', () => {
  it('has every name of a shared parameter, where listings have one', () => {
    const net = new Shared();
    expect(Object.keys(net.stateDict())).toEqual(['first.weight', 'second.weight']);
    expect(net.namedParameters().map(([name]) => name)).toEqual(['first.weight']);
    expect(net.namedParameters({ removeDuplicate: false }).map(([name]) => name)).toEqual([
      'first.weight',
      'second.weight',
    ]);
  });

  it('shares memory with the module and has no graph', async () => {
    const net = new nn.Linear(1, 1);
    const { weight } = net.stateDict();
    expect(weight.requiresGrad).toBe(false);
    nn.init.constant_(net.weight, 3);
    expect(await weight.tolist()).toEqual([[3]]);
  });

  it('has the keys of PyTorch', () => {
    const net = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.PReLU());
    expect(Object.keys(net.stateDict())).toEqual([
      '0.weight', '0.bias', '1.weight', '1.bias', '1.running_mean', '1.running_var', '1.num_batches_tracked', '2.weight',
    ]); // prettier-ignore
    expect(Object.keys(net.stateDict('net'))[0]).toBe('net.0.weight');
  });
});

describe('loadStateDict', () => {
  it('copies values and keeps the objects', async () => {
    const net = new nn.Linear(2, 1);
    const { weight, bias } = net;
    const result = net.loadStateDict({ weight: tensor([[1, 2]]), bias: tensor([3], { dtype: float64 }) });
    expect(String(result)).toBe('<All keys matched successfully>');
    expect(net.weight).toBe(weight);
    expect(net.bias).toBe(bias);
    expect(await net.weight.tolist()).toEqual([[1, 2]]);
    expect(net.bias?.dtype).toBe('float32');
    expect(net.weight.requiresGrad).toBe(true);
    expect(net.weight.isLeaf).toBe(true);
  });

  it('lists everything that does not fit, and copies nothing', async () => {
    const net = new nn.Linear(2, 1);
    const before = await net.weight.tolist();
    const error = errorOf(() => net.loadStateDict({ weight: ones(1, 3), scale: ones(1) }));
    expect(error).toBeInstanceOf(LoadError);
    expect(error.message).toBe(
      'loadStateDict: the state dict must fit Linear.\n' +
        '  Missing key(s) in state_dict: "bias".\n' +
        '  Unexpected key(s) in state_dict: "scale".\n' +
        '  Size mismatch for weight: the state dict has shape [1, 3], the module [1, 2].',
    );
    expect((error as LoadError).data).toEqual({
      missingKeys: ['bias'],
      unexpectedKeys: ['scale'],
      misshapenKeys: ['weight'],
    });
    expect(await net.weight.tolist()).toEqual(before);
  });

  it('tells what did not match when not strict', async () => {
    const net = new nn.Linear(2, 1);
    const result = net.loadStateDict({ weight: tensor([[1, 2]]), scale: ones(1) }, { strict: false });
    expect(result.missingKeys).toEqual(['bias']);
    expect(result.unexpectedKeys).toEqual(['scale']);
    expect(String(result)).toBe("_IncompatibleKeys(missing_keys=['bias'], unexpected_keys=['scale'])");
    expect(await net.weight.tolist()).toEqual([[1, 2]]);
    expect(() => net.loadStateDict({ weight: ones(3) }, false)).toThrow(LoadError);
  });
});

// As in PyTorch 2: the tensors of the dict take the place of the module's.
describe('loadStateDict with assign', () => {
  it('shares memory with the state dict, and has its dtypes', async () => {
    const net = new nn.Sequential(new nn.Linear(2, 1), new nn.BatchNorm1d(1));
    const state = {
      ...net.stateDict(),
      '0.weight': tensor([[1, 2]], { dtype: float64 }),
      '1.running_mean': tensor([5]),
    };
    net.loadStateDict(state, { assign: true });
    const { weight } = net.at(0) as nn.Linear;
    expect([weight.dtype, weight instanceof nn.Parameter]).toEqual(['float64', true]);
    expect((net.at(1) as nn.BatchNorm1d).running_mean).toBe(state['1.running_mean']);
    noGrad(() => void state['0.weight'].fill_(7));
    expect(await weight.tolist()).toEqual([[7, 7]]);
    expect(Object.keys(net.stateDict())).toEqual(Object.keys(state));
    expect([...net.parameters()]).toContain(weight);
  });

  it('makes new parameters that require a gradient as the old ones do; optimizers hold the old ones', async () => {
    const net = new nn.Linear(1, 1);
    net.bias?.requiresGrad_(false);
    const { weight: old } = net;
    const optimizer = new optim.SGD([old], { lr: 1 });
    const given = new nn.Parameter(tensor([3]), { requiresGrad: true });
    net.loadStateDict({ weight: tensor([[2]]), bias: given }, true, true);
    expect(net.weight).not.toBe(old);
    expect([net.weight.requiresGrad, net.weight.isLeaf]).toEqual([true, true]);
    // A parameter of the state dict is taken as it is, but for its requiresGrad.
    expect(net.bias).toBe(given);
    expect(given.requiresGrad).toBe(false);
    net(tensor([[1]]))
      .sum()
      .backward();
    optimizer.step();
    expect(await net.weight.grad?.tolist()).toEqual([[1]]);
    expect(old.grad).toBeNull();
    expect(await net.weight.tolist()).toEqual([[2]]);
  });

  it('leaves what is not there, and refuses other shapes', async () => {
    const net = new nn.Linear(2, 1);
    const { weight, bias } = net;
    expect(() => net.loadStateDict({ weight: ones(1, 3) }, { strict: false, assign: true })).toThrow('Size mismatch for weight'); // prettier-ignore
    expect(net.weight).toBe(weight);
    expect(net.loadStateDict({ weight: ones(1, 2) }, { strict: false, assign: true }).missingKeys).toEqual(['bias']);
    expect(net.bias).toBe(bias);
    expect(await net.weight.tolist()).toEqual([[1, 1]]);
  });

  it('gives lists and lazy layers theirs, and outlives a scope', async () => {
    const list = new nn.ParameterList([ones(2)]);
    const lazy: nn.LazyLinear = new nn.LazyLinear(1);
    scope(() => {
      list.loadStateDict({ 0: tensor([4, 5]) }, { assign: true });
      lazy.loadStateDict({ weight: tensor([[1, 2, 3]]), bias: tensor([1]) }, { assign: true });
    });
    expect(await list.at(0).tolist()).toEqual([4, 5]);
    expect(await lazy(ones(1, 3)).tolist()).toEqual([[7]]);
    expect(await lazy.weight.tolist()).toEqual([[1, 2, 3]]);
  });
});
