import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/base/errors';
import {
  broadcastShapes,
  denseStrides,
  inferShape,
  isDense,
  layoutFault,
  viewStrides,
  wrapDim,
  wrapDims,
} from '../../src/base/shape';

describe('viewStrides', () => {
  it.each([
    ['merges dense dimensions', [2, 3], [3, 1], [6], [1]],
    ['splits a dimension', [6], [1], [2, 3], [3, 1]],
    ['keeps gaps between rows', [2, 3], [8, 1], [2, 3, 1], [8, 1, 1]],
    ['splits a strided dimension', [6], [2], [3, 2], [4, 2]],
    ['views an expanded dimension', [4, 3], [0, 1], [2, 2, 3], [0, 0, 1]],
    ['passes over dimensions of size 1', [2, 1, 3], [3, 99, 1], [6], [1]],
    ['takes a scalar', [], [], [1, 1], [1, 1]],
    ['gives a scalar', [1, 1], [5, 7], [], []],
    ['takes no elements', [0, 3], [3, 1], [3, 0], [1, 1]],
  ])('%s', (_name, shape, strides, target, expected) => {
    expect(viewStrides(shape, strides, target)).toEqual(expected);
  });

  it('asks for a copy where memory does not allow the view', () => {
    expect(viewStrides([2, 3], [1, 2], [6])).toBeNull();
    expect(viewStrides([2, 3], [8, 1], [6])).toBeNull();
    expect(viewStrides([4, 3], [0, 1], [12])).toBeNull();
  });
});

describe('broadcastShapes', () => {
  it('aligns from the back', () => {
    expect(broadcastShapes('add', [4, 1], [3])).toEqual([4, 3]);
    expect(broadcastShapes('add', [], [2, 0], [1, 1, 1])).toEqual([1, 2, 0]);
  });
  it('names op, shapes and sizes', () => {
    expect(() => broadcastShapes('add', [2, 3], [4])).toThrow(
      'add: shapes must broadcast, got [2, 3] and [4] (3 and 4 at dimension -1). Sizes must be equal or 1.',
    );
    expect(() => broadcastShapes('add', [2, 3], [4])).toThrow(ShapeError);
  });
});

describe('layouts', () => {
  it('denseStrides and isDense agree', () => {
    for (const shape of [[], [0], [3], [2, 3], [2, 0, 3], [1, 4, 1]])
      expect(isDense(shape, denseStrides(shape))).toBe(true);
    expect(isDense([2, 3], [1, 2])).toBe(false);
    expect(isDense([2, 1], [1, 99])).toBe(true);
  });
  it.each([
    ['dense', [2, 3], [3, 1], 0, 6, null],
    ['an offset', [2], [1], 4, 6, null],
    ['broadcast', [5, 6], [0, 1], 0, 6, null],
    ['backwards', [3], [-2], 4, 5, null],
    ['empty, wherever', [2, 0], [1, 1], 7, 6, null],
    ['a scalar', [], [], 5, 6, null],
    ['a scalar behind', [], [], 6, 6, 'every element must lie in memory'],
    ['one too many', [2, 3], [3, 1], 1, 6, 'every element must lie in memory'],
    ['before the start', [3], [-2], 3, 6, 'every element must lie in memory'],
    ['half a size', [1.5, 4], [4, 1], 0, 6, 'sizes must be whole numbers'],
    ['no size', [NaN], [1], 0, 6, 'sizes must be whole numbers'],
    ['a negative size', [-1], [1], 0, 6, 'sizes must be whole numbers'],
    ['half a stride', [2], [0.5], 0, 6, 'strides must be whole numbers'],
    ['endless strides', [2], [Infinity], 0, 6, 'strides must be whole numbers'],
    ['a stride missing', [2, 2], [1], 0, 6, 'strides must be whole numbers'],
    ['a stride too many', [2], [1, 1], 0, 6, 'there must be a stride for each size'],
    ['half an offset', [1], [1], 2.5, 6, 'the offset must be a whole number'],
    ['no offset', [1], [1], NaN, 6, 'the offset must be a whole number'],
    ['a negative offset', [0], [1], -1, 6, 'the offset must be a whole number'],
  ])('layoutFault: %s', (_name, shape, strides, offset, capacity, fault) => {
    expect(layoutFault(shape, strides, offset, capacity)).toBe(fault);
  });
  it('inferShape fills in -1 once', () => {
    expect(inferShape('view', [2, -1], 6, [6])).toEqual([2, 3]);
    expect(inferShape('view', [-1], 0, [0])).toEqual([0]);
    for (const wrong of [[4, -1], [-1, -1], [7], [2, -3], [0, -1], [1.5, 4]]) {
      expect(() => inferShape('view', wrong, 6, [6])).toThrow(ShapeError);
    }
  });
  it('wrapDim counts from the back and names the range', () => {
    expect(wrapDim('sum', -1, 3)).toBe(2);
    expect(wrapDim('sum', -1, 0)).toBe(0);
    expect(() => wrapDim('sum', 3, 3)).toThrow('sum: dim must be an integer in [-3, 2] for 3 dimensions, got 3.');
    expect(() => wrapDims('sum', [0, -3], 3)).toThrow('each dim may appear once');
  });
});
