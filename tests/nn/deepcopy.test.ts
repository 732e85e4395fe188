// A copy of a module computes what the module computes, whichever module it is, and shares nothing with it.
import { expect, test } from 'vitest';
import { manualSeed, nn, noGrad, Tensor } from '../../src';
import { MODULES, UNCALLABLE } from '../misuse/modules';

type Made = nn.Module & ((...inputs: unknown[]) => unknown);
const classes = nn as unknown as Readonly<Record<string, new (...args: readonly unknown[]) => Made>>;

const tensorsOf = (output: unknown): Tensor[] =>
  output instanceof Tensor ? [output] : Array.isArray(output) ? output.flatMap(tensorsOf) : [];

test.each(Object.entries(MODULES).filter(([name]) => !UNCALLABLE.includes(name)))(
  'nn.%s',
  async (name, [make, call]) => {
    const module = new classes[name](...make());
    const inputs = call();
    // What is lazy takes its shapes; and buffers of the first call are those of both.
    noGrad(() => void module(...inputs));
    const copy = nn.deepcopy(module);
    const run = (which: Made): Tensor[] => {
      manualSeed(3);
      return noGrad(() => tensorsOf(which(...inputs)));
    };
    const [expected, actual] = [run(module), run(copy)];
    expect(actual.length).toBe(expected.length);
    expect(actual.length).toBeGreaterThan(0);
    for (const [i, value] of actual.entries()) expect(await value.data()).toEqual(await expected[i].data());
    expect(copy.parameters().some((parameter) => module.parameters().includes(parameter))).toBe(false);
  },
);
