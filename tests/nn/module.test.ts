// Module: calling, finding members, printing, state and hooks.
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { nn, ones, scope, zeros, type Tensor } from '../../src';

const { Identity, Module, ModuleDict, ModuleList, Parameter, ParameterList, Sequential } = nn;

class Scale extends Module {
  weight = new Parameter(zeros(3));
  override forward(x: Tensor): Tensor {
    return x;
  }
}

class Net extends Module {
  override name = 'net';
  first = new Scale();
  second: Scale;
  mean = this.registerBuffer('mean', zeros(2));
  #calls = 0;
  constructor() {
    super();
    this.second = new Scale();
  }
  get calls(): number {
    return this.#calls;
  }
  override forward(x: Tensor, scale: number): number {
    this.#calls++;
    return this.first(this.second(x)).numel() * scale;
  }
}

describe('registration', () => {
  it('keeps the names that registerParameter and registerBuffer were given', () => {
    const m = new nn.Module();
    const weight = new nn.Parameter(zeros(2));
    m.registerParameter('weight', null);
    expect(m.parameters()).toEqual([]);
    expect(m.stateDict()).toEqual({});
    Reflect.set(m, 'weight', weight);
    expect(m.namedParameters().map(([name, p]) => [name, p === weight])).toEqual([['weight', true]]);
    expect(() => Reflect.set(m, 'weight', zeros(2))).toThrow(
      "Module: 'weight' must be a Parameter or null, got a Tensor.",
    );
    m.registerBuffer('mean', null);
    expect(() => Reflect.set(m, 'mean', 3)).toThrow("Module: 'mean' must be a Tensor or null, got number 3.");
    Reflect.set(m, 'mean', ones(2));
    expect(Object.keys(m.stateDict())).toEqual(['weight', 'mean']);
  });

  it('refuses names that cannot be part of a key, or are members of the class', () => {
    const m = new nn.Module();
    expect(() => { m.addModule('a.b', new nn.Identity()); }).toThrow("Module: a name must be a string that is not empty and has no '.', got 'a.b'."); // prettier-ignore
    expect(() => { m.addModule('forward', new nn.Identity()); }).toThrow("Module: the name 'forward' is taken by a member of the class."); // prettier-ignore
  });

  it('keeps members of containers apart from methods', () => {
    const dict = new nn.ModuleDict({ train: new nn.Identity(), then: new nn.ReLU(), keys: new nn.Tanh() });
    expect(dict.train().keys()).toEqual(['train', 'then', 'keys']);
    expect(dict.get('keys')).toBeInstanceOf(nn.Tanh);
  });

  it('keeps the order of definition with names like integers', () => {
    const m = new nn.Module();
    m.addModule('fc', new nn.Linear(1, 1));
    m.addModule('0', new nn.ReLU());
    expect(m.namedChildren().map(([name]) => name)).toEqual(['fc', '0']);
  });

  it('warns once of modules in a plain array', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    class Hidden extends nn.Module {
      layers = [new nn.Linear(1, 1)];
    }
    const m = new Hidden();
    m.parameters();
    m.parameters();
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      "Hidden: 'layers' holds a Linear in a plain array, so parameters(), to() and stateDict() do not see it. Use ModuleList.",
    );
    warn.mockRestore();
  });
});

describe('the tree', () => {
  const tree = (): nn.Sequential =>
    new nn.Sequential(new nn.Linear(2, 2), new nn.Sequential(new nn.Dropout(0.5), new nn.BatchNorm1d(2)));

  it('is found by dotted names', () => {
    const net = tree();
    expect(net.getSubmodule('1.0')).toBeInstanceOf(nn.Dropout);
    expect(net.getParameter('0.weight').shape).toEqual([2, 2]);
    expect(net.getBuffer('1.1.running_mean').shape).toEqual([2]);
    expect(() => net.getSubmodule('1.2')).toThrow("Sequential: there is no submodule called '1.2'.");
    expect(() => net.getParameter('0.scale')).toThrow("Sequential: there is no parameter called '0.scale'.");
  });

  it('is visited children first by apply', () => {
    const names: string[] = [];
    tree().apply((module) => names.push(module.constructor.name));
    expect(names).toEqual(['Linear', 'Dropout', 'BatchNorm1d', 'Sequential', 'Sequential']);
  });

  it('changes mode, gradients and dtype as a whole', async () => {
    const net = tree();
    expect(
      net
        .eval()
        .modules()
        .every((module) => !module.training),
    ).toBe(true);
    expect(
      net
        .train()
        .modules()
        .every((module) => module.training),
    ).toBe(true);
    net.requiresGrad_(false);
    expect(net.parameters().some((parameter) => parameter.requiresGrad)).toBe(false);
    net.requiresGrad_();
    const weight = net.getParameter('0.weight');
    net(ones(3, 2)).sum().backward();
    net.zeroGrad(false);
    expect(await weight.grad?.tolist()).toEqual([[0, 0], [0, 0]]); // prettier-ignore
    net.double();
    expect(net.getParameter('0.weight')).toBe(weight);
    expect([weight.dtype, weight.grad?.dtype]).toEqual(['float64', 'float64']);
    expect(net.getBuffer('1.1.running_mean').dtype).toBe('float64');
    expect(net.getBuffer('1.1.num_batches_tracked').dtype).toBe('int64');
    expect(net(ones(3, 2, { dtype: 'float64' })).dtype).toBe('float64');
    net.zeroGrad();
    expect(weight.grad).toBeNull();
    expect(() => net.to('int32')).toThrow('to: modules can only be cast to floating-point dtypes, got int32.');
  });
});

