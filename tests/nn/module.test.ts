// Module: calling, finding members, printing, state and hooks.
import { describe, expect, expectTypeOf, it } from 'vitest';
import '../../src/index';
import '../../src/runtime';
import { Parameter, type Tensor } from '../../src/tensor';
import { zeros, ones } from '../../src/ops/creation';
import { Module } from '../../src/nn/module';
import { ModuleDict, ModuleList, Sequential } from '../../src/nn/containers';
import { ParameterList } from '../../src/nn/parameterContainers';
import { Identity } from '../../src/nn/identity';

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
      'ModuleList(\n  (0-1): 2 x Scale()\n  (2): Net(\n    (first): Scale()\n    (second): Scale()\n  )\n)',
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
