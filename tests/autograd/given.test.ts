// What hooks and functions of the user give back in place of gradients is checked before it is used.
import { afterAll, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

afterAll(() => {
  k.shutdown();
});

function freed(): Tensor {
  const gone: Tensor = k.ones(2);
  gone.release();
  return gone;
}

/** What does not fit in place of a gradient float32 [2], and what is said. */
const WRONG: readonly (readonly [name: string, give: () => unknown, message: string])[] = [
  ['a shorter gradient', () => k.ones(1), 'must give a gradient of shape [2], got [1]'],
  ['a scalar', () => k.ones([]), 'must give a gradient of shape [2], got []'],
  ['a longer gradient', () => k.ones(3), 'must give a gradient of shape [2], got [3]'],
  ['another dtype', () => k.ones(2).double(), 'must give a gradient of dtype float32, got float64'],
  ['integers', () => k.ones(2).long(), 'must give a gradient of dtype float32, got int64'],
  ['a promise', () => Promise.resolve(k.ones(2)), 'got a promise'],
  ['a number', () => 5, 'must give a tensor, got'],
  ['an array of numbers', () => [1, 2], 'must give a tensor, got'],
  ['a freed tensor', freed, 'was freed'],
];

const backwardOf = (y: Tensor) => (): void => {
  y.sum().backward();
};

describe.each(WRONG)('%s', (name, give, message) => {
  it('is refused from a hook of a leaf and of a result', () => {
    const leaf = k.ones(2).requiresGrad_();
    leaf.registerHook(give as () => Tensor);
    expect(backwardOf(leaf.mul(2))).toThrow(message);
    expect(leaf.grad).toBeNull();
    const other = k.ones(2).requiresGrad_();
    const result = other.mul(2);
    result.registerHook(give as () => Tensor);
    expect(backwardOf(result.mul(3))).toThrow(message);
  });

  it.skipIf(name === 'an array of numbers')('is refused from backward hooks of a module', () => {
    const expected = name === 'a promise' ? 'returns a promise' : message;
    const first = new k.nn.ReLU();
    first.registerFullBackwardHook(give as () => Tensor);
    expect(backwardOf(first(k.ones(2).requiresGrad_()))).toThrow(expected);
    const second = new k.nn.ReLU();
    second.registerFullBackwardPreHook(give as () => Tensor);
    expect(backwardOf(second(k.ones(2).requiresGrad_()))).toThrow(expected);
  });
});

describe('autograd.Function', () => {
  const giving = (give: () => unknown): ((x: Tensor) => Tensor) => {
    class Given extends k.autograd.Function {
      static forward(_ctx: k.autograd.FunctionContext, x: Tensor): Tensor {
        return x.clone();
      }
      static backward(): Tensor {
        return give() as Tensor;
      }
    }
    return (x) => Given.apply(x);
  };

  it.each([
    [
      'a shorter gradient',
      () => k.ones(1),
      'Given.backward: the gradient of argument 0 must have its shape [2], got [1]',
    ],
    ['a scalar', () => k.ones([]), 'must have its shape [2], got []'],
    ['a promise', () => Promise.resolve(k.ones(2)), 'Given.backward: must be synchronous'],
    ['a number', () => 5, 'Given.backward: must give a tensor, got'],
    ['a freed tensor', freed, 'was freed'],
    ['too many', () => [k.ones(2), k.ones(2)], 'must return a gradient (or null) for each of the 1 arguments'],
  ] satisfies [string, () => unknown, string][])('refuses %s', (_name, give, message) => {
    expect(backwardOf(giving(give)(k.ones(2).requiresGrad_()))).toThrow(message);
  });

  it('sums what its argument broadcasts to, and converts the dtype', async () => {
    const x = k.ones(2).requiresGrad_();
    giving(() => k.ones(3, 2).double())(x)
      .sum()
      .backward();
    expect(await x.grad?.tolist()).toEqual([3, 3]);
    expect(x.grad?.dtype).toBe('float32');
  });

  it('takes nothing for a gradient that is null', () => {
    const x = k.ones(2).requiresGrad_();
    giving(() => undefined)(x)
      .sum()
      .backward();
    expect(x.grad).toBeNull();
  });

  it('refuses results that are no tensors', () => {
    const forward = (give: () => unknown) => (): void => {
      class Given extends k.autograd.Function {
        static forward(): Tensor {
          return give() as Tensor;
        }
        static backward(_ctx: k.autograd.FunctionContext, grad: Tensor): Tensor {
          return grad;
        }
      }
      Given.apply();
    };
    expect(forward(() => Promise.resolve(k.ones(2)))).toThrow('Given.forward: fn must be synchronous');
    expect(forward(() => undefined)).toThrow('Given.forward: must give a tensor');
    expect(forward(() => [k.ones(2), 3])).toThrow('Given.forward: must give a tensor');
  });
});

it('gradcheck says what its function gave', async () => {
  const x = k.ones(2).double().detach().requiresGrad_();
  await expect(k.autograd.gradcheck((() => Promise.resolve(x)) as never, x)).rejects.toThrow(
    'gradcheck: fn: must be synchronous',
  );
  await expect(k.autograd.gradcheck((() => 5) as never, x)).rejects.toThrow('gradcheck: fn: must give a tensor');
});
