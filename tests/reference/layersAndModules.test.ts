// The examples of "Layers and Modules": Sequential, hand-rolled modules, plain code in forward, modules all the way down.
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { manualSeed, nn, rand, tensor, type Tensor } from '../../src';

const F = nn.functional;

beforeEach(() => {
  manualSeed(0);
});

class MLP extends nn.Module {
  hidden = new nn.LazyLinear(256);
  out = new nn.LazyLinear(10);

  override forward(X: Tensor): Tensor {
    return this.out(F.relu(this.hidden(X)));
  }
}

class MySequential extends nn.Module {
  constructor(...args: nn.Module[]) {
    super();
    args.forEach((module, index) => {
      this.addModule(String(index), module);
    });
  }

  override forward(X: Tensor): Tensor {
    let output = X;
    for (const module of this.children()) output = module(output) as Tensor;
    return output;
  }
}

class FixedHiddenMLP extends nn.Module {
  // Random weights that compute no gradients and therefore stay constant during training.
  randWeight = rand(20, 20);
  linear = new nn.LazyLinear(20);

  override async forward(input: Tensor): Promise<Tensor> {
    let X = this.linear(input);
    X = F.relu(X.matmul(this.randWeight).add(1));
    // The fully connected layer again: two layers that share parameters.
    X = this.linear(X);
    while ((await X.abs().sum().item()) > 1) X = X.div(2);
    return X.sum();
  }
}

class NestMLP extends nn.Module {
  net = new nn.Sequential(new nn.LazyLinear(64), new nn.ReLU(), new nn.LazyLinear(32), new nn.ReLU());
  linear = new nn.LazyLinear(16);

  override forward(X: Tensor): Tensor {
    return this.linear(this.net(X));
  }
}

describe('Layers and Modules', () => {
  it('chains layers in a Sequential', () => {
    const net = new nn.Sequential(new nn.LazyLinear(256), new nn.ReLU(), new nn.LazyLinear(10));
    const X = rand(2, 20);
    expect(net(X).shape).toEqual([2, 10]);
    expect(String(net)).toBe(
      'Sequential(\n  (0): Linear(in_features=20, out_features=256, bias=True)\n  (1): ReLU()\n' +
        '  (2): Linear(in_features=256, out_features=10, bias=True)\n)',
    );
  });

  it('registers children that are assigned', () => {
    const net = new MLP();
    expect(net(rand(2, 20)).shape).toEqual([2, 10]);
    expect(net.parameters()).toHaveLength(4);
    expect(Object.keys(net.stateDict())).toEqual(['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']);
    expectTypeOf(net(rand(2, 20))).toEqualTypeOf<Tensor>();
  });

  it('builds a Sequential by hand', () => {
    const net = new MySequential(new nn.LazyLinear(256), new nn.ReLU(), new nn.LazyLinear(10));
    expect(net(rand(2, 20)).shape).toEqual([2, 10]);
    expect(Object.keys(net.stateDict())).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
  });

  it('runs plain code in forward: a fixed weight, shared layers and a while loop', async () => {
    const net = new FixedHiddenMLP();
    const output = net(rand(2, 20));
    expectTypeOf(output).toEqualTypeOf<Promise<Tensor>>();
    const sum = await output;
    expect(sum.shape).toEqual([]);
    expect(Math.abs(await sum.item())).toBeLessThanOrEqual(1);
    expect(sum.gradFn?.name).toBe('SumBackward0');
    sum.backward();
    expect(net.parameters()).toHaveLength(2);
    expect(net.linear.weight.grad?.shape).toEqual([20, 20]);
    expect(net.randWeight.grad).toBeNull();
  });

  it('nests modules to any depth', async () => {
    const chimera = new nn.Sequential(new NestMLP(), new nn.LazyLinear(20), new FixedHiddenMLP());
    const output = chimera(rand(2, 20));
    expectTypeOf(output).toEqualTypeOf<Promise<Tensor>>();
    const sum = await output;
    expect(sum.shape).toEqual([]);
    sum.backward();
    expect(chimera.namedParameters().map(([name]) => name)).toEqual([
      '0.net.0.weight', '0.net.0.bias', '0.net.2.weight', '0.net.2.bias', '0.linear.weight', '0.linear.bias',
      '1.weight', '1.bias', '2.linear.weight', '2.linear.bias',
    ]); // prettier-ignore
    for (const parameter of chimera.parameters()) expect(parameter.grad?.shape).toEqual(parameter.shape);
    expect(await tensor(chimera.parameters().length).item()).toBe(10);
  });
});
