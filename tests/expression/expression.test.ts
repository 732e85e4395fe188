import { describe, expect, test } from 'vitest';
import { differentiate } from '../../src/expression/derivative';
import * as e from '../../src/expression/expression';
import type { Expression } from '../../src/expression/expression';
import { evaluate } from '../harness/pointwise';

const x = e.input(0, 'float64');
const y = e.input(1, 'float64');
/** What stands for the output and its gradient. */
const output = e.input(2, 'float64');
const grad = e.input(3, 'float64');

/** Derivative of `root` by each of its inputs at a point, for the gradient 1. */
function derivatives(root: Expression, ...point: number[]): number[] {
  const value = evaluate(root, point);
  const [a = 0, b = 0] = point;
  return differentiate(root, [x, y], grad, output).map((d) => evaluate(d, [a, b, value, 1]));
}

const central = (root: Expression, point: readonly number[], i: number): number => {
  const step = 1e-5;
  const moved = (by: number): number =>
    evaluate(
      root,
      point.map((v, j) => (i === j ? v + by : v)),
    );
  return (moved(step) - moved(-step)) / (2 * step);
};

test('an expression exists once', () => {
  expect(e.add(e.exp(x), y)).toBe(e.add(e.exp(x), y));
  expect(e.constant(0, 'float32')).not.toBe(e.constant(-0, 'float32'));
  expect(e.constant(0, 'float32')).not.toBe(e.constant(0, 'float64'));
  expect(e.cast('float64', x)).toBe(x);
  expect(e.mul(e.constant(1, 'float64'), x)).toBe(x);
  expect(e.neg(e.neg(x))).toBe(x);
});

test('operands must agree in dtype', () => {
  expect(() => e.add(x, e.input(1, 'float32'))).toThrow('internal: add of float64, float32');
  expect(() => e.where(x, x, y)).toThrow('internal: where of float64, float64, float64');
});

test('inputs and substitution', () => {
  const root = e.add(e.mul(y, y), e.scalar(0, 'float64'));
  expect(e.inputsOf([root])).toEqual([1]);
  const replaced = e.substitute(root, (node) => (node === y ? e.exp(x) : undefined));
  expect(replaced).toBe(e.add(e.mul(e.exp(x), e.exp(x)), e.scalar(0, 'float64')));
});

describe('derivatives agree with finite differences', () => {
  const ANYWHERE = [-2.3, -0.7, 0.4, 1.9];
  const POSITIVE = [0.3, 1.2, 4.5];
  const INSIDE = [-0.8, 0.1, 0.6];
  const UNARY: readonly [(x: Expression) => Expression, readonly number[]][] = [
    ...[e.neg, e.abs, e.sign, e.floor, e.ceil, e.round, e.trunc, e.exp, e.exp2, e.expm1, e.sigmoid, e.sin, e.cos].map(
      (f): [typeof f, number[]] => [f, ANYWHERE],
    ),
    ...[e.tan, e.atan, e.sinh, e.cosh, e.tanh, e.asinh].map((f): [typeof f, number[]] => [f, ANYWHERE]),
    ...[e.sqrt, e.log, e.log2, e.log10, e.log1p, e.reciprocal].map((f): [typeof f, number[]] => [f, POSITIVE]),
    ...[e.asin, e.acos, e.atanh].map((f): [typeof f, number[]] => [f, INSIDE]),
    [e.acosh, [1.4, 3]],
  ];
  test.each(UNARY.map(([f, points]) => [f(x), points] as const))('unary %#', (root, points) => {
    for (const point of points) expect(derivatives(root, point)[0]).toBeCloseTo(central(root, [point, 0], 0), 6);
  });

  const BINARY = [e.add, e.sub, e.mul, e.div, e.pow, e.maximum, e.minimum, e.atan2, e.hypot, e.remainder, e.fmod];
  test.each(BINARY.map((f) => f(x, y)))('binary %#', (root) => {
    for (const a of POSITIVE) {
      for (const b of [0.7, 1.7, 3.1]) {
        const expected = [0, 1].map((i) => central(root, [a, b], i));
        derivatives(root, a, b).forEach((d, i) => {
          expect(d).toBeCloseTo(expected[i], 6);
        });
      }
    }
  });

  test('composed, with shared parts and choices', () => {
    const shared = e.exp(e.mul(x, y));
    const root = e.where(e.lt(x, y), e.add(shared, e.square(shared)), e.div(shared, e.add(x, shared)));
    for (const point of [
      [0.3, 0.8],
      [0.9, -0.4],
    ]) {
      derivatives(root, ...point).forEach((d, i) => {
        expect(d).toBeCloseTo(central(root, point, i), 5);
      });
    }
  });

  test('to the second order', () => {
    const root = e.mul(e.tanh(x), e.log(y));
    const [first] = differentiate(root, [x], grad, root);
    const [second] = differentiate(first, [x], e.constant(1, 'float64'), first);
    const t = Math.tanh(0.6);
    expect(evaluate(second, [0.6, 3, 0, 1])).toBeCloseTo(-2 * t * (1 - t * t) * Math.log(3), 10);
  });
});

describe("PyTorch's conventions", () => {
  test('at kinks and ties', () => {
    expect(derivatives(e.abs(x), 0)).toEqual([0, 0]);
    expect(derivatives(e.maximum(x, y), 2, 2)).toEqual([0.5, 0.5]);
    expect(derivatives(e.minimum(x, y), 2, 2)).toEqual([0.5, 0.5]);
  });

  test('powers of and with 0', () => {
    expect(derivatives(e.pow(x, y), 0, 0)[0]).toBe(0);
    expect(derivatives(e.pow(x, y), 0, 2)).toEqual([0, 0]);
    expect(derivatives(e.pow(x, y), 3, 0)[0]).toBe(0);
  });

  test('a branch that is not taken adds nothing', () => {
    const root = e.where(e.lt(x, y), x, e.mul(y, e.constant(3, 'float64')));
    expect(derivatives(root, 1, 2)).toEqual([1, 0]);
    expect(derivatives(root, 2, 1)).toEqual([0, 3]);
  });
});

test('a gradient uses the result where that saves work', () => {
  for (const f of [e.exp, e.sigmoid, e.tanh, e.sqrt]) {
    expect(e.inputsOf(differentiate(f(x), [x], grad, output))).toEqual([2, 3]);
  }
  expect(e.inputsOf(differentiate(e.add(x, y), [x], grad, output))).toEqual([3]);
  expect(e.inputsOf(differentiate(e.mul(x, y), [x], grad, output))).toEqual([1, 3]);
});

test('gradients pass through conversions to floats only', () => {
  const single = e.input(0, 'float32');
  expect(differentiate(e.cast('float64', single), [single], grad, output)[0]).toBe(e.cast('float32', grad));
  const rounded = e.cast('float64', e.cast('int32', single));
  expect(differentiate(rounded, [single], grad, output)[0]).toBe(e.constant(0, 'float32'));
});
