// Operations composed of others name themselves in errors.
import { expect, test } from 'vitest';
import { composed } from '../../src/base/errorText';
import { FaultError, KindError, ShapeError, ValueError, cat, hstack, linalg, nansum, nn, tile, zeros } from '../../src';

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

test('errors are made in the name of who was called from outside, stack and field too', () => {
  const join = (): unknown => cat([zeros(2), zeros(2, 2)]);
  const errorOf = (call: () => unknown): ShapeError => {
    try {
      call();
    } catch (error) {
      return error as ShapeError;
    }
    throw new Error('nothing was thrown');
  };
  expect(errorOf(join)).toBeInstanceOf(ShapeError);
  expect(errorOf(join).op).toBe('cat');
  const named = errorOf(() => composed('outer', () => composed('inner', join)));
  expect(named.op).toBe('outer');
  expect(named.stack).toContain('outer: sizes must match');
  expect(errorOf(join).op).toBe('cat');
  const refused = errorOf(() => composed('outer', () => tile(zeros(2), -1)));
  expect(refused).toBeInstanceOf(ValueError);
  expect(refused.op).toBe('outer');
  expect(errorOf(() => zeros(2).sum('x' as never))).toMatchObject({ op: 'sum', name: 'TypeError' });
  expect(errorOf(() => zeros(2).sum('x' as never))).toBeInstanceOf(KindError);
});

test('bad data is blamed on the operation that met it, whatever runs when it is found', () => {
  expect(composed('outer', () => new FaultError('gather', 'index 9 is out of range [0, 3)')).op).toBe('gather');
});

test("what is the library's own mistake stays as it is", () => {
  const fail = (): never => {
    throw new Error('internal: lost');
  };
  expect(() => composed('outer', fail)).toThrow('internal: lost');
});
