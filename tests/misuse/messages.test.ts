// What a newcomer gets wrong, and what the error says to it. Each message names the function that was called, what it
// was given and what to do.
import { afterAll, describe, expect, it, vi } from 'vitest';
import * as k from '../../src';
import { nn, ones, randn } from '../../src';

afterAll(() => {
  k.shutdown();
});

const x = ones(2, 3);
/** Calls what the types forbid. */
const loose = (target: object): Record<string, (...args: unknown[]) => unknown> =>
  target as Record<string, (...args: unknown[]) => unknown>;

const call = (module: nn.Module, inputs: unknown[]): unknown => Reflect.apply(module, undefined, inputs) as unknown;
const make = (type: object, args: unknown[]): unknown => Reflect.construct(type as ObjectConstructor, args) as unknown;

describe('methods speak in their own name', () => {
  it.each<[string, () => unknown, string]>([
    ['clamp', () => x.clamp(ones(4)), 'clamp: shapes must broadcast'],
    ['clamp as a function', () => k.clamp(x, ones(4)), 'clamp: shapes must broadcast'],
    ['clamp_', () => x.clamp_(ones(4)), 'clamp_: shapes must broadcast'],
    ['expandAs', () => x.expandAs(ones(4)), 'expandAs: [2, 3] cannot be expanded'],
    ['reshapeAs', () => x.reshapeAs(ones(4)), 'reshapeAs: '],
    ['viewAs', () => x.viewAs(ones(4)), 'viewAs: '],
    ['floatPower', () => x.floatPower(ones(4)), 'floatPower: shapes must broadcast'],
    ['floatPower as a function', () => k.floatPower(x, ones(4)), 'floatPower: shapes must broadcast'],
    ['swapaxes', () => x.swapaxes(0, 5), 'swapaxes: dim must be'],
    ['moveaxis', () => x.moveaxis(0, 5), 'moveaxis: dim must be'],
    ['greater', () => x.greater(ones(4)), 'greater: shapes must broadcast'],
    ['at', () => x.at(5), 'at: index must be in [-2, 1]'],
    ['setAt', () => x.setAt([0, 7], 1), 'setAt: index must be in [-3, 2]'],
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });
});

describe('arguments of another kind', () => {
  it.each<[string, () => unknown, string]>([
    [
      'matmul',
      () => loose(x).matmul([1, 2]),
      'matmul: other must be a tensor, got [1, 2] (tensor([...]) makes a tensor of one).',
    ],
    [
      'cross',
      () => loose(x).cross(),
      'cross: other must be a tensor, got nothing. The arguments are input, other, dim.',
    ],
    ['a promise', () => loose(x).gather(0, x.data()), 'gather: index must be a tensor, got a promise (await it).'], // prettier-ignore
    ['a module', () => loose(k).relu(new nn.Linear(1, 1)), 'relu: input must be a tensor, got a Linear.'],
    ['Linear', () => call(new nn.Linear(3, 2), [[1, 2, 3]]), 'linear: input must be a tensor, got [1, 2, 3] (tensor([...]) makes a tensor of one).'], // prettier-ignore
    ['no input', () => call(new nn.Linear(3, 2), []), 'linear: input must be a tensor, got nothing. The arguments are input, weight, bias.'], // prettier-ignore
    ['labels', () => call(new nn.CrossEntropyLoss(), [x, [0, 1]]), 'crossEntropy: target must be a tensor, got [0, 1] (tensor([...]) makes a tensor of one).'], // prettier-ignore
    ['lengths that were not waited for', () => call(new nn.LSTM(4, 2), [nn.utils.rnn.packPaddedSequence(randn(3, 2, 4), k.tensor([3, 2]))]), 'LSTM: cannot take what it was called with, got a promise (await it).'], // prettier-ignore
    ['attention of one', () => call(new nn.MultiheadAttention(4, 2), [randn(3, 2, 4)]), 'MultiheadAttention: key must be a tensor, got nothing. The arguments are query, key, value, keyPaddingMask, '], // prettier-ignore
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });

  it('a forward that returns nothing is named by the next module', () => {
    class Forgetful extends nn.Module {
      override forward(input: k.Tensor): void {
        input.add(1);
      }
    }
    const net: nn.Sequential = new nn.Sequential(new Forgetful(), new nn.Linear(3, 2));
    expect(() => net(x)).toThrow('linear: input must be a tensor, got nothing.');
  });

  it('an error in a forward of the user keeps its words', () => {
    class Broken extends nn.Module {
      override forward(input: k.Tensor): unknown {
        return loose(input).frobnicate();
      }
    }
    expect(() => void new Broken()(x)).toThrow(/^[^:]*frobnicate is not a function$/);
  });
});

