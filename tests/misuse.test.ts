// What a newcomer gets wrong, and what the error says to it. Each message names the function that was called, what it
// was given and what to do.
import { afterAll, expect, it, describe } from 'vitest';
import * as k from '../src/index';
import { nn, ones, randn } from '../src/index';

afterAll(() => {
  k.shutdown();
});

const x = ones(2, 3);
/** Calls what the types forbid. */
const loose = (target: object): Record<string, (...args: unknown[]) => unknown> =>
  target as Record<string, (...args: unknown[]) => unknown>;

const call = (module: nn.Module, inputs: unknown[]): unknown => Reflect.apply(module, null, inputs) as unknown;

describe('methods speak in their own name', () => {
  it.each<[string, () => unknown, string]>([
    ['clamp', () => x.clamp(ones(4)), 'clamp: shapes must broadcast'],
    ['clamp as a function', () => k.clamp(x, ones(4)), 'clamp: shapes must broadcast'],
    ['clamp_', () => x.clamp_(ones(4)), 'clamp_: shapes must broadcast'],
    ['expandAs', () => x.expandAs(ones(4)), 'expandAs: [2, 3] cannot be expanded'],
    ['reshapeAs', () => x.reshapeAs(ones(4)), 'reshapeAs: '],
    ['viewAs', () => x.viewAs(ones(4)), 'viewAs: '],
    ['floatPower', () => x.floatPower(ones(4)), 'floatPower: shapes must broadcast'],
    ['floatPower as a function', () => k.floatPower(x, ones(4)), 'floatPower: shapes must broadcast'],
    ['swapaxes', () => x.swapaxes(0, 5), 'swapaxes: dim must be'],
    ['moveaxis', () => x.moveaxis(0, 5), 'moveaxis: dim must be'],
    ['greater', () => x.greater(ones(4)), 'greater: shapes must broadcast'],
    ['at', () => x.at(5), 'at: index must be in [-2, 1]'],
    ['setAt', () => x.setAt([0, 7], 1), 'setAt: index must be in [-3, 2]'],
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });
});

describe('arguments of another kind', () => {
  const array = 'an array (tensor([...]) makes a tensor of one)';
  it.each<[string, () => unknown, string]>([
    ['matmul', () => loose(x).matmul([1, 2]), `matmul: cannot take what it was called with, got ${array}.`],
    ['cross', () => loose(x).cross(), 'cross: cannot take what it was called with, got no arguments.'],
    ['a promise', () => loose(x).gather(0, x.data()), 'gather: index must be a tensor, got a promise (await it).'], // prettier-ignore
    ['a module', () => loose(k).relu(new nn.Linear(1, 1)), 'relu: expected a tensor or a number, got a Linear.'],
    ['Linear', () => call(new nn.Linear(3, 2), [[1, 2, 3]]), `Linear: cannot take what it was called with, got ${array}.`], // prettier-ignore
    ['no input', () => call(new nn.Linear(3, 2), []), 'Linear: cannot take what it was called with, got no arguments.'], // prettier-ignore
    ['labels', () => call(new nn.CrossEntropyLoss(), [x, [0, 1]]), `CrossEntropyLoss: cannot take what it was called with, got a Tensor, ${array}.`], // prettier-ignore
    ['lengths that were not waited for', () => call(new nn.LSTM(4, 2), [nn.utils.rnn.packPaddedSequence(randn(3, 2, 4), k.tensor([3, 2]))]), 'LSTM: cannot take what it was called with, got a promise (await it).'], // prettier-ignore
    ['attention of one', () => call(new nn.MultiheadAttention(4, 2), [randn(3, 2, 4)]), 'MultiheadAttention: cannot take what it was called with, got a Tensor.'], // prettier-ignore
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });

  it('a forward that returns nothing is named by the next module', () => {
    class Forgetful extends nn.Module {
      override forward(input: k.Tensor): void {
        input.add(1);
      }
    }
    const net: nn.Sequential = new nn.Sequential(new Forgetful(), new nn.Linear(3, 2));
    expect(() => net(x)).toThrow('Linear: cannot take what it was called with, got undefined.');
  });

  it('an error in a forward of the user keeps its words', () => {
    class Broken extends nn.Module {
      override forward(input: k.Tensor): unknown {
        return loose(input).frobnicate();
      }
    }
    expect(() => void new Broken()(x)).toThrow(/^[^:]*frobnicate is not a function$/);
  });
});

describe('keyword arguments', () => {
  it('of shape functions', async () => {
    const steps = k.arange(6).view(2, 3);
    expect(steps.unsqueeze({ dim: 0 }).squeeze({ dim: 0 }).transpose({ dim0: 0, dim1: 1 }).shape).toEqual([3, 2]);
    expect(steps.split(2, { dim: 1 }).map(({ shape }) => shape[1])).toEqual([2, 1]);
    expect(steps.chunk({ chunks: 3, dim: 1 })).toHaveLength(3);
    expect(steps.unbind({ dim: 1 })).toHaveLength(3);
    expect(await k.triu(steps, { diagonal: 1 }).tolist()).toEqual([[0, 1, 2], [0, 0, 5]]); // prettier-ignore
    expect(await steps.tril({ diagonal: -1 }).tolist()).toEqual([[0, 0, 0], [3, 0, 0]]); // prettier-ignore
    expect(() => loose(steps).unsqueeze({ dims: 0 })).toThrow("unsqueeze: no option is called 'dims'.");
  });
});
