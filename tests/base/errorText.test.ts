// Operations composed of others name themselves in errors.
import { expect, test } from 'vitest';
import { composed } from '../../src/base/errorText';
import { ShapeError, cat, hstack, linalg, nansum, nn, tile, zeros } from '../../src';

const { functional: F } = nn;

test.each<[name: string, call: () => unknown]>([
  ['hstack', () => hstack([zeros(2, 3), zeros(3, 3)])],
  ['tile', () => tile(zeros(2), -1)],
  ['nansum', () => nansum(zeros(2), 3)],
  ['linalg.vecdot', () => linalg.vecdot(zeros(2), zeros(3))],
  ['linalg.multiDot', () => linalg.multiDot([zeros(2, 3), zeros(2, 3)])],
  ['cosineSimilarity', () => F.cosineSimilarity(zeros(2, 3), zeros(2, 4))],
  ['tripletMarginLoss', () => F.tripletMarginLoss(zeros(2, 3), zeros(2, 4), zeros(2, 3))],
  ['scaledDotProductAttention', () => F.scaledDotProductAttention(zeros(2, 3, 4), zeros(2, 3, 5), zeros(2, 3, 4))],
  ['lpPool1d', () => F.lpPool1d(zeros(2), 2, 2)],
])('%s', (name, call) => {
  expect(call).toThrow(new RegExp(`^${name.replace('.', '\\.')}: `));
});

test('error and stack are those of the inner operation under the other name', () => {
  const join = (): unknown => composed('outer', () => cat([zeros(2), zeros(2, 2)]));
  expect(join).toThrow(ShapeError);
  try {
    join();
  } catch (error) {
    expect((error as Error).stack).toContain('outer: sizes must match');
  }
});

test("what is the library's own mistake stays as it is", () => {
  const fail = (): never => {
    throw new Error('internal: lost');
  };
  expect(() => composed('outer', fail)).toThrow('internal: lost');
});
