// The examples of the note "Modules": custom modules, composition, training, state, initialisation and hooks.
import { beforeEach, describe, expect, it } from 'vitest';
import {
  float64, manualSeed, nn, noGrad, onesLike, optim, randn, tensor, zeros, type Tensor,
} from '../../src'; // prettier-ignore

const F = nn.functional;

beforeEach(() => {
  manualSeed(0);
});

class MyLinear extends nn.Module {
  weight: nn.Parameter;
  bias: nn.Parameter;

  constructor(inFeatures: number, outFeatures: number) {
    super();
    this.weight = new nn.Parameter(randn(inFeatures, outFeatures));
    this.bias = new nn.Parameter(randn(outFeatures));
  }

  override forward(input: Tensor): Tensor {
    return input.matmul(this.weight).add(this.bias);
  }
}

class Net extends nn.Module {
  l0 = new MyLinear(4, 3);
  l1 = new MyLinear(3, 1);

  override forward(input: Tensor): Tensor {
    let x = this.l0(input);
    x = F.relu(x);
    x = this.l1(x);
    return x;
  }
}

class BigNet extends nn.Module {
  l1 = new MyLinear(5, 4);
  net = new Net();

  override forward(x: Tensor): Tensor {
    return this.net(this.l1(x));
  }
}

class DynamicNet extends nn.Module {
  linears: nn.ModuleList<MyLinear>;
  activations = new nn.ModuleDict({ relu: new nn.ReLU(), lrelu: new nn.LeakyReLU() });
  final = new MyLinear(4, 1);

  constructor(numLayers: number) {
    super();
    this.linears = new nn.ModuleList(Array.from({ length: numLayers }, () => new MyLinear(4, 4)));
  }

  override forward(input: Tensor, act: 'relu' | 'lrelu'): Tensor {
    let x = input;
    for (const linear of this.linears) x = linear(x);
    x = this.activations.get(act)(x);
    return this.final(x);
  }
}

class ModalModule extends nn.Module {
  override forward(x: Tensor): Tensor {
    // A constant is added in training mode only.
    return this.training ? x.add(1) : x;
  }
}

class RunningMean extends nn.Module {
  mean: Tensor;

  constructor(
    numFeatures: number,
    readonly momentum = 0.9,
  ) {
    super();
    this.mean = this.registerBuffer('mean', zeros(numFeatures));
  }

  override forward(x: Tensor): Tensor {
    this.mean = this.mean.mul(this.momentum).add(x.mul(1 - this.momentum));
    return this.mean;
  }
}

class StatefulModule extends nn.Module {
  param1 = new nn.Parameter(randn(2));
  declare param2: nn.Parameter;
  declare param3: nn.Parameter | null;
  param_list: nn.ParameterList;
  param_dict: nn.ParameterDict<'foo' | 'bar'>;
  linear: nn.Linear;
  declare buffer1: Tensor;
  declare buffer2: Tensor;
  declare buffer3: Tensor | null;

  constructor() {
    super();
    this.registerParameter('param2', new nn.Parameter(randn(3)));
    // Reserves the name: only a parameter may be assigned to it.
    this.registerParameter('param3', null);
    this.param_list = new nn.ParameterList(Array.from({ length: 3 }, () => new nn.Parameter(randn(2))));
    this.param_dict = new nn.ParameterDict({ foo: new nn.Parameter(randn(3)), bar: new nn.Parameter(randn(4)) });
    this.registerBuffer('buffer1', randn(4), true);
    this.registerBuffer('buffer2', randn(5), { persistent: false });
    this.registerBuffer('buffer3', null);
    this.linear = new nn.Linear(2, 3);
  }
}

describe('A Simple Custom Module', () => {
  it('is called like a function', async () => {
    const m = new MyLinear(4, 3);
    const sampleInput = randn(4);
    const output = m(sampleInput);
    expect(output.shape).toEqual([3]);
    expect(await output.repr()).toMatch(/^tensor\(\[.*\], grad_fn=<AddBackward0>\)$/);
  });

  it('lists its parameters', async () => {
    const m = new MyLinear(4, 3);
    const named = m.namedParameters();
    expect(named.map(([name, { shape }]) => [name, shape])).toEqual([
      ['weight', [4, 3]],
      ['bias', [3]],
    ]);
    expect(await named[1][1].repr()).toMatch(/^Parameter containing:\ntensor\(\[.*\], requires_grad=True\)$/);
  });
});

