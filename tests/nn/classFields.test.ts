// Users' modules give the same however their compiler makes fields: defined, as the language has it, or assigned.
import ts from 'typescript';
import { expect, test } from 'vitest';
import * as kindling from '../../src';

const NET = `
class Inner extends nn.Module {
  weight = new Parameter(ones(2));
  heads: unknown;
  steps = 3;
  constructor() {
    super();
    this.heads = new nn.MultiheadAttention(4, 2);
    this.registerBuffer('mean', ones(1));
  }
  forward(x: unknown) { return x; }
}
class Net extends Inner {
  fc = new nn.Linear(2, 3);
  declare extra: unknown;
  last = new nn.BatchNorm1d(3);
  constructor() {
    super();
    this.extra = new nn.ReLU();
  }
}
new Net();
`;

/** The module as such a compiler makes it. */
function compiled(useDefineForClassFields: boolean): kindling.nn.Module {
  const text = ts.transpileModule(NET, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, useDefineForClassFields },
  }).outputText;
  expect(text.includes('this.fc = ')).toBe(!useDefineForClassFields);
  const { nn, ones, Parameter } = kindling;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the test compiles what a user writes
  const make = new Function('nn', 'ones', 'Parameter', `${text.replace('new Net();', 'return new Net();')}`) as (
    ...args: unknown[]
  ) => kindling.nn.Module;
  return make(nn, ones, Parameter);
}

/** As PyTorch lists them: own parameters and buffers, then modules in the order in which they were set. */
const KEYS = [
  ...['weight', 'mean', 'heads.in_proj_weight', 'heads.in_proj_bias', 'heads.out_proj.weight', 'heads.out_proj.bias'],
  ...['fc.weight', 'fc.bias', 'last.weight', 'last.bias', 'last.running_mean', 'last.running_var'],
  'last.num_batches_tracked',
];

test.each([true, false])('fields that are defined: %s', (useDefineForClassFields) => {
  const net = compiled(useDefineForClassFields);
  expect(Object.keys(net.stateDict())).toEqual(KEYS);
  expect(net.parameters()).toHaveLength(9);
  expect(Array.from(net.namedChildren(), ([name]) => name)).toEqual(['heads', 'fc', 'last', 'extra']);
});