describe('keyword arguments', () => {
  it('of shape functions', async () => {
    const steps = k.arange(6).view(2, 3);
    expect(steps.unsqueeze({ dim: 0 }).squeeze({ dim: 0 }).transpose({ dim0: 0, dim1: 1 }).shape).toEqual([3, 2]);
    expect(steps.split(2, { dim: 1 }).map(({ shape }) => shape[1])).toEqual([2, 1]);
    expect(steps.chunk({ chunks: 3, dim: 1 })).toHaveLength(3);
    expect(steps.unbind({ dim: 1 })).toHaveLength(3);
    expect(await k.triu(steps, { diagonal: 1 }).tolist()).toEqual([[0, 1, 2], [0, 0, 5]]); // prettier-ignore
    expect(await steps.tril({ diagonal: -1 }).tolist()).toEqual([[0, 0, 0], [3, 0, 0]]); // prettier-ignore
    expect(() => loose(steps).unsqueeze({ dims: 0 })).toThrow("unsqueeze: no option is called 'dims'.");
  });

  it('of functions that make tensors', async () => {
    expect(await k.full([2], { fillValue: 7 }).tolist()).toEqual([7, 7]);
    expect(await k.linspace(0, 1, { steps: 3 }).tolist()).toEqual([0, 0.5, 1]);
    expect(await k.logspace(0, 2, { steps: 2, base: 3 }).tolist()).toEqual([1, 9]);
    expect(k.randint(0, 10, { size: [3] }).shape).toEqual([3]);
    expect(k.zeros({ size: [2, 3] }).shape).toEqual([2, 3]);
    expect(await ones(2).normal_({ mean: 100, std: 0 }).tolist()).toEqual([100, 100]);
    expect(await ones(2).uniform_({ from: 3, to: 3 }).tolist()).toEqual([3, 3]);
    expect(await nn.init.constant_(ones(2), { val: 5 }).tolist()).toEqual([5, 5]);
    expect(await ones(2).fill_(k.tensor(3)).tolist()).toEqual([3, 3]);
  });

  it('of autograd', async () => {
    const w = k.tensor([1, 2], { requiresGrad: true });
    const square = (): k.Tensor => w.mul(w);
    const given = { inputs: w, gradOutputs: ones(2), createGraph: true };
    const [byName] = k.autograd.grad({ outputs: square(), ...given });
    const [byPosition] = k.autograd.grad(square(), w, ones(2), true, true);
    for (const grad of [byName, byPosition]) {
      expect(await grad.tolist()).toEqual([2, 4]);
      expect(grad.requiresGrad).toBe(true);
    }
    const loss = square().sum();
    loss.backward(null, true);
    loss.backward();
    k.autograd.backward([square(), square().sum()], { gradTensors: [ones(2), null] });
    expect(await w.grad?.tolist()).toEqual([8, 16]);
  });
});

