// Every public operation has an entry in samples.ts, from which its tests are derived, or stands here with the reason.
import { expect, test } from 'vitest';
import * as kindling from '../../src/index';
import * as ops from '../../src/ops';
import { SAMPLES } from './samples';

/** What takes no tensor to differentiate by: makes tensors, draws at random, or tells about dtypes. */
const WITHOUT_SAMPLE: readonly string[] = [
  ...['arange', 'empty', 'emptyLike', 'eye', 'fromArray', 'full', 'fullLike', 'linspace', 'ones', 'onesLike', 'tensor'],
  ...['zeros', 'zerosLike', 'rand', 'randLike', 'randint', 'randn', 'randnLike', 'randperm', 'dropout'],
];

const isOperation = (name: string, value: unknown): boolean => typeof value === 'function' && !/^[A-Z]/.test(name);

const withoutSample = (exported: object, isPublic: (name: string) => boolean): string[] =>
  Object.entries(exported)
    .filter(([name, value]) => isOperation(name, value) && isPublic(name))
    .map(([name]) => name)
    .filter((name) => !(name in SAMPLES) && !WITHOUT_SAMPLE.includes(name));

test('every public operation has a sample', () => {
  expect(withoutSample(ops, (name) => name in kindling)).toEqual([]);
});

test('every function of nn.functional has a sample', () => {
  expect(withoutSample(kindling.nn.functional, () => true)).toEqual([]);
});
