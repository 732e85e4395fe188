// Options that say how PyTorch computes are taken without effect, by optimizers and by their groups.
import { afterAll, expect, it } from 'vitest';
import { ones, optim, shutdown, nn } from '../../src';

afterAll(() => {
  shutdown();
});

const HOW = { foreach: null, fused: false, capturable: false };
const param = (): nn.Parameter => new nn.Parameter(ones(2));

it.each([
  ['Adadelta', () => new optim.Adadelta([param()], { ...HOW, lr: 0.5 })],
  ['Adagrad', () => new optim.Adagrad([param()], { ...HOW, lr: 0.5 })],
  ['Adam', () => new optim.Adam([param()], { ...HOW, lr: 0.5 })],
  ['Adamax', () => new optim.Adamax([param()], { ...HOW, lr: 0.5 })],
  ['AdamW', () => new optim.AdamW([param()], 0.5, { ...HOW })],
  ['ASGD', () => new optim.ASGD([param()], { ...HOW, lr: 0.5 })],
  ['NAdam', () => new optim.NAdam([param()], { ...HOW, lr: 0.5 })],
  ['RAdam', () => new optim.RAdam([param()], { ...HOW, lr: 0.5 })],
  ['RMSprop', () => new optim.RMSprop([param()], { ...HOW, lr: 0.5 })],
  ['Rprop', () => new optim.Rprop([param()], { ...HOW, lr: 0.5 })],
  ['SGD', () => new optim.SGD([{ params: [param()], ...HOW }], { ...HOW, lr: 0.5 })],
])('%s', (_, make) => {
  const [group] = make().paramGroups;
  expect(group.lr).toBe(0.5);
  expect(Object.keys(group)).not.toEqual(expect.arrayContaining(['foreach']));
});

it('what changes results is refused', () => {
  expect(() => new optim.SGD([param()], { lr: 0.5, differentiable: true } as object)).toThrow(
    "SGD: no option is called 'differentiable'",
  );
});