describe('scopes', () => {
  class Memory extends nn.Module {
    last = zeros(1);
    history: Tensor[] = [];
    override forward(x: Tensor): Tensor {
      this.last = x.add(1);
      this.history.push(x.mul(2));
      return this.last.mul(2);
    }
  }

  it('spare what modules made or called in them hold', async () => {
    const outer = new Memory();
    let temporary: Tensor | null = null;
    const made = scope(() => {
      const m = new Memory();
      temporary = outer(ones(1));
      m(ones(1));
      return m;
    });
    expect((temporary as Tensor | null)?.isFreed).toBe(true);
    expect(await outer.last.tolist()).toEqual([2]);
    expect(await outer.history[0].tolist()).toEqual([2]);
    expect(await made.last.tolist()).toEqual([2]);
  });
});

describe('Module', () => {
  it('is callable, typed by its forward', () => {
    const net = new Net();
    expect(net(zeros(3), 2)).toBe(6);
    expect(net.calls).toBe(1);
    expect(net).toBeInstanceOf(Net);
    expect(net.name).toBe('net');
    expectTypeOf(net).parameters.toEqualTypeOf<[x: Tensor, scale: number]>();
    expectTypeOf(net(zeros(3), 2)).toEqualTypeOf<number>();
    // @ts-expect-error the second argument is missing
    expect(() => net()).toThrow();
  });

  it('finds members in order of definition', () => {
    const net = new Net();
    expect(net.namedParameters().map(([name]) => name)).toEqual(['first.weight', 'second.weight']);
    expect(net.namedBuffers().map(([name]) => name)).toEqual(['mean']);
    expect(net.namedChildren().map(([name]) => name)).toEqual(['first', 'second']);
    expect(net.namedModules().map(([name]) => name)).toEqual(['', 'first', 'second']);
    expect(Object.keys(net.stateDict())).toEqual(['mean', 'first.weight', 'second.weight']);
    net.mean = ones(2);
    expect(net.buffers()[0]).toBe(net.mean);
  });

  it('prints as PyTorch does', () => {
    expect(String(new Net())).toBe('Net(\n  (first): Scale()\n  (second): Scale()\n)');
    expect(String(new Sequential(new Scale(), new Sequential(new Scale())))).toBe(
      'Sequential(\n  (0): Scale()\n  (1): Sequential(\n    (0): Scale()\n  )\n)',
    );
    expect(String(new ModuleList([new Scale(), new Scale(), new Net()]))).toBe(
      'ModuleList(\n  (0): Scale()\n  (1): Scale()\n  (2): Net(\n    (first): Scale()\n    (second): Scale()\n  )\n)',
    );
    expect(String(new ModuleDict({ a: new Scale(), b: new Identity() }))).toBe(
      'ModuleDict(\n  (a): Scale()\n  (b): Identity()\n)',
    );
    expect(String(new ParameterList([zeros(2), zeros(2, 3)]))).toBe(
      'ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2]\n    (1): Parameter containing: [torch.float32 of size 2x3]\n)',
    );
  });

  it('types containers by their members', () => {
    const list = new ModuleList([new Scale()]);
    expectTypeOf(list.at(0)).toEqualTypeOf<Scale>();
    const chain = new Sequential(new Scale(), new Identity());
    expectTypeOf(chain).parameters.toEqualTypeOf<[x: Tensor]>();
    const dict = new ModuleDict({ a: new Scale(), b: new Net() });
    expectTypeOf(dict.get('b')).toEqualTypeOf<Net>();
    const anything = new Sequential({ a: new Scale() });
    expectTypeOf(anything(zeros(1))).toEqualTypeOf<Tensor>();
    expect(chain(zeros(3)).numel()).toBe(3);
  });

  it('hooks', () => {
    const m = new Scale();
    const seen: unknown[] = [];
    const h1 = m.registerForwardPreHook((mod, inputs) => {
      seen.push(mod === m);
      return [inputs[0].view(1, 3)];
    });
    const h2 = m.registerForwardHook((_m, _i, out) => out.view(3, 1));
    expect(m(zeros(3)).shape).toEqual([3, 1]);
    h1.remove();
    h2.remove();
    expect(m(zeros(3)).shape).toEqual([3]);
  });
});