describe('Modules as Building Blocks', () => {
  it('chains modules', () => {
    const net = new nn.Sequential(new MyLinear(4, 3), new nn.ReLU(), new MyLinear(3, 1));
    expect(net(randn(4)).shape).toEqual([1]);
  });

  it('lists children', () => {
    const net = new Net();
    expect(net(randn(4)).shape).toEqual([1]);
    expect(net.namedChildren().map(([name, child]) => [name, String(child)])).toEqual([
      ['l0', 'MyLinear()'],
      ['l1', 'MyLinear()'],
    ]);
  });

  it('lists modules recursively', () => {
    const net = 'Net(\n  (l0): MyLinear()\n  (l1): MyLinear()\n)';
    expect(new BigNet().namedModules().map(([name, module]) => [name, String(module)])).toEqual([
      ['', `BigNet(\n  (l1): MyLinear()\n  (net): ${net.replaceAll('\n', '\n  ')}\n)`],
      ['l1', 'MyLinear()'],
      ['net', net],
      ['net.l0', 'MyLinear()'],
      ['net.l1', 'MyLinear()'],
    ]);
  });

  it('defines modules dynamically', () => {
    const dynamicNet = new DynamicNet(3);
    const sampleInput = randn(4);
    expect(dynamicNet(sampleInput, 'relu').shape).toEqual([1]);
    expect(dynamicNet.namedParameters().map(([name, { shape }]) => [name, shape])).toEqual([
      ['linears.0.weight', [4, 4]],
      ['linears.0.bias', [4]],
      ['linears.1.weight', [4, 4]],
      ['linears.1.bias', [4]],
      ['linears.2.weight', [4, 4]],
      ['linears.2.bias', [4]],
      ['final.weight', [4, 1]],
      ['final.bias', [1]],
    ]);
  });

  it('changes the precision of all parameters', async () => {
    const dynamicNet = new DynamicNet(3);
    const before = dynamicNet.parameters();
    dynamicNet.to({ dtype: float64 });
    expect(dynamicNet.parameters()).toEqual(before);
    const output = dynamicNet(randn(4, { dtype: float64 }), 'lrelu');
    expect(output.dtype).toBe('float64');
    expect(await output.repr()).toMatch(/^tensor\(\[.*\], dtype=torch.float64, grad_fn=<AddBackward0>\)$/);
  });

  it('applies a function to all modules', async () => {
    const net = new nn.Sequential(new nn.Linear(2, 2), new nn.Sequential(new nn.Linear(2, 2)));
    const initWeights = (m: nn.Module): void => {
      if (m instanceof nn.Linear) {
        nn.init.xavierNormal_(m.weight);
        if (m.bias !== null) noGrad(() => m.bias?.fill_(0));
      }
    };
    net.apply(initWeights);
    for (const [name, parameter] of net.namedParameters()) {
      if (name.endsWith('bias')) expect(await parameter.tolist()).toEqual([0, 0]);
    }
  });
});

describe('Neural Network Training with Modules', () => {
  it('trains the net to output zero', async () => {
    const net = new Net();
    const optimizer = new optim.SGD(net.parameters(), { lr: 1e-2, weightDecay: 1e-2, momentum: 0.9 });
    const before = await largest(net.l1.weight);
    for (let step = 0; step < 300; step++) {
      const input = randn(4);
      const output = net(input);
      const loss = output.abs();
      net.zeroGrad();
      loss.backward();
      optimizer.step();
    }
    net.eval();
    const after = await largest(net.l1.weight);
    expect(after).toBeLessThan(before);
    expect(net.l0.training).toBe(false);
  });

  it('switches between training and evaluation', async () => {
    const m = new ModalModule();
    const x = tensor([0.5, 0.25, 0, -0.5]);
    expect(await m(x).tolist()).toEqual([1.5, 1.25, 1, 0.5]);
    m.eval();
    expect(await m(x).tolist()).toEqual([0.5, 0.25, 0, -0.5]);
  });
});

