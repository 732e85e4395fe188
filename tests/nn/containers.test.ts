// Members of containers as properties: what they give, what may be assigned, and their types.
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import * as k from '../../src';
import { nn, ones, zeros, type Tensor } from '../../src';

afterAll(() => {
  k.shutdown();
});

describe('ModuleDict', () => {
  const make = () => new nn.ModuleDict({ encoder: new nn.Linear(2, 3), '0': new nn.ReLU(), values: new nn.Tanh() });

  it('has its members as properties, except where the class has that name', () => {
    const dict = make();
    expect(dict['encoder'](ones(4, 2)).shape).toEqual([4, 3]);
    expect(dict.encoder).toBe(dict.get('encoder'));
    expect(dict['0']).toBe(dict.get('0'));
    expect(dict.values()).toHaveLength(3);
    expectTypeOf(dict.encoder).toEqualTypeOf<nn.Linear>();
    expectTypeOf(dict['0']).toEqualTypeOf<nn.ReLU>();
    expectTypeOf(dict.get('values')).toEqualTypeOf<nn.Tanh>();
    expectTypeOf<(typeof dict)['values']>().toBeFunction();
    expect(Object.keys(dict.stateDict())).toEqual(['encoder.weight', 'encoder.bias']);
    expect(dict.namedChildren().map(([name]) => name)).toEqual(dict.keys());
  });

  it('takes modules in their place, and nothing else', () => {
    const dict = make();
    const other = new nn.Linear(2, 5);
    dict.encoder = other;
    expect([dict.get('encoder') === other, dict.length, dict.keys()[1]]).toEqual([true, 3, 'encoder']);
    expect(() => {
      dict.encoder = 1 as never;
    }).toThrow("ModuleDict: 'encoder' must be a Module, got number 1.");
    expect(dict.encoder).toBe(other);
  });

  it('has no property for what is not there any more, and copies have their own', () => {
    const dict = make();
    const copy = nn.deepcopy(dict);
    expect(copy.encoder).not.toBe(dict.encoder);
    expect(copy.encoder).toBe(copy.get('encoder'));
    const encoder = dict.pop('encoder');
    expect([dict.encoder, 'encoder' in dict, encoder instanceof nn.Linear]).toEqual([undefined, false, true]);
    copy.clear();
    expect('encoder' in copy).toBe(false);
    expect(copy.length).toBe(0);
  });

  it('takes names that only the run knows', () => {
    const dict = new nn.ModuleDict(Object.fromEntries(['a', 'b'].map((name) => [name, new nn.Linear(1, 1)])));
    const name = ['b'][0];
    expectTypeOf(dict[name]).toEqualTypeOf<nn.Linear>();
    expect(dict[name]).toBe(dict.get('b'));
    const anything: nn.ModuleDict = new nn.ModuleDict();
    anything.set('later', new nn.ReLU());
    expect(anything['later']).toBe(anything.get('later'));
  });
});

describe('Sequential', () => {
  it('knows the types of its members by position', () => {
    const net = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
    expectTypeOf(net[0]).toEqualTypeOf<nn.Linear>();
    expectTypeOf(net[-1]).toEqualTypeOf<nn.ReLU>();
    expectTypeOf(net).toExtend<nn.Sequential>();
    expectTypeOf(net(ones(1, 2))).toEqualTypeOf<Tensor>();
    expect(net[0].weight.shape).toEqual([3, 2]);
    net[0] = new nn.Linear(2, 4);
    expect(net(ones(1, 2)).shape).toEqual([1, 4]);
    const layers: nn.Sequential = net;
    expect(layers.length).toBe(2);
  });

  it('has members by name', () => {
    const net = new nn.Sequential({ fc: new nn.Linear(2, 3), act: new nn.ReLU(), length: new nn.Linear(3, 1) });
    expectTypeOf(net.fc).toEqualTypeOf<nn.Linear>();
    expectTypeOf(net.length).toEqualTypeOf<number>();
    expect([net.fc.weight.shape, net[0] === net.fc, net.length]).toEqual([[3, 2], true, 3]);
    net.fc = new nn.Linear(2, 3, { bias: false });
    expect(net[0]).toBe(net.fc);
    expect(net.parameters()).toHaveLength(3);
    const numbered = new nn.Sequential(new Map([['1', new nn.ReLU()], ['0', new nn.Tanh()]])); // prettier-ignore
    expect([numbered[0] instanceof nn.ReLU, numbered[1] instanceof nn.Tanh]).toEqual([true, true]);
    net.pop(0);
    expect('fc' in net).toBe(false);
  });

  it('can be a base', () => {
    class Block extends nn.Sequential {
      constructor(width: number) {
        super(new nn.Linear(width, width), new nn.ReLU());
      }
    }
    class Typed extends nn.Sequential<[nn.Linear, nn.ReLU]> {
      constructor() {
        super(new nn.Linear(2, 2), new nn.ReLU());
      }
    }
    expect(new Block(2)(ones(1, 2)).shape).toEqual([1, 2]);
    expect(new Typed()[0].weight.shape).toEqual([2, 2]);
    expect(String(new Block(2))).toContain('Block(\n  (0): Linear');
    expect(new Block(2)).toBeInstanceOf(nn.Sequential);
  });
});

describe('parameters', () => {
  it('of a list by position', () => {
    const list = new nn.ParameterList([ones(2), zeros(3)]);
    expectTypeOf(list[0]).toEqualTypeOf<nn.Parameter>();
    expect([list[0].shape, list[-1].shape, list[2]]).toEqual([[2], [3], undefined]);
    list[0] = new nn.Parameter(ones(5));
    expect(list.at(0).shape).toEqual([5]);
    expect(list.parameters()).toHaveLength(2);
    expect(() => {
      list[7] = new nn.Parameter(ones(1));
      list[2] = new nn.Parameter(ones(1));
    }).toThrow('ParameterList: index must be within the 2 members, got 2.');
  });

  it('of a dict by name', () => {
    const dict = new nn.ParameterDict({ left: ones(2), right: ones(3) });
    expectTypeOf(dict.left).toEqualTypeOf<nn.Parameter>();
    expect(dict.left).toBe(dict.get('left'));
    expect(dict['right'].shape).toEqual([3]);
    dict.left = new nn.Parameter(ones(4));
    expect([dict.get('left').shape, dict.parameters().length]).toEqual([[4], 2]);
    expect(() => {
      dict.left = 'no' as never;
    }).toThrow("ParameterDict: every member must be a Parameter or Tensor, got 'no'.");
    dict.pop('left');
    expect('left' in dict).toBe(false);
  });
});
