// Lazy modules: before, at and after the first call.
import { describe, expect, it } from 'vitest';
import { float64, manualSeed, nn, ones, optim, randn, zeros } from '../../src';

describe('lazy modules', () => {
  it('take their sizes from the first input and become ordinary', () => {
    const cases: [nn.Module, number[], string][] = [
      [new nn.LazyLinear(3), [5, 4], 'Linear(in_features=4, out_features=3, bias=True)'],
      [new nn.LazyConv1d(2, 3), [1, 4, 8], 'Conv1d(4, 2, kernel_size=(3,), stride=(1,))'],
      [new nn.LazyConv2d(2, 3, { padding: 1, groups: 2 }), [1, 4, 8, 8], 'Conv2d(4, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=2)'],
      [new nn.LazyBatchNorm1d(), [5, 4], 'BatchNorm1d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)'],
      [new nn.LazyBatchNorm2d(), [5, 4, 2, 2], 'BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)'],
    ]; // prettier-ignore
    for (const [module, shape, printed] of cases) {
      expect(String(module)).toContain('Lazy');
      const parameters = module.parameters();
      module(ones(shape));
      expect(String(module)).toBe(printed);
      expect(module.constructor.name).toBe(printed.slice(0, printed.indexOf('(')));
      module.parameters().forEach((parameter, i) => {
        expect(parameter).toBe(parameters[i]);
        expect(parameter.constructor).toBe(nn.Parameter);
        expect(parameter.requiresGrad).toBe(true);
      });
    }
  });

  it('draw the same weights as ordinary ones', async () => {
    manualSeed(3);
    const eager = new nn.Linear(4, 3);
    manualSeed(3);
    const lazy = new nn.LazyLinear(3);
    lazy(ones(1, 4));
    expect(await lazy.weight.tolist()).toEqual(await eager.weight.tolist());
    expect(await lazy.bias?.tolist()).toEqual(await eager.bias?.tolist());
  });

  it('throw where a value is needed before the first call', () => {
    const lazy = new nn.LazyLinear(3);
    expect(String(lazy.weight)).toBe('<UninitializedParameter>');
    expect(() => lazy.weight.shape).toThrow('has no shape and no values before the first forward');
    expect(() => lazy.weight.sum()).toThrow('has no shape and no values before the first forward');
  });

  it('can be moved, cast and given to an optimizer before the first call', async () => {
    const lazy = new nn.LazyLinear(2).double();
    const optimizer = new optim.SGD(lazy.parameters(), { lr: 1 });
    const x = randn(3, 4, { dtype: float64 });
    lazy(x).sum().backward();
    expect(lazy.weight.dtype).toBe('float64');
    const expected = await lazy.bias?.detach().sub(3).tolist();
    optimizer.step();
    expect(await lazy.bias?.tolist()).toEqual(expected);
  });

  it('take shapes from a state dict', async () => {
    const lazy = new nn.LazyLinear(2);
    lazy.loadStateDict({ weight: ones(2, 3), bias: zeros(2) });
    expect(lazy.constructor.name).toBe('LazyLinear');
    expect(await lazy(ones(1, 3)).tolist()).toEqual([[3, 3]]);
    expect(String(lazy)).toBe('Linear(in_features=3, out_features=2, bias=True)');
  });

  it('have a state dict', () => {
    expect(Object.keys(new nn.LazyBatchNorm1d().stateDict())).toEqual([
      'weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked',
    ]); // prettier-ignore
  });
});
