// Optimizers that know what their parameters are called.
import { afterAll, expect, test } from 'vitest';
import { nn, optim, shutdown, tensor } from '../../src';

afterAll(() => {
  shutdown();
});

const { SGD } = optim;
const NAMES = 'all parameters must be given with their names or all without';

test('names are those of the group and of its state dict', async () => {
  const net = new nn.Linear(2, 1);
  const optimizer = new SGD(net.namedParameters(), { lr: 0.5 });
  expect(optimizer.paramGroups[0].params).toEqual([net.weight, net.bias]);
  expect(optimizer.paramGroups[0].paramNames).toEqual(['weight', 'bias']);
  expect(optimizer.stateDict().param_groups[0].param_names).toEqual(['weight', 'bias']);
  expect(new SGD(net.parameters(), 0.5).stateDict().param_groups[0]).not.toHaveProperty('param_names');
  net.weight.grad = tensor([[1, 1]]);
  const [[before]] = await net.weight.tolist<number[][]>();
  optimizer.step();
  const [[after]] = await net.weight.tolist<number[][]>();
  expect(after).toBeCloseTo(before - 0.5, 6);
});

test('groups have names, too', () => {
  const [a, b] = [new nn.Linear(2, 1), new nn.Linear(1, 1)];
  const optimizer = new SGD([{ params: a.namedParameters(), lr: 1 }], 0.5);
  optimizer.addParamGroup({ params: b.namedParameters({ prefix: 'b' }) });
  expect(optimizer.paramGroups.map(({ lr, paramNames }) => [lr, paramNames])).toEqual([
    [1, ['weight', 'bias']],
    [0.5, ['b.weight', 'b.bias']],
  ]);
});

test('names that are saved are taken over, and do not matter for what goes where', () => {
  const net = new nn.Linear(2, 1);
  const named = new SGD(net.namedParameters({ prefix: 'old' }), 0.25).stateDict();
  const plain = new SGD(net.parameters(), 0.5);
  plain.loadStateDict(named);
  expect(plain.paramGroups[0]).toMatchObject({ lr: 0.25, paramNames: ['old.weight', 'old.bias'] });
  const optimizer = new SGD(net.namedParameters(), 0.5);
  optimizer.loadStateDict(new SGD(net.parameters(), 0.125).stateDict());
  expect(optimizer.paramGroups[0]).toMatchObject({ lr: 0.125, paramNames: ['weight', 'bias'] });
});

test('some with and some without are refused, as are names that do not fit', () => {
  const net = new nn.Linear(2, 1);
  const { weight } = net;
  const bias = net.bias as nn.Parameter;
  expect(() => new SGD([['weight', weight], bias] as never, 0.5)).toThrow(`SGD: ${NAMES}`);
  const optimizer = new SGD([['weight', weight]], 0.5);
  expect(() => {
    optimizer.addParamGroup({ params: [bias] });
  }).toThrow(NAMES);
  expect(optimizer.paramGroups).toHaveLength(1);
  expect(() => new SGD([{ params: [bias] }, { params: [['weight', weight]] }] as never, 0.5)).toThrow(NAMES);
  optimizer.paramGroups[0].paramNames = ['a', 'b'];
  expect(() => optimizer.step()).toThrow('SGD: paramNames must be the names of 1 parameters, got ');
});