describe('Module State', () => {
  it('saves and restores parameters', async () => {
    const net = new Net();
    const state = net.stateDict();
    const newNet = new Net();
    expect(String(newNet.loadStateDict(state))).toBe('<All keys matched successfully>');
    expect(await newNet.l0.weight.tolist()).toEqual(await net.l0.weight.tolist());
  });

  it('keeps a running mean in a buffer', async () => {
    const m = new RunningMean(4);
    for (let step = 0; step < 10; step++) m(randn(4));
    expect(Object.keys(m.stateDict())).toEqual(['mean']);
    const loaded = new RunningMean(4);
    loaded.loadStateDict(m.stateDict());
    expect(await m.mean.eq(loaded.mean).all().item()).toBe(1);
    m.to({ dtype: float64 });
    expect(m.mean.dtype).toBe('float64');
    expect(m.namedBuffers().map(([name]) => name)).toEqual(['mean']);
  });

  it('knows all kinds of state', async () => {
    const m = new StatefulModule();
    const state = m.stateDict();
    const loaded = new StatefulModule();
    expect(String(loaded.loadStateDict(state))).toBe('<All keys matched successfully>');
    // Neither the buffer that is not persistent nor the reserved names are in it.
    expect(Object.entries(state).map(([name, { shape }]) => [name, shape])).toEqual([
      ['param1', [2]],
      ['param2', [3]],
      ['buffer1', [4]],
      ['param_list.0', [2]],
      ['param_list.1', [2]],
      ['param_list.2', [2]],
      ['param_dict.bar', [4]],
      ['param_dict.foo', [3]],
      ['linear.weight', [3, 2]],
      ['linear.bias', [3]],
    ]);
    expect(await loaded.linear.weight.tolist()).toEqual(await m.linear.weight.tolist());
    expect(m.namedBuffers().map(([name]) => name)).toEqual(['buffer1', 'buffer2']);
    expect(() => {
      // @ts-expect-error -- a tensor is no parameter
      m.param3 = randn(2);
    }).toThrow(
      "StatefulModule: 'param3' must be a Parameter or null, got a Tensor. Wrap it: new nn.Parameter(tensor).",
    );
    m.param3 = new nn.Parameter(randn(2));
    expect(Object.keys(m.stateDict())).toContain('param3');
  });
});

describe('Module Initialization', () => {
  it('makes parameters and floating-point buffers of the given dtype', async () => {
    const m = new nn.Linear(5, 3, { dtype: float64 });
    expect(m.weight.dtype).toBe('float64');
    const norm = new nn.BatchNorm2d(3, { dtype: float64 });
    expect(await norm.runningMean?.repr()).toBe('tensor([0., 0., 0.], dtype=torch.float64)');
    nn.init.orthogonal_(m.weight);
  });
});

describe('Module Hooks', () => {
  const forwardPreHook = (_m: nn.Module, [input]: [input: Tensor]): Tensor => input.add(1);
  // A residual connection as in ResNet.
  const forwardHook = (_m: nn.Module, [input]: [input: Tensor], output: Tensor): Tensor => output.add(input);
  const backwardHook = (_m: nn.Module, gradInputs: nn.Grads): nn.Grads =>
    gradInputs.map((grad) => (grad === null ? null : onesLike(grad).mul(42)));

  it('changes inputs and outputs by forward hooks', async () => {
    const m = new nn.Linear(3, 3);
    const x = randn(2, 3, { requiresGrad: true });
    const plain = m(x);
    const preHandle = m.registerForwardPreHook(forwardPreHook);
    const shifted = m(x);
    expect(await equalValues(shifted, plain)).toBe(false);
    expect(await equalValues(shifted, F.linear(x.add(1), m.weight, m.bias))).toBe(true);
    const handle = m.registerForwardHook(forwardHook);
    expect(await equalValues(m(x), shifted.add(x.add(1)))).toBe(true);
    preHandle.remove();
    handle.remove();
    expect(await equalValues(m(x), plain)).toBe(true);
  });

  it('changes gradients by a backward hook', async () => {
    const m = new nn.Linear(3, 3);
    const x = randn(2, 3, { requiresGrad: true });
    m(x).sum().backward();
    const before = await x.grad?.tolist();
    const columns = await m.weight.sum(0).tolist();
    expect(before).toEqual([columns, columns]);
    x.grad = null as Tensor | null;
    m.registerFullBackwardHook(backwardHook);
    m(x).sum().backward();
    expect(await x.grad?.repr()).toBe('tensor([[42., 42., 42.],\n        [42., 42., 42.]])');
  });
});

const largest = (x: Tensor): Promise<number> => x.abs().amax().item();

const equalValues = async (a: Tensor, b: Tensor): Promise<boolean> =>
  JSON.stringify(await a.tolist()) === JSON.stringify(await b.tolist());
