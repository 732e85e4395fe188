// Every public operation has an entry in samples.ts, from which its tests are derived, or stands here with the reason.
/// <reference types="vite/types/importMeta.d.ts" />
import { expect, test } from 'vitest';
import * as kindling from '../../src';
import { LINALG_SAMPLES } from './linalgSamples';
import { SAMPLES } from './samples';
import { TENSOR_SAMPLES } from './tensorSamples';

/** What the derived tests cannot call, or what has no derivative that they could check. */
const WITHOUT_SAMPLE: readonly string[] = [
  // Makes tensors from sizes and numbers.
  ...[
    'arange',
    'empty',
    'emptyLike',
    'eye',
    'fromArray',
    'full',
    'fullLike',
    'linspace',
    'logspace',
    'ones',
    'onesLike',
  ],
  ...['asTensor', 'tensor', 'trilIndices', 'triuIndices', 'zeros', 'zerosLike'],
  // Draws at random.
  ...[
    'rand',
    'randLike',
    'randint',
    'randn',
    'randnLike',
    'randperm',
    'setRngState',
    'dropout',
    'bernoulli',
    'multinomial',
    'gumbelSoftmax',
    'binomial',
    'normal',
    'poisson',
    'randintLike',
  ],
  // Gives a promise, as only the data tells the shape or the answer: dataDependent.test.ts.
  ...[
    'allclose',
    'argwhere',
    'bincount',
    'equal',
    'maskedAt',
    'maskedSelect',
    'nonzero',
    'unique',
    'uniqueConsecutive',
    'isNonzero',
    'eig',
    'eigvals',
  ],
  // Says something of a tensor.
  ...['isTensor', 'numel'],
];

const modules = import.meta.glob<Readonly<Record<string, unknown>>>('../../src/ops/**/*.ts', { eager: true });
const operations = new Set(Object.values(modules).flatMap((exported) => Object.keys(exported)));

const isFunction = (value: unknown): boolean => typeof value === 'function';

const NAMES = [...Object.keys({ ...SAMPLES, ...TENSOR_SAMPLES, ...LINALG_SAMPLES }), ...WITHOUT_SAMPLE];

/**
 * Those of a namespace that have no sample, by none of their names: `arccos` is `acos`. What the namespace shares with
 * torch by name only needs a sample of its own, called `linalg.norm`.
 */
function withoutSample(exported: Readonly<Record<string, unknown>>, names: readonly string[], prefix = ''): string[] {
  const sampled = new Set(
    NAMES.map((name) => {
      if (prefix === '') return exported[name];
      if (name.startsWith(prefix)) return exported[name.slice(prefix.length)];
      return name in kindling ? (Reflect.get(kindling, name) as unknown) : exported[name];
    }),
  );
  return names.filter((name) => !sampled.has(exported[name]));
}

test('every public operation has a sample', () => {
  const names = Object.entries(kindling).filter(([name, value]) => operations.has(name) && isFunction(value));
  expect(
    withoutSample(
      kindling,
      names.map(([name]) => name),
    ),
  ).toEqual([]);
});

test('every function of nn.functional has a sample', () => {
  const { functional } = kindling.nn;
  expect(withoutSample(functional, Object.keys(functional))).toEqual([]);
});

test.each(['linalg', 'special'] as const)('every function of %s has a sample', (namespace) => {
  const functions = kindling[namespace];
  expect(withoutSample(functions, Object.keys(functions), `${namespace}.`)).toEqual([]);
});