describe('what would go wrong silently', () => {
  const net = new nn.Linear(3, 2);
  const sgd = new k.optim.SGD(net.parameters(), { lr: 0.1 });
  const w = ones([2], { requiresGrad: true });
  it.each<[string, () => unknown, string]>([
    [
      'sizes as text',
      () => loose(k).zeros('2'),
      "zeros: size must be a list of whole numbers of at least 0, got ['2'].",
    ],
    [
      'a dtype among sizes',
      () => loose(k).zeros(2, 'int64'),
      "zeros: size must be a list of whole numbers of at least 0, got [2, 'int64'].",
    ],
    [
      'apply without its class',
      () => call(Reflect.get(k.autograd.Function, 'apply') as nn.Module, [x]),
      'apply: call it on its class',
    ],
    ['a missing size', () => loose(k).rand(undefined, 2), 'rand: generator must be a Generator, got 2.'],
    ['a dtype of Python', () => loose(k).ones([2], { dtype: 'long' }), 'ones: dtype must be a dtype (float32,'],
    [
      'an option of Python',
      () => loose(k).tensor([1], { requires_grad: true }),
      "tensor: no option is called 'requires_grad'.",
    ],
    ['a device of Python', () => loose(x).to('cuda'), "or a device ('cpu', 'wasm', 'webgpu' or 'meta'), got 'cuda'."],
    ['full of nothing', () => loose(k).full([2]), 'full: fillValue must be a number, got nothing.'],
    ['fill_ with text', () => loose(ones(2)).fill_('a'), "fill_: value must be a number or a tensor, got 'a'."],
    [
      'setAt with an array',
      () => loose(ones(2)).setAt(0, [1]),
      'setAt: value must be a tensor or a number, got [1] (tensor',
    ],
    ['setAt with nothing', () => loose(ones(2)).setAt(0), 'setAt: value must be a tensor or a number, got nothing.'],
    ['at of nothing', () => loose(x).at(undefined), 'at: an index must be a number, '],
    [
      'a + b',
      () => Number(x) + 1,
      'Tensor: operators are methods, as in a.add(b), and the number itself has to be waited for: await x.item().',
    ],
    [
      'options of backward',
      () => loose(w.sum()).backward({ retain_graph: true }),
      "backward: no option is called 'retain_graph'.",
    ],
    [
      'a gradient as an array',
      () => loose(w.mul(2)).backward([1, 1]),
      'backward: gradient must be a tensor or a list, each a tensor or null, got [1, 1] (tensor([...]) makes a tensor of one).',
    ],
    ['a number for grad', () => Reflect.set(w, 'grad', 0), 'grad: must match the tensor'],
    ['a Parameter of an array', () => make(nn.Parameter, [[1]]), 'Parameter: data must be a tensor, got '],
    [
      'a metric that was not read',
      () => loose(new k.optim.lrScheduler.ReduceLROnPlateau(sgd)).step(x.sum()),
      'ReduceLROnPlateau.step: metric must be a number, got a Tensor.',
    ],
    [
      'a module for its parameters',
      () => make(k.optim.Adam, [net]),
      'Adam: params must be what net.parameters() gives, got a Linear.',
    ],
    [
      'names of what is no parameter',
      () => make(k.optim.Adam, [Array.from(net.namedModules())]),
      'Adam: params must be what net.parameters() gives, got an array',
    ],
    [
      'clipping a module',
      () => loose(nn.utils).clipGradNorm_(net, 1),
      'clipGradNorm_: parameters must be a tensor or parameters, as net.parameters() gives them, got a Linear.',
    ],
    [
      'a state dict that was not waited for',
      () => loose(net).loadStateDict(Promise.resolve({})),
      'loadStateDict: the state dict must be an object of tensors, got a promise (await it).',
    ],
    [
      'no kernel',
      () => make(nn.Conv2d, [3, 4]),
      'Conv2d: kernelSize must be a whole number, or a list of them, got nothing.',
    ],
    [
      'sizes of a layer as text',
      () => make(nn.Linear, ['3', 2]),
      "Linear: inFeatures must be a whole number of at least 0, got '3'.",
    ],
    ['integers into a layer', () => net(k.ones([2, 3], { dtype: 'int64' })), "Convert with .to('float32')."],
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });

  it('leaves parameters and training as they were', async () => {
    const loss = net(x).sum();
    loss.backward();
    sgd.step();
    expect(Number.isFinite(await net(x).sum().item())).toBe(true);
  });

  it('Parameter takes requiresGrad by name', () => {
    expect(new nn.Parameter(x, { requiresGrad: false }).requiresGrad).toBe(false);
  });

  it('a tensor in a template is its shape', () => {
    expect(`${String(x)}`).toBe('Tensor(shape=[2, 3], dtype=float32, device=wasm)');
  });

  it('the gradient of what is no leaf', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const y = w.mul(2);
    y.sum().backward();
    expect(y.grad).toBeNull();
    expect(warn).toHaveBeenCalledExactlyOnceWith('grad: only leaves keep it. Call retainGrad() before backward().');
    const kept = w.mul(2);
    kept.retainGrad();
    expect(kept.grad).toBeNull();
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });

  it('a probability outside [0, 1]', async () => {
    const loss = nn.functional.binaryCrossEntropy(k.tensor([2]), ones(1));
    await expect(loss.item()).rejects.toThrow('binaryCrossEntropy: a probability outside [0, 1] is not allowed');
  });

  it('brackets of a chain read and replace its modules', () => {
    const chain: nn.Sequential = new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU());
    expect(chain[0]).toBe(chain.at(0));
    expect(chain[-1]).toBe(chain.at(1));
    expect(chain[2]).toBeUndefined();
    chain[0] = new nn.Linear(3, 5);
    expect(chain(x).shape).toEqual([2, 5]);
    expect(Object.keys(chain.stateDict())).toEqual(['0.weight', '0.bias']);
    expect(() => {
      chain[2] = new nn.ReLU();
    }).toThrow('Sequential: index must be within the 2 members, got 2.');
  });
});
