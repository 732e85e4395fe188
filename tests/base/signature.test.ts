// Argument lists: by position, by name, mixed; and what each wrong one is told.
import { describe, expect, it } from 'vitest';
import { COUNT, DIMS, FLAG, INTEGER, REAL, SHAPE, kind, listOf } from '../../src/base/kinds';
import { argument, signature, withoutEffect } from '../../src/base/signature';

const SUM = signature('sum', [
  argument('input', REAL),
  argument('dim', DIMS, null),
  argument('keepdim', FLAG, false),
  withoutEffect('pinMemory'),
]);
const VIEW = signature('view', [argument('input', REAL), argument('size', SHAPE), argument('steps', COUNT, 1)]);
const DICT = { ...kind<object>('an object', (value) => typeof value === 'object'), takesObject: true };
const LOAD = signature('load', [argument('state', DICT), argument('strict', FLAG, true)]);

describe('what is taken', () => {
  it.each([
    [[7], { input: 7, dim: null, keepdim: false }],
    [[7, 1, true], { input: 7, dim: 1, keepdim: true }],
    [[7, { keepdim: true, dim: [0, 1] }], { input: 7, dim: [0, 1], keepdim: true }],
    [[{ input: 7 }], { input: 7, dim: null, keepdim: false }],
    [[7, undefined, { keepdim: true }], { input: 7, dim: null, keepdim: true }],
    [[7, undefined, { dim: 0 }], { input: 7, dim: 0, keepdim: false }],
    [[7, null], { input: 7, dim: null, keepdim: false }],
    [[7, { axis: 2, keepdims: true }], { input: 7, dim: 2, keepdim: true }],
    [[7, { pinMemory: 'whatever' }], { input: 7, pinMemory: 'whatever' }],
  ])('%j', (given, want) => {
    expect(SUM.take(given)).toMatchObject(want);
  });

  it('sizes in a row are one list', () => {
    expect(VIEW.take([7, 2, 3])).toEqual({ input: 7, size: [2, 3], steps: 1 });
    expect(VIEW.take([7, 2, 3, { steps: 2 }])).toEqual({ input: 7, size: [2, 3], steps: 2 });
    expect(VIEW.take([7, [2, 3], 2])).toEqual({ input: 7, size: [2, 3], steps: 2 });
    expect(VIEW.take([7, []])).toEqual({ input: 7, size: [], steps: 1 });
  });

  it('a plain object that may be a value may name the arguments', () => {
    const source = { ...kind<object>('an object', () => true), takesObject: (value: object) => !('source' in value) };
    const takes = signature('read', [argument('source', source), argument('count', COUNT, 1)]);
    expect(takes.take([{ length: 2 }])).toEqual({ source: { length: 2 }, count: 1 });
    expect(takes.take([{ source: { length: 2 }, count: 3 }])).toEqual({ source: { length: 2 }, count: 3 });
  });

  it('a plain object may be a value', () => {
    expect(LOAD.take([{ strict: 1 }, { strict: false }])).toEqual({ state: { strict: 1 }, strict: false });
  });
});

describe('what is refused', () => {
  it.each<[unknown[], string, ErrorConstructor]>([
    [[], 'sum: input must be a number, got nothing. The arguments are input, dim, keepdim, pinMemory.', TypeError],
    [[7, 1, true, 1, 2], 'sum: takes at most 4 arguments (input, dim, keepdim, pinMemory), got 5.', TypeError],
    [[7, { dims: 1 }], "sum: no option is called 'dims'. The options are input, dim, keepdim, pinMemory.", TypeError],
    [[7, { constructor: 1 }], "sum: no option is called 'constructor'.", TypeError],
    [[7, 1, { axis: 2 }], "sum: 'dim' is given twice.", TypeError],
    [[7, 1, { keepdim: 'false' }], "sum: keepdim must be true or false, got 'false'.", TypeError],
    [[7, 1, null], 'sum: keepdim must be true or false, got null.', TypeError],
    [[7, 0.5], 'sum: dim must be a whole number, or a list of them, got 0.5.', RangeError],
    [[7, [0, 0.5]], 'sum: dim must be a whole number, or a list of them, got [0, 0.5].', RangeError],
    [[7, Array(2)], 'sum: dim must be a whole number, or a list of them, got [undefined, undefined].', TypeError],
    [[7, '1'], "sum: dim must be a whole number, or a list of them, got '1'.", TypeError],
    [[NaN], 'sum: input must be a number, got NaN.', RangeError],
  ])('%j', (given, message, type) => {
    expect(() => SUM.take(given)).toThrow(message);
    expect(() => SUM.take(given)).toThrow(type);
  });

  it('sizes in a row with something else among them', () => {
    expect(() => VIEW.take([7, 2, '3'])).toThrow("view: size must be a list of whole numbers, got [2, '3'].");
    expect(() => VIEW.take([7, 2, 3, 4.5])).toThrow('view: size must be a list of whole numbers, got [2, 3, 4.5].');
  });

  it('a list within a list', () => {
    const CAT = signature('cat', [argument('tensors', listOf(INTEGER))]);
    expect(() => CAT.take([[[1]]])).toThrow('cat: tensors must be a list, each a whole number, got [[1]].');
  });
});
